//! From a network to the graph of [`levels`](crate::plan::levels): a step for each layer.
//!
//! A batch norm behind a convolution or a dense layer that nothing else reads is part of it, and a mean of a pooling is part of
//! the linear layer behind it: they take no level of their own.

use crate::error::Result;
use crate::network::model::graph::{Network, NodeId};
use crate::network::model::ops::Op;
use crate::plan::levels::{Flow, Kind, Objective, Step, Way};
use crate::plan::linear::{ciphertexts, Work};
use crate::plan::profile::{Operation, Profile};
use crate::plan::ways::{Block, Prices, Round, Stage};

/// The prices of a profile, up to its greatest level. *Estimates*.
///
/// # Errors
/// An operation that the profile does not have at a level.
pub fn prices(profile: &Profile, top: usize) -> Result<Prices> {
    let product = |level: usize| -> Result<Option<f64>> {
        if level == 0 {
            return Ok(None);
        }
        profile.estimate_ms(Operation::MulRescale, level).map(Some)
    };
    let refresh = |level: usize| match level {
        0 => None,
        _ => profile.estimate_bootstrap_ms(level),
    };
    Ok(Prices {
        product: (0..=top).map(product).collect::<Result<_>>()?,
        refresh: (0..=top).map(refresh).collect(),
        refresh_from: profile.bootstrap_from(),
    })
}

/// The rounds of an activation's matches; one of a ReLU.
pub fn rounds(network: &Network, id: NodeId, slots: usize) -> Vec<Round> {
    let node = &network.nodes[id];
    let from = node
        .inputs
        .first()
        .map_or(node.shape, |&i| network.nodes[i].shape);
    match &node.op {
        Op::MaxPool(_) => {
            let each = ciphertexts(node.shape, slots);
            let mut left = players(network, id);
            let mut rounds = Vec::new();
            while left > 1 {
                rounds.push(Round {
                    matches: left / 2 * each,
                    players: left * each,
                });
                left = left.div_ceil(2);
            }
            rounds
        }
        _ => vec![Round::relu(ciphertexts(from, slots))],
    }
}

/// Players of an activation's tournament: the elements of a window; 2 of a ReLU, which is one match.
pub fn players(network: &Network, id: NodeId) -> usize {
    match &network.nodes[id].op {
        Op::MaxPool(window) => window.len(),
        _ => 2,
    }
}

/// Whether what a layer computes is part of another layer's numbers.
fn folded(network: &Network, id: NodeId, readers: &[Vec<NodeId>]) -> bool {
    let node = &network.nodes[id];
    let linear = |op: &Op| matches!(op, Op::Conv(_) | Op::Dense(_));
    match &node.op {
        Op::BatchNorm(_) | Op::Affine { .. } => {
            let from = node.inputs[0];
            linear(&network.nodes[from].op) && readers[from].len() == 1
        }
        _ => false,
    }
}

/// Whether every layer that reads this one multiplies it anyway, reshapes seen through.
fn multiplied(network: &Network, id: NodeId, readers: &[Vec<NodeId>]) -> bool {
    let one = |&r: &NodeId| match &network.nodes[r].op {
        Op::Conv(_) | Op::Dense(_) => true,
        Op::Reshape(_) => multiplied(network, r, readers),
        _ => false,
    };
    !readers[id].is_empty() && readers[id].iter().all(one)
}

/// Whether a value is the sum of an average-pooling whose divisor waits for the layer behind, reshapes seen through: it is
/// larger than what the network has there, and no refresh is meant for it.
fn unfinished(network: &Network, id: NodeId, readers: &[Vec<NodeId>]) -> bool {
    let node = &network.nodes[id];
    match &node.op {
        Op::AvgPool { .. } => multiplied(network, id, readers),
        Op::Reshape(_) => unfinished(network, node.inputs[0], readers),
        _ => false,
    }
}

/// The graph of a network.
///
/// **Inputs** `ways` for each activation that a polynomial replaces, in order; `top`, the greatest level, with the profile's [`prices`] up to it, and
/// what is to be least.
///
/// # Errors
/// Layers without a cost, and operations that the profile does not have.
pub fn flow(
    network: &Network,
    profile: &Profile,
    (top, prices, objective): (usize, &Prices, Objective),
    ways: &dyn Fn(usize, NodeId) -> Vec<Way>,
) -> Result<Flow> {
    let slots = profile.slots();
    let mut readers: Vec<Vec<NodeId>> = vec![Vec::new(); network.nodes.len()];
    for (id, node) in network.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|&i| readers[i].push(id));
    }
    let mut activation = 0;
    let mut steps = Vec::with_capacity(network.nodes.len());
    for (id, node) in network.nodes.iter().enumerate() {
        let from: Vec<_> = node
            .inputs
            .iter()
            .map(|&i| network.nodes[i].shape)
            .collect();
        let kind = match &node.op {
            Op::Input => Kind::Input,
            op if op.is_replaced() => {
                activation += 1;
                Kind::Choice(ways(activation - 1, id))
            }
            Op::Polynomial(p) => {
                let block = Block {
                    stages: vec![Stage::General(p.degree())],
                    product: false,
                };
                Kind::Choice(vec![Way {
                    weight: 0,
                    levels: block.cost().depth,
                    passes: block.passes(&rounds(network, id, slots), top, prices),
                }])
            }
            op => {
                let mut work =
                    Work::estimate(op, &from, node.shape, slots, folded(network, id, &readers))?;
                if matches!(op, Op::AvgPool { .. }) && multiplied(network, id, &readers) {
                    (work.levels, work.plain, work.rescales) = (0, 0, 0);
                }
                let price = (0..=top).map(|level| work.estimate_ms(level, profile));
                Kind::Linear {
                    levels: work.levels,
                    price: price.collect::<Result<_>>()?,
                }
            }
        };
        // What only passes a value on refreshes nothing that was not there before.
        let passed = match readers[id].as_slice() {
            [one] => {
                folded(network, *one, &readers) || matches!(network.nodes[*one].op, Op::Reshape(_))
            }
            [] => true,
            _ => false,
        };
        let many = ciphertexts(node.shape, slots) as f64;
        let refresh = match passed || id == 0 || unfinished(network, id, &readers) {
            true => Vec::new(),
            false => prices.refresh.iter().map(|p| p.map(|p| p * many)).collect(),
        };
        steps.push(Step {
            reads: node.inputs.clone(),
            kind,
            refresh,
            refresh_from: prices.refresh_from,
        });
    }
    Ok(Flow {
        steps,
        top,
        objective,
    })
}
