//! All activations on one sample, with as many bits as it takes.

use crate::error::Result;
use crate::network::forward::compare::Precision;
use crate::network::forward::twin::Activation;
use crate::network::forward::{fixed, Given, Model, Outcome, Prepared, PAIR_BITS, SINGLE_BITS};
use crate::network::ranges::judge::{judge, Judgement, Seen};
use crate::network::read::ranges::Extent;

/// Most evaluations in fixed point of one sample.
const MOST_ATTEMPTS: usize = 3;

/// What was proved on one sample.
#[derive(Debug, Clone)]
pub struct Trial {
    /// One for each activation that the evaluation reached.
    pub seen: Vec<Seen>,
    /// Why the evaluation ended before the last activation, if it did.
    pub ended: Option<String>,
    /// The class, where it is proved.
    pub class: Option<usize>,
    /// Bits of the evaluation.
    pub bits: u32,
}

impl Trial {
    fn is_decided(&self, activations: usize) -> bool {
        let open = |s: &Seen| matches!(s.judgement, Judgement::Undecided(_));
        self.seen.len() == activations && !self.seen.iter().any(open)
    }
}

/// Judges every activation's inputs on one sample.
///
/// **Inputs** `stated`, a range for each activation; `twin`, polynomials in their place (they are evaluated beyond what
/// they are made for too, if they are asked), none for the network itself.
///
/// **Guarantee** what [`judge`] says, of the exact input.
///
/// **Cost** an evaluation in f64, one in pairs where that leaves anything undecided, then fixed point up to
/// `precision.most_bits`.
///
/// # Errors
/// An input of another shape.
pub fn try_sample(
    prepared: &Prepared,
    stated: &[Extent],
    twin: Option<&[Activation]>,
    given: Given,
    precision: Precision,
) -> Result<Trial> {
    let free: Option<Vec<Activation>> =
        twin.map(|all| all.iter().map(Activation::unlimited).collect());
    let model = free.as_deref().map_or(Model::Relu, Model::Twin);
    let network = prepared.network();
    let count = stated.len();
    let mut last = None;
    let attempt = |bits: u32| -> Result<Trial> {
        let mut seen = Vec::with_capacity(count);
        let mut see = |id, x: &_| {
            let k = seen.len();
            let polynomial = free.as_ref().map(|all| &all[k]);
            seen.push(judge(&network.nodes[id], x, polynomial, &stated[k]));
        };
        let found = match bits {
            SINGLE_BITS => prepared.evaluate_with(given.balls, model, false, &mut see),
            PAIR_BITS => prepared.evaluate_with(given.balls, model, true, &mut see),
            bits => prepared.evaluate_fixed_with(given, model, bits, &mut see),
        };
        let (class, ended) = match found {
            Ok(Outcome::Done(e)) => (e.class(), None),
            Ok(Outcome::Lost(lost, _)) => (None, Some(lost.words(network))),
            Ok(Outcome::Outside(_)) => (None, Some("a polynomial has no value there".to_owned())),
            Err(e) if seen.is_empty() => return Err(e),
            Err(e) => (None, Some(e.to_string())),
        };
        Ok(Trial {
            seen,
            ended,
            class,
            bits,
        })
    };
    let first = if precision.single {
        &[SINGLE_BITS, PAIR_BITS][..]
    } else {
        &[PAIR_BITS]
    };
    for &bits in first {
        let trial = attempt(bits)?;
        if trial.is_decided(count) && (trial.class.is_some() || bits == PAIR_BITS) {
            return Ok(trial);
        }
        last = Some(trial);
    }
    let needed = prepared
        .estimate_growth(given.balls, model)?
        .estimate_bits();
    let most = fixed::BITS.into_iter().rfind(|b| *b <= precision.most_bits);
    let mut next = most.and_then(|most| fixed::at_least(needed).map(|b| b.min(most)));
    // A value at an end of its range stays open at any precision.
    for _ in 0..MOST_ATTEMPTS {
        let Some(bits) = next else { break };
        match attempt(bits) {
            Ok(trial) => {
                let decided = trial.is_decided(count);
                // More bits never say less, but an evaluation that ended early may.
                let better = last
                    .as_ref()
                    .is_none_or(|l: &Trial| trial.seen.len() >= l.seen.len());
                if better {
                    last = Some(trial);
                }
                if decided {
                    break;
                }
            }
            Err(e) if last.is_none() => return Err(e),
            Err(_) => {}
        }
        next = fixed::at_least(bits + 1).filter(|b| most.is_some_and(|most| *b <= most));
    }
    last.ok_or_else(|| crate::error::Error::domain("no precision is allowed"))
}
