//! Graphs that are drawn, with the exact value of every name by the operators' definitions.

use crate::onnx::array::{broadcast, Array};
use crate::onnx::file::{bytes, info, int, ints};
use crate::support::random_networks::{q, Random};
use polycert::network::read::onnx::messages::{Attribute, Graph, Node, Tensor};
use rug::Rational;
use std::collections::BTreeMap;

/// A graph under construction, with the exact value of every name.
pub struct Draw {
    pub r: Random,
    pub opset: i64,
    pub graph: Graph,
    pub layers: Vec<(String, Array)>,
    names: usize,
}

pub fn signed(values: &[usize]) -> Vec<i64> {
    values.iter().map(|&v| v as i64).collect()
}

impl Draw {
    pub fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    /// A small dyadic, so that f32 holds it.
    pub fn number(&mut self) -> f32 {
        (self.r.below(33) as f32 - 16.0) / 8.0
    }

    pub fn floats(&mut self, dims: &[usize]) -> (String, Array) {
        let values: Vec<f32> = (0..dims.iter().product()).map(|_| self.number()).collect();
        self.constant(dims, values)
    }

    pub fn constant(&mut self, dims: &[usize], values: Vec<f32>) -> (String, Array) {
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

    pub fn integers(&mut self, values: &[i64]) -> String {
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

    pub fn axis(&mut self, axis: usize, rank: usize, negative_from: i64) -> i64 {
        if self.opset >= negative_from && self.r.below(2) == 0 {
            axis as i64 - rank as i64
        } else {
            axis as i64
        }
    }

    pub fn node(
        &mut self,
        operator: &str,
        inputs: Vec<String>,
        attributes: Vec<Attribute>,
        value: Array,
    ) {
        let out = self.inner(operator, inputs, attributes);
        self.layers.push((out, value));
    }

    /// A node whose result later nodes do not draw.
    pub fn inner(
        &mut self,
        operator: &str,
        inputs: Vec<String>,
        attributes: Vec<Attribute>,
    ) -> String {
        self.several(operator, inputs, attributes, 1).remove(0)
    }

    /// A node of several outputs.
    pub fn several(
        &mut self,
        operator: &str,
        inputs: Vec<String>,
        attributes: Vec<Attribute>,
        outputs: usize,
    ) -> Vec<String> {
        let outputs: Vec<String> = (0..outputs).map(|_| self.name()).collect();
        self.graph.nodes.push(Node {
            inputs,
            outputs: outputs.clone(),
            operator: operator.into(),
            attributes,
            ..Node::default()
        });
        outputs
    }

    /// One more node, if the drawn form fits.
    pub fn step(&mut self) -> Option<()> {
        let k = self.layers.len();
        let pick = if self.r.below(3) > 0 {
            k - 1
        } else {
            self.r.below(k as u64)
        };
        let (x, a) = self.layers[pick].clone();
        let rank = a.dims.len();
        match self.r.below(31) {
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
            23 => self.leaky_relu(x, &a),
            24 => self.negative(x, &a),
            25 => self.divided(x, &a)?,
            26 => self.sum(x, &a)?,
            27 => self.unchanged(x, &a),
            28 => self.split(x, &a)?,
            29 => self.filled(x, &a)?,
            _ => self.shape_chain(x, &a)?,
        }
        Some(())
    }
}

/// A graph, the input's values and the exact output.
pub fn draw(seed: u64) -> (Vec<u8>, Vec<f32>, Array, BTreeMap<String, usize>) {
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
    d.graph.inputs.push(info("x", &signed(&dims)));
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
        let kept = (
            d.graph.nodes.len(),
            d.graph.initializers.len(),
            d.layers.len(),
        );
        let fits = d.step();
        let small = d
            .layers
            .last()
            .is_some_and(|(_, a)| a.values.len() <= 200 && a.dims.len() <= 4);
        if fits.is_none() || !small {
            d.graph.nodes.truncate(kept.0);
            d.graph.initializers.truncate(kept.1);
            d.layers.truncate(kept.2);
        }
    }
    let (name, y) = d.layers.last().unwrap().clone();
    d.graph.outputs.push(info(&name, &signed(&y.dims)));
    let mut seen = BTreeMap::new();
    for n in &d.graph.nodes {
        *seen.entry(n.operator.clone()).or_insert(0) += 1;
    }
    (bytes(d.graph, opset), values, y, seen)
}
