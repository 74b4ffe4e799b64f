//! The reader of a certificate: from a JSON tree to typed values, with the path of every error.

use crate::claims::argmax::Argmax;
use crate::claims::clip::Clip;
use crate::claims::direct::Part;
use crate::claims::shape::Shape;
use crate::claims::statement::Statement;
use crate::claims::target::{Function, Target};
use crate::claims::Claim;
use crate::core::budget::Budget;
use crate::core::cascade::{Side, StageHint};
use crate::core::cells::Cells;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::pieces::Segment;
use crate::core::statement::{StatedBound, Verdict, Witness};
use crate::format::json::{each, Fields, Tree};
use crate::format::numbers::parse_count;
use crate::format::path::printable;
use crate::format::rounding::Mode;
use crate::format::table::{constant, number, Table};
use num_bigint::BigInt;

const MAX_CLAIMS: usize = 256;
const MAX_STAGES: usize = 32;
const MAX_INPUTS: u64 = 1024;
const MAX_PARTS: usize = 16;
const MAX_ORDER: u64 = 255;

/// A certificate that was read, and proves nothing yet.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) table: Table,
    pub(crate) table_sha256: String,
    pub(crate) mode: Mode,
    pub(crate) precision: u64,
    /// Empty if the field is left out.
    pub(crate) branches: Vec<(Side, Vec<StageHint>)>,
    pub(crate) claims: Vec<Claim>,
}

/// Reads a certificate.
pub(crate) fn read(tree: Tree, budget: &Budget) -> Checked<Document> {
    let mut fields = tree.object()?;
    fields.take("format", |t| constant(&t, "polycert-certificate/1"))?;
    let table = fields.take("table", |t| Table::read(t, budget))?;
    let table_sha256 = fields.take("table_sha256", |t| Ok(t.text()?.to_owned()))?;
    let mode = fields.take("coefficients", |t| Mode::parse(t.text()?))?;
    let precision = fields.take("precision", |t| parse_count(t.text()?, 64, 2048))?;
    let reader = Reader { precision, budget };
    let branches =
        fields.take_maybe("branches", |t| each(t.list_of(1, 2)?, |b| reader.branch(b)))?;
    let claims = fields.take("claims", |t| {
        each(t.list_of(1, MAX_CLAIMS)?, |c| reader.claim(c))
    })?;
    fields.finish()?;
    Ok(Document {
        table,
        table_sha256,
        mode,
        precision,
        branches: branches.unwrap_or_default(),
        claims,
    })
}

/// What the readers of hints need to know.
pub(crate) struct Reader<'b> {
    pub(crate) precision: u64,
    pub(crate) budget: &'b Budget,
}

impl Reader<'_> {
    fn number(&self, tree: Tree) -> Checked<Rational> {
        number(&tree, self.budget)
    }

    pub(crate) fn hint(&self, tree: Tree) -> Checked<BigInt> {
        Rational::parse_hint(tree.text()?, self.precision, self.budget)
    }

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

    fn pieces(&self, tree: Tree) -> Checked<Vec<Segment>> {
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

    fn cells(&self, tree: Tree) -> Checked<Vec<Cells>> {
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

    fn witness(&self, tree: Tree) -> Checked<Witness> {
        let witness = self.witness_anywhere(tree)?;
        if witness.x.is_zero() {
            return Err(Fault::unreadable("a witness cannot be at 0").at("x"));
        }
        Ok(witness)
    }

    /// A witness of a claim that is not about one side of 0.
    fn witness_anywhere(&self, tree: Tree) -> Checked<Witness> {
        let mut fields = tree.object()?;
        let x = fields.take("x", |t| self.hint(t))?;
        let lo = fields.take("lo", |t| self.number(t))?;
        fields.finish()?;
        let x = Rational::dyadic(x, self.precision);
        Ok(Witness { x, lo })
    }

    /// `to`, and the cells, bound and witness that belong to it.
    fn bound(&self, fields: &mut Fields) -> Checked<(Rational, Vec<Cells>, Rational, Witness)> {
        let to = fields.take("to", |t| self.number(t))?;
        if !to.is_positive() {
            return Err(Fault::unreadable("not above 0").at("to"));
        }
        let cells = fields.take("cells", |t| self.cells(t))?;
        let hi = fields.take("hi", |t| self.number(t))?;
        let witness = fields.take("witness", |t| self.witness(t))?;
        Ok((to, cells, hi, witness))
    }

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

    fn claim(&self, tree: Tree) -> Checked<Claim> {
        // Room for the few exact comparisons that every claim needs, with numbers of any length.
        self.budget.charge(100_000)?;
        let mut fields = tree.object()?;
        let rule = fields.take("rule", |t| Ok(t.text()?.to_owned()))?;
        let (mut cells, mut pieces) = (Vec::new(), Vec::new());
        let statement = match rule.as_str() {
            "stage_ranges" => {
                let (from, to) = self.range(&mut fields)?;
                let ranges = fields.take("ranges", |t| {
                    each(t.list_of(1, MAX_STAGES)?, |pair| {
                        let (lo, hi) = pair.pair()?;
                        Ok((self.number(lo)?, self.number(hi)?))
                    })
                })?;
                Statement::StageRanges { from, to, ranges }
            }
            "closeness" => {
                let (from, to) = self.range(&mut fields)?;
                let hi = fields.take("hi", |t| self.number(t))?;
                let witness = fields.take("witness", |t| self.witness(t))?;
                Statement::Closeness {
                    from,
                    to,
                    hi,
                    witness,
                }
            }
            "deviation" | "derivative" | "magnitude" => {
                let (to, lists, hi, witness) = self.bound(&mut fields)?;
                cells = lists;
                match rule.as_str() {
                    "deviation" => Statement::Deviation { to, hi, witness },
                    "derivative" => Statement::Derivative { to, hi, witness },
                    _ => Statement::Magnitude {
                        to,
                        hi,
                        witness,
                        escape: fields.take_maybe("escape", |t| self.witness(t))?,
                    },
                }
            }
            "pool" => self.pool(&mut fields)?,
            "clip" => Statement::Clip(self.clip(&mut fields)?),
            "argmax" => Statement::Argmax(self.argmax(&mut fields)?),
            "lines" => {
                let list = |t: Tree| each(t.list_of(1, MAX_PARTS)?, |part| self.part(part));
                let parts;
                (parts, pieces) = fields.take("parts", list)?.into_iter().unzip();
                let hi = fields.take("hi", |t| self.number(t))?;
                let witness = fields.take("witness", |t| self.witness_anywhere(t))?;
                Statement::Lines { parts, hi, witness }
            }
            "contraction" => {
                let at = fields.take("at", |t| self.number(t))?;
                let radius = fields.take("radius", |t| self.positive(t))?;
                let order = fields.take("order", |t| count(&t, 1, MAX_ORDER))?;
                pieces = vec![fields.take("pieces", |t| self.pieces(t))?];
                let hi = fields.take("hi", |t| self.number(t))?;
                Statement::Contraction {
                    at,
                    radius,
                    order,
                    hi,
                }
            }
            "target" => Statement::Target(self.target(&mut fields)?),
            other => {
                let text = format!("`{}` is not a rule", printable(other));
                return Err(Fault::unreadable(text).at("rule"));
            }
        };
        fields.finish()?;
        Ok(Claim {
            statement,
            cells,
            pieces,
        })
    }

    fn positive(&self, tree: Tree) -> Checked<Rational> {
        match self.number(tree)? {
            x if x.is_positive() => Ok(x),
            _ => Err(Fault::unreadable("not above 0")),
        }
    }

    fn cites(&self, fields: &mut Fields, name: &str) -> Checked<usize> {
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
            | Function::Direct(_) => Rational::integer(1),
            _ => fields.take("scale", |t| self.positive(t))?,
        };
        let slope = match function {
            Function::LeakyRelu | Function::Direct(Shape::LeakyRelu) => {
                fields.take("slope", |t| self.number(t))?
            }
            _ => Rational::integer(0),
        };
        let ends = match function {
            Function::Direct(Shape::Clip) => self.ordered(fields, ["lower", "upper"])?,
            _ => (Rational::integer(0), Rational::integer(6)),
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
fn count(tree: &Tree, min: u64, max: u64) -> Checked<usize> {
    let value = parse_count(tree.text()?, min, max)?;
    usize::try_from(value).map_err(|_| Fault::unreadable("too large"))
}
