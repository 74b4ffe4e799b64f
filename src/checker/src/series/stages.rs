//! The claim `stages`: what every stage of a value takes over the parts of a series claim.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::number::Rational;
use crate::series::cells::{over_cells, slack, SeriesCell};
use crate::series::model::{norm, Frame, Model};
use crate::series::points::Points;
use crate::series::rule::Series;
use crate::series::stage::Stage;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};

/// The stages of the value of an earlier series claim: the components but for the last, p itself where a value is
/// computed from it, and every name that the value binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stages {
    /// Index of the series claim.
    pub cites: usize,
    /// One for each stage.
    pub ranges: Vec<(Rational, Rational)>,
}

/// The names of the stages of a value of k components.
pub(crate) fn names(series: &Series, ranges: usize) -> Vec<String> {
    let bound = series.value.as_ref().map(|value| {
        let names = value.bindings().iter().map(|(name, _)| name.clone());
        std::iter::once("p".to_owned()).chain(names)
    });
    let own: Vec<String> = bound.into_iter().flatten().collect();
    let before = ranges.saturating_sub(own.len());
    (1..=before).map(|i| format!("p_{i}")).chain(own).collect()
}

/// Proves that every stage lies in its range in every cell.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn prove(
    claim: &Stages,
    series: &Series,
    hints: &[Vec<SeriesCell>],
    stages: &[Stage],
    fixed: &Fixed,
) -> Checked<()> {
    let own = series.value.as_ref().map_or(0, |v| 1 + v.bindings().len());
    let count = (stages.len() + own).saturating_sub(1);
    if claim.ranges.len() != count {
        let detail = format!("{} ranges for {count} stages", claim.ranges.len());
        return Err(Fault::rejected(Rule::Own("stages"), detail));
    }
    let p = fixed.precision;
    let limits: Vec<(BigInt, BigInt)> = claim
        .ranges
        .iter()
        .map(|(lo, hi)| {
            let words = (lo.bits() + hi.bits() + p) / 64 + 1;
            fixed.budget.charge(4 * words * words + 200)?;
            Ok((lo.ceil_at(p), hi.floor_at(p)))
        })
        .collect::<Checked<_>>()?;
    let points = Points::new(fixed);
    over_cells(&series.parts, hints, fixed, |cell, middle, reach| {
        let frame = Frame {
            fixed,
            points: &points,
            degree: cell.degree,
            slack: slack(fixed),
        };
        let x = frame.made(vec![middle.clone(), reach.clone()], BigInt::zero())?;
        for (i, (model, (lo, hi))) in all(series, stages, &x, &frame)?
            .iter()
            .zip(&limits)
            .enumerate()
        {
            if !extent(model, fixed)?.inside(lo, hi) {
                let names = names(series, count);
                let name = names.get(i).map_or("", String::as_str);
                let detail = format!("`{name}` is not in its range");
                return Err(Fault::rejected(Rule::Own("stages"), detail));
            }
        }
        Ok(())
    })
}

/// The models of all stages.
fn all(series: &Series, stages: &[Stage], x: &Model, frame: &Frame) -> Checked<Vec<Model>> {
    let mut models: Vec<Model> = Vec::with_capacity(stages.len());
    for stage in stages {
        let model = stage.on(models.last().unwrap_or(x), frame)?;
        models.push(model);
    }
    match (&series.value, models.last()) {
        (Some(value), Some(p)) => {
            let bound = value.on(x, p, frame)?.0;
            models.extend(bound);
        }
        _ => {
            models.pop();
        }
    }
    Ok(models)
}

/// An interval that holds every value of a model: that of c_0 + c_1 v + c_2 v^2 over [-1, 1] exactly, but for a unit,
/// and on both sides the sizes of all else.
fn extent(model: &Model, fixed: &Fixed) -> Checked<Interval> {
    let c = |j: usize| model.c.get(j).cloned().unwrap_or_default();
    let rest = norm(model.c.get(3..).unwrap_or_default()) + &model.r;
    let (middle, slope, bend) = (c(0), c(1), c(2));
    let ends = [&middle - &slope + &bend, &middle + &slope + &bend];
    let [mut lo, mut hi] = match ends[0] < ends[1] {
        true => ends,
        false => {
            let [left, right] = ends;
            [right, left]
        }
    };
    let four: BigInt = &bend * 4;
    if slope.abs() * 2 < four.abs() {
        // The turn is at v = -c_1/(2 c_2), inside; the value there is c_0 - c_1^2/(4 c_2).
        fixed.budget.product(2 * slope.bits(), four.bits())?;
        let (floor, rest) = (-&slope * &slope).div_mod_floor(&four);
        let turn = middle + floor;
        hi = hi.max(&turn + i32::from(!rest.is_zero()));
        lo = lo.min(turn);
    }
    Ok(Interval::new(lo - &rest, hi + rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::series::points::tests::{number, random};

    /// Random models: no value is outside, and the extent of a quadratic is met within a unit.
    #[test]
    fn extents_hold_every_value() {
        let fixed = Fixed {
            precision: 64,
            budget: Budget::new(),
        };
        let mut seed = 5;
        for _ in 0..2_000 {
            let count = usize::try_from(random(&mut seed) % 5).unwrap();
            let c: Vec<BigInt> = (0..count)
                .map(|j| number(&mut seed, 64, 0) >> (j * 3))
                .collect();
            let r = number(&mut seed, 64, 0).abs() >> (40 + random(&mut seed) % 60);
            let model = Model {
                c: c.clone(),
                r: r.clone(),
            };
            let extent = extent(&model, &fixed).unwrap();
            let steps = 512;
            let mut seen: Option<(BigInt, BigInt)> = None;
            for k in -steps..=steps {
                // Times steps^4, exactly.
                let scaled = (0..=4).rev().fold(BigInt::zero(), |sum, j: u32| {
                    let c = c.get(j as usize).cloned().unwrap_or_default();
                    sum * k + c * BigInt::from(steps).pow(4 - j)
                });
                let whole = BigInt::from(steps).pow(4);
                assert!(&extent.lo * &whole <= &scaled - &r * &whole);
                assert!(&scaled + &r * &whole <= &extent.hi * &whole);
                let (lo, hi) = seen.unwrap_or((scaled.clone(), scaled.clone()));
                seen = Some((lo.min(scaled.clone()), hi.max(scaled)));
            }
            let (lo, hi) = seen.unwrap();
            if count <= 3 {
                // The turn may lie between two of the points: a quarter of a step squared of the bend.
                let bend = c.get(2).cloned().unwrap_or_default().abs();
                let slip = (bend + BigInt::from(steps * steps) * 2) * steps * steps;
                let whole = BigInt::from(steps).pow(4);
                assert!(&lo - (&extent.lo + &r) * &whole <= slip);
                assert!((&extent.hi - &r) * &whole - hi <= slip);
            }
        }
    }
}
