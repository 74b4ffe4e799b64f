//! `polycert network box` and `polycert network deviate`: figures, verdicts, exit codes, bad requests.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn polycert(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polycert"))
        .current_dir(root())
        .args(arguments)
        .output()
        .unwrap()
}

fn json(arguments: &[&str]) -> (Value, Option<i32>) {
    let out = polycert(arguments);
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    let value = serde_json::from_slice(&out.stdout);
    (
        value.unwrap_or_else(|e| panic!("{e}: {error}")),
        out.status.code(),
    )
}

fn refused(arguments: &[&str], said: &str) {
    let out = polycert(arguments);
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{error}");
    assert!(error.contains(said), "{error}");
}

const NETWORK: &str = "certificates/networks/fashion/network.safetensors";
const IMAGES: &str = "certificates/networks/fashion/images.npy";

fn deviate(rest: &[&str]) -> Vec<String> {
    let fixed = [
        "network",
        "deviate",
        NETWORK,
        "--table",
        "certificates/relu13.json",
        "--input",
        IMAGES,
    ];
    fixed.iter().chain(rest).map(|s| (*s).to_owned()).collect()
}

fn words(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

#[test]
fn the_shipped_network_is_certified_under_little_noise_and_not_under_much() {
    let request = deviate(&[
        "--scale",
        "32",
        "--worst",
        "2^-26,2^-2",
        "--sigma",
        "2^-24",
        "--attack",
        "1",
        "--json",
    ]);
    let (found, code) = json(&words(&request));
    // The largest level breaks the class, so the run as a whole is no success.
    assert_eq!(code, Some(1));
    assert_eq!(found["certified_at_every_level"], 0);
    let sample = &found["samples"][0];
    assert_eq!(
        (&sample["class"], &sample["network_class"]),
        (&9.into(), &9.into())
    );
    let level = |i: usize| &sample["levels"][i];
    for i in [0, 2] {
        let number = |name: &str| level(i)[name].as_f64().unwrap();
        assert_eq!(level(i)["certified"], true, "{sample:#}");
        assert!(number("measure_observed") <= number("bound_deviation"));
        assert!(number("estimate_first_order") <= number("bound_deviation"));
        assert!(number("bound_deviation") < 0.1);
    }
    let attacked = level(0)["estimate_attacked_margin"].as_f64().unwrap();
    assert!(attacked >= level(0)["bound_margin"].as_f64().unwrap());
    assert_eq!(level(1)["certified"], false);
    assert!(level(1)["bound_deviation"].is_null());
}

#[test]
fn noise_that_makes_no_sense_is_refused() {
    refused(
        &words(&deviate(&["--scale", "32"])),
        "noise levels with --worst and --sigma",
    );
    refused(
        &words(&deviate(&["--scale", "32", "--worst", "2"])),
        "from 0 to 1 in units of B",
    );
    refused(
        &words(&deviate(&["--scale", "1/3", "--worst", "2^-20"])),
        "B that is an f64",
    );
    refused(
        &words(&deviate(&["--scale", "2", "--worst", "2^-20"])),
        "needs B >=",
    );
    refused(
        &words(&deviate(&[
            "--scale", "32", "--worst", "2^-20", "--from", "40",
        ])),
        "has 40 samples",
    );
}

fn heloc() -> Option<PathBuf> {
    let shared =
        std::env::var_os("POLYCERT_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let file = shared.join("networks/heloc_23-64-32-1.onnx");
    if file.is_file() {
        return Some(file);
    }
    eprintln!(
        "SKIPPED: no file {}: published bounds over boxes were NOT compared",
        file.display()
    );
    None
}

/// ZonoPoly (Kern, Manino, Sinz, SAIV 2025) over [0, 1]^23.
#[test]
fn heloc_is_below_the_published_bounds_at_every_degree() {
    let Some(file) = heloc() else { return };
    let file = file.to_string_lossy();
    let published = [
        (2, 31.03),
        (5, 13.84),
        (10, 6.558),
        (50, 1.263),
        (100, 0.6278),
        (200, 0.3127),
    ];
    let degrees: Vec<String> = published.iter().map(|p| p.0.to_string()).collect();
    let (found, code) = json(&[
        "network",
        "box",
        &file,
        "--degrees",
        &degrees.join(","),
        "--attack",
        "5",
        "--json",
    ]);
    assert_eq!(code, Some(0));
    for (run, (degree, theirs)) in found["runs"].as_array().unwrap().iter().zip(published) {
        let number = |name: &str| run[name].as_f64().unwrap();
        let ours = number("bound_greatest_difference");
        assert!(ours < theirs, "degree {degree}: {ours}");
        assert!(number("measure_greatest_difference") <= ours);
        assert!(number("measure_share_of_range") <= 1.0);
    }
    for (rest, said) in [
        (vec!["--degrees", "2", "--lo", "1", "--hi", "0"], "is empty"),
        (vec![], "--degrees"),
        (
            vec!["--degrees", "2", "--lo", "-1e400", "--hi", "1e400"],
            "not finite",
        ),
    ] {
        let mut request = vec!["network", "box", &file];
        request.extend(rest);
        refused(&request, said);
    }
    refused(
        &["network", "box", NETWORK, "--degrees", "2"],
        "input boxes takes",
    );
}
