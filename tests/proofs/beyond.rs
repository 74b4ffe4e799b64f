//! Of smooth tables: the mean squared error for a density, the widest domain of a bound, and growth outside.

use polycert::arith::number::write;
use polycert::certify::proof::Verdict;
use polycert::function::formula::{Density, Formula};
use polycert::jobs::certify::{certify, Answer, Request};
use polycert::poly::table::Table;
use rug::{Float, Rational};
use serde_json::{json, Value};

const PREC: u32 = 200;

/// p against a function on [lo, hi].
fn table(function: &str, coefficients: &[&str], (lo, hi): (&str, &str)) -> Table {
    let table = json!({
        "format": "polycert-table/1",
        "name": "p",
        "target": "smooth",
        "function": function,
        "domain": {"lo": lo, "hi": hi},
        "components": [{"basis": "power", "coefficients": coefficients}],
    });
    Table::from_json(&table.to_string()).unwrap()
}

/// A sum of the midpoints' values, n of them: within (hi - lo)^3/(24 n^2) of the greatest second derivative.
fn midpoints(g: impl Fn(Float) -> Float, lo: f64, hi: f64, n: u32) -> Float {
    let step = Float::with_val(PREC, hi - lo) / n;
    let at = |k: u32| Float::with_val(PREC, k) * &step + Float::with_val(PREC, &step / 2u32) + lo;
    let sum = (0..n).fold(Float::new(PREC), |sum, k| sum + g(at(k)));
    sum * step
}

fn mean(table: &Table, density: &str) -> Answer {
    let request = Request {
        density: Some(density.parse::<Density>().unwrap()),
        ..Request::default()
    };
    certify(table, &request).unwrap()
}

#[test]
fn mean_squares_hold_the_integral() {
    let float = |x: &Rational| Float::with_val(PREC, x);
    // x against x - 1 is 1 everywhere: the mean is that of the density.
    let shifted = table("x - 1", &["0", "1"], ("-3", "5"));
    let found = mean(&shifted, "uniform").proof.mean_square.unwrap();
    assert!(found.bound_lo <= 1u32 && found.bound_hi >= 1u32);
    assert!(Rational::from(&found.bound_hi - &found.bound_lo) < Rational::from(1) >> 25u32);
    // x against 0 on [-1/3, 1]: (1 + 1/27)/3 over 4/3 = 7/27, exactly; and the ends are on no grid.
    let line = table("0*x", &["0", "1"], ("-1/3", "1"));
    let found = mean(&line, "uniform").proof.mean_square.unwrap();
    let exact = Rational::from((7, 27));
    assert!(found.bound_lo <= exact && exact <= found.bound_hi);
    assert!(Rational::from(&found.bound_hi - &found.bound_lo) < Rational::from(1) >> 25u32);
    // Taylor's polynomial of exp against exp, for several densities: by sums of midpoints.
    let exp = table("exp(x)", &["1", "1", "1/2", "1/6"], ("-2", "1"));
    type Weight = fn(Float) -> Float;
    let weights: [(&str, Weight); 3] = [
        ("uniform", |_| Float::with_val(PREC, 1) / 3u32),
        ("normal", |x| {
            let pi = Float::with_val(PREC, rug::float::Constant::Pi);
            (-x.square() / 2u32).exp() / (pi * 2u32).sqrt()
        }),
        ("1 + x^2", |x| x.square() + 1u32),
    ];
    for (name, weight) in weights {
        let answer = mean(&exp, name);
        let found = answer.proof.mean_square.as_ref().unwrap();
        let g = |x: Float| {
            let cube = Float::with_val(PREC, x.clone().square() * &x) / 6u32;
            let p = cube + x.clone().square() / 2u32 + &x + 1u32;
            let error = p - x.clone().exp();
            weight(x) * error.square()
        };
        let seen = midpoints(g, -2.0, 1.0, 20_000);
        let slack = 1e-7;
        assert!(
            float(&found.bound_lo) <= seen.clone() * (1.0 + slack),
            "{name}"
        );
        assert!(seen * (1.0 - slack) <= float(&found.bound_hi), "{name}");
        assert!(answer.report.to_string().contains("the integral of"));
        // Neither bound is taken on trust.
        for (field, factor) in [("hi", (999, 1_000)), ("lo", (1_001, 1_000))] {
            let mut certificate: Value = serde_json::from_str(&answer.certificate).unwrap();
            let claims = certificate["claims"].as_array_mut().unwrap();
            let claim = claims
                .iter_mut()
                .find(|c| c["rule"] == "mean_square")
                .unwrap();
            let bound = if field == "hi" {
                &found.bound_hi
            } else {
                &found.bound_lo
            };
            claim[field] = write(&(bound * Rational::from(factor))).into();
            match polycert_checker::check(certificate.to_string().as_bytes()) {
                polycert_checker::Outcome::Rejected { rule, .. } => assert_eq!(rule, "mean_square"),
                other => panic!("{other:?}"),
            }
        }
    }
    // A tiny error: its square is far below a unit of the certificate.
    let coefficients = [
        "1", "1", "1/2", "1/6", "1/24", "1/120", "1/720", "1/5040", "1/40320",
    ];
    let near = table("exp(x)", &coefficients, ("-1/16", "1/16"));
    let found = mean(&near, "uniform").proof.mean_square.unwrap();
    assert!(found.bound_hi < Rational::from(1) >> 100u32 && found.bound_lo > 0u32);
    assert!(Rational::from(&found.bound_hi / &found.bound_lo) < 1.001);
}

#[test]
fn a_density_that_is_not_defined_is_refused() {
    let exp = table("exp(x)", &["1", "1"], ("-1", "1"));
    for density in ["1/x", "sqrt(x)", "-1"] {
        let request = Request {
            density: Some(Density::Formula(Formula::function(density).unwrap())),
            ..Request::default()
        };
        certify(&exp, &request).unwrap_err();
    }
}

/// 1 + x for exp on [-1/2, 1/2]: at most 1/4 on [-a, b], where exp(x) - 1 - x = 1/4 at -a and b.
#[test]
fn the_widest_domain_and_growth() {
    let exp = table("exp(x)", &["1", "1"], ("-1/2", "1/2"));
    let request = Request {
        claim: Some(Rational::from((1, 4))),
        extend: true,
        rho: Some(Rational::from((7, 2))),
        ..Request::default()
    };
    let answer = certify(&exp, &request).unwrap();
    assert_eq!(answer.proof.verdict, Some(Verdict::Proved));
    let found = answer.proof.extended.as_ref().unwrap();
    assert_eq!(found.parts.len(), 2);
    let (lo, hi) = (&found.parts[0].from, &found.parts[1].to);
    let off = |x: &Rational| {
        let x = Float::with_val(PREC, x);
        x.clone().exp() - 1u32 - x
    };
    for (end, out) in [(lo, -1), (hi, 1)] {
        assert!(off(end) <= 0.25);
        assert!(off(&(end + Rational::from((out, 500)))) > 0.25);
    }
    // 1 + x on [-4, 4].
    let growth = answer.proof.growth.as_ref().unwrap();
    assert!(growth.bound_hi >= 5u32 && growth.bound_hi < 5.001);
    let said = answer.report.to_string();
    assert!(said.contains("|p(x)| <= 5.000"), "{said}");
    // At its own maximum, which is at an end, the error leaves at once on that side alone.
    let request = Request {
        extend: true,
        ..Request::default()
    };
    let answer = certify(&exp, &request).unwrap();
    let found = answer.proof.extended.as_ref().unwrap();
    assert_eq!(found.parts.len(), 1);
    assert!(found.parts[0].from < -0.55 && found.parts[0].to == -0.5);
}
