//! One verb a file: request in, answer out. What a library, another language and the command line call.
//!
//! | verb | request to answer | `polycert` |
//! |---|---|---|
//! | [`mod@generate`] | degrees to a minimax composite | `generate` |
//! | [`families`] | a known family to its table | `family` |
//! | [`mod@search`] | a precision to the cheapest composite, proved | `search` |
//! | [`mod@export`] | a table to the form of another program | `export` |
//! | [`mod@certify`] | a table to the proof of its error and its certificate | `certify` |
//! | [`mod@values`] | a table and points to polynomial, function and error there | `values` |
//! | [`mod@compose`] | certificates of exp and 1/x, or of 1/sqrt(x), to a bound of softmax or LayerNorm | `compose` |
//! | [`mod@catalogue`] | a folder of tables to what is proved of each claim | `catalogue` |
//! | [`mod@report`] | certificates, or an audit, to a page for people | `report` |
//! | [`mod@noise`] | encryption parameters to the noise of every operation, and of a composite | `noise` |
//! | [`mod@evaluate`] | a table to its certified bound under encryption, and runs on ciphertexts | `evaluate` |
//! | [`bootstrap`] | a bootstrapping parameter set of another library to its overflow and EvalMod error, proved | `bootstrap` |
//! | [`profile`] | encryption parameters to what every operation costs; costs and parameters to the form of another program | `profile` |
//! | [`network::evaluate`] | a network, its twin and an input to enclosures of both | `network evaluate` |
//! | [`network::certify`] | the same to a certificate, under noise too | `network certify` |
//! | [`network::audit`] | a data set to the verdict on every sample | `network audit` |
//! | [`network::deviate`] | levels of noise to how far they move a result | `network deviate` |
//! | [`network::schedule`] | a network and encryption parameters to levels, bootstraps, keys, memory and time of a run | `network schedule` |
//! | [`network::encrypt`] | the same and inputs to what is decrypted, beside the twin | `network encrypt` |
//! | [`network::keys`], [`network::encrypt_inputs`], [`network::run`], [`network::decrypt`] | the same in steps, from files to files | `network keys`, `network encrypt --secret`, `network run`, `network decrypt` |
//! | [`plan`] | a network, a data set and a cost profile to a precision budget, its worth proved on other samples | `plan` |
//! | [`network::box_bounds`] | a box of inputs to ranges and output difference | `network box` |
//!
//! [`json`] has the answers as text for programs.
//!
//! Nothing here prints: work that takes long tells a callback what it is at. Errors name a field of the
//! request as the command's option (`--eps`), so that one wording serves both. "Not proved" is an answer.
//!
//! Read a table with [`Table::read`](crate::poly::table::Table::read); tables of other programs with
//! [`interchange::read`](crate::interchange::read).

#[cfg(feature = "full")]
pub mod bootstrap;
pub mod cache;
#[cfg(feature = "full")]
pub mod catalogue;
pub mod certify;
mod claim;
#[cfg(feature = "full")]
pub mod compose;
#[cfg(feature = "full")]
pub mod evaluate;
pub mod export;
pub mod families;
pub mod generate;
pub mod json;
#[cfg(feature = "full")]
pub mod network;
#[cfg(feature = "full")]
pub mod noise;
#[cfg(feature = "full")]
pub mod plan;
#[cfg(feature = "full")]
pub mod profile;
mod readings;
#[cfg(feature = "full")]
pub mod report;
pub mod search;
pub mod values;
