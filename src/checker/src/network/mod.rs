//! Certificates of networks: a ReLU network and its polynomial twin answer the same class on one input, or a network whose
//! activations are polynomials already answers a class; and noise at the activations moves the result by at most so much. The contract is `certificates/NETWORK.md`.
//!
//! Nothing in the certificate is a hint: both networks are evaluated again, in integers over
//! 2^precision with a proved radius, bounds under noise are computed again ([`rows`]), and the stated
//! enclosures and bounds are compared with the result.

mod activation;
pub(crate) mod balls;
pub(crate) mod boxes;
mod digits;
pub(crate) mod document;
pub(crate) mod forward;
mod limits;
mod linear;
pub(crate) mod model;
pub(crate) mod noise;
mod normalise;
mod polynomial;
pub(crate) mod report;
mod rows;
mod smooth;
mod substitute;

use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::format::digest::of_bytes;
use crate::format::json::Tree;
use crate::format::path::printable;
use crate::network::balls::Balls;
use crate::network::document::{NetworkDocument, NoiseClaim, Targets, TwinTable};
use crate::network::forward::{compare, evaluate};
use crate::network::limits::limit_work;
use crate::network::model::expand::expand;
use crate::network::model::layers::{Network, NetworkNode};
use crate::network::model::read;
use crate::network::noise::NoiseBounds;
use crate::network::report::{NetworkOutcome, NetworkReport};
use crate::network::rows::Bounds;
use crate::network::substitute::Substitute;
use crate::words::numerals::Numerals;
use num_bigint::BigInt;

/// Checks a network certificate against the exact network and the exact input that it is about.
///
/// **Inputs** the bytes of the three files.
///
/// **Guarantee** [`NetworkOutcome::Verified`] only if, over the reals, the network and the twin that the
/// certificate's tables define both answer the report's class on the input, no polynomial is used outside
/// [-B, B], every logit lies in its stated enclosure, and, of a certificate of noise, no noise of a stated level
/// moves the result by more than is stated (with probability 1 - 2^-32 where it is sub-Gaussian).
///
/// **Cost** both evaluations, some 100 ns for each product of a weight (limited to a few minutes); under noise a
/// backward row for each neuron (limited to an hour or two of one core; on all cores).
pub fn check_network(certificate: &[u8], network: &[u8], input: &[u8]) -> NetworkOutcome {
    check_network_with(certificate, network, input, &mut |_, _| {})
}

/// [`check_network`], telling after each activation how many of them have their bounds under noise.
pub fn check_network_with(
    certificate: &[u8],
    network: &[u8],
    input: &[u8],
    progress: &mut dyn FnMut(usize, usize),
) -> NetworkOutcome {
    let document = document::read(certificate);
    let proved = document.and_then(|document| prove(document, network, input, progress));
    proved.and_then(Proved::report).into()
}

/// What the checker proves under noise, for a draft of a certificate: its levels state no bounds yet.
///
/// # Errors
/// The outcome that a certificate with any bounds would have, if not [`NetworkOutcome::Verified`].
pub fn bound_network(
    draft: &[u8],
    network: &[u8],
    input: &[u8],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<NoiseBounds>, NetworkOutcome> {
    let document = document::read(draft);
    let proved = document.and_then(|document| prove(document, network, input, progress));
    let bounds = proved.and_then(|p| match (&p.document.noise, &p.bounds) {
        (Some(noise), Some(bounds)) => noise::short(&p.document, noise, bounds),
        _ => Ok(Vec::new()),
    });
    bounds.map_err(NetworkOutcome::refused)
}

/// What a verified certificate of one level of worst-case noise around the twin says, in numbers.
pub(crate) struct Deviation {
    /// For each activation its table's digest, what that stands for, and B.
    pub(crate) uses: Vec<(String, Function, Rational)>,
    /// For each activation what its noise may be, in units of B.
    pub(crate) worst: Vec<Rational>,
    /// For each activation a bound of |x|, noise at the earlier ones included.
    pub(crate) reach: Vec<Rational>,
    pub(crate) class: u64,
    /// Enclosures of the twin's logits.
    pub(crate) twin: Vec<(Rational, Rational)>,
    /// How far the class minus every other logit moves, and every logit.
    pub(crate) margins: Vec<Rational>,
    pub(crate) logits: Vec<Rational>,
    /// A bound of the input's elements.
    pub(crate) input: Rational,
}

/// Checks a certificate of one level of worst-case noise around the twin, of margins and logits.
///
/// # Errors
/// What [`check_network`] refuses, and another kind of certificate.
pub(crate) fn deviation(
    certificate: Tree,
    network: &[u8],
    input: &[u8],
    progress: &mut dyn FnMut(usize, usize),
) -> Checked<Deviation> {
    let proved = prove(document::read_tree(certificate)?, network, input, progress)?;
    let other = || {
        let text = "it is to be about one level of worst-case noise around the twin, of margins and logits, no sigma, every table exact";
        Fault::rejected(Rule::Own("deviation"), text)
    };
    let document = &proved.document;
    let (Some(noise), Some(bounds)) = (&document.noise, &proved.bounds) else {
        return Err(other());
    };
    noise::judge(document, noise, bounds)?;
    let uses = document.uses();
    let [(words, Some(stated))] = noise.stated.as_slice() else {
        return Err(other());
    };
    let plain = words.sigma.iter().all(Rational::is_zero) && words.envelope.is_none();
    let fits = noise.targets == Targets::Both && noise.own.is_empty() && noise.exact_centre;
    if !plain || !fits || uses.len() != document.activations.len() {
        return Err(other());
    }
    let split = document.network_logits.len().saturating_sub(1);
    let (margins, logits) = stated
        .deviations
        .split_at_checked(split)
        .ok_or_else(other)?;
    let count = document.activations.len();
    let mut reach = proved.reach.iter().zip(&stated.layers);
    Ok(Deviation {
        uses,
        worst: match words.worst.as_slice() {
            [one] => vec![one.clone(); count],
            each => each.to_vec(),
        },
        reach: reach.by_ref().map(|(x, d)| x.plus(d)).collect(),
        class: document.class,
        twin: document.twin_logits.clone(),
        margins: margins.to_vec(),
        logits: logits.to_vec(),
        input: proved.input,
    })
}

/// A certificate whose logits are proved, with the bounds of its noise.
struct Proved {
    document: NetworkDocument,
    bounds: Option<Bounds>,
    /// For each activation a bound of its input without noise, where there are bounds; and of the network's input.
    reach: Vec<Rational>,
    input: Rational,
    /// Layers of polynomials of the network's own.
    own: usize,
}

impl Proved {
    fn report(self) -> Checked<NetworkReport> {
        let document = self.document;
        let noise = match (&document.noise, &self.bounds) {
            (Some(noise), Some(bounds)) => Some(noise::judge(&document, noise, bounds)?),
            (None, None) => None,
            _ => return Err(Fault::internal("noise")),
        };
        let budget = Budget::new();
        let numerals = Numerals(&budget);
        let words = document
            .twin_logits
            .iter()
            .map(|(lo, hi)| Ok((numerals.decimal(lo, false)?, numerals.decimal(hi, true)?)));
        Ok(NetworkReport {
            uses: document.uses(),
            standing: document.standing(),
            class: document.class,
            activations: document.activations.len(),
            own: self.own,
            twin: words.collect::<Checked<_>>()?,
            noise,
            network_sha256: document.network_sha256,
            input_sha256: document.input_sha256,
            direct: document.tables.iter().any(TwinTable::is_direct),
            tables: document
                .tables
                .iter()
                .map(|t| table_words(t, &numerals))
                .collect::<Checked<_>>()?,
        })
    }
}

fn prove(
    document: NetworkDocument,
    network: &[u8],
    input: &[u8],
    progress: &mut dyn FnMut(usize, usize),
) -> Checked<Proved> {
    for (what, bytes, stated) in [
        ("network", network, &document.network_sha256),
        ("input", input, &document.input_sha256),
    ] {
        let computed = of_bytes(bytes);
        if computed != *stated {
            let stated = printable(stated);
            return Err(Fault::rejected(
                Rule::Own("digest"),
                format!(
                    "the {what} file's sha256 is {computed}, the certificate is about {stated}"
                ),
            ));
        }
    }
    let precision = document.precision;
    let bytes = network.len();
    let network = read::network(network).map_err(|e| e.at("network"))?;
    let size = network.input.iter().product();
    let (mid, rounded) = read::input(input, size, precision).map_err(|e| e.at("input"))?;
    let radius = BigInt::from(u8::from(rounded));
    let input = Balls { mid, radius };
    let greatest = |x: &Balls| Rational::dyadic(x.greatest() + &x.radius, precision);
    let largest = greatest(&input);
    let needed = network.nodes.iter().filter(|n| n.layer.is_activation());
    let needed = needed.count();
    if needed != document.activations.len() {
        let than = if document.activations.len() < needed {
            "fewer"
        } else {
            "more"
        };
        return Err(Fault::rejected(
            Rule::Own("activations"),
            format!("{than} than the network has"),
        ));
    }
    smooth::limit(&network)?;
    if document.noise.is_some() {
        if let Some((function, _)) = smooth::formulas(&network).next() {
            return Err(Fault::rejected(
                Rule::Own("activations"),
                format!(
                    "noise is not bounded through smooth activations, and the network has {}",
                    printable(function.text())
                ),
            ));
        }
    }
    let origins: Vec<usize> = (0..needed).collect();
    let found = substitutes(&document, &origins)?;
    limit_work(&network, bytes, &found, precision, false)?;
    let plain = |network: &Network, trace: &mut dyn FnMut(&Balls)| {
        let logits = evaluate(network, &input, None, precision, trace)?;
        compare(
            &logits,
            &document.network_logits,
            document.class,
            Rule::Own("network_logits"),
            precision,
        )
    };
    let twin = |network: &Network, found: &[Substitute], trace: &mut dyn FnMut(&Balls)| {
        let logits = evaluate(network, &input, Some(found), precision, trace)?;
        compare(
            &logits,
            &document.twin_logits,
            document.class,
            Rule::Own("twin_logits"),
            precision,
        )
    };
    let bent = network.nodes.iter().filter(|n| n.layer.is_bent());
    let own = bent.clone().count() - needed;
    let Some(noise) = &document.noise else {
        plain(&network, &mut |_| {})?;
        twin(&network, &found, &mut |_| {})?;
        return Ok(Proved {
            document,
            bounds: None,
            reach: Vec::new(),
            input: largest,
            own,
        });
    };
    let activations = under_noise(&document, noise, bent)?;
    // Under noise the trajectory is needed too, of the network whose max-pooling is a tournament: with ReLU
    // it is the same function, and with polynomials the same twin.
    let mut centres = Vec::new();
    let mut trace = |x: &Balls| centres.push(x.clone());
    if noise.exact_centre {
        plain(&network, &mut |_| {})?;
    }
    let expanded = expand(network)?;
    let found = substitutes(&document, &replaced(&activations, &expanded.origins))?;
    limit_work(&expanded.network, bytes, &found, precision, true)?;
    if noise.exact_centre {
        twin(&expanded.network, &found, &mut trace)?;
    } else {
        plain(&expanded.network, &mut trace)?;
    }
    let bounds = noise::prove(
        &document,
        noise,
        &expanded,
        &activations,
        &centres,
        progress,
    )?;
    let mut reach = vec![Rational::integer(0); activations.len()];
    for (x, &origin) in centres.iter().zip(&expanded.origins) {
        if let Some(most) = reach.get_mut(origin) {
            *most = greatest(x).max(most.clone());
        }
    }
    Ok(Proved {
        bounds: Some(bounds),
        document,
        reach,
        input: largest,
        own,
    })
}

/// Table and B of every layer that is not linear, in the network's order.
fn under_noise<'a>(
    document: &NetworkDocument,
    noise: &NoiseClaim,
    bent: impl Iterator<Item = &'a NetworkNode> + Clone,
) -> Checked<Vec<(Option<usize>, Rational)>> {
    let own = bent.clone().filter(|n| !n.layer.is_activation()).count();
    if own != noise.own.len() {
        return Err(Fault::rejected(
            Rule::Own("activations"),
            format!(
                "{} units of noise of polynomials of the network's own, which has {own} layers of them",
                noise.own.len()
            ),
        ));
    }
    if own > 0 && !noise.exact_centre {
        return Err(Fault::rejected(
            Rule::Own("activations"),
            "relu_within says nothing of polynomials of the network's own",
        ));
    }
    let (mut tables, mut units) = (document.activations.iter(), noise.own.iter());
    let next = |node: &NetworkNode| match node.layer.is_activation() {
        true => tables.next().map(|(table, b)| (Some(*table), b.clone())),
        false => units.next().map(|b| (None, b.clone())),
    };
    let all: Option<Vec<_>> = bent.map(next).collect();
    all.ok_or_else(|| Fault::internal("activations"))
}

/// Of activations that come from these, which a table replaces: their numbers among those in the certificate.
fn replaced(activations: &[(Option<usize>, Rational)], origins: &[usize]) -> Vec<usize> {
    let of_table = |i: &usize| activations.get(*i).is_some_and(|a| a.0.is_some());
    let number = |i: &usize| (0..*i).filter(of_table).count();
    origins.iter().filter(|i| of_table(i)).map(number).collect()
}

/// The polynomials of activations; none where ReLU stands undisturbed.
fn substitutes(document: &NetworkDocument, origins: &[usize]) -> Checked<Vec<Substitute>> {
    let mut all = Vec::new();
    for &i in origins {
        let Some((table, scale)) = document.activations.get(i) else {
            continue;
        };
        if let Some(table) = document.tables.get(*table) {
            all.push(Substitute::new(table, scale, document.precision)?);
        }
    }
    Ok(all)
}

/// A table's digest, and its meaning where that is p(x) itself: the digest does not cover the target.
fn table_words(table: &TwinTable, numerals: &Numerals) -> Checked<String> {
    if !table.is_direct() {
        return Ok(table.sha256.clone());
    }
    let (lo, hi) = &table.domain;
    let function = table.smooth.as_ref().map(|(f, _)| printable(f.text()));
    let function = function.map_or(String::new(), |f| format!(" for {f}"));
    Ok(format!(
        "{}, of target {}{function}: p(x) itself on [{}, {}]",
        table.sha256,
        table.target.name(),
        numerals.decimal(lo, false)?,
        numerals.decimal(hi, true)?
    ))
}
