//! The cells of a union of intervals: what the claims about a smooth function go through.

use crate::core::fault::{Checked, Fault};
use crate::core::fixed::Fixed;
use crate::core::number::Rational;
use crate::core::pieces::Segment;
use crate::series::units::{fail, placed};
use num_bigint::BigInt;
use num_traits::{One, Zero};

/// The hint for one cell.
#[derive(Debug)]
pub(crate) struct SeriesCell {
    /// Its right end; the left end is that of the cell before it.
    pub(crate) to: BigInt,
    /// Largest degree of the models.
    pub(crate) degree: usize,
    /// Pieces of the error's polynomial; none where the claim is about ranges.
    pub(crate) pieces: Vec<Segment>,
}

/// How far an argument may seem to lie beyond the end of where a root or asin is defined. A unit of x may be a few of an
/// argument: far less than anything that is meant.
pub(crate) fn slack(fixed: &Fixed) -> BigInt {
    BigInt::one() << (fixed.precision / 2)
}

/// Calls `prove` for every cell of every part with its middle and half its width, and requires that they cover it.
///
/// # Errors
/// A rejection if they do not, if the parts are not in order, or where `prove` gives one, with the place.
pub(crate) fn over_cells(
    parts: &[(Rational, Rational)],
    hints: &[Vec<SeriesCell>],
    fixed: &Fixed,
    mut prove: impl FnMut(&SeriesCell, &BigInt, &BigInt) -> Checked<()>,
) -> Checked<()> {
    check_parts(parts, fixed)?;
    if parts.len() != hints.len() {
        return fail("there is not one list of cells for each part");
    }
    for (i, ((from, to), cells)) in parts.iter().zip(hints).enumerate() {
        let (mut left, end) = (even(from, fixed, false), even(to, fixed, true));
        for (j, cell) in cells.iter().enumerate() {
            let ends = cell_ends(&left, &cell.to);
            let proved = ends.and_then(|(middle, reach)| prove(cell, &middle, &reach));
            proved.map_err(|fault| placed(fault, &format!("part {i}, cell {j}")))?;
            left.clone_from(&cell.to);
        }
        if left != end {
            return fail(format!(
                "part {i}: the last cell does not end at `to`, rounded up to a hint number"
            ));
        }
    }
    Ok(())
}

/// Parts in order, each with more than one point.
fn check_parts(parts: &[(Rational, Rational)], fixed: &Fixed) -> Checked<()> {
    for (i, (from, to)) in parts.iter().enumerate() {
        // A few comparisons and two divisions.
        let words = (from.bits() + to.bits() + fixed.precision) / 64 + 1;
        fixed.budget.charge(4 * words * words + 200)?;
        if from >= to {
            return fail(format!("part {i}: from is not below to"));
        }
        if parts.get(i + 1).is_some_and(|(next, _)| to > next) {
            return fail(format!("part {i} ends beyond the beginning of the next"));
        }
    }
    Ok(())
}

/// x rounded to a multiple of 2^(1-precision), in units of 2^-precision.
fn even(x: &Rational, fixed: &Fixed, up: bool) -> BigInt {
    let p = fixed.precision - 1;
    let n = if up { x.ceil_at(p) } else { x.floor_at(p) };
    n << 1_u32
}

/// The middle of a cell and half its width, exactly: the ends are even.
fn cell_ends(left: &BigInt, right: &BigInt) -> Checked<(BigInt, BigInt)> {
    let (sum, difference): (BigInt, BigInt) = (left + right, right - left);
    if sum.bit(0) || difference.bit(0) {
        return Err(Fault::internal("an odd hint number"));
    }
    if difference <= BigInt::zero() {
        return fail("its end is not beyond its beginning");
    }
    Ok((sum >> 1_u32, difference >> 1_u32))
}
