//! Normalisation in fixed point, by a sample's own mean and variance or by a batch norm's; of the former the derivation
//! for balls is at the head of [`normalise`](crate::network::forward::normalise).
//!
//! **Rounding.** A mean is rounded towards 0, so each c = m - mean is off by e, |e| < 1 ulp, the same for all of a group. The c add
//! up to 0, so that the mean of (c + e)^2 is V(m) + e^2: far below an ulp more. Products are off by E ulps each
//! ([`Fixed::PRODUCT_ULPS`]), and so is their mean; its own rounding and epsilon's are below 1 each.

use crate::arith::ball::up;
use crate::arith::fixed::{exp2, Fixed, MOST};
use crate::network::forward::fixed::polynomial::{greatest, size, Numbers};
use crate::network::forward::fixed::radii::Radii;
use crate::network::model::ops::{BatchNorm, Over, TensorShape};
use rug::ops::Pow;
use rug::{Float, Rational};

/// Midpoints, radii, and the shape.
pub type Given<'a, const N: usize> = (&'a [Fixed<N>], &'a Radii, TensorShape);

/// Each number minus the mean of its group, within an ulp, and the groups; none where sums are beyond the limbs.
fn centred<const N: usize>(
    over: Over,
    (mid, _, shape): Given<N>,
) -> Option<(Vec<Fixed<N>>, Vec<usize>)> {
    let n = over.size(shape);
    if n as f64 * greatest(mid) >= MOST {
        return None;
    }
    let groups = over.groups(shape);
    let mut means = vec![Fixed::ZERO; over.reduced(shape).len()];
    for (m, &g) in mid.iter().zip(&groups) {
        means[g] = means[g].plus(m);
    }
    means.iter_mut().for_each(|m| *m = m.over(n as u64));
    let centred = mid.iter().zip(&groups).map(|(m, &g)| m.minus(&means[g]));
    Some((centred.collect(), groups))
}

/// The variance of each group plus a number; none where the numbers are beyond the limbs.
pub fn variance<const N: usize>((over, epsilon): (Over, f64), x: Given<N>) -> Option<Numbers<N>> {
    let (centred, groups) = centred(over, x)?;
    let (_, radii, shape) = x;
    let n = over.size(shape);
    let most = greatest(&centred);
    if up(n as f64 * up(most * most)) + epsilon >= MOST {
        return None;
    }
    let epsilon = Fixed::floor(&Rational::from_f64(epsilon)?)?;
    let thin = exp2(-(Fixed::<N>::FRACTION as i32));
    let unit = radii.unit_of_one(Fixed::<N>::FRACTION);
    let mut sums = vec![(Fixed::ZERO, 0.0f64); over.reduced(shape).len()];
    for ((c, r), &g) in centred.iter().zip(&radii.values).zip(&groups) {
        let steep = up(2.0 * up(size(c) + thin) + up(unit * r));
        let (sum, slip) = sums[g];
        sums[g] = (sum.plus(&c.times(c)), up(slip + up(steep * r)));
    }
    let each = sums.into_iter();
    let each = each.map(|(sum, slip)| (sum.over(n as u64).plus(&epsilon), up(slip / n as f64)));
    let (mid, slips) = each.unzip();
    Some((mid, radii.gathered(slips, Fixed::<N>::PRODUCT_ULPS + 3.0)))
}

/// (x - mean) s, s one number a group; none where the numbers are beyond the limbs.
pub fn normalised<const N: usize>(
    over: Over,
    x: Given<N>,
    (s, of_s): (&[Fixed<N>], &Radii),
) -> Option<Numbers<N>> {
    let (centred, groups) = centred(over, x)?;
    if up(greatest(&centred) * greatest(s)) >= MOST {
        return None;
    }
    let n = over.size(x.2) as f64;
    let (radii, of_s) = Radii::aligned(x.1, of_s);
    let unit = radii.unit_of_one(Fixed::<N>::FRACTION);
    let ulp = radii.units(1.0);
    let mut totals = vec![0.0f64; s.len()];
    for (r, &g) in radii.values.iter().zip(&groups) {
        totals[g] = up(totals[g] + r);
    }
    let slip = |(i, &g): (usize, &usize)| {
        let own = radii.values[i] * ((n - 2.0) / n);
        let moved = up(up(own + totals[g] / n) + ulp);
        let r = of_s.values[g];
        up(up(size(&centred[i]) * r) + up(up(size(&s[g]) + unit * r) * moved))
    };
    let slips = groups.iter().enumerate().map(slip).collect();
    let mid = centred.iter().zip(&groups).map(|(c, &g)| c.times(&s[g]));
    Some((
        mid.collect(),
        radii.gathered(slips, Fixed::<N>::PRODUCT_ULPS),
    ))
}

/// gamma/sqrt(variance + epsilon) and beta - mean times it, each within two ulps: with 192 bits more than the numbers have,
/// roundings of numbers below 2^60 are next to nothing beside the last one.
pub fn folded<const N: usize>(b: &BatchNorm, c: usize) -> Option<(Fixed<N>, Fixed<N>)> {
    let bits = Fixed::<N>::FRACTION + 192;
    let root = (Float::with_val(bits, b.variance[c]) + b.epsilon).sqrt();
    let scale = Float::with_val(bits, b.gamma[c]) / root;
    let moved = Float::with_val(bits, &scale * b.mean[c]);
    let shift = Float::with_val(bits, b.beta[c] - &moved);
    let small = Float::with_val(bits, 2).pow(60);
    let fits = [&scale, &moved, &shift]
        .iter()
        .all(|x| Float::with_val(bits, x.abs_ref()) < small);
    let fixed = |x: Float| Fixed::floor(&x.to_rational()?);
    fits.then(|| Some((fixed(scale)?, fixed(shift)?)))?
}
