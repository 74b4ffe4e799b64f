//! Small random networks, and their exact rational evaluation.

use polycert::network::boxes::stages::Stage;
use polycert::network::model::graph::{Builder, Network, Preprocessing};
use polycert::network::model::ops::{BatchNorm, Conv, Dense};
use polycert::network::model::ops::{Op, TensorShape, Window};
use polycert::poly::composite::Composite;
use rug::Rational;

pub fn q(x: f64) -> Rational {
    Rational::from_f64(x).unwrap()
}

/// A small generator: reproducible, and good enough to draw networks with.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) ^ (self.0 >> 17 & 0xffff)
    }
    pub fn below(&mut self, n: u64) -> usize {
        (self.next() % n) as usize
    }
    /// In [-1, 1], with full mantissas, sometimes exactly a corner.
    pub fn unit(&mut self) -> f64 {
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
    pub fn list(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.unit()).collect()
    }
}

/// Chebyshev coefficients at t, exactly.
pub fn chebyshev(c: &[f64], t: &Rational) -> Rational {
    let (mut b1, mut b2) = (Rational::new(), Rational::new());
    for &c in c.iter().skip(1).rev() {
        let b = q(c) + Rational::from(t * &b1) * 2u32 - &b2;
        (b2, b1) = (b1, b);
    }
    q(c[0]) + t * b1 - b2
}

/// Pre-activations of every stage, exactly; `respond` (stage, neuron, z) is the activation.
pub fn exact(
    stages: &[Stage],
    x: &[Rational],
    respond: impl Fn(usize, usize, &Rational) -> Rational,
) -> Vec<Vec<Rational>> {
    let mut before = vec![x.to_vec()];
    let mut after = vec![x.to_vec()];
    for (k, stage) in stages.iter().enumerate().skip(1) {
        let mut z: Vec<Rational> = stage.bias.iter().map(|b| q(*b)).collect();
        for m in &stage.matrices {
            let a = &after[m.source];
            m.map.each_entry(a.len(), |o, i, w| z[o] += q(w) * &a[i]);
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

pub fn relu(z: &Rational) -> Rational {
    z.clone().max(Rational::new())
}

/// A random chain of dense layers, sometimes with a shortcut around one.
pub fn dense_network(r: &mut Random) -> Network {
    let n = 1 + r.below(3);
    let mut b = Builder::new(TensorShape::flat(n)).unwrap();
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

/// x (1 + p(x/B))/2, exactly.
pub fn polynomial(c: &Composite, b: &Rational, x: &Rational) -> Rational {
    let p = c.eval_exact(&Rational::from(x / b));
    x * (p + 1u32) / 2u32
}

/// A random residual network with convolutions, batch norm, means and every other linear layer.
pub fn conv_network(r: &mut Random) -> Network {
    let shape = TensorShape::new(1 + r.below(2), 3, 2 + r.below(2));
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
    let y = b
        .push("flat", Op::Reshape(TensorShape::flat(to)), &[y])
        .unwrap();
    let last = Op::Dense(Dense {
        weights: r.list(2 * to),
        bias: r.list(2),
    });
    let out = b.push("out", last, &[y]).unwrap();
    b.finish("random", out, Preprocessing::default()).unwrap()
}

/// The network's exact result; `respond` (activation, element, z).
pub fn exact_graph(
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
                    let (kernel, padding) = (c.window.kernel, c.window.padding);
                    let own = s.channels / c.groups;
                    let first = o / (out.channels / c.groups) * own;
                    for ch in 0..own {
                        for tap in 0..c.window.len() {
                            let (ky, kx) = (tap / kernel[1], tap % kernel[1]);
                            let (ky, kx) = (ky * c.window.dilation[0], kx * c.window.dilation[1]);
                            let yy = (row * c.window.stride[0] + ky).checked_sub(padding[0]);
                            let xx = (column * c.window.stride[1] + kx).checked_sub(padding[1]);
                            if let (Some(yy), Some(xx)) = (yy, xx) {
                                if yy < s.height && xx < s.width {
                                    let w = c.weights[(o * own + ch) * c.window.len() + tap];
                                    let at = ((first + ch) * s.height + yy) * s.width + xx;
                                    sum += q(w) * &input(0)[at];
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
            (
                Op::AvgPool {
                    window,
                    count_padding,
                },
                Some(s),
            ) => (0..out.len())
                .map(|i| {
                    let inside = elements(window, s, place(i));
                    let n = if *count_padding {
                        window.len()
                    } else {
                        inside.len()
                    };
                    let sum = inside
                        .iter()
                        .fold(Rational::new(), |t, j| t + &input(0)[*j]);
                    sum / n as u32
                })
                .collect(),
            (Op::MaxPool(window), Some(s)) => {
                let k = activations;
                activations += 1;
                let each = (0..out.len()).map(|i| {
                    let inside = elements(window, s, place(i));
                    let mut left: Vec<Rational> =
                        inside.iter().map(|j| input(0)[*j].clone()).collect();
                    while left.len() > 1 {
                        let pairs = left.chunks(2).map(|pair| match pair {
                            [a, b] => respond(k, i, &Rational::from(a - b)) + b,
                            odd => odd[0].clone(),
                        });
                        left = pairs.collect();
                    }
                    left.swap_remove(0)
                });
                each.collect()
            }
            (Op::Concat, _) => (0..node.inputs.len())
                .flat_map(|k| input(k).clone())
                .collect(),
            (Op::Reshape(_), _) => input(0).clone(),
            // `respond` is given the polynomial's value.
            (Op::Polynomial(p), _) => {
                let k = activations;
                activations += 1;
                let value = |i: usize, z: &Rational| {
                    let powers = p.channels[i / out.pixels()].iter().rev();
                    powers.fold(Rational::new(), |y, c| y * z + c)
                };
                let all = input(0).iter().enumerate();
                all.map(|(i, z)| respond(k, i, &value(i, z))).collect()
            }
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

/// The elements of a window that lie inside, row by row.
fn elements(
    window: &Window,
    s: TensorShape,
    (c, row, column): (usize, usize, usize),
) -> Vec<usize> {
    let inside = window.positions(s, row, column);
    inside
        .map(|(y, x)| (c * s.height + y) * s.width + x)
        .collect()
}
