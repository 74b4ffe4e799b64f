//! A program on ciphertexts.
//!
//! **Method** One ciphertext a value, of one packing throughout: layouts of a shorter period repeat in it. A step drops what it
//! reads to the level of its maps, sums the maps before the one division by the special primes, and adds the constant; the factors'
//! scale is such that the sum's scale is exactly what stands behind it takes. Then the activation: refreshed first where the level
//! is low. Diagonals are made plaintexts when their step comes, and forgotten behind it: all of them would take more memory than
//! keys do.

use crate::circuit::composite::{Output, Plan};
use crate::circuit::Circuit;
use crate::ckks::bootstrap::literal::Literal as Bootstrapping;
use crate::ckks::bootstrap::refresh::{RefreshKeys, Refresher};
use crate::ckks::evaluate::linear::{Extended, LinearMap};
use crate::ckks::evaluate::run::run;
use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::cipher::Ciphertext;
use crate::ckks::scheme::encode::Complex;
use crate::ckks::scheme::keys::{EvaluationKeys, SecretKey};
use crate::encrypted::activation::{bends, Bend};
use crate::encrypted::client::Client;
use crate::encrypted::levels::Levels;
use crate::encrypted::program::{Program, Step, Term, ValueId};
use crate::encrypted::schedule::{chain, near, rotations};
use crate::encrypted::scheme::Scheme;
use crate::error::{Error, Result};
use crate::network::forward::twin::Twin;
use rug::Rational;
use std::sync::Arc;

/// Room above B that outputs have at level 0, as a factor.
const OUTPUT_ROOM: u32 = 16;

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Diagonals are made plaintexts.
    Encode,
    /// Linear maps.
    Linear,
    /// Bootstrapping with the activation.
    Refresh,
    /// The activation's polynomial, where it is not refreshed.
    Activation,
}

impl Phase {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Encode, Self::Linear, Self::Refresh, Self::Activation];
}

/// A step as it is run.
#[derive(Debug)]
struct Ready {
    /// The scale of the sum.
    scale: Rational,
    /// The activation.
    bend: Way,
}

impl Ready {
    /// A step without an activation.
    fn output(scale: Rational) -> Self {
        Self {
            scale,
            bend: Way::None,
        }
    }
}

/// How an activation is run.
#[derive(Debug)]
enum Way {
    /// There is none.
    None,
    /// By a circuit.
    Circuit(Circuit),
    /// By a refresher, the number of which is this; x is read in units of B.
    Refresh(usize, Rational),
}

/// A program with its parameters, ready to run.
#[derive(Debug)]
pub struct Runner {
    program: Arc<Program>,
    levels: Levels,
    client: Client,
    /// Refreshers that share their maps.
    refreshers: Vec<Refresher>,
    steps: Vec<Ready>,
    /// Scales of the values.
    scales: Vec<Rational>,
}

/// Keys of a run.
#[derive(Debug)]
pub struct Keys {
    /// Of the evaluator.
    pub evaluation: EvaluationKeys,
    /// Of the bootstrapping beside them.
    pub refresh: Option<RefreshKeys>,
}

impl Keys {
    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.evaluation.bytes() + self.refresh.as_ref().map_or(0, RefreshKeys::bytes)
    }
}

impl Runner {
    /// Makes a program ready: levels, circuits, the maps of the bootstrapping.
    ///
    /// **Cost** some seconds and 1 GB at N = 2^16 with bootstrapping.
    ///
    /// # Errors
    /// What the parameters, [`bends`] and [`Levels::new`] refuse; a program that a ciphertext does not hold.
    pub fn new(program: Arc<Program>, twin: &Twin, scheme: &Scheme) -> Result<Self> {
        let parameters = Parameters::new(scheme.encryption())?;
        let ring = Ring::new(&parameters)?;
        let bootstrapping = scheme.bootstrapping();
        let bends = bends(twin, &parameters, bootstrapping)?;
        let levels = Levels::new(&program, &chain(&parameters, &bends, bootstrapping))?;
        let mut out = Self {
            client: Client::new(program.clone(), &levels, scheme, &ring)?,
            scales: vec![parameters.scale()],
            steps: Vec::new(),
            refreshers: Vec::new(),
            program,
            levels,
        };
        let widest = twin.activations.iter().map(|a| a.scale().clone()).max();
        let widest = widest.unwrap_or_else(|| Rational::from(1));
        let outputs = parameters.scale() / &widest / OUTPUT_ROOM;
        for i in 0..out.program.steps.len() {
            let (ready, result) = match out.program.steps[i].activation {
                None => (Ready::output(outputs.clone()), outputs.clone()),
                Some(a) if out.levels.refreshed[i] => out.refreshed(&bends[a], bootstrapping)?,
                Some(a) => out.plain(i, &bends[a].plan)?,
            };
            out.scales.push(result);
            out.steps.push(ready);
        }
        Ok(out)
    }

    /// An activation by its circuit alone, and the scale of its result.
    fn plain(&self, i: usize, plan: &Plan) -> Result<(Ready, Rational)> {
        let moduli = self.ring().params().moduli();
        let level = self.levels.maps[i] - 1;
        let plan = Plan {
            scale: near(&moduli, level),
            ..plan.clone()
        };
        let (circuit, _) = plan.circuit(&moduli, level, Output::Relu)?;
        let result = circuit.nodes[circuit.output].scale.clone();
        let ready = Ready {
            scale: plan.input_scale(),
            bend: Way::Circuit(circuit),
        };
        Ok((ready, result))
    }

    /// An activation behind a refresh, and the scale of its result.
    fn refreshed(
        &mut self,
        bend: &Bend,
        bootstrapping: Option<&Bootstrapping>,
    ) -> Result<(Ready, Rational)> {
        let missing = || Error::domain("a refresh without a bootstrapping");
        let behind = bend.refreshed.as_ref().ok_or_else(missing)?;
        let known = self
            .refreshers
            .iter()
            .position(|r| *r.value() == behind.value);
        let index = known.unwrap_or(self.refreshers.len());
        if known.is_none() {
            let made = match self.refreshers.first() {
                Some(first) => first.another(behind.value.clone())?,
                None => {
                    let literal = bootstrapping.ok_or_else(missing)?;
                    Refresher::new(self.ring(), literal, behind.value.clone())?
                }
            };
            self.refreshers.push(made);
        }
        let refresher = &self.refreshers[index];
        let unit = bend.plan.domain.clone();
        let (_, scale) = refresher.input();
        let ready = Ready {
            scale: scale / &unit,
            bend: Way::Refresh(index, unit),
        };
        Ok((ready, refresher.output().1.clone()))
    }

    /// The ring.
    #[must_use]
    pub fn ring(&self) -> &Arc<Ring> {
        self.client.encoder().ring()
    }

    /// The packing, for who has the secret key.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The levels.
    #[must_use]
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// log2 of the values that a ciphertext holds.
    #[must_use]
    pub fn log_values(&self) -> u32 {
        self.client.log_slots()
    }

    /// The scale of a step's sum, in units of what it stands for.
    #[must_use]
    pub fn sum_scale(&self, step: usize) -> &Rational {
        &self.steps[step].scale
    }

    /// The scale of a value.
    #[must_use]
    pub fn value_scale(&self, value: ValueId) -> &Rational {
        &self.scales[value]
    }

    /// The refresher of a step, or the circuit of its activation where it is not refreshed.
    #[must_use]
    pub fn activation(&self, step: usize) -> Option<std::result::Result<&Refresher, &Circuit>> {
        match &self.steps[step].bend {
            Way::None => None,
            Way::Circuit(circuit) => Some(Err(circuit)),
            Way::Refresh(index, _) => Some(Ok(&self.refreshers[*index])),
        }
    }

    /// Makes the keys that a run needs, each up to the highest level that it is used at.
    #[must_use]
    pub fn keys(&self, secret: &SecretKey, rng: &mut Rng) -> Keys {
        let (mut evaluation, refresh) = match self.refreshers.first() {
            Some(refresher) => {
                let (evaluation, refresh) = refresher.keys(secret, rng);
                (evaluation, Some(refresh))
            }
            None => (secret.evaluation_keys(true, &[], false, rng), None),
        };
        secret.add_rotations(
            &mut evaluation,
            &rotations(&self.program, &self.levels),
            rng,
        );
        Keys {
            evaluation,
            refresh,
        }
    }

    /// Runs one step.
    ///
    /// **Inputs** its number; the values before it, none for those that nothing reads any more; who is told what begins.
    ///
    /// # Errors
    /// Missing keys, values that are gone or of another level or scale.
    pub fn step(
        &self,
        (evaluator, refresh): (&Evaluator, Option<&RefreshKeys>),
        i: usize,
        values: &[Option<Ciphertext>],
        phase: &mut dyn FnMut(Phase),
    ) -> Result<Ciphertext> {
        let x = self.linear(evaluator, i, values, phase)?;
        match &self.steps[i].bend {
            Way::None => Ok(x),
            Way::Circuit(circuit) => {
                phase(Phase::Activation);
                run(circuit, evaluator, &[x])
            }
            Way::Refresh(index, unit) => {
                phase(Phase::Refresh);
                let missing = || Error::domain("the keys of the bootstrapping are missing");
                let keys = refresh.ok_or_else(missing)?;
                let x = evaluator.in_units(&x, unit)?;
                self.refreshers[*index].refresh(evaluator, keys, &x, &mut |_| ())
            }
        }
    }

    /// The sum of a step's maps and its constant.
    fn linear(
        &self,
        e: &Evaluator,
        i: usize,
        values: &[Option<Ciphertext>],
        phase: &mut dyn FnMut(Phase),
    ) -> Result<Ciphertext> {
        let (step, scale, level) = (
            &self.program.steps[i],
            &self.steps[i].scale,
            self.levels.maps[i],
        );
        let modulus = Rational::from(&self.ring().params().moduli()[level]);
        let mut sum: Option<Extended> = None;
        for term in &step.terms {
            let missing = || Error::domain(format!("step {:?} reads what is gone", step.name));
            let x = values[term.value].as_ref().ok_or_else(missing)?;
            let factors = Rational::from(scale * &modulus) / x.scale();
            phase(Phase::Encode);
            let map = self.encoded(term, level, &factors)?;
            phase(Phase::Linear);
            let mut image = e.apply(&e.drop_to(x, level)?, &map)?;
            for step in term.map.folds() {
                let turned = e.turn(image.clone(), self.ring().rotation(step as i64))?;
                image = e.add_extended(image, &turned)?;
            }
            sum = Some(match sum {
                Some(sum) => e.add_extended(sum, &image)?,
                None => image,
            });
        }
        let sum = sum.ok_or_else(|| Error::domain("a step without maps"))?;
        let out = e.divide_rescale(&sum)?;
        self.with_bias(e, step, out)
    }

    fn with_bias(&self, e: &Evaluator, step: &Step, x: Ciphertext) -> Result<Ciphertext> {
        if step.bias.iter().all(|&b| b == 0.0) {
            return Ok(x);
        }
        let client = &self.client;
        let slots = client.repeated(&step.bias);
        let (level, scale) = (x.level(), x.scale().clone());
        let plain = (client.encoder()).encode_real(&slots, client.log_slots(), level, &scale)?;
        e.add_plain(&x, &plain)
    }

    fn encoded(&self, term: &Term, level: usize, scale: &Rational) -> Result<LinearMap> {
        let diagonals = term.map.diagonals.iter().map(|(&k, d)| {
            let values: Vec<Complex> = d.iter().map(|&v| v.into()).collect();
            (k as i64, values)
        });
        let steps = (1, term.map.babies() as i64);
        LinearMap::new(
            self.client.encoder(),
            &diagonals.collect(),
            steps,
            level,
            scale,
        )
    }
}
