//! Ranges of a network's activations on trial, as JSON.

use crate::arith::number;
use crate::jobs::network::ranges::{Answer, Deployed};
use crate::network::ranges::summary::{Layer, Summary};
use crate::network::read::ranges::{Extent, Span};
use serde_json::{json, Value};

/// Ranges on trial, with every witness.
pub fn ranges(answer: &Answer, risk: f64) -> Value {
    let network = &answer.loaded.network;
    let nodes = network.activations();
    let text = |s: &Span| [number::write(&s.lo), number::write(&s.hi)];
    let summary = |s: &Summary| {
        let layer = |(k, l): (usize, &Layer)| {
            let mut value = json!(l);
            let extent = &answer.stated[k];
            value["layer"] = json!(network.nodes[nodes[k]].name);
            value["operation"] = json!(network.nodes[nodes[k]].op.name());
            value["stated"] = match extent {
                Extent::All(span) => json!(text(span)),
                Extent::Channels(all) => json!(all.iter().map(text).collect::<Vec<_>>()),
            };
            value["bound_share"] = json!(l.bound_share(risk));
            value
        };
        json!({
            "samples": s.samples,
            "all_hold": s.all_hold,
            "some_violated": s.some_violated,
            "bound_share": s.bound_share(risk),
            "layers": s.layers.iter().enumerate().map(layer).collect::<Vec<_>>(),
        })
    };
    let deployed = |d: &Deployed| {
        json!({
            "table_sha256": d.table_sha256,
            "same": d.same,
            "different": d.different,
            "undecided": d.undecided,
            "ranges": summary(&d.ranges),
            "after": d.after,
        })
    };
    json!({
        "format": "polycert-range-trial/1",
        "holds": answer.holds(),
        "confidence": 1.0 - risk,
        "network_sha256": answer.loaded.sha256,
        "network_said": answer.loaded.said,
        "input_sha256": answer.input_sha256,
        "input_said": answer.input_said,
        "ranges_sha256": answer.ranges_sha256,
        "ranges_said": answer.said,
        "network": summary(&answer.network),
        "twin": answer.twin.as_ref().map(deployed),
        "box": answer.boxed,
    })
}
