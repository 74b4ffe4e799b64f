//! Layer and instance normalisation: as operators, or written out as programs export it.
//!
//! Written out it is x - ReduceMean(x), its square (Pow 2, or Mul with itself), ReduceMean of that over the same axes, Add of a
//! number, Sqrt (or Pow 1/2), and Div; or Mul with what Reciprocal, 1 / or Pow -1/2 make of it. The whole is found in the file's
//! graph before it is read, and its last node stands for all of it: what comes between has no meaning of its own here (a root, a
//! quotient of two layers). Factor and offset behind it are read as any others are, so that both forms are one network.

use crate::error::{Error, Result};
use crate::network::model::graph::Builder;
use crate::network::model::normalise::push;
use crate::network::model::ops::Over;
use crate::network::read::onnx::arithmetic::{plus, times, with_numbers};
use crate::network::read::onnx::external::Beside;
use crate::network::read::onnx::messages::{Attribute, Graph, Node, Tensor};
use crate::network::read::onnx::movement::{restored, stored};
use crate::network::read::onnx::polynomial::fits;
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::tensor::{Constant, Elements};
use crate::network::read::onnx::value::{count, Layer};
use std::collections::HashMap;

/// The domain of nodes that stand for a written-out normalisation; no file has it.
pub const WRITTEN_OUT: &str = "polycert.written_out";

/// LayerNormalization: over an axis and those behind it.
///
/// # Errors
/// Axes that do not exist, groups of one element, epsilon that is not above 0, factors that do not fit.
pub fn layer_norm(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    // What type mean and deviation have while they are computed changes nothing over the reals.
    r.allow(&["axis", "epsilon", "stash_type"])?;
    let x = r.carried(0)?;
    let rank = x.dims.len();
    let axis = r.axis(r.int("axis", -1), rank, 1)?;
    let axes: Vec<usize> = (axis..rank).collect();
    let epsilon = r.float("epsilon", 1e-5);
    let mut y = normalised(r, builder, x, &axes, epsilon)?;
    for (operand, what) in [(1, "scale"), (2, "bias")] {
        if operand == 2 && !r.has(2) {
            continue;
        }
        let c = r.constant(operand)?;
        if !fits(&c.dims, &y.dims) {
            return Err(r.fail(format!(
                "{what} of dimensions {:?} on dimensions {:?}",
                c.dims, y.dims
            )));
        }
        let (at, values) = with_numbers(r, builder, &y, c)?;
        y = match operand {
            1 => times(r, builder, &at, values)?,
            _ => plus(r, builder, &at, 1.0, values)?,
        };
    }
    Ok(y)
}

/// InstanceNormalization: each channel over all its rows and columns.
///
/// # Errors
/// As [`layer_norm`].
pub fn instance_norm(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(if r.opset < 6 {
        &["epsilon", "consumed_inputs"]
    } else {
        &["epsilon"]
    })?;
    let x = r.carried(0)?;
    let dims = x.dims.clone();
    let axes: Vec<usize> = (2..dims.len()).collect();
    if axes.is_empty() {
        return Err(r.fail(format!(
            "on dimensions {dims:?}; rows or columns are needed"
        )));
    }
    let inner = count(&dims[2..])?.max(1);
    let each = |operand: usize| {
        let c = r.constant(operand)?;
        if c.dims != [dims[1]] {
            return Err(r.fail(format!(
                "operand {operand} of dimensions {:?} where [{}] is needed",
                c.dims, dims[1]
            )));
        }
        let own = r.weights(operand)?;
        let places = 0..count(&dims)?;
        Ok(places
            .map(|i| own[i / inner % own.len()])
            .collect::<Vec<f64>>())
    };
    let y = normalised(r, builder, x, &axes, r.float("epsilon", 1e-5))?;
    let y = times(r, builder, &y, each(1)?)?;
    plus(r, builder, &y, 1.0, each(2)?)
}

/// A node that [`found`] made.
///
/// # Errors
/// As [`layer_norm`].
pub fn written_out(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let x = r.carried(0)?;
    let stated = r.attribute("axes").map_or(&[][..], |a| &a.ints);
    let axes = stated.iter().map(|&a| r.axis(a, x.dims.len(), 11));
    let axes: Vec<usize> = axes.collect::<Result<_>>()?;
    let [epsilon] = r.weights(1)? else {
        return Err(r.fail("adds several numbers to a variance; one is read"));
    };
    if !fits(&r.constant(1)?.dims, &x.dims) {
        return Err(r.fail("adds a number of more axes to a variance"));
    }
    normalised(r, builder, x, &axes, *epsilon)
}

/// (x - mean)/sqrt(variance + epsilon) over axes that follow each other.
fn normalised(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    axes: &[usize],
    epsilon: f64,
) -> Result<Layer> {
    for &axis in axes {
        r.not_batch(axis)?;
    }
    let (x, at) = stored(r, builder, x)?;
    let dims = x.dims.clone();
    let there: Vec<usize> = axes.iter().map(|&a| at[a]).collect();
    let inside = |a: usize| there.contains(&a);
    let long = |a: &usize| dims[*a] > 1;
    let of_node = |first: usize| {
        let axis = |k: usize| first + k < dims.len() && inside(first + k);
        Over::new([axis(0), axis(1), axis(2)])
    };
    let all = (0..dims.len()).filter(long).all(inside);
    let (rows, over) = match *dims.as_slice() {
        [1, _, _] | [1, _, _, _] => (x.clone(), of_node(1)),
        _ if all => (x.clone(), Over::CHANNELS),
        _ => {
            // As the rows of a map.
            let mut used: Vec<usize> = there.iter().copied().filter(long).collect();
            used.sort_unstable();
            let (first, last) = match (used.first(), used.last()) {
                (Some(&first), Some(&last)) => (first, last),
                _ => (0, 0),
            };
            if (first..=last).any(|a| long(&a) && !inside(a)) {
                return Err(r.fail(format!(
                    "over axes {axes:?} of dimensions {dims:?}, which do not follow each other"
                )));
            }
            let (before, n) = (count(&dims[..first])?, count(&dims[first..=last])?);
            let map = vec![1, before, n, count(&dims[last + 1..])?];
            (r.reshape(builder, &x, map)?, Over::ROWS)
        }
    };
    let done = push(builder, r.label, rows.id, over, epsilon)?;
    let done = r.reshape(builder, &rows.with(done), dims)?;
    restored(r, builder, &done, &at)
}

/// Finds normalisations that are written out: the last node of each becomes one that stands for all of it.
///
/// # Errors
/// A file that has such nodes itself.
pub fn found(graph: &mut Graph, opset: i64) -> Result<()> {
    if graph.nodes.iter().any(|n| n.domain == WRITTEN_OUT) {
        return Err(Error::unsupported(format!(
            "operators of domain {WRITTEN_OUT:?} are not supported"
        )));
    }
    if opset < 7 {
        // Operators of two arrays broadcast in another way.
        return Ok(());
    }
    let seen = Seen::new(graph, opset);
    let chains = graph.nodes.iter().enumerate();
    let chains = chains.filter_map(|(i, node)| Some((i, seen.chain(node)?)));
    let chains: Vec<(usize, Node)> = chains.collect();
    for (i, node) in chains {
        graph.nodes[i] = node;
    }
    Ok(())
}

/// The file's graph by the names of what its nodes make, and its small constants.
struct Seen<'a> {
    makers: HashMap<&'a str, &'a Node>,
    constants: HashMap<&'a str, &'a Tensor>,
    opset: i64,
}

impl<'a> Seen<'a> {
    fn new(graph: &'a Graph, opset: i64) -> Self {
        let made = |n: &'a Node| n.outputs.first().map(|o| (o.as_str(), n));
        let constants = graph.initializers.iter().map(|t| (t.name.as_str(), t));
        let plain = graph
            .nodes
            .iter()
            .filter(|n| matches!(n.domain.as_str(), "" | "ai.onnx"));
        Self {
            makers: plain.filter_map(made).collect(),
            constants: constants.collect(),
            opset,
        }
    }

    /// The node of this operator that makes a value, with its operands.
    fn made(&self, name: &str, operator: &str) -> Option<(&'a Node, &'a [String])> {
        let node = self.makers.get(name).filter(|n| n.operator == operator)?;
        // What is not known of a node is refused where it is read by itself.
        let known: &[&str] = match operator {
            "Constant" => &["value"],
            "ReduceMean" => &["axes", "keepdims", "noop_with_empty_axes"],
            _ => &[],
        };
        let known = |a: &Attribute| known.contains(&a.name.as_str());
        node.attributes
            .iter()
            .all(known)
            .then_some((*node, node.inputs.as_slice()))
    }

    /// A constant of a few numbers.
    fn constant(&self, name: &str) -> Option<Constant> {
        let tensor = match self.made(name, "Constant") {
            Some((node, _)) => node.attributes.iter().find_map(|a| a.t.as_ref())?,
            None => self.constants.get(name)?,
        };
        let few = tensor.dims.iter().all(|d| (0..=16).contains(d)) && tensor.dims.len() <= 2;
        few.then(|| Constant::read(tensor, &mut Beside::default()).ok())?
    }

    fn is_number(&self, name: &str, number: f64) -> bool {
        let found = self.constant(name).and_then(|c| c.numbers());
        found.is_some_and(|all| all == [number])
    }

    /// The operand of a ReduceMean that keeps its axes, and these.
    fn mean(&self, name: &str) -> Option<(&'a str, Vec<i64>)> {
        let (node, operands) = self.made(name, "ReduceMean")?;
        let attribute = |name: &str| node.attributes.iter().find(|a| a.name == name);
        if attribute("keepdims").is_some_and(|a| a.i == 0) {
            return None;
        }
        let axes = match (attribute("axes"), operands) {
            (Some(a), [_]) if self.opset < 18 => a.ints.clone(),
            (None, [_, axes]) if self.opset >= 18 => match self.constant(axes)?.elements {
                Elements::Ints(all) => all,
                Elements::Floats(_) => return None,
            },
            _ => return None,
        };
        (!axes.is_empty()).then_some((operands.first()?.as_str(), axes))
    }

    /// x of x - mean(x), and the mean's axes.
    fn centred(&self, name: &str) -> Option<(&'a str, Vec<i64>)> {
        let [x, mean] = self.made(name, "Sub")?.1 else {
            return None;
        };
        let (of, axes) = self.mean(mean)?;
        (of == x).then_some((of, axes))
    }

    /// The operand of a square.
    fn square(&self, name: &str) -> Option<&'a str> {
        if let Some((_, [x, exponent])) = self.made(name, "Pow") {
            return self.is_number(exponent, 2.0).then_some(x);
        }
        match self.made(name, "Mul")?.1 {
            [a, b] if a == b => Some(a),
            _ => None,
        }
    }

    /// The operand of a root.
    fn root(&self, name: &str) -> Option<&'a str> {
        if let Some((_, [x])) = self.made(name, "Sqrt") {
            return Some(x);
        }
        let [x, exponent] = self.made(name, "Pow")?.1 else {
            return None;
        };
        self.is_number(exponent, 0.5).then_some(x)
    }

    /// The operand of 1 over a root.
    fn inverse_root(&self, name: &str) -> Option<&'a str> {
        if let Some((_, [root])) = self.made(name, "Reciprocal") {
            return self.root(root);
        }
        if let Some((_, [one, root])) = self.made(name, "Div") {
            return self.root(root).filter(|_| self.is_number(one, 1.0));
        }
        let [x, exponent] = self.made(name, "Pow")?.1 else {
            return None;
        };
        self.is_number(exponent, -0.5).then_some(x)
    }

    /// The node that stands for a normalisation that ends in this one.
    fn chain(&self, node: &Node) -> Option<Node> {
        let (centred, sum) = match (node.operator.as_str(), node.inputs.as_slice()) {
            _ if !node.attributes.is_empty() => return None,
            ("Div", [a, b]) => (a, self.root(b)?),
            ("Mul", [a, b]) => match self.inverse_root(b) {
                Some(sum) => (a, sum),
                None => (b, self.inverse_root(a)?),
            },
            _ => return None,
        };
        let (x, axes) = self.centred(centred)?;
        let [a, b] = self.made(sum, "Add")?.1 else {
            return None;
        };
        let mean = |name: &str| {
            self.mean(name)
                .and_then(|(s, axes)| Some((self.square(s)?, axes)))
        };
        let ((squared, over), epsilon) = match mean(a) {
            Some(found) => (found, b),
            None => (mean(b)?, a),
        };
        // The square may be of another node that computes the same.
        let same = self.centred(squared)? == (x, over.clone()) && over == axes;
        let attribute = Attribute {
            name: "axes".to_owned(),
            ints: axes,
            ..Attribute::default()
        };
        same.then(|| Node {
            inputs: vec![x.to_owned(), epsilon.clone()],
            domain: WRITTEN_OUT.to_owned(),
            attributes: vec![attribute],
            ..node.clone()
        })
    }
}
