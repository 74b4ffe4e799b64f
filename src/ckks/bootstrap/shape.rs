//! What the linear maps of a bootstrapping take, before anything is encoded: for schedules.

use super::literal::Literal;
use super::raise::trace_steps;
use super::refresh::{layouts, Layout};
use crate::ckks::evaluate::linear::split;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::encode::Encoder;
use crate::error::Result;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A linear map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapShape {
    /// The level of its inputs.
    pub level: usize,
    /// The number of its diagonals, and of the values in each.
    pub diagonals: usize,
    /// Values in a diagonal.
    pub period: usize,
    /// Baby steps, as rotations; without 0.
    pub babies: Vec<i64>,
    /// Giant steps, as rotations; without 0.
    pub giants: Vec<i64>,
}

/// The maps of a bootstrapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shapes {
    /// Slots to coefficients.
    pub to_coefficients: Vec<MapShape>,
    /// Coefficients to slots.
    pub to_slots: Vec<MapShape>,
    /// Rotations of the trace, at the top.
    pub trace: Vec<i64>,
}

impl Shapes {
    /// The maps of a literal.
    ///
    /// **Cost** what the diagonals take, unencoded: a second at N = 2^16.
    ///
    /// # Errors
    /// What [`Literal::check`] refuses.
    pub fn new(ring: &Arc<Ring>, literal: &Literal) -> Result<Self> {
        literal.check(ring.params())?;
        let (down, up, _) = layouts(&Encoder::new(ring), literal);
        Ok(Self {
            to_coefficients: down.iter().map(shape).collect(),
            to_slots: up.iter().map(shape).collect(),
            trace: trace_steps(ring, 1 << (literal.log_values - 1)),
        })
    }
}

fn shape(map: &Layout) -> MapShape {
    let part = |giant: bool| -> Vec<i64> {
        let steps = map.diagonals.keys().map(|&shift| split(shift, map.steps));
        let steps = steps.map(|(g, b)| if giant { g } else { b });
        let all: BTreeSet<i64> = steps.filter(|&k| k != 0).collect();
        all.into_iter().collect()
    };
    MapShape {
        level: map.level,
        diagonals: map.diagonals.len(),
        period: map.diagonals.values().next().map_or(0, Vec::len),
        babies: part(false),
        giants: part(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::bootstrap::mod1::Value;
    use crate::ckks::bootstrap::refresh::Refresher;
    use crate::ckks::parameters::Parameters;

    /// The rotations of the shapes are those of the encoded maps.
    #[test]
    fn shapes_are_those_of_what_is_encoded() {
        let literal = Literal::toy(10, 8);
        let ring = Ring::new(&Parameters::new(&literal.encryption).unwrap()).unwrap();
        let shapes = Shapes::new(&ring, &literal).unwrap();
        let refresher = Refresher::new(&ring, &literal, Value::Sine).unwrap();
        let bytes = |map: &MapShape| {
            let limbs = ring.params().limbs(map.level) + ring.params().p().len();
            (map.diagonals * limbs * 2 * map.period * 8) as u64
        };
        let maps = shapes.to_coefficients.iter().chain(&shapes.to_slots);
        assert_eq!(maps.map(bytes).sum::<u64>(), refresher.bytes());
        assert_eq!(
            (shapes.to_coefficients.len(), shapes.to_slots.len()),
            (2, 3)
        );
        assert_eq!(shapes.to_slots[0].level, ring.params().max_level());
        assert_eq!(shapes.trace.len(), 2);
    }
}
