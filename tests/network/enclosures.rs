//! Random small networks of every kind of layer, evaluated exactly: always inside the enclosures.

use crate::support::effort::multiplier;
use polycert::arith::ball::Ball;
use polycert::network::forward::twin::Activation;
use polycert::network::forward::{Evaluation, Given, Model, Outcome, Prepared};
use polycert::network::model::graph::{Builder, Network, Preprocessing};
use polycert::network::model::ops::{BatchNorm, Conv, Dense, Polynomials};
use polycert::network::model::ops::{Op, TensorShape, Window};
use polycert::network::model::tensor::Tensor;
use polycert::poly::composite::Composite;
use rug::Rational;

/// A reproducible source of choices, of ordinary numbers or of numbers over all exponents.
pub struct Source {
    pub state: u64,
    pub extreme: bool,
}

impl Source {
    pub fn next(&mut self, n: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 33) as usize) % n
    }

    pub fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.next(list.len())]
    }

    /// A dyadic number of up to 20 bits; now and then 0, or far from the others in size.
    fn number(&mut self) -> f64 {
        let m = self.next(1 << 20) as f64 - f64::from(1 << 19);
        if self.extreme {
            // 2^-1074 .. 2^996, small numbers more often: their products underflow, not overflow.
            let e = self.next(2_070) as i32 - 1_074;
            let e = if e > 300 && self.next(4) > 0 {
                e - 900
            } else {
                e
            };
            let m = m + self.next(1 << 20) as f64 * 2f64.powi(-33);
            return m * 2f64.powi(e / 2) * 2f64.powi(e - e / 2 - 19);
        }
        match self.next(12) {
            0 => 0.0,
            1 => m * 2f64.powi(-40),
            _ => m * 2f64.powi(-19),
        }
    }

    pub fn numbers(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.number()).collect()
    }
}

fn q(x: f64) -> Rational {
    Rational::from_f64(x).unwrap()
}

fn layer(s: &mut Source, x: TensorShape) -> Op {
    let flat = x.pixels() == 1;
    // Their coefficients are not of all sizes.
    if !s.extreme && s.next(8) == 0 {
        return polynomial(s, x.channels);
    }
    match s.next(if flat { 6 } else { 12 }) {
        0 | 1 => Op::Relu {
            slope: s.of(&[0.0, 0.0, 0.25, -0.5]),
        },
        2 => Op::BatchNorm(BatchNorm {
            gamma: s.numbers(x.channels),
            beta: s.numbers(x.channels),
            mean: s.numbers(x.channels),
            // Squares, so that the exact result is rational.
            variance: (0..x.channels)
                .map(|_| s.of(&[0.25, 1.0, 2.25, 9.0]))
                .collect(),
            epsilon: 0.0,
        }),
        3 => Op::Affine {
            scale: s.numbers(x.channels),
            shift: s.numbers(x.channels),
        },
        4 | 5 if flat => {
            let outputs = 1 + s.next(10);
            Op::Dense(Dense {
                weights: s.numbers(outputs * x.channels),
                bias: s.numbers(outputs),
            })
        }
        4 => Op::Reshape(TensorShape::flat(x.len())),
        5 => Op::Pad {
            channels: [s.next(2), s.next(2)],
            border: [s.next(2), s.next(2), s.next(2), s.next(2)],
        },
        6 => Op::Subsample {
            stride: [1 + s.next(2), 1 + s.next(2)],
        },
        7 => Op::MaxPool(window(s, x, false)),
        8 => Op::AvgPool {
            window: window(s, x, false),
            count_padding: s.next(2) == 0,
        },
        _ => {
            let groups = if x.channels % 2 == 0 {
                s.of(&[1, 2])
            } else {
                1
            };
            let outputs = groups * (1 + s.next(6));
            let w = window(s, x, true);
            Op::Conv(Conv {
                weights: s.numbers(outputs * (x.channels / groups) * w.len()),
                bias: s.numbers(outputs),
                groups,
                window: w,
            })
        }
    }
}

/// Of degree 1 to 4, fractions among the coefficients; sometimes odd, sometimes one for all channels.
fn polynomial(s: &mut Source, channels: usize) -> Op {
    let (terms, odd, third) = (2 + s.next(4), s.next(3) == 0, s.next(3) == 0);
    let one = |s: &mut Source| -> Vec<Rational> {
        let mut all: Vec<Rational> = s.numbers(terms).into_iter().map(q).collect();
        for (j, c) in all.iter_mut().enumerate() {
            if odd && j % 2 == 0 {
                *c = Rational::new();
            }
            if third {
                *c /= 3u32;
            }
        }
        all
    };
    let first = one(s);
    let same = s.next(2) == 0;
    let mut list = vec![first.clone()];
    for _ in 1..channels {
        list.push(if same { first.clone() } else { one(s) });
    }
    Op::Polynomial(Polynomials::new(list).unwrap())
}

/// The activation in place of ReLU and max; polynomials of the network stay.
pub fn twin_of(n: &Network, replaced: &Activation) -> Vec<Activation> {
    let stands = |id: &usize| match n.nodes[*id].op {
        Op::Polynomial(_) => Activation::own(None),
        _ => replaced.clone(),
    };
    n.activations().iter().map(stands).collect()
}

fn window(s: &mut Source, x: TensorShape, conv: bool) -> Window {
    let kernel = [1 + s.next(x.height.min(3)), 1 + s.next(x.width.min(3))];
    let pad = |s: &mut Source, k: usize| if conv { s.next(3) } else { s.next(k) };
    Window {
        kernel,
        stride: [1 + s.next(2), 1 + s.next(2)],
        dilation: if conv && x.height > 4 && x.width > 4 && s.next(4) == 0 {
            [2, 1]
        } else {
            [1, 1]
        },
        padding: [
            pad(s, kernel[0]),
            pad(s, kernel[1]),
            pad(s, kernel[0]),
            pad(s, kernel[1]),
        ],
    }
}

/// A network with at most `most` polynomials one after another.
pub fn network(s: &mut Source, most: usize) -> Network {
    let shape = if s.next(3) == 0 {
        TensorShape::flat(1 + s.next(9))
    } else {
        TensorShape::new(1 + s.next(2), 2 + s.next(4), 2 + s.next(4))
    };
    let mut b = Builder::new(shape).unwrap();
    let (mut last, mut depth) = (0, 0);
    let mut ids = vec![0];
    for k in 0..3 + s.next(5) {
        let other = s.of(&ids);
        let (a, o) = (b.shape(last), b.shape(other));
        let join = s.next(4) == 0 && k > 0;
        let (op, inputs) = if join && a == o {
            (Op::Add, vec![last, other])
        } else if join && (a.height, a.width) == (o.height, o.width) {
            (Op::Concat, vec![other, last])
        } else {
            (layer(s, a), vec![last])
        };
        // A max-pool is as many polynomials deep as its tournament has rounds.
        depth += match &op {
            Op::MaxPool(w) => (w.len().next_power_of_two().trailing_zeros() as usize).max(1),
            op => usize::from(op.is_activation()),
        };
        if depth > most {
            break;
        }
        last = b.push(&format!("l{k}"), op, &inputs).unwrap();
        ids.push(last);
    }
    b.finish("random", last, Preprocessing::default()).unwrap()
}

/// ReLU and max, or the polynomial.
pub type Sign<'a> = Option<&'a Composite>;

pub const B: i32 = 1 << 12;

fn exact_relu(x: &Rational, sign: Sign) -> Rational {
    match sign {
        None => x.clone().max(Rational::new()),
        Some(p) => {
            let p = p.eval_exact(&Rational::from(x / B));
            x * (p + 1u32) / 2u32
        }
    }
}

pub fn in_windows(w: Window, x: TensorShape, out: TensorShape) -> Vec<Vec<usize>> {
    let at = |i: usize| {
        let (c, p) = (i / out.pixels(), i % out.pixels());
        let inside = w.positions(x, p / out.width, p % out.width);
        inside
            .map(|(y, z)| (c * x.height + y) * x.width + z)
            .collect()
    };
    (0..out.len()).map(at).collect()
}

/// The network over the rationals, written from the layers' definitions; also each activation's inputs.
pub fn exact(n: &Network, x: &[Rational], sign: Sign) -> (Vec<Rational>, Vec<Vec<Rational>>) {
    let mut values: Vec<Vec<Rational>> = vec![];
    let mut inputs = vec![];
    for node in &n.nodes {
        let out = node.shape;
        let v = |k: usize| &values[node.inputs[k]];
        let from = |k: usize| n.nodes[node.inputs[k]].shape;
        if node.op.is_activation() {
            inputs.push(v(0).clone());
        }
        let y: Vec<Rational> = match &node.op {
            Op::Input => x.to_vec(),
            Op::Conv(c) => {
                let s = from(0);
                let (each, w) = (s.channels / c.groups, &c.window);
                let mut y = vec![];
                for o in 0..out.channels {
                    for row in 0..out.height {
                        for col in 0..out.width {
                            let mut sum = q(c.bias[o]);
                            for i in 0..each {
                                for ky in 0..w.kernel[0] {
                                    for kx in 0..w.kernel[1] {
                                        let r = (row * w.stride[0] + ky * w.dilation[0]) as i64
                                            - w.padding[0] as i64;
                                        let d = (col * w.stride[1] + kx * w.dilation[1]) as i64
                                            - w.padding[1] as i64;
                                        if (0..s.height as i64).contains(&r)
                                            && (0..s.width as i64).contains(&d)
                                        {
                                            let group = o / (out.channels / c.groups);
                                            let ch = group * each + i;
                                            let at =
                                                (ch * s.height + r as usize) * s.width + d as usize;
                                            let k = ((o * each + i) * w.kernel[0] + ky)
                                                * w.kernel[1]
                                                + kx;
                                            sum += q(c.weights[k]) * &v(0)[at];
                                        }
                                    }
                                }
                            }
                            y.push(sum);
                        }
                    }
                }
                y
            }
            Op::Dense(d) => {
                let k = v(0).len();
                let row = |m: usize| {
                    (0..k).fold(q(d.bias[m]), |s, j| s + q(d.weights[m * k + j]) * &v(0)[j])
                };
                (0..out.len()).map(row).collect()
            }
            Op::BatchNorm(b) => {
                let at = |i: usize| {
                    let c = i / out.pixels();
                    let root = q(b.variance[c].sqrt());
                    (v(0)[i].clone() - q(b.mean[c])) * q(b.gamma[c]) / root + q(b.beta[c])
                };
                (0..out.len()).map(at).collect()
            }
            Op::Affine { scale, shift } => {
                let at =
                    |i: usize| q(scale[i / out.pixels()]) * &v(0)[i] + q(shift[i / out.pixels()]);
                (0..out.len()).map(at).collect()
            }
            Op::Add => v(0)
                .iter()
                .zip(v(1))
                .map(|(a, b)| Rational::from(a + b))
                .collect(),
            Op::Polynomial(p) => {
                let at = |i: usize| {
                    let powers = p.channels[i / out.pixels()].iter().rev();
                    powers.fold(Rational::new(), |y, c| y * &v(0)[i] + c)
                };
                (0..out.len()).map(at).collect()
            }
            Op::Relu { slope } => {
                let leaky =
                    |x: &Rational| exact_relu(x, sign) * (q(1.0) - q(*slope)) + q(*slope) * x;
                v(0).iter().map(leaky).collect()
            }
            Op::MaxPool(w) => in_windows(*w, from(0), out)
                .into_iter()
                .map(|list| {
                    let mut round: Vec<Rational> = list.iter().map(|&i| v(0)[i].clone()).collect();
                    while round.len() > 1 {
                        let matched = round.chunks(2).map(|p| match p {
                            [a, b] => b + exact_relu(&Rational::from(a - b), sign),
                            _ => p[0].clone(),
                        });
                        round = matched.collect();
                    }
                    round.pop().unwrap()
                })
                .collect(),
            Op::AvgPool {
                window,
                count_padding,
            } => in_windows(*window, from(0), out)
                .into_iter()
                .map(|list| {
                    let count = if *count_padding {
                        window.len()
                    } else {
                        list.len()
                    };
                    let sum = list.iter().fold(Rational::new(), |s, &i| s + &v(0)[i]);
                    sum / count as u32
                })
                .collect(),
            Op::Subsample { stride } => {
                let s = from(0);
                let mut y = vec![];
                for c in 0..s.channels {
                    for r in (0..s.height).step_by(stride[0]) {
                        for d in (0..s.width).step_by(stride[1]) {
                            y.push(v(0)[(c * s.height + r) * s.width + d].clone());
                        }
                    }
                }
                y
            }
            Op::Pad { channels, border } => {
                let s = from(0);
                let mut y = vec![Rational::new(); out.len()];
                for (i, value) in v(0).iter().enumerate() {
                    let (c, r, d) = (i / s.pixels(), i % s.pixels() / s.width, i % s.width);
                    let row = (c + channels[0]) * out.height + r + border[0];
                    y[row * out.width + d + border[1]] = value.clone();
                }
                y
            }
            Op::Concat => (0..node.inputs.len()).flat_map(|k| v(k).clone()).collect(),
            Op::Reshape(_) => v(0).clone(),
            Op::Gather { .. } => unreachable!("no file has it"),
            Op::Smooth(_) => unreachable!("see smooth.rs"),
            Op::Variance { .. } | Op::Normalise(_) => unreachable!("see normalise.rs"),
        };
        assert_eq!(y.len(), out.len());
        values.push(y);
    }
    (values[n.output].clone(), inputs)
}

#[track_caller]
pub fn inside(ball: &Ball, x: &Rational, what: &str) {
    let (lo, hi) = ball.ends().unwrap();
    assert!(lo <= *x && *x <= hi, "{what}: {x} is not in {ball:?}");
}

pub fn composite() -> Composite {
    let q = |n: i32, d: i32| Rational::from((n, d));
    Composite::from_stages(vec![
        vec![q(0, 1), q(3, 2), q(0, 1), q(-1, 2)],
        vec![q(1, 1024), q(5, 4), q(-1, 4)],
    ])
}

/// The ends of a ball, its midpoint, and points between.
pub fn point(s: &mut Source, ball: &Ball) -> Rational {
    let (lo, hi) = ball.ends().unwrap();
    match s.next(4) {
        0 => lo,
        1 => hi,
        k => {
            let t = Rational::from((s.next(9) as u32 + k as u32, 16));
            &lo + (hi - &lo) * t
        }
    }
}

fn check(seed: u64, most: usize, twin: bool, radii: &[f64]) -> (usize, usize) {
    let mut s = Source {
        state: seed,
        extreme: false,
    };
    let n = network(&mut s, most);
    let prepared = Prepared::new(&n).unwrap();
    let radius = s.of(radii);
    let balls: Vec<Ball> = s
        .numbers(n.input_shape().len())
        .iter()
        .map(|&x| Ball::new((x, 0.0), radius))
        .collect();
    let input = Tensor::from_balls(n.input_shape(), &balls);
    let p = composite();
    let polynomials = twin_of(&n, &Activation::new(&p, &Rational::from(B)).unwrap());
    let (model, sign) = if twin {
        (Model::Twin(&polynomials), Some(&p))
    } else {
        (Model::Relu, None)
    };
    let mut done = 0;
    for double in [false, true] {
        let outcome = match prepared.evaluate(&input, model, double) {
            Ok(outcome) => outcome,
            Err(e) => panic!("{seed}: {e}"),
        };
        let Outcome::Done(e) = outcome else { continue };
        done += 1;
        for _ in 0..2 {
            let x: Vec<Rational> = balls.iter().map(|b| point(&mut s, b)).collect();
            let (logits, inputs) = exact(&n, &x, sign);
            holds(
                &e,
                &logits,
                &inputs,
                &format!("seed {seed}, double {double}"),
            );
            if let Some(class) = e.class() {
                if logits.len() > 1 {
                    let best = (0..logits.len()).max_by_key(|&i| &logits[i]).unwrap();
                    assert_eq!(best, class, "seed {seed}");
                    let next = (0..logits.len()).filter(|&j| j != class);
                    let margin = next
                        .map(|j| Rational::from(&logits[class] - &logits[j]))
                        .min();
                    assert!(q(e.margin(class)) <= margin.unwrap(), "seed {seed}");
                }
            }
        }
        if double && radius == 0.0 {
            let widest = e.logits.iter().map(|b| b.radius).fold(0.0, f64::max);
            let size = e.logits.iter().map(|b| b.hi.abs()).fold(1.0, f64::max);
            assert!(
                widest < 1e-15 * size.max(1e6),
                "seed {seed}: {widest} of {size}"
            );
        }
    }
    // Fixed point, of the same balls: whatever the number of limbs; and floats of any exponent.
    for bits in [128, 320, 256] {
        let given = Given::from(&input);
        let outcome = match bits {
            256 => prepared
                .evaluate_wide(given, model, bits)
                .map(Option::unwrap),
            _ => prepared.evaluate_fixed(given, model, bits),
        };
        let Outcome::Done(e) = outcome.unwrap_or_else(|e| panic!("{seed}: {e}")) else {
            continue;
        };
        assert_eq!(e.bits, bits);
        let x: Vec<Rational> = balls.iter().map(|b| point(&mut s, b)).collect();
        let (logits, inputs) = exact(&n, &x, sign);
        holds(&e, &logits, &inputs, &format!("seed {seed}, {bits} bits"));
    }
    (done, n.nodes.len())
}

fn holds(e: &Evaluation, logits: &[Rational], inputs: &[Vec<Rational>], what: &str) {
    for (ball, value) in e.logits.iter().zip(logits) {
        inside(ball, value, what);
    }
    for (range, values) in e.ranges.iter().zip(inputs) {
        for v in values {
            let (lo, hi) = (q(range.bound_lo), q(range.bound_hi));
            assert!(lo <= *v && *v <= hi, "{what}");
        }
    }
}

#[test]
fn relu_networks_hold_their_exact_values() {
    let (mut done, mut nodes) = (0, 0);
    for seed in 0..3_000 * multiplier() {
        let (d, n) = check(seed, 6, false, &[0.0, 0.0, 1e-17, 1e-3, 0.5]);
        done += d;
        nodes += n;
    }
    assert!(
        done as u64 >= 5_900 * multiplier() && nodes as u64 > 12_000 * multiplier(),
        "{done} {nodes}"
    );
}

#[test]
fn polynomial_twins_hold_their_exact_values() {
    let mut done = 0;
    for seed in 0..1_000 * multiplier() {
        done += check(seed + (1 << 40), 2, true, &[0.0, 1e-18, 1e-6, 0.1]).0;
    }
    assert!(done as u64 > 1_500 * multiplier(), "{done}");
}
