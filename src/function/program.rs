//! Programs: what is computed from x and a table's polynomial p, in steps that have names.
//!
//! `NAME = EXPR; ...; EXPR`: every name is bound once, before it is used, and what it stands for is computed once. The
//! last expression is the value. `certificates/FORMAT.md`, section 2.3.

use crate::error::{Error, Result};
use crate::function::algebra::Algebra;
use crate::function::expression::{is_word, Expression, Reader};
use std::fmt;

/// Most names of a program.
pub const MAX_BINDINGS: usize = 64;

/// A program with the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    text: String,
    bindings: Vec<(String, Expression)>,
    result: Expression,
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// The character at which it cannot be read on, and what was expected there; a name that is a word of the language, is
    /// bound twice or is not bound before it is used; a limit that is met; a value that does not depend on p.
    ///
    /// ```
    /// use polycert::function::program::Program;
    /// let newton = Program::parse("y = p*(2 - x*p); y*(2 - x*y)")?;
    /// assert_eq!(newton.bindings()[0].0, "y");
    /// let e = Program::parse("y = p*(2 - x*z); y").unwrap_err().to_string();
    /// assert!(e.starts_with("character 14: unknown name \"z\""));
    /// # Ok::<(), polycert::error::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        if text.bytes().any(|c| c.is_ascii_control()) {
            let detail = "an expression is one line without tabs or control characters";
            return Err(Error::parse("", detail));
        }
        let mut reader = Reader::new(text, true)?;
        let mut bindings: Vec<(String, Expression)> = Vec::new();
        while let Some(name) = binding(&mut reader)? {
            let expression = reader.sum()?;
            if !reader.take(b';') {
                return Err(reader.expected("an operator or ;"));
            }
            reader.names.push(name.clone());
            bindings.push((name, expression));
        }
        let result = reader.sum()?;
        reader.end()?;
        let mut depends: Vec<bool> = Vec::with_capacity(bindings.len());
        for (_, expression) in &bindings {
            depends.push(depends_on_p(expression, &depends));
        }
        if !depends_on_p(&result, &depends) {
            let detail = format!("{text:?} has no p: a value is computed from the polynomial");
            return Err(Error::parse("", detail));
        }
        let text = text.to_owned();
        Ok(Self {
            text,
            bindings,
            result,
        })
    }

    /// The text, exactly as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names in order, and what they stand for.
    pub fn bindings(&self) -> &[(String, Expression)] {
        &self.bindings
    }

    /// The last expression.
    pub fn result(&self) -> &Expression {
        &self.result
    }

    /// Whether it is p itself.
    pub fn is_p(&self) -> bool {
        self.bindings.is_empty() && self.result == Expression::P
    }

    /// Whether something in it may be defined up to an end only: a root, arc sine or arc cosine.
    pub fn has_ends(&self) -> bool {
        let mut all = self.bindings.iter().map(|(_, e)| e).chain([&self.result]);
        all.any(Expression::has_ends)
    }

    /// What every name stands for, in order, and the value, at x and where the polynomial has the value p.
    ///
    /// # Errors
    /// That of the first operation without a value.
    #[allow(clippy::type_complexity)]
    pub fn values<A: Algebra>(
        &self,
        algebra: &A,
        x: &A::Value,
        p: &A::Value,
    ) -> std::result::Result<(Vec<A::Value>, A::Value), A::Fault> {
        let mut bound = Vec::with_capacity(self.bindings.len());
        for (_, expression) in &self.bindings {
            let value = expression.value_with(algebra, x, p, &bound)?;
            bound.push(value);
        }
        let value = self.result.value_with(algebra, x, p, &bound)?;
        Ok((bound, value))
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether p occurs, or a name of what it occurs in.
fn depends_on_p(e: &Expression, bound: &[bool]) -> bool {
    e.any(&|e| match e {
        Expression::P => true,
        Expression::Bound(i, _) => bound[*i],
        _ => false,
    })
}

/// The name of a step, where one begins here: the reader is behind its `=` then.
fn binding(reader: &mut Reader) -> Result<Option<String>> {
    if !reader.peek().is_some_and(|c| c.is_ascii_lowercase()) {
        return Ok(None);
    }
    let start = reader.at;
    let name = reader.word().to_owned();
    reader.at += name.len();
    if !reader.take(b'=') {
        reader.at = start;
        return Ok(None);
    }
    let capital = name.bytes().any(|c| c.is_ascii_uppercase());
    let wrong = match () {
        () if capital => "a name has small letters, digits and underscores".to_owned(),
        () if is_word(&name) => format!("{name} is a word of the language, and no name"),
        () if reader.names.contains(&name) => format!("{name} is bound twice"),
        () if reader.names.len() == MAX_BINDINGS => format!("more than {MAX_BINDINGS} names"),
        () => return Ok(Some(name)),
    };
    reader.at = start;
    Err(reader.fault(wrong))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::point::Points;
    use rug::Rational;

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let many: String = (0..65).map(|i| format!("a{i} = p; ")).collect();
        for (text, part) in [
            ("y = p; z", "character 8: unknown name \"z\""),
            ("y = z; z = p; y", "character 5: unknown name \"z\""),
            ("y = y; y", "character 5: unknown name \"y\""),
            ("y = p; y = 2*y; y", "character 8: y is bound twice"),
            ("p = x; p", "character 1: p is a word of the language"),
            ("exp = x; p", "character 1: exp is a word of the language"),
            ("p_7 = x; p", "character 1: p_7 is a word of the language"),
            ("y = p", "character 6: expected an operator or ;"),
            ("y = p;", "character 7: expected a number"),
            ("p; p", "character 2: expected an operator or the end"),
            ("yY = p; p", "character 1: a name has small letters"),
            ("y = x; z = y + 1; z", "has no p"),
            (&(many + "a0"), "more than 64 names"),
        ] {
            let e = Program::parse(text).unwrap_err().to_string();
            assert!(e.contains(part), "{text}: {e}");
        }
    }

    /// Newton's steps for 1/3 from 1/4, exactly: 1 - 3 y is squared.
    #[test]
    fn steps_are_computed_in_order() {
        let newton = Program::parse("y = p*(2 - x*p); z=y*(2-x*y) ; z*(2 - x*z)").unwrap();
        let k = Points { prec: 200 };
        let number = |n: i32, d: i32| k.constant(&Rational::from((n, d)));
        let (bound, value) = newton.values(&k, &number(3, 1), &number(1, 4)).unwrap();
        let known = [(5, 16), (85, 256)];
        for (bound, (n, d)) in bound.iter().zip(known) {
            assert!(bound.lo == Rational::from((n, d)) && bound.hi == bound.lo);
        }
        assert_eq!(
            (value.lo.to_rational().unwrap() * 3u32 - 1u32) * -65_536i32,
            1
        );
        assert_eq!(newton.bindings()[1].1.to_string(), "y*(2 - x*y)");
        assert!(Program::parse("y = 1 + p; sqrt(y)").unwrap().has_ends());
    }
}
