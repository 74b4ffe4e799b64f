//! What a layer reads, as maps of rows: that they are those of `network/linear.rs` a test of `sums.rs` compares.

use crate::core::fault::{Checked, Fault, Rule};
use crate::inference::rows::{limit, product, size, small, sum, Rows, BITS};
use crate::network::model::layers::{Dyadic, Geometry, Layer, NetworkNode};
use num_bigint::BigInt;
use num_integer::Integer;

/// Most places of all windows of a layer, those in the padding too.
const MAX_PLACES: usize = 1 << 26;

/// The places of all windows of a layer, and the elements of what it reads, refused before they are walked: most may be padding.
pub(super) fn places(node: &NetworkNode, from: &[[usize; 3]]) -> Checked<usize> {
    let size = |shape: &[usize; 3]| shape.iter().product::<usize>();
    let read = from.iter().map(size).fold(0, usize::saturating_add);
    let each = match &node.layer {
        Layer::Conv { weights, .. } | Layer::Dense { weights, .. } => {
            weights.len() / node.shape[0].max(1)
        }
        Layer::AvgPool { geometry, .. } => geometry.kernel[0].saturating_mul(geometry.kernel[1]),
        _ => from.len(),
    };
    let all = size(&node.shape).saturating_mul(each).saturating_add(read);
    match all <= MAX_PLACES {
        true => Ok(all),
        false => Err(Fault::rejected(
            Rule::Limit,
            format!("the windows of a layer have {all} places, the limit is {MAX_PLACES}"),
        )),
    }
}

/// The map of each input, none for the identity, and sizes of the constant, none for zeros.
pub(super) type Parts = (Vec<Option<Rows>>, Option<Vec<u64>>);

/// A layer as maps of its inputs.
pub(super) fn layer(node: &NetworkNode, from: &[[usize; 3]]) -> Checked<Parts> {
    let out = node.shape;
    let n: usize = out.iter().product();
    let pixels = out[1] * out[2];
    let x = from
        .first()
        .copied()
        .ok_or_else(|| Fault::internal("input"))?;
    let plane = x[1] * x[2];
    let sizes = |all: &[Dyadic]| all.iter().map(size).collect::<Checked<Vec<u64>>>();
    let each = |all: &[u64]| -> Vec<u64> {
        let spread = all.iter().flat_map(|b| std::iter::repeat_n(*b, pixels));
        spread.collect()
    };
    let scaled = |factors: &[u64]| {
        let mut rows = Rows::with_rows(n);
        for (i, factor) in each(factors).into_iter().enumerate() {
            rows.push(i, factor)?;
            rows.end();
        }
        Ok(rows)
    };
    // One element, or none, for each.
    let picked = |places: &mut dyn FnMut(usize) -> Option<usize>| {
        let mut rows = Rows::with_rows(n);
        for i in 0..n {
            if let Some(j) = places(i) {
                rows.push(j, 1 << BITS)?;
            }
            rows.end();
        }
        Ok(rows)
    };
    let place = |i: usize| [i / pixels, i % pixels / out[2], i % out[2]];
    let one = |rows: Rows| vec![Some(rows)];
    Ok(match &node.layer {
        Layer::Conv {
            groups,
            geometry,
            weights,
            bias,
        } => {
            let weights = sizes(weights)?;
            let rows = convolution(&weights, *groups, geometry, x, out)?;
            (one(rows), Some(each(&sizes(bias)?)))
        }
        Layer::Dense { weights, bias } => {
            let weights = sizes(weights)?;
            let mut rows = Rows::with_rows(n);
            for row in weights.chunks(x.iter().product::<usize>().max(1)) {
                for (j, w) in row.iter().enumerate() {
                    rows.push(j, *w)?;
                }
                rows.end();
            }
            (one(rows), Some(sizes(bias)?))
        }
        Layer::BatchNorm {
            gamma,
            beta,
            mean,
            variance,
            epsilon,
        } => {
            let epsilon = epsilon.first().ok_or_else(|| Fault::internal("epsilon"))?;
            let (mut factors, mut shifts) = (Vec::new(), Vec::new());
            for (((g, b), m), v) in gamma.iter().zip(beta).zip(mean).zip(variance) {
                let factor = norm(g, v, epsilon)?;
                shifts.push(sum(size(b)?, product(size(m)?, factor)?)?);
                factors.push(factor);
            }
            (one(scaled(&factors)?), Some(each(&shifts)))
        }
        Layer::Affine { scale, shift } => {
            (one(scaled(&sizes(scale)?)?), Some(each(&sizes(shift)?)))
        }
        Layer::AvgPool { geometry, inside } => (one(average(geometry, *inside, x, out)?), None),
        Layer::Reshape => (vec![None], None),
        Layer::Add => (vec![None, None], None),
        Layer::Subsample { step } => {
            let rows = picked(&mut |i| {
                let [c, y, z] = place(i);
                Some(c * plane + y * step[0] * x[2] + z * step[1])
            })?;
            (one(rows), None)
        }
        Layer::Pad { before } => {
            let rows = picked(&mut |i| {
                let at = place(i);
                let mut inner = [0; 3];
                for (((inner, at), before), size) in inner.iter_mut().zip(at).zip(before).zip(x) {
                    *inner = at.checked_sub(*before).filter(|i| *i < size)?;
                }
                Some(inner[0] * plane + inner[1] * x[2] + inner[2])
            })?;
            (one(rows), None)
        }
        Layer::Gather { from } => {
            let rows = picked(&mut |i| from.get(i).copied().flatten().map(|j| j as usize))?;
            (one(rows), None)
        }
        Layer::Concat => {
            let (mut maps, mut first) = (Vec::new(), 0);
            for shape in from {
                let own = first..first + shape.iter().product::<usize>();
                first = own.end;
                maps.push(Some(picked(&mut |i| {
                    own.contains(&i).then(|| i - own.start)
                })?));
            }
            (maps, None)
        }
        _ => {
            let text = "is neither linear nor relu of slope 0 nor max_pool";
            return Err(Fault::rejected(Rule::Own("I1 program"), text));
        }
    })
}

/// |gamma|/sqrt(variance + epsilon), rounded up.
fn norm(gamma: &Dyadic, variance: &Dyadic, epsilon: &Dyadic) -> Checked<u64> {
    let sum = variance.rational().plus(&epsilon.rational());
    if !sum.is_positive() {
        let text = "variance + epsilon is not above 0";
        return Err(Fault::rejected(Rule::Own("I1 program"), text));
    }
    let gamma = gamma.rational();
    if gamma.is_zero() {
        return Ok(0);
    }
    // The square's root at twice the bits, rounded up.
    let square = gamma.times(&gamma).over(&sum).ceil_at(2 * BITS);
    let root: BigInt = square.sqrt() + 1u32;
    small(u64::try_from(&root).map_err(|_| limit())?)
}

fn convolution(
    weights: &[u64],
    groups: usize,
    geometry: &Geometry,
    x: [usize; 3],
    out: [usize; 3],
) -> Checked<Rows> {
    let plane = x[1] * x[2];
    let (each, outs) = (x[0] / groups.max(1), (out[0] / groups.max(1)).max(1));
    let taps = geometry.kernel[0] * geometry.kernel[1];
    let mut rows = Rows::with_rows(out.iter().product());
    for channel in 0..out[0] {
        let own = weights.get(channel * each * taps..(channel + 1) * each * taps);
        let own = own.ok_or_else(|| Fault::internal("weights"))?;
        let first = channel / outs * each;
        for row in 0..out[1] {
            for column in 0..out[2] {
                let places = geometry.places(x, row, column);
                for (input, weights) in own.chunks(taps.max(1)).enumerate() {
                    for (place, w) in places.iter().zip(weights) {
                        if let Some(place) = place {
                            rows.push((first + input) * plane + place, *w)?;
                        }
                    }
                }
                rows.end();
            }
        }
    }
    Ok(rows)
}

fn average(geometry: &Geometry, inside: bool, x: [usize; 3], out: [usize; 3]) -> Checked<Rows> {
    let plane = x[1] * x[2];
    let mut rows = Rows::with_rows(out.iter().product());
    for channel in 0..out[0] {
        for row in 0..out[1] {
            for column in 0..out[2] {
                let places = geometry.places(x, row, column);
                let inner: Vec<usize> = places.iter().flatten().copied().collect();
                let count = if inside { inner.len() } else { places.len() };
                let count = u64::try_from(count.max(1)).map_err(|_| limit())?;
                let share = Integer::div_ceil(&(1u64 << BITS), &count);
                for place in inner {
                    rows.push(channel * plane + place, share)?;
                }
                rows.end();
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dyadic(m: i64, exponent: i64) -> Dyadic {
        Dyadic {
            mantissa: m.into(),
            exponent,
        }
    }

    #[test]
    fn norms_are_rounded_up() {
        // 3/sqrt 4, and a unit for the root.
        let root = norm(&dyadic(3, 0), &dyadic(3, 0), &dyadic(1, 0)).unwrap();
        assert_eq!(root, (3 << 39) + 1);
        assert!(norm(&dyadic(3, 0), &dyadic(-1, 0), &dyadic(1, 0)).is_err());
    }
}
