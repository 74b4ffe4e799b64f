//! `polycert network encrypt`: encrypted inputs through a network, or to files.

use crate::arith::ball::Ball;
use crate::cli::network::schedule::{
    chosen, document as schedule_document, words as schedule_words,
};
use crate::cli::network::setup::{notes, InputArguments, ModelArguments, TwinArguments};
use crate::cli::network::spent;
use crate::cli::params::Chosen;
use crate::cli::terminal::{note, output};
use crate::encrypted::state::Spent;
use crate::error::Result;
use crate::jobs::network::encrypt::{encrypt, Answer, Measured, Progress, Request, Sample};
use crate::jobs::network::encrypt_inputs::encrypt_inputs;
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-network-encrypted/2";

/// The same where inputs are written.
const INPUTS_SCHEMA: &str = "polycert-network-inputs/1";

/// Run a network on encrypted inputs, with new keys: what is decrypted stands beside the polynomial twin. With --secret only
/// encrypt them, to files that `network run` takes.
///
/// The schedule is printed first, and the steps are run in the clear, through the same diagonals: an input that leaves
/// [-B, B] there is refused. Nothing is proved of the noise; the twin's outputs are enclosures (`network evaluate`). Seconds are
/// wall time, memory is the most that the process had (GB).
#[derive(clap::Args)]
#[command(
    after_help = "Parameters as of network schedule. Exit code 0: what was decrypted (with --simulate: computed) has its greatest \
    output where the twin has it, on every sample; with --secret: all are encrypted; 1: elsewhere, or not decided; 2: refused."
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
    /// Which samples of the input file, from 0: 61,3,7, or repeated.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "SAMPLES",
        default_value = "0"
    )]
    sample: Vec<usize>,
    /// Run the steps in the clear alone.
    #[arg(long)]
    simulate: bool,
    /// Secret key, as network keys wrote it: the samples are encrypted under it and written to --output, and nothing is run.
    #[arg(
        long,
        value_name = "FILE",
        requires = "output",
        conflicts_with = "simulate"
    )]
    secret: Option<PathBuf>,
    /// Folder of the encrypted inputs, made if it is not there: sample000061.input and so on.
    #[arg(short, long, value_name = "DIR", requires = "secret")]
    output: Option<PathBuf>,
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
        samples: a.sample.clone(),
        simulate: a.simulate,
        seed: a.seed,
    };
    if let (Some(secret), Some(folder)) = (&a.secret, &a.output) {
        return to_files(&request, secret, folder, a.json);
    }
    let (mut shown, mut steps) = (Ok(()), 0);
    let answer = encrypt(&request, &mut |progress| match progress {
        Progress::Compiled(c) => {
            steps = c.program.steps.len();
            if !a.json {
                shown = output(None, &schedule_words(c));
            }
        }
        Progress::Keys => note("making keys"),
        Progress::Sample(sample) => note(&format!("sample {sample}")),
        Progress::Step(i) => note(&format!("step {} of {steps}", i + 1)),
    })?;
    shown?;
    let text = match a.json {
        true => format!("{:#}\n", document(&answer)),
        false => format!(
            "\n{}{}",
            notes(&answer.compiled.loaded.said, &answer.samples.said),
            words(&answer)
        ),
    };
    output(None, &text)?;
    let all_same = pairs(&answer).all(|(s, m)| same(s, m));
    Ok(ExitCode::from(u8::from(!all_same)))
}

/// Encrypts alone.
fn to_files(request: &Request, secret: &Path, folder: &Path, json: bool) -> Result<ExitCode> {
    let answer = encrypt_inputs(request, (secret, folder), &mut |_| ())?;
    let loaded = &answer.compiled.loaded;
    let text = match json {
        true => {
            let one = |(sample, file): &(usize, PathBuf)| json!({"sample": sample, "file": file});
            let document = json!({
                "schema": INPUTS_SCHEMA,
                "network": answer.compiled.program.name,
                "network_sha256": loaded.sha256,
                "network_said": loaded.said,
                "input_sha256": answer.input_sha256,
                "input_said": answer.input_said,
                "samples": answer.files.iter().map(one).collect::<Vec<Value>>(),
            });
            format!("{document:#}\n")
        }
        false => {
            let one = |(sample, file): &(usize, PathBuf)| {
                format!("sample {sample:<7}{}\n", file.display())
            };
            let files: String = answer.files.iter().map(one).collect();
            notes(&loaded.said, &answer.input_said) + &files
        }
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

/// Each sample with its run, if there is one.
fn pairs(answer: &Answer) -> impl Iterator<Item = (&Sample, Option<&Measured>)> {
    let measured = |i: usize| answer.measured.as_ref().and_then(|all| all.get(i));
    let samples = answer.samples.all.iter().enumerate();
    samples.map(move |(i, s)| (s, measured(i)))
}

fn greatest(all: &[f64]) -> Option<usize> {
    (0..all.len()).max_by(|&i, &j| all[i].total_cmp(&all[j]))
}

/// Whether the greatest output is the twin's.
fn same(sample: &Sample, measured: Option<&Measured>) -> bool {
    let got = match measured {
        Some(m) => &m.measure_outputs,
        None => &sample.simulated.estimate_outputs,
    };
    let Some(twin) = &sample.twin else {
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

fn words(answer: &Answer) -> String {
    let mut out = String::new();
    for (sample, measured) in pairs(answer) {
        if answer.samples.all.len() > 1 {
            let _ = writeln!(out, "sample {}", sample.number);
        }
        out += &sample_words(sample, measured);
    }
    if let Some(all) = &answer.measured {
        let runs: Vec<&[Spent]> = all.iter().map(|m| m.spent.as_slice()).collect();
        let seconds: f64 = all.iter().map(|m| m.measure_time.as_secs_f64()).sum();
        let _ = writeln!(
            out,
            "{}\nmeasured      {seconds:.1} s; keys {:.2} GB; the outputs at level {}",
            spent::table(&answer.compiled, &runs),
            answer.key_bytes.unwrap_or(0) as f64 / 1e9,
            all.first().map_or(0, |m| m.level)
        );
    }
    out
}

fn sample_words(sample: &Sample, measured: Option<&Measured>) -> String {
    let mut out = String::new();
    let last = if measured.is_some() { "decrypted" } else { "" };
    let _ = writeln!(
        out,
        "{:>6} {:>20} {:>20} {last:>20}",
        "output", "twin", "in the clear"
    );
    for (i, clear) in sample.simulated.estimate_outputs.iter().enumerate() {
        let twin = sample.twin.as_ref();
        let twin = twin.map_or("not enclosed".to_owned(), |t| format!("{:.12}", t[i].hi));
        let got = measured.map_or(String::new(), |m| format!("{:.12}", m.measure_outputs[i]));
        let _ = writeln!(out, "{i:>6} {twin:>20} {clear:>20.12} {got:>20}");
    }
    if let Some(twin) = &sample.twin {
        let radius = twin
            .iter()
            .map(|b| b.radius + b.lo.abs())
            .fold(0.0, f64::max);
        let clear = distance(&sample.simulated.estimate_outputs, twin);
        let _ = write!(
            out,
            "\nfrom the twin (enclosed within {radius:.1e}): in the clear {clear:.1e} in {:.2} s",
            sample.measure_simulated.as_secs_f64()
        );
        if let Some(m) = measured {
            let off = distance(&m.measure_outputs, twin);
            let _ = write!(
                out,
                "; measured on ciphertexts {off:.2e} (2^{:.1}) in {:.1} s",
                off.log2(),
                m.measure_time.as_secs_f64()
            );
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

fn document(answer: &Answer) -> Value {
    let measured = |m: &Measured| {
        json!({
            "measure_outputs": m.measure_outputs,
            "measure_seconds": m.measure_time.as_secs_f64(),
            "measure_phases": spent::phases_document(spent::phases(&m.spent)),
            "steps": spent::document(&answer.compiled, &m.spent),
            "level": m.level,
        })
    };
    let one = |(s, m): (&Sample, Option<&Measured>)| {
        let ends = |b: &Ball| json!({"lower": b.lower(), "upper": b.upper()});
        let twin = s.twin.as_ref();
        json!({
            "sample": s.number,
            "bound_twin": twin.map(|all| all.iter().map(ends).collect::<Vec<Value>>()),
            "estimate_outputs": s.simulated.estimate_outputs,
            "estimate_sizes": s.simulated.estimate_sizes,
            "encrypted": m.map(measured),
        })
    };
    json!({
        "schema": SCHEMA,
        "schedule": schedule_document(&answer.compiled),
        "input_sha256": answer.samples.sha256,
        "input_said": answer.samples.said,
        "network_said": answer.compiled.loaded.said,
        "key_bytes": answer.key_bytes,
        "samples": pairs(answer).map(one).collect::<Vec<Value>>(),
    })
}
