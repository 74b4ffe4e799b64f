//! The exact network as data: nodes in order, each a layer, what it reads, and its shape.

use crate::core::number::Rational;
use crate::series::expression::Formula;
use num_bigint::BigInt;

/// A network: its input's shape, its nodes in order, and which one is the result.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) input: [usize; 3],
    pub(crate) nodes: Vec<NetworkNode>,
    pub(crate) output: usize,
}

/// An exact dyadic number m 2^e.
#[derive(Debug, Clone)]
pub(crate) struct Dyadic {
    pub(crate) mantissa: BigInt,
    pub(crate) exponent: i64,
}

impl Dyadic {
    /// The number as a fraction.
    pub(crate) fn rational(&self) -> Rational {
        let size = self.exponent.unsigned_abs();
        match self.exponent >= 0 {
            true => Rational::integer(&self.mantissa << size),
            false => Rational::dyadic(self.mantissa.clone(), size),
        }
    }
}

/// A window over rows and columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) padding: [usize; 4],
}

impl Geometry {
    /// Rows and columns of the output; none if the window does not fit.
    pub(crate) fn output(&self, x: [usize; 3]) -> Option<[usize; 2]> {
        let axis = |kernel: usize,
                    stride: usize,
                    dilation: usize,
                    before: usize,
                    after: usize,
                    size: usize| {
            let padded = size.checked_add(before)?.checked_add(after)?;
            let reach = kernel
                .checked_sub(1)?
                .checked_mul(dilation)?
                .checked_add(1)?;
            let steps = padded.checked_sub(reach)?.checked_div(stride)?;
            (dilation > 0).then_some(steps + 1)
        };
        let [kh, kw] = self.kernel;
        let [sh, sw] = self.stride;
        let [dh, dw] = self.dilation;
        let [pt, pl, pb, pr] = self.padding;
        Some([
            axis(kh, sh, dh, pt, pb, x[1])?,
            axis(kw, sw, dw, pl, pr, x[2])?,
        ])
    }

    /// The window at an output's row and column: for each of its places, in order, the place in the
    /// input's plane, or none in the padding.
    pub(crate) fn places(&self, x: [usize; 3], row: usize, column: usize) -> Vec<Option<usize>> {
        let [kh, kw] = self.kernel;
        let [sh, sw] = self.stride;
        let [dh, dw] = self.dilation;
        let [pt, pl, ..] = self.padding;
        let mut list = Vec::with_capacity(kh * kw);
        for a in 0..kh {
            let y = (row * sh + a * dh).checked_sub(pt).filter(|&y| y < x[1]);
            for b in 0..kw {
                let z = (column * sw + b * dw).checked_sub(pl).filter(|&z| z < x[2]);
                list.push(y.zip(z).map(|(y, z)| y * x[2] + z));
            }
        }
        list
    }
}

/// The axes, channels, rows, columns, over which mean and variance are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Over(pub(crate) [bool; 3]);

impl Over {
    /// The shape of one number for each group of elements.
    pub(crate) fn reduced(self, shape: [usize; 3]) -> [usize; 3] {
        let [c, r, w] = self.0;
        let kept = |over: bool, size: usize| if over { 1 } else { size };
        [kept(c, shape[0]), kept(r, shape[1]), kept(w, shape[2])]
    }

    /// Elements of a group.
    pub(crate) fn size(self, shape: [usize; 3]) -> usize {
        let sizes = self.0.into_iter().zip(shape);
        sizes
            .filter(|(over, _)| *over)
            .map(|(_, size)| size)
            .product()
    }

    /// The group of an element, both in row-major order.
    pub(crate) fn group(self, shape: [usize; 3], i: usize) -> usize {
        let [_, height, width] = self.reduced(shape);
        let plane = shape[1] * shape[2];
        let at = |over: bool, i: usize| if over { 0 } else { i };
        let [c, r, w] = self.0;
        let (channel, row, column) = (i / plane, i % plane / shape[2], i % shape[2]);
        (at(c, channel) * height + at(r, row)) * width + at(w, column)
    }
}

/// What a node computes.
#[derive(Debug)]
pub(crate) enum Layer {
    Conv {
        groups: usize,
        geometry: Geometry,
        weights: Vec<Dyadic>,
        bias: Vec<Dyadic>,
    },
    Dense {
        weights: Vec<Dyadic>,
        bias: Vec<Dyadic>,
    },
    BatchNorm {
        gamma: Vec<Dyadic>,
        beta: Vec<Dyadic>,
        mean: Vec<Dyadic>,
        variance: Vec<Dyadic>,
        epsilon: Vec<Dyadic>,
    },
    Affine {
        scale: Vec<Dyadic>,
        shift: Vec<Dyadic>,
    },
    Add,
    Relu {
        slope: Dyadic,
    },
    MaxPool {
        geometry: Geometry,
    },
    AvgPool {
        geometry: Geometry,
        /// Whether only elements inside the input count in the divisor.
        inside: bool,
    },
    Subsample {
        step: [usize; 2],
    },
    Pad {
        /// Channels, rows, columns before the input.
        before: [usize; 3],
    },
    Concat,
    Reshape,
    /// Chosen elements of the input, and zeros. No file has it: tournaments over windows of different sizes are written with it.
    Gather {
        from: Vec<Option<u32>>,
    },
    /// The variance of each group of elements plus epsilon, above 0.
    Variance {
        over: Over,
        epsilon: Dyadic,
        /// Elements of a group.
        size: usize,
    },
    /// Each element minus its group's mean, times its group's number.
    Normalise {
        over: Over,
    },
    Polynomial {
        /// For each channel its coefficients from degree 0.
        channels: Vec<Vec<Rational>>,
    },
    /// A function of every element.
    Smooth {
        function: Formula,
    },
}

impl Layer {
    /// Whether it is not linear.
    pub(crate) fn is_bent(&self) -> bool {
        self.is_activation() || matches!(self, Self::Polynomial { .. })
    }

    /// Whether a polynomial of a table stands in for it.
    pub(crate) fn is_activation(&self) -> bool {
        matches!(
            self,
            Self::Relu { .. } | Self::MaxPool { .. } | Self::Smooth { .. }
        )
    }
}

/// A layer, what it reads, and the shape of what it computes.
#[derive(Debug)]
pub(crate) struct NetworkNode {
    pub(crate) inputs: Vec<usize>,
    pub(crate) shape: [usize; 3],
    pub(crate) layer: Layer,
}
