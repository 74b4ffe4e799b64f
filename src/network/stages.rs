//! A network as stages for the analysis of input boxes: z = sum of M_k a_k + b, then a = ReLU(z).
//!
//! Each linear layer becomes one dense matrix (a convolution too, so this is for small networks), and
//! the ReLU behind it belongs to the stage. Stage 0 is the network's input. Weights are the network's
//! own numbers, not rounded again; nothing is multiplied out beforehand.

use crate::error::{Error, Result};
use crate::network::graph::Network;
use crate::network::ops::{Conv, Op, Shape};

/// Most entries of one matrix.
pub const MAX_ENTRIES: usize = 1 << 25;

/// The matrix of one linear layer.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Stage that it reads.
    pub source: usize,
    /// Entries, row-major: one row for each output.
    pub entries: Vec<f64>,
    /// Upper bounds of the Euclidean norms of its columns.
    pub bound_columns: Vec<f64>,
}

/// One stage.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The layer's name.
    pub name: String,
    /// Number of outputs.
    pub size: usize,
    /// The matrices, one for each stage that it reads; none for the input.
    pub matrices: Vec<Matrix>,
    /// The bias.
    pub bias: Vec<f64>,
    /// Whether a ReLU follows.
    pub relu: bool,
}

/// The stages of a network, inputs first, output last.
///
/// **Guarantee** the last stage's value is the network's output, exactly, on every input.
///
/// # Errors
/// Layers other than dense, convolution, addition, reshape and ReLU; a matrix over [`MAX_ENTRIES`].
pub fn stages(network: &Network) -> Result<Vec<Stage>> {
    let mut stages: Vec<Stage> = Vec::new();
    // For each node: the stage whose value it is, and whether its value is the one before the ReLU.
    let mut place: Vec<usize> = Vec::new();
    for (id, node) in network.nodes.iter().enumerate() {
        let refuse = |why: &str| {
            Err(Error::unsupported(format!(
                "layer {:?} ({}): {why}",
                node.name,
                node.op.name()
            )))
        };
        let size = node.shape.len();
        let source = node.inputs.first().map_or(0, |&i| place[i]);
        let mut stage = Stage {
            name: node.name.clone(),
            size,
            matrices: Vec::new(),
            bias: vec![0.0; size],
            relu: false,
        };
        match &node.op {
            Op::Input => {}
            Op::Dense(d) => {
                stage
                    .matrices
                    .push(Matrix::new(source, d.weights.clone(), size));
                stage.bias.clone_from(&d.bias);
            }
            Op::Conv(c) => {
                let from = network.nodes[node.inputs[0]].shape;
                if size.saturating_mul(from.len()) > MAX_ENTRIES {
                    return refuse(&format!(
                        "a matrix of {size} x {} entries is over the limit of {MAX_ENTRIES}",
                        from.len()
                    ));
                }
                stage
                    .matrices
                    .push(Matrix::new(source, lowered(c, from, node.shape), size));
                let pixels = node.shape.pixels();
                stage.bias = (0..size).map(|i| c.bias[i / pixels]).collect();
            }
            Op::Add => {
                for &i in &node.inputs {
                    stage
                        .matrices
                        .push(Matrix::new(place[i], identity(size)?, size));
                }
            }
            Op::Reshape(_) => {
                place.push(source);
                continue;
            }
            Op::Relu { slope: 0.0 } => {
                // The value before the ReLU must not be read by another layer.
                let readers = network
                    .nodes
                    .iter()
                    .filter(|n| n.inputs.contains(&node.inputs[0]));
                if source != 0 && readers.count() == 1 && !stages[source].relu {
                    stages[source].relu = true;
                    place.push(source);
                    continue;
                }
                stage
                    .matrices
                    .push(Matrix::new(source, identity(size)?, size));
                stage.relu = true;
            }
            _ => {
                return refuse("the analysis of input boxes takes dense, conv, add, reshape and relu layers; fold batch norm into the layer before");
            }
        }
        place.push(stages.len());
        stages.push(stage);
        if id == network.output {
            break;
        }
    }
    Ok(stages)
}

fn identity(n: usize) -> Result<Vec<f64>> {
    if n.saturating_mul(n) > MAX_ENTRIES {
        return Err(Error::unsupported(format!(
            "a layer of {n} neurons is too wide for the analysis of input boxes"
        )));
    }
    Ok((0..n * n)
        .map(|i| f64::from(u8::from(i / n == i % n)))
        .collect())
}

/// A convolution as a matrix.
fn lowered(c: &Conv, from: Shape, to: Shape) -> Vec<f64> {
    let (n, taps) = (from.len(), c.window.len());
    let (per_in, per_out) = (from.channels / c.groups, to.channels / c.groups);
    let mut m = vec![0.0; to.len() * n];
    for o in 0..to.channels {
        for i in 0..per_in {
            let channel = o / per_out * per_in + i;
            for y in 0..to.height {
                for x in 0..to.width {
                    let row = (o * to.height + y) * to.width + x;
                    for ky in 0..c.window.kernel[0] {
                        for kx in 0..c.window.kernel[1] {
                            let inside = |axis: usize, o: usize, k: usize, size: usize| {
                                (o * c.window.stride[axis] + k * c.window.dilation[axis])
                                    .checked_sub(c.window.padding[axis])
                                    .filter(|&v| v < size)
                            };
                            let Some(sy) = inside(0, y, ky, from.height) else {
                                continue;
                            };
                            let Some(sx) = inside(1, x, kx, from.width) else {
                                continue;
                            };
                            let tap = ky * c.window.kernel[1] + kx;
                            let column = (channel * from.height + sy) * from.width + sx;
                            m[row * n + column] = c.weights[(o * per_in + i) * taps + tap];
                        }
                    }
                }
            }
        }
    }
    m
}

impl Matrix {
    fn new(source: usize, entries: Vec<f64>, rows: usize) -> Self {
        let columns = entries.len() / rows;
        let mut squares = vec![0.0f64; columns];
        for row in entries.chunks_exact(columns) {
            for (s, w) in squares.iter_mut().zip(row) {
                *s = w.mul_add(*w, *s);
            }
        }
        // Relative rounding below (rows + 2) 2^-53; rows <= 2^25.
        let bound = |s: f64| s.sqrt() * (1.0 + 1e-8) + 1e-150;
        Self {
            source,
            bound_columns: squares.into_iter().map(bound).collect(),
            entries,
        }
    }

    /// Number of columns: the size of the stage that it reads.
    pub fn columns(&self) -> usize {
        self.bound_columns.len()
    }
}
