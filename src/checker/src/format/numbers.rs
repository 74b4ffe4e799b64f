//! Numbers of a document: integers, fractions and dyadics, read into exact rationals.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use num_bigint::{BigInt, Sign};
use num_traits::Signed;

/// How long a number may be.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Characters at most.
    characters: usize,
    /// Largest exponent of a dyadic, either way.
    exponent: i64,
}

/// Of every number but those of a circuit's nodes.
const LIMITS: Limits = Limits {
    characters: 2_200,
    exponent: 4096,
};
/// Of the numbers of a circuit's nodes: an exact scale doubles its length with every level (EVALUATION.md, 2).
const LONG: Limits = Limits {
    characters: 8_192,
    exponent: 16_384,
};

impl Rational {
    /// Reads a number, into lowest terms.
    ///
    /// # Errors
    /// Unreadable unless it is an integer, a fraction or a dyadic within the limits.
    pub(crate) fn parse(text: &str, budget: &Budget) -> Checked<Self> {
        Self::parse_within(text, LIMITS, budget)
    }

    /// The same for a number of a circuit's node, which may be longer.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub(crate) fn parse_long(text: &str, budget: &Budget) -> Checked<Self> {
        Self::parse_within(text, LONG, budget)
    }

    fn parse_within(text: &str, limits: Limits, budget: &Budget) -> Checked<Self> {
        check_length(text, limits, budget)?;
        if let Some((mantissa, exponent)) = text.split_once("*2^") {
            return parse_dyadic(mantissa, exponent, limits.exponent);
        }
        if let Some((num, den)) = text.split_once('/') {
            let den = parse_integer(den)?;
            if !den.is_positive() || text.contains("/-") {
                return Err(Fault::unreadable("the denominator is not positive"));
            }
            let fraction = Self::raw(parse_integer(num)?, den);
            // A binary gcd takes about one subtraction of the whole number a bit.
            let bits = fraction.bits();
            budget.charge(2 * bits * (bits / 128 + 10))?;
            return Ok(fraction.reduced());
        }
        parse_integer(text).map(Self::integer)
    }

    /// Reads a hint number: an integer or a dyadic, as a multiple n of 2^-precision; n is even.
    ///
    /// # Errors
    /// Unreadable unless the value is a multiple of 2^-(precision-1) and at most 2^64 in size.
    pub(crate) fn parse_hint(text: &str, precision: u64, budget: &Budget) -> Checked<BigInt> {
        // Also what the number takes in memory, which is the scarcer thing here.
        budget.charge(64 + precision / 2)?;
        if text.contains('/') {
            return Err(Fault::unreadable("a hint number cannot be a fraction"));
        }
        let value = Self::parse(text, budget)?;
        // In lowest terms the denominator is 2^k, of k + 1 bits.
        if value.denom().bits() > precision {
            return Err(Fault::unreadable(format!(
                "a hint number must be a multiple of 2^-{}",
                precision - 1
            )));
        }
        if value.numer().abs() > (value.denom() << 64_u32) {
            return Err(Fault::unreadable("a hint number is at most 2^64 in size"));
        }
        Ok(value.floor_at(precision))
    }
}

/// The length limit, and the cost of a decimal conversion (quadratic in the length).
fn check_length(text: &str, limits: Limits, budget: &Budget) -> Checked<()> {
    if text.len() > limits.characters {
        return Err(Fault::unreadable(format!(
            "a number has at most {} characters",
            limits.characters
        )));
    }
    let length = text.len() as u64;
    budget.charge(50 + length + length * length / 100)
}

/// `-?(0|[1-9][0-9]*)`
fn parse_integer(text: &str) -> Checked<BigInt> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (Sign::Minus, digits),
        None => (Sign::Plus, text),
    };
    let canonical = digits == "0" || !digits.starts_with('0');
    if digits.is_empty() || !canonical || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::unreadable("not an integer, a fraction or a dyadic"));
    }
    match digits.parse::<u64>() {
        Ok(small) => Ok(BigInt::from_biguint(sign, small.into())),
        Err(_) => num_bigint::BigUint::parse_bytes(digits.as_bytes(), 10)
            .map(|magnitude| BigInt::from_biguint(sign, magnitude))
            .ok_or_else(|| Fault::unreadable("not an integer, a fraction or a dyadic")),
    }
}

/// integer `*2^` integer
fn parse_dyadic(mantissa: &str, exponent: &str, most: i64) -> Checked<Rational> {
    let mantissa = parse_integer(mantissa)?;
    let exponent = parse_integer(exponent)?;
    let range = -most..=most;
    match i64::try_from(&exponent) {
        Ok(e) if range.contains(&e) && e >= 0 => Ok(Rational::integer(mantissa << e)),
        Ok(e) if range.contains(&e) => Ok(Rational::dyadic(mantissa, e.unsigned_abs())),
        _ => Err(Fault::unreadable(format!(
            "the exponent of a dyadic is between -{most} and {most}"
        ))),
    }
}

/// Reads an integer from `min` to `max`.
pub(crate) fn parse_count(text: &str, min: u64, max: u64) -> Checked<u64> {
    let outside = || Fault::unreadable(format!("an integer from {min} to {max} is expected"));
    if text.len() > 20 {
        return Err(outside());
    }
    let value = u64::try_from(&parse_integer(text)?).map_err(|_| outside())?;
    if value < min || value > max {
        return Err(outside());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::{One, Zero};

    fn parse(text: &str) -> Checked<Rational> {
        Rational::parse(text, &Budget::new())
    }

    #[test]
    fn the_three_forms() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("-12", "-12"),
            ("7/1000", "7/1000"),
            ("-6/4", "-3/2"),
            ("0/5", "0"),
            ("5*2^-14", "5/16384"),
            ("6*2^-1", "3"),
            ("-3*2^2", "-12"),
            ("0*2^-4096", "0"),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "-",
            "+1",
            "01",
            "-01",
            "00",
            " 1",
            "1 ",
            "1.5",
            "1e5",
            "0x1",
            "1/0",
            "1/-2",
            "1/02",
            "/2",
            "1/",
            "1/2/3",
            "1*2^",
            "*2^3",
            "1*2^1/2",
            "1/2*2^3",
            "1*2^+3",
            "1*2^03",
            "1*2^4097",
            "1*2^-4097",
            "1*2^99999999999999999999",
            "--1",
            "1_000",
            "\u{661}",
            "1*2^3*2^3",
            "inf",
            "NaN",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"1".repeat(2200)).is_ok());
        assert!(parse(&"1".repeat(2201)).is_err());
    }

    #[test]
    fn hints() {
        let hint = |text: &str| Rational::parse_hint(text, 64, &Budget::new());
        assert_eq!(hint("1*2^-63").unwrap(), BigInt::from(2));
        assert_eq!(hint("-2*2^-64").unwrap(), BigInt::from(-2));
        assert_eq!(hint("1*2^64").unwrap(), BigInt::one() << 128);
        assert_eq!(hint("0*2^-100").unwrap(), BigInt::zero());
        for text in [
            "1*2^-64",
            "3*2^64",
            "-18446744073709551617",
            "1*2^65",
            "4/2",
            "1/2",
        ] {
            assert!(hint(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counts() {
        assert_eq!(parse_count("64", 64, 2048).unwrap(), 64);
        for text in [
            "63",
            "2049",
            "-64",
            "064",
            "64.0",
            "99999999999999999999999",
        ] {
            assert!(parse_count(text, 64, 2048).is_err());
        }
    }
}
