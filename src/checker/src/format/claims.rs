//! The reader of claims, one rule a function.

use crate::claims::argmax::Argmax;
use crate::claims::clip::Clip;
use crate::claims::direct::Part;
use crate::claims::rounding::{Floating, Rounding, Scheme};
use crate::claims::statement::Statement;
use crate::claims::target::{Function, Target};
use crate::claims::Claim;
use crate::core::cells::Cells;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::pieces::Segment;
use crate::core::statement::{StatedBound, Verdict, Witness};
use crate::format::hints::{Reader, MAX_STAGES};
use crate::format::json::{each, Fields, Tree};
use crate::format::numbers::parse_count;
use crate::format::path::printable;

/// Claims of a certificate, at most.
pub(crate) const MAX_CLAIMS: usize = 256;
const MAX_INPUTS: u64 = 1024;
const MAX_PARTS: usize = 16;
const MAX_ORDER: u64 = 255;

/// A statement that has no hints.
pub(crate) fn plain(statement: Statement) -> Claim {
    Claim {
        statement,
        cells: Vec::new(),
        pieces: Vec::new(),
        series: Vec::new(),
    }
}

impl Reader<'_> {
    /// One claim of the list.
    pub(crate) fn claim(&self, tree: Tree) -> Checked<Claim> {
        // Room for the few exact comparisons that every claim needs, with numbers of any length.
        self.budget.charge(100_000)?;
        let mut fields = tree.object()?;
        let rule = fields.take("rule", |t| Ok(t.text()?.to_owned()))?;
        let claim = match rule.as_str() {
            "stage_ranges" => plain(self.stage_ranges(&mut fields)?),
            "closeness" => plain(self.closeness(&mut fields)?),
            "deviation" => self.over_cells(&mut fields, |to, hi, witness, _| {
                Ok(Statement::Deviation { to, hi, witness })
            })?,
            "derivative" => self.over_cells(&mut fields, |to, hi, witness, _| {
                Ok(Statement::Derivative { to, hi, witness })
            })?,
            "magnitude" => self.over_cells(&mut fields, |to, hi, witness, fields| {
                Ok(Statement::Magnitude {
                    to,
                    hi,
                    witness,
                    escape: fields.take_maybe("escape", |t| self.witness(t))?,
                })
            })?,
            "pool" => plain(self.pool(&mut fields)?),
            "clip" => plain(Statement::Clip(self.clip(&mut fields)?)),
            "argmax" => plain(Statement::Argmax(self.argmax(&mut fields)?)),
            "lines" => self.lines(&mut fields)?,
            "contraction" => self.contraction(&mut fields)?,
            "series" => self.series(&mut fields)?,
            "stages" => self.value_stages(&mut fields)?,
            "rounding" => plain(Statement::Rounding(self.rounding(&mut fields)?)),
            "target" => plain(Statement::Target(self.target(&mut fields)?)),
            other => {
                let text = format!("`{}` is not a rule", printable(other));
                return Err(Fault::unreadable(text).at("rule"));
            }
        };
        fields.finish()?;
        Ok(claim)
    }

    fn stage_ranges(&self, fields: &mut Fields) -> Checked<Statement> {
        let (from, to) = self.range(fields)?;
        let ranges = fields.take("ranges", |t| {
            each(t.list_of(1, MAX_STAGES)?, |pair| {
                let (lo, hi) = pair.pair()?;
                Ok((self.number(lo)?, self.number(hi)?))
            })
        })?;
        Ok(Statement::StageRanges { from, to, ranges })
    }

    fn closeness(&self, fields: &mut Fields) -> Checked<Statement> {
        let (from, to) = self.range(fields)?;
        Ok(Statement::Closeness {
            from,
            to,
            hi: fields.take("hi", |t| self.number(t))?,
            witness: fields.take("witness", |t| self.witness(t))?,
        })
    }

    /// A claim with `to`, and the cells, bound and witness that belong to it.
    fn over_cells(
        &self,
        fields: &mut Fields,
        make: impl FnOnce(Rational, Rational, Witness, &mut Fields) -> Checked<Statement>,
    ) -> Checked<Claim> {
        let to = fields.take("to", |t| self.number(t))?;
        if !to.is_positive() {
            return Err(Fault::unreadable("not above 0").at("to"));
        }
        let cells: Vec<Cells> = fields.take("cells", |t| self.cells(t))?;
        let hi = fields.take("hi", |t| self.number(t))?;
        let witness = fields.take("witness", |t| self.witness(t))?;
        Ok(Claim {
            cells,
            ..plain(make(to, hi, witness, fields)?)
        })
    }

    fn lines(&self, fields: &mut Fields) -> Checked<Claim> {
        let list = |t: Tree| each(t.list_of(1, MAX_PARTS)?, |part| self.part(part));
        let (parts, pieces) = fields.take("parts", list)?.into_iter().unzip();
        let hi = fields.take("hi", |t| self.number(t))?;
        let witness = fields.take("witness", |t| self.witness_anywhere(t))?;
        Ok(Claim {
            pieces,
            ..plain(Statement::Lines { parts, hi, witness })
        })
    }

    fn contraction(&self, fields: &mut Fields) -> Checked<Claim> {
        let at = fields.take("at", |t| self.number(t))?;
        let radius = fields.take("radius", |t| self.positive(t))?;
        let order = fields.take("order", |t| count(&t, 1, MAX_ORDER))?;
        let pieces = vec![fields.take("pieces", |t| self.pieces(t))?];
        let hi = fields.take("hi", |t| self.number(t))?;
        let statement = Statement::Contraction {
            at,
            radius,
            order,
            hi,
        };
        Ok(Claim {
            pieces,
            ..plain(statement)
        })
    }

    /// `from` and `to`, 0 <= from < to.
    fn range(&self, fields: &mut Fields) -> Checked<(Rational, Rational)> {
        let from = fields.take("from", |t| self.number(t))?;
        let to = fields.take("to", |t| self.number(t))?;
        if from.negated().is_positive() {
            return Err(Fault::unreadable("below 0").at("from"));
        }
        if from >= to {
            return Err(Fault::unreadable("not above `from`").at("to"));
        }
        Ok((from, to))
    }

    pub(crate) fn cites(&self, fields: &mut Fields, name: &str) -> Checked<usize> {
        fields.take(name, |t| count(&t, 0, MAX_CLAIMS as u64 - 1))
    }

    fn part(&self, tree: Tree) -> Checked<(Part, Vec<Segment>)> {
        let mut fields = tree.object()?;
        let mut number = |name| fields.take(name, |t| self.number(t));
        let part = Part {
            from: number("from")?,
            to: number("to")?,
            slope: number("slope")?,
            intercept: number("intercept")?,
        };
        let pieces = fields.take("pieces", |t| self.pieces(t))?;
        fields.finish()?;
        Ok((part, pieces))
    }

    /// Two numbers in order.
    fn ordered(&self, fields: &mut Fields, names: [&str; 2]) -> Checked<(Rational, Rational)> {
        let [low, high] = names;
        let first = fields.take(low, |t| self.number(t))?;
        let second = fields.take(high, |t| self.number(t))?;
        if first >= second {
            return Err(Fault::unreadable(format!("not above `{low}`")).at(high));
        }
        Ok((first, second))
    }

    fn clip(&self, fields: &mut Fields) -> Checked<Clip> {
        let cites = self.cites(fields, "cites")?;
        let scale = fields.take("scale", |t| self.positive(t))?;
        let (lower, upper) = self.ordered(fields, ["lower", "upper"])?;
        let (from, to) = self.ordered(fields, ["from", "to"])?;
        Ok(Clip {
            cites,
            scale,
            lower,
            upper,
            from,
            to,
            hi: fields.take("hi", |t| self.number(t))?,
            witness: fields.take("witness", |t| self.witness_anywhere(t))?,
        })
    }

    fn argmax(&self, fields: &mut Fields) -> Checked<Argmax> {
        let (deviation, closeness, ranges) = (
            self.cites(fields, "deviation")?,
            self.cites(fields, "closeness")?,
            self.cites(fields, "ranges")?,
        );
        let inputs = fields.take("inputs", |t| count(&t, 2, MAX_INPUTS))?;
        let range = fields.take("range", |t| self.positive(t))?;
        let input_scale = fields.take("input_scale", |t| self.positive(t))?;
        let gap = fields.take("gap", |t| self.positive(t))?;
        let hi = fields.take("hi", |t| self.number(t))?;
        let (witness, lo) = fields.take("witness", |t| self.inputs(t, inputs))?;
        Ok(Argmax {
            deviation,
            closeness,
            ranges,
            inputs,
            range,
            input_scale,
            gap,
            hi,
            witness,
            lo,
        })
    }

    /// A witness of so many inputs.
    fn inputs(&self, tree: Tree, count: usize) -> Checked<(Vec<Rational>, Rational)> {
        let mut fields = tree.object()?;
        let values = fields.take("inputs", |t| {
            each(t.list_of(count, count)?, |x| {
                Ok(Rational::dyadic(self.hint(x)?, self.precision))
            })
        })?;
        let lo = fields.take("lo", |t| self.number(t))?;
        fields.finish()?;
        Ok((values, lo))
    }

    fn pool(&self, fields: &mut Fields) -> Checked<Statement> {
        let cites = self.cites(fields, "cites")?;
        let inputs = fields.take("inputs", |t| count(&t, 2, MAX_INPUTS))?;
        let range = fields.take("range", |t| self.positive(t))?;
        let input_scale = fields.take("input_scale", |t| self.positive(t))?;
        let hi = fields.take("hi", |t| self.number(t))?;
        let (witness, lo) = fields.take("witness", |t| self.inputs(t, inputs))?;
        Ok(Statement::Pool {
            cites,
            inputs,
            range,
            input_scale,
            hi,
            witness,
            lo,
        })
    }

    fn rounding(&self, fields: &mut Fields) -> Checked<Rounding> {
        let scheme = fields.take("scheme", |t| match t.text()? {
            "horner" => Ok(Scheme::Horner),
            "clenshaw" => Ok(Scheme::Clenshaw),
            _ => Err(Fault::unreadable("not one of horner, clenshaw")),
        })?;
        let format = fields.take("format", |t| match t.text()? {
            "f64" => Ok(Floating::F64),
            "f32" => Ok(Floating::F32),
            _ => Err(Fault::unreadable("not one of f64, f32")),
        })?;
        let (from, to) = self.ordered(fields, ["from", "to"])?;
        let hi = fields.take("hi", |t| self.number(t))?;
        Ok(Rounding {
            scheme,
            format,
            from,
            to,
            hi,
        })
    }

    fn target(&self, fields: &mut Fields) -> Checked<Target> {
        let cites = self.cites(fields, "cites")?;
        let function = fields.take("function", |t| {
            let function = Function::parse(t.text()?);
            function
                .ok_or_else(|| Fault::unreadable(format!("not one of {}", Function::names(", "))))
        })?;
        // A field that does not belong to the function is left for `finish` to refuse.
        let scale = match function {
            Function::MaxPool
            | Function::Clip
            | Function::Relu6
            | Function::Argmax
            | Function::Direct(_)
            | Function::Smooth => Rational::integer(1),
            _ => fields.take("scale", |t| self.positive(t))?,
        };
        let slope = match function.has_slope() {
            true => fields.take("slope", |t| self.number(t))?,
            false => Rational::integer(0),
        };
        let ends = match function.has_ends() {
            true => self.ordered(fields, ["lower", "upper"])?,
            false => (Rational::integer(0), Rational::integer(6)),
        };
        let lo = fields.take("lo", |t| self.number(t))?;
        let hi = fields.take("hi", |t| self.number(t))?;
        let claim = fields.take_maybe("claim", |t| {
            let mut fields = t.object()?;
            let bound = fields.take("bound", |t| self.number(t))?;
            let verdict = fields.take("verdict", |t| {
                let all = [Verdict::Proved, Verdict::Refuted, Verdict::Undecided];
                let text = t.text()?;
                let found = all.into_iter().find(|verdict| verdict.name() == text);
                found.ok_or_else(|| Fault::unreadable("not one of PROVED, REFUTED, UNDECIDED"))
            })?;
            fields.finish()?;
            Ok(StatedBound { bound, verdict })
        })?;
        Ok(Target {
            function,
            cites,
            scale,
            slope,
            ends,
            lo,
            hi,
            claim,
        })
    }
}

/// An integer from `min` to `max`.
pub(crate) fn count(tree: &Tree, min: u64, max: u64) -> Checked<usize> {
    let value = parse_count(tree.text()?, min, max)?;
    usize::try_from(value).map_err(|_| Fault::unreadable("too large"))
}
