//! Exact rational numbers.

use crate::core::budget::{size, Budget};
use crate::core::fault::Checked;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;
use std::fmt;

/// An exact rational number with a positive denominator.
///
/// **Guarantee**: numbers read from a certificate are in lowest terms; results of arithmetic may
/// not be. Comparison and equality are by value.
#[derive(Debug, Clone)]
pub struct Rational {
    num: BigInt,
    den: BigInt,
}

impl Rational {
    /// num/den, with a denominator known to be positive.
    pub(crate) fn raw(num: BigInt, den: BigInt) -> Self {
        debug_assert!(den.is_positive());
        Self { num, den }
    }

    /// An integer.
    pub(crate) fn integer(n: impl Into<BigInt>) -> Self {
        Self::raw(n.into(), BigInt::one())
    }

    /// num/2^k in lowest terms.
    pub(crate) fn dyadic(num: BigInt, k: u64) -> Self {
        let shift = num.trailing_zeros().unwrap_or(k).min(k);
        Self::raw(num >> shift, BigInt::one() << (k - shift))
    }

    /// The numerator; it has the number's sign.
    pub fn numer(&self) -> &BigInt {
        &self.num
    }

    /// The denominator; it is positive.
    pub fn denom(&self) -> &BigInt {
        &self.den
    }

    /// The product.
    pub(crate) fn times(&self, other: &Self) -> Self {
        Self::raw(&self.num * &other.num, &self.den * &other.den)
    }

    /// The quotient by a number above 0.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self::raw(&self.num * &other.den, &self.den * &other.num)
    }

    /// The sum.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        if self.den == other.den {
            return Self::raw(&self.num + &other.num, self.den.clone());
        }
        Self::raw(
            &self.num * &other.den + &other.num * &self.den,
            &self.den * &other.den,
        )
    }

    /// The negative.
    pub(crate) fn negated(&self) -> Self {
        Self::raw(-&self.num, self.den.clone())
    }

    /// The absolute value.
    pub(crate) fn abs(&self) -> Self {
        Self::raw(self.num.abs(), self.den.clone())
    }

    /// Greater than zero.
    pub(crate) fn is_positive(&self) -> bool {
        self.num.is_positive()
    }

    /// Equal to zero.
    pub(crate) fn is_zero(&self) -> bool {
        self.num.is_zero()
    }

    /// The largest n with n/2^bits <= self.
    pub(crate) fn floor_at(&self, bits: u64) -> BigInt {
        let scaled = &self.num << bits;
        if self.den.is_one() {
            return scaled;
        }
        scaled.div_floor(&self.den)
    }

    /// The smallest n with n/2^bits >= self.
    pub(crate) fn ceil_at(&self, bits: u64) -> BigInt {
        -self.negated().floor_at(bits)
    }

    /// The same value in lowest terms. **Cost**: quadratic in the length; charge it first.
    pub(crate) fn reduced(&self) -> Self {
        let divisor = self.num.gcd(&self.den);
        Self::raw(&self.num / &divisor, &self.den / &divisor)
    }

    /// Bits of the numerator and the denominator.
    pub(crate) fn bits(&self) -> u64 {
        self.num.bits() + self.den.bits()
    }
}

/// Numerator over a common denominator of several rationals.
///
/// # Errors
/// A rejection if the denominator or the work grows beyond the limits.
pub(crate) fn common_denominator(
    numbers: &[Rational],
    budget: &Budget,
) -> Checked<(Vec<BigInt>, BigInt)> {
    let mut den = BigInt::one();
    for number in numbers {
        budget.product(den.bits(), number.den.bits())?;
        if !den.is_multiple_of(&number.den) {
            let bits = den.bits() + number.den.bits();
            budget.charge(2 * bits * (bits / 128 + 10))?;
            den = den.lcm(&number.den);
            size(den.bits())?;
        }
    }
    let mut nums = Vec::with_capacity(numbers.len());
    for number in numbers {
        budget.product(number.num.bits(), den.bits())?;
        budget.product(
            number.den.bits(),
            den.bits() - number.den.bits().min(den.bits()),
        )?;
        nums.push(&number.num * (&den / &number.den));
    }
    Ok((nums, den))
}

impl PartialEq for Rational {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rational {}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.den == other.den {
            return self.num.cmp(&other.num);
        }
        (&self.num * &other.den).cmp(&(&other.num * &self.den))
    }
}

/// `n` or `n/d`.
impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den.is_one() {
            write!(f, "{}", self.num)
        } else {
            write!(f, "{}/{}", self.num, self.den)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(n: i64, d: i64) -> Rational {
        Rational::raw(n.into(), d.into())
    }

    #[test]
    fn rounding_to_a_grid_is_outward() {
        let third = r(-1, 3);
        assert_eq!(third.floor_at(2), BigInt::from(-2));
        assert_eq!(third.ceil_at(2), BigInt::from(-1));
        let half = r(1, 2);
        assert_eq!(half.floor_at(2), half.ceil_at(2));
    }

    #[test]
    fn common_denominators() {
        let numbers = vec![r(1, 6), r(-3, 4), r(2, 1)];
        let (nums, den) = common_denominator(&numbers, &Budget::new()).unwrap();
        assert_eq!(den, BigInt::from(12));
        assert_eq!(nums, [2, -9, 24].map(BigInt::from));
    }
}
