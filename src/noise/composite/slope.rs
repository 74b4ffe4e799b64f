//! The slope of a stage near its real inputs: noise is a complex number.
//!
//! # Method
//! The mean value theorem for a complex e is `|P(y + e) - P(y)| <= max |P'(z)| |e|` over the disc
//! `|z - y| <= |e|`; on the real interval [y - e, y + e] alone |P'| may be less. Let |P'| <= M on a real
//! interval of half-width l that reaches `gap` beyond all y +- E, n its degree. Bernstein and Walsh:
//! ```text
//! |P'(z)| <= M rho^n,    rho + 1/rho = |w - 1| + |w + 1| =: 2 + v,    w = z in units of l from the middle
//! ```
//! `v = (sqrt rho - 1/sqrt rho)^2` gives `ln rho <= sqrt v`. For z = s + it, |t| <= E, g the distance of s
//! from the ends in units of l: `|w -+ 1| <= (1 -+ s) + (t/l)^2/(2 (1 -+ s))`, so `v <= (E/l)^2/g`; and as a
//! convex, even function of s, v is at most what it is at an end, `E/l + (E/l)^2/4`. So within E of y
//! ```text
//! |P'(z)| <= M exp(n sqrt v),    v = min(E^2/(l gap), E/l + E^2/(4 l^2))
//! ```
//! With E = e that is a bound; with a larger E it is one of P'' within e of y (Cauchy, circles of radius
//! E - e), and `|P'(s + it)| <= |P'(s)| + e/(E - e) M exp(n sqrt v)`. The best of some intervals and some E
//! is taken: a wider one has a larger M, a larger E a smaller share of it.
//!
//! Where the interval of y is not much wider than e all z are near its middle m, and the Taylor series is
//! the better bound: `|P'(z)| <= sum_k |c_k| r^k`, c_k those of P' at m and r half the width plus e.

use crate::arith::mp::Mp;
use crate::arith::{const_interval, interval, Interval};
use crate::certify::composite::cascade::Stage;
use crate::certify::stage::polynomial::Polynomial;
use crate::poly::composite::Side;
use rug::float::Round;
use rug::Float;

/// The interval reaches 8^i times the noise beyond the inputs, i up to this.
const REACHES: i32 = 4;
/// E is 2^j times the noise.
const RADII: [i32; 3] = [0, 2, 5];
/// Inputs in an interval of at most so many times the noise are near its middle.
const NARROW: f64 = 32.0;
/// Largest n sqrt v, and how many factors exp is made of; a little below 16, so that a checker who rounds
/// otherwise agrees.
const MAX_EXPONENT: f64 = 15.99;
const HALVINGS: u32 = 4;

fn size(x: f64) -> Interval {
    interval!(x, x).unwrap_or(Interval::ENTIRE)
}

/// Upper bound of exp x, 0 <= x <= 16: a power of exp y <= 1 + y + y^2, y <= 1.
fn exponential(x: Interval) -> Interval {
    let y = x / const_interval!(16.0, 16.0);
    let power = const_interval!(1.0, 1.0) + y + y * y;
    (0..HALVINGS).fold(power, |power, _| power.sqr())
}

/// `bound` of |F'(z)| for every complex z within `noise` of the interval; none outside of what was
/// certified, or where the noise is too large for the degree.
///
/// An odd stage's slope is even, so for both sides an interval across 0 is folded.
pub(super) fn near(stage: &Stage, side: Side, exact: &Mp, noise: f64) -> Option<f64> {
    let prec = exact.prec();
    let both = side == Side::Both;
    let on = |y: &Mp| {
        let folded = if both {
            Mp {
                lo: y.mignitude(),
                hi: y.magnitude(),
            }
        } else {
            y.clone()
        };
        let known = stage.slope.covers(&folded);
        known.then(|| {
            let image = stage.image(1, &folded);
            size(image.magnitude().to_f64_round(Round::Up))
        })
    };
    if noise == 0.0 {
        return on(exact).map(|slope| slope.sup());
    }
    let hi = stage.slope.hi().to_f64_round(Round::Down);
    let lo = if both {
        -hi
    } else {
        stage.slope.lo().to_f64_round(Round::Up)
    };
    let held = exact.clone().widened(&Float::with_val(prec, noise));
    let (a, b) = (
        held.lo.to_f64_round(Round::Down),
        held.hi.to_f64_round(Round::Up),
    );
    if !(lo <= a && b <= hi) {
        return None;
    }
    let width = Float::with_val(prec, &exact.hi - &exact.lo);
    if width <= Float::with_val(prec, noise * NARROW) {
        return Some(by_series(&stage.f[1], exact, noise));
    }
    let coefficients = &stage.f[1].exact;
    let degree = coefficients.iter().rposition(|c| !c.is_zero());
    let n = degree.unwrap_or(0).max(1) as f64;
    let real = on(&held)?;
    let mut best: Option<f64> = None;
    for i in 0..=REACHES {
        let r = noise * 8f64.powi(i);
        let (from, to) = ((a - r).max(lo), (b + r).min(hi));
        let half = (size(to) - size(from)) / const_interval!(2.0, 2.0);
        let most = on(&Mp {
            lo: Float::with_val(prec, from),
            hi: Float::with_val(prec, to),
        })?;
        for j in RADII {
            let times = 2f64.powi(j);
            let more = size(noise) * size(times - 1.0);
            let (a, b) = (size(a) - more, size(b) + more);
            let gap = (a - size(from)).inf().min((size(to) - b).inf());
            if gap < 0.0 {
                break;
            }
            let e = size(noise) * size(times);
            let t = e / half;
            let mut v = (t + t * t / const_interval!(4.0, 4.0)).sup();
            if gap > 0.0 {
                v = v.min((t * e / size(gap)).sup());
            }
            let x = size(n) * size(v).sqrt();
            if x.sup().is_nan() || x.sup() > MAX_EXPONENT {
                continue;
            }
            let near = most * exponential(x);
            let slope = match j {
                0 => near,
                _ => real + near / size(times - 1.0),
            };
            best = Some(best.map_or(slope.sup(), |least| least.min(slope.sup())));
        }
        if (from, to) == (lo, hi) {
            break;
        }
    }
    best
}

/// The Taylor series of F' at the middle of an interval, in absolute values.
fn by_series(slope: &Polynomial, exact: &Mp, noise: f64) -> f64 {
    // At the precision of the stage: its coefficients cancel.
    let prec = exact.prec().max(slope.prec());
    let m = Float::with_val(prec, &exact.lo + &exact.hi) >> 1u32;
    let middle = Mp::exact(&m);
    let mut c: Vec<Mp> = (slope.exact.iter())
        .map(|c| Mp::from_rational(prec, c))
        .collect();
    for k in 0..c.len() {
        for i in (k..c.len() - 1).rev() {
            let up = c[i + 1].times(&middle);
            c[i] = c[i].clone().plus(&up);
        }
    }
    let off = exact.clone().minus(&middle).magnitude();
    let radius = size(off.to_f64_round(Round::Up)) + size(noise);
    let sum = c.iter().rev().fold(const_interval!(0.0, 0.0), |sum, c| {
        sum * radius + size(c.magnitude().to_f64_round(Round::Up))
    });
    sum.sup()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certify::composite::cascade::Branch;
    use crate::poly::composite::{Branch as Exact, Composite};
    use rug::Rational;

    fn prepared(c: &[(i64, i64)]) -> (Branch, Exact) {
        let c: Vec<Rational> = c.iter().map(|&c| Rational::from(c)).collect();
        let exact = Composite::from_stages(vec![c]).branches[0].clone();
        let reach = Float::with_val(128, 1.125);
        (Branch::new(&exact, &reach, 128).unwrap(), exact)
    }

    /// |P(y + e) - P(y)| / |e| on circles around y, against the bound; `largest` is the largest slope.
    fn compare(c: &[(i64, i64)], noise: f64, largest: f64) {
        let (branch, exact) = prepared(c);
        // Horner's scheme on real and imaginary parts.
        let at = |x: f64, y: f64| {
            let (x, y) = (Float::with_val(128, x), Float::with_val(128, y));
            let mut sum = (Float::new(128), Float::new(128));
            for c in exact.stages[0].iter().rev() {
                let re = Float::with_val(128, &sum.0 * &x) - Float::with_val(128, &sum.1 * &y);
                let im = Float::with_val(128, &sum.0 * &y) + Float::with_val(128, &sum.1 * &x);
                sum = (re + c, im);
            }
            sum
        };
        for k in 0..=64 {
            let y = f64::from(k) / 64.0;
            let point = Mp::exact(&Float::with_val(128, y));
            let bound = near(&branch.stages[0], branch.side, &point, noise).unwrap();
            let mut reached = 0.0f64;
            for j in 0..32 {
                let angle = f64::from(j) * std::f64::consts::PI / 16.0;
                let e = (noise * angle.cos(), noise * angle.sin());
                let (there, here) = (at(y + e.0, e.1), at(y, 0.0));
                let off = (there.0 - here.0).hypot(&(there.1 - here.1));
                reached = reached.max(off.to_f64() / e.0.hypot(e.1));
            }
            assert!(
                bound >= reached * (1.0 - 1e-12),
                "at {y}: {bound} {reached}"
            );
            assert!(
                bound <= 1.5 * reached + 0.1 * largest,
                "at {y}: {bound} {reached}"
            );
        }
    }

    #[test]
    fn complex_noise_stays_below_the_bound() {
        // y - y^3/3: at 0 the real slope is at most 1, and F(ie) = i (e + e^3/3).
        compare(&[(0, 1), (1, 1), (0, 1), (-1, 3)], 2e-3, 1.0);
        // T_7 has seven times the slope at its end, and not odd: y + y^2.
        let t7 = [0, -7, 0, 56, 0, -112, 0, 64].map(|c| (c, 1));
        compare(&t7, 1e-4, 49.0);
        compare(&[(0, 1), (1, 1), (1, 1)], 1e-6, 3.0);
    }

    #[test]
    fn noise_beyond_the_pieces_or_the_degree_is_refused() {
        let (branch, _) = prepared(&[(0, 1), (1, 1), (0, 1), (-1, 3)]);
        let point = Mp::exact(&Float::with_val(128, 1));
        let slope = |noise| near(&branch.stages[0], branch.side, &point, noise);
        assert!(slope(0.0).is_some() && slope(0.01).is_some());
        assert!(slope(0.2).is_none());
    }
}
