//! Evaluation as coded: what a program in f64 or f32 adds to p, against the programs themselves.

use polycert::arith::rounding::CoefficientMode;
use polycert::jobs::certify::{certify, Request};
use polycert::poly::component::Basis;
use polycert::poly::evaluation::Evaluation;
use polycert::poly::table::Table;
use rug::Rational;
use serde_json::{json, Value};

fn table(basis: &str, coefficients: &[&str], target: &str) -> Table {
    let function = (target == "smooth").then_some("exp(x)");
    let mut table = json!({
        "format": "polycert-table/1",
        "name": "p",
        "target": target,
        "domain": {"lo": "-1", "hi": "1"},
        "components": [{"basis": basis, "coefficients": coefficients}],
    });
    if let Some(function) = function {
        table["function"] = function.into();
    }
    Table::from_json(&table.to_string()).unwrap()
}

/// Taylor's coefficients of exp, which neither format holds.
const EXP: [&str; 8] = ["1", "1", "1/2", "1/6", "1/24", "1/120", "1/720", "1/5040"];
/// Chebyshev's of exp, to twelve digits.
const CHEBYSHEV: [&str; 6] = [
    "1.266065877752",
    "1.130318207985",
    "0.271495339534",
    "0.044336849849",
    "0.005474240442",
    "0.000542926312",
];

/// p by a program in f32, whose operations round once.
fn single(basis: Basis, c: &[f32], x: f32) -> f32 {
    if basis == Basis::Power {
        return c.iter().rev().fold(0.0, |v, c| v * x + c);
    }
    let (mut b1, mut b2) = (0.0_f32, 0.0_f32);
    for c in c.iter().skip(1).rev() {
        (b1, b2) = (2.0 * x * b1 - b2 + c, b1);
    }
    x * b1 - b2 + c[0]
}

#[test]
fn programs_are_within_what_is_certified() {
    for (basis, texts) in [(Basis::Power, &EXP[..]), (Basis::Chebyshev, &CHEBYSHEV[..])] {
        for (target, format) in [
            ("smooth", CoefficientMode::F32),
            ("direct_relu", CoefficientMode::F32),
            ("smooth", CoefficientMode::F64),
        ] {
            let name = if basis == Basis::Power {
                "power"
            } else {
                "chebyshev"
            };
            let table = table(name, texts, target);
            let evaluation = Evaluation { basis, format };
            let request = Request {
                coefficients: format,
                evaluation: Some(evaluation),
                ..Request::default()
            };
            let answer = certify(&table, &request).unwrap();
            let bound = answer.proof.rounding.as_ref().unwrap().bound_hi.clone();
            let unit = if format == CoefficientMode::F32 {
                2f64.powi(-24)
            } else {
                2f64.powi(-53)
            };
            assert!(bound < 60.0 * unit, "{evaluation}: {bound}");
            let said = answer.report.to_string();
            assert!(
                said.contains(&format!("evaluates p in {format} by")),
                "{said}"
            );
            // The claim is checked: half of it is refused, by name.
            let mut certificate: Value = serde_json::from_str(&answer.certificate).unwrap();
            let claims = certificate["claims"].as_array_mut().unwrap();
            let claim = claims.iter_mut().find(|c| c["rule"] == "rounding").unwrap();
            let half = Rational::from(&bound / 2u32);
            claim["hi"] = polycert::arith::number::write(&half).into();
            match polycert_checker::check(certificate.to_string().as_bytes()) {
                polycert_checker::Outcome::Rejected { rule, .. } => assert_eq!(rule, "rounding"),
                other => panic!("{other:?}"),
            }
            if format == CoefficientMode::F64 {
                continue;
            }
            let held: Vec<Rational> = table.components[0]
                .coefficients
                .iter()
                .map(|c| format.round(c).unwrap())
                .collect();
            let c: Vec<f32> = held.iter().map(Rational::to_f32).collect();
            let mut seen = Rational::new();
            for k in -2_000..=2_000_i16 {
                let x = f32::from(k) / 2_000.0;
                let got = Rational::from_f32(single(basis, &c, x)).unwrap();
                let x = Rational::from_f32(x).unwrap();
                let zero = Rational::new;
                let exact = if basis == Basis::Power {
                    held.iter().rev().fold(zero(), |v, c| v * &x + c)
                } else {
                    let (mut b1, mut b2) = (zero(), zero());
                    for c in held.iter().skip(1).rev() {
                        let next = Rational::from(&x * &b1) * 2u32 - b2 + c;
                        (b1, b2) = (next, b1);
                    }
                    x * b1 - b2 + &held[0]
                };
                seen = seen.max((got - exact).abs());
            }
            assert!(seen <= bound && seen * 40u32 > bound);
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let power = table("power", &EXP, "smooth");
    let said = |table: &Table, evaluation: &str, coefficients| {
        let request = Request {
            coefficients,
            evaluation: Some(evaluation.parse().unwrap()),
            ..Request::default()
        };
        certify(table, &request).unwrap_err().to_string()
    };
    let f64 = CoefficientMode::F64;
    let other = said(&power, "clenshaw:f64", f64);
    assert!(other.contains("horner:f64"), "{other}");
    let other = said(&power, "horner:f64", CoefficientMode::Exact);
    assert!(other.contains("--coefficients says exact"), "{other}");
    let mut two = power.clone();
    two.components.push(two.components[0].clone());
    let other = said(&two, "horner:f64", f64);
    assert!(other.contains("composite"), "{other}");
    let sign = table("power", &["0", "1"], "relu");
    let other = said(&sign, "horner:f64", f64);
    assert!(other.contains("through sign"), "{other}");
    for text in ["horner", "horner:f16", "horner:f64:fma", "estrin:f64", ""] {
        assert!(text.parse::<Evaluation>().is_err(), "{text}");
    }
}
