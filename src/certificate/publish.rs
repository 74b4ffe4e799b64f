//! Publishing: the document as text, verified by the independent checker.

use crate::certificate::rule::Rule;
use crate::certificate::schema::Document;
use crate::error::{ErrorKind, Result};
use polycert_checker::{check, Outcome, Report};

/// The document as it is published: compact JSON, one claim or stage a line, a final newline.
pub fn text(document: &Document) -> String {
    json(document)
}

/// Any document as JSON with a final newline.
pub(in crate::certificate) fn json<T: serde::Serialize>(document: &T) -> String {
    let mut json = serde_json::to_string_pretty(document).unwrap_or_default();
    json.push('\n');
    json
}

/// Has the independent checker verify a document; a certificate is worth nothing otherwise.
///
/// Returns the verified text. The checker computes in fixed point, the producer in floats: where
/// stages are badly scaled it needs more fractional bits, so a rejected document is tried again
/// with twice as many, up to the format's limit.
///
/// # Errors
/// [`ErrorKind::SelfCheck`] with the checker's words.
pub fn checked(mut document: Document) -> Result<(String, Report)> {
    loop {
        let text = text(&document);
        match check(text.as_bytes()) {
            Outcome::Verified(report) => return Ok((text, report)),
            other if more_bits_may_help(&other) && document.raise_precision() => {}
            other => return Err(ErrorKind::SelfCheck(other.to_string()).into()),
        }
    }
}

/// Whether a refused draft is worth another check with more fractional bits.
pub(in crate::certificate) fn more_bits_may_help(outcome: &Outcome) -> bool {
    Rule::of(outcome).is_some_and(|rule| rule != Rule::Limit)
}
