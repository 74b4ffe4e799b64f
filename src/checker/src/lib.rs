//! The independent checker of polycert certificates.
//!
//! A certificate is one JSON document that proves statements about a composite polynomial p, such as
//! |r(x) - ReLU(x)| <= 2^-14 on \[-1, 1\] for r(x) = x (1 + p(x))/2. `certificates/FORMAT.md` defines it.
//! This crate reads the document, confirms its hints, and proves its claims one after another.
//!
//! **Method**: intervals of integers over 2^precision, rounded outward, and exact integers for
//! Descartes' rule; no floating point, no C, no code shared with the producer. Data flow: `json` (strict tree)
//! -> `document`, `table` (typed values) -> `rounding`, `polynomial` (the exact polynomials) -> `pieces`
//! (R1, R2), `cascade` (R3, R4), `cells` (R5), `expand` (p as one polynomial) -> `claims`, `pool`, `argmax`, `clip`,
//! `direct`, `target` -> `words`, `report`.
//!
//! **Guarantee**: [`check`] returns [`Outcome::Verified`] only if every statement of the report is true;
//! on any input it returns, without a panic, and its work is limited.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::disallowed_types
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod certificate;
mod claims;
mod core;
mod evaluation;
mod format;
mod network;
mod words;

pub use crate::claims::argmax::Argmax;
pub use crate::claims::clip::Clip;
pub use crate::claims::direct::Part;
pub use crate::claims::shape::Shape;
pub use crate::claims::statement::Statement;
pub use crate::claims::target::{Function, Target};
pub use crate::core::number::Rational;
pub use crate::core::statement::{StatedBound, Verdict, Witness};
pub use crate::format::json::MAX_BYTES;
pub use crate::format::rounding::Mode;
pub use crate::network::model::lines::MAX_FILE_BYTES;
pub use crate::network::noise::NoiseBounds;
pub use crate::network::report::{NetworkOutcome, NetworkReport};
pub use crate::network::{bound_network, check_network, check_network_with};
pub use crate::words::report::{Outcome, Report};

use crate::core::fault::Checked;
use crate::format::json;

/// Checks a certificate.
///
/// **Inputs**: the bytes of the document, at most [`MAX_BYTES`].
///
/// **Guarantee**: the statements of a [`Report`] are true of the polynomial that the certificate's table and
/// coefficient mode define. Anything else is an outcome that says why.
///
/// **Cost**: limited; below a second for any input.
///
/// ```
/// let outcome = polycert_checker::check(b"{\"format\": 1}");
/// assert!(outcome.to_string().starts_with("UNREADABLE"));
/// ```
pub fn check(bytes: &[u8]) -> Outcome {
    check_table(bytes, None)
}

/// [`check`], for a certificate that must be about the table with the given digest (64 hexadecimal
/// digits); one about another table is [`Outcome::Unreadable`], and the message names both digests.
pub fn check_table(bytes: &[u8], table_sha256: Option<&str>) -> Outcome {
    match run(bytes, table_sha256) {
        Ok(report) => Outcome::Verified(report),
        Err(fault) => fault.into(),
    }
}

fn run(bytes: &[u8], table_sha256: Option<&str>) -> Checked<Report> {
    let tree = json::parse(bytes)?;
    if evaluation::is_meant(&tree) {
        return evaluation::run(tree, table_sha256);
    }
    certificate::certificate(tree, table_sha256)
}
