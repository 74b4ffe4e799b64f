//! A number as hi + lo (about 106 bits) with a proved radius, in round-to-nearest only.
//!
//! No rounding mode is switched: each operation knows how far its own rounding can be off and adds that
//! to the radius, so that loops run at vector speed. u = 2^-53 throughout.
//!
//! **Derivations.** TwoSum and TwoProd (with fma) are exact but for underflow. A value is normalised:
//! |lo| <= u |hi|.
//! - Sum: v = alo + blo errs by u (|alo| + |blo|) <= u^2 (|ahi| + |bhi|); w = t + v, where |t| <= u |s|,
//!   errs by u |t + v| <= 2 u^2 (1 + u) (|ahi| + |bhi|). In all at most 4 u^2 (|a| + |b|).
//! - Product: alo blo is left out (u^2 |ahi bhi|); fl(ahi blo) errs by u^2, the fma that adds alo bhi by
//!   2 u^2 (1 + u), the sum with e by 3 u^2 (1 + u), each times |ahi bhi|. In all at most 8 u^2 |a b|.
//!
//! Radii are sums and products of nonnegative numbers: k roundings are off by a factor (1 + u)^k at most,
//! which [`up`] covers for k <= 8, and the underflow of a few operations with its absolute term.
//!
//! **Underflow.** With eta = 2^-1074 every result of a product or fma is off by at most eta/2 more than its relative
//! error; sums lose nothing, for they are multiples of eta. So TwoProd is off by eta/2, and a product of pairs by
//! 3 eta/2 beside its relative bound: TINY covers 10^23 of them. What a later factor makes of such a loss is that
//! factor's matter: here the radius carries it; chains of pairs without radii count it (`forward::twin`,
//! `forward::kernel`). Factors that may be far apart are multiplied first and scaled by u^2 last: 8 u^2 m alone
//! could vanish before a large n.
//! A value that overflows gets an infinite or NaN radius or midpoint: [`Ball::is_finite`] is then false.

use rug::float::Round;
use rug::{Float, Rational};

/// u = 2^-53, half the distance from 1 to the next f64.
pub const U: f64 = f64::EPSILON / 2.0;
/// Far above what a few underflows can lose (each at most 2^-1074), far below anything that matters.
pub const TINY: f64 = 1e-300;

/// An upper bound of an exact nonnegative expression that was computed with at most 8 roundings.
#[inline(always)]
pub fn up(x: f64) -> f64 {
    x * (1.0 + 16.0 * U) + TINY
}

/// s + t = a + b exactly, s the rounded sum.
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let z = s - a;
    (s, (a - (s - z)) + (b - z))
}

/// s + t = a + b exactly, for |a| >= |b| or a = 0.
#[inline(always)]
fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// p + e = a b up to 2^-1075, and exactly where |a b| is 0 or at least 2^-968; p the rounded product.
#[inline(always)]
pub fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    (p, a.mul_add(b, -p))
}

/// Sum of normalised pairs, off by at most 4 u^2 (|a| + |b|).
#[inline(always)]
pub fn pair_sum(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (s, t) = two_sum(a.0, b.0);
    two_sum(s, t + (a.1 + b.1))
}

/// Product of normalised pairs, off by at most 8 u^2 |a b| + [`TINY`].
#[inline(always)]
pub fn pair_product(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (p, e) = two_product(a.0, b.0);
    fast_two_sum(p, e + a.1.mul_add(b.0, a.0 * b.1))
}

/// All numbers within `radius` of hi + lo.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ball {
    /// The midpoint's leading part.
    pub hi: f64,
    /// The rest of the midpoint, |lo| <= u |hi|.
    pub lo: f64,
    /// The radius.
    pub radius: f64,
}

impl Ball {
    /// A ball around hi + lo.
    pub fn new(mid: (f64, f64), radius: f64) -> Self {
        Self {
            hi: mid.0,
            lo: mid.1,
            radius,
        }
    }

    /// An f64, exactly.
    pub fn exact(x: f64) -> Self {
        Self::new((x, 0.0), 0.0)
    }

    /// The smallest convenient ball that holds a rational.
    pub fn rational(x: &Rational) -> Self {
        let ends = [Round::Down, Round::Up].map(|round| Float::with_val_round(256, x, round).0);
        Enclosed::between(&ends[0], &ends[1]).into()
    }

    /// hi and lo.
    #[inline(always)]
    pub fn mid(self) -> (f64, f64) {
        (self.hi, self.lo)
    }

    /// Upper bound of |midpoint|.
    #[inline(always)]
    pub fn size(self) -> f64 {
        up(self.hi.abs())
    }

    /// Upper bound of |x| over the ball.
    #[inline(always)]
    pub fn magnitude(self) -> f64 {
        up(self.hi.abs() + self.radius)
    }

    /// Sum.
    #[inline(always)]
    #[must_use]
    pub fn plus(self, b: Self) -> Self {
        let rounding = 4.0 * U * U * (self.size() + b.size());
        Self::new(
            pair_sum(self.mid(), b.mid()),
            up(self.radius + b.radius + rounding),
        )
    }

    /// Opposite.
    #[inline(always)]
    #[must_use]
    pub fn negated(self) -> Self {
        Self::new((-self.hi, -self.lo), self.radius)
    }

    /// Product.
    #[inline(always)]
    #[must_use]
    pub fn times(self, b: Self) -> Self {
        let (m, n) = (self.size(), b.size());
        let rounding = m * n * (8.0 * U * U);
        Self::new(
            pair_product(self.mid(), b.mid()),
            up(m * b.radius + self.radius * (n + b.radius) + rounding),
        )
    }

    /// Half of it (exactly, but for underflow: near it the rest goes into the radius, so that the midpoint
    /// stays normalised).
    #[inline(always)]
    #[must_use]
    pub fn half(self) -> Self {
        if self.hi.abs() < TINY {
            return Self::new((self.hi * 0.5, 0.0), up(self.radius + self.lo.abs()));
        }
        Self::new((self.hi * 0.5, self.lo * 0.5), up(self.radius * 0.5))
    }

    /// The ball around hi alone, wide enough to hold this one.
    #[inline(always)]
    #[must_use]
    pub fn single(self) -> Self {
        Self::new((self.hi, 0.0), up(self.radius + self.lo.abs()))
    }

    /// Whether midpoint and radius are numbers.
    #[inline(always)]
    pub fn is_finite(self) -> bool {
        self.hi.is_finite() && self.lo.is_finite() && self.radius.is_finite()
    }

    /// A lower bound of every number in the ball; -infinity where it overflowed (never NaN, which
    /// minima and maxima would pass over).
    pub fn lower(self) -> f64 {
        if self.radius == 0.0 && self.lo == 0.0 && self.hi.is_finite() {
            return self.hi;
        }
        // hi + lo rounds to hi; the distance to the exact value is at most u |hi|.
        let slack = up(self.radius + self.lo.abs());
        let lower = (self.hi - slack).next_down();
        if lower.is_nan() {
            f64::NEG_INFINITY
        } else {
            lower
        }
    }

    /// An upper bound of every number in the ball.
    pub fn upper(self) -> f64 {
        -self.negated().lower()
    }

    /// Whether every number in the ball is above every number in the other.
    pub fn is_above(self, other: Self) -> bool {
        self.plus(other.negated()).lower() > 0.0
    }

    /// The two ends as exact numbers; none if it is not finite.
    pub fn ends(self) -> Option<(Rational, Rational)> {
        let q = Rational::from_f64;
        let mid = q(self.hi)? + q(self.lo)?;
        let radius = q(self.radius)?;
        Some((Rational::from(&mid - &radius), mid + radius))
    }
}

/// A number as hi + lo, which is within `radius` of the exact one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Enclosed {
    /// The nearest f64.
    pub hi: f64,
    /// What the nearest f64 leaves, rounded.
    pub lo: f64,
    /// Upper bound of the distance of hi + lo to the exact number.
    pub radius: f64,
}

impl Enclosed {
    /// Encloses an interval given by its two ends.
    pub fn between(lower: &Float, upper: &Float) -> Self {
        let prec = 256;
        let mid = Float::with_val(prec, lower + upper) / 2u32;
        let hi = mid.to_f64();
        let rest = Float::with_val(prec, &mid - hi);
        let lo = rest.to_f64();
        let far = |end: &Float| {
            let gap = Float::with_val_round(prec, end - hi, Round::Nearest).0;
            // 256 bits hold end - hi exactly but for numbers of wildly different size; the doubled
            // unit below covers that rounding.
            let gap = Float::with_val(prec, gap - lo).abs();
            let slack = Float::with_val(prec, 1) >> 250;
            let scale = Float::with_val(prec, end.clone().abs() + hi.abs());
            Float::with_val_round(53, gap + scale * slack, Round::Up)
                .0
                .to_f64_round(Round::Up)
        };
        Self {
            hi,
            lo,
            radius: far(lower).max(far(upper)),
        }
    }
}

impl From<Enclosed> for Ball {
    fn from(e: Enclosed) -> Self {
        Self::new((e.hi, e.lo), e.radius)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small reproducible source of awkward numbers.
    fn numbers() -> Vec<f64> {
        let mut state = 7u64;
        (0..60)
            .map(|i| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let m = (state >> 11) as f64 * U - 0.5;
                m * 2f64.powi((i % 13) * 9 - 50)
            })
            .chain([0.0, 1.0, -1.0, 1.0 + 2.0 * U, 1e-310, -3e-305])
            .collect()
    }

    /// The same over all exponents of f64, subnormal numbers among them.
    fn extremes() -> Vec<f64> {
        let spread = |(i, x): (usize, &f64)| x * 2f64.powi(50) * 2f64.powi(i as i32 * 33 - 1020);
        let mut all: Vec<f64> = numbers().iter().take(60).enumerate().map(spread).collect();
        all.extend([
            5e-324, -1e-320, 3e-310, 1.1e-308, -7e-303, 1e-160, 1e159, -3e299,
        ]);
        all
    }

    fn q(x: f64) -> Rational {
        Rational::from_f64(x).unwrap()
    }

    #[track_caller]
    fn holds(ball: Ball, x: &Rational) {
        let (lo, hi) = ball.ends().unwrap();
        assert!(lo <= *x && *x <= hi, "{ball:?} {x}");
        assert!(
            ball.lo.abs() <= U * ball.hi.abs(),
            "{ball:?} is not normalised"
        );
        assert!(q(ball.lower()) <= lo && hi <= q(ball.upper()));
    }

    #[test]
    fn every_operation_holds_the_exact_results_of_ends() {
        let n = numbers();
        for (i, &a) in n.iter().enumerate() {
            for (j, &b) in n.iter().enumerate() {
                let x = Ball::new(two_sum(a, a * U * 0.7), (i % 3) as f64 * 1e-20 * a.abs());
                let y = Ball::new(two_sum(b, -b * U * 0.3), (j % 2) as f64 * 1e-3 * b.abs());
                let (xs, ys) = (x.ends().unwrap(), y.ends().unwrap());
                for x_end in [&xs.0, &xs.1] {
                    for y_end in [&ys.0, &ys.1] {
                        holds(x.plus(y), &Rational::from(x_end + y_end));
                        holds(x.times(y), &Rational::from(x_end * y_end));
                    }
                    holds(x.half(), &Rational::from(x_end / 2));
                    holds(x.single(), x_end);
                }
                assert!(!x.is_above(y) || xs.0 > ys.1);
            }
        }
    }

    #[test]
    fn every_operation_holds_the_exact_results_at_all_exponents() {
        let n = extremes();
        for &a in &n {
            let x = Ball::new(two_sum(a, a * U * 0.7), 0.0);
            let (x_end, _) = x.ends().unwrap();
            holds(x.half(), &Rational::from(&x_end / 2));
            holds(x.half().half(), &Rational::from(&x_end / 4));
            for (j, &b) in n.iter().enumerate() {
                let y = Ball::new(two_sum(b, -b * U * 0.3), (j % 2) as f64 * 1e-3 * b.abs());
                let (lo, hi) = y.ends().unwrap();
                for y_end in [lo, hi] {
                    for (ball, exact) in [
                        (x.plus(y), Rational::from(&x_end + &y_end)),
                        (x.times(y), Rational::from(&x_end * &y_end)),
                        (y.times(x), Rational::from(&x_end * &y_end)),
                    ] {
                        if ball.is_finite() {
                            holds(ball, &exact);
                        }
                    }
                }
                // Three factors: what the first product lost is carried by the radius.
                for &c in [1e300, 1e159, -3.7e-100].iter() {
                    let ball = x.times(y).times(Ball::exact(c));
                    if ball.is_finite() {
                        let (lo, hi) = y.ends().unwrap();
                        holds(ball, &(Rational::from(&x_end * &lo) * q(c)));
                        holds(ball, &(Rational::from(&x_end * &hi) * q(c)));
                    }
                }
            }
        }
    }

    #[test]
    fn rationals_are_held_tightly() {
        for (n, d) in [(1, 3), (-22, 7), (1, 40), (0, 1), (5, 1)] {
            let x = Rational::from((n, d));
            let ball = Ball::rational(&x);
            holds(ball, &x);
            assert!(ball.radius <= 1.0 * U * U * ball.hi.abs(), "{ball:?}");
        }
    }

    #[test]
    fn overflow_is_seen() {
        let big = Ball::exact(1e300);
        assert!(!big.times(big).is_finite());
        // A bound that is not known is infinite, also in a fold by min or max.
        for ball in [
            Ball::exact(f64::MAX).plus(Ball::exact(f64::MAX)),
            big.times(big),
            big.times(big.negated()),
            big.times(big).plus(big.times(big.negated())),
        ] {
            assert_eq!(ball.upper().max(0.0), f64::INFINITY, "{ball:?}");
            assert_eq!(ball.lower().min(0.0), f64::NEG_INFINITY, "{ball:?}");
        }
        assert!(!Ball::exact(f64::MAX)
            .plus(Ball::exact(f64::MAX))
            .is_finite());
    }
}
