//! HEIR's attributes `domain_lower = -8.0 : f64, domain_upper = 8.0 : f64`, in the order of the text.
//!
//! Each attribute dictionary with them is one activation. A comment (`//`) is passed over.

use crate::error::{Error, Result};
use crate::network::read::ranges::stated::{check_count, number, Form, Span};
use rug::Rational;

const LOWER: &str = "domain_lower";
const UPPER: &str = "domain_upper";

pub(super) fn is_one(text: &str) -> bool {
    text.contains(LOWER) || text.contains(UPPER)
}

/// What a name or a number is made of.
fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.+-".contains(c)
}

/// A word, and what is behind it.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !word(c)).unwrap_or(text.len()))
}

pub(super) fn read(text: &str) -> Result<(Form, Vec<String>)> {
    let mut spans = Vec::new();
    // The ends of the dictionary at hand: which, its value, its line.
    let mut open: Option<(&str, Rational, usize)> = None;
    for (n, line) in text.lines().enumerate() {
        let place = || format!("line {}", n + 1);
        let mut rest = line.split("//").next().unwrap_or("");
        while let Some(at) = rest.find(|c: char| c == '}' || word(c)) {
            if rest[at..].starts_with('}') {
                if let Some((key, _, from)) = &open {
                    let detail = format!("{key} without the other end in its attributes");
                    return Err(Error::parse(format!("line {}", from + 1), detail));
                }
                rest = &rest[at + 1..];
                continue;
            }
            let (name, behind) = split(&rest[at..]);
            rest = behind;
            let Some(key) = [LOWER, UPPER].into_iter().find(|k| *k == name) else {
                continue;
            };
            let Some(after) = rest.trim_start().strip_prefix('=') else {
                return Err(Error::parse(place(), format!("{key} without a value")));
            };
            let (value, behind) = split(after.trim_start());
            if value.trim_start_matches('-').starts_with("0x") {
                let detail =
                    format!("{value} is MLIR's spelling of a float's bits; write it as a decimal");
                return Err(Error::parse(place(), detail));
            }
            let value = number(value, place)?;
            rest = behind;
            open = match open.take() {
                None => Some((key, value, n)),
                Some((known, _, _)) if known == key => {
                    let detail = format!("{key} twice, without the other end between");
                    return Err(Error::parse(place(), detail));
                }
                Some((known, other, from)) => {
                    let (lo, hi) = if known == LOWER {
                        (other, value)
                    } else {
                        (value, other)
                    };
                    let span = Span::new(lo, hi);
                    let named =
                        |e: Error| Error::parse(format!("line {}", from + 1), e.to_string());
                    spans.push(span.map_err(named)?);
                    check_count(spans.len())?;
                    None
                }
            };
        }
    }
    match open {
        None => Ok((
            Form::Ordered(spans),
            vec![
                "HEIR's domains are taken in the order of the text, one for each activation".into(),
            ],
        )),
        Some((key, _, n)) => Err(Error::parse(
            format!("line {}", n + 1),
            format!("{key} without the other end"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_in_order() {
        let text = "%1 = arith.maximumf %0, %c {degree = 7 : i32, domain_lower = -4.0 : f64, domain_upper = 4.5 : f64}\n\
                    // %2 = ... {domain_lower = 7.0 : f64}\n\
                    %3 = arith.maximumf %2, %c {domain_upper = 1.0e1 : f64,\n domain_lower = -1.0 : f64}";
        let span =
            |lo: i64, hi: (i64, i64)| Span::new(Rational::from(lo), Rational::from(hi)).unwrap();
        let expected = Form::Ordered(vec![span(-4, (9, 2)), span(-1, (10, 1))]);
        assert_eq!(read(text).unwrap().0, expected);
        for bad in [
            "domain_lower = -1.0",
            "domain_lower = -1.0, domain_lower = 1.0",
            "domain_lower = x, domain_upper = 1.0",
            "domain_lower, domain_upper = 1.0",
            "a {domain_lower = -1.0} b {domain_upper = 1.0}",
            "domain_lower = -4.0, old_domain_upper = 4.0",
            "domain_lower = 0x4014000000000000, domain_upper = 7.0",
            "domain_lower = -1.0, domain_upper = 1.0e1_0",
            "domain_lower = 2.0, domain_upper = 1.0",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
