//! Rigorous evaluation of a network, with ReLU or with its polynomial twin, on one input.
//!
//! Every activation is a [`Tensor`] of balls. Two precisions: f64 midpoints, whose rounding a deep
//! network amplifies beyond use, and pairs of about 106 bits.

pub mod compare;
pub mod kernel;
pub mod layers;
pub mod twin;

use crate::arith::ball::{up, Ball};
use crate::error::{Error, Result};
use crate::network::forward::layers::Packed;
use crate::network::forward::twin::Activation;
use crate::network::model::graph::{Network, Node, NodeId};
use crate::network::model::ops::{Op, Window};
use crate::network::model::tensor::Tensor;

/// What stands where the network has ReLU and max.
#[derive(Debug, Clone, Copy)]
pub enum Model<'a> {
    /// ReLU and max themselves.
    Relu,
    /// One polynomial for each of [`Network::activations`], in that order.
    Twin(&'a [Activation]),
}

/// What stands in place of an activation in plain f64: its number, its slope, its inputs.
pub type Respond<'a> = dyn FnMut(usize, f64, &[f64]) -> Vec<f64> + 'a;

/// The range of what goes into an activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The activation's node.
    pub node: NodeId,
    /// Lower bound of its inputs.
    pub bound_lo: f64,
    /// Upper bound of its inputs.
    pub bound_hi: f64,
    /// Upper bound of |x| that the polynomial is applied to: of an input, or of the difference in a match
    /// of a max-pool.
    pub bound_reach: f64,
    /// The element where the reach is attained: of the input, or of the max-pool's output.
    pub neuron: usize,
}

/// Enclosures of the logits, and what went into each activation.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// One ball for each output.
    pub logits: Vec<Ball>,
    /// One range for each activation.
    pub ranges: Vec<Range>,
    /// Whether midpoints were pairs of about 106 bits.
    pub double: bool,
}

/// An evaluation, or where a polynomial was asked beyond [-B, B].
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Evaluated.
    Done(Evaluation),
    /// An activation's input is not proved to lie in [-B, B]; its range comes last.
    Outside(Vec<Range>),
}

impl Evaluation {
    /// The class, if the enclosures decide it: the one logit above all others; for one logit, 1 if it is
    /// above 0 and 0 if below.
    pub fn class(&self) -> Option<usize> {
        match self.logits.as_slice() {
            [one] if one.lower() > 0.0 => Some(1),
            [one] if one.upper() < 0.0 => Some(0),
            [_] => None,
            logits => (0..logits.len()).find(|&t| {
                let mut others = (0..logits.len()).filter(|&j| j != t);
                others.all(|j| logits[t].is_above(logits[j]))
            }),
        }
    }

    /// Lower bound of the distance of a class's logit to the next (of one logit, to 0).
    pub fn margin(&self, class: usize) -> f64 {
        if let [one] = self.logits.as_slice() {
            return if class == 1 {
                one.lower()
            } else {
                -one.upper()
            };
        }
        let others = (0..self.logits.len()).filter(|&j| j != class);
        let apart = |j: usize| self.logits[class].plus(self.logits[j].negated()).lower();
        others.map(apart).fold(f64::INFINITY, f64::min)
    }
}

/// A network made ready: weights packed, batch norms enclosed.
#[derive(Debug)]
pub struct Prepared<'a> {
    network: &'a Network,
    steps: Vec<Step>,
    last_uses: Vec<NodeId>,
}

#[derive(Debug)]
enum Step {
    /// Needs nothing beyond the node.
    Plain,
    Dense(Packed),
    Affine(Vec<(Ball, Ball)>),
    Moved(Vec<Option<usize>>),
}

impl<'a> Prepared<'a> {
    /// Makes a network ready.
    ///
    /// # Errors
    /// A layer that sums more products than the rounding bounds allow.
    pub fn new(network: &'a Network) -> Result<Self> {
        let shape = |id: NodeId| network.nodes[id].shape;
        let steps = network.nodes.iter().map(|node| {
            Ok(match &node.op {
                Op::Conv(c) => {
                    layers::check_terms(&node.name, c.weights.len() / c.bias.len())?;
                    Step::Plain
                }
                Op::Dense(d) => {
                    layers::check_terms(&node.name, shape(node.inputs[0]).len())?;
                    Step::Dense(Packed::new(d))
                }
                Op::BatchNorm(b) => {
                    let balls = |(s, t): (_, _)| (Ball::from(s), Ball::from(t));
                    Step::Affine(b.folded().into_iter().map(balls).collect())
                }
                Op::Affine { scale, shift } => {
                    let both = scale.iter().zip(shift);
                    Step::Affine(
                        both.map(|(&s, &t)| (Ball::exact(s), Ball::exact(t)))
                            .collect(),
                    )
                }
                Op::Reshape(_) | Op::Subsample { .. } | Op::Pad { .. } => {
                    Step::Moved(layers::moved(&node.op, shape(node.inputs[0]), node.shape))
                }
                _ => Step::Plain,
            })
        });
        Ok(Self {
            network,
            steps: steps.collect::<Result<_>>()?,
            last_uses: network.last_uses(),
        })
    }

    /// The network.
    pub fn network(&self) -> &'a Network {
        self.network
    }

    /// Evaluates on a ball of inputs.
    ///
    /// **Inputs** `input` of the network's input shape; `double` for midpoints of about 106 bits.
    ///
    /// **Guarantee** for every point of the input balls the network's exact result (over the reals, with
    /// exact weights and coefficients) lies in the logits' balls, and every activation's input in its range.
    ///
    /// **Cost** about 15 times plain f64 inference for `double`, 3 times without.
    ///
    /// # Errors
    /// A number beyond what f64 can hold, naming the layer; an input of another shape.
    pub fn evaluate(&self, input: &Tensor, model: Model, double: bool) -> Result<Outcome> {
        self.evaluate_with(input, model, double, &mut |_, _| {})
    }

    /// As [`Self::evaluate`], showing each activation's input (by the activation's node) to `seen`.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn evaluate_with(
        &self,
        input: &Tensor,
        model: Model,
        double: bool,
        seen: &mut dyn FnMut(NodeId, &Tensor),
    ) -> Result<Outcome> {
        let mut values: Vec<Option<Tensor>> = vec![None; self.network.nodes.len()];
        if input.shape != self.network.input_shape() {
            return Err(Error::domain(format!(
                "the input has shape {}, the network takes {}",
                input.shape,
                self.network.input_shape()
            )));
        }
        let mut ranges = Vec::new();
        for (id, node) in self.network.nodes.iter().enumerate() {
            let x = |k: usize| {
                values[node.inputs[k]]
                    .as_ref()
                    .ok_or_else(|| Error::domain("graph"))
            };
            if node.op.is_activation() {
                seen(id, x(0)?);
            }
            let y = match (&node.op, &self.steps[id]) {
                (Op::Input, _) => {
                    let mut x = input.clone();
                    if !double {
                        x.make_single();
                    }
                    x
                }
                (Op::Conv(c), _) => layers::conv(c, x(0)?, node.shape, double),
                (_, Step::Dense(packed)) => packed.apply(x(0)?, double),
                (_, Step::Affine(maps)) => layers::affine(maps, x(0)?, double),
                (_, Step::Moved(from)) => gather(x(0)?, from, node),
                (Op::Add, _) => layers::add(x(0)?, x(1)?, double),
                (
                    Op::AvgPool {
                        window,
                        count_padding,
                    },
                    _,
                ) => layers::avg_pool(window, *count_padding, x(0)?, node.shape, double),
                (Op::Concat, _) => {
                    let parts: Vec<&Tensor> =
                        (0..node.inputs.len()).map(x).collect::<Result<_>>()?;
                    let mut y = Tensor::zeros(node.shape);
                    y.hi = parts.iter().flat_map(|t| t.hi.iter().copied()).collect();
                    y.lo = parts.iter().flat_map(|t| t.lo.iter().copied()).collect();
                    y.radius = parts
                        .iter()
                        .flat_map(|t| t.radius.iter().copied())
                        .collect();
                    y
                }
                (Op::Relu { slope }, _) => {
                    let twin = polynomial(model, ranges.len())?;
                    let (y, range) = relu(*slope, twin, x(0)?, id, double);
                    ranges.push(range);
                    y
                }
                (Op::MaxPool(window), _) => {
                    let twin = polynomial(model, ranges.len())?;
                    let (y, range) = max_pool(*window, twin, x(0)?, node, id, double);
                    ranges.push(range);
                    y
                }
                (op, _) => {
                    return Err(Error::unsupported(format!(
                        "{} is not evaluated",
                        op.name()
                    )))
                }
            };
            if let (Some(range), true) = (ranges.last(), node.op.is_activation()) {
                if let Some(twin) = polynomial(model, ranges.len() - 1)? {
                    // Also where the reach is NaN.
                    if range
                        .bound_reach
                        .partial_cmp(&twin.limit())
                        .is_none_or(|o| o.is_gt())
                    {
                        return Ok(Outcome::Outside(ranges));
                    }
                }
            }
            if let Some(i) = y.overflow() {
                return Err(Error::domain(format!(
                    "layer {:?}, element {i}: the numbers are beyond what f64 can hold",
                    node.name
                )));
            }
            for &i in &node.inputs {
                if self.last_uses[i] == id {
                    values[i] = None;
                }
            }
            values[id] = Some(y);
        }
        let result = values[self.network.output]
            .take()
            .ok_or_else(|| Error::domain("graph"))?;
        Ok(Outcome::Done(Evaluation {
            logits: result.balls().collect(),
            ranges,
            double,
        }))
    }

    /// The ReLU network in plain f64 by the same kernels. *Estimate*: nothing is proved of its rounding.
    ///
    /// # Panics
    /// If the input is not of the network's shape.
    pub fn estimate_plain(&self, input: &[f64]) -> Vec<f64> {
        self.estimate_with(input, &mut |_, slope, x| {
            x.iter().map(|&v| v.max(0.0) + slope * v.min(0.0)).collect()
        })
    }

    /// As [`Self::estimate_plain`], with `respond` (number of the activation, its slope, its inputs) in place of
    /// ReLU. *Estimate*.
    ///
    /// # Panics
    /// If the input is not of the network's shape.
    pub fn estimate_with(&self, input: &[f64], respond: &mut Respond) -> Vec<f64> {
        let mut activations = 0;
        let mut values: Vec<Vec<f64>> = vec![vec![]; self.network.nodes.len()];
        for (id, node) in self.network.nodes.iter().enumerate() {
            let x = |k: usize| values[node.inputs[k]].as_slice();
            let shape = |k: usize| self.network.nodes[node.inputs[k]].shape;
            let y = match (&node.op, &self.steps[id]) {
                (Op::Input, _) => {
                    assert_eq!(input.len(), node.shape.len());
                    input.to_vec()
                }
                (Op::Conv(c), _) => layers::plain_conv(c, x(0), shape(0), node.shape),
                (_, Step::Dense(packed)) => packed.plain(x(0)),
                (_, Step::Affine(maps)) => {
                    let pixels = node.shape.pixels();
                    let values = x(0).iter().enumerate();
                    let map = |(i, v): (usize, &f64)| {
                        v.mul_add(maps[i / pixels].0.hi, maps[i / pixels].1.hi)
                    };
                    values.map(map).collect()
                }
                (_, Step::Moved(from)) => from.iter().map(|f| f.map_or(0.0, |i| x(0)[i])).collect(),
                (Op::Add, _) => x(0).iter().zip(x(1)).map(|(a, b)| a + b).collect(),
                (Op::Concat, _) => (0..node.inputs.len())
                    .flat_map(|k| x(k).iter().copied())
                    .collect(),
                (Op::Relu { slope }, _) => respond(activations, *slope, x(0)),
                (Op::MaxPool(window), _) => windows(*window, shape(0), node, |w| {
                    w.iter().map(|&i| x(0)[i]).fold(f64::MIN, f64::max)
                }),
                (
                    Op::AvgPool {
                        window,
                        count_padding,
                    },
                    _,
                ) => windows(*window, shape(0), node, |w| {
                    let n = if *count_padding {
                        window.len()
                    } else {
                        w.len()
                    };
                    w.iter().map(|&i| x(0)[i]).sum::<f64>() / n as f64
                }),
                (op, _) => unreachable!("{} is not evaluated", op.name()),
            };
            activations += usize::from(node.op.is_activation());
            values[id] = y;
        }
        std::mem::take(&mut values[self.network.output])
    }
}

fn polynomial<'b>(model: Model<'b>, index: usize) -> Result<Option<&'b Activation>> {
    match model {
        Model::Relu => Ok(None),
        Model::Twin(all) => all.get(index).map(Some).ok_or_else(|| {
            Error::domain(format!(
                "{} polynomials, the network has more activations",
                all.len()
            ))
        }),
    }
}

/// For each output element, the indices of the inputs in its window.
fn windows<T>(
    w: Window,
    x: crate::network::model::ops::Shape,
    node: &Node,
    f: impl Fn(&[usize]) -> T,
) -> Vec<T> {
    let out = node.shape;
    let mut list = Vec::with_capacity(w.len());
    (0..out.len())
        .map(|i| {
            let (c, p) = (i / out.pixels(), i % out.pixels());
            list.clear();
            let inside = w.positions(x, p / out.width, p % out.width);
            list.extend(inside.map(|(row, column)| (c * x.height + row) * x.width + column));
            f(&list)
        })
        .collect()
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

/// The range of a tensor, its reach that of single elements.
fn range(x: &Tensor, node: NodeId) -> Range {
    let mut range = Range {
        node,
        bound_lo: f64::INFINITY,
        bound_hi: f64::NEG_INFINITY,
        bound_reach: 0.0,
        neuron: 0,
    };
    for (i, ball) in x.balls().enumerate() {
        range.bound_lo = range.bound_lo.min(ball.lower());
        range.bound_hi = range.bound_hi.max(ball.upper());
        let reach = ball.upper().max(-ball.lower());
        if reach > range.bound_reach || reach.is_nan() {
            (range.bound_reach, range.neuron) = (reach, i);
        }
    }
    range
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
    let range = range(x, id);
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
fn exact_max(a: Ball, b: Ball) -> Ball {
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
    let mut range = range(x, id);
    (range.bound_reach, range.neuron) = (0.0, 0);
    let results = windows(window, x.shape, node, |list| {
        let mut round: Vec<Ball> = list.iter().map(|&i| x.get(i)).collect();
        match twin {
            Some(r) => {
                let reach = r.tournament(&mut round);
                (round[0], reach)
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
                (top, up(high - low))
            }
        }
    });
    let mut y = Tensor::zeros(node.shape);
    for (i, (ball, reach)) in results.into_iter().enumerate() {
        y.set(i, if double { ball } else { ball.single() });
        if reach > range.bound_reach || reach.is_nan() {
            (range.bound_reach, range.neuron) = (reach, i);
        }
    }
    (y, range)
}
