//! Networks as folders of arrays, a file each.

use crate::network::{safetensors, weights, GRAPH};
use crate::support::program::{polycert, Folder, Run, F1};
use serde_json::{json, Value};
use std::path::PathBuf;

/// The graph with what it says of files.
fn graph(files: &Value) -> String {
    let mut graph: Value = serde_json::from_str(GRAPH).unwrap();
    if !files.is_null() {
        graph["files"] = files.clone();
    }
    graph.to_string()
}

/// A folder `net` of these files, in another.
fn folder(files: &[(&str, &str)]) -> Folder {
    let f = Folder::new();
    std::fs::create_dir(f.path("net")).unwrap();
    for (name, text) in files {
        f.file(&format!("net/{name}"), text);
    }
    f
}

fn show(f: &Folder) -> Run {
    polycert(&["network", "show", &f.at("net"), "--json"])
}

const A: (&str, &str) = ("a.txt", "# rows of the first layer\n4 -2\n0 1\n");
const B: (&str, &str) = ("b.csv", "0\n0\n");
const C: (&str, &str) = ("c.csv", "1,1\n0, 3\n");

#[test]
fn a_folder_of_text_means_what_the_safetensors_file_means() {
    let graph = graph(&Value::Null);
    let f = folder(&[
        ("graph.json", &graph),
        A,
        B,
        C,
        ("notes.md", "of no account"),
    ]);
    f.file(
        "n.safetensors",
        safetensors(&weights(), &json!({"graph": GRAPH})),
    );
    let other = polycert(&["network", "show", &f.at("n.safetensors"), "--json"]).exits(0);
    let found = show(&f).exits(0).json();
    assert_eq!(found["meaning_sha256"], other.json()["meaning_sha256"]);
    assert_eq!(
        (found["format"].as_str(), found["network"].as_str()),
        (Some("folder"), Some("net"))
    );
    assert_eq!(found["said"], json!([]));
    // The digest of the files is another one when one of them is.
    f.file("net/b.csv", "0\n0.5\n");
    let moved = show(&f).exits(0).json();
    assert_ne!(moved["file_sha256"], found["file_sha256"]);
    assert_ne!(moved["meaning_sha256"], found["meaning_sha256"]);
    // And a folder is evaluated as a file is, with what its graph says of the preparation.
    let prepared =
        crate::folder::graph(&json!({"preparation": {"scale": "1/2", "mean": "1", "std": "2"}}));
    f.file("net/graph.json", prepared);
    f.file("f1.json", F1);
    f.file("x.npy", crate::network::npy("|u1", &[1, 2], &[2, 1]));
    let [net, table, x] = ["net", "f1.json", "x.npy"].map(|n| f.at(n));
    let line = [
        "network", "evaluate", &net, "--table", &table, "--bound", "64", "--input", &x,
    ];
    let r = polycert(&[&line[..], &["--json"]].concat());
    assert_eq!(
        r.json()["input_said"],
        json!(["(1/2 v - mean)/std, mean 1, std 2, flat"]),
        "{r:?}"
    );
}

#[test]
fn decimals_that_are_no_floats_are_refused_or_rounded_and_said() {
    let third = ("a.txt", "0.1 -2\n0 1\n");
    let with = |files: &Value| folder(&[("graph.json", &graph(files)), third, B, C]);
    let r = show(&with(&Value::Null)).exits(2);
    for part in [
        "a.txt",
        "line 1, number 1",
        "0.1 is no f64",
        "\"numbers\": \"f32\"",
    ] {
        assert!(r.err.contains(part), "{part}: {r:?}");
    }
    let mut meanings = Vec::new();
    for kind in ["f32", "f64"] {
        let found = show(&with(&json!({"numbers": kind}))).exits(0).json();
        let said = format!(
            "1 of the 10 numbers of its arrays are no {kind}, and are read as the nearest one"
        );
        assert_eq!(found["said"], json!([said]));
        meanings.push(found["meaning_sha256"].clone());
    }
    assert_ne!(meanings[0], meanings[1]);
    // As f32 it is the network whose safetensors file has that f32.
    let mut arrays = weights();
    arrays[0].2[0] = 0.1;
    let f = with(&json!({"numbers": "f32"}));
    f.file(
        "n.safetensors",
        safetensors(&arrays, &json!({"graph": GRAPH})),
    );
    let other = polycert(&["network", "show", &f.at("n.safetensors"), "--json"]).exits(0);
    assert_eq!(other.json()["meaning_sha256"], meanings[0]);
}

#[test]
fn what_does_not_fit_is_named_with_its_file() {
    let plain = graph(&Value::Null);
    let all = |change: (&'static str, &'static str), files: &Value| {
        let graph = graph(files);
        let mut list = vec![("graph.json", graph.as_str()), A, B, C];
        match list.iter_mut().find(|(name, _)| *name == change.0) {
            Some(place) => *place = change,
            None => list.push(change),
        }
        folder(&list)
    };
    let none = Value::Null;
    for (change, files, said) in [
        (("a.txt", "4 -2\n0 nan\n"), &none, "a.txt: line 2, number 2"),
        (
            ("a.txt", "4 -2 0 1"),
            &none,
            "dimensions [4]; 2 are expected",
        ),
        (
            ("a.txt", "4 -2\n0\n"),
            &none,
            "dimensions [3]; 2 are expected",
        ),
        (("b.csv", "0,,0"), &none, "b.csv: line 1, number 2"),
        (("d.npy", "1"), &none, "d.npy: not a readable .npy file"),
        (("d.csv", "1"), &none, "tensor \"d\": is not used"),
        (("a.npy", "x"), &none, "a second file of the array \"a\""),
        (
            ("b.csv", "0"),
            &json!({"shapes": {"b": [2]}}),
            "1 numbers where files.shapes says [2]",
        ),
        (
            ("b.csv", "0\n0"),
            &json!({"shapes": {"e": [2]}}),
            "names \"e\", of which there is no file",
        ),
        (
            ("b.csv", "0\n0"),
            &json!({"preparation": {"men": "1"}}),
            "\"men\" is not scale",
        ),
        (
            ("b.csv", "0\n0"),
            &json!({"preparation": {"std": "0"}}),
            "must be above 0",
        ),
        (
            ("b.csv", "0\n0"),
            &json!({"numbers": "f16"}),
            "unknown variant `f16`",
        ),
        (
            ("b.csv", "0\n0"),
            &json!({"number": "f32"}),
            "unknown field `number`",
        ),
    ] {
        let r = show(&all(change, files)).exits(2);
        assert!(
            r.err.contains(said) && r.err.contains("net"),
            "{said}: {r:?}"
        );
    }
    // What `unused` names is not even read.
    let mut unused: Value = serde_json::from_str(&plain).unwrap();
    unused["unused"] = json!(["d"]);
    let unused = unused.to_string();
    show(&folder(&[
        ("graph.json", &unused),
        A,
        B,
        C,
        ("d.txt", "no numbers"),
    ]))
    .exits(0);
    // A matrix in one row, with its shape.
    let row = ("a.txt", "4 -2 0 1");
    show(&all(row, &json!({"shapes": {"a": [2, 2]}}))).exits(0);
    let r = show(&folder(&[A, B, C])).exits(2);
    assert!(r.err.contains("graph.json"), "{r:?}");
    let f = all(A, &none);
    let r = polycert(&["network", "show", &f.at("net"), "--network-output", "y"]).exits(2);
    assert!(r.err.contains("a folder has its own graph"), "{r:?}");
    // What is said of files belongs to a folder.
    let of_files = graph(&json!({"numbers": "f32"}));
    f.file(
        "n.safetensors",
        safetensors(&weights(), &json!({"graph": of_files})),
    );
    let r = polycert(&["network", "show", &f.at("n.safetensors")]).exits(2);
    assert!(r.err.contains("graph.files: belongs to a folder"), "{r:?}");
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_no_arrays() {
    let graph = graph(&Value::Null);
    for pipe in [false, true] {
        let f = folder(&[("graph.json", &graph), B, C]);
        let path: PathBuf = f.path("net/a.txt");
        if pipe {
            let made = std::process::Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap();
            assert!(made.success());
        } else {
            f.file("outside.txt", A.1);
            std::os::unix::fs::symlink(f.path("outside.txt"), &path).unwrap();
        }
        let r = show(&f).exits(2);
        assert!(r.err.contains("is no regular file"), "{r:?}");
    }
}

#[test]
fn an_output_replaces_no_file_of_the_folder() {
    let graph = graph(&Value::Null);
    let f = folder(&[("graph.json", &graph), A, B, C]);
    f.file("f1.json", F1);
    f.file("x.npy", crate::network::npy("|u1", &[1, 2], &[2, 1]));
    let [net, table, x, out] = ["net", "f1.json", "x.npy", "net/graph.json"].map(|n| f.at(n));
    let line = [
        "network", "audit", &net, "--table", &table, "--bound", "64", "--input", &x, "-o", &out,
    ];
    let r = polycert(&line).exits(2);
    assert!(
        r.err
            .contains("is an input of this command and would be overwritten"),
        "{r:?}"
    );
    assert_eq!(crate::support::program::read(&out), graph);
}
