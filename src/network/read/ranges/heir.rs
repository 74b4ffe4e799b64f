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

pub(super) fn read(text: &str) -> Result<(Form, Vec<String>)> {
    let mut spans = Vec::new();
    // The ends of the dictionary at hand: which, its value, its line.
    let mut open: Option<(&str, Rational, usize)> = None;
    for (n, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        let place = |n: usize| format!("line {}", n + 1);
        let mut rest = code;
        while let Some((at, key)) = [LOWER, UPPER]
            .into_iter()
            .filter_map(|k| rest.find(k).map(|at| (at, k)))
            .min()
        {
            rest = rest[at + key.len()..].trim_start();
            let Some(after) = rest.strip_prefix('=') else {
                return Err(Error::parse(place(n), format!("{key} without a value")));
            };
            let after = after.trim_start();
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
            let (value, behind) = after.split_at(end.unwrap_or(after.len()));
            let value = number(value, || place(n))?;
            rest = behind;
            open = match open.take() {
                None => Some((key, value, n)),
                Some((known, _, _)) if known == key => {
                    return Err(Error::parse(
                        place(n),
                        format!("{key} twice, without the other end between"),
                    ));
                }
                Some((known, other, from)) => {
                    let (lo, hi) = if known == LOWER {
                        (other, value)
                    } else {
                        (value, other)
                    };
                    let span = Span::new(lo, hi);
                    spans.push(span.map_err(|e| Error::parse(place(from), e.to_string()))?);
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
            "domain_lower = 2.0, domain_upper = 1.0",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
