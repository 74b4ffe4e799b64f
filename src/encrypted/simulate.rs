//! A program in the clear: slots in f64, through the same diagonals that are encoded. *Estimates*: nothing is proved of the
//! rounding; a wrong layout or diagonal shows.

use crate::encrypted::program::Program;
use crate::error::Result;
use rayon::prelude::*;

/// What stands at an activation: the network's number of it, its inputs' slots.
pub type Respond<'a> = dyn Fn(usize, f64) -> f64 + Sync + 'a;

/// What comes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// The network's outputs.
    pub estimate_outputs: Vec<f64>,
    /// For each step the largest size of what goes into its activation, or of the outputs; infinite for what is no number.
    pub estimate_sizes: Vec<f64>,
}

/// Runs a program on the slots of one input, `respond` in place of each ReLU.
///
/// # Errors
/// An input of another size.
pub fn simulate(program: &Program, input: &[f64], respond: &Respond) -> Result<Simulated> {
    let last = program.last_uses();
    let mut values: Vec<Option<Vec<f64>>> = vec![Some(program.input.pack(input)?)];
    let mut estimate_sizes = Vec::with_capacity(program.steps.len());
    for (i, step) in program.steps.iter().enumerate() {
        let mut out = step.bias.clone();
        let parts: Vec<Vec<f64>> = (step.terms.par_iter())
            .map(|t| {
                t.map
                    .estimate(values[t.value].as_deref().unwrap_or_default())
            })
            .collect();
        for part in &parts {
            out.iter_mut().zip(part).for_each(|(out, v)| *out += v);
        }
        let size = |m: f64, v: &f64| match v.is_nan() {
            true => f64::INFINITY,
            false => m.max(v.abs()),
        };
        estimate_sizes.push(out.iter().fold(0.0, size));
        if let Some(activation) = step.activation {
            out.par_iter_mut()
                .for_each(|v| *v = respond(activation, *v));
        }
        values.push(Some(out));
        for term in &step.terms {
            if last[term.value] == Some(i) {
                values[term.value] = None;
            }
        }
    }
    let slots = values[program.output].take().unwrap_or_default();
    Ok(Simulated {
        estimate_outputs: program.layout(program.output).unpack(&slots)?,
        estimate_sizes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encrypted::compile::compile;
    use crate::network::forward::Prepared;
    use crate::network::model::graph::{Builder, Network, Preprocessing};
    use crate::network::model::ops::{BatchNorm, Conv, Dense};
    use crate::network::{Op, TensorShape, Window};

    /// Numbers without a pattern in [-1, 1].
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> f64 {
            self.0 = (self.0)
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / 2f64.powi(52) - 1.0
        }

        fn list(&mut self, n: usize) -> Vec<f64> {
            (0..n).map(|_| self.next()).collect()
        }

        fn conv(&mut self, (from, to, groups): (usize, usize, usize), window: Window) -> Op {
            Op::Conv(Conv {
                weights: self.list(from / groups * to * window.len()),
                bias: self.list(to),
                groups,
                window,
            })
        }

        fn norm(&mut self, channels: usize) -> Op {
            Op::BatchNorm(BatchNorm {
                gamma: self.list(channels),
                beta: self.list(channels),
                mean: self.list(channels),
                variance: self.list(channels).iter().map(|v| v.abs()).collect(),
                epsilon: 1e-5,
            })
        }

        fn dense(&mut self, from: usize, to: usize) -> Op {
            Op::Dense(Dense {
                weights: self.list(from * to),
                bias: self.list(to),
            })
        }
    }

    fn window(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 4]) -> Window {
        Window {
            padding,
            ..Window::new(kernel, stride)
        }
    }

    /// Layers of every kind that is run, sizes that are no powers of two, shortcuts of both options, padding on one side.
    fn network(seed: u64) -> Network {
        let mut r = Numbers(seed);
        let relu = || Op::Relu { slope: 0.0 };
        let mut b = Builder::new(TensorShape::new(3, 11, 9)).unwrap();
        let mut push = |name: &str, op: Op, from: &[usize]| b.push(name, op, from).unwrap();
        let square = window([3, 3], [1, 1], [1; 4]);
        let stem = push("stem", r.conv((3, 6, 1), square), &[0]);
        let stem = push("stem_norm", r.norm(6), &[stem]);
        let x = push("stem_relu", relu(), &[stem]);
        // Option B, and groups.
        let half = window([3, 3], [2, 2], [1; 4]);
        let a = push("a", r.conv((6, 8, 2), half), &[x]);
        let a = push("a_norm", r.norm(8), &[a]);
        let side = push(
            "side",
            r.conv((6, 8, 1), window([1, 1], [2, 2], [0; 4])),
            &[x],
        );
        let side = push("side_norm", r.norm(8), &[side]);
        let sum = push("a_sum", Op::Add, &[a, side]);
        let y = push("a_relu", relu(), &[sum]);
        // Option A, from a max-pooling that reaches into its padding.
        let pool = push(
            "pool",
            Op::MaxPool(window([2, 2], [1, 1], [0, 1, 0, 0])),
            &[y],
        );
        let c = push("c", r.conv((8, 12, 1), half), &[pool]);
        let rows = push("rows", Op::Subsample { stride: [2, 2] }, &[pool]);
        let pad = Op::Pad {
            channels: [1, 3],
            border: [0, 0, 1, 0],
        };
        let pad = push("pad", pad, &[rows]);
        let c = push(
            "c_pad",
            Op::Pad {
                channels: [0, 0],
                border: [0, 0, 1, 0],
            },
            &[c],
        );
        let sum = push("c_sum", Op::Add, &[c, pad]);
        let scale = Op::Affine {
            scale: r.list(12),
            shift: r.list(12),
        };
        let sum = push("c_scale", scale, &[sum]);
        let z = push("c_relu", relu(), &[sum]);
        // Dilation, uneven strides, a mean that does not count its padding, channels side by side.
        let uneven = Window {
            dilation: [2, 1],
            ..window([2, 3], [1, 2], [1, 1, 1, 0])
        };
        let d = push("d", r.conv((12, 5, 1), uneven), &[z]);
        let mean = Op::AvgPool {
            window: window([2, 3], [1, 2], [0, 1, 1, 0]),
            count_padding: false,
        };
        let mean = push("mean", mean, &[z]);
        let (d, mean) = (
            push("d_relu", relu(), &[d]),
            push("mean_relu", relu(), &[mean]),
        );
        let shape = |b: &Builder, id: usize| b.shape(id).len();
        let (n, m) = (shape(&b, d), shape(&b, mean));
        let mut push = |name: &str, op: Op, from: &[usize]| b.push(name, op, from).unwrap();
        let d = push("d_flat", Op::Reshape(TensorShape::flat(n)), &[d]);
        let mean = push("mean_flat", Op::Reshape(TensorShape::flat(m)), &[mean]);
        let all = push("all", Op::Concat, &[d, mean, d]);
        let one = push("one", r.dense(2 * n + m, 21), &[all]);
        let one = push("one_relu", relu(), &[one]);
        let two = push("two", r.dense(21, 6), &[one]);
        let two = push("three", r.dense(6, 7), &[two]);
        b.finish("all kinds", two, Preprocessing::default())
            .unwrap()
    }

    #[test]
    fn slots_give_what_the_network_gives() {
        for seed in 0..4 {
            let network = network(seed);
            let program = compile(&network, 1 << 12).unwrap();
            let mut r = Numbers(100 + seed);
            let x = r.list(network.input_shape().len());
            let want = Prepared::new(&network).unwrap().estimate_plain(&x);
            let got = simulate(&program, &x, &|_, v| v.max(0.0)).unwrap();
            let size = want.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            for (got, want) in got.estimate_outputs.iter().zip(&want) {
                assert!((got - want).abs() < 1e-12 * size, "{seed}: {got} {want}");
            }
            assert_eq!(got.estimate_outputs.len(), 7);
            // Four matches of the pooling's windows in two rounds; activations are numbered as the network has them.
            let numbers: Vec<_> = program.steps.iter().map(|s| s.activation).collect();
            assert_eq!(numbers.iter().flatten().count(), program.steps.len() - 1);
            assert_eq!(numbers.iter().filter(|n| **n == Some(2)).count(), 3);
        }
    }

    /// A diagonal at another shift shows.
    #[test]
    fn a_moved_diagonal_shows() {
        let network = network(9);
        let mut program = compile(&network, 1 << 12).unwrap();
        let mut r = Numbers(3);
        let x = r.list(network.input_shape().len());
        let respond = |_: usize, v: f64| v.max(0.0);
        let before = simulate(&program, &x, &respond).unwrap();
        let diagonals = &mut program.steps[0].terms[0].map.diagonals;
        let (shift, moved) = diagonals.pop_first().unwrap();
        assert!(diagonals.insert(shift + 2, moved).is_none());
        assert_ne!(simulate(&program, &x, &respond).unwrap(), before);
        assert!(simulate(&program, &x[1..], &respond).is_err());
    }
}
