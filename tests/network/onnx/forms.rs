//! One network in the forms that exporters write: one meaning. `tests/outside/four_exports.py` does the same with PyTorch's own
//! exporters.

use crate::onnx::file::{bytes, floats, graph, info, int, ints, node, whole};
use polycert::network::model::exact::network_text;
use polycert::network::model::graph::Preprocessing;
use polycert::network::read::onnx::messages::{
    Dimension, Entry, Graph, Node, Size, Tensor as Weights,
};
use polycert::network::read::onnx::{read_with, Options};
use std::path::Path;

/// Weights of a convolution [3, 2, 3, 3] with its bias, and of a dense layer [2, 12] with its bias.
fn numbers(n: usize, from: usize) -> Vec<f32> {
    (from..from + n)
        .map(|i| (i * 37 % 101) as f32 / 64.0 - 0.75)
        .collect()
}

const CONV: [i64; 4] = [3, 2, 3, 3];
const OUTPUTS: usize = 2;
/// 3 channels of 2 x 2 pixels.
const FEATURES: usize = 12;

fn conv() -> Vec<Weights> {
    vec![
        floats("cw", &CONV, &numbers(54, 0)),
        floats("cb", &[3], &numbers(3, 60)),
    ]
}

/// The dense layer's weights, [outputs, features].
fn dense() -> Vec<f32> {
    numbers(OUTPUTS * FEATURES, 70)
}

fn dense_bias() -> Weights {
    floats("db", &[OUTPUTS as i64], &numbers(OUTPUTS, 100))
}

/// Conv, Relu, MaxPool from "x" to "p".
fn maps(x: &str) -> Vec<Node> {
    let pads = vec![ints("pads", &[1; 4])];
    let window = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    vec![
        node("Conv", &[x, "cw", "cb"], "c", pads),
        node("Relu", &["c"], "r", vec![]),
        node("MaxPool", &["r"], "p", window),
    ]
}

/// As TorchScript's exporter: the shape of a reshape as a chain of nodes, W in PyTorch's order.
fn torchscript() -> Graph {
    let mut nodes = maps("x");
    nodes.extend([
        node("Shape", &["p"], "s", vec![]),
        node("Gather", &["s", "zero"], "n", vec![int("axis", 0)]),
        node("Unsqueeze", &["n", "axis"], "u", vec![]),
        node("Concat", &["u", "free"], "d", vec![int("axis", 0)]),
        node("Reshape", &["p", "d"], "f", vec![]),
        node("Gemm", &["f", "dw", "db"], "y", vec![int("transB", 1)]),
    ]);
    let mut constants = conv();
    constants.extend([
        floats("dw", &[2, 12], &dense()),
        dense_bias(),
        whole("zero", &[], &[0]),
        whole("axis", &[1], &[0]),
        whole("free", &[1], &[-1]),
    ]);
    graph(&[1, 2, 4, 4], nodes, constants)
}

/// As the dynamo exporter: a batch of any size, `allowzero`, and the weights in a file beside it.
fn dynamo(folder: &Path) -> Graph {
    let mut nodes = maps("x");
    nodes.extend([
        node("Reshape", &["p", "d"], "f", vec![int("allowzero", 1)]),
        node("Gemm", &["f", "dw", "db"], "y", vec![int("transB", 1)]),
    ]);
    let mut constants = conv();
    constants.extend([floats("dw", &[2, 12], &dense()), dense_bias()]);
    let mut data = Vec::new();
    for c in &mut constants {
        let (offset, values) = (data.len(), std::mem::take(&mut c.float_data));
        data.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        c.data_location = 1;
        let entry = |(key, value): (&str, String)| Entry {
            key: key.into(),
            value,
        };
        let entries = [
            ("location", "m.data".to_owned()),
            ("offset", offset.to_string()),
            ("length", (4 * values.len()).to_string()),
        ];
        c.external_data = entries.into_iter().map(entry).collect();
    }
    std::fs::write(folder.join("m.data"), data).unwrap();
    constants.push(whole("d", &[2], &[-1, 12]));
    let mut graph = graph(&[1, 2, 4, 4], nodes, constants);
    let kind = graph.inputs[0]
        .kind
        .as_mut()
        .and_then(|k| k.tensor.as_mut());
    kind.unwrap().shape.as_mut().unwrap().dims[0] = Dimension {
        size: Some(Size::Name("batch".into())),
    };
    graph
}

/// As tf2onnx: channels last outside, a transposition each way, and the dense layer as MatMul of what is flat in that order, Add.
fn channels_last() -> Graph {
    let mut nodes = vec![node(
        "Transpose",
        &["x"],
        "t",
        vec![ints("perm", &[0, 3, 1, 2])],
    )];
    nodes.extend(maps("t"));
    nodes.extend([
        node("Transpose", &["p"], "l", vec![ints("perm", &[0, 2, 3, 1])]),
        node("Reshape", &["l", "d"], "f", vec![]),
        node("MatMul", &["f", "dw"], "m", vec![]),
        node("Add", &["m", "db"], "y", vec![]),
    ]);
    let own = dense();
    // Row i of the matrix: pixel i / 3, channel i % 3.
    let turned: Vec<f32> = (0..FEATURES)
        .flat_map(|i| (0..OUTPUTS).map(move |o| (o, i % 3 * 4 + i / 3)))
        .map(|(o, i)| own[o * FEATURES + i])
        .collect();
    let mut constants = conv();
    constants.extend([
        floats("dw", &[12, 2], &turned),
        dense_bias(),
        whole("d", &[2], &[1, 12]),
    ]);
    graph(&[1, 4, 4, 2], nodes, constants)
}

/// As a simplifier leaves it: no node but those that compute, W in the order of Gemm, other names.
fn simplified() -> Graph {
    let mut nodes = maps("x");
    nodes.extend([
        node("Flatten", &["p"], "f", vec![]),
        node("Gemm", &["f", "dw", "db"], "y", vec![]),
    ]);
    let own = dense();
    let turned: Vec<f32> = (0..FEATURES)
        .flat_map(|i| (0..OUTPUTS).map(move |o| (o, i)))
        .map(|(o, i)| own[o * FEATURES + i])
        .collect();
    let mut constants = conv();
    constants.extend([floats("dw", &[12, 2], &turned), dense_bias()]);
    let mut graph = graph(&[1, 2, 4, 4], nodes, constants);
    for n in &mut graph.nodes {
        n.name = format!("/simplified/{}", n.operator);
    }
    graph.inputs.push(info("cw", &CONV));
    graph
}

#[test]
fn four_forms_of_one_network_mean_one() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        folder: Some(folder.path()),
        ..Options::default()
    };
    let text = |name: &str, graph: Graph| {
        let read = read_with(&bytes(graph, 18), name, Preprocessing::default(), &options);
        network_text(&read.unwrap_or_else(|e| panic!("{name}: {e}")).network)
    };
    let first = text("torchscript", torchscript());
    assert_eq!(first, text("dynamo", dynamo(folder.path())));
    assert_eq!(first, text("simplified", simplified()));
    assert_eq!(first, text("channels last", channels_last()));
    let mut other = torchscript();
    other.initializers[1].float_data[0] += f32::EPSILON;
    assert_ne!(first, text("moved", other));
}
