//! Values that are computed in steps, and the claim `stages` about what they take: valid certificates, and for every
//! condition one that breaks it.

// Hints and judgements are in floats; the checker has none.
#![allow(clippy::disallowed_types, clippy::type_complexity)]

mod common;
use common::smooth::*;
use common::*;
use polycert_checker::{Requirement, Statement};
use serde_json::{json, Value};

const NEWTON: &str = "y = p*(2 - x*p); y*(2 - x*y)";

fn newton(x: f64, p: f64) -> f64 {
    let y = p * (2.0 - x * p);
    y * (2.0 - x * y)
}

/// Two steps of Newton for 1/x on [1, 2] from a line that is itself a line of a line.
fn certificate() -> Value {
    let components: &[&[f64]] = &[&[1.0, -0.5], &[0.390625, 0.9375]];
    let inverse = |x: f64| 1.0 / x;
    let mut case = plain("1/x", &inverse, components, &[(1.0, 2.0)]);
    case.value = Some((NEWTON, &newton));
    case.degree = 60;
    let report = case.verified();
    assert!(
        report
            .headline()
            .ends_with(" for x in [1, 2], with y = p*(2 - x*p)"),
        "{}",
        report.headline()
    );
    let mut certificate = case.certificate();
    let cells = json!([[{"to": "3*2^-1", "degree": "8"}, {"to": "2", "degree": "8"}]]);
    let stages = json!({"rule": "stages", "cites": "0", "parts": cells,
        "ranges": [["-1/1000", "501/1000"], ["39/100", "86/100"], ["47/100", "99/100"]]});
    certificate["claims"]
        .as_array_mut()
        .unwrap()
        .insert(1, stages);
    certificate
}

#[test]
fn every_stage_has_its_line() {
    let report = verified(&certificate());
    let text = report.to_string();
    for line in [
        "  |y*(2 - x*y) - (1/x)| <= ",
        "\n  p_1 lies in [-1/1000, 501/1000] for x in [1, 2]\n",
        "\n  p lies in [39/100, 43/50] for x in [1, 2]\n",
        "\n  y lies in [47/100, 99/100] for x in [1, 2], with y = p*(2 - x*p)\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(matches!(&report.statements()[1], Statement::Stages(s) if s.ranges.len() == 3));
    let require = |text: &str| report.shortfall(&Requirement::parse(text).unwrap());
    // Names are the requirer's own, steps are not.
    let by = |by: &str| require(&format!("1/x by {by} <= 1 on [1,2]"));
    assert_eq!(by(NEWTON), None);
    assert_eq!(by("z = p*(2-x*p); z*(2-x*z)"), None);
    for other in ["p", "y = p; y*(2 - x*y)", "p*(2 - x*p)"] {
        let found = by(other).unwrap();
        assert_eq!(found, format!("the statement is about the value {NEWTON}"));
    }
}

#[test]
fn every_condition_is_needed() {
    let good = certificate();
    let stages = "/claims/1";
    let at = |field: &str| format!("{stages}/{field}");
    refused(
        &good,
        &[
            (
                &at("ranges/2/0"),
                "48/100".into(),
                "REJECTED claim 1, stages: part 0, cell 1: `y` is not in its range",
            ),
            (
                &at("ranges/2/1"),
                "97/100".into(),
                "REJECTED claim 1, stages: part 0, cell 0: `y` is not in its range",
            ),
            (
                &at("ranges/0/1"),
                "49/100".into(),
                "part 0, cell 0: `p_1` is not in its range",
            ),
            (
                &at("ranges/1/0"),
                "2/5".into(),
                "part 0, cell 1: `p` is not in its range",
            ),
            (
                &at("ranges"),
                json!([["0", "1"], ["0", "1"]]),
                "REJECTED claim 1, stages: 2 ranges for 3 stages",
            ),
            (&at("ranges"), json!([]), "claims[1].ranges: 0 entries"),
            (
                &at("ranges/0"),
                json!(["1/2", "0"]),
                "`p_1` is not in its range",
            ),
            (
                &at("cites"),
                "1".into(),
                "stages: `cites` is not the index of an earlier series claim",
            ),
            (
                &at("parts/0/1/to"),
                "15*2^-3".into(),
                "part 0: the last cell does not end at `to`",
            ),
            (
                &at("parts/0/1/to"),
                "1".into(),
                "part 0, cell 1: its end is not beyond its beginning",
            ),
            (
                &at("parts"),
                json!([[{"to": "2", "degree": "8"}], [{"to": "2", "degree": "8"}]]),
                "there is not one list of cells for each part",
            ),
            (&at("parts"), json!([]), "claims[1].parts: 0 entries"),
            (&at("parts/0"), json!([]), "claims[1].parts[0]: 0 entries"),
            (
                &at("parts/0/0/degree"),
                "513".into(),
                "an integer from 0 to 512",
            ),
            (&at("parts/0/0/degree"), "0".into(), "is not in its range"),
            (
                "/claims/0/value",
                "y = p*(2 - x*p); y*(2 - x*p)".into(),
                "series: ",
            ),
            (
                "/claims/0/value",
                "z = p*(2 - x*p); z*(2 - x*z)".into(),
                "target: the table is for smooth of another function or value",
            ),
            ("/table/value", "y = p; y".into(), "UNREADABLE table_sha256"),
        ],
    );
    for (value, message) in [
        (
            "y = p; y = 2*y; y",
            "table.value: at character 8: `y` is bound twice",
        ),
        (
            "y = z; z = y; z",
            "table.value: at character 5: not one of x, p, pi, root, exp",
        ),
        ("y = y; y", "table.value: at character 5: not one of"),
        ("y = p; z", "table.value: at character 8: not one of"),
        (
            "exp = p; p",
            "table.value: at character 1: `exp` is a word of the language",
        ),
        (
            "y = p; ",
            "table.value: at character 8: a number, a name or `(`",
        ),
    ] {
        let text = outcome(&with(&good, "/table/value", value.into())).to_string();
        assert!(
            text.starts_with("UNREADABLE") && text.contains(message),
            "{value}: {text}"
        );
    }
    // A function and a weight have no names.
    for place in ["/table/function", "/claims/0/function"] {
        let text = outcome(&with(&good, place, "y = x; 1/y".into())).to_string();
        assert!(text.contains("at character 1: not one of x, pi"), "{text}");
    }
    // A step without a value is named.
    let pole = "y = 1/(x - 3/2); y*p";
    let mut other = with(&good, "/claims/0/value", pole.into());
    other["table"]["value"] = pole.into();
    sign(&mut other);
    let text = outcome(&other).to_string();
    assert!(
        text.contains("part 0, cell 0: `y`: the divisor is not proved to be other than 0"),
        "{text}"
    );
}

/// Texts that would be of any length, written out; steps that grow; the most names, and one more.
#[test]
fn hostile_programs_end_soon() {
    let good = certificate();
    let chain = |first: &str, step: &dyn Fn(usize) -> String, count: usize| {
        let mut text = format!("a0 = {first}; ");
        for i in 1..count {
            text += &format!("a{i} = {}; ", step(i - 1));
        }
        text + &format!("a{}", count - 1)
    };
    let power = |i: usize| format!("a{i}^1024");
    let product = |i: usize| format!("a{i}*a{i}*a{i}");
    let fraction = |i: usize| format!("1/(a{i}^2 + 1)");
    let nested = |i: usize| format!("gelu(a{i})");
    let number = |i: usize| format!("a{i}*1e300");
    let root = |i: usize| format!("root(63, a{i} + 2)");
    let ends = |i: usize| format!("exp(asin(a{i}/9))");
    let mut cases = vec![
        chain("p^1024", &power, 64),
        chain("2*p + 1", &power, 40),
        chain("p*x", &product, 37),
        chain("p", &fraction, 32),
        chain("p", &nested, 60),
        chain("1e300*p", &number, 60),
        chain("p", &root, 40),
        chain("x", &ends, 30),
        "a = 1e300^13; b = a^2; p".to_owned(),
        "y=p;".repeat(499) + "y",
        (0..65).map(|i| format!("a{i}=p;")).collect::<String>() + "a64",
        (0..4_096).map(|i| format!("a{i}=p;")).collect::<String>() + "p",
        "a".repeat(1_990) + "=p;p",
        "y = p;;;;; y".to_owned(),
        "= p; p".to_owned(),
        "y = p; y = ".to_owned(),
        "((((((y = p))))))".to_owned(),
        String::new(),
        ";".to_owned(),
        "p = p; p".to_owned(),
        "\u{3b7} = p; p".to_owned(),
        "y\u{0} = p; p".to_owned(),
        "y\n= p; p".to_owned(),
    ];
    cases.push(chain("p", &|i| format!("a{i} + a{i}"), 64));
    for text in &cases {
        for (precision, degree) in [("128", "60"), ("2048", "512"), ("64", "512")] {
            let mut other = with(&good, "/claims/0/value", text.as_str().into());
            other["table"]["value"] = text.as_str().into();
            other["precision"] = precision.into();
            other["claims"][0]["parts"][0]["cells"][0]["degree"] = degree.into();
            other["claims"][1]["parts"][0][0]["degree"] = degree.into();
            // The claim about stages alone: any error is within this.
            for hi in ["1/1000000", "2*2^4000"] {
                other["claims"][0]["hi"] = hi.into();
                sign(&mut other);
                let start = std::time::Instant::now();
                let outcome = outcome(&other);
                let spent = start.elapsed();
                let shown: String = text.chars().take(30).collect();
                println!("{shown} {precision} {degree}: {spent:?} {outcome:.80}");
                assert!(spent.as_secs() < 8, "{text}: {spent:?}");
                assert!(
                    !matches!(outcome, polycert_checker::Outcome::Verified(_)),
                    "{text}: {outcome}"
                );
            }
        }
    }
}
