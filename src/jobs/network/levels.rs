//! The levels of noise that networks are held against.

use crate::arith::number::f64_above;
use crate::arith::upper::Upper;
use crate::certify::proof::prove;
use crate::certify::request::Request;
use crate::error::{Error, Result};
use crate::jobs::network::evaluated;
use crate::network::audit::level::Level;
use crate::network::forward::twin::Twin;
use crate::network::model::graph::Network;
use crate::network::model::ops::Op;
use crate::network::rows::subject::Centre;
use crate::network::rows::{Noise, NoiseLevel};
use crate::poly::{self};
use rug::float::Round;
use rug::Rational;
use std::path::PathBuf;

/// Most noise levels of one run.
const MAX_LEVELS: usize = 64;

/// How much noise a level has, in units of B: a number, or one for each activation.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount(pub Vec<Rational>);

impl From<Rational> for Amount {
    fn from(everywhere: Rational) -> Self {
        Self(vec![everywhere])
    }
}

/// Noise at the activations.
#[derive(Debug, Clone, Default)]
pub struct NoiseLevels {
    /// Bounds of |noise|, in units of B; each is a level.
    pub worst: Vec<Amount>,
    /// Sub-Gaussian proxies of independent noise, in units of B; each is a level.
    pub sigma: Vec<Amount>,
    /// Evaluation certificates of the twin's tables: the noise that they prove. One that serves every activation is a level; those
    /// that serve some are one level together. A composite's serves every B, in units of it; a direct table's the table.
    pub evaluations: Vec<PathBuf>,
}

impl NoiseLevels {
    /// The levels: worst cases, then sigmas, then what certificates prove; none if nothing is asked for.
    ///
    /// # Errors
    /// A level outside [0, 1], lists of another length than the network has activations, too many levels, or evaluation
    /// certificates that are not verified or do not serve every activation.
    pub fn levels(&self, network: &Network, twin: &Twin, centre: Centre) -> Result<Vec<Level>> {
        let mut all = Vec::new();
        for (list, kind) in [(&self.worst, "worst"), (&self.sigma, "sigma")] {
            for amount in list {
                all.push(stated(amount, kind, twin.activations.len())?);
            }
        }
        all.extend(evaluated::levels(&self.evaluations, network, twin, centre)?);
        if all.len() > MAX_LEVELS {
            return Err(Error::domain(format!(
                "{} noise levels; one run takes {MAX_LEVELS} at most",
                all.len()
            )));
        }
        Ok(all)
    }
}

/// A level as it was asked for.
fn stated(amount: &Amount, kind: &str, activations: usize) -> Result<Level> {
    let Amount(list) = amount;
    if list.len() != 1 && list.len() != activations {
        return Err(Error::domain(format!(
            "--{kind}: {} amounts joined by colons; give one, or one for each of the {activations} activations",
            list.len()
        )));
    }
    let mut each = Vec::with_capacity(list.len());
    for level in list {
        let up = f64_above(level);
        if !(0.0..=1.0).contains(&up) {
            return Err(Error::domain(format!(
                "a noise level is from 0 to 1 in units of B, not {level}{}",
                match level.is_integer() && *level > 1 && *level < 1_000 {
                    true => format!("; did you mean 2^-{level}?"),
                    false => String::new(),
                }
            )));
        }
        each.push(match kind {
            "worst" => Noise {
                worst: up,
                ..Noise::default()
            },
            _ => Noise {
                sigma: up,
                ..Noise::default()
            },
        });
    }
    let name = match list.as_slice() {
        [one] => format!("{kind} {} B", short(one)),
        many => {
            let (least, most) = (many.iter().min(), many.iter().max());
            let ends = least.zip(most).map(|(a, b)| (short(a), short(b)));
            let (least, most) = ends.unwrap_or_default();
            format!("{kind} by layer {least} to {most} B")
        }
    };
    Ok(Level {
        name,
        noise: match each.as_slice() {
            [one] => NoiseLevel::Everywhere(*one),
            _ => NoiseLevel::Layers(each),
        },
        exact: list.clone(),
        rests_on: None,
    })
}

/// 2^-22 for powers of two, a decimal otherwise.
fn short(level: &Rational) -> String {
    if *level.numer() == 1 && level.denom().is_power_of_two() {
        return format!("2^-{}", level.denom().significant_bits() - 1);
    }
    format!("{:e}", level.to_f64())
}

/// The table's proved error, and its proved envelope: any function that keeps to them. A leaky ReLU of slope a differs by |1 - a|
/// times as much.
///
/// # Errors
/// Several tables, and what the proof refuses.
pub(super) fn proved_levels(network: &Network, twin: &Twin) -> Result<Vec<Level>> {
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
    // Upper bounds of |1 - a|.
    let ops = network
        .activations()
        .into_iter()
        .map(|id| &network.nodes[id].op);
    let rest = ops.map(|op| match op {
        Op::Relu { slope } if *slope != 0.0 => (1.0 - slope).abs().next_up(),
        _ => 1.0,
    });
    let rest: Vec<f64> = rest.collect();
    let level = |name: String, envelope: Option<(f64, f64)>| {
        let each = rest.iter().map(|rest| {
            let times = |x: f64| Upper::of(x).scaled(*rest).get();
            Noise {
                worst: times(worst),
                sigma: 0.0,
                envelope: envelope.map(|(tau, zone)| (times(tau), zone)),
            }
        });
        let each: Vec<Noise> = each.collect();
        Level {
            name,
            noise: match each.iter().all(|n| *n == each[0]) {
                true => NoiseLevel::Everywhere(each[0]),
                false => NoiseLevel::Layers(each),
            },
            exact: Vec::new(),
            rests_on: None,
        }
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
