//! Moving numbers: every operator that computes nothing is a map from the places of its result to those of its operand.
//!
//! One general way ([`select`]) serves them all. A permutation moves nothing: it is carried, and operators that work
//! by element, or that can permute their weights, never ask for more. Where the order must be ONNX's ([`plain`]) it is
//! a reshape where it is kept, a convolution of ones and zeros where it takes whole channels, else a dense layer of
//! ones and zeros. Products by 0 and 1 are exact.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::model::ops::{Conv, Dense, Op, TensorShape, Window};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::{count, natural, transposed, Layer};

/// Most weights of a dense layer that only moves numbers.
const MAX_MOVED: usize = 1 << 22;

/// Operand i as a plain layer.
///
/// # Errors
/// What [`Reader::carried`] and [`plain`] refuse.
pub fn layer(r: &Reader, builder: &mut Builder, i: usize) -> Result<Layer> {
    plain(r, builder, r.carried(i)?)
}

/// The layer with its elements in ONNX's order.
///
/// # Errors
/// An order that is neither a reshape nor of whole channels, of more than 2^11 elements.
pub fn plain(r: &Reader, builder: &mut Builder, x: &Layer) -> Result<Layer> {
    match &x.order {
        None => Ok(x.clone()),
        Some(order) => {
            let picks: Vec<Option<usize>> = order.iter().map(|&p| Some(p)).collect();
            materialise(r, builder, x, &picks, x.dims.clone())
        }
    }
}

/// The array of dimensions `dims` that has at each place the operand's element of `picks`, or 0.
///
/// # Errors
/// A map that is no permutation, neither a reshape nor of whole channels, with more than 2^22 pairs of places.
pub fn select(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    picks: &[Option<usize>],
    dims: Vec<usize>,
) -> Result<Layer> {
    let n = count(&x.dims)?;
    let in_node: Vec<Option<usize>> = picks.iter().map(|p| p.map(|p| x.place(p))).collect();
    if picks.len() == n {
        if picks.iter().enumerate().all(|(i, p)| *p == Some(i)) {
            return r.reshape(builder, x, dims);
        }
        let mut seen = vec![false; n];
        let once = |p: &Option<usize>| p.is_some_and(|p| !std::mem::replace(&mut seen[p], true));
        if in_node.iter().all(once) {
            let order = in_node.into_iter().flatten().collect();
            return r.carry(builder, x.id, dims, order);
        }
    }
    materialise(r, builder, x, &in_node, dims)
}

/// A plain layer whose elements are those of x's node at the given places.
fn materialise(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    picks: &[Option<usize>],
    dims: Vec<usize>,
) -> Result<Layer> {
    let from = builder.shape(x.id);
    let n = from.len();
    if picks.len() == n && picks.iter().enumerate().all(|(i, p)| *p == Some(i)) {
        return r.push(builder, Op::Reshape(natural(&dims)), x.id, dims);
    }
    if let Some(op) = whole_channels(from, picks, &dims) {
        return r.push(builder, op, x.id, dims);
    }
    if picks.len().saturating_mul(n) > MAX_MOVED {
        return Err(r.fail(format!(
            "moves numbers from dimensions {:?} to {dims:?} in a way that is supported for small arrays only",
            x.dims
        )));
    }
    let flat = flat(r, builder, x)?;
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
        flat,
        vec![picks.len()],
    )?;
    r.reshape(builder, &moved, dims)
}

/// The node of a layer as a flat vector, in the node's own order.
///
/// # Errors
/// What the builder refuses.
pub fn flat(r: &Reader, builder: &mut Builder, x: &Layer) -> Result<usize> {
    let shape = builder.shape(x.id);
    if shape.pixels() == 1 {
        return Ok(x.id);
    }
    builder.push(
        r.label,
        Op::Reshape(TensorShape::flat(shape.len())),
        &[x.id],
    )
}

/// A 1 x 1 convolution of ones and zeros, where every channel of the result is one of the operand's, or zeros.
fn whole_channels(from: TensorShape, picks: &[Option<usize>], dims: &[usize]) -> Option<Op> {
    let to = natural(dims);
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

/// A layer as its node has it, and for each axis in ONNX's order the axis there.
///
/// Of a carried layer whose order is that of a transposition (channels last) it is the layer before: operators that
/// name axes work on that one, and [`restored`] transposes their result, which again moves nothing.
///
/// # Errors
/// What [`plain`] refuses, of any other order.
pub fn stored(r: &Reader, builder: &mut Builder, x: &Layer) -> Result<(Layer, Vec<usize>)> {
    let rank = x.dims.len();
    let Some(order) = &x.order else {
        return Ok((x.clone(), (0..rank).collect()));
    };
    // Steps in the node along each axis tell the order of the axes; channels last is tried first, as axes of
    // size 1 fit anywhere.
    let mut steps = Vec::new();
    let mut after: usize = x.dims.iter().product();
    for &d in &x.dims {
        after /= d.max(1);
        steps.push(if d > 1 { order[after] } else { usize::MAX });
    }
    let mut sorted: Vec<usize> = (0..rank).collect();
    sorted.sort_by_key(|&a| std::cmp::Reverse(steps[a]));
    for axes in [vec![0, 3, 1, 2], vec![0, 2, 1], sorted] {
        if axes.len() != rank {
            continue;
        }
        let (dims, picks) = transposed(&x.dims, &axes);
        let same = |(i, p): (usize, &Option<usize>)| p.is_some_and(|p| order[p] == i);
        if picks.iter().enumerate().all(same) {
            let mut at = vec![0; rank];
            axes.iter().enumerate().for_each(|(k, &a)| at[a] = k);
            let carried = r.carry(builder, x.id, dims, (0..order.len()).collect())?;
            return Ok((plain(r, builder, &carried)?, at));
        }
    }
    Ok((plain(r, builder, x)?, (0..rank).collect()))
}

/// A result in the axes of [`stored`], transposed to ONNX's.
///
/// # Errors
/// What [`select`] refuses: nothing of a permutation.
pub fn restored(r: &Reader, builder: &mut Builder, x: &Layer, at: &[usize]) -> Result<Layer> {
    let (dims, picks) = transposed(&x.dims, at);
    select(r, builder, x, &picks, dims)
}
