//! Constructors and evaluations that say what a list of coefficients is: its basis, its order, its interval.
//!
//! numpy's `Polynomial` and `Chebyshev` map their domain to [-1, 1]; `poly1d` and `polyval(p, x)` have the
//! highest degree first. Lattigo's `bignum.NewPolynomial(bignum.Chebyshev, c, [2]float64{a, b})` maps [a, b].
//! OpenFHE's `EvalChebyshevSeries(ct, c, a, b)` maps [a, b] and halves the first coefficient. A call is of a
//! list where it holds it or its name, as they stand; what else it may be of is for the user to say.

use crate::error::{Error, Result};
use crate::interchange::ends::{pair, value, Interval};
use crate::interchange::lexer::Syntax;
use crate::interchange::tokens::Tokens;
use crate::interchange::wrappers::USES;
use crate::poly::component::Basis;

/// Most such calls of a file.
const MAX_USES: usize = 256;
/// Calls of bases that no table here has.
const FOREIGN: [&str; 8] = [
    "Legendre", "legval", "Hermite", "hermval", "HermiteE", "hermeval", "Laguerre", "lagval",
];
/// Calls that depend on basis or order in a way that is not read.
const UNCLEAR: [&str; 3] = ["cheb2poly", "poly2cheb", "Poly"];

/// What a call says of its coefficients.
#[derive(Debug, Clone)]
pub(super) struct Use<'a> {
    /// The called name.
    pub at: usize,
    /// The name that its coefficients are, and whether one of several is picked from it.
    pub name: Option<(&'a str, bool)>,
    /// Tokens of the coefficients; none if they are not read.
    pub list: (usize, usize),
    pub basis: Basis,
    pub highest: bool,
    pub halved: bool,
    pub interval: Option<Interval>,
    /// Tokens of an interval that is written as a list.
    pub consumed: Option<(usize, usize)>,
    /// Whether no table here has its basis.
    pub foreign: bool,
}

/// All such calls.
///
/// # Errors
/// A call whose arguments change what the coefficients are.
pub(super) fn read<'a>(t: &Tokens<'a>) -> Result<Vec<Use<'a>>> {
    let mut all = Vec::new();
    for i in 0..t.list.len() {
        let Some(name) = t.word(i).filter(|w| is_use(w)) else {
            continue;
        };
        if !t.is(i + 1, '(') || is_declaration(t, i) {
            continue;
        }
        if let Some(found) = call(t, i, name)? {
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

fn is_use(word: &str) -> bool {
    USES.contains(&word) || FOREIGN.contains(&word) || UNCLEAR.contains(&word)
}

/// `def polyval(p, x)`, `Ciphertext EvalPoly(...)`: no call.
fn is_declaration(t: &Tokens, i: usize) -> bool {
    let Some(k) = t.chain_start(i).checked_sub(1).filter(|_| !t.fresh(i)) else {
        return false;
    };
    let calls = ["return", "co_return", "throw", "else", "do", "case"];
    match (t.word(k), t.syntax) {
        (Some("def" | "func" | "class"), _) => true,
        (Some(word), Syntax::C) => !calls.contains(&word),
        (None, Syntax::C) => t.is(k, '>') && t.angle(k).is_some(),
        // A method of Go: `func (e *Evaluator) EvalPoly(`.
        (None, Syntax::Go) => {
            let open = t.partner(k).filter(|o| *o < k);
            open.and_then(|o| o.checked_sub(1)).and_then(|f| t.word(f)) == Some("func")
        }
        _ => false,
    }
}

fn call<'a>(t: &Tokens<'a>, i: usize, name: &str) -> Result<Option<Use<'a>>> {
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
    let by =
        |n: usize, words: &[&str]| by_place(n).or_else(|| words.iter().find_map(|w| by_name(w)));
    let ends = |range: (usize, usize)| pair(t, range);
    let mut found = Use {
        at: i,
        name: None,
        list: (0, 0),
        basis: Basis::Power,
        highest: false,
        halved: false,
        interval: None,
        consumed: None,
        foreign: FOREIGN.contains(&name),
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
            by(0, &["coef"])
        }
        _ if found.foreign && !name.ends_with("val") => by(0, &["coef"]),
        _ if found.foreign => by(1, &["c"]),
        "poly1d" if python => {
            let more = arguments
                .iter()
                .skip(1)
                .any(|a| !matches!(keyword(a), Some("variable" | "c_or_r")));
            if more {
                return Err(fail(
                    t,
                    i,
                    "the second argument of poly1d may say that these are roots",
                ));
            }
            found.highest = true;
            by(0, &["c_or_r"])
        }
        "polyval" if python => {
            let is_list = |range: &(usize, usize)| t.is(range.0, '[') || t.is(range.1 - 1, ']');
            // numpy.polyval(p, x); numpy.polynomial.polynomial.polyval(x, c).
            let second = t.chain_start(i) < i && is_polynomial_module(t, i)
                || by_place(1).is_some_and(|a| is_list(&a) && t.is(a.0, '['))
                || by_name("c").is_some();
            found.highest = !second;
            match second {
                true => by(1, &["c"]),
                false => by(0, &["p"]),
            }
        }
        "chebval" if python => {
            found.basis = Basis::Chebyshev;
            by(1, &["c"])
        }
        // Around a polynomial, or Lattigo's own of lists.
        "NewPolynomial" if arguments.len() < 2 => return Ok(None),
        "NewPolynomial" => {
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
                let number = |range| value(t, range);
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
        return Ok((!arguments.is_empty()).then_some(found));
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
    found.name = named(t, list);
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

/// The name that the coefficients of a call are: `c`, `self.c`, `c[0]`.
fn named<'a>(t: &Tokens<'a>, (from, mut to): (usize, usize)) -> Option<(&'a str, bool)> {
    let whole = to;
    while to > from + 1 && t.is(to - 1, ']') {
        let open = t.partner(to - 1).filter(|o| *o > from)?;
        // A part of a list is another list.
        if (open..to).any(|k| t.is(k, ':')) {
            return None;
        }
        to = open;
    }
    let last = to.checked_sub(1).filter(|l| *l >= from)?;
    let name = t.word(last)?;
    (t.chain_start(last) == from).then_some((name, to < whole))
}
