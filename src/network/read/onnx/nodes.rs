//! One ONNX node as a layer.

use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, NodeId};
use crate::network::model::ops::{BatchNorm, Conv, Dense, Op, TensorShape, Window};
use crate::network::read::onnx::messages::{Attribute, Node};
use crate::network::read::onnx::tensor::Constant;
use std::collections::HashMap;

/// What a name in the file stands for.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Node(NodeId),
    Constant(Constant),
}

const SUPPORTED: &str = "Conv, BatchNormalization, Gemm, MatMul, Add, Sub, Mul, Relu, LeakyRelu, \
    MaxPool, AveragePool, GlobalAveragePool, Flatten, Reshape, Pad, Slice, Concat, Constant, Identity, Dropout";

/// A node with what it needs while it is read.
struct Reader<'a> {
    node: &'a Node,
    label: &'a str,
    values: &'a HashMap<String, Value>,
}

impl Reader<'_> {
    fn fail(&self, detail: impl Into<String>) -> Error {
        let place = format!("layer {:?} ({})", self.label, self.node.operator);
        Error::parse(place, detail)
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.node.attributes.iter().find(|a| a.name == name)
    }

    fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |a| a.i)
    }

    fn float(&self, name: &str, default: f32) -> f64 {
        f64::from(self.attribute(name).map_or(default, |a| a.f))
    }

    /// An attribute that must have one value, for what is not supported otherwise.
    fn only(&self, name: &str, value: i64) -> Result<()> {
        match self.int(name, value) {
            v if v == value => Ok(()),
            v => Err(self.fail(format!("{name} = {v}; only {value} is supported"))),
        }
    }

    fn sizes(&self, what: &str, ints: &[i64]) -> Result<Vec<usize>> {
        ints.iter()
            .map(|&v| usize::try_from(v).map_err(|_| self.fail(format!("{what} {v} is negative"))))
            .collect()
    }

    fn pair(&self, name: &str) -> Result<[usize; 2]> {
        let Some(a) = self.attribute(name) else {
            return Ok([1, 1]);
        };
        let sizes = self.sizes(name, &a.ints)?;
        sizes.as_slice().try_into().map_err(|_| {
            self.fail(format!(
                "{name} {sizes:?}; only layers of two spatial axes are supported"
            ))
        })
    }

    fn input(&self, i: usize) -> Option<&Value> {
        let name = self.node.inputs.get(i).filter(|n| !n.is_empty())?;
        self.values.get(name)
    }

    /// The layer that operand i is.
    fn layer(&self, i: usize) -> Result<usize> {
        match self.input(i) {
            Some(Value::Node(id)) => Ok(*id),
            Some(Value::Constant(_)) => Err(self.fail(format!(
                "operand {i} is a constant; fold constants (onnxsim) and export again"
            ))),
            None => Err(self.missing(i)),
        }
    }

    fn missing(&self, i: usize) -> Error {
        match self.node.inputs.get(i) {
            Some(name) => self.fail(format!("operand {i}, {name:?}, is defined nowhere before")),
            None => self.fail(format!("operand {i} is missing")),
        }
    }

    /// The constant that operand i is.
    fn constant(&self, i: usize) -> Result<&Constant> {
        match self.input(i) {
            Some(Value::Constant(c)) => Ok(c),
            Some(Value::Node(_)) => Err(self.fail(format!(
                "operand {i} depends on the input; only constants are supported there"
            ))),
            None => Err(self.missing(i)),
        }
    }

    fn weights(&self, i: usize) -> Result<&[f64]> {
        self.constant(i)?
            .weights()
            .map_err(|e| self.fail(e.to_string()))
    }

    fn optional(&self, i: usize, n: usize) -> Result<Vec<f64>> {
        match self.node.inputs.get(i) {
            Some(name) if !name.is_empty() => Ok(self.weights(i)?.to_vec()),
            _ => Ok(vec![0.0; n]),
        }
    }

    /// Kernel, strides, dilations and padding of a window over `x`.
    fn window(&self, x: TensorShape, kernel: [usize; 2]) -> Result<Window> {
        let stride = self.pair("strides")?;
        let dilation = self.pair("dilations")?;
        let mut padding = [0; 4];
        if let Some(a) = self.attribute("pads") {
            let sizes = self.sizes("pads", &a.ints)?;
            padding = sizes
                .as_slice()
                .try_into()
                .map_err(|_| self.fail(format!("pads {sizes:?} are not four")))?;
        }
        let auto = self
            .attribute("auto_pad")
            .map(|a| a.s.clone())
            .unwrap_or_default();
        match auto.as_slice() {
            b"" | b"NOTSET" | b"VALID" => {}
            b"SAME_UPPER" | b"SAME_LOWER" => {
                for (axis, size) in [x.height, x.width].into_iter().enumerate() {
                    let reach = kernel[axis]
                        .saturating_sub(1)
                        .saturating_mul(dilation[axis])
                        + 1;
                    let steps = size.div_ceil(stride[axis].max(1)) - 1;
                    let total = (steps * stride[axis] + reach).saturating_sub(size);
                    let small = total / 2;
                    let lower = auto == b"SAME_LOWER";
                    padding[axis] = if lower { total - small } else { small };
                    padding[axis + 2] = total - padding[axis];
                }
            }
            _ => return Err(self.fail("auto_pad has an unknown value")),
        }
        self.only("ceil_mode", 0)?;
        Ok(Window {
            kernel,
            stride,
            dilation,
            padding,
        })
    }
}

/// Adds the layer that a node is, or evaluates a constant.
pub(super) fn convert(
    node: &Node,
    label: &str,
    opset: i64,
    builder: &mut Builder,
    values: &HashMap<String, Value>,
) -> Result<Value> {
    let r = Reader {
        node,
        label,
        values,
    };
    if !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return Err(r.fail(format!(
            "operators of domain {:?} are not supported",
            node.domain
        )));
    }
    if node.operator == "Constant" {
        let tensor = r.attribute("value").and_then(|a| a.t.as_ref());
        let tensor =
            tensor.ok_or_else(|| r.fail("a constant that is no tensor is not supported"))?;
        return Constant::read(tensor).map(Value::Constant);
    }
    if matches!(node.operator.as_str(), "Identity" | "Dropout") {
        return r.input(0).cloned().ok_or_else(|| r.missing(0));
    }
    if node.operator == "Concat"
        && (0..node.inputs.len()).all(|i| matches!(r.input(i), Some(Value::Node(_))))
    {
        r.only("axis", 1)?;
        let inputs: Vec<usize> = (0..node.inputs.len())
            .map(|i| r.layer(i))
            .collect::<Result<_>>()?;
        return builder.push(label, Op::Concat, &inputs).map(Value::Node);
    }
    if matches!(node.operator.as_str(), "Add" | "Sub" | "Mul") {
        return arithmetic(&r, builder).map(Value::Node);
    }
    // An unknown operator is named before its operands are looked at.
    let known = SUPPORTED
        .split(", ")
        .any(|name| name.trim() == node.operator);
    if !known {
        let hint = match node.operator.as_str() {
            "Softmax" | "LogSoftmax" => "cut the network before it, where its logits are",
            "Transpose" | "Shape" | "Gather" | "Unsqueeze" | "Squeeze" | "Cast" => {
                "simplify the model (onnxsim) or export with static shapes"
            }
            "Sigmoid" | "Tanh" | "Gelu" | "Clip" => {
                "only ReLU, leaky ReLU and max-pooling have polynomial twins here"
            }
            _ => "export the model without it",
        };
        return Err(r.fail(format!(
            "this operator is not supported; {hint}. Supported are {SUPPORTED}"
        )));
    }
    let x = r.layer(0)?;
    let shape = builder.shape(x);
    match operation(&r, opset, shape)? {
        None => Ok(Value::Node(x)),
        Some(op) => builder.push(label, op, &[x]).map(Value::Node),
    }
}

/// What a node with one layer as its operand computes; nothing where it changes nothing.
fn operation(r: &Reader, opset: i64, x: TensorShape) -> Result<Option<Op>> {
    let same = |to: TensorShape| (to != x).then_some(Op::Reshape(to));
    Ok(Some(match r.node.operator.as_str() {
        "Conv" => {
            let dims = r.constant(1)?.dims.clone();
            let [outputs, _, kh, kw] = dims[..] else {
                return Err(r.fail(format!(
                    "weights of dimensions {dims:?}; only two-dimensional convolutions are supported"
                )));
            };
            Op::Conv(Conv {
                weights: r.weights(1)?.to_vec(),
                bias: r.optional(2, outputs)?,
                groups: r.sizes("group", &[r.int("group", 1)])?[0],
                window: r.window(x, [kh, kw])?,
            })
        }
        "Gemm" => gemm(r)?,
        "MatMul" => {
            let [rows, columns] = matrix(r)?;
            Op::Dense(Dense {
                weights: transposed(r.weights(1)?, rows, columns),
                bias: vec![0.0; columns],
            })
        }
        "BatchNormalization" => {
            r.only("training_mode", 0)?;
            Op::BatchNorm(BatchNorm {
                gamma: r.weights(1)?.to_vec(),
                beta: r.weights(2)?.to_vec(),
                mean: r.weights(3)?.to_vec(),
                variance: r.weights(4)?.to_vec(),
                epsilon: r.float("epsilon", 1e-5),
            })
        }
        "Relu" => Op::Relu { slope: 0.0 },
        "LeakyRelu" => Op::Relu {
            slope: r.float("alpha", 0.01),
        },
        "MaxPool" => {
            r.only("storage_order", 0)?;
            Op::MaxPool(r.window(x, r.pair("kernel_shape")?)?)
        }
        "AveragePool" => Op::AvgPool {
            window: r.window(x, r.pair("kernel_shape")?)?,
            count_padding: r.int("count_include_pad", 0) != 0,
        },
        "GlobalAveragePool" => Op::AvgPool {
            window: Window::new([x.height, x.width], [1, 1]),
            count_padding: false,
        },
        "Flatten" => {
            r.only("axis", 1)?;
            return Ok(same(TensorShape::flat(x.len())));
        }
        "Reshape" => return Ok(same(reshaped(r, x)?)),
        "Pad" => pad(r, opset)?,
        "Slice" => slice(r, x)?,
        _ => return Err(r.fail("not supported with these operands")),
    }))
}

fn matrix(r: &Reader) -> Result<[usize; 2]> {
    let dims = &r.constant(1)?.dims;
    dims.as_slice().try_into().map_err(|_| {
        r.fail(format!(
            "weights of dimensions {dims:?}; a matrix is expected"
        ))
    })
}

fn transposed(w: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns)
        .filter_map(|k| {
            w.get((k % rows.max(1)) * columns + k / rows.max(1))
                .copied()
        })
        .collect()
}

fn gemm(r: &Reader) -> Result<Op> {
    r.only("transA", 0)?;
    let [rows, columns] = matrix(r)?;
    let (weights, outputs) = if r.int("transB", 0) == 0 {
        (transposed(r.weights(1)?, rows, columns), columns)
    } else {
        (r.weights(1)?.to_vec(), rows)
    };
    let mut bias = r.optional(2, outputs)?;
    if bias.len() == 1 {
        bias = vec![bias[0]; outputs];
    }
    Ok(Op::Dense(Dense {
        weights: scaled(r, weights, r.float("alpha", 1.0))?,
        bias: scaled(r, bias, r.float("beta", 1.0))?,
    }))
}

/// The numbers times a factor, which must be exact.
fn scaled(r: &Reader, mut values: Vec<f64>, factor: f64) -> Result<Vec<f64>> {
    if factor != 1.0 {
        for v in &mut values {
            let p = *v * factor;
            if v.mul_add(factor, -p) != 0.0 || !p.is_finite() || (p != 0.0 && !p.is_normal()) {
                return Err(r.fail(format!(
                    "alpha or beta = {factor} makes weights that f64 cannot hold; fold it into the weights"
                )));
            }
            *v = p;
        }
    }
    Ok(values)
}

fn reshaped(r: &Reader, x: TensorShape) -> Result<TensorShape> {
    r.only("allowzero", 0)?;
    let wanted = &r.constant(1)?.ints;
    let old = [1, x.channels, x.height, x.width];
    let mut dims: Vec<usize> = Vec::new();
    let mut free = None;
    for (axis, &d) in wanted.iter().enumerate() {
        match d {
            -1 => {
                free = Some(axis);
                dims.push(1);
            }
            0 if axis < 4 => dims.push(old[axis]),
            d => dims.extend(r.sizes("shape", &[d])?),
        }
    }
    let known = dims
        .iter()
        .try_fold(1usize, |n, &d| n.checked_mul(d))
        .unwrap_or(0);
    if let (Some(axis), true) = (free, known > 0) {
        dims[axis] = x.len() / known;
    }
    let to = match dims.as_slice() {
        [n] => TensorShape::flat(*n),
        [1, n] => TensorShape::flat(*n),
        [1, c, l] => TensorShape::new(*c, *l, 1),
        [1, c, h, w] => TensorShape::new(*c, *h, *w),
        _ => return Err(r.fail(format!("to shape {wanted:?} with a batch that is not 1"))),
    };
    Ok(to)
}

fn pad(r: &Reader, opset: i64) -> Result<Op> {
    let mode = r.attribute("mode").map(|a| a.s.clone()).unwrap_or_default();
    if !matches!(mode.as_slice(), b"" | b"constant") {
        return Err(r.fail("only padding with constants is supported"));
    }
    let zero = if opset >= 11 {
        let given = r.node.inputs.get(2).is_some_and(|n| !n.is_empty());
        !given || r.weights(2)?.iter().all(|&v| v == 0.0)
    } else {
        r.float("value", 0.0) == 0.0
    };
    if !zero {
        return Err(r.fail("only padding with zeros is supported"));
    }
    let pads = match r.attribute("pads") {
        Some(a) if opset < 11 => a.ints.clone(),
        _ => r.constant(1)?.ints.clone(),
    };
    let p = r.sizes("pads", &pads)?;
    match p[..] {
        [0, c0, y0, x0, 0, c1, y1, x1] => Ok(Op::Pad {
            channels: [c0, c1],
            border: [y0, x0, y1, x1],
        }),
        [0, c0, 0, c1] => Ok(Op::Pad {
            channels: [c0, c1],
            border: [0; 4],
        }),
        _ => Err(r.fail(format!("pads {p:?}"))),
    }
}

/// Only what takes every k-th row and column from the first.
fn slice(r: &Reader, x: TensorShape) -> Result<Op> {
    let (starts, ends) = (&r.constant(1)?.ints, &r.constant(2)?.ints);
    let given = |i: usize| r.node.inputs.get(i).is_some_and(|n| !n.is_empty());
    let axes = if given(3) {
        r.constant(3)?.ints.clone()
    } else {
        (0..starts.len() as i64).collect()
    };
    let steps = if given(4) {
        r.constant(4)?.ints.clone()
    } else {
        vec![1; starts.len()]
    };
    let sizes = [1, x.channels, x.height, x.width];
    let mut stride = [1; 2];
    let lists = [ends.len(), axes.len(), steps.len()];
    let mut good = lists.iter().all(|&n| n == starts.len());
    for (k, &axis) in axes
        .iter()
        .enumerate()
        .take(if good { axes.len() } else { 0 })
    {
        let axis = if axis < 0 { axis + 4 } else { axis };
        let whole =
            (0..4).contains(&axis) && starts[k] == 0 && ends[k] >= sizes[axis as usize] as i64;
        good &= whole && (1..=1 << 16).contains(&steps[k]) && (axis > 1 || steps[k] == 1);
        if good && axis > 1 {
            stride[axis as usize - 2] = steps[k] as usize;
        }
    }
    if !good {
        return Err(r.fail("only a slice of every k-th row and column from the first is supported"));
    }
    Ok(Op::Subsample { stride })
}

/// Add, Sub, Mul: of two layers (Add only), or of a layer and a constant for each channel.
fn arithmetic(r: &Reader, builder: &mut Builder) -> Result<usize> {
    let operator = r.node.operator.as_str();
    let (x, c, swapped) = match (r.input(0), r.input(1)) {
        (Some(Value::Node(a)), Some(Value::Node(b))) if operator == "Add" => {
            return builder.push(r.label, Op::Add, &[*a, *b]);
        }
        (Some(Value::Node(a)), Some(Value::Constant(c))) => (*a, c, false),
        (Some(Value::Constant(c)), Some(Value::Node(a))) => (*a, c, true),
        (None, _) => return Err(r.missing(0)),
        (_, None) => return Err(r.missing(1)),
        _ => return Err(r.fail("of two layers is not supported (Add is)")),
    };
    let shape = builder.shape(x);
    let values = c.weights().map_err(|e| r.fail(e.to_string()))?;
    // Broadcasting aligns last axes: of a flat vector the features, of a map the channels.
    let mut dims = c.dims.as_slice();
    while let [1, rest @ ..] = dims {
        dims = rest;
    }
    let flat = shape.pixels() == 1;
    let per_channel = match dims {
        [] => vec![values.first().copied().unwrap_or(0.0); shape.channels],
        [n] | [n, 1] | [n, 1, 1] if *n == shape.channels && (flat || dims.len() == 3) => {
            values.to_vec()
        }
        _ => {
            return Err(r.fail(format!(
            "a constant of dimensions {:?} on {shape}; one number for each channel is supported",
            c.dims
        )))
        }
    };
    let n = shape.channels;
    let negated = || per_channel.iter().map(|v| -v).collect::<Vec<f64>>();
    let (scale, shift) = match (operator, swapped) {
        ("Add", _) => (vec![1.0; n], per_channel),
        ("Sub", false) => (vec![1.0; n], negated()),
        ("Sub", true) => (vec![-1.0; n], per_channel),
        _ => (per_channel, vec![0.0; n]),
    };
    builder.push(r.label, Op::Affine { scale, shift }, &[x])
}
