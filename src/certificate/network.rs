//! Network certificates (`certificates/NETWORK.md`): that a network and its twin answer one class on one input,
//! and how far noise at the activations moves the result.
//!
//! Bounds under noise are the checker's own: it computes them for a draft, the certificate states them
//! (rounded up to 24 bits), and the checker verifies it like any other, computing them again.

use crate::arith::ball::Ball;
use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, ErrorKind, Result};
use crate::files::sha256;
use crate::network::forward::compare::{Comparison, Verdict};
use crate::poly::table::Table;
use polycert_checker::{
    bound_network, check_network, check_network_with, NetworkOutcome, NoiseBounds,
};
use rug::Rational;
use serde_json::{json, Value};

/// Fractional bits that are tried, until the checker's radii are below the stated enclosures.
const PRECISIONS: [u32; 4] = [160, 256, 512, 1_024];

/// What a certificate speaks of.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The exact network's text.
    pub network: &'a str,
    /// The exact input's text.
    pub input: &'a str,
    /// The tables, and how their coefficients are held.
    pub tables: &'a [Table],
    /// How coefficients are held.
    pub coefficients: CoefficientMode,
    /// B of each activation.
    pub scales: &'a [Rational],
}

/// The certificate of a comparison that proved one class, verified by the independent checker.
///
/// Returns its text and the checker's words.
///
/// # Errors
/// A comparison that did not prove one class; [`ErrorKind::SelfCheck`] where the checker refuses.
pub fn certify(subject: &Subject, comparison: &Comparison) -> Result<(String, String)> {
    let (Verdict::Same(class), Some(twin)) = (&comparison.verdict, &comparison.twin) else {
        return Err(Error::domain("only one proved class can be certified"));
    };
    let mut document = common(subject, *class, &comparison.network.logits)?;
    document["format"] = json!("polycert-network/1");
    document["error_model"] = json!("exact_centre");
    document["activations"] = activations(subject);
    document["twin_logits"] = enclosures(&twin.logits)?;
    document["tables"] = tables(subject)?;
    let mut said = String::new();
    for precision in PRECISIONS {
        document["precision"] = json!(precision.to_string());
        let text = format!("{document:#}\n");
        match check_network(
            text.as_bytes(),
            subject.network.as_bytes(),
            subject.input.as_bytes(),
        ) {
            NetworkOutcome::Verified(report) => return Ok((text, report.to_string())),
            other => said = other.to_string(),
        }
    }
    Err(ErrorKind::SelfCheck(said).into())
}

/// What stands undisturbed at the activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorModel {
    /// The polynomials themselves; noise at their outputs.
    ExactCentre,
    /// ReLU; the noise is all that a function in its place may differ from it.
    ReluWithin,
}

/// A level of noise at every activation's output, in units of B.
#[derive(Debug, Clone)]
pub struct Level {
    /// A bound of |noise|.
    pub worst: Rational,
    /// Proxy of sub-Gaussian noise besides.
    pub sigma: Rational,
    /// (tau, zone): at most tau |x| wherever |x| >= zone B ([`ErrorModel::ReluWithin`] only).
    pub envelope: Option<(Rational, Rational)>,
}

/// What is to be certified of noise.
#[derive(Debug, Clone)]
pub struct Noise<'a> {
    /// What stands undisturbed.
    pub model: ErrorModel,
    /// The levels, at most 8.
    pub levels: &'a [Level],
    /// Bound differences to the class's logit, instead of every logit.
    pub margins: bool,
}

/// The certificate of what noise moves, verified by the independent checker.
///
/// Returns its text, the checker's words, and whether the class is proved to stay at every level.
///
/// **Cost** the checker's rows, twice: for the bounds, and for the check of the certificate.
///
/// # Errors
/// A comparison that did not prove one class; [`ErrorKind::SelfCheck`] with the checker's reason where
/// a bound is vacuous, or a layer or a limit is refused.
pub fn certify_noise(
    subject: &Subject,
    comparison: &Comparison,
    noise: &Noise,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(String, String, bool)> {
    let class = match (noise.model, &comparison.verdict) {
        (ErrorModel::ReluWithin, _) => comparison.network.class(),
        (ErrorModel::ExactCentre, Verdict::Same(class)) => Some(*class),
        _ => None,
    };
    let class = class.ok_or_else(|| Error::domain("only one proved class can be certified"))?;
    let mut document = common(subject, class, &comparison.network.logits)?;
    document["format"] = json!("polycert-network-deviation/1");
    document["targets"] = json!(if noise.margins { "margins" } else { "logits" });
    match (noise.model, &comparison.twin) {
        (ErrorModel::ExactCentre, Some(twin)) => {
            document["error_model"] = json!("exact_centre");
            document["activations"] = activations(subject);
            document["twin_logits"] = enclosures(&twin.logits)?;
            document["tables"] = tables(subject)?;
        }
        _ => {
            document["error_model"] = json!("relu_within");
            document["activations"] = subject.scales.iter().map(number::write).collect();
        }
    }
    let (network, input) = (subject.network.as_bytes(), subject.input.as_bytes());
    let mut said = String::new();
    for precision in PRECISIONS {
        document["precision"] = json!(precision.to_string());
        document["levels"] = noise.levels.iter().map(|l| level(l, None)).collect();
        match bound_network(document.to_string().as_bytes(), network, input, progress) {
            Ok(bounds) => {
                let pairs = noise.levels.iter().zip(&bounds);
                document["levels"] = pairs.map(|(l, b)| level(l, Some(b))).collect();
                let text = format!("{document:#}\n");
                return match check_network_with(text.as_bytes(), network, input, progress) {
                    NetworkOutcome::Verified(report) => {
                        Ok((text, report.to_string(), bounds.iter().all(|b| b.stays)))
                    }
                    other => Err(ErrorKind::SelfCheck(other.to_string()).into()),
                };
            }
            Err(outcome) => said = outcome.to_string(),
        }
        // More precision helps where a logit's ball is too wide, and only there.
        if !said.contains("_logits: ") {
            break;
        }
    }
    Err(ErrorKind::SelfCheck(said).into())
}

fn level(level: &Level, bounds: Option<&NoiseBounds>) -> Value {
    let mut value = json!({
        "worst": number::write(&level.worst),
        "sigma": number::write(&level.sigma),
    });
    if let Some((tau, zone)) = &level.envelope {
        value["envelope"] = json!([number::write(tau), number::write(zone)]);
    }
    if let Some(b) = bounds {
        value["layers"] = json!(b.layers);
        value["deviations"] = json!(b.deviations);
        value["class"] = json!(if b.stays { "stays" } else { "open" });
    }
    value
}

/// The fields that all formats share.
fn common(subject: &Subject, class: usize, logits: &[Ball]) -> Result<Value> {
    Ok(json!({
        "network_sha256": sha256(subject.network.as_bytes()),
        "input_sha256": sha256(subject.input.as_bytes()),
        "class": class.to_string(),
        "network_logits": enclosures(logits)?,
    }))
}

fn tables(subject: &Subject) -> Result<Value> {
    let embed = |table: &Table| {
        let mut value: Value = serde_json::from_str(&table.to_json())
            .map_err(|e| Error::parse("table", e.to_string()))?;
        if let Some(fields) = value.as_object_mut() {
            // The checker computes the digest itself.
            fields.remove("sha256");
        }
        Ok(json!({"table": value, "coefficients": subject.coefficients.to_string()}))
    };
    subject.tables.iter().map(embed).collect()
}

fn activations(subject: &Subject) -> Value {
    let scales = subject.scales.iter().enumerate();
    let one = subject.tables.len() == 1;
    scales
        .map(|(i, b)| {
            json!([
                if one { "0".to_owned() } else { i.to_string() },
                number::write(b)
            ])
        })
        .collect()
}

/// The enclosures, rounded outward to f64.
fn enclosures(logits: &[Ball]) -> Result<Value> {
    let text = |x: f64| {
        let exact = Rational::from_f64(x).ok_or_else(|| Error::domain("an unbounded logit"))?;
        Ok::<String, Error>(number::write(&exact))
    };
    logits
        .iter()
        .map(|b| Ok(json!([text(b.lower())?, text(b.upper())?])))
        .collect()
}
