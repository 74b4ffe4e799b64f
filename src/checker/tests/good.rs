//! Valid certificates of every rule, and what the checker says of them.

mod common;
use common::*;
use polycert_checker::{Function, Statement, Verdict};
use serde_json::json;

#[test]
fn one_stage_with_every_rule() {
    let report = verified(&good());
    assert_eq!(report.headline(), "|2 r(x/2) - ReLU(x)| <= 1/5 on [-2, 2]");
    assert_eq!(report.enclosure(), ("1.7e-1", "1.9e-1"));
    let rules: Vec<_> = report.statements().iter().map(Statement::rule).collect();
    assert_eq!(
        rules.join(" "),
        "stage_ranges closeness deviation derivative magnitude pool target"
    );
    let expected = [
        "for 1/2 <= |x| <= 1 the output of each stage, times the sign of x, lies in [2/3, 11/10]",
        "|p(x) - sign(x)| <= 1/3 for 1/2 <= |x| <= 1; at x = 1/2 it is at least 3/10; hence |r(x) - ReLU(x)| <= 1/6 |x| there",
        "|r(x) - ReLU(x)| <= 19/200 for |x| <= 1; at x = -27*2^-6 it is at least 17/200",
        "|r'(x) - 1/2| <= 3/4 for |x| <= 1; at x = -45*2^-6 it is at least 69/100",
        "|r(x)| <= 33*2^-5 for |x| <= 1; at x = 1 it is at least 49/50; beyond that range the bound fails: at x = -4 it is at least 53",
        "the tournament of m over 4 inputs in [-1, 1], mapped by x -> 1/4 x + 1/2, is within 19/25 of their maximum; at the named inputs its error is at least 67/100",
        "|2 r(x/2) - ReLU(x)| <= 19/100 on [-2, 2]",
    ];
    assert_eq!(report.words(), expected);
    assert_eq!(report.verdict(), Some(Verdict::Proved));
    assert_eq!(report.target().function, Function::Relu);
    let components: Vec<String> = report.components()[0]
        .iter()
        .map(|c| c.to_string())
        .collect();
    assert_eq!(components.len(), 4);
    assert_eq!(report.table_sha256(), digest(&good()["table"]));
}

#[test]
fn two_branches_for_a_polynomial_that_is_not_odd() {
    let certificate = uneven();
    verified(&certificate);
    // The error near 27/64 is about 0.0853 + 0.0006 for x < 0, and 0.0853 - 0.0006 for x > 0.
    let witness = |x: &str| json!({"x": x, "lo": "171/2000"});
    verified(&with(
        &certificate,
        "/claims/2/witness",
        witness("-27*2^-6"),
    ));
    let other = outcome(&with(&certificate, "/claims/2/witness", witness("27*2^-6")));
    assert!(other.to_string().contains("not proved to be at least lo"));
}

#[test]
fn two_stages() {
    let branches = json!([{"side": "both", "stages": [cubic_stage(), cubic_stage()]}]);
    let claims = json!([
        {"rule": "stage_ranges", "from": "1/2", "to": "1", "ranges": [["11/16", "11/10"], ["86/100", "11/10"]]},
        {"rule": "closeness", "from": "1/2", "to": "1", "hi": "7/50",
            "witness": {"x": "-1*2^-1", "lo": "13/100"}},
        {"rule": "deviation", "to": "1", "cells": [cells(true)], "hi": "1/10",
            "witness": {"x": "5*2^-4", "lo": "1/20"}},
        {"rule": "target", "cites": "1", "function": "step", "scale": "1", "lo": "1/20", "hi": "7/100"}
    ]);
    let report = verified(&certificate(table(&[CUBIC, CUBIC]), branches, claims));
    assert_eq!(
        report.headline(),
        "|(1 + p(x))/2 - [x > 0]| <= 7/100 for 1/2 <= |x| <= 1"
    );
    assert_eq!(report.verdict(), None);
}

#[test]
fn every_coefficient_mode_and_basis() {
    // Chebyshev: (3 u - u^3)/2 = 9/8 T_1 - 1/8 T_3, with u = 2 y at half the scale.
    let mut certificate = good();
    for mode in ["exact", "f64", "f32", "fixed:1", "fixed:1024"] {
        let report = verified(&with(&certificate, "/coefficients", mode.into()));
        assert_eq!(report.mode().to_string(), mode);
    }
    certificate["table"]["components"] = json!([{"basis": "chebyshev",
        "input_map": {"scale": "1", "offset": "0"}, "coefficients": ["0", "9/8", "0", "-1/8"]}]);
    sign(&mut certificate);
    let report = verified(&certificate);
    assert_eq!(report.components(), verified(&good()).components());
    // 1/3 is rounded: the statements are about the rounded polynomial.
    certificate["table"]["components"] =
        json!([{"basis": "power", "coefficients": ["0", "4501/3000", "0", "-1/2"]}]);
    sign(&mut certificate);
    for (mode, coefficient) in [
        ("exact", "4501/3000"),
        ("f32", "12585708/8388608"),
        ("fixed:4", "3/2"),
    ] {
        let report = verified(&with(&certificate, "/coefficients", mode.into()));
        let (n, d) = coefficient.split_once('/').unwrap();
        let (n, d): (i64, i64) = (n.parse().unwrap(), d.parse().unwrap());
        let found = &report.components()[0][1];
        assert_eq!(found.numer() * d, found.denom() * n, "{mode} {found}");
    }
}

#[test]
fn nine_inputs() {
    let mut certificate = good();
    certificate["claims"][5] = json!({"rule": "pool", "cites": "2", "inputs": "9", "range": "1",
        "input_scale": "1/4", "hi": "38/25",
        "witness": {"inputs": ["1", "-3*2^-2", "-1", "-1", "-1", "-1", "-1", "-1", "-1"], "lo": "1"}});
    certificate["claims"][6] = json!({"rule": "target", "cites": "5", "function": "max_pool", "lo": "1", "hi": "2",
            "claim": {"bound": "1", "verdict": "UNDECIDED"}});
    let headline = verified(&certificate).headline().to_owned();
    assert!(headline.starts_with(
        "the claim |tournament of m - maximum| <= 1 for 9 inputs in [-1, 1], mapped by x -> 1/4 x + 1/2 is UNDECIDED"
    ));
}

#[test]
fn every_function_and_verdict() {
    let target = |fields: serde_json::Value| with(&good(), "/claims/6", fields);
    let head = |fields| verified(&target(fields)).headline().to_owned();
    let relu = |bound: &str, verdict: &str| {
        head(
            json!({"rule": "target", "cites": "2", "function": "relu", "scale": "1",
            "lo": "17/200", "hi": "19/200", "claim": {"bound": bound, "verdict": verdict}}),
        )
    };
    assert_eq!(
        relu("1*2^-3", "PROVED"),
        "|r(x) - ReLU(x)| <= 1/8 on [-1, 1]"
    );
    assert_eq!(
        relu("19/200", "PROVED"),
        "|r(x) - ReLU(x)| <= 19/200 on [-1, 1]"
    );
    assert_eq!(
        relu("1*2^-14", "REFUTED"),
        "the claim |r(x) - ReLU(x)| <= 2^-14 on [-1, 1] is FALSE: at x = -27*2^-6 the error is at least 17/200; it is missed by 8.493896484375e-2 or more, 1.39264e3 times the bound"
    );
    assert!(relu("17/200", "UNDECIDED").contains("is UNDECIDED"));
    assert_eq!(
        head(
            json!({"rule": "target", "cites": "1", "function": "sign", "scale": "3/7", "lo": "3/10", "hi": "1/3"})
        ),
        "|p(x/(3/7)) - sign(x)| <= 1/3 for 3/14 <= |x| <= 3/7"
    );
    assert_eq!(
        head(
            json!({"rule": "target", "cites": "1", "function": "step", "scale": "1", "lo": "3/20", "hi": "1/6"})
        ),
        "|(1 + p(x))/2 - [x > 0]| <= 1/6 for 1/2 <= |x| <= 1"
    );
    assert_eq!(
        head(
            json!({"rule": "target", "cites": "2", "function": "leaky_relu", "scale": "2", "slope": "3", "lo": "34/100", "hi": "19/50"})
        ),
        "|s x + (1-s) 2 r(x/2) - LeakyReLU(x)| <= 19/50 on [-2, 2] with slope s = 3"
    );
    assert_eq!(
        head(
            json!({"rule": "target", "cites": "2", "function": "leaky_relu", "scale": "2", "slope": "1", "lo": "0", "hi": "0"})
        ),
        "|s x + (1-s) 2 r(x/2) - LeakyReLU(x)| <= 0 on [-2, 2] with slope s = 1"
    );
    assert_eq!(
        head(json!({"rule": "target", "cites": "2", "function": "max", "scale": "1", "lo": "0", "hi": "19/200",
            "claim": {"bound": "-1", "verdict": "REFUTED"}})),
        "the claim |m(a, b) - max(a, b)| <= -1 for a, b in [0, 1] is FALSE: at a - b = -27*2^-6 the error is at least 0; it is missed by 1 or more"
    );
}

#[test]
fn any_precision_and_other_spellings() {
    for precision in ["64", "65", "192", "2048"] {
        verified(&with(&good(), "/precision", precision.into()));
    }
    // Segments that touch where the slope vanishes: the gap is one point.
    let split = json!([{"lo": "0", "hi": "1", "boxes": []}, {"lo": "1", "hi": "5", "boxes": []}]);
    verified(&with(&good(), "/branches/0/stages/0/value", split));
    // A gap, and a segment that begins below 0.
    let gap = json!([{"lo": "-1*2^-1", "hi": "255*2^-8", "boxes": []}, {"lo": "257*2^-8", "hi": "5", "boxes": []}]);
    verified(&with(&good(), "/branches/0/stages/0/value", gap));
    let text = good().to_string().replace("\"both\"", "\"b\\u006fth\"");
    let read = polycert_checker::check(text.as_bytes());
    assert!(read.to_string().starts_with("VERIFIED"));
}

/// (3 y - y^3)/2 deviates from 1 by y (1 - q(y))/2, which rises up to 0.42 and is 81/1024 at 1/4: a witness just
/// beyond 1/4 refutes that bound on its own domain, and not on [-1/4, 1/4].
#[test]
fn the_domain_of_a_refuted_claim_holds_the_witness() {
    let to = format!("{}*2^-100", (1_u128 << 98) + 1);
    let cells = json!([cells(true)]);
    let bound = "81*2^-10";
    let above = format!("{}*2^-110", (81_u128 << 100) + 1);
    let claims = json!([
        {"rule": "deviation", "to": to, "cells": cells, "hi": "19/200", "witness": {"x": to, "lo": above}},
        {"rule": "target", "cites": "0", "function": "relu", "scale": "1", "lo": above, "hi": "19/200",
            "claim": {"bound": bound, "verdict": "REFUTED"}}
    ]);
    let report = verified(&with(&good(), "/claims", claims));
    assert_eq!(
        report.headline(),
        format!(
            "the claim |r(x) - ReLU(x)| <= {bound} on [-{to}, {to}] is FALSE: at x = {to} the error is at least 7.91015625e-2; \
             it is missed by 7.7037197775489434122e-34 or more, 1 times the bound"
        )
    );
}

/// r(-4) = -54 exceeds a bound that is a little below 54, and not that bound rounded up to 20 digits.
#[test]
fn the_bound_that_an_escape_exceeds_is_exact() {
    let below = format!("{}*2^-100", (54_u128 << 100) - 1);
    let mut certificate = with(&good(), "/claims/4/hi", below.clone().into());
    certificate = with(
        &certificate,
        "/claims/4/escape",
        json!({"x": "-4", "lo": "54"}),
    );
    let text = verified(&certificate).words()[4].clone();
    assert!(text.contains(&format!("|r(x)| <= {below} for")), "{text}");
    let low = with(&certificate, "/claims/4/escape/lo", below.into());
    assert!(outcome(&low).to_string().contains("lo is not above hi"));
}
