//! `polycert check`: the independent checker, as a subcommand.

use crate::certificate::kind::Kind;
use crate::cli::terminal::{digest, note, output};
use crate::error::{Error, Result};
use crate::files::read_bytes;
use polycert_checker::{check_network, check_table, NetworkOutcome, Outcome};
use polycert_checker::{MAX_BYTES, MAX_FILE_BYTES};
use std::path::{Path, PathBuf};
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
    /// Of a network certificate: the exact network (FILE.network beside it, if left out).
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// Of a network certificate: the exact input (FILE.input beside it, if left out).
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
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
        let kind = Kind::of(&bytes);
        match kind {
            Some(kind) if kind.is_of_network() => {
                worst = worst.max(of_network(a, path, &bytes)?);
                continue;
            }
            Some(kind @ (Kind::Table | Kind::Audit | Kind::Manifest)) => {
                note(&format!(
                    "{}: UNREADABLE: it {}",
                    path.display(),
                    kind.words()
                ));
                worst = 2;
                continue;
            }
            _ => {}
        }
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

/// The exit code of a certificate of a network, whose network and input stand beside it.
fn of_network(a: &Arguments, path: &Path, bytes: &[u8]) -> Result<u8> {
    let (code, line) = match network_outcome(path, bytes, a.network.as_deref(), a.input.as_deref())
    {
        Ok(NetworkOutcome::Unreadable(words)) => (2, format!("UNREADABLE {words}")),
        Ok(outcome @ NetworkOutcome::Verified(_)) => (0, outcome.to_string()),
        Ok(outcome) => (1, outcome.to_string()),
        Err(error) => (2, error.to_string()),
    };
    let line = format!("{}: {line}", path.display());
    if a.table_sha256.is_some() {
        let words = "--table-sha256 is of certificates of tables; this one is of a network";
        return Err(Error::domain(words).in_file(path));
    }
    if code == 2 {
        note(&line);
    } else {
        output(None, &(line + "\n"))?;
    }
    Ok(code)
}

/// Has the checker check a certificate of a network with its network and its input, by default FILE.network and
/// FILE.input.
///
/// # Errors
/// A file that cannot be read, naming it.
pub fn network_outcome(
    path: &Path,
    bytes: &[u8],
    network: Option<&Path>,
    input: Option<&Path>,
) -> Result<NetworkOutcome> {
    let read = |given: Option<&Path>, end: &str| {
        let beside = PathBuf::from(format!("{}.{end}", path.display()));
        read_bytes(given.unwrap_or(&beside), MAX_FILE_BYTES)
    };
    let (network, input) = (read(network, "network")?, read(input, "input")?);
    Ok(check_network(bytes, &network, &input))
}
