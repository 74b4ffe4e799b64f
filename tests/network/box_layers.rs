//! Layers of boxes: convolutions by their weights against the same matrices written out, and max-pooling as its
//! tournament, both against exact evaluation.

use crate::support::random_networks::{chebyshev, exact, exact_graph, q, relu, Random};
use polycert::approx::known::kink::relu_coefficients;
use polycert::certify::neuron::kink::Neuron;
use polycert::network::boxes::maps::{Map, Matrix};
use polycert::network::boxes::stages::{placed, stages, Stage};
use polycert::network::boxes::{analyse, Bounds, Replacement, StageBounds};
use polycert::network::model::graph::{Builder, Network, Preprocessing};
use polycert::network::model::ops::{BatchNorm, Conv, Dense, Op, TensorShape, Window};
use rug::Rational;
use std::collections::HashMap;

/// A convolution with groups, stride, padding and dilation, behind x.
fn conv(r: &mut Random, x: TensorShape) -> Conv {
    let groups = [1, 1, 2, 3][r.below(4)];
    let groups = if x.channels % groups == 0 { groups } else { 1 };
    let to = groups * (1 + r.below(4));
    let mut side = |size: usize| {
        let (kernel, stride, dilation) = (1 + r.below(4), 1 + r.below(3), 1 + r.below(2));
        let reach = (kernel - 1) * dilation + 1;
        let least = reach.saturating_sub(size);
        (
            kernel,
            stride,
            dilation,
            [r.below(3).max(least), r.below(3)],
        )
    };
    let (down, right) = (side(x.height), side(x.width));
    let window = Window {
        kernel: [down.0, right.0],
        stride: [down.1, right.1],
        dilation: [down.2, right.2],
        padding: [down.3[0], right.3[0], down.3[1], right.3[1]],
    };
    Conv {
        weights: r.list(to * x.channels / groups * window.len()),
        bias: r.list(to),
        groups,
        window,
    }
}

fn behind(r: &mut Random, b: &mut Builder, x: usize) -> Network {
    let n = b.shape(x).len();
    let x = b
        .push("flat", Op::Reshape(TensorShape::flat(n)), &[x])
        .unwrap();
    let last = Op::Dense(Dense {
        weights: r.list(2 * n),
        bias: r.list(2),
    });
    let out = b.push("out", last, &[x]).unwrap();
    b.clone()
        .finish("random", out, Preprocessing::default())
        .unwrap()
}

fn conv_network(r: &mut Random) -> Network {
    let shape = TensorShape::new(1 + r.below(6), 1 + r.below(6), 1 + r.below(6));
    let mut b = Builder::new(shape).unwrap();
    let mut x = 0;
    for k in 0..2 {
        let op = Op::Conv(conv(r, b.shape(x)));
        x = b.push(&format!("conv{k}"), op, &[x]).unwrap();
        x = b
            .push(&format!("relu{k}"), Op::Relu { slope: 0.0 }, &[x])
            .unwrap();
    }
    behind(r, &mut b, x)
}

fn a_box(r: &mut Random, n: usize, width: f64) -> Vec<Bounds> {
    let middle = |_| r.unit();
    (0..n).map(middle).map(|m| (m - width, m + width)).collect()
}

type Twin = HashMap<(usize, usize), Neuron>;

/// Proved bounds with polynomials of degree 2, and those.
fn proved(stages: &[Stage], sides: &[Bounds]) -> (Vec<StageBounds>, Twin) {
    let mut twin = Twin::new();
    let found = analyse(stages, sides, |k, i, lo, hi| {
        if lo >= 0.0 || hi <= 0.0 {
            return Ok(None);
        }
        let p = Neuron::new(lo, hi, |kink| relu_coefficients(2, kink))?;
        let replacement = Replacement {
            bound_tilted: Some(p.bound_tilted),
            ..Replacement::within(p.bound_error)
        };
        twin.insert((k, i), p);
        Ok(Some(replacement))
    });
    (found.unwrap(), twin)
}

fn polynomial(p: &Neuron, z: &Rational) -> Rational {
    let h = q(p.range.half);
    let t = Rational::from(z / &h) + q(p.range.kink);
    assert!(t.clone().abs() <= 1u32, "a polynomial leaves its domain");
    chebyshev(&p.coefficients, &t) * h
}

fn inside(b: Bounds, x: &Rational) -> bool {
    q(b.0) <= *x && *x <= q(b.1)
}

fn point(r: &mut Random, sides: &[Bounds]) -> Vec<Rational> {
    let all = sides.iter().map(|&(lo, hi)| match r.below(3) {
        0 => q(lo) + (q(hi) - q(lo)) * q(r.unit()).abs(),
        1 => q(lo),
        _ => q(hi),
    });
    all.collect()
}

/// The stages with every map written out as a matrix.
fn written_out(stages: &[Stage]) -> Vec<Stage> {
    let mut all = stages.to_vec();
    for stage in &mut all {
        for m in &mut stage.matrices {
            let columns = m.columns();
            let mut entries = vec![0.0; stage.size * columns];
            m.map
                .each_entry(columns, |o, i, w| entries[o * columns + i] += w);
            let map = Map::Dense(entries);
            *m = Matrix::new(m.source, map, stage.size, columns);
        }
    }
    all
}

#[test]
fn convolutions_by_their_weights_prove_what_written_out_matrices_prove() {
    let mut r = Random(31_415);
    let (mut stencils, mut outputs) = (0, 0);
    for round in 0..300 {
        let network = conv_network(&mut r);
        let stages = stages(&network).unwrap();
        let maps = stages.iter().flat_map(|s| &s.matrices);
        stencils += maps.filter(|m| matches!(m.map, Map::Stencil(_))).count();
        let sides = a_box(&mut r, stages[0].size, [0.3, 0.0, 1e-9, 2.0][round % 4]);
        let (found, twin) = proved(&stages, &sides);
        let (dense, _) = proved(&written_out(&stages), &sides);
        for (s, d) in found.iter().zip(&dense) {
            let size = |b: &Bounds| b.0.abs().max(b.1.abs());
            let greatest = d.bound_twin.iter().map(size).fold(1.0, f64::max);
            let pairs = [
                (&s.bound_relu, &d.bound_relu),
                (&s.bound_twin, &d.bound_twin),
                (&s.bound_difference, &d.bound_difference),
            ];
            for (a, b) in pairs {
                for (a, b) in a.iter().zip(b) {
                    let off = (a.0 - b.0).abs().max((a.1 - b.1).abs());
                    assert!(off <= 1e-9 * greatest, "network {round}: {a:?} {b:?}");
                }
            }
        }
        let relus: Vec<usize> = (0..stages.len()).filter(|&k| stages[k].relu).collect();
        let x = point(&mut r, &sides);
        let mut z = vec![Vec::new(); stages.len()];
        let out = exact_graph(&network, &x, |a, _, v| {
            z[relus[a]].push(v.clone());
            relu(v)
        });
        z[stages.len() - 1] = out;
        let mut u = vec![Vec::new(); stages.len()];
        let out = exact_graph(&network, &x, |a, i, v| {
            u[relus[a]].push(v.clone());
            let p = twin.get(&(relus[a], i));
            p.map_or_else(|| relu(v), |p| polynomial(p, v))
        });
        u[stages.len() - 1] = out;
        for (k, s) in found.iter().enumerate() {
            for (i, (z, u)) in z[k].iter().zip(&u[k]).enumerate() {
                outputs += 1;
                assert!(
                    inside(s.bound_relu[i], z),
                    "network {round}, stage {k}, {i}"
                );
                assert!(
                    inside(s.bound_twin[i], u),
                    "network {round}, stage {k}, {i}"
                );
                let d = Rational::from(u - z);
                assert!(inside(s.bound_difference[i], &d), "{round}, stage {k}, {i}");
            }
        }
    }
    assert!(stencils > 300 && outputs > 5_000, "{stencils} {outputs}");
}

#[test]
fn boxes_hold_exact_evaluations_of_networks_with_max_pooling() {
    let mut r = Random(2_718);
    let (mut matches, mut outputs) = (0, 0);
    for round in 0..200 {
        let shape = TensorShape::new(1 + r.below(2), 3 + r.below(3), 3 + r.below(3));
        let mut b = Builder::new(shape).unwrap();
        let op = Conv {
            groups: 1,
            weights: r.list(2 * shape.channels * 9),
            bias: r.list(2),
            window: Window {
                padding: [1; 4],
                ..Window::new([3, 3], [1, 1])
            },
        };
        let mut x = b.push("conv", Op::Conv(op), &[0]).unwrap();
        if r.below(2) == 0 {
            x = b.push("relu", Op::Relu { slope: 0.0 }, &[x]).unwrap();
        }
        let (kernel, stride) = (
            [2 + r.below(2), 1 + r.below(3)],
            [1 + r.below(2), 1 + r.below(3)],
        );
        let padded = r.below(2) == 0;
        let window = Window {
            padding: if padded {
                [1, 0, 1, kernel[1] - 1]
            } else {
                [0; 4]
            },
            ..Window::new(kernel, stride)
        };
        let pool = b.push("pool", Op::MaxPool(window), &[x]).unwrap();
        let mut x = pool;
        if r.below(2) == 0 {
            x = b.push("behind", Op::Relu { slope: 0.0 }, &[x]).unwrap();
        }
        let network = behind(&mut r, &mut b, x);
        let (stages, places) = placed(&network).unwrap();
        let activation = network
            .activations()
            .iter()
            .position(|&id| id == pool)
            .unwrap();
        let most = places[activation].len();
        assert!(most + 1 == window.len() || padded && most > 0);
        let sides = a_box(&mut r, stages[0].size, [0.3, 0.05, 1e-9, 2.0][round % 4]);
        let (found, twin) = proved(&stages, &sides);
        matches += twin
            .keys()
            .filter(|(k, _)| places[activation].contains(k))
            .count();
        for _ in 0..2 {
            let x = point(&mut r, &sides);
            let z = exact(&stages, &x, |_, _, z| relu(z));
            // The network's own maxima.
            assert_eq!(exact_graph(&network, &x, |_, _, z| relu(z)), z[z.len() - 1]);
            let respond = |k: usize, i: usize, z: &Rational| {
                let p = twin.get(&(k, i));
                p.map_or_else(|| relu(z), |p| polynomial(p, z))
            };
            let u = exact(&stages, &x, respond);
            if !padded {
                // Its twin: the matches of every window in their order.
                let mut played = HashMap::new();
                let twin = exact_graph(&network, &x, |a, i, z| {
                    let next = played.entry((a, i)).or_insert(0);
                    *next += 1;
                    respond(places[a][*next - 1], i, z)
                });
                assert_eq!(twin, u[u.len() - 1]);
            }
            for (k, s) in found.iter().enumerate() {
                for (i, (z, u)) in z[k].iter().zip(&u[k]).enumerate() {
                    outputs += 1;
                    assert!(
                        inside(s.bound_relu[i], z),
                        "network {round}, stage {k}, {i}"
                    );
                    assert!(
                        inside(s.bound_twin[i], u),
                        "network {round}, stage {k}, {i}"
                    );
                    let d = Rational::from(u - z);
                    assert!(inside(s.bound_difference[i], &d), "{round}, stage {k}, {i}");
                }
            }
        }
    }
    assert!(matches > 1_000 && outputs > 50_000, "{matches} {outputs}");
}

/// Behind a reshape a channel of the batch norm is no channel of the convolution: each element has its own scale.
#[test]
fn batch_norm_behind_a_reshaped_convolution_has_its_own_channels() {
    let mut r = Random(161_803);
    for round in 0..60 {
        let shape = TensorShape::new(1 + r.below(3), 2 + r.below(3), 2 + r.below(3));
        let mut b = Builder::new(shape).unwrap();
        let op = Conv {
            groups: 1,
            weights: r.list(4 * shape.channels * 9),
            bias: r.list(4),
            window: Window {
                padding: [1; 4],
                ..Window::new([3, 3], [1, 1])
            },
        };
        let x = b.push("conv", Op::Conv(op), &[0]).unwrap();
        let n = 4 * shape.pixels();
        let turned = [
            TensorShape::flat(n),
            TensorShape::new(shape.pixels(), 2, 2),
            TensorShape::new(2, shape.height, 2 * shape.width),
        ][round % 3];
        let x = b.push("turned", Op::Reshape(turned), &[x]).unwrap();
        let channels = turned.channels;
        let norm = BatchNorm {
            gamma: r.list(channels),
            beta: r.list(channels),
            mean: r.list(channels),
            variance: (0..channels).map(|i| [0.25, 2.25, 1.0][i % 3]).collect(),
            epsilon: 0.0,
        };
        let x = b.push("norm", Op::BatchNorm(norm), &[x]).unwrap();
        let x = b.push("relu", Op::Relu { slope: 0.0 }, &[x]).unwrap();
        let network = behind(&mut r, &mut b, x);
        let stages = stages(&network).unwrap();
        let sides = a_box(&mut r, shape.len(), [0.3, 1e-9][round % 2]);
        let (found, _) = proved(&stages, &sides);
        let x = point(&mut r, &sides);
        let out = exact_graph(&network, &x, |_, _, z| relu(z));
        for (b, z) in found[stages.len() - 1].bound_relu.iter().zip(&out) {
            assert!(inside(*b, z), "network {round}: {b:?} {z}");
        }
    }
}
