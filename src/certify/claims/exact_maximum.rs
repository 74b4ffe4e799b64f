//! Maxima that are met exactly: where |p - f| is largest at a rational point, as the rational number that it is.
//!
//! # Method
//! Between the critical points of G = p - line, a polynomial, G is monotone; so its largest |G| on a part is that of
//! an end or of a critical point. Ends are rational. A box [u, v] of the pieces holds exactly one root of G' (Descartes):
//! the fraction c of least denominator in it is that root if G'(c) = 0 exactly. If every other box is below the largest
//! of these exact values by its enclosure, that value is the maximum. These are the conditions by which the checker
//! takes it (`certificates/FORMAT.md`, `lines`).

use crate::certify::published;
use crate::certify::stage::pieces::Pieces;
use crate::poly::composite::horner;
use rug::{Float, Integer, Rational};

/// Most bits of the numerator and of the denominator: what is published stays readable.
const MAX_BITS: u32 = 1_024;
/// Most bits of a value on the way, estimated before it is computed: that of the checker.
const MAX_WORK_BITS: u64 = 1 << 16;
/// Steps of a continued fraction, at most.
const MAX_STEPS: usize = 256;

/// The maximum of |p - f|, and where it is attained.
#[derive(Debug, Clone)]
pub struct ExactMaximum {
    /// The maximum.
    pub value: Rational,
    /// A point where |p - f| is this.
    pub at: Rational,
}

impl ExactMaximum {
    /// The point as a number on a grid, if it is on one.
    pub fn dyadic(&self) -> Option<Float> {
        let bits = self.at.numer().significant_bits().max(1);
        (self.at.denom().is_power_of_two() && bits + self.at.denom().significant_bits() <= 256)
            .then(|| Float::with_val(bits, &self.at))
    }
}

/// A polynomial G on [from, to], with its monotone pieces on an interval that holds it.
#[derive(Debug)]
pub struct OnPart<'a> {
    /// G in powers of x.
    pub g: Vec<Rational>,
    /// Left end.
    pub from: &'a Rational,
    /// Right end.
    pub to: &'a Rational,
    /// The pieces of G.
    pub pieces: &'a Pieces,
}

/// The exact maximum of |G| over all parts, if it is attained at a rational point that is found, and is a short number.
///
/// **Guarantee** |G| is at most `value` on all parts, and is `value` at the point.
pub fn exact_maximum(parts: &[OnPart]) -> Option<ExactMaximum> {
    let mut found: Option<ExactMaximum> = None;
    let mut open = Vec::new();
    for OnPart {
        g,
        from,
        to,
        pieces,
    } in parts
    {
        let (from, to) = (*from, *to);
        let mut points = vec![from.clone(), to.clone()];
        let boxes = pieces.segments.iter().flat_map(|s| &s.boxes);
        let boxes: Vec<(Rational, Rational)> = boxes
            .filter_map(|(u, v)| Some((u.to_rational()?, v.to_rational()?)))
            .collect();
        for critical in &pieces.criticals {
            let (u, v) = (
                critical.place.lo.to_rational()?,
                critical.place.hi.to_rational()?,
            );
            if u == v || v < *from || u > *to {
                continue;
            }
            let root = boxes
                .iter()
                .any(|b| b.0 == u && b.1 == v)
                .then(|| simplest(&u, &v))
                .flatten()
                .filter(|c| small(g, c) && horner(&derivative(g), c).is_zero());
            match root {
                // Where it lies outside, G is monotone on the part of the box that is inside.
                Some(c) if c >= *from && c <= *to => points.push(c),
                Some(_) => {}
                None => open.push(critical.value.magnitude()),
            }
        }
        for at in points {
            if !small(g, &at) {
                return None;
            }
            let value = horner(g, &at).abs();
            if found.as_ref().is_none_or(|f| value > f.value) {
                found = Some(ExactMaximum { value, at });
            }
        }
    }
    // Room for what the checker rounds otherwise.
    let below = |f: &ExactMaximum| open.iter().all(|m| published::upper(m) <= f.value);
    let bits = |x: &Rational| {
        x.numer()
            .significant_bits()
            .max(x.denom().significant_bits())
    };
    found.filter(|f| bits(&f.value) <= MAX_BITS && below(f))
}

/// Whether g(x) is a number that the checker computes.
fn small(g: &[Rational], x: &Rational) -> bool {
    let bits = |x: &Rational| {
        u64::from(x.numer().significant_bits()) + u64::from(x.denom().significant_bits())
    };
    let coefficients = g.iter().map(bits).max().unwrap_or(0);
    coefficients + g.len() as u64 * bits(x) <= MAX_WORK_BITS / 2
}

fn derivative(g: &[Rational]) -> Vec<Rational> {
    let terms = g.iter().zip(0u32..).skip(1);
    terms.map(|(c, k)| Rational::from(c * k)).collect()
}

/// The fraction of least denominator in [u, v], u < v.
fn simplest(u: &Rational, v: &Rational) -> Option<Rational> {
    if *u <= 0u32 && *v >= 0u32 {
        return Some(Rational::new());
    }
    if *v < 0u32 {
        let found = simplest(&Rational::from(-v), &Rational::from(-u))?;
        return Some(-found);
    }
    // The continued fractions of both ends, as far as they agree.
    let (mut low, mut high) = (u.clone(), v.clone());
    let mut terms: Vec<Integer> = Vec::new();
    loop {
        if terms.len() >= MAX_STEPS {
            return None;
        }
        let whole = Rational::from(low.ceil_ref());
        if whole <= high {
            terms.push(whole.numer().clone());
            break;
        }
        let whole = Rational::from(low.floor_ref());
        let (rest, above) = (low - &whole, high - &whole);
        terms.push(whole.numer().clone());
        (low, high) = (above.recip(), rest.recip());
    }
    let mut fraction = Rational::from(terms.pop()?);
    while let Some(term) = terms.pop() {
        fraction = fraction.recip() + term;
    }
    Some(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(n: i64, d: i64) -> Rational {
        Rational::from((n, d))
    }

    #[test]
    fn the_simplest_fraction_of_an_interval() {
        for (n, d) in [(1, 3), (-2, 7), (0, 1), (5, 1), (-355, 113), (1, 2)] {
            let (x, e) = (q(n, d), q(1, 1 << 30));
            let found = simplest(&Rational::from(&x - &e), &Rational::from(&x + &e));
            assert_eq!(found.unwrap(), x);
        }
    }
}
