//! Work and memory of an evaluation, refused before they are taken.

use crate::core::fault::{Checked, Fault, Rule};
use crate::network::forward::spent;
use crate::network::model::layers::{Layer, Network};
use crate::network::polynomial;
use crate::network::substitute::Substitute;

/// Most units of work, one some two nanoseconds: about five minutes; and more for a network whose file is long, so that
/// none takes minutes that has not cost its sender megabytes.
const WORK: u64 = 1 << 37;
const WORK_A_BYTE: u64 = 1 << 13;
/// Most bytes of midpoints at a time.
const MEMORY: u64 = 1 << 31;

/// Refuses work and memory beyond the limits before they are taken; `bytes` of the network's file; whether
/// what goes into activations is kept to the end.
pub(crate) fn limit_work(
    network: &Network,
    bytes: usize,
    signs: &[Substitute],
    precision: u64,
    traced: bool,
) -> Checked<()> {
    let most = WORK.max((bytes as u64).saturating_mul(WORK_A_BYTE));
    let limbs = precision / 64 + 2;
    let mut units = 0u64;
    let bytes_of = |shape: &[usize; 3]| {
        let elements = shape.iter().product::<usize>() as u64;
        elements.saturating_mul(precision / 8 + 48)
    };
    let shape_of = |k: usize| match k.checked_sub(1) {
        None => Some(&network.input),
        Some(node) => network.nodes.get(node).map(|node| &node.shape),
    };
    let mut held = bytes_of(&network.input);
    let mut memory = held;
    let mut signs = signs.iter();
    for (node, spent) in network.nodes.iter().zip(&spent(network)) {
        let out = node.shape.iter().product::<usize>() as u64;
        let each = match &node.layer {
            Layer::Conv { weights, .. } | Layer::Dense { weights, .. } => {
                (weights.len() / node.shape[0].max(1)) as u64 * 2 * (limbs + 30)
            }
            // Of every element of a group its square; or two products.
            Layer::Variance { size, .. } => (*size as u64).saturating_mul(limbs * limbs + 30),
            Layer::Normalise { .. } => 2 * (limbs * limbs + 30),
            Layer::Polynomial { channels } => polynomial::work(channels, precision),
            Layer::Relu { .. } | Layer::Smooth { .. } => {
                signs.next().map_or(0, Substitute::work) + 30
            }
            Layer::MaxPool { geometry } | Layer::AvgPool { geometry, .. } => {
                let window = (geometry.kernel[0] as u64).saturating_mul(geometry.kernel[1] as u64);
                let each = match node.layer {
                    Layer::MaxPool { .. } => signs.next().map_or(0, Substitute::work),
                    _ => limbs * limbs,
                };
                window.saturating_mul(each.saturating_add(30))
            }
            _ => 30,
        };
        units = units.saturating_add(out.saturating_mul(each));
        let made = bytes_of(&node.shape);
        held = held.saturating_add(made);
        // Before it answers, a polynomial has its values and radii in lists of their own, a sum its factors' digits, and a
        // pooling all windows, with half as many differences, values, radii and winners in the first round.
        let bent = node.layer.is_bent();
        let first = node.inputs.first().and_then(|&k| shape_of(k));
        let beside = match &node.layer {
            Layer::MaxPool { geometry } => geometry
                .kernel
                .iter()
                .fold(made.saturating_mul(3), |n, &k| n.saturating_mul(k as u64)),
            _ if bent => made.saturating_mul(2),
            _ => first.map_or(0, bytes_of),
        };
        memory = memory.max(held.saturating_add(beside));
        if bent && traced {
            held = held.saturating_add(made);
        }
        for &k in spent {
            held = held.saturating_sub(shape_of(k).map_or(0, bytes_of));
        }
    }
    if memory > MEMORY {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("{memory} bytes of numbers, the limit is {MEMORY}"),
        ));
    }
    if units > most {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("{units} units of work, the limit is {most}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::read;

    /// Windows that overlap are many times the memory of what they are of.
    #[test]
    fn windows_of_a_pooling_are_counted() {
        let limit = |pool: &str| {
            let text = format!(
                "polycert-exact-network/1\ninput 1 300 300\nmax_pool 0 {pool} 0 0 0 0\noutput 1\n"
            );
            let network = read::network(text.as_bytes()).unwrap();
            limit_work(&network, text.len(), &[], 64, false)
        };
        limit("2 2 2 2").unwrap();
        limit("60 60 60 60").unwrap();
        match limit("60 60 1 1") {
            Err(Fault::Rejected { detail, .. }) => assert!(detail.contains("bytes of numbers")),
            other => panic!("{other:?}"),
        }
    }
}
