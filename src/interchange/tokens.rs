//! The tokens of a program's text with their brackets: what encloses a token, and where a bracket's other is.

use crate::error::Result;
use crate::interchange::lexer::{Kind, Lexer, Syntax, Token};

/// Words of Python before which no call stands: `return (...)`.
const NO_CALLEES: [&str; 12] = [
    "return", "yield", "in", "and", "or", "not", "if", "else", "elif", "while", "is", "lambda",
];

/// All tokens of a text.
pub(super) struct Tokens<'a> {
    text: &'a str,
    pub syntax: Syntax,
    pub list: Vec<Token<'a>>,
    /// The other bracket of one.
    partner: Vec<Option<u32>>,
    /// The opening bracket around a token; of a bracket, that around both.
    parent: Vec<Option<u32>>,
}

fn other(mark: char) -> Option<char> {
    match mark {
        ')' => Some('('),
        ']' => Some('['),
        '}' => Some('{'),
        _ => None,
    }
}

impl<'a> Tokens<'a> {
    /// # Errors
    /// What is no token.
    pub fn read(text: &'a str, syntax: Syntax) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lexer = Lexer::new(text, syntax);
        let mut all = Self {
            text,
            syntax,
            list: Vec::new(),
            partner: Vec::new(),
            parent: Vec::new(),
        };
        let mut open: Vec<u32> = Vec::new();
        while let Some(token) = lexer.next()? {
            let i = u32::try_from(all.list.len()).unwrap_or(u32::MAX);
            let mut partner = None;
            if let Kind::Mark(mark) = token.kind {
                let wanted = other(mark);
                let top = open
                    .last()
                    .copied()
                    .filter(|o| wanted.is_some_and(|w| all.list[*o as usize].is(w)));
                if let Some(top) = top {
                    open.pop();
                    all.partner[top as usize] = Some(i);
                    partner = Some(top);
                }
            }
            all.list.push(token);
            all.partner.push(partner);
            all.parent.push(open.last().copied());
            if matches!(token.kind, Kind::Mark('(' | '[' | '{')) {
                open.push(i);
            }
        }
        Ok(all)
    }

    pub fn get(&self, i: usize) -> Option<&Token<'a>> {
        self.list.get(i)
    }

    pub fn is(&self, i: usize, mark: char) -> bool {
        self.get(i).is_some_and(|t| t.is(mark))
    }

    pub fn word(&self, i: usize) -> Option<&'a str> {
        self.get(i).filter(|t| t.kind == Kind::Word).map(|t| t.text)
    }

    pub fn partner(&self, i: usize) -> Option<usize> {
        self.partner.get(i).copied().flatten().map(|p| p as usize)
    }

    pub fn parent(&self, i: usize) -> Option<usize> {
        self.parent.get(i).copied().flatten().map(|p| p as usize)
    }

    /// Index of the token at a place.
    pub fn at(&self, line: usize, column: usize) -> Option<usize> {
        let place = |t: &Token| (t.line, t.column).cmp(&(line, column));
        self.list.binary_search_by(place).ok()
    }

    /// Whether a token begins a line in which a statement may begin.
    pub fn fresh(&self, i: usize) -> bool {
        let (Some(token), Some(before)) = (self.get(i), i.checked_sub(1).and_then(|j| self.get(j)))
        else {
            return true;
        };
        match self.syntax {
            Syntax::Python => {
                self.parent(i).is_none() && token.line > before.line && !before.is('\\')
            }
            Syntax::Go => {
                token.line > before.line
                    && match before.kind {
                        Kind::Mark(mark) => matches!(mark, ')' | ']' | '}'),
                        _ => true,
                    }
            }
            _ => false,
        }
    }

    /// Whether two tokens touch.
    pub fn touch(&self, i: usize) -> bool {
        let (Some(a), Some(b)) = (self.get(i), self.get(i + 1)) else {
            return false;
        };
        a.line == b.line && a.column + a.text.chars().count() == b.column
    }

    /// Whether a `=` gives a value, rather than compares; `+=` gives one too.
    pub fn assigns(&self, i: usize) -> bool {
        if !self.is(i, '=') || self.is(i + 1, '=') && self.touch(i) {
            return false;
        }
        let Some(before) = i.checked_sub(1).filter(|j| self.touch(*j)) else {
            return true;
        };
        let twice = before > 0 && self.touch(before - 1);
        match self.list[before].kind {
            Kind::Mark('=' | '!') => false,
            Kind::Mark(mark @ ('<' | '>')) => {
                // `vector<double>=` is none of Python; `<<=` shifts.
                twice && self.is(before - 1, mark)
            }
            _ => true,
        }
    }

    /// Whether a `=` that assigns also computes (`+=`).
    pub fn augments(&self, i: usize) -> bool {
        let before = i.checked_sub(1).filter(|j| self.touch(*j));
        before.is_some_and(
            |j| matches!(self.list[j].kind, Kind::Mark(mark) if "+-*/%&|^<>@~".contains(mark)),
        )
    }

    /// First token of a name such as `a.b.c`, `a->b`, `a::b` that ends at a token.
    pub fn chain_start(&self, end: usize) -> usize {
        let mut start = end;
        for _ in 0..32 {
            let back = |n: usize, marks: &str| {
                let first = start.checked_sub(n + 1)?;
                let fits = marks
                    .chars()
                    .enumerate()
                    .all(|(k, m)| self.is(first + 1 + k, m));
                (fits && self.word(first).is_some()).then_some(first)
            };
            match back(1, ".")
                .or_else(|| back(2, "::"))
                .or_else(|| back(2, "->"))
            {
                Some(first) => start = first,
                None => break,
            }
        }
        start
    }

    /// Last word of the name that is called by an opening parenthesis, as an index.
    pub fn callee(&self, open: usize) -> Option<usize> {
        let mut end = open.checked_sub(1).filter(|_| self.is(open, '('))?;
        if self.fresh(open) {
            return None;
        }
        if self.syntax == Syntax::C && self.is(end, '>') {
            end = self.angle(end)?.checked_sub(1)?;
        }
        self.word(end).filter(|w| !NO_CALLEES.contains(w))?;
        Some(end)
    }

    /// Whether a word may be indexed or called.
    pub fn callee_word(&self, i: usize) -> bool {
        self.word(i).is_some_and(|w| !NO_CALLEES.contains(&w))
    }

    /// The `<` of a `>` in a type.
    pub fn angle(&self, close: usize) -> Option<usize> {
        let mut depth = 0usize;
        for i in (close.saturating_sub(64)..=close).rev() {
            match self.list[i].kind {
                Kind::Mark('>') => depth += 1,
                Kind::Mark('<') => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(i);
                    }
                }
                Kind::Word | Kind::Number | Kind::Mark(':' | ',' | '*') => {}
                _ => return None,
            }
        }
        None
    }

    /// The arguments between a bracket and its other, each a range of tokens.
    pub fn arguments(&self, open: usize) -> Vec<(usize, usize)> {
        let Some(close) = self.partner(open) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        let (mut start, mut i) = (open + 1, open + 1);
        while i < close {
            if self.is(i, ',') {
                all.push((start, i));
                start = i + 1;
            }
            i = self.after(i);
        }
        if start < close {
            all.push((start, close));
        }
        all
    }

    /// The token after one, or after the bracket that it opens.
    pub fn after(&self, i: usize) -> usize {
        match self.partner(i) {
            Some(close) if close > i => close + 1,
            _ => i + 1,
        }
    }

    /// The text of a range of tokens.
    pub fn slice(&self, from: usize, to: usize) -> &'a str {
        let (Some(first), Some(last)) = (
            self.get(from),
            to.checked_sub(1)
                .filter(|l| *l >= from)
                .and_then(|l| self.get(l)),
        ) else {
            return "";
        };
        let base = self.text.as_ptr() as usize;
        let start = first.text.as_ptr() as usize - base;
        let end = last.text.as_ptr() as usize - base + last.text.len();
        self.text.get(start..end).unwrap_or("")
    }

    /// The line of a token, shortened, for an error.
    pub fn quote(&self, i: usize) -> String {
        let line = self.get(i).map_or(0, |t| t.line);
        let text = self.text.lines().nth(line.saturating_sub(1)).unwrap_or("");
        let text = text.trim();
        let short: String = text.chars().take(60).collect();
        let dots = if short.len() < text.len() { "..." } else { "" };
        format!("line {line}: `{short}{dots}`")
    }
}
