//! The claim `rounding`: by how much a program in floating point that evaluates p misses p.
//!
//! # Derivation
//! A sum, product or fused multiply-add of the format (round to nearest, ties to even, subnormal numbers kept) misses its
//! exact result z by at most mu |z| + eta, mu = 2^-53, eta = 2^-1074 of f64, 2^-24 and 2^-149 of f32, as long as nothing
//! exceeds the greatest number. The argument u = scale x + offset is computed with scale and offset rounded once: it is
//! within d of u, which is at most U over [from, to].
//!
//! *Horner.* v <- v u + c_k. If v is known within e, at most V in size (as a sum of sizes of its terms), its product misses
//! v u by e (U + d) + V d and one rounding of all of that and V U; the sum adds c_k and one more rounding.
//!
//! *Clenshaw.* b_k <- c_k + 2 u b_(k+1) - b_(k+2), p = c_0 + u b_1 - b_2: three terms in any order of addition. With Q the
//! sum of their sizes three roundings miss by at most q = ((1 + mu)^3 - 1) Q + 3 (1 + mu)^2 eta. To miss b_k by q_k is to
//! add q_k to c_k, thus q_k T_k(u) to p: the rounded program is p at the computed u but for sum q_k T_k(m), and |b_k| is at
//! most sum_(j >= k) (|c_j| + q_j) U_(j-k)(m), m = max(1, U + d), since T_j and U_j are greatest at m on [-m, m]. From u
//! to its computed value p moves by at most sum |c_j| j U_(j-1)(m) d.
//!
//! All of it in units of 2^-precision, rounded up. A program that fuses or orders otherwise rounds no more often.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{ceil_shift, Fixed};
use crate::core::number::Rational;
use num_bigint::BigInt;
use num_traits::{One, Zero};

const ROUNDING: Rule = Rule::Own("rounding");

/// How p is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Powers, by Horner's scheme.
    Horner,
    /// Chebyshev polynomials, by Clenshaw's recurrence.
    Clenshaw,
}

impl Scheme {
    /// Its name in the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Horner => "horner",
            Self::Clenshaw => "clenshaw",
        }
    }
}

/// A format of floating-point numbers (IEEE 754).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floating {
    /// binary64
    F64,
    /// binary32
    F32,
}

impl Floating {
    /// Its name in the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
        }
    }
}

/// A bound of what rounding adds to p.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rounding {
    /// The scheme, which is the basis' own.
    pub scheme: Scheme,
    /// The format, in which the coefficients are held too.
    pub format: Floating,
    /// Least x.
    pub from: Rational,
    /// Greatest x.
    pub to: Rational,
    /// For every x of the format from `from` to `to` the program's result is within this of p(x).
    pub hi: Rational,
}

/// The one component of a table, as a program holds it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) scheme: Scheme,
    /// The coefficients of the basis, rounded.
    pub(crate) coefficients: Vec<Rational>,
    pub(crate) scale: Rational,
    pub(crate) offset: Rational,
    /// None where the coefficients are not held in one.
    pub(crate) format: Option<Floating>,
}

/// Sizes in units of 2^-precision, rounded up.
struct Format<'a> {
    fixed: &'a Fixed,
    /// mu = 2^-bits.
    bits: u64,
    eta: BigInt,
    greatest: BigInt,
}

impl<'a> Format<'a> {
    fn new(format: Floating, fixed: &'a Fixed) -> Self {
        let (bits, least, most) = match format {
            Floating::F64 => (53, 1_074, 1_023),
            Floating::F32 => (24, 149, 127),
        };
        Self {
            fixed,
            bits,
            eta: BigInt::one() << fixed.precision.saturating_sub(least),
            greatest: BigInt::one() << (fixed.precision + most),
        }
    }

    fn size(&self, x: &Rational) -> BigInt {
        x.abs().ceil_at(self.fixed.precision)
    }

    fn product(&self, a: &BigInt, b: &BigInt) -> Checked<BigInt> {
        self.fixed.mul_up(a, b)
    }

    /// What one rounding of a number of this size misses.
    fn miss(&self, size: &BigInt) -> Checked<BigInt> {
        if *size >= self.greatest {
            return fail("a number on the way may exceed the greatest of the format");
        }
        Ok(ceil_shift(size.clone(), self.bits) + &self.eta)
    }
}

fn fail<T>(detail: impl Into<String>) -> Checked<T> {
    Err(Fault::rejected(ROUNDING, detail))
}

/// Proves the bound.
///
/// # Errors
/// A rejection of a table that is no single polynomial in the scheme's basis and format, of numbers beyond the format, and
/// of a bound that is not proved.
pub(crate) fn prove(claim: &Rounding, held: Option<&Held>, fixed: &Fixed) -> Checked<()> {
    let Some(held) = held else {
        return fail("the table is a composite: one polynomial is meant");
    };
    if held.scheme != claim.scheme {
        return fail("not the scheme of the table's basis");
    }
    if held.format != Some(claim.format) {
        return fail("the coefficients are not held in the program's format");
    }
    let format = Format::new(claim.format, fixed);
    let (u, d) = argument(claim, held, &format)?;
    let sizes: Vec<BigInt> = held.coefficients.iter().map(|c| format.size(c)).collect();
    let found = match held.scheme {
        Scheme::Horner => horner(&sizes, &u, &d, &format)?,
        Scheme::Clenshaw => clenshaw(&sizes, &u, &d, &format)?,
    };
    if found > claim.hi.floor_at(fixed.precision) {
        return fail("what rounding adds is not within hi");
    }
    Ok(())
}

/// The greatest |scale x + offset|, and what its computed value may miss.
fn argument(claim: &Rounding, held: &Held, format: &Format) -> Checked<(BigInt, BigInt)> {
    let one = Rational::integer(1);
    let at = |x: &Rational| format.size(&held.scale.times(x).plus(&held.offset));
    let u = at(&claim.from).max(at(&claim.to));
    let x = format.size(&claim.from).max(format.size(&claim.to));
    let (mut size, mut miss) = (x.clone(), BigInt::zero());
    if held.scale != one {
        let scale = format.size(&held.scale);
        size = format.product(&scale, &x)?;
        miss = format.product(&format.miss(&scale)?, &x)?;
        miss += format.miss(&(&size + &miss))?;
    }
    if !held.offset.is_zero() {
        let offset = format.size(&held.offset);
        size += &offset;
        miss += format.miss(&offset)?;
        miss += format.miss(&(&size + &miss))?;
    }
    Ok((u, miss))
}

fn horner(c: &[BigInt], u: &BigInt, d: &BigInt, format: &Format) -> Checked<BigInt> {
    let mut all = c.iter().rev();
    let mut size = all.next().cloned().unwrap_or_default();
    let mut miss = BigInt::zero();
    let reach = u + d;
    for c in all {
        miss = format.product(&miss, &reach)? + format.product(&size, d)?;
        size = format.product(&size, u)?;
        miss += format.miss(&(&size + &miss))?;
        size += c;
        miss += format.miss(&(&size + &miss))?;
    }
    Ok(miss)
}

fn clenshaw(c: &[BigInt], u: &BigInt, d: &BigInt, format: &Format) -> Checked<BigInt> {
    let one = BigInt::one() << format.fixed.precision;
    let most = (u + d).max(one.clone());
    let twice: BigInt = &most << 1_u32;
    // 2 u is a number of its own, also where what it is multiplied with is tiny or 0.
    if c.len() > 1 {
        format.miss(&twice)?;
    }
    // U_i(m) and T_i(m), rounded up: U_(i+1) = 2 m U_i - U_(i-1) <= ceil(2 m U_i) - floor(..), so the plain sum
    // U_i = m U_(i-1) + T_i, T_i = m T_(i-1) + (m^2 - 1) U_(i-2) of nonnegative terms is used.
    let slack = format.product(&most, &most)? - &one;
    let (mut t, mut w) = (vec![one.clone()], vec![one]);
    for i in 1..c.len() {
        let (before, last) = (t.get(i - 1), w.get(i - 1));
        let (Some(before), Some(last)) = (before, last) else {
            return Err(Fault::internal("recurrence"));
        };
        let mut next = format.product(&most, before)?;
        if let Some(two) = i.checked_sub(2).and_then(|i| w.get(i)) {
            next += format.product(&slack, two)?;
        }
        let up = format.product(&most, last)? + &next;
        t.push(next);
        w.push(up);
    }
    // From the highest degree down: |b_k|, and |c_k| + q_k.
    let mut bounds: Vec<BigInt> = vec![BigInt::zero(); c.len() + 2];
    let mut moved: Vec<BigInt> = c.to_vec();
    let mut miss = BigInt::zero();
    for (k, size) in c.iter().enumerate().rev() {
        let (Some(next), Some(after)) = (bounds.get(k + 1), bounds.get(k + 2)) else {
            return Err(Fault::internal("recurrence"));
        };
        let times = if k == 0 { &most } else { &twice };
        let sum = format.product(times, next)? + after + size;
        let mut q = BigInt::zero();
        if k + 1 < c.len() {
            for _ in 0..3 {
                q += format.miss(&(&sum + &q))?;
            }
        }
        let at = t.get(k).ok_or_else(|| Fault::internal("recurrence"))?;
        miss += format.product(&q, at)?;
        if let Some(moved) = moved.get_mut(k) {
            *moved += &q;
        }
        let mut bound = BigInt::zero();
        for (a, w) in moved.iter().skip(k).zip(&w) {
            bound += format.product(a, w)?;
        }
        if let Some(slot) = bounds.get_mut(k) {
            *slot = bound;
        }
    }
    for ((j, c), w) in c.iter().enumerate().skip(1).zip(&w) {
        miss += format.product(&format.product(c, w)?, d)? * j;
    }
    Ok(miss)
}

#[cfg(test)]
#[allow(clippy::disallowed_types, clippy::float_arithmetic)] // Programs in floating point are what is bounded.
mod tests {
    use super::*;
    use crate::core::budget::Budget;

    fn fixed() -> Fixed {
        Fixed {
            precision: 192,
            budget: Budget::new(),
        }
    }

    /// An f64 exactly.
    fn exact(x: f64) -> Rational {
        let bits = x.to_bits();
        let exponent = i64::try_from(bits >> 52 & 0x7ff).unwrap();
        let mantissa = (bits & ((1 << 52) - 1)) | u64::from(exponent > 0) << 52;
        let size = BigInt::from(mantissa) * if x < 0.0 { -1 } else { 1 };
        match u64::try_from(exponent.max(1) - 1_075) {
            Ok(up) => Rational::integer(size << up),
            Err(_) => Rational::dyadic(size, u64::try_from(1_075 - exponent.max(1)).unwrap()),
        }
    }

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (self.0 >> 20) % n
        }

        /// Of some size, to 30 bits and more.
        fn number(&mut self) -> f64 {
            let size = [1.0, 0.001, 30.0][usize::try_from(self.below(3)).unwrap()];
            (self.below(1 << 40) as f64 / (1_u64 << 39) as f64 - 1.0) * size
        }
    }

    /// The two programs on numbers that are rounded after each operation by `r`; sums in two orders.
    fn program(
        held: &Held,
        c: &[f64],
        (scale, offset): (f64, f64),
        x: f64,
        r: fn(f64) -> f64,
        other: bool,
    ) -> f64 {
        let u = match scale == 1.0 {
            true => x,
            false => r(scale * x),
        };
        let u = if offset == 0.0 { u } else { r(u + offset) };
        match held.scheme {
            Scheme::Horner => {
                let top = c[c.len() - 1];
                let rest = c[..c.len() - 1].iter().rev();
                rest.fold(top, |v, c| match other {
                    // f32 in f64 is as if fused: the product is exact.
                    true => r(v.mul_add(u, *c)),
                    false => r(r(v * u) + c),
                })
            }
            Scheme::Clenshaw => {
                let (mut b1, mut b2) = (0.0, 0.0);
                for c in c.iter().skip(1).rev() {
                    let b0 = match other {
                        true => r(r(2.0 * u * b1) + r(c - b2)),
                        false => r(r(r(2.0 * u * b1) - b2) + c),
                    };
                    (b2, b1) = (b1, b0);
                }
                r(r(r(u * b1) - b2) + c[0])
            }
        }
    }

    fn value(held: &Held, x: &Rational) -> Rational {
        let u = held.scale.times(x).plus(&held.offset);
        let zero = || Rational::integer(0);
        let all = &held.coefficients;
        match held.scheme {
            Scheme::Horner => all.iter().rev().fold(zero(), |v, c| v.times(&u).plus(c)),
            Scheme::Clenshaw => {
                let (mut b1, mut b2) = (zero(), zero());
                let twice = u.plus(&u);
                for c in all.iter().skip(1).rev() {
                    let b0 = twice.times(&b1).plus(&b2.negated()).plus(c);
                    (b2, b1) = (b1, b0);
                }
                u.times(&b1).plus(&b2.negated()).plus(&all[0])
            }
        }
    }

    fn claim(held: &Held, from: f64, to: f64, hi: Rational) -> Rounding {
        Rounding {
            scheme: held.scheme,
            format: held.format.unwrap(),
            from: exact(from),
            to: exact(to),
            hi,
        }
    }

    /// Programs in f64 and f32, in two orders, against exact values: never beyond the bound, which is no more than some
    /// hundred times what is seen where terms do not cancel.
    #[test]
    fn programs_stay_within_the_bound() {
        let mut random = Random(7);
        let mut closest = f64::INFINITY;
        for round in 0..120_u32 {
            let scheme = [Scheme::Horner, Scheme::Clenshaw][usize::try_from(round % 2).unwrap()];
            let (format, r): (Floating, fn(f64) -> f64) = match round % 3 {
                0 => (Floating::F32, |x| f64::from(x as f32)),
                _ => (Floating::F64, |x| x),
            };
            let n = 1 + usize::try_from(random.below(24)).unwrap();
            let c: Vec<f64> = (0..n).map(|_| r(random.number())).collect();
            let maps = [(1.0, 0.0), (0.1, 0.0), (1.0, -0.3), (-0.7, 0.2)];
            let (scale, offset) = maps[usize::try_from(random.below(4)).unwrap()];
            let (from, to) = (-1.0, 1.25);
            let held = Held {
                scheme,
                coefficients: c.iter().map(|c| exact(*c)).collect(),
                scale: exact(scale),
                offset: exact(offset),
                format: Some(format),
            };
            let mut seen = Rational::integer(0);
            for k in 0..12 {
                let x = r(from + (to - from) * f64::from(k) / 11.0);
                let value = value(&held, &exact(x));
                for other in [false, true] {
                    let got = program(&held, &c, (r(scale), r(offset)), x, r, other);
                    let off = exact(got).plus(&value.negated()).abs();
                    if off > seen {
                        seen = off;
                    }
                }
            }
            let fixed = fixed();
            let huge = Rational::integer(BigInt::one() << 80_u32);
            prove(&claim(&held, from, to, huge), Some(&held), &fixed).unwrap();
            // What was seen is never refused to be exceeded: a hair less than it is rejected.
            let less = seen.times(&Rational::dyadic(BigInt::from(1023), 10));
            if !seen.is_zero() {
                prove(&claim(&held, from, to, less), Some(&held), &fixed).unwrap_err();
            }
            let times = (0..40).step_by(2).find(|k| {
                let hi = seen.times(&Rational::integer(BigInt::one() << *k));
                prove(&claim(&held, from, to, hi), Some(&held), &fixed).is_ok()
            });
            closest = closest.min(times.map_or(f64::INFINITY, f64::from));
        }
        assert!(closest <= 4.0, "2^{closest} times what is seen, at best");
    }

    #[test]
    fn what_is_not_meant_is_named() {
        let held = |scheme, format, c: f64| Held {
            scheme,
            coefficients: vec![exact(c); 3],
            scale: Rational::integer(1),
            offset: Rational::integer(0),
            format,
        };
        let fixed = fixed();
        let fine = held(Scheme::Horner, Some(Floating::F64), 1.0);
        let one = claim(&fine, -1.0, 1.0, Rational::integer(1));
        let said = |fault: Checked<()>| match fault {
            Err(Fault::Rejected { detail, .. }) => detail,
            other => panic!("{other:?}"),
        };
        prove(&one, Some(&fine), &fixed).unwrap();
        assert!(said(prove(&one, None, &fixed)).contains("composite"));
        let other = held(Scheme::Clenshaw, Some(Floating::F64), 1.0);
        assert!(said(prove(&one, Some(&other), &fixed)).contains("basis"));
        for format in [None, Some(Floating::F32)] {
            let other = held(Scheme::Horner, format, 1.0);
            assert!(said(prove(&one, Some(&other), &fixed)).contains("held"));
        }
        let huge = held(Scheme::Horner, Some(Floating::F64), 1e308);
        let wide = claim(
            &huge,
            -1.0,
            1.0,
            Rational::integer(BigInt::one() << 1_100_u32),
        );
        assert!(said(prove(&wide, Some(&huge), &fixed)).contains("greatest"));
        // p(x) is about 2^978, but 2 x is beyond all f64.
        let tiny = held(Scheme::Clenshaw, Some(Floating::F64), 2.0_f64.powi(-1_070));
        let (to, hi) = (1.5 * 2.0_f64.powi(1_023), wide.hi.clone());
        let fine_grid = Fixed {
            precision: 1_200,
            budget: Budget::new(),
        };
        let twice = claim(&tiny, 0.0, to, hi.clone());
        assert!(said(prove(&twice, Some(&tiny), &fine_grid)).contains("greatest"));
        let half = claim(&tiny, 0.0, to / 4.0, hi);
        prove(&half, Some(&tiny), &fine_grid).unwrap();
        let none = claim(&fine, -1.0, 1.0, Rational::integer(0));
        assert!(said(prove(&none, Some(&fine), &fixed)).contains("within hi"));
    }
}
