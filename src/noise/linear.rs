//! RIGOROUS bounds on what the linear maps of a step add, in every slot of their sum.
//!
//! # Statement
//! A step sums maps sum_k d_k rot_k(x) of values, each followed by rotations that sum copies up, and is divided once, by P and the
//! primes of its level (`ckks::evaluate::linear`). Every slot of the result is within `bound_off` of the same function of the exact
//! factors and of the slots of the values; where a value is itself off (`bound_off` of a [`Value`]) of what is meant by it.
//!
//! # Method
//! In units of the sum: a baby step adds sum_j d_j e_j/P, times the factors that it meets; a giant step and a rotation that sums
//! copies a key switch; the division what a rescale rounds away (A1). An encoded diagonal of P values is a rounding of 2 P
//! coefficients. The rules are I3 of `certificates/INFERENCE.md`; the checker has its own account of them.

use crate::arith::number::{f64_above, f64_below};
use crate::arith::upper::Upper;
use crate::ckks::parameters::Parameters;
use crate::noise::formula::{Model, Tier};
use rug::{Integer, Rational};

/// 0.3184 of a coefficient's half, twice: and what an encoder rounds beyond a half, 2^-13.
const ENCODED: f64 = 0.3184 * (1.0 + 1.0 / 4096.0);
/// Fewer coefficients are counted as these: 1/(2 n sin(pi/2n)) is above its limit there.
const FEWEST: f64 = 64.0;

/// What a map takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Map {
    /// Diagonals.
    pub diagonals: usize,
    /// Baby steps other than 0.
    pub babies: usize,
    /// Giant steps other than 0.
    pub giants: usize,
    /// How many copies are summed up, a power of two.
    pub copies: usize,
    /// Values of a diagonal.
    pub period: usize,
    /// `bound` of the sum of the sizes of the factors of an element.
    pub bound_norm: f64,
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its scale.
    pub scale: Rational,
    /// `bound` of |decrypted| in every slot.
    pub bound_largest: f64,
    /// `bound` of how far it is from what is meant, where that is not counted as an activation's noise.
    pub bound_off: f64,
    /// `bound` of its imaginary part beside that.
    pub bound_aside: f64,
}

/// What is known of a step's sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sum {
    /// `bound` of how far it is from what is meant.
    pub bound_off: f64,
    /// `bound` of its imaginary part besides.
    pub bound_aside: f64,
}

/// Bounds what the maps of a step at a level add, whose sum has this scale after the division.
///
/// **Inputs** `bias`: `bound` of the constant's size.
#[must_use]
pub fn bound_sum(
    model: &Model,
    tier: Tier,
    (level, scale): (usize, &Rational),
    terms: &[(&Value, Map)],
    bias: f64,
) -> Sum {
    let tiny = 2f64.powi(-52);
    let before = f64_below(&Rational::from(scale * before(model.parameters(), level)));
    let under = f64_below(scale);
    let encode = Upper::of(model.bound_encode()).scaled(1.0 + 1.0 / 2048.0);
    let key_switch = Upper::of(model.bound_key_switch(level, tier)).over(before);
    let switched = Upper::of(model.bound_switched(level, tier));
    let mut off =
        (Upper::of(model.bound_rescale(tier)) + encode).over(under) + Upper::of(bias).scaled(tiny);
    let mut aside = Upper::ZERO;
    for (value, map) in terms {
        let factors = before / f64_above(&value.scale) * (1.0 - tiny);
        let norm = Upper::of(map.bound_norm);
        let coefficients = (2.0 * map.period as f64).max(FEWEST);
        let slot = Upper::product(ENCODED * (1.0 + tiny), coefficients).over(factors);
        let all = (map.diagonals * map.copies) as f64;
        let inexact = slot.scaled(all) + norm.scaled(tiny);
        let babies = match map.babies {
            0 => Upper::ZERO,
            _ => ((norm + inexact) * switched).over(f64_below(&value.scale)),
        };
        let switches = (map.giants * map.copies + map.copies - 1) as f64;
        off = off
            + inexact * Upper::of(value.bound_largest)
            + babies
            + key_switch.scaled(switches)
            + norm * Upper::of(value.bound_off);
        aside += norm * Upper::of(value.bound_aside);
    }
    Sum {
        bound_off: off.get(),
        bound_aside: aside.get(),
    }
}

/// The primes that a level adds.
fn before(parameters: &Parameters, level: usize) -> Integer {
    let moduli = parameters.moduli();
    moduli
        .get(level)
        .cloned()
        .unwrap_or_else(|| Integer::from(1))
}

/// Operations of a step that share a failure probability.
#[must_use]
pub fn operations(maps: &[Map]) -> usize {
    let one = |m: &Map| m.babies + m.giants + m.copies.trailing_zeros() as usize;
    maps.iter().map(one).sum::<usize>() + 1
}
