//! `polycert generate`: odd minimax composites of given degrees.

use crate::approx::{design, round_design, Design, Fit, Scaling, DEFAULT_BITS};
use crate::arith::number;
use crate::cli::{note, output, rational};
use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::poly::component::Basis;
use crate::poly::table::MAX_COMPONENTS;
use crate::poly::table::{Domain, Table};
use rug::Rational;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Largest degree of a component that is offered here.
const MAX_DEGREE: usize = 63;

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
    #[arg(long, requires = "zeta", value_parser = clap::value_parser!(u32).range(1..=64))]
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
    check_request(a, &fit)?;
    let found = design(&a.degrees, &fit, &a.eta).map_err(|e| Error::domain(e.to_string()))?;
    let table = table(a, &fit, &found);
    table.validate()?;
    report(&found);
    output(a.output.as_ref(), &table.to_json())?;
    Ok(ExitCode::SUCCESS)
}

/// What can be refused before the search, naming the option.
fn check_request(a: &Arguments, fit: &Fit) -> Result<()> {
    let n = a.degrees.len();
    if n > MAX_COMPONENTS {
        let detail = format!("--degrees: {n} components, the limit is {MAX_COMPONENTS}");
        return Err(Error::domain(detail));
    }
    if let Some(d) = a.degrees.iter().find(|d| **d % 2 == 0 || **d > MAX_DEGREE) {
        let detail = format!("--degrees: {d} is not an odd degree from 1 to {MAX_DEGREE}");
        return Err(Error::domain(detail));
    }
    let (name, eps) = match fit {
        Fit::Eps(eps) => ("--eps", eps.clone()),
        Fit::Zeta { zeta, alpha } => ("--zeta: 2^-alpha zeta", zeta.clone() >> *alpha),
        Fit::BestEps => return Ok(()),
    };
    let least = Rational::from(1) >> 128u32;
    if eps < least || eps >= 1u32 {
        let detail = format!(
            "{name} is from 2^-128 and below 1, not {}",
            number::write(&eps)
        );
        return Err(Error::domain(detail));
    }
    Ok(())
}

/// How a design becomes a table.
pub(super) struct Recipe<'a> {
    /// Intended use.
    pub target: Function,
    /// Name of the table; made of target and degrees if none.
    pub name: Option<&'a str>,
    /// Basis of the coefficients.
    pub basis: Basis,
    /// Scaling between the stages.
    pub scaling: Scaling,
    /// Coefficients are multiples of 2^-bits.
    pub bits: u32,
    /// The subcommand, for the provenance.
    pub command: &'a str,
    /// How eps was chosen, in words.
    pub fit_words: String,
}

fn table(a: &Arguments, fit: &Fit, found: &Design) -> Table {
    let fit_words = match fit {
        Fit::Eps(_) => "given eps".to_owned(),
        Fit::Zeta { zeta, alpha } => format!("eps = {zeta} 2^-{alpha} (arXiv 2105.10879)"),
        _ => BEST_EPS.to_owned(),
    };
    let recipe = Recipe {
        target: a.target,
        name: a.name.as_deref(),
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
        command: "generate",
        fit_words,
    };
    recipe.table(found)
}

/// Provenance of a balanced eps.
pub(super) const BEST_EPS: &str = "best eps for ReLU: both regions of the error balanced";

impl Recipe<'_> {
    /// Rounds a design to a table with its provenance.
    pub(super) fn table(self, found: &Design) -> Table {
        let join = |list: Vec<String>| list.join(",");
        let degrees = join(found.degrees.iter().map(usize::to_string).collect());
        let hi = Rational::from(&found.eta + 1u32);
        let errors = found
            .stages
            .iter()
            .map(|s| format!("{:.12e}", s.levelled_error))
            .collect();
        let ratios = found
            .stages
            .iter()
            .map(|s| format!("1 + {:.1e}", s.ratio.clone() - 1u32))
            .collect();
        let provenance = BTreeMap::from([
            (
                "generator".to_owned(),
                format!(
                    "polycert {} {} (Remez)",
                    env!("CARGO_PKG_VERSION"),
                    self.command
                ),
            ),
            ("fit".to_owned(), self.fit_words),
            ("eta".to_owned(), number::write(&found.eta)),
            (
                "scaling".to_owned(),
                match self.scaling {
                    Scaling::None => "none",
                    Scaling::Normalized => "normalized",
                }
                .to_owned(),
            ),
            (
                "coefficients".to_owned(),
                format!("multiples of 2^-{}", self.bits),
            ),
            (
                "estimate: component minimax errors".to_owned(),
                join(errors),
            ),
            ("estimate: equioscillation max/min".to_owned(), join(ratios)),
        ]);
        Table {
            name: self
                .name
                .map_or_else(|| format!("{} {degrees}", self.target), str::to_owned),
            target: self.target,
            domain: Domain {
                lo: Rational::from(-&hi),
                hi,
                eps: Some(found.eps.clone()),
            },
            components: round_design(found, self.basis, self.scaling, self.bits),
            provenance,
        }
    }
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
