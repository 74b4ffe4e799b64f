//! The polynomial, the function and the error at points, enclosed.

use crate::arith::mp::Mp;
use crate::arith::rounding::CoefficientMode;
use crate::certify::series::subject::Subject;
use crate::error::{Error, Result};
use crate::function::formula::Difference;
use crate::poly::table::Table;
use rug::Rational;

/// Bits that the enclosures are computed with at first, and at most.
const BITS: (u32, u32) = (192, 3_072);

/// What is known at a point.
#[derive(Debug, Clone)]
pub struct PointValue {
    /// The point.
    pub x: Rational,
    /// Encloses p(x).
    pub p: Mp,
    /// Encloses the value that is computed from x and p(x); p(x) where none is.
    pub value: Mp,
    /// Encloses f(x).
    pub f: Mp,
    /// Encloses the error, of the value and in the measure that are asked for.
    pub error: Mp,
}

/// p, f and the error at points, each to a relative 2^-80 where that takes no more than 3,072 bits.
///
/// **Guarantee** the intervals hold the exact values.
///
/// # Errors
/// A point at which a value is not defined, with the reason.
pub fn values(
    table: &Table,
    difference: &Difference,
    mode: CoefficientMode,
    points: &[Rational],
) -> Result<Vec<PointValue>> {
    let subject = Subject::new(table, difference, mode)?;
    let narrow = |v: &Mp| {
        let width = rug::Float::with_val(64, &v.hi - &v.lo);
        v.sign().is_some() && width <= v.mignitude() >> 80u32
    };
    let at = |x: &Rational| {
        let mut bits = BITS.0;
        loop {
            let [p, value, f, error] = subject
                .at(x, bits)
                .map_err(|why| Error::domain(format!("at x = {x}: not defined: {why}")))?;
            if bits >= BITS.1 || [&p, &f, &error].into_iter().all(narrow) {
                let x = x.clone();
                return Ok(PointValue {
                    x,
                    p,
                    value,
                    f,
                    error,
                });
            }
            bits *= 2;
        }
    };
    points.iter().map(at).collect()
}
