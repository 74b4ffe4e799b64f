//! What an evaluation certificate proves besides the statements of the certificate in it.

use crate::core::number::Rational;

/// The proved bound of what is decrypted, and what it rests on.
#[derive(Debug, Clone)]
pub struct Decrypted {
    pub(crate) error: Rational,
    pub(crate) error_hi: String,
    pub(crate) k: Option<u64>,
    pub(crate) assumptions: Vec<String>,
    /// Of the noise alone.
    pub(crate) noise: Rational,
    /// Inputs are within this of 0, where they are not all of the domain.
    pub(crate) within: Option<Rational>,
    /// The level of the highest input, and that of the output.
    pub(crate) levels: (u64, u64),
    pub(crate) security: String,
    /// The greatest level of the parameters, and what the inputs are.
    pub(crate) top: u64,
    pub(crate) input: String,
    pub(crate) parameters_sha256: String,
    pub(crate) circuit_sha256: String,
    /// Of the bootstrapping, where inputs are refreshed.
    pub(crate) refresh_sha256: Option<String>,
}

impl Decrypted {
    /// |decrypted - f(inputs)| is at most this in every slot.
    pub fn error(&self) -> &Rational {
        &self.error
    }

    /// The same as a decimal of 20 digits, rounded up.
    pub fn error_hi(&self) -> &str {
        &self.error_hi
    }

    /// Whether inputs may be anywhere in the domain; else they are within a part of it.
    pub fn is_of_whole_domain(&self) -> bool {
        self.within.is_none()
    }

    /// Whether inputs are any ciphertexts, which a bootstrapping refreshes first.
    pub fn is_refreshed(&self) -> bool {
        self.refresh_sha256.is_some()
    }

    /// k, if it holds but for a probability of 2^-k; none: whatever is drawn.
    pub fn k(&self) -> Option<u64> {
        self.k
    }

    /// What is assumed, not proved: of the keys, the residues, the evaluator.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }

    /// The SHA-256 of the parameters' canonical lines (certificates/EVALUATION.md).
    pub fn parameters_sha256(&self) -> &str {
        &self.parameters_sha256
    }

    /// The SHA-256 of the circuit's canonical lines.
    pub fn circuit_sha256(&self) -> &str {
        &self.circuit_sha256
    }
}
