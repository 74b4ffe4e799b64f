//! The claim `mean_square`: the mean of the squared error of an earlier series claim, for a density of x.
//!
//! On a cell the integrand w E^2 is within r of a polynomial sum c_j v^j, x = c + h v: its integral is within 2 h r of
//! h sum over even j of 2 c_j/(j + 1). A cell may reach beyond its part by less than two units at either side, where the
//! integrand is at most |w E^2| in size. E is multiplied by 2^s first, and the integral by 2^(-2s), so that the square of
//! a small error is not below a unit; s follows from `hi`.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Fixed;
use crate::core::number::Rational;
use crate::series::cells::{over_cells, SeriesCell};
use crate::series::evaluate::{evaluate, Scope};
use crate::series::expression::Formula;
use crate::series::model::{norm, Frame, Model};
use crate::series::points::Points;
use crate::series::rule::{error_on, Series};
use crate::series::stage::Stage;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;

/// The integral of w(x) E(x)^2 over the parts of a series claim, whose error is E, lies in [lo, hi].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeanSquare {
    /// Index of the series claim.
    pub cites: usize,
    /// w, in x.
    pub density: Formula,
    /// Lower bound.
    pub lo: Rational,
    /// Upper bound; above 0.
    pub hi: Rational,
}

/// Proves the enclosure.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn prove(
    claim: &MeanSquare,
    series: &Series,
    hints: &[Vec<SeriesCell>],
    stages: &[Stage],
    fixed: &Fixed,
) -> Checked<()> {
    let points = Points::new(fixed);
    let scale = scale(&claim.hi);
    let (mut lo, mut hi) = (BigInt::zero(), BigInt::zero());
    over_cells(&series.parts, hints, fixed, |cell, middle, reach| {
        // No slack: the integral is over all of the cell.
        let frame = Frame {
            fixed,
            points: &points,
            degree: cell.degree,
            slack: BigInt::zero(),
        };
        let x = frame.made(vec![middle.clone(), reach.clone()], BigInt::zero())?;
        let error = error_on(series, stages, &x, &frame)?;
        let scaled = error.c.iter().map(|c| c << scale).collect();
        let error = frame.made(scaled, error.r << scale)?;
        let square = frame.product(&error, &error)?;
        let density = evaluate(&claim.density.tree, &Scope::of_x(&x), &frame)?;
        let integrand = frame.product(&square, &density)?;
        let (below, above) = integral(&integrand, reach, fixed)?;
        lo += below;
        hi += above;
        Ok(())
    })?;
    let p = fixed.precision;
    let times = |x: &Rational| {
        fixed.budget.product(x.bits(), 2 * scale + p)?;
        Ok(x.times(&Rational::integer(BigInt::from(1) << (2 * scale))))
    };
    if lo < times(&claim.lo)?.ceil_at(p) || hi > times(&claim.hi)?.floor_at(p) {
        let detail = "the integral is not proved to lie between lo and hi";
        return Err(Fault::rejected(Rule::Own("mean_square"), detail));
    }
    Ok(())
}

/// s with hi 2^(2s) near 1; 0 for what is larger.
fn scale(hi: &Rational) -> u64 {
    let (n, d) = (hi.numer().bits(), hi.denom().bits());
    (d.saturating_sub(n) / 2).min(4_096)
}

/// An interval that holds the integral over the cell, and what of it may lie beyond the part, in units.
fn integral(g: &Model, reach: &BigInt, fixed: &Fixed) -> Checked<(BigInt, BigInt)> {
    let (mut lo, mut hi): (BigInt, BigInt) = (-&g.r * 2, &g.r * 2);
    for (j, c) in g.c.iter().enumerate().step_by(2) {
        let twice: BigInt = c * 2;
        let (floor, rest) = twice.div_mod_floor(&BigInt::from(j + 1));
        hi += &floor + i32::from(!rest.is_zero());
        lo += floor;
    }
    fixed.budget.charge(100 * g.c.len() as u64)?;
    let p = fixed.precision;
    for end in [&lo, &hi] {
        fixed.budget.product(end.bits(), reach.bits())?;
    }
    let (lo, hi) = ((lo * reach) >> p, -((-hi * reach) >> p));
    let size = norm(&g.c) + &g.r;
    let beyond: BigInt = ((size * 4) >> p) + 1;
    Ok((lo - &beyond, hi + beyond))
}
