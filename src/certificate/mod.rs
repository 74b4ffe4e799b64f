//! The producer's side of `certificates/FORMAT.md`: a proof written down for an independent checker.
//!
//! | module | what |
//! |---|---|
//! | [`schema`] | the document, field by field |
//! | [`composite`] | from a proof to the document |
//! | [`evaluation`] | the same for what is decrypted: `certificates/EVALUATION.md` |
//! | [`network`] | certificates of networks, `certificates/NETWORK.md` |
//! | [`checked`] | a certificate that was verified, and its claims as numbers |
//! | [`rule`] | what a refusal of the checker means to the producer |
//! | [`publish`] | check it, then write it atomically |

pub mod checked;
pub mod composite;
pub mod evaluation;
pub mod network;
pub mod publish;
pub mod rule;
pub mod schema;
