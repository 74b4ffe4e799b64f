//! A network as a static graph of layers in topological order, and what its input means.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::network::model::ops::{Op, TensorShape};
use rug::Rational;

/// Most nodes of a graph.
pub const MAX_NODES: usize = 10_000;
/// Most parameters.
pub const MAX_PARAMETERS: usize = 1 << 27;

/// Most coefficients of polynomials of the network's own, of all layers: exact ones take some hundred bytes each.
pub const MAX_COEFFICIENTS: usize = 1 << 22;

/// The place of a node in [`Network::nodes`].
pub type NodeId = usize;

/// One layer of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name in the file, or a made-up one; for messages.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// The nodes that it reads; all before it.
    pub inputs: Vec<NodeId>,
    /// The shape of what it computes.
    pub shape: TensorShape,
}

/// How a file's numbers v become the network's input: (scale v - mean_c) / deviation_c, c a channel of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preprocessing {
    /// Whether the network's channel c is the file's channel C - 1 - c: a network of blue, green, red (BGR) on pictures of
    /// red, green, blue. Mean and deviation are in the network's order.
    pub reversed: bool,
    /// Factor of the file's numbers; 1/255 for bytes of an image.
    pub scale: Rational,
    /// Mean of each channel, or one for all.
    pub mean: Vec<Rational>,
    /// Standard deviation of each channel, or one for all; above 0.
    pub deviation: Vec<Rational>,
}

impl Default for Preprocessing {
    fn default() -> Self {
        Self {
            reversed: false,
            scale: Rational::from(1),
            mean: vec![Rational::new()],
            deviation: vec![Rational::from(1)],
        }
    }
}

impl Preprocessing {
    /// Factor a and offset b of a channel: the input is a v + b.
    pub fn affine(&self, channel: usize) -> (Rational, Rational) {
        let pick = |values: &[Rational]| {
            let i = if values.len() == 1 { 0 } else { channel };
            values[i].clone()
        };
        let (mean, deviation) = (pick(&self.mean), pick(&self.deviation));
        (
            Rational::from(&self.scale / &deviation),
            -(mean / deviation),
        )
    }

    /// The formula in words: `1/255 v`, or `(1/255 v - mean)/std, mean 0.5, std 0.25`. Numbers to 10 digits, rounded down.
    pub fn words(&self) -> String {
        let list = |all: &[Rational]| {
            let parts = all.iter().map(|x| number::decimal(x, 10, false));
            parts.collect::<Vec<_>>().join(", ")
        };
        let scaled = match &self.scale {
            one if *one == 1 => "v".to_owned(),
            scale => format!("{scale} v"),
        };
        if self.mean.iter().all(|m| *m == 0) && self.deviation.iter().all(|d| *d == 1) {
            return scaled;
        }
        let (mean, deviation) = (list(&self.mean), list(&self.deviation));
        format!("({scaled} - mean)/std, mean {mean}, std {deviation}")
    }

    /// # Errors
    /// A deviation or scale that is not above 0, a number of channels that is not the input's, or three channels reversed
    /// where there are not three.
    pub fn check(&self, channels: usize) -> Result<()> {
        for (what, values) in [("mean", &self.mean), ("std", &self.deviation)] {
            if values.len() != 1 && values.len() != channels {
                return Err(Error::domain(format!(
                    "{what} has {} values, the network's input has {channels} channels",
                    values.len()
                )));
            }
        }
        if self.reversed && channels != 3 {
            return Err(Error::domain(format!(
                "channels bgr: the network's input has {channels} channels, not 3"
            )));
        }
        if self.scale <= 0 || self.deviation.iter().any(|d| *d <= 0) {
            return Err(Error::domain("scale and std must be above 0"));
        }
        Ok(())
    }
}

/// A network: nodes in topological order, the first of which is the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// A name for people.
    pub name: String,
    /// The nodes; each reads only earlier ones.
    pub nodes: Vec<Node>,
    /// The node that is the result.
    pub output: NodeId,
    /// What the file says of its input; the default where it says nothing.
    pub preprocessing: Preprocessing,
}

impl Network {
    /// The shape of the input.
    pub fn input_shape(&self) -> TensorShape {
        self.nodes[0].shape
    }

    /// The shape of the result.
    pub fn output_shape(&self) -> TensorShape {
        self.nodes[self.output].shape
    }

    /// The number of parameters.
    pub fn parameters(&self) -> usize {
        self.nodes.iter().map(|n| n.op.parameters()).sum()
    }

    /// The activations in order: nodes that a polynomial replaces, and those that are polynomials.
    pub fn activations(&self) -> Vec<NodeId> {
        let is = |id: &NodeId| self.nodes[*id].op.is_activation();
        (0..self.nodes.len()).filter(is).collect()
    }

    /// Neurons of all activations; a match of a max-pooling is one.
    pub fn neurons(&self) -> usize {
        let size = |id: usize| {
            let node = &self.nodes[id];
            match node.op {
                // A window of k inputs takes k - 1 polynomials.
                Op::MaxPool(w) => node.shape.len() * w.len().saturating_sub(1),
                _ => node.shape.len(),
            }
        };
        self.activations().into_iter().map(size).sum()
    }

    /// How many nodes a polynomial of a table replaces; a network without any is evaluated as it is.
    pub fn replaced(&self) -> usize {
        self.nodes.iter().filter(|n| n.op.is_replaced()).count()
    }

    /// For each node, the last node that reads it (itself where none does): when its result may go.
    pub fn last_uses(&self) -> Vec<NodeId> {
        let mut last: Vec<NodeId> = (0..self.nodes.len()).collect();
        for (id, node) in self.nodes.iter().enumerate() {
            for &i in &node.inputs {
                last[i] = id;
            }
        }
        last[self.output] = self.nodes.len();
        last
    }

    /// The most activations on any path from input to output.
    pub fn depth(&self) -> usize {
        let mut depth: Vec<usize> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let before = node.inputs.iter().map(|&i| depth[i]).max().unwrap_or(0);
            depth.push(before + usize::from(node.op.is_activation()));
        }
        depth[self.output]
    }
}

/// Builds a network a node at a time, checking each against the shapes before it.
#[derive(Debug, Clone)]
pub struct Builder {
    nodes: Vec<Node>,
    parameters: usize,
    coefficients: usize,
}

impl Builder {
    /// Starts with the input.
    ///
    /// # Errors
    /// A shape without elements or with too many.
    pub fn new(input: TensorShape) -> Result<Self> {
        Ok(Self {
            nodes: vec![Node {
                name: "input".to_owned(),
                op: Op::Input,
                inputs: vec![],
                shape: input.check()?,
            }],
            parameters: 0,
            coefficients: 0,
        })
    }

    /// The shape of a node.
    pub fn shape(&self, id: NodeId) -> TensorShape {
        self.nodes[id].shape
    }

    /// What a node computes.
    pub fn op(&self, id: NodeId) -> &Op {
        &self.nodes[id].op
    }

    /// What a node reads.
    pub fn inputs(&self, id: NodeId) -> &[NodeId] {
        &self.nodes[id].inputs
    }

    /// Gives a dense layer that has no bias this one; whether it could. For a node that nothing reads yet.
    pub fn add_bias(&mut self, id: NodeId, values: &[f64]) -> bool {
        match &mut self.nodes[id].op {
            Op::Dense(d)
                if d.bias.len() == values.len()
                    && d.bias.iter().all(|&b| b == 0.0)
                    && values.iter().all(|v| v.is_finite()) =>
            {
                d.bias.copy_from_slice(values);
                true
            }
            _ => false,
        }
    }

    /// Adds a node; the answer is its id.
    ///
    /// # Errors
    /// What [`Op::output`] refuses, naming the node; more than [`MAX_NODES`], [`MAX_PARAMETERS`] or [`MAX_COEFFICIENTS`].
    pub fn push(&mut self, name: &str, op: Op, inputs: &[NodeId]) -> Result<NodeId> {
        let id = self.nodes.len();
        let fail = |e: Error| Error::parse(format!("layer {name:?}"), e.to_string());
        if id >= MAX_NODES {
            return Err(Error::unsupported(format!("more than {MAX_NODES} layers")));
        }
        if let Some(&late) = inputs.iter().find(|&&i| i >= id) {
            return Err(fail(Error::domain(format!(
                "reads layer {late}, which comes later"
            ))));
        }
        self.parameters = self.parameters.saturating_add(op.parameters());
        if self.parameters > MAX_PARAMETERS {
            return Err(Error::unsupported(format!(
                "more than {MAX_PARAMETERS} parameters"
            )));
        }
        if let Op::Polynomial(p) = &op {
            let own = p.channels.len().saturating_mul(p.degree() + 1);
            self.coefficients = self.coefficients.saturating_add(own);
        }
        if self.coefficients > MAX_COEFFICIENTS {
            return Err(Error::unsupported(format!(
                "more than {MAX_COEFFICIENTS} coefficients of polynomials in all layers"
            )));
        }
        let shapes: Vec<TensorShape> = inputs.iter().map(|&i| self.nodes[i].shape).collect();
        let shape = op.output(&shapes).map_err(fail)?;
        self.nodes.push(Node {
            name: name.to_owned(),
            op,
            inputs: inputs.to_vec(),
            shape,
        });
        Ok(id)
    }

    /// The finished network; nodes that the output does not need are dropped.
    ///
    /// # Errors
    /// A preprocessing that does not fit the input.
    pub fn finish(
        self,
        name: &str,
        output: NodeId,
        preprocessing: Preprocessing,
    ) -> Result<Network> {
        preprocessing.check(self.nodes[0].shape.channels)?;
        let mut needed = vec![false; self.nodes.len()];
        needed[0] = true;
        needed[output] = true;
        for id in (0..self.nodes.len()).rev().filter(|&id| id <= output) {
            if needed[id] {
                for &i in &self.nodes[id].inputs {
                    needed[i] = true;
                }
            }
        }
        let mut place = vec![0; self.nodes.len()];
        let mut nodes = Vec::new();
        for (id, mut node) in self.nodes.into_iter().enumerate() {
            if needed[id] {
                place[id] = nodes.len();
                node.inputs.iter_mut().for_each(|i| *i = place[*i]);
                nodes.push(node);
            }
        }
        Ok(Network {
            name: name.to_owned(),
            nodes,
            output: place[output],
            preprocessing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::ops::Dense;

    fn dense(outputs: usize, inputs: usize) -> Op {
        Op::Dense(Dense {
            weights: vec![1.0; outputs * inputs],
            bias: vec![0.0; outputs],
        })
    }

    #[test]
    fn unneeded_layers_go_and_depth_counts_activations() {
        let mut b = Builder::new(TensorShape::flat(3)).unwrap();
        let a = b.push("a", dense(2, 3), &[0]).unwrap();
        b.push("dead", dense(5, 3), &[0]).unwrap();
        let r = b.push("r", Op::Relu { slope: 0.0 }, &[a]).unwrap();
        let s = b.push("s", Op::Add, &[r, a]).unwrap();
        let n = b.finish("n", s, Preprocessing::default()).unwrap();
        assert_eq!(n.nodes.len(), 4);
        assert_eq!((n.depth(), n.parameters()), (1, 6));
        assert_eq!(n.last_uses(), [1, 3, 3, 4]);
        assert_eq!(n.activations(), [2]);
    }

    #[test]
    fn errors_name_the_layer() {
        let mut b = Builder::new(TensorShape::flat(3)).unwrap();
        let error = b.push("fc7", dense(2, 4), &[0]).unwrap_err().to_string();
        assert_eq!(error, "layer \"fc7\": 8 weights where the shapes need 6");
        assert!(b.push("x", Op::Add, &[0, 1]).is_err());
        let wide = vec![vec![rug::Rational::from(1); 64]; 1 << 12];
        let wide = Op::Polynomial(crate::network::model::ops::Polynomials::new(wide).unwrap());
        let mut b = Builder::new(TensorShape::flat(1 << 12)).unwrap();
        for _ in 0..16 {
            b.push("p", wide.clone(), &[0]).unwrap();
        }
        let error = b.push("p", wide, &[0]).unwrap_err().to_string();
        assert!(error.contains("more than 4194304 coefficients"), "{error}");
        assert!(Builder::new(TensorShape::new(1 << 30, 1 << 30, 1 << 30)).is_err());
    }
}
