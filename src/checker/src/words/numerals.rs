//! Numbers for people: short and exact where possible, else 20 decimal digits rounded to the safe side.

use crate::core::budget::Budget;
use crate::core::fault::Checked;
use crate::core::number::Rational;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed};

/// Significant digits of a rounded decimal.
const DIGITS: u32 = 20;

/// Writes numbers; conversions are charged to the budget.
#[derive(Debug)]
pub(crate) struct Numerals<'b>(pub(crate) &'b Budget);

impl Numerals<'_> {
    /// A number that is not below x: x itself if that is short.
    pub(crate) fn up(&self, x: &Rational) -> Checked<String> {
        self.short_or(x, true)
    }

    /// A number that is not above x: x itself if that is short.
    pub(crate) fn down(&self, x: &Rational) -> Checked<String> {
        self.short_or(x, false)
    }

    /// x exactly, however long.
    pub(crate) fn full(&self, x: &Rational) -> Checked<String> {
        let x = self.reduced(x)?;
        self.charge(&x)?;
        Ok(short(&x).unwrap_or_else(|| long(&x)))
    }

    /// 20 significant decimal digits, rounded up or down.
    pub(crate) fn decimal(&self, x: &Rational, up: bool) -> Checked<String> {
        self.charge(x)?;
        Ok(decimal(x, up))
    }

    fn short_or(&self, x: &Rational, up: bool) -> Checked<String> {
        let x = self.reduced(x)?;
        match short(&x) {
            Some(text) => Ok(text),
            None => self.decimal(&x, up),
        }
    }

    fn reduced(&self, x: &Rational) -> Checked<Rational> {
        let bits = x.bits();
        self.0.charge(2 * bits * (bits / 128 + 10))?;
        Ok(x.reduced())
    }

    fn charge(&self, x: &Rational) -> Checked<()> {
        let words = x.bits() / 64 + 4;
        self.0.charge(words * words * 10 + 2000)
    }
}

/// `12`, `-3/7`, `2^-14`, `5*2^-14`, if the number is in lowest terms and short.
fn short(x: &Rational) -> Option<String> {
    let (n, d) = (x.numer(), x.denom());
    let power = d.trailing_zeros().filter(|k| d.bits() == k + 1);
    match power {
        Some(0) if n.bits() <= 40 => Some(n.to_string()),
        Some(k) if k >= 5 && n.is_one() => Some(format!("2^-{k}")),
        Some(k) if k >= 5 && n.bits() <= 20 => Some(format!("{n}*2^-{k}")),
        _ if n.bits() <= 40 && d.bits() <= 40 => Some(x.to_string()),
        _ => None,
    }
}

/// Exact, as a dyadic if it is one.
fn long(x: &Rational) -> String {
    let (n, d) = (x.numer(), x.denom());
    match d.trailing_zeros() {
        Some(k) if k > 0 && d.bits() == k + 1 => format!("{n}*2^-{k}"),
        _ => x.to_string(),
    }
}

fn ten_to(exponent: i64) -> BigInt {
    let exponent = u32::try_from(exponent).unwrap_or(0);
    BigInt::from(10).pow(exponent)
}

/// floor or ceiling of |x| 10^k.
fn scaled(x: &Rational, k: i64, ceiling: bool) -> BigInt {
    let num = x.numer().abs() * ten_to(k);
    let den = x.denom() * ten_to(-k);
    if ceiling {
        Integer::div_ceil(&num, &den)
    } else {
        num.div_floor(&den)
    }
}

fn decimal(x: &Rational, up: bool) -> String {
    if x.is_zero() {
        return "0".to_owned();
    }
    let away = up == x.is_positive();
    // log10 from the lengths, low by at most 2 (one bit, and the rounding of log10 2); then exactly.
    let log2 = x.numer().bits() as i64 - x.denom().bits() as i64 - 1;
    let mut exponent = (log2 * 30103).div_euclid(100_000) - 1;
    let limit = ten_to(i64::from(DIGITS));
    let mut mantissa;
    loop {
        mantissa = scaled(x, i64::from(DIGITS) - 1 - exponent, away);
        if mantissa < limit {
            break;
        }
        exponent += 1;
    }
    let digits = mantissa.to_string();
    let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
    let rest = rest.trim_end_matches('0');
    let sign = if x.is_positive() { "" } else { "-" };
    let point = if rest.is_empty() { "" } else { "." };
    let power = if exponent == 0 {
        String::new()
    } else {
        format!("e{exponent}")
    };
    format!("{sign}{first}{point}{rest}{power}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Rational {
        Rational::parse(text, &Budget::new()).unwrap()
    }

    #[test]
    fn short_numbers_are_exact() {
        for (x, shown) in [
            ("0", "0"),
            ("-3", "-3"),
            ("1/2", "1/2"),
            ("1*2^-14", "2^-14"),
            ("-1*2^-14", "-1*2^-14"),
            ("5*2^-14", "5*2^-14"),
            ("14/2000", "7/1000"),
            ("8/4", "2"),
            ("1*2^10", "1024"),
        ] {
            let budget = Budget::new();
            let numerals = Numerals(&budget);
            assert_eq!(numerals.up(&parse(x)).unwrap(), shown);
            assert_eq!(numerals.down(&parse(x)).unwrap(), shown);
        }
    }

    /// The rounded decimals, read back exactly, lie on the safe side and within one unit.
    #[test]
    fn decimals_are_rounded_outward() {
        let mut seed = 9_u64;
        let mut random = || {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            seed >> 1
        };
        let read = |text: &str| {
            let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
            let places = mantissa.split_once('.').map_or(0, |(_, d)| d.len()) as i64;
            let digits: BigInt = mantissa.replace('.', "").parse().unwrap();
            let e = exponent.parse::<i64>().unwrap() - places;
            Rational::raw(digits * ten_to(e), ten_to(-e))
        };
        for i in 0..600_i64 {
            let sign = if i % 2 == 0 { 1 } else { -1 };
            let x = Rational::raw(
                (BigInt::from(random()) * sign) << (random() % 300),
                BigInt::from(random() + 1) << (random() % 300),
            );
            let (low, high) = (read(&decimal(&x, false)), read(&decimal(&x, true)));
            assert!(low <= x && x <= high);
            let gap = high.plus(&low.negated());
            assert!(gap.times(&Rational::integer(ten_to(18))) <= x.abs());
            assert!(decimal(&x, true).len() < 30);
        }
        assert_eq!(decimal(&parse("2/3"), true), "6.6666666666666666667e-1");
        assert_eq!(decimal(&parse("2/3"), false), "6.6666666666666666666e-1");
        assert_eq!(decimal(&parse("-2/3"), true), "-6.6666666666666666666e-1");
        let nines = "9".repeat(25);
        assert_eq!(decimal(&parse(&nines), true), "1e25");
        assert_eq!(decimal(&parse("1/1000"), false), "1e-3");
        assert_eq!(decimal(&parse("1*2^4096"), false).len(), 26);
    }
}
