//! The catalogue as JSON: exact numbers as text, in the certificate's spelling.

use crate::arith::number::{decimal, write};
use crate::report::catalogue::columns::{log2, origin};
use crate::report::catalogue::{Catalogue, Claim, Entry, Row, CHECKED};
use serde_json::{json, Value};

/// The format tag.
pub const FORMAT: &str = "polycert-catalogue/1";

/// The catalogue.
pub fn export(catalogue: &Catalogue) -> String {
    let entries: Vec<Value> = catalogue.entries.iter().map(entry).collect();
    let inputs: serde_json::Map<String, Value> = catalogue
        .inputs
        .iter()
        .map(|(file, digest)| (file.clone(), digest.clone().into()))
        .collect();
    let document = json!({
        "format": FORMAT,
        "generator": format!("polycert {}", env!("CARGO_PKG_VERSION")),
        "command": catalogue.command,
        "checked": CHECKED,
        "inputs_sha256": inputs,
        "skipped": catalogue.skipped,
        "tables": entries,
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn entry(entry: &Entry) -> Value {
    match entry {
        Entry::Row(row) => self::row(row),
        Entry::Failed { file, error } => json!({"file": file, "error": error}),
    }
}

fn row(row: &Row) -> Value {
    let claim = |c: &Claim| {
        let tightness = c.bound_tightness(&row.bound_hi);
        json!({
            "bound": write(&c.bound),
            "source": c.source,
            "verdict": c.verdict.to_string(),
            "bound_tightness": tightness.map(|t| decimal(&t, 20, true)),
        })
    };
    let parameters: serde_json::Map<String, Value> = row
        .parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), write(value).into()))
        .collect();
    json!({
        "file": row.file,
        "name": row.name,
        "degrees": row.degrees,
        "depth": row.cost.map(|c| c.depth),
        "multiplications": row.cost.map(|c| c.mults),
        "basis": row.basis,
        "coefficients": row.coefficients,
        "target": row.target,
        "parameters": parameters,
        "table_sha256": row.table_sha256,
        "certificate_sha256": row.certificate_sha256,
        "certificate": origin(row.origin),
        "statement": row.statement,
        "bound_lo": write(&row.bound_lo),
        "bound_hi": write(&row.bound_hi),
        "bound_lo_decimal": decimal(&row.bound_lo, 20, false),
        "bound_hi_decimal": decimal(&row.bound_hi, 20, true),
        "estimate_hi_log2": log2(&row.bound_hi),
        "witness": row.witness.iter().map(write).collect::<Vec<_>>(),
        "envelope": row.envelope.as_ref().map(|e| json!({
            "bound_tau": write(&e.bound_tau),
            "zone": write(&e.zone),
        })),
        "overflow": row.overflow.as_ref().map(|o| json!({
            "limit": write(&o.limit),
            "bound_margin": write(&o.bound_margin),
        })),
        "claim": row.claim.as_ref().map(claim),
    })
}
