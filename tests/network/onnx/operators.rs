//! One test for each operator on single elements: small files, and results by hand.

use crate::onnx::answers::{answers, holds, logits, one, read, refused, with, SIX};
use crate::onnx::file::{bytes, file, float, floats, graph, int, node, whole};
use polycert::network::read::onnx::messages::Tensor as Constant;
use polycert::network::read::onnx::Options;

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
