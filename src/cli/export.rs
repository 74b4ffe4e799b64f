//! `polycert export`: a table in the form of another program, a certificate as a theorem for Coq.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::certificate::{coq, MAX_BYTES};
use crate::cli::terminal::{guard, note, output};
use crate::error::Result;
use crate::files::read_bytes;
use crate::interchange::{Export, Format};
use crate::jobs::export::{export, Request};
use crate::poly::table::Table;
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write a table for another program, and say which digits that loses.
///
/// Every file is read back before it is written, and the digest of the table that comes back is printed:
/// `polycert import` gives that table. json, csv and lattigo hold all digits; c, cpp, go, openfhe and heir
/// hold f64, so certify with --coefficients f64. lattigo is in the Chebyshev basis on [-1, 1]; openfhe is
/// for EvalChebyshevSeries over [a, b], the first number doubled. csv and openfhe hold input maps; elsewhere a
/// stage's map is made by the stage before it (the same composite, and Lattigo's scaling between stages). Of a
/// smooth table the lists are those of p; function, value and segments are kept in a comment (json: fields).
///
/// With --coq FILE is a certificate of a composite or of lines, and the text a theorem for Coq's kernel alone: the
/// certificate as a value, and its statement, proved by computation (`make prove` builds the library; about a second and
/// a half at alpha = 14). A false one is exported, too: coqc refuses it, with the claim's name.
#[derive(clap::Args)]
pub struct Arguments {
    /// Table file (polycert-table/1; - is standard input); with --coq a certificate.
    #[arg(value_name = "FILE")]
    table: PathBuf,
    /// json, csv, c, cpp, go, lattigo, openfhe or heir.
    #[arg(long, required_unless_present = "coq")]
    format: Option<Format>,
    /// Write a certificate as a theorem for coqc.
    #[arg(long, conflicts_with_all = ["format", "coefficients", "numbers", "losses"])]
    coq: bool,
    /// With --coq: compute with Coq's own integers alone, not with its machine words (about twenty times as long).
    #[arg(long, requires = "coq")]
    pure: bool,
    /// Numbers as the program holds them: exact, f64, f32 or fixed:BITS (json, csv, lattigo: exact; else f64).
    #[arg(long)]
    coefficients: Option<CoefficientMode>,
    /// Spelling in c, cpp, go and openfhe: hex floats, or decimals with all digits.
    #[arg(long, value_parser = ["hex", "decimal"], default_value = "hex")]
    numbers: String,
    /// List every number that lost digits, not only the worst.
    #[arg(long)]
    losses: bool,
    /// File to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    guard([a.output.as_ref()], [Some(&a.table)])?;
    let Some(format) = a.format else {
        let bytes = read_bytes(&a.table, MAX_BYTES)?;
        let theorem = coq::theorem(&bytes, a.pure).map_err(|e| e.in_file(&a.table))?;
        output(a.output.as_ref(), &theorem)?;
        return Ok(ExitCode::SUCCESS);
    };
    let table = Table::read(&a.table)?;
    let request = Request {
        format,
        coefficients: a.coefficients,
        hex: a.numbers == "hex",
    };
    let answer = export(&table, &request).map_err(|e| e.in_file(&a.table))?;
    let exported = &answer.exported;
    output(a.output.as_ref(), &exported.text)?;
    report(a, &table, answer.coefficients, exported);
    Ok(ExitCode::SUCCESS)
}

/// What the file holds, on standard error.
fn report(a: &Arguments, table: &Table, mode: CoefficientMode, exported: &Export) {
    let numbers: usize = table.components.iter().map(|c| c.coefficients.len()).sum();
    for form in &exported.forms {
        note(&format!("form: {form}, exactly"));
    }
    let worst = exported.changes.iter().max_by_key(|c| c.relative());
    match worst {
        None => note(&format!("digits: all {numbers} numbers are exact")),
        Some(worst) => {
            note(&format!(
                "digits: {} of {numbers} numbers rounded ({mode}); largest relative change {} = 2^{:.2}, of {}",
                exported.changes.len(),
                number::decimal(&worst.relative(), 4, true),
                number::estimate_log2(&worst.relative()),
                worst.place
            ));
            if a.losses {
                for change in &exported.changes {
                    note(&format!(
                        "  {} was {}, is {}; relative change {}",
                        change.place,
                        short(&change.before),
                        short(&change.after),
                        number::decimal(&change.relative(), 4, true)
                    ));
                }
            }
        }
    }
    if let Some(smooth) = &table.smooth {
        let value = smooth.value.as_ref().map(ToString::to_string);
        note(&format!(
            "function {}, value {}: kept beside the numbers, for people and import; the lists are those of p alone",
            smooth.function,
            value.as_deref().unwrap_or("p")
        ));
    }
    let (own, back) = (table.sha256(), exported.table.sha256());
    let same = if own == back {
        "the table's own"
    } else {
        "not the table's own: certify what comes back"
    };
    note(&format!("comes back as sha256 {back} ({same})"));
}

/// A number for people: all digits if they are few.
fn short(x: &Rational) -> String {
    let exact = number::write(x);
    if exact.len() <= 24 {
        exact
    } else {
        format!("about {}", number::decimal(x, 20, false))
    }
}
