//! Rule B5: how far the polynomials of EvalMod are from cosine, arcsine and sine on [-1, 1], by Taylor's series.
//!
//! A Taylor polynomial T with rational coefficients is changed to the Chebyshev basis exactly, and since |T_j| <= 1
//! ```text
//! |P - f| <= sum_j |p_j - t_j| + |T - f|
//! ```

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::evaluation::refresh::upper::Upper;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

/// pi is known to within 2^-PI_BITS.
const PI_BITS: u64 = 240;
/// Angles are multiples of 2^-ANGLE_BITS.
const ANGLE_BITS: u64 = 160;
/// What is left out is below 2^-LEFT_OUT.
const LEFT_OUT: u64 = 110;
/// The largest angle of a cosine.
const MAX_ANGLE: u64 = 160;

fn rational(n: u64) -> Rational {
    Rational::integer(n)
}

/// 2^-bits.
fn power(bits: u64) -> Rational {
    Rational::dyadic(BigInt::one(), bits)
}

/// atan(1/k) at so many bits: every quotient is less than one unit off, and so is what is left out.
fn arctangent(k: u64, bits: u64) -> BigInt {
    let (mut sum, mut power) = (BigInt::zero(), (BigInt::one() << bits) / k);
    let mut i = 0u64;
    while !power.is_zero() {
        let term = &power / (2 * i + 1);
        if i % 2 == 0 {
            sum += term;
        } else {
            sum -= term;
        }
        power /= k * k;
        i += 1;
    }
    sum
}

/// pi by Machin: 16 atan(1/5) - 4 atan(1/239). Some 130 terms, each off by two units at most, times 20.
pub(crate) fn pi() -> Rational {
    let bits = PI_BITS + 16;
    let n = arctangent(5, bits) * 16u32 - arctangent(239, bits) * 4u32;
    Rational::dyadic(n, bits)
}

/// Coefficients over a common denominator in the Chebyshev basis, from powers.
///
/// x^n = 2^(1-n) sum_k C(n, k) T_(n-2k), the one of T_0 halved.
fn to_chebyshev(p: &Polynomial, budget: &Budget) -> Checked<(Vec<BigInt>, BigInt)> {
    let n = p.numerators.len();
    let shift = u64::try_from(n).unwrap_or(u64::MAX);
    let mut out = vec![BigInt::zero(); n];
    for (i, c) in p.numerators.iter().enumerate() {
        budget.charge(100 * (c.bits() / 64 + 8))?;
        let mut binomial = BigInt::one();
        for k in 0..=i / 2 {
            // Times 2^n over all: 2^(1 - i + n).
            let term = (c * &binomial) << (n + 1 - i);
            let j = i - 2 * k;
            if let Some(place) = out.get_mut(j) {
                *place += if j == 0 { term >> 1u32 } else { term };
            }
            binomial = binomial * (i - k) / (k + 1);
        }
    }
    Ok((out, &p.denominator << shift))
}

/// sum_j |p_j - t_j| + rest.
fn distance(
    p: &Polynomial,
    t: &[Rational],
    map: (&Rational, &Rational),
    rest: &Rational,
    budget: &Budget,
) -> Checked<Upper> {
    let t = Polynomial::from_basis(t, false, map.0, map.1, budget)?;
    let (p, own) = to_chebyshev(p, budget)?;
    let (t, other) = to_chebyshev(&t, budget)?;
    let zero = BigInt::zero();
    let mut sum = BigInt::zero();
    for j in 0..p.len().max(t.len()) {
        let at = |c: &[BigInt]| c.get(j).unwrap_or(&zero).clone();
        budget.product(own.bits(), other.bits())?;
        sum += (at(&p) * &other - at(&t) * &own).abs();
    }
    let sum = Rational::raw(sum, own * other);
    Ok(Upper::of(&sum).plus(&Upper::of(rest)))
}

/// The smallest numbers that terms are followed to.
fn is_small(term: &Rational) -> bool {
    term.abs() <= power(LEFT_OUT)
}

/// Powers of the terms' common square grow; what is below 2^-400 of them is no part of a coefficient that matters, and is counted.
const TERM_BITS: u64 = 400;

/// A term as a multiple of 2^-400, and how far it may be off.
fn short(term: &Rational) -> Rational {
    Rational::dyadic(term.floor_at(TERM_BITS), TERM_BITS)
}

/// |g(y) - cos(a sqrt((1 + y)/2))| on [-1, 1], a = 2 pi turns.
///
/// T = sum_i (-1)^i b^2i v^i/(2i)!, v = (1 + y)/2 in [0, 1], |a - b| <= 2 turns 2^-240 + 2^-160; cos has slopes of at most 1.
pub(crate) fn cosine(g: &Polynomial, turns: &Rational, budget: &Budget) -> Checked<Upper> {
    let twice = turns.times(&rational(2));
    let b = twice.times(&pi());
    if b > rational(MAX_ANGLE) {
        let text =
            format!("the first cosine goes beyond {MAX_ANGLE}: more double angles are needed");
        return Err(Fault::rejected(Rule::Own("B5 series"), text));
    }
    let b = Rational::dyadic(b.floor_at(ANGLE_BITS), ANGLE_BITS);
    let mut off = twice.times(&power(PI_BITS)).plus(&power(ANGLE_BITS));
    let square = b.times(&b);
    let (mut terms, mut term) = (Vec::new(), rational(1));
    let mut i = 0u64;
    while !is_small(&term) {
        budget.charge(20_000)?;
        terms.push(term.clone());
        // What a term is rounded off goes on into all later ones, which are at most e^b times as large together.
        let next = term
            .times(&square)
            .over(&rational((2 * i + 1) * (2 * i + 2)))
            .negated();
        term = short(&next);
        i += 1;
    }
    off = off.plus(&rounded(&b, terms.len()));
    let half = Rational::raw(BigInt::one(), 2.into());
    let rest = term.abs().plus(&off).plus(&power(TERM_BITS));
    distance(g, &terms, (&half, &half), &rest, budget)
}

/// Terms whose roundings of 2^-400 each pass into later ones by at most cosh b < 4^b.
fn rounded(b: &Rational, terms: usize) -> Rational {
    let count = rational(u64::try_from(terms).unwrap_or(u64::MAX));
    let grows = u64::try_from(b.ceil_at(0)).unwrap_or(TERM_BITS);
    count.times(&power(TERM_BITS.saturating_sub(2 * grows)))
}

/// |A(y) - 2^r/(2 pi) asin(s y)| on [-1, 1], 0 < s <= 3/4.
///
/// All coefficients of asin are positive, those of y^(2i+1) are C(2i, i)/(4^i (2i + 1)): what is left out is at most the first of
/// it over 1 - s^2.
pub(crate) fn arcsine(
    a: &Polynomial,
    s: &Rational,
    ratio_log2: u64,
    budget: &Budget,
) -> Checked<Upper> {
    let square = s.times(s);
    let ratio = Rational::integer(BigInt::one() << ratio_log2);
    let factor = ratio.over(&pi().times(&rational(2)));
    let factor = Rational::dyadic(factor.floor_at(ANGLE_BITS), ANGLE_BITS);
    let zero = rational(0);
    let (mut terms, mut term) = (Vec::new(), s.clone());
    let mut i = 0u64;
    while !is_small(&term) {
        budget.charge(20_000)?;
        let coefficient = term.times(&factor).over(&rational(2 * i + 1));
        terms.extend([zero.clone(), short(&coefficient)]);
        let share = Rational::raw((2 * i + 1).into(), (2 * i + 2).into());
        term = short(&term.times(&square).times(&share));
        i += 1;
    }
    let one = rational(1);
    let fall = one.plus(&square.negated());
    let left_out = term.plus(&power(TERM_BITS)).times(&factor).over(&fall);
    // The factor is off by 2^-160 and pi's part, and asin is at most 2; roundings of terms fall from one to the next.
    let count = rational(4 * i);
    let off = power(ANGLE_BITS - 2).plus(&ratio.times(&power(PI_BITS - 1)));
    let rest = left_out
        .plus(&off)
        .plus(&count.times(&factor.plus(&one)).times(&power(TERM_BITS)));
    distance(a, &terms, (&one, &zero), &rest, budget)
}

/// |G(m) - sin(2 pi m/2^r)/s| on [-1, 1].
pub(crate) fn sine(
    g: &Polynomial,
    s: &Rational,
    ratio_log2: u64,
    budget: &Budget,
) -> Checked<Upper> {
    let ratio = Rational::integer(BigInt::one() << ratio_log2);
    let angle = pi().times(&rational(2)).over(&ratio);
    let angle = Rational::dyadic(angle.floor_at(ANGLE_BITS), ANGLE_BITS);
    let square = angle.times(&angle);
    let zero = rational(0);
    let (mut terms, mut term) = (Vec::new(), short(&angle.over(s)));
    let mut i = 1u64;
    while !is_small(&term) {
        budget.charge(20_000)?;
        terms.extend([zero.clone(), term.clone()]);
        term = short(
            &term
                .times(&square)
                .over(&rational((i + 1) * (i + 2)))
                .negated(),
        );
        i += 2;
    }
    // The angle is off by 2^-159, and the sine over s has a slope of at most 1/s.
    let off = power(ANGLE_BITS - 1).over(s);
    let rest = term
        .abs()
        .plus(&off)
        .plus(&rational(2 * i + 2).times(&power(TERM_BITS)));
    let one = rational(1);
    distance(g, &terms, (&one, &zero), &rest, budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pi_is_pi() {
        let digits =
            "31415926535897932384626433832795028841971693993751058209749445923078164062862";
        let tens = BigInt::from(10u32).pow(76);
        let known = Rational::raw(digits.parse().unwrap(), tens.clone());
        let off = pi().plus(&known.negated()).abs();
        assert!(off <= Rational::raw(2.into(), tens));
    }

    /// A decimal of so many digits behind the point.
    fn decimal(digits: i64, places: u32) -> Rational {
        Rational::raw(digits.into(), BigInt::from(10u32).pow(places))
    }

    /// Whether a bound is above what it is of, in units of 10^-9, and no more than 2 % above.
    fn is_near(bound: &Upper, want: i64) -> bool {
        let bound = bound.rational();
        let want = decimal(want, 9);
        bound >= want && bound <= want.times(&Rational::raw(51.into(), 50.into()))
    }

    /// Taylor polynomials of a few terms: as far off as the next term, at the end of the interval.
    #[test]
    fn a_short_series_is_off_by_what_follows() {
        let budget = Budget::new();
        let (zero, one) = (rational(0), rational(1));
        let power =
            |list: &[Rational]| Polynomial::from_basis(list, false, &one, &zero, &budget).unwrap();
        // G = (c m - c^3 m^3/6)/s, c = pi/8, s = sin c: off by c^5/120 s - c^7/5040 s, 2.0338e-4 of it.
        let (c, s) = (
            decimal(392_699_081_698_724_155, 18),
            decimal(382_683_432_365_089_772, 18),
        );
        let cube = |x: &Rational| x.times(x).times(x).over(&rational(6));
        let list = [
            zero.clone(),
            c.over(&s),
            zero.clone(),
            cube(&c).negated().over(&s),
        ];
        assert!(is_near(
            &sine(&power(&list), &s, 4, &budget).unwrap(),
            202_600
        ));
        // A = 8/pi (s y + s^3 y^3/6).
        let f = decimal(2_546_479_089_470_325_373, 18);
        let list = [zero.clone(), f.times(&s), zero.clone(), f.times(&cube(&s))];
        assert!(is_near(
            &arcsine(&power(&list), &s, 4, &budget).unwrap(),
            1719384
        ));
        // cos(a sqrt v) near 1 - a^2 v/2, a = 1/4 = 2 pi turns.
        let turns = decimal(39_788_735_772_973_834, 18);
        let half = decimal(5, 1);
        let list = [one.clone(), Rational::raw((-1).into(), 32.into())];
        let p = Polynomial::from_basis(&list, false, &half, &half, &budget).unwrap();
        assert!(is_near(&cosine(&p, &turns, &budget).unwrap(), 162421));
        let far = turns.times(&rational(700));
        let fault = cosine(&p, &far, &budget).unwrap_err();
        assert!(
            format!("{fault:?}").contains("more double angles"),
            "{fault:?}"
        );
    }
}
