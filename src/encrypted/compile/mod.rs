//! From a network's graph to its program.
//!
//! **Method** Every node is a sum of linear maps of values and a constant: the input, and what activations make. A linear layer
//! changes the maps; at an activation the sum becomes a step, and its result a value. So a convolution, its batch norm, its
//! shortcut's own layers and what else is linear become one map a value, whatever their order; no layer takes a level of its own.
//! Max-pooling is written as ReLU of differences first.
//!
//! The slots of a step are those of which the maps have the fewest diagonals: the grids of what it reads, with rows and columns
//! as far apart as the strides made them, and one plane a channel.

pub mod layers;

use crate::arith::ball::pair_sum;
use crate::encrypted::layout::Layout;
use crate::encrypted::map::SlotMap;
use crate::encrypted::program::{Program, Step, Term, ValueId};
use crate::encrypted::rows::{Pair, Rows};
use crate::error::{Error, Result};
use crate::network::model::tournament::expand;
use crate::network::{Network, Node, Op, TensorShape};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most factors that are not 0 of all maps of one node, and most products that make them.
pub const MAX_ENTRIES: usize = 1 << 26;

/// A node as a sum of linear maps of values and a constant.
#[derive(Debug, Clone)]
struct Sum {
    /// The map of each value; none is the identity.
    terms: BTreeMap<ValueId, Option<Rc<Rows>>>,
    bias: Vec<Pair>,
}

impl Sum {
    fn value(value: ValueId, shape: TensorShape) -> Self {
        Self {
            terms: BTreeMap::from([(value, None)]),
            bias: vec![(0.0, 0.0); shape.len()],
        }
    }

    /// The value that it is itself.
    fn alone(&self) -> Option<ValueId> {
        let mut terms = self.terms.iter();
        match (terms.next(), terms.next()) {
            (Some((&value, None)), None) if self.bias.iter().all(|b| b.0 == 0.0) => Some(value),
            _ => None,
        }
    }

    /// What a layer makes of its inputs.
    fn layer(node: &Node, from: &[&Self], shapes: &[TensorShape]) -> Result<Self> {
        let layer = layers::layer(&node.op, shapes, node.shape)?;
        let mut out = Self {
            terms: BTreeMap::new(),
            bias: (layer.bias).unwrap_or_else(|| vec![(0.0, 0.0); node.shape.len()]),
        };
        let n = node.shape.len();
        for (map, x) in layer.maps.into_iter().zip(from) {
            let map = map.map(Rc::new);
            let moved = match &map {
                Some(map) => map.of(&x.bias),
                None => x.bias.clone(),
            };
            (out.bias.iter_mut().zip(moved)).for_each(|(b, m)| *b = pair_sum(*b, m));
            for (&value, before) in &x.terms {
                let made = match (&map, before) {
                    (None, before) => before.clone(),
                    (Some(map), None) => Some(map.clone()),
                    (Some(map), Some(before)) => {
                        limit(map.products(before))?;
                        Some(Rc::new(map.after(before)))
                    }
                };
                let made = match out.terms.remove(&value) {
                    None => made,
                    Some(there) => {
                        let rows =
                            |m: Option<Rc<Rows>>| m.unwrap_or_else(|| Rc::new(Rows::identity(n)));
                        Some(Rc::new(rows(there).plus(&rows(made))))
                    }
                };
                limit(made.as_ref().map_or(0, |m| m.entries()))?;
                out.terms.insert(value, made);
            }
        }
        Ok(out)
    }
}

fn limit(entries: usize) -> Result<()> {
    match entries {
        0..=MAX_ENTRIES => Ok(()),
        _ => Err(Error::unsupported(format!(
            "its linear map has {entries} factors or takes as many products, at most {MAX_ENTRIES} are made"
        ))),
    }
}

/// Compiles a network for ciphertexts that hold `slots` numbers.
///
/// # Errors
/// Layers that are neither linear nor ReLU nor max-pooling, activations that one ciphertext does not hold, maps beyond
/// [`MAX_ENTRIES`]: each with the layer's name.
pub fn compile(network: &Network, slots: usize) -> Result<Program> {
    let expanded = expand(network)?;
    let (network, mut origins) = (&expanded.network, expanded.origins.into_iter());
    let last = network.last_uses();
    let mut sums: Vec<Option<Sum>> = vec![None; network.nodes.len()];
    let mut program = Program {
        name: network.name.clone(),
        input: Layout::plain(network.input_shape()),
        steps: Vec::new(),
        output: 0,
    };
    holds(&program.input, slots).map_err(|e| Error::parse("input", e.to_string()))?;
    for (id, node) in network.nodes.iter().enumerate() {
        let from: Vec<&Sum> = node
            .inputs
            .iter()
            .filter_map(|&i| sums[i].as_ref())
            .collect();
        let origin = node.op.is_activation().then(|| origins.next()).flatten();
        let made = match (&node.op, from.as_slice()) {
            (Op::Input, _) => Sum::value(0, node.shape),
            (Op::Relu { slope: 0.0 }, [x]) => {
                let step = step(&program, x, node, slots).map_err(|e| named(node, &e))?;
                program.steps.push(Step {
                    activation: origin,
                    ..step
                });
                Sum::value(program.steps.len(), node.shape)
            }
            (_, from) => {
                let shapes: Vec<TensorShape> = (node.inputs.iter())
                    .map(|&i| network.nodes[i].shape)
                    .collect();
                Sum::layer(node, from, &shapes).map_err(|e| named(node, &e))?
            }
        };
        sums[id] = Some(made);
        for &i in node.inputs.iter().filter(|&&i| last[i] == id) {
            sums[i] = None;
        }
    }
    let node = &network.nodes[network.output];
    if let Some(sum) = sums[network.output].take() {
        program.output = match sum.alone() {
            Some(value) => value,
            None => {
                let step = step(&program, &sum, node, slots).map_err(|e| named(node, &e))?;
                program.steps.push(step);
                program.steps.len()
            }
        };
    }
    Ok(program)
}

/// An error with the layer that it is of.
fn named(node: &Node, error: &Error) -> Error {
    Error::parse(format!("layer {:?}", node.name), error.to_string())
}

fn holds(layout: &Layout, slots: usize) -> Result<()> {
    match layout.period() {
        n if n <= slots => Ok(()),
        n => Err(Error::unsupported(format!(
            "{} takes {n} slots, a ciphertext has {slots}: one ciphertext an activation is what is run",
            layout.shape
        ))),
    }
}

/// The layouts that a result may have, the likeliest first.
fn layouts(sources: &[Layout], shape: TensorShape, slots: usize) -> Vec<Layout> {
    let mut all = Vec::new();
    for source in sources {
        let ratio = |from: usize, to: usize| [from / to, from.div_ceil(to)];
        let factors = [
            ratio(source.shape.height, shape.height),
            ratio(source.shape.width, shape.width),
        ];
        let factors = factors.concat().into_iter().map(|f| f.max(1));
        all.extend(factors.filter_map(|f| source.spread(shape, f)));
    }
    all.push(Layout::plain(shape));
    let rows = [shape.height, shape.width];
    all.extend(Layout::new(shape, 1, rows));
    let mut kept: Vec<Layout> = Vec::new();
    for layout in all {
        if layout.period() <= slots && !kept.contains(&layout) {
            kept.push(layout);
        }
    }
    kept
}

/// A step that makes a sum.
fn step(program: &Program, sum: &Sum, node: &Node, slots: usize) -> Result<Step> {
    if sum.terms.is_empty() {
        return Err(Error::unsupported("does not depend on the input"));
    }
    let terms: Vec<(ValueId, Layout, Rc<Rows>)> = (sum.terms.iter())
        .map(|(&value, rows)| {
            let layout = *program.layout(value);
            let identity = || Rc::new(Rows::identity(layout.shape.len()));
            (value, layout, rows.clone().unwrap_or_else(identity))
        })
        .collect();
    let sources: Vec<Layout> = terms.iter().map(|t| t.1).collect();
    let count = |to: &Layout| -> usize {
        let all = terms.iter();
        all.map(|(_, from, rows)| SlotMap::count(rows, from, to))
            .sum()
    };
    let candidates = layouts(&sources, node.shape, slots);
    let best = candidates.iter().min_by_key(|layout| count(layout));
    let Some(&layout) = best else {
        holds(&Layout::plain(node.shape), slots)?;
        return Err(Error::unsupported("has no layout"));
    };
    let bias: Vec<f64> = sum.bias.iter().map(|b| b.0).collect();
    let terms = terms.into_iter().map(|(value, from, rows)| Term {
        value,
        map: SlotMap::new(&rows, &from, &layout),
    });
    Ok(Step {
        name: node.name.clone(),
        terms: terms.collect(),
        bias: layout.pack(&bias)?,
        layout,
        activation: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::formula::Formula;
    use crate::network::model::graph::{Builder, Preprocessing};
    use crate::network::model::ops::Conv;
    use crate::network::Window;

    fn conv(from: usize, to: usize, stride: usize) -> Op {
        Op::Conv(Conv {
            weights: (0..from * to * 9).map(|i| 1.0 + (i % 7) as f64).collect(),
            bias: vec![0.25; to],
            groups: 1,
            window: Window {
                padding: [1; 4],
                ..Window::new([3, 3], [stride, stride])
            },
        })
    }

    /// Three stages of a residual network for CIFAR: as many diagonals as the shapes say, a shortcut is a part of the step.
    #[test]
    fn steps_are_maps_of_values() {
        let relu = || Op::Relu { slope: 0.0 };
        let mut b = Builder::new(TensorShape::new(3, 32, 32)).unwrap();
        let a = b.push("a", conv(3, 16, 1), &[0]).unwrap();
        let a = b.push("relu a", relu(), &[a]).unwrap();
        let c = b.push("c", conv(16, 16, 1), &[a]).unwrap();
        let c = b.push("relu c", relu(), &[c]).unwrap();
        let d = b.push("d", conv(16, 32, 2), &[c]).unwrap();
        let d = b.push("relu d", relu(), &[d]).unwrap();
        let e = b.push("e", conv(32, 32, 1), &[d]).unwrap();
        let rows = b
            .push("rows", Op::Subsample { stride: [2, 2] }, &[c])
            .unwrap();
        let pad = Op::Pad {
            channels: [8, 8],
            border: [0; 4],
        };
        let pad = b.push("pad", pad, &[rows]).unwrap();
        let sum = b.push("sum", Op::Add, &[e, pad]).unwrap();
        let f = b.push("relu f", relu(), &[sum]).unwrap();
        let network = b.finish("n", f, Preprocessing::default()).unwrap();
        let program = compile(&network, 1 << 14).unwrap();
        let shape = |step: &Step| -> Vec<(usize, usize, usize)> {
            let one = |t: &Term| (t.value, t.map.diagonals.len(), t.map.folds().len());
            step.terms.iter().map(one).collect()
        };
        let steps: Vec<_> = program.steps.iter().map(shape).collect();
        let want = [
            vec![(0, 36, 0)],
            vec![(1, 144, 0)],
            vec![(2, 128, 1)],
            vec![(2, 16, 1), (3, 392, 0)],
        ];
        assert_eq!(steps, want);
        assert_eq!((program.output, program.period()), (4, 1 << 14));
        assert_eq!(program.layout(3).to_string(), "32x16x16 gap 2 in 2^13");
        assert_eq!(
            program.last_uses(),
            [Some(0), Some(1), Some(3), Some(3), None]
        );
        let error = compile(&network, 1 << 13).unwrap_err().to_string();
        assert!(
            error.contains("\"relu a\"") && error.contains("takes 16384 slots"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_run_is_named() {
        for (op, said) in [
            (Op::Relu { slope: 0.1 }, "leaky_relu"),
            (Op::Smooth(Formula::function("tanh(x)").unwrap()), "smooth"),
        ] {
            let mut b = Builder::new(TensorShape::flat(4)).unwrap();
            let a = b.push("bend", op, &[0]).unwrap();
            let network = b.finish("n", a, Preprocessing::default()).unwrap();
            let error = compile(&network, 8).unwrap_err().to_string();
            assert!(
                error.contains("\"bend\"") && error.contains(said),
                "{error}"
            );
        }
    }
}
