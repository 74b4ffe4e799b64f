//! `polycert-check`: checks certificates and says in words what they prove.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::disallowed_types
)]

use polycert_checker::{
    check_network_with, check_table, NetworkOutcome, Outcome, MAX_BYTES, MAX_FILE_BYTES,
};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const HELP: &str = "\
Checks polycert certificates: proves their statements with exact integer arithmetic, or says why not.

Usage: polycert-check [OPTIONS] FILE...

  FILE                 a certificate; `-` is standard input
  --table-sha256 HEX   only accept certificates about the table with this digest
  --network FILE       FILE... are network certificates about this exact network ...
  --input FILE         ... and this exact input (certificates/NETWORK.md)
  --quiet              print nothing; the exit code is the answer
  --json               print one JSON object a line for each file
  --help, --version    print this text, or the version

Exit code: 0 all verified, 1 one rejected, 2 one unreadable, or wrong usage.
";

/// After this long the program tells how far it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the command line asks for.
#[derive(Default)]
struct Request {
    files: Vec<OsString>,
    table_sha256: Option<String>,
    network: Option<OsString>,
    input: Option<OsString>,
    quiet: bool,
    json: bool,
}

enum Command {
    Check(Request),
    Print(String),
    Misused(String),
}

fn read_arguments(mut arguments: impl Iterator<Item = OsString>) -> Command {
    let mut request = Request::default();
    let mut only_files = false;
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or("");
        match text {
            _ if only_files => request.files.push(argument),
            "--help" | "-h" => return Command::Print(HELP.to_owned()),
            "--version" | "-V" => {
                return Command::Print(format!("polycert-check {}\n", env!("CARGO_PKG_VERSION")))
            }
            "--quiet" => request.quiet = true,
            "--json" => request.json = true,
            "--" => only_files = true,
            "--table-sha256" => match arguments.next().and_then(|hex| hex.into_string().ok()) {
                Some(hex) => request.table_sha256 = Some(hex),
                None => return Command::Misused("--table-sha256 needs a digest".to_owned()),
            },
            "--network" | "--input" => {
                let Some(file) = arguments.next() else {
                    return Command::Misused(format!("{text} needs a file"));
                };
                let place = if text == "--network" {
                    &mut request.network
                } else {
                    &mut request.input
                };
                *place = Some(file);
            }
            "-" => request.files.push(argument),
            _ if text.starts_with("--table-sha256=") => {
                request.table_sha256 = text.split_once('=').map(|(_, hex)| hex.to_owned());
            }
            _ if text.starts_with('-') => {
                return Command::Misused(format!("unknown option {text}"));
            }
            _ => request.files.push(argument),
        }
    }
    let hexadecimal = |hex: &String| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if !request.table_sha256.iter().all(hexadecimal) {
        return Command::Misused("--table-sha256 needs 64 hexadecimal digits".to_owned());
    }
    if request.network.is_some() != request.input.is_some() {
        return Command::Misused("--network and --input go together".to_owned());
    }
    if request.network.is_some() && request.table_sha256.is_some() {
        return Command::Misused("--table-sha256 is not for network certificates".to_owned());
    }
    if request.files.is_empty() {
        return Command::Misused("no file given".to_owned());
    }
    Command::Check(request)
}

/// At most one byte more than the checker accepts, so that it can refuse a longer file.
fn read_file(path: &OsString, limit: usize) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn to_json(file: &str, outcome: &Outcome) -> String {
    let file = quoted(file);
    match outcome {
        Outcome::Verified(report) => {
            let words: Vec<String> = report.words().iter().map(|text| quoted(text)).collect();
            let verdict = report
                .verdict()
                .map_or("null".to_owned(), |v| quoted(v.name()));
            let (lo, hi) = report.enclosure();
            format!(
                "{{\"file\":{file},\"outcome\":\"VERIFIED\",\"statement\":{},\"verdict\":{verdict},\
                 \"error_lo\":{},\"error_hi\":{},\"statements\":[{}],\"table\":{},\"table_sha256\":{},\
                 \"coefficients\":{},\"work\":\"{}\"}}",
                quoted(report.headline()),
                quoted(lo),
                quoted(hi),
                words.join(","),
                quoted(report.table_name()),
                quoted(report.table_sha256()),
                quoted(&report.mode().to_string()),
                report.work(),
            )
        }
        Outcome::Rejected {
            claim,
            rule,
            detail,
        } => {
            let claim = claim.map_or("null".to_owned(), |claim| quoted(&claim.to_string()));
            format!(
                "{{\"file\":{file},\"outcome\":\"REJECTED\",\"claim\":{claim},\"rule\":{},\"detail\":{}}}",
                quoted(rule),
                quoted(detail)
            )
        }
        Outcome::Unreadable { path, detail } => format!(
            "{{\"file\":{file},\"outcome\":\"UNREADABLE\",\"path\":{},\"detail\":{}}}",
            quoted(path),
            quoted(detail)
        ),
    }
}

/// A file's name on one line, so that it can forge no line of the output.
fn on_one_line(name: &str) -> String {
    let mut line = String::new();
    for c in name.chars() {
        if c.is_control() {
            line.extend(c.escape_unicode());
        } else {
            line.push(c);
        }
    }
    line
}

/// Checks one network certificate and prints the outcome; returns its exit code.
fn check_network_file(
    file: &OsString,
    network: &OsString,
    input: &OsString,
    request: &Request,
) -> u8 {
    let read = |path: &OsString, limit: usize| {
        let name = on_one_line(&path.to_string_lossy());
        read_file(path, limit)
            .map_err(|e| NetworkOutcome::Unreadable(format!("cannot read {name}: {e}")))
    };
    let outcome = (|| {
        let certificate = read(file, MAX_BYTES)?;
        let (network, input) = (read(network, MAX_FILE_BYTES)?, read(input, MAX_FILE_BYTES)?);
        let begin = Instant::now();
        let mut tell = |layer: usize, layers: usize| {
            if !request.quiet && begin.elapsed() > PATIENCE {
                let seconds = begin.elapsed().as_secs();
                let _ = writeln!(
                    io::stderr(),
                    "polycert-check: {layer} of {layers} activations, {seconds} s"
                );
            }
        };
        Ok(check_network_with(
            &certificate,
            &network,
            &input,
            &mut tell,
        ))
    })();
    let outcome = outcome.unwrap_or_else(|unreadable| unreadable);
    let (code, word) = match outcome {
        NetworkOutcome::Verified(_) => (0, "VERIFIED"),
        NetworkOutcome::Rejected(_) => (1, "REJECTED"),
        NetworkOutcome::Unreadable(_) => (2, "UNREADABLE"),
    };
    if !request.quiet {
        let name = file.to_string_lossy();
        let _ = if request.json {
            let (name, said) = (quoted(&name), quoted(&outcome.to_string()));
            writeln!(
                io::stdout(),
                "{{\"file\":{name},\"outcome\":\"{word}\",\"statement\":{said}}}"
            )
        } else if code == 2 {
            writeln!(io::stderr(), "{}: {outcome}", on_one_line(&name))
        } else {
            writeln!(io::stdout(), "{outcome}")
        };
    }
    code
}

/// Checks one file and prints the outcome; returns its exit code.
fn check_file(file: &OsString, request: &Request) -> u8 {
    if let (Some(network), Some(input)) = (&request.network, &request.input) {
        return check_network_file(file, network, input, request);
    }
    let text = file.to_string_lossy();
    let name = on_one_line(&text);
    let outcome = match read_file(file, MAX_BYTES) {
        Ok(bytes) => check_table(&bytes, request.table_sha256.as_deref()),
        Err(error) => Outcome::Unreadable {
            path: String::new(),
            detail: format!("cannot read the file: {error}"),
        },
    };
    let code = match outcome {
        Outcome::Verified(_) => 0,
        Outcome::Rejected { .. } => 1,
        Outcome::Unreadable { .. } => 2,
    };
    if !request.quiet {
        // The exit code is the answer; a closed pipe does not change it.
        let _ = if request.json {
            writeln!(io::stdout(), "{}", to_json(&text, &outcome))
        } else if code == 2 {
            writeln!(io::stderr(), "{name}: {outcome}")
        } else if request.files.len() > 1 {
            writeln!(io::stdout(), "{name}: {outcome}")
        } else {
            writeln!(io::stdout(), "{outcome}")
        };
    }
    code
}

fn main() -> ExitCode {
    match read_arguments(std::env::args_os().skip(1)) {
        Command::Check(request) => {
            let codes = request.files.iter().map(|file| check_file(file, &request));
            ExitCode::from(codes.max().unwrap_or(2))
        }
        Command::Print(text) => {
            let _ = write!(io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Command::Misused(text) => {
            let _ = writeln!(
                io::stderr(),
                "polycert-check: {text}\nTry polycert-check --help"
            );
            ExitCode::from(2)
        }
    }
}
