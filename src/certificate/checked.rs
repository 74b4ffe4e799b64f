//! A certificate that the independent checker has verified, and its claims as numbers.
//!
//! The checker reads the same bytes strictly (no duplicate or unknown field), so what is read here
//! afterwards is what it proved.

use crate::certificate::read::{self, Certificate, Evaluation};
use crate::error::{ErrorKind, Result};
use crate::files::sha256;
use polycert_checker::{check, check_table, Outcome, Report};

/// A verified certificate.
///
/// **Guarantee** it can only be made by having the checker verify its bytes.
#[derive(Debug, Clone)]
pub struct Checked {
    text: String,
    document: Certificate,
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
        let report = verified(outcome)?;
        let document = read::certificate(&text)?;
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
    pub fn document(&self) -> &Certificate {
        &self.document
    }
}

/// A verified certificate of an encrypted evaluation.
///
/// **Guarantee** it can only be made by having the checker verify its bytes.
#[derive(Debug, Clone)]
pub struct CheckedEvaluation {
    document: Evaluation,
    report: Report,
}

impl CheckedEvaluation {
    /// Has the checker verify an evaluation certificate.
    ///
    /// **Cost** that of the checker, at most some seconds.
    ///
    /// # Errors
    /// [`ErrorKind::SelfCheck`] with the checker's words, and verified certificates of other formats.
    pub fn new(text: &str) -> Result<Self> {
        let report = verified(check(text.as_bytes()))?;
        let document = read::evaluation(text)?;
        Ok(Self { document, report })
    }

    /// What the checker proved.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The document's fields.
    pub fn document(&self) -> &Evaluation {
        &self.document
    }
}

fn verified(outcome: Outcome) -> Result<Report> {
    match outcome {
        Outcome::Verified(report) => Ok(report),
        other => Err(ErrorKind::SelfCheck(other.to_string()).into()),
    }
}
