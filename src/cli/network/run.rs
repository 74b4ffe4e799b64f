//! `polycert network run`: a network on encrypted inputs from files.

use crate::cli::network::schedule::chosen;
use crate::cli::network::setup::{ModelArguments, TwinArguments};
use crate::cli::network::spent;
use crate::cli::params::Chosen;
use crate::cli::terminal::{note, output};
use crate::encrypted::state::Spent;
use crate::error::Result;
use crate::jobs::network::run::{run as job, Answer, Done, Progress, Request};
use serde_json::{json, Value};
use std::path::PathBuf;
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-network-run/1";

/// Run a network on encrypted inputs with evaluation keys alone; started again, it goes on behind the last finished step.
///
/// For whoever has no secret key: what `keys` and `encrypt --secret` wrote goes in, what `decrypt` reads comes out. Behind each
/// step the ciphertexts that are still read are left in a checkpoint, which goes when its output is there. However often it is
/// interrupted, an output has the same bytes. Files of another key, program or parameters, damaged files, missing keys, and too
/// little memory or disk (GB, by the schedule) are refused before anything is computed.
#[derive(clap::Args)]
#[command(
    after_help = "Parameters as of network schedule. Exit code 0: every output is there; 2: refused."
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    parameters: Chosen,
    /// Evaluation keys, as network keys wrote them.
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// Encrypted input or output of a run; several, or repeated, for one after the other.
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    encrypted: Vec<PathBuf>,
    /// Folder of the encrypted outputs, made if it is not there: of sample000061.input comes sample000061.output.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Folder of the checkpoints, sample000061.steps for each input; that of --output, if left out.
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,
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
        keys: a.keys.clone(),
        encrypted: a.encrypted.clone(),
        output: a.output.clone(),
        checkpoint: a.checkpoint.clone(),
    };
    let mut steps = 0;
    let answer = job(&request, &mut |progress| match progress {
        Progress::Compiled(c) => steps = c.program.steps.len(),
        Progress::There(path) => note(&format!("{}: is there already", path.display())),
        Progress::Keys => note("reading keys"),
        Progress::Input(path, 0) => note(&format!("{}", path.display())),
        Progress::Input(path, done) => note(&format!(
            "{}: goes on behind step {done} of {steps}",
            path.display()
        )),
        Progress::Step(i) => note(&format!("step {} of {steps}", i + 1)),
    })?;
    let text = match a.json {
        true => format!("{:#}\n", document(&answer)),
        false => words(&answer),
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn words(answer: &Answer) -> String {
    let mut out = String::new();
    let runs: Vec<&[Spent]> = answer.done.iter().map(|d| d.spent.as_slice()).collect();
    if runs.iter().any(|r| !r.is_empty()) {
        out += &spent::table(&answer.compiled, &runs);
        out.push('\n');
    }
    for d in &answer.done {
        let seconds: f64 = d.spent.iter().map(Spent::measure_sum).sum();
        let said = match (d.spent.is_empty(), d.resumed) {
            (true, _) => "was there already".to_owned(),
            (false, 0) => format!("measured {seconds:.1} s"),
            (false, n) => format!("measured {seconds:.1} s, {n} steps of them before"),
        };
        out += &format!("sample {:<7}{}: {said}\n", d.sample, d.output.display());
    }
    out
}

fn document(answer: &Answer) -> Value {
    let one = |d: &Done| {
        json!({
            "sample": d.sample,
            "input": d.input,
            "output": d.output,
            "output_sha256": d.output_sha256,
            "was_there": d.spent.is_empty(),
            "resumed_behind_step": d.resumed,
            "measure_seconds": d.spent.iter().map(Spent::measure_sum).sum::<f64>(),
            "measure_phases": spent::phases_document(spent::phases(&d.spent)),
            "steps": spent::document(&answer.compiled, &d.spent),
        })
    };
    json!({
        "schema": SCHEMA,
        "network": answer.compiled.program.name,
        "network_sha256": answer.compiled.loaded.sha256,
        "key_bytes": answer.key_bytes,
        "outputs": answer.done.iter().map(one).collect::<Vec<Value>>(),
    })
}
