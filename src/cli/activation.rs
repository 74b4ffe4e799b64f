//! `polycert bootstrap --relu`: a table's ReLU behind a bootstrapping, certified, and run on ciphertexts.

use crate::certificate::refresh::Certified;
use crate::cli::refresh::{self, log2_up, phases, seen};
use crate::cli::terminal::{guard, input_bound, note, output, rational};
use crate::error::Result;
use crate::jobs::bootstrap::activation::{certify, measure, Answer, Request};
use crate::jobs::bootstrap::measure::Progress;
use crate::poly::table::Table;
use rug::Rational;
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-refreshed-activation/1";

/// Options of a refreshed activation.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Options {
    /// Certify ReLU by this table (p near sign) of refreshed ciphertexts: bootstrapping and ReLU in one certificate.
    #[arg(long, value_name = "TABLE", conflicts_with = "sine")]
    pub(super) relu: Option<PathBuf>,
    /// B: ReLU on [-B, B], B being the largest message.
    #[arg(long, default_value = "1", requires = "relu", value_name = "B", value_parser = input_bound)]
    bound: Rational,
    /// Inputs are within W of 0 (input units), a part of [-B, B]: noise near its ends is larger, and is left out.
    #[arg(long, requires = "relu", value_name = "W", value_parser = rational)]
    within: Option<Rational>,
    /// Write the certificate, for polycert-check.
    #[arg(short = 'o', long, requires = "relu", value_name = "FILE")]
    certificate: Option<PathBuf>,
}

/// Certifies, runs where that is asked, and prints.
///
/// # Errors
/// What is refused.
pub fn run(
    table: &Path,
    a: &Options,
    own: &refresh::Options,
    (runs, as_json): (bool, bool),
) -> Result<ExitCode> {
    if let Some(file) = &a.certificate {
        guard([Some(file)], [Some(&table.to_path_buf())])?;
    }
    let request = Request {
        literal: own.literal()?,
        domain: a.bound.clone(),
        within: a.within.clone(),
        k: own.k,
        runs: if runs { own.runs } else { 0 },
        count: !own.no_overflows,
        seed: own.seed,
    };
    note("certifying");
    let made = match certify(&Table::read(table)?, &request)? {
        Ok(made) => made,
        Err(margin) => {
            let text = format!("NOT PROVED: {margin}\n");
            let document =
                json!({ "schema": SCHEMA, "verdict": "NOT PROVED", "detail": margin.to_string() });
            output(
                None,
                &if as_json {
                    format!("{document:#}\n")
                } else {
                    text
                },
            )?;
            return Ok(ExitCode::from(1));
        }
    };
    if a.certificate.is_some() {
        output(a.certificate.as_ref(), &made.text)?;
    }
    let statement = made.report.to_string();
    let headline = made.report.headline().to_owned();
    let (noise, error) = (made.bound_noise.to_f64(), made.bound_error.to_f64());
    if !as_json {
        output(None, &format!("{statement}\n{}", budget(&made, &request)))?;
    }
    let answer = match request.runs {
        0 => None,
        _ => Some(measure(made, &request, &mut |progress| match progress {
            Progress::Keys => note("making keys"),
            Progress::Run(run) => note(&format!("bootstrap {run} of {}", request.runs)),
        })?),
    };
    if as_json {
        let document = json!({
            "schema": SCHEMA,
            "verdict": "VERIFIED",
            "statement": headline,
            "bound_noise": noise,
            "bound_error": error,
            "k": request.k,
            "measured": answer.as_ref().map(document),
        });
        output(None, &format!("{document:#}\n"))?;
    } else if let Some(answer) = &answer {
        output(None, &words(answer, &request))?;
    }
    let within = answer.is_none_or(|answer| answer.within_bounds);
    Ok(ExitCode::from(u8::from(!within)))
}

/// The producer's account of the noise.
fn budget(made: &Certified, request: &Request) -> String {
    let b = request.domain.to_f64();
    let budget = &made.bounded.budget;
    let sources = (budget.sources().into_iter())
        .filter(|(_, bound)| *bound > 0.0)
        .map(|(name, bound)| format!("{name} 2^{:.2}", log2_up(bound)));
    format!(
        "noise        <= B 2^{:.2}; the sine of it 2^{:.2}: {}\n",
        log2_up(made.bound_noise.to_f64() / b),
        log2_up(budget.bound_noise),
        sources.collect::<Vec<_>>().join(", ")
    )
}

fn words(a: &Answer, request: &Request) -> String {
    let (m, b) = (&a.measured, request.domain.to_f64());
    let mut out = String::new();
    let _ = writeln!(
        out,
        "measured     {} bootstraps, {} slots, seed {}: rms B 2^{:.2}, largest B 2^{:.2}; {}",
        m.runs,
        m.noise.count,
        a.seed,
        (m.noise.measure_rms() / b).log2(),
        (m.noise.measure_max / b).log2(),
        if a.within_bounds {
            "all within the bound"
        } else {
            "BEYOND THE BOUND"
        }
    );
    let _ = writeln!(
        out,
        "memory       keys {:.2} GB, maps {:.2} GB",
        a.key_bytes as f64 / 1e9,
        a.map_bytes as f64 / 1e9
    );
    out + &seen(m)
}

fn document(a: &Answer) -> Value {
    let m = &a.measured;
    json!({
        "seed": a.seed,
        "runs": m.runs,
        "values": m.noise.count,
        "lost": m.lost,
        "within_bounds": a.within_bounds,
        "measure_rms": m.noise.measure_rms(),
        "measure_max": m.noise.measure_max,
        "key_bytes": a.key_bytes,
        "map_bytes": a.map_bytes,
        "measure_seconds": m.measure_time().as_secs_f64() / m.runs as f64,
        "measure_phase_seconds": phases(m),
        "measure_overflows": refresh::overflows(m),
    })
}
