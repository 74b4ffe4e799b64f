//! 1/A, roots, exponential, sine and cosine of a model: a polynomial by a recurrence, whose own roundings need no bound,
//! and a radius from what it leaves of the equation by which the function is defined.

use crate::certify::series::model::{ceil, convolved, norm, shift_up, Fault, Frame, Model};
use crate::certify::series::points;
use crate::function::algebra::{Algebra, Primitive};
use rug::Integer;

/// Largest variation of an exponential's argument over a cell: as many bits, and half more, are lost.
const MAX_SWING: u32 = 16;

impl Frame {
    /// 1/A. With D = 1 - A Q of norm d < 1: |1/A - Q| = |D| |Q|/|1 - D| <= d |Q|/(1 - d), and A is nowhere 0.
    pub fn reciprocal(&self, a: &Model) -> Result<Model, Fault> {
        const NONE: Fault = "a divisor may be 0";
        let first = a.middle();
        if first.is_zero() {
            return Err(NONE);
        }
        let mut q: Vec<Integer> = Vec::with_capacity(self.degree + 1);
        // In units of 2^(-2 bits).
        let mut left = Integer::new();
        let last = match a.c.len() {
            1 => 0,
            n => self.degree + n - 1,
        };
        for k in 0..=last {
            let mut wanted = -convolved(&a.c, &q, k);
            if k == 0 {
                wanted += Integer::from(1) << (2 * self.bits);
            }
            if k <= self.degree {
                let (next, rest) = wanted.div_rem_round(first.clone());
                q.push(next);
                wanted = rest;
            }
            left += wanted.abs();
        }
        let size = norm(&q);
        let d = shift_up(left + Integer::from(&size * &a.r), self.bits);
        let rest = self.one() - &d;
        if rest <= 0 {
            return Err(NONE);
        }
        let r = ceil(size * d, &rest);
        self.limited(q, r)
    }

    /// The m-th root of A, meant where A >= 0.
    pub fn root_of(&self, m: u32, a: &Model) -> Result<Model, Fault> {
        if a.middle() > 0 {
            if let Some(found) = self.root_inside(m, a)? {
                return Ok(found);
            }
        }
        // At an end of where it is defined: between the roots at the ends of A's range.
        let (middle, swing) = (a.middle(), a.swing());
        let (lo, hi) = (Integer::from(&middle - &swing), middle + swing);
        if hi < 0 || lo < -self.beyond() {
            return Err("root of a value that may be below 0");
        }
        let lo = points::root(m, &lo.max(Integer::new()), self.bits).lo;
        Ok(self.enclosed(&lo, &points::root(m, &hi, self.bits).hi))
    }

    /// How far beyond an end is taken for it.
    pub fn beyond(&self) -> Integer {
        match self.slack {
            true => Integer::from(1) << (self.bits / 2),
            false => Integer::new(),
        }
    }

    /// None where the expansion does not prove enough.
    ///
    /// With |A - Q^m| <= d and Q >= q > 0, A >= q^m - d >= 0; for t = A^(1/m),
    /// |t^m - Q^m| = |t - Q| (t^(m-1) + ... + Q^(m-1)) >= |t - Q| q^(m-1).
    pub fn root_inside(&self, m: u32, a: &Model) -> Result<Option<Model>, Fault> {
        let first = a.middle();
        let mut q = vec![points::root(m, &first, self.bits).lo];
        let slopes = a.slopes();
        let last = if a.c.len() > 1 { self.degree } else { 0 };
        for k in 1..=last {
            // From m A Q' = A' Q: k m a_0 q_k = sum over j >= 1 of ((m + 1) j - m k) a_j q_(k-j).
            let sum = convolved(&slopes, &q, k) * (m + 1) - convolved(&a.c, &q, k) * (m * k as u32);
            let next = sum.div_rem_round(Integer::from(&first * m) * k as u32).0;
            if next.significant_bits() > 2 * self.bits {
                return Ok(None);
            }
            q.push(next);
        }
        let q = self.made(q, Integer::new());
        let least = q.middle() - q.swing();
        if least <= 0 {
            return Ok(None);
        }
        let power = self.power(&q, m)?;
        let d = self.sum(a, &self.negated(&power)).magnitude();
        // q^(m-1), rounded down.
        let mut below = self.one();
        for _ in 1..m {
            below = (below * &least) >> self.bits;
        }
        if below <= 0 || Integer::from(&below * &least) >> self.bits < d {
            return Ok(None);
        }
        let r = ceil(d << self.bits, &below);
        Ok(Some(self.limited(q.c, r)?))
    }

    /// exp(A) = exp(a_0) e^B. With D = E' - B' E and E(0) = 1, (E e^-B)' = D e^-B, so |E - e^B| <= |D| e^(2 |B|); the
    /// radius s <= 1 of A multiplies by at most e^s <= 1 + 2 s.
    pub fn exponential(&self, a: &Model) -> Result<Model, Fault> {
        let start = points::value(Primitive::Exp, &a.middle(), self.bits)?;
        let start = self.enclosed(&start.lo, &start.hi);
        let swing = norm(a.c.get(1..).unwrap_or_default());
        if swing > self.one() * MAX_SWING {
            return Err("the argument of exp varies too much");
        }
        if a.r > self.one() {
            return Err("the argument of exp is not known well enough");
        }
        let slopes = a.slopes();
        let mut e = vec![self.one()];
        let mut left = Integer::new();
        let last = match a.c.len() {
            0 | 1 => 0,
            n => self.degree + n - 1,
        };
        for k in 1..=last {
            let mut wanted = convolved(&slopes, &e, k);
            if k <= self.degree {
                let next = Integer::from(&wanted >> self.bits)
                    .div_rem_round(Integer::from(k))
                    .0;
                wanted -= Integer::from(&next * k as u32) << self.bits;
                e.push(next);
            }
            left += wanted.abs();
        }
        // e^(2t) <= 3^(2t) for t >= 0.
        let threes = shift_up(swing << 1u32, self.bits).to_u32().unwrap_or(64);
        let grown = shift_up(left, self.bits) * Integer::from(Integer::u_pow_u(3, threes));
        let mut value = self.times(&self.made(e, grown), &start)?;
        if !a.r.is_zero() {
            value.r += shift_up(value.magnitude() * &a.r * 2u32, self.bits);
        }
        Ok(value)
    }

    /// sin(A) and cos(A). With D = S' - B' C and F = C' + B' S the errors (s, c) obey s' = B' c + D, c' = -B' s + F: the
    /// vector turns, and its length grows by |D| + |F| at most. Both functions move by no more than the radius of A.
    pub fn turned(&self, a: &Model) -> Result<(Model, Model), Fault> {
        let sin = points::value(Primitive::Sin, &a.middle(), self.bits)?;
        let cos = points::value(Primitive::Cos, &a.middle(), self.bits)?;
        let (sin, cos) = (
            self.enclosed(&sin.lo, &sin.hi),
            self.enclosed(&cos.lo, &cos.hi),
        );
        if norm(&a.c).significant_bits() > self.bits + 21 {
            return Err("the argument of sin or cos varies too much");
        }
        let slopes = a.slopes();
        let (mut s, mut c) = (vec![sin.middle()], vec![cos.middle()]);
        let mut left = Integer::new();
        let last = match a.c.len() {
            0 | 1 => 0,
            n => self.degree + n - 1,
        };
        for k in 1..=last {
            let mut of_s = convolved(&slopes, &c, k);
            let mut of_c = -convolved(&slopes, &s, k);
            if k <= self.degree {
                for (wanted, list) in [(&mut of_s, &mut s), (&mut of_c, &mut c)] {
                    let next = Integer::from(&*wanted >> self.bits)
                        .div_rem_round(Integer::from(k))
                        .0;
                    *wanted -= Integer::from(&next * k as u32) << self.bits;
                    list.push(next);
                }
            }
            left += of_s.abs() + of_c.abs();
        }
        let r = shift_up(left, self.bits) + &sin.r + &cos.r + &a.r;
        Ok((self.limited(s, r.clone())?, self.limited(c, r)?))
    }
}
