//! Linear maps between stages: a matrix written out, a convolution by its weights, or a short list for each output.

use crate::arith::upper::Upper;
use crate::network::boxes::dense;
use crate::network::boxes::stencil::Stencil;
use crate::network::model::ops::{Conv, TensorShape};

/// A linear map.
#[derive(Debug, Clone)]
pub enum Map {
    /// Entries, row-major: one row for each output.
    Dense(Vec<f64>),
    /// A convolution.
    Stencil(Stencil),
    /// What each output reads.
    Lists(Lists),
}

/// For each output the inputs that it reads, each with its weight.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// Where the entries of each output end.
    ends: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

/// The matrix of one linear layer.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Stage that it reads.
    pub source: usize,
    /// Its entries.
    pub map: Map,
    /// Upper bounds of the Euclidean norms of its columns.
    pub bound_columns: Vec<f64>,
    /// Roundings of a coefficient that goes back through it.
    pub(super) roundings: usize,
    /// The exact entry m' behind each entry m has |m' - m| <= relative |m|.
    pub relative: f64,
}

impl Lists {
    /// One more output.
    pub(super) fn push(&mut self, reads: impl IntoIterator<Item = (usize, f64)>) {
        // Stages are far smaller than 2^32.
        let place = |i: usize| u32::try_from(i).unwrap_or(u32::MAX);
        let entries = reads.into_iter().map(|(i, w)| (place(i), w));
        self.entries.extend(entries);
        self.ends.push(self.entries.len());
    }

    /// What each output reads.
    fn outputs(&self) -> impl Iterator<Item = &[(u32, f64)]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(a, b)| &self.entries[*a..*b])
    }
}

impl Map {
    /// A convolution; by lists where next to nothing is read, as in the tournament of a max-pooling.
    pub(super) fn of(c: &Conv, from: TensorShape, to: TensorShape) -> Self {
        let stencil = Stencil::new(c, from, to);
        let used = c.weights.iter().filter(|w| **w != 0.0).count();
        if used > FEW * to.channels {
            return Self::Stencil(stencil);
        }
        let mut reads: Vec<Vec<(usize, f64)>> = vec![Vec::new(); to.len()];
        stencil.each_entry(|o, i, w| {
            if w != 0.0 {
                reads[o].push((i, w));
            }
        });
        let mut lists = Lists::default();
        reads.into_iter().for_each(|reads| lists.push(reads));
        Self::Lists(lists)
    }

    /// Calls `f` with (output, input, entry) for every entry that may not be 0, of a map of this many columns.
    pub fn each_entry(&self, columns: usize, mut f: impl FnMut(usize, usize, f64)) {
        match self {
            Self::Dense(entries) => {
                for (o, row) in entries.chunks_exact(columns).enumerate() {
                    row.iter().enumerate().for_each(|(i, w)| f(o, i, *w));
                }
            }
            Self::Stencil(stencil) => stencil.each_entry(f),
            Self::Lists(lists) => {
                for (o, reads) in lists.outputs().enumerate() {
                    reads.iter().for_each(|(i, w)| f(o, *i as usize, *w));
                }
            }
        }
    }
}

/// A convolution with so many weights an output channel is written as lists.
const FEW: usize = 4;

impl Matrix {
    /// Of a map to `rows` outputs from `columns` inputs, with exact entries.
    pub fn new(source: usize, map: Map, rows: usize, columns: usize) -> Self {
        let (mut squares, mut counts) = (vec![0.0f64; columns], vec![0usize; columns]);
        match &map {
            // Each column has them all.
            Map::Dense(_) => counts.fill(rows),
            _ => map.each_entry(columns, |_, i, _| counts[i] += 1),
        }
        map.each_entry(columns, |_, i, w| squares[i] = w.mul_add(w, squares[i]));
        let most = counts.into_iter().max().unwrap_or(0);
        let bound = |s: f64| Upper::computed(s, most).sqrt().get();
        Self {
            source,
            bound_columns: squares.into_iter().map(bound).collect(),
            // Of a stencil the sum is added to what was there.
            roundings: most + usize::from(matches!(map, Map::Stencil(_))),
            relative: 0.0,
            map,
        }
    }

    /// The map that changes nothing.
    pub(super) fn identity(source: usize, n: usize) -> Self {
        Self::diagonal(source, n, |_| 1.0)
    }

    /// Each element times its factor.
    pub(super) fn diagonal(source: usize, n: usize, factor: impl Fn(usize) -> f64) -> Self {
        let mut lists = Lists::default();
        (0..n).for_each(|i| lists.push([(i, factor(i))]));
        Self::new(source, Map::Lists(lists), n, n)
    }

    /// Number of columns: the size of the stage that it reads.
    pub fn columns(&self) -> usize {
        self.bound_columns.len()
    }

    /// out += rows times the matrix, of `n` outputs: at most `roundings` of them and the sum with what was there.
    pub(super) fn add_rows(&self, rows: &[f64], n: usize, out: &mut [f64]) {
        let columns = self.columns();
        match &self.map {
            Map::Dense(entries) => dense::multiply(rows, n, entries, columns, out),
            Map::Stencil(stencil) => stencil.add_rows(rows, out),
            Map::Lists(lists) => {
                for (row, out) in rows.chunks_exact(n).zip(out.chunks_exact_mut(columns)) {
                    for (q, reads) in row.iter().zip(lists.outputs()) {
                        if *q != 0.0 {
                            for (i, w) in reads {
                                let place = &mut out[*i as usize];
                                *place = w.mul_add(*q, *place);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Multiplies the entries of each output.
    pub(super) fn scale(&mut self, rows: usize, factor: impl Fn(usize) -> f64) {
        let columns = self.columns();
        match &mut self.map {
            Map::Dense(entries) => {
                for (i, row) in entries.chunks_exact_mut(columns).enumerate() {
                    row.iter_mut().for_each(|w| *w *= factor(i));
                }
            }
            Map::Stencil(stencil) => stencil.scale(factor),
            Map::Lists(lists) => {
                let mut first = 0;
                for (i, end) in lists.ends.iter().enumerate() {
                    let own = &mut lists.entries[first..*end];
                    own.iter_mut().for_each(|(_, w)| *w *= factor(i));
                    first = *end;
                }
            }
        }
        let map = std::mem::replace(&mut self.map, Map::Dense(Vec::new()));
        *self = Self {
            relative: self.relative,
            ..Self::new(self.source, map, rows, columns)
        };
    }
}
