//! Numbers: exact rationals and dyadics, and intervals that are rounded outward.
//!
//! | module | what |
//! |---|---|
//! | [`number`] | reading and writing exact rationals |
//! | [`rounding`] | a coefficient as a program would hold it: f64, f32, fixed point |
//! | [`mp`] | multiprecision intervals (rug) |
//! | [`upper`] | upper bounds in f64, rounded up at every operation |

pub mod ball;
pub mod mp;
pub mod number;
pub mod rounding;
pub mod upper;
