//! An audit of a network as its file states it: read and checked for sense. Totals and intervals are counted again
//! from its rows; what the rows prove is the file's word.

pub mod figures;
pub mod page;
pub mod read;
pub mod recount;
pub mod write;

use serde::Deserialize;

/// The format tag.
pub const FORMAT: &str = "polycert-audit/3";
/// Largest file.
pub const MAX_BYTES: usize = 64 << 20;
/// The file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The format tag.
    pub format: String,
    /// Program and version that made it.
    pub generator: String,
    /// The command that made it.
    pub command: String,
    /// Name of the network.
    pub network: String,
    /// SHA-256 of the network's file.
    pub network_sha256: String,
    /// What was read otherwise than it stands in the network's file, or left out.
    #[serde(default)]
    pub network_said: Vec<String>,
    /// SHA-256 of the inputs' file.
    pub input_sha256: String,
    /// How its numbers became inputs, and what was assumed of them.
    #[serde(default)]
    pub input_said: Vec<String>,
    /// SHA-256 of the labels' file, where there are labels.
    pub labels_sha256: Option<String>,
    /// SHA-256 of the polynomial tables.
    pub table_sha256: Vec<String>,
    /// How coefficients are held.
    pub coefficients: String,
    /// What the statements are about, in words.
    pub error_model: String,
    /// log2 of the probability that a bound under a sigma fails, for each sample.
    pub failure_probability_log2: i32,
    /// Number of the first sample.
    pub from: usize,
    /// Counts.
    pub summary: Counts,
    /// Share of inputs with the same class.
    pub same_class_interval: Interval,
    /// Share of inputs that the network answers right.
    pub network_accuracy_interval: Option<Interval>,
    /// The same of the twin.
    pub twin_accuracy_interval: Option<Interval>,
    /// Certificates that were made beside it.
    #[serde(default)]
    pub certificates: Option<Certificates>,
    /// Levels of noise.
    pub levels: Vec<Level>,
    /// The network's activations.
    pub activations: Vec<Activation>,
    /// One by one.
    pub samples: Vec<Sample>,
    /// SHA-256 of the file.
    #[serde(skip)]
    pub sha256: String,
}

/// Certificates of single samples, without noise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// SHA-256 of the list of them.
    pub manifest_sha256: String,
    /// How many.
    pub count: usize,
}

/// Samples by what is proved of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All.
    pub samples: usize,
    /// Proved: the twin answers as the network.
    pub same: usize,
    /// Proved: it answers another class.
    pub different: usize,
    /// Not decided.
    pub undecided: usize,
    /// A polynomial was asked beyond [-B, B].
    pub outside: usize,
    /// Not decided: the precision did not tell whether a polynomial is asked beyond [-B, B].
    #[serde(default)]
    pub exhausted: usize,
    /// Could not be evaluated.
    #[serde(default)]
    pub failed: usize,
    /// Samples with a label.
    pub labelled: usize,
    /// Proved: the network's class is the label.
    pub network_right: usize,
    /// Proved: the twin's class is the label.
    pub twin_right: usize,
    /// Proved: the network's class is not the label.
    #[serde(default)]
    pub network_wrong: usize,
    /// Proved: the twin's class is not the label.
    #[serde(default)]
    pub twin_wrong: usize,
    /// Least margin of the network.
    pub bound_least_margin: Option<f64>,
    /// Greatest change of a logit.
    pub bound_greatest_change: Option<f64>,
}

/// A Clopper-Pearson interval.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// 1 - risk.
    pub confidence: f64,
    /// Lower end.
    pub bound_lo: f64,
    /// Upper end.
    pub bound_hi: f64,
    /// What it takes for granted.
    pub assumes: String,
}

/// One level of noise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Its name.
    pub noise: String,
    /// Bound of |noise| in units of B; the greatest, where it differs by layer.
    pub worst: f64,
    /// Sub-Gaussian proxy in units of B, likewise.
    pub sigma: f64,
    /// What it rests on, where it comes from a certificate.
    pub rests_on: Option<String>,
    /// What is proved.
    pub found: Found,
    /// Share of inputs that are certified.
    pub certified_interval: Interval,
}

/// What is proved under it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Samples whose class stays.
    pub certified: usize,
    /// Samples without a bound.
    pub without_bound: usize,
    /// Greatest deviation of a logit.
    pub bound_greatest_deviation: Option<f64>,
    /// Least margin of the certified samples.
    pub bound_least_margin: Option<f64>,
}

/// One activation of the network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// The layer's name.
    pub layer: String,
    /// relu or max_pool.
    pub operation: String,
    /// B, exactly.
    pub scale: String,
    /// Greatest |input| in the network.
    pub bound_network_reach: Option<f64>,
    /// Greatest |input| in the twin.
    pub bound_twin_reach: Option<f64>,
    /// Estimates, where there are any.
    pub sensitivity: Option<Sensitivity>,
}

/// How its noise moves the margins, over the samples.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    /// Change of a margin by noise of B at every neuron, worst direction (logits).
    pub estimate_worst: Spread,
    /// Deviation of a margin by independent noise of proxy B (logits).
    pub estimate_sigma: Spread,
    /// Bits below B of the noise that the layer may have, worst direction.
    pub estimate_worst_bits: Spread,
    /// The same of independent noise.
    pub estimate_sigma_bits: Spread,
}

/// Greatest and median.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The greatest.
    pub greatest: f64,
    /// The one in the middle.
    pub median: f64,
}

/// One sample.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Its number.
    pub sample: usize,
    /// Its label.
    pub label: Option<u64>,
    /// same, different, undecided, exhausted, outside or failed.
    pub verdict: String,
    /// Why there is no verdict on the class.
    #[serde(default)]
    pub reason: Option<String>,
    /// The network's class.
    pub network_class: Option<usize>,
    /// The twin's class.
    pub twin_class: Option<usize>,
    /// Lower bound of the network's margin.
    pub bound_network_margin: Option<f64>,
    /// Lower bound of the twin's margin.
    pub bound_twin_margin: Option<f64>,
    /// Upper bound of the change of a logit.
    pub bound_change: Option<f64>,
    /// For each level a lower bound of the margin under it.
    pub bound_noise_margins: Vec<Option<f64>>,
}
