//! Exact polynomials in powers of y.

use crate::core::budget::{limbs, size, Budget};
use crate::core::fault::{Checked, Fault};
use crate::core::number::{common_denominator, Rational};
use num_bigint::BigInt;
use num_traits::{One, Zero};

/// sum_j numerators[j] y^j / denominator; the last numerator is not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Polynomial {
    pub(crate) numerators: Vec<BigInt>,
    pub(crate) denominator: BigInt,
}

/// What the powers of a polynomial have in common; the zero polynomial is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parity {
    Odd,
    Even,
    General,
}

impl Polynomial {
    /// Without zeros at the top; the denominator is positive.
    pub(crate) fn new(mut numerators: Vec<BigInt>, denominator: BigInt) -> Self {
        while numerators.last().is_some_and(Zero::is_zero) {
            numerators.pop();
        }
        Self {
            numerators,
            denominator,
        }
    }

    /// sum_j coefficients[j] phi_j(scale y + offset), phi_j the power or the Chebyshev polynomial.
    ///
    /// # Errors
    /// A rejection if the exact numbers grow beyond the limits.
    pub(crate) fn from_basis(
        coefficients: &[Rational],
        chebyshev: bool,
        scale: &Rational,
        offset: &Rational,
        budget: &Budget,
    ) -> Checked<Self> {
        let (mut numerators, denominator) = common_denominator(coefficients, budget)?;
        if chebyshev {
            numerators = chebyshev_to_powers(&numerators, budget)?;
        }
        let one = Rational::integer(1);
        if *scale == one && offset.is_zero() {
            return Ok(Self::new(numerators, denominator));
        }
        substitute(numerators, denominator, scale, offset, budget)
    }

    /// s P(s y): the polynomial that a side s of a branch sees.
    pub(crate) fn seen_from(&self, negative: bool) -> Self {
        let flip = |(j, c): (usize, &BigInt)| {
            if negative && j % 2 == 0 {
                -c
            } else {
                c.clone()
            }
        };
        Self {
            numerators: self.numerators.iter().enumerate().map(flip).collect(),
            denominator: self.denominator.clone(),
        }
    }

    /// The derivative.
    pub(crate) fn derivative(&self) -> Self {
        let terms = self.numerators.iter().enumerate().skip(1);
        Self::new(
            terms.map(|(j, c)| c * j).collect(),
            self.denominator.clone(),
        )
    }

    /// Which powers occur.
    pub(crate) fn parity(&self) -> Parity {
        let none = |parity: usize| {
            let mut terms = self.numerators.iter().enumerate();
            terms.all(|(j, c)| j % 2 != parity || c.is_zero())
        };
        if none(0) {
            Parity::Odd
        } else if none(1) {
            Parity::Even
        } else {
            Parity::General
        }
    }

    /// The coefficient of every power, from degree 0 upwards.
    pub(crate) fn coefficients(&self) -> Vec<Rational> {
        let rational = |c: &BigInt| Rational::raw(c.clone(), self.denominator.clone());
        self.numerators.iter().map(rational).collect()
    }
}

/// sum c_j T_j in powers, by T_(j+1) = 2 u T_j - T_(j-1).
fn chebyshev_to_powers(c: &[BigInt], budget: &Budget) -> Checked<Vec<BigInt>> {
    let n = c.len() as u64;
    // Coefficients of T_j are below 2^(2j).
    let longest = c.iter().map(BigInt::bits).max().unwrap_or(0) + 2 * n;
    budget.product(longest, 2 * n)?;
    budget.charge(n * n * (longest / 64 + 1) * (n / 32 + 1) / 2 + 60 * n * n)?;
    let mut powers = vec![BigInt::zero(); c.len()];
    let mut previous: Vec<BigInt> = Vec::new();
    let mut current = vec![BigInt::one()];
    for (j, c_j) in c.iter().enumerate() {
        if !c_j.is_zero() {
            for (power, t) in powers.iter_mut().zip(&current) {
                if !t.is_zero() {
                    *power += c_j * t;
                }
            }
        }
        let factor = if j == 0 { 1_u32 } else { 2 };
        let mut next = vec![BigInt::zero()];
        next.extend(current.iter().map(|t| t * factor));
        for (t, p) in next.iter_mut().zip(&previous) {
            *t -= p;
        }
        previous = std::mem::replace(&mut current, next);
    }
    Ok(powers)
}

/// P(scale y + offset), by Horner's scheme on polynomials.
///
/// With scale = a/d and offset = b/d: d^n P = sum_j C_j (a y + b)^j d^(n-j).
///
/// # Errors
/// A rejection if the exact numbers grow beyond the limits.
pub(crate) fn substitute(
    numerators: Vec<BigInt>,
    denominator: BigInt,
    scale: &Rational,
    offset: &Rational,
    budget: &Budget,
) -> Checked<Polynomial> {
    let (ab, d) = common_denominator(&[scale.clone(), offset.clone()], budget)?;
    let (Some(a), Some(b)) = (ab.first(), ab.last()) else {
        return Err(Fault::internal("input map"));
    };
    let n = numerators.len() as u64;
    let step = a.bits().max(b.bits()).max(d.bits()) + 1;
    let longest = numerators.iter().map(BigInt::bits).max().unwrap_or(0) + n * step;
    size(longest)?;
    size(denominator.bits() + n * d.bits())?;
    budget.charge(n * n * ((longest / 64 + 1) * (step / 64 + 1) + 60))?;
    let mut result: Vec<BigInt> = Vec::with_capacity(numerators.len());
    let mut power_of_d = BigInt::one();
    let mut total = denominator;
    for (i, c) in numerators.iter().rev().enumerate() {
        // result := result (a y + b) + c d^i, from the highest power down.
        let mut carry = BigInt::zero();
        for r in &mut result {
            let low = &*r * b + &carry;
            carry = &*r * a;
            *r = low;
        }
        if i > 0 {
            result.push(carry);
            power_of_d *= &d;
            total *= &d;
        }
        let constant = c * &power_of_d;
        match result.first_mut() {
            Some(r) => *r += constant,
            None => result.push(constant),
        }
    }
    Ok(Polynomial::new(result, total))
}

/// Largest number of limbs of a numerator.
pub(crate) fn longest(numbers: &[BigInt]) -> u64 {
    numbers.iter().map(limbs).max().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rationals(list: &[&str]) -> Vec<Rational> {
        let integer = |t: &str| t.parse::<BigInt>().unwrap();
        let read = |t: &&str| match (t.split_once("*2^"), t.split_once('/')) {
            (Some((m, e)), _) if e.starts_with('-') => {
                Rational::dyadic(integer(m), e[1..].parse().unwrap())
            }
            (Some((m, e)), _) => Rational::integer(integer(m) << e.parse::<u64>().unwrap()),
            (_, Some((n, d))) => Rational::raw(integer(n), integer(d)),
            _ => Rational::integer(integer(t)),
        };
        list.iter().map(read).collect()
    }

    /// sum c_j phi_j(scale y + offset), by the recurrence at a point.
    fn reference(c: &[Rational], chebyshev: bool, u: &Rational) -> Rational {
        let (mut previous, mut current) = (Rational::integer(0), Rational::integer(1));
        let mut sum = Rational::integer(0);
        for (j, c_j) in c.iter().enumerate() {
            sum = sum.plus(&c_j.times(&current));
            let next = match (chebyshev, j) {
                (false, _) | (true, 0) => current.times(u),
                _ => Rational::integer(2)
                    .times(u)
                    .times(&current)
                    .plus(&previous.negated()),
            };
            previous = std::mem::replace(&mut current, next);
        }
        sum
    }

    fn value(p: &Polynomial, y: &Rational) -> Rational {
        reference(&p.coefficients(), false, y)
    }

    #[test]
    fn every_basis_and_input_map_keeps_the_values() {
        let c = rationals(&["1/3", "-2", "0", "7/5", "1*2^-9", "3"]);
        for chebyshev in [false, true] {
            for (scale, offset) in [("1", "0"), ("2/3", "-1/7"), ("-1", "0"), ("4", "5*2^-3")] {
                let map = rationals(&[scale, offset]);
                let p = Polynomial::from_basis(&c, chebyshev, &map[0], &map[1], &Budget::new());
                for y in rationals(&["0", "1", "-3/4", "22/7"]) {
                    let u = map[0].times(&y).plus(&map[1]);
                    assert_eq!(value(p.as_ref().unwrap(), &y), reference(&c, chebyshev, &u));
                }
            }
        }
    }

    #[test]
    fn sides_parity_and_derivative() {
        let one = Rational::integer(1);
        let zero = Rational::integer(0);
        let make = |list: &[&str]| {
            Polynomial::from_basis(&rationals(list), false, &one, &zero, &Budget::new()).unwrap()
        };
        let p = make(&["1", "2", "3", "4"]);
        assert_eq!(p.parity(), Parity::General);
        assert_eq!(p.seen_from(true), make(&["-1", "2", "-3", "4"]));
        assert_eq!(p.seen_from(false), p);
        assert_eq!(p.derivative(), make(&["2", "6", "12"]));
        assert_eq!(make(&["0", "1", "0", "5", "0"]).parity(), Parity::Odd);
        assert_eq!(make(&["4", "0", "5"]).parity(), Parity::Even);
        assert_eq!(make(&["0", "0"]).parity(), Parity::Odd);
        assert!(make(&["7"]).derivative().numerators.is_empty());
    }

    #[test]
    fn hostile_maps_are_refused() {
        let c = vec![Rational::integer(1); 256];
        let big = rationals(&["1*2^4096", "1/3"]);
        let p = Polynomial::from_basis(&c, true, &big[0], &big[1], &Budget::new());
        assert!(p.is_err());
    }
}
