//! Max-pooling written as ReLU of differences: max(a, b) = b + relu(a - b), round by round.
//!
//! The window's elements in row-major order; neighbours are paired, an odd last one passes on: the tournament
//! of `SignPolynomial::tournament`. An element of a window is a convolution with one weight, so with any functions in
//! place of ReLU and of the matches both networks are the same function, over the reals. With ReLU itself
//! the tournament is the maximum.

use crate::core::fault::{Checked, Fault, Rule};
use crate::network::model::layers::{Dyadic, Network};
use crate::network::model::layers::{Geometry, Layer, NetworkNode};

/// Most weights of all the convolutions that take elements out of windows.
const MAX_WEIGHTS: usize = 1 << 22;
/// Most elements of all activations of the tournaments.
const MAX_ELEMENTS: usize = 1 << 22;

/// A network without max-pooling.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub(crate) network: Network,
    /// For each of its activations the activation of the original network.
    pub(crate) origins: Vec<usize>,
}

/// Writes every max-pooling as a tournament.
///
/// # Errors
/// A rejection of windows that reach into the padding.
pub(crate) fn expand(network: Network) -> Checked<Expanded> {
    let mut out = Growing {
        nodes: Vec::new(),
        origins: Vec::new(),
        weights: 0,
        elements: 0,
    };
    let mut shapes = vec![network.input];
    // Where each node of the original went.
    let mut place = vec![0];
    let mut activations = 0;
    for node in network.nodes {
        let find = |&i: &usize| place.get(i).copied().ok_or_else(|| Fault::internal("node"));
        let inputs: Vec<usize> = node.inputs.iter().map(find).collect::<Checked<_>>()?;
        let shape = node.shape;
        let is_activation = node.layer.is_bent();
        let at = match (&node.layer, inputs.first()) {
            (Layer::MaxPool { geometry }, Some(&from)) => {
                let x = node.inputs.first().and_then(|&i| shapes.get(i));
                let x = x.ok_or_else(|| Fault::internal("shape"))?;
                if geometry.padding != [0; 4] || x[0] != shape[0] {
                    return Err(Fault::rejected(Rule::Own("layers"),
                        format!(
                            "node {}: max-pooling with padding; bounds under noise take windows inside the input",
                            place.len()
                        ),
                    ));
                }
                out.tournament(*geometry, from, shape, activations)?
            }
            _ => {
                if is_activation {
                    out.origins.push(activations);
                }
                out.push(inputs, shape, node.layer)
            }
        };
        activations += usize::from(is_activation);
        shapes.push(shape);
        place.push(at);
    }
    let output = place.get(network.output).copied();
    let network = Network {
        input: network.input,
        nodes: out.nodes,
        output: output.ok_or_else(|| Fault::internal("output"))?,
    };
    Ok(Expanded {
        network,
        origins: out.origins,
    })
}

struct Growing {
    nodes: Vec<NetworkNode>,
    origins: Vec<usize>,
    weights: usize,
    elements: usize,
}

fn integer(n: i64) -> Dyadic {
    Dyadic {
        mantissa: n.into(),
        exponent: 0,
    }
}

impl Growing {
    /// Adds a node; node 0 is the input.
    fn push(&mut self, inputs: Vec<usize>, shape: [usize; 3], layer: Layer) -> usize {
        self.nodes.push(NetworkNode {
            inputs,
            shape,
            layer,
        });
        self.nodes.len()
    }

    /// The sum of factor times element over (element of the window, factor), a channel at a time.
    fn pick(
        &mut self,
        geometry: Geometry,
        from: usize,
        shape: [usize; 3],
        list: &[(usize, i64)],
    ) -> usize {
        let taps = geometry.kernel[0] * geometry.kernel[1];
        let row = (0..taps).map(|t| {
            let factor = list.iter().find(|(tap, _)| *tap == t).map_or(0, |f| f.1);
            integer(factor)
        });
        let row: Vec<Dyadic> = row.collect();
        let weights = (0..shape[0]).flat_map(|_| row.iter().cloned()).collect();
        let layer = Layer::Conv {
            groups: shape[0],
            geometry,
            weights,
            bias: vec![integer(0); shape[0]],
        };
        self.push(vec![from], shape, layer)
    }

    fn tournament(
        &mut self,
        geometry: Geometry,
        from: usize,
        shape: [usize; 3],
        origin: usize,
    ) -> Checked<usize> {
        let [kh, kw] = geometry.kernel;
        let taps = kh.saturating_mul(kw);
        let weights = taps.saturating_mul(taps).saturating_mul(shape[0]);
        self.weights = self.weights.saturating_add(weights);
        let elements: usize = shape.iter().product();
        self.elements = self
            .elements
            .saturating_add(elements.saturating_mul(5).saturating_mul(taps));
        if self.weights > MAX_WEIGHTS || self.elements > MAX_ELEMENTS {
            return Err(Fault::rejected(Rule::Limit,
                format!(
                    "max-pooling as tournaments: {} weights and {} elements, the limits are {MAX_WEIGHTS} and {MAX_ELEMENTS}",
                    self.weights, self.elements
                ),
            ));
        }
        let relu = || Layer::Relu { slope: integer(0) };
        let mut round = Vec::new();
        for first in (0..taps).step_by(2) {
            if first + 1 == taps {
                round.push(self.pick(geometry, from, shape, &[(first, 1)]));
                continue;
            }
            let d = self.pick(geometry, from, shape, &[(first, 1), (first + 1, -1)]);
            let second = self.pick(geometry, from, shape, &[(first + 1, 1)]);
            let r = self.push(vec![d], shape, relu());
            self.origins.push(origin);
            round.push(self.push(vec![r, second], shape, Layer::Add));
        }
        while round.len() > 1 {
            let mut next = Vec::new();
            for pair in round.chunks(2) {
                let &[first, second] = pair else {
                    next.extend_from_slice(pair);
                    continue;
                };
                let minus = Layer::Affine {
                    scale: vec![integer(-1); shape[0]],
                    shift: vec![integer(0); shape[0]],
                };
                let negative = self.push(vec![second], shape, minus);
                let d = self.push(vec![first, negative], shape, Layer::Add);
                let r = self.push(vec![d], shape, relu());
                self.origins.push(origin);
                next.push(self.push(vec![r, second], shape, Layer::Add));
            }
            round = next;
        }
        let winner = round.first().copied();
        winner.ok_or_else(|| Fault::internal("empty window"))
    }
}
