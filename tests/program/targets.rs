//! A table's target is the table's: what a direct table proves, and who refuses one.

use crate::network::{npy, safetensors, weights, GRAPH};
use crate::support::program::{polycert, read, Folder, F1};
use crate::support::shared::shared;
use polycert_checker::{check_network, NetworkOutcome};
use serde_json::{json, Value};

/// 0.1877 + x/2 + 0.2346 x^2... on [-2, 2], close to ReLU.
fn direct(target: &str) -> String {
    json!({
        "format": "polycert-table/1", "name": "r", "target": target,
        "domain": {"lo": "-2", "hi": "2"},
        "components": [{"basis": "power", "coefficients": ["1877/10000", "1/2", "293/1250"]}],
    })
    .to_string()
}

/// The network of two inputs x, y: logits max(4x - 2y, 0) + max(y, 0) and 3 max(y, 0).
fn folder(samples: &[f32]) -> Folder {
    let f = Folder::new();
    let network = safetensors(&weights(), &json!({"graph": GRAPH}));
    f.file("net.safetensors", network);
    f.file("r.json", direct("direct_relu"));
    f.file("f1.json", F1);
    let data: Vec<u8> = samples.iter().flat_map(|v| v.to_le_bytes()).collect();
    f.file("x.npy", npy("<f4", &[samples.len() / 2, 2], &data));
    f
}

fn network(f: &Folder, command: &str, rest: &[&str]) -> Vec<String> {
    let (net, x) = (f.at("net.safetensors"), f.at("x.npy"));
    let start = ["network", command, net.as_str(), "--input", x.as_str()];
    start.iter().chain(rest).map(|s| (*s).to_owned()).collect()
}

/// What a line that is refused says.
#[track_caller]
fn refusal(line: &[String]) -> String {
    polycert(line).exits(2).err
}

#[test]
fn a_direct_table_is_the_activation_itself() {
    // Pre-activations 1/5 and 0: the network's logits are 1/5 and 0; the twin's r(1/5) + r(0) and 3 r(0).
    let f = folder(&[0.0625, 0.0, 0.25, 0.0, 0.75, 0.0]);
    let table = f.at("r.json");
    let line = |rest: &[&str]| {
        network(
            &f,
            "evaluate",
            &[&["--table", &table, "--json"], rest].concat(),
        )
    };
    let j = polycert(&line(&[])).exits(1).json();
    assert_eq!(j["verdict"], "different");
    assert_eq!(
        (&j["network_class"], &j["twin_class"]),
        (&json!(0), &json!(1))
    );
    // r(1/4) + r(0) and 3 r(0).
    let r = |x: f64| 0.1877 + x / 2.0 + 0.2344 * x * x;
    for (i, exact) in [r(0.25) + r(0.0), 3.0 * r(0.0)].into_iter().enumerate() {
        let end = |k: usize| j["bound_twin_logits"][i][k].as_f64().unwrap();
        assert!(
            (end(0) - exact).abs() < 1e-12 && (end(1) - exact).abs() < 1e-12,
            "{j}"
        );
        assert!(end(1) - end(0) < 1e-12);
    }
    assert_eq!(j["activations"][0]["domain"], json!(["-2", "2"]));
    assert_eq!(
        polycert(&line(&["--sample", "1"])).exits(0).json()["verdict"],
        "same"
    );
    // 3 is outside its domain.
    let words = polycert(&network(
        &f,
        "evaluate",
        &["--table", &table, "--sample", "2"],
    ))
    .exits(1)
    .out;
    assert!(
        words.contains("OUTSIDE: layer act asks its table") && words.contains("[-2, 2]"),
        "{words}"
    );
    // B is 1.
    assert!(polycert(&line(&["--bound", "1", "--sample", "1"]))
        .exits(0)
        .out
        .contains("same"));
    let r = refusal(&line(&["--bound", "2"]));
    assert!(
        r.contains("--bound 2") && r.contains("direct_relu"),
        "{}",
        r
    );
    // A sign needs one.
    let r = refusal(&network(&f, "evaluate", &["--table", &f.at("f1.json")]));
    assert!(r.contains("--bound B is needed"), "{r}");
    // An audit has its verdicts.
    let out = f.at("audit.json");
    polycert(&network(
        &f,
        "audit",
        &["--table", &table, "--count", "2", "-o", &out],
    ))
    .exits(1);
    let audit: Value = serde_json::from_str(&read(f.path("audit.json"))).unwrap();
    let verdicts: Vec<&Value> = audit["samples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["verdict"])
        .collect();
    assert_eq!(verdicts, [&json!("different"), &json!("same")]);
}

#[test]
fn a_certificate_of_a_direct_table_means_what_its_target_says() {
    let f = folder(&[0.25, 0.0]);
    let (table, out) = (f.at("r.json"), f.at("c.json"));
    let line = network(&f, "certify", &["--table", &table, "-o", &out]);
    let said = polycert(&line).exits(0).out;
    assert!(
        said.contains("of target direct_relu: p(x) itself on [-2"),
        "{said}"
    );
    let (exact, input) = (read(f.path("c.json.network")), read(f.path("c.json.input")));
    let text = read(f.path("c.json"));
    let check = |text: &str| check_network(text.as_bytes(), exact.as_bytes(), input.as_bytes());
    assert!(matches!(check(&text), NetworkOutcome::Verified(_)));
    let mut forged = Vec::new();
    for target in [
        "relu",
        "sign",
        "step",
        "direct_leaky_relu",
        "direct_abs",
        "direct_sign",
        "direct_clip",
    ] {
        forged.push(text.replace("\"direct_relu\"", &format!("\"{target}\"")));
    }
    let with = |change: &dyn Fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&text).unwrap();
        change(&mut document);
        document.to_string()
    };
    for b in ["2", "1/2"] {
        forged.push(with(&|d| d["activations"][0][1] = json!(b)));
    }
    // A domain that the activations leave: the first is asked at 1.
    forged.push(with(&|d| {
        d["tables"][0]["table"]["domain"]["hi"] = json!("255/256")
    }));
    forged.push(with(&|d| {
        d["tables"][0]["table"]["domain"]["lo"] = json!("1/256")
    }));
    for text in forged {
        let outcome = check(&text);
        assert!(matches!(outcome, NetworkOutcome::Rejected(_)), "{outcome}");
    }
}

#[test]
fn what_cannot_use_a_direct_table_refuses_it_by_name() {
    let f = folder(&[0.25, 0.0]);
    let (table, net) = (f.at("r.json"), f.at("net.safetensors"));
    let r = refusal(&["network", "box", &net, "--table", &table].map(str::to_owned));
    assert!(r.contains("direct"), "{r}");
    for target in ["direct_abs", "direct_sign", "direct_leaky_relu"] {
        f.file(
            "other.json",
            direct(target).replace("\"2\"}", "\"2\",\"eps\":\"1/8\"}"),
        );
        let r = refusal(&network(&f, "evaluate", &["--table", &f.at("other.json")]));
        assert!(r.contains(target) && r.contains("act"), "{r}");
    }
}

/// A network's leaky ReLU is the table's, or a refusal says which slopes differ and how to state one.
#[test]
fn a_leaky_table_stands_for_a_leaky_relu_of_its_own_slope() {
    let f = folder(&[0.25, 0.0]);
    let leaky = |slope: &str| {
        let op = format!("\"op\":\"leaky_relu\",\"slope\":\"{slope}\"");
        GRAPH.replace("\"op\":\"relu\"", &op)
    };
    let table = f.file("leaky.json", direct("direct_leaky_relu"));
    let (stated, c) = (f.at("stated.json"), f.at("c.json"));
    let with = |slope: &str, command: &str, table: &str, rest: &[&str]| {
        let net = safetensors(&weights(), &json!({"graph": leaky(slope)}));
        f.file("net.safetensors", net);
        network(&f, command, &[&["--table", table], rest].concat())
    };
    let words = refusal(&with("0.01", "evaluate", &table, &[]));
    let parts = [
        "leaky.json",
        "act",
        "not stated",
        "import TABLE --slope S",
        "0.01",
    ];
    assert!(parts.iter().all(|p| words.contains(p)), "{words}");
    let said = polycert(&["import", &table, "--slope", "1/100", "-o", &stated]).exits(0);
    assert!(
        said.err.contains("stated: target") || said.err.contains("slope 1/100"),
        "{}",
        said.err
    );
    assert!(read(f.path("stated.json")).contains("\"slope\": \"1/100\""));
    // What the program proves its own checker accepts; 1/100 is an f64 or f32 there.
    for slope in ["0.01", "0.009999999776482582"] {
        polycert(&with(slope, "certify", &stated, &["-o", &c])).exits(0);
        let file = |end: &str| read(f.path(&format!("c.json{end}")));
        let (text, net, input) = (file(""), file(".network"), file(".input"));
        let check = |text: &str| check_network(text.as_bytes(), net.as_bytes(), input.as_bytes());
        assert!(matches!(check(&text), NetworkOutcome::Verified(_)));
        let other = text.replace("\"slope\": \"1/100\"", "\"slope\": \"1/50\"");
        let other = other.replace("\"slope\":\"1/100\"", "\"slope\":\"1/50\"");
        assert_ne!(other, text);
        let outcome = check(&other).to_string();
        assert!(
            outcome.contains("REJECTED") && outcome.contains("slope 1/50"),
            "{outcome}"
        );
    }
    for slope in ["0.02", "-0.01", "0.010000000000000002"] {
        let words = refusal(&with(slope, "evaluate", &stated, &[]));
        assert!(
            words.contains("of slope 1/100") && words.contains(slope),
            "{words}"
        );
    }
    // certify takes the table's, and no other.
    let line = ["certify", &stated, "--only-error"];
    let said = polycert(&line).exits(0).out;
    assert!(said.contains("LeakyReLU(x), slope 1/100"), "{said}");
    let words = polycert(&[&line[..], &["--slope", "1/50"]].concat())
        .exits(2)
        .err;
    assert!(
        words.contains("--slope 1/50") && words.contains("1/100"),
        "{words}"
    );
    polycert(&[&line[..], &["--slope", "0.01"]].concat()).exits(0);
    let words = polycert(&["import", &f.at("r.json"), "--slope", "1/2", "-o", &c])
        .exits(2)
        .err;
    assert!(
        words.contains("--slope") && words.contains("direct_relu"),
        "{words}"
    );
    // A family states its own, and an export keeps it.
    let (made, out) = (f.at("made.json"), f.at("out.txt"));
    let words = "family minimax --function leaky_relu --slope 1/10 --degree 4 --range 2 -o";
    polycert(&[&words.split(' ').collect::<Vec<_>>()[..], &[made.as_str()]].concat()).exits(0);
    assert!(polycert(&["certify", &made, "--only-error"])
        .exits(0)
        .out
        .contains("slope 1/10"));
    for format in ["json", "csv"] {
        polycert(&["export", &made, "--format", format, "-o", &out]).exits(0);
        let back = f.at("back.json");
        polycert(&["import", &out, "-o", &back]).exits(0);
        assert_eq!(
            read(f.path("back.json"))
                .matches("\"slope\": \"1/10\"")
                .count(),
            1
        );
        // Another target has no slope; the rest of the file's digest still holds.
        let to = ["import", &out, "--target", "direct_relu", "-o", &back];
        assert!(polycert(&to)
            .exits(0)
            .err
            .contains("slope 1/10 is overruled"));
        assert!(!read(f.path("back.json")).contains("\"slope\""));
    }
}

/// (1 + y (3 - y^2)/2)/2 after the same in powers: a step made of F1 twice, its last stage giving 0 or 1.
fn step(output: &str) -> String {
    let odd = json!({"basis": "power", "coefficients": ["0", "3/2", "0", "-1/2"]});
    let last = json!({"basis": "power", "coefficients": ["1/2", "3/4", "0", "-1/4"]});
    let mut table = json!({
        "format": "polycert-table/1", "name": "s", "target": "step",
        "domain": {"lo": "-1", "hi": "1", "eps": "1/2"}, "components": [odd, last],
    });
    if !output.is_empty() {
        table["output"] = json!(output);
    }
    table.to_string()
}

#[test]
fn a_last_stage_of_zero_and_one_is_certified_for_every_target() {
    let f = Folder::new();
    let plain = f.file("plain.json", step(""));
    let stepped = f.file("step.json", step("step"));
    // The sign composite itself.
    let sign = f.file(
        "sign.json",
        step("").replace(
            "[\"1/2\",\"3/4\",\"0\",\"-1/4\"]",
            "[\"0\",\"3/2\",\"0\",\"-1/2\"]",
        ),
    );
    for target in [
        "sign",
        "step",
        "relu",
        "abs",
        "max",
        "leaky_relu",
        "clip",
        "max_pool",
    ] {
        let scale = if target == "clip" { "4" } else { "1" };
        let bound = |table: &str, more: &[&str]| {
            let line = [
                "certify", table, "--target", target, "--bound", scale, "--json",
            ];
            let line = [&line, more].concat();
            polycert(&line).exits(0).json()["bound_hi"].clone()
        };
        let exact = bound(&sign, &[]);
        assert_eq!(bound(&stepped, &[]), exact, "{target}");
        assert_eq!(bound(&plain, &["--last-stage", "step"]), exact, "{target}");
    }
    // The table is h, and what is proved is of 2 h - 1: said, and never of p itself.
    let said = polycert(&["certify", &stepped]).exits(0).out;
    assert!(
        said.contains("p = 2 h - 1") && said.contains("h is the table"),
        "{said}"
    );
    let direct = [
        "certify",
        &stepped,
        "--target",
        "direct_step",
        "--eps",
        "1/2",
    ];
    let words = polycert(&direct).exits(2).err;
    assert!(words.contains("output is step"), "{words}");
    // Read as a sign it is refuted, and told why.
    let words = polycert(&["certify", &plain, "--claim", "0.1"])
        .exits(1)
        .out;
    assert!(
        words.contains("REFUTED") && words.contains("--last-stage step"),
        "{words}"
    );
    // Import recognises it, and says so; or is told.
    let (made, kept) = (f.at("made.json"), f.at("kept.json"));
    let said = polycert(&["import", &plain, "-o", &made]).exits(0).err;
    assert!(said.contains("0 or 1"), "{said}");
    assert!(read(f.path("made.json")).contains("\"output\": \"step\""));
    polycert(&["import", &plain, "--last-stage", "sign", "-o", &kept]).exits(0);
    assert!(!read(f.path("kept.json")).contains("output"));
    // Its digest is another, and other programs' forms keep it.
    for form in ["json", "csv", "cpp", "go"] {
        let file = f.at("out");
        polycert(&["export", &made, "--format", form, "-o", &file]).exits(0);
        let back = f.at("back.json");
        polycert(&["import", &file, "-o", &back]).exits(0);
        assert!(
            read(f.path("back.json")).contains("\"output\": \"step\""),
            "{form}"
        );
    }
    let wrong = f.file("wrong.json", step("sgn"));
    assert!(polycert(&["certify", &wrong])
        .exits(2)
        .err
        .contains("expected sign or step"));
}

#[test]
fn the_shared_step_table_is_half_its_sign() {
    let Some(cases) = shared("cases/tables") else {
        return;
    };
    let f = Folder::new();
    let (made, case) = (f.at("made.json"), cases.join("step_form.json"));
    polycert(&["import", case.to_str().unwrap(), "-o", &made]).exits(0);
    let error = |target: &str| {
        let line = ["certify", &made, "--target", target, "--json"];
        polycert(&line).exits(0).json()["bound_hi_decimal"]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    let half = error("sign") / 2.0;
    assert!(
        (error("step") - half).abs() < 1e-12 && half < 0.02,
        "{half}"
    );
    assert!(polycert(&["certify", &made, "--claim", "0.02"])
        .exits(0)
        .out
        .contains("PROVED"));
}

/// The table's own target is what is evaluated, or refused where there is no circuit.
#[test]
fn evaluations_are_of_the_target_of_the_table() {
    let f = Folder::new();
    for (target, function) in [
        ("max", "max"),
        ("sign", "sign"),
        ("leaky_relu", "no circuit for leaky_relu"),
    ] {
        let table = f.file("t.json", F1.replace("\"relu\"", &format!("\"{target}\"")));
        let line = [
            "evaluate",
            &table,
            "--log-n",
            "11",
            "--q",
            "50+6x40",
            "--p",
            "2x48",
            "--insecure",
            "--runs",
            "0",
        ];
        let run = polycert(&line);
        let words = format!("{}{}", run.out, run.err);
        assert!(words.contains(function), "{target}: {words}");
    }
}

#[test]
fn domains_and_options_are_honoured_or_refused() {
    let f = folder(&[0.25, 0.0]);
    let table = f.at("r.json");
    for option in [
        ["--rho", "1"],
        ["--limit", "3"],
        ["--zone", "1/2"],
        ["--bound", "2"],
        ["--eps", "1/8"],
    ] {
        let words = polycert(&[&["certify", table.as_str()][..], &option].concat())
            .exits(2)
            .err;
        assert!(words.contains(option[0]), "{words}");
    }
    // Continuous functions made of sign have no jump to keep away from.
    let one = f.file("one.json", F1);
    for target in ["relu", "abs", "max_pool", "clip"] {
        let line = ["certify", &one, "--target", target, "--eps", "1/8"];
        let words = polycert(&line).exits(2).err;
        assert!(words.contains("--eps is for"), "{words}");
    }
    // F1 is meant for [-10, 10] here: p(10) is -485, and x (1 + p(x))/2 there is far from ReLU.
    let wide = f.file(
        "wide.json",
        F1.replace("\"-1\"", "\"-10\"").replace("\"1\"", "\"10\""),
    );
    let line = ["certify", &wide, "--claim", "0.27", "--json"];
    let j = polycert(&line).exits(1).json();
    assert_eq!(j["verdict"], "REFUTED");
    assert!(
        polycert(&["certify", &wide, "--to", "1", "--claim", "0.27"])
            .exits(0)
            .out
            .contains("PROVED")
    );
    let words = polycert(&["certify", &wide, "--bound", "10"]).exits(2).err;
    assert!(
        words.contains("--to 1") && words.contains("[-10, 10]"),
        "{words}"
    );
    let skew = f.file("skew.json", F1.replace("\"-1\"", "\"-2\""));
    assert!(polycert(&["certify", &skew])
        .exits(2)
        .err
        .contains("give --to"));
    let net = f.at("net.safetensors");
    // Half of [-1, 1] is not enough for x/B.
    let half = f.file(
        "half.json",
        F1.replace("\"-1\"", "\"-1/2\"").replace("\"1\"", "\"1/2\""),
    );
    for line in [
        vec!["evaluate", &half, "--preset", "A", "--runs", "0"],
        vec!["network", "box", &net, "--table", &half],
    ] {
        let words = polycert(&line).exits(2).err;
        assert!(words.contains("applies it to x/B in [-1, 1]"), "{words}");
    }
}

#[test]
fn the_shared_direct_table_answers_as_its_network_does() {
    let Some(cases) = shared("cases/tables") else {
        return;
    };
    let at = |name: &str| cases.join(name).to_str().unwrap().to_owned();
    let (net, table, input) = (at("net.onnx"), at("direct_relu2.json"), at("net_input.npy"));
    let line = [
        "network", "evaluate", &net, "--table", &table, "--input", &input,
    ];
    let words = polycert(&line).exits(1).out;
    assert!(
        words.contains("DIFFERENT CLASS: proved, the network answers 0, its twin 1"),
        "{words}"
    );
}
