//! What every answer says of its inputs: the formula, the order of channels, what is assumed, and what looks forgotten.

use crate::network::{npy, safetensors};
use crate::support::program::{polycert, Folder, Run, F1};
use polycert::network::read::onnx::messages::{
    Attribute, Dimension, Graph, Model, Node, Opset, Size, TensorShape, TensorType, Type, ValueInfo,
};
use prost::Message as _;
use serde_json::{json, Value};

/// 3 channels of 4 x 4 pixels: a batch norm, the mean of each channel, ReLU, and as logits the channels times 1, 2, 4.
const GRAPH: &str = r#"{"format":"polycert-graph/1","input":[3,4,4],"layers":[
    {"op":"batch_norm","name":"bn","prefix":"bn","epsilon":"0"},{"op":"global_avg_pool"},{"op":"flatten"},
    {"op":"relu","name":"act"},{"op":"dense","weights":"w"}]}"#;

/// Pixels (row 0 first, channels last) of which channel c is 40 c + 10 or 40 c + 50 in turn.
fn pixels() -> Vec<u8> {
    (0..48)
        .map(|i| (40 * (i % 3) + 10 + 40 * (i / 3 % 2)) as u8)
        .collect()
}

/// A folder with the network, whose header has these entries besides, and the samples.
fn folder(entries: &Value) -> Folder {
    let f = Folder::new();
    let mut header = json!({"graph": GRAPH});
    for (key, value) in entries.as_object().unwrap() {
        header[key] = value.clone();
    }
    // Of the values (v/255 - 1/2)/(1/4): means and variances that the samples have.
    let weights: Vec<f32> = vec![1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 4.0];
    let mean = (0..3)
        .map(|c| ((40 * c + 30) as f32 / 255.0 - 0.5) * 4.0)
        .collect();
    let variance = vec![(20.0f32 / 255.0 * 4.0).powi(2); 3];
    let arrays: [(&str, &[usize], Vec<f32>); 5] = [
        ("bn.weight", &[3], vec![1.0; 3]),
        ("bn.bias", &[3], vec![1.0; 3]),
        ("bn.running_mean", &[3], mean),
        ("bn.running_var", &[3], variance),
        ("w", &[3, 3], weights),
    ];
    f.file("net.safetensors", safetensors(&arrays, &header));
    f.file("f1.json", F1);
    f.file("x.npy", npy("|u1", &[1, 4, 4, 3], &pixels()));
    f
}

fn ask(f: &Folder, command: &str, rest: &[&str]) -> Run {
    let at = ["net.safetensors", "f1.json", "x.npy"].map(|name| f.at(name));
    let line = [
        "network", command, &at[0], "--table", &at[1], "--bound", "8", "--input", &at[2],
    ];
    polycert(&[&line[..], rest].concat())
}

/// What is said of the inputs in JSON, and in words line by line.
fn said(f: &Folder, rest: &[&str]) -> Vec<String> {
    let answer = ask(f, "evaluate", &[rest, &["--json"]].concat()).json();
    let list = answer["input_said"].as_array().unwrap().iter();
    let list: Vec<String> = list.map(|s| s.as_str().unwrap().to_owned()).collect();
    let words = ask(f, "evaluate", rest).out;
    for line in &list {
        assert!(
            words.contains(&format!("input: {line}\n")),
            "{line}: {words}"
        );
    }
    list
}

#[test]
fn every_answer_names_the_preparation() {
    let f = folder(&json!({"mean": "0.5", "std": "0.25"}));
    let formula = "(1/255 v - mean)/std, mean 0.5, std 0.25, channels as in the file, RGB where it is RGB, NCHW from an \
                   NHWC file";
    assert_eq!(said(&f, &[]), [formula]);
    let line = format!("input: {formula}\n");
    let audit = f.at("audit.json");
    let certificate = f.at("c.json");
    for (command, rest) in [
        ("audit", vec!["-o", &audit]),
        ("deviate", vec!["--worst", "2^-30", "--attack", "0"]),
        ("certify", vec!["-o", &certificate]),
    ] {
        let r = ask(&f, command, &rest);
        assert!(r.out.contains(&line), "{command}: {r:?}");
    }
    let at = ["net.safetensors", "x.npy", "r.csv"].map(|name| f.at(name));
    f.file("r.csv", "act,9\n");
    let ranges = [
        "network", "ranges", &at[0], "--input", &at[1], "--ranges", &at[2],
    ];
    assert!(polycert(&ranges).out.contains(&line));
    let found = polycert(&[&ranges[..], &["--json"]].concat()).json();
    assert_eq!(found["input_said"], json!([formula]));
    // The page of an audit says it too.
    let written: Value = serde_json::from_str(&crate::support::program::read(&audit)).unwrap();
    assert_eq!(written["input_said"], json!([formula]));
    let page = f.at("audit.html");
    polycert(&["report", &audit, "-o", &page]).exits(0);
    let html = crate::support::program::read(&page);
    assert!(html.contains("(1/255 v - mean)/std, mean 0.5, std 0.25"));
}

#[test]
fn what_nobody_states_is_assumed_in_words() {
    let f = folder(&json!({}));
    let all = said(&f, &[]);
    assert!(all[0].starts_with("1/255 v, channels"), "{all:?}");
    assert!(
        all[1].starts_with("assumed: bytes are pixels, divided by 255;"),
        "{all:?}"
    );
    let stated = said(
        &f,
        &["--value-scale", "1/255", "--mean", "0.5", "--std", "0.25"],
    );
    assert_eq!(stated.len(), 1, "{stated:?}");
    let f = folder(&json!({"mean": "0.5", "std": "0.25"}));
    let floats: Vec<u8> = pixels()
        .iter()
        .flat_map(|&v| (f32::from(v) / 256.0).to_le_bytes())
        .collect();
    f.file("x.npy", npy("<f4", &[1, 4, 4, 3], &floats));
    let all = said(&f, &[]);
    assert!(
        all[1].starts_with("assumed: these numbers, which are no bytes, are in [0, 1]"),
        "{all:?}"
    );
}

#[test]
fn a_forgotten_preparation_is_warned_of() {
    let warned = |entries: Value, rest: &[&str]| {
        let all = said(&folder(&entries), rest);
        all.into_iter()
            .filter(|s| s.starts_with("WARNING"))
            .collect::<Vec<_>>()
    };
    let right = json!({"mean": "0.5", "std": "0.25"});
    assert!(warned(right.clone(), &[]).is_empty());
    // The factor: numbers to 130 times 4, both warnings.
    let all = warned(right, &["--value-scale", "1", "--input-domain", "0,255"]);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all[0].contains("reach from 38.0000 to 518.0000 (measured), outside [-10, 10]"),
        "{all:?}"
    );
    assert!(
        all[1].contains("at the first batch norm, \"bn\""),
        "{all:?}"
    );
    // A factor too many: inputs hardly differ.
    let all = warned(
        json!({"mean": "0.5", "std": "0.25", "scale": "1/65025"}),
        &[],
    );
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(
        all[0].contains("within a sample 2^-16.0 of its own variance"),
        "{all:?}"
    );
}

#[test]
fn channels_are_reversed_before_mean_and_deviation() {
    let logits = |entries: Value, rest: &[&str]| {
        let f = folder(&entries);
        let answer = ask(&f, "evaluate", &[rest, &["--json"]].concat()).json();
        let list = answer["bound_network_logits"].as_array().unwrap().clone();
        let said = answer["input_said"][0].as_str().unwrap().to_owned();
        let middle: Vec<f64> = list.iter().map(|b| b[0].as_f64().unwrap()).collect();
        (middle, said)
    };
    // Means of the channels are those of the batch norm, whose bias is 1; reversed, the outer two are 80/20 deviations off.
    let rgb = json!({"mean": "0.5", "std": "0.25"});
    let bgr = json!({"mean": "0.5", "std": "0.25", "channels": "bgr"});
    let near =
        |found: &[f64], exact: [f64; 3]| found.iter().zip(exact).all(|(a, b)| (a - b).abs() < 1e-5);
    let (found, said) = logits(rgb.clone(), &[]);
    assert!(
        near(&found, [1.0, 2.0, 4.0]) && said.contains("channels as in the file"),
        "{found:?} {said}"
    );
    for (entries, rest) in [(rgb, &["--channels", "bgr"][..]), (bgr.clone(), &[])] {
        let (found, said) = logits(entries, rest);
        assert!(near(&found, [5.0, 2.0, 0.0]), "{found:?}");
        assert!(said.contains("channels BGR, the file's reversed"), "{said}");
    }
    let (found, _) = logits(bgr, &["--channels", "rgb"]);
    assert!(near(&found, [1.0, 2.0, 4.0]), "{found:?}");
    // The mean is in the network's order: that of its first channel, blue.
    let f = folder(&json!({"mean": "0,0,0.5", "std": "1", "channels": "bgr"}));
    let at = f.at("net.safetensors");
    let shown = polycert(&["network", "show", &at]).exits(0).out;
    assert!(
        shown.contains("channels     BGR, the file's reversed"),
        "{shown}"
    );
    let f = folder(&json!({"channels": "grb"}));
    let r = ask(&f, "evaluate", &[]).exits(2);
    assert!(
        r.err.contains("__metadata__.channels") && r.err.contains("\"grb\" is not rgb or bgr"),
        "{r:?}"
    );
    let r = ask(&folder(&json!({})), "evaluate", &["--channels", "gbr"]).exits(2);
    assert!(r.err.contains("rgb or bgr"), "{r:?}");
    // A network of two numbers has no colours.
    let f = crate::network::folder(&[1, 2]);
    let r = polycert(&crate::network::line(
        &f,
        "evaluate",
        &["--bound", "8", "--channels", "rgb"],
    ))
    .exits(2);
    assert!(
        r.err
            .contains("--channels: the network's input has 2 channels, not 3"),
        "{r:?}"
    );
}

/// A network whose file takes channels last: the class of a flat sample depends on its order, so the order is asked for.
#[test]
fn flat_samples_of_channels_last_are_asked_for_their_layout() {
    let dims = [1, 1, 2, 3].map(|d| Dimension {
        size: Some(Size::Value(d)),
    });
    let value = |name: &str, shape| ValueInfo {
        name: name.into(),
        kind: Some(Type {
            tensor: Some(TensorType { element: 1, shape }),
        }),
    };
    let node = |operator: &str, from: &str, to: &str, perm: &[i64]| Node {
        inputs: vec![from.into()],
        outputs: vec![to.into()],
        operator: operator.into(),
        attributes: (!perm.is_empty())
            .then(|| Attribute {
                name: "perm".into(),
                ints: perm.to_vec(),
                ..Attribute::default()
            })
            .into_iter()
            .collect(),
        ..Node::default()
    };
    let graph = Graph {
        nodes: vec![
            node("Transpose", "x", "t", &[0, 3, 1, 2]),
            node("Relu", "t", "r", &[]),
            node("Flatten", "r", "y", &[]),
        ],
        inputs: vec![value(
            "x",
            Some(TensorShape {
                dims: dims.to_vec(),
            }),
        )],
        outputs: vec![value("y", None)],
        ..Graph::default()
    };
    let opset = Opset {
        domain: String::new(),
        version: 13,
    };
    let model = Model {
        graph: Some(graph),
        opsets: vec![opset],
    };
    let f = Folder::new();
    f.file("net.onnx", model.encode_to_vec());
    f.file("f1.json", F1);
    let [net, table, x] = ["net.onnx", "f1.json", "x.npy"].map(|n| f.at(n));
    let line = [
        "network", "evaluate", &net, "--table", &table, "--bound", "64", "--input", &x,
    ];
    let class = |dims: &[usize], rest: &[&str]| {
        f.file("x.npy", npy("|u1", dims, &[0, 50, 0, 0, 0, 0]));
        polycert(&[&line[..], rest, &["--json"]].concat())
    };
    // Element 1 is the second pixel of the first channel, or the first pixel of the second channel.
    for dims in [&[6][..], &[1, 6]] {
        let r = class(dims, &[]).exits(2);
        assert!(
            r.err.contains("NCHW or NHWC: say which with --layout"),
            "{r:?}"
        );
        let nchw = class(dims, &["--layout", "nchw"]).exits(0).json();
        assert_eq!(nchw["network_class"], 1, "{dims:?}");
        let nhwc = class(dims, &["--layout", "nhwc"]).exits(0).json();
        assert_eq!(nhwc["network_class"], 2, "{dims:?}");
    }
    assert_eq!(
        class(&[1, 1, 2, 3], &[]).exits(0).json()["network_class"],
        2
    );
}
