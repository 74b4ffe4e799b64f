//! Networks whose activations are polynomials already: no table, alone or beside a reference.

use crate::network::{npy, safetensors, weights, GRAPH};
use crate::support::program::{polycert, read, Folder, F1};
use serde_json::json;

/// z = (4x - 2y, y), each through z/2 + z^2; logits p_0 + p_1 and 3 p_1.
const OWN: &str = r#"{"format":"polycert-graph/1","input":[2],"layers":[
    {"op":"dense","name":"fc1","weights":"a","bias":"b"},
    {"op":"polynomial","name":"act","coefficients":["0","1/2","1"]},
    {"op":"dense","name":"fc2","weights":"c"}]}"#;

fn folder() -> Folder {
    let f = Folder::new();
    let file = |graph: &str| safetensors(&weights(), &json!({"graph": graph}));
    f.file("own.safetensors", file(OWN));
    let stated = OWN.replace("\"1\"]", "\"1\"],\"domain\":[\"-3\",\"3\"]");
    f.file("stated.safetensors", file(&stated));
    let mixed = OWN.replace(
        r#"{"op":"dense","name":"fc2""#,
        r#"{"op":"relu","name":"bend"},{"op":"dense","name":"fc2""#,
    );
    f.file("mixed.safetensors", file(&mixed));
    f.file("relu.safetensors", file(GRAPH));
    f.file("f1.json", F1);
    f.file(
        "x.npy",
        npy("|u1", &[4, 2], &[255, 0, 0, 127, 128, 130, 0, 255]),
    );
    f.file("labels.npy", npy("|u1", &[4], &[0, 1, 1, 0]));
    f
}

fn line(f: &Folder, command: &str, model: &str, rest: &[&str]) -> Vec<String> {
    let (model, input) = (f.at(model), f.at("x.npy"));
    let first = ["network", command, &model, "--input", &input];
    first.iter().chain(rest).map(|s| (*s).to_owned()).collect()
}

#[test]
fn a_polynomial_network_is_evaluated_alone() {
    let f = folder();
    let shown = polycert(&["network", "show", &f.at("stated.safetensors")]).exits(0);
    for part in ["1 of them polynomials already", "degree 2, on [-3, 3]"] {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    let at = |model: &str, rest: &[&str]| polycert(&line(&f, "evaluate", model, rest));
    let j = at("own.safetensors", &["--json"]).exits(0).json();
    assert_eq!(
        (&j["verdict"], &j["against"]),
        (&json!("same"), &json!("itself"))
    );
    assert_eq!(j["network_class"], 0);
    // z = (4, 0): 18 and 0.
    let ends = &j["bound_network_logits"][0];
    let (lo, hi) = (ends[0].as_f64().unwrap(), ends[1].as_f64().unwrap());
    assert!(lo <= 18.0 && 18.0 <= hi && hi - lo < 1e-9, "{ends}");
    let own = &j["activations"][0];
    assert_eq!(
        (&own["operation"], &own["scale"]),
        (&json!("polynomial"), &json!(null))
    );
    let words = at("own.safetensors", &[]).exits(0).out;
    assert!(
        words.contains("CLASS 0: proved of the polynomial network"),
        "{words}"
    );
    assert!(
        words.contains("polynomials already: it is evaluated alone"),
        "{words}"
    );
    // Logits that are equal decide nothing.
    let words = at("own.safetensors", &["--sample", "3"]).exits(1).out;
    assert!(words.contains("UNDECIDED"), "{words}");
    // 4 is outside the file's own [-3, 3], and inside what the command line says instead.
    let words = at("stated.safetensors", &[]).exits(1).out;
    for part in [
        "OUTSIDE: layer act asks its polynomial beyond its stated domain [-3, 3]: neuron 0 at",
        "class 0 is proved of it",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    at("stated.safetensors", &["--domain=-1,4.5"]).exits(0);
    // On one side only: 0 is above -1, but 4 is not below 3.
    let j = at("own.safetensors", &["--domain=-5,3", "--json"])
        .exits(1)
        .json();
    assert_eq!(j["verdict"], "outside");
    let j = at("own.safetensors", &["--domain=1,5", "--json"])
        .exits(1)
        .json();
    assert_eq!(j["verdict"], "outside");
}

#[test]
fn a_reference_is_what_a_polynomial_network_is_held_against() {
    let f = folder();
    let relu = f.at("relu.safetensors");
    let at = |sample: &str, rest: &[&str]| {
        let all = ["--sample", sample, "--reference", &relu];
        polycert(&line(
            &f,
            "evaluate",
            "own.safetensors",
            &[&all, rest].concat(),
        ))
    };
    let words = at("0", &[]).exits(0).out;
    assert!(
        words.contains("SAME CLASS 0: proved of the reference"),
        "{words}"
    );
    assert!(words.contains("held against the reference"), "{words}");
    let j = at("1", &["--json"]).exits(0).json();
    assert_eq!(
        (&j["network_class"], &j["twin_class"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(j["against"], "reference");
    // x < y: the reference says 1, the polynomials 0.
    let words = at("2", &[]).exits(1).out;
    assert!(
        words.contains(
            "DIFFERENT CLASS: proved, the reference answers 1, the network with polynomials 0"
        ),
        "{words}"
    );
    let audit = |rest: &[&str]| {
        let out = f.at("audit.json");
        let labels = f.at("labels.npy");
        let all = ["--labels", &labels, "-o", &out];
        let r = polycert(&line(
            &f,
            "audit",
            "own.safetensors",
            &[&all, rest].concat(),
        ))
        .exits(1);
        (
            r.out,
            serde_json::from_str::<serde_json::Value>(&read(&out)).unwrap(),
        )
    };
    let (words, j) = audit(&["--reference", &relu]);
    assert!(words.contains("SAME CLASS on 2 of 4 samples"), "{words}");
    assert_eq!(
        (&j["summary"]["different"], &j["summary"]["undecided"]),
        (&json!(1), &json!(1))
    );
    let (words, j) = audit(&["--worst", "2^-20"]);
    assert!(words.contains("CLASS PROVED on 3 of 4 samples"), "{words}");
    assert_eq!(j["levels"][0]["found"]["certified"], 3);
    assert_eq!(
        (
            &j["summary"]["network_right"],
            &j["summary"]["network_wrong"]
        ),
        (&json!(2), &json!(1))
    );
    let (words, _) = audit(&["--domain=-3,3"]);
    assert!(words.contains("CLASS PROVED on 2 of 4 samples"), "{words}");
    assert!(
        words.contains("outside a polynomial's domain 1 (proved)"),
        "{words}"
    );
    assert!(
        words.contains("layer act asks its polynomial beyond its own domain [-3, 3]"),
        "{words}"
    );
}

#[test]
fn what_makes_no_sense_of_a_polynomial_network_is_refused() {
    let f = folder();
    let refused = |command: &str, model: &str, rest: &[&str], said: &str| {
        let r = polycert(&line(&f, command, model, rest)).exits(2);
        assert!(r.err.contains(said), "{said}: {}", r.err);
    };
    let (table, relu) = (f.at("f1.json"), f.at("relu.safetensors"));
    let out = f.at("out.json");
    refused(
        "evaluate",
        "own.safetensors",
        &["--table", &table],
        "leave --table and --bound out",
    );
    refused(
        "evaluate",
        "own.safetensors",
        &["--bound", "3"],
        "leave --table and --bound out",
    );
    refused("evaluate", "relu.safetensors", &[], "--table is needed");
    refused(
        "evaluate",
        "own.safetensors",
        &["--domain", "1"],
        "takes two numbers",
    );
    refused(
        "evaluate",
        "own.safetensors",
        &["--domain=2,1"],
        "LO below HI",
    );
    let twice = ["--domain=0,1", "--domain=0,2"];
    refused(
        "evaluate",
        "own.safetensors",
        &twice,
        "2 values of --domain",
    );
    refused(
        "evaluate",
        "relu.safetensors",
        &["--table", &table, "--bound", "8", "--domain=0,1"],
        "1 values of --domain",
    );
    refused(
        "deviate",
        "own.safetensors",
        &["--centre", "relu", "--worst", "2^-20"],
        "says nothing of the network's own",
    );
    refused(
        "certify",
        "own.safetensors",
        &[
            "--error-model",
            "relu_within",
            "--worst",
            "2^-20",
            "-o",
            &out,
        ],
        "says nothing of the network's own",
    );
    let certificates = f.at("folder");
    let both = [
        "--reference",
        &relu,
        "--certificates",
        &certificates,
        "-o",
        &out,
    ];
    refused("audit", "own.safetensors", &both, "not about a --reference");
    let other = safetensors(
        &weights(),
        &json!({"graph": OWN.replace(r#","name":"fc2""#, r#","name":"fc3""#), "scale": "1/2"}),
    );
    f.file("other.safetensors", other);
    let other = f.at("other.safetensors");
    refused(
        "evaluate",
        "own.safetensors",
        &["--reference", &other],
        "another preparation of its input",
    );
    let wide = GRAPH.replace(
        r#"{"op":"dense","name":"fc2","weights":"c"}"#,
        r#"{"op":"concat","inputs":["act","fc1"]}"#,
    );
    let wide = safetensors(
        &weights(),
        &json!({"graph": wide.replace("\"layers\"", "\"unused\":[\"c\"],\"layers\"")}),
    );
    f.file("wide.safetensors", wide);
    let wide = f.at("wide.safetensors");
    refused(
        "evaluate",
        "own.safetensors",
        &["--reference", &wide],
        "has 4 outputs, the network takes 2 and has 2",
    );
    let all = ["network", "box", &f.at("own.safetensors"), "--degrees", "5"];
    let r = polycert(&all).exits(2);
    assert!(
        r.err.contains("\"act\"") && r.err.contains("polynomial"),
        "{}",
        r.err
    );
}

/// Certificates of a network alone, and of one that has both kinds; and what noise does.
#[test]
fn polynomial_networks_are_certified_and_bounded_under_noise() {
    let f = folder();
    let out = f.at("c.json");
    let r = polycert(&line(&f, "certify", "own.safetensors", &["-o", &out])).exits(0);
    assert!(
        r.out
            .contains("VERIFIED the polynomial network answers class 0"),
        "{}",
        r.out
    );
    let check = |network: &str| {
        let bytes = |name: &str| std::fs::read(f.path(name)).unwrap();
        polycert_checker::check_network(
            &bytes("c.json"),
            network.as_bytes(),
            &bytes("c.json.input"),
        )
        .to_string()
    };
    let network = read(f.path("c.json.network"));
    assert!(
        network.contains("polynomial 1 2\ncoefficients 0 1/2 1 0 1/2 1\n"),
        "{network}"
    );
    assert!(check(&network).starts_with("VERIFIED"));
    assert!(check(&network.replacen("0 1/2 1", "0 1/2 2", 1)).starts_with("REJECTED digest"));
    let table = f.at("f1.json");
    let mixed = ["--table", &table, "--bound", "32", "-o", &out];
    let r = polycert(&line(&f, "certify", "mixed.safetensors", &mixed)).exits(0);
    for part in [
        "its polynomial twin both answer class 0",
        "1 layers of polynomials of the network's own",
    ] {
        assert!(r.out.contains(part), "{part}: {}", r.out);
    }
    // The same under noise, of both networks.
    let noise = ["--worst", "2^-20", "--sigma", "2^-22"];
    for (model, rest) in [
        ("own.safetensors", &["-o", &out][..]),
        ("mixed.safetensors", &mixed),
    ] {
        let r = polycert(&line(&f, "certify", model, &[rest, &noise].concat())).exits(0);
        assert_eq!(
            r.out.matches("class 0 stays").count(),
            2,
            "{model}: {}",
            r.out
        );
        let certificate = read(f.path("c.json"));
        assert!(certificate.contains("\"polynomials\": [\n    \"1\"\n  ]"));
        let bytes = |end: &str| std::fs::read(f.path(&format!("c.json{end}"))).unwrap();
        let check = |certificate: &str| {
            let (network, input) = (bytes(".network"), bytes(".input"));
            polycert_checker::check_network(certificate.as_bytes(), &network, &input).to_string()
        };
        assert!(check(&certificate).starts_with("VERIFIED"));
        // Twice the unit is twice the noise.
        let more = certificate.replace("[\n    \"1\"\n  ]", "[\"2\"]");
        assert!(check(&more).contains("below what is proved"));
    }
    let noise = ["--worst", "2^-20", "--sigma", "2^-20", "--json"];
    let j = polycert(&line(&f, "deviate", "own.safetensors", &noise))
        .exits(0)
        .json();
    // Logits are p_0 + p_1 and 3 p_1: noise of 2^-20 at both moves the second by 3 2^-20.
    let text = j.to_string();
    assert_eq!(j["certified_at_every_level"], 1, "{text}");
    let moved = j["samples"][0]["levels"][0]["bound_deviation"].as_f64();
    let moved = moved.unwrap_or_else(|| panic!("{text}"));
    let exact = 3.0 * 2.0f64.powi(-20);
    assert!(moved >= exact && moved < 1.001 * exact, "{moved}");
}
