//! What is asked is answered: a table's own domain and ends, options that are of use, units, conventions, names.

use crate::network::{line, npy, safetensors, weights, GRAPH};
use crate::support::program::{number, polycert, read, Folder, F1};
use polycert_checker::{check, Outcome};
use rug::Rational;
use serde_json::{json, Value};

/// 0.1877 + x/2 + 0.2346 x^2 on [-10, 1].
const DIRECT: &str = r#"{"format":"polycert-table/1","name":"r","target":"direct_relu",
"domain":{"lo":"-10","hi":"1"},
"components":[{"basis":"power","coefficients":["1877/10000","1/2","293/1250"]}]}"#;

/// The network of pre-activations 4x - 2y and y, and its answer beside a table at (x, y).
fn evaluated(table: &str, at: [f64; 2], rest: &[&str]) -> (Value, String) {
    let f = Folder::new();
    let network = safetensors(&weights(), &json!({"graph": GRAPH}));
    let net = f.file("net.safetensors", network);
    let table = f.file("t.json", table);
    let data: Vec<u8> = at.iter().flat_map(|v| v.to_le_bytes()).collect();
    let x = f.file("x.npy", npy("<f8", &[1, 2], &data));
    let all = [
        "network", "evaluate", &net, "--table", &table, "--input", &x,
    ];
    let all = [&all, rest].concat();
    let told = polycert(&[&all[..], &["--json"]].concat());
    assert!(told.code < 2, "{told:?}");
    (told.json(), polycert(&all).out)
}

#[test]
fn a_table_is_left_at_either_end_of_its_own_domain() {
    // Neither is as far from 0 as the domain's other end, and the farther number is inside.
    for (at, neuron, words) in [
        ([0.5, 0.0], 0, "neuron 0 at 1.99999"),
        ([-3.0, 0.5], 0, "neuron 0 at -12.9999"),
        ([-1.0, 1.5], 1, "neuron 1 at 1.49999"),
    ] {
        let (j, said) = evaluated(DIRECT, at, &[]);
        assert_eq!(j["verdict"], "outside", "{j}");
        assert_eq!(j["outside"]["neuron"], neuron, "{j}");
        assert_eq!(j["outside"]["domain"], json!(["-10", "1"]));
        let part = "OUTSIDE: layer act asks its table beyond its own domain [-10, 1]";
        assert!(said.contains(part), "{said}");
        assert!(said.contains(words) && !said.contains("needs B"), "{said}");
    }
    // As many digits as it takes.
    let (j, said) = evaluated(DIRECT, [0.25 + f64::EPSILON / 4.0, 0.0], &[]);
    assert_eq!(j["verdict"], "outside", "{j}");
    assert!(said.contains("neuron 0 at 1.000000000000000"), "{said}");
    // The very ends are inside, and of [-B, B] too.
    for at in [[0.25, 0.0], [-2.25, 0.5], [-2.0, 1.0]] {
        let (j, _) = evaluated(DIRECT, at, &[]);
        assert!(j["verdict"] == "same" || j["verdict"] == "different", "{j}");
    }
    for x in [0.25, -0.25] {
        let (j, _) = evaluated(F1, [x, 0.0], &["--bound", "1"]);
        assert_ne!(j["verdict"], "exhausted", "{j}");
    }
    // Too few bits: the domain is what is named.
    let (j, said) = evaluated(DIRECT, [0.25, 0.0], &["--max-precision", "106"]);
    assert_eq!(j["verdict"], "exhausted", "{j}");
    let said = said.lines().last().unwrap();
    assert!(
        said.contains("[-10, 1], the domain of its table") && !said.contains('B'),
        "{said}"
    );
}

/// Nothing is rounded there, so the checker's numbers are exact too.
#[test]
fn a_number_at_the_very_end_is_certified() {
    let f = Folder::new();
    let net = f.file(
        "net.safetensors",
        safetensors(&weights(), &json!({"graph": GRAPH})),
    );
    let table = f.file("t.json", DIRECT);
    for (x, y, code) in [(0.25, 0.0, 0), (0.2500001, 0.0, 1)] {
        let data: Vec<u8> = [x, y].iter().flat_map(|v: &f64| v.to_le_bytes()).collect();
        let input = f.file("x.npy", npy("<f8", &[1, 2], &data));
        let out = f.at("end.cert.json");
        let line = [
            "network", "certify", &net, "--table", &table, "--input", &input, "-o", &out,
        ];
        polycert(&line).exits(code);
    }
}

#[test]
fn numbers_that_are_not_held_are_an_answer() {
    let (j, said) = evaluated(F1, [1e308, 0.0], &["--bound", "8"]);
    assert_eq!(j["verdict"], "exhausted");
    assert_eq!(j["exhausted"]["layer"], "fc1");
    assert!(j["network_class"].is_null() && j["twin_class"].is_null());
    assert!(said.contains("EXHAUSTED at layer"), "{said}");
    // An audit counts it undecided, and its page holds.
    let f = crate::network::folder(&[0; 6]);
    let samples = [0.9f64, 0.1, 1e308, 0.0, 0.1, 0.9];
    let data: Vec<u8> = samples.iter().flat_map(|v| v.to_le_bytes()).collect();
    f.file("x.npy", npy("<f8", &[3, 2], &data));
    f.file("y.npy", npy("|u1", &[3], &[0, 0, 1]));
    let (out, labels) = (f.at("o.json"), f.at("y.npy"));
    let rest = ["--bound", "8", "--labels", &labels, "-o", &out];
    let said = polycert(&line(&f, "audit", &rest)).exits(1).out;
    assert!(said.contains("sample 1: EXHAUSTED at layer"), "{said}");
    let whole: Value = serde_json::from_str(&read(&out)).unwrap();
    let s = &whole["summary"];
    assert_eq!((&s["same"], &s["exhausted"]), (&json!(2), &json!(1)));
    assert_eq!(s["failed"], 0);
    assert_eq!(whole["network_accuracy_interval"]["bound_hi"], 1.0);
    polycert(&["report", &out]).exits(0);
}

#[test]
fn a_clip_states_its_own_ends() {
    let f = Folder::new();
    let (t, c) = (f.at("t.json"), f.at("c.json"));
    let make = "family minimax --function clip --lower -1/3 --upper 4/3 --degree 7 --range 3 -o";
    let make: Vec<&str> = make.split(' ').chain([t.as_str()]).collect();
    polycert(&make).exits(0);
    let text = read(&t);
    assert!(text.contains("\"lower\": \"-1/3\"") && text.contains("\"upper\": \"4/3\""));
    let said = polycert(&["certify", &t, "-o", &c]).exits(0).out;
    assert!(said.contains("clip(x, -1/3, 4/3)"), "{said}");
    for (option, value) in [("--lower", "-1"), ("--upper", "1")] {
        let said = polycert(&["certify", &t, option, value]).exits(2).err;
        assert!(
            said.contains(option) && said.contains("the table is for"),
            "{said}"
        );
    }
    polycert(&["certify", &t, "--lower", "-1/3", "--upper", "4/3"]).exits(0);
    // Of other ends than the table's the checker takes no certificate, though the mathematics holds.
    let mut plain: Value = serde_json::from_str(&text).unwrap();
    for field in ["lower", "upper", "sha256"] {
        plain.as_object_mut().unwrap().remove(field);
    }
    let other = f.file("other.json", plain.to_string());
    let line = ["certify", &other, "--upper", "1", "-o", &c];
    polycert(&line).exits(0);
    let mut forged: Value = serde_json::from_str(&read(&c)).unwrap();
    let stated: Value = serde_json::from_str(&text).unwrap();
    for field in ["lower", "upper"] {
        forged["table"][field] = stated[field].clone();
    }
    forged["table_sha256"] = stated["sha256"].clone();
    let outcome = check(forged.to_string().as_bytes());
    assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome}");
    assert!(outcome.to_string().contains("of another ends"), "{outcome}");
    // Other programs' forms keep them.
    for form in ["json", "csv"] {
        let (out, back) = (f.at("out"), f.at("back.json"));
        polycert(&["export", &t, "--format", form, "-o", &out]).exits(0);
        polycert(&["import", &out, "-o", &back]).exits(0);
        assert!(read(&back).contains("\"upper\": \"4/3\""), "{form}");
    }
}

/// Every option of certify with every target that cannot use it, and the others of its kind.
#[test]
fn an_option_that_is_of_no_use_is_refused_by_name() {
    let f = Folder::new();
    let sign = f.file("sign.json", F1);
    let direct = f.file("direct.json", DIRECT);
    let options: [(&str, &str, &[&str]); 12] = [
        (
            "--zone",
            "1/2",
            &[
                "relu",
                "leaky_relu",
                "abs",
                "clip",
                "relu6",
                "max",
                "max_pool",
            ],
        ),
        (
            "--rho",
            "1/8",
            &[
                "sign",
                "step",
                "relu",
                "leaky_relu",
                "abs",
                "clip",
                "relu6",
                "max",
                "max_pool",
                "argmax",
            ],
        ),
        (
            "--limit",
            "3",
            &[
                "sign",
                "step",
                "relu",
                "leaky_relu",
                "abs",
                "clip",
                "relu6",
                "max",
                "max_pool",
                "argmax",
            ],
        ),
        (
            "--eps",
            "1/4",
            &["sign", "step", "direct_sign", "direct_step", "direct_bit"],
        ),
        ("--slope", "1/10", &["leaky_relu", "direct_leaky_relu"]),
        ("--lower", "-1/2", &["clip", "direct_clip"]),
        ("--upper", "1/2", &["clip", "direct_clip"]),
        ("--window", "2", &["max_pool"]),
        ("--inputs", "4", &["argmax"]),
        ("--input-gap", "1/2", &["argmax"]),
        ("--input-scale", "1/64", &["max_pool", "argmax"]),
        (
            "--to",
            "1/2",
            &[
                "sign",
                "step",
                "relu",
                "leaky_relu",
                "abs",
                "clip",
                "relu6",
                "max_pool",
                "argmax",
                "direct_sign",
                "direct_step",
                "direct_bit",
                "direct_relu",
                "direct_leaky_relu",
                "direct_abs",
                "direct_clip",
                "direct_relu6",
            ],
        ),
    ];
    let targets = options[11].2.iter().chain(&["max"]);
    for target in targets {
        for (option, value, used) in options {
            let table = if target.starts_with("direct") {
                &direct
            } else {
                &sign
            };
            let run = polycert(&["certify", table, "--target", target, option, value]);
            let refused = run.err.contains(&format!("{option} is for"));
            assert_eq!(
                refused,
                !used.contains(target),
                "{target} {option}: {run:?}"
            );
            assert!(!refused || run.code == 2, "{run:?}");
        }
    }
    for (line, named) in [
        ("certify SIGN --only-error --zone 1/2", "--zone"),
        ("certify SIGN --only-error --rho 1", "--rho"),
        ("certify SIGN --only-error --limit 3", "--limit"),
        ("certify SIGN --target max --to 2", "--to"),
        ("generate --degrees 3 --target direct_relu", "direct_relu"),
        ("search --alpha 4 --target relu --window 2", "--window"),
        ("search --alpha 4 --target sign --eps zeta:3", "--eps"),
        ("evaluate SIGN --preset A --window 3 --runs 0", "--window"),
        ("evaluate SIGN --preset A --hard --values SIGN", "--hard"),
        ("noise --preset A --table SIGN --window 3", "--window"),
        ("noise --preset A --bound 2", "--table"),
        ("noise --preset A --target relu", "--table"),
        ("noise --preset A --flood 50", "--table"),
        ("family minimax --degree 4 --slope 1/2", "--slope"),
        ("family minimax --degree 4 --upper 1/2", "--upper"),
        ("family minimax --degree 4 --eps 1/2", "--eps"),
    ] {
        let words: Vec<String> = line.split(' ').map(|w| w.replace("SIGN", &sign)).collect();
        let said = polycert(&words).exits(2).err;
        assert!(said.contains(named), "{line}: {said}");
    }
    polycert(&["certify", &sign, "--target", "max", "--to", "1"]).exits(0);
    // A stated domain that max has no use for is no silence either.
    let wide = F1.replace("\"-1\"", "\"-10\"").replace("\"1\"", "\"10\"");
    let wide = f.file("wide.json", wide);
    let said = polycert(&["certify", &wide, "--target", "max"])
        .exits(2)
        .err;
    assert!(
        said.contains("--to 1") && said.contains("[-10, 10]"),
        "{said}"
    );
}

#[test]
fn lengths_are_in_the_units_of_the_input() {
    let f = Folder::new();
    let t = f.file("t.json", F1);
    let c = f.at("c.json");
    let j = |scale: &str| {
        let line = [
            "certify", &t, "--bound", scale, "--limit", "2", "--json", "-o", &c,
        ];
        polycert(&line).exits(0).json()
    };
    let (one, forty) = (j("1"), j("40"));
    for field in ["valid_to", "overflow_to", "envelope_from", "witness_x"] {
        let wanted = number(&one, field) * Rational::from(40);
        assert_eq!(number(&forty, field), wanted, "{field}");
    }
    // The checker's words and the page say the same.
    let to = number(&forty, "overflow_to");
    let margin = polycert::arith::number::decimal(&(to - Rational::from(40)), 6, false);
    let page = polycert(&["report", &c]).exits(0).out;
    let words = format!("x may leave the domain by {margin} before |40 r(x/40)| exceeds 80");
    assert!(page.contains(&words), "{words}");
    let help = polycert(&["certify", "--help"]).exits(0).out;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        help.contains("units of the function's input") && help.contains("valid_to: up to this |x|")
    );
}

#[test]
fn what_stays_bounded_is_r_and_named() {
    let f = Folder::new();
    let t = f.file("t.json", F1);
    for (target, more) in [
        ("relu", ""),
        ("leaky_relu", " (of r, not of what stands for leaky_relu)"),
        ("sign", " (of r, not of what stands for sign)"),
        ("abs", " (of r, not of what stands for abs)"),
        ("max", " (of r, not of what stands for max)"),
    ] {
        let said = polycert(&["certify", &t, "--target", target, "--bound", "2"])
            .exits(0)
            .out;
        let mut lines = said.lines().filter(|l| l.contains("stays bounded"));
        let line = lines.next().unwrap_or_else(|| panic!("{said}"));
        assert!(
            line.contains("r stays bounded, |2 r(x/2)| <= 4 up to |x| = "),
            "{line}"
        );
        assert!(
            line.ends_with(&format!("whatever the error{more}")),
            "{line}"
        );
        assert!(!said.contains("the value stays"));
    }
}

#[test]
fn a_table_of_zero_and_one_is_named_as_such() {
    let f = Folder::new();
    let step = F1
        .replace(
            "\"0\",\"1.5\",\"0\",\"-0.5\"",
            "\"1/2\",\"3/4\",\"0\",\"-1/4\"",
        )
        .replace("\"domain\"", "\"output\":\"step\",\"domain\"");
    let (t, c) = (f.file("t.json", step), f.at("c.json"));
    let words = polycert(&["certify", &t, "-o", &c]).exits(0).out;
    assert!(
        words.contains("output: step, h in {0, 1}; here p = 2 h - 1"),
        "{words}"
    );
    for file in [&t, &c] {
        let said = polycert(&["show", file]).exits(0).out;
        assert!(
            said.contains("step, h in {0, 1}") && said.contains("p = 2 h - 1"),
            "{said}"
        );
    }
    let page = polycert(&["report", &c]).exits(0).out;
    assert!(page.contains("Output: step, h in {0, 1}") && page.contains("p = 2 h \u{2212} 1"));
    assert!(!page.contains("Here p is the composite below"));
    let plain = f.file("plain.json", F1);
    polycert(&["certify", &plain, "-o", &c]).exits(0);
    let page = polycert(&["report", &c]).exits(0).out;
    assert!(page.contains("Here p is the composite below") && !page.contains("Output: step"));
}

#[test]
fn kept_curves_are_an_output_of_their_own() {
    let f = Folder::new();
    let kept = f.at("me-tables-1.txt");
    let folder = f.path("").to_str().unwrap().to_owned();
    let new = f.at("new");
    for (cache, out) in [(&folder, &kept), (&new, &new)] {
        let line = ["search", "--alpha", "4", "--cache", cache, "-o", out];
        let said = polycert(&line).exits(2).err;
        assert!(said.contains("two outputs"), "{said}");
    }
    let cost = f.file("me-tables-1.txt", "{\"cost\": {\"1\": 1}}");
    let line = [
        "search",
        "--alpha",
        "4",
        "--objective",
        "cost",
        "--cost-table",
        &cost,
        "--cache",
        &folder,
    ];
    let said = polycert(&line).exits(2).err;
    assert!(said.contains("is an input of this command"), "{said}");
    assert!(read(&cost).starts_with("{\"cost\""));
}

#[test]
fn a_catalogue_may_keep_its_certificates_beside_the_tables() {
    let f = Folder::new();
    f.file("a.json", F1);
    let folder = f.path("").to_str().unwrap().to_owned();
    let line = ["catalogue", &folder, "--certificates", &folder];
    polycert(&line).exits(0);
    let made = read(f.path("a.cert.json"));
    let again = polycert(&line).exits(0).out;
    assert!(again.contains("beside the table"), "{again}");
    assert_eq!(read(f.path("a.cert.json")), made);
    // Another question does not replace the certificate: it is a row with what to do about it.
    let other = [&line[..], &["--target", "abs"]].concat();
    let said = polycert(&other).exits(2).err;
    assert!(
        said.contains("name another folder with --certificates"),
        "{said}"
    );
    assert_eq!(read(f.path("a.cert.json")), made);
    let elsewhere = f.at("elsewhere");
    let other = [
        "catalogue",
        &folder,
        "--target",
        "abs",
        "--certificates",
        &elsewhere,
    ];
    polycert(&other).exits(0);
    polycert(&other).exits(0);
}
