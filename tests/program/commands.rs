//! End to end: the commands a user types, their exit codes, and what goes to which stream.

use crate::support::piped::polycert_reads;
use crate::support::program::{command, number, polycert, read, wait, Folder, F1};
use polycert::arith::number::write;
use rug::Rational;
use serde_json::Value;
use std::process::Stdio;

/// A folder with the table `t.json` of degrees 3,5.
fn small() -> (Folder, String) {
    let folder = Folder::new();
    let table = folder.at("t.json");
    polycert(&["generate", "--degrees", "3,5", "-o", &table]).exits(0);
    (folder, table)
}

fn certify(table: &str, more: &[&str]) -> serde_json::Value {
    let mut arguments = vec!["certify", table, "--json"];
    arguments.extend(more);
    polycert(&arguments).exits(0).json()
}

#[test]
fn generate_certify_check_show() {
    let folder = Folder::new();
    let (table, certificate) = (folder.at("t.json"), folder.at("c.json"));
    let made = polycert(&["generate", "--degrees", "7,7", "-o", &table, "--name", "r7"]).exits(0);
    assert_eq!(made.out, "");
    assert_eq!(made.err.matches("estimate: stage").count(), 2, "{made:?}");

    let r = polycert(&["certify", &table, "-o", &certificate, "--claim", "2^-7"]).exits(0);
    assert_eq!(r.err, "");
    assert!(r.out.starts_with("PROVED claim 1*2^-7\n"), "{r:?}");
    assert!(r
        .out
        .contains("VERIFIED |r(x) - ReLU(x)| <= 2^-7 on [-1, 1]"));

    let r = polycert(&["check", &certificate]).exits(0);
    assert!(r.out.starts_with("VERIFIED "));
    assert_eq!(r.err, "");

    let r = polycert(&["show", &certificate]).exits(0);
    for part in [
        "certificate  polycert-certificate/1",
        "table        r7 (sha256 ",
        "degrees      7, 7 in chebyshev",
        "branch       both: 2 stages",
        "\nVERIFIED |r(x) - ReLU(x)|",
        "claim 0: ",
    ] {
        assert!(r.out.contains(part), "{part}: {}", r.out);
    }
    assert_eq!(folder.names(), ["c.json", "t.json"]);
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    let (folder, table) = small();
    for name in ["a", "b"] {
        polycert(&["certify", &table, "-o", &folder.at(name)]).exits(0);
    }
    assert_eq!(read(folder.path("a")), read(folder.path("b")));
}

#[test]
fn verdicts_and_exit_codes() {
    let (folder, table) = small();
    let answer = certify(&table, &[]);
    let (lo, hi) = (number(&answer, "bound_lo"), number(&answer, "bound_hi"));
    assert!(0u32 < lo && lo < hi);
    assert!(answer["verdict"].is_null() && answer["claim"].is_null());

    let proved = polycert(&["certify", &table, "--claim", &write(&hi)]).exits(0);
    assert!(proved.out.starts_with("PROVED claim "));

    let below = write(&(lo.clone() - (Rational::from(1) >> 90u32)));
    let certificate = folder.at("refuted.json");
    let refuted = polycert(&["certify", &table, "--claim", &below, "-o", &certificate]).exits(1);
    assert!(refuted.out.starts_with("REFUTED claim "));
    assert!(refuted.out.contains(" is FALSE: at x = "), "{refuted:?}");
    // The refutation is itself a certificate.
    let checked = polycert(&["check", &certificate]).exits(1);
    polycert(&["check", "--any-verdict", &certificate]).exits(0);
    assert!(checked.out.contains("is FALSE: at x = "));

    let wide = certify(&table, &["--gap", "0.5"]);
    let (lo, hi) = (number(&wide, "bound_lo"), number(&wide, "bound_hi"));
    let middle = write(&((lo + hi) / 2u32));
    let r = polycert(&["certify", &table, "--gap", "0.5", "--claim", &middle]).exits(1);
    assert!(r.out.starts_with("UNDECIDED claim "), "{r:?}");
    assert_eq!(r.err, "");
}

/// A claim equal to the exact maximum is PROVED where that is a rational number at a rational point; anything less is
/// REFUTED, and by how much is said.
#[test]
fn a_claim_that_is_the_maximum_itself_is_proved() {
    let folder = Folder::new();
    let table = |name: &str, coefficients: Value, lo: &str, hi: &str| {
        let component = serde_json::json!({"basis": "power", "coefficients": coefficients});
        let table = serde_json::json!({
            "format": "polycert-table/1", "name": name, "target": "direct_relu",
            "domain": {"lo": lo, "hi": hi}, "components": [component],
        });
        folder.file(&format!("{name}.json"), table.to_string());
        folder.at(&format!("{name}.json"))
    };
    // 2 x^2/3 - 1/7: most at -1, where ReLU is 0. 1/5 + x/2: at 0. The same to 2/3, which is no dyadic number: at 2/3.
    let bowl = serde_json::json!(["-1/7", "0", "2/3"]);
    let line = serde_json::json!(["1/5", "1/2"]);
    let steep = serde_json::json!(["1/5", "3/2"]);
    for (name, path, maximum, attained) in [
        ("end", table("end", bowl, "-1", "1"), "11/21", true),
        ("kink", table("kink", line, "-1/3", "1/3"), "1/5", true),
        ("third", table("third", steep, "-1/9", "2/3"), "8/15", false),
    ] {
        let certificate = folder.at(&format!("{name}.cert.json"));
        let answer = certify(&path, &["--claim", maximum, "-o", &certificate]);
        assert_eq!(answer["verdict"], "PROVED", "{answer}");
        assert_eq!(answer["bound_hi"], maximum, "{answer}");
        assert_eq!(
            answer["bound_lo"] == answer["bound_hi"],
            attained,
            "{answer}"
        );
        assert!(answer["bound_missed_by"].is_null());
        polycert(&["check", &certificate]).exits(0);

        let below = number(&answer, "bound_lo") - (Rational::from(1) >> 100u32);
        let below = ["certify", &path, "--claim", &write(&below)];
        let r = polycert(&below).exits(1);
        assert!(r.out.starts_with("REFUTED claim "), "{r:?}");
        let missed = "it is missed by 7.888609052210118054";
        assert!(r.out.contains(missed), "{r:?}");
        let answer = polycert(&[&below[..], &["--json"]].concat())
            .exits(1)
            .json();
        let missed = number(&answer, "bound_missed_by");
        assert!(
            missed > 0u32 && missed <= Rational::from(1) >> 100u32,
            "{answer}"
        );
    }
}

#[test]
fn json_has_exactly_these_fields() {
    let (folder, table) = small();
    let path = folder.at("c.json");
    let r = polycert(&["certify", &table, "--json", "--claim", "0.5", "-o", &path]).exits(0);
    assert_eq!(r.out.lines().count(), 1);
    let answer = r.json();
    let mut names: Vec<&String> = answer.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "bound_hi",
            "bound_hi_decimal",
            "bound_lo",
            "bound_lo_decimal",
            "bound_missed_by",
            "certificate",
            "claim",
            "coefficients",
            "contractions",
            "envelope_from",
            "estimate_hi_log2",
            "input_gap",
            "overflow_to",
            "table",
            "table_sha256",
            "target",
            "valid_to",
            "verdict",
            "witness_x",
        ]
    );
    assert_eq!(answer["verdict"], "PROVED");
    assert_eq!(answer["target"], "relu");
    assert_eq!(answer["coefficients"], "exact");
    assert_eq!(answer["certificate"], path.as_str());
    // Decimals are rounded outward.
    assert!(number(&answer, "bound_lo_decimal") <= number(&answer, "bound_lo"));
    assert!(number(&answer, "bound_hi_decimal") >= number(&answer, "bound_hi"));
    assert!(number(&answer, "overflow_to") > 1u32);
    // The table's digest is the one that pins it, in either case of letters.
    let digest = answer["table_sha256"].as_str().unwrap().to_uppercase();
    polycert(&["certify", &table, "--table-sha256", &digest]).exits(0);
    polycert(&["check", &path, "--table-sha256", &digest]).exits(0);
}

#[test]
fn imported_json_and_text_are_the_same_table() {
    let folder = Folder::new();
    let json =
        r#"{"basis":"power","source":"a paper","components":[["0","1.5","0","-0.5"],["0","2"]]}"#;
    let text = "# f1\n0\n1.5,\n0\n-5e-1\n\n0\n2 # doubled\n";
    let (j, t) = (folder.file("j.json", json), folder.file("t.txt", text));
    let r = polycert(&["import", &j]).exits(0);
    assert!(r.err.starts_with("j: degrees [3, 1], sha256 "), "{r:?}");
    let (from_json, from_text) = (r.json(), polycert(&["import", &t]).exits(0).json());
    assert_eq!(from_json["components"], from_text["components"]);
    assert_eq!(from_json["sha256"], from_text["sha256"]);
    assert_eq!(from_json["provenance"]["source"], "a paper");

    let out = folder.at("out.json");
    let options = [
        "--target",
        "sign",
        "--basis",
        "chebyshev",
        "--hi",
        "2",
        "--eps",
        "1/4",
    ];
    let mut arguments = vec!["import", t.as_str(), "-o", &out, "--name", "n"];
    arguments.extend(options);
    let r = polycert(&arguments).exits(0);
    assert_eq!(r.out, "");
    let table: serde_json::Value = serde_json::from_str(&read(&out)).unwrap();
    assert_eq!(table["target"], "sign");
    assert_eq!(table["name"], "n");
    assert_eq!(table["components"][0]["basis"], "chebyshev");
    assert_eq!(
        table["domain"],
        serde_json::json!({"lo": "-2", "hi": "2", "eps": "1*2^-2"})
    );
}

#[test]
fn minus_is_standard_input_and_output() {
    let text = b"0\n1.5\n0\n-0.5\n";
    let whole = ["import", "-", "--degrees", "3"];
    let imported = polycert_reads(&whole, text).exits(0);
    let same = polycert_reads(&[&whole[..], &["-o", "-"]].concat(), text).exits(0);
    assert_eq!(imported.out, same.out);
    let r = polycert_reads(&["certify", "-"], imported.out.as_bytes()).exits(0);
    assert!(r.out.contains("VERIFIED"));
    let folder = Folder::new();
    let (t, c) = (folder.file("t.json", &imported.out), folder.at("c.json"));
    polycert(&["certify", &t, "-o", &c]).exits(0);
    let certificate = std::fs::read(&c).unwrap();
    let r = polycert_reads(&["check", "-"], &certificate).exits(0);
    assert!(r.out.starts_with("VERIFIED"));
    polycert_reads(&["show", "-"], &certificate).exits(0);
}

#[test]
fn coefficients_as_a_program_holds_them() {
    let (folder, table) = small();
    let exact = number(&certify(&table, &[]), "bound_hi");
    let mut distances = Vec::new();
    for mode in ["fixed:20", "f32", "f64"] {
        let c = folder.at(mode);
        let answer = certify(&table, &["--coefficients", mode, "-o", &c]);
        assert_eq!(answer["coefficients"], mode);
        assert!(polycert(&["show", &c]).exits(0).out.contains(mode));
        distances.push((number(&answer, "bound_hi") - &exact).abs().to_f64());
    }
    assert!(
        distances[0] < 1e-4 && distances[1] < 1e-6 && distances[2] < 1e-11,
        "{distances:?}"
    );
    assert!(distances[0] > distances[2]);
}

#[test]
fn every_target() {
    let (folder, table) = small();
    let relu = number(&certify(&table, &["--target", "relu"]), "bound_hi");
    let max = certify(&table, &["--target", "max"]);
    assert_eq!(number(&max, "bound_hi"), relu);
    let leaky = certify(&table, &["--target", "leaky_relu", "--slope", "1/4"]);
    assert_eq!(
        number(&leaky, "bound_hi"),
        Rational::from(&relu * 3u32) / 4u32
    );
    let steep = certify(&table, &["--target", "leaky_relu", "--slope", "-1"]);
    assert_eq!(number(&steep, "bound_hi"), Rational::from(&relu * 2u32));

    let sign = certify(&table, &["--target", "sign", "--eps", "1/4"]);
    let step = certify(&table, &["--target", "step", "--eps", "1/4"]);
    assert_eq!(number(&sign, "bound_hi"), number(&step, "bound_hi") * 2u32);

    for (window, depth) in [("2", 2u32), ("3", 4)] {
        let c = folder.at(window);
        let pool = certify(
            &table,
            &["--target", "max_pool", "--window", window, "-o", &c],
        );
        // L E / c with c below 1/2.
        assert!(number(&pool, "bound_hi") > Rational::from(&relu * depth) * 2u32);
        assert!(number(&pool, "bound_lo") > 0u32);
        polycert(&["check", &c]).exits(0);
    }
}

#[test]
fn max_pool_with_the_input_scale_of_the_paper() {
    let folder = Folder::new();
    let table = folder.at("t.json");
    polycert(&["generate", "--degrees", "15,27,29", "-o", &table]).exits(0);
    // c = (1 - 4 2^-alpha)/(2B), alpha = 14, B = 3.
    let c = write(&((Rational::from(1) - (Rational::from(1) >> 12u32)) / 6u32));
    for (window, depth) in [("2", 2u32), ("3", 4)] {
        let claim =
            write(&(Rational::from((depth, 16_384)) / polycert::arith::number::parse(&c).unwrap()));
        let answer = certify(
            &table,
            &[
                "--target",
                "max_pool",
                "--window",
                window,
                "--bound",
                "3",
                "--input-scale",
                &c,
                "--claim",
                &claim,
            ],
        );
        assert_eq!(answer["verdict"], "PROVED");
        assert!(number(&answer, "bound_lo") * 4u32 > number(&answer, "bound_hi"));
    }
}

#[test]
fn scale_multiplies_the_error() {
    let (_folder, table) = small();
    let (one, forty) = (certify(&table, &[]), certify(&table, &["--bound", "40"]));
    for field in ["bound_lo", "bound_hi"] {
        assert_eq!(number(&forty, field), number(&one, field) * 40u32);
    }
}

#[test]
fn the_surroundings_of_the_error_on_request() {
    let (_folder, table) = small();
    let words = |more: &[&str]| {
        let mut arguments = vec!["certify", table.as_str()];
        arguments.extend(more);
        polycert(&arguments).exits(0).out
    };
    assert!(words(&["--zone", "1/2"]).contains("for 1/2 <= |x| <= 1; "));
    assert!(words(&["--rho", "1/16"]).contains(" for |x| <= 17/16; "));
    assert!(words(&["--limit", "3"]).contains("|r(x)| <= 3 for |x| <= 1."));
    // A limit that r exceeds on the domain already leaves no margin to state.
    let none = certify(&table, &["--limit", "1/2"]);
    assert!(none["overflow_to"].is_null());
    let (two, three) = (certify(&table, &[]), certify(&table, &["--limit", "3"]));
    assert!(number(&two, "overflow_to") < number(&three, "overflow_to"));
    let only = certify(&table, &["--only-error"]);
    assert!(only["overflow_to"].is_null() && only["envelope_from"].is_null());
    assert_eq!(only["bound_hi"], two["bound_hi"]);
    assert!(words(&["--to", "1/2"]).contains("on [-1/2, 1/2]"));
}

#[test]
fn worst_of_several_files_decides() {
    let (folder, table) = small();
    let c = folder.at("c.json");
    polycert(&["certify", &table, "-o", &c]).exits(0);
    let text = read(&c);
    let changed = text.replacen("\"lo\": \"0\"", "\"lo\": \"1*2^-9\"", 1);
    assert_ne!(changed, text);
    let bad = folder.file("bad.json", changed);
    polycert(&["check", &c, &bad]).exits(1);
    // A file that cannot be read is reported, and the others are checked all the same.
    let r = polycert(&["check", &folder.at("none.json"), &table, &c]).exits(2);
    assert!(r.out.contains("c.json: VERIFIED"), "{r:?}");
    assert!(
        r.err.contains("none.json: ") && r.err.contains("t.json: UNREADABLE: it is a table"),
        "{r:?}"
    );
}

#[test]
fn closed_pipes_are_no_failure() {
    let (folder, table) = small();
    let c = folder.at("c.json");
    polycert(&["certify", &table, "-o", &c]).exits(0);
    let lines: [&[&str]; 6] = [
        &["generate", "--degrees", "3,5"],
        &["import", &table],
        &["certify", &table],
        &["certify", &table, "--json"],
        &["check", &c],
        &["show", &c],
    ];
    for line in lines {
        let mut child = command().args(line).stdin(Stdio::null()).spawn().unwrap();
        drop(child.stdout.take());
        drop(child.stderr.take());
        assert_eq!(wait(&mut child), Some(0), "{line:?}");
    }
    // Nor does an error that nobody hears become another one.
    let mut child = command().args(["certify", "/"]).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(wait(&mut child), Some(2));
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_pipes_written_to() {
    use std::os::unix::fs::FileTypeExt as _;
    let folder = Folder::new();
    let table = folder.file("t.json", F1);
    let real = folder.file("real.json", "old");
    std::os::unix::fs::symlink(&real, folder.path("link.json")).unwrap();
    polycert(&["import", &table, "-o", &folder.at("link.json")]).exits(0);
    assert!(std::fs::symlink_metadata(folder.path("link.json"))
        .unwrap()
        .is_symlink());
    assert!(read(&real).contains("polycert-table/1"));

    let pipe = folder.at("pipe");
    match std::process::Command::new("mkfifo").arg(&pipe).status() {
        Ok(status) if status.success() => {}
        _ => return eprintln!("SKIPPED: no mkfifo"),
    }
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || read(pipe)
    });
    polycert(&["import", &table, "-o", &pipe]).exits(0);
    assert!(reader.join().unwrap().contains("polycert-table/1"));
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn help_names_every_command() {
    let r = polycert(&["--help"]).exits(0);
    for name in ["generate", "import", "certify", "check", "show"] {
        assert!(r.out.contains(name));
        let r = polycert(&[name, "--help"]).exits(0);
        assert!(r.out.contains("Usage: polycert"), "{r:?}");
        assert_eq!(r.err, "");
    }
    assert!(polycert(&["--version"])
        .exits(0)
        .out
        .starts_with("polycert "));
    polycert::<&str>(&[]).exits(2);
}

/// What an auditor gates on: a statement, and certificates in a folder.
#[test]
fn a_certificate_is_held_to_what_is_required() {
    let root = env!("CARGO_MANIFEST_DIR");
    let certificate = format!("{root}/certificates/relu04.cert.json");
    let check = |rest: &[&str]| polycert(&[&["check", certificate.as_str()], rest].concat());
    let said = check(&["--require", "relu<=2^-4"]).exits(0).out;
    assert!(
        said.contains("VERIFIED") && !said.contains("BUT NOT"),
        "{said}"
    );
    let said = check(&["--require", "relu<=2^-5"]).exits(1).out;
    assert!(
        said.contains("VERIFIED, BUT NOT WHAT IS REQUIRED"),
        "{said}"
    );
    let answer = check(&["--require", "relu<=2^-5", "--json"])
        .exits(1)
        .json();
    assert_eq!(answer["accepted"], false);
    assert_eq!(answer["unmet"].as_array().unwrap().len(), 1);
    let words = check(&["--require", "relu<2"]).exits(2).err;
    assert!(words.contains("--require"), "{words}");
    assert!(check(&["--input", "x"]).exits(2).err.contains("--network"));
}
