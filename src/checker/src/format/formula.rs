//! Formulas of a document, and how many intervals a union has.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::series::expression::Formula;
use crate::series::program::Program;

/// Parts of a claim, and segments of a domain, at most.
pub(crate) const MAX_INTERVALS: usize = 4_096;

/// A formula in x.
pub(crate) fn formula(text: &str, budget: &Budget) -> Checked<Formula> {
    Formula::parse(text, budget).map_err(Fault::unreadable)
}

/// A program in x and p.
pub(crate) fn program(text: &str, budget: &Budget) -> Checked<Program> {
    Program::parse(text, budget).map_err(Fault::unreadable)
}
