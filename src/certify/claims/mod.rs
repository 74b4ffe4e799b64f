//! What is claimed of a composite or of a polynomial, one claim a file.
//!
//! | module | what |
//! |---|---|
//! | [`relu_error`] | the enclosure of the ReLU error |
//! | [`closeness`] | closeness to sign, stage ranges, the envelope |
//! | [`growth`] | slope, magnitude beyond the domain, overflow margin |
//! | [`validity`] | how far beyond the domain the error stays within its bound |
//! | [`pool`] | max-pooling by tournament |
//! | [`argmax`] | one-hot weights by tournament, and the gap that decides |
//! | [`clip`] | clip and ReLU6 through two ReLUs |
//! | [`lines`] | a polynomial against a piecewise linear function; contractions |
//! | [`rounding`] | what a program in floating point adds to a polynomial |
//! | [`exact_maximum`] | its maximum as a rational number, where it is one |

pub mod argmax;
pub mod clip;
pub mod closeness;
pub mod exact_maximum;
pub mod growth;
pub mod lines;
pub mod pool;
pub mod relu_error;
pub mod rounding;
pub mod validity;
