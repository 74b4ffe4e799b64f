//! From what an evaluation certificate states to the bound of the result's noise: rules E2 to E5 in order.

use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::cascade::{Branch, Side};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::number::Rational;
use crate::core::polynomial::{Parity, Polynomial};
use crate::evaluation::bound::Carrier;
use crate::evaluation::circuit::Op;
use crate::evaluation::document::{EvaluationDocument, Input};
use crate::evaluation::maps::Maps;
use crate::evaluation::noise::{kappa, OperationNoise, Tier, MAX_KAPPA};
use crate::evaluation::program::{enclose, known, Noisy, Program};
use crate::evaluation::refresh;
use crate::evaluation::stage::{self, Wanted};
use crate::evaluation::task::EvaluationTask;
use num_bigint::BigInt;

/// The bound of the result's noise; `polynomials` are those of the embedded certificate.
pub(crate) fn prove(
    document: &EvaluationDocument,
    task: &EvaluationTask,
    polynomials: &[Polynomial],
    fixed: &Fixed,
) -> Checked<BigInt> {
    let branches = branches(document, task, polynomials, fixed)?;
    if let Some(refresh) = document.refresh() {
        if task.function != Function::Relu {
            let text = "the embedded certificate is not about relu";
            return Err(Fault::rejected(Rule::Own("B7 activation"), text));
        }
        let what = (task, polynomials, branches.as_slice(), tier(document)?);
        return refresh::prove(document, refresh, what, fixed);
    }
    let divisors = task.divisors(&document.reaches);
    let circuit = &document.circuit;
    let maps = Maps {
        reaches: &document.reaches,
        centres: &document.centres,
        divisors: &divisors,
    };
    task.shape(circuit, &document.blocks, document.output, &maps)?;
    let cosines = cosines(document, polynomials, &maps, &fixed.budget)?;
    let noise = OperationNoise::new(&document.parameters, tier(document)?);
    let program = Program::new(circuit, &document.parameters, &noise, cosines, fixed)?;
    let carrier = Carrier {
        program: &program,
        branches: &branches,
        maps: &maps,
        domain: &task.domain,
        cells: task.cells(),
        behind: None,
    };
    let mut inputs = enclose(&task.inputs.1, fixed);
    inputs.hull(&enclose(&task.inputs.0, fixed));
    let mut walk = Walk {
        document,
        task,
        noise: &noise,
        program: &program,
        inputs,
        values: vec![None; circuit.nodes.len()],
    };
    let mut first = 0;
    for block in &document.blocks {
        walk.lead(first, block.argument + 1)?;
        let result = carrier.prove(block, &mut walk.values)?;
        // Only the result is known after all cells.
        for id in block.argument + 1..=block.output {
            if let Some(place) = walk.values.get_mut(id) {
                *place = None;
            }
        }
        if let Some(place) = walk.values.get_mut(block.output) {
            *place = Some(result);
        }
        first = block.output + 1;
    }
    walk.lead(first, circuit.nodes.len())?;
    Ok(known(&walk.values, document.output)?.error.clone())
}

/// The branches of the composite, which fit the table.
fn branches(
    document: &EvaluationDocument,
    task: &EvaluationTask,
    polynomials: &[Polynomial],
    fixed: &Fixed,
) -> Checked<Vec<Branch>> {
    let sides: Vec<Side> = document.branches.iter().map(|(side, _)| *side).collect();
    let odd = polynomials.iter().all(|p| p.parity() == Parity::Odd);
    let split = match sides.as_slice() {
        sides if task.function.is_of_p_itself() => sides == [Side::Positive],
        [Side::Both] => odd,
        sides => sides == [Side::Positive, Side::Negative],
    };
    let mut stages = document.branches.iter().map(|(_, stages)| stages.len());
    let fit = stages.all(|stages| stages == polynomials.len());
    if !fit || !split || document.reaches.len() != polynomials.len() {
        let text = "branches and reaches do not fit the table";
        return Err(Fault::rejected(Rule::Branches, text));
    }
    let branch = |(side, hints): &(Side, Vec<_>)| Branch::prove(*side, polynomials, hints, fixed);
    document.branches.iter().map(branch).collect()
}

/// E2: every stage of every block is its polynomial. Marks the nodes that are some T_j of a stage's input.
fn cosines(
    document: &EvaluationDocument,
    polynomials: &[Polynomial],
    maps: &Maps,
    budget: &Budget,
) -> Checked<Vec<bool>> {
    let circuit = &document.circuit;
    let mut cosines = vec![false; circuit.nodes.len()];
    for block in &document.blocks {
        let stages = block.spans.iter().zip(polynomials);
        for (i, (span, p)) in stages.enumerate() {
            let map = maps.of(i)?;
            let wanted = Wanted {
                polynomial: p,
                centre: map.centre,
                reach: map.reach,
                shift: &map.shift,
                divisor: map.divisor,
            };
            for id in stage::prove(circuit, *span, &wanted, budget)? {
                if let Some(mark) = cosines.get_mut(id) {
                    *mark = true;
                }
            }
        }
    }
    Ok(cosines)
}

/// E3: what is promised of every operation, so that 2^-k is the failure probability of the whole circuit.
fn tier(document: &EvaluationDocument) -> Checked<Tier> {
    let counted = |op: &Op| matches!(op, Op::Input | Op::Mul(..) | Op::Rescale(_));
    let nodes = document.circuit.nodes.iter();
    let operations = nodes.filter(|n| counted(&n.op)).count();
    let mut operations = u64::try_from(operations).unwrap_or(u64::MAX);
    let mut events = 0;
    if let Some(refresh) = document.refresh() {
        let own = refresh::operations(refresh, document.parameters.log_n)?;
        operations = operations.saturating_add(own);
        // Half of the probability is the overflow's.
        events = 1;
    }
    let tier = match document.k {
        None => Tier::WorstCase,
        Some(k) => Tier::HighProbability(kappa(k + events, operations, document.parameters.log_n)),
    };
    if matches!(tier, Tier::HighProbability(kappa) if kappa > MAX_KAPPA) {
        let text =
            format!("so small a failure probability needs 2^-{MAX_KAPPA} or less for an event");
        return Err(Fault::rejected(Rule::Own("E3 tails"), text));
    }
    Ok(tier)
}

/// The way through the nodes outside of the evaluations of the composite.
struct Walk<'a> {
    document: &'a EvaluationDocument,
    task: &'a EvaluationTask,
    noise: &'a OperationNoise<'a>,
    program: &'a Program<'a>,
    /// Encloses every input.
    inputs: Interval,
    /// What is known of each node so far.
    values: Vec<Option<Noisy>>,
}

impl Walk<'_> {
    /// Nodes `from` to `end`, without `end`.
    fn lead(&mut self, from: usize, end: usize) -> Checked<()> {
        for id in from..end {
            let node = self.document.circuit.get(id)?;
            let v = match node.op {
                Op::Input => self.input(id, &node.scale)?,
                _ => self.program.step(id, |a| known(&self.values, a))?,
            };
            self.program.fits(id, &v)?;
            if let Some(place) = self.values.get_mut(id) {
                *place = Some(v);
            }
        }
        Ok(())
    }

    /// An input at a scale: fresh, or with the noise that is given.
    fn input(&self, id: usize, scale: &Rational) -> Checked<Noisy> {
        // What an encoder rounds in twice the precision of f64 is as E3 says up to here.
        let given = matches!(self.document.input, Input::Given(_));
        let most = Rational::integer(BigInt::from(1) << 83);
        let (lo, hi) = &self.task.inputs;
        if !given && lo.abs().max(hi.abs()).times(scale) > most {
            let text = format!("node {id}: an input of more than 2^83 units");
            return Err(Fault::rejected(Rule::Own("E2 circuit"), text));
        }
        let over_scale = |fresh: Rational| fresh.over(scale);
        let fresh = match &self.document.input {
            Input::FreshPublic => over_scale(self.noise.fresh_public()),
            Input::FreshPublicExtended => over_scale(self.noise.fresh_public_extended()),
            Input::FreshSecret => over_scale(self.noise.fresh_secret()),
            Input::Given(e) => e.clone(),
            Input::Refreshed(_) => return Err(Fault::internal("a refreshed input")),
        };
        Ok(Noisy {
            value: self.inputs.clone(),
            aside: BigInt::ZERO,
            error: fresh.ceil_at(self.program.fixed.precision),
        })
    }
}
