//! How results about networks are worded: bounds for people, names of layers.

use crate::arith::number;
use crate::network::model::graph::Network;
use crate::network::model::ops::Op;
use rug::Rational;

/// A proved bound for people: rounded outward to six digits.
pub fn decimal(x: f64, up: bool) -> String {
    match Rational::from_f64(x) {
        Some(x) => number::decimal(&x, 6, up),
        None => x.to_string(),
    }
}

/// "max_pool pool1", for a table of layers.
pub fn layer_name(network: &Network, node: usize) -> String {
    let node = &network.nodes[node];
    let kind = match node.op {
        Op::MaxPool(_) => " (differences)",
        _ => "",
    };
    format!("{}{kind}", node.name.escape_debug())
}
