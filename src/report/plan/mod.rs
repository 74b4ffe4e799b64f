//! A plan as its manifest states it (certificates/PLAN.md), after the independent checker verified it with its folder.

pub mod figures;
pub mod page;

use crate::arith::number;
use crate::error::{Error, Result};
use rug::Rational;
use serde_json::Value;

/// A plan, read for a page.
#[derive(Debug, Clone)]
pub struct Plan {
    /// SHA-256 of the exact network.
    pub network_sha256: String,
    /// The activations in order.
    pub rows: Vec<Row>,
    /// The nodes in order.
    pub steps: Vec<Step>,
    /// Greatest level.
    pub top: usize,
    /// Levels in activations.
    pub levels: usize,
    /// Refreshes.
    pub bootstraps: usize,
    /// Inputs that chose, and that it is stated on.
    pub inputs: (usize, usize),
    /// Stated inputs with certificates.
    pub certified: usize,
    /// By the audit: same, different, outside, inside.
    pub counts: [usize; 4],
    /// Intervals of the shares same and outside, as text.
    pub same: (String, String),
    /// See `same`.
    pub outside: (String, String),
    /// 1 - confidence.
    pub risk: String,
    /// What linear layers and bootstraps may add, in units of B.
    pub rest: Option<Rational>,
    /// Whole twins that were tried: seconds, and the share of the inputs that chose on which they did what was wanted.
    pub estimate_tried: Vec<(f64, f64)>,
    /// Seconds of the chosen one.
    pub estimate_seconds: Option<f64>,
    /// The producer's command, profile, goal.
    pub producer: Vec<(String, String)>,
    /// What the checker says of it.
    pub said: String,
    /// SHA-256 of the manifest.
    pub sha256: String,
}

/// An activation.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What stands there.
    pub design: String,
    /// B.
    pub b: Rational,
    /// Greatest |input| on the samples that chose: proved by the producer.
    pub bound_reach: Option<f64>,
    /// Bound of the error on [-B, B].
    pub bound_error: Rational,
    /// Levels.
    pub levels: usize,
    /// Noise proved and allowed, in units of B.
    pub noise: Option<(Rational, Rational)>,
}

/// A node.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Whether a polynomial stands there.
    pub is_activation: bool,
    /// Levels at its beginning and its end.
    pub levels: (usize, usize),
    /// Level behind a refresh of its value.
    pub refreshed: Option<usize>,
    /// Refreshes inside: the level behind each.
    pub inside: Vec<usize>,
    /// Seconds.
    pub estimate_seconds: Option<f64>,
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .ok_or_else(|| Error::parse(name, "is missing"))
}

fn count(value: &Value) -> Result<usize> {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .map_err(|_| Error::parse("plan", format!("{text:?} is no count")))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// A finite number of the producer's, which no checker reads.
fn estimate(value: &Value) -> Option<f64> {
    let x: f64 = value.as_str()?.parse().ok()?;
    x.is_finite().then_some(x)
}

impl Plan {
    /// Reads a manifest that the checker verified with the words `said`.
    ///
    /// # Errors
    /// A field that is not there.
    pub fn read(json: &str, said: String, sha256: String) -> Result<Self> {
        let plan: Value =
            serde_json::from_str(json).map_err(|e| Error::parse("plan", e.to_string()))?;
        let producer = &plan["producer"];
        let audit = &plan["audit"];
        let of_audit = |name: &str| count(&audit[name]);
        let ends = |name: &str| -> Result<(String, String)> {
            let end = |i: usize, up: bool| -> Result<String> {
                let x = number::parse(plan[name][i].as_str().unwrap_or_default())?;
                Ok(number::decimal(&x, 5, up))
            };
            Ok((end(0, false)?, end(1, true)?))
        };
        let mut rows = Vec::new();
        for (i, row) in list(&plan, "activations").iter().enumerate() {
            let more = &producer["activations"][i];
            let noise = &row["noise"];
            rows.push(Row {
                name: text(row, "name")?.to_owned(),
                design: more["design"].as_str().unwrap_or("-").to_owned(),
                b: number::parse(text(row, "B")?)?,
                bound_reach: estimate(&more["bound_reach_selected"]),
                bound_error: number::parse(text(row, "error")?)?,
                levels: count(&row["levels"])?,
                noise: match noise.is_object() {
                    true => Some((
                        number::parse(text(noise, "proved")?)?,
                        number::parse(text(noise, "allowed")?)?,
                    )),
                    false => None,
                },
            });
        }
        let mut steps = Vec::new();
        for (i, step) in list(&plan, "steps").iter().enumerate() {
            let more = &producer["steps"][i];
            let name = more["node"].as_str().unwrap_or("-").to_owned();
            let inside = list(step, "inside").iter().map(|pair| count(&pair[1]));
            steps.push(Step {
                is_activation: rows.iter().any(|row| row.name == name),
                name,
                levels: (count(&step["enter"])?, count(&step["leave"])?),
                refreshed: match step["refreshed"].is_string() {
                    true => Some(count(&step["refreshed"])?),
                    false => None,
                },
                inside: inside.collect::<Result<_>>()?,
                estimate_seconds: estimate(&more["estimate_ms"]).map(|ms| ms / 1e3),
            });
        }
        let selected = list(&plan, "selected").len();
        let tried = list(producer, "tried").iter().filter_map(|pair| {
            let (ms, kept) = (estimate(&pair[0])?, estimate(&pair[1])?);
            Some((ms / 1e3, kept / selected.max(1) as f64))
        });
        let rest = plan["rest"].as_str().map(number::parse).transpose()?;
        let mut facts = Vec::new();
        for name in [
            "command",
            "version",
            "network_sha256",
            "data_sha256",
            "range_margin",
            "seed",
        ] {
            if let Some(text) = producer[name].as_str() {
                facts.push((name.replace('_', " "), text.to_owned()));
            }
        }
        if let Some(name) = producer["profile"]["name"].as_str() {
            facts.push(("cost profile".to_owned(), name.to_owned()));
        }
        for assumed in list(&producer["profile"], "assumed") {
            let text = assumed.as_str().unwrap_or_default().to_owned();
            facts.push(("of the profile, assumed".to_owned(), text));
        }
        Ok(Self {
            network_sha256: plan["network"][1].as_str().unwrap_or_default().to_owned(),
            rows,
            steps,
            top: count(&plan["top"])?,
            levels: count(&plan["levels"])?,
            bootstraps: count(&plan["bootstraps"])?,
            inputs: (selected, list(&plan, "stated").len()),
            certified: list(&plan, "certified").len(),
            counts: [
                of_audit("same")?,
                of_audit("different")?,
                of_audit("outside")?,
                of_audit("inside")?,
            ],
            same: ends("same")?,
            outside: ends("outside")?,
            risk: text(&plan, "risk")?.to_owned(),
            rest,
            estimate_tried: tried.collect(),
            estimate_seconds: estimate(&producer["estimate_ms"]).map(|ms| ms / 1e3),
            producer: facts,
            said,
            sha256,
        })
    }
}
