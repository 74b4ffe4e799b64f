//! Array literals of C, C++, Go, Python and JSON: lists of numbers, and lists of such lists.
//!
//! Outside of lists everything is passed over (declarations, types, sizes, functions) but names and named
//! numbers; inside there are only constant expressions, strings that hold a number, nested lists, and types
//! or calls around a nested list (`[]float64{...}`, `std::vector<double>{...}`, `np.array([...])`). What
//! cannot be read as numbers is kept with its error: it may not be what is meant.

use crate::arith::number;
use crate::error::Result;
use crate::interchange::expression;
use crate::interchange::lexer::{Kind, Lexer, Syntax, Token};
use crate::interchange::scan::Scan;
use crate::interchange::source::{Group, Item, Source, MAX_ARRAYS};
use crate::interchange::wrappers;
use crate::poly::table::MAX_COMPONENTS;
use rug::Rational;

/// Deepest nesting of braces.
pub const MAX_NESTING: usize = 8;

/// Most rows of an array of arrays.
pub(super) const MAX_ROWS: usize = MAX_COMPONENTS;

/// A word that stands for a list: its last name, and the list.
pub(super) type Named = (&'static str, &'static [&'static str]);

/// Reads every list of a text.
///
/// # Errors
/// With line and column: a bracket without its other, no list at all, a limit.
pub(super) fn read(text: &str, syntax: Syntax, named: &[Named]) -> Result<Source> {
    let mut reader = Reader {
        lexer: Lexer::new(text, syntax),
        syntax,
        named,
        found: Source::default(),
    };
    let (open, close) = brackets(syntax);
    let mut scan = Scan::new(syntax);
    while let Some(token) = reader.lexer.next()? {
        if token.is(open) && scan.is_empty_interface(&token, &mut reader.lexer)? {
            continue;
        }
        if token.is(open) && scan.opens_list(&token, &reader.lexer)? {
            reader.group(token, &scan)?;
            let operated = scan.after_list(&token, &reader.lexer)?;
            if let Some(group) = reader.found.groups.last_mut() {
                group.operated |= operated;
            }
            continue;
        }
        scan.pass(&token, &mut reader.lexer)?;
        scan.scalar(&token, &reader.lexer, &mut reader.found);
    }
    scan.end(&reader.lexer)?;
    if reader.found.groups.is_empty() {
        let detail = format!("no list of numbers between {open:?} and {close:?}");
        return Err(reader.lexer.ended(&detail));
    }
    Ok(reader.found)
}

/// The marks of a list.
pub(super) fn brackets(syntax: Syntax) -> (char, char) {
    if matches!(syntax, Syntax::Json | Syntax::Python) {
        ('[', ']')
    } else {
        ('{', '}')
    }
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    syntax: Syntax,
    named: &'a [Named],
    found: Source,
}

impl<'a> Reader<'a> {
    fn next(&mut self, open: &Token) -> Result<Token<'a>> {
        let next = self.lexer.next()?;
        next.ok_or_else(|| open.error(format!("{:?} is not closed", open.text)))
    }

    /// One outermost list, after its opening bracket; whatever is wrong in it is kept with it.
    fn group(&mut self, open: Token<'a>, scan: &Scan<'a>) -> Result<()> {
        if self.found.groups.len() == MAX_ARRAYS {
            return Err(open.error(format!("more than {MAX_ARRAYS} arrays")));
        }
        let mut group = Group {
            name: scan.name().to_owned(),
            line: open.line,
            column: open.column,
            operated: scan.operated(),
            ..Group::default()
        };
        let start = self.lexer.clone();
        let singles = self.found.singles;
        if let Err(bad) = self.list(open, 1, &mut group.items) {
            group.items.clear();
            group.bad = Some(bad);
            self.found.singles = singles;
            self.lexer = start;
            // Where its end cannot be found, there is nothing after it.
            if self.skip(open).is_err() {
                self.lexer.cut();
            }
        }
        self.found.groups.push(group);
        Ok(())
    }

    /// Passes over a list.
    fn skip(&mut self, open: Token<'a>) -> Result<()> {
        let (opening, closing) = brackets(self.syntax);
        let mut depth = 1usize;
        while depth > 0 {
            let token = self.next(&open)?;
            depth += usize::from(token.is(opening));
            depth -= usize::from(token.is(closing));
        }
        Ok(())
    }

    /// The rest of a list after its opening bracket.
    fn list(&mut self, open: Token<'a>, depth: usize, items: &mut Vec<Item>) -> Result<()> {
        let (opening, closing) = brackets(self.syntax);
        if depth > MAX_NESTING {
            return Err(open.error(format!("nested deeper than {MAX_NESTING}")));
        }
        let mut numbers = Item::default();
        let mut lists = 0usize;
        loop {
            let before = self.lexer.clone();
            let token = self.next(&open)?;
            if token.is(closing) {
                // A comma may stand before the end, except in JSON.
                if numbers.count == 0 && lists == 0 {
                    return Err(open.error("an empty list"));
                }
                if self.syntax == Syntax::Json {
                    return Err(token.expected("a number or a list"));
                }
                return close(open, numbers, depth, items);
            }
            if let Some(list) = self.constant(&token)? {
                if numbers.count > 0 {
                    return Err(token.error("a list among numbers"));
                }
                push(&token, Item::new(list), items)?;
                lists += 1;
            } else if let Some((inner, called)) = self.opening(token, opening)? {
                if numbers.count > 0 {
                    return Err(inner.error("a list among numbers"));
                }
                self.list(inner, depth + 1, items)?;
                if called {
                    self.rest_of_call(&inner)?;
                }
                lists += 1;
            } else {
                if lists > 0 {
                    return Err(token.error("a number among lists"));
                }
                self.lexer = before;
                let singles = &mut self.found.singles;
                numbers.push(expression::real(
                    &mut self.lexer,
                    self.syntax,
                    singles,
                    &token,
                )?);
            }
            let after = self.next(&open)?;
            if after.is(closing) {
                return close(open, numbers, depth, items);
            }
            if !after.is(',') {
                return Err(after.expected(&format!("',' or {closing:?}")));
            }
        }
    }

    /// The opening bracket of a nested list, types or the name of a call before it passed over; and
    /// whether it is in a call.
    fn opening(&mut self, token: Token<'a>, opening: char) -> Result<Option<(Token<'a>, bool)>> {
        if token.is(opening) {
            return Ok(Some((token, false)));
        }
        match self.syntax {
            Syntax::Python if token.kind == Kind::Word => self.call_of_list(token),
            Syntax::C if token.kind == Kind::Word => {
                let mut ahead = self.lexer.clone();
                let braced = match expression::callee(&mut ahead, token)? {
                    // std::complex<double>{0.5, 0} is a number.
                    Some((name, '{')) => !name.to_ascii_lowercase().contains("complex"),
                    _ => false,
                };
                if !braced {
                    return Ok(None);
                }
                self.lexer = ahead;
                Ok(Some((self.next(&token)?, false)))
            }
            Syntax::Go if token.kind == Kind::Word || token.is('[') => self.go_type(token),
            _ => Ok(None),
        }
    }

    /// `np.array([`.
    fn call_of_list(&mut self, token: Token<'a>) -> Result<Option<(Token<'a>, bool)>> {
        let mut ahead = self.lexer.clone();
        let Some((name, '(')) = expression::callee(&mut ahead, token)? else {
            return Ok(None);
        };
        ahead.next()?;
        match ahead.next()? {
            Some(open) if open.is('[') => {
                if !wrappers::keeps(name) {
                    let detail = format!(
                        "{name}(...) may compute with its list: write the resulting numbers"
                    );
                    return Err(token.error(detail));
                }
                self.lexer = ahead;
                Ok(Some((open, true)))
            }
            _ => Ok(None),
        }
    }

    /// `, dtype=np.float64)` after the list of a call.
    fn rest_of_call(&mut self, open: &Token<'a>) -> Result<()> {
        let mut last = *open;
        loop {
            let token = self.next(open)?;
            match token.kind {
                Kind::Mark(')') if last == *open || wrappers::holds(last.text) => return Ok(()),
                Kind::Mark(',' | '=' | '.') | Kind::Word | Kind::Text => {}
                _ => return Err(token.expected("')'")),
            }
            last = token;
        }
    }

    /// `[]float64{`, `[3]float64{`, `Row{`.
    fn go_type(&mut self, token: Token<'a>) -> Result<Option<(Token<'a>, bool)>> {
        let mut ahead = self.lexer.clone();
        let mut inside = usize::from(token.is('['));
        for _ in 0..64 {
            let Some(next) = ahead.next()? else { break };
            match next.kind {
                Kind::Mark('{') if inside == 0 => {
                    self.lexer = ahead;
                    return Ok(Some((next, false)));
                }
                Kind::Mark('[') => inside += 1,
                Kind::Mark(']') if inside > 0 => inside -= 1,
                Kind::Word | Kind::Mark('.') => {}
                Kind::Number if inside > 0 => {}
                _ => break,
            }
        }
        if token.is('[') {
            return Err(token.expected("a number or a list"));
        }
        Ok(None)
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
}

fn close(open: Token, mut numbers: Item, depth: usize, items: &mut Vec<Item>) -> Result<()> {
    if numbers.count == 0 {
        return Ok(());
    }
    numbers.row = depth > 1;
    push(&open, numbers, items)
}

fn push(open: &Token, item: Item, items: &mut Vec<Item>) -> Result<()> {
    if items.len() == MAX_COMPONENTS {
        return Err(open.error(format!("more than {MAX_COMPONENTS} components")));
    }
    items.push(item);
    Ok(())
}
#[cfg(test)]
mod tests {
    use super::*;

    const X2: Named = ("X2", &["0", "1.125", "0", "-0.125"]);

    fn lists(text: &str, syntax: Syntax) -> Vec<Vec<f64>> {
        let found = every(text, syntax).unwrap_or_else(|e| panic!("{text}: {e}"));
        let list = |i: Item| i.values.iter().map(Rational::to_f64).collect();
        found.into_iter().map(list).collect()
    }

    /// The lists of all arrays; the first error of any.
    fn every(text: &str, syntax: Syntax) -> Result<Vec<Item>> {
        let source = read(text, syntax, &[X2])?;
        let names: Vec<String> = (1..=source.groups.len()).map(|i| i.to_string()).collect();
        Ok(source.choose(Some(&names))?.0)
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
            ("double c[] = {1/3};", "line 1 column 16", "35.0/16.0"),
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
            ("double c[] = {\n  017 };", "line 2 column 3", "octal"),
            (
                "double c[] = {[1] = 2};",
                "line 1 column 15",
                "expected a number",
            ),
            ("double c[] = {\"x\"};", "line 1 column 15", "not accepted"),
        ] {
            let error = every(text, Syntax::C).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{place}: ")), "{text}: {error}");
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(every("[1,]", Syntax::Json).is_err());
    }

    #[test]
    fn limits_are_named() {
        let deep = "{".repeat(100_000);
        let many = format!("{{{}}}", "{1},".repeat(100));
        let separate = "{1}".repeat(100);
        let bodies = "void f() {".repeat(10_000);
        for (text, part) in [
            (deep, "deeper than 8"),
            (many, "more than 32"),
            (separate, "more than 32"),
            ("{1}".repeat(10_000), "more than 4096"),
            (bodies, "deeper than 1000"),
        ] {
            let error = every(&text, Syntax::C).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let wide = format!("{{{}}}", "1,".repeat(100_000));
        let item = every(&wide, Syntax::C).unwrap().remove(0);
        assert_eq!((item.count, item.values.len()), (100_000, 8_192));
    }

    fn names(text: &str, syntax: Syntax) -> Vec<(String, usize)> {
        let found = read(text, syntax, &[]).unwrap_or_else(|e| panic!("{text}: {e}"));
        let group = |g: Group| (g.name, g.items.len());
        found.groups.into_iter().map(group).collect()
    }

    #[test]
    fn arrays_have_their_names() {
        let two = [("a".to_owned(), 1), ("b".to_owned(), 2)];
        for (text, syntax) in [
            ("static const double a[2] = {0, 1}; std::vector<std::vector<double>> b{{1}, {2}};", Syntax::C),
            ("double a[] = {1}, b[][1] = {{1}, {2}};", Syntax::C),
            ("namespace x { class Y { double a[1] = {1}; }; }\nvoid f(char c = '{') { auto b = V<V<double>>{{1}, {2}}; }", Syntax::C),
            ("package p\nvar (\n a = []float64{1, 2}\n b = [][]float64{{1}, {2}}\n)\n", Syntax::Go),
            ("func f() {\n a := []float64{1}\n b := [][]string{{\"1\"}, {`2`}}\n}", Syntax::Go),
            ("import numpy as np\na = np.array([1, 2], dtype=np.float64)\nself.b = [[1], [2,]]  # x", Syntax::Python),
            ("\"\"\"a [1] text\"\"\"\nd = {\n 'a': [1],\n \"b\": [np.array([1]), np.array([2], dtype=float)],\n}", Syntax::Python),
            ("def f(x):\n  y[0] = x\n  a: list[float] = [1]\n  b = torch.tensor([[1], [2]])", Syntax::Python),
            ("{\"n\": 3, \"a\": [1], \"b\": [[1], [2]]}", Syntax::Json),
            ("[{\"a\": [1]}, {\"b\": [[1], [\"2\"]]}]", Syntax::Json),
        ] {
            assert_eq!(names(text, syntax), two, "{text}");
        }
        let degrees = names("{7: [1, 2], 15: [3]}", Syntax::Python);
        assert_eq!((degrees[0].0.as_str(), degrees[1].0.as_str()), ("7", "15"));
    }

    #[test]
    fn numbers_beside_and_around_arrays_are_seen() {
        for (text, syntax) in [
            ("a = [1, 2] * 10", Syntax::Python),
            ("a = np.array([1, 2]) / 2", Syntax::Python),
            ("a = 10 * np.array([1, 2])", Syntax::Python),
        ] {
            assert!(
                read(text, syntax, &[]).unwrap().groups[0].operated,
                "{text}"
            );
        }
        let found = read(
            "const double SCALE = 10.0, n = 3; double a[] = {1};",
            Syntax::C,
            &[],
        )
        .unwrap();
        assert!(!found.groups[0].operated);
        assert_eq!(found.scalars.len(), 2);
        assert!(found.scalars[0].scales() && !found.scalars[1].scales());
        let found = read(
            "{\"basis\": \"power\", \"scale\": 2, \"a\": [1]}",
            Syntax::Json,
            &[],
        )
        .unwrap();
        assert_eq!(found.texts, [("basis".to_owned(), "power".to_owned())]);
        assert_eq!(found.scalars[0].value, 2);
    }

    #[test]
    fn what_is_no_array_of_numbers_does_not_hide_the_others() {
        let found = read(
            "names = ['x', 'y']\na = [1, 2]\nb = [1, 2",
            Syntax::Python,
            &[],
        )
        .unwrap();
        let bad: Vec<bool> = found.groups.iter().map(|g| g.bad.is_some()).collect();
        assert_eq!(bad, [true, false, true]);
        assert!(found.choose(None).is_err());
        assert_eq!(found.choose(Some(&["a".to_owned()])).unwrap().0[0].count, 2);
    }
}
