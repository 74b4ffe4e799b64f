//! Targets: the functions that polynomials stand for.
//!
//! | module | what |
//! |---|---|
//! | [`target`] | sign, ReLU, max and their like, with their parameters |
//! | [`shape`] | piecewise linear functions, line by line |
//! | [`expression`] | expressions of x, for smooth functions: read from text |
//! | [`algebra`] | what they mean, over any values |
//! | [`mod@write`] | expressions as text again, and put into each other |
//! | [`program`] | what is computed from x and a polynomial, in steps that have names |
//! | [`point`] | their values at points, enclosed |
//! | [`derivative`] | and with their slopes over intervals |
//! | [`formula`] | a smooth function as it is stated, and how the error to it is measured |

pub mod algebra;
pub mod derivative;
pub mod expression;
pub mod formula;
pub mod point;
pub mod program;
pub mod shape;
pub mod target;
pub mod write;
