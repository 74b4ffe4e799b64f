//! log, atan, erf and asin of a model, as integrals of what is known of their derivatives.

use crate::core::fault::Checked;
use crate::core::fixed::Interval;
use crate::core::number::Rational;
use crate::series::model::{Frame, Model};
use crate::series::units::{fail, shift_up};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

impl Frame<'_> {
    /// f(A) for the polynomial A of a model, from f(a_0) and a model of f'(A): f(a_0) + integral of A' f'(A) from 0
    /// to v.
    ///
    /// The integrand is within its model's radius, and |v| <= 1: so is the integral. Dividing a coefficient by its
    /// degree rounds it down, by less than a unit.
    fn integral(&self, start: &Interval, a: &Model, derivative: &Model) -> Checked<Model> {
        let slopes = a.slopes().into_iter().skip(1).collect();
        let slope = self.made(slopes, BigInt::zero())?;
        let cap = self.degree.saturating_sub(1);
        let integrand = self.product_over(&slope, derivative, self.precision(), cap)?;
        let first = self.enclosed(start)?;
        let units = integrand.c.len();
        let mut c = vec![first.middle()];
        let steps = integrand.c.iter().zip(1_u32..);
        c.extend(steps.map(|(h, k)| h.div_floor(&BigInt::from(k))));
        self.made(c, integrand.r + first.r + units)
    }

    /// log(A), defined where A > 0.
    ///
    /// Let K bound |1/A| of the polynomial A: it is positive at 0 and nowhere 0, hence at least 1/K. Numbers within
    /// r <= 1/(2K) of it are at least 1/(2K), so log moves by at most 2 K r.
    pub(crate) fn log(&self, a: &Model) -> Checked<Model> {
        let p = self.precision();
        let polynomial = a.exactly();
        let start = self.points.log(&a.middle())?;
        let derivative = self.inverse(&polynomial)?;
        let moved = shift_up(derivative.magnitude() * &a.r * 2, p);
        if moved > self.one() {
            return fail("log of a value that is not proved to be positive");
        }
        let value = self.integral(&start, &polynomial, &derivative)?;
        self.made(value.c, value.r + moved)
    }

    /// atan(A): the derivative is 1/(1 + A^2), at most 1.
    pub(crate) fn atan(&self, a: &Model) -> Checked<Model> {
        let polynomial = a.exactly();
        let start = self.points.atan(&a.middle())?;
        let one = self.constant(&Rational::integer(1))?;
        let square = self.product(&polynomial, &polynomial)?;
        let derivative = self.inverse(&self.sum(&one, &square)?)?;
        let value = self.integral(&start, &polynomial, &derivative)?;
        self.made(value.c, value.r + &a.r)
    }

    /// erf(A): the derivative is 2/sqrt(pi) exp(-A^2), at most 113/100.
    pub(crate) fn erf(&self, a: &Model) -> Checked<Model> {
        let polynomial = a.exactly();
        let start = self.points.erf(&a.middle())?;
        let square = self.product(&polynomial, &polynomial)?;
        let bell = self.exp(&self.negated(&square)?)?;
        let derivative = self.product(&bell, &self.two_over_root_pi()?)?;
        let value = self.integral(&start, &polynomial, &derivative)?;
        let moved = Integer::div_ceil(&(&a.r * 113), &BigInt::from(100));
        self.made(value.c, value.r + moved)
    }

    /// 2/sqrt(pi).
    fn two_over_root_pi(&self) -> Checked<Model> {
        let pi = self.enclosed(&self.points.pi()?)?;
        let inverse = self.inverse(&self.root(2, &pi)?)?;
        self.multiple(&Rational::integer(2), &inverse)
    }

    /// asin(A), defined where |A| <= 1.
    ///
    /// Let K bound 1/sqrt(1 - A^2) of the polynomial A, so that 1 - A^2 >= 1/K^2. For r with 6 r K^2 <= 1 (hence
    /// r < 1) and |s| <= r, 1 - (A + s)^2 >= 1/K^2 - 2 r - r^2 >= 1/K^2 - 3 r >= 1/(2 K^2): there the derivative is at
    /// most sqrt(2) K, and asin moves by at most 2 K r.
    pub(crate) fn asin(&self, a: &Model) -> Checked<Model> {
        if let Some(value) = self.asin_inside(a)? {
            return Ok(value);
        }
        // At an end of where it is defined: asin is monotone, and meant where |A| <= 1.
        let (range, one) = (a.range(), self.one());
        let least = -&one;
        let beyond = &one + &self.slack;
        if range.lo < -&beyond || range.hi > beyond || range.hi < least || range.lo > one {
            return fail("asin or acos of a value that is not proved to be within [-1, 1]");
        }
        let lo = self.points.asin(&range.lo.max(least))?;
        let hi = self.points.asin(&range.hi.min(one))?;
        self.enclosed(&Interval::new(lo.lo, hi.hi))
    }

    /// None if the expansion does not prove enough.
    fn asin_inside(&self, a: &Model) -> Checked<Option<Model>> {
        let p = self.precision();
        if a.middle().abs() >= self.one() {
            return Ok(None);
        }
        let polynomial = a.exactly();
        let start = self.points.asin(&a.middle())?;
        let one = self.constant(&Rational::integer(1))?;
        let square = self.product(&polynomial, &polynomial)?;
        let rest = self.difference(&one, &square)?;
        if !rest.middle().is_positive() {
            return Ok(None);
        }
        let Some(root) = self.root_inside(2, &rest)? else {
            return Ok(None);
        };
        // A divisor that may be 0 is the end, and no fault; limits are met again by the caller's own work.
        let Ok(derivative) = self.inverse(&root) else {
            return Ok(None);
        };
        let k = derivative.magnitude();
        self.fixed.budget.product(2 * k.bits(), a.r.bits())?;
        // 6 r K^2 in units of 2^(-3 precision).
        if &a.r * &k * &k * 6 > BigInt::one() << (3 * p) {
            return Ok(None);
        }
        let moved = shift_up(k * &a.r * 2, p);
        let value = self.integral(&start, &polynomial, &derivative)?;
        Ok(Some(self.made(value.c, value.r + moved)?))
    }

    /// acos(A) = pi/2 - asin(A).
    pub(crate) fn acos(&self, a: &Model) -> Checked<Model> {
        let pi = self.enclosed(&self.points.pi()?)?;
        let quarter = self.multiple(&Rational::raw(1.into(), 2.into()), &pi)?;
        self.difference(&quarter, &self.asin(a)?)
    }
}
