//! Array literals of C, C++, Go and JSON: lists of numbers, and lists of such lists.
//!
//! Outside of braces everything is passed over (declarations, types, sizes); inside there are only
//! numbers, strings that hold one, nested lists, and types before a nested list
//! (`[]float64{...}`, `std::vector<double>{...}`). Every innermost list is a component, in the order of
//! the text.

use crate::arith::number;
use crate::error::Result;
use crate::interchange::lexer::{Kind, Lexer, Syntax, Token};
use crate::interchange::literal;
use crate::poly::component::MAX_COEFFICIENTS;
use crate::poly::table::MAX_COMPONENTS;
use rug::Rational;

/// Deepest nesting of braces.
pub const MAX_NESTING: usize = 8;

/// The lists of a text.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    /// Every innermost list.
    pub lists: Vec<Vec<Rational>>,
    /// How many literals have the suffix of a binary32.
    pub singles: usize,
}

/// A word that stands for a list: its last name, and the list.
pub(super) type Named = (&'static str, &'static [&'static str]);

/// Reads every list of a text.
///
/// # Errors
/// With line and column: something else than numbers and lists inside of braces, an empty list, or a
/// limit (components, coefficients, nesting, digits).
pub(super) fn read(text: &str, syntax: Syntax, named: &[Named]) -> Result<Arrays> {
    let mut reader = Reader {
        lexer: Lexer::new(text, syntax),
        syntax,
        named,
        found: Arrays::default(),
    };
    let (open, close) = reader.brackets();
    while let Some(token) = reader.lexer.next()? {
        if token.is(open) {
            reader.list(token, 1)?;
        } else if token.is(close) {
            return Err(token.error(format!("{close:?} without {open:?}")));
        } else if syntax == Syntax::Json {
            return Err(token.expected("a list in brackets"));
        }
    }
    if reader.found.lists.is_empty() {
        let detail = format!("no list of numbers between {open:?} and {close:?}");
        return Err(reader.lexer.ended(&detail));
    }
    Ok(reader.found)
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    syntax: Syntax,
    named: &'a [Named],
    found: Arrays,
}

impl<'a> Reader<'a> {
    fn brackets(&self) -> (char, char) {
        if self.syntax == Syntax::Json {
            ('[', ']')
        } else {
            ('{', '}')
        }
    }

    fn next(&mut self, open: &Token) -> Result<Token<'a>> {
        let next = self.lexer.next()?;
        next.ok_or_else(|| open.error(format!("{:?} is not closed", open.text)))
    }

    /// The rest of a list after its opening brace.
    fn list(&mut self, open: Token<'a>, depth: usize) -> Result<()> {
        let (opening, closing) = self.brackets();
        if depth > MAX_NESTING {
            return Err(open.error(format!("nested deeper than {MAX_NESTING}")));
        }
        let mut numbers: Vec<Rational> = Vec::new();
        let mut lists = 0usize;
        loop {
            let token = self.next(&open)?;
            if token.is(closing) {
                // A comma may stand before the end, except in JSON.
                if numbers.is_empty() && lists == 0 {
                    return Err(open.error("an empty list"));
                }
                if self.syntax == Syntax::Json {
                    return Err(token.expected("a number or a list"));
                }
                return self.close(open, numbers);
            }
            if let Some(list) = self.constant(&token)? {
                if !numbers.is_empty() {
                    return Err(token.error("a list among numbers"));
                }
                self.push(&token, list)?;
                lists += 1;
            } else if let Some(inner) = self.opening(token, opening)? {
                if !numbers.is_empty() {
                    return Err(inner.error("a list among numbers"));
                }
                self.list(inner, depth + 1)?;
                lists += 1;
            } else {
                if lists > 0 {
                    return Err(token.error("a number among lists"));
                }
                if numbers.len() == MAX_COEFFICIENTS {
                    let detail =
                        format!("more than {MAX_COEFFICIENTS} coefficients in one component");
                    return Err(token.error(detail));
                }
                numbers.push(self.number(token)?);
            }
            let after = self.next(&open)?;
            if after.is(closing) {
                return self.close(open, numbers);
            }
            if !after.is(',') {
                return Err(after.expected(&format!("',' or {closing:?}")));
            }
        }
    }

    fn close(&mut self, open: Token<'a>, numbers: Vec<Rational>) -> Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        self.push(&open, numbers)
    }

    fn push(&mut self, open: &Token, list: Vec<Rational>) -> Result<()> {
        if self.found.lists.len() == MAX_COMPONENTS {
            return Err(open.error(format!("more than {MAX_COMPONENTS} components")));
        }
        self.found.lists.push(list);
        Ok(())
    }

    /// The opening brace of a nested list, types before it passed over.
    fn opening(&mut self, token: Token<'a>, opening: char) -> Result<Option<Token<'a>>> {
        if token.is(opening) {
            return Ok(Some(token));
        }
        let begins = token.kind == Kind::Word || token.is('[');
        if !begins || self.syntax == Syntax::Json {
            return Ok(None);
        }
        let mut inside = i32::from(token.is('['));
        loop {
            let next = self.next(&token)?;
            if next.is('{') && inside == 0 {
                return Ok(Some(next));
            }
            let fine = match next.kind {
                Kind::Word => true,
                Kind::Number => inside > 0,
                Kind::Mark(mark) => {
                    inside +=
                        i32::from(matches!(mark, '[' | '<')) - i32::from(matches!(mark, ']' | '>'));
                    inside >= 0
                        && (matches!(mark, '[' | ']' | '<' | '>' | ':')
                            || mark == ',' && inside > 0)
                }
                Kind::Text => false,
            };
            if !fine {
                return Err(token.expected("a number or a list"));
            }
        }
    }

    /// The list that a word stands for.
    fn constant(&mut self, token: &Token<'a>) -> Result<Option<Vec<Rational>>> {
        if token.kind != Kind::Word || self.named.is_empty() {
            return Ok(None);
        }
        let mut ahead = self.lexer.clone();
        let mut name = token.text;
        if ahead.next()?.is_some_and(|t| t.is('.')) {
            let Some(last) = ahead.next()?.filter(|t| t.kind == Kind::Word) else {
                return Ok(None);
            };
            name = last.text;
        } else {
            ahead = self.lexer.clone();
        }
        let Some((_, list)) = self.named.iter().find(|(n, _)| *n == name) else {
            return Ok(None);
        };
        self.lexer = ahead;
        Ok(Some(
            list.iter()
                .map(|t| number::parse(t))
                .collect::<Result<_>>()?,
        ))
    }

    fn number(&mut self, token: Token<'a>) -> Result<Rational> {
        if token.kind == Kind::Text {
            return number::parse(token.text).map_err(|e| token.error(e.to_string()));
        }
        let negative = token.is('-');
        let token = match token.kind {
            Kind::Mark('-' | '+') => self.next(&token)?,
            _ => token,
        };
        if token.kind != Kind::Number {
            return Err(token.expected("a number or a list"));
        }
        let (value, single) = literal::read(&token, self.syntax)?;
        self.found.singles += usize::from(single);
        Ok(if negative { -value } else { value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X2: Named = ("X2", &["0", "1.125", "0", "-0.125"]);

    fn lists(text: &str, syntax: Syntax) -> Vec<Vec<f64>> {
        let found = read(text, syntax, &[X2]).unwrap_or_else(|e| panic!("{text}: {e}"));
        let list = |l: Vec<Rational>| l.iter().map(Rational::to_f64).collect();
        found.lists.into_iter().map(list).collect()
    }

    #[test]
    fn every_usual_declaration_is_read() {
        let want = [vec![0.0, 1.5], vec![-2.0]];
        for text in [
            "static const double c[2][2] = {{0, 1.5}, {-2.0}};",
            "double a[] = {0.0, 1.5,}; /* { */ double b[1] = { - 2 }; // }",
            "std::vector<std::vector<double>> c{{0, 1.5}, {-2}};",
            "std::array<std::array<double, 2>, 2> c = {{ {0, 1.5}, {-2} }};",
            "auto c = std::vector<std::vector<double>>{std::vector<double>{0, 1.5}, std::array<double, 1>{-2}};",
        ] {
            assert_eq!(lists(text, Syntax::C), want, "{text}");
        }
        for text in [
            "var c = [][]float64{{0, 1.5}, {-2},\n}",
            "c := [...][]string{[]string{\"0\", `1.5`}, []string{\"-2\"}}",
        ] {
            assert_eq!(lists(text, Syntax::Go), want, "{text}");
        }
        let named = lists("p = [][]string{{\"1\"}, m.X2, X2,}", Syntax::Go);
        assert_eq!(named.len(), 3);
        assert_eq!(named[1], [0.0, 1.125, 0.0, -0.125]);
        assert_eq!(lists("[[0, 1.5], [-2e0]]", Syntax::Json), want);
        assert_eq!(lists("[\"0\", 1.5]", Syntax::Json), want[..1]);
        assert_eq!(
            read("double a[] = {1.5f, 2.5f, 1.0}", Syntax::C, &[])
                .unwrap()
                .singles,
            2
        );
    }

    #[test]
    fn malformed_literals_name_line_and_column() {
        for (text, place, part) in [
            ("double c[] = {1,\n 2 3};", "line 2 column 4", "',' or '}'"),
            (
                "double c[] = {1,,2};",
                "line 1 column 17",
                "expected a number",
            ),
            (
                "double c[] = {1, x};",
                "line 1 column 18",
                "expected a number or a list, found \"x\"",
            ),
            ("double c[] = {1.0/3};", "line 1 column 18", "found \"/\""),
            ("double c[] = {};", "line 1 column 14", "empty"),
            (
                "double c[] = {1, {2}};",
                "line 1 column 18",
                "list among numbers",
            ),
            (
                "double c[] = {{2}, 1};",
                "line 1 column 20",
                "number among lists",
            ),
            ("double c[] = {1", "line 1 column 14", "not closed"),
            ("double c[] = 1};", "line 1 column 15", "without"),
            ("double c;", "line 1 column 10", "no list"),
            (
                "double c[] = {--1};",
                "line 1 column 16",
                "expected a number",
            ),
            (
                "int main() { double c[] = {1}; }",
                "line 1 column 14",
                "expected a number",
            ),
            ("double c[] = {\n  017 };", "line 2 column 3", "octal"),
            (
                "double c[] = {[1] = 2};",
                "line 1 column 15",
                "expected a number",
            ),
            ("double c[] = {\"x\"};", "line 1 column 15", "not accepted"),
        ] {
            let error = read(text, Syntax::C, &[]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{place}: ")), "{text}: {error}");
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(read("[1,]", Syntax::Json, &[]).is_err());
        assert!(read("[1] 2", Syntax::Json, &[]).is_err());
    }

    #[test]
    fn limits_are_named() {
        let deep = "{".repeat(100_000);
        let wide = format!("{{{}}}", "1,".repeat(100_000));
        let many = "{1}".repeat(100);
        for (text, part) in [
            (deep, "deeper than 8"),
            (wide, "more than 256"),
            (many, "more than 32"),
        ] {
            let error = read(&text, Syntax::C, &[]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
