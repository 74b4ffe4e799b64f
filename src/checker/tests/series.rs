//! The claim `series`: valid certificates of smooth functions, what the checker says of them, and for every condition
//! one that breaks it.

// Hints and judgements are in floats; the checker has none.
#![allow(clippy::disallowed_types, clippy::type_complexity)]

mod common;
use common::smooth::*;
use common::*;
use polycert_checker::{Requirement, Verdict};
use serde_json::{json, Value};
use std::f64::consts::PI;

type Real = dyn Fn(f64) -> f64;

const EXP: &[&[f64]] = &[&[0.994140625, 0.9970703125, 0.54296875, 0.1767578125]];

fn exp() -> Case<'static> {
    plain("exp(x)", &f64::exp, EXP, &[(-1.0, 1.0)])
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// erf by its series: enough for hints.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for k in 1..200 {
        term *= -x * x / f64::from(k);
        sum += term / f64::from(2 * k + 1);
    }
    sum * 2.0 / PI.sqrt()
}

fn gelu(x: f64) -> f64 {
    x * (1.0 + erf(x / 2_f64.sqrt())) / 2.0
}

fn gelu_tanh(x: f64) -> f64 {
    x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x * x * x)).tanh()) / 2.0
}

#[test]
fn the_words_name_the_error_and_where_it_is_meant() {
    let report = exp().verified();
    let text = report.to_string();
    assert!(
        report.headline().starts_with("|p(x) - exp(x)| <= "),
        "{text}"
    );
    assert!(report.headline().ends_with(" for x in [-1, 1]"), "{text}");
    assert!(
        text.contains("with p as it is") && !text.contains("r(x)"),
        "{text}"
    );
    assert!(report.words()[0].contains("; at x = "), "{text}");
    let claimed = |bound: &str, verdict: &str| {
        let claim = json!({"bound": bound, "verdict": verdict});
        verified(&with(&exp().certificate(), "/claims/1/claim", claim))
    };
    let report = claimed("1/64", "PROVED");
    assert_eq!(
        report.headline(),
        "|p(x) - exp(x)| <= 2^-6 for x in [-1, 1]"
    );
    assert_eq!(report.verdict(), Some(Verdict::Proved));
    let text = claimed("1/1000", "REFUTED").to_string();
    assert!(
        text.contains("the claim |p(x) - exp(x)| <= 1/1000 for x in [-1, 1] is FALSE: at x = "),
        "{text}"
    );
}

#[test]
fn every_function_is_bounded() {
    let cases: [(&str, &Real, (f64, f64)); 22] = [
        ("exp(-x^2/2)", &|x| (-x * x / 2.0).exp(), (-2.0, 1.0)),
        ("log(x)", &f64::ln, (1.0, 2.0)),
        ("log(1+x)", &f64::ln_1p, (-0.5, 1.0)),
        ("sqrt(x)", &f64::sqrt, (0.5, 2.0)),
        ("root(3, x)", &f64::cbrt, (0.5, 2.0)),
        ("1/x", &|x| 1.0 / x, (1.0, 2.0)),
        ("x^-3", &|x| x.powi(-3), (-2.0, -1.0)),
        ("1/sqrt(x)", &|x| 1.0 / x.sqrt(), (0.5, 1.5)),
        ("sin(x)", &f64::sin, (-1.0, 2.0)),
        ("cos(2*pi*x)", &|x| (2.0 * PI * x).cos(), (-0.5, 0.25)),
        ("atan(x)", &f64::atan, (-0.5, 0.75)),
        ("asin(x)", &f64::asin, (-0.5, 0.5)),
        ("acos(x)", &f64::acos, (-0.5, 0.5)),
        ("erf(x)", &erf, (-1.0, 1.0)),
        ("tanh(x)", &f64::tanh, (-0.75, 0.5)),
        ("sigmoid(x)", &sigmoid, (-1.0, 2.0)),
        ("softplus(x)", &|x| x.exp().ln_1p(), (-1.0, 1.0)),
        ("gelu(x)", &gelu, (-1.0, 1.0)),
        ("gelu_tanh(x)", &gelu_tanh, (-0.5, 0.5)),
        ("silu(x)", &|x| x * sigmoid(x), (-1.0, 1.0)),
        (
            "exp(sin(x))*(x - 1/3)",
            &|x| x.sin().exp() * (x - 1.0 / 3.0),
            (0.0, 1.0),
        ),
        ("x^5 - 0.25e1*x", &|x| x.powi(5) - 2.5 * x, (-1.0, 1.0)),
    ];
    for (function, f, (from, to)) in cases {
        let p = fit(f, from, to, 3);
        let components: &[&[f64]] = &[&p];
        let parts = [(from, to)];
        let mut case = plain(function, f, components, &parts);
        case.degree = 60;
        let shown = case.verified().headline().to_owned();
        let atom =
            function.ends_with(')') && !function.starts_with('1') && !function.contains(")*");
        let f = if atom {
            function.to_owned()
        } else {
            format!("({function})")
        };
        assert!(shown.starts_with(&format!("|p(x) - {f}| <= ")), "{shown}");
        let ends = ["sqrt(x)", "root(3, x)", "1/sqrt(x)", "asin(x)", "acos(x)"].contains(&function);
        assert_eq!(shown.ends_with(", where this is defined"), ends, "{shown}");
    }
}

#[test]
fn relative_and_weighted_errors_values_and_composites() {
    let f = |x: f64| 1.0 / x;
    let p = fit(&f, 1.0, 4.0, 3);
    let components: &[&[f64]] = &[&p];
    let mut case = plain("1/x", &f, components, &[(1.0, 4.0)]);
    case.degree = 70;
    case.cuts = &[2.0];
    case.error = RELATIVE;
    let shown = case.verified().headline().to_owned();
    assert!(shown.starts_with("|p(x)/(1/x) - 1| <= "), "{shown}");
    case.error = ("weight:exp(-x)", &|x, g, f| (-x).exp() * (g - f));
    let shown = case.verified().headline().to_owned();
    assert!(shown.starts_with("|exp(-x) (p(x) - (1/x))| <= "), "{shown}");
    // GELU is x/2 and an even function.
    let even = |x: f64| gelu(x) - x / 2.0;
    let p = fit(&even, -1.0, 1.0, 2);
    let components: &[&[f64]] = &[&p];
    let mut case = plain("gelu(x)", &gelu, components, &[(-1.0, 1.0)]);
    case.degree = 40;
    case.value = Some(("x/2 + p", &|x, p| x / 2.0 + p));
    let shown = case.verified().headline().to_owned();
    assert!(shown.starts_with("|x/2 + p - gelu(x)| <= "), "{shown}");
    // tanh(2x) = 2t/(1+t^2) of t near tanh x, of a composite.
    let twice = |x: f64| (2.0 * x).tanh();
    let mut case = plain(
        "tanh(2*x)",
        &twice,
        &[&[0.0, 0.5], &[0.0, 1.9375, 0.0, -2.25]],
        &[(-0.5, 0.5)],
    );
    case.degree = 60;
    case.value = Some(("2*p/(1 + p^2)", &|_, p| 2.0 * p / (1.0 + p * p)));
    let shown = case.verified().headline().to_owned();
    assert!(
        shown.starts_with("|2*p/(1 + p^2) - tanh(2*x)| <= "),
        "{shown}"
    );
}

#[test]
fn unions_are_printed_short_and_true() {
    let cosine = |x: f64| (2.0 * PI * x).cos();
    let parts: Vec<(f64, f64)> = (-4..=4)
        .map(|k| (f64::from(k) - 0.0625, f64::from(k) + 0.0625))
        .collect();
    let few = plain("cos(2*pi*x)", &cosine, &[&[0.9375]], &parts[..2]).verified();
    assert!(
        few.headline()
            .ends_with(" for x in [-65/16, -63/16] and [-49/16, -47/16]"),
        "{}",
        few.headline()
    );
    let many = plain("cos(2*pi*x)", &cosine, &[&[0.9375]], &parts).verified();
    assert!(
        many.headline().ends_with(
            " for x in 9 intervals: [-65/16, -63/16], [-49/16, -47/16], ..., [63/16, 65/16]"
        ),
        "{}",
        many.headline()
    );
    // Parts that touch are one interval.
    let touching = plain("exp(x)", &f64::exp, EXP, &[(-1.0, 0.0), (0.0, 1.0)]);
    let mut certificate = touching.certificate();
    certificate["table"]["domain"]
        .as_object_mut()
        .unwrap()
        .remove("segments");
    sign(&mut certificate);
    assert!(verified(&certificate)
        .headline()
        .ends_with(" for x in [-1, 1]"));
}

#[test]
fn the_end_of_where_a_function_is_defined() {
    let p = fit(&|x| (x + 0.01).sqrt(), 0.0, 1.0, 4);
    let components: &[&[f64]] = &[&p];
    let cuts: Vec<f64> = (0..20).map(|k| 4_f64.powi(k - 20)).collect();
    let mut case = plain("sqrt(x)", &f64::sqrt, components, &[(0.0, 1.0)]);
    case.cuts = &cuts;
    case.degree = 30;
    verified(&case.certificate());
    let q: Vec<f64> = fit(&|x| (0.98 * x).asin(), 0.0, 1.0, 5);
    let components: &[&[f64]] = &[&q];
    let cuts: Vec<f64> = (1..35).map(|k| 1.0 - 2_f64.powi(-k)).collect();
    let mut case = plain("asin(x)", &f64::asin, components, &[(0.0, 1.0)]);
    case.cuts = &cuts;
    case.degree = 30;
    let certificate = case.certificate();
    verified(&certificate);
    // A witness has to be where the function is defined: not a hair beyond.
    let beyond = retold(&certificate, "asin(x + 1/100000000000000000000000)");
    let beyond = with(&beyond, "/claims/0/witness/x", "1".into());
    let text = outcome(&with(&beyond, "/claims/0/hi", "1/2".into())).to_string();
    assert!(
        text.contains(
            "the witness: asin or acos of a value that is not proved to be within [-1, 1]"
        ),
        "{text}"
    );
}

/// The certificate for another function, in the claim and in the table.
fn retold(certificate: &Value, function: &str) -> Value {
    let claim = with(certificate, "/claims/0/function", function.into());
    let mut both = with(&claim, "/table/function", function.into());
    sign(&mut both);
    both
}

#[test]
fn every_condition_is_needed() {
    let good = exp().certificate();
    let cell = "/claims/0/parts/0/cells/0";
    let at = |field: &str| format!("{cell}/{field}");
    let half = json!([{"lo": "-1", "hi": "1*2^-1", "boxes": []}]);
    refused(
        &good,
        &[
            (
                "/claims/0/parts",
                json!([]),
                "claims[0].parts: 0 entries, where 1 to 4096 are allowed",
            ),
            ("/claims/0/parts/0/cells", json!([]), "cells: 0 entries"),
            (
                "/claims/0/parts/0/from",
                "1".into(),
                "series: part 0: from is not below to",
            ),
            (
                "/claims/0/parts/0/to",
                "3/2".into(),
                "series: part 0: the last cell does not end at `to`",
            ),
            (
                "/claims/0/parts/0/to",
                "1/2".into(),
                "series: part 0: the last cell does not end at `to`",
            ),
            (
                &at("to"),
                "-1".into(),
                "series: part 0, cell 0: its end is not beyond its beginning",
            ),
            (
                &at("to"),
                "1/2".into(),
                "a hint number cannot be a fraction",
            ),
            (&at("degree"), "513".into(), "an integer from 0 to 512"),
            (&at("degree"), "4".into(), "series: "),
            (&at("pieces"), json!([]), "pieces: 0 entries"),
            (
                &at("pieces"),
                json!([{"lo": "-1", "hi": "1", "boxes": []}]),
                "series: R1 pieces: part 0, cell 0: segment 0 has 0 boxes",
            ),
            (&at("pieces"), half, "part 0, cell 0: "),
            (
                &at("pieces/0/lo"),
                "-31*2^-5".into(),
                "series: R2 image: part 0, cell 0: an interval is not inside",
            ),
            (
                "/claims/0/hi",
                "1/1000".into(),
                "series: part 0, cell 0: the error is not within hi",
            ),
            (
                "/claims/0/hi",
                "-1".into(),
                "series: part 0, cell 0: the error is not within hi",
            ),
            (
                "/claims/0/error",
                "squared".into(),
                "claims[0].error: not one of absolute, relative, weight:FORMULA",
            ),
            (
                "/claims/0/error",
                "weight:".into(),
                "claims[0].error: at character 1: a number, a name or `(`",
            ),
            (
                "/claims/0/error",
                "weight:p".into(),
                "claims[0].error: at character 1: not one of x, pi",
            ),
            ("/claims/0/error", "weight:4".into(), "not within hi"),
            (
                "/claims/0/value",
                "q".into(),
                "claims[0].value: at character 1: not one of x, p, pi",
            ),
            ("/claims/0/value", "2*p".into(), "series: "),
            (
                "/claims/0/value",
                "1*p".into(),
                "target: the table is for smooth of another function or value",
            ),
            (
                "/claims/0/function",
                "exp(p)".into(),
                "claims[0].function: at character 5: not one of x, pi",
            ),
            (
                "/claims/0/function",
                "exp(x) ".into(),
                "target: the table is for smooth of another function or value",
            ),
            (
                "/claims/0/witness/x",
                "33*2^-5".into(),
                "series: the witness is in no part",
            ),
            (
                "/claims/0/witness/lo",
                "1".into(),
                "series: the error at the witness is not proved to be at least lo",
            ),
            ("/claims/1/hi", "0".into(), "target: hi is below the bound"),
            ("/claims/1/lo", "1".into(), "target: lo is above the bound"),
            (
                "/claims/1/function",
                "direct_relu".into(),
                "another rule than the function needs",
            ),
            (
                "/claims/1/scale",
                "2".into(),
                "claims[1].scale: the field is unknown here",
            ),
            (
                "/table/function",
                "exp(2*x)".into(),
                "UNREADABLE table_sha256",
            ),
            (
                "/table/domain/segments",
                json!([["-1", "1"]]),
                "UNREADABLE table_sha256",
            ),
        ],
    );
    // A second part, in and out of order.
    let two = plain("exp(x)", &f64::exp, EXP, &[(-1.0, -0.5), (0.5, 1.0)]).certificate();
    refused(
        &two,
        &[
            (
                "/claims/0/parts/0/to",
                "3/4".into(),
                "series: part 0 ends beyond the beginning of the next",
            ),
            (
                "/claims/0/parts/1/cells/0/to",
                "1*2^-1".into(),
                "part 1, cell 0: its end is not beyond",
            ),
            (
                "/claims/0/witness/x",
                "0".into(),
                "the witness is in no part",
            ),
        ],
    );
}

#[test]
fn the_fields_of_a_smooth_table() {
    let two = plain("exp(x)", &f64::exp, EXP, &[(-1.0, -0.5), (0.5, 1.0)]).certificate();
    for (pointer, value, message) in [
        (
            "/table/function",
            json!("exp(x"),
            "table.function: at character 6: an operator or `)` is expected",
        ),
        (
            "/table/value",
            json!("p +"),
            "table.value: at character 4: a number, a name or `(`",
        ),
        (
            "/table/domain/segments",
            json!([]),
            "table.domain.segments: 0 entries, where 1 to 4096",
        ),
        (
            "/table/domain/segments/0/1",
            json!("1/2"),
            "table.domain.segments[0]: ends at or beyond the beginning",
        ),
        (
            "/table/domain/segments/0/1",
            json!("-1"),
            "table.domain.segments[0]: lo is not below hi",
        ),
        (
            "/table/domain/segments/1/1",
            json!("7/8"),
            "table.domain.segments: do not reach from lo to hi",
        ),
        (
            "/table/output",
            json!("step"),
            "table.output: step, of a function that p is itself",
        ),
        (
            "/table/target",
            json!("relu"),
            "table.domain.segments: is of smooth alone",
        ),
    ] {
        let mut certificate = with(&two, pointer, value.clone());
        sign(&mut certificate);
        let text = outcome(&certificate).to_string();
        assert!(text.contains(message), "{pointer} {value}: {text}");
    }
    for name in ["function", "value"] {
        let mut table = exp().certificate();
        table["table"]["target"] = "direct_relu".into();
        table["table"].as_object_mut().unwrap().remove("function");
        table["table"][name] = "x".into();
        let text = outcome(&table).to_string();
        assert!(
            text.contains(&format!("table.{name}: is of smooth alone")),
            "{text}"
        );
    }
    let mut missing = exp().certificate();
    missing["table"].as_object_mut().unwrap().remove("function");
    assert!(outcome(&missing)
        .to_string()
        .contains("table.function: the field is missing"));
    // A table of another target may have the claim, not a step.
    let mut other = exp().certificate();
    other["table"]["target"] = "relu".into();
    other["table"].as_object_mut().unwrap().remove("function");
    sign(&mut other);
    verified(&other);
    other["table"]["output"] = "step".into();
    let text = outcome(&other).to_string();
    assert!(
        text.contains("not what is meant by p as it is") || text.contains("sha256"),
        "{text}"
    );
}

#[test]
fn functions_that_are_not_defined_or_too_large() {
    let good = exp().certificate();
    let deep = format!("{}x{}", "(".repeat(70), ")".repeat(70));
    let long = format!("x{}", " + x".repeat(600));
    let many = format!("x{}", "+x".repeat(200));
    let place = "series: part 0, cell 0: ";
    let root = "a root of a value that is not proved to be at least 0";
    let asin = "asin or acos of a value that is not proved to be within [-1, 1]";
    for (function, message) in [
        ("1/x", "the divisor is not proved to be other than 0"),
        ("1/(x - x)", "the divisor is not proved to be other than 0"),
        (
            "x/(2*x + 1)",
            "the divisor is not proved to be other than 0",
        ),
        ("log(x)", "log of a value that is not positive"),
        (
            "log(x + 1/2)",
            "the divisor is not proved to be other than 0",
        ),
        ("log(-1)", "log of a value that is not positive"),
        ("log(x - 2)", "log of a value that is not positive"),
        ("sqrt(-1)", root),
        ("sqrt(x)", root),
        ("root(3, x)", root),
        ("root(64, x - 1)", root),
        ("asin(2)", asin),
        ("asin(2*x)", asin),
        ("acos(x + 1)", asin),
        ("exp(1e9)", "exp of an argument beyond 4096"),
        ("exp(-1e9)", "exp of an argument beyond 4096"),
        (
            "exp(33*x)",
            "exp of an argument that varies by more than 32 over the cell",
        ),
        ("x*exp(exp(10))", "exp of an argument beyond"),
        ("sin(1e9)", "sin or cos of an argument beyond 2^20"),
        ("cos(1e300*x)", "a value or a coefficient beyond 2^8192"),
        ("(1e300)^13", ""),
        ("(x + 1e300)^1024", "a value or a coefficient beyond 2^8192"),
        ("tanh(40*x)", "exp of an argument that varies"),
    ] {
        let text = outcome(&retold(&good, function)).to_string();
        let wanted = format!("{place}{message}");
        let found = text.contains(&wanted) || message.is_empty() && !text.starts_with("VERIFIED");
        assert!(found, "{function}: {text}");
    }
    // Models of too low a degree have radii of which nothing follows.
    let low = with(&good, "/claims/0/parts/0/cells/0/degree", "0".into());
    for (function, message) in [
        ("exp(sin(3*x))", "exp of an argument with a radius above 1"),
        (
            "log(2 + sin(3*x))",
            "log of a value that is not proved to be positive",
        ),
        (
            "1/(2 + sin(3*x))",
            "the divisor is not proved to be other than 0",
        ),
        ("sqrt(2 + sin(3*x))", root),
        ("asin(sin(3*x)*2/3)", asin),
    ] {
        let text = outcome(&retold(&low, function)).to_string();
        assert!(
            text.contains(&format!("{place}{message}")),
            "{function}: {text}"
        );
    }
    for (function, message) in [
        ("", "at character 1: a number, a name or `(` is expected"),
        ("1/0", "at character 4: division by 0"),
        ("1/(1/2 - 0.5)", "division by 0"),
        ("0^-1", "division by 0"),
        ("2x", "at character 2: an operator or the end is expected"),
        ("x^1.5", "an operator or the end is expected"),
        ("x^x", "an integer exponent from 0 to 1024 is expected"),
        ("x^1025", "an integer exponent from 0 to 1024 is expected"),
        ("x^2^2", "an operator or the end is expected"),
        ("--x", "a number, a name or `(` is expected"),
        ("tan(x)", "at character 1: not one of x, pi, root, exp, log"),
        ("exp x", "`(` is expected"),
        ("root(1, x)", "root(n, A) needs an n of 2 or more"),
        (
            "root(65, x)",
            "the integer n of root(n, A) from 0 to 64 is expected",
        ),
        ("root(x, x)", "the integer n of root(n, A)"),
        ("root(3 x)", "`,` is expected"),
        ("1.", "a digit is expected after the point"),
        ("1e301", "a decimal exponent from 0 to 300 is expected"),
        ("exp(x))", "an operator or the end is expected"),
        ("EXP(x)", "a number, a name or `(` is expected"),
        ("x\n", "an operator or the end is expected"),
        ("x\u{e9}", "an operator or the end is expected"),
        ("(10^1000)^3", "a constant of more than 4096 bits"),
        (&deep, "nested deeper than 64"),
        (&long, "a formula has at most 2000 characters"),
        (&many, "more than 256 numbers, names and operations"),
        (&"9".repeat(201), "a number has at most 200 digits"),
    ] {
        let text = outcome(&retold(&good, function)).to_string();
        assert!(
            text.starts_with("UNREADABLE table.function: "),
            "{function}: {text}"
        );
        assert!(text.contains(message), "{function}: {text}");
    }
}

#[test]
fn requirements() {
    let absolute = exp().verified();
    let shortfall = |text: &str| absolute.shortfall(&Requirement::parse(text).unwrap());
    for met in [
        "exp<=2^-6",
        "exp(x)<=2^-6 on [-1,1]",
        "exp( 1*x ) <= 0.02 on [-1/2,1]",
        "exp(x/1)<=1",
    ] {
        assert_eq!(shortfall(met), None, "{met}");
    }
    for (text, missing) in [
        ("exp<=2^-20", "the proved bound is "),
        (
            "exp<=2^-6 on [-2,1]",
            "the statement does not reach all of [-2, 1]",
        ),
        ("sigmoid<=1", "the statement is about exp(x)"),
        ("exp(2*x)<=1", "the statement is about exp(x)"),
        (
            "relative exp<=1",
            "the statement is about the absolute error",
        ),
        ("relu<=1", "the statement is about smooth"),
    ] {
        let found = shortfall(text).unwrap_or_default();
        assert!(found.starts_with(missing), "{text}: {found}");
    }
    let mut relative = exp();
    relative.error = RELATIVE;
    let relative = relative.verified();
    let require = |text: &str| relative.shortfall(&Requirement::parse(text).unwrap());
    assert_eq!(require("relative exp<=2^-5"), None);
    assert_eq!(
        require("exp<=1").unwrap(),
        "the statement is about the relative error"
    );
    let mut weighted = exp();
    weighted.error = ("weight:2", &|_, g, f| 2.0 * (g - f));
    let found = weighted
        .verified()
        .shortfall(&Requirement::parse("exp<=1").unwrap());
    assert_eq!(found.unwrap(), "the statement is about a weighted error");
    for (text, message) in [
        (
            "smooth<=1",
            "a smooth function is named itself, as exp or 1/x",
        ),
        (
            "relative relu<=1",
            "`relative` and `by` are for a smooth function",
        ),
        (
            "relu by p<=1",
            "`relative` and `by` are for a smooth function",
        ),
        ("exp by q<=1", "by: at character 1: not one of x, p, pi"),
        ("reluu<=1", "not one of sign"),
        ("exp(y)<=1", "at character 5: not one of x"),
        ("exp(p)<=1", "not one of x, pi"),
        ("1/0<=1", "division by 0"),
        ("exp<=1 from 1", "`from` is for functions that jump"),
    ] {
        let found = Requirement::parse(text).unwrap_err();
        assert!(found.contains(message), "{text}: {found}");
    }
    // A value that is not p is asked for by its name: this one is exp, whatever p is.
    let mut other = exp();
    other.value = Some(("p + x", &|x, p| p + x));
    let other = other.verified();
    let require = |text: &str| other.shortfall(&Requirement::parse(text).unwrap());
    assert_eq!(require("exp by p+x*1<=4"), None);
    for text in ["exp<=4", "exp by p<=4", "exp by x + p<=4"] {
        assert_eq!(
            require(text).unwrap(),
            "the statement is about the value p + x"
        );
    }
    assert_eq!(shortfall("exp by p<=1"), None);
    assert_eq!(
        shortfall("exp by p + x<=1").unwrap(),
        "the statement is about the value p"
    );
    // Of a union, every required interval lies in one of its own.
    let parts = [(-1.0, -0.5), (0.5, 1.0)];
    let union = plain("exp(x)", &f64::exp, EXP, &parts).verified();
    let require = |text: &str| union.shortfall(&Requirement::parse(text).unwrap());
    assert_eq!(require("exp<=1 on [1/2,1]"), None);
    assert!(require("exp<=1")
        .unwrap()
        .contains("does not reach all of [-1, 1]"));
}

#[test]
fn a_high_degree_is_checked_within_a_relative_width_of_2_to_the_minus_40() {
    let certificate = exp_of_degree(63, 512, 85, 1);
    let report = verified(&certificate);
    assert!(
        report
            .headline()
            .starts_with("|p(x) - exp(x)| <= 8.6440394696077808397e-109"),
        "{}",
        report.headline()
    );
    assert!(report.work() < 20_000_000, "{}", report.work());
}
