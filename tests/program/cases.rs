//! Small inputs of other people on which an answer was once wrong: now they answer right, or are refused by name.
//! Those of tables are in `targets.rs` and `proofs/import.rs`, of audits and boxes in `audits.rs`.

use crate::support::program::{polycert, Folder};
use crate::support::shared::shared;
use serde_json::{json, Value};
use std::path::Path;

fn table() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu13.json").to_owned()
}

/// Logits of onnxruntime 1.32; the files end with two numbers.
#[test]
fn onnx_files_give_the_logits_of_onnxruntime() {
    let Some(cases) = shared("cases/onnx") else {
        return;
    };
    let line = |name: &str| {
        let at = |end: &str| format!("{}/{name}.{end}", cases.display());
        let rest = [
            "--table",
            &table(),
            "--bound",
            "64",
            "--layout",
            "nchw",
            "--json",
        ];
        let mut line = vec!["network".to_owned(), "evaluate".into(), at("onnx")];
        line.extend(["--input".to_owned(), at("npy")]);
        line.extend(rest.map(str::to_owned));
        polycert(&line)
    };
    for (name, logits) in [
        ("slice_neg_axis", [1.0, 2.0]),
        ("slice_neg_axis_seq", [1.0, 2.0]),
        ("pad_axes", [1.0, 3.0]),
        ("broadcast_rank", [1.0, 2.0]),
        ("add_rank", [5.0, 7.0]),
        ("flatten_rank1", [1.0, 1.0]),
    ] {
        let run = line(name);
        // Equal logits have no class to prove.
        let j = if name == "flatten_rank1" {
            run
        } else {
            run.exits(0)
        }
        .json();
        let ends: Vec<[f64; 2]> =
            serde_json::from_value(j["bound_network_logits"].clone()).unwrap();
        assert_eq!(ends.len(), 2, "{name}");
        for ([lo, hi], exact) in ends.iter().zip(logits) {
            assert!(
                *lo <= exact && exact <= *hi && hi - lo < 1e-9,
                "{name}: {lo} {hi}"
            );
        }
    }
    for (name, why) in [
        ("bn_opset9_training", "training form"),
        ("maxpool_valid_pads", "contradicts"),
    ] {
        let words = line(name).exits(2).err;
        assert!(words.contains(why), "{words}");
    }
}

/// Moduli that are no primes, or that the evaluator cannot run.
#[test]
fn evaluations_of_impossible_moduli_are_rejected() {
    let Some(cases) = shared("cases/evaluation") else {
        return;
    };
    for (name, why) in [
        ("composite_q0", "q_0 = 1125899906842623 is not a prime"),
        (
            "composite_special_primes",
            "p_0 = 281474976710655 is not a prime",
        ),
        ("special_prime_shares_q0", "p_0 = 3377699714039811 is not"),
    ] {
        let file = format!("{}/{name}.json", cases.display());
        let words = polycert(&["check", &file]).exits(1).out;
        assert!(words.contains("REJECTED") && words.contains(why), "{words}");
    }
}

#[test]
fn a_refuted_certificate_ends_with_1() {
    let Some(cases) = shared("cases/tables") else {
        return;
    };
    let file = format!("{}/refuted.cert.json", cases.display());
    let words = polycert(&["check", &file]).exits(1).out;
    assert!(
        words.contains("is FALSE") && words.contains("it is missed by"),
        "{words}"
    );
    polycert(&["check", &file, "--any-verdict"]).exits(0);
}

/// Name and shape of a tensor.
type Extra = (&'static str, &'static [usize]);

/// The same weights with tensors more, behind those that are there.
fn with(file: &Path, extra: &[Extra]) -> Vec<u8> {
    let bytes = std::fs::read(file).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut data = bytes[8 + length..].to_vec();
    for (name, shape) in extra {
        let start = data.len();
        for _ in 0..shape.iter().product() {
            data.extend(1.0f32.to_le_bytes());
        }
        header[*name] =
            json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
    }
    let text = header.to_string();
    let mut all = (text.len() as u64).to_le_bytes().to_vec();
    all.extend(text.as_bytes());
    all.extend(data);
    all
}

/// Tensors that the architecture does not use: a bias, a squeeze and excitation, a stage, a third convolution.
#[test]
fn tensors_that_an_architecture_does_not_use_are_refused() {
    let Some(network) = shared("networks/akamaster_resnet20_cifar10.safetensors") else {
        return;
    };
    let f = Folder::new();
    let cases: [(&str, &[Extra]); 5] = [
        ("conv1.bias", &[("conv1.bias", &[16])]),
        ("layer1.0.conv2.bias", &[("layer1.0.conv2.bias", &[16])]),
        (
            "layer1.0.se.fc",
            &[
                ("layer1.0.se.fc.0.weight", &[4, 16]),
                ("layer1.0.se.fc.2.weight", &[16, 4]),
            ],
        ),
        ("layer4.0", &[("layer4.0.conv1.weight", &[64, 64, 3, 3])]),
        (
            "layer1.0.conv3.weight",
            &[("layer1.0.conv3.weight", &[16, 16, 1, 1])],
        ),
    ];
    // The genuine one, so that the refusals are about what was added.
    f.file("same.safetensors", with(&network, &[]));
    polycert(&["network", "show", &f.at("same.safetensors")]).exits(0);
    for (name, extra) in cases {
        f.file("more.safetensors", with(&network, extra));
        let words = polycert(&["network", "show", &f.at("more.safetensors")])
            .exits(2)
            .err;
        assert!(words.contains(name), "{words}");
    }
}
