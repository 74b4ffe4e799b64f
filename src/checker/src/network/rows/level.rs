//! What noise the activations have.

use crate::core::number::Rational;
use crate::network::rows::upper::Upper;

/// A level of noise at every activation's output, in units of the activation's B: one number, or one for each activation
/// of the original network.
#[derive(Debug)]
pub(crate) struct NoiseLevel {
    pub(crate) worst: Vec<Upper>,
    pub(crate) sigma: Vec<Upper>,
    /// (tau, zone): at most tau |z| wherever |z| >= zone B.
    pub(crate) envelope: Option<(Upper, Rational)>,
}

/// The number of an activation; nothing is known where the list does not reach.
pub(crate) fn of_activation(list: &[Upper], activation: usize) -> Upper {
    let found = match list {
        [one] => Some(one),
        list => list.get(activation),
    };
    found.copied().unwrap_or(Upper::INFINITE)
}
