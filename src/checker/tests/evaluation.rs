//! Forged evaluation certificates, made from the shipped one of relu13 under preset A.

mod common;
use common::*;
use polycert_checker::Requirement;
use serde_json::{json, Value};

/// The shipped certificate: a copy, so that the checker's folder stands alone.
fn shipped() -> Value {
    let folder = env!("CARGO_MANIFEST_DIR");
    let own = std::fs::read(format!("{folder}/tests/cases/relu13.a.json")).unwrap();
    if let Ok(other) = std::fs::read(format!(
        "{folder}/../../certificates/evaluation/relu13.a.json"
    )) {
        assert!(
            own == other,
            "tests/cases/relu13.a.json is no copy of the shipped one"
        );
    }
    serde_json::from_slice(&own).unwrap()
}

#[test]
fn forged_fields_are_refused() {
    let good = shipped();
    let q0 = good["parameters"]["q"][0].clone();
    refused(
        &good,
        &[
            (
                "/parameters/q/0",
                "1125899906842623".into(),
                "the modulus q_0 = 1125899906842623 is not a prime",
            ),
            (
                "/parameters/p",
                json!(["281474976710655", "281474976710653"]),
                "the modulus p_0 = 281474976710655 is not a prime",
            ),
            (
                "/parameters/p",
                json!(["3377699714039811", "70368744177663"]),
                "the modulus p_0 = 3377699714039811 is not below 2^50",
            ),
            (
                "/parameters/p/1",
                q0.clone(),
                "the modulus p_1 = 1125899904679937 is q_0 again",
            ),
            (
                "/parameters/q/3",
                q0,
                "the modulus q_3 = 1125899904679937 is q_0 again",
            ),
            ("/parameters/log_n", "17".into(), "is not 1 mod 2N"),
            (
                "/parameters/p",
                json!(["281474976317441"]),
                "digit 0 of the key switch is more than twice P",
            ),
            ("/parameters/log_n", "14".into(), "insecure by the tables"),
            ("/k", "80".into(), "2^-90 or less for an event"),
            ("/k", "50".into(), "the noise is not proved to be at most"),
            (
                "/noise",
                "1*2^-11".into(),
                "the noise is not proved to be at most",
            ),
            (
                "/error",
                "1*2^-8".into(),
                "the stated error is below approximation and noise together",
            ),
            (
                "/input",
                "fresh_public_squared".into(),
                "not one of fresh_public",
            ),
        ],
    );
}

#[test]
fn what_is_decrypted_and_assumed_is_said() {
    let good = shipped();
    let report = verified(&good);
    let decrypted = report.decrypted().unwrap();
    assert_eq!(
        (decrypted.k(), decrypted.error_hi()),
        (Some(40), "4.8700262933749627337e-3")
    );
    let text = report.to_string();
    for words in [
        "(beyond RLWE)",
        "exact centred base conversions",
        "over keys and encryptions",
        "the encoder's coefficients",
    ] {
        assert!(text.contains(words), "{words}");
    }
    let lines = |p: &Value| {
        let list = |name: &str| {
            let all: Vec<&str> = p[name]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| m.as_str().unwrap())
                .collect();
            format!("{name} {}\n", all.join(" "))
        };
        format!(
            "polycert-parameters/1\nlog_n 15\n{}{}secret ternary\ncbd 21\ndigit_primes 2\n",
            list("q"),
            list("p")
        )
    };
    let of_parameters = polycert_checker::sha256(lines(&good["parameters"]).as_bytes());
    assert_eq!(decrypted.parameters_sha256(), of_parameters);
    let outcome = outcome(&good);
    let fields: Value = serde_json::from_str(&format!("{{{}}}", outcome.json_fields())).unwrap();
    assert_eq!(fields["decrypted_error_hi"], "4.8700262933749627337e-3");
    assert_eq!(fields["error_hi"], "4.3541261775412752936e-3");
    assert_eq!(fields["failure_probability"], "2^-40");
    assert_eq!(fields["circuit_sha256"], decrypted.circuit_sha256());
    assert!(fields["assumptions"].as_array().unwrap().len() >= 5);
    // A number that is written in another way is the same circuit; another number is another.
    let (i, node) = good["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .find(|(_, n)| n[0] == "add_constant")
        .unwrap();
    let pointer = format!("/nodes/{i}/2");
    let k = node[2].as_str().unwrap();
    let same = verified(&with(&good, &pointer, format!("{k}*2^0").into()));
    assert_eq!(
        same.decrypted().unwrap().circuit_sha256(),
        decrypted.circuit_sha256()
    );
    let more = format!("{}", k.parse::<num_bigint::BigInt>().unwrap() + 1);
    let other = verified(&with(&good, &pointer, more.into()));
    assert_ne!(
        other.decrypted().unwrap().circuit_sha256(),
        decrypted.circuit_sha256()
    );
}

/// Inputs within a part of the domain: what cells cover, what is said, and what is met by it.
#[test]
fn a_part_of_the_domain_is_said_and_covered() {
    let good = shipped();
    let part = with(&good, "/within", "38".into());
    let report = verified(&part);
    assert!(
        report.headline().contains("all inputs in [-38, 38]"),
        "{}",
        report.headline()
    );
    let decrypted = report.decrypted().unwrap();
    assert!(!decrypted.is_of_whole_domain());
    let met = |text: &str| report.shortfall(&Requirement::parse(text).unwrap());
    assert_eq!(met("decrypted relu<=1 on [-38,38] but 2^-40"), None);
    let short = met("decrypted relu<=1 on [-39,39] but 2^-40").unwrap();
    assert!(short.contains("does not reach all of [-39, 39]"), "{short}");
    // Fewer cells are enough for it, and no fewer than that.
    let mut cells = good["blocks"][0]["cells"][0].as_array().unwrap().clone();
    cells.pop();
    let end = cells.last().unwrap().as_str().unwrap().to_owned();
    let fewer = with(&good, "/blocks/0/cells/0", cells.into());
    let (m, e) = end.split_once("*2^-").unwrap();
    let share = format!("{}*2^-{e}", m.parse::<u128>().unwrap() * 40);
    verified(&with(&fewer, "/within", share.into()));
    let message = "E5 cells: the cells do not cover the domain in order";
    for text in [
        outcome(&fewer),
        outcome(&with(&fewer, "/within", "40".into())),
    ] {
        assert!(text.to_string().contains(message), "{text}");
    }
    for (within, message) in [
        ("41", "E2 task: `within` is beyond the domain"),
        ("0", "UNREADABLE within: not above 0"),
        ("-1", "UNREADABLE within: not above 0"),
    ] {
        let text = outcome(&with(&good, "/within", within.into())).to_string();
        assert!(text.contains(message), "{within}: {text}");
    }
}

#[test]
fn requirements_are_about_what_is_decrypted() {
    let report = verified(&shipped());
    for (text, met) in [
        ("decrypted relu<=0.0049 on [-40,40] but 2^-40", true),
        ("decrypted relu<=0.0049 on [-40,40] but 2^-30", true),
        ("decrypted relu<=0.0049 on [-40,40] but 2^-41", false),
        ("decrypted relu<=0.0049 on [-40,40]", false),
        ("decrypted relu<=0.0048 on [-40,40] but 2^-40", false),
        ("decrypted relu<=0.0049 on [-40,41] but 2^-40", false),
        ("relu<=0.0049 on [-40,40]", false),
    ] {
        let required = polycert_checker::Requirement::parse(text).unwrap();
        assert_eq!(report.shortfall(&required).is_none(), met, "{text}");
    }
}
