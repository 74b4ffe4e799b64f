//! Polynomials of the network's own under noise: their slopes on the trajectory, and how much these can change.
//!
//! A place is x itself (an integer over 2^100). |f''| <= sum j (j-1) |c_j| M^(j-2) wherever |x| <= M.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::network::activation::SignPolynomial;
use crate::network::balls::Balls;
use crate::network::rows::curve::{MAX_SLOPE, PLACE_BITS, SLOPE_BITS, SLOPE_PRECISION};
use crate::network::rows::upper::Upper;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive};

/// Places are within 2^this of 0, so that sums of some of them are integers of 128 bits.
const REACH_BITS: u64 = 20;

/// |f''| of each channel.
#[derive(Debug)]
pub(crate) struct Bends {
    /// j (j-1) |c_j|, from the highest j to 2.
    channels: Vec<Vec<Upper>>,
    plane: usize,
}

impl Bends {
    pub(crate) fn new(channels: &[Vec<Rational>], plane: usize) -> Self {
        let factor = |(j, c): (usize, &Rational)| {
            let times = Rational::integer(BigInt::from(j) * j.saturating_sub(1));
            Upper::rational(&c.abs().times(&times))
        };
        let one = |c: &Vec<Rational>| c.iter().enumerate().skip(2).rev().map(factor).collect();
        Self {
            channels: channels.iter().map(one).collect(),
            plane: plane.max(1),
        }
    }

    /// An upper bound of |f''| of element i up to so many places from 0.
    pub(crate) fn up_to(&self, i: usize, places: i128) -> Upper {
        let Some(factors) = self.channels.get(i / self.plane) else {
            return Upper::INFINITE;
        };
        let most = Upper::new(places.unsigned_abs(), -i64::from(PLACE_BITS));
        let next = |sum: Upper, factor: &Upper| sum.times(most).plus(*factor);
        factors.iter().fold(Upper::ZERO, next)
    }
}

/// The places of a node's elements, and within how many each is known.
///
/// # Errors
/// A rejection of elements that are too far from 0.
pub(crate) fn places(centre: &Balls, precision: u64) -> Checked<(Vec<i128>, i128)> {
    let place = |x: &BigInt| (x << PLACE_BITS) >> precision;
    let far = || {
        Fault::rejected(
            Rule::Limit,
            format!("a polynomial of the network's own is asked beyond 2^{REACH_BITS}"),
        )
    };
    let near = |x: BigInt| match x.bits() <= u64::from(PLACE_BITS) + REACH_BITS {
        true => x.to_i128().ok_or_else(far),
        false => Err(far()),
    };
    let all = centre.mid.iter().map(|x| near(place(x)));
    // Rounded down twice: off by less than 2.
    let slack = near(place(&centre.radius) + 2)?;
    Ok((all.collect::<Checked<_>>()?, slack))
}

/// Slopes s 2^bits at places, how far each is from f' there, and the bits: as many as keep the greatest below 2^30.
pub(crate) fn slopes(
    channels: &[Vec<Rational>],
    places: &[i128],
    plane: usize,
) -> Checked<(Vec<i64>, Vec<Upper>, u32)> {
    let f = SLOPE_PRECISION;
    let mut all: Vec<(BigInt, BigInt)> = Vec::with_capacity(places.len());
    for (powers, part) in channels.iter().zip(places.chunks(plane.max(1))) {
        let exact = |p: &i128| BigInt::from(*p) << (f - u64::from(PLACE_BITS));
        let x: Vec<BigInt> = part.iter().map(exact).collect();
        let jets = SignPolynomial::of_powers(powers, f).jets(&x)?;
        all.extend(jets.into_iter().map(|j| (j.slope, j.slope_radius)));
    }
    let most = all.iter().map(|(s, _)| s.bits()).max().unwrap_or(0);
    // |s| < 2^(most - f) at most: SLOPE_BITS leaves three bits before the point.
    let over = most.saturating_sub(f + 2);
    let bits = SLOPE_BITS.saturating_sub(u32::try_from(over).unwrap_or(u32::MAX));
    let down = f - u64::from(bits);
    let half = BigInt::one() << (down - 1);
    let mut lists = (Vec::new(), Vec::new());
    for (slope, error) in all {
        let s = (&slope + &half).div_floor(&(BigInt::one() << down));
        let s = s.to_i64().unwrap_or(i64::MAX).clamp(-MAX_SLOPE, MAX_SLOPE);
        let distance = (slope - (BigInt::from(s) << down)).abs() + error;
        lists.0.push(s);
        lists.1.push(Upper::fixed(&distance, f));
    }
    Ok((lists.0, lists.1, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rational(n: i64, d: i64) -> Rational {
        Rational::raw(n.into(), d.into()).reduced()
    }

    fn value(powers: &[Rational], x: &Rational) -> Rational {
        let next = |v: Rational, c: &Rational| v.times(x).plus(c);
        powers.iter().rev().fold(rational(0, 1), next)
    }

    fn derivative(powers: &[Rational]) -> Vec<Rational> {
        let all = powers.iter().enumerate().skip(1);
        all.map(|(j, c)| c.times(&rational(j as i64, 1))).collect()
    }

    /// Steep and flat, near and far: the exact slope is within its distance, the exact curvature within its bound.
    #[test]
    fn slopes_and_curvatures_hold_the_exact_ones() {
        let channels = vec![
            vec![rational(1, 3), rational(-2, 1), rational(5, 7)],
            vec![
                rational(0, 1),
                rational(1, 9),
                rational(0, 1),
                rational(-1, 11),
            ],
        ];
        for (steep, least) in [(1, 27), (1000, 16)] {
            let channels: Vec<Vec<Rational>> = channels
                .iter()
                .map(|c| c.iter().map(|c| c.times(&rational(steep, 1))).collect())
                .collect();
            let one = 1_i128 << PLACE_BITS;
            let near: Vec<i128> = (-4..4).map(|n| one / 3 * n + 77).collect();
            let all = [near.clone(), near].concat();
            let (s, off, bits) = slopes(&channels, &all, 8).unwrap();
            assert!(bits >= least && bits <= SLOPE_BITS, "{bits}");
            let bends = Bends::new(&channels, 8);
            for (i, ((&place, s), off)) in all.iter().zip(s).zip(off).enumerate() {
                let x = Rational::dyadic(place.into(), u64::from(PLACE_BITS));
                let first = derivative(&channels[i / 8]);
                let exact = value(&first, &x);
                let stated = Rational::dyadic(s.into(), u64::from(bits));
                let distance = exact.plus(&stated.negated()).abs();
                assert!(distance <= off.exact().unwrap(), "{i}");
                assert!(off.exact().unwrap() <= rational(1, 1 << bits));
                let second = value(&derivative(&first), &x).abs();
                let bound = bends.up_to(i, place.abs()).exact().unwrap();
                assert!(second <= bound, "{i}");
            }
        }
        let far = Balls {
            mid: vec![BigInt::one() << 90_u32],
            radius: BigInt::one(),
        };
        assert!(places(&far, 64).is_err() && places(&far, 80).is_ok());
        assert!(Bends::new(&channels, 8).up_to(16, 1).is_infinite());
    }
}
