//! A level of noise that a network is held against.

use crate::network::rows::NoiseLevel;
use rug::Rational;

/// One level, of every activation.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// For people: `worst 2^-22 B`.
    pub name: String,
    /// The noise.
    pub noise: NoiseLevel,
    /// The numbers that it was made of, in units of B: one, or one for each activation; none where there are others.
    pub exact: Vec<Rational>,
    /// What it rests on, where it comes from a certificate.
    pub rests_on: Option<String>,
}
