//! `polycert network keys`: the keys of a network's run, to files.

use crate::cli::network::schedule::{chosen, words as schedule_words};
use crate::cli::network::setup::{ModelArguments, TwinArguments};
use crate::cli::params::Chosen;
use crate::cli::terminal::{note, output};
use crate::error::Result;
use crate::jobs::network::keys::{keys, Request};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-network-keys/1";

/// Make the keys of a network's run on ciphertexts: a secret key for the client alone, evaluation keys for the server.
///
/// The first of four steps: `keys` and `encrypt --secret` (client), `run` (server, without the secret key), `decrypt` (client).
/// Each takes the same network, tables, --bound and encryption parameters; every file names them and the key by digests, and what
/// does not fit is refused. Keys are made and written one at a time: the file of the evaluation keys has half of their size in
/// memory (of which the schedule says how much, in GB).
#[derive(clap::Args)]
#[command(
    after_help = "Parameters as of network schedule. Exit code 0: both files are written; 2: refused, and neither is."
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    parameters: Chosen,
    /// Secret key to write, for its owner alone to read (mode 0600); a file that is there is never written over.
    #[arg(long, value_name = "FILE")]
    new_secret: PathBuf,
    /// Evaluation keys to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// A seed that makes keys and noise repeat: for measurements, never for secrets.
    #[arg(long)]
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
        secret: a.new_secret.clone(),
        output: a.output.clone(),
        seed: a.seed,
    };
    let mut shown = Ok(());
    let answer = keys(&request, &mut |compiled| {
        if !a.json {
            shown = output(None, &schedule_words(compiled));
        }
        note("making keys");
    })?;
    shown?;
    let list = &answer.compiled.schedule.keys;
    let text = match a.json {
        true => {
            let document = json!({
                "schema": SCHEMA,
                "key": answer.key,
                "secret": a.new_secret,
                "evaluation_keys": a.output,
                "evaluation_keys_sha256": answer.keys_sha256,
                "evaluation_keys_bytes": answer.file_bytes,
                "automorphisms": list.automorphisms.len(),
                "bootstrapping": answer.compiled.schedule.raises,
            });
            format!("{document:#}\n")
        }
        false => format!(
            "key           {}: {} keys of rotations and for products, {:.2} GB in {}; the secret key in {}\n",
            answer.key,
            list.automorphisms.len() + 1,
            answer.file_bytes as f64 / 1e9,
            a.output.display(),
            a.new_secret.display(),
        ),
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}
