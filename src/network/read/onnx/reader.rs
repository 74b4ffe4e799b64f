//! A node while it is read: its attributes and operands, and errors that name it.

use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, NodeId};
use crate::network::model::ops::Op;
use crate::network::read::onnx::messages::{Attribute, Node};
use crate::network::read::onnx::tensor::{Constant, Elements};
use crate::network::read::onnx::value::{count, natural, Head, Layer, Value};
use std::cell::Cell;
use std::collections::HashMap;

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
    /// How many operands of other nodes each name is.
    pub uses: &'a HashMap<String, usize>,
    /// The file's own batch: above 1, the first axis of every layer has this size there, and 1 here.
    pub batch: usize,
    /// Products of polynomials' coefficients that the file may still cost.
    pub work: &'a Cell<usize>,
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

    /// # Errors
    /// The first axis, where it is a batch above 1: samples would be mixed.
    pub fn not_batch(&self, axis: usize) -> Result<()> {
        if axis == 0 && self.batch > 1 {
            return Err(self.fail(format!(
                "works along the first axis, and the file has a batch of {}; networks are read a sample at a time",
                self.batch
            )));
        }
        Ok(())
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

    /// The dimensions of operand i.
    ///
    /// # Errors
    /// As [`Self::value`], and what [`Self::carried`] refuses of a head.
    pub fn dims(&self, i: usize) -> Result<&[usize]> {
        match self.value(i)? {
            Value::Constant(c) => Ok(&c.dims),
            _ => Ok(&self.carried(i)?.dims),
        }
    }

    /// The layer that operand i is, plain or carried.
    ///
    /// # Errors
    /// Missing, a constant, or a head.
    pub fn carried(&self, i: usize) -> Result<&Layer> {
        match self.value(i)? {
            Value::Layer(layer) => Ok(layer),
            Value::Constant(_) => Err(self.fail(format!(
                "operand {i} is a constant; fold constants (onnxsim) and export again"
            ))),
            Value::Head(head) => Err(self.head(i, head)),
        }
    }

    /// Why a head cannot be an operand.
    pub fn head(&self, i: usize, head: &Head) -> Error {
        self.fail(format!(
            "operand {i} is {}, which is read as the end of a network only, where it leaves the class as it is: \
             no polynomial table stands for it in between",
            head.after.join(", ")
        ))
    }

    /// The constant that operand i is.
    ///
    /// # Errors
    /// Missing, or a layer.
    pub fn constant(&self, i: usize) -> Result<&Constant> {
        match self.value(i)? {
            Value::Constant(c) => Ok(c),
            _ => Err(self.fail(format!(
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
        match self.constant(i)? {
            Constant {
                dims,
                elements: Elements::Ints(all),
            } if dims.len() <= 1 => Ok(all),
            _ => Err(self.fail(format!("operand {i} is no list of integers"))),
        }
    }

    /// The axes that an attribute or, from a later opset on, an operand lists.
    ///
    /// # Errors
    /// As [`Self::ints`].
    pub fn axes(&self) -> Result<Option<&[i64]>> {
        match self.attribute("axes") {
            Some(a) => Ok(Some(&a.ints)),
            None if self.has(1) => self.ints(1).map(Some),
            None => Ok(None),
        }
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
        if let Some(order) = &x.order {
            return self.carry(builder, x.id, dims, order.to_vec());
        }
        let (from, to) = (builder.shape(x.id), natural(&dims));
        let id = if from == to {
            x.id
        } else {
            builder.push(self.label, Op::Reshape(to), &[x.id])?
        };
        Ok(Layer::plain(id, dims))
    }

    /// A layer whose elements stand in the node at the places `order`; a plain one where it can be one.
    ///
    /// # Errors
    /// Places that are not a permutation of the node's.
    pub fn carry(
        &self,
        builder: &Builder,
        id: NodeId,
        dims: Vec<usize>,
        order: Vec<usize>,
    ) -> Result<Layer> {
        let shape = builder.shape(id);
        if order.len() != shape.len() {
            return Err(self.fail(format!("{} places of {shape}", order.len())));
        }
        let still = order.iter().enumerate().all(|(i, p)| i == *p);
        let order = (!still || natural(&dims) != shape).then(|| order.into());
        Ok(Layer { id, dims, order })
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

    /// Adds a node that works element by element (or by the node's channels): dimensions and order stay.
    ///
    /// # Errors
    /// What the builder refuses.
    pub fn each(&self, builder: &mut Builder, op: Op, x: &Layer) -> Result<Layer> {
        Ok(x.with(builder.push(self.label, op, &[x.id])?))
    }

    /// A node as a plain layer of dimensions `dims`.
    ///
    /// # Errors
    /// Dimensions that are not those of what the node makes.
    pub fn made(&self, builder: &Builder, id: NodeId, dims: Vec<usize>) -> Result<Layer> {
        let (have, want) = (builder.shape(id), natural(&dims));
        if have != want {
            return Err(self.fail(format!("makes {have} where dimensions {dims:?} are meant")));
        }
        Ok(Layer::plain(id, dims))
    }
}
