//! Bounds under noise through every layer, against exact rational evaluation: concatenation, padded max-pooling, leaky ReLU,
//! means over windows of different sizes, and tables that are the activation themselves.

use crate::support::random_networks::{exact_graph, polynomial, q, relu, Random};
use polycert::network::forward::twin::Activation;
use polycert::network::model::graph::{Builder, Network, Preprocessing};
use polycert::network::model::ops::{Conv, Dense, Op, TensorShape, Window};
use polycert::network::model::tensor::Tensor;
use polycert::network::model::tournament::expand;
use polycert::network::rows::subject::{Bends, Centre, Start, Subject};
use polycert::network::rows::{Noise, NoiseLevel};
use polycert::poly::composite::Composite;
use rug::{Integer, Rational};

const SCALE: f64 = 64.0;

fn rationals(list: &[(i32, i32)]) -> Vec<Rational> {
    list.iter().map(|&c| Rational::from(c)).collect()
}

/// What stands at the activations.
struct Case {
    composite: Composite,
    twin: Activation,
    centre: Centre,
    /// The unit of the noise.
    unit: f64,
    /// p is the activation itself.
    direct: bool,
    leaky: bool,
}

fn case(kind: usize) -> Case {
    let sign = Composite::from_stages(vec![
        rationals(&[(1, 64), (9, 4), (1, 50), (-5, 4)]),
        rationals(&[(0, 1), (3, 2), (0, 1), (-1, 2)]),
    ]);
    // (x + 60)^2/240 = 15 + x/2 + x^2/240, and a cubic in two stages.
    let square = Composite::from_stages(vec![rationals(&[(15, 1), (1, 2), (1, 240)])]);
    let stages = Composite::from_stages(vec![
        rationals(&[(1, 7), (1, 60), (1, 10_000)]),
        rationals(&[(3, 1), (31, 1), (7, 2), (1, 5)]),
    ]);
    let ends = (Rational::from((-401, 3)), Rational::from((299, 2)));
    let scaled = Activation::new(&sign, &q(SCALE)).unwrap();
    let made = |composite: &Composite, leaky: bool| Case {
        twin: Activation::direct(composite, (&ends.0, &ends.1), leaky).unwrap(),
        composite: composite.clone(),
        centre: Centre::Polynomial,
        unit: 1.0,
        direct: true,
        leaky,
    };
    let of = |centre| Case {
        composite: sign.clone(),
        twin: scaled.clone(),
        centre,
        unit: SCALE,
        direct: false,
        leaky: false,
    };
    match kind {
        0 => of(Centre::Polynomial),
        1 => of(Centre::Relu),
        2 => made(&square, false),
        3 => made(&stages, false),
        _ => made(&square, true),
    }
}

impl Case {
    /// What stands at an activation of slope a below 0: exactly, then a multiple of 2^-256, far below what bounds round.
    fn value(&self, a: f64, z: &Rational) -> Rational {
        let exact = self.exact(a, z);
        let (whole, _) =
            Integer::from(exact.numer() << 256u32).div_rem_floor(exact.denom().clone());
        Rational::from((whole, Integer::from(1) << 256u32))
    }

    fn exact(&self, a: f64, z: &Rational) -> Rational {
        let r = match (self.direct, self.centre) {
            (true, _) => self.composite.eval_exact(z),
            (false, Centre::Polynomial) => polynomial(&self.composite, &q(SCALE), z),
            (false, Centre::Relu) => relu(z),
        };
        if self.leaky {
            return r;
        }
        q(a) * z + (Rational::from(1) - q(a)) * r
    }
}

/// Leaky ReLU, max-pooling, concatenation and means, with or without padding; the slopes below 0 of its activations.
fn network(r: &mut Random, leaky: bool) -> (Network, Vec<f64>) {
    let shape = TensorShape::new(1 + r.below(2), 4 + r.below(2), 4);
    let mut b = Builder::new(shape).unwrap();
    let mut slopes = Vec::new();
    let conv = |r: &mut Random, b: &mut Builder, from: usize, to: usize, kernel: usize| {
        let channels = b.shape(from).channels;
        let op = Op::Conv(Conv {
            weights: (0..to * channels * kernel * kernel)
                .map(|_| r.unit() * 0.4)
                .collect(),
            bias: r.list(to),
            groups: 1,
            window: Window {
                padding: [kernel / 2; 4],
                ..Window::new([kernel; 2], [1, 1])
            },
        });
        b.push("conv", op, &[from]).unwrap()
    };
    let relu = |r: &mut Random, b: &mut Builder, from: usize, slopes: &mut Vec<f64>| {
        let slope = match leaky {
            // As files hold 1/100.
            true => f64::from(0.01f32),
            false => [0.0, 0.1, f64::from(0.01f32), -0.7, 1.5][r.below(5)],
        };
        slopes.push(slope);
        b.push("act", Op::Relu { slope }, &[from]).unwrap()
    };
    let x = conv(r, &mut b, 0, 2, 3);
    let x = relu(r, &mut b, x, &mut slopes);
    let padded = |k: usize, s: usize, p: [usize; 4]| Window {
        padding: p,
        ..Window::new([k; 2], [s; 2])
    };
    let pooled = match r.below(4) {
        _ if leaky => x,
        0 => b
            .push("pool", Op::MaxPool(padded(3, 2, [1; 4])), &[x])
            .unwrap(),
        1 => b
            .push("pool", Op::MaxPool(padded(2, 1, [1, 0, 0, 1])), &[x])
            .unwrap(),
        2 => b
            .push("pool", Op::MaxPool(padded(3, 1, [1; 4])), &[x])
            .unwrap(),
        _ => b
            .push("pool", Op::MaxPool(padded(2, 2, [0; 4])), &[x])
            .unwrap(),
    };
    if pooled != x {
        slopes.push(0.0);
    }
    let channels = 1 + r.below(2);
    let side = conv(r, &mut b, pooled, channels, 1);
    let other = relu(r, &mut b, side, &mut slopes);
    let all = [pooled, other, pooled];
    let both = b
        .push("concat", Op::Concat, &all[..2 + r.below(2)])
        .unwrap();
    let window = [padded(2, 1, [1; 4]), padded(3, 2, [1, 1, 1, 1])][r.below(2)];
    let mean = Op::AvgPool {
        window,
        count_padding: r.below(3) == 0,
    };
    let mean = b.push("mean", mean, &[both]).unwrap();
    let n = b.shape(mean).len();
    let flat = b
        .push("flat", Op::Reshape(TensorShape::flat(n)), &[mean])
        .unwrap();
    let flat = relu(r, &mut b, flat, &mut slopes);
    let last = Op::Dense(Dense {
        weights: r.list(2 * n),
        bias: r.list(2),
    });
    let out = b.push("out", last, &[flat]).unwrap();
    (
        b.finish("n", out, Preprocessing::default()).unwrap(),
        slopes,
    )
}

#[test]
fn deviations_hold_exact_evaluations_through_every_layer() {
    let mut r = Random(31);
    let mut cases = [0usize; 5];
    let mut tight = [0.0f64; 5];
    for round in 0..150 {
        let kind = round % 5;
        let case = case(kind);
        let (network, slopes) = network(&mut r, case.leaky);
        let expanded = expand(&network).unwrap();
        let twin = vec![case.twin.clone(); slopes.len()];
        let bends = Bends::new(&network, std::slice::from_ref(&case.composite), &twin).unwrap();
        let subject = Subject::new(&expanded, &twin, &bends, case.centre).unwrap();
        let x = r.list(network.input_shape().len());
        let mut input = Tensor::zeros(network.input_shape());
        input.hi.clone_from(&x);
        let Ok(Start::Decided(at)) = subject.undisturbed(&input) else {
            continue;
        };
        let sizes = [1e-7, 1e-4, 3e-3];
        let mut noise = sizes.map(|worst| {
            NoiseLevel::from(Noise {
                worst,
                ..Noise::default()
            })
        });
        // The last of them differs by layer, and some layers have none.
        let parts: Vec<f64> = slopes
            .iter()
            .map(|_| [0.0, 0.25, 1.0][r.below(3)])
            .collect();
        let worst = |part: &f64| Noise {
            worst: part * sizes[2],
            ..Noise::default()
        };
        noise[2] = NoiseLevel::Layers(parts.iter().map(worst).collect());
        let found = subject
            .bound(&at, &noise, 1 + round % 3, &mut |_, _| ())
            .unwrap();
        let exact_x: Vec<Rational> = x.iter().map(|v| q(*v)).collect();
        let still = exact_graph(&network, &exact_x, |k, _, z| case.value(slopes[k], z));
        for (level, size) in sizes.into_iter().enumerate() {
            let size = |k: usize| match level {
                2 => q(size * parts[k]) * q(case.unit),
                _ => q(size) * q(case.unit),
            };
            for _ in 0..3 {
                let disturbed = exact_graph(&network, &exact_x, |k, _, z| {
                    let sign = if r.below(2) == 0 { 1 } else { -1 };
                    case.value(slopes[k], z) + size(k) * sign
                });
                for (target, bounds) in at.targets.iter().zip(&found.targets) {
                    let moved = target.iter().zip(&disturbed).zip(&still);
                    let moved = moved.fold(Rational::new(), |sum, ((t, a), b)| {
                        sum + q(f64::from(*t)) * Rational::from(a - b)
                    });
                    let bound = bounds[level].bound_deviation;
                    if bound.is_finite() {
                        cases[kind] += 1;
                        assert!(moved.clone().abs() <= q(bound), "{round}, level {level}");
                        tight[kind] = tight[kind].max(moved.abs().to_f64() / bound);
                    }
                    // To first order at least: a slope that is wrong would show. (At equal values in a max-pooling of ReLU
                    // itself the whole of a deviation is remainder.)
                    if level == 0 && kind != 1 {
                        assert!(
                            bound <= 1.5 * bounds[0].estimate_first_order + 1e-9,
                            "{round}"
                        );
                    }
                }
            }
        }
    }
    assert!(cases.iter().all(|n| *n > 300), "{cases:?}");
    assert!(tight.iter().all(|t| *t > 0.3 && *t <= 1.0), "{tight:?}");
}

/// What a layer is said to have to spare is proved again by the bounds themselves, is close to what first order leaves room
/// for where noise is small, and corners of so much noise leave the class.
#[test]
fn a_budget_is_what_the_bounds_prove() {
    let mut r = Random(8);
    let (mut proved, mut close, mut none) = (0, 0, 0);
    for round in 0..24 {
        let case = case([0, 2][round % 2]);
        let (network, slopes) = network(&mut r, false);
        let expanded = expand(&network).unwrap();
        let twin = vec![case.twin.clone(); slopes.len()];
        let bends = Bends::new(&network, std::slice::from_ref(&case.composite), &twin).unwrap();
        let subject = Subject::new(&expanded, &twin, &bends, case.centre).unwrap();
        let x = r.list(network.input_shape().len());
        let mut input = Tensor::zeros(network.input_shape());
        input.hi.clone_from(&x);
        let Ok(Start::Decided(at)) = subject.undisturbed(&input) else {
            continue;
        };
        let quiet = Noise::default();
        let silent = slopes.len() / 2;
        let mut by_layer = vec![
            Noise {
                worst: 1e-6,
                ..quiet
            };
            slopes.len()
        ];
        by_layer[silent] = quiet;
        let levels = [
            NoiseLevel::Layers(by_layer),
            Noise {
                sigma: 1e-7,
                ..quiet
            }
            .into(),
            Noise {
                worst: 0.5,
                ..quiet
            }
            .into(),
        ];
        let found = subject.bound(&at, &levels, 1, &mut |_, _| ()).unwrap();
        let told = &mut |_, _| ();
        let spare = subject.spare(&at, (&levels, &found), 2, told).unwrap();
        assert_eq!(spare.len(), 3);
        let exact_x: Vec<Rational> = x.iter().map(|v| q(*v)).collect();
        for (c, level) in levels.iter().enumerate() {
            if at.bound_margin_under(&found, c) <= 0.0 {
                none += 1;
                assert!(spare[c].is_empty());
                continue;
            }
            assert_eq!(spare[c].len(), slopes.len());
            for (k, spare) in spare[c].iter().enumerate() {
                let own = level.at(k);
                if own == quiet {
                    assert_eq!((spare.bound_bits, spare.estimate_bits), (None, None));
                    continue;
                }
                let Some(bits) = spare.bound_bits else {
                    continue;
                };
                proved += 1;
                let estimate = spare.estimate_bits.unwrap();
                assert!(bits > 0.0 && bits <= estimate, "{bits} {estimate}");
                close += usize::from(bits > 0.75 * estimate);
                let mut list: Vec<Noise> = (0..slopes.len()).map(|k| level.at(k)).collect();
                list[k].worst *= bits.exp2();
                list[k].sigma *= bits.exp2();
                let more = [NoiseLevel::Layers(list.clone())];
                let again = subject.bound(&at, &more, 1, &mut |_, _| ()).unwrap();
                assert!(at.bound_margin_under(&again, 0) > 0.0);
                if own.worst == 0.0 || proved % 7 != 0 {
                    continue;
                }
                let result = exact_graph(&network, &exact_x, |k, _, z| {
                    let sign = if r.below(2) == 0 { 1 } else { -1 };
                    case.value(slopes[k], z) + q(list[k].worst) * q(case.unit) * sign
                });
                let apart = Rational::from(&result[0] - &result[1]);
                assert_eq!(apart > 0, at.class == 0);
            }
        }
    }
    assert!(
        proved > 60 && close * 3 > proved && none > 3,
        "{proved} {close} {none}"
    );
}

/// Slopes and curvature of a polynomial that is the activation itself, on a domain that is not around 0.
#[test]
fn a_direct_polynomial_bends_as_its_exact_derivatives_do() {
    use polycert::certify::neuron::bend::Bend;
    let ends = (Rational::from((-7, 3)), Rational::from((21, 4)));
    for stages in [
        vec![rationals(&[(1, 3), (1, 2), (1, 7)])],
        vec![rationals(&[(1, 3), (1, 2)])],
        vec![rationals(&[(0, 1), (1, 2), (0, 1), (1, 70)])],
        vec![
            rationals(&[(1, 5), (1, 6), (-1, 90), (1, 300)]),
            rationals(&[(2, 1), (3, 1), (1, 2), (0, 1), (-1, 9)]),
        ],
    ] {
        let c = Composite::from_stages(stages);
        let bend = Bend::direct(&c, (&ends.0, &ends.1)).unwrap();
        let h = Rational::from((1, 1 << 20));
        for n in -23..=52i32 {
            let x = Rational::from((n, 10));
            let at = x.to_f64();
            let x = q(at);
            let (up, down) = (Rational::from(&x + &h), Rational::from(&x - &h));
            let [a, m, b] = [&down, &x, &up].map(|v| c.eval_exact(v));
            // Central differences: within h^2/6 of the third, h^2/12 of the fourth derivative, far below what is allowed.
            let slope = Rational::from(&b - &a) / Rational::from(&h * 2u32);
            let curve = (a + b - m * 2u32) / Rational::from(&h * &h);
            let (found, off) = bend.slope(at).unwrap();
            assert!((q(f64::from(found)) - slope).abs() <= q(off + 1e-9), "{n}");
            assert!(off < 1e-6, "{n}: {off}");
            let bound = bend.bound_bend(at, at).unwrap() / bend.scale();
            let curve = curve.abs().to_f64();
            assert!(
                bound >= curve - 1e-9 && bound <= 1.2 * curve + 0.01,
                "{n}: {bound} {curve}"
            );
        }
        assert!(bend.slope(-2.34).is_err() && bend.slope(5.251).is_err());
        assert!(bend.bound_bend(-2.0, 5.26).is_err() && bend.bound_bend(-2.34, 1.0).is_err());
        assert_eq!(bend.unit(), 1.0);
    }
    let c = Composite::from_stages(vec![rationals(&[(0, 1), (1, 1)])]);
    let error = Bend::direct(&c, (&Rational::from(1), &Rational::from(2)));
    assert!(error.unwrap_err().to_string().contains("holds 0"));
}
