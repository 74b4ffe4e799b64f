//! Elementary functions at one number: intervals by series with positive or alternating terms.
//!
//! All sums are of intervals rounded outward, at a precision with guard bits, so that only what a series leaves out
//! needs an argument: it is added where the sum ends.

use crate::core::budget::{limbs, size};
use crate::core::fault::{Checked, Fault};
use crate::core::fixed::{Fixed, Interval};
use crate::series::units::{fail, shift_up};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use std::cell::OnceCell;

/// Bits beyond the precision of the certificate.
const GUARD: u64 = 64;
/// Largest |argument| of exp.
const MAX_EXP: u64 = 4_096;
/// Largest |argument| of sin and cos is 2^this.
const MAX_TURN: u64 = 20;

/// Functions at numbers, and the constants that they share.
pub(crate) struct Points<'a> {
    fixed: &'a Fixed,
    /// With the guard bits, as the others.
    pi: OnceCell<Interval>,
    log2: OnceCell<Interval>,
    erf_factor: OnceCell<Interval>,
}

impl<'a> Points<'a> {
    pub(crate) fn new(fixed: &'a Fixed) -> Self {
        Self {
            fixed,
            pi: OnceCell::new(),
            log2: OnceCell::new(),
            erf_factor: OnceCell::new(),
        }
    }

    /// Encloses at the precision of the certificate what is enclosed with more bits.
    fn with_bits(
        &self,
        bits: u64,
        make: impl FnOnce(&Fixed) -> Checked<Interval>,
    ) -> Checked<Interval> {
        let wide = self.fixed.finer(bits, make)?;
        Ok(coarser(&wide, bits))
    }

    /// A constant with the guard bits, computed once.
    fn kept(
        &self,
        cell: &OnceCell<Interval>,
        make: impl FnOnce(&Fixed) -> Checked<Interval>,
    ) -> Checked<Interval> {
        if let Some(known) = cell.get() {
            return Ok(known.clone());
        }
        let value = self.fixed.finer(GUARD, make)?;
        Ok(cell.get_or_init(|| value).clone())
    }

    fn wide_pi(&self) -> Checked<Interval> {
        self.kept(&self.pi, pi)
    }

    pub(crate) fn pi(&self) -> Checked<Interval> {
        Ok(coarser(&self.wide_pi()?, GUARD))
    }

    /// exp(x), |x| <= 4096.
    pub(crate) fn exp(&self, x: &BigInt) -> Checked<Interval> {
        let size = self.whole(&x.abs());
        if size >= MAX_EXP {
            return fail(format!("exp of an argument beyond {MAX_EXP}"));
        }
        // exp(x) has up to 1.5 |x| bits before the point: as many more behind it make it as precise.
        let bits = GUARD + 2 * (size + 1);
        self.with_bits(bits, |fine| {
            let positive = exp(&Interval::point(&(x.abs() << bits)), fine)?;
            match x.sign() {
                Sign::Minus => divide(&Interval::point(&fine.one()), &positive, fine),
                _ => Ok(positive),
            }
        })
    }

    /// log(x), x > 0: with x = m 2^e, 1/2 <= m < 2, it is 2 atanh((m-1)/(m+1)) + e log 2.
    pub(crate) fn log(&self, x: &BigInt) -> Checked<Interval> {
        if !x.is_positive() {
            return fail("log of a value that is not positive");
        }
        let log2 = self.kept(&self.log2, log2)?;
        self.with_bits(GUARD, |fine| {
            let (bits, p) = (x.bits(), fine.precision);
            // In units of 2^-p, from 1/2 to 1; then from 0.7 to 1.4, where the series is short.
            let mut m = match p.checked_sub(bits) {
                Some(up) => Interval::point(&(x << up)),
                None => Interval::new(x >> (bits - p), shift_up(x.clone(), bits - p)),
            };
            let mut e = BigInt::from(bits) - self.fixed.precision;
            if &m.lo * 10 < fine.one() * 7 {
                m = Interval::new(m.lo << 1, m.hi << 1);
                e -= 1;
            }
            let (above, below) = (fine.one_minus(&m).negated(), fine.one_plus(&m));
            let z = divide(&above, &below, fine)?;
            let part = atanh(&z, fine)?;
            Ok(doubled(&part).plus(&times(&log2, &e)))
        })
    }

    pub(crate) fn atan(&self, x: &BigInt) -> Checked<Interval> {
        let pi = self.wide_pi()?;
        self.with_bits(GUARD, |fine| {
            let y = Interval::point(&(x.abs() << GUARD));
            let value = atan(&y, &pi, fine)?;
            Ok(if x.is_negative() {
                value.negated()
            } else {
                value
            })
        })
    }

    /// asin(x), |x| <= 1: 2 atan(x/(1 + sqrt(1 - x^2))), since tan(a/2) = sin a/(1 + cos a).
    pub(crate) fn asin(&self, x: &BigInt) -> Checked<Interval> {
        if x.abs() > self.fixed.one() {
            return fail("asin of an argument beyond 1");
        }
        let pi = self.wide_pi()?;
        self.with_bits(GUARD, |fine| {
            let y = Interval::point(&(x.abs() << GUARD));
            // The square may be rounded up beyond 1, which it is not.
            let mut rest = fine.one_minus(&fine.square(&y)?);
            rest.lo = rest.lo.max(BigInt::zero());
            let half = divide(&y, &fine.one_plus(&sqrt(&rest, fine)?), fine)?;
            let value = doubled(&atan(&half, &pi, fine)?);
            Ok(if x.is_negative() {
                value.negated()
            } else {
                value
            })
        })
    }

    /// erf(x) = 2/sqrt(pi) e^(-x^2) sum_k 2^k x^(2k+1)/(1 3 5 ... (2k+1)), x >= 0.
    ///
    /// 1 - erf(x) <= e^(-x^2) for x >= 0; where x^2 is at least the precision that is below a unit.
    pub(crate) fn erf(&self, x: &BigInt) -> Checked<Interval> {
        let one = self.fixed.one();
        let y = x.abs();
        let signed = |value: Interval| match x.sign() {
            Sign::Minus => value.negated(),
            _ => value,
        };
        let whole = self.whole(&y);
        if whole.saturating_mul(whole) >= self.fixed.precision {
            return Ok(signed(Interval::new(&one - 1, one)));
        }
        let pi = self.wide_pi()?;
        let factor = self.kept(&self.erf_factor, |fine| {
            let two = Interval::point(&(fine.one() << 1));
            divide(&two, &sqrt(&pi, fine)?, fine)
        })?;
        // The sum has up to 1.5 x^2 bits before the point.
        let bits = GUARD + 2 * (whole + 1) * (whole + 1);
        let sum = self.fixed.finer(bits, |fine| {
            let y = Interval::point(&(&y << bits));
            let square = fine.square(&y)?;
            let twice = doubled(&square);
            let (mut term, mut sum, mut k) = (y.clone(), y, 0_u32);
            // A term is 2 x^2/(2k+3) times the one before it: once that is below 1/2, all further ones together are
            // at most the last one.
            while term.hi > BigInt::one() || twice.hi.clone() << 1 > fine.one() * (2 * k + 3) {
                k += 1;
                term = over(&fine.mul(&term, &twice)?, 2 * k + 1);
                sum = sum.plus(&term);
            }
            sum.hi += 1;
            let scale = exp(&square, fine)?;
            divide(&sum, &scale, fine)
        })?;
        self.with_bits(GUARD, |fine| {
            let value = fine.mul(&coarser(&sum, bits - GUARD), &factor)?;
            Ok(signed(value))
        })
    }

    /// sin(x) and cos(x), |x| <= 2^20.
    pub(crate) fn sin_cos(&self, x: &BigInt) -> Checked<(Interval, Interval)> {
        if x.bits() > self.fixed.precision + MAX_TURN {
            return fail(format!("sin or cos of an argument beyond 2^{MAX_TURN}"));
        }
        let pi = self.wide_pi()?;
        let quarter = pi.half();
        let x = x << GUARD;
        // The nearest multiple of pi/2; whichever k is taken, x - k pi/2 is enclosed.
        let k = ((&x << 1_u32) + &quarter.lo).div_floor(&(&quarter.lo << 1_u32));
        let turn = k.mod_floor(&BigInt::from(4));
        let t = Interval::point(&x).minus(&times(&quarter, &k));
        let (sin, cos) = self.fixed.finer(GUARD, |fine| {
            if t.mag() > fine.one() {
                return Err(Fault::internal("the reduced angle"));
            }
            let (one, square) = (Interval::point(&fine.one()), fine.square(&t)?);
            Ok((
                alternating(&t, 1, &square, fine)?,
                alternating(&one, 0, &square, fine)?,
            ))
        })?;
        let (sin, cos) = (coarser(&sin, GUARD), coarser(&cos, GUARD));
        Ok(match u8::try_from(&turn) {
            Ok(0) => (sin, cos),
            Ok(1) => (cos, sin.negated()),
            Ok(2) => (sin.negated(), cos.negated()),
            _ => (cos.negated(), sin),
        })
    }

    /// The m-th root of x >= 0, rounded down; m >= 2.
    pub(crate) fn root(&self, m: u32, x: &BigInt) -> Checked<BigInt> {
        root(m, x, self.fixed)
    }

    /// The integer part of x >= 0, at most 2^32.
    fn whole(&self, x: &BigInt) -> u64 {
        let whole = u64::try_from(x >> self.fixed.precision).unwrap_or(u64::MAX);
        whole.min(1 << 32)
    }
}

/// Fewer bits, rounded outward.
fn coarser(x: &Interval, bits: u64) -> Interval {
    Interval::new(&x.lo >> bits, shift_up(x.hi.clone(), bits))
}

fn doubled(x: &Interval) -> Interval {
    Interval::new(&x.lo << 1, &x.hi << 1)
}

/// x/n, rounded outward.
fn over(x: &Interval, n: u32) -> Interval {
    let n = BigInt::from(n);
    Interval::new(x.lo.div_floor(&n), Integer::div_ceil(&x.hi, &n))
}

/// k x for an integer k.
fn times(x: &Interval, k: &BigInt) -> Interval {
    let (a, b) = (&x.lo * k, &x.hi * k);
    if k.is_negative() {
        Interval::new(b, a)
    } else {
        Interval::new(a, b)
    }
}

/// Moves both ends outward by a unit.
fn widened(x: &Interval) -> Interval {
    Interval::new(&x.lo - 1, &x.hi + 1)
}

/// a/b for b > 0.
fn divide(a: &Interval, b: &Interval, fixed: &Fixed) -> Checked<Interval> {
    if !b.lo.is_positive() {
        return Err(Fault::internal("division"));
    }
    let p = fixed.precision;
    fixed.budget.product(a.mag().bits() + p, b.hi.bits())?;
    // The greater divisor is the one for the lesser absolute value.
    let below = if a.lo.is_negative() { &b.lo } else { &b.hi };
    let above = if a.hi.is_negative() { &b.hi } else { &b.lo };
    Ok(Interval::new(
        (&a.lo << p).div_floor(below),
        Integer::div_ceil(&(&a.hi << p), above),
    ))
}

/// The m-th root of x >= 0, rounded down.
fn root(m: u32, x: &BigInt, fixed: &Fixed) -> Checked<BigInt> {
    if x.is_negative() {
        return Err(Fault::internal("root"));
    }
    let up = fixed.precision * u64::from(m.saturating_sub(1));
    let bits = x.bits() + up;
    size(bits)?;
    // Newton's steps: a few dozen at most, each with a division of the whole number.
    fixed
        .budget
        .charge(40 * (bits / 64 + 1) * (bits / 64 + 1) + 2_000)?;
    Ok((x << up).nth_root(m))
}

/// The square root of x >= 0.
fn sqrt(x: &Interval, fixed: &Fixed) -> Checked<Interval> {
    Ok(Interval::new(
        root(2, &x.lo, fixed)?,
        root(2, &x.hi, fixed)? + 1,
    ))
}

/// exp of an interval, x >= 0: (exp(x/2^k))^(2^k), x/2^k below 2^-7.
fn exp(x: &Interval, fixed: &Fixed) -> Checked<Interval> {
    let k = (x.hi.bits() + 8).saturating_sub(fixed.precision);
    let t = coarser(x, k);
    let one = Interval::point(&fixed.one());
    let (mut term, mut sum, mut i) = (one.clone(), one, 0_u32);
    while term.hi > BigInt::one() {
        i += 1;
        term = over(&fixed.mul(&term, &t)?, i);
        sum = sum.plus(&term);
    }
    // Terms t^i/i!; the further ones together are at most the last, which is at most a unit.
    sum.hi += 1;
    for _ in 0..k {
        sum = fixed.square(&sum)?;
    }
    Ok(sum)
}

/// atanh(z) = sum_i z^(2i+1)/(2i+1), z^2 <= 1/2.
fn atanh(z: &Interval, fixed: &Fixed) -> Checked<Interval> {
    let square = fixed.square(z)?;
    if &square.hi << 1_u32 > fixed.one() {
        return Err(Fault::internal("atanh"));
    }
    let (mut power, mut sum, mut n) = (z.clone(), z.clone(), 1_u32);
    while power.mag() > BigInt::one() {
        n += 2;
        power = fixed.mul(&power, &square)?;
        sum = sum.plus(&over(&power, n));
    }
    // What is left out is at most |z|^(2i+1) (z^2 + z^4 + ...) <= |z|^(2i+1), a unit.
    Ok(widened(&sum))
}

fn log2(fixed: &Fixed) -> Checked<Interval> {
    let one = Interval::point(&fixed.one());
    Ok(doubled(&atanh(&over(&one, 3), fixed)?))
}

/// Machin: pi = 16 atan(1/5) - 4 atan(1/239).
fn pi(fixed: &Fixed) -> Checked<Interval> {
    let one = Interval::point(&fixed.one());
    let part = |n: u32, factor: u32| {
        let value = arctangent(&over(&one, n), fixed)?;
        Ok::<_, Fault>(times(&value, &BigInt::from(factor)))
    };
    Ok(part(5, 16)?.minus(&part(239, 4)?))
}

/// atan(t) = t - t^3/3 + t^5/5 - ..., 0 <= t <= 1/2.
fn arctangent(t: &Interval, fixed: &Fixed) -> Checked<Interval> {
    let square = fixed.square(t)?;
    let (mut power, mut sum, mut n) = (t.clone(), t.clone(), 1_u32);
    while power.mag() > BigInt::one() {
        n += 2;
        power = fixed.mul(&power, &square)?.negated();
        sum = sum.plus(&over(&power, n));
    }
    // Alternating and decreasing: what is left out is at most the next term, which is below the last power.
    Ok(widened(&sum))
}

/// atan(x), x >= 0: pi/2 - atan(1/x) beyond 1; then atan x = 2 atan(x/(1 + sqrt(1 + x^2))), four times.
fn atan(x: &Interval, pi: &Interval, fixed: &Fixed) -> Checked<Interval> {
    const HALVINGS: u32 = 4;
    let one = Interval::point(&fixed.one());
    let beyond = x.lo > one.lo;
    let mut t = if beyond {
        divide(&one, x, fixed)?
    } else {
        x.clone()
    };
    for _ in 0..HALVINGS {
        let hypotenuse = sqrt(&fixed.one_plus(&fixed.square(&t)?), fixed)?;
        t = divide(&t, &fixed.one_plus(&hypotenuse), fixed)?;
    }
    if t.hi > fixed.one() >> 1_u32 {
        return Err(Fault::internal("atan"));
    }
    let value = times(&arctangent(&t, fixed)?, &BigInt::from(1 << HALVINGS));
    Ok(if beyond {
        pi.half().minus(&value)
    } else {
        value
    })
}

/// first - first t^2/((n+1)(n+2)) + ..., the series of sin (first t, n = 1) and cos (first 1, n = 0), |t| <= 1.
fn alternating(first: &Interval, n: u32, square: &Interval, fixed: &Fixed) -> Checked<Interval> {
    let (mut term, mut sum, mut n) = (first.clone(), first.clone(), n);
    while term.mag() > BigInt::one() {
        term = over(&fixed.mul(&term, square)?, (n + 1) * (n + 2)).negated();
        n += 2;
        sum = sum.plus(&term);
    }
    // Alternating and decreasing: what is left out is below the last term.
    Ok(widened(&sum))
}

/// Divisions in the recurrences of models.
pub(crate) fn quotient(a: &BigInt, b: &BigInt, fixed: &Fixed) -> Checked<BigInt> {
    fixed.budget.charge((limbs(a) + 1) * (limbs(b) + 1) + 60)?;
    Ok(a.div_floor(b))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::core::number::Rational;

    /// Bits of the values that are computed here in another way: right to far more than 300 bits.
    pub(crate) const W: u64 = 560;
    const TERMS: u32 = 2_000;

    pub(crate) fn one() -> BigInt {
        BigInt::one() << W
    }

    pub(crate) fn times(a: &BigInt, b: &BigInt) -> BigInt {
        (a * b) >> W
    }

    pub(crate) fn over(a: &BigInt, b: &BigInt) -> BigInt {
        (a << W) / b
    }

    pub(crate) fn exp(x: &BigInt) -> BigInt {
        let (mut term, mut sum) = (one(), one());
        for k in 1..TERMS {
            term = times(&term, x) / k;
            sum += &term;
            if term.bits() < 2 {
                break;
            }
        }
        sum
    }

    /// sin and cos by their series, without reduction.
    pub(crate) fn sin_cos(x: &BigInt) -> (BigInt, BigInt) {
        let (mut sin, mut cos, mut term) = (BigInt::zero(), one(), one());
        for k in 1..600_u32 {
            term = times(&term, x) / k;
            let sign = if k % 4 < 2 { 1 } else { -1 };
            *(if k % 2 == 1 { &mut sin } else { &mut cos }) += &term * sign;
            if term.bits() < 2 {
                break;
            }
        }
        (sin, cos)
    }

    pub(crate) fn pi() -> BigInt {
        let mut z = one() * 22 / 7;
        for _ in 0..6 {
            z += sin_cos(&z).0;
        }
        z
    }

    /// Halley's steps for exp(z) = x.
    pub(crate) fn log(x: &BigInt) -> BigInt {
        // Within 1 of it, by the length.
        let mut z = one() * (BigInt::from(x.bits()) - W) * 69 / 100;
        for _ in 0..8 {
            let e = exp(&z);
            z += over(&((x - &e) * 2), &(x + &e));
        }
        z
    }

    /// tan(a - z) = (x cos z - sin z)/(cos z + x sin z) for x = tan a.
    pub(crate) fn atan(x: &BigInt) -> BigInt {
        // Within 1/4 of it.
        let mut z = over(&(x * 3 / 2), &(one() + x.abs()));
        for _ in 0..8 {
            let (s, c) = sin_cos(&z);
            z += over(&(times(x, &c) - &s), &(&c + times(x, &s)));
        }
        z
    }

    pub(crate) fn root(m: u32, x: &BigInt) -> BigInt {
        (x << (W * u64::from(m - 1))).nth_root(m)
    }

    pub(crate) fn asin(x: &BigInt) -> BigInt {
        let rest = root(2, &(one() - times(x, x)));
        if rest.is_zero() {
            return pi() / 2 * x.signum();
        }
        atan(&over(x, &rest))
    }

    /// 2/sqrt(pi) (x - x^3/3 + x^5/(2! 5) - ...), |x| at most 8 or so.
    pub(crate) fn erf(x: &BigInt) -> BigInt {
        let square = times(x, x);
        let (mut term, mut sum) = (x.clone(), x.clone());
        for k in 1..1_200_u32 {
            term = -times(&term, &square) / k;
            sum += &term / (2 * k + 1);
            if term.bits() < 2 {
                break;
            }
        }
        over(&(sum * 2), &root(2, &pi()))
    }

    pub(crate) fn random(seed: &mut u64) -> u64 {
        *seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        *seed >> 20
    }

    /// From -2^bits to 2^bits, at any of a few scales.
    pub(crate) fn number(seed: &mut u64, precision: u64, bits: u64) -> BigInt {
        let n = BigInt::from(random(seed)) - (BigInt::one() << 43);
        let scale = random(seed) % 12;
        (n << (precision + bits)) >> (43 + scale * (random(seed) % 4))
    }

    /// The value is in the interval, which is at most a few units wide.
    fn held(x: &Interval, value: &BigInt, precision: u64, what: &str) {
        let (lo, hi) = (&x.lo << (W - precision), &x.hi << (W - precision));
        let slip = BigInt::one() << (W - 400);
        assert!(lo <= value + &slip && value - slip <= hi, "{what}: {x:?}");
        assert!(&x.hi - &x.lo <= BigInt::from(4), "{what}: {x:?}");
    }

    #[test]
    fn every_function_is_enclosed() {
        let mut seed = 3;
        for i in 0..400 {
            let precision = 64 + (i % 4) * 60;
            let fixed = Fixed {
                precision,
                budget: Budget::new(),
            };
            let points = Points::new(&fixed);
            let x = number(&mut seed, precision, 3);
            let wide = &x << (W - precision);
            let say = |name: &str| format!("{name} of {x} at {precision}");
            held(&points.pi().unwrap(), &pi(), precision, "pi");
            let relative = points.exp(&x).unwrap();
            held(&relative, &exp(&wide), precision, &say("exp"));
            let (sin, cos) = points.sin_cos(&x).unwrap();
            let (s, c) = sin_cos(&wide);
            held(&sin, &s, precision, &say("sin"));
            held(&cos, &c, precision, &say("cos"));
            held(
                &points.atan(&x).unwrap(),
                &atan(&wide),
                precision,
                &say("atan"),
            );
            held(
                &points.erf(&x).unwrap(),
                &erf(&wide),
                precision,
                &say("erf"),
            );
            if x.is_positive() {
                held(
                    &points.log(&x).unwrap(),
                    &log(&wide),
                    precision,
                    &say("log"),
                );
            }
            let small = &x >> 3;
            let wide = &wide >> 3;
            if &small << 3 == x {
                held(
                    &points.asin(&small).unwrap(),
                    &asin(&wide),
                    precision,
                    &say("asin"),
                );
            }
            let m = 2 + u32::try_from(random(&mut seed) % 9).unwrap();
            let down = points.root(m, &x.abs()).unwrap();
            let value = root(m, &(x.abs() << (W - precision)));
            held(
                &Interval::new(down.clone(), down + 1),
                &value,
                precision,
                "root",
            );
        }
    }

    #[test]
    fn ends_and_limits() {
        let fixed = Fixed {
            precision: 128,
            budget: Budget::new(),
        };
        let points = Points::new(&fixed);
        let at = |n: i64| BigInt::from(n) << 128;
        for sign in [1, -1] {
            let quarter = pi() / 2 * sign;
            held(&points.asin(&at(sign)).unwrap(), &quarter, 128, "asin");
            let (one, far) = (one() * sign, &at(1_000) * sign);
            held(&points.erf(&far).unwrap(), &one, 128, "erf");
            let (s, _) = points.sin_cos(&(at(1_048_575) * sign)).unwrap();
            assert!(s.hi < fixed.one() && s.lo > -fixed.one());
        }
        held(
            &points.exp(&at(-4_095)).unwrap(),
            &BigInt::zero(),
            128,
            "exp",
        );
        assert!(points.exp(&at(4_095)).is_ok());
        // log(2^60) = 60 log 2, of a number with more bits than the guard has.
        let sixty = log(&(one() * 2)) * 60;
        held(&points.log(&(at(1) << 60)).unwrap(), &sixty, 128, "log");
        let large = points.log(&(at(1) << 3_000)).unwrap();
        assert!(&large.hi - &large.lo < BigInt::from(9));
        held(&points.log(&at(1)).unwrap(), &BigInt::zero(), 128, "log");
        for (outcome, message) in [
            (points.exp(&at(4_096)), "exp of an argument beyond 4096"),
            (points.exp(&at(-4_096)), "exp of an argument beyond 4096"),
            (points.log(&at(0)), "log of a value that is not positive"),
            (points.log(&at(-1)), "log of a value that is not positive"),
            (points.asin(&(at(1) + 1)), "asin of an argument beyond 1"),
            (
                points.sin_cos(&at(1 << 20)).map(|both| both.0),
                "sin or cos of an argument beyond 2^20",
            ),
        ] {
            match outcome {
                Err(Fault::Rejected { detail, .. }) => assert_eq!(detail, message),
                other => panic!("{other:?}"),
            }
        }
        let exact = Rational::dyadic(points.root(2, &at(4)).unwrap(), 128);
        assert_eq!(exact, Rational::integer(2));
    }
}
