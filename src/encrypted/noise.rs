//! The linear maps of a program as what their noise depends on.

use crate::encrypted::map::SlotMap;
use crate::encrypted::program::{Program, Step};
use crate::noise::linear::Map;

/// A step's maps, and `bound` of its constant's size.
#[derive(Debug, Clone, PartialEq)]
pub struct StepMaps {
    /// One for each term.
    pub maps: Vec<Map>,
    /// `bound` of the constant.
    pub bound_bias: f64,
}

/// The maps of all steps.
///
/// **Cost** one pass over the diagonals.
#[must_use]
pub fn maps(program: &Program) -> Vec<StepMaps> {
    program.steps.iter().map(step).collect()
}

fn step(step: &Step) -> StepMaps {
    StepMaps {
        maps: step.terms.iter().map(|term| map(&term.map)).collect(),
        bound_bias: step.bias.iter().fold(0.0, |most, b| b.abs().max(most)),
    }
}

fn map(map: &SlotMap) -> Map {
    let (babies, giants) = map.steps(map.babies());
    Map {
        diagonals: map.diagonals.len(),
        babies: babies.iter().filter(|&&k| k != 0).count(),
        giants: giants.iter().filter(|&&k| k != 0).count(),
        copies: (map.from / map.to).max(1),
        period: map.from.max(map.to),
        bound_norm: bound_norm(map),
    }
}

/// `bound` of the sum of the sizes of an element's factors: those of its slot, in all copies.
fn bound_norm(map: &SlotMap) -> f64 {
    let mut sums = vec![0.0f64; map.to];
    for diagonal in map.diagonals.values() {
        for (slot, d) in diagonal.iter().enumerate() {
            sums[slot % map.to] += d.abs();
        }
    }
    let terms = map.diagonals.len() * (map.from / map.to).max(1);
    let most = sums.into_iter().fold(0.0f64, f64::max);
    // Sums of so many terms to nearest.
    most * (1.0 + (terms as f64 + 1.0) * 2f64.powi(-52))
}
