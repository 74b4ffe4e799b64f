//! `polycert network box`, `deviate`, and `audit` under noise: figures, verdicts, exit codes, bad requests.

use crate::support::program::Folder;
use crate::support::shared::shared;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn polycert(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polycert"))
        .current_dir(root())
        .args(arguments)
        .output()
        .unwrap()
}

fn json(arguments: &[&str]) -> (Value, Option<i32>) {
    let out = polycert(arguments);
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    let value = serde_json::from_slice(&out.stdout);
    (
        value.unwrap_or_else(|e| panic!("{e}: {error}")),
        out.status.code(),
    )
}

fn refused(arguments: &[&str], said: &str) {
    let out = polycert(arguments);
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{error}");
    assert!(error.contains(said), "{error}");
}

const NETWORK: &str = "certificates/networks/fashion/network.safetensors";
const IMAGES: &str = "certificates/networks/fashion/images.npy";

fn deviate(rest: &[&str]) -> Vec<String> {
    let fixed = [
        "network",
        "deviate",
        NETWORK,
        "--table",
        "certificates/relu13.json",
        "--input",
        IMAGES,
    ];
    fixed.iter().chain(rest).map(|s| (*s).to_owned()).collect()
}

fn words_of(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

#[test]
fn the_shipped_network_is_certified_under_little_noise_and_not_under_much() {
    let request = deviate(&[
        "--bound",
        "32",
        "--worst",
        "2^-26,2^-2",
        "--sigma",
        "2^-24",
        "--attack",
        "1",
        "--json",
    ]);
    let (found, code) = json(&words_of(&request));
    // The largest level breaks the class, so the run as a whole is no success.
    assert_eq!(code, Some(1));
    assert_eq!(found["certified_at_every_level"], 0);
    let sample = &found["samples"][0];
    assert_eq!(
        (&sample["class"], &sample["network_class"]),
        (&9.into(), &9.into())
    );
    let level = |i: usize| &sample["levels"][i];
    for i in [0, 2] {
        let number = |name: &str| level(i)[name].as_f64().unwrap();
        assert_eq!(level(i)["certified"], true, "{sample:#}");
        assert!(number("measure_observed") <= number("bound_deviation"));
        assert!(number("estimate_first_order") <= number("bound_deviation"));
        assert!(number("bound_deviation") < 0.1);
    }
    let attacked = level(0)["estimate_attacked_margin"].as_f64().unwrap();
    assert!(attacked >= level(0)["bound_margin"].as_f64().unwrap());
    assert_eq!(level(1)["certified"], false);
    assert!(level(1)["bound_deviation"].is_null());
}

#[test]
fn noise_that_makes_no_sense_is_refused() {
    refused(
        &words_of(&deviate(&["--bound", "32"])),
        "noise levels with --worst and --sigma",
    );
    refused(
        &words_of(&deviate(&["--bound", "32", "--worst", "2"])),
        "from 0 to 1 in units of B",
    );
    refused(
        &words_of(&deviate(&["--bound", "1/3", "--worst", "2^-20"])),
        "B that is an f64",
    );
    refused(
        &words_of(&deviate(&["--bound", "2", "--worst", "2^-20"])),
        "needs B >=",
    );
    refused(
        &words_of(&deviate(&[
            "--bound", "32", "--worst", "2^-20", "--from", "40",
        ])),
        "has 40 samples",
    );
}

/// Around ReLU the noise is the error of the twin's own polynomial: with its coefficients as the twin holds them.
#[test]
fn proved_levels_are_of_the_coefficients_in_use() {
    for coefficients in ["exact", "fixed:4"] {
        let request = [
            "certify",
            "certificates/relu13.json",
            "--only-error",
            "--json",
            "--coefficients",
            coefficients,
        ];
        let bound = json(&request).0["bound_hi_decimal"].clone();
        let bound: f64 = bound.as_str().unwrap().parse().unwrap();
        let request = deviate(&[
            "--bound",
            "32",
            "--centre",
            "relu",
            "--attack",
            "0",
            "--json",
            "--coefficients",
            coefficients,
        ]);
        let level = json(&words_of(&request)).0["samples"][0]["levels"][0]["noise"].clone();
        assert_eq!(level, format!("sup {bound:.3e} B"), "{coefficients}");
    }
}

/// An audit of the first samples of the shipped network.
fn audit(folder: &Folder, name: &str, rest: &[&str]) -> (Output, Value) {
    let out = folder.at(name);
    let fixed = [
        "network",
        "audit",
        NETWORK,
        "--table",
        "certificates/relu13.json",
        "--input",
        IMAGES,
        "--labels",
        "certificates/networks/fashion/labels.npy",
        "--count",
        "3",
        "-o",
        &out,
    ];
    let line: Vec<&str> = fixed.iter().chain(rest).copied().collect();
    let done = polycert(&line);
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    let text = std::fs::read_to_string(&out).unwrap_or_else(|_| panic!("{error}"));
    (done, serde_json::from_str(&text).unwrap())
}

#[test]
fn an_audit_under_noise_counts_what_deviate_proves() {
    let folder = Folder::new();
    let csv = folder.at("a.csv");
    let noise = ["--bound", "32", "--worst", "2^-26,2^-2", "--sigma", "2^-24"];
    let with_csv: Vec<&str> = noise.iter().copied().chain(["--csv", &csv]).collect();
    let (done, found) = audit(&folder, "a.json", &with_csv);
    let words = String::from_utf8_lossy(&done.stdout).into_owned();
    // The largest level changes classes.
    assert_eq!(done.status.code(), Some(1));
    assert!(words.contains("SAME CLASS on 3 of 3"), "{words}");
    for (i, (certified, without)) in [(3, 0), (0, 3), (3, 0)].into_iter().enumerate() {
        let level = &found["levels"][i]["found"];
        assert_eq!(
            (&level["certified"], &level["without_bound"]),
            (&certified.into(), &without.into())
        );
    }
    let ends = &found["levels"][0]["certified_interval"];
    let lo = ends["bound_lo"].as_f64().unwrap();
    // 3 of 3: (1/40)^(1/3).
    assert!(
        (0.292..0.2925).contains(&lo) && ends["bound_hi"] == 1.0,
        "{ends}"
    );
    // The same proof as by `deviate`, told to 7 digits downward.
    let request = deviate(&[&noise[..], &["--attack", "0", "--json"]].concat());
    let (single, _) = json(&words_of(&request));
    for level in [0, 2] {
        let one = single["samples"][0]["levels"][level]["bound_margin"]
            .as_f64()
            .unwrap();
        let two = found["samples"][0]["bound_noise_margins"][level]
            .as_f64()
            .unwrap();
        assert!(two <= one && one - two < 1e-5 * one, "{one} {two}");
    }
    assert!(found["samples"][0]["bound_noise_margins"][1].is_null());
    // First order, added up over the layers, is within what is proved and most of it.
    let layers = found["activations"].as_array().unwrap();
    assert_eq!(layers.len(), 8);
    let sum: f64 = layers
        .iter()
        .map(|l| {
            l["sensitivity"]["estimate_worst"]["greatest"]
                .as_f64()
                .unwrap()
        })
        .sum();
    let moved = sum * 2.0f64.powi(-26);
    let deviation = found["levels"][0]["found"]["bound_greatest_deviation"]
        .as_f64()
        .unwrap();
    assert!(
        moved < 2.5 * deviation && moved > 0.3 * deviation,
        "{moved} {deviation}"
    );
    for l in layers {
        let bits = |kind: &str, which: &str| l["sensitivity"][kind][which].as_f64().unwrap();
        let (worst, sigma) = (
            bits("estimate_worst_bits", "greatest"),
            bits("estimate_sigma_bits", "greatest"),
        );
        assert!(sigma < worst && worst < 26.0 && bits("estimate_worst_bits", "median") <= worst);
    }
    let lines: Vec<String> = std::fs::read_to_string(&csv)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(lines.len(), 4);
    // Ten columns (the last an error), two for each level, five for each layer.
    assert!(
        lines
            .iter()
            .all(|l| l.matches(',').count() == 10 + 6 + 40 - 1),
        "{lines:?}"
    );
    // Other noise is another audit; without noise it needs no level.
    let (plain, found) = audit(&folder, "b.json", &["--bound", "32"]);
    assert_eq!(plain.status.code(), Some(0));
    assert_eq!(found["levels"], serde_json::json!([]));
    assert!(
        found["activations"][0]["sensitivity"]["estimate_sigma"]["median"].as_f64() > Some(0.0)
    );
}

const EVALUATION: &str = "certificates/evaluation/relu13.b.json";

#[test]
fn the_noise_of_an_evaluation_certificate_becomes_a_level() {
    let request = deviate(&[
        "--bound",
        "40",
        "--evaluation",
        EVALUATION,
        "--attack",
        "0",
        "--json",
    ]);
    let (found, _) = json(&words_of(&request));
    let file = std::fs::read_to_string(root().join(EVALUATION)).unwrap();
    let document: Value = serde_json::from_str(&file).unwrap();
    let noise = polycert::arith::number::parse(document["noise"].as_str().unwrap()).unwrap();
    let level = &found["samples"][0]["levels"][0];
    let name = level["noise"].as_str().unwrap();
    let shown: f64 = name
        .strip_prefix("evaluated ")
        .and_then(|n| n.strip_suffix(" B"))
        .unwrap()
        .parse()
        .unwrap();
    let exact = noise.to_f64() / 40.0;
    assert!(exact <= shown && shown < 1.001 * exact, "{name} {exact}");
    // Bounded by at least the first order of a network that has this noise at its last activations.
    assert!(level["estimate_first_order"].as_f64().unwrap() > exact);
    let rests_on = found["rests_on"][0][1].as_str().unwrap();
    for said in [
        "2^-40 for every ciphertext",
        "a fresh extended encryption under the public key",
        EVALUATION,
    ] {
        assert!(rests_on.contains(said), "{said}: {rests_on}");
    }
    let coefficients = ["--bound", "40", "--coefficients", "f64"];
    let rest = [&coefficients[..], &["--evaluation", EVALUATION]].concat();
    refused(&words_of(&deviate(&rest)), "holds coefficients as exact");
    // The bound is as many units of another B.
    let rest = ["--bound", "32", "--evaluation", EVALUATION, "--attack", "0"];
    let (other, _) = json(&words_of(&deviate(&[&rest[..], &["--json"]].concat())));
    assert_eq!(other["samples"][0]["levels"][0]["noise"], name);
    let other = [
        "--bound",
        "40",
        "--evaluation",
        "certificates/relu13.cert.json",
    ];
    refused(&words_of(&deviate(&other)), "no evaluation certificate");
    let table = deviate(&["--bound", "40", "--evaluation", EVALUATION]);
    let table: Vec<String> = table
        .iter()
        .map(|w| w.replace("relu13.json", "relu12.json"))
        .collect();
    refused(&words_of(&table), "is about the table");
    // A noise that is not proved is rejected by the checker before anything is said.
    let folder = Folder::new();
    let smaller = file.replace(document["noise"].as_str().unwrap(), "1*2^-30");
    let forged = folder.file("forged.json", smaller);
    let done = polycert(&words_of(&deviate(&[
        "--bound",
        "40",
        "--evaluation",
        &forged,
    ])));
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{error}");
    assert!(
        error.contains("forged.json") && error.contains("REJECTED") && done.stdout.is_empty(),
        "{error}"
    );
}

/// ZonoPoly (Kern, Manino, Sinz, SAIV 2025) over [0, 1]^23.
#[test]
fn heloc_is_below_the_published_bounds_at_every_degree() {
    let Some(file) = shared("networks/heloc_23-64-32-1.onnx") else {
        return;
    };
    let file = file.to_string_lossy();
    let published = [
        (2, 31.03),
        (5, 13.84),
        (10, 6.558),
        (50, 1.263),
        (100, 0.6278),
        (200, 0.3127),
    ];
    let degrees: Vec<String> = published.iter().map(|p| p.0.to_string()).collect();
    let (found, code) = json(&[
        "network",
        "box",
        &file,
        "--degrees",
        &degrees.join(","),
        "--attack",
        "5",
        "--json",
    ]);
    assert_eq!(code, Some(0));
    for (run, (degree, theirs)) in found["runs"].as_array().unwrap().iter().zip(published) {
        let number = |name: &str| run[name].as_f64().unwrap();
        let ours = number("bound_greatest_difference");
        assert!(ours < theirs, "degree {degree}: {ours}");
        assert!(number("measure_greatest_difference") <= ours);
        assert!(number("measure_share_of_range") <= 1.0);
    }
    for (rest, said) in [
        (vec!["--degrees", "2", "--lo", "1", "--hi", "0"], "is empty"),
        (vec![], "--degrees"),
        (
            vec!["--degrees", "2", "--lo", "-1e400", "--hi", "1e400"],
            "not finite",
        ),
    ] {
        let mut request = vec!["network", "box", &file];
        request.extend(rest);
        refused(&request, said);
    }
}

#[test]
fn activations_that_boxes_do_not_take_are_named() {
    let folder = Folder::new();
    let layers = r#"[{"op":"dense","name":"a","weights":"a"},{"op":"leaky_relu","name":"leak","slope":"1/8"},
        {"op":"dense","name":"b","weights":"b"}]"#;
    let graph = format!(r#"{{"format":"polycert-graph/1","input":[2],"layers":{layers}}}"#);
    let shapes = [("a", vec![2, 2]), ("b", vec![1, 2])];
    let network = weights(&folder, &graph, &shapes, &mut 3);
    for said in ["layer \"leak\" (leaky_relu)", "input boxes takes"] {
        refused(&["network", "box", &network, "--degrees", "2"], said);
    }
}

/// Two convolutions of stride 2 over [0, 1]^784: proved, and what was found is below it.
#[test]
fn a_published_convolutional_network_has_bounds() {
    let Some(file) = shared("networks/mnist_convsmall_eran.safetensors") else {
        return;
    };
    let folder = Folder::new();
    let layers = r#"[{"op":"conv","name":"c0","weights":"0.weight","bias":"0.bias","stride":2},{"op":"relu","name":"r0"},
        {"op":"conv","name":"c1","weights":"2.weight","bias":"2.bias","stride":2},{"op":"relu","name":"r1"},
        {"op":"flatten","name":"f"},{"op":"dense","name":"d0","weights":"5.weight","bias":"5.bias"},
        {"op":"relu","name":"r2"},{"op":"dense","name":"d1","weights":"7.weight","bias":"7.bias"}]"#;
    let graph = format!(r#"{{"format":"polycert-graph/1","input":[1,28,28],"layers":{layers}}}"#);
    let graph = folder.file("graph.json", graph);
    let file = file.to_string_lossy();
    let request = [
        "network",
        "box",
        &file,
        "--graph",
        &graph,
        "--degrees",
        "10",
    ];
    let (found, code) = json(&[&request[..], &["--attack", "1", "--json"]].concat());
    assert_eq!(code, Some(0));
    let run = &found["runs"][0];
    let number = |name: &str| run[name].as_f64().unwrap();
    assert!(number("bound_greatest_difference") < 6.41, "{run}");
    assert!(number("measure_greatest_difference") <= number("bound_greatest_difference"));
    assert!((0.5..=1.0).contains(&number("measure_share_of_range")));
}

/// Polynomials for all of [0, 1]^784 near one image: the twin of degree 100 is really further away than that of degree
/// 50 (what the search reaches says so), and keeps the lower degree's; without --whole every neuron has its own range.
#[test]
fn a_degree_is_not_worse_than_a_lower_one_near_an_image() {
    let (Some(file), Some(images)) = (
        shared("networks/mnist-net_256x4.onnx"),
        shared("images/mnist_test_000_199_u8.npy"),
    ) else {
        return;
    };
    let (file, images) = (file.to_string_lossy(), images.to_string_lossy());
    let near = ["--input", &images, "--radius", "0.01", "--whole", "--json"];
    let run = |rest: &[&str]| {
        let request = [&["network", "box", &file], &near[..], rest].concat();
        json(&request).0["runs"].as_array().unwrap().clone()
    };
    let number = |run: &Value, name: &str| run[name].as_f64().unwrap();
    let alone = run(&["--degrees", "100", "--attack", "10"]);
    let both = run(&["--degrees", "100,50"]);
    let bounds: Vec<f64> = both
        .iter()
        .map(|r| number(r, "bound_greatest_difference"))
        .collect();
    assert!(bounds[0] < 42.0 && bounds[1] == bounds[0], "{bounds:?}");
    assert_eq!(
        [&both[0]["degree"], &both[1]["degree"]],
        [&Value::from(50), &Value::from(50)]
    );
    assert_eq!(both[1]["polynomials"], "degree 100");
    assert_eq!(alone[0]["degree"], 100);
    assert!(number(&alone[0], "measure_greatest_difference") > bounds[0]);
    assert!(number(&alone[0], "bound_greatest_difference") < 87.0);
}

/// A network of text weights: dense, convolution, a shortcut; no shared file is needed.
fn small_network(folder: &Folder) -> String {
    let layers = r#"[{"op":"conv","name":"c","weights":"k","padding":1},{"op":"relu","name":"r"},
        {"op":"conv","name":"d","weights":"l","padding":1},{"op":"add","name":"s","inputs":["d","r"]},
        {"op":"relu","name":"t"},{"op":"flatten","name":"f"},{"op":"dense","name":"o","weights":"w"}]"#;
    let graph = format!(r#"{{"format":"polycert-graph/1","input":[1,3,3],"layers":{layers}}}"#);
    let shapes = [
        ("k", vec![2, 1, 3, 3]),
        ("l", vec![2, 2, 3, 3]),
        ("w", vec![2, 18]),
    ];
    let mut seed = 9u32;
    weights(folder, &graph, &shapes, &mut seed)
}

/// A network of these weights, drawn from [-1/2, 1/2].
fn weights(folder: &Folder, graph: &str, shapes: &[(&str, Vec<usize>)], seed: &mut u32) -> String {
    let mut header = serde_json::json!({"__metadata__": {"graph": graph}});
    let mut data = Vec::new();
    for (name, shape) in shapes {
        let from = data.len();
        for _ in 0..shape.iter().product::<usize>() {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let w = (*seed >> 8) as f32 / 16_777_216.0 - 0.5;
            data.extend(w.to_le_bytes());
        }
        header[*name] =
            serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [from, data.len()]});
    }
    let header = header.to_string();
    let size = (header.len() as u64).to_le_bytes();
    let file = folder.at("small.safetensors");
    std::fs::write(&file, [&size[..], header.as_bytes(), &data].concat()).unwrap();
    file
}

#[test]
fn a_certificate_of_a_box_is_verified_and_nothing_less() {
    let folder = Folder::new();
    let network = small_network(&folder);
    let file = folder.at("box.cert.json");
    let box_of = |rest: &[&str]| {
        let fixed = ["network", "box", &network, "--certificate", &file, "--json"];
        polycert(&[&fixed[..], rest].concat())
    };
    let check = |path: &str| {
        let out = polycert(&["check", path]);
        let words = String::from_utf8_lossy(&out.stdout).into_owned();
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        (words + &error, out.status.code())
    };
    for (rest, most) in [
        (["--degrees", "7"], 0.6),
        (["--table", "certificates/relu07.json"], 0.2),
    ] {
        let out = box_of(&rest);
        assert_eq!(
            out.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let found: Value = serde_json::from_slice(&out.stdout).unwrap();
        let bound = found["runs"][0]["bound_greatest_difference"].as_f64();
        assert!(bound.unwrap() < most, "{bound:?}");
        let (words, code) = check(&file);
        assert_eq!(code, Some(0), "{words}");
        assert!(words.starts_with("VERIFIED over the whole box of 9 inputs"));
        let document: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        // Each stated bound is within 1 % of what the checker proves: less is rejected.
        let parse = |v: &Value| {
            polycert::arith::number::parse(v.as_str().unwrap())
                .unwrap()
                .to_f64()
        };
        for (field, place, share) in [
            ("differences", None, 0.98),
            ("activations", Some(0), 0.99),
            ("activations", Some(1), 0.99),
        ] {
            let mut forged = document.clone();
            let at = match place {
                None => &mut forged[field][0],
                Some(end) => {
                    let last = forged[field].as_array_mut().unwrap().last_mut().unwrap();
                    let neuron = last
                        .as_array_mut()
                        .unwrap()
                        .iter_mut()
                        .find(|n| n.is_array());
                    &mut neuron.unwrap()[end]
                }
            };
            let less = rug::Rational::from_f64(parse(at) * share).unwrap();
            *at = Value::from(polycert::arith::number::write(&less));
            let path = folder.file("forged.cert.json", forged.to_string());
            std::fs::copy(format!("{file}.network"), format!("{path}.network")).unwrap();
            let (words, code) = check(&path);
            assert_eq!(code, Some(1), "{field} {place:?}: {words}");
            assert!(words.starts_with("REJECTED "), "{words}");
        }
    }
    for (rest, said) in [
        (vec!["--degrees", "2,3"], "of one degree or one table"),
        (
            vec!["--degrees", "2", "--certificate", &network],
            "cannot be used multiple times",
        ),
    ] {
        let out = box_of(&rest);
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
}

/// What the producer proves of a network that ends in ReLU the checker proves too: planes with z are not the better ones
/// everywhere, and least of all at the output.
#[test]
fn boxes_of_networks_that_end_in_relu_have_certificates() {
    let folder = Folder::new();
    let layers = r#"[{"op":"dense","name":"a","weights":"a","bias":"p"},{"op":"relu","name":"r"},
        {"op":"dense","name":"b","weights":"b","bias":"q"},{"op":"relu","name":"s"},
        {"op":"dense","name":"c","weights":"c","bias":"o"},{"op":"relu","name":"t"}]"#;
    let graph = format!(r#"{{"format":"polycert-graph/1","input":[2],"layers":{layers}}}"#);
    let shapes = [
        ("a", vec![3, 2]),
        ("p", vec![3]),
        ("b", vec![3, 3]),
        ("q", vec![3]),
        ("c", vec![2, 3]),
        ("o", vec![2]),
    ];
    let mut seed = 1;
    let file = folder.at("relu.cert.json");
    for n in 0..20 {
        let network = weights(&folder, &graph, &shapes, &mut seed);
        let out = polycert(&[
            "network",
            "box",
            &network,
            "--degrees",
            "3",
            "--lo",
            "-3",
            "--hi",
            "2",
            "--certificate",
            &file,
        ]);
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(0), "{n}: {error}");
        let check = polycert(&["check", &file]);
        assert_eq!(check.status.code(), Some(0), "{n}");
    }
}

/// A max-pooling is its tournament: every match has its own polynomial, and the checker plays the same one.
#[test]
fn boxes_through_max_pooling_have_certificates() {
    let folder = Folder::new();
    let file = folder.at("pool.cert.json");
    let shapes = [
        ("k", vec![2, 1, 3, 3]),
        ("p", vec![2]),
        ("w", vec![2, 8]),
        ("q", vec![2]),
    ];
    let mut seed = 7;
    for pool in [
        r#""kernel":2,"stride":2"#,
        r#""kernel":3,"stride":2,"padding":1"#,
    ] {
        let layers = format!(
            r#"[{{"op":"conv","name":"c","weights":"k","bias":"p","padding":1}},{{"op":"relu","name":"r"}},
            {{"op":"max_pool","name":"m",{pool}}},{{"op":"flatten","name":"f"}},
            {{"op":"dense","name":"d","weights":"w","bias":"q"}}]"#
        );
        let graph = format!(r#"{{"format":"polycert-graph/1","input":[1,4,4],"layers":{layers}}}"#);
        let network = weights(&folder, &graph, &shapes, &mut seed);
        let request = [
            "network",
            "box",
            &network,
            "--degrees",
            "4",
            "--attack",
            "3",
        ];
        let certified = [&request[..], &["--certificate", &file, "--json"]].concat();
        let (found, code) = json(&certified);
        assert_eq!(code, Some(0));
        let run = &found["runs"][0];
        let bound = run["bound_greatest_difference"].as_f64().unwrap();
        let reached = run["measure_greatest_difference"].as_f64().unwrap();
        assert!(
            reached <= bound && 0.02 * bound < reached,
            "{reached} {bound}"
        );
        // More polynomials than the 32 elements of the one ReLU: matches have them too.
        assert!(run["replaced"].as_u64() > Some(32), "{run}");
        let check = polycert(&["check", &file]);
        let words = String::from_utf8_lossy(&check.stdout).into_owned();
        assert_eq!(check.status.code(), Some(0), "{words}");
        // Of the last match, where it is asked most.
        let text = std::fs::read_to_string(&file).unwrap();
        let mut forged: Value = serde_json::from_str(&text).unwrap();
        let activations = forged["activations"].as_array_mut().unwrap();
        let functions = activations.last_mut().unwrap().as_array_mut().unwrap();
        let end = |f: &Value| polycert::arith::number::parse(f[1].as_str().unwrap()).unwrap();
        let asked = functions.iter_mut().filter(|f| f.is_array());
        let most = asked.max_by(|f, g| end(f).cmp(&end(g))).unwrap();
        let less = end(most) * 99u32 / 100u32;
        most[1] = Value::from(polycert::arith::number::write(&less));
        let path = folder.file("forged.cert.json", forged.to_string());
        std::fs::copy(format!("{file}.network"), format!("{path}.network")).unwrap();
        let check = polycert(&["check", &path]);
        let words = String::from_utf8_lossy(&check.stdout).into_owned();
        assert_eq!(check.status.code(), Some(1), "{words}");
        assert!(words.starts_with("REJECTED "), "{words}");
    }
}

#[test]
fn a_box_near_a_sample_is_taken_before_mean_and_deviation() {
    let folder = Folder::new();
    let network = small_network(&folder);
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 3, 3), }";
    let header = format!("{header:<117}\n");
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.as_bytes());
    npy.extend([0.5f32; 9].into_iter().flat_map(f32::to_le_bytes));
    let sample = folder.at("x.npy");
    std::fs::write(&sample, npy).unwrap();
    let near = ["--input", &sample, "--radius", "1/8"];
    let of = |rest: &[&str]| {
        let fixed = ["network", "box", &network, "--degrees", "3", "--json"];
        json(&[&fixed[..], &near[..], rest].concat()).0
    };
    let plain = of(&[]);
    let turned = of(&["--mean", "0.5", "--std", "1/4"]);
    for (found, ends) in [(&plain, [0.375, 0.625]), (&turned, [-0.5, 0.5])] {
        let sides = found["box"].as_array().unwrap();
        assert_eq!(sides.len(), 9);
        assert!(
            sides.iter().all(|s| *s == serde_json::json!(ends)),
            "{sides:?}"
        );
    }
    // The ends cut the box before the mean goes off.
    let cut = of(&["--mean", "0.5", "--std", "1/4", "--hi", "0.5"]);
    assert_eq!(cut["box"][0], serde_json::json!([-0.5, 0.0]));
    refused(
        &[
            "network",
            "box",
            &network,
            "--degrees",
            "3",
            "--mean",
            "0.5",
        ],
        "goes with --input",
    );
}
