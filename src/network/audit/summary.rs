//! The records of an audit, counted.

use crate::network::audit::clopper_pearson::clopper_pearson;
use crate::network::audit::record::{Layer, Record};
use serde::Serialize;

/// The records, counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Samples.
    pub samples: usize,
    /// Proved: the twin answers as the network does.
    pub same: usize,
    /// Proved: it answers another class.
    pub different: usize,
    /// Not decided.
    pub undecided: usize,
    /// Proved: a polynomial was asked beyond [-B, B].
    pub outside: usize,
    /// Not decided, for the precision did not suffice to tell whether a polynomial is asked beyond [-B, B].
    pub exhausted: usize,
    /// Could not be evaluated.
    pub failed: usize,
    /// Samples with a label.
    pub labelled: usize,
    /// Proved: the network's class is the label.
    pub network_right: usize,
    /// Proved: the twin's class is the label.
    pub twin_right: usize,
    /// Proved: the network's class is not the label.
    pub network_wrong: usize,
    /// Proved: the twin's class is not the label.
    pub twin_wrong: usize,
    /// Least proved margin of the network, over samples with a class.
    pub bound_least_margin: Option<f64>,
    /// Upper bound of the change of any logit of any sample that was evaluated.
    pub bound_greatest_change: Option<f64>,
    /// Upper bound of |x| at each activation, over all samples of the network.
    pub bound_network_reach: Vec<f64>,
    /// The same of the twin.
    pub bound_twin_reach: Vec<f64>,
    /// One for each level of noise.
    pub levels: Vec<UnderNoise>,
    /// One for each activation, over the samples that have an estimate.
    pub layers: Vec<Layers>,
}

/// The samples under one level of noise.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct UnderNoise {
    /// Proved: under this noise the twin answers as the network does without.
    pub certified: usize,
    /// Greatest upper bound of the deviation of a logit, over the samples where it is not vacuous.
    pub bound_greatest_deviation: Option<f64>,
    /// Samples where the bound is vacuous, or that have none: their class without noise is not the network's.
    pub without_bound: usize,
    /// Least proved margin of the certified samples under this noise.
    pub bound_least_margin: Option<f64>,
}

/// The sensitivities of one activation over the samples; see [`Layer`].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Layers {
    /// Of the change by noise of B at every neuron.
    pub estimate_worst: Spread,
    /// Of the deviation by independent noise of proxy B.
    pub estimate_sigma: Spread,
    /// Of the bits that a worst case needs.
    pub estimate_worst_bits: Spread,
    /// Of the bits that independent noise needs.
    pub estimate_sigma_bits: Spread,
}

/// Numbers of many samples.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    /// The greatest.
    pub greatest: f64,
    /// The one in the middle (of an even number the lower of two).
    pub median: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self {
            greatest: values.last().copied().unwrap_or(0.0),
            median: values
                .get(values.len().saturating_sub(1) / 2)
                .copied()
                .unwrap_or(0.0),
        }
    }
}

impl Summary {
    /// Interval of the share of inputs on which both networks answer the same class, with confidence
    /// 1 - `risk`, for samples drawn independently from one distribution.
    ///
    /// **Guarantee** samples without a verdict count against the lower end and for the upper one: their
    /// classes may be the same or not.
    ///
    /// # Panics
    /// As [`clopper_pearson`].
    pub fn bound_same_share(&self, risk: f64) -> (f64, f64) {
        let lo = clopper_pearson(self.same, self.samples, risk).0;
        let hi = clopper_pearson(self.samples - self.different, self.samples, risk).1;
        (lo, hi)
    }

    /// Samples of which nothing is asked outside [-B, B]: proved.
    pub fn inside(&self) -> usize {
        self.samples - self.outside - self.exhausted - self.failed
    }

    /// Interval of the share of inputs that are answered right, given how many of the labelled samples are proved
    /// right and proved wrong; as [`Self::bound_same_share`].
    ///
    /// **Guarantee** samples without a proved class count as wrong for the lower end and as right for the upper one.
    ///
    /// # Panics
    /// As [`clopper_pearson`].
    pub fn bound_accuracy(&self, right: usize, wrong: usize, risk: f64) -> (f64, f64) {
        accuracy(right, wrong, self.labelled, risk)
    }

    /// Counts records.
    pub fn new(records: &[Record]) -> Self {
        let count = |word: &str| records.iter().filter(|r| r.verdict == word).count();
        let known = |class: fn(&Record) -> Option<usize>, right: bool| {
            let pairs = records.iter().filter_map(|r| Some((r.label?, class(r)?)));
            pairs.filter(|(l, c)| (*l == *c as u64) == right).count()
        };
        let fold = |list: fn(&Record) -> &Vec<f64>| {
            let mut most: Vec<f64> = Vec::new();
            for r in records {
                for (i, &v) in list(r).iter().enumerate() {
                    match most.get_mut(i) {
                        Some(m) => *m = m.max(v),
                        None => most.push(v),
                    }
                }
            }
            most
        };
        Self {
            samples: records.len(),
            same: count("same"),
            different: count("different"),
            undecided: count("undecided"),
            outside: count("outside"),
            exhausted: count("exhausted"),
            failed: count("failed"),
            labelled: records.iter().filter(|r| r.label.is_some()).count(),
            network_right: known(|r| r.network_class, true),
            twin_right: known(|r| r.twin_class, true),
            network_wrong: known(|r| r.network_class, false),
            twin_wrong: known(|r| r.twin_class, false),
            bound_least_margin: records
                .iter()
                .filter_map(|r| r.bound_network_margin)
                .reduce(f64::min),
            bound_greatest_change: records
                .iter()
                .filter_map(|r| r.bound_change)
                .reduce(f64::max),
            bound_network_reach: fold(|r| &r.bound_network_reach),
            bound_twin_reach: fold(|r| &r.bound_twin_reach),
            levels: levels(records),
            layers: layers(records),
        }
    }
}

/// The interval of a share, `right` of `all` proved and `wrong` of them refuted: the others count as both.
///
/// # Panics
/// As [`clopper_pearson`].
pub fn accuracy(right: usize, wrong: usize, all: usize, risk: f64) -> (f64, f64) {
    let lo = clopper_pearson(right, all, risk).0;
    let hi = clopper_pearson(all - wrong, all, risk).1;
    (lo, hi)
}

fn levels(records: &[Record]) -> Vec<UnderNoise> {
    let each = records.iter().map(|r| r.bound_noise_margins.len());
    let count = each.max().unwrap_or(0);
    let level = |k: usize| {
        let certified = || records.iter().filter(move |r| r.certified(k));
        let at = |list: &[Option<f64>]| list.get(k).copied().flatten();
        let deviations = records.iter().filter_map(|r| at(&r.bound_noise_deviations));
        UnderNoise {
            certified: certified().count(),
            bound_greatest_deviation: deviations.clone().reduce(f64::max),
            without_bound: records.len() - deviations.count(),
            bound_least_margin: certified()
                .filter_map(|r| at(&r.bound_noise_margins))
                .reduce(f64::min),
        }
    };
    (0..count).map(level).collect()
}

fn layers(records: &[Record]) -> Vec<Layers> {
    let count = records.iter().map(|r| r.layers.len()).max().unwrap_or(0);
    let layer = |k: usize| {
        let spread = |f: fn(&Layer) -> f64| {
            let all = records.iter().filter_map(|r| r.layers.get(k));
            Spread::of(all.map(f).collect())
        };
        Layers {
            estimate_worst: spread(|l| l.estimate_worst),
            estimate_sigma: spread(|l| l.estimate_sigma),
            estimate_worst_bits: spread(|l| l.estimate_worst_bits),
            estimate_sigma_bits: spread(|l| l.estimate_sigma_bits),
        }
    };
    (0..count).map(layer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::audit::record::tests::record;

    #[test]
    fn records_are_counted() {
        let s = Summary::new(&[
            record(0, "same"),
            record(1, "outside"),
            record(2, "undecided"),
        ]);
        assert_eq!(
            (s.samples, s.same, s.outside, s.undecided, s.different),
            (3, 1, 1, 1, 0)
        );
        assert_eq!((s.network_right, s.twin_right), (3, 0));
        // No class of the twin is proved: it may be right or wrong on all three.
        assert_eq!((s.network_wrong, s.twin_wrong), (0, 0));
        assert_eq!(
            s.bound_accuracy(s.twin_right, s.twin_wrong, 0.05),
            (0.0, 1.0)
        );
        // One is proved the same, none proved different: two may be either.
        let (lo, hi) = s.bound_same_share(0.05);
        assert_eq!((lo, hi), (clopper_pearson(1, 3, 0.05).0, 1.0));
        assert_eq!(s.bound_least_margin, Some(0.1));
        assert_eq!(s.bound_network_reach, [1.0, 2.0]);
        // Margins under the first level are -1/2, 1/2 and 3/2, but only sample 0 has the network's class.
        let first = &s.levels[0];
        assert_eq!((first.certified, first.without_bound), (0, 0));
        assert_eq!(first.bound_greatest_deviation, Some(2.5));
        assert_eq!((s.levels[1].without_bound, s.levels.len()), (3, 2));
        let all = Summary::new(&[0, 1, 2].map(|k| record(k, "same")));
        assert_eq!(all.levels[0].certified, 2);
        assert_eq!(all.levels[0].bound_least_margin, Some(0.5));
        let worst = all.layers[0].estimate_worst;
        assert_eq!((worst.greatest, worst.median), (3.0, 2.0));
        assert_eq!(all.layers[0].estimate_sigma_bits.median, 1.0);
    }
}
