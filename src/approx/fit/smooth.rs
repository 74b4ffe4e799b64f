//! Best uniform approximation of a smooth function on one interval: Remez exchange with a weight.
//!
//! Method: levelled interpolation of w f on n + 2 points in the Chebyshev basis, extrema of w (f - p) by a scan with
//! repeated parabolas, exchange of all of them. With w = 1 the absolute error is levelled, with w = 1/f the relative one.
//! Everything is an *estimate*.

use crate::approx::fit::general::{
    alternating, chebyshev, failed, is_nothing, level, refined, series, solve, Extremum, Fit,
    MAX_DEGREE, PREC,
};
use crate::error::{Error, Result};
use rug::Float;

/// The error is levelled to this ratio.
const GOAL: f64 = 1e-12;
const MAX_EXCHANGES: usize = 60;
/// Working precisions in bits, the first at which the error is above rounding: that of high degrees is tiny.
const PRECISIONS: [u32; 4] = [PREC, 2 * PREC, 4 * PREC, 8 * PREC];
/// How far references are moved to one side, one after another.
const SKEWS: [f64; 4] = [0.0, 0.1, -0.1, 0.3];

/// f(u) and w(u) for u in [-1, 1], to the precision of u.
pub type Weighted<'a> = dyn Fn(&Float) -> Result<(Float, Float)> + 'a;

/// w(u) (f(u) - p(u)).
fn error(f: &Weighted, u: &Float, c: &[Float]) -> Result<Float> {
    let (f, w) = f(u)?;
    Ok((f - series(c, u)) * w)
}

/// Fits f on [-1, 1].
///
/// *Estimate*: levelled to a relative 1e-12. **Cost** a linear system and some 30 evaluations of f a degree for each of
/// about 8 exchanges.
/// **Source**: Remez 1934; Cheney ch. 3.
///
/// # Errors
/// A degree outside 0..=127; what f fails with; not converged.
pub fn minimax(f: &Weighted, degree: usize) -> Result<Fit> {
    if degree > MAX_DEGREE {
        return Err(Error::domain(format!(
            "degree {degree}; up to {MAX_DEGREE} are fitted"
        )));
    }
    let prec = precision(f, degree)?;
    let mut last = failed(f64::INFINITY);
    // A symmetric reference of an even or odd f can have level 0.
    for skew in SKEWS {
        match exchange(f, degree, start(degree + 2, skew, prec)) {
            Ok(fit) => return Ok(fit),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// The working precision of which the level of a first reference is more than a third of the bits above rounding.
fn precision(f: &Weighted, degree: usize) -> Result<u32> {
    for prec in PRECISIONS {
        for skew in SKEWS {
            let (_, level) = levelled(f, degree, &start(degree + 2, skew, prec))?;
            if level.abs() > Float::with_val(prec, 1) >> (prec / 3) {
                return Ok(prec);
            }
        }
    }
    // A polynomial, or as good as one.
    Ok(PREC)
}

/// Extrema of T_(count - 1), moved to one side by a square.
fn start(count: usize, skew: f64, prec: u32) -> Vec<Float> {
    let pi = Float::with_val(prec, rug::float::Constant::Pi);
    let points = (0..count).map(|i| {
        let part = Float::with_val(prec, i as u32) / (count - 1) as u32;
        let square = Float::with_val(prec, part.square_ref());
        let part = part * (1.0 - skew) + square * skew;
        -(part * &pi).cos()
    });
    points.collect()
}

fn exchange(f: &Weighted, degree: usize, mut points: Vec<Float>) -> Result<Fit> {
    let count = degree + 2;
    let mut best = f64::INFINITY;
    for _ in 0..MAX_EXCHANGES {
        let (c, _) = levelled(f, degree, &points)?;
        let mut found = extrema(f, &c, 20 * count)?;
        for u in &points {
            let error = error(f, u, &c)?;
            found.push(Extremum {
                u: u.clone(),
                error,
            });
        }
        found.sort_by(|a, b| a.u.partial_cmp(&b.u).unwrap_or(std::cmp::Ordering::Equal));
        let Some(chosen) = alternating(found, count) else {
            return Err(failed(best));
        };
        let (largest, excess) = level(&chosen);
        best = best.min(excess);
        if excess < GOAL || is_nothing(&largest) {
            return Ok(Fit {
                chebyshev: c,
                estimate_error: largest,
                estimate_excess: excess,
            });
        }
        points = chosen.into_iter().map(|e| e.u).collect();
    }
    Err(failed(best))
}

/// Solves w sum c_j T_j(u_k) + (-1)^k h = w f(u_k): c and h.
fn levelled(f: &Weighted, degree: usize, points: &[Float]) -> Result<(Vec<Float>, Float)> {
    let mut rows = Vec::with_capacity(points.len());
    for (k, u) in points.iter().enumerate() {
        let (f, w) = f(u)?;
        let mut row: Vec<Float> = chebyshev(u, degree).into_iter().map(|t| t * &w).collect();
        row.push(Float::with_val(u.prec(), if k % 2 == 0 { 1 } else { -1 }));
        row.push(f * w);
        rows.push(row);
    }
    let mut solution = solve(rows)?;
    let level = solution.pop().ok_or_else(|| failed(f64::INFINITY))?;
    Ok((solution, level))
}

/// Local extrema of |error|, in order; ends included.
fn extrema(f: &Weighted, c: &[Float], samples: usize) -> Result<Vec<Extremum>> {
    let mut points = Vec::with_capacity(samples + 1);
    let prec = c.first().map_or(PREC, Float::prec);
    for u in start(samples + 1, 0.0, prec) {
        let error = error(f, &u, c)?;
        points.push(Extremum { u, error });
    }
    let mut found = Vec::new();
    for k in 0..=samples {
        let size = |j: usize| points[j].error.clone().abs();
        let before = k == 0 || size(k) >= size(k - 1);
        let after = k == samples || size(k) > size(k + 1);
        if !(before && after) {
            continue;
        }
        if k == 0 || k == samples {
            found.push(points[k].clone());
        } else {
            let around = [&points[k - 1], &points[k], &points[k + 1]];
            found.push(refined(around, |u| error(f, u, c))?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// exp on [-1, 1], degree 3: 5.5283e-3 (Rice 1964 and many others); x^4 by degree 3: 1/8, odd and even parts apart.
    #[test]
    fn known_errors() {
        let one = || Float::with_val(PREC, 1);
        let exp = |u: &Float| Ok((u.clone().exp(), one()));
        let fit = minimax(&exp, 3).unwrap();
        assert!((fit.estimate_error.to_f64() - 5.528_370e-3).abs() < 1e-8);
        let quartic = |u: &Float| Ok((u.clone().square().square(), one()));
        let fit = minimax(&quartic, 3).unwrap();
        assert!((fit.estimate_error.to_f64() - 0.125).abs() < 1e-12);
        // A constant for exp, relative: values 1/e and e, so (e^2 - 1)/(e^2 + 1).
        let relative = |u: &Float| Ok((u.clone().exp(), (-u.clone()).exp()));
        let fit = minimax(&relative, 0).unwrap();
        assert!((fit.estimate_error.to_f64() - 1.0f64.tanh()).abs() < 1e-12);
        // 2^-63 / 64!, nearly: far below the first working precision.
        let precise = |u: &Float| Ok((u.clone().exp(), Float::with_val(u.prec(), 1)));
        let size = minimax(&precise, 63).unwrap().estimate_error;
        let taylor = Float::with_val(64, Float::factorial(64)).recip() >> 63u32;
        assert!(((size / taylor).to_f64() - 1.0).abs() < 0.02);
    }
}
