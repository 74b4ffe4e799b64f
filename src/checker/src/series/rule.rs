//! The claim `series`: the error of what stands for a smooth function, over a union of intervals.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::horner::FixedPoly;
use crate::core::number::Rational;
use crate::core::pieces::{Pieces, Segment};
use crate::core::polynomial::Polynomial;
use crate::core::statement::Witness;
use crate::series::evaluate::evaluate;
use crate::series::expression::Formula;
use crate::series::model::{Frame, Model};
use crate::series::points::Points;
use crate::series::stage::{composite, Stage};
use crate::series::units::{fail, SERIES};
use num_bigint::BigInt;
use num_traits::{One, Zero};

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
    /// g, in x and p; p itself where it is left out.
    pub value: Option<Formula>,
    /// What of g and f is bounded.
    pub error: Measure,
    /// The intervals in order.
    pub parts: Vec<(Rational, Rational)>,
    /// |error| is at most this in every part, where g, f and the weight are defined.
    pub hi: Rational,
    /// Where the error is large; all are defined there.
    pub witness: Witness,
}

/// The hint for one cell.
#[derive(Debug)]
pub(crate) struct SeriesCell {
    /// Its right end; the left end is that of the cell before it.
    pub(crate) to: BigInt,
    /// Largest degree of the models.
    pub(crate) degree: usize,
    /// Pieces of the error's polynomial.
    pub(crate) pieces: Vec<Segment>,
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
    check_parts(&series.parts, fixed)?;
    if series.parts.len() != hints.len() {
        return Err(Fault::internal("cells"));
    }
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
    // A unit of x may be a few of an argument: far less than anything that is meant.
    let slack = BigInt::one() << (fixed.precision / 2);
    let limit = series.hi.floor_at(fixed.precision);
    for (i, ((from, to), cells)) in series.parts.iter().zip(hints).enumerate() {
        let (mut left, end) = (even(from, fixed, false), even(to, fixed, true));
        for (j, cell) in cells.iter().enumerate() {
            let proved = cell_ends(&left, &cell.to).and_then(|(middle, reach)| {
                let error = error(&middle, &reach, cell.degree, slack.clone())?;
                within(&error, &cell.pieces, &limit, fixed)
            });
            proved.map_err(|fault| placed(fault, &format!("part {i}, cell {j}")))?;
            left.clone_from(&cell.to);
        }
        if left != end {
            return fail(format!(
                "part {i}: the last cell does not end at `to`, rounded up to a hint number"
            ));
        }
    }
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

/// Parts in order, each with more than one point.
fn check_parts(parts: &[(Rational, Rational)], fixed: &Fixed) -> Checked<()> {
    for (i, (from, to)) in parts.iter().enumerate() {
        // A few comparisons and two divisions.
        let words = (from.bits() + to.bits() + fixed.precision) / 64 + 1;
        fixed.budget.charge(4 * words * words + 200)?;
        if from >= to {
            return fail(format!("part {i}: from is not below to"));
        }
        if parts.get(i + 1).is_some_and(|(next, _)| to > next) {
            return fail(format!("part {i} ends beyond the beginning of the next"));
        }
    }
    Ok(())
}

/// x rounded to a multiple of 2^(1-precision), in units of 2^-precision.
fn even(x: &Rational, fixed: &Fixed, up: bool) -> BigInt {
    let p = fixed.precision - 1;
    let n = if up { x.ceil_at(p) } else { x.floor_at(p) };
    n << 1_u32
}

/// The middle of a cell and half its width, exactly: the ends are even.
fn cell_ends(left: &BigInt, right: &BigInt) -> Checked<(BigInt, BigInt)> {
    let (sum, difference): (BigInt, BigInt) = (left + right, right - left);
    if sum.bit(0) || difference.bit(0) {
        return Err(Fault::internal("an odd hint number"));
    }
    if difference <= BigInt::zero() {
        return fail("its end is not beyond its beginning");
    }
    Ok((sum >> 1_u32, difference >> 1_u32))
}

/// The model of the error.
fn error_on(series: &Series, stages: &[Stage], x: &Model, frame: &Frame) -> Checked<Model> {
    let p = composite(stages, x, frame)?;
    let value = match &series.value {
        Some(value) => evaluate(&value.tree, x, Some(&p), frame)?,
        None => p,
    };
    let function = evaluate(&series.function.tree, x, None, frame)?;
    let difference = frame.difference(&value, &function)?;
    match &series.error {
        Measure::Absolute => Ok(difference),
        Measure::Relative => frame.product(&difference, &frame.inverse(&function)?),
        Measure::Weighted(weight) => {
            let weight = evaluate(&weight.tree, x, None, frame)?;
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

/// Says where a condition of the rule, or R1 or R2, is not met.
fn placed(fault: Fault, place: &str) -> Fault {
    match fault {
        Fault::Rejected {
            claim,
            rule: Rule::Own(name),
            detail,
        } if SERIES == Rule::Own(name) => Fault::Rejected {
            claim,
            rule: SERIES,
            detail: format!("{place}: {detail}"),
        },
        other => other.inside(place),
    }
}
