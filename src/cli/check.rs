//! `polycert check`: the independent checker, as a subcommand.

use crate::cli::terminal::{digest, note, output};
use crate::error::Result;
use crate::files::read_bytes;
use polycert_checker::{check_table, Outcome, MAX_BYTES};
use std::path::PathBuf;
use std::process::ExitCode;

/// Verify certificates with the independent checker (the same as the program polycert-check).
#[derive(clap::Args)]
pub struct Arguments {
    /// Certificate files (- is standard input).
    #[arg(required = true)]
    certificates: Vec<PathBuf>,
    /// Only accept certificates about the table with this digest.
    #[arg(long, value_name = "HEX", value_parser = digest)]
    table_sha256: Option<String>,
    /// A stated bound that is REFUTED or UNDECIDED does not change the exit code.
    #[arg(long)]
    any_verdict: bool,
}

/// Runs the subcommand: the worst outcome decides the exit code.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let mut worst = 0;
    for path in &a.certificates {
        let bytes = match read_bytes(path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => {
                // The other files are checked all the same.
                note(&format!("polycert: {error}"));
                worst = 2;
                continue;
            }
        };
        let outcome = check_table(&bytes, a.table_sha256.as_deref());
        let line = format!("{}: {outcome}", path.display());
        worst = worst.max(match outcome {
            Outcome::Verified(ref report) => u8::from(!report.claim_holds() && !a.any_verdict),
            Outcome::Rejected { .. } => 1,
            Outcome::Unreadable { .. } => {
                note(&line);
                2
            }
        });
        if !matches!(outcome, Outcome::Unreadable { .. }) {
            output(None, &(line + "\n"))?;
        }
    }
    Ok(ExitCode::from(worst))
}
