//! The enclosure of the ReLU error max |r(x) - ReLU(x)| over |x| <= to.
//!
//! The lower end is the proved value at a witness; the upper end is a limit just above it under
//! which cells cover the whole domain on every branch. A cover that meets a larger error hands it
//! back as the new witness. When the wanted gap cannot be reached at a precision the reached one is
//! reported: the caller decides about more bits.

use crate::certify::composite::cascade::Branch;
use crate::certify::composite::cells::{cover, Cells, Cover, Peaks};
use crate::certify::composite::witness::{candidates, polish, Witness};
use crate::error::{ErrorKind, Result};
use crate::poly::composite::Side;
use rug::float::Round;
use rug::ops::MulAssignRound;
use rug::Float;

/// Most times that a better witness starts the cover of one limit anew.
const MAX_RESTARTS: u32 = 50;

/// A proved enclosure of the maximum ReLU error.
#[derive(Debug, Clone)]
pub struct ReluError {
    /// The domain |x| <= to.
    pub to: Float,
    /// Upper bound of the maximum.
    pub bound_hi: Float,
    /// Where, and how much at least.
    pub witness: Witness,
    /// Cells for every branch.
    pub cells: Vec<Cells>,
}

/// Encloses the maximum of |r - ReLU| over |x| <= to, to relative gap `gap` if it can.
///
/// **Guarantee** witness.lo <= maximum <= bound_hi.
/// **Cost** some 60 jets a branch for gap 2^-40.
///
/// # Errors
/// `to` beyond the reach of the branches; not converged when not even a factor 2 is reached.
pub fn enclose(branches: &[Branch], to: &Float, gap: f64) -> Result<ReluError> {
    let (mut witness, mut points) = seek(branches, to)?;
    let mut gap = gap.max(f64::MIN_POSITIVE);
    let mut restarts = 0;
    'again: loop {
        if gap > 1.0 {
            let detail = format!(
                "no bound of the error within a factor 2 of the value {:.3e} found",
                witness.lo
            );
            return Err(ErrorKind::NotConverged(detail).into());
        }
        // Cells are accepted at 3/4 of the gap, so that the claim at 7/8 leaves room for another
        // checker's rounding; points above 1/4 of it are worth a new witness.
        let raised = |part: f64| {
            let mut limit = witness.lo.clone();
            let factor = Float::with_val(limit.prec(), 1) + gap * part;
            limit.mul_assign_round(&factor, Round::Up);
            limit
        };
        let (limit, exceed, claim) = (raised(0.75), raised(0.25), raised(0.875));
        let peaks = Peaks {
            points: points.clone(),
            room: 0.75 * gap,
        };
        let mut cells = Vec::with_capacity(branches.len());
        for branch in branches {
            match cover(branch, to, (&limit, &exceed), &peaks)? {
                Cover::Done(c) => cells.push(c),
                // A composite with very many extrema of the same height could go on like this.
                Cover::Exceeded(_) if restarts >= MAX_RESTARTS => {
                    (gap, restarts) = (gap * 8.0, 0);
                    continue 'again;
                }
                Cover::Exceeded(y) => {
                    restarts += 1;
                    let better = polish(branch, y.to_f64(), to.to_f64())?;
                    points.push(better.0);
                    witness = at(branch, better);
                    continue 'again;
                }
                Cover::Stuck(_) => {
                    gap *= 8.0;
                    continue 'again;
                }
                // Every try costs as many cells again: few tries.
                Cover::TooMany => {
                    gap *= 4_096.0;
                    continue 'again;
                }
            }
        }
        return Ok(ReluError {
            to: to.clone(),
            bound_hi: claim,
            witness,
            cells,
        });
    }
}

/// The best witness that a scan of every branch and polishing find, and all points tried.
///
/// # Errors
/// `to` beyond the reach; no error that can be told from 0.
pub fn seek(branches: &[Branch], to: &Float) -> Result<(Witness, Vec<f64>)> {
    let end = to.to_f64_round(Round::Down);
    let mut best: Option<Witness> = None;
    let mut points = Vec::new();
    for branch in branches {
        for y in candidates(branch, end) {
            let polished = polish(branch, y, end)?;
            points.push(polished.0);
            let found = at(branch, polished);
            if best.as_ref().is_none_or(|b| found.lo > b.lo) {
                best = Some(found);
            }
        }
    }
    let best = best.filter(|w| w.lo > 0).ok_or_else(|| {
        ErrorKind::NotConverged("the error could not be told from 0 at any point".into())
    })?;
    Ok((best, points))
}

fn at(branch: &Branch, (y, lo): (f64, Float)) -> Witness {
    let sign = if branch.side == Side::Negative {
        -1.0
    } else {
        1.0
    };
    Witness {
        x: Float::with_val(branch.prec, sign * y),
        lo,
    }
}
