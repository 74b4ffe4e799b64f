//! `polycert network decrypt`: encrypted outputs to numbers.

use crate::cli::network::schedule::chosen;
use crate::cli::network::setup::{ModelArguments, TwinArguments};
use crate::cli::params::Chosen;
use crate::cli::terminal::output;
use crate::error::Result;
use crate::jobs::network::decrypt::{decrypt, Decrypted, Request};
use serde_json::{json, Value};
use std::path::PathBuf;
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-network-decrypted/1";

/// Decrypt what a network's run made, by the secret key.
///
/// Nothing is proved of the noise: what is decrypted is measured. Give it to nobody without flooding (ePrint 2020/1533).
#[derive(clap::Args)]
#[command(
    after_help = "Parameters as of network schedule. Exit code 0: all are decrypted; 2: refused."
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    parameters: Chosen,
    /// Secret key, as network keys wrote it.
    #[arg(long, value_name = "FILE")]
    secret: PathBuf,
    /// Encrypted input or output of a run; several, or repeated, for one after the other.
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    encrypted: Vec<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let answer = decrypt(&Request {
        model: a.model.request(),
        polynomials: a.twin.request()?,
        parameters: chosen(&a.parameters)?,
        secret: a.secret.clone(),
        encrypted: a.encrypted.clone(),
    })?;
    let greatest = |v: &[f64]| (0..v.len()).max_by(|&i, &j| v[i].total_cmp(&v[j]));
    let text = match a.json {
        true => {
            let one = |d: &Decrypted| {
                json!({
                    "sample": d.sample,
                    "file": d.file,
                    "input_sha256": d.made.input_sha256,
                    "evaluation_keys_sha256": d.made.keys_sha256,
                    "measure_outputs": d.measure_outputs,
                    "greatest": greatest(&d.measure_outputs),
                    "level": d.level,
                })
            };
            let document = json!({
                "schema": SCHEMA,
                "network": answer.compiled.program.name,
                "network_sha256": answer.compiled.loaded.sha256,
                "samples": answer.decrypted.iter().map(one).collect::<Vec<Value>>(),
            });
            format!("{document:#}\n")
        }
        false => answer.decrypted.iter().map(words).collect(),
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn words(d: &Decrypted) -> String {
    let each = d.measure_outputs.iter().enumerate();
    let lines: String = each.map(|(i, v)| format!("{i:>6} {v:>20.12}\n")).collect();
    format!(
        "sample {} ({}), decrypted at level {}\n{lines}",
        d.sample,
        d.file.display(),
        d.level
    )
}
