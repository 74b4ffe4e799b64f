//! Multiprecision intervals: two rug floats, every operation rounded outward.
//!
//! Enclosures are closed and finite; the precision of a result is that of its operands. Exact
//! numbers enter through [`Mp::exact`] and [`Mp::from_rational`].

use rug::float::Round;
use rug::ops::{AddAssignRound, MulAssignRound, SubAssignRound};
use rug::{Assign, Float, Rational};
use std::cmp::Ordering;

/// A closed interval [lo, hi].
#[derive(Debug, Clone, PartialEq)]
pub struct Mp {
    /// Lower end.
    pub lo: Float,
    /// Upper end.
    pub hi: Float,
}

impl Mp {
    /// The interval [x, x].
    pub fn exact(x: &Float) -> Self {
        Self {
            lo: x.clone(),
            hi: x.clone(),
        }
    }

    /// The interval [lo, hi]; the ends are put in order.
    pub fn new(lo: Float, hi: Float) -> Self {
        if lo <= hi {
            Self { lo, hi }
        } else {
            Self { lo: hi, hi: lo }
        }
    }

    /// The tightest interval of `prec` bits that holds a rational.
    pub fn from_rational(prec: u32, x: &Rational) -> Self {
        Self {
            lo: Float::with_val_round(prec, x, Round::Down).0,
            hi: Float::with_val_round(prec, x, Round::Up).0,
        }
    }

    /// An integer, exactly (for `prec` >= 32).
    pub fn int(prec: u32, n: i32) -> Self {
        Self::exact(&Float::with_val(prec, n))
    }

    /// [m - e, m + e], rounded outward; e >= 0.
    pub fn around(m: Float, e: f64) -> Self {
        let mut lo = m.clone();
        lo.sub_assign_round(e, Round::Down);
        let mut hi = m;
        hi.add_assign_round(e, Round::Up);
        Self { lo, hi }
    }

    /// Precision in bits.
    pub fn prec(&self) -> u32 {
        self.lo.prec()
    }

    /// Sum.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.lo.add_assign_round(&other.lo, Round::Down);
        self.hi.add_assign_round(&other.hi, Round::Up);
        self
    }

    /// Difference.
    #[must_use]
    pub fn minus(mut self, other: &Self) -> Self {
        self.lo.sub_assign_round(&other.hi, Round::Down);
        self.hi.sub_assign_round(&other.lo, Round::Up);
        self
    }

    /// Opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            lo: -self.hi,
            hi: -self.lo,
        }
    }

    /// Product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let down = |a: &Float, b: &Float| product(a, b, Round::Down);
        let up = |a: &Float, b: &Float| product(a, b, Round::Up);
        let (a, b, c, d) = (&self.lo, &self.hi, &other.lo, &other.hi);
        if !a.is_sign_negative() && !c.is_sign_negative() {
            return Self {
                lo: down(a, c),
                hi: up(b, d),
            };
        }
        let lo = min(min(down(a, c), down(a, d)), min(down(b, c), down(b, d)));
        let hi = max(max(up(a, c), up(a, d)), max(up(b, c), up(b, d)));
        Self { lo, hi }
    }

    /// [lo - e, hi + e], rounded outward; e >= 0.
    #[must_use]
    pub fn widened(mut self, e: &Float) -> Self {
        self.lo.sub_assign_round(e, Round::Down);
        self.hi.add_assign_round(e, Round::Up);
        self
    }

    /// Half of it, exactly.
    #[must_use]
    pub fn half(mut self) -> Self {
        self.lo >>= 1;
        self.hi >>= 1;
        self
    }

    /// Smallest interval that holds both.
    #[must_use]
    pub fn hull(mut self, other: &Self) -> Self {
        if other.lo < self.lo {
            self.lo.assign(&other.lo);
        }
        if other.hi > self.hi {
            self.hi.assign(&other.hi);
        }
        self
    }

    /// Upper bound of |x| over the interval.
    pub fn magnitude(&self) -> Float {
        max(self.hi.clone().abs(), self.lo.clone().abs())
    }

    /// Lower bound of |x| over the interval; 0 if it holds 0.
    pub fn mignitude(&self) -> Float {
        if self.lo > 0 {
            self.lo.clone()
        } else if self.hi < 0 {
            -self.hi.clone()
        } else {
            Float::new(self.prec())
        }
    }

    /// Whether every point of `other` lies in this interval.
    pub fn contains(&self, other: &Self) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    /// Whether the two have a point in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.lo <= other.hi && other.lo <= self.hi
    }

    /// The sign that every point has, if one is proved.
    pub fn sign(&self) -> Option<Ordering> {
        if self.lo > 0 {
            Some(Ordering::Greater)
        } else if self.hi < 0 {
            Some(Ordering::Less)
        } else {
            None
        }
    }

    /// Midpoint (rounded) and an upper bound of the distance to either end.
    pub fn ball(&self) -> (Float, f64) {
        let mut mid = Float::with_val(self.prec(), &self.lo + &self.hi);
        mid >>= 1;
        let mut up = self.hi.clone();
        up.sub_assign_round(&mid, Round::Up);
        let mut down = mid.clone();
        down.sub_assign_round(&self.lo, Round::Up);
        let radius = max(up, down).to_f64_round(Round::Up);
        (mid, radius)
    }
}

fn product(a: &Float, b: &Float, round: Round) -> Float {
    let mut p = a.clone();
    p.mul_assign_round(b, round);
    p
}

/// A float as an exact rational, rounded up or down to `bits` significant bits to keep it short.
pub fn short(x: &Float, bits: u32, round: Round) -> Rational {
    Float::with_val_round(bits, x, round)
        .0
        .to_rational()
        .unwrap_or_default()
}

/// The smaller of two floats.
pub fn min(a: Float, b: Float) -> Float {
    if b < a {
        b
    } else {
        a
    }
}

/// The larger of two floats.
pub fn max(a: Float, b: Float) -> Float {
    if b > a {
        b
    } else {
        a
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_cover_every_sign() {
        let ends = [-3, -1, 0, 2, 5];
        for &a in &ends {
            for &b in ends.iter().filter(|&&b| b >= a) {
                for &c in &ends {
                    for &d in ends.iter().filter(|&&d| d >= c) {
                        let f = |n: i32| Float::with_val(64, n);
                        let p = Mp::new(f(a), f(b)).times(&Mp::new(f(c), f(d)));
                        let all = [a * c, a * d, b * c, b * d];
                        assert_eq!(p.lo, *all.iter().min().unwrap());
                        assert_eq!(p.hi, *all.iter().max().unwrap());
                    }
                }
            }
        }
    }

    #[test]
    fn rounding_is_outward() {
        let third = Mp::from_rational(64, &Rational::from((1, 3)));
        assert!(third.lo < third.hi);
        let one = third.clone().plus(&third).plus(&third);
        assert!(one.lo <= 1 && one.hi >= 1 && one.lo < one.hi);
        let (m, r) = one.ball();
        assert!(Mp::around(m, r).contains(&one));
    }
}
