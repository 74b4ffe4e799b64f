//! A program step by step: rules I1 to I5.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::noise::{kappa, OperationNoise, Tier, MAX_KAPPA};
use crate::evaluation::parameters::Parameters;
use crate::evaluation::refresh::upper::Upper;
use crate::inference::activation::{self, Activation};
use crate::inference::document::{Behind, Encryption, ProgramDocument, Step};
use crate::inference::maps::{self, Map, Value};
use crate::inference::place;
use crate::inference::reading::{Reading, PROGRAM};
use crate::network::model::expand::Expanded;
use num_bigint::BigInt;
use num_traits::One;

const ACTIVATION: Rule = Rule::Own("I4 activation");
const PROBABILITY: Rule = Rule::Own("I5 probability");
/// What the encoder of the input rounds as E3 says.
const ENCODED_BITS: u64 = 83;

/// What stands at an activation of the network, and what is proved of it.
#[derive(Debug, Clone)]
pub(super) struct Bent {
    pub(super) table_sha256: String,
    pub(super) b: Rational,
    /// |x| <= within, at all of its steps.
    pub(super) within: Rational,
    /// |decrypted - r(x)|, worst over its steps.
    pub(super) noise: Rational,
    pub(super) refreshed: bool,
}

/// Every step's sum is that of the network, in order; what stands at every activation of the original network.
///
/// # Errors
/// A rejection by the rule that is not met, with the step.
pub(super) fn prove(document: &ProgramDocument, expanded: &Expanded) -> Checked<Vec<Bent>> {
    let first = document.evaluations.first();
    let parameters = &first
        .ok_or_else(|| Fault::internal("evaluations"))?
        .document
        .parameters;
    if document.log_values >= parameters.log_n {
        let text = format!("2^{} values: the ring has fewer slots", document.log_values);
        return Err(Fault::rejected(PROGRAM, text));
    }
    let all = document.evaluations.iter().enumerate();
    let activations = all
        .map(|(i, proved)| activation::of(i, proved, parameters, document.log_values))
        .collect::<Checked<Vec<Activation>>>()?;
    let mut walk = Walk {
        document,
        parameters,
        activations: &activations,
        maps: Vec::new(),
        operations: 1,
        network: Reading::new(expanded)?,
    };
    if document.input.layout.shape() != expanded.network.input {
        return Err(Fault::rejected(
            PROGRAM,
            "the input's layout is of another shape",
        ));
    }
    for (i, step) in document.steps.iter().enumerate() {
        walk.shapes(step)
            .map_err(|fault| fault.in_place(&format!("step {i}")))?;
    }
    walk.network.finish()?;
    probability(document, &activations)?;
    let kappa = kappa(document.maps_k, walk.operations, parameters.log_n);
    if kappa > MAX_KAPPA {
        let text = format!(
            "so small a failure probability of the maps needs 2^-{MAX_KAPPA} or less for an event"
        );
        return Err(Fault::rejected(PROBABILITY, text));
    }
    let noise = OperationNoise::new(parameters, Tier::HighProbability(kappa));
    walk.noise(&noise)
}

/// I5: all steps and the maps together.
fn probability(document: &ProgramDocument, activations: &[Activation]) -> Checked<()> {
    let part = |k: u64| Rational::dyadic(BigInt::one(), k);
    let mut sum = part(document.maps_k);
    for step in &document.steps {
        if let Behind::Evaluation(i) = step.behind {
            sum = sum.plus(&part(evaluation(activations, i)?.k));
        }
    }
    match sum <= part(document.k) {
        true => Ok(()),
        false => Err(Fault::rejected(
            PROBABILITY,
            format!(
                "the steps and the maps together are not within 2^-{}",
                document.k
            ),
        )),
    }
}

fn evaluation(activations: &[Activation], i: usize) -> Checked<&Activation> {
    let missing = || Fault::rejected(ACTIVATION, format!("there is no evaluation {i}"));
    activations.get(i).ok_or_else(missing)
}

/// What is known of a step after its layouts.
struct Placed {
    terms: Vec<(usize, Map)>,
    bias: u64,
    origin: Option<usize>,
}

struct Walk<'a> {
    document: &'a ProgramDocument,
    parameters: &'a Parameters,
    activations: &'a [Activation],
    maps: Vec<Placed>,
    operations: u64,
    network: Reading<'a>,
}

impl Walk<'_> {
    /// I1 and I2: a step reads what the network's does, and its diagonals are that map.
    fn shapes(&mut self, step: &Step) -> Checked<()> {
        let fail = |text: String| Err(Fault::rejected(PROGRAM, text));
        let Some(wanted) = self.network.step()? else {
            return fail("the network has no such step".to_owned());
        };
        let kinds = (&step.behind, wanted.origin);
        if !matches!(
            kinds,
            (Behind::Evaluation(_), Some(_)) | (Behind::Result(_), None)
        ) {
            return fail(
                "an activation stands where the network has none, or none where it has one"
                    .to_owned(),
            );
        }
        let stated: Vec<usize> = step.terms.iter().map(|t| t.0).collect();
        let read: Vec<usize> = wanted.maps.iter().map(|m| m.0).collect();
        if stated != read {
            return fail(format!(
                "it reads the values {stated:?}, and the network's step {read:?}"
            ));
        }
        if step.layout.shape() != wanted.shape {
            return fail(format!(
                "its layout is of {:?}, the network's result of {:?}",
                step.layout.shape(),
                wanted.shape
            ));
        }
        if step.layout.period()? > 1 << self.document.log_values {
            return fail("its layout takes more slots than a ciphertext holds".to_owned());
        }
        let mut terms = Vec::new();
        for ((value, babies), (_, rows)) in step.terms.iter().zip(&wanted.maps) {
            let from = match value.checked_sub(1) {
                None => &self.document.input.layout,
                Some(i) => {
                    let step = self.document.steps.get(i);
                    &step.ok_or_else(|| Fault::internal("value"))?.layout
                }
            };
            let shape = place::shape(rows, (from, &step.layout), *babies)?;
            self.operations += maps::operations(&shape);
            let map = Map {
                shape,
                norm: rows.norm()?,
                factor: rows.largest(),
            };
            terms.push((*value, map));
        }
        // The division.
        self.operations += 1;
        self.maps.push(Placed {
            terms,
            bias: wanted.bias,
            origin: wanted.origin,
        });
        Ok(())
    }

    /// I3 and I4: the noise of maps, and that the evaluations are about it.
    fn noise(&self, noise: &OperationNoise) -> Checked<Vec<Bent>> {
        let mut values = vec![self.input(noise)?];
        let mut bent: Vec<Option<Bent>> = Vec::new();
        for (i, (step, placed)) in self.document.steps.iter().zip(&self.maps).enumerate() {
            let place = format!("step {i}");
            let value = self.step(noise, (step, placed), &values, &mut bent);
            values.push(value.map_err(|fault| fault.in_place(&place))?);
        }
        let all: Option<Vec<Bent>> = bent.into_iter().collect();
        all.ok_or_else(|| Fault::rejected(PROGRAM, "an activation of the network has no step"))
    }

    fn input(&self, noise: &OperationNoise) -> Checked<Value> {
        let input = &self.document.input;
        let bound = Upper::of(&input.bound);
        let most = Rational::integer(BigInt::one() << ENCODED_BITS);
        if input.level > self.parameters.top() || input.bound.times(&input.scale) > most {
            let text = "the input is above the top level, or of more than 2^83 units";
            return Err(Fault::rejected(PROGRAM, text));
        }
        if self.document.steps.is_empty() || input.layout.period()? > 1 << self.document.log_values
        {
            let text = "the input's layout takes more slots than a ciphertext holds";
            return Err(Fault::rejected(PROGRAM, text));
        }
        let fresh = match input.encryption {
            Encryption::Public => noise.fresh_public(),
            Encryption::PublicExtended => noise.fresh_public_extended(),
            Encryption::Secret => noise.fresh_secret(),
        };
        // Elements are f64, the nearest ones or their neighbours.
        let tiny = bound.halved(52);
        let off = Upper::of(&fresh).over(&input.scale).plus(&tiny);
        let value = Value {
            level: input.level,
            scale: input.scale.clone(),
            largest: bound.plus(&off),
            aside: Upper::zero(),
            off,
        };
        maps::fits(
            self.parameters,
            (value.level, &value.scale),
            &value.largest,
            "the input",
        )?;
        Ok(value)
    }

    fn step(
        &self,
        noise: &OperationNoise,
        (step, placed): (&Step, &Placed),
        values: &[Value],
        bent: &mut Vec<Option<Bent>>,
    ) -> Checked<Value> {
        let level = step.level;
        let Some(below) = level.checked_sub(1) else {
            return Err(Fault::rejected(maps::RULE, "a map at level 0"));
        };
        if level > self.parameters.top() {
            return Err(Fault::rejected(maps::RULE, "a map above the top level"));
        }
        let mut terms = Vec::new();
        for (value, map) in &placed.terms {
            let value = values.get(*value);
            terms.push((value.ok_or_else(|| Fault::internal("value"))?, *map));
        }
        let sum = |scale: &Rational| {
            maps::sum(self.parameters, noise, (level, scale), &terms, placed.bias)
        };
        let (index, origin) = match (&step.behind, placed.origin) {
            (Behind::Evaluation(index), Some(origin)) => (*index, origin),
            (Behind::Result(scale), _) => {
                let sum = sum(scale)?;
                maps::fits(
                    self.parameters,
                    (below, scale),
                    &sum.largest.plus(&sum.aside),
                    "the result",
                )?;
                if sum.off.rational() > self.document.error {
                    let text = "the result is not proved to be within the stated error";
                    return Err(Fault::rejected(maps::RULE, text));
                }
                return Ok(Value {
                    level: below,
                    scale: scale.clone(),
                    largest: sum.largest,
                    off: Upper::zero(),
                    aside: Upper::zero(),
                });
            }
            _ => return Err(Fault::internal("behind")),
        };
        let activation = evaluation(self.activations, index)?;
        let (enters, scale) = &activation.enters;
        if *enters != below {
            let text = format!("its maps end at level {below}, its evaluation begins at {enters}");
            return Err(Fault::rejected(ACTIVATION, text));
        }
        let sum = sum(scale)?;
        // A refresh takes the real part.
        let off = match activation.is_refreshed {
            true => sum.off.clone(),
            false => sum.off.plus(&sum.aside),
        };
        if off.rational() > activation.off {
            let text =
                "its input is not proved to be as near to what is meant as its evaluation takes it";
            return Err(Fault::rejected(ACTIVATION, text));
        }
        let largest = Upper::of(&activation.within)
            .plus(&sum.off)
            .plus(&sum.aside);
        maps::fits(
            self.parameters,
            (below, scale),
            &largest,
            "the input of the activation",
        )?;
        let one = Bent {
            table_sha256: activation.table_sha256.clone(),
            b: activation.b.clone(),
            within: activation.within.clone(),
            noise: activation.noise.clone(),
            refreshed: activation.is_refreshed,
        };
        if bent.len() <= origin {
            bent.resize(origin + 1, None);
        }
        let Some(there) = bent.get_mut(origin) else {
            return Err(Fault::internal("origin"));
        };
        *there = Some(match there.take() {
            None => one,
            Some(there) => together(there, one)?,
        });
        let (level, scale) = activation.leaves.clone();
        Ok(Value {
            level,
            scale,
            largest: Upper::of(&activation.largest),
            off: Upper::zero(),
            aside: Upper::of(&activation.noise),
        })
    }
}

/// Two steps of one activation: of a max-pooling.
fn together(a: Bent, b: Bent) -> Checked<Bent> {
    if a.table_sha256 != b.table_sha256 || a.b != b.b {
        let text = "two steps of one max-pooling have different polynomials";
        return Err(Fault::rejected(ACTIVATION, text));
    }
    Ok(Bent {
        within: a.within.min(b.within),
        noise: a.noise.max(b.noise),
        refreshed: a.refreshed || b.refreshed,
        ..a
    })
}
