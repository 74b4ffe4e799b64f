//! Rule B4, first part: what the linear maps of a bootstrapping look like.
//!
//! The stages B_1, ..., B_h of the transform pair places at distances 1, 2, ..., 2^(h-1) among n = 2^h complex slots; a map is
//! the product of some that follow each other. Slots to coefficients takes them upwards and joins two halves in its last map;
//! coefficients to slots takes them downwards, and turns the second half by -i in its first.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::refresh::upper::Upper;
use std::collections::BTreeSet;

/// Stages of one map at most: it has up to 2^(g + 1) diagonals.
pub(crate) const MAX_STAGES: u64 = 10;

/// A map as a document states it.
#[derive(Debug)]
pub(crate) struct StatedMap {
    /// How many stages it does.
    pub(crate) stages: u64,
    /// How many multiples of its stride are baby steps.
    pub(crate) babies: u64,
    /// The scale of its diagonals.
    pub(crate) scale: Rational,
}

/// What the noise depends on.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) scale: &'a Rational,
    pub(crate) stages: u64,
    /// Diagonals.
    pub(crate) count: u64,
    /// Diagonals of baby steps that are no identity.
    pub(crate) babies: u64,
    /// Giant steps that are no identity.
    pub(crate) giants: u64,
    /// log2 of the period of their entries.
    pub(crate) log_period: u64,
}

/// Which maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    ToCoefficients,
    ToSlots,
}

/// The shapes of maps in the order of their application, n = 2^h.
///
/// # Errors
/// A rejection of maps that are not all stages, once each.
pub(crate) fn shapes(maps: &[StatedMap], direction: Direction, h: u64) -> Checked<Vec<Shape<'_>>> {
    let total = maps
        .iter()
        .fold(0u64, |sum, map| sum.saturating_add(map.stages));
    if total != h {
        let text = format!("the linear maps do {total} stages of {h}");
        return Err(Fault::rejected(Rule::Own("B4 maps"), text));
    }
    let mut done = 0;
    let last = maps.len().saturating_sub(1);
    let mut out = Vec::new();
    for (i, map) in maps.iter().enumerate() {
        let (lowest, log_period, joins) = match direction {
            Direction::ToCoefficients => {
                let whole = done + map.stages;
                (done, if i == last { h + 1 } else { whole }, i == last)
            }
            Direction::ToSlots => {
                let left = h - done;
                (left - map.stages, if i == 0 { h + 1 } else { left }, false)
            }
        };
        // Shifts are modulo the period of what comes in: that of coefficients is n.
        let modulus = match (direction, i) {
            (Direction::ToSlots, 0) => 1u64 << h,
            _ => 2u64 << h,
        };
        out.push(shape(
            map,
            (lowest, modulus),
            log_period,
            joins.then_some(1u64 << h),
        ));
        done += map.stages;
    }
    Ok(out)
}

fn shape(
    map: &StatedMap,
    (lowest, modulus): (u64, u64),
    log_period: u64,
    joins: Option<u64>,
) -> Shape<'_> {
    let most = (1u64 << map.stages) - 1;
    let mut shifts = BTreeSet::new();
    for multiple in 0..=most {
        let shift = (multiple << lowest) % modulus;
        for shift in [shift, (modulus - shift) % modulus] {
            shifts.insert(shift);
            if let Some(n) = joins {
                shifts.insert((shift + n) % modulus);
            }
        }
    }
    let strides = shifts
        .iter()
        .filter(|&&k| k > 0)
        .map(|k| k.trailing_zeros());
    let stride = strides.min().map_or(1u64, |bits| 1 << bits);
    let step = stride.saturating_mul(map.babies).max(1);
    let giants: BTreeSet<u64> = shifts.iter().map(|k| k - k % step).collect();
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Shape {
        scale: &map.scale,
        stages: map.stages,
        count: count(shifts.len()),
        babies: count(shifts.iter().filter(|&&k| k % step != 0).count()),
        giants: count(giants.iter().filter(|&&k| k != 0).count()),
        log_period,
    }
}

impl Shape<'_> {
    /// eps = sqrt 2 P rho/D, rho = 1/2 + 2^-13 + D 2^-52: the most that the 2-norm of what a diagonal is off can be over a
    /// period.
    pub(crate) fn off(&self) -> Upper {
        let rho = Upper::ratio(4_097, 8_192).plus(&Upper::of(self.scale).halved(52));
        let all = Upper::ratio(2, 1).root().times(&rho);
        all.times(&Upper::power(self.log_period)).over(self.scale)
    }

    /// The largest |entry| that is encoded.
    pub(crate) fn most(&self) -> Upper {
        Upper::ratio(1, 1).plus(&self.off())
    }

    /// The largest 1-norm of a row that is encoded.
    pub(crate) fn row(&self) -> Upper {
        Upper::power(self.stages).plus(&self.off().scaled(self.count))
    }

    /// sqrt K.
    pub(crate) fn root(&self) -> Upper {
        Upper::ratio(self.count, 1).root()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The maps of 2^9 values, as the evaluator's own test counts them.
    #[test]
    fn maps_have_the_diagonals_of_their_stages() {
        let map = |stages| StatedMap {
            stages,
            babies: 4,
            scale: Rational::integer(1u64 << 40),
        };
        let counts = |maps: &[StatedMap], direction| -> Vec<(u64, u64)> {
            let shapes = shapes(maps, direction, 8).unwrap();
            shapes.iter().map(|s| (s.count, s.log_period)).collect()
        };
        let down = counts(&[map(4), map(4)], Direction::ToCoefficients);
        assert_eq!(down, [(31, 4), (32, 9)]);
        let up = counts(&[map(3), map(3), map(2)], Direction::ToSlots);
        assert_eq!(up, [(8, 9), (15, 5), (7, 2)]);
        assert!(shapes(&[map(4), map(3)], Direction::ToSlots, 8).is_err());
    }
}
