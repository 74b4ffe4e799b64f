//! `polycert plan`: what it writes and says, on the shipped network, and what it refuses.

use crate::network::npy;
use crate::support::program::{polycert, Folder, Run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A file of the shipped network.
fn fashion(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    format!("{root}/certificates/networks/fashion/{name}")
}

fn plan(f: &Folder, more: &[&str]) -> Run {
    let (network, images) = (fashion("network.safetensors"), fashion("images.npy"));
    let out = f.at("plan");
    let mut line = vec!["plan", &network, "--input", &images, "-o", &out];
    line.extend(more);
    // Noise takes a backward row for every neuron.
    if !more.contains(&"--margins") {
        line.extend(["--margins", "0"]);
    }
    polycert(&line)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_plan_holds_its_tables_and_states_on_other_inputs() {
    let f = Folder::new();
    let labels = fashion("labels.npy");
    let run = plan(
        &f,
        &[
            "--labels",
            &labels,
            "--select",
            "24",
            "--state",
            "8",
            "--certify",
            "1",
            "--margins",
            "1",
        ],
    );
    let run = run.exits(0);
    for words in [
        "chosen on 24 inputs, stated on 8 others",
        "PROVED    class stays on 8 of 8 inputs that did not choose: share in [0.63",
        "outside [-B, B] on 0 of 8",
        "ASSUMED   the samples are drawn independently",
        "ESTIMATE",
        "PROVED    1 inputs by certificates",
        "B at every activation leaves the class on the 1 least margins",
    ] {
        assert!(run.out.contains(words), "{words}\n{}", run.out);
    }
    // What is proved comes before what is assumed, and that before estimates.
    let at = |word: &str| run.out.find(word).unwrap();
    assert!(at("PROVED ") < at("ASSUMED ") && at("ASSUMED ") < at("ESTIMATE "));
    let folder = f.path("plan");
    let plan = read(&folder.join("plan.json"));
    assert_eq!(plan["format"], "polycert-plan/1");
    let all = |key: &str| -> BTreeSet<String> {
        let list = plan[key].as_array().unwrap();
        list.iter()
            .map(|d| d.as_str().unwrap().to_owned())
            .collect()
    };
    let (selected, stated) = (all("selected"), all("stated"));
    assert_eq!((selected.len(), stated.len()), (24, 8));
    assert!(selected.is_disjoint(&stated));
    let rows = plan["activations"].as_array().unwrap();
    // Six ReLU and two poolings of two rounds, three matches each.
    assert_eq!(rows.len(), 8);
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let (mut levels, mut products) = (0, 0);
    for (row, more) in rows
        .iter()
        .zip(plan["producer"]["activations"].as_array().unwrap())
    {
        let table = read(&folder.join(row["table"][0].as_str().unwrap()));
        assert_eq!(table["sha256"], row["table_sha256"]);
        levels += number(&row["levels"]);
        products += number(&more["products"]);
    }
    assert_eq!(number(&plan["levels"]), levels);
    assert_eq!(number(&plan["producer"]["products"]), products);
    // The independent checker verifies all of the folder, and says what it does not.
    let run = polycert(&["check", folder.to_str().unwrap()]).exits(0);
    for words in [
        "VERIFIED a plan: 8 activations with ",
        "PROVED    class stays on 1 of the 8 stated inputs, by certificates",
        "REPORTED  class stays on 8 of 8 stated inputs: share in [6.305",
        "ASSUMED   8 activations take no more levels than polynomials of least depth",
        "ESTIMATE  ",
    ] {
        assert!(run.out.contains(words), "{words}\n{}", run.out);
    }
    let table = folder.join(rows[0]["table"][0].as_str().unwrap());
    let kept = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, kept.replacen('1', "2", 1)).unwrap();
    let run = polycert(&["check", folder.join("plan.json").to_str().unwrap()]).exits(1);
    assert!(
        run.out.contains("REJECTED P1 files: tables/00-"),
        "{}",
        run.out
    );
    std::fs::write(&table, kept).unwrap();
    // The certificate of an input is about the network that stands beside the plan.
    let certificate = folder.join(plan["certified"][0]["certificate"][0].as_str().unwrap());
    let (certificate, network) = (certificate.to_str().unwrap(), folder.join("network.exact"));
    let input = format!("{certificate}.input");
    let run = polycert(&[
        "check",
        "--network",
        network.to_str().unwrap(),
        "--input",
        &input,
        certificate,
    ])
    .exits(0);
    assert!(run.out.contains("VERIFIED"), "{}", run.out);
}

#[test]
fn another_seed_chooses_on_other_inputs_and_the_same_seed_on_the_same() {
    let f = Folder::new();
    let digests = |seed: &str| {
        let run = plan(
            &f,
            &["--seed", seed, "--select", "4", "--state", "2", "--json"],
        );
        // Four inputs choose: another one may be answered differently.
        assert!(run.code <= 1, "{run:?}");
        let j = run.json();
        (j["selected"].clone(), j["activations"].clone())
    };
    let (one, two) = (digests("1"), digests("2"));
    assert_ne!(one.0, two.0);
    assert_eq!(one, digests("1"));
}

#[test]
fn what_cannot_be_reached_is_said_with_what_would_help() {
    let f = Folder::new();
    let few = ["--select", "4", "--state", "2"];
    let asked = [&few[..], &["--designs", "direct", "--logits", "1e-9"]].concat();
    let run = plan(&f, &asked).exits(1);
    assert!(run.out.starts_with("NO PLAN   every logit stays within 0.000000001: the most precise designs (d126) keep it on 0 of 4"), "{}", run.out);
    assert!(!f.path("plan/plan.json").exists());
    // Direct polynomials reach 2^-9 only; composites reach more.
    let asked = [
        &few[..],
        &["--designs", "direct", "--logits", "0.002", "--json"],
    ]
    .concat();
    let j = plan(&f, &asked).exits(1).json();
    assert_eq!(j["plan"], Value::Null);
    assert_eq!(j["cures"][0]["option"], "--designs composite,direct");
}

#[test]
fn bad_requests_say_what_is_wrong() {
    let f = Folder::new();
    let one = f.file("one.npy", npy("|u1", &[1], &[1]));
    for (more, words) in [
        (
            &["--select", "39", "--state", "2"][..],
            "39 samples to choose and 2 others to state",
        ),
        (
            &["--select", "40"],
            "40 samples to choose and 0 others to state",
        ),
        (&["--select", "1"], "each takes 2 at least"),
        (
            &["--profile", "nonsense"],
            "--profile nonsense: neither a file nor one of",
        ),
        (&["--levels", "99"], "--levels 99: the profile own has 1 to"),
        (&["--designs", "magic"], "composite or direct"),
        (&["--agreement", "0"], "are shares"),
        (
            &["--agreement", "0.9", "--margin", "0.5"],
            "cannot be used with",
        ),
        (&["--range-margin", "1/2"], "is below 1"),
        (&["--labels", &one], "1 labels for 40 samples"),
    ] {
        let run = plan(&f, more).exits(2);
        assert!(run.err.contains(words), "{words}\n{}", run.err);
    }
    let more = ["--select", "4", "--state", "2", "--explain", "nowhere"];
    let run = plan(&f, &more).exits(2);
    assert!(
        run.err
            .contains("--explain nowhere: no such layer; the layers are"),
        "{}",
        run.err
    );
}
