//! What an activation does to a deviation: a fixed slope, and a bound of what is left.
//!
//! z is known within a radius; y = z/B is a place (an integer over 2^100) within `slack` of it. Of a polynomial that is the
//! activation itself its reach stands in place of B, and its own domain in place of [-B, B].
//!
//! **Polynomial** r. With s close to r' at the place, |r'(place) - s| <= off, and |delta| <= d:
//! r(z + delta) - r(z) - s delta is the integral of r' - s over the way, and at u between z and z + delta
//! |r'(u) - s| <= |r'(u) - r'(z)| + |r'(z) - r'(place)| + off. So it is at most
//! (C (d/2 + slack B)/B + off) d, C the greatest |B r''| within slack + d/B of the place.
//!
//! **Polynomials of the network's own** are the same with places in units of 1 ([`own`]): C bounds |f''| up to the
//! greatest |place| that can be reached.
//!
//! **ReLU**, and the noise e_1 is all that a function f may differ from it. With s = 1 where z > 0, s = 0 where
//! z < 0: relu(z + delta) - relu(z) - s delta is 0 as long as z + delta keeps the sign of z, and else at
//! most |delta| - |z|. Where the sign of z is not known, it is at most |delta|: both slopes lie in [0, 1].
//! f(z + delta) - relu(z + delta) is at most worst B, or tau |z + delta| if |z + delta| >= zone B is sure.
//! Of f nothing is known outside [-B, B], so there the bound is infinite.
//!
//! **A slope a below 0**: f(x) = a x + (1 - a) r(x), with a + (1 - a) s in place of s; what is left is |1 - a| times that of r,
//! and the rounding of the slope is one more distance `off`.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::network::balls::Balls;
use crate::network::rows::curve::{Curve, MAX_SLOPE, PLACE_BITS, SLOPE_BITS, SLOPE_PRECISION};
use crate::network::rows::own;
use crate::network::rows::standing::Standing;
use crate::network::rows::upper::Upper;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive};

/// One activation on the undisturbed trajectory.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    stands: Stands<'a>,
    /// Where the function is known, places.
    ends: (i128, i128),
    places: Vec<i128>,
    slack: i128,
    /// s 2^slope_bits.
    pub(crate) slopes: Vec<i64>,
    pub(crate) slope_bits: u32,
    off: Vec<Upper>,
    /// |1 - a|.
    rest: Upper,
    /// B, the unit of the noise: 1 for a table that is the activation itself.
    pub(crate) scale: Upper,
    /// 1/B, or 1 over the polynomial's reach.
    inverse: Upper,
}

/// Bounded noise: everywhere, and (tau, zone).
type Bounded<'a> = (Upper, &'a Option<(Upper, Rational)>);
/// What stands undisturbed.
#[derive(Debug)]
enum Stands<'a> {
    Relu,
    Curve(&'a Curve),
    Own(own::Bends),
}

/// What happens to one element at one level.
pub(crate) struct Change {
    /// |remainder| and bounded noise together.
    pub(crate) remainder: Upper,
    /// The deviation behind the activation, without sub-Gaussian noise.
    pub(crate) amount: Upper,
}

impl<'a> Response<'a> {
    /// What stands there, or ReLU; beside the slope `below`.
    pub(crate) fn new(
        standing: Option<&'a Standing>,
        scale: &Rational,
        below: &Rational,
        (centre, precision): (&Balls, u64),
    ) -> Checked<Self> {
        let own = standing.and_then(|s| s.own.as_ref());
        let none = Rational::integer(0);
        // A leaky ReLU that p is itself has its slope already.
        let below = match own {
            Some(own) if own.leaky => &none,
            _ => below,
        };
        let reach = own.map_or(scale, |own| &own.reach);
        let (n, d) = (reach.numer(), reach.denom());
        let divisor = n << precision;
        let one = 1_i128 << PLACE_BITS;
        let place = |x: &BigInt| ((x * d) << PLACE_BITS).div_floor(&divisor).to_i128();
        // Rounded down twice: off by less than 2.
        let slack = place(&centre.radius).and_then(|r| r.checked_add(2));
        let places: Option<Vec<i128>> = centre.mid.iter().map(place).collect();
        let ends = own.map_or((-one, one), |own| own.ends);
        let inside = places.zip(slack).filter(|(places, slack)| {
            // No absolute values: a place may be the least of all integers.
            let (lo, hi) = (ends.0 + slack, ends.1 - slack);
            places.iter().all(|p| lo <= *p && *p <= hi)
        });
        let Some((places, slack)) = inside else {
            return Err(Fault::rejected(
                Rule::Own("domain"),
                "an element may leave the domain",
            ));
        };
        let (slopes, off) = match standing {
            Some(standing) => slopes(standing, &places)?,
            None => {
                let step = |p: &i128| i64::from(*p > 0) << SLOPE_BITS;
                let slopes: Vec<i64> = places.iter().map(step).collect();
                let off = vec![Upper::ZERO; slopes.len()];
                (slopes, off)
            }
        };
        let rest = Rational::integer(1).plus(&below.negated());
        let (slopes, off) = match below.is_zero() {
            true => (slopes, off),
            false => beside(below, &rest, &slopes, &off),
        };
        Ok(Self {
            stands: standing.map_or(Stands::Relu, |s| Stands::Curve(&s.curve)),
            ends,
            places,
            slack,
            slopes,
            slope_bits: SLOPE_BITS,
            off,
            rest: Upper::rational(&rest.abs()),
            scale: Upper::rational(scale),
            inverse: Upper::rational(&Rational::raw(d.clone(), n.clone())),
        })
    }

    /// Polynomials of the network's own, one for each `plane` elements; B is the unit of their noise alone.
    pub(crate) fn own(
        channels: &[Vec<Rational>],
        plane: usize,
        scale: &Rational,
        (centre, precision): (&Balls, u64),
    ) -> Checked<Self> {
        let (places, slack) = own::places(centre, precision)?;
        let (slopes, off, slope_bits) = own::slopes(channels, &places, plane)?;
        Ok(Self {
            stands: Stands::Own(own::Bends::new(channels, plane)),
            // Everywhere, but so that no sum of places is beyond the integers.
            ends: (i128::MIN / 4, i128::MAX / 4),
            places,
            slack,
            slopes,
            slope_bits,
            off,
            rest: Upper::ONE,
            scale: Upper::rational(scale),
            inverse: Upper::power(0),
        })
    }

    /// Element i, whose input deviates by at most d.
    /// Noise: its bound in units of B, and an envelope.
    pub(crate) fn change(&self, i: usize, d: Upper, noise: Bounded) -> Checked<Change> {
        let at = self.places.get(i).zip(self.slopes.get(i));
        let (Some((&place, slope)), Some(&off)) = (at, self.off.get(i)) else {
            return Err(Fault::internal("element"));
        };
        let slope = Upper::new(slope.unsigned_abs().into(), -i64::from(self.slope_bits));
        let (remainder, worst) = match d.times(self.inverse).ceil_at(PLACE_BITS) {
            None => (Upper::INFINITE, Upper::INFINITE),
            Some(way) => (
                self.remainder(i, place, d, way, off),
                self.worst(place, way, noise),
            ),
        };
        let remainder = remainder.plus(worst);
        Ok(Change {
            remainder,
            amount: slope.times(d).plus(remainder),
        })
    }

    /// The input moves by at most d, `way` places.
    fn remainder(&self, i: usize, place: i128, d: Upper, way: i128, off: Upper) -> Upper {
        let reach = self.slack + way;
        if place - reach < self.ends.0 || place + reach > self.ends.1 {
            return Upper::INFINITE;
        }
        let turned = |most: Upper| {
            let way = places(2 * self.slack + way + 1);
            most.times(way).times(Upper::power(-1)).times(d)
        };
        let turn = match &self.stands {
            Stands::Curve(curve) => turned(curve.over(place - reach, place + reach)),
            Stands::Own(bends) => turned(bends.up_to(i, place.abs() + reach)),
            Stands::Relu if place.abs() <= self.slack => d,
            Stands::Relu => places((reach - place.abs()).max(0)).times(self.scale),
        };
        turn.times(self.rest).plus(off.times(d))
    }

    /// Bounded noise.
    fn worst(&self, place: i128, way: i128, (worst, envelope): Bounded) -> Upper {
        let everywhere = worst.times(self.scale);
        let Some((tau, zone)) = envelope else {
            return everywhere;
        };
        let reach = self.slack + way;
        let near = Rational::dyadic((place.abs() - reach).into(), u64::from(PLACE_BITS));
        if near < *zone {
            return everywhere;
        }
        let far = places(place.abs() + reach).times(self.scale);
        everywhere.min(tau.times(far))
    }
}

/// A nonnegative number of places.
fn places(n: i128) -> Upper {
    Upper::new(n.unsigned_abs(), -i64::from(PLACE_BITS))
}

/// Slopes at places, and how far they are from r' there.
pub(crate) fn slopes(standing: &Standing, places: &[i128]) -> Checked<(Vec<i64>, Vec<Upper>)> {
    let f = SLOPE_PRECISION;
    let exact = |p: &i128| BigInt::from(*p) << (f - u64::from(PLACE_BITS));
    let y: Vec<BigInt> = places.iter().map(exact).collect();
    let one = BigInt::one() << f;
    let down = f + 1 - u64::from(SLOPE_BITS);
    let half = BigInt::one() << (down - 1);
    let mut lists = (Vec::new(), Vec::new());
    for (y, jet) in y.iter().zip(standing.polynomial.jets(&y)?) {
        // r' 2^(f + 1): 1 + p + y p', or 2 u'.
        let (twice, error) = match standing.own {
            None => (
                &one + &jet.value + ((y * &jet.slope) >> f),
                jet.radius + ((y.abs() * jet.slope_radius) >> f) + 2,
            ),
            Some(_) => (jet.slope << 1, jet.slope_radius << 1),
        };
        let s = ((&twice + &half) >> down).to_i64().unwrap_or(i64::MAX);
        let s = s.clamp(-MAX_SLOPE, MAX_SLOPE);
        lists.0.push(s);
        let distance = (twice - (BigInt::from(s) << down)).abs() + error;
        lists.1.push(Upper::fixed(&distance, f + 1));
    }
    Ok(lists)
}

/// a + (1 - a) s for slopes s, and how far that is from a + (1 - a) r'.
fn beside(
    below: &Rational,
    rest: &Rational,
    slopes: &[i64],
    off: &[Upper],
) -> (Vec<i64>, Vec<Upper>) {
    let size = Upper::rational(&rest.abs());
    let unit = Rational::integer(BigInt::one() << SLOPE_BITS);
    let each = slopes.iter().zip(off).map(|(s, off)| {
        // In units of 2^-SLOPE_BITS.
        let exact = below.times(&unit).plus(&rest.times(&Rational::integer(*s)));
        let near = exact.floor_at(0).to_i64().unwrap_or(i64::MAX);
        let near = near.clamp(-MAX_SLOPE, MAX_SLOPE);
        let apart = exact.plus(&Rational::integer(-near)).abs();
        let apart = Upper::rational(&apart).times(Upper::power(-i64::from(SLOPE_BITS)));
        (near, size.times(*off).plus(apart))
    });
    each.unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::polynomial::Polynomial;
    use crate::network::rows::standing::RowsTable;

    fn rational(n: i64, d: i64) -> Rational {
        Rational::raw(n.into(), d.into())
    }

    /// p, p', p'' at y by the chain rule, exactly.
    fn jet(stages: &[Polynomial], y: &Rational) -> [Rational; 3] {
        let (mut q, mut first, mut second) = (y.clone(), rational(1, 1), rational(0, 1));
        for p in stages {
            let at = |p: &Polynomial| {
                let c = p.coefficients();
                c.iter()
                    .rev()
                    .fold(rational(0, 1), |v, c| v.times(&q).plus(c))
            };
            let (value, slope, bend) =
                (at(p), at(&p.derivative()), at(&p.derivative().derivative()));
            second = bend.times(&first).times(&first).plus(&slope.times(&second));
            first = slope.times(&first);
            q = value;
        }
        [q, first, second]
    }

    fn stages(list: &[(&[i64], i64)]) -> Vec<Polynomial> {
        let make = |(c, d): &(&[i64], i64)| {
            Polynomial::new(c.iter().map(|&c| c.into()).collect(), (*d).into())
        };
        list.iter().map(make).collect()
    }

    /// Odd and not odd, one stage and several: the exact |B r''| at places is within the bounds over them
    /// and around them, and those are close to it; slopes are within their distance of r'.
    #[test]
    fn bounds_hold_the_exact_curvature_and_slopes() {
        let cubic: (&[i64], i64) = (&[0, 3, 0, -1], 2);
        let askew: (&[i64], i64) = (&[1, 9, -2, -3, 1], 7);
        for list in [
            vec![cubic],
            vec![cubic, cubic],
            vec![askew, cubic],
            vec![askew],
        ] {
            let p = stages(&list);
            let table = RowsTable {
                polynomials: &p,
                domain: None,
                leaky: false,
            };
            let standing = Standing::new(&table, 1).unwrap();
            let curve = &standing.curve;
            let one = 1_i128 << PLACE_BITS;
            let places: Vec<i128> = [0, 1, -1, 5, 77, -400, 998, -998, 999]
                .map(|n: i128| one / 1000 * n + n * 12_345_678)
                .into_iter()
                .chain([one, -one])
                .collect();
            let (s, off) = slopes(&standing, &places).unwrap();
            for ((&at, s), off) in places.iter().zip(s).zip(off) {
                let y = Rational::dyadic(at.into(), u64::from(PLACE_BITS));
                let [value, first, second] = jet(&p, &y);
                let two = rational(2, 1);
                let twice = two.times(&first).plus(&y.times(&second));
                let exact = twice.abs().times(&rational(1, 2));
                let bound = curve.over(at, at).exact().unwrap();
                assert!(exact <= bound, "{list:?} {at}");
                let loose = exact.times(&rational(21, 20)).plus(&rational(1, 100));
                assert!(bound <= loose, "{list:?} {at}");
                let around = curve.over((at - one / 50).max(-one), (at + one / 50).min(one));
                assert!(bound <= around.exact().unwrap());
                let slope = rational(1, 1).plus(&value).plus(&y.times(&first));
                let slope = slope.times(&rational(1, 2));
                let distance = slope.plus(&Rational::dyadic(s.into(), 27).negated()).abs();
                assert!(distance <= off.exact().unwrap());
                assert!(off.exact().unwrap() <= rational(1, 1 << 27));
            }
            assert!(
                curve.over(one, one + 1).is_infinite() && curve.over(-one - 1, 0).is_infinite()
            );
        }
    }
}
