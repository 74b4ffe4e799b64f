//! Smooth targets: published tables against what they claim, and random tables over all functions and domains.
//!
//! What is inside is evaluated by MPFR's own functions at 300 bits, with nothing of the library's expressions or models.
//! The published tables belong to their authors: see `published_tables`.

use crate::support::effort::multiplier;
use crate::support::shared::shared;
use polycert::arith::number::{decimal, parse};
use polycert::arith::rounding::CoefficientMode;
use polycert::certify::proof::Verdict;
use polycert::jobs::certify::{certify, Answer, Request};
use polycert::jobs::values::values;
use polycert::poly::table::Table;
use rug::float::Constant;
use rug::ops::Pow;
use rug::{Float, Rational};
use serde_json::{json, Value};
use std::path::Path;

const PREC: u32 = 300;

fn float(x: &Rational) -> Float {
    Float::with_val(PREC, x)
}

fn pi() -> Float {
    Float::with_val(PREC, Constant::Pi)
}

/// A function of the variable, and what the user computes from it and the polynomial.
type F = fn(Float) -> Float;
type G = fn(Float, Float) -> Float;

fn sigmoid(x: Float) -> Float {
    (Float::with_val(PREC, -x).exp() + 1u32).recip()
}

fn gelu_tanh(x: Float) -> Float {
    let cube = Float::with_val(PREC, x.clone().square() * &x) * parse("0.044715").unwrap();
    let inner = (Float::with_val(PREC, 2) / pi()).sqrt() * (cube + &x);
    x * (inner.tanh() + 1u32) / 2u32
}

fn gelu(x: Float) -> Float {
    let inner = (x.clone() / Float::with_val(PREC, 2).sqrt()).erf();
    x * (inner + 1u32) / 2u32
}

/// (2 pi)^(-1/2^r) cos(2 pi (K x - 1/4)/2^r).
fn turned(x: Float, k: u32, r: u32) -> Float {
    let angle = (x * k - 0.25f64) * 2u32 * pi() / (1u32 << r);
    angle.cos() * Float::with_val(PREC, pi() * 2u32).recip().root(1 << r)
}

fn p_itself(_: Float, p: Float) -> Float {
    p
}

/// A published table with its reading.
struct Published {
    name: &'static str,
    function: &'static str,
    value: Option<&'static str>,
    f: F,
    g: G,
    /// OpenFHE's lists have the first coefficient doubled.
    doubled: bool,
    claim: Option<(&'static str, Verdict)>,
    coefficients: CoefficientMode,
    /// The maximum error, to 12 digits.
    error: f64,
}

const PLAIN: Published = Published {
    name: "",
    function: "",
    value: None,
    f: sigmoid,
    g: p_itself,
    doubled: false,
    claim: None,
    coefficients: CoefficientMode::Exact,
    error: 0.0,
};

fn published() -> Vec<Published> {
    vec![
        Published {
            name: "bumblebee_sigmoid_positive",
            function: "sigmoid(x)",
            error: 0.006501246919599,
            ..PLAIN
        },
        Published {
            name: "fherma_gelu22",
            function: "gelu_tanh(x)",
            f: gelu_tanh,
            claim: Some(("4.4e-4", Verdict::Refuted)),
            error: 0.0004426983992029,
            ..PLAIN
        },
        Published {
            name: "fherma_gelu24",
            function: "gelu_tanh(x)",
            value: Some("x/2 + p"),
            f: gelu_tanh,
            g: |x, p| x / 2u32 + p,
            doubled: true,
            claim: Some(("1e-3", Verdict::Proved)),
            error: 0.0007960446285948,
            ..PLAIN
        },
        Published {
            name: "fherma_parity_9digits",
            function: "cos(128*pi*x + pi)",
            f: |x| (x * 128u32 * pi() + pi()).cos(),
            claim: Some(("3e-4", Verdict::Proved)),
            error: 0.0002900418070991,
            ..PLAIN
        },
        Published {
            name: "nexus_gelu_middle",
            function: "gelu_tanh(x)",
            f: gelu_tanh,
            error: 0.0006516657050288,
            ..PLAIN
        },
        Published {
            name: "openfhe_coeff_cos_25_double",
            function: "cos(25*pi*x/2)",
            f: |x| (x * 25u32 * pi() / 2u32).cos(),
            doubled: true,
            error: 2.00645837001487e-7,
            ..PLAIN
        },
        Published {
            name: "openfhe_g_coefficientsSparse",
            function: "root(8, 1/(2*pi))*cos(2*pi*(28*x - 1/4)/8)",
            f: |x| turned(x, 28, 3),
            doubled: true,
            error: 4.071342942078e-11,
            ..PLAIN
        },
        Published {
            name: "openfhe_g_coefficientsSparseEncapsulated",
            function: "root(8, 1/(2*pi))*cos(2*pi*(16*x - 1/4)/8)",
            f: |x| turned(x, 16, 3),
            doubled: true,
            error: 6.695541145033e-12,
            ..PLAIN
        },
        Published {
            name: "openfhe_g_coefficientsUniform",
            function: "root(64, 1/(2*pi))*cos(2*pi*(512*x - 1/4)/64)",
            f: |x| turned(x, 512, 6),
            doubled: true,
            error: 6.505024454116e-15,
            ..PLAIN
        },
        Published {
            name: "puma_silu_middle",
            function: "silu(x)",
            f: |x| sigmoid(x.clone()) * x,
            error: 0.009651426290169,
            ..PLAIN
        },
        Published {
            name: "spu_atan6",
            function: "atan(x)",
            f: Float::atan,
            claim: Some(("6.3893490851163973e-6", Verdict::Refuted)),
            coefficients: CoefficientMode::F32,
            error: 6.393549401048e-6,
            ..PLAIN
        },
        Published {
            name: "spu_erf",
            function: "erf(x)",
            value: Some("1 - 1/p^4"),
            f: Float::erf,
            g: |_, p| p.pow(4u32).recip() * -1i32 + 1u32,
            claim: Some(("5e-4", Verdict::Proved)),
            error: 0.0004658794656689,
            ..PLAIN
        },
        Published {
            name: "spu_log",
            function: "log(1+x)",
            f: Float::ln_1p,
            claim: Some(("3e-8", Verdict::Refuted)),
            coefficients: CoefficientMode::F32,
            error: 4.599274940985e-8,
            ..PLAIN
        },
    ]
}

/// The table as it is used: scale to the domain, the first coefficient halved, seven doublings of the angle for parity at
/// the integers, each within 2^-30.
fn read(folder: &Path, p: &Published) -> Table {
    let text = std::fs::read_to_string(folder.join(format!("{}.json", p.name))).unwrap();
    let d: Value = serde_json::from_str(&text).unwrap();
    let chebyshev = d["basis"].as_str().unwrap().starts_with("chebyshev");
    let mut list: Vec<String> = serde_json::from_value(d["components"][0].clone()).unwrap();
    if p.doubled {
        list[0] = (parse(&list[0]).unwrap() / 2u32).to_string();
    }
    let mut first =
        json!({"basis": if chebyshev { "chebyshev" } else { "power" }, "coefficients": list});
    let mut components = Vec::new();
    let domain = if d["domain"] == "integers" {
        let near = Rational::from((1, 1u32 << 30));
        let segment = |k: i32| {
            let x = Rational::from((k - 128, 128));
            json!([
                Rational::from(&x - &near).to_string(),
                (x + &near).to_string()
            ])
        };
        let all: Vec<Value> = (0..=256).map(segment).collect();
        components.extend(vec![
            json!({"basis": "power", "coefficients": ["-1", "0", "2"]});
            7
        ]);
        json!({"lo": all[0][0], "hi": all[256][1], "segments": all})
    } else {
        let hi = parse(d["domain"][1].as_str().unwrap()).unwrap();
        if chebyshev && hi != 1u32 {
            first["input_map"] = json!({"scale": hi.recip().to_string(), "offset": "0"});
        }
        json!({"lo": d["domain"][0], "hi": d["domain"][1]})
    };
    components.insert(0, first);
    let mut table = json!({"format": "polycert-table/1", "name": p.name, "target": "smooth", "function": p.function,
        "domain": domain, "components": components, "provenance": {"source": d["source"]}});
    if let Some(value) = p.value {
        table["value"] = value.into();
    }
    Table::from_json(&table.to_string()).unwrap()
}

/// The polynomial at 300 bits, from the coefficients as they are held: Clenshaw's or Horner's scheme.
fn polynomial(table: &Table, mode: CoefficientMode, x: &Float) -> Float {
    let mut y = x.clone();
    for c in &table.components {
        let u = y * &c.scale + &c.offset;
        let held: Vec<Float> = c
            .coefficients
            .iter()
            .map(|c| float(&mode.round(c).unwrap()))
            .collect();
        let chebyshev = c.basis.name() == "chebyshev";
        let (mut b1, mut b2) = (Float::new(PREC), Float::new(PREC));
        for (j, c) in held.iter().enumerate().rev() {
            let next = match (chebyshev, j) {
                (false, _) | (true, 0) => Float::with_val(PREC, &b1 * &u) + c,
                _ => Float::with_val(PREC, &b1 * &u) * 2u32 + c,
            };
            let next = if chebyshev { next - &b2 } else { next };
            b2 = std::mem::replace(&mut b1, next);
        }
        y = b1;
    }
    y
}

/// Points of the parts: ends, and evenly inside.
fn points(table: &Table, each: u32) -> Vec<Rational> {
    let parts = table.smooth.as_ref().unwrap().parts(table.domain.ends());
    let mut all = Vec::new();
    for (lo, hi) in parts {
        for i in 0..=each {
            let width = Rational::from(&hi - &lo);
            all.push(width * Rational::from((i, each)) + &lo);
        }
    }
    all
}

/// The error at the witness is at least the lower bound, and nowhere above the upper one. Returns the largest seen.
fn inside(answer: &Answer, table: &Table, e: &dyn Fn(&Rational) -> Float, each: u32) -> Float {
    let proof = &answer.proof;
    let witness = &proof.series.as_ref().unwrap().witness_x;
    let slack = Float::with_val(PREC, 1) >> 200u32;
    let at = e(witness).abs();
    assert!(
        Float::with_val(PREC, &at + &slack) >= proof.bound_lo,
        "{} at {witness}: {at}",
        table.name
    );
    let mut most = at;
    for x in points(table, each) {
        let error = e(&x).abs();
        assert!(
            Float::with_val(PREC, &error - &slack) <= proof.bound_hi,
            "{} {:?}: {error} at {x} is beyond {}",
            table.name,
            table.smooth.as_ref().unwrap().function.text(),
            decimal(&proof.bound_hi, 20, true)
        );
        most.max_mut(&error);
    }
    most
}

#[test]
fn published_tables_are_judged() {
    let Some(folder) = shared("tables/smooth") else {
        return;
    };
    for p in published() {
        let table = read(&folder, &p);
        let request = Request {
            claim: p.claim.as_ref().map(|(c, _)| parse(c).unwrap()),
            coefficients: p.coefficients,
            ..Request::default()
        };
        let started = std::time::Instant::now();
        let answer = certify(&table, &request).unwrap_or_else(|e| panic!("{}: {e}", p.name));
        let took = started.elapsed();
        let e = |x: &Rational| {
            let x = float(x);
            (p.g)(x.clone(), polynomial(&table, p.coefficients, &x)) - (p.f)(x)
        };
        let each = if table.smooth.as_ref().unwrap().segments.is_empty() {
            4_000
        } else {
            4
        };
        let most = inside(&answer, &table, &e, each);
        let proof = &answer.proof;
        assert!(
            proof.estimate_gap() < 2.0f64.powi(-40),
            "{}: {}",
            p.name,
            proof.estimate_gap()
        );
        // Dense sampling comes close.
        let close = Float::with_val(PREC, &proof.bound_hi) * (1.0 - 1e-3);
        assert!(most > close, "{}: {most}", p.name);
        assert_eq!(
            proof.verdict,
            p.claim.as_ref().map(|(_, v)| *v),
            "{}",
            p.name
        );
        let (lo, hi) = (
            decimal(&proof.bound_lo, 20, false),
            decimal(&proof.bound_hi, 20, true),
        );
        let off = (proof.bound_hi.to_f64() / p.error - 1.0).abs();
        assert!(off < 1e-11, "{}: [{lo}, {hi}]", p.name);
        println!(
            "{} claim {} {} [{lo}, {hi}] at {}, {} bytes, {took:?}",
            p.name,
            p.claim.as_ref().map_or("-", |(c, _)| c),
            proof
                .verdict
                .map_or_else(|| "-".to_owned(), |v| v.to_string()),
            proof.series.as_ref().unwrap().witness_x,
            answer.certificate.len(),
        );
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// A short number in [lo, hi].
    fn between(&mut self, lo: f64, hi: f64) -> Rational {
        let t = self.below(1025) as f64 / 1024.0;
        let x = ((lo + (hi - lo) * t) * 64.0).round() / 64.0;
        Rational::from_f64(x.clamp(lo, hi)).unwrap()
    }
}

fn n(x: f64) -> Float {
    Float::with_val(PREC, x)
}

/// Expressions with the same by MPFR, and the interval that they are defined on.
fn functions() -> Vec<(&'static str, F, f64, f64)> {
    vec![
        ("exp(x)", Float::exp, -6.0, 6.0),
        ("exp(-x^2/2)", |x| (x.square() / -2i32).exp(), -5.0, 5.0),
        ("log(x)", Float::ln, 0.0625, 9.0),
        ("log(1+x)", Float::ln_1p, -0.9375, 4.0),
        ("sigmoid(x)", sigmoid, -12.0, 12.0),
        ("tanh(x)", Float::tanh, -6.0, 6.0),
        ("erf(x)", Float::erf, -4.0, 4.0),
        ("gelu(x)", gelu, -6.0, 6.0),
        ("gelu_tanh(x)", gelu_tanh, -6.0, 6.0),
        ("silu(x)", |x| sigmoid(x.clone()) * x, -8.0, 8.0),
        ("softplus(x)", |x| x.exp().ln_1p(), -8.0, 8.0),
        ("sin(3*x)", |x| (x * 3u32).sin(), -4.0, 4.0),
        ("cos(2*pi*x)", |x| (x * 2u32 * pi()).cos(), -2.0, 2.0),
        ("asin(x)", Float::asin, -1.0, 1.0),
        ("acos(x)", Float::acos, -1.0, 1.0),
        ("atan(x)", Float::atan, -5.0, 5.0),
        ("sqrt(x)", Float::sqrt, 0.0, 4.0),
        ("1/x", Float::recip, 0.25, 6.0),
        ("1/sqrt(x)", |x| x.sqrt().recip(), 0.125, 6.0),
        ("root(3, x)", |x| x.root(3), 0.0, 3.0),
        (
            "root(5, 1 + x^2)",
            |x| (x.square() + 1u32).root(5),
            -3.0,
            3.0,
        ),
        (
            "x^3*exp(-x)",
            |x| x.clone().pow(3u32) * (-x).exp(),
            -1.0,
            5.0,
        ),
        ("sqrt(1 - x^2)", |x| (n(1.0) - x.square()).sqrt(), -1.0, 1.0),
        ("log(2 + sin(x))", |x| (x.sin() + 2u32).ln(), -4.0, 4.0),
        (
            "exp(sin(x)) - cos(x)^2",
            |x| x.clone().sin().exp() - x.cos().square(),
            -3.0,
            3.0,
        ),
        ("x^-2 + x", |x| x.clone().square().recip() + x, 0.5, 4.0),
    ]
}

/// Coefficients of the polynomial through a function at the Chebyshev points, or of that with some noise, in powers or in
/// Chebyshev polynomials of the domain; with an input map.
fn random_table(random: &mut Random, (text, f, least, most): (&str, F, f64, f64)) -> Table {
    let (mut lo, mut hi) = (random.between(least, most), random.between(least, most));
    if random.below(4) == 0 {
        lo = Rational::from_f64(least).unwrap();
    }
    if random.below(4) == 0 {
        hi = Rational::from_f64(most).unwrap();
    }
    if lo > hi {
        std::mem::swap(&mut lo, &mut hi);
    }
    if lo == hi {
        (lo, hi) = (
            Rational::from_f64(least).unwrap(),
            Rational::from_f64(most).unwrap(),
        );
    }
    let degree = random.below(14) as usize;
    let (middle, reach) = (
        Rational::from(&lo + &hi) / 2u32,
        Rational::from(&hi - &lo) / 2u32,
    );
    let count = degree + 1;
    let angle = |i: usize| pi() * (2 * i as u32 + 1) / (2 * count as u32);
    let values: Vec<Float> = (0..count)
        .map(|i| f(angle(i).cos() * float(&reach) + float(&middle)))
        .collect();
    let noise = random.below(60) as i32;
    let coefficients: Vec<String> = (0..count)
        .map(|j| {
            let terms = (0..count).map(|i| (angle(i) * j as u32).cos() * &values[i]);
            let sum = terms.fold(n(0.0), |s, t| s + t) * 2u32 / count as u32;
            let c = if j == 0 { sum / 2u32 } else { sum };
            // Rounded, so that some tables are bad and all are short.
            let bits = 2 + noise;
            let scaled = (c << bits).round();
            (Rational::from(scaled.to_integer().unwrap()) >> bits).to_string()
        })
        .collect();
    let scale = Rational::from(reach.recip_ref());
    let offset = Rational::from(-&middle) * &scale;
    let table = json!({"format": "polycert-table/1", "name": "random", "target": "smooth", "function": text,
        "domain": {"lo": lo.to_string(), "hi": hi.to_string()}, "components": [{"basis": "chebyshev",
        "input_map": {"scale": scale.to_string(), "offset": offset.to_string()}, "coefficients": coefficients}]});
    Table::from_json(&table.to_string()).unwrap()
}

/// 400 tables; 10,000 with a multiplier of 25. Every answer is certified and checked.
#[test]
fn random_tables_hold_their_values() {
    let mut random = Random(17);
    let all = functions();
    let (mut proved, mut gap_missed) = (0u32, 0u32);
    for i in 0..400 * multiplier() as usize {
        let case = all[i % all.len()];
        let table = random_table(&mut random, case);
        let (error, relative) = match random.below(5) {
            0 if !["sin(3*x)", "cos(2*pi*x)"].contains(&case.0) => (Some("relative"), true),
            _ => (None, false),
        };
        let request = Request {
            error: error.map(|e| e.parse().unwrap()),
            ..Request::default()
        };
        let answer = match certify(&table, &request) {
            Ok(answer) => answer,
            // f is 0 somewhere.
            Err(e) if relative => {
                let text = e.to_string();
                assert!(text.contains("divisor"), "{text}\n{}", table.to_json());
                continue;
            }
            Err(e) => panic!("{e}\n{}", table.to_json()),
        };
        let e = |x: &Rational| {
            let x = float(x);
            let (p, f) = (polynomial(&table, CoefficientMode::Exact, &x), case.1(x));
            match relative {
                true => p / f - 1u32,
                false => p - f,
            }
        };
        inside(&answer, &table, &e, 20);
        proved += 1;
        gap_missed += u32::from(answer.proof.estimate_gap() > 2.0f64.powi(-40));
    }
    println!("{proved} proved, {gap_missed} wider than 2^-40");
    assert!(gap_missed == 0 && proved > 300);
}

#[test]
fn values_at_points_are_enclosed() {
    let mut random = Random(3);
    for case in functions() {
        let table = random_table(&mut random, case);
        let points = points(&table, 6);
        // Ends of the domain of 1/sqrt(x) and the like are inside here.
        let found = values(&table, &Request::default(), &points).unwrap();
        for v in found {
            let x = float(&v.x);
            let (p, f) = (polynomial(&table, CoefficientMode::Exact, &x), case.1(x));
            let slack = Float::with_val(PREC, 1) >> 250u32;
            for (held, want) in [(&v.p, p.clone()), (&v.f, f.clone()), (&v.error, p - f)] {
                assert!(
                    held.lo.clone() - &slack <= want && want <= held.hi.clone() + &slack,
                    "{}",
                    case.0
                );
            }
        }
    }
}

#[test]
fn what_is_not_defined_is_named_with_its_place() {
    let table = |function: &str, lo: &str, hi: &str| {
        let text = json!({"format": "polycert-table/1", "name": "t", "target": "smooth", "function": function,
            "domain": {"lo": lo, "hi": hi}, "components": [{"basis": "power", "coefficients": ["1", "1"]}]});
        Table::from_json(&text.to_string()).unwrap()
    };
    for (function, lo, hi, part) in [
        ("log(x)", "0", "1", "at x = 0: not defined: log of 0"),
        ("log(x)", "-1", "1", "at x = -1: not defined"),
        ("sqrt(x)", "-1", "1", "at x = -1: not defined"),
        ("asin(x)", "0", "2", "beyond 1 in size"),
        ("1/x", "-1", "1", "a divisor"),
        ("1/(3*x-1)", "-1", "1", "near x = 0.3333333"),
        ("exp(x)", "0", "5000", "arguments go up to 4096"),
        ("exp(exp(x))", "0", "9", "exp of"),
    ] {
        let e = certify(&table(function, lo, hi), &Request::default()).unwrap_err();
        assert!(e.to_string().contains(part), "{function}: {e}");
    }
}

/// Several stages, weights, a union of intervals, and a value of several p.
#[test]
fn composites_weights_and_unions() {
    // cos by three doublings of the angle: 2 z^2 - 1 of a polynomial for cos(x/8).
    let text = json!({"format": "polycert-table/1", "name": "cosine", "target": "smooth", "function": "cos(x)",
        "domain": {"lo": "-6", "hi": "6", "segments": [["-6", "-5/2"], ["1/3", "1/2"], ["4", "6"]]},
        "components": [{"basis": "power", "input_map": {"scale": "1/8", "offset": "0"},
            "coefficients": ["1", "0", "-1/2", "0", "1/24", "0", "-1/720"]},
            {"basis": "power", "coefficients": ["-1", "0", "2"]}, {"basis": "chebyshev", "coefficients": ["0", "0", "1"]},
            {"basis": "power", "coefficients": ["-1", "0", "2"]}]});
    let mut table = Table::from_json(&text.to_string()).unwrap();
    let p = |table: &Table, x: &Rational| polynomial(table, CoefficientMode::Exact, &float(x));
    let answer = certify(&table, &Request::default()).unwrap();
    inside(&answer, &table, &|x| p(&table, x) - float(x).cos(), 500);
    let weighted = Request {
        error: Some("weight:exp(-x^2/4)".parse().unwrap()),
        ..Request::default()
    };
    let answer = certify(&table, &weighted).unwrap();
    let weight = |x: &Rational| (float(x).square() / -4i32).exp();
    inside(
        &answer,
        &table,
        &|x| (p(&table, x) - float(x).cos()) * weight(x),
        500,
    );
    assert!(answer.report.to_string().contains("exp(-x^2/4)"));
    // The same against the cosine of the double angle.
    let own = table.smooth.as_mut().unwrap();
    own.function = polycert::function::formula::Formula::function("cos(2*x)").unwrap();
    own.value = Some(polycert::function::program::Program::parse("2*p^2 - 1").unwrap());
    let answer = certify(&table, &Request::default()).unwrap();
    let doubled = |x: &Rational| p(&table, x).square() * 2u32 - 1u32 - (float(x) * 2u32).cos();
    inside(&answer, &table, &doubled, 500);
}
