//! `polycert-evaluation/1`: what is decrypted after a composite was evaluated on ciphertexts.
//!
//! The contract is `certificates/EVALUATION.md`. The approximation error is that of an embedded
//! `polycert-certificate/1`, checked by its own rules; this part proves the noise, and adds the two.
//! Data flow: `parameters` (E1) -> `circuit`, `stage` (E2: levels, scales, exact polynomials) -> `noise` (E3:
//! what one operation adds) -> `program` (E4: through the nodes) -> `bound` (E5: through the composite) -> the
//! statement in words.

mod bound;
mod circuit;
mod noise;
mod parameters;
mod program;
mod slope;
mod stage;
mod task;
mod words;

use crate::core::budget::Budget;
use crate::core::cascade::{Branch, Side};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Fixed;
use crate::core::number::Rational;
use crate::core::polynomial::Parity;
use crate::format::document::Reader;
use crate::format::json::{each, Tree};
use crate::format::numbers::parse_count;
use crate::format::table::{constant, number};
use crate::words::report::Report;
use bound::{Block, Carrier};
use circuit::{Circuit, Op};
use noise::{kappa, Noise, Tier, MAX_KAPPA};
use num_bigint::BigInt;
use parameters::Parameters;
use program::{enclose, known, Noisy, Program};
use stage::Span;
use task::Task;

/// The format tag.
pub(crate) const FORMAT: &str = "polycert-evaluation/1";
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
}

/// An evaluation certificate that was read, its embedded certificate apart.
struct Document {
    precision: u64,
    branches: Vec<(Side, Vec<crate::core::cascade::StageHint>)>,
    parameters: Parameters,
    k: Option<u64>,
    input: Input,
    reaches: Vec<Rational>,
    circuit: Circuit,
    blocks: Vec<Block>,
    output: usize,
    noise: Rational,
    error: Rational,
}

/// Whether a document has this format; anything else is read as a certificate.
pub(crate) fn is_meant(tree: &Tree) -> bool {
    match tree {
        Tree::Object(fields) => fields
            .iter()
            .any(|(key, value)| key == "format" && value.text().is_ok_and(|t| t == FORMAT)),
        _ => false,
    }
}

/// Checks a document of this format, the embedded certificate by its own rules.
pub(crate) fn run(tree: Tree, table_sha256: Option<&str>) -> Checked<Report> {
    let budget = Budget::new();
    let mut fields = tree.object()?;
    fields.take("format", |t| constant(&t, FORMAT))?;
    let mut report = fields.take("certificate", |t| {
        crate::certificate::certificate(t, table_sha256)
    })?;
    let document = read(&mut fields, &budget)?;
    fields.finish()?;
    let fixed = Fixed {
        precision: document.precision,
        budget,
    };
    let task = task::of(&report)?;
    let noise = prove(&document, &task, &report, &fixed)?;
    if !bound::at_most(&noise, &document.noise, &fixed) {
        let text = "the noise is not proved to be at most the bound that is stated";
        return Err(Fault::rejected(Rule::Own("E5 noise"), text));
    }
    let sum = report.target.hi.plus(&document.noise);
    if sum > document.error {
        let text = "the stated error is below approximation and noise together";
        return Err(Fault::rejected(Rule::Own("E6 error"), text));
    }
    words::tell(&mut report, &document, &task, &fixed.budget)?;
    report.work = report.work.saturating_add(fixed.budget.used());
    Ok(report)
}

fn read(fields: &mut crate::format::json::Fields, budget: &Budget) -> Checked<Document> {
    let precision = fields.take("precision", |t| parse_count(t.text()?, 64, 2048))?;
    let reader = Reader { precision, budget };
    let branches = fields.take("branches", |t| each(t.list_of(1, 2)?, |b| reader.branch(b)))?;
    let parameters = fields.take("parameters", |t| Parameters::read(t, budget))?;
    let k = fields.take_maybe("k", |t| parse_count(t.text()?, 1, MAX_KAPPA))?;
    let input = fields.take("input", |t| match t.text()? {
        "fresh_public" => Ok(Input::FreshPublic),
        "fresh_public_extended" => Ok(Input::FreshPublicExtended),
        "fresh_secret" => Ok(Input::FreshSecret),
        text => match text.strip_prefix("given:") {
            Some(noise) => Rational::parse(noise, budget).map(Input::Given),
            None => Err(Fault::unreadable(
                "not one of fresh_public, fresh_public_extended, fresh_secret, given:NUMBER",
            )),
        },
    })?;
    if let Input::Given(noise) = &input {
        if !noise.is_zero() && !noise.is_positive() {
            return Err(Fault::unreadable("below 0").at("input"));
        }
    }
    let positive = |t: Tree| {
        let x = number(&t, budget)?;
        if x.is_positive() {
            Ok(x)
        } else {
            Err(Fault::unreadable("not above 0"))
        }
    };
    let reaches = fields.take("reaches", |t| each(t.list_of(1, 32)?, positive))?;
    let circuit = fields.take("nodes", |t| Circuit::read(t, &parameters, budget))?;
    let count = circuit.nodes.len();
    let node = |t: Tree| {
        let most = u64::try_from(count.saturating_sub(1)).unwrap_or(0);
        parse_count(t.text()?, 0, most).map(|id| usize::try_from(id).unwrap_or(usize::MAX))
    };
    let blocks = fields.take("blocks", |t| {
        each(t.list_of(1, MAX_BLOCKS)?, |block| {
            let mut fields = block.object()?;
            let argument = fields.take("argument", node)?;
            let output = fields.take("output", node)?;
            let spans = fields.take("stages", |t| {
                each(t.list_of(1, 32)?, |stage| {
                    let mut fields = stage.object()?;
                    let span = Span {
                        input: fields.take("input", node)?,
                        first: fields.take("first", node)?,
                        output: fields.take("output", node)?,
                    };
                    fields.finish()?;
                    Ok(span)
                })
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
        })
    })?;
    Ok(Document {
        precision,
        branches,
        parameters,
        k,
        input,
        reaches,
        circuit,
        blocks,
        output: fields.take("output", node)?,
        noise: fields.take("noise", positive)?,
        error: fields.take("error", positive)?,
    })
}

/// The bound of the result's noise.
fn prove(document: &Document, task: &Task, report: &Report, fixed: &Fixed) -> Checked<BigInt> {
    let polynomials = &report.polynomials;
    let shapes = document
        .branches
        .iter()
        .map(|(side, stages)| (*side, stages.len()));
    let both = shapes.clone().all(|(side, _)| side == Side::Both) && shapes.len() == 1;
    let split = shapes
        .clone()
        .map(|(side, _)| side)
        .eq([Side::Positive, Side::Negative]);
    let odd = polynomials.iter().all(|p| p.parity() == Parity::Odd);
    let fit = shapes
        .clone()
        .all(|(_, stages)| stages == polynomials.len());
    if !fit || !(split || both && odd) || document.reaches.len() != polynomials.len() {
        let text = "branches and reaches do not fit the table";
        return Err(Fault::rejected(Rule::Branches, text));
    }
    let branch = |(side, hints): &(Side, Vec<_>)| Branch::prove(*side, polynomials, hints, fixed);
    let branches: Checked<Vec<Branch>> = document.branches.iter().map(branch).collect();
    let branches = branches?;

    let divisors = task.divisors(&document.reaches);
    let circuit = &document.circuit;
    task.shape(
        circuit,
        &document.blocks,
        document.output,
        &document.reaches,
    )?;
    let mut cosines = vec![false; circuit.nodes.len()];
    for block in &document.blocks {
        let stages = block.spans.iter().zip(polynomials);
        for (i, (span, p)) in stages.enumerate() {
            let (Some(reach), Some(divisor)) = (document.reaches.get(i), divisors.get(i)) else {
                return Err(Fault::internal("a reach"));
            };
            for id in stage::prove(circuit, *span, p, reach, divisor, &fixed.budget)? {
                if let Some(mark) = cosines.get_mut(id) {
                    *mark = true;
                }
            }
        }
    }

    let counted = |op: &Op| matches!(op, Op::Input | Op::Mul(..) | Op::Rescale(_));
    let operations = circuit.nodes.iter().filter(|n| counted(&n.op)).count();
    let operations = u64::try_from(operations).unwrap_or(u64::MAX);
    let tier = match document.k {
        None => Tier::WorstCase,
        Some(k) => Tier::HighProbability(kappa(k, operations, document.parameters.log_n)),
    };
    if matches!(tier, Tier::HighProbability(kappa) if kappa > MAX_KAPPA) {
        let text =
            format!("so small a failure probability needs 2^-{MAX_KAPPA} or less for an event");
        return Err(Fault::rejected(Rule::Own("E3 tails"), text));
    }
    let noise = Noise::new(&document.parameters, tier);
    let program = Program::new(circuit, &document.parameters, &noise, cosines, fixed)?;
    let carrier = Carrier {
        program: &program,
        branches: &branches,
        reaches: &document.reaches,
        divisors: &divisors,
        domain: &task.domain,
    };
    let range = enclose(&task.inputs.0, fixed);
    let mut range_hi = enclose(&task.inputs.1, fixed);
    range_hi.hull(&range);
    let inputs = range_hi;
    let mut values: Vec<Option<Noisy>> = vec![None; circuit.nodes.len()];
    let mut first = 0;
    let lead = |from: usize, end: usize, values: &mut Vec<Option<Noisy>>| -> Checked<()> {
        for id in from..end {
            let node = circuit.get(id)?;
            let v = if matches!(node.op, Op::Input) {
                // What an encoder rounds in twice the precision of f64 is as E3 says up to here.
                let given = matches!(document.input, Input::Given(_));
                let most = Rational::integer(BigInt::from(1) << 83);
                if !given && task.inputs.1.times(&node.scale) > most {
                    let text = format!("node {id}: an input of more than 2^83 units");
                    return Err(Fault::rejected(Rule::Own("E2 circuit"), text));
                }
                let over_scale = |fresh| circuit::quotient(&fresh, &node.scale);
                let fresh = match &document.input {
                    Input::FreshPublic => over_scale(noise.fresh_public()),
                    Input::FreshPublicExtended => over_scale(noise.fresh_public_extended()),
                    Input::FreshSecret => over_scale(noise.fresh_secret()),
                    Input::Given(e) => e.clone(),
                };
                Noisy {
                    value: inputs.clone(),
                    aside: BigInt::ZERO,
                    error: fresh.ceil_at(fixed.precision),
                }
            } else {
                program.step(id, |a| known(values, a))?
            };
            program.fits(id, &v)?;
            if let Some(place) = values.get_mut(id) {
                *place = Some(v);
            }
        }
        Ok(())
    };
    for block in &document.blocks {
        lead(first, block.argument + 1, &mut values)?;
        let result = carrier.prove(block, &mut values)?;
        // Only the result is known after all cells.
        for id in block.argument + 1..=block.output {
            if let Some(place) = values.get_mut(id) {
                *place = None;
            }
        }
        if let Some(place) = values.get_mut(block.output) {
            *place = Some(result);
        }
        first = block.output + 1;
    }
    lead(first, circuit.nodes.len(), &mut values)?;
    Ok(known(&values, document.output)?.error.clone())
}
