//! Noise through every layer and by layer: certificates of evaluations that serve some layers each, what a layer has to spare,
//! networks with concatenation, padded pooling and leaky ReLU, and tables that are the activation themselves.

use crate::network::{npy, safetensors, weights, GRAPH};
use crate::support::program::{polycert, read, Folder, F1};
use serde_json::{json, Value};

fn at(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates");
    path.join(name).display().to_string()
}

/// An evaluation certificate of a small, insecure ring.
fn evaluation(f: &Folder, table: &str, scale: &str) -> String {
    let out = f.at(&format!("b{scale}.json"));
    let line = [
        "evaluate",
        table,
        "--bound",
        scale,
        "--log-n",
        "11",
        "--q",
        "50+10x40",
        "--p",
        "2x48",
        "--insecure",
        "--seed",
        "1",
        "--runs",
        "0",
        "-o",
        &out,
    ];
    polycert(&line).exits(0);
    out
}

/// The network of eight activations, B = 40 but for the third and the last.
#[test]
fn each_layer_is_served_by_one_evaluation_certificate() {
    let f = Folder::new();
    let table = at("relu05.json");
    let (wide, narrow) = (evaluation(&f, &table, "40"), evaluation(&f, &table, "20"));
    let (net, images) = (
        at("networks/fashion/network.safetensors"),
        at("networks/fashion/images.npy"),
    );
    let line = |command: &str, scale: &str, rest: &[&str]| {
        let start = [
            "network", command, &net, "--input", &images, "--table", &table, "--bound", scale,
        ];
        polycert(&[&start[..], rest].concat())
    };
    let mixed = "40,40,20,40,40,40,40,20";
    let both = ["--evaluation", &wide, "--evaluation", &narrow];
    let rest = [&both[..], &["--attack", "0", "--json"]].concat();
    let j = line("deviate", mixed, &rest).json();
    let levels = j["samples"][0]["levels"].as_array().unwrap();
    assert_eq!(
        (levels.len(), &levels[0]["noise"]),
        (1, &json!("evaluated by layer"))
    );
    let rests_on = j["rests_on"][0][1].as_str().unwrap();
    let shown = polycert(&["network", "show", &net, "--json"]).json();
    let name = |k: usize| {
        let layers = shown["layers"].as_array().unwrap().iter();
        let mut acts =
            layers.filter(|l| ["relu", "max_pool"].contains(&l["operation"].as_str().unwrap()));
        acts.nth(k).unwrap()["name"].as_str().unwrap().to_owned()
    };
    let second = format!(
        "layers {:?}, {:?}: evaluation certificate {narrow}",
        name(2),
        name(7)
    );
    assert!(rests_on.contains(&second), "{second}: {rests_on}");
    assert!(rests_on.contains(&wide), "{rests_on}");
    // Less than with the noise of B = 40 in units of B at every layer, which is more or the same there.
    let j = line(
        "deviate",
        "40",
        &["--evaluation", &wide, "--attack", "0", "--json"],
    )
    .json();
    assert!(
        j["samples"][0]["levels"][0]["noise"]
            .as_str()
            .unwrap()
            .starts_with("evaluated 2")
            || j["samples"][0]["levels"][0]["noise"]
                .as_str()
                .unwrap()
                .starts_with("evaluated 1")
    );
    // Alone, a composite's certificate serves every B, in units of it.
    let alone = ["--evaluation", &wide, "--attack", "0", "--json"];
    let (one, other) = (
        line("deviate", "40", &alone).json(),
        line("deviate", mixed, &alone).json(),
    );
    let noise = |j: &Value| j["samples"][0]["levels"][0]["noise"].clone();
    assert_eq!(noise(&one), noise(&other));
    for (scale, rest, words) in [
        (
            "40,40,20,40,40,40,40,30",
            both.to_vec(),
            "no certificate serves layer",
        ),
        (
            mixed,
            [&both[..], &["--evaluation", &narrow]].concat(),
            "and so does",
        ),
        ("30", both.to_vec(), "is about B = 40"),
    ] {
        let r = line("deviate", scale, &rest).exits(2);
        assert!(r.err.contains(words), "{words}: {}", r.err);
    }
    // One about refreshed inputs rests on more than is counted here.
    let refreshed = f.at("refreshed.json");
    let set = [
        "--log-n",
        "10",
        "--insecure",
        "--log-values",
        "5",
        "-o",
        &refreshed,
    ];
    polycert(&[&["bootstrap", "--relu", &table, "--bound", "40"][..], &set].concat()).exits(0);
    let r = line("deviate", "40", &["--evaluation", &refreshed]).exits(2);
    assert!(r.err.contains("is about refreshed inputs"), "{}", r.err);
    let r = line("deviate", mixed, &["--worst", "2^-30:2^-29"]).exits(2);
    assert!(r.err.contains("2 amounts joined by colons"), "{}", r.err);
    let r = line("deviate", mixed, &["--worst", "2^-30:x"]).exits(2);
    assert!(r.err.contains("--worst"), "{}", r.err);
}

/// A dense layer and a ReLU, twice.
fn two_activations(f: &Folder) -> String {
    let graph = r#"{"format":"polycert-graph/1","input":[2],"layers":[
        {"op":"dense","name":"fc1","weights":"a","bias":"b"},{"op":"relu","name":"act"},
        {"op":"dense","name":"fc2","weights":"c"},{"op":"relu","name":"act2"}]}"#;
    f.file(
        "net.safetensors",
        safetensors(&weights(), &json!({"graph": graph})),
    )
}

/// Two activations with B = 8 and B = 16, each with its own certificate: stated by layer, and checked again.
#[test]
fn a_certificate_states_noise_by_layer() {
    let f = Folder::new();
    let net = two_activations(&f);
    let table = f.file("f1.json", F1);
    let data: Vec<u8> = [1.0f32, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let x = f.file("x.npy", npy("<f4", &[1, 2], &data));
    let (first, second) = (evaluation(&f, &table, "8"), evaluation(&f, &table, "16"));
    let out = f.at("c.json");
    let with = |rest: &[&str]| {
        let start = [
            "network", "certify", &net, "--input", &x, "--table", &table, "--bound", "8,16", "-o",
            &out,
        ];
        polycert(&[&start[..], rest].concat())
    };
    let r = with(&[
        "--evaluation",
        &first,
        "--evaluation",
        &second,
        "--sigma",
        "2^-20:2^-30",
    ])
    .exits(0);
    assert_eq!(
        r.out.matches("what is listed for each activation").count(),
        2,
        "{}",
        r.out
    );
    let document: Value = serde_json::from_str(&read(f.path("c.json"))).unwrap();
    let levels = document["levels"].as_array().unwrap();
    assert_eq!(
        (&levels[0]["worst"], &levels[0]["sigma"]),
        (&json!("0"), &json!(["1*2^-20", "1*2^-30"]))
    );
    assert_eq!(levels[1]["worst"].as_array().unwrap().len(), 2);
    let bytes = |name: &str| std::fs::read(f.path(name)).unwrap();
    let check = |c: &Value| {
        let (n, x) = (bytes("c.json.network"), bytes("c.json.input"));
        polycert_checker::check_network(c.to_string().as_bytes(), &n, &x).to_string()
    };
    assert!(check(&document).starts_with("VERIFIED"));
    // More noise at the first layer alone is not covered.
    let mut bad = document.clone();
    bad["levels"][0]["sigma"] = json!(["1*2^-19", "1*2^-30"]);
    assert!(
        check(&bad).contains("below what is proved"),
        "{}",
        check(&bad)
    );
    // At the second alone, which is so small that it does not count, hardly.
    let mut bad = document;
    bad["levels"][0]["sigma"] = json!(["1*2^-20", "1*2^-18"]);
    assert!(
        check(&bad).contains("below what is proved"),
        "{}",
        check(&bad)
    );
    // Alone, the first one serves both: one number, in units of B.
    with(&["--evaluation", &first]).exits(0);
    let document: Value = serde_json::from_str(&read(f.path("c.json"))).unwrap();
    let worst = document["levels"][0]["worst"].as_str().unwrap();
    let of = |path: &str| -> Value {
        serde_json::from_str(&read(std::path::PathBuf::from(path))).unwrap()
    };
    let number = |text: &str| polycert::arith::number::parse(text).unwrap();
    let noise = number(of(&first)["noise"].as_str().unwrap()) / 8u32;
    let stated = number(worst);
    assert!(stated >= noise && stated.to_f64() <= noise.to_f64() * 1.000_001);
    assert!(check(&document).starts_with("VERIFIED"));
}

/// A composite at one layer and a table that is the function itself at the other, each with its own certificate and in its own unit.
#[test]
fn tables_of_both_kinds_are_served_by_their_own_certificates() {
    let f = Folder::new();
    let net = two_activations(&f);
    let composite = f.file("f1.json", F1);
    // 8 p(x/8), p within 0.19 of ReLU on [-1, 1].
    let direct = |name: &str, constant: &str| {
        let components =
            json!([{"basis": "power", "coefficients": [constant, "1/2", "293/10000"]}]);
        f.file(
            name,
            json!({
                "format": "polycert-table/1", "name": "r", "target": "direct_relu",
                "domain": {"lo": "-8", "hi": "8"}, "components": components,
            })
            .to_string(),
        )
    };
    let (itself, other) = (direct("r.json", "3/2"), direct("other.json", "1"));
    let data: Vec<u8> = [1.0f32, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let x = f.file("x.npy", npy("<f4", &[1, 2], &data));
    let of = |table: &str, name: &str| {
        let out = f.at(name);
        let words = "--log-n 11 --q 50+10x40 --p 2x48 --insecure --seed 1 --runs 0";
        let line = [
            &["evaluate", table, "-o", &out][..],
            &words.split(' ').collect::<Vec<_>>(),
        ]
        .concat();
        polycert(&line).exits(0);
        out
    };
    let (first, second) = (of(&composite, "first.json"), of(&itself, "second.json"));
    let out = f.at("c.json");
    let with = |tables: [&str; 2], scale: &str, certificates: &[&str]| {
        let mut line = vec![
            "network", "certify", &net, "--input", &x, "--table", tables[0], "--table", tables[1],
            "--bound", scale, "-o", &out,
        ];
        for certificate in certificates {
            line.extend(["--evaluation", certificate]);
        }
        polycert(&line)
    };
    // The composite's certificate is about B = 1, its layer has B = 8.
    with([&composite, &itself], "8,1", &[&second, &first]).exits(0);
    let document: Value = serde_json::from_str(&read(f.path("c.json"))).unwrap();
    let number = |text: &Value| polycert::arith::number::parse(text.as_str().unwrap()).unwrap();
    let level = &document["levels"][0]["worst"];
    for (k, certificate) in [(0, "first.json"), (1, "second.json")] {
        let made: Value = serde_json::from_str(&read(f.path(certificate))).unwrap();
        let (stated, noise) = (number(&level[k]), number(&made["noise"]));
        assert!(
            stated >= noise && stated.to_f64() <= noise.to_f64() * 1.000_001,
            "{level}"
        );
    }
    let bytes = |name: &str| std::fs::read(f.path(name)).unwrap();
    let (n, x) = (bytes("c.json.network"), bytes("c.json.input"));
    let verdict = polycert_checker::check_network(document.to_string().as_bytes(), &n, &x);
    assert!(verdict.to_string().starts_with("VERIFIED"), "{verdict}");
    let gelu = at("evaluation/gelu20.b.json");
    for (tables, scale, certificates, words) in [
        (
            [&composite, &itself],
            "8,1",
            vec![&first],
            "no certificate serves layer \"act2\"",
        ),
        (
            [&composite, &itself],
            "8,1",
            vec![&second],
            "no certificate serves layer \"act\"",
        ),
        (
            [&composite, &other],
            "8,1",
            vec![&first, &second],
            "is about the table",
        ),
        (
            [&composite, &itself],
            "8,1",
            vec![&first, &second, &gelu],
            "is about smooth",
        ),
        (
            [&itself, &itself],
            "1,1",
            vec![&second, &first],
            "is about the table",
        ),
    ] {
        let certificates: Vec<&str> = certificates.into_iter().map(String::as_str).collect();
        let r = with(tables.map(String::as_str), scale, &certificates).exits(2);
        assert!(r.err.contains(words), "{words}: {}", r.err);
    }
}

/// A leaky ReLU that is made of a table for ReLU is no function that a certificate speaks of.
#[test]
fn a_leaky_relu_made_of_a_direct_table_is_not_served() {
    let f = Folder::new();
    let graph = GRAPH.replace(
        "\"op\":\"relu\"",
        "\"op\":\"leaky_relu\",\"slope\":\"0.25\"",
    );
    assert_ne!(graph, GRAPH);
    let net = f.file(
        "net.safetensors",
        safetensors(&weights(), &json!({"graph": graph})),
    );
    let table = f.file(
        "r.json",
        json!({
            "format": "polycert-table/1", "name": "r", "target": "direct_relu", "domain": {"lo": "-8", "hi": "8"},
            "components": [{"basis": "power", "coefficients": ["3/2", "1/2", "293/10000"]}],
        })
        .to_string(),
    );
    let data: Vec<u8> = [0.5f32, 0.25]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let x = f.file("x.npy", npy("<f4", &[1, 2], &data));
    let out = f.at("e.json");
    let words = "--log-n 11 --q 50+10x40 --p 2x48 --insecure --seed 1 --runs 0";
    let line = [
        &["evaluate", &table, "-o", &out][..],
        &words.split(' ').collect::<Vec<_>>(),
    ]
    .concat();
    polycert(&line).exits(0);
    let line = [
        "network",
        "deviate",
        &net,
        "--input",
        &x,
        "--table",
        &table,
        "--evaluation",
        &out,
    ];
    let r = polycert(&line).exits(2);
    assert!(r.err.contains("is a leaky ReLU"), "{}", r.err);
}

#[test]
fn what_each_layer_has_to_spare_is_printed() {
    let (net, images) = (
        at("networks/fashion/network.safetensors"),
        at("networks/fashion/images.npy"),
    );
    let table = at("relu13.json");
    let line = [
        "network", "deviate", &net, "--input", &images, "--table", &table, "--bound", "32",
        "--worst", "2^-30", "--attack", "0", "--budget",
    ];
    let words = polycert(&line).exits(0).out;
    assert!(
        words.contains("bits to spare at each layer alone"),
        "{words}"
    );
    let j = polycert(&[&line[..], &["--json"]].concat()).exits(0).json();
    let spare = j["samples"][0]["levels"][0]["spare"].as_array().unwrap();
    assert_eq!(spare.len(), 8);
    for layer in spare {
        let bits = layer["bound_spare_bits"].as_f64().unwrap();
        let estimate = layer["estimate_spare_bits"].as_f64().unwrap();
        assert!(bits > 0.0 && bits <= estimate, "{layer}");
        assert!(words.contains(layer["layer"].as_str().unwrap()));
    }
    // By one layer's bits the class stays; by four times more than first order leaves room for nothing is proved.
    let with = |k: usize, bits: f64| {
        let amounts: Vec<String> = (0..8)
            .map(|i| {
                format!(
                    "{:e}",
                    2f64.powi(-30) * if i == k { bits.exp2() } else { 1.0 }
                )
            })
            .collect();
        let line: Vec<String> = line[..10]
            .iter()
            .map(|s| (*s).to_owned())
            .chain([amounts.join(":"), "--attack".to_owned(), "0".to_owned()])
            .collect();
        polycert(&line).code
    };
    let bits = spare[3]["bound_spare_bits"].as_f64().unwrap();
    let estimate = spare[3]["estimate_spare_bits"].as_f64().unwrap();
    assert_eq!((with(3, bits - 0.001), with(3, estimate + 2.0)), (0, 1));
}

/// Concatenation, padded max-pooling, leaky ReLU and a mean over windows of different sizes: bounded, certified and checked.
#[test]
fn every_layer_is_passed_under_noise() {
    let f = Folder::new();
    let graph = r#"{"format":"polycert-graph/1","input":[1,4,4],"layers":[
        {"op":"conv","name":"c1","weights":"w1","padding":1},{"op":"leaky_relu","name":"leaky","slope":"0.01"},
        {"op":"max_pool","name":"pool","kernel":3,"stride":2,"padding":1},
        {"op":"conv","name":"c2","weights":"w2"},{"op":"relu","name":"act"},
        {"op":"concat","name":"both","inputs":["pool","act"]},
        {"op":"avg_pool","name":"mean","kernel":2,"stride":1,"padding":1,"count_padding":false},
        {"op":"flatten","name":"flat"},{"op":"dense","name":"fc","weights":"d"}]}"#;
    let numbers = |n: usize, seed: usize| -> Vec<f32> {
        (0..n)
            .map(|i| ((i * 37 + seed * 11) % 17) as f32 / 16.0 - 0.5)
            .collect()
    };
    let arrays: [(&str, &[usize], Vec<f32>); 3] = [
        ("w1", &[2, 1, 3, 3], numbers(18, 1)),
        ("w2", &[1, 2, 1, 1], numbers(2, 2)),
        ("d", &[2, 27], numbers(54, 3)),
    ];
    let net = f.file(
        "net.safetensors",
        safetensors(&arrays, &json!({"graph": graph})),
    );
    let data: Vec<u8> = numbers(16, 4)
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let x = f.file("x.npy", npy("<f4", &[1, 1, 4, 4], &data));
    let table = at("relu13.json");
    let line = |command: &str, rest: &[&str]| {
        let start = [
            "network", command, &net, "--input", &x, "--table", &table, "--bound", "8",
        ];
        polycert(&[&start[..], rest].concat())
    };
    let r = line("deviate", &["--worst", "2^-30", "--sigma", "2^-30"]).exits(0);
    assert!(r.out.contains("1 of 1 samples certified"), "{}", r.out);
    let out = f.at("c.json");
    let r = line(
        "certify",
        &["--worst", "2^-30", "--sigma", "2^-30", "-o", &out],
    )
    .exits(0);
    assert_eq!(r.out.matches(" stays").count(), 2, "{}", r.out);
    let r = line(
        "certify",
        &[
            "--worst",
            "2^-20",
            "--error-model",
            "relu_within",
            "-o",
            &out,
        ],
    )
    .exits(0);
    assert!(r.out.contains("VERIFIED"), "{}", r.out);
    let (a, b) = (f.at("a.json"), f.at("b.json"));
    for (out, rest) in [(&a, &[][..]), (&b, &["--no-sensitivities"][..])] {
        line("audit", &[&["--worst", "2^-30", "-o", out], rest].concat()).exits(0);
    }
    let found = |path: &str| -> Value { serde_json::from_str(&read(f.path(path))).unwrap() };
    let (a, b) = (found("a.json"), found("b.json"));
    assert!(
        a["activations"][0]["sensitivity"].is_object()
            && b["activations"][0]["sensitivity"].is_null()
    );
    assert_eq!(a["levels"][0]["found"], b["levels"][0]["found"]);
}

/// A table that is p(x) itself, under noise of its own unit, 1.
#[test]
fn direct_tables_are_passed_under_noise() {
    let f = Folder::new();
    let net = f.file(
        "net.safetensors",
        safetensors(&weights(), &json!({"graph": GRAPH})),
    );
    let table = f.file(
        "r.json",
        json!({
            "format": "polycert-table/1", "name": "r", "target": "direct_relu",
            "domain": {"lo": "-2", "hi": "3"},
            "components": [{"basis": "power", "coefficients": ["1877/10000", "1/2", "293/1250"]}],
        })
        .to_string(),
    );
    let data: Vec<u8> = [0.5f32, 0.25]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let x = f.file("x.npy", npy("<f4", &[1, 2], &data));
    let out = f.at("c.json");
    let line = |command: &str, rest: &[&str]| {
        let start = ["network", command, &net, "--input", &x, "--table", &table];
        polycert(&[&start[..], rest].concat())
    };
    // Logits move by e_1 + e_2 and 3 e_2.
    let j = line("deviate", &["--worst", "2^-20", "--json"])
        .exits(0)
        .json();
    let moved = j["samples"][0]["levels"][0]["bound_deviation"]
        .as_f64()
        .unwrap();
    assert!(
        (1.0..1.001).contains(&(moved * 1_048_576.0 / 3.0)),
        "{moved}"
    );
    let r = line(
        "certify",
        &["--worst", "2^-20", "--sigma", "2^-20", "-o", &out],
    )
    .exits(0);
    assert!(
        r.out
            .contains("of target direct_relu: p(x) itself on [-2, 3]"),
        "{}",
        r.out
    );
    let r = line("deviate", &["--worst", "2^-20", "--centre", "relu"]).exits(2);
    assert!(r.err.contains("direct target"), "{}", r.err);
}
