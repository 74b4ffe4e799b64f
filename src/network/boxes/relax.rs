//! Linear relaxations propagated backward: upper bounds of linear functions of a stage.
//!
//! Each activation lies between two lines in its pre-activation. A linear function of a stage is
//! rewritten in the stages before it, taking the upper line where its coefficient is positive and
//! the lower line where it is negative, down to the input, whose box ends it (DeepPoly and CROWN).
//!
//! # Rounding
//! Everything runs in f64 to nearest; what rounding may have changed is added at the end. For a row q
//! that multiplies a matrix M with at most n terms in a column's sum, |fl(q M) - q M| <= gamma_n |q| |M|, and by Cauchy and
//! Schwarz the part of column i is at most gamma_n |q|_2 |M_i|_2. That coefficient multiplies the
//! source's value, which is at most `bound_value`, so one product a row and matrix,
//! gamma_n |q|_2 sum_i |M_i|_2 value_i, covers them all. Entries that stand for exact numbers within a relative
//! distance rho of them are off by at most rho |q| |M| in the same sense, so rho joins gamma_n. Underflow is covered by [`TINY`]: magnitudes
//! stay below [`MAX_MAGNITUDE`].
//!
//! Source: Singh et al. 2019 (DeepPoly), Zhang et al. 2018 (CROWN); Rump 1999 and Higham, ch. 3, for gamma_n.

use crate::arith::upper::{gamma, Upper, UNIT};
use crate::error::{Error, ErrorKind, Result};
use crate::network::boxes::bounds::Bounds;
use crate::network::boxes::stages::Stage;
use rayon::prelude::*;

/// Values beyond this make a bound vacuous.
pub const MAX_MAGNITUDE: f64 = 1e150;
/// Added to every bound: more than all underflows together.
pub const TINY: f64 = 1e-150;

/// A line below and a line above a function on an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lines {
    /// Slope and offset of the line above.
    pub above: (f64, f64),
    /// Slope and offset of the line below.
    pub below: (f64, f64),
}

/// What the analysis knows of the activations, stage by stage.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// Lines of each activation of the stage.
    pub lines: Vec<Lines>,
    /// Upper bounds of |z|.
    pub bound_before: Vec<f64>,
    /// Upper bounds of |a|.
    pub bound_after: Vec<f64>,
}

/// Bounds of the pre-activations of one stage.
///
/// **Inputs** the stages; what is known of all stages before `target`; the input's box, or none where
/// stage 0 and all biases are zero (a difference of two networks).
/// **Guarantee** for every input in the box and every choice of activations between their lines the
/// value is at most the bound. **Cost** two rows for each neuron, through all earlier stages.
///
/// # Errors
/// A bound beyond [`MAX_MAGNITUDE`].
pub fn bound_both_signs(
    stages: &[Stage],
    known: &[Knowledge],
    input: Option<&[(f64, f64)]>,
    target: usize,
) -> Result<Vec<Bounds>> {
    let n = stages[target].size;
    // A few rows at a time keeps them in the cache.
    let some = |chunk: &[(usize, f64)]| {
        let start = starts(chunk, n);
        let mut side = Side::new(stages, known, input);
        let mut totals = Totals::new(chunk.len());
        side.through_matrices(target, &start, &mut totals);
        for k in (1..target).rev() {
            if let Some(mut rows) = side.take(k) {
                if stages[k].relu {
                    side.through_activation(k, &mut rows, &mut totals);
                }
                side.through_matrices(k, &rows, &mut totals);
            }
        }
        side.at_input(&mut totals);
        totals.bounds(&stages[target].name)
    };
    in_chunks(&stages[target], some)
}

/// The bounds of a stage's neurons, some rows at a time, on all cores: `some` answers upper bounds of rows that are each
/// a neuron times a sign.
///
/// Rows of one pixel are neighbours, with both signs: they see the same part of the input.
pub(super) fn in_chunks(
    stage: &Stage,
    some: impl Fn(&[(usize, f64)]) -> Result<Vec<f64>> + Send + Sync,
) -> Result<Vec<Bounds>> {
    let n = stage.size;
    let pixels = (0..stage.pixels).flat_map(|p| (p..n).step_by(stage.pixels));
    let rows: Vec<(usize, f64)> = pixels.flat_map(|j| [(j, 1.0), (j, -1.0)]).collect();
    let entries: usize = stage.matrices.iter().map(|m| m.columns()).sum();
    let all: Vec<Vec<f64>> = if rows.len().saturating_mul(n).saturating_mul(entries) < SMALL {
        rows.chunks(CHUNK).map(some).collect::<Result<_>>()?
    } else {
        rows.par_chunks(CHUNK).map(some).collect::<Result<_>>()?
    };
    let mut bounds = vec![(0.0, 0.0); n];
    for (&(j, sign), bound) in rows.iter().zip(all.concat()) {
        if sign > 0.0 {
            bounds[j].1 = bound;
        } else {
            bounds[j].0 = -bound;
        }
    }
    Ok(bounds)
}

/// Rows that go back together.
const CHUNK: usize = 64;
/// Below so many products waking another core takes as long.
const SMALL: usize = 1 << 20;

/// Unit rows.
pub(super) fn starts(chunk: &[(usize, f64)], n: usize) -> Vec<f64> {
    let mut start = vec![0.0; chunk.len() * n];
    for (row, &(j, sign)) in start.chunks_exact_mut(n).zip(chunk) {
        row[j] = sign;
    }
    start
}

/// What is added up beside a few rows on their way back.
pub(super) struct Totals {
    constant: Vec<f64>,
    rounding: Vec<Upper>,
}

impl Totals {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            constant: vec![0.0; rows],
            rounding: vec![Upper::of(TINY); rows],
        }
    }

    pub(super) fn add(&mut self, row: usize, value: f64, rounding: Upper) {
        self.constant[row] += value;
        let sum = Upper::size(self.constant[row]);
        self.rounding[row] += rounding + Upper::of(UNIT) * sum;
    }

    /// The upper bounds, of the stage of that name.
    pub(super) fn bounds(self, name: &str) -> Result<Vec<f64>> {
        let bound = |(c, e): (&f64, &Upper)| (Upper::of(*c) + *e).get();
        let bounds: Vec<f64> = self
            .constant
            .iter()
            .zip(&self.rounding)
            .map(bound)
            .collect();
        if bounds.iter().all(|b| b.abs() < MAX_MAGNITUDE) {
            return Ok(bounds);
        }
        Err(ErrorKind::NotConverged(format!(
            "layer {name:?}: the bound is vacuous (above {MAX_MAGNITUDE:e})"
        ))
        .into())
    }
}

/// A few rows on their way back: coefficients of one system's values.
pub(super) struct Side<'a> {
    stages: &'a [Stage],
    known: &'a [Knowledge],
    input: Option<&'a [(f64, f64)]>,
    /// Coefficients of each stage's value a, where there are any yet.
    waiting: Vec<Option<Vec<f64>>>,
}

impl<'a> Side<'a> {
    pub(super) fn new(
        stages: &'a [Stage],
        known: &'a [Knowledge],
        input: Option<&'a [(f64, f64)]>,
    ) -> Self {
        Self {
            stages,
            known,
            input,
            waiting: vec![None; stages.len()],
        }
    }

    /// The coefficients that have come together at a stage's values.
    pub(super) fn take(&mut self, k: usize) -> Option<Vec<f64>> {
        self.waiting[k].take()
    }

    /// The box ends the rows.
    pub(super) fn at_input(&mut self, totals: &mut Totals) {
        let rows = self.waiting[0].take();
        let (Some(rows), Some(input)) = (rows, self.input) else {
            return;
        };
        for (r, row) in rows.chunks_exact(input.len()).enumerate() {
            let (mut sum, mut size) = (0.0, 0.0);
            for (q, (lo, hi)) in row.iter().zip(input) {
                sum += (q * lo).max(q * hi);
                size += q.abs() * lo.abs().max(hi.abs());
            }
            let n = input.len();
            totals.add(r, sum, gamma(n, UNIT) * Upper::computed(size, n));
        }
    }

    /// From coefficients of a to coefficients of z, in place.
    fn through_activation(&self, k: usize, rows: &mut [f64], totals: &mut Totals) {
        let known = &self.known[k];
        for (r, row) in rows.chunks_exact_mut(known.lines.len()).enumerate() {
            let (mut sum, mut size, mut lost) = (0.0, 0.0, 0.0);
            for ((q, lines), before) in row.iter_mut().zip(&known.lines).zip(&known.bound_before) {
                let (slope, offset) = if *q >= 0.0 { lines.above } else { lines.below };
                let part = *q * offset;
                sum += part;
                size += part.abs();
                *q *= slope;
                lost += q.abs() * before;
            }
            let n = known.lines.len();
            let offsets = gamma(n, UNIT) * Upper::computed(size, n);
            let slopes = Upper::of(UNIT) * Upper::computed(lost, n);
            totals.add(r, sum, offsets + slopes);
        }
    }

    /// From coefficients of stage k's z to coefficients of the values that it reads.
    pub(super) fn through_matrices(&mut self, k: usize, rows: &[f64], totals: &mut Totals) {
        let stage = &self.stages[k];
        let n = stage.size;
        if self.input.is_some() {
            for (r, row) in rows.chunks_exact(n).enumerate() {
                let (mut sum, mut size, mut off) = (0.0, 0.0, 0.0);
                for ((q, b), apart) in row.iter().zip(&stage.bias).zip(&stage.bound_bias_off) {
                    sum += q * b;
                    size += (q * b).abs();
                    off += q.abs() * apart;
                }
                let rounding = gamma(n, UNIT) * Upper::computed(size, n);
                totals.add(r, sum, rounding + Upper::computed(off, n));
            }
        }
        for matrix in &stage.matrices {
            if matrix.source == 0 && self.input.is_none() {
                continue;
            }
            let columns = matrix.columns();
            let values = &self.known[matrix.source].bound_after;
            let spread = Upper::dot(&matrix.bound_columns, values);
            let all = Upper::norm(values);
            let gamma = gamma(matrix.roundings, UNIT);
            let mut out = self.waiting[matrix.source].take();
            let fresh = out.is_none();
            let target = out.get_or_insert_with(|| vec![0.0; rows.len() / n * columns]);
            matrix.add_rows(rows, n, target);
            for (r, (row, sum)) in rows
                .chunks_exact(n)
                .zip(target.chunks_exact(columns))
                .enumerate()
            {
                let here = Upper::norm(row) * spread;
                totals.rounding[r] += (gamma + Upper::of(matrix.relative)) * here;
                if !fresh {
                    // Added to what was there, which is at most |sum| + |q| |M|.
                    let all = Upper::norm(sum) * all + here;
                    totals.rounding[r] += Upper::of(2.0) * gamma * all;
                }
            }
            self.waiting[matrix.source] = out;
        }
    }
}

/// The chord of a convex function over [lo, hi], raised so that it lies above the function there.
///
/// **Inputs** the function's values at both ends, exact or rounded up by the caller.
/// **Guarantee** slope x + offset >= value at both ends, hence above the function in between.
pub fn chord_above((lo, at_lo): (f64, f64), (hi, at_hi): (f64, f64)) -> (f64, f64) {
    let mut slope = (at_hi - at_lo) / (hi - lo);
    if !slope.is_finite() {
        slope = 0.0;
    }
    let at = |x: f64, value: f64| Upper::of(value) + Upper::product(-slope, x);
    (slope, at(lo, at_lo).max(at(hi, at_hi)).get())
}

/// An error for a box that is none.
pub fn check_box(input: &[(f64, f64)], size: usize) -> Result<()> {
    if input.len() != size {
        return Err(Error::domain(format!(
            "the box has {} sides, the network {size} inputs",
            input.len()
        )));
    }
    match input
        .iter()
        .position(|(lo, hi)| !(lo <= hi && lo.abs().max(hi.abs()) < MAX_MAGNITUDE))
    {
        None => Ok(()),
        Some(i) => Err(Error::domain(format!(
            "side {i} of the box, [{}, {}], is empty or not finite",
            input[i].0, input[i].1
        ))),
    }
}
