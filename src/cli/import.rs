//! `polycert import`: coefficients of other programs to a table file.

use crate::cli::terminal::{note, output, rational};
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::function::target::Function;
use crate::interchange::{read, Format, Hints};
use crate::poly::component::Basis;
use crate::poly::table::MAX_BYTES;
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Read the coefficients of another program, digit by digit, into a table file.
///
/// json: an object with components as lists of decimal strings, or lists of numbers. csv: a coefficient or
/// a component a line. c, cpp, go: array literals. lattigo: [][]string, Chebyshev basis. openfhe:
/// vectors for EvalChebyshevSeries (the first number is halved). heir: polynomial attributes.
/// Plain text has one coefficient a line from degree 0 upwards, a blank line between components,
/// and # before comments. Components are in the order of their application.
#[derive(clap::Args)]
pub struct Arguments {
    /// File to read (- is standard input).
    input: PathBuf,
    /// json, csv, c, cpp, go, lattigo, openfhe or heir (found out if left out, except c and openfhe).
    #[arg(long, value_name = "FORMAT")]
    from: Option<Format>,
    /// Intended use: sign, step, relu, leaky_relu, max or max_pool (the file's own, else relu).
    #[arg(long)]
    target: Option<Function>,
    /// Basis, where the file does not name one (power).
    #[arg(long, value_parser = ["power", "chebyshev"])]
    basis: Option<String>,
    /// x is meant in [-HI, HI] (the file's own, else 1).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    hi: Option<Rational>,
    /// The sign is meant for EPS <= |x| (the file's own if it has one).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    eps: Option<Rational>,
    /// openfhe: a and b of EvalChebyshevSeries(ct, coefficients, a, b), for every component.
    #[arg(long, value_name = "A,B", value_parser = interval, allow_hyphen_values = true)]
    interval: Option<(Rational, Rational)>,
    /// Name of the table (the file's own, else the file's name).
    #[arg(long)]
    name: Option<String>,
    /// Table file to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

fn interval(text: &str) -> std::result::Result<(Rational, Rational), String> {
    let (a, b) = text.split_once(',').ok_or("expected A,B")?;
    Ok((rational(a)?, rational(b)?))
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let text = read_text(&a.input, MAX_BYTES)?;
    let stem = a
        .input
        .file_stem()
        .map_or("table".into(), |s| s.to_string_lossy().into_owned());
    let hints = Hints {
        name: a.name.clone(),
        default_name: stem,
        target: a.target,
        basis: a.basis.as_deref().map(|b| {
            if b == "power" {
                Basis::Power
            } else {
                Basis::Chebyshev
            }
        }),
        hi: a.hi.clone(),
        eps: a.eps.clone(),
        interval: a.interval.clone(),
    };
    if hints.interval.is_some() && a.from.is_none_or(|f| f != Format::Openfhe) {
        return Err(Error::domain("--interval needs --from openfhe"));
    }
    let imported = read(&text, a.from, &hints).map_err(|e| e.in_file(&a.input))?;
    let table = imported.table;
    output(a.output.as_ref(), &table.to_json())?;
    for line in imported.notes {
        note(&format!("note: {line}"));
    }
    note(&format!(
        "{}: degrees {:?}, sha256 {}",
        table.name,
        table.degrees(),
        table.sha256()
    ));
    Ok(ExitCode::SUCCESS)
}
