//! A tighter end of the output difference: the slopes of all neurons chosen together, not one by one.
//!
//! # Method
//! With d = u - z, relu(u) - relu(z) = s d for some s in [0, 1]. At fixed slopes 1/2 the output difference
//! is a linear function of the polynomials' errors, plus, for every stage, sum_j r_j (s_j - 1/2) d_j with r the
//! backward row. Bounding each d_j alone gives sum |r_j| max|d_j| / 2. But every d_j is itself linear in the
//! sources eta before it, d_j = sum_i J_ji eta_i, so the term is the bilinear form sum_ji sigma_j C_ji eta_i with
//! C_ji = r_j J_ji bound(eta_i)/2 and |sigma|, |eta| <= 1. For positive p, q it is at most
//! ||P C Q||_2 sqrt(sum p_j^-2 sum q_i^-2): the dual of the usual semidefinite relaxation. Scales p, q come
//! from an untrusted iteration; the norm is proved by a Cholesky factorisation that runs to its end
//! (Rump, BIT 46, 2006), so any scales give a true bound.
//!
//! For small networks: stages of at most [`MAX_SIDE`] neurons.

use crate::arith::upper::{gamma, Upper, UNIT};
use crate::network::boxes::bounds::{Bounds, StageBounds};
use crate::network::boxes::relax::TINY;
use crate::network::boxes::stages::Stage;

/// The smaller side of a bilinear form is at most this.
pub const MAX_SIDE: usize = 64;
/// Most steps of the search for scales.
const STEPS: usize = 24;
/// The search ends where so many steps have not made the bound smaller by this factor.
const LOOK: usize = 2;
const WORTH: f64 = 0.998;
/// Squarings of the Gram matrix: its power 2^4 weighs the eigenvalues that are close to the largest.
const SQUARINGS: usize = 4;
/// The same for the norm that is proved at the end: at most 0.8 % above the largest of 64.
const SHARP: usize = 9;
/// How far scales follow a vector's share. Shares of a power k move k times as fast as scales, so that a rate well above
/// 1/2^4 swings from side to side and gains nothing after its first step.
const RATE: f64 = 0.1;

/// Upper bounds of every output's |difference|, or none where the network is too large for this.
///
/// **Inputs** the stages and what [`super::analyse`] proved of them.
/// **Guarantee** as there: for every input in the box. **Cost** up to 24 products of m x n and n x n matrices for
/// each output and stage.
pub fn bound_outputs(stages: &[Stage], proved: &[StageBounds]) -> Option<Vec<f64>> {
    let last = stages.len() - 1;
    let small = stages[1..last].iter().all(|s| s.size <= MAX_SIDE);
    if !small || stages[last].relu || stages[last].size > MAX_SIDE {
        return None;
    }
    let system = System::new(stages, proved);
    let jacobians: Vec<Rows> = (0..last).map(|k| system.unit_rows(k)).collect();
    let outputs = system.unit_rows(last);
    let bounds = (0..stages[last].size).map(|o| {
        let mut total = outputs.rounding[o];
        for k in 1..last {
            let row = outputs.row(k, o, stages[k].size);
            let Some(row) = row else { continue };
            for (r, e) in row.iter().zip(&proved[k].bound_error) {
                total += Upper::size(*r) * Upper::of(*e);
            }
            total += system.slopes_term(k, row, &jacobians[k]);
        }
        total.get()
    });
    Some(bounds.collect())
}

/// Slopes, and how large each source is.
struct System<'a> {
    stages: &'a [Stage],
    /// 0, 1/2 or 1.
    slopes: Vec<Vec<f64>>,
    /// |d| for neurons whose slope is open, 0 else.
    open: Vec<Vec<f64>>,
    /// Upper bounds of |a_twin - a_network| at each stage's value.
    amounts: Vec<Vec<f64>>,
    /// Upper bounds of the sources: error, and half of what is open.
    sources: Vec<Vec<f64>>,
}

/// Rows from one stage back to the values of all stages before.
struct Rows {
    /// For each earlier stage: row-major, one row for each element of the stage.
    coefficients: Vec<Option<Vec<f64>>>,
    /// What rounding can amount to, for each row.
    rounding: Vec<Upper>,
}

impl Rows {
    fn row(&self, k: usize, element: usize, columns: usize) -> Option<&[f64]> {
        let all = self.coefficients[k].as_ref()?;
        Some(&all[element * columns..(element + 1) * columns])
    }
}

impl<'a> System<'a> {
    fn new(stages: &'a [Stage], proved: &[StageBounds]) -> Self {
        let mut system = Self {
            stages,
            slopes: Vec::new(),
            open: Vec::new(),
            amounts: Vec::new(),
            sources: Vec::new(),
        };
        for (stage, s) in stages.iter().zip(proved) {
            let size = |b: &Bounds| b.0.abs().max(b.1.abs());
            let neurons = (0..stage.size).map(|i| {
                let (z, u, d) = (
                    s.bound_relu[i],
                    s.bound_twin[i],
                    size(&s.bound_difference[i]),
                );
                let slope = if !stage.relu || z.0 >= 0.0 && u.0 >= 0.0 {
                    1.0
                } else if z.1 <= 0.0 && u.1 <= 0.0 {
                    0.0
                } else {
                    0.5
                };
                let open = if slope == 0.5 { d } else { 0.0 };
                let e = s.bound_error[i];
                let (e, d) = (Upper::of(e), Upper::of(d));
                let amount = if slope == 0.0 { e } else { d + e };
                let source = e + Upper::of(open).scaled(0.5);
                (slope, open, amount.get(), source.get())
            });
            let all: Vec<_> = neurons.collect();
            system.slopes.push(all.iter().map(|n| n.0).collect());
            system.open.push(all.iter().map(|n| n.1).collect());
            system.amounts.push(all.iter().map(|n| n.2).collect());
            system.sources.push(all.iter().map(|n| n.3).collect());
        }
        system
    }

    /// One row for each pre-activation of a stage. Slopes 0, 1/2 and 1 are exact; products are not:
    /// as in [`super::relax`], gamma |q|_2 sum |M_i|_2 amount_i.
    fn unit_rows(&self, target: usize) -> Rows {
        let n = self.stages[target].size;
        let mut rows = Rows {
            coefficients: vec![None; target],
            rounding: vec![Upper::of(TINY); n],
        };
        let mut start = vec![0.0; n * n];
        start.iter_mut().step_by(n + 1).for_each(|v| *v = 1.0);
        self.through(target, &start, &mut rows);
        for k in (1..target).rev() {
            let Some(values) = rows.coefficients[k].clone() else {
                continue;
            };
            let scaled: Vec<f64> = values
                .chunks_exact(self.stages[k].size)
                .flat_map(|row| row.iter().zip(&self.slopes[k]).map(|(v, s)| v * s))
                .collect();
            self.through(k, &scaled, &mut rows);
        }
        rows
    }

    fn through(&self, k: usize, values: &[f64], rows: &mut Rows) {
        let n = self.stages[k].size;
        for m in &self.stages[k].matrices {
            if m.source == 0 {
                // Both networks have the same input.
                continue;
            }
            let amounts = &self.amounts[m.source];
            let spread = Upper::dot(&m.bound_columns, amounts);
            let all = Upper::norm(amounts);
            let gamma = gamma(n + 1, UNIT);
            let count = values.len() / n;
            let out =
                rows.coefficients[m.source].get_or_insert_with(|| vec![0.0; count * m.columns()]);
            // Added to what was there: gamma covers that too, once its size is counted.
            let before = out.chunks_exact(m.columns()).map(Upper::norm);
            let sizes = values.chunks_exact(n).map(Upper::norm).zip(before);
            for ((row, before), rounding) in sizes.zip(&mut rows.rounding) {
                let here = row * spread;
                *rounding += gamma * (here + before * all) + Upper::of(m.relative) * here;
            }
            m.add_rows(values, n, out);
        }
    }

    /// Upper bound of |sum_j r_j (s_j - 1/2) d_j| over the neurons of stage k whose slope is open.
    fn slopes_term(&self, k: usize, row: &[f64], jacobian: &Rows) -> Upper {
        let open = &self.open[k];
        let pairs = row.iter().zip(open);
        let alone: Upper = pairs.map(|(r, d)| Upper::product(r.abs(), *d)).sum();
        let alone = alone.scaled(0.5);
        // Sources before this stage, in one list.
        let mut sources = Vec::new();
        for (before, coefficients) in jacobian.coefficients.iter().enumerate() {
            if coefficients.is_some() {
                sources.extend((0..self.stages[before].size).map(|i| (before, i)));
            }
        }
        let neurons: Vec<usize> = (0..row.len())
            .filter(|&j| open[j] > 0.0 && row[j] != 0.0)
            .collect();
        if neurons.is_empty() || sources.is_empty() {
            return alone;
        }
        let gamma = gamma(2, UNIT);
        let mut form = Vec::with_capacity(neurons.len() * sources.len());
        let mut lost = Upper::of(TINY);
        for &j in &neurons {
            lost += Upper::size(row[j]) * jacobian.rounding[j].scaled(0.5);
            for &(before, i) in &sources {
                let width = self.stages[before].size;
                let coefficient = jacobian.row(before, j, width).map_or(0.0, |r| r[i]);
                let c = row[j] * coefficient * self.sources[before][i] / 2.0;
                // Two products of this entry; what they underflow by is below TINY.
                lost += gamma * Upper::size(c);
                form.push(c);
            }
        }
        let together = Upper::of(bilinear(&form, neurons.len(), sources.len())) + lost;
        alone.min(together)
    }
}

/// Upper bound of sigma^T C eta over |sigma|, |eta| <= 1, C row-major with `rows` rows.
///
/// **Guarantee** holds for every finite C; infinite where nothing was proved.
pub fn bilinear(c: &[f64], rows: usize, columns: usize) -> f64 {
    if rows < columns {
        let turned: Vec<f64> = (0..rows * columns)
            .map(|i| c[i % rows * columns + i / rows])
            .collect();
        return bilinear(&turned, columns, rows);
    }
    // Start: row and column sums balanced.
    let sums = |by: &dyn Fn(usize) -> usize, n: usize| {
        let mut s = vec![1e-300; n];
        c.iter().enumerate().for_each(|(i, v)| s[by(i)] += v.abs());
        s
    };
    let mut p: Vec<f64> = sums(&|i| i / columns, rows)
        .iter()
        .map(|s| s.powf(-0.5))
        .collect();
    let mut q: Vec<f64> = sums(&|i| i % columns, columns)
        .iter()
        .map(|s| s.powf(-0.5))
        .collect();
    let mut best = f64::INFINITY;
    let mut kept = (p.clone(), q.clone());
    let mut before = f64::INFINITY;
    let mut product = vec![0.0; columns];
    for step in 0..STEPS {
        let a = scaled(c, &p, &q);
        let gram = gram(&a, rows, columns);
        // High powers weigh the largest eigenvalues, several at once where they are close.
        let (largest, weights) = powers(&gram, columns, SQUARINGS);
        let value = largest.sqrt() * total(&p) * total(&q);
        if value < best {
            best = value;
            kept = (p.clone(), q.clone());
        }
        if step % LOOK == LOOK - 1 {
            if best > WORTH * before {
                break;
            }
            before = best;
        }
        // Where the extreme vectors have more than their share the scale shrinks.
        let trace: f64 = (0..columns).map(|i| weights[i * columns + i]).sum();
        let mut left: Vec<f64> = Vec::with_capacity(rows);
        for row in a.chunks_exact(columns) {
            product.fill(0.0);
            for (x, w) in row.iter().zip(weights.chunks_exact(columns)) {
                add_multiple(&mut product, *x, w);
            }
            let image: f64 = row.iter().zip(&product).map(|(x, y)| x * y).sum();
            left.push(image.max(0.0));
        }
        let whole: f64 = left.iter().sum();
        if !(trace > 0.0 && whole > 0.0) {
            break;
        }
        let (sum_p, sum_q) = (total(&p).powi(2), total(&q).powi(2));
        let update = |x: &mut f64, share: f64, sum: f64| {
            let fair = x.powi(-2) / sum;
            *x *= (share.max(1e-12) / fair).powf(-RATE / 2.0).clamp(0.3, 3.0);
        };
        p.iter_mut()
            .zip(&left)
            .for_each(|(x, l)| update(x, l / whole, sum_p));
        for (i, x) in q.iter_mut().enumerate() {
            update(x, weights[i * columns + i] / trace, sum_q);
        }
    }
    let (p, q) = kept;
    let a = scaled(c, &p, &q);
    // Entries of a have two roundings each.
    let entries = bound_spectral(&a, rows, columns) + gamma(2, UNIT) * Upper::norm(&a);
    (entries * bound_total(&p) * bound_total(&q)).get()
}

/// Upper bound of sqrt(sum p^-2).
fn bound_total(p: &[f64]) -> Upper {
    // p^2 is rounded down, and is no bound where it underflows: the quotient is infinite then.
    let parts = p.iter().map(|x| Upper::ONE.over((x * x).next_down()));
    parts.sum::<Upper>().sqrt()
}

/// sqrt(sum p^-2), for the search.
fn total(p: &[f64]) -> f64 {
    p.iter().map(|x| x.powi(-2)).sum::<f64>().sqrt()
}

fn scaled(c: &[f64], p: &[f64], q: &[f64]) -> Vec<f64> {
    c.chunks_exact(q.len())
        .zip(p)
        .flat_map(|(row, p)| row.iter().zip(q).map(move |(v, q)| v * p * q))
        .collect()
}

/// out += factor times row.
fn add_multiple(out: &mut [f64], factor: f64, row: &[f64]) {
    out.iter_mut()
        .zip(row)
        .for_each(|(o, x)| *o = factor.mul_add(*x, *o));
}

/// A^T A: its upper half, mirrored; four rows at a time.
fn gram(a: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    let mut g = vec![0.0; columns * columns];
    for four in a[..rows * columns].chunks(4 * columns) {
        for (i, out) in g.chunks_exact_mut(columns).enumerate() {
            let out = &mut out[i..];
            if four.len() < 4 * columns {
                for row in four.chunks_exact(columns) {
                    add_multiple(out, row[i], &row[i..]);
                }
                continue;
            }
            let (first, second) = four.split_at(2 * columns);
            let ((r0, r1), (r2, r3)) = (first.split_at(columns), second.split_at(columns));
            let x = [r0[i], r1[i], r2[i], r3[i]];
            let rows = r0[i..].iter().zip(&r1[i..]).zip(&r2[i..]).zip(&r3[i..]);
            for (o, (((r0, r1), r2), r3)) in out.iter_mut().zip(rows) {
                *o = x[0].mul_add(
                    *r0,
                    x[1].mul_add(*r1, x[2].mul_add(*r2, x[3].mul_add(*r3, *o))),
                );
            }
        }
    }
    for i in 0..columns {
        for j in 0..i {
            g[i * columns + j] = g[j * columns + i];
        }
    }
    g
}

/// The largest eigenvalue of a Gram matrix, about (above by n^(1/k) at most), and its power k = 2^squarings, normalised.
fn powers(gram: &[f64], n: usize, squarings: usize) -> (f64, Vec<f64>) {
    let mut power = gram.to_vec();
    let mut log_scale = 0.0;
    let mut exponent = 1.0;
    for _ in 0..squarings {
        let trace: f64 = (0..n).map(|i| power[i * n + i]).sum();
        if !(trace > 0.0 && trace.is_finite()) {
            return (0.0, power);
        }
        power.iter_mut().for_each(|v| *v /= trace);
        log_scale = 2.0 * (log_scale + trace.ln());
        exponent *= 2.0;
        power = self::gram(&power, n, n);
    }
    let trace: f64 = (0..n).map(|i| power[i * n + i]).sum();
    (
        (((trace.max(1e-300)).ln() + log_scale) / exponent).exp(),
        power,
    )
}

/// Upper bound of the spectral norm of A.
///
/// mu I - G is positive definite if its factorisation runs to its end, up to gamma trace (Rump); G is off
/// from A^T A by at most gamma |A|_F^2.
fn bound_spectral(a: &[f64], rows: usize, columns: usize) -> Upper {
    let g = gram(a, rows, columns);
    let frobenius = Upper::computed(a.iter().map(|x| x * x).sum(), a.len());
    let (guess, _) = powers(&g, columns, SHARP);
    let mut mu = guess;
    for _ in 0..60 {
        mu *= 1.002;
        if factorises(&g, columns, mu) {
            // The diagonal mu - g_ii is rounded once.
            let mu = Upper::of(mu);
            let trace = (mu + frobenius).scaled(2.0 * columns as f64);
            let factors = gamma(columns + 2, UNIT) * trace;
            let off = factors + gamma(rows, UNIT) * frobenius + Upper::of(TINY);
            return (mu + off).sqrt();
        }
    }
    frobenius.sqrt()
}

/// Whether Cholesky's factorisation of mu I - G runs to its end in f64.
fn factorises(g: &[f64], n: usize, mu: f64) -> bool {
    let mut l = vec![0.0f64; n * n];
    for i in 0..n {
        for j in 0..=i {
            let entry = if i == j {
                mu - g[i * n + i]
            } else {
                -g[i * n + j]
            };
            let sum: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = entry - sum;
            if i == j {
                // Also where it is NaN.
                if rest.partial_cmp(&0.0).is_none_or(std::cmp::Ordering::is_le) {
                    return false;
                }
                l[i * n + i] = rest.sqrt();
            } else {
                l[i * n + j] = rest / l[j * n + j];
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_bounded_at_every_corner_and_better_than_their_sum() {
        let mut seed = 5u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 40) as f64 / f64::from(1 << 23) - 1.0
        };
        for (rows, columns) in [(1, 1), (3, 5), (8, 6), (10, 10), (2, 40)] {
            for _ in 0..10 {
                let c: Vec<f64> = (0..rows * columns).map(|_| random()).collect();
                let bound = bilinear(&c, rows, columns);
                let small = rows.min(columns);
                let mut most = 0.0f64;
                for corner in 0..1u32 << small {
                    let sign = |i: usize| if corner >> i & 1 == 1 { 1.0 } else { -1.0 };
                    let value: f64 = (0..rows.max(columns))
                        .map(|k| {
                            let part = |i: usize| {
                                let (r, s) = if rows <= columns { (i, k) } else { (k, i) };
                                sign(i) * c[r * columns + s]
                            };
                            (0..small).map(part).sum::<f64>().abs()
                        })
                        .sum();
                    most = most.max(value);
                }
                let sum: f64 = c.iter().map(|v| v.abs()).sum();
                assert!(bound >= most * (1.0 - 1e-12), "{bound} {most}");
                assert!(
                    bound <= 1.3 * most,
                    "{rows}x{columns}: {bound} {most} {sum}"
                );
            }
        }
        assert!(bilinear(&[0.0; 6], 2, 3) < 1e-100);
        assert_eq!(bilinear(&[f64::MAX; 4], 2, 2), f64::INFINITY);
    }
}
