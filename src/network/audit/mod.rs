//! A data set: the verdict on every sample, with a journal that an interrupted run goes on from.
//!
//! [`run`] evaluates the network and its twin on every sample; with [`Under`] it also proves what levels of noise
//! leave of each margin (backward rows, see [`crate::network::rows`]), and estimates how sensitive the
//! margins are to each layer. [`journal`] keeps what is done, [`summary`] counts it.

pub mod clopper_pearson;
pub mod ended;
pub mod journal;
pub mod level;
pub mod record;
pub mod summary;

pub use journal::Journal;
pub use record::{Layer, Record};
pub use summary::Summary;

use crate::error::{Error, Result};
use crate::network::forward::compare::{Both, Precision};
use crate::network::forward::Point;
use crate::network::rows::sensitivity::Sensitivity;
use crate::network::rows::subject::{Start, Subject, Undisturbed};
use crate::network::rows::NoiseLevel;
use ended::Ended;
use journal::write_line;
use rayon::prelude::*;
use std::path::Path;
use std::sync::Mutex;

/// What is asked of every sample besides the two evaluations.
#[derive(Debug, Clone, Copy)]
pub struct Under<'a> {
    /// The network under noise.
    pub subject: &'a Subject<'a>,
    /// The levels of noise; none to estimate sensitivities alone.
    pub noise: &'a [NoiseLevel],
    /// Whether to estimate sensitivities.
    pub sensitivities: bool,
}

impl Under<'_> {
    /// Adds what noise does to a sample whose class is decided.
    fn add(&self, x: &Point, record: &mut Record) -> Result<()> {
        record.bound_noise_margins = vec![None; self.noise.len()];
        record.bound_noise_deviations = vec![None; self.noise.len()];
        let at = match self.subject.undisturbed(x.given()) {
            Ok(Start::Decided(at)) => at,
            // Only estimates are lost.
            Err(_) if self.noise.is_empty() => return Ok(()),
            Err(e) => return Err(e),
            Ok(_) => return Ok(()),
        };
        if self.sensitivities {
            record.layers = layers(&self.subject.sensitivities(&at), &at);
        }
        if record.verdict != "same" || self.noise.is_empty() {
            // Nothing to certify.
            return Ok(());
        }
        let found = self.subject.bound(&at, self.noise, 1, &mut |_, _| {})?;
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        for level in 0..self.noise.len() {
            record.bound_noise_margins[level] = finite(at.bound_margin_under(&found, level));
            let logits = found.targets[..at.outputs()].iter();
            let greatest = logits.map(|t| t[level].bound_deviation).fold(0.0, f64::max);
            record.bound_noise_deviations[level] = finite(greatest);
        }
        Ok(())
    }
}

/// The greatest over the margins; none where a margin is not above 0.
fn layers(found: &[Vec<Sensitivity>], at: &Undisturbed) -> Vec<Layer> {
    let count = found.first().map_or(0, Vec::len);
    if at.bound_margin() <= 0.0 {
        return vec![];
    }
    let most = |f: &dyn Fn(&Sensitivity, f64) -> f64, k: usize| {
        let pairs = found.iter().zip(&at.margins);
        let all = pairs.map(|(row, (_, margin))| f(&row[k], *margin));
        // Where noise of B itself moves too little, no bit is needed.
        all.fold(0.0, f64::max)
    };
    (0..count)
        .map(|k| Layer {
            estimate_worst: most(&|s, _| s.estimate_worst, k),
            estimate_sigma: most(&|s, _| s.estimate_sigma, k),
            estimate_worst_bits: most(&|s, m| s.estimate_bits(m, count).0, k),
            estimate_sigma_bits: most(&|s, m| s.estimate_bits(m, count).1, k),
        })
        .collect()
}

/// Does the samples that the journal does not have, on all threads of the current pool.
///
/// **Inputs** `samples` and the functions that give a sample's input and label; `progress` is told how
/// many of this run are done; `under` adds noise. A sample that cannot be prepared or evaluated is a record with
/// its error.
///
/// # Errors
/// A journal that cannot be written.
#[allow(clippy::too_many_arguments)] // One caller, and every part is another kind of thing.
pub fn run(
    both: Both,
    precision: Precision,
    under: Option<Under>,
    samples: &[usize],
    input: impl Fn(usize) -> Result<Point> + Sync,
    label: impl Fn(usize) -> Option<u64> + Sync,
    journal: Journal,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<Vec<Record>> {
    let pending: Vec<usize> = samples
        .iter()
        .copied()
        .filter(|s| !journal.done.contains_key(s))
        .collect();
    let total = pending.len();
    let state = Mutex::new((journal.file, journal.done, 0usize));
    let evaluated = |sample: usize, label: Option<u64>| -> Result<Record> {
        let x = input(sample)?;
        let comparison = both.compare(x.given(), precision)?;
        let network = both.prepared.network();
        let mut record = Record::new(sample, label, &comparison, network);
        if let Some(under) = under {
            under.add(&x, &mut record)?;
        }
        Ok(record)
    };
    let one = |sample: usize| -> Result<()> {
        let label = label(sample);
        // A sample that cannot be evaluated is a row of its own; the others are done all the same.
        let record = evaluated(sample, label).unwrap_or_else(|e| Record::failed(sample, label, &e));
        let mut state = state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        write_line(&mut state.0, &record).map_err(|e| Error::io(Path::new("journal"), &e))?;
        state.1.insert(sample, record);
        state.2 += 1;
        progress(state.2, total);
        Ok(())
    };
    let ended = Ended::default();
    pending
        .into_par_iter()
        .try_for_each(|sample| ended.unless(|| one(sample)).unwrap_or(Ok(())))?;
    let state = state
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut done = state.1;
    Ok(samples.iter().filter_map(|s| done.remove(s)).collect())
}
