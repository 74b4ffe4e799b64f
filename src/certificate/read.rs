//! Our own certificates read again, with types: the one reader behind reports, levels of noise and catalogues.
//!
//! The strict reader is the checker's (no duplicate or unknown field, every hint looked at); here only the
//! fields that somebody shows or reckons with are read, and only from bytes that it has verified. Numbers stay
//! text until they are asked for ([`number()`]): the checker's limits are wider than this program's.

use crate::arith::number;
use crate::certificate::{evaluation, schema};
use crate::error::{Error, Result};
use crate::poly::table::{RawComponent, RawDomain, RawTable, Table};
use rug::Rational;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A certificate of a composite or a direct polynomial, `certificates/FORMAT.md`.
#[derive(Debug, Clone, Deserialize)]
pub struct Certificate {
    table: RawTable,
    /// SHA-256 of the table.
    pub table_sha256: String,
    /// How coefficients are held: `exact`, `f64`, ...
    pub coefficients: String,
    /// Fractional bits that the checker computes with.
    pub precision: String,
    /// Sides of the composite; none for direct polynomials.
    #[serde(default)]
    pub branches: Vec<Branch>,
    /// The claims; the target is the last.
    pub claims: Vec<Claim>,
}

/// A side of the composite.
#[derive(Debug, Clone, Deserialize)]
pub struct Branch {
    /// `both` for an odd composite, else `right` or `left`.
    pub side: String,
}

/// A claim by its rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Claim {
    /// The output of every stage.
    StageRanges(StageRanges),
    /// |1 - q(|x|)| on [from, to].
    Closeness(Stretch),
    /// |x| |1 - q(|x|)|/2 on [0, to].
    Deviation(Reach),
    /// The slope of r on [-to, to].
    Derivative(Reach),
    /// |r| on [-to, to].
    Magnitude(Reach),
    /// A tournament of max.
    Pool(Pool),
    /// A clip by two composites.
    Clip(Clip),
    /// The weights of an argmax.
    Argmax(Pool),
    /// A polynomial against lines.
    Lines(Lines),
    /// A contraction towards a fixed point.
    Contraction {},
    /// What is computed from a polynomial against a smooth function.
    Series(Series),
    /// What the stages of that value take.
    Stages {},
    /// What the certificate is about.
    Target(Target),
}

/// A point where the error is proved to be large.
#[derive(Debug, Clone, Deserialize)]
pub struct Witness {
    /// The point, in the composite's units.
    pub x: String,
    /// The error there is at least this.
    pub lo: String,
}

/// Inputs of a tournament where the error is proved to be large.
#[derive(Debug, Clone, Deserialize)]
pub struct PoolWitness {
    /// The inputs.
    pub inputs: Vec<String>,
}

/// A bound on [from, to].
#[derive(Debug, Clone, Deserialize)]
pub struct Stretch {
    /// Least |x|.
    pub from: String,
    /// Greatest |x|.
    pub to: String,
    /// The bound.
    pub hi: String,
    /// Where it is nearly reached.
    pub witness: Witness,
}

/// A bound up to |x| = to.
#[derive(Debug, Clone, Deserialize)]
pub struct Reach {
    /// Greatest |x|.
    pub to: String,
    /// The bound.
    pub hi: String,
    /// Where it is nearly reached.
    pub witness: Witness,
}

/// Outputs of all stages for from <= |x| <= to, times the sign of x.
#[derive(Debug, Clone, Deserialize)]
pub struct StageRanges {
    /// Least |x|.
    pub from: String,
    /// Greatest |x|.
    pub to: String,
    /// [lo, hi] of each stage, first applied first.
    pub ranges: Vec<[String; 2]>,
}

/// A function of many inputs by comparisons.
#[derive(Debug, Clone, Deserialize)]
pub struct Pool {
    /// Position of the claim that it follows from; an argmax names three of them otherwise.
    #[serde(default)]
    pub cites: String,
    /// Number of inputs.
    pub inputs: String,
    /// Inputs are in [-range, range].
    pub range: String,
    /// An argmax: how far the greatest input is above all others.
    pub gap: Option<String>,
    /// Where the bound is nearly reached.
    pub witness: PoolWitness,
}

/// A clip to [lower, upper].
#[derive(Debug, Clone, Deserialize)]
pub struct Clip {
    /// B of both composites.
    pub scale: String,
    /// Lower end.
    pub lower: String,
    /// Upper end.
    pub upper: String,
    /// Least x.
    pub from: String,
    /// Greatest x.
    pub to: String,
    /// The bound.
    pub hi: String,
    /// Where it is nearly reached.
    pub witness: Witness,
}

/// A polynomial against a function made of lines.
#[derive(Debug, Clone, Deserialize)]
pub struct Lines {
    /// The lines by ascending x.
    pub parts: Vec<Part>,
    /// The bound over all of them.
    pub hi: String,
    /// Where it is nearly reached.
    pub witness: Witness,
}

/// What is computed from a polynomial against a smooth function.
#[derive(Debug, Clone, Deserialize)]
pub struct Series {
    /// f, an expression of x.
    pub function: String,
    /// The value, an expression of x and p; p if none.
    pub value: Option<String>,
    /// How the error is measured.
    pub error: String,
    /// The domain, interval by interval.
    pub parts: Vec<Stretched>,
    /// The bound over all of them.
    pub hi: String,
    /// Where it is nearly reached.
    pub witness: Witness,
}

/// An interval of a domain.
#[derive(Debug, Clone, Deserialize)]
pub struct Stretched {
    /// Least x.
    pub from: String,
    /// Greatest x.
    pub to: String,
}

/// slope x + intercept on [from, to].
#[derive(Debug, Clone, Deserialize)]
pub struct Part {
    /// Least x.
    pub from: String,
    /// Greatest x.
    pub to: String,
    /// Slope.
    pub slope: String,
    /// Value at 0.
    pub intercept: String,
}

/// What a certificate is about: the function, and the enclosure of the maximum error.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// Position of the claim that it follows from.
    pub cites: String,
    /// `relu`, `sign`, `direct_relu`, ...
    pub function: String,
    /// B, where the function has one.
    pub scale: Option<String>,
    /// Slope of a leaky ReLU for x < 0.
    pub slope: Option<String>,
    /// Lower end of a direct clip.
    pub lower: Option<String>,
    /// Upper end of a direct clip.
    pub upper: Option<String>,
    /// The maximum error is at least this.
    pub lo: String,
    /// The maximum error is at most this.
    pub hi: String,
    /// What was asked, and the verdict on it.
    pub claim: Option<Asked>,
}

/// A claimed bound and the verdict on it.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    /// The bound.
    pub bound: String,
    /// `PROVED`, `REFUTED` or `UNDECIDED`.
    pub verdict: String,
}

/// Finds a claim of a rule.
macro_rules! claim {
    ($which:ident, $name:ident, $rule:ident, $of:ty) => {
        #[doc = concat!("The ", stringify!($which), " claim of the rule ", stringify!($rule), ", if there is one.")]
        pub fn $name(&self) -> Option<&$of> {
            claim!(@$which self).find_map(|c| match c {
                Claim::$rule(found) => Some(found),
                _ => None,
            })
        }
    };
    (@first $self:ident) => { $self.claims.iter() };
    (@last $self:ident) => { $self.claims.iter().rev() };
}

impl Certificate {
    // What is proved beyond the domain stands behind what the target cites.
    claim!(first, closeness, Closeness, Stretch);
    claim!(first, deviation, Deviation, Reach);
    claim!(last, magnitude, Magnitude, Reach);
    claim!(last, pool, Pool, Pool);
    claim!(last, argmax, Argmax, Pool);
    claim!(last, clip, Clip, Clip);
    claim!(last, lines, Lines, Lines);
    claim!(last, series, Series, Series);

    /// The target: what the certificate is about.
    ///
    /// # Errors
    /// A document without one: the checker verifies none.
    pub fn target(&self) -> Result<&Target> {
        let found = self.claims.iter().rev().find_map(|c| match c {
            Claim::Target(target) => Some(target),
            _ => None,
        });
        found.ok_or_else(|| Error::parse("claims", "no target among them"))
    }

    /// The claim at a position that another one cites.
    pub fn cited(&self, position: &str) -> Option<&Claim> {
        self.claims.get(position.parse::<usize>().ok()?)
    }

    /// The table.
    ///
    /// # Errors
    /// What this program refuses of tables.
    pub fn table(&self) -> Result<Table> {
        Table::from_raw(self.table.clone())
    }

    /// Whether the table's last stage gives 0 or 1.
    pub fn is_step(&self) -> bool {
        self.table.output.as_deref() == Some("step")
    }

    /// Name of the table.
    pub fn name(&self) -> &str {
        &self.table.name
    }

    /// The table's notes about its origin.
    pub fn provenance(&self) -> &BTreeMap<String, String> {
        &self.table.provenance
    }

    /// The domain that the table is meant for, as it is written.
    pub(crate) fn domain(&self) -> &RawDomain {
        &self.table.domain
    }

    /// The stages, first applied first, as they are written.
    pub(crate) fn components(&self) -> &[RawComponent] {
        &self.table.components
    }
}

impl Claim {
    /// The claim about a smooth function that it is, if it is one.
    pub fn as_series(&self) -> Option<&Series> {
        match self {
            Self::Series(series) => Some(series),
            _ => None,
        }
    }

    /// The rule's name in the document.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::StageRanges(_) => "stage_ranges",
            Self::Closeness(_) => "closeness",
            Self::Deviation(_) => "deviation",
            Self::Derivative(_) => "derivative",
            Self::Magnitude(_) => "magnitude",
            Self::Pool(_) => "pool",
            Self::Clip(_) => "clip",
            Self::Argmax(_) => "argmax",
            Self::Lines(_) => "lines",
            Self::Contraction {} => "contraction",
            Self::Series(_) => "series",
            Self::Stages {} => "stages",
            Self::Target(_) => "target",
        }
    }
}

/// A certificate of an encrypted evaluation, `certificates/EVALUATION.md`.
#[derive(Debug, Clone, Deserialize)]
pub struct Evaluation {
    /// That of the approximation.
    pub certificate: Certificate,
    /// k: all holds but for 2^-k; none for every outcome.
    pub k: Option<String>,
    /// What is known of the inputs: `fresh_public`, `given:E`, ...
    pub input: String,
    /// Bound of |decrypted - polynomial|, in the target's units.
    pub noise: String,
    /// Bound of |decrypted - function|, in the target's units.
    pub error: String,
}

/// Reads the certificate of a composite that was verified.
///
/// # Errors
/// Text that is none.
pub(super) fn certificate(text: &str) -> Result<Certificate> {
    check_format(text, schema::FORMAT, "certificate of a table")?;
    read(text)
}

/// Reads an evaluation certificate that was verified.
///
/// # Errors
/// A certificate of another format.
pub(super) fn evaluation(text: &str) -> Result<Evaluation> {
    check_format(text, evaluation::FORMAT, "evaluation certificate")?;
    read(text)
}

fn check_format(text: &str, wanted: &str, kind: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct Tag {
        format: String,
    }
    let tag: Tag = read(text)?;
    if tag.format == wanted {
        return Ok(());
    }
    let detail = format!("{:?} is no {kind}", tag.format);
    Err(Error::parse("format", detail))
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::parse("", e.to_string()))
}

/// The number in a field.
///
/// # Errors
/// A number in a spelling or size that this program does not read, naming the field.
pub fn number(text: &str, field: &str) -> Result<Rational> {
    number::parse(text).map_err(|e| e.within(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_shipped_certificate_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates");
        let mut seen = std::collections::BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if !path.to_string_lossy().ends_with(".cert.json") {
                continue;
            }
            let read = certificate(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let target = read.target().unwrap();
            let (lo, hi) = (number(&target.lo, "lo"), number(&target.hi, "hi"));
            assert!(lo.unwrap() <= hi.unwrap(), "{}", path.display());
            assert!(read.cited(&target.cites).is_some(), "{}", path.display());
            assert_eq!(read.table().unwrap().sha256(), read.table_sha256);
            seen.extend(read.claims.iter().map(Claim::rule));
        }
        assert_eq!(seen.len(), 11, "{seen:?}");
    }

    #[test]
    fn evaluation_certificates_are_told_apart() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates");
        let text = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let read = evaluation(&text("evaluation/relu13.b.json")).unwrap();
        assert_eq!(read.certificate.target().unwrap().function, "relu");
        assert!(number(&read.noise, "noise").unwrap() < number(&read.error, "error").unwrap());
        let other = evaluation(&text("relu13.cert.json")).unwrap_err();
        assert!(other.to_string().contains("no evaluation certificate"));
    }
}
