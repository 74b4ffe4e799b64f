//! The certificate of a program: how near the steps keep to the network, whatever the input is.
//!
//! Evaluations take inputs that are off by what maps add, and maps add in proportion to what evaluations leave: bounds of both are
//! found together, first with what evaluations leave guessed from above.

use crate::arith::mp::short;
use crate::arith::number::f64_above;
use crate::certificate::inference::{program, EncryptedInput, ProgramStep, ProgramSubject};
use crate::ckks::scheme::encrypt::Encryption;
use crate::encrypted::noise::{maps, StepMaps};
use crate::encrypted::run::Runner;
use crate::error::{Error, ErrorKind, Result};
use crate::jobs::network::compiled::Compiled;
use crate::jobs::network::inference::evaluations::{Behind, Evaluations, Made};
use crate::noise::formula::{tail, Model, Tier};
use crate::noise::linear::{bound_sum, operations, Value};
use crate::poly::table::Table;
use rug::float::Round;
use rug::{Float, Rational};
use std::sync::Arc;

/// Bits of what inputs are said to be off.
const OFF_BITS: u32 = 6;
/// Bits of what the result is said to be off.
const ERROR_BITS: u32 = 24;
/// Passes until nothing changes.
const ROUNDS: usize = 8;
/// What evaluations leave at first: B 2^-GUESS of noise, B 2^-ERROR of approximation.
const GUESS: u32 = 18;
const ERROR: u32 = 6;
/// Room for what the checker rounds differently; more where it refuses.
const ROOMS: [f64; 3] = [1.0 / 1024.0, 1.0 / 32.0, 0.5];

/// What is asked of a program.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// For each activation of the network |x| <= within.
    pub within: Vec<Rational>,
    /// Every element of the input is within this of 0.
    pub bound_input: Rational,
    /// But for 2^-k in all.
    pub k: u32,
}

/// A program that the checker has verified.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its certificate.
    pub text: String,
    /// The checker's words.
    pub statement: String,
    /// For each activation `bound` of its noise, in units of x.
    pub bound_noise: Vec<Rational>,
    /// For each activation its reach.
    pub within: Vec<Rational>,
    /// `bound` of how far the result is from the linear function of what is decrypted before it.
    pub bound_error: Rational,
}

/// Makes the certificate of a program.
pub(super) fn make(
    compiled: &Compiled,
    runner: &Runner,
    network: &str,
    asked: &Asked,
) -> Result<Program> {
    let steps = &compiled.program.steps;
    let activations = steps.iter().filter(|s| s.activation.is_some()).count();
    // As many parts as steps with an activation, and the maps.
    let k = asked.k
        + (activations as u32 + 1)
            .next_power_of_two()
            .trailing_zeros();
    let model = Model::new(&compiled.parameters);
    let maps = maps(&compiled.program);
    let count: usize = maps.iter().map(|m| operations(&m.maps)).sum();
    let kappa = tail::kappa(k, count + 1, compiled.parameters.log_n());
    let walk = Walk {
        compiled,
        runner,
        asked,
        model: &model,
        tier: Tier::HighProbability { kappa },
        maps: &maps,
    };
    let mut evaluations = Evaluations::new(runner, &compiled.parameters, k);
    let mut refused = String::new();
    for room in ROOMS {
        let (found, bound_error) = walk.settle(&mut evaluations, room)?;
        match walk.write(network, (&found, &bound_error), k) {
            Ok((text, statement)) => {
                return Ok(Program {
                    text,
                    statement,
                    bound_noise: walk.worst(&found),
                    within: asked.within.clone(),
                    bound_error,
                })
            }
            Err(e) if matches!(e.kind, ErrorKind::SelfCheck(_)) => refused = e.to_string(),
            Err(e) => return Err(e),
        }
    }
    Err(ErrorKind::SelfCheck(refused).into())
}

struct Walk<'a> {
    compiled: &'a Compiled,
    runner: &'a Runner,
    asked: &'a Asked,
    model: &'a Model,
    tier: Tier,
    maps: &'a [StepMaps],
}

/// An evaluation for each step with an activation.
type Found = Vec<Option<Made>>;

impl Walk<'_> {
    /// What stands behind a step.
    fn behind(&self, step: usize) -> Option<Behind> {
        let activation = self.compiled.program.steps[step].activation?;
        let twin = &self.compiled.twin;
        let table = activation.min(twin.tables.len().saturating_sub(1));
        let levels = self.runner.levels();
        let refreshed = levels.refreshed[step];
        Some(Behind {
            table: Arc::new(twin.tables[table].clone()),
            b: twin.activations[activation].scale().clone(),
            within: self.asked.within[activation].clone(),
            refreshed,
            level: if refreshed { 0 } else { levels.maps[step] - 1 },
        })
    }

    /// Evaluations that take what the maps add, with some room, and a bound of what the result is off.
    fn settle(&self, evaluations: &mut Evaluations, room: f64) -> Result<(Found, Rational)> {
        let mut found: Found = vec![None; self.maps.len()];
        // What the maps add changes with what evaluations leave, by little: it is said with few bits.
        for _ in 0..ROUNDS {
            let before = found.clone();
            let last = self.pass(evaluations, &mut found, room)?;
            let same = |(a, b): (&Option<Made>, &Option<Made>)| match (a, b) {
                (Some(a), Some(b)) => a.text == b.text,
                (a, b) => a.is_none() && b.is_none(),
            };
            if before.iter().zip(&found).all(same) {
                return Ok((found, last));
            }
        }
        Err(Error::domain(
            "the noise of activations and of the maps between them do not come to rest: the bounds grow from step to step",
        ))
    }

    /// All steps once: those that are not refreshed as they come, the others behind them, as the same certificate is for many.
    fn pass(
        &self,
        evaluations: &mut Evaluations,
        found: &mut Found,
        room: f64,
    ) -> Result<Rational> {
        let program = &self.compiled.program;
        let mut values = vec![self.input()];
        let mut refreshed: Vec<(Behind, usize, Rational)> = Vec::new();
        let mut last = Rational::new();
        for (i, step) in program.steps.iter().enumerate() {
            let terms: Vec<_> = (step.terms.iter().zip(&self.maps[i].maps))
                .map(|(term, map)| (&values[term.value], *map))
                .collect();
            let at = (self.runner.levels().maps[i], self.runner.sum_scale(i));
            let bias = self.maps[i].bound_bias;
            let sum = bound_sum(self.model, self.tier, at, &terms, bias);
            let off = |x: f64, bits| above(x * (1.0 + room), bits);
            match self.behind(i) {
                None => last = off(sum.bound_off, ERROR_BITS)?,
                Some(behind) if behind.refreshed => {
                    // A refresh takes the real part.
                    let off = off(sum.bound_off, OFF_BITS)?;
                    match refreshed.iter_mut().find(|(b, ..)| *b == behind) {
                        Some((_, _, most)) => *most = off.max(most.clone()),
                        None => refreshed.push((behind, i, off)),
                    }
                }
                Some(behind) => {
                    let off = off(sum.bound_off + sum.bound_aside, OFF_BITS)?;
                    found[i] = Some(evaluations.of(i, &behind, &off)?);
                }
            }
            values.push(self.value(i, found[i].as_ref()));
        }
        for (behind, first, off) in &refreshed {
            let made = evaluations.of(*first, behind, off)?;
            for (i, found) in found.iter_mut().enumerate() {
                if self.behind(i).as_ref() == Some(behind) {
                    *found = Some(made.clone());
                }
            }
        }
        Ok(last)
    }

    fn input(&self) -> Value {
        let scale = self.runner.value_scale(0).clone();
        let fresh =
            self.model.bound_fresh(Encryption::Secret, self.tier) + self.model.bound_encode();
        let bound = f64_above(&self.asked.bound_input);
        let off = (fresh / scale.to_f64() + bound * 2f64.powi(-52)) * (1.0 + 1e-9);
        Value {
            scale,
            bound_largest: bound + off,
            bound_off: off,
            bound_aside: 0.0,
        }
    }

    /// What an activation leaves.
    fn value(&self, step: usize, made: Option<&Made>) -> Value {
        let (mut largest, mut noise) = (0.0, 0.0);
        if let Some(behind) = self.behind(step) {
            let b = f64_above(&behind.b);
            let within = f64_above(&behind.within);
            (largest, noise) = match made {
                Some(made) => (
                    within + f64_above(&made.bound_error),
                    f64_above(&made.bound_noise),
                ),
                None => (
                    within + b * 2f64.powi(-(ERROR as i32)),
                    b * 2f64.powi(-(GUESS as i32)),
                ),
            };
        }
        Value {
            scale: self.runner.value_scale(step + 1).clone(),
            bound_largest: largest,
            bound_off: 0.0,
            bound_aside: noise,
        }
    }

    /// For each activation of the network the greatest noise of its steps.
    fn worst(&self, found: &Found) -> Vec<Rational> {
        let mut worst = vec![Rational::new(); self.asked.within.len()];
        for (step, made) in self.compiled.program.steps.iter().zip(found) {
            if let (Some(a), Some(made)) = (step.activation, made) {
                worst[a] = worst[a].clone().max(made.bound_noise.clone());
            }
        }
        worst
    }

    fn write(
        &self,
        network: &str,
        (found, bound_error): (&Found, &Rational),
        k: u32,
    ) -> Result<(String, String)> {
        let program = &self.compiled.program;
        let levels = self.runner.levels();
        let mut texts: Vec<&str> = Vec::new();
        let mut steps = Vec::new();
        for (i, step) in program.steps.iter().enumerate() {
            let behind = match &found[i] {
                Some(made) => {
                    let known = texts.iter().position(|t| *t == made.text);
                    Ok(known.unwrap_or_else(|| {
                        texts.push(&made.text);
                        texts.len() - 1
                    }))
                }
                None => Err(self.runner.sum_scale(i).clone()),
            };
            steps.push(ProgramStep {
                level: levels.maps[i],
                layout: step.layout,
                terms: (step.terms.iter())
                    .map(|t| (t.value, t.map.babies()))
                    .collect(),
                behind,
            });
        }
        if program.output != program.steps.len() {
            return Err(Error::unsupported(
                "a network whose result is what an activation makes, with no layer behind it",
            ));
        }
        let subject = ProgramSubject {
            network,
            evaluations: &texts,
            log_values: self.runner.log_values(),
            k: self.asked.k,
            maps_k: k,
            input: EncryptedInput {
                encryption: "fresh_secret",
                level: levels.values[0],
                scale: self.runner.value_scale(0).clone(),
                bound: self.asked.bound_input.clone(),
                layout: program.input,
            },
            steps,
            bound_error: bound_error.clone(),
        };
        self::program(&subject)
    }
}

/// A number that is not below x, of few bits.
fn above(x: f64, bits: u32) -> Result<Rational> {
    if !x.is_finite() {
        return Err(Error::domain("what the maps of a step add has no bound"));
    }
    Ok(short(&Float::with_val(64, x), bits, Round::Up))
}

/// The tables that are computed, each once, and for each activation the number of its own.
pub(super) fn tables(compiled: &Compiled) -> (Vec<Table>, Vec<usize>) {
    let count = compiled.twin.activations.len();
    let refreshed = compiled
        .schedule
        .levels
        .activations(&compiled.program, count);
    let (mut tables, mut digests, mut which) = (Vec::new(), Vec::new(), Vec::new());
    for (i, bend) in compiled.bends.iter().enumerate() {
        let own = i.min(compiled.twin.tables.len().saturating_sub(1));
        let behind = bend.refreshed.as_ref().filter(|_| refreshed[i]);
        let table = behind.map_or(&compiled.twin.tables[own], |b| &*b.table);
        let digest = table.sha256();
        let known = digests.iter().position(|d| *d == digest);
        which.push(known.unwrap_or(tables.len()));
        if known.is_none() {
            digests.push(digest);
            tables.push(table.clone());
        }
    }
    (tables, which)
}
