//! What a program does to its names: every place that gives one a value, or changes what it holds.
//!
//! A list that is changed anywhere is not what its literal says. Which of the places runs, and when, nobody
//! can tell from the text; so any of them counts. A call that is given a list counts as reading it, unless it
//! is known to change it.

use crate::interchange::lexer::{Kind, Syntax};
use crate::interchange::tokens::Tokens;
use std::collections::{HashMap, HashSet};

/// Methods that leave a list as it is.
const READERS: [&str; 49] = [
    "size", "length", "begin", "end", "cbegin", "cend", "rbegin", "rend", "empty", "at", "front",
    "back", "copy", "tolist", "sum", "dot", "max", "min", "mean", "any", "all", "astype", "items",
    "keys", "values", "get", "numpy", "to", "cuda", "cpu", "double", "float", "clone", "detach",
    "index", "count", "item", "data", "reshape", "view", "ravel", "flatten", "deriv", "integ",
    "roots", "degree", "Degree", "Evaluate", "linspace",
];
/// Functions that change the lists that they are given.
const WRITERS: [&str; 21] = [
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
    "transform",
    "for_each",
    "copyto",
    "put",
    "place",
    "putmask",
    "memset",
    "Reverse",
    "Float64s",
    "Sort",
    "setattr",
];
/// Words before a colon of Python that give no value.
const HEADS: [&str; 10] = [
    "if", "elif", "else", "while", "for", "with", "try", "def", "class", "finally",
];
/// Calls and members through which a list is still the same.
const VIEWS: [&str; 8] = [
    "data", "begin", "ravel", "view", "detach", "numpy", "T", "span",
];

/// A place that gives a name a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    /// The token where it stands.
    pub at: usize,
    /// The first `=` of its statement; what a statement assigns together has it in common.
    pub statement: usize,
    /// `name[index]`, where the index is one literal.
    pub index: Option<&'a str>,
    /// Whether it changes what the name holds, rather than what the name is.
    within: bool,
    /// Whether the name only gets something empty to begin with.
    empty: bool,
}

/// All changes, by name.
#[derive(Debug, Default)]
pub(super) struct Changes<'a> {
    pub of: HashMap<&'a str, Vec<Change<'a>>>,
    /// What stands for what: `q = p`, `for q in p`.
    alias: Vec<(&'a str, &'a str)>,
    /// Names by the `=` that gives them their value.
    names: HashMap<usize, Vec<&'a str>>,
    /// First `=` of a statement by any of its `=`.
    first: HashMap<usize, usize>,
}

/// What stands left of the next token within a bracket.
#[derive(Default)]
struct Frame<'a> {
    /// Words, and whether a point follows.
    left: Vec<(&'a str, bool)>,
    head: Option<&'a str>,
    index: Option<&'a str>,
    indexed: bool,
    first: Option<usize>,
}

impl<'a> Changes<'a> {
    pub fn read(t: &Tokens<'a>) -> Self {
        let mut all = Self::default();
        let mut frames = vec![Frame::default()];
        for i in 0..t.list.len() {
            all.token(t, i, &mut frames);
        }
        all.through_aliases();
        all
    }

    fn token(&mut self, t: &Tokens<'a>, i: usize, frames: &mut Vec<Frame<'a>>) {
        let token = t.list[i];
        let inside = t.parent(i).map(|p| t.list[p].kind);
        let braced = t.syntax != Syntax::Python;
        if t.fresh(i) && (inside.is_none() || braced) {
            if let Some(frame) = frames.last_mut() {
                *frame = Frame::default();
            }
        }
        let Some(frame) = frames.last_mut() else {
            return;
        };
        match token.kind {
            Kind::Word => {
                frame.head.get_or_insert(token.text);
                frame.left.push((token.text, t.is(i + 1, '.')));
                self.word(t, i);
            }
            Kind::Mark('=') if t.assigns(i) => {
                let keyword =
                    !braced && inside == Some(Kind::Mark('(')) && !t.is(i.saturating_sub(1), ':');
                if keyword {
                    if frame.left.last().is_some_and(|(w, _)| *w == "out") {
                        let end = self.range_end(t, i + 1);
                        self.words(t, i + 1, end, i);
                    }
                } else {
                    self.assign(t, i, frame);
                }
                frame.left.clear();
                (frame.index, frame.indexed) = (None, false);
            }
            Kind::Mark(mark @ ('+' | '-')) if braced && t.is(i + 1, mark) && t.touch(i) => {
                // `c[0]++`, and `++c[0]`.
                let after = self.range_end(t, i + 2).min(i + 8);
                self.words(t, i + 2, after, i);
                for (word, _) in std::mem::take(&mut frame.left) {
                    self.push(word, i, i, None, true, false);
                }
            }
            Kind::Mark(';') => *frame = Frame::default(),
            Kind::Mark(',') => {
                let parenthesis = inside == Some(Kind::Mark('('));
                if parenthesis || t.syntax == Syntax::C {
                    *frame = Frame::default();
                } else if frame.first.is_some() {
                    frame.left.clear();
                }
            }
            Kind::Mark(':') if !braced && frame.head.is_some_and(|h| HEADS.contains(&h)) => {
                *frame = Frame::default();
            }
            Kind::Mark('(' | '[' | '{') => frames.push(Frame::default()),
            Kind::Mark(close @ (')' | ']' | '}')) if frames.len() > 1 => {
                let inner = frames.pop().unwrap_or_default();
                let Some(frame) = frames.last_mut() else {
                    return;
                };
                let open = t.partner(i).unwrap_or(i);
                match close {
                    ']' => {
                        let literal = (i == open + 2).then(|| t.list[open + 1]);
                        let literal =
                            literal.filter(|x| matches!(x.kind, Kind::Number | Kind::Text));
                        frame.index = literal.map(|x| x.text).filter(|_| !frame.indexed);
                        frame.indexed = true;
                    }
                    ')' => {
                        let head = open.checked_sub(1).and_then(|k| t.word(k));
                        if braced && matches!(head, Some("if" | "for" | "while" | "switch")) {
                            *frame = Frame::default();
                        } else {
                            frame.left.extend(inner.left);
                        }
                    }
                    _ if braced => *frame = Frame::default(),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn push(
        &mut self,
        word: &'a str,
        at: usize,
        statement: usize,
        index: Option<&'a str>,
        within: bool,
        empty: bool,
    ) {
        self.of.entry(word).or_default().push(Change {
            at,
            statement,
            index,
            within,
            empty,
        });
    }

    fn assign(&mut self, t: &Tokens<'a>, i: usize, frame: &mut Frame<'a>) {
        if i == 0 {
            return;
        }
        let statement = *frame.first.get_or_insert(i);
        self.first.insert(i, statement);
        let empty = self.is_empty(t, i + 1);
        // `*q = 1`, `*(q + 1) = 1`.
        let target = t.partner(i - 1).unwrap_or(i - 1);
        let pointed = t.syntax != Syntax::Python
            && frame.left.len() == 1
            && target.checked_sub(1).is_some_and(|k| t.is(k, '*'));
        let within = frame.indexed || pointed || t.augments(i) && !t.is(i - 1, ':');
        for (word, point) in &frame.left {
            let index = frame.index.filter(|_| frame.indexed);
            self.push(word, i, statement, index, within || *point, empty);
            if !point {
                self.names.entry(statement).or_default().push(word);
            }
        }
        // Before a name in C stands its type.
        let types = match t.syntax {
            Syntax::C => frame.left.len().saturating_sub(1),
            _ => 0,
        };
        // `y = c[0]` of C is a copy, `double &y = c[0]` is none.
        let refers = |k: usize| t.is(k, '&') || t.is(k, '*');
        let copy = t.syntax == Syntax::C
            && (t.is(i + 2, '[') || t.is(i + 2, '.') && t.is(i + 4, '['))
            && !refers(i.saturating_sub(2));
        let copy = copy || t.augments(i) && !t.is(i - 1, ':');
        if let Some(source) = self.viewed(t, i + 1).filter(|_| !copy) {
            for (word, _) in frame.left.iter().skip(types) {
                self.alias.push((word, source));
            }
        }
    }

    /// `{}`, `[]`, `dict()`, `None`.
    fn is_empty(&self, t: &Tokens<'a>, i: usize) -> bool {
        match t.word(i) {
            Some("None" | "nil") => true,
            Some("dict" | "list" | "OrderedDict") => t.partner(i + 1) == Some(i + 2),
            _ => t.partner(i) == Some(i + 1),
        }
    }

    /// The name of which a value is the same list: `p`, `&p[0]`, `p.data()`, `p[1:]`.
    fn viewed(&self, t: &Tokens<'a>, start: usize) -> Option<&'a str> {
        let mut i = start;
        while t.is(i, '&') || t.is(i, '*') {
            i += 1;
        }
        let mut name = t.word(i)?;
        i += 1;
        for _ in 0..16 {
            if t.is(i, '.') && t.word(i + 1).is_some() {
                let member = t.word(i + 1)?;
                let called = t.partner(i + 2).filter(|_| t.is(i + 2, '('));
                match called {
                    Some(end) if VIEWS.contains(&member) => i = end + 1,
                    Some(_) => return None,
                    None => {
                        if !VIEWS.contains(&member) {
                            name = member;
                        }
                        i += 2;
                    }
                }
            } else if t.is(i, '[') && !t.fresh(i) {
                i = t.after(i);
            } else {
                break;
            }
        }
        let ends = t.get(i).is_none()
            || t.fresh(i)
            || matches!(t.list[i].kind, Kind::Mark(';' | ',' | ')' | '}' | ':'));
        ends.then_some(name)
    }

    /// End of an argument or a statement.
    fn range_end(&self, t: &Tokens<'a>, from: usize) -> usize {
        let mut i = from;
        while i < t.list.len().min(from + 256) {
            let ends = matches!(t.list[i].kind, Kind::Mark(',' | ')' | ']' | '}' | ';'));
            if ends || t.fresh(i) && i > from {
                break;
            }
            i = t.after(i);
        }
        i
    }

    /// All words of a range are changed.
    fn words(&mut self, t: &Tokens<'a>, from: usize, to: usize, at: usize) {
        for k in from..to.min(t.list.len()) {
            let token = t.list[k];
            if matches!(token.kind, Kind::Word | Kind::Text) {
                self.push(token.text, at, at, None, true, false);
            }
        }
    }

    fn word(&mut self, t: &Tokens<'a>, i: usize) {
        let name = t.list[i].text;
        // A method that may change what it belongs to.
        let arrow = t.is(i + 1, '-') && t.is(i + 2, '>');
        let method = if arrow { i + 3 } else { i + 2 };
        if arrow || t.is(i + 1, '.') {
            if let Some(called) = t.word(method).filter(|_| t.is(method + 1, '(')) {
                if !READERS.contains(&called) {
                    self.push(name, i, i, None, true, false);
                }
            }
            // `d['a'].reverse()`.
        } else if t.is(i + 1, '[') && !t.fresh(i + 1) {
            let mut end = t.after(i + 1);
            while t.is(end, '[') && !t.fresh(end) {
                end = t.after(end);
            }
            let called = t
                .word(end + 1)
                .filter(|_| t.is(end, '.') && t.is(end + 2, '('));
            if called.is_some_and(|c| !READERS.contains(&c)) {
                self.push(name, i, i, None, true, false);
            }
        }
        let python = t.syntax == Syntax::Python;
        let close = t.partner(i + 1).filter(|_| t.is(i + 1, '('));
        if let Some(close) = close.filter(|_| WRITERS.contains(&name)) {
            // numpy.sort gives a copy; random.shuffle does not.
            if !python || !matches!(name, "sort" | "reverse") {
                self.words(t, i + 2, close.min(i + 256), i);
            }
        }
        if python && name == "del" {
            let end = self.range_end(t, i + 1);
            self.words(t, i + 1, end, i);
        }
        if name == "for" {
            match close {
                Some(close) if !python => self.references(t, i, close),
                None if python => self.loops(t, i),
                _ => {}
            }
        }
    }

    /// `for (auto& x : c)`.
    fn references(&mut self, t: &Tokens<'a>, i: usize, close: usize) {
        let head = i + 2..close.min(i + 66);
        let colon = head
            .clone()
            .find(|k| t.is(*k, ':') && !t.is(k + 1, ':') && !t.is(k - 1, ':'));
        let Some(colon) = colon else {
            return;
        };
        let mut before = i + 2..colon;
        let reference = before.clone().any(|k| t.is(k, '&') || t.is(k, '*'));
        let constant = before.any(|k| t.word(k) == Some("const"));
        if reference && !constant {
            self.words(t, colon + 1, close, i);
        }
    }

    /// `for x in c:` gives x a value, and what changes x changes c.
    fn loops(&mut self, t: &Tokens<'a>, i: usize) {
        let limit = (i + 64).min(t.list.len());
        let Some(inside) = (i + 1..limit).find(|k| t.word(*k) == Some("in")) else {
            return;
        };
        let end = (inside..limit).find(|k| t.is(*k, ':')).unwrap_or(limit);
        let names = |from, to| (from..to).filter_map(|k| t.word(k)).collect::<Vec<_>>();
        let comprehension = t.parent(i).is_some();
        for x in names(i + 1, inside) {
            if !comprehension {
                self.push(x, i, i, None, false, false);
            }
            for c in names(inside + 1, end) {
                self.alias.push((x, c));
            }
        }
    }

    /// What changes a name changes what it stands for.
    fn through_aliases(&mut self) {
        self.alias.sort_unstable();
        self.alias.dedup();
        let mut passed: HashSet<(&str, usize)> = HashSet::new();
        for _ in 0..4 {
            let first = |c: &Vec<Change<'a>>| c.iter().find(|c| c.within).copied();
            let all = self.of.iter().filter_map(|(n, c)| Some((*n, first(c)?)));
            let firsts: HashMap<&str, Change> = all.collect();
            for (name, source) in &self.alias {
                let Some(change) = firsts.get(name) else {
                    continue;
                };
                if passed.insert((source, change.at)) {
                    let (index, empty) = (None, false);
                    let change = Change {
                        index,
                        empty,
                        ..*change
                    };
                    self.of.entry(source).or_default().push(change);
                }
            }
        }
    }

    /// What a name stands for, by `for c in p` or `c = p`.
    pub fn sources(&self, name: &str) -> impl Iterator<Item = &'a str> + '_ {
        let of = name.to_owned();
        self.alias
            .iter()
            .filter(move |(n, _)| *n == of)
            .map(|(_, source)| *source)
    }

    /// The names that a `=` gives its value.
    pub fn named(&self, assign: usize) -> &[&'a str] {
        let first = self.first.get(&assign);
        first
            .and_then(|f| self.names.get(f))
            .map_or(&[], Vec::as_slice)
    }

    /// Where a name gets another value than by the statement of a `=`; `index` is the part of it that is meant.
    pub fn other(&self, name: &str, assign: Option<usize>, index: Option<&str>) -> Option<usize> {
        let own = assign.and_then(|a| self.first.get(&a)).copied();
        let changes = self.of.get(name)?.iter();
        let mut others = changes.filter(|c| Some(c.statement) != own);
        let apart = |c: &Change| match (c.index, index) {
            (Some(one), Some(two)) => one != two,
            _ => false,
        };
        let begins = |c: &Change| c.empty && !c.within && own.is_some_and(|o| c.at < o);
        others.find(|c| !apart(c) && !begins(c)).map(|c| c.at)
    }

    /// The index that a `=` gives a value.
    pub fn index(&self, name: &str, assign: usize) -> Option<&'a str> {
        let first = *self.first.get(&assign)?;
        let mut changes = self.of.get(name)?.iter();
        changes.find(|c| c.statement == first)?.index
    }
}
