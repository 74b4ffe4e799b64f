//! `polycert show`: a certificate for people.

use crate::arith::number::write_canonical;
use crate::certificate::kind::Kind;
use crate::certificate::{check, NetworkOutcome, Outcome, Report, MAX_BYTES};
use crate::cli::check::network_outcome;
use crate::cli::terminal::output;
use crate::error::{Error, Result};
use crate::files::read_bytes;
use crate::poly::table::{Output, Table};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Most bytes that are looked at.
const MAX_SHOWN: usize = 64 << 20;

/// Show what a certificate says, what it consists of, and whether it verifies; also what a table or an audit holds.
#[derive(clap::Args)]
pub struct Arguments {
    /// Certificate file (- is standard input).
    certificate: PathBuf,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    // The largest of the kinds is an audit.
    let bytes = read_bytes(&a.certificate, MAX_SHOWN)?;
    match Kind::of(&bytes) {
        Some(Kind::Table) => {
            let text = String::from_utf8_lossy(&bytes);
            let table = Table::from_json(&text).map_err(|e| e.in_file(&a.certificate))?;
            output(None, &of_table(&table))?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(kind) if kind.is_of_network() => {
            let outcome = network_outcome(&a.certificate, &bytes, None, None)?;
            let document: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            output(
                None,
                &format!("{}\n{outcome}\n", of_network(&document, bytes.len())),
            )?;
            let verified = matches!(outcome, NetworkOutcome::Verified(_));
            return Ok(ExitCode::from(u8::from(!verified)));
        }
        Some(Kind::Audit) => {
            let document: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            output(None, &of_audit(&document, bytes.len()))?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(kind @ Kind::Manifest) => {
            return Err(Error::domain(kind.words()).in_file(&a.certificate));
        }
        _ => {}
    }
    if bytes.len() > MAX_BYTES {
        let detail = format!("larger than the limit of {MAX_BYTES} bytes");
        return Err(Error::parse("", detail).in_file(&a.certificate));
    }
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

/// A table in a few lines.
fn of_table(t: &Table) -> String {
    let degrees: Vec<String> = t.degrees().iter().map(usize::to_string).collect();
    let output = match t.output {
        Output::Step => STEP,
        Output::Sign => "",
    };
    let own = match (&t.slope, &t.ends) {
        (Some(slope), _) => format!("slope        {}\n", write_canonical(slope)),
        (_, Some((lower, upper))) => format!(
            "ends         [{}, {}]\n",
            write_canonical(lower),
            write_canonical(upper)
        ),
        _ => String::new(),
    };
    let smooth = t.smooth.as_ref().map_or_else(String::new, |s| {
        let p = || "p".to_owned();
        let value = s.value.as_ref().map_or_else(p, ToString::to_string);
        let segments = match s.segments.len() {
            0 => String::new(),
            n => format!("segments     {n}\n"),
        };
        format!(
            "function     {}\nvalue        {value}\n{segments}",
            s.function
        )
    });
    format!(
        "table        {} (sha256 {})\n\
         target       {}\n\
         {output}{own}{smooth}\
         domain       [{}, {}]\n\
         degrees      {}\n\n\
         An estimate until `polycert certify` has proved its error.\n",
        t.name.escape_debug(),
        t.sha256(),
        t.target.name(),
        write_canonical(&t.domain.lo),
        write_canonical(&t.domain.hi),
        degrees.join(", ")
    )
}

/// What a table of 0 and 1 stands for.
const STEP: &str = "output       step, h in {0, 1}, h the table; here p = 2 h - 1\n";

/// A certificate of a network in a few lines.
fn of_network(d: &Value, bytes: usize) -> String {
    format!(
        "certificate  {} ({bytes} bytes), checked at {} fractional bits\n\
         error model  {}\n\
         network      sha256 {}\n\
         input        sha256 {}\n\
         tables       {}, activations {}\n",
        text(d, "format").escape_debug(),
        text(d, "precision").escape_debug(),
        text(d, "error_model").escape_debug(),
        text(d, "network_sha256").escape_debug(),
        text(d, "input_sha256").escape_debug(),
        list(d, "tables").len(),
        list(d, "activations").len(),
    )
}

/// An audit in a few lines: what its file states.
fn of_audit(d: &Value, bytes: usize) -> String {
    let summary = &d["summary"];
    let mut out = format!(
        "audit        {} ({bytes} bytes), by {}\n\
         network      {} (sha256 {})\n",
        text(d, "format").escape_debug(),
        text(d, "generator").escape_debug(),
        text(d, "network").escape_debug(),
        text(d, "network_sha256").escape_debug(),
    );
    for field in [
        "samples",
        "same",
        "different",
        "undecided",
        "exhausted",
        "outside",
        "failed",
    ] {
        if let Some(n) = summary[field].as_u64() {
            let _ = writeln!(out, "{field:<12} {n}");
        }
    }
    for level in list(d, "levels") {
        let certified = &level["found"]["certified"];
        let _ = writeln!(
            out,
            "certified    {certified} under {}",
            text(level, "noise").escape_debug()
        );
    }
    out + "\nWhat the file states: no checker verified it; `polycert report` counts its rows again and makes a page.\n"
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
    if text(table, "output") == "step" {
        out.push_str(STEP);
    }
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
