//! Ranges of activations as their users have them.
//!
//! | format | what |
//! |---|---|
//! | `polycert-ranges/1` | JSON, by layer: one range, or one for each channel (see certificates/NETWORK.md) |
//! | ACE | `-SIHE:relu_vr_def=3:relu_vr=/relu/Relu=4;...`: r(x/v) v on [-v, v], by the name of an ONNX node |
//! | Orion | the `margin` of a YAML file, times the greatest \|input\| of the samples that it is fitted on |
//! | HEIR | attributes `domain_lower`, `domain_upper` of a text, in its order |
//! | CSV | `layer,B` or `layer,lo,hi` a line |
//!
//! **Sources** ant-research/ace-compiler, fhe-cmplr/include/fhe/sihe/config.h (`Relu_vr`) and scripts/perf.py;
//! baahl-nyu/orion, orion/nn/activation.py (`ReLU.fit`) and configs/resnet.yml; google/heir,
//! lib/Transforms/PolynomialApproximation.

mod ace;
mod csv;
mod heir;
mod json;
mod orion;
pub mod stated;

pub use json::{write, Written, FORMAT};
pub use stated::{Extent, Form, Span};

use crate::error::{Error, Result};
use crate::files::{read_text, sha256};
use crate::network::model::graph::{Network, NodeId};
use rug::Rational;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// What a file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Stated {
    /// How it says it.
    pub form: Form,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What was assumed in reading it, and is to be said with every answer.
    pub said: Vec<String>,
}

/// Reads a file of ranges, by what it holds.
///
/// # Errors
/// What is none of the forms, and what they refuse, naming the line or field.
pub fn read(path: &Path) -> Result<Stated> {
    let text = read_text(path, MAX_BYTES)?;
    let (form, said) = parse(&text).map_err(|e| e.in_file(path))?;
    Ok(Stated {
        form,
        sha256: sha256(text.as_bytes()),
        said,
    })
}

fn parse(text: &str) -> Result<(Form, Vec<String>)> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') && text.contains("polycert-ranges") {
        json::read(text)
    } else if ace::is_one(text) {
        ace::read(text)
    } else if heir::is_one(text) {
        heir::read(text)
    } else if orion::is_one(text) {
        orion::read(text)
    } else if text.starts_with('{') {
        json::read(text)
    } else {
        csv::read(text)
    }
}

impl Form {
    /// The range of each activation.
    ///
    /// **Inputs** `reach`, the greatest |input| of each activation over the samples that a margin is fitted on.
    ///
    /// # Errors
    /// Names that are no activation of the network, activations without a range, other numbers of channels.
    pub fn bind(&self, network: &Network, reach: Option<&[Rational]>) -> Result<Vec<Extent>> {
        let nodes = network.activations();
        match self {
            Self::Ordered(spans) if spans.len() != nodes.len() => Err(Error::domain(format!(
                "{} ranges for the network's {} activations",
                spans.len(),
                nodes.len()
            ))),
            Self::Ordered(spans) => Ok(spans.iter().cloned().map(Extent::All).collect()),
            Self::Margin(margin) => {
                let Some(reach) = reach else {
                    return Err(Error::domain(
                        "states a margin alone: --fit FILE, with the samples that it is fitted on, makes it ranges",
                    ));
                };
                let span = |r: &Rational| Span::symmetric(orion::scale(margin, r));
                reach.iter().map(|r| span(r).map(Extent::All)).collect()
            }
            Self::Named { layers, rest } => named(network, &nodes, layers, rest.as_ref()),
        }
    }
}

fn named(
    network: &Network,
    nodes: &[NodeId],
    layers: &[(String, Extent)],
    rest: Option<&Span>,
) -> Result<Vec<Extent>> {
    let mut known: BTreeMap<&str, &Extent> = BTreeMap::new();
    for (name, extent) in layers {
        if known.insert(name, extent).is_some() {
            return Err(Error::domain(format!("two ranges for layer {name:?}")));
        }
    }
    let mut found = Vec::with_capacity(nodes.len());
    for &node in nodes {
        let (name, shape) = (&network.nodes[node].name, network.nodes[node].shape);
        let extent = match (known.remove(name.as_str()), rest) {
            (Some(extent), _) => extent.clone(),
            (None, Some(rest)) => Extent::All(rest.clone()),
            (None, None) => {
                return Err(Error::domain(format!(
                    "no range for activation {name:?}, and none for all others"
                )))
            }
        };
        if let Extent::Channels(all) = &extent {
            if all.len() != shape.channels {
                return Err(Error::domain(format!(
                    "{} ranges for the {} channels of layer {name:?}",
                    all.len(),
                    shape.channels
                )));
            }
        }
        found.push(extent);
    }
    match known.keys().next() {
        None => Ok(found),
        Some(name) => Err(Error::domain(format!(
            "a range for {name:?}, which is no activation of the network; its activations are {}",
            some_names(network, nodes)
        ))),
    }
}

/// The first few names of activations.
fn some_names(network: &Network, nodes: &[NodeId]) -> String {
    let names = nodes
        .iter()
        .take(4)
        .map(|&n| format!("{:?}", network.nodes[n].name));
    let list: Vec<String> = names.collect();
    let more = if nodes.len() > 4 { ", ..." } else { "" };
    list.join(", ") + more
}
