//! References of the exchange algorithm: start, levelled interpolation, next extrema.
//!
//! All points are kept as `t = x^2`, where `p(x) = x P(t)` has the error `e = 1 - x P(t)` and
//! `de/dt = -Q(t) / (2x)` with `Q = P + 2 t P'`: an ordinary polynomial of degree `k - 1`.

use super::odd::{horner_with_slope, OddPolynomial};
use rug::float::Constant;
use rug::{Assign, Float};

/// An alternation set: `k + 1` increasing points, the ends included.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// Squares of the points.
    pub t: Vec<Float>,
    /// The points; first and last are the exact ends of the interval.
    pub x: Vec<Float>,
}

impl Reference {
    /// The extrema in `t` of the Chebyshev polynomial of degree `k` on `[a^2, b^2]`.
    ///
    /// In the limit of high degree they have the equilibrium distribution of `[-b,-a] u [a,b]`, and
    /// for `a -> 0` they become `b sin(pi i / 2k)`: right in both regimes up to local shifts.
    pub fn chebyshev(k: usize, a: &Float, b: &Float, prec: u32) -> Self {
        let angle = Float::with_val(64, Constant::Pi) / k as u32;
        let cosines = (0..=k).map(|i| Float::with_val(64, &angle * i as u32).cos());
        // (1 - cos) / 2 runs from 0 to 1.
        let unit = cosines.map(|c| (1 - c) / 2u32).collect::<Vec<_>>();
        Self::from_unit(&unit, a, b, prec)
    }

    /// The points of another interval's reference, moved along by the affine map of `t`.
    pub fn transplant(points: &[Float], a: &Float, b: &Float, prec: u32) -> Self {
        let square = |x: &Float| Float::with_val(prec, x.square_ref());
        let lo = square(&points[0]);
        let width = square(&points[points.len() - 1]) - &lo;
        let unit = points
            .iter()
            .map(|x| (square(x) - &lo) / &width)
            .collect::<Vec<_>>();
        Self::from_unit(&unit, a, b, prec)
    }

    fn from_unit(unit: &[Float], a: &Float, b: &Float, prec: u32) -> Self {
        let lo = Float::with_val(prec, a.square_ref());
        let hi = Float::with_val(prec, b.square_ref());
        let width = Float::with_val(prec, &hi - &lo);
        let inner = &unit[1..unit.len() - 1];
        let mut t = Vec::with_capacity(unit.len());
        t.push(lo.clone());
        t.extend(
            inner
                .iter()
                .map(|u| Float::with_val(prec, &width * u) + &lo),
        );
        t.push(hi);
        Self::from_squares(t, a, b)
    }

    fn from_squares(t: Vec<Float>, a: &Float, b: &Float) -> Self {
        let prec = t[0].prec();
        let last = t.len() - 1;
        let mut x: Vec<Float> = t
            .iter()
            .map(|t| Float::with_val(prec, t.sqrt_ref()))
            .collect();
        x[0].assign(a);
        x[last].assign(b);
        Self { t, x }
    }

    /// The polynomial with `e(x_i) = (-1)^i E` at all points, and `E`.
    ///
    /// `P(t_i) = (1 - (-1)^i E) / x_i` has degree `k - 1` on `k + 1` points exactly when its divided
    /// difference of order `k` vanishes: with `u_i = 1/x_i`, `s_i = (-1)^i / x_i` this is
    /// `E = u[t_0..t_k] / s[t_0..t_k]`. Both have the sign `(-1)^k`, so `E > 0`. In increasing order the
    /// differences of `s` add numbers of one sign and lose nothing; those of `u` lose `log2(1/E)` bits.
    pub fn levelled(&self) -> (OddPolynomial, Float) {
        let prec = self.t[0].prec();
        let k = self.t.len() - 1;
        let mut u: Vec<Float> = self
            .x
            .iter()
            .map(|x| Float::with_val(prec, x.recip_ref()))
            .collect();
        let mut s: Vec<Float> = u
            .iter()
            .enumerate()
            .map(|(i, u)| if i % 2 == 0 { u.clone() } else { -u.clone() })
            .collect();
        let mut gap = Float::new(prec);
        for order in 1..=k {
            for i in (order..=k).rev() {
                gap.assign(&self.t[i] - &self.t[i - order]);
                gap.recip_mut();
                for column in [&mut u, &mut s] {
                    let (below, here) = column.split_at_mut(i);
                    here[0] -= &below[i - 1];
                    here[0] *= &gap;
                }
            }
        }
        let level = Float::with_val(prec, &u[k] / &s[k]);
        for (u, s) in u.iter_mut().zip(&s) {
            *u -= Float::with_val(prec, &level * s);
        }
        (OddPolynomial::new(self.newton_to_power(&u[..k])), level)
    }

    /// From Newton's form on `t_0, t_1, ...` to powers of `t`.
    fn newton_to_power(&self, newton: &[Float]) -> Vec<Float> {
        let prec = self.t[0].prec();
        let mut power = vec![Float::new(prec); newton.len()];
        let mut term = Float::new(prec);
        for (degree, (c, node)) in newton.iter().zip(&self.t).rev().enumerate() {
            // power := power * (t - node) + c, highest coefficient first.
            for j in (0..newton.len().min(degree + 1)).rev() {
                term.assign(&power[j] * node);
                let lower = if j == 0 { c } else { &power[j - 1] };
                let shifted = Float::with_val(prec, lower - &term);
                power[j] = shifted;
            }
        }
        power
    }

    /// The extrema of the error of `p`, levelled on this reference, and the errors there.
    ///
    /// `e` alternates on the reference, so it has a zero in each of the `k` gaps, and between two
    /// neighbouring zeros exactly one extremum, since `Q` has only `k - 1` roots. At a trial point in
    /// the gap beside `t_i` the sign of `e` tells whether the zero was passed, and if not the sign of
    /// `Q` tells the side of the extremum: a bracket that cannot lose it, inside which Newton runs.
    ///
    /// Stops once a step is below `2^-step_bits` of the gap; the point is then twice as accurate, and
    /// the error there four times. **Cost**: about `9k` products per root near convergence.
    pub fn exchanged(&self, p: &OddPolynomial, step_bits: u32) -> (Self, Vec<Float>) {
        let slope = p.derivative_cofactor();
        let last = self.t.len() - 1;
        let mut t = self.t.clone();
        for (i, t) in t.iter_mut().enumerate().take(last).skip(1) {
            *t = self.extremum(i, p, &slope, step_bits);
        }
        let next = Self::from_squares(t, &self.x[0], &self.x[last]);
        let errors = next
            .t
            .iter()
            .zip(&next.x)
            .map(|(t, x)| 1 - p.cofactor(t) * x)
            .collect();
        (next, errors)
    }

    fn extremum(&self, i: usize, p: &OddPolynomial, slope: &[Float], step_bits: u32) -> Float {
        let prec = self.t[0].prec();
        let upright = i % 2 == 0;
        let start = &self.t[i];
        let (mut lo, mut hi) = (self.t[i - 1].clone(), self.t[i + 1].clone());
        let tolerance = Float::with_val(prec, &hi - &lo) >> step_bits;
        let mut at = start.clone();
        let (mut q, mut dq) = (Float::new(prec), Float::new(prec));
        for _ in 0..4 * prec {
            horner_with_slope(slope, &at, &mut q, &mut dq);
            if q.is_zero() {
                break;
            }
            let passed_zero = at != *start && {
                let x = Float::with_val(prec, at.sqrt_ref());
                let error: Float = 1 - p.cofactor(&at) * x;
                !error.is_zero() && error.is_sign_positive() != upright
            };
            // e rises (towards a maximum, if upright) exactly where Q < 0.
            let left_of_it = if passed_zero {
                at < *start
            } else {
                q.is_sign_negative() == upright
            };
            if left_of_it {
                lo.assign(&at);
            } else {
                hi.assign(&at);
            }
            let newton = Float::with_val(prec, &at - Float::with_val(prec, &q / &dq));
            // A step lost in rounding may land on the bracket's end: that is convergence.
            let settled = Float::with_val(prec, &newton - &at).abs() < tolerance;
            let inside = newton > lo && newton < hi;
            let next = if (settled || inside) && !passed_zero {
                newton
            } else {
                Float::with_val(prec, &lo + &hi) / 2u32
            };
            let step = Float::with_val(prec, &next - &at).abs();
            at = next;
            if step < tolerance {
                break;
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levelled_polynomial_has_the_level_at_every_point() {
        let (a, b) = (Float::with_val(300, 0.125), Float::with_val(300, 1));
        for k in [1, 2, 5, 16] {
            let reference = Reference::chebyshev(k, &a, &b, 300);
            let (p, level) = reference.levelled();
            assert!(level.is_sign_positive());
            for (i, x) in reference.x.iter().enumerate() {
                let mut e: Float = 1 - p.value(x);
                if i % 2 == 1 {
                    e = -e;
                }
                let off = Float::with_val(64, e - &level).abs() / &level;
                assert!(off < 1e-60, "k {k} point {i}: {off}");
            }
        }
    }

    #[test]
    fn exchange_finds_stationary_points() {
        let (a, b) = (Float::with_val(300, 0.01), Float::with_val(300, 1));
        let reference = Reference::chebyshev(12, &a, &b, 300);
        let (p, level) = reference.levelled();
        let (next, errors) = reference.exchanged(&p, 60);
        for (i, (x, e)) in next.x.iter().zip(&errors).enumerate() {
            assert_eq!(e.is_sign_positive(), i % 2 == 0);
            assert!(Float::with_val(64, e.abs_ref()) >= Float::with_val(64, &level * 0.999_999));
            if i > 0 && i < 12 {
                assert!(p.jet(x)[1].clone().abs() < 1e-30);
            }
        }
    }
}
