//! Certificates `polycert-network/1`: a ReLU network and its polynomial twin answer the same class on one
//! input. The contract is `certificates/NETWORK.md`.
//!
//! Nothing in the certificate is a hint: both networks are evaluated again, in integers over
//! 2^precision with a proved radius, and the stated enclosures are compared with the result.

mod activation;
mod file;
mod layers;

use crate::budget::Budget;
use crate::fault::{printable, Checked, Fault};
use crate::json::{each, parse, Tree};
use crate::number::{parse_count, Rational};
use crate::polynomial::Polynomial;
use crate::rounding::Mode;
use crate::table::{constant, Table};
use activation::Sign;
pub use file::MAX_FILE_BYTES;
use layers::{Balls, Layer};
use num_bigint::BigInt;
use sha2::{Digest, Sha256};
use std::fmt;

/// Most units of work, one some two nanoseconds: about five minutes.
const WORK: u64 = 1 << 37;
const MAX_TABLES: usize = 64;
const MAX_OUTPUTS: usize = 4_096;

/// The result of [`check_network`].
#[derive(Debug)]
pub enum NetworkOutcome {
    /// Every statement is proved.
    Verified(NetworkReport),
    /// Well formed, and not proved: the rule and the detail.
    Rejected(String),
    /// Not a certificate, network or input of these formats: where and what.
    Unreadable(String),
}

/// What a network certificate proves.
#[derive(Debug)]
pub struct NetworkReport {
    class: u64,
    activations: usize,
    network_sha256: String,
    input_sha256: String,
    tables: Vec<String>,
    twin: Vec<(String, String)>,
}

impl NetworkReport {
    /// The class that both networks answer.
    pub fn class(&self) -> u64 {
        self.class
    }
}

impl fmt::Display for NetworkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "VERIFIED the network and its polynomial twin both answer class {} on this input",
            self.class
        )?;
        writeln!(
            f,
            "  exact centre: {} activations in exact arithmetic, every polynomial inside its [-B, B], no noise",
            self.activations
        )?;
        for (i, (lo, hi)) in self.twin.iter().enumerate() {
            writeln!(f, "  the twin's logit {i} is in [{lo}, {hi}]")?;
        }
        writeln!(f, "  exact network sha256 {}", self.network_sha256)?;
        write!(f, "  exact input sha256 {}", self.input_sha256)?;
        for table in &self.tables {
            write!(f, "\n  table sha256 {table}")?;
        }
        Ok(())
    }
}

impl fmt::Display for NetworkOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(report) => report.fmt(f),
            Self::Rejected(detail) => write!(f, "REJECTED {detail}"),
            Self::Unreadable(detail) => write!(f, "UNREADABLE {detail}"),
        }
    }
}

/// Checks a network certificate against the exact network and the exact input that it is about.
///
/// **Inputs** the bytes of the three files.
///
/// **Guarantee** [`NetworkOutcome::Verified`] only if, over the reals, the network and the twin that the
/// certificate's tables define both answer the report's class on the input, no polynomial is used outside
/// [-B, B], and every logit lies in its stated enclosure.
///
/// **Cost** both evaluations, some 100 ns for each product of a weight (limited to a few minutes).
pub fn check_network(certificate: &[u8], network: &[u8], input: &[u8]) -> NetworkOutcome {
    match run(certificate, network, input) {
        Ok(report) => NetworkOutcome::Verified(report),
        Err(Fault::Rejected { rule, detail, .. }) => {
            NetworkOutcome::Rejected(format!("{rule}: {detail}"))
        }
        Err(Fault::Unreadable { path, detail }) if path.is_empty() => {
            NetworkOutcome::Unreadable(detail)
        }
        Err(Fault::Unreadable { path, detail }) => {
            NetworkOutcome::Unreadable(format!("{path}: {detail}"))
        }
    }
}

/// The certificate's content.
struct Document {
    network_sha256: String,
    input_sha256: String,
    tables: Vec<(String, Vec<Polynomial>)>,
    /// For each activation, its table and B.
    activations: Vec<(usize, Rational)>,
    precision: u64,
    class: u64,
    network_logits: Vec<(Rational, Rational)>,
    twin_logits: Vec<(Rational, Rational)>,
}

fn read(bytes: &[u8]) -> Checked<Document> {
    let budget = Budget::new();
    let number = |t: Tree| Rational::parse(t.text()?, &budget);
    let interval = |t: Tree| {
        let (lo, hi) = t.pair()?;
        Ok((number(lo)?, number(hi)?))
    };
    let mut fields = parse(bytes)?.object()?;
    fields.take("format", |t| constant(&t, "polycert-network/1"))?;
    fields.take("error_model", |t| constant(&t, "exact_centre"))?;
    let tables = fields.take("tables", |t| {
        each(t.list_of(1, MAX_TABLES)?, |t| {
            let mut fields = t.object()?;
            let table = fields.take("table", |t| Table::read(t, &budget))?;
            let mode = fields.take("coefficients", |t| Mode::parse(t.text()?))?;
            fields.finish()?;
            Ok((table.digest(&budget)?, table.polynomials(mode, &budget)?))
        })
    })?;
    let document = Document {
        network_sha256: fields.take("network_sha256", |t| Ok(t.text()?.to_owned()))?,
        input_sha256: fields.take("input_sha256", |t| Ok(t.text()?.to_owned()))?,
        activations: fields.take("activations", |t| {
            each(t.list()?, |t| {
                let (table, scale) = t.pair()?;
                let index = parse_count(table.text()?, 0, MAX_TABLES as u64)?;
                let scale = number(scale)?;
                let index = usize::try_from(index).unwrap_or(usize::MAX);
                if index >= tables.len() || !scale.is_positive() {
                    return Err(Fault::unreadable("no such table, or B is not above 0"));
                }
                Ok((index, scale))
            })
        })?,
        precision: fields.take("precision", |t| parse_count(t.text()?, 64, 4096))?,
        class: fields.take("class", |t| parse_count(t.text()?, 0, MAX_OUTPUTS as u64))?,
        network_logits: fields.take("network_logits", |t| {
            each(t.list_of(1, MAX_OUTPUTS)?, interval)
        })?,
        twin_logits: fields.take("twin_logits", |t| {
            each(t.list_of(1, MAX_OUTPUTS)?, interval)
        })?,
        tables,
    };
    fields.finish()?;
    Ok(document)
}

fn run(certificate: &[u8], network: &[u8], input: &[u8]) -> Checked<NetworkReport> {
    let document = read(certificate)?;
    for (what, bytes, stated) in [
        ("network", network, &document.network_sha256),
        ("input", input, &document.input_sha256),
    ] {
        let computed = sha256(bytes);
        if computed != *stated {
            let stated = printable(stated);
            return Err(Fault::rejected(
                "digest",
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
    let signs: Vec<Sign> = document
        .activations
        .iter()
        .filter_map(|(table, scale)| {
            let (_, polynomials) = document.tables.get(*table)?;
            Some(Sign::new(polynomials, scale, precision))
        })
        .collect();
    limit_work(&network, &signs, precision)?;
    let plain = evaluate(&network, &input, None, precision)?;
    compare(
        &plain,
        &document.network_logits,
        document.class,
        "network_logits",
        precision,
    )?;
    let twin = evaluate(&network, &input, Some(&signs), precision)?;
    compare(
        &twin,
        &document.twin_logits,
        document.class,
        "twin_logits",
        precision,
    )?;
    let budget = Budget::new();
    let numerals = crate::numerals::Numerals(&budget);
    let words = document
        .twin_logits
        .iter()
        .map(|(lo, hi)| Ok((numerals.decimal(lo, false)?, numerals.decimal(hi, true)?)));
    Ok(NetworkReport {
        class: document.class,
        activations: signs.len(),
        twin: words.collect::<Checked<_>>()?,
        network_sha256: document.network_sha256,
        input_sha256: document.input_sha256,
        tables: document
            .tables
            .into_iter()
            .map(|(digest, _)| digest)
            .collect(),
    })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Refuses work beyond the limit before it is done.
fn limit_work(network: &file::Network, signs: &[Sign], precision: u64) -> Checked<()> {
    let limbs = precision / 64 + 2;
    let mut units = 0u64;
    let mut signs = signs.iter();
    for node in &network.nodes {
        let out = node.shape.iter().product::<usize>() as u64;
        let each = match &node.layer {
            Layer::Conv { weights, .. } | Layer::Dense { weights, .. } => {
                (weights.len() / node.shape[0].max(1)) as u64 * 2 * (limbs + 30)
            }
            Layer::Relu { .. } => signs.next().map_or(0, Sign::products) * (limbs * limbs + 30),
            Layer::MaxPool { geometry } | Layer::AvgPool { geometry, .. } => {
                let window = (geometry.kernel[0] as u64).saturating_mul(geometry.kernel[1] as u64);
                let products = match node.layer {
                    Layer::MaxPool { .. } => signs.next().map_or(0, Sign::products),
                    _ => 1,
                };
                window.saturating_mul(products * (limbs * limbs + 30))
            }
            _ => 30,
        };
        units = units.saturating_add(out.saturating_mul(each));
    }
    if units > WORK {
        return Err(Fault::rejected(
            "limit",
            format!("{units} units of work, the limit is {WORK}"),
        ));
    }
    Ok(())
}

/// The logits of the network (no polynomials), or of its twin.
fn evaluate(
    network: &file::Network,
    input: &Balls,
    signs: Option<&[Sign]>,
    precision: u64,
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
                found
                    .map(Some)
                    .ok_or_else(|| Fault::rejected("activations", "fewer than the network has"))
            }
        };
        let within = |fault: Fault| match fault {
            Fault::Rejected { rule, detail, .. } => {
                Fault::rejected(&rule, format!("node {}: {detail}", i + 1))
            }
            other => other,
        };
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
            _ => layers::linear(node, &x, precision)?,
        };
        values.push(y);
        shapes.push(node.shape);
    }
    if signs.is_some_and(|all| all.len() != activation) {
        return Err(Fault::rejected("activations", "more than the network has"));
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
    place: &str,
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
