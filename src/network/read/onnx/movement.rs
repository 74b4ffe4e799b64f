//! Operators that move numbers and compute nothing: each is a map from the places of its result to those of its operand.
//!
//! One general way ([`select`]) serves them all: where the map keeps the order it is a reshape, where it takes whole
//! channels a convolution of ones and zeros, else a dense layer of ones and zeros. Products by 0 and 1 are exact.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::model::ops::{Conv, Dense, Op, Window};
use crate::network::read::onnx::value::{count, natural, strides, Layer, Reader, Value};

/// Most weights of a dense layer that only moves numbers.
const MAX_MOVED: usize = 1 << 22;

/// The place in an array of dimensions `from` of each place of an array of dimensions `to`, in order.
///
/// `at` gives the index along each axis of `from`, from the index along each axis of `to`; none where the result
/// has a 0.
pub fn places(
    to: &[usize],
    from: &[usize],
    mut at: impl FnMut(&[usize], &mut [usize]) -> bool,
) -> Vec<Option<usize>> {
    let steps = strides(from);
    let (mut here, mut there) = (vec![0; to.len()], vec![0; from.len()]);
    let n: usize = to.iter().product();
    let mut all = Vec::with_capacity(n);
    for _ in 0..n {
        let inside = at(&here, &mut there);
        all.push(inside.then(|| there.iter().zip(&steps).map(|(i, s)| i * s).sum()));
        for axis in (0..to.len()).rev() {
            here[axis] += 1;
            if here[axis] < to[axis] {
                break;
            }
            here[axis] = 0;
        }
    }
    all
}

/// The array of dimensions `dims` that has at each place the operand's element of `picks`, or 0.
///
/// # Errors
/// A map that is neither a reshape nor of whole channels, with more than 2^22 pairs of places.
pub fn select(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    picks: &[Option<usize>],
    dims: Vec<usize>,
) -> Result<Layer> {
    let n = count(&x.dims)?;
    if picks.len() == n && picks.iter().enumerate().all(|(i, p)| *p == Some(i)) {
        return r.reshape(builder, x, dims);
    }
    if let Some(op) = whole_channels(x, picks, &dims) {
        return r.push(builder, op, x.id, dims);
    }
    if picks.len().saturating_mul(n) > MAX_MOVED {
        return Err(r.fail(format!(
            "moves numbers from dimensions {:?} to {dims:?} in a way that is supported for small arrays only",
            x.dims
        )));
    }
    let flat = r.reshape(builder, x, vec![n])?;
    let mut weights = vec![0.0; picks.len() * n];
    for (row, pick) in picks.iter().enumerate() {
        if let Some(column) = pick {
            weights[row * n + column] = 1.0;
        }
    }
    let bias = vec![0.0; picks.len()];
    let moved = r.push(
        builder,
        Op::Dense(Dense { weights, bias }),
        flat.id,
        vec![picks.len()],
    )?;
    r.reshape(builder, &moved, dims)
}

/// A 1 x 1 convolution of ones and zeros, where every channel of the result is one of the operand's, or zeros.
fn whole_channels(x: &Layer, picks: &[Option<usize>], dims: &[usize]) -> Option<Op> {
    let (from, to) = (natural(&x.dims), natural(dims));
    let pixels = from.pixels();
    if pixels == 1 || (from.height, from.width) != (to.height, to.width) {
        return None;
    }
    let mut weights = vec![0.0; to.channels * from.channels];
    for (channel, picks) in picks.chunks(pixels).enumerate() {
        let first = picks[0];
        let whole = picks
            .iter()
            .enumerate()
            .all(|(i, p)| *p == first.map(|f| f + i));
        if !whole || first.is_some_and(|f| f % pixels != 0) {
            return None;
        }
        if let Some(f) = first {
            weights[channel * from.channels + f / pixels] = 1.0;
        }
    }
    Some(Op::Conv(Conv {
        weights,
        bias: vec![0.0; to.channels],
        groups: 1,
        window: Window::new([1, 1], [1, 1]),
    }))
}

/// Reshape.
pub fn reshape(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&["allowzero"])?;
    let x = r.layer(0)?;
    let (wanted, keep_zero) = (r.ints(1)?, r.int("allowzero", 0) != 0);
    let mut dims = Vec::with_capacity(wanted.len());
    let mut free = None;
    for (axis, &d) in wanted.iter().enumerate() {
        match d {
            -1 if free.is_none() => {
                free = Some(axis);
                dims.push(1);
            }
            0 if !keep_zero => dims.push(*x.dims.get(axis).ok_or_else(|| {
                r.fail(format!(
                    "shape {wanted:?} copies axis {axis} of dimensions {:?}",
                    x.dims
                ))
            })?),
            d => dims.extend(r.sizes("shape", &[d])?),
        }
    }
    if let (Some(axis), known @ 1..) = (free, count(&dims)?) {
        dims[axis] = count(&x.dims)? / known;
    }
    r.reshape(builder, x, dims)
}

/// Flatten: two axes, those before `axis` and the others.
pub fn flatten(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&["axis"])?;
    let x = r.layer(0)?;
    // The axis may be one past the last.
    let axis = match r.int("axis", 1) {
        a if a == x.dims.len() as i64 => x.dims.len(),
        a => r.axis(a, x.dims.len(), 11)?,
    };
    let dims = vec![count(&x.dims[..axis])?, count(&x.dims[axis..])?];
    r.reshape(builder, x, dims)
}

/// Squeeze and Unsqueeze.
pub fn squeeze(r: &Reader, builder: &mut Builder, insert: bool) -> Result<Layer> {
    r.allow(if r.opset < 13 { &["axes"] } else { &[] })?;
    let x = r.layer(0)?;
    let given = match r.attribute("axes") {
        Some(a) => Some(a.ints.as_slice()),
        None if r.has(1) => Some(r.ints(1)?),
        None => None,
    };
    if given.is_some_and(<[i64]>::is_empty) {
        // Runtimes differ in what it means.
        return Err(r.fail("has an empty list of axes"));
    }
    let rank = x.dims.len()
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
        None => axes.extend((0..rank).filter(|&a| x.dims[a] == 1)),
    }
    axes.sort_unstable();
    axes.dedup();
    if given.is_some_and(|list| list.len() != axes.len()) {
        return Err(r.fail("names an axis twice"));
    }
    let dims = if insert {
        let mut old = x.dims.iter();
        (0..rank)
            .map(|a| {
                if axes.contains(&a) {
                    1
                } else {
                    *old.next().unwrap_or(&1)
                }
            })
            .collect()
    } else {
        if let Some(a) = axes.iter().find(|&&a| x.dims[a] != 1) {
            return Err(r.fail(format!("axis {a} of dimensions {:?} is not 1", x.dims)));
        }
        (0..rank)
            .filter(|a| !axes.contains(a))
            .map(|a| x.dims[a])
            .collect()
    };
    r.reshape(builder, x, dims)
}

/// Transpose.
pub fn transpose(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&["perm"])?;
    let x = r.layer(0)?;
    let rank = x.dims.len();
    let order: Vec<usize> = match r.attribute("perm") {
        Some(a) => r.sizes("perm", &a.ints)?,
        None => (0..rank).rev().collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return Err(r.fail(format!("perm {order:?} of {rank} axes")));
    }
    let dims: Vec<usize> = order.iter().map(|&a| x.dims[a]).collect();
    let picks = places(&dims, &x.dims, |here, there| {
        for (k, &a) in order.iter().enumerate() {
            there[a] = here[k];
        }
        true
    });
    select(r, builder, x, &picks, dims)
}

/// Concat of layers.
pub fn concat(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&["axis"])?;
    let all: Vec<&Layer> = (0..r.node.inputs.len())
        .map(|i| r.layer(i))
        .collect::<Result<_>>()?;
    let Some(first) = all.first() else {
        return Err(r.fail("has no operands"));
    };
    let rank = first.dims.len();
    let Some(axis) = r.attribute("axis") else {
        return Err(r.fail("has no axis"));
    };
    let axis = r.axis(axis.i, rank, 11)?;
    let mut dims = first.dims.clone();
    dims[axis] = 0;
    for x in &all {
        let fits = x.dims.len() == rank && (0..rank).all(|a| a == axis || x.dims[a] == dims[a]);
        if !fits {
            return Err(r.fail(format!(
                "dimensions {:?} and {:?} differ outside axis {axis}",
                first.dims, x.dims
            )));
        }
        dims[axis] += x.dims[axis];
    }
    count(&dims)?;
    let ids: Vec<usize> = all.iter().map(|x| x.id).collect();
    if first.dims[..axis].iter().all(|&d| d == 1)
        && natural(&dims).pixels() == natural(&first.dims).pixels()
    {
        // One operand after the other, in whole channels.
        let id = builder.push(r.label, Op::Concat, &ids)?;
        return r.made(builder, id, dims);
    }
    let mut flat = Vec::new();
    for x in &all {
        flat.push(r.reshape(builder, x, vec![count(&x.dims)?])?.id);
    }
    let id = builder.push(r.label, Op::Concat, &flat)?;
    let joined = r.made(builder, id, vec![count(&dims)?])?;
    // Where each operand begins, along the axis and in the joined array.
    let (mut starts, mut along, mut begin) = (Vec::new(), 0, 0);
    for x in &all {
        starts.push((along, begin, strides(&x.dims)));
        along += x.dims[axis];
        begin += count(&x.dims)?;
    }
    let picks = places(&dims, &joined.dims, |here, there| {
        let Some((along, begin, steps)) = starts.iter().rev().find(|(a, ..)| *a <= here[axis])
        else {
            return false;
        };
        let inside = |a: usize| here[a] - if a == axis { *along } else { 0 };
        there[0] = begin + (0..rank).map(|a| inside(a) * steps[a]).sum::<usize>();
        true
    });
    select(r, builder, &joined, &picks, dims)
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
