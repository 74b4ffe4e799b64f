//! Machine integers over 2^precision, and slopes over 2^30: outward rounding, and no result that does not fit.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use num_bigint::BigInt;

/// Fractional bits of slopes.
pub(crate) const SLOPE_BITS: u32 = 30;
/// The slope 1.
pub(crate) const ONE: i64 = 1 << SLOPE_BITS;
/// Values and coefficients are below 2^this.
const VALUE_BITS: u32 = 58;

/// A bound or a coefficient that is too large for the format.
pub(crate) fn vacuous() -> Fault {
    Fault::rejected(
        Rule::Limit,
        format!("a bound or a coefficient of 2^{VALUE_BITS} units of 2^-precision: vacuous, or the precision is too high"),
    )
}

/// The integer as a value.
pub(crate) fn value(x: i128) -> Checked<i64> {
    let small = i64::try_from(x).ok();
    let small = small.filter(|v| v.unsigned_abs() >> VALUE_BITS == 0);
    small.ok_or_else(vacuous)
}

fn integer(x: &BigInt) -> Checked<i64> {
    i128::try_from(x).map_err(|_| vacuous()).and_then(value)
}

pub(crate) fn rounded_down(x: &Rational, precision: u32) -> Checked<i64> {
    integer(&x.floor_at(u64::from(precision)))
}

pub(crate) fn rounded_up(x: &Rational, precision: u32) -> Checked<i64> {
    integer(&x.ceil_at(u64::from(precision)))
}

/// x / 2^bits, rounded up.
pub(crate) fn shift_up(x: i128, bits: u32) -> i128 {
    -((-x) >> bits)
}

/// Both below 2^63, so their product is below 2^126.
pub(crate) fn product(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

/// The sum, if it fits.
pub(crate) fn sum(a: i128, b: i128) -> Checked<i128> {
    a.checked_add(b).ok_or_else(vacuous)
}
