//! Backward rows: sixteen linear functions of a node at a time, each within its receptive field.
//!
//! A row is the gradient of a linear function with fixed slopes at the activations. Rows of neurons at
//! one place share a window of rows and columns, so early layers cost little. Numbers are f32;
//! element (y, x, channel) holds sixteen of them side by side.

use crate::arith::upper::{gamma, Upper, UNIT, UNIT_F32};
use crate::network::model::graph::NodeId;
use crate::network::model::ops::TensorShape;
use crate::network::rows::kernel::{dispatch, Kernel, Reader, Work};
use crate::network::rows::lanes::{Lane, LANES};
use crate::network::rows::plan::{Linear, Plan, RowStep, BLOCK, LOST};

/// Rows at a node, zero outside a window.
#[derive(Debug, Clone)]
pub struct Tile {
    /// First row and column.
    pub origin: [usize; 2],
    /// Rows and columns.
    pub size: [usize; 2],
    /// Channels.
    pub channels: usize,
    /// (y * columns + x) * channels + channel, from the origin.
    pub data: Vec<Lane>,
}

impl Tile {
    /// Zeros.
    pub fn zeros(origin: [usize; 2], size: [usize; 2], channels: usize) -> Self {
        Self {
            origin,
            size,
            channels,
            data: vec![[0.0; LANES]; size[0] * size[1] * channels],
        }
    }

    /// Linear functions of a whole node, one a lane, at most [`LANES`]: coefficients channels first.
    pub fn of(functions: &[Vec<f32>], shape: TensorShape) -> Self {
        let mut tile = Self::zeros([0, 0], [shape.height, shape.width], shape.channels);
        for (l, coefficients) in functions.iter().enumerate() {
            for (i, c) in coefficients.iter().enumerate() {
                tile.at(shape, i)[l] = *c;
            }
        }
        tile
    }

    /// The lanes of an element (channel, y, x) of the whole node, if it is inside.
    fn at(&mut self, shape: TensorShape, element: usize) -> &mut Lane {
        let (c, p) = (element / shape.pixels(), element % shape.pixels());
        let (y, x) = (
            p / shape.width - self.origin[0],
            p % shape.width - self.origin[1],
        );
        &mut self.data[(y * self.size[1] + x) * self.channels + c]
    }

    /// For each row the sum of squares, rounded up.
    pub fn squares(&self) -> [f64; LANES] {
        squares(&self.data, cover(self.data.len()))
    }

    /// The same for every place of the tile.
    pub fn squares_of_places(&self) -> Vec<[f64; LANES]> {
        let cover = cover(self.channels);
        let places = self.data.chunks(self.channels);
        places.map(|place| squares(place, cover)).collect()
    }

    fn add(&mut self, other: Self) {
        if self.origin == other.origin && self.size == other.size {
            for (a, b) in self.data.iter_mut().zip(&other.data) {
                for l in 0..LANES {
                    a[l] += b[l];
                }
            }
            return;
        }
        let low = [0, 1].map(|i| self.origin[i].min(other.origin[i]));
        let end =
            [0, 1].map(|i| (self.origin[i] + self.size[i]).max(other.origin[i] + other.size[i]));
        let mut all = Self::zeros(low, [end[0] - low[0], end[1] - low[1]], self.channels);
        for part in [&*self, &other] {
            let width = part.size[1] * part.channels;
            for y in 0..part.size[0] {
                let to = ((part.origin[0] + y - low[0]) * all.size[1] + part.origin[1] - low[1])
                    * part.channels;
                let row = &part.data[y * width..(y + 1) * width];
                for (a, b) in all.data[to..to + width].iter_mut().zip(row) {
                    for l in 0..LANES {
                        a[l] += b[l];
                    }
                }
            }
        }
        *self = all;
    }
}

/// Squares that are summed in f32.
const TERMS: usize = 256;

/// What a sum of so many squares is multiplied by to be an upper bound: the roundings of f32 in each part of [`TERMS`], and those of
/// the f64 sums of the parts.
fn cover(terms: usize) -> f64 {
    let parts = terms.div_ceil(TERMS);
    let all = (Upper::ONE + gamma(TERMS, UNIT_F32)) * (Upper::ONE + gamma(parts, UNIT));
    // And the two of `squares`: the product by this, and the addition of what is lost.
    (all * (Upper::ONE + gamma(2, UNIT))).get()
}

/// For each lane the sum of squares, rounded up by `cover`.
///
/// Once for every place of every tile: plain f64, so that lanes stay side by side. `cover` makes up for the rounding of t c and of the
/// sum; twice what is lost is added, as that sum takes a share of it too, and is far above what a product loses below the
/// normal range.
fn squares(data: &[Lane], cover: f64) -> [f64; LANES] {
    let mut total = [0.0f64; LANES];
    for part in data.chunks(TERMS) {
        let mut sum = [0.0f32; LANES];
        for v in part {
            for l in 0..LANES {
                sum[l] = v[l].mul_add(v[l], sum[l]);
            }
        }
        for l in 0..LANES {
            total[l] += f64::from(sum[l]);
        }
    }
    total.map(|t| t * cover + 2.0 * LOST)
}

/// What happens to rows on their way.
pub trait Visitor {
    /// Rows at an activation's output; they are to be multiplied by its slopes.
    fn activation(&mut self, index: usize, tile: &mut Tile);
    /// Rows at a linear layer's output that passed it onto `window` (origin, size) of its input.
    fn linear(&mut self, node: NodeId, tile: &Tile, window: ([usize; 2], [usize; 2]));
    /// Rows at a node to which those of one more reader were added just now. Called for every addition:
    /// its rounding is relative to the sum so far, which later readers may cancel.
    fn merged(&mut self, node: NodeId, tile: &Tile);
    /// Whether rows at this node matter: nodes before every source do not.
    fn matters(&self, node: NodeId) -> bool;
}

/// Takes rows at a node back to the input.
pub fn descend<V: Visitor>(plan: &Plan, start: NodeId, tile: Tile, visitor: &mut V) {
    let mut waiting: Vec<Option<Tile>> = (0..=start).map(|_| None).collect();
    waiting[start] = Some(tile);
    for id in (0..=start).rev() {
        let Some(mut tile) = waiting[id].take() else {
            continue;
        };
        let node = &plan.nodes[id];
        let push = |waiting: &mut Vec<Option<Tile>>, visitor: &mut V, to: NodeId, tile: Tile| {
            match &mut waiting[to] {
                Some(there) => {
                    there.add(tile);
                    visitor.merged(to, there);
                }
                empty => *empty = Some(tile),
            }
        };
        let wanted: Vec<NodeId> = node
            .inputs
            .iter()
            .copied()
            .filter(|&i| visitor.matters(i))
            .collect();
        if let RowStep::Activation(index) = node.step {
            visitor.activation(index, &mut tile);
        }
        let Some(&first) = wanted.first() else {
            continue;
        };
        let from = plan.nodes[first].shape;
        match &node.step {
            RowStep::End => {}
            RowStep::Activation(_) => push(&mut waiting, visitor, first, tile),
            RowStep::Add => {
                for &i in &wanted[1..] {
                    push(&mut waiting, visitor, i, tile.clone());
                }
                push(&mut waiting, visitor, first, tile);
            }
            RowStep::Linear(linear) => {
                let out = transposed(linear, &tile, from);
                visitor.linear(id, &tile, (out.origin, out.size));
                push(&mut waiting, visitor, first, out);
            }
            RowStep::Move(lists) => {
                for (&i, list) in node.inputs.iter().zip(lists) {
                    if !visitor.matters(i) {
                        continue;
                    }
                    let from = plan.nodes[i].shape;
                    if let Some(out) = moved(list, &mut tile, node.shape, from) {
                        push(&mut waiting, visitor, i, out);
                    }
                }
            }
            RowStep::Mean {
                windows, factors, ..
            } => {
                let read = |i: usize| windows[i].iter().copied();
                let Some(mut out) = window(&mut tile, node.shape, from, read) else {
                    continue;
                };
                for_each(&mut tile, node.shape, |i, v| {
                    for &j in &windows[i] {
                        let to = out.at(from, j);
                        for l in 0..LANES {
                            to[l] = v[l].mul_add(factors[i], to[l]);
                        }
                    }
                });
                visitor.linear(id, &tile, (out.origin, out.size));
                push(&mut waiting, visitor, first, out);
            }
        }
    }
}

/// Zeros in the least window that holds all that the tile's elements read; none where they read nothing.
fn window<I: Iterator<Item = usize>>(
    tile: &mut Tile,
    shape: TensorShape,
    from: TensorShape,
    read: impl Fn(usize) -> I,
) -> Option<Tile> {
    let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
    for_each(tile, shape, |i, _| {
        for j in read(i) {
            let p = j % from.pixels();
            let place = [p / from.width, p % from.width];
            low = [0, 1].map(|k| low[k].min(place[k]));
            high = [0, 1].map(|k| high[k].max(place[k] + 1));
        }
    });
    let some = low[0] != usize::MAX;
    some.then(|| Tile::zeros(low, [high[0] - low[0], high[1] - low[1]], from.channels))
}

/// Calls `f` with the whole node's index of each element of a tile, and its lanes.
fn for_each(tile: &mut Tile, shape: TensorShape, mut f: impl FnMut(usize, Lane)) {
    let (size, channels) = (tile.size, tile.channels);
    for (i, v) in tile.data.iter().enumerate() {
        let (c, p) = (i % channels, i / channels);
        let (y, x) = (tile.origin[0] + p / size[1], tile.origin[1] + p % size[1]);
        f((c * shape.height + y) * shape.width + x, *v);
    }
}

fn moved(
    list: &[Option<usize>],
    tile: &mut Tile,
    shape: TensorShape,
    from: TensorShape,
) -> Option<Tile> {
    let mut out = window(tile, shape, from, |i| list[i].into_iter())?;
    for_each(tile, shape, |i, v| {
        if let Some(j) = list[i] {
            let to = out.at(from, j);
            for l in 0..LANES {
                to[l] += v[l];
            }
        }
    });
    Some(out)
}

/// Input positions that a window of outputs reads, on one axis: first and end.
fn reads(linear: &Linear, tile: &Tile, axis: usize, size: usize) -> (usize, usize) {
    let w = &linear.window;
    let first = (tile.origin[axis] * w.stride[axis]).saturating_sub(w.padding[axis]);
    let last = (tile.origin[axis] + tile.size[axis] - 1) * w.stride[axis]
        + (w.kernel[axis] - 1) * w.dilation[axis];
    let end = (last + 1).saturating_sub(w.padding[axis]).min(size);
    (first.min(end), end)
}

/// The output positions inside the tile that read input position `i`, as (tap, offset in the tile).
pub fn readers(linear: &Linear, tile: &Tile, axis: usize, i: usize) -> Vec<(usize, usize)> {
    let w = &linear.window;
    (0..w.kernel[axis])
        .filter_map(|k| {
            let shifted = (i + w.padding[axis]).checked_sub(k * w.dilation[axis])?;
            let o = (shifted / w.stride[axis]).checked_sub(tile.origin[axis])?;
            (shifted % w.stride[axis] == 0 && o < tile.size[axis]).then_some((k, o))
        })
        .collect()
}

fn transposed(linear: &Linear, tile: &Tile, from: TensorShape) -> Tile {
    let (y0, y1) = reads(linear, tile, 0, from.height);
    let (x0, x1) = reads(linear, tile, 1, from.width);
    let channels = from.channels;
    if y0 == y1 || x0 == x1 {
        // Outputs that read padding alone.
        return Tile::zeros([0, 0], [1, 1], channels);
    }
    let mut out = Tile::zeros([y0, x0], [y1 - y0, x1 - x0], channels);
    dispatch(Fill {
        linear,
        tile,
        out: &mut out,
    });
    out
}

/// The sums of a transposed layer.
struct Fill<'a> {
    linear: &'a Linear,
    tile: &'a Tile,
    out: &'a mut Tile,
}

impl Work for Fill<'_> {
    #[inline(always)]
    fn run(self, kernel: impl Kernel) {
        let Self { linear, tile, out } = self;
        let (channels, outputs) = (out.channels, tile.channels);
        let taps = linear.window.len();
        let (y0, x0) = (out.origin[0], out.origin[1]);
        let columns: Vec<Vec<(usize, usize)>> = (x0..x0 + out.size[1])
            .map(|x| readers(linear, tile, 1, x))
            .collect();
        let mut parts: Vec<Reader> = Vec::with_capacity(taps);
        for y in y0..y0 + out.size[0] {
            let rows = readers(linear, tile, 0, y);
            for (x, columns) in columns.iter().enumerate() {
                parts.clear();
                for &(ky, oy) in &rows {
                    for &(kx, ox) in columns {
                        let at = (oy * tile.size[1] + ox) * outputs;
                        let tap = ky * linear.window.kernel[1] + kx;
                        parts.push((tap, &tile.data[at..at + outputs]));
                    }
                }
                let at = ((y - y0) * out.size[1] + x) * channels;
                let place = out.data[at..at + channels].chunks_mut(BLOCK);
                for (to, weights) in place.zip(linear.blocks.chunks_exact(taps * outputs)) {
                    let sums = kernel.sums(weights, &parts);
                    to.copy_from_slice(&sums[..to.len()]);
                }
            }
        }
    }
}
