//! One polynomial at a time: minimax by Remez, least squares, interpolation. Estimates.
//!
//! | module | what |
//! |---|---|
//! | [`remez`], [`odd`] | the odd minimax polynomial of 1 on [a, b], and its form |
//! | `reference` | the levelled interpolant of one exchange step |
//! | [`error`] | what a fit can fail with |
//! | [`general`] | minimax of ReLU and its like |
//! | [`least_squares`] | for a density of inputs |
//! | [`smooth`] | minimax of smooth functions |
//! | [`interpolant`] | OpenFHE's Chebyshev interpolants |

pub mod error;
pub mod general;
pub mod interpolant;
pub mod least_squares;
pub mod odd;
pub(crate) mod reference;
pub mod remez;
pub mod smooth;
