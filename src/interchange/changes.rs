//! Where a program changes a list itself: what is certain and direct, and no more.
//!
//! Statements that give the list's own name another value or write into it, methods of it and functions of it
//! that are known to change it. What becomes of a list under another name, in a function or by a call that is
//! not known is not followed, because the ways never end: the import says instead that it reads the list as it
//! is written, and names the lines that mention it (`mentions.rs`).

use crate::interchange::lexer::{Kind, Syntax};
use crate::interchange::tokens::Tokens;
use crate::interchange::wrappers;
use std::collections::HashMap;

/// Methods that change what they belong to; in Python those that end with `_` too.
const METHODS: [&str; 30] = [
    "reverse",
    "sort",
    "append",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "clear",
    "update",
    "setdefault",
    "fill",
    "put",
    "itemset",
    "partition",
    "resize",
    "byteswap",
    "setfield",
    "push_back",
    "push_front",
    "pop_back",
    "emplace",
    "emplace_back",
    "erase",
    "assign",
    "swap",
    "merge",
    "splice",
    "unique",
    "remove_if",
];
/// Functions that change the list that is their first argument; `swap` both.
const WRITERS: [&str; 19] = [
    "reverse",
    "sort",
    "stable_sort",
    "shuffle",
    "random_shuffle",
    "swap",
    "iter_swap",
    "fill",
    "fill_n",
    "rotate",
    "for_each",
    "copyto",
    "put",
    "place",
    "putmask",
    "memset",
    "Reverse",
    "Float64s",
    "setattr",
];
/// Words before a colon of Python that give no value.
const HEADS: [&str; 10] = [
    "if", "elif", "else", "while", "for", "with", "try", "def", "class", "finally",
];
/// Words before the names of a statement of Go.
const DECLARES: [&str; 6] = ["var", "const", "if", "for", "switch", "case"];
/// Most tokens of a statement before its `=`.
const MAX_BEFORE: usize = 256;

/// A place that changes what a name stands for or holds.
#[derive(Debug, Clone, Copy)]
struct Change<'a> {
    /// The token where it stands.
    at: usize,
    /// First token of its statement; what a statement assigns together has it in common.
    statement: usize,
    /// `name[index]`, where the index is one literal.
    index: Option<&'a str>,
    /// Whether it changes what the name holds, rather than what the name is.
    within: bool,
    /// Whether the name only gets something empty to begin with.
    empty: bool,
}

/// All changes, by name.
#[derive(Debug, Default)]
pub(super) struct Changes<'a> {
    of: HashMap<&'a str, Vec<Change<'a>>>,
    /// Names that a statement gives a value, by its first token.
    names: HashMap<usize, Vec<&'a str>>,
    /// First token of a statement by any of its `=`.
    statements: HashMap<usize, usize>,
}

/// A name as it is written, with what is indexed of it.
struct Chain<'a> {
    name: &'a str,
    index: Option<&'a str>,
    indexed: bool,
}

impl<'a> Changes<'a> {
    pub fn read(t: &Tokens<'a>) -> Self {
        let mut all = Self::default();
        for i in 0..t.list.len() {
            match t.list[i].kind {
                Kind::Mark('=') if t.assigns(i) => all.assign(t, i),
                Kind::Mark(mark @ ('+' | '-'))
                    if t.syntax != Syntax::Python && t.is(i + 1, mark) && t.touch(i) =>
                {
                    all.step(t, i);
                }
                Kind::Word => all.word(t, i),
                _ => {}
            }
        }
        all
    }

    fn push(&mut self, chain: &Chain<'a>, at: usize, statement: usize, within: bool) {
        self.of.entry(chain.name).or_default().push(Change {
            at,
            statement,
            index: chain.index,
            within: within || chain.indexed,
            empty: false,
        });
    }

    /// `p = ...`, `p[0], q = ...`, `p += ...`, `out=p`.
    fn assign(&mut self, t: &Tokens<'a>, i: usize) {
        let python = t.syntax == Syntax::Python;
        let inside = t.parent(i).map(|p| t.list[p].kind);
        let walrus = i > 0 && t.is(i - 1, ':');
        match inside {
            Some(Kind::Mark('(')) if python && !walrus => {
                if i.checked_sub(1).and_then(|k| t.word(k)) == Some("out") {
                    if let Some(chain) = forward(t, i + 1) {
                        self.push(&chain, i, i, true);
                    }
                }
                return;
            }
            Some(Kind::Mark('[')) => return,
            Some(Kind::Mark('{')) if python => return,
            _ => {}
        }
        let start = start(t, i);
        self.statements.insert(i, start);
        let computes = t.augments(i) && !walrus;
        let harmless = !computes && is_itself(t, i);
        let empty = is_empty(t, i + 1);
        for chain in targets(t, start, i) {
            if !chain.indexed && !computes {
                self.names.entry(start).or_default().push(chain.name);
            }
            if harmless && !chain.indexed {
                continue;
            }
            self.push(&chain, i, start, computes);
            if let Some(last) = self.of.get_mut(chain.name).and_then(|c| c.last_mut()) {
                last.empty = empty;
            }
        }
    }

    /// `c[0]++`, `++c[0]`; a name alone is a counter or a pointer that moves.
    fn step(&mut self, t: &Tokens<'a>, i: usize) {
        let before = i.checked_sub(1).filter(|k| t.is(*k, ']'));
        let chain = match before {
            Some(close) => backward(t, close),
            None if t.word(i + 2).is_some() && !t.fresh(i + 2) => forward(t, i + 2),
            None => None,
        };
        if let Some(chain) = chain.filter(|c| c.indexed) {
            self.push(&chain, i, i, true);
        }
    }

    fn word(&mut self, t: &Tokens<'a>, i: usize) {
        let name = t.list[i].text;
        let python = t.syntax == Syntax::Python;
        if t.is(i + 1, '(') {
            let changes = METHODS.contains(&name) || python && name.ends_with('_');
            let dot = i.checked_sub(1).filter(|k| t.is(*k, '.'));
            let arrow = i.checked_sub(2);
            let arrow = arrow.filter(|k| t.is(k + 1, '>') && t.is(*k, '-'));
            let owner = dot.or(arrow).and_then(|k| k.checked_sub(1));
            if let Some(chain) = owner.filter(|_| changes).and_then(|k| backward(t, k)) {
                self.push(&chain, i, i, true);
            }
            // numpy.sort gives a copy; random.shuffle does not.
            let copies = python && matches!(name, "sort" | "reverse");
            if WRITERS.contains(&name) && !copies {
                let many = if name == "swap" { 2 } else { 1 };
                for (from, _) in t.arguments(i + 1).into_iter().take(many) {
                    if let Some(chain) = forward(t, from) {
                        self.push(&chain, i, i, true);
                    }
                }
            }
            // sort.Sort(sort.Reverse(sort.Float64Slice(c))).
            if t.syntax == Syntax::Go && name == "Float64Slice" {
                if let Some(chain) = forward(t, i + 2) {
                    self.push(&chain, i, i, true);
                }
            }
        }
        if python && name == "del" && t.fresh(i) {
            if let Some(chain) = forward(t, i + 1) {
                self.push(&chain, i, i, true);
            }
        }
    }

    /// The names that the statement of a `=` gives its value.
    pub fn named(&self, assign: usize) -> &[&'a str] {
        let start = self.statements.get(&assign);
        start
            .and_then(|s| self.names.get(s))
            .map_or(&[], Vec::as_slice)
    }

    /// Where a name gets another value than by the statement of a `=`; `index` is the part of it that is meant.
    pub fn other(&self, name: &str, assign: Option<usize>, index: Option<&str>) -> Option<usize> {
        let own = assign.and_then(|a| self.statements.get(&a)).copied();
        let mut others = self.of.get(name)?.iter();
        let apart = |c: &Change| match (c.index, index) {
            (Some(one), Some(two)) => one != two,
            _ => false,
        };
        let begins = |c: &Change| c.empty && !c.within && own.is_some_and(|o| c.at < o);
        others
            .find(|c| Some(c.statement) != own && !apart(c) && !begins(c))
            .map(|c| c.at)
    }

    /// The index that a `=` gives a value.
    pub fn index(&self, name: &str, assign: usize) -> Option<&'a str> {
        let start = *self.statements.get(&assign)?;
        let mut changes = self.of.get(name)?.iter();
        changes.find(|c| c.statement == start)?.index
    }
}

/// First token of the statement of a `=`, within its bracket.
fn start(t: &Tokens, i: usize) -> usize {
    let mut at = i;
    for _ in 0..MAX_BEFORE {
        let Some(k) = at.checked_sub(1).filter(|_| !t.fresh(at)) else {
            break;
        };
        // The bracket around it, or the end of a body.
        if t.is(k, ';') || t.parent(i) == Some(k) || t.syntax != Syntax::Python && t.is(k, '}') {
            break;
        }
        let comma = t.syntax == Syntax::C && t.is(k, ',');
        let head = t.is(k, ')') && t.syntax == Syntax::C && is_head(t, k);
        if comma || head {
            break;
        }
        at = t.partner(k).filter(|open| *open < k).unwrap_or(k);
    }
    // `for i in range(4): p[i] = 0`.
    if t.syntax == Syntax::Python && t.word(at).is_some_and(|w| HEADS.contains(&w)) {
        let mut k = at;
        while k < i {
            if t.is(k, ':') {
                return k + 1;
            }
            k = t.after(k);
        }
    }
    at
}

/// Whether a parenthesis closes the head of a loop or a condition.
fn is_head(t: &Tokens, close: usize) -> bool {
    let word = t.partner(close).and_then(|open| open.checked_sub(1));
    matches!(
        word.and_then(|k| t.word(k)),
        Some("if" | "for" | "while" | "switch")
    )
}

/// The names left of the `=` of a statement.
fn targets<'a>(t: &Tokens<'a>, start: usize, i: usize) -> Vec<Chain<'a>> {
    let mut end = i;
    while end > start
        && matches!(t.list[end - 1].kind, Kind::Mark(m) if "+-*/%&|^<>@~:".contains(m))
    {
        end -= 1;
    }
    if t.syntax == Syntax::C {
        // Before the name stands its type; `*(c + 1) = 3` writes into c.
        let pointed = t.is(start, '*');
        let chain = match t.partner(end.saturating_sub(1)) {
            Some(open) if pointed && open == start + 1 => forward(t, open + 1),
            _ if end > start => backward(t, end - 1),
            _ => None,
        };
        return chain
            .map(|c| Chain {
                indexed: c.indexed && !is_declared(t, start, end) || pointed,
                ..c
            })
            .into_iter()
            .collect();
    }
    let mut from = start;
    while t.syntax == Syntax::Go && t.word(from).is_some_and(|w| DECLARES.contains(&w)) {
        from += 1;
    }
    let mut all = Vec::new();
    while from < end {
        if let Some(chain) = forward(t, from) {
            all.push(chain);
        }
        // To the next name: after a comma, or the `=` of `a = b = ...`.
        while from < end && !t.is(from, ',') && !(t.is(from, '=') && t.assigns(from)) {
            from = t.after(from);
        }
        from += 1;
    }
    all
}

/// `double c[4] =`: a size, rather than an index.
fn is_declared(t: &Tokens, start: usize, end: usize) -> bool {
    let mut k = end;
    while k > start && t.is(k - 1, ']') {
        match t.partner(k - 1) {
            Some(open) if open > start => k = open,
            _ => return false,
        }
    }
    // A word, a `>`, a `*` or a `&` before the name: its type.
    let first = k.checked_sub(1).map_or(start, |name| t.chain_start(name));
    first > start
}

/// A name from a token on: `p`, `&p[0]`, `self.p[1]`, `c.begin()`.
fn forward<'a>(t: &Tokens<'a>, from: usize) -> Option<Chain<'a>> {
    let mut i = from;
    while t.is(i, '&') || t.is(i, '*') {
        i += 1;
    }
    let mut name = t.word(i)?;
    i += 1;
    loop {
        let dot = if t.is(i, '.') {
            1
        } else if t.is(i, '-') && t.is(i + 1, '>') || t.is(i, ':') && t.is(i + 1, ':') {
            2
        } else {
            break;
        };
        match t.word(i + dot) {
            Some(_) if t.is(i + dot + 1, '(') => break,
            Some(word) => name = word,
            None => break,
        }
        i += dot + 1;
    }
    let indexed = t.is(i, '[') && !t.fresh(i);
    let index = literal(t, i).filter(|_| indexed);
    Some(Chain {
        name,
        index,
        indexed,
    })
}

/// A name that ends at a token, with its indices.
fn backward<'a>(t: &Tokens<'a>, end: usize) -> Option<Chain<'a>> {
    let (mut i, mut open) = (end, None);
    while t.is(i, ']') {
        open = t.partner(i);
        i = open?.checked_sub(1)?;
    }
    Some(Chain {
        name: t.word(i)?,
        index: open.and_then(|o| literal(t, o)),
        indexed: open.is_some(),
    })
}

/// The one literal of an index.
fn literal<'a>(t: &Tokens<'a>, open: usize) -> Option<&'a str> {
    let only = t.partner(open).filter(|close| *close == open + 2)?;
    let token = t.get(only - 1)?;
    matches!(token.kind, Kind::Number | Kind::Text).then_some(token.text)
}

/// `p = np.array(p)`.
fn is_itself(t: &Tokens, i: usize) -> bool {
    let Some(name) = i.checked_sub(1).and_then(|k| t.word(k)) else {
        return false;
    };
    let mut at = i + 1;
    while t.is(at + 1, '.') && t.word(at).is_some() {
        at += 2;
    }
    let wraps = t.word(at).is_some_and(wrappers::copies);
    wraps
        && t.is(at + 1, '(')
        && t.word(at + 2) == Some(name)
        && t.is(at + 3, ')')
        && (t.get(at + 4).is_none() || t.fresh(at + 4) || t.is(at + 4, ';'))
}

/// `{}`, `[]`, `dict()`, `None`.
fn is_empty(t: &Tokens, i: usize) -> bool {
    match t.word(i) {
        Some("None" | "nil") => true,
        Some("dict" | "list" | "OrderedDict") => t.partner(i + 1) == Some(i + 2),
        _ => t.partner(i) == Some(i + 1),
    }
}
