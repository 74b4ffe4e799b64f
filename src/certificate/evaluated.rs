//! The document of an evaluation certificate, field by field: every number is text.

use crate::certificate::schema;
use crate::circuit::StageSpan;
use serde::Serialize;

/// The document, in the order in which it is written.
#[derive(Debug, Clone, Serialize)]
pub(super) struct EvaluationDocument {
    pub format: String,
    pub certificate: schema::Document,
    pub precision: String,
    pub parameters: RawParameters,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<String>,
    pub input: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    pub reaches: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centres: Option<Vec<String>>,
    pub branches: Vec<schema::Branch>,
    pub nodes: Vec<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<RawRefresh>,
    pub blocks: Vec<Block>,
    pub output: String,
    pub noise: String,
    pub error: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct RawParameters {
    pub log_n: String,
    pub q: Vec<String>,
    pub p: Vec<String>,
    pub secret: String,
    pub cbd: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digit_primes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits: Option<Vec<String>>,
    pub waiver: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Block {
    pub argument: String,
    pub output: String,
    pub stages: Vec<StageNodes>,
    pub cells: Vec<Vec<String>>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct StageNodes {
    pub input: String,
    pub first: String,
    pub output: String,
}

impl StageNodes {
    pub(super) fn new(span: &StageSpan) -> Self {
        Self {
            input: span.input.to_string(),
            first: span.first.to_string(),
            output: span.output.to_string(),
        }
    }
}

/// The field `refresh`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RawRefresh {
    pub waiver: String,
    pub weight: String,
    pub log_values: String,
    pub gain: String,
    pub scale: String,
    pub to_coefficients: Vec<RawMap>,
    pub to_slots: Vec<RawMap>,
    pub overflow: String,
    pub ratio_log2: String,
    pub unit: String,
    pub cosine: Vec<String>,
    pub arcsine: Vec<String>,
    pub cells: String,
    pub square: StageNodes,
    pub polynomial: StageNodes,
    pub doublings: Vec<StageNodes>,
    pub inverse: StageNodes,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct RawMap {
    pub stages: String,
    pub babies: String,
    pub scale: String,
}
