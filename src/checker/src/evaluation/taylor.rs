//! A polynomial around the middle of an interval, by its Taylor coefficients there.
//!
//! With P(m + h) = sum_k c_k h^k, |P(z) - c_0| <= sum_(k >= 1) |c_k| rho^k and |P'(z)| <= sum_k k |c_k| rho^(k-1) for every complex
//! z within rho of m.

use crate::core::fault::Checked;
use crate::core::fixed::{Fixed, Interval};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::evaluation::program::enclose;
use num_bigint::BigInt;
use num_traits::Zero;

/// A polynomial in powers, in fixed point.
#[derive(Debug)]
pub(crate) struct Powers(Vec<Interval>);

impl Powers {
    pub(crate) fn new(p: &Polynomial, fixed: &Fixed) -> Self {
        let numerators = p.numerators.iter();
        let coefficient =
            |n: &BigInt| enclose(&Rational::raw(n.clone(), p.denominator.clone()), fixed);
        Self(numerators.map(coefficient).collect())
    }

    /// From the coefficient of every power, from degree 0 upwards.
    pub(crate) fn of(coefficients: Vec<Interval>) -> Self {
        Self(coefficients)
    }

    /// Around the middle of an interval.
    pub(crate) fn around(&self, exact: &Interval, fixed: &Fixed) -> Checked<Taylor> {
        let m: BigInt = (&exact.lo + &exact.hi) >> 1u32;
        let half = (&exact.hi - &m).max(&m - &exact.lo);
        let middle = Interval::point(&m);
        let mut rest = self.0.clone();
        let mut c = Vec::new();
        // Synthetic division again and again: the remainders are the coefficients at m.
        while let Some(mut above) = rest.pop() {
            let mut quotient = vec![above.clone()];
            while let Some(next) = rest.pop() {
                above = fixed.mul(&above, &middle)?.plus(&next);
                quotient.push(above.clone());
            }
            c.push(above);
            quotient.pop();
            quotient.reverse();
            rest = quotient;
        }
        Ok(Taylor { c, half })
    }
}

/// Its coefficients there.
#[derive(Debug)]
pub(crate) struct Taylor {
    c: Vec<Interval>,
    half: BigInt,
}

impl Taylor {
    /// Bound of |P'| at all complex z within `aside` of the interval.
    pub(crate) fn slope(&self, aside: &BigInt, fixed: &Fixed) -> Checked<BigInt> {
        let rho = &self.half + aside;
        let mut sum = BigInt::zero();
        for (k, c) in self.c.iter().enumerate().skip(1).rev() {
            sum = fixed.mul_up(&sum, &rho)? + c.mag() * k;
        }
        Ok(sum)
    }

    /// Bound of |P| at all complex z within `aside` of the interval.
    pub(crate) fn most(&self, aside: &BigInt, fixed: &Fixed) -> Checked<BigInt> {
        let rho = &self.half + aside;
        let sizes = self.c.iter().rev().map(Interval::mag);
        sizes
            .into_iter()
            .try_fold(BigInt::zero(), |sum, c| Ok(fixed.mul_up(&sum, &rho)? + c))
    }

    /// Encloses P over the interval.
    pub(crate) fn image(&self, fixed: &Fixed) -> Checked<Interval> {
        let mut sum = BigInt::zero();
        for c in self.c.iter().skip(1).rev() {
            sum = fixed.mul_up(&sum, &self.half)? + c.mag();
        }
        let away = fixed.mul_up(&sum, &self.half)?;
        let zero = Interval::point(&BigInt::zero());
        let first = self.c.first().unwrap_or(&zero);
        Ok(Interval::new(&first.lo - &away, &first.hi + &away))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;

    /// (y - 1)^3 around 1/2 on [0, 1].
    #[test]
    fn slopes_and_images_hold_and_are_near() {
        let fixed = Fixed {
            precision: 64,
            budget: Budget::new(),
        };
        let p = Polynomial::new([-1, 3, -3, 1].map(BigInt::from).to_vec(), 1.into());
        let one = fixed.one();
        let taylor = Powers::new(&p, &fixed)
            .around(&Interval::new(BigInt::zero(), one.clone()), &fixed)
            .unwrap();
        // -1/8 + 3/4 h - 3/2 h^2 + h^3.
        let image = taylor.image(&fixed).unwrap();
        assert!(image.lo <= -&one && image.hi >= BigInt::zero());
        assert_eq!(image.lo, -one.clone());
        // 3/4 + 3 rho + 3 rho^2, rho = 1/2 and 3/4.
        assert_eq!(taylor.slope(&BigInt::zero(), &fixed).unwrap(), &one * 3u32);
        assert_eq!(
            taylor.slope(&(&one >> 2u32), &fixed).unwrap(),
            (&one * 75u32) >> 4u32
        );
    }
}
