//! The coefficients that a program would hold: correctly rounded to a binary format, exactly.

use crate::core::fault::{Checked, Fault};
use crate::core::number::{parse_count, Rational};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed};
use std::cmp::Ordering;
use std::fmt;

/// How the coefficients of a table are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As written.
    Exact,
    /// Nearest IEEE 754 binary64 number, ties to even.
    Binary64,
    /// Nearest IEEE 754 binary32 number, ties to even.
    Binary32,
    /// Nearest multiple of 2^-bits, ties to even.
    Fixed(u64),
}

impl Mode {
    /// Reads `exact`, `f64`, `f32` or `fixed:BITS`.
    pub(crate) fn parse(text: &str) -> Checked<Self> {
        match text {
            "exact" => Ok(Self::Exact),
            "f64" => Ok(Self::Binary64),
            "f32" => Ok(Self::Binary32),
            _ => match text.strip_prefix("fixed:") {
                Some(bits) => parse_count(bits, 1, 1024).map(Self::Fixed),
                None => Err(Fault::unreadable("not one of exact, f64, f32, fixed:BITS")),
            },
        }
    }

    /// The rounded number.
    ///
    /// # Errors
    /// Unreadable if the number overflows the format.
    pub(crate) fn round(self, x: &Rational) -> Checked<Rational> {
        match self {
            Self::Exact => Ok(x.clone()),
            Self::Binary64 => round_binary(x, 53, -1074, 1024),
            Self::Binary32 => round_binary(x, 24, -149, 128),
            Self::Fixed(bits) => {
                let nearest = nearest_even(&(x.numer() << bits), x.denom());
                Ok(Rational::dyadic(nearest, bits))
            }
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::Binary64 => f.write_str("f64"),
            Self::Binary32 => f.write_str("f32"),
            Self::Fixed(bits) => write!(f, "fixed:{bits}"),
        }
    }
}

/// Rounds to m 2^q with |m| < 2^digits and q at least `least`, so that numbers below the normal
/// range are rounded to multiples of 2^least; results from 2^`overflow` on are errors.
fn round_binary(x: &Rational, digits: i64, least: i64, overflow: u64) -> Checked<Rational> {
    if x.is_zero() {
        return Ok(Rational::integer(0));
    }
    let e = floor_log2(x);
    let q = (e - digits + 1).max(least);
    let shift = q.unsigned_abs();
    let rounded = if q >= 0 {
        Rational::integer(nearest_even(x.numer(), &(x.denom() << shift)) << shift)
    } else {
        Rational::dyadic(nearest_even(&(x.numer() << shift), x.denom()), shift)
    };
    if rounded.abs() >= Rational::integer(BigInt::one() << overflow) {
        return Err(Fault::unreadable("the coefficient overflows the format"));
    }
    Ok(rounded)
}

/// The e with 2^e <= |x| < 2^(e+1), for x not 0.
fn floor_log2(x: &Rational) -> i64 {
    // The lengths give e or e + 1.
    let guess = x.numer().bits() as i64 - x.denom().bits() as i64;
    let shift = guess.unsigned_abs();
    let below = if guess >= 0 {
        x.numer().abs() < (x.denom() << shift)
    } else {
        (x.numer().abs() << shift) < *x.denom()
    };
    guess - i64::from(below)
}

/// The integer nearest to num/den, ties to even.
fn nearest_even(num: &BigInt, den: &BigInt) -> BigInt {
    let (floor, rest) = num.div_mod_floor(den);
    let up = match (&rest + &rest).cmp(den) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => floor.is_odd(),
    };
    if up {
        floor + 1
    } else {
        floor
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_types, clippy::float_arithmetic)] // The reference is the hardware's own rounding.
mod tests {
    use super::*;
    use crate::core::budget::Budget;

    fn parse(text: &str) -> Rational {
        Rational::parse(text, &Budget::new()).unwrap()
    }

    /// Exact value of a finite binary64 number, from its bits.
    fn of_bits(bits: u64) -> Rational {
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
        let mantissa = BigInt::from(fraction + if exponent > 0 { 1 << 52 } else { 0 });
        let e = exponent.max(1) - 1075;
        let signed = if bits >> 63 == 1 { -mantissa } else { mantissa };
        if e >= 0 {
            Rational::integer(signed << e)
        } else {
            Rational::dyadic(signed, e.unsigned_abs())
        }
    }

    #[test]
    fn agrees_with_the_standard_library_on_decimals() {
        let mut seed = 7_u64;
        for i in 0..4000_u32 {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let (mantissa, exponent) = (seed >> 8, i % 340);
            let sign = if seed & 1 == 0 { "" } else { "-" };
            let ten = format!("1{}", "0".repeat(exponent as usize));
            let x = parse(&format!("{sign}{mantissa}/{ten}"));
            let decimal = format!("{sign}{mantissa}e-{exponent}");
            let wide: f64 = decimal.parse().unwrap();
            assert_eq!(
                Mode::Binary64.round(&x).unwrap(),
                of_bits(wide.to_bits()),
                "{decimal}"
            );
            let narrow: f32 = decimal.parse().unwrap();
            let narrow = f64::from(narrow);
            assert_eq!(
                Mode::Binary32.round(&x).unwrap(),
                of_bits(narrow.to_bits()),
                "{decimal}"
            );
        }
    }

    #[test]
    fn ties_subnormals_and_overflow() {
        let cases = [
            (Mode::Binary64, "9007199254740993", "9007199254740992"),
            (Mode::Binary64, "9007199254740995", "9007199254740996"),
            (Mode::Binary64, "1*2^-1075", "0"),
            (Mode::Binary64, "3*2^-1075", "1*2^-1073"),
            (Mode::Binary64, "-1*2^-1074", "-1*2^-1074"),
            (
                Mode::Binary64,
                "9007199254740991*2^971",
                "9007199254740991*2^971",
            ),
            (Mode::Binary32, "16777217", "16777216"),
            (Mode::Binary32, "-3*2^-150", "-1*2^-148"),
            (Mode::Fixed(1), "1/4", "0"),
            (Mode::Fixed(1), "3/4", "1"),
            (Mode::Fixed(1), "-1/4", "0"),
            (Mode::Fixed(3), "1/3", "3/8"),
            (Mode::Exact, "1/3", "1/3"),
        ];
        for (mode, x, rounded) in cases {
            assert_eq!(mode.round(&parse(x)).unwrap(), parse(rounded), "{mode} {x}");
        }
        // Half an ulp below 2^1024 rounds up to it; anything less stays finite.
        assert!(Mode::Binary64
            .round(&parse("18014398509481983*2^970"))
            .is_err());
        assert!(Mode::Binary64
            .round(&parse("36028797018963965*2^969"))
            .is_ok());
        assert!(Mode::Binary32.round(&parse("1*2^128")).is_err());
    }

    #[test]
    fn modes_are_read_strictly() {
        for text in [
            "",
            "F64",
            "fixed",
            "fixed:0",
            "fixed:1025",
            "fixed:08",
            "fixed:-1",
            "f16",
        ] {
            assert!(Mode::parse(text).is_err(), "{text}");
        }
        assert_eq!(Mode::parse("fixed:1024").unwrap().to_string(), "fixed:1024");
    }
}
