//! One test for each operator that is read: small files, and results by hand.

use crate::onnx::file::{
    attribute, bytes, file, float, floats, graph, info, int, ints, node, whole,
};
use polycert::arith::ball::Ball;
use polycert::arith::npy::{Array, Values};
use polycert::error::Result;
use polycert::network::forward::{Model, Outcome, Prepared};
use polycert::network::model::graph::{Network, Preprocessing};
use polycert::network::model::tensor::Tensor;
use polycert::network::read::onnx::messages::{Attribute, Node, Tensor as Constant};
use polycert::network::read::onnx::{read_with, Options, Read};

fn read(bytes: &[u8], options: &Options) -> Result<Read> {
    read_with(bytes, "m", Preprocessing::default(), options)
}

fn logits(network: &Network, values: &[f64]) -> Vec<Ball> {
    let balls: Vec<Ball> = values.iter().map(|&v| Ball::exact(v)).collect();
    let input = Tensor::from_balls(network.input_shape(), &balls);
    let prepared = Prepared::new(network).unwrap();
    match prepared.evaluate(&input, Model::Relu, true).unwrap() {
        Outcome::Done(found) => found.logits,
        other => panic!("{other:?}"),
    }
}

/// Whether narrow enclosures hold these numbers, of which f64 rounds the last place.
#[track_caller]
fn holds(found: &[Ball], exact: &[f64]) {
    assert_eq!(found.len(), exact.len());
    for (b, v) in found.iter().zip(exact) {
        let (lo, hi) = (b.lower(), b.upper());
        let room = 1e-15 * v.abs();
        assert!(
            lo - room <= *v && *v <= hi + room && hi - lo < 1e-12,
            "{v}: [{lo}, {hi}]"
        );
    }
}

/// What a file of opset 18 with the input "x" answers.
#[track_caller]
fn answers(dims: &[i64], x: &[f64], nodes: Vec<Node>, initializers: Vec<Constant>, exact: &[f64]) {
    let read = read(&file(dims, nodes, initializers), &Options::default()).unwrap();
    holds(&logits(&read.network, x), exact);
}

/// One node of the input and constants.
#[track_caller]
fn one(operator: &str, dims: &[i64], x: &[f64], said: Vec<Attribute>, exact: &[f64]) {
    answers(
        dims,
        x,
        vec![node(operator, &["x"], "y", said)],
        vec![],
        exact,
    );
}

/// One node of the input and a constant.
#[track_caller]
fn with(operator: &str, dims: &[i64], x: &[f64], c: Constant, exact: &[f64]) {
    let nodes = vec![node(operator, &["x", "c"], "y", vec![])];
    answers(dims, x, nodes, vec![c], exact);
}

/// What is refused, by the words of its error.
#[track_caller]
fn refused(dims: &[i64], nodes: Vec<Node>, initializers: Vec<Constant>, said: &str) {
    let read = read(&file(dims, nodes, initializers), &Options::default());
    let error = read.unwrap_err().to_string();
    assert!(error.contains(said), "{error}");
}

const SIX: [f64; 6] = [1.0, -2.0, 3.0, -4.0, 5.0, -6.0];

#[test]
fn network_output() {
    // a = x + 1, b = 2 a: both are outputs, and a is inside.
    let nodes = vec![
        node("Add", &["x", "c"], "a", vec![]),
        node("Mul", &["a", "d"], "b", vec![]),
        node("Neg", &["b"], "n", vec![]),
    ];
    let constants = vec![floats("c", &[1], &[1.0]), floats("d", &[1], &[2.0])];
    let mut graph = graph(&[1, 2], nodes, constants);
    graph.outputs = vec![info("b", &[]), info("n", &[])];
    let bytes = bytes(graph, 18);
    let of = |output| {
        let options = Options {
            output,
            ..Options::default()
        };
        read(&bytes, &options).map(|r| r.network)
    };
    holds(&logits(&of(Some("b")).unwrap(), &[1.0, 2.0]), &[4.0, 6.0]);
    holds(&logits(&of(Some("n")).unwrap(), &[1.0, 2.0]), &[-4.0, -6.0]);
    holds(&logits(&of(Some("a")).unwrap(), &[1.0, 2.0]), &[2.0, 3.0]);
    // What the output does not need is no part of the network.
    assert_eq!(of(Some("a")).unwrap().nodes.len(), 2);
    for (output, said) in [
        (None, "say which is meant, --network-output NAME"),
        (Some("z"), "the graph makes no such value; its outputs are"),
        (Some("x"), "the graph makes no such value"),
        (Some("c"), "the graph makes no such value"),
    ] {
        let error = of(output).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn constant_inputs() {
    let nodes = vec![node("MatMul", &["x", "w"], "y", vec![])];
    let mut graph = graph(&[1, 2], nodes, vec![]);
    graph.inputs.push(info("w", &[2, 1]));
    let bytes = bytes(graph, 18);
    let given = |name: &str, dims: &[usize], values: Vec<f64>| {
        let array = Array {
            dims: dims.to_vec(),
            values: Values::Numbers(values),
        };
        let options = Options {
            constants: vec![(name.to_owned(), array)],
            ..Options::default()
        };
        read(&bytes, &options).map(|r| r.network)
    };
    let network = given("w", &[2, 1], vec![3.0, 0.1]).unwrap();
    holds(&logits(&network, &[1.0, 10.0]), &[4.0]);
    for (name, dims, values, said) in [
        ("v", &[2usize, 1][..], vec![1.0; 2], "no input of this name"),
        ("w", &[1, 2], vec![1.0; 2], "are not the file's"),
        ("w", &[2, 1], vec![1.0, f64::NAN], "not finite"),
    ] {
        let error = given(name, dims, values).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let error = read(&bytes, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("--constant NAME=FILE"), "{error}");
}

#[test]
fn split() {
    // The parts in turn: [1, 4] and [2, 3] of two rows.
    let parts = |sizes: &[i64], of: &str| {
        let nodes = vec![
            node("Split", &["x", "s"], "a b", vec![int("axis", 1)]),
            node("Neg", &[of], "y", vec![]),
        ];
        (nodes, vec![whole("s", &[2], sizes)])
    };
    for (of, exact) in [("a", vec![-1.0, 2.0]), ("b", vec![-3.0, 4.0, -5.0, 6.0])] {
        let (nodes, sizes) = parts(&[2, 4], of);
        answers(&[1, 6], &SIX, nodes, sizes, &exact);
    }
    let (nodes, sizes) = parts(&[2, 3], "a");
    refused(
        &[1, 6],
        nodes,
        sizes,
        "of 6 elements into [2, 3], for 2 outputs",
    );
    let uneven = vec![
        node(
            "Split",
            &["x"],
            "a b",
            vec![int("axis", 1), int("num_outputs", 2)],
        ),
        node("Neg", &["b"], "y", vec![]),
    ];
    answers(&[1, 5], &SIX[..5], uneven, vec![], &[4.0, -5.0]);
}

#[test]
fn ceil_mode() {
    // Windows of 2 with stride 2 over 5: the last has one element.
    let said = |ceil, padded| {
        let window = [ints("kernel_shape", &[2]), ints("strides", &[2])];
        let mode = [int("ceil_mode", ceil), int("count_include_pad", padded)];
        let own: Vec<Attribute> = if padded < 0 {
            mode[..1].to_vec()
        } else {
            mode.to_vec()
        };
        [window.to_vec(), own].concat()
    };
    let x = &SIX[..5];
    one("MaxPool", &[1, 1, 5], x, said(0, -1), &[1.0, 3.0]);
    one("MaxPool", &[1, 1, 5], x, said(1, -1), &[1.0, 3.0, 5.0]);
    one("AveragePool", &[1, 1, 5], x, said(1, 0), &[-0.5, -0.5, 5.0]);
    let counted = vec![node("AveragePool", &["x"], "y", said(1, 1))];
    refused(&[1, 1, 5], counted, vec![], "where runtimes differ");
}

#[test]
fn constant_of_shape() {
    let value = Attribute {
        t: Some(floats("", &[1], &[0.5])),
        ..attribute("value")
    };
    // x + 0.5 in each place of Shape(x) with 1 for its last size, and x + 0 where no value is said.
    let chain = |said: Vec<Attribute>| {
        vec![
            node("Shape", &["x"], "s", vec![int("end", 2)]),
            node("Concat", &["s", "one"], "d", vec![int("axis", 0)]),
            node("ConstantOfShape", &["d"], "c", said),
            node("Add", &["x", "c"], "y", vec![]),
        ]
    };
    let one = || vec![whole("one", &[1], &[1])];
    let exact = SIX.map(|v| v + 0.5);
    answers(&[1, 2, 3], &SIX, chain(vec![value]), one(), &exact);
    answers(&[1, 2, 3], &SIX, chain(vec![]), one(), &SIX);
    // Sizes are counted before anything is made of them.
    let large = vec![whole("one", &[1], &[1 << 40])];
    refused(&[1, 2, 3], chain(vec![]), large, "more than");
}

#[test]
fn sum() {
    let nodes = vec![
        node("Neg", &["x"], "n", vec![]),
        node("Sum", &["c", "n", "x", "n"], "y", vec![]),
    ];
    let constant = || vec![floats("c", &[2, 1], &[1.0, 10.0])];
    let exact = [0.0, 3.0, -2.0, 14.0, 5.0, 16.0];
    answers(&[1, 2, 3], &SIX, nodes, constant(), &exact);
    one("Sum", &[1, 6], &SIX, vec![], &SIX);
    let only = vec![
        node("Sum", &["c", "c"], "s", vec![]),
        node("Add", &["x", "s"], "y", vec![]),
    ];
    refused(&[1, 2, 3], only, constant(), "constants only");
}

#[test]
fn neg() {
    one("Neg", &[1, 2, 3], &SIX, vec![], &SIX.map(|v| -v));
}

#[test]
fn div() {
    // 1/3 and 1/10 are no floats: the quotient is enclosed, not a product with a rounded number.
    let c = floats("c", &[3], &[3.0, -10.0, 0.5]);
    let exact = [1.0 / 3.0, 0.2, 6.0, -4.0 / 3.0, -0.5, -12.0];
    with("Div", &[1, 2, 3], &SIX, c, &exact);
    let by = |c: f32| vec![floats("c", &[1], &[c])];
    let forward = || vec![node("Div", &["x", "c"], "y", vec![])];
    refused(&[1, 2], forward(), by(0.0), "or by 0");
    refused(
        &[1, 2],
        vec![node("Div", &["c", "x"], "y", vec![])],
        by(1.0),
        "divides by a layer",
    );
    refused(
        &[1, 2],
        vec![node("Div", &["x", "x"], "y", vec![])],
        vec![],
        "of two layers",
    );
}

#[test]
fn cast() {
    for to in [1, 10, 11, 16] {
        let nodes = vec![node("Cast", &["x"], "y", vec![int("to", to)])];
        let read = read(&file(&[1, 6], nodes, vec![]), &Options::default()).unwrap();
        holds(&logits(&read.network, &SIX), &SIX);
        let said = read
            .said
            .iter()
            .any(|s| s.contains("16-bit floats, which round"));
        assert_eq!(said, to == 10 || to == 16, "{to}");
    }
    for to in [6, 7, 9] {
        let nodes = vec![node("Cast", &["x"], "y", vec![int("to", to)])];
        refused(&[1, 6], nodes, vec![], "rounds what depends on the input");
    }
    // A constant is cast where nothing is lost.
    let nodes = |to| {
        vec![
            node("Cast", &["c"], "d", vec![int("to", to)]),
            node("Mul", &["x", "d"], "y", vec![]),
        ]
    };
    answers(
        &[1, 6],
        &SIX,
        nodes(1),
        vec![whole("c", &[1], &[3])],
        &SIX.map(|v| 3.0 * v),
    );
    refused(
        &[1, 6],
        nodes(1),
        vec![whole("c", &[1], &[(1 << 24) + 1])],
        "changes a constant",
    );
}

#[test]
fn leaky_relu() {
    let exact = [1.0, -0.5, 3.0, -1.0, 5.0, -1.5];
    one(
        "LeakyRelu",
        &[1, 6],
        &SIX,
        vec![float("alpha", 0.25)],
        &exact,
    );
    let default = f64::from(0.01f32);
    let exact = SIX.map(|v| if v < 0.0 { v * default } else { v });
    one("LeakyRelu", &[1, 6], &SIX, vec![], &exact);
}

#[test]
fn clip() {
    let ends = |lo: &str, hi: &str| vec![node("Clip", &["x", lo, hi], "y", vec![])];
    let numbers = || vec![floats("lo", &[], &[-3.0]), floats("hi", &[], &[2.5])];
    for (lo, hi, exact) in [
        ("lo", "hi", [1.0, -2.0, 2.5, -3.0, 2.5, -3.0]),
        ("lo", "", [1.0, -2.0, 3.0, -3.0, 5.0, -3.0]),
        ("", "hi", [1.0, -2.0, 2.5, -4.0, 2.5, -6.0]),
        ("", "", SIX),
    ] {
        answers(&[1, 6], &SIX, ends(lo, hi), numbers(), &exact);
    }
    refused(
        &[1, 6],
        ends("hi", "lo"),
        numbers(),
        "to [Some(2.5), Some(-3.0)]",
    );
    // ReLU6 of older files: ends as attributes.
    let six = vec![node(
        "Clip",
        &["x"],
        "y",
        vec![float("min", 0.0), float("max", 6.0)],
    )];
    let old = bytes(graph(&[1, 3], six, vec![]), 9);
    let read = read(&old, &Options::default()).unwrap();
    holds(&logits(&read.network, &[-1.0, 4.0, 7.0]), &[0.0, 4.0, 6.0]);
}

#[test]
fn prelu() {
    let channels = floats("c", &[2, 1], &[0.5, -1.0]);
    with(
        "PRelu",
        &[1, 2, 3],
        &SIX,
        channels,
        &[1.0, -1.0, 3.0, 4.0, 5.0, 6.0],
    );
    let one = floats("c", &[1], &[0.25]);
    with(
        "PRelu",
        &[1, 2, 3],
        &SIX,
        one,
        &[1.0, -0.5, 3.0, -1.0, 5.0, -1.5],
    );
    let wide = vec![floats("c", &[2, 1, 1, 1], &[0.5, 1.0])];
    refused(
        &[1, 2, 3],
        vec![node("PRelu", &["x", "c"], "y", vec![])],
        wide,
        "slopes of dimensions",
    );
}

#[test]
fn reduce_mean() {
    let over = |axes: &[i64], keep: i64, exact: &[f64]| {
        let nodes = vec![
            node("ReduceMean", &["x", "a"], "m", vec![int("keepdims", keep)]),
            node("Flatten", &["m"], "y", vec![int("axis", 0)]),
        ];
        answers(
            &[1, 2, 3],
            &SIX,
            nodes,
            vec![whole("a", &[axes.len() as i64], axes)],
            exact,
        );
    };
    over(&[2], 0, &[2.0 / 3.0, -5.0 / 3.0]);
    over(&[-1], 1, &[2.0 / 3.0, -5.0 / 3.0]);
    over(&[1], 0, &[-1.5, 1.5, -1.5]);
    over(&[1, 2], 0, &[-0.5]);
    let twice = vec![node("ReduceMean", &["x", "a"], "y", vec![])];
    refused(
        &[1, 2, 3],
        twice,
        vec![whole("a", &[2], &[1, -2])],
        "names an axis twice",
    );
}

#[test]
fn matrix_times_layer() {
    // W x with W of two rows over the axis before the last.
    let w = floats("w", &[2, 2], &[1.0, 2.0, 0.0, -1.0]);
    let nodes = vec![node("MatMul", &["w", "x"], "y", vec![])];
    answers(
        &[1, 2, 3],
        &SIX,
        nodes,
        vec![w],
        &[-7.0, 8.0, -9.0, 4.0, -5.0, 6.0],
    );
}

#[test]
fn slice() {
    let part = |starts: &[i64], ends: &[i64], axes: &[i64], steps: &[i64], exact: &[f64]| {
        let list = |name: &str, v: &[i64]| whole(name, &[v.len() as i64], v);
        let constants = vec![
            list("s", starts),
            list("e", ends),
            list("a", axes),
            list("t", steps),
        ];
        let nodes = vec![node("Slice", &["x", "s", "e", "a", "t"], "y", vec![])];
        answers(&[1, 2, 3], &SIX, nodes, constants, exact);
    };
    part(&[0], &[2], &[2], &[1], &[1.0, -2.0, -4.0, 5.0]);
    part(&[0], &[i64::MAX], &[2], &[2], &[1.0, 3.0, -4.0, -6.0]);
    part(
        &[-1],
        &[i64::MIN],
        &[-1],
        &[-1],
        &[3.0, -2.0, 1.0, -6.0, 5.0, -4.0],
    );
    part(&[1, -2], &[2, 3], &[1, 2], &[1, 1], &[5.0, -6.0]);
}

#[test]
fn gather() {
    let at = |axis: i64, dims: &[i64], places: &[i64], exact: &[f64]| {
        let nodes = vec![node("Gather", &["x", "i"], "y", vec![int("axis", axis)])];
        answers(
            &[1, 2, 3],
            &SIX,
            nodes,
            vec![whole("i", dims, places)],
            exact,
        );
    };
    at(2, &[2], &[2, 0], &[3.0, 1.0, -6.0, -4.0]);
    at(-1, &[], &[-1], &[3.0, -6.0]);
    at(
        1,
        &[3],
        &[1, 1, 0],
        &[-4.0, 5.0, -6.0, -4.0, 5.0, -6.0, 1.0, -2.0, 3.0],
    );
    let beyond = vec![node("Gather", &["x", "i"], "y", vec![int("axis", 2)])];
    refused(&[1, 2, 3], beyond, vec![whole("i", &[1], &[3])], "3");
}

#[test]
fn identity_and_dropout() {
    one("Identity", &[1, 6], &SIX, vec![], &SIX);
    one("Dropout", &[1, 6], &SIX, vec![], &SIX);
    let training = Constant {
        data_type: 9,
        int32_data: vec![1],
        ..whole("t", &[], &[])
    };
    let nodes = vec![node("Dropout", &["x", "", "t"], "y", vec![])];
    refused(&[1, 6], nodes, vec![training], "training form");
}
