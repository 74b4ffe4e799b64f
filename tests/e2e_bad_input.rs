//! End to end: input that cannot be used. Every case ends soon with exit code 2 and a message that
//! names the file and the field or limit; nothing is written, and nothing that was there is touched.

mod support;

use support::{polycert, polycert_reads, read, table, Folder, F1};

/// Runs a command whose output goes to a file that exists; it must refuse, name every part, and
/// leave the file and the folder as they were.
#[track_caller]
fn refused(folder: &Folder, arguments: &[&str], parts: &[&str]) {
    let kept = folder.file("kept.json", "kept");
    let before = folder.names();
    let mut line = arguments.to_vec();
    if !matches!(arguments.first(), Some(&"check" | &"show")) {
        line.extend(["-o", &kept]);
    }
    let r = polycert(&line).exits(2);
    assert_eq!(r.out, "", "{arguments:?}");
    for part in parts {
        assert!(r.err.contains(part), "{part:?} not named: {r:?}");
    }
    assert!(r.err.len() < 2_000, "{} bytes of message", r.err.len());
    assert_eq!(read(&kept), "kept", "{arguments:?}");
    assert_eq!(folder.names(), before, "{arguments:?}");
}

/// A table file with one piece of text replaced is refused by `certify`.
#[track_caller]
fn refused_with(from: &str, to: &str, parts: &[&str]) {
    let folder = Folder::new();
    let text = F1.replacen(from, to, 1);
    assert_ne!(text, F1, "{from}");
    let path = folder.file("bad.json", text);
    let parts: Vec<&str> = parts.iter().copied().chain(["bad.json: "]).collect();
    refused(&folder, &["certify", &path], &parts);
}

#[test]
fn tables_that_break_the_format() {
    let digits = "1".repeat(1_000_000);
    let many = vec!["\"0\""; 400_001].join(",");
    let components = vec![r#"{"basis":"power","coefficients":["0","1"]}"#; 33].join(",");
    let name = "n".repeat(201);
    let coefficient = "components[0].coefficients[1]: ";
    let rows: Vec<(&str, String, Vec<&str>)> = vec![
        ("{", "[".into(), vec!["line 1 column "]),
        (":\"f1\"", ":f1".into(), vec!["line 1 column "]),
        ("\"name\":\"f1\",", "".into(), vec!["missing field `name`"]),
        ("\"name\"", "\"naem\"".into(), vec!["unknown field `naem`"]),
        (
            "\"lo\":",
            "\"low\":".into(),
            vec!["line 2", "unknown field `low`"],
        ),
        (
            "\"hi\":\"1\"",
            "\"hi\":\"1\",\"hi\":\"2\"".into(),
            vec!["line 2", "duplicate field `hi`"],
        ),
        (
            "\"basis\":\"power\"",
            "\"basis\":\"power\",\"basis\":\"power\"".into(),
            vec!["line 3", "duplicate field `basis`"],
        ),
        (
            "table/1",
            "table/2".into(),
            vec!["format: ", "polycert-table/1"],
        ),
        (
            "\"relu\"",
            "\"gelu\"".into(),
            vec!["target: ", "leaky_relu"],
        ),
        (
            "\"power\"",
            "\"fourier\"".into(),
            vec!["components[0].basis: ", "chebyshev"],
        ),
        ("\"1.5\"", "1.5".into(), vec!["line 3", "expected a string"]),
        (
            "\"1.5\"",
            "null".into(),
            vec!["line 3", "expected a string"],
        ),
        ("\"1.5\"", "\"NaN\"".into(), vec![coefficient, "NaN"]),
        ("\"1.5\"", "\"-inf\"".into(), vec![coefficient, "inf"]),
        (
            "\"1.5\"",
            "\"1/0\"".into(),
            vec![coefficient, "denominator is zero"],
        ),
        ("\"1.5\"", "\"\"".into(), vec![coefficient]),
        ("\"1.5\"", "\"1e601\"".into(), vec![coefficient, "600"]),
        ("\"1.5\"", "\"2^-2049\"".into(), vec![coefficient, "2048"]),
        (
            "\"1.5\"",
            format!("\"{digits}\""),
            vec![coefficient, "1000000 characters", "500"],
        ),
        (
            "\"1.5\"",
            "\"1e500\"".into(),
            vec!["stage 1", "y^1", "1e60"],
        ),
        (
            "\"0\",\"1.5\"",
            many,
            vec!["components[0].coefficients: ", "256"],
        ),
        (
            "{\"basis\":\"power\",\"coefficients\":[\"0\",\"1.5\",\"0\",\"-0.5\"]}",
            components,
            vec!["components: 33", "32"],
        ),
        (
            "{\"basis\":\"power\",\"coefficients\":[\"0\",\"1.5\",\"0\",\"-0.5\"]}",
            "".into(),
            vec!["components: 0", "32"],
        ),
        (
            "\"0\",\"1.5\",\"0\",\"-0.5\"",
            "".into(),
            vec!["components[0].coefficients: 0", "256"],
        ),
        (
            "\"basis\"",
            "\"input_map\":{\"scale\":\"0\",\"offset\":\"0\"},\"basis\"".into(),
            vec!["components[0].input_map.scale: "],
        ),
        (
            "\"basis\"",
            "\"input_map\":{\"scale\":\"1\"},\"basis\"".into(),
            vec!["line 3", "missing field `offset`"],
        ),
        ("\"f1\"", format!("\"{name}\""), vec!["name: 201", "200"]),
        (
            "\"lo\":\"-1\"",
            "\"lo\":\"1\"".into(),
            vec!["domain: ", "empty or reversed"],
        ),
        (
            "\"lo\":\"-1\"",
            "\"lo\":\"2\"".into(),
            vec!["domain: ", "empty or reversed"],
        ),
        ("\"lo\":\"-1\"", "\"lo\":\"x\"".into(), vec!["domain.lo: "]),
        ("\"1/8\"", "\"0\"".into(), vec!["domain.eps: "]),
        ("\"1/8\"", "\"-1/8\"".into(), vec!["domain.eps: "]),
        ("\"1/8\"", "\"1\"".into(), vec!["domain.eps: ", "hi = 1"]),
        (
            "{",
            format!("{{\"sha256\":\"{}\",", "0".repeat(64)),
            vec!["SHA-256 is ", &digits[..0], "000000, as stated"],
        ),
    ];
    for (from, to, parts) in &rows {
        // The digest's message has its own words.
        let parts: Vec<&str> = parts
            .iter()
            .map(|p| {
                if p.ends_with("as stated") {
                    "as stated"
                } else {
                    p
                }
            })
            .collect();
        refused_with(from, to, &parts);
    }
}

#[test]
fn deep_nesting_ends_early() {
    let folder = Folder::new();
    let deep = folder.file(
        "deep.json",
        "{\"components\":".to_owned() + &"[".repeat(500_000),
    );
    refused(
        &folder,
        &["import", &deep],
        &["deep.json: ", "recursion limit"],
    );
    refused(&folder, &["certify", &deep], &["deep.json: ", "line 1"]);
    refused(
        &folder,
        &["check", &deep],
        &["deep.json: ", "nested deeper than 16"],
    );
    refused(
        &folder,
        &["show", &deep],
        &["deep.json: ", "nested deeper than 16"],
    );
    let notes = folder.file("notes.json", format!("{{\"x\":{}", "[".repeat(500_000)));
    refused(
        &folder,
        &["import", &notes],
        &["notes.json: ", "recursion limit"],
    );
}

#[test]
fn published_coefficients_that_cannot_be_meant() {
    let rows: [(&[u8], &[&str]); 18] = [
        (b"1\n2\nx\n", &["line 3: "]),
        (b"1 2 3\n", &["line 1: "]),
        (b"nan\n", &["line 1: ", "nan"]),
        (b"0\n1/0\n", &["line 2: ", "denominator is zero"]),
        (b"", &["components: 0", "32"]),
        (b"# only this\n", &["components: 0"]),
        (b"\xff\xfe1\n", &["byte 0: not UTF-8"]),
        (b"{", &["line 1 column 1"]),
        (b"{}", &["components: "]),
        (br#"{"components":7}"#, &["components: "]),
        (br#"{"components":[7]}"#, &["components[0]: "]),
        (
            br#"{"components":[["1",2]]}"#,
            &["components[0][1]: ", "lost digits"],
        ),
        (br#"{"components":[["inf"]]}"#, &["components[0][0]: "]),
        (
            br#"{"components":[[]]}"#,
            &["components[0].coefficients: 0"],
        ),
        (
            br#"{"components":[["1"]],"components":[["2"]]}"#,
            &["duplicate field `components`"],
        ),
        (br#"{"components":[["1"]],"basis":7}"#, &["basis: "]),
        (
            br#"{"components":[["1"]],"basis":"fourier"}"#,
            &["basis: ", "fourier"],
        ),
        (
            br#"{"components":[["1"]]}x"#,
            &["line 1 column", "trailing"],
        ),
    ];
    for (content, parts) in rows {
        let folder = Folder::new();
        let path = folder.file("bad.txt", content);
        let parts: Vec<&str> = parts.iter().copied().chain(["bad.txt: "]).collect();
        refused(&folder, &["import", &path], &parts);
    }
    let folder = Folder::new();
    let long = folder.file("long.txt", "0\n".repeat(1_000_001));
    refused(
        &folder,
        &["import", &long],
        &["long.txt: line 257: ", "256"],
    );
    let huge = folder.file("huge.txt", "0\n".repeat(2 << 20));
    refused(
        &folder,
        &["import", &huge],
        &["huge.txt: ", "limit of 2097152 bytes"],
    );
    refused(
        &folder,
        &["certify", &huge],
        &["huge.txt: ", "limit of 2097152 bytes"],
    );
    let good = folder.file("good.txt", "0\n1\n");
    for (option, value, part) in [
        ("--hi", "0", "domain: "),
        ("--hi", "-1", "domain: "),
        ("--hi", "x", "--hi"),
        ("--eps", "2", "domain.eps: "),
        ("--eps", "-1/2", "domain.eps: "),
        ("--basis", "fourier", "--basis"),
        ("--target", "gelu", "--target"),
    ] {
        refused(&folder, &["import", &good, option, value], &[part]);
    }
}

#[test]
fn requests_that_make_no_sense() {
    let folder = Folder::new();
    let t = folder.file("t.json", F1);
    let zeros = "0".repeat(64);
    let rows: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (
            vec!["--scale", "0"],
            vec!["t.json: ", "scale B must be above 0"],
        ),
        (
            vec!["--scale", "-1"],
            vec!["t.json: ", "scale B must be above 0", "-1"],
        ),
        (
            vec!["--scale", "1/0"],
            vec!["--scale", "denominator is zero"],
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
            vec!["--target", "max_pool", "--scale", "1e-300"],
            vec!["t.json: ", "2^-40 to 2^40"],
        ),
        (
            vec!["--target", "max", "--to", "1/2"],
            vec!["t.json: ", "[-1, 1]"],
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
        refused(
            &folder,
            &[command, &directory],
            &[&directory, "Is a directory"],
        );
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

#[test]
fn truncated_files() {
    let folder = Folder::new();
    let t = folder.file("t.json", F1);
    let c = folder.at("c.json");
    polycert(&["certify", &t, "-o", &c]).exits(0);
    for (command, text) in [
        ("certify", F1.to_owned()),
        ("import", F1.to_owned()),
        ("check", read(&c)),
    ] {
        let text = text.trim_end();
        for k in 0..20 {
            let cut = text.len() * k / 20;
            let r = polycert_reads(&[command, "-"], &text.as_bytes()[..cut]).exits(2);
            assert!(r.err.contains("-: "), "{command} {cut}: {r:?}");
            assert_eq!(r.out, "", "{command} {cut}");
        }
        let r = polycert_reads(&[command, "-"], &text.as_bytes()[..text.len() - 1]).exits(2);
        assert!(r.err.contains("line "), "{r:?}");
    }
}

#[test]
fn certificates_that_are_none() {
    let folder = Folder::new();
    let t = folder.file("t.json", F1);
    let c = folder.at("c.json");
    polycert(&["certify", &t, "-o", &c]).exits(0);
    refused(&folder, &["check", &t], &["t.json: UNREADABLE format"]);
    refused(&folder, &["show", &t], &["t.json: format"]);
    let zeros = "0".repeat(64);
    refused(
        &folder,
        &["check", &c, "--table-sha256", &zeros],
        &["c.json: UNREADABLE table_sha256", &zeros],
    );
    refused(
        &folder,
        &["check", &c, "--table-sha256", "x"],
        &["--table-sha256", "64 hexadecimal"],
    );
    refused(&folder, &["check"], &["CERTIFICATES"]);
    let text = read(&c);
    let other = folder.file("other.json", text.replacen("\"3*2^-1\"", "\"5*2^-1\"", 1));
    refused(
        &folder,
        &["check", &other],
        &["other.json: UNREADABLE table_sha256"],
    );
    let more = folder.file("more.json", text.replacen('{', "{\"more\": \"1\",", 1));
    refused(
        &folder,
        &["check", &more],
        &["more.json: UNREADABLE", "more"],
    );
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
        (vec!["--to", "1000000"], 2),
        (vec!["--rho", "1000"], 0),
        (vec!["--limit", "1e500"], 0),
        (vec!["--limit", "1e-300"], 0),
        (vec!["--zone", "2^-300"], 0),
        (vec!["--zone", "1e-500"], 0),
        (vec!["--scale", "1e-500"], 0),
        (vec!["--scale", "1e500"], 0),
        (vec!["--target", "sign", "--eps", "1e-500"], 0),
        (
            vec!["--target", "sign", "--eps", "0.999999999999999999999999999"],
            0,
        ),
        (vec!["--claim", "1e500"], 0),
        (vec!["--claim", "-1"], 1),
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
