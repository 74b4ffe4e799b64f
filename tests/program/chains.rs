//! Chains from the command line: families that write them, their proofs with the range of every stage, searches, and the
//! compositions to softmax and LayerNorm.

use crate::support::program::{number, polycert, read, Folder};
use rug::Rational;
use serde_json::Value;

/// Makes a table of a family; what it says of itself.
fn made(path: &str, line: &[&str]) -> String {
    let line = [&["family"], line, &["-o", path]].concat();
    polycert(&line).exits(0).err
}

/// The proof of a table as JSON; the certificate is written.
fn proved(table: &str, certificate: &str, more: &[&str]) -> Value {
    let line = [&["certify", table, "-o", certificate, "--json"], more].concat();
    polycert(&line).exits(0).json()
}

fn f64_of(answer: &Value, field: &str) -> f64 {
    number(answer, field).to_f64()
}

/// The estimate that a family prints.
fn estimate(said: &str) -> f64 {
    let text = said.split("at the start ").nth(1).unwrap();
    text.split(',').next().unwrap().parse().unwrap()
}

/// Names of the stages with their ranges.
fn stages(answer: &Value) -> Vec<(String, f64, f64)> {
    let stage = |s: &Value| {
        let name = s["name"].as_str().unwrap().to_owned();
        (name, f64_of(s, "bound_lo"), f64_of(s, "bound_hi"))
    };
    answer["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(stage)
        .collect()
}

fn near(a: f64, b: f64, relative: f64) -> bool {
    (a / b - 1.0).abs() <= relative
}

#[test]
fn iterations_square_the_error_and_every_step_has_its_range() {
    let f = Folder::new();
    let (table, certificate) = (f.at("n.json"), f.at("n.cert.json"));
    let line = [
        "--function",
        "1/x",
        "--iterations",
        "3",
        "--start-degree",
        "2",
        "--range=1/2,2",
    ];
    let relative = ["--error", "relative"];
    let said = made(&table, &[&["newton"], &line[..]].concat());
    // Degree 2 is 2 levels and 1 product; a step 2 and 2.
    assert!(said.contains("cost: depth 8, 7 products"), "{said}");
    let start = estimate(&said);
    let newton = proved(&table, &certificate, &relative);
    let bound = f64_of(&newton, "bound_hi");
    assert!(near(bound, start.powi(8), 1e-4), "{bound} {start}");
    let found = stages(&newton);
    let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["p", "y1", "y2"]);
    // Of a step y all of 1/x but for its error, at 1/2 and at 2, and no more than 2^-10 of it besides.
    for (i, (name, lo, hi)) in found.iter().enumerate() {
        let e = start.powi(1 << i);
        assert!(
            *lo <= 0.5 * (1.0 + e) && *hi >= 2.0 * (1.0 - e),
            "{name} {lo} {hi}"
        );
        assert!(
            *lo >= 0.499 * (1.0 - e) && *hi <= 2.003 * (1.0 + e),
            "{name} {lo} {hi}"
        );
    }
    let check = polycert(&["check", &certificate]).exits(0).out;
    for name in ["p", "y1", "y2"] {
        assert!(check.contains(&format!("\n  {name} lies in [")), "{check}");
    }
    assert!(
        check.contains("with y1 = p*(2 - x*p), y2 = y1*(2 - x*y1)"),
        "{check}"
    );
    // The same values in Goldschmidt's form, at less depth.
    let said = made(&table, &[&["goldschmidt"], &line[..]].concat());
    assert!(said.contains("cost: depth 6, 7 products"), "{said}");
    let other = proved(&table, &certificate, &relative);
    assert!(near(f64_of(&other, "bound_hi"), bound, 1e-9));
    let names: Vec<String> = stages(&other).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["p", "e1", "y1", "e2", "y2", "e3"]);
    // Nothing but the error where no more is asked for; the start alone has no stages.
    let only = polycert(&["certify", &table, "--only-error", "--json"])
        .exits(0)
        .json();
    assert!(only.get("stages").is_none());
    let line = [
        "newton",
        "--function",
        "1/x",
        "--iterations",
        "0",
        "--start-degree",
        "2",
        "--range=1/2,2",
    ];
    made(&table, &line);
    assert!(proved(&table, &certificate, &relative)
        .get("stages")
        .is_none());
}

#[test]
fn inverse_roots_by_both_iterations_agree() {
    let f = Folder::new();
    let (table, certificate) = (f.at("t.json"), f.at("t.cert.json"));
    let mut bounds = Vec::new();
    for (family, cost) in [
        ("newton", "depth 9, 12 products"),
        ("goldschmidt", "depth 10, 12 products"),
    ] {
        let line = [
            family,
            "--function",
            "1/sqrt(x)",
            "--iterations",
            "3",
            "--start-degree",
            "5",
            "--range=1/16,4",
        ];
        let said = made(&table, &line);
        assert!(said.contains(cost), "{said}");
        let found = proved(&table, &certificate, &["--error", "relative"]);
        bounds.push(f64_of(&found, "bound_hi"));
        // The error e becomes -3/2 e^2 - e^3/2, three times; the start is above by as much as below.
        let mut e = estimate(&said);
        for _ in 0..3 {
            e = -(1.5 * e * e + 0.5 * e * e * e);
        }
        assert!(near(bounds[0], -e, 1e-3), "{bounds:?} {e}");
    }
    assert!(near(bounds[0], bounds[1], 1e-9), "{bounds:?}");
}

#[test]
fn squaring_and_double_angles() {
    let f = Folder::new();
    let (table, certificate) = (f.at("t.json"), f.at("t.cert.json"));
    let said = made(&table, &["squaring", "--steps", "8", "--range=-8,0"]);
    assert!(said.contains("cost: depth 9, 8 products"), "{said}");
    let found = proved(&table, &certificate, &["--error", "relative"]);
    let error = 1.0 - (8.0 + 256.0 * (-8.0_f64 / 256.0).ln_1p()).exp();
    assert!(
        near(f64_of(&found, "bound_hi"), error, 1e-12),
        "{found} {error}"
    );
    let names: Vec<(String, f64, f64)> = stages(&found);
    assert_eq!((names.len(), names[0].0.as_str()), (8, "p_1"));
    for (i, (_, lo, hi)) in names.iter().enumerate() {
        let least = (1.0_f64 - 8.0 / 256.0).powi(1 << i);
        assert!(
            *lo <= least && *lo >= least - 1e-3 && *hi >= 1.0 && *hi <= 1.001,
            "{i} {lo} {hi}"
        );
    }
    // 2^K times the error of the start.
    for more in [&["--degree", "5"][..], &["--degree", "5", "--taylor"]] {
        let said = made(
            &table,
            &[&["squaring", "--steps", "4", "--range=-2,0"], more].concat(),
        );
        let found = proved(&table, &certificate, &["--error", "relative"]);
        let bound = f64_of(&found, "bound_hi");
        let start = match more.len() {
            2 => estimate(&said),
            // The next term of the series, at -1/8, and a little of those behind it.
            _ => 0.125_f64.powi(6) / 720.0 * 0.125_f64.exp(),
        };
        assert!(near(bound, 16.0 * start, 0.03), "{bound} {start}");
    }
    for function in ["cos(2*pi*x)", "sin(2*pi*x)", "sin"] {
        let line = [
            "double-angle",
            "--function",
            function,
            "--steps",
            "3",
            "--degree",
            "14",
            "--range=-2,2",
        ];
        let said = made(&table, &line);
        let found = proved(&table, &certificate, &[]);
        // 4^K and what is more at the first of the steps, or less.
        let ratio = f64_of(&found, "bound_hi") / estimate(&said);
        assert!(ratio > 20.0 && ratio < 65.0, "{function}: {ratio}");
        assert_eq!(stages(&found).len(), 3);
    }
}

#[test]
fn a_search_proves_its_front_and_names_the_cheapest() {
    let f = Folder::new();
    let (table, certificate) = (f.at("t.json"), f.at("t.cert.json"));
    let search = |function: &str, range: &str, more: &[&str]| {
        let range = format!("--range={range}");
        let line = [
            "search",
            "--function",
            function,
            &range,
            "--precision",
            "20",
            "--json",
        ];
        let files = ["-o", &table, "--certificate", &certificate];
        polycert(&[&line, &files[..], more].concat())
            .exits(0)
            .json()
    };
    for (function, range, more, form) in [
        (
            "1/x",
            "1/16,1",
            &["--relative", "--by", "products"][..],
            "Goldschmidt",
        ),
        (
            "1/sqrt(x)",
            "1/64,1",
            &["--relative", "--by", "products"],
            "Newton",
        ),
        ("exp", "-64,0", &["--by", "products"], "squaring"),
        ("cos(2*pi*x)", "-2,2", &[], "minimax"),
        ("sigmoid", "-4,4", &[], "minimax"),
    ] {
        let found = search(function, range, more);
        let front = found["front"].as_array().unwrap();
        let size = |row: &Value, field: &str| row[field].as_u64().unwrap();
        for rows in front.windows(2) {
            let (a, b) = (&rows[0], &rows[1]);
            assert!(
                size(a, "depth") < size(b, "depth") && size(a, "products") > size(b, "products"),
                "{found}"
            );
        }
        let claim = Rational::from(1) >> 20u32;
        for row in front {
            assert!(number(row, "bound_hi") <= claim, "{found}");
        }
        let best = match more.contains(&"products") {
            true => front.last(),
            false => front.first(),
        };
        assert_eq!(best.unwrap(), &found["best"]);
        let named = found["best"]["form"].as_str().unwrap();
        assert!(named.starts_with(form), "{found}");
        assert_eq!(found["verdict"], "PROVED");
        polycert(&["check", &certificate]).exits(0);
        let error = if more.contains(&"--relative") {
            "relative"
        } else {
            "absolute"
        };
        let again = polycert(&["certify", &table, "--error", error, "--claim", "2^-20"]);
        assert!(again.exits(0).out.starts_with("PROVED"));
    }
}

/// sum c_j T_j(scale x + offset) of a table of one component.
fn chebyshev(table: &str, x: f64) -> f64 {
    let t: Value = serde_json::from_str(&read(table)).unwrap();
    let c = &t["components"][0];
    let u = f64_of(&c["input_map"], "scale") * x + f64_of(&c["input_map"], "offset");
    let list = c["coefficients"].as_array().unwrap();
    let number = |c: &Value| {
        polycert::arith::number::parse(c.as_str().unwrap())
            .unwrap()
            .to_f64()
    };
    let (mut b1, mut b2) = (0.0, 0.0);
    for c in list[1..].iter().rev() {
        (b1, b2) = (2.0 * u * b1 - b2 + number(c), b1);
    }
    u * b1 - b2 + number(&list[0])
}

/// A certified minimax polynomial in the relative error.
fn relative(
    f: &Folder,
    name: &str,
    function: &str,
    range: &str,
    degree: &str,
) -> (String, String, Rational) {
    let (table, certificate) = (
        f.at(&format!("{name}.json")),
        f.at(&format!("{name}.cert.json")),
    );
    let range = format!("--range={range}");
    made(
        &table,
        &[
            "minimax",
            "--function",
            function,
            &range,
            "--degree",
            degree,
            "--relative",
        ],
    );
    proved(&table, &certificate, &["--error", "relative"]);
    let d: Value = serde_json::from_str(&read(&certificate)).unwrap();
    let bound = number(&d["claims"][0], "hi");
    (table, certificate, bound)
}

/// Evenly spread, without a pattern.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }
}

#[test]
fn softmax_is_within_the_bound_that_follows() {
    let f = Folder::new();
    let (exp, exp_proof, e1) = relative(&f, "exp", "exp(x)", "-3,1", "4");
    // 4 inputs: from 4 e^-3 = 0.199 to 4 e = 10.87, and a little more.
    let (inverse, inverse_proof, e2) = relative(&f, "inverse", "1/x", "1/6,12", "12");
    let line = [
        "compose",
        "softmax",
        "--exp",
        &exp_proof,
        "--inverse",
        &inverse_proof,
        "--length",
        "4",
    ];
    let j = polycert(&[&line[..], &["--json"]].concat()).exits(0).json();
    let bound = number(&j, "bound");
    let (above, below) = (Rational::from(1 + &e1), Rational::from(1 - &e1));
    assert_eq!(bound, above * Rational::from(1 + &e2) / below - 1u32);
    let said = polycert(&line).exits(0).out;
    assert!(
        said.starts_with("PROVED softmax of 4 inputs, each in [-3, 1]"),
        "{said}"
    );
    assert!(
        said.contains("assumed: exact arithmetic in the clear")
            && said.contains("certificate sha256")
            && said.matches(", coefficients: exact\n").count() == 2,
        "{said}"
    );
    let mut random = Random(5);
    let mut most = 0.0_f64;
    for round in 0..2_000 {
        let x: Vec<f64> = (0..4)
            .map(|i| match round {
                0 => -3.0,
                1 => 1.0,
                2 => f64::from(i) - 2.0,
                _ => -3.0 + 4.0 * random.next(),
            })
            .collect();
        let total: f64 = x.iter().map(|x| x.exp()).sum();
        let sum: f64 = x.iter().map(|x| chebyshev(&exp, *x)).sum();
        for x in x {
            let computed = chebyshev(&exp, x) * chebyshev(&inverse, sum);
            most = most.max((computed / (x.exp() / total) - 1.0).abs());
        }
    }
    let bound = bound.to_f64();
    assert!(most <= bound && most > bound / 4.0, "{most} {bound}");
    // More inputs than the inverse reaches; certificates of something else; a changed one.
    let (root, ..) = (relative(&f, "root", "1/sqrt(x)", "1/8,2", "4").1,);
    let absolute = f.at("absolute.cert.json");
    proved(&exp, &absolute, &[]);
    let changed = f.file(
        "changed.cert.json",
        read(&exp_proof).replace("\"hi\"", "\"hii\""),
    );
    let lower = f.at("lower.cert.json");
    let mut d: Value = serde_json::from_str(&read(&exp_proof)).unwrap();
    d["claims"][0]["hi"] = "0".into();
    std::fs::write(&lower, d.to_string()).unwrap();
    for (exp, inverse, n, code, part) in [
        (
            &exp_proof,
            &inverse_proof,
            "5",
            2,
            "the sum of 5 values lies in [0.24",
        ),
        (&exp_proof, &inverse_proof, "0", 2, "--length 0: from 1 to"),
        (
            &exp_proof,
            &inverse_proof,
            "4000000000",
            2,
            "--length 4000000000",
        ),
        (
            &exp_proof,
            &exp_proof,
            "4",
            2,
            "--inverse: the certificate is about exp(x), and 1/x is needed",
        ),
        (
            &root,
            &inverse_proof,
            "4",
            2,
            "--exp: the certificate is about 1/sqrt(x)",
        ),
        (
            &absolute,
            &inverse_proof,
            "4",
            2,
            "bounds the absolute error, and the relative one is needed",
        ),
        (
            &changed,
            &inverse_proof,
            "4",
            2,
            "(the certificate of --exp)",
        ),
        (&lower, &inverse_proof, "4", 1, "REJECTED claim 0, series"),
        (&exp, &inverse_proof, "4", 2, "(the certificate of --exp)"),
    ] {
        let line = [
            "compose",
            "softmax",
            "--exp",
            exp,
            "--inverse",
            inverse,
            "--length",
            n,
        ];
        let said = polycert(&line).exits(code);
        assert!(
            said.out.is_empty() && said.err.contains(part),
            "{part}: {}",
            said.err
        );
    }
}

#[test]
fn layernorm_is_within_the_bound_that_follows() {
    let f = Folder::new();
    let (table, certificate, e) = relative(&f, "root", "1/sqrt(x)", "1/8,2", "5");
    let line = |n: &'static str, variance: &'static str, epsilon: &'static str| {
        let certificate = certificate.clone();
        let all = [
            "compose",
            "layernorm",
            "--inverse-sqrt",
            &certificate,
            "--length",
            n,
            "--variance",
            variance,
        ];
        polycert(&[&all[..], &["--epsilon", epsilon, "--json"]].concat())
    };
    let j = line("8", "1/8,3/2", "1/100").exits(0).json();
    let bound = number(&j, "bound");
    // sqrt(7 v/(v + epsilon)) e, rounded up.
    let square = Rational::from(7) * Rational::from((3, 2)) / Rational::from((151, 100));
    let ratio = Rational::from(&bound / &e);
    assert!(Rational::from(ratio.square_ref()) >= square);
    assert!(near(ratio.to_f64(), square.to_f64().sqrt(), 1e-14));
    let (mut random, mut most) = (Random(11), 0.0_f64);
    for round in 0..4_000 {
        let mut x: Vec<f64> = (0..8).map(|_| random.next() - 0.5).collect();
        if round % 3 == 0 {
            // One that is far from the others: the case of equality.
            x.iter_mut().skip(1).for_each(|x| *x *= 1e-3);
            x[0] = 1.0;
        }
        let mean = x.iter().sum::<f64>() / 8.0;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 8.0;
        let wanted = 0.125 + 1.375 * random.next();
        let scale = (wanted / variance).sqrt();
        for x in &x {
            let t = (x - mean) * scale;
            let exact = t / (wanted + 0.01).sqrt();
            most = most.max((t * chebyshev(&table, wanted + 0.01) - exact).abs());
        }
    }
    let bound = bound.to_f64();
    assert!(most <= bound && most > bound / 2.0, "{most} {bound}");
    // One input is its own mean.
    assert_eq!(number(&line("1", "1,1", "0").exits(0).json(), "bound"), 0);
    for (n, variance, epsilon, part) in [
        (
            "8",
            "1/8,4",
            "0",
            "the variance with epsilon lies in [0.125, 4]: a certificate for that range is needed",
        ),
        ("8", "0,1", "1/10", "lies in [0.1, 1.1]"),
        ("8", "1,1/2", "0", "0 <= LO <= HI is needed"),
        ("8", "1/2,1", "-1/4", "epsilon"),
        ("0", "1/2,1", "0", "--length 0"),
    ] {
        let said = line(n, variance, epsilon).exits(2);
        assert!(
            said.out.is_empty() && said.err.contains(part),
            "{part}: {}",
            said.err
        );
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let newton = |function, iterations, degree, range| {
        vec![
            "family",
            "newton",
            "--function",
            function,
            "--iterations",
            iterations,
            "--start-degree",
            degree,
            range,
        ]
    };
    for (line, part) in [
        (
            newton("exp(x)", "2", "3", "--range=1,2"),
            "newton is known for 1/x and 1/sqrt(x)",
        ),
        (newton("1/x", "2", "3", "--range=-2,-1"), "is not above 0"),
        (newton("1/x", "2", "3", "--range=0,1"), "is not above 0"),
        (
            newton("1/sqrt(x)", "2", "0", "--range=1/100,100"),
            "--start-degree 0: the relative error at the start",
        ),
        (
            newton("1/x", "17", "3", "--range=1,2"),
            "17 is not in 0..=16",
        ),
        (newton("1/x", "2", "128", "--range=1,2"), "degree 128"),
        (
            vec![
                "family",
                "double-angle",
                "--function",
                "exp",
                "--steps",
                "2",
                "--degree",
                "3",
                "--range=1",
            ],
            "the double angle is known for cos and sin",
        ),
        (
            vec![
                "family",
                "squaring",
                "--function",
                "cos",
                "--steps",
                "2",
                "--degree",
                "3",
                "--range=1",
            ],
            "squaring is known for exp",
        ),
        (
            vec![
                "family",
                "squaring",
                "--function",
                "exp(2*x)",
                "--steps",
                "2",
                "--range=1",
            ],
            "without --degree the start is 1 + x/2^K",
        ),
        (
            vec![
                "family",
                "squaring",
                "--function",
                "exp(2*x)",
                "--steps",
                "2",
                "--degree",
                "3",
                "--taylor",
                "--range=1",
            ],
            "a Taylor polynomial is known for exp(x)",
        ),
        (
            vec!["family", "squaring", "--steps", "32", "--range=1"],
            "32 is not in 0..=31",
        ),
        (
            vec![
                "family",
                "squaring",
                "--steps",
                "2",
                "--taylor",
                "--range=1",
            ],
            "--degree",
        ),
        (
            vec!["search", "--function", "exp", "--precision", "8"],
            "--range",
        ),
        (
            vec!["search", "--function", "exp", "--range=1"],
            "--precision",
        ),
        (
            vec![
                "search",
                "--function",
                "exp",
                "--range=1",
                "--precision",
                "8",
                "--alpha",
                "8",
            ],
            "cannot be used with",
        ),
        (
            vec![
                "search",
                "--function",
                "exp",
                "--range=1",
                "--precision",
                "200",
            ],
            "200 is not in 1..=120",
        ),
        (
            vec![
                "search",
                "--function",
                "log",
                "--range=-1,1",
                "--precision",
                "8",
            ],
            "not defined at x = ",
        ),
        (
            vec!["search", "--range=1", "--precision", "8"],
            "--function",
        ),
        (vec!["search"], "--alpha"),
        (vec!["compose", "softmax", "--length", "4"], "--exp"),
    ] {
        let said = polycert(&line).exits(2);
        assert!(
            said.out.is_empty() && said.err.contains(part),
            "{line:?}: {}",
            said.err
        );
    }
}
