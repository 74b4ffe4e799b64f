//! A network as stages for the analysis of input boxes: z = sum of M_k a_k + b, then a = ReLU(z).
//!
//! Each linear layer becomes one dense matrix (a convolution too, so this is for small networks), and
//! the ReLU behind it belongs to the stage. Stage 0 is the network's input. Weights are the network's
//! own numbers. Where they are not (a batch norm, folded into the layer before if nobody else reads that, and the
//! 1/n of a mean), the stage carries how far its f64 numbers are from the exact ones: [`Matrix::relative`]
//! and [`Stage::bound_bias_off`], which every bound that uses the stage adds.

use crate::arith::upper::{gamma, Upper, UNIT};
use crate::error::{Error, Result};
use crate::network::forward::layers;
use crate::network::model::graph::Network;
use crate::network::model::ops::{BatchNorm, Conv, Op, TensorShape};

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
    /// The exact entry m' behind each entry m has |m' - m| <= relative |m|.
    pub relative: f64,
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
    /// Upper bounds of the distance of each bias to the exact one.
    pub bound_bias_off: Vec<f64>,
    /// Whether a ReLU follows.
    pub relu: bool,
}

/// The stages of a network, inputs first, output last.
///
/// **Guarantee** with the exact numbers that the stages stand for, the last stage's value is the network's output
/// on every input; it has no ReLU.
///
/// # Errors
/// Max-pooling, concatenation and ReLU with a slope; a matrix over [`MAX_ENTRIES`]; a batch norm whose scale
/// has no digits.
pub fn stages(network: &Network) -> Result<Vec<Stage>> {
    placed(network).map(|(stages, _)| stages)
}

/// [`stages`], and for each node up to the output the stage whose value it is.
///
/// # Errors
/// As there.
pub fn placed(network: &Network) -> Result<(Vec<Stage>, Vec<usize>)> {
    let mut stages: Vec<Stage> = Vec::new();
    // For each node: the stage whose value it is.
    let mut place: Vec<usize> = Vec::new();
    let readers = readers(network);
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
            bound_bias_off: vec![0.0; size],
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
            Op::BatchNorm(b) => {
                // Folded into the layer before, if nobody else reads that.
                let before = &stages[source];
                let alone = source != 0 && readers[node.inputs[0]] == 1 && !before.relu;
                let norm = Norm::new(b, size);
                if norm.relative > MOST_OFF {
                    return refuse("a scale that is not known to half its size");
                }
                if alone {
                    norm.fold(&mut stages[source]);
                    place.push(source);
                    continue;
                }
                stage
                    .matrices
                    .push(Matrix::new(source, identity(size)?, size));
                norm.fold(&mut stage);
            }
            Op::Affine { scale, shift } => {
                let mut entries = identity(size)?;
                let pixels = node.shape.pixels();
                for i in 0..size {
                    entries[i * size + i] = scale[i / pixels];
                }
                stage.matrices.push(Matrix::new(source, entries, size));
                stage.bias = (0..size).map(|i| shift[i / pixels]).collect();
            }
            Op::Subsample { .. } | Op::Pad { .. } => {
                let from = network.nodes[node.inputs[0]].shape;
                let mut entries = zeros(size, from.len())?;
                for (i, j) in layers::moved(&node.op, from, node.shape).iter().enumerate() {
                    if let Some(j) = j {
                        entries[i * from.len() + j] = 1.0;
                    }
                }
                stage.matrices.push(Matrix::new(source, entries, size));
            }
            Op::AvgPool {
                window,
                count_padding,
            } => {
                let from = network.nodes[node.inputs[0]].shape;
                let mut entries = zeros(size, from.len())?;
                for i in 0..size {
                    let (c, p) = (i / node.shape.pixels(), i % node.shape.pixels());
                    let inside: Vec<(usize, usize)> = window
                        .positions(from, p / node.shape.width, p % node.shape.width)
                        .collect();
                    let n = if *count_padding {
                        window.len()
                    } else {
                        inside.len()
                    };
                    for (y, x) in inside {
                        entries[i * from.len() + (c * from.height + y) * from.width + x] =
                            1.0 / n as f64;
                    }
                }
                let mut matrix = Matrix::new(source, entries, size);
                // One division, rounded.
                matrix.relative = f64::EPSILON;
                stage.matrices.push(matrix);
            }
            Op::Reshape(_) => {
                place.push(source);
                continue;
            }
            Op::Relu { slope: 0.0 } => {
                // The value before the ReLU must not be read by another layer, reshaped or not.
                if source != 0 && readers[node.inputs[0]] == 1 && !stages[source].relu {
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
                return refuse("the analysis of input boxes takes dense, conv, batch norm, average pooling, add, subsample, pad, reshape and relu layers");
            }
        }
        place.push(stages.len());
        stages.push(stage);
        if id == network.output {
            break;
        }
    }
    // Bounds are of what goes into a stage's ReLU: a ReLU at the end gets a stage behind it that reads its value.
    if let Some(last) = stages.last().filter(|s| s.relu) {
        let size = last.size;
        stages.push(Stage {
            name: format!("{} (output)", network.nodes[network.output].name),
            size,
            matrices: vec![Matrix::new(stages.len() - 1, identity(size)?, size)],
            bias: vec![0.0; size],
            bound_bias_off: vec![0.0; size],
            relu: false,
        });
    }
    Ok((stages, place))
}

/// How often each node's numbers are read: a reshape has the readers of what it reshapes, and they of it.
fn readers(network: &Network) -> Vec<usize> {
    let mut origin: Vec<usize> = (0..network.nodes.len()).collect();
    let mut count = vec![0; network.nodes.len()];
    for (id, node) in network.nodes.iter().enumerate() {
        if matches!(node.op, Op::Reshape(_)) {
            origin[id] = origin[node.inputs[0]];
        } else {
            node.inputs.iter().for_each(|&i| count[origin[i]] += 1);
        }
    }
    count[origin[network.output]] += 1;
    origin.into_iter().map(|o| count[o]).collect()
}

fn zeros(rows: usize, columns: usize) -> Result<Vec<f64>> {
    if rows.saturating_mul(columns) > MAX_ENTRIES {
        return Err(Error::unsupported(format!(
            "a layer of {rows} x {columns} neurons is too wide for the analysis of input boxes"
        )));
    }
    Ok(vec![0.0; rows * columns])
}

fn identity(n: usize) -> Result<Vec<f64>> {
    let mut entries = zeros(n, n)?;
    entries.iter_mut().step_by(n + 1).for_each(|v| *v = 1.0);
    Ok(entries)
}

/// A relative distance up to which an enclosed scale makes sense.
const MOST_OFF: f64 = 0.5;

/// A batch norm as f64 numbers for every element, and how far they are from the exact ones.
struct Norm {
    /// Scale and shift of each element.
    parts: Vec<(f64, f64)>,
    /// Upper bounds of the distance of scale and shift to the exact ones.
    off: Vec<(f64, f64)>,
    /// Greatest distance of a scale, relative.
    relative: f64,
}

impl Norm {
    fn new(b: &BatchNorm, size: usize) -> Self {
        let folded = b.folded();
        let pixels = size / folded.len();
        let mut norm = Self {
            parts: Vec::with_capacity(size),
            off: Vec::with_capacity(size),
            relative: 0.0,
        };
        for (scale, shift) in folded {
            let off = [scale, shift].map(|e| (Upper::size(e.lo) + Upper::of(e.radius)).get());
            // A scale of exactly 0 has distance 0.
            if off[0] > 0.0 {
                let relative = Upper::of(off[0]).over(scale.hi.abs());
                norm.relative = norm.relative.max(relative.get());
            }
            for _ in 0..pixels {
                norm.parts.push((scale.hi, shift.hi));
                norm.off.push((off[0], off[1]));
            }
        }
        norm
    }

    /// Behind a stage without ReLU: row i times its scale, bias times the scale plus the shift.
    ///
    /// Entries: m s (1 + 2^-53), and the exact m' s' is within (1 + relative_m)(1 + relative_s) of m s.
    /// Bias: |s b + t - (s' b' + t')| <= |s| off_b + off_s (|b| + off_b) + off_t, and three roundings.
    fn fold(&self, stage: &mut Stage) {
        for m in &mut stage.matrices {
            let columns = m.columns();
            for (row, (s, _)) in m.entries.chunks_exact_mut(columns).zip(&self.parts) {
                row.iter_mut().for_each(|v| *v *= s);
            }
            let one = Upper::ONE;
            let both = (one + Upper::of(m.relative)) * (one + Upper::of(self.relative));
            *m = Matrix::new(m.source, std::mem::take(&mut m.entries), stage.size);
            // m' s' = p both and the rounded product is at least p (1 - 2^-53): relative to that
            // product m' s' is off by at most both (1 + gamma_1) - 1.
            let all = both * (one + gamma(1, UNIT));
            m.relative = (all + Upper::of(-1.0)).get();
        }
        for i in 0..stage.size {
            let ((s, t), (s_off, t_off)) = (self.parts[i], self.off[i]);
            let (b, b_off) = (stage.bias[i], stage.bound_bias_off[i]);
            let (size, up) = (Upper::size, Upper::of);
            // Of the product and the sum: gamma_2 (|s b| + |t|), and what a product may underflow by.
            let rounding = gamma(2, UNIT) * (size(s) * size(b) + size(t)) + up(f64::MIN_POSITIVE);
            let off = size(s) * up(b_off) + up(s_off) * (size(b) + up(b_off)) + up(t_off);
            stage.bias[i] = s * b + t;
            stage.bound_bias_off[i] = (off + rounding).get();
        }
    }
}

/// A convolution as a matrix.
fn lowered(c: &Conv, from: TensorShape, to: TensorShape) -> Vec<f64> {
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
        let bound = |s: f64| Upper::computed(s, rows).sqrt().get();
        Self {
            source,
            bound_columns: squares.into_iter().map(bound).collect(),
            relative: 0.0,
            entries,
        }
    }

    /// Number of columns: the size of the stage that it reads.
    pub fn columns(&self) -> usize {
        self.bound_columns.len()
    }
}
