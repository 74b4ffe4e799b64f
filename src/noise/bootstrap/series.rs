//! How far the polynomials of EvalMod are from cosine and arcsine: proved by Taylor's series.
//!
//! # Method
//! A Taylor polynomial T with rational coefficients is changed to the Chebyshev basis exactly. Since |T_j| <= 1 on [-1, 1],
//! ```text
//! |P - f| <= sum_j |p_j - t_j| + |T - f|
//! ```
//! For f(y) = cos(a sqrt v), v = (1 + y)/2 in [0, 1]: T = sum_(i <= d) (-1)^i b^2i v^i/(2i)! with a rational b,
//! |T - f| <= b^(2d+2)/(2d+2)! + |a - b|, since cos has slopes of at most 1.
//! For f(y) = 2^r/(2 pi) asin(s y), 0 < s < 1: all coefficients c_i = C(2i, i)/(4^i (2i + 1)) are positive and fall, so what is
//! left out is at most c_(d+1) s^(2d+3)/(1 - s^2).
//!
//! pi is MPFR's, correctly rounded to 256 bits: |pi - pi'| <= 2^-255.

use crate::arith::number::f64_above;
use crate::arith::upper::Upper;
use crate::ckks::bootstrap::mod1::Mod1;
use crate::error::{Error, Result};
use crate::poly::basis::to_chebyshev;
use rug::float::Constant;
use rug::{Float, Integer, Rational};

/// Bits of pi.
const PI_BITS: u32 = 256;
/// b is a multiple of 2^-B_BITS.
const B_BITS: u32 = 160;
/// What is left out is below 2^-LEFT_OUT.
const LEFT_OUT: u32 = 110;
/// The largest a: a series of a few hundred terms.
const MAX_ANGLE: u32 = 160;

fn pi() -> Rational {
    let pi = Float::with_val(PI_BITS, Constant::Pi);
    pi.to_rational().unwrap_or_default()
}

/// 2^-bits.
fn power(bits: u32) -> Rational {
    Rational::from((Integer::from(1), Integer::from(1) << bits))
}

/// sum_j |p_j - t_j| + rest, rounded up.
fn distance(p: &[Rational], t: &[Rational], rest: &Rational) -> Upper {
    let zero = Rational::new();
    let at = |c: &[Rational], j: usize| c.get(j).unwrap_or(&zero).clone();
    let differences = (0..p.len().max(t.len())).map(|j| (at(p, j) - at(t, j)).abs());
    Upper::of(f64_above(&(differences.sum::<Rational>() + rest)))
}

/// `bound` of |g(y) - cos(a sqrt((1 + y)/2))| on [-1, 1], g as the circuit has it.
///
/// # Errors
/// An angle a that the series is not made for.
pub fn bound_cosine(mod1: &Mod1) -> Result<Upper> {
    // a = 2 pi K_1/2^R.
    let turns = mod1.reach() >> mod1.doublings;
    let b = Rational::from(&turns * 2u32) * pi();
    if b > MAX_ANGLE {
        return Err(Error::unsupported(format!(
            "EvalMod: with K {} and {} double angles the first cosine goes to {:.1}; what is proved goes to {MAX_ANGLE}: use \
             more double angles",
            mod1.overflow,
            mod1.doublings,
            b.to_f64()
        )));
    }
    let b = Rational::from((b << B_BITS).round().numer()) >> B_BITS;
    // 2 turns |pi - pi'| and b's own rounding.
    let off = Rational::from(&turns * 2u32) * power(PI_BITS - 1) + power(B_BITS);
    let square = Rational::from(&b * &b);
    let (mut terms, mut term) = (Vec::new(), Rational::from(1));
    let least = power(LEFT_OUT);
    let mut i = 0u32;
    while Rational::from(term.abs_ref()) > least {
        terms.push(term.clone());
        term *= &square;
        term /= -Rational::from((2 * i + 1) * (2 * i + 2));
        i += 1;
    }
    let half = Rational::from((1, 2));
    let taylor = to_chebyshev(&terms, &half, &half);
    Ok(distance(&mod1.cosine(), &taylor, &(term.abs() + off)))
}

/// `bound` of |A(y) - 2^r/(2 pi) asin(S' y)| on [-1, 1], A as the circuit has it and S' its unit of the sine.
pub fn bound_arcsine(mod1: &Mod1) -> Upper {
    let s = mod1.sine_unit();
    let square = Rational::from(&s * &s);
    let factor = mod1.ratio() / (pi() * 2u32);
    let (mut terms, mut term) = (Vec::new(), s);
    let least = power(LEFT_OUT);
    let mut i = 0u32;
    while term > least {
        let coefficient = Rational::from(&term / (2 * i + 1));
        terms.extend([Rational::new(), coefficient * &factor]);
        term *= &square;
        // C(2i+2, i+1)/4^(i+1) is C(2i, i)/4^i times (2i + 1)/(2i + 2).
        term *= Rational::from((2 * i + 1, 2 * i + 2));
        i += 1;
    }
    let left_out = term * &factor / (Rational::from(1) - square);
    // |1/pi - 1/pi'| <= 2^-255/9, and asin is at most 2.
    let off = mod1.ratio() * power(PI_BITS - 1);
    let taylor = to_chebyshev(&terms, &Rational::new(), &Rational::from(1));
    distance(&mod1.arcsine(), &taylor, &(left_out + off))
}

/// `bound` of |G(m) - sin(2 pi m/2^r)/S'| on [-1, 1], G a polynomial in powers.
pub fn bound_sine(mod1: &Mod1, g: &[Rational]) -> Upper {
    let angle = pi() * 2u32 / mod1.ratio();
    let unit = mod1.sine_unit();
    let square = Rational::from(&angle * &angle);
    let (mut terms, mut term) = (Vec::new(), Rational::from(&angle / &unit));
    let least = power(LEFT_OUT);
    let mut i = 1u32;
    while Rational::from(term.abs_ref()) > least {
        terms.extend([Rational::new(), term.clone()]);
        term *= &square;
        term /= -Rational::from((i + 1) * (i + 2));
        i += 2;
    }
    // The angle is off by 2 |pi - pi'|/2^r, and the sine over S' has a slope of at most 1/S'.
    let off = power(PI_BITS - 2) / mod1.ratio() / unit;
    let chebyshev = |c: &[Rational]| to_chebyshev(c, &Rational::new(), &Rational::from(1));
    distance(&chebyshev(g), &chebyshev(&terms), &(term.abs() + off))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::bootstrap::literal::Literal;

    fn clenshaw(c: &[Rational], y: &Float) -> Float {
        let (mut a, mut b) = (Float::new(200), Float::new(200));
        for c in c.iter().skip(1).rev() {
            let next = Float::with_val(200, y * &a) * 2u32 - &b + c;
            (b, a) = (a, next);
        }
        Float::with_val(200, y * &a) - b + &c[0]
    }

    /// Never below the largest distance that is seen, and no more than twice as large.
    #[test]
    fn series_bounds_are_just_above_what_is_seen() {
        let base = Literal::r57(14).mod1;
        for (degree, arcsine, overflow, ratio_log2) in [
            (30, 11, 13, 4),
            (26, 7, 13, 4),
            (40, 15, 16, 3),
            (30, 5, 13, 8),
        ] {
            let mod1 = Mod1 {
                degree,
                arcsine,
                overflow,
                ratio_log2,
                ..base.clone()
            };
            let pi = Float::with_val(200, Constant::Pi);
            let a = (Float::with_val(200, &pi * 2u32) * mod1.reach()) >> mod1.doublings;
            let unit = Float::with_val(200, mod1.sine_unit());
            let amplitude = Float::with_val(200, mod1.ratio()) / (pi.clone() * 2u32);
            let (g, arc) = (mod1.cosine(), mod1.arcsine());
            let (mut cosine, mut sine) = (0f64, 0f64);
            for k in 0..=4000 {
                let y = (Float::with_val(200, k) / 2000u32) - 1u32;
                let v: Float = Float::with_val(200, &y + 1u32) / 2u32;
                let want = (v.sqrt() * &a).cos();
                cosine = cosine.max((clenshaw(&g, &y) - want).abs().to_f64());
                let want = Float::with_val(200, &y * &unit).asin() * &amplitude;
                sine = sine.max((clenshaw(&arc, &y) - want).abs().to_f64());
            }
            for (bound, seen) in [
                (bound_cosine(&mod1).unwrap().get(), cosine),
                (bound_arcsine(&mod1).get(), sine),
            ] {
                println!(
                    "K {overflow} r {ratio_log2}: bound 2^{:.2}, seen 2^{:.2}",
                    bound.log2(),
                    seen.log2()
                );
                assert!(bound >= seen, "{bound} {seen}");
                assert!(bound <= 2.0 * seen, "{bound} {seen}");
            }
        }
    }

    #[test]
    fn an_angle_too_large_is_refused() {
        let mut mod1 = Literal::r57(14).mod1;
        (mod1.overflow, mod1.doublings) = (512, 3);
        let error = bound_cosine(&mod1).unwrap_err().to_string();
        assert!(error.contains("K 512 and 3 double angles"), "{error}");
    }
}
