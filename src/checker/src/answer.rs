//! The answer about one document: words or JSON, and the exit code.

use crate::inference::report::{InferenceOutcome, ProgramOutcome};
use crate::network::boxes::report::BoxOutcome;
use crate::network::report::NetworkOutcome;
use crate::plan::report::PlanOutcome;
use crate::words::report::Outcome;
use std::path::Path;

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A file's name on one line, so that it can forge no line of the output.
pub fn on_one_line(name: &str) -> String {
    let mut line = String::new();
    for c in name.chars() {
        if c.is_control() {
            line.extend(c.escape_unicode());
        } else {
            line.push(c);
        }
    }
    line
}

pub(crate) fn shown(path: &Path) -> String {
    on_one_line(&path.to_string_lossy())
}

/// What was found of one certificate.
// One at a time, never in a list.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Found {
    Table(Outcome),
    Network(NetworkOutcome),
    Box(BoxOutcome),
    Program(ProgramOutcome),
    Inference(InferenceOutcome),
    Plan(PlanOutcome),
}

impl Found {
    /// Whether its statements are proved.
    pub(crate) fn is_verified(&self) -> bool {
        match self {
            Self::Table(outcome) => matches!(outcome, Outcome::Verified(_)),
            Self::Network(outcome) => matches!(outcome, NetworkOutcome::Verified(_)),
            Self::Box(outcome) => matches!(outcome, BoxOutcome::Verified(_)),
            Self::Program(outcome) => matches!(outcome, ProgramOutcome::Verified(_)),
            Self::Inference(outcome) => matches!(outcome, InferenceOutcome::Verified(_)),
            Self::Plan(outcome) => matches!(outcome, PlanOutcome::Verified(_)),
        }
    }
}

/// The answer about one certificate.
pub(crate) struct Answer {
    pub(crate) found: Found,
    /// What is required and not met, though the certificate is verified.
    pub(crate) unmet: Vec<String>,
}

impl Answer {
    pub(crate) fn unreadable(detail: String) -> Self {
        let path = String::new();
        let found = Found::Table(Outcome::Unreadable { path, detail });
        let unmet = Vec::new();
        Self { found, unmet }
    }

    /// Not what the manifest lists.
    pub(crate) fn rejected(detail: String) -> Self {
        let (claim, rule) = (None, "manifest".to_owned());
        let outcome = Outcome::Rejected {
            claim,
            rule,
            detail,
        };
        Self {
            found: Found::Table(outcome),
            unmet: Vec::new(),
        }
    }

    /// The exit code.
    pub(crate) fn code(&self, any_verdict: bool) -> u8 {
        match &self.found {
            Found::Table(Outcome::Unreadable { .. })
            | Found::Network(NetworkOutcome::Unreadable(_))
            | Found::Box(BoxOutcome::Unreadable(_))
            | Found::Program(ProgramOutcome::Unreadable(_))
            | Found::Inference(InferenceOutcome::Unreadable(_))
            | Found::Plan(PlanOutcome::Unreadable(_)) => 2,
            Found::Table(Outcome::Rejected { .. })
            | Found::Network(NetworkOutcome::Rejected(_))
            | Found::Box(BoxOutcome::Rejected(_))
            | Found::Program(ProgramOutcome::Rejected(_))
            | Found::Inference(InferenceOutcome::Rejected(_))
            | Found::Plan(PlanOutcome::Rejected(_)) => 1,
            _ if !self.unmet.is_empty() => 1,
            Found::Table(Outcome::Verified(report)) => {
                u8::from(!report.claim_holds() && !any_verdict)
            }
            Found::Network(NetworkOutcome::Verified(_))
            | Found::Box(BoxOutcome::Verified(_))
            | Found::Program(ProgramOutcome::Verified(_))
            | Found::Inference(InferenceOutcome::Verified(_))
            | Found::Plan(PlanOutcome::Verified(_)) => 0,
        }
    }

    pub(crate) fn json(&self, file: &str, accepted: bool) -> String {
        let fields = match &self.found {
            Found::Table(outcome) => outcome.json_fields(),
            Found::Network(outcome) => outcome.json_fields(),
            Found::Box(outcome) => outcome.json_fields(),
            Found::Program(outcome) => outcome.json_fields(),
            Found::Inference(outcome) => outcome.json_fields(),
            Found::Plan(outcome) => outcome.json_fields(),
        };
        let unmet: Vec<String> = self.unmet.iter().map(|text| quoted(text)).collect();
        let (file, unmet) = (quoted(file), unmet.join(","));
        format!("{{\"file\":{file},{fields},\"unmet\":[{unmet}],\"accepted\":{accepted}}}")
    }

    pub(crate) fn words(&self) -> String {
        let text = match &self.found {
            Found::Table(outcome) => outcome.to_string(),
            Found::Network(outcome) => outcome.to_string(),
            Found::Box(outcome) => outcome.to_string(),
            Found::Program(outcome) => outcome.to_string(),
            Found::Inference(outcome) => outcome.to_string(),
            Found::Plan(outcome) => outcome.to_string(),
        };
        if self.unmet.is_empty() {
            return text;
        }
        let unmet = self.unmet.iter();
        let lines = unmet.map(|what| format!("VERIFIED, BUT NOT WHAT IS REQUIRED: {what}\n"));
        let proved = text.lines().next().unwrap_or("");
        format!("{}  proved: {proved}", lines.collect::<String>())
    }
}
