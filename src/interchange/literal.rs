//! Number literals of C, C++, Go and MLIR as exact rationals.
//!
//! The decimal 0.1 is read as 1/10, not as the f64 next to it: what a program holds is for
//! `certify --coefficients f64` to say, and what its source says is not lost.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::interchange::lexer::{Syntax, Token};
use rug::{Integer, Rational};

/// The value of a number token, and whether its suffix makes it a binary32.
///
/// # Errors
/// At the token: not a decimal or hexadecimal number of the language, octal or binary, over a limit.
pub(super) fn read(token: &Token, syntax: Syntax) -> Result<(Rational, bool)> {
    let value = match syntax {
        Syntax::C | Syntax::Go | Syntax::Python => source(token.text, syntax),
        Syntax::Json => json(token.text).map(|x| (x, false)),
        Syntax::Mlir => mlir(token.text).map(|x| (x, false)),
    };
    value.map_err(|e| token.error(e.to_string()))
}

fn fail<T>(detail: impl Into<String>) -> Result<T> {
    Err(Error::parse("", detail))
}

fn json(text: &str) -> Result<Rational> {
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(allowed) {
        return fail(format!("{text:?} is no JSON number"));
    }
    number::parse(text)
}

fn source(text: &str, syntax: Syntax) -> Result<(Rational, bool)> {
    let plain = without_separators(text, if syntax == Syntax::C { '\'' } else { '_' })?;
    let lower = plain.to_ascii_lowercase();
    let go = syntax != Syntax::C;
    if lower.starts_with("0b") || lower.starts_with("0o") {
        return fail(format!(
            "{text:?}: only decimal and hexadecimal numbers are read"
        ));
    }
    let hex = lower.starts_with("0x");
    let exponent = if hex { 'p' } else { 'e' };
    let is_float = lower.contains(['.', exponent]);
    if hex && is_float && !lower.contains('p') {
        return fail(format!(
            "{text:?}: a hexadecimal float has an exponent, as in 0x1.8p-3"
        ));
    }
    // A suffix: of integers u and l, of floats one f or l; Go has none.
    let digits = if go {
        lower.as_str()
    } else if is_float {
        lower.strip_suffix(['f', 'l']).unwrap_or(&lower)
    } else {
        lower.trim_end_matches(['u', 'l'])
    };
    let single = is_float && !go && lower.ends_with('f');
    if !hex && !is_float && digits.len() > 1 && digits.starts_with('0') {
        return fail(format!(
            "{text:?} is octal, in C, Go and old Python; write it without leading zeros"
        ));
    }
    if hex && !is_float {
        let n = digits.strip_prefix("0x").filter(|d| !d.is_empty());
        let n = n.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        return match n.and_then(|d| Integer::from_str_radix(d, 16).ok()) {
            Some(n) => Ok((Rational::from(n), false)),
            None => fail(format!("{text:?} is no number of the language")),
        };
    }
    match number::parse(digits) {
        Ok(x) => Ok((x, single)),
        Err(_)
            if digits.len() < number::MAX_CHARS && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            fail(format!("{text:?} is no number of the language"))
        }
        Err(e) => Err(e),
    }
}

/// Removes digit separators, each between two digits.
fn without_separators(text: &str, separator: char) -> Result<String> {
    if !text.contains(['\'', '_']) {
        return Ok(text.to_owned());
    }
    let c: Vec<char> = text.chars().collect();
    let digit = |i: usize| c.get(i).is_some_and(char::is_ascii_hexdigit);
    // Go has one after the prefix 0x too.
    let prefix = |i: usize| i == 1 && c[0] == '0' && matches!(c[1], 'x' | 'X');
    for (i, _) in c
        .iter()
        .enumerate()
        .filter(|(_, c)| matches!(c, '\'' | '_'))
    {
        let fine = c[i] == separator && i > 0 && (digit(i - 1) || prefix(i - 1)) && digit(i + 1);
        if !fine {
            return fail(format!(
                "{text:?}: a separator stands between two digits, as {separator:?}"
            ));
        }
    }
    Ok(c.into_iter().filter(|c| *c != separator).collect())
}

/// MLIR: a decimal, or the 16 hexadecimal digits of an IEEE 754 binary64.
fn mlir(text: &str) -> Result<Rational> {
    let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) else {
        return number::parse(text);
    };
    let bits = (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok());
    let Some(bits) = bits.flatten() else {
        return fail(format!(
            "{text:?}: the bits of an f64 are 16 hexadecimal digits"
        ));
    };
    match Rational::from_f64(f64::from_bits(bits)) {
        Some(x) => Ok(x),
        None => fail(format!("{text:?} is not finite")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::lexer::Lexer;

    fn value(text: &str, syntax: Syntax) -> Result<(Rational, bool)> {
        let mut lexer = Lexer::new(text, syntax);
        let token = lexer.next()?.unwrap();
        assert_eq!(token.text, text, "one token");
        read(&token, syntax)
    }

    #[test]
    fn literals_are_exact() {
        for (text, n, d, single) in [
            ("1.5", 3, 2, false),
            ("1.5f", 3, 2, true),
            ("0x1.8p-3", 3, 16, false),
            ("0X1.8P-3F", 3, 16, true),
            ("0x1fL", 31, 1, false),
            ("0x1p+2", 4, 1, false),
            ("1'000.25L", 4001, 4, false),
            ("12u", 12, 1, false),
            ("0", 0, 1, false),
            ("0.1", 1, 10, false),
            (".5e-1", 1, 20, false),
            ("5.", 5, 1, false),
        ] {
            let (x, s) = value(text, Syntax::C).unwrap();
            assert_eq!((x, s), (Rational::from((n, d)), single), "{text}");
        }
        assert_eq!(
            value("1_000.5", Syntax::Go).unwrap().0,
            Rational::from((2001, 2))
        );
        assert_eq!(
            value("0x_1p-2", Syntax::Go).unwrap().0,
            Rational::from((1, 4))
        );
        assert_eq!(
            value("0x3FF8000000000000", Syntax::Mlir).unwrap().0,
            Rational::from((3, 2))
        );
        assert_eq!(value("1.3e06", Syntax::Mlir).unwrap().0, 1_300_000);
    }

    #[test]
    fn what_the_language_does_not_have_is_refused() {
        for text in [
            "017", "0b11", "0o17", "1f", "0x1.8", "0x", "1.5ff", "1__0", "1_0", "1.2.3", "1e",
            "0xp1", "12abc", "1e700", "0x1p3000",
        ] {
            let error =
                value(text, Syntax::C).map_or_else(|e| e.to_string(), |x| panic!("{text}: {x:?}"));
            assert!(error.starts_with("line 1 column 1: "), "{error}");
        }
        for text in ["1.5f", "1.5i", "1'0", "0x_", "1_", "1_.5"] {
            assert!(value(text, Syntax::Go).is_err(), "{text}");
        }
        for text in ["0x3FF", "0x7FF8000000000000", "1.2.3"] {
            assert!(value(text, Syntax::Mlir).is_err(), "{text}");
        }
        assert!(value("0x10", Syntax::Json).is_err());
    }
}
