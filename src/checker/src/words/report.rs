//! What a check returns.

use crate::claims::statement::Statement;
use crate::claims::target::Target;
use crate::core::fault::Fault;
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::core::statement::Verdict;
use crate::format::path::printable;
use crate::format::rounding::Mode;
use crate::words::decrypted::Decrypted;
use std::fmt;

/// The result of checking a certificate. `Display` gives the checker's text.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Every claim is proved.
    Verified(Report),
    /// The certificate is well formed and proves nothing.
    Rejected {
        /// Index of the claim that fails; none if the branches fail.
        claim: Option<usize>,
        /// The rule that is not met.
        rule: String,
        /// Which condition, and where.
        detail: String,
    },
    /// The document is not a certificate of this format, or exceeds its limits.
    Unreadable {
        /// The field, as in `claims[2].witness.x`; empty for the whole document.
        path: String,
        /// What is wrong.
        detail: String,
    },
}

/// The statements that a certificate proves.
///
/// **Guarantee**: a report can only be made by checking a certificate.
#[derive(Debug, Clone)]
pub struct Report {
    pub(crate) table_name: String,
    /// The table's last stage gives 0 or 1: p is 2 h - 1.
    pub(crate) table_step: bool,
    pub(crate) table_sha256: String,
    pub(crate) mode: Mode,
    pub(crate) polynomials: Vec<Polynomial>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) words: Vec<String>,
    pub(crate) target: Box<Target>,
    pub(crate) headline: String,
    pub(crate) enclosure: (String, String),
    pub(crate) beyond: Vec<String>,
    pub(crate) work: u64,
    /// What is proved of decrypted values: the headline is about them then, the enclosure about the polynomial alone.
    pub(crate) decrypted: Option<Box<Decrypted>>,
}

impl Report {
    /// The name of the table, as the certificate has it: any text of up to 200 characters.
    pub fn table_name(&self) -> &str {
        &self.table_name
    }

    /// The SHA-256 of the table's canonical lines, computed by the checker.
    pub fn table_sha256(&self) -> &str {
        &self.table_sha256
    }

    /// How the coefficients are rounded before anything is proved.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The polynomials that the statements are about: for each component the exact coefficients of
    /// 1, y, y^2, ..., after rounding and with the basis and the input map worked in.
    pub fn components(&self) -> Vec<Vec<Rational>> {
        self.polynomials
            .iter()
            .map(Polynomial::coefficients)
            .collect()
    }

    /// The proved statements, one for each claim; the last is the target.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The proved statements in words, one for each claim.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The proved enclosure of the maximum error.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What is proved of the stated bound, if the certificate has one.
    pub fn verdict(&self) -> Option<Verdict> {
        self.target.claim.as_ref().map(|claim| claim.verdict)
    }

    /// The target statement in words, as printed after `VERIFIED`.
    pub fn headline(&self) -> &str {
        &self.headline
    }

    /// The proved enclosure of the maximum error: two decimals of 20 digits, rounded outward.
    pub fn enclosure(&self) -> (&str, &str) {
        (&self.enclosure.0, &self.enclosure.1)
    }

    /// What is proved beyond the domain, in words and in the units of the function's input: where the bound of the
    /// error still holds, and where r stays bounded.
    pub fn beyond(&self) -> &[String] {
        &self.beyond
    }

    /// Whether everything that the certificate claims is proved: no stated bound is refuted or undecided.
    pub fn claim_holds(&self) -> bool {
        matches!(self.verdict(), None | Some(Verdict::Proved))
    }

    /// What an evaluation certificate proves of decrypted values.
    pub fn decrypted(&self) -> Option<&Decrypted> {
        self.decrypted.as_deref()
    }

    /// Units of work used, about one nanosecond each.
    pub fn work(&self) -> u64 {
        self.work
    }
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unreadable { path, detail } => Self::Unreadable { path, detail },
            Fault::Rejected {
                claim,
                rule,
                detail,
            } => Self::Rejected {
                claim: claim.map(|(index, _)| index),
                // A shared rule is named behind the claim's own.
                rule: match claim {
                    Some((_, own)) if own != rule => format!("{}: {}", own.name(), rule.name()),
                    _ => rule.name().to_owned(),
                },
                detail,
            },
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lo, hi) = self.enclosure();
        writeln!(f, "VERIFIED {}", self.headline)?;
        writeln!(
            f,
            "  {} lies in [{lo}, {hi}] (decimals rounded outward)",
            if self.decrypted.is_some() {
                "without encryption the maximum error"
            } else {
                "the maximum error"
            }
        )?;
        let of = match self.decrypted {
            Some(_) => "without encryption, and of nothing that is decrypted: ",
            None => "",
        };
        for line in &self.beyond {
            writeln!(f, "  {of}{line}")?;
        }
        if self.table_step {
            writeln!(
                f,
                "  output: step, h in {{0, 1}}; here p = 2 h - 1, where h is the table, whose last stage gives 0 or 1"
            )?;
        }
        if let Some((_, others)) = self.words.split_last() {
            for words in others {
                writeln!(f, "  {words}")?;
            }
        }
        if self.target.function.is_of_p_itself() {
            writeln!(f, "  with p as it is, not as a sign")?;
        }
        if !self.statements.iter().all(Statement::is_of_p_alone) {
            writeln!(
                f,
                "  with r(x) = x (1 + p(x))/2, m(a, b) = ((a + b) + (a - b) p(a - b))/2"
            )?;
        }
        writeln!(f, "  decimals are rounded to the safe side")?;
        // A quotation mark would end the name where its author likes.
        let name = printable(&self.table_name).replace('"', "\\u{22}");
        let is = match self.table_step {
            true => "h",
            false => "p",
        };
        writeln!(
            f,
            "  {is} is the table \"{name}\", sha256 {}",
            self.table_sha256
        )?;
        write!(f, "  coefficients: {}", self.mode)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(report) => report.fmt(f),
            Self::Rejected {
                claim: Some(claim),
                rule,
                detail,
            } => write!(f, "REJECTED claim {claim}, {rule}: {detail}"),
            Self::Rejected {
                claim: None,
                rule,
                detail,
            } => write!(f, "REJECTED {rule}: {detail}"),
            Self::Unreadable { path, detail } if path.is_empty() => {
                write!(f, "UNREADABLE {detail}")
            }
            Self::Unreadable { path, detail } => write!(f, "UNREADABLE {path}: {detail}"),
        }
    }
}
