//! The lines of the exact network and the exact input, every number an integer, a fraction or a dyadic.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::format::numbers::parse_count;
use crate::format::path::printable;
use crate::network::model::layers::Dyadic;
use crate::series::expression::Formula;
use num_bigint::BigInt;

/// Longest file in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 28;
/// Most elements of one activation.
pub(crate) const MAX_ELEMENTS: usize = 1 << 24;
/// Most weights of all layers together.
const MAX_NUMBERS: usize = 1 << 24;
/// Exponents of dyadics are within this.
const MAX_EXPONENT: i64 = 1_200;
/// Digits of a fraction's numerator, and of its denominator.
const MAX_DIGITS: usize = 200;

/// A fault of form in a line, from 0.
pub(crate) fn bad(line: usize, detail: impl Into<String>) -> Fault {
    Fault::unreadable(detail).at(&format!("line {}", line + 1))
}

/// A count in a line.
pub(crate) fn count(text: &str, line: usize) -> Checked<usize> {
    let most = MAX_ELEMENTS as u64;
    let n = parse_count(text, 0, most).map_err(|_| {
        let text = printable(text);
        bad(line, format!("{text} is no count from 0 to {most}"))
    })?;
    usize::try_from(n).map_err(|_| bad(line, "a count is too large"))
}

/// `m` or `m*2^e`.
pub(crate) fn dyadic(text: &str, line: usize) -> Checked<Dyadic> {
    let wrong = || bad(line, format!("{} is no dyadic m*2^e", printable(text)));
    let (m, e) = text.split_once("*2^").unwrap_or((text, "0"));
    let digits = m.strip_prefix('-').unwrap_or(m);
    let plain =
        !digits.is_empty() && digits.len() <= 40 && digits.bytes().all(|b| b.is_ascii_digit());
    let exponent: i64 = e.parse().map_err(|_| wrong())?;
    if !plain || exponent.abs() > MAX_EXPONENT {
        return Err(wrong());
    }
    let mantissa = m.parse::<BigInt>().map_err(|_| wrong())?;
    Ok(Dyadic { mantissa, exponent })
}

/// `n` or `n/d`, in lowest terms or not.
fn fraction(text: &str, line: usize) -> Checked<Rational> {
    let wrong = || {
        bad(
            line,
            format!(
                "{} is no fraction n/d of at most {MAX_DIGITS} digits",
                printable(text)
            ),
        )
    };
    let (n, d) = text.split_once('/').unwrap_or((text, "1"));
    let plain =
        |t: &str| !t.is_empty() && t.len() <= MAX_DIGITS && t.bytes().all(|b| b.is_ascii_digit());
    if !plain(n.strip_prefix('-').unwrap_or(n)) || !plain(d) {
        return Err(wrong());
    }
    match (n.parse::<BigInt>(), d.parse::<BigInt>()) {
        (Ok(n), Ok(d)) if d > BigInt::from(0) => Ok(Rational::raw(n, d)),
        _ => Err(wrong()),
    }
}

/// The lines of a file that begins with a format tag.
pub(crate) struct TextLines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    /// Numbers read so far.
    numbers: usize,
    /// Of reading formulas.
    budget: Budget,
}

impl<'a> TextLines<'a> {
    pub(crate) fn new(bytes: &'a [u8], tag: &str) -> Checked<Self> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(Fault::unreadable(format!(
                "the file is longer than {MAX_FILE_BYTES} bytes"
            )));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Fault::unreadable("the file is not UTF-8 text"))?;
        let mut lines = text.lines().enumerate();
        match lines.next() {
            Some((_, first)) if first == tag => Ok(Self {
                lines,
                numbers: 0,
                budget: Budget::new(),
            }),
            _ => Err(Fault::unreadable(format!(
                "the file does not begin with the line {tag}"
            ))),
        }
    }

    /// The words of the next line.
    pub(crate) fn next(&mut self) -> Option<(usize, std::str::Split<'a, char>)> {
        self.lines.next().map(|(i, line)| (i, line.split(' ')))
    }

    /// The next line: a name, then a formula in x that is defined wherever it is near to be, or 1/sqrt(x), which ends where
    /// it has no bound.
    pub(crate) fn formula(&mut self, name: &str) -> Checked<Formula> {
        let Some((line, text)) = self.lines.next() else {
            return Err(Fault::unreadable(format!("the file ends before {name}")));
        };
        let text = text.split_once(' ').filter(|(found, _)| *found == name);
        let Some((_, text)) = text else {
            return Err(bad(line, format!("{name} is expected")));
        };
        let formula = Formula::parse(text, &self.budget).map_err(|e| bad(line, e))?;
        if formula.has_ends() && !formula.is_inverse_root() {
            return Err(bad(
                line,
                "a root, asin or acos of what depends on x is no activation, but for 1/sqrt(x)",
            ));
        }
        Ok(formula)
    }

    /// The next line: a name, then so many dyadics.
    pub(crate) fn numbers(&mut self, name: &str, wanted: usize) -> Checked<Vec<Dyadic>> {
        self.list(name, wanted, dyadic)
    }

    /// The next line: a name, then so many integers or fractions.
    pub(crate) fn fractions(&mut self, name: &str, wanted: usize) -> Checked<Vec<Rational>> {
        self.list(name, wanted, fraction)
    }

    fn list<T>(
        &mut self,
        name: &str,
        wanted: usize,
        read: fn(&str, usize) -> Checked<T>,
    ) -> Checked<Vec<T>> {
        let Some((line, mut words)) = self.next() else {
            return Err(Fault::unreadable(format!("the file ends before {name}")));
        };
        if words.next() != Some(name) {
            return Err(bad(line, format!("{name} is expected")));
        }
        self.numbers = self.numbers.saturating_add(wanted);
        if self.numbers > MAX_NUMBERS {
            return Err(bad(line, format!("more than {MAX_NUMBERS} weights")));
        }
        let mut list = Vec::with_capacity(wanted);
        for word in words {
            if list.len() == wanted {
                return Err(bad(line, format!("more than {wanted} numbers")));
            }
            list.push(read(word, line)?);
        }
        if list.len() != wanted {
            return Err(bad(
                line,
                format!("{} numbers, where {wanted} are needed", list.len()),
            ));
        }
        Ok(list)
    }
}

/// Takes exactly N counts.
pub(crate) fn take<const N: usize>(values: &[usize], line: usize) -> Checked<[usize; N]> {
    values.try_into().map_err(|_| {
        bad(
            line,
            format!("{} counts, where {N} are expected", values.len()),
        )
    })
}

/// A shape that has elements, and not too many.
pub(crate) fn size(shape: [usize; 3], line: usize) -> Checked<[usize; 3]> {
    let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    match n {
        Some(n) if (1..=MAX_ELEMENTS).contains(&n) => Ok(shape),
        _ => Err(bad(
            line,
            format!("a node has no element, or more than {MAX_ELEMENTS}"),
        )),
    }
}
