//! The average case of a whole circuit, an estimate: every node's own noise times the derivative of the
//! result by that node, as independent sources.
//!
//! # Method
//! Reverse differentiation of the circuit at one input gives all derivatives in one pass, with every
//! correlation between the baby steps; to first order the variance of the result is the sum of
//! `|d result / d node|^2 Var(node's own noise)`. Key switches, rescales and the inputs are the sources.
//! It differs widely with the input (near a dip of a stage all slopes are large), so what is compared with
//! a measurement is its mean over the very inputs that were measured.

use crate::circuit::{Circuit, Id, Op};
use crate::noise::composite::bound::Input;
use crate::noise::formula::Model;

enum Term {
    Input(usize),
    Times(Id, f64),
    Plus(Id, f64),
    Add(Id, Id),
    Sub(Id, Id),
    Mul(Id, Id),
}

/// A circuit in f64 with the variance that every node adds.
pub struct Estimator {
    steps: Vec<Term>,
    sources: Vec<f64>,
    output: Id,
    values: Vec<f64>,
    slopes: Vec<f64>,
}

impl Estimator {
    /// Prepares a circuit, its inputs being of one kind.
    pub fn new(circuit: &Circuit, model: &Model, input: &Input) -> Self {
        let rescale = model.estimate_rescale_variance();
        let encode = model.estimate_rounding_variance();
        let sources = circuit.nodes.iter().map(|node| {
            let squared = node.scale.to_f64() * node.scale.to_f64();
            match (&node.op, input) {
                (Op::Input(_), Input::Fresh(encryption)) => {
                    (encode + model.estimate_fresh_variance(*encryption)) / squared
                }
                (Op::Input(_), Input::Given(e)) => e.to_f64() * e.to_f64(),
                (Op::Rescale(_), _) => rescale / squared,
                (Op::Mul(..), _) => model.estimate_key_switch_variance(node.level) / squared,
                _ => 0.0,
            }
        });
        let steps = circuit.nodes.iter().map(|node| match &node.op {
            Op::Input(i) => Term::Input(*i),
            Op::MulConstant(a, c) => Term::Times(*a, c.value.to_f64()),
            Op::Units(a, unit) => Term::Times(*a, 1.0 / unit.to_f64()),
            Op::AddConstant(a, c) => Term::Plus(*a, c.value.to_f64()),
            Op::Rescale(a) | Op::Drop(a) => Term::Plus(*a, 0.0),
            Op::Add(a, b) => Term::Add(*a, *b),
            Op::Sub(a, b) => Term::Sub(*a, *b),
            Op::Mul(a, b) => Term::Mul(*a, *b),
        });
        let n = circuit.nodes.len();
        Self {
            sources: sources.collect(),
            steps: steps.collect(),
            output: circuit.output,
            values: vec![0.0; n],
            slopes: vec![0.0; n],
        }
    }

    /// *Estimates*: the result that is meant, and the variance of |error| there; inputs that are missing
    /// count as 0.
    pub fn estimate(&mut self, inputs: &[f64]) -> (f64, f64) {
        for id in 0..self.steps.len() {
            let v = |a: &Id| self.values[*a];
            self.values[id] = match &self.steps[id] {
                Term::Input(i) => inputs.get(*i).copied().unwrap_or(0.0),
                Term::Times(a, c) => v(a) * c,
                Term::Plus(a, c) => v(a) + c,
                Term::Add(a, b) => v(a) + v(b),
                Term::Sub(a, b) => v(a) - v(b),
                Term::Mul(a, b) => v(a) * v(b),
            };
        }
        self.slopes.fill(0.0);
        self.slopes[self.output] = 1.0;
        let mut variance = 0.0;
        for id in (0..self.steps.len()).rev() {
            let g = self.slopes[id];
            variance += g * g * self.sources[id];
            match self.steps[id] {
                Term::Input(_) => {}
                Term::Times(a, c) => self.slopes[a] += g * c,
                Term::Plus(a, _) => self.slopes[a] += g,
                Term::Add(a, b) => {
                    self.slopes[a] += g;
                    self.slopes[b] += g;
                }
                Term::Sub(a, b) => {
                    self.slopes[a] += g;
                    self.slopes[b] -= g;
                }
                Term::Mul(a, b) => {
                    self.slopes[a] += g * self.values[b];
                    self.slopes[b] += g * self.values[a];
                }
            }
        }
        (self.values[self.output], variance)
    }

    /// Inputs where the estimate is large: the best of a scan of `[lo, hi]`, the other inputs at `rest`.
    pub fn hardest(&mut self, (lo, hi): (f64, f64), rest: &[f64], keep: usize) -> Vec<f64> {
        const SCAN: u32 = 40_000;
        let mut x = vec![0.0; rest.len() + 1];
        x[1..].copy_from_slice(rest);
        let mut all: Vec<(f64, f64)> = (0..=SCAN)
            .map(|i| {
                x[0] = lo + (hi - lo) * f64::from(i) / f64::from(SCAN);
                (self.estimate(&x).1, x[0])
            })
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        all.into_iter().take(keep.max(1)).map(|(_, x)| x).collect()
    }
}
