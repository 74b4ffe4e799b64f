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

use polycert_checker::{check_paths, Request, Requirement, Streams};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

const HELP: &str = include_str!("help.txt");

enum Command {
    Check(Request),
    Print(String),
    Misused(String),
}

fn read_arguments(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut request = Request {
        program: "polycert-check".to_owned(),
        ..Request::default()
    };
    let mut only_files = false;
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or("").to_owned();
        if only_files || text == "-" || !text.starts_with('-') {
            request.paths.push(argument.into());
            continue;
        }
        let (name, mut value) = match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(OsString::from(value))),
            None => (text.clone(), None),
        };
        let takes_value = matches!(
            name.as_str(),
            "--table-sha256" | "--require" | "--network" | "--input" | "--program"
        );
        if takes_value {
            value = value.or_else(|| arguments.next());
        }
        let wanted = || format!("{name} needs a value");
        let written = |value: Option<OsString>| value.and_then(|v| v.into_string().ok());
        match name.as_str() {
            "--table-sha256" => {
                let hex = written(value).ok_or_else(wanted)?;
                if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err("--table-sha256 needs 64 hexadecimal digits".to_owned());
                }
                request.table_sha256 = Some(hex);
            }
            "--require" => {
                let text = written(value).ok_or_else(wanted)?;
                let required = Requirement::parse(&text);
                request
                    .required
                    .push(required.map_err(|what| format!("--require {what}"))?);
            }
            "--network" => request.network = Some(value.ok_or_else(wanted)?.into()),
            "--input" => request.input = Some(value.ok_or_else(wanted)?.into()),
            "--program" => request.encrypted_program = Some(value.ok_or_else(wanted)?.into()),
            _ if value.is_some() => return Err(format!("unknown option {name}=")),
            "--help" | "-h" => return Ok(Command::Print(HELP.to_owned())),
            "--version" | "-V" => {
                let version = env!("CARGO_PKG_VERSION");
                return Ok(Command::Print(format!("polycert-check {version}\n")));
            }
            "--quiet" => request.quiet = true,
            "--json" => request.json = true,
            "--any-verdict" => request.any_verdict = true,
            "--" => only_files = true,
            _ => return Err(format!("unknown option {text}")),
        }
    }
    if let Some(why) = request.misuse() {
        return Err(why.to_owned());
    }
    Ok(Command::Check(request))
}

fn main() -> ExitCode {
    let command = read_arguments(std::env::args_os().skip(1)).unwrap_or_else(Command::Misused);
    match command {
        Command::Check(request) => {
            let (mut input, mut out, mut err) = (io::stdin(), io::stdout(), io::stderr());
            let mut streams = Streams {
                input: &mut input,
                out: &mut out,
                err: &mut err,
            };
            ExitCode::from(check_paths(&request, &mut streams))
        }
        Command::Print(text) => {
            let _ = write!(io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Command::Misused(text) => {
            let _ = writeln!(
                io::stderr(),
                "polycert-check: {}\nTry polycert-check --help",
                polycert_checker::on_one_line(&text)
            );
            ExitCode::from(2)
        }
    }
}
