//! Errors and noise as powers of 2.

use crate::arith::number;
use rug::Rational;

/// 2^-9.02 of a base-2 logarithm, rounded up.
pub(super) fn power(log2: f64) -> String {
    format!("2^{:.2}", (log2 * 100.0).ceil() / 100.0)
}

/// `2^-21.76`, rounded up; a power of 2 as such.
pub(super) fn amount(x: &Rational) -> String {
    match *x.numer() == 1 && x.denom().is_power_of_two() {
        true => format!("2^-{}", x.denom().significant_bits() - 1),
        false => power(number::estimate_log2(x)),
    }
}
