//! What is kept of one sample.

use crate::error::Error;
use crate::network::forward::compare::{Against, Comparison, Verdict};
use crate::network::model::graph::Network;
use serde::{Deserialize, Serialize};

/// What was proved of one sample; every number is rounded to the safe side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its place in the data set.
    pub sample: usize,
    /// Its label, where there are labels.
    pub label: Option<u64>,
    /// `same`, `different`, `undecided`, `exhausted`, `outside` or `failed`.
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
    /// Upper bound of |x| at each activation of the network; none where that is another one than the twin's.
    pub bound_network_reach: Vec<f64>,
    /// Upper bound of |x| at each activation of the twin, as far as it was evaluated.
    pub bound_twin_reach: Vec<f64>,
    /// The element with the greatest reach at the twin's last activation, where it is outside.
    pub outside_neuron: Option<usize>,
    /// Why it could not be evaluated, where it failed, or where its numbers are beyond what the evaluation holds.
    pub error: Option<String>,
    /// Bits of the twin's evaluation: 53, about 106, or more in fixed point; 0 where there is none.
    pub bits: u32,
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
    pub(super) fn new(
        sample: usize,
        label: Option<u64>,
        c: &Comparison,
        network: &Network,
    ) -> Self {
        let network_class = c.network.class();
        let twin_class = c.twin.as_ref().and_then(|t| t.class());
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let outside_neuron = match &c.verdict {
            Verdict::Outside(e) | Verdict::Exhausted(e) => Some(e.neuron),
            Verdict::Overflow(lost) => Some(lost.element),
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
            // Of another network they would stand beside other layers.
            bound_network_reach: c
                .network
                .ranges
                .iter()
                .filter(|_| c.against != Against::Reference)
                .map(|r| r.bound_reach.min(f64::MAX))
                .collect(),
            bound_twin_reach: c
                .twin_ranges
                .iter()
                .map(|r| r.bound_reach.min(f64::MAX))
                .collect(),
            outside_neuron,
            error: match &c.verdict {
                Verdict::Overflow(lost) => Some(lost.words(network)),
                _ => None,
            },
            bits: match &c.verdict {
                Verdict::Outside(e) | Verdict::Exhausted(e) => e.bits,
                Verdict::Overflow(lost) => lost.bits,
                _ => c.twin.as_ref().map_or(0, |t| t.bits),
            },
            bound_noise_margins: vec![],
            bound_noise_deviations: vec![],
            layers: vec![],
        }
    }

    /// A sample that could not be evaluated. Where the file of samples is, does not matter to what is found of them.
    pub(super) fn failed(sample: usize, label: Option<u64>, error: &Error) -> Self {
        Self {
            sample,
            label,
            verdict: "failed".to_owned(),
            network_class: None,
            twin_class: None,
            bound_network_margin: None,
            bound_twin_margin: None,
            bound_change: None,
            bound_network_reach: vec![],
            bound_twin_reach: vec![],
            outside_neuron: None,
            error: Some(error.apart().to_string()),
            bits: 0,
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

#[cfg(test)]
pub(super) mod tests {
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
            error: None,
            bits: 106,
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
