//! A refreshed activation: rules B1 to B7 of `certificates/EVALUATION.md`.
//!
//! The input of the circuit is t, what a bootstrapping makes of a ciphertext of which nothing is assumed but the size of its
//! slots. Data flow: `document` -> `parameters` (B1), `overflow` (B2) -> `shape`, `row`, `before` (B3, B4: how far t is off) ->
//! `series` (B5), `cells` (B6: EvalMod) -> `task`, `behind` (B7: the composite behind the sine, with E4 and E5).

mod before;
pub(crate) mod behind;
mod cells;
pub(crate) mod document;
mod overflow;
mod parameters;
mod row;
mod series;
mod shape;
mod task;
pub(crate) mod upper;
pub(crate) mod words;

use crate::core::budget::Budget;
use crate::core::cascade::Branch;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Fixed;
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::evaluation::bound::Carrier;
use crate::evaluation::document::EvaluationDocument;
use crate::evaluation::maps::Maps;
use crate::evaluation::noise::{OperationNoise, Tier};
use crate::evaluation::program::Program;
use crate::evaluation::task::EvaluationTask;
use crate::evaluation::taylor::Powers;
use behind::Behind;
use cells::EvalMod;
use document::Refresh;
use num_bigint::BigInt;
use num_traits::One;
use row::Added;
use task::Polynomials;

/// Operations of the bootstrapping besides those of its circuit.
pub(crate) fn operations(refresh: &Refresh, log_n: u64) -> Checked<u64> {
    before::operations(refresh, log_n)
}

/// The bound of the noise of a refreshed activation, overflow included in its probability.
///
/// # Errors
/// A rejection by the rule that is not met.
pub(crate) fn prove(
    document: &EvaluationDocument,
    refresh: &Refresh,
    (task, polynomials, branches, tier): (&EvaluationTask, &[Polynomial], &[Branch], Tier),
    fixed: &Fixed,
) -> Checked<BigInt> {
    let parameters = &document.parameters;
    parameters::check(parameters, refresh)?;
    let (Some(k), Tier::HighProbability(kappa)) = (document.k, tier) else {
        let text = "an overflow is never impossible: a probability 2^-k is to be stated";
        return Err(Fault::rejected(Rule::Own("B2 overflow"), text));
    };
    let [block] = document.blocks.as_slice() else {
        let text = "there is not one evaluation of the composite";
        return Err(Fault::rejected(Rule::Own("B7 activation"), text));
    };
    let circuit = &document.circuit;
    let divisors = task.divisors(&document.reaches);
    let maps = Maps {
        reaches: &document.reaches,
        centres: &document.centres,
        divisors: &divisors,
    };
    let own = Polynomials::new(refresh, &fixed.budget)?;
    let whole = (block, document.output, &task.domain);
    let mut marks = task::prove(circuit, refresh, &own, whole, &maps, &fixed.budget)?;
    marks.extend(behind::stages(
        circuit,
        block,
        polynomials,
        &maps,
        &fixed.budget,
    )?);
    let mut cosines = vec![false; circuit.nodes.len()];
    for id in marks {
        if let Some(mark) = cosines.get_mut(id) {
            *mark = true;
        }
    }
    let noise = OperationNoise::new(parameters, tier);
    let program = Program::new(circuit, parameters, &noise, cosines, fixed)?;

    // How far t is off, and whether it is where EvalMod takes it.
    let share = task.inputs.1.over(&task.domain);
    let added = Added::new(parameters, &noise, kappa);
    // What comes in is within `off` of what is meant, and goes into t over B 2^r: the maps are exact but for B4.
    let off = refresh.off.over(&task.domain);
    let most = share.plus(&off);
    let before = before::before(parameters, refresh, &added, &most)?;
    let input = task::input(circuit)?;
    let node = circuit.get(input)?;
    let up = refresh.to_slots.len();
    if node.scale != before.scale || node.level + up != parameters.top() {
        let text = "coefficients to slots do not end at the level and the scale of the input";
        return Err(Fault::rejected(Rule::Own("B4 maps"), text));
    }
    overflow(
        parameters.first(),
        refresh,
        (&most, &before.raised),
        k,
        &fixed.budget,
    )?;

    let precision = fixed.precision;
    let budget = &fixed.budget;
    let series = |bound: upper::Upper| bound.ceil_at(precision);
    let eval_mod = EvalMod {
        program: &program,
        refresh,
        input,
        cosine: Powers::new(&own.cosine, fixed),
        series: series(series::cosine(&own.cosine, &refresh.turns(), budget)?),
    };
    let off = upper::Upper::of(&off).halved(refresh.ratio_log2);
    let error = eval_mod.worst(&before.t.plus(&off).ceil_at(precision), &share)?;
    let (unit, ratio) = (&refresh.unit, refresh.ratio_log2);
    let first = polynomials.first();
    let first = first.ok_or_else(|| Fault::internal("a composite without stages"))?;
    let stage = series(series::sine(first, unit, ratio, budget)?);
    let behind = Behind {
        error: error + &stage,
        inverse: refresh.inverse,
        arcsine: Powers::new(&own.arcsine, fixed),
        stage,
        series: series(series::arcsine(&own.arcsine, unit, ratio, budget)?),
        steepest: unit.times(&steepest(ratio)).ceil_at(precision),
    };
    let carrier = Carrier {
        program: &program,
        branches,
        maps: &maps,
        domain: &task.domain,
        cells: task.cells(),
        behind: Some(&behind),
    };
    let mut values = vec![None; circuit.nodes.len()];
    Ok(carrier.prove(block, &mut values)?.error)
}

/// 3/10 2^r.
fn steepest(ratio_log2: u64) -> Rational {
    Rational::raw(BigInt::from(3) << ratio_log2, 10.into())
}

/// B2: all 2n coefficients, and half of the probability that is stated.
fn overflow(
    q0: u64,
    refresh: &Refresh,
    (share, raised): (&Rational, &upper::Upper),
    k: u64,
    budget: &Budget,
) -> Checked<()> {
    let ratio = Rational::integer(BigInt::one() << refresh.ratio_log2);
    // Residues are centred to within 1/2 + 2^-40: one that is on the other side is a uniform one moved by that at most.
    let moved = Rational::dyadic(BigInt::from(refresh.weight + 1), 40);
    let mu = share.over(&ratio).plus(&raised.rational()).plus(&moved);
    budget.charge(refresh.weight * refresh.weight * 500)?;
    let one = overflow::beyond(refresh.weight, refresh.overflow, &mu, q0);
    let all = one.times(&Rational::integer(BigInt::one() << refresh.log_values));
    if all > Rational::dyadic(BigInt::one(), k + 1) {
        let text = format!(
            "an overflow beyond K = {} is not proved to have a probability of at most 2^-{}",
            refresh.overflow,
            k + 1
        );
        return Err(Fault::rejected(Rule::Own("B2 overflow"), text));
    }
    Ok(())
}
