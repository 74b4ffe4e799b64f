//! Rule I2, second part: the diagonals of a map between layouts give every element exactly what its row reads.
//!
//! The diagonals are made by the contract's formula, and read back as an evaluator uses them: slot j of the result is
//! sum_k d_k[j] x[j + k], modulo the period of the source; where the result's period is the shorter one, all of its copies within the
//! source's are summed by rotations. Every factor must meet its element, in a copy of its slot, and no two factors share a place.

use crate::core::fault::{Checked, Fault};
use crate::inference::layout::{Layout, RULE};
use crate::inference::rows::Rows;
use std::collections::BTreeSet;

/// What running a map takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Diagonals.
    pub(super) diagonals: u64,
    /// Baby steps and giant steps that are no identity.
    pub(super) babies: u64,
    pub(super) giants: u64,
    /// log2 of the copies that are summed.
    pub(super) folds: u64,
    /// log2 of the values of a diagonal.
    pub(super) log_period: u64,
}

fn fail<T>(text: impl Into<String>) -> Checked<T> {
    Err(Fault::rejected(RULE, text))
}

/// The shape of a map of rows between layouts, with so many baby steps.
///
/// # Errors
/// A rejection where an element would not get what its row reads.
pub(super) fn shape(rows: &Rows, (from, to): (&Layout, &Layout), babies: usize) -> Checked<Shape> {
    let (a, b) = (from.period()?, to.period()?);
    let (sources, results) = (from.slots()?, to.slots()?);
    if rows.len() != results.len() {
        return Err(Fault::internal("rows"));
    }
    let (less, more) = (a.min(b), a.max(b));
    if babies == 0 || !babies.is_power_of_two() || babies > less {
        return fail(format!(
            "{babies} baby steps of {less}, which are to be a power of two"
        ));
    }
    let mut taken = vec![0u64; (less * more).div_ceil(64)];
    let mut shifts = BTreeSet::new();
    let mut used = vec![false; less];
    for (i, &result) in results.iter().enumerate() {
        for &(column, _) in rows.row(i) {
            let source = sources.get(column as usize).copied();
            let source = source.ok_or_else(|| Fault::internal("column"))?;
            // As the contract has it.
            let shift = (source + more - result) % less;
            let slot = if b < a {
                (source + a - shift) % a
            } else {
                result
            };
            // As an evaluator uses it.
            let read = (slot + shift) % a;
            let written = slot % b;
            if read != source || written != result {
                return fail(format!("slot {result} does not get slot {source}"));
            }
            let place = shift * more + slot;
            let bit = 1u64 << (place % 64);
            match taken.get_mut(place / 64) {
                Some(word) if *word & bit == 0 => *word |= bit,
                _ => return fail(format!("two factors of diagonal {shift} in slot {slot}")),
            }
            if let Some(used) = used.get_mut(shift) {
                if !std::mem::replace(used, true) {
                    shifts.insert(shift);
                }
            }
        }
    }
    let steps = |step: &dyn Fn(&usize) -> usize| {
        let all: BTreeSet<usize> = shifts.iter().map(step).filter(|k| *k != 0).collect();
        count(all.len())
    };
    Ok(Shape {
        diagonals: count(shifts.len()),
        babies: steps(&|k| k % babies),
        giants: steps(&|k| k - k % babies),
        folds: u64::from((a / less).trailing_zeros()),
        log_period: u64::from(more.trailing_zeros()),
    })
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
