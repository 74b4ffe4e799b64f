//! The claim `series`: the error of what stands for a smooth function, over a union of intervals.

use crate::core::fault::Checked;
use crate::core::fixed::{Fixed, Interval};
use crate::core::horner::FixedPoly;
use crate::core::number::Rational;
use crate::core::pieces::{Pieces, Segment};
use crate::core::polynomial::Polynomial;
use crate::core::statement::Witness;
use crate::series::cells::{over_cells, slack, SeriesCell};
use crate::series::evaluate::{evaluate, Scope};
use crate::series::expression::Formula;
use crate::series::model::{Frame, Model};
use crate::series::points::Points;
use crate::series::program::Program;
use crate::series::stage::{composite, Stage};
use crate::series::units::{fail, placed};
use num_bigint::BigInt;
use num_traits::Zero;

/// What is bounded of a value g that stands for a function f.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// g - f
    Absolute,
    /// g/f - 1
    Relative,
    /// w (g - f), for a weight w in x.
    Weighted(Formula),
}

/// A bound of the error of a value in x and p(x) against a function of x.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// f, in x.
    pub function: Formula,
    /// g, computed from x and p; p itself where it is left out.
    pub value: Option<Program>,
    /// What of g and f is bounded.
    pub error: Measure,
    /// The intervals in order.
    pub parts: Vec<(Rational, Rational)>,
    /// |error| is at most this in every part, where g, f and the weight are defined.
    pub hi: Rational,
    /// Where the error is large; all are defined there.
    pub witness: Witness,
}

/// Proves the bound in every cell of every part, and at least `lo` at the witness.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn prove(
    series: &Series,
    hints: &[Vec<SeriesCell>],
    stages: &[Stage],
    fixed: &Fixed,
) -> Checked<()> {
    let points = Points::new(fixed);
    let error = |middle: &BigInt, reach: &BigInt, degree: usize, slack: BigInt| {
        let frame = Frame {
            fixed,
            points: &points,
            degree,
            slack,
        };
        let x = frame.made(vec![middle.clone(), reach.clone()], BigInt::zero())?;
        error_on(series, stages, &x, &frame)
    };
    let limit = series.hi.floor_at(fixed.precision);
    over_cells(&series.parts, hints, fixed, |cell, middle, reach| {
        let error = error(middle, reach, cell.degree, slack(fixed))?;
        within(&error, &cell.pieces, &limit, fixed)
    })?;
    let witness = &series.witness;
    let inside = |(from, to): &(Rational, Rational)| *from <= witness.x && witness.x <= *to;
    if !series.parts.iter().any(inside) {
        return fail("the witness is in no part");
    }
    // A witness is a hint number. No slack: the error has to exist there.
    let x = witness.x.floor_at(fixed.precision);
    let error = error(&x, &BigInt::zero(), 0, BigInt::zero())
        .map_err(|fault| placed(fault, "the witness"))?;
    if error.range().mig() < witness.lo.ceil_at(fixed.precision) {
        return fail("the error at the witness is not proved to be at least lo");
    }
    Ok(())
}

/// The model of the error.
fn error_on(series: &Series, stages: &[Stage], x: &Model, frame: &Frame) -> Checked<Model> {
    let p = composite(stages, x, frame)?;
    let value = match &series.value {
        Some(value) => value.on(x, &p, frame)?.1,
        None => p,
    };
    let function = evaluate(&series.function.tree, &Scope::of_x(x), frame)?;
    let difference = frame.difference(&value, &function)?;
    match &series.error {
        Measure::Absolute => Ok(difference),
        Measure::Relative => frame.product(&difference, &frame.inverse(&function)?),
        Measure::Weighted(weight) => {
            let weight = evaluate(&weight.tree, &Scope::of_x(x), frame)?;
            frame.product(&difference, &weight)
        }
    }
}

/// |error| <= limit: the image of its polynomial over [-1, 1] by R1 and R2, and its radius.
fn within(error: &Model, segments: &[Segment], limit: &BigInt, fixed: &Fixed) -> Checked<()> {
    let g = Polynomial::new(error.c.clone(), fixed.one());
    let values = FixedPoly::new(&g, fixed)?;
    let pieces = Pieces::prove(segments, &values, &g.derivative(), fixed)?;
    let all = Interval::new(-fixed.one(), fixed.one());
    let image = pieces.image(&all, &values, fixed)?;
    if image.mag() + &error.r > *limit {
        return fail("the error is not within hi");
    }
    Ok(())
}
