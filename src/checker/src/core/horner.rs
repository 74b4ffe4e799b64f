//! Interval evaluation of a polynomial by Horner's scheme.

use crate::core::budget::{limbs, size};
use crate::core::fault::Checked;
use crate::core::fixed::{Fixed, Interval};
use crate::core::polynomial::{Parity, Polynomial};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;

/// A polynomial whose coefficients are enclosed at the working precision.
///
/// An odd polynomial is kept as y Q(y^2) and an even one as Q(y^2), exact identities that halve the work.
#[derive(Debug)]
pub(crate) struct FixedPoly {
    pub(crate) parity: Parity,
    /// Enclosures of the coefficients that are used, highest power first.
    pub(crate) descending: Vec<Interval>,
}

impl FixedPoly {
    /// Encloses the coefficients.
    pub(crate) fn new(p: &Polynomial, fixed: &Fixed) -> Checked<Self> {
        let parity = p.parity();
        let (first, step) = match parity {
            Parity::Odd => (1, 2),
            Parity::Even => (0, 2),
            Parity::General => (0, 1),
        };
        let mut descending = Vec::new();
        for c in p.numerators.iter().skip(first).step_by(step) {
            size(c.bits() + fixed.precision)?;
            let work = (limbs(c) + fixed.precision / 64) * limbs(&p.denominator);
            fixed.budget.charge(2 * work + 200)?;
            let (lo, rest) = (c << fixed.precision).div_mod_floor(&p.denominator);
            let hi = if rest.is_zero() {
                lo.clone()
            } else {
                &lo + 1_u32
            };
            descending.push(Interval::new(lo, hi));
        }
        descending.reverse();
        Ok(Self { parity, descending })
    }

    /// Encloses the values on an interval.
    ///
    /// # Errors
    /// A rejection beyond the limits.
    pub(crate) fn on(&self, y: &Interval, fixed: &Fixed) -> Checked<Interval> {
        let squared;
        let t = match self.parity {
            Parity::General => y,
            Parity::Odd | Parity::Even => {
                squared = fixed.square(y)?;
                &squared
            }
        };
        let mut terms = self.descending.iter();
        let Some(first) = terms.next() else {
            return Ok(Interval::point(&BigInt::zero()));
        };
        let mut sum = first.clone();
        for c in terms {
            sum = fixed.mul(&sum, t)?;
            sum.lo += &c.lo;
            sum.hi += &c.hi;
        }
        match self.parity {
            Parity::Odd => fixed.mul(&sum, y),
            Parity::Even | Parity::General => Ok(sum),
        }
    }

    /// Encloses the value at one number.
    pub(crate) fn at(&self, y: &BigInt, fixed: &Fixed) -> Checked<Interval> {
        self.on(&Interval::point(y), fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::core::number::Rational;

    fn exact(p: &Polynomial, y: &Rational) -> Rational {
        let zero = Rational::integer(0);
        let coefficients = p.coefficients();
        coefficients
            .iter()
            .rev()
            .fold(zero, |sum, c| sum.times(y).plus(c))
    }

    /// Random polynomials of each parity, random intervals (many straddle 0, many are points), random
    /// exact points inside: the exact value must lie in the enclosure.
    #[test]
    fn exact_values_lie_in_the_enclosures() {
        let mut seed = 1_u64;
        let mut random = move |n: u64| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) % n
        };
        for round in 0..400 {
            let fixed = Fixed {
                precision: 64,
                budget: Budget::new(),
            };
            let parity = round % 3;
            let degree = random(12);
            let coefficients: Vec<Rational> = (0..=degree)
                .map(|j| {
                    let n = BigInt::from(random(2001)) - 1000;
                    let keep = parity == 2 || j % 2 != parity;
                    Rational::raw(
                        if keep { n } else { BigInt::zero() },
                        (1 + random(99)).into(),
                    )
                })
                .collect();
            let one = Rational::integer(1);
            let zero = Rational::integer(0);
            let p =
                Polynomial::from_basis(&coefficients, false, &one, &zero, &fixed.budget).unwrap();
            let q = FixedPoly::new(&p, &fixed).unwrap();
            let lo: BigInt = (BigInt::from(random(1 << 20)) - (1 << 19)) << 46;
            let width = if round % 4 == 0 { 0 } else { random(1 << 18) };
            let y = Interval::new(lo.clone(), &lo + (BigInt::from(width) << 46));
            let image = q.on(&y, &fixed).unwrap();
            for k in 0..=8_u32 {
                let inside = Rational::dyadic(&y.lo * 8 + (&y.hi - &y.lo) * k, 67);
                let value = exact(&p, &inside);
                assert!(Rational::dyadic(image.lo.clone(), 64) <= value);
                assert!(value <= Rational::dyadic(image.hi.clone(), 64));
            }
            if width == 0 {
                // The enclosure at a point is tight, so that the test above means something.
                assert!((&image.hi - &image.lo).bits() < 40);
            }
        }
    }

    #[test]
    fn the_zero_polynomial() {
        let fixed = Fixed {
            precision: 64,
            budget: Budget::new(),
        };
        let p = Polynomial {
            numerators: Vec::new(),
            denominator: 1.into(),
        };
        let q = FixedPoly::new(&p, &fixed).unwrap();
        let zero = Interval::point(&BigInt::zero());
        assert_eq!(q.at(&BigInt::from(5), &fixed).unwrap(), zero);
    }
}
