//! The fields of `polycert-certificate/1`, in the order in which they are written.
//!
//! Every number is text. Meaning and conditions are in `certificates/FORMAT.md` alone.

use crate::poly::table::RawTable;
use serde::{Deserialize, Serialize};

/// The format tag.
pub const FORMAT: &str = "polycert-certificate/1";

/// The whole document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Document {
    pub(crate) format: String,
    pub(crate) table: RawTable,
    pub(crate) table_sha256: String,
    pub(crate) coefficients: String,
    pub(crate) precision: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) branches: Vec<Branch>,
    pub(crate) claims: Vec<Claim>,
}

/// Most fractional bits that the format allows.
pub(crate) const MAX_PRECISION: u32 = 2_048;

impl Document {
    /// Doubles the checker's fractional bits, up to the limit; false if they are there already, and of a smooth function,
    /// whose cells are on the grid of these bits.
    pub(crate) fn raise_precision(&mut self) -> bool {
        if self
            .claims
            .iter()
            .any(|c| matches!(c, Claim::Series { .. }))
        {
            return false;
        }
        let bits = self.precision.parse().unwrap_or(MAX_PRECISION);
        self.precision = (2 * bits).min(MAX_PRECISION).to_string();
        bits < MAX_PRECISION
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Branch {
    pub side: String,
    pub stages: Vec<Stage>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub value: Vec<Segment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<Vec<Segment>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub lo: String,
    pub hi: String,
    pub boxes: Vec<[String; 2]>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cells {
    pub points: Vec<String>,
    pub orders: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Witness {
    pub x: String,
    pub lo: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PoolWitness {
    pub inputs: Vec<String>,
    pub lo: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub from: String,
    pub to: String,
    pub slope: String,
    pub intercept: String,
    pub pieces: Vec<Segment>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SeriesPart {
    pub from: String,
    pub to: String,
    pub cells: Vec<SeriesCell>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SeriesCell {
    pub to: String,
    pub degree: String,
    pub pieces: Vec<Segment>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StageCell {
    pub to: String,
    pub degree: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub bound: String,
    pub verdict: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub(crate) enum Claim {
    StageRanges {
        from: String,
        to: String,
        ranges: Vec<[String; 2]>,
    },
    Closeness {
        from: String,
        to: String,
        hi: String,
        witness: Witness,
    },
    Deviation {
        to: String,
        cells: Vec<Cells>,
        hi: String,
        witness: Witness,
    },
    Derivative {
        to: String,
        cells: Vec<Cells>,
        hi: String,
        witness: Witness,
    },
    Magnitude {
        to: String,
        cells: Vec<Cells>,
        hi: String,
        witness: Witness,
        #[serde(skip_serializing_if = "Option::is_none")]
        escape: Option<Witness>,
    },
    Pool {
        cites: String,
        inputs: String,
        range: String,
        input_scale: String,
        hi: String,
        witness: PoolWitness,
    },
    Clip {
        cites: String,
        scale: String,
        lower: String,
        upper: String,
        from: String,
        to: String,
        hi: String,
        witness: Witness,
    },
    Argmax {
        deviation: String,
        closeness: String,
        ranges: String,
        inputs: String,
        range: String,
        input_scale: String,
        gap: String,
        hi: String,
        witness: PoolWitness,
    },
    Lines {
        parts: Vec<Part>,
        hi: String,
        witness: Witness,
    },
    Contraction {
        at: String,
        radius: String,
        order: String,
        pieces: Vec<Segment>,
        hi: String,
    },
    Series {
        function: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<String>,
        error: String,
        parts: Vec<SeriesPart>,
        hi: String,
        witness: Witness,
    },
    Stages {
        cites: String,
        parts: Vec<Vec<StageCell>>,
        ranges: Vec<[String; 2]>,
    },
    MeanSquare {
        cites: String,
        density: String,
        parts: Vec<Vec<StageCell>>,
        lo: String,
        hi: String,
    },
    Rounding {
        scheme: String,
        format: String,
        from: String,
        to: String,
        hi: String,
    },
    Target {
        cites: String,
        function: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        scale: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        slope: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        lower: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        upper: Option<String>,
        lo: String,
        hi: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        claim: Option<Asked>,
    },
}
