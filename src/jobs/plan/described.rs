//! What a manifest says of ciphertexts.

use crate::arith::number;
use crate::jobs::plan::answer::Answer;
use crate::jobs::plan::ciphertexts::UNIFORM_NOISE;
use crate::jobs::plan::closing::{Budget, Needed};
use rug::Rational;
use serde_json::{json, Value};

/// The noise of a row's activation as the checker reads it; none where the budget does not close.
pub fn noise(budget: &Budget, row: usize) -> Option<Value> {
    let (Some(_), Some(allowed)) = (budget.left(), &budget.allowed) else {
        return None;
    };
    let proved = budget.evaluated[row].certificate.as_ref().ok()?;
    Some(json!({
        "evaluation": [proved.file, proved.sha256],
        "proved": number::write_canonical(&proved.bound_noise),
        "allowed": number::write_canonical(&allowed[row]),
    }))
}

/// Adds what is known of ciphertexts to what a manifest has of its producer: to each activation, to `noise`, to `uniform`; the
/// checker reads what closes elsewhere ([`noise`]).
pub fn describe(answer: &Answer, producer: &mut Value) {
    let text = |x: &Rational| Value::from(number::write_canonical(x));
    let rows = producer["activations"].as_array_mut();
    for (i, row) in rows.into_iter().flatten().enumerate() {
        let everywhere = answer.stood.as_ref().and_then(|s| s.bits);
        let allowed = match &answer.closing {
            Some(closing) => closing.budget.allowed.as_ref().map(|all| all[i].clone()),
            None => everywhere.map(|bits| Rational::from(1) >> bits),
        };
        if let Some(allowed) = allowed {
            row["allowed"] = text(&allowed);
        }
        let evaluated = answer.closing.as_ref().map(|c| &c.budget.evaluated[i]);
        if let Some(Ok(proved)) = evaluated.map(|e| &e.certificate) {
            row["evaluation"] = proved.file.clone().into();
            row["evaluation_sha256"] = proved.sha256.clone().into();
            row["bound_noise"] = text(&proved.bound_noise);
        }
        if let Some(evaluated) = evaluated {
            row["evaluation_level"] = evaluated.level.into();
            if let Err(why) = &evaluated.certificate {
                row["no_bound_noise"] = why.clone().into();
            }
        }
    }
    let Some(closing) = &answer.closing else {
        return;
    };
    let parameters = &closing.encryption.parameters;
    let digest = parameters.digest();
    let noise = json!({
        "parameters": closing.parameters(),
        "parameters_digest": digest.iter().map(|b| format!("{b:02x}")).collect::<String>(),
        "log_scale": parameters.log_scale(),
        "k": closing.encryption.k,
        "beside_bits": answer.stood.as_ref().and_then(|s| s.beside_bits),
        "kept_beside": answer.stood.as_ref().map(|s| &s.kept_beside),
    });
    let into = |at: &mut Value, fields: Value| match (at, fields) {
        (Value::Object(at), Value::Object(fields)) => at.extend(fields),
        (at, fields) => *at = fields,
    };
    into(&mut producer["noise"], noise);
    into(&mut producer["noise"], proved(&closing.budget));
    producer["level_bits_needed"] = estimate(&closing.budget);
    if let Some(uniform) = &closing.uniform {
        let evaluated = uniform.budget.binding();
        let mut noise = proved(&uniform.budget);
        noise["allowed"] = uniform.budget.allowed_there().map_or(Value::Null, text);
        noise["kept"] = json!(uniform.stood.as_ref().map(|s| &s.kept));
        noise["kept_beside"] = json!(uniform.stood.as_ref().map(|s| &s.kept_beside));
        noise["audit"] = json!(uniform.stood.as_ref().map(|_| UNIFORM_NOISE));
        noise["evaluation_level"] = evaluated.level.into();
        if let Ok(proved) = &evaluated.certificate {
            noise["evaluation"] = proved.file.clone().into();
            noise["evaluation_sha256"] = proved.sha256.clone().into();
        }
        noise["estimate_level_bits_needed"] = estimate(&uniform.budget);
        producer["uniform"]["noise"] = noise;
    }
}

/// What is proved of a budget.
fn proved(budget: &Budget) -> Value {
    let text = |x: &Rational| number::write_canonical(x);
    let needed = budget.needed.as_ref();
    let sure = needed.and_then(|n| n.proved.as_ref().map(|bound| (n, bound)));
    json!({
        "closes": budget.closes(),
        "binding": budget.binding().name,
        "bound_noise": budget.bound_noise().map(text),
        "left": budget.left().as_ref().map(text),
        "closes_at": sure.map(|(n, bound)| json!({
            "level_bits": n.bits, "parameters": n.chain, "bound_noise": text(bound),
        })),
    })
}

/// The scale that would do where no certificate says so.
fn estimate(budget: &Budget) -> Value {
    let unproved = |n: &&Needed| n.proved.is_none();
    json!(budget.needed.as_ref().filter(unproved).map(|n| n.bits))
}
