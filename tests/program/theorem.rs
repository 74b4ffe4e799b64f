//! Certificates as theorems for Coq: what is written, and what is refused. That coqc accepts them `make prove` shows, and
//! `tests/outside/theorems.py` that both programs write the same text.

use crate::support::program::{polycert, read, Folder};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates");

#[test]
fn a_certificate_is_a_value_and_a_theorem() {
    let certificate = format!("{FOLDER}/relu04.cert.json");
    let fast = polycert(&["export", &certificate, "--coq"]).exits(0).out;
    for line in [
        "From Coq Require Import ZArith QArith List.\n",
        "  kernel.Document kernel.Fast.\n",
        "Definition document : certificate := {| held_as := Exact; step_output := false; components := [{| chebyshev := true; scale := (dyadic (0x1) 0); ",
        "target_claim := (Some ((dyadic (0x1) 4), Proved)) |}; made_for := None |}.\n",
        "Theorem proved : statement document.\nProof. computed fast_examine fast_examine_ok. Qed.\n",
    ] {
        assert!(fast.contains(line), "{line}: {fast}");
    }
    let f = Folder::new();
    let file = f.at("F.v");
    let pure = ["export", &certificate, "--coq", "--pure", "-o", &file];
    assert_eq!(polycert(&pure).exits(0).out, "");
    let same = fast.replace("Fast", "Pure").replace("fast_", "pure_");
    assert_eq!(read(&file), same);
}

/// Coq judges it: nothing is proved by being written down.
#[test]
fn a_false_certificate_is_written_too() {
    let f = Folder::new();
    let text = read(format!("{FOLDER}/relu04.cert.json"));
    let at = text.rfind("\"hi\": \"").unwrap() + 7;
    let file = f.file(
        "false.cert.json",
        format!("{}-{}", &text[..at], &text[at..]),
    );
    polycert(&["check", &file]).exits(1);
    let written = polycert(&["export", &file, "--coq"]).exits(0).out;
    assert!(written.contains("target_hi := (dyadic (-0x"), "{written}");
}

#[test]
fn what_is_not_proved_in_coq_is_refused_by_name() {
    let f = Folder::new();
    let cut = f.file(
        "cut.cert.json",
        r#"{"format": "polycert-certificate/1", "table": "#,
    );
    for (file, words) in [
        (
            format!("{FOLDER}/smooth/cos10.cert.json"),
            "claims of the rule series: not proved in Coq",
        ),
        (
            format!("{FOLDER}/evaluation/gelu20.b.json"),
            "is a certificate of an encrypted evaluation",
        ),
        (
            format!("{FOLDER}/relu04.json"),
            "is a table, not a certificate",
        ),
        (cut, "EOF while parsing a value at line 1 column 46"),
    ] {
        let told = polycert(&["export", &file, "--coq"]).exits(2);
        assert!(
            told.err.contains(words) && told.err.contains(&file),
            "{told:?}"
        );
        assert_eq!(told.out, "");
    }
    let certificate = format!("{FOLDER}/relu04.cert.json");
    for options in [&["--pure"][..], &["--coq", "--format", "csv"], &[]] {
        let told = polycert(&[&["export", &certificate], options].concat()).exits(2);
        assert!(
            told.err.contains("--coq") || told.err.contains("--format"),
            "{told:?}"
        );
    }
}
