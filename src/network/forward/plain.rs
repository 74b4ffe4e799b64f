//! The reading of a network in plain f64 by the same kernels. *Estimates*: nothing is proved of their rounding.

use crate::arith::ball::Ball;
use crate::error::{Error, Result};
use crate::network::forward::layers;
use crate::network::forward::layers::Packed;
use crate::network::forward::normalise;
use crate::network::forward::walk::{windows, Bend, Reading};
use crate::network::model::graph::{Node, NodeId};
use crate::network::model::ops::{Conv, Over, TensorShape, Window};

/// What stands at an activation other than max-pooling in plain f64: its number, what the network has there, its inputs.
pub type Respond<'a> = dyn FnMut(usize, Bend, &[f64]) -> Vec<f64> + 'a;

/// Plain numbers on their way.
pub struct Plain<'a, 'b> {
    /// The input.
    pub input: &'a [f64],
    /// What stands at activations.
    pub respond: &'a mut Respond<'b>,
    /// The network's activations in order.
    pub activations: &'a [NodeId],
}

impl Reading for Plain<'_, '_> {
    type Value = Vec<f64>;

    fn input(&self, node: &Node) -> Result<Vec<f64>> {
        if self.input.len() != node.shape.len() {
            return Err(Error::domain("the input is not of the network's shape"));
        }
        Ok(self.input.to_vec())
    }

    fn conv(&self, conv: &Conv, x: &Vec<f64>, from: TensorShape, node: &Node) -> Vec<f64> {
        layers::plain_conv(conv, x, from, node.shape)
    }

    fn dense(&self, packed: &Packed, x: &Vec<f64>, _: &Node) -> Vec<f64> {
        packed.plain(x)
    }

    fn affine(&self, maps: &[(Ball, Ball)], x: &Vec<f64>, node: &Node) -> Vec<f64> {
        let pixels = node.shape.pixels();
        let map = |(i, v): (usize, &f64)| v.mul_add(maps[i / pixels].0.hi, maps[i / pixels].1.hi);
        x.iter().enumerate().map(map).collect()
    }

    fn moved(&self, from: &[Option<usize>], x: &Vec<f64>, _: &Node) -> Vec<f64> {
        from.iter().map(|f| f.map_or(0.0, |i| x[i])).collect()
    }

    fn add(&self, a: &Vec<f64>, b: &Vec<f64>) -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| a + b).collect()
    }

    fn concat(&self, parts: &[&Vec<f64>], _: &Node) -> Vec<f64> {
        parts.iter().flat_map(|p| p.iter().copied()).collect()
    }

    fn average(
        &self,
        (window, count_padding): (&Window, bool),
        x: &Vec<f64>,
        from: TensorShape,
        node: &Node,
    ) -> Vec<f64> {
        windows(*window, from, node, |w| {
            let n = if count_padding { window.len() } else { w.len() };
            w.iter().map(|&i| x[i]).sum::<f64>() / n as f64
        })
    }

    fn variance(
        &self,
        (over, epsilon): (Over, f64),
        x: &Vec<f64>,
        from: TensorShape,
        _: &Node,
    ) -> Vec<f64> {
        let (_, variances) = normalise::estimate(over, x, from);
        variances.iter().map(|v| v + epsilon).collect()
    }

    fn normalise(&self, over: Over, x: &Vec<f64>, s: &Vec<f64>, node: &Node) -> Vec<f64> {
        let (centred, _) = normalise::estimate(over, x, node.shape);
        let groups = over.groups(node.shape);
        centred.iter().zip(groups).map(|(c, g)| c * s[g]).collect()
    }

    fn activation(
        &mut self,
        bend: Bend,
        x: &Vec<f64>,
        from: TensorShape,
        (id, node): (NodeId, &Node),
    ) -> Result<Option<Vec<f64>>> {
        let number = self.activations.partition_point(|&a| a < id);
        Ok(Some(match bend {
            Bend::Relu(_) | Bend::Polynomial(_) | Bend::Smooth(_) => {
                (self.respond)(number, bend, x)
            }
            Bend::MaxPool(window) => windows(window, from, node, |w| {
                w.iter().map(|&i| x[i]).fold(f64::MIN, f64::max)
            }),
        }))
    }

    fn holds(&mut self, _: (NodeId, &Node), _: &Vec<f64>) -> bool {
        true
    }
}
