//! `polycert noise` and `polycert evaluate`, end to end.

use std::path::PathBuf;
use std::process::{Command, Output};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn polycert(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polycert"));
    command
        .current_dir(root())
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const SMALL: [&str; 9] = [
    "--log-n",
    "11",
    "--q",
    "50+4x40",
    "--p",
    "2x48",
    "--log-scale",
    "40",
    "--insecure",
];

#[test]
fn evaluate_prints_what_it_measures_beside_the_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relu04.eval.json");
    let mut arguments = vec![
        "evaluate",
        "certificates/relu04.json",
        "--bound",
        "8",
        "--runs",
        "2",
        "--seed",
        "7",
    ];
    arguments.extend(SMALL);
    arguments.extend(["-o", file.to_str().unwrap()]);
    let out = polycert(&arguments);
    let words = text(&out.stdout);
    assert!(out.status.success(), "{words}{}", text(&out.stderr));
    for part in [
        "certified: |decrypted - ReLU(x)| <=",
        "measure_max",
        "2048 slots",
        "every slot is within its bound",
    ] {
        assert!(words.contains(part), "{words}");
    }
    // The same seed gives the same figures.
    assert_eq!(text(&polycert(&arguments).stdout), words);
    let checked = polycert(&["check", file.to_str().unwrap()]);
    let words = text(&checked.stdout);
    assert!(
        checked.status.success() && words.contains("INSECURE"),
        "{words}"
    );
    arguments.push("--json");
    let json: serde_json::Value = serde_json::from_slice(&polycert(&arguments).stdout).unwrap();
    assert_eq!(json["within_bounds"], true);
    assert!(json["measure_noise_max"].as_f64() < json["bound_noise"].as_f64());
}

#[test]
fn a_slot_outside_of_the_domain_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.txt");
    std::fs::write(&file, "0.5\n-1\n1.25\n").unwrap();
    let mut arguments = vec![
        "evaluate",
        "certificates/relu04.json",
        "--values",
        file.to_str().unwrap(),
    ];
    arguments.extend(SMALL);
    let out = polycert(&arguments);
    let words = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2));
    assert!(
        words.contains("slot 2: 1.25 is outside of the certified domain [-1, 1]"),
        "{words}"
    );
    arguments.push("--allow-out-of-domain");
    let out = polycert(&arguments);
    assert!(out.status.success() && text(&out.stderr).contains("say nothing of this run"));
    std::fs::write(&file, "0.5\nx\n").unwrap();
    let words = text(&polycert(&arguments).stderr);
    assert!(
        words.contains("line 2") && words.contains("not a finite decimal"),
        "{words}"
    );
}

#[test]
fn what_cannot_be_bounded_is_refused() {
    let insecure = ["--log-n", "11", "--q", "50+4x40", "--p", "2x48"];
    let out = polycert(&[&["evaluate", "certificates/relu04.json"][..], &insecure].concat());
    assert_eq!(out.status.code(), Some(2));
    assert!(
        text(&out.stderr).contains("log2(QP)"),
        "{}",
        text(&out.stderr)
    );
    let shallow = [
        "--log-n",
        "11",
        "--q",
        "50+3x40",
        "--p",
        "2x48",
        "--insecure",
    ];
    let out = polycert(&[&["evaluate", "certificates/relu04.json"][..], &shallow].concat());
    assert!(
        text(&out.stderr).contains("needs 4 levels and 3 are left"),
        "{}",
        text(&out.stderr)
    );
    let coarse = [
        "--log-n",
        "11",
        "--q",
        "50+7x30",
        "--p",
        "2x48",
        "--log-scale",
        "16",
        "--insecure",
    ];
    let out = polycert(&[&["evaluate", "certificates/relu07.json"][..], &coarse].concat());
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert!(
        text(&out.stderr).contains("eta >="),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn noise_prints_all_tiers() {
    let mut arguments = vec![
        "noise",
        "--table",
        "certificates/relu04.json",
        "--measure",
        "1",
    ];
    arguments.extend(SMALL);
    let out = polycert(&arguments);
    let words = text(&out.stdout);
    assert!(out.status.success(), "{words}{}", text(&out.stderr));
    for part in [
        "worst_case",
        "high_probability (2^-40)",
        "average_case (est.)",
        "rescale",
        "relu04 relu",
        "flooding for 40 bits",
        "relu04 relu, hardest inputs",
        "1 runs of each, new keys every 10; every slot is within its bounds",
    ] {
        assert!(words.contains(part), "{words}");
    }
    arguments.push("--json");
    let json: serde_json::Value = serde_json::from_slice(&polycert(&arguments).stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    // 13 operations, the composite, and the composite where it is hardest.
    assert_eq!(rows.len(), 15);
    for row in rows {
        let number = |key: &str| row[key].as_f64();
        let Some(max) = number("measure_max_log2") else {
            continue;
        };
        assert!(
            number("bound_high_probability_log2").unwrap() >= max,
            "{row}"
        );
        assert!(number("measure_rms_log2").unwrap() < max, "{row}");
    }
}

/// What is said of flooding is of all slots of a ciphertext: the union over 2^9 slots of each of 1,024 ciphertexts.
#[test]
fn flooding_counts_every_slot() {
    let with = |queries: &str| {
        let mut arguments = vec!["noise", "--table", "certificates/relu04.json", "--json"];
        arguments.extend(SMALL);
        arguments.extend(["--flood", "40", "--queries", queries]);
        let out = polycert(&arguments);
        assert!(out.status.success(), "{}", text(&out.stderr));
        let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let rows = json["rows"].as_array().unwrap();
        let last = rows.last().unwrap()["bound_high_probability_log2"].as_f64();
        let notes = json["notes"].as_array().unwrap();
        let note = notes
            .iter()
            .find_map(|n| n.as_str().filter(|n| n.starts_with("flooding")));
        (last.unwrap(), note.unwrap().to_owned())
    };
    let after = |note: &str, word: &str| -> f64 {
        let rest = note.split(word).nth(1).unwrap();
        let end = rest.find([' ', ';']).unwrap();
        rest[..end].parse().unwrap()
    };
    let (bound, note) = with("1024");
    let slots = after(&note, "decrypted ciphertexts of ");
    let sigma = after(&note, "sigma = 2^");
    // sqrt(12 tau slots) 2^(s/2) t.
    let meant = (12.0 * 1024.0 * slots).log2() / 2.0 + 20.0 + bound;
    assert!((sigma - meant).abs() < 0.02, "{note}");
    // A Gaussian is beyond sigma sqrt(2 (k + 1) ln 2) but for 2^-k at one slot: k = 40 and the slots' bits.
    let added = after(&note, "added noise <= 2^");
    let bits = 41.0 + slots.log2();
    let reach = (2.0 * bits * std::f64::consts::LN_2).sqrt().log2();
    assert!((added - sigma - reach).abs() < 0.02, "{note}");
    assert!(note.contains("at all its slots but for 2^-40"), "{note}");
    assert!(note.contains("every slot of it is within"), "{note}");
    assert!(note.contains("but for 2^-39"), "{note}");
    // sigma grows with the number of decryptions, and what is said of one ciphertext is still of one.
    assert!((after(&with("4096").1, "sigma = 2^") - sigma - 1.0).abs() < 0.02);
}

#[test]
fn every_way_of_encryption_can_be_chosen() {
    let bound = |key: &[&str]| -> f64 {
        let mut arguments = vec![
            "evaluate",
            "certificates/relu04.json",
            "--json",
            "--seed",
            "3",
        ];
        arguments.extend(SMALL);
        arguments.extend(key);
        let out = polycert(&arguments);
        assert!(out.status.success(), "{}", text(&out.stderr));
        let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(json["within_bounds"], true);
        json["bound_noise"].as_f64().unwrap()
    };
    let [default, extended, public, secret] = [
        &[][..],
        &["--key", "public-extended"],
        &["--key", "public"],
        &["--key", "secret"],
    ]
    .map(bound);
    assert_eq!(default, extended);
    assert!(2.0 * extended < public && secret < public);
    let mut arguments = vec!["noise", "--key", "private"];
    arguments.extend(SMALL);
    let out = polycert(&arguments);
    assert_eq!(out.status.code(), Some(2));
    let words = text(&out.stderr);
    assert!(
        words.contains("not one of public, public-extended, secret"),
        "{words}"
    );
}

/// Tables of p itself, on their own domain: bounds, ciphertexts, lists of inputs, and what is refused.
#[test]
fn tables_of_the_function_itself_are_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (relu, root, program) = (at("relu.json"), at("root.json"), at("program.json"));
    for (table, function, range, degree) in
        [(&relu, "relu", "4", "14"), (&root, "1/sqrt(x)", "1,4", "6")]
    {
        let range = format!("--range={range}");
        let line = [
            "family",
            "minimax",
            "--function",
            function,
            &range,
            "--degree",
            degree,
            "-o",
            table,
        ];
        let out = polycert(&line);
        assert!(out.status.success(), "{}", text(&out.stderr));
    }
    let with = |command: &[&str]| {
        let out = polycert(&[command, &SMALL[..]].concat());
        let words = format!("{}{}", text(&out.stdout), text(&out.stderr));
        (out.status.code(), words, out.stdout)
    };
    let file = at("relu.eval.json");
    let (code, words, _) = with(&["evaluate", &relu, "--seed", "4", "-o", &file]);
    assert_eq!(code, Some(0), "{words}");
    for part in [
        "|decrypted - ReLU(x)| <=",
        "in every slot, all inputs in [-4, 4]",
        "every slot is within its bound",
    ] {
        assert!(words.contains(part), "{words}");
    }
    let require = [
        "check",
        &file,
        "--require",
        "decrypted direct_relu<=1/16 on [-4,4] but 2^-40",
    ];
    let checked = polycert(&require);
    assert!(checked.status.success(), "{}", text(&checked.stdout));
    // In the units of the table's own domain, which does not hold 0.
    let values = at("values.txt");
    std::fs::write(&values, "1\n2.25\n4\n").unwrap();
    let line = ["evaluate", &root, "--values", &values, "--json"];
    let (code, words, out) = with(&line);
    assert_eq!(code, Some(0), "{words}");
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        (&json["within_bounds"], &json["slots"]),
        (&true.into(), &1024.into())
    );
    let statement = json["statement"].as_str().unwrap();
    assert!(
        statement.contains("|decrypted - (1/sqrt(x))|"),
        "{statement}"
    );
    std::fs::write(&values, "1\n0.5\n").unwrap();
    let (code, words, _) = with(&line);
    assert_eq!(code, Some(2));
    let outside = "slot 1: 0.5 is outside of the certified domain [1, 4]";
    assert!(words.contains(outside), "{words}");
    let (code, words, _) = with(&["noise", "--table", &root, "--measure", "1"]);
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("|decrypted - 1/sqrt(x)| <= 2^-"), "{words}");
    // A scale, another function, a value that is a program.
    let mut stated: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&root).unwrap()).unwrap();
    stated.as_object_mut().unwrap().remove("sha256");
    stated["value"] = "p*(3 - x*p^2)/2".into();
    std::fs::write(&program, stated.to_string()).unwrap();
    for (line, why) in [
        (
            vec!["evaluate", &relu, "--bound", "2"],
            "scale in its input maps",
        ),
        (
            vec!["evaluate", &relu, "--target", "relu"],
            "p(x) is the function itself",
        ),
        (
            vec![
                "evaluate",
                "certificates/relu04.json",
                "--target",
                "direct_relu",
            ],
            "relu is made of sign: direct_relu takes p as the function itself",
        ),
        (
            vec!["evaluate", &program],
            "is a program, which has no circuit: tables whose value is p itself have one",
        ),
    ] {
        let (code, words, _) = with(&line);
        assert!(code == Some(2) && words.contains(why), "{line:?}: {words}");
    }
}
