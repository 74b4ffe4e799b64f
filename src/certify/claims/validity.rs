//! How far beyond its domain a composite keeps its error: where the stated bound itself still holds.
//!
//! The overflow margin says where |r| stays bounded. That is no statement about the error: shortly beyond the
//! domain p leaves 1, and the sign may be wrong long before r runs away. Here the error is the one that is asked
//! about, and its bound the claim where that is proved, else the proved maximum over the domain.
//!
//! # Method
//! ReLU's error: its value beyond the domain is followed outward until it first passes the bound, an estimate; cells
//! then prove the bound up to just before that point, behind the cells of the domain itself. Closeness to sign: the
//! image of the cascade is exact and grows with the interval, so bisection on the proved bound suffices.

use crate::certify::claims::closeness::{self, Closeness};
use crate::certify::claims::relu_error::ReluError;
use crate::certify::composite::cascade::{common_reach, Branch};
use crate::certify::composite::cells::{deviation, extend, Cells, Cover, Peaks};
use crate::certify::published;
use crate::error::Result;
use rug::float::Round;
use rug::{Float, Rational};

/// Smallest relative margin that is looked for: 2^-40.
const FINEST: f64 = 1.0 / (1u64 << 40) as f64;
/// What part of the margin is given up until cells are found.
const BACK: [f64; 4] = [1.0 / 1024.0, 1.0 / 64.0, 0.25, 0.75];

/// The error stays within a bound up to |x| <= to, farther than the domain.
#[derive(Debug, Clone)]
pub struct Validity {
    /// The domain |x| <= to.
    pub to: Rational,
    /// The bound of the composite's error.
    pub bound: Rational,
    /// Cells for every branch: of ReLU's error alone.
    pub cells: Vec<Cells>,
}

/// Where |r - ReLU| <= bound still holds beyond the domain of `known`, if it does: `bound` is its own or more.
///
/// **Guarantee** |r - ReLU| <= bound for |x| <= to, by the cells.
/// **Cost** some fifty jets a branch, and the cells beyond the domain.
///
/// # Errors
/// What evaluation within the branches' reach refuses.
pub fn of_relu(
    branches: &[Branch],
    known: &ReluError,
    bound: &Rational,
) -> Result<Option<Validity>> {
    let start = known.to.to_f64_round(Round::Up);
    let most = common_reach(branches);
    // Room for another checker's rounding, as in the domain: an eighth of what is above the witness.
    let prec = known.witness.lo.prec();
    let bound_down = Float::with_val_round(prec, bound, Round::Down).0;
    let room = Float::with_val(prec, &bound_down - &known.witness.lo) / 8u32;
    if room <= 0 {
        return Ok(None);
    }
    let limit = Float::with_val_round(prec, &bound_down - &room, Round::Down).0;
    let within = |y: f64| -> Result<bool> {
        for branch in branches {
            let jet = branch.jet(&Float::with_val(branch.prec, y))?;
            if deviation(&jet).magnitude() > limit {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let Some(end) = farthest(start, most, within)? else {
        return Ok(None);
    };
    let gap = Float::with_val(53, &room / &known.witness.lo).to_f64();
    let peaks = Peaks {
        points: vec![end],
        room: gap.min(1.0),
    };
    'back: for back in BACK {
        let to = end - (end - start) * back;
        if to <= start {
            break;
        }
        let reached = Float::with_val(prec, to);
        let mut cells = Vec::with_capacity(branches.len());
        for (branch, before) in branches.iter().zip(&known.cells) {
            match extend(branch, before, &reached, (&limit, &limit), &peaks)? {
                Cover::Done(all) => cells.push(all),
                _ => continue 'back,
            }
        }
        let to = Rational::from_f64(to).unwrap_or_default();
        let bound = bound.clone();
        return Ok(Some(Validity { to, bound, cells }));
    }
    Ok(None)
}

/// Where |p - sign| <= bound still holds beyond the domain of `known`, if it does.
///
/// **Guarantee** |p - sign| <= bound for from <= |x| <= to.
///
/// # Errors
/// What evaluation within the branches' reach refuses.
pub fn of_closeness(
    branches: &[Branch],
    known: &Closeness,
    bound: &Rational,
) -> Result<Option<Validity>> {
    let within = |y: f64| -> Result<bool> {
        let to = Rational::from_f64(y).unwrap_or_default();
        let found = closeness::bound(branches, &known.from, &to)?;
        Ok(published::upper(&found) <= *bound)
    };
    let start = crate::arith::number::f64_above(&known.to);
    let end = farthest(start, common_reach(branches), within)?;
    Ok(end.map(|end| Validity {
        to: Rational::from_f64(end).unwrap_or_default(),
        bound: bound.clone(),
        cells: Vec::new(),
    }))
}

/// A point beyond `start`, as far as the steps outward find `within` to hold without a break, and bisection behind
/// the first break; none if it fails at once.
fn farthest(start: f64, most: f64, within: impl Fn(f64) -> Result<bool>) -> Result<Option<f64>> {
    let (mut good, mut bad) = (None, None);
    let mut margin = FINEST;
    while bad.is_none() {
        let at = (start * (1.0 + margin)).min(most);
        if at <= start {
            return Ok(None);
        }
        if !within(at)? {
            bad = Some(at);
        } else {
            good = Some(at);
            if at >= most {
                return Ok(good);
            }
        }
        margin *= 1.5;
    }
    let (Some(mut good), Some(mut bad)) = (good, bad) else {
        return Ok(None);
    };
    while bad - good > (good - start) / 4096.0 {
        let middle = good + (bad - good) / 2.0;
        if middle <= good || middle >= bad {
            break;
        }
        if within(middle)? {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Ok(Some(good))
}
