//! A certificate that the independent checker has verified, and its claims as numbers.
//!
//! The checker reads the same bytes strictly (no duplicate or unknown field), so what is read here
//! afterwards is what it proved.

use crate::arith::number;
use crate::error::{Error, ErrorKind, Result};
use crate::files::sha256;
use polycert_checker::{check, check_table, Outcome, Report};
use rug::Rational;
use serde_json::Value;

/// A verified certificate.
///
/// **Guarantee** it can only be made by having the checker verify its bytes.
#[derive(Debug, Clone)]
pub struct Checked {
    text: String,
    document: Value,
    report: Report,
}

impl Checked {
    /// Has the checker verify a certificate about the table with the given digest.
    ///
    /// **Cost** that of the checker: some milliseconds, at most a second.
    ///
    /// # Errors
    /// [`ErrorKind::SelfCheck`] with the checker's words, where it is rejected, unreadable, or about
    /// another table.
    pub fn new(text: String, table_sha256: &str) -> Result<Self> {
        let outcome = check_table(text.as_bytes(), Some(table_sha256));
        Self::from_outcome(text, outcome)
    }

    /// Has the checker verify a certificate about the table that it holds.
    ///
    /// **Cost** that of the checker: some milliseconds, at most a second.
    ///
    /// # Errors
    /// [`ErrorKind::SelfCheck`] with the checker's words, where it is rejected or unreadable.
    pub fn alone(text: String) -> Result<Self> {
        let outcome = check(text.as_bytes());
        Self::from_outcome(text, outcome)
    }

    fn from_outcome(text: String, outcome: Outcome) -> Result<Self> {
        let Outcome::Verified(report) = outcome else {
            return Err(ErrorKind::SelfCheck(outcome.to_string()).into());
        };
        let document = serde_json::from_str(&text).map_err(|e| Error::parse("", e.to_string()))?;
        Ok(Self {
            text,
            document,
            report,
        })
    }

    /// The certificate itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The target statement in the checker's words, such as `|r(x) - ReLU(x)| <= 2^-14 on [-1, 1]`.
    pub fn statement(&self) -> &str {
        self.report.headline()
    }

    /// What the checker proved.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// SHA-256 of the certificate's bytes, as 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        sha256(self.text.as_bytes())
    }

    /// The document's fields.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The last claim of a rule, if there is one.
    pub fn claim(&self, rule: &str) -> Option<&Value> {
        let claims = self.document["claims"].as_array()?;
        claims.iter().rev().find(|c| c["rule"] == rule)
    }
}

/// A text field of a claim; empty if it is left out.
pub fn text<'a>(v: &'a Value, field: &str) -> &'a str {
    v[field].as_str().unwrap_or("")
}

/// A number field of a claim.
///
/// # Errors
/// A number in a spelling or size that this program does not read (the checker's limits are wider).
pub fn number(v: &Value, field: &str) -> Result<Rational> {
    number::parse(text(v, field)).map_err(|e| e.within(field))
}
