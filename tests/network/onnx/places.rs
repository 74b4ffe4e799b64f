//! One test for each operator that moves, picks, joins or sums over places, and for what a caller gives beside the file: small
//! files, and results by hand.

use crate::onnx::answers::{answers, holds, logits, one, read, refused, SIX};
use crate::onnx::file::{attribute, bytes, floats, graph, info, int, ints, node, whole};
use polycert::arith::npy::{Array, Values};
use polycert::network::read::onnx::messages::Attribute;
use polycert::network::read::onnx::Options;

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
