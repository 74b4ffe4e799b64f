//! The network's linear layers, transposed: what backward rows pass through.
//!
//! Weights become f32; batch norm behind a convolution is folded into them. How far the f32 layer is from
//! the exact one, and how far its sums can round, is one relative number a layer, [`Linear::slack`]:
//! for a row v at the layer's output, |computed row - exact row| at input element i is at most
//! slack |v| |W| e_i, and by Cauchy and Schwarz at most slack |v|_2 |W_i|_2.

use crate::arith::upper::{gamma, Upper, UNIT, UNIT_F32};
use crate::error::{Error, Result};
use crate::network::forward::layers;
use crate::network::model::graph::{Network, Node, NodeId};
use crate::network::model::ops::{Op, TensorShape, Window};

/// Input channels that the kernel computes together.
pub const BLOCK: usize = 4;
/// More than f32 numbers below the normal range can lose together: 2^-150 each.
pub const LOST: f64 = 1e-30;

/// A layer as rows see it.
#[derive(Debug)]
pub enum RowStep {
    /// The input, or a layer that the result does not need: rows end here.
    End,
    /// The activation of this index.
    Activation(usize),
    /// A convolution or dense layer.
    Linear(Linear),
    /// Both inputs receive the row.
    Add,
    /// For each input and each output element the input element that it is, if any; no input element is two.
    Move(Vec<Vec<Option<usize>>>),
    /// Sums over windows: for each output element its input elements, with one factor (1/n for a mean).
    Mean {
        /// The input elements.
        windows: Vec<Vec<usize>>,
        /// 1/n, rounded; 1.
        factors: Vec<f32>,
        /// As [`Linear::slack`].
        slack: f64,
        /// Upper bound of the Euclidean norm of a column.
        bound_column: f64,
    },
}

/// A node of the plan.
#[derive(Debug)]
pub struct Planned {
    /// What it does to a row.
    pub step: RowStep,
    /// The nodes that receive the row.
    pub inputs: Vec<NodeId>,
    /// The shape of its value.
    pub shape: TensorShape,
}

/// A convolution, transposed.
#[derive(Debug)]
pub struct Linear {
    /// Weights of `BLOCK` input channels: index ((block * taps) + tap) * outputs + output.
    pub blocks: Vec<[f32; BLOCK]>,
    /// The window.
    pub window: Window,
    /// Relative bound of conversion and rounding.
    pub slack: f64,
    /// Upper bounds of the Euclidean norm of each input channel's column.
    pub bound_columns: Vec<f64>,
    /// |weights| in f64, `[output][input][tap]`, for bounds that run forward.
    pub sizes: Vec<f64>,
}

/// A network planned for backward rows.
#[derive(Debug)]
pub struct Plan {
    /// One for each node of the network.
    pub nodes: Vec<Planned>,
    /// The activations' nodes.
    pub activations: Vec<NodeId>,
    /// The result's node.
    pub output: NodeId,
}

/// Refuses a network that normalises a sample by its own mean and variance.
///
/// # Errors
/// Such a layer, by name.
pub fn check_passed(network: &Network) -> Result<()> {
    let is_variance = |n: &&Node| matches!(n.op, Op::Variance { .. });
    match network.nodes.iter().find(is_variance) {
        None => Ok(()),
        Some(node) => Err(Error::unsupported(format!(
            "layer {:?} ({}): noise is not bounded through the variance of a sample (layer, instance or group normalisation)",
            node.name,
            node.op.name()
        ))),
    }
}

impl Plan {
    /// Plans a network.
    ///
    /// # Errors
    /// A layer that rows cannot pass, by name.
    pub fn new(network: &Network) -> Result<Self> {
        let activations = network.activations();
        let mut nodes: Vec<Planned> = Vec::with_capacity(network.nodes.len());
        for (id, node) in network.nodes.iter().enumerate() {
            let from = node.inputs.first().map(|&i| network.nodes[i].shape);
            let refuse = |why: &str| {
                let (name, op) = (&node.name, node.op.name());
                Error::unsupported(format!("layer {name:?} ({op}): {why}"))
            };
            let mut inputs = node.inputs.clone();
            let step = match (&node.op, from) {
                (Op::Input, _) | (_, None) => RowStep::End,
                (Op::Relu { .. } | Op::Polynomial(_) | Op::Smooth(_), _) => {
                    RowStep::Activation(activations.iter().position(|&a| a == id).unwrap_or(0))
                }
                (Op::Conv(c), Some(x)) => {
                    let w = Weights::conv(&c.weights, c.groups, x.channels, node.shape.channels);
                    RowStep::Linear(w.finish(c.window, None))
                }
                (Op::Dense(d), Some(x)) => {
                    let w = Weights::conv(&d.weights, 1, x.channels, node.shape.channels);
                    RowStep::Linear(w.finish(Window::new([1, 1], [1, 1]), None))
                }
                (Op::BatchNorm(b), Some(x)) => {
                    let before = &network.nodes[node.inputs[0]];
                    let folded: Vec<(f64, f64)> = b
                        .folded()
                        .iter()
                        .map(|(s, _)| (s.hi, (Upper::size(s.lo) + Upper::of(s.radius)).get()))
                        .collect();
                    let readers = network.nodes.iter().filter(|n| n.inputs.contains(&node.inputs[0]));
                    match &before.op {
                        Op::Conv(c) if readers.count() == 1 => {
                            let x = network.nodes[before.inputs[0]].shape;
                            inputs.clone_from(&before.inputs);
                            let w = Weights::conv(&c.weights, c.groups, x.channels, node.shape.channels);
                            RowStep::Linear(w.finish(c.window, Some(&folded)))
                        }
                        _ => RowStep::Linear(Weights::diagonal(x.channels).finish(Window::new([1, 1], [1, 1]), Some(&folded))),
                    }
                }
                (Op::Affine { scale, .. }, Some(x)) => {
                    let exact: Vec<(f64, f64)> = scale.iter().map(|&s| (s, 0.0)).collect();
                    RowStep::Linear(Weights::diagonal(x.channels).finish(Window::new([1, 1], [1, 1]), Some(&exact)))
                }
                (Op::Add, _) => RowStep::Add,
                (Op::Subsample { .. } | Op::Pad { .. } | Op::Reshape(_), Some(x)) => RowStep::Move(vec![layers::moved(&node.op, x, node.shape)]),
                (Op::Concat, _) => {
                    let mut before = 0;
                    let parts = node.inputs.iter().map(|&i| {
                        let part = network.nodes[i].shape.len();
                        let end = before + part;
                        let own = |e: usize| e.checked_sub(end - part).filter(|_| e < end);
                        before = end;
                        (0..node.shape.len()).map(own).collect()
                    });
                    RowStep::Move(parts.collect())
                }
                (Op::Gather { from, .. }, Some(x)) => {
                    let windows: Vec<Vec<usize>> = from.iter().map(|j| j.iter().copied().collect()).collect();
                    let factors = vec![1.0; windows.len()];
                    sums(windows, factors, x.len())
                }
                (Op::AvgPool { window, count_padding }, Some(x)) => {
                    let (mut windows, mut factors) = (Vec::new(), Vec::new());
                    for i in 0..node.shape.len() {
                        let (c, p) = (i / node.shape.pixels(), i % node.shape.pixels());
                        let inside: Vec<usize> = window
                            .positions(x, p / node.shape.width, p % node.shape.width)
                            .map(|(row, column)| (c * x.height + row) * x.width + column)
                            .collect();
                        let n = if *count_padding { window.len() } else { inside.len() };
                        factors.push(1.0 / n as f32);
                        windows.push(inside);
                    }
                    sums(windows, factors, x.len())
                }
                _ => return Err(refuse("deviation bounds do not pass through this layer; write max-pooling as ReLU of differences")),
            };
            nodes.push(Planned {
                step,
                inputs,
                shape: node.shape,
            });
        }
        let mut plan = Self {
            nodes,
            activations,
            output: network.output,
        };
        plan.drop_unread();
        Ok(plan)
    }

    /// Layers that were folded into others have no readers left.
    fn drop_unread(&mut self) {
        let mut read = vec![false; self.nodes.len()];
        read[self.output] = true;
        for id in (0..self.nodes.len()).rev() {
            if read[id] {
                for &i in &self.nodes[id].inputs {
                    read[i] = true;
                }
            } else {
                self.nodes[id].step = RowStep::End;
                self.nodes[id].inputs.clear();
            }
        }
    }
}

/// Sums over windows with a factor each, within one rounding of the exact one.
fn sums(windows: Vec<Vec<usize>>, factors: Vec<f32>, inputs: usize) -> RowStep {
    let mut readers = vec![0usize; inputs];
    windows.iter().flatten().for_each(|&j| readers[j] += 1);
    let most = readers.iter().max().copied().unwrap_or(0);
    let largest = factors.iter().fold(0.0f32, |m, f| m.max(*f));
    // A factor is rounded once, each product and sum once more.
    let exact = (Upper::ONE + gamma(1, UNIT_F32)) * Upper::of(f64::from(largest));
    RowStep::Mean {
        windows,
        factors,
        slack: gamma(most + 2, UNIT_F32).get(),
        bound_column: (Upper::of(most as f64).sqrt() * exact).get(),
    }
}

/// f64 weights `[output][input][tap]`, without groups.
struct Weights {
    values: Vec<f64>,
    inputs: usize,
    outputs: usize,
}

impl Weights {
    fn conv(weights: &[f64], groups: usize, inputs: usize, outputs: usize) -> Self {
        let (per_in, per_out) = (inputs / groups, outputs / groups);
        let taps = weights.len() / (outputs * per_in);
        let mut values = vec![0.0; outputs * inputs * taps];
        for o in 0..outputs {
            let first = o / per_out * per_in;
            let row = &weights[o * per_in * taps..(o + 1) * per_in * taps];
            values[(o * inputs + first) * taps..][..row.len()].copy_from_slice(row);
        }
        Self {
            values,
            inputs,
            outputs,
        }
    }

    fn diagonal(n: usize) -> Self {
        let values = (0..n * n)
            .map(|i| f64::from(u8::from(i / n == i % n)))
            .collect();
        Self {
            values,
            inputs: n,
            outputs: n,
        }
    }

    /// Scales each output channel by s within (s, distance), and converts to f32.
    fn finish(mut self, window: Window, scales: Option<&[(f64, f64)]>) -> Linear {
        let taps = window.len();
        let each = self.inputs * taps;
        let mut relative = Upper::ZERO;
        if let Some(scales) = scales {
            for (row, (s, distance)) in self.values.chunks_exact_mut(each).zip(scales) {
                row.iter_mut().for_each(|w| *w *= s);
                if *distance > 0.0 {
                    relative = relative.max(Upper::of(*distance).over(s.abs()));
                }
            }
        }
        let terms = self.outputs * taps;
        // An exact weight is within this factor of its f64: the scale's own distance, and the product's rounding.
        let exact = (Upper::ONE + relative) * (Upper::ONE + gamma(1, UNIT));
        // Besides, the conversion (2^-24), and the sums: one fused product each, and one sum of two halves.
        let converted = Upper::ONE + Upper::of(UNIT_F32);
        let sums = Upper::ONE + gamma(terms + 1, UNIT_F32);
        let slack = exact * exact * converted * sums + Upper::of(-1.0);
        let blocks = self.inputs.div_ceil(BLOCK);
        let mut out = vec![[0.0f32; BLOCK]; blocks * taps * self.outputs];
        let mut squares = vec![0.0f64; self.inputs];
        for o in 0..self.outputs {
            for i in 0..self.inputs {
                for t in 0..taps {
                    let w = self.values[o * each + i * taps + t];
                    squares[i] = w.mul_add(w, squares[i]);
                    out[(i / BLOCK * taps + t) * self.outputs + o][i % BLOCK] = w as f32;
                }
            }
        }
        Linear {
            blocks: out,
            window,
            slack: slack.get(),
            // f32 conversion below the normal range is absolute: 2^-150 a weight, far below 1e-30.
            bound_columns: squares
                .iter()
                .map(|s| (Upper::computed(*s, terms).sqrt() * exact + Upper::of(LOST)).get())
                .collect(),
            sizes: self
                .values
                .iter()
                .map(|w| (Upper::size(*w) * exact).get())
                .collect(),
        }
    }
}
