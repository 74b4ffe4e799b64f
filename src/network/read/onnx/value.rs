//! What the names of an ONNX file stand for, with the dimensions that ONNX gives them.
//!
//! The network knows maps (channels, rows, columns); ONNX knows arrays of any rank, and its operators mean their
//! dimensions. So a layer keeps its ONNX dimensions beside its node. A plain layer's node has the [`natural`] shape of
//! the dimensions, and the elements stand in the same row-major order in both. A carried layer's elements stand in the
//! node in another order: a transposition moves nothing until an operator needs it (channels last cost nothing).

use crate::error::{Error, Result};
use crate::network::model::graph::{NodeId, MAX_PARAMETERS};
use crate::network::model::ops::TensorShape;
use crate::network::read::onnx::tensor::{Constant, MAX_RANK};
use std::rc::Rc;

/// A layer's result as ONNX sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The node.
    pub id: NodeId,
    /// Its dimensions, the batch (1) among them where there is one.
    pub dims: Vec<usize>,
    /// For each element in ONNX's order its place in the node; none of a plain layer.
    pub order: Option<Rc<[usize]>>,
}

impl Layer {
    /// A plain layer.
    pub fn plain(id: NodeId, dims: Vec<usize>) -> Self {
        let order = None;
        Self { id, dims, order }
    }

    /// Another node with the same dimensions and order.
    pub fn with(&self, id: NodeId) -> Self {
        Self { id, ..self.clone() }
    }

    /// The place in the node of an element in ONNX's order.
    pub fn place(&self, i: usize) -> usize {
        self.order.as_ref().map_or(i, |o| o[i])
    }

    /// Numbers in ONNX's order, as the node has them.
    pub fn in_node(&self, values: Vec<f64>) -> Vec<f64> {
        let Some(order) = &self.order else {
            return values;
        };
        let mut moved = vec![0.0; values.len()];
        for (v, &place) in values.iter().zip(order.iter()) {
            moved[place] = *v;
        }
        moved
    }
}

/// A monotone function of logits: what a network for classes often ends in.
#[derive(Debug, Clone)]
pub struct Head {
    /// The logits.
    pub logits: Layer,
    /// The operators after them, with their nodes' names.
    pub after: Vec<String>,
    /// The name of the last of these nodes.
    pub label: String,
    /// Whether another operator may follow that tells the class.
    pub open: bool,
}

/// What a name in the file stands for.
#[derive(Debug, Clone)]
pub enum Value {
    /// Depends on the input.
    Layer(Layer),
    /// Does not.
    Constant(Constant),
    /// Depends on the input in a way that only the class matters of.
    Head(Head),
}

/// The shape of the node that holds an array: `[1, c, rows, columns]` and `[1, c, length]` are maps, all else is flat.
pub fn natural(dims: &[usize]) -> TensorShape {
    match *dims {
        [1, c, l] => TensorShape::new(c, l, 1),
        [1, c, h, w] => TensorShape::new(c, h, w),
        _ => TensorShape::flat(dims.iter().product()),
    }
}

/// The number of elements, if it is one that may be.
///
/// # Errors
/// Too many axes or elements.
pub fn count(dims: &[usize]) -> Result<usize> {
    let n = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    match n {
        Some(n) if n <= MAX_PARAMETERS && dims.len() <= MAX_RANK => Ok(n),
        _ => Err(Error::unsupported(format!(
            "dimensions {dims:?}: more than {MAX_PARAMETERS} elements or {MAX_RANK} axes"
        ))),
    }
}

/// Row-major strides.
pub fn strides(dims: &[usize]) -> Vec<usize> {
    let mut all = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        all[axis - 1] = all[axis] * dims[axis];
    }
    all
}

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

/// The dimensions after a transposition, and the places that it takes its elements from.
pub fn transposed(dims: &[usize], order: &[usize]) -> (Vec<usize>, Vec<Option<usize>>) {
    let to: Vec<usize> = order.iter().map(|&a| dims[a]).collect();
    let picks = places(&to, dims, |here, there| {
        for (k, &a) in order.iter().enumerate() {
            there[a] = here[k];
        }
        true
    });
    (to, picks)
}
