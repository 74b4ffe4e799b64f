//! The layers between activations as lists of weights: for each output the elements that it reads (rule B1).

use crate::core::fault::{Checked, Fault, Rule};
use crate::network::boxes::fixed::vacuous;
use crate::network::model::layers::{Dyadic, Geometry, Layer, Network, NetworkNode};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

/// Weights are below 2^this over their exponent: with coefficients below 2^58 and fewer than 2^16 terms sums fit 127 bits.
const WEIGHT_BITS: u64 = 52;
/// Most elements of a node, and so terms of a sum.
const MAX_ELEMENTS: usize = 1 << 16;
/// Most entries and rows of all maps.
const MAX_ENTRIES: usize = 1 << 24;

/// A linear map of one earlier node.
pub(crate) struct Map {
    pub(crate) source: usize,
    /// The output of the first row.
    pub(crate) first: usize,
    /// For each output from there, the source's elements and weights m 2^-shift.
    pub(crate) rows: Vec<Vec<(u32, i64)>>,
    pub(crate) shift: u32,
    /// Whether weights were cut: the exact ones are up to 2^-shift above.
    pub(crate) cut: bool,
}

/// What a node computes from earlier ones.
pub(crate) enum Step {
    /// The sum of maps, and a bias (rounded down over 2^precision, off by less than 1), if any.
    Linear { maps: Vec<Map>, bias: Vec<i64> },
    /// ReLU of a node, the activation of this number.
    Relu { source: usize, activation: usize },
}

/// The node's size.
pub(crate) fn size(shape: [usize; 3]) -> usize {
    shape.iter().product()
}

/// The steps of all nodes; node 0 is the input, and has an empty sum.
pub(crate) fn steps(network: &Network, precision: u32) -> Checked<Vec<Step>> {
    let mut shapes = vec![network.input];
    let mut steps = vec![Step::Linear {
        maps: Vec::new(),
        bias: Vec::new(),
    }];
    let (mut activations, mut entries) = (0, 0usize);
    for (id, node) in network.nodes.iter().enumerate() {
        if size(node.shape) > MAX_ELEMENTS {
            return Err(limit(format!(
                "node {}: more than {MAX_ELEMENTS} elements",
                id + 1
            )));
        }
        let step = match &node.layer {
            Layer::Relu { slope } if slope.mantissa.is_zero() => {
                activations += 1;
                Step::Relu {
                    source: input(node, 0)?,
                    activation: activations - 1,
                }
            }
            _ => linear(node, &shapes, precision, MAX_ENTRIES - entries)
                .map_err(|fault| at_node(fault, id + 1))?,
        };
        if let Step::Linear { maps, .. } = &step {
            let rows = maps.iter().flat_map(|m| &m.rows);
            entries = rows.fold(entries, |n, row| n.saturating_add(row.len() + 1));
            if entries > MAX_ENTRIES {
                return Err(limit(format!(
                    "more than {MAX_ENTRIES} weights and lists of them, written out"
                )));
            }
        }
        shapes.push(node.shape);
        steps.push(step);
    }
    Ok(steps)
}

fn limit(detail: String) -> Fault {
    Fault::rejected(Rule::Limit, detail)
}

fn at_node(fault: Fault, id: usize) -> Fault {
    match fault {
        Fault::Rejected {
            claim,
            rule,
            detail,
        } => Fault::Rejected {
            claim,
            rule,
            detail: format!("node {id}: {detail}"),
        },
        other => other,
    }
}

fn input(node: &NetworkNode, i: usize) -> Checked<usize> {
    let input = node.inputs.get(i).copied();
    input.ok_or_else(|| Fault::internal("input"))
}

fn linear(node: &NetworkNode, shapes: &[[usize; 3]], precision: u32, most: usize) -> Checked<Step> {
    let source = input(node, 0)?;
    let from = shapes.get(source).copied();
    let from = from.ok_or_else(|| Fault::internal("shape"))?;
    let n = size(node.shape);
    let one = |source: usize| Map {
        source,
        first: 0,
        rows: (0..n).map(|i| vec![(index(i), 1)]).collect(),
        shift: 0,
        cut: false,
    };
    let plain = |maps: Vec<Map>| Step::Linear {
        maps,
        bias: Vec::new(),
    };
    Ok(match &node.layer {
        Layer::Dense { weights, bias } => {
            let (all, shift, cut) = machine(weights)?;
            let rows = all.chunks(size(from).max(1)).map(|row| {
                let used = row.iter().enumerate().filter(|(_, w)| **w != 0);
                used.map(|(i, w)| (index(i), *w)).collect()
            });
            let map = Map {
                source,
                first: 0,
                rows: rows.collect(),
                shift,
                cut,
            };
            Step::Linear {
                maps: vec![map],
                bias: biases(bias, 1, precision)?,
            }
        }
        Layer::Conv {
            groups,
            geometry,
            weights,
            bias,
        } => {
            let taps = weights.len().checked_div(node.shape[0]).unwrap_or(0);
            if n.saturating_mul(taps) > most {
                return Err(limit(format!(
                    "more than {MAX_ENTRIES} weights and lists of them, written out"
                )));
            }
            let (all, shift, cut) = machine(weights)?;
            let map = Map {
                source,
                first: 0,
                rows: convolution(&all, *groups, geometry, from, node.shape),
                shift,
                cut,
            };
            Step::Linear {
                maps: vec![map],
                bias: biases(bias, node.shape[1] * node.shape[2], precision)?,
            }
        }
        Layer::Add => plain(vec![one(source), one(input(node, 1)?)]),
        Layer::Reshape => plain(vec![one(source)]),
        Layer::Affine { scale, shift } => {
            let pixels = node.shape[1] * node.shape[2];
            let (all, shift_bits, cut) = machine(scale)?;
            let each = all.iter().flat_map(|w| std::iter::repeat_n(*w, pixels));
            let rows = each.enumerate().map(|(i, w)| vec![(index(i), w)]);
            let map = Map {
                rows: rows.collect(),
                shift: shift_bits,
                cut,
                ..one(source)
            };
            Step::Linear {
                maps: vec![map],
                bias: biases(shift, pixels, precision)?,
            }
        }
        Layer::Gather { from } => {
            let rows = from.iter().map(|j| j.iter().map(|j| (*j, 1)).collect());
            let rows = rows.collect();
            plain(vec![Map {
                rows,
                ..one(source)
            }])
        }
        Layer::Concat => {
            let (mut maps, mut first) = (Vec::new(), 0);
            for &source in &node.inputs {
                let size = shapes.get(source).map_or(0, |s| size(*s));
                maps.push(Map {
                    source,
                    first,
                    rows: (0..size).map(|i| vec![(index(i), 1)]).collect(),
                    shift: 0,
                    cut: false,
                });
                first += size;
            }
            plain(maps)
        }
        _ => return Err(Fault::internal("layer")),
    })
}

/// Rejects a network with a layer that has no step, whose max-pooling is still to be written as tournaments.
pub(crate) fn must_pass(network: &Network) -> Checked<()> {
    let passes = |layer: &Layer| match layer {
        Layer::Relu { slope } => slope.mantissa.is_zero(),
        Layer::Dense { .. } | Layer::Conv { .. } | Layer::Affine { .. } => true,
        Layer::Add | Layer::Concat | Layer::Reshape | Layer::MaxPool { .. } => true,
        _ => false,
    };
    match network.nodes.iter().position(|node| !passes(&node.layer)) {
        None => Ok(()),
        Some(id) => Err(Fault::rejected(
            Rule::Own("network"),
            format!(
                "node {}: boxes pass conv, dense, affine, add, concat, reshape, max_pool and relu of slope 0",
                id + 1
            ),
        )),
    }
}

/// Node sizes are below 2^32.
fn index(i: usize) -> u32 {
    u32::try_from(i).unwrap_or(u32::MAX)
}

/// Weights over one power of two, cut to [`WEIGHT_BITS`] downward, and whether any was.
fn machine(weights: &[Dyadic]) -> Checked<(Vec<i64>, u32, bool)> {
    let used = || weights.iter().filter(|d| !d.mantissa.is_zero());
    let bits = |d: &Dyadic| i64::try_from(d.mantissa.bits()).unwrap_or(i64::MAX);
    let top = used().map(|d| d.exponent.saturating_add(bits(d))).max();
    let least = used().map(|d| d.exponent).min();
    let (Some(top), Some(least)) = (top, least) else {
        return Ok((vec![0; weights.len()], 0, false));
    };
    let budget = i64::try_from(WEIGHT_BITS).unwrap_or(0);
    let exponent = least.max(top - budget).min(0);
    if top - exponent > budget {
        return Err(vacuous());
    }
    let mut cut = false;
    let each = weights.iter().map(|d| {
        let m = match u64::try_from(d.exponent - exponent) {
            Ok(up) if !d.mantissa.is_zero() => &d.mantissa << up,
            Ok(_) => BigInt::zero(),
            Err(_) => {
                let down = d.exponent.abs_diff(exponent);
                let m = &d.mantissa >> down;
                cut |= (&m << down) != d.mantissa;
                m
            }
        };
        i64::try_from(&m).map_err(|_| vacuous())
    });
    let all = each.collect::<Checked<Vec<i64>>>()?;
    let shift = u32::try_from(exponent.unsigned_abs()).map_err(|_| vacuous())?;
    // A sum of products below 2^127 is shifted: beyond that everything is cut.
    if shift > 126 {
        return Err(limit("weights all below 2^-74".to_owned()));
    }
    Ok((all, shift, cut))
}

/// Each bias for `pixels` elements, rounded down.
fn biases(bias: &[Dyadic], pixels: usize, precision: u32) -> Checked<Vec<i64>> {
    let mut all = Vec::with_capacity(bias.len().saturating_mul(pixels));
    for b in bias {
        let m = crate::network::balls::fixed(b, u64::from(precision));
        if m.abs().bits() > 57 {
            return Err(vacuous());
        }
        let m = i64::try_from(&m).map_err(|_| vacuous())?;
        all.extend(std::iter::repeat_n(m, pixels));
    }
    Ok(all)
}

fn convolution(
    weights: &[i64],
    groups: usize,
    geometry: &Geometry,
    from: [usize; 3],
    to: [usize; 3],
) -> Vec<Vec<(u32, i64)>> {
    let plane = from[1] * from[2];
    let (each, outs) = (from[0] / groups.max(1), (to[0] / groups.max(1)).max(1));
    let taps = geometry.kernel[0] * geometry.kernel[1];
    let mut rows = Vec::with_capacity(size(to));
    for out in 0..to[0] {
        let own = weights.iter().skip(out * each * taps).take(each * taps);
        let own: Vec<i64> = own.copied().collect();
        let first = out / outs * each;
        for row in 0..to[1] {
            for column in 0..to[2] {
                let places = geometry.places(from, row, column);
                let inside = (0..each).flat_map(|c| places.iter().map(move |p| (c, p)));
                let read = inside.zip(&own).filter_map(|((c, place), w)| {
                    let at = (first + c) * plane + (*place)?;
                    (*w != 0).then_some((index(at), *w))
                });
                rows.push(read.collect());
            }
        }
    }
    rows
}
