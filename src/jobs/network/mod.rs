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
//! | [`inference`] | what an encrypted network decrypts to, certified |
//! | [`encrypt`] | encrypted inputs through it, in one process |
//! | [`keys`], [`encrypt_inputs`], [`run`], [`decrypt`] | the same in steps, from files to files |
//! | [`ranges`] | stated ranges of activations on trial, or chosen |
//!
//! What they are asked about: [`Model`], [`Polynomials`], [`InputFile`], [`NoiseLevels`] and [`Amount`].

pub mod audit;
pub mod box_bounds;
pub(in crate::jobs) mod certificates;
pub mod certify;
pub mod compiled;
pub mod decrypt;
pub mod deviate;
pub mod encrypt;
pub mod encrypt_inputs;
pub mod evaluate;
mod evaluated;
pub mod inference;
pub mod inputs;
pub mod keys;
mod levels;
pub mod model;
pub(super) mod preparation;
pub mod ranges;
pub mod reference;
pub mod run;
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
