//! Covering [0, to] by cells on each of which the ReLU error y |1 - q(y)|/2 is bounded.
//!
//! # Method
//! Order 0 uses the range of q over the cell [u, v]: v max|1 - q|/2. It is sharp where q runs fast
//! or y matters little, and wastes (v - u)/u of the bound otherwise. Order 1 uses the slope of
//! g(y) = y (1 - q(y))/2: with g' in [a, b] over the cell, g <= g(u) + b (y - u) and
//! g <= g(v) - a (v - y); any convex combination holds too, and with weight L = -a/(b - a) its
//! greatest value over the cell is L g(u) + (1-L) g(v) + (v-u) max(L b, -(1-L) a). The waste is of
//! second order in the width, so cells of width 2^-20 bring the relative gap to 2^-40 at the hump,
//! and cells may double with the distance from it.
//!
//! The cover is greedy from the left; a point found with a larger error than the witness stops it,
//! so that the caller can start again from there.

use crate::arith::mp::{max, Mp};
use crate::certify::composite::cascade::{Branch, Jet, Range};
use crate::error::Result;
use rug::float::Round;
use rug::ops::{AddAssignRound, MulAssignRound, SubAssignRound};
use rug::Float;

/// Most cells of one cover.
const MAX_CELLS: usize = 20_000;

/// Cells that cover [0, to]: `points` has one more entry than `orders`.
#[derive(Debug, Clone)]
pub struct Cells {
    /// Strictly increasing, from 0 to at least `to`.
    pub points: Vec<Float>,
    /// The order of the bound on each cell: 0 or 1.
    pub orders: Vec<u8>,
}

/// How a cover ended.
pub enum Cover {
    /// Every cell's bound is at most the limit.
    Done(Cells),
    /// At this point the error is above the limit, or nearly: a better witness.
    Exceeded(Float),
    /// The bound could not be pushed below the limit near this point.
    Stuck(Float),
    /// It would take more cells than are allowed.
    TooMany,
}

/// Enclosure of g = y (1 - q)/2 at a jet.
pub fn deviation(jet: &Jet) -> Mp {
    let one = Mp::int(jet.q().prec(), 1);
    one.minus(jet.q()).times(&Mp::exact(&jet.y)).half()
}

/// Enclosure of g' = (1 - q - y q')/2 at a jet.
pub fn deviation_slope(jet: &Jet) -> Mp {
    slope_of(&Mp::exact(&jet.y), jet.q(), &jet.slope())
}

fn slope_of(y: &Mp, q: &Mp, slope: &Mp) -> Mp {
    Mp::int(q.prec(), 1).minus(q).minus(&y.times(slope)).half()
}

/// Upper bound of |g| on a cell by the range of q alone.
pub fn bound_order_0(v: &Jet, range: &Range) -> Float {
    let mut bound = Mp::int(v.q().prec(), 1).minus(range.q()).magnitude();
    bound.mul_assign_round(&v.y, Round::Up);
    bound >> 1u32
}

/// Upper bound of |g| on a cell by its slope.
pub fn bound_order_1(u: &Jet, v: &Jet, range: &Range) -> Float {
    let cell = Mp {
        lo: u.y.clone(),
        hi: v.y.clone(),
    };
    let slope = slope_of(&cell, range.q(), &range.slope());
    let mut width = v.y.clone();
    width.sub_assign_round(&u.y, Round::Up);
    let (gu, gv) = (deviation(u), deviation(v));
    let above = tilted(&gu, &gv, &slope, &width);
    let below = tilted(&gu.negated(), &gv.negated(), &slope.negated(), &width);
    max(above, below)
}

/// Upper bound of g over a cell of this width from its ends and its slope [a, b].
fn tilted(gu: &Mp, gv: &Mp, slope: &Mp, width: &Float) -> Float {
    let (a, b) = (&slope.lo, &slope.hi);
    if *b <= 0 {
        return gu.hi.clone();
    }
    if *a >= 0 {
        return gv.hi.clone();
    }
    let prec = a.prec();
    // Any weight in [0, 1] gives a valid bound: rounding of L needs no care but 0 <= L <= 1.
    let l = Float::with_val(prec, -a) / Float::with_val(prec, b - a);
    let l = Mp::exact(&l.clamp(&0, &1));
    let rest = Mp::int(prec, 1).minus(&l);
    let ends = l.times(gu).plus(&rest.times(gv));
    let rise = l.times(&Mp::exact(b));
    let fall = rest.times(&Mp::exact(a).negated());
    let mut bound = max(rise.hi, fall.hi);
    bound.mul_assign_round(width, Round::Up);
    bound.add_assign_round(&ends.hi, Round::Up);
    bound
}

/// Covers [0, to] with cells whose bound is at most `limit`.
///
/// **Guarantee** with [`Cover::Done`], |r - ReLU| <= limit on this branch for 0 <= y <= to.
/// `exceed` (at most `limit`) is the error from which a point is reported as a better witness;
/// `peaks` only guide the steps.
///
/// # Errors
/// `to` beyond the branch's reach.
pub fn cover(
    branch: &Branch,
    to: &Float,
    (limit, exceed): (&Float, &Float),
    peaks: &Peaks,
) -> Result<Cover> {
    let start = Cells {
        points: vec![Float::new(branch.prec)],
        orders: Vec::new(),
    };
    extend(branch, &start, to, (limit, exceed), peaks)
}

/// Covers [0, to] with the cells that are there, and more behind them whose bound is at most `limit`.
///
/// **Guarantee** as of [`cover`], where it holds of the cells that are there.
///
/// # Errors
/// As of [`cover`].
pub fn extend(
    branch: &Branch,
    start: &Cells,
    to: &Float,
    (limit, exceed): (&Float, &Float),
    peaks: &Peaks,
) -> Result<Cover> {
    let prec = branch.prec;
    let end = Float::with_val_round(prec, to, Round::Up).0;
    let mut cells = start.clone();
    let last = cells.points.last().cloned();
    let mut u = branch.jet(&last.unwrap_or_else(|| Float::new(prec)))?;
    let end_jet = branch.jet(&end)?;
    let mut most = 1.0;
    while u.y < end {
        if cells.orders.len() >= MAX_CELLS {
            return Ok(Cover::TooMany);
        }
        let (v, order) = match order_0(branch, &u, &end_jet, limit)? {
            Some(v) => (v, 0),
            None => match order_1(branch, &u, &end_jet, limit, (peaks, &mut most))? {
                Some(v) => (v, 1),
                None => return Ok(Cover::Stuck(u.y)),
            },
        };
        if deviation(&v).mignitude() > *exceed {
            return Ok(Cover::Exceeded(v.y));
        }
        cells.points.push(v.y.clone());
        cells.orders.push(order);
        u = v;
    }
    Ok(Cover::Done(cells))
}

/// A worthwhile step of order 0 (more than u/16), if the bound allows one.
fn order_0(branch: &Branch, u: &Jet, end: &Jet, limit: &Float) -> Result<Option<Jet>> {
    let prec = branch.prec;
    let here = Mp::int(prec, 1).minus(u.q()).magnitude();
    // From u a bound v |1 - q|/2 with |1 - q| no worse than here allows v = 2 limit/|1 - q(u)|.
    let mut v = (Float::with_val(53, limit) * 2u32 / here).to_f64() * (1.0 - 1e-9);
    let least = u.y.to_f64() * (1.0 + 1.0 / 16.0);
    let last = end.y.to_f64();
    for _ in 0..40 {
        if v <= least {
            return Ok(None);
        }
        let at_end = v >= last;
        let jet = if at_end {
            end.clone()
        } else {
            branch.jet(&Float::with_val(prec, v))?
        };
        let bound = bound_order_0(&jet, &branch.range(u, &jet));
        if bound <= *limit {
            return Ok(Some(jet));
        }
        // The bound is v times a maximum that a shorter cell can only lower.
        v = (jet.y.to_f64() * (limit.to_f64() / bound.to_f64())) * (1.0 - 1e-9);
    }
    Ok(None)
}

/// Where the error peaks and how much room the limit leaves there: steps of order 1 follow it.
///
/// The bound's waste grows as the square of the step, the room below the limit as the square of
/// the distance d from a peak: so a step may be a fixed multiple of d, and at the peak itself of
/// the square root of the relative room.
pub struct Peaks {
    /// Points y where the error is large.
    pub points: Vec<f64>,
    /// (limit - greatest value)/value.
    pub room: f64,
}

impl Peaks {
    /// The relative step to try from `at`: to 1/5 of the distance before a peak, 4 times the
    /// distance behind it, two roots of the room across it.
    fn step(&self, at: f64) -> f64 {
        let along = |y: &f64| {
            if *y > at {
                0.8 * (y - at) / at
            } else {
                4.0 * (at - y) / at
            }
        };
        let least = self.points.iter().map(along).fold(0.25, f64::min);
        least.max(2.0 * self.room.sqrt())
    }
}

/// A step of order 1, at least 2^-50 of u; `most` caps it after failures and is kept up to date.
fn order_1(
    branch: &Branch,
    u: &Jet,
    end: &Jet,
    limit: &Float,
    (peaks, most): (&Peaks, &mut f64),
) -> Result<Option<Jet>> {
    let at = u.y.to_f64();
    let last = end.y.to_f64();
    let mut step = peaks.step(at).min(*most);
    let mut failed = false;
    while step > 2.0f64.powi(-50) {
        let v = at * (1.0 + step);
        if v <= at {
            break;
        }
        let jet = if v >= last {
            end.clone()
        } else {
            branch.jet(&Float::with_val(branch.prec, v))?
        };
        let bound = bound_order_1(u, &jet, &branch.range(u, &jet));
        if bound <= *limit {
            *most = if failed { 2.0 * step } else { 1.0 };
            return Ok(Some(jet));
        }
        failed = true;
        step /= 2.0;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tilted_bounds_hold_between_lines() {
        let m = |x: f64| Mp::exact(&Float::with_val(64, x));
        // g = 1 - (y - 0.4)^2 on [0, 1]: slope 0.8 - 2y in [-1.2, 0.8], maximum 1.
        let bound = tilted(
            &m(0.84),
            &m(0.64),
            &Mp {
                lo: m(-1.2).lo,
                hi: m(0.8).lo,
            },
            &Float::with_val(64, 1),
        );
        assert!((1.0..1.25).contains(&bound));
        let falling = Mp {
            lo: m(-1.0).lo,
            hi: m(-0.5).lo,
        };
        assert_eq!(
            tilted(&m(2.0), &m(1.2), &falling, &Float::with_val(64, 1)),
            2.0
        );
    }
}
