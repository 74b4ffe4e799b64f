//! Linear layers on balls, and in plain f64 with the same kernels.
//!
//! A layer y = W x + b on balls (m, r): the midpoint is W m + b, computed by the kernels with rounding at
//! most kappa |W| |m|; the radius is |W| (r + kappa |m|), computed in f64 on nonnegative numbers, times
//! (1 + gamma_K): one more product in f64 pays for both. Where kappa |m| underflows, [`up`]'s absolute term, which
//! is far above it, is multiplied by |W| in its place.

use crate::arith::ball::{up, Ball, U};
use crate::error::{Error, Result};
use crate::network::forward::kernel;
use crate::network::forward::kernel::{Lanes, LANES, MAX_TERMS};
use crate::network::model::ops::{Conv, Dense, Op, TensorShape, Window};
use crate::network::model::tensor::Tensor;
use rug::Rational;

/// The padded input of a convolution, and where its windows start.
pub(super) struct Frame {
    height: usize,
    width: usize,
    /// Offset of each output's window.
    pub(super) starts: Vec<usize>,
    /// Offset of each term inside the window, for the first group.
    pub(super) terms: Vec<usize>,
    /// Distance of the groups' first channels.
    pub(super) group: usize,
}

impl Frame {
    pub(super) fn new(window: &Window, channels: usize, x: TensorShape, out: TensorShape) -> Self {
        let height = x.height + window.padding[0] + window.padding[2];
        let width = x.width + window.padding[1] + window.padding[3];
        let [sy, sx] = window.stride;
        let [dy, dx] = window.dilation;
        let starts = (0..out.pixels())
            .map(|p| (p / out.width) * sy * width + (p % out.width) * sx)
            .collect();
        let mut terms = Vec::with_capacity(channels * window.len());
        for c in 0..channels {
            for ky in 0..window.kernel[0] {
                for kx in 0..window.kernel[1] {
                    terms.push((c * height + ky * dy) * width + kx * dx);
                }
            }
        }
        Self {
            height,
            width,
            starts,
            terms,
            group: channels * height * width,
        }
    }

    pub(super) fn pad<T: Copy>(
        &self,
        values: impl Iterator<Item = T>,
        (window, zero): (&Window, T),
        x: TensorShape,
    ) -> Vec<T> {
        let mut out = vec![zero; x.channels * self.height * self.width];
        let rows = out.chunks_exact_mut(self.width.max(1)).enumerate();
        let (above, left) = (window.padding[0], window.padding[1]);
        let inside = rows.filter(|(i, _)| (above..above + x.height).contains(&(i % self.height)));
        let places = inside.flat_map(|(_, row)| &mut row[left..left + x.width]);
        places.zip(values).for_each(|(place, v)| *place = v);
        out
    }

    /// The inputs of eight neighbouring outputs from `first`, term by term.
    fn panel(&self, plane: &[f64], group: usize, first: usize, panel: &mut [Lanes]) {
        let last = self.starts.len() - 1;
        let mut at = [0; LANES];
        for (l, at) in at.iter_mut().enumerate() {
            *at = self.starts[(first + l).min(last)] + group * self.group;
        }
        let near = at.windows(2).all(|pair| pair[1] == pair[0] + 1);
        for (out, &t) in panel.iter_mut().zip(&self.terms) {
            if near {
                // Neighbours in one row with step 1 lie side by side.
                out.copy_from_slice(&plane[at[0] + t..at[0] + t + LANES]);
            } else {
                for l in 0..LANES {
                    out[l] = plane[at[l] + t];
                }
            }
        }
    }
}

/// A factor that covers `terms` roundings of a sum of nonnegative products.
fn cover(terms: usize) -> f64 {
    1.0 + (2 * terms + 16) as f64 * U
}

/// # Errors
/// More terms in one output than the rounding bounds allow.
pub fn check_terms(name: &str, terms: usize) -> Result<()> {
    if terms + 8 > MAX_TERMS {
        return Err(Error::unsupported(format!(
            "layer {name:?} sums {terms} products in one output; the limit is {}",
            MAX_TERMS - 8
        )));
    }
    Ok(())
}

/// The convolution of balls.
pub fn conv(c: &Conv, x: &Tensor, out: TensorShape, double: bool) -> Tensor {
    let channels = x.shape.channels / c.groups;
    let frame = Frame::new(&c.window, channels, x.shape, out);
    let k = frame.terms.len();
    let kappa = kernel::rounding(k, double);
    let pad = |v: &mut dyn Iterator<Item = f64>| frame.pad(v, (&c.window, 0.0), x.shape);
    let hi = pad(&mut x.hi.iter().copied());
    let lo = if double {
        pad(&mut x.lo.iter().copied())
    } else {
        vec![]
    };
    let size = pad(&mut x
        .radius
        .iter()
        .zip(&x.hi)
        .map(|(r, h)| up(r + kappa * h.abs())));
    let mut y = Tensor::zeros(out);
    let (pixels, rows) = (out.pixels(), out.channels / c.groups);
    let mut panels = [(); 3].map(|()| vec![[0.0; LANES]; k]);
    let cover = cover(k);
    for group in 0..c.groups {
        for first in (0..pixels).step_by(LANES) {
            let lanes = LANES.min(pixels - first);
            let [ph, pl, ps] = &mut panels;
            frame.panel(&hi, group, first, ph);
            frame.panel(&size, group, first, ps);
            if double {
                frame.panel(&lo, group, first, pl);
            }
            let row = |m: usize| &c.weights[m * k..(m + 1) * k];
            let mut store = |m: usize, s: &Lanes, r: &Lanes, rest: &Lanes| {
                for l in 0..lanes {
                    let mid = Ball::new((s[l], rest[l]), up(r[l] * cover));
                    let mid = if c.bias[m] == 0.0 {
                        mid
                    } else {
                        mid.plus(Ball::exact(c.bias[m]))
                    };
                    let mid = if double { mid } else { mid.single() };
                    y.set(m * pixels + first + l, mid);
                }
            };
            let mut m = group * rows;
            let end = m + rows;
            while m + 4 <= end {
                let w = [row(m), row(m + 1), row(m + 2), row(m + 3)];
                let r = kernel::single::<4, true>(w, ps);
                if double {
                    let (s0, c0) = kernel::double::<2>([w[0], w[1]], ph, pl);
                    let (s1, c1) = kernel::double::<2>([w[2], w[3]], ph, pl);
                    for i in 0..2 {
                        store(m + i, &s0[i], &r[i], &c0[i]);
                        store(m + 2 + i, &s1[i], &r[2 + i], &c1[i]);
                    }
                } else {
                    let s = kernel::single::<4, false>(w, ph);
                    for i in 0..4 {
                        store(m + i, &s[i], &r[i], &[0.0; LANES]);
                    }
                }
                m += 4;
            }
            while m < end {
                let r = kernel::single::<1, true>([row(m)], ps)[0];
                if double {
                    let (s, rest) = kernel::double::<1>([row(m)], ph, pl);
                    store(m, &s[0], &r, &rest[0]);
                } else {
                    let s = kernel::single::<1, false>([row(m)], ph)[0];
                    store(m, &s, &r, &[0.0; LANES]);
                }
                m += 1;
            }
        }
    }
    y
}

/// The convolution in plain f64: nothing is proved of its rounding.
pub fn plain_conv(c: &Conv, x: &[f64], shape: TensorShape, out: TensorShape) -> Vec<f64> {
    sums::<false>(c, x, shape, out)
}

/// Upper bounds of sum |w| x for x >= 0, without the bias.
pub fn absolute_conv(c: &Conv, x: &[f64], shape: TensorShape, out: TensorShape) -> Vec<f64> {
    let cover = cover(c.weights.len() / c.bias.len().max(1));
    let mut y = sums::<true>(c, x, shape, out);
    y.iter_mut().for_each(|y| *y = up(*y * cover));
    y
}

/// sum w x + bias, or sum |w| x.
fn sums<const ABS: bool>(c: &Conv, x: &[f64], shape: TensorShape, out: TensorShape) -> Vec<f64> {
    let channels = shape.channels / c.groups;
    let frame = Frame::new(&c.window, channels, shape, out);
    let k = frame.terms.len();
    let x = frame.pad(x.iter().copied(), (&c.window, 0.0), shape);
    let mut y = vec![0.0; out.len()];
    let (pixels, rows) = (out.pixels(), out.channels / c.groups);
    let mut panel = vec![[0.0; LANES]; k];
    for group in 0..c.groups {
        for first in (0..pixels).step_by(LANES) {
            let lanes = LANES.min(pixels - first);
            frame.panel(&x, group, first, &mut panel);
            let row = |m: usize| &c.weights[m * k..(m + 1) * k];
            let mut store = |m: usize, s: &Lanes| {
                for l in 0..lanes {
                    y[m * pixels + first + l] = s[l] + if ABS { 0.0 } else { c.bias[m] };
                }
            };
            let mut m = group * rows;
            let end = m + rows;
            while m + 4 <= end {
                let w = [row(m), row(m + 1), row(m + 2), row(m + 3)];
                let s = kernel::single::<4, ABS>(w, &panel);
                (0..4).for_each(|i| store(m + i, &s[i]));
                m += 4;
            }
            while m < end {
                store(m, &kernel::single::<1, ABS>([row(m)], &panel)[0]);
                m += 1;
            }
        }
    }
    y
}

/// A dense layer's weights, eight rows side by side.
#[derive(Debug, Clone)]
pub struct Packed {
    blocks: Vec<Vec<Lanes>>,
    bias: Vec<f64>,
}

impl Packed {
    /// Packs a layer.
    pub fn new(d: &Dense) -> Self {
        let k = d.weights.len() / d.bias.len().max(1);
        let block = |first: usize| {
            (0..k)
                .map(|j| {
                    let mut lanes = [0.0; LANES];
                    for (l, lane) in lanes.iter_mut().enumerate() {
                        *lane = d.weights.get((first + l) * k + j).copied().unwrap_or(0.0);
                    }
                    lanes
                })
                .collect()
        };
        Self {
            blocks: (0..d.bias.len()).step_by(LANES).map(block).collect(),
            bias: d.bias.clone(),
        }
    }

    /// The layer on balls.
    pub fn apply(&self, x: &Tensor, double: bool) -> Tensor {
        let k = x.len();
        let kappa = kernel::rounding(k, double);
        let sizes = x
            .radius
            .iter()
            .zip(&x.hi)
            .map(|(r, h)| up(r + kappa * h.abs()));
        let sizes: Vec<f64> = sizes.collect();
        let mut y = Tensor::zeros(TensorShape::flat(self.bias.len()));
        for (b, w) in self.blocks.iter().enumerate() {
            let r = kernel::single_column::<true>(w, &sizes);
            let (s, rest) = if double {
                kernel::double_column(w, &x.hi, &x.lo)
            } else {
                (kernel::single_column::<false>(w, &x.hi), [0.0; LANES])
            };
            for l in 0..LANES.min(self.bias.len() - b * LANES) {
                let m = b * LANES + l;
                let ball = Ball::new((s[l], rest[l]), up(r[l] * cover(k)));
                let ball = ball.plus(Ball::exact(self.bias[m]));
                y.set(m, if double { ball } else { ball.single() });
            }
        }
        y
    }

    /// Upper bounds of sum |w| x for x >= 0, without the bias.
    pub fn absolute(&self, x: &[f64]) -> Vec<f64> {
        let blocks = self.blocks.iter();
        let lanes = blocks.flat_map(|w| kernel::single_column::<true>(w, x));
        let lanes = lanes.take(self.bias.len());
        lanes.map(|s| up(s * cover(x.len()))).collect()
    }

    /// The layer in plain f64.
    pub fn plain(&self, x: &[f64]) -> Vec<f64> {
        let lanes = self
            .blocks
            .iter()
            .flat_map(|w| kernel::single_column::<false>(w, x));
        lanes.zip(&self.bias).map(|(s, b)| s + b).collect()
    }
}

/// Scale and shift of each channel.
pub fn affine(maps: &[(Ball, Ball)], x: &Tensor, double: bool) -> Tensor {
    let mut y = Tensor::zeros(x.shape);
    let pixels = x.shape.pixels();
    for (c, (scale, shift)) in maps.iter().enumerate() {
        for i in c * pixels..(c + 1) * pixels {
            let ball = scale.times(x.get(i)).plus(*shift);
            y.set(i, if double { ball } else { ball.single() });
        }
    }
    y
}

/// Sum of two.
pub fn add(a: &Tensor, b: &Tensor, double: bool) -> Tensor {
    let mut y = Tensor::zeros(a.shape);
    for i in 0..a.len() {
        let ball = a.get(i).plus(b.get(i));
        y.set(i, if double { ball } else { ball.single() });
    }
    y
}

/// Mean over windows.
pub fn avg_pool(
    window: &Window,
    count_padding: bool,
    x: &Tensor,
    out: TensorShape,
    double: bool,
) -> Tensor {
    let mut y = Tensor::zeros(out);
    let mut inverse = (0, Ball::default());
    for i in 0..out.len() {
        let (c, p) = (i / out.pixels(), i % out.pixels());
        let mut sum = Ball::default();
        let mut n = 0usize;
        for (row, column) in window.positions(x.shape, p / out.width, p % out.width) {
            sum = sum.plus(x.get((c * x.shape.height + row) * x.shape.width + column));
            n += 1;
        }
        let n = if count_padding { window.len() } else { n };
        if inverse.0 != n {
            inverse = (n, Ball::rational(&Rational::from((1, n))));
        }
        let ball = sum.times(inverse.1);
        y.set(i, if double { ball } else { ball.single() });
    }
    y
}

/// For each element of a layer that only moves numbers, where it comes from: the index in the input, or
/// none for a zero.
///
/// # Panics
/// For another kind of layer.
pub fn moved(op: &Op, x: TensorShape, out: TensorShape) -> Vec<Option<usize>> {
    let place = |i: usize| {
        let (c, p) = (i / out.pixels(), i % out.pixels());
        (c, p / out.width, p % out.width)
    };
    let index = |c: usize, y: usize, w: usize| (c * x.height + y) * x.width + w;
    (0..out.len())
        .map(|i| {
            let (c, row, column) = place(i);
            match op {
                Op::Reshape(_) => Some(i),
                Op::Gather { from, .. } => from[i],
                Op::Subsample { stride } => Some(index(c, row * stride[0], column * stride[1])),
                Op::Pad { channels, border } => {
                    let c = c.checked_sub(channels[0]).filter(|&c| c < x.channels)?;
                    let row = row.checked_sub(border[0]).filter(|&r| r < x.height)?;
                    let column = column.checked_sub(border[1]).filter(|&w| w < x.width)?;
                    Some(index(c, row, column))
                }
                other => unreachable!("{} moves no numbers", other.name()),
            }
        })
        .collect()
}
