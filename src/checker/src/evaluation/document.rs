//! The reader of an evaluation certificate: what it states and its hints, the embedded certificate apart.

use crate::core::budget::Budget;
use crate::core::cascade::{Side, StageHint};
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::evaluation::block::Block;
use crate::evaluation::circuit::Circuit;
use crate::evaluation::nodes;
use crate::evaluation::noise::MAX_KAPPA;
use crate::evaluation::parameters::Parameters;
use crate::evaluation::refresh::document::Refresh;
use crate::evaluation::stage::Span;
use crate::format::hints::Reader;
use crate::format::json::{each, Fields, Tree};
use crate::format::numbers::parse_count;
use crate::format::table::number;

/// Evaluations of the composite in a circuit, at most.
const MAX_BLOCKS: usize = 64;
/// Cells of one list, at most.
const MAX_CELLS: usize = 1024;

/// What the inputs are.
#[derive(Debug)]
pub(crate) enum Input {
    FreshPublic,
    FreshPublicExtended,
    FreshSecret,
    Given(Rational),
    /// What a bootstrapping makes of any ciphertext.
    Refreshed(Box<Refresh>),
}

/// An evaluation certificate that was read, its embedded certificate apart.
pub(crate) struct EvaluationDocument {
    pub(crate) precision: u64,
    pub(crate) branches: Vec<(Side, Vec<StageHint>)>,
    pub(crate) parameters: Parameters,
    pub(crate) k: Option<u64>,
    pub(crate) input: Input,
    /// Inputs are within this of 0; without it they are all of the domain.
    pub(crate) within: Option<Rational>,
    pub(crate) reaches: Vec<Rational>,
    /// One for each reach; 0 where they are left out.
    pub(crate) centres: Vec<Rational>,
    pub(crate) circuit: Circuit,
    pub(crate) blocks: Vec<Block>,
    pub(crate) output: usize,
    pub(crate) noise: Rational,
    pub(crate) error: Rational,
}

impl EvaluationDocument {
    /// The bootstrapping that the input comes from.
    pub(crate) fn refresh(&self) -> Option<&Refresh> {
        match &self.input {
            Input::Refreshed(refresh) => Some(refresh),
            _ => None,
        }
    }
}

/// Reads the fields besides the embedded certificate.
pub(crate) fn read(fields: &mut Fields, budget: &Budget) -> Checked<EvaluationDocument> {
    let precision = fields.take("precision", |t| parse_count(t.text()?, 64, 2048))?;
    let reader = Reader { precision, budget };
    let branches = fields.take("branches", |t| each(t.list_of(1, 2)?, |b| reader.branch(b)))?;
    let parameters = fields.take("parameters", |t| Parameters::read(t, budget))?;
    let k = fields.take_maybe("k", |t| parse_count(t.text()?, 1, MAX_KAPPA))?;
    let stated = input(fields, budget)?;
    let positive = |t: Tree| {
        let x = number(&t, budget)?;
        if x.is_positive() {
            Ok(x)
        } else {
            Err(Fault::unreadable("not above 0"))
        }
    };
    let within = fields.take_maybe("within", positive)?;
    let reaches = fields.take("reaches", |t| each(t.list_of(1, 32)?, positive))?;
    let centres = fields.take_maybe("centres", |t| {
        each(t.list_of(1, 32)?, |t| number(&t, budget))
    })?;
    let centres = centres.unwrap_or_else(|| vec![Rational::integer(0); reaches.len()]);
    let circuit = fields.take("nodes", |t| nodes::read(t, &parameters, budget))?;
    let count = circuit.nodes.len();
    let node = |t: Tree| {
        let most = u64::try_from(count.saturating_sub(1)).unwrap_or(0);
        parse_count(t.text()?, 0, most).map(|id| usize::try_from(id).unwrap_or(usize::MAX))
    };
    let input = match stated {
        Stated::Input(input) => input,
        Stated::Refreshed(off) => fields.take("refresh", |t| {
            let refresh = Refresh::read(t, (count, parameters.log_n), off, budget)?;
            Ok(Input::Refreshed(Box::new(refresh)))
        })?,
    };
    let blocks = fields.take("blocks", |t| {
        each(t.list_of(1, MAX_BLOCKS)?, |block| {
            read_block(block, node, &reader)
        })
    })?;
    Ok(EvaluationDocument {
        precision,
        branches,
        parameters,
        k,
        input,
        within,
        reaches,
        centres,
        circuit,
        blocks,
        output: fields.take("output", node)?,
        noise: fields.take("noise", positive)?,
        error: fields.take("error", positive)?,
    })
}

/// What the inputs are said to be.
enum Stated {
    Input(Input),
    /// Refreshed ones, the field `refresh` apart; within so much of what is meant.
    Refreshed(Rational),
}

fn input(fields: &mut Fields, budget: &Budget) -> Checked<Stated> {
    let bound = |text: &str| {
        let noise = Rational::parse(text, budget)?;
        match noise.is_zero() || noise.is_positive() {
            true => Ok(noise),
            false => Err(Fault::unreadable("below 0")),
        }
    };
    fields.take("input", |t| match t.text()? {
        "fresh_public" => Ok(Stated::Input(Input::FreshPublic)),
        "fresh_public_extended" => Ok(Stated::Input(Input::FreshPublicExtended)),
        "fresh_secret" => Ok(Stated::Input(Input::FreshSecret)),
        "refreshed" => Ok(Stated::Refreshed(Rational::integer(0))),
        text => match text.split_once(':') {
            Some(("given", noise)) => Ok(Stated::Input(Input::Given(bound(noise)?))),
            Some(("refreshed", noise)) => Ok(Stated::Refreshed(bound(noise)?)),
            _ => Err(Fault::unreadable(
                "not one of fresh_public, fresh_public_extended, fresh_secret, refreshed, given:NUMBER, refreshed:NUMBER",
            )),
        },
    })
}

fn read_block(
    block: Tree,
    node: impl Fn(Tree) -> Checked<usize> + Copy,
    reader: &Reader,
) -> Checked<Block> {
    let mut fields = block.object()?;
    let argument = fields.take("argument", node)?;
    let output = fields.take("output", node)?;
    let spans = fields.take("stages", |t| {
        each(t.list_of(1, 32)?, |stage| Span::read(stage, node))
    })?;
    let cells = fields.take("cells", |t| {
        each(t.list_of(1, 2)?, |points| {
            each(points.list_of(2, MAX_CELLS)?, |p| reader.hint(p))
        })
    })?;
    fields.finish()?;
    Ok(Block {
        argument,
        output,
        spans,
        cells,
    })
}
