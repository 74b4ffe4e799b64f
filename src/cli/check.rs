//! `polycert check`: the independent checker, as a subcommand.

use crate::certificate::kind::Kind;
use crate::cli::terminal::{digest, note};
use crate::error::{Error, Result};
use crate::files::read_bytes;
use polycert_checker::{check_network, check_paths, NetworkOutcome, Request, Requirement, Streams};
use polycert_checker::{MAX_BYTES, MAX_FILE_BYTES};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Verify certificates with the independent checker (the same as the program polycert-check).
///
/// A PATH is a certificate; a folder, of which every certificate is checked; or a manifest, whose certificates stand
/// beside it.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code: 0 every certificate is VERIFIED, every bound stated in it PROVED, and all that is required \
    is met; 1 one is rejected, its stated bound REFUTED or UNDECIDED, or not what is required; 2 one is unreadable or \
    missing, or wrong usage."
)]
pub struct Arguments {
    /// Certificates, folders, manifests (- is standard input).
    #[arg(required = true, value_name = "PATH")]
    certificates: Vec<PathBuf>,
    /// Every certificate must prove this, or more (repeatable): [decrypted] FUNCTION<=BOUND [on [LO,HI]] [from EPS]
    /// [but 2^-K], as in 'relu<=2^-13 on [-40,40]' (certificates/FORMAT.md).
    #[arg(long, value_name = "STATEMENT", value_parser = Requirement::parse)]
    require: Vec<Requirement>,
    /// Only accept certificates about the table with this digest.
    #[arg(long, value_name = "HEX", value_parser = digest)]
    table_sha256: Option<String>,
    /// A stated bound that is REFUTED or UNDECIDED does not change the exit code.
    #[arg(long)]
    any_verdict: bool,
    /// Of network certificates: the exact network (PATH.network, if left out).
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// Of network certificates: the exact input (PATH.input, if left out).
    #[arg(long, value_name = "FILE", requires = "network")]
    input: Option<PathBuf>,
    /// Of inferences: the program of the encrypted network (PATH.program, if left out).
    #[arg(long, value_name = "FILE", requires = "network")]
    program: Option<PathBuf>,
    /// Print nothing; the exit code is the answer.
    #[arg(long)]
    quiet: bool,
    /// Print one JSON object a line for each file.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand: the worst outcome decides the exit code.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let words = !a.quiet && !a.json;
    let (other, paths): (Vec<PathBuf>, Vec<PathBuf>) = a
        .certificates
        .iter()
        .cloned()
        .partition(|path| words && told_which_command(path));
    if paths.is_empty() && !other.is_empty() {
        return Ok(ExitCode::from(2));
    }
    let request = Request {
        program: "polycert".to_owned(),
        paths,
        table_sha256: a.table_sha256.clone(),
        required: a.require.clone(),
        network: a.network.clone(),
        input: a.input.clone(),
        encrypted_program: a.program.clone(),
        any_verdict: a.any_verdict,
        quiet: a.quiet,
        json: a.json,
    };
    if let Some(why) = request.misuse() {
        return Err(Error::domain(why));
    }
    let (mut input, mut out, mut err) = (io::stdin(), io::stdout(), io::stderr());
    let mut streams = Streams {
        input: &mut input,
        out: &mut out,
        err: &mut err,
    };
    let code = check_paths(&request, &mut streams);
    Ok(ExitCode::from(if other.is_empty() { code } else { 2 }))
}

/// Of a file that is no certificate but another document of ours: says which command takes it.
fn told_which_command(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    // The checker says what is wrong with a file that cannot be read.
    let kind = read_bytes(path, MAX_BYTES)
        .ok()
        .and_then(|bytes| Kind::of(&bytes));
    match kind {
        Some(kind @ (Kind::Table | Kind::Audit)) => {
            let words = kind.words();
            note(&format!("{}: UNREADABLE: it {words}", path.display()));
            true
        }
        _ => false,
    }
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
