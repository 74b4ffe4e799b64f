//! Best uniform approximation of a piecewise linear function by polynomials: Remez exchange on a union of
//! intervals.
//!
//! Method: levelled interpolation on n + 1 points (a linear system in a Chebyshev basis, where it is well
//! conditioned), extrema of the error by a scan of every line with Newton steps, exchange of all of them.
//! Two bases satisfy Haar's condition and serve: all polynomials of degree d on [lo, hi], and the even ones on
//! [0, hi], with or without a constant term (a fixed value at 0). For f = m x + k |x|, such as ReLU, the even
//! fit of k |x| gives x m + even: odd and even parts apart, and r(0) = 0 where it is wanted.
//! Everything is an *estimate*.

use crate::error::{Error, ErrorKind, Result};
use crate::function::shape::Line;
use rug::{Float, Rational};

/// Largest degree that is offered.
pub const MAX_DEGREE: usize = 127;
/// Working precision in bits: levels are good to half of it, extrema to a third.
pub const PREC: u32 = 256;
/// The error is levelled to this ratio.
const GOAL: f64 = 1e-15;
const MAX_EXCHANGES: usize = 60;

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// All polynomials of the degree.
    All,
    /// Even powers.
    Even,
    /// Even powers without the constant: 0 at 0.
    EvenAtZero,
}

/// A fit: coefficients of T_j(u) for u in [-1, 1], and how good it seems.
#[derive(Debug, Clone)]
pub struct Fit {
    /// c_j of T_j, from degree 0 upwards.
    pub chebyshev: Vec<Float>,
    /// Levelled error.
    pub estimate_error: Float,
    /// Largest over least error at the extrema, less 1.
    pub estimate_excess: f64,
}

/// The basis functions on u in [-1, 1].
struct Space {
    basis: Basis,
    size: usize,
}

impl Space {
    fn new(basis: Basis, degree: usize) -> Self {
        let size = match basis {
            Basis::All => degree + 1,
            Basis::Even => degree / 2 + 1,
            Basis::EvenAtZero => degree / 2,
        };
        Self { basis, size }
    }

    /// Degree of the i-th function.
    fn degree(&self, i: usize) -> usize {
        match self.basis {
            Basis::All => i,
            Basis::Even => 2 * i,
            Basis::EvenAtZero => 2 * i + 2,
        }
    }

    /// All functions at u.
    fn values(&self, u: &Float) -> Vec<Float> {
        let top = self.degree(self.size - 1);
        let t = chebyshev(u, top);
        (0..self.size)
            .map(|i| {
                let d = self.degree(i);
                let value = t[d].clone();
                if self.basis == Basis::EvenAtZero {
                    // T_d(0) = (-1)^(d/2)
                    value - if d % 4 == 0 { 1 } else { -1 }
                } else {
                    value
                }
            })
            .collect()
    }

    /// Coefficients of T_j from those of the basis.
    fn expand(&self, c: &[Float]) -> Vec<Float> {
        let mut out = vec![Float::new(PREC); self.degree(self.size - 1) + 1];
        for (i, c) in c.iter().enumerate() {
            let d = self.degree(i);
            out[d] += c;
            if self.basis == Basis::EvenAtZero {
                out[0] -= Float::with_val(PREC, c * if d % 4 == 0 { 1 } else { -1 });
            }
        }
        out
    }
}

/// T_0..T_n at u.
pub(super) fn chebyshev(u: &Float, n: usize) -> Vec<Float> {
    let prec = u.prec();
    let mut t = vec![Float::with_val(prec, 1), u.clone()];
    for j in 2..=n {
        let next = Float::with_val(prec, u * &t[j - 1]) * 2u32 - &t[j - 2];
        t.push(next);
    }
    t.truncate(n + 1);
    t
}

/// f on parts of [-1, 1], as lines in u.
struct Pieces {
    parts: Vec<[Float; 4]>,
}

impl Pieces {
    /// The part that holds u.
    fn part(&self, u: &Float) -> usize {
        let holds = |p: &[Float; 4]| *u >= p[0] && *u <= p[1];
        self.parts.iter().position(holds).unwrap_or(0)
    }

    fn error(&self, part: usize, u: &Float, c: &[Float]) -> Float {
        let [_, _, slope, intercept] = &self.parts[part];
        Float::with_val(PREC, slope * u) + intercept - series(c, u)
    }
}

/// sum c_j T_j(u), by Clenshaw's recurrence.
pub(super) fn series(c: &[Float], u: &Float) -> Float {
    let prec = u.prec();
    let (mut b1, mut b2) = (Float::new(prec), Float::new(prec));
    let twice = Float::with_val(prec, u * 2u32);
    for c in c.iter().skip(1).rev() {
        let b0 = Float::with_val(prec, &twice * &b1) - &b2 + c;
        b2 = std::mem::replace(&mut b1, b0);
    }
    Float::with_val(prec, u * &b1) - b2 + &c[0]
}

/// A point of a part where the error is extremal.
#[derive(Clone)]
pub(super) struct Extremum {
    pub u: Float,
    pub error: Float,
}

/// Fits f, given by lines, on their intervals inside [lo, hi].
///
/// **Inputs** lines in order inside [lo, hi]; for the even bases lo = -hi is meant and only lines at or above 0
/// count. The coefficients are for u = (2x - lo - hi)/(hi - lo).
/// *Estimate*: levelled to a relative 1e-15. **Cost** a linear system and some 30 evaluations a degree for
/// each of about 10 exchanges.
/// **Source**: Remez 1934; Cheney ch. 3.
///
/// # Errors
/// A degree outside 1..=127 (2.. for even bases without a constant); not converged.
pub fn minimax(
    lines: &[Line],
    (lo, hi): (&Rational, &Rational),
    degree: usize,
    basis: Basis,
) -> Result<Fit> {
    let least = if basis == Basis::EvenAtZero { 2 } else { 1 };
    if !(least..=MAX_DEGREE).contains(&degree) {
        return Err(Error::domain(format!(
            "degree {degree}; from {least} to {MAX_DEGREE} are fitted"
        )));
    }
    let (half, middle) = (
        Rational::from(hi - lo) / 2u32,
        Rational::from(hi + lo) / 2u32,
    );
    let in_u = |x: &Rational| Float::with_val(PREC, Rational::from(x - &middle) / &half);
    let counted = lines
        .iter()
        .filter(|l| basis == Basis::All || l.from >= 0u32);
    let parts: Vec<[Float; 4]> = counted
        .map(|l| {
            let at_middle = Rational::from(&l.slope * &middle) + &l.intercept;
            let slope = Rational::from(&l.slope * &half);
            [
                in_u(&l.from),
                in_u(&l.to),
                Float::with_val(PREC, slope),
                Float::with_val(PREC, at_middle),
            ]
        })
        .collect();
    let target = Pieces { parts };
    let space = Space::new(basis, degree);
    exchange(&target, &space)
}

/// A symmetric reference of a symmetric f can have level 0, from which no exchange starts: skewed starts are
/// tried one after another.
fn exchange(target: &Pieces, space: &Space) -> Result<Fit> {
    let mut last = None;
    for skew in [1.1, 0.9, 1.3, 0.7, 1.0] {
        match exchange_from(start(target, space, skew), target, space) {
            Ok(fit) => return Ok(fit),
            Err(e) => last = Some(e),
        }
    }
    Err(last.unwrap_or_else(|| failed(f64::INFINITY)))
}

fn exchange_from(mut points: Vec<Float>, target: &Pieces, space: &Space) -> Result<Fit> {
    let mut best = f64::INFINITY;
    for _ in 0..MAX_EXCHANGES {
        let c = levelled(target, space, &points)?;
        let c = space.expand(&c);
        let mut found = extrema(target, &c, 16 * (space.size + 2));
        // Those of the reference alternate, however small the level: none of its signs may be missed.
        found.extend(points.iter().map(|u| {
            let part = target.part(u);
            let error = target.error(part, u, &c);
            Extremum {
                u: u.clone(),
                error,
            }
        }));
        found.sort_by(|a, b| a.u.partial_cmp(&b.u).unwrap_or(std::cmp::Ordering::Equal));
        let chosen = alternating(found, space.size + 1);
        let Some(chosen) = chosen else {
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

/// The largest |error| of a reference, and by how much its ratio to the least one is above 1.
pub(super) fn level(reference: &[Extremum]) -> (Float, f64) {
    let sizes = reference.iter().map(|e| e.error.clone().abs());
    let prec = reference.first().map_or(PREC, |e| e.error.prec());
    let largest = sizes
        .clone()
        .fold(Float::new(prec), |a, b| if b > a { b } else { a });
    let least = sizes.fold(largest.clone(), |a, b| if b < a { b } else { a });
    let excess = if largest.is_zero() {
        0.0
    } else {
        (Float::with_val(prec, &largest / &least) - 1u32).to_f64()
    };
    (largest, excess)
}

/// Whether an error is no more than the rounding of the working precision.
pub(super) fn is_nothing(error: &Float) -> bool {
    *error < Float::with_val(error.prec(), 1) >> (error.prec() - 20)
}

pub(super) fn failed(best: f64) -> Error {
    ErrorKind::NotConverged(format!(
        "the exchange did not level the error: ratio 1 + {best:.1e} at best"
    ))
    .into()
}

/// Chebyshev extrema of the union of the parts, by length; skewed to the left above 1, to the right below.
fn start(target: &Pieces, space: &Space, skew: f64) -> Vec<Float> {
    let count = space.size + 1;
    // At 0 a pinned error is 0: no extremum.
    let pinned = usize::from(space.basis == Basis::EvenAtZero);
    let total = target.parts.iter().fold(Float::new(PREC), |s, p| {
        s + Float::with_val(PREC, &p[1] - &p[0])
    });
    let pi = Float::with_val(PREC, rug::float::Constant::Pi);
    (0..count)
        .map(|i| {
            let part =
                Float::with_val(PREC, (i + pinned) as u32) / (count + pinned - 1).max(1) as u32;
            // x^skew from x and x^2: only products, so that every machine gets the same.
            let square = Float::with_val(PREC, part.square_ref());
            let part = part * (2.0 - skew) + square * (skew - 1.0);
            let angle = part * &pi;
            let mut rest = (1u32 - angle.cos()) / 2u32 * &total;
            for (k, p) in target.parts.iter().enumerate() {
                let width = Float::with_val(PREC, &p[1] - &p[0]);
                if rest <= width || k + 1 == target.parts.len() {
                    return Float::with_val(PREC, &p[0] + &rest).min(&p[1]);
                }
                rest -= width;
            }
            Float::new(PREC)
        })
        .collect()
}

/// Solves sum c_i phi_i(u_k) + (-1)^k h = f(u_k).
fn levelled(target: &Pieces, space: &Space, points: &[Float]) -> Result<Vec<Float>> {
    let n = points.len();
    let mut rows: Vec<Vec<Float>> = Vec::with_capacity(n);
    for (k, u) in points.iter().enumerate() {
        let mut row = space.values(u);
        row.push(Float::with_val(PREC, if k % 2 == 0 { 1 } else { -1 }));
        let [_, _, slope, intercept] = &target.parts[target.part(u)];
        row.push(Float::with_val(PREC, slope * u) + intercept);
        rows.push(row);
    }
    let mut solution = solve(rows)?;
    solution.pop();
    Ok(solution)
}

/// Gaussian elimination with partial pivoting; the last column is the right-hand side.
pub(super) fn solve(mut rows: Vec<Vec<Float>>) -> Result<Vec<Float>> {
    let n = rows.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| {
            rows[*a][i]
                .cmp_abs(&rows[*b][i])
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        rows.swap(i, pivot.unwrap_or(i));
        if rows[i][i].is_zero() {
            let detail =
                "the points of the fit coincide: fewer coefficients or a wider domain are needed";
            return Err(ErrorKind::NotConverged(detail.into()).into());
        }
        let (top, below) = rows.split_at_mut(i + 1);
        let top = &top[i];
        for row in below {
            let factor = Float::with_val(top[i].prec(), &row[i] / &top[i]);
            if factor.is_zero() {
                continue;
            }
            for (x, t) in row.iter_mut().zip(top).skip(i) {
                *x -= Float::with_val(factor.prec(), t * &factor);
            }
        }
    }
    let mut x = vec![Float::new(rows[0][0].prec()); n];
    for i in (0..n).rev() {
        let mut sum = rows[i][n].clone();
        for j in i + 1..n {
            sum -= Float::with_val(sum.prec(), &rows[i][j] * &x[j]);
        }
        x[i] = sum / &rows[i][i];
    }
    Ok(x)
}

/// Local extrema of |error| on every part, in order; ends included.
fn extrema(target: &Pieces, c: &[Float], samples: usize) -> Vec<Extremum> {
    let pi = Float::with_val(PREC, rug::float::Constant::Pi);
    let cosines: Vec<Float> = (0..=samples)
        .map(|k| (Float::with_val(PREC, &pi * k as u32) / samples as u32).cos())
        .collect();
    let mut found = Vec::new();
    for (part, [from, to, ..]) in target.parts.iter().enumerate() {
        let width = Float::with_val(PREC, to - from);
        let points: Vec<Extremum> = cosines
            .iter()
            .map(|cosine| {
                let u = from.clone() + (1u32 - cosine.clone()) / 2u32 * &width;
                let error = target.error(part, &u, c);
                Extremum { u, error }
            })
            .collect();
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
                let error = |u: &Float| Ok::<_, std::convert::Infallible>(target.error(part, u, c));
                let Ok(extremum) = refined(around, error);
                found.push(extremum);
            }
        }
    }
    found
}

/// The extremum inside three points, by repeated parabolas.
pub(super) fn refined<E>(
    around: [&Extremum; 3],
    error: impl Fn(&Float) -> std::result::Result<Float, E>,
) -> std::result::Result<Extremum, E> {
    let mut three = around.map(Extremum::clone);
    let prec = three[0].u.prec();
    for _ in 0..7 {
        let [a, b, d] = &three;
        // The vertex of the parabola through three points.
        let left = Float::with_val(prec, &b.u - &a.u);
        let right = Float::with_val(prec, &b.u - &d.u);
        let fl = Float::with_val(prec, &b.error - &d.error);
        let fr = Float::with_val(prec, &b.error - &a.error);
        let over = Float::with_val(prec, &left * &fl) - Float::with_val(prec, &right * &fr);
        if over.is_zero() {
            break;
        }
        let top = Float::with_val(prec, &left * &left) * &fl
            - Float::with_val(prec, &right * &right) * &fr;
        let u = Float::with_val(prec, &b.u - top / (over * 2u32));
        if !u.is_finite() || u <= a.u || u >= d.u || u == b.u {
            break;
        }
        let error = error(&u)?;
        let next = Extremum { u, error };
        let better = next.error.clone().abs() >= b.error.clone().abs();
        let step = Float::with_val(prec, &next.u - &b.u).abs();
        three = match (better, next.u < b.u) {
            (true, true) => [a.clone(), next, b.clone()],
            (true, false) => [b.clone(), next, d.clone()],
            (false, true) => [next, b.clone(), d.clone()],
            (false, false) => [a.clone(), b.clone(), next],
        };
        if step.get_exp().is_none_or(|e| e < -(prec as i32) / 3) {
            break;
        }
    }
    let [_, best, _] = three;
    Ok(best)
}

/// `count` extrema of alternating signs with large errors: of neighbours of one sign the larger, then the
/// smaller end or pair is dropped until they are as many.
pub(super) fn alternating(found: Vec<Extremum>, count: usize) -> Option<Vec<Extremum>> {
    let mut kept: Vec<Extremum> = Vec::new();
    for e in found.into_iter().filter(|e| !e.error.is_zero()) {
        match kept.last_mut() {
            Some(last) if last.error.is_sign_negative() == e.error.is_sign_negative() => {
                if e.error.clone().abs() > last.error.clone().abs() {
                    *last = e;
                }
            }
            _ => kept.push(e),
        }
    }
    while kept.len() > count {
        let size = |e: &Extremum| e.error.clone().abs();
        let (first, last) = (size(&kept[0]), size(&kept[kept.len() - 1]));
        if kept.len() == count + 1 {
            kept.remove(if first < last { 0 } else { count });
            continue;
        }
        // Two too many: the neighbours whose larger error is the smallest, or an end.
        let pair = (0..kept.len() - 1)
            .map(|i| {
                let (a, b) = (size(&kept[i]), size(&kept[i + 1]));
                (i, if a > b { a } else { b })
            })
            .min_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal))?;
        let end = if first < last { &first } else { &last };
        if *end < pair.1 {
            let at = if first < last { 0 } else { kept.len() - 1 };
            kept.remove(at);
        } else {
            kept.drain(pair.0..pair.0 + 2);
        }
    }
    (kept.len() == count).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::shape::Shape;

    fn fit(shape: Shape, lo: i32, hi: i32, gap: (i32, i32), degree: usize, basis: Basis) -> Fit {
        let ends = (Rational::from(-1), Rational::from(1));
        let (lo, hi) = (Rational::from(lo), Rational::from(hi));
        let f = shape.function(&Rational::new(), &ends).unwrap();
        let lines = f.on(&lo, &hi, &Rational::from(gap)).unwrap();
        minimax(&lines, (&lo, &hi), degree, basis).unwrap()
    }

    /// |x| by degree 2 is x^2 + 1/8; 4 E_4 and the limit of 2n E_2n are published (Varga and Carpenter 1985).
    #[test]
    fn known_errors_of_the_absolute_value() {
        let error = |degree| {
            fit(Shape::Abs, -1, 1, (0, 1), degree, Basis::All)
                .estimate_error
                .to_f64()
        };
        assert!((error(2) - 0.125).abs() < 1e-14);
        assert!((error(3) - 0.125).abs() < 1e-14);
        assert!((error(4) * 4.0 - 0.270_483_6).abs() < 1e-7);
        // 2n E_2n -> 0.28016949902: within 1 percent at 2n = 40.
        assert!((error(40) * 40.0 - 0.280_169_5).abs() < 0.003);
        let even = fit(Shape::Abs, -1, 1, (0, 1), 40, Basis::Even);
        assert!((even.estimate_error.to_f64() - error(40)).abs() < 1e-14);
    }

    #[test]
    fn parts_with_a_gap_agree_with_the_odd_fit() {
        // The best approximation of sign on a symmetric set is odd.
        let general = fit(Shape::Sign, -1, 1, (1, 10), 7, Basis::All);
        let (a, b) = (Float::with_val(64, 0.1), Float::with_val(64, 1));
        let odd = crate::approx::minimax_odd(
            7,
            &Float::with_val(128, Rational::from((1, 10))),
            &b,
            &Default::default(),
        );
        drop(a);
        let want = odd.unwrap().levelled_error.to_f64();
        assert!((general.estimate_error.to_f64() - want).abs() < 1e-12);
        for c in general.chebyshev.iter().step_by(2) {
            assert!(c.clone().abs() < 1e-12);
        }
    }

    #[test]
    fn a_pinned_fit_passes_through_zero() {
        let c = fit(Shape::Abs, -2, 2, (0, 1), 8, Basis::EvenAtZero).chebyshev;
        assert!(series(&c, &Float::new(PREC)).abs() < 1e-60);
        let free = fit(Shape::Abs, -2, 2, (0, 1), 8, Basis::Even).estimate_error;
        let pinned = fit(Shape::Abs, -2, 2, (0, 1), 8, Basis::EvenAtZero).estimate_error;
        assert!(pinned > free);
    }

    #[test]
    fn shapes_that_are_not_symmetric_level() {
        for (shape, lo, hi) in [
            (Shape::Clip, -3, 3),
            (Shape::Relu6, -4, 10),
            (Shape::Relu, -1, 5),
        ] {
            for degree in [1, 2, 5, 12] {
                let f = fit(shape, lo, hi, (0, 1), degree, Basis::All);
                assert!(
                    f.estimate_excess < GOAL && f.estimate_error > 0,
                    "{shape:?} {degree}"
                );
            }
        }
        assert!(minimax(&[], (&Rational::from(0), &Rational::from(1)), 0, Basis::All).is_err());
    }
}
