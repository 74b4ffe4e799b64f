//! The reading of a network in balls: with ReLU, or with its polynomial twin.

use crate::arith::ball::{up, Ball};
use crate::error::{Error, Result};
use crate::function::formula::Formula;
use crate::network::forward::evaluation::{Lost, PAIR_BITS, SINGLE_BITS};
use crate::network::forward::layers;
use crate::network::forward::layers::Packed;
use crate::network::forward::normalise;
use crate::network::forward::range::Range;
use crate::network::forward::smooth;
use crate::network::forward::stage::Runs;
use crate::network::forward::twin::Activation;
use crate::network::forward::walk::{windows, Bend, Reading};
use crate::network::model::graph::{Node, NodeId};
use crate::network::model::ops::{Conv, Over, TensorShape, Window};
use crate::network::model::tensor::Tensor;

/// What stands where the network has ReLU and max.
#[derive(Debug, Clone, Copy)]
pub enum Model<'a> {
    /// ReLU and max themselves.
    Relu,
    /// What stands at each of [`Network::activations`](crate::network::model::graph::Network::activations), in that order.
    Twin(&'a [Activation]),
}

/// Balls on their way.
pub struct Balls<'a> {
    /// The input.
    pub input: &'a Tensor,
    /// What stands at activations.
    pub model: Model<'a>,
    /// Whether midpoints are pairs.
    pub double: bool,
    /// Sees the input of each activation.
    pub seen: &'a mut dyn FnMut(NodeId, &Tensor),
    /// The ranges of the activations so far.
    pub ranges: Vec<Range>,
    /// Where the numbers left f64.
    pub lost: Option<Lost>,
}

impl Reading for Balls<'_> {
    type Value = Tensor;

    fn input(&self, node: &Node) -> Result<Tensor> {
        if self.input.shape != node.shape {
            return Err(Error::domain(format!(
                "the input has shape {}, the network takes {}",
                self.input.shape, node.shape
            )));
        }
        let mut x = self.input.clone();
        if !self.double {
            x.make_single();
        }
        Ok(x)
    }

    fn conv(&self, conv: &Conv, x: &Tensor, _: TensorShape, node: &Node) -> Tensor {
        layers::conv(conv, x, node.shape, self.double)
    }

    fn dense(&self, packed: &Packed, x: &Tensor, _: &Node) -> Tensor {
        packed.apply(x, self.double)
    }

    fn affine(&self, maps: &[(Ball, Ball)], x: &Tensor, _: &Node) -> Tensor {
        layers::affine(maps, x, self.double)
    }

    fn moved(&self, from: &[Option<usize>], x: &Tensor, node: &Node) -> Tensor {
        gather(x, from, node)
    }

    fn add(&self, a: &Tensor, b: &Tensor) -> Tensor {
        layers::add(a, b, self.double)
    }

    fn concat(&self, parts: &[&Tensor], node: &Node) -> Tensor {
        let mut y = Tensor::zeros(node.shape);
        y.hi = parts.iter().flat_map(|t| t.hi.iter().copied()).collect();
        y.lo = parts.iter().flat_map(|t| t.lo.iter().copied()).collect();
        let radii = parts.iter().flat_map(|t| t.radius.iter().copied());
        y.radius = radii.collect();
        y
    }

    fn average(
        &self,
        (window, count_padding): (&Window, bool),
        x: &Tensor,
        _: TensorShape,
        node: &Node,
    ) -> Tensor {
        layers::avg_pool(window, count_padding, x, node.shape, self.double)
    }

    fn variance(&self, variance: (Over, f64), x: &Tensor, _: TensorShape, _: &Node) -> Tensor {
        normalise::variance(variance, x, self.double)
    }

    fn normalise(&self, over: Over, x: &Tensor, s: &Tensor, _: &Node) -> Tensor {
        normalise::normalised(over, x, s, self.double)
    }

    fn activation(
        &mut self,
        bend: Bend,
        x: &Tensor,
        _: TensorShape,
        (id, node): (NodeId, &Node),
    ) -> Result<Option<Tensor>> {
        (self.seen)(id, x);
        let twin = polynomial(self.model, self.ranges.len(), bend)?;
        let (y, range) = match bend {
            Bend::Relu(slope) => relu(slope, twin, x, id, self.double),
            Bend::MaxPool(window) => max_pool(window, twin, x, node, id, self.double),
            Bend::Polynomial(runs) => own(runs, x, id, self.double),
            Bend::Smooth(f) => bent(f, twin, x, id, self.double),
        };
        self.ranges.push(range);
        let outside = twin.is_some_and(|twin| !twin.holds(&range));
        Ok((!outside).then_some(y))
    }

    fn holds(&mut self, (node, _): (NodeId, &Node), value: &Tensor) -> bool {
        let bits = if self.double { PAIR_BITS } else { SINGLE_BITS };
        let overflow = value.overflow();
        self.lost = overflow.map(|element| Lost {
            node,
            element,
            bits,
        });
        overflow.is_none()
    }
}

/// What stands at an activation of the twin; none where that is what the network has.
pub(super) fn polynomial<'b>(
    model: Model<'b>,
    index: usize,
    bend: Bend,
) -> Result<Option<&'b Activation>> {
    let Model::Twin(all) = model else {
        return Ok(None);
    };
    let found = all.get(index).ok_or_else(|| {
        Error::domain(format!(
            "{} polynomials, the network has more activations",
            all.len()
        ))
    })?;
    if found.is_own() != matches!(bend, Bend::Polynomial(_)) {
        return Err(Error::domain(format!(
            "activation {index}: a polynomial of a table stands for ReLU and max, not for a polynomial of the network's own"
        )));
    }
    if matches!(bend, Bend::Smooth(_)) && found.domain().is_none() {
        return Err(Error::domain(format!(
            "activation {index}: a smooth function is replaced by a polynomial that stands for it itself, not by one made of sign"
        )));
    }
    Ok(Some(found))
}

/// A smooth function, or the polynomial that stands for it.
fn bent(
    f: &Formula,
    twin: Option<&Activation>,
    x: &Tensor,
    id: NodeId,
    double: bool,
) -> (Tensor, Range) {
    let mut y = Tensor::zeros(x.shape);
    for i in 0..x.len() {
        let ball = match twin {
            Some(r) => r.relu(x.get(i)),
            None => smooth::apply(f, x.get(i), double),
        };
        y.set(i, if double { ball } else { ball.single() });
    }
    (y, Range::of(x.balls(), id))
}

/// The network's own polynomials.
fn own(runs: &Runs, x: &Tensor, id: NodeId, double: bool) -> (Tensor, Range) {
    let mut y = Tensor::zeros(x.shape);
    for (part, stage, _) in runs.parts() {
        for i in part {
            let ball = stage.apply(x.get(i));
            y.set(i, if double { ball } else { ball.single() });
        }
    }
    (y, Range::of(x.balls(), id))
}

fn gather(x: &Tensor, from: &[Option<usize>], node: &Node) -> Tensor {
    let mut y = Tensor::zeros(node.shape);
    for (i, f) in from.iter().enumerate() {
        if let Some(f) = f {
            y.set(i, x.get(*f));
        }
    }
    y
}

/// max(x, 0) over a ball; it is 1-Lipschitz.
fn exact_relu(x: Ball) -> Ball {
    if x.lower() >= 0.0 {
        x
    } else if x.upper() <= 0.0 {
        Ball::default()
    } else if x.hi > 0.0 {
        x
    } else {
        Ball::new((0.0, 0.0), x.radius)
    }
}

fn relu(
    slope: f64,
    twin: Option<&Activation>,
    x: &Tensor,
    id: NodeId,
    double: bool,
) -> (Tensor, Range) {
    let range = Range::of(x.balls(), id);
    let mut y = Tensor::zeros(x.shape);
    for i in 0..x.len() {
        let ball = x.get(i);
        let ball = match twin {
            Some(r) => r.leaky(ball, slope),
            None if slope == 0.0 => exact_relu(ball),
            None => {
                // max(x, 0) - slope max(-x, 0).
                let minus = Ball::exact(slope).times(exact_relu(ball.negated()));
                exact_relu(ball).plus(minus.negated())
            }
        };
        y.set(i, if double { ball } else { ball.single() });
    }
    (y, range)
}

/// The larger midpoint and the larger radius: max is 1-Lipschitz in the sup norm.
pub(in crate::network) fn exact_max(a: Ball, b: Ball) -> Ball {
    let larger = if (a.hi, a.lo) >= (b.hi, b.lo) { a } else { b };
    Ball::new(larger.mid(), a.radius.max(b.radius))
}

fn max_pool(
    window: Window,
    twin: Option<&Activation>,
    x: &Tensor,
    node: &Node,
    id: NodeId,
    double: bool,
) -> (Tensor, Range) {
    let mut range = Range::of(x.balls(), id);
    range.forget_reach();
    let mut y = Tensor::zeros(node.shape);
    let results = windows(window, x.shape, node, |list| {
        let mut round: Vec<Ball> = list.iter().map(|&i| x.get(i)).collect();
        let mut asked = Vec::new();
        match twin {
            Some(r) => {
                r.tournament(&mut round, &mut |d| asked.push(d));
                (round[0], asked, 0.0)
            }
            None => {
                let low = round
                    .iter()
                    .map(|b| b.lower())
                    .fold(f64::INFINITY, f64::min);
                let high = round
                    .iter()
                    .map(|b| b.upper())
                    .fold(f64::NEG_INFINITY, f64::max);
                let top = round.iter().copied().reduce(exact_max).unwrap_or_default();
                (top, asked, up(high - low))
            }
        }
    });
    for (i, (ball, asked, reach)) in results.into_iter().enumerate() {
        y.set(i, if double { ball } else { ball.single() });
        range.see_within(reach, i);
        asked.into_iter().for_each(|d| range.see(d, i));
    }
    (y, range)
}
