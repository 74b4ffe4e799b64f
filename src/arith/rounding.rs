//! A coefficient as a program would hold it.
//!
//! A table is exact; a program that loads it holds f64, f32 or fixed-point numbers. The error of a
//! table depends on which, so the choice is part of what is certified.

use crate::arith::number::dyadic;
use crate::error::{Error, Result};
use rug::{Integer, Rational};
use std::fmt;
use std::str::FromStr;

/// How coefficients are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoefficientMode {
    /// As written in the table.
    Exact,
    /// Nearest IEEE 754 binary64, ties to even, with subnormals.
    F64,
    /// Nearest IEEE 754 binary32, ties to even, with subnormals.
    F32,
    /// Nearest multiple of 2^-bits, ties to even: an encoding at scale 2^bits.
    Fixed(u32),
}

impl CoefficientMode {
    /// The number that a program holds for `value`.
    ///
    /// **Guarantee** exact IEEE rounding to nearest, ties to even; zero is positive.
    ///
    /// # Errors
    /// The value overflows the format.
    pub fn round(self, value: &Rational) -> Result<Rational> {
        match self {
            Self::Exact => Ok(value.clone()),
            Self::Fixed(bits) => Ok(nearest_multiple(value, -i64::from(bits))),
            Self::F64 => float(value, 53, -1074, 1024, "f64"),
            Self::F32 => float(value, 24, -149, 128, "f32"),
        }
    }
}

impl fmt::Display for CoefficientMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::F64 => f.write_str("f64"),
            Self::F32 => f.write_str("f32"),
            Self::Fixed(bits) => write!(f, "fixed:{bits}"),
        }
    }
}

impl FromStr for CoefficientMode {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "exact" => return Ok(Self::Exact),
            "f64" => return Ok(Self::F64),
            "f32" => return Ok(Self::F32),
            _ => {}
        }
        match text.strip_prefix("fixed:").map(str::parse::<u32>) {
            Some(Ok(bits @ 1..=1024)) => Ok(Self::Fixed(bits)),
            _ => Err(Error::parse(
                "coefficients",
                "expected exact, f64, f32 or fixed:BITS with BITS from 1 to 1024",
            )),
        }
    }
}

/// Nearest multiple of 2^e, ties to even.
pub fn nearest_multiple(value: &Rational, e: i64) -> Rational {
    let scaled = value * dyadic(Integer::from(1), -e);
    let (floor, _) = scaled.clone().floor().into_numer_denom();
    let twice = (scaled - &floor) * 2u32;
    let up = match twice.cmp(&Rational::from(1)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => floor.is_odd(),
    };
    dyadic(if up { floor + 1 } else { floor }, e)
}

/// Nearest number m 2^e with |m| < 2^bits and e >= `least`, below 2^`top`.
fn float(value: &Rational, bits: i64, least: i64, top: i64, name: &str) -> Result<Rational> {
    if value.is_zero() {
        return Ok(Rational::new());
    }
    let (n, d) = (value.numer(), value.denom());
    // floor(log2 |value|): from bit lengths, then corrected by one comparison.
    let mut log2 = i64::from(n.significant_bits()) - i64::from(d.significant_bits());
    if value.clone().abs() < dyadic(Integer::from(1), log2) {
        log2 -= 1;
    }
    let rounded = nearest_multiple(value, (log2 - bits + 1).max(least));
    if rounded.clone().abs() >= dyadic(Integer::from(1), top) {
        return Err(Error::domain(format!(
            "a coefficient of about 2^{log2} overflows {name}"
        )));
    }
    Ok(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::number::parse;

    #[test]
    fn f64_and_f32_agree_with_the_machine() {
        for text in [
            "0.1",
            "1/3",
            "-2.5e-10",
            "16860.262134719013661",
            "1e-45",
            "-1e-46",
            "0.7e-45",
            "4.9e-324",
            "2e-324",
            "2.5e-324",
            "9007199254740993",
            "9007199254740995",
            "1.7976931348623157e308",
            "-0.5",
            "3.4028235e38",
        ] {
            let exact = parse(text).unwrap();
            let decimal = match text {
                "1/3" => "0.33333333333333333333333333333333333",
                t => t,
            };
            let want = Rational::from_f64(decimal.parse::<f64>().unwrap()).unwrap();
            assert_eq!(
                CoefficientMode::F64.round(&exact).unwrap(),
                want,
                "{text} f64"
            );
            let single: f32 = decimal.parse().unwrap();
            if single.is_finite() {
                let want = Rational::from_f32(single).unwrap();
                assert_eq!(
                    CoefficientMode::F32.round(&exact).unwrap(),
                    want,
                    "{text} f32"
                );
            } else {
                assert!(CoefficientMode::F32.round(&exact).is_err());
            }
        }
        assert!(CoefficientMode::F64
            .round(&parse("1.8e308").unwrap())
            .is_err());
    }

    #[test]
    fn fixed_point_ties_go_to_even() {
        let at = |t: &str| CoefficientMode::Fixed(1).round(&parse(t).unwrap()).unwrap();
        assert_eq!(at("0.25"), 0);
        assert_eq!(at("0.75"), 1);
        assert_eq!(at("-0.25"), 0);
        assert_eq!(at("-0.75"), -1);
        assert_eq!(at("0.3"), parse("0.5").unwrap());
    }

    #[test]
    fn modes_round_trip() {
        for t in ["exact", "f64", "f32", "fixed:80"] {
            assert_eq!(t.parse::<CoefficientMode>().unwrap().to_string(), t);
        }
        assert!("fixed:0".parse::<CoefficientMode>().is_err());
        assert!("fixed:9999".parse::<CoefficientMode>().is_err());
        assert!("f16".parse::<CoefficientMode>().is_err());
    }
}
