//! What is proved of a table, as JSON.

use crate::arith::number;
use crate::certify::proof::Verdict;
use crate::function::target::Function;
use crate::jobs::certify::Answer;
use crate::poly::table::Table;
use rug::Rational;
use serde_json::{json, Value};

/// A certification: enclosure, verdict and witness, in the units of the function's input and value.
pub fn certify(table: &Table, answer: &Answer) -> Value {
    let proof = &answer.proof;
    let own = proof.lines.as_ref().map(|l| &l.witness);
    let witness = own
        .or(proof.clip.as_ref().map(|c| &c.witness))
        .or(proof.relu_error.as_ref().map(|d| &d.witness))
        .or(proof.closeness.as_ref().map(|c| &c.witness));
    let series = proof.series.as_ref();
    // How far the error is beyond a refuted claim, at least.
    let refuted = proof.verdict == Some(Verdict::Refuted);
    let claim = proof.request.claim.as_ref().filter(|_| refuted);
    let missed = claim.map(|claim| Rational::from(&proof.bound_lo - claim));
    let target = &proof.request.target;
    // The composite is applied to x/B: in the input's units everything is B times as far. A tournament maps its inputs.
    let tournament = matches!(target.function, Function::MaxPool | Function::Argmax);
    let in_input = |x: &Rational| match tournament {
        true => number::write(x),
        false => number::write(&Rational::from(x * &target.scale)),
    };
    let exact = |x: &rug::Float| {
        let x = x.to_rational().unwrap_or_default();
        match target.function.is_unscaled() {
            true => number::write(&x),
            false => in_input(&x),
        }
    };
    let mut value = json!({
        "table": table.name,
        "table_sha256": table.sha256(),
        "target": proof.request.target.function.name(),
        "coefficients": proof.request.coefficients.to_string(),
        "bound_lo": number::write(&proof.bound_lo),
        "bound_hi": number::write(&proof.bound_hi),
        "bound_lo_decimal": number::decimal(&proof.bound_lo, 20, false),
        "bound_hi_decimal": number::decimal(&proof.bound_hi, 20, true),
        "estimate_hi_log2": number::estimate_log2(&proof.bound_hi),
        "witness_x": series.map(|s| number::write(&s.witness_x)).or(witness.map(|w| exact(&w.x))),
        "input_gap": proof.argmax.as_ref().map(|g| number::write(&g.gap)),
        "contractions": proof.contractions.iter().map(|c| number::write(&c.at)).collect::<Vec<_>>(),
        "overflow_to": proof.overflow.as_ref().map(|g| in_input(&g.to)),
        "valid_to": proof.validity.as_ref().map(|v| in_input(&v.to)),
        "envelope_from": proof.closeness.as_ref().map(|c| in_input(&c.from)),
        "claim": proof.request.claim.as_ref().map(number::write),
        "verdict": proof.verdict.map(|v| v.to_string()),
        "bound_missed_by": missed.map(|by| number::decimal(&by, 20, false)),
    });
    if let Some(s) = series {
        value["function"] = s.difference.function.text().into();
        value["value"] = s.difference.value.as_ref().map_or("p", |v| v.text()).into();
        value["error"] = s.difference.measure.to_string().into();
    }
    if let Some(s) = &proof.stages {
        let all = s.names.iter().zip(&s.bound_ranges);
        let all = all.map(|(name, (lo, hi))| {
            json!({"name": name, "bound_lo": number::write(lo), "bound_hi": number::write(hi)})
        });
        value["stages"] = all.collect();
    }
    if let Some(m) = &proof.mean_square {
        value["density"] = m.density.text().into();
        value["bound_mean_square_lo"] = number::decimal(&m.bound_lo, 20, false).into();
        value["bound_mean_square_hi"] = number::decimal(&m.bound_hi, 20, true).into();
    }
    if let Some(s) = &proof.extended {
        // Intervals beside the domain.
        let parts = s.parts.iter();
        value["extended"] = parts
            .map(|part| [&part.from, &part.to].map(number::write).to_vec())
            .collect();
    }
    if let Some(g) = &proof.growth {
        value["bound_growth"] = number::decimal(&g.bound_hi, 20, true).into();
    }
    if let Some(r) = &proof.rounding {
        value["evaluation"] = r.evaluation.to_string().into();
        value["bound_rounding"] = number::decimal(&r.bound_hi, 20, true).into();
    }
    if !answer.other_readings.is_empty() {
        value["other_readings"] = answer.other_readings.clone().into();
    }
    value
}
