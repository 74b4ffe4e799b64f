//! What an evaluation takes and gives: an input, enclosures of the logits, ranges, and the bits that it took.

use crate::arith::ball::Ball;
use crate::network::forward::range::Range;
use crate::network::model::graph::{Network, NodeId};
use crate::network::model::tensor::Tensor;
use crate::network::model::words::layer_name;
use rug::Rational;

/// Enclosures of the logits, and what went into each activation.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// One ball for each output.
    pub logits: Vec<Ball>,
    /// One range for each activation.
    pub ranges: Vec<Range>,
    /// Bits of the midpoints: 53 of f64, about 106 of pairs, or so many behind the point (see `fixed`).
    pub bits: u32,
}

/// An input: balls, and the exact numbers where they are at hand, for evaluations that are sharper than pairs.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The balls.
    pub balls: &'a Tensor,
    /// The exact numbers inside them, one for each.
    pub exact: Option<&'a [Rational]>,
}

impl<'a> From<&'a Tensor> for Given<'a> {
    fn from(balls: &'a Tensor) -> Self {
        Self { balls, exact: None }
    }
}

/// An input that is known exactly.
#[derive(Debug, Clone)]
pub struct Point {
    /// Balls that hold it.
    pub balls: Tensor,
    /// Its numbers.
    pub exact: Vec<Rational>,
}

impl Point {
    /// As evaluations take it.
    pub fn given(&self) -> Given<'_> {
        Given {
            balls: &self.balls,
            exact: Some(&self.exact),
        }
    }
}

/// Bits of f64 midpoints.
pub const SINGLE_BITS: u32 = 53;
/// Bits of pairs, about.
pub const PAIR_BITS: u32 = 106;

/// Where an evaluation's numbers, or their radii, were beyond what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// The layer.
    pub node: NodeId,
    /// The first such element.
    pub element: usize,
    /// Bits of the evaluation.
    pub bits: u32,
}

impl Lost {
    /// Where, and what is beyond what.
    pub fn words(&self, network: &Network) -> String {
        format!(
            "EXHAUSTED at layer {}: the numbers or their error bounds, element {}, are beyond what {} bits hold (f64: 1.8e308; \
             fixed point: 2^61)",
            layer_name(network, self.node),
            self.element,
            self.bits
        )
    }
}

/// An evaluation, or where it ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Evaluated.
    Done(Evaluation),
    /// An activation's input is not proved to lie where its polynomial is meant to be used, [-B, B] or the table's own
    /// domain; its range comes last.
    Outside(Vec<Range>),
    /// The numbers of a layer are not held, with the ranges before it.
    Lost(Lost, Vec<Range>),
}

impl Evaluation {
    /// Nothing is known of the outputs.
    pub(super) fn unknown(outputs: usize, ranges: Vec<Range>, bits: u32) -> Self {
        Self {
            logits: vec![Ball::new((0.0, 0.0), f64::INFINITY); outputs],
            ranges,
            bits,
        }
    }

    /// The class, if the enclosures decide it: the one logit above all others; for one logit, 1 if it is
    /// above 0 and 0 if below.
    pub fn class(&self) -> Option<usize> {
        match self.logits.as_slice() {
            [one] if one.lower() > 0.0 => Some(1),
            [one] if one.upper() < 0.0 => Some(0),
            [_] => None,
            logits => (0..logits.len()).find(|&t| {
                let mut others = (0..logits.len()).filter(|&j| j != t);
                others.all(|j| logits[t].is_above(logits[j]))
            }),
        }
    }

    /// Lower bound of the distance of a class's logit to the next (of one logit, to 0).
    pub fn margin(&self, class: usize) -> f64 {
        if let [one] = self.logits.as_slice() {
            return if class == 1 {
                one.lower()
            } else {
                -one.upper()
            };
        }
        let others = (0..self.logits.len()).filter(|&j| j != class);
        let apart = |j: usize| self.logits[class].plus(self.logits[j].negated()).lower();
        others.map(apart).fold(f64::INFINITY, f64::min)
    }
}
