//! The producer's side of `certificates/FORMAT.md`: a proof written down for an independent checker.
//!
//! | module | what |
//! |---|---|
//! | [`schema`] | the document, field by field |
//! | [`composite`] | from a proof to the document |
//! | [`evaluation`] | the same for what is decrypted: `certificates/EVALUATION.md` |
//! | [`network`] | certificates of networks, `certificates/NETWORK.md` |
//! | [`checked`] | a certificate that was verified, and its claims as numbers |
//! | [`publish`] | check it, then write it atomically |

#[cfg(feature = "full")]
pub mod checked;
pub mod composite;
#[cfg(feature = "full")]
pub mod evaluation;
#[cfg(feature = "full")]
pub mod network;
pub mod publish;
pub mod schema;
