//! Claims about families of functions: pools, argmax, clip, p as it is, and the target of any function.
//!
//! A claim's file holds what it says and how it is proved. `statement` is the list of all statements, those about
//! the composite included, which the core proves; `target` says which claim a function's error follows from.

pub(crate) mod argmax;
pub(crate) mod clip;
pub(crate) mod direct;
pub(crate) mod exact;
pub(crate) mod expand;
pub(crate) mod pool;
pub(crate) mod rounding;
pub(crate) mod shape;
pub(crate) mod statement;
pub(crate) mod target;
pub(crate) mod tournament;

use crate::claims::pool::Pool;
use crate::claims::rounding::Held;
use crate::claims::statement::Statement;
use crate::core::cells::Cells;
use crate::core::composite;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::ground::Ground;
use crate::core::pieces::Segment;
use crate::core::polynomial::Polynomial;
use crate::series::cells::SeriesCell;
use crate::series::rule;
use crate::series::stage::Stage;
use crate::series::stages;

/// A statement to be proved, with its hints.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) statement: Statement,
    /// One list for each branch; none for the rules that use no cells.
    pub(crate) cells: Vec<Cells>,
    /// Pieces of the claim's own polynomials; none for the rules that have none.
    pub(crate) pieces: Vec<Vec<Segment>>,
    /// One list for each part of a claim about a smooth function; none for the other rules.
    pub(crate) series: Vec<Vec<SeriesCell>>,
}

/// The table's polynomial in the forms that claims about p itself need; none that no claim needs.
#[derive(Debug)]
pub(crate) struct Itself {
    /// p as one polynomial.
    pub(crate) expanded: Option<Polynomial>,
    /// The components of p.
    pub(crate) stages: Vec<Stage>,
    /// p as a program holds it.
    pub(crate) held: Option<Held>,
}

/// Proves one claim; `earlier` are the statements proved before it.
///
/// # Errors
/// A rejection if a condition of its rule is not met.
pub(crate) fn prove(
    claim: &Claim,
    earlier: &[Statement],
    ground: &Ground,
    p: &Itself,
) -> Checked<()> {
    let fixed = &ground.fixed;
    let whole = || {
        p.expanded
            .as_ref()
            .ok_or_else(|| Fault::internal("p is not expanded"))
    };
    let about_composite = |i: usize| earlier.get(i).and_then(Statement::composite);
    if let Some(about) = claim.statement.composite() {
        return composite::prove(about, &claim.cells, ground);
    }
    match &claim.statement {
        Statement::Pool {
            cites,
            inputs,
            range,
            input_scale,
            hi,
            witness,
            lo,
        } => {
            let pool = Pool {
                inputs: *inputs,
                range,
                input_scale,
                hi,
                witness,
                lo,
            };
            pool::prove(&pool, about_composite(*cites), ground)
        }
        Statement::Clip(clip) => clip::prove(clip, about_composite(clip.cites), ground),
        Statement::Argmax(argmax) => argmax::prove(argmax, about_composite, ground),
        Statement::Lines { parts, hi, witness } => {
            direct::lines(whole()?, parts, &claim.pieces, hi, witness, fixed)
        }
        Statement::Contraction {
            at,
            radius,
            order,
            hi,
        } => {
            let hint = claim.pieces.first();
            let hint = hint.ok_or_else(|| Fault::internal("pieces"))?;
            direct::contraction(whole()?, at, radius, *order, hint, hi, fixed)
        }
        Statement::Series(series) => rule::prove(series, &claim.series, &p.stages, fixed),
        Statement::Stages(stages) => match earlier.get(stages.cites) {
            Some(Statement::Series(series)) => {
                stages::prove(stages, series, &claim.series, &p.stages, fixed)
            }
            _ => Err(Fault::rejected(
                Rule::Own("stages"),
                "`cites` is not the index of an earlier series claim",
            )),
        },
        Statement::Rounding(bound) => rounding::prove(bound, p.held.as_ref(), fixed),
        Statement::Target(target) => {
            let cited = earlier.get(target.cites).map(Statement::cited);
            target::prove(target, cited)
        }
        _ => Err(Fault::internal("a claim of an unknown kind")),
    }
}
