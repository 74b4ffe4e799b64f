//! `polycert check`: the independent checker, as a subcommand.

use crate::cli::{output, read_bytes};
use crate::error::Result;
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
    #[arg(long, value_name = "HEX")]
    table_sha256: Option<String>,
}

/// Runs the subcommand: the worst outcome decides the exit code.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let mut worst = 0;
    for path in &a.certificates {
        let bytes = read_bytes(path, MAX_BYTES)?;
        let outcome = check_table(&bytes, a.table_sha256.as_deref());
        output(None, &format!("{}: {outcome}\n", path.display()))?;
        worst = worst.max(match outcome {
            Outcome::Verified(_) => 0,
            Outcome::Rejected { .. } => 1,
            Outcome::Unreadable { .. } => 2,
        });
    }
    Ok(ExitCode::from(worst))
}
