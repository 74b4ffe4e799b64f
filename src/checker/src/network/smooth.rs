//! Smooth activations on balls: a formula on the model of degree 2 of every element, whose range is what it may be.
//!
//! The model of x is mid + reach t with |t| <= 1, exactly the ball; what the series room proves of the formula's model holds for
//! every number in it. The radius is the greatest of all elements, about |f'| reach and what the formula's operations round.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Fixed;
use crate::network::balls::Balls;
use crate::network::model::layers::{Layer, Network};
use crate::series::evaluate::{evaluate, Scope};
use crate::series::expression::Formula;
use crate::series::model::Frame;
use crate::series::points::Points;
use num_bigint::BigInt;
use num_traits::Zero;

const DEGREE: usize = 2;
/// Elements that share a budget of work, some tenths of a second.
const CHUNK: usize = 512;
/// Most layers and elements: together some minutes.
const MAX_LAYERS: usize = 256;
const MAX_ELEMENTS: usize = 1 << 17;

/// The smooth layers' formulas, in the network's order.
pub(crate) fn formulas(network: &Network) -> impl Iterator<Item = (&Formula, usize)> {
    network.nodes.iter().filter_map(|node| match &node.layer {
        Layer::Smooth { function } => Some((function, node.shape.iter().product())),
        _ => None,
    })
}

/// Refuses more of them than can be evaluated in some minutes.
///
/// # Errors
/// The limit.
pub(crate) fn limit(network: &Network) -> Checked<()> {
    let (layers, elements) = (
        formulas(network).count(),
        formulas(network).map(|(_, n)| n).sum::<usize>(),
    );
    if layers > MAX_LAYERS || elements > MAX_ELEMENTS {
        return Err(Fault::rejected(
            Rule::Limit,
            format!(
                "{layers} layers of smooth activations with {elements} elements, the limits are {MAX_LAYERS} and {MAX_ELEMENTS}"
            ),
        ));
    }
    Ok(())
}

/// f of every number in the balls.
///
/// # Errors
/// A rejection where f is not proved to be defined on a ball, and beyond the work that is allowed.
pub(crate) fn apply(function: &Formula, x: &Balls, precision: u64) -> Checked<Balls> {
    let mut mid = Vec::with_capacity(x.mid.len());
    let mut radius = BigInt::zero();
    for (k, chunk) in x.mid.chunks(CHUNK).enumerate() {
        let fixed = Fixed {
            precision,
            budget: Budget::new(),
        };
        let points = Points::new(&fixed);
        let frame = Frame {
            fixed: &fixed,
            points: &points,
            degree: DEGREE,
            slack: BigInt::zero(),
        };
        for (i, m) in chunk.iter().enumerate() {
            let at = |fault: Fault| match fault {
                Fault::Rejected { rule, detail, .. } => {
                    Fault::rejected(rule, format!("element {}: {detail}", k * CHUNK + i))
                }
                other => other,
            };
            let model = frame.made(vec![m.clone(), x.radius.clone()], BigInt::zero());
            let value = model.and_then(|x| evaluate(&function.tree, &Scope::of_x(&x), &frame));
            let range = value.map_err(at)?.range();
            let middle: BigInt = (&range.lo + &range.hi) >> 1;
            // The middle is rounded down, so the upper end is the farther one.
            radius = radius.max(&range.hi - &middle);
            mid.push(middle);
        }
    }
    Ok(Balls { mid, radius })
}
