//! The producer's side of `certificates/FORMAT.md`: a proof written down for an independent checker.
//!
//! | module | what |
//! |---|---|
//! | [`schema`] | the document, field by field |
//! | [`composite`] | from a proof to the document |
//! | [`coq`] | a document as a theorem for Coq's kernel |
//! | `evaluated` | the document of the latter |
//! | [`evaluation`] | the same for what is decrypted: `certificates/EVALUATION.md` |
//! | [`refresh`] | of a refreshed activation: rules B1 to B7 there |
//! | [`inference`] | of encrypted networks: `certificates/INFERENCE.md` |
//! | [`limits`] | what the checker takes of a network, asked before the work |
//! | [`network`] | certificates of networks, `certificates/NETWORK.md` |
//! | [`plan`] | plans with their folders, `certificates/PLAN.md` |
//! | [`read`] | our own certificates read again, with types |
//! | [`checked`] | a certificate that was verified, and its claims as numbers |
//! | [`kind`] | what a file says that it is, and which command takes it |
//! | [`rule`] | what a refusal of the checker means to the producer |
//! | [`publish`] | have it checked before it is published |
//!
//! Besides `cli/check` this is the only folder that calls the checker; its words are re-exported here.

#[cfg(feature = "full")]
pub mod checked;
pub mod composite;
pub mod coq;
#[cfg(feature = "full")]
mod evaluated;
#[cfg(feature = "full")]
pub mod evaluation;
#[cfg(feature = "full")]
pub mod inference;
pub mod kind;
#[cfg(feature = "full")]
pub mod limits;
#[cfg(feature = "full")]
pub mod network;
#[cfg(feature = "full")]
pub mod network_box;
#[cfg(feature = "full")]
pub mod plan;
pub mod publish;
#[cfg(feature = "full")]
pub mod read;
#[cfg(feature = "full")]
pub mod refresh;
pub mod rule;
pub mod schema;

pub use polycert_checker::{check, NetworkOutcome, Outcome, Report, MAX_BYTES};
