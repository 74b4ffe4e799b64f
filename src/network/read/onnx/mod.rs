//! Reading ONNX: the operators of convolutional networks, static shapes, weights in the file or beside it.
//!
//! Protobuf is decoded by `prost`; [`messages`] holds the part of the schema that is read. Every constant
//! is taken exactly (every float type is f64). A layer keeps the rank and the dimensions that ONNX gives it (`value`),
//! so that axes, broadcasting and flattening mean what the operators' definitions say. What is not understood (an
//! operator, an attribute, a version) is an error that names the node: nothing that the output needs is ignored.
//!
//! | module | what |
//! |---|---|
//! | `operators` | which operator is read by what |
//! | `layers`, `windows`, `pooling`, `activation`, `head`, `arithmetic`, `polynomial`, `smooth`, `normalise` | operators that compute |
//! | `rearrange`, `crop`, `fold` | operators that move numbers; constants of constants |
//! | `movement`, `value`, `reader` | orders of elements, names, a node while it is read |
//! | `input`, `tensor`, `external` | the input, constants, weights beside the file |

mod activation;
mod arithmetic;
mod crop;
mod external;
mod fold;
mod head;
mod input;
mod layers;
pub mod messages;
mod movement;
mod normalise;
mod operators;
mod polynomial;
mod pooling;
mod reader;
mod rearrange;
mod smooth;
mod tensor;
mod value;
mod windows;

use crate::arith::npy;
use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, Network, Preprocessing};
use crate::network::model::ops::TensorShape;
use external::Beside;
use messages::{Graph, Model};
use prost::Message as _;
use reader::Reader;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use tensor::Constant;
use value::{count, natural, transposed, Layer, Value};

/// The newest operator set whose definitions were compared with what is read here.
const MAX_OPSET: i64 = 28;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 512 << 20;

/// What a file leaves open.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// Where the files of weights are that the model names; without it those inside are read only.
    pub folder: Option<&'a Path>,
    /// The output that is meant, or any other name of the graph; none where the file has one.
    pub output: Option<&'a str>,
    /// Inputs that stay the same, by name.
    pub constants: Vec<(String, npy::Array)>,
}

/// What was read.
#[derive(Debug, Clone)]
pub struct Read {
    /// The network.
    pub network: Network,
    /// What every answer about it must say: what of the file it leaves out, or takes in another way.
    pub said: Vec<String>,
    /// Whether the file takes channels last.
    pub channels_last: bool,
    /// Names and SHA-256 of the files of weights.
    pub weights: Vec<(String, String)>,
}

/// Reads a network from the bytes of an ONNX file that needs nothing else.
///
/// # Errors
/// As [`read_with`].
pub fn read(bytes: &[u8], name: &str, preprocessing: Preprocessing) -> Result<Network> {
    read_with(bytes, name, preprocessing, &Options::default()).map(|r| r.network)
}

/// Reads a network from the bytes of an ONNX file.
///
/// **Inputs** `name` for people. A first dimension of several is the batch, and read as 1.
///
/// **Guarantee** the graph computes, over the reals, what the file says: no weight is rounded. Where the file ends in
/// Softmax, LogSoftmax, Sigmoid or ArgMax it computes the logits before that, whose class is the same, and `said` says so.
///
/// # Errors
/// Text that is no ONNX file; an operator, attribute, element type or dynamic shape that is not
/// supported, naming the node; weights that are not finite, do not fit, or are not where the file says.
pub fn read_with(
    bytes: &[u8],
    name: &str,
    preprocessing: Preprocessing,
    options: &Options,
) -> Result<Read> {
    if bytes.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", bytes.len());
        return Err(Error::parse("", detail));
    }
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"{") || text.starts_with(b"\x93NUMPY") {
        let detail = match text[0] {
            b'{' => "JSON, where a network is wanted (ONNX, safetensors, or a folder): a table of polynomials is --table FILE",
            _ => "a numpy array, where a network is wanted (ONNX, safetensors, or a folder): samples are --input FILE",
        };
        return Err(Error::parse("", detail));
    }
    let model =
        Model::decode(bytes).map_err(|e| Error::parse("", format!("not an ONNX file: {e}")))?;
    let opset = opset(&model.opsets)?;
    let mut graph = model
        .graph
        .filter(|g| !g.nodes.is_empty())
        .ok_or_else(|| Error::parse("", "not an ONNX file: it has no graph with nodes"))?;
    normalise::found(&mut graph, opset)?;
    let output = output(&graph, options.output)?;
    let (nodes, needed) = needed(&graph, output)?;
    let mut beside = Beside::new(options.folder);
    let mut values: HashMap<String, Value> = HashMap::new();
    for t in graph
        .initializers
        .iter()
        .filter(|t| needed.contains(t.name.as_str()))
    {
        define(
            &mut values,
            &t.name,
            Value::Constant(Constant::read(t, &mut beside)?),
        )?;
    }
    for (name, array) in &options.constants {
        let stated = graph.inputs.iter().find(|v| v.name == *name);
        let stated = stated.ok_or_else(|| {
            Error::domain(format!(
                "--constant {name:?}: the graph has no input of this name"
            ))
        })?;
        values.insert(
            name.clone(),
            Value::Constant(input::constant(stated, array)?),
        );
    }
    let input = input::input(&graph, |name| values.contains_key(name), &needed)?;
    let (mut builder, layer) = begin(&input)?;
    define(&mut values, &input.name, Value::Layer(layer))?;
    let mut uses: HashMap<String, usize> = HashMap::from([(output.to_owned(), 1)]);
    for name in nodes.iter().flat_map(|&i| &graph.nodes[i].inputs) {
        *uses.entry(name.clone()).or_insert(0) += 1;
    }
    let mut half = input.half;
    let work = Cell::new(polynomial::MAX_WORK);
    for i in nodes {
        let node = &graph.nodes[i];
        let label = if node.name.is_empty() {
            format!("{} (node {i})", node.operator)
        } else {
            node.name.clone()
        };
        smooth::open(node, &mut values, &mut builder)?;
        let reader = Reader {
            node,
            label: &label,
            opset,
            values: &values,
            uses: &uses,
            batch: input.batch,
            work: &work,
        };
        let made = operators::convert(&reader, &mut builder, &mut beside)?;
        for value in &made {
            let mixed = matches!(value, Value::Layer(l) if l.dims.first() != Some(&1));
            if mixed {
                reader.not_batch(0)?;
            }
            half |= node.operator == "Cast"
                && matches!(value, Value::Layer(_))
                && [10, 16].contains(&reader.int("to", 1));
        }
        // Further outputs stay undefined: who reads them is told so.
        for (name, value) in node.outputs.iter().zip(made) {
            if !name.is_empty() {
                define(&mut values, name, value)?;
            }
        }
    }
    let mut said = Vec::new();
    let logits = match values.get(output) {
        Some(Value::Layer(layer)) => layer.clone(),
        Some(Value::Head(head)) => {
            said.push(format!(
                "the file ends in {}, which is left out: logits are those before it, and the class is the same",
                head.after.join(", then ")
            ));
            head.logits.clone()
        }
        _ => {
            return Err(Error::parse(
                format!("output {output:?}"),
                "does not depend on the input",
            ))
        }
    };
    if half {
        said.push(
            "the file computes in 16-bit floats, which round; it is read over the reals".to_owned(),
        );
    }
    if input.batch > 1 {
        said.push(format!(
            "the file takes {} samples at a time; it is read one at a time",
            input.batch
        ));
    }
    if let (true, [_, .., channels]) = (input.channels_last, input.dims.as_slice()) {
        said.push(format!(
            "the file takes channels last, {:?}; layers here have their {channels} channels first",
            input.dims
        ));
    }
    let end = graph
        .nodes
        .iter()
        .rfind(|n| n.outputs.iter().any(|o| o == output));
    let node = end.unwrap_or(&graph.nodes[0]);
    let reader = Reader {
        node,
        label: output,
        opset,
        values: &values,
        uses: &uses,
        batch: input.batch,
        work: &work,
    };
    let logits = movement::plain(&reader, &mut builder, &logits)?;
    let network = builder.finish(name, logits.id, preprocessing)?;
    smooth::check_end(&network)?;
    Ok(Read {
        network,
        said,
        channels_last: input.channels_last,
        weights: beside.digests(),
    })
}

/// The network's first node, and the input as ONNX sees it.
fn begin(input: &input::Input) -> Result<(Builder, Layer)> {
    let dims = &input.dims;
    count(dims)?;
    if !input.channels_last {
        return Ok((Builder::new(natural(dims))?, Layer::plain(0, dims.clone())));
    }
    let last = dims.len() - 1;
    let mut there: Vec<usize> = vec![0, last];
    there.extend(1..last);
    let first: Vec<usize> = there.iter().map(|&a| dims[a]).collect();
    let shape: TensorShape = natural(&first);
    // Back from channels first to channels last.
    let mut back = vec![0; dims.len()];
    there.iter().enumerate().for_each(|(k, &a)| back[a] = k);
    let (_, picks) = transposed(&first, &back);
    let layer = Layer {
        id: 0,
        dims: dims.clone(),
        order: Some(picks.into_iter().flatten().collect()),
    };
    Ok((Builder::new(shape)?, layer))
}

/// The name of the output that is meant.
fn output<'a>(graph: &'a Graph, asked: Option<&'a str>) -> Result<&'a str> {
    let names: Vec<&str> = graph.outputs.iter().map(|o| o.name.as_str()).collect();
    match (asked, names.as_slice()) {
        (Some(name), _) => {
            let made = graph
                .nodes
                .iter()
                .flat_map(|n| &n.outputs)
                .any(|o| o == name);
            made.then_some(name).ok_or_else(|| {
                let some = names.iter().take(8).collect::<Vec<_>>();
                Error::domain(format!("--network-output {name:?}: the graph makes no such value; its outputs are {some:?}"))
            })
        }
        (None, [one]) => Ok(one),
        (None, several) => Err(Error::unsupported(format!(
            "{} outputs, {:?}: say which is meant, --network-output NAME",
            several.len(),
            several.iter().take(8).collect::<Vec<_>>()
        ))),
    }
}

/// The nodes that the output needs, in the file's order, and the names that they read.
fn needed<'a>(graph: &'a Graph, output: &'a str) -> Result<(Vec<usize>, HashSet<&'a str>)> {
    let mut seen: HashSet<String> = HashSet::new();
    let made = graph.nodes.iter().flat_map(|n| n.outputs.iter().cloned());
    for name in graph
        .initializers
        .iter()
        .map(|t| t.name.clone())
        .chain(made)
    {
        if !name.is_empty() && !seen.insert(name.clone()) {
            return Err(Error::parse(format!("value {name:?}"), "is defined twice"));
        }
    }
    let mut names = HashSet::from([output]);
    let mut nodes = Vec::new();
    for (i, node) in graph.nodes.iter().enumerate().rev() {
        if node.outputs.is_empty() {
            return Err(Error::parse(
                format!("layer {:?}", node.name),
                "has no output",
            ));
        }
        if node.outputs.iter().any(|o| names.contains(o.as_str())) {
            names.extend(
                node.inputs
                    .iter()
                    .map(String::as_str)
                    .filter(|n| !n.is_empty()),
            );
            nodes.push(i);
        }
    }
    nodes.reverse();
    Ok((nodes, names))
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
