//! An audit's file, read and held to its limits; then counted again ([`recount`]).

use crate::error::{Error, Result};
use crate::files::sha256;
use crate::report::audit::recount::recount;
use crate::report::audit::{Audit, FORMAT};
use serde::Deserialize;

/// The one before it, which is read too: without exhausted and failed samples.
const EARLIER: &str = "polycert-audit/2";
/// Most samples, levels and activations that a page is made of.
const MAX_SAMPLES: usize = 100_000;
const MAX_LEVELS: usize = 64;
const MAX_ACTIVATIONS: usize = 512;
/// Longest name.
const MAX_NAME: usize = 2_000;

/// Whether a text says that it is an audit.
pub fn is_meant(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Tag {
        format: String,
    }
    serde_json::from_str::<Tag>(text).is_ok_and(|t| t.format.starts_with("polycert-audit/"))
}

impl Audit {
    /// Reads an audit.
    ///
    /// # Errors
    /// Another format, an unknown or missing field, counts that do not add up, or more than a page holds.
    pub fn read(text: &str) -> Result<Self> {
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
        recount(&mut audit)?;
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
            let read = Audit::read(&text).unwrap();
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
        let interval = Audit::read(&open).unwrap().twin_accuracy_interval.unwrap();
        assert_eq!((interval.bound_lo, interval.bound_hi), (0.0, 1.0));
    }

    #[test]
    fn files_that_make_no_sense_are_refused() {
        assert!(is_meant(&small()) && !is_meant("{}") && !is_meant("["));
        let read = Audit::read(&small()).unwrap();
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
            let error = Audit::read(&text).unwrap_err().to_string();
            assert!(error.contains(said), "{from}: {error}");
        }
    }
}
