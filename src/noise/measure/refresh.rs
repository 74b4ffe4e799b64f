//! Bootstrapping on ciphertexts. Every `measure_` is a sample, never a bound.

use super::operations::Sample;
use crate::ckks::bootstrap::literal::Literal;
use crate::ckks::bootstrap::mod1::Value;
use crate::ckks::bootstrap::refresh::{Phase, RefreshKeys, Refresher};
use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::encode::Encoder;
use crate::ckks::scheme::keys::SecretKey;
use crate::error::Result;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Where a slot is looked for that is beyond every bound: a message that came back as another.
const LOST: f64 = 0.01;

/// A bootstrapping with keys of its own.
pub struct Experiment {
    refresher: Refresher,
    secret: SecretKey,
    evaluator: Evaluator,
    keys: RefreshKeys,
    encoder: Encoder,
    rng: Rng,
    log_values: u32,
}

/// What a phase takes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Wall time.
    pub time: Duration,
    /// Transforms of one limb.
    pub transforms: u64,
}

/// What was seen over runs.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Bootstraps.
    pub runs: u64,
    /// |what came back - what it is to be for the input as it decrypts|, in units of |m| <= 1.
    pub noise: Sample,
    /// Values that came back as others.
    pub lost: u64,
    /// How often a coefficient had an overflow of that absolute value.
    pub overflows: BTreeMap<u64, u64>,
    /// What each phase took, summed.
    pub phases: Vec<(Phase, Spent)>,
}

impl Measured {
    /// Wall time of all runs.
    #[must_use]
    pub fn measure_time(&self) -> Duration {
        self.phases.iter().map(|(_, spent)| spent.time).sum()
    }
}

impl Experiment {
    /// Makes keys.
    ///
    /// **Cost** at N = 2^16 some 12 GB and half a minute.
    ///
    /// # Errors
    /// What the parameters, the literal and the ring refuse.
    pub fn new(literal: &Literal, value: Value, seed: u64) -> Result<Self> {
        let ring = Ring::new(&Parameters::new(&literal.encryption)?)?;
        Self::of(Refresher::new(&ring, literal, value)?, seed)
    }

    /// Makes keys for a bootstrapping.
    ///
    /// # Errors
    /// What the ring refuses.
    pub fn of(refresher: Refresher, seed: u64) -> Result<Self> {
        let ring = refresher.ring().clone();
        let mut rng = Rng::numbered(seed, 0);
        let secret = SecretKey::generate(&ring, &mut rng);
        let (evaluation, keys) = refresher.keys(&secret, &mut rng);
        Ok(Self {
            evaluator: Evaluator::new(&ring, evaluation)?,
            encoder: Encoder::new(&ring),
            log_values: refresher.literal().log_values,
            refresher,
            secret,
            keys,
            rng,
        })
    }

    /// The bootstrapping.
    #[must_use]
    pub fn refresher(&self) -> &Refresher {
        &self.refresher
    }

    /// Bytes that all keys take in memory.
    #[must_use]
    pub fn key_bytes(&self) -> u64 {
        self.evaluator.keys().bytes() + self.keys.bytes()
    }

    /// One bootstrap of values uniform in [-limit, limit].
    ///
    /// **Inputs** the limit, at most 1 for values that are to come back; whether overflows are counted, which takes as long as a decryption at the top level.
    ///
    /// # Errors
    /// What the scheme refuses.
    pub fn run(&mut self, limit: f64, count: bool, measured: &mut Measured) -> Result<()> {
        let (level, scale) = self.refresher.input();
        let mut unit = || self.rng.word() as i64 as f64 / 2f64.powi(63) * limit;
        let values: Vec<f64> = (0..1usize << self.log_values).map(|_| unit()).collect();
        let plain = (self.encoder).encode_real(&values, self.log_values, level, &scale)?;
        let a = self.secret.encrypt(&plain, &mut self.rng)?;
        // The input is what it decrypts to: its own noise is not the bootstrapping's.
        let inputs = self.encoder.decode(&self.secret.decrypt(&a)?)?;

        let ring = self.evaluator.ring();
        let mut at: Option<(Phase, Instant, u64)> = None;
        let mut phases = Vec::new();
        let spent = |since: Instant, before: u64| Spent {
            time: since.elapsed(),
            transforms: ring.transforms() - before,
        };
        let out = (self.refresher).refresh(&self.evaluator, &self.keys, &a, &mut |phase| {
            let now = (phase, Instant::now(), ring.transforms());
            if let Some((phase, since, before)) = at.replace(now) {
                phases.push((phase, spent(since, before)));
            }
        })?;
        phases.extend(at.map(|(phase, since, before)| (phase, spent(since, before))));

        let slots = self.encoder.decode(&self.secret.decrypt(&out)?)?;
        for (slot, input) in slots.iter().zip(&inputs) {
            let meant = self.refresher.meant(input.re);
            let noise = (slot.re - meant).hypot(slot.im);
            measured.noise.add([noise]);
            measured.lost += u64::from(noise > LOST);
        }
        if count {
            for overflow in
                (self.refresher).overflows(&self.evaluator, &self.keys, &self.secret, &a)?
            {
                *measured
                    .overflows
                    .entry(overflow.unsigned_abs())
                    .or_default() += 1;
            }
        }
        measured.runs += 1;
        if measured.phases.is_empty() {
            measured.phases = phases;
        } else {
            for ((_, sum), (_, spent)) in measured.phases.iter_mut().zip(phases) {
                sum.time += spent.time;
                sum.transforms += spent.transforms;
            }
        }
        Ok(())
    }
}
