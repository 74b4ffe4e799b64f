//! The error of one neuron's own polynomial, in f64 intervals.
//!
//! | module | what |
//! |---|---|
//! | [`kink`] | the largest error of a polynomial against ReLU on a range |
//! | [`kink_part`] | the same on a part of its range |
//! | [`bend`] | slope and curvature of the ReLU polynomial |

pub mod bend;
pub mod kink;
pub mod kink_part;
