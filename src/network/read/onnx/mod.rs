//! Reading ONNX: the operators of convolutional networks, static shapes, weights in the file.
//!
//! Protobuf is decoded by `prost`; [`messages`] holds the part of the schema that is read. Every constant
//! is taken exactly (f32 and f64 are f64). A layer keeps the rank and the dimensions that ONNX gives it (`value`), so
//! that axes, broadcasting and flattening mean what the operators' definitions say. What is not understood (an
//! operator, an attribute, a version) is an error that names the node: nothing is ignored.

mod arithmetic;
mod crop;
mod layers;
pub mod messages;
mod movement;
mod operators;
mod tensor;
mod value;

use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, Network, Preprocessing};
use messages::{Graph, Model, Size, ValueInfo};
use prost::Message as _;
use std::collections::HashMap;
use tensor::Constant;
use value::{natural, Layer, Reader, Value};

/// The newest operator set whose definitions were compared with what is read here.
const MAX_OPSET: i64 = 28;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 512 << 20;

/// Reads a network from the bytes of an ONNX file.
///
/// **Inputs** `name` for people. A first dimension that is not fixed is the batch, and read as 1.
///
/// **Guarantee** the graph computes, over the reals, what the file says: no weight is rounded.
///
/// # Errors
/// Text that is no ONNX file; an operator, attribute, element type or dynamic shape that is not
/// supported, naming the node; weights that are not finite or do not fit.
pub fn read(bytes: &[u8], name: &str, preprocessing: Preprocessing) -> Result<Network> {
    if bytes.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", bytes.len());
        return Err(Error::parse("", detail));
    }
    let model =
        Model::decode(bytes).map_err(|e| Error::parse("", format!("not an ONNX file: {e}")))?;
    let opset = opset(&model.opsets)?;
    let graph = model
        .graph
        .filter(|g| !g.nodes.is_empty())
        .ok_or_else(|| Error::parse("", "not an ONNX file: it has no graph with nodes"))?;
    let mut values: HashMap<String, Value> = HashMap::new();
    for t in &graph.initializers {
        define(&mut values, &t.name, Value::Constant(Constant::read(t)?))?;
    }
    let input = the_input(&graph, &values)?;
    let dims = input_dims(input)?;
    let mut builder = Builder::new(natural(&dims))?;
    define(
        &mut values,
        &input.name,
        Value::Layer(Layer { id: 0, dims }),
    )?;
    for (i, node) in graph.nodes.iter().enumerate() {
        let label = if node.name.is_empty() {
            format!("{} (node {i})", node.operator)
        } else {
            node.name.clone()
        };
        let reader = Reader {
            node,
            label: &label,
            opset,
            values: &values,
        };
        let value = operators::convert(&reader, &mut builder)?;
        // Further outputs stay undefined: who reads them is told so.
        let Some(out) = node.outputs.first() else {
            return Err(Error::parse(format!("layer {label:?}"), "has no output"));
        };
        define(&mut values, out, value)?;
    }
    let [output] = graph.outputs.as_slice() else {
        let n = graph.outputs.len();
        return Err(Error::unsupported(format!(
            "{n} outputs; a network with one is read"
        )));
    };
    match values.get(&output.name) {
        Some(Value::Layer(layer)) => builder.finish(name, layer.id, preprocessing),
        _ => Err(Error::parse(
            format!("output {:?}", output.name),
            "does not depend on the input",
        )),
    }
}

/// The one input that is no initializer (older files list weights as inputs too).
fn the_input<'a>(graph: &'a Graph, values: &HashMap<String, Value>) -> Result<&'a ValueInfo> {
    let free: Vec<&ValueInfo> = graph
        .inputs
        .iter()
        .filter(|v| !values.contains_key(&v.name))
        .collect();
    match free.as_slice() {
        [one] => Ok(one),
        other => Err(Error::unsupported(format!(
            "{} inputs; a network with one is read",
            other.len()
        ))),
    }
}

/// The version of the operators' definitions.
fn opset(all: &[messages::Opset]) -> Result<i64> {
    let own = |o: &&messages::Opset| matches!(o.domain.as_str(), "" | "ai.onnx");
    match all.iter().find(own) {
        Some(o) if (1..=MAX_OPSET).contains(&o.version) => Ok(o.version),
        Some(o) => Err(Error::unsupported(format!(
            "operator set {}; read are 1 to {MAX_OPSET}",
            o.version
        ))),
        None => Err(Error::parse("opset_import", "names no ONNX operator set")),
    }
}

/// A name is given once.
fn define(values: &mut HashMap<String, Value>, name: &str, value: Value) -> Result<()> {
    match values.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Error::parse(format!("value {name:?}"), "is defined twice")),
    }
}

/// The dimensions of the input; a first one of several that is not fixed is the batch, and read as 1.
fn input_dims(input: &ValueInfo) -> Result<Vec<usize>> {
    let fail = |detail: String| Error::parse(format!("input {:?}", input.name), detail);
    let tensor = input.kind.as_ref().and_then(|k| k.tensor.as_ref());
    if let Some(element) = tensor.map(|t| t.element).filter(|e| ![1, 11].contains(e)) {
        // Integers wrap and round, halves overflow: the network would not be one over the reals.
        return Err(fail(format!(
            "element type {element}; read are float (1) and double (11)"
        )));
    }
    let stated = tensor
        .and_then(|t| t.shape.as_ref())
        .ok_or_else(|| fail("has no shape; export the model with static shapes".into()))?;
    let mut dims = Vec::new();
    for (axis, dim) in stated.dims.iter().enumerate() {
        match &dim.size {
            Some(Size::Value(n)) if *n > 0 => dims.push(*n as usize),
            _ if axis == 0 && stated.dims.len() > 1 => dims.push(1),
            Some(Size::Name(name)) => {
                return Err(fail(format!(
                    "axis {axis} has the dynamic size {name:?}; export the model with static shapes"
                )))
            }
            _ => {
                return Err(fail(format!(
                    "axis {axis} has no size; export the model with static shapes"
                )))
            }
        }
    }
    match dims.as_slice() {
        [_] | [1, _] | [1, _, _] | [1, _, _, _] => Ok(dims),
        [n, _, ..] if (2..=4).contains(&dims.len()) => Err(fail(format!(
            "dimensions {dims:?}, a batch of {n}; read are [n], [1,n], [1,channels,length] and \
             [1,channels,rows,columns]: export the model with a batch of 1 or a dynamic one"
        ))),
        other => Err(fail(format!(
            "dimensions {other:?}; read are [n], [1,n], [1,channels,length] and [1,channels,rows,columns]"
        ))),
    }
}
