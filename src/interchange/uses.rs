//! Constructors and evaluations that say what a list of coefficients is: its basis, its order, its interval.
//!
//! numpy's `Polynomial` and `Chebyshev` map their domain to [-1, 1]; `poly1d` and `polyval(p, x)` have the
//! highest degree first. Lattigo's `bignum.NewPolynomial(bignum.Chebyshev, c, [2]float64{a, b})` maps [a, b].
//! OpenFHE's `EvalChebyshevSeries(ct, c, a, b)` maps [a, b] and halves the first coefficient.

use crate::error::{Error, Result};
use crate::interchange::around::USES;
use crate::interchange::expression;
use crate::interchange::lexer::{Kind, Lexer, Syntax};
use crate::interchange::source::Scalar;
use crate::interchange::tokens::Tokens;
use crate::poly::component::Basis;
use rug::Rational;

/// Most such calls of a file.
const MAX_USES: usize = 256;

/// What a call says of its coefficients.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// The called name.
    pub at: usize,
    /// What the coefficients are called, and what that name stands for.
    pub names: Vec<String>,
    /// Tokens of the coefficients.
    pub list: (usize, usize),
    pub basis: Basis,
    pub highest: bool,
    pub halved: bool,
    pub interval: Option<Interval>,
    /// Tokens of an interval that is written as a list.
    pub consumed: Option<(usize, usize)>,
}

/// The interval that a call maps to [-1, 1].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Interval {
    Known(Rational, Rational),
    /// By names or expressions that are not read.
    Unread,
}

/// All such calls.
///
/// # Errors
/// A call whose arguments change what the coefficients are.
pub(super) fn read(t: &Tokens, scalars: &[Scalar]) -> Result<Vec<Use>> {
    let mut all = Vec::new();
    for i in 0..t.list.len() {
        let Some(name) = t.word(i).filter(|w| USES.contains(w)) else {
            continue;
        };
        // A declaration of that name is no call.
        let head = t.chain_start(i).checked_sub(1).and_then(|k| t.word(k));
        if !t.is(i + 1, '(') || matches!(head, Some("def" | "func" | "class")) {
            continue;
        }
        if let Some(found) = call(t, i, name, scalars)? {
            if all.len() == MAX_USES {
                let detail =
                    format!("more than {MAX_USES} constructors and evaluations of polynomials");
                return Err(Error::parse(t.quote(i), detail));
            }
            all.push(found);
        }
    }
    Ok(all)
}

fn call(t: &Tokens, i: usize, name: &str, scalars: &[Scalar]) -> Result<Option<Use>> {
    let arguments = t.arguments(i + 1);
    let python = t.syntax == Syntax::Python;
    let keyword = |(from, _): &(usize, usize)| {
        t.word(*from)
            .filter(|_| python && t.is(from + 1, '=') && t.assigns(from + 1))
    };
    let by_name = |name: &str| {
        let found = arguments.iter().find(|a| keyword(a) == Some(name));
        found.map(|(from, to)| (from + 2, *to))
    };
    let by_place = |n: usize| arguments.get(n).copied().filter(|a| keyword(a).is_none());
    let ends = |range: (usize, usize)| pair(t, range, scalars);
    let mut found = Use {
        at: i,
        names: Vec::new(),
        list: (0, 0),
        basis: Basis::Power,
        highest: false,
        halved: false,
        interval: None,
        consumed: None,
    };
    let list = match name {
        "Polynomial" | "Chebyshev" if python => {
            if by_name("window").is_some() || by_place(2).is_some() {
                return Err(fail(t, i, "a window is not read"));
            }
            if name == "Chebyshev" {
                found.basis = Basis::Chebyshev;
            }
            found.consumed = by_name("domain").or_else(|| by_place(1));
            found.interval = found.consumed.map(ends);
            by_place(0).or_else(|| by_name("coef"))
        }
        "poly1d" => {
            let more = arguments
                .iter()
                .skip(1)
                .any(|a| keyword(a) != Some("variable"));
            if more {
                return Err(fail(
                    t,
                    i,
                    "the second argument of poly1d may say that these are roots",
                ));
            }
            found.highest = true;
            by_place(0)
        }
        "polyval" => {
            let is_list = |range: &(usize, usize)| t.is(range.0, '[') || t.is(range.1 - 1, ']');
            // numpy.polyval(p, x); numpy.polynomial.polynomial.polyval(x, c).
            let second = t.chain_start(i) < i && is_polynomial_module(t, i)
                || by_place(1).is_some_and(|a| is_list(&a) && t.is(a.0, '['));
            found.highest = !second;
            by_place(usize::from(second))
        }
        "chebval" => {
            found.basis = Basis::Chebyshev;
            by_place(1)
        }
        "NewPolynomial" if arguments.len() >= 2 => {
            let basis = by_place(0).map_or("", |(from, to)| t.slice(from, to));
            found.basis = match basis.rsplit('.').next() {
                Some("Chebyshev") => Basis::Chebyshev,
                Some("Monomial") => Basis::Power,
                _ => return Err(fail(t, i, "its first argument is no basis that is known")),
            };
            let interval = by_place(2).filter(|(from, to)| t.slice(*from, *to) != "nil");
            found.consumed = interval;
            // Monomials are of x itself.
            found.interval = interval
                .filter(|_| found.basis == Basis::Chebyshev)
                .map(ends);
            by_place(1)
        }
        _ if name.starts_with("EvalChebyshevSeries") => {
            (found.basis, found.halved) = (Basis::Chebyshev, true);
            if let (Some(a), Some(b)) = (by_place(2), by_place(3)) {
                let number = |range| value(t, range, scalars);
                found.interval = Some(match (number(a), number(b)) {
                    (Some(a), Some(b)) => Interval::Known(a, b),
                    _ => Interval::Unread,
                });
            }
            by_place(1)
        }
        _ if name.starts_with("EvalPoly") => by_place(1),
        _ => None,
    };
    let Some(mut list) = list else {
        return Ok(None);
    };
    // p[::-1] is p turned around.
    let turned = t.slice(list.0, list.1).replace(' ', "");
    if turned.ends_with("[::-1]") {
        if let Some(open) = t.partner(list.1 - 1) {
            list.1 = open;
            found.highest = !found.highest;
        }
    }
    found.list = list;
    if let Some(Interval::Known(a, b)) = &found.interval {
        if a >= b {
            return Err(fail(
                t,
                i,
                "the interval's lower end is not below its upper one",
            ));
        }
    }
    Ok(Some(found))
}

/// Whether the module of a call is one of numpy.polynomial, as far as its name says.
fn is_polynomial_module(t: &Tokens, i: usize) -> bool {
    let module = i.checked_sub(2).and_then(|k| t.word(k)).unwrap_or("");
    matches!(module, "polynomial" | "P" | "poly" | "Polynomial" | "npp")
}

/// A refusal that quotes the line.
pub(super) fn fail(t: &Tokens, i: usize, why: &str) -> Error {
    let detail = format!(
        "{}: {why}; write the resulting coefficients into a file of their own",
        t.quote(i)
    );
    Error::parse("", detail)
}

/// A number, or a name that has one value.
fn value(t: &Tokens, (from, to): (usize, usize), scalars: &[Scalar]) -> Option<Rational> {
    if to == from + 1 {
        if let Some(name) = t.word(from) {
            let mut same = scalars.iter().filter(|s| s.name == name);
            let first = same.next()?;
            return same
                .all(|s| s.value == first.value)
                .then(|| first.value.clone());
        }
    }
    let text = t.slice(from, to);
    let mut lexer = Lexer::new(text, t.syntax);
    let start = t.get(from)?;
    let mut singles = 0;
    let number = expression::real(&mut lexer, t.syntax, &mut singles, start).ok()?;
    matches!(lexer.next(), Ok(None)).then_some(number)
}

/// `[a, b]`, `(a, b)`, `[2]float64{a, b}`.
fn pair(t: &Tokens, (from, to): (usize, usize), scalars: &[Scalar]) -> Interval {
    let open = to.checked_sub(1).and_then(|close| t.partner(close));
    let Some(open) = open.filter(|o| *o >= from && (*o == from || t.syntax == Syntax::Go)) else {
        return Interval::Unread;
    };
    if !matches!(t.list[open].kind, Kind::Mark('[' | '(' | '{')) {
        return Interval::Unread;
    }
    let ends: Vec<Option<Rational>> = t
        .arguments(open)
        .into_iter()
        .map(|range| value(t, range, scalars))
        .collect();
    match ends.as_slice() {
        [Some(a), Some(b)] => Interval::Known(a.clone(), b.clone()),
        _ => Interval::Unread,
    }
}
