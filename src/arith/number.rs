//! Exact rationals as text: reading what tables hold, writing what certificates hold.
//!
//! Accepted: integer, decimal with optional exponent, fraction `a/b`, hexadecimal float
//! `0x1.8p-3`, power or multiple of a power of two `2^-14`, `5*2^-14`. Never NaN or infinity.
//! Sizes are capped before anything is computed, so that hostile text costs nothing.

use crate::error::{Error, Result};
use rug::float::Round;
use rug::{ops::Pow, Float, Integer, Rational};

/// Longest accepted number, in characters.
pub const MAX_CHARS: usize = 500;
/// Largest accepted absolute value of a binary exponent (`2^e`, `p` exponents).
pub const MAX_BINARY_EXPONENT: i64 = 2_048;
/// Largest accepted absolute value of a decimal exponent.
pub const MAX_DECIMAL_EXPONENT: i64 = 600;

/// Reads one exact number.
///
/// **Inputs** text in one of the forms of the module header.
/// **Guarantee** the value is exact: no rounding happens.
///
/// # Errors
/// Not a number of these forms, a zero denominator, or one of the caps above.
///
/// ```
/// use polycert::arith::number::parse;
/// assert_eq!(parse("2^-14")?, parse("0.00006103515625")?);
/// assert_eq!(parse("0x1.8p-3")?, parse("3/16")?);
/// assert!(parse("1/0").is_err());
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn parse(text: &str) -> Result<Rational> {
    let fail = |detail: &str| Err(Error::parse("", format!("{} ({detail})", quote(text))));
    if text.len() > MAX_CHARS {
        return Err(Error::parse(
            "",
            format!(
                "a number of {} characters is over the limit of {MAX_CHARS}",
                text.len()
            ),
        ));
    }
    let text = text.trim();
    if let Some((n, d)) = text.split_once('/') {
        let (Some(n), Some(d)) = (integer(n), integer(d)) else {
            return fail("a fraction is integer/integer");
        };
        if d.is_zero() {
            return fail("the denominator is zero");
        }
        return Ok(Rational::from((n, d)));
    }
    if let Some((base, exponent)) = text.split_once('^') {
        let (mantissa, base) = match base.split_once('*') {
            Some((m, b)) => (m, b),
            None if base.starts_with('-') => ("-1", &base[1..]),
            None => ("1", base),
        };
        let (Some(m), Some(e), "2") = (integer(mantissa), small(exponent), base) else {
            return fail("expected m*2^e with integers m and e");
        };
        if e.abs() > MAX_BINARY_EXPONENT {
            return fail(&format!("binary exponents go up to {MAX_BINARY_EXPONENT}"));
        }
        return Ok(dyadic(m, e));
    }
    let unsigned = text.trim_start_matches(['-', '+']);
    if text.len() - unsigned.len() > 1 {
        return fail("more than one sign");
    }
    let negative = text.starts_with('-');
    let hex = unsigned
        .strip_prefix("0x")
        .or_else(|| unsigned.strip_prefix("0X"));
    let (digits, mark, radix) = match hex {
        Some(rest) => (rest, ['p', 'P'], 16),
        None => (unsigned, ['e', 'E'], 10),
    };
    let (digits, exponent) = match digits.split_once(mark) {
        Some((d, e)) => (d, small(e)),
        None => (digits, Some(0)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, part].concat();
    if all.is_empty() || !all.chars().all(|c| c.is_digit(radix)) {
        return fail("not a finite number: expected a decimal, a/b, 0x1.8p-3 or m*2^e");
    }
    let (Some(e), Ok(mantissa)) = (exponent, Integer::from_str_radix(&all, radix as i32)) else {
        return fail("the exponent is not an integer");
    };
    let mantissa = if negative { -mantissa } else { mantissa };
    let places = part.len() as i64;
    if radix == 16 {
        if e.abs() > MAX_BINARY_EXPONENT {
            return fail(&format!("binary exponents go up to {MAX_BINARY_EXPONENT}"));
        }
        return Ok(dyadic(mantissa, e - 4 * places));
    }
    if e.abs() > MAX_DECIMAL_EXPONENT {
        return fail(&format!(
            "decimal exponents go up to {MAX_DECIMAL_EXPONENT}"
        ));
    }
    let shift = e - places;
    let power = Integer::from(10).pow(shift.unsigned_abs() as u32);
    Ok(if shift >= 0 {
        Rational::from(mantissa * power)
    } else {
        Rational::from((mantissa, power))
    })
}

/// m 2^e, exactly.
pub fn dyadic(m: Integer, e: i64) -> Rational {
    let shift = u32::try_from(e.unsigned_abs()).unwrap_or(u32::MAX);
    if e >= 0 {
        Rational::from(m << shift)
    } else {
        Rational::from(m) >> shift
    }
}

/// The certificate's form of a number: integer, dyadic `m*2^e` (m odd) or fraction in lowest terms.
pub fn write(value: &Rational) -> String {
    let (n, d) = (value.numer(), value.denom());
    if *d == 1u32 {
        return n.to_string();
    }
    if d.is_power_of_two() {
        return format!("{n}*2^-{}", d.significant_bits() - 1);
    }
    format!("{n}/{d}")
}

/// The canonical form under the digest: `n` or `n/d` in lowest terms.
pub fn write_canonical(value: &Rational) -> String {
    if *value.denom() == 1u32 {
        value.numer().to_string()
    } else {
        format!("{}/{}", value.numer(), value.denom())
    }
}

/// Decimal rendering for people, rounded down (toward minus infinity) or up.
///
/// **Guarantee** the printed decimal is <= (`up` false) or >= (`up` true) the exact value.
pub fn decimal(value: &Rational, digits: u32, up: bool) -> String {
    if value.is_zero() {
        return "0".to_owned();
    }
    let magnitude = value.clone().abs();
    // 10^e <= magnitude < 10^(e+1): an estimate from bit lengths, then corrected.
    let bits = f64::from(magnitude.numer().significant_bits())
        - f64::from(magnitude.denom().significant_bits());
    let mut e = (bits * std::f64::consts::LOG10_2).floor() as i32 - 1;
    while power_of_ten(e + 1) <= magnitude {
        e += 1;
    }
    let scaled = value * power_of_ten(digits as i32 - 1 - e);
    let (mut m, _) = if up { scaled.ceil() } else { scaled.floor() }.into_numer_denom();
    if m.clone().abs() >= Integer::from(10).pow(digits) {
        m /= 10; // exact: rounding reached the next power of ten
        e += 1;
    }
    let sign = if m < 0 { "-" } else { "" };
    let all = m.abs().to_string();
    let point = |whole: &str, part: &str| {
        let part = part.trim_end_matches('0');
        if part.is_empty() {
            whole.to_owned()
        } else {
            format!("{whole}.{part}")
        }
    };
    if (-4..digits as i32).contains(&e) {
        if e >= 0 {
            let (w, p) = all.split_at(e as usize + 1);
            format!("{sign}{}", point(w, p))
        } else {
            format!(
                "{sign}{}",
                point("0", &format!("{}{all}", "0".repeat((-e - 1) as usize)))
            )
        }
    } else {
        let (w, p) = all.split_at(1);
        format!("{sign}{}e{e}", point(w, p))
    }
}

/// The greatest f64 that is not above x: the greatest finite one beyond the range, -infinity below it.
///
/// **Guarantee** `f64_below(x) <= x`, also where f64 is subnormal: a Float of 53 bits is none there, so the way from it to
/// f64 must be rounded in the same direction.
pub fn f64_below(x: &Rational) -> f64 {
    directed(x, Round::Down)
}

/// The least f64 that is not below x; see [`f64_below`].
pub fn f64_above(x: &Rational) -> f64 {
    directed(x, Round::Up)
}

fn directed(x: &Rational, round: Round) -> f64 {
    Float::with_val_round(53, x, round).0.to_f64_round(round)
}

/// Base-2 logarithm of a positive rational, to f64 precision (an estimate for display).
pub fn estimate_log2(value: &Rational) -> f64 {
    let f = rug::Float::with_val(64, value);
    f.log2().to_f64()
}

fn power_of_ten(e: i32) -> Rational {
    let power = Integer::from(10).pow(e.unsigned_abs());
    if e >= 0 {
        Rational::from(power)
    } else {
        Rational::from((Integer::from(1), power))
    }
}

fn integer(text: &str) -> Option<Integer> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Integer::from_str_radix(text, 10).ok()
}

fn small(text: &str) -> Option<i64> {
    let digits = text.trim_start_matches(['-', '+']);
    if digits.is_empty() || digits.len() > 9 || text.len() - digits.len() > 1 {
        return None;
    }
    digits
        .parse::<i64>()
        .ok()
        .map(|v| if text.starts_with('-') { -v } else { v })
}

fn quote(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let dots = if text.chars().count() > 40 { "..." } else { "" };
    format!("{short:?}{dots} is not accepted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_rounded_outward_where_f64_is_subnormal_too() {
        let tiny = f64::from_bits(1);
        let power = |e: u32| Rational::from(1) >> e;
        // (x, below, above)
        for (x, below, above) in [
            (power(1080), 0.0, tiny),
            (power(1074), tiny, tiny),
            (power(1074) * Rational::from((14, 10)), tiny, 2.0 * tiny),
            (
                Rational::from((1, 3)),
                (1.0f64 / 3.0),
                (1.0f64 / 3.0).next_up(),
            ),
            (Rational::from(1) << 1025, f64::MAX, f64::INFINITY),
        ] {
            assert_eq!((f64_below(&x), f64_above(&x)), (below, above), "{x}");
            let minus = Rational::from(-&x);
            assert_eq!(
                (f64_below(&minus), f64_above(&minus)),
                (-above, -below),
                "-{x}"
            );
        }
    }

    #[test]
    fn every_form_is_exact() {
        for (text, n, d) in [
            ("-12", -12, 1),
            ("0.5", 1, 2),
            ("-1.25e-1", -1, 8),
            ("3e2", 300, 1),
            ("6/4", 3, 2),
            ("-6/4", -3, 2),
            ("0x1.8p-3", 3, 16),
            ("-0x10p0", -16, 1),
            ("2^-3", 1, 8),
            ("-2^-3", -1, 8),
            ("5*2^2", 20, 1),
            (".5", 1, 2),
            ("5.", 5, 1),
            ("+7", 7, 1),
        ] {
            assert_eq!(parse(text).unwrap(), Rational::from((n, d)), "{text}");
        }
    }

    #[test]
    fn bad_numbers_are_refused() {
        let long = "1".repeat(1_000_000);
        for text in [
            "",
            "-",
            "nan",
            "inf",
            "-inf",
            "NaN",
            "1/0",
            "1/",
            "/2",
            "1/-0",
            "1e",
            "1e9999999999",
            "1e601",
            "0x",
            "0x1p",
            "2^",
            "3^4",
            "2^99999",
            "--1",
            "1..2",
            "1.2.3",
            "1 2",
            "0x1.gp1",
            ".",
            "e5",
            &long,
        ] {
            assert!(parse(text).is_err(), "{}", &text[..text.len().min(20)]);
        }
    }

    #[test]
    fn writing_round_trips() {
        for text in ["0", "-12", "7/3", "5*2^-14", "-1*2^-3"] {
            assert_eq!(write(&parse(text).unwrap()), text);
        }
    }

    #[test]
    fn decimals_round_outward() {
        let third = parse("1/3").unwrap();
        assert_eq!(decimal(&third, 3, false), "0.333");
        assert_eq!(decimal(&third, 3, true), "0.334");
        assert_eq!(decimal(&Rational::from(-&third), 3, false), "-0.334");
        assert_eq!(decimal(&parse("999999/1000").unwrap(), 3, true), "1e3");
        assert_eq!(decimal(&parse("2^-40").unwrap(), 4, false), "9.094e-13");
        assert_eq!(decimal(&parse("12345").unwrap(), 8, true), "12345");
        assert_eq!(decimal(&parse("1/100").unwrap(), 5, true), "0.01");
    }
}
