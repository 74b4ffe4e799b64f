//! Clip through two ReLUs: l + R(x - l) - R(x - u), where R(x) = B r(x/B).
//!
//! clip(x, l, u) = l + ReLU(x - l) - ReLU(x - u), so both errors of at most B E add up at worst. The witness
//! is the best of a scan; the two errors seldom meet with opposite signs, so it may be well below 2 B E.

use crate::arith::mp::Mp;
use crate::certify::claims::relu_error::ReluError;
use crate::certify::composite::cascade::Branch;
use crate::certify::composite::witness::{candidates, Witness};
use crate::error::{Error, Result};
use crate::function::target::Target;
use crate::poly::composite::Side;
use rug::{Float, Rational};

/// A proved bound of the clip's error.
#[derive(Debug, Clone)]
pub struct Clip {
    /// Least x: u - B to.
    pub from: Rational,
    /// Greatest x: l + B to.
    pub to: Rational,
    /// Upper bound of the error.
    pub bound_hi: Rational,
    /// Where, and how much at least.
    pub witness: Witness,
}

/// Bounds the error of a clip on the largest range that the error of ReLU is bounded on.
///
/// **Inputs** `e` the published bound of the error of ReLU on [-W, W].
/// **Guarantee** witness.lo <= maximum error <= bound_hi.
///
/// # Errors
/// Ends that are not in order; a B too small for any x.
pub fn bound(
    branches: &[Branch],
    relu_error: &ReluError,
    target: &Target,
    e: &Rational,
) -> Result<Clip> {
    let (l, u) = &target.ends;
    if l >= u {
        return Err(Error::domain(format!(
            "a clip to [{l}, {u}]: the lower end is not below the upper"
        )));
    }
    let reach = relu_error.to.to_rational().unwrap_or_default() * &target.scale;
    let (from, to) = (Rational::from(u - &reach), Rational::from(l + &reach));
    if from >= to {
        let least = Rational::from(u - l) / 2u32;
        return Err(Error::domain(format!(
            "x - l and x - u must stay within B to = {reach}, which holds for no x: take --bound above {least}"
        )));
    }
    let bound_hi = Rational::from(e * 2u32) * &target.scale;
    let error = |x: &Rational| error_at(branches, target, x);
    let mut best: Option<Witness> = None;
    for x in scan(branches, target, (&from, &to)) {
        let lo = error(&x)?;
        if best.as_ref().is_none_or(|b| lo > b.lo) {
            // x has 40 fractional bits and at most 64 others.
            let x = Float::with_val(128, &x);
            best = Some(Witness { x, lo });
        }
    }
    let witness = best.ok_or_else(|| Error::domain("no point to evaluate in the clip's range"))?;
    Ok(Clip {
        from,
        to,
        bound_hi,
        witness,
    })
}

/// Points of [from, to] where the error seems large, on a grid of 2^-40.
fn scan(branches: &[Branch], target: &Target, (from, to): (&Rational, &Rational)) -> Vec<Rational> {
    let scale = target.scale.to_f64();
    let ends = [target.ends.0.to_f64(), target.ends.1.to_f64()];
    let g = |d: f64| {
        let found = side(branches, d < 0.0);
        found.map_or(0.0, |b| d.abs() * (1.0 - b.estimate(d.abs())) / 2.0)
    };
    let mut points: Vec<f64> = (0..=512)
        .map(|k| from.to_f64() + (to.to_f64() - from.to_f64()) * f64::from(k) / 512.0)
        .collect();
    for branch in branches {
        for y in candidates(branch, branch.reach().to_f64().min(1.0)) {
            for end in ends {
                points.extend([end + scale * y, end - scale * y]);
            }
        }
    }
    let size = |x: f64| (g((x - ends[1]) / scale) - g((x - ends[0]) / scale)).abs();
    points.retain(|x| x.is_finite() && size(*x).is_finite());
    points.sort_by(|a, b| size(*b).total_cmp(&size(*a)));
    let grid = |x: f64| {
        crate::arith::rounding::nearest_multiple(&Rational::from_f64(x).unwrap_or_default(), -40)
    };
    let mut all: Vec<Rational> = points.into_iter().map(grid).collect();
    all.retain(|x| x >= from && x <= to);
    all.truncate(8);
    all
}

fn side(branches: &[Branch], negative: bool) -> Option<&Branch> {
    let fits = |b: &&Branch| b.side == Side::Both || (b.side == Side::Negative) == negative;
    branches.iter().find(fits)
}

/// Proved lower bound of the error at x (0 where the arguments leave what is prepared).
fn error_at(branches: &[Branch], target: &Target, x: &Rational) -> Result<Float> {
    let prec = branches[0].prec;
    let g = |end: &Rational| -> Option<Mp> {
        let d = Rational::from(x - end);
        let branch = side(branches, d < 0u32)?;
        let y = Mp::from_rational(prec, &(d.abs() / &target.scale));
        if !branch.stages[0].value.covers(&y) {
            return None;
        }
        let images = branch.images(&y);
        let q = images.last()?;
        Some(Mp::int(prec, 1).minus(q).times(&y).half())
    };
    let (Some(upper), Some(lower)) = (g(&target.ends.1), g(&target.ends.0)) else {
        return Ok(Float::new(prec));
    };
    let scale = Mp::from_rational(prec, &target.scale);
    Ok(upper.minus(&lower).times(&scale).mignitude())
}
