//! A document in bytes: which kind it is, and the check of a certificate of a table.

use crate::certificate;
use crate::core::fault::Checked;
use crate::evaluation;
use crate::format::{digest, json, manifest};
use crate::inference;
use crate::network::boxes;
use crate::words::report::{Outcome, Report};

/// Checks a certificate.
///
/// **Inputs**: the bytes of the document, at most [`MAX_BYTES`](json::MAX_BYTES).
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
/// digits); one about another table is [`Outcome::Rejected`], and the message names both digests.
pub fn check_table(bytes: &[u8], table_sha256: Option<&str>) -> Outcome {
    match run(bytes, table_sha256) {
        Ok(report) => Outcome::Verified(report),
        Err(fault) => fault.into(),
    }
}

/// What a file says that it is; nothing of it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A `polycert-certificate/1` or a `polycert-evaluation/1`, for [`check`].
    Certificate,
    /// A certificate of a network, for [`crate::network::check_network`].
    Network,
    /// A certificate of box bounds, for [`crate::network::boxes::check_box`].
    NetworkBox,
    /// A program of an encrypted network, for [`crate::inference::check_program`].
    Program,
    /// An encrypted network on one input, for [`crate::inference::check_inference`].
    Inference,
    /// A manifest, for [`manifest::Manifest::parse`].
    Manifest,
    /// A plan, with its folder around it.
    Plan,
    /// None of these.
    Other,
}

/// The format tag of a plan.
pub(crate) const PLAN: &str = "polycert-plan/1";

/// The formats of certificates, by kind.
const FORMATS: [(&str, Kind); 7] = [
    ("polycert-certificate/1", Kind::Certificate),
    (evaluation::FORMAT, Kind::Certificate),
    ("polycert-network/1", Kind::Network),
    ("polycert-network-deviation/1", Kind::Network),
    (boxes::FORMAT, Kind::NetworkBox),
    (inference::PROGRAM_FORMAT, Kind::Program),
    (inference::INFERENCE_FORMAT, Kind::Inference),
];

/// The kind of a document, by its field `format`.
pub fn kind(bytes: &[u8]) -> Kind {
    let Ok(mut fields) = json::parse(bytes).and_then(|tree| tree.object()) else {
        return Kind::Other;
    };
    let Ok(format) = fields.take("format", |t| Ok(t.text()?.to_owned())) else {
        return Kind::Other;
    };
    if format == manifest::FORMAT {
        return Kind::Manifest;
    }
    if format == PLAN {
        return Kind::Plan;
    }
    let found = FORMATS.iter().find(|(name, _)| *name == format);
    found.map_or(Kind::Other, |(_, kind)| *kind)
}

/// Whether a text has the name of a certificate's format in it: damaged certificates do.
pub(crate) fn names_a_certificate(bytes: &[u8]) -> bool {
    FORMATS.iter().any(|(format, _)| {
        let name = format!("\"{format}\"");
        let mut parts = bytes.windows(name.len());
        parts.any(|part| part == name.as_bytes())
    })
}

/// Whether a text, of a length that is read, is no JSON at all.
pub(crate) fn is_no_json(bytes: &[u8]) -> bool {
    let whole = bytes.len() <= json::MAX_BYTES;
    whole && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err()
}

/// The SHA-256 of bytes, in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    digest::of_bytes(bytes)
}

fn run(bytes: &[u8], table_sha256: Option<&str>) -> Checked<Report> {
    let tree = json::parse(bytes)?;
    if evaluation::is_meant(&tree) {
        return evaluation::run(tree, table_sha256);
    }
    certificate::certificate(tree, table_sha256)
}
