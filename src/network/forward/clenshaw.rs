//! One polynomial on balls by its Chebyshev series on an interval: at any degree without the cancellation that powers have.
//!
//! **Method.** With u = s x + o, which takes the interval to [-1, 1], P = sum c_j T_j(u). At the midpoint of the ball of u
//! Clenshaw's recurrence b_k = c_k + 2 u b_(k+1) - b_(k+2) in pairs, P = c_0 + u b_1 - b_2; the radius is multiplied by a
//! bound of |dP/du| over the ball (mean value form).
//! - Rounding: what a step is off by, delta_k, is as if c_k were changed by it, and so moves P by delta_k T_k(u). A step's two
//!   sums and its product are off by at most u^2 (16 |b_(k+1)| + 4 (|c_k| + 2 |b_(k+1)|) + 4 (|c_k| + 2 |b_(k+1)| + |b_(k+2)|))
//!   and the coefficient by 2 u^2 |c_k|; with |b_k| <= sum_(j >= k) |c_j| |U_(j-k)| and |U_n| <= n + 1 all of them together
//!   by less than 46 u^2 sum |c_j| (j + 1)(j + 2)/2, second-order terms in the factor `COVER`.
//! - Slope: dP/du = sum d_j T_j(u) in f64 by the same recurrence, off by less than 12 u sum |d_j| (j + 1)(j + 2)/2 in the same
//!   way, plus (radius + u |u|) sum |e_j|, e_j the coefficients of the second derivative.
//! - All this for |u| <= 1 + tau, tau = `BEYOND`: T_k is at most exp(k sqrt(2 tau)) there, below 1.0004 for k <= 255, and
//!   so is U_n over n + 1, a sum of such terms: `COVER` holds that too.
//! - Underflow: a product of pairs loses at most [`TINY`] (see [`crate::arith::ball`]), each step as above.

use crate::arith::ball::{pair_product, pair_sum, up, Ball, TINY, U};
use crate::poly::basis::{interval_map, to_chebyshev};
use rug::Rational;

/// How far beyond [-1, 1] the bounds hold.
const BEYOND: f64 = 9e-13;
/// Covers what is said above, and the rounding of the sums themselves.
const COVER: f64 = 1.01;
/// Highest degree that the bounds hold for.
const MOST_DEGREE: usize = 255;

/// A polynomial by its Chebyshev series on an interval.
#[derive(Debug, Clone)]
pub struct Clenshaw {
    scale: Ball,
    offset: Ball,
    /// From the highest, as pairs.
    coefficients: Vec<(f64, f64)>,
    /// Those of the derivative by u.
    slope: Vec<f64>,
    /// Bound of rounding in pairs.
    bound_rounding: f64,
    /// Bound of rounding of the slope in f64.
    bound_slope_rounding: f64,
    /// Bound of the second derivative.
    bound_curve: f64,
}

impl Clenshaw {
    /// Of coefficients in powers of x from degree 0, for x in [lo, hi]; none where numbers are beyond 1e-200 .. 1e200, the
    /// degree above 255, or the interval is empty.
    pub fn new(powers: &[Rational], (lo, hi): (&Rational, &Rational)) -> Option<Self> {
        if powers.is_empty() || powers.len() > MOST_DEGREE + 1 || lo >= hi {
            return None;
        }
        let (scale, offset) = interval_map(lo, hi);
        let middle = Rational::from(lo + hi) / 2u32;
        let series = to_chebyshev(powers, &middle, &(Rational::from(hi - lo) / 2u32));
        let slope = derivative(&series);
        let curve = derivative(&slope);
        let usual = |c: &Rational| {
            let ball = Ball::rational(c);
            let size = ball.hi.abs();
            let held = *c == 0 || (1e-200..1e200).contains(&size);
            (held && ball.radius <= 2.0 * U * U * size).then(|| ball.mid())
        };
        let mut coefficients: Vec<_> = series.iter().map(usual).collect::<Option<_>>()?;
        coefficients.reverse();
        let (scale, offset) = (Ball::rational(&scale), Ball::rational(&offset));
        if !(scale.is_finite() && scale.hi.abs() > 1e-200 && offset.is_finite()) {
            return None;
        }
        let weighted = |all: &[Rational]| -> f64 {
            let each = all.iter().enumerate();
            let each = each.map(|(j, c)| c.to_f64().abs() * ((j + 1) * (j + 2)) as f64 / 2.0);
            each.sum()
        };
        let made = Self {
            bound_rounding: 46.0 * COVER * (U * U) * weighted(&series)
                + 3.0 * TINY * (series.len() + 2) as f64,
            bound_slope_rounding: 12.0 * COVER * U * weighted(&slope)
                + TINY * (series.len() + 2) as f64,
            bound_curve: COVER * curve.iter().map(|c| c.to_f64().abs()).sum::<f64>(),
            coefficients,
            slope: slope.iter().rev().map(Rational::to_f64).collect(),
            scale,
            offset,
        };
        let all = [
            made.bound_rounding,
            made.bound_slope_rounding,
            made.bound_curve,
        ];
        all.iter().all(|b| b.is_finite()).then_some(made)
    }

    /// Bound of rounding, the same all over the interval.
    pub fn bound_rounding(&self) -> f64 {
        self.bound_rounding
    }

    /// P over a ball; none where it is not surely in the interval.
    ///
    /// **Guarantee** the result holds P of every number in `x`.
    pub fn apply(&self, x: Ball) -> Option<Ball> {
        let u = self.scale.times(x).plus(self.offset);
        let within = up(u.hi.abs() + u.lo.abs() + u.radius) <= 1.0 + BEYOND;
        if !within {
            return None;
        }
        let (mid, last) = (u.mid(), self.coefficients.len() - 1);
        let double = (2.0 * mid.0, 2.0 * mid.1);
        let (mut one, mut two) = ((0.0, 0.0), (0.0, 0.0));
        for &c in &self.coefficients[..last] {
            let next = pair_sum(pair_sum(c, pair_product(double, one)), (-two.0, -two.1));
            two = one;
            one = next;
        }
        let sum = pair_sum(self.coefficients[last], pair_product(mid, one));
        let value = pair_sum(sum, (-two.0, -two.1));
        let drift = up(u.radius + U * u.hi.abs());
        let slope = self.estimate_slope(u.hi).abs() + self.bound_slope_rounding;
        let slope = up(slope + drift * self.bound_curve);
        Some(Ball::new(value, up(slope * u.radius + self.bound_rounding)))
    }

    /// dP/du in f64.
    fn estimate_slope(&self, u: f64) -> f64 {
        let Some(last) = self.slope.len().checked_sub(1) else {
            return 0.0;
        };
        let (mut one, mut two) = (0.0f64, 0.0f64);
        for &d in &self.slope[..last] {
            let next = (2.0 * u).mul_add(one, d) - two;
            two = one;
            one = next;
        }
        u.mul_add(one, self.slope[last]) - two
    }
}

/// Chebyshev coefficients of the derivative: d_(j-1) = d_(j+1) + 2 j c_j, the first one halved.
fn derivative(series: &[Rational]) -> Vec<Rational> {
    let n = series.len();
    let mut d = vec![Rational::new(); n + 1];
    for j in (1..n).rev() {
        d[j - 1] = Rational::from(&d[j + 1]) + Rational::from(&series[j] * (2 * j) as u32);
    }
    d.truncate(n.saturating_sub(1));
    if let Some(first) = d.first_mut() {
        *first /= 2u32;
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::Composite;
    use proptest::prelude::*;
    use rug::ops::Pow;

    fn exact(powers: &[Rational], x: &Rational) -> Rational {
        Composite::from_stages(vec![powers.to_vec()]).eval_exact(x)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

        /// Any polynomial on any interval, balls of every width, the ends of the interval among them.
        #[test]
        fn the_ball_holds_the_exact_polynomial(
            series in proptest::collection::vec(-1000i32..1000, 1..140),
            decay in 0i32..3,
            lo in -4000i32..4000,
            width in 1i32..5000,
            at in 0u32..=64,
            radius in prop_oneof![Just(0.0), (0i32..60).prop_map(|e| f64::from(-e).exp2())],
        ) {
            let (lo, hi) = (Rational::from((lo, 100)), Rational::from((lo + width, 100)));
            // Chebyshev coefficients on the interval that fall off as those of functions with a bend do.
            let series = series.iter().enumerate().map(|(j, c)| {
                Rational::from((*c, 1000)) / Rational::from(rug::Integer::from(j + 1).pow(decay as u32))
            });
            let (scale, offset) = interval_map(&lo, &hi);
            let mut component = crate::poly::component::Component::new(
                crate::poly::component::Basis::Chebyshev,
                series.collect(),
            );
            (component.scale, component.offset) = (scale, offset);
            let powers = component.powers(crate::arith::rounding::CoefficientMode::Exact).unwrap();
            prop_assume!(!powers.is_empty());
            let Some(made) = Clenshaw::new(&powers, (&lo, &hi)) else {
                return Err(TestCaseError::reject("numbers beyond f64"));
            };
            let middle = &lo + Rational::from(&hi - &lo) * Rational::from((at, 64));
            let ball = Ball::rational(&middle);
            let radius = radius * Rational::from(&hi - &lo).to_f64();
            let x = Ball::new(ball.mid(), up(ball.radius + radius));
            let Some(y) = made.apply(x) else {
                // Only near the ends, or where the ball is wide.
                let (from, to) = x.ends().unwrap();
                prop_assert!(from < lo || to > hi);
                return Ok(());
            };
            let (least, most) = y.ends().unwrap();
            let (from, to) = x.ends().unwrap();
            for k in 0..=4 {
                let point = &from + Rational::from(&to - &from) * Rational::from((k, 4));
                let p = exact(&powers, &point);
                prop_assert!(least <= p && p <= most, "{k}: {p} not in {y:?}");
            }
            if radius == 0.0 {
                prop_assert!(y.radius < 1e-20, "{y:?}");
            }
        }
    }

    #[test]
    fn what_is_not_surely_inside_has_no_value_here() {
        let powers = [1, 2, 3].map(Rational::from);
        let (lo, hi) = (Rational::from(-2), Rational::from(1));
        let made = Clenshaw::new(&powers, (&lo, &hi)).unwrap();
        assert!(made.apply(Ball::exact(1.0)).is_some() && made.apply(Ball::exact(-2.0)).is_some());
        assert!(made.apply(Ball::exact(1.000_001)).is_none());
        assert!(made.apply(Ball::new((0.0, 0.0), 1.5)).is_none());
        assert!(made.apply(Ball::exact(f64::NAN)).is_none());
        assert!(Clenshaw::new(&powers, (&hi, &lo)).is_none());
        let constant = Clenshaw::new(&powers[..1], (&lo, &hi)).unwrap();
        assert_eq!(constant.apply(Ball::exact(0.5)).unwrap().hi, 1.0);
    }
}
