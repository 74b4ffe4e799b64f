//! Single-field mutations of certificates: whatever the checker still accepts is still true.
//!
//! Certificates of every function, both verdict directions, odd and not odd composites are made, and
//! those in `certificates/` are added. 20,000 times one string, digit, list or field of a random one
//! is changed; a changed table mostly gets its new digest. Another 10,000 times a hint of a certificate
//! with one bound too good to be true is changed. Every statement of a report is
//! then proved again from the report's exact polynomials: by the certifier's own engine, prepared
//! afresh, and by the oracle at sampled points and at the stated witnesses.

use crate::support::effort::multiplier;
use crate::support::oracle::generator::ckk19;
use crate::support::oracle::judge::{self, convert, Judge};
use crate::support::oracle::{rational, Random};
use polycert::approx::{design, round_design, Fit, Scaling};
use polycert::arith::number;
use polycert::arith::rounding::CoefficientMode;
use polycert::certificate::composite::document;
use polycert::certificate::publish;
use polycert::certify::proof::{prove, Request};
use polycert::function::shape::Shape;
use polycert::function::target::{Function, Target};
use polycert::poly::component::{Basis, Component};
use polycert::poly::composite::Composite;
use polycert::poly::table::{Domain, Table};
use polycert_checker::{check, Outcome};
use rug::{Integer, Rational};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Mutations in all; two thirds of them single ones of a true certificate.
const MUTATIONS: usize = 30_000;

fn table(components: Vec<Component>, eps: (u32, u32)) -> Table {
    Table {
        name: "mutation".to_owned(),
        target: Function::Relu,
        output: polycert::poly::table::Output::default(),
        slope: None,
        ends: None,
        smooth: None,
        domain: Domain {
            lo: Rational::from(-1),
            hi: Rational::from(1),
            eps: Some(Rational::from(eps)),
        },
        components,
        provenance: BTreeMap::from([("source".to_owned(), "test".to_owned())]),
    }
}

fn minimax(degrees: &[usize], eps: (u32, u32), basis: Basis) -> Table {
    let found = design(degrees, &Fit::Eps(Rational::from(eps)), &Rational::new()).unwrap();
    table(round_design(&found, basis, Scaling::None, 40), eps)
}

/// A certificate of a table; the claim is this factor times the proved upper bound.
fn certificate(table: &Table, function: Function, claim: f64, edit: fn(&mut Request)) -> String {
    let mut request = Request::new(Target::new(function));
    edit(&mut request);
    let first = prove(table, &request).unwrap();
    if claim > 0.0 {
        // 1 is for the middle of the enclosure.
        request.claim = Some(if claim == 1.0 {
            Rational::from(&first.bound_lo + &first.bound_hi) / 2u32
        } else {
            &first.bound_hi * rational(claim)
        });
    }
    let proof = prove(table, &request).unwrap();
    let (text, _) = publish::checked(document(table, &proof)).unwrap();
    text
}

/// The certificates that are mutated.
fn originals() -> Vec<String> {
    let small = minimax(&[3, 5], (1, 16), Basis::Power);
    let middle = minimax(&[5, 7], (1, 32), Basis::Chebyshev);
    // Its ReLU error is largest at a hump near 0, inside a cell of order 1.
    let humped = minimax(&[7, 7], (1, 4), Basis::Power);
    let mut skew = small.clone();
    skew.components[0].coefficients[2] = Rational::from((1, 1 << 9));
    skew.components[1].coefficients[0] = Rational::from((-1, 1 << 10));
    let mut mapped = table(ckk19()[..1].to_vec(), (1, 2));
    mapped.components[0].scale = Rational::from((7, 8));
    mapped.components[0].offset = Rational::from((1, 100));
    let cleaned = table(vec![ckk19()[5].clone(), ckk19()[1].clone()], (1, 4));
    let brief: fn(&mut Request) = |r| r.only_error = true;
    let mut all = vec![
        certificate(&small, Function::Relu, 1.5, |r| r.gap = 1e-4),
        certificate(&small, Function::Relu, 0.5, |r| {
            r.gap = 1e-6;
            r.rho = Some(Rational::from((1, 64)));
        }),
        certificate(&middle, Function::Relu, 1.0, brief),
        certificate(&humped, Function::Relu, 2.0, |r| {
            r.only_error = true;
            r.gap = 1e-2;
        }),
        certificate(&middle, Function::Sign, 2.0, brief),
        certificate(&small, Function::Step, 0.9, |r| r.gap = 1e-3),
        certificate(&small, Function::LeakyRelu, 1.25, |r| {
            r.target.slope = Rational::from((1, 100));
            r.target.scale = Rational::from(10);
            r.gap = 1e-3;
        }),
        certificate(&middle, Function::Max, 0.0, |r| {
            r.only_error = true;
            r.gap = 1e-3;
        }),
        certificate(&small, Function::Max, 1.25, |r| {
            r.only_error = true;
            r.gap = 1e-3;
            r.to = Some(Rational::from((33, 32)));
        }),
        certificate(&small, Function::MaxPool, 3.0, |r| {
            r.only_error = true;
            r.gap = 1e-3;
        }),
        certificate(&middle, Function::MaxPool, 0.01, |r| {
            r.only_error = true;
            r.target.inputs = 9;
            r.gap = 1e-3;
        }),
        certificate(&skew, Function::Relu, 1.0, |r| r.gap = 1e-3),
        certificate(&skew, Function::Sign, 1.5, |r| {
            r.coefficients = CoefficientMode::F64;
        }),
        certificate(&skew, Function::MaxPool, 0.0, |r| {
            r.only_error = true;
            r.gap = 1e-3;
        }),
        certificate(&mapped, Function::Relu, 1.5, |r| {
            r.coefficients = CoefficientMode::F32;
            r.gap = 1e-3;
        }),
        certificate(&cleaned, Function::Sign, 1.0, |r| {
            r.coefficients = CoefficientMode::Fixed(9);
        }),
    ];
    for (shape, gap) in [(Shape::Sign, 4), (Shape::Clip, 0), (Shape::Abs, 0)] {
        let mut direct = table(
            vec![ckk19()[1].clone(), mapped.components[0].clone()],
            (1, 4),
        );
        direct.domain.eps = (gap > 0).then(|| Rational::from((1, gap)));
        all.push(certificate(&direct, Function::Direct(shape), 1.5, |r| {
            r.target.ends = (Rational::from((-1, 2)), Rational::from((2, 3)));
        }));
    }
    for function in [Function::Abs, Function::Clip, Function::Argmax] {
        all.push(certificate(&skew, function, 0.0, |r| {
            r.only_error = true;
            r.gap = 1e-3;
            r.target.scale = Rational::from(3);
            r.target.inputs = 3;
            r.claim = Some(Rational::from((9, 10)));
        }));
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates");
    let mut shipped: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.to_string_lossy().ends_with(".cert.json"))
        .collect();
    shipped.sort();
    all.extend(shipped.iter().map(|p| std::fs::read_to_string(p).unwrap()));
    all
}

/// A pointer to a random node: strings and containers alike, and its path.
fn random_node(tree: &Value, part: &str, random: &mut Random) -> String {
    fn walk(tree: &Value, path: &str, all: &mut Vec<String>) {
        match tree {
            Value::Object(fields) => {
                for (key, child) in fields {
                    walk(child, &format!("{path}/{key}"), all);
                }
            }
            Value::Array(items) => {
                for (i, child) in items.iter().enumerate() {
                    walk(child, &format!("{path}/{i}"), all);
                }
            }
            _ => {}
        }
        if !path.is_empty() {
            all.push(path.to_owned());
        }
    }
    // A part first, so that thousands of hints do not crowd out the claims.
    let mut all = Vec::new();
    let parts = ["/claims", "/claims", "/branches", "/table", ""];
    let part = if part.is_empty() {
        random.pick(&parts)
    } else {
        part
    };
    if part == "/claims" {
        // One claim, and half of the time not its cells.
        let n = tree["claims"].as_array().map_or(0, Vec::len);
        let path = format!("/claims/{}", random.below(n));
        walk(tree.pointer(&path).unwrap(), &path, &mut all);
        if random.chance(0.6) {
            all.retain(|p| !p.contains("/cells/"));
        }
    } else {
        // A certificate about p itself has no branches.
        match tree.pointer(part) {
            Some(node) => walk(node, part, &mut all),
            None => walk(&tree["claims"], "/claims", &mut all),
        }
    }
    random.pick(&all)
}

/// Another spelling of a number: nearby, of the other sign, or far away.
fn changed_number(text: &str, random: &mut Random) -> Option<String> {
    let (mantissa, rest) = match text.find(['*', '/']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let m = Integer::from_str_radix(mantissa, 10).ok()?;
    let scaled = |f: f64| (&m * rational(f)).round().numer().clone();
    if random.chance(0.2) {
        // The last places of a long number.
        let x = number::parse(text).ok()?;
        let bits = 20 + random.below(100) as u32;
        let by = Rational::from(random.pick(&[-1, 1, 3])) >> bits;
        return Some(number::write(&(&x * by + &x)));
    }
    let new = match random.below(9) {
        0 => Integer::from(&m + 1),
        1 => Integer::from(&m - 1),
        2 => Integer::from(-&m),
        3 => scaled(1.0 + 1e-6 * random.signed()),
        4 => scaled(1.0 + 0.3 * random.signed()),
        5 => scaled((10.0 * random.signed()).exp2()),
        6 => Integer::from(1) << random.below(40) as u32,
        7 if rest.starts_with("*2^") => {
            let e: i64 = rest[3..].parse().ok()?;
            let by = random.pick(&[-1, 1, -3, 3, 10]);
            return Some(format!("{m}*2^{}", e + by));
        }
        7 if rest.starts_with('/') => {
            let d = Integer::from_str_radix(&rest[1..], 10).ok()?;
            return Some(format!("{m}/{}", d + random.pick(&[-1, 1, 7])));
        }
        _ => {
            // One digit.
            let mut digits: Vec<u8> = text.bytes().collect();
            let places: Vec<usize> = (0..digits.len())
                .filter(|&i| digits[i].is_ascii_digit())
                .collect();
            let at = random.pick(&places);
            digits[at] = b'0' + random.below(10) as u8;
            return String::from_utf8(digits).ok();
        }
    };
    Some(format!("{new}{rest}"))
}

/// Any string of the document.
fn strings(tree: &Value, all: &mut Vec<String>) {
    match tree {
        Value::Object(fields) => fields.values().for_each(|v| strings(v, all)),
        Value::Array(items) => items.iter().for_each(|v| strings(v, all)),
        Value::String(s) => all.push(s.clone()),
        _ => {}
    }
}

/// Makes one bound a little too good to be true: no change of a hint may get it accepted.
fn lie(tree: &mut Value, random: &mut Random) -> Option<usize> {
    let claims = tree["claims"].as_array_mut()?;
    let n = claims.len() - 1; // not the target
    let k = random.below(n);
    let claim = &mut claims[k];
    let bound = match claim.get_mut("ranges") {
        Some(ranges) => {
            let ranges = ranges.as_array_mut()?;
            let i = random.below(ranges.len());
            ranges[i].get_mut(1)?
        }
        None => claim.get_mut("hi")?,
    };
    let x = number::parse(bound.as_str()?).ok()?;
    let less = Rational::from(&x >> random.pick(&[4u32, 6, 10, 14]));
    *bound = Value::String(number::write(&(x - less)));
    Some(k)
}

/// What a forger would do for claim k: move a box off its critical point, or merge cells of an order.
fn forge(tree: &mut Value, k: usize, random: &mut Random) -> Option<String> {
    if random.chance(0.5) && tree["claims"][k].get("cells").is_some() {
        let lists = tree["claims"][k]["cells"].as_array_mut()?;
        let list = random.below(lists.len());
        let cells = &mut lists[list];
        let mut orders = cells["orders"].as_str()?.to_owned();
        let points = cells["points"].as_array_mut()?;
        for _ in 0..1 + random.below(3) {
            if points.len() > 2 {
                let i = 1 + random.below(points.len() - 2);
                points.remove(i);
                orders.remove(i);
            }
        }
        cells["orders"] = Value::String(orders);
        return Some(format!("/claims/{k}/cells/{list}"));
    }
    let mut paths = Vec::new();
    let claim = &tree["claims"][k];
    let own = claim
        .get("pieces")
        .map(|p| (format!("/claims/{k}/pieces"), p));
    let parts = claim["parts"].as_array().into_iter().flatten().enumerate();
    let parts = parts.map(|(i, p)| (format!("/claims/{k}/parts/{i}/pieces"), &p["pieces"]));
    for (path, pieces) in own.into_iter().chain(parts) {
        for (j, segment) in pieces.as_array()?.iter().enumerate() {
            let boxes = segment["boxes"].as_array()?.len();
            paths.extend((0..boxes).map(|n| format!("{path}/{j}/boxes/{n}")));
        }
    }
    let branches = tree["branches"].as_array().into_iter().flatten();
    for (b, branch) in branches.enumerate() {
        for (i, stage) in branch["stages"].as_array()?.iter().enumerate() {
            for kind in ["value", "slope"] {
                for (j, s) in stage[kind].as_array().into_iter().flatten().enumerate() {
                    for n in 0..s["boxes"].as_array()?.len() {
                        let at = format!("/branches/{b}/stages/{i}/{kind}/{j}/boxes/{n}");
                        paths.push(at);
                    }
                }
            }
        }
    }
    if paths.is_empty() {
        return None;
    }
    let path = random.pick(&paths);
    let by = rational(random.signed() * 0.5) >> random.below(8) as u32;
    for end in tree.pointer_mut(&path)?.as_array_mut()? {
        let x = number::parse(end.as_str()?).ok()?;
        *end = Value::String(number::write(&(x + &by)));
    }
    Some(path)
}

/// One mutation; none if it changed nothing. `part` is where, anywhere if empty.
fn mutate(original: &Value, part: &str, random: &mut Random) -> Option<(Value, String)> {
    let mut tree = original.clone();
    let path = random_node(&tree, part, random);
    let (parent, key) = path.rsplit_once('/')?;
    let (parent, key) = (parent.to_owned(), key.to_owned());
    let structural = random.chance(0.15);
    match tree.pointer_mut(&path)? {
        Value::String(text) if !structural => {
            let new = if key == "orders" && !text.is_empty() {
                let mut digits = text.clone().into_bytes();
                let at = random.below(digits.len());
                digits[at] = b'0' + b'1' - digits[at];
                String::from_utf8(digits).ok()?
            } else if random.chance(0.15) {
                let mut all = Vec::new();
                strings(original, &mut all);
                random.pick(&all)
            } else if key == "verdict" {
                random.pick(&["PROVED", "REFUTED", "UNDECIDED"]).to_owned()
            } else if key == "function" {
                random.pick(&Function::ALL).1.to_owned()
            } else if key == "coefficients" && path == "/coefficients" {
                random
                    .pick(&["exact", "f64", "f32", "fixed:9", "fixed:60"])
                    .to_owned()
            } else {
                changed_number(text, random).unwrap_or_else(|| format!("{text}0"))
            };
            *text = new;
        }
        Value::Array(items) if !items.is_empty() => {
            let (i, j) = (random.below(items.len()), random.below(items.len()));
            match random.below(4) {
                0 => {
                    items.remove(i);
                }
                1 => items.insert(i, items[i].clone()),
                2 => items.insert(j, items[i].clone()),
                _ => items.swap(i, j),
            }
        }
        _ => match tree.pointer_mut(&parent)? {
            Value::Object(fields) => {
                fields.remove(&key);
            }
            Value::Array(items) => {
                items.remove(key.parse().ok()?);
            }
            _ => return None,
        },
    }
    if path.starts_with("/table/") && random.chance(0.7) {
        // A new digest, so that the table itself is what is tried.
        if let Ok(table) = Table::from_json(&tree["table"].to_string()) {
            tree["table_sha256"] = Value::String(table.sha256());
        }
    }
    (tree != *original).then_some((tree, path))
}

#[derive(Debug, Default)]
struct Tally {
    mutations: usize,
    on_lies: usize,
    unreadable: usize,
    rejected: usize,
    accepted: usize,
    accepted_tables: usize,
    proved_again: usize,
    not_prepared: usize,
    false_statements: Vec<String>,
}

fn run(seed: u64, count: usize, tally: &mut Tally) {
    let mut random = Random(seed);
    let originals: Vec<Value> = originals()
        .iter()
        .map(|t| serde_json::from_str(t).unwrap())
        .collect();
    let mut judges: HashMap<String, Option<Judge>> = HashMap::new();
    while tally.mutations < count {
        let original = &originals[random.below(originals.len())];
        // Every third on top of a lie, mostly to the hints of the branches.
        let mut base = original.clone();
        let lied = if tally.mutations % 3 == 2 {
            lie(&mut base, &mut random)
        } else {
            None
        };
        let forged = match lied.filter(|_| random.chance(0.8)) {
            Some(k) => forge(&mut base, k, &mut random).map(|path| (base.clone(), path)),
            None => mutate(
                &base,
                if lied.is_some() { "/branches" } else { "" },
                &mut random,
            ),
        };
        let Some((tree, path)) = forged else { continue };
        tally.mutations += 1;
        tally.on_lies += usize::from(lied.is_some());
        let text = tree.to_string();
        let report = match check(text.as_bytes()) {
            Outcome::Verified(report) => report,
            Outcome::Rejected { .. } => {
                tally.rejected += 1;
                continue;
            }
            Outcome::Unreadable { .. } => {
                tally.unreadable += 1;
                continue;
            }
        };
        tally.accepted += 1;
        tally.accepted_tables += usize::from(path.starts_with("/table/components"));
        let components: Vec<Vec<Rational>> = report
            .components()
            .iter()
            .map(|c| c.iter().map(convert).collect())
            .collect();
        let reach = judge::reach(&report);
        let key = format!("{} {} {reach}", report.table_sha256(), report.mode());
        let composite = Composite::from_stages(components);
        let judge = judges
            .entry(key)
            .or_insert_with(|| Judge::new(composite, &reach));
        let Some(judge) = judge else {
            tally.not_prepared += 1;
            continue;
        };
        let statements = report.statements();
        let verdicts: Vec<Result<(), String>> = (0..statements.len())
            .map(|i| judge.statement(&statements[i], &statements[..i]))
            .collect();
        match verdicts.into_iter().find_map(Result::err) {
            None => tally.proved_again += 1,
            Some(why) => tally
                .false_statements
                .push(format!("{path}: {why}\n{text}")),
        }
    }
}

#[test]
fn what_is_accepted_is_true() {
    let start = std::time::Instant::now();
    let halves = [11, 12].map(|seed| {
        std::thread::spawn(move || {
            let mut tally = Tally::default();
            run(seed, MUTATIONS * multiplier() as usize / 2, &mut tally);
            tally
        })
    });
    let mut accepted = 0;
    for half in halves {
        let mut tally = half.join().unwrap();
        let failures = std::mem::take(&mut tally.false_statements);
        println!("{:.1} s: {tally:?}", start.elapsed().as_secs_f64());
        for f in failures.iter().take(5) {
            println!("FALSE {f}");
        }
        let what = failures.first();
        assert!(failures.is_empty(), "{} false: {what:?}", failures.len());
        assert_eq!(tally.accepted, tally.proved_again, "not all proved again");
        assert!(tally.accepted_tables > 0, "no changed table was accepted");
        accepted += tally.accepted;
    }
    assert!(
        accepted * 50 > MUTATIONS * multiplier() as usize,
        "too few to judge"
    );
}
