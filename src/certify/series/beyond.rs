//! Beyond the domain: how far a bound of the error still holds, and how large the value grows.

use crate::arith::rounding::CoefficientMode;
use crate::certify::series::claim::{enclose, Series};
use crate::error::Result;
use crate::function::formula::{Difference, Formula, Measure};
use crate::poly::table::Table;
use rug::Rational;

/// How well the bound is compared with the error on the way, as -log2 of a part of it.
const GAP_BITS: u32 = 20;
/// The end of what holds is searched to this part of its distance, as -log2.
const STEP_BITS: u32 = 12;
/// The first step is the domain's width times 2^-this, and the last one times 2^this.
const REACH_BITS: u32 = 12;

/// An interval of a domain.
type Interval = (Rational, Rational);

/// The error beside a domain, at both ends as far as `limit` is proved to bound it; none if it is at neither.
///
/// **Guarantee** |error| <= `limit` = `bound_hi` on all parts, which touch the domain's ends. *Estimate*: it is left within a relative 2^-12 further out.
/// **Cost** some 25 enclosures at either end.
///
/// # Errors
/// As [`enclose`].
pub fn extended(
    table: &Table,
    mode: CoefficientMode,
    difference: &Difference,
    domain: &[Interval],
    limit: &Rational,
) -> Result<Option<Series>> {
    let (Some(first), Some(last)) = (domain.first(), domain.last()) else {
        return Ok(None);
    };
    let width = Rational::from(&last.1 - &first.0);
    let holds = |interval: Interval| {
        let found = enclose(table, difference, mode, &[interval], GAP_BITS);
        found.is_ok_and(|s| s.bound_hi <= *limit)
    };
    let right = furthest(&width, |t| {
        holds((last.1.clone(), Rational::from(&last.1 + t)))
    });
    let left = furthest(&width, |t| {
        holds((Rational::from(&first.0 - t), first.0.clone()))
    });
    if right == 0u32 && left == 0u32 {
        return Ok(None);
    }
    let mut beside = Vec::new();
    if left > 0u32 {
        beside.push((&first.0 - left, first.0.clone()));
    }
    if right > 0u32 {
        beside.push((last.1.clone(), &last.1 + right));
    }
    let mut found = enclose(table, difference, mode, &beside, GAP_BITS)?;
    if found.bound_hi > *limit {
        return Ok(None);
    }
    found.bound_hi.clone_from(limit);
    Ok(Some(found))
}

/// The largest distance found up to which `holds`; 0 if none.
fn furthest(width: &Rational, holds: impl Fn(&Rational) -> bool) -> Rational {
    let unit = Rational::from(width >> REACH_BITS);
    let (mut good, mut bad) = (Rational::new(), None);
    for k in 0..=2 * REACH_BITS {
        let t = Rational::from(&unit << k);
        if holds(&t) {
            good = t;
        } else {
            bad = Some(t);
            break;
        }
    }
    let Some(mut bad) = bad else { return good };
    while Rational::from(&bad - &good) > Rational::from(&bad >> STEP_BITS)
        && bad > unit.clone() >> 8u32
    {
        let middle = Rational::from(&good + &bad) / 2u32;
        if holds(&middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}

/// How large the value is on [lo, hi]: its error against 0.
///
/// # Errors
/// As [`enclose`].
pub fn growth(
    table: &Table,
    mode: CoefficientMode,
    difference: &Difference,
    interval: Interval,
) -> Result<Series> {
    let size = Difference {
        function: Formula::function("0")?,
        value: difference.value.clone(),
        measure: Measure::Absolute,
    };
    enclose(table, &size, mode, &[interval], GAP_BITS)
}
