//! What the names of an ONNX file stand for, with the dimensions that ONNX gives them, and a node while it is read.
//!
//! The network knows maps (channels, rows, columns); ONNX knows arrays of any rank, and its operators mean their
//! dimensions. So a layer keeps its ONNX dimensions beside its node, and one invariant ties them: the node's shape is
//! [`natural`] of the dimensions, and the elements stand in the same row-major order in both.

use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, NodeId, MAX_PARAMETERS};
use crate::network::model::ops::{Op, TensorShape};
use crate::network::read::onnx::messages::{Attribute, Node};
use crate::network::read::onnx::tensor::Constant;
use std::collections::HashMap;

/// Most axes of an array.
pub const MAX_RANK: usize = 16;

/// A layer's result as ONNX sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The node.
    pub id: NodeId,
    /// Its dimensions, the batch (1) among them where there is one.
    pub dims: Vec<usize>,
}

/// What a name in the file stands for.
#[derive(Debug, Clone)]
pub enum Value {
    /// Depends on the input.
    Layer(Layer),
    /// Does not.
    Constant(Constant),
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

/// A node with what it needs while it is read.
pub struct Reader<'a> {
    /// The node.
    pub node: &'a Node,
    /// Its name, or a made-up one.
    pub label: &'a str,
    /// Version of the operator set.
    pub opset: i64,
    /// What is defined before it.
    pub values: &'a HashMap<String, Value>,
}

impl Reader<'_> {
    /// An error that names the node.
    pub fn fail(&self, detail: impl Into<String>) -> Error {
        let place = format!("layer {:?} ({})", self.label, self.node.operator);
        Error::parse(place, detail)
    }

    /// # Errors
    /// An attribute that is not in the list: its meaning is not known here.
    pub fn allow(&self, names: &[&str]) -> Result<()> {
        let stranger = self
            .node
            .attributes
            .iter()
            .find(|a| !names.contains(&a.name.as_str()));
        match stranger {
            None => Ok(()),
            Some(a) => Err(self.fail(format!(
                "attribute {:?} is not known for this operator in opset {}",
                a.name, self.opset
            ))),
        }
    }

    /// An attribute.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.node.attributes.iter().find(|a| a.name == name)
    }

    /// An integer attribute.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |a| a.i)
    }

    /// A float attribute, exactly.
    pub fn float(&self, name: &str, default: f32) -> f64 {
        f64::from(self.attribute(name).map_or(default, |a| a.f))
    }

    /// # Errors
    /// An attribute of another value than the only one that is supported.
    pub fn only(&self, name: &str, value: i64) -> Result<()> {
        match self.int(name, value) {
            v if v == value => Ok(()),
            v => Err(self.fail(format!("{name} = {v}; only {value} is supported"))),
        }
    }

    /// # Errors
    /// A negative size.
    pub fn sizes(&self, what: &str, ints: &[i64]) -> Result<Vec<usize>> {
        ints.iter()
            .map(|&v| usize::try_from(v).map_err(|_| self.fail(format!("{what} {v} is negative"))))
            .collect()
    }

    /// An axis of an array of `rank` axes; negative ones count from the end where the opset says so.
    ///
    /// # Errors
    /// Outside the rank, or negative before `negative_from`.
    pub fn axis(&self, axis: i64, rank: usize, negative_from: i64) -> Result<usize> {
        let rank = i64::try_from(rank).unwrap_or(i64::MAX);
        if axis < 0 && self.opset < negative_from {
            return Err(self.fail(format!("axis {axis} is negative in opset {}", self.opset)));
        }
        let at = if axis < 0 { axis + rank } else { axis };
        if (0..rank).contains(&at) {
            return Ok(at as usize);
        }
        Err(self.fail(format!("axis {axis} of an operand of {rank} axes")))
    }

    /// Whether operand i is given.
    pub fn has(&self, i: usize) -> bool {
        self.node.inputs.get(i).is_some_and(|n| !n.is_empty())
    }

    /// Operand i.
    ///
    /// # Errors
    /// Missing, or defined nowhere before.
    pub fn value(&self, i: usize) -> Result<&Value> {
        match self.node.inputs.get(i).filter(|n| !n.is_empty()) {
            None => Err(self.fail(format!("operand {i} is missing"))),
            Some(name) => self.values.get(name).ok_or_else(|| {
                self.fail(format!("operand {i}, {name:?}, is defined nowhere before"))
            }),
        }
    }

    /// The layer that operand i is.
    ///
    /// # Errors
    /// Missing, or a constant.
    pub fn layer(&self, i: usize) -> Result<&Layer> {
        match self.value(i)? {
            Value::Layer(layer) => Ok(layer),
            Value::Constant(_) => Err(self.fail(format!(
                "operand {i} is a constant; fold constants (onnxsim) and export again"
            ))),
        }
    }

    /// The constant that operand i is.
    ///
    /// # Errors
    /// Missing, or a layer.
    pub fn constant(&self, i: usize) -> Result<&Constant> {
        match self.value(i)? {
            Value::Constant(c) => Ok(c),
            Value::Layer(_) => Err(self.fail(format!(
                "operand {i} depends on the input; only constants are supported there"
            ))),
        }
    }

    /// Operand i as weights.
    ///
    /// # Errors
    /// As [`Self::constant`]; integers.
    pub fn weights(&self, i: usize) -> Result<&[f64]> {
        self.constant(i)?
            .weights()
            .map_err(|e| self.fail(e.to_string()))
    }

    /// Operand i as a list of integers.
    ///
    /// # Errors
    /// As [`Self::constant`]; floats, or more than one axis.
    pub fn ints(&self, i: usize) -> Result<&[i64]> {
        let c = self.constant(i)?;
        if c.dims.len() > 1 || c.ints.len() != c.dims.iter().product::<usize>() {
            return Err(self.fail(format!("operand {i} is no list of integers")));
        }
        Ok(&c.ints)
    }

    /// The layer with other dimensions of the same elements in the same order.
    ///
    /// # Errors
    /// Another number of elements.
    pub fn reshape(&self, builder: &mut Builder, x: &Layer, dims: Vec<usize>) -> Result<Layer> {
        if count(&dims)? != count(&x.dims)? {
            return Err(self.fail(format!(
                "dimensions {dims:?} for the elements of dimensions {:?}",
                x.dims
            )));
        }
        let (from, to) = (builder.shape(x.id), natural(&dims));
        let id = if from == to {
            x.id
        } else {
            builder.push(self.label, Op::Reshape(to), &[x.id])?
        };
        Ok(Layer { id, dims })
    }

    /// Adds a node that makes an array of dimensions `dims` of x.
    ///
    /// # Errors
    /// What the builder refuses; dimensions that are not those of what the node makes.
    pub fn push(
        &self,
        builder: &mut Builder,
        op: Op,
        x: NodeId,
        dims: Vec<usize>,
    ) -> Result<Layer> {
        let id = builder.push(self.label, op, &[x])?;
        self.made(builder, id, dims)
    }

    /// A node as a layer of dimensions `dims`.
    ///
    /// # Errors
    /// Dimensions that are not those of what the node makes.
    pub fn made(&self, builder: &Builder, id: NodeId, dims: Vec<usize>) -> Result<Layer> {
        let (have, want) = (builder.shape(id), natural(&dims));
        if have != want {
            return Err(self.fail(format!("makes {have} where dimensions {dims:?} are meant")));
        }
        Ok(Layer { id, dims })
    }
}
