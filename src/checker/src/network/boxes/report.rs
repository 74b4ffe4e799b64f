//! What the check of a certificate of box bounds says.

use crate::core::fault::Fault;
use std::fmt;

/// The result of [`check_box`](crate::check_box).
#[derive(Debug)]
pub enum BoxOutcome {
    /// Every statement is proved.
    Verified(Box<BoxReport>),
    /// Well formed, and not proved: the rule and the detail.
    Rejected(String),
    /// Not a certificate or network of these formats: where and what.
    Unreadable(String),
}

/// What a certificate of box bounds proves.
#[derive(Debug)]
pub struct BoxReport {
    pub(crate) inputs: usize,
    pub(crate) replaced: usize,
    /// Bounds of each output's |difference|, rounded up.
    pub(crate) differences: Vec<String>,
    pub(crate) network_sha256: String,
}

pub(crate) fn refused(fault: Fault) -> BoxOutcome {
    match fault {
        Fault::Rejected { rule, detail, .. } => {
            BoxOutcome::Rejected(format!("{}: {detail}", rule.name()))
        }
        Fault::Unreadable { path, detail } if path.is_empty() => BoxOutcome::Unreadable(detail),
        Fault::Unreadable { path, detail } => BoxOutcome::Unreadable(format!("{path}: {detail}")),
    }
}

impl BoxOutcome {
    /// The fields of a JSON object, without its braces.
    pub fn json_fields(&self) -> String {
        let word = match self {
            Self::Verified(_) => "VERIFIED",
            Self::Rejected(_) => "REJECTED",
            Self::Unreadable(_) => "UNREADABLE",
        };
        let said = serde_json::Value::from(self.to_string());
        format!("\"outcome\":\"{word}\",\"statement\":{said}")
    }
}

impl fmt::Display for BoxReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "VERIFIED over the whole box of {} inputs: no function in place of a ReLU is asked outside its stated range",
            self.inputs
        )?;
        writeln!(
            f,
            "  {} elements, each with any function that has the stated properties on its range",
            self.replaced
        )?;
        for (i, most) in self.differences.iter().enumerate() {
            writeln!(
                f,
                "  output {i} differs from the network's by at most {most}"
            )?;
        }
        write!(f, "  exact network sha256 {}", self.network_sha256)
    }
}

impl fmt::Display for BoxOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(report) => report.fmt(f),
            Self::Rejected(detail) => write!(f, "REJECTED {detail}"),
            Self::Unreadable(detail) => write!(f, "UNREADABLE {detail}"),
        }
    }
}
