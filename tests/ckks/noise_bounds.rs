//! Bounds of a composite's noise: tightness against the average case, refusals, certificates and their check.
//! Nothing is encrypted here; see `noise_evaluated.rs`.

use polycert::certificate::evaluation::{certify, Certified, Wanted};
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::ckks::scheme::encrypt::Encryption;
use polycert::function::target::{Function, Target};
use polycert::noise::composite::bound::{Input, Prepared};
use polycert::noise::formula::{Model, Tier};
use polycert::poly::table::Table;
use polycert_checker::{check, Outcome};
use rug::Rational;

fn table(name: &str) -> Table {
    let path = format!("{}/certificates/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Table::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn wanted(function: Function, b: i32) -> Wanted {
    let mut target = Target::new(function);
    target.scale = Rational::from(b);
    Wanted {
        target,
        input: Input::Fresh(Encryption::PublicExtended),
        within: None,
        k: Some(40),
        level: None,
        scale: None,
        margin: None,
    }
}

fn made(name: &str, literal: &Literal, wanted: &Wanted) -> Box<Certified> {
    let parameters = Parameters::new(literal).unwrap();
    let made = certify(&table(name), &parameters, wanted).unwrap();
    made.unwrap_or_else(|margin| panic!("{name}: {margin}"))
}

#[test]
fn alpha_13_relu_and_max_on_both_presets() {
    for literal in [Literal::set_a(), Literal::set_b()] {
        for function in [Function::Relu, Function::Max] {
            let c = made("relu13", &literal, &wanted(function, 40));
            assert_eq!(
                (c.prepared.circuit.depth(), c.prepared.circuit.products()),
                (14, 27)
            );
            assert!(
                c.bound_error < Rational::from((1, 180)),
                "{}",
                c.report.headline()
            );
            assert!(
                c.report.headline().contains("2^-40"),
                "{}",
                c.report.headline()
            );
            // What the checker proves is what is published: it passes the file on its own.
            assert!(matches!(check(c.text.as_bytes()), Outcome::Verified(_)));
        }
    }
}

#[test]
fn pools_and_signs() {
    let pool = wanted(Function::MaxPool, 40);
    let c = made("relu13", &Literal::set_b(), &pool);
    assert_eq!(
        (c.prepared.blocks.len(), c.prepared.circuit.depth()),
        (3, 28)
    );
    eprintln!("{}", c.report.headline());
    // 2^-5.84 is the approximation's part of the error of 2^-5.11.
    assert!(c.bound_error < Rational::from((1, 32)));
    let c = made("relu07", &Literal::set_a(), &wanted(Function::Sign, 1));
    assert!(
        c.report.headline().contains("with |x| >="),
        "{}",
        c.report.headline()
    );
    // Where closeness is proved up to 1/2 only, nothing is said beyond.
    let mut part: serde_json::Value = serde_json::from_str(&c.text).unwrap();
    for claim in part["certificate"]["claims"].as_array_mut().unwrap() {
        match claim["rule"].as_str() {
            Some("closeness") => {
                claim["to"] = "1/2".into();
                claim["witness"] = serde_json::json!({"x": "1*2^-2", "lo": "0"});
            }
            Some("target") => claim["lo"] = "0".into(),
            _ => {}
        }
    }
    match check(part.to_string().as_bytes()) {
        Outcome::Verified(report) => {
            let headline = report.headline();
            assert!(headline.contains("<= |x| <= 1/2"), "{headline}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn missing_margins_and_levels_are_said() {
    // A scale of 2^24 leaves more noise than any stage's margin.
    let mut coarse = Literal::new(15, vec![50; 16], vec![50], 24);
    let parameters = Parameters::new(&coarse).unwrap();
    let refused = certify(&table("relu13"), &parameters, &wanted(Function::Relu, 40));
    let margin = match refused.unwrap() {
        Err(margin) => margin.to_string(),
        Ok(_) => panic!("bounded"),
    };
    assert!(
        margin.contains("eta >=") && margin.contains("stage"),
        "{margin}"
    );
    coarse = Literal::new(15, [vec![50], vec![40; 13]].concat(), vec![48; 2], 40);
    let parameters = Parameters::new(&coarse).unwrap();
    let error = match certify(&table("relu13"), &parameters, &wanted(Function::Relu, 40)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("bounded"),
    };
    assert!(error.contains("needs 14 levels and 13 are left"), "{error}");
}

#[test]
fn worst_case_is_above_high_probability() {
    let mut secret = wanted(Function::Relu, 1);
    secret.input = Input::Fresh(Encryption::Secret);
    let high = made("relu07", &Literal::set_b(), &secret);
    secret.k = None;
    let worst = made("relu07", &Literal::set_b(), &secret);
    assert!(worst.bound_noise > high.bound_noise);
    assert!(worst.report.headline().contains("whatever is drawn"));
}

/// Each way of encryption: the checker accepts the bound, nothing much below it, and not the bound of a way
/// with less noise.
#[test]
fn every_encryption_has_its_own_bound() {
    let names = ["fresh_public", "fresh_public_extended", "fresh_secret"];
    let ways = [
        Encryption::Public,
        Encryption::PublicExtended,
        Encryption::Secret,
    ];
    let mut bounds = Vec::new();
    for (encryption, name) in ways.into_iter().zip(names) {
        // With the plain public key's noise the worst case leaves no margin.
        let tiers = match encryption {
            Encryption::Public => &[Some(40)][..],
            _ => &[Some(40), None],
        };
        for &k in tiers {
            let mut wanted = wanted(Function::Relu, 4);
            wanted.input = Input::Fresh(encryption);
            wanted.k = k;
            let c = made("relu04", &Literal::set_b(), &wanted);
            let document: serde_json::Value = serde_json::from_str(&c.text).unwrap();
            assert_eq!(document["input"], name);
            let with = |key: &str, text: String| {
                let mut changed = document.clone();
                changed[key] = text.into();
                check(changed.to_string().as_bytes()).to_string()
            };
            let less = &c.bound_noise * Rational::from((1023, 1024));
            let text = with("noise", less.to_string());
            assert!(text.contains("E5 noise"), "{name} {k:?}: {text}");
            for (other, bound) in names.iter().zip(&bounds) {
                if k.is_some() && c.bound_noise < *bound {
                    let text = with("input", (*other).to_owned());
                    assert!(text.contains("E5 noise"), "{name}, {other}: {text}");
                }
            }
            let words = Outcome::Verified(c.report.clone()).to_string();
            let extended = encryption == Encryption::PublicExtended;
            assert_eq!(words.contains("mod Q P, divided by P"), extended, "{words}");
            let assumed = words.contains("these encryptions round away");
            assert_eq!(assumed, extended && k.is_some(), "{words}");
            if k.is_some() {
                bounds.push(c.bound_noise.clone());
            }
        }
    }
    // Three bits less noise of the inputs than by the plain public key are seen in the result.
    assert!(Rational::from(&bounds[1] * 2) < bounds[0]);
    // A P that divides nothing away, and that no evaluator could run.
    let mut wanted = wanted(Function::Relu, 4);
    wanted.input = Input::Fresh(Encryption::PublicExtended);
    let c = made("relu04", &Literal::set_b(), &wanted);
    let mut document: serde_json::Value = serde_json::from_str(&c.text).unwrap();
    document["parameters"]["p"] = serde_json::json!(["3"]);
    let text = check(document.to_string().as_bytes()).to_string();
    assert!(
        text.contains("E1 parameters: the modulus p_0 = 3 is not 1 mod 2N"),
        "{text}"
    );
}

/// Every text of the evaluation part, changed a little: accepted only where the statement stays true.
#[test]
fn mutations_are_rejected_or_harmless() {
    let c = made("relu04", &Literal::set_a(), &wanted(Function::Relu, 4));
    let document: serde_json::Value = serde_json::from_str(&c.text).unwrap();
    let mut places = Vec::new();
    fn walk(value: &serde_json::Value, path: String, out: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(o) => {
                for (k, v) in o
                    .iter()
                    .filter(|(k, _)| !path.is_empty() || *k != "certificate")
                {
                    walk(v, format!("{path}/{k}"), out);
                }
            }
            serde_json::Value::Array(a) => {
                for (i, v) in a.iter().enumerate() {
                    walk(v, format!("{path}/{i}"), out);
                }
            }
            _ => out.push(path),
        }
    }
    walk(&document, String::new(), &mut places);
    let (mut accepted, mut rejected) = (Vec::new(), 0);
    for place in &places {
        let old = document
            .pointer(place)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        let new = match old.strip_suffix(|c: char| c.is_ascii_digit()) {
            Some(rest) => {
                let last: u8 = old.as_bytes()[old.len() - 1] - b'0';
                format!("{rest}{}", (last + 3) % 10)
            }
            None => format!("{old}x"),
        };
        let mut bad = document.clone();
        *bad.pointer_mut(place).unwrap() = new.into();
        match check(bad.to_string().as_bytes()) {
            Outcome::Verified(_) => accepted.push(place.clone()),
            _ => rejected += 1,
        }
    }
    // Hints may move and bounds may grow; a scale or reach may change where nothing else hangs on it.
    let harmless = [
        "/blocks/",
        "/branches/",
        "/precision",
        "/noise",
        "/error",
        "/k",
        "/parameters/cbd",
        "/parameters/p/",
        "/parameters/digit_primes",
        "/parameters/log_n",
    ];
    // Another integer for a constant is another circuit, whose noise is proved with it.
    let integer = |place: &str| {
        let node = place.strip_suffix("/2");
        let op = node.and_then(|n| document.pointer(&format!("{n}/0")));
        op.is_some_and(|op| op.as_str().unwrap().ends_with("_constant"))
    };
    let fine = |p: &&String| integer(p) || harmless.iter().any(|h| p.starts_with(h));
    let bad: Vec<&String> = accepted.iter().filter(|p| !fine(p)).collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert!(
        rejected > places.len() / 2,
        "{rejected} of {}",
        places.len()
    );
}

/// One bad certificate for every rule of `EVALUATION.md`, with the message.
#[test]
fn bad_certificates() {
    let c = made("relu04", &Literal::set_a(), &wanted(Function::Relu, 4));
    let good: serde_json::Value = serde_json::from_str(&c.text).unwrap();
    let nodes = good["nodes"].as_array().unwrap();
    let find = |op: &str| nodes.iter().position(|n| n[0] == op).unwrap();
    let last = |op: &str| nodes.iter().rposition(|n| n[0] == op).unwrap();
    type Change<'a> = Box<dyn Fn(&mut serde_json::Value) + 'a>;
    let set = |path: String, text: &str| -> Change<'_> {
        let text = text.to_owned();
        Box::new(move |d| *d.pointer_mut(&path).unwrap() = text.clone().into())
    };
    let cases: Vec<(Change<'_>, &str)> = vec![
        (
            set("/parameters/log_n".into(), "14"),
            "E1 parameters: log2(QP) is",
        ),
        (
            set("/parameters/secret".into(), "weight:400"),
            "insecure by the tables",
        ),
        (
            set("/parameters/secret".into(), "weight:64"),
            "E1 parameters",
        ),
        (
            set("/parameters/q/0".into(), "12"),
            "E1 parameters: the modulus q_0 = 12 is not a prime",
        ),
        (
            set(
                "/parameters/q/1".into(),
                good["parameters"]["q"][2].as_str().unwrap(),
            ),
            "is q_1 again",
        ),
        (
            set(format!("/nodes/{}/2", find("mul_constant")), "3"),
            "E5 noise",
        ),
        (
            set(format!("/nodes/{}/3", find("mul_constant")), "3"),
            "E2 stage",
        ),
        (
            set(format!("/nodes/{}/3", last("add_constant")), "1/3"),
            "E2 task",
        ),
        (set(format!("/nodes/{}/2", last("mul")), "0"), "E2"),
        (
            set(format!("/nodes/{}/1", find("rescale")), "4000"),
            "not defined where it is used",
        ),
        (set("/nodes/0/1".into(), "0"), "E2"),
        (set("/nodes/0/0".into(), "output"), "an unknown operation"),
        (set("/reaches/0".into(), "2"), "E2"),
        (set("/output".into(), "0"), "E2 task: the output is not"),
        (set("/k".into(), "90"), "E3 tails"),
        (set("/input".into(), "given:1"), "E5"),
        (set("/input".into(), "fresh_public"), "E5 noise"),
        (
            set("/input".into(), "fresh_extended"),
            "not one of fresh_public, fresh_public_extended,",
        ),
        (set("/input".into(), "given:-1"), "below 0"),
        (set("/noise".into(), "1*2^-60"), "E5 noise"),
        (set("/error".into(), "1*2^-60"), "E6 error"),
        (set("/blocks/0/cells/0/0".into(), "1*2^-9"), "E5 cells"),
        (set("/blocks/0/stages/0/input".into(), "0"), "E2"),
        (set("/format".into(), "polycert-evaluation/2"), "format"),
        (
            set("/certificate/table/components/0/coefficients/1".into(), "1"),
            "UNREADABLE",
        ),
    ];
    assert!(matches!(
        check(good.to_string().as_bytes()),
        Outcome::Verified(_)
    ));
    let mut wrong = Vec::new();
    for (i, (change, message)) in cases.iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        assert_ne!(bad, good, "case {i}");
        let outcome = check(bad.to_string().as_bytes()).to_string();
        if !outcome.contains(message) {
            wrong.push(format!("case {i}: {message:?} is not in {outcome}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_circuit_says_what_it_rests_on() {
    let parameters = Parameters::new(&Literal::set_a()).unwrap();
    let c = made("relu07", &Literal::set_a(), &wanted(Function::Relu, 1));
    let model = Model::new(&parameters);
    let again = Prepared::new(&table("relu07"), &model, c.prepared.request.clone()).unwrap();
    assert_eq!(again.circuit, c.prepared.circuit);
    assert!(matches!(again.high_probability(), Tier::HighProbability { kappa } if kappa > 40));
    let words = Outcome::Verified(c.report.clone()).to_string();
    for part in [
        "128 bits of security",
        "(beyond RLWE)",
        "18 h",
        "fresh encryptions by the public key mod Q P, divided by P",
    ] {
        assert!(words.contains(part), "{words}");
    }
}

/// The shipped evaluation certificates are what is made today, and verified.
#[test]
fn shipped_certificates_are_made_again() {
    for (literal, file) in [
        (Literal::set_a(), "relu13.a"),
        (Literal::set_b(), "relu13.b"),
    ] {
        let path = format!(
            "{}/certificates/evaluation/{file}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let shipped = std::fs::read_to_string(&path).unwrap();
        assert!(
            matches!(check(shipped.as_bytes()), Outcome::Verified(_)),
            "{path}"
        );
        let c = made("relu13", &literal, &wanted(Function::Relu, 40));
        assert!(c.text == shipped, "{path} is not what is made today");
    }
}
