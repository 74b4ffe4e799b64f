//! What an audit is asked, and what it writes.

use crate::error::{Error, Result};
use crate::jobs::network::certificates;
use crate::jobs::network::inputs::InputFile;
use crate::jobs::network::levels::NoiseLevels;
use crate::jobs::network::model::Model;
use crate::jobs::network::twin::Polynomials;
use crate::network::audit::clopper_pearson::LEAST_RISK;
use std::path::{Path, PathBuf};

/// A network, its twin, a data set, and levels of noise.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials of the twin.
    pub twin: Polynomials,
    /// A network that the twin is held against, instead of its own with ReLU; on the same prepared input.
    pub reference: Option<Model>,
    /// The file of samples.
    pub input: InputFile,
    /// Levels of noise at the activations; each costs a backward row for every neuron and sample, once for all.
    pub noise: NoiseLevels,
    /// Estimate how sensitive the margins are to each layer.
    pub sensitivities: bool,
    /// Labels: .npy, one number for each sample.
    pub labels: Option<PathBuf>,
    /// First sample, from 0.
    pub from: usize,
    /// Number of samples; all that follow if none.
    pub count: Option<usize>,
    /// These samples, in this order, instead of those that `from` and `count` say.
    pub only: Option<Vec<usize>>,
    /// Threads; all cores if none.
    pub threads: Option<usize>,
    /// 1 - confidence of the Clopper-Pearson intervals.
    pub risk: f64,
    /// Most bits of the evaluations ([`crate::network::forward::compare::MOST_BITS`]).
    pub most_bits: u32,
    /// Result to write, JSON with every sample. Its journal is FILE.journal.
    pub output: PathBuf,
    /// One line for each sample as CSV.
    pub csv: Option<PathBuf>,
    /// Folder for one checked certificate a sample whose class is the same, without noise, and a manifest of them.
    pub certificates: Option<PathBuf>,
    /// What made it, to be named in the result.
    pub command: String,
}

impl Request {
    /// The files that it reads.
    pub(super) fn inputs(&self) -> Vec<PathBuf> {
        let models = std::iter::once(&self.model).chain(&self.reference);
        let mut inputs: Vec<PathBuf> = models.flat_map(Model::files).collect();
        inputs.push(self.input.file.clone());
        inputs.extend(self.twin.tables.iter().cloned());
        inputs.extend(self.labels.clone());
        inputs.extend(self.noise.evaluations.iter().cloned());
        inputs
    }

    /// The files that the whole audit writes, its journal left out.
    pub(super) fn outputs(&self) -> Vec<PathBuf> {
        let mut outputs = vec![self.output.clone()];
        outputs.extend(self.csv.clone());
        outputs.extend(self.certified());
        outputs
    }

    /// The files in the folder of certificates that it may replace.
    fn certified(&self) -> Vec<PathBuf> {
        let folder = self.certificates.as_deref();
        folder.map(certificates::replaced).unwrap_or_default()
    }

    /// Refuses confidences without an interval.
    pub(super) fn check_risk(&self) -> Result<()> {
        match self.risk >= LEAST_RISK && self.risk < 1.0 {
            true => Ok(()),
            false => Err(Error::domain(format!(
                "--risk is from {LEAST_RISK:e} to 1, not {}",
                self.risk
            ))),
        }
    }
}

/// The journal of a result.
pub(super) fn journal(output: &Path) -> PathBuf {
    PathBuf::from(format!("{}.journal", output.display()))
}
