//! What an audit answers, and what it tells meanwhile.

use crate::error::Error;
use crate::jobs::network::certificates::Certificates;
use crate::network::audit::level::Level;
use crate::network::audit::{Record, Summary};
use crate::network::forward::compare::Against;
use crate::network::forward::twin::Twin;
use crate::network::read::load::Loaded;
use crate::report::audit::write::Told;

/// What was proved of the data set; the result is written.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The network.
    pub loaded: Loaded,
    /// How the samples' numbers became inputs, what was assumed and what looks forgotten: to be said with every answer.
    pub input_said: Vec<String>,
    /// Its twin.
    pub twin: Twin,
    /// The levels of noise.
    pub levels: Vec<Level>,
    /// Every sample.
    pub records: Vec<Record>,
    /// The counts.
    pub summary: Summary,
    /// The certificates, if they were asked for.
    pub certificates: Option<Certificates>,
    /// The result as JSON, but for the samples.
    pub report: serde_json::Value,
    /// What the twin is held against.
    pub against: Against,
    pub(super) risk: f64,
    pub(super) command: String,
}

impl Answer {
    /// The audit as it is told.
    pub fn told(&self) -> Told<'_> {
        Told {
            loaded: &self.loaded,
            input_said: &self.input_said,
            twin: &self.twin,
            levels: &self.levels,
            summary: &self.summary,
            records: &self.records,
            against: self.against,
            risk: self.risk,
            command: &self.command,
        }
    }

    /// Whether the class is proved to stay on every sample, and at every level.
    pub fn stays(&self) -> bool {
        let all = self.summary.samples;
        let mut levels = self.summary.levels.iter();
        self.summary.same == all && levels.all(|l| l.certified == all)
    }
}

/// What the work is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Why there will be no sensitivities of layers.
    NoSensitivities(Error),
    /// Samples that the journal has already.
    Kept {
        /// So many.
        kept: usize,
        /// Of so many.
        of: usize,
    },
    /// Samples that are done.
    Done {
        /// So many in this run.
        done: usize,
        /// Of so many.
        of: usize,
    },
}
