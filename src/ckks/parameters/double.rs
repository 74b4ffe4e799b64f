//! Numbers of twice the precision of f64: a sum hi + lo with |lo| <= ulp(hi)/2.
//!
//! **Accuracy** with u = 2^-53: sums are off by at most 3u^2/(1 - 4u), products by at most 5u^2,
//! relative to the result (Joldes, Muller, Popescu, "Tight and rigorous error bounds for basic
//! building blocks of double-word arithmetic", TOMS 44, 2017: AccurateDWPlusDW, DWTimesDW2).

use rug::ops::CompleteRound as _;
use rug::{Float, Integer, Rational};
use std::ops::{Add, Mul, Neg, Sub};

/// A number of twice the precision of f64.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Double {
    hi: f64,
    lo: f64,
}

/// s + e = a + b exactly.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// The same for |a| >= |b|.
#[inline(always)]
fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

impl Double {
    /// The nearest f64.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.hi
    }

    /// A real number, off by at most 2^-106 relative.
    #[must_use]
    pub fn of_float(x: &Float) -> Self {
        let hi = x.to_f64();
        let lo = (x - hi).complete(x.prec()).to_f64();
        Self { hi, lo }
    }

    /// A rational, off by at most 2^-105 relative.
    #[must_use]
    pub fn of_rational(x: &Rational) -> Self {
        Self::of_float(&Float::with_val(192, x))
    }

    /// An integer, off by at most 2^-105 relative.
    #[must_use]
    pub fn of_integer(x: &Integer) -> Self {
        let hi = x.to_f64();
        // Integers of more than 1023 bits have no f64; callers keep below.
        let Some(whole) = Integer::from_f64(hi) else {
            return Self { hi, lo: 0.0 };
        };
        let (hi, lo) = fast_two_sum(hi, (x - whole).to_f64());
        Self { hi, lo }
    }

    /// An integer within 1/2 + 2^-53, for values below 2^120.
    #[must_use]
    pub fn round(self) -> i128 {
        // The fractions of both parts are exact, at most 1/2; only their sum is rounded, by 2^-53.
        let (a, b) = (self.hi.round(), self.lo.round());
        let rest = ((self.hi - a) + (self.lo - b)).round();
        a as i128 + b as i128 + rest as i128
    }
}

impl From<f64> for Double {
    fn from(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }
}

impl Add for Double {
    type Output = Self;
    #[inline(always)]
    fn add(self, y: Self) -> Self {
        let (s, e) = two_sum(self.hi, y.hi);
        let (t, f) = two_sum(self.lo, y.lo);
        let (s, e) = fast_two_sum(s, e + t);
        let (hi, lo) = fast_two_sum(s, f + e);
        Self { hi, lo }
    }
}

impl Neg for Double {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self {
            hi: -self.hi,
            lo: -self.lo,
        }
    }
}

impl Sub for Double {
    type Output = Self;
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        self + -y
    }
}

impl Mul for Double {
    type Output = Self;
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        let p = self.hi * y.hi;
        let e = self.hi.mul_add(y.hi, -p);
        let cross = self.hi.mul_add(y.lo, self.lo * y.hi);
        let (hi, lo) = fast_two_sum(p, e + cross);
        Self { hi, lo }
    }
}

/// A complex number of twice the precision of f64.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ComplexDouble {
    /// Real part.
    pub re: Double,
    /// Imaginary part.
    pub im: Double,
}

impl ComplexDouble {
    /// The conjugate.
    #[must_use]
    pub fn conj(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    /// Multiplies both parts by a real number.
    #[must_use]
    pub fn scale(self, by: Double) -> Self {
        Self {
            re: self.re * by,
            im: self.im * by,
        }
    }
}

impl Add for ComplexDouble {
    type Output = Self;
    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Self {
            re: self.re + y.re,
            im: self.im + y.im,
        }
    }
}

impl Sub for ComplexDouble {
    type Output = Self;
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        Self {
            re: self.re - y.re,
            im: self.im - y.im,
        }
    }
}

impl Mul for ComplexDouble {
    type Output = Self;
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Self {
            re: self.re * y.re - self.im * y.im,
            im: self.re * y.im + self.im * y.re,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_accurate_to_twice_the_precision() {
        let exact =
            |x: Double| Rational::from_f64(x.hi).unwrap() + Rational::from_f64(x.lo).unwrap();
        let tiny = Rational::from((1, Integer::from(1) << 103));
        let mut x = Double::of_rational(&Rational::from((1, 3)));
        let y = Double::of_rational(&Rational::from((-22, 7)));
        for _ in 0..50 {
            for (got, want) in [
                (x + y, exact(x) + exact(y)),
                (x - y, exact(x) - exact(y)),
                (x * y, exact(x) * exact(y)),
            ] {
                let off = (exact(got) - &want).abs();
                assert!(off <= want.abs() * &tiny);
            }
            x = x * y + Double::from(1e-3);
        }
    }

    #[test]
    fn rounding_sees_both_parts() {
        let half = |n: i64| Double::of_rational(&(Rational::from(n) + Rational::from((1, 2))));
        assert_eq!(
            Double {
                hi: 0.5,
                lo: -1e-10
            }
            .round(),
            0
        );
        assert_eq!(Double { hi: 0.5, lo: 1e-10 }.round(), 1);
        assert_eq!((half(1 << 60) + Double::from(0.25)).round(), (1 << 60) + 1);
        let wide = (Integer::from(1) << 90) + 12_345;
        assert_eq!(Double::of_integer(&wide).round(), (1i128 << 90) + 12_345);
        assert_eq!(Double::of_integer(&-wide).round(), -(1i128 << 90) - 12_345);
    }
}
