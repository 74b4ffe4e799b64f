//! RIGOROUS bounds on a given composite. Never uses `approx`: it trusts nobody's coefficients.
//!
//! # Method
//! Each stage F is a polynomial in one variable, so once its critical points are boxed, and no
//! other exist (Descartes), F is monotone in between and its image of any interval costs two
//! evaluations: no subdivision, no dependency problem. Images of images give the exact range of
//! the whole composite over any interval, up to rounding. Only the factor x of the ReLU error
//! needs cells; those at the hump use the slope of the composite, whose range comes from the
//! derivatives of the stages in the same way.
//!
//! | module | what |
//! |---|---|
//! | [`stage`] | one polynomial: evaluation with a proved rounding bound, critical points, monotone pieces |
//! | [`composite`] | images of images: ranges and slopes of the composite, cells, witnesses |
//! | [`claims`] | what is claimed: ReLU error, closeness to sign, growth, pools, argmax, clip, lines |
//! | [`series`] | a smooth function: Taylor models, cell by cell |
//! | [`evalmod`] | EvalMod of CKKS bootstrapping, overflow by overflow: power series |
//! | [`neuron`] | the error of one neuron's own polynomial, in f64 intervals |
//! | [`published`] | how proved floats are published: shortened outward |
//! | [`narrowest`] | the choice of a precision by need |
//! | [`request`] | what to prove, and the limits of what may be asked |
//! | [`proof`] | one request, one proof: precision chosen by need, verdict on a claim |

pub mod claims;
pub mod composite;
pub mod evalmod;
pub mod narrowest;
pub mod neuron;
pub mod proof;
pub mod published;
pub mod request;
pub mod series;
pub mod stage;
