//! Network certificates (`certificates/NETWORK.md`): that a network and its twin answer one class on one input.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, ErrorKind, Result};
use crate::network::ball::Ball;
use crate::network::compare::{Comparison, Verdict};
use crate::poly::table::sha256;
use crate::poly::Table;
use polycert_checker::{check_network, NetworkOutcome};
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
    let mut document = json!({
        "format": "polycert-network/1",
        "error_model": "exact_centre",
        "network_sha256": sha256(subject.network.as_bytes()),
        "input_sha256": sha256(subject.input.as_bytes()),
        "class": class.to_string(),
        "activations": activations(subject),
        "network_logits": enclosures(&comparison.network.logits)?,
        "twin_logits": enclosures(&twin.logits)?,
        "tables": tables(subject)?,
    });
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

fn tables(subject: &Subject) -> Result<Vec<Value>> {
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

fn activations(subject: &Subject) -> Vec<Value> {
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
fn enclosures(logits: &[Ball]) -> Result<Vec<Value>> {
    let text = |x: f64| {
        let exact = Rational::from_f64(x).ok_or_else(|| Error::domain("an unbounded logit"))?;
        Ok::<String, Error>(number::write(&exact))
    };
    logits
        .iter()
        .map(|b| Ok(json!([text(b.lower())?, text(b.upper())?])))
        .collect()
}
