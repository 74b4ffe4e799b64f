//! Bounds over boxes and under noise against exact rational evaluation of small random networks.
//!
//! Where such bounds usually leak, and what would see it here (boxes: ten thousand networks over
//! boxes; noise: residual networks under noise; e2e: `program/network_bounds.rs`):
//!
//! | hole | seen by |
//! |---|---|
//! | rounding of products and sums in rows | boxes, noise: weights with full mantissas |
//! | rounding of biases and constants | boxes: biases with full mantissas, sizes 2^-4 to 2^3 |
//! | rounding of folded batch norm and of means | noise, boxes: batch norm behind convolutions and alone |
//! | inexact entries and biases | boxes: networks at the ends of what the entries stand for |
//! | rounding of chords, offsets and sums of ranges | boxes: sides of width 0, 1e-12, 1e3 |
//! | empty, infinite and NaN boxes | refused: `boxes_that_are_none_are_refused`, e2e |
//! | degenerate boxes: a point, one side a point | boxes |
//! | pre-activations at exactly 0, weights and inputs 0 and 1 | boxes, noise: drawn often |
//! | a polynomial that is not the best one | boxes: a neuron's polynomial is shifted |
//! | a polynomial outside the range it was made for | boxes: |t| <= 1 at every point; noise: 3 B is vacuous |
//! | shortcuts: sums of rows, strides, padding, channels added | boxes, noise |
//! | composites that are not odd, slopes at both signs, centres known in balls only | noise |

use crate::support::random_networks::{
    chebyshev, conv_network, dense_network, exact, exact_graph, polynomial, q, relu, Random,
};
use polycert::arith::rounding::CoefficientMode;
use polycert::certify::neuron::bend::Bend;
use polycert::certify::neuron::kink::Neuron;
use polycert::certify::proof::prove;
use polycert::certify::request::Request;
use polycert::function::target::{Function, Target};
use polycert::network::boxes::maps::Map;
use polycert::network::boxes::stages::stages;
use polycert::network::boxes::{analyse, Bounds, Replacement};
use polycert::network::forward::twin::Activation;
use polycert::network::forward::{Model, Outcome, Prepared};
use polycert::network::model::graph::{Builder, Network, Preprocessing};
use polycert::network::model::ops::Dense;
use polycert::network::model::ops::{Op, TensorShape};
use polycert::network::model::tensor::Tensor;
use polycert::network::rows;
use polycert::network::rows::plan::Plan;
use polycert::network::rows::sensitivity::sensitivities;
use polycert::network::rows::{Asked, Noise, NoiseLevel, Response};
use polycert::poly::composite::Composite;
use polycert::poly::table::Table;
use rug::Rational;

/// Boxes of every kind: usual, a point, one side a point, tiny, huge.
fn a_box(r: &mut Random, n: usize) -> Vec<Bounds> {
    let width = [1.0, 0.0, 1e-12, 1e3, 0.1][r.below(5)];
    (0..n)
        .map(|_| {
            let middle = r.unit();
            let width = if r.below(6) == 0 { 0.0 } else { width };
            (middle - width, middle + width)
        })
        .collect()
}

/// The same noise at every activation.
fn levels(noise: &[Noise]) -> Vec<NoiseLevel> {
    noise.iter().copied().map(NoiseLevel::from).collect()
}

fn inside(b: Bounds, x: &Rational) -> bool {
    q(b.0) <= *x && *x <= q(b.1)
}

#[test]
fn boxes_hold_exact_evaluations_of_ten_thousand_networks() {
    let mut r = Random(2024);
    let mut neurons = 0;
    for round in 0..10_000 {
        let network = dense_network(&mut r);
        let stages = stages(&network).unwrap();
        let sides = a_box(&mut r, stages[0].size);
        let degree = 1 + r.below(4);
        let mut polynomials = std::collections::HashMap::new();
        let found = analyse(&stages, &sides, |k, i, lo, hi| {
            if lo >= 0.0 || hi <= 0.0 {
                return Ok(None);
            }
            // Any polynomial will do, also a bad one: only its proved error counts.
            let p = Neuron::new(lo, hi, |kink| {
                let mut c = polycert::approx::known::kink::relu_coefficients(degree, kink);
                if i == 1 {
                    c[0] += 0.01;
                }
                c
            })?;
            let replacement = Replacement {
                bound_tilted: (round % 2 == 0).then_some(p.bound_tilted),
                ..Replacement::within(p.bound_error)
            };
            polynomials.insert((k, i), p);
            Ok(Some(replacement))
        })
        .unwrap();
        // The same twin over a part of the box.
        let part: Vec<Bounds> = sides
            .iter()
            .map(|&(lo, hi)| {
                let middle = lo / 2.0 + hi / 2.0;
                let narrow = [(lo, middle), (middle, hi), (middle, middle)];
                narrow[r.below(3)]
            })
            .collect();
        let in_part = analyse(&stages, &part, |k, i, lo, hi| {
            let Some(p) = polynomials.get(&(k, i)) else {
                return Ok(None);
            };
            let known = p.part(lo, hi)?;
            Ok(Some(Replacement {
                bound_apart: known.bound_apart,
                bound_tilted: (round % 2 == 0).then_some(known.bound_tilted),
            }))
        })
        .unwrap();
        for point in 0..4 {
            let (sides, found) = if point < 2 {
                (&sides, &found)
            } else {
                (&part, &in_part)
            };
            let x: Vec<Rational> = sides
                .iter()
                .map(|&(lo, hi)| {
                    let part = match (point % 2, r.below(3)) {
                        (0, _) => q(r.unit()).abs(),
                        (_, 0) => Rational::from(1),
                        _ => Rational::new(),
                    };
                    q(lo) + (q(hi) - q(lo)) * part
                })
                .collect();
            let z = exact(&stages, &x, |_, _, z| relu(z));
            let u = exact(&stages, &x, |k, i, z| match polynomials.get(&(k, i)) {
                None => relu(z),
                Some(p) => {
                    let h = q(p.range.half);
                    let t = Rational::from(z / &h) + q(p.range.kink);
                    assert!(t.clone().abs() <= 1u32, "a polynomial leaves its domain");
                    chebyshev(&p.coefficients, &t) * h
                }
            });
            for (k, s) in found.iter().enumerate() {
                for i in 0..stages[k].size {
                    neurons += 1;
                    assert!(
                        inside(s.bound_relu[i], &z[k][i]),
                        "network {round}, stage {k}, {i}"
                    );
                    assert!(
                        inside(s.bound_twin[i], &u[k][i]),
                        "network {round}, stage {k}, {i}"
                    );
                    let d = Rational::from(&u[k][i] - &z[k][i]);
                    assert!(
                        inside(s.bound_difference[i], &d),
                        "network {round}, stage {k}, {i}"
                    );
                }
            }
        }
    }
    assert!(neurons > 100_000);
}

/// Batch norm (folded into a convolution, and alone behind a sum), means, subsampling and padding.
#[test]
fn boxes_hold_exact_evaluations_of_networks_with_batch_norm_and_means() {
    let mut r = Random(4711);
    let (mut outputs, mut folded) = (0, 0);
    for round in 0..400 {
        let network = conv_network(&mut r);
        let stages = stages(&network).unwrap();
        folded += usize::from(stages.iter().all(|s| s.name != "bn" && s.name != "stem_bn"));
        let width = [0.3, 0.0, 1e-9, 3.0][round % 4];
        let sides: Vec<Bounds> = (0..stages[0].size)
            .map(|_| {
                let middle = r.unit();
                (middle - width, middle + width)
            })
            .collect();
        let mut polynomials = std::collections::HashMap::new();
        let found = analyse(&stages, &sides, |k, i, lo, hi| {
            if lo >= 0.0 || hi <= 0.0 {
                return Ok(None);
            }
            let p = Neuron::new(lo, hi, |kink| {
                polycert::approx::known::kink::relu_coefficients(2, kink)
            })?;
            let replacement = Replacement {
                bound_tilted: Some(p.bound_tilted),
                ..Replacement::within(p.bound_error)
            };
            polynomials.insert((k, i), p);
            Ok(Some(replacement))
        })
        .unwrap();
        let active: Vec<usize> = (0..stages.len()).filter(|&k| stages[k].relu).collect();
        for point in 0..2 {
            let x: Vec<Rational> = sides
                .iter()
                .map(|&(lo, hi)| match (point, r.below(2)) {
                    (0, _) => q(lo) + (q(hi) - q(lo)) * q(r.unit()).abs(),
                    (_, 0) => q(lo),
                    _ => q(hi),
                })
                .collect();
            let z = exact_graph(&network, &x, |_, _, z| relu(z));
            let u = exact_graph(&network, &x, |a, i, z| {
                let (lo, hi) = found[active[a]].bound_twin[i];
                assert!(inside((lo, hi), z), "network {round}, activation {a}, {i}");
                match polynomials.get(&(active[a], i)) {
                    None => relu(z),
                    Some(p) => {
                        let h = q(p.range.half);
                        let t = Rational::from(z / &h) + q(p.range.kink);
                        assert!(t.clone().abs() <= 1u32, "a polynomial leaves its domain");
                        chebyshev(&p.coefficients, &t) * h
                    }
                }
            });
            let last = &found[stages.len() - 1];
            for i in 0..z.len() {
                outputs += 1;
                assert!(inside(last.bound_relu[i], &z[i]), "network {round}, {i}");
                assert!(inside(last.bound_twin[i], &u[i]), "network {round}, {i}");
                let d = Rational::from(&u[i] - &z[i]);
                assert!(inside(last.bound_difference[i], &d), "network {round}, {i}");
            }
        }
    }
    assert!(outputs == 1_600 && folded == 400);
}

/// Numbers that stand for others within a stated distance: any of those are inside.
#[test]
fn boxes_hold_whatever_inexact_entries_stand_for() {
    let mut r = Random(5);
    for round in 0..300 {
        let network = dense_network(&mut r);
        let mut stages = stages(&network).unwrap();
        let sides = a_box(&mut r, stages[0].size);
        for stage in &mut stages {
            stage.matrices.iter_mut().for_each(|m| m.relative = 0.04);
            stage.bound_bias_off.fill(0.01);
        }
        let found = analyse(&stages, &sides, |_, _, lo, hi| {
            Ok((lo < 0.0 && hi > 0.0).then(|| Replacement::within(1e-3)))
        })
        .unwrap();
        let mut meant = stages.clone();
        for stage in &mut meant {
            for m in &mut stage.matrices {
                let away = |w: &mut f64| *w *= 1.0 + 0.0399 * r.unit();
                if let Map::Dense(entries) = &mut m.map {
                    entries.iter_mut().for_each(away);
                }
            }
            stage.bias.iter_mut().for_each(|b| *b += 0.0099 * r.unit());
        }
        let x: Vec<Rational> = sides.iter().map(|s| q([s.0, s.1][r.below(2)])).collect();
        let z = exact(&meant, &x, |_, _, z| relu(z));
        let off = |k: usize, i: usize| q(1e-3 * if (k + i) % 2 == 0 { 1.0 } else { -1.0 });
        let u = exact(&meant, &x, |k, i, z| {
            let (lo, hi) = found[k].bound_twin[i];
            relu(z)
                + if lo < 0.0 && hi > 0.0 {
                    off(k, i)
                } else {
                    Rational::new()
                }
        });
        for (k, s) in found.iter().enumerate() {
            for i in 0..stages[k].size {
                let d = Rational::from(&u[k][i] - &z[k][i]);
                let all = [
                    (s.bound_relu[i], &z[k][i]),
                    (s.bound_twin[i], &u[k][i]),
                    (s.bound_difference[i], &d),
                ];
                for (b, v) in all {
                    assert!(
                        inside(b, v),
                        "network {round}, stage {k}, {i}: {b:?} {}",
                        v.to_f64()
                    );
                }
            }
        }
    }
}

#[test]
fn boxes_that_are_none_are_refused() {
    let network = dense_network(&mut Random(3));
    let stages = stages(&network).unwrap();
    let n = stages[0].size;
    let none = |_, _, _, _| Ok(Some(Replacement::within(0.0)));
    for (sides, said) in [
        (vec![(1.0, 0.0); n], "is empty or not finite"),
        (vec![(f64::NAN, 1.0); n], "is empty or not finite"),
        (vec![(0.0, f64::INFINITY); n], "is empty or not finite"),
        (vec![(0.0, 1.0); n + 1], "sides"),
    ] {
        let error = analyse(&stages, &sides, none).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn deviations_hold_exact_evaluations_under_noise() {
    let mut r = Random(77);
    let composites = [
        // Odd, and not odd: both close to sign on [-1, 1] in a crude way.
        Composite::from_stages(vec![vec![(0, 1), (5, 2), (0, 1), (-3, 2)]
            .into_iter()
            .map(Rational::from)
            .collect()]),
        Composite::from_stages(vec![
            vec![(1, 64), (9, 4), (1, 50), (-5, 4)]
                .into_iter()
                .map(Rational::from)
                .collect(),
            vec![(0, 1), (3, 2), (0, 1), (-1, 2)]
                .into_iter()
                .map(Rational::from)
                .collect(),
        ]),
    ];
    let scale = 64.0;
    let bends: Vec<Bend> = composites
        .iter()
        .map(|c| Bend::new(c, scale).unwrap())
        .collect();
    let (mut tight, mut cases) = (0.0f64, 0);
    for round in 0..120 {
        let network = conv_network(&mut r);
        let plan = Plan::new(&network).unwrap();
        let which = round % 2;
        let activation = Activation::new(&composites[which], &q(scale)).unwrap();
        let twin = vec![activation; 2];
        let prepared = Prepared::new(&network).unwrap();
        let n = network.input_shape().len();
        let x = r.list(n);
        let mut input = Tensor::zeros(network.input_shape());
        input.hi.clone_from(&x);
        let mut centres = Vec::new();
        let outcome = prepared.evaluate_with(&input, Model::Twin(&twin), true, &mut |_, z| {
            centres.push(z.clone())
        });
        let Ok(Outcome::Done(_)) = outcome else {
            continue;
        };
        let noise: Vec<Noise> = [1e-7, 1e-3, 0.1, 3.0]
            .iter()
            .map(|&worst| Noise {
                worst: worst / 64.0,
                ..Noise::default()
            })
            .collect();
        let targets = vec![vec![1.0, 0.0], vec![1.0, -1.0]];
        let all = [Response::Polynomial(&bends[which]); 2];
        let found = rows::bound(
            &plan,
            &centres,
            &all,
            Asked::sharp(&levels(&noise), &targets),
            1,
            &mut |_, _| {},
        )
        .unwrap();
        let exact_x: Vec<Rational> = x.iter().map(|v| q(*v)).collect();
        let b = q(scale);
        let still = exact_graph(&network, &exact_x, |_, _, z| {
            polynomial(&composites[which], &b, z)
        });
        // Two ways to the same first order: rows of the targets alone, and the rows of the bounds.
        let slopes: Vec<Vec<f32>> = centres
            .iter()
            .zip(&all)
            .map(|(z, r)| z.hi.iter().map(|z| r.estimate_slope(0, *z)).collect())
            .collect();
        let layers = sensitivities(&plan, &slopes, &[scale; 2], &targets);
        for (row, bounds) in layers.iter().zip(&found.targets) {
            let sum: f64 = row.iter().map(|s| s.estimate_worst).sum();
            let (one, other) = (sum * noise[1].worst, bounds[1].estimate_first_order);
            assert!((one - other).abs() <= 1e-4 * other, "{one} {other}");
            assert!(row.iter().all(|s| s.estimate_sigma <= s.estimate_worst));
        }
        for (level, noise) in noise.iter().enumerate() {
            for _ in 0..3 {
                // Corners of the noise: where a linear function is greatest.
                let disturbed = exact_graph(&network, &exact_x, |_, _, z| {
                    let e = if r.below(2) == 0 {
                        noise.worst * scale
                    } else {
                        -noise.worst * scale
                    };
                    polynomial(&composites[which], &b, z) + q(e)
                });
                for (target, bounds) in targets.iter().zip(&found.targets) {
                    let value = |y: &[Rational]| {
                        q(f64::from(target[0])) * &y[0] + q(f64::from(target[1])) * &y[1]
                    };
                    let moved = (value(&disturbed) - value(&still)).abs();
                    let bound = bounds[level].bound_deviation;
                    cases += 1;
                    if bound.is_finite() {
                        assert!(
                            moved <= q(bound),
                            "round {round}, noise {}: {} > {bound}",
                            noise.worst,
                            moved.to_f64()
                        );
                        tight = tight.max(moved.to_f64() / bound);
                    }
                    if noise.worst <= 1e-3 {
                        assert!(bound < 100.0 * bounds[level].estimate_first_order + 1e-9);
                    }
                }
            }
        }
    }
    assert!(
        cases > 1_000 && tight > 0.5,
        "{cases} cases, at best {tight} of a bound"
    );
}

#[test]
fn sup_and_envelope_hold_the_exact_twin() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates/relu05.json");
    let table = Table::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let composite = Composite::new(&table, CoefficientMode::Exact).unwrap();
    let proof = prove(&table, &Request::new(Target::new(Function::Relu))).unwrap();
    let closeness = proof.closeness.as_ref().unwrap();
    let up = |x: &Rational| x.to_f64().next_up();
    let sup = Noise {
        worst: up(&proof.bound_hi),
        ..Noise::default()
    };
    let tau = (closeness.bound_hi.to_f64() / 2.0).next_up();
    let envelope = Noise {
        envelope: Some((tau, up(&closeness.from))),
        ..sup
    };
    // A zone that is everything: the same as sup, only added up in another way.
    let all_zone = Noise {
        envelope: Some((0.0, 10.0)),
        ..sup
    };
    let scale = 16.0;
    let b = q(scale);
    let mut r = Random(99);
    let (mut finite, mut tighter) = (0, 0);
    for round in 0..60 {
        let network = conv_network(&mut r);
        let plan = Plan::new(&network).unwrap();
        let prepared = Prepared::new(&network).unwrap();
        let x = r.list(network.input_shape().len());
        let mut input = Tensor::zeros(network.input_shape());
        input.hi.clone_from(&x);
        let mut centres = Vec::new();
        prepared
            .evaluate_with(&input, Model::Relu, true, &mut |_, z| {
                centres.push(z.clone())
            })
            .unwrap();
        let noise = [sup, envelope, all_zone];
        let targets = vec![vec![1.0, 0.0], vec![1.0, -1.0]];
        let responses = [Response::Relu(scale); 2];
        let found = rows::bound(
            &plan,
            &centres,
            &responses,
            Asked::sharp(&levels(&noise), &targets),
            2,
            &mut |_, _| {},
        )
        .unwrap();
        let exact_x: Vec<Rational> = x.iter().map(|v| q(*v)).collect();
        let still = exact_graph(&network, &exact_x, |_, _, z| relu(z));
        let twin = exact_graph(&network, &exact_x, |_, _, z| {
            assert!(z.clone().abs() < b);
            polynomial(&composite, &b, z)
        });
        for (target, bounds) in targets.iter().zip(&found.targets) {
            let value =
                |y: &[Rational]| q(f64::from(target[0])) * &y[0] + q(f64::from(target[1])) * &y[1];
            let moved = (value(&twin) - value(&still)).abs();
            for (level, bound) in bounds.iter().enumerate() {
                if bound.bound_deviation.is_finite() {
                    finite += 1;
                    assert!(
                        moved <= q(bound.bound_deviation),
                        "round {round}, level {level}"
                    );
                }
            }
            if bounds[0].bound_deviation > bounds[1].bound_deviation * 1.05 {
                tighter += 1;
            }
        }
    }
    assert!(finite > 200 && tighter > 5, "{finite} {tighter}");
}

/// The stated distance of a slope holds the exact one: (r(x + h) - r(x - h))/2h for h = 2^-80, exactly.
#[test]
fn slopes_are_within_their_stated_distance_of_the_exact_ones() {
    let mut r = Random(31);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates/relu07.json");
    let table = Table::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let lopsided = vec![(1, 64), (9, 4), (1, 50), (-5, 4)];
    let composites = [
        Composite::new(&table, CoefficientMode::Exact).unwrap(),
        Composite::from_stages(vec![lopsided.into_iter().map(Rational::from).collect()]),
    ];
    let h = Rational::from((1, 1)) >> 80u32;
    for composite in &composites {
        let scale = 24.0;
        let bend = Bend::new(composite, scale).unwrap();
        for i in 0..60 {
            // Also close to 0, where the composite is steep.
            let x = r.unit() * scale * if i % 3 == 0 { 2.0f64.powi(-9) } else { 1.0 };
            if x.abs() >= scale {
                continue;
            }
            let at = |sign: i32| polynomial(composite, &q(scale), &(q(x) + h.clone() * sign));
            let exact = (at(1) - at(-1)) / h.clone() / 2u32;
            let (slope, off) = bend.slope(x).unwrap();
            let distance = (exact - q(f64::from(slope))).abs();
            // What the difference leaves out is below 2^-100.
            assert!(distance <= q(off) + q(2.0f64.powi(-100)), "{x}: {off}");
            assert!(off < 2.0f64.powi(-22), "{x}: {off}");
        }
        assert!(bend.slope(1.01 * scale).is_err());
    }
}

fn dense(weight: f64, bias: f64) -> Op {
    Op::Dense(Dense {
        weights: vec![weight],
        bias: vec![bias],
    })
}

/// Centres of the ReLU network at input 0, and the bound of its one result.
fn around_relu(network: &Network, scale: f64, worst: f64) -> polycert::error::Result<f64> {
    let prepared = Prepared::new(network).unwrap();
    let input = Tensor::zeros(network.input_shape());
    let mut centres = Vec::new();
    prepared
        .evaluate_with(&input, Model::Relu, true, &mut |_, z| {
            centres.push(z.clone())
        })
        .unwrap();
    let noise = [Noise {
        worst,
        ..Noise::default()
    }];
    let plan = Plan::new(network).unwrap();
    let responses = vec![Response::Relu(scale); centres.len()];
    let target = vec![vec![1.0f32]];
    rows::bound(
        &plan,
        &centres,
        &responses,
        Asked::sharp(&levels(&noise), &target),
        1,
        &mut |_, _| {},
    )
    .map(|found| found.targets[0][0].bound_deviation)
}

/// Rows of many readers are added one by one: what the partial sums round off counts, though the last
/// reader cancels their size. 2^24 r + 40 r - 2^24 r is 40 r; in f32 every 1 is lost beside 2^24.
#[test]
fn rows_that_cancel_in_a_sum_of_many_readers_keep_their_rounding() {
    let mut b = Builder::new(TensorShape::flat(1)).unwrap();
    let z = b.push("z", dense(1.0, 1.0), &[0]).unwrap();
    let r = b.push("r", Op::Relu { slope: 0.0 }, &[z]).unwrap();
    let big = 2.0f64.powi(24);
    let mut parts = vec![b.push("last", dense(-big, 0.0), &[r]).unwrap()];
    for i in 0..40 {
        parts.push(b.push(&format!("one{i}"), dense(1.0, 0.0), &[r]).unwrap());
    }
    parts.push(b.push("first", dense(big, 0.0), &[r]).unwrap());
    let mut sum = parts[0];
    for (i, part) in parts.iter().enumerate().skip(1) {
        sum = b.push(&format!("sum{i}"), Op::Add, &[sum, *part]).unwrap();
    }
    let network = b.finish("n", sum, Preprocessing::default()).unwrap();
    let (scale, worst) = (64.0, 2.0f64.powi(-20));
    let bound = around_relu(&network, scale, worst).unwrap();
    assert!(bound >= 40.0 * worst * scale, "{bound}");
}

/// In the error model Sup a polynomial is close to ReLU on [-B, B] alone.
#[test]
fn beyond_b_nothing_is_known_of_a_polynomial_near_relu() {
    let network = |weight: f64| {
        let mut b = Builder::new(TensorShape::flat(1)).unwrap();
        let z = b.push("z", dense(1.0, 1.0), &[0]).unwrap();
        let r = b.push("r", Op::Relu { slope: 0.0 }, &[z]).unwrap();
        let z = b.push("z2", dense(weight, 0.0), &[r]).unwrap();
        let r = b.push("r2", Op::Relu { slope: 0.0 }, &[z]).unwrap();
        let out = b.push("out", dense(1.0, 0.0), &[r]).unwrap();
        b.finish("n", out, Preprocessing::default()).unwrap()
    };
    // z2 = 60, moved by 60 times the noise: up to 63, and up to 67, of 64.
    let inside = around_relu(&network(60.0), 64.0, 0.05 / 64.0).unwrap();
    assert!((3.05..3.06).contains(&inside), "{inside}");
    let outside = around_relu(&network(60.0), 64.0, 7.0 / 60.0 / 64.0).unwrap();
    assert_eq!(outside, f64::INFINITY);
    // The undisturbed 65 is outside already.
    assert!(around_relu(&network(65.0), 64.0, 0.0).is_err());
}

/// A ReLU behind one reshape must not change what is read through another.
#[test]
fn stages_keep_values_that_are_read_through_a_second_reshape() {
    for (first, second) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut b = Builder::new(TensorShape::flat(1)).unwrap();
        let z = b.push("z", dense(1.0, 0.0), &[0]).unwrap();
        let reshape = |b: &mut Builder, name: &str, yes: bool| {
            if yes {
                b.push(name, Op::Reshape(TensorShape::flat(1)), &[z])
                    .unwrap()
            } else {
                z
            }
        };
        let one = reshape(&mut b, "one", first);
        let two = reshape(&mut b, "two", second);
        let r = b.push("r", Op::Relu { slope: 0.0 }, &[one]).unwrap();
        let out = b.push("out", Op::Add, &[r, two]).unwrap();
        let network = b.finish("n", out, Preprocessing::default()).unwrap();
        let stages = stages(&network).unwrap();
        for x in [-3, 3] {
            let z = exact(&stages, &[Rational::from(x)], |_, _, z| relu(z));
            assert_eq!(z[stages.len() - 1], [Rational::from(x.max(0) + x)]);
        }
    }
}
