//! 1/A, roots, exp, sin and cos of a model A: a polynomial by a recurrence, whose roundings do not matter, and a
//! radius from what that polynomial leaves of the equation which defines the function.

use crate::core::fault::Checked;
use crate::core::fixed::Interval;
use crate::series::model::{norm, Frame, Model};
use crate::series::points::quotient;
use crate::series::units::{fail, shift_up};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

/// exp of an argument that varies by more over a cell is refused: the proof would lose as many bits.
const MAX_SWING: u32 = 32;

/// The exponent of a power of 3 that bounds e^(2t), t in units of 2^-precision.
fn threes(t: &BigInt, precision: u64) -> u32 {
    u32::try_from(shift_up(t << 1_u32, precision)).unwrap_or(u32::MAX)
}

impl Frame<'_> {
    /// 1/A.
    ///
    /// With D = 1 - A Q, |D| <= d < 1: A is not 0, and |1/A| = |Q|/|1 - D| <= |Q|/(1 - d), so that
    /// |1/A - Q| = |D|/|A| <= d |Q|/(1 - d).
    pub(crate) fn inverse(&self, a: &Model) -> Checked<Model> {
        const DETAIL: &str = "the divisor is not proved to be other than 0";
        let p = self.precision();
        let first = a.middle();
        if first.is_zero() {
            return fail(DETAIL);
        }
        let mut q: Vec<BigInt> = Vec::with_capacity(self.degree + 1);
        // In units of 2^(-2 precision).
        let mut left = BigInt::zero();
        for k in 0..self.degree + a.c.len() {
            // The coefficient of v^k of 1 - (A - a_0) Q; a_0 q_k has to be that.
            let mut wanted = -self.convolved(&a.c, &q, k)?;
            if k == 0 {
                wanted += BigInt::one() << (2 * p);
            }
            if k <= self.degree {
                let next = quotient(&wanted, &first, self.fixed)?;
                if next.bits() > self.largest() {
                    return fail(DETAIL);
                }
                wanted -= &first * &next;
                q.push(next);
            }
            left += wanted.abs();
        }
        let size = norm(&q);
        let d = shift_up(left + &size * &a.r, p);
        let rest = self.one() - &d;
        if !rest.is_positive() {
            return fail(DETAIL);
        }
        self.fixed.budget.product(size.bits(), d.bits())?;
        let r = Integer::div_ceil(&(size * d), &rest);
        self.made(q, r)
    }

    /// The m-th root of A, defined where A >= 0.
    pub(crate) fn root(&self, m: u32, a: &Model) -> Checked<Model> {
        if a.middle().is_positive() {
            if let Some(root) = self.root_inside(m, a)? {
                return Ok(root);
            }
        }
        // At the end of where it is defined: the root is monotone, and meant where A is not negative.
        let range = a.range();
        if range.lo < -&self.slack || range.hi.is_negative() {
            return fail("a root of a value that is not proved to be at least 0");
        }
        let lo = self.points.root(m, &range.lo.max(BigInt::zero()))?;
        let hi = self.points.root(m, &range.hi)?;
        // Rounded down; and an exact root, as of 0, stays exact.
        let up = BigInt::from(u8::from(!range.hi.is_zero()));
        self.enclosed(&Interval::new(lo, hi + up))
    }

    /// None if the expansion does not prove enough.
    ///
    /// With |A - Q^m| <= d and Q >= q > 0: A >= q^m - d, which has to be at least 0; with t = A^(1/m) >= 0,
    /// |t^m - Q^m| = |t - Q| (t^(m-1) + ... + Q^(m-1)) >= |t - Q| q^(m-1), so that |t - Q| <= d/q^(m-1).
    pub(crate) fn root_inside(&self, m: u32, a: &Model) -> Checked<Option<Model>> {
        let p = self.precision();
        let first = a.middle();
        let mut q = vec![self.points.root(m, &first)?];
        let slopes = a.slopes();
        for k in 1..=self.degree {
            if a.c.len() < 2 {
                break;
            }
            // From m A Q' = A' Q: k m a_0 q_k = sum over j >= 1 of (j + m j - m k) a_j q_(k-j).
            let (n, m) = (BigInt::from(k), BigInt::from(m));
            let whole = self.convolved(&a.c, &q, k)?;
            let sloped = self.convolved(&slopes, &q, k)?;
            let sum = sloped * (&m + 1) - whole * &n * &m;
            let next = quotient(&sum, &(n * m * &first), self.fixed)?;
            if next.bits() > 2 * p + first.bits() {
                return Ok(None);
            }
            q.push(next);
        }
        let q = self.made(q, BigInt::zero())?;
        let least = q.range().lo;
        if !least.is_positive() {
            return Ok(None);
        }
        let d = self.difference(a, &self.power(&q, m)?)?.magnitude();
        // q^(m-1), rounded down.
        let mut power = self.one();
        for _ in 1..m {
            self.fixed.budget.product(power.bits(), least.bits())?;
            power = (power * &least) >> p;
        }
        if (&power * &least) >> p < d || !power.is_positive() {
            return Ok(None);
        }
        let r = Integer::div_ceil(&(d << p), &power);
        Ok(Some(self.made(q.c, r)?))
    }

    /// exp(A) = exp(a_0) exp(B), B = A - a_0 without its radius r.
    ///
    /// With D = E' - B' E and E(0) = 1: (E e^-B)' = D e^-B, so |E - e^B| <= |D| e^(2|B|), and e < 3. The radius
    /// multiplies by e^s, |s| <= r <= 1, and |e^s - 1| <= 2 r.
    pub(crate) fn exp(&self, a: &Model) -> Checked<Model> {
        let p = self.precision();
        let start = self.enclosed(&self.points.exp(&a.middle())?)?;
        let slopes = a.slopes();
        let swing = norm(a.c.get(1..).unwrap_or_default());
        if swing > self.one() * MAX_SWING {
            return fail(format!(
                "exp of an argument that varies by more than {MAX_SWING} over the cell"
            ));
        }
        let mut e = vec![self.one()];
        let mut left = BigInt::zero();
        for k in 1..self.degree + a.c.len().max(1) {
            // k e_k has to be the coefficient of v^(k-1) of B' E.
            let mut wanted = self.convolved(&slopes, &e, k)?;
            if k <= self.degree {
                let next = &wanted >> p;
                let next = quotient(&next, &BigInt::from(k), self.fixed)?;
                wanted -= (&next * k) << p;
                e.push(next);
            }
            left += wanted.abs();
        }
        let growth = BigInt::from(3).pow(threes(&swing, p));
        let inner = self.made(e, shift_up(left, p) * growth)?;
        let mut value = self.product(&inner, &start)?;
        if !a.r.is_zero() {
            if a.r > self.one() {
                return fail("exp of an argument with a radius above 1");
            }
            self.fixed
                .budget
                .product(a.r.bits(), value.magnitude().bits())?;
            value.r += shift_up(value.magnitude() * &a.r * 2, p);
        }
        self.made(value.c, value.r)
    }

    /// sin(A) and cos(A).
    ///
    /// With D = S' - B' C and F = C' + B' S, the errors s of S and c of C obey s' = B' c + D and c' = -B' s + F:
    /// the vector (s, c) turns, and its length grows by at most |D| + |F|. sin and cos move by at most the radius.
    pub(crate) fn sin_cos(&self, a: &Model) -> Checked<(Model, Model)> {
        let p = self.precision();
        let (sin, cos) = self.points.sin_cos(&a.middle())?;
        let (sin, cos) = (self.enclosed(&sin)?, self.enclosed(&cos)?);
        let slopes = a.slopes();
        let (mut s, mut c) = (vec![sin.middle()], vec![cos.middle()]);
        let mut left = BigInt::zero();
        for k in 1..self.degree + a.c.len().max(1) {
            let mut of_s = self.convolved(&slopes, &c, k)?;
            let mut of_c = -self.convolved(&slopes, &s, k)?;
            if k <= self.degree {
                for (wanted, list) in [(&mut of_s, &mut s), (&mut of_c, &mut c)] {
                    let next = &*wanted >> p;
                    let next = quotient(&next, &BigInt::from(k), self.fixed)?;
                    self.fits(std::slice::from_ref(&next))?;
                    *wanted -= (&next * k) << p;
                    list.push(next);
                }
            }
            left += of_s.abs() + of_c.abs();
        }
        let r = shift_up(left, p) + &sin.r + &cos.r + &a.r;
        Ok((self.made(s, r.clone())?, self.made(c, r)?))
    }
}
