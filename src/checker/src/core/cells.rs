//! Rule R5: bounds over a list of cells.

use crate::core::cascade::Branch;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{half_up, Fixed, Interval};
use crate::core::number::Rational;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};

/// The hint of a claim for one branch.
#[derive(Debug)]
pub(crate) struct Cells {
    pub(crate) points: Vec<BigInt>,
    /// Whether a cell is of order 1.
    pub(crate) orders: Vec<bool>,
}

const R5: Rule = Rule::Cells;

/// A quantity to be bounded over cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// |g(y)| = y |1 - q(y)|/2, that is |r - ReLU|.
    Deviation,
    /// |q + y q'|/2, that is |r' - 1/2|.
    Derivative,
    /// y (1 + |q|)/2, an upper bound of |r|.
    Magnitude,
}

impl Cells {
    /// Proves that the quantity is at most `hi` for y in [0, to].
    ///
    /// # Errors
    /// A rejection if the cells are not well formed, or the bound of one of them exceeds `hi`.
    pub(crate) fn prove(
        &self,
        branch: &Branch,
        to: &Rational,
        quantity: Quantity,
        hi: &Rational,
        fixed: &Fixed,
    ) -> Checked<()> {
        self.check_form(to, quantity, fixed)?;
        let limit = hi.floor_at(fixed.precision);
        let mut known: Option<Interval> = None;
        let ends = self.points.iter().zip(self.points.iter().skip(1));
        for (i, ((u, v), order)) in ends.zip(&self.orders).enumerate() {
            // What a cell costs besides its products.
            fixed.budget.charge(2000)?;
            let cell = Interval::new(u.clone(), v.clone());
            let bound = match quantity {
                Quantity::Deviation if *order => {
                    let start = match known.take() {
                        Some(g) => g,
                        None => g_at(branch, u, fixed).map_err(|fault| in_cell(fault, i))?,
                    };
                    let end = g_at(branch, v, fixed).map_err(|fault| in_cell(fault, i))?;
                    let bound = order_one(branch, &cell, &start, &end, fixed);
                    known = Some(end);
                    bound
                }
                Quantity::Deviation => {
                    known = None;
                    order_zero(branch, &cell, fixed)
                }
                Quantity::Derivative => derivative(branch, &cell, fixed),
                Quantity::Magnitude => magnitude(branch, &cell, fixed),
            };
            if bound.map_err(|fault| in_cell(fault, i))? > limit {
                let fault = Fault::rejected(R5, "the bound is above hi");
                return Err(in_cell(fault, i));
            }
        }
        Ok(())
    }

    fn check_form(&self, to: &Rational, quantity: Quantity, fixed: &Fixed) -> Checked<()> {
        let fail = |detail: &str| Err(Fault::rejected(R5, detail));
        if self.orders.len().checked_add(1) != Some(self.points.len()) {
            return fail("there is not one digit of `orders` for each pair of neighbours");
        }
        if self.orders.is_empty() || !self.points.first().is_some_and(BigInt::is_zero) {
            return fail("the first of at least two points is not 0");
        }
        let pairs = self.points.iter().zip(self.points.iter().skip(1));
        if pairs.clone().any(|(u, v)| u >= v) {
            return fail("the points are not strictly increasing");
        }
        let end = to.ceil_at(fixed.precision);
        if self.points.last().is_none_or(|last| *last < end) {
            return fail("the last point is below `to`");
        }
        if quantity != Quantity::Deviation && self.orders.contains(&true) {
            return fail("`orders` is not all 0");
        }
        Ok(())
    }
}

/// Says which cell.
fn in_cell(fault: Fault, index: usize) -> Fault {
    fault.inside(&format!("cell {index}"))
}

/// Encloses g(y) = y (1 - q(y))/2 by R4.
pub(crate) fn g_at(branch: &Branch, y: &BigInt, fixed: &Fixed) -> Checked<Interval> {
    g_at_interval(branch, &Interval::point(y), fixed)
}

/// Encloses g at one number that is known to lie in a narrow interval.
pub(crate) fn g_at_interval(branch: &Branch, y: &Interval, fixed: &Fixed) -> Checked<Interval> {
    let q = branch.on(y, fixed)?;
    Ok(fixed.mul(y, &fixed.one_minus(&q))?.half())
}

/// v max|1 - q|/2
fn order_zero(branch: &Branch, cell: &Interval, fixed: &Fixed) -> Checked<BigInt> {
    let q = branch.on(cell, fixed)?;
    let largest = fixed.one_minus(&q).mag();
    Ok(half_up(&fixed.mul_up(&cell.hi, &largest)?))
}

/// The mean value bound of |g|, from enclosures of g at both ends.
fn order_one(
    branch: &Branch,
    cell: &Interval,
    start: &Interval,
    end: &Interval,
    fixed: &Fixed,
) -> Checked<BigInt> {
    let (q, dq) = branch.with_slope_on(cell, fixed)?;
    let turn = fixed.mul(cell, &dq)?;
    let slope = fixed.one_minus(&q).minus(&turn).half();
    let width = &cell.hi - &cell.lo;
    let above = upper(&start.hi, &end.hi, &slope, &width, fixed)?;
    let (start, end) = (-&start.lo, -&end.lo);
    let below = upper(&start, &end, &slope.negated(), &width, fixed)?;
    Ok(above.max(below))
}

/// An upper bound of a function with the given upper bounds at the ends of an interval, and the given
/// enclosure [a, b] of its slope.
///
/// It is at most `start` + b (y - u) and `end` - a (v - y). If a < 0 < b, any convex combination
/// L of the first and 1 - L of the second bounds it as well: a linear function of y, whose values at
/// u and v are L start + (1-L) (end - a width) and L (start + b width) + (1-L) end.
fn upper(
    start: &BigInt,
    end: &BigInt,
    slope: &Interval,
    width: &BigInt,
    fixed: &Fixed,
) -> Checked<BigInt> {
    let (a, b) = (&slope.lo, &slope.hi);
    if !b.is_positive() {
        return Ok(start.clone());
    }
    if !a.is_negative() {
        return Ok(end.clone());
    }
    fixed.budget.product(a.bits() + fixed.precision, b.bits())?;
    let first = (-a << fixed.precision).div_floor(&(b - a));
    let second = fixed.one() - &first;
    let rise = fixed.mul_up(&first, b)?;
    let fall = fixed.mul_up(&second, &-a)?;
    let ends = fixed.mul_up(&first, start)? + fixed.mul_up(&second, end)?;
    Ok(ends + fixed.mul_up(width, &rise.max(fall))?)
}

/// max |Q + [u, v] Q'|/2
fn derivative(branch: &Branch, cell: &Interval, fixed: &Fixed) -> Checked<BigInt> {
    let (q, dq) = branch.with_slope_on(cell, fixed)?;
    Ok(half_up(&q.plus(&fixed.mul(cell, &dq)?).mag()))
}

/// v (1 + max|Q|)/2
fn magnitude(branch: &Branch, cell: &Interval, fixed: &Fixed) -> Checked<BigInt> {
    let q = branch.on(cell, fixed)?;
    Ok(half_up(&fixed.mul_up(&cell.hi, &(fixed.one() + q.mag()))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::core::cascade::{Side, StageHint};
    use crate::core::pieces::Segment;
    use crate::core::polynomial::Polynomial;

    /// Functions c_0 + c_1 y + c_2 y^2 on [0, 1] with slopes between those at the ends, every sign case:
    /// the bound must hold, and be met to rounding where the function is linear or monotone.
    #[test]
    fn the_mean_value_bound_holds() {
        let fixed = Fixed {
            precision: 64,
            budget: Budget::new(),
        };
        let at = |n: i64| BigInt::from(n) << 58; // n/64
        for c0 in [-40_i64, 0, 25] {
            for c1 in [-64_i64, -10, 0, 3, 50] {
                for c2 in [-48_i64, -5, 0, 12, 64] {
                    let slopes = [c1, c1 + 2 * c2];
                    let (a, b) = (*slopes.iter().min().unwrap(), *slopes.iter().max().unwrap());
                    let slope = Interval::new(at(a), at(b));
                    let (start, end) = (at(c0), at(c0 + c1 + c2));
                    let bound = upper(&start, &end, &slope, &at(64), &fixed).unwrap();
                    let values = (0..=64)
                        .map(|k| (BigInt::from(c0 * 4096 + c1 * k * 64 + c2 * k * k)) << 46);
                    let largest = values.max().unwrap();
                    // `upper` is in units 2^-64, values are n/64/4096 = n << 46.
                    assert!(largest <= bound, "{c0} {c1} {c2}");
                    if a >= 0 || b <= 0 {
                        assert_eq!(largest, bound);
                    }
                }
            }
        }
    }

    /// q = (7 y - 5 y^3)/2, which exceeds 1 in the middle: g takes both signs, and so does its slope. Every
    /// bound of every cell against exact values inside.
    #[test]
    fn cells_bound_exact_values() {
        let fixed = Fixed {
            precision: 64,
            budget: Budget::new(),
        };
        let at = |n: i64| BigInt::from(n) << 58; // n/64
        let halves = [0, 7, 0, -5].map(|n| Rational::raw(n.into(), 2.into()));
        let (zero, one) = (Rational::integer(0), Rational::integer(1));
        let p = Polynomial::from_basis(&halves, false, &one, &zero, &fixed.budget).unwrap();
        let segment = |boxes| Segment {
            lo: at(0),
            hi: at(80),
            boxes,
        };
        // The slope (7 - 15 y^2)/2 vanishes at 0.683 = 43.7/64.
        let hint = StageHint {
            value: vec![segment(vec![(at(43), at(44))])],
            slope: Some(vec![segment(Vec::new())]),
        };
        let branch = Branch::prove(Side::Both, &[p], &[hint], &fixed).unwrap();
        for u in 0..80 {
            for v in u + 1..=(u + 4).min(80) {
                let cell = Interval::new(at(u), at(v));
                let (start, end) = (at(u), at(v));
                let (start, end) = (g_at(&branch, &start, &fixed), g_at(&branch, &end, &fixed));
                let bound = order_one(&branch, &cell, &start.unwrap(), &end.unwrap(), &fixed);
                let bounds = [
                    bound.unwrap(),
                    order_zero(&branch, &cell, &fixed).unwrap(),
                    derivative(&branch, &cell, &fixed).unwrap(),
                    magnitude(&branch, &cell, &fixed).unwrap(),
                ];
                // In units of 1/n: y = k/n, q = (7 k n^2 - 5 k^3)/(2 n^3), y q' = (7 k n^2 - 15 k^3)/(2 n^3).
                let n = 640_i128;
                let mut largest = [0; 4];
                for k in i128::from(u) * 10..=i128::from(v) * 10 {
                    let (q, turn) = (
                        7 * k * n * n - 5 * k * k * k,
                        7 * k * n * n - 15 * k * k * k,
                    );
                    let two = 2 * n * n * n;
                    // All over 4 n^4.
                    let g = k * (two - q).abs();
                    let values = [g, g, n * (q + turn).abs(), k * (two + q.abs())];
                    for (most, value) in largest.iter_mut().zip(values) {
                        *most = value.max(*most);
                    }
                }
                for (bound, value) in bounds.iter().zip(largest) {
                    let value = Rational::raw(value.into(), (4 * n * n * n * n).into());
                    assert!(*bound >= value.ceil_at(64), "{u} {v}");
                }
                // The mean value bound of a short cell is sharp, so that the test means something.
                let value = Rational::raw(largest[0].into(), (4 * n * n * n * n).into());
                let slack = Rational::raw((9 * (v - u) * (v - u)).into(), 4096.into());
                assert!(bounds[0] <= value.plus(&slack).ceil_at(64), "{u} {v}");
            }
        }
    }
}
