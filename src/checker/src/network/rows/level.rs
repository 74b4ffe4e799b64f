//! What noise the activations have.

use crate::core::number::Rational;
use crate::network::rows::upper::Upper;

/// A level of noise at every activation's output, in units of the activation's B.
#[derive(Debug)]
pub(crate) struct NoiseLevel {
    pub(crate) worst: Upper,
    pub(crate) sigma: Upper,
    /// (tau, zone): at most tau |z| wherever |z| >= zone B.
    pub(crate) envelope: Option<(Upper, Rational)>,
}
