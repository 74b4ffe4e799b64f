//! Ranges that are chosen from what samples asked.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::network::forward::smooth;
use crate::network::model::graph::Network;
use crate::network::model::ops::Op;
use crate::network::ranges::summary::{Layer, Summary};
use crate::network::read::ranges::{Extent, Span};
use rug::Rational;

/// Digits of a range that is chosen, rounded outward.
const DIGITS: u32 = 3;

/// [-B, B] with B the margin times the greatest |input|, rounded up; of a function that is not defined at 0, whose inputs were all
/// above it (1/sqrt of a variance), from the least over the margin to the margin times the greatest.
///
/// **Inputs** what samples asked, by activation; the margin, 1 or more; whether each channel has a range of its own.
///
/// # Errors
/// A margin below 1.
pub(in crate::jobs) fn chosen(
    seen: &Summary,
    network: &Network,
    margin: &Rational,
    channels: bool,
) -> Result<Vec<Extent>> {
    if *margin < 1 {
        return Err(Error::domain(format!(
            "--margin {margin} is below 1: the samples that choose would leave their ranges"
        )));
    }
    let layer = |(l, node): (&Layer, usize)| {
        let positive = match &network.nodes[node].op {
            Op::Smooth(f) => smooth::estimate(f, 0.0).0.is_nan(),
            _ => false,
        };
        let span = |ends| span(ends, margin, positive);
        if channels {
            let all = l.channels.iter().map(|&c| span(c));
            Ok(Extent::Channels(all.collect::<Result<_>>()?))
        } else {
            Ok(Extent::All(span((l.bound_lo, l.bound_hi))?))
        }
    };
    seen.layers
        .iter()
        .zip(network.activations())
        .map(layer)
        .collect()
}

fn span((lo, hi): (f64, f64), margin: &Rational, positive: bool) -> Result<Span> {
    let exact = |x: f64| Rational::from_f64(x).unwrap_or_default();
    let rounded = |x: &Rational, up: bool| number::parse(&number::decimal(x, DIGITS, up));
    if positive && lo > 0.0 {
        let (least, most) = (exact(lo) / margin, exact(hi) * margin);
        return Span::new(rounded(&least, false)?, rounded(&most, true)?);
    }
    let most = exact(hi.max(-lo).max(0.0)) * margin;
    // Of neurons that are always 0, up to the rounding of their enclosures.
    let least = Rational::from(1) >> 100;
    let most = if most > least {
        most
    } else {
        Rational::from(1)
    };
    Span::symmetric(rounded(&most, true)?)
}
