//! The levels of noise that networks are held against.

use crate::arith::number;
use crate::arith::number::f64_above;
use crate::certificate::checked::CheckedEvaluation;
use crate::certificate::{read, MAX_BYTES};
use crate::certify::proof::prove;
use crate::certify::request::Request;
use crate::error::{Error, Result};
use crate::files::{read_text, sha256};
use crate::network::audit::level::Level;
use crate::network::forward::twin::{Activation, Twin};
use crate::network::rows::subject::Centre;
use crate::network::rows::Noise;
use crate::poly::{self};
use rug::float::Round;
use rug::Rational;
use std::path::{Path, PathBuf};

/// Most noise levels of one run.
const MAX_LEVELS: usize = 64;

/// Noise at the activations.
#[derive(Debug, Clone, Default)]
pub struct NoiseLevels {
    /// Bounds of |noise|, in units of B.
    pub worst: Vec<Rational>,
    /// Sub-Gaussian proxies of independent noise, in units of B.
    pub sigma: Vec<Rational>,
    /// Evaluation certificates of the twin's table for ReLU with the twin's B: the noise that each proves.
    pub evaluations: Vec<PathBuf>,
}

impl NoiseLevels {
    /// The levels: worst cases, then sigmas, then what certificates prove; none if nothing is asked for.
    ///
    /// # Errors
    /// A level outside [0, 1], too many levels, or an evaluation certificate that is not verified or about
    /// other polynomials than the twin's.
    pub fn levels(&self, twin: &Twin, centre: Centre) -> Result<Vec<Level>> {
        let mut all = Vec::new();
        for (list, kind) in [(&self.worst, "worst"), (&self.sigma, "sigma")] {
            for level in list {
                let up = f64_above(level);
                if !(0.0..=1.0).contains(&up) {
                    return Err(Error::domain(format!(
                        "a noise level is from 0 to 1 in units of B, not {level}"
                    )));
                }
                let mut noise = Noise::default();
                if kind == "worst" {
                    noise.worst = up;
                } else {
                    noise.sigma = up;
                }
                all.push(Level {
                    name: format!("{kind} {} B", short(level)),
                    noise,
                    rests_on: None,
                });
            }
        }
        for path in &self.evaluations {
            all.push(evaluated(path, twin, centre).map_err(|e| e.in_file(path))?);
        }
        if all.len() > MAX_LEVELS {
            return Err(Error::domain(format!(
                "{} noise levels; one run takes {MAX_LEVELS} at most",
                all.len()
            )));
        }
        Ok(all)
    }
}

/// 2^-22 for powers of two, a decimal otherwise.
fn short(level: &Rational) -> String {
    if *level.numer() == 1 && level.denom().is_power_of_two() {
        return format!("2^-{}", level.denom().significant_bits() - 1);
    }
    format!("{:e}", level.to_f64())
}

/// The table's proved error, and its proved envelope: any function that keeps to them.
///
/// # Errors
/// Several tables, and what the proof refuses.
pub(super) fn proved_levels(twin: &Twin) -> Result<Vec<Level>> {
    let [table] = twin.tables.as_slice() else {
        return Err(Error::unsupported(
            "the levels of --centre relu come from one table; give --worst for several",
        ));
    };
    let proof = prove(
        table,
        &Request {
            // The twin's own polynomial: its coefficients as they are held.
            coefficients: twin.coefficients,
            ..Request::new(poly::Target::new(poly::Function::Relu))
        },
    )?;
    let worst = f64_above(&proof.bound_hi);
    let level = |name: String, envelope| Level {
        name,
        noise: Noise {
            worst,
            sigma: 0.0,
            envelope,
        },
        rests_on: None,
    };
    let mut levels = vec![level(format!("sup {worst:.3e} B"), None)];
    if let Some(c) = &proof.closeness {
        // |p - sign| <= 2 tau from the zone on, so |r - ReLU| <= tau |x| there.
        let tau = c.bound_hi.to_f64_round(Round::Up) / 2.0;
        levels.push(level(
            "envelope".to_owned(),
            Some((tau, f64_above(&c.from))),
        ));
    }
    Ok(levels)
}

/// The noise that an evaluation certificate proves: of the polynomial's decrypted value to the polynomial,
/// or to ReLU where that is the centre.
fn evaluated(path: &Path, twin: &Twin, centre: Centre) -> Result<Level> {
    let text = read_text(path, MAX_BYTES)?;
    let checked = CheckedEvaluation::new(&text)?;
    let (document, report) = (checked.document(), checked.report());
    let certificate = &document.certificate;
    let target = certificate.target()?;
    if target.function != "relu" {
        return Err(Error::domain(format!(
            "is about {}; the noise of a network's activations comes from one about relu",
            target.function
        )));
    }
    let [digest] = twin.digests.as_slice() else {
        return Err(Error::unsupported(
            "an evaluation certificate is about one table, and the twin has several",
        ));
    };
    if report.table_sha256() != digest {
        return Err(Error::domain(format!(
            "is about the table {}, the twin has {digest}",
            report.table_sha256()
        )));
    }
    let held = &certificate.coefficients;
    if *held != twin.coefficients.to_string() {
        return Err(Error::domain(format!(
            "holds coefficients as {held}, the twin as {}",
            twin.coefficients
        )));
    }
    let scale = number::parse(target.scale.as_deref().unwrap_or(""))?;
    let replaced = |a: &&Activation| !a.is_own();
    if let Some(other) = twin
        .activations
        .iter()
        .filter(replaced)
        .find(|a| *a.scale() != scale)
    {
        return Err(Error::domain(format!(
            "is about B = {scale}, an activation of the twin has B = {}",
            other.scale()
        )));
    }
    let (name, text_of, what) = match centre {
        Centre::Polynomial => ("noise", &document.noise, "the polynomial's value"),
        Centre::Relu => ("error", &document.error, "ReLU"),
    };
    let amount = read::number(text_of, name)? / &scale;
    let worst = f64_above(&amount);
    if worst > 1.0 {
        return Err(Error::domain(format!(
            "proves no more than {worst:e} B, which says nothing of a network"
        )));
    }
    let input = inputs_in_words(&document.input);
    let chance = match &document.k {
        Some(k) => format!(", but for a probability of 2^-{k} for every ciphertext that goes through an activation"),
        None => String::new(),
    };
    Ok(Level {
        name: format!("evaluated {} B", number::decimal(&amount, 4, true)),
        noise: Noise {
            worst,
            ..Noise::default()
        },
        rests_on: Some(format!(
            "evaluation certificate {} (SHA-256 {}): a decrypted activation is within {} of {what}{chance}. It rests on \
             the inputs of each activation: that they {input}, the noise of the linear layers before it and the \
             imaginary parts that earlier noise leaves being counted; and on what certificates/EVALUATION.md lists (K, A1, I, O)",
            path.display(),
            sha256(text.as_bytes()),
            number::decimal(&(amount * &scale), 6, true),
        )),
    })
}

/// What an evaluation certificate takes for granted of its inputs.
fn inputs_in_words(input: &str) -> String {
    match input {
        "fresh_public" => "are no noisier than a fresh encryption under the public key".to_owned(),
        "fresh_public_extended" => {
            "are no noisier than a fresh extended encryption under the public key".to_owned()
        }
        "fresh_secret" => "are no noisier than a fresh encryption under the secret key".to_owned(),
        other => match other.strip_prefix("given:").map(number::parse) {
            Some(Ok(e)) => format!(
                "are within {} of real numbers",
                number::decimal(&e, 6, false)
            ),
            _ => format!("are as `{other}` of the certificate says"),
        },
    }
}
