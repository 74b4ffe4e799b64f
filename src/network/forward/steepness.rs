//! How steep a stage is: f64 bounds of its terms, its slope and its curvature over a ball of arguments.

use crate::arith::ball::{up, U};
use rug::Rational;

/// Coefficients of P, P' and P'' from the highest power, as f64.
#[derive(Debug, Clone)]
pub struct Steepness {
    value: Vec<f64>,
    slope: Vec<f64>,
    curve: Vec<f64>,
    /// Covers the rounding of sums of their terms' sizes.
    cover: f64,
}

impl Steepness {
    /// Of a polynomial in powers, from degree 0.
    pub fn new(powers: &[Rational]) -> Self {
        let weighted = |weight: &dyn Fn(f64) -> f64, drop: usize| -> Vec<f64> {
            let all = powers.iter().enumerate().skip(drop);
            let mut list: Vec<f64> = all.map(|(j, c)| c.to_f64() * weight(j as f64)).collect();
            list.reverse();
            list
        };
        Self {
            value: weighted(&|_| 1.0, 0),
            slope: weighted(&|j| j, 1),
            curve: weighted(&|j| j * (j - 1.0), 2),
            cover: 1.0 + (4.0 * powers.len() as f64 + 32.0) * U,
        }
    }

    fn sum(&self, list: &[f64], m: f64) -> f64 {
        list.iter().fold(0.0f64, |s, c| s.mul_add(m, c.abs())) * self.cover
    }

    /// Number of coefficients, one more than the degree.
    pub fn terms(&self) -> usize {
        self.value.len()
    }

    /// Upper bound of sum |c_j| m^j, m >= 0.
    pub fn size(&self, m: f64) -> f64 {
        self.sum(&self.value, m)
    }

    /// Upper bound of sum j |c_j| m^(j-1).
    pub fn slopes(&self, m: f64) -> f64 {
        self.sum(&self.slope, m)
    }

    /// Upper bound of sum j (j-1) |c_j| m^(j-2).
    pub fn curves(&self, m: f64) -> f64 {
        self.sum(&self.curve, m)
    }

    /// Upper bound of |P'| wherever the argument is within `drift` of `near`; `slopes` and `curves` are those bounds for a
    /// greatest |argument|.
    ///
    /// The f64 Horner sum is off by at most (cover - 1) of the sum of its terms' sizes; from there the mean value theorem.
    #[inline(always)]
    pub fn over(&self, near: f64, drift: f64, (slopes, curves): (f64, f64)) -> f64 {
        let computed = self.slope.iter().fold(0.0f64, |s, &c| s.mul_add(near, c));
        up(computed.abs() + (self.cover - 1.0) * slopes + drift * curves)
    }

    /// P'(y) in f64, and an upper bound of its distance to the exact slope.
    pub fn slope(&self, y: f64) -> (f64, f64) {
        let computed = self.slope.iter().fold(0.0f64, |s, &c| s.mul_add(y, c));
        (computed, up((self.cover - 1.0) * self.slopes(y.abs())))
    }

    /// P in f64. *Estimate*.
    pub fn estimate(&self, y: f64) -> f64 {
        self.value.iter().fold(0.0f64, |s, &c| s.mul_add(y, c))
    }

    /// Upper bound of what underflow in products of pairs can move P by, |y| <= m and m >= 1, `tiny` for each (see
    /// [`crate::network::forward::twin`]).
    pub fn underflow(&self, m: f64, tiny: f64) -> f64 {
        let power = self.slope.iter().fold(tiny, |s, _| s * m);
        (tiny * self.slopes(m) + self.value.len() as f64 * power) * self.cover
    }
}
