//! Publishing: the document as text, verified by the independent checker.

use crate::certificate::rule::Rule;
use crate::certificate::schema::Document;
use crate::error::{Error, ErrorKind, Result};
use polycert_checker::{check, Outcome, Report, MAX_BYTES};

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
/// [`ErrorKind::SelfCheck`] with the checker's words; a limit of the checker that the certificate would exceed, with
/// what keeps within it.
pub fn checked(mut document: Document) -> Result<(String, Report)> {
    loop {
        let text = text(&document);
        check_size(&text, SMALLER)?;
        match check(text.as_bytes()) {
            Outcome::Verified(report) => return Ok((text, report)),
            other if more_bits_may_help(&other) && document.raise_precision() => {}
            other => return Err(refused(&other, SMALLER)),
        }
    }
}

/// How a certificate of a table keeps within the checker's limits.
const SMALLER: &str = "fewer or lower stages, or fewer statements at once (claims, a smaller --limit), keep within it";

/// Refuses a certificate that the checker would not read, before it is asked.
///
/// # Errors
/// A larger text than the checker takes, with `advice`.
pub(in crate::certificate) fn check_size(text: &str, advice: &str) -> Result<()> {
    if text.len() <= MAX_BYTES {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "the certificate has {} bytes, the checker reads {MAX_BYTES} at most: {advice}",
        text.len()
    )))
}

/// Why the checker refuses a draft: a limit that is met, with how to go on, or a fault of the producer.
pub(in crate::certificate) fn refused(outcome: &Outcome, advice: &str) -> Error {
    match (Rule::of(outcome), outcome) {
        (Some(Rule::Limit), Outcome::Rejected { detail, .. }) => limit(detail, advice),
        _ => ErrorKind::SelfCheck(outcome.to_string()).into(),
    }
}

/// A limit of the checker in one line.
pub(in crate::certificate) fn limit(detail: &str, advice: &str) -> Error {
    Error::unsupported(format!(
        "a limit of the independent checker is met, so no certificate is written: {detail}; {advice}"
    ))
}

/// Whether a refused draft is worth another check with more fractional bits.
pub(in crate::certificate) fn more_bits_may_help(outcome: &Outcome) -> bool {
    Rule::of(outcome).is_some_and(|rule| rule != Rule::Limit)
}
