//! `polycert compose`: softmax and LayerNorm from certificates of what they are made of.

use crate::arith::number;
use crate::certificate::MAX_BYTES;
use crate::cli::terminal::{output, rational};
use crate::error::Result;
use crate::files::read_text;
use crate::jobs::compose::{layernorm, softmax, Answer, LayerNorm, Softmax};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Bound softmax or LayerNorm by certificates of exp and 1/x, or of 1/sqrt(x).
///
/// The certificates are verified first, and have to bound relative errors (`certify --error relative`). What follows from
/// them holds for all inputs in the domains, in exact arithmetic.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// exp(x_i)/sum_j exp(x_j) as E(x_i) I(sum_j E(x_j)): the relative error of every output.
    Softmax {
        /// Certificate of exp(x), relative error; its domain is that of the inputs.
        #[arg(long, value_name = "CERTIFICATE")]
        exp: PathBuf,
        /// Certificate of 1/x, relative error; its domain has to hold the sum.
        #[arg(long, value_name = "CERTIFICATE")]
        inverse: PathBuf,
        /// Number of inputs.
        #[arg(long)]
        length: u32,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// (x_i - mean)/sqrt(variance + EPSILON) as (x_i - mean) R(variance + EPSILON): the error of every output.
    Layernorm {
        /// Certificate of 1/sqrt(x), relative error; its domain has to hold the variance with EPSILON.
        #[arg(long, value_name = "CERTIFICATE")]
        inverse_sqrt: PathBuf,
        /// Number of inputs.
        #[arg(long)]
        length: u32,
        /// The variance (mean square of x_i - mean) is in [LO, HI].
        #[arg(long, value_name = "LO,HI", value_parser = variance, allow_hyphen_values = true)]
        variance: (Rational, Rational),
        /// Added to the variance.
        #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "0")]
        epsilon: Rational,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

/// LO,HI with LO <= HI: a variance may be known.
fn variance(text: &str) -> std::result::Result<(Rational, Rational), String> {
    let (lo, hi) = text.split_once(',').ok_or("expected LO,HI")?;
    Ok((rational(lo)?, rational(hi)?))
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let text = |path: &PathBuf| read_text(path, MAX_BYTES);
    let (answer, as_json) = match &a.what {
        What::Softmax {
            exp,
            inverse,
            length,
            json,
        } => {
            let asked = Softmax {
                exp: text(exp)?,
                inverse: text(inverse)?,
                length: *length,
            };
            (softmax(&asked)?, *json)
        }
        What::Layernorm {
            inverse_sqrt,
            length,
            variance,
            epsilon,
            json,
        } => {
            let asked = LayerNorm {
                inverse_sqrt: text(inverse_sqrt)?,
                length: *length,
                variance: variance.clone(),
                epsilon: epsilon.clone(),
            };
            (layernorm(&asked)?, *json)
        }
    };
    let said = match as_json {
        true => json(&answer) + "\n",
        false => words(&answer),
    };
    output(None, &said)?;
    Ok(ExitCode::SUCCESS)
}

fn words(answer: &Answer) -> String {
    let mut text = format!("PROVED {}\n", answer.statement);
    text.push_str("  assumed: exact arithmetic in the clear, inputs in the domains named\n");
    for part in &answer.parts {
        text.push_str(&format!(
            "  {}: VERIFIED {}\n    certificate sha256 {}, table sha256 {}, coefficients: {}\n",
            part.role, part.statement, part.sha256, part.table_sha256, part.coefficients
        ));
    }
    text
}

fn json(answer: &Answer) -> String {
    let parts: Vec<serde_json::Value> = answer
        .parts
        .iter()
        .map(|part| {
            serde_json::json!({
                "role": part.role,
                "statement": part.statement,
                "sha256": part.sha256,
                "table_sha256": part.table_sha256,
                "coefficients": part.coefficients,
                "bound": number::write(&part.bound),
            })
        })
        .collect();
    let (lo, hi) = &answer.bound_argument;
    serde_json::json!({
        "statement": answer.statement,
        "assumed": "exact arithmetic in the clear, inputs in the domains named",
        "bound": number::write(&answer.bound),
        "bound_decimal": number::decimal(&answer.bound, 20, true),
        "argument_lo": number::write(lo),
        "argument_hi": number::write(hi),
        "certificates": parts,
    })
    .to_string()
}
