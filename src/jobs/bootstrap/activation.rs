//! `bootstrap --relu`: a table's ReLU behind a bootstrapping, certified and on ciphertexts.

use super::measure::Progress;
use crate::certificate::refresh::{self, Certified, Outcomes, Wanted};
use crate::ckks::bootstrap::literal::Literal;
use crate::ckks::parameters::rng::Rng;
use crate::error::Result;
use crate::noise::measure::refresh::{Experiment, Measured};
use crate::poly::table::Table;
use rug::Rational;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The bootstrapping.
    pub literal: Literal,
    /// B: ReLU on [-B, B].
    pub domain: Rational,
    /// Inputs are within this of 0, a part of the domain; all of it if none.
    pub within: Option<Rational>,
    /// But for 2^-k, noise and overflow.
    pub k: u32,
    /// Bootstraps on ciphertexts.
    pub runs: u64,
    /// Whether the overflows of all coefficients are counted.
    pub count: bool,
    /// A seed that makes keys and values repeat; none: from the system.
    pub seed: Option<u64>,
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The seed that repeats it.
    pub seed: u64,
    /// Bytes of all keys in memory.
    pub key_bytes: u64,
    /// Bytes of the encoded maps in memory.
    pub map_bytes: u64,
    /// Noise (in units of x), overflows and times.
    pub measured: Measured,
    /// Whether no slot was seen beyond the certified noise.
    pub within_bounds: bool,
}

/// Certifies.
///
/// # Errors
/// As [`refresh::certify`].
pub fn certify(table: &Table, request: &Request) -> Result<Outcomes> {
    let wanted = Wanted {
        domain: request.domain.clone(),
        within: request.within.clone(),
        off: rug::Rational::new(),
        k: request.k,
    };
    refresh::certify(table, &request.literal, &wanted)
}

/// Runs it with new keys, on values uniform in the domain that is certified.
///
/// **Cost** at N = 2^16 some 12 GB, half a minute for keys and seconds a bootstrap.
///
/// # Errors
/// What the scheme refuses.
pub fn measure(
    made: Box<Certified>,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> Result<Answer> {
    let seed = match request.seed {
        Some(seed) => seed,
        None => Rng::from_system()?.word(),
    };
    progress(Progress::Keys);
    let bound = made.bound_noise.to_f64();
    let mut experiment = Experiment::of(made.refresher, seed)?;
    let within = request.within.as_ref().unwrap_or(&request.domain);
    // What a value decrypts to, its noise included, is to be within it.
    let limit = Rational::from(within / &request.domain).to_f64() * (1.0 - 2f64.powi(-20));
    let mut measured = Measured::default();
    for run in 1..=request.runs {
        progress(Progress::Run(run));
        experiment.run(limit, request.count, &mut measured)?;
    }
    Ok(Answer {
        seed,
        key_bytes: experiment.key_bytes(),
        map_bytes: experiment.refresher().bytes(),
        within_bounds: measured.noise.measure_max <= bound,
        measured,
    })
}
