//! The reader of `polycert-program/1` (certificates/INFERENCE.md).

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::evaluation;
use crate::evaluation::noise::MAX_KAPPA;
use crate::format::json::{each, parse, Tree};
use crate::format::numbers::parse_count;
use crate::format::table::{constant, number};
use crate::inference::layout::Layout;

/// The format tag.
pub(crate) const FORMAT: &str = "polycert-program/1";
/// Steps, and evaluations, at most.
const MAX_STEPS: usize = 4096;
const MAX_EVALUATIONS: usize = 64;
const MAX_LEVEL: u64 = 64;

/// How the input is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    Public,
    PublicExtended,
    Secret,
}

/// The encrypted input.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) encryption: Encryption,
    pub(super) level: usize,
    pub(super) scale: Rational,
    /// Every element is within this of 0.
    pub(super) bound: Rational,
    pub(super) layout: Layout,
}

/// What stands behind the sum of a step.
#[derive(Debug)]
pub(super) enum Behind {
    /// The evaluation of this number.
    Evaluation(usize),
    /// Nothing: it is the result. Its scale.
    Result(Rational),
}

/// A step.
#[derive(Debug)]
pub(super) struct Step {
    /// The level of its maps.
    pub(super) level: usize,
    pub(super) layout: Layout,
    /// The values that it reads, in order, with the baby steps of their maps.
    pub(super) terms: Vec<(usize, usize)>,
    pub(super) behind: Behind,
}

/// A program.
pub(super) struct ProgramDocument {
    pub(super) network_sha256: String,
    pub(super) evaluations: Vec<evaluation::Proved>,
    pub(super) log_values: u64,
    /// The failure probability 2^-k of all, and that of the maps.
    pub(super) k: u64,
    pub(super) maps_k: u64,
    pub(super) input: Input,
    pub(super) steps: Vec<Step>,
    /// How far the decrypted result is from the linear function of what is decrypted before.
    pub(super) error: Rational,
}

/// Reads a program, its evaluations proved.
pub(super) fn read(bytes: &[u8]) -> Checked<ProgramDocument> {
    let budget = Budget::new();
    let mut fields = parse(bytes)?.object()?;
    fields.take("format", |t| constant(&t, FORMAT))?;
    let not_negative = |t: Tree| {
        let x = number(&t, &budget)?;
        match x.is_zero() || x.is_positive() {
            true => Ok(x),
            false => Err(Fault::unreadable("below 0")),
        }
    };
    let positive = |t: Tree| {
        let x = number(&t, &budget)?;
        match x.is_positive() {
            true => Ok(x),
            false => Err(Fault::unreadable("not above 0")),
        }
    };
    let count = |t: Tree, most: u64| {
        let n = parse_count(t.text()?, 0, most)?;
        usize::try_from(n).map_err(|_| Fault::internal("count"))
    };
    let level = |t: Tree| count(t, MAX_LEVEL);
    let probability = |t: Tree| parse_count(t.text()?, 1, MAX_KAPPA);
    let input = |t: Tree| {
        let mut fields = t.object()?;
        let input = Input {
            encryption: fields.take("encryption", |t| match t.text()? {
                "fresh_public" => Ok(Encryption::Public),
                "fresh_public_extended" => Ok(Encryption::PublicExtended),
                "fresh_secret" => Ok(Encryption::Secret),
                _ => Err(Fault::unreadable(
                    "not one of fresh_public, fresh_public_extended, fresh_secret",
                )),
            })?,
            level: fields.take("level", level)?,
            scale: fields.take("scale", positive)?,
            bound: fields.take("bound", positive)?,
            layout: fields.take("layout", Layout::read)?,
        };
        fields.finish()?;
        Ok(input)
    };
    let term = |t: Tree| {
        let (value, babies) = t.pair()?;
        Ok((count(value, MAX_STEPS as u64)?, count(babies, 1 << 16)?))
    };
    let step = |t: Tree| {
        let mut fields = t.object()?;
        let step = Step {
            level: fields.take("level", level)?,
            layout: fields.take("layout", Layout::read)?,
            terms: fields.take("terms", |t| each(t.list_of(1, MAX_STEPS)?, term))?,
            behind: match fields.take_maybe("evaluation", |t| count(t, MAX_EVALUATIONS as u64))? {
                Some(index) => Behind::Evaluation(index),
                None => Behind::Result(fields.take("scale", positive)?),
            },
        };
        fields.finish()?;
        Ok(step)
    };
    let evaluations = |t: Tree| {
        each(t.list_of(1, MAX_EVALUATIONS)?, |t| {
            evaluation::prove(t, None)
        })
    };
    let document = ProgramDocument {
        network_sha256: fields.take("network_sha256", |t| Ok(t.text()?.to_owned()))?,
        log_values: fields.take("log_values", |t| parse_count(t.text()?, 0, 16))?,
        k: fields.take("k", probability)?,
        maps_k: fields.take("maps_k", probability)?,
        input: fields.take("input", input)?,
        steps: fields.take("steps", |t| each(t.list_of(1, MAX_STEPS)?, step))?,
        error: fields.take("error", not_negative)?,
        evaluations: fields.take("evaluations", evaluations)?,
    };
    fields.finish()?;
    Ok(document)
}
