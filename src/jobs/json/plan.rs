//! Why there is no plan, as JSON.

use crate::jobs::plan::{Cure, Infeasible};
use serde_json::{json, Value};

/// Why there is no plan, and what would help.
pub fn infeasible(found: &Infeasible) -> Value {
    let cure = |c: &Cure| {
        json!({
            "option": c.option, "bootstraps": c.bootstraps, "estimate_ms": c.estimate_ms,
        })
    };
    let cures: Vec<Value> = found.cures.iter().map(cure).collect();
    json!({"plan": null, "why": found.why, "cures": cures})
}
