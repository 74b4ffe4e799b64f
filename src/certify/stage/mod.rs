//! One stage: a polynomial in one variable.
//!
//! | module | what |
//! |---|---|
//! | [`polynomial`] | one polynomial with its derivatives: evaluation with a proved rounding bound |
//! | [`descartes`] | roots in an interval at most, by exact Bernstein coefficients |
//! | [`pieces`] | boxes for all critical points: monotone pieces |
//! | [`expand`] | a composite as one polynomial |

pub mod descartes;
pub mod expand;
pub mod pieces;
pub mod polynomial;
