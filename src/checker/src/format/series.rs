//! The reader of the claim about a smooth function.

use crate::claims::statement::Statement;
use crate::claims::Claim;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::format::claims::{count, plain};
use crate::format::formula::{formula, MAX_INTERVALS};
use crate::format::hints::Reader;
use crate::format::json::{each, Fields, Tree};
use crate::series::rule::{Measure, Series, SeriesCell};

/// Largest degree of a model.
const MAX_DEGREE: u64 = 512;

/// Ends of an interval, with the hints for its cells.
type Part = ((Rational, Rational), Vec<SeriesCell>);

impl Reader<'_> {
    pub(crate) fn series(&self, fields: &mut Fields) -> Checked<Claim> {
        let function = fields.take("function", |t| formula(t.text()?, false, self.budget))?;
        let value = fields.take_maybe("value", |t| formula(t.text()?, true, self.budget))?;
        let error = fields.take("error", |t| match t.text()? {
            "absolute" => Ok(Measure::Absolute),
            "relative" => Ok(Measure::Relative),
            text => match text.strip_prefix("weight:") {
                Some(weight) => Ok(Measure::Weighted(formula(weight, false, self.budget)?)),
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

    fn series_part(&self, tree: Tree) -> Checked<Part> {
        let mut fields = tree.object()?;
        let from = fields.take("from", |t| self.number(t))?;
        let to = fields.take("to", |t| self.number(t))?;
        let cells = fields.take("cells", |t| {
            each(t.list_of(1, usize::MAX)?, |cell| {
                let mut fields = cell.object()?;
                let to = fields.take("to", |t| self.hint(t))?;
                let degree = fields.take("degree", |t| count(&t, 0, MAX_DEGREE))?;
                let pieces = fields.take("pieces", |t| self.pieces(t))?;
                fields.finish()?;
                Ok(SeriesCell { to, degree, pieces })
            })
        })?;
        fields.finish()?;
        Ok(((from, to), cells))
    }
}
