//! Bounds over boxes and under noise against exact rational evaluation of small random networks.
//!
//! Where such bounds usually leak, and what would see it here (boxes: ten thousand networks over
//! boxes; noise: residual networks under noise; e2e: `e2e_network_bounds.rs`):
//!
//! | hole | seen by |
//! |---|---|
//! | rounding of products and sums in rows | boxes, noise: weights with full mantissas |
//! | rounding of biases and constants | boxes: biases with full mantissas, sizes 2^-4 to 2^3 |
//! | rounding of folded batch norm | noise: batch norm behind convolutions and alone |
//! | rounding of chords, offsets and sums of ranges | boxes: sides of width 0, 1e-12, 1e3 |
//! | empty, infinite and NaN boxes | refused: `boxes_that_are_none_are_refused`, e2e |
//! | degenerate boxes: a point, one side a point | boxes |
//! | pre-activations at exactly 0, weights and inputs 0 and 1 | boxes, noise: drawn often |
//! | a polynomial that is not the best one | boxes: a neuron's polynomial is shifted |
//! | a polynomial outside the range it was made for | boxes: |t| <= 1 at every point; noise: 3 B is vacuous |
//! | shortcuts: sums of rows, strides, padding, channels added | boxes, noise |
//! | composites that are not odd, slopes at both signs, centres known in balls only | noise |

use polycert::arith::rounding::CoefficientMode;
use polycert::certify::bend::Bend;
use polycert::certify::kink::Neuron;
use polycert::certify::proof::prove;
use polycert::certify::request::Request;
use polycert::network::box_analysis::{analyse, Bounds, Replacement};
use polycert::network::deviation::{self, plan::Plan, Noise, Response};
use polycert::network::evaluate::{Model, Outcome, Prepared};
use polycert::network::ops::{BatchNorm, Conv, Dense};
use polycert::network::stages::{stages, Stage};
use polycert::network::tensor::Tensor;
use polycert::network::twin::Activation;
use polycert::network::{Builder, Network, Op, Preprocessing, Shape, Window};
use polycert::poly::{Composite, Function, Table, Target};
use rug::Rational;

fn q(x: f64) -> Rational {
    Rational::from_f64(x).unwrap()
}

/// A small generator: reproducible, and good enough to draw networks with.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) ^ (self.0 >> 17 & 0xffff)
    }
    fn below(&mut self, n: u64) -> usize {
        (self.next() % n) as usize
    }
    /// In [-1, 1], with full mantissas, sometimes exactly a corner.
    fn unit(&mut self) -> f64 {
        match self.below(12) {
            0 => 0.0,
            1 => 1.0,
            2 => -1.0,
            _ => {
                (self.next() as f64 / 2.0f64.powi(31)).mul_add(2.0, -1.0)
                    * (1.0 + f64::EPSILON * self.below(9) as f64)
            }
        }
    }
    fn list(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.unit()).collect()
    }
}

/// Chebyshev coefficients at t, exactly.
fn chebyshev(c: &[f64], t: &Rational) -> Rational {
    let (mut b1, mut b2) = (Rational::new(), Rational::new());
    for &c in c.iter().skip(1).rev() {
        let b = q(c) + Rational::from(t * &b1) * 2u32 - &b2;
        (b2, b1) = (b1, b);
    }
    q(c[0]) + t * b1 - b2
}

/// Pre-activations of every stage, exactly; `respond` (stage, neuron, z) is the activation.
fn exact(
    stages: &[Stage],
    x: &[Rational],
    respond: impl Fn(usize, usize, &Rational) -> Rational,
) -> Vec<Vec<Rational>> {
    let mut before = vec![x.to_vec()];
    let mut after = vec![x.to_vec()];
    for (k, stage) in stages.iter().enumerate().skip(1) {
        let mut z: Vec<Rational> = stage.bias.iter().map(|b| q(*b)).collect();
        for m in &stage.matrices {
            for (z, row) in z.iter_mut().zip(m.entries.chunks_exact(m.columns())) {
                for (w, a) in row.iter().zip(&after[m.source]) {
                    *z += q(*w) * a;
                }
            }
        }
        let a = z.iter().enumerate().map(|(i, z)| {
            if stage.relu {
                respond(k, i, z)
            } else {
                z.clone()
            }
        });
        after.push(a.collect());
        before.push(z);
    }
    before
}

fn relu(z: &Rational) -> Rational {
    z.clone().max(Rational::new())
}

/// A random chain of dense layers, sometimes with a shortcut around one.
fn dense_network(r: &mut Random) -> Network {
    let n = 1 + r.below(3);
    let mut b = Builder::new(Shape::flat(n)).unwrap();
    let (mut x, mut width) = (0, n);
    let size = 2.0f64.powi(r.below(8) as i32 - 4);
    for layer in 0..1 + r.below(3) {
        let m = 1 + r.below(3);
        let dense = Op::Dense(Dense {
            weights: r.list(m * width).into_iter().map(|w| w * size).collect(),
            bias: r.list(m),
        });
        let z = b.push(&format!("fc{layer}"), dense, &[x]).unwrap();
        let z = if m == width && r.below(3) == 0 {
            b.push(&format!("add{layer}"), Op::Add, &[z, x]).unwrap()
        } else {
            z
        };
        x = b
            .push(&format!("relu{layer}"), Op::Relu { slope: 0.0 }, &[z])
            .unwrap();
        width = m;
    }
    let last = Op::Dense(Dense {
        weights: r.list(width),
        bias: r.list(1),
    });
    let out = b.push("out", last, &[x]).unwrap();
    b.finish("random", out, Preprocessing::default()).unwrap()
}

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
                let mut c = polycert::approx::kink::relu_coefficients(degree, kink);
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

/// x (1 + p(x/B))/2, exactly.
fn polynomial(c: &Composite, b: &Rational, x: &Rational) -> Rational {
    let p = c.eval_exact(&Rational::from(x / b));
    x * (p + 1u32) / 2u32
}

/// A random residual network with convolutions, batch norm, means and every other linear layer.
fn conv_network(r: &mut Random) -> Network {
    let shape = Shape::new(1 + r.below(2), 3, 2 + r.below(2));
    let mut b = Builder::new(shape).unwrap();
    let conv = |r: &mut Random, from: usize, to: usize, stride: usize| {
        let mut window = Window::new([3, 3], [stride, stride]);
        window.padding = [1; 4];
        Op::Conv(Conv {
            weights: r.list(from * to * 9).into_iter().map(|w| w * 0.3).collect(),
            bias: r.list(to),
            groups: 1,
            window,
        })
    };
    let op = conv(r, shape.channels, 2, 1);
    let x = b.push("stem", op, &[0]).unwrap();
    let norm = |r: &mut Random, n: usize| {
        // Squares of dyadic numbers: the exact scale is a rational.
        Op::BatchNorm(BatchNorm {
            gamma: r.list(n),
            beta: r.list(n),
            mean: r.list(n),
            variance: (0..n).map(|i| [0.25, 2.25, 1.0][i % 3]).collect(),
            epsilon: 0.0,
        })
    };
    let op = norm(r, 2);
    let x = b.push("stem_bn", op, &[x]).unwrap();
    let x = b.push("relu", Op::Relu { slope: 0.0 }, &[x]).unwrap();
    let stride = 1 + r.below(2);
    let to = if r.below(2) == 0 { 4 } else { 2 };
    let op = conv(r, 2, to, stride);
    let y = b.push("conv", op, &[x]).unwrap();
    let op = norm(r, to);
    let y = b.push("bn", op, &[y]).unwrap();
    let mut s = x;
    if stride == 2 {
        s = b
            .push("sub", Op::Subsample { stride: [2, 2] }, &[s])
            .unwrap();
    }
    if to == 4 {
        let pad = Op::Pad {
            channels: [1, 1],
            border: [0; 4],
        };
        s = b.push("pad", pad, &[s]).unwrap();
    }
    let mut y = b.push("add", Op::Add, &[y, s]).unwrap();
    if r.below(2) == 0 {
        let op = norm(r, to);
        y = b.push("bn2", op, &[y]).unwrap();
    }
    let y = b.push("relu2", Op::Relu { slope: 0.0 }, &[y]).unwrap();
    let shape = b.shape(y);
    let window = Window::new([shape.height, shape.width], [1, 1]);
    let y = b
        .push(
            "mean",
            Op::AvgPool {
                window,
                count_padding: true,
            },
            &[y],
        )
        .unwrap();
    let y = b.push("flat", Op::Reshape(Shape::flat(to)), &[y]).unwrap();
    let last = Op::Dense(Dense {
        weights: r.list(2 * to),
        bias: r.list(2),
    });
    let out = b.push("out", last, &[y]).unwrap();
    b.finish("random", out, Preprocessing::default()).unwrap()
}

/// The network's exact result; `respond` (activation, element, z).
fn exact_graph(
    network: &Network,
    x: &[Rational],
    mut respond: impl FnMut(usize, usize, &Rational) -> Rational,
) -> Vec<Rational> {
    let mut values: Vec<Vec<Rational>> = Vec::new();
    let mut activations = 0;
    for node in &network.nodes {
        let from = node.inputs.first().map(|&i| network.nodes[i].shape);
        let input = |k: usize| &values[node.inputs[k]];
        let out = node.shape;
        let place = |i: usize| {
            (
                i / out.pixels(),
                i % out.pixels() / out.width,
                i % out.width,
            )
        };
        let y: Vec<Rational> = match (&node.op, from) {
            (Op::Input, _) => x.to_vec(),
            (Op::Dense(d), _) => (0..out.len())
                .map(|i| {
                    let row = &d.weights[i * input(0).len()..];
                    row.iter()
                        .zip(input(0))
                        .fold(q(d.bias[i]), |s, (w, v)| s + q(*w) * v)
                })
                .collect(),
            (Op::Conv(c), Some(s)) => (0..out.len())
                .map(|i| {
                    let (o, row, column) = place(i);
                    let mut sum = q(c.bias[o]);
                    for ch in 0..s.channels {
                        for ky in 0..3 {
                            for kx in 0..3 {
                                let (yy, xx) = (
                                    row * c.window.stride[0] + ky,
                                    column * c.window.stride[1] + kx,
                                );
                                if (1..=s.height).contains(&yy) && (1..=s.width).contains(&xx) {
                                    let w = c.weights[((o * s.channels + ch) * 3 + ky) * 3 + kx];
                                    sum += q(w)
                                        * &input(0)[(ch * s.height + yy - 1) * s.width + xx - 1];
                                }
                            }
                        }
                    }
                    sum
                })
                .collect(),
            (Op::BatchNorm(b), _) => (0..out.len())
                .map(|i| {
                    let c = i / out.pixels();
                    let scale = q(b.gamma[c]) / q(b.variance[c].sqrt());
                    (input(0)[i].clone() - q(b.mean[c])) * scale + q(b.beta[c])
                })
                .collect(),
            (Op::Add, _) => input(0)
                .iter()
                .zip(input(1))
                .map(|(a, b)| Rational::from(a + b))
                .collect(),
            (Op::Subsample { stride }, Some(s)) => (0..out.len())
                .map(|i| {
                    let (c, row, column) = place(i);
                    input(0)[(c * s.height + row * stride[0]) * s.width + column * stride[1]]
                        .clone()
                })
                .collect(),
            (Op::Pad { channels, .. }, Some(s)) => (0..out.len())
                .map(|i| {
                    let (c, row, column) = place(i);
                    let inside = c.checked_sub(channels[0]).filter(|c| *c < s.channels);
                    inside.map_or(Rational::new(), |c| {
                        input(0)[(c * s.height + row) * s.width + column].clone()
                    })
                })
                .collect(),
            (Op::AvgPool { .. }, Some(s)) => (0..out.len())
                .map(|c| {
                    let plane = &input(0)[c * s.pixels()..(c + 1) * s.pixels()];
                    plane.iter().fold(Rational::new(), |s, v| s + v) / s.pixels() as u32
                })
                .collect(),
            (Op::Reshape(_), _) => input(0).clone(),
            (Op::Relu { .. }, _) => {
                let k = activations;
                activations += 1;
                input(0)
                    .iter()
                    .enumerate()
                    .map(|(i, z)| respond(k, i, z))
                    .collect()
            }
            (op, _) => panic!("{}", op.name()),
        };
        values.push(y);
    }
    values.swap_remove(network.output)
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
        let found =
            deviation::bound(&plan, &centres, &all, &noise, &targets, 1, &mut |_, _| {}).unwrap();
        let exact_x: Vec<Rational> = x.iter().map(|v| q(*v)).collect();
        let b = q(scale);
        let still = exact_graph(&network, &exact_x, |_, _, z| {
            polynomial(&composites[which], &b, z)
        });
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
        let found = deviation::bound(
            &plan,
            &centres,
            &responses,
            &noise,
            &targets,
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
    deviation::bound(
        &plan,
        &centres,
        &responses,
        &noise,
        &target,
        1,
        &mut |_, _| {},
    )
    .map(|found| found.targets[0][0].bound_deviation)
}

/// Rows of many readers are added one by one: what the partial sums round off counts, though the last
/// reader cancels their size. 2^24 r + 40 r - 2^24 r is 40 r; in f32 every 1 is lost beside 2^24.
#[test]
fn rows_that_cancel_in_a_sum_of_many_readers_keep_their_rounding() {
    let mut b = Builder::new(Shape::flat(1)).unwrap();
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
        let mut b = Builder::new(Shape::flat(1)).unwrap();
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
        let mut b = Builder::new(Shape::flat(1)).unwrap();
        let z = b.push("z", dense(1.0, 0.0), &[0]).unwrap();
        let reshape = |b: &mut Builder, name: &str, yes: bool| {
            if yes {
                b.push(name, Op::Reshape(Shape::flat(1)), &[z]).unwrap()
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
