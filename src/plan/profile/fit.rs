//! The cost model of this program's own evaluator, fitted to times that were measured at a few levels.
//!
//! **Method** With L primes of Q at a level, k special primes and d digits, a key switch raises the digits, d (L + k)
//! transforms; multiplies them with both halves of the key, 2 d (L + k) products of a limb; and divides both halves by P,
//! 2 (L + k) transforms. So, with a product's and an automorphism's own share by the limb,
//! ```text
//! mul            u d(L+k) + i 2d(L+k) + v 2(L+k) + t L
//! mul_rescale    u d(L+k) + i 2d(L+k) + v 2(L+k) + t' L
//! rotate         u d(L+k) + i 2d(L+k) + v 2(L+k) + r L
//! rotate_hoisted            i 2d(L+k) + v 2(L+k) + r L
//! rescale        s 2L
//! add            a L + a' L^2            so add_plain and mul_plain
//! ```
//! The square is for caches, which many limbs leave.
//! The coefficients are those of least squares of the relative error that are not negative, found by trying every subset
//! of them: there are six at most in one system, and no iteration that could fail to converge.

use crate::ckks::parameters::Parameters;
use crate::error::{Error, Result};
use crate::plan::profile::cost::{Entry, Operation, Status, OPERATIONS};
use std::collections::BTreeMap;

/// What the model counts at a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Primes of Q.
    pub primes: f64,
    /// Special primes.
    pub special: f64,
    /// Digits of a key switch.
    pub digits: f64,
}

impl Shape {
    /// At a level of checked parameters.
    #[must_use]
    pub fn of(parameters: &Parameters, level: usize) -> Self {
        Self {
            primes: (level + 1) as f64,
            special: parameters.p().len() as f64,
            digits: parameters.digits(level).len() as f64,
        }
    }

    /// d (L + k).
    #[must_use]
    pub fn raised(&self) -> f64 {
        self.digits * (self.primes + self.special)
    }

    /// L + k.
    #[must_use]
    pub fn extended(&self) -> f64 {
        self.primes + self.special
    }
}

/// A time that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Of what.
    pub operation: Operation,
    /// At which level of the chain.
    pub level: usize,
    /// What the model counts there.
    pub shape: Shape,
    /// Milliseconds.
    pub measure_ms: f64,
}

/// Unknowns: ModUp, inner product and ModDown by transform or product of a limb; then by limb the product's own work, the
/// same where it is rescaled, the automorphism's; a transform of a rescale; add, add_plain, mul_plain, two each.
const UNKNOWNS: usize = 13;
/// Key switches have the first six unknowns.
const SWITCH: usize = 6;
/// Unknowns that belong together: no other row has them.
const SYSTEMS: [std::ops::Range<usize>; 5] = [0..SWITCH, 6..7, 7..9, 9..11, 11..13];

/// The fitted model: milliseconds by unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    coefficients: [f64; UNKNOWNS],
    /// Greatest |estimate/measured - 1| over the points.
    pub measure_worst: f64,
}

fn row(operation: Operation, s: Shape) -> [f64; UNKNOWNS] {
    let mut row = [0.0; UNKNOWNS];
    let switched = [s.raised(), 2.0 * s.raised(), 2.0 * s.extended()];
    let own = match operation {
        Operation::Mul => 3,
        Operation::MulRescale => 4,
        Operation::Rotate | Operation::RotateHoisted => 5,
        Operation::Rescale => 6,
        Operation::Add => 7,
        Operation::AddPlain => 9,
        Operation::MulPlain => 11,
    };
    row[own] = if own == SWITCH {
        2.0 * s.primes
    } else {
        s.primes
    };
    if own > SWITCH {
        row[own + 1] = s.primes * s.primes;
    }
    if own < SWITCH {
        row[..3].copy_from_slice(&switched);
    }
    if operation == Operation::RotateHoisted {
        row[0] = 0.0;
    }
    row
}

impl Fit {
    /// Fits the model.
    ///
    /// **Inputs** times above 0 of every operation, each at two levels at least.
    ///
    /// # Errors
    /// An operation without enough times, or a time that is not above 0.
    pub fn new(points: &[Point]) -> Result<Self> {
        for operation in OPERATIONS {
            let count = points.iter().filter(|p| p.operation == operation).count();
            if count < 2 {
                let name = operation.name();
                return Err(Error::domain(format!(
                    "{name} was measured at {count} levels: 2 at least"
                )));
            }
        }
        if let Some(p) = points
            .iter()
            .find(|p| !(p.measure_ms > 0.0 && p.measure_ms.is_finite()))
        {
            let (name, level) = (p.operation.name(), p.level);
            return Err(Error::domain(format!(
                "{name} at level {level} took {} ms: no time that a clock can tell",
                p.measure_ms
            )));
        }
        let mut coefficients = [0.0; UNKNOWNS];
        let all: Vec<([f64; UNKNOWNS], f64)> = (points.iter())
            .map(|p| (row(p.operation, p.shape).map(|x| x / p.measure_ms), 1.0))
            .collect();
        for unknowns in SYSTEMS {
            let rows: Vec<(Vec<f64>, f64)> = all
                .iter()
                .map(|(row, y)| (row[unknowns.clone()].to_vec(), *y))
                .filter(|(row, _)| row.iter().any(|&x| x != 0.0))
                .collect();
            let found = least_squares(&rows, unknowns.len());
            coefficients[unknowns].copy_from_slice(&found);
        }
        let mut fit = Self {
            coefficients,
            measure_worst: 0.0,
        };
        let off = |p: &Point| (fit.estimate_ms(p.operation, p.shape) / p.measure_ms - 1.0).abs();
        fit.measure_worst = points.iter().map(off).fold(0.0, f64::max);
        Ok(fit)
    }

    /// *Estimate*: milliseconds of an operation.
    #[must_use]
    pub fn estimate_ms(&self, operation: Operation, shape: Shape) -> f64 {
        let row = row(operation, shape);
        row.iter().zip(self.coefficients).map(|(x, c)| x * c).sum()
    }

    /// *Estimate*: milliseconds of raising the digits of one element.
    #[must_use]
    pub fn estimate_up_ms(&self, shape: Shape) -> f64 {
        self.coefficients[0] * shape.raised()
    }

    /// *Estimate*: milliseconds of the products of raised digits with a key.
    #[must_use]
    pub fn estimate_inner_ms(&self, shape: Shape) -> f64 {
        self.coefficients[1] * 2.0 * shape.raised()
    }

    /// *Estimate*: milliseconds of dividing so many elements by the special primes.
    #[must_use]
    pub fn estimate_down_ms(&self, shape: Shape, elements: f64) -> f64 {
        self.coefficients[2] * elements * shape.extended()
    }

    /// *Estimate*: milliseconds of one transform of a limb, at most: a rescale does little else.
    #[must_use]
    pub fn estimate_transform_ms(&self) -> f64 {
        self.coefficients[6]
    }

    /// *Estimate*: milliseconds of the product of one limb with a plaintext's.
    #[must_use]
    pub fn estimate_limb_ms(&self, shape: Shape) -> f64 {
        // A product with a plaintext is one of each half.
        self.estimate_ms(Operation::MulPlain, shape) / (2.0 * shape.primes)
    }

    /// Entries of a profile for `levels` usable levels, of which the lowest is level `reserve` of the chain.
    ///
    /// What was measured stands as it was; every other level is filled in by the fit, and marked assumed.
    #[must_use]
    pub fn entries(
        &self,
        parameters: &Parameters,
        points: &[Point],
        reserve: usize,
        levels: usize,
    ) -> BTreeMap<Operation, Entry> {
        let worst = (self.measure_worst * 1000.0).ceil() / 10.0;
        let note = format!(
            "least squares of the cost model; it misses what was measured by {worst} % at most"
        );
        let entry = |operation: Operation| {
            let lowest = match operation {
                Operation::Rescale | Operation::MulRescale => 1,
                _ => 0,
            };
            let measured = |level: usize| {
                let here = |p: &&Point| p.operation == operation && p.level == level + reserve;
                points.iter().find(here).map(|p| p.measure_ms)
            };
            let figures = lowest..=levels;
            let ms = (0..=levels).map(|level| {
                let shape = Shape::of(parameters, level + reserve);
                let ms = measured(level).unwrap_or_else(|| self.estimate_ms(operation, shape));
                figures.contains(&level).then(|| round(ms))
            });
            Entry {
                status: Status::Measured,
                ms: ms.collect(),
                assumed_levels: figures.clone().filter(|&l| measured(l).is_none()).collect(),
                note: Some(note.clone()),
            }
        };
        OPERATIONS.map(|o| (o, entry(o))).into_iter().collect()
    }
}

/// Four digits: no clock tells more.
#[must_use]
pub fn round(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

/// x >= 0 of least |A x - y|, by trying which of its parts are 0.
fn least_squares(rows: &[(Vec<f64>, f64)], unknowns: usize) -> Vec<f64> {
    let mut best = (f64::INFINITY, vec![0.0; unknowns]);
    for subset in 1u32..1 << unknowns {
        let chosen: Vec<usize> = (0..unknowns).filter(|i| subset >> i & 1 == 1).collect();
        let Some(found) = solve(rows, &chosen) else {
            continue;
        };
        if found.iter().any(|&x| x < 0.0) {
            continue;
        }
        let mut x = vec![0.0; unknowns];
        chosen.iter().zip(&found).for_each(|(&i, &v)| x[i] = v);
        let off = |(row, y): &(Vec<f64>, f64)| {
            let value: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            (value - y) * (value - y)
        };
        let sum: f64 = rows.iter().map(off).sum();
        // A subset that adds nothing but rounding is not preferred.
        if sum < best.0 * (1.0 - 1e-9) {
            best = (sum, x);
        }
    }
    best.1
}

/// The normal equations of some columns, by elimination with pivots; none where they are dependent.
fn solve(rows: &[(Vec<f64>, f64)], columns: &[usize]) -> Option<Vec<f64>> {
    let n = columns.len();
    // Columns to length 1: they are in units of very different size.
    let length = |c: usize| rows.iter().map(|(r, _)| r[c] * r[c]).sum::<f64>().sqrt();
    let lengths: Vec<f64> = columns.iter().map(|&c| length(c)).collect();
    if lengths.iter().any(|&l| l <= 0.0) {
        return None;
    }
    let mut m = vec![vec![0.0; n + 1]; n];
    for (row, y) in rows {
        for i in 0..n {
            let a = row[columns[i]] / lengths[i];
            for j in 0..n {
                m[i][j] += a * row[columns[j]] / lengths[j];
            }
            m[i][n] += a * y;
        }
    }
    for i in 0..n {
        let pivot = (i..n).max_by(|&a, &b| m[a][i].abs().total_cmp(&m[b][i].abs()))?;
        m.swap(i, pivot);
        if m[i][i].abs() < 1e-10 {
            return None;
        }
        let row = m[i].clone();
        for (_, other) in m.iter_mut().enumerate().filter(|(k, _)| *k != i) {
            let factor = other[i] / row[i];
            other
                .iter_mut()
                .zip(&row)
                .for_each(|(x, y)| *x -= factor * y);
        }
    }
    Some((0..n).map(|i| m[i][n] / m[i][i] / lengths[i]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::parameters::Literal;

    fn points(parameters: &Parameters, of: impl Fn(Operation, Shape) -> f64) -> Vec<Point> {
        let mut points = Vec::new();
        for level in [4, 12, 20, 28] {
            let shape = Shape::of(parameters, level);
            points.extend(OPERATIONS.map(|operation| Point {
                operation,
                level,
                shape,
                measure_ms: of(operation, shape),
            }));
        }
        points
    }

    #[test]
    fn a_model_is_found_again() {
        let parameters = Parameters::new(&Literal::set_b()).unwrap();
        let truth = [
            0.3, 0.1, 0.2, 0.05, 0.02, 0.0, 0.2, 0.05, 0.001, 0.03, 0.0, 0.06, 0.002,
        ];
        let of = |o, s| -> f64 { row(o, s).iter().zip(truth).map(|(x, c)| x * c).sum() };
        let fit = Fit::new(&points(&parameters, of)).unwrap();
        for (found, truth) in fit.coefficients.iter().zip(truth) {
            assert!((found - truth).abs() < 1e-6, "{:?}", fit.coefficients);
        }
        assert!(fit.measure_worst < 1e-9);
        // Shapes that were not measured, and six digits of five primes at the top.
        let top = Shape::of(&parameters, 28);
        assert_eq!((top.primes, top.special, top.digits), (29.0, 5.0, 6.0));
        let entries = fit.entries(&parameters, &points(&parameters, of), 2, 26);
        let mul = &entries[&Operation::Mul];
        assert_eq!(mul.ms.len(), 27);
        assert_eq!(mul.assumed_levels.len(), 27 - 4);
        assert!(!mul.assumed_levels.contains(&2) && mul.assumed_levels.contains(&3));
        let expected = round(of(Operation::Mul, Shape::of(&parameters, 9)));
        assert_eq!(mul.ms[7], Some(expected));
        assert_eq!(entries[&Operation::Rescale].ms[0], None);
    }

    /// A time that would make a coefficient negative makes it 0, and the rest is fitted without it.
    #[test]
    fn no_cost_is_negative() {
        let parameters = Parameters::new(&Literal::set_b()).unwrap();
        let truth = [
            0.3, 0.1, 0.2, 0.05, -0.4, 0.01, 0.2, 0.05, 0.0, 0.03, 0.0, 0.06, 0.0,
        ];
        let of = |o, s| -> f64 { row(o, s).iter().zip(truth).map(|(x, c)| x * c).sum() };
        let fit = Fit::new(&points(&parameters, of)).unwrap();
        assert!(fit.coefficients.iter().all(|&c| c >= 0.0), "{fit:?}");
        assert!(
            fit.measure_worst > 0.001 && fit.measure_worst < 0.2,
            "{fit:?}"
        );
    }

    #[test]
    fn times_that_are_none_are_refused() {
        let parameters = Parameters::new(&Literal::set_b()).unwrap();
        let mut some = points(&parameters, |_, _| 1.0);
        some[3].measure_ms = 0.0;
        let said = Fit::new(&some).unwrap_err().to_string();
        assert!(said.contains("mul at level 4 took 0 ms"), "{said}");
        some.retain(|p| p.operation != Operation::Add || p.level == 4);
        let said = Fit::new(&some).unwrap_err().to_string();
        assert!(said.contains("add was measured at 1 levels"), "{said}");
    }
}
