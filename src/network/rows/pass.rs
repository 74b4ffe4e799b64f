//! The sums that a tile of rows gathers on its way back: what noise, remainders and rounding amount to.

use crate::arith::upper::{gamma, Upper, UNIT, UNIT_F32};
use crate::network::model::graph::NodeId;
use crate::network::rows::plan::{Linear, RowStep};
use crate::network::rows::rows::{readers, Lane, Tile, Visitor, LANES};
use crate::network::rows::state::State;
use crate::network::rows::{Bound, VACUOUS};

/// Sums over the rows of one tile on their way back.
pub struct Pass<'a> {
    state: &'a State<'a>,
    /// Sum of |coefficients| at activations' outputs, times B.
    sizes: [f64; LANES],
    /// Sum of the squares of coefficients times B.
    squares: [f64; LANES],
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
            sizes: [0.0; LANES],
            squares: [0.0; LANES],
            remainders: none.clone(),
            residual: none,
        }
    }

    /// The bound of one row at one level.
    pub fn bound(&self, lane: usize, level: usize) -> Bound {
        let noise = self.state.noise[level];
        // f32 sums of at most 256 terms with a product each, and f64 sums of at most 2^30 of them.
        let cover = (Upper::ONE + gamma(257, UNIT_F32)) * (Upper::ONE + gamma(1 << 30, UNIT));
        let uniform = if noise.envelope.is_some() {
            0.0
        } else {
            noise.worst
        };
        let first =
            uniform * self.sizes[lane] + self.state.kappa * noise.sigma * self.squares[lane].sqrt();
        // Squares below the range of f32 are lost: each of n coefficients below 2^-75.
        let lost = self.state.kappa * noise.sigma * self.state.lost;
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

    /// Adds the sums over one place: `weights` has `levels` numbers for each lane of `part`.
    fn sum(&mut self, part: &[Lane], weights: &[f32], levels: usize, scale: f64) {
        let (mut sizes, mut squares) = ([0.0f32; LANES], [0.0f32; LANES]);
        for v in part {
            for l in 0..LANES {
                sizes[l] += v[l].abs();
                squares[l] = v[l].mul_add(v[l], squares[l]);
            }
        }
        for l in 0..LANES {
            self.sizes[l] += f64::from(sizes[l]) * scale;
            self.squares[l] += f64::from(squares[l]) * (scale * scale);
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
                    self.sum(part, weights, levels, self.state.scales[index]);
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
