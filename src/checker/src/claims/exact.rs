//! Bounds that are met exactly: where an enclosure cannot decide, the error is compared as a rational number, at the
//! ends of a part and at critical points that are rational.

use crate::core::budget::Budget;
use crate::core::fault::Checked;
use crate::core::fixed::{Fixed, Interval};
use crate::core::horner::FixedPoly;
use crate::core::number::Rational;
use crate::core::pieces::{Pieces, Segment};
use crate::core::polynomial::Polynomial;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

/// Steps of a continued fraction, at most: more than any fraction that is tried for needs.
const MAX_STEPS: usize = 256;

/// G(x), exactly.
pub(crate) fn value(g: &Polynomial, x: &Rational, budget: &Budget) -> Checked<Rational> {
    // sum_i n_i a^i b^(n-i) / (d b^n) for x = a/b, by Horner.
    let (mut sum, mut power) = (BigInt::zero(), BigInt::one());
    for (step, n) in g.numerators.iter().rev().enumerate() {
        if step > 0 {
            budget.product(sum.bits(), x.numer().bits())?;
            budget.product(power.bits(), x.denom().bits())?;
            sum *= x.numer();
            power *= x.denom();
        }
        budget.product(n.bits(), power.bits())?;
        sum += n * &power;
    }
    budget.product(g.denominator.bits(), power.bits())?;
    Ok(Rational::raw(sum, &g.denominator * power))
}

/// Whether |G(x)| <= hi, exactly.
fn within(g: &Polynomial, x: &Rational, hi: &Rational, budget: &Budget) -> Checked<bool> {
    let value = value(g, x, budget)?;
    budget.product(value.bits(), hi.bits())?;
    Ok(value.abs() <= *hi)
}

/// Whether |G| <= hi on [from, to], which lies in the domain of the pieces of these segments.
///
/// By R1 a box of a segment holds exactly one root of G': if that is the rational number c, G is monotone on both
/// sides of it. Elsewhere G is monotone, or within an enclosure.
pub(crate) fn bounded(
    g: &Polynomial,
    (segments, pieces): (&[Segment], &Pieces),
    (from, to): (&Rational, &Rational),
    hi: &Rational,
    fixed: &Fixed,
) -> Checked<bool> {
    let budget = &fixed.budget;
    let (p, limit) = (fixed.precision, hi.floor_at(fixed.precision));
    if !within(g, from, hi, budget)? || !within(g, to, hi, budget)? {
        return Ok(false);
    }
    let values = FixedPoly::new(g, fixed)?;
    let at = |x: &BigInt| -> Checked<bool> {
        let decided = values.at(x, fixed)?.mag() <= limit;
        Ok(decided || within(g, &Rational::dyadic(x.clone(), p), hi, budget)?)
    };
    let over = Interval::new(from.floor_at(p), to.ceil_at(p));
    for (u, v) in pieces.beyond(&over, &limit) {
        if u == v {
            if !at(u)? {
                return Ok(false);
            }
            continue;
        }
        let of_a_segment = |s: &Segment| s.boxes.iter().any(|(a, b)| a == u && b == v);
        if !segments.iter().any(of_a_segment) {
            return Ok(false);
        }
        let c = simplest(u, v, p, budget)?;
        let Some(c) = c else { return Ok(false) };
        if !value(&g.derivative(), &c, budget)?.is_zero() {
            return Ok(false);
        }
        // The ends of the part are done; those of the box count where the part holds them.
        let inside = |x: &Rational| from <= x && x <= to;
        for end in [u, v] {
            if inside(&Rational::dyadic(end.clone(), p)) && !at(end)? {
                return Ok(false);
            }
        }
        if inside(&c) && !within(g, &c, hi, budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The fraction of least denominator from u/2^precision to v/2^precision, u < v.
fn simplest(u: &BigInt, v: &BigInt, precision: u64, budget: &Budget) -> Checked<Option<Rational>> {
    if !u.is_positive() && !v.is_negative() {
        return Ok(Some(Rational::integer(0)));
    }
    let negative = v.is_negative();
    let (low, high) = if negative {
        (-v, -u)
    } else {
        (u.clone(), v.clone())
    };
    let one = BigInt::one() << precision;
    // From a/b to c/d; the fraction is that of the continued fraction `terms`.
    let (mut a, mut b, mut c, mut d) = (low, one.clone(), high, one);
    let mut terms: Vec<BigInt> = Vec::new();
    loop {
        if terms.len() >= MAX_STEPS {
            return Ok(None);
        }
        let bits = a.bits() + b.bits() + c.bits() + d.bits();
        budget.charge(4 * (bits / 64 + 1) * (bits / 64 + 1) + 200)?;
        let (whole, rest) = a.div_mod_floor(&b);
        if rest.is_zero() {
            terms.push(whole);
            break;
        }
        let next = &whole + 1u32;
        if &next * &d <= c {
            terms.push(next);
            break;
        }
        // a/b = whole + rest/b, c/d = whole + above/d: the inverses change places.
        let above = &c - &whole * &d;
        (a, b, c, d) = (d, above, b, rest);
        terms.push(whole);
    }
    let (mut n, mut m) = (BigInt::one(), BigInt::zero());
    for term in terms.iter().rev() {
        budget.product(term.bits(), n.bits())?;
        (n, m) = (term * &n + m, n);
    }
    let n = if negative { -n } else { n };
    Ok(Some(Rational::raw(n, m)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: u64 = 96;

    #[test]
    fn the_simplest_fraction_of_an_interval() {
        let budget = Budget::new();
        for d in 1..40_i64 {
            for n in -90..90_i64 {
                let x = Rational::raw(n.into(), d.into()).reduced();
                let (u, v) = (x.floor_at(P) - (1 << 20), x.ceil_at(P) + (1 << 20));
                let found = simplest(&u, &v, P, &budget).unwrap().unwrap();
                assert_eq!(found.to_string(), x.to_string());
            }
        }
        let at = |n: i64| BigInt::from(n) << (P - 6);
        for (u, v, shown) in [
            (-64, 1, "0"),
            (33, 63, "2/3"),
            (65, 300, "2"),
            (-63, -33, "-2/3"),
            (64, 65, "1"),
        ] {
            let found = simplest(&at(u), &at(v), P, &budget).unwrap().unwrap();
            assert_eq!(found.to_string(), shown);
        }
    }
}
