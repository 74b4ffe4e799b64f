//! What is linear between two activations, as one map a value: which elements each element reads, and how large factors are.
//!
//! Factors are upper bounds of sizes, multiples of 2^-40: what a map adds to noise grows with them, and where a map of the network
//! is the one that is run is a matter of which elements meet (rule I2), not of how large their factors are. Where sums cancel
//! exactly an element is still counted.

use crate::core::fault::{Checked, Fault, Rule};
use crate::network::model::layers::Dyadic;
use num_traits::Signed;
use std::collections::BTreeMap;

/// Factors are multiples of 2^-BITS.
pub(super) const BITS: u64 = 40;
/// Most factors of the maps of one node, and products that make them.
const MAX_ENTRIES: usize = 1 << 25;

/// A matrix by its rows: columns, and sizes of factors, rounded up.
#[derive(Debug, Default)]
pub(super) struct Rows {
    ends: Vec<usize>,
    entries: Vec<(u32, u64)>,
}

pub(super) fn limit() -> Fault {
    let text = format!("a linear map has more than {MAX_ENTRIES} factors, or one of 2^23 and more");
    Fault::rejected(Rule::Limit, text)
}

/// |a b|, rounded up.
pub(super) fn product(a: u64, b: u64) -> Checked<u64> {
    let shifted = (u128::from(a) * u128::from(b)).div_ceil(1 << BITS);
    small(u64::try_from(shifted).map_err(|_| limit())?)
}

pub(super) fn small(a: u64) -> Checked<u64> {
    match a >> 63 {
        0 => Ok(a),
        _ => Err(limit()),
    }
}

pub(super) fn sum(a: u64, b: u64) -> Checked<u64> {
    a.checked_add(b).ok_or_else(limit).and_then(small)
}

/// |x|, rounded up.
pub(super) fn size(x: &Dyadic) -> Checked<u64> {
    let up = x.exponent.saturating_add(40);
    let m = x.mantissa.abs();
    let scaled = match u64::try_from(up) {
        // Exponents are within 1200.
        Ok(up) => m << up,
        Err(_) => -((-m) >> up.unsigned_abs()),
    };
    small(u64::try_from(&scaled).map_err(|_| limit())?)
}

impl Rows {
    pub(super) fn with_rows(rows: usize) -> Self {
        Self {
            ends: Vec::with_capacity(rows),
            entries: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, column: usize, factor: u64) -> Checked<()> {
        if factor == 0 {
            return Ok(());
        }
        if self.entries.len() >= MAX_ENTRIES {
            return Err(limit());
        }
        let column = u32::try_from(column).map_err(|_| limit())?;
        self.entries.push((column, factor));
        Ok(())
    }

    pub(super) fn end(&mut self) {
        self.ends.push(self.entries.len());
    }

    pub(super) fn identity(n: usize) -> Checked<Self> {
        let mut out = Self::with_rows(n);
        for i in 0..n {
            out.push(i, 1 << BITS)?;
            out.end();
        }
        Ok(out)
    }

    /// The number of factors.
    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Columns and factors of a row.
    pub(super) fn row(&self, i: usize) -> &[(u32, u64)] {
        let start = i.checked_sub(1).and_then(|i| self.ends.get(i)).copied();
        let end = self.ends.get(i).copied().unwrap_or(0);
        self.entries.get(start.unwrap_or(0)..end).unwrap_or(&[])
    }

    /// The greatest sum of a row.
    pub(super) fn norm(&self) -> Checked<u64> {
        let one = |i| self.row(i).iter().try_fold(0, |s, &(_, f)| sum(s, f));
        (0..self.len()).try_fold(0, |most, i| Ok(one(i)?.max(most)))
    }

    /// The greatest factor.
    pub(super) fn largest(&self) -> u64 {
        self.entries.iter().map(|e| e.1).max().unwrap_or(0)
    }

    /// Products that this map of what another one makes takes.
    pub(super) fn products(&self, before: &Self) -> usize {
        self.entries
            .iter()
            .map(|e| before.row(e.0 as usize).len())
            .sum()
    }

    /// This map of what another one makes, of so many columns.
    pub(super) fn after(&self, before: &Self, columns: usize) -> Checked<Self> {
        if self.products(before) > MAX_ENTRIES {
            return Err(limit());
        }
        let mut sums = vec![0u64; columns];
        let mut out = Self::with_rows(self.len());
        for i in 0..self.len() {
            let mut touched: Vec<u32> = Vec::new();
            for &(j, factor) in self.row(i) {
                for &(column, inner) in before.row(j as usize) {
                    let at = sums.get_mut(column as usize);
                    let at = at.ok_or_else(|| Fault::internal("column"))?;
                    if *at == 0 {
                        touched.push(column);
                    }
                    // Never 0: both are above.
                    *at = sum(*at, product(factor, inner)?)?;
                }
            }
            touched.sort_unstable();
            for column in touched {
                if let Some(at) = sums.get_mut(column as usize) {
                    out.push(column as usize, std::mem::take(at))?;
                }
            }
            out.end();
        }
        Ok(out)
    }

    pub(super) fn plus(&self, other: &Self) -> Checked<Self> {
        let mut out = Self::with_rows(self.len());
        for i in 0..self.len().max(other.len()) {
            let mut row: BTreeMap<u32, u64> = BTreeMap::new();
            for &(column, factor) in self.row(i).iter().chain(other.row(i)) {
                let at = row.entry(column).or_insert(0);
                *at = sum(*at, factor)?;
            }
            for (column, factor) in row {
                out.push(column as usize, factor)?;
            }
            out.end();
        }
        Ok(out)
    }

    /// Sizes of the sums, of numbers of these sizes.
    pub(super) fn of(&self, x: &[u64]) -> Checked<Vec<u64>> {
        let one = |i| {
            let mut row = self.row(i).iter();
            row.try_fold(0, |s, &(j, f)| {
                let x = x.get(j as usize).ok_or_else(|| Fault::internal("row"))?;
                sum(s, product(f, *x)?)
            })
        };
        (0..self.len()).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dyadic(m: i64, exponent: i64) -> Dyadic {
        Dyadic {
            mantissa: m.into(),
            exponent,
        }
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(size(&dyadic(-3, -1)).unwrap(), 3 << 39);
        assert_eq!(size(&dyadic(1, -41)).unwrap(), 1);
        assert_eq!(size(&dyadic(0, -41)).unwrap(), 0);
        assert!(size(&dyadic(1, 23)).is_err());
        assert_eq!(product(1, 1).unwrap(), 1);
        assert_eq!(product(3 << 40, 5 << 40).unwrap(), 15 << 40);
    }
}
