//! `bootstrap --measure`: a bootstrapping of our own on ciphertexts.

use crate::ckks::bootstrap::literal::Literal;
use crate::ckks::bootstrap::mod1::Value;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::error::{Error, Result};
use crate::noise::bootstrap::{Budget, Prepared, Residues};
use crate::noise::measure::refresh::{Experiment, Measured};
use rug::Rational;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The bootstrapping.
    pub literal: Literal,
    /// What is computed of m.
    pub value: Value,
    /// Bootstraps.
    pub runs: u64,
    /// Values are uniform in [-limit, limit], 0 < limit <= 1.
    pub limit: f64,
    /// The bound holds but for 2^-k a bootstrap.
    pub k: u32,
    /// Whether the overflows of all coefficients are counted.
    pub count: bool,
    /// A seed that makes keys and values repeat; none: from the system.
    pub seed: Option<u64>,
}

/// What the work is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Maps are encoded and keys are made.
    Keys,
    /// A bootstrap begins, the first is 1.
    Run(u64),
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its encryption.
    pub parameters: Parameters,
    /// The seed that repeats it.
    pub seed: u64,
    /// The level that inputs are taken at.
    pub input_level: usize,
    /// The level of the result.
    pub output_level: usize,
    /// log2 of the result's scale.
    pub estimate_scale_log2: f64,
    /// Bytes of all keys in memory.
    pub key_bytes: u64,
    /// Bytes of the encoded maps in memory.
    pub map_bytes: u64,
    /// What is proved of it, by source.
    pub budget: Budget,
    /// Noise, overflows and times.
    pub measured: Measured,
}

impl Answer {
    /// Whether no value was seen beyond the bound.
    #[must_use]
    pub fn within_bounds(&self) -> bool {
        self.measured.noise.measure_max <= self.budget.bound_noise
    }
}

/// Bounds a bootstrapping, and runs it with new keys.
///
/// **Cost** at N = 2^16 some 12 GB, half a minute for keys and seconds a bootstrap.
///
/// # Errors
/// A limit beyond its range; what the literal, its parameters and the scheme refuse.
pub fn measure(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Answer> {
    if !(request.limit > 0.0 && request.limit <= 1.0) {
        let limit = request.limit;
        return Err(Error::domain(format!(
            "values up to {limit}: above 0, at most 1"
        )));
    }
    let parameters = Parameters::new(&request.literal.encryption)?;
    request.literal.check(&parameters)?;
    let seed = match request.seed {
        Some(seed) => seed,
        None => Rng::from_system()?.word(),
    };
    progress(Progress::Keys);
    let mut experiment = Experiment::new(&request.literal, request.value.clone(), seed)?;
    let most = Rational::from_f64(request.limit).unwrap_or_default();
    let prepared = Prepared::new(experiment.refresher());
    let tier = prepared.high_probability(request.k);
    let budget = prepared.bound(&most, tier, Residues::Any)?;
    let mut measured = Measured::default();
    for run in 1..=request.runs {
        progress(Progress::Run(run));
        // What a value decrypts to, its noise included, is to be within the limit.
        experiment.run(
            request.limit * (1.0 - 2f64.powi(-20)),
            request.count,
            &mut measured,
        )?;
    }
    let refresher = experiment.refresher();
    let (output_level, scale) = refresher.output();
    Ok(Answer {
        seed,
        input_level: refresher.input().0,
        output_level,
        estimate_scale_log2: crate::arith::number::estimate_log2(scale),
        key_bytes: experiment.key_bytes(),
        map_bytes: refresher.bytes(),
        budget,
        measured,
        parameters,
    })
}
