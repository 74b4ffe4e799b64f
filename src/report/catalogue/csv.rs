//! The catalogue as CSV (RFC 4180: quoted where needed, lines ended by CR LF), one line a file.
//!
//! Numbers are exact, in the certificate's spelling, or decimals rounded to the safe side. Text that
//! comes from files and begins like a formula is led by an apostrophe, so that no spreadsheet runs it.

use crate::arith::number::{decimal, write};
use crate::report::catalogue::columns::{log2, origin};
use crate::report::catalogue::{Catalogue, Entry, Row};
use crate::report::text::{line, plain};
use rug::Rational;

/// The columns; `estimate_` is rounded for display, `bound_` is proved.
const HEADER: [&str; 28] = [
    "file",
    "name",
    "error",
    "degrees",
    "depth",
    "multiplications",
    "basis",
    "coefficients",
    "target",
    "parameters",
    "claim",
    "claim_source",
    "verdict",
    "bound_lo",
    "bound_hi",
    "bound_lo_decimal",
    "bound_hi_decimal",
    "estimate_hi_log2",
    "bound_tightness",
    "bound_envelope_tau",
    "envelope_zone",
    "bound_overflow_margin",
    "overflow_limit",
    "witness",
    "statement",
    "table_sha256",
    "certificate_sha256",
    "certificate",
];

/// The catalogue.
pub fn export(catalogue: &Catalogue) -> String {
    let mut out = line(HEADER.iter().map(|h| (*h).to_owned()).collect());
    for entry in &catalogue.entries {
        let cells = match entry {
            Entry::Row(row) => cells(row),
            Entry::Failed { file, error } => {
                let mut cells = vec![plain(file), String::new(), plain(error)];
                cells.resize(HEADER.len(), String::new());
                cells
            }
        };
        out.push_str(&line(cells));
    }
    out
}

fn cells(row: &Row) -> Vec<String> {
    let exact = |x: Option<&Rational>| x.map(write).unwrap_or_default();
    let degrees: Vec<String> = row.degrees.iter().map(usize::to_string).collect();
    let witness: Vec<String> = row.witness.iter().map(write).collect();
    let parameter = |(name, value): &(&str, Rational)| format!("{name}={}", write(value));
    let parameters: Vec<String> = row.parameters.iter().map(parameter).collect();
    let claim = row.claim.as_ref();
    let (envelope, overflow) = (row.envelope.as_ref(), row.overflow.as_ref());
    let tightness = claim.and_then(|c| c.bound_tightness(&row.bound_hi));
    vec![
        plain(&row.file),
        plain(&row.name),
        String::new(),
        degrees.join(","),
        row.cost.map(|c| c.depth.to_string()).unwrap_or_default(),
        row.cost.map(|c| c.mults.to_string()).unwrap_or_default(),
        row.basis.clone(),
        row.coefficients.clone(),
        row.target.clone(),
        parameters.join(" "),
        exact(claim.map(|c| &c.bound)),
        claim.map(|c| c.source.to_owned()).unwrap_or_default(),
        claim.map(|c| c.verdict.to_string()).unwrap_or_default(),
        write(&row.bound_lo),
        write(&row.bound_hi),
        decimal(&row.bound_lo, 20, false),
        decimal(&row.bound_hi, 20, true),
        log2(&row.bound_hi),
        tightness.map(|t| decimal(&t, 20, true)).unwrap_or_default(),
        exact(envelope.map(|e| &e.bound_tau)),
        exact(envelope.map(|e| &e.zone)),
        exact(overflow.map(|o| &o.bound_margin)),
        exact(overflow.map(|o| &o.limit)),
        witness.join(" "),
        plain(&row.statement),
        row.table_sha256.clone(),
        row.certificate_sha256.clone(),
        origin(row.origin).to_owned(),
    ]
}
