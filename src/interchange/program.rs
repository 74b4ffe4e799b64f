//! A program around its lists: a list is read only where its numbers are what the program has.

use crate::error::{Error, Result};
use crate::interchange::around;
use crate::interchange::changes::Changes;
use crate::interchange::conditional::conditional;
use crate::interchange::ends::INTEGERS;
use crate::interchange::honour::{honour, HOW};
use crate::interchange::lexer::{Kind, Syntax};
use crate::interchange::mentions::Mentions;
use crate::interchange::source::{Group, Source};
use crate::interchange::tokens::Tokens;
use crate::interchange::uses::{self, Use};
use rug::Rational;
use std::collections::HashMap;

/// Words of Python's annotations, which name no list.
const TYPES: [&str; 14] = [
    "list", "List", "float", "np", "numpy", "ndarray", "Tensor", "torch", "dict", "Dict",
    "Sequence", "tuple", "Final", "ClassVar",
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
    let found = uses::read(&t)?;
    let conditional = match syntax {
        Syntax::C => conditional(text),
        _ => Vec::new(),
    };
    let twice = twice(&t);
    let mut groups = std::mem::take(&mut source.groups);
    let opening = |g: &Group| t.at(g.line, g.column);
    let within = |range: (usize, usize), at: usize| (range.0..range.1).contains(&at);
    groups.retain(|g| {
        let at = opening(g);
        !found
            .iter()
            .any(|u| u.consumed.zip(at).is_some_and(|(r, at)| within(r, at)))
    });
    let lists: Vec<usize> = groups.iter().filter_map(opening).collect();
    let mentions = Mentions::read(&t, &lists);
    let mut matched = vec![false; found.len()];
    for group in &mut groups {
        let Some(open) = opening(group) else {
            continue;
        };
        // What a call is of, it is of that also where the list is not read.
        let held = |u: &Use| within(u.list, open);
        let of = |u: &Use| {
            let several = group.items.len() > 1;
            let named = |(name, picked): (&str, bool)| group.name == name && (!picked || several);
            !group.name.is_empty() && u.name.is_some_and(named)
        };
        let held: Vec<bool> = found.iter().map(held).collect();
        let of: Vec<bool> = found.iter().map(of).collect();
        let inside = conditional
            .iter()
            .find(|(a, b)| (*a..*b).contains(&group.line));
        let judged = match inside {
            _ if group.bad.is_some() => continue,
            Some((line, _)) => {
                let detail =
                    format!("the list is compiled only under the condition of line {line}: {HOW}");
                Err(Error::parse(group.place(), detail))
            }
            None => stands(&t, &changes, &mentions, open, group, &mut source.singles),
        };
        let judged = judged.and_then(|(names, changed)| {
            if let Some((key, other)) = repeated(&t, &twice, open) {
                let detail = format!(
                    "{}: the key {:?} stands in its dictionary again ({}): {HOW}",
                    t.quote(key),
                    t.get(key).map_or("", |x| x.text),
                    t.quote(other)
                );
                return Err(Error::parse("", detail));
            }
            (group.assumed, group.mentioned) = mentions.assumed(&t, open, &names, group);
            if let Some(at) = changed {
                let detail = format!(
                    "{} gives {} another value than its list of {} has: {HOW}",
                    t.quote(at),
                    names.first().unwrap_or(&""),
                    group.place()
                );
                group.changed = Some((t.quote(at), detail));
            }
            // A call of a name that is changed is of another list.
            let mut mine = Vec::new();
            for (i, u) in found.iter().enumerate() {
                if held[i] || of[i] && changed.is_none() {
                    matched[i] = true;
                    mine.push(u.clone());
                }
            }
            honour(&t, &mine, asked, group)
        });
        if let Err(bad) = judged {
            group.bad = Some(bad);
        }
    }
    let unmatched = found.iter().zip(&matched).filter(|(_, matched)| !**matched);
    source.unmatched = unmatched.map(|(u, _)| t.quote(u.at)).collect();
    source.groups = groups;
    Ok(())
}

/// Brackets in values of Python's dictionaries whose key stands there more than once, each with its key and
/// another place of it.
type Repeated = HashMap<usize, (usize, usize)>;

fn twice(t: &Tokens) -> Repeated {
    let mut all = Repeated::new();
    let dictionaries = (0..t.list.len()).filter(|i| t.syntax == Syntax::Python && t.is(*i, '{'));
    for open in dictionaries {
        let mut keys: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
        for (from, to) in t.arguments(open) {
            if t.is(from + 1, ':') {
                keys.entry(t.list[from].text).or_default().push((from, to));
            }
        }
        for places in keys.values().filter(|p| p.len() > 1) {
            for (k, (from, to)) in places.iter().enumerate() {
                let other = places[usize::from(k == 0)].0;
                let mut i = from + 2;
                while i < *to {
                    all.insert(i, (*from, other));
                    i = t.after(i);
                }
            }
        }
    }
    all
}

/// Whether a bracket is in such a value.
fn repeated(t: &Tokens, twice: &Repeated, open: usize) -> Option<(usize, usize)> {
    let mut at = Some(open).filter(|_| !twice.is_empty());
    while let Some(i) = at {
        if let Some(found) = twice.get(&i) {
            return Some(*found);
        }
        at = t.parent(i);
    }
    None
}

/// Whether a list's numbers are those of what encloses it: the names of its statement, and where one of them
/// gets another value.
fn stands<'a>(
    t: &Tokens<'a>,
    changes: &Changes<'a>,
    mentions: &Mentions<'a>,
    open: usize,
    group: &mut Group,
    singles: &mut usize,
) -> Result<(Vec<&'a str>, Option<usize>)> {
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
        Some(assign) if t.syntax == Syntax::Python || place.within => {
            changes.named(assign).to_vec()
        }
        _ => Vec::new(),
    };
    names.retain(|n| !TYPES.contains(n));
    if !place.within {
        let own = mentions.word(&group.name);
        names.extend(own.filter(|n| !names.contains(n)));
    }
    let own = group.name.as_str();
    let changed = names.iter().find_map(|name| {
        let index = match (place.within, place.assign) {
            (true, _) => Some(own),
            (false, Some(assign)) => changes.index(name, assign),
            _ => None,
        };
        changes.other(name, place.assign, index)
    });
    Ok((names, changed))
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
