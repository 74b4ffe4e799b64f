//! Certificates of box bounds (`certificates/NETWORK.md`): that no function in place of a ReLU is asked outside its range
//! over a whole box of inputs, and how far the outputs differ at most.

use crate::arith::number;
use crate::certificate::publish::{check_size, limit};
use crate::error::{Error, ErrorKind, Result};
use crate::files::sha256;
use polycert_checker::{check_box, BoxOutcome};
use rug::Rational;
use serde_json::{json, Value};

/// Fractional bits that are tried: fewer where values or coefficients do not fit otherwise.
const PRECISIONS: [u32; 3] = [44, 36, 28];
/// How a request keeps within the checker's limits.
const SMALLER: &str = "`polycert network box` proves the bounds without --certificate";

/// An interval.
type Bounds = (f64, f64);

/// What is stated of one function in place of a ReLU.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// The range on which the rest holds.
    pub range: Bounds,
    /// Bounds of function - ReLU.
    pub apart: Bounds,
    /// A slope s, a multiple of 2^-30 within 4 of 0, and bounds of function(x) - s x.
    pub tilted: Option<(f64, Bounds)>,
}

/// What a certificate states.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The exact network's text.
    pub network: &'a str,
    /// The box.
    pub sides: &'a [Bounds],
    /// For each ReLU in the network's order, its elements; none where ReLU stays.
    pub activations: Vec<Vec<Option<Function>>>,
    /// Bounds of each output's |difference|.
    pub differences: Vec<f64>,
}

/// The answer of the checker about a draft.
#[derive(Debug, Clone)]
pub enum Checked {
    /// The certificate's text, and the checker's words.
    Verified(String, String),
    /// Ranges or differences are below what the checker proves: its words.
    Tighter(String),
}

/// Writes the certificate and has the independent checker verify it.
///
/// # Errors
/// Layers that boxes do not pass; a limit of the checker; [`ErrorKind::SelfCheck`] for any other refusal.
pub fn certify(subject: &Subject, progress: &mut dyn FnMut(usize, usize)) -> Result<Checked> {
    let activations = subject.activations.iter();
    let mut document = json!({
        "format": "polycert-network-box/1",
        "network_sha256": sha256(subject.network.as_bytes()),
        "box": subject.sides.iter().map(|s| pair(*s)).collect::<Result<Value>>()?,
        "activations": activations.map(|a| elements(a)).collect::<Result<Value>>()?,
        "differences": subject.differences.iter().map(|d| exact(*d)).collect::<Result<Value>>()?,
    });
    let mut said = String::new();
    for precision in PRECISIONS {
        document["precision"] = json!(precision.to_string());
        let text = format!("{document}\n");
        check_size(&text, SMALLER)?;
        match check_box(text.as_bytes(), subject.network.as_bytes(), progress) {
            BoxOutcome::Verified(report) => return Ok(Checked::Verified(text, report.to_string())),
            BoxOutcome::Rejected(detail) => match detail.split(": ").next().unwrap_or_default() {
                "ranges" | "differences" => return Ok(Checked::Tighter(detail)),
                "network" => return Err(Error::unsupported(detail)),
                "limit" => said = detail,
                _ => return Err(ErrorKind::SelfCheck(detail).into()),
            },
            BoxOutcome::Unreadable(detail) => return Err(ErrorKind::SelfCheck(detail).into()),
        }
    }
    let detail = said.strip_prefix("limit: ").unwrap_or(&said);
    Err(limit(detail, SMALLER))
}

/// A number exactly.
fn exact(x: f64) -> Result<Value> {
    let exact = Rational::from_f64(x).ok_or_else(|| Error::domain("a bound that is not finite"))?;
    Ok(json!(number::write(&exact)))
}

fn pair((lo, hi): Bounds) -> Result<Value> {
    Ok(json!([exact(lo)?, exact(hi)?]))
}

fn elements(all: &[Option<Function>]) -> Result<Value> {
    let each = all.iter().map(|f| {
        let Some(f) = f else {
            return Ok(json!("relu"));
        };
        let mut numbers = vec![f.range.0, f.range.1, f.apart.0, f.apart.1];
        if let Some((slope, (lo, hi))) = f.tilted {
            numbers.extend([slope, lo, hi]);
        }
        numbers.into_iter().map(exact).collect()
    });
    each.collect()
}
