//! The layers of a network, with exact weights, and the shapes that they make.
//!
//! Weights are f64 and mean exactly these numbers: an f32 weight is an f64. Batch norm is kept as its
//! four vectors; who needs a scale and a shift takes [`BatchNorm::folded`], which encloses them.

use crate::error::{Error, Result};
use crate::function::formula::Formula;
pub use crate::network::model::batch_norm::BatchNorm;
pub use crate::network::model::over::Over;
pub use crate::network::model::polynomial::Polynomials;
pub use crate::network::model::shape::{TensorShape, MAX_FEATURES};

/// A window that slides over rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    /// Step down and right.
    pub stride: [usize; 2],
    /// Distance of neighbours inside the window.
    pub dilation: [usize; 2],
    /// Rows above, columns left, rows below, columns right that are added around the input.
    pub padding: [usize; 4],
}

impl Window {
    /// A window without padding or dilation.
    pub fn new(kernel: [usize; 2], stride: [usize; 2]) -> Self {
        Self {
            kernel,
            stride,
            dilation: [1, 1],
            padding: [0; 4],
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows and columns of the output.
    ///
    /// # Errors
    /// A size of 0 or over 2^16, or a window that is larger than the padded input.
    pub fn output(&self, input: TensorShape) -> Result<[usize; 2]> {
        let most = 1usize << 16;
        let sizes = self.kernel.iter().chain(&self.stride).chain(&self.dilation);
        if sizes.clone().any(|&v| v == 0 || v > most) || self.padding.iter().any(|&v| v > most) {
            return Err(Error::domain(format!(
                "window {self:?}: sizes go from 1 to {most}, padding from 0"
            )));
        }
        let mut out = [0; 2];
        for (axis, size) in [input.height, input.width].into_iter().enumerate() {
            let padded = size + self.padding[axis] + self.padding[axis + 2];
            let reach = (self.kernel[axis] - 1) * self.dilation[axis] + 1;
            if reach > padded {
                return Err(Error::domain(format!(
                    "a window of {reach} does not fit into {padded} padded rows or columns of {input}"
                )));
            }
            out[axis] = (padded - reach) / self.stride[axis] + 1;
        }
        Ok(out)
    }

    /// For an output position: the row-major list of input positions (row, column) inside the input,
    /// in the window's order; positions in the padding are left out.
    pub fn positions(
        self,
        input: TensorShape,
        row: usize,
        column: usize,
    ) -> impl Iterator<Item = (usize, usize)> {
        let at = move |axis: usize, o: usize, k: usize, size: usize| {
            (o * self.stride[axis] + k * self.dilation[axis])
                .checked_sub(self.padding[axis])
                .filter(|&i| i < size)
        };
        (0..self.kernel[0]).flat_map(move |ky| {
            let y = at(0, row, ky, input.height);
            (0..self.kernel[1]).filter_map(move |kx| Some((y?, at(1, column, kx, input.width)?)))
        })
    }
}

/// `out[o] = bias[o]` + sum over the window and the group's input channels of weight times input.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv {
    /// `[output][input / groups][row][column]`, row-major.
    pub weights: Vec<f64>,
    /// One for each output channel (zeros where there is none).
    pub bias: Vec<f64>,
    /// Groups of channels; 1 for a plain convolution.
    pub groups: usize,
    /// The window; padding is with zeros.
    pub window: Window,
}

/// out = weights x + bias on a flat vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// `[output][input]`, row-major.
    pub weights: Vec<f64>,
    /// One for each output.
    pub bias: Vec<f64>,
}

/// What a node of the graph computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// The network's input.
    Input,
    /// A convolution with zero padding.
    Conv(Conv),
    /// A fully connected layer.
    Dense(Dense),
    /// Batch normalisation with fixed statistics.
    BatchNorm(BatchNorm),
    /// out = scale x + shift, a channel at a time.
    Affine {
        /// Factor of each channel.
        scale: Vec<f64>,
        /// Offset of each channel.
        shift: Vec<f64>,
    },
    /// Sum of two inputs of one shape.
    Add,
    /// max(x, 0) + slope min(x, 0).
    Relu {
        /// 0 for ReLU.
        slope: f64,
    },
    /// Greatest element of the window (the padding takes no part).
    MaxPool(Window),
    /// Sum over the window divided by its size, or by the number of elements inside the input.
    AvgPool {
        /// The window.
        window: Window,
        /// Whether the padding counts in the divisor.
        count_padding: bool,
    },
    /// Every stride-th row and column, from the first.
    Subsample {
        /// Step down and right.
        stride: [usize; 2],
    },
    /// Zeros around the input.
    Pad {
        /// Channels before and after.
        channels: [usize; 2],
        /// Rows above, columns left, rows below, columns right.
        border: [usize; 4],
    },
    /// The inputs' channels, one input after the other.
    Concat,
    /// The same numbers, row-major, in another shape.
    Reshape(TensorShape),
    /// Chosen elements, and zeros: what tournaments over windows of different sizes are written with. No file has it.
    Gather {
        /// For each output element the input element that it is, if any.
        from: Vec<Option<usize>>,
        /// The output's shape.
        shape: TensorShape,
    },
    /// A polynomial of every element, one for each channel.
    Polynomial(Polynomials),
    /// A smooth function of every element.
    Smooth(Formula),
    /// The variance of each group of elements (the mean of (x - mean)^2) plus epsilon: one number a group.
    Variance {
        /// The axes that a group goes along.
        over: Over,
        /// Above 0.
        epsilon: f64,
    },
    /// Of x and one number a group: (x - the group's mean) times the group's number.
    Normalise(Over),
}

impl Op {
    /// The name of the operation, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Conv(_) => "conv",
            Self::Dense(_) => "dense",
            Self::BatchNorm(_) => "batch_norm",
            Self::Affine { .. } => "affine",
            Self::Add => "add",
            Self::Relu { slope: 0.0 } => "relu",
            Self::Relu { .. } => "leaky_relu",
            Self::MaxPool(_) => "max_pool",
            Self::AvgPool { .. } => "avg_pool",
            Self::Subsample { .. } => "subsample",
            Self::Pad { .. } => "pad",
            Self::Concat => "concat",
            Self::Reshape(_) => "reshape",
            Self::Gather { .. } => "gather",
            Self::Polynomial(_) => "polynomial",
            Self::Smooth(_) => "smooth",
            Self::Variance { .. } => "variance",
            Self::Normalise(_) => "normalise",
        }
    }

    /// Whether it is an activation: ReLU, max-pooling, a smooth function, or a polynomial.
    pub fn is_activation(&self) -> bool {
        self.is_replaced() || matches!(self, Self::Polynomial(_))
    }

    /// Whether a polynomial of a table stands in for it in the encrypted network.
    pub fn is_replaced(&self) -> bool {
        matches!(self, Self::Relu { .. } | Self::MaxPool(_) | Self::Smooth(_))
    }

    /// The numbers that training found (a bias of zeros is none; batch norm: factor and offset).
    pub fn parameters(&self) -> usize {
        let bias = |b: &[f64]| {
            if b.iter().all(|&v| v == 0.0) {
                0
            } else {
                b.len()
            }
        };
        match self {
            Self::Conv(c) => c.weights.len() + bias(&c.bias),
            Self::Dense(d) => d.weights.len() + bias(&d.bias),
            Self::BatchNorm(b) => 2 * b.gamma.len(),
            Self::Affine { scale, shift } => scale.len() + shift.len(),
            Self::Polynomial(p) if p.is_per_channel() => p.channels.len() * (p.degree() + 1),
            Self::Polynomial(p) => p.degree() + 1,
            _ => 0,
        }
    }

    /// The shape that it makes of its inputs' shapes.
    ///
    /// # Errors
    /// Wrong number of inputs, weights that are not finite or do not fit the shapes.
    pub fn output(&self, inputs: &[TensorShape]) -> Result<TensorShape> {
        let wanted = match self {
            Self::Input => 0..=0,
            Self::Add | Self::Normalise(_) => 2..=2,
            Self::Concat => 1..=1_024,
            _ => 1..=1,
        };
        if !wanted.contains(&inputs.len()) {
            let n = inputs.len();
            return Err(Error::domain(format!(
                "{} does not take {n} inputs",
                self.name()
            )));
        }
        let Some(&x) = inputs.first() else {
            return Err(Error::domain("the input has its own shape"));
        };
        let per_channel = |what: &str, values: &[f64]| {
            finite(what, values)?;
            fits(what, values.len(), x.channels)
        };
        match self {
            Self::Input => Err(Error::domain("a network has one input")),
            Self::Conv(c) => conv_output(c, x),
            Self::Dense(d) => {
                finite("weights", &d.weights)?;
                finite("bias", &d.bias)?;
                if x.pixels() != 1 {
                    return Err(Error::domain(format!(
                        "a dense layer takes a flat vector, not {x}"
                    )));
                }
                fits("weights", d.weights.len(), d.bias.len() * x.channels)?;
                TensorShape::flat(d.bias.len()).check()
            }
            Self::BatchNorm(b) => {
                per_channel("gamma", &b.gamma)?;
                per_channel("beta", &b.beta)?;
                per_channel("mean", &b.mean)?;
                per_channel("variance", &b.variance)?;
                finite("epsilon", &[b.epsilon])?;
                match b.variance.iter().position(|v| v + b.epsilon <= 0.0) {
                    Some(c) => Err(Error::domain(format!(
                        "variance + epsilon of channel {c} is {}, not above 0",
                        b.variance[c] + b.epsilon
                    ))),
                    None => Ok(x),
                }
            }
            Self::Affine { scale, shift } => {
                per_channel("scale", scale)?;
                per_channel("shift", shift)?;
                Ok(x)
            }
            Self::Add if inputs[1] != x => Err(Error::domain(format!(
                "adds {x} and {}: the shapes differ",
                inputs[1]
            ))),
            Self::Relu { slope } => {
                finite("slope", &[*slope])?;
                Ok(x)
            }
            Self::Add | Self::Smooth(_) => Ok(x),
            Self::Variance { over, epsilon } => {
                finite("epsilon", &[*epsilon])?;
                if *epsilon <= 0.0 {
                    return Err(Error::domain(format!("epsilon is {epsilon}, not above 0")));
                }
                over.check(x)?;
                Ok(over.reduced(x))
            }
            Self::Normalise(over) => {
                over.check(x)?;
                match (over.reduced(x), inputs[1]) {
                    (groups, have) if groups == have => Ok(x),
                    (groups, have) => Err(Error::domain(format!(
                        "normalises {x} by {have}, where the groups are {groups}"
                    ))),
                }
            }
            Self::MaxPool(w) | Self::AvgPool { window: w, .. } => {
                let [height, width] = w.output(x)?;
                // A window that lies in the padding alone has no maximum and no mean.
                let reach = |axis: usize| (w.kernel[axis] - 1) * w.dilation[axis];
                if (0..4).any(|side| w.padding[side] > reach(side % 2)) || w.dilation != [1, 1] {
                    return Err(Error::unsupported(format!(
                        "pooling window {:?} with dilation {:?} and padding {:?}: padding must be below the window, dilation 1",
                        w.kernel, w.dilation, w.padding
                    )));
                }
                TensorShape::new(x.channels, height, width).check()
            }
            Self::Subsample { stride } => {
                if stride.contains(&0) {
                    return Err(Error::domain("a stride of 0"));
                }
                let [h, w] = [x.height.div_ceil(stride[0]), x.width.div_ceil(stride[1])];
                TensorShape::new(x.channels, h, w).check()
            }
            Self::Pad { channels, border } => {
                if channels.iter().chain(border).any(|&n| n > MAX_FEATURES) {
                    return Err(Error::unsupported(
                        "padding is larger than any activation may be",
                    ));
                }
                TensorShape::new(
                    x.channels + channels[0] + channels[1],
                    x.height + border[0] + border[2],
                    x.width + border[1] + border[3],
                )
                .check()
            }
            Self::Concat => {
                let mut channels = 0usize;
                for s in inputs {
                    if (s.height, s.width) != (x.height, x.width) {
                        return Err(Error::domain(format!("concatenates {x} and {s}")));
                    }
                    channels += s.channels;
                }
                TensorShape::new(channels, x.height, x.width).check()
            }
            Self::Reshape(to) => {
                fits("elements", x.len(), to.check()?.len())?;
                Ok(*to)
            }
            Self::Gather { from, shape } => {
                fits("elements", from.len(), shape.check()?.len())?;
                match from.iter().flatten().find(|&&j| j >= x.len()) {
                    None => Ok(*shape),
                    Some(j) => Err(Error::domain(format!("gathers element {j} of {}", x.len()))),
                }
            }
            Self::Polynomial(p) => {
                fits("polynomials", p.channels.len(), x.channels)?;
                p.check()?;
                Ok(x)
            }
        }
    }
}

fn conv_output(c: &Conv, x: TensorShape) -> Result<TensorShape> {
    finite("weights", &c.weights)?;
    finite("bias", &c.bias)?;
    let outputs = c.bias.len();
    let g = c.groups;
    if g == 0 || x.channels % g != 0 || outputs % g != 0 {
        return Err(Error::domain(format!(
            "{g} groups do not divide {} input and {outputs} output channels",
            x.channels
        )));
    }
    let [height, width] = c.window.output(x)?;
    let each = (x.channels / g)
        .checked_mul(c.window.len())
        .and_then(|n| n.checked_mul(outputs))
        .unwrap_or(usize::MAX);
    fits("weights", c.weights.len(), each)?;
    TensorShape::new(outputs, height, width).check()
}

fn fits(what: &str, have: usize, need: usize) -> Result<()> {
    if have == need {
        return Ok(());
    }
    Err(Error::domain(format!(
        "{have} {what} where the shapes need {need}"
    )))
}

fn finite(what: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(i) => Err(Error::domain(format!(
            "{what}[{i}] is {}: weights must be finite numbers",
            values[i]
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_list_what_lies_inside() {
        let w = Window {
            padding: [1; 4],
            ..Window::new([3, 3], [2, 2])
        };
        let x = TensorShape::new(1, 4, 5);
        assert_eq!(w.output(x).unwrap(), [2, 3]);
        let at: Vec<_> = w.positions(x, 0, 0).collect();
        assert_eq!(at, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        let at: Vec<_> = w.positions(x, 1, 2).collect();
        assert_eq!(at, [(1, 3), (1, 4), (2, 3), (2, 4), (3, 3), (3, 4)]);
        assert!(Window::new([6, 1], [1, 1]).output(x).is_err());
        assert!(Window::new([1, 0], [1, 1]).output(x).is_err());
    }

    #[test]
    fn weights_that_do_not_fit_are_named() {
        let d = |weights: Vec<f64>| {
            Op::Dense(Dense {
                weights,
                bias: vec![0.0; 2],
            })
        };
        let x = [TensorShape::flat(3)];
        assert_eq!(d(vec![1.0; 6]).output(&x).unwrap(), TensorShape::flat(2));
        for (op, said) in [
            (d(vec![1.0; 5]), "5 weights where the shapes need 6"),
            (
                d(vec![1.0, 1.0, f64::NAN, 0.0, 0.0, 0.0]),
                "weights[2] is NaN",
            ),
            (Op::Add, "does not take 1 inputs"),
        ] {
            let error = op.output(&x).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
