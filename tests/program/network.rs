//! `polycert network`: answers, bad input, interruption. Networks are made here, a byte at a time.

use crate::support::program::{command, polycert, read, refused, Folder, F1};
use prost::Message as _;
use serde_json::{json, Value};

/// A safetensors file of f32 arrays.
pub(super) fn safetensors(arrays: &[(&str, &[usize], Vec<f32>)], metadata: &Value) -> Vec<u8> {
    let mut header = json!({"__metadata__": metadata});
    let mut data = vec![];
    for (name, dims, values) in arrays {
        let start = data.len();
        data.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        header[*name] = json!({"dtype": "F32", "shape": dims, "data_offsets": [start, data.len()]});
    }
    let header = header.to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend(data);
    file
}

pub(super) fn npy(kind: &str, dims: &[usize], data: &[u8]) -> Vec<u8> {
    let dims: String = dims.iter().map(|d| format!("{d},")).collect();
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({dims})}}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.bytes());
    file.extend(data);
    file
}

pub(super) const GRAPH: &str = r#"{"format":"polycert-graph/1","input":[2],"layers":[
    {"op":"dense","name":"fc1","weights":"a","bias":"b"},{"op":"relu","name":"act"},
    {"op":"dense","name":"fc2","weights":"c"}]}"#;

/// Two inputs x, y; logits max(4x - 2y, 0) + max(y, 0) and 3 max(y, 0).
pub(super) fn weights() -> Vec<(&'static str, &'static [usize], Vec<f32>)> {
    vec![
        ("a", &[2, 2], vec![4.0, -2.0, 0.0, 1.0]),
        ("b", &[2], vec![0.0, 0.0]),
        ("c", &[2, 2], vec![1.0, 1.0, 0.0, 3.0]),
    ]
}

/// A folder with a network, a table and inputs: bytes (x, y), scaled by 1/255.
pub fn folder(pixels: &[u8]) -> Folder {
    let f = Folder::new();
    f.file(
        "net.safetensors",
        safetensors(&weights(), &json!({"graph": GRAPH})),
    );
    f.file("f1.json", F1);
    f.file("x.npy", npy("|u1", &[pixels.len() / 2, 2], pixels));
    f
}

pub fn line<'a>(f: &'a Folder, command: &'a str, rest: &[&str]) -> Vec<String> {
    let mut all = vec![
        "network".to_owned(),
        command.to_owned(),
        f.at("net.safetensors"),
    ];
    all.extend([
        "--table".to_owned(),
        f.at("f1.json"),
        "--input".to_owned(),
        f.at("x.npy"),
    ]);
    all.extend(rest.iter().map(|s| (*s).to_owned()));
    all
}

#[test]
fn a_network_is_shown() {
    let f = folder(&[0, 0]);
    let r = polycert(&["network", "show", &f.at("net.safetensors")]).exits(0);
    for part in ["parameters   8", "fc1", "dense", "at most 1 on a path"] {
        assert!(r.out.contains(part), "{part}: {}", r.out);
    }
    let j = polycert(&["network", "show", &f.at("net.safetensors"), "--json"])
        .exits(0)
        .json();
    assert_eq!(j["layers"][3]["name"], "fc2");
    assert_eq!(j["activation_neurons"], 2);
}

#[test]
fn one_input_is_evaluated_and_its_verdict_is_the_exit_code() {
    let f = folder(&[255, 0, 0, 255, 51, 51, 0, 0]);
    let at = |sample: &str, scale: &str| {
        polycert(&line(
            &f,
            "evaluate",
            &["--bound", scale, "--sample", sample, "--json"],
        ))
    };
    let j = at("0", "8").exits(0).json();
    assert_eq!(
        (j["verdict"].as_str(), j["network_class"].as_u64()),
        (Some("same"), Some(0))
    );
    // The network's logit is 4; the twin's is 4 (1 + p(1/2))/2 with p(1/2) = 3/4 - 1/16.
    for (list, exact) in [("bound_network_logits", 4.0), ("bound_twin_logits", 3.375)] {
        let ends: Vec<f64> = j[list][0]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_f64().unwrap())
            .collect();
        assert!(
            ends[0] <= exact && exact <= ends[1] && ends[1] - ends[0] < 1e-12,
            "{ends:?}"
        );
    }
    // x = y = 1/5: logits 3/5 and 3/5.
    let j = at("2", "8").exits(1).json();
    assert_eq!(j["verdict"], "undecided");
    // y = 1: logits 1 and 3.
    assert_eq!(at("1", "8").exits(0).json()["twin_class"], 1);
    let words = polycert(&line(&f, "evaluate", &["--bound", "8"]))
        .exits(0)
        .out;
    assert!(words.contains("SAME CLASS 0"), "{words}");
    // The first neuron is 4, beyond B = 3: layer, neuron and the B that is needed.
    let j = at("0", "3").exits(1).json();
    assert_eq!(
        (j["verdict"].as_str(), j["outside"]["layer"].as_str()),
        (Some("outside"), Some("act"))
    );
    assert_eq!(j["outside"]["neuron"], 0);
    let needed = j["outside"]["bound_needed_scale"].as_f64().unwrap();
    assert!((4.0..4.000_001).contains(&needed), "{needed}");
    let words = polycert(&line(&f, "evaluate", &["--bound", "3"]))
        .exits(1)
        .out;
    assert!(words.contains("OUTSIDE: layer act needs B >= 4"), "{words}");
}

#[test]
fn an_audit_counts_and_goes_on_after_an_interruption() {
    let f = folder(&[255, 0, 0, 255, 51, 51, 200, 10, 10, 200]);
    f.file("y.npy", npy("|u1", &[5], &[0, 0, 0, 0, 1]));
    let (out, csv, labels) = (f.at("o.json"), f.at("o.csv"), f.at("y.npy"));
    let run = |extra: &[&str]| {
        let mut rest = vec![
            "--bound", "8", "--labels", &labels, "-o", &out, "--csv", &csv,
        ];
        rest.extend(extra);
        polycert(&line(&f, "audit", &rest))
    };
    let r = run(&[]).exits(1);
    assert!(r.out.contains("SAME CLASS on 4 of 5 samples"), "{}", r.out);
    assert!(
        r.out.contains("right answers of 5: network 3 (") && r.out.contains("twin 4 ("),
        "{}",
        r.out
    );
    let whole: Value = serde_json::from_str(&read(&out)).unwrap();
    assert_eq!(whole["summary"]["undecided"], 1);
    assert_eq!(whole["samples"].as_array().unwrap().len(), 5);
    assert_eq!(read(&csv).lines().count(), 6);
    assert!(!f.path("o.json.journal").exists());
    let before = read(&out);
    let bad = run(&["--from", "9"]).exits(2);
    assert!(bad.err.contains("the file has 5 samples"), "{}", bad.err);
    assert_eq!(read(&out), before);
    f.file("o.json.journal", "not a journal\n");
    let bad = run(&[]).exits(2);
    assert!(bad.err.contains("not a journal of polycert"), "{}", bad.err);
    std::fs::remove_file(f.path("o.json.journal")).unwrap();
    // The journal of these settings, from a run that fails when it writes its result.
    std::fs::create_dir(f.path("d")).unwrap();
    let mut rest = line(&f, "audit", &["--bound", "8", "--labels", &labels, "-o"]);
    rest.push(f.at("d"));
    polycert(&rest).exits(2);
    let journal = read(f.path("d.journal"));
    let digest = journal.lines().next().unwrap();
    let first = |n: usize| {
        let begins = format!("{{\"sample\":{n},");
        journal.lines().find(|l| l.starts_with(&begins)).unwrap()
    };
    // With two samples, one of them marked: they are kept, not computed again.
    let marked = first(0).replace("\"label\":0", "\"label\":77");
    f.file(
        "o.json.journal",
        format!("{digest}\n{marked}\n{}\n{{\"sample\":2,\"lab", first(1)),
    );
    let r = run(&["--threads", "1"]).exits(1);
    assert!(
        r.err.contains("2 of 5 samples are in the journal"),
        "{}",
        r.err
    );
    let again: Value = serde_json::from_str(&read(&out)).unwrap();
    assert_eq!(again["samples"][0]["label"], 77);
    assert_eq!(again["samples"][4], whole["samples"][4]);
    f.file("o.json.journal", format!("{digest}\n"));
    let other = polycert(&line(&f, "audit", &["--bound", "9", "-o", &out])).exits(2);
    assert!(other.err.contains("other settings"), "{}", other.err);
}

#[test]
fn bad_models_and_inputs_are_named() {
    let f = folder(&[255, 0]);
    let net = f.at("net.safetensors");
    let junk = f.file("junk", "junk");
    let mut broken = weights();
    broken[0].2[1] = f32::NAN;
    let nan = f.file(
        "nan.safetensors",
        safetensors(&broken, &json!({"graph": GRAPH})),
    );
    let bare = f.file("bare.safetensors", safetensors(&weights(), &json!({})));
    let metadata = json!({"graph": GRAPH, "mean": "0.5,0.5,0.5"});
    let mean = f.file("mean.safetensors", safetensors(&weights(), &metadata));
    for (file, parts) in [
        (junk, &["junk", "not an ONNX file"][..]),
        (nan, &["layer \"fc1\"", "weights[1] is NaN"]),
        (bare, &["no graph", "--graph"]),
        (mean, &["mean has 3 values", "2 channels"]),
        (f.at("missing"), &["missing", "No such file"]),
    ] {
        let r = polycert(&["network", "show", &file]).exits(2);
        for part in parts {
            assert!(r.err.contains(part), "{part}: {}", r.err);
        }
    }
    let three = f.file("three.npy", npy("|u1", &[1, 3], &[1, 2, 3]));
    let far = f.file("far.npy", npy("<f4", &[2], &[0, 0, 128, 63, 0, 0, 192, 63]));
    let hole = f.file("hole.npy", npy("<f8", &[2], &[255; 16]));
    let table = f.at("f1.json");
    let half = f.file("half.json", F1.replace("\"hi\":\"1\"", "\"hi\":\"1/2\""));
    let evaluate = |extra: &[&str]| {
        let mut all = vec!["network", "audit", &net, "--bound", "8"];
        all.extend(extra);
        all.iter().map(|s| (*s).to_owned()).collect::<Vec<String>>()
    };
    for (extra, parts) in [
        (
            vec!["--table", &table, "--input", &three],
            &["three.npy", "the network takes 2"][..],
        ),
        (
            vec!["--table", &table, "--input", &far, "--input-domain", "0,1"],
            &["channel 1", "1.5 is outside", "[0, 1]"],
        ),
        (
            vec!["--table", &table, "--input", &hole],
            &["NaN is outside", "finite"],
        ),
        (
            vec!["--table", &table, "--input", &table],
            &["neither .npy nor PNG nor JPEG"],
        ),
        (
            vec!["--table", &half, "--input", &far],
            &["half.json", "x/B in [-1, 1]"],
        ),
        (
            vec!["--table", &table, "--table", &table, "--input", &far],
            &["2 tables", "each of the 1 activations"],
        ),
    ] {
        let words = evaluate(&extra);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        refused(&f, &words, parts);
    }
}

fn onnx(operator: &str, dims: &[Result<i64, &str>]) -> Vec<u8> {
    use polycert::network::read::onnx::messages::{
        Dimension, Graph, Model, Node, Opset, Size, TensorShape, TensorType, Type, ValueInfo,
    };
    let dims = dims.iter().map(|d| Dimension {
        size: Some(d.map_or_else(|name| Size::Name(name.into()), Size::Value)),
    });
    let shape = Some(TensorShape {
        dims: dims.collect(),
    });
    let tensor = Some(TensorType { element: 1, shape });
    let value = |name: &str| ValueInfo {
        name: name.into(),
        kind: Some(Type {
            tensor: tensor.clone(),
        }),
    };
    let node = Node {
        inputs: vec!["x".into()],
        outputs: vec!["y".into()],
        name: "the_node".into(),
        operator: operator.into(),
        ..Node::default()
    };
    let graph = Graph {
        nodes: vec![node],
        inputs: vec![value("x")],
        outputs: vec![value("y")],
        ..Graph::default()
    };
    let opset = Opset {
        domain: String::new(),
        version: 13,
    };
    Model {
        graph: Some(graph),
        opsets: vec![opset],
    }
    .encode_to_vec()
}

#[test]
fn onnx_that_is_not_supported_is_named() {
    let f = Folder::new();
    let show = |bytes: Vec<u8>| {
        let file = f.file("m.onnx", bytes);
        polycert(&["network", "show", &file])
    };
    let fixed = [Ok(1), Ok(3), Ok(4), Ok(4)];
    show(onnx("Relu", &fixed)).exits(0);
    show(onnx("Relu", &[Err("batch"), Ok(3), Ok(4), Ok(4)])).exits(0);
    let two = show(onnx("Relu", &[Ok(2), Ok(3), Ok(4), Ok(4)])).exits(0);
    assert!(two.out.contains("2 samples at a time"), "{}", two.out);
    for (bytes, parts) in [
        (
            onnx("Mish", &fixed),
            ["the_node", "not supported", "have polynomial twins"],
        ),
        (
            onnx("Softmax", &fixed),
            ["the_node", "Softmax", "over all classes"],
        ),
        (
            onnx("Relu", &[Ok(1), Ok(3), Err("height"), Ok(4)]),
            ["input \"x\"", "dynamic size \"height\"", "static shapes"],
        ),
        (
            onnx("Conv", &fixed),
            ["the_node", "operand 1", "is missing"],
        ),
        (
            onnx("Relu", &[Ok(1), Ok(1 << 40), Ok(1 << 40)]),
            ["dimensions", "1099511627776", "more than"],
        ),
    ] {
        let r = show(bytes).exits(2);
        for part in parts {
            assert!(r.err.contains(part), "{part:?}: {}", r.err);
        }
    }
    // Cut short anywhere, changed anywhere: an answer, never a panic.
    let good = onnx("Relu", &fixed);
    for n in 0..good.len() {
        let mut changed = good.clone();
        changed[n] ^= 0x55;
        for bytes in [good[..n].to_vec(), changed] {
            let r = show(bytes);
            assert!(
                !r.err.contains("panicked") && [0, 2].contains(&r.code),
                "{n}: {r:?}"
            );
        }
    }
}

#[test]
fn a_certificate_is_written_and_checked_again_by_the_independent_program() {
    let f = folder(&[255, 0, 51, 51]);
    let out = f.at("c.json");
    let r = polycert(&line(&f, "certify", &["--bound", "8", "-o", &out])).exits(0);
    assert!(
        r.out
            .contains("VERIFIED the network and its polynomial twin both answer class 0"),
        "{}",
        r.out
    );
    let check = |network: &str| {
        let bytes = |name: &str| std::fs::read(f.path(name)).unwrap();
        let (c, n, x) = (bytes("c.json"), network.as_bytes(), bytes("c.json.input"));
        polycert_checker::check_network(&c, n, &x).to_string()
    };
    let network = read(f.path("c.json.network"));
    assert!(check(&network).starts_with("VERIFIED"));
    assert!(
        check(&network.replacen("weights 1*2^2", "weights 1*2^3", 1))
            .starts_with("REJECTED digest")
    );
    // What is not proved is not certified: nothing is written.
    let none = f.at("none.json");
    let r = polycert(&line(
        &f,
        "certify",
        &["--bound", "8", "--sample", "1", "-o", &none],
    ))
    .exits(1);
    assert!(
        r.out.contains("UNDECIDED") && r.out.contains("nothing to certify"),
        "{}",
        r.out
    );
    assert!(!f.path("none.json").exists() && !f.path("none.json.network").exists());
}

/// With --worst and --sigma: the deviations of the margins, verified again; a level that opens the class is
/// written, and says so by its exit code; a bound that is made smaller is rejected.
#[test]
fn a_certificate_under_noise_is_written_and_checked_again() {
    let f = folder(&[255, 0, 51, 51]);
    let out = f.at("n.json");
    let with = |rest: &[&str]| {
        let all = [&["--bound", "8", "-o", out.as_str()], rest].concat();
        polycert(&line(&f, "certify", &all))
    };
    let r = with(&["--worst", "2^-20,2^-24", "--sigma", "2^-20"]).exits(0);
    for part in [
        "VERIFIED the network and its polynomial twin both answer class 0",
        "|noise| <= 2^-20 B: logit 0 minus any other moves by at most",
        "independent sub-Gaussian noise of proxy 2^-20 B each, with probability 1 - 2^-32",
        "class 0 stays",
    ] {
        assert!(r.out.contains(part), "{part}: {}", r.out);
    }
    let bytes = |name: &str| std::fs::read(f.path(name)).unwrap();
    let check = |c: &Value| {
        let (n, x) = (bytes("n.json.network"), bytes("n.json.input"));
        polycert_checker::check_network(c.to_string().as_bytes(), &n, &x).to_string()
    };
    let good: Value = serde_json::from_slice(&bytes("n.json")).unwrap();
    assert!(check(&good).starts_with("VERIFIED"));
    // Margin l0 - l1 = r(4x - 2y) - 2 r(y): noise 8 2^-20 on both, 3 8 2^-20 in all, and no more than 1 % above.
    let texts = good["levels"][0]["deviations"][0]
        .as_str()
        .unwrap()
        .to_owned();
    let stated: f64 = {
        let (m, e) = texts.split_once("*2^").unwrap();
        m.parse::<f64>().unwrap() * 2f64.powi(e.parse().unwrap())
    };
    let exact = 24.0 / 1_048_576.0;
    assert!(stated >= exact && stated < 1.01 * exact, "{texts}");
    for (level, field) in [(0, "deviations"), (1, "deviations"), (2, "deviations")] {
        let mut bad = good.clone();
        let text = bad["levels"][level][field][0].as_str().unwrap().to_owned();
        let (m, e) = text.split_once("*2^").unwrap();
        let less = m.parse::<u64>().unwrap() * 1_023;
        let e: i64 = e.parse().unwrap();
        bad["levels"][level][field][0] = json!(format!("{less}*2^{}", e - 10));
        let said = check(&bad);
        assert!(said.contains("below what is proved"), "{said}");
    }
    // More noise than the margin bears: written, and open.
    let r = with(&["--worst", "1/2", "--error-model", "relu_within"]).exits(1);
    assert!(
        r.out.contains("whether the class stays is not proved"),
        "{}",
        r.out
    );
    let r = with(&["--worst", "1/2"]).exits(1);
    assert!(
        r.out.contains("whether the class stays is not proved"),
        "{}",
        r.out
    );
    // Bad requests.
    for (rest, words) in [
        (&["--worst", "2"][..], "a noise level is from 0 to 1"),
        (&["--error-model", "relu_within"][..], "needs --worst"),
        (
            &["--worst", "2^-9", "--envelope", "1,2"][..],
            "--envelope is of",
        ),
        (
            &["--sigma", "1,1,1,1,1,1,1,1,1"][..],
            "9 levels of noise; at most 8",
        ),
    ] {
        let r = with(rest).exits(2);
        assert!(r.err.contains(words), "{words}: {}", r.err);
    }
}

/// Our own network, as it is shipped: residual additions, batch norm, max-pooling.
#[test]
fn our_network_is_certified_under_noise() {
    let at = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates");
        path.join(name).display().to_string()
    };
    let f = Folder::new();
    let out = f.at("fashion.json");
    // Some ten seconds of both cores, longer on a busy machine: without the limit of other commands.
    let r = command()
        .args([
            "network",
            "certify",
            &at("networks/fashion/network.safetensors"),
            "--table",
            &at("relu13.json"),
            "--bound",
            "32",
            "--input",
            &at("networks/fashion/images.npy"),
            "--worst",
            "2^-26",
            "--sigma",
            "2^-24",
            "-o",
            &out,
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&r.stdout);
    assert_eq!(r.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("class 9 stays").count(), 2, "{said}");
}

/// A power of two that is only ever a scale of CKKS is not taken for B, here as in `certify`.
#[test]
fn the_scale_of_the_scheme_is_not_taken_for_b() {
    let f = folder(&[255, 0]);
    let out = f.at("out.json");
    for (command, more) in [
        ("evaluate", vec![]),
        ("certify", vec!["-o", &out]),
        ("deviate", vec!["--worst", "2^-30"]),
        ("audit", vec!["-o", &out]),
    ] {
        for (b, bits) in [
            ("2^40", 40),
            ("1099511627776", 40),
            ("2^50", 50),
            ("8,2^41", 41),
        ] {
            let words = polycert(&line(&f, command, &[&["--bound", b], &more[..]].concat()))
                .exits(2)
                .err;
            let parts = [
                "--bound",
                &format!("--log-scale {bits}"),
                "inputs are in [-B, B]",
            ];
            assert!(
                parts.iter().all(|p| words.contains(p)),
                "{command}: {words}"
            );
        }
    }
    assert!(!f.path("out.json").exists());
    // 2^40 - 1 and 2^19 may be meant.
    for b in ["1099511627775", "2^19"] {
        let run = polycert(&line(&f, "evaluate", &["--bound", b]));
        assert!(run.code != 2, "{run:?}");
    }
}
