//! Certificates of networks: a ReLU network and its polynomial twin answer the same class on one input, and
//! noise at the activations moves the result by at most so much. The contract is `certificates/NETWORK.md`.
//!
//! Nothing in the certificate is a hint: both networks are evaluated again, in integers over
//! 2^precision with a proved radius, bounds under noise are computed again ([`rows`]), and the stated
//! enclosures and bounds are compared with the result.

mod activation;
mod document;
mod linear;
pub(crate) mod model;
pub(crate) mod noise;
pub(crate) mod report;
mod rows;

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::format::path::printable;
use crate::network::activation::Sign;
use crate::network::document::{read, Document};
use crate::network::linear::{Balls, Layer};
use crate::network::model::read as file;
use crate::network::noise::NoiseBounds;
use crate::network::report::{NetworkOutcome, NetworkReport};
use crate::network::rows::{expand, Bounds};
use num_bigint::BigInt;
use sha2::{Digest, Sha256};

/// Most units of work, one some two nanoseconds: about five minutes.
const WORK: u64 = 1 << 37;
/// Most bytes of all midpoints together.
const MEMORY: u64 = 1 << 31;
/// Values beyond 2^1100 are beyond what any program's numbers hold.
const MAX_BITS: u64 = 1_100;

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
    let report = prove(certificate, network, input, progress).and_then(Proved::report);
    report.map_or_else(refused, |r| NetworkOutcome::Verified(Box::new(r)))
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
    let proved = prove(draft, network, input, progress);
    let bounds = proved.and_then(|p| match (&p.document.noise, &p.bounds) {
        (Some(noise), Some(bounds)) => noise::short(&p.document, noise, bounds),
        _ => Ok(Vec::new()),
    });
    bounds.map_err(refused)
}

fn refused(fault: Fault) -> NetworkOutcome {
    match fault {
        Fault::Rejected { rule, detail, .. } => {
            NetworkOutcome::Rejected(format!("{}: {detail}", rule.name()))
        }
        Fault::Unreadable { path, detail } if path.is_empty() => NetworkOutcome::Unreadable(detail),
        Fault::Unreadable { path, detail } => {
            NetworkOutcome::Unreadable(format!("{path}: {detail}"))
        }
    }
}

/// A certificate whose logits are proved, with the bounds of its noise.
struct Proved {
    document: Document,
    bounds: Option<Bounds>,
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
        let numerals = crate::words::numerals::Numerals(&budget);
        let words = document
            .twin_logits
            .iter()
            .map(|(lo, hi)| Ok((numerals.decimal(lo, false)?, numerals.decimal(hi, true)?)));
        Ok(NetworkReport {
            class: document.class,
            activations: document.activations.len(),
            twin: words.collect::<Checked<_>>()?,
            noise,
            network_sha256: document.network_sha256,
            input_sha256: document.input_sha256,
            tables: document
                .tables
                .into_iter()
                .map(|(digest, _)| digest)
                .collect(),
        })
    }
}

fn prove(
    certificate: &[u8],
    network: &[u8],
    input: &[u8],
    progress: &mut dyn FnMut(usize, usize),
) -> Checked<Proved> {
    let document = read(certificate)?;
    for (what, bytes, stated) in [
        ("network", network, &document.network_sha256),
        ("input", input, &document.input_sha256),
    ] {
        let computed = sha256(bytes);
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
    let network = file::network(network).map_err(|e| e.at("network"))?;
    let size = network.input.iter().product();
    let mid = file::input(input, size, precision).map_err(|e| e.at("input"))?;
    let radius = BigInt::from(1);
    let input = Balls { mid, radius };
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
    let origins: Vec<usize> = (0..needed).collect();
    let signs = signs(&document, &origins);
    limit_work(&network, &signs, precision)?;
    let plain = |network: &file::Network, trace: &mut dyn FnMut(&Balls)| {
        let logits = evaluate(network, &input, None, precision, trace)?;
        compare(
            &logits,
            &document.network_logits,
            document.class,
            Rule::Own("network_logits"),
            precision,
        )
    };
    let twin = |network: &file::Network, signs: &[Sign], trace: &mut dyn FnMut(&Balls)| {
        let logits = evaluate(network, &input, Some(signs), precision, trace)?;
        compare(
            &logits,
            &document.twin_logits,
            document.class,
            Rule::Own("twin_logits"),
            precision,
        )
    };
    let Some(noise) = &document.noise else {
        plain(&network, &mut |_| {})?;
        twin(&network, &signs, &mut |_| {})?;
        return Ok(Proved {
            document,
            bounds: None,
        });
    };
    // Under noise the trajectory is needed too, of the network whose max-pooling is a tournament: with ReLU
    // it is the same function, and with polynomials the same twin.
    let mut centres = Vec::new();
    let mut trace = |x: &Balls| centres.push(x.clone());
    if noise.exact_centre {
        plain(&network, &mut |_| {})?;
    }
    let expanded = expand(network)?;
    let signs = self::signs(&document, &expanded.origins);
    limit_work(&expanded.network, &signs, precision)?;
    if noise.exact_centre {
        twin(&expanded.network, &signs, &mut trace)?;
    } else {
        plain(&expanded.network, &mut trace)?;
    }
    let bounds = noise::prove(&document, noise, &expanded, &centres, progress)?;
    Ok(Proved {
        bounds: Some(bounds),
        document,
    })
}

/// The polynomials of activations; none where ReLU stands undisturbed.
fn signs(document: &Document, origins: &[usize]) -> Vec<Sign> {
    let sign = |&i: &usize| {
        let (table, scale) = document.activations.get(i)?;
        let (_, polynomials) = document.tables.get(*table)?;
        Some(Sign::new(polynomials, scale, document.precision))
    };
    origins.iter().filter_map(sign).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Refuses work and memory beyond the limits before they are taken.
fn limit_work(network: &file::Network, signs: &[Sign], precision: u64) -> Checked<()> {
    let limbs = precision / 64 + 2;
    let mut units = 0u64;
    let mut bytes = 0u64;
    let mut signs = signs.iter();
    for node in &network.nodes {
        let out = node.shape.iter().product::<usize>() as u64;
        let each = match &node.layer {
            Layer::Conv { weights, .. } | Layer::Dense { weights, .. } => {
                (weights.len() / node.shape[0].max(1)) as u64 * 2 * (limbs + 30)
            }
            Layer::Relu { .. } => signs.next().map_or(0, Sign::work) + 30,
            Layer::MaxPool { geometry } | Layer::AvgPool { geometry, .. } => {
                let window = (geometry.kernel[0] as u64).saturating_mul(geometry.kernel[1] as u64);
                let each = match node.layer {
                    Layer::MaxPool { .. } => signs.next().map_or(0, Sign::work),
                    _ => limbs * limbs,
                };
                window.saturating_mul(each.saturating_add(30))
            }
            _ => 30,
        };
        units = units.saturating_add(out.saturating_mul(each));
        bytes = bytes.saturating_add(out.saturating_mul(precision / 8 + 48));
    }
    if bytes > MEMORY {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("{bytes} bytes of numbers, the limit is {MEMORY}"),
        ));
    }
    if units > WORK {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("{units} units of work, the limit is {WORK}"),
        ));
    }
    Ok(())
}

/// The logits of the network (no polynomials), or of its twin; `trace` sees the input of every activation.
fn evaluate(
    network: &file::Network,
    input: &Balls,
    signs: Option<&[Sign]>,
    precision: u64,
    trace: &mut dyn FnMut(&Balls),
) -> Checked<Balls> {
    let mut values: Vec<Balls> = vec![input.clone()];
    let mut shapes = vec![network.input];
    let mut activation = 0;
    for (i, node) in network.nodes.iter().enumerate() {
        let mut x = Vec::new();
        for &k in &node.inputs {
            match (values.get(k), shapes.get(k)) {
                (Some(balls), Some(shape)) => x.push((balls, *shape)),
                _ => return Err(Fault::internal("node")),
            }
        }
        let Some(&(first, shape)) = x.first() else {
            return Err(Fault::internal("node without input"));
        };
        let mut next_sign = || match signs {
            None => Ok(None),
            Some(all) => {
                activation += 1;
                let found = all.get(activation - 1);
                found.map(Some).ok_or_else(|| {
                    Fault::rejected(Rule::Own("activations"), "fewer than the network has")
                })
            }
        };
        let within = |fault: Fault| match fault {
            Fault::Rejected { rule, detail, .. } => {
                Fault::rejected(rule, format!("node {}: {detail}", i + 1))
            }
            other => other,
        };
        if node.layer.is_activation() {
            trace(first);
        }
        let y = match &node.layer {
            Layer::Relu { slope } => {
                let r = match next_sign()? {
                    Some(sign) => sign.relu(first).map_err(within)?,
                    None => activation::exact_relu(first),
                };
                activation::leaky(slope, first, r, precision)
            }
            Layer::MaxPool { geometry } => {
                let windows = activation::windows(first, shape, node.shape, geometry)?;
                match next_sign()? {
                    Some(sign) => sign.tournament(windows, &first.radius).map_err(within)?,
                    None => Balls {
                        mid: windows
                            .into_iter()
                            .filter_map(|w| w.into_iter().max())
                            .collect(),
                        radius: first.radius.clone(),
                    },
                }
            }
            _ => linear::linear(node, &x, precision)?,
        };
        // Numbers that grow from layer to layer would make the work unbounded.
        if y.greatest().bits().max(y.radius.bits()) > precision + MAX_BITS {
            return Err(within(Fault::rejected(
                Rule::Limit,
                format!("numbers beyond 2^{MAX_BITS}"),
            )));
        }
        values.push(y);
        shapes.push(node.shape);
    }
    if signs.is_some_and(|all| all.len() != activation) {
        return Err(Fault::rejected(
            Rule::Own("activations"),
            "more than the network has",
        ));
    }
    if network.output >= values.len() {
        return Err(Fault::internal("output"));
    }
    Ok(values.swap_remove(network.output))
}

/// The stated enclosures hold the computed ones, and decide the class.
fn compare(
    computed: &Balls,
    stated: &[(Rational, Rational)],
    class: u64,
    place: Rule,
    precision: u64,
) -> Checked<()> {
    if computed.mid.len() != stated.len() {
        let n = computed.mid.len();
        return Err(Fault::rejected(
            place,
            format!("{} enclosures for {n} outputs", stated.len()),
        ));
    }
    for (i, (mid, (lo, hi))) in computed.mid.iter().zip(stated).enumerate() {
        // In units: ceil(lo) <= mid - radius and mid + radius <= floor(hi).
        let below = lo.ceil_at(precision) <= mid - &computed.radius;
        let above = mid + &computed.radius <= hi.floor_at(precision);
        if !(below && above) {
            return Err(Fault::rejected(
                place,
                format!("output {i} is not proved to lie in the stated enclosure at {precision} fractional bits"),
            ));
        }
    }
    let zero = Rational::integer(0);
    let decided = match stated {
        [(lo, hi)] => (class == 1 && *lo > zero) || (class == 0 && *hi < zero),
        _ => {
            let own = usize::try_from(class).ok().and_then(|c| stated.get(c));
            let others = || {
                stated
                    .iter()
                    .enumerate()
                    .filter(|(j, _)| *j as u64 != class)
            };
            own.is_some_and(|(lo, _)| others().all(|(_, (_, hi))| lo > hi))
        }
    };
    if decided {
        Ok(())
    } else {
        Err(Fault::rejected(
            place,
            format!("the enclosures do not decide class {class}"),
        ))
    }
}
