//! What is proved of the nodes so far, layer by layer: slopes, remainders, and amounts of deviation.

use crate::arith::upper::{gamma, Upper, UNIT_F32};
use crate::error::{Error, Result};
use crate::network::model::graph::NodeId;
use crate::network::model::tensor::Tensor;
use crate::network::rows::asked::{Asked, Noise, NoiseLevel, Tails, FAILURE_LOG2};
use crate::network::rows::plan::{Linear, Plan, RowStep};
use crate::network::rows::response::Response;
use rug::float::Round;
use rug::Float;
use std::ops::Range;

/// What an activation adds to the rows that pass it, element (place, channel).
#[derive(Debug, Default)]
pub struct Source {
    pub slopes: Vec<f32>,
    /// Remainders, rounded up: element * levels + level.
    pub remainders: Vec<f32>,
    /// For each level the noise that is the same at every element: the bound, and the proxy, times B, rounded up.
    pub noise: Vec<(f64, f64)>,
}

/// What some elements of an activation have.
#[derive(Default)]
struct Part {
    slopes: Vec<f32>,
    remainders: Vec<f32>,
    amounts: Vec<f32>,
}

/// Fewest elements that are worth a thread.
const PART: usize = 256;

/// `work` on parts of 0 .. `count` in order, on so many threads.
fn in_parts<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(Range<usize>) -> Result<T> + Sync,
) -> Vec<Result<T>> {
    let parts = threads.min(count / PART).max(1);
    let each = count.div_ceil(parts);
    let range = |i: usize| (i * each).min(count)..((i + 1) * each).min(count);
    let work = &work;
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..parts)
            .map(|i| scope.spawn(move || work(range(i))))
            .collect();
        let mut all = vec![work(range(0))];
        let died = || Err(Error::domain("a thread of the bounds died"));
        all.extend(
            others
                .into_iter()
                .map(|h| h.join().unwrap_or_else(|_| died())),
        );
        all
    })
}

/// The state of the analysis: what is proved of the nodes so far.
pub struct State<'a> {
    pub plan: &'a Plan,
    pub noise: &'a [NoiseLevel],
    pub kappa: f64,
    pub sources: Vec<Source>,
    /// Upper bounds of |deviation| of each node's value, element * levels + level; empty: not known or 0.
    pub amounts: Vec<Vec<f32>>,
    /// For each linear node and place of its input, per level: sum over channels of column norm times amount.
    pub spread: Vec<Vec<f64>>,
    pub matters: Vec<bool>,
    /// How often each node is read.
    pub readers: Vec<usize>,
    /// For each level 2^-74 sqrt(n) times the largest proxy times B, for n neurons.
    pub lost: Vec<f64>,
}

impl<'a> State<'a> {
    /// Nothing is proved yet.
    pub fn new(
        plan: &'a Plan,
        centres: &[Tensor],
        responses: &[Response],
        asked: Asked<'a>,
    ) -> Self {
        let neurons: usize = centres.iter().map(Tensor::len).sum();
        let events = 4 * neurons + 4 * asked.targets.len();
        let mut matters = vec![false; plan.nodes.len()];
        for (id, node) in plan.nodes.iter().enumerate() {
            let before = node.inputs.iter().any(|&i| matters[i]);
            matters[id] = before || matches!(node.step, RowStep::Activation(_));
        }
        let mut readers = vec![0; plan.nodes.len()];
        for node in &plan.nodes {
            node.inputs.iter().for_each(|&i| readers[i] += 1);
        }
        let unit = (neurons as f64).sqrt() * 2.0f64.powi(-74);
        let lost = |level: &NoiseLevel| {
            let proxies = responses.iter().enumerate();
            let proxies = proxies.map(|(k, r)| level.at(k).sigma * r.scale());
            proxies.fold(0.0, f64::max) * unit
        };
        Self {
            readers,
            lost: asked.noise.iter().map(lost).collect(),
            plan,
            noise: asked.noise,
            kappa: match asked.tails {
                Tails::Sharp => kappa(events as f64),
                Tails::Counted => kappa_counted(events),
            },
            sources: responses.iter().map(|_| Source::default()).collect(),
            amounts: vec![Vec::new(); plan.nodes.len()],
            spread: vec![Vec::new(); plan.nodes.len()],
            matters,
        }
    }

    /// Slopes and remainders of an activation, from the deviations of its inputs.
    #[allow(clippy::too_many_arguments)] // One caller, and every part is another kind of thing.
    pub fn activate(
        &mut self,
        k: usize,
        id: NodeId,
        centre: &Tensor,
        response: Response,
        known: &[f64],
        threads: usize,
    ) -> Result<()> {
        let shape = self.plan.nodes[id].shape;
        let levels = self.noise.len();
        let scale = Upper::of(response.scale());
        let noise: Vec<Noise> = self.noise.iter().map(|level| level.at(k)).collect();
        let readers = Upper::of(self.readers[id] as f64);
        let kappa = Upper::of(self.kappa);
        let places = |range: Range<usize>| -> Result<Part> {
            let mut part = Part::default();
            for at in range {
                let (p, c) = (at / shape.channels, at % shape.channels);
                let i = c * shape.pixels() + p;
                let z = centre.hi[i];
                let radius = (Upper::of(centre.radius[i]) + Upper::size(centre.lo[i])).get();
                let (slope, remainder_of) = response.linear(i, z, radius)?;
                for (level, noise) in noise.iter().enumerate() {
                    let d = Upper::of(known[levels * at + level]);
                    let mut remainder = Upper::of(remainder_of(d.get()));
                    let mut worst = Upper::of(noise.worst) * scale;
                    if let Some((tau, zone)) = noise.envelope {
                        let reach = d + Upper::of(radius);
                        let near = -(Upper::of(-z.abs()) + reach).get();
                        if near >= (Upper::of(zone) * scale).get() {
                            let far = Upper::size(z) + reach;
                            worst = worst.min(Upper::of(tau) * far);
                        }
                        remainder += worst;
                    }
                    let moved = Upper::size(f64::from(slope)) * d;
                    let tail = kappa * Upper::of(noise.sigma) * scale;
                    let amount = moved + remainder + worst + tail;
                    // Rounding of the row where it passes: sums of readers, product with the slope.
                    remainder += gamma(2, UNIT_F32) * (moved + readers * amount);
                    part.remainders.push(remainder.get_f32());
                    part.amounts.push(amount.get_f32());
                }
                part.slopes.push(slope);
            }
            Ok(part)
        };
        let mut whole = Part::default();
        for part in in_parts(shape.len(), threads, places) {
            let part = part?;
            whole.slopes.extend(part.slopes);
            whole.remainders.extend(part.remainders);
            whole.amounts.extend(part.amounts);
        }
        let product = |x: f64| (Upper::of(x) * scale).get();
        let uniform = |n: &Noise| match n.envelope {
            // Among the remainders already.
            Some(_) => (0.0, product(n.sigma)),
            None => (product(n.worst), product(n.sigma)),
        };
        self.sources[k] = Source {
            slopes: whole.slopes,
            remainders: whole.remainders,
            noise: noise.iter().map(uniform).collect(),
        };
        self.amounts[id] = usable(whole.amounts, levels);
        Ok(())
    }

    /// Amounts and spread of a node that is no activation.
    pub fn forward(&mut self, id: NodeId) {
        let node = &self.plan.nodes[id];
        if !self.matters[id] {
            return;
        }
        let levels = self.noise.len();
        let channels = node.shape.channels;
        if let (RowStep::Linear(_) | RowStep::Mean { .. }, Some(&from)) =
            (&node.step, node.inputs.first())
        {
            if !self.matters[from] {
                return;
            }
            let width = self.plan.nodes[from].shape.channels;
            let norm = |c: usize| match &node.step {
                RowStep::Linear(l) => l.bound_columns[c],
                RowStep::Mean { bound_column, .. } => *bound_column,
                _ => 0.0,
            };
            let places = self.amounts[from].chunks_exact(width * levels);
            let spread = places.flat_map(|place| {
                let mut sums = vec![Upper::ZERO; levels];
                for (i, a) in place.iter().enumerate() {
                    sums[i % levels] += Upper::of(norm(i / levels)) * Upper::of(f64::from(*a));
                }
                sums
            });
            self.spread[id] = spread.map(Upper::get).collect();
        }
        // Only values that a linear layer reads, directly or not, need amounts of their own.
        if !self.feeds_linear(id) {
            return;
        }
        let mut out = vec![0.0f64; node.shape.len() * levels];
        let element = |shape: crate::network::model::ops::TensorShape, i: usize| {
            ((i % shape.pixels()) * shape.channels + i / shape.pixels()) * levels
        };
        for (input, &from) in node.inputs.iter().enumerate() {
            let amounts = &self.amounts[from];
            if amounts.is_empty() {
                continue;
            }
            let x = self.plan.nodes[from].shape;
            let mut take = |to: usize, at: usize, factor: f64| {
                let (to, at) = (element(node.shape, to), element(x, at));
                for c in 0..levels {
                    out[to + c] += factor * f64::from(amounts[at + c]);
                }
            };
            match &node.step {
                RowStep::Move(lists) => lists[input].iter().enumerate().for_each(|(i, j)| {
                    if let Some(j) = j {
                        take(i, *j, 1.0);
                    }
                }),
                RowStep::Mean {
                    windows, factors, ..
                } => {
                    let rounded = Upper::ONE + gamma(1, UNIT_F32);
                    for (i, (window, factor)) in windows.iter().zip(factors).enumerate() {
                        let exact = (Upper::of(f64::from(*factor)) * rounded).get();
                        window.iter().for_each(|&j| take(i, j, exact));
                    }
                }
                RowStep::Linear(linear) => forward_sizes(linear, x, node.shape, &mut take),
                _ => (0..node.shape.len()).for_each(|i| take(i, i, 1.0)),
            }
        }
        debug_assert_eq!(out.len(), node.shape.pixels() * channels * levels);
        // Sums with a product each, of no more terms than all inputs have elements.
        let read = node.inputs.iter().map(|&i| self.plan.nodes[i].shape.len());
        let terms = read.sum::<usize>() + 1;
        let amounts = out.into_iter().map(|a| Upper::computed(a, terms));
        let levels = self.noise.len();
        self.amounts[id] = usable(amounts.map(Upper::get_f32).collect(), levels);
    }

    /// Whether rows that are rounded at this node need its amounts.
    fn feeds_linear(&self, id: NodeId) -> bool {
        let readers = self.plan.nodes.iter().filter(|n| n.inputs.contains(&id));
        let mut count = 0;
        for reader in readers {
            count += 1;
            if !matches!(reader.step, RowStep::Activation(_) | RowStep::Add) {
                return true;
            }
        }
        // Several readers: the sum of their rows is rounded here. An addition passes the need on.
        count > 1
            || self.readers[id] > 1
            || self.plan.nodes.iter().enumerate().any(|(i, n)| {
                matches!(n.step, RowStep::Add) && n.inputs.contains(&id) && self.feeds_linear(i)
            })
    }
}

/// The amounts of a node; at a level where their sum is so large that what rows lose by underflow would count, infinite
/// ones.
///
/// Rows are f32: a product below 2^-126, in a linear layer, at a slope or in a mean, is off by 2^-150 at most, besides
/// what is relative to it. With sums of at most 2^40 over the elements of a node, 2^14 nodes and 2^24 products to a
/// place all of this comes to 2^-150 2^24 2^40 2^14 = 2^-72, which the 1e-20 added to every bound covers.
fn usable(mut amounts: Vec<f32>, levels: usize) -> Vec<f32> {
    let most = 2f64.powi(40);
    for level in 0..levels {
        let own = amounts.iter().skip(level).step_by(levels);
        let sum: f64 = own.map(|a| f64::from(*a)).sum();
        // Not where the sum is NaN.
        if sum <= most {
            continue;
        }
        for amount in amounts.iter_mut().skip(level).step_by(levels) {
            *amount = f32::INFINITY;
        }
    }
    amounts
}

/// kappa: one of `events` one-sided events of probability exp(-kappa^2/2) happens with probability
/// 2^[`FAILURE_LOG2`] at most. Rounded up throughout.
pub fn kappa(events: f64) -> f64 {
    let (mut log, mut two) = (Float::with_val(64, events), Float::with_val(64, 2));
    log.ln_round(Round::Up);
    two.ln_round(Round::Up);
    let failure = Float::with_val_round(64, two * -FAILURE_LOG2, Round::Up).0;
    let mut root = Float::with_val_round(64, log + failure, Round::Up).0;
    root *= 2;
    root.sqrt_round(Round::Up);
    root.to_f64_round(Round::Up)
}

/// The same with log2(events) rounded up to their length in bits, and 2 ln 2 to 1.3862944 ([`Tails::Counted`]):
/// never below [`kappa`].
fn kappa_counted(events: usize) -> f64 {
    let log = usize::BITS - events.leading_zeros();
    let square = f64::from(log as i32 - FAILURE_LOG2) * 1.386_294_4;
    Upper::of(square.next_up()).sqrt().get()
}

/// Amounts through |weights|.
fn forward_sizes(
    linear: &Linear,
    x: crate::network::model::ops::TensorShape,
    out: crate::network::model::ops::TensorShape,
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

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Rational;

    /// At a level where rows could lose too much by underflow nothing is bounded; the others stay.
    #[test]
    fn amounts_that_underflow_could_hide_are_infinite() {
        let kept = usable(
            vec![1.0, 2f32.powi(40), f32::NAN, 1.0, 2f32.powi(20), 1.0],
            3,
        );
        assert_eq!((kept[0], kept[3]), (1.0, 1.0));
        for (level, infinite) in [(0, false), (1, true), (2, true)] {
            let own = [kept[level], kept[level + 3]];
            assert_eq!(own == [f32::INFINITY; 2], infinite, "{level}");
        }
        assert!(usable(vec![], 2).is_empty());
    }

    /// kappa against the definition: events exp(-kappa^2/2) <= 2^-32, and hardly less.
    #[test]
    fn kappa_is_as_large_as_the_events_need() {
        for events in [1usize, 2, 3, 4, 1_000, 4_096, 688_169, 1 << 40] {
            let left = |kappa: f64| {
                let half = Float::with_val(200, kappa).square() / -2i32;
                Float::exp(half) * events as f64 * 2.0f64.powi(-FAILURE_LOG2)
            };
            let sharp = kappa(events as f64);
            assert!(
                left(sharp) <= 1.0 && left(sharp * (1.0 - 1e-12)) > 1.0,
                "{events}"
            );
            let counted = kappa_counted(events);
            assert!(counted >= sharp && counted < 1.02 * sharp, "{events}");
            // N9 of the contract, exactly.
            let bits = u64::from(usize::BITS - events.leading_zeros());
            let square = Rational::from((bits + 32) * 13_862_944) / 10_000_000;
            let stated = Rational::from_f64(counted).unwrap();
            assert!(Rational::from(&stated * &stated) >= square, "{events}");
        }
    }
}
