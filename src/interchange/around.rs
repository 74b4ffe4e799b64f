//! The expression that a list of numbers stands in. Only what is known to keep the numbers is read: an
//! allow-list, because a wrapper that is not known may compute anything.

use crate::interchange::lexer::{Kind, Syntax};
use crate::interchange::tokens::Tokens;
use crate::interchange::wrappers::{
    CARRIERS, FLOATS, HARMLESS, METHODS, NARROW, NARROW_MODULES, SINGLES, USES, WRAPPERS,
};

/// Where a list stands.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The `=` that gives it a name.
    pub assign: Option<usize>,
    /// Whether it is within a dictionary or a list of others, under a name of its own.
    pub within: bool,
    /// Whether a constant multiplies it.
    pub operated: bool,
    /// Whether its type is binary32, as it is said or as a wrapper takes it.
    pub single: bool,
    /// Whether it is in an array of numpy, whose type others keep.
    wide: bool,
}

/// Follows the expression outwards from a list's opening bracket.
///
/// # Errors
/// The token that may compute with it.
pub(super) fn place(t: &Tokens, open: usize) -> Result<Place, usize> {
    let mut place = Place::default();
    let Some(close) = t.partner(open) else {
        return Ok(place);
    };
    let (mut a, mut b) = (open, close);
    let python = t.syntax == Syntax::Python;
    if !python {
        a = type_start(t, a);
    }
    for _ in 0..1_000 {
        b = methods(t, b, &mut place)?;
        (a, b) = factors(t, a, b, &mut place)?;
        let parent = t.parent(a);
        let before = before(t, a);
        let after = after(t, b);
        let ends = after.is_none_or(|i| t.is(i, ','));
        let Some(p) = parent.filter(|p| !is_body(t, *p)) else {
            return statement(t, before, after, place);
        };
        if !ends {
            return Err(after.unwrap_or(b));
        }
        let separated = before.is_none_or(|i| t.is(i, ','));
        let named = before.is_some_and(|i| t.is(i, '=') && t.assigns(i));
        let end = t.partner(p).unwrap_or(b);
        match t.list[p].kind {
            Kind::Mark('(') => match t.callee(p) {
                None if separated => {
                    place.within |= before.is_some() || after.is_some();
                    (a, b) = (p, end);
                }
                Some(c) => {
                    let name = t.list[c].text;
                    let start = t.chain_start(c);
                    let head = start.checked_sub(1).and_then(|i| t.word(i));
                    // `def f(c=[...])`; `vector<double> c({...})`.
                    if named && matches!(head, Some("def")) {
                        return Ok(place);
                    }
                    let evaluated = name.starts_with("Eval") || name.ends_with("val");
                    let many = USES.contains(&name) && (named || t.arguments(p).len() > 1);
                    if many && (separated || named) {
                        place.within = true;
                        // What is done with a value does not change the polynomial.
                        if evaluated {
                            return Ok(place);
                        }
                    } else if CARRIERS.contains(&name) && (separated || named) {
                        place.within = true;
                    } else if separated && before.is_none() && is_declared(t, start) {
                        if after.is_some() {
                            return Err(c);
                        }
                        return Ok(place);
                    } else if before.is_none() && (WRAPPERS.contains(&name) || USES.contains(&name))
                    {
                        let typed = options(t, b + 1, end, &mut place)?;
                        let module = t.word(start).unwrap_or("");
                        let jax = NARROW_MODULES.contains(&module);
                        let array = name.ends_with("array");
                        let narrow = jax && array || NARROW.contains(&name) && !place.wide;
                        place.single |= python && narrow && !typed;
                        place.wide |= array && !jax;
                    } else {
                        return Err(c);
                    }
                    (a, b) = (start, end);
                }
                None => return Err(before.unwrap_or(a)),
            },
            Kind::Mark('[') if t.syntax == Syntax::Python => {
                let index = p.checked_sub(1).is_some_and(|i| {
                    !t.fresh(p) && (t.is(i, ']') || t.is(i, ')') || t.callee_word(i))
                });
                if index || !separated {
                    return Err(p);
                }
                place.within = true;
                (a, b) = (p, end);
            }
            Kind::Mark('{') => {
                if !separated && !before.is_some_and(|i| t.is(i, ':')) {
                    return Err(before.unwrap_or(p));
                }
                place.within = true;
                (a, b) = (p, end);
            }
            _ => return Err(before.unwrap_or(p)),
        }
    }
    Err(open)
}

/// A body of statements: a block of C or Go, a group of declarations of Go, the head of a loop.
fn is_body(t: &Tokens, open: usize) -> bool {
    if t.syntax == Syntax::Python {
        return false;
    }
    let head = open.checked_sub(1).and_then(|i| t.word(i));
    t.is(open, '{') || matches!(head, Some("var" | "const" | "for"))
}

/// `double c({...})`: a word before the name, which is no `return`.
fn is_declared(t: &Tokens, start: usize) -> bool {
    let Some(i) = start.checked_sub(1).filter(|_| t.syntax == Syntax::C) else {
        return false;
    };
    t.is(i, '>')
        || t.word(i)
            .is_some_and(|w| !matches!(w, "return" | "new" | "else" | "throw"))
}

/// The token before one within the same bracket and statement.
fn before(t: &Tokens, a: usize) -> Option<usize> {
    let mut i = a.checked_sub(1).filter(|_| !t.fresh(a))?;
    if t.is(i, '\\') {
        i = i.checked_sub(1)?;
    }
    (t.parent(a) != Some(i) && !t.is(i, ';')).then_some(i)
}

fn after(t: &Tokens, b: usize) -> Option<usize> {
    let i = b + 1 + usize::from(t.is(b + 1, '\\'));
    let token = t.get(i)?;
    let closes = matches!(token.kind, Kind::Mark(')' | ']' | '}' | ';'));
    (!closes && !t.fresh(i)).then_some(i)
}

fn statement(
    t: &Tokens,
    before: Option<usize>,
    after: Option<usize>,
    mut place: Place,
) -> Result<Place, usize> {
    let looped = before.is_some_and(|i| t.word(i) == Some("in"));
    if let Some(i) = after {
        let braced = t.syntax != Syntax::Python && t.is(i, '{');
        if !(t.is(i, ',') || looped && t.is(i, ':') || braced) {
            return Err(i);
        }
    }
    let Some(i) = before else {
        return Ok(place);
    };
    if t.is(i, '=') {
        if !t.assigns(i) || t.augments(i) {
            return Err(i);
        }
        place.assign = Some(i);
        return Ok(place);
    }
    if t.is(i, ',') {
        // `a, b = [1], [2]`.
        let mut j = i;
        for _ in 0..64 {
            j = match t.partner(j).filter(|p| *p < j) {
                Some(open) => open,
                None => j,
            };
            if t.is(j, '=') && t.assigns(j) {
                place.assign = Some(j);
            }
            if t.fresh(j) || j == 0 || t.is(j, ';') || place.assign.is_some() {
                break;
            }
            j -= 1;
        }
        return Ok(place);
    }
    let fine = match t.syntax {
        Syntax::Python => t.is(i, ':') || matches!(t.word(i), Some("return" | "yield" | "in")),
        _ => t.is(i, '}') || t.is(i, ':') || t.is(i, ')') || t.word(i).is_some(),
    };
    if fine {
        Ok(place)
    } else {
        Err(i)
    }
}

/// Where the type or declaration before a brace begins.
fn type_start(t: &Tokens, open: usize) -> usize {
    let mut a = open;
    for _ in 0..64 {
        let Some(i) = a.checked_sub(1).filter(|_| !t.fresh(a)) else {
            break;
        };
        a = match t.list[i].kind {
            Kind::Word if matches!(t.list[i].text, "return" | "in") => break,
            Kind::Word => i,
            Kind::Mark(']') => match t.partner(i) {
                Some(open) => open,
                None => break,
            },
            Kind::Mark('>') => match t.angle(i) {
                Some(open) => open,
                None => break,
            },
            Kind::Mark('.') => i,
            // `[]interface{}{`.
            Kind::Mark('}') if t.partner(i) == i.checked_sub(1) && t.syntax == Syntax::Go => {
                match i.checked_sub(2).filter(|k| t.word(*k) == Some("interface")) {
                    Some(word) => word,
                    None => break,
                }
            }
            Kind::Mark(':') if i > 0 && t.is(i - 1, ':') => i - 1,
            Kind::Mark('*') if t.syntax == Syntax::Go && t.is(i.saturating_sub(1), ']') => i,
            _ => break,
        };
    }
    a
}

/// Methods after a list that keep its numbers.
fn methods(t: &Tokens, mut b: usize, place: &mut Place) -> Result<usize, usize> {
    while t.is(b + 1, '.') && !t.fresh(b + 1) {
        let name = t.word(b + 2).filter(|w| METHODS.contains(w));
        let (Some(name), Some(end)) = (name, t.partner(b + 3).filter(|_| t.is(b + 3, '('))) else {
            return Err(b + 1);
        };
        if name == "astype" {
            held(t, b + 4, end, place)?;
        }
        b = end;
    }
    Ok(b)
}

/// Constant factors and signs, which an option states.
fn factors(t: &Tokens, a: usize, b: usize, place: &mut Place) -> Result<(usize, usize), usize> {
    if t.syntax != Syntax::Python {
        return Ok((a, b));
    }
    let (mut first, mut last) = (a, b);
    if let Some(i) = after(t, b).filter(|i| t.is(*i, '*') || t.is(*i, '/')) {
        let mut j = i;
        if t.list[i + 1..]
            .first()
            .is_some_and(|x| x.kind == t.list[i].kind)
        {
            return Err(i);
        }
        loop {
            let sign = t.is(j, '-') && matches!(t.list[j - 1].kind, Kind::Mark('*' | '/'));
            let fits = match t.list[j].kind {
                Kind::Word => {
                    !matches!(t.list[j].text, "if" | "for" | "else" | "and" | "or" | "in")
                }
                Kind::Number | Kind::Mark('.' | '*' | '/') => true,
                Kind::Mark('(') => !(j..t.after(j)).any(|k| t.is(k, '[')),
                _ => sign,
            };
            if !fits {
                return Err(j);
            }
            last = t.after(j) - 1;
            match after(t, last).filter(|k| !t.is(*k, ',')) {
                Some(k) => j = k,
                None => break,
            }
        }
        place.operated = true;
    }
    if let Some(i) = before(t, a).filter(|i| t.is(*i, '*')) {
        if i.checked_sub(1).is_some_and(|k| t.is(k, '*')) {
            return Err(i);
        }
        let mut j = i;
        loop {
            let fits = match t.list[j].kind {
                Kind::Word => !matches!(t.list[j].text, "if" | "else" | "and" | "or" | "not"),
                Kind::Number | Kind::Mark('.' | '*' | '/' | '-') => true,
                _ => false,
            };
            if !fits {
                return Err(j);
            }
            first = j;
            let stops = |k: &usize| {
                matches!(t.list[*k].kind, Kind::Mark('=' | ',' | ':'))
                    || matches!(t.word(*k), Some("return" | "yield" | "in"))
            };
            match before(t, j).filter(|k| !stops(k)) {
                Some(k) => j = k,
                None => break,
            }
        }
        // A sum before it is no factor.
        if let Some(k) =
            (first + 1..i).find(|k| t.is(*k, '-') && !t.is(k - 1, '*') && !t.is(k - 1, '/'))
        {
            return Err(k);
        }
        place.operated = true;
    } else if let Some(i) = before(t, a).filter(|i| t.is(*i, '-')) {
        let unary = before(t, i).is_none_or(|k| {
            matches!(t.list[k].kind, Kind::Mark('=' | ',' | ':')) || t.word(k) == Some("return")
        });
        if !unary {
            return Err(i);
        }
        first = i;
        place.operated = true;
    }
    Ok((first, last))
}

/// The arguments after a list, such as its type.
/// Whether there is a type among them.
fn options(t: &Tokens, from: usize, close: usize, place: &mut Place) -> Result<bool, usize> {
    if from >= close {
        return Ok(false);
    }
    let mut typed = false;
    let mut start = from + 1;
    let mut i = start;
    while i <= close {
        if i == close || t.is(i, ',') {
            let keyword = t.word(start).filter(|_| t.is(start + 1, '='));
            match keyword {
                Some(name) if HARMLESS.contains(&name) => {}
                Some("dtype") => {
                    typed = true;
                    held(t, start + 2, i, place)?;
                }
                None if start < i => {
                    typed = true;
                    held(t, start, i, place)?;
                }
                None => {}
                Some(_) => return Err(start),
            }
            start = i + 1;
        }
        i = t.after(i);
    }
    Ok(typed)
}

/// The type that a list is held in.
fn held(t: &Tokens, from: usize, to: usize, place: &mut Place) -> Result<(), usize> {
    let from = if t.word(from) == Some("dtype") && t.is(from + 1, '=') {
        from + 2
    } else {
        from
    };
    let Some(last) = to.checked_sub(1).filter(|l| *l >= from) else {
        return Err(from);
    };
    let plain =
        (from..to).all(|i| matches!(t.list[i].kind, Kind::Word | Kind::Text | Kind::Mark('.')));
    let name = t.list[last].text;
    if !plain || !FLOATS.contains(&name) && !SINGLES.contains(&name) {
        return Err(from);
    }
    place.single |= SINGLES.contains(&name);
    Ok(())
}
