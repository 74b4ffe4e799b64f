//! Evaluation certificates: approximation and noise together, written down for the checker.
//!
//! Every number is text. Meaning and conditions are in `certificates/EVALUATION.md` alone.

use crate::arith::mp::short;
use crate::arith::number::write;
use crate::certificate::composite;
use crate::certificate::composite::Grid;
use crate::certificate::evaluated::{Block, EvaluationDocument, RawParameters, StageNodes};
use crate::certificate::publish;
use crate::certificate::schema;
use crate::certify::proof::{self, Proof};
use crate::certify::request::Request as ProofRequest;
use crate::circuit::{Node, Op};
use crate::ckks::parameters::{Parameters, Secret};
use crate::ckks::scheme::encrypt::Encryption;
use crate::error::{Error, Result};
use crate::function::target::{Function, Target};
use crate::noise::composite::bound::{Begun, Bounded, Input, Prepared, Request, Task, MARGINS};
use crate::noise::composite::propagate::Margin;
use crate::noise::formula::{Model, Tier};
use crate::poly::role::Role;
use crate::poly::table::Table;
use polycert_checker::{check, Outcome, Report};
use rug::float::Round;
use rug::{Float, Rational};

/// The format tag.
pub const FORMAT: &str = "polycert-evaluation/1";
/// Significant bits of the published bounds.
const BOUND_BITS: u32 = 40;
/// Room for what the checker rounds differently.
const ROOM: f64 = 1.0 / (1u64 << 20) as f64;

/// What is to be certified.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The function: sign, relu, max or max_pool, with its B; or one that p itself stands for.
    pub target: Target,
    /// The inputs.
    pub input: Input,
    /// Inputs are within this of 0: a part of the domain, all of it if none.
    pub within: Option<Rational>,
    /// k: but for 2^-k; none for every outcome.
    pub k: Option<u32>,
    /// The level of the inputs; none is the top.
    pub level: Option<usize>,
    /// The scale that stages have; none is the parameters' own.
    pub scale: Option<Rational>,
    /// Room that every stage leaves for noise, 2^-margin of its inputs; the narrowest that suffices if none.
    pub margin: Option<i32>,
}

/// A certificate that the checker has verified.
pub struct Certified {
    /// The document.
    pub text: String,
    /// What the checker says of it.
    pub report: Report,
    /// The circuit and what its bound rests on.
    pub prepared: Prepared,
    /// The bound of the noise.
    pub bounded: Bounded,
    /// The proof of the approximation.
    pub proof: Proof,
    /// `bound` of the noise as published.
    pub bound_noise: Rational,
    /// `bound` of approximation and noise together as published.
    pub bound_error: Rational,
}

/// A certificate, or the margin that the table does not have.
pub type Outcomes = std::result::Result<Box<Certified>, Margin>;

/// Certifies a table's evaluation under parameters.
///
/// **Guarantee** the certificate was verified by the independent checker.
/// **Cost** the proof of the approximation, some milliseconds for the noise, and the check.
///
/// # Errors
/// What [`Prepared::new`] and the proof of the approximation refuse; a target without a circuit; a value
/// that could wrap around; a certificate that does not pass its own check.
pub fn certify(table: &Table, parameters: &Parameters, wanted: &Wanted) -> Result<Outcomes> {
    suits(table, &wanted.target)?;
    let model = Model::new(parameters);
    let mut asked = ProofRequest::new(wanted.target.clone());
    asked.only_error = true;
    let proof = proof::prove(table, &asked)?;
    let (prepared, bounded) = match bounded(table, &model, wanted, &proof)? {
        Ok(found) => found,
        Err(margin) => return Ok(Err(margin)),
    };
    let (bound_noise, bound_error) = published(bounded.bound_noise, ROOM, &proof);
    let certificate = composite::document(table, &proof);
    let mut document = document(certificate, &prepared, &bounded, wanted);
    document.noise = write(&bound_noise);
    document.error = write(&bound_error);
    let (text, report) = checked(document)?;
    Ok(Ok(Box::new(Certified {
        text,
        report,
        prepared,
        bounded,
        proof,
        bound_noise,
        bound_error,
    })))
}

/// The noise as it is published, with room for what the checker rounds differently, and that with the approximation's error.
pub(super) fn published(noise: f64, room: f64, proof: &Proof) -> (Rational, Rational) {
    let noise = Float::with_val(64, noise) * (1.0 + room);
    let noise = short(&noise, BOUND_BITS, Round::Up);
    let sum = Float::with_val_round(128, &proof.bound_hi, Round::Up).0;
    let sum = Float::with_val_round(128, sum + &noise, Round::Up).0;
    (noise, short(&sum, BOUND_BITS, Round::Up))
}

/// Whether a table is what the function is made of: p itself or a sign.
fn suits(table: &Table, target: &Target) -> Result<()> {
    let function = target.function;
    if !function.is_itself() {
        return table.must_be_sign("encrypted evaluation");
    }
    if table.role() == Role::Sign {
        let detail = format!(
            "{} is made of sign: {function} takes p as the function itself",
            table.target
        );
        return Err(Error::parse("target", detail));
    }
    let value = target.smooth.as_ref().and_then(|s| s.value.as_ref());
    if let Some(value) = value.filter(|value| !value.is_p()) {
        let detail = format!(
            "{:?} is a program, which has no circuit: tables whose value is p itself have one",
            value.text()
        );
        return Err(Error::parse("value", detail));
    }
    Ok(())
}

/// The bound with the narrowest margin that suffices, or what is missing of the widest.
fn bounded(
    table: &Table,
    model: &Model,
    wanted: &Wanted,
    proof: &Proof,
) -> Result<std::result::Result<(Prepared, Bounded), Margin>> {
    let mut request = request(wanted, proof)?;
    let mut begun = Begun::new(table)?;
    let mut missing = None;
    let all = wanted
        .margin
        .map_or(MARGINS.to_vec(), |margin| vec![margin]);
    for margin in all {
        request.margin = margin;
        let prepared = begun.with(model, request.clone())?;
        let tier = match wanted.k {
            Some(_) => prepared.high_probability(),
            None => Tier::WorstCase,
        };
        match prepared.bound(tier)? {
            Ok(bounded) => return Ok(Ok((prepared, bounded))),
            Err(margin) => missing = Some(margin),
        }
    }
    missing.map(Err).ok_or_else(|| Error::domain("no margin"))
}

/// The least and the greatest x of a function that p itself stands for.
fn ends(proof: &Proof) -> Option<(Rational, Rational)> {
    if let Some(lines) = &proof.lines {
        let (first, last) = (lines.parts.first()?, lines.parts.last()?);
        return Some((first.line.from.clone(), last.line.to.clone()));
    }
    let parts = &proof.series.as_ref()?.parts;
    Some((parts.first()?.from.clone(), parts.last()?.to.clone()))
}

fn request(wanted: &Wanted, proof: &Proof) -> Result<Request> {
    use crate::circuit::composite::Output;
    let asked = |task, domain| Request {
        task,
        domain,
        input: wanted.input.clone(),
        within: wanted.within.clone(),
        k: wanted.k.unwrap_or(40),
        level: wanted.level,
        scale: wanted.scale.clone(),
        margin: MARGINS[0],
    };
    let target = &wanted.target;
    if let Some((lo, hi)) = ends(proof) {
        part_of(wanted, &hi)?;
        return Ok(asked(Task::Itself { lo, hi }, Rational::from(1)));
    }
    let (task, domain) = match (target.function, &proof.pool) {
        (Function::Sign, _) => (Task::Single(Output::Sign), target.scale.clone()),
        (Function::Relu, _) => (Task::Single(Output::Relu), target.scale.clone()),
        (Function::Max, _) => (Task::Single(Output::Max), target.scale.clone()),
        (Function::MaxPool, Some(pool)) => {
            let task = Task::Pool {
                inputs: pool.inputs,
                input_scale: pool.input_scale.clone(),
            };
            (task, Rational::from(1))
        }
        (other, _) => {
            return Err(Error::unsupported(format!(
                "no circuit for {other}: sign, relu, max and max_pool have one, and whatever p itself stands for \
                 (targets direct_*, smooth)"
            )))
        }
    };
    part_of(wanted, &domain)?;
    if wanted.within.is_some() && matches!(task, Task::Pool { .. }) {
        return Err(Error::unsupported(
            "inputs within a part of the domain: not of a pool, whose matches have inputs of their own",
        ));
    }
    Ok(asked(task, domain))
}

/// Refuses inputs within more than the domain's end.
fn part_of(wanted: &Wanted, end: &Rational) -> Result<()> {
    match &wanted.within {
        Some(most) if most > end || *most <= 0 => Err(Error::domain(format!(
            "inputs within {}: the domain ends at {}, and it is above 0",
            write(most),
            write(end)
        ))),
        _ => Ok(()),
    }
}

fn document(
    certificate: schema::Document,
    prepared: &Prepared,
    bounded: &Bounded,
    wanted: &Wanted,
) -> EvaluationDocument {
    let mut grid = Grid {
        bits: prepared.estimate_fixed_bits,
    };
    let branches = prepared
        .branches
        .iter()
        .map(|b| composite::branch(b, true, &mut grid))
        .collect();
    let circuit = &prepared.circuit;
    let centred = prepared.plan.centres.iter().any(|m| !m.is_zero());
    let blocks = prepared
        .blocks
        .iter()
        .zip(&bounded.cells)
        .map(|(block, cells)| Block {
            argument: block.argument.to_string(),
            output: block.output.to_string(),
            stages: circuit.stages[block.stages.clone()]
                .iter()
                .map(StageNodes::new)
                .collect(),
            cells: cells
                .iter()
                .map(|points| {
                    let hint = |p: &f64| grid.hint(&Float::with_val(53, *p));
                    points.iter().map(hint).collect()
                })
                .collect(),
        })
        .collect();
    EvaluationDocument {
        format: FORMAT.to_owned(),
        certificate,
        precision: grid.bits.to_string(),
        parameters: parameters(prepared.model().parameters()),
        k: wanted.k.map(|k| k.to_string()),
        input: match &wanted.input {
            Input::Fresh(Encryption::Public) => "fresh_public".to_owned(),
            Input::Fresh(Encryption::PublicExtended) => "fresh_public_extended".to_owned(),
            Input::Fresh(Encryption::Secret) => "fresh_secret".to_owned(),
            Input::Given(e) => format!("given:{}", write(e)),
        },
        within: wanted.within.as_ref().map(write),
        reaches: prepared.plan.reaches.iter().map(write).collect(),
        centres: centred.then(|| prepared.plan.centres.iter().map(write).collect()),
        branches,
        nodes: circuit.nodes.iter().map(node).collect(),
        refresh: None,
        blocks,
        output: circuit.output.to_string(),
        noise: String::new(),
        error: String::new(),
    }
}

pub(super) fn parameters(p: &Parameters) -> RawParameters {
    let all = |primes: &[u64]| primes.iter().map(u64::to_string).collect();
    let counts = |counts: Vec<usize>| counts.iter().map(usize::to_string).collect::<Vec<_>>();
    RawParameters {
        log_n: p.log_n().to_string(),
        q: all(p.q()),
        p: all(p.p()),
        secret: match p.secret() {
            Secret::Ternary => "ternary".to_owned(),
            Secret::Weight(h) => format!("weight:{h}"),
        },
        cbd: p.cbd().to_string(),
        levels: p.levels().map(counts),
        digit_primes: p.digit_primes().map(|count| count.to_string()),
        digits: (p.digit_primes().is_none()).then(|| {
            let digits = p.digits(p.max_level()).into_iter();
            counts(digits.map(|digit| digit.len()).collect())
        }),
        waiver: p.waiver().name().to_owned(),
    }
}

pub(super) fn node(node: &Node) -> Vec<String> {
    let text = |op: &str, rest: &[String]| {
        std::iter::once(op.to_owned())
            .chain(rest.iter().cloned())
            .collect()
    };
    match &node.op {
        Op::Input(_) => text("input", &[node.level.to_string(), write(&node.scale)]),
        Op::MulConstant(a, c) => text(
            "mul_constant",
            &[
                a.to_string(),
                c.integer.to_string(),
                write(&c.value),
                write(&c.factor),
            ],
        ),
        Op::AddConstant(a, c) => text(
            "add_constant",
            &[a.to_string(), c.integer.to_string(), write(&c.value)],
        ),
        Op::Add(a, b) => text("add", &[a.to_string(), b.to_string()]),
        Op::Sub(a, b) => text("sub", &[a.to_string(), b.to_string()]),
        Op::Mul(a, b) => text("mul", &[a.to_string(), b.to_string()]),
        Op::Rescale(a) => text("rescale", &[a.to_string()]),
        Op::Drop(a) => text("drop", &[a.to_string(), node.level.to_string()]),
        Op::Units(a, unit) => text("units", &[a.to_string(), write(unit)]),
    }
}

/// Has the independent checker verify it; its embedded certificate with more bits where it needs them.
pub(super) fn checked(mut document: EvaluationDocument) -> Result<(String, Report)> {
    check_limits(&document)?;
    loop {
        let text = publish::json(&document);
        publish::check_size(&text, SMALLER)?;
        match check(text.as_bytes()) {
            Outcome::Verified(report) => return Ok((text, report)),
            other
                if publish::more_bits_may_help(&other)
                    && document.certificate.raise_precision() => {}
            other => return Err(publish::refused(&other, SMALLER)),
        }
    }
}

/// How an evaluation keeps within the checker's limits.
const SMALLER: &str = "stages of lower degree (two of 31 in place of one of 63) need less; `polycert certify` proves the table \
    without an evaluation";
/// The checker's limits of a document.
const MOST: [(&str, usize); 3] = [("nodes", 4_096), ("blocks", 64), ("primes", 64)];

/// Refuses what the checker would not read, before it is asked.
fn check_limits(d: &EvaluationDocument) -> Result<()> {
    let sizes = [
        d.nodes.len(),
        d.blocks.len(),
        d.parameters.q.len() + d.parameters.p.len(),
    ];
    for ((what, most), size) in MOST.into_iter().zip(sizes) {
        if size > most {
            let detail = format!("{size} {what} in the circuit, {most} at most");
            return Err(publish::limit(&detail, SMALLER));
        }
    }
    Ok(())
}
