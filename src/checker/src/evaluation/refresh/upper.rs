//! Upper bounds as multiples of 2^-192, every operation rounded up.

use crate::core::fixed::ceil_shift;
use crate::core::number::Rational;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

/// Fractional bits.
const BITS: u64 = 192;

/// A number that something is at most; never below 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Upper(BigInt);

impl Upper {
    pub(crate) fn zero() -> Self {
        Self(BigInt::zero())
    }

    /// Of a number that is not below 0.
    pub(crate) fn of(x: &Rational) -> Self {
        debug_assert!(!x.numer().is_negative());
        Self(x.ceil_at(BITS))
    }

    pub(crate) fn ratio(n: u64, d: u64) -> Self {
        Self::of(&Rational::raw(n.into(), d.into()))
    }

    /// 2^k.
    pub(crate) fn power(k: u64) -> Self {
        Self(BigInt::one() << (BITS + k))
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0)
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        Self(ceil_shift(&self.0 * &other.0, BITS))
    }

    /// Times an integer.
    pub(crate) fn scaled(&self, n: u64) -> Self {
        Self(&self.0 * n)
    }

    /// Over a number above 0.
    pub(crate) fn over(&self, x: &Rational) -> Self {
        let n = -(&self.0 * x.denom());
        Self(-n.div_floor(x.numer()))
    }

    /// Over 2^k.
    pub(crate) fn halved(&self, k: u64) -> Self {
        Self(ceil_shift(self.0.clone(), k))
    }

    pub(crate) fn root(&self) -> Self {
        Self((&self.0 << BITS).sqrt() + 1u32)
    }

    /// The number itself.
    pub(crate) fn rational(&self) -> Rational {
        Rational::dyadic(self.0.clone(), BITS)
    }

    /// The same with so many fractional bits, rounded up.
    pub(crate) fn ceil_at(&self, bits: u64) -> BigInt {
        match BITS.checked_sub(bits) {
            Some(less) => ceil_shift(self.0.clone(), less),
            None => &self.0 << (bits - BITS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_rounded_up_and_by_little() {
        let third = Upper::ratio(1, 3);
        let unit = Upper(BigInt::one());
        assert_eq!(third.scaled(3), Upper::ratio(1, 1).plus(&unit.scaled(2)));
        let two = Upper::ratio(2, 1);
        let root = two.root();
        assert!(root.times(&root) >= two);
        let less = Upper(&root.0 - 2u32);
        assert!(less.times(&less) <= two);
        let seventh = Upper::ratio(1, 1).over(&Rational::integer(7));
        assert_eq!(seventh, Upper::ratio(1, 7));
        assert_eq!(Upper::power(3).halved(3), Upper::ratio(1, 1));
        assert_eq!(unit.halved(5), unit);
        assert_eq!(Upper::ratio(3, 4).ceil_at(1), BigInt::from(2));
        assert_eq!(
            Upper::ratio(3, 4).ceil_at(BITS + 2),
            BigInt::from(3) << BITS
        );
    }
}
