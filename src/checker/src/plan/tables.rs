//! Rule P2: what stands at each activation, and its error on [-B, B].

use crate::claims::direct::Part;
use crate::claims::shape::Shape;
use crate::claims::statement::Statement;
use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::format::json::{parse, Tree};
use crate::format::rounding::Mode;
use crate::format::table::Table;
use crate::network::model::layers::Layer;
use crate::plan::document::Activation;
use crate::plan::levels::{depth, Block};
use crate::words::report::Report;
use crate::words::target::covered_intervals;

const RULE: Rule = Rule::Own("P2 tables");

/// What stands at an activation.
#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) block: Block,
    /// Whether p itself stands there, on [-B, B]; else x (1 + p(x/B))/2.
    pub(crate) is_direct: bool,
    /// The function of its certificate's target.
    pub(crate) function: Function,
    /// What an evaluation certificate must be about; none of a leaky ReLU by a composite, whose sum with a x no such
    /// certificate has.
    pub(crate) evaluated: Option<Function>,
}

fn fail<T>(activation: &Activation, detail: &str) -> Checked<T> {
    Err(Fault::rejected(
        RULE,
        format!("{}: {detail}", activation.name),
    ))
}

/// A table's file: it may state its own digest, which is not believed.
fn read_file(bytes: &[u8], budget: &Budget) -> Checked<Table> {
    let mut fields = parse(bytes)?.object()?;
    fields.maybe("sha256");
    Table::read(Tree::Object(fields.all()), budget)
}

/// Proves that a certified table stands for the layer's function on [-B, B], within the stated error.
///
/// A leaky ReLU of slope a is a x + (1 - a) ReLU(x), and so is its twin with a composite: the error is |1 - a| times that of
/// ReLU. A match of a max-pooling is b + ReLU(a - b), and its error that of ReLU.
///
/// # Errors
/// A rejection that names the activation.
pub(crate) fn prove(
    activation: &Activation,
    layer: &Layer,
    table: &[u8],
    report: &Report,
) -> Checked<Stand> {
    let budget = Budget::new();
    let place = |fault: Fault| fault.at(&activation.table.path);
    let table = read_file(table, &budget).map_err(place)?;
    if table.digest(&budget).map_err(place)? != activation.table_sha256 {
        return fail(
            activation,
            "the table's file is another table than the one that is stated",
        );
    }
    if report.table_sha256() != activation.table_sha256 {
        return fail(activation, "its certificate is of another table");
    }
    if report.mode() != Mode::Exact {
        return fail(activation, "its certificate is of rounded coefficients");
    }
    if report.decrypted().is_some() {
        return fail(activation, "its certificate is of an encrypted evaluation");
    }
    let slope = match layer {
        Layer::Relu { slope } => slope.rational(),
        Layer::MaxPool { .. } => Rational::integer(0),
        _ => {
            return fail(
                activation,
                "no polynomial of a plan stands for such a layer",
            )
        }
    };
    let one = Rational::integer(1);
    let target = report.target();
    let unfit = || {
        fail(
            activation,
            "its certificate is about another function than the layer's",
        )
    };
    let cited = report.statements().get(target.cites);
    let (error, is_direct) = match (target.function, cited) {
        (Function::Relu, Some(Statement::Deviation { to, .. })) => {
            if *to < one {
                return fail(activation, "its certificate ends before B");
            }
            let factor = one.plus(&slope.negated()).abs().times(&activation.b);
            (target.hi.times(&factor).over(&target.scale), false)
        }
        (Function::Direct(shape), Some(Statement::Lines { parts, .. })) => {
            match shape {
                Shape::Relu if slope.is_zero() => {}
                Shape::LeakyRelu if target.slope == slope => {}
                _ => return unfit(),
            }
            // A network certificate proves that nothing is asked outside the table's domain (N4): that is [-B, B].
            if table.lo != activation.b.negated() || table.hi != activation.b {
                return fail(activation, "the table's domain is not [-B, B]");
            }
            match covers(parts, &activation.b) {
                true => (target.hi.clone(), true),
                false => return fail(activation, "its certificate is not about all of [-B, B]"),
            }
        }
        _ => return unfit(),
    };
    if error > activation.error {
        return fail(
            activation,
            "the stated error is below what its certificate proves",
        );
    }
    let components = report.components();
    let degrees = components.iter().map(|c| c.len().saturating_sub(1));
    let block = Block {
        stages: degrees.map(depth).collect(),
        product: !is_direct,
    };
    Ok(Stand {
        block,
        is_direct,
        function: target.function,
        evaluated: Some(target.function).filter(|_| is_direct || slope.is_zero()),
    })
}

/// Whether a claim about p itself is about all of [-B, B].
pub(crate) fn covers(parts: &[Part], b: &Rational) -> bool {
    let reaches = |(from, to): &(&Rational, &Rational)| **from <= b.negated() && b <= *to;
    matches!(covered_intervals(parts).as_slice(), [whole] if reaches(whole))
}
