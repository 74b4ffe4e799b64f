//! Readers of hints: branches, pieces, cells and witnesses.

use crate::core::budget::Budget;
use crate::core::cascade::{Side, StageHint};
use crate::core::cells::Cells;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::pieces::Segment;
use crate::core::statement::Witness;
use crate::format::json::{each, Tree};
use crate::format::table::number;
use num_bigint::BigInt;

/// Stages of a composite, at most.
pub(crate) const MAX_STAGES: usize = 32;

/// What the readers of hints need to know.
pub(crate) struct Reader<'b> {
    pub(crate) precision: u64,
    pub(crate) budget: &'b Budget,
}

impl Reader<'_> {
    /// Any number.
    pub(crate) fn number(&self, tree: Tree) -> Checked<Rational> {
        number(&tree, self.budget)
    }

    /// A number above 0.
    pub(crate) fn positive(&self, tree: Tree) -> Checked<Rational> {
        match self.number(tree)? {
            x if x.is_positive() => Ok(x),
            _ => Err(Fault::unreadable("not above 0")),
        }
    }

    /// A hint number.
    pub(crate) fn hint(&self, tree: Tree) -> Checked<BigInt> {
        Rational::parse_hint(tree.text()?, self.precision, self.budget)
    }

    /// A side and the hints of its stages.
    pub(crate) fn branch(&self, tree: Tree) -> Checked<(Side, Vec<StageHint>)> {
        let mut fields = tree.object()?;
        let side = fields.take("side", |t| {
            let text = t.text()?;
            let all = [Side::Both, Side::Positive, Side::Negative];
            let side = all.into_iter().find(|side| side.name() == text);
            side.ok_or_else(|| Fault::unreadable("not one of both, positive, negative"))
        })?;
        let stages = fields.take("stages", |t| {
            each(t.list_of(1, MAX_STAGES)?, |stage| {
                let mut fields = stage.object()?;
                let value = fields.take("value", |t| self.pieces(t))?;
                let slope = fields.take_maybe("slope", |t| self.pieces(t))?;
                fields.finish()?;
                Ok(StageHint { value, slope })
            })
        })?;
        fields.finish()?;
        Ok((side, stages))
    }

    /// Segments with their boxes.
    pub(crate) fn pieces(&self, tree: Tree) -> Checked<Vec<Segment>> {
        each(tree.list_of(1, usize::MAX)?, |segment| {
            let mut fields = segment.object()?;
            let lo = fields.take("lo", |t| self.hint(t))?;
            let hi = fields.take("hi", |t| self.hint(t))?;
            let boxes = fields.take("boxes", |t| {
                each(t.list()?, |pair| {
                    let (u, v) = pair.pair()?;
                    Ok((self.hint(u)?, self.hint(v)?))
                })
            })?;
            fields.finish()?;
            Ok(Segment { lo, hi, boxes })
        })
    }

    /// One list of cells for each branch.
    pub(crate) fn cells(&self, tree: Tree) -> Checked<Vec<Cells>> {
        each(tree.list()?, |list| {
            let mut fields = list.object()?;
            let points = fields.take("points", |t| each(t.list()?, |p| self.hint(p)))?;
            let orders = fields.take("orders", |t| {
                let digit = |c| match c {
                    '0' => Ok(false),
                    '1' => Ok(true),
                    _ => Err(Fault::unreadable("a digit other than 0 and 1")),
                };
                t.text()?.chars().map(digit).collect()
            })?;
            fields.finish()?;
            Ok(Cells { points, orders })
        })
    }

    /// A witness of a claim about one side of 0.
    pub(crate) fn witness(&self, tree: Tree) -> Checked<Witness> {
        let witness = self.witness_anywhere(tree)?;
        if witness.x.is_zero() {
            return Err(Fault::unreadable("a witness cannot be at 0").at("x"));
        }
        Ok(witness)
    }

    /// A witness of a claim that is not about one side of 0.
    pub(crate) fn witness_anywhere(&self, tree: Tree) -> Checked<Witness> {
        let mut fields = tree.object()?;
        let x = fields.take("x", |t| self.hint(t))?;
        let lo = fields.take("lo", |t| self.number(t))?;
        fields.finish()?;
        let x = Rational::dyadic(x, self.precision);
        Ok(Witness { x, lo })
    }
}
