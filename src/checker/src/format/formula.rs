//! Formulas of a document, and how many intervals a union has.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::series::expression::Formula;

/// Parts of a claim, and segments of a domain, at most.
pub(crate) const MAX_INTERVALS: usize = 4_096;

/// A formula in x, or in x and p.
pub(crate) fn formula(text: &str, with_p: bool, budget: &Budget) -> Checked<Formula> {
    Formula::parse(text, with_p, budget).map_err(Fault::unreadable)
}
