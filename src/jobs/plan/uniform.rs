//! One design and one B at every layer: what a plan is compared with.

use crate::arith::number;
use crate::error::Result;
use crate::jobs::plan::choose::Choice;
use crate::jobs::plan::designs::Design;
use crate::jobs::plan::effects::Chosen;
use crate::jobs::plan::rows::{bootstraps, Uniform};
use crate::network::model::graph::Network;
use crate::plan::flow::players;
use crate::poly::cost::Cost;
use rug::Rational;

/// The cheapest composite that keeps what is wanted with the greatest B everywhere, or else the cheapest one of so many bits;
/// none where there is none, or where layers have different designs to choose from.
///
/// # Errors
/// What the programme refuses.
pub fn uniform(choice: &Choice, network: &Network, bits: Option<u32>) -> Result<Option<Uniform>> {
    let Some(b) = choice.layers.iter().map(|l| &l.b).max() else {
        return Ok(None);
    };
    let first = choice.designs[0];
    if choice.designs.iter().any(|d| d.len() != first.len()) {
        return Ok(None);
    }
    let mut all = Vec::new();
    let precise = |d: &usize| match bits {
        Some(bits) => -number::estimate_log2(&first[*d].bound_error) >= f64::from(bits),
        None => true,
    };
    let composites = (0..first.len()).filter(|&d| first[d].block.product);
    for d in composites.filter(precise) {
        let designs = vec![d; choice.layers.len()];
        if let Some((_, plan)) = choice.with(&designs)? {
            all.push((d, plan));
        }
    }
    all.sort_by(|a, b| a.1.price.total_cmp(&b.1.price));
    for (d, plan) in all {
        let kept = kept(choice, &first[d], b);
        if bits.is_some() || choice.suffices(kept) {
            let one = first[d].block.cost();
            let layers = choice.layers.iter();
            let costs = layers.map(|l| one.of_tournament(players(network, l.node)));
            return Ok(Some(Uniform {
                design: first[d].name.clone(),
                table: first[d].table.clone(),
                b: b.clone(),
                cost: Cost::sum(costs),
                bootstraps: bootstraps(choice.flow, &plan),
                estimate_ms: plan.price,
                estimate_kept: kept,
            }));
        }
    }
    Ok(None)
}

fn kept(choice: &Choice, design: &Design, b: &Rational) -> usize {
    let chosen: Chosen = choice.layers.iter().map(|_| (design, b.to_f64())).collect();
    choice.estimate_kept_with(&chosen)
}
