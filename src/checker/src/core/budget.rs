//! Metering: every loop whose length or operand size the document decides is charged before it runs.

use crate::core::fault::{Checked, Fault, Rule};
use num_bigint::BigInt;
use std::cell::Cell;

/// The units that one certificate may use. One unit is about the time of one limb product (a nanosecond);
/// the overheads below are in the same unit. A composite of degrees 15, 27, 29 with 150 cells of
/// order 1 at precision 192 needs less than a twentieth of this.
const LIMIT: u64 = 300_000_000;

/// No number may have more bits than this, whatever the units left.
pub(crate) const MAX_BITS: u64 = 1 << 16;

/// Units of work left.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    left: Cell<u64>,
}

impl Budget {
    /// A full budget.
    pub(crate) fn new() -> Self {
        Self::of(LIMIT)
    }

    /// A budget of so many units.
    pub(crate) fn of(limit: u64) -> Self {
        let left = Cell::new(limit);
        Self { limit, left }
    }

    /// Takes `units`, to be called before the work is done.
    ///
    /// # Errors
    /// A rejection if fewer are left.
    pub(crate) fn charge(&self, units: u64) -> Checked<()> {
        match self.left.get().checked_sub(units) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(Fault::rejected(
                Rule::Limit,
                format!(
                    "the certificate needs more than {} units of work",
                    self.limit
                ),
            )),
        }
    }

    /// Charges a product of numbers of so many bits, and refuses one whose result could be too long.
    pub(crate) fn product(&self, bits_a: u64, bits_b: u64) -> Checked<()> {
        size(bits_a.saturating_add(bits_b))?;
        self.charge(
            (bits_a / 64 + 1)
                .saturating_mul(bits_b / 64 + 1)
                .saturating_add(30),
        )
    }

    /// All that is left, as a budget of its own; `returned` gives the rest back.
    pub(crate) fn lent(&self) -> Self {
        let left = Cell::new(self.left.replace(0));
        Self {
            limit: self.limit,
            left,
        }
    }

    /// Takes back what was lent.
    pub(crate) fn returned(&self, rest: Self) {
        self.left.set(rest.left.get());
    }

    /// Units used so far.
    pub(crate) fn used(&self) -> u64 {
        self.limit.saturating_sub(self.left.get())
    }
}

/// Refuses a number of so many bits if that is more than any honest certificate needs.
pub(crate) fn size(bits: u64) -> Checked<()> {
    if bits > MAX_BITS {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("a number of {bits} bits is needed, and the limit is {MAX_BITS}"),
        ));
    }
    Ok(())
}

/// 64-bit words of a number, at least one.
pub(crate) fn limbs(x: &BigInt) -> u64 {
    x.bits() / 64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_ends() {
        let budget = Budget::new();
        assert!(budget.charge(LIMIT - 1).is_ok());
        assert!(budget.charge(2).is_err());
        assert!(budget.charge(1).is_ok());
        assert_eq!(budget.used(), LIMIT);
        assert!(budget.charge(u64::MAX).is_err());
    }

    #[test]
    fn long_products_are_refused() {
        let budget = Budget::new();
        assert!(budget.product(MAX_BITS, 0).is_ok());
        assert!(budget.product(MAX_BITS, 1).is_err());
        assert!(budget.product(u64::MAX, u64::MAX).is_err());
    }
}
