//! An audit of a network as its file states it: read and checked for sense. Totals and intervals are counted again
//! from its rows; what the rows prove is the file's word.

pub mod figures;
pub mod page;
pub mod recount;
pub mod write;

use crate::error::{Error, Result};
use crate::files::sha256;
use serde::Deserialize;

/// The format tag.
pub const FORMAT: &str = "polycert-audit/3";
/// The one before it, which is read too: without exhausted and failed samples.
const EARLIER: &str = "polycert-audit/2";
/// Largest file.
pub const MAX_BYTES: usize = 64 << 20;
/// Most samples, levels and activations that a page is made of.
const MAX_SAMPLES: usize = 100_000;
const MAX_LEVELS: usize = 64;
const MAX_ACTIVATIONS: usize = 512;
/// Longest name.
const MAX_NAME: usize = 2_000;

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
    /// SHA-256 of the inputs' file.
    pub input_sha256: String,
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
    /// Bound of |noise| in units of B.
    pub worst: f64,
    /// Sub-Gaussian proxy in units of B.
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

/// Whether a text says that it is an audit.
pub fn is_meant(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Tag {
        format: String,
    }
    serde_json::from_str::<Tag>(text).is_ok_and(|t| t.format.starts_with("polycert-audit/"))
}

impl Audit {
    /// Reads an audit's fields; [`recount::read`] counts its rows too.
    ///
    /// # Errors
    /// Another format, an unknown or missing field, or more than a page holds.
    pub(in crate::report::audit) fn fields(text: &str) -> Result<Self> {
        let bad = |field: &str, detail: String| Err(Error::parse(field.to_owned(), detail));
        let mut audit: Self =
            serde_json::from_str(text).map_err(|e| Error::parse("", e.to_string()))?;
        audit.sha256 = sha256(text.as_bytes());
        let a = &audit;
        if a.format != FORMAT && a.format != EARLIER {
            let detail = format!("{:?} is not {FORMAT} (nor {EARLIER})", a.format);
            return bad("format", detail);
        }
        for (field, n, most) in [
            ("samples", a.samples.len(), MAX_SAMPLES),
            ("levels", a.levels.len(), MAX_LEVELS),
            ("activations", a.activations.len(), MAX_ACTIVATIONS),
            ("table_sha256", a.table_sha256.len(), MAX_ACTIVATIONS),
            ("network", a.network.chars().count(), MAX_NAME),
        ] {
            if n > most {
                return bad(field, format!("{n}; a page holds {most} at most"));
            }
        }
        let lists = a.samples.iter().map(|x| x.bound_noise_margins.len());
        if lists.clone().any(|n| n != 0 && n != a.levels.len()) {
            return bad(
                "samples",
                format!("margins for other than {} levels", a.levels.len()),
            );
        }
        Ok(audit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::audit::clopper_pearson::clopper_pearson;

    /// A small audit with a level and an activation.
    pub fn small() -> String {
        let interval = r#"{"confidence":0.95,"bound_lo":0.1,"bound_hi":1.0,"assumes":"chance"}"#;
        let spread = r#"{"greatest":3.0,"median":1.5}"#;
        format!(
            r#"{{"format":"{FORMAT}","generator":"g","command":"c","network":"n","network_sha256":"1","input_sha256":"2",
            "labels_sha256":null,"table_sha256":["3"],"coefficients":"exact","error_model":"m","failure_probability_log2":-32,
            "from":0,"summary":{{"samples":1,"same":1,"different":0,"undecided":0,"outside":0,"labelled":1,"network_right":1,
            "twin_right":1,"bound_least_margin":0.5,"bound_greatest_change":0.01}},"same_class_interval":{interval},
            "network_accuracy_interval":{interval},"twin_accuracy_interval":null,
            "levels":[{{"noise":"worst 2^-20 B","worst":1e-6,"sigma":0.0,"rests_on":null,"found":{{"certified":1,
            "without_bound":0,"bound_greatest_deviation":0.1,"bound_least_margin":0.4}},"certified_interval":{interval}}}],
            "activations":[{{"layer":"a","operation":"relu","scale":"8","bound_network_reach":1.0,"bound_twin_reach":1.1,
            "sensitivity":{{"estimate_worst":{spread},"estimate_sigma":{spread},"estimate_worst_bits":{spread},
            "estimate_sigma_bits":{spread}}}}}],
            "samples":[{{"sample":0,"label":1,"verdict":"same","network_class":1,"twin_class":1,"bound_network_margin":0.5,
            "bound_twin_margin":0.49,"bound_change":0.01,"bound_noise_margins":[0.4]}}]}}"#
        )
    }

    /// Whatever a file writes as its intervals, the page has those of its rows; one sample of one.
    #[test]
    fn intervals_are_those_of_the_rows() {
        for text in [small(), small().replace("audit/3", "audit/2")] {
            let read = recount::read(&text).unwrap();
            let (lo, hi) = clopper_pearson(1, 1, 0.05);
            for interval in [
                &read.same_class_interval,
                read.network_accuracy_interval.as_ref().unwrap(),
                read.twin_accuracy_interval.as_ref().unwrap(),
                &read.levels[0].certified_interval,
            ] {
                assert!((interval.bound_lo - lo).abs() < 1e-12, "{interval:?}");
                assert_eq!(interval.bound_hi, hi);
            }
        }
        // A twin whose class is not decided may be right: the interval reaches 1.
        let open = small()
            .replace("\"verdict\":\"same\"", "\"verdict\":\"undecided\"")
            .replace("\"twin_class\":1", "\"twin_class\":null")
            .replace("\"same\":1", "\"same\":0")
            .replace("\"undecided\":0", "\"undecided\":1")
            .replace("\"certified\":1", "\"certified\":0")
            .replace("\"twin_right\":1", "\"twin_right\":0");
        let interval = recount::read(&open)
            .unwrap()
            .twin_accuracy_interval
            .unwrap();
        assert_eq!((interval.bound_lo, interval.bound_hi), (0.0, 1.0));
    }

    #[test]
    fn files_that_make_no_sense_are_refused() {
        assert!(is_meant(&small()) && !is_meant("{}") && !is_meant("["));
        let read = recount::read(&small()).unwrap();
        assert_eq!((read.levels.len(), read.samples.len()), (1, 1));
        for (from, to, said) in [
            ("audit/3", "audit/1", "is not polycert-audit/3"),
            ("\"same\":1", "\"same\":2", "2 same, the rows have 1"),
            (
                "\"certified\":1",
                "\"certified\":2",
                "2 certified, the rows have 1",
            ),
            ("[0.4]", "[0.4,0.3]", "other than 1 levels"),
            ("\"confidence\":0.95", "\"confidence\":1.5", "confidence"),
            (
                "\"twin_right\":1",
                "\"twin_right\":9",
                "9 right of the twin, the rows have 1",
            ),
            (
                "\"verdict\":\"same\"",
                "\"verdict\":\"maybe\"",
                "no verdict",
            ),
            (
                "\"twin_class\":1",
                "\"twin_class\":2",
                "\"same\" with the classes",
            ),
            ("\"sample\":0", "\"sample\":1", "number 1 where 0 follows"),
            ("\"from\":0", "\"from\":-1", "invalid value"),
            ("\"operation\"", "\"other\"", "unknown field"),
            ("\"greatest\":3.0", "\"greatest\":1e999", "out of range"),
        ] {
            let text = small().replace(from, to);
            assert_ne!(text, small());
            let error = recount::read(&text).unwrap_err().to_string();
            assert!(error.contains(said), "{from}: {error}");
        }
    }
}
