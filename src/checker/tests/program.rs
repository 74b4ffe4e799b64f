//! The binary: standard output and exit code.

mod common;
use common::*;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_polycert-check"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may stop reading before the end.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn out(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn verdicts_and_exit_codes() {
    let text = good().to_string();
    let (code, stdout, stderr) = out(&run(&["-"], text.as_bytes()));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let mut lines = stdout.lines();
    assert_eq!(
        lines.next(),
        Some("VERIFIED |2 r(x/2) - ReLU(x)| <= 1/5 on [-2, 2]")
    );
    assert_eq!(
        lines.next(),
        Some("  the maximum error lies in [1.7e-1, 1.9e-1] (decimals rounded outward)")
    );
    assert!(stdout.contains(&digest(&good()["table"])) && stdout.contains("coefficients: exact"));

    let bad = with(&good(), "/claims/2/hi", "1/100".into()).to_string();
    let (code, stdout, _) = out(&run(&["-"], bad.as_bytes()));
    assert_eq!(code, 1);
    assert!(stdout.starts_with("REJECTED claim 2, deviation: R5 cells: cell "));

    let (code, stdout, stderr) = out(&run(&["-"], b"{"));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.starts_with("-: UNREADABLE"));

    let (good, bad) = (file("good.json", &text), file("bad.json", &bad));
    let (code, stdout, _) = out(&run(&[&good, &bad], b""));
    assert_eq!(code, 1);
    assert!(stdout.contains("good.json: VERIFIED") && stdout.contains("bad.json: REJECTED"));
    assert_eq!(out(&run(&[&good, &bad, "/nowhere"], b"")).0, 2);
    assert_eq!(
        out(&run(&["--quiet", &good], b"")),
        (0, String::new(), String::new())
    );
}

#[test]
fn the_table_can_be_demanded() {
    let text = good().to_string();
    let right = digest(&good()["table"]);
    assert_eq!(
        out(&run(&["--table-sha256", &right, "-"], text.as_bytes())).0,
        0
    );
    let wrong = "0".repeat(64);
    let (code, stdout, _) = out(&run(
        &["-", &format!("--table-sha256={wrong}")],
        text.as_bytes(),
    ));
    assert_eq!(code, 1);
    assert!(stdout.starts_with("REJECTED table_sha256: "));
    assert!(stdout.contains(&right) && stdout.contains(&wrong));
}

#[test]
fn usage() {
    for arguments in [
        &[][..],
        &["--frobnicate", "-"],
        &["--table-sha256"],
        &["--table-sha256", "abc", "-"],
        &["--quiet"],
        &["--require", "-"],
        &["--require"],
        &["--require", "geluu<=1", "-"],
        &["--require=sign<=1", "-"],
        &["--quiet=yes", "-"],
        &["--input", "a", "-"],
    ] {
        let (code, stdout, stderr) = out(&run(arguments, b""));
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(stderr.contains("--help"));
    }
    assert!(out(&run(&["--help"], b"")).1.contains("Exit code"));
    assert!(out(&run(&["--version"], b""))
        .1
        .starts_with("polycert-check 0."));
}

#[test]
fn json_lines() {
    let bad = with(&good(), "/claims/2/hi", "1/100".into()).to_string();
    for (text, outcome) in [
        (good().to_string(), "VERIFIED"),
        (bad, "REJECTED"),
        ("{".into(), "UNREADABLE"),
    ] {
        let (_, stdout, _) = out(&run(&["--json", "-"], text.as_bytes()));
        let value: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(value["outcome"], outcome);
        assert_eq!(value["file"], "-");
    }
}

#[test]
fn a_long_input_is_refused() {
    let (code, _, stderr) = out(&run(&["-"], &vec![b' '; 10_000_000]));
    assert_eq!(code, 2);
    assert!(stderr.contains("longer than 2097152 bytes"));
}

#[cfg(unix)] // Elsewhere a name holds no line break.
#[test]
fn a_file_name_forges_no_line() {
    let forged = file("a\nb.json: VERIFIED |r(x)| <= 0", "{}");
    let (code, stdout, stderr) = out(&run(&[&forged, &forged], b""));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.lines().all(|line| line.contains("UNREADABLE")),
        "{stderr}"
    );
}

/// The target of `good` with another claim.
fn claiming(bound: &str, verdict: &str) -> String {
    let claim = serde_json::json!({"bound": bound, "verdict": verdict});
    with(&good(), "/claims/6/claim", claim).to_string()
}

#[test]
fn a_claim_that_is_not_proved_fails() {
    for (bound, verdict, code) in [
        ("1/5", "PROVED", 0),
        ("1/6", "REFUTED", 1),
        ("9/50", "UNDECIDED", 1),
    ] {
        let text = claiming(bound, verdict);
        for option in [&["-"][..], &["--quiet", "-"], &["--json", "-"]] {
            assert_eq!(
                out(&run(option, text.as_bytes())).0,
                code,
                "{verdict} {option:?}"
            );
            let any = [&["--any-verdict"], option].concat();
            assert_eq!(out(&run(&any, text.as_bytes())).0, 0, "{verdict}");
        }
        let (_, stdout, _) = out(&run(&["--json", "-"], text.as_bytes()));
        let value: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(
            (&value["verdict"], &value["accepted"]),
            (&verdict.into(), &(code == 0).into())
        );
    }
    let (_, stdout, _) = out(&run(&["-"], claiming("1/6", "REFUTED").as_bytes()));
    let first = stdout.lines().next().unwrap();
    let missed = "; it is missed by 3.3333333333333333333e-3 or more, 1.02 times the bound";
    assert!(first.ends_with(missed), "{first}");
}

/// `good` proves relu with 19/100 on [-2, 2].
#[test]
fn requirements_hold_a_certificate_to_a_statement() {
    let text = good().to_string();
    for (required, why) in [
        ("relu<=19/100 on [-2,2]", None),
        ("relu<=0.19 on [-1,3/2]", None),
        ("relu<=1", None),
        (
            "relu<=0.18999 on [-2,2]",
            Some("the proved bound is 19/100"),
        ),
        (
            "relu<=1 on [-2,2.0001]",
            Some("does not reach all of [-2, 20001/10000]"),
        ),
        ("relu<=1 on [-3,0]", Some("does not reach all of")),
        ("direct_relu<=1", Some("the statement is about relu")),
        ("leaky_relu(0)<=1", Some("the statement is about relu")),
        (
            "decrypted relu<=1 but 2^-1",
            Some("nothing is said of what is decrypted"),
        ),
    ] {
        let (code, stdout, _) = out(&run(&["--require", required, "-"], text.as_bytes()));
        assert_eq!(code, i32::from(why.is_some()), "{required}: {stdout}");
        match why {
            None => assert!(stdout.starts_with("VERIFIED |2 r(x/2)")),
            Some(why) => {
                let begin = format!("VERIFIED, BUT NOT WHAT IS REQUIRED: {required}: ");
                assert!(
                    stdout.starts_with(&begin) && stdout.contains(why),
                    "{stdout}"
                );
            }
        }
        let both = ["--json", "--require=relu<=1", "--require", required, "-"];
        let (again, stdout, _) = out(&run(&both, text.as_bytes()));
        let value: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(again, code);
        assert_eq!(
            value["unmet"].as_array().unwrap().len(),
            usize::from(why.is_some())
        );
        assert_eq!(value["accepted"], why.is_none());
    }
    // A refuted claim that meets the requirement is a refuted claim.
    let refuted = claiming("1/6", "REFUTED");
    assert_eq!(
        out(&run(&["--require=relu<=1", "-"], refuted.as_bytes())).0,
        1
    );
    // Other targets of the same claims.
    let target = |function: &str, cites: &str, more: &[(&str, &str)]| {
        let mut target = serde_json::json!({"rule": "target", "cites": cites, "function": function,
            "lo": "0", "hi": "9"});
        for (name, value) in more {
            target[name] = (*value).into();
        }
        with(&good(), "/claims/6", target).to_string()
    };
    let scale = ("scale", "2");
    for (text, required, met) in [
        (
            target("sign", "1", &[scale]),
            "sign<=9 on [-2,2] from 1",
            true,
        ),
        (
            target("sign", "1", &[scale]),
            "sign<=9 on [-2,2] from 0.99",
            false,
        ),
        (
            target("sign", "1", &[scale]),
            "sign<=9 on [-1/2,2] from 1",
            true,
        ),
        (
            target("sign", "1", &[scale]),
            "sign<=9 on [0,3] from 1",
            false,
        ),
        (
            target("sign", "1", &[scale]),
            "step<=9 on [-2,2] from 1",
            false,
        ),
        (target("max", "2", &[scale]), "max<=9 on [0,2]", true),
        (target("max", "2", &[scale]), "max<=9 on [-1,2]", false),
        (target("max", "2", &[scale]), "max<=9 on [0,3]", false),
        (
            target("leaky_relu", "2", &[scale, ("slope", "1/10")]),
            "leaky_relu(0.1)<=9",
            true,
        ),
        (
            target("leaky_relu", "2", &[scale, ("slope", "1/10")]),
            "leaky_relu(0.2)<=9",
            false,
        ),
        (target("max_pool", "5", &[]), "max_pool(4)<=9", true),
        (target("max_pool", "5", &[]), "max_pool(3)<=9", false),
        (
            target("max_pool", "5", &[]),
            "max_pool(4)<=9 on [-2,1]",
            false,
        ),
    ] {
        let (code, stdout, stderr) = out(&run(&["--require", required, "-"], text.as_bytes()));
        assert_eq!(code, i32::from(!met), "{required}: {stdout}{stderr}");
    }
}

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    for (name, text) in files {
        std::fs::write(path.join(name), text).unwrap();
    }
    path
}

#[test]
fn folders() {
    let text = good().to_string();
    let bad = with(&good(), "/claims/2/hi", "1/100".into()).to_string();
    let table = good()["table"].to_string();
    let at = |files: &[(&str, &str)]| {
        let path = folder("folder", files);
        std::fs::create_dir_all(path.join("inner.cert.json")).unwrap();
        out(&run(&[path.to_str().unwrap()], b""))
    };
    let (code, stdout, _) = at(&[
        ("a.cert.json", &text),
        ("b.json", &text),
        ("table.json", &table),
        ("c.txt", ""),
    ]);
    assert_eq!(code, 0);
    assert_eq!(stdout.matches(": VERIFIED").count(), 2);
    assert_eq!(at(&[("a.cert.json", &text), ("b.json", &bad)]).0, 1);
    // What is named a certificate must be one.
    assert_eq!(at(&[("a.cert.json", &text), ("b.cert.json", &table)]).0, 2);
    // Damaged ones are still certificates: cut off, with a field twice, behind a byte order mark.
    let twice = text.replacen('{', "{\"claims\":[],", 1);
    for damaged in [&text[..text.len() / 2], &twice, &format!("\u{feff}{text}")] {
        let (code, _, stderr) = at(&[("a.cert.json", &text), ("b.json", damaged)]);
        assert!(code == 2 && stderr.contains("b.json"), "{stderr}");
    }
    let (code, _, stderr) = at(&[("table.json", &table)]);
    assert!(code == 2 && stderr.contains("no certificate in the folder"));
    let network = "{\"format\":\"polycert-network/1\"}";
    let (code, _, stderr) = at(&[("n.json", network)]);
    assert!(code == 2 && stderr.contains("n.json.network"), "{stderr}");
}

#[test]
fn manifests() {
    let hash = |text: &str| polycert_checker::sha256(text.as_bytes());
    let (text, table) = (good().to_string(), digest(&good()["table"]));
    let refuted = claiming("1/6", "REFUTED");
    let manifest = |sha: &str, table: &str, required: &str| {
        serde_json::json!({"format": "polycert-manifest/1", "certificates": [
            {"file": "a.cert.json", "sha256": sha, "table_sha256": table, "require": [required]}
        ]})
        .to_string()
    };
    let right = manifest(&hash(&text), &table, "relu<=19/100 on [-2,2]");
    let at = |manifest: &str, files: &[(&str, &str)], options: &[&str]| {
        let path = folder("manifest", &[files, &[("list.json", manifest)]].concat());
        let list = path.join("list.json");
        out(&run(&[options, &[list.to_str().unwrap()]].concat(), b""))
    };
    let a = ("a.cert.json", text.as_str());
    let (code, stdout, _) = at(&right, &[a, ("b.cert.json", &text)], &[]);
    assert_eq!(code, 0);
    assert!(stdout.contains("a.cert.json: VERIFIED") && stdout.contains("b.cert.json: NOT LISTED"));
    let (code, stdout, _) = at(&right, &[a, ("b.cert.json", &text)], &["--json"]);
    assert!(code == 0 && stdout.lines().count() == 2 && stdout.contains("\"NOT LISTED\""));
    assert_eq!(
        at(&right, &[a], &["--quiet"]),
        (0, String::new(), String::new())
    );
    // Missing, changed, another table, not what is required, refuted; each alone.
    let (code, _, stderr) = at(&right, &[], &[]);
    assert!(code == 2 && stderr.contains("a.cert.json: UNREADABLE cannot read the file"));
    let spaced = format!("{text}\n");
    let (code, stdout, _) = at(&right, &[("a.cert.json", &spaced)], &[]);
    assert!(
        code == 1 && stdout.contains("REJECTED manifest: the file's sha256 is "),
        "{stdout}"
    );
    let (code, stdout, _) = at(&manifest(&hash(&text), &hash(""), "relu<=1"), &[a], &[]);
    assert!(code == 1 && stdout.contains("REJECTED table_sha256"));
    let (code, stdout, _) = at(&manifest(&hash(&text), &table, "relu<=1/6"), &[a], &[]);
    assert!(code == 1 && stdout.contains("NOT WHAT IS REQUIRED"));
    let of_refuted = manifest(&hash(&refuted), &table, "relu<=1");
    assert_eq!(at(&of_refuted, &[("a.cert.json", &refuted)], &[]).0, 1);
    assert_eq!(
        at(
            &of_refuted,
            &[("a.cert.json", &refuted)],
            &["--any-verdict"]
        )
        .0,
        0
    );
    // A certificate of a table where one of a network is listed, and the other way round.
    let of_network = serde_json::json!({"format": "polycert-manifest/1", "certificates": [{
        "file": "a.cert.json", "sha256": hash(&text), "network_sha256": hash(""), "input_sha256": hash(""), "class": "0"
    }]});
    let (code, stdout, stderr) = at(&of_network.to_string(), &[a], &[]);
    let part = "REJECTED manifest: a certificate of a table, where one of a network is listed";
    assert!(code == 1 && stdout.contains(part), "{stdout}{stderr}");
    let network = "{\"format\":\"polycert-network/1\"}";
    let listed = manifest(&hash(network), &table, "relu<=1");
    let (code, stdout, stderr) = at(&listed, &[("a.cert.json", network)], &[]);
    let part = "REJECTED manifest: a certificate of a network, where one of a table is listed";
    assert!(code == 1 && stdout.contains(part), "{stdout}{stderr}");
    assert_eq!(at(&right, &[a], &["--require", "relu<=1/6"]).0, 1);
    assert_eq!(at(&right, &[a], &["--table-sha256", &table]).0, 2);
    let out_of_folder = right.replace("a.cert.json", "../a.cert.json");
    let (code, _, stderr) = at(&out_of_folder, &[a], &[]);
    assert!(
        code == 2 && stderr.contains("certificates[0].file"),
        "{stderr}"
    );
}
