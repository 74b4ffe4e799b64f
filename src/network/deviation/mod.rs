//! How far noise moves the result of the polynomial twin, on a given input.
//!
//! # Method
//! The twin's own trajectory on the input is known (rigorous evaluation); noise e_k at every activation
//! moves it. With fixed slopes s_k close to r'(z_k), the deviation of a pre-activation is
//! d_j = sum_k J_jk (e_k + rho_k): J_jk is a backward row, rho_k the remainder of the linearisation,
//! |rho_k| <= max|r''| d_k^2 / 2 + (distance of s_k to the slope) |d_k| over where z_k can be. Layer by layer,
//! every neuron gets its row, and its bound of |d_j| gives the remainders of the next layers.
//! Slopes and rows do not depend on the noise, so one set of rows serves a whole curve of noise
//! levels ([`Noise`], the columns).
//!
//! # Noise
//! `worst`: |e| <= worst. `sigma`: independent, or each conditionally on those before, mean 0 and sub-Gaussian
//! with proxy sigma; then a linear function with coefficients c exceeds kappa sigma |c|_2 with probability
//! 2 exp(-kappa^2/2) at most, and kappa is chosen so that all events together (two-sided, every neuron's
//! deviation, every neuron's noise, every result) have probability 2^-32 at most. Rows do not depend on
//! the noise, so outside these events every bound here holds.
//!
//! # Rounding
//! Rows are f32 and taken as they are: what they are off from the exact rows multiplies the deviation
//! of the node that they reach, and that is bounded already ([`plan`], `Pass::residual`).

pub mod attack;
pub mod plan;
pub mod rows;

use crate::certify::bend::Bend;
use crate::error::{Error, Result};
use crate::network::graph::NodeId;
use crate::network::tensor::Tensor;
use plan::{Linear, Plan, Step, UNIT};
use rows::{descend, Lane, Tile, Visitor, LANES};
use std::sync::atomic::{AtomicUsize, Ordering};

/// log2 of the probability that a high-probability bound fails.
pub const FAILURE_LOG2: i32 = -32;
/// Deviations beyond this are vacuous.
pub const VACUOUS: f64 = 1e6;

/// One level of noise at every activation's output, in units of the activation's B.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Noise {
    /// |e| is at most this, surely.
    pub worst: f64,
    /// Besides, sub-Gaussian noise with this proxy.
    pub sigma: f64,
    /// (tau, zone): |e| <= tau |z| wherever |z| >= zone (z and e in units of B), `worst` elsewhere.
    pub envelope: Option<(f64, f64)>,
}

/// What stands undisturbed at an activation.
#[derive(Debug, Clone, Copy)]
pub enum Response<'a> {
    /// The polynomial itself (error model: exact centre).
    Polynomial(&'a Bend),
    /// ReLU; the noise is all that a polynomial may differ from it (error models Sup and Envelope). The
    /// number is B.
    Relu(f64),
}

impl<'a> Response<'a> {
    /// B.
    pub fn scale(self) -> f64 {
        match self {
            Self::Polynomial(bend) => bend.scale(),
            Self::Relu(scale) => scale,
        }
    }

    /// A slope at z (known within `radius`), and a function that bounds
    /// |f(z + d) - f(z) - slope d| for |d| <= D.
    fn linear(self, z: f64, radius: f64) -> Result<(f32, impl Fn(f64) -> f64 + use<'a>)> {
        let (slope, off) = match self {
            Self::Polynomial(bend) => bend.slope(z)?,
            Self::Relu(_) => (if z > 0.0 { 1.0 } else { 0.0 }, 0.0),
        };
        let remainder = move |d: f64| {
            if d == 0.0 {
                return 0.0;
            }
            let reach = (d + radius) * (1.0 + 1e-9);
            let bound = match self {
                Self::Polynomial(bend) => {
                    let most = if reach < VACUOUS {
                        bend.bound_bend((z - reach).next_down(), (z + reach).next_up())
                    } else {
                        Ok(f64::INFINITY)
                    };
                    // Beyond the polynomial's domain nothing is proved.
                    let curve = most.unwrap_or(f64::INFINITY) / bend.scale() * (1.0 + 1e-9);
                    0.5 * curve * d * d + (off + curve * radius) * d
                }
                // The slope is right until z + d changes its sign; where z itself may have the other
                // sign than its midpoint, it is wrong on at most the whole way.
                Self::Relu(_) if z.abs() <= radius => d,
                Self::Relu(_) => (reach - z.abs()).max(0.0),
            };
            bound * (1.0 + 1e-9)
        };
        Ok((slope, remainder))
    }
}

/// What is known of a neuron's pre-activation on the undisturbed trajectory: the f64 and the radius.
type Centre = Tensor;

/// What bounds of one target at one noise level are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bound {
    /// Upper bound of |deviation|; infinite where it is vacuous.
    pub bound_deviation: f64,
    /// The same without remainders: what the noise does to first order (an estimate of the whole).
    pub estimate_first_order: f64,
}

/// The result: a bound for each target and noise level.
#[derive(Debug, Clone)]
pub struct Deviation {
    /// `[target][level]`.
    pub targets: Vec<Vec<Bound>>,
    /// For each activation and level the largest bound of a pre-activation's |deviation|.
    pub bound_layers: Vec<Vec<f64>>,
    /// Rows computed.
    pub rows: usize,
}

/// What an activation adds to the rows that pass it, element (place, channel).
#[derive(Debug, Default)]
struct Source {
    slopes: Vec<f32>,
    /// Remainders, rounded up: element * levels + level.
    remainders: Vec<f32>,
}

/// The state of the analysis: what is proved of the nodes so far.
struct State<'a> {
    plan: &'a Plan,
    noise: &'a [Noise],
    kappa: f64,
    scales: Vec<f64>,
    sources: Vec<Source>,
    /// Upper bounds of |deviation| of each node's value, element * levels + level; empty: not known or 0.
    amounts: Vec<Vec<f32>>,
    /// For each linear node and place of its input, per level: sum over channels of column norm times amount.
    spread: Vec<Vec<f64>>,
    matters: Vec<bool>,
}

/// Linear functions of the result: one coefficient for each of its elements.
pub type Target = Vec<f32>;

/// Bounds the deviation of linear functions of the result.
///
/// **Inputs** `centres`: the input of each activation on the undisturbed trajectory, in balls; `responses`: what
/// stands there; the levels of noise; targets with exact f32 coefficients; threads.
/// **Guarantee** every |deviation| is at most its `bound_deviation` (with probability 1 - 2^-32 where a sigma is not 0).
/// **Cost** a row for each neuron behind another activation.
///
/// # Errors
/// A trajectory or noise that makes no sense, or a trajectory outside a polynomial's domain.
pub fn bound(
    plan: &Plan,
    centres: &[Centre],
    responses: &[Response],
    noise: &[Noise],
    targets: &[Target],
    threads: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Deviation> {
    let count = plan.activations.len();
    if centres.len() != count || responses.len() != count {
        return Err(Error::domain(format!(
            "{} trajectories and {} responses for {count} activations",
            centres.len(),
            responses.len()
        )));
    }
    if noise.is_empty()
        || noise
            .iter()
            .any(|n| !(n.worst >= 0.0 && n.sigma >= 0.0 && n.worst + n.sigma < VACUOUS))
    {
        return Err(Error::domain(format!(
            "noise levels are from 0 to {VACUOUS}, and there is at least one"
        )));
    }
    let neurons: usize = centres.iter().map(Tensor::len).sum();
    let events = (4 * neurons + 4 * targets.len()) as f64;
    let kappa = (2.0 * (events.ln() - f64::from(FAILURE_LOG2) * std::f64::consts::LN_2)).sqrt()
        * (1.0 + 1e-9);
    let mut matters = vec![false; plan.nodes.len()];
    for (id, node) in plan.nodes.iter().enumerate() {
        let before = node.inputs.iter().any(|&i| matters[i]);
        matters[id] = before || matches!(node.step, Step::Activation(_));
    }
    let mut state = State {
        plan,
        noise,
        kappa,
        scales: responses.iter().map(|r| r.scale()).collect(),
        sources: (0..count).map(|_| Source::default()).collect(),
        amounts: vec![Vec::new(); plan.nodes.len()],
        spread: vec![Vec::new(); plan.nodes.len()],
        matters,
    };
    let mut result = Deviation {
        targets: Vec::new(),
        bound_layers: Vec::new(),
        rows: 0,
    };
    for id in 0..=plan.output {
        match &plan.nodes[id].step {
            Step::Activation(k) => {
                let from = plan.nodes[id].inputs[0];
                let known = if state.matters[from] {
                    result.rows += plan.nodes[from].shape.len();
                    state.neurons(from, threads)
                } else {
                    vec![0.0; plan.nodes[from].shape.len() * noise.len()]
                };
                let levels = noise.len();
                let most = (0..levels).map(|c| {
                    known
                        .iter()
                        .skip(c)
                        .step_by(levels)
                        .fold(0.0f64, |m, d| m.max(*d))
                });
                result.bound_layers.push(most.collect());
                state.activate(*k, id, &centres[*k], responses[*k], &known)?;
                progress(*k + 1, count);
            }
            _ => state.forward(id),
        }
    }
    let shape = plan.nodes[plan.output].shape;
    for chunk in targets.chunks(LANES) {
        let mut tile = Tile::zeros([0, 0], [shape.height, shape.width], shape.channels);
        for (l, target) in chunk.iter().enumerate() {
            for (i, c) in target.iter().enumerate() {
                let (channel, p) = (i / shape.pixels(), i % shape.pixels());
                tile.data[p * shape.channels + channel][l] = *c;
            }
        }
        let pass = state.pass(plan.output, tile);
        for l in 0..chunk.len() {
            result
                .targets
                .push((0..noise.len()).map(|c| pass.bound(l, c)).collect());
        }
    }
    Ok(result)
}

impl State<'_> {
    fn pass(&self, node: NodeId, tile: Tile) -> Pass<'_> {
        let mut pass = Pass {
            state: self,
            sizes: [0.0; LANES],
            squares: [0.0; LANES],
            remainders: vec![[0.0; LANES]; self.noise.len()],
            residual: vec![[0.0; LANES]; self.noise.len()],
        };
        descend(self.plan, node, tile, &mut pass);
        pass
    }

    /// Bounds of |deviation| of every element of a node, (place, channel) * levels + level.
    fn neurons(&self, node: NodeId, threads: usize) -> Vec<f64> {
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

    /// Slopes and remainders of an activation, from the deviations of its inputs.
    fn activate(
        &mut self,
        k: usize,
        id: NodeId,
        centre: &Centre,
        response: Response,
        known: &[f64],
    ) -> Result<()> {
        let shape = self.plan.nodes[id].shape;
        let levels = self.noise.len();
        let mut source = Source {
            slopes: Vec::with_capacity(shape.len()),
            remainders: Vec::with_capacity(shape.len() * levels),
        };
        let mut amounts = Vec::with_capacity(shape.len() * levels);
        let scale = response.scale();
        let readers = self
            .plan
            .nodes
            .iter()
            .filter(|n| n.inputs.contains(&id))
            .count() as f64;
        for p in 0..shape.pixels() {
            for c in 0..shape.channels {
                let i = c * shape.pixels() + p;
                let (z, radius) = (centre.hi[i], centre.radius[i] + centre.lo[i].abs());
                let (slope, remainder_of) = response.linear(z, radius)?;
                let first = known.len() / shape.len() * (p * shape.channels + c);
                for (level, noise) in self.noise.iter().enumerate() {
                    let d = known[first + level];
                    let mut remainder = remainder_of(d);
                    let mut worst = noise.worst * scale;
                    if let Some((tau, zone)) = noise.envelope {
                        let (near, far) = (z.abs() - d - radius, z.abs() + d + radius);
                        let relative = tau * far;
                        worst = if near >= zone * scale * (1.0 + 1e-9) {
                            relative
                        } else {
                            worst.max(relative)
                        } * (1.0 + 1e-9);
                        remainder += worst;
                    }
                    let size = f64::from(slope.abs());
                    let amount = size * d + remainder + worst + self.kappa * noise.sigma * scale;
                    // Rounding of the row where it passes: sums of readers, product with the slope.
                    remainder += 2.0 * UNIT * (size * d + readers * amount);
                    source.remainders.push(up(remainder));
                    amounts.push(up(amount * (1.0 + 1e-6)));
                }
                source.slopes.push(slope);
            }
        }
        self.sources[k] = source;
        self.amounts[id] = amounts;
        Ok(())
    }

    /// Amounts and spread of a node that is no activation.
    fn forward(&mut self, id: NodeId) {
        let node = &self.plan.nodes[id];
        if !self.matters[id] {
            return;
        }
        let levels = self.noise.len();
        let channels = node.shape.channels;
        if let (Step::Linear(_) | Step::Mean { .. }, Some(&from)) =
            (&node.step, node.inputs.first())
        {
            if !self.matters[from] {
                return;
            }
            let width = self.plan.nodes[from].shape.channels;
            let norm = |c: usize| match &node.step {
                Step::Linear(l) => l.bound_columns[c],
                Step::Mean { bound_column, .. } => *bound_column,
                _ => 0.0,
            };
            let places = self.amounts[from].chunks_exact(width * levels);
            let spread = places.flat_map(|place| {
                let mut sums = vec![0.0f64; levels];
                for (i, a) in place.iter().enumerate() {
                    sums[i % levels] += norm(i / levels) * f64::from(*a) * (1.0 + 1e-9);
                }
                sums
            });
            self.spread[id] = spread.collect();
        }
        // Only values that a linear layer reads, directly or not, need amounts of their own.
        if !self.feeds_linear(id) {
            return;
        }
        let mut out = vec![0.0f64; node.shape.len() * levels];
        let element = |shape: crate::network::Shape, i: usize| {
            ((i % shape.pixels()) * shape.channels + i / shape.pixels()) * levels
        };
        for &from in &node.inputs {
            let amounts = &self.amounts[from];
            if amounts.is_empty() {
                continue;
            }
            let x = self.plan.nodes[from].shape;
            let mut take = |to: usize, at: usize, factor: f64| {
                let (to, at) = (element(node.shape, to), element(x, at));
                for c in 0..levels {
                    out[to + c] += factor * f64::from(amounts[at + c]) * (1.0 + 1e-9);
                }
            };
            match &node.step {
                Step::Move(list) => list.iter().enumerate().for_each(|(i, j)| {
                    if let Some(j) = j {
                        take(i, *j, 1.0);
                    }
                }),
                Step::Mean {
                    windows, factors, ..
                } => {
                    for (i, (window, factor)) in windows.iter().zip(factors).enumerate() {
                        window
                            .iter()
                            .for_each(|&j| take(i, j, f64::from(*factor) * (1.0 + 1e-6)));
                    }
                }
                Step::Linear(linear) => forward_sizes(linear, x, node.shape, &mut take),
                _ => (0..node.shape.len()).for_each(|i| take(i, i, 1.0)),
            }
        }
        debug_assert_eq!(out.len(), node.shape.pixels() * channels * levels);
        self.amounts[id] = out.into_iter().map(|a| up(a * (1.0 + 1e-6))).collect();
    }

    /// Whether rows that are rounded at this node need its amounts.
    fn feeds_linear(&self, id: NodeId) -> bool {
        let readers = self.plan.nodes.iter().filter(|n| n.inputs.contains(&id));
        let mut count = 0;
        for reader in readers {
            count += 1;
            if !matches!(reader.step, Step::Activation(_) | Step::Add) {
                return true;
            }
        }
        // Several readers: the sum of their rows is rounded here. An addition passes the need on.
        count > 1
            || self.plan.nodes.iter().enumerate().any(|(i, n)| {
                matches!(n.step, Step::Add) && n.inputs.contains(&id) && self.feeds_linear(i)
            })
    }
}

/// Amounts through |weights|.
fn forward_sizes(
    linear: &Linear,
    x: crate::network::Shape,
    out: crate::network::Shape,
    take: &mut impl FnMut(usize, usize, f64),
) {
    let w = &linear.window;
    let taps = w.len();
    for i in 0..out.len() {
        let (o, p) = (i / out.pixels(), i % out.pixels());
        for channel in 0..x.channels {
            for tap in 0..taps {
                let inside = |axis: usize, o: usize, k: usize, size: usize| {
                    (o * w.stride[axis] + k * w.dilation[axis])
                        .checked_sub(w.padding[axis])
                        .filter(|&v| v < size)
                };
                let y = inside(0, p / out.width, tap / w.kernel[1], x.height);
                let column = inside(1, p % out.width, tap % w.kernel[1], x.width);
                if let (Some(y), Some(column)) = (y, column) {
                    let size = linear.sizes[(o * x.channels + channel) * taps + tap];
                    take(i, (channel * x.height + y) * x.width + column, size);
                }
            }
        }
    }
}

/// An f32 that is not below a nonnegative f64.
fn up(x: f64) -> f32 {
    // The conversion rounds to nearest; NaN becomes infinity, which makes the bound vacuous.
    if x.is_nan() {
        return f32::INFINITY;
    }
    (x as f32).next_up()
}

/// Sums over the rows of one tile on their way back.
struct Pass<'a> {
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

impl Pass<'_> {
    fn bound(&self, lane: usize, level: usize) -> Bound {
        let noise = self.state.noise[level];
        // f32 sums of at most 256 terms, f64 sums beyond: 256 2^-24 and a little.
        let cover = 1.0 + 4e-5;
        let uniform = if noise.envelope.is_some() {
            0.0
        } else {
            noise.worst
        };
        let first =
            uniform * self.sizes[lane] + self.state.kappa * noise.sigma * self.squares[lane].sqrt();
        let all =
            (first + self.remainders[level][lane] + self.residual[level][lane]) * cover + 1e-20;
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
            Step::Linear(l) => l.slack,
            Step::Mean { slack, .. } => *slack,
            _ => 0.0,
        };
        let squares = tile.squares();
        let width = self.state.plan.nodes[planned.inputs[0]].shape.width;
        let (spread, levels) = (&self.state.spread[node], self.state.noise.len());
        let sums = window_sums(spread, levels, width, origin, size);
        self.residual(&squares, slack, |c| sums[c]);
    }

    fn merged(&mut self, node: NodeId, tile: &Tile, more: usize) {
        let planned = &self.state.plan.nodes[node];
        if matches!(planned.step, Step::Activation(_)) {
            // In the remainders already.
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
        self.residual(&squares, more as f64 * UNIT * 1.01, |c| sums[c]);
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
    let mut sums = vec![0.0; levels];
    for y in origin[0]..origin[0] + size[0] {
        let from = (y * width + origin[1]) * levels;
        for (i, v) in values[from..from + size[1] * levels].iter().enumerate() {
            sums[i % levels] += v;
        }
    }
    sums.into_iter().map(|s: f64| s * (1.0 + 1e-9)).collect()
}

impl Pass<'_> {
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
            for i in 0..n {
                for l in 0..LANES {
                    self.remainders[level + i][l] += f64::from(sums[i][l]);
                }
            }
            level += n;
        }
    }
}
