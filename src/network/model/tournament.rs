//! Max-pooling written as ReLU of differences: max(a, b) = b + relu(a - b), round by round.
//!
//! The same tournament as in the twin's evaluation: neighbours in the window's row-major order are
//! paired, an odd last one passes on. Each element of a window becomes a one-hot convolution,
//! so the network with polynomials in place of ReLU is the same function, exactly.
//!
//! Windows that reach into the padding are smaller than others, and what is in the padding takes no part: there the k-th
//! elements of all windows are gathered, a window without one has a zero; in each round the windows that have both
//! play, the last one of an odd number passes on. What a window without a match has in place of it is read by nothing.

use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, Network, NodeId};
use crate::network::model::ops::{Conv, Op, TensorShape, Window};

/// A network without max-pooling.
#[derive(Debug, Clone)]
pub struct Expanded {
    /// The network.
    pub network: Network,
    /// For each of its activations, the activation of the original network that it comes from.
    pub origins: Vec<usize>,
}

/// Writes every max-pooling as a tournament.
///
/// **Guarantee** with any function r in place of ReLU (and of the matches of each max-pooling) both networks
/// compute the same over the reals.
///
/// # Errors
/// Max-pooling over padded windows with too many elements.
pub fn expand(network: &Network) -> Result<Expanded> {
    let mut b = Builder::new(network.input_shape())?;
    let mut place: Vec<NodeId> = Vec::with_capacity(network.nodes.len());
    let mut origins = Vec::new();
    let mut activations = 0;
    for node in &network.nodes {
        let inputs: Vec<NodeId> = node.inputs.iter().map(|&i| place[i]).collect();
        let id = match &node.op {
            Op::Input => 0,
            Op::MaxPool(window) => {
                let x = b.shape(inputs[0]);
                let before = b.shape(inputs[0]).channels;
                let mut matches = |n| origins.extend(std::iter::repeat_n(activations, n));
                let id = match window.padding {
                    [0, 0, 0, 0] => {
                        tournament(&mut b, &node.name, *window, inputs[0], x, &mut matches)?
                    }
                    _ => padded(&mut b, (&node.name, *window), inputs[0], &mut matches)?,
                };
                debug_assert_eq!(b.shape(id).channels, before);
                id
            }
            op => {
                if op.is_activation() {
                    origins.push(activations);
                }
                b.push(&node.name, op.clone(), &inputs)?
            }
        };
        activations += usize::from(node.op.is_activation());
        place.push(id);
    }
    let network = b.finish(
        &network.name,
        place[network.output],
        network.preprocessing.clone(),
    )?;
    Ok(Expanded { network, origins })
}

fn tournament(
    b: &mut Builder,
    name: &str,
    window: Window,
    from: NodeId,
    x: TensorShape,
    matches: &mut dyn FnMut(usize),
) -> Result<NodeId> {
    // sum of factor times the window's element, over (element, factor), as a convolution.
    let pick = |b: &mut Builder, list: &[(usize, f64)]| {
        let taps = window.len();
        let mut weights = vec![0.0; x.channels * taps];
        for channel in 0..x.channels {
            for &(tap, factor) in list {
                weights[channel * taps + tap] = factor;
            }
        }
        let conv = Conv {
            weights,
            bias: vec![0.0; x.channels],
            groups: x.channels,
            window,
        };
        b.push(&format!("{name} element"), Op::Conv(conv), &[from])
    };
    // The first round takes differences straight from the input.
    let taps = window.len();
    let mut round = Vec::new();
    for first in (0..taps).step_by(2) {
        if first + 1 == taps {
            round.push(pick(b, &[(first, 1.0)])?);
            continue;
        }
        let d = pick(b, &[(first, 1.0), (first + 1, -1.0)])?;
        let second = pick(b, &[(first + 1, 1.0)])?;
        let r = b.push(&format!("{name} match"), Op::Relu { slope: 0.0 }, &[d])?;
        matches(1);
        round.push(b.push(&format!("{name} winner"), Op::Add, &[r, second])?);
    }
    while round.len() > 1 {
        let mut next = Vec::new();
        for pair in round.chunks(2) {
            let &[first, second] = pair else {
                next.extend_from_slice(pair);
                continue;
            };
            let minus = Op::Affine {
                scale: vec![-1.0; x.channels],
                shift: vec![0.0; x.channels],
            };
            let negative = b.push(&format!("{name} minus"), minus, &[second])?;
            let d = b.push(&format!("{name} difference"), Op::Add, &[first, negative])?;
            let r = b.push(&format!("{name} match"), Op::Relu { slope: 0.0 }, &[d])?;
            matches(1);
            next.push(b.push(&format!("{name} winner"), Op::Add, &[r, second])?);
        }
        round = next;
    }
    Ok(round[0])
}

/// Most elements of all windows of one padded max-pooling.
const MAX_GATHERED: usize = 1 << 24;

/// The tournament over windows of different sizes.
fn padded(
    b: &mut Builder,
    (name, window): (&str, Window),
    from: NodeId,
    matches: &mut dyn FnMut(usize),
) -> Result<NodeId> {
    let x = b.shape(from);
    let shape = Op::MaxPool(window).output(&[x])?;
    if shape.len().saturating_mul(window.len()) > MAX_GATHERED {
        return Err(Error::unsupported(format!(
            "layer {name:?}: {shape} padded windows of {} elements are more than {MAX_GATHERED} elements",
            window.len()
        )));
    }
    let windows = (0..shape.len()).map(|i| {
        let (c, p) = (i / shape.pixels(), i % shape.pixels());
        let inside = window.positions(x, p / shape.width, p % shape.width);
        inside
            .map(|(row, column)| (c * x.height + row) * x.width + column)
            .collect()
    });
    let windows: Vec<Vec<usize>> = windows.collect();
    let gather = |b: &mut Builder, input: NodeId, list: &dyn Fn(usize) -> Option<usize>| {
        let from = (0..shape.len()).map(list).collect();
        b.push(
            &format!("{name} element"),
            Op::Gather { from, shape },
            &[input],
        )
    };
    let mut left: Vec<usize> = windows.iter().map(Vec::len).collect();
    let most = left.iter().copied().max().unwrap_or(0);
    let mut round = Vec::with_capacity(most);
    for k in 0..most {
        round.push(gather(b, from, &|i| windows[i].get(k).copied())?);
    }
    while round.len() > 1 {
        let mut next = Vec::new();
        for (m, pair) in round.chunks(2).enumerate() {
            let &[first, second] = pair else {
                next.extend_from_slice(pair);
                continue;
            };
            let plays = |i: usize| left[i] > 2 * m + 1;
            let all = (0..left.len()).all(plays);
            let playing = match all {
                true => first,
                false => gather(b, first, &|i| plays(i).then_some(i))?,
            };
            let minus = Op::Affine {
                scale: vec![-1.0; x.channels],
                shift: vec![0.0; x.channels],
            };
            let negative = b.push(&format!("{name} minus"), minus, &[second])?;
            let both = [playing, negative];
            let d = b.push(&format!("{name} difference"), Op::Add, &both)?;
            let r = b.push(&format!("{name} match"), Op::Relu { slope: 0.0 }, &[d])?;
            matches(1);
            let winner = b.push(&format!("{name} winner"), Op::Add, &[r, second])?;
            if all {
                next.push(winner);
                continue;
            }
            let either = b.push(&format!("{name} either"), Op::Concat, &[winner, first])?;
            next.push(gather(b, either, &|i| match plays(i) {
                true => Some(i),
                false => (left[i] == 2 * m + 1).then_some(shape.len() + i),
            })?);
        }
        left.iter_mut().for_each(|n| *n = n.div_ceil(2));
        round = next;
    }
    Ok(round[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::forward::Prepared;
    use crate::network::model::graph::Preprocessing;

    #[test]
    fn the_expanded_network_takes_the_same_maxima() {
        for (kernel, stride, padding) in [
            ([2, 2], [2, 2], [0; 4]),
            ([3, 3], [2, 2], [0; 4]),
            ([1, 3], [1, 1], [0; 4]),
            ([1, 1], [1, 1], [0; 4]),
            ([3, 3], [2, 2], [1; 4]),
            ([3, 3], [1, 1], [1; 4]),
            ([2, 4], [2, 3], [0, 1, 1, 2]),
            ([5, 2], [4, 5], [4, 0, 4, 1]),
        ] {
            let shape = TensorShape::new(2, 7, 6);
            let mut b = Builder::new(shape).unwrap();
            let relu = b.push("relu", Op::Relu { slope: 0.0 }, &[0]).unwrap();
            let pool = Op::MaxPool(Window {
                padding,
                ..Window::new(kernel, stride)
            });
            let pool = b.push("pool", pool, &[relu]).unwrap();
            let n = b.finish("n", pool, Preprocessing::default()).unwrap();
            let e = expand(&n).unwrap();
            assert_eq!(e.origins.len(), kernel[0] * kernel[1]);
            assert_eq!(e.origins.len(), e.network.activations().len());
            assert!(e.origins[1..].iter().all(|&o| o == 1));
            let x: Vec<f64> = (0..shape.len())
                .map(|i| ((i * 37) % 19) as f64 - 9.0)
                .collect();
            let run = |n: &Network| Prepared::new(n).unwrap().estimate_plain(&x);
            assert_eq!(run(&n), run(&e.network));
        }
    }
}
