//! Words, numbers, strings and marks of source text, each with its line and column.
//!
//! One reader serves C, C++, Go, JSON, Python and MLIR: they differ in comments and in where a number ends.
//! Nothing is copied, and nothing is kept but the place, so that any input costs one pass.

use crate::arith::number::MAX_CHARS;
use crate::error::{Error, Result};

/// Which text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `//`, `/* */`; lines that begin with `#` are for the preprocessor.
    C,
    /// `//`, `/* */`; strings may stand between backticks.
    Go,
    /// No comments.
    Json,
    /// `#`; strings between single, double or three quotes.
    Python,
    /// `//`; a number ends before a variable (`3.5x`).
    Mlir,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Begins with a digit, or a point and a digit; without its sign.
    Number,
    /// A string, without its quotes.
    Text,
    /// An identifier.
    Word,
    /// Any other single character.
    Mark(char),
}

/// A token and where it begins, both counted from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub line: usize,
    pub column: usize,
}

impl Token<'_> {
    pub fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    /// An error at this token.
    pub fn error(&self, detail: impl Into<String>) -> Error {
        Error::parse(format!("line {} column {}", self.line, self.column), detail)
    }

    /// "expected ..., found ...".
    pub fn expected(&self, what: &str) -> Error {
        self.error(format!("expected {what}, found {}", self.quoted()))
    }

    fn quoted(&self) -> String {
        let short: String = self.text.chars().take(40).collect();
        let dots = if short.len() < self.text.len() {
            "..."
        } else {
            ""
        };
        format!("{short:?}{dots}")
    }
}

/// The tokens of a text, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
    syntax: Syntax,
    line: usize,
    column: usize,
    /// Whether the rest was given up.
    pub cut: bool,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, syntax: Syntax) -> Self {
        Self {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            syntax,
            line: 1,
            column: 1,
            cut: false,
        }
    }

    /// Gives the rest up.
    pub fn cut(&mut self) {
        self.rest = "";
        self.cut = true;
    }

    /// The next token, `None` at the end.
    ///
    /// # Errors
    /// A comment or string that does not end, an escape in a string, a number beyond the limit.
    pub fn next(&mut self) -> Result<Option<Token<'a>>> {
        self.skip_space()?;
        let (line, column) = (self.line, self.column);
        let token = |kind, text| Token {
            kind,
            text,
            line,
            column,
        };
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let second = self.rest.chars().nth(1);
        if first.is_ascii_digit() || first == '.' && second.is_some_and(|c| c.is_ascii_digit()) {
            let number = token(Kind::Number, self.take(self.number_length()));
            if number.text.len() > MAX_CHARS {
                let n = number.text.len();
                let detail = format!("a number of {n} characters is over the limit of {MAX_CHARS}");
                return Err(number.error(detail));
            }
            return Ok(Some(number));
        }
        if first.is_alphabetic() || first == '_' {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let length = self.rest.find(|c| !word(c)).unwrap_or(self.rest.len());
            return Ok(Some(token(Kind::Word, self.take(length))));
        }
        let quotes = match self.syntax {
            Syntax::C | Syntax::Python => "\"'",
            Syntax::Go => "\"'`",
            Syntax::Json | Syntax::Mlir => "\"",
        };
        if quotes.contains(first) {
            let three = first.to_string().repeat(3);
            if self.syntax == Syntax::Python && self.rest.starts_with(&three) {
                return self.long_string(&three, token(Kind::Text, "\"\"\""));
            }
            self.take(1);
            let text = self.string(first, token(Kind::Text, "\""))?;
            return Ok(Some(token(Kind::Text, text)));
        }
        Ok(Some(token(Kind::Mark(first), self.take(first.len_utf8()))))
    }

    /// The rest of a string after its first quote, escapes as they are written.
    fn string(&mut self, quote: char, start: Token<'a>) -> Result<&'a str> {
        let mut escaped = false;
        for (end, c) in self.rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quote != '`' => escaped = true,
                '\n' if quote != '`' => {
                    return Err(start.error("the string does not end on its line"));
                }
                c if c == quote => {
                    let text = self.take(end);
                    self.take(1);
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(start.error("the string does not end"))
    }

    /// A string between three quotes: text for people, of any number of lines.
    fn long_string(&mut self, quotes: &str, start: Token<'a>) -> Result<Option<Token<'a>>> {
        let Some(end) = self.rest[3..].find(quotes) else {
            return Err(start.error("the string does not end"));
        };
        let text = &self.take(end + 6)[3..end + 3];
        Ok(Some(Token { text, ..start }))
    }

    /// Bytes of the number at the start of the rest.
    fn number_length(&self) -> usize {
        let b = self.rest.as_bytes();
        let at = |i: usize| b.get(i).copied().unwrap_or(b' ');
        let hex = at(0) == b'0' && matches!(at(1), b'x' | b'X');
        let mut i = if hex { 2 } else { 0 };
        if self.syntax == Syntax::Mlir {
            if hex {
                while at(i).is_ascii_hexdigit() {
                    i += 1;
                }
                return i;
            }
            while at(i).is_ascii_digit() || at(i) == b'.' {
                i += 1;
            }
            // An exponent has digits; else the letter is the variable's.
            let signed = usize::from(matches!(at(i + 1), b'+' | b'-'));
            if matches!(at(i), b'e' | b'E') && at(i + 1 + signed).is_ascii_digit() {
                i += 1 + signed;
                while at(i).is_ascii_digit() {
                    i += 1;
                }
            }
            return i;
        }
        loop {
            let exponent = i > 0
                && match at(i - 1) {
                    b'e' | b'E' => !hex,
                    b'p' | b'P' => true,
                    _ => false,
                };
            let more = at(i).is_ascii_alphanumeric()
                || matches!(at(i), b'.' | b'_')
                || at(i) == b'\'' && at(i + 1).is_ascii_alphanumeric()
                || exponent && matches!(at(i), b'+' | b'-');
            if !more {
                return i;
            }
            i += 1;
        }
    }

    /// Bytes up to the end of the line; in C a line that ends with a backslash goes on.
    fn line_length(&self) -> usize {
        let ends = self.rest.match_indices('\n').map(|(i, _)| i);
        let goes_on = |i: usize| {
            let line = self.rest[..i].trim_end_matches('\r');
            self.syntax == Syntax::C && line.ends_with('\\')
        };
        let mut ends = ends.filter(|i| !goes_on(*i));
        ends.next().unwrap_or(self.rest.len())
    }

    fn skip_space(&mut self) -> Result<()> {
        loop {
            let space = self.rest.len() - self.rest.trim_start().len();
            let line_begins = self.column == 1 || self.rest[..space].contains('\n');
            self.take(space);
            let to_end_of_line = match self.syntax {
                Syntax::C => {
                    self.rest.starts_with("//") || line_begins && self.rest.starts_with('#')
                }
                Syntax::Go | Syntax::Mlir => self.rest.starts_with("//"),
                Syntax::Python => self.rest.starts_with('#'),
                Syntax::Json => false,
            };
            if to_end_of_line {
                let length = self.line_length();
                self.take(length);
            } else if matches!(self.syntax, Syntax::C | Syntax::Go) && self.rest.starts_with("/*") {
                let Some(end) = self.rest[2..].find("*/") else {
                    let place = format!("line {} column {}", self.line, self.column);
                    return Err(Error::parse(place, "the comment does not end"));
                };
                self.take(end + 4);
            } else {
                return Ok(());
            }
        }
    }

    /// Takes bytes (whole characters) off the rest and moves the place.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        for c in taken.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    /// An error at the end of the text.
    pub fn ended(&self, detail: &str) -> Error {
        Error::parse(format!("line {} column {}", self.line, self.column), detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, syntax: Syntax) -> Vec<(&str, usize, usize)> {
        let mut lexer = Lexer::new(text, syntax);
        let mut out = Vec::new();
        while let Some(t) = lexer.next().unwrap() {
            out.push((t.text, t.line, t.column));
        }
        out
    }

    #[test]
    fn places_and_ends_of_numbers() {
        let c = "#include <a>\ndouble a[] = {0x1.8p-3f, -1'000.5e+2L, // no\n .5/* x\n */}";
        assert_eq!(
            all(c, Syntax::C)[5..],
            [
                ("{", 2, 14),
                ("0x1.8p-3f", 2, 15),
                (",", 2, 24),
                ("-", 2, 26),
                ("1'000.5e+2L", 2, 27),
                (",", 2, 38),
                (".5", 3, 2),
                ("}", 4, 4),
            ]
        );
        let mlir = "3.5x**2 + 1.e3e + 0x3FF0000000000000 t";
        let words: Vec<&str> = all(mlir, Syntax::Mlir).iter().map(|t| t.0).collect();
        assert_eq!(
            words,
            [
                "3.5",
                "x",
                "*",
                "*",
                "2",
                "+",
                "1.e3",
                "e",
                "+",
                "0x3FF0000000000000",
                "t"
            ]
        );
        assert_eq!(all("`a` \"b\"", Syntax::Go)[1], ("b", 1, 5));
        assert_eq!(all("1e5-2", Syntax::C).len(), 3);
    }

    #[test]
    fn what_does_not_end_is_said() {
        for text in ["/* a", "\"a", "\"a\n\"", "\"\\\"", &"1".repeat(501)] {
            let mut lexer = Lexer::new(text, Syntax::C);
            let error = lexer.next().unwrap_err().to_string();
            assert!(error.starts_with("line 1 column 1: "), "{error}");
        }
    }
}
