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
    let (code, _, stderr) = out(&run(
        &["-", &format!("--table-sha256={wrong}")],
        text.as_bytes(),
    ));
    assert_eq!(code, 2);
    assert!(stderr.contains(&right) && stderr.contains(&wrong));
}

#[test]
fn usage() {
    for arguments in [
        &[][..],
        &["--frobnicate", "-"],
        &["--table-sha256"],
        &["--table-sha256", "abc", "-"],
        &["--quiet"],
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
