//! End to end: requests that cannot be met. Every case ends soon with exit code 2 and a message that
//! names the file and the field or limit; nothing is written, and nothing that was there is touched.

use crate::support::program::{polycert, refused, Folder, F1};
use serde_json::Value;

/// A table in powers with the given components.
fn table(components: &[Vec<String>]) -> String {
    let components: Vec<Value> = components
        .iter()
        .map(|c| serde_json::json!({"basis": "power", "coefficients": c}))
        .collect();
    serde_json::json!({
        "format": "polycert-table/1", "name": "t", "target": "relu",
        "domain": {"lo": "-1", "hi": "1"}, "components": components,
    })
    .to_string()
}

#[test]
fn requests_that_make_no_sense() {
    let folder = Folder::new();
    let t = folder.file("t.json", F1);
    let zeros = "0".repeat(64);
    let rows: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (
            vec!["--bound", "0"],
            vec!["t.json: ", "scale B must be above 0"],
        ),
        (
            vec!["--bound", "-1"],
            vec!["t.json: ", "scale B must be above 0", "-1"],
        ),
        (
            vec!["--bound", "1/0"],
            vec!["--bound", "denominator is zero"],
        ),
        (vec!["--claim", "small"], vec!["--claim", "small"]),
        (vec!["--claim", "NaN"], vec!["--claim", "NaN"]),
        (
            vec!["--table-sha256", &zeros],
            vec!["t.json: ", &zeros, "SHA-256 is "],
        ),
        (
            vec!["--table-sha256", "abc"],
            vec!["--table-sha256", "64 hexadecimal"],
        ),
        (vec!["--target", "gelu"], vec!["--target", "leaky_relu"]),
        (vec!["--slope", "1/2"], vec!["--slope", "leaky_relu"]),
        (
            vec!["--target", "leaky_relu", "--slope", "1"],
            vec!["t.json: ", "slope 1"],
        ),
        (vec!["--window", "2"], vec!["--window", "max_pool"]),
        (
            vec!["--input-scale", "1/8"],
            vec!["--input-scale", "max_pool"],
        ),
        (
            vec!["--target", "max_pool", "--window", "0"],
            vec!["--window", "2..=32"],
        ),
        (
            vec!["--target", "max_pool", "--window", "33"],
            vec!["--window", "2..=32"],
        ),
        (
            vec!["--target", "max_pool", "--input-scale", "1"],
            vec!["t.json: input scale 1", "at most"],
        ),
        (
            vec!["--target", "max_pool", "--input-scale", "-1"],
            vec!["t.json: input scale -1", "at most"],
        ),
        (
            vec!["--target", "max_pool", "--bound", "1e-300"],
            vec!["t.json: ", "2^-40 to 2^40"],
        ),
        (
            vec!["--target", "max", "--to", "1/2"],
            vec!["--to is for", "not max", "[-1, 1]"],
        ),
        (vec!["--gap", "0"], vec!["t.json: the gap", "2^-1000 to 1"]),
        (vec!["--gap", "-1"], vec!["t.json: the gap", "2^-1000 to 1"]),
        (vec!["--gap", "2"], vec!["t.json: the gap"]),
        (vec!["--gap", "1e-500"], vec!["t.json: the gap"]),
        (
            vec!["--to", "0"],
            vec!["t.json: the domain", "2^-40 to 10^6"],
        ),
        (vec!["--to", "-1"], vec!["t.json: the domain"]),
        (vec!["--to", "1000001"], vec!["t.json: the domain", "10^6"]),
        (vec!["--to", "2^-200"], vec!["t.json: the domain", "2^-40"]),
        (vec!["--rho", "-1"], vec!["t.json: rho", "0 to 1000"]),
        (vec!["--rho", "1001"], vec!["t.json: rho", "0 to 1000"]),
        (vec!["--limit", "0"], vec!["t.json: the limit", "above 0"]),
        (vec!["--limit", "-1"], vec!["t.json: the limit", "above 0"]),
        (vec!["--zone", "0"], vec!["t.json: zone 0", "0 and 1"]),
        (vec!["--zone", "1"], vec!["t.json: zone 1", "0 and 1"]),
        (
            vec!["--target", "sign", "--eps", "0"],
            vec!["t.json: eps = 0", "0 and 1"],
        ),
        (
            vec!["--target", "step", "--eps", "1"],
            vec!["t.json: eps = 1", "0 and 1"],
        ),
        (
            vec!["--target", "sign", "--eps", "2"],
            vec!["t.json: eps = 2"],
        ),
        (
            vec!["--coefficients", "f16"],
            vec!["--coefficients", "fixed:BITS"],
        ),
        (
            vec!["--coefficients", "fixed:0"],
            vec!["--coefficients", "1024"],
        ),
        (
            vec!["--coefficients", "fixed:1025"],
            vec!["--coefficients", "1024"],
        ),
        (vec!["--nonsense"], vec!["--nonsense"]),
    ];
    for (options, parts) in &rows {
        let mut arguments = vec!["certify", t.as_str()];
        arguments.extend(options);
        refused(&folder, &arguments, parts);
    }
    let plain = folder.file("plain.json", F1.replace(",\"eps\":\"1/8\"", ""));
    refused(
        &folder,
        &["certify", &plain, "--target", "sign"],
        &["plain.json: ", "--eps"],
    );
    let huge = folder.file("huge.json", F1.replace("1.5", "1e39"));
    let place = "huge.json: components[0].coefficients[1]: ";
    refused(
        &folder,
        &["certify", &huge, "--coefficients", "f32"],
        &[place, "f32"],
    );
    let huge = folder.file("huge.json", F1.replace("1.5", "1e309"));
    refused(
        &folder,
        &["certify", &huge, "--coefficients", "f64"],
        &[place, "f64"],
    );
}

#[test]
fn designs_that_cannot_be() {
    let folder = Folder::new();
    let many = vec!["3"; 33].join(",");
    let name = "n".repeat(201);
    let rows: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (vec!["--degrees", "4"], vec!["--degrees: 4", "63"]),
        (vec!["--degrees", "3,0"], vec!["--degrees: 0", "63"]),
        (vec!["--degrees", "65"], vec!["--degrees: 65", "63"]),
        (
            vec!["--degrees", "1000001"],
            vec!["--degrees: 1000001", "63"],
        ),
        (
            vec!["--degrees", "99999999999999999999999"],
            vec!["--degrees", "too large"],
        ),
        (vec!["--degrees", "-3"], vec!["-3"]),
        (vec!["--degrees", "3,"], vec!["--degrees"]),
        (
            vec!["--degrees", &many],
            vec!["--degrees: 33 components", "32"],
        ),
        (vec![], vec!["--degrees"]),
        (
            vec!["--degrees", "3", "--eps", "0"],
            vec!["--eps", "2^-128"],
        ),
        (vec!["--degrees", "3", "--eps", "-1"], vec!["--eps", "-1"]),
        (
            vec!["--degrees", "3", "--eps", "1"],
            vec!["--eps", "below 1"],
        ),
        (
            vec!["--degrees", "3", "--eps", "2"],
            vec!["--eps", "below 1", "2"],
        ),
        (
            vec!["--degrees", "3", "--eps", "2^-129"],
            vec!["--eps", "2^-128"],
        ),
        (
            vec!["--degrees", "3", "--zeta", "5", "--alpha", "1"],
            vec!["--zeta", "below 1"],
        ),
        (vec!["--degrees", "3", "--zeta", "1"], vec!["--alpha"]),
        (
            vec!["--degrees", "3", "--zeta", "1", "--alpha", "65"],
            vec!["--alpha", "1..=64"],
        ),
        (
            vec!["--degrees", "3", "--eps", "1/3", "--best"],
            vec!["--eps", "--best"],
        ),
        (vec!["--degrees", "3,3", "--eta", "-1"], vec!["eta", "-1"]),
        (
            vec!["--degrees", "3", "--bits", "5"],
            vec!["--bits", "10..=1024"],
        ),
        (
            vec!["--degrees", "3", "--basis", "x"],
            vec!["--basis", "power"],
        ),
        (
            vec!["--degrees", "3", "--scaling", "x"],
            vec!["--scaling", "normalized"],
        ),
        (
            vec!["--degrees", "3", "--name", &name],
            vec!["name: 201", "200"],
        ),
    ];
    for (options, parts) in &rows {
        let mut arguments = vec!["generate"];
        arguments.extend(options);
        refused(&folder, &arguments, parts);
    }
}

#[test]
fn files_that_cannot_be_read_or_written() {
    let folder = Folder::new();
    let t = folder.file("t.json", F1);
    let (missing, empty) = (folder.at("missing"), folder.file("empty", ""));
    let directory = folder.at("");
    let binary = folder.file("binary", b"\xff\xfe\x00");
    for command in ["import", "certify", "check", "show"] {
        refused(
            &folder,
            &[command, &missing],
            &["missing: ", "No such file"],
        );
        // `check` takes folders, and there is no certificate in this one.
        let words = match command {
            "check" => "no certificate in the folder",
            _ => "Is a directory",
        };
        refused(&folder, &[command, &directory], &[&directory, words]);
        refused(&folder, &[command, &empty], &["empty: "]);
        refused(&folder, &[command, &binary], &["binary: "]);
    }
    // -o twice is refused by the parser, so these are run by hand.
    std::fs::create_dir(folder.path("folder")).unwrap();
    let before = folder.names();
    for (output, part) in [
        (folder.at("none/out.json"), "none/out.json: "),
        (folder.at("folder"), "folder: "),
        (folder.at("t.json/out.json"), "t.json/out.json: "),
    ] {
        for line in [
            vec!["import", &t, "-o", &output],
            vec!["certify", &t, "-o", &output],
            vec!["generate", "--degrees", "3", "-o", &output],
        ] {
            let r = polycert(&line).exits(2);
            assert!(r.err.contains(part), "{r:?}");
            assert!(
                !r.err.contains(".polycert-"),
                "a temporary name is no help: {r:?}"
            );
            assert_eq!(r.out, "");
        }
    }
    assert_eq!(folder.names(), before);
    assert_eq!(std::fs::read_dir(folder.path("folder")).unwrap().count(), 0);
}

/// Composites that a search or an enclosure might choke on: a verified bound or a reason, soon.
#[test]
fn wild_composites_end_soon() {
    let s = |c: &[&str]| -> Vec<String> { c.iter().map(|c| (*c).to_owned()).collect() };
    let power = |n: usize, c: &str| -> Vec<String> {
        (0..=n)
            .map(|i| if i == n { c } else { "0" }.to_owned())
            .collect()
    };
    let dense = |n: i64| -> Vec<String> {
        (0..n)
            .map(|i| format!("{}/1000", (i * 7_919) % 101 - 50))
            .collect()
    };
    let rows: Vec<(&str, Vec<Vec<String>>, i32, &str)> = vec![
        ("zero", vec![s(&["0"])], 0, "VERIFIED"),
        (
            "zero inside",
            vec![s(&["0", "0"]), s(&["0", "1.5", "0", "-0.5"])],
            0,
            "VERIFIED",
        ),
        ("one", vec![s(&["1"])], 0, "VERIFIED"),
        ("minus one", vec![s(&["-1"])], 0, "VERIFIED"),
        ("identity", vec![s(&["0", "1"])], 0, "VERIFIED"),
        ("even", vec![s(&["0", "0", "1"])], 0, "VERIFIED"),
        (
            "even of even",
            vec![s(&["1", "0", "-2"]), s(&["0", "0", "1"])],
            0,
            "VERIFIED",
        ),
        (
            "falling first",
            vec![s(&["0", "-1.5", "0", "0.5"])],
            0,
            "VERIFIED",
        ),
        ("large constant", vec![s(&["1e9"])], 0, "VERIFIED"),
        ("tiny", vec![s(&["0", "1e-500"])], 0, "VERIFIED"),
        (
            "tiny cubic",
            vec![s(&["0", "1", "0", "2^-2048"])],
            0,
            "VERIFIED",
        ),
        ("huge", vec![s(&["0", "1e500"])], 2, "1e60"),
        (
            "running away",
            vec![s(&["0", "1000", "0", "-1000"]); 6],
            2,
            "the limit is 1e15",
        ),
        (
            "32 times f1",
            vec![s(&["0", "1.5", "0", "-0.5"]); 32],
            0,
            "VERIFIED",
        ),
        ("degree 255", vec![power(255, "1")], 0, "VERIFIED"),
        (
            "32 of degree 255",
            vec![power(255, "1"); 32],
            2,
            "the limit is 1e15",
        ),
        ("dense", vec![dense(64); 2], 0, "VERIFIED"),
    ];
    for (what, components, code, part) in rows {
        let folder = Folder::new();
        let t = folder.file("wild.json", table(&components));
        let r = polycert(&["certify", &t]).exits(code);
        assert!(
            r.out.contains(part) || r.err.contains(part),
            "{what}: {r:?}"
        );
        assert!(code == 0 || r.err.contains("wild.json: "), "{what}: {r:?}");
    }
}

/// Requests whose exact numbers would grow without bound, or that ask for more than can be had.
#[test]
fn costly_requests_are_bounded() {
    let folder = Folder::new();
    let map = |digits: usize, degree: usize, basis: &str| {
        let coefficients: Vec<String> = (0..=degree).map(|_| "1/256".to_owned()).collect();
        serde_json::json!({
            "format": "polycert-table/1", "name": "t", "target": "relu",
            "domain": {"lo": "-1", "hi": "1"},
            "components": [{"basis": basis, "coefficients": coefficients, "input_map":
                {"scale": format!("0.{}", "3".repeat(digits)), "offset": format!("0.{}", "7".repeat(digits))}}],
        })
        .to_string()
    };
    let t = folder.file("map.json", map(490, 255, "power"));
    refused(
        &folder,
        &["certify", &t],
        &["map.json: components[0].input_map: ", "32768"],
    );
    let t = folder.file("map.json", map(10, 31, "chebyshev"));
    polycert(&["certify", &t]).exits(0);
    // Denominators without common factors, in a basis that must add them up.
    let odd = |i: usize| format!("1/1{}", format!("{:03}", 2 * i + 1).repeat(80));
    let coefficients: Vec<String> = (0..256).map(odd).collect();
    let text = table(&[coefficients]).replace("\"power\"", "\"chebyshev\"");
    let t = folder.file("fractions.json", text);
    refused(
        &folder,
        &["certify", &t],
        &["fractions.json: components[0].coefficients: ", "32768"],
    );

    let t = folder.file("t.json", F1);
    for (options, code) in [
        (vec!["--gap", "2^-200"], 0),
        (vec!["--gap", "2^-1000"], 0),
        (vec!["--to", "2^-40"], 0),
        (vec!["--to", "0.001"], 0),
        (vec!["--to", "100"], 0),
        (vec!["--to", "1000000"], 0),
        (vec!["--rho", "1000"], 0),
        (vec!["--limit", "1e500"], 0),
        (vec!["--limit", "1e-300"], 0),
        (vec!["--zone", "2^-300"], 0),
        (vec!["--zone", "1e-500"], 0),
        (vec!["--bound", "1e-500"], 0),
        (vec!["--bound", "1e500"], 0),
        (vec!["--target", "sign", "--eps", "1e-500"], 0),
        (
            vec!["--target", "sign", "--eps", "0.999999999999999999999999999"],
            0,
        ),
        (vec!["--claim", "1e500"], 2),
        (vec!["--claim", "-1"], 2),
        (vec!["--claim", "1e-500"], 1),
    ] {
        let mut arguments = vec!["certify", t.as_str()];
        arguments.extend(&options);
        let r = polycert(&arguments);
        let parts = if code == 2 { "t.json: " } else { "VERIFIED" };
        assert!(
            r.out.contains(parts) || r.err.contains(parts),
            "{options:?}: {r:?}"
        );
        r.exits(code);
    }
}
