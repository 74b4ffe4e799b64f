//! Forged certificates of refreshed activations, made from one of relu07 in a small ring, and from ones that were VERIFIED
//! once and false.

mod common;
use common::mutations::{changed, generator, walk};
use common::*;
use num_bigint::BigInt;
use num_integer::Integer;
use polycert_checker::{check, Outcome, Requirement};
use serde_json::{json, Value};

fn case(name: &str) -> Value {
    let path = format!("{}/tests/cases/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn good() -> Value {
    case("relu07.refreshed")
}

/// Every rule has a bad certificate, and says which it is.
#[test]
fn every_rule_refuses_what_breaks_it() {
    let good = good();
    let map = good["refresh"]["to_coefficients"][0].clone();
    let many = vec![map.clone(); 16];
    refused(
        &good,
        &[
            // B1
            (
                "/refresh/waiver",
                "encapsulated-32".into(),
                "B1 parameters: encapsulated-32 is for log_n 16",
            ),
            (
                "/refresh/waiver",
                "none".into(),
                "not one of encapsulated-32, insecure",
            ),
            (
                "/refresh/unit",
                "4/5".into(),
                "B1 parameters: the unit of the sine is above 3/4",
            ),
            (
                "/parameters/levels/0",
                "2".into(),
                "the levels have 38 primes and q has 37",
            ),
            // B2: the tail at K = 13 is 2^-73 for each of 2^8 coefficients.
            (
                "/k",
                "66".into(),
                "B2 overflow: an overflow beyond K = 13 is not proved",
            ),
            // B3
            (
                "/refresh/gain",
                "32".into(),
                "B3 raise: slots to coefficients do not end at the scale",
            ),
            (
                "/refresh/scale",
                "1*2^46".into(),
                "B3 raise: slots to coefficients do not end",
            ),
            // B4
            (
                "/refresh/to_coefficients/0/stages",
                "2".into(),
                "B4 maps: the linear maps do 6 stages of 7",
            ),
            (
                "/refresh/to_slots/0/scale",
                "1*2^40".into(),
                "B4 maps: coefficients to slots do not end at the level and the scale",
            ),
            (
                "/refresh/log_values",
                "9".into(),
                "B4 maps: the linear maps do 7 stages of 8",
            ),
            (
                "/refresh/to_slots",
                json!(many),
                "B4 maps: the linear maps do 48 stages of 7",
            ),
            // B5 and B6: worse polynomials are other circuits, and fewer cells a larger bound.
            ("/refresh/cosine/2", "1*2^-3".into(), "E2 stage"),
            ("/refresh/arcsine/1", "1".into(), "E2 stage"),
            (
                "/refresh/cells",
                "1".into(),
                "E5 noise: the noise is not proved",
            ),
            // B7
            (
                "/refresh/overflow",
                "14".into(),
                "B7 activation: EvalMod is not given (t - 1/4)/K_1",
            ),
            (
                "/refresh/ratio_log2",
                "5".into(),
                "B7 activation: EvalMod is not given",
            ),
            ("/refresh/unit", "3/8".into(), "E2 stage"),
            (
                "/blocks/0/argument",
                "0".into(),
                "B7 activation: the evaluation does not go from the sine",
            ),
            (
                "/within",
                "9".into(),
                "E2 task: `within` is beyond the domain",
            ),
            (
                "/noise",
                "1*2^-30".into(),
                "E5 noise: the noise is not proved",
            ),
            ("/error", "1*2^-5".into(), "the stated error is below"),
            ("/input", "fresh_public".into(), "refresh"),
            // Hostile sizes.
            (
                "/refresh/weight",
                "65536".into(),
                "an integer from 1 to 512",
            ),
            (
                "/refresh/to_slots/0/stages",
                "60".into(),
                "an integer from 1 to 10",
            ),
        ],
    );
    let mut absent = good.clone();
    absent.as_object_mut().unwrap().remove("k");
    let text = outcome(&absent).to_string();
    assert!(
        text.contains("B2 overflow: an overflow is never impossible"),
        "{text}"
    );
    let mut absent = good.clone();
    absent.as_object_mut().unwrap().remove("refresh");
    assert!(outcome(&absent).to_string().contains("refresh"));
    let mut spans = good.clone();
    spans["blocks"][0]["stages"].as_array_mut().unwrap().pop();
    let text = outcome(&spans).to_string();
    assert!(
        text.contains("B7 activation: there is not one stage for each component"),
        "{text}"
    );
}

/// A sine beyond [-1, 1] where the arcsine is bounded on it alone, or where its nodes are cut to it; overflows without what the switch to the sparse secret adds;
/// more maps than levels: each was VERIFIED once and false.
#[test]
fn what_was_once_believed_is_refused() {
    for (name, message) in [
        ("refreshed.sine", "B7 activation"),
        ("refreshed.cut", "E5 noise"),
        ("refreshed.beyond", "E5 noise"),
        ("refreshed.overflow", "B2 overflow"),
        (
            "refreshed.levels",
            "B4 maps: there are more linear maps than levels",
        ),
    ] {
        let text = outcome(&case(name)).to_string();
        assert!(
            text.starts_with("REJECTED") && text.contains(message),
            "{name}: {text}"
        );
    }
}

/// What is said of it, what it rests on, and what is required of it.
#[test]
fn what_is_refreshed_and_assumed_is_said() {
    let report = verified(&good());
    let text = report.to_string();
    for words in [
        "all inputs in [-15/2, 15/2]",
        "any ciphertexts at level 2",
        "overflows up to K = 13",
        "INSECURE: no security is claimed of the ephemeral secret",
        "c_1 modulo q_0 is uniform where the modulus is raised",
        "errors of all keys, those for products, rotations",
        "its noise included, is within the inputs",
        "sha256 of the bootstrapping",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let decrypted = report.decrypted().unwrap();
    assert!(decrypted.is_refreshed() && !decrypted.is_of_whole_domain());
    let met = |text: &str| {
        report
            .shortfall(&Requirement::parse(text).unwrap())
            .is_none()
    };
    assert!(met("decrypted relu<=0.06 on [-15/2,15/2] but 2^-40"));
    assert!(!met("decrypted relu<=0.06 on [-15/2,15/2] but 2^-41"));
    assert!(!met("decrypted relu<=0.06 on [-8,8] but 2^-40"));
    let fields = outcome(&good()).json_fields();
    let fields: Value = serde_json::from_str(&format!("{{{fields}}}")).unwrap();
    assert_eq!(fields["refresh_sha256"].as_str().unwrap().len(), 64);
    assert!(matches!(check(b"{}"), Outcome::Unreadable { .. }));
}

/// Changes of one text: every one once, and as many again; 10,000 take some minutes (`--ignored`).
const ROUNDS: usize = 600;

/// Of many changes of one text none is accepted that says more than the original: where a change is VERIFIED, what it states is
/// a bound that is no smaller, a probability that is no smaller and inputs that are no more, or numbers on which the bound does
/// not hang.
#[test]
fn mutations_are_rejected_or_say_no_more() {
    mutate(ROUNDS);
}

#[test]
#[ignore = "six minutes"]
fn ten_thousand_mutations_are_rejected_or_say_no_more() {
    mutate(10_000);
}

fn mutate(rounds: usize) {
    let good = good();
    let mut places = Vec::new();
    walk(&good, String::new(), &mut places);
    places.retain(|place| !place.starts_with("/certificate"));
    let mut random = generator();
    let mut accepted = std::collections::BTreeMap::<String, usize>::new();
    for round in 0..rounds {
        let place = if round < places.len() {
            places[round].clone()
        } else {
            places[random(places.len())].clone()
        };
        let old = good.pointer(&place).unwrap().as_str().unwrap().to_owned();
        let new = changed(&old, &mut random);
        if number(&new).is_some_and(|new| Some(new) == number(&old)) {
            continue;
        }
        let bad = with(&good, &place, new.into());
        if !matches!(outcome(&bad), Outcome::Verified(_)) {
            continue;
        }
        // What is left may be a hint, a larger bound, or another integer for a constant, which is proved as it is.
        let less = |place: &str| {
            let at = |v: &Value| number(v.pointer(place).unwrap().as_str().unwrap()).unwrap();
            let ((a, b), (c, d)) = (at(&bad), at(&good));
            a * d < c * b
        };
        assert!(!less("/noise") && !less("/error"), "{place}");
        let kind: String = place
            .chars()
            .map(|c| if c.is_ascii_digit() { '#' } else { c })
            .collect();
        *accepted.entry(kind).or_default() += 1;
    }
    let free = [
        "/blocks/#/cells/",
        "/branches/",
        "/precision",
        "/noise",
        "/error",
        "/k",
        "/within",
        "/reaches/#",
        "/nodes/",
        "/refresh/cells",
        "/refresh/weight",
        "/refresh/to_",
        "/parameters/p/",
        // Of the level that nothing is rescaled from.
        "/parameters/q/",
        "/parameters/cbd",
        "/parameters/digits",
        "/parameters/secret",
    ];
    for kind in accepted.keys() {
        assert!(
            free.iter().any(|free| kind.starts_with(free)),
            "{kind}: {accepted:?}"
        );
    }
    let total: usize = accepted.values().sum();
    assert!(total > 0 && total < rounds / 4, "{total}: {accepted:?}");
}

/// A number of a certificate in lowest terms.
fn number(text: &str) -> Option<(BigInt, BigInt)> {
    let (m, e) = text.split_once("*2^").unwrap_or((text, "0"));
    let (n, d) = m.split_once('/').unwrap_or((m, "1"));
    let (n, d): (BigInt, BigInt) = (n.parse().ok()?, d.parse().ok()?);
    let e: i32 = e.parse().ok().filter(|e: &i32| e.abs() <= 1 << 15)?;
    let (n, d) = match e < 0 {
        true => (n, d << e.unsigned_abs()),
        false => (n << e.unsigned_abs(), d),
    };
    let divisor = n.gcd(&d);
    (d > BigInt::from(0)).then(|| (n / &divisor, d / divisor))
}
