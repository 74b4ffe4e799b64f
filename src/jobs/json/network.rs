//! What a network file holds, as JSON.

use crate::files::sha256;
use crate::network::model::exact::network_text;
use crate::network::model::ops::Op;
use crate::network::read::load::Loaded;
use serde_json::{json, Value};

/// A network, layer by layer; shapes are channels, height, width.
pub fn network(loaded: &Loaded) -> Value {
    let n = &loaded.network;
    let layers: Vec<Value> = n
        .nodes
        .iter()
        .map(|node| {
            let polynomial = match &node.op {
                Op::Polynomial(p) => json!({
                    "degree": p.degree(),
                    "per_channel": p.is_per_channel(),
                    "domain": p.domain.as_ref().map(|(lo, hi)| [lo.to_string(), hi.to_string()]),
                }),
                _ => Value::Null,
            };
            let function = match &node.op {
                Op::Smooth(f) => Some(f.text()),
                _ => None,
            };
            json!({
                "name": node.name,
                "operation": node.op.name(),
                "inputs": node.inputs,
                "shape": [node.shape.channels, node.shape.height, node.shape.width],
                "parameters": node.op.parameters(),
                "polynomial": polynomial,
                "function": function,
            })
        })
        .collect();
    json!({
        "network": n.name,
        "format": loaded.format,
        "file_sha256": loaded.sha256,
        "meaning_sha256": sha256(network_text(n).as_bytes()),
        "said": loaded.said,
        "parameters": n.parameters(),
        "activation_layers": n.activations().len(),
        "replaced_layers": n.replaced(),
        "activation_neurons": n.neurons(),
        "activation_depth": n.depth(),
        "output_layer": n.output,
        "layers": layers,
    })
}
