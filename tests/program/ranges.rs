//! `polycert network ranges`: answers, exit codes, options that are of use.

use crate::network::folder;
use crate::support::program::polycert;
use serde_json::Value;

/// The only activation reads 4x - 2y and y: at (1, 0), 4 and 0.
fn judged(stated: &str, code: i32) -> Value {
    let f = folder(&[255, 0, 51, 0]);
    let ranges = f.file("r.txt", stated);
    polycert(&[
        "network",
        "ranges",
        &f.at("net.safetensors"),
        "--input",
        &f.at("x.npy"),
        "--ranges",
        &ranges,
        "--json",
    ])
    .exits(code)
    .json()
}

#[test]
fn a_range_holds_at_its_end_and_a_witness_is_named() {
    // The balls of 4x carry a radius: 1 = 255/255 is divided.
    let held = judged("layer,B\nact,4.001\n", 0);
    let layer = &held["network"]["layers"][0];
    assert_eq!(
        (&held["holds"], &layer["holds"], &layer["violated"]),
        (&Value::from(true), &2.into(), &0.into())
    );
    let left = judged("act,-3.5,3.5\n", 1);
    let layer = &left["network"]["layers"][0];
    assert_eq!(
        (&layer["holds"], &layer["violated"]),
        (&1.into(), &1.into())
    );
    let witness = &layer["against"][0];
    assert_eq!(
        (&witness["sample"], &witness["neuron"]),
        (&0.into(), &0.into())
    );
    assert!(
        witness["bound_lo"].as_f64().unwrap() <= 4.0
            && witness["bound_hi"].as_f64().unwrap() >= 4.0
    );
    // All options of ACE count, wherever they stand.
    judged("-SIHE:relu_vr_def=5 -SIHE:relu_vr=act=3.5", 1);
    judged("-SIHE:relu_vr_def=1:relu_vr=act=4.5", 0);
}

/// Orion: B = ceil(margin max |x|), of a maximum that is a whole number.
#[test]
fn a_margin_is_not_rounded_up_by_its_own_enclosure() {
    let f = folder(&[255, 0]);
    let yaml = f.file("o.yml", "orion:\n  margin: 2\n");
    let j = polycert(&[
        "network",
        "ranges",
        &f.at("net.safetensors"),
        "--input",
        &f.at("x.npy"),
        "--ranges",
        &yaml,
        "--fit",
        &f.at("x.npy"),
        "--json",
    ])
    .exits(0)
    .json();
    assert_eq!(
        j["network"]["layers"][0]["stated"],
        serde_json::json!(["-8", "8"])
    );
}

#[test]
fn options_and_files_that_are_of_no_use_are_refused() {
    let f = folder(&[255, 0, 51, 0]);
    let (net, x) = (f.at("net.safetensors"), f.at("x.npy"));
    let ranges = f.file("r.csv", "act,5\n");
    let other = f.file("other.csv", "fc9,5\nact,5\n");
    let out = f.at("out.json");
    let line = |rest: &[&str], parts: &[&str]| {
        let all = ["network", "ranges", net.as_str(), "--input", x.as_str()];
        let before = f.names();
        let r = polycert(&[&all[..], rest].concat()).exits(2);
        assert_eq!((r.out.as_str(), f.names()), ("", before), "{rest:?}");
        for part in parts {
            assert!(r.err.contains(part), "{part:?} not named: {r:?}");
        }
    };
    line(&[], &["--ranges"]);
    for option in [
        ["--margin", "3"],
        ["--choose", "1"],
        ["--per-channel", "--json"],
    ] {
        line(
            &[&["--ranges", ranges.as_str()][..], &option].concat(),
            &[option[0]],
        );
    }
    line(&["--suggest", &out, "--fit", &x], &["--fit"]);
    line(
        &["--ranges", &ranges, "--fit", &x],
        &["--fit", "nothing is fitted"],
    );
    line(&["--ranges", &other], &["other.csv", "fc9", "\"act\""]);
    line(&["--suggest", &x], &["x.npy"]);
    line(&["--ranges", &ranges, "--box", "1"], &["--box", "LO,HI"]);
    line(&["--ranges", &ranges, "--count", "3"], &["x.npy", "2"]);
}
