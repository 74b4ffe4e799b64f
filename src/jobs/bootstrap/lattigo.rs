//! Lattigo's literals, Go or JSON: of a scheme, and of the bootstrapping beside it.
//!
//! **Source** tuneinsight/lattigo v6, `circuits/ckks/bootstrapping/{parameters_literal,parameters,default_parameters}.go`: the
//! defaults, and how the chain of primes is built.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::jobs::bootstrap::set::{failure_bits, Claims, Kind, Part, Set};
use crate::noise::overflow::Secret;
use crate::plan::profile::forms::go::{literals, Literal};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Scheme {
    log_n: u32,
    log_q: Option<Vec<u32>>,
    log_p: Option<Vec<u32>>,
    q: Option<Vec<u64>>,
    p: Option<Vec<u64>>,
    xs: Option<Distribution>,
    #[serde(rename = "Xe")]
    _xe: Option<Value>,
    log_default_scale: u32,
    ring_type: Option<Value>,
    #[serde(rename = "LogNthRoot")]
    _log_nth_root: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Boot {
    log_n: Option<u32>,
    log_p: Option<Vec<u32>>,
    xs: Option<Distribution>,
    #[serde(rename = "Xe")]
    _xe: Option<Value>,
    log_slots: Option<u32>,
    coeffs_to_slots_factorization_depth_and_log_scales: Option<Vec<Vec<u32>>>,
    slots_to_coeffs_factorization_depth_and_log_scales: Option<Vec<Vec<u32>>>,
    eval_mod_log_scale: Option<u32>,
    ephemeral_secret_weight: Option<u32>,
    iterations_parameters: Option<Iterations>,
    mod1_type: Option<u32>,
    log_message_ratio: Option<u32>,
    k: Option<u32>,
    mod1_degree: Option<u32>,
    double_angle: Option<u32>,
    mod1_inv_degree: Option<u32>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Distribution {
    #[serde(rename = "Type")]
    _kind: Ternary,
    #[serde(default)]
    h: u32,
    #[serde(default)]
    p: f64,
}

/// The one kind of secrets that is understood.
#[derive(Deserialize, Clone, Copy)]
enum Ternary {
    Ternary,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Iterations {
    bootstrapping_precision: Vec<f64>,
    #[serde(default)]
    reserved_prime_bit_size: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Pair {
    scheme_params: Scheme,
    #[serde(default)]
    bootstrapping_params: Boot,
    name: Option<String>,
    provenance: Option<String>,
    failure: Option<String>,
    precision: Option<String>,
}

/// Reads `{"SchemeParams": {...}, "BootstrappingParams": {...}}` as Lattigo marshals the two; beside them may stand `Name`,
/// `Provenance`, and what is claimed, `Failure` (`"2^-138.7"`) and `Precision` (bits, `"26.6"`).
///
/// # Errors
/// The field or line, and what is wrong with it.
pub fn read_json(text: &str) -> Result<Set> {
    let pair: Pair = serde_json::from_str(text).map_err(|e| fault("", &e))?;
    let claims = Claims {
        failure_bits: pair.failure.as_deref().map(failure_bits).transpose()?,
        precision_bits: pair.precision.as_deref().map(number::parse).transpose()?,
    };
    let mut set = set(&pair.scheme_params, &pair.bootstrapping_params, true)?;
    (set.name, set.provenance, set.claims) = (pair.name, pair.provenance, claims);
    Ok(set)
}

/// Reads Go; `pick` names the literal where a text has several. `Precision :` and `Failure :` in the comment above it are what
/// is claimed.
///
/// # Errors
/// The field or line, and what is wrong with it; several literals without a name to pick, with their names.
pub fn read_go(text: &str, pick: Option<&str>) -> Result<Set> {
    let all = literals(text, "ParametersLiteral")?;
    let boots = |l: &Literal| l.follows || l.kind.starts_with("bootstrapping.");
    let schemes: Vec<usize> = (0..all.len()).filter(|&i| !boots(&all[i])).collect();
    let named = |i: &&usize| pick.is_none() || all[**i].name.as_deref() == pick;
    let chosen: Vec<&usize> = schemes.iter().filter(named).collect();
    let &[&at] = chosen.as_slice() else {
        let names = schemes.iter().filter_map(|&i| all[i].name.as_deref());
        let names: Vec<&str> = names.take(20).collect();
        let detail = format!(
            "{} literals of a scheme fit: one is judged (--pick NAME of {})",
            chosen.len(),
            names.join(", ")
        );
        return Err(Error::parse("ParametersLiteral", detail));
    };
    let beside = all.get(at + 1).filter(|next| next.follows);
    let boot = match beside {
        Some(boot) => boot,
        None => all
            .iter()
            .find(|l| boots(l))
            .filter(|_| schemes.len() == 1)
            .ok_or_else(|| {
                let detail = "there is no literal of bootstrapping beside it";
                Error::parse("ParametersLiteral", detail)
            })?,
    };
    let name = all[at].name.clone();
    let within = |e: Error| e.within(name.as_deref().unwrap_or("the literal"));
    let scheme: Scheme = of_literal(&all[at]).map_err(within)?;
    let boot: Boot = of_literal(boot).map_err(within)?;
    let mut set = set(&scheme, &boot, beside.is_some()).map_err(within)?;
    set.claims = claims(text, all[at].line)?;
    set.name = name;
    Ok(set)
}

fn of_literal<T: for<'a> Deserialize<'a>>(literal: &Literal) -> Result<T> {
    let mut map = Map::new();
    for (key, text) in &literal.fields {
        map.insert(key.clone(), value(key, text)?);
    }
    serde_json::from_value(Value::Object(map)).map_err(|e| fault(&literal.kind, &e))
}

/// A value of Go as one of JSON.
fn value(key: &str, text: &str) -> Result<Value> {
    let refuse = || {
        let shown: String = text.chars().take(60).collect();
        Error::parse(key, format!("{shown:?} is not understood"))
    };
    let call = |name: &str| {
        let inner = text.split_once('(').filter(|(f, _)| f.ends_with(name))?.1;
        inner.strip_suffix(')')
    };
    let inner = call("Pointy").or_else(|| call("pointy")).unwrap_or(text);
    if let Some(kind) = inner.strip_prefix("mod1.") {
        let kinds = ["CosDiscrete", "SinContinuous", "CosContinuous"];
        let at = kinds.iter().position(|k| *k == kind);
        return at.map(Value::from).ok_or_else(refuse);
    }
    if let Some(body) = inner
        .strip_prefix("ring.Ternary{")
        .and_then(|t| t.strip_suffix('}'))
    {
        let (field, number) = body.split_once(": ").ok_or_else(refuse)?;
        let number = match number.replace(' ', "").as_str() {
            "2.0/3" | "2.0/3.0" => Value::from(2.0 / 3.0),
            plain => serde_json::from_str(plain).map_err(|_| refuse())?,
        };
        return Ok(serde_json::json!({"Type": "Ternary", field: number}));
    }
    if key == "IterationsParameters" {
        let body = inner.split_once('{').and_then(|(_, t)| t.strip_suffix('}'));
        let mut map = Map::new();
        let (mut rest, mut parts) = (body.ok_or_else(refuse)?, Vec::new());
        while let Some(at) = rest.rfind(", ").filter(|&at| rest[at..].contains(": ")) {
            parts.push(&rest[at + 2..]);
            rest = &rest[..at];
        }
        parts.push(rest);
        for part in parts {
            let (field, text) = part.split_once(": ").ok_or_else(refuse)?;
            map.insert(field.to_owned(), value(field, text)?);
        }
        return Ok(Value::Object(map));
    }
    if let Some(exponent) = inner
        .strip_prefix("1 << ")
        .filter(|_| key == "DefaultScale")
    {
        return serde_json::from_str(exponent).map_err(|_| refuse());
    }
    if key == "Xe" || key == "RingType" {
        return Ok(Value::from(inner));
    }
    let list = ["[][]int", "[]int", "[]uint64", "[]float64"];
    let plain = list.iter().find_map(|kind| inner.strip_prefix(kind));
    let json = plain.unwrap_or(inner).replace('{', "[").replace('}', "]");
    let json: Result<Vec<Value>> = match plain {
        Some(_) => serde_json::from_str(&json).map_err(|_| refuse()),
        None => serde_json::from_str::<u64>(&json)
            .map(|n| vec![n.into()])
            .map_err(|_| refuse()),
    };
    Ok(match (json?, plain) {
        (list, Some(_)) => Value::from(list),
        (mut one, None) => one.remove(0),
    })
}

/// What the comment above a line claims.
fn claims(text: &str, line: usize) -> Result<Claims> {
    let mut claims = Claims::default();
    let above: Vec<&str> = text.lines().take(line).collect();
    for line in above
        .iter()
        .rev()
        .skip_while(|l| !l.trim().starts_with("//"))
    {
        let Some(words) = line.trim().strip_prefix("//") else {
            break;
        };
        let Some((key, rest)) = words.split_once(':') else {
            continue;
        };
        let first = rest.split_whitespace().next().unwrap_or("");
        match key.trim() {
            "Failure" => claims.failure_bits = Some(failure_bits(first)?),
            "Precision" => claims.precision_bits = Some(number::parse(first)?),
            _ => {}
        }
    }
    Ok(claims)
}

/// The set that the library makes of the two literals. `together`: they stand as one pair, and what the second does not state of
/// N, P and the secret is the first's, as the library's own tests and examples set it.
fn set(scheme: &Scheme, boot: &Boot, together: bool) -> Result<Set> {
    let mut assumed = Vec::new();
    if scheme
        .ring_type
        .as_ref()
        .is_some_and(|t| t != "ring.Standard" && *t != 0 && t != "Standard")
    {
        return Err(Error::parse(
            "RingType",
            "only the standard ring is understood",
        ));
    }
    let sizes =
        |bits: &Option<Vec<u32>>, primes: &Option<Vec<u64>>, field: &str| match (bits, primes) {
            (Some(bits), None) => Ok(bits.clone()),
            (None, Some(primes)) => Ok(primes.iter().map(|p| 64 - p.leading_zeros()).collect()),
            _ => Err(Error::parse(
                field,
                "is to be given once, as primes or as their sizes",
            )),
        };
    let mut q = sizes(&scheme.log_q, &scheme.q, "LogQ")?;
    if q.is_empty() || q.len() > 256 {
        return Err(Error::parse("LogQ", "1 to 256 primes"));
    }
    let log_n = match (boot.log_n, together) {
        (Some(n), _) => n,
        (None, true) => scheme.log_n,
        (None, false) => 16,
    };
    let secret = match (boot.xs, scheme.xs, together) {
        (Some(xs), ..) => secret(xs, log_n)?,
        (None, Some(xs), true) => secret(xs, log_n)?,
        _ => {
            assumed
                .push("the bootstrapping secret has the library's default weight 192".to_owned());
            Secret::Weight(192)
        }
    };
    if together && boot.log_n.is_none() && boot.xs.is_none() {
        let words = "N, P and the secret of bootstrapping are the scheme's, as the library's tests and the set's name have it";
        assumed.push(words.to_owned());
    }
    let log_slots = boot.log_slots.unwrap_or(log_n.saturating_sub(1));
    let scales = |given: &Option<Vec<Vec<u32>>>, count: u32, bits: u32| {
        given
            .clone()
            .unwrap_or_else(|| vec![vec![bits]; count.min(log_slots.max(1)) as usize])
    };
    let c2s = scales(
        &boot.coeffs_to_slots_factorization_depth_and_log_scales,
        4,
        56,
    );
    let s2c = scales(
        &boot.slots_to_coeffs_factorization_depth_and_log_scales,
        3,
        39,
    );
    let kind = match boot.mod1_type.unwrap_or(0) {
        0 => Kind::CosDiscrete,
        1 => Kind::SinContinuous,
        2 => Kind::CosContinuous,
        n => return Err(Error::parse("Mod1Type", format!("is {n}: 0, 1 or 2"))),
    };
    let (k, degree) = (boot.k.unwrap_or(16), boot.mod1_degree.unwrap_or(30));
    // The library takes no double angles after a sine, whatever is stated.
    let double_angles = match kind {
        Kind::SinContinuous => 0,
        _ => boot.double_angle.unwrap_or(3),
    };
    let arcsine_degree = boot.mod1_inv_degree.unwrap_or(0);
    let length = |n: u32| u32::BITS - n.leading_zeros();
    let deepest = match kind {
        Kind::CosDiscrete => degree.max(k.saturating_mul(2).saturating_sub(1)),
        _ => degree,
    };
    let depth = length(deepest) + double_angles.min(64) + length(arcsine_degree);
    let scale = boot.eval_mod_log_scale.unwrap_or(60);
    let small = |lists: &[Vec<u32>]| lists.len() <= 64 && lists.iter().flatten().all(|b| *b <= 128);
    if !small(&c2s) || !small(&s2c) || scale > 60 {
        return Err(Error::parse(
            "scales of bootstrapping",
            "at most 64 of at most 128 bits, EvalMod's at most 60",
        ));
    }
    let reserved = boot
        .iterations_parameters
        .as_ref()
        .map_or(0, |i| i.reserved_prime_bit_size);
    q.extend((reserved > 0).then_some(reserved));
    let sum = |list: &[u32]| list.iter().sum::<u32>();
    let decode: Vec<u32> = s2c
        .iter()
        .map(|level| sum(level))
        .map(|bits| {
            if bits.saturating_add(scheme.log_default_scale) < 61 {
                bits + scheme.log_default_scale
            } else {
                bits
            }
        })
        .collect();
    let encode: Vec<u32> = c2s.iter().map(|level| sum(level)).collect();
    q.extend(&decode);
    q.extend(std::iter::repeat_n(scale, depth as usize));
    q.extend(&encode);
    let p = match (&boot.log_p, together) {
        (Some(p), _) => p.clone(),
        (None, true) => sizes(&scheme.log_p, &scheme.p, "LogP")?,
        (None, false) => vec![61; q.len().isqrt().max(1)],
    };
    let part = |list: &[u32]| Part {
        levels: list.len() as u32,
        bits: sum(list),
    };
    Set {
        library: "Lattigo",
        name: None,
        provenance: None,
        log_n,
        log_slots,
        q_bits: q,
        p_bits: p,
        main: secret,
        ephemeral: Some(boot.ephemeral_secret_weight.unwrap_or(32)).filter(|&h| h > 0),
        log_ratio: boot.log_message_ratio.unwrap_or(8),
        k,
        kind,
        degree,
        coefficients: None,
        double_angles,
        arcsine_degree,
        iterations: boot
            .iterations_parameters
            .as_ref()
            .map_or(1, |i| 1 + i.bootstrapping_precision.len() as u32),
        coeffs_to_slots: part(&encode),
        eval_mod: Part {
            levels: depth,
            bits: depth * scale,
        },
        slots_to_coeffs: part(&decode),
        claims: Claims::default(),
        assumed,
    }
    .checked()
}

fn secret(xs: Distribution, log_n: u32) -> Result<Secret> {
    match (xs.h, xs.p) {
        (h, 0.0) if h > 0 => Ok(Secret::Weight(h)),
        (0, p) if (p - 2.0 / 3.0).abs() < 1e-6 && log_n <= 17 => {
            Ok(Secret::UniformTernary(1 << log_n))
        }
        _ => Err(Error::parse(
            "Xs",
            "a ternary secret of weight H, or of density P = 2/3, is understood",
        )),
    }
}

/// What is wrong with JSON, in no more words than a line.
pub fn fault(place: &str, e: &serde_json::Error) -> Error {
    let words = e.to_string();
    let shown: String = words
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect();
    Error::parse(place, shown)
}
