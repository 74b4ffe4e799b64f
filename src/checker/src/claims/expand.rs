//! Exact polynomial algebra for claims about p itself: the expanded composite, lines, shifts, quotients.

use crate::core::budget::{limbs, size, Budget};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::core::polynomial::{longest, substitute, Polynomial};
use num_bigint::BigInt;
use num_traits::Zero;

/// Largest degree of an expanded composite.
pub(crate) const MAX_DEGREE: usize = 255;

/// p = P_k o ... o P_1 as one polynomial.
///
/// # Errors
/// A rejection if its degree or its numbers grow beyond the limits.
pub(crate) fn composite(stages: &[Polynomial], budget: &Budget) -> Checked<Polynomial> {
    let Some((first, rest)) = stages.split_first() else {
        return Err(Fault::internal("no stage"));
    };
    let mut p = first.clone();
    for stage in rest {
        p = compose(stage, &p, budget)?;
    }
    Ok(p)
}

fn degree(p: &Polynomial) -> usize {
    p.numerators.len().saturating_sub(1)
}

/// outer(inner(y)), by Horner's scheme on polynomials.
///
/// With inner = I/d and outer = sum_j C_j y^j / D of degree n, d^n D outer(inner) is the sum of
/// C_j d^(n-j) I^j.
fn compose(outer: &Polynomial, inner: &Polynomial, budget: &Budget) -> Checked<Polynomial> {
    let total = degree(outer).saturating_mul(degree(inner).max(1));
    if total > MAX_DEGREE {
        let detail =
            format!("the expanded composite has degree {total}, the limit is {MAX_DEGREE}");
        return Err(Fault::rejected(Rule::Limit, detail));
    }
    let mut sum: Vec<BigInt> = Vec::new();
    let mut power = BigInt::from(1);
    let mut denominator = outer.denominator.clone();
    for (i, c) in outer.numerators.iter().rev().enumerate() {
        if i > 0 {
            sum = product(&sum, &inner.numerators, budget)?;
            for power in [&mut power, &mut denominator] {
                budget.product(power.bits(), inner.denominator.bits())?;
                *power *= &inner.denominator;
            }
        }
        budget.product(c.bits(), power.bits())?;
        let constant = c * &power;
        match sum.first_mut() {
            Some(s) => *s += constant,
            None => sum.push(constant),
        }
    }
    Ok(Polynomial::new(sum, denominator))
}

/// The product of two polynomials.
fn product(a: &[BigInt], b: &[BigInt], budget: &Budget) -> Checked<Vec<BigInt>> {
    if a.is_empty() || b.is_empty() {
        return Ok(Vec::new());
    }
    let (long_a, long_b) = (longest(a), longest(b));
    size((long_a + long_b + 1) * 64)?;
    let terms = (a.len() as u64) * (b.len() as u64);
    budget.charge(terms.saturating_mul(long_a * long_b + 60))?;
    let mut sums = vec![BigInt::zero(); a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (s, y) in sums.iter_mut().skip(i).zip(b) {
            *s += x * y;
        }
    }
    Ok(sums)
}

/// p(y) - (slope y + intercept).
///
/// # Errors
/// A rejection beyond the limits, as in the functions below.
pub(crate) fn minus_line(
    p: &Polynomial,
    slope: &Rational,
    intercept: &Rational,
    budget: &Budget,
) -> Checked<Polynomial> {
    // p = N/D, intercept = a/b, slope = c/e: over the common denominator D b e.
    let scale = product_of(intercept.denom(), slope.denom(), budget)?;
    let mut numerators = Vec::with_capacity(p.numerators.len().max(2));
    for n in &p.numerators {
        numerators.push(product_of(n, &scale, budget)?);
    }
    while numerators.len() < 2 {
        numerators.push(BigInt::zero());
    }
    for (place, number) in numerators.iter_mut().zip([intercept, slope]) {
        let over = product_of(&p.denominator, &(&scale / number.denom()), budget)?;
        *place -= product_of(number.numer(), &over, budget)?;
    }
    let denominator = product_of(&p.denominator, &scale, budget)?;
    Ok(Polynomial::new(numerators, denominator))
}

fn product_of(a: &BigInt, b: &BigInt, budget: &Budget) -> Checked<BigInt> {
    budget.product(a.bits(), b.bits())?;
    budget.charge(limbs(a))?;
    Ok(a * b)
}

/// (p(at + u) - at) / u^order as a polynomial in u, if u^order divides exactly.
///
/// # Errors
/// A rejection if it does not.
pub(crate) fn quotient(
    p: &Polynomial,
    at: &Rational,
    order: usize,
    budget: &Budget,
) -> Checked<Polynomial> {
    let (numerators, denominator) = (p.numerators.clone(), p.denominator.clone());
    let shifted = substitute(numerators, denominator, &Rational::integer(1), at, budget)?;
    let moved = minus_line(&shifted, &Rational::integer(0), at, budget)?;
    let (low, high) = moved.numerators.split_at(order.min(moved.numerators.len()));
    if let Some(j) = low.iter().position(|c| !c.is_zero()) {
        let what = if j == 0 {
            "p does not map the point to itself".to_owned()
        } else {
            format!("the coefficient of u^{j} of p(at + u) is not 0")
        };
        return Err(Fault::rejected(Rule::Own("contraction"), what));
    }
    Ok(Polynomial::new(high.to_vec(), moved.denominator.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polynomial(c: &[(i64, i64)]) -> Polynomial {
        let c: Vec<Rational> = c
            .iter()
            .map(|(n, d)| Rational::raw((*n).into(), (*d).into()))
            .collect();
        let one = Rational::integer(1);
        Polynomial::from_basis(&c, false, &one, &Rational::integer(0), &Budget::new()).unwrap()
    }

    fn value(p: &Polynomial, y: &Rational) -> Rational {
        let zero = Rational::integer(0);
        let c = p.coefficients();
        c.iter().rev().fold(zero, |sum, c| sum.times(y).plus(c))
    }

    /// Composites of two and three polynomials, with a constant and the zero polynomial among them, and lines
    /// taken off them, against evaluation stage by stage.
    #[test]
    fn composites_and_lines_keep_the_values() {
        let budget = Budget::new();
        let all = [
            polynomial(&[(1, 3), (-2, 5), (0, 1), (7, 4)]),
            polynomial(&[(0, 1), (3, 2), (-1, 7)]),
            polynomial(&[(5, 6)]),
            polynomial(&[(0, 1)]),
        ];
        let points = [(0, 1), (1, 1), (-3, 4), (22, 7)];
        for a in &all {
            for b in &all {
                for c in &all {
                    let p = composite(&[a.clone(), b.clone(), c.clone()], &budget).unwrap();
                    let (m, k) = (
                        Rational::raw(3.into(), 11.into()),
                        Rational::raw((-5).into(), 6.into()),
                    );
                    let off = minus_line(&p, &m, &k, &budget).unwrap();
                    for (n, d) in points {
                        let y = Rational::raw(n.into(), d.into());
                        let want = value(c, &value(b, &value(a, &y)));
                        assert_eq!(value(&p, &y), want);
                        let line = m.times(&y).plus(&k);
                        assert_eq!(value(&off, &y), want.plus(&line.negated()));
                    }
                }
            }
        }
    }

    #[test]
    fn degrees_are_limited() {
        let budget = Budget::new();
        let cube = polynomial(&[(0, 1), (1, 1), (0, 1), (1, 2)]);
        assert!(composite(&vec![cube.clone(); 5], &budget).is_ok());
        assert!(composite(&vec![cube; 6], &budget).is_err());
        assert!(composite(&[], &budget).is_err());
    }

    /// h = 3 x^2 - 2 x^3: h(u) = u^2 (3 - 2u), h(1 + u) - 1 = u^2 (-3 - 2u).
    #[test]
    fn quotients_are_exact() {
        let budget = Budget::new();
        let h = polynomial(&[(0, 1), (0, 1), (3, 1), (-2, 1)]);
        let at = |n: i64| Rational::integer(n);
        let q = |b: i64, m: usize| quotient(&h, &at(b), m, &budget);
        assert_eq!(q(0, 2).unwrap().coefficients(), [at(3), at(-2)]);
        assert_eq!(q(1, 2).unwrap().coefficients(), [at(-3), at(-2)]);
        assert_eq!(q(1, 1).unwrap().coefficients(), [at(0), at(-3), at(-2)]);
        for (b, m) in [(0, 3), (2, 1)] {
            assert!(q(b, m).is_err(), "{b} {m}");
        }
        // Where p is constant, u^order divides 0 whatever the order.
        let same = polynomial(&[(4, 1)]);
        assert!(quotient(&same, &at(4), 9, &budget)
            .unwrap()
            .numerators
            .is_empty());
    }
}
