//! The average case of a whole circuit, an estimate: every node's own noise times the derivative of the
//! result by that node, as independent sources, averaged over inputs.
//!
//! # Method
//! Reverse differentiation of the circuit at one input gives all derivatives in one pass, with every
//! correlation between the baby steps; to first order the variance of the result is the sum of
//! `|d result / d node|^2 Var(node's own noise)`. Key switches, rescales and the inputs are the sources.

use crate::ckks::circuit::exact::Plain;
use crate::ckks::circuit::{Circuit, Op};
use crate::ckks::noise::formula::Model;
use crate::error::Result;

/// Variance that a node adds of its own, in units of its value; inputs as given.
pub fn estimate_sources(circuit: &Circuit, model: &Model, input: f64) -> Vec<f64> {
    let rescale = model.estimate_rescale_variance();
    let own = |node: &crate::ckks::circuit::Node| {
        let scale = node.scale.to_f64();
        match node.op {
            Op::Input(_) => input,
            Op::Rescale(_) => rescale / (scale * scale),
            Op::Mul(..) => model.estimate_key_switch_variance(node.level) / (scale * scale),
            _ => 0.0,
        }
    };
    circuit.nodes.iter().map(own).collect()
}

/// *Estimate*: the variance of |error| of the result at one slot with these inputs.
///
/// **Inputs** `sources` from [`estimate_sources`]. **Cost** two passes over the circuit in f64.
///
/// # Errors
/// Too few inputs.
pub fn estimate_variance(circuit: &Circuit, sources: &[f64], inputs: &[f64]) -> Result<f64> {
    let mut plain = Plain {
        inputs,
        trace: Vec::new(),
    };
    circuit.run(&mut plain)?;
    let values = plain.trace;
    let mut slope = vec![0.0f64; circuit.nodes.len()];
    slope[circuit.output] = 1.0;
    let mut variance = 0.0;
    for (id, node) in circuit.nodes.iter().enumerate().rev() {
        let g = slope[id];
        if g == 0.0 {
            continue;
        }
        variance += g * g * sources[id];
        match &node.op {
            Op::Input(_) => {}
            Op::MulConstant(a, c) => slope[*a] += g * c.value.to_f64(),
            Op::AddConstant(a, _) | Op::Rescale(a) | Op::Drop(a) => slope[*a] += g,
            Op::Units(a, unit) => slope[*a] += g / unit.to_f64(),
            Op::Add(a, b) => {
                slope[*a] += g;
                slope[*b] += g;
            }
            Op::Sub(a, b) => {
                slope[*a] += g;
                slope[*b] -= g;
            }
            Op::Mul(a, b) => {
                slope[*a] += g * values[*b];
                slope[*b] += g * values[*a];
            }
        }
    }
    Ok(variance)
}
