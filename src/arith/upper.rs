//! Upper bounds in f64: numbers that are only ever rounded up.
//!
//! An [`Upper`] is not below the exact value of the expression that it was made from. Every operation is done to
//! nearest, and its rounding error is then known exactly or in sign, so that the result goes up by one place only
//! where it is below the exact one (u = 2^-53, no rounding mode is switched):
//! - **Sum** s = fl(a + b): TwoSum gives t with s + t = a + b exactly; up if t > 0. Sums do not underflow.
//! - **Product** p = fl(a b): e = fma(a, b, -p) is exactly a b - p, if |p| >= 2^-960: then e is a multiple of 2^-1074
//!   that fits f64. Up if e > 0, and always below 2^-960.
//! - **Quotient** q = fl(a / d): fma(-q, d, a) is exactly a - q d (|a| >= 2^-960, q normal); up if it is positive.
//! - **Root** r: fma(-r, r, x) is exactly x - r^2; up if it is positive.
//!
//! Exact results stay exact: zero stays zero. NaN becomes infinity, which proves nothing.
//!
//! Long sums in hot loops are computed plainly and rounded up once, by the number of roundings: with n of them
//! a nonnegative expression of sums and products is x = exact (1 + d_1)^(+-1) ... (1 + d_n)^(+-1), |d| <= u, so exact <=
//! x (1 + gamma_n), gamma_n = n u/(1 - n u) (Higham, Accuracy and Stability, lemma 3.1): [`gamma`], [`Upper::computed`].

use crate::arith::ball::two_sum;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

/// 2^-53: half the distance from 1 to the next f64.
pub const UNIT: f64 = f64::EPSILON / 2.0;
/// 2^-24: the same of f32.
pub const UNIT_F32: f64 = 1.0 / 16_777_216.0;
/// Below 2^-960 errors of products may be lost.
const SMALL: f64 = f64::MIN_POSITIVE * (1u64 << 62) as f64;

/// A number that is not below the exact one.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Upper(f64);

impl Upper {
    /// 0, exactly.
    pub const ZERO: Self = Self(0.0);
    /// 1, exactly.
    pub const ONE: Self = Self(1.0);
    /// Nothing is known.
    pub const INFINITE: Self = Self(f64::INFINITY);

    /// An f64 as it is: exact, or an upper bound already. NaN is infinity.
    #[inline]
    pub fn of(x: f64) -> Self {
        if x.is_nan() {
            Self::INFINITE
        } else {
            Self(x)
        }
    }

    /// |x|.
    #[inline]
    pub fn size(x: f64) -> Self {
        Self::of(x.abs())
    }

    /// The bound.
    #[inline]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The bound as an f32, rounded up.
    #[inline]
    pub fn get_f32(self) -> f32 {
        let near = self.0 as f32;
        if f64::from(near) < self.0 {
            near.next_up()
        } else {
            near
        }
    }

    /// a b for numbers of any sign, exact themselves.
    #[inline]
    pub fn product(a: f64, b: f64) -> Self {
        let p = a * b;
        if p.is_nan() {
            return Self::INFINITE;
        }
        let below = if p.abs() >= SMALL {
            // Beyond all f64 numbers infinity stays, and its negative becomes the least of them.
            a.mul_add(b, -p) > 0.0
        } else {
            a != 0.0 && b != 0.0
        };
        Self(if below { p.next_up() } else { p })
    }

    /// A bound of h x for an exact h >= 0, x of any sign.
    #[inline]
    #[must_use]
    pub fn scaled(self, h: f64) -> Self {
        if h >= 0.0 {
            Self::product(self.0, h)
        } else {
            Self::INFINITE
        }
    }

    /// A bound of x / d, x >= 0, for d > 0 that is exact or a lower bound.
    #[inline]
    #[must_use]
    pub fn over(self, d: f64) -> Self {
        let q = self.0 / d;
        if self.0 == 0.0 && d > 0.0 {
            return Self::ZERO;
        }
        if !(self.0 > 0.0 && d > 0.0 && q.is_finite()) {
            return Self::INFINITE;
        }
        let sure = self.0 >= SMALL && q >= SMALL;
        if sure && (-q).mul_add(d, self.0) <= 0.0 {
            return Self(q);
        }
        Self(q.next_up())
    }

    /// The root of a number >= 0.
    #[inline]
    #[must_use]
    pub fn sqrt(self) -> Self {
        let r = self.0.sqrt();
        if self.0 == 0.0 || r.is_infinite() {
            return self;
        }
        if self.0 >= SMALL && (-r).mul_add(r, self.0) <= 0.0 {
            return Self(r);
        }
        Self::of(r.next_up())
    }

    /// The larger bound.
    #[inline]
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// The smaller of two bounds of one number.
    #[inline]
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// A nonnegative expression of sums and products (fused or not) of nonnegative numbers, computed to nearest with at
    /// most `roundings` of them between any of its terms and the result.
    ///
    /// **Guarantee** also where products underflow, at most `roundings` of them and not multiplied any more.
    #[inline]
    pub fn computed(x: f64, roundings: usize) -> Self {
        let lost = Self::of(roundings as f64) * Self(f64::from_bits(1));
        Self::of(x) * (Self::ONE + gamma(roundings, UNIT)) + lost
    }

    /// sum a_i b_i of nonnegative numbers.
    pub fn dot(a: &[f64], b: &[f64]) -> Self {
        let n = a.len().min(b.len());
        let sum = a.iter().zip(b).fold(0.0, |s: f64, (x, y)| x.mul_add(*y, s));
        Self::computed(sum, n)
    }

    /// Euclidean norm of numbers of any sign.
    pub fn norm(v: &[f64]) -> Self {
        let sum = v.iter().fold(0.0, |s: f64, x| x.mul_add(*x, s));
        Self::computed(sum, v.len()).sqrt()
    }
}

/// gamma_n = n u/(1 - n u); infinite where it means nothing, n u >= 1/2.
pub fn gamma(n: usize, unit: f64) -> Upper {
    // Exact below 2^53, and every unit is a power of two.
    let t = n as f64 * unit;
    if t < 0.5 {
        Upper::of(t).over((1.0 - t).next_down())
    } else {
        Upper::INFINITE
    }
}

impl Add for Upper {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        let (s, t) = two_sum(self.0, other.0);
        if s.is_nan() {
            return Self::INFINITE;
        }
        // Of an infinite sum t is no number; near the greatest f64 s may be finite and t not: up as well. Infinity
        // stays, and its negative, which is below the exact sum, becomes the least f64.
        let up = t > 0.0 || t.is_nan();
        Self(if up { s.next_up() } else { s })
    }
}

impl AddAssign for Upper {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Upper {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, |s, x| s + x)
    }
}

impl Mul for Upper {
    type Output = Self;
    /// Bounds of nonnegative numbers; a bound below 0 is none of such a number, and the product infinite.
    #[inline]
    fn mul(self, other: Self) -> Self {
        if self.0 >= 0.0 && other.0 >= 0.0 {
            Self::product(self.0, other.0)
        } else {
            Self::INFINITE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Rational;

    fn q(x: f64) -> Rational {
        Rational::from_f64(x).unwrap()
    }

    /// Numbers of all sizes, many of them short: exact results are met, and ties.
    struct Draw(u64);

    impl Draw {
        fn bits(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }

        fn number(&mut self) -> f64 {
            let wide = self.bits() % 4 == 0;
            let e = (self.bits() % if wide { 1900 } else { 60 }) as i32;
            let m = self.bits() >> (11 + self.bits() % 50);
            let sign = if self.bits() % 2 == 0 { 1.0 } else { -1.0 };
            sign * m as f64 * 2.0f64.powi(e - if wide { 1000 } else { 80 })
        }
    }

    /// Not below the exact result, and at most one place above the nearest below.
    fn tight(got: Upper, exact: &Rational, what: &str) {
        if got.get() == f64::MIN {
            assert!(*exact < q(f64::MIN) + q(1e300), "{what}");
        } else if got.get().is_finite() {
            assert!(q(got.get()) >= *exact, "{what}: {got:?} is below");
            assert!(
                q(got.get().next_down().next_down()) < *exact,
                "{what}: {got:?} is loose"
            );
        } else {
            assert!(
                got == Upper::INFINITE && *exact > q(f64::MAX) - q(1e300),
                "{what}"
            );
        }
    }

    #[test]
    fn operations_are_not_below_the_exact_result_and_close() {
        let mut draw = Draw(88_172_645_463_325_252);
        for i in 0..60_000 {
            let (a, b) = (draw.number(), draw.number());
            tight(
                Upper::of(a) + Upper::of(b),
                &(q(a) + q(b)),
                &format!("{i}: {a} + {b}"),
            );
            tight(
                Upper::product(a, b),
                &(q(a) * q(b)),
                &format!("{i}: {a} {b}"),
            );
            let (a, b) = (a.abs(), b.abs());
            assert_eq!(Upper::of(a) * Upper::of(b), Upper::product(a, b));
            assert_eq!(Upper::of(-a).scaled(b), Upper::product(-a, b));
            if b > 0.0 {
                tight(
                    Upper::of(a).over(b),
                    &(q(a) / q(b)),
                    &format!("{i}: {a} / {b}"),
                );
            }
            let root = q(Upper::of(a).sqrt().get());
            assert!(Rational::from(&root * &root) >= a, "{i}: root of {a}");
            if a > 0.0 {
                let less = q(Upper::of(a).sqrt().get().next_down().next_down());
                assert!(Rational::from(&less * &less) < a, "{i}: root of {a}");
            }
            let short = Upper::of(a).get_f32();
            assert!(f64::from(short) >= a && (a == 0.0 || f64::from(short.next_down()) < a));
        }
    }

    #[test]
    fn exact_results_stay_and_what_is_not_known_is_infinite() {
        let two = Upper::of(2.0);
        assert_eq!((two + two).get(), 4.0);
        assert_eq!((two * Upper::of(0.375)).get(), 0.75);
        assert_eq!(Upper::of(9.0).sqrt().get(), 3.0);
        assert_eq!(Upper::of(3.0).over(2.0).get(), 1.5);
        assert_eq!((Upper::ZERO + Upper::ZERO).get(), 0.0);
        assert_eq!((Upper::ZERO * two).get(), 0.0);
        let all = [
            Upper::of(f64::NAN),
            Upper::ZERO * Upper::INFINITE,
            Upper::of(-1.0) * two,
            Upper::INFINITE + Upper::of(f64::NEG_INFINITY),
            two.over(0.0),
            two.over(-1.0),
            two.scaled(-1.0),
            Upper::of(-1.0).sqrt(),
            Upper::of(f64::MAX) + Upper::of(f64::MAX),
            Upper::product(-f64::MAX, -2.0),
            gamma(1 << 53, UNIT),
            Upper::computed(f64::NAN, 3),
        ];
        for x in all {
            assert_eq!(x, Upper::INFINITE);
        }
        // A sum or product below all f64 numbers has the least of them as a bound.
        let most = f64::MAX;
        assert_eq!((Upper::of(-most) + Upper::of(-most)).get(), f64::MIN);
        assert_eq!(Upper::product(-most, most).get(), f64::MIN);
        let least = f64::from_bits(1);
        assert!(Upper::product(least, least).get() > 0.0);
        assert!(Upper::product(-least, least).get() >= 0.0);
    }

    #[test]
    fn gamma_holds_for_both_units() {
        for unit in [UNIT, UNIT_F32] {
            for n in [0usize, 1, 3, 1_000, 200_000, 8_000_000] {
                let t = Rational::from(n as u64) * q(unit);
                let exact = t.clone() / (Rational::from(1) - t);
                let got = gamma(n, unit).get();
                if got.is_finite() {
                    assert!(q(got) >= exact && q(got * (1.0 - 1e-15)) <= exact, "{n}");
                }
            }
        }
        assert_eq!(gamma(1 << 23, UNIT_F32), Upper::INFINITE);
        assert_eq!(gamma(0, UNIT), Upper::ZERO);
    }

    #[test]
    fn sums_are_rounded_up_once() {
        let mut draw = Draw(3);
        for n in [1usize, 2, 7, 300] {
            for _ in 0..50 {
                let list: Vec<(f64, f64)> = (0..n)
                    .map(|_| (draw.number().abs() % 1e9, draw.number().abs() % 1e9))
                    .collect();
                let (a, b): (Vec<f64>, Vec<f64>) = list.into_iter().unzip();
                let exact: Rational = a.iter().zip(&b).map(|(x, y)| q(*x) * q(*y)).sum();
                let got = Upper::dot(&a, &b).get();
                assert!(q(got) >= exact, "{n}");
                assert!(q(got * (1.0 - 1e-12)) <= exact || got < 1e-300, "{n}");
                let squares: Rational = a.iter().map(|x| q(*x) * q(*x)).sum();
                let norm = q(Upper::norm(&a).get());
                assert!(Rational::from(&norm * &norm) >= squares, "{n}");
            }
        }
        // Every product underflows; the sum of all does not vanish.
        let tiny = vec![2.0f64.powi(-540); 1000];
        let exact = q(2.0f64.powi(-540)) * q(2.0f64.powi(-540)) * Rational::from(1000);
        assert!(q(Upper::dot(&tiny, &tiny).get()) >= exact);
        // All roundings go down: u of the sum at every term.
        let down = vec![1.0 + UNIT_F32 * UNIT_F32 * 2.0; 4_000];
        let ones = vec![1.0 - UNIT; 4_000];
        let exact: Rational = down.iter().zip(&ones).map(|(x, y)| q(*x) * q(*y)).sum();
        assert!(q(Upper::dot(&down, &ones).get()) >= exact);
    }
}
