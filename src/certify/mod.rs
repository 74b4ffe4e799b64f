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
//! | [`polynomial`] | one polynomial with its derivatives: evaluation with a proved rounding bound |
//! | [`descartes`] | roots in an interval at most, by exact Bernstein coefficients |
//! | [`bend`] | slope and curvature of the ReLU polynomial |
//! | [`pieces`] | boxes for all critical points: monotone pieces |
//! | [`cascade`] | a branch: ranges and slopes of the composite |
//! | [`fast`] | the same in f64 intervals, where they suffice |
//! | [`cells`] | cells on which the ReLU error is bounded |
//! | [`witness`] | points where it is large: untrusted search, proved value |
//! | [`deviation`] | the enclosure of the ReLU error |
//! | [`closeness`] | closeness to sign, stage ranges, the envelope |
//! | [`growth`] | slope, magnitude beyond the domain, overflow margin |
//! | [`kink`] | the error of one neuron's own polynomial, in f64 |
//! | [`kink_part`] | the same on a part of its range |
//! | [`pool`] | max-pooling by tournament |
//! | [`argmax`] | one-hot weights by tournament, and the gap that decides |
//! | [`clip`] | clip and ReLU6 through two ReLUs |
//! | [`expand`] | a composite as one polynomial |
//! | [`lines`] | a polynomial against a piecewise linear function; contractions |
//! | [`published`] | how proved floats are published: shortened outward |
//! | [`request`] | what to prove, and the limits of what may be asked |
//! | [`proof`] | one request, one proof: precision chosen by need, verdict on a claim |

pub mod claims;
pub mod composite;
pub mod neuron;
pub mod proof;
pub mod published;
pub mod request;
pub mod stage;
