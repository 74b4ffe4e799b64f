//! A polynomial for the ReLU of one neuron on its range: proved error in f64.
//!
//! # Method
//! In t = z/h + c the neuron's range is [-1, 1] and its ReLU is h max(t - c, 0), so the error is a
//! polynomial of degree d (at least 1) on [-1, c] and another on [c, 1]. A polynomial g on an interval
//! is an even trigonometric polynomial of the angle; by M. Riesz's lemma
//! |g| at angle a is at least M cos(d (a - a*)) around a maximum M at a*, so a grid with a point
//! within eta of every angle gives M <= max over the grid / cos(d eta).
//! The grid is N = 20 d Chebyshev nodes of either side: eta = pi/(2N) plus what their rounding can
//! do (below), which costs 0.3 % and no derivative. The node nearest to a* has then at least 0.99 of every value, so
//! only the cells of such nodes are looked at again, with 8 nodes each: those are all nodes of 8 N near a*, and the
//! bound is 0.005 % above the maximum.
//!
//! # Rounding
//! Clenshaw's recurrence is exact for coefficients c_k + e_k where e_k is the rounding of step k, and
//! |T_k| <= 1: the error is at most the sum of |e_k|, each at most 2^-53 times five times the
//! largest |b_k| seen. A node that is off by e in s = cos a is off by at most pi sqrt(e/2) in its
//! angle; sides are at least 2^-11 wide ([`MIN_GAP`]), so that e <= 2^-40.
//!
//! Source: Riesz 1914; Ehlich and Zeller 1964.

use crate::arith::upper::{gamma, Upper, UNIT};
use crate::error::{Error, Result};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// The kink keeps at least this distance to -1 and 1.
pub const MIN_GAP: f64 = 1.0 / 1_024.0;
/// Largest degree.
pub const MAX_DEGREE: usize = 4_096;

/// Coefficients are at most this, so that no step of a recurrence overflows.
const MAX_COEFFICIENT: f64 = 1e150;

/// Bound of the angle by which rounding moves a node, pi sqrt(2^-40 / 2), rounded up.
pub(super) const NODE_SHIFT: f64 = 2.2e-6;
/// Finer nodes in a cell.
const FINER: usize = 8;
/// Below cos(d eta) of the coarse nodes: d eta is at most pi/40 + 2^12 times the shift, so its cosine is above 0.996.
const NEAR: f64 = 0.99;
/// Lists of nodes that a thread keeps: coarse and fine ones of two degrees.
const KEPT_LISTS: usize = 4;
/// Nodes evaluated together.
pub(super) const LANES: usize = 16;

/// The range of a neuron in normal form: z = h (t - c) with t in [-1, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Half the width of the range; above 0.
    pub half: f64,
    /// Where z = 0 lies in t.
    pub kink: f64,
}

impl Range {
    /// The least normal form whose range holds [lo, hi], lo < 0 < hi; the kink is kept
    /// [`MIN_GAP`] away from the ends, so a very lopsided range is widened a little.
    ///
    /// **Guarantee** -h (1 + c) <= lo and hi <= h (1 - c), exactly.
    ///
    /// # Errors
    /// Ends that are not finite, or not on both sides of 0.
    pub fn new(lo: f64, hi: f64) -> Result<Self> {
        if !(lo < 0.0 && hi > 0.0 && (hi - lo).is_finite()) {
            return Err(Error::domain(format!(
                "[{lo}, {hi}] is no finite range around 0"
            )));
        }
        let kink = (-(hi + lo) / (hi - lo)).clamp(MIN_GAP - 1.0, 1.0 - MIN_GAP);
        // 1 + c and 1 - c are rounded down.
        let left = Upper::of(-lo).over((1.0 + kink).next_down());
        let right = Upper::of(hi).over((1.0 - kink).next_down());
        let half = left.max(right).get();
        if half < 1e-290 || !half.is_finite() {
            return Err(Error::domain(format!(
                "the range [{lo}, {hi}] is too small or too large"
            )));
        }
        Ok(Self { half, kink })
    }

    /// Bounds of h F(t) - s z from those of F(t) - s t: s z = h s (t - c), so they are h (bounds + s c).
    pub(super) fn in_z(self, slope: f64, (least, most): (f64, f64)) -> (f64, f64) {
        let end = |bound: f64, slope: f64| {
            (Upper::of(bound) + Upper::product(slope, self.kink))
                .scaled(self.half)
                .get()
        };
        (-end(-least, -slope), end(most, slope))
    }
}

/// A neuron's polynomial P(z) = h sum c_k T_k(z/h + c) on its range, with what is proved about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Neuron {
    /// The range in normal form.
    pub range: Range,
    /// c_0, c_1, ...
    pub coefficients: Vec<f64>,
    /// Upper bound of |P(z) - max(z, 0)| on the range.
    pub bound_error: f64,
    /// A slope s, and bounds (lo, hi) of P(z) - s z on the range.
    pub bound_tilted: (f64, (f64, f64)),
}

impl Neuron {
    /// Proves the error of a polynomial on [lo, hi], lo < 0 < hi.
    ///
    /// **Inputs** `fit` answers coefficients for a kink; nothing is assumed of them.
    ///
    /// # Errors
    /// As [`Range::new`] and [`bound_error`].
    pub fn new(lo: f64, hi: f64, fit: impl FnOnce(f64) -> Vec<f64>) -> Result<Self> {
        let range = Range::new(lo, hi)?;
        let (h, c) = (range.half, range.kink);
        let coefficients = fit(c);
        let bound_error = Upper::of(bound_error(&coefficients, c)?).scaled(h).get();
        // The slope of the ReLU's chord; s z = h s (t - c).
        let slope = short((1.0 - c) / 2.0);
        let bounds = bound_tilted(&coefficients, slope)?;
        Ok(Self {
            range,
            bound_error,
            bound_tilted: (slope, range.in_z(slope, bounds)),
            coefficients,
        })
    }
}

/// A slope with 20 fractional bits, as certificates hold it; any slope near will do.
pub(super) fn short(slope: f64) -> f64 {
    let unit = f64::from(1 << 20);
    (slope * unit).round() / unit
}

/// Upper bound of |sum c_k T_k(t) - max(t - kink, 0)| over [-1, 1].
///
/// **Inputs** Chebyshev coefficients c_0, c_1, ... (at least one); kink within 1 - [`MIN_GAP`] of 0.
/// **Guarantee** the value is at least the true maximum; about 0.005 % above it.
/// **Cost** 40 d^2 steps and some more of Clenshaw's recurrence.
///
/// # Errors
/// A kink too close to an end, coefficients that are not finite, or too many.
///
/// ```
/// // t^2/2 + t/2 + 1/16 for the ReLU on [-1, 1]: the error is 1/16.
/// let bound = polycert::certify::neuron::kink::bound_error(&[5.0 / 16.0, 0.5, 0.25], 0.0)?;
/// assert!(bound >= 0.0625 && bound < 0.0628);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn bound_error(coefficients: &[f64], kink: f64) -> Result<f64> {
    let degree = coefficients.len().saturating_sub(1).max(1);
    let fits = kink.abs() <= 1.0 - MIN_GAP && degree <= MAX_DEGREE && !coefficients.is_empty();
    if !fits || !usable(coefficients) {
        return Err(Error::domain(format!(
            "a neuron's polynomial has 1 to {MAX_DEGREE} finite coefficients and a kink within {} of 0",
            1.0 - MIN_GAP
        )));
    }
    let (nodes, _) = grid(degree);
    let (fine, factor) = finer(degree, nodes);
    let mut bound = Upper::ZERO;
    let (coarse_nodes, fine_nodes) = (self::nodes(nodes), self::nodes(fine));
    for side in [-1.0, 1.0] {
        let coarse: Vec<usize> = (0..nodes).collect();
        let sizes = sizes(coefficients, kink, side, &coarse, &coarse_nodes);
        let most = sizes.iter().fold(0.0f64, |m, s| m.max(s.0 - s.1));
        let near = (0..nodes).filter(|&i| sizes[i].0 + sizes[i].1 >= NEAR * most);
        let mut cells = Vec::with_capacity(nodes);
        near.for_each(|i| cells.extend(i * FINER..(i + 1) * FINER));
        for (size, off) in self::sizes(coefficients, kink, side, &cells, &fine_nodes) {
            bound = bound.max(Upper::of(size) + Upper::of(off));
        }
    }
    Ok((bound * factor).get())
}

/// |sum c_k T_k(t) - max(t - kink, 0)| at some of Chebyshev's nodes of one side, and what rounding may have changed.
fn sizes(c: &[f64], kink: f64, side: f64, which: &[usize], nodes: &[f64]) -> Vec<(f64, f64)> {
    let gamma = gamma(1, UNIT);
    let (middle, radius) = ((kink + side) / 2.0, (1.0 - side * kink) / 2.0);
    let (low, high) = if side < 0.0 {
        (-1.0, kink)
    } else {
        (kink, 1.0)
    };
    let mut sizes = Vec::with_capacity(which.len());
    for chunk in which.chunks(LANES) {
        let t: [f64; LANES] = std::array::from_fn(|i| {
            let i = chunk.get(i).unwrap_or(&chunk[0]);
            nodes[*i].mul_add(radius, middle).clamp(low, high)
        });
        let (value, rounding) = clenshaw(c, &t);
        let error = |(t, v): (&f64, f64)| {
            let target = if side < 0.0 { 0.0 } else { t - kink };
            // What is no number proves nothing.
            Upper::size(v - target).get()
        };
        let errors = t.iter().zip(value).take(chunk.len()).map(error);
        // Two more roundings: t - kink (at most 2) and the difference, of the largest of these.
        let most = errors.clone().fold(0.0, f64::max);
        let off = gamma * Upper::of(most) + Upper::of(2.0 * UNIT) + rounding;
        sizes.extend(errors.map(|e| (e, off.get())));
    }
    sizes
}

/// Bounds (lo, hi) of sum c_k T_k(t) - slope t over [-1, 1].
///
/// **Guarantee** every value there lies between them. **Cost** 20 d^2 steps.
///
/// # Errors
/// As [`bound_error`].
pub fn bound_tilted(coefficients: &[f64], slope: f64) -> Result<(f64, f64)> {
    let degree = coefficients.len().saturating_sub(1).max(1);
    if degree > MAX_DEGREE || !slope.is_finite() || !usable(coefficients) || coefficients.is_empty()
    {
        return Err(Error::domain(format!(
            "a neuron's polynomial has 1 to {MAX_DEGREE} finite coefficients"
        )));
    }
    let (nodes, factor) = grid(degree);
    let (mut lo, mut hi, mut off) = (f64::INFINITY, f64::NEG_INFINITY, Upper::ZERO);
    let all = self::nodes(nodes);
    for first in (0..nodes).step_by(LANES) {
        let t: [f64; LANES] = std::array::from_fn(|i| all[first + i]);
        let (value, rounding) = clenshaw(coefficients, &t);
        for (t, v) in t.iter().zip(value) {
            let g = v - slope * t;
            lo = lo.min(g);
            hi = hi.max(g);
            off = off.max(rounding + off_line(g, slope));
        }
    }
    // Riesz's lemma bounds the distance from the middle, which is rounded once.
    let middle = lo / 2.0 + hi / 2.0;
    let half = (Upper::of(hi) + Upper::of(-lo)).scaled(0.5);
    let rounded = gamma(1, UNIT) * Upper::size(middle) + Upper::of(f64::MIN_POSITIVE);
    let half = (half + off) * factor + rounded;
    let end = |middle: f64| (Upper::of(middle) + half).get();
    Ok((-end(-middle), end(middle)))
}

/// What v - s t = g rounds off beside v, |t| <= 1: the product s t, and the difference.
pub(super) fn off_line(g: f64, slope: f64) -> Upper {
    let product = Upper::of(UNIT) * Upper::size(slope);
    gamma(1, UNIT) * Upper::size(g) + product + Upper::of(f64::MIN_POSITIVE)
}

/// Whether all coefficients are numbers of a size that cannot overflow.
fn usable(coefficients: &[f64]) -> bool {
    coefficients.iter().all(|c| c.abs() <= MAX_COEFFICIENT)
}

/// The number of nodes for a degree, and 1 / cos(d eta) or more.
fn grid(degree: usize) -> (usize, Upper) {
    // At least 32 nodes, so that N is no small number for degree 1.
    let nodes = (20 * degree).max(32).next_multiple_of(LANES);
    (nodes, within(degree, nodes))
}

/// The same of the finer nodes.
fn finer(degree: usize, nodes: usize) -> (usize, Upper) {
    (FINER * nodes, within(degree, FINER * nodes))
}

/// 1 / cos(d eta) or more, where every angle is within eta of one of Chebyshev's nodes.
fn within(degree: usize, nodes: usize) -> Upper {
    let pi = Upper::of(std::f64::consts::PI.next_up());
    let eta = pi.over((2 * nodes) as f64) + Upper::of(NODE_SHIFT);
    // cos x >= 1 - x^2/2.
    let angle = eta.scaled(degree as f64);
    let cosine = -(Upper::of(-1.0) + (angle * angle).scaled(0.5)).get();
    Upper::ONE.over(cosine)
}

/// Chebyshev's n nodes, to a rounding or two each.
///
/// A network's neurons ask for the same two lists by the thousand, so each thread keeps the last few.
fn nodes(n: usize) -> Rc<[f64]> {
    thread_local! {
        static KEPT: RefCell<VecDeque<Rc<[f64]>>> = const { RefCell::new(VecDeque::new()) };
    }
    KEPT.with_borrow_mut(|kept| {
        if let Some(nodes) = kept.iter().find(|nodes| nodes.len() == n) {
            return nodes.clone();
        }
        let node = |i: usize| (std::f64::consts::PI * (2 * i + 1) as f64 / (2 * n) as f64).cos();
        let nodes: Rc<[f64]> = (0..n).map(node).collect();
        kept.push_front(nodes.clone());
        kept.truncate(KEPT_LISTS);
        nodes
    })
}

/// The values at a few t, and a bound for the rounding of each.
pub(super) fn clenshaw(c: &[f64], t: &[f64; LANES]) -> ([f64; LANES], Upper) {
    let (mut b1, mut b2) = ([0.0; LANES], [0.0; LANES]);
    let mut size = [0.0f64; LANES];
    for &c in c.iter().skip(1).rev() {
        for i in 0..LANES {
            let b = (2.0 * t[i]).mul_add(b1[i], -b2[i]) + c;
            b2[i] = b1[i];
            b1[i] = b;
            size[i] = size[i].max(b.abs());
        }
    }
    let mut value = [0.0; LANES];
    let mut largest = c[0].abs();
    for i in 0..LANES {
        value[i] = t[i].mul_add(b1[i], -b2[i]) + c[0];
        largest = largest.max(size[i]).max(value[i].abs());
    }
    // The fused product of a step is at most the step's |b| (1 + u) + |c|: gamma has room for that u.
    let rounding = gamma(5 * (c.len() + 1), UNIT) * Upper::of(largest);
    (value, rounding + Upper::of(f64::MIN_POSITIVE))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rug::Rational;

    pub fn exact(c: &[f64], t: &Rational) -> Rational {
        let q = |x: f64| Rational::from_f64(x).unwrap();
        let (mut b1, mut b2) = (Rational::new(), Rational::new());
        for &c in c.iter().skip(1).rev() {
            let b = q(c) + Rational::from(t * &b1) * 2u32 - &b2;
            (b2, b1) = (b1, b);
        }
        q(c[0]) + t * b1 - b2
    }

    #[test]
    fn bounds_hold_everywhere_and_are_tight() {
        let mut seed = 7u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 40) as f64 / f64::from(1 << 23) - 1.0
        };
        for degree in [0usize, 1, 2, 3, 9] {
            for _ in 0..20 {
                let c: Vec<f64> = (0..=degree).map(|_| random()).collect();
                let kink = (random() * 1.2).clamp(MIN_GAP - 1.0, 1.0 - MIN_GAP);
                let bound = bound_error(&c, kink).unwrap();
                let mut most = Rational::new();
                for n in -300..=300 {
                    let t = Rational::from((n, 300));
                    let relu = (t.clone() - Rational::from_f64(kink).unwrap()).max(Rational::new());
                    most = most.max((exact(&c, &t) - relu).abs());
                }
                assert!(most <= bound, "{c:?} {kink}");
                assert!(bound <= most.to_f64() * 1.01 + 1e-6, "{bound} {most}");
            }
        }
    }

    #[test]
    fn ranges_hold_their_ends() {
        let q = |x: f64| Rational::from_f64(x).unwrap();
        for (lo, hi) in [
            (-1.0, 1.0),
            (-0.1, 0.3),
            (-1e-12, 7.0),
            (-1e200, 1e-200),
            (-5e-324, 1.0),
            (-0.7, 0.1),
        ] {
            let r = Range::new(lo, hi).unwrap();
            let (h, c) = (q(r.half), q(r.kink));
            assert!(-(h.clone() * (c.clone() + 1u32)) <= q(lo), "{lo} {hi}");
            assert!(h.clone() * (1u32 - c) >= q(hi));
            assert!(r.half <= (hi - lo) / 2.0 * 1.01);
        }
        for (lo, hi) in [
            (0.0, 1.0),
            (-1.0, 0.0),
            (f64::NAN, 1.0),
            (-1.0, f64::INFINITY),
            (1.0, -1.0),
            (-1e-300, 1e-300),
        ] {
            assert!(Range::new(lo, hi).is_err(), "{lo} {hi}");
        }
        assert!(bound_error(&[1.0], 1.0).is_err());
        assert!(bound_error(&[], 0.0).is_err());
        assert!(bound_error(&[f64::NAN], 0.0).is_err());
        // Steps that overflow to infinity, then NaN, must not be passed over.
        let huge = [0.0, 0.0, 0.0, 1.7e308, -1.7e308];
        assert!(bound_error(&huge, 0.0).is_err());
        assert!(bound_tilted(&huge, 0.5).is_err());
    }
}
