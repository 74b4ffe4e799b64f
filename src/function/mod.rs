//! Targets: the functions that polynomials stand for.
//!
//! | module | what |
//! |---|---|
//! | [`target`] | sign, ReLU, max and their like, with their parameters |
//! | [`shape`] | piecewise linear functions, line by line |

pub mod shape;
pub mod target;
