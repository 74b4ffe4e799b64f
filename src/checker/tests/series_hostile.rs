//! Certificates of smooth functions that are made to cost much, or changed at random: bounded work, and no statement
//! that is false.

// Hints and judgements are in floats; the checker has none.
#![allow(clippy::disallowed_types, clippy::type_complexity)]

mod common;
use common::smooth::*;
use common::*;
use polycert_checker::{Outcome, Requirement};
use serde_json::{json, Value};
use std::time::{Duration, Instant};

/// Far above a second, for machines that do other things as well.
const LONGEST: Duration = Duration::from_secs(8);

/// exp on [-1, 1] to three places.
fn exp() -> Case<'static> {
    const P: &[&[f64]] = &[&[0.994140625, 0.9970703125, 0.54296875, 0.1767578125]];
    plain("exp(x)", &f64::exp, P, &[(-1.0, 1.0)])
}

/// The certificate with other formulas, precision and degree, and one bare piece.
fn hostile(function: &str, value: &str, precision: &str, degree: &str, components: Value) -> Value {
    let mut certificate = exp().certificate();
    certificate["precision"] = precision.into();
    certificate["table"]["components"] = components;
    for place in ["/claims/0", "/table"] {
        let place = certificate.pointer_mut(place).unwrap();
        place["function"] = function.into();
        place["value"] = value.into();
    }
    let cell = certificate
        .pointer_mut("/claims/0/parts/0/cells/0")
        .unwrap();
    cell["degree"] = degree.into();
    cell["pieces"] = json!([{"lo": "-1", "hi": "1", "boxes": []}]);
    sign(&mut certificate);
    certificate
}

#[test]
fn the_work_is_limited() {
    let line = json!([{"basis": "power", "coefficients": ["0", "1"]}]);
    let many = json!((0..32)
        .map(|_| json!({"basis": "chebyshev", "coefficients": vec!["1/3"; 256]}))
        .collect::<Vec<Value>>());
    let nest = |name: &str, times: usize| {
        format!(
            "{}x/9{}",
            format!("{name}(").repeat(times),
            ")".repeat(times)
        )
    };
    let sum = |part: &str, times: usize| vec![part; times].join("+");
    let cases = [
        (nest("gelu", 60), "p".to_owned(), &line),
        (nest("gelu_tanh", 60), "p".to_owned(), &line),
        (nest("asin", 60), "p".to_owned(), &line),
        (nest("sin", 60), "p".to_owned(), &line),
        (
            format!("{}x{}", "root(9, 2+".repeat(60), ")".repeat(60)),
            "p".to_owned(),
            &line,
        ),
        (sum("gelu(x)", 80), "p".to_owned(), &line),
        (sum("sin(1e6*x)", 40), "p".to_owned(), &line),
        (sum("erf(x+20)", 40), "p".to_owned(), &line),
        (sum("exp(4095+x/9)", 25), "p".to_owned(), &line),
        (sum("(2+x)^1000", 40), "p".to_owned(), &line),
        (sum("root(63, 2+x)", 40), "p".to_owned(), &line),
        (sum("1/(2+x)", 36), "p".to_owned(), &line),
        ("x".to_owned(), sum("p^1024", 60), &many),
        ("x".to_owned(), "p".to_owned(), &many),
    ];
    for (function, value, components) in &cases {
        for (precision, degree) in [("64", "512"), ("512", "64"), ("2048", "512"), ("2048", "8")] {
            let certificate = hostile(function, value, precision, degree, (*components).clone());
            let text = certificate.to_string();
            let start = Instant::now();
            let outcome = polycert_checker::check(text.as_bytes());
            let spent = start.elapsed();
            let name: String = function.chars().take(30).collect();
            println!("{name} {precision} {degree}: {spent:?}");
            assert!(spent < LONGEST, "{name}, {precision}, {degree}: {spent:?}");
            assert!(
                !matches!(outcome, Outcome::Verified(_)),
                "{name}: {outcome}"
            );
        }
    }
}

#[test]
fn many_cells_are_limited() {
    let mut certificate = hostile(
        "gelu(x)",
        "p",
        "512",
        "64",
        json!([{"basis": "power", "coefficients": ["0", "1"]}]),
    );
    let cell = |k: i64| {
        json!({"to": format!("{k}*2^-13"), "degree": "64",
        "pieces": [{"lo": "-1", "hi": "1", "boxes": []}]})
    };
    certificate["claims"][0]["hi"] = "9".into();
    certificate["claims"][0]["parts"][0]["cells"] = (-8191..=8192).map(cell).collect();
    let text = certificate.to_string();
    let start = Instant::now();
    let outcome = polycert_checker::check(text.as_bytes()).to_string();
    let spent = start.elapsed();
    println!("many cells: {spent:?}");
    assert!(spent < LONGEST, "{spent:?}");
    assert!(outcome.contains("units of work"), "{outcome}");
}

/// Every text of a document, by its place.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(path.to_owned()),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                places(item, &format!("{path}/{i}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                places(item, &format!("{path}/{name}"), found);
            }
        }
        _ => {}
    }
}

fn number(text: &str) -> f64 {
    if let Some((n, k)) = text.split_once("*2^") {
        return n.parse::<f64>().unwrap() * 2_f64.powi(k.parse().unwrap());
    }
    match text.split_once('/') {
        Some((n, d)) => n.parse::<f64>().unwrap() / d.parse::<f64>().unwrap(),
        None => text.parse().unwrap(),
    }
}

const FORMULAS: [(&str, fn(f64) -> f64); 8] = [
    ("exp(x)", f64::exp),
    ("exp(x) ", f64::exp),
    ("1 + x", |x| 1.0 + x),
    ("exp(2*x)", |x| (2.0 * x).exp()),
    ("sin(x)", f64::sin),
    ("sqrt(x)", f64::sqrt),
    ("sqrt(x + 1)", |x| (x + 1.0).sqrt()),
    ("1/(x + 3)", |x| 1.0 / (x + 3.0)),
];
const VALUES: [(&str, fn(f64, f64) -> f64); 7] = [
    ("p", |_, p| p),
    ("x*p", |x, p| x * p),
    ("p + 1/100000", |_, p| p + 1e-5),
    ("1/p", |_, p| 1.0 / p),
    ("y = p; y", |_, p| p),
    ("y = p + x; z = y - x; z*1", |_, p| p),
    ("y = p + 1/1000; 2*y - p", |_, p| p + 2e-3),
];
const ERRORS: [(&str, fn(f64, f64, f64) -> f64); 4] = [
    ("absolute", |_, g, f| g - f),
    ("relative", |_, g, f| g / f - 1.0),
    ("weight:1", |_, g, f| g - f),
    ("weight:exp(-x)", |x, g, f| (-x).exp() * (g - f)),
];

/// Whether the claim 0 of a document is true, by dense sampling in floats.
fn is_true(certificate: &Value) -> bool {
    let claim = &certificate["claims"][0];
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let f = FORMULAS
        .iter()
        .find(|(name, _)| claim["function"] == *name)
        .unwrap()
        .1;
    let value = claim.get("value").map_or("p".to_owned(), text);
    let g = VALUES.iter().find(|(name, _)| value == *name).unwrap().1;
    let e = ERRORS
        .iter()
        .find(|(name, _)| claim["error"] == *name)
        .unwrap()
        .1;
    let mode = certificate["coefficients"] != "exact";
    let components = certificate["table"]["components"].as_array().unwrap();
    let p = |x: f64| {
        components.iter().fold(x, |y, c| {
            let (scale, offset) = match c.get("input_map") {
                Some(map) => (number(&text(&map["scale"])), number(&text(&map["offset"]))),
                None => (1.0, 0.0),
            };
            let u = scale * y + offset;
            let (mut before, mut now, mut sum) = (0.0, 1.0, 0.0);
            for (j, c) in c["coefficients"].as_array().unwrap().iter().enumerate() {
                sum += number(&text(c)) * now;
                let next = match components[0]["basis"] == "chebyshev" && j > 0 {
                    true => 2.0 * u * now - before,
                    false => u * now,
                };
                before = now;
                now = next;
            }
            sum
        })
    };
    // Coefficients rounded to fewer bits move the error.
    let slip = if mode { 1e-2 } else { 1e-12 };
    let error = |x: f64| e(x, g(x, p(x)), f(x)).abs();
    let hi = number(&text(&claim["hi"]));
    let parts = claim["parts"].as_array().unwrap();
    let bounded = parts.iter().all(|part| {
        let (from, to) = (number(&text(&part["from"])), number(&text(&part["to"])));
        (0..=2_000).all(|k| {
            let at = error(from + (to - from) * f64::from(k) / 2_000.0);
            at.is_nan() || at <= hi + slip
        })
    });
    let witness = &claim["witness"];
    let (x, lo) = (number(&text(&witness["x"])), number(&text(&witness["lo"])));
    bounded && error(x) + slip >= lo
}

#[test]
fn changed_certificates_prove_nothing_false() {
    let mut cases = vec![exp().certificate()];
    let mut case = exp();
    case.cuts = &[-0.25, 0.5];
    case.error = RELATIVE;
    cases.push(case.certificate());
    let shifted: &[&[f64]] = &[&[0.5, 0.5], &[0.994140625, 0.9970703125, 0.54296875]];
    let mut case = plain("exp(x)", &f64::exp, shifted, &[(-1.0, -0.25), (0.25, 1.0)]);
    case.value = Some(("x*p", &|x, p| x * p));
    case.error = ("weight:exp(-x)", &|x, g, f| (-x).exp() * (g - f));
    cases.push(case.certificate());
    let mut seed = 5_u64;
    let mut random = |n: usize| {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 33) as usize % n
    };
    let mut counts = (0, 0);
    for case in &cases {
        verified(case);
        assert!(is_true(case));
        let mut all = Vec::new();
        places(case, "", &mut all);
        for _ in 0..2_000 {
            let mut changed = case.clone();
            for _ in 0..1 + random(2) {
                let at = &all[random(all.len())];
                let old = changed.pointer(at).unwrap().as_str().unwrap().to_owned();
                let other = all[random(all.len())].clone();
                let other = case.pointer(&other).unwrap().as_str().unwrap().to_owned();
                let digits: Vec<usize> = old
                    .match_indices(|c: char| c.is_ascii_digit())
                    .map(|m| m.0)
                    .collect();
                let new = match (random(6), digits.is_empty()) {
                    (0, _) => FORMULAS[random(FORMULAS.len())].0.to_owned(),
                    (1, _) => VALUES[random(VALUES.len())].0.to_owned(),
                    (2, _) => ERRORS[random(ERRORS.len())].0.to_owned(),
                    (3, _) | (_, true) => other,
                    _ => {
                        let place = digits[random(digits.len())];
                        let digit = char::from(b'0' + random(10) as u8);
                        format!("{}{digit}{}", &old[..place], &old[place + 1..])
                    }
                };
                *changed.pointer_mut(at).unwrap() = new.into();
            }
            if random(3) > 0 {
                // The same function in both, and the right digest.
                for name in ["function", "value"] {
                    if let Some(text) = changed["claims"][0].get(name).cloned() {
                        changed["table"][name] = text;
                    }
                }
                if changed["table"]["domain"]["lo"].is_string() {
                    sign(&mut changed);
                }
            }
            let found = outcome(&changed);
            counts.0 += 1;
            if let Outcome::Verified(report) = found {
                counts.1 += 1;
                assert!(is_true(&changed), "{report}\n{changed}");
                let requirement = Requirement::parse("exp<=1000000").unwrap();
                let same = report.shortfall(&requirement).is_none();
                assert!(
                    !same || changed["claims"][0]["function"].as_str().unwrap().trim() == "exp(x)"
                );
            }
        }
    }
    // Some changes leave a true statement.
    assert!(counts.1 > 100 && counts.1 < counts.0 / 2, "{counts:?}");
}
