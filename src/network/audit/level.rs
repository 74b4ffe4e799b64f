//! A level of noise that a network is held against.

use crate::network::rows::Noise;

/// One level, at every activation.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// For people: `worst 2^-22 B`.
    pub name: String,
    /// The noise.
    pub noise: Noise,
    /// What it rests on, where it comes from a certificate.
    pub rests_on: Option<String>,
}
