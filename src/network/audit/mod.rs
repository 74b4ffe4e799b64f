//! A data set: the verdict on every sample, with a journal that an interrupted run goes on from.
//!
//! [`run`] evaluates the network and its twin on every sample; with [`Under`] it also proves what levels of noise
//! leave of each margin (backward rows, see [`crate::network::rows`]), and estimates how sensitive the
//! margins are to each layer. [`journal`] keeps what is done, [`summary`] counts it.

pub mod clopper_pearson;
pub mod journal;
pub mod level;
pub mod summary;

pub use journal::Journal;
pub use summary::Summary;

use crate::error::{Error, Result};
use crate::network::forward::compare::{compare, Comparison, Precision, Verdict};
use crate::network::forward::twin::Activation;
use crate::network::forward::Prepared;
use crate::network::model::tensor::Tensor;
use crate::network::rows::sensitivity::Sensitivity;
use crate::network::rows::subject::{Start, Subject, Undisturbed};
use crate::network::rows::Noise;
use journal::write_line;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Mutex;

/// What was proved of one sample; every number is rounded to the safe side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its place in the data set.
    pub sample: usize,
    /// Its label, where there are labels.
    pub label: Option<u64>,
    /// `same`, `different`, `undecided` or `outside`.
    pub verdict: String,
    /// The network's class, if it is decided.
    pub network_class: Option<usize>,
    /// The twin's class, if it is decided.
    pub twin_class: Option<usize>,
    /// Lower bound of the network's margin.
    pub bound_network_margin: Option<f64>,
    /// Lower bound of the twin's margin.
    pub bound_twin_margin: Option<f64>,
    /// Upper bound of the greatest change of a logit.
    pub bound_change: Option<f64>,
    /// Upper bound of |x| at each activation of the network.
    pub bound_network_reach: Vec<f64>,
    /// Upper bound of |x| at each activation of the twin, as far as it was evaluated.
    pub bound_twin_reach: Vec<f64>,
    /// The element with the greatest reach at the twin's last activation, where it is outside.
    pub outside_neuron: Option<usize>,
    /// Whether the twin was evaluated with about 106 bits.
    pub double: bool,
    /// For each level of noise a lower bound of the twin's margin under it; none where it is vacuous.
    pub bound_noise_margins: Vec<Option<f64>>,
    /// For each level of noise an upper bound of the deviation of any logit; none where it is vacuous.
    pub bound_noise_deviations: Vec<Option<f64>>,
    /// For each activation how much its noise moves the margins; empty where there is no estimate.
    pub layers: Vec<Layer>,
}

/// How much noise of one activation moves the margins of one sample, to first order: the greatest over the
/// other classes. Units and meaning are those of [`Sensitivity`].
///
/// [`Sensitivity`]: crate::network::rows::sensitivity::Sensitivity
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Change of a margin by noise of B at every neuron, in units of the logits.
    pub estimate_worst: f64,
    /// Deviation of a margin by independent noise of proxy B, in units of the logits.
    pub estimate_sigma: f64,
    /// Bits below B of the noise (worst case) that moves no margin by more than its share.
    pub estimate_worst_bits: f64,
    /// The same of independent noise, but for 2^-32.
    pub estimate_sigma_bits: f64,
}

impl Record {
    fn new(sample: usize, label: Option<u64>, c: &Comparison) -> Self {
        let network_class = c.network.class();
        let twin_class = c.twin.as_ref().and_then(|t| t.class());
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let outside_neuron = match &c.verdict {
            Verdict::Outside(e) => Some(e.neuron),
            _ => None,
        };
        Self {
            sample,
            label,
            verdict: c.verdict.word().to_owned(),
            network_class,
            twin_class,
            bound_network_margin: network_class.and_then(|k| finite(c.network.margin(k))),
            bound_twin_margin: c
                .twin
                .as_ref()
                .zip(twin_class)
                .and_then(|(t, k)| finite(t.margin(k))),
            bound_change: c.bound_change().and_then(finite),
            bound_network_reach: c
                .network
                .ranges
                .iter()
                .map(|r| r.bound_reach.min(f64::MAX))
                .collect(),
            bound_twin_reach: c
                .twin_ranges
                .iter()
                .map(|r| r.bound_reach.min(f64::MAX))
                .collect(),
            outside_neuron,
            double: c.twin.as_ref().is_none_or(|t| t.double),
            bound_noise_margins: vec![],
            bound_noise_deviations: vec![],
            layers: vec![],
        }
    }

    /// Whether the class is proved to stay that of the network under a level of noise.
    pub fn certified(&self, level: usize) -> bool {
        let margin = self.bound_noise_margins.get(level).copied().flatten();
        self.verdict == "same" && margin.is_some_and(|m| m > 0.0)
    }
}

/// What is asked of every sample besides the two evaluations.
#[derive(Debug, Clone, Copy)]
pub struct Under<'a> {
    /// The network under noise.
    pub subject: &'a Subject<'a>,
    /// The levels of noise; none to estimate sensitivities alone.
    pub noise: &'a [Noise],
}

impl Under<'_> {
    /// Adds what noise does to a sample whose class is decided.
    fn add(&self, x: &Tensor, record: &mut Record) -> Result<()> {
        record.bound_noise_margins = vec![None; self.noise.len()];
        record.bound_noise_deviations = vec![None; self.noise.len()];
        let Start::Decided(at) = self.subject.undisturbed(x)? else {
            return Ok(());
        };
        record.layers = layers(&self.subject.sensitivities(&at), &at);
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
/// **Inputs** `samples` and the function that gives a sample's input and label; `progress` is told how
/// many of this run are done; `under` adds noise.
///
/// # Errors
/// An input that cannot be prepared, a failed evaluation, or a journal that cannot be written.
#[allow(clippy::too_many_arguments)] // One caller, and every part is another kind of thing.
pub fn run(
    prepared: &Prepared,
    polynomials: &[Activation],
    precision: Precision,
    under: Option<Under>,
    samples: &[usize],
    input: impl Fn(usize) -> Result<(Tensor, Option<u64>)> + Sync,
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
    pending.into_par_iter().try_for_each(|sample| {
        let (x, label) = input(sample)?;
        let comparison = compare(prepared, polynomials, &x, precision)
            .map_err(|e| Error::parse(format!("sample {sample}"), e.to_string()))?;
        let mut record = Record::new(sample, label, &comparison);
        if let Some(under) = under {
            under
                .add(&x, &mut record)
                .map_err(|e| Error::parse(format!("sample {sample}"), e.to_string()))?;
        }
        let mut state = state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        write_line(&mut state.0, &record).map_err(|e| Error::io(Path::new("journal"), &e))?;
        state.1.insert(sample, record);
        state.2 += 1;
        progress(state.2, total);
        Ok::<(), Error>(())
    })?;
    let state = state
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut done = state.1;
    Ok(samples.iter().filter_map(|s| done.remove(s)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn record(sample: usize, verdict: &str) -> Record {
        Record {
            sample,
            label: Some(3),
            verdict: verdict.to_owned(),
            network_class: Some(3),
            twin_class: None,
            bound_network_margin: Some(0.1 + sample as f64),
            bound_twin_margin: None,
            bound_change: None,
            bound_network_reach: vec![1.0, sample as f64],
            bound_twin_reach: vec![],
            outside_neuron: None,
            double: true,
            bound_noise_margins: vec![Some(sample as f64 - 0.5), None],
            bound_noise_deviations: vec![Some(0.5 + sample as f64), None],
            layers: vec![Layer {
                estimate_worst: 1.0 + sample as f64,
                estimate_sigma: 0.5,
                estimate_worst_bits: 2.0 + sample as f64,
                estimate_sigma_bits: 1.0,
            }],
        }
    }
}
