//! The polynomials that may stand at an activation, each with its proved error on [-1, 1].

use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::jobs::certify;
use crate::jobs::families::{family, Approximated, Family, Minimax};
use crate::jobs::plan::request::{Kinds, Request};
use crate::jobs::plan::response::Response;
use crate::jobs::search::{self, Objective};
use crate::plan::ways::{Block, Stage};
use crate::poly::role::Role;
use crate::poly::table::{Domain, Table};
use rug::Rational;

/// Precisions that composites are searched for, in bits.
const ALPHAS: std::ops::RangeInclusive<u32> = 4..=15;
/// Degrees of direct polynomials: the greatest of each depth, and some below with fewer products.
const DEGREES: [usize; 9] = [6, 10, 14, 22, 30, 46, 62, 94, 126];

/// A polynomial on [-1, 1].
#[derive(Debug, Clone)]
pub struct Design {
    /// `c9 {15,15}` of a composite whose error is below 2^-9, `d62` of a direct polynomial of degree 62.
    pub name: String,
    /// What is evaluated.
    pub block: Block,
    /// The table, made for [-1, 1].
    pub table: Table,
    /// The proved greatest error on [-1, 1].
    pub bound_error: Rational,
    /// In plain f64.
    pub estimate: Response,
}

impl Design {
    fn new(name: String, table: Table, stages: Vec<Stage>, bound_error: Rational) -> Self {
        Self {
            name,
            block: Block {
                stages,
                product: table.role() == Role::Sign,
            },
            estimate: Response::new(&table),
            table,
            bound_error,
        }
    }

    /// The table for [-B, B], and B as the twin takes it: a composite is scaled by the twin, a direct polynomial is
    /// B p(x/B), exactly.
    ///
    /// # Errors
    /// None but what a table refuses.
    pub fn on(&self, b: &Rational) -> Result<(Table, Rational)> {
        if self.block.product {
            return Ok((self.table.clone(), b.clone()));
        }
        let mut table = self.table.clone();
        table.name = format!("{} on [-{b}, {b}]", self.name);
        table.domain = Domain {
            lo: Rational::from(-b),
            hi: b.clone(),
            eps: None,
        };
        for component in &mut table.components {
            component.scale /= b;
            component.coefficients.iter_mut().for_each(|c| *c *= b);
        }
        table.validate()?;
        Ok((table, Rational::from(1)))
    }
}

/// All designs that no other one undercuts in depth, products and error; the most precise last.
///
/// **Guarantee** their errors are proved, and checked. *Estimate*: that none is missing.
///
/// # Errors
/// No kind of design at all; a search or a proof that fails.
pub fn designs(
    request: &Request,
    slope: Option<&Rational>,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Design>> {
    let Kinds { composite, direct } = request.designs;
    let mut all = Vec::new();
    if composite {
        for alpha in ALPHAS {
            progress(&format!("composites of {alpha} bits"));
            composites(request, alpha, &mut all)?;
        }
    }
    if direct {
        for degree in DEGREES {
            progress(&format!("direct polynomial of degree {degree}"));
            all.push(minimax(degree, slope)?);
        }
    }
    if all.is_empty() {
        return Err(Error::domain("--designs names no kind: composite, direct"));
    }
    all.sort_by(|a, b| b.bound_error.cmp(&a.bound_error));
    let mut kept: Vec<Design> = Vec::new();
    for (i, design) in all.iter().enumerate() {
        // A later one is as precise.
        let undercuts = |other: &Design| {
            let (other, cost) = (other.block.cost(), design.block.cost());
            other.depth <= cost.depth && other.mults <= cost.mults
        };
        if !all[i + 1..].iter().any(undercuts) {
            kept.push(design.clone());
        }
    }
    Ok(kept)
}

fn composites(request: &Request, alpha: u32, all: &mut Vec<Design>) -> Result<()> {
    for objective in [Objective::Depth, Objective::Mults] {
        let asked = search::Request {
            objective,
            cache: request.cache.clone(),
            ..search::Request::new(alpha)
        };
        let found = search::search(&asked, &mut |_| ())?;
        let degrees = found.table.degrees();
        let stages: Vec<Stage> = degrees.iter().map(|&d| Stage::Odd(d)).collect();
        if all.iter().any(|d: &Design| d.block.stages == stages) {
            continue;
        }
        let words: Vec<String> = degrees.iter().map(usize::to_string).collect();
        let bits = (-number::estimate_log2(&found.proof.bound_hi)).floor();
        let name = format!("c{bits} {{{}}}", words.join(","));
        all.push(Design::new(name, found.table, stages, found.proof.bound_hi));
    }
    Ok(())
}

fn minimax(degree: usize, slope: Option<&Rational>) -> Result<Design> {
    let mut approximated = Approximated::new(Shape::Relu, 1);
    if let Some(slope) = slope {
        approximated = Approximated::new(Shape::LeakyRelu, 1);
        approximated.slope = slope.clone();
    }
    let made = family(&crate::jobs::families::Request {
        name: Some(format!("d{degree}")),
        family: Family::Minimax(Minimax {
            approximated,
            degree,
            even: true,
            zero: false,
        }),
    })?;
    let asked = certify::Request {
        only_error: true,
        ..certify::Request::default()
    };
    let proved = certify::certify(&made.table, &asked)?;
    debug_assert!(matches!(made.table.target, Function::Direct(_)));
    Ok(Design::new(
        format!("d{degree}"),
        made.table,
        vec![Stage::EvenAndLinear(degree)],
        proved.proof.bound_hi,
    ))
}
