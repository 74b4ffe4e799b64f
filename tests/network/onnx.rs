//! Random ONNX graphs: what is read computes what the operators' definitions say.
//!
//! The definitions are evaluated here on arrays of any rank in exact rationals, from the messages alone; nothing of
//! the reader is used. Graphs are drawn from small sizes, all ranks from 1 to 4, every form of an operator (attributes
//! or operands, negative axes, several opsets). What is read must agree; what is refused must be refused by name.

use crate::support::effort::multiplier;
use crate::support::random_networks::{q, Random};
use polycert::arith::ball::Ball;
use polycert::network::forward::{Model as Evaluated, Outcome, Prepared};
use polycert::network::model::graph::Preprocessing;
use polycert::network::model::tensor::Tensor as Input;
use polycert::network::read::onnx::messages::{
    Attribute, Dimension, Graph, Model, Node, Opset, Size, Tensor, TensorShape, TensorType, Type,
    ValueInfo,
};
use polycert::network::read::onnx::{read, read_with, Options};
use prost::Message as _;
use rug::Rational;
use std::collections::BTreeMap;

/// An array of exact numbers.
#[derive(Clone, Debug)]
struct Array {
    dims: Vec<usize>,
    values: Vec<Rational>,
}

impl Array {
    fn new(dims: &[usize], mut at: impl FnMut(&[usize]) -> Rational) -> Self {
        let mut index = vec![0; dims.len()];
        let mut values = Vec::new();
        for _ in 0..dims.iter().product::<usize>() {
            values.push(at(&index));
            for axis in (0..dims.len()).rev() {
                index[axis] += 1;
                if index[axis] < dims[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Self {
            dims: dims.to_vec(),
            values,
        }
    }

    fn at(&self, index: &[usize]) -> Rational {
        let place = index.iter().zip(&self.dims).fold(0, |p, (i, d)| p * d + i);
        self.values[place].clone()
    }

    /// Broadcast: axes aligned at the last, size 1 repeated.
    fn spread(&self, index: &[usize]) -> Rational {
        let skipped = index.len() - self.dims.len();
        let own: Vec<usize> = self
            .dims
            .iter()
            .enumerate()
            .map(|(a, d)| if *d == 1 { 0 } else { index[a + skipped] })
            .collect();
        self.at(&own)
    }

    fn reshaped(&self, dims: &[usize]) -> Option<Self> {
        (dims.iter().product::<usize>() == self.values.len()).then(|| Self {
            dims: dims.to_vec(),
            values: self.values.clone(),
        })
    }
}

fn broadcast(a: &Array, b: &Array, f: impl Fn(Rational, Rational) -> Rational) -> Option<Array> {
    let rank = a.dims.len().max(b.dims.len());
    let size = |x: &Array, axis: usize| {
        if axis + x.dims.len() < rank {
            1
        } else {
            x.dims[axis + x.dims.len() - rank]
        }
    };
    let mut dims = Vec::new();
    for axis in 0..rank {
        let (x, y) = (size(a, axis), size(b, axis));
        if x != y && x != 1 && y != 1 {
            return None;
        }
        dims.push(x.max(y));
    }
    Some(Array::new(&dims, |i| f(a.spread(i), b.spread(i))))
}

/// A graph under construction, with the exact value of every name.
struct Draw {
    r: Random,
    opset: i64,
    graph: Graph,
    layers: Vec<(String, Array)>,
    names: usize,
}

fn attribute(name: &str) -> Attribute {
    Attribute {
        name: name.into(),
        ..Attribute::default()
    }
}

fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute {
        ints: values.to_vec(),
        ..attribute(name)
    }
}

fn int(name: &str, i: i64) -> Attribute {
    Attribute {
        i,
        ..attribute(name)
    }
}

fn signed(values: &[usize]) -> Vec<i64> {
    values.iter().map(|&v| v as i64).collect()
}

impl Draw {
    fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    /// A small dyadic, so that f32 holds it.
    fn number(&mut self) -> f32 {
        (self.r.below(33) as f32 - 16.0) / 8.0
    }

    fn floats(&mut self, dims: &[usize]) -> (String, Array) {
        let values: Vec<f32> = (0..dims.iter().product()).map(|_| self.number()).collect();
        self.constant(dims, values)
    }

    fn constant(&mut self, dims: &[usize], values: Vec<f32>) -> (String, Array) {
        let name = self.name();
        let array = Array {
            dims: dims.to_vec(),
            values: values.iter().map(|v| q(f64::from(*v))).collect(),
        };
        self.graph.initializers.push(Tensor {
            dims: signed(dims),
            data_type: 1,
            float_data: values,
            name: name.clone(),
            ..Tensor::default()
        });
        (name, array)
    }

    fn integers(&mut self, values: &[i64]) -> String {
        let name = self.name();
        self.graph.initializers.push(Tensor {
            dims: vec![values.len() as i64],
            data_type: 7,
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            name: name.clone(),
            ..Tensor::default()
        });
        name
    }

    fn axis(&mut self, axis: usize, rank: usize, negative_from: i64) -> i64 {
        if self.opset >= negative_from && self.r.below(2) == 0 {
            axis as i64 - rank as i64
        } else {
            axis as i64
        }
    }

    fn node(
        &mut self,
        operator: &str,
        inputs: Vec<String>,
        attributes: Vec<Attribute>,
        value: Array,
    ) {
        let out = self.name();
        self.graph.nodes.push(Node {
            inputs,
            outputs: vec![out.clone()],
            operator: operator.into(),
            attributes,
            ..Node::default()
        });
        self.layers.push((out, value));
    }

    /// One more node, if the drawn form fits.
    fn step(&mut self) -> Option<()> {
        let k = self.layers.len();
        let pick = if self.r.below(3) > 0 {
            k - 1
        } else {
            self.r.below(k as u64)
        };
        let (x, a) = self.layers[pick].clone();
        let rank = a.dims.len();
        match self.r.below(24) {
            0 => {
                let y = Array::new(&a.dims, |i| a.at(i).max(Rational::new()));
                self.node("Relu", vec![x], vec![], y);
            }
            1 | 2 => self.with_constant(x, &a)?,
            3 => {
                let other = self.r.below(k as u64);
                let (z, b) = self.layers[other].clone();
                let minus = self.r.below(2) == 0;
                let y = broadcast(&a, &b, |u, v| if minus { u - v } else { u + v })?;
                self.node(if minus { "Sub" } else { "Add" }, vec![x, z], vec![], y);
            }
            4 => {
                let axis = self.r.below(rank as u64 + 1);
                let dims = [
                    a.dims[..axis].iter().product(),
                    a.dims[axis..].iter().product(),
                ];
                let said = if axis == rank {
                    rank as i64
                } else {
                    self.axis(axis, rank, 11)
                };
                self.node(
                    "Flatten",
                    vec![x],
                    vec![int("axis", said)],
                    a.reshaped(&dims)?,
                );
            }
            5 => self.reshape(x, &a)?,
            6 => {
                let mut order: Vec<usize> = (0..rank).collect();
                for i in (1..rank).rev() {
                    order.swap(i, self.r.below(i as u64 + 1));
                }
                let dims: Vec<usize> = order.iter().map(|&o| a.dims[o]).collect();
                let y = Array::new(&dims, |i| {
                    let mut from = vec![0; rank];
                    order.iter().zip(i).for_each(|(&o, &v)| from[o] = v);
                    a.at(&from)
                });
                self.node("Transpose", vec![x], vec![ints("perm", &signed(&order))], y);
            }
            7 => self.slice(x, &a)?,
            8 => self.pad(x, &a)?,
            9 => self.concat(x, &a)?,
            10 => self.squeeze(x, &a)?,
            11 => self.matmul(x, &a)?,
            12 => self.conv(x, &a)?,
            13 => self.pool(x, &a)?,
            14 => {
                let rows: usize = a.dims.iter().skip(2).product();
                (rank >= 3).then_some(())?;
                let dims: Vec<usize> = a
                    .dims
                    .iter()
                    .enumerate()
                    .map(|(i, d)| if i < 2 { *d } else { 1 })
                    .collect();
                let y = Array::new(&dims, |i| {
                    let plane = (i[0] * a.dims[1] + i[1]) * rows;
                    a.values[plane..plane + rows]
                        .iter()
                        .fold(Rational::new(), |s, v| s + v)
                        / rows as u32
                });
                self.node("GlobalAveragePool", vec![x], vec![], y);
            }
            15 => self.batch_norm(x, &a)?,
            16 => self.clip(x, &a)?,
            17 => self.prelu(x, &a)?,
            18 => self.reduce_mean(x, &a)?,
            19 => self.gather(x, &a)?,
            20 => self.product_from_left(x, &a)?,
            21 | 22 => self.polynomial(x, &a)?,
            _ => self.shape_chain(x, &a)?,
        }
        Some(())
    }

    fn clip(&mut self, x: String, a: &Array) -> Option<()> {
        let (lo, hi) = (self.number(), self.number());
        (lo < hi).then_some(())?;
        let ends = [q(f64::from(lo)), q(f64::from(hi))];
        let form = self.r.below(3);
        let y = Array::new(&a.dims, |i| {
            let mut v = a.at(i);
            if form != 1 {
                v = v.max(ends[0].clone());
            }
            if form != 2 {
                v = v.min(ends[1].clone());
            }
            v
        });
        if self.opset < 11 {
            let end = |name: &str, f: f32| Attribute {
                f,
                ..attribute(name)
            };
            let mut said = vec![];
            if form != 1 {
                said.push(end("min", lo));
            }
            if form != 2 {
                said.push(end("max", hi));
            }
            self.node("Clip", vec![x], said, y);
            return Some(());
        }
        let mut inputs = vec![x, String::new(), String::new()];
        if form != 1 {
            inputs[1] = self.constant(&[], vec![lo]).0;
        }
        if form != 2 {
            inputs[2] = self.constant(&[], vec![hi]).0;
        }
        self.node("Clip", inputs, vec![], y);
        Some(())
    }

    fn prelu(&mut self, x: String, a: &Array) -> Option<()> {
        let mut dims = a.dims.clone();
        for _ in 0..self.r.below(dims.len() as u64 + 1) {
            dims.remove(0);
        }
        for d in &mut dims {
            if self.r.below(2) == 0 {
                *d = 1;
            }
        }
        let (c, slopes) = self.floats(&dims);
        let y = broadcast(a, &slopes, |v, s| if v < 0 { v * s } else { v })?;
        self.node("PRelu", vec![x, c], vec![], y);
        Some(())
    }

    fn reduce_mean(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let axes: Vec<usize> = (0..rank).filter(|_| self.r.below(2) == 0).collect();
        let keep = self.r.below(2) == 0;
        (!axes.is_empty() && (keep || axes.len() < rank)).then_some(())?;
        let n: usize = axes.iter().map(|&i| a.dims[i]).product();
        let mut kept = a.dims.clone();
        axes.iter().for_each(|&i| kept[i] = 1);
        let mut sums = Array::new(&kept, |_| Rational::new());
        Array::new(&a.dims, |i| {
            let at: Vec<usize> = (0..rank)
                .map(|k| if kept[k] == 1 { 0 } else { i[k] })
                .collect();
            let place = at.iter().zip(&kept).fold(0, |p, (i, d)| p * d + i);
            sums.values[place] += a.at(i) / n as u32;
            Rational::new()
        });
        let dims: Vec<usize> = (0..rank)
            .filter(|i| keep || !axes.contains(i))
            .map(|i| kept[i])
            .collect();
        let y = sums.reshaped(&dims)?;
        let said: Vec<i64> = axes.iter().map(|&i| self.axis(i, rank, 11)).collect();
        let keep = int("keepdims", i64::from(keep));
        if self.opset < 18 {
            self.node("ReduceMean", vec![x], vec![ints("axes", &said), keep], y);
        } else {
            let s = self.integers(&said);
            self.node("ReduceMean", vec![x, s], vec![keep], y);
        }
        Some(())
    }

    fn gather(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let axis = self.r.below(rank as u64);
        let size = a.dims[axis];
        let at: Vec<usize> = (0..1 + self.r.below(3))
            .map(|_| self.r.below(size as u64))
            .collect();
        let mut dims = a.dims.clone();
        dims[axis] = at.len();
        let y = Array::new(&dims, |i| {
            let mut from = i.to_vec();
            from[axis] = at[i[axis]];
            a.at(&from)
        });
        let said: Vec<i64> = at.iter().map(|&i| self.axis(i, size, 11)).collect();
        let s = self.integers(&said);
        let axis = self.axis(axis, rank, 11);
        self.node("Gather", vec![x, s], vec![int("axis", axis)], y);
        Some(())
    }

    fn product_from_left(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        (rank >= 2).then_some(())?;
        let (m, k) = (1 + self.r.below(3), a.dims[rank - 2]);
        let (w, b) = self.floats(&[m, k]);
        let mut dims = a.dims.clone();
        dims[rank - 2] = m;
        let y = Array::new(&dims, |i| {
            (0..k).fold(Rational::new(), |s, l| {
                let mut from = i.to_vec();
                from[rank - 2] = l;
                s + b.at(&[i[rank - 2], l]) * a.at(&from)
            })
        });
        self.node("MatMul", vec![w, x], vec![], y);
        Some(())
    }

    /// Two axes joined as exporters write it: Shape, Gather, Mul, Unsqueeze, Concat, Reshape.
    fn shape_chain(&mut self, x: String, a: &Array) -> Option<()> {
        (self.opset >= 5 && a.dims.len() >= 2).then_some(())?;
        let y = a.reshaped(&[a.dims[0], a.values.len() / a.dims[0]])?;
        let opset = self.opset;
        let axes = ints("axes", &[0]);
        let push =
            |d: &mut Self, operator: &str, inputs: Vec<String>, attributes: Vec<Attribute>| {
                let out = d.name();
                d.graph.nodes.push(Node {
                    inputs,
                    outputs: vec![out.clone()],
                    operator: operator.into(),
                    attributes,
                    ..Node::default()
                });
                d.layers.push(d.layers[0].clone());
                out
            };
        let shape = push(self, "Shape", vec![x.clone()], vec![]);
        let zero = self.integers(&[0]);
        let first = push(self, "Gather", vec![shape, zero], vec![int("axis", 0)]);
        let first = if opset < 13 {
            push(self, "Squeeze", vec![first], vec![axes.clone()])
        } else {
            let zero = self.integers(&[0]);
            push(self, "Squeeze", vec![first, zero], vec![])
        };
        let first = if opset < 13 {
            push(self, "Unsqueeze", vec![first], vec![axes])
        } else {
            let zero = self.integers(&[0]);
            push(self, "Unsqueeze", vec![first, zero], vec![])
        };
        let free = self.integers(&[-1]);
        let whole = push(self, "Concat", vec![first, free], vec![int("axis", 0)]);
        self.node("Reshape", vec![x, whole], vec![], y);
        Some(())
    }

    fn with_constant(&mut self, x: String, a: &Array) -> Option<()> {
        // Sizes of the operand's last axes, some of them 1, perhaps more axes in front.
        let mut dims: Vec<usize> = a.dims.clone();
        for _ in 0..self.r.below(dims.len() as u64 + 1) {
            dims.remove(0);
        }
        for d in &mut dims {
            if self.r.below(2) == 0 {
                *d = 1;
            }
        }
        if self.r.below(4) == 0 && dims.len() == a.dims.len() && dims.len() < 4 {
            dims.insert(0, 1 + self.r.below(2));
        }
        let (c, b) = self.floats(&dims);
        let (operator, f): (_, fn(Rational, Rational) -> Rational) = match self.r.below(3) {
            0 => ("Add", |u, v| u + v),
            1 => ("Sub", |u, v| u - v),
            _ => ("Mul", |u, v| u * v),
        };
        if self.r.below(2) == 0 {
            let y = broadcast(a, &b, f)?;
            self.node(operator, vec![x, c], vec![], y);
        } else {
            let y = broadcast(&b, a, f)?;
            self.node(operator, vec![c, x], vec![], y);
        }
        Some(())
    }

    /// An activation that is a polynomial: a square, a power, a quadratic of broadcast coefficients, a product of factors.
    fn polynomial(&mut self, x: String, a: &Array) -> Option<()> {
        // Numbers stay of a size at which pairs of f64 are far below the tolerance.
        a.values
            .iter()
            .all(|v| *v <= 16 && *v >= -16)
            .then_some(())?;
        let times = |a: &Array, b: &Array| broadcast(a, b, |a, b| a * b);
        let plus = |a: &Array, b: &Array| broadcast(a, b, |a, b| a + b);
        let last = |d: &mut Self, operator: &str, inputs: [&str; 2], y: Option<Array>| {
            let y = y.filter(|y| y.dims == a.dims)?;
            d.node(operator, inputs.map(str::to_owned).to_vec(), vec![], y);
            d.layers.last().cloned()
        };
        // One number, one a channel, or one an element.
        let coefficients = |d: &mut Self| {
            let dims: Vec<usize> = match d.r.below(3) {
                0 => vec![1],
                1 => a.dims.clone(),
                _ => {
                    let one = |(axis, n): (usize, &usize)| if axis == 1 { *n } else { 1 };
                    a.dims.iter().enumerate().map(one).collect()
                }
            };
            d.floats(&dims)
        };
        match self.r.below(4) {
            0 => {
                last(self, "Mul", [&x, &x], times(a, a))?;
            }
            1 => {
                let n = 1 + self.r.below(4);
                let power = if self.r.below(2) == 0 {
                    self.integers(&[n as i64])
                } else {
                    self.constant(&[], vec![n as f32]).0
                };
                let mut y = a.clone();
                for _ in 1..n {
                    y = times(&y, a)?;
                }
                last(self, "Pow", [&x, &power], Some(y))?;
            }
            2 => {
                let [p, q, r] = [(); 3].map(|()| coefficients(self));
                let (square, y) = last(self, "Mul", [&x, &x], times(a, a))?;
                let (scaled, y) = last(self, "Mul", [&p.0, &square], times(&y, &p.1))?;
                let (line, z) = last(self, "Mul", [&x, &q.0], times(a, &q.1))?;
                let (sum, y) = last(self, "Add", [&scaled, &line], plus(&y, &z))?;
                last(self, "Add", [&sum, &r.0], plus(&y, &r.1))?;
            }
            _ => {
                let [p, q] = [(); 2].map(|()| coefficients(self));
                let (up, y) = last(self, "Add", [&x, &p.0], plus(a, &p.1))?;
                let down = broadcast(&q.1, a, |q, a| q - a);
                let (down, z) = last(self, "Sub", [&q.0, &x], down)?;
                let (both, y) = last(self, "Mul", [&up, &down], times(&y, &z))?;
                if self.r.below(2) == 0 {
                    last(self, "Mul", [&both, &x], times(&y, a))?;
                }
            }
        }
        Some(())
    }

    fn reshape(&mut self, x: String, a: &Array) -> Option<()> {
        (self.opset >= 5).then_some(())?;
        let mut dims = vec![a.values.len()];
        for _ in 0..self.r.below(4) {
            let i = self.r.below(dims.len() as u64);
            let n = dims[i];
            let d = (1..=n)
                .filter(|d| n % d == 0)
                .nth(self.r.below(4))
                .unwrap_or(1);
            dims.splice(i..=i, [d, n / d]);
        }
        dims.truncate(4);
        let y = a.reshaped(&dims)?;
        let mut said = signed(&dims);
        for (i, v) in said.iter_mut().enumerate() {
            if i < a.dims.len() && a.dims[i] == dims[i] && self.r.below(3) == 0 {
                *v = 0;
            }
        }
        if self.r.below(2) == 0 {
            let i = self.r.below(said.len() as u64);
            said[i] = -1;
        }
        let s = self.integers(&said);
        self.node("Reshape", vec![x, s], vec![], y);
        Some(())
    }

    fn slice(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let mut taken: Vec<Vec<usize>> = a.dims.iter().map(|&d| (0..d).collect()).collect();
        let (mut starts, mut ends, mut axes, mut steps) = (vec![], vec![], vec![], vec![]);
        for (axis, taken) in taken.iter_mut().enumerate() {
            if self.r.below(2) == 0 {
                continue;
            }
            let n = a.dims[axis] as i64;
            let step = if self.opset >= 10 {
                [1, 1, 2, -1, -2][self.r.below(5)]
            } else {
                1
            };
            let end_of = |r: &mut Random| r.below(2 * n as u64 + 5) as i64 - n - 2;
            let (start, end) = (end_of(&mut self.r), end_of(&mut self.r));
            // Straight from the definition: negative ends count from the last, then both are clamped.
            let wrap = |v: i64| if v < 0 { v + n } else { v };
            let (lo, hi) = if step > 0 { (0, n) } else { (-1, n - 1) };
            let from = wrap(start).clamp(0, if step > 0 { n } else { n - 1 });
            let to = wrap(end).clamp(lo, hi);
            let list: Vec<usize> = (0..)
                .map(|i| from + i * step)
                .take_while(|v| if step > 0 { *v < to } else { *v > to })
                .map(|v| v as usize)
                .collect();
            if list.is_empty() {
                continue;
            }
            *taken = list;
            starts.push(start);
            ends.push(end);
            axes.push(self.axis(axis, rank, 10));
            steps.push(step);
        }
        (!starts.is_empty()).then_some(())?;
        let dims: Vec<usize> = taken.iter().map(Vec::len).collect();
        let y = Array::new(&dims, |i| {
            a.at(&i.iter().zip(&taken).map(|(i, t)| t[*i]).collect::<Vec<_>>())
        });
        if self.opset < 10 {
            let list = vec![
                ints("starts", &starts),
                ints("ends", &ends),
                ints("axes", &axes),
            ];
            self.node("Slice", vec![x], list, y);
        } else {
            let operands: Vec<String> = [starts, ends, axes, steps]
                .iter()
                .map(|l| self.integers(l))
                .collect();
            self.node("Slice", [vec![x], operands].concat(), vec![], y);
        }
        Some(())
    }

    fn pad(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let some = self.opset >= 18 && self.r.below(2) == 0;
        let axes: Vec<usize> = (0..rank)
            .filter(|_| !some || self.r.below(2) == 0)
            .collect();
        (!axes.is_empty()).then_some(())?;
        let amounts: Vec<i64> = (0..2 * axes.len())
            .map(|_| [0, 0, 1, 2, -1][self.r.below(5)])
            .collect();
        let (mut before, mut after) = (vec![0; rank], vec![0; rank]);
        for (k, &axis) in axes.iter().enumerate() {
            (before[axis], after[axis]) = (amounts[k], amounts[k + axes.len()]);
        }
        let mut dims = vec![];
        for axis in 0..rank {
            let size = a.dims[axis] as i64 + before[axis] + after[axis];
            // Taking away more than there is on one side is another matter.
            (size > 0
                && a.dims[axis] as i64 + before[axis] > 0
                && a.dims[axis] as i64 + after[axis] > 0)
                .then_some(())?;
            dims.push(size as usize);
        }
        let y = Array::new(&dims, |i| {
            let from: Option<Vec<usize>> = (0..rank)
                .map(|axis| {
                    usize::try_from(i[axis] as i64 - before[axis])
                        .ok()
                        .filter(|v| *v < a.dims[axis])
                })
                .collect();
            from.map_or(Rational::new(), |f| a.at(&f))
        });
        if self.opset < 11 {
            self.node("Pad", vec![x], vec![ints("pads", &amounts)], y);
            return Some(());
        }
        let mut inputs = vec![x, self.integers(&amounts)];
        if some {
            let said: Vec<i64> = axes.iter().map(|&axis| self.axis(axis, rank, 18)).collect();
            inputs.push(String::new());
            inputs.push(self.integers(&said));
        }
        self.node("Pad", inputs, vec![], y);
        Some(())
    }

    fn concat(&mut self, x: String, a: &Array) -> Option<()> {
        let axis = self.r.below(a.dims.len() as u64);
        let fits = |b: &Array| {
            b.dims.len() == a.dims.len()
                && (0..a.dims.len()).all(|i| i == axis || a.dims[i] == b.dims[i])
        };
        let all: Vec<(String, Array)> = self
            .layers
            .iter()
            .filter(|(_, b)| fits(b))
            .cloned()
            .collect();
        let mut parts = vec![(x, a.clone())];
        for _ in 0..=self.r.below(2) {
            parts.push(all[self.r.below(all.len() as u64)].clone());
        }
        let mut dims = a.dims.clone();
        dims[axis] = parts.iter().map(|(_, b)| b.dims[axis]).sum();
        let y = Array::new(&dims, |i| {
            let mut i = i.to_vec();
            for (_, b) in &parts {
                if i[axis] < b.dims[axis] {
                    return b.at(&i);
                }
                i[axis] -= b.dims[axis];
            }
            unreachable!()
        });
        let said = self.axis(axis, dims.len(), 11);
        let names = parts.into_iter().map(|(n, _)| n).collect();
        self.node("Concat", names, vec![int("axis", said)], y);
        Some(())
    }

    fn squeeze(&mut self, x: String, a: &Array) -> Option<()> {
        let insert = self.r.below(2) == 0 && a.dims.len() < 4;
        let (axes, dims): (Vec<usize>, Vec<usize>) = if insert {
            let at = self.r.below(a.dims.len() as u64 + 1);
            let mut dims = a.dims.clone();
            dims.insert(at, 1);
            (vec![at], dims)
        } else {
            let axes: Vec<usize> = (0..a.dims.len()).filter(|&i| a.dims[i] == 1).collect();
            let keep = |i: &usize| !axes.contains(i);
            let dims = (0..a.dims.len()).filter(keep).map(|i| a.dims[i]).collect();
            (axes, dims)
        };
        (!dims.is_empty() && !axes.is_empty()).then_some(())?;
        let rank = if insert { dims.len() } else { a.dims.len() };
        let said: Vec<i64> = axes.iter().map(|&axis| self.axis(axis, rank, 11)).collect();
        let operator = if insert { "Unsqueeze" } else { "Squeeze" };
        let y = a.reshaped(&dims)?;
        if self.opset < 13 {
            self.node(operator, vec![x], vec![ints("axes", &said)], y);
        } else {
            let s = self.integers(&said);
            self.node(operator, vec![x, s], vec![], y);
        }
        Some(())
    }

    fn matmul(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let (k, n) = (a.dims[rank - 1], 1 + self.r.below(3));
        let gemm = rank == 2 && self.r.below(2) == 0;
        let turned = gemm && self.r.below(2) == 0;
        let (w, b) = if turned {
            self.floats(&[n, k])
        } else {
            self.floats(&[k, n])
        };
        let mut dims = a.dims.clone();
        dims[rank - 1] = n;
        let mut y = Array::new(&dims, |i| {
            (0..k).fold(Rational::new(), |s, l| {
                let mut from = i.to_vec();
                from[rank - 1] = l;
                let w = if turned {
                    b.at(&[i[rank - 1], l])
                } else {
                    b.at(&[l, i[rank - 1]])
                };
                s + a.at(&from) * w
            })
        });
        if !gemm {
            self.node("MatMul", vec![x, w], vec![], y);
            return Some(());
        }
        let mut inputs = vec![x, w];
        let m = a.dims[0];
        if self.r.below(3) > 0 {
            let shapes = [vec![n], vec![1, n], vec![m, n], vec![1], vec![m, 1]];
            let pick = self.r.below(5);
            let (c, bias) = self.floats(&shapes[pick]);
            y = broadcast(&y, &bias, |u, v| u + v)?;
            inputs.push(c);
        }
        let flags = if turned || self.r.below(2) == 0 {
            vec![int("transB", i64::from(turned))]
        } else {
            vec![]
        };
        self.node("Gemm", inputs, flags, y);
        Some(())
    }

    /// Kernel, stride, dilation and pads of a window, and the size of the result, an axis at a time.
    fn window(&mut self, sizes: &[usize], dilate: bool) -> Option<(Vec<[usize; 5]>, Vec<usize>)> {
        let (mut all, mut out) = (vec![], vec![]);
        for &size in sizes {
            let kernel = 1 + self.r.below(3);
            let stride = 1 + self.r.below(2);
            let dilation = if dilate { 1 + self.r.below(2) } else { 1 };
            let (before, after) = (self.r.below(kernel as u64), self.r.below(kernel as u64));
            let reach = (kernel - 1) * dilation + 1;
            out.push((size + before + after).checked_sub(reach)? / stride + 1);
            all.push([kernel, stride, dilation, before, after]);
        }
        Some((all, out))
    }

    fn said(&mut self, all: &[[usize; 5]]) -> Vec<Attribute> {
        let part = |k: usize| -> Vec<i64> { all.iter().map(|w| w[k] as i64).collect() };
        vec![
            ints("kernel_shape", &part(0)),
            ints("strides", &part(1)),
            ints("pads", &[part(3), part(4)].concat()),
        ]
    }

    /// The places of a window inside the operand, from the definition: output * stride + k * dilation - before.
    fn inside(all: &[[usize; 5]], sizes: &[usize], out: &[usize]) -> Vec<(Vec<usize>, Vec<usize>)> {
        let mut places = vec![(vec![], vec![])];
        for (axis, w) in all.iter().enumerate() {
            let mut next = vec![];
            for (ks, at) in &places {
                for k in 0..w[0] {
                    let p = (out[axis] * w[1] + k * w[2]) as i64 - w[3] as i64;
                    if (0..sizes[axis] as i64).contains(&p) {
                        next.push((
                            [ks as &[usize], &[k]].concat(),
                            [at as &[usize], &[p as usize]].concat(),
                        ));
                    }
                }
            }
            places = next;
        }
        places
    }

    fn conv(&mut self, x: String, a: &Array) -> Option<()> {
        (a.dims.len() >= 3 && a.dims[0] == 1).then_some(())?;
        let channels = a.dims[1];
        let groups = if channels % 2 == 0 && self.r.below(2) == 0 {
            2
        } else {
            1
        };
        let outputs = groups * (1 + self.r.below(2));
        let sizes = a.dims[2..].to_vec();
        let (all, out) = self.window(&sizes, true)?;
        let kernel: Vec<usize> = all.iter().map(|w| w[0]).collect();
        let (w, weights) = self.floats(&[&[outputs, channels / groups][..], &kernel].concat());
        let (c, bias) = self.floats(&[outputs]);
        let y = Array::new(&[&[1, outputs][..], &out].concat(), |i| {
            let first = i[1] / (outputs / groups) * (channels / groups);
            let mut sum = bias.at(&[i[1]]);
            for ch in 0..channels / groups {
                for (ks, at) in Self::inside(&all, &sizes, &i[2..]) {
                    let w = weights.at(&[&[i[1], ch][..], &ks].concat());
                    sum += w * a.at(&[&[0, first + ch][..], &at].concat());
                }
            }
            sum
        });
        let mut said = self.said(&all);
        said.push(ints(
            "dilations",
            &all.iter().map(|w| w[2] as i64).collect::<Vec<_>>(),
        ));
        said.push(int("group", groups as i64));
        self.node("Conv", vec![x, w, c], said, y);
        Some(())
    }

    fn pool(&mut self, x: String, a: &Array) -> Option<()> {
        (a.dims.len() >= 3 && a.dims[0] == 1).then_some(())?;
        let sizes = a.dims[2..].to_vec();
        let (all, out) = self.window(&sizes, false)?;
        let (max, counted) = (self.r.below(2) == 0, self.r.below(2) == 0);
        let window: usize = all.iter().map(|w| w[0]).product();
        let dims = [&[1, a.dims[1]][..], &out].concat();
        let y = Array::new(&dims, |i| {
            let seen: Vec<Rational> = Self::inside(&all, &sizes, &i[2..])
                .iter()
                .map(|(_, at)| a.at(&[&[0, i[1]][..], at].concat()))
                .collect();
            if max {
                return seen.into_iter().max().unwrap();
            }
            let n = if counted { window } else { seen.len() };
            seen.iter().fold(Rational::new(), |s, v| s + v) / n as u32
        });
        let mut said = self.said(&all);
        if !max {
            said.push(int("count_include_pad", i64::from(counted)));
        }
        self.node(
            if max { "MaxPool" } else { "AveragePool" },
            vec![x],
            said,
            y,
        );
        Some(())
    }

    fn batch_norm(&mut self, x: String, a: &Array) -> Option<()> {
        (a.dims.len() >= 2 && a.dims[0] == 1 && a.dims.len() <= 4).then_some(())?;
        let c = a.dims[1];
        // Squares, so that the exact result is rational.
        let roots: Vec<f32> = (0..c).map(|_| (1 + self.r.below(4)) as f32 / 2.0).collect();
        let parts: Vec<(String, Array)> = (0..3).map(|_| self.floats(&[c])).collect();
        let variance = self.constant(&[c], roots.iter().map(|v| v * v).collect());
        let y = Array::new(&a.dims, |i| {
            let at = |k: usize| parts[k].1.at(&[i[1]]);
            at(0) * (a.at(i) - at(2)) / q(f64::from(roots[i[1]])) + at(1)
        });
        let mut inputs = vec![x];
        inputs.extend(parts.iter().map(|(n, _)| n.clone()));
        inputs.push(variance.0);
        let epsilon = Attribute {
            f: 0.0,
            ..attribute("epsilon")
        };
        self.node("BatchNormalization", inputs, vec![epsilon], y);
        Some(())
    }
}

fn info(name: &str, dims: &[usize]) -> ValueInfo {
    let dims = dims
        .iter()
        .map(|&d| Dimension {
            size: Some(Size::Value(d as i64)),
        })
        .collect();
    let tensor = TensorType {
        element: 1,
        shape: Some(TensorShape { dims }),
    };
    ValueInfo {
        name: name.into(),
        kind: Some(Type {
            tensor: Some(tensor),
        }),
    }
}

/// A graph, the input's values and the exact output.
fn draw(seed: u64) -> (Vec<u8>, Vec<f32>, Array, BTreeMap<String, usize>) {
    let mut r = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995);
    let opset = [7, 9, 10, 11, 13, 14, 18, 20, 22][r.below(9)];
    let rank = 1 + r.below(4);
    let mut dims: Vec<usize> = (0..rank).map(|_| 1 + r.below(4)).collect();
    if rank > 1 {
        dims[0] = 1;
    }
    let mut d = Draw {
        r,
        opset,
        graph: Graph::default(),
        layers: vec![],
        names: 0,
    };
    let values: Vec<f32> = (0..dims.iter().product()).map(|_| d.number()).collect();
    let x = Array {
        dims: dims.clone(),
        values: values.iter().map(|v| q(f64::from(*v))).collect(),
    };
    d.graph.inputs.push(info("x", &dims));
    d.layers.push(("x".into(), x));
    if rank == 4 && d.r.below(2) == 0 {
        // As programs with the channels last export: a transposition first.
        let (x, a) = d.layers[0].clone();
        let order = [0, 3, 1, 2];
        let y = Array::new(&order.map(|o| dims[o]), |i| a.at(&[i[0], i[2], i[3], i[1]]));
        d.node("Transpose", vec![x], vec![ints("perm", &signed(&order))], y);
    }
    let wanted = d.graph.nodes.len() + 1 + d.r.below(6);
    for _ in 0..40 {
        if d.graph.nodes.len() >= wanted {
            break;
        }
        let kept = (d.graph.nodes.len(), d.graph.initializers.len());
        let fits = d.step();
        let small = d
            .layers
            .last()
            .is_some_and(|(_, a)| a.values.len() <= 200 && a.dims.len() <= 4);
        if fits.is_none() || !small {
            d.graph.nodes.truncate(kept.0);
            d.graph.initializers.truncate(kept.1);
            d.layers.truncate(kept.0 + 1);
        }
    }
    let (name, y) = d.layers.last().unwrap().clone();
    d.graph.outputs.push(info(&name, &y.dims));
    let mut seen = BTreeMap::new();
    for n in &d.graph.nodes {
        *seen.entry(n.operator.clone()).or_insert(0) += 1;
    }
    let model = Model {
        graph: Some(d.graph),
        opsets: vec![Opset {
            domain: String::new(),
            version: opset,
        }],
    };
    (model.encode_to_vec(), values, y, seen)
}

#[test]
fn random_graphs_mean_what_the_operators_definitions_say() {
    let (mut agreed, mut refused, mut seen) =
        (0u32, BTreeMap::<String, u32>::new(), BTreeMap::new());
    let total = 2_000 * multiplier();
    let mut last = 0;
    for seed in 0..total {
        let (bytes, values, exact, operators) = draw(seed);
        let options = Options::default();
        let (network, said) = match read_with(&bytes, "random", Preprocessing::default(), &options)
        {
            Ok(read) => (read.network, read.said),
            Err(e) => {
                let text = e.to_string();
                assert!(
                    !operators.is_empty() && text.contains("layer \""),
                    "{seed}: {text}"
                );
                let kind: String = text
                    .split("): ")
                    .nth(1)
                    .unwrap_or("")
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(40)
                    .collect();
                *refused.entry(kind).or_insert(0) += 1;
                continue;
            }
        };
        let mut balls: Vec<Ball> = values.iter().map(|v| Ball::exact(f64::from(*v))).collect();
        if said.iter().any(|s| s.contains("channels last")) {
            // The file's rows, columns, channels; the network takes channels first.
            let shape = network.input_shape();
            let (c, pixels) = (shape.channels, shape.pixels());
            balls = (0..c * pixels)
                .map(|i| balls[i % pixels * c + i / pixels])
                .collect();
            last += 1;
        }
        let input = Input::from_balls(network.input_shape(), &balls);
        let prepared = Prepared::new(&network).unwrap();
        let Ok(Outcome::Done(found)) = prepared.evaluate(&input, Evaluated::Relu, true) else {
            panic!("{seed}: not evaluated");
        };
        assert_eq!(found.logits.len(), exact.values.len(), "{seed}");
        for (i, (ball, exact)) in found.logits.iter().zip(&exact.values).enumerate() {
            let (lo, hi) = ball.ends().unwrap();
            assert!(
                lo <= *exact && *exact <= hi,
                "{seed}, output {i}: {exact} outside [{}, {}]",
                lo.to_f64(),
                hi.to_f64()
            );
            assert!(
                hi - lo < q(1e-12),
                "{seed}, output {i}: too wide to say anything"
            );
        }
        agreed += 1;
        for (name, n) in operators {
            *seen.entry(name).or_insert(0) += n;
        }
    }
    println!("{agreed} of {total} graphs agree, {last} of channels last; refused {refused:?}; operators {seen:?}");
    assert!(
        last > 0 && u64::from(agreed) * 10 >= total * 7,
        "{refused:?}"
    );
    assert!(seen.len() >= 25 && seen["Pow"] > 20, "{seen:?}");
}

/// Forms in which runtimes differ, or whose arithmetic is not that of the reals.
#[test]
fn doubtful_forms_are_refused() {
    let graph = |element: i32, attributes: Vec<Attribute>| {
        let dims = [1, 1, 2].map(|d| Dimension {
            size: Some(Size::Value(d)),
        });
        let tensor = TensorType {
            element,
            shape: Some(TensorShape {
                dims: dims.to_vec(),
            }),
        };
        let value = |name: &str| ValueInfo {
            name: name.into(),
            kind: Some(Type {
                tensor: Some(tensor.clone()),
            }),
        };
        let node = Node {
            inputs: vec!["x".into()],
            outputs: vec!["y".into()],
            operator: "Squeeze".into(),
            attributes,
            ..Node::default()
        };
        let model = Model {
            graph: Some(Graph {
                nodes: vec![node],
                inputs: vec![value("x")],
                outputs: vec![value("y")],
                ..Graph::default()
            }),
            opsets: vec![Opset {
                domain: String::new(),
                version: 11,
            }],
        };
        read(&model.encode_to_vec(), "m", Preprocessing::default())
    };
    assert!(graph(1, vec![ints("axes", &[0])]).is_ok());
    for (element, attributes, said) in [
        (1, vec![ints("axes", &[])], "empty list of axes"),
        (7, vec![ints("axes", &[0])], "element type 7"),
        (9, vec![ints("axes", &[0])], "element type 9"),
        (
            1,
            vec![ints("axes", &[0]), int("axis", 0)],
            "\"axis\" is not known",
        ),
    ] {
        let error = graph(element, attributes).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
