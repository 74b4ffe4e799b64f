//! Bad evaluation certificates of p itself: each condition with its message, and mutations, none of which is accepted
//! where its statement is false.

use crate::support::effort::multiplier;
use polycert::arith::rounding::CoefficientMode;
use polycert::certificate::composite::document;
use polycert::certificate::evaluation::{certify, Certified, Wanted};
use polycert::certify::proof::prove;
use polycert::certify::request::Request;
use polycert::ckks::parameters::rng::Rng;
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::ckks::scheme::encrypt::Encryption;
use polycert::function::formula::{Difference, Measure};
use polycert::function::program::Program;
use polycert::function::target::{Function, Target};
use polycert::noise::composite::bound::Input;
use polycert::poly::composite::{horner, Composite};
use polycert::poly::table::Table;
use polycert_checker::{check, Outcome};
use rug::{Integer, Rational};
use serde_json::{json, Value};

/// exp(x) on [-3, -1] in two stages: y = x/2 + 1/8, then e^(2y - 1/4) by its Taylor polynomial around the middle.
fn table() -> Table {
    let mut c = Vec::new();
    let mut factor = Rational::from((1, 10));
    for j in 1..=7u32 {
        c.push(factor.to_string());
        factor = factor * 2u32 / j;
    }
    // e^-2 around x = -2, y = -7/8: coefficients in powers of y + 7/8, by the input map.
    let outer =
        json!({"basis": "power", "input_map": {"scale": "1", "offset": "7/8"}, "coefficients": c});
    let inner = json!({"basis": "power", "coefficients": ["1/8", "1/2"]});
    table_of(vec![inner, outer])
}

/// exp(x) on [-3, -1].
fn table_of(components: Vec<Value>) -> Table {
    let all = json!({
        "format": "polycert-table/1", "name": "t", "target": "smooth", "function": "exp(x)",
        "domain": {"lo": "-3", "hi": "-1"}, "components": components,
    });
    Table::from_json(&all.to_string()).unwrap()
}

fn target(table: &Table, measure: Measure, value: Option<&str>) -> Target {
    let mut target = Target::new(Function::Smooth);
    target.smooth = Some(Difference {
        function: table.smooth.as_ref().unwrap().function.clone(),
        value: value.map(|text| Program::parse(text).unwrap()),
        measure,
    });
    target
}

fn made(table: &Table) -> Box<Certified> {
    let parameters = Parameters::new(&Literal::set_a()).unwrap();
    let wanted = Wanted {
        target: target(table, Measure::default(), None),
        input: Input::Fresh(Encryption::PublicExtended),
        within: None,
        k: Some(40),
        level: None,
        scale: None,
        margin: None,
    };
    let made = certify(table, &parameters, &wanted).unwrap();
    made.unwrap_or_else(|margin| panic!("{margin}"))
}

/// The certificate of another statement about the same table, to be embedded.
fn other(table: &Table, measure: Measure, value: Option<&str>) -> Value {
    let mut stated = table.clone();
    stated.smooth.as_mut().unwrap().value = value.map(|text| Program::parse(text).unwrap());
    let mut request = Request::new(target(&stated, measure, value));
    request.only_error = true;
    let proof = prove(&stated, &request).unwrap();
    serde_json::to_value(document(&stated, &proof)).unwrap()
}

#[test]
fn every_condition_has_its_bad_certificate() {
    let table = table();
    let good: Value = serde_json::from_str(&made(&table).text).unwrap();
    let nodes = good["nodes"].as_array().unwrap();
    let shift = nodes.iter().position(|n| n[0] == "add_constant").unwrap();
    let product = nodes.iter().position(|n| n[0] == "mul_constant").unwrap();
    let cells = good["blocks"][0]["cells"][0].as_array().unwrap().clone();
    let with = |changes: &[(&str, Value)]| {
        let mut bad = good.clone();
        for (path, value) in changes {
            *bad.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value.clone();
        }
        assert_ne!(bad, good);
        check(bad.to_string().as_bytes()).to_string()
    };
    let end = |first: &str, last: &str| {
        let mut cells = cells.clone();
        let n = cells.len();
        (cells[0], cells[n - 1]) = (first.into(), last.into());
        Value::Array(cells)
    };
    let one = good["branches"][0].clone();
    let mut negative = one.clone();
    negative["side"] = "negative".into();
    let mut both = one.clone();
    both["side"] = "both".into();
    let fits = "branches and reaches do not fit the table";
    let at = |i: usize, entry: usize| format!("/nodes/{i}/{entry}");
    let cases: Vec<(Vec<(&str, Value)>, &str)> =
        vec![
        (vec![("/branches", json!([both]))], fits),
        (vec![("/branches", json!([negative]))], fits),
        (vec![("/branches", json!([one, negative]))], fits),
        (
            vec![("/centres", json!(["-2"]))],
            "E2 task: there is not one centre for each reach",
        ),
        (
            vec![("/centres/0", "-1".into())],
            "E2 task: the first stage is not given x less its centre",
        ),
        (
            vec![("/centres/0", "0".into())],
            "E2 task: the first stage is not given x in units of its reach",
        ),
        (
            vec![("/centres/1", "-1".into())],
            "at u = 0 it is not the table's polynomial",
        ),
        (
            vec![("/blocks/0/cells/0", end("-2999*2^-10", "-1"))],
            "E5 cells: the cells do not cover the domain in order",
        ),
        (
            vec![("/blocks/0/cells/0", end("-3", "-1025*2^-10"))],
            "E5 cells: the cells do not cover the domain in order",
        ),
        (
            vec![("/input", "given:1/10".into())],
            "E5 margin: branch positive, cell 0: stage 0: its inputs with noise leave the domain of the slope",
        ),
        (
            vec![("/certificate", other(&table, Measure::Relative, None))],
            "E2 task: the embedded certificate is not about the absolute error",
        ),
        (
            vec![("/certificate", other(&table, Measure::default(), Some("p^2 + 1/7")))],
            "E2 task: the embedded certificate is not about p itself, but about a value made of it",
        ),
        (vec![("/noise", "1*2^-60".into())], "E5 noise"),
        (vec![("/error", good["noise"].clone())], "E6 error"),
    ];
    assert!(matches!(
        check(good.to_string().as_bytes()),
        Outcome::Verified(_)
    ));
    let mut wrong = Vec::new();
    let mut hold = |said: String, message: &str| {
        if !said.contains(message) {
            wrong.push(format!("{message:?} is not in {said}"));
        }
    };
    for (changes, message) in &cases {
        hold(with(changes), message);
    }
    let path = at(shift, 3);
    hold(
        with(&[(path.as_str(), "1/3".into())]),
        "E2 task: the first stage is not given x less its centre",
    );
    let path = at(product, 3);
    hold(with(&[(path.as_str(), "1/3".into())]), "E2 stage: node");
    let path = at(product, 4);
    let long = format!("1*2^{}", 16_385);
    hold(
        with(&[(path.as_str(), long.into())]),
        "the exponent of a dyadic is between -16384 and 16384",
    );
    hold(
        with(&[(path.as_str(), "1".repeat(8_193).into())]),
        "a number has at most 8192 characters",
    );
    // The input that is farthest from 0 is the least here; of one stage of degree 1 every scale is free.
    let line = table_of(vec![
        json!({"basis": "power", "coefficients": ["1/3", "1/9"]}),
    ]);
    let mut line: Value = serde_json::from_str(&made(&line).text).unwrap();
    *line.pointer_mut("/nodes/0/2").unwrap() = "1*2^82".into();
    hold(
        check(line.to_string().as_bytes()).to_string(),
        "E2 circuit: node 0: an input of more than 2^83 units",
    );
    // What is made of a sign has no centres.
    let path = format!(
        "{}/certificates/evaluation/relu13.a.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut sign: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    sign["centres"] = json!(["0", "0", "1/8"]);
    hold(
        check(sign.to_string().as_bytes()).to_string(),
        "E2 task: there are centres, and the target is made of a sign",
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A number of a certificate.
fn number(text: &str) -> Rational {
    match text.split_once("*2^") {
        Some((n, e)) => {
            let (n, e) = (
                Rational::from(n.parse::<Integer>().unwrap()),
                e.parse::<i32>().unwrap(),
            );
            n << e
        }
        None => text.parse().unwrap(),
    }
}

/// What the nodes compute at x, with the constants that are meant and with those that are held.
fn computed(document: &Value, x: &Rational) -> (Rational, Rational) {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let primes: Vec<Rational> = document["parameters"]["q"]
        .as_array()
        .unwrap()
        .iter()
        .map(|q| number(&text(q)))
        .collect();
    // (meant, held, scale, level)
    let mut all: Vec<(Rational, Rational, Rational, usize)> = Vec::new();
    for node in document["nodes"].as_array().unwrap() {
        let entry = |i: usize| text(&node[i]);
        // `-0` is an integer too.
        let id = |i: usize| entry(i).parse::<i64>().unwrap() as usize;
        let n = |i: usize| number(&entry(i));
        let value = match entry(0).as_str() {
            "input" => (x.clone(), x.clone(), n(2), id(1)),
            op => {
                let a = all[id(1)].clone();
                match op {
                    "mul_constant" => (a.0 * n(3), a.1 * n(2) / n(4), a.2 * n(4), a.3),
                    "add_constant" => (a.0 + n(3), a.1 + n(2) / &a.2, a.2, a.3),
                    "add" => (a.0 + &all[id(2)].0, a.1 + &all[id(2)].1, a.2, a.3),
                    "sub" => (a.0 - &all[id(2)].0, a.1 - &all[id(2)].1, a.2, a.3),
                    "mul" => {
                        let b = all[id(2)].clone();
                        (a.0 * b.0, a.1 * b.1, a.2 * b.2, a.3)
                    }
                    "rescale" => (a.0, a.1, a.2 / &primes[a.3], a.3 - 1),
                    "drop" => (a.0, a.1, a.2, id(2)),
                    "units" => (a.0 / n(2), a.1 / n(2), a.2 * n(2), a.3),
                    other => panic!("{other}"),
                }
            }
        };
        all.push(value);
    }
    let output = text(&document["output"]).parse::<i64>().unwrap() as usize;
    (all[output].0.clone(), all[output].1.clone())
}

/// Random changes of all but the embedded certificate: what is accepted computes p, and its bounds are no lower than
/// those that were proved for the same parameters.
#[test]
fn mutations_that_are_accepted_are_true() {
    let table = table();
    let c = made(&table);
    let good: Value = serde_json::from_str(&c.text).unwrap();
    let stages = &Composite::new(&table, CoefficientMode::Exact)
        .unwrap()
        .branches[0]
        .stages;
    let mut places = Vec::new();
    fn walk(value: &Value, path: String, out: &mut Vec<String>) {
        if !path.is_empty() {
            out.push(path.clone());
        }
        match value {
            Value::Object(o) => o
                .iter()
                .filter(|(k, _)| *k != "certificate")
                .for_each(|(k, v)| walk(v, format!("{path}/{k}"), out)),
            Value::Array(a) => a
                .iter()
                .enumerate()
                .for_each(|(i, v)| walk(v, format!("{path}/{i}"), out)),
            _ => {}
        }
    }
    walk(&good, String::new(), &mut places);
    let texts: Vec<String> = places
        .iter()
        .filter_map(|p| good.pointer(p).and_then(Value::as_str).map(str::to_owned))
        .collect();
    let mut rng = Rng::numbered(77, 0);
    let mut below = |n: usize| (rng.word() % n as u64) as usize;
    let (mut accepted, mut rejected) = (0, 0);
    for _ in 0..2_000 * multiplier() {
        let place = &places[below(places.len())];
        let mut bad = good.clone();
        let (kind, i, j, other) = (below(5), below(64), below(64), below(texts.len()));
        match bad.pointer_mut(place).unwrap() {
            Value::String(text) => {
                *text = match kind {
                    0 => texts[other].clone(),
                    1 => format!("-{text}"),
                    _ => {
                        // Another digit.
                        let mut bytes = text.clone().into_bytes();
                        let at = i % bytes.len();
                        if bytes[at].is_ascii_digit() {
                            bytes[at] = b'0' + (bytes[at] - b'0' + 1 + (j % 9) as u8) % 10;
                        }
                        String::from_utf8(bytes).unwrap()
                    }
                }
            }
            Value::Array(items) if !items.is_empty() => {
                let (i, j) = (i % items.len(), j % items.len());
                match kind {
                    0 => drop(items.remove(i)),
                    1 => items.insert(i, items[j].clone()),
                    _ => items.swap(i, j),
                }
            }
            Value::Object(fields) => {
                let key = fields.keys().nth(i % fields.len()).unwrap().clone();
                fields.remove(&key);
            }
            _ => {}
        }
        if bad == good {
            continue;
        }
        if !matches!(check(bad.to_string().as_bytes()), Outcome::Verified(_)) {
            rejected += 1;
            continue;
        }
        accepted += 1;
        let text = |key: &str| number(bad[key].as_str().unwrap());
        let (noise, error) = (text("noise"), text("error"));
        for k in 0..=4 {
            let x = Rational::from((2 * k - 12, 4)).min(Rational::from(-1));
            let p = stages.iter().fold(x.clone(), |y, stage| horner(stage, &y));
            let (meant, held) = computed(&bad, &x);
            assert_eq!(meant, p, "{place}");
            assert!((held - p).abs() <= noise, "{place}");
        }
        assert!(
            error >= Rational::from(&c.proof.bound_lo + &noise),
            "{place}"
        );
        // Other parameters have other noise; so has another circuit for the same polynomial.
        let same = ["parameters", "input", "k", "nodes"]
            .iter()
            .all(|key| bad.get(key) == good.get(key));
        if same {
            assert!(
                noise >= Rational::from(&c.bound_noise * 1_023u32) / 1_024u32,
                "{place}"
            );
        }
    }
    eprintln!("{accepted} accepted, {rejected} rejected");
    assert!(accepted > 20 && rejected > 4 * accepted);
}
