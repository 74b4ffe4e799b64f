//! Layer normalisation as a description states it.

use crate::error::{Error, Result};
use crate::network::model::graph::{Builder, NodeId};
use crate::network::model::normalise;
use crate::network::model::ops::{Over, TensorShape};
use serde::Deserialize;

/// An axis of an activation.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// The first.
    Channels,
    /// The second.
    Rows,
    /// The last.
    Columns,
}

/// What becomes several layers of the graph.
#[derive(Debug)]
pub struct LayerNorm {
    over: Over,
    epsilon: f64,
    gamma: Vec<f64>,
    beta: Vec<f64>,
}

impl LayerNorm {
    /// Over some axes (channels, if none are named) of a shape; without factors they are 1, without offsets 0.
    ///
    /// # Errors
    /// Axes that are named twice, and groups of fewer than two elements.
    pub fn new(
        axes: Option<&[Axis]>,
        epsilon: f64,
        [gamma, beta]: [Option<Vec<f64>>; 2],
        x: TensorShape,
    ) -> Result<Self> {
        let axes = axes.unwrap_or(&[Axis::Channels]);
        let over =
            Over::new([Axis::Channels, Axis::Rows, Axis::Columns].map(|a| axes.contains(&a)));
        let named = over.axes().into_iter().filter(|a| *a).count();
        if named != axes.len() {
            return Err(Error::parse("axes", "an axis is named twice"));
        }
        over.check(x)?;
        let n = over.size(x);
        Ok(Self {
            over,
            epsilon,
            gamma: gamma.unwrap_or_else(|| vec![1.0; n]),
            beta: beta.unwrap_or_else(|| vec![0.0; n]),
        })
    }

    /// Adds its layers; the answer is the last.
    ///
    /// # Errors
    /// Epsilon that is not above 0, and factors that do not fit.
    pub fn push(&self, b: &mut Builder, name: &str, x: NodeId) -> Result<NodeId> {
        let done = normalise::push(b, name, x, self.over, self.epsilon)?;
        normalise::scaled(b, name, (done, self.over), &self.gamma, &self.beta)
    }
}
