//! Interval arithmetic on integers over 2^precision, rounded outward.
//!
//! An interval [lo, hi] stands for [lo/2^p, hi/2^p]. Shifts of negative integers round towards
//! minus infinity, so `x >> p` is the floor and `-(-x >> p)` the ceiling of x/2^p.

use crate::core::budget::{limbs, size, Budget};
use crate::core::fault::Checked;
use num_bigint::{BigInt, Sign};
use num_traits::{One, Signed, Zero};

/// A closed interval in units of 2^-precision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) lo: BigInt,
    pub(crate) hi: BigInt,
}

/// The precision, and the budget that every product is charged to.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub(crate) precision: u64,
    pub(crate) budget: Budget,
}

impl Interval {
    /// An interval of one point.
    pub(crate) fn point(x: &BigInt) -> Self {
        Self {
            lo: x.clone(),
            hi: x.clone(),
        }
    }

    /// The interval [lo, hi].
    pub(crate) fn new(lo: BigInt, hi: BigInt) -> Self {
        debug_assert!(lo <= hi);
        Self { lo, hi }
    }

    /// The smallest interval around both.
    pub(crate) fn hull(&mut self, other: &Self) {
        if other.lo < self.lo {
            self.lo.clone_from(&other.lo);
        }
        if other.hi > self.hi {
            self.hi.clone_from(&other.hi);
        }
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self::new(&self.lo + &other.lo, &self.hi + &other.hi)
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self::new(&self.lo - &other.hi, &self.hi - &other.lo)
    }

    pub(crate) fn negated(&self) -> Self {
        Self::new(-&self.hi, -&self.lo)
    }

    /// Half of it, rounded outward.
    pub(crate) fn half(&self) -> Self {
        Self::new(&self.lo >> 1, half_up(&self.hi))
    }

    /// The largest absolute value.
    pub(crate) fn mag(&self) -> BigInt {
        self.lo.abs().max(self.hi.abs())
    }

    /// The smallest absolute value.
    pub(crate) fn mig(&self) -> BigInt {
        if self.lo.is_positive() {
            self.lo.clone()
        } else if self.hi.is_negative() {
            -&self.hi
        } else {
            BigInt::zero()
        }
    }

    /// The sign that all its points have.
    pub(crate) fn sign(&self) -> Option<Sign> {
        if self.lo.is_positive() {
            Some(Sign::Plus)
        } else if self.hi.is_negative() {
            Some(Sign::Minus)
        } else {
            None
        }
    }

    /// Whether it lies in [lo, hi].
    pub(crate) fn inside(&self, lo: &BigInt, hi: &BigInt) -> bool {
        *lo <= self.lo && self.hi <= *hi
    }
}

impl Fixed {
    /// The number 1.
    pub(crate) fn one(&self) -> BigInt {
        BigInt::one() << self.precision
    }

    /// The same with more bits, on the same budget; only the precision inside differs.
    pub(crate) fn finer<T>(&self, bits: u64, make: impl FnOnce(&Self) -> Checked<T>) -> Checked<T> {
        let fine = Self {
            precision: self.precision + bits,
            budget: self.budget.lent(),
        };
        let made = make(&fine);
        self.budget.returned(fine.budget);
        made
    }

    /// 1 - x.
    pub(crate) fn one_minus(&self, x: &Interval) -> Interval {
        let one = self.one();
        Interval::new(&one - &x.hi, one - &x.lo)
    }

    /// 1 + x.
    pub(crate) fn one_plus(&self, x: &Interval) -> Interval {
        let one = self.one();
        Interval::new(&one + &x.lo, one + &x.hi)
    }

    /// Encloses the products of a point of `a` and a point of `b`.
    ///
    /// # Errors
    /// A rejection beyond the limits, here and in the other operations.
    pub(crate) fn mul(&self, a: &Interval, b: &Interval) -> Checked<Interval> {
        self.charge(a, b)?;
        let (low, high) = products(a, b);
        Ok(Interval::new(
            low >> self.precision,
            ceil_shift(high, self.precision),
        ))
    }

    /// Encloses the squares.
    pub(crate) fn square(&self, a: &Interval) -> Checked<Interval> {
        self.charge(a, a)?;
        let (small, large) = (a.mig(), a.mag());
        Ok(Interval::new(
            (&small * &small) >> self.precision,
            ceil_shift(&large * &large, self.precision),
        ))
    }

    /// a b rounded up.
    pub(crate) fn mul_up(&self, a: &BigInt, b: &BigInt) -> Checked<BigInt> {
        size(a.bits() + b.bits())?;
        self.budget.charge(limbs(a) * limbs(b) + 30)?;
        Ok(ceil_shift(a * b, self.precision))
    }

    fn charge(&self, a: &Interval, b: &Interval) -> Checked<()> {
        let bits_a = a.lo.bits().max(a.hi.bits());
        let bits_b = b.lo.bits().max(b.hi.bits());
        size(bits_a + bits_b)?;
        // Two products, two shifts, and what it takes to allocate them.
        self.budget
            .charge(2 * (bits_a / 64 + 1) * (bits_b / 64 + 1) + (bits_a + bits_b) / 16 + 150)
    }
}

/// x/2^shift rounded up.
pub(crate) fn ceil_shift(x: BigInt, shift: u64) -> BigInt {
    -(-x >> shift)
}

/// x/2 rounded up.
pub(crate) fn half_up(x: &BigInt) -> BigInt {
    (x + 1) >> 1
}

/// The least and the greatest product, by the signs of the factors.
fn products(a: &Interval, b: &Interval) -> (BigInt, BigInt) {
    #[derive(Clone, Copy)]
    enum Signs {
        NotNegative,
        NotPositive,
        Both,
    }
    let signs = |x: &Interval| {
        if !x.lo.is_negative() {
            Signs::NotNegative
        } else if !x.hi.is_positive() {
            Signs::NotPositive
        } else {
            Signs::Both
        }
    };
    match (signs(a), signs(b)) {
        (Signs::NotNegative, Signs::NotNegative) => (&a.lo * &b.lo, &a.hi * &b.hi),
        (Signs::NotNegative, Signs::NotPositive) => (&a.hi * &b.lo, &a.lo * &b.hi),
        (Signs::NotNegative, Signs::Both) => (&a.hi * &b.lo, &a.hi * &b.hi),
        (Signs::NotPositive, Signs::NotNegative) => (&a.lo * &b.hi, &a.hi * &b.lo),
        (Signs::NotPositive, Signs::NotPositive) => (&a.hi * &b.hi, &a.lo * &b.lo),
        (Signs::NotPositive, Signs::Both) => (&a.lo * &b.hi, &a.lo * &b.lo),
        (Signs::Both, Signs::NotNegative) => (&a.lo * &b.hi, &a.hi * &b.hi),
        (Signs::Both, Signs::NotPositive) => (&a.hi * &b.lo, &a.lo * &b.lo),
        (Signs::Both, Signs::Both) => (
            (&a.lo * &b.hi).min(&a.hi * &b.lo),
            (&a.lo * &b.lo).max(&a.hi * &b.hi),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_integer::Integer;

    fn fixed() -> Fixed {
        Fixed {
            precision: 3,
            budget: Budget::new(),
        }
    }

    fn interval(lo: i64, hi: i64) -> Interval {
        Interval::new(lo.into(), hi.into())
    }

    /// Every product of small intervals, against all four corner products divided exactly.
    #[test]
    fn products_are_the_tightest_outward_ones() {
        let fixed = fixed();
        let ends = [-13_i64, -8, -1, 0, 1, 3, 16];
        for (i, a_lo) in ends.iter().enumerate() {
            for a_hi in &ends[i..] {
                for (j, b_lo) in ends.iter().enumerate() {
                    for b_hi in &ends[j..] {
                        let corners = [a_lo * b_lo, a_lo * b_hi, a_hi * b_lo, a_hi * b_hi];
                        let lo = Integer::div_floor(corners.iter().min().unwrap(), &8);
                        let hi = Integer::div_ceil(corners.iter().max().unwrap(), &8);
                        let product = fixed.mul(&interval(*a_lo, *a_hi), &interval(*b_lo, *b_hi));
                        assert_eq!(product.unwrap(), interval(lo, hi));
                    }
                }
                let square = fixed.square(&interval(*a_lo, *a_hi)).unwrap();
                for x in *a_lo..=*a_hi {
                    assert!(square.lo <= Integer::div_floor(&(x * x), &8).into());
                    assert!(square.hi >= Integer::div_ceil(&(x * x), &8).into());
                }
                assert!(!square.lo.is_negative());
            }
        }
    }

    #[test]
    fn halves_and_sizes() {
        assert_eq!(interval(-3, 5).half(), interval(-2, 3));
        assert_eq!(half_up(&BigInt::from(-3)), BigInt::from(-1));
        assert_eq!(interval(-3, 2).mag(), BigInt::from(3));
        assert_eq!(interval(-3, 2).mig(), BigInt::zero());
        assert_eq!(interval(-3, -2).mig(), BigInt::from(2));
        assert_eq!(interval(2, 3).mig(), BigInt::from(2));
        assert_eq!(interval(0, 3).sign(), None);
        assert_eq!(interval(-3, -1).sign(), Some(Sign::Minus));
        assert_eq!(interval(1, 1).sign(), Some(Sign::Plus));
        assert_eq!(fixed().one_minus(&interval(1, 2)), interval(6, 7));
        assert_eq!(interval(1, 2).minus(&interval(4, 9)), interval(-8, -2));
        assert_eq!(interval(1, 2).negated(), interval(-2, -1));
    }

    #[test]
    fn numbers_do_not_grow_without_end() {
        let fixed = fixed();
        let mut x = interval(0, 1_000_000);
        let ended = (0..100).any(|_| match fixed.square(&x) {
            Ok(square) => {
                x = square;
                false
            }
            Err(_) => true,
        });
        assert!(ended);
    }
}
