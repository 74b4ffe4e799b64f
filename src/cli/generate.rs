//! `polycert generate`: odd minimax composites of given degrees.

use crate::arith::number;
use crate::cli::terminal::{note, output, rational};
use crate::error::Result;
use crate::function::target::Function;
use crate::jobs::generate::{generate, Design, Fit, Request, Scaling, DEFAULT_BITS};
use crate::poly::component::Basis;
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Generate an odd minimax composite of given degrees (Remez, multiprecision).
///
/// The default fit is the eps that balances the two regions of the ReLU error. The result is an
/// estimate until `polycert certify` has proved it.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("fit").multiple(false))]
pub struct Arguments {
    /// Odd degrees, first applied first, such as 15,27,29 (each at most 63).
    #[arg(long, value_delimiter = ',', required = true)]
    degrees: Vec<usize>,
    /// Intended use: sign, step, relu, leaky_relu, max or max_pool.
    #[arg(long, default_value = "relu")]
    target: Function,
    /// The eps that balances the hump of the ReLU error against its right region (the default).
    #[arg(long, group = "fit")]
    best: bool,
    /// Fit the first stage on [EPS, 1 + ETA].
    #[arg(long, value_parser = rational, allow_hyphen_values = true, group = "fit")]
    eps: Option<Rational>,
    /// The convention of arXiv 2105.10879: eps = ZETA 2^-ALPHA; needs --alpha.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, group = "fit", requires = "alpha")]
    zeta: Option<Rational>,
    /// ALPHA of --zeta, in bits.
    #[arg(long, requires = "zeta", conflicts_with_all = ["eps", "best"], value_parser = clap::value_parser!(u32).range(1..=64))]
    alpha: Option<u32>,
    /// Margin for scheme error between the stages, absolute.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "0")]
    eta: Rational,
    /// Basis of the coefficients.
    #[arg(long, default_value = "chebyshev", value_parser = ["chebyshev", "power"])]
    basis: String,
    /// none: stages as fitted; normalized: each stage's output is brought to [-1, 1] (Lattigo).
    #[arg(long, default_value = "none", value_parser = ["none", "normalized"])]
    scaling: String,
    /// Coefficients are multiples of 2^-BITS.
    #[arg(long, default_value_t = DEFAULT_BITS, value_parser = clap::value_parser!(u32).range(10..=1024))]
    bits: u32,
    /// Name of the table.
    #[arg(long)]
    name: Option<String>,
    /// Table file to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let fit = match (&a.eps, &a.zeta, a.alpha) {
        (Some(eps), _, _) => Fit::Eps(eps.clone()),
        (_, Some(zeta), Some(alpha)) => Fit::Zeta {
            zeta: zeta.clone(),
            alpha,
        },
        _ => Fit::BestEps,
    };
    let answer = generate(&Request {
        degrees: a.degrees.clone(),
        target: a.target,
        fit,
        eta: a.eta.clone(),
        basis: if a.basis == "power" {
            Basis::Power
        } else {
            Basis::Chebyshev
        },
        scaling: if a.scaling == "none" {
            Scaling::None
        } else {
            Scaling::Normalized
        },
        bits: a.bits,
        name: a.name.clone(),
    })?;
    report(&answer.design);
    output(a.output.as_ref(), &answer.table.to_json())?;
    Ok(ExitCode::SUCCESS)
}

/// What was found, on standard error: all of it estimates.
fn report(found: &Design) {
    note(&format!(
        "estimate: eps = {} = 2^{:.5}",
        number::decimal(&found.eps, 12, true),
        found.eps_log2()
    ));
    for (i, stage) in found.stages.iter().enumerate() {
        note(&format!(
            "estimate: stage {} degree {}: error {:.6e} on [{:.6}, {:.6}]; {} extrema level to 1 + {:.1e}",
            i + 1,
            stage.degree(),
            stage.levelled_error.to_f64(),
            stage.lower.to_f64(),
            stage.upper.to_f64(),
            stage.extrema.len(),
            (stage.ratio.clone() - 1u32).to_f64(),
        ));
    }
    note(&format!(
        "estimate: ReLU error 2^{:.4} on [-1, 1]",
        found.estimate_relu_error_log2()
    ));
}
