//! How proved floats are published: shortened outward, with room for another checker's rounding.
//!
//! The checker computes in fixed point and with other bits than the producer; a bound published to
//! the last bit would stand or fall with both roundings.

use crate::arith::mp::short;
use rug::float::Round;
use rug::{Float, Rational};

/// Significant bits of published bounds.
pub const BOUND_BITS: u32 = 80;

/// A lower bound, such as a witness's: lower by a relative 2^-60.
pub fn lower(x: &Float) -> Rational {
    let factor = one(x) - (one(x) >> 60u32);
    short(&(x.clone() * factor), BOUND_BITS, Round::Down)
}

/// An upper bound: higher by a relative 2^-60.
pub fn upper(x: &Float) -> Rational {
    let factor = one(x) + (one(x) >> 60u32);
    short(&(x.clone() * factor), BOUND_BITS, Round::Up)
}

/// The lower end of a range, which may be 0 or of either sign: lower by 2^-72.
pub fn range_lower(x: &Float) -> Rational {
    short(&(x.clone() - (one(x) >> 72u32)), BOUND_BITS, Round::Down)
}

/// The upper end of a range, which may be 0 or of either sign: higher by 2^-72.
pub fn range_upper(x: &Float) -> Rational {
    short(&(x.clone() + (one(x) >> 72u32)), BOUND_BITS, Round::Up)
}

fn one(like: &Float) -> Float {
    Float::with_val(like.prec(), 1)
}
