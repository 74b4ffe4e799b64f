//! The reader of the claims about a smooth function.

use crate::claims::statement::Statement;
use crate::claims::Claim;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::pieces::Segment;
use crate::format::claims::{count, plain};
use crate::format::formula::{formula, program, MAX_INTERVALS};
use crate::format::hints::{Reader, MAX_STAGES};
use crate::format::json::{each, Fields, Tree};
use crate::series::cells::SeriesCell;
use crate::series::program::MAX_BINDINGS;
use crate::series::rule::{Measure, Series};
use crate::series::stages::Stages;

/// Largest degree of a model.
const MAX_DEGREE: u64 = 512;

/// Ends of an interval, with the hints for its cells.
type Part = ((Rational, Rational), Vec<SeriesCell>);

impl Reader<'_> {
    pub(crate) fn series(&self, fields: &mut Fields) -> Checked<Claim> {
        let function = fields.take("function", |t| formula(t.text()?, self.budget))?;
        let value = fields.take_maybe("value", |t| program(t.text()?, self.budget))?;
        let error = fields.take("error", |t| match t.text()? {
            "absolute" => Ok(Measure::Absolute),
            "relative" => Ok(Measure::Relative),
            text => match text.strip_prefix("weight:") {
                Some(weight) => Ok(Measure::Weighted(formula(weight, self.budget)?)),
                None => Err(Fault::unreadable(
                    "not one of absolute, relative, weight:FORMULA",
                )),
            },
        })?;
        let list = |t: Tree| each(t.list_of(1, MAX_INTERVALS)?, |part| self.series_part(part));
        let (parts, series) = fields.take("parts", list)?.into_iter().unzip();
        let hi = fields.take("hi", |t| self.number(t))?;
        let witness = fields.take("witness", |t| self.witness_anywhere(t))?;
        Ok(Claim {
            series,
            ..plain(Statement::Series(Series {
                function,
                value,
                error,
                parts,
                hi,
                witness,
            }))
        })
    }

    /// Ranges of the stages of a value, with cells for each part of the cited claim.
    pub(crate) fn value_stages(&self, fields: &mut Fields) -> Checked<Claim> {
        let cites = self.cites(fields, "cites")?;
        let series = fields.take("parts", |t| {
            each(t.list_of(1, MAX_INTERVALS)?, |cells| {
                self.cells_of(cells, |_| Ok(Vec::new()))
            })
        })?;
        let ranges = fields.take("ranges", |t| {
            each(t.list_of(1, MAX_STAGES + MAX_BINDINGS)?, |pair| {
                let (lo, hi) = pair.pair()?;
                Ok((self.number(lo)?, self.number(hi)?))
            })
        })?;
        Ok(Claim {
            series,
            ..plain(Statement::Stages(Stages { cites, ranges }))
        })
    }

    /// Cells, with what else each of them has.
    fn cells_of(
        &self,
        tree: Tree,
        pieces: impl Fn(&mut Fields) -> Checked<Vec<Segment>>,
    ) -> Checked<Vec<SeriesCell>> {
        each(tree.list_of(1, usize::MAX)?, |cell| {
            let mut fields = cell.object()?;
            let to = fields.take("to", |t| self.hint(t))?;
            let degree = fields.take("degree", |t| count(&t, 0, MAX_DEGREE))?;
            let pieces = pieces(&mut fields)?;
            fields.finish()?;
            Ok(SeriesCell { to, degree, pieces })
        })
    }

    fn series_part(&self, tree: Tree) -> Checked<Part> {
        let mut fields = tree.object()?;
        let from = fields.take("from", |t| self.number(t))?;
        let to = fields.take("to", |t| self.number(t))?;
        let pieces = |fields: &mut Fields| fields.take("pieces", |t| self.pieces(t));
        let cells = fields.take("cells", |t| self.cells_of(t, pieces))?;
        fields.finish()?;
        Ok(((from, to), cells))
    }
}
