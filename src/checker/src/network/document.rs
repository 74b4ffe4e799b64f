//! The content of network certificates, with and without noise (certificates/NETWORK.md).

use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::format::json::{each, parse, Fields, Tree};
use crate::format::numbers::parse_count;
use crate::format::path::printable;
use crate::format::rounding::Mode;
use crate::format::table::{constant, Table};
use crate::network::rows::level::NoiseLevel;
use crate::network::rows::upper::Upper;
use crate::series::expression::Formula;
use crate::series::program::Program;

const MAX_TABLES: usize = 64;
pub(crate) const MAX_OUTPUTS: usize = 4_096;
const MAX_LEVELS: usize = 8;

/// A table, and what it means for an activation.
pub(crate) struct TwinTable {
    pub(crate) sha256: String,
    pub(crate) mode: Mode,
    pub(crate) polynomials: Vec<Polynomial>,
    pub(crate) target: Function,
    /// Of the leaky ReLU that p is itself.
    pub(crate) slope: Option<Rational>,
    pub(crate) domain: (Rational, Rational),
    /// Of a smooth target its function, and the value that is made of p.
    pub(crate) smooth: Option<(Formula, Option<Program>)>,
    /// Whether the domain is several intervals.
    pub(crate) has_segments: bool,
}

impl NetworkDocument {
    /// For each activation the digest of its table, exact coefficients alone, what the table stands for, which its digest does
    /// not cover, and B.
    pub(crate) fn uses(&self) -> Vec<(String, Function, Rational)> {
        let table = |(table, b): &(usize, Rational)| {
            let table = self.tables.get(*table).filter(|t| t.mode == Mode::Exact)?;
            Some((table.sha256.clone(), table.target, b.clone()))
        };
        let all: Option<Vec<_>> = self.activations.iter().map(table).collect();
        all.unwrap_or_default()
    }

    /// The levels of worst-case noise around the undisturbed twin, one number for each activation, at which the class is
    /// stated to stay.
    pub(crate) fn standing(&self) -> Vec<Vec<Rational>> {
        let count = self.activations.len();
        // Units of the network's own polynomials stand between those of activations.
        let plain = |noise: &&NoiseClaim| noise.exact_centre && noise.own.is_empty();
        let noise = self.noise.as_ref().filter(plain);
        let stated = noise.iter().flat_map(|noise| &noise.stated);
        let stays = stated.filter(|(words, stated)| {
            let plain = words.envelope.is_none() && words.sigma.iter().all(Rational::is_zero);
            plain && stated.as_ref().is_some_and(|s| s.stays)
        });
        stays
            .map(|(words, _)| match words.worst.as_slice() {
                [one] => vec![one.clone(); count],
                each => each.to_vec(),
            })
            .collect()
    }
}

impl TwinTable {
    /// Whether p itself stands in for an activation.
    pub(crate) fn is_direct(&self) -> bool {
        self.target.is_of_p_itself()
    }
}

/// The certificate's content.
pub(crate) struct NetworkDocument {
    pub(crate) network_sha256: String,
    pub(crate) input_sha256: String,
    pub(crate) tables: Vec<TwinTable>,
    /// For each activation, its table (0 where there is none) and B.
    pub(crate) activations: Vec<(usize, Rational)>,
    pub(crate) precision: u64,
    pub(crate) class: u64,
    pub(crate) network_logits: Vec<(Rational, Rational)>,
    /// Empty where ReLU stands undisturbed.
    pub(crate) twin_logits: Vec<(Rational, Rational)>,
    pub(crate) noise: Option<NoiseClaim>,
}

/// Which linear functions of the result are bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Targets {
    /// The class minus every other logit.
    Margins,
    Logits,
    /// Margins, then logits.
    Both,
}

/// What a certificate says of noise.
pub(crate) struct NoiseClaim {
    /// Whether the twin stands undisturbed, or the ReLU network.
    pub(crate) exact_centre: bool,
    /// Deviations of the differences of the class's logit to the others, or of every logit.
    pub(crate) targets: Targets,
    /// For each layer of polynomials of the network's own the unit of its noise.
    pub(crate) own: Vec<Rational>,
    pub(crate) levels: Vec<NoiseLevel>,
    /// The same in words, and what is stated of each.
    pub(crate) stated: Vec<(LevelWords, Option<Stated>)>,
}

/// A level as it is stated.
pub(crate) struct LevelWords {
    /// One number, or one for each activation.
    pub(crate) worst: Vec<Rational>,
    pub(crate) sigma: Vec<Rational>,
    pub(crate) envelope: Option<(Rational, Rational)>,
}

/// The bounds of a level; a draft has none.
pub(crate) struct Stated {
    pub(crate) layers: Vec<Rational>,
    pub(crate) deviations: Vec<Rational>,
    pub(crate) stays: bool,
}

fn interval(t: Tree, budget: &Budget) -> Checked<(Rational, Rational)> {
    let (lo, hi) = t.pair()?;
    Ok((
        Rational::parse(lo.text()?, budget)?,
        Rational::parse(hi.text()?, budget)?,
    ))
}

pub(crate) fn read(bytes: &[u8]) -> Checked<NetworkDocument> {
    read_tree(parse(bytes)?)
}

/// The same of what is read already.
pub(crate) fn read_tree(tree: Tree) -> Checked<NetworkDocument> {
    let budget = &Budget::new();
    let mut fields = tree.object()?;
    let noisy = fields.take("format", |t| match t.text()? {
        "polycert-network-deviation/1" => Ok(true),
        _ => constant(&t, "polycert-network/1").map(|()| false),
    })?;
    let exact_centre = fields.take("error_model", |t| match (noisy, t.text()?) {
        (_, "exact_centre") => Ok(true),
        (true, "relu_within") => Ok(false),
        _ => {
            let models = if noisy {
                "exact_centre or relu_within"
            } else {
                "exact_centre"
            };
            Err(Fault::unreadable(format!("{models} is expected")))
        }
    })?;
    let tables = match exact_centre {
        true => fields.take("tables", |t| read_tables(t, budget))?,
        false => Vec::new(),
    };
    let scale = |t: Tree| positive(&t, budget);
    let logits = |t: Tree| each(t.list_of(1, MAX_OUTPUTS)?, |t| interval(t, budget));
    let activations: Vec<(usize, Rational)> = fields.take("activations", |t| {
        each(t.list()?, |t| {
            if !exact_centre {
                return Ok((0, scale(t)?));
            }
            let (table, b) = t.pair()?;
            let index = parse_count(table.text()?, 0, MAX_TABLES as u64)?;
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if index >= tables.len() {
                return Err(Fault::unreadable("no such table"));
            }
            Ok((index, scale(b)?))
        })
    })?;
    let document = NetworkDocument {
        network_sha256: fields.take("network_sha256", |t| Ok(t.text()?.to_owned()))?,
        input_sha256: fields.take("input_sha256", |t| Ok(t.text()?.to_owned()))?,
        precision: fields.take("precision", |t| parse_count(t.text()?, 64, 4096))?,
        class: fields.take("class", |t| parse_count(t.text()?, 0, MAX_OUTPUTS as u64))?,
        network_logits: fields.take("network_logits", logits)?,
        twin_logits: match exact_centre {
            true => fields.take("twin_logits", logits)?,
            false => Vec::new(),
        },
        noise: match noisy {
            true => {
                let shape = (exact_centre, activations.len());
                Some(read_noise(&mut fields, shape, budget)?)
            }
            false => None,
        },
        tables,
        activations,
    };
    fields.finish()?;
    Ok(document)
}

/// B.
fn positive(t: &Tree, budget: &Budget) -> Checked<Rational> {
    let scale = Rational::parse(t.text()?, budget)?;
    match scale.is_positive() {
        true => Ok(scale),
        false => Err(Fault::unreadable("B is not above 0")),
    }
}

fn read_tables(t: Tree, budget: &Budget) -> Checked<Vec<TwinTable>> {
    each(t.list_of(0, MAX_TABLES)?, |t| {
        let mut fields = t.object()?;
        let table = fields.take("table", |t| Table::read(t, budget))?;
        let mode = fields.take("coefficients", |t| Mode::parse(t.text()?))?;
        fields.finish()?;
        let has_segments = table.has_segments();
        Ok(TwinTable {
            sha256: table.digest(budget)?,
            polynomials: table.polynomials(mode, budget)?,
            target: table.target,
            slope: table.slope,
            has_segments,
            mode,
            smooth: table.smooth,
            domain: (table.lo, table.hi),
        })
    })
}

fn read_noise(
    fields: &mut Fields,
    (exact_centre, activations): (bool, usize),
    budget: &Budget,
) -> Checked<NoiseClaim> {
    let targets = fields.take("targets", |t| match t.text()? {
        "margins" => Ok(Targets::Margins),
        "logits" => Ok(Targets::Logits),
        "both" => Ok(Targets::Both),
        _ => Err(Fault::unreadable("margins, logits or both is expected")),
    })?;
    let own: Vec<Rational> = fields
        .take_maybe("polynomials", |t| each(t.list()?, |t| positive(&t, budget)))?
        .unwrap_or_default();
    let shape = (exact_centre, activations + own.len());
    let read = |t: Tree| read_level(t, shape, budget);
    let stated: Vec<(LevelWords, Option<Stated>)> =
        fields.take("levels", |t| each(t.list_of(1, MAX_LEVELS)?, read))?;
    let level = |(words, _): &(LevelWords, Option<Stated>)| NoiseLevel {
        worst: words.worst.iter().map(Upper::rational).collect(),
        sigma: words.sigma.iter().map(Upper::rational).collect(),
        envelope: words
            .envelope
            .as_ref()
            .map(|(tau, zone)| (Upper::rational(tau), zone.clone())),
    };
    Ok(NoiseClaim {
        exact_centre,
        targets,
        own,
        levels: stated.iter().map(level).collect(),
        stated,
    })
}

fn read_level(
    t: Tree,
    (exact_centre, activations): (bool, usize),
    budget: &Budget,
) -> Checked<(LevelWords, Option<Stated>)> {
    let zero = Rational::integer(0);
    let one = Rational::integer(1);
    let share = |t: Tree| {
        let x = Rational::parse(t.text()?, budget)?;
        match zero <= x && x <= one {
            true => Ok(x),
            false => Err(Fault::unreadable("a number from 0 to 1 is expected")),
        }
    };
    let bounds = |t: Tree| {
        each(t.list_of(0, MAX_OUTPUTS)?, |t| {
            let x = Rational::parse(t.text()?, budget)?;
            match zero <= x {
                true => Ok(x),
                false => Err(Fault::unreadable("a bound below 0")),
            }
        })
    };
    let mut fields = t.object()?;
    let amounts = |t: Tree| match t {
        Tree::List(list) if list.len() == activations => each(list, share),
        Tree::List(list) => Err(Fault::unreadable(format!(
            "{} numbers, where there are {activations} activations",
            list.len()
        ))),
        one => Ok(vec![share(one)?]),
    };
    let worst = fields.take("worst", amounts)?;
    let sigma = fields.take("sigma", amounts)?;
    let envelope = match exact_centre {
        true => None,
        false => fields.take_maybe("envelope", |t| {
            let (tau, zone) = t.pair()?;
            Ok((share(tau)?, share(zone)?))
        })?,
    };
    let layers = fields.take_maybe("layers", bounds)?;
    let stated = match layers {
        None => None,
        Some(layers) => Some(Stated {
            layers,
            deviations: fields.take("deviations", bounds)?,
            stays: fields.take("class", |t| match t.text()? {
                "stays" => Ok(true),
                "open" => Ok(false),
                other => {
                    let other = printable(other);
                    Err(Fault::unreadable(format!(
                        "{other} is neither stays nor open"
                    )))
                }
            })?,
        }),
    };
    fields.finish()?;
    let words = LevelWords {
        worst,
        sigma,
        envelope,
    };
    Ok((words, stated))
}
