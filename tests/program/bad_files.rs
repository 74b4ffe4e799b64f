//! End to end: files that cannot be used. Every case ends soon with exit code 2 and a message that
//! names the file and the field or limit; nothing is written, and nothing that was there is touched.

use crate::support::piped::polycert_reads;
use crate::support::program::{polycert, read, refused, Folder, F1};

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
            vec!["SHA-256 is ", "000 as stated"],
        ),
    ];
    for (from, to, parts) in &rows {
        refused_with(from, to, parts);
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
        &["notes.json: ", "line 1", "nested deeper than"],
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
        &["long.txt: line 8193: ", "256"],
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
    refused(
        &folder,
        &["check", &t],
        &["t.json: UNREADABLE: it is a table"],
    );
    // A table is shown as what it is.
    assert!(polycert(&["show", &t])
        .exits(0)
        .out
        .contains("table        f1"));
    let zeros = "0".repeat(64);
    let other = polycert(&["check", &c, "--table-sha256", &zeros]).exits(1);
    assert!(
        other.out.starts_with("REJECTED table_sha256: "),
        "{other:?}"
    );
    assert!(other.out.contains(&zeros), "{other:?}");
    refused(
        &folder,
        &["check", &c, "--table-sha256", "x"],
        &["--table-sha256", "64 hexadecimal"],
    );
    refused(&folder, &["check"], &["PATH"]);
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
