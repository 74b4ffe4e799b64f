//! The result of a check that is told as one text: networks, boxes, plans.

use crate::core::fault::{Checked, Fault};
use std::fmt;

/// What became of a document. `Display` gives the checker's text.
#[derive(Debug)]
pub enum Judged<T> {
    /// Every statement is proved.
    Verified(Box<T>),
    /// Well formed, and not proved: the rule and the detail.
    Rejected(String),
    /// Not of these formats, or a file that is missing: where and what.
    Unreadable(String),
}

impl<T> Judged<T> {
    /// Why nothing is proved.
    pub(crate) fn refused(fault: Fault) -> Self {
        match fault {
            Fault::Rejected { rule, detail, .. } => {
                Self::Rejected(format!("{}: {detail}", rule.name()))
            }
            Fault::Unreadable { path, detail } if path.is_empty() => Self::Unreadable(detail),
            Fault::Unreadable { path, detail } => Self::Unreadable(format!("{path}: {detail}")),
        }
    }
}

impl<T> From<Checked<T>> for Judged<T> {
    fn from(checked: Checked<T>) -> Self {
        checked.map_or_else(Self::refused, |report| Self::Verified(Box::new(report)))
    }
}

impl<T: fmt::Display> Judged<T> {
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

impl<T: fmt::Display> fmt::Display for Judged<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(report) => report.fmt(f),
            Self::Rejected(detail) => write!(f, "REJECTED {detail}"),
            Self::Unreadable(detail) => write!(f, "UNREADABLE {detail}"),
        }
    }
}
