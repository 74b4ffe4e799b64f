//! `polycert network inference`: certificates of what an encrypted network decrypts to.

use crate::cli::network::schedule::chosen;
use crate::cli::network::setup::{
    notes, InputArguments, ModelArguments, PrecisionArguments, TwinArguments,
};
use crate::cli::params::Chosen;
use crate::cli::terminal::{guard, note, output, rational};
use crate::error::{Error, Result};
use crate::files::{read_bytes, write_atomically};
use crate::jobs::network::inference::{certify, Answer, One, Progress, Request};
use rug::Rational;
use serde_json::{json, Value};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-network-inference/1";
/// The files of a folder: the program, and the exact network beside it.
const PROGRAM: &str = "program.json";
/// Most bytes of a run's answer.
const MAX_RUN_BYTES: usize = 1 << 24;

/// Certify what an encrypted network decrypts to: every logit within a bound of the polynomial twin's, and the class.
///
/// The program is certified first, whatever the input is: which steps an evaluator takes (network schedule), and how near
/// each keeps to the network while the inputs of its activation are within its reach. Then every sample: that they are,
/// and how far the noise of all activations moves the result. Both are verified by the independent checker and written
/// into a folder, which `polycert check` takes. Nothing is encrypted here: --decrypted puts what `network encrypt --json`
/// decrypted into the certificates.
#[derive(clap::Args)]
#[command(
    after_help = "Parameters as of network schedule. Exit code 0: all samples are certified, each class the network's; 1: some are not; \
    2: refused."
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
    #[command(flatten)]
    precision: PrecisionArguments,
    /// Which samples of the input file, from 0 (separated by commas).
    #[arg(
        long = "sample",
        value_name = "N",
        value_delimiter = ',',
        default_value = "0"
    )]
    samples: Vec<usize>,
    /// Reach of the activations: their inputs are certified to be within it. One, or one for each separated by commas, at
    /// most B; if left out an eighth of B or more, as the samples need.
    #[arg(long, value_name = "R", value_delimiter = ',', value_parser = rational)]
    within: Vec<Rational>,
    /// The bound holds but for 2^-K for the whole network.
    #[arg(short, value_name = "K", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=60))]
    k: u32,
    /// An answer of `network encrypt --json` or `network decrypt --json`: what it decrypted goes into the certificates of
    /// its samples (repeatable).
    #[arg(long, value_name = "FILE")]
    decrypted: Vec<PathBuf>,
    /// Folder to write into.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let mut measured = vec![None; a.samples.len()];
    for file in &a.decrypted {
        for (sample, outputs) in decrypted(file)? {
            // Of a run of more samples the others are left.
            if let Some(at) = a.samples.iter().position(|s| *s == sample) {
                measured[at] = Some(outputs);
            }
        }
    }
    let request = Request {
        model: a.model.request(),
        polynomials: a.twin.request()?,
        parameters: chosen(&a.parameters)?,
        input: a.input.request()?,
        samples: a.samples.clone(),
        within: a.within.clone(),
        k: a.k,
        measure_decrypted: measured,
        most_bits: a.precision.most_bits,
    };
    let model = a.model.files();
    let runs = (1..=a.decrypted.len()).map(|i| format!("run{i}.json"));
    let certificates = a.samples.iter().map(|&n| name(n));
    let inputs = a.samples.iter().map(|&n| format!("{}.input", name(n)));
    let shared = [PROGRAM.to_owned(), format!("{PROGRAM}.network")];
    let written: Vec<PathBuf> = (shared
        .into_iter()
        .chain(certificates)
        .chain(inputs)
        .chain(runs))
    .map(|file| a.output.join(file))
    .collect();
    guard(
        written.iter().map(Some),
        (model.iter().map(Some).chain(a.twin.files()))
            .chain([a.input.file()])
            .chain(a.decrypted.iter().map(Some)),
    )?;
    std::fs::create_dir_all(&a.output).map_err(|e| Error::io(&a.output, &e))?;
    let mut written = Ok(());
    let mut begin = Instant::now();
    let answer = certify(&request, &mut |progress| match progress {
        Progress::Compiled(c) => note(&format!(
            "{} steps, certifying the program",
            c.program.steps.len()
        )),
        Progress::Program(_) => note("the program is certified"),
        Progress::Sample(sample) => {
            begin = Instant::now();
            note(&format!("sample {sample}"));
        }
        Progress::Layer(layer, layers) => {
            let seconds = begin.elapsed().as_secs_f64();
            if seconds >= 2.0 {
                note(&format!("{layer} of {layers} activations, {seconds:.0} s"));
            }
        }
        // What is done is kept, whatever comes later.
        Progress::Done(one) => {
            if written.is_ok() {
                written = write_sample(&a.output, one);
            }
        }
    })?;
    written?;
    for (i, file) in a.decrypted.iter().enumerate() {
        // For a page: what the steps took.
        let text = crate::files::read_text(file, MAX_RUN_BYTES)?;
        write_atomically(&a.output.join(format!("run{}.json", i + 1)), &text)?;
    }
    write_atomically(&a.output.join(PROGRAM), &answer.program.text)?;
    let network = a.output.join(format!("{PROGRAM}.network"));
    write_atomically(&network, &answer.network)?;
    let text = match a.json {
        true => format!("{:#}\n", document(&answer)),
        false => words(&answer),
    };
    output(None, &text)?;
    let all = answer.samples.iter().all(|one| one.certified.is_ok());
    Ok(ExitCode::from(u8::from(!all)))
}

/// What a run's answer says that was decrypted of its samples.
fn decrypted(file: &Path) -> Result<Vec<(usize, Vec<f64>)>> {
    let bytes = read_bytes(file, MAX_RUN_BYTES)?;
    let wrong = || {
        Error::parse("", "is no answer of `polycert network encrypt --json` that was run on ciphertexts, nor of `network decrypt --json`").in_file(file)
    };
    let run: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let one = |sample: &Value| {
        let number = sample["sample"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())?;
        let run = [&sample["encrypted"], sample];
        let outputs = run.iter().find_map(|v| v["measure_outputs"].as_array())?;
        let outputs: Option<Vec<f64>> = outputs.iter().map(Value::as_f64).collect();
        Some((number, outputs?))
    };
    let all: Option<Vec<_>> = run["samples"]
        .as_array()
        .map(|all| all.iter().map(one).collect())
        .ok_or_else(wrong)?;
    all.ok_or_else(wrong)
}

fn name(sample: usize) -> String {
    format!("sample{sample:06}.json")
}

fn write_sample(folder: &Path, one: &One) -> Result<()> {
    let Ok(certified) = &one.certified else {
        return Ok(());
    };
    let file = name(one.sample);
    write_atomically(&folder.join(format!("{file}.input")), &one.input)?;
    write_atomically(&folder.join(file), &certified.text)
}

fn words(answer: &Answer) -> String {
    let mut out = notes(&answer.compiled.loaded.said, &answer.input_said);
    let headline = answer.program.statement.lines().next().unwrap_or("");
    out += &format!("{PROGRAM}: {headline}\n");
    for one in &answer.samples {
        let file = name(one.sample);
        out += &match &one.certified {
            Ok(made) => {
                let headline = made.statement.lines().next().unwrap_or("");
                format!("{file}: {headline}\n")
            }
            Err(why) => format!("sample {}: NOT CERTIFIED: {why}\n", one.sample),
        };
    }
    out
}

fn document(answer: &Answer) -> Value {
    let largest = |list: &[Rational]| list.iter().max().map(Rational::to_f64);
    let sample = |one: &One| {
        let made = one.certified.as_ref();
        json!({
            "sample": one.sample,
            "file": made.ok().map(|_| name(one.sample)),
            "statement": made.ok().map(|m| m.statement.clone()),
            "refused": made.err(),
            "bound_margin": made.ok().and_then(|m| largest(&m.bound_margins)),
            "bound_logit": made.ok().and_then(|m| largest(&m.bound_logits)),
        })
    };
    let noise = answer
        .program
        .bound_noise
        .iter()
        .zip(&answer.program.within);
    let activation = |(noise, within): (&Rational, &Rational)| json!({"bound_noise": noise.to_f64(), "within": within.to_f64()});
    json!({
        "schema": SCHEMA,
        "network_said": answer.compiled.loaded.said,
        "input_said": answer.input_said,
        "program": {
            "file": PROGRAM,
            "statement": answer.program.statement,
            "bound_error": answer.program.bound_error.to_f64(),
            "activations": noise.map(activation).collect::<Value>(),
        },
        "samples": answer.samples.iter().map(sample).collect::<Value>(),
    })
}
