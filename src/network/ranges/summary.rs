//! Many samples: how often each range holds, and the worst witness against it.

use crate::network::audit::summary::accuracy;
use crate::network::ranges::judge::{Judgement, Witness};
use crate::network::ranges::sample::Trial;
use serde::Serialize;

/// A witness, and the sample that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Against {
    /// The sample.
    pub sample: usize,
    /// The neuron and its value.
    #[serde(flatten)]
    pub witness: Witness,
}

/// One activation over all samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layer {
    /// Samples on which the range is proved to hold.
    pub holds: usize,
    /// Samples on which it is proved to be left.
    pub violated: usize,
    /// All others: the enclosure crosses an end, or the evaluation did not get there.
    pub undecided: usize,
    /// Lower bound of every input that was seen.
    pub bound_lo: f64,
    /// Upper bound of every input that was seen.
    pub bound_hi: f64,
    /// Lower bound of the greatest |input|.
    pub bound_least_reach: f64,
    /// For each channel lower and upper bounds.
    #[serde(skip)]
    pub channels: Vec<(f64, f64)>,
    /// The samples that leave the range, each with its neuron that is furthest outside.
    pub against: Vec<Against>,
}

impl Layer {
    fn new() -> Self {
        Self {
            holds: 0,
            violated: 0,
            undecided: 0,
            bound_lo: f64::INFINITY,
            bound_hi: f64::NEG_INFINITY,
            bound_least_reach: 0.0,
            channels: Vec::new(),
            against: Vec::new(),
        }
    }

    /// The worst witness.
    pub fn worst(&self) -> Option<&Against> {
        self.against
            .iter()
            .max_by(|a, b| a.witness.bound_beyond.total_cmp(&b.witness.bound_beyond))
    }

    /// Interval of the share of inputs on which the range holds, with confidence 1 - `risk`, for samples drawn
    /// independently from one distribution and not used to choose the range. Undecided samples count as both.
    ///
    /// # Panics
    /// As [`accuracy`].
    pub fn bound_share(&self, risk: f64) -> (f64, f64) {
        accuracy(
            self.holds,
            self.violated,
            self.holds + self.violated + self.undecided,
            risk,
        )
    }
}

/// All activations over all samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The number of samples.
    pub samples: usize,
    /// Samples on which every range is proved to hold.
    pub all_hold: usize,
    /// Samples on which some range is proved to be left.
    pub some_violated: usize,
    /// One for each activation.
    pub layers: Vec<Layer>,
}

impl Summary {
    /// Counts trials, each with its sample's number.
    pub fn new(trials: &[(usize, Trial)], activations: usize) -> Self {
        let mut layers = vec![Layer::new(); activations];
        let (mut all_hold, mut some_violated) = (0, 0);
        for (sample, trial) in trials {
            let (mut held, mut left) = (true, false);
            for (k, layer) in layers.iter_mut().enumerate() {
                let Some(seen) = trial.seen.get(k) else {
                    layer.undecided += 1;
                    held = false;
                    continue;
                };
                layer.bound_lo = layer.bound_lo.min(seen.bound_lo);
                layer.bound_hi = layer.bound_hi.max(seen.bound_hi);
                layer.bound_least_reach = layer.bound_least_reach.max(seen.bound_least_reach);
                if layer.channels.is_empty() {
                    layer.channels.clone_from(&seen.channels);
                }
                for (known, new) in layer.channels.iter_mut().zip(&seen.channels) {
                    *known = (known.0.min(new.0), known.1.max(new.1));
                }
                match seen.judgement {
                    Judgement::Holds => layer.holds += 1,
                    Judgement::Undecided(_) => {
                        layer.undecided += 1;
                        held = false;
                    }
                    Judgement::Violated(witness) => {
                        layer.violated += 1;
                        (held, left) = (false, true);
                        layer.against.push(Against {
                            sample: *sample,
                            witness,
                        });
                    }
                }
            }
            all_hold += usize::from(held);
            some_violated += usize::from(left);
        }
        Self {
            samples: trials.len(),
            all_hold,
            some_violated,
            layers,
        }
    }

    /// As [`Layer::bound_share`], of all ranges together.
    ///
    /// # Panics
    /// As [`accuracy`].
    pub fn bound_share(&self, risk: f64) -> (f64, f64) {
        accuracy(self.all_hold, self.some_violated, self.samples, risk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::audit::clopper_pearson::clopper_pearson;
    use crate::network::ranges::judge::Seen;

    #[test]
    fn samples_are_counted_and_what_was_not_reached_is_undecided() {
        let witness = |x: f64| Witness {
            neuron: 0,
            place: (0, 0, 0),
            bound_lo: x,
            bound_hi: x,
            bound_beyond: x - 1.0,
        };
        let seen = |judgement| Seen {
            judgement,
            bound_lo: -1.0,
            bound_hi: 2.0,
            bound_least_reach: 1.0,
            channels: vec![(-1.0, 2.0)],
        };
        let trial = |seen: Vec<Seen>| Trial {
            seen,
            ended: None,
            class: None,
            bits: 53,
        };
        let out = |x| seen(Judgement::Violated(witness(x)));
        let held = || seen(Judgement::Holds);
        let s = Summary::new(
            &[
                (0, trial(vec![held(), held()])),
                (4, trial(vec![held(), out(3.0)])),
                (7, trial(vec![out(2.0)])),
                (
                    9,
                    trial(vec![held(), seen(Judgement::Undecided(witness(1.0)))]),
                ),
            ],
            2,
        );
        assert_eq!((s.samples, s.all_hold, s.some_violated), (4, 1, 2));
        let counts = |l: &Layer| (l.holds, l.violated, l.undecided);
        assert_eq!(
            (counts(&s.layers[0]), counts(&s.layers[1])),
            ((3, 1, 0), (1, 1, 2))
        );
        assert_eq!(s.layers[1].worst().map(|a| a.sample), Some(4));
        let (lo, hi) = s.layers[1].bound_share(0.05);
        assert_eq!(
            (lo, hi),
            (clopper_pearson(1, 4, 0.05).0, clopper_pearson(3, 4, 0.05).1)
        );
    }
}
