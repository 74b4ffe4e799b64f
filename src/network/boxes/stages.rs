//! A network as stages for the analysis of input boxes: z = sum of M_k a_k + b, then a = ReLU(z).
//!
//! Each linear layer becomes maps of what it reads ([`super::maps`]), and the ReLU behind it belongs to the stage.
//! Stage 0 is the network's input. Weights are the network's own numbers. Where they are not (a batch norm, folded into the layer before if nobody else reads that, and the
//! 1/n of a mean), the stage carries how far its f64 numbers are from the exact ones: [`Matrix::relative`]
//! and [`Stage::bound_bias_off`], which every bound that uses the stage adds.

use crate::arith::upper::{gamma, Upper, UNIT};
use crate::error::{Error, Result};
use crate::network::boxes::maps::{Lists, Map, Matrix};
use crate::network::forward::layers;
use crate::network::model::graph::{Network, Node};
use crate::network::model::ops::{BatchNorm, Op, TensorShape};
use crate::network::model::tournament;

/// Most elements of one stage.
pub const MAX_ELEMENTS: usize = 1 << 18;
/// Most entries of lists of one layer, where they are not its weights.
pub const MAX_ENTRIES: usize = 1 << 25;
/// Most products of a coefficient and an entry for one set of rows; there are six to ten such sets: some hours on a core.
pub const MAX_PRODUCTS: usize = 1 << 42;

/// One stage.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The layer's name.
    pub name: String,
    /// Number of outputs.
    pub size: usize,
    /// Outputs of one channel: output i is of pixel i modulo this.
    pub pixels: usize,
    /// The matrices, one for each stage that it reads; none for the input.
    pub matrices: Vec<Matrix>,
    /// The bias.
    pub bias: Vec<f64>,
    /// Upper bounds of the distance of each bias to the exact one.
    pub bound_bias_off: Vec<f64>,
    /// Whether a ReLU follows.
    pub relu: bool,
}

/// The stages of a network, inputs first, output last; a max-pooling is its [`tournament`].
///
/// **Guarantee** with the exact numbers that the stages stand for, the last stage's value is the network's output
/// on every input, also with any function in place of ReLU (and of the matches of each max-pooling); it has no ReLU.
///
/// # Errors
/// ReLU with a slope and functions that are not ReLU; more than [`MAX_ELEMENTS`], [`MAX_ENTRIES`] or [`MAX_PRODUCTS`]; a
/// batch norm whose scale has no digits.
pub fn stages(network: &Network) -> Result<Vec<Stage>> {
    placed(network).map(|(stages, _)| stages)
}

/// [`stages`], and for each activation of the network the stages whose ReLU it is: one, or its matches; none behind the
/// output.
///
/// # Errors
/// As there.
pub fn placed(network: &Network) -> Result<(Vec<Stage>, Vec<Vec<usize>>)> {
    let mut activations = vec![Vec::new(); network.activations().len()];
    let pools = network.nodes.iter().any(|n| matches!(n.op, Op::MaxPool(_)));
    let expanded = pools.then(|| tournament::expand(network)).transpose()?;
    let plain = expanded.as_ref().map_or(network, |e| &e.network);
    let (stages, place) = of_nodes(plain)?;
    for (k, node) in plain.activations().into_iter().enumerate() {
        let origin = expanded.as_ref().map_or(k, |e| e.origins[k]);
        activations[origin].extend(place.get(node));
    }
    Ok((stages, activations))
}

/// The stages, and for each node up to the output the stage whose value it is.
fn of_nodes(network: &Network) -> Result<(Vec<Stage>, Vec<usize>)> {
    let mut stages: Vec<Stage> = Vec::new();
    // For each node: the stage whose value it is.
    let mut place: Vec<usize> = Vec::new();
    let readers = readers(network);
    let mut work = Work::default();
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
        let from = node.inputs.first().map(|&i| network.nodes[i].shape);
        let from = from.unwrap_or(node.shape);
        if let Err(why) = work.add(node, from) {
            return refuse(&why);
        }
        let mut stage = Stage {
            name: node.name.clone(),
            size,
            pixels: node.shape.pixels(),
            matrices: Vec::new(),
            bias: vec![0.0; size],
            bound_bias_off: vec![0.0; size],
            relu: false,
        };
        let by_lists = |lists| Matrix::new(source, Map::Lists(lists), size, from.len());
        match &node.op {
            Op::Input => {}
            Op::Dense(d) => {
                let map = Map::Dense(d.weights.clone());
                stage
                    .matrices
                    .push(Matrix::new(source, map, size, from.len()));
                stage.bias.clone_from(&d.bias);
            }
            Op::Conv(c) => {
                let map = Map::of(c, from, node.shape);
                stage
                    .matrices
                    .push(Matrix::new(source, map, size, from.len()));
                stage.bias = (0..size).map(|i| c.bias[i / stage.pixels]).collect();
            }
            Op::Add => {
                let each = node
                    .inputs
                    .iter()
                    .map(|&i| Matrix::identity(place[i], size));
                stage.matrices.extend(each);
            }
            Op::Concat => {
                let mut first = 0;
                for &i in &node.inputs {
                    let n = network.nodes[i].shape.len();
                    let mut lists = Lists::default();
                    for o in 0..size {
                        let own = o.checked_sub(first).filter(|i| *i < n);
                        lists.push(own.map(|i| (i, 1.0)));
                    }
                    let map = Map::Lists(lists);
                    stage.matrices.push(Matrix::new(place[i], map, size, n));
                    first += n;
                }
            }
            Op::BatchNorm(b) => {
                // Folded into the layer before, if nobody else reads that, and no reshape between them makes other channels:
                // a convolution's weights have one factor for each of its own.
                let before = &stages[source];
                let alone = source != 0 && readers[node.inputs[0]] == 1 && !before.relu;
                let alone = alone && before.pixels == stage.pixels;
                let norm = Norm::new(b, size);
                if norm.relative > MOST_OFF {
                    return refuse("a scale that is not known to half its size");
                }
                if alone {
                    norm.fold(&mut stages[source]);
                    place.push(source);
                    continue;
                }
                stage.matrices.push(Matrix::identity(source, size));
                norm.fold(&mut stage);
            }
            Op::Affine { scale, shift } => {
                let pixels = stage.pixels;
                let diagonal = Matrix::diagonal(source, size, |i| scale[i / pixels]);
                stage.matrices.push(diagonal);
                stage.bias = (0..size).map(|i| shift[i / pixels]).collect();
            }
            Op::Subsample { .. } | Op::Pad { .. } | Op::Gather { .. } => {
                let mut lists = Lists::default();
                for j in layers::moved(&node.op, from, node.shape) {
                    lists.push(j.map(|j| (j, 1.0)));
                }
                stage.matrices.push(by_lists(lists));
            }
            Op::AvgPool {
                window,
                count_padding,
            } => {
                let mut lists = Lists::default();
                for i in 0..size {
                    let (c, p) = (i / stage.pixels, i % stage.pixels);
                    let (y, x) = (p / node.shape.width, p % node.shape.width);
                    let inside: Vec<usize> = window
                        .positions(from, y, x)
                        .map(|(y, x)| (c * from.height + y) * from.width + x)
                        .collect();
                    let n = if *count_padding {
                        window.len()
                    } else {
                        inside.len()
                    };
                    let mean = 1.0 / n as f64;
                    lists.push(inside.into_iter().map(|j| (j, mean)));
                }
                let mut matrix = by_lists(lists);
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
                stage.matrices.push(Matrix::identity(source, size));
                stage.relu = true;
            }
            _ => {
                return refuse(
                    "the analysis of input boxes takes linear layers, ReLU and max-pooling",
                );
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
            pixels: last.pixels,
            matrices: vec![Matrix::identity(stages.len() - 1, size)],
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

/// What the rows of all stages will cost.
#[derive(Default)]
struct Work {
    /// Entries of all maps so far.
    entries: usize,
    products: usize,
}

impl Work {
    /// One more layer, before anything is made of it; or why there is too much of it.
    fn add(&mut self, node: &Node, from: TensorShape) -> std::result::Result<(), String> {
        let (op, size) = (&node.op, node.shape.len());
        if size > MAX_ELEMENTS {
            return Err(format!(
                "{size} elements; boxes take at most {MAX_ELEMENTS} a layer"
            ));
        }
        let each = match op {
            Op::Input | Op::Reshape(_) => 0,
            Op::Dense(_) => from.len(),
            Op::Conv(c) => from.channels / c.groups * c.window.len(),
            Op::AvgPool { window, .. } => window.len().min(from.pixels()),
            _ => node.inputs.len(),
        };
        let entries = size.saturating_mul(each);
        if entries > MAX_ENTRIES && matches!(op, Op::AvgPool { .. }) {
            return Err(format!(
                "{entries} elements of windows; boxes take at most {MAX_ENTRIES}"
            ));
        }
        self.entries = self.entries.saturating_add(entries);
        self.products = self
            .products
            .saturating_add(size.saturating_mul(self.entries));
        if self.products > MAX_PRODUCTS {
            return Err(format!(
                "up to here rows of {} products of a coefficient and a weight; boxes take at most {MAX_PRODUCTS}",
                self.products
            ));
        }
        Ok(())
    }
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
            m.scale(stage.size, |i| self.parts[i].0);
            let one = Upper::ONE;
            let both = (one + Upper::of(m.relative)) * (one + Upper::of(self.relative));
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
