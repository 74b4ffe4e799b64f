//! The sums that a tile of rows gathers on its way back: what noise, remainders and rounding amount to.

use crate::arith::upper::{gamma, Upper, UNIT, UNIT_F32};
use crate::network::model::graph::NodeId;
use crate::network::rows::asked::{Bound, VACUOUS};
use crate::network::rows::lanes::{Lane, LANES};
use crate::network::rows::plan::{Linear, RowStep};
use crate::network::rows::state::State;
use crate::network::rows::tile::{descend, readers, Tile, Visitor};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sums over the rows of one tile on their way back.
pub struct Pass<'a> {
    state: &'a State<'a>,
    /// For each level the sum of |coefficient| at activations' outputs times the noise there.
    sizes: Vec<[f64; LANES]>,
    /// For each level the sum of the squares of coefficients times the proxies there.
    squares: Vec<[f64; LANES]>,
    /// For each level the sum of |coefficient| times remainder.
    remainders: Vec<[f64; LANES]>,
    /// For each level what rounding of the rows can amount to.
    residual: Vec<[f64; LANES]>,
}

impl<'a> Pass<'a> {
    /// No row yet.
    pub fn new(state: &'a State<'a>) -> Self {
        let none = vec![[0.0; LANES]; state.noise.len()];
        Self {
            state,
            sizes: none.clone(),
            squares: none.clone(),
            remainders: none.clone(),
            residual: none,
        }
    }

    /// The bound of one row at one level.
    pub fn bound(&self, lane: usize, level: usize) -> Bound {
        // f32 sums of at most 256 terms with a product each, and f64 sums of at most 2^30 of them.
        let cover = (Upper::ONE + gamma(257, UNIT_F32)) * (Upper::ONE + gamma(1 << 30, UNIT));
        let first = self.sizes[level][lane] + self.state.kappa * self.squares[level][lane].sqrt();
        // Squares below the range of f32 are lost: each of n coefficients below 2^-75.
        let lost = self.state.kappa * self.state.lost[level];
        let all = [
            first,
            lost,
            self.remainders[level][lane],
            self.residual[level][lane],
        ];
        let all = all.into_iter().map(Upper::of).sum::<Upper>() * cover + Upper::of(1e-20);
        let all = all.get();
        Bound {
            bound_deviation: if all < VACUOUS { all } else { f64::INFINITY },
            estimate_first_order: first,
        }
    }

    fn residual(&mut self, squares: &[f64; LANES], slack: f64, sums: impl Fn(usize) -> f64) {
        for (c, residual) in self.residual.iter_mut().enumerate() {
            let sum = sums(c) * slack;
            for l in 0..LANES {
                residual[l] += squares[l].sqrt() * sum;
            }
        }
    }

    /// What the rounding of a linear layer's rows can amount to, place by place.
    ///
    /// Input element i is read by the outputs of a window alone, so its row is off by at most slack |v|_2 |W_i|_2 with v
    /// the rows in that window: for a tile of many places far less than with the rows of all.
    fn linear_places(
        &mut self,
        linear: &Linear,
        node: NodeId,
        tile: &Tile,
        (origin, size): ([usize; 2], [usize; 2]),
    ) {
        let width = self.state.plan.nodes[self.state.plan.nodes[node].inputs[0]]
            .shape
            .width;
        let (spread, levels) = (&self.state.spread[node], self.state.noise.len());
        let places = tile.squares_of_places();
        let columns: Vec<Vec<(usize, usize)>> = (origin[1]..origin[1] + size[1])
            .map(|x| readers(linear, tile, 1, x))
            .collect();
        for y in origin[0]..origin[0] + size[0] {
            let rows = readers(linear, tile, 0, y);
            for (x, columns) in columns.iter().enumerate() {
                let mut squares = [0.0f64; LANES];
                for (_, oy) in &rows {
                    for (_, ox) in columns {
                        let place = &places[oy * tile.size[1] + ox];
                        for l in 0..LANES {
                            squares[l] += place[l];
                        }
                    }
                }
                let norms = squares.map(f64::sqrt);
                let from = (y * width + origin[1] + x) * levels;
                let sums = &spread[from..from + levels];
                for (residual, sum) in self.residual.iter_mut().zip(sums) {
                    let sum = sum * linear.slack;
                    for l in 0..LANES {
                        residual[l] = norms[l].mul_add(sum, residual[l]);
                    }
                }
            }
        }
    }

    /// Adds the sums over one place: `weights` has `levels` numbers for each lane of `part`, `noise` two for each level.
    fn sum(&mut self, part: &[Lane], weights: &[f32], noise: &[(f64, f64)]) {
        let levels = noise.len();
        let (mut sizes, mut squares) = ([0.0f32; LANES], [0.0f32; LANES]);
        for v in part {
            for l in 0..LANES {
                sizes[l] += v[l].abs();
                squares[l] = v[l].mul_add(v[l], squares[l]);
            }
        }
        for (c, (worst, proxy)) in noise.iter().enumerate() {
            let proxy = proxy * proxy;
            for l in 0..LANES {
                self.sizes[c][l] += f64::from(sizes[l]) * worst;
                self.squares[c][l] += f64::from(squares[l]) * proxy;
            }
        }
        let mut level = 0;
        while level < levels {
            let n = (levels - level).min(4);
            let mut sums = [[0.0f32; LANES]; 4];
            for (v, w) in part.iter().zip(weights.chunks_exact(levels)) {
                let w: [f32; 4] = std::array::from_fn(|i| if i < n { w[level + i] } else { 0.0 });
                let v = v.map(f32::abs);
                for i in 0..4 {
                    for l in 0..LANES {
                        sums[i][l] = w[i].mul_add(v[l], sums[i][l]);
                    }
                }
            }
            for (total, sum) in self.remainders[level..level + n].iter_mut().zip(&sums) {
                for (t, s) in total.iter_mut().zip(sum) {
                    *t += f64::from(*s);
                }
            }
            level += n;
        }
    }
}

impl Visitor for Pass<'_> {
    fn activation(&mut self, index: usize, tile: &mut Tile) {
        let source = &self.state.sources[index];
        let shape = self.state.plan.nodes[self.state.plan.activations[index]].shape;
        let (levels, channels) = (self.state.noise.len(), shape.channels);
        for y in 0..tile.size[0] {
            for x in 0..tile.size[1] {
                let place = ((tile.origin[0] + y) * shape.width + tile.origin[1] + x) * channels;
                let at = (y * tile.size[1] + x) * channels;
                for first in (0..channels).step_by(256) {
                    let n = 256.min(channels - first);
                    let part = &mut tile.data[at + first..at + first + n];
                    let from = (place + first) * levels;
                    let weights = &source.remainders[from..from + n * levels];
                    self.sum(part, weights, &source.noise);
                    let slopes = &source.slopes[place + first..place + first + n];
                    for (v, s) in part.iter_mut().zip(slopes) {
                        v.iter_mut().for_each(|v| *v *= s);
                    }
                }
            }
        }
    }

    fn linear(&mut self, node: NodeId, tile: &Tile, (origin, size): ([usize; 2], [usize; 2])) {
        let planned = &self.state.plan.nodes[node];
        let slack = match &planned.step {
            RowStep::Linear(l) => return self.linear_places(l, node, tile, (origin, size)),
            RowStep::Mean { slack, .. } => *slack,
            _ => 0.0,
        };
        let squares = tile.squares();
        let width = self.state.plan.nodes[planned.inputs[0]].shape.width;
        let (spread, levels) = (&self.state.spread[node], self.state.noise.len());
        let sums = window_sums(spread, levels, width, origin, size);
        self.residual(&squares, slack, |c| sums[c]);
    }

    fn merged(&mut self, node: NodeId, tile: &Tile) {
        let planned = &self.state.plan.nodes[node];
        if matches!(planned.step, RowStep::Activation(_)) && self.state.readers[node] <= 2 {
            // In the remainders already: one addition, rounded relative to the row that goes on.
            return;
        }
        let (levels, channels) = (self.state.noise.len(), planned.shape.channels);
        let amounts = &self.state.amounts[node];
        if amounts.is_empty() && self.state.matters[node] {
            self.residual.iter_mut().for_each(|r| r.fill(f64::INFINITY));
            return;
        }
        let places: Vec<f64> = amounts
            .chunks_exact(channels * levels)
            .flat_map(|place| {
                (0..levels).map(|c| {
                    place
                        .iter()
                        .skip(c)
                        .step_by(levels)
                        .map(|a| f64::from(*a))
                        .sum::<f64>()
                })
            })
            .collect();
        let sums = window_sums(&places, levels, planned.shape.width, tile.origin, tile.size);
        let squares = tile.squares();
        self.residual(&squares, UNIT_F32, |c| sums[c]);
    }

    fn matters(&self, node: NodeId) -> bool {
        self.state.matters[node]
    }
}

impl State<'_> {
    /// Takes rows back from a node.
    pub fn pass(&self, node: NodeId, tile: Tile) -> Pass<'_> {
        let mut pass = Pass::new(self);
        descend(self.plan, node, tile, &mut pass);
        pass
    }

    /// Bounds of |deviation| of every element of a node, (place, channel) * levels + level.
    pub fn neurons(&self, node: NodeId, threads: usize) -> Vec<f64> {
        let shape = self.plan.nodes[node].shape;
        let levels = self.noise.len();
        let groups = shape.channels.div_ceil(LANES);
        let jobs = shape.pixels() * groups;
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done: Vec<(usize, Vec<f64>)> = Vec::new();
            loop {
                let job = next.fetch_add(1, Ordering::Relaxed);
                if job >= jobs {
                    return done;
                }
                let (p, first) = (job / groups, job % groups * LANES);
                let mut tile =
                    Tile::zeros([p / shape.width, p % shape.width], [1, 1], shape.channels);
                let lanes = LANES.min(shape.channels - first);
                for l in 0..lanes {
                    tile.data[first + l][l] = 1.0;
                }
                let pass = self.pass(node, tile);
                let bounds = (0..lanes).flat_map(|l| (0..levels).map(move |c| (l, c)));
                let bounds = bounds
                    .map(|(l, c)| pass.bound(l, c).bound_deviation)
                    .collect();
                done.push(((p * shape.channels + first) * levels, bounds));
            }
        };
        let mut all = vec![0.0; shape.len() * levels];
        let parts: Vec<Vec<(usize, Vec<f64>)>> = std::thread::scope(|scope| {
            let handles: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let mut parts = vec![work()];
            parts.extend(handles.into_iter().filter_map(|h| h.join().ok()));
            parts
        });
        let mut filled = 0;
        for (at, bounds) in parts.into_iter().flatten() {
            filled += bounds.len();
            all[at..at + bounds.len()].copy_from_slice(&bounds);
        }
        if filled < all.len() {
            // A thread died: nothing is proved.
            all.fill(f64::INFINITY);
        }
        all
    }
}

/// Sums over a window of places, per level, rounded up.
fn window_sums(
    values: &[f64],
    levels: usize,
    width: usize,
    origin: [usize; 2],
    size: [usize; 2],
) -> Vec<f64> {
    let mut sums = vec![Upper::ZERO; levels];
    for y in origin[0]..origin[0] + size[0] {
        let from = (y * width + origin[1]) * levels;
        for (i, v) in values[from..from + size[1] * levels].iter().enumerate() {
            sums[i % levels] += Upper::of(*v);
        }
    }
    sums.into_iter().map(Upper::get).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::graph::{Builder, Preprocessing};
    use crate::network::model::ops::{Conv, Op, TensorShape, Window};
    use crate::network::model::tensor::Tensor;
    use crate::network::rows::asked::{Asked, Noise};
    use crate::network::rows::plan::Plan;
    use crate::network::rows::response::Response;
    use crate::network::rows::tile::descend;
    use rug::Rational;

    /// Keeps the rows that arrive at the activation.
    struct Arrived(Option<Tile>);

    impl Visitor for Arrived {
        fn activation(&mut self, _: usize, tile: &mut Tile) {
            self.0 = Some(tile.clone());
        }
        fn linear(&mut self, _: NodeId, _: &Tile, _: ([usize; 2], [usize; 2])) {}
        fn merged(&mut self, _: NodeId, _: &Tile) {}
        fn matters(&self, node: NodeId) -> bool {
            node > 0
        }
    }

    const SIDE: usize = 5;
    const CHANNELS: usize = 2;
    const OUTPUTS: usize = 3;

    fn pseudo(i: usize) -> f64 {
        let x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        x as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// What the rounding of rows through a convolution (stride, padding) moves, against exact rows, for deviations at
    /// one place at a time: never more than the residual, and none where no output reads the place.
    #[test]
    fn the_residual_covers_the_rounding_of_rows_place_by_place() {
        let q = |x: f64| Rational::from_f64(x).unwrap();
        let window = Window {
            padding: [1, 1, 1, 1],
            ..Window::new([3, 3], [2, 2])
        };
        let weights: Vec<f64> = (0..OUTPUTS * CHANNELS * 9).map(pseudo).collect();
        let mut b = Builder::new(TensorShape::new(CHANNELS, SIDE, SIDE)).unwrap();
        let relu = b.push("relu", Op::Relu { slope: 0.0 }, &[0]).unwrap();
        let conv = Op::Conv(Conv {
            weights: weights.clone(),
            bias: vec![0.0; OUTPUTS],
            window,
            groups: 1,
        });
        let conv = b.push("conv", conv, &[relu]).unwrap();
        let out = b.shape(conv);
        let network = b.finish("t", conv, Preprocessing::default()).unwrap();
        let plan = Plan::new(&network).unwrap();
        let centres = [Tensor::zeros(TensorShape::new(CHANNELS, SIDE, SIDE))];
        let noise = [Noise::default().into()];
        let functions: Vec<Vec<f32>> = (0..LANES)
            .map(|l| {
                let one = |i: usize| i == l * 5 % out.len();
                let value = |i: usize| pseudo(i + 99 * l) as f32;
                // Half of the rows have one output, half all of them.
                (0..out.len())
                    .map(|i| if l % 2 == 0 && !one(i) { 0.0 } else { value(i) })
                    .collect()
            })
            .collect();
        let mut arrived = Arrived(None);
        descend(&plan, conv, Tile::of(&functions, out), &mut arrived);
        let computed = arrived.0.unwrap();
        assert_eq!((computed.origin, computed.size), ([0, 0], [SIDE, SIDE]));
        let responses = [Response::Relu(64.0)];
        let mut state = State::new(&plan, &centres, &responses, Asked::sharp(&noise, &[]));
        let mut covered = 0;
        for place in 0..SIDE * SIDE {
            state.amounts[relu] = (0..SIDE * SIDE * CHANNELS)
                .map(|i| f32::from(u8::from(i / CHANNELS == place)))
                .collect();
            state.forward(conv);
            let mut pass = Pass::new(&state);
            let tile = Tile::of(&functions, out);
            pass.linear(conv, &tile, (computed.origin, computed.size));
            for (l, function) in functions.iter().enumerate() {
                let mut moved = Rational::new();
                for channel in 0..CHANNELS {
                    let mut exact = Rational::new();
                    for (i, v) in function.iter().enumerate() {
                        let (o, p) = (i / out.pixels(), i % out.pixels());
                        let tap = |out: usize, place: usize| (place + 1).checked_sub(2 * out);
                        let ky = tap(p / out.width, place / SIDE).filter(|k| *k < 3);
                        let kx = tap(p % out.width, place % SIDE).filter(|k| *k < 3);
                        if let (Some(ky), Some(kx)) = (ky, kx) {
                            let w = weights[(o * CHANNELS + channel) * 9 + ky * 3 + kx];
                            exact += q(f64::from(*v)) * q(w);
                        }
                    }
                    let found = computed.data[place * CHANNELS + channel][l];
                    moved += (q(f64::from(found)) - exact).abs();
                }
                let residual = pass.residual[0][l];
                assert!(q(residual) >= moved, "{place} {l}: {residual} {moved}");
                covered += usize::from(moved > 0);
            }
        }
        assert!(covered > 200, "{covered}");
    }
}
