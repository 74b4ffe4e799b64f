//! `polycert network inference`: a folder that the checker takes, what was decrypted in it, a page, and what is refused.

use crate::network::{npy, safetensors};
use crate::support::program::{polycert, Folder, Run};
use serde_json::{json, Value};

const GRAPH: &str = r#"{"format":"polycert-graph/1","input":[2],"layers":[
    {"op":"dense","name":"fc1","weights":"a"},{"op":"relu","name":"r1"},
    {"op":"dense","name":"fc2","weights":"b"},{"op":"relu","name":"r2"},
    {"op":"dense","name":"fc3","weights":"c"}]}"#;

fn folder() -> Folder {
    let f = Folder::new();
    let arrays: [(&str, &[usize], Vec<f32>); 3] = [
        ("a", &[2, 2], vec![1.0, -0.5, 0.25, 0.5]),
        ("b", &[2, 2], vec![0.5, 0.75, -0.25, 1.0]),
        ("c", &[2, 2], vec![1.0, 1.0, -0.5, 2.0]),
    ];
    let network = safetensors(&arrays, &json!({"graph": GRAPH}));
    f.file("net.safetensors", network);
    f.file("x.npy", npy("|u1", &[3, 2], &[255, 0, 51, 204, 102, 102]));
    f
}

fn run(f: &Folder, verb: &str, more: &str) -> Run {
    let table = format!("{}/certificates/relu13.json", env!("CARGO_MANIFEST_DIR"));
    let network = f.at("net.safetensors");
    let mut all: Vec<String> = ["network", verb, &network, "--table", &table]
        .map(str::to_owned)
        .into();
    let one = |w: &str| w.strip_prefix('@').map_or(w.to_owned(), |w| f.at(w));
    let ring = "--bound 8 --log-n 10 --insecure --input @x.npy";
    all.extend(ring.split(' ').chain(more.split_whitespace()).map(one));
    polycert(&all)
}

#[test]
fn what_is_decrypted_is_certified_checked_and_drawn() {
    let f = folder();
    let encrypted = run(&f, "encrypt", "--sample 2,0 --seed 1 --json").exits(0);
    f.file("answer.json", encrypted.out.as_bytes());
    let made = run(
        &f,
        "inference",
        "--sample 0,2 --decrypted @answer.json -o @made --json",
    );
    let made = made.exits(0).json();
    assert_eq!(made["schema"], "polycert-network-inference/1");
    assert_eq!(made["samples"].as_array().unwrap().len(), 2);
    let bound = made["samples"][1]["bound_logit"].as_f64().unwrap();
    assert!(bound > 0.0 && bound < 1e-4, "{bound}");
    let statement = made["samples"][1]["statement"].as_str().unwrap();
    assert!(statement.contains("was decrypted"), "{statement}");
    // The folder, alone and by the names of its files.
    let said = polycert(&["check", &f.at("made")]).exits(0).out;
    assert_eq!(said.matches("VERIFIED").count(), 3, "{said}");
    let one = polycert(&[
        "check",
        "--network",
        &f.at("made/program.json.network"),
        "--input",
        &f.at("made/sample000002.json.input"),
        "--program",
        &f.at("made/program.json"),
        &f.at("made/sample000002.json"),
    ]);
    assert!(one
        .exits(0)
        .out
        .starts_with("VERIFIED encrypted, this input decrypts to class"));
    let page = polycert(&[
        "report",
        &f.at("made"),
        "-o",
        &f.at("page.html"),
        "--csv",
        &f.at("csv"),
    ]);
    page.exits(0);
    let page = std::fs::read_to_string(f.path("page.html")).unwrap();
    for words in [
        "Encrypted network of 3 steps",
        "Levels over the steps",
        "Seconds by step",
        "Margins and how far they move",
        "r2",
        "decrypted within",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(
        std::fs::read_to_string(f.path("csv/encrypted-levels.csv"))
            .unwrap()
            .lines()
            .count()
            == 4
    );
    // Another input's outputs are not within the bounds.
    let mut other: Value = serde_json::from_str(&encrypted_text(&f)).unwrap();
    let first = other["samples"][0]["encrypted"].clone();
    other["samples"][1]["encrypted"] = first;
    f.file("other.json", other.to_string().as_bytes());
    let refused = run(
        &f,
        "inference",
        "--sample 0 --decrypted @other.json -o @others",
    )
    .exits(1)
    .out;
    assert!(
        refused.contains("NOT CERTIFIED")
            && refused.contains("what was decrypted is not within the bounds"),
        "{refused}"
    );
    // A folder that was changed.
    let path = f.path("made/program.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"maps_k\":\"", "\"maps_k\":\"1", 1)).unwrap();
    // The program cannot be read any more.
    let said = polycert(&["check", &f.at("made")]).exits(2).out;
    assert!(said.contains("the program file's sha256 is"), "{said}");
    assert_eq!(polycert(&["report", &f.at("made")]).code, 1);
}

fn encrypted_text(f: &Folder) -> String {
    std::fs::read_to_string(f.path("answer.json")).unwrap()
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let f = folder();
    f.file("no.json", b"{}");
    for (more, words) in [
        ("--sample 7 -o @made", "the file has 3, from 0"),
        (
            "--within 9 -o @made",
            "--within 9 is not above 0 and at most B = 8",
        ),
        (
            "--within 1,2,3 -o @made",
            "3 values of --within; give one, or one for each of the 2",
        ),
        ("--within 1/64 -o @made", "NOT CERTIFIED"),
        (
            "--decrypted @no.json -o @made",
            "is no answer of `polycert network encrypt --json`",
        ),
        ("-k 61 -o @made", "61 is not in 1..=60"),
        ("--decrypted @missing.json -o @made", "missing.json"),
    ] {
        let run = run(&f, "inference", more);
        let said = format!("{}{}", run.out, run.err);
        assert!(said.contains(words) && run.code != 0, "{more}: {said}");
    }
}

/// `certificates/networks/fashion/encrypted` and its page, as `make reports` makes them.
#[test]
fn the_shipped_inferences_are_verified_and_drawn_again() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("certificates/networks/fashion/encrypted");
    let f = Folder::new();
    let page = f.at("page.html");
    // The checker verifies all of them first.
    polycert(&["report", folder.to_str().unwrap(), "-o", &page]).exits(0);
    // The two name the folder and the file as they were given.
    let body = |path: &std::path::Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let end = text.find("<h2>Check it again</h2>").unwrap();
        text[..end].to_owned()
    };
    let shipped = body(&root.join("reports/fashion.encrypted.html"));
    assert!(shipped.contains("each of 2 inputs decrypts"));
    assert!(
        body(std::path::Path::new(&page)) == shipped,
        "another page than the shipped one; run make reports"
    );
}
