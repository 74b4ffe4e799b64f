//! Balls of integers over 2^precision.
//!
//! An activation is a list of midpoints and one radius for all of them: every exact value is within the
//! radius of its midpoint. One radius is simple, and the growth that it costs is paid for by precision.

use crate::core::fault::{Checked, Fault};
use crate::network::model::layers::Dyadic;
use num_bigint::BigInt;
use num_traits::Signed;

/// Midpoints over 2^precision, and one radius.
#[derive(Debug, Clone)]
pub(crate) struct Balls {
    pub(crate) mid: Vec<BigInt>,
    pub(crate) radius: BigInt,
}

impl Balls {
    pub(crate) fn get(&self, i: usize) -> Checked<&BigInt> {
        self.mid.get(i).ok_or_else(|| Fault::internal("element"))
    }

    /// The greatest |midpoint|.
    pub(crate) fn greatest(&self) -> BigInt {
        self.mid.iter().map(Signed::abs).max().unwrap_or_default()
    }
}

/// A dyadic over 2^precision, rounded down (off by less than 1).
pub(crate) fn fixed(d: &Dyadic, precision: u64) -> BigInt {
    let e = i128::from(d.exponent) + i128::from(precision);
    match u64::try_from(e) {
        Ok(up) => &d.mantissa << up,
        Err(_) => &d.mantissa >> u64::try_from(-e).unwrap_or(u64::MAX),
    }
}

/// Whether a dyadic is a number over 2^precision, so that [`fixed`] rounds nothing.
pub(crate) fn is_held(d: &Dyadic, precision: u64) -> bool {
    let below = i128::from(d.exponent) + i128::from(precision);
    let zeros = d.mantissa.trailing_zeros();
    zeros.is_none_or(|zeros| i128::from(zeros) + below >= 0)
}

/// x / 2^bits, rounded up.
pub(crate) fn shift_up(x: &BigInt, bits: u64) -> BigInt {
    -(-x >> bits)
}
