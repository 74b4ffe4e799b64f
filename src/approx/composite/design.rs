//! A fitted composite: what was asked for, and its stages.

use crate::approx::fit::remez::Minimax;
use rug::{Float, Rational};

/// A fitted composite: what was asked for, and its stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// Degree of each stage; the first is applied first.
    pub degrees: Vec<usize>,
    /// Lower end of the first interval, exact.
    pub eps: Rational,
    /// Margin added to both ends of every interval (only to the upper end of the first), exact.
    pub eta: Rational,
    /// The fits, each with its interval and levelled error.
    pub stages: Vec<Minimax>,
}

impl Design {
    /// The composite's value `p_k(...p_1(x))`. *Estimate*. **Cost**: `sum k_i` products.
    pub fn value(&self, x: &Float) -> Float {
        self.stages
            .iter()
            .fold(x.clone(), |y, stage| stage.polynomial.value(&y))
    }

    /// Error of sign on `[eps, 1]`: the levelled error of the last stage. *Estimate*.
    pub fn estimate_sign_error(&self) -> &Float {
        &self.stages[self.stages.len() - 1].levelled_error
    }

    /// ReLU error on `[eps, 1]`: `max |x| |1 - p| / 2 = E_k / 2`, reached at 1. *Estimate*.
    ///
    /// With `eta > 0` the value at 1 may be a little smaller.
    pub fn estimate_right_error(&self) -> Float {
        self.estimate_sign_error().clone() / 2u32
    }

    /// `log2 eps`, rounded to a double.
    pub fn eps_log2(&self) -> f64 {
        Float::with_val(64, &self.eps).log2().to_f64()
    }

    /// Largest working precision of the stages, in bits.
    pub fn precision(&self) -> u32 {
        self.stages.iter().map(|s| s.precision).max().unwrap_or(64)
    }
}
