//! The manifest of a plan, `polycert-plan/1` (certificates/PLAN.md): verified by the independent checker before it is written.

use crate::arith::number;
use crate::certificate::plan::checked;
use crate::error::{Error, Result};
use crate::files::{sha256, write_atomically};
use crate::jobs::plan::answer::Answer;
use crate::jobs::plan::closing::Budget;
use crate::jobs::plan::described::{describe, noise};
use crate::jobs::plan::folder::{Certified, AUDIT, NETWORK, PLAN};
use crate::jobs::plan::request::{Goal, Request};
use crate::jobs::plan::rows::Row;
use crate::network::model::exact::network_text;
use crate::plan::levels::Done;
use rug::Rational;
use serde_json::{json, Map, Value};

/// The format tag.
const FORMAT: &str = "polycert-plan/1";
/// Fractional bits of an interval's ends.
const SHARE_BITS: u32 = 16;

/// Writes the manifest, last of all.
///
/// **Guarantee** the independent checker verified it with all files of the folder.
///
/// # Errors
/// A file that cannot be read or written, a plan that the checker refuses.
pub fn write(request: &Request, answer: &Answer, progress: &mut dyn FnMut(&str)) -> Result<Value> {
    let folder = &request.output;
    let solved = &answer.solved;
    let network = network_text(&solved.loaded.network);
    write_atomically(&folder.join(NETWORK), &network)?;
    let file = |name: &str| -> Result<Value> {
        let path = folder.join(name);
        let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, &e))?;
        Ok(json!([name, sha256(&bytes)]))
    };
    let mut activations = Vec::new();
    let budget = answer.closing.as_ref().map(|c| &c.budget);
    for (i, row) in answer.rows.iter().enumerate() {
        let mut activation = json!({
            "name": row.layer.name,
            "table": file(&row.table)?,
            "table_sha256": row.table_sha256,
            "certificate": file(&row.certificate)?,
            "B": number::write_canonical(&row.layer.b),
            "error": number::write_canonical(&row.bound_error),
            "levels": row.cost().depth.to_string(),
        });
        if let Some(noise) = budget.and_then(|budget| noise(budget, i)) {
            activation["noise"] = noise;
        }
        activations.push(activation);
    }
    let steps = answer.found.plan.steps.iter().enumerate();
    let summary = &answer.audit.summary;
    let mut value = json!({
        "format": FORMAT,
        "network": file(NETWORK)?,
        "activations": activations,
        "top": solved.top.to_string(),
        "refresh_from": solved.profile.bootstrap_from().to_string(),
        "steps": steps.map(|(node, done)| step(&answer.rows, node, done)).collect::<Vec<_>>(),
        "levels": answer.cost().depth.to_string(),
        "bootstraps": answer.bootstraps().to_string(),
        "selected": solved.split.selected_sha256,
        "stated": solved.split.stated_sha256,
        "repeated": solved.split.repeated.to_string(),
        "certified": answer.certified.iter().map(certified).collect::<Vec<_>>(),
        "audit": {
            "file": file(AUDIT)?,
            "same": summary.same.to_string(),
            "different": summary.different.to_string(),
            "outside": summary.outside.to_string(),
            "inside": summary.inside().to_string(),
        },
        "risk": number::write_canonical(&number::parse(&answer.risk.to_string())?),
        "same": share(summary.bound_same_share(answer.risk)),
        "outside": share(answer.bound_outside_share()),
        "estimates": answer.estimates(),
        "producer": as_text(producer(request, answer)),
    });
    if let Some(left) = budget.and_then(Budget::left) {
        value["rest"] = json!(number::write_canonical(&left));
    }
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    checked(&text, folder, progress)?;
    write_atomically(&folder.join(PLAN), &text)?;
    Ok(value)
}

/// What is done at a node.
fn step(rows: &[Row], node: usize, done: &Done) -> Value {
    let mut step = json!({"enter": done.enter.to_string(), "leave": done.leave.to_string()});
    if let Some(to) = done.refreshed {
        step["refreshed"] = json!(to.to_string());
    }
    let inside = rows.iter().find(|row| row.layer.node == node);
    let inside = inside.map_or(&[][..], |row| row.inside.as_slice());
    if !inside.is_empty() {
        let pair = |(part, to): &(usize, usize)| json!([part.to_string(), to.to_string()]);
        step["inside"] = inside.iter().map(pair).collect();
    }
    step
}

/// A network certificate of a stated input.
fn certified(row: &Certified) -> Value {
    json!({
        "certificate": [row.file, row.sha256],
        "input_sha256": row.input_sha256,
        "class": row.class,
    })
}

/// An interval, its ends rounded outward.
fn share((lo, hi): (f64, f64)) -> Value {
    let units = f64::from(1 << SHARE_BITS);
    let end = |n: f64| {
        let n = n.clamp(0.0, units);
        number::write_canonical(&(Rational::from_f64(n).unwrap_or_default() >> SHARE_BITS))
    };
    json!([end((lo * units).floor()), end((hi * units).ceil())])
}

/// What the checker does not read: names, costs, what was asked and seen.
fn producer(request: &Request, answer: &Answer) -> Value {
    let solved = &answer.solved;
    let text = |x: &Rational| number::write_canonical(x);
    let rows = answer.rows.iter().map(|row| {
        json!({
            "design": row.design.name,
            "degrees": row.design.table.degrees(),
            "products": row.cost().mults,
            "bound_reach_selected": row.layer.bound_reach,
        })
    });
    let nodes = solved.loaded.network.nodes.iter();
    let steps = nodes
        .zip(&answer.found.plan.steps)
        .map(|(node, done)| json!({"node": node.name, "estimate_ms": done.price}));
    let summary = &answer.audit.summary;
    let mut value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "command": request.command,
        "network_sha256": solved.loaded.sha256,
        "data_sha256": solved.inputs.sha256,
        "goal": match answer.goal {
            Goal::Agreement(share) => json!({"agreement": share}),
            Goal::Margin(share) => json!({"margin": share}),
            Goal::Logits(most) => json!({"logits": most}),
        },
        "range_margin": text(&request.margin),
        "seed": request.seed,
        "profile": {
            "name": solved.profile.name,
            "log_n": solved.profile.log_n,
            "level_bits": solved.profile.level_bits,
            "usable_levels": solved.profile.usable_levels,
            "assumed": solved.profile.assumed(),
        },
        "activations": rows.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
        "products": answer.cost().mults,
        "estimate_ms": answer.found.plan.price,
        "tried": answer.found.tried,
        "kept_selected": answer.found.estimate_kept,
        "greatest_loss_of_a_margin": answer.found.estimate_loss,
        "sharing_levels": answer.found.plan.shared,
        "undecided": summary.undecided + summary.exhausted + summary.failed,
        "noise": answer.stood.as_ref().map(|s| json!({
            "least_margins": s.samples.len(),
            "bits": s.bits,
            "kept": s.kept,
        })),
        "uniform": solved.uniform.as_ref().map(|u| json!({
            "design": u.design,
            "B": text(&u.b),
            "levels": u.cost.depth,
            "products": u.cost.mults,
            "bootstraps": u.bootstraps,
            "estimate_ms": u.estimate_ms,
        })),
    });
    describe(answer, &mut value);
    value
}

/// The same with every number as text; what is missing is left out. The checker reads strings, lists and objects alone.
fn as_text(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, v)| !v.is_null());
            let kept: Map<String, Value> = kept.map(|(k, v)| (k, as_text(v))).collect();
            Value::Object(kept)
        }
        Value::Array(items) => {
            let kept = items.into_iter().filter(|v| !v.is_null());
            Value::Array(kept.map(as_text).collect())
        }
        Value::String(text) => Value::String(text),
        other => Value::String(other.to_string()),
    }
}
