//! `polycert network encrypt`: one encrypted input through a network.

use crate::arith::ball::Ball;
use crate::cli::network::schedule::{
    chosen, document as schedule_document, words as schedule_words,
};
use crate::cli::network::setup::{notes, InputArguments, ModelArguments, TwinArguments};
use crate::cli::params::Chosen;
use crate::cli::terminal::{note, output};
use crate::encrypted::run::Phase;
use crate::error::Result;
use crate::jobs::network::encrypt::{encrypt, Answer, Measured, Progress, Request};
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-network-encrypted/1";

/// Run a network on one encrypted input, with new keys: what is decrypted stands beside the polynomial twin.
///
/// The schedule is printed first, and the steps are run in the clear, through the same diagonals: an input that leaves
/// [-B, B] there is refused. Nothing is proved of the noise; the twin's outputs are enclosures (`network evaluate`).
#[derive(clap::Args)]
#[command(
    after_help = "Parameters as of network schedule. Exit code 0: what was decrypted (with --simulate: computed) has its greatest \
    output where the twin has it; 1: elsewhere, or not decided; 2: refused."
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    parameters: Chosen,
    /// Which sample of the input file, from 0.
    #[arg(long, default_value_t = 0)]
    sample: usize,
    /// Run the steps in the clear alone.
    #[arg(long)]
    simulate: bool,
    /// A seed that makes keys and noise repeat: for measurements, never for secrets.
    #[arg(long, conflicts_with = "simulate")]
    seed: Option<u64>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let request = Request {
        model: a.model.request(),
        polynomials: a.twin.request()?,
        parameters: chosen(&a.parameters)?,
        input: a.input.request()?,
        sample: a.sample,
        simulate: a.simulate,
        seed: a.seed,
    };
    let (mut shown, mut steps) = (Ok(()), 0);
    let answer = encrypt(&request, &mut |progress| match progress {
        Progress::Compiled(c) => {
            steps = c.program.steps.len();
            if !a.json {
                shown = output(None, &schedule_words(c));
            }
        }
        Progress::Keys => note("making keys"),
        Progress::Step(i) => note(&format!("step {} of {steps}", i + 1)),
    })?;
    shown?;
    let text = match a.json {
        true => format!("{:#}\n", document(&answer, a.sample)),
        false => format!(
            "\n{}{}",
            notes(&answer.compiled.loaded.said, &answer.input_said),
            words(&answer)
        ),
    };
    output(None, &text)?;
    Ok(ExitCode::from(u8::from(!same(&answer))))
}

fn greatest(all: &[f64]) -> Option<usize> {
    (0..all.len()).max_by(|&i, &j| all[i].total_cmp(&all[j]))
}

/// Whether the greatest output is the twin's.
fn same(answer: &Answer) -> bool {
    let got = match &answer.measured {
        Some(m) => &m.measure_outputs,
        None => &answer.simulated.estimate_outputs,
    };
    let Some(twin) = &answer.twin else {
        return false;
    };
    let middles: Vec<f64> = twin.iter().map(|b| b.hi).collect();
    greatest(got) == greatest(&middles)
}

/// The largest distance to the middles of the twin's enclosures.
fn distance(got: &[f64], twin: &[Ball]) -> f64 {
    let each = got.iter().zip(twin).map(|(v, b)| (v - b.hi).abs());
    each.fold(0.0, f64::max)
}

fn phase(p: Phase) -> &'static str {
    match p {
        Phase::Encode => "plaintexts",
        Phase::Linear => "maps",
        Phase::Refresh => "refreshes",
        Phase::Activation => "polynomials",
    }
}

fn words(answer: &Answer) -> String {
    let mut out = String::new();
    let measured = answer.measured.as_ref();
    let last = if measured.is_some() { "decrypted" } else { "" };
    let _ = writeln!(
        out,
        "{:>6} {:>20} {:>20} {last:>20}",
        "output", "twin", "in the clear"
    );
    for (i, clear) in answer.simulated.estimate_outputs.iter().enumerate() {
        let twin = answer.twin.as_ref();
        let twin = twin.map_or("not enclosed".to_owned(), |t| format!("{:.12}", t[i].hi));
        let got = measured.map_or(String::new(), |m| format!("{:.12}", m.measure_outputs[i]));
        let _ = writeln!(out, "{i:>6} {twin:>20} {clear:>20.12} {got:>20}");
    }
    if let Some(twin) = &answer.twin {
        let radius = twin
            .iter()
            .map(|b| b.radius + b.lo.abs())
            .fold(0.0, f64::max);
        let clear = distance(&answer.simulated.estimate_outputs, twin);
        let _ = write!(
            out,
            "\nfrom the twin (enclosed within {radius:.1e}): in the clear {clear:.1e} in {:.2} s",
            answer.measure_simulated.as_secs_f64()
        );
        if let Some(m) = measured {
            let off = distance(&m.measure_outputs, twin);
            let _ = write!(
                out,
                "; measured on ciphertexts {off:.2e} (2^{:.1})",
                off.log2()
            );
        }
        out.push('\n');
    }
    if let Some(m) = measured {
        let phases: Vec<String> = (m.measure_phases.iter())
            .map(|(p, time)| format!("{} {:.1}", phase(*p), time.as_secs_f64()))
            .collect();
        let _ = writeln!(
            out,
            "measured      {:.1} s: {}; keys {:.2} GB; the outputs at level {}",
            m.measure_time.as_secs_f64(),
            phases.join(", "),
            m.key_bytes as f64 / 1e9,
            m.level
        );
    }
    out
}

fn document(answer: &Answer, sample: usize) -> Value {
    let twin = answer.twin.as_ref().map(|all| {
        let one = |b: &Ball| json!({"lower": b.lower(), "upper": b.upper()});
        all.iter().map(one).collect::<Vec<Value>>()
    });
    let measured = |m: &Measured| {
        let phases = m
            .measure_phases
            .iter()
            .map(|(p, t)| (phase(*p).to_owned(), json!(t.as_secs_f64())));
        json!({
            "measure_outputs": m.measure_outputs,
            "measure_seconds": m.measure_time.as_secs_f64(),
            "measure_phases": phases.collect::<serde_json::Map<String, Value>>(),
            "key_bytes": m.key_bytes,
            "level": m.level,
        })
    };
    json!({
        "schema": SCHEMA,
        "schedule": schedule_document(&answer.compiled),
        "input_sha256": answer.input_sha256,
        "input_said": answer.input_said,
        "network_said": answer.compiled.loaded.said,
        "sample": sample,
        "bound_twin": twin,
        "estimate_outputs": answer.simulated.estimate_outputs,
        "estimate_sizes": answer.simulated.estimate_sizes,
        "encrypted": answer.measured.as_ref().map(measured),
    })
}
