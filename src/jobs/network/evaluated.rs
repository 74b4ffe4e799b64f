//! The noise that evaluation certificates prove of a network's activations.
//!
//! A certificate is about one table. It serves the activations of the twin that have this table (by its digest, which covers
//! its domain) and are what the certificate is about: of a table made of sign the ReLU and max-pooling layers, `relu`; of a table that is
//! the function itself those that it stands for. A leaky ReLU that a slope is mixed into, a x + (1 - a) r(x), is another
//! function than any certificate speaks of.
//!
//! # Units
//! A level of noise is in units of each activation's B. A table that is the function itself has B = 1 and its own domain, and its
//! certificate is about p(x) of exactly that table: the bound is taken as it is. The bound of a composite on [-B, B] is
//! divided by B, and serves every other B too, *exactly*: for c > 0 let every node of the certified circuit that is in units of x
//! (the input, its drops, the result) have its scale divided by c, and the unit in which the first stage reads x multiplied by
//! c; all else, every integer that multiplies or is added included, stays. That is a circuit for c B, since
//! ```text
//! r_cB(c x) = c x (1 + p(c x/(c B)))/2 = c r_B(x),
//! ```
//! it does the same operations on the same ciphertexts, and what is decrypted, (c_0 + c_1 s)/S, is c times as much. So is
//! what is meant, and so is the difference: noise, error, and the E of given inputs are those of B times c. Conditions on S |x| do not
//! change. What a program runs for c B is this circuit.
//!
//! One certificate that serves every activation is a level of its own; the others make one level together, in which every
//! activation is served by exactly one of them. Where certificates of one table are about several B, each serves its own B
//! alone.

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
struct Proved<'a> {
    path: &'a Path,
    table_sha256: String,
    /// B; 1 of a table that is the function itself.
    scale: Rational,
    /// In units of B.
    amount: Rational,
    worst: f64,
    /// The activations that have its table, and are what it is about.
    of_table: Vec<usize>,
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
    let given = paths
        .iter()
        .map(|path| proved(path, network, twin, centre).map_err(|e| e.in_file(path)));
    let given: Vec<Proved<'_>> = given.collect::<Result<_>>()?;
    let (mut alone, mut parts) = (Vec::new(), Vec::new());
    for found in &given {
        let serves = serves(found, &given, twin).map_err(|e| e.in_file(found.path))?;
        match serves.len() == count {
            true => alone.push(found),
            false => parts.push((found, serves)),
        }
    }
    let mut all: Vec<Level> = alone
        .into_iter()
        .map(|found| Level {
            name: format!("evaluated {} B", number::decimal(&found.amount, 4, true)),
            noise: NoiseLevel::Everywhere(noise(found)),
            exact: vec![found.amount.clone()],
            rests_on: Some(found.rests_on.clone()),
        })
        .collect();
    if !parts.is_empty() {
        all.push(by_layer(&parts, network, count)?);
    }
    Ok(all)
}

/// The level in which every activation is served by one of several certificates.
fn by_layer(parts: &[(&Proved<'_>, Vec<usize>)], network: &Network, count: usize) -> Result<Level> {
    let mut by: Vec<Option<&Proved<'_>>> = vec![None; count];
    for (found, serves) in parts {
        for &k in serves {
            if let Some(other) = by[k] {
                return Err(Error::domain(format!(
                    "serves {}, and so does {}: give one evaluation certificate for each layer",
                    named(network, &[k]),
                    other.path.display()
                ))
                .in_file(found.path));
            }
            by[k] = Some(found);
        }
    }
    let missing: Vec<usize> = (0..count).filter(|&k| by[k].is_none()).collect();
    if !missing.is_empty() {
        return Err(Error::domain(format!(
            "--evaluation: no certificate serves {}: each layer needs one about its table (for ReLU or max-pooling, not for a \
             leaky ReLU made of it)",
            named(network, &missing)
        )));
    }
    let served = || by.iter().copied().flatten();
    let rests_on: Vec<String> = parts
        .iter()
        .map(|(found, serves)| format!("{}: {}", named(network, serves), found.rests_on))
        .collect();
    Ok(Level {
        name: "evaluated by layer".to_owned(),
        noise: NoiseLevel::Layers(served().map(noise).collect()),
        exact: served().map(|found| found.amount.clone()).collect(),
        rests_on: Some(rests_on.join("; ")),
    })
}

fn noise(found: &Proved<'_>) -> Noise {
    Noise {
        worst: found.worst,
        ..Noise::default()
    }
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
fn proved<'a>(
    path: &'a Path,
    network: &Network,
    twin: &Twin,
    centre: Centre,
) -> Result<Proved<'a>> {
    let text = read_text(path, MAX_BYTES)?;
    let checked = CheckedEvaluation::new(&text)?;
    let (document, report) = (checked.document(), checked.report());
    if report.decrypted().is_some_and(|d| d.is_refreshed()) {
        return Err(Error::domain(
            "is about refreshed inputs: what that rests on besides (overflow, an ephemeral secret, inputs that repeat and have their noise in \
             them) is not counted here yet",
        ));
    }
    if report.decrypted().is_some_and(|d| !d.is_of_whole_domain()) {
        return Err(Error::domain(
            "is about a part of the domain (`within`); an activation may be asked anywhere in [-B, B]",
        ));
    }
    let certificate = &document.certificate;
    let target = certificate.target()?;
    let function = target.function.as_str();
    if !["relu", "direct_relu", "direct_leaky_relu"].contains(&function) {
        return Err(Error::domain(format!(
            "is about {function}; the noise of a network's activations comes from one about relu, or of a table that is \
             the function itself about direct_relu or direct_leaky_relu"
        )));
    }
    let held = &certificate.coefficients;
    if *held != twin.coefficients.to_string() {
        return Err(Error::domain(format!(
            "holds coefficients as {held}, the twin as {}",
            twin.coefficients
        )));
    }
    let scale = match function {
        "relu" => number::parse(target.scale.as_deref().unwrap_or(""))?,
        _ => Rational::from(1),
    };
    let of_table = of_table(report.table_sha256(), function, network, twin)?;
    if function != "relu" {
        covers(certificate, twin, of_table[0])?;
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
    let input = inputs_in_words(&document.input, &scale)?;
    let chance = match &document.k {
        Some(k) => format!(", but for a probability of 2^-{k} for every ciphertext that goes through an activation"),
        None => String::new(),
    };
    let unit = match function {
        "relu" => " B",
        _ => "",
    };
    let rests_on = format!(
        "evaluation certificate {} (SHA-256 {}): a decrypted activation is within {}{unit} of {what}{chance}. It rests on \
         the inputs of each activation: that they {input}, the noise of the linear layers before it and the \
         imaginary parts that earlier noise leaves being counted; and on what certificates/EVALUATION.md lists (K, A1, I, O)",
        path.display(),
        sha256(text.as_bytes()),
        number::decimal(&amount, 6, true),
    );
    Ok(Proved {
        path,
        table_sha256: report.table_sha256().to_owned(),
        scale,
        amount,
        worst,
        of_table,
        rests_on,
    })
}

/// The activations that have a table and are what a certificate of it is about.
fn of_table(digest: &str, function: &str, network: &Network, twin: &Twin) -> Result<Vec<usize>> {
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
        let mut each = tables.clone();
        each.dedup();
        return Err(Error::domain(format!(
            "is about the table {digest}, the twin has {}",
            each.join(", ")
        )));
    }
    // A digest does not cover what a table stands for.
    let stands = |k: &usize| {
        let activation = &twin.activations[*k];
        let (direct, leaky) = (activation.domain().is_some(), activation.is_leaky());
        match function {
            "relu" => !direct,
            "direct_relu" => direct && !leaky,
            _ => direct && leaky,
        }
    };
    let standing: Vec<usize> = of_table.iter().copied().filter(stands).collect();
    if standing.is_empty() {
        return Err(Error::domain(format!(
            "is about {function}, and the table stands for another function at {}",
            named(network, &of_table)
        )));
    }
    let nodes = network.activations();
    let mixed = |k: &usize| {
        let leaky = matches!(network.nodes[nodes[*k]].op, Op::Relu { slope } if slope != 0.0);
        leaky && function != "direct_leaky_relu"
    };
    let served: Vec<usize> = standing.iter().copied().filter(|k| !mixed(k)).collect();
    match served.is_empty() {
        false => Ok(served),
        true => Err(Error::domain(format!(
            "is about {function}, and {} is a leaky ReLU",
            named(network, &standing[..1])
        ))),
    }
}

/// Refuses a certificate of a table that is the function itself which says nothing of a part of the table's domain.
fn covers(certificate: &read::Certificate, twin: &Twin, activation: usize) -> Result<()> {
    let Some((lo, hi)) = twin.activations[activation].domain() else {
        return Ok(());
    };
    let number = read::number;
    let parts = certificate.lines().map_or(&[][..], |lines| &lines.parts);
    let parts = parts
        .iter()
        .map(|part| Ok((number(&part.from, "from")?, number(&part.to, "to")?)));
    let parts: Vec<(Rational, Rational)> = parts.collect::<Result<_>>()?;
    match cover(&parts, (lo, hi)) {
        true => Ok(()),
        false => Err(Error::domain(format!(
            "speaks of a part of the table's domain [{lo}, {hi}] alone; the twin is asked on all of it"
        ))),
    }
}

/// Whether intervals in ascending order leave nothing of [lo, hi] out.
fn cover(parts: &[(Rational, Rational)], (lo, hi): (&Rational, &Rational)) -> bool {
    let mut reached = None;
    for (from, to) in parts {
        if from > reached.unwrap_or(lo) {
            return false;
        }
        reached = Some(to);
    }
    reached.is_some_and(|to| to >= hi)
}

/// The activations that a certificate serves, beside the others that are given.
fn serves(found: &Proved<'_>, given: &[Proved<'_>], twin: &Twin) -> Result<Vec<usize>> {
    let alike = given
        .iter()
        .filter(|g| g.table_sha256 == found.table_sha256);
    if alike.clone().all(|g| g.scale == found.scale) {
        return Ok(found.of_table.clone());
    }
    let of_scale = |k: &usize| *twin.activations[*k].scale() == found.scale;
    let serves: Vec<usize> = found.of_table.iter().copied().filter(of_scale).collect();
    match serves.is_empty() {
        false => Ok(serves),
        true => Err(Error::domain(format!(
            "is about B = {}, an activation of the twin has B = {}; beside certificates of the same table and other B each serves its \
             own B alone",
            found.scale,
            twin.activations[found.of_table[0]].scale()
        ))),
    }
}

/// What an evaluation certificate takes for granted of its inputs.
fn inputs_in_words(input: &str, scale: &Rational) -> Result<String> {
    Ok(match input {
        "fresh_public" => "are no noisier than a fresh encryption under the public key".to_owned(),
        "fresh_public_extended" => {
            "are no noisier than a fresh extended encryption under the public key".to_owned()
        }
        "fresh_secret" => "are no noisier than a fresh encryption under the secret key".to_owned(),
        other => match other.strip_prefix("given:") {
            Some(e) => format!(
                "are within {} B of real numbers",
                number::decimal(&(read::number(e, "input")? / scale), 6, false)
            ),
            None => format!("are as `{other}` of the certificate says"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_a_domain_or_leave_something_out() {
        let q = |n: i32| Rational::from((n, 3));
        let cover = |parts: &[(i32, i32)]| {
            let parts: Vec<_> = parts.iter().map(|&(a, b)| (q(a), q(b))).collect();
            super::cover(&parts, (&q(-3), &q(6)))
        };
        assert!(cover(&[(-3, 6)]) && cover(&[(-4, 0), (0, 7)]));
        assert!(!cover(&[]) && !cover(&[(-2, 6)]) && !cover(&[(-3, 5)]));
        assert!(!cover(&[(-3, 0), (1, 6)]));
    }

    #[test]
    fn given_inputs_are_said_in_units_of_b() {
        let words = |input: &str| inputs_in_words(input, &Rational::from(8)).unwrap();
        assert_eq!(
            words("given:1*2^-7"),
            "are within 0.000976562 B of real numbers"
        );
        assert!(words("fresh_public_extended").contains("extended"));
    }
}
