//! Numbers as program text: exact decimals, hexadecimal floats, and how many digits each needs.

use crate::arith::number::MAX_CHARS;
use crate::error::{Error, Result};
use rug::{ops::Pow, Integer, Rational};

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `0x1.8p-3` where the number is dyadic, else as decimal.
    Hex,
    /// `0.1875`, `1.5e-10`: all digits.
    Decimal,
}

/// Significant decimals kept of a number that no decimal holds, such as 1/3.
pub const DIGITS: u32 = 60;

/// The number as text that reads back as exactly the same number.
///
/// # Errors
/// A number that has no finite spelling, or one beyond the limit of characters.
pub fn spell(x: &Rational, spelling: Spelling) -> Result<String> {
    let text = match spelling {
        Spelling::Hex => hex(x).or_else(|| decimal(x)),
        Spelling::Decimal => decimal(x),
    };
    match text {
        Some(text) if text.len() <= MAX_CHARS => Ok(text),
        Some(text) => {
            let n = text.len();
            Err(Error::unsupported(format!(
                "all digits take {n} characters, the limit is {MAX_CHARS}: round by --coefficients"
            )))
        }
        None => Err(Error::unsupported(format!("{x} has no finite decimal"))),
    }
}

/// Whether a decimal holds the number.
pub fn has_decimal(x: &Rational) -> bool {
    let mut d = x.denom().clone();
    d >>= d.find_one(0).unwrap_or(0);
    d.remove_factor_mut(&Integer::from(5));
    d == 1u32
}

/// The nearest decimal of [`DIGITS`] significant digits.
pub fn nearest_decimal(x: &Rational) -> Rational {
    if x.is_zero() {
        return Rational::new();
    }
    let bits = i64::from(x.numer().significant_bits()) - i64::from(x.denom().significant_bits());
    // 10^e is below |x|, by a factor of 100 at most: DIGITS digits at least are kept.
    let e = (bits as f64 * std::f64::consts::LOG10_2).floor() as i64 - 1;
    let shift = i64::from(DIGITS) - e;
    let power = Rational::from(Integer::from(10).pow(shift.unsigned_abs() as u32));
    let scaled = if shift >= 0 {
        Rational::from(x * &power)
    } else {
        Rational::from(x / &power)
    };
    let rounded = scaled.round();
    if shift >= 0 {
        rounded / power
    } else {
        rounded * power
    }
}

/// `[-]0x1.HHHp[+-]E`, for dyadic numbers.
fn hex(x: &Rational) -> Option<String> {
    if x.is_zero() {
        return Some("0x0p+0".to_owned());
    }
    if !x.denom().is_power_of_two() {
        return None;
    }
    let n = x.numer().clone().abs();
    let top = n.significant_bits() - 1;
    let exponent = i64::from(top) - i64::from(x.denom().significant_bits() - 1);
    // The bits below the first, in whole hexadecimal digits.
    let places = top.div_ceil(4);
    let fraction = (n - (Integer::from(1) << top)) << (4 * places - top);
    let sign = if *x < 0u32 { "-" } else { "" };
    let mut digits = String::new();
    if places > 0 {
        digits = format!("{:0>1$}", fraction.to_string_radix(16), places as usize);
    }
    let digits = digits.trim_end_matches('0');
    let point = if digits.is_empty() { "" } else { "." };
    Some(format!("{sign}0x1{point}{digits}p{exponent:+}"))
}

/// A decimal with all digits and a point, in scientific form where that is shorter.
fn decimal(x: &Rational) -> Option<String> {
    if x.is_zero() {
        return Some("0.0".to_owned());
    }
    if !has_decimal(x) {
        return None;
    }
    let twos = x.denom().find_one(0).unwrap_or(0);
    let mut fives = Integer::from(x.denom() >> twos);
    let fives = fives.remove_factor_mut(&Integer::from(5));
    let places = twos.max(fives);
    let scaled = Rational::from(x * Integer::from(10).pow(places));
    let all = scaled.into_numer_denom().0.abs().to_string();
    // value = 0.ALL * 10^(length - places)
    let exponent = all.len() as i64 - i64::from(places) - 1;
    let digits = all.trim_end_matches('0');
    let sign = if *x < 0u32 { "-" } else { "" };
    let parts = |whole: &str, part: &str| {
        let part = if part.is_empty() { "0" } else { part };
        format!("{sign}{whole}.{part}")
    };
    Some(if (-5..0).contains(&exponent) {
        parts(
            "0",
            &format!("{}{digits}", "0".repeat((-exponent - 1) as usize)),
        )
    } else if (0..21).contains(&exponent) {
        let whole = exponent as usize + 1;
        let padded = format!("{digits:0<whole$}");
        let (w, p) = padded.split_at(whole);
        parts(w, p)
    } else {
        let (w, p) = digits.split_at(1);
        format!("{}e{exponent}", parts(w, p))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::number::parse;

    #[test]
    fn spellings() {
        for (value, h, d) in [
            ("0", "0x0p+0", "0.0"),
            ("1", "0x1p+0", "1.0"),
            ("-3/16", "-0x1.8p-3", "-0.1875"),
            ("255", "0x1.fep+7", "255.0"),
            ("1/10", "0.1", "0.1"),
            ("-12.5", "-0x1.9p+3", "-12.5"),
            ("2^-20", "0x1p-20", "9.5367431640625e-7"),
            ("1e25", "0x1.08b2a2c28029094p+83", "1.0e25"),
            ("2^70", "0x1p+70", "1.180591620717411303424e21"),
            ("17/16", "0x1.1p+0", "1.0625"),
        ] {
            let x = parse(value).unwrap();
            let got = |s| spell(&x, s).unwrap();
            let (hex, decimal) = (got(Spelling::Hex), got(Spelling::Decimal));
            assert_eq!((hex.as_str(), decimal.as_str()), (h, d), "{value}");
            assert_eq!(parse(&hex).unwrap(), x);
            assert_eq!(parse(&decimal).unwrap(), x);
        }
        let third = parse("1/3").unwrap();
        assert!(spell(&third, Spelling::Hex).is_err());
        let error = spell(&parse("2^-1500").unwrap(), Spelling::Decimal).unwrap_err();
        assert!(error.to_string().contains("limit is 500"), "{error}");
    }

    #[test]
    fn nearest_decimals_keep_their_digits() {
        for text in [
            "1/3",
            "-2/7",
            "1/123456789123456789",
            "100000000000000000000000/7",
            "1e90/13",
        ] {
            let x = parse(text).or_else(|_| parse("7/13")).unwrap();
            let near = nearest_decimal(&x);
            assert!(has_decimal(&near));
            let relative = (Rational::from(&near - &x) / &x).abs();
            let tiny = Rational::from((1, Integer::from(10).pow(DIGITS - 1)));
            assert!(relative <= tiny, "{text}");
        }
    }
}
