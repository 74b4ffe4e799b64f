//! What claims are proved from: the precision and the budget, and the branches by R1.

use crate::core::cascade::{Branch, Side};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::number::Rational;

/// What claims are proved from.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) fixed: Fixed,
    /// Number of components of the composite.
    pub(crate) stages: usize,
    /// None if the certificate has no branches: claims about them must fail then, never hold of nothing.
    branches: Option<Vec<Branch>>,
}

impl Ground {
    /// What was proved of the branches, if there are any.
    pub(crate) fn new(fixed: Fixed, stages: usize, branches: Vec<Branch>) -> Self {
        Self {
            fixed,
            stages,
            branches: (!branches.is_empty()).then_some(branches),
        }
    }

    /// The sides that have a branch of their own.
    pub(crate) fn branches(&self) -> Checked<&[Branch]> {
        let missing = || Fault::rejected(Rule::Branches, "the certificate has none");
        self.branches.as_deref().ok_or_else(missing)
    }

    /// The branch that holds q_s, s being the sign of the side.
    pub(crate) fn branch(&self, negative: bool) -> Checked<&Branch> {
        let wanted = if negative {
            Side::Negative
        } else {
            Side::Positive
        };
        let fits = |b: &&Branch| b.side == Side::Both || b.side == wanted;
        let found = self.branches()?.iter().find(fits);
        found.ok_or_else(|| Fault::internal("no branch for a side"))
    }

    /// Whether the smallest absolute value is at least `lo`.
    pub(crate) fn reaches(&self, quantity: &Interval, lo: &Rational) -> bool {
        quantity.mig() >= lo.ceil_at(self.fixed.precision)
    }
}
