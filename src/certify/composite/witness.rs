//! Points where the error is large: untrusted search, rigorous value.
//!
//! A scan in f64 finds candidates, a secant iteration on the error's slope polishes them at working
//! precision; the value reported for a point is a proved lower bound whatever the search did.

use crate::certify::composite::cascade::Branch;
use crate::certify::composite::cells::{deviation, deviation_slope};
use crate::error::Result;
use rug::Float;

/// A point and a proved lower bound of the quantity there.
#[derive(Debug, Clone)]
pub struct Witness {
    /// Signed x of the composite: minus for the negative branch.
    pub x: Float,
    /// Proved lower bound at x.
    pub lo: Float,
}

/// Scan points in (0, to]: 8 an octave from `to` down to 2^-40 of it, where humps are, and `even` at
/// equal distances, where oscillations are. Only exactly rounded operations: the same everywhere.
pub fn scan(to: f64, even: u32) -> Vec<f64> {
    const EIGHTH_OCTAVE: f64 = 0.917_004_043_204_671_2; // 2^(-1/8)
    let mut points: Vec<f64> = std::iter::successors(Some(to), |y| Some(y * EIGHTH_OCTAVE))
        .take(320)
        .collect();
    points.extend((1..even).map(|j| to * f64::from(j) / f64::from(even)));
    points
}

/// Points in (0, to] where y |1 - q(y)|/2 has its largest values, by an f64 scan; `to` is one.
pub fn candidates(branch: &Branch, to: f64) -> Vec<f64> {
    let g = |y: f64| (y * (1.0 - branch.estimate(y)) / 2.0).abs();
    let mut points = scan(to, 256);
    points.sort_by(f64::total_cmp);
    let values: Vec<f64> = points.iter().map(|&y| g(y)).collect();
    let n = points.len();
    let peak = |i: usize| {
        (i == 0 || values[i] >= values[i - 1]) && (i + 1 == n || values[i] >= values[i + 1])
    };
    let mut peaks: Vec<usize> = (0..n)
        .filter(|&i| values[i].is_finite() && peak(i))
        .collect();
    peaks.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    peaks.truncate(3);
    let best = peaks.first().map_or(0.0, |&i| values[i]);
    let mut found: Vec<f64> = peaks
        .into_iter()
        .filter(|&i| values[i] > 0.9 * best)
        .map(|i| points[i])
        .collect();
    if !found.contains(&to) {
        found.push(to);
    }
    found
}

/// Moves a point to the nearby maximum of y |1 - q(y)|/2 and proves the value there.
///
/// # Errors
/// A point outside the branch's reach.
pub fn polish(branch: &Branch, start: f64, to: f64) -> Result<(f64, Float)> {
    let value = |y: f64| -> Result<(Float, f64)> {
        let jet = branch.jet(&Float::with_val(branch.prec, y))?;
        Ok((
            deviation(&jet).mignitude(),
            deviation_slope(&jet).ball().0.to_f64(),
        ))
    };
    let (mut best_y, (mut best, mut slope)) = (start, value(start)?);
    // Secant on g', kept inside a bracket of one scan step.
    let (low, high) = (start * 0.9, (start * 1.1).min(to));
    let mut previous: Option<(f64, f64)> = None;
    let mut y = start;
    for i in 0..14 {
        let next = match previous {
            None => y * (1.0 + 1e-4 * slope.signum() * if best.is_zero() { 0.0 } else { 1.0 }),
            Some((y0, s0)) if (slope - s0).abs() > 0.0 => y - slope * (y - y0) / (slope - s0),
            Some(_) => break,
        };
        let next = next.clamp(low, high);
        if next == y {
            break;
        }
        let (g, s) = value(next)?;
        previous = Some((y, slope));
        let settled = (next - y).abs() <= 1e-9 * y && i > 0;
        (y, slope) = (next, s);
        if g > best {
            (best_y, best) = (next, g);
        }
        if settled {
            break;
        }
    }
    Ok((best_y, best))
}
