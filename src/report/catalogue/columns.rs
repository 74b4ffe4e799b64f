//! What a person sees of a row: header, unit, kind and text of every column, the same in Markdown and HTML.
//!
//! Decimals of proved numbers are rounded to the safe side: lower bounds down, upper bounds up.

use crate::arith::number::{decimal, estimate_log2, write};
use crate::report::catalogue::{Claim, Origin, Row};
use rug::Rational;

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Copied from the table or its author's claim.
    Given,
    /// Verified by the checker; decimals rounded to the safe side.
    Proved,
    /// Counted, for a stated way to evaluate the polynomials.
    Counted,
    /// Rounded for display only.
    Estimate,
}

impl Kind {
    /// The word in headers; empty for what is only copied.
    pub fn word(self) -> &'static str {
        match self {
            Self::Given => "",
            Self::Proved => "proved",
            Self::Counted => "counted",
            Self::Estimate => "estimate",
        }
    }
}

/// One column.
pub struct Column {
    /// Header.
    pub header: &'static str,
    /// Unit, empty where there is none.
    pub unit: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// The value of a row, `-` where there is none.
    pub cell: fn(&Row) -> String,
}

const fn column(
    header: &'static str,
    unit: &'static str,
    kind: Kind,
    cell: fn(&Row) -> String,
) -> Column {
    Column {
        header,
        unit,
        kind,
        cell,
    }
}

/// The columns of the main table; the first names the row, and what decides comes next, so that a narrow
/// screen shows it.
pub const COLUMNS: [Column; 15] = [
    column("table", "", Kind::Given, |r| r.name.clone()),
    column("verdict", "", Kind::Proved, verdict),
    column("claim", "error", Kind::Given, |r| {
        or_dash(r.claim.as_ref().map(|c| bound(&c.bound)))
    }),
    column("maximum error [lo, hi]", "error", Kind::Proved, |r| {
        let (lo, hi) = (&r.bound_lo, &r.bound_hi);
        format!("[{}, {}]", decimal(lo, 8, false), decimal(hi, 8, true))
    }),
    column("log2 hi", "bits", Kind::Estimate, |r| log2(&r.bound_hi)),
    column("hi / claim", "", Kind::Proved, |r| {
        let tightness = |c: &Claim| c.bound_tightness(&r.bound_hi);
        or_dash(
            r.claim
                .as_ref()
                .and_then(tightness)
                .map(|t| decimal(&t, 4, true)),
        )
    }),
    column("degrees", "", Kind::Given, degrees),
    column("depth", "levels", Kind::Counted, |r| {
        or_dash(r.cost.map(|c| c.depth.to_string()))
    }),
    column("multiplications", "", Kind::Counted, |r| {
        or_dash(r.cost.map(|c| c.mults.to_string()))
    }),
    column("basis", "", Kind::Given, |r| r.basis.clone()),
    column("target", "", Kind::Given, target),
    column("envelope tau", "error per x", Kind::Proved, |r| {
        or_dash(r.envelope.as_ref().map(|e| decimal(&e.bound_tau, 6, true)))
    }),
    column("from zone", "x", Kind::Proved, |r| {
        or_dash(r.envelope.as_ref().map(|e| decimal(&e.zone, 6, true)))
    }),
    column("overflow margin", "x", Kind::Proved, overflow),
    column("witness near", "x", Kind::Estimate, |r| {
        let some = r.witness.iter().take(4).map(|x| decimal(x, 10, false));
        let dots = if r.witness.len() > 4 { ", ..." } else { "" };
        or_dash((!r.witness.is_empty()).then(|| some.collect::<Vec<_>>().join(", ") + dots))
    }),
];

/// What the catalogue was made from.
pub const SOURCES: [Column; 6] = [
    column("file", "", Kind::Given, |r| r.file.clone()),
    column("table SHA-256", "", Kind::Given, |r| r.table_sha256.clone()),
    column("certificate SHA-256", "", Kind::Given, |r| {
        r.certificate_sha256.clone()
    }),
    column("certificate", "", Kind::Given, |r| {
        origin(r.origin).to_owned()
    }),
    column("claim stated in", "", Kind::Given, |r| {
        or_dash(r.claim.as_ref().map(|c| c.source.to_owned()))
    }),
    column("the checker's words", "", Kind::Proved, |r| {
        r.statement.clone()
    }),
];

/// How to read the columns: a term and its meaning.
pub const LEGEND: [(&str, &str); 8] = [
    (
        "proved",
        "verified by the checker; decimals are rounded to the safe side",
    ),
    (
        "estimate",
        "rounded to nearest for display; not for use in a proof",
    ),
    (
        "counted",
        "levels, and products of two ciphertexts, when polynomials are evaluated by odd baby-step \
         giant-step (ePrint 2020/834), those that are not exactly odd by its general form; the final \
         x p(x) and all matches of a max-pool included, scalings of inputs not",
    ),
    (
        "maximum error",
        "over the whole domain, in the units of the scaled function; at the exact witness, which \
         CSV and JSON hold, it is at least lo",
    ),
    (
        "hi / claim",
        "above 1: the claim is missed; far below 1: it gives away precision",
    ),
    (
        "envelope",
        "|B r(x/B) - ReLU(x)| <= tau |x| from |x| >= zone to the end of the domain, in the units of the input (a tournament's: of a match)",
    ),
    (
        "overflow margin",
        "x, in the units of the input, may leave the domain by this much at least before |B r(x/B)| exceeds 2 B (or the limit that is named)",
    ),
    (
        "PROVED, REFUTED, UNDECIDED",
        "hi <= claim; lo > claim; the claim lies between lo and hi",
    ),
];

/// The word for where a certificate comes from.
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Beside => "beside the table",
        Origin::Made => "made for this catalogue",
    }
}

/// Base-2 logarithm of a bound, an estimate; `-` for 0.
pub fn log2(value: &Rational) -> String {
    if *value <= 0u32 {
        return "-".to_owned();
    }
    format!("{:.4}", estimate_log2(value))
}

fn degrees(row: &Row) -> String {
    let all: Vec<String> = row.degrees.iter().map(usize::to_string).collect();
    all.join(",")
}

/// The function, with what is not the usual.
pub fn target(row: &Row) -> String {
    let mut words = row.target.clone();
    for (name, value) in &row.parameters {
        words.push_str(&format!(", {name} = {}", bound(value)));
    }
    if row.coefficients != "exact" {
        words.push_str(&format!(", {}", row.coefficients));
    }
    words
}

/// B, where it is not 1.
fn scale(row: &Row) -> Option<&Rational> {
    let found = row.parameters.iter().find(|(name, _)| *name == "B");
    found.map(|(_, b)| b)
}

/// r in words, as it is applied to the input.
pub fn r(row: &Row) -> String {
    let scaled = |b| format!("{0} r(x/{0})", bound(b));
    scale(row).map_or("r(x)".to_owned(), scaled)
}

fn verdict(row: &Row) -> String {
    or_dash(row.claim.as_ref().map(|c| c.verdict.to_string()))
}

fn overflow(row: &Row) -> String {
    or_dash(row.overflow.as_ref().map(|o| {
        let margin = decimal(&o.bound_margin, 6, false);
        let usual = scale(row).map_or(Rational::from(2), |b| Rational::from(b * 2u32));
        if o.limit == usual {
            margin
        } else {
            format!("{margin} (limit {})", bound(&o.limit))
        }
    }))
}

/// A stated number: a power of two as such, else exactly if short, else rounded up.
pub fn bound(x: &Rational) -> String {
    let exact = write(x);
    if let Some(power) = exact.strip_prefix("1*") {
        return power.to_owned();
    }
    if exact.len() <= 20 {
        exact
    } else {
        decimal(x, 10, true)
    }
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}
