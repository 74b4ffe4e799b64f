//! The claim `mean_square` against integrals that are known exactly, and whoever would have more of it.

// Hints and judgements are in floats; the checker has none.
#![allow(clippy::disallowed_types, clippy::type_complexity)]

mod common;
use common::smooth::*;
use common::*;
use num_bigint::BigInt;
use serde_json::{json, Value};

/// n/d + sign 2^-bits.
fn beside((n, d): (i64, i64), sign: i64, bits: u32) -> String {
    let scale = BigInt::from(1) << bits;
    format!("{}/{}", BigInt::from(n) * &scale + sign * d, d * scale)
}

/// p = x for x^2, from x = `from` to 1, in two cells; the integral is claimed within 2^-bits of what it is.
fn claimed(from: f64, density: &str, integral: (i64, i64), bits: u32) -> Value {
    let parts = [(from, 1.0)];
    let case = plain("x^2", &|x| x * x, &[&[0.0, 1.0]], &parts);
    let mut certificate = case.certificate();
    let cells = json!([[{"to": "3*2^-2", "degree": "8"}, {"to": "1", "degree": "8"}]]);
    let claim = json!({"rule": "mean_square", "cites": "0", "density": density, "parts": cells,
        "lo": beside(integral, -1, bits), "hi": beside(integral, 1, bits)});
    certificate["claims"]
        .as_array_mut()
        .unwrap()
        .insert(1, claim);
    certificate
}

/// Verified within 2^-bits; refused where an end is beyond the integral by 2^-beyond.
fn exact(good: &Value, integral: (i64, i64), beyond: u32) -> String {
    let (lo, hi) = (beside(integral, 1, beyond), beside(integral, -1, beyond));
    let unproved =
        "REJECTED claim 1, mean_square: the integral is not proved to lie between lo and hi";
    let mut rows = vec![("/claims/1/lo", lo.into(), unproved)];
    if !hi.starts_with('-') {
        rows.push(("/claims/1/hi", hi.into(), unproved));
    }
    refused(good, &rows);
    verified(good).to_string()
}

#[test]
fn integrals_that_are_known() {
    // (x - x^2)^2 = x^2 - 2 x^3 + x^4.
    let good = claimed(0.0, "1", (1, 30), 110);
    let text = exact(&good, (1, 30), 200);
    assert!(
        text.contains(
            "\n  the integral of (1) |p(x) - (x^2)|^2 for x in [0, 1] is at least 3.3333333333333333333e-2 and at most 3.3333333333333333334e-2"
        ),
        "{text}"
    );
    exact(&claimed(0.0, "x", (1, 60), 110), (1, 60), 200);
    // A density may have any sign: of -1/2 to 1/2 all cancels, and below 0 the upper bound of 1 alone is meant.
    exact(&claimed(0.0, "x - 1/2", (0, 1), 100), (0, 1), 200);
    let below = with(
        &claimed(0.0, "-x", (-1, 60), 110),
        "/claims/1/hi",
        "1*2^-80".into(),
    );
    refused(
        &below,
        &[(
            "/claims/1/lo",
            beside((-1, 60), 1, 200).into(),
            "is not proved to lie",
        )],
    );
    // A part that ends between hint numbers: its cell begins before it.
    let third = claimed(1.0 / 3.0, "1", (32, 1_215), 110);
    let third = with(&third, "/claims/0/parts/0/from", "1/3".into());
    exact(&third, (32, 1_215), 200);
    let coarse = claimed(1.0 / 3.0, "1", (32, 1_215), 50);
    let mut coarse = with(&coarse, "/claims/0/parts/0/from", "1/3".into());
    coarse["precision"] = "64".into();
    exact(&coarse, (32, 1_215), 65);
}

/// p = 2^-100 x for 0 on [1, 2]: the square is far below a unit, the integral 2^-200 7/3.
#[test]
fn small_errors_are_scaled() {
    let line = [0.0, 2_f64.powi(-100)];
    let case = plain("0", &|_| 0.0, &[], &[(1.0, 2.0)]);
    let components: &[&[f64]] = &[&line];
    let mut certificate = Case { components, ..case }.certificate();
    let bound = |n: u32| format!("{n}/{}", BigInt::from(3_000) << 200);
    let cells = json!([[{"to": "2", "degree": "4"}]]);
    let claim = json!({"rule": "mean_square", "cites": "0", "density": "1", "parts": cells,
        "lo": bound(6_999), "hi": bound(7_001)});
    certificate["claims"]
        .as_array_mut()
        .unwrap()
        .insert(1, claim);
    let unproved = "mean_square: the integral is not proved to lie";
    refused(
        &certificate,
        &[
            ("/claims/1/lo", bound(7_001).into(), unproved),
            ("/claims/1/hi", bound(6_999).into(), unproved),
            (
                "/claims/1/hi",
                format!("1/{}", BigInt::from(1) << 4_000).into(),
                "REJECTED claim 1",
            ),
        ],
    );
}

#[test]
fn every_condition_is_needed() {
    let good = claimed(0.0, "1", (1, 30), 110);
    let cites = "mean_square: `cites` is not the index of an earlier series claim";
    let cell = |to: &str| json!([[{"to": to, "degree": "8"}]]);
    refused(
        &good,
        &[
            ("/claims/1/cites", "1".into(), cites),
            ("/claims/1/cites", "2".into(), cites),
            ("/claims/1/hi", "0".into(), "UNREADABLE claims[1].hi"),
            ("/claims/1/hi", "-1".into(), "UNREADABLE claims[1].hi"),
            (
                "/claims/1/density",
                "p".into(),
                "UNREADABLE claims[1].density",
            ),
            (
                "/claims/1/density",
                "y = x; y".into(),
                "UNREADABLE claims[1].density",
            ),
            (
                "/claims/1/density",
                "1/x".into(),
                "the divisor is not proved to be other than 0",
            ),
            (
                "/claims/1/density",
                "1/(x - 3/4)".into(),
                "the divisor is not proved",
            ),
            // No slack: a root that ends inside the domain, by however little.
            (
                "/claims/1/density",
                "sqrt(x - 1/2^100)".into(),
                "a root of a value",
            ),
            (
                "/claims/1/parts/0/0/degree",
                "513".into(),
                "an integer from 0 to 512",
            ),
            (
                "/claims/1/parts/0/0/degree",
                "0".into(),
                "the integral is not proved",
            ),
            (
                "/claims/1/parts",
                cell("7*2^-3"),
                "the last cell does not end at `to`",
            ),
            (
                "/claims/1/parts",
                cell("2"),
                "the last cell does not end at `to`",
            ),
            (
                "/claims/1/parts",
                cell("0"),
                "its end is not beyond its beginning",
            ),
            (
                "/claims/1/parts",
                json!([[{"to": "1", "degree": "8"}], [{"to": "1", "degree": "8"}]]),
                "there is not one list of cells for each part",
            ),
        ],
    );
    // A root that ends where the domain does exists on all of it.
    let mut root = with(&good, "/claims/1/density", "sqrt(x)".into());
    root["claims"][1]["lo"] = "-1".into();
    root["claims"][1]["hi"] = "1".into();
    verified(&root);
}

/// The largest scale, degree and precision, and densities that take long.
#[test]
fn hostile_claims_end_soon() {
    let good = claimed(0.0, "1", (1, 30), 110);
    let smallest = format!("1/{}", BigInt::from(1) << 4_000);
    let nested = "gelu(".repeat(40) + "x" + &")".repeat(40);
    for density in [
        "1e300^4*x",
        "exp(exp(exp(9*x)))",
        "x^1024",
        "1/(x + 1)^1024",
        &nested,
    ] {
        for hi in [&smallest, "1"] {
            for (precision, degree) in [("64", "512"), ("2048", "512"), ("2048", "64")] {
                let mut other = with(&good, "/claims/1/density", density.into());
                other["claims"][1]["hi"] = hi.into();
                other["claims"][1]["lo"] = "-1".into();
                other["precision"] = precision.into();
                for i in 0..2 {
                    other["claims"][1]["parts"][0][i]["degree"] = degree.into();
                }
                let start = std::time::Instant::now();
                let outcome = outcome(&other);
                let spent = start.elapsed();
                println!("{density:.30} {precision} {degree}: {spent:?} {outcome:.80}");
                assert!(spent.as_secs() < 8, "{density}: {spent:?}");
                // No integral of these is so small.
                let is_verified = matches!(outcome, polycert_checker::Outcome::Verified(_));
                assert!(!is_verified || hi == "1", "{density}: {outcome}");
            }
        }
    }
}
