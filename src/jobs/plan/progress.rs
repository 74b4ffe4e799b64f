//! What the work is at.

use crate::jobs::network::audit;

/// What the work is at.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// A step that has no parts.
    Step(String),
    /// Samples that are done of a step.
    Samples {
        /// The step.
        step: &'static str,
        /// So many.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// Whole twins that were tried, and the price of the last one in milliseconds.
    Tried(usize, f64),
    /// The audit.
    Audit(audit::Progress),
}
