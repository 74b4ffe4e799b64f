//! Operators that move numbers, of layers and of constants: Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Concat,
//! Gather, and those that leave an array as it is.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::model::ops::Op;
use crate::network::read::onnx::movement::{plain, restored, select, stored};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::tensor::{Constant, Elements};
use crate::network::read::onnx::value::{
    count, natural, places, strides, transposed, Head, Layer, Value,
};

/// Reshape, Flatten, Squeeze, Unsqueeze: other dimensions, the same numbers in the same order.
pub fn reshaping(r: &Reader, builder: &mut Builder) -> Result<Value> {
    let fixed = match r.value(0)? {
        Value::Constant(_) => 1,
        _ => r.batch,
    };
    let of = |dims: &[usize]| match r.node.operator.as_str() {
        "Reshape" => reshape(r, dims, fixed),
        "Flatten" => flatten(r, dims, fixed),
        "Squeeze" => squeeze(r, dims, false, fixed),
        _ => squeeze(r, dims, true, fixed),
    };
    Ok(match r.value(0)? {
        Value::Head(head) => {
            of(&head.logits.dims)?;
            Value::Head(Head {
                open: false,
                ..head.clone()
            })
        }
        Value::Layer(x) => Value::Layer(r.reshape(builder, x, of(&x.dims)?)?),
        Value::Constant(c) => {
            let dims = of(&c.dims)?;
            if count(&dims)? != count(&c.dims)? {
                return Err(r.fail(format!(
                    "dimensions {dims:?} for a constant of {:?}",
                    c.dims
                )));
            }
            Value::Constant(Constant {
                dims,
                elements: c.elements.clone(),
            })
        }
    })
}

fn reshape(r: &Reader, from: &[usize], batch: usize) -> Result<Vec<usize>> {
    r.allow(&["allowzero"])?;
    let (wanted, keep_zero) = (r.ints(1)?, r.int("allowzero", 0) != 0);
    let mut dims = Vec::with_capacity(wanted.len());
    let mut free = None;
    for (axis, &d) in wanted.iter().enumerate() {
        match d {
            d if axis == 0 && batch > 1 && d == batch as i64 => dims.push(1),
            1 if axis == 0 && batch > 1 => r.not_batch(0)?,
            -1 if free.is_none() => {
                free = Some(axis);
                dims.push(1);
            }
            0 if !keep_zero => dims.push(*from.get(axis).ok_or_else(|| {
                r.fail(format!(
                    "shape {wanted:?} copies axis {axis} of dimensions {from:?}"
                ))
            })?),
            d => dims.extend(r.sizes("shape", &[d])?),
        }
    }
    if let (Some(axis), known @ 1..) = (free, count(&dims)?) {
        dims[axis] = count(from)? / known;
    }
    if batch > 1 && dims.first() != Some(&1) {
        r.not_batch(0)?;
    }
    Ok(dims)
}

/// Two axes, those before `axis` and the others.
fn flatten(r: &Reader, from: &[usize], batch: usize) -> Result<Vec<usize>> {
    r.allow(&["axis"])?;
    // The axis may be one past the last.
    let axis = match r.int("axis", 1) {
        a if a == from.len() as i64 => from.len(),
        a => r.axis(a, from.len(), 11)?,
    };
    let dims = vec![count(&from[..axis])?, count(&from[axis..])?];
    if batch > 1 && (axis == 0 || dims[0] != 1) {
        r.not_batch(0)?;
    }
    Ok(dims)
}

fn squeeze(r: &Reader, from: &[usize], insert: bool, batch: usize) -> Result<Vec<usize>> {
    r.allow(if r.opset < 13 { &["axes"] } else { &[] })?;
    let given = r.axes()?;
    if given.is_some_and(<[i64]>::is_empty) {
        // Runtimes differ in what it means.
        return Err(r.fail("has an empty list of axes"));
    }
    let rank = from.len()
        + if insert {
            given.map_or(0, <[i64]>::len)
        } else {
            0
        };
    let mut axes = Vec::new();
    match given {
        Some(list) => {
            for &a in list {
                axes.push(r.axis(a, rank, 11)?);
            }
        }
        None if insert => return Err(r.fail("has no axes")),
        None => axes.extend((usize::from(batch > 1)..rank).filter(|&a| from[a] == 1)),
    }
    axes.sort_unstable();
    axes.dedup();
    if given.is_some_and(|list| list.len() != axes.len()) {
        return Err(r.fail("names an axis twice"));
    }
    if batch > 1 && axes.contains(&0) {
        r.not_batch(0)?;
    }
    if insert {
        let mut old = from.iter();
        let next = |a| {
            if axes.contains(&a) {
                1
            } else {
                *old.next().unwrap_or(&1)
            }
        };
        return Ok((0..rank).map(next).collect());
    }
    if let Some(a) = axes.iter().find(|&&a| from[a] != 1) {
        return Err(r.fail(format!("axis {a} of dimensions {from:?} is not 1")));
    }
    let kept = (0..rank).filter(|a| !axes.contains(a));
    Ok(kept.map(|a| from[a]).collect())
}

/// The operand with its elements at other places.
///
/// # Errors
/// What [`select`] refuses.
pub fn moved(
    r: &Reader,
    builder: &mut Builder,
    picks: &[Option<usize>],
    dims: Vec<usize>,
) -> Result<Value> {
    match r.value(0)? {
        Value::Constant(c) => Ok(Value::Constant(c.picked(picks, dims))),
        _ => select(r, builder, r.carried(0)?, picks, dims).map(Value::Layer),
    }
}

/// Transpose.
pub fn transpose(r: &Reader, builder: &mut Builder) -> Result<Value> {
    r.allow(&["perm"])?;
    let from = r.dims(0)?;
    let rank = from.len();
    let order: Vec<usize> = match r.attribute("perm") {
        Some(a) => r.sizes("perm", &a.ints)?,
        None => (0..rank).rev().collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return Err(r.fail(format!("perm {order:?} of {rank} axes")));
    }
    if order.first() != Some(&0) && matches!(r.value(0)?, Value::Layer(_)) {
        r.not_batch(0)?;
    }
    let (dims, picks) = transposed(from, &order);
    moved(r, builder, &picks, dims)
}

/// Gather, by constant indices.
pub fn gather(r: &Reader, builder: &mut Builder) -> Result<Value> {
    r.allow(&["axis"])?;
    let from = r.dims(0)?;
    let axis = r.axis(r.int("axis", 0), from.len(), 11)?;
    if matches!(r.value(0)?, Value::Layer(_)) {
        r.not_batch(axis)?;
    }
    let Constant {
        dims: shape,
        elements: Elements::Ints(indices),
    } = r.constant(1)?
    else {
        return Err(r.fail("operand 1 is not of integers"));
    };
    let size = from[axis] as i64;
    let mut at = Vec::new();
    for &i in indices {
        let inside = if i < 0 && r.opset >= 11 { i + size } else { i };
        if !(0..size).contains(&inside) {
            return Err(r.fail(format!("index {i} of an axis of {size}")));
        }
        at.push(inside as usize);
    }
    let dims = [&from[..axis], shape, &from[axis + 1..]].concat();
    count(&dims)?;
    let within = strides(shape);
    let last = axis + shape.len();
    let picks = places(&dims, from, |here, there| {
        there[..axis].copy_from_slice(&here[..axis]);
        let index: usize = here[axis..last]
            .iter()
            .zip(&within)
            .map(|(i, s)| i * s)
            .sum();
        there[axis] = at[index];
        there[axis + 1..].copy_from_slice(&here[last..]);
        true
    });
    moved(r, builder, &picks, dims)
}

/// Concat of layers, or of constants.
pub fn concat(r: &Reader, builder: &mut Builder) -> Result<Value> {
    r.allow(&["axis"])?;
    let all: Vec<&[usize]> = (0..r.node.inputs.len())
        .map(|i| r.dims(i))
        .collect::<Result<_>>()?;
    let Some(first) = all.first() else {
        return Err(r.fail("has no operands"));
    };
    let rank = first.len();
    let Some(axis) = r.attribute("axis") else {
        return Err(r.fail("has no axis"));
    };
    let axis = r.axis(axis.i, rank, 11)?;
    for dims in &all {
        if dims.len() != rank || (0..rank).any(|a| a != axis && dims[a] != first[a]) {
            return Err(r.fail(format!(
                "dimensions {first:?} and {dims:?} differ outside axis {axis}"
            )));
        }
    }
    if let Value::Constant(_) = r.value(0)? {
        let (dims, picks) = joined(&all, axis)?;
        let all: Vec<&Constant> = (0..all.len())
            .map(|i| r.constant(i))
            .collect::<Result<_>>()?;
        let mut whole = all[0].clone();
        for c in &all[1..] {
            match (&mut whole.elements, &c.elements) {
                (Elements::Floats(a), Elements::Floats(b)) => a.extend(b),
                (Elements::Ints(a), Elements::Ints(b)) => a.extend(b),
                _ => return Err(r.fail("joins floats and integers")),
            }
        }
        return Ok(Value::Constant(whole.picked(&picks, dims)));
    }
    r.not_batch(axis)?;
    let layers: Vec<&Layer> = (0..all.len())
        .map(|i| r.carried(i))
        .collect::<Result<_>>()?;
    // In the node's axes where all have the same, else in ONNX's.
    let mut kept = Vec::new();
    for x in &layers {
        kept.push(stored(r, builder, x)?);
    }
    let at = kept[0].1.clone();
    if kept.iter().any(|k| k.1 != at) {
        let mut plains = Vec::new();
        for x in &layers {
            plains.push(plain(r, builder, x)?);
        }
        return join(r, builder, &plains, axis).map(Value::Layer);
    }
    let kept: Vec<Layer> = kept.into_iter().map(|k| k.0).collect();
    let made = join(r, builder, &kept, at[axis])?;
    restored(r, builder, &made, &at).map(Value::Layer)
}

/// The dimensions of arrays that are joined along an axis, and where each element stands if one follows the other.
fn joined(all: &[&[usize]], axis: usize) -> Result<(Vec<usize>, Vec<Option<usize>>)> {
    let mut dims = all[0].to_vec();
    dims[axis] = all.iter().map(|d| d[axis]).sum();
    let total = count(&dims)?;
    // Where each operand begins, along the axis and in the joined array.
    let (mut starts, mut along, mut begin) = (Vec::new(), 0, 0);
    for x in all {
        starts.push((along, begin, strides(x)));
        along += x[axis];
        begin += count(x)?;
    }
    let rank = dims.len();
    let picks = places(&dims, &[total], |here, there| {
        let Some((along, begin, steps)) = starts.iter().rev().find(|(a, ..)| *a <= here[axis])
        else {
            return false;
        };
        let inside = |a: usize| here[a] - if a == axis { *along } else { 0 };
        there[0] = begin + (0..rank).map(|a| inside(a) * steps[a]).sum::<usize>();
        true
    });
    Ok((dims, picks))
}

/// Plain layers, one after the other along an axis.
fn join(r: &Reader, builder: &mut Builder, all: &[Layer], axis: usize) -> Result<Layer> {
    let first = &all[0];
    let shapes: Vec<&[usize]> = all.iter().map(|x| x.dims.as_slice()).collect();
    let (dims, picks) = joined(&shapes, axis)?;
    if first.dims[..axis].iter().all(|&d| d == 1)
        && natural(&dims).pixels() == natural(&first.dims).pixels()
    {
        // One operand after the other, in whole channels.
        let ids: Vec<usize> = all.iter().map(|x| x.id).collect();
        let id = builder.push(r.label, Op::Concat, &ids)?;
        return r.made(builder, id, dims);
    }
    let mut flat = Vec::new();
    for x in all {
        flat.push(r.reshape(builder, x, vec![count(&x.dims)?])?.id);
    }
    let id = builder.push(r.label, Op::Concat, &flat)?;
    let whole = r.made(builder, id, vec![count(&dims)?])?;
    select(r, builder, &whole, &picks, dims)
}

/// What an operator does to an array that it leaves as it is.
pub fn identity(r: &Reader) -> Result<Value> {
    match r.node.operator.as_str() {
        "Identity" => r.allow(&[])?,
        _ => {
            r.allow(if r.opset < 7 {
                &["ratio", "is_test"]
            } else {
                &["ratio", "seed"]
            })?;
            if r.opset < 7 && r.int("is_test", 0) == 0 {
                return Err(
                    r.fail("is in training form (is_test = 0); export the model for inference")
                );
            }
            let training = r.opset >= 12
                && r.has(2)
                && r.constant(2)?
                    .numbers()
                    .is_none_or(|v| v.iter().any(|&v| v != 0.0));
            if training {
                return Err(r.fail("is in training form; export the model for inference"));
            }
        }
    }
    r.value(0).cloned()
}
