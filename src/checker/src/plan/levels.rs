//! Rule P3: the levels of a plan, walked over the exact network.
//!
//! What a step takes (certificates/PLAN.md): a convolution, a dense layer, a batch norm, a factor of each channel, an
//! average-pooling and a subsampling one level each; nothing where a batch norm or a factor is part of the convolution or dense
//! layer that it alone reads, and where all that read an average-pooling multiply anyway; sums, padding, concatenation and
//! reshaping take none. A polynomial of degree d takes ceil(log2(d + 1)), a composite the sum of its stages and one for the
//! product x (1 + p)/2, max-pooling as much for every round of its tournament.
//!
//! A value is brought down for nothing. So a passage through an activation with refreshes at given places is possible if it is
//! when nothing is brought down but by what takes levels: every level on the way is then the highest that it can be.

use crate::core::fault::{Checked, Fault, Rule};
use crate::format::path::printable;
use crate::network::model::layers::{Layer, Network};
use crate::plan::document::{PlanDocument, Step};

const RULE: Rule = Rule::Own("P3 levels");

/// A polynomial as it takes levels.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Levels of each stage, first applied first.
    pub(crate) stages: Vec<u64>,
    /// Whether x (1 + p)/2 follows.
    pub(crate) product: bool,
}

impl Block {
    /// Levels of all of it.
    pub(crate) fn levels(&self) -> u64 {
        self.stages.iter().sum::<u64>() + u64::from(self.product)
    }
}

/// ceil(log2(degree + 1)).
pub(crate) fn depth(degree: usize) -> u64 {
    u64::from(usize::BITS - degree.leading_zeros())
}

/// Rounds of an activation: 1, or those of the tournament over a window.
pub(crate) fn rounds(layer: &Layer) -> u64 {
    match layer {
        // Of n players ceil(log2 n) rounds leave one.
        Layer::MaxPool { geometry } => {
            let players: usize = geometry.kernel.iter().product();
            depth(players.saturating_sub(1))
        }
        _ => 1,
    }
}

fn fail<T>(place: &str, detail: &str) -> Checked<T> {
    Err(Fault::rejected(RULE, format!("{place}: {detail}")))
}

/// Walks the network once; `blocks` in the order of its activations.
///
/// # Errors
/// A rejection that names the step.
pub(crate) fn prove(network: &Network, blocks: &[Block], document: &PlanDocument) -> Checked<()> {
    let count = network.nodes.len() + 1;
    if document.steps.len() != count {
        let detail = format!(
            "{}, where the network has {count} nodes",
            document.steps.len()
        );
        return fail("steps", &detail);
    }
    let readers = Readers::of(network);
    let (mut levels, mut bootstraps) = (0, 0);
    let mut values: Vec<u64> = Vec::with_capacity(count);
    let mut activation = 0;
    for (id, step) in document.steps.iter().enumerate() {
        let node = id.checked_sub(1).and_then(|i| network.nodes.get(i));
        let mut place = format!("step {id}");
        let (from, block) = match node {
            None => (document.top, None),
            Some(node) => {
                let levels = node.inputs.iter().map(|i| values.get(*i).copied());
                let Some(least) = levels.min().flatten() else {
                    return Err(Fault::internal("a node that reads nothing"));
                };
                let block = match &node.layer {
                    layer if layer.is_activation() => {
                        let row = document.activations.get(activation);
                        let name = row.map_or("", |row| &row.name);
                        place = format!("{place} ({})", printable(name));
                        activation += 1;
                        blocks
                            .get(activation - 1)
                            .map(|b| (b.clone(), rounds(layer)))
                    }
                    Layer::Polynomial { channels } => {
                        let degree = channels.iter().map(|c| c.len().saturating_sub(1)).max();
                        let stages = vec![depth(degree.unwrap_or(0))];
                        let product = false;
                        Some((Block { stages, product }, 1))
                    }
                    _ => None,
                };
                (least, block)
            }
        };
        if step.enter > from {
            let detail = format!(
                "begins at level {}, where what it reads is at {from}",
                step.enter
            );
            return fail(&place, &detail);
        }
        let is_pool = node.is_some_and(|n| matches!(n.layer, Layer::MaxPool { .. }));
        let reached = match (&block, node) {
            (Some((block, rounds)), _) => {
                if node.is_some_and(|n| n.layer.is_activation()) {
                    levels += rounds * block.levels();
                }
                passage(&place, block, (*rounds, is_pool), step, document)?
            }
            (None, _) if !step.inside.is_empty() => {
                return fail(&place, "is refreshed inside, and is no activation")
            }
            (None, None) => Some(step.enter),
            (None, Some(node)) => {
                step.enter
                    .checked_sub(readers.linear(network, id, &node.layer)?)
            }
        };
        let Some(reached) = reached else {
            return fail(&place, "its levels do not suffice");
        };
        if step.leave > reached {
            let detail = format!(
                "ends at level {}, and has {reached} left at most",
                step.leave
            );
            return fail(&place, &detail);
        }
        bootstraps += step.inside.len() as u64;
        let value = match step.refreshed {
            None => step.leave,
            Some(to) => {
                if readers.is_unfinished(network, id) {
                    return fail(&place, "is refreshed before what is part of it is done");
                }
                refreshed(&place, step.leave, to, document)?;
                bootstraps += 1;
                to
            }
        };
        values.push(value);
    }
    if levels != document.levels || bootstraps != document.bootstraps {
        let detail = format!(
            "{} in activations and {} bootstraps, where {} and {} are stated",
            levels, bootstraps, document.levels, document.bootstraps
        );
        return fail("levels", &detail);
    }
    Ok(())
}

fn refreshed(place: &str, level: u64, to: u64, document: &PlanDocument) -> Checked<()> {
    if level < document.refresh_from {
        let least = document.refresh_from;
        return fail(
            place,
            &format!("is refreshed at level {level}, below {least}"),
        );
    }
    if to > document.top {
        let top = document.top;
        return fail(place, &format!("is refreshed to level {to}, above {top}"));
    }
    Ok(())
}

/// The greatest level that is left behind an activation which begins at `enter`; none where levels do not suffice. Parts are
/// numbered through all rounds, a round's product among them; a refresh behind the first r rounds refreshes all players.
fn passage(
    place: &str,
    block: &Block,
    (rounds, is_pool): (u64, bool),
    step: &Step,
    document: &PlanDocument,
) -> Checked<Option<u64>> {
    let mut inside = step.inside.iter().copied().peekable();
    let mut level = step.enter;
    let mut part = 0;
    let mut refresh = |part: u64, level: u64| -> Checked<u64> {
        match inside.next_if(|(behind, _)| *behind == part) {
            Some((_, to)) if part > 0 => {
                refreshed(place, level, to, document)?;
                Ok(to)
            }
            Some(_) => fail(place, "is refreshed before it begins"),
            None => Ok(level),
        }
    };
    for _ in 0..rounds {
        level = refresh(part, level)?;
        let held = level;
        for (i, stage) in block.stages.iter().enumerate() {
            if i > 0 {
                level = refresh(part, level)?;
            }
            let Some(left) = level.checked_sub(*stage) else {
                return Ok(None);
            };
            level = left;
            part += 1;
        }
        if block.product {
            level = refresh(part, level)?.min(held);
            let Some(left) = level.checked_sub(1) else {
                return Ok(None);
            };
            level = left;
        }
        if is_pool {
            // b + ReLU(a - b): b waits where the match began, and an odd player no higher.
            level = level.min(held);
        }
        part += 1;
    }
    if inside.next().is_some() {
        return fail(
            place,
            "is refreshed at a part that it does not have, or out of order",
        );
    }
    Ok(Some(level))
}

/// Who reads which node.
struct Readers(Vec<Vec<usize>>);

impl Readers {
    fn of(network: &Network) -> Self {
        let mut all = vec![Vec::new(); network.nodes.len() + 1];
        for (i, node) in network.nodes.iter().enumerate() {
            for &from in &node.inputs {
                if let Some(readers) = all.get_mut(from) {
                    readers.push(i + 1);
                }
            }
        }
        Self(all)
    }

    fn read_by(&self, id: usize) -> &[usize] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whether a factor and an offset for each channel are part of the convolution or dense layer that is read.
    fn is_folded(&self, network: &Network, id: usize) -> bool {
        let Some(node) = id.checked_sub(1).and_then(|i| network.nodes.get(i)) else {
            return false;
        };
        let Some(&from) = node.inputs.first() else {
            return false;
        };
        let before = from.checked_sub(1).and_then(|i| network.nodes.get(i));
        let linear = |layer: &Layer| matches!(layer, Layer::Conv { .. } | Layer::Dense { .. });
        matches!(node.layer, Layer::BatchNorm { .. } | Layer::Affine { .. })
            && before.is_some_and(|b| linear(&b.layer))
            && self.read_by(from).len() == 1
    }

    /// Whether all that read a node multiply it, reshapes seen through.
    fn is_multiplied(&self, network: &Network, id: usize) -> bool {
        let mut pending = vec![id];
        // Readers come after what they read, so this ends; a node is seen once for each way to it through reshapes,
        // of which each has one input.
        while let Some(id) = pending.pop() {
            let readers = self.read_by(id);
            if readers.is_empty() {
                return false;
            }
            for &reader in readers {
                let node = reader.checked_sub(1).and_then(|i| network.nodes.get(i));
                match node.map(|n| &n.layer) {
                    Some(Layer::Conv { .. } | Layer::Dense { .. }) => {}
                    Some(Layer::Reshape) => pending.push(reader),
                    _ => return false,
                }
            }
        }
        true
    }

    /// Whether a value is not yet what the network has at this node: a factor that belongs to it is still to come.
    fn is_unfinished(&self, network: &Network, id: usize) -> bool {
        let folded = self
            .read_by(id)
            .iter()
            .any(|&reader| self.is_folded(network, reader));
        let mut at = id;
        // A mean whose divisor waits for the layer behind, reshapes seen through.
        let mean = loop {
            match at.checked_sub(1).and_then(|i| network.nodes.get(i)) {
                Some(node) => match (&node.layer, node.inputs.first()) {
                    (Layer::AvgPool { .. }, _) => break self.is_multiplied(network, at),
                    (Layer::Reshape, Some(&from)) => at = from,
                    _ => break false,
                },
                None => break false,
            }
        };
        folded || mean
    }

    /// Levels of a linear layer.
    fn linear(&self, network: &Network, id: usize, layer: &Layer) -> Checked<u64> {
        Ok(match layer {
            Layer::Conv { .. } | Layer::Dense { .. } | Layer::Subsample { .. } => 1,
            Layer::BatchNorm { .. } | Layer::Affine { .. } => {
                u64::from(!self.is_folded(network, id))
            }
            Layer::AvgPool { .. } => u64::from(!self.is_multiplied(network, id)),
            Layer::Add | Layer::Pad { .. } | Layer::Concat | Layer::Reshape => 0,
            _ => {
                return fail(
                    &format!("step {id}"),
                    "a layer of a kind whose levels are not known here",
                )
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_and_rounds() {
        assert_eq!(
            [0, 1, 2, 3, 7, 15, 16, 27, 126].map(depth),
            [0, 1, 2, 2, 3, 4, 5, 5, 7]
        );
        let block = Block {
            stages: vec![4, 4, 5],
            product: true,
        };
        assert_eq!(block.levels(), 14);
    }
}
