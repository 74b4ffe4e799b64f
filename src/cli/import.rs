//! `polycert import`: published coefficients to a table file.

use crate::cli::{note, output, rational, read_text};
use crate::error::Result;
use crate::poly::import::{import, Settings};
use crate::poly::table::MAX_BYTES;
use crate::poly::{Basis, Function};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Read published coefficients: JSON with lists of decimal strings, or plain text.
///
/// Plain text has one coefficient a line from degree 0 upwards, a blank line between components,
/// and # before comments. Digits are kept exactly.
#[derive(clap::Args)]
pub struct Arguments {
    /// File to read (- is standard input).
    input: PathBuf,
    /// Intended use: sign, step, relu, leaky_relu, max or max_pool.
    #[arg(long, default_value = "relu")]
    target: Function,
    /// Basis, where the file does not name one.
    #[arg(long, value_parser = ["power", "chebyshev"])]
    basis: Option<String>,
    /// x is meant in [-HI, HI].
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "1")]
    hi: Rational,
    /// The sign is meant for EPS <= |x|.
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    eps: Option<Rational>,
    /// Name of the table (the file's name if left out).
    #[arg(long)]
    name: Option<String>,
    /// Table file to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let text = read_text(&a.input, MAX_BYTES)?;
    let stem = a
        .input
        .file_stem()
        .map_or("table".into(), |s| s.to_string_lossy().into_owned());
    let settings = Settings {
        name: a.name.clone().unwrap_or(stem),
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
    };
    let table = import(&text, &settings).map_err(|e| e.in_file(&a.input))?;
    output(a.output.as_ref(), &table.to_json())?;
    note(&format!(
        "{}: degrees {:?}, sha256 {}",
        table.name,
        table.degrees(),
        table.sha256()
    ));
    Ok(ExitCode::SUCCESS)
}
