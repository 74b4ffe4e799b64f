//! What the check of a certificate of box bounds says.

use crate::words::judged::Judged;
use std::fmt;

/// The result of [`check_box`](crate::check_box).
pub type BoxOutcome = Judged<BoxReport>;

/// What a certificate of box bounds proves.
#[derive(Debug)]
pub struct BoxReport {
    pub(crate) inputs: usize,
    pub(crate) replaced: usize,
    /// Bounds of each output's |difference|, rounded up.
    pub(crate) differences: Vec<String>,
    pub(crate) network_sha256: String,
}

impl fmt::Display for BoxReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "VERIFIED over the whole box of {} inputs: no function in place of a ReLU is asked outside its stated range",
            self.inputs
        )?;
        writeln!(
            f,
            "  {} elements, each with any function that has the stated properties on its range",
            self.replaced
        )?;
        for (i, most) in self.differences.iter().enumerate() {
            writeln!(
                f,
                "  output {i} differs from the network's by at most {most}"
            )?;
        }
        write!(f, "  exact network sha256 {}", self.network_sha256)
    }
}
