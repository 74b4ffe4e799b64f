//! What goes into an activation, and what its polynomial is asked: bounds of the least and of the greatest.

use crate::arith::ball::Ball;
use crate::network::model::graph::NodeId;

/// The range of what goes into an activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The activation's node.
    pub node: NodeId,
    /// Lower bound of its inputs.
    pub bound_lo: f64,
    /// Upper bound of its inputs.
    pub bound_hi: f64,
    /// Upper bound of |x| that the polynomial is applied to: of an input, or of the difference in a match
    /// of a max-pool.
    pub bound_reach: f64,
    /// The element where the reach is attained: of the input, or of the max-pool's output.
    pub neuron: usize,
    /// The least x that the polynomial is applied to.
    pub least: Extreme,
    /// The greatest.
    pub greatest: Extreme,
}

/// The least or the greatest of several numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extreme {
    /// No number is beyond it.
    pub bound_outer: f64,
    /// One number surely goes so far, or farther.
    pub bound_inner: f64,
    /// The element where the outer bound is attained.
    pub neuron: usize,
}

impl Extreme {
    /// Of nothing: the least (`sign` 1) or the greatest (-1).
    fn none(sign: f64) -> Self {
        Self {
            bound_outer: sign * f64::INFINITY,
            bound_inner: sign * f64::INFINITY,
            neuron: 0,
        }
    }
}

impl Range {
    /// The range of a node's elements, its reach that of single ones.
    pub(in crate::network) fn of(balls: impl Iterator<Item = Ball>, node: NodeId) -> Self {
        let mut range = Self {
            node,
            bound_lo: f64::INFINITY,
            bound_hi: f64::NEG_INFINITY,
            bound_reach: 0.0,
            neuron: 0,
            least: Extreme::none(1.0),
            greatest: Extreme::none(-1.0),
        };
        for (i, ball) in balls.enumerate() {
            range.bound_lo = range.bound_lo.min(ball.lower());
            range.bound_hi = range.bound_hi.max(ball.upper());
            range.see(ball, i);
        }
        range
    }

    /// What a polynomial is asked, where it is a number alone. *Estimate*.
    pub(in crate::network) fn estimate_of(x: f64) -> Self {
        Self::of(std::iter::once(Ball::exact(x)), 0)
    }

    /// Where the polynomial is applied to differences, which are to come.
    pub(in crate::network) fn forget_reach(&mut self) {
        (self.bound_reach, self.neuron) = (0.0, 0);
        (self.least, self.greatest) = (Extreme::none(1.0), Extreme::none(-1.0));
    }

    /// One more x that the polynomial is applied to, and its element.
    pub(in crate::network) fn see(&mut self, x: Ball, neuron: usize) {
        // Never NaN.
        let (lo, hi) = (x.lower(), x.upper());
        self.see_within(hi.max(-lo), neuron);
        let (least, greatest) = (&mut self.least, &mut self.greatest);
        if lo < least.bound_outer {
            (least.bound_outer, least.neuron) = (lo, neuron);
        }
        if hi > greatest.bound_outer {
            (greatest.bound_outer, greatest.neuron) = (hi, neuron);
        }
        least.bound_inner = least.bound_inner.min(hi);
        greatest.bound_inner = greatest.bound_inner.max(lo);
    }

    /// One more upper bound of |x|, where ReLU or max stands: no more need be known there.
    pub(in crate::network) fn see_within(&mut self, reach: f64, neuron: usize) {
        if reach > self.bound_reach || reach.is_nan() {
            (self.bound_reach, self.neuron) = (reach, neuron);
        }
    }
}
