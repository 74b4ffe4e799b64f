//! The claims about p itself (`lines`, `contraction`) and those about combinations of r (`clip`, `argmax`): valid
//! certificates, what the checker says of them, and for every condition one that breaks it.

mod common;
use common::*;
use polycert_checker::Verdict;
use serde_json::{json, Value};

/// A certificate without branches.
fn direct(components: &[&[&str]], claims: Value) -> Value {
    let mut certificate = certificate(table(components), json!([]), claims);
    certificate.as_object_mut().unwrap().remove("branches");
    certificate
}

fn piece(lo: &str, hi: &str, boxes: Value) -> Value {
    json!([{"lo": lo, "hi": hi, "boxes": boxes}])
}

fn part(from: &str, to: &str, line: [&str; 2], pieces: Value) -> Value {
    json!({"from": from, "to": to, "slope": line[0], "intercept": line[1], "pieces": pieces})
}

/// x^2/2 + x/2 + 1/8 against ReLU on [-1, 1]: the error is 1/8 at -1, 0 and 1, and 0 at -1/2 and 1/2.
fn parabola() -> Value {
    let left = piece("-1", "0", json!([["-33*2^-6", "-31*2^-6"]]));
    let right = piece("0", "1", json!([["31*2^-6", "33*2^-6"]]));
    let parts = json!([
        part("-1", "0", ["0", "0"], left),
        part("0", "1", ["1", "0"], right)
    ]);
    direct(
        &[&["1/8", "1/2", "1/2"]],
        json!([
            {"rule": "lines", "parts": parts, "hi": "1/8", "witness": {"x": "0", "lo": "1/8"}},
            {"rule": "target", "cites": "0", "function": "direct_relu", "lo": "1/8", "hi": "1/8",
                "claim": {"bound": "1/8", "verdict": "PROVED"}}
        ]),
    )
}

/// h = 3 x^2 - 2 x^3 near 0 and 1: its error is 5/32 at 1/4, -1/4 gives 7/32, and the mirror image at 1.
fn cleaning() -> Value {
    let left = piece("-1*2^-2", "1*2^-2", json!([["-1*2^-9", "1*2^-9"]]));
    let right = piece("3*2^-2", "5*2^-2", json!([["511*2^-9", "513*2^-9"]]));
    let contraction = |at: &str| {
        json!({"rule": "contraction", "at": at, "radius": "1/4", "order": "2",
            "pieces": piece("-1*2^-2", "1*2^-2", json!([])), "hi": "7/2"})
    };
    let parts = json!([
        part("-1/4", "1/4", ["0", "0"], left),
        part("3/4", "5/4", ["0", "1"], right)
    ]);
    direct(
        &[&["0", "0", "3", "-2"]],
        json!([
            contraction("0"),
            contraction("1"),
            {"rule": "lines", "parts": parts, "hi": "7/32", "witness": {"x": "-1*2^-2", "lo": "7/32"}},
            {"rule": "target", "cites": "2", "function": "direct_bit", "lo": "7/32", "hi": "7/32"}
        ]),
    )
}

#[test]
fn a_parabola_is_used_as_it_is() {
    let report = verified(&parabola());
    assert_eq!(report.headline(), "|p(x) - ReLU(x)| <= 1/8 on [-1, 1]");
    assert_eq!(report.verdict(), Some(Verdict::Proved));
    assert_eq!(
        report.words()[0],
        "|p(x) - f(x)| <= 1/8 with f(x) = 0 on [-1, 0], x on [0, 1]; at x = 0 it is at least 1/8"
    );
    let text = report.to_string();
    assert!(text.contains("with p as it is, not as a sign") && !text.contains("with r(x)"));
    // Beside a claim about r the words say what r is.
    let mut both = good();
    let parts = json!([part(
        "1/2",
        "1",
        ["0", "1"],
        piece("1*2^-1", "1", json!([]))
    )]);
    let claims = both["claims"].as_array_mut().unwrap();
    claims[6] =
        json!({"rule": "lines", "parts": parts, "hi": "1/3", "witness": {"x": "1", "lo": "0"}});
    claims.push(
        json!({"rule": "target", "cites": "6", "function": "direct_sign", "lo": "0", "hi": "1/3"}),
    );
    let text = verified(&both).to_string();
    assert!(text.contains("with p as it is, not as a sign") && text.contains("with r(x) = "));
    let refuted = json!({"bound": "1/9", "verdict": "REFUTED"});
    let report = verified(&with(&parabola(), "/claims/1/claim", refuted));
    assert_eq!(
        report.headline(),
        "the claim |p(x) - ReLU(x)| <= 1/9 on [-1, 1] is FALSE: at x = 0 the error is at least 1/8; it is missed by \
         1.3888888888888888888e-2 or more, 1.125 times the bound"
    );
}

#[test]
fn a_cleaning_polynomial_contracts() {
    let report = verified(&cleaning());
    assert_eq!(
        report.headline(),
        "|p(x) - [x > 1/2]| <= 7*2^-5 on [-1/4, 1/4] and [3/4, 5/4]"
    );
    assert_eq!(
        report.words()[..2],
        [
            "|p(x)| <= 7/2 |x|^2 for |x| <= 1/4, a contraction towards 0",
            "|p(x) - 1| <= 7/2 |x - 1|^2 for |x - 1| <= 1/4, a contraction towards 1"
        ]
    );
    // Twice: the composite is expanded, and contracts to fourth order. h(h) = u^4 (...) near 0.
    let mut twice = cleaning();
    let component = twice["table"]["components"][0].clone();
    twice["table"]["components"] = json!([component, component]);
    sign(&mut twice);
    twice["claims"] = json!([
        {"rule": "contraction", "at": "0", "radius": "1/64", "order": "4",
            "pieces": piece("-1*2^-6", "1*2^-6", json!([])), "hi": "29"},
        {"rule": "lines", "parts": [part("-1/64", "1/64", ["0", "0"], json!([{"lo": "-1*2^-6", "hi": "-1*2^-9", "boxes": []},
            {"lo": "1*2^-9", "hi": "1*2^-6", "boxes": []}]))],
            "hi": "1/100000", "witness": {"x": "1*2^-6", "lo": "1/1000000"}},
        {"rule": "target", "cites": "1", "function": "direct_step", "lo": "0", "hi": "1/100000"}
    ]);
    // [x > 0] has its jump inside the part; as [x > 1/2] it is right.
    let text = outcome(&twice).to_string();
    assert!(
        text.contains("part 0 of the cited claim is not part of the function"),
        "{text}"
    );
    verified(&with(&twice, "/claims/2/function", "direct_bit".into()));
}

#[test]
fn lines() {
    let part = "/claims/0/parts/0";
    let at = |field: &str| format!("{part}/{field}");
    refused(
        &parabola(),
        &[
            (
                "/claims/0/parts",
                json!([]),
                "UNREADABLE claims[0].parts: 0 entries, where 1 to 16",
            ),
            (&at("pieces"), json!([]), "pieces: 0 entries"),
            (
                &at("pieces"),
                piece("-1", "0", json!([])),
                "claim 0, lines: R1 pieces: part 0: segment 0 has 0 boxes for 1 sign",
            ),
            (
                &at("pieces"),
                piece("-1", "-1*2^-9", json!([["-33*2^-6", "-31*2^-6"]])),
                "R2 image: part 0: an interval is not inside",
            ),
            (
                &at("pieces"),
                piece("-1", "0", json!([["-31*2^-6", "-30*2^-6"]])),
                "no proved opposite signs",
            ),
            (
                &at("from"),
                "-1025/1024".into(),
                "R2 image: part 0: an interval is not inside",
            ),
            (
                &at("from"),
                "0".into(),
                "claim 0, lines: part 0: from is not below to",
            ),
            (
                &at("to"),
                "1/1024".into(),
                "lines: part 0 ends beyond the beginning of the next",
            ),
            (
                &at("intercept"),
                "1/1024".into(),
                "part 0 and the next touch, and their lines do not meet",
            ),
            (
                &at("slope"),
                "1/1024".into(),
                "lines: part 0: the error is not within hi",
            ),
            (
                "/claims/0/hi",
                "124/1000".into(),
                "claim 0, lines: part 0: the error is not within hi",
            ),
            ("/claims/0/hi", "-1/8".into(), "the error is not within hi"),
            (
                "/claims/0/witness/x",
                "1025*2^-10".into(),
                "claim 0, lines: the witness is in no part",
            ),
            (
                "/claims/0/witness/x",
                "1*2^-1".into(),
                "lines: the quantity at the witness is not proved",
            ),
            (
                "/claims/0/witness/lo",
                "126/1000".into(),
                "lines: the quantity at the witness is not proved",
            ),
            (
                "/claims/1/function",
                "relu".into(),
                "UNREADABLE claims[1].scale: the field is missing",
            ),
            (
                "/claims/1/function",
                "direct_abs".into(),
                "target: part 0 of the cited claim is not part of the function",
            ),
            (
                "/claims/1/function",
                "direct_step".into(),
                "target: part 0 of the cited claim is not part of the function",
            ),
        ],
    );
    // ReLU6 is ReLU up to 6; a clip from 0 to 1 as well, on [-1, 1], and one to 1/2 is not.
    verified(&with(
        &parabola(),
        "/claims/1/function",
        "direct_relu6".into(),
    ));
    let mut clip = with(&parabola(), "/claims/1/function", "direct_clip".into());
    assert!(outcome(&clip)
        .to_string()
        .contains("claims[1].lower: the field is missing"));
    clip["claims"][1]["lower"] = "0".into();
    for (upper, message) in [
        ("1", "VERIFIED |p(x) - clip(x, 0, 1)| <= 1/8 on [-1, 1]"),
        (
            "1/2",
            "part 1 of the cited claim is not part of the function",
        ),
        ("0", "UNREADABLE claims[1].upper: not above `lower`"),
    ] {
        clip["claims"][1]["upper"] = upper.into();
        let text = outcome(&clip).to_string();
        assert!(text.contains(message), "{text}");
    }
    // A leaky ReLU of another slope.
    let mut leaky = with(
        &parabola(),
        "/claims/1/function",
        "direct_leaky_relu".into(),
    );
    leaky["claims"][1]["slope"] = "0".into();
    verified(&leaky);
    leaky["claims"][1]["slope"] = "1/1000".into();
    assert!(outcome(&leaky)
        .to_string()
        .contains("part 0 of the cited claim"));
    // A step needs a gap: both lines at the jump would be no function.
    let mut step = cleaning();
    step["claims"][2]["parts"][0]["to"] = "1/2".into();
    step["claims"][2]["parts"][1]["from"] = "1/2".into();
    assert!(outcome(&step)
        .to_string()
        .contains("their lines do not meet"));
    // The table is part of the statement.
    let mut other = parabola();
    other["table"]["components"][0]["coefficients"][2] = "513/1024".into();
    sign(&mut other);
    assert!(outcome(&other)
        .to_string()
        .contains("the error is not within hi"));
    // A degree beyond the limit.
    let line = [CUBIC; 6];
    let mut deep = parabola();
    deep["table"] = table(&line);
    sign(&mut deep);
    assert!(outcome(&deep)
        .to_string()
        .contains("the expanded composite has degree 729, the limit is 255"));
}

/// A constant 1 equals the line on [0, 1], and not the step or the sign at 0 itself: the error there is 1.
#[test]
fn no_part_holds_a_jump() {
    let constant = |function: &str, from: &str, to: &str, value: &str| {
        let parts = json!([part(from, to, ["0", value], piece(from, to, json!([])))]);
        direct(
            &[&[value]],
            json!([
                {"rule": "lines", "parts": parts, "hi": "0", "witness": {"x": from, "lo": "0"}},
                {"rule": "target", "cites": "0", "function": function, "lo": "0", "hi": "0"}
            ]),
        )
    };
    for (function, jump, near, far, value) in [
        ("direct_step", "0", "1*2^-9", "1", "1"),
        ("direct_sign", "0", "1*2^-9", "1", "1"),
        ("direct_bit", "1*2^-1", "5*2^-3", "1", "1"),
        ("direct_step", "0", "-1*2^-9", "-1", "0"),
        ("direct_sign", "0", "-1*2^-9", "-1", "-1"),
        ("direct_bit", "1*2^-1", "3*2^-3", "-1", "0"),
    ] {
        let certificate = |end| match far {
            "1" => constant(function, end, far, value),
            _ => constant(function, far, end, value),
        };
        verified(&certificate(near));
        let text = outcome(&certificate(jump)).to_string();
        assert!(
            text.contains("part 0 of the cited claim is not part of the function"),
            "{function}: {text}"
        );
    }
}

#[test]
fn claims_about_branches_need_branches() {
    for (i, claim) in claims(1).into_iter().enumerate().take(5) {
        let mut certificate = direct(&[CUBIC], json!([claim]));
        let text = outcome(&certificate).to_string();
        assert!(
            text.contains("branches: the certificate has none"),
            "{i}: {text}"
        );
        // No list of cells for no branch.
        if certificate["claims"][0].get("cells").is_some() {
            certificate["claims"][0]["cells"] = json!([]);
            let text = outcome(&certificate).to_string();
            assert!(
                text.contains("branches: the certificate has none"),
                "{i}: {text}"
            );
        }
    }
    refused(
        &parabola(),
        &[("/branches", json!([]), "UNREADABLE branches: 0 entries")],
    );
}

#[test]
fn contractions() {
    refused(
        &cleaning(),
        &[
            (
                "/claims/0/at",
                "1/2".into(),
                "claim 0, contraction: the coefficient of u^1 of p(at + u) is not 0",
            ),
            (
                "/claims/0/at",
                "2".into(),
                "contraction: p does not map the point to itself",
            ),
            (
                "/claims/0/order",
                "3".into(),
                "contraction: the coefficient of u^2",
            ),
            (
                "/claims/0/order",
                "1".into(),
                "contraction: hi radius^(order-1) is not below 1",
            ),
            (
                "/claims/0/order",
                "0".into(),
                "UNREADABLE claims[0].order: an integer from 1 to 255",
            ),
            (
                "/claims/0/order",
                "256".into(),
                "UNREADABLE claims[0].order: an integer from 1 to 255",
            ),
            (
                "/claims/0/hi",
                "349/100".into(),
                "contraction: the quotient is not within hi",
            ),
            (
                "/claims/0/hi",
                "-7/2".into(),
                "contraction: the quotient is not within hi",
            ),
            (
                "/claims/0/hi",
                "4".into(),
                "hi radius^(order-1) is not below 1",
            ),
            (
                "/claims/0/radius",
                "0".into(),
                "UNREADABLE claims[0].radius: not above 0",
            ),
            (
                "/claims/0/radius",
                "13/50".into(),
                "claim 0, contraction: R2 image",
            ),
            (
                "/claims/0/pieces",
                piece("-1*2^-2", "1*2^-2", json!([["0", "1*2^-3"]])),
                "contraction: R1 pieces: segment 0 has 1 boxes for 0",
            ),
            (
                "/claims/3/cites",
                "0".into(),
                "target: the cited claim has another rule",
            ),
        ],
    );
    // One coefficient slightly off: 1 is no fixed point any more, or no double one.
    for (j, value, message) in [
        (
            3,
            "-1999/1000",
            "claim 1, contraction: p does not map the point to itself",
        ),
        (1, "1/1000", "claim 0, contraction: the coefficient of u^1"),
    ] {
        let mut wrong = cleaning();
        wrong["table"]["components"][0]["coefficients"][j] = value.into();
        sign(&mut wrong);
        let text = outcome(&wrong).to_string();
        assert!(text.contains(message), "{text}");
    }
}

/// The claims of the cubic with one more before the target.
fn with_claim(claim: Value, target: Value) -> Value {
    let mut certificate = good();
    let list = certificate["claims"].as_array_mut().unwrap();
    list.pop();
    list.push(claim);
    list.push(target);
    certificate
}

/// With B = 2, ends -1/2 and 1/2: at x = -1/2 the first ReLU is exact, and the second is off by 2 * 0.078.
fn clip() -> Value {
    with_claim(
        json!({"rule": "clip", "cites": "2", "scale": "2", "lower": "-1/2", "upper": "1/2", "from": "-3/2",
            "to": "3/2", "hi": "19/50", "witness": {"x": "-1*2^-1", "lo": "3/20"}}),
        json!({"rule": "target", "cites": "6", "function": "clip", "lo": "3/20", "hi": "2/5"}),
    )
}

#[test]
fn clips() {
    let report = verified(&clip());
    assert_eq!(
        report.headline(),
        "|l + R(x - l) - R(x - u) - clip(x, l, u)| <= 2/5 on [-3/2, 3/2] with l = -1/2, u = 1/2, R(x) = 2 r(x/2)"
    );
    refused(
        &clip(),
        &[
            (
                "/claims/6/cites",
                "1".into(),
                "claim 6, clip: `cites` is not the index of an earlier deviation claim",
            ),
            (
                "/claims/6/cites",
                "6".into(),
                "clip: `cites` is not the index of an earlier deviation claim",
            ),
            (
                "/claims/6/scale",
                "0".into(),
                "UNREADABLE claims[6].scale: not above 0",
            ),
            (
                "/claims/6/scale",
                "199/100".into(),
                "clip: x - lower or x - upper may exceed the range",
            ),
            (
                "/claims/6/from",
                "-3001/2000".into(),
                "clip: x - lower or x - upper may exceed the range",
            ),
            (
                "/claims/6/to",
                "3001/2000".into(),
                "clip: x - lower or x - upper may exceed the range",
            ),
            (
                "/claims/6/upper",
                "1001/2000".into(),
                "clip: x - lower or x - upper may exceed the range",
            ),
            (
                "/claims/6/lower",
                "-1001/2000".into(),
                "clip: x - lower or x - upper may exceed the range",
            ),
            (
                "/claims/6/lower",
                "1/2".into(),
                "UNREADABLE claims[6].upper: not above `lower`",
            ),
            (
                "/claims/6/to",
                "-3/2".into(),
                "UNREADABLE claims[6].to: not above `from`",
            ),
            (
                "/claims/6/hi",
                "379/1000".into(),
                "clip: hi is below 2 B times the cited bound",
            ),
            (
                "/claims/6/witness/x",
                "13*2^-3".into(),
                "clip: the witness is outside the range",
            ),
            (
                "/claims/6/witness/x",
                "0".into(),
                "clip: the quantity at the witness is not proved",
            ),
            (
                "/claims/6/witness/lo",
                "16/100".into(),
                "clip: the quantity at the witness is not proved",
            ),
            (
                "/claims/7/function",
                "relu6".into(),
                "target: the cited clip does not end at 0 and 6",
            ),
            (
                "/claims/7/function",
                "argmax".into(),
                "target: the cited claim has another rule",
            ),
            (
                "/claims/7/lo",
                "16/100".into(),
                "target: lo is above the bound that follows",
            ),
        ],
    );
    let mut six = clip();
    for (field, value) in [
        ("lower", "0"),
        ("upper", "6"),
        ("from", "-2"),
        ("to", "8"),
        ("scale", "8"),
        ("hi", "152/100"),
    ] {
        six["claims"][6][field] = value.into();
    }
    six["claims"][6]["witness"] = json!({"x": "6", "lo": "1/10"});
    six["claims"][7] =
        json!({"rule": "target", "cites": "6", "function": "relu6", "lo": "1/10", "hi": "2"});
    verified(&six);
}

#[test]
fn absolute_values_have_twice_the_error() {
    let target = json!({"rule": "target", "cites": "2", "function": "abs", "scale": "2", "lo": "34/100", "hi": "38/100"});
    let certificate = with(&good(), "/claims/6", target);
    assert_eq!(
        verified(&certificate).headline(),
        "|x p(x/2) - |x|| <= 19/50 on [-2, 2]"
    );
    refused(
        &certificate,
        &[
            (
                "/claims/6/hi",
                "379/1000".into(),
                "target: hi is below the bound",
            ),
            (
                "/claims/6/lo",
                "341/1000".into(),
                "target: lo is above the bound",
            ),
            (
                "/claims/6/cites",
                "1".into(),
                "target: the cited claim has another rule",
            ),
        ],
    );
}

/// Three inputs: L = 2, drift 19/200, closeness 1/3 from 1/2 on, so that a gap of 4/3 decides.
fn argmax() -> Value {
    let mut certificate = with_claim(
        json!({"rule": "argmax", "deviation": "2", "closeness": "1", "ranges": "6", "inputs": "3", "range": "1",
            "input_scale": "9/20", "gap": "4/3", "hi": "13/36",
            "witness": {"inputs": ["1", "-3*2^-3", "-1"], "lo": "1/20"}}),
        json!({"rule": "target", "cites": "7", "function": "argmax", "lo": "1/20", "hi": "13/36",
            "claim": {"bound": "2/5", "verdict": "PROVED"}}),
    );
    let ranges =
        json!({"rule": "stage_ranges", "from": "0", "to": "1", "ranges": [["-1/100", "33/32"]]});
    certificate["claims"]
        .as_array_mut()
        .unwrap()
        .insert(6, ranges);
    certificate
}

#[test]
fn one_hot_weights() {
    let report = verified(&argmax());
    assert_eq!(
        report.headline(),
        "|one-hot weight of the tournament - exact one-hot| <= 2/5 for 3 inputs in [-1, 1], the greatest by 4/3 or more, mapped by x -> 9/20 x + 1/2"
    );
    let at = |field: &str| format!("/claims/7/{field}");
    refused(
        &argmax(),
        &[
            (
                &at("deviation"),
                "1".into(),
                "claim 7, argmax: `deviation` is not the index",
            ),
            (
                &at("closeness"),
                "2".into(),
                "argmax: `closeness` is not the index",
            ),
            (
                &at("ranges"),
                "1".into(),
                "argmax: `ranges` is not the index",
            ),
            (
                &at("ranges"),
                "0".into(),
                "argmax: the cited ranges do not begin at 0",
            ),
            (
                &at("ranges"),
                "8".into(),
                "argmax: `ranges` is not the index",
            ),
            (
                &at("inputs"),
                "1".into(),
                "UNREADABLE claims[7].inputs: an integer from 2 to 1024",
            ),
            (
                &at("inputs"),
                "4".into(),
                "UNREADABLE claims[7].witness.inputs: 3 entries",
            ),
            (
                &at("gap"),
                "0".into(),
                "UNREADABLE claims[7].gap: not above 0",
            ),
            (
                &at("gap"),
                "2001/1000".into(),
                "argmax: the gap is larger than any difference",
            ),
            (
                &at("gap"),
                "132/100".into(),
                "argmax: the gap does not keep the winner's differences",
            ),
            (
                &at("input_scale"),
                "46/100".into(),
                "argmax: the differences of the matches may exceed",
            ),
            (
                &at("range"),
                "102/100".into(),
                "argmax: the differences of the matches may exceed",
            ),
            (
                &at("hi"),
                "12/36".into(),
                "argmax: hi is below the bound of the greatest input's weight",
            ),
            (
                &at("witness/lo"),
                "1/5".into(),
                "argmax: no weight at the witness is proved",
            ),
            (
                &at("witness/inputs"),
                json!(["1", "-3*2^-3", "-9*2^-3"]),
                "outside [-range, range]",
            ),
            (
                &at("witness/inputs"),
                json!(["1", "-2*2^-3", "-1"]),
                "does not exceed the others by the gap",
            ),
            (
                &at("witness/inputs"),
                json!(["1", "1", "-1"]),
                "does not exceed the others by the gap",
            ),
            (
                "/claims/6/to",
                "99/100".into(),
                "argmax: the differences of the matches may exceed",
            ),
            // A wild p: the losers' weights are then the larger ones.
            (
                "/claims/6/ranges/0/1",
                "4".into(),
                "argmax: hi is below the bound of the other weights",
            ),
            (
                "/claims/8/function",
                "max_pool".into(),
                "target: the cited claim has another rule",
            ),
        ],
    );
    // The greatest may stand anywhere.
    for order in [["-3*2^-3", "1", "-1"], ["-1", "-3*2^-3", "1"]] {
        let mut moved = argmax();
        moved["claims"][7]["witness"] = json!({"inputs": order, "lo": "1/100"});
        moved["claims"][8]["lo"] = "1/100".into();
        verified(&moved);
    }
}
