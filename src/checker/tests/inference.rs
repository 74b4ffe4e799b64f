//! Forged programs and inferences of encrypted networks, made from two small ones: of a chain that is long enough, and with a
//! refreshed activation.
#![allow(clippy::disallowed_types)] // What a bound is at most, about.

mod common;
use common::mutations::{changed, generator, walk};
use polycert_checker::{check_inference, check_program, sha256, InferenceOutcome, ProgramOutcome};
use serde_json::{json, Value};

/// The four files of a folder.
struct Folder {
    network: Vec<u8>,
    input: Vec<u8>,
    program: Value,
    inference: Value,
}

impl Folder {
    fn new(name: &str) -> Self {
        let read = |file: &str| {
            let folder = format!(
                "{}/tests/cases/inference.{name}",
                env!("CARGO_MANIFEST_DIR")
            );
            std::fs::read(format!("{folder}/{file}")).unwrap()
        };
        let json = |file: &str| serde_json::from_slice(&read(file)).unwrap();
        Self {
            network: read("program.json.network"),
            input: read("sample000000.json.input"),
            program: json("program.json"),
            inference: json("sample000000.json"),
        }
    }

    fn program(&self) -> ProgramOutcome {
        check_program(self.program.to_string().as_bytes(), &self.network)
    }

    /// With the digest of the program as it is.
    fn inference(&self) -> InferenceOutcome {
        let program = self.program.to_string();
        let mut inference = self.inference.clone();
        inference["program_sha256"] = sha256(program.as_bytes()).into();
        let files = (self.network.as_slice(), self.input.as_slice());
        check_inference(
            inference.to_string().as_bytes(),
            program.as_bytes(),
            files,
            &mut |_, _| (),
        )
    }
}

/// Replaces a value of a document.
fn with(document: &Value, place: &str, value: Value) -> Value {
    let mut changed = document.clone();
    *changed
        .pointer_mut(place)
        .unwrap_or_else(|| panic!("{place}")) = value;
    changed
}

#[test]
fn what_is_proved_and_assumed_is_said() {
    for (name, refreshed) in [("levelled", false), ("refreshed", true)] {
        let folder = Folder::new(name);
        let said = folder.program().to_string();
        assert!(
            said.starts_with("VERIFIED the network runs encrypted as the program says, for every input within 487*2^-9 of 0"),
            "{said}"
        );
        for words in [
            "activation 1: B = 16, |x| <= 8",
            "by the secret key",
            "INSECURE",
            "within its reach there and at all activations before",
            "the errors of all keys, those for rotations too",
            "what is encoded within 1/2 + 2^-13",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!(said.contains(", refreshed"), refreshed, "{said}");
        assert_eq!(said.contains("sparse secret"), refreshed, "{said}");
        // It proves that itself.
        assert!(!said.contains("is as near as is stated"), "{said}");
        let InferenceOutcome::Verified(report) = folder.inference() else {
            panic!("{}", folder.inference());
        };
        assert_eq!(report.class(), 0);
        let said = report.to_string();
        for words in [
            "this input decrypts to class 0, which is the network's",
            "but for a probability of 2^-40 in all",
            "logit 2: within",
            "was decrypted",
            "exact input sha256",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
}

/// Every rule of a program has a bad document, and says which it is.
#[test]
fn every_rule_refuses_a_program_that_breaks_it() {
    let layout = |list: [u32; 6]| -> Value { list.iter().map(u32::to_string).collect() };
    let levelled: &[(&str, Value, &str)] = &[
        // I1
        (
            "/network_sha256",
            "00".into(),
            "digest: the network file's sha256",
        ),
        (
            "/steps/1/terms/0/0",
            "0".into(),
            "I1 program: step 1: it reads the values [0], and the network's step [1]",
        ),
        (
            "/steps/2/layout",
            layout([4, 1, 1, 1, 1, 1]),
            "I1 program: step 2: its layout is of [4, 1, 1]",
        ),
        (
            "/input/layout",
            layout([1, 2, 8, 1, 2, 8]),
            "I1 program: the input's layout is of another shape",
        ),
        (
            "/input/layout",
            layout([1, 1, 1, 1, 1, 1]),
            "I1 program: the input's layout is of another shape",
        ),
        ("/log_values", "3".into(), "its layout takes more slots"),
        (
            "/log_values",
            "10".into(),
            "I1 program: 2^10 values: the ring has fewer slots",
        ),
        (
            "/input/level",
            "60".into(),
            "I1 program: the input is above the top level",
        ),
        ("/input/scale", "1*2^84".into(), "of more than 2^83 units"),
        // I2
        (
            "/steps/1/layout",
            layout([8, 2, 2, 2, 4, 2]),
            "I2 layout: step 1: 8x2x2 with a gap of 2 does not fit",
        ),
        (
            "/steps/1/layout",
            layout([8, 2, 2, 1, 1, 4]),
            "does not fit",
        ),
        (
            "/steps/1/terms/0/1",
            "3".into(),
            "I2 layout: step 1: 3 baby steps of 32",
        ),
        ("/steps/1/terms/0/1", "0".into(), "0 baby steps"),
        // I3
        (
            "/error",
            "1*2^-30".into(),
            "I3 maps: step 2: the result is not proved to be within the stated error",
        ),
        (
            "/steps/2/level",
            "0".into(),
            "I3 maps: step 2: a map at level 0",
        ),
        (
            "/steps/2/level",
            "3".into(),
            "a value below the level of its map",
        ),
        ("/steps/2/scale", "1*2^200".into(), "I3 maps: step 2"),
        (
            "/steps/2/scale",
            "1*2^-20".into(),
            "I3 maps: step 2: the result is not proved",
        ),
        // I4
        (
            "/steps/1/evaluation",
            "0".into(),
            "I4 activation: step 1: its maps end at level",
        ),
        (
            "/steps/1/evaluation",
            "9".into(),
            "I4 activation: there is no evaluation 9",
        ),
        ("/steps/0/level", "14".into(), "I4 activation: step 0"),
        (
            "/input/scale",
            "1*2^30".into(),
            "I4 activation: step 0: its input is not proved to be as near",
        ),
        (
            "/input/bound",
            "1*2^30".into(),
            "I4 activation: step 0: its input is not proved to be as near",
        ),
        (
            "/evaluations/0/input",
            "fresh_secret".into(),
            "I4 activation: evaluation 0: its input is neither refreshed nor given",
        ),
        (
            "/evaluations/0/parameters/cbd",
            "20".into(),
            "I4 activation: evaluation 1: its parameters are others",
        ),
        // I5
        (
            "/k",
            "41".into(),
            "I5 probability: the steps and the maps together are not within 2^-41",
        ),
        ("/maps_k", "40".into(), "I5 probability"),
        (
            "/maps_k",
            "90".into(),
            "I5 probability: so small a failure probability",
        ),
        // The form.
        ("/format", "polycert-program/2".into(), "format"),
        ("/steps/0/terms", json!([]), "steps[0].terms"),
        ("/steps", json!([]), "0 entries"),
    ];
    let refreshed: &[(&str, Value, &str)] = &[
        (
            "/log_values",
            "7".into(),
            "I4 activation: evaluation 1: it is about another number of values",
        ),
        (
            "/evaluations/1/input",
            "refreshed:1*2^-30".into(),
            "I4 activation: step 1: its input is not proved to be as near",
        ),
        (
            "/evaluations/1/input",
            "refreshed".into(),
            "I4 activation: step 1: its input is not proved to be as near",
        ),
        (
            "/evaluations/1/input",
            "refreshed:1*2^-20".into(),
            "E5 noise: the noise is not proved",
        ),
        ("/evaluations/1/input", "refreshed:-1".into(), "below 0"),
        ("/evaluations/1/input", "refreshed:1".into(), "REJECTED"),
        ("/evaluations/1/within", "16".into(), "REJECTED"),
        ("/evaluations/1/noise", "1*2^-40".into(), "E5 noise"),
        (
            "/steps/1/level",
            "4".into(),
            "I4 activation: step 1: its maps end at level 3",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, rows) in [("levelled", levelled), ("refreshed", refreshed)] {
        let folder = Folder::new(name);
        for (place, value, message) in rows {
            let bad = Folder {
                program: with(&folder.program, place, value.clone()),
                ..Folder::new(name)
            };
            let said = bad.program().to_string();
            if said.starts_with("VERIFIED") || !said.contains(message) {
                wrong.push(format!("{place} {value}: {said}"));
            }
            assert!(
                !matches!(bad.inference(), InferenceOutcome::Verified(_)),
                "{place}"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Steps that are one too few or too many, and an activation in the place of the result.
#[test]
fn steps_are_those_of_the_network() {
    let folder = Folder::new("levelled");
    let change = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut bad = Folder::new("levelled");
        change(bad.program["steps"].as_array_mut().unwrap());
        bad.program().to_string()
    };
    assert!(change(&|s| drop(s.pop())).contains("I1 program: the network has more steps"));
    assert!(change(&|s| s.push(s[2].clone())).contains("the network has no such step"));
    assert!(change(&|s| s[2] = s[1].clone())
        .contains("an activation stands where the network has none"));
    // A larger weight, whose map adds more.
    let text = String::from_utf8(folder.network.clone()).unwrap();
    let first = text.lines().find_map(|line| line.strip_prefix("weights "));
    let first = first.and_then(|all| all.split(' ').next()).unwrap();
    let mut larger = Folder::new("levelled");
    larger.network = text.replacen(first, "1*2^12", 1).into_bytes();
    larger.program["network_sha256"] = sha256(&larger.network).into();
    let said = larger.program().to_string();
    assert!(
        said.contains("I4 activation: step 0: its input is not proved to be as near"),
        "{said}"
    );
}

#[test]
fn every_rule_refuses_an_inference_that_breaks_it() {
    let mut wrong = Vec::new();
    for name in ["levelled", "refreshed"] {
        let folder = Folder::new(name);
        let rows: &[(&str, Value, &str)] = &[
            (
                "/margins/0",
                "1*2^-60".into(),
                "I6 statement: margins: a bound is missing, or below",
            ),
            (
                "/logits/1",
                "0".into(),
                "I6 statement: logits: a bound is missing, or below",
            ),
            ("/logits", json!(["1", "1"]), "I6 statement: logits"),
            (
                "/margins/1",
                "1000".into(),
                "I6 statement: the bounds do not decide class 0",
            ),
            (
                "/decrypted/0",
                "17".into(),
                "I6 statement: what was decrypted is not within the bounds",
            ),
            ("/decrypted", json!(["1"]), "what was decrypted"),
            (
                "/deviation/levels/0/worst/1",
                "0".into(),
                "I6 statement: activation 1: its noise is beyond",
            ),
            ("/deviation/levels/0/sigma", "1*2^-80".into(), "REJECTED"),
            ("/deviation/targets", "margins".into(), "REJECTED"),
            ("/deviation/class", "1".into(), "REJECTED"),
            (
                "/deviation/levels/0/deviations/0",
                "0".into(),
                "noise: level 0",
            ),
            (
                "/deviation/format",
                "polycert-network/1".into(),
                "levels: the field is unknown here",
            ),
        ];
        for (place, value, message) in rows {
            let bad = Folder {
                inference: with(&folder.inference, place, value.clone()),
                ..Folder::new(name)
            };
            let said = bad.inference().to_string();
            if said.starts_with("VERIFIED") || !said.contains(message) {
                wrong.push(format!("{name} {place} {value}: {said}"));
            }
        }
        // An input beyond the bound; and reaches that the inputs of this one leave.
        for (place, value, message) in [
            ("/input/bound", "1*2^-4", "the input is beyond the bound"),
            (
                "/evaluations/1/within",
                "1*2^-3",
                "I6 statement: activation 1: its inputs are not within",
            ),
        ] {
            let bad = Folder {
                program: with(&folder.program, place, value.into()),
                ..Folder::new(name)
            };
            let said = bad.inference().to_string();
            assert!(
                said.starts_with("REJECTED") && said.contains(message),
                "{place}: {said}"
            );
        }
        let cited = check_inference(
            folder.inference.to_string().as_bytes(),
            b"{}",
            (&folder.network, &folder.input),
            &mut |_, _| (),
        );
        assert!(cited
            .to_string()
            .contains("digest: the program file's sha256"));
        // Of another deviation's table.
        let mut tables = Folder::new(name);
        let first = tables.inference["deviation"]["activations"][0][0].clone();
        tables.inference["deviation"]["activations"][1][0] = first;
        let said = tables.inference().to_string();
        let same = name == "levelled";
        assert!(same == said.starts_with("VERIFIED"), "{said}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Changes of one text; 5,000 take some minutes (`--ignored`).
#[test]
fn mutations_are_rejected_or_say_no_more() {
    mutate("levelled", 120);
    mutate("refreshed", 16);
}

#[test]
#[ignore = "ten minutes"]
fn five_thousand_mutations_are_rejected_or_say_no_more() {
    mutate("levelled", 4_000);
    mutate("refreshed", 1_000);
}

/// What a document may say otherwise and be true: larger bounds, smaller probabilities, hints, other baby steps.
fn mutate(name: &str, rounds: usize) {
    let good = Folder::new(name);
    let mut places = Vec::new();
    walk(&good.program, "p".to_owned(), &mut places);
    walk(&good.inference, "i".to_owned(), &mut places);
    let inner = |p: &String| {
        p.contains("/certificate/") || p.contains("/cells/") || p.contains("/branches/")
    };
    let (hints, mut stated): (Vec<String>, Vec<String>) = places.into_iter().partition(inner);
    stated.retain(|p| !p.ends_with("sha256"));
    let mut random = generator();
    let mut accepted = 0;
    for round in 0..rounds {
        // Of the hints some: evaluation certificates have mutations of their own.
        let place = match round % 8 {
            7 if !hints.is_empty() => &hints[random(hints.len())],
            _ if round < stated.len() => &stated[round],
            _ => &stated[random(stated.len())],
        };
        let (document, at) = place.split_at(1);
        let mut bad = Folder::new(name);
        let target = match document {
            "p" => &mut bad.program,
            _ => &mut bad.inference,
        };
        let Some(text) = target.pointer_mut(at) else {
            panic!("{place}")
        };
        let old = text.as_str().unwrap().to_owned();
        let new = changed(&old, &mut random);
        *text = new.clone().into();
        if !matches!(bad.inference(), InferenceOutcome::Verified(_)) {
            continue;
        }
        accepted += 1;
        // No bound is less than nine tenths of what was stated, which is what is proved but for room.
        let all = [
            (&bad.program, &good.program, "/error"),
            (&bad.inference, &good.inference, "/margins/0"),
            (&bad.inference, &good.inference, "/margins/1"),
            (&bad.inference, &good.inference, "/logits/0"),
            (&bad.inference, &good.inference, "/logits/1"),
            (&bad.inference, &good.inference, "/logits/2"),
        ];
        for (bad, good, at) in all {
            let of = |v: &Value| size(v.pointer(at).unwrap().as_str().unwrap());
            assert!(of(bad) >= 0.9 * of(good), "{place}: {old} {new}");
        }
        let k = |v: &Value| size(v["k"].as_str().unwrap());
        assert!(k(&bad.program) <= k(&good.program), "{place}: {new}");
        assert_eq!(
            bad.inference["deviation"]["class"],
            good.inference["deviation"]["class"]
        );
    }
    assert!(
        accepted > 0 && accepted < rounds / 3,
        "{accepted} of {rounds}"
    );
}

fn size(text: &str) -> f64 {
    let (m, e) = text.split_once("*2^").unwrap_or((text, "0"));
    let (n, d) = m.split_once('/').unwrap_or((m, "1"));
    let (n, d): (f64, f64) = (n.parse().unwrap(), d.parse().unwrap());
    n / d * 2f64.powi(e.parse().unwrap())
}
