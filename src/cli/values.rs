//! `polycert values`: a table's polynomial and its function at points.

use crate::arith::mp::Mp;
use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::certify::series::values::PointValue;
use crate::cli::terminal::{output, rational};
use crate::error::Result;
use crate::function::formula::{Formula, Measure};
use crate::function::program::Program;
use crate::jobs::certify::Request;
use crate::jobs::values::values;
use crate::poly::table::Table;
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Enclose the table's polynomial, the function that it stands for and the error at points.
///
/// Every number is an interval that holds the exact value: of a table of target smooth against its own function, of
/// another one against --function.
#[derive(clap::Args)]
pub struct Arguments {
    /// Table file (polycert-table/1; - is standard input).
    table: PathBuf,
    /// The points: 0.3,1/7,-2.
    #[arg(long, required = true, value_delimiter = ',', value_parser = rational, allow_hyphen_values = true)]
    at: Vec<Rational>,
    /// The function, an expression of x (the table's own if left out).
    #[arg(long, value_name = "EXPR", value_parser = Formula::function, allow_hyphen_values = true)]
    function: Option<Formula>,
    /// What is computed from x and the polynomial p (the table's own if left out, p where it states none).
    #[arg(long, value_name = "PROGRAM", value_parser = Program::parse, allow_hyphen_values = true)]
    value: Option<Program>,
    /// How the error is measured: absolute, relative or weight:EXPR (absolute if left out).
    #[arg(long, value_name = "MEASURE")]
    error: Option<Measure>,
    /// Coefficients as a program holds them: exact, f64, f32 or fixed:BITS.
    #[arg(long, default_value = "exact")]
    coefficients: CoefficientMode,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Decimals of an interval's ends, rounded outward.
fn ends(v: &Mp) -> [String; 2] {
    let exact = |x: &rug::Float| x.to_rational().unwrap_or_default();
    [
        number::decimal(&exact(&v.lo), 20, false),
        number::decimal(&exact(&v.hi), 20, true),
    ]
}

fn text(v: &PointValue) -> String {
    let [p, f, error] = [&v.p, &v.f, &v.error].map(|v| {
        let [lo, hi] = ends(v);
        match lo == hi {
            true => lo,
            false => format!("[{lo}, {hi}]"),
        }
    });
    format!(
        "x = {}\n  p(x)   {p}\n  f(x)   {f}\n  error  {error}\n",
        v.x
    )
}

fn json(v: &PointValue) -> serde_json::Value {
    let [p, f, error] = [&v.p, &v.f, &v.error].map(ends);
    serde_json::json!({
        "x": number::write(&v.x),
        "p_lo": p[0], "p_hi": p[1],
        "f_lo": f[0], "f_hi": f[1],
        "error_lo": error[0], "error_hi": error[1],
    })
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let table = Table::read(&a.table)?;
    let request = Request {
        function: a.function.clone(),
        value: a.value.clone(),
        error: a.error.clone(),
        coefficients: a.coefficients,
        ..Request::default()
    };
    let found = values(&table, &request, &a.at).map_err(|e| e.in_file(&a.table))?;
    let out = match a.json {
        true => {
            let all: Vec<serde_json::Value> = found.iter().map(json).collect();
            format!("{}\n", serde_json::Value::from(all))
        }
        false => found.iter().map(text).collect(),
    };
    output(None, &out)?;
    Ok(ExitCode::SUCCESS)
}
