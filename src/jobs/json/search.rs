//! What a search found, as JSON.

use crate::arith::number;
use crate::jobs::search::{
    Answer, Objective, Request, Row, SmoothAnswer, SmoothRequest, SmoothRow,
};
use serde_json::{json, Value};

/// A search for a composite: the front, the best of it, and what is proved of that.
pub fn search(request: &Request, answer: &Answer) -> Value {
    let proof = &answer.proof;
    let rows = &answer.front;
    let objective = match request.objective {
        Objective::Depth => "depth",
        Objective::Mults => "mults",
        Objective::Cost => "cost",
    };
    let best = rows.iter().find(|r| r.best).map(composite);
    json!({
        "target": request.target.name(),
        "alpha": request.alpha,
        "inputs": request.inputs(),
        "objective": objective,
        "best": best,
        "bound_lo": number::write(&proof.bound_lo),
        "bound_hi": number::write(&proof.bound_hi),
        "estimate_hi_log2": number::estimate_log2(&proof.bound_hi),
        "verdict": proof.verdict.map(|v| v.to_string()),
        "table_sha256": answer.table.sha256(),
        "front": rows.iter().map(composite).collect::<Vec<_>>(),
    })
}

fn composite(row: &Row) -> Value {
    json!({
        "degrees": row.degrees,
        "depth": row.cost.depth,
        "mults": row.cost.mults,
        "cost": row.price,
        "bound_hi": row.bound_hi.as_ref().map(number::write),
        "estimate_hi_log2": row.bound_hi.as_ref().map(number::estimate_log2),
    })
}

/// A search for a smooth function: the front, the best of it, and what is proved of that.
pub fn search_smooth(request: &SmoothRequest, answer: &SmoothAnswer) -> Value {
    let proof = &answer.certified.proof;
    json!({
        "function": request.function.text(),
        "range": [number::write(&request.lo), number::write(&request.hi)],
        "precision": request.precision,
        "error": request.measure(),
        "best": answer.front.iter().find(|r| r.best).map(form),
        "bound_lo": number::write(&proof.bound_lo),
        "bound_hi": number::write(&proof.bound_hi),
        "estimate_hi_log2": number::estimate_log2(&proof.bound_hi),
        "verdict": proof.verdict.map(|v| v.to_string()),
        "table_sha256": answer.table.sha256(),
        "front": answer.front.iter().map(form).collect::<Vec<_>>(),
    })
}

fn form(row: &SmoothRow) -> Value {
    json!({
        "form": row.form.to_string(),
        "degree": row.degree,
        "depth": row.cost.depth,
        "products": row.cost.mults,
        "bound_hi": number::write(&row.bound_hi),
        "estimate_hi_log2": number::estimate_log2(&row.bound_hi),
    })
}
