//! `polycert show`: a certificate for people.

use crate::certificate::{check, Outcome, Report, MAX_BYTES};
use crate::cli::terminal::output;
use crate::error::{Error, Result};
use crate::files::read_bytes;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show what a certificate says, what it consists of, and whether it verifies.
#[derive(clap::Args)]
pub struct Arguments {
    /// Certificate file (- is standard input).
    certificate: PathBuf,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let bytes = read_bytes(&a.certificate, MAX_BYTES)?;
    let outcome = check(&bytes);
    let document: Value = match (&outcome, serde_json::from_slice(&bytes)) {
        (Outcome::Unreadable { path, detail }, _) => {
            return Err(Error::parse(path.clone(), detail.clone()).in_file(&a.certificate));
        }
        (_, Ok(document)) => document,
        (_, Err(e)) => return Err(Error::parse("", e.to_string()).in_file(&a.certificate)),
    };
    let anatomy = anatomy(&document, bytes.len());
    let (result, code) = match outcome {
        Outcome::Verified(report) => (statements(&report), ExitCode::SUCCESS),
        other => (format!("\n{other}\n"), ExitCode::FAILURE),
    };
    output(None, &(anatomy + &result))?;
    Ok(code)
}

fn text<'a>(v: &'a Value, key: &str) -> &'a str {
    v[key].as_str().unwrap_or("-")
}

fn list<'a>(v: &'a Value, key: &str) -> &'a [Value] {
    v[key].as_array().map_or(&[], Vec::as_slice)
}

/// What the certificate consists of: the table, and the hints that the checker confirms.
fn anatomy(d: &Value, bytes: usize) -> String {
    let table = &d["table"];
    let components = list(table, "components");
    let degrees: Vec<String> = components
        .iter()
        .map(|c| list(c, "coefficients").len().saturating_sub(1).to_string())
        .collect();
    let bases: Vec<&str> = components.iter().map(|c| text(c, "basis")).collect();
    let mut out = format!(
        "certificate  {} ({bytes} bytes), checked at {} fractional bits\n\
         table        {} (sha256 {})\n\
         degrees      {} in {}\n\
         coefficients {}\n",
        text(d, "format"),
        text(d, "precision"),
        text(table, "name").escape_debug(),
        text(d, "table_sha256"),
        degrees.join(", "),
        if bases.windows(2).all(|w| w[0] == w[1]) {
            bases.first().unwrap_or(&"-")
        } else {
            &"mixed bases"
        },
        text(d, "coefficients"),
    );
    for branch in list(d, "branches") {
        let count = |kind: &str| -> usize {
            let segments = list(branch, "stages").iter().flat_map(|s| list(s, kind));
            segments.map(|s| list(s, "boxes").len()).sum()
        };
        let _ = writeln!(
            out,
            "branch       {}: {} stages, {} boxed critical points, {} boxed inflections",
            text(branch, "side"),
            list(branch, "stages").len(),
            count("value"),
            count("slope"),
        );
    }
    if let Some(entries) = table["provenance"].as_object() {
        for (key, value) in entries {
            let value = value.as_str().unwrap_or("-");
            let _ = writeln!(
                out,
                "provenance   {}: {}",
                key.escape_debug(),
                value.escape_debug()
            );
        }
    }
    out
}

fn statements(report: &Report) -> String {
    let mut out = format!("\nVERIFIED {}\n", report.headline());
    let (lo, hi) = report.enclosure();
    let _ = writeln!(out, "maximum error in [{lo}, {hi}] (rounded outward)\n");
    for (i, words) in report.words().iter().enumerate() {
        let _ = writeln!(out, "claim {i}: {words}");
    }
    out
}
