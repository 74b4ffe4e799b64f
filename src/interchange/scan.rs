//! The text around lists: which bracket opens one, what it is called, which numbers stand beside it.

use crate::error::Result;
use crate::interchange::expression;
use crate::interchange::lexer::{Kind, Lexer, Syntax, Token};
use crate::interchange::source::{Scalar, Source, MAX_SCALARS};

/// Words that begin what has a body in braces, in C, C++ and Go.
const BODIES: [&str; 20] = [
    "namespace",
    "struct",
    "class",
    "enum",
    "union",
    "extern",
    "func",
    "for",
    "if",
    "else",
    "switch",
    "do",
    "while",
    "try",
    "type",
    "interface",
    "select",
    "case",
    "default",
    "typedef",
];
/// Words of Python after which a bracket opens a list.
const BEFORE_LISTS: [&str; 8] = [
    "return", "in", "yield", "and", "or", "not", "else", "lambda",
];

/// Where the text is, outside of lists.
pub(super) struct Scan<'a> {
    syntax: Syntax,
    name: Option<&'a str>,
    /// After `=` or `:`, where words are no names any more.
    assigned: bool,
    operated: bool,
    first: &'a str,
    prev: Option<Token<'a>>,
    angles: usize,
    /// Open braces that are no lists, and open parentheses.
    open: Vec<Token<'a>>,
}

/// Deepest nesting outside of lists.
const MAX_OPEN: usize = 1_000;

impl<'a> Scan<'a> {
    pub fn new(syntax: Syntax) -> Self {
        Self {
            syntax,
            name: None,
            assigned: false,
            operated: false,
            first: "",
            prev: None,
            angles: 0,
            open: Vec::new(),
        }
    }

    fn braced(&self) -> bool {
        matches!(self.syntax, Syntax::C | Syntax::Go)
    }

    /// What the next list is called; empty if nothing says.
    pub fn name(&self) -> &'a str {
        self.name.unwrap_or("")
    }

    /// Whether the statement computes with the list that comes.
    pub fn operated(&self) -> bool {
        self.operated
    }

    /// Passes over the braces of Go's `interface{}`, which belong to a type.
    pub fn is_empty_interface(&self, token: &Token<'a>, rest: &mut Lexer<'a>) -> Result<bool> {
        let mut ahead = rest.clone();
        let named = self.syntax == Syntax::Go
            && token.is('{')
            && self.prev.is_some_and(|p| p.text == "interface");
        if !named || !ahead.next()?.is_some_and(|t| t.is('}')) {
            return Ok(false);
        }
        *rest = ahead;
        Ok(true)
    }

    /// Whether an opening bracket opens a list, rather than a body, an index, or a list of objects.
    pub fn opens_list(&mut self, token: &Token<'a>, rest: &Lexer<'a>) -> Result<bool> {
        self.turn(token);
        if self.braced() {
            let after_head = self.prev.is_some_and(|p| p.is(')'));
            return Ok(!after_head && !BODIES.contains(&self.first));
        }
        let index = self.prev.is_some_and(|p| match p.kind {
            Kind::Word => p.line == token.line && !BEFORE_LISTS.contains(&p.text),
            Kind::Mark(']' | ')') => p.line == token.line,
            _ => false,
        });
        let objects = rest.clone().next()?.is_some_and(|t| t.is('{'));
        Ok(!index && !objects)
    }

    /// A statement may begin here.
    fn turn(&mut self, token: &Token<'a>) {
        let newline = self.prev.is_some_and(|p| {
            p.line < token.line
                && match (self.syntax, p.kind) {
                    (Syntax::Go, Kind::Mark(mark)) => matches!(mark, ')' | ']' | '}'),
                    (Syntax::Go, _) => true,
                    (Syntax::Python, Kind::Mark('\\')) => false,
                    (Syntax::Python, _) => self.open.is_empty(),
                    _ => false,
                }
        });
        let ends = self.prev.is_none_or(|p| match p.kind {
            Kind::Mark(';') => true,
            Kind::Mark('{' | '}') => true,
            Kind::Mark(',') => self.angles == 0,
            _ => false,
        });
        if ends || newline {
            let comma = self.prev.is_some_and(|p| p.is(','));
            // `for i := 0; i < 4; i++ {` of Go: still its head.
            let head = self.syntax == Syntax::Go
                && matches!(self.first, "for" | "if" | "switch")
                && self.prev.is_some_and(|p| p.is(';') && p.line == token.line);
            if !comma && !head {
                self.first = if token.kind == Kind::Word {
                    token.text
                } else {
                    ""
                };
                self.angles = 0;
            }
            (self.name, self.assigned, self.operated) = (None, false, false);
        }
    }

    /// Takes note of a token that opens no list.
    ///
    /// # Errors
    /// A bracket that was not opened, or too many that were.
    pub fn pass(&mut self, token: &Token<'a>, lexer: &mut Lexer<'a>) -> Result<()> {
        self.turn(token);
        match token.kind {
            Kind::Word | Kind::Text | Kind::Number
                if !self.assigned
                    && self.angles == 0
                    && (token.kind == Kind::Word || !self.braced()) =>
            {
                self.name = Some(token.text);
            }
            Kind::Mark('=') => self.assigned = true,
            Kind::Mark(':') => self.assigned |= self.syntax != Syntax::C,
            Kind::Mark('<') if self.syntax == Syntax::C => self.angles += 1,
            Kind::Mark('>') if self.syntax == Syntax::C => {
                self.angles = self.angles.saturating_sub(1);
            }
            Kind::Mark('*' | '/' | '+' | '@') => self.operated |= self.assigned,
            Kind::Mark('[') if self.braced() => skip_index(token, lexer)?,
            Kind::Mark('{' | '(' | '[') => {
                if self.open.len() == MAX_OPEN {
                    return Err(token.error(format!("nested deeper than {MAX_OPEN}")));
                }
                self.open.push(*token);
            }
            Kind::Mark(close @ ('}' | ')' | ']')) => {
                let wanted = match close {
                    '}' => '{',
                    ')' => '(',
                    _ => '[',
                };
                if self.open.pop().is_none_or(|t| !t.is(wanted)) {
                    return Err(token.error(format!("{close:?} without {wanted:?}")));
                }
            }
            _ => {}
        }
        self.prev = Some(*token);
        Ok(())
    }

    /// After a list: whether the text computes with it.
    pub fn after_list(&mut self, open: &Token<'a>, rest: &Lexer<'a>) -> Result<bool> {
        self.prev = Some(Token {
            kind: Kind::Mark(']'),
            ..*open
        });
        self.assigned = true;
        let mut ahead = rest.clone();
        for _ in 0..8 {
            match ahead.next()? {
                Some(t) if t.is(')') => {}
                Some(t) => return Ok(matches!(t.kind, Kind::Mark('*' | '/' | '+' | '-' | '@'))),
                None => break,
            }
        }
        Ok(false)
    }

    /// A number under a name, or a word under one (`"basis": "power"`).
    pub fn scalar(&mut self, token: &Token<'a>, rest: &Lexer<'a>, found: &mut Source) {
        let Some(name) = self
            .name
            .filter(|_| matches!(token.kind, Kind::Mark('=' | ':')))
        else {
            return;
        };
        let mut ahead = rest.clone();
        let Ok(Some(value)) = ahead.clone().next() else {
            return;
        };
        if value.kind == Kind::Text && !self.braced() {
            if found.texts.len() < MAX_SCALARS {
                found.texts.push((name.to_owned(), value.text.to_owned()));
            }
            return;
        }
        if value.kind != Kind::Number && !value.is('-') {
            return;
        }
        let mut singles = 0;
        let read = expression::real(&mut ahead, self.syntax, &mut singles, &value);
        if let (Ok(value), true) = (read, found.scalars.len() < MAX_SCALARS) {
            let scalar = Scalar {
                name: name.to_owned(),
                value,
                line: token.line,
            };
            found.scalars.push(scalar);
        }
    }

    /// At the end of the text.
    ///
    /// # Errors
    /// A bracket that is still open.
    pub fn end(&self, lexer: &Lexer<'a>) -> Result<()> {
        match self.open.last() {
            Some(token) if !lexer.cut => {
                Err(token.error(format!("{:?} is not closed", token.text)))
            }
            _ => Ok(()),
        }
    }
}

/// The rest of a size or index after its bracket.
fn skip_index<'a>(open: &Token<'a>, lexer: &mut Lexer<'a>) -> Result<()> {
    let mut depth = 1usize;
    while depth > 0 {
        let Some(token) = lexer.next()? else {
            return Err(open.error("'[' is not closed"));
        };
        depth += usize::from(token.is('['));
        depth -= usize::from(token.is(']'));
    }
    Ok(())
}
