//! Taylor models on integers: a polynomial in v, -1 <= v <= 1, and a radius, both in units of 2^-precision.
//!
//! Every operation is pointwise: where the functions of the operands are within the operands' radii of their
//! polynomials, the function of the result is within the result's. No property of a function but that is used.

use crate::core::budget::limbs;
use crate::core::fault::Checked;
use crate::core::fixed::{Fixed, Interval};
use crate::core::number::Rational;
use crate::series::points::Points;
use crate::series::units::{fail, shift_up};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};

/// No model has a norm or a radius above 2^this.
const MAX_EXPONENT: u64 = 8_192;

/// |g(v) - sum_j c_j v^j| <= r for every v in [-1, 1] at which g is defined.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// In units of 2^-precision; the last one is not 0.
    pub(crate) c: Vec<BigInt>,
    /// In units of 2^-precision; not negative.
    pub(crate) r: BigInt,
}

/// What models of one cell have in common.
pub(crate) struct Frame<'a> {
    pub(crate) fixed: &'a Fixed,
    pub(crate) points: &'a Points<'a>,
    /// Largest degree of a model.
    pub(crate) degree: usize,
    /// How far an argument may seem to lie beyond the end of where a root or asin is defined.
    pub(crate) slack: BigInt,
}

/// Sum of absolute values: a bound of |sum_j c_j v^j| for |v| <= 1.
pub(crate) fn norm(c: &[BigInt]) -> BigInt {
    c.iter().map(Signed::abs).sum()
}

/// sum of a_j q_(k-j) for j >= 1.
fn convolved(a: &[BigInt], q: &[BigInt], k: usize) -> BigInt {
    let pairs = a.iter().take(k + 1).enumerate().skip(1);
    let products = pairs.filter_map(|(j, a_j)| Some(a_j * q.get(k - j)?));
    products.sum()
}

/// Largest number of limbs.
fn longest(c: &[BigInt]) -> u64 {
    c.iter().map(limbs).max().unwrap_or(1)
}

impl Model {
    /// The value of the polynomial at v = 0.
    pub(crate) fn middle(&self) -> BigInt {
        self.c.first().cloned().unwrap_or_default()
    }

    /// The polynomial alone.
    pub(crate) fn exactly(&self) -> Self {
        let (c, r) = (self.c.clone(), BigInt::zero());
        Self { c, r }
    }

    /// A bound of |g|.
    pub(crate) fn magnitude(&self) -> BigInt {
        norm(&self.c) + &self.r
    }

    /// An interval that holds every value of g.
    pub(crate) fn range(&self) -> Interval {
        let reach = norm(self.c.get(1..).unwrap_or_default()) + &self.r;
        let middle = self.middle();
        Interval::new(&middle - &reach, middle + reach)
    }

    /// j c_j for every j.
    pub(crate) fn slopes(&self) -> Vec<BigInt> {
        self.c.iter().enumerate().map(|(j, c)| c * j).collect()
    }
}

impl Frame<'_> {
    pub(crate) fn precision(&self) -> u64 {
        self.fixed.precision
    }

    /// The number 1.
    pub(crate) fn one(&self) -> BigInt {
        self.fixed.one()
    }

    /// A model of these coefficients, within the limits.
    pub(crate) fn made(&self, mut c: Vec<BigInt>, r: BigInt) -> Checked<Model> {
        while c.last().is_some_and(Zero::is_zero) {
            c.pop();
        }
        self.fits(&c)?;
        self.fits(std::slice::from_ref(&r))?;
        Ok(Model { c, r })
    }

    /// Bits of the largest number, in units.
    pub(crate) fn largest(&self) -> u64 {
        self.precision() + MAX_EXPONENT
    }

    /// Refuses numbers that are too large.
    pub(crate) fn fits(&self, c: &[BigInt]) -> Checked<()> {
        let bits = c.iter().map(BigInt::bits).max().unwrap_or(0);
        self.fixed
            .budget
            .charge(40 + c.len() as u64 * (20 + bits / 32))?;
        if bits > self.largest() {
            return fail(format!("a value or a coefficient beyond 2^{MAX_EXPONENT}"));
        }
        Ok(())
    }

    /// A number that is known to lie in an interval.
    pub(crate) fn enclosed(&self, x: &Interval) -> Checked<Model> {
        let middle: BigInt = (&x.lo + &x.hi) >> 1;
        // The middle is rounded down, so the upper end is the farther one.
        let r = &x.hi - &middle;
        self.made(vec![middle], r)
    }

    /// A number.
    pub(crate) fn constant(&self, q: &Rational) -> Checked<Model> {
        let p = self.precision();
        self.fixed.budget.product(q.bits() + p, q.bits())?;
        self.enclosed(&Interval::new(q.floor_at(p), q.ceil_at(p)))
    }

    pub(crate) fn sum(&self, a: &Model, b: &Model) -> Checked<Model> {
        let (long, short) = if a.c.len() < b.c.len() {
            (b, a)
        } else {
            (a, b)
        };
        let mut c = long.c.clone();
        for (c, other) in c.iter_mut().zip(&short.c) {
            *c += other;
        }
        self.made(c, &a.r + &b.r)
    }

    pub(crate) fn negated(&self, a: &Model) -> Checked<Model> {
        self.made(a.c.iter().map(|c| -c).collect(), a.r.clone())
    }

    pub(crate) fn difference(&self, a: &Model, b: &Model) -> Checked<Model> {
        self.sum(a, &self.negated(b)?)
    }

    /// q a: every coefficient rounded down, by less than a unit.
    pub(crate) fn multiple(&self, q: &Rational, a: &Model) -> Checked<Model> {
        let (n, d) = (q.numer(), q.denom());
        let work = longest(&a.c) * (limbs(n) + limbs(d)) + limbs(n) * limbs(d) + 60;
        self.fixed.budget.charge(work * (a.c.len() as u64 + 1))?;
        let exact = d.bits() == 1;
        let scaled = |c: &BigInt| match exact {
            true => c * n,
            false => (c * n).div_floor(d),
        };
        let r = Integer::div_ceil(&(&a.r * n.abs()), d);
        let units = if exact { 0 } else { a.c.len() };
        self.made(a.c.iter().map(scaled).collect(), r + units)
    }

    pub(crate) fn product(&self, a: &Model, b: &Model) -> Checked<Model> {
        self.product_over(a, b, self.precision(), self.degree)
    }

    /// a b/2^(shift - precision), of degree at most `cap`.
    ///
    /// ab - AB = A(b - B) + B(a - A) + (a - A)(b - B), A and B the polynomials: at most |A| r_b + |B| r_a + r_a r_b.
    /// Coefficients of AB are rounded down, by less than a unit each; those beyond the cap are at most the sum of the
    /// |a_i| |b_j| with i + j > cap.
    pub(crate) fn product_over(
        &self,
        a: &Model,
        b: &Model,
        shift: u64,
        cap: usize,
    ) -> Checked<Model> {
        let (outer, inner) = if a.c.len() < b.c.len() {
            (a, b)
        } else {
            (b, a)
        };
        self.charge_products(outer.c.len() + 4, &outer.c, inner)?;
        let mut sums = Vec::new();
        let length = (outer.c.len() + inner.c.len()).saturating_sub(1);
        sums.resize(length.min(cap + 1), BigInt::zero());
        for (i, x) in outer.c.iter().enumerate().filter(|(_, x)| !x.is_zero()) {
            for (sum, y) in sums.iter_mut().skip(i).zip(&inner.c) {
                *sum += x * y;
            }
        }
        let (norm_a, norm_b) = (norm(&outer.c), norm(&inner.c));
        let mut beyond = norm_a * &inner.r + (norm_b + &inner.r) * &outer.r;
        if length > cap + 1 {
            // suffix_j = |b_j| + |b_(j+1)| + ...
            let mut suffix = vec![BigInt::zero()];
            for y in inner.c.iter().rev() {
                let next = suffix.last().map(|s| s + y.abs()).unwrap_or_default();
                suffix.push(next);
            }
            suffix.reverse();
            for (i, x) in outer.c.iter().enumerate() {
                let first = (cap + 1).saturating_sub(i);
                if let Some(rest) = suffix.get(first) {
                    beyond += x.abs() * rest;
                }
            }
        }
        let c: Vec<BigInt> = sums.into_iter().map(|s| s >> shift).collect();
        let r = shift_up(beyond, shift) + c.len();
        self.made(c, r)
    }

    /// Charges `rows` products of a row of `inner` with a number of `outer`.
    fn charge_products(&self, rows: usize, outer: &[BigInt], inner: &Model) -> Checked<()> {
        let (la, lb) = (longest(outer), longest(&inner.c));
        let row = (inner.c.len() as u64 + 4).saturating_mul(la * lb + la + lb + 60);
        self.fixed.budget.charge(row.saturating_mul(rows as u64))
    }

    /// The same degree at most, the rest in the radius.
    pub(crate) fn cut(&self, a: Model) -> Checked<Model> {
        let Model { mut c, r } = a;
        let rest = norm(c.get(self.degree + 1..).unwrap_or_default());
        c.truncate(self.degree + 1);
        self.made(c, r + rest)
    }

    /// sum of a_j q_(k-j) for j >= 1, exactly, in units of 2^(-2 precision).
    pub(crate) fn convolved(&self, a: &[BigInt], q: &[BigInt], k: usize) -> Checked<BigInt> {
        let terms = a.len().min(k + 1) as u64;
        let work = longest(a) * longest(q) + 60;
        self.fixed.budget.charge(work * terms + 20)?;
        Ok(convolved(a, q, k))
    }

    /// a^k for k >= 1, by squaring.
    pub(crate) fn power(&self, a: &Model, k: u32) -> Checked<Model> {
        let mut result = a.clone();
        // From the bit below the highest one down.
        for bit in (0..k.max(1).ilog2()).rev() {
            result = self.product(&result, &result)?;
            if k >> bit & 1 == 1 {
                result = self.product(&result, a)?;
            }
        }
        Ok(result)
    }
}
