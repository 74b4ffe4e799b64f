//! A parameter set of bootstrapping, whoever stated it.

use crate::error::{Error, Result};
use crate::noise::overflow::Secret;
use rug::Rational;
use std::ops::RangeInclusive;

/// Which polynomial stands for t mod 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Lattigo's `CosDiscrete`: nodes near the integers up to K - 1.
    CosDiscrete,
    /// Lattigo's `CosContinuous`.
    CosContinuous,
    /// Lattigo's `SinContinuous`.
    SinContinuous,
    /// OpenFHE: a Chebyshev interpolant of the cosine on [-K, K].
    ChebyshevCosine,
}

impl Kind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CosDiscrete => "CosDiscrete",
            Self::CosContinuous => "CosContinuous",
            Self::SinContinuous => "SinContinuous",
            Self::ChebyshevCosine => "Chebyshev cosine",
        }
    }
}

/// Levels of one part, and the bits of their primes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Levels (primes).
    pub levels: u32,
    /// Bits in all.
    pub bits: u32,
}

/// What a documentation claims.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claims {
    /// x, for a bootstrap that fails with probability 2^-x.
    pub failure_bits: Option<Rational>,
    /// Bits of precision.
    pub precision_bits: Option<Rational>,
}

/// A parameter set.
#[derive(Debug, Clone)]
pub struct Set {
    /// The library.
    pub library: &'static str,
    /// Its name in the file, where it has one.
    pub name: Option<String>,
    /// Where its values are from, where the file says so.
    pub provenance: Option<String>,
    /// log2 of the ring degree.
    pub log_n: u32,
    /// log2 of the slots.
    pub log_slots: u32,
    /// Bits of the primes of Q, q_0 first.
    pub q_bits: Vec<u32>,
    /// Bits of the special primes.
    pub p_bits: Vec<u32>,
    /// The secret of ciphertexts.
    pub main: Secret,
    /// Weight of the secret under which the modulus is raised, where it is another.
    pub ephemeral: Option<u32>,
    /// log2 of q_0 over the largest coefficient of a message.
    pub log_ratio: u32,
    /// Largest overflow by the documentation.
    pub k: u32,
    /// The polynomial.
    pub kind: Kind,
    /// Its degree.
    pub degree: u32,
    /// Its coefficients, c_0 whole, where the file has them.
    pub coefficients: Option<Vec<Rational>>,
    /// Double angles.
    pub double_angles: u32,
    /// Degree of the arcsine; 0 is none.
    pub arcsine_degree: u32,
    /// Bootstraps that one refresh takes.
    pub iterations: u32,
    /// CoeffsToSlots, where its primes are known.
    pub coeffs_to_slots: Part,
    /// EvalMod.
    pub eval_mod: Part,
    /// SlotsToCoeffs.
    pub slots_to_coeffs: Part,
    /// What the file claims.
    pub claims: Claims,
    /// What was assumed, sentence by sentence.
    pub assumed: Vec<String>,
}

/// Largest K, so that a set is judged in minutes at most.
const MAX_K: u32 = 1_024;
/// Largest K of [`Kind::CosDiscrete`], whose divided differences cost the square of it.
const MAX_DISCRETE_K: u32 = 64;

impl Set {
    /// The secret under which the modulus is raised.
    #[must_use]
    pub fn raised_under(&self) -> Secret {
        self.ephemeral.map_or(self.main, Secret::Weight)
    }

    /// Largest |I| near which the polynomial has nodes.
    #[must_use]
    pub fn made_for(&self) -> u32 {
        match self.kind {
            Kind::CosDiscrete => self.k - 1,
            _ => self.k,
        }
    }

    /// log2(QP), by sizes of primes.
    #[must_use]
    pub fn log_qp(&self) -> u32 {
        self.q_bits.iter().chain(&self.p_bits).sum()
    }

    /// Holds every number to its limits.
    ///
    /// # Errors
    /// The field and the limit.
    pub fn checked(self) -> Result<Self> {
        let within = |field: &str, value: u32, limits: RangeInclusive<u32>| {
            if limits.contains(&value) {
                return Ok(());
            }
            let detail = format!("is {value}: {} to {}", limits.start(), limits.end());
            Err(Error::parse(field, detail))
        };
        within("log2 of N", self.log_n, 10..=17)?;
        within("log2 of the slots", self.log_slots, 0..=self.log_n - 1)?;
        for (field, primes) in [("primes of Q", &self.q_bits), ("primes of P", &self.p_bits)] {
            within(field, primes.len() as u32, 1..=256)?;
            for &bits in primes {
                within(field, bits, 10..=128)?;
            }
        }
        let n = 1 << self.log_n;
        if let Secret::Weight(h) = self.main {
            within("the secret's weight", h, 1..=n)?;
        }
        if let Some(h) = self.ephemeral {
            within("the ephemeral secret's weight", h, 1..=n)?;
        }
        within("log2 of the message ratio", self.log_ratio, 1..=40)?;
        let most = match self.kind {
            Kind::CosDiscrete => MAX_DISCRETE_K,
            _ => MAX_K,
        };
        within("K", self.k, 1..=most)?;
        within("degree of EvalMod", self.degree, 2..=255)?;
        within("double angles", self.double_angles, 0..=12)?;
        within("degree of the arcsine", self.arcsine_degree, 0..=63)?;
        within("iterations", self.iterations, 1..=16)?;
        if self.kind == Kind::SinContinuous && self.double_angles > 0 {
            return Err(Error::parse("double angles", "are none after a sine"));
        }
        Ok(self)
    }
}

/// x of 2^-x, as documentations write it: `2^-138.7`, `2^{-138.7}`.
///
/// # Errors
/// Another text.
pub fn failure_bits(text: &str) -> Result<Rational> {
    let plain = text.trim().replace(['{', '}'], "");
    let bits = plain.strip_prefix("2^-").map(crate::arith::number::parse);
    match bits {
        Some(Ok(bits)) if bits > 0 && bits <= 4_096 => Ok(bits),
        _ => {
            let shown: String = text.chars().take(40).collect();
            Err(Error::domain(format!(
                "{shown:?} is no probability such as 2^-138.7"
            )))
        }
    }
}
