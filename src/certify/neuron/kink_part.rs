//! A neuron's polynomial on a part of the range that it was made for.
//!
//! # Method
//! In the angle a, t = cos a, F(t) = sum c_k T_k(t) - s t is an even trigonometric polynomial of degree d, so
//! |F''| <= d^2 M where |F| <= M (Bernstein). Between two angles w apart F is within d^2 M w^2/8 of the line
//! through its values there: over the part it lies between the least and the greatest value at nodes
//! w apart, both ends among them, but for that much. Where the part is short against a wave of the polynomial,
//! that is next to nothing, while the error over the whole range is the height of a wave.
//!
//! # Rounding
//! As in [`super::kink`]: a node that is not quite where it was meant to be is off by `NODE_SHIFT` at most in
//! its angle, so two that follow each other are at most the step and twice that apart.
//!
//! Source: Bernstein 1912.

use super::kink::{clenshaw, off_line, short, Neuron, LANES, NODE_SHIFT};
use crate::arith::upper::Upper;
use crate::error::Result;

/// Nodes to a wave: d w is at most 1/96 where that takes no more than `MAX_NODES`.
const STEPS: f64 = 96.0;
/// Most nodes.
const MAX_NODES: usize = 1 << 15;
/// Slopes are within this of 0.
const STEEPEST: f64 = 4.0;
/// Steps of the search for a slope, each two thirds of the one before.
const SEARCH: usize = 40;
/// Values that the search looks at, about.
const MOST_TRIED: usize = 256;
/// Parts shorter than this in t have no slope of their own.
const SHORT: f64 = 1e-9;

/// What is proved of a polynomial P on a part of its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Bounds of P(z) - max(z, 0).
    pub bound_apart: (f64, f64),
    /// A slope s, and bounds of P(z) - s z.
    pub bound_tilted: (f64, (f64, f64)),
}

impl Neuron {
    /// Bounds the polynomial on [lo, hi], as far as that lies in its range.
    ///
    /// **Guarantee** for every z in both, P(z) - max(z, 0) and P(z) - s z are within their bounds.
    /// **Cost** some 96 d nodes for the whole range, in proportion for a part; 16 at least.
    ///
    /// # Errors
    /// None for a neuron that could be made.
    pub fn part(&self, lo: f64, hi: f64) -> Result<Part> {
        let (h, c) = (self.range.half, self.range.kink);
        // z/h + c, rounded outward: of a z below 0 the quotient's size goes the other way.
        let place = |z: f64, c: f64| {
            let quotient = Upper::size(z).over(h).get();
            let quotient = if z < 0.0 {
                -(z.abs() / h).next_down()
            } else {
                quotient
            };
            (Upper::of(quotient) + Upper::of(c)).get().clamp(-1.0, 1.0)
        };
        let (t0, t1) = (-place(-lo, -c), place(hi, c));
        let e = self.bound_error;
        let whole = Part {
            bound_apart: (-e, e),
            bound_tilted: self.bound_tilted,
        };
        if t0 >= t1 {
            return Ok(whole);
        }
        // P(z) = h F(t) + h s t, and s z = h s (t - c).
        let left = (t0 < c).then(|| self.values(t0, t1.min(c)));
        let right = (t1 > c).then(|| self.values(t0.max(c), t1));
        let sides: Vec<(f64, Values)> = left
            .map(|v| (0.0, v))
            .into_iter()
            .chain(right.map(|v| (1.0, v)))
            .collect();
        let around = |m: (f64, f64), s: (f64, f64)| (m.0.min(s.0), m.1.max(s.1));
        let nothing = (f64::INFINITY, f64::NEG_INFINITY);
        let bounds = |slope: f64, v: &Values| self.range.in_z(slope, self.over(slope, v));
        let apart = sides.iter().map(|(s, v)| bounds(*s, v));
        let apart = apart.fold(nothing, around);
        let slope = if t1 - t0 > SHORT {
            flattest(&sides)
        } else if t1 > c {
            1.0
        } else {
            0.0
        };
        let tilted = sides.iter().map(|(_, v)| bounds(slope, v));
        Ok(Part {
            bound_apart: (apart.0.max(-e), apart.1.min(e)),
            bound_tilted: (slope, tilted.fold(nothing, around)),
        })
    }

    /// The polynomial in t at nodes of -1 <= t0 < t1 <= 1, both ends among them.
    fn values(&self, t0: f64, t1: f64) -> Values {
        let degree = self.coefficients.len().saturating_sub(1).max(1) as f64;
        let (a0, a1) = (t1.acos(), t0.acos());
        let wanted = (degree * (a1 - a0) * STEPS).ceil();
        // At least 8, so that rounding of the step is nothing; a step more where the cut is not whole.
        let steps = if wanted < MAX_NODES as f64 {
            (wanted as usize).max(8)
        } else {
            MAX_NODES
        };
        let step = (a1 - a0) / steps as f64;
        let mut values = Values {
            nodes: Vec::with_capacity(steps + LANES),
            rounding: Upper::ZERO,
            step,
        };
        for first in (0..=steps).step_by(LANES) {
            let t: [f64; LANES] = std::array::from_fn(|i| match first + i {
                0 => t1,
                k if k >= steps => t0,
                k => (a0 + k as f64 * step).cos().clamp(t0, t1),
            });
            let (value, rounding) = clenshaw(&self.coefficients, &t);
            values.nodes.extend(t.into_iter().zip(value));
            values.rounding = values.rounding.max(rounding);
        }
        values
    }

    /// Bounds of sum c_k T_k(t) - s t between the outermost nodes.
    fn over(&self, s: f64, values: &Values) -> (f64, f64) {
        let (h, c) = (self.range.half, self.range.kink);
        // M from the slope that is known over the whole range: |P - s0 z| = h |F_0 + s0 c|.
        let (s0, (least, most)) = self.bound_tilted;
        let known = Upper::size(least).max(Upper::size(most)).over(h);
        let line = Upper::product(s0.abs(), c.abs());
        let turned = Upper::of(s.max(s0)) + Upper::of(-s.min(s0));
        let all = known + line + turned;
        let degree = self.coefficients.len().saturating_sub(1).max(1) as f64;
        let (mut lo, mut hi, mut off) = (f64::INFINITY, f64::NEG_INFINITY, Upper::ZERO);
        for (t, v) in &values.nodes {
            let f = v - s * t;
            lo = lo.min(f);
            hi = hi.max(f);
            off = off.max(off_line(f, s));
        }
        // Angles are not proved to be steps apart exactly: what rounding of the angles does is in NODE_SHIFT.
        let apart = Upper::of(values.step.next_up()) + Upper::of(2.0 * NODE_SHIFT);
        let wave = apart.scaled(degree);
        let pad = (all * wave * wave).scaled(0.125) + values.rounding + off;
        let end = |x: f64| (Upper::of(x) + pad).get();
        (-end(-lo), end(hi))
    }
}

/// A polynomial at nodes of a part, in t.
struct Values {
    /// t and value.
    nodes: Vec<(f64, f64)>,
    /// Of each value.
    rounding: Upper,
    /// Between the angles of two nodes.
    step: f64,
}

/// The slope s, about, for which the values minus s t spread least: their spread is convex in s.
fn flattest(sides: &[(f64, Values)]) -> f64 {
    let all = || sides.iter().flat_map(|(_, v)| &v.nodes);
    let every = (all().count() / MOST_TRIED).max(1);
    // The ends of a part stand first and last on its sides.
    let ends = sides
        .iter()
        .flat_map(|(_, v)| [v.nodes.first(), v.nodes.last()]);
    let tried: Vec<(f64, f64)> = all()
        .step_by(every)
        .chain(ends.flatten())
        .copied()
        .collect();
    let spread = |s: f64| {
        let around = |m: (f64, f64), f: f64| (m.0.min(f), m.1.max(f));
        let rest = tried.iter().map(|(t, v)| v - s * t);
        let (lo, hi) = rest.fold((f64::INFINITY, f64::NEG_INFINITY), around);
        hi - lo
    };
    let (mut lo, mut hi) = (-STEEPEST, STEEPEST);
    for _ in 0..SEARCH {
        let (a, b) = (lo + (hi - lo) / 3.0, hi - (hi - lo) / 3.0);
        if spread(a) < spread(b) {
            hi = b;
        } else {
            lo = a;
        }
    }
    short(lo / 2.0 + hi / 2.0)
}

#[cfg(test)]
mod tests {
    use super::super::kink::tests::exact;
    use super::*;
    use rug::Rational;
    use std::f64::consts::PI;

    #[test]
    fn parts_hold_exact_values_and_are_tight() {
        let mut seed = 11u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 40) as f64 / f64::from(1 << 24)
        };
        let q = |x: f64| Rational::from_f64(x).unwrap();
        for round in 0..300 {
            let degree = [1, 2, 3, 9, 30][round % 5];
            let (lo, hi) = (-0.1 - random(), 0.1 + 3.0 * random());
            let mut fitted = Vec::new();
            let neuron = Neuron::new(lo, hi, |kink| {
                // The ReLU's own Chebyshev series, by a sum over nodes, and a constant.
                let nodes: Vec<f64> = (0..64).map(|i| (f64::from(i) + 0.5) * PI / 64.0).collect();
                let term = |k: usize| {
                    let part = |a: &f64| (a.cos() - kink).max(0.0) * (k as f64 * a).cos();
                    nodes.iter().map(part).sum::<f64>() / 32.0
                };
                let mut c: Vec<f64> = (0..=degree).map(term).collect();
                c[0] = c[0] / 2.0 + 0.01 * random();
                fitted.clone_from(&c);
                c
            })
            .unwrap();
            let width = (hi - lo) * [1.5, 0.3, 1e-2, 1e-5, 1e-12][round / 5 % 5];
            let from = lo + (hi - lo) * random();
            let part = neuron.part(from, from + width).unwrap();
            let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
            let (h, c) = (q(neuron.range.half), q(neuron.range.kink));
            for k in 0..=200 {
                let z = q(from) + q(width) * Rational::from((k, 200));
                if z < q(lo) || z > q(hi) {
                    continue;
                }
                let t = Rational::from(&z / &h) + &c;
                let p = exact(&fitted, &t) * &h;
                let apart = &p - z.clone().max(Rational::new());
                let (s, tilted) = part.bound_tilted;
                let rest = p - q(s) * z;
                assert!(
                    q(part.bound_apart.0) <= apart && apart <= q(part.bound_apart.1),
                    "{round}"
                );
                assert!(q(tilted.0) <= rest && rest <= q(tilted.1), "{round}");
                least = least.min(apart.to_f64());
                most = most.max(apart.to_f64());
            }
            // Tight: most of the bound is there.
            let room = 0.02 * width.min(hi - lo) + 1e-4 * (hi - lo);
            assert!(
                part.bound_apart.1 <= most + room && part.bound_apart.0 >= least - room,
                "{round}"
            );
        }
    }
}
