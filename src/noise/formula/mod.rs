//! What one operation adds, at most or on average, in units of the ciphertext.
//!
//! # Three tiers, never mixed
//! - `worst_case`: deterministic, for every outcome of the samplers (and every key that passes the check
//!   of key generation, below).
//! - `high_probability`: exceeded by any operation at any slot with probability at most 2^-k in all; see
//!   [`tail`] for the tail bounds and the union bound.
//! - `average_case`: the variance of independent components, an estimate.
//!
//! # What is assumed
//! As in `certificates/EVALUATION.md`, section 1, and no more; both are of `high_probability` alone.
//! - A1. The residues that a rescale and an extended encryption round away are uniform given the keys. Each
//!   polynomial for itself: no independence between two components is used. Those of an extended encryption
//!   are a v + e_1 and b v + e_0 mod P, samples of RLWE with the secret v, which the keys tell nothing of. Those
//!   of a rescale are assumed beyond RLWE: after products and squares nothing says that a ciphertext looks uniform.
//! - I. The errors of a switching key are independent of the halves c_1 of all ciphertexts, hence of the digits that
//!   a key switch takes apart. For ciphertexts made from fresh encryptions this is no assumption: a c_1 is made of
//!   uniform halves (of the keys, or its own under the secret key), v and e_1, and then of other c_1 alone (messages,
//!   constants and the keys' errors enter c_0 only).
//!
//! Of what the encoder rounds away nothing is assumed: it depends on the message alone, and its bound is the worst case
//! in every tier.
//!
//! What polycert itself draws (errors, the ephemeral v) needs no assumption. The secret is drawn until
//! `|s(zeta)|^2 <= 18 h` at every zeta, h its (expected) weight: a property of the key, not of luck.
//!
//! # Embedding of a rounding
//! For |r_k| <= 1/2, `|sum r_k zeta^k| <= 1/(2 sin(pi/2N)) < 0.3184 N`: in every direction phi the sum of
//! `|cos(arg zeta^k - phi)|` is over N directions equally spaced by pi/N mod pi. The classical N/2 is
//! 1.57 times as much.

pub mod operations;
pub mod primitive;
pub mod tail;

use crate::arith::number::{f64_above, f64_below};
use crate::arith::Interval;
use crate::ckks::parameters::Parameters;
use rug::{Integer, Rational};

/// What a tier promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// For every outcome.
    WorstCase,
    /// But for probability `2^-kappa` for each event, see [`tail::kappa`].
    HighProbability {
        /// Bits for each event.
        kappa: u32,
    },
}

/// What the noise of a parameter set depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    parameters: Parameters,
}

/// An exact number as the tightest f64 interval around it.
pub fn enclose(x: &Rational) -> Interval {
    between(f64_below(x), f64_above(x))
}

/// An integer as the tightest f64 interval around it.
pub fn enclose_integer(x: &Integer) -> Interval {
    enclose(&Rational::from(x))
}

fn between(lo: f64, hi: f64) -> Interval {
    // Beyond the range of f64 nothing is known.
    crate::arith::interval!(lo, hi).unwrap_or(Interval::ENTIRE)
}

/// An f64 as an interval.
pub(crate) fn point(x: f64) -> Interval {
    between(x, x)
}

impl Model {
    /// The model of a parameter set.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            parameters: parameters.clone(),
        }
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn n(&self) -> Interval {
        point(self.parameters.n() as f64)
    }

    /// The variance of an error's coefficient, which is its sub-Gaussian proxy too.
    fn error_variance(&self) -> Interval {
        point(f64::from(self.parameters.cbd()) / 2.0)
    }

    /// `bound` of |s(zeta)|.
    pub fn bound_secret(&self) -> Interval {
        enclose(&self.parameters.bound_secret_squared()).sqrt()
    }
}
