//! Rigorous evaluation of a network, with ReLU or with its polynomial twin, on one input.
//!
//! Every activation is a [`Tensor`] of balls. Two precisions: f64 midpoints, whose rounding a deep
//! network amplifies beyond use, and pairs of about 106 bits. Beyond them, fixed point of as many bits as the network
//! needs ([`fixed`]), and for small networks whose numbers leave those in between, floats of any exponent ([`wide`]). Estimates in plain f64 go the same way: one walk
//! through the layers ([`walk`]), and two readings of them ([`balls`], [`plain`]).

pub mod balls;
pub mod clenshaw;
pub mod compare;
pub mod evaluation;
pub mod first_norm;
pub mod fixed;
pub mod kernel;
pub mod layers;
pub mod normalise;
pub mod plain;
pub mod range;
pub mod smooth;
pub mod stage;
pub mod steepness;
pub mod twin;
pub mod walk;
pub mod wide;

pub use balls::Model;
pub use evaluation::{Evaluation, Given, Lost, Outcome, Point, PAIR_BITS, SINGLE_BITS};
pub use plain::Respond;
pub use range::{Extreme, Range};

use crate::error::Result;
use crate::network::forward::balls::Balls;
use crate::network::forward::fixed::growth::{self, Growth};
use crate::network::forward::plain::Plain;
use crate::network::forward::walk::{Again, Bend, Walk};
use crate::network::model::graph::{Network, NodeId};
use crate::network::model::tensor::Tensor;

/// A network made ready: weights packed, batch norms enclosed.
#[derive(Debug)]
pub struct Prepared<'a> {
    walk: Walk<'a>,
}

impl<'a> Prepared<'a> {
    /// Makes a network ready.
    ///
    /// # Errors
    /// A layer that sums more products than the rounding bounds allow.
    pub fn new(network: &'a Network) -> Result<Self> {
        let walk = Walk::new(network)?;
        Ok(Self { walk })
    }

    /// The network.
    pub fn network(&self) -> &'a Network {
        self.walk.network
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
    /// An input of another shape.
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
        let mut balls = Balls {
            input,
            model,
            double,
            seen,
            ranges: Vec::new(),
            lost: None,
        };
        let result = self.walk.run(&mut balls)?;
        let ranges = balls.ranges;
        Ok(match (result, balls.lost) {
            (_, Some(lost)) => Outcome::Lost(lost, ranges),
            (None, _) => Outcome::Outside(ranges),
            (Some(result), _) => Outcome::Done(Evaluation {
                logits: result.balls().collect(),
                ranges,
                bits: if double { PAIR_BITS } else { SINGLE_BITS },
            }),
        })
    }

    /// Evaluates in fixed point, with `bits` (one of [`fixed::BITS`]) behind the point.
    ///
    /// **Guarantee** that of [`Self::evaluate`]; of the exact input, where it is given.
    ///
    /// **Cost** about 2 ns for each product of a weight and 64 bits; a ResNet-32 and its twin at 192 bits, below a second.
    ///
    /// # Errors
    /// An input or a coefficient beyond 2^61; an input of another shape.
    pub fn evaluate_fixed(&self, given: Given, model: Model, bits: u32) -> Result<Outcome> {
        self.evaluate_fixed_with(given, model, bits, &mut |_, _| {})
    }

    /// As [`Self::evaluate_fixed`], showing f64 balls of each activation's input (by the activation's node) to `seen`.
    ///
    /// # Errors
    /// As there.
    pub fn evaluate_fixed_with(
        &self,
        given: Given,
        model: Model,
        bits: u32,
        seen: &mut dyn FnMut(NodeId, &Tensor),
    ) -> Result<Outcome> {
        fixed::evaluate(&self.walk, given, model, bits, seen)
    }

    /// Evaluates in intervals of `bits` significant bits and any exponent, where the network is small enough
    /// ([`wide::MOST_PRODUCTS`]); else none.
    ///
    /// **Guarantee** that of [`Self::evaluate_fixed`].
    ///
    /// # Errors
    /// An input of another shape.
    pub fn evaluate_wide(&self, given: Given, model: Model, bits: u32) -> Result<Option<Outcome>> {
        let network = self.walk.network;
        let small = wide::estimate_products(network, model) <= wide::MOST_PRODUCTS;
        small
            .then(|| wide::evaluate(&self.walk, given, model, bits))
            .transpose()
    }

    /// How the radii of [`Self::evaluate_fixed`] grow. *Estimate*, see there.
    pub fn estimate_growth(&self, input: &Tensor, model: Model) -> Result<Growth> {
        growth::estimate(&self.walk, input, model)
    }

    /// The ReLU network in plain f64 by the same kernels. *Estimate*: nothing is proved of its rounding.
    ///
    /// # Panics
    /// If the input is not of the network's shape.
    pub fn estimate_plain(&self, input: &[f64]) -> Vec<f64> {
        self.estimate_with(input, &mut |_, bend, x| unchanged(bend, x))
    }

    /// As [`Self::estimate_plain`], the value of every node; for [`Self::estimate_again`].
    ///
    /// # Panics
    /// If the input is not of the network's shape.
    pub fn estimate_all(&self, input: &[f64]) -> Vec<Option<Vec<f64>>> {
        let activations = self.network().activations();
        let mut plain = Plain {
            input,
            respond: &mut |_, bend, x| unchanged(bend, x),
            activations: &activations,
        };
        match self.walk.all(&mut plain) {
            Ok(Some(values)) => values,
            Ok(None) => unreachable!("plain numbers end nowhere early"),
            Err(error) => panic!("{error}"),
        }
    }

    /// The logits, from the values of all nodes, where `nodes` are done again by `respond`, and all that reads what has changed.
    /// *Estimate*.
    ///
    /// # Panics
    /// If the values are those of another network.
    pub fn estimate_again(
        &self,
        values: &[Option<Vec<f64>>],
        nodes: &[NodeId],
        respond: &mut Respond,
    ) -> Vec<f64> {
        let activations = self.network().activations();
        let mut plain = Plain {
            input: &[],
            respond,
            activations: &activations,
        };
        match self.walk.again(&mut plain, &Again { values, nodes }) {
            Ok(Some(result)) => result,
            Ok(None) => values[self.network().output].clone().unwrap_or_default(),
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`Self::estimate_plain`], with `respond` in place of ReLU and of polynomials. *Estimate*.
    ///
    /// # Panics
    /// If the input is not of the network's shape.
    pub fn estimate_with(&self, input: &[f64], respond: &mut Respond) -> Vec<f64> {
        let activations = self.network().activations();
        let mut plain = Plain {
            input,
            respond,
            activations: &activations,
        };
        match self.walk.run(&mut plain) {
            Ok(Some(result)) => result,
            Ok(None) => unreachable!("plain numbers end nowhere early"),
            Err(error) => panic!("{error}"),
        }
    }
}

/// What the network itself has at an activation other than max-pooling, in plain f64. *Estimate*.
pub fn unchanged(bend: Bend, x: &[f64]) -> Vec<f64> {
    match bend {
        Bend::Polynomial(runs) => runs.estimate(x),
        Bend::Relu(slope) => x.iter().map(|&v| v.max(0.0) + slope * v.min(0.0)).collect(),
        Bend::Smooth(f) => x.iter().map(|&v| smooth::estimate(f, v).0).collect(),
        Bend::MaxPool(_) => x.to_vec(),
    }
}
