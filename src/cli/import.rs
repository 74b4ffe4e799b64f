//! `polycert import`: coefficients of other programs to a table file.

use crate::cli::terminal::{guard, note, output, rational};
use crate::error::{Error, Result};
use crate::files::read_bytes;
use crate::function::formula::Formula;
use crate::function::program::Program;
use crate::function::target::Function;
use crate::interchange::{self, Format, Hints, Layout, Order};
use crate::poly::component::Basis;
use crate::poly::table::{Output, MAX_BYTES};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Read the coefficients of another program, digit by digit, into a table file.
///
/// json: an object with components as lists of decimal strings, lists of numbers, objects of lists. csv: a
/// component or degree,coefficient a line. c, cpp, go, python: arrays and lists of constant expressions.
/// npy: numpy arrays. lattigo: [][]string, Chebyshev basis. openfhe: vectors for EvalChebyshevSeries (the
/// first number is halved). heir: polynomial attributes, on the domain of their evaluation. Plain text
/// has one coefficient a line, a blank line between components, and # before comments. Components are in
/// the order of their application. Nothing is guessed in silence: what neither the file nor an option
/// says is printed as assumed, and a list that its program computes with or changes is refused.
#[derive(clap::Args)]
pub struct Arguments {
    /// File to read (- is standard input).
    input: PathBuf,
    /// json, csv, c, cpp, go, python, npy, lattigo, openfhe or heir (found out if left out, except c, cpp and
    /// openfhe).
    #[arg(long, value_name = "FORMAT")]
    from: Option<Format>,
    /// Only show which arrays the file holds: number, name, lengths, first and last values.
    #[arg(long)]
    list: bool,
    /// The arrays that are meant, by name or number (see --list), first applied first.
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    arrays: Option<Vec<String>>,
    /// Degrees of the components: splits one list into them, or says that only odd coefficients are written.
    #[arg(long, value_name = "D,D,...", value_delimiter = ',')]
    degrees: Option<Vec<usize>>,
    /// Which coefficient is first: lowest (degree 0) or highest, as numpy.polyfit gives them (lowest).
    #[arg(long)]
    order: Option<Order>,
    /// What lists of one or two numbers are: degrees (a degree and its coefficient), or stages (a component each).
    #[arg(long)]
    layout: Option<Layout>,
    /// What the coefficients are multiplied by: a number for all components, or one for each.
    #[arg(long, value_name = "F", value_delimiter = ',', value_parser = rational, allow_hyphen_values = true)]
    factor: Option<Vec<Rational>>,
    /// Intended use: sign, step, relu, leaky_relu, max or max_pool through sign; direct_relu and so on: the
    /// polynomial itself; smooth: of --function (the file's own, else relu).
    #[arg(long)]
    target: Option<Function>,
    /// The smooth function that the polynomial stands for, by its name (gelu) or as an expression of x ("1/sqrt(x)");
    /// with it, --target smooth may be left out (an exported file's own if it states one).
    #[arg(long, value_name = "EXPR", value_parser = Formula::named, allow_hyphen_values = true)]
    function: Option<Formula>,
    /// smooth: what is computed from x and the polynomial p, such as "x/2 + p" (an exported file's own, else p).
    #[arg(long, value_name = "PROGRAM", value_parser = Program::parse, allow_hyphen_values = true)]
    value: Option<Program>,
    /// Basis, where the file does not name one (power).
    #[arg(long, value_parser = ["power", "chebyshev"])]
    basis: Option<String>,
    /// x is meant from LO on (the file's own, else -HI).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    lo: Option<Rational>,
    /// x is meant up to HI (the file's own, else 1).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    hi: Option<Rational>,
    /// The sign, or a direct function that jumps, is meant for EPS <= |x| (the file's own if it has one).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    eps: Option<Rational>,
    /// openfhe: a and b of EvalChebyshevSeries(ct, coefficients, a, b), for every component (the file's own call,
    /// if it has one with two numbers).
    #[arg(long, value_name = "A,B", value_parser = interval, allow_hyphen_values = true)]
    interval: Option<(Rational, Rational)>,
    /// What the last stage gives: sign (-1 or 1), or step (0 or 1; the composite that is meant is then 2 p - 1). If left
    /// out: the file's own, else what its values at the ends of the domain say, in a note.
    #[arg(long, value_parser = ["sign", "step"])]
    last_stage: Option<String>,
    /// Target direct_leaky_relu: the slope of that function for x < 0 (the file's own if it states one; a network takes no
    /// such table without).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    slope: Option<Rational>,
    /// Target direct_clip: the lower end of that function (the file's own if it states one).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    lower: Option<Rational>,
    /// Target direct_clip: its upper end.
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    upper: Option<Rational>,
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
    guard([a.output.as_ref()], [Some(&a.input)])?;
    let bytes = read_bytes(&a.input, MAX_BYTES)?;
    let stem = a
        .input
        .file_stem()
        .map_or("table".into(), |s| s.to_string_lossy().into_owned());
    let hints = Hints {
        name: a.name.clone(),
        default_name: stem,
        file: a
            .input
            .file_name()
            .map(|f| f.to_string_lossy().into_owned()),
        target: a.target,
        function: a.function.clone(),
        value: a.value.clone(),
        basis: a.basis.as_deref().map(|b| {
            if b == "power" {
                Basis::Power
            } else {
                Basis::Chebyshev
            }
        }),
        lo: a.lo.clone(),
        hi: a.hi.clone(),
        eps: a.eps.clone(),
        output: match &a.last_stage {
            Some(word) => Some(Output::parse(Some(word))?),
            None => None,
        },
        slope: a.slope.clone(),
        lower: a.lower.clone(),
        upper: a.upper.clone(),
        interval: a.interval.clone(),
        arrays: a.arrays.clone(),
        degrees: a.degrees.clone(),
        order: a.order,
        layout: a.layout,
        factors: a.factor.clone(),
    };
    if hints.interval.is_some() && a.from.is_none_or(|f| f != Format::Openfhe) {
        return Err(Error::domain("--interval needs --from openfhe"));
    }
    if a.list {
        let lines =
            interchange::list_bytes(&bytes, a.from, &hints).map_err(|e| e.in_file(&a.input))?;
        let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
        output(a.output.as_ref(), &text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let imported =
        interchange::read_bytes(&bytes, a.from, &hints).map_err(|e| e.in_file(&a.input))?;
    let table = imported.table;
    output(a.output.as_ref(), &table.to_json())?;
    note(&format!(
        "{}: degrees {:?}, sha256 {}",
        table.name,
        table.degrees(),
        table.sha256()
    ));
    for line in imported.notes {
        note(&format!("note: {line}"));
    }
    Ok(ExitCode::SUCCESS)
}
