//! Max-pooling written as ReLU of differences: max(a, b) = b + relu(a - b), round by round.
//!
//! The window's elements in row-major order; neighbours are paired, an odd last one passes on: the tournament
//! of `SignPolynomial::tournament`. An element of a window is a convolution with one weight, so with any functions in
//! place of ReLU and of the matches both networks are the same function, over the reals. With ReLU itself
//! the tournament is the maximum.
//!
//! Of a window that reaches into the padding only the elements inside take part. Then the k-th elements of all windows
//! are gathered, a window that has none has a zero; in each round the windows with both elements of a pair play, and
//! one that has the first alone passes it on. What stands in place of a match that is not played is read by nothing.

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
/// A rejection of tournaments beyond the limits.
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
                let x = *x.ok_or_else(|| Fault::internal("shape"))?;
                match geometry.padding {
                    [0, 0, 0, 0] => out.tournament(*geometry, from, shape, activations)?,
                    _ => out.padded(geometry, (from, x), shape, activations)?,
                }
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
        let elements: usize = shape.iter().product();
        self.allow(weights, elements.saturating_mul(5).saturating_mul(taps))?;
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
                let negative = self.minus(second, shape);
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

    fn minus(&mut self, from: usize, shape: [usize; 3]) -> usize {
        let layer = Layer::Affine {
            scale: vec![integer(-1); shape[0]],
            shift: vec![integer(0); shape[0]],
        };
        self.push(vec![from], shape, layer)
    }

    fn gather(
        &mut self,
        from: usize,
        shape: [usize; 3],
        list: impl Iterator<Item = Option<usize>>,
    ) -> Checked<usize> {
        let narrow = |j: Option<usize>| match j.map(u32::try_from) {
            None => Ok(None),
            Some(Ok(j)) => Ok(Some(j)),
            Some(Err(_)) => Err(Fault::internal("gathered")),
        };
        let from_list = list.map(narrow).collect::<Checked<_>>()?;
        Ok(self.push(vec![from], shape, Layer::Gather { from: from_list }))
    }

    /// The tournament over windows of different sizes.
    fn padded(
        &mut self,
        geometry: &Geometry,
        (from, x): (usize, [usize; 3]),
        shape: [usize; 3],
        origin: usize,
    ) -> Checked<usize> {
        let taps = geometry.kernel[0].saturating_mul(geometry.kernel[1]);
        let count: usize = shape.iter().product();
        self.allow(0, count.saturating_mul(10).saturating_mul(taps))?;
        let mut windows: Vec<Vec<usize>> = Vec::with_capacity(count);
        for c in 0..shape[0] {
            for row in 0..shape[1] {
                for column in 0..shape[2] {
                    let places = geometry.places(x, row, column);
                    let inside = places.iter().flatten();
                    windows.push(inside.map(|p| c * x[1] * x[2] + p).collect());
                }
            }
        }
        let mut left: Vec<usize> = windows.iter().map(Vec::len).collect();
        let mut round = Vec::new();
        for k in 0..left.iter().copied().max().unwrap_or(0) {
            let list = windows.iter().map(|w| w.get(k).copied());
            round.push(self.gather(from, shape, list)?);
        }
        while round.len() > 1 {
            let mut next = Vec::new();
            for (m, pair) in round.chunks(2).enumerate() {
                let &[first, second] = pair else {
                    next.extend_from_slice(pair);
                    continue;
                };
                let plays = |n: usize| n > 2 * m + 1;
                let list = left.iter().enumerate();
                let list = list.map(|(i, n)| plays(*n).then_some(i));
                let playing = self.gather(first, shape, list)?;
                let negative = self.minus(second, shape);
                let d = self.push(vec![playing, negative], shape, Layer::Add);
                let relu = Layer::Relu { slope: integer(0) };
                let r = self.push(vec![d], shape, relu);
                self.origins.push(origin);
                let won = self.push(vec![r, second], shape, Layer::Add);
                let both = [2 * shape[0], shape[1], shape[2]];
                let either = self.push(vec![won, first], both, Layer::Concat);
                let list = left.iter().enumerate().map(|(i, n)| match plays(*n) {
                    true => Some(i),
                    false => (*n == 2 * m + 1).then_some(count + i),
                });
                next.push(self.gather(either, shape, list)?);
            }
            left.iter_mut().for_each(|n| *n = n.div_ceil(2));
            round = next;
        }
        let winner = round.first().copied();
        winner.ok_or_else(|| Fault::internal("empty window"))
    }

    /// Counts weights and elements before they are made.
    fn allow(&mut self, weights: usize, elements: usize) -> Checked<()> {
        self.weights = self.weights.saturating_add(weights);
        self.elements = self.elements.saturating_add(elements);
        if self.weights > MAX_WEIGHTS || self.elements > MAX_ELEMENTS {
            return Err(Fault::rejected(Rule::Limit,
                format!(
                    "max-pooling as tournaments: {} weights and {} elements, the limits are {MAX_WEIGHTS} and {MAX_ELEMENTS}",
                    self.weights, self.elements
                ),
            ));
        }
        Ok(())
    }
}
