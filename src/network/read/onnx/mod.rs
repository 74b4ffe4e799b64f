//! Reading ONNX: the operators of convolutional networks, static shapes, weights in the file.
//!
//! Protobuf is decoded by `prost`; `messages` holds the part of the schema that is read. Every constant
//! is taken exactly (f32 and f64 are f64). What is not supported is an error that names the node.

mod messages;
mod nodes;
mod tensor;

use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, Network, Preprocessing};
use crate::network::model::ops::TensorShape;
use messages::{Graph, Model, Size, ValueInfo};
use nodes::Value;
use prost::Message as _;
use std::collections::HashMap;
use tensor::Constant;

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
    let opset = model
        .opsets
        .iter()
        .find(|o| matches!(o.domain.as_str(), "" | "ai.onnx"))
        .map_or(0, |o| o.version);
    let graph = model
        .graph
        .filter(|g| !g.nodes.is_empty())
        .ok_or_else(|| Error::parse("", "not an ONNX file: it has no graph with nodes"))?;
    let mut values: HashMap<String, Value> = HashMap::new();
    for t in &graph.initializers {
        values.insert(t.name.clone(), Value::Constant(Constant::read(t)?));
    }
    let input = the_input(&graph, &values)?;
    let shape = input_shape(input)?;
    let mut builder = Builder::new(shape)?;
    values.insert(input.name.clone(), Value::Node(0));
    for (i, node) in graph.nodes.iter().enumerate() {
        let label = if node.name.is_empty() {
            format!("{} (node {i})", node.operator)
        } else {
            node.name.clone()
        };
        let value = nodes::convert(node, &label, opset, &mut builder, &values)?;
        let Some(out) = node.outputs.first() else {
            return Err(Error::parse(format!("layer {label:?}"), "has no output"));
        };
        values.insert(out.clone(), value);
    }
    let [output] = graph.outputs.as_slice() else {
        let n = graph.outputs.len();
        return Err(Error::unsupported(format!(
            "{n} outputs; a network with one is read"
        )));
    };
    match values.get(&output.name) {
        Some(Value::Node(id)) => builder.finish(name, *id, preprocessing),
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

/// [batch, n], [batch, channels, length] or [batch, channels, rows, columns].
fn input_shape(input: &ValueInfo) -> Result<TensorShape> {
    let fail = |detail: String| Error::parse(format!("input {:?}", input.name), detail);
    let dims = input
        .kind
        .as_ref()
        .and_then(|k| k.tensor.as_ref())
        .and_then(|t| t.shape.as_ref())
        .ok_or_else(|| fail("has no shape; export the model with static shapes".into()))?;
    let mut sizes = Vec::new();
    for (axis, dim) in dims.dims.iter().enumerate() {
        match &dim.size {
            Some(Size::Value(n)) if *n > 0 => sizes.push(*n as usize),
            _ if axis == 0 => sizes.push(1),
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
    match sizes.as_slice() {
        [n] => Ok(TensorShape::flat(*n)),
        [1, n] => Ok(TensorShape::flat(*n)),
        [1, c, l] => Ok(TensorShape::new(*c, *l, 1)),
        [1, c, h, w] => Ok(TensorShape::new(*c, *h, *w)),
        other => Err(fail(format!(
            "shape {other:?}; read are [1,n], [1,channels,length] and [1,channels,rows,columns]"
        ))),
    }
}
