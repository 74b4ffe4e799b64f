//! Audits, boxes and checks that once said more than is so: what they must say.

use crate::network::{folder, line, npy, safetensors};
use crate::support::program::{polycert, read, Folder, F1};
use crate::support::shared::shared;
use serde_json::{json, Value};

/// Products of tiny numbers that later stages bring back: the twin answers 1, as exact fractions say.
#[test]
fn a_twin_that_underflows_is_decided_with_wider_exponents() {
    let Some(cases) = shared("cases/onnx") else {
        return;
    };
    let at = |name: &str| cases.join(name).to_str().unwrap().to_owned();
    let (net, table, input) = (at("under.onnx"), at("under.json"), at("under.npy"));
    let line = [
        "network", "evaluate", &net, "--table", &table, "--bound", "1", "--input", &input, "--json",
    ];
    let j = polycert(&line).exits(1).json();
    assert_eq!(j["verdict"], "different");
    assert_eq!(
        (&j["network_class"], &j["twin_class"]),
        (&json!(0), &json!(1))
    );
    let ends = &j["bound_twin_logits"][0];
    let exact = 1.026_378_145_792;
    assert!(ends[0].as_f64().unwrap() <= exact && exact <= ends[1].as_f64().unwrap());
}

/// Two ReLUs, one after the other; F1's slopes are too large for a B far above the numbers.
const DEEP: &str = r#"{"format":"polycert-graph/1","input":[2],"layers":[
    {"op":"dense","name":"fc1","weights":"a","bias":"b"},{"op":"relu","name":"act"},
    {"op":"dense","name":"fc2","weights":"c"},{"op":"relu","name":"last"},
    {"op":"dense","name":"fc3","weights":"d"}]}"#;

/// Stages that amplify rounding by 2^120: a number that stays inside with a radius that does not.
const STEEP: &str = r#"{"format":"polycert-table/1","name":"steep","target":"relu",
"domain":{"lo":"-1","hi":"1","eps":"1/8"},
"components":[{"basis":"power","coefficients":["0","1*2^60"]},{"basis":"power","coefficients":["0","1*2^60"]},
{"basis":"power","coefficients":["0","1*2^-120"]}]}"#;

#[test]
fn a_radius_beyond_the_domain_is_exhausted_and_counts_as_undecided() {
    let f = folder(&[255, 0, 0, 255]);
    let arrays: Vec<(&str, &[usize], Vec<f32>)> = vec![
        ("a", &[2, 2], vec![1.0, 0.0, 0.0, 1.0]),
        ("b", &[2], vec![0.0, 0.0]),
        ("c", &[2, 2], vec![0.3, 0.0, 0.0, 0.7]),
        ("d", &[2, 2], vec![1.0, 0.0, 0.0, 1.0]),
    ];
    f.file(
        "net.safetensors",
        safetensors(&arrays, &json!({"graph": DEEP})),
    );
    // 1 - y^2 of a y that is 0: the midpoint is exact, the radius is not.
    let cancel = STEEP.replace(
        "[\"0\",\"1*2^60\"]},{\"basis\":\"power\",\"coefficients\":[\"0\",\"1*2^60\"]}",
        "[\"-1*2^200\",\"1*2^200\"]},{\"basis\":\"power\",\"coefficients\":[\"0\",\"1*2^60\"]}",
    );
    f.file("f1.json", cancel.replace("1*2^-120", "1*2^-100"));
    f.file("y.npy", npy("|u1", &[2], &[0, 1]));
    let (out, labels) = (f.at("o.json"), f.at("y.npy"));
    let rest = [
        "--bound",
        "1",
        "--labels",
        &labels,
        "--max-precision",
        "192",
        "-o",
        &out,
    ];
    let r = polycert(&line(&f, "audit", &rest)).exits(1);
    let whole: Value = serde_json::from_str(&read(&out)).unwrap();
    let s = &whole["summary"];
    assert!(!r.out.contains("e8") && s["twin_wrong"] == 0, "{}", r.out);
    let open = s["exhausted"].as_u64().unwrap() + s["undecided"].as_u64().unwrap();
    if open == 2 {
        let interval = &whole["twin_accuracy_interval"];
        assert_eq!(
            (&interval["bound_lo"], &interval["bound_hi"]),
            (&json!(0.0), &json!(1.0))
        );
    }
    let exhausted = s["exhausted"].as_u64().unwrap();
    assert_eq!(
        exhausted > 0,
        r.out.contains("EXHAUSTED at layer"),
        "{}",
        r.out
    );
    let page = polycert(&["report", &out]).exits(0).out;
    assert!(page.contains("precision exhausted") && !page.contains("PROVED"));
}

#[test]
fn a_sample_that_cannot_be_evaluated_is_a_row() {
    let f = folder(&[0; 6]);
    let mut data = vec![];
    for v in [0.9f64, 0.1, f64::NAN, 0.5, 0.1, 0.9] {
        data.extend(v.to_le_bytes());
    }
    f.file("x.npy", npy("<f8", &[3, 2], &data));
    f.file("y.npy", npy("|u1", &[3], &[0, 0, 1]));
    let (out, csv, labels) = (f.at("o.json"), f.at("o.csv"), f.at("y.npy"));
    let rest = [
        "--bound", "8", "--labels", &labels, "-o", &out, "--csv", &csv,
    ];
    let r = polycert(&line(&f, "audit", &rest)).exits(1);
    assert!(
        r.out.contains("failed 1") && r.out.contains("sample 1: "),
        "{}",
        r.out
    );
    let whole: Value = serde_json::from_str(&read(&out)).unwrap();
    assert_eq!(
        (&whole["summary"]["same"], &whole["summary"]["failed"]),
        (&json!(2), &json!(1))
    );
    assert!(whole["samples"][1]["reason"]
        .as_str()
        .unwrap()
        .contains("NaN"));
    assert_eq!(whole["network_accuracy_interval"]["bound_hi"], 1.0);
    assert!(read(&csv).lines().nth(2).unwrap().contains("NaN"));
    polycert(&["report", &out]).exits(0);
}

#[test]
fn an_audit_loses_no_file() {
    let f = folder(&[255, 0, 0, 255, 200, 10]);
    let (net, table, input) = (f.at("net.safetensors"), f.at("f1.json"), f.at("x.npy"));
    let out = f.at("o.json");
    for own in [&net, &table, &input] {
        for option in ["-o", "--csv"] {
            let mut rest = vec!["--bound", "8", option, own];
            if option == "--csv" {
                rest.extend(["-o", &out]);
            }
            let before = std::fs::read(own).unwrap();
            let r = polycert(&line(&f, "audit", &rest)).exits(2);
            assert!(r.err.contains("is an input of this command"), "{}", r.err);
            assert_eq!(std::fs::read(own).unwrap(), before);
        }
    }
    polycert(&line(&f, "audit", &["--bound", "8", "-o", &out])).exits(0);
    let r = polycert(&line(
        &f,
        "audit",
        &["--bound", "8", "--count", "2", "-o", &out],
    ))
    .exits(2);
    assert!(
        r.err.contains("an audit of 3 samples, this one has 2"),
        "{}",
        r.err
    );
    polycert(&line(&f, "audit", &["--bound", "8", "-o", &out])).exits(0);
    // Another audit that writes the same result.
    let journal = std::fs::File::create(f.path("o.json.journal")).unwrap();
    journal.lock().unwrap();
    let r = polycert(&line(&f, "audit", &["--bound", "8", "-o", &out])).exits(2);
    assert!(r.err.contains("another audit is writing"), "{}", r.err);
}

#[test]
fn an_audit_writes_a_checked_certificate_of_each_sample() {
    let f = folder(&[255, 0, 0, 255, 51, 51]);
    let (out, folder) = (f.at("o.json"), f.at("certificates"));
    let rest = ["--bound", "8", "-o", &out, "--certificates", &folder];
    let r = polycert(&line(&f, "audit", &rest)).exits(1);
    assert!(r.err.contains("2 certificates"), "{}", r.err);
    let manifest = read(f.path("certificates/manifest.json"));
    let listed: Value = serde_json::from_str(&manifest).unwrap();
    let whole: Value = serde_json::from_str(&read(&out)).unwrap();
    let digest = polycert::files::sha256(manifest.as_bytes());
    assert_eq!(
        whole["certificates"],
        json!({"count": 2, "manifest_sha256": digest})
    );
    for entry in listed["certificates"].as_array().unwrap() {
        let file = f.path("certificates").join(entry["file"].as_str().unwrap());
        let text = read(&file);
        assert_eq!(
            entry["sha256"],
            polycert::files::sha256(text.as_bytes()).as_str()
        );
        let file = file.to_str().unwrap();
        for command in ["check", "show"] {
            let said = polycert(&[command, file]).exits(0).out;
            assert!(said.contains("VERIFIED"), "{said}");
        }
        // A network beside it that is another one.
        let network = format!("{file}.network");
        let kept = read(&network);
        std::fs::write(&network, kept.replacen("weights 1*2^2", "weights 1*2^1", 1)).unwrap();
        assert_ne!(
            polycert(&["check", file]).code,
            i32::from(kept != read(&network)) - 1
        );
        std::fs::write(&network, kept).unwrap();
    }
    // The folder and its manifest, by `polycert check` as by `polycert-check`: one library reads paths for both.
    for path in [&folder, &format!("{folder}/manifest.json")] {
        let said = polycert(&["check", path]).exits(0).out;
        assert_eq!(said.matches("VERIFIED").count(), 2, "{said}");
        let json = polycert(&["check", "--json", path]).exits(0).out;
        assert_eq!(json.matches("\"accepted\":true").count(), 2, "{json}");
        let quiet = polycert(&["check", "--quiet", path]).exits(0);
        assert_eq!(quiet.out.len() + quiet.err.len(), 0);
        // They are about no function.
        let line = ["check", path, "--require", "relu<=1"];
        assert!(polycert(&line)
            .exits(1)
            .out
            .contains("NOT WHAT IS REQUIRED"));
        let (mut answer, mut notes) = (Vec::new(), Vec::new());
        let request = polycert_checker::Request {
            paths: vec![path.into()],
            ..Default::default()
        };
        let mut streams = polycert_checker::Streams {
            input: &mut std::io::empty(),
            out: &mut answer,
            err: &mut notes,
        };
        assert_eq!(polycert_checker::check_paths(&request, &mut streams), 0);
        assert_eq!(String::from_utf8(answer).unwrap(), said);
    }
    let page = polycert(&["report", &out]).exits(0).out;
    assert!(page.contains("certificates of 2 of the 3 samples") && page.contains(&digest));
}

/// The last polynomial's own error is part of the difference.
#[test]
fn a_box_of_a_network_that_ends_in_relu_has_its_last_error() {
    let Some(net) = shared("cases/box/final_relu.onnx") else {
        return;
    };
    let net = net.to_str().unwrap();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu04.json");
    let f = Folder::new();
    let tables = f.at("tables");
    let line = [
        "network",
        "box",
        net,
        "--table",
        table,
        "--degrees",
        "4",
        "--lo=-1",
        "--hi",
        "1",
        "--attack",
        "20",
        "--tables",
        &tables,
        "--json",
    ];
    let j = polycert(&line).exits(0).json();
    for run in j["runs"].as_array().unwrap() {
        let number = |name: &str| run[name].as_f64().unwrap();
        let (bound, reached) = (
            number("bound_greatest_difference"),
            number("measure_greatest_difference"),
        );
        assert!(0.0 < reached && reached <= bound, "{reached} {bound}");
    }
    let composite = j["runs"].as_array().unwrap().last().unwrap();
    assert!(composite["bound_greatest_difference"].as_f64().unwrap() >= 0.040_134_39);
    // The written tables prove what the bound rests on.
    let index: Value = serde_json::from_str(&read(f.path("tables/index.json"))).unwrap();
    let neuron = &index["runs"][0]["neurons"][0];
    let file = f.path("tables").join(neuron["table"].as_str().unwrap());
    let claim = neuron["bound_error"].to_string();
    let file = file.to_str().unwrap();
    let r = polycert(&[
        "certify",
        file,
        "--target",
        "direct_relu",
        "--claim",
        &claim,
    ]);
    assert_eq!(r.code, 0, "{r:?}");
    assert!(polycert(&["show", file])
        .exits(0)
        .out
        .contains("direct_relu"));
    let r = polycert(&[
        "network",
        "box",
        net,
        "--degrees",
        "300",
        "--tables",
        &tables,
    ])
    .exits(2);
    assert!(r.err.contains("up to 255, not 300"), "{}", r.err);
}

#[test]
fn the_wrong_command_names_the_right_one() {
    let f = Folder::new();
    let root = env!("CARGO_MANIFEST_DIR");
    let table = f.file("f1.json", F1);
    let audit = format!("{root}/reports/fashion.audit.json");
    let evaluation = format!("{root}/certificates/evaluation/relu13.a.json");
    let certificate = format!("{root}/certificates/relu04.cert.json");
    for (command, file, said) in [
        ("check", &table, "polycert certify"),
        ("check", &audit, "polycert report"),
        ("report", &table, "polycert certify"),
        ("report", &evaluation, "polycert check"),
    ] {
        let r = polycert(&[command, file.as_str()]).exits(2);
        assert!(
            r.err.contains(said) && r.err.lines().count() == 1,
            "{command}: {}",
            r.err
        );
    }
    for (file, said) in [
        (&table, "degrees      3"),
        (&audit, "samples      24"),
        (&certificate, "VERIFIED"),
    ] {
        assert!(
            polycert(&["show", file.as_str()])
                .exits(0)
                .out
                .contains(said),
            "{file}"
        );
    }
    // Two files one of which is an audit.
    let r = polycert(&["report", &audit, &certificate]).exits(2);
    assert!(
        r.err.contains("fashion.audit.json") && r.err.contains("alone"),
        "{}",
        r.err
    );
}

/// What encoding rounds away depends on the message: its bound is the worst case, in both columns.
#[test]
fn encoding_has_its_worst_case_in_every_tier() {
    let j = polycert(&["noise", "--preset", "A", "--json"])
        .exits(0)
        .json();
    let rows = j["rows"].as_array().unwrap();
    let encode = rows.iter().find(|r| r["operation"] == "encode").unwrap();
    let high = encode["bound_high_probability_log2"].as_f64().unwrap();
    assert_eq!(encode["bound_worst_case_log2"].as_f64(), Some(high));
    // A concrete message errs by 2^-26.65.
    assert!(high >= -26.652, "{high}");
}
