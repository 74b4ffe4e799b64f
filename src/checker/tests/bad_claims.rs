//! For every rule and claim a certificate that breaks it, with the message it must get. Each is a valid
//! certificate with one value replaced.

mod common;
use common::*;
use serde_json::{json, Value};

#[test]
fn branches() {
    let value = "/branches/0/stages/0/value";
    let boxes = "/branches/0/stages/0/value/0/boxes";
    refused(
        &good(),
        &[
            ("/branches/0/side", "left".into(), "branches[0].side: not one of both"),
            ("/branches/0/side", "positive".into(), "UNREADABLE branches: neither one branch"),
            ("/branches/0/stages", json!([]), "branches[0].stages: 0 entries"),
            ("/branches/0/stages", json!([cubic_stage(), cubic_stage()]), "branches[0].stages: 2 stages for 1 components"),
            (value, json!([]), "stages[0].value: 0 entries, where 1 to"),
            (boxes, json!([]), "REJECTED R1 pieces: branch both, stage 0, value pieces: segment 0 has 0 boxes for 1 sign changes"),
            (boxes, json!([["1*2^-3", "1*2^-2"], ["255*2^-8", "257*2^-8"]]), "has 2 boxes for 1 sign changes"),
            (boxes, json!([["1*2^-3", "1*2^-2"]]), "box 0: the slope has no proved opposite signs"),
            (boxes, json!([["1", "257*2^-8"]]), "no proved opposite signs"),
            (boxes, json!([["257*2^-8", "255*2^-8"]]), "box 0 is out of order"),
            (boxes, json!([["1", "1"]]), "box 0 is out of order"),
            (boxes, json!([["255*2^-8", "6"]]), "outside the segment"),
            (boxes, json!([["-1", "257*2^-8"]]), "outside the segment"),
            (boxes, json!([["1"]]), "boxes[0]: a list of two entries"),
            (boxes, json!([["1", "2", "3"]]), "boxes[0]: a list of two entries"),
            ("/branches/0/stages/0/value/0/lo", "5".into(), "segment 0 is empty"),
            ("/branches/0/stages/0/slope/0/boxes", json!([["1*2^-3", "1*2^-2"]]), "slope pieces: segment 0 has 1 boxes for 0"),
            (value, json!([{"lo": "0", "hi": "1*2^-1", "boxes": []}, {"lo": "1*2^-2", "hi": "2", "boxes": [["255*2^-8", "257*2^-8"]]}]),
                "segment 1 begins before the one before it ends"),
            (value, json!([{"lo": "1*2^-10", "hi": "2", "boxes": [["255*2^-8", "257*2^-8"]]}]),
                "claim 2, deviation: R2 image: cell 0: branch both, stage 0, value pieces: an interval is not inside the domain"),
            (value, json!([{"lo": "0", "hi": "255*2^-8", "boxes": []}]), "claim 0, stage_ranges: R2 image: branch both, stage 0"),
            ("/branches/0/stages/0/slope", json!([{"lo": "0", "hi": "1*2^-1", "boxes": []}]), "stage 0, slope pieces: an interval is not inside"),
        ],
    );
    let mut certificate = good();
    certificate["branches"][0]["stages"][0]
        .as_object_mut()
        .unwrap()
        .remove("slope");
    let text = outcome(&certificate).to_string();
    assert!(
        text.contains("R3 cascade: cell 0: branch both, stage 0, slope pieces: there are none"),
        "{text}"
    );
    // A box on each branch is of that branch's own polynomial.
    let uneven = uneven();
    refused(
        &uneven,
        &[
            ("/branches/0/side", "negative".into(), "neither one branch"),
            ("/branches/1/side", "both".into(), "neither one branch"),
            (
                "/branches/1/stages",
                uneven["branches"][0]["stages"].clone(),
                "branch negative, stage 0, value pieces: segment 0 box 0",
            ),
            (
                "/claims/2/cells",
                json!([cells(true)]),
                "there is not one list of cells for each branch",
            ),
        ],
    );
    let mut swapped = uneven.clone();
    swapped["branches"].as_array_mut().unwrap().reverse();
    assert!(outcome(&swapped).to_string().contains("neither one branch"));
}

#[test]
fn lists_of_cells() {
    let list = "/claims/2/cells/0";
    let points = |p: &[&str]| json!({"points": p, "orders": "0".repeat(p.len().saturating_sub(1))});
    refused(
        &good(),
        &[
            (
                "/claims/2/cells",
                json!([]),
                "claim 2, deviation: R5 cells: there is not one list of cells",
            ),
            (
                "/claims/2/cells/0/orders",
                "0".repeat(63).into(),
                "not one digit of `orders`",
            ),
            (
                "/claims/2/cells/0/orders",
                "0".repeat(65).into(),
                "not one digit of `orders`",
            ),
            (
                "/claims/2/cells/0/orders",
                ("0".repeat(63) + "2").into(),
                "UNREADABLE claims[2].cells[0].orders: a digit other",
            ),
            (
                "/claims/2/cells/0/orders",
                ("0".repeat(63) + "\u{660}").into(),
                "a digit other",
            ),
            (list, json!({"points": [], "orders": ""}), "not one digit"),
            (
                list,
                points(&["0"]),
                "the first of at least two points is not 0",
            ),
            (
                list,
                points(&["1*2^-6", "1"]),
                "the first of at least two points is not 0",
            ),
            (
                list,
                points(&["-1", "0", "1"]),
                "the first of at least two points is not 0",
            ),
            (
                list,
                points(&["0", "1*2^-1", "1*2^-1", "1"]),
                "the points are not strictly increasing",
            ),
            (
                list,
                points(&["0", "3*2^-2", "1*2^-1", "1"]),
                "the points are not strictly increasing",
            ),
            (
                list,
                points(&["0", "127*2^-7"]),
                "the last point is below `to`",
            ),
            (
                list,
                points(&["0", "1"]),
                "R5 cells: cell 0: the bound is above hi",
            ),
            (
                "/claims/2/cells/0/points/64",
                "6".into(),
                "R2 image: cell 63",
            ),
            (
                "/claims/3/cells/0",
                cells(true),
                "claim 3, derivative: R5 cells: `orders` is not all 0",
            ),
            (
                "/claims/4/cells/0",
                cells(true),
                "claim 4, magnitude: R5 cells: `orders` is not all 0",
            ),
        ],
    );
}

#[test]
fn bounds_and_witnesses() {
    refused(
        &good(),
        &[
            (
                "/claims/0/from",
                "-1/9".into(),
                "UNREADABLE claims[0].from: below 0",
            ),
            (
                "/claims/0/to",
                "1/2".into(),
                "UNREADABLE claims[0].to: not above `from`",
            ),
            ("/claims/0/ranges", json!([]), "claims[0].ranges: 0 entries"),
            (
                "/claims/0/ranges",
                json!([["0", "2"], ["0", "2"]]),
                "claim 0, stage_ranges: there is not one range for each stage",
            ),
            (
                "/claims/0/ranges/0/0",
                "688/1000".into(),
                "the image of stage 0 is not in its range",
            ),
            (
                "/claims/0/ranges/0/1",
                "999/1000".into(),
                "the image of stage 0 is not in its range",
            ),
            (
                "/claims/1/hi",
                "3124/10000".into(),
                "claim 1, closeness: branch both: q is not inside",
            ),
            ("/claims/1/hi", "-1".into(), "q is not inside"),
            ("/claims/1/to", "6".into(), "claim 1, closeness: R2 image"),
            (
                "/claims/4/escape/x",
                "-6".into(),
                "claim 4, magnitude: R2 image",
            ),
            (
                "/claims/1/witness/lo",
                "3126/10000".into(),
                "claim 1, closeness: the quantity at the witness",
            ),
            (
                "/claims/1/witness/x",
                "-1*2^-2".into(),
                "claim 1, closeness: the witness is outside the range",
            ),
            (
                "/claims/1/witness/x",
                "9*2^-3".into(),
                "claim 1, closeness: the witness is outside the range",
            ),
            (
                "/claims/2/to",
                "0".into(),
                "UNREADABLE claims[2].to: not above 0",
            ),
            (
                "/claims/2/to",
                "1001/1000".into(),
                "the last point is below `to`",
            ),
            ("/claims/2/hi", "853/10000".into(), "the bound is above hi"),
            (
                "/claims/2/witness/lo",
                "854/10000".into(),
                "claim 2, deviation: the quantity at the witness",
            ),
            (
                "/claims/2/witness/x",
                "2".into(),
                "claim 2, deviation: the witness is outside",
            ),
            (
                "/claims/3/hi",
                "7/10".into(),
                "claim 3, derivative: R5 cells: cell",
            ),
            (
                "/claims/3/witness/lo",
                "71/100".into(),
                "claim 3, derivative: the quantity at the witness",
            ),
            (
                "/claims/3/witness/x",
                "-3*2^-1".into(),
                "claim 3, derivative: the witness is outside",
            ),
            (
                "/claims/4/hi",
                "99/100".into(),
                "claim 4, magnitude: R5 cells: cell",
            ),
            (
                "/claims/4/witness/lo",
                "101/100".into(),
                "claim 4, magnitude: the quantity at the witness",
            ),
            (
                "/claims/4/witness/x",
                "-1".into(),
                "claim 4, magnitude: the quantity at the witness",
            ),
            (
                "/claims/4/witness/x",
                "2".into(),
                "claim 4, magnitude: the witness is outside",
            ),
            (
                "/claims/4/escape/x",
                "1".into(),
                "claim 4, magnitude: the escape is not beyond",
            ),
            (
                "/claims/4/escape/lo",
                "33/32".into(),
                "claim 4, magnitude: the escape's lo is not above hi",
            ),
            (
                "/claims/4/escape/lo",
                "55".into(),
                "claim 4, magnitude: the quantity at the witness",
            ),
            (
                "/claims/4/escape/x",
                "4".into(),
                "claim 4, magnitude: the quantity at the witness",
            ),
        ],
    );
}

#[test]
fn pools() {
    let claim = |field: &str| format!("/claims/5/{field}");
    let refused = |field: &str, value: Value, message: &str| {
        refused_one(&claim(field), value, message);
    };
    refused(
        "cites",
        "1".into(),
        "claim 5, pool: `cites` is not the index of an earlier deviation claim",
    );
    refused(
        "cites",
        "5".into(),
        "not the index of an earlier deviation claim",
    );
    refused(
        "cites",
        "6".into(),
        "not the index of an earlier deviation claim",
    );
    refused(
        "cites",
        "-1".into(),
        "UNREADABLE claims[5].cites: an integer from 0 to 255",
    );
    refused(
        "inputs",
        "1".into(),
        "claims[5].inputs: an integer from 2 to 1024",
    );
    refused(
        "inputs",
        "1025".into(),
        "claims[5].inputs: an integer from 2 to 1024",
    );
    refused(
        "inputs",
        "5".into(),
        "claims[5].witness.inputs: 4 entries, where 5 to 5",
    );
    refused("range", "0".into(), "claims[5].range: not above 0");
    refused(
        "input_scale",
        "0".into(),
        "claims[5].input_scale: not above 0",
    );
    // 2 c B + 2 E = 2 c + 0.19 <= 1.
    refused(
        "input_scale",
        "82/200".into(),
        "the differences of the matches may exceed",
    );
    refused(
        "range",
        "82/50".into(),
        "the differences of the matches may exceed",
    );
    refused(
        "hi",
        "75/100".into(),
        "hi is below the depth times the cited bound",
    );
    refused(
        "witness/lo",
        "69/100".into(),
        "the error at the witness is not proved",
    );
    refused(
        "witness/inputs/0",
        "9*2^-3".into(),
        "an input of the witness is outside",
    );
    refused(
        "witness/inputs/0",
        "-9*2^-3".into(),
        "an input of the witness is outside",
    );
    refused(
        "witness/inputs/0",
        "1/2".into(),
        "witness.inputs[0]: a hint number cannot be a fraction",
    );
    // c = 1/3 is no dyadic, so that equal inputs have enclosures with a difference of no proved sign.
    refused("input_scale", "1/3".into(), "has no proved sign");
}

fn refused_one(pointer: &str, value: Value, message: &str) {
    refused(&good(), &[(pointer, value, message)]);
}

#[test]
fn targets() {
    let target = "/claims/6";
    let pool_scale = json!({"rule": "target", "cites": "5", "function": "max_pool", "scale": "1", "lo": "0", "hi": "1"});
    refused(
        &good(),
        &[
            (
                "/claims/6/cites",
                "1".into(),
                "claim 6, target: the cited claim has another rule",
            ),
            (
                "/claims/6/cites",
                "6".into(),
                "claim 6, target: `cites` is not the index of an earlier claim",
            ),
            (
                "/claims/6/function",
                "gelu".into(),
                "claims[6].function: not one of sign",
            ),
            (
                "/claims/6/function",
                "sign".into(),
                "another rule than the function needs",
            ),
            (
                "/claims/6/function",
                "step".into(),
                "another rule than the function needs",
            ),
            (
                "/claims/6/function",
                "leaky_relu".into(),
                "claims[6].slope: the field is missing",
            ),
            (
                "/claims/6/function",
                "max_pool".into(),
                "claims[6].scale: the field is unknown",
            ),
            (
                "/claims/6/slope",
                "1/100".into(),
                "claims[6].slope: the field is unknown",
            ),
            (target, pool_scale, "claims[6].scale: the field is unknown"),
            (
                "/claims/6/scale",
                "0".into(),
                "claims[6].scale: not above 0",
            ),
            (
                "/claims/6/scale",
                "-2".into(),
                "claims[6].scale: not above 0",
            ),
            (
                "/claims/6/scale",
                "201/100".into(),
                "hi is below the bound that follows",
            ),
            (
                "/claims/6/hi",
                "189/1000".into(),
                "hi is below the bound that follows",
            ),
            (
                "/claims/6/lo",
                "171/1000".into(),
                "lo is above the bound that follows",
            ),
            (
                "/claims/6/claim/bound",
                "189/1000".into(),
                "PROVED, but hi is above the bound",
            ),
            (
                "/claims/6/claim/verdict",
                "REFUTED".into(),
                "REFUTED, but lo is not above the bound",
            ),
            (
                "/claims/6/claim/verdict",
                "UNDECIDED".into(),
                "UNDECIDED, but the bound is outside",
            ),
            (
                "/claims/6/claim/verdict",
                "TRUE".into(),
                "claims[6].claim.verdict: not one of PROVED",
            ),
            (
                "/claims/6/claim",
                json!({"bound": "17/100", "verdict": "REFUTED"}),
                "REFUTED, but lo is not above",
            ),
            (
                "/claims/6/claim",
                json!({"bound": "19/100", "verdict": "UNDECIDED"}),
                "UNDECIDED, but",
            ),
            (
                "/claims/6/claim",
                json!({"bound": "169/1000", "verdict": "UNDECIDED"}),
                "UNDECIDED, but",
            ),
        ],
    );
    // lo above hi needs a cited witness above the cited bound, which no proof gives: f = 0 with lo = hi = 0
    // is the edge, and a lo of 1 is refused before.
    let last = |claims: Vec<Value>| outcome(&with(&good(), "/claims", claims.into())).to_string();
    assert_eq!(
        last(claims(1)[..6].to_vec()),
        "REJECTED target: the last claim is not a target claim"
    );
    let mut twice = claims(1);
    twice.push(twice[6].clone());
    assert_eq!(
        last(twice),
        "REJECTED claim 7, target: a claim follows the target claim"
    );
    let mut early = claims(1);
    early.swap(5, 6);
    assert_eq!(
        last(early),
        "REJECTED claim 6, pool: a claim follows the target claim"
    );
}

/// The error of max(a, b) on [0, B] is about differences up to B alone: a deviation witness beyond 1 says
/// nothing of it, although the deviation claim itself is true.
#[test]
fn a_witness_beyond_one_does_not_bound_max_from_below() {
    let far = |function: &str| {
        let mut certificate = good();
        certificate["branches"][0]["stages"][0] = json!({
            "value": [{"lo": "0", "hi": "4", "boxes": [["255*2^-8", "257*2^-8"]]}],
            "slope": [{"lo": "0", "hi": "4", "boxes": []}]});
        certificate["claims"] = json!([
            {"rule": "deviation", "to": "2", "cells": [{"points": ["0", "1", "2"], "orders": "00"}], "hi": "3",
                "witness": {"x": "2", "lo": "1"}},
            {"rule": "target", "cites": "0", "function": function, "scale": "1", "lo": "1", "hi": "3"}
        ]);
        outcome(&certificate).to_string()
    };
    assert!(
        far("relu").starts_with("VERIFIED |r(x) - ReLU(x)| <= 3 on [-2, 2]"),
        "{}",
        far("relu")
    );
    assert!(far("max").contains("target: the witness of the cited claim is beyond 1"));
    let mut short = good();
    short["claims"] = json!([
        {"rule": "deviation", "to": "63/64", "cells": [cells(true)], "hi": "19/200", "witness": {"x": "1*2^-1", "lo": "0"}},
        {"rule": "target", "cites": "0", "function": "max", "scale": "1", "lo": "0", "hi": "1"}
    ]);
    assert!(outcome(&short)
        .to_string()
        .contains("the range of the cited claim does not reach 1"));
}
