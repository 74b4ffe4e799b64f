//! The network's file.

use crate::error::Result;
use crate::files::{read_bytes, read_text};
use crate::network::read::description;
use crate::network::read::load::{self, Loaded};
use std::path::PathBuf;

/// The network's file.
#[derive(Debug, Clone)]
pub struct Model {
    /// ONNX, or safetensors (a CIFAR residual network by its names, or with a graph).
    pub network: PathBuf,
    /// Graph description (polycert-graph/1, JSON) for a safetensors file without one.
    pub graph: Option<PathBuf>,
}

impl Model {
    /// A file that needs no description.
    pub fn new(network: impl Into<PathBuf>) -> Self {
        Self {
            network: network.into(),
            graph: None,
        }
    }

    /// Reads the network.
    ///
    /// # Errors
    /// What [`load::load`] refuses, and files that cannot be read.
    pub fn load(&self) -> Result<Loaded> {
        let bytes = read_bytes(&self.network, load::MAX_BYTES)?;
        let graph = match &self.graph {
            Some(path) => Some(read_text(path, description::MAX_BYTES)?),
            None => None,
        };
        load::load(&bytes, &self.network, graph.as_deref())
    }
}
