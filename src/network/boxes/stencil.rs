//! A convolution as a map between stages, by its weights: rows go back through the transposed convolution.
//!
//! # Method
//! Eight rows go back side by side, one number of each at every place, so that a weight that is read once serves all of
//! them; four input channels are summed at a time, in registers. Only the rectangle of output pixels where some of the
//! eight rows is not 0 takes part, and the channels that are not 0 there: a row that began at one neuron is confined to
//! what that neuron sees. Time goes with the weights times that many pixels, memory with weights and elements.
//!
//! # Rounding
//! A coefficient of the result is a sum of at most taps times outputs of its group fused products, and is added to
//! what was there: one rounding for each of them.

use crate::network::model::ops::{Conv, TensorShape, Window};

/// Rows side by side.
const LANES: usize = 8;
/// Input channels summed together.
const CHANNELS: usize = 4;

/// A convolution's weights and shapes.
#[derive(Debug, Clone)]
pub struct Stencil {
    from: TensorShape,
    to: TensorShape,
    groups: usize,
    window: Window,
    /// For each place in the window and output channel the input channels of its group, zeros up to a multiple of four.
    weights: Vec<f64>,
}

/// Output rows or columns [from, to).
type Span = (usize, usize);
/// A place in the window, and the output row or column that has the input row or column there.
type Reader = (usize, usize);

/// Eight rows where they are not 0.
struct Packed {
    rows: Span,
    columns: Span,
    /// Output channels with a number that is not 0.
    used: Vec<usize>,
    /// For each pixel of the rectangle and used channel the rows' numbers.
    values: Vec<[f64; LANES]>,
}

impl Stencil {
    /// The convolution from one shape to another.
    pub(super) fn new(c: &Conv, from: TensorShape, to: TensorShape) -> Self {
        let taps = c.window.len();
        let each = from.channels / c.groups;
        let mut stencil = Self {
            from,
            to,
            groups: c.groups,
            window: c.window,
            weights: Vec::new(),
        };
        stencil.weights = vec![0.0; taps * to.channels * stencil.wide()];
        for o in 0..to.channels {
            for i in 0..each {
                for tap in 0..taps {
                    let at = stencil.place(tap, o) + i;
                    stencil.weights[at] = c.weights[(o * each + i) * taps + tap];
                }
            }
        }
        stencil
    }

    /// Input channels of a group.
    fn each(&self) -> usize {
        self.from.channels / self.groups
    }

    /// The same, up to a multiple of four.
    fn wide(&self) -> usize {
        self.each().next_multiple_of(CHANNELS)
    }

    fn place(&self, tap: usize, output: usize) -> usize {
        (tap * self.to.channels + output) * self.wide()
    }

    /// Calls `f` with (output, input, weight) for every weight at every place.
    pub(super) fn each_entry(&self, mut f: impl FnMut(usize, usize, f64)) {
        let (from, to) = (self.from, self.to);
        let outputs = to.channels / self.groups;
        let down = self.seen(0, (0, to.height));
        let right = self.seen(1, (0, to.width));
        for (sy, ys) in down.iter().enumerate() {
            for (sx, xs) in right.iter().enumerate() {
                for &(ky, y) in ys {
                    for &(kx, x) in xs {
                        let tap = ky * self.window.kernel[1] + kx;
                        for o in 0..to.channels {
                            let first = o / outputs * self.each();
                            let own = &self.weights[self.place(tap, o)..][..self.each()];
                            for (i, w) in own.iter().enumerate() {
                                let input = ((first + i) * from.height + sy) * from.width + sx;
                                f((o * to.height + y) * to.width + x, input, *w);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Multiplies the weights of each output channel.
    pub(super) fn scale(&mut self, factor: impl Fn(usize) -> f64) {
        let (wide, pixels) = (self.wide(), self.to.pixels());
        for (k, own) in self.weights.chunks_exact_mut(wide).enumerate() {
            let s = factor(k % self.to.channels * pixels);
            own.iter_mut().for_each(|w| *w *= s);
        }
    }

    /// out += rows times the matrix.
    pub(super) fn add_rows(&self, rows: &[f64], out: &mut [f64]) {
        let blocks = rows.chunks(LANES * self.to.len());
        for (rows, out) in blocks.zip(out.chunks_mut(LANES * self.from.len())) {
            if let Some(packed) = self.pack(rows) {
                self.add_packed(&packed, out);
            }
        }
    }

    /// The rows' numbers where some row has one; none if all are 0.
    fn pack(&self, rows: &[f64]) -> Option<Packed> {
        let to = self.to;
        let mut used = vec![false; to.channels];
        let (mut y, mut x) = ((to.height, 0), (to.width, 0));
        for row in rows.chunks_exact(to.len()) {
            for (line, values) in row.chunks_exact(to.width).enumerate() {
                let Some(first) = values.iter().position(|q| *q != 0.0) else {
                    continue;
                };
                let last = values.iter().rposition(|q| *q != 0.0).unwrap_or(first);
                used[line / to.height] = true;
                let here = line % to.height;
                y = (y.0.min(here), y.1.max(here + 1));
                x = (x.0.min(first), x.1.max(last + 1));
            }
        }
        let used: Vec<usize> = (0..to.channels).filter(|&o| used[o]).collect();
        if used.is_empty() {
            return None;
        }
        let mut values = vec![[0.0; LANES]; (y.1 - y.0) * (x.1 - x.0) * used.len()];
        for (lane, row) in rows.chunks_exact(to.len()).enumerate() {
            for (k, o) in used.iter().enumerate() {
                for line in y.0..y.1 {
                    let from = &row[(o * to.height + line) * to.width..][x.0..x.1];
                    let first = (line - y.0) * (x.1 - x.0);
                    for (i, q) in from.iter().enumerate() {
                        values[(first + i) * used.len() + k][lane] = *q;
                    }
                }
            }
        }
        Some(Packed {
            rows: y,
            columns: x,
            used,
            values,
        })
    }

    /// For each input row (axis 0) or column (axis 1) the (place in the window, output) within a span that read it.
    fn seen(&self, axis: usize, span: Span) -> Vec<Vec<Reader>> {
        let w = &self.window;
        let size = [self.from.height, self.from.width][axis];
        let mut seen = vec![Vec::new(); size];
        for k in 0..w.kernel[axis] {
            for o in span.0..span.1 {
                let at = (o * w.stride[axis] + k * w.dilation[axis]).checked_sub(w.padding[axis]);
                if let Some(place) = at.and_then(|at| seen.get_mut(at)) {
                    place.push((k, o));
                }
            }
        }
        seen
    }

    fn add_packed(&self, packed: &Packed, out: &mut [f64]) {
        let (from, each) = (self.from, self.each());
        let outputs = self.to.channels / self.groups;
        let down = self.seen(0, packed.rows);
        let right = self.seen(1, packed.columns);
        // The used channels of each group side by side.
        let ends = |g: usize| packed.used.partition_point(|&o| o < g * outputs);
        for (sy, ys) in down.iter().enumerate().filter(|(_, ys)| !ys.is_empty()) {
            for (sx, xs) in right.iter().enumerate().filter(|(_, xs)| !xs.is_empty()) {
                for g in 0..self.groups {
                    let used = ends(g)..ends(g + 1);
                    if used.is_empty() {
                        continue;
                    }
                    for first in (0..each).step_by(CHANNELS) {
                        let sums = self.sums(packed, (ys, xs), used.clone(), first);
                        let many = CHANNELS.min(each - first);
                        for (c, sums) in sums.iter().take(many).enumerate() {
                            let channel = g * each + first + c;
                            let at = (channel * from.height + sy) * from.width + sx;
                            let places = out.iter_mut().skip(at).step_by(from.len());
                            places.zip(sums).for_each(|(o, s)| *o += s);
                        }
                    }
                }
            }
        }
    }

    /// At one input pixel, for four input channels of a group from `first`: the sums over places and used channels.
    fn sums(
        &self,
        packed: &Packed,
        (ys, xs): (&[Reader], &[Reader]),
        used: std::ops::Range<usize>,
        first: usize,
    ) -> [[f64; LANES]; CHANNELS] {
        let mut sums = [[0.0; LANES]; CHANNELS];
        let across = packed.columns.1 - packed.columns.0;
        for &(ky, y) in ys {
            for &(kx, x) in xs {
                let pixel = (y - packed.rows.0) * across + (x - packed.columns.0);
                let values = &packed.values[pixel * packed.used.len()..][used.clone()];
                let tap = ky * self.window.kernel[1] + kx;
                for (q, &o) in values.iter().zip(&packed.used[used.clone()]) {
                    let own = &self.weights[self.place(tap, o) + first..][..CHANNELS];
                    for (sums, w) in sums.iter_mut().zip(own) {
                        for (s, q) in sums.iter_mut().zip(q) {
                            *s = q.mul_add(*w, *s);
                        }
                    }
                }
            }
        }
        sums
    }
}
