//! Ranges on trial, against exact evaluation: what HOLDS holds, and every witness is one.

use crate::enclosures::{exact, network, Source};
use crate::support::effort::multiplier;
use crate::support::shared::shared;
use polycert::arith::ball::Ball;
use polycert::jobs::network::ranges::{ranges, Choice, Request, Source as From};
use polycert::jobs::network::{InputFile, Model, Polynomials};
use polycert::network::forward::compare::Precision;
use polycert::network::forward::{Given, Prepared};
use polycert::network::model::ops::Op;
use polycert::network::model::tensor::Tensor;
use polycert::network::ranges::judge::Judgement;
use polycert::network::ranges::sample::try_sample;
use polycert::network::read::ranges::{Extent, Span};
use rug::Rational;
use std::path::{Path, PathBuf};

fn q(x: f64) -> Rational {
    Rational::from_f64(x).unwrap()
}

/// The numbers that an activation is asked: its inputs, or the differences of its matches.
fn asked(op: &Op, x: &[Rational], lists: &[Vec<usize>]) -> Vec<(usize, Rational)> {
    if !matches!(op, Op::MaxPool(_)) {
        return x.iter().cloned().enumerate().collect();
    }
    let mut all = vec![];
    for (i, list) in lists.iter().enumerate() {
        let mut round: Vec<Rational> = list.iter().map(|&k| x[k].clone()).collect();
        while round.len() > 1 {
            for pair in round.chunks_exact(2) {
                all.push((i, Rational::from(&pair[0] - &pair[1])));
            }
            let next = round.chunks(2).map(|p| p.iter().max().unwrap().clone());
            round = next.collect();
        }
    }
    all
}

#[test]
fn judgements_are_true_of_the_exact_network() {
    let (mut held, mut violated) = (0, 0);
    for seed in 0..300 * multiplier() {
        let mut s = Source {
            state: seed * 77 + 5,
            extreme: false,
        };
        let n = network(&mut s, 4);
        let nodes = n.activations();
        let shape = n.input_shape();
        let x = s.numbers(shape.len());
        let values: Vec<Rational> = x.iter().copied().map(q).collect();
        let (_, inputs) = exact(&n, &values, None);
        // Ends drawn near the numbers themselves, so that either side happens; now and then a number itself.
        let mut span = |input: &[Rational]| {
            let shift = |s: &mut Source| {
                Rational::from((s.next(9) as i32 - 2, 8)) * i32::from(s.next(3) > 0)
            };
            let least = input.iter().min().unwrap();
            let most = input.iter().max().unwrap();
            let (lo, hi) = (least - shift(&mut s), most + shift(&mut s));
            Span {
                hi: hi.max(lo.clone()),
                lo,
            }
        };
        let stated: Vec<Extent> = nodes
            .iter()
            .zip(&inputs)
            .map(|(&node, input)| {
                if seed % 2 == 0 {
                    Extent::All(span(input))
                } else {
                    let channels = n.nodes[node].shape.channels;
                    Extent::Channels((0..channels).map(|_| span(input)).collect())
                }
            })
            .collect();
        let prepared = Prepared::new(&n).unwrap();
        let balls: Vec<Ball> = x.iter().map(|&v| Ball::exact(v)).collect();
        let tensor = Tensor::from_balls(shape, &balls);
        let trial = try_sample(
            &prepared,
            &stated,
            None,
            Given::from(&tensor),
            Precision::BY_NEED,
        )
        .unwrap();
        assert_eq!(trial.seen.len(), nodes.len());
        for (k, seen) in trial.seen.iter().enumerate() {
            let node = &n.nodes[nodes[k]];
            let from = n.nodes[node.inputs[0]].shape;
            let lists = match &node.op {
                Op::MaxPool(w) => crate::enclosures::in_windows(*w, from, node.shape),
                _ => vec![],
            };
            let asked = asked(&node.op, &inputs[k], &lists);
            let pixels = node.shape.pixels();
            let outside = |(i, v): &(usize, Rational)| {
                let span = stated[k].of(i / pixels);
                *v < span.lo || *v > span.hi
            };
            match seen.judgement {
                Judgement::Holds => {
                    assert!(!asked.iter().any(outside), "seed {seed} layer {k}");
                    held += 1;
                }
                Judgement::Violated(w) => {
                    violated += 1;
                    let witness = |a: &&(usize, Rational)| {
                        a.0 == w.neuron && q(w.bound_lo) <= a.1 && a.1 <= q(w.bound_hi)
                    };
                    let found = asked.iter().find(witness).expect("the witness is there");
                    assert!(outside(found), "seed {seed} layer {k} {w:?}");
                    let (channel, row, column) = w.place;
                    assert_eq!(
                        w.neuron,
                        (channel * node.shape.height + row) * node.shape.width + column
                    );
                }
                Judgement::Undecided(_) => {}
            }
            for (i, v) in &asked {
                let (lo, hi) = seen.channels[i / pixels];
                assert!(q(lo) <= *v && *v <= q(hi));
            }
        }
    }
    assert!(held > 50 && violated > 50, "{held} {violated}");
}

fn request(network: PathBuf, images: PathBuf, source: From) -> Request {
    let mut input = InputFile::new(images);
    let list = |v: [i64; 3]| Some(v.iter().map(|n| Rational::from((*n, 1_000))).collect());
    (input.mean, input.std) = (list([485, 456, 406]), list([229, 224, 225]));
    Request {
        model: Model::new(network),
        input,
        source,
        twin: None,
        from: 0,
        count: Some(4),
        risk: 0.05,
        most_bits: 1_024,
        boxed: None,
    }
}

/// The ranges that the ResNet-32 of ACE is released with, and two of them made too small.
#[test]
fn published_ranges_hold_and_smaller_ones_do_not() {
    let (Some(network), Some(images)) = (
        shared("networks/ace_resnet32_cifar10.onnx"),
        shared("images/cifar10_test_000_099_u8_nhwc.npy"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let list = |first: &str, last: &str| {
        let pairs = [
            ("/relu/Relu", first),
            ("/layer3/layer3.3/relu_1/Relu", "10"),
            ("/layer3/layer3.4/relu_1/Relu", last),
        ];
        let pairs: Vec<String> = pairs.iter().map(|(n, b)| format!("{n}={b}")).collect();
        let file = folder.path().join(format!("{first}-{last}.txt"));
        let text = format!("-SIHE:relu_vr_def=6:relu_vr={}", pairs.join(";"));
        std::fs::write(&file, text).unwrap();
        From::File { file, fit: None }
    };
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates/relu13.json");
    let mut right = request(network.clone(), images.clone(), list("4", "11"));
    right.twin = Some(Polynomials {
        scales: vec![],
        ..Polynomials::new(&table, 1)
    });
    let answer = ranges(&right, &|_, _| ()).unwrap();
    assert!(answer.holds(), "{:?}", answer.network);
    let twin = answer.twin.unwrap();
    assert_eq!((twin.same, twin.after.len()), (4, 0));
    let mut wrong = request(network, images, list("1", "9"));
    wrong.twin = right.twin;
    let answer = ranges(&wrong, &|_, _| ()).unwrap();
    assert!(!answer.holds());
    let layers = &answer.network.layers;
    assert_eq!((layers[0].violated, layers[0].holds), (4, 0));
    // Sample 3 reaches 9.88 in the last ReLU, as plain f64 and the network's authors' tools say.
    let last = layers.last().unwrap();
    let a = last.worst().unwrap();
    assert_eq!((last.violated, last.holds, a.sample), (1, 3, 3));
    assert_eq!(a.witness.place, (59, 3, 3));
    assert!(9.88 < a.witness.bound_lo && a.witness.bound_hi < 9.89);
    let twin = answer.twin.unwrap();
    assert_eq!((twin.same, twin.after.len()), (0, 4));
    assert!(twin
        .after
        .iter()
        .all(|a| a.activation == 0 && a.bound_log2_response.unwrap() > 100.0));
}

/// Chosen on some samples, tried on others alone; Orion's margin is fitted on a file.
#[test]
fn ranges_are_chosen_on_other_samples_than_they_are_tried_on() {
    let at = |f: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("certificates/networks/fashion")
            .join(f)
    };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("ranges.json");
    let choice = |margin: i64, channels: bool, samples| {
        From::Chosen(Choice {
            margin: Rational::from((margin, 8)),
            samples,
            channels,
            output: output.clone(),
        })
    };
    let ask = |source: From, count| {
        let mut r = request(at("network.safetensors"), at("images.npy"), source);
        (r.input.mean, r.input.std, r.count) = (None, None, count);
        ranges(&r, &|_, _| ())
    };
    let answer = ask(choice(16, false, Some(3)), Some(10)).unwrap();
    assert!(answer.holds());
    assert_eq!(answer.network.samples, 7);
    let text = std::fs::read_to_string(&output).unwrap();
    assert!(
        text.contains("\"tried_on\": 7") && text.contains("polycert-ranges/1"),
        "{text}"
    );
    // What was written is read, and means the same.
    let again = ask(
        From::File {
            file: output.clone(),
            fit: None,
        },
        Some(10),
    )
    .unwrap();
    assert_eq!((again.stated, again.network.samples), (answer.stated, 10));
    let channels = ask(choice(16, true, None), Some(10)).unwrap();
    assert!(channels
        .stated
        .iter()
        .all(|e| matches!(e, Extent::Channels(_))));
    assert_eq!(channels.network.samples, 5);
    for (bad, words) in [
        (choice(4, false, None), "below 1"),
        (choice(8, false, Some(10)), "one more to try"),
    ] {
        assert!(ask(bad, Some(10)).unwrap_err().to_string().contains(words));
    }
    let yaml = folder.path().join("orion.yml");
    std::fs::write(&yaml, "orion:\n  margin: 2\n").unwrap();
    let margin = |fit: Option<PathBuf>| From::File {
        file: yaml.clone(),
        fit,
    };
    assert!(ask(margin(None), Some(2))
        .unwrap_err()
        .to_string()
        .contains("--fit"));
    let answer = ask(margin(Some(at("images.npy"))), None).unwrap();
    assert!(answer.holds());
    for (extent, layer) in answer.stated.iter().zip(&answer.network.layers) {
        let most = q(layer.bound_hi.max(-layer.bound_lo)) * 2u32;
        let b = extent.reach();
        assert!(b >= most && b < most + 1u32 && *b.denom() == 1u32);
    }
}

/// Over the whole box: what is proved there holds of samples drawn from it.
#[test]
fn ranges_over_a_box() {
    let Some(network) = shared("networks/heloc_23-64-32-1.onnx") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<f32> = (0..23 * 8).map(|i| (i * 37 % 101) as f32 / 101.0).collect();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 23), }\n";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.bytes());
    npy.extend(rows.iter().flat_map(|v| v.to_le_bytes()));
    let images = folder.path().join("x.npy");
    std::fs::write(&images, npy).unwrap();
    let ask = |b: &str| {
        let file = folder.path().join("r.json");
        let text = format!(r#"{{"format":"polycert-ranges/1","layers":[],"rest":"{b}"}}"#);
        std::fs::write(&file, text).unwrap();
        let mut r = request(
            network.clone(),
            images.clone(),
            From::File { file, fit: None },
        );
        (r.input.mean, r.input.std, r.count) = (None, None, None);
        r.boxed = Some((Rational::new(), Rational::from(1)));
        ranges(&r, &|_, _| ()).unwrap()
    };
    let answer = ask("1000");
    assert!(answer.holds());
    let boxed = answer.boxed.unwrap();
    for (b, layer) in boxed.iter().zip(&answer.network.layers) {
        assert!(b.bound_lo <= layer.bound_lo && layer.bound_hi <= b.bound_hi && b.holds);
    }
    let least = boxed[0].bound_hi.max(-boxed[0].bound_lo);
    let answer = ask(&format!("{}", least * 0.99));
    assert!(!answer.holds() && !answer.boxed.unwrap()[0].holds);
}
