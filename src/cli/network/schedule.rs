//! `polycert network schedule`: what running a network on ciphertexts takes.

use crate::cli::network::setup::{ModelArguments, TwinArguments};
use crate::cli::params::{self, Chosen};
use crate::cli::terminal::output;
use crate::encrypted::schedule::{Line, Schedule};
use crate::error::Result;
use crate::jobs::network::compiled::{self, Compiled};
use crate::jobs::network::schedule::{schedule, Request};
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-network-schedule/1";

/// Lay out a run of a network on ciphertexts: the linear map, levels and refresh of every step, the keys that it needs, memory,
/// and an estimate of the time.
///
/// All that is linear between two activations is one map a value, at one level. Times are estimates for one thread with AVX-512.
#[derive(clap::Args)]
#[command(
    after_help = "Without encryption parameters the set with bootstrapping R57 is taken (N = 2^16); --log-n N --insecure is its \
    circuit in a smaller ring. --preset A or B, and --log-n, --q and --p, are chains without bootstrapping. Exit code 0: it can be run; 2: refused."
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    parameters: Chosen,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let compiled = schedule(&Request {
        model: a.model.request(),
        polynomials: a.twin.request()?,
        parameters: chosen(&a.parameters)?,
    })?;
    let text = match a.json {
        true => format!("{:#}\n", document(&compiled)),
        false => words(&compiled),
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

/// The encryption parameters of a run.
pub fn chosen(parameters: &Chosen) -> Result<compiled::Chosen> {
    match parameters.bootstrapping() {
        Some(set) => Ok(set),
        None => Ok(compiled::Chosen::Chain(parameters.literal()?)),
    }
}

fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// The schedule in words.
pub fn words(c: &Compiled) -> String {
    let (s, p) = (&c.schedule, &c.parameters);
    let mut out = format!("{}\n", params::line(p));
    if let Some(literal) = c.scheme.bootstrapping() {
        let _ = writeln!(out, "and {}", literal.sparse_sentence(p));
    }
    let _ = writeln!(
        out,
        "{}: {} steps, {} activations, {} refreshed; 2^{} slots; the input at level {} of {}\n",
        c.program.name,
        s.lines.len(),
        c.program.activations(),
        s.levels.refreshes(),
        c.program.period().trailing_zeros(),
        s.levels.values[0],
        p.max_level(),
    );
    let _ = writeln!(
        out,
        "{:>4} {:<24} {:<26} {:<12} {:>9} {:>12} {:>5} {:>7} {:>7} {:>9}",
        "",
        "layer",
        "slots",
        "reads",
        "diagonals",
        "baby x giant",
        "folds",
        "level",
        "refresh",
        "estimate"
    );
    for (i, line) in s.lines.iter().enumerate() {
        let reads: Vec<String> = line.reads.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            out,
            "{:>4} {:<24} {:<26} {:<12} {:>9} {:>12} {:>5} {:>7} {:>7} {:>7.2} s",
            i + 1,
            line.name.escape_debug().to_string(),
            line.layout.to_string(),
            reads.join(", "),
            line.work.diagonals,
            format!("{} x {}", line.work.babies, line.work.giants),
            line.work.folds,
            format!("{} - {}", line.level, line.result),
            if line.refreshed { "yes" } else { "" },
            line.estimate_ms() / 1e3,
        );
    }
    let b = &s.bytes;
    let sum = |f: fn(&Line) -> f64| s.lines.iter().map(f).sum::<f64>() / 1e3;
    let _ = writeln!(
        out,
        "\nkeys          {} rotations of maps, {} more of the bootstrapping and for products: {:.2} + {:.2} GB",
        s.rotations.len(),
        s.bootstrapping_keys + 1,
        gigabytes(b.program_keys),
        gigabytes(b.other_keys),
    );
    let _ = writeln!(
        out,
        "memory        {:.2} GB: keys {:.2}, maps of the bootstrapping {:.2}, diagonals {:.2} and {:.2} encoded, ciphertexts {:.2}",
        gigabytes(b.sum()),
        gigabytes(b.program_keys + b.other_keys),
        gigabytes(b.bootstrapping),
        gigabytes(b.program),
        gigabytes(b.encoded),
        gigabytes(b.ciphertexts),
    );
    let _ = writeln!(
        out,
        "estimate      {:.1} s on one thread with AVX-512: plaintexts {:.1}, maps {:.1}, refreshes {:.1}, polynomials {:.1}",
        s.estimate_ms() / 1e3,
        sum(|l| l.estimate_encode_ms),
        sum(|l| l.estimate_linear_ms),
        sum(|l| l.estimate_refresh_ms),
        sum(|l| l.estimate_activation_ms),
    );
    out
}

/// The schedule as JSON.
pub fn document(c: &Compiled) -> Value {
    let s = &c.schedule;
    let line = |l: &Line| {
        json!({
            "layer": l.name,
            "slots": {
                "channels": l.layout.shape.channels,
                "height": l.layout.shape.height,
                "width": l.layout.shape.width,
                "gap": l.layout.gap,
                "grid": l.layout.grid,
                "period": l.layout.period(),
            },
            "reads": l.reads,
            "diagonals": l.work.diagonals,
            "baby_steps": l.work.babies,
            "giant_steps": l.work.giants,
            "folds": l.work.folds,
            "level": l.level,
            "result_level": l.result,
            "refreshed": l.refreshed,
            "estimate_encode_ms": l.estimate_encode_ms,
            "estimate_linear_ms": l.estimate_linear_ms,
            "estimate_refresh_ms": l.estimate_refresh_ms,
            "estimate_activation_ms": l.estimate_activation_ms,
        })
    };
    json!({
        "schema": SCHEMA,
        "network": c.program.name,
        "network_sha256": c.loaded.sha256,
        "table_sha256": c.twin.digests,
        "parameters": c.parameters.canonical(),
        "refreshes": s.levels.refreshes(),
        "input_level": s.levels.values[0],
        "steps": s.lines.iter().map(line).collect::<Vec<Value>>(),
        "rotations": rotations(s),
        "bootstrapping_keys": s.bootstrapping_keys,
        "bytes": {
            "program_keys": s.bytes.program_keys,
            "other_keys": s.bytes.other_keys,
            "bootstrapping": s.bytes.bootstrapping,
            "program": s.bytes.program,
            "encoded": s.bytes.encoded,
            "ciphertexts": s.bytes.ciphertexts,
            "sum": s.bytes.sum(),
        },
        "estimate_ms": s.estimate_ms(),
    })
}

fn rotations(s: &Schedule) -> Vec<Value> {
    let one = |(steps, level): (&i64, &usize)| json!({"steps": steps, "level": level});
    s.rotations.iter().map(one).collect()
}
