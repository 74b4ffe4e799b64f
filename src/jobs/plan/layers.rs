//! The activations that a plan chooses polynomials for: where they are, what they see, B.

use crate::error::{Error, Result};
use crate::jobs::network::inputs::Inputs;
use crate::jobs::network::suggest::chosen;
use crate::network::audit::ended::Ended;
use crate::network::forward::compare::{Precision, MOST_BITS};
use crate::network::forward::Prepared;
use crate::network::model::graph::{Network, NodeId};
use crate::network::model::ops::Op;
use crate::network::ranges::sample::try_sample;
use crate::network::ranges::summary::Summary;
use crate::network::read::ranges::{Extent, Span};
use rayon::prelude::*;
use rug::Rational;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An activation that a polynomial replaces.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its name in the network's file.
    pub name: String,
    /// Its node.
    pub node: NodeId,
    /// Its place among all activations of the network.
    pub activation: usize,
    /// Slope of a leaky ReLU below 0; 0 of ReLU and max-pooling.
    pub slope: f64,
    /// Greatest |input| on the samples that choose: a proved upper bound.
    pub bound_reach: f64,
    /// B: its polynomial is used on [-B, B].
    pub b: Rational,
}

/// The activations of a network with what they see on samples.
///
/// **Guarantee** on each of these samples every input of an activation of the exact network is within its B.
///
/// # Errors
/// A smooth function, for which there are no designs; a sample that cannot be evaluated.
pub fn layers(
    prepared: &Prepared,
    inputs: &Inputs,
    samples: &[usize],
    margin: &Rational,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Layer>> {
    let network = prepared.network();
    let activations = network.activations();
    for &id in &activations {
        let node = &network.nodes[id];
        if let Op::Smooth(f) = &node.op {
            return Err(Error::unsupported(format!(
                "plan: layer {:?} is {f}; there are designs for ReLU, leaky ReLU and max-pooling",
                node.name
            )));
        }
    }
    let wide = Span::symmetric(Rational::from(1) << 1_000)?;
    let free = vec![Extent::All(wide); activations.len()];
    let done = AtomicUsize::new(0);
    let precision = Precision::BY_NEED.up_to(MOST_BITS);
    let one = |&sample: &usize| {
        let x = inputs.point(sample)?;
        let trial = try_sample(prepared, &free, None, x.given(), precision)?;
        if let Some(why) = &trial.ended {
            return Err(Error::domain(format!("sample {sample}: {why}")));
        }
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, samples.len());
        Ok((sample, trial))
    };
    let ended = Ended::default();
    let trials = samples.par_iter();
    let trials = trials.filter_map(|sample| ended.unless(|| one(sample)));
    let trials: Vec<_> = trials.collect::<Result<_>>()?;
    let seen = Summary::new(&trials, activations.len());
    let extents = chosen(&seen, network, margin, false)?;
    let all = activations.iter().zip(&seen.layers).zip(&extents);
    let layers = all
        .enumerate()
        .filter_map(|(activation, ((&node, seen), extent))| {
            let op = &network.nodes[node].op;
            op.is_replaced().then(|| Layer {
                name: network.nodes[node].name.clone(),
                node,
                activation,
                slope: slope(op),
                bound_reach: seen.bound_hi.max(-seen.bound_lo),
                b: short(&extent.reach()),
            })
        });
    let layers: Vec<Layer> = layers.collect();
    if layers.is_empty() {
        return Err(Error::domain(
            "the network has no ReLU or max-pooling that a polynomial would replace: there is nothing to choose",
        ));
    }
    Ok(layers)
}

/// The least number of 10 significant bits that is no less: a machine number, as bounds under noise need it.
fn short(b: &Rational) -> Rational {
    let bits = b.numer().significant_bits() as i32 - b.denom().significant_bits() as i32;
    let shift = 10 - bits;
    let scaled = match shift >= 0 {
        true => Rational::from(b << shift as u32),
        false => Rational::from(b >> (-shift) as u32),
    };
    let up = scaled.ceil();
    match shift >= 0 {
        true => up >> shift as u32,
        false => up << (-shift) as u32,
    }
}

fn slope(op: &Op) -> f64 {
    match op {
        Op::Relu { slope } => *slope,
        _ => 0.0,
    }
}

/// The slopes of a network's activations, each once.
pub fn slopes(network: &Network) -> Vec<f64> {
    let mut all: Vec<f64> = network
        .nodes
        .iter()
        .filter(|n| n.op.is_replaced())
        .map(|n| slope(&n.op))
        .collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}
