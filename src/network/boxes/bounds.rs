//! Proved intervals of neurons and stages, and what polynomials add to ReLU.

use crate::arith::upper::Upper;
use crate::error::{Error, ErrorKind};

/// Bounds of a number, rounded outward.
pub type Bounds = (f64, f64);

/// What is proved about the polynomial that replaces one neuron's ReLU, on the neuron's range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replacement {
    /// Bounds of polynomial - ReLU.
    pub bound_apart: Bounds,
    /// A slope s, and bounds (lo, hi) of polynomial(z) - s z, where known.
    pub bound_tilted: Option<(f64, Bounds)>,
}

/// What is proved about one stage: every vector has one entry a neuron.
#[derive(Debug, Clone)]
pub struct StageBounds {
    /// Pre-activations of the ReLU network.
    pub bound_relu: Vec<Bounds>,
    /// Pre-activations of its twin: no polynomial is evaluated outside.
    pub bound_twin: Vec<Bounds>,
    /// Twin minus ReLU network.
    pub bound_difference: Vec<Bounds>,
    /// Error of each neuron's polynomial against ReLU on the twin's range; 0 where none is needed.
    pub bound_error: Vec<f64>,
    /// What was used of each neuron's polynomial, where there is one.
    pub replaced: Vec<Option<Replacement>>,
}

/// How ranges and differences are bounded.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Ranges of the twin are widened by this share of their size before polynomials are made for them: room for another
    /// program that proves the same.
    pub widened: f64,
    /// Whether the slopes of small networks are bounded together at the end ([`super::coupling`]).
    pub coupled: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            widened: 0.0,
            coupled: true,
        }
    }
}

/// What is small beside the greatest value of a network, and far above what a fixed point of 28 bits rounds off.
pub const SMALL: f64 = 1.0 / 1_024.0;

impl Options {
    /// A range with its room; what others round off is measured by the greatest value on the way, however small the
    /// range.
    pub(super) fn widen(&self, range: Bounds, greatest: f64) -> Bounds {
        if self.widened == 0.0 {
            return range;
        }
        let room = size(range).max(greatest * SMALL) * self.widened;
        (-added(-range.0, room), added(range.1, room))
    }
}

impl Replacement {
    /// Within `bound_error` of ReLU; nothing else is known.
    pub fn within(bound_error: f64) -> Self {
        Self {
            bound_apart: (-bound_error, bound_error),
            bound_tilted: None,
        }
    }
}

impl StageBounds {
    /// Upper bound of the greatest |difference|.
    pub fn bound_greatest_difference(&self) -> f64 {
        let size = |(lo, hi): &Bounds| lo.abs().max(hi.abs());
        self.bound_difference.iter().map(size).fold(0.0, f64::max)
    }
}

pub(super) fn size((lo, hi): Bounds) -> f64 {
    lo.abs().max(hi.abs())
}

pub(super) fn negative((lo, hi): Bounds) -> Bounds {
    (-hi, -lo)
}

/// Sum of two numbers, rounded up.
pub(super) fn added(a: f64, b: f64) -> f64 {
    (Upper::of(a) + Upper::of(b)).get()
}

/// Sum of two intervals, rounded outward.
pub(super) fn sum(a: Bounds, b: Bounds) -> Bounds {
    (-added(-a.0, -b.0), added(a.1, b.1))
}

/// What two proved intervals of one number have in common; none if they are disjoint or no intervals, which can
/// only be an error of this program.
pub(super) fn meet(a: Bounds, b: Bounds) -> Option<Bounds> {
    let both = (a.0.max(b.0), a.1.min(b.1));
    // `max` and `min` pass over NaN, so every end is looked at.
    let known = [a.0, a.1, b.0, b.1].iter().all(|x| !x.is_nan());
    (known && both.0 <= both.1).then_some(both)
}

pub(super) fn contradiction(
    what: &str,
    stage: usize,
    neuron: usize,
    a: Bounds,
    b: Bounds,
) -> Error {
    let text = format!(
        "stage {stage}, neuron {neuron}, {what}: [{:e}, {:e}] and [{:e}, {:e}] have nothing in common",
        a.0, a.1, b.0, b.1
    );
    ErrorKind::Contradiction(text).into()
}
