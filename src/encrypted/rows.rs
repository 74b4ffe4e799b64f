//! Linear maps of elements, by rows of what is not 0, in pairs of f64 of about 106 bits.
//!
//! Weights are exact, a batch norm's factor is within 2^-106 of the exact one, and products and sums of pairs are within some
//! 2^-102 of their sizes (`arith::ball`): so what comes out, rounded once to f64, is the nearest or its neighbour.

use crate::arith::ball::{pair_product, pair_sum};

/// A number as hi + lo.
pub type Pair = (f64, f64);

/// A matrix by its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    columns: usize,
    /// The end of each row among the entries.
    ends: Vec<usize>,
    /// Column and factor.
    entries: Vec<(u32, Pair)>,
}

impl Rows {
    /// `make` adds to each row its columns with their factors; zeros are left out.
    pub fn build(
        rows: usize,
        columns: usize,
        mut make: impl FnMut(usize, &mut Vec<(usize, Pair)>),
    ) -> Self {
        let mut out = Self {
            columns,
            ends: Vec::with_capacity(rows),
            entries: Vec::new(),
        };
        let mut row = Vec::new();
        for i in 0..rows {
            row.clear();
            make(i, &mut row);
            let kept = row.iter().filter(|(_, f)| f.0 != 0.0);
            out.entries.extend(kept.map(|&(j, f)| (j as u32, f)));
            out.ends.push(out.entries.len());
        }
        out
    }

    /// The identity.
    #[must_use]
    pub fn identity(n: usize) -> Self {
        Self::build(n, n, |i, row| row.push((i, (1.0, 0.0))))
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Factors that are not 0.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Columns and factors of a row.
    #[must_use]
    pub fn row(&self, i: usize) -> &[(u32, Pair)] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.entries[start..self.ends[i]]
    }

    /// Products that [`Self::after`] takes.
    #[must_use]
    pub fn products(&self, before: &Self) -> usize {
        let row = |j: u32| before.row(j as usize).len();
        self.entries.iter().map(|(j, _)| row(*j)).sum()
    }

    /// This map of what another one makes.
    #[must_use]
    pub fn after(&self, before: &Self) -> Self {
        let mut sums: Vec<Pair> = vec![(0.0, 0.0); before.columns];
        let mut seen = vec![false; before.columns];
        Self::build(self.len(), before.columns, |i, out| {
            let mut touched: Vec<u32> = Vec::new();
            for (j, factor) in self.row(i) {
                for (column, inner) in before.row(*j as usize) {
                    let at = *column as usize;
                    if !seen[at] {
                        seen[at] = true;
                        touched.push(*column);
                    }
                    sums[at] = pair_sum(sums[at], pair_product(*factor, *inner));
                }
            }
            touched.sort_unstable();
            for column in touched {
                let at = column as usize;
                out.push((at, sums[at]));
                (sums[at], seen[at]) = ((0.0, 0.0), false);
            }
        })
    }

    /// The sum of two maps.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self::build(self.len(), self.columns, |i, out| {
            let mut all: Vec<(u32, Pair)> = [self.row(i), other.row(i)].concat();
            all.sort_by_key(|(j, _)| *j);
            for (j, f) in all {
                match out.last_mut() {
                    Some((last, sum)) if *last == j as usize => *sum = pair_sum(*sum, f),
                    _ => out.push((j as usize, f)),
                }
            }
        })
    }

    /// The map of numbers.
    #[must_use]
    pub fn of(&self, x: &[Pair]) -> Vec<Pair> {
        let sum = |i: usize| {
            let row = self.row(i).iter();
            row.fold((0.0, 0.0), |sum, (j, f)| {
                pair_sum(sum, pair_product(*f, x[*j as usize]))
            })
        };
        (0..self.len()).map(sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_composed_and_added() {
        let a = Rows::build(2, 3, |i, row| {
            row.extend((0..3).map(|j| (j, ((i + 2 * j) as f64, 0.0))));
        });
        let b = Rows::build(3, 4, |i, row| row.push((i, (0.1, i as f64 * 1e-20))));
        assert_eq!((a.entries(), a.products(&b)), (5, 5));
        let ab = a.after(&b);
        assert_eq!(ab.row(0).len(), 2);
        let x: Vec<Pair> = (1..=4).map(|i| (f64::from(i), 0.0)).collect();
        let want = a.of(&b.of(&x));
        let got = ab.of(&x);
        for (g, w) in got.iter().zip(&want) {
            assert!((g.0 - w.0 + (g.1 - w.1)).abs() < 1e-29, "{got:?} {want:?}");
        }
        // A pair keeps what f64 alone would lose.
        assert!((ab.row(1)[2].1 .1 - (5.0 * 2e-20)).abs() > 0.0);
        let twice = ab.plus(&ab);
        assert_eq!(twice.row(1).len(), ab.row(1).len());
        assert_eq!(twice.of(&x)[1].0, 2.0 * got[1].0);
        let none = Rows::build(2, 4, |_, _| ());
        assert_eq!(none.plus(&ab), ab);
        assert_eq!(Rows::identity(2).after(&ab), ab);
    }
}
