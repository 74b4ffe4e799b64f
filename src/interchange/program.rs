//! A program around its lists: a list is read only where its numbers are what the program has.

use crate::error::{Error, Result};
use crate::interchange::around;
use crate::interchange::changes::Changes;
use crate::interchange::lexer::{Kind, Syntax};
use crate::interchange::source::{Form, Group, Source};
use crate::interchange::tokens::Tokens;
use crate::interchange::uses::{self, Interval, Use};
use crate::poly::basis::interval_map;
use crate::poly::component::Basis;
use rug::Rational;

const HOW: &str = "write the resulting numbers into a file of their own and import that";
/// Words of Python's annotations, which name no list.
const TYPES: [&str; 14] = [
    "list", "List", "float", "np", "numpy", "ndarray", "Tensor", "torch", "dict", "Dict",
    "Sequence", "tuple", "Final", "ClassVar",
];
/// Types of integers in C, C++ and Go.
const INTEGERS: [&str; 16] = [
    "int", "long", "short", "char", "unsigned", "signed", "bool", "size_t", "int8_t", "int16_t",
    "int32_t", "int64_t", "uint8_t", "uint32_t", "uint64_t", "int64",
];

/// Marks the lists whose numbers the program changes, and honours what it says of them.
///
/// # Errors
/// What is no text of the language; a call that changes what its coefficients are.
pub(super) fn examine(
    text: &str,
    syntax: Syntax,
    source: &mut Source,
    asked: Option<&(Rational, Rational)>,
) -> Result<()> {
    if !matches!(syntax, Syntax::Python | Syntax::C | Syntax::Go) {
        return Ok(());
    }
    let t = Tokens::read(text, syntax)?;
    let changes = Changes::read(&t);
    let mut found = uses::read(&t, &source.scalars)?;
    for u in &mut found {
        u.names = names(&t, &changes, u);
    }
    let found = found;
    let conditional = match syntax {
        Syntax::C => conditional(text),
        _ => Vec::new(),
    };
    let mut groups = std::mem::take(&mut source.groups);
    let opening = |g: &Group| t.at(g.line, g.column);
    let within = |range: Option<(usize, usize)>, g: &Group| {
        let at = opening(g);
        range.is_some_and(|(a, b)| at.is_some_and(|at| (a..b).contains(&at)))
    };
    groups.retain(|g| !found.iter().any(|u| within(u.consumed, g)));
    for group in groups.iter_mut().filter(|g| g.bad.is_none()) {
        let Some(open) = opening(group) else {
            continue;
        };
        let inside = conditional
            .iter()
            .find(|(a, b)| (*a..*b).contains(&group.line));
        if let Some((line, _)) = inside {
            let detail =
                format!("the list is compiled only under the condition of line {line}: {HOW}");
            group.bad = Some(Error::parse(group.place(), detail));
            continue;
        }
        if let Err(bad) = stands(&t, &changes, open, group, &mut source.singles) {
            group.bad = Some(bad);
            continue;
        }
        let mine = |u: &Use| {
            within(Some(u.list), group) || !group.name.is_empty() && u.names.contains(&group.name)
        };
        let mine: Vec<Use> = found.iter().filter(|u| mine(u)).cloned().collect();
        if let Err(bad) = honour(&t, &mine, asked, group) {
            group.bad = Some(bad);
        }
    }
    source.groups = groups;
    Ok(())
}

/// Whether a list's numbers are those of its name, and stay so.
fn stands(
    t: &Tokens,
    changes: &Changes,
    open: usize,
    group: &mut Group,
    singles: &mut usize,
) -> Result<()> {
    let place = around::place(t, open).map_err(|i| {
        let detail = format!(
            "{} may compute with the list of {} (at {:?}): {HOW}",
            t.quote(i),
            group.place(),
            t.get(i).map_or("", |x| x.text)
        );
        Error::parse("", detail)
    })?;
    group.operated |= place.operated;
    if place.single {
        *singles += group.items.iter().map(|i| i.count).sum::<usize>();
    }
    integers(t, open, group)?;
    let mut names: Vec<&str> = match place.assign {
        Some(assign) if t.syntax == Syntax::Python => changes.named(assign).to_vec(),
        Some(assign) if place.within => changes.named(assign).to_vec(),
        _ => Vec::new(),
    };
    names.retain(|n| !TYPES.contains(n));
    let own = group.name.clone();
    if !place.within {
        names.push(&own);
    }
    for name in names {
        let index = match (place.within, place.assign) {
            (true, _) => Some(own.as_str()),
            (false, Some(assign)) => changes.index(name, assign),
            _ => None,
        };
        if let Some(at) = changes.other(name, place.assign, index) {
            let detail = format!(
                "{} gives {name} another value than its list of {} has: {HOW}",
                t.quote(at),
                group.place()
            );
            return Err(Error::parse("", detail));
        }
    }
    Ok(())
}

/// An array of integers does not hold fractions.
fn integers(t: &Tokens, open: usize, group: &Group) -> Result<()> {
    if t.syntax == Syntax::Python {
        return Ok(());
    }
    let whole = |x: &Rational| *x.denom() == 1u32;
    if group.items.iter().all(|i| i.values.iter().all(whole)) {
        return Ok(());
    }
    let mut i = open;
    for _ in 0..64 {
        let Some(k) = i.checked_sub(1) else { break };
        let stops = matches!(t.list[k].kind, Kind::Mark(';' | '{' | '}' | '(')) || t.fresh(i);
        if stops {
            break;
        }
        i = k;
    }
    let words: Vec<&str> = (i..open).filter_map(|k| t.word(k)).collect();
    let float = words.iter().any(|w| matches!(*w, "double" | "float"));
    match words.iter().find(|w| INTEGERS.contains(w)) {
        Some(word) if !float => {
            let detail = format!(
                "{}: {word} does not hold these fractions: {HOW}",
                t.quote(open)
            );
            Err(Error::parse("", detail))
        }
        _ => Ok(()),
    }
}

/// The names of a call's coefficients.
fn names(t: &Tokens, changes: &Changes, u: &Use) -> Vec<String> {
    let (from, mut to) = u.list;
    // An index picks one of several.
    while to > from + 1 && t.is(to - 1, ']') {
        to = t.partner(to - 1).filter(|o| *o > from).unwrap_or(from);
    }
    if to <= from || t.chain_start(to - 1) != from || t.word(to - 1).is_none() {
        return Vec::new();
    }
    let name = t.list[to - 1].text;
    let others = changes.sources(name).take(64).map(str::to_owned);
    others.chain([name.to_owned()]).collect()
}

/// Basis, order and interval of the calls that have a list.
fn honour(
    t: &Tokens,
    uses: &[Use],
    asked: Option<&(Rational, Rational)>,
    group: &mut Group,
) -> Result<()> {
    let Some(first) = uses.first() else {
        return Ok(());
    };
    let same = |u: &&Use| {
        (u.basis, u.highest, u.halved, &u.interval)
            == (first.basis, first.highest, first.halved, &first.interval)
    };
    if let Some(second) = uses.iter().find(|u| !same(u)) {
        let detail = format!(
            "the list of {} is taken for two polynomials, at {} and at {}: {HOW}",
            group.place(),
            t.quote(first.at),
            t.quote(second.at)
        );
        return Err(Error::parse("", detail));
    }
    let asked = asked.filter(|_| first.halved);
    let interval = match (&first.interval, asked) {
        (Some(Interval::Known(a, b)), Some((lo, hi))) if (a, b) != (lo, hi) => {
            let detail = format!(
                "{} says another interval than --interval",
                t.quote(first.at)
            );
            return Err(Error::parse("", detail));
        }
        (Some(Interval::Known(a, b)), _) => Some((a.clone(), b.clone())),
        (_, Some(asked)) => Some(asked.clone()),
        (Some(Interval::Unread), None) => {
            let option = match first.halved {
                true => ": say it by --from openfhe --interval A,B",
                false => ": write its numbers into the call",
            };
            let detail = format!(
                "{}: its interval is not two numbers{option}",
                t.quote(first.at)
            );
            return Err(Error::parse("", detail));
        }
        (None, None) => None,
    };
    let (scale, offset) = match &interval {
        Some((a, b)) => interval_map(a, b),
        None => (Rational::from(1), Rational::new()),
    };
    for item in &mut group.items {
        if item.count > item.values.len() {
            continue;
        }
        if first.highest {
            item.values.reverse();
        }
        if first.halved {
            if let Some(c) = item.values.first_mut() {
                *c /= 2u32;
            }
        }
        item.form = Some(Form {
            basis: first.basis,
            scale: scale.clone(),
            offset: offset.clone(),
            domain: interval.clone(),
        });
    }
    group.told = Some(told(t, first));
    Ok(())
}

fn told(t: &Tokens, first: &Use) -> String {
    let basis = match first.basis {
        Basis::Power => "powers",
        Basis::Chebyshev => "a Chebyshev series",
    };
    let order = match first.highest {
        true => ", the highest degree first",
        false => "",
    };
    let half = match first.halved {
        true => ", the first coefficient halved",
        false => "",
    };
    format!("{} takes it for {basis}{order}{half}", t.quote(first.at))
}

/// Lines between `#if` and `#endif`, but for the guard around a header and for C++.
fn conditional(text: &str) -> Vec<(usize, usize)> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((n, line)) = lines.next() {
        let Some(directive) = line.trim_start().strip_prefix('#').map(str::trim_start) else {
            continue;
        };
        if directive.starts_with("if") {
            let next = lines.peek().map_or("", |(_, l)| l.trim());
            let name = directive.strip_prefix("ifndef").map(str::trim);
            let guard = name.is_some_and(|name| {
                let defined = next.strip_prefix('#').map(str::trim_start);
                let defined = defined
                    .and_then(|d| d.strip_prefix("define"))
                    .map(str::trim);
                !name.is_empty()
                    && defined.is_some_and(|d| d.split_whitespace().next() == Some(name))
            });
            open.push((n + 1, guard));
        } else if directive.starts_with("el") {
            if let Some(last) = open.last_mut() {
                last.1 = false;
            }
        } else if directive.starts_with("endif") {
            if let Some((line, guard)) = open.pop() {
                if !guard {
                    found.push((line, n + 2));
                }
            }
        }
    }
    let unclosed = open.iter().filter(|(_, guard)| !guard);
    found.extend(unclosed.map(|(line, _)| (*line, usize::MAX)));
    found
}
