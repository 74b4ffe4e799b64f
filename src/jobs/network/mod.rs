//! Verbs on networks and their polynomial twins.
//!
//! | verb | what |
//! |---|---|
//! | [`evaluate`] | network and twin on one input, with proved enclosures |
//! | [`certify`] | the certificate of one input, for the independent checker |
//! | [`audit`] | the verdict on every sample of a data set |
//! | [`deviate`] | what noise at the activations does to the result |
//! | [`box_bounds`] | ranges and output difference over a box of inputs |
//! | [`schedule`] | what running it on ciphertexts takes |
//! | [`encrypt`] | one encrypted input through it |
//! | [`inference`] | what it decrypts to, certified |
//! | [`ranges`] | stated ranges of activations on trial, or chosen |
//!
//! What they are asked about: [`Model`], [`Polynomials`], [`InputFile`], [`NoiseLevels`] and [`Amount`].

pub mod audit;
pub mod box_bounds;
pub(in crate::jobs) mod certificates;
pub mod certify;
pub mod compiled;
pub mod deviate;
pub mod encrypt;
pub mod evaluate;
mod evaluated;
pub mod inference;
pub mod inputs;
mod levels;
pub mod model;
pub(super) mod preparation;
pub mod ranges;
pub mod reference;
pub mod schedule;
pub(super) mod suggest;
pub mod twin;

pub use crate::network::forward::compare::MOST_BITS;
pub use crate::network::read::input::Layout;
pub use crate::network::rows::subject::Centre;
pub use inputs::InputFile;
pub use levels::{Amount, NoiseLevels};
pub use model::Model;
pub use twin::Polynomials;
