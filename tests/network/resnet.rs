//! The published ResNet-20 on the published images, where they are at hand: the proved classes, and the
//! enclosures against an evaluation in integers that shares nothing with them.

use crate::support::effort::multiplier;
use crate::support::shared::shared;
use polycert::arith::ball::Ball;
use polycert::arith::npy;
use polycert::arith::rounding::CoefficientMode;
use polycert::network::forward::compare::{compare, Precision, Verdict};
use polycert::network::forward::twin::Activation;
use polycert::network::forward::{Given, Prepared};
use polycert::network::model::graph::Network;
use polycert::network::model::ops::{Op, TensorShape};
use polycert::network::read::input::Samples;
use polycert::network::read::load;
use polycert::network::read::onnx::Options;
use polycert::poly::composite::Composite;
use polycert::poly::table::Table;
use rayon::prelude::*;
use rug::{Integer, Rational};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn table() -> Composite {
    let text = std::fs::read_to_string(root().join("certificates/relu13.json")).unwrap();
    Composite::new(&Table::from_json(&text).unwrap(), CoefficientMode::Exact).unwrap()
}

fn resnet20() -> Option<(Network, Samples)> {
    let path = shared("networks/akamaster_resnet20_cifar10.safetensors")?;
    let images = shared("images/cifar10_test_000_099_u8_nhwc.npy")?;
    let network = load::load(
        &std::fs::read(&path).unwrap(),
        &path,
        None,
        &Options::default(),
    )
    .unwrap()
    .network;
    let images = npy::read(&std::fs::read(images).unwrap()).unwrap();
    let samples = Samples::from_array(images, network.input_shape(), None, false).unwrap();
    Some((network, samples))
}

/// With alpha = 13, B = 40: the images of least margin and some others (all 100 with more effort).
#[test]
fn the_twin_answers_as_the_network() {
    let Some((network, samples)) = resnet20() else {
        return;
    };
    assert_eq!((network.depth(), network.parameters()), (19, 269_722));
    let prepared = Prepared::new(&network).unwrap();
    let twin = vec![Activation::new(&table(), &Rational::from(40)).unwrap(); 19];
    let images: Vec<usize> = if multiplier() > 1 {
        (0..100).collect()
    } else {
        vec![0, 61, 95, 7, 33]
    };
    for i in images {
        let x = samples.input(i, &network.preprocessing, None).unwrap();
        let c = compare(&prepared, &twin, Given::from(&x), Precision::PAIRS).unwrap();
        assert!(
            matches!(c.verdict, Verdict::Same(_)),
            "image {i}: {:?}",
            c.verdict
        );
        let change = c.bound_change().unwrap();
        assert!(change > 1e-4 && change < 0.13, "image {i}: {change}");
        // Plain inference is close to the enclosures' midpoints, though nothing is proved of it.
        let plain = prepared.estimate_plain(&x.hi);
        for (p, ball) in plain.iter().zip(&c.network.logits) {
            assert!((p - ball.hi).abs() < 1e-10, "image {i}");
        }
    }
}

/// Fractional bits of the integers.
const BITS: u32 = 192;

/// x 2^BITS, rounded.
fn fixed(x: &Rational) -> Integer {
    Rational::from(x << BITS).round().into_numer_denom().0
}

fn times(a: &Integer, b: &Integer) -> Integer {
    Integer::from(a * b) >> BITS
}

/// The network in integers of 192 fractional bits, written from the layers' definitions.
fn integers(n: &Network, input: &[Rational], sign: Option<(&[Vec<Integer>], u32)>) -> Vec<Integer> {
    let exact = |x: f64| fixed(&Rational::from_f64(x).unwrap());
    let mut values: Vec<Vec<Integer>> = vec![];
    for node in &n.nodes {
        let out = node.shape;
        let v = |k: usize| &values[node.inputs[k]];
        let from = |k: usize| n.nodes[node.inputs[k]].shape;
        let y: Vec<Integer> = match &node.op {
            Op::Input => input.iter().map(fixed).collect(),
            Op::Conv(c) => {
                // An f32 weight is an integer of 2^-149.
                let w: Vec<Integer> = c
                    .weights
                    .iter()
                    .map(|&w| {
                        (Rational::from_f64(w).unwrap() << 149u32)
                            .into_numer_denom()
                            .0
                    })
                    .collect();
                let (s, win) = (from(0), &c.window);
                let mut y = vec![];
                for o in 0..out.channels {
                    for row in 0..out.height {
                        for col in 0..out.width {
                            let mut sum = Integer::new();
                            for i in 0..s.channels {
                                for (k, (ky, kx)) in
                                    (0..3).flat_map(|a| (0..3).map(move |b| (a, b))).enumerate()
                                {
                                    let r = (row * win.stride[0] + ky).wrapping_sub(1);
                                    let d = (col * win.stride[1] + kx).wrapping_sub(1);
                                    if r < s.height && d < s.width {
                                        sum += &w[(o * s.channels + i) * 9 + k]
                                            * &v(0)[(i * s.height + r) * s.width + d];
                                    }
                                }
                            }
                            y.push(sum >> 149u32);
                        }
                    }
                }
                y
            }
            Op::BatchNorm(b) => {
                let maps: Vec<(Integer, Integer)> = (0..out.channels)
                    .map(|c| {
                        let root = (exact(b.variance[c]) + exact(b.epsilon)) << BITS;
                        let scale = (exact(b.gamma[c]) << BITS) / root.sqrt();
                        let shift = exact(b.beta[c]) - times(&exact(b.mean[c]), &scale);
                        (scale, shift)
                    })
                    .collect();
                let at = |(i, x): (usize, &Integer)| {
                    let (scale, shift) = &maps[i / out.pixels()];
                    times(scale, x) + shift
                };
                v(0).iter().enumerate().map(at).collect()
            }
            Op::Relu { .. } => v(0)
                .iter()
                .map(|x| match sign {
                    None => x.clone().max(Integer::new()),
                    Some((stages, b)) => {
                        let mut y = Integer::from(x / b);
                        for stage in stages {
                            let t = times(&y, &y);
                            let odd = stage
                                .iter()
                                .rev()
                                .fold(Integer::new(), |s, c| times(&s, &t) + c);
                            y = times(&odd, &y);
                        }
                        times(x, &((Integer::from(1) << BITS) + y)) >> 1u32
                    }
                })
                .collect(),
            Op::Add => v(0)
                .iter()
                .zip(v(1))
                .map(|(a, b)| Integer::from(a + b))
                .collect(),
            Op::AvgPool { .. } => v(0)
                .chunks(from(0).pixels())
                .map(|c| c.iter().sum::<Integer>() / c.len() as u32)
                .collect(),
            Op::Subsample { .. } => {
                let s = from(0);
                let pick = |i: usize| i % 2 == 0 && (i / s.width) % 2 == 0;
                (0..v(0).len())
                    .filter(|&i| pick(i))
                    .map(|i| v(0)[i].clone())
                    .collect()
            }
            Op::Pad { channels, .. } => {
                let mut y = vec![Integer::new(); out.len()];
                for (i, x) in v(0).iter().enumerate() {
                    y[i + channels[0] * out.pixels()] = x.clone();
                }
                y
            }
            Op::Dense(d) => (0..out.len())
                .map(|m| {
                    let k = v(0).len();
                    let w = |j: usize| exact(d.weights[m * k + j]);
                    (0..k).fold(exact(d.bias[m]), |s, j| s + times(&w(j), &v(0)[j]))
                })
                .collect(),
            other => panic!("{}", other.name()),
        };
        assert_eq!(y.len(), out.len());
        values.push(y);
    }
    values.swap_remove(n.output)
}

/// The logits' enclosures hold the integers' logits, whose own error is far below the radii.
#[test]
fn enclosures_hold_an_independent_evaluation() {
    let Some((network, samples)) = resnet20() else {
        return;
    };
    assert_eq!(network.input_shape(), TensorShape::new(3, 32, 32));
    let prepared = Prepared::new(&network).unwrap();
    let composite = table();
    let polynomials = vec![Activation::new(&composite, &Rational::from(40)).unwrap(); 19];
    let odd = |stage: &Vec<Rational>| {
        stage
            .iter()
            .skip(1)
            .step_by(2)
            .map(fixed)
            .collect::<Vec<_>>()
    };
    let stages: Vec<Vec<Integer>> = composite.branches[0].stages.iter().map(odd).collect();
    assert_eq!(composite.branches.len(), 1, "the table is odd");
    // The two of least margin, and three others.
    [61usize, 95, 0, 1, 50].into_par_iter().for_each(|i| {
        let p = &network.preprocessing;
        let input: Vec<Rational> = samples
            .raw(i, false)
            .iter()
            .enumerate()
            .map(|(k, v)| {
                let scaled = Rational::from_f64(*v).unwrap() * &p.scale;
                (scaled - &p.mean[k / 1024]) / &p.deviation[k / 1024]
            })
            .collect();
        let x = samples.input(i, p, None).unwrap();
        let c = compare(&prepared, &polynomials, Given::from(&x), Precision::PAIRS).unwrap();
        let inside = |ball: &Ball, x: &Integer, most: f64| {
            let (lo, hi) = ball.ends().unwrap();
            let x = Rational::from(x) >> BITS;
            assert!(lo <= x && x <= hi, "image {i}: {ball:?} {}", x.to_f64());
            assert!(ball.radius < most, "image {i}: {ball:?}");
        };
        for (ball, x) in c
            .network
            .logits
            .iter()
            .zip(&integers(&network, &input, None))
        {
            inside(ball, x, 1e-11);
        }
        let twin = c.twin.unwrap();
        for (ball, x) in twin
            .logits
            .iter()
            .zip(&integers(&network, &input, Some((&stages, 40))))
        {
            inside(ball, x, 1e-6);
        }
    });
}
