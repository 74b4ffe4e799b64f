//! The walk through all layers, whatever their values are: balls, or plain numbers.

use crate::arith::ball::Ball;
use crate::error::{Error, Result};
use crate::function::formula::Formula;
use crate::network::forward::layers;
use crate::network::forward::layers::Packed;
use crate::network::forward::stage::Runs;
use crate::network::model::graph::{Network, Node, NodeId};
use crate::network::model::ops::{Conv, Op, Over, TensorShape, Window};

/// What a layer has ready beyond its node.
#[derive(Debug)]
enum Ready {
    /// Nothing.
    Plain,
    Dense(Packed),
    Affine(Vec<(Ball, Ball)>),
    Moved(Vec<Option<usize>>),
    Polynomial(Runs),
}

/// What stands at a node that is an activation.
#[derive(Debug, Clone, Copy)]
pub enum Bend<'a> {
    /// ReLU with a slope below 0.
    Relu(f64),
    /// The maximum over a window.
    MaxPool(Window),
    /// The network's own polynomials.
    Polynomial(&'a Runs),
    /// A smooth function.
    Smooth(&'a Formula),
}

/// What is known of another run, and what is done again.
#[derive(Debug)]
pub struct Again<'a, V> {
    /// The value of every node.
    pub values: &'a [Option<V>],
    /// Nodes that are done again although what they read is the same.
    pub nodes: &'a [NodeId],
}

/// One meaning of the layers: what their values are, and what each kind of layer makes of them.
pub trait Reading {
    /// The values of a node.
    type Value;
    /// The input.
    fn input(&self, node: &Node) -> Result<Self::Value>;
    /// A convolution of values of shape `from`.
    fn conv(&self, conv: &Conv, x: &Self::Value, from: TensorShape, node: &Node) -> Self::Value;
    /// A dense layer.
    fn dense(&self, packed: &Packed, x: &Self::Value, node: &Node) -> Self::Value;
    /// A scale and a shift for each channel.
    fn affine(&self, maps: &[(Ball, Ball)], x: &Self::Value, node: &Node) -> Self::Value;
    /// For each element the one that it was, or zero.
    fn moved(&self, from: &[Option<usize>], x: &Self::Value, node: &Node) -> Self::Value;
    /// A sum.
    fn add(&self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// One after the other.
    fn concat(&self, parts: &[&Self::Value], node: &Node) -> Self::Value;
    /// Means over windows.
    fn average(
        &self,
        mean: (&Window, bool),
        x: &Self::Value,
        from: TensorShape,
        node: &Node,
    ) -> Self::Value;
    /// The variance of each group of elements plus a number.
    fn variance(
        &self,
        variance: (Over, f64),
        x: &Self::Value,
        from: TensorShape,
        node: &Node,
    ) -> Self::Value;
    /// Each element minus its group's mean, times its group's number.
    fn normalise(&self, over: Over, x: &Self::Value, s: &Self::Value, node: &Node) -> Self::Value;
    /// An activation; none ends the walk.
    fn activation(
        &mut self,
        bend: Bend,
        x: &Self::Value,
        from: TensorShape,
        at: (NodeId, &Node),
    ) -> Result<Option<Self::Value>>;
    /// Whether a value can be used further; where it cannot, the walk ends.
    fn holds(&mut self, at: (NodeId, &Node), value: &Self::Value) -> bool;
}

/// A network made ready to be walked through: weights packed, batch norms enclosed.
#[derive(Debug)]
pub struct Walk<'a> {
    /// The network.
    pub network: &'a Network,
    steps: Vec<Ready>,
    last_uses: Vec<NodeId>,
}

impl<'a> Walk<'a> {
    /// Makes a network ready.
    ///
    /// # Errors
    /// A layer that sums more products than the rounding bounds allow, or polynomials beyond what f64 holds.
    pub fn new(network: &'a Network) -> Result<Self> {
        let shape = |id: NodeId| network.nodes[id].shape;
        let steps = network.nodes.iter().map(|node| {
            Ok(match &node.op {
                Op::Conv(c) => {
                    layers::check_terms(&node.name, c.weights.len() / c.bias.len())?;
                    Ready::Plain
                }
                Op::Dense(d) => {
                    layers::check_terms(&node.name, shape(node.inputs[0]).len())?;
                    Ready::Dense(Packed::new(d))
                }
                Op::BatchNorm(b) => {
                    let balls = |(s, t): (_, _)| (Ball::from(s), Ball::from(t));
                    Ready::Affine(b.folded().into_iter().map(balls).collect())
                }
                Op::Affine { scale, shift } => {
                    let both = scale.iter().zip(shift);
                    Ready::Affine(
                        both.map(|(&s, &t)| (Ball::exact(s), Ball::exact(t)))
                            .collect(),
                    )
                }
                Op::Polynomial(p) => {
                    let runs = Runs::new(p, node.shape);
                    let place = |e: Error| e.within(&format!("layer {:?}", node.name));
                    Ready::Polynomial(runs.map_err(place)?)
                }
                Op::Reshape(_) | Op::Subsample { .. } | Op::Pad { .. } | Op::Gather { .. } => {
                    Ready::Moved(layers::moved(&node.op, shape(node.inputs[0]), node.shape))
                }
                _ => Ready::Plain,
            })
        });
        Ok(Self {
            network,
            steps: steps.collect::<Result<_>>()?,
            last_uses: network.last_uses(),
        })
    }

    /// From the input to the result; none where the reading ended early. A value is dropped behind its last reader.
    ///
    /// # Errors
    /// What the reading refuses, and layers that have no meaning.
    pub fn run<R: Reading>(&self, reading: &mut R) -> Result<Option<R::Value>> {
        let mut values: Vec<Option<R::Value>> = self.network.nodes.iter().map(|_| None).collect();
        let done = self.go(reading, &mut values, None)?;
        let result = values[self.network.output].take();
        match (done, result) {
            (false, _) => Ok(None),
            (true, None) => Err(Error::domain("graph")),
            (true, result) => Ok(result),
        }
    }

    /// As [`Self::run`], with the value of every node.
    ///
    /// # Errors
    /// As there.
    pub fn all<R: Reading>(&self, reading: &mut R) -> Result<Option<Vec<Option<R::Value>>>> {
        let mut values: Vec<Option<R::Value>> = self.network.nodes.iter().map(|_| None).collect();
        let again = Again {
            values: &[],
            nodes: &[],
        };
        let done = self.go(reading, &mut values, Some(&again))?;
        Ok(done.then_some(values))
    }

    /// As [`Self::run`], where all values are known of another run, and some nodes are done again: they, and what reads what
    /// has changed. The known result where nothing has.
    ///
    /// # Errors
    /// As there.
    pub fn again<R: Reading>(
        &self,
        reading: &mut R,
        again: &Again<'_, R::Value>,
    ) -> Result<Option<R::Value>> {
        let mut values: Vec<Option<R::Value>> = self.network.nodes.iter().map(|_| None).collect();
        let done = self.go(reading, &mut values, Some(again))?;
        Ok(values[self.network.output].take().filter(|_| done))
    }

    /// Through the layers; whether to the end. With what is known of another run nothing is dropped.
    fn go<R: Reading>(
        &self,
        reading: &mut R,
        values: &mut [Option<R::Value>],
        again: Option<&Again<'_, R::Value>>,
    ) -> Result<bool> {
        let nodes = &self.network.nodes;
        for (id, node) in nodes.iter().enumerate() {
            let known = again.filter(|a| !a.values.is_empty());
            let changed = |&i: &usize| values[i].is_some();
            if known.is_some_and(|a| !a.nodes.contains(&id)) && !node.inputs.iter().any(changed) {
                continue;
            }
            let x = |k: usize| {
                let i = node.inputs.get(k);
                let here = i.and_then(|&i| values[i].as_ref());
                let there = || known.and_then(|a| i.and_then(|&i| a.values[i].as_ref()));
                here.or_else(there).ok_or_else(|| Error::domain("graph"))
            };
            let from = node.inputs.first().map_or(node.shape, |&i| nodes[i].shape);
            let mut activation = |bend| reading.activation(bend, x(0)?, from, (id, node));
            let y = match (&node.op, &self.steps[id]) {
                (Op::Relu { slope }, _) => activation(Bend::Relu(*slope))?,
                (Op::MaxPool(window), _) => activation(Bend::MaxPool(*window))?,
                (Op::Smooth(f), _) => activation(Bend::Smooth(f))?,
                (_, Ready::Polynomial(runs)) => activation(Bend::Polynomial(runs))?,
                (Op::Input, _) => Some(reading.input(node)?),
                (Op::Conv(c), _) => Some(reading.conv(c, x(0)?, from, node)),
                (_, Ready::Dense(packed)) => Some(reading.dense(packed, x(0)?, node)),
                (_, Ready::Affine(maps)) => Some(reading.affine(maps, x(0)?, node)),
                (_, Ready::Moved(list)) => Some(reading.moved(list, x(0)?, node)),
                (Op::Add, _) => Some(reading.add(x(0)?, x(1)?)),
                (Op::Variance { over, epsilon }, _) => {
                    Some(reading.variance((*over, *epsilon), x(0)?, from, node))
                }
                (Op::Normalise(over), _) => Some(reading.normalise(*over, x(0)?, x(1)?, node)),
                (Op::Concat, _) => {
                    let parts = (0..node.inputs.len()).map(x);
                    Some(reading.concat(&parts.collect::<Result<Vec<_>>>()?, node))
                }
                (
                    Op::AvgPool {
                        window,
                        count_padding,
                    },
                    _,
                ) => Some(reading.average((window, *count_padding), x(0)?, from, node)),
                (op, _) => {
                    let name = op.name();
                    return Err(Error::unsupported(format!("{name} is not evaluated")));
                }
            };
            let Some(y) = y else { return Ok(false) };
            if !reading.holds((id, node), &y) {
                return Ok(false);
            }
            for &i in &node.inputs {
                if again.is_none() && self.last_uses[i] == id {
                    values[i] = None;
                }
            }
            values[id] = Some(y);
        }
        Ok(true)
    }
}

/// For each output element, the indices of the inputs in its window.
pub fn windows<T>(w: Window, x: TensorShape, node: &Node, f: impl Fn(&[usize]) -> T) -> Vec<T> {
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
