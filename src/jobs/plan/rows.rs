//! The parts of an answer: a line for each layer, what it is compared with, what noise it stands.

use crate::jobs::plan::designs::Design;
use crate::jobs::plan::layers::Layer;
use crate::plan::levels::{Flow, Kind, Plan};
use crate::poly::cost::Cost;
use crate::poly::table::Table;
use rug::Rational;

/// A layer with what was chosen for it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The layer.
    pub layer: Layer,
    /// Its design on [-1, 1].
    pub design: Design,
    /// Players of its tournament: the elements of a window of max-pooling; 2 of ReLU.
    pub players: usize,
    /// The level at which it begins, and the one at which it ends.
    pub levels: (usize, usize),
    /// Bootstraps inside it: behind which part, and to what level.
    pub inside: Vec<(usize, usize)>,
    /// The level to which its value is refreshed.
    pub refreshed: Option<usize>,
    /// The proved greatest error of what stands there on [-B, B], as its certificate has it.
    pub bound_error: Rational,
    /// File of its table, in the plan's folder.
    pub table: String,
    /// SHA-256 of the table.
    pub table_sha256: String,
    /// File of the table's certificate.
    pub certificate: String,
}

impl Row {
    /// Levels that it takes with a design, whatever is refreshed inside, and products of two ciphertexts for each ciphertext that
    /// goes through it.
    pub fn cost_of(&self, design: &Design) -> Cost {
        design.block.cost().of_tournament(self.players)
    }

    /// The same with its own.
    pub fn cost(&self) -> Cost {
        self.cost_of(&self.design)
    }

    /// The proved greatest error of what stands there on [-B, B], from a bound of the polynomial's own error: on [-1, 1] of a
    /// composite, and in place of a leaky ReLU of slope a, which is a x + (1 - a) ReLU(x), |1 - a| times that of ReLU.
    pub fn bound_error_by(&self, own: &Rational) -> Rational {
        match self.design.block.product {
            true => (Rational::from(1) - exact(self.layer.slope)).abs() * &self.layer.b * own,
            false => own.clone(),
        }
    }
}

/// One design at every layer, with one B: what an engineer takes without a plan.
#[derive(Debug, Clone)]
pub struct Uniform {
    /// The design's name.
    pub design: String,
    /// Its table on [-1, 1].
    pub table: Table,
    /// Its B.
    pub b: Rational,
    /// Levels and products in activations.
    pub cost: Cost,
    /// Bootstraps.
    pub bootstraps: usize,
    /// Milliseconds. *Estimate*.
    pub estimate_ms: f64,
    /// On how many of the samples that choose it keeps what is wanted. *Estimate*.
    pub estimate_kept: usize,
}

/// What noise leaves of the least margins.
#[derive(Debug, Clone, PartialEq)]
pub struct Stood {
    /// The samples, by number: those that state and keep their class, with the least margins.
    pub samples: Vec<usize>,
    /// The greatest k such that noise of 2^-k B at every activation is proved to leave every one of their classes; none where
    /// none of the levels does.
    pub bits: Option<u32>,
    /// For each level that was tried the samples that are proved to keep their class.
    pub kept: Vec<(u32, usize)>,
    /// The greatest k such that 2^-k B more at every activation than evaluation certificates prove of it is proved to leave every
    /// class; none where none of those that were tried does, or where no certificates are.
    pub beside_bits: Option<u32>,
    /// The same of these.
    pub kept_beside: Vec<(u32, usize)>,
}

/// A slope is a finite machine number.
fn exact(slope: f64) -> Rational {
    Rational::from_f64(slope).unwrap_or_default()
}

/// Bootstraps of a plan.
pub fn bootstraps(flow: &Flow, plan: &Plan) -> usize {
    let steps = flow.steps.iter().zip(&plan.steps);
    let inside = steps.filter_map(|(step, done)| match (&step.kind, done.way) {
        (Kind::Choice(ways), Some((w, p))) => Some(ways[w].passes[p].inside.len()),
        _ => None,
    });
    let outside = plan.steps.iter().filter(|d| d.refreshed.is_some()).count();
    inside.sum::<usize>() + outside
}
