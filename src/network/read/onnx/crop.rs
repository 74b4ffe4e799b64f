//! Slice, Split and Pad: parts of an array, or an array inside a larger one of zeros.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::model::ops::Op;
use crate::network::read::onnx::movement::{restored, select, stored};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::{count, places, Layer, Value};

/// Slice: starts, ends, axes and steps as attributes (opset 1) or operands (opset 10).
pub fn slice(r: &Reader, builder: &mut Builder) -> Result<Value> {
    let from = r.dims(0)?;
    let rank = from.len();
    let attribute = |name: &str| r.attribute(name).map(|a| a.ints.clone());
    let (starts, ends, axes, steps) = if r.opset < 10 {
        r.allow(&["starts", "ends", "axes"])?;
        let missing = || r.fail("has no starts or ends");
        (
            attribute("starts").ok_or_else(missing)?,
            attribute("ends").ok_or_else(missing)?,
            attribute("axes"),
            None,
        )
    } else {
        r.allow(&[])?;
        let optional = |i: usize| {
            if r.has(i) {
                r.ints(i).map(|v| Some(v.to_vec()))
            } else {
                Ok(None)
            }
        };
        (
            r.ints(1)?.to_vec(),
            r.ints(2)?.to_vec(),
            optional(3)?,
            optional(4)?,
        )
    };
    let n = starts.len();
    let axes = axes.unwrap_or_else(|| (0..n as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; n]);
    if [ends.len(), axes.len(), steps.len()] != [n; 3] {
        return Err(r.fail("starts, ends, axes and steps are of different length"));
    }
    let mut taken: Vec<Vec<usize>> = from.iter().map(|&d| (0..d).collect()).collect();
    let mut seen = vec![false; rank];
    for k in 0..n {
        let axis = r.axis(axes[k], rank, 10)?;
        if std::mem::replace(&mut seen[axis], true) {
            return Err(r.fail(format!("names axis {axis} twice")));
        }
        if matches!(r.value(0)?, Value::Layer(_)) {
            r.not_batch(axis)?;
        }
        taken[axis] = range(r, from[axis], starts[k], ends[k], steps[k])?;
    }
    part(r, builder, &taken)
}

/// The indices that are taken along each axis of operand 0, which is a layer or a constant.
fn part(r: &Reader, builder: &mut Builder, taken: &[Vec<usize>]) -> Result<Value> {
    let dims: Vec<usize> = taken.iter().map(Vec::len).collect();
    if let Value::Constant(c) = r.value(0)? {
        let picks = picks(taken, &c.dims);
        return Ok(Value::Constant(c.picked(&picks, dims)));
    }
    let x = r.carried(0)?;
    if count(&dims)? == 0 {
        return Err(r.fail(format!("leaves nothing of dimensions {:?}", x.dims)));
    }
    let (x, at) = stored(r, builder, x)?;
    let mut there = vec![Vec::new(); at.len()];
    at.iter()
        .zip(taken)
        .for_each(|(&k, list)| there[k].clone_from(list));
    let dims: Vec<usize> = there.iter().map(Vec::len).collect();
    let made = match strided(&there, &x.dims) {
        Some(stride) => r.push(builder, Op::Subsample { stride }, x.id, dims)?,
        None => select(r, builder, &x, &picks(&there, &x.dims), dims)?,
    };
    restored(r, builder, &made, &at).map(Value::Layer)
}

fn picks(taken: &[Vec<usize>], from: &[usize]) -> Vec<Option<usize>> {
    let dims: Vec<usize> = taken.iter().map(Vec::len).collect();
    places(&dims, from, |here, there| {
        for (axis, i) in here.iter().enumerate() {
            there[axis] = taken[axis][*i];
        }
        true
    })
}

/// Split: one part after the other along an axis, of stated sizes or of one size (the last may be smaller).
pub fn split(r: &Reader, builder: &mut Builder) -> Result<Vec<Value>> {
    r.allow(match r.opset {
        18.. => &["axis", "num_outputs"],
        13..18 => &["axis"],
        _ => &["axis", "split"],
    })?;
    let from = r.dims(0)?.to_vec();
    let axis = r.axis(r.int("axis", 0), from.len(), 11)?;
    if matches!(r.value(0)?, Value::Layer(_)) {
        r.not_batch(axis)?;
    }
    let parts = r.node.outputs.len();
    let size = from[axis];
    let stated = match r.attribute("split") {
        Some(a) => Some(a.ints.as_slice()),
        None if r.has(1) => Some(r.ints(1)?),
        None => None,
    };
    let sizes = match stated {
        Some(list) => r.sizes("split", list)?,
        None if parts > 0 => {
            let uneven = r.opset >= 18 && r.attribute("num_outputs").is_some();
            if uneven && r.int("num_outputs", 0) != parts as i64 || !uneven && size % parts != 0 {
                return Err(r.fail(format!("of {size} elements into {parts} parts")));
            }
            let each = size.div_ceil(parts);
            (0..parts)
                .map(|k| each.min(size.saturating_sub(k * each)))
                .collect()
        }
        None => vec![],
    };
    let total = sizes.iter().try_fold(0usize, |n, &d| n.checked_add(d));
    if sizes.len() != parts || total != Some(size) {
        return Err(r.fail(format!(
            "of {size} elements into {sizes:?}, for {parts} outputs"
        )));
    }
    let mut begin = 0;
    let mut all = Vec::new();
    for n in sizes {
        let mut taken: Vec<Vec<usize>> = from.iter().map(|&d| (0..d).collect()).collect();
        taken[axis] = (begin..begin + n).collect();
        all.push(part(r, builder, &taken)?);
        begin += n;
    }
    Ok(all)
}

/// The indices that start, end and step take of an axis, as the operator's definition clamps them.
fn range(r: &Reader, size: usize, start: i64, end: i64, step: i64) -> Result<Vec<usize>> {
    if step == 0 {
        return Err(r.fail("has a step of 0"));
    }
    let n = size as i64;
    let wrap = |v: i64| if v < 0 { v.saturating_add(n) } else { v };
    let (start, end) = if step > 0 {
        (wrap(start).clamp(0, n), wrap(end).clamp(0, n))
    } else {
        (wrap(start).clamp(0, n - 1), wrap(end).clamp(-1, n - 1))
    };
    let mut taken = Vec::new();
    let mut at = start;
    while if step > 0 { at < end } else { at > end } {
        taken.push(at as usize);
        at = at.saturating_add(step);
    }
    Ok(taken)
}

/// Every k-th row and column of a map from the first, and all channels.
fn strided(taken: &[Vec<usize>], dims: &[usize]) -> Option<[usize; 2]> {
    let [1, _, spatial @ ..] = dims else {
        return None;
    };
    if !(1..=2).contains(&spatial.len())
        || taken[1].len() != dims[1]
        || taken[1].iter().enumerate().any(|(i, v)| i != *v)
    {
        return None;
    }
    let mut stride = [1; 2];
    for (k, &size) in spatial.iter().enumerate() {
        let list = &taken[k + 2];
        let step = list.get(1).map_or(size, |second| *second);
        let whole = step > 0
            && list.len() == size.div_ceil(step)
            && list.iter().enumerate().all(|(i, v)| *v == i * step);
        if !whole {
            return None;
        }
        stride[k] = step;
    }
    (stride != [1, 1]).then_some(stride)
}

/// Pad with zeros; negative amounts take away.
pub fn pad(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let old = r.opset < 11;
    r.allow(if old {
        &["mode", "pads", "value"]
    } else {
        &["mode"]
    })?;
    let mode = r
        .attribute("mode")
        .map(|a| a.s.as_slice())
        .unwrap_or_default();
    if !matches!(mode, b"" | b"constant") {
        return Err(r.fail("only padding with constants is supported"));
    }
    let zero = match (old, r.has(2)) {
        (true, _) => r.float("value", 0.0) == 0.0,
        (false, false) => true,
        (false, true) => r
            .constant(2)?
            .numbers()
            .is_some_and(|v| v.iter().all(|&v| v == 0.0)),
    };
    if !zero {
        return Err(r.fail("only padding with zeros is supported"));
    }
    let (x, at) = stored(r, builder, r.carried(0)?)?;
    let rank = x.dims.len();
    let pads = match r.attribute("pads") {
        Some(a) => a.ints.as_slice(),
        None if old => return Err(r.fail("has no pads")),
        None => r.ints(1)?,
    };
    let axes: Vec<usize> = if r.has(3) {
        if r.opset < 18 {
            return Err(r.fail(format!("has axes in opset {}", r.opset)));
        }
        r.ints(3)?
            .iter()
            .map(|&a| r.axis(a, rank, 18))
            .collect::<Result<_>>()?
    } else {
        (0..rank).collect()
    };
    if pads.len() != 2 * axes.len() {
        return Err(r.fail(format!("{} pads for {} axes", pads.len(), axes.len())));
    }
    let (mut before, mut after, mut seen) = (vec![0i64; rank], vec![0i64; rank], vec![false; rank]);
    for (k, &axis) in axes.iter().enumerate() {
        if std::mem::replace(&mut seen[axis], true) {
            return Err(r.fail(format!("names axis {axis} twice")));
        }
        if pads[k] != 0 || pads[k + axes.len()] != 0 {
            r.not_batch(axis)?;
        }
        (before[at[axis]], after[at[axis]]) = (pads[k], pads[k + axes.len()]);
    }
    let mut dims = Vec::new();
    for axis in 0..rank {
        let size = (x.dims[axis] as i64)
            .checked_add(before[axis])
            .and_then(|n| n.checked_add(after[axis]));
        dims.push(size.filter(|n| *n > 0).map(|n| n as usize).ok_or_else(|| {
            r.fail(format!(
                "pads {pads:?} leave nothing of dimensions {:?}",
                x.dims
            ))
        })?);
    }
    count(&dims)?;
    let adds = before.iter().chain(&after).all(|&p| p >= 0);
    if adds && before[0] == 0 && after[0] == 0 && x.dims[0] == 1 && (2..=4).contains(&rank) {
        let amount = |list: &[i64], axis: usize| list.get(axis).map_or(0, |&p| p as usize);
        let op = Op::Pad {
            channels: [amount(&before, 1), amount(&after, 1)],
            border: [
                amount(&before, 2),
                amount(&before, 3),
                amount(&after, 2),
                amount(&after, 3),
            ],
        };
        let made = r.push(builder, op, x.id, dims)?;
        return restored(r, builder, &made, &at);
    }
    let picks = places(&dims, &x.dims, |here, there| {
        (0..rank).all(|axis| {
            let i = here[axis] as i64 - before[axis];
            there[axis] = usize::try_from(i).unwrap_or(0);
            (0..x.dims[axis] as i64).contains(&i)
        })
    });
    let made = select(r, builder, &x, &picks, dims)?;
    restored(r, builder, &made, &at)
}
