//! A linear map between layouts as diagonals: slot j of the result is sum_k d_k\[j\] x\[j + k\], then folded.
//!
//! **Method** A source of period a is read modulo a, and a result of period b is wanted in every copy. So shifts count modulo the
//! smaller of the two. For b < a the diagonals have a slots, of which each copy of the result sums a part of the products: the one
//! that its slot sees by a shift below b. Rotations by b, 2 b, .. a/2, each added to what it rotates, sum the copies up. So a
//! dense layer of few outputs takes as many diagonals as it has outputs, and not as many as inputs.

use crate::encrypted::layout::Layout;
use crate::encrypted::rows::Rows;
use std::collections::{BTreeMap, BTreeSet};

/// What a giant step costs in baby steps, about, at low levels: the digits of one part are made anew.
const GIANT: usize = 4;

/// A linear map from the slots of one value.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotMap {
    /// Period of the source.
    pub from: usize,
    /// Period of the result.
    pub to: usize,
    /// By shift, 0 <= k < min(from, to): the larger period of factors.
    pub diagonals: BTreeMap<usize, Vec<f64>>,
}

/// Shift and slot of a product: source slot, result slot.
#[inline]
fn place(source: usize, result: usize, (from, to): (usize, usize)) -> (usize, usize) {
    // Powers of two.
    let shift = source.wrapping_sub(result) & (from.min(to) - 1);
    let slot = match to < from {
        true => source.wrapping_sub(shift) & (from - 1),
        false => result,
    };
    (shift, slot)
}

/// The slots of all elements.
fn slots(layout: &Layout) -> Vec<usize> {
    (0..layout.shape.len()).map(|i| layout.slot(i)).collect()
}

impl SlotMap {
    /// The map of rows: elements of `from` to elements of `to`. Factors are rounded to the nearest f64.
    #[must_use]
    pub fn new(rows: &Rows, from: &Layout, to: &Layout) -> Self {
        let periods = (from.period(), to.period());
        let length = periods.0.max(periods.1);
        let (sources, results) = (slots(from), slots(to));
        let mut diagonals: Vec<Option<Vec<f64>>> = vec![None; periods.0.min(periods.1)];
        for (row, &result) in results.iter().enumerate() {
            for (column, (factor, _)) in rows.row(row) {
                let (shift, slot) = place(sources[*column as usize], result, periods);
                diagonals[shift].get_or_insert_with(|| vec![0.0; length])[slot] = *factor;
            }
        }
        let all = diagonals.into_iter().enumerate();
        Self {
            from: periods.0,
            to: periods.1,
            diagonals: all.filter_map(|(k, d)| Some((k, d?))).collect(),
        }
    }

    /// How many diagonals [`Self::new`] makes.
    #[must_use]
    pub fn count(rows: &Rows, from: &Layout, to: &Layout) -> usize {
        let periods = (from.period(), to.period());
        let (sources, results) = (slots(from), slots(to));
        let mut seen = vec![false; periods.0.min(periods.1)];
        for (row, &result) in results.iter().enumerate() {
            for (column, _) in rows.row(row) {
                seen[place(sources[*column as usize], result, periods).0] = true;
            }
        }
        seen.into_iter().filter(|&s| s).count()
    }

    /// Rotations that sum the copies up.
    #[must_use]
    pub fn folds(&self) -> Vec<usize> {
        let next = |&step: &usize| Some(2 * step);
        let all = std::iter::successors(Some(self.to), next);
        all.take_while(|&step| step < self.from).collect()
    }

    /// How many shifts are baby steps: a power of two, so that the work is least.
    #[must_use]
    pub fn babies(&self) -> usize {
        let all = (0..=self.from.min(self.to).trailing_zeros()).map(|log| 1usize << log);
        let work = |&n: &usize| {
            let (babies, giants) = self.steps(n);
            babies.len() + GIANT * giants.len()
        };
        all.min_by_key(work).unwrap_or(1)
    }

    /// The baby steps and the giant steps, 0 among them.
    #[must_use]
    pub fn steps(&self, babies: usize) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let shifts = || self.diagonals.keys();
        (
            shifts().map(|k| k % babies).collect(),
            shifts().map(|k| k - k % babies).collect(),
        )
    }

    /// The map of one period of slots. *Estimate* in f64.
    #[must_use]
    pub fn estimate(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.from.max(self.to)];
        for (&shift, diagonal) in &self.diagonals {
            // A period of the source at a time: j + k from k on, then from 0.
            let periods = out.chunks_mut(self.from).zip(diagonal.chunks(self.from));
            for (out, diagonal) in periods {
                let end = self.from - shift;
                let (first, second) = out.split_at_mut(end);
                let (d, e) = diagonal.split_at(end);
                for ((out, d), x) in first.iter_mut().zip(d).zip(&x[shift..]) {
                    *out = d.mul_add(*x, *out);
                }
                for ((out, d), x) in second.iter_mut().zip(e).zip(x) {
                    *out = d.mul_add(*x, *out);
                }
            }
        }
        for step in self.folds() {
            let before = out.clone();
            let n = out.len();
            for (j, out) in out.iter_mut().enumerate() {
                *out += before[(j + step) % n];
            }
        }
        out.truncate(self.to);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::TensorShape;

    /// A map without structure, from and to layouts of all kinds, is what its rows say.
    #[test]
    fn diagonals_are_the_rows() {
        let plain = Layout::plain(TensorShape::new(3, 5, 4));
        let wide = Layout::new(TensorShape::new(5, 2, 2), 2, [4, 4]).unwrap();
        let few = Layout::plain(TensorShape::flat(3));
        for (from, to) in [
            (plain, wide),
            (plain, few),
            (wide, plain),
            (few, plain),
            (plain, plain),
        ] {
            let (n, m) = (from.shape.len(), to.shape.len());
            let factor = |i: usize, j: usize| match (i * 7 + j * 5) % 4 {
                0 => 0.0,
                r => r as f64 + (i + 100 * j) as f64,
            };
            let rows = Rows::build(m, n, |i, row| {
                row.extend((0..n).map(|j| (j, (factor(i, j), 0.0))));
            });
            let map = SlotMap::new(&rows, &from, &to);
            assert_eq!(map.diagonals.len(), SlotMap::count(&rows, &from, &to));
            let x: Vec<f64> = (0..n).map(|j| 1.0 + (j * j % 17) as f64).collect();
            let mut slots = from.pack(&x).unwrap();
            // What no element is in is read by nothing.
            let held: BTreeSet<usize> = (0..n).map(|i| from.slot(i)).collect();
            for (i, slot) in slots.iter_mut().enumerate() {
                if !held.contains(&i) {
                    *slot = f64::NAN;
                }
            }
            // NaN times 0 is NaN: such products are left out.
            let got = clean(&map, &slots);
            let got = to.unpack(&got).unwrap();
            for (i, got) in got.iter().enumerate() {
                let want: f64 = (0..n).map(|j| factor(i, j) * x[j]).sum();
                assert_eq!(*got, want, "{from} to {to}, element {i}");
            }
        }
    }

    fn clean(map: &SlotMap, slots: &[f64]) -> Vec<f64> {
        for (&k, diagonal) in &map.diagonals {
            for (j, d) in diagonal.iter().enumerate() {
                assert!(*d == 0.0 || !slots[(j + k) % map.from].is_nan());
            }
        }
        let known: Vec<f64> = slots
            .iter()
            .map(|v| if v.is_nan() { 9e9 } else { *v })
            .collect();
        map.estimate(&known)
    }

    #[test]
    fn few_outputs_take_few_diagonals() {
        let from = Layout::plain(TensorShape::flat(1000));
        let to = Layout::plain(TensorShape::flat(10));
        let rows = Rows::build(10, 1000, |_, row| {
            row.extend((0..1000).map(|j| (j, (1.0, 0.0))));
        });
        let map = SlotMap::new(&rows, &from, &to);
        assert_eq!(
            (map.diagonals.len(), map.folds()),
            (16, vec![16, 32, 64, 128, 256, 512])
        );
        let (babies, giants) = map.steps(map.babies());
        assert_eq!((babies.len(), giants.len()), (8, 2));
    }
}
