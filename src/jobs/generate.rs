//! Generate: odd minimax composites of given degrees.

pub use crate::approx::{Design, Fit, Scaling, DEFAULT_BITS};

use crate::approx::{design, round_design};
use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::poly::component::Basis;
use crate::poly::table::MAX_COMPONENTS;
use crate::poly::table::{Domain, Table};
use rug::Rational;
use std::collections::BTreeMap;

/// Largest degree of a component that is offered here.
const MAX_DEGREE: usize = 63;
/// Provenance of a balanced eps.
pub(in crate::jobs) const BEST_EPS: &str = "best eps for ReLU: both regions of the error balanced";

/// A composite that is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    /// Odd degrees, first applied first, each at most 63.
    pub degrees: Vec<usize>,
    /// Intended use, through sign.
    pub target: Function,
    /// How eps is chosen: the first stage is fitted on [eps, 1 + eta].
    pub fit: Fit,
    /// Margin for scheme error between the stages, absolute.
    pub eta: Rational,
    /// Basis of the coefficients.
    pub basis: Basis,
    /// Scaling between the stages.
    pub scaling: Scaling,
    /// Coefficients are multiples of 2^-bits.
    pub bits: u32,
    /// Name of the table; made of target and degrees if none.
    pub name: Option<String>,
}

impl Request {
    /// The usual request for these degrees: for ReLU, with the eps that balances its error.
    pub fn new(degrees: &[usize]) -> Self {
        Self {
            degrees: degrees.to_vec(),
            target: Function::Relu,
            fit: Fit::BestEps,
            eta: Rational::new(),
            basis: Basis::Chebyshev,
            scaling: Scaling::None,
            bits: DEFAULT_BITS,
            name: None,
        }
    }
}

/// A composite. *Estimate*: nothing about it is proved before it is certified.
#[derive(Debug)]
pub struct Answer {
    /// The table.
    pub table: Table,
    /// The design behind it, with estimates of its errors.
    pub design: Design,
}

/// Generates an odd minimax composite (Remez, multiprecision).
///
/// *Estimate*: certify the table to prove its error.
/// **Cost** some tenths of a second for degrees near 30.
///
/// # Errors
/// Even or too large degrees, too many components, an eps out of range, a fit that does not converge.
///
/// ```
/// use polycert::jobs::generate::{generate, Request};
///
/// let answer = generate(&Request::new(&[5, 7]))?;
/// assert_eq!(answer.table.degrees(), [5, 7]);
/// assert!(answer.design.estimate_relu_error_log2() < -5.0);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn generate(request: &Request) -> Result<Answer> {
    check(request)?;
    let design = design(&request.degrees, &request.fit, &request.eta)
        .map_err(|e| Error::domain(e.to_string()))?;
    let fit_words = match &request.fit {
        Fit::Eps(_) => "given eps".to_owned(),
        Fit::Zeta { zeta, alpha } => format!("eps = {zeta} 2^-{alpha} (arXiv 2105.10879)"),
        _ => BEST_EPS.to_owned(),
    };
    let recipe = Recipe {
        target: request.target,
        name: request.name.as_deref(),
        basis: request.basis,
        scaling: request.scaling,
        bits: request.bits,
        command: "generate",
        fit_words,
    };
    let table = recipe.table(&design);
    table.validate()?;
    Ok(Answer { table, design })
}

/// What can be refused before the search, naming the option.
fn check(request: &Request) -> Result<()> {
    let n = request.degrees.len();
    if n > MAX_COMPONENTS {
        let detail = format!("--degrees: {n} components, the limit is {MAX_COMPONENTS}");
        return Err(Error::domain(detail));
    }
    if request.target.is_itself() {
        let detail = format!(
            "--target: an odd composite approximates sign, so not {}; see polycert family",
            request.target
        );
        return Err(Error::domain(detail));
    }
    let wrong = |d: &&usize| **d % 2 == 0 || **d > MAX_DEGREE;
    if let Some(d) = request.degrees.iter().find(wrong) {
        let detail = format!("--degrees: {d} is not an odd degree from 1 to {MAX_DEGREE}");
        return Err(Error::domain(detail));
    }
    let (name, eps) = match &request.fit {
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
pub(in crate::jobs) struct Recipe<'a> {
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

impl Recipe<'_> {
    /// Rounds a design to a table with its provenance.
    pub(in crate::jobs) fn table(self, found: &Design) -> Table {
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
            output: crate::poly::table::Output::default(),
            slope: None,
            ends: None,
            smooth: None,
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
