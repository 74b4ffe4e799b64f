//! The noise that evaluation certificates prove of a network's activations.
//!
//! A certificate is about one table and one B. It serves the ReLU and max-pooling layers of the twin that have this table
//! (by its digest) and this B; a leaky ReLU is another function than it speaks of. One that serves every layer is a level of
//! its own; the others make one level together, in which every layer is served by exactly one of them.

use crate::arith::number;
use crate::arith::number::f64_above;
use crate::certificate::checked::CheckedEvaluation;
use crate::certificate::{read, MAX_BYTES};
use crate::error::{Error, Result};
use crate::files::{read_text, sha256};
use crate::network::audit::level::Level;
use crate::network::forward::twin::Twin;
use crate::network::model::graph::Network;
use crate::network::model::ops::Op;
use crate::network::rows::subject::Centre;
use crate::network::rows::{Noise, NoiseLevel};
use rug::Rational;
use std::path::{Path, PathBuf};

/// Most layers that are named one by one.
const NAMED: usize = 8;

/// What a verified certificate proves.
struct Proved {
    /// In units of B.
    amount: Rational,
    worst: f64,
    /// The activations that it serves.
    serves: Vec<usize>,
    rests_on: String,
}

/// The levels that certificates prove.
///
/// # Errors
/// A certificate that is not verified, or serves no activation; one that proves nothing; an activation that none serves
/// or that two do.
pub(super) fn levels(
    paths: &[PathBuf],
    network: &Network,
    twin: &Twin,
    centre: Centre,
) -> Result<Vec<Level>> {
    let count = twin.activations.len();
    let (mut alone, mut parts) = (Vec::new(), Vec::new());
    for path in paths {
        let found = proved(path, network, twin, centre).map_err(|e| e.in_file(path))?;
        match found.serves.len() == count {
            true => alone.push(found),
            false => parts.push((path, found)),
        }
    }
    let mut all: Vec<Level> = alone
        .into_iter()
        .map(|found| Level {
            name: format!("evaluated {} B", number::decimal(&found.amount, 4, true)),
            noise: NoiseLevel::Everywhere(Noise {
                worst: found.worst,
                ..Noise::default()
            }),
            exact: vec![found.amount],
            rests_on: Some(found.rests_on),
        })
        .collect();
    if parts.is_empty() {
        return Ok(all);
    }
    let mut by: Vec<Option<(&PathBuf, &Proved)>> = vec![None; count];
    for (path, found) in &parts {
        for &k in &found.serves {
            if let Some((other, _)) = by[k] {
                return Err(Error::domain(format!(
                    "serves {}, and so does {}: give one evaluation certificate for each layer",
                    named(network, &[k]),
                    other.display()
                ))
                .in_file(path));
            }
            by[k] = Some((path, found));
        }
    }
    let missing: Vec<usize> = (0..count).filter(|&k| by[k].is_none()).collect();
    if !missing.is_empty() {
        return Err(Error::domain(format!(
            "--evaluation: no certificate serves {}: each layer needs one about relu, its table and its B",
            named(network, &missing)
        )));
    }
    let served = || by.iter().flatten().map(|(_, found)| *found);
    let rests_on: Vec<String> = parts
        .iter()
        .map(|(_, found)| format!("{}: {}", named(network, &found.serves), found.rests_on))
        .collect();
    all.push(Level {
        name: "evaluated by layer".to_owned(),
        noise: NoiseLevel::Layers(
            served()
                .map(|found| Noise {
                    worst: found.worst,
                    ..Noise::default()
                })
                .collect(),
        ),
        exact: served().map(|found| found.amount.clone()).collect(),
        rests_on: Some(rests_on.join("; ")),
    });
    Ok(all)
}

/// Layers by their names.
fn named(network: &Network, activations: &[usize]) -> String {
    let nodes = network.activations();
    let name = |&k: &usize| format!("{:?}", network.nodes[nodes[k]].name);
    let first: Vec<String> = activations.iter().take(NAMED).map(name).collect();
    let layers = if activations.len() == 1 {
        "layer"
    } else {
        "layers"
    };
    match activations.len().saturating_sub(NAMED) {
        0 => format!("{layers} {}", first.join(", ")),
        more => format!("{layers} {} and {more} more", first.join(", ")),
    }
}

/// The noise that an evaluation certificate proves: of the polynomial's decrypted value to the polynomial,
/// or to ReLU where that is the centre.
fn proved(path: &Path, network: &Network, twin: &Twin, centre: Centre) -> Result<Proved> {
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
    let held = &certificate.coefficients;
    if *held != twin.coefficients.to_string() {
        return Err(Error::domain(format!(
            "holds coefficients as {held}, the twin as {}",
            twin.coefficients
        )));
    }
    let scale = number::parse(target.scale.as_deref().unwrap_or(""))?;
    let serves = serves(report.table_sha256(), &scale, network, twin)?;
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
    let rests_on = format!(
        "evaluation certificate {} (SHA-256 {}): a decrypted activation is within {} of {what}{chance}. It rests on \
         the inputs of each activation: that they {input}, the noise of the linear layers before it and the \
         imaginary parts that earlier noise leaves being counted; and on what certificates/EVALUATION.md lists (K, A1, I, O)",
        path.display(),
        sha256(text.as_bytes()),
        number::decimal(&(amount.clone() * &scale), 6, true),
    );
    Ok(Proved {
        amount,
        worst,
        serves,
        rests_on,
    })
}

/// The activations that have this table and this B.
fn serves(digest: &str, scale: &Rational, network: &Network, twin: &Twin) -> Result<Vec<usize>> {
    let tables = &twin.digests;
    // Polynomials of the network's own have no table.
    let mut replaced = 0;
    let mut of_table = Vec::new();
    for (k, activation) in twin.activations.iter().enumerate() {
        if activation.is_own() {
            continue;
        }
        let table = tables.get(replaced.min(tables.len().saturating_sub(1)));
        replaced += 1;
        if table.is_some_and(|d| d == digest) {
            of_table.push(k);
        }
    }
    if of_table.is_empty() {
        return Err(Error::domain(format!(
            "is about the table {digest}, the twin has {}",
            tables.join(", ")
        )));
    }
    let nodes = network.activations();
    let leaky = |k: usize| matches!(network.nodes[nodes[k]].op, Op::Relu { slope } if slope != 0.0);
    let fits = |k: &usize| {
        let activation = &twin.activations[*k];
        activation.domain().is_none() && activation.scale() == scale
    };
    let of_scale: Vec<usize> = of_table.iter().copied().filter(fits).collect();
    if of_scale.is_empty() {
        let other = twin.activations[of_table[0]].scale();
        return Err(Error::domain(format!(
            "is about B = {scale}, an activation of the twin has B = {other}"
        )));
    }
    let served: Vec<usize> = of_scale.iter().copied().filter(|k| !leaky(*k)).collect();
    match served.is_empty() {
        false => Ok(served),
        true => Err(Error::domain(format!(
            "is about relu, and {} is a leaky ReLU",
            named(network, &of_scale[..1])
        ))),
    }
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
