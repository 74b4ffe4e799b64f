//! What noise does to a network's result, as JSON.

use crate::jobs::network::deviate::{Answer, Sample};
use crate::network::rows::subject::Centre;
use crate::network::rows::FAILURE_LOG2;
use serde_json::{json, Value};

/// How far noise moves the result, sample by sample and level by level; `centre` as it was asked for.
pub fn deviate(answer: &Answer, centre: Centre) -> Value {
    let samples: Vec<Value> = answer
        .samples
        .iter()
        .map(|s| sample(s, &answer.layers))
        .collect();
    json!({
        "format": "polycert-deviation/1",
        "network_sha256": answer.network_sha256,
        "network_said": answer.network_said,
        "input_sha256": answer.input_sha256,
        "input_said": answer.input_said,
        "table_sha256": answer.table_sha256,
        "error_model": match centre {
            Centre::Relu => "sup or envelope: any function within the noise of ReLU",
            Centre::Polynomial => "exact centre: the polynomials, and noise at their outputs",
        },
        "failure_probability_log2": FAILURE_LOG2,
        "rests_on": answer.rests_on(),
        "samples": samples,
        "certified_at_every_level": answer.certified(),
    })
}

/// One sample.
fn sample(found: &Sample, layers: &[String]) -> Value {
    let finite = |x: f64| x.is_finite().then_some(x);
    let rows: Vec<Value> = found
        .rows
        .iter()
        .map(|r| {
            let spare = layers.iter().zip(&r.spare).map(|(layer, s)| {
                json!({
                    "layer": layer,
                    "bound_spare_bits": s.bound_bits,
                    "estimate_spare_bits": s.estimate_bits,
                })
            });
            json!({
                "spare": spare.collect::<Value>(),
                "noise": r.name,
                "measure_observed": r.estimate_observed,
                "estimate_first_order": r.bound.estimate_first_order,
                "bound_deviation": finite(r.bound.bound_deviation),
                "estimate_attacked_margin": r.estimate_attacked,
                "bound_margin": finite(r.bound_margin),
                "certified": found.safe(r),
            })
        })
        .collect();
    json!({
        "sample": found.sample,
        "class": found.class,
        "network_class": found.network,
        "bound_undisturbed_margin": found.bound_margin,
        "rows": found.computed,
        "seconds": found.seconds,
        "levels": rows,
    })
}
