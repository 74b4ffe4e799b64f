//! Rule I3: what the linear maps of a step add, in every slot.
//!
//! A step's sum is divided once; what operations add is that of `src/ckks/evaluate/linear.rs`: a baby step its digits' part alone,
//! a giant step and a rotation that sums copies a key switch, the division what a rescale rounds away. Encoded diagonals are off
//! by what their coefficients are: 2 P of them, P values in a period.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::noise::OperationNoise;
use crate::evaluation::parameters::Parameters;
use crate::evaluation::refresh::upper::Upper;
use crate::inference::place::Shape;
use crate::inference::rows::BITS;

pub(super) const RULE: Rule = Rule::Own("I3 maps");
/// What an encoder rounds is as E3 says up to here.
const ENCODED_BITS: u64 = 83;

/// What is known of a value before a map.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) level: usize,
    pub(super) scale: Rational,
    /// |decrypted| in every slot.
    pub(super) largest: Upper,
    /// What is not counted elsewhere of how far it is off: of the input all, else 0.
    pub(super) off: Upper,
    /// How far the imaginary part is off 0.
    pub(super) aside: Upper,
}

/// A map of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    pub(super) shape: Shape,
    /// The greatest sum of a row, and the greatest factor: multiples of 2^-40.
    pub(super) norm: u64,
    pub(super) factor: u64,
}

/// The sum of a step.
#[derive(Debug)]
pub(super) struct Sum {
    /// How far it is from what is meant: the linear function of what was decrypted before (of the input: of the input itself).
    pub(super) off: Upper,
    /// How far from 0 its imaginary part may be besides.
    pub(super) aside: Upper,
    /// A bound of its size, whatever is meant.
    pub(super) largest: Upper,
}

fn exact(x: u64) -> Upper {
    Upper::of(&Rational::dyadic(x.into(), BITS))
}

/// What the maps of a step at a level add to its sum, which has this scale after the division.
///
/// **Inputs** `bias`: the constant's greatest size, a multiple of 2^-40.
///
/// # Errors
/// A rejection of factors or constants that are beyond what an encoder rounds as is said, and of a sum that may wrap.
pub(super) fn sum(
    parameters: &Parameters,
    noise: &OperationNoise,
    (level, scale): (usize, &Rational),
    terms: &[(&Value, Map)],
    bias: u64,
) -> Checked<Sum> {
    let most = Rational::integer(num_bigint::BigInt::from(1) << ENCODED_BITS);
    let encodes = |size: &Upper, scale: &Rational| size.rational().times(scale) <= most;
    let before = scale.times(&Rational::integer(Parameters::product(
        parameters.added(level),
    )));
    let key_switch = Upper::of(&noise.key_switch(level)).over(&before);
    let switched = Upper::of(&noise.switched(level));
    let tiny = Upper::power(0).halved(52);
    let rounding = Upper::of(&noise.any_stray_rounding()).times(&stray());
    let bias = exact(bias);
    if !encodes(&bias, scale) {
        return Err(Fault::rejected(RULE, "a constant of more than 2^83 units"));
    }
    // The division, and the constant: encoded, and off as an f64.
    let mut off = Upper::of(&noise.rescale())
        .plus(&rounding)
        .over(scale)
        .plus(&bias.times(&tiny));
    let (mut aside, mut largest) = (Upper::zero(), bias);
    for (value, map) in terms {
        let shape = &map.shape;
        let factors = before.over(&value.scale);
        let (norm, factor) = (exact(map.norm), exact(map.factor));
        if value.level < level || !encodes(&factor.scaled(2), &factors) {
            let text = "a factor of more than 2^82 units, or a value below the level of its map";
            return Err(Fault::rejected(RULE, text));
        }
        // 0.3184 of so many coefficients at a half each; fewer than 64 are taken for 64 (1/sin is above its limit there).
        let coefficients = Upper::power((shape.log_period + 1).max(6));
        let slot = Upper::ratio(3_184, 10_000)
            .times(&coefficients)
            .times(&stray());
        let slot = slot.over(&factors);
        let encoded = slot.scaled(shape.diagonals << shape.folds);
        let inexact = norm.times(&tiny).plus(&encoded);
        let babies = norm.plus(&inexact).times(&switched).over(&value.scale);
        let babies = match shape.babies {
            0 => Upper::zero(),
            _ => babies,
        };
        // Each giant step is in every copy that is summed; a rotation by 2^i copies is summed by those that follow.
        let switches = (shape.giants << shape.folds) + ((1 << shape.folds) - 1);
        off = off
            .plus(&inexact.times(&value.largest))
            .plus(&babies)
            .plus(&key_switch.scaled(switches))
            .plus(&norm.times(&value.off));
        aside = aside.plus(&norm.times(&value.aside));
        largest = largest.plus(&norm.times(&value.largest));
    }
    Ok(Sum {
        largest: largest.plus(&off),
        off,
        aside,
    })
}

/// 1 + 2^-12: a coefficient within 1/2 + 2^-13, in units of a half.
fn stray() -> Upper {
    Upper::power(0).plus(&Upper::power(0).halved(12))
}

/// Refuses what does not fit the modulus of a level.
///
/// # Errors
/// A rejection.
pub(super) fn fits(
    parameters: &Parameters,
    (level, scale): (usize, &Rational),
    largest: &Upper,
    place: &str,
) -> Checked<()> {
    let modulus = Rational::integer(Parameters::product(parameters.present(level)));
    match largest.scaled(2).rational().times(scale) <= modulus {
        true => Ok(()),
        false => Err(Fault::rejected(
            RULE,
            format!("{place}: values and noise may leave the modulus of level {level}"),
        )),
    }
}

/// Events of the maps that share a failure probability.
pub(super) fn operations(shape: &Shape) -> u64 {
    shape.babies + shape.giants + shape.folds
}
