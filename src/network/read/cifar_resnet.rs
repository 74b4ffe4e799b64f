//! The residual networks for CIFAR (He et al., 2015, section 4.2), by the names of their weights.
//!
//! Three stages of n blocks of two 3x3 convolutions with 16, 32, 64 channels (or multiples: the shapes
//! say). Where a block halves the resolution, its shortcut is option A (every second row and column,
//! zero channels on both sides) or option B (a 1x1 convolution with batch norm, `shortcut.0`,
//! `shortcut.1` or `downsample`).

use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, Network, NodeId, Preprocessing};
use crate::network::model::ops::{BatchNorm, Conv, Dense, Op, TensorShape, Window};
use crate::network::read::safetensors::Weights;

/// Whether the names are those of such a network.
pub fn is_one(weights: &Weights) -> bool {
    let has = |name: &str| weights.arrays.contains_key(name);
    has("conv1.weight") && has("layer1.0.conv1.weight") && has("layer3.0.conv2.weight")
}

/// Builds the network.
///
/// # Errors
/// A tensor that is missing or does not fit, by name.
pub fn build(
    weights: &Weights,
    name: &str,
    epsilon: f64,
    preprocessing: Preprocessing,
) -> Result<Network> {
    let mut b = Stem {
        weights,
        builder: Builder::new(TensorShape::new(3, 32, 32))?,
        epsilon,
    };
    let mut x = b.conv_norm("conv1", "bn1", 0, 1)?;
    x = b.relu("relu1", x)?;
    for stage in 1..=3usize {
        let blocks = (0..)
            .take_while(|j| {
                weights
                    .arrays
                    .contains_key(&format!("layer{stage}.{j}.conv1.weight"))
            })
            .count();
        if blocks == 0 {
            return Err(Error::parse(format!("layer{stage}"), "has no block"));
        }
        for j in 0..blocks {
            let stride = if stage > 1 && j == 0 { 2 } else { 1 };
            x = b.block(&format!("layer{stage}.{j}"), x, stride)?;
        }
    }
    let shape = b.builder.shape(x);
    let window = Window::new([shape.height, shape.width], [1, 1]);
    let pool = Op::AvgPool {
        window,
        count_padding: false,
    };
    x = b.builder.push("avgpool", pool, &[x])?;
    let head = ["linear", "fc"]
        .into_iter()
        .find(|h| weights.arrays.contains_key(&format!("{h}.weight")))
        .unwrap_or("linear");
    let matrix = weights.get(&format!("{head}.weight"))?;
    let bias = weights.vector(&format!("{head}.bias"))?;
    let wanted = [bias.len(), b.builder.shape(x).channels];
    if matrix.dims != wanted {
        let detail = format!("dimensions {:?}; {wanted:?} are expected", matrix.dims);
        return Err(Error::parse(format!("tensor \"{head}.weight\""), detail));
    }
    let dense = Dense {
        weights: matrix.values.clone(),
        bias,
    };
    x = b.builder.push(head, Op::Dense(dense), &[x])?;
    weights.all_used(&[])?;
    b.builder.finish(name, x, preprocessing)
}

struct Stem<'a> {
    weights: &'a Weights,
    builder: Builder,
    epsilon: f64,
}

impl Stem<'_> {
    fn conv_norm(&mut self, conv: &str, norm: &str, x: NodeId, stride: usize) -> Result<NodeId> {
        let w = self.weights.get(&format!("{conv}.weight"))?;
        let [outputs, _, kh, kw] = w.dims[..] else {
            let detail = format!("dimensions {:?}; four are expected", w.dims);
            return Err(Error::parse(format!("tensor \"{conv}.weight\""), detail));
        };
        if kh % 2 == 0 || kw % 2 == 0 {
            let detail = format!("a kernel of {kh} x {kw}: its padding is not known");
            return Err(Error::parse(format!("tensor \"{conv}.weight\""), detail));
        }
        let conv_op = Op::Conv(Conv {
            weights: w.values.clone(),
            bias: vec![0.0; outputs],
            groups: 1,
            window: Window {
                padding: [kh / 2, kw / 2, kh / 2, kw / 2],
                ..Window::new([kh, kw], [stride, stride])
            },
        });
        let y = self.builder.push(conv, conv_op, &[x])?;
        let part = |field: &str| self.weights.vector(&format!("{norm}.{field}"));
        let norm_op = Op::BatchNorm(BatchNorm {
            gamma: part("weight")?,
            beta: part("bias")?,
            mean: part("running_mean")?,
            variance: part("running_var")?,
            epsilon: self.epsilon,
        });
        self.builder.push(norm, norm_op, &[y])
    }

    fn relu(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        self.builder.push(name, Op::Relu { slope: 0.0 }, &[x])
    }

    fn block(&mut self, at: &str, x: NodeId, stride: usize) -> Result<NodeId> {
        let name = |part: &str| format!("{at}.{part}");
        let a = self.conv_norm(&name("conv1"), &name("bn1"), x, stride)?;
        let a = self.relu(&name("relu1"), a)?;
        let a = self.conv_norm(&name("conv2"), &name("bn2"), a, 1)?;
        let (from, to) = (self.builder.shape(x), self.builder.shape(a));
        let option_b = ["shortcut", "downsample"]
            .map(name)
            .into_iter()
            .find(|s| self.weights.arrays.contains_key(&format!("{s}.0.weight")));
        let side = match option_b {
            Some(s) => self.conv_norm(&format!("{s}.0"), &format!("{s}.1"), x, stride)?,
            None if from == to => x,
            None => {
                let subsample = Op::Subsample {
                    stride: [stride, stride],
                };
                let small = self.builder.push(&name("shortcut.rows"), subsample, &[x])?;
                let more = to.channels.saturating_sub(from.channels);
                let pad = Op::Pad {
                    channels: [more / 2, more - more / 2],
                    border: [0; 4],
                };
                self.builder.push(&name("shortcut.pad"), pad, &[small])?
            }
        };
        let sum = self.builder.push(&name("add"), Op::Add, &[a, side])?;
        self.relu(&name("relu2"), sum)
    }
}
