//! The ends of an interval in a call: numbers, or names that certainly stand for one number.
//!
//! A name is a number only where the program has it once beside such calls, as a declaration of one literal: any
//! other place may give it another value.

use crate::interchange::expression;
use crate::interchange::lexer::{Kind, Lexer, Syntax};
use crate::interchange::tokens::Tokens;
use crate::interchange::wrappers::USES;
use rug::Rational;

/// The interval that a call maps to [-1, 1].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Interval {
    Known(Rational, Rational),
    /// By names or expressions that are not read.
    Unread,
}

/// Types of integers in C, C++ and Go.
pub(super) const INTEGERS: [&str; 16] = [
    "int", "long", "short", "char", "unsigned", "signed", "bool", "size_t", "int8_t", "int16_t",
    "int32_t", "int64_t", "uint8_t", "uint32_t", "uint64_t", "int64",
];

/// A number, or a name that has one value.
pub(super) fn value(t: &Tokens, (from, to): (usize, usize)) -> Option<Rational> {
    match t.word(from).filter(|_| to == from + 1) {
        Some(name) => declared(t, name),
        None => number(t, from, to),
    }
}

/// A constant expression of doubles.
fn number(t: &Tokens, from: usize, to: usize) -> Option<Rational> {
    let mut lexer = Lexer::new(t.slice(from, to), t.syntax);
    let start = t.get(from)?;
    let mut singles = 0;
    let number = expression::real(&mut lexer, t.syntax, &mut singles, start).ok()?;
    // A literal of a float is rounded.
    let exact = singles == 0 || is_single(&number);
    (exact && matches!(lexer.next(), Ok(None))).then_some(number)
}

fn is_single(x: &Rational) -> bool {
    Rational::from_f32(x.to_f32()).is_some_and(|single| single == *x)
}

/// The number that a name is declared to be.
fn declared(t: &Tokens, name: &str) -> Option<Rational> {
    let mut places = (0..t.list.len()).filter(|k| t.word(*k) == Some(name) && !is_argument(t, *k));
    let at = places.next()?;
    if places.next().is_some() || t.parent(at).is_some_and(|p| t.is(p, '(') || t.is(p, '[')) {
        return None;
    }
    // Types and names before it in its statement.
    let mut start = at;
    while let Some(k) = start.checked_sub(1).filter(|_| !t.fresh(start)) {
        let ends = matches!(t.list[k].kind, Kind::Mark(';' | '{' | '}' | '(' | ')'));
        if ends {
            break;
        }
        start = k;
    }
    let before = at.checked_sub(1).filter(|_| start < at);
    let plain = match (before, t.syntax) {
        (None, Syntax::C) => false,
        (None, _) => true,
        (Some(k), Syntax::C) => t.word(k).is_some() || t.is(k, ','),
        (Some(k), _) => matches!(t.word(k), Some("var" | "const")),
    };
    let assign = match t.syntax {
        Syntax::Go if t.is(at + 1, ':') => at + 2,
        _ => at + 1,
    };
    if !plain || !t.is(assign, '=') || !t.assigns(assign) || t.augments(assign) && assign == at + 1
    {
        return None;
    }
    let from = assign + 1;
    let digit = from + usize::from(t.is(from, '-') || t.is(from, '+'));
    let ends = t.get(digit + 1).is_none()
        || t.fresh(digit + 1)
        || t.is(digit + 1, ';')
        || t.is(digit + 1, ',') && t.syntax == Syntax::C;
    if t.get(digit)?.kind != Kind::Number || !ends {
        return None;
    }
    let signed = usize::from(t.is(from, '+'));
    let number = number(t, from + signed, digit + 1)?;
    let types: Vec<&str> = (start..at).filter_map(|k| t.word(k)).collect();
    let whole = types.iter().any(|w| INTEGERS.contains(w));
    let float = types.contains(&"float");
    let held = (!whole || *number.denom() == 1u32) && (!float || is_single(&number));
    held.then_some(number)
}

/// Whether a word is by itself an argument of a call that reads it.
fn is_argument(t: &Tokens, k: usize) -> bool {
    let alone = |i: Option<usize>| i.is_some_and(|i| t.is(i, ',') || t.parent(k) == Some(i));
    let after = t.is(k + 1, ',') || t.is(k + 1, ')') || t.is(k + 1, ']') || t.is(k + 1, '}');
    let mut open = t.parent(k);
    // A pair of ends is a bracket within the call.
    for _ in 0..2 {
        let Some(p) = open else { return false };
        let callee = t.callee(p).and_then(|c| t.word(c));
        if callee.is_some_and(|c| USES.contains(&c)) {
            return alone(k.checked_sub(1)) && after;
        }
        open = t.parent(p);
    }
    false
}

/// `[a, b]`, `(a, b)`, `[2]float64{a, b}`.
pub(super) fn pair(t: &Tokens, (from, to): (usize, usize)) -> Interval {
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
        .map(|range| value(t, range))
        .collect();
    match ends.as_slice() {
        [Some(a), Some(b)] => Interval::Known(a.clone(), b.clone()),
        _ => Interval::Unread,
    }
}
