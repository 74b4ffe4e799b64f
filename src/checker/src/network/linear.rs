//! Layers that are no activations, on balls.

use crate::core::fault::{Checked, Fault, Rule};
use crate::network::balls::{fixed, is_held, shift_up, Balls};
use crate::network::digits::{DigitRows, MachineWeights};
use crate::network::model::layers::{Dyadic, Geometry, Layer, NetworkNode};
use crate::network::normalise::{normalise, variance};
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

/// Most bits of one layer's weights over one exponent.
const MAX_WEIGHT_BITS: u64 = 1 << 33;

/// Numbers with one exponent: m 2^-shift each, exactly.
pub(crate) struct Aligned {
    pub(crate) mantissas: Vec<BigInt>,
    pub(crate) shift: u64,
}

pub(crate) fn align(numbers: &[Dyadic]) -> Aligned {
    let used = numbers.iter().filter(|d| !d.mantissa.is_zero());
    let least = used.map(|d| d.exponent).min().unwrap_or(0).min(0);
    let at = |d: &Dyadic| {
        // least <= exponent wherever the mantissa is not 0.
        let up = u64::try_from(d.exponent.saturating_sub(least)).unwrap_or(0);
        &d.mantissa << up
    };
    Aligned {
        mantissas: numbers.iter().map(at).collect(),
        shift: least.unsigned_abs(),
    }
}

/// sum_k w_k x_k + b over rows of weights. Sums are exact; one rounding down at the end, and one of the
/// bias: off by less than 2, or by nothing where both lose no bit. The radius grows by the greatest sum of |w|.
pub(crate) struct WeightRows {
    weights: Aligned,
    /// The same as machine integers, if they all are.
    machine: Option<MachineWeights>,
    bias: Vec<BigInt>,
    /// Whether no bias was rounded.
    bias_is_held: bool,
    terms: usize,
    norm: BigInt,
}

impl WeightRows {
    pub(crate) fn new(weights: &[Dyadic], bias: &[Dyadic], precision: u64) -> Checked<Self> {
        let terms = weights.len().checked_div(bias.len());
        let terms = terms
            .filter(|&t| t > 0)
            .ok_or_else(|| Fault::internal("rows"))?;
        let weights = align(weights);
        // One tiny weight makes all others long.
        let longest = weights.mantissas.iter().map(BigInt::bits).max();
        let bits = (weights.mantissas.len() as u64).saturating_mul(longest.unwrap_or(0));
        if bits > MAX_WEIGHT_BITS {
            return Err(Fault::rejected(
                Rule::Limit,
                format!("{bits} bits of aligned weights, the limit is {MAX_WEIGHT_BITS}"),
            ));
        }
        let sums = weights.mantissas.chunks(terms);
        let norm = sums
            .map(|row| row.iter().map(Signed::abs).sum::<BigInt>())
            .max();
        Ok(Self {
            machine: MachineWeights::new(&weights.mantissas, terms),
            weights,
            bias: bias.iter().map(|b| fixed(b, precision)).collect(),
            bias_is_held: bias.iter().all(|b| is_held(b, precision)),
            terms,
            norm: norm.unwrap_or_default(),
        })
    }

    /// Numbers as sums over windows of them need them.
    fn factors<'a>(&self, numbers: &'a [BigInt]) -> Factors<'a> {
        Factors {
            numbers,
            digits: self.machine.as_ref().map(|w| w.digits(numbers)),
            room: Vec::new(),
        }
    }

    /// The output of one row from the places of its window (none is 0).
    fn output(&self, row: usize, x: &mut Factors<'_>, window: &[Option<usize>]) -> Checked<BigInt> {
        let part = row * self.terms..(row + 1) * self.terms;
        let sum = match (&self.machine, &x.digits) {
            (Some(weights), Some(digits)) => weights
                .get(part)
                .map(|w| digits.sum(w, window, &mut x.room)),
            _ => self.weights.mantissas.get(part).map(|weights| {
                let used = weights.iter().zip(window).filter(|(w, _)| !w.is_zero());
                let numbers = used.filter_map(|(w, at)| Some((w, x.numbers.get((*at)?)?)));
                numbers.map(|(w, x)| w * x).sum::<BigInt>()
            }),
        };
        match sum.zip(self.bias.get(row)) {
            Some((sum, bias)) => Ok((sum >> self.weights.shift) + bias),
            None => Err(Fault::internal("row")),
        }
    }

    pub(crate) fn radius(&self, x: &Balls) -> BigInt {
        // Multiples of 2^shift: so are their products with integers, and the sums.
        let shift = self.weights.shift;
        let whole = |m: &BigInt| m.trailing_zeros().is_none_or(|zeros| zeros >= shift);
        let held = self.bias_is_held && x.mid.iter().all(whole);
        let rounding = if held { 0 } else { 2 };
        shift_up(&(&self.norm * &x.radius), shift) + rounding
    }
}

/// What sums of products are over.
struct Factors<'a> {
    numbers: &'a [BigInt],
    digits: Option<DigitRows>,
    room: Vec<i128>,
}

/// A layer that is no activation.
pub(crate) fn linear(
    node: &NetworkNode,
    x: &[(&Balls, [usize; 3])],
    precision: u64,
) -> Checked<Balls> {
    let Some(&(a, shape)) = x.first() else {
        return Err(Fault::internal("no input"));
    };
    let plane = shape[1] * shape[2];
    let fix =
        |list: &[Dyadic]| -> Vec<BigInt> { list.iter().map(|d| fixed(d, precision)).collect() };
    match &node.layer {
        Layer::Conv {
            groups,
            geometry,
            weights,
            bias,
        } => {
            let rows = WeightRows::new(weights, bias, precision)?;
            convolution(&rows, *groups, geometry, a, shape, node.shape)
        }
        Layer::Dense { weights, bias } => {
            let rows = WeightRows::new(weights, bias, precision)?;
            let all: Vec<Option<usize>> = (0..a.mid.len()).map(Some).collect();
            let mut x = rows.factors(&a.mid);
            let outputs = (0..bias.len()).map(|row| rows.output(row, &mut x, &all));
            Ok(Balls {
                mid: outputs.collect::<Checked<_>>()?,
                radius: rows.radius(a),
            })
        }
        Layer::Affine { scale, shift } => {
            let maps = ChannelMaps {
                scale: fix(scale),
                shift: fix(shift),
                off: BigInt::one(),
            };
            maps.apply(a, plane, precision)
        }
        Layer::BatchNorm {
            gamma,
            beta,
            mean,
            variance,
            epsilon,
        } => {
            let epsilon = epsilon.first().ok_or_else(|| Fault::internal("epsilon"))?;
            let maps = batch_norm([gamma, beta, mean, variance], epsilon, precision)?;
            maps.apply(a, plane, precision)
        }
        Layer::Add => {
            let Some(&(b, _)) = x.get(1) else {
                return Err(Fault::internal("add"));
            };
            Ok(Balls {
                mid: a.mid.iter().zip(&b.mid).map(|(a, b)| a + b).collect(),
                radius: &a.radius + &b.radius,
            })
        }
        Layer::AvgPool { geometry, inside } => means(geometry, *inside, a, shape, node.shape),
        Layer::Variance { over, epsilon, .. } => variance(*over, epsilon, (a, shape), precision),
        Layer::Normalise { over } => match x.get(1) {
            Some(&(s, _)) => normalise(*over, (a, shape), s, precision),
            None => Err(Fault::internal("normalise")),
        },
        Layer::Subsample { step } => subsample(*step, a, shape),
        Layer::Pad { before } => pad(*before, a, shape, node.shape),
        Layer::Concat => Ok(concat(x)),
        Layer::Reshape => Ok(a.clone()),
        Layer::Gather { from } => {
            let one = |j: &Option<u32>| match j {
                None => Ok(BigInt::zero()),
                Some(j) => a.get(*j as usize).cloned(),
            };
            Ok(Balls {
                mid: from.iter().map(one).collect::<Checked<_>>()?,
                radius: a.radius.clone(),
            })
        }
        Layer::Relu { .. }
        | Layer::MaxPool { .. }
        | Layer::Polynomial { .. }
        | Layer::Smooth { .. } => Err(Fault::internal("an activation is read elsewhere")),
    }
}

fn convolution(
    rows: &WeightRows,
    groups: usize,
    geometry: &Geometry,
    a: &Balls,
    shape: [usize; 3],
    out: [usize; 3],
) -> Checked<Balls> {
    let plane = shape[1] * shape[2];
    let [_, height, width] = out;
    let (each, outs) = (shape[0] / groups, out[0] / groups);
    let mut mid = vec![BigInt::zero(); out.iter().product()];
    let (mut x, mut window) = (rows.factors(&a.mid), Vec::new());
    for row in 0..height {
        for column in 0..width {
            let places = geometry.places(shape, row, column);
            for group in 0..groups {
                let channels = group * each..(group + 1) * each;
                window.clear();
                window.extend(
                    channels.flat_map(|c| places.iter().map(move |p| p.map(|p| c * plane + p))),
                );
                for o in group * outs..(group + 1) * outs {
                    let at = (o * height + row) * width + column;
                    let y = mid.get_mut(at).ok_or_else(|| Fault::internal("conv"))?;
                    *y = rows.output(o, &mut x, &window)?;
                }
            }
        }
    }
    Ok(Balls {
        mid,
        radius: rows.radius(a),
    })
}

/// gamma (x - mean)/sqrt(variance + epsilon) + beta as a map of every channel.
fn batch_norm(
    [gamma, beta, mean, variance]: [&[Dyadic]; 4],
    epsilon: &Dyadic,
    precision: u64,
) -> Checked<ChannelMaps> {
    let mut maps = ChannelMaps {
        scale: Vec::new(),
        shift: Vec::new(),
        off: BigInt::one(),
    };
    for (((g, b), m), v) in gamma.iter().zip(beta).zip(mean).zip(variance) {
        let (scale, error) = norm_scale(g, v, epsilon, precision)?;
        let m = fixed(m, precision);
        // beta - mean scale: off by the mean's and the scale's errors, and two roundings.
        let moved = (&m * &scale) >> precision;
        let here = shift_up(&((m.abs() + 1) * &error + scale.abs()), precision) + 3;
        maps.shift.push(fixed(b, precision) - moved);
        maps.scale.push(scale);
        maps.off = maps.off.max(error).max(here);
    }
    Ok(maps)
}

/// Means over windows; padding counts in the divisor unless only elements `inside` do.
fn means(
    geometry: &Geometry,
    inside: bool,
    a: &Balls,
    shape: [usize; 3],
    out: [usize; 3],
) -> Checked<Balls> {
    let plane = shape[1] * shape[2];
    let mut mid = Vec::with_capacity(out.iter().product());
    for c in 0..shape[0] {
        for row in 0..out[1] {
            for column in 0..out[2] {
                let places = geometry.places(shape, row, column);
                let mut sum = BigInt::zero();
                for place in places.iter().flatten() {
                    sum += a.get(c * plane + place)?;
                }
                let inner = places.iter().flatten().count();
                let n = if inside { inner } else { places.len() };
                if n == 0 {
                    return Err(Fault::internal("empty window"));
                }
                mid.push(num_integer::Integer::div_floor(&sum, &BigInt::from(n)));
            }
        }
    }
    Ok(Balls {
        mid,
        radius: &a.radius + 1,
    })
}

fn subsample(step: [usize; 2], a: &Balls, shape: [usize; 3]) -> Checked<Balls> {
    let plane = shape[1] * shape[2];
    let mut mid = Vec::new();
    for c in 0..shape[0] {
        for y in (0..shape[1]).step_by(step[0]) {
            for z in (0..shape[2]).step_by(step[1]) {
                mid.push(a.get(c * plane + y * shape[2] + z)?.clone());
            }
        }
    }
    let radius = a.radius.clone();
    Ok(Balls { mid, radius })
}

/// Zeros around the input, `before` of them before its channels, rows and columns.
fn pad(before: [usize; 3], a: &Balls, shape: [usize; 3], out: [usize; 3]) -> Checked<Balls> {
    let plane = shape[1] * shape[2];
    let [_, height, width] = out;
    let mut mid = vec![BigInt::zero(); out.iter().product()];
    for (i, value) in a.mid.iter().enumerate() {
        let (c, y, z) = (i / plane, i % plane / shape[2], i % shape[2]);
        let at = ((c + before[0]) * height + y + before[1]) * width + z + before[2];
        *mid.get_mut(at).ok_or_else(|| Fault::internal("pad"))? = value.clone();
    }
    let radius = a.radius.clone();
    Ok(Balls { mid, radius })
}

fn concat(x: &[(&Balls, [usize; 3])]) -> Balls {
    let radius = x.iter().map(|(b, _)| &b.radius).max();
    Balls {
        mid: x.iter().flat_map(|(b, _)| b.mid.iter().cloned()).collect(),
        radius: radius.cloned().unwrap_or_default(),
    }
}

/// gamma / sqrt(variance + epsilon) over 2^precision, and how far off it may be.
pub(crate) fn norm_scale(
    gamma: &Dyadic,
    variance: &Dyadic,
    epsilon: &Dyadic,
    precision: u64,
) -> Checked<(BigInt, BigInt)> {
    // Twice the precision under the root, and as much again to keep small variances exact enough.
    let bits = 4 * precision;
    let sum = fixed(variance, bits) + fixed(epsilon, bits);
    if sum <= BigInt::from(2) {
        return Err(Fault::rejected(
            Rule::Own("network"),
            "variance + epsilon is not above 0 at this precision",
        ));
    }
    // root <= sqrt(v) 2^(2 precision) < root + 2, the rounding of the sum (below 2) included.
    let root = (&sum - BigInt::from(2)).max(BigInt::one()).sqrt();
    let wide = (&sum + BigInt::from(2)).sqrt() + 1;
    // 2^(3 precision) gamma / sqrt: gamma and the quotient are each off by less than 1.
    let g = fixed(gamma, precision);
    let quotient =
        |g: &BigInt, root: &BigInt| num_integer::Integer::div_floor(&(g << (2 * precision)), root);
    let ends = [
        quotient(&g, &root),
        quotient(&g, &wide),
        quotient(&(&g + 1), &root),
        quotient(&(&g + 1), &wide),
    ];
    let (Some(lo), Some(hi)) = (ends.iter().min(), ends.iter().max()) else {
        return Err(Fault::internal("ends"));
    };
    Ok((lo.clone(), hi - lo + 1))
}

/// scale x + shift, a channel at a time; scale and shift are off by at most `off`.
struct ChannelMaps {
    scale: Vec<BigInt>,
    shift: Vec<BigInt>,
    off: BigInt,
}

impl ChannelMaps {
    fn apply(&self, a: &Balls, plane: usize, precision: u64) -> Checked<Balls> {
        let mut mid = Vec::with_capacity(a.mid.len());
        for (i, x) in a.mid.iter().enumerate() {
            let map = self.scale.get(i / plane).zip(self.shift.get(i / plane));
            let Some((s, t)) = map else {
                return Err(Fault::internal("channel"));
            };
            mid.push(((s * x) >> precision) + t);
        }
        let steepest = self.scale.iter().map(Signed::abs).max().unwrap_or_default() + &self.off;
        let error = steepest * &a.radius + &self.off * a.greatest();
        Ok(Balls {
            mid,
            radius: shift_up(&error, precision) + &self.off + 1,
        })
    }
}
