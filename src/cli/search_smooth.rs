//! `polycert search --function`: the cheapest ways to compute a smooth function.

use crate::arith::number;
use crate::certify::proof::Verdict;
use crate::cli::terminal::{note, output, range};
use crate::error::{Error, Result};
use crate::function::formula::Formula;
use crate::jobs::json;
use crate::jobs::search::{search_smooth, Objective, SmoothAnswer, SmoothRequest, MAX_PRECISION};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// The options of a smooth function; none of the others goes with them.
#[derive(clap::Args)]
pub struct Smooth {
    /// A smooth function, by its name or as an expression of x; with --range and --precision.
    #[arg(long, value_name = "EXPR", value_parser = Formula::named, requires_all = ["range", "precision"],
        conflicts_with_all = ["alpha", "target", "window", "objective", "cost_table", "max_degree", "eps", "depth",
        "more_precise", "cache", "no_cache"])]
    function: Option<Formula>,
    /// --function: x in [-RANGE, RANGE], or in [LO, HI] for LO,HI.
    #[arg(long, value_name = "LO,HI", value_parser = range, allow_hyphen_values = true, requires = "function")]
    range: Option<(Rational, Rational)>,
    /// --function: the error is to be at most 2^-BITS.
    #[arg(long, value_name = "BITS", requires = "function", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PRECISION)))]
    precision: Option<u32>,
    /// --function: the relative error, not the absolute one.
    #[arg(long, requires = "function")]
    relative: bool,
    /// --function: least depth, or least number of products (depth if left out).
    #[arg(long, requires = "function", value_parser = ["depth", "products"])]
    by: Option<String>,
}

impl Smooth {
    /// What is asked, where a smooth function is.
    ///
    /// # Errors
    /// A function without its range or precision.
    pub fn request(&self) -> Result<Option<SmoothRequest>> {
        let Some(function) = self.function.clone() else {
            return Ok(None);
        };
        let (Some((lo, hi)), Some(precision)) = (self.range.clone(), self.precision) else {
            return Err(Error::domain("--function needs --range and --precision"));
        };
        let objective = match self.by.as_deref() {
            Some("products") => Objective::Mults,
            _ => Objective::Depth,
        };
        Ok(Some(SmoothRequest {
            function,
            lo,
            hi,
            precision,
            relative: self.relative,
            objective,
        }))
    }
}

/// Searches, writes the files of the best form, and prints the front.
pub fn run(
    request: &SmoothRequest,
    (table, certificate): (Option<&PathBuf>, Option<&PathBuf>),
    as_json: bool,
) -> Result<ExitCode> {
    let answer = search_smooth(request, &mut |line| note(&format!("progress: {line}")))?;
    if table.is_some() {
        output(table, &answer.table.to_json())?;
    }
    if certificate.is_some() {
        output(certificate, &answer.certified.certificate)?;
    }
    let text = match as_json {
        true => json::search_smooth(request, &answer).to_string() + "\n",
        false => words(request, &answer),
    };
    output(None, &text)?;
    Ok(match answer.certified.proof.verdict {
        Some(Verdict::Proved) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn words(request: &SmoothRequest, answer: &SmoothAnswer) -> String {
    let proof = &answer.certified.proof;
    let verdict = proof.verdict.map_or_else(String::new, |v| v.to_string());
    let mut text = format!(
        "{verdict} {} on [{}, {}], {} error at most 2^-{}\nerror in [{}, {}] = 2^[{:.4}, {:.4}]\n",
        request.function,
        number::write_canonical(&request.lo),
        number::write_canonical(&request.hi),
        request.measure(),
        request.precision,
        number::decimal(&proof.bound_lo, 12, false),
        number::decimal(&proof.bound_hi, 12, true),
        number::estimate_log2(&proof.bound_lo),
        number::estimate_log2(&proof.bound_hi),
    );
    text.push_str("Pareto front, every error proved (* by the certificate above):\n");
    text.push_str("  depth  products  log2 bound  degree  form\n");
    for row in &answer.front {
        text.push_str(&format!(
            "{} {:5}  {:8}  {:10.4}  {:6}  {}\n",
            if row.best { '*' } else { ' ' },
            row.cost.depth,
            row.cost.mults,
            number::estimate_log2(&row.bound_hi),
            row.degree,
            row.form
        ));
    }
    if let Some(best) = answer.front.iter().find(|row| row.best) {
        let by = match request.objective {
            Objective::Depth => "depth",
            Objective::Mults | Objective::Cost => "products",
        };
        text.push_str(&format!(
            "cheapest by {by}: {}, degree {}\n",
            best.form, best.degree
        ));
    }
    text
}
