//! The cells of a block: its domain is halved where the bound is largest.

use crate::arith::mp::Mp;
use crate::arith::Interval;
use crate::certify::composite::cascade::Branch;
use crate::error::{Error, ErrorKind, Result};
use crate::noise::composite::fresh::Noisy;
use crate::noise::composite::propagate::{Carried, Carrier, Margin};
use crate::noise::composite::PREC;
use rug::Float;

/// Cells of a block that the refinement may use.
pub(super) const MAX_CELLS: usize = 96;
/// Where p itself is bounded: cells whose bound is at most this many times that of a single point of theirs are
/// not halved, since nothing is gained by it that matters, and a checker pays for each.
const ENOUGH: f64 = 1.0 + 1.0 / 64.0;
/// Cells are not halved below this share of the domain.
const SHORTEST: f64 = 1.0 / (1u64 << 24) as f64;

/// The cells of a block on one branch, and the worst of what they carry.
pub(in crate::noise) struct Refined {
    /// The ends of the cells.
    pub points: Vec<f64>,
    /// The worst result.
    pub result: Noisy,
    /// `bound` of the noise of every stage in the worst cell.
    pub bound_stages: Vec<f64>,
}

/// At most so many cells of the domain `ends`, those with the largest bound halved again and again; until that gains little more, if
/// that is `enough`.
pub(in crate::noise) fn refine(
    carrier: &Carrier<'_>,
    branch: &Branch,
    (ends, most): ((f64, f64), usize),
    enough: bool,
    values: &mut [Noisy],
) -> Result<std::result::Result<Refined, Margin>> {
    struct Cell {
        lo: f64,
        hi: f64,
        carried: Carried,
    }
    let mut done: Vec<Cell> = Vec::with_capacity(most);
    let shortest = SHORTEST * (ends.1 - ends.0);
    let mut open = vec![ends];
    loop {
        while let Some((lo, hi)) = open.pop() {
            let cell = Mp {
                lo: Float::with_val(PREC, lo),
                hi: Float::with_val(PREC, hi),
            };
            // A wide cell may seem to lack margin, or to wrap, where its parts do not: it is halved.
            let stuck = hi - lo < shortest || done.len() + open.len() > most;
            match carrier.carry(branch, &cell, values) {
                Ok(Ok(carried)) => {
                    done.push(Cell { lo, hi, carried });
                    continue;
                }
                Ok(Err(margin)) if stuck => return Ok(Err(margin)),
                Err(error) if stuck || !matches!(error.kind, ErrorKind::Domain(_)) => {
                    return Err(error)
                }
                _ => {}
            }
            let middle = (lo + hi) / 2.0;
            open.push((middle, hi));
            open.push((lo, middle));
        }
        let bound = |c: &Cell| c.carried.result.bound_error;
        let order = |a: &usize, b: &usize| bound(&done[*a]).total_cmp(&bound(&done[*b]));
        let Some(largest) = (0..done.len()).max_by(order) else {
            return Err(Error::domain("no cells"));
        };
        let narrow = done[largest].hi - done[largest].lo < shortest;
        let mut last = done.len() >= most || narrow;
        if enough && !last {
            let point = Mp::exact(&Float::with_val(
                PREC,
                (done[largest].lo + done[largest].hi) / 2.0,
            ));
            if let Ok(Ok(carried)) = carrier.carry(branch, &point, values) {
                last = bound(&done[largest]) <= ENOUGH * carried.result.bound_error;
            }
        }
        if last {
            let worst = done[largest].carried.clone();
            let hull = |v: Interval, c: &Cell| v.convex_hull(c.carried.result.value);
            let value = done.iter().fold(worst.result.value, hull);
            done.sort_by(|a, b| a.lo.total_cmp(&b.lo));
            let mut points: Vec<f64> = done.iter().map(|c| c.lo).collect();
            points.push(ends.1);
            return Ok(Ok(Refined {
                points,
                result: Noisy {
                    value,
                    ..worst.result
                },
                bound_stages: worst.bound_stages,
            }));
        }
        let Cell { lo, hi, .. } = done.swap_remove(largest);
        let middle = (lo + hi) / 2.0;
        open.push((middle, hi));
        open.push((lo, middle));
    }
}
