//! Near-best polynomial of a given degree for max(t - c, 0) on [-1, 1], in f64.
//!
//! The ReLU of one neuron on its range [l, u] is this function after an affine map, so a network has
//! one such fit a neuron and they must be quick. Remez exchange in barycentric form: the levelled
//! error costs O(d) a point, without a linear system. Everything here is an
//! *estimate*; `certify::kink` proves the error of what comes out.
//!
//! Source: Pachon and Trefethen, Barycentric-Remez algorithms, BIT 49 (2009).

use std::cell::RefCell;
use std::rc::Rc;

/// Grid points for one oscillation of the error.
const GRID: usize = 16;
/// Points evaluated together.
const LANES: usize = 16;
/// The error is near enough to the levelled one, which is no more than the best.
const ENOUGH: f64 = 1.000_5;
/// Most exchanges.
const EXCHANGES: usize = 16;

/// Chebyshev coefficients c_0..c_d with sum c_k T_k(t) close to max(t - kink, 0) on [-1, 1].
///
/// **Inputs** degree 1 or more; -1 < kink < 1. *Estimate*: usually within 0.1 % of the best error.
/// **Cost** O(d^2) an exchange, a few exchanges.
///
/// ```
/// let c = polycert::approx::known::kink::relu_coefficients(2, 0.0);
/// // The best quadratic for |t| is t^2 + 1/8, so this is t^2/2 + t/2 + 1/16.
/// assert!((c[0] - 5.0 / 16.0).abs() < 1e-3 && (c[2] - 0.25).abs() < 1e-3);
/// ```
pub fn relu_coefficients(degree: usize, kink: f64) -> Vec<f64> {
    let points = degree + 2;
    let f = |t: f64| (t - kink).max(0.0);
    let angles = Angles::of(degree);
    let grid = angles.grid(kink);
    let mut reference = angles.reference.clone();
    let mut best: Option<(f64, Vec<f64>)> = None;
    for _ in 0..EXCHANGES {
        let levelled = Levelled::new(&reference, f);
        // Values on the grid by Clenshaw's recurrence: no division a term, many points at a time.
        let c = angles.coefficients(|t| levelled.at(t));
        let errors = errors(&c, &grid, kink);
        let most = errors.iter().fold(0.0f64, |m, e| m.max(e.abs()));
        if !most.is_finite() {
            break;
        }
        if best.as_ref().is_none_or(|b| most < b.0) {
            best = Some((most, c));
        }
        if most <= levelled.level.abs() * ENOUGH {
            break;
        }
        match exchange(&grid, &errors, points, kink) {
            Some(next) => reference = next,
            None => break,
        }
    }
    match best {
        Some((_, c)) => c,
        None => angles.coefficients(f),
    }
}

/// max(t - kink, 0) - sum c_k T_k(t) on the grid.
fn errors(c: &[f64], grid: &[f64], kink: f64) -> Vec<f64> {
    let mut errors = Vec::with_capacity(grid.len() + LANES);
    for chunk in grid.chunks(LANES) {
        let t: [f64; LANES] = std::array::from_fn(|i| chunk.get(i).copied().unwrap_or(0.0));
        let (mut b1, mut b2) = ([0.0; LANES], [0.0; LANES]);
        for c in c.iter().skip(1).rev() {
            for i in 0..LANES {
                let b = (2.0 * t[i]).mul_add(b1[i], -b2[i]) + c;
                b2[i] = b1[i];
                b1[i] = b;
            }
        }
        let error = |i: usize| (t[i] - kink).max(0.0) - (t[i].mul_add(b1[i], -b2[i]) + c[0]);
        errors.extend((0..LANES).map(error));
    }
    errors.truncate(grid.len());
    errors
}

/// Cosines that all fits of one degree have in common.
struct Angles {
    degree: usize,
    /// Points of [-1, 1], dense like Chebyshev's, in increasing order.
    grid: Vec<f64>,
    /// Where the exchange begins.
    reference: Vec<f64>,
    /// cos(i pi / 2n) for n coefficients.
    table: Vec<f64>,
}

impl Angles {
    /// Those of a degree: a network's neurons ask for the same ones by the thousand, so each thread keeps the last.
    fn of(degree: usize) -> Rc<Self> {
        thread_local! {
            static KEPT: RefCell<Option<Rc<Angles>>> = const { RefCell::new(None) };
        }
        KEPT.with_borrow_mut(|kept| match kept {
            Some(angles) if angles.degree == degree => angles.clone(),
            _ => kept.insert(Rc::new(Self::new(degree))).clone(),
        })
    }

    fn new(degree: usize) -> Self {
        let pi = std::f64::consts::PI;
        let (points, n) = (degree + 2, degree + 1);
        let falling = |n: usize| (0..=n).rev().map(move |j| (pi / n as f64 * j as f64).cos());
        Self {
            degree,
            grid: falling(GRID * points).collect(),
            reference: falling(points - 1).collect(),
            table: (0..4 * n)
                .map(|i| (pi * i as f64 / (2 * n) as f64).cos())
                .collect(),
        }
    }

    /// The grid with the kink in its place.
    fn grid(&self, kink: f64) -> Vec<f64> {
        let mut grid = Vec::with_capacity(self.grid.len() + 1);
        grid.extend_from_slice(&self.grid);
        let place = grid.partition_point(|&t| t < kink);
        if grid.get(place) != Some(&kink) {
            grid.insert(place, kink);
        }
        grid
    }

    /// Chebyshev coefficients of the polynomial of this degree with given values at Chebyshev's points.
    fn coefficients(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        let (n, table) = (self.degree + 1, &self.table);
        let values: Vec<f64> = (0..n).map(|j| f(table[2 * j + 1])).collect();
        // cos(k (2j + 1) pi / 2n) by the remainder of k (2j + 1) modulo 4n.
        let coefficient = |k: usize| {
            let mut place = k;
            let mut sum = 0.0;
            for value in &values {
                sum += value * table[place];
                // k (2j + 1) modulo 4n; k < n.
                place += 2 * k;
                if place >= 4 * n {
                    place -= 4 * n;
                }
            }
            sum * if k == 0 { 1.0 } else { 2.0 } / n as f64
        };
        (0..n).map(coefficient).collect()
    }
}

/// The extrema of alternating sign, the outermost smaller ones dropped; none if there are too few.
fn exchange(grid: &[f64], errors: &[f64], points: usize, kink: f64) -> Option<Vec<f64>> {
    let mut extrema: Vec<(usize, f64)> = Vec::with_capacity(2 * points);
    for (i, &e) in errors.iter().enumerate() {
        match extrema.last_mut() {
            Some(last) if (last.1 > 0.0) == (e > 0.0) => {
                if e.abs() > last.1.abs() {
                    *last = (i, e);
                }
            }
            _ => extrema.push((i, e)),
        }
    }
    let mut kept = &extrema[..];
    while kept.len() > points {
        let (first, last) = (kept[0].1.abs(), kept[kept.len() - 1].1.abs());
        kept = if first <= last {
            &kept[1..]
        } else {
            &kept[..kept.len() - 1]
        };
    }
    let place = |e: &(usize, f64)| summit(grid, errors, e.0, kink);
    (kept.len() == points).then(|| kept.iter().map(place).collect())
}

/// Where the error is extreme near a point of the grid: of the parabola in the angle through three points, where none
/// of them is the kink.
fn summit(grid: &[f64], errors: &[f64], i: usize, kink: f64) -> f64 {
    if i == 0 || i + 1 >= grid.len() || grid[i - 1..=i + 1].contains(&kink) {
        return grid[i];
    }
    let (before, here, after) = (errors[i - 1], errors[i], errors[i + 1]);
    let shift = (before - after) / (2.0 * (before - 2.0 * here + after));
    if shift.abs() > 0.5 || shift.is_nan() {
        return grid[i];
    }
    // Angles fall as t grows.
    let angle = grid[i].acos() + shift * (grid[i + 1].acos() - grid[i].acos());
    angle.cos()
}

/// The polynomial of degree points - 2 whose error alternates with one size on the reference.
struct Levelled {
    nodes: Vec<f64>,
    weights: Vec<f64>,
    values: Vec<f64>,
    level: f64,
}

impl Levelled {
    fn new(reference: &[f64], f: impl Fn(f64) -> f64) -> Self {
        // Factors 2: the capacity of [-1, 1] is 1/2, so the products neither overflow nor vanish.
        let weight = |i: usize| {
            let others = reference.iter().enumerate().filter(|(j, _)| *j != i);
            1.0 / others.fold(1.0, |w, (_, t)| w * 2.0 * (reference[i] - t))
        };
        let weights: Vec<f64> = (0..reference.len()).map(weight).collect();
        let sign = |i: usize| if i % 2 == 0 { 1.0 } else { -1.0 };
        let (mut above, mut below) = (0.0, 0.0);
        for (i, w) in weights.iter().enumerate() {
            above += w * f(reference[i]);
            below += w * sign(i);
        }
        let level = above / below;
        let values = reference.iter().enumerate();
        Self {
            nodes: reference.to_vec(),
            values: values.map(|(i, &t)| f(t) - sign(i) * level).collect(),
            weights,
            level,
        }
    }

    fn at(&self, t: f64) -> f64 {
        let (mut above, mut below) = (0.0, 0.0);
        for ((x, w), v) in self.nodes.iter().zip(&self.weights).zip(&self.values) {
            if t == *x {
                return *v;
            }
            let q = w / (t - x);
            above += q * v;
            below += q;
        }
        above / below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(c: &[f64], kink: f64) -> f64 {
        let at = |t: f64| {
            let angle = t.acos();
            c.iter()
                .enumerate()
                .map(|(k, c)| c * (k as f64 * angle).cos())
                .sum::<f64>()
        };
        (0..=20_000)
            .map(|i| f64::from(i) / 10_000.0 - 1.0)
            .map(|t| ((t - kink).max(0.0) - at(t)).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn known_best_errors_are_reached() {
        // Best errors of |t|: degree 2: 1/8; Bernstein's constant 0.28017 / d for large even d.
        for (degree, want) in [
            (1, 0.25),
            (2, 1.0 / 16.0),
            (50, 0.140_084 / 50.0),
            (100, 0.140_084 / 100.0),
        ] {
            let got = error(&relu_coefficients(degree, 0.0), 0.0);
            assert!((got / want - 1.0).abs() < 0.01, "{degree}: {got} {want}");
        }
        // sqrt(1 - c^2) / d away from the middle, and nothing fails anywhere.
        for kink in [-0.999, -0.9, -0.3, 1e-9, 0.1234, 0.7, 0.9990234375] {
            for degree in [1, 2, 3, 5, 10, 51, 200] {
                let got = error(&relu_coefficients(degree, kink), kink);
                let usual = 0.16 * (1.0 - kink * kink).sqrt() / degree as f64;
                assert!(
                    got < 1.7 * usual.max(1e-4),
                    "{degree} {kink}: {got} {usual}"
                );
            }
        }
    }
}
