//! What small files answer, or why they are refused.

use crate::onnx::file::{file, node};
use polycert::arith::ball::Ball;
use polycert::error::Result;
use polycert::network::forward::{Model, Outcome, Prepared};
use polycert::network::model::graph::{Network, Preprocessing};
use polycert::network::model::tensor::Tensor;
use polycert::network::read::onnx::messages::{Attribute, Node, Tensor as Constant};
use polycert::network::read::onnx::{read_with, Options, Read};

pub fn read(bytes: &[u8], options: &Options) -> Result<Read> {
    read_with(bytes, "m", Preprocessing::default(), options)
}

pub fn logits(network: &Network, values: &[f64]) -> Vec<Ball> {
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
pub fn holds(found: &[Ball], exact: &[f64]) {
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
pub fn answers(
    dims: &[i64],
    x: &[f64],
    nodes: Vec<Node>,
    initializers: Vec<Constant>,
    exact: &[f64],
) {
    let read = read(&file(dims, nodes, initializers), &Options::default()).unwrap();
    holds(&logits(&read.network, x), exact);
}

/// One node of the input and constants.
#[track_caller]
pub fn one(operator: &str, dims: &[i64], x: &[f64], said: Vec<Attribute>, exact: &[f64]) {
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
pub fn with(operator: &str, dims: &[i64], x: &[f64], c: Constant, exact: &[f64]) {
    let nodes = vec![node(operator, &["x", "c"], "y", vec![])];
    answers(dims, x, nodes, vec![c], exact);
}

/// What is refused, by the words of its error.
#[track_caller]
pub fn refused(dims: &[i64], nodes: Vec<Node>, initializers: Vec<Constant>, said: &str) {
    let read = read(&file(dims, nodes, initializers), &Options::default());
    let error = read.unwrap_err().to_string();
    assert!(error.contains(said), "{error}");
}

pub const SIX: [f64; 6] = [1.0, -2.0, 3.0, -4.0, 5.0, -6.0];
