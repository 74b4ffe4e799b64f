//! The network's file.

use crate::arith::npy;
use crate::error::{Error, Result};
use crate::files::{read_bytes, read_text, replaced_in};
use crate::network::read::description;
use crate::network::read::folder;
use crate::network::read::load::{self, Loaded};
use crate::network::read::onnx;
use std::path::PathBuf;

/// The network's file.
#[derive(Debug, Clone)]
pub struct Model {
    /// ONNX, safetensors (a CIFAR residual network by its names, or with a graph), or a folder of arrays with its graph.
    pub network: PathBuf,
    /// Graph description (polycert-graph/1, JSON) for a safetensors file without one.
    pub graph: Option<PathBuf>,
    /// The output of an ONNX graph that is meant, where it has several.
    pub output: Option<String>,
    /// Inputs of an ONNX graph that stay the same: names, and .npy files of their values.
    pub constants: Vec<(String, PathBuf)>,
}

impl Model {
    /// A file that needs no description.
    pub fn new(network: impl Into<PathBuf>) -> Self {
        Self {
            network: network.into(),
            graph: None,
            output: None,
            constants: Vec::new(),
        }
    }

    /// The files that it is read from, which no output may replace: of a folder all that are in it.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = match self.network.is_dir() {
            true => replaced_in(&self.network, |_| true),
            false => vec![self.network.clone()],
        };
        files.extend(self.graph.clone());
        files.extend(self.constants.iter().map(|(_, file)| file.clone()));
        files
    }

    /// Reads the network.
    ///
    /// # Errors
    /// What [`load::load`] refuses, and files that cannot be read.
    pub fn load(&self) -> Result<Loaded> {
        let graph = match &self.graph {
            Some(path) => Some(read_text(path, description::MAX_BYTES)?),
            None => None,
        };
        if self.network.is_dir() {
            if self.output.is_some() || !self.constants.is_empty() {
                let detail =
                    "--network-output and --constant belong to ONNX; a folder has its own graph";
                return Err(Error::domain(detail).in_file(&self.network));
            }
            return folder::load(&self.network, graph.as_deref());
        }
        let bytes = read_bytes(&self.network, load::MAX_BYTES)?;
        let mut options = onnx::Options {
            output: self.output.as_deref(),
            ..onnx::Options::default()
        };
        for (name, path) in &self.constants {
            let array = read_bytes(path, npy::MAX_BYTES).and_then(|b| npy::read(&b));
            let array = array.map_err(|e| e.in_file(path))?;
            options.constants.push((name.clone(), array));
        }
        load::load(&bytes, &self.network, graph.as_deref(), &options)
    }
}
