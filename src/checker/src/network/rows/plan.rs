//! What a backward row passes through: the layers with integer weights.
//!
//! Weights of a layer are W 2^e with one exponent e, rounded to nearest: |w - W 2^e| <= off, and off = 0
//! where every weight is such a number. A layer's sums over a row of integers |v| <= 2^row_bits are exact in
//! 64 bits: row_bits + bits of W + log2 of the terms <= 62.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::network::linear::{align, norm_scale};
use crate::network::model::layers::{Dyadic, Network};
use crate::network::model::layers::{Geometry, Layer, NetworkNode};
use crate::network::rows::upper::Upper;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Input channels that the kernel computes together.
pub(crate) const BLOCK: usize = 2;
/// Bits of rows and of weights together, with log2 of the terms.
const SUM_BITS: u32 = 62;
/// Rows have at most this many bits.
pub(crate) const ROW_BITS: u32 = 30;
/// Fractional bits of 1/n and of enclosed factors.
const FACTOR_BITS: u64 = 64;
/// Most weights 1/n of one layer.
const MAX_MEANS: usize = 1 << 22;
/// No place of the input.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// Integers over one exponent: each number is values[i] 2^exponent, within off.
#[derive(Debug)]
pub(crate) struct Rounded {
    pub(crate) values: Vec<i64>,
    pub(crate) exponent: i64,
    pub(crate) bits: u32,
    pub(crate) off: Upper,
}

impl Rounded {
    /// Numbers n 2^-shift, each known within error 2^-shift, to so many bits.
    fn new(numbers: &[BigInt], error: &BigInt, shift: u64, bits: u32) -> Checked<Self> {
        let used = numbers.iter().filter(|n| !n.is_zero());
        let zeros = used.filter_map(BigInt::trailing_zeros).min().unwrap_or(0);
        let longest = numbers.iter().map(BigInt::bits).max().unwrap_or(0);
        // Exactly, if they fit without their common zeros.
        let down = longest.saturating_sub(u64::from(bits)).max(zeros);
        let half = match down > zeros {
            true => BigInt::one() << (down - 1),
            false => BigInt::zero(),
        };
        let round = |n: &BigInt| ((n + &half) >> down).to_i64();
        let values: Option<Vec<i64>> = numbers.iter().map(round).collect();
        let (down, shift) = (i64::try_from(down).ok(), i64::try_from(shift).ok());
        match (values, down, shift) {
            (Some(values), Some(down), Some(shift)) => {
                let greatest = values.iter().map(|v| v.unsigned_abs()).max().unwrap_or(0);
                Ok(Self {
                    values,
                    exponent: down - shift,
                    // |W| <= 2^bits.
                    bits: (u64::BITS - greatest.leading_zeros()).min(bits),
                    off: Upper::fixed(&(half + error), shift.unsigned_abs()),
                })
            }
            _ => Err(Fault::internal("weights")),
        }
    }
}

/// A convolution or dense layer, or means over windows.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) groups: usize,
    pub(crate) geometry: Geometry,
    /// Input and output channels of a group.
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// `BLOCK` input channels side by side: ((group * blocks + block) * taps + tap) * outputs + output.
    pub(crate) blocks: Vec<[i64; BLOCK]>,
    pub(crate) exponent: i64,
    pub(crate) off: Upper,
    pub(crate) row_bits: u32,
    /// The greatest |w| of all.
    pub(crate) greatest: Upper,
}

/// What a node does to a row.
#[derive(Debug)]
pub(crate) enum RowStep {
    Activation(usize),
    Linear(Linear),
    /// Means over windows of different sizes: sums, and a factor 1/n for each place, n at most `most`.
    Means {
        sums: Linear,
        factors: Rounded,
        most: u64,
    },
    /// A factor for each channel.
    Scale(Rounded),
    Add,
    Move(Moves),
}

/// Elements that are elements of inputs.
#[derive(Debug)]
pub(crate) struct Moves {
    /// For each input and each output element the input element that it is, or `NOWHERE`.
    pub(crate) lists: Vec<Vec<u32>>,
    /// An input element is at most 2^shared output elements.
    pub(crate) shared: u32,
}

/// A node: what it does, what it reads, its shape.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) step: RowStep,
    pub(crate) inputs: Vec<usize>,
    pub(crate) shape: [usize; 3],
}

/// The nodes after the input; node i of the network is nodes[i - 1].
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) input: [usize; 3],
    pub(crate) nodes: Vec<Planned>,
    pub(crate) output: usize,
    /// The slope below 0 of each activation.
    pub(crate) below: Vec<Rational>,
}

impl Plan {
    /// The shape of a node.
    pub(crate) fn shape(&self, id: usize) -> Checked<[usize; 3]> {
        match id.checked_sub(1) {
            None => Ok(self.input),
            Some(i) => {
                let node = self.nodes.get(i);
                node.map(|n| n.shape)
                    .ok_or_else(|| Fault::internal("shape"))
            }
        }
    }

    /// Plans a network without max-pooling.
    ///
    /// # Errors
    /// A rejection of a layer that rows cannot pass.
    pub(crate) fn new(network: &Network, precision: u64) -> Checked<Self> {
        let mut plan = Self {
            input: network.input,
            nodes: Vec::with_capacity(network.nodes.len()),
            output: network.output,
            below: Vec::new(),
        };
        for (i, node) in network.nodes.iter().enumerate() {
            let read = node.inputs.iter().map(|&k| plan.shape(k));
            let shapes: Vec<[usize; 3]> = read.collect::<Checked<_>>()?;
            let step = step(node, &shapes, &mut plan.below, precision).map_err(|f| match f {
                Fault::Rejected { rule, detail, .. } => {
                    Fault::rejected(rule, format!("node {}: {detail}", i + 1))
                }
                other => other,
            })?;
            plan.nodes.push(Planned {
                step,
                inputs: node.inputs.clone(),
                shape: node.shape,
            });
        }
        Ok(plan)
    }
}

fn unsupported(what: &str) -> Fault {
    Fault::rejected(
        Rule::Own("layers"),
        format!("bounds under noise do not pass {what}"),
    )
}

fn step(
    node: &NetworkNode,
    shapes: &[[usize; 3]],
    below: &mut Vec<Rational>,
    f: u64,
) -> Checked<RowStep> {
    let Some(&x) = shapes.first() else {
        return Err(Fault::internal("no input"));
    };
    let y = node.shape;
    let single = Geometry {
        kernel: [1, 1],
        stride: [1, 1],
        dilation: [1, 1],
        padding: [0; 4],
    };
    Ok(match &node.layer {
        Layer::Polynomial { .. } => {
            below.push(Rational::integer(0));
            RowStep::Activation(below.len() - 1)
        }
        Layer::Relu { slope } => {
            below.push(slope.rational());
            RowStep::Activation(below.len() - 1)
        }
        Layer::MaxPool { .. } => return Err(unsupported("max-pooling")),
        Layer::Variance { .. } | Layer::Normalise { .. } => {
            return Err(unsupported("the variance of a sample"))
        }
        Layer::Smooth { .. } => return Err(unsupported("a smooth activation")),
        Layer::Conv {
            groups,
            geometry,
            weights,
            ..
        } => linear(*groups, *geometry, [x[0], y[0]], weights)?,
        // The input as channels of one place, whatever its shape was.
        Layer::Dense { weights, .. } if x[1] * x[2] == 1 => {
            linear(1, single, [x[0], y[0]], weights)?
        }
        Layer::Dense { weights, .. } => {
            let whole = Geometry {
                kernel: [x[1], x[2]],
                ..single
            };
            linear(1, whole, [x[0], y[0]], weights)?
        }
        Layer::Affine { scale, .. } => {
            let exact = align(scale);
            RowStep::Scale(Rounded::new(
                &exact.mantissas,
                &BigInt::zero(),
                exact.shift,
                ROW_BITS,
            )?)
        }
        Layer::BatchNorm {
            gamma,
            variance,
            epsilon,
            ..
        } => {
            let epsilon = epsilon.first().ok_or_else(|| Fault::internal("epsilon"))?;
            let mut error = BigInt::zero();
            let mut factors = Vec::new();
            for (g, v) in gamma.iter().zip(variance) {
                let (factor, off) = norm_scale(g, v, epsilon, f)?;
                factors.push(factor);
                error = error.max(off);
            }
            RowStep::Scale(Rounded::new(&factors, &error, f, ROW_BITS)?)
        }
        Layer::Add => RowStep::Add,
        Layer::AvgPool { geometry, inside } => mean(geometry, *inside, x, y)?,
        Layer::Subsample { .. } | Layer::Pad { .. } | Layer::Concat | Layer::Reshape => {
            RowStep::Move(Moves {
                lists: moves(&node.layer, shapes, y)?,
                shared: 0,
            })
        }
        Layer::Gather { from } => RowStep::Move(gather(from, x)?),
    })
}

fn linear(
    groups: usize,
    geometry: Geometry,
    [inputs, outputs]: [usize; 2],
    weights: &[Dyadic],
) -> Checked<RowStep> {
    let exact = align(weights);
    let shape = [inputs / groups.max(1), outputs / groups.max(1)];
    let zero = BigInt::zero();
    let numbers = (exact.mantissas.as_slice(), &zero, exact.shift);
    Ok(RowStep::Linear(rows(groups, geometry, shape, numbers)?))
}

/// Means as a convolution of weights 1/n, or of weights 1 and a factor for each place.
fn mean(geometry: &Geometry, inside: bool, x: [usize; 3], y: [usize; 3]) -> Checked<RowStep> {
    let mut sizes = Vec::new();
    for row in 0..y[1] {
        for column in 0..y[2] {
            let places = geometry.places(x, row, column);
            let inner = places.iter().flatten().count();
            sizes.push(if inside { inner } else { places.len() });
        }
    }
    let taps = geometry.kernel[0] * geometry.kernel[1];
    if taps.saturating_mul(x[0]) > MAX_MEANS {
        return Err(unsupported("means over so many elements"));
    }
    let one = BigInt::one() << FACTOR_BITS;
    let share = |n: usize| one.div_mod_floor(&BigInt::from(n.max(1)));
    let most = sizes.iter().copied().max().unwrap_or(1);
    if sizes.iter().all(|n| *n == most) {
        let (quotient, rest) = share(most);
        let error = BigInt::from(u8::from(!rest.is_zero()));
        let weights = vec![quotient; taps * x[0]];
        let made = rows(x[0], *geometry, [1, 1], (&weights, &error, FACTOR_BITS))?;
        return Ok(RowStep::Linear(made));
    }
    let ones = vec![BigInt::one(); taps * x[0]];
    let mut sums = rows(x[0], *geometry, [1, 1], (&ones, &BigInt::zero(), 0))?;
    // The amounts of the means, not of the sums, are asked for.
    let least = sizes.iter().copied().min().unwrap_or(1).max(1);
    sums.greatest = Upper::rational(&Rational::raw(BigInt::one(), BigInt::from(least)));
    let shares: Vec<BigInt> = sizes.iter().map(|n| share(*n).0).collect();
    Ok(RowStep::Means {
        sums,
        factors: Rounded::new(&shares, &BigInt::one(), FACTOR_BITS, ROW_BITS)?,
        most: most as u64,
    })
}

/// Elements that are chosen from one input.
fn gather(from: &[Option<u32>], x: [usize; 3]) -> Checked<Moves> {
    let mut readers = vec![0_usize; x.iter().product()];
    for j in from.iter().flatten() {
        let reader = readers.get_mut(*j as usize);
        *reader.ok_or_else(|| Fault::internal("gathered"))? += 1;
    }
    let most = readers.iter().copied().max().unwrap_or(0).max(1);
    Ok(Moves {
        lists: vec![from.iter().map(|j| j.unwrap_or(NOWHERE)).collect()],
        shared: usize::BITS - (most - 1).leading_zeros(),
    })
}

/// Lays the weights [output][input of the group][tap] out for the kernel.
fn rows(
    groups: usize,
    geometry: Geometry,
    [inputs, outputs]: [usize; 2],
    (numbers, error, shift): (&[BigInt], &BigInt, u64),
) -> Checked<Linear> {
    let taps = geometry.kernel[0] * geometry.kernel[1];
    let terms = u32::try_from(taps.saturating_mul(outputs)).unwrap_or(u32::MAX);
    // log2 of the terms, rounded up; half of the rest for the weights.
    let log = u32::BITS - terms.saturating_sub(1).leading_zeros();
    let left = SUM_BITS.saturating_sub(log);
    let rounded = Rounded::new(numbers, error, shift, (left / 2).min(ROW_BITS))?;
    let blocks = inputs.div_ceil(BLOCK);
    let mut laid = vec![[0; BLOCK]; groups * blocks * taps * outputs];
    for (at, w) in rounded.values.iter().enumerate() {
        let (tap, rest) = (at % taps, at / taps);
        let (input, output) = (rest % inputs, rest / inputs);
        let (group, output) = (output / outputs, output % outputs);
        let to = ((group * blocks + input / BLOCK) * taps + tap) * outputs + output;
        let place = laid.get_mut(to).and_then(|b| b.get_mut(input % BLOCK));
        *place.ok_or_else(|| Fault::internal("weights"))? = *w;
    }
    let greatest = numbers.iter().map(Signed::abs).max().unwrap_or_default();
    Ok(Linear {
        groups,
        geometry,
        inputs,
        outputs,
        blocks: laid,
        exponent: rounded.exponent,
        off: rounded.off,
        row_bits: (left - rounded.bits).min(ROW_BITS),
        greatest: Upper::fixed(&(greatest + error), shift),
    })
}

/// Where every output element comes from, one list for each input.
fn moves(layer: &Layer, shapes: &[[usize; 3]], y: [usize; 3]) -> Checked<Vec<Vec<u32>>> {
    let mut before = 0;
    let mut lists = Vec::with_capacity(shapes.len());
    for x in shapes {
        let mut list = Vec::with_capacity(y.iter().product());
        for c in 0..y[0] {
            for row in 0..y[1] {
                for column in 0..y[2] {
                    let own = (c * y[1] + row) * y[2] + column;
                    let from = match layer {
                        Layer::Subsample { step } => Some([c, row * step[0], column * step[1]]),
                        Layer::Pad { before: [a, b, d] } => (|| {
                            Some([
                                c.checked_sub(*a)?,
                                row.checked_sub(*b)?,
                                column.checked_sub(*d)?,
                            ])
                        })(),
                        Layer::Concat => c.checked_sub(before).map(|c| [c, row, column]),
                        // The same numbers in the same order.
                        _ => {
                            let plane = x[1] * x[2];
                            Some([own / plane, own % plane / x[2], own % x[2]])
                        }
                    };
                    let inside = from.filter(|p| p[0] < x[0] && p[1] < x[1] && p[2] < x[2]);
                    let index = inside.map(|p| (p[0] * x[1] + p[1]) * x[2] + p[2]);
                    list.push(match index {
                        Some(i) => u32::try_from(i).map_err(|_| Fault::internal("place"))?,
                        None => NOWHERE,
                    });
                }
            }
        }
        before += x[0];
        lists.push(list);
    }
    Ok(lists)
}
