//! Smooth activations in fixed point: enclosed at the midpoint with more bits than it has, the radius times a bound of the slope.

use crate::arith::ball::Ball;
use crate::arith::fixed::Fixed;
use crate::arith::mp::Mp;
use crate::function::formula::Formula;
use crate::network::forward::fixed::polynomial::Numbers;
use crate::network::forward::fixed::radii::Radii;
use crate::network::forward::smooth::{bound_slope, interval, value};
use rug::float::Round;
use rug::Float;

/// Bits beside those behind the point: 62 in front of it, and some more for what the function's operations round.
const MORE_BITS: u32 = 128;
/// Bits of slopes.
const SLOPE_BITS: u32 = 64;

/// f of every number; the radius is infinite where f, or its slope over the ball, is not known. `near` holds the balls.
pub fn smooth<const N: usize>(
    f: &Formula,
    x: &[Fixed<N>],
    radii: &Radii,
    near: &[Ball],
) -> Numbers<N> {
    let mut ulps = 1.0f64;
    let mut mid = Vec::with_capacity(x.len());
    let mut slopes = Vec::with_capacity(x.len());
    for (i, x) in x.iter().enumerate() {
        let found = near[i].is_finite().then(|| at(f, x)).flatten();
        let known = found.is_some();
        let (y, off) = found.unwrap_or((Fixed::ZERO, 0.0));
        ulps = ulps.max(off);
        mid.push(y);
        slopes.push(match known {
            false => None,
            true if radii.values[i] == 0.0 => Some(0.0),
            true => Some(bound_slope(f.expression(), &interval(near[i], SLOPE_BITS))),
        });
    }
    let radii = radii
        .clone()
        .map(ulps, |i, r| slopes[i].map_or(f64::INFINITY, |s| s * r));
    (mid, radii)
}

/// f at a number, and how many ulps it may be off; none where it is not known, or beyond what the limbs hold.
fn at<const N: usize>(f: &Formula, x: &Fixed<N>) -> Option<(Fixed<N>, f64)> {
    let bits = Fixed::<N>::FRACTION + MORE_BITS;
    let y = value(f, &Mp::from_rational(bits, &x.exact()))?;
    let floor = Fixed::floor(&y.lo.to_rational()?)?;
    Fixed::<N>::floor(&y.hi.to_rational()?)?;
    // The floor is off by less than one.
    let mut wide = Float::with_val_round(53, &y.hi - &y.lo, Round::Up).0;
    wide <<= Fixed::<N>::FRACTION;
    Some((floor, (wide.to_f64_round(Round::Up) + 1.0).next_up()))
}
