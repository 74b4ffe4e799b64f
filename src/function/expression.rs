//! Expressions of one variable: the language in which smooth functions are stated, read from text.
//!
//! `expr = term {(+|-) term}`, `term = factor {(*|/) factor}`, `factor = [-] power`, `power = atom [^ integer]`, with the
//! atoms decimal, `x`, `p`, `pi`, `NAME(expr)`, `root(n, expr)` and `(expr)`: `certificates/FORMAT.md`, section 2.3. All
//! sizes are capped before anything is built, so that hostile text costs nothing.

use crate::arith::number;
use crate::error::{Error, Result};
use rug::ops::Pow;
use rug::Rational;

/// Longest expression, in characters.
pub const MAX_CHARS: usize = 2_000;
/// Deepest nesting of brackets.
pub const MAX_NESTING: usize = 64;
/// Most operations, names and numbers.
pub const MAX_NODES: usize = 256;
/// Largest size of an exponent.
pub const MAX_EXPONENT: i32 = 1_024;
/// Most bits of a constant that is reckoned exactly.
const MAX_BITS: u32 = 1 << 12;
/// Most characters of a number, and largest size of its decimal exponent.
const MAX_NUMBER: (usize, u32) = (200, 300);

/// A function by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// e^a.
    Exp,
    /// Natural logarithm.
    Log,
    /// The root a >= 0 of a.
    Sqrt,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Arc tangent.
    Atan,
    /// Arc sine, |a| <= 1.
    Asin,
    /// pi/2 - asin(a).
    Acos,
    /// 2/sqrt(pi) times the integral of e^(-t^2) from 0 to a.
    Erf,
    /// 1 - 2/(1 + exp(2a)).
    Tanh,
    /// 1/(1 + exp(-a)).
    Sigmoid,
    /// log(1 + exp(a)).
    Softplus,
    /// a (1 + erf(a/sqrt(2)))/2.
    Gelu,
    /// a (1 + tanh(sqrt(2/pi) (a + 0.044715 a^3)))/2.
    GeluTanh,
    /// a sigmoid(a).
    Silu,
}

impl Name {
    /// Every name with its spelling.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::Exp, "exp"),
        (Self::Log, "log"),
        (Self::Sqrt, "sqrt"),
        (Self::Sin, "sin"),
        (Self::Cos, "cos"),
        (Self::Atan, "atan"),
        (Self::Asin, "asin"),
        (Self::Acos, "acos"),
        (Self::Erf, "erf"),
        (Self::Tanh, "tanh"),
        (Self::Sigmoid, "sigmoid"),
        (Self::Softplus, "softplus"),
        (Self::Gelu, "gelu"),
        (Self::GeluTanh, "gelu_tanh"),
        (Self::Silu, "silu"),
    ];
}

/// A parsed expression; constant parts are one exact number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// An exact number.
    Constant(Rational),
    /// The number pi.
    Pi,
    /// The variable.
    X,
    /// The polynomial of a table at x.
    P,
    /// What an earlier step of a program has bound: its position and its name.
    Bound(usize, Box<str>),
    /// Sum.
    Plus(Box<Self>, Box<Self>),
    /// Difference.
    Minus(Box<Self>, Box<Self>),
    /// Product.
    Times(Box<Self>, Box<Self>),
    /// Quotient by what is no exact number.
    Over(Box<Self>, Box<Self>),
    /// Power with an integer exponent, not 0.
    Power(Box<Self>, i32),
    /// The n-th root, n from 2 to 64.
    Root(u32, Box<Self>),
    /// A function by name.
    Call(Name, Box<Self>),
}

impl Expression {
    /// Reads an expression; the polynomial `p` is a name of it where `with_p` says so.
    ///
    /// # Errors
    /// The character at which it cannot be read on, and what was expected there; a limit that is met.
    ///
    /// ```
    /// use polycert::function::expression::Expression;
    /// assert!(Expression::parse("(1 + erf(x/sqrt(2)))/2", false).is_ok());
    /// let e = Expression::parse("exp(2x)", false).unwrap_err().to_string();
    /// assert_eq!(e, "character 6: expected ), found \"x\" (there is no multiplication without *)");
    /// ```
    pub fn parse(text: &str, with_p: bool) -> Result<Self> {
        let mut reader = Reader::new(text, with_p)?;
        let read = reader.sum()?;
        reader.end()?;
        Ok(read)
    }

    /// Whether the polynomial occurs.
    pub fn has_p(&self) -> bool {
        self.any(&|e| *e == Self::P)
    }

    /// Whether something in it may be defined up to an end only: a root, arc sine or arc cosine.
    pub fn has_ends(&self) -> bool {
        self.any(&|e| match e {
            Self::Root(..) => true,
            Self::Call(name, _) => matches!(name, Name::Sqrt | Name::Asin | Name::Acos),
            _ => false,
        })
    }

    /// Whether something holds of it or of a part of it.
    pub(super) fn any(&self, holds: &dyn Fn(&Self) -> bool) -> bool {
        let inside = match self {
            Self::Constant(_) | Self::Pi | Self::X | Self::P | Self::Bound(..) => false,
            Self::Plus(a, b) | Self::Minus(a, b) | Self::Times(a, b) | Self::Over(a, b) => {
                a.any(holds) || b.any(holds)
            }
            Self::Power(a, _) | Self::Root(_, a) | Self::Call(_, a) => a.any(holds),
        };
        inside || holds(self)
    }
}

pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) at: usize,
    depth: usize,
    nodes: usize,
    with_p: bool,
    /// The names that are bound already, in order.
    pub(super) names: Vec<String>,
}

/// Whether a word means something without being bound: the language's own, and p_1, p_2, ..., as components are called.
pub(super) fn is_word(word: &str) -> bool {
    let component = word.strip_prefix("p_").unwrap_or_default();
    let is_component = !component.is_empty() && component.bytes().all(|c| c.is_ascii_digit());
    let is_name = Name::ALL.iter().any(|(_, name)| *name == word);
    is_component || is_name || matches!(word, "x" | "p" | "pi" | "root")
}

impl<'a> Reader<'a> {
    /// At the beginning of a text that is not too long.
    pub(super) fn new(text: &'a str, with_p: bool) -> Result<Self> {
        if !text.is_ascii() || text.len() > MAX_CHARS {
            let detail = format!("an expression has at most {MAX_CHARS} ASCII characters");
            return Err(Error::parse("", detail));
        }
        Ok(Self {
            text,
            at: 0,
            depth: 0,
            nodes: 0,
            with_p,
            names: Vec::new(),
        })
    }
}

impl Reader<'_> {
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|c| c.is_ascii_whitespace()) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, wanted: u8) -> Result<()> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.expected(&char::from(wanted).to_string()))
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("an operator or the end")),
        }
    }

    /// The letters, digits and underscores that begin here.
    pub(super) fn word(&self) -> &str {
        let rest = self.text.as_bytes()[self.at..].iter();
        let part = |c: &&u8| c.is_ascii_alphanumeric() || **c == b'_';
        &self.text[self.at..self.at + rest.take_while(part).count()]
    }

    pub(super) fn fault(&self, detail: String) -> Error {
        Error::parse(format!("character {}", self.at + 1), detail)
    }

    pub(super) fn expected(&mut self, what: &str) -> Error {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(c) => format!("{:?}", char::from(c).to_string()),
        };
        let starts = |c: u8| c.is_ascii_alphanumeric() || c == b'(';
        let hint = match self.peek().is_some_and(starts) {
            true => " (there is no multiplication without *)",
            false => "",
        };
        self.fault(format!("expected {what}, found {found}{hint}"))
    }

    fn count(&mut self) -> Result<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let detail = format!("more than {MAX_NODES} operations, names and numbers");
            return Err(self.fault(detail));
        }
        Ok(())
    }

    pub(super) fn sum(&mut self) -> Result<Expression> {
        let mut left = self.product()?;
        loop {
            let minus = match self.peek() {
                Some(b'+') => false,
                Some(b'-') => true,
                _ => return Ok(left),
            };
            self.at += 1;
            self.count()?;
            let right = self.product()?;
            left = match (left, right, minus) {
                (Expression::Constant(a), Expression::Constant(b), false) => self.exact(a + b)?,
                (Expression::Constant(a), Expression::Constant(b), true) => self.exact(a - b)?,
                (a, b, false) => Expression::Plus(a.into(), b.into()),
                (a, b, true) => Expression::Minus(a.into(), b.into()),
            };
        }
    }

    fn product(&mut self) -> Result<Expression> {
        let mut left = self.factor()?;
        loop {
            let over = match self.peek() {
                Some(b'*') => false,
                Some(b'/') => true,
                _ => return Ok(left),
            };
            self.at += 1;
            self.count()?;
            let mut right = self.factor()?;
            // Division by an exact number is multiplication by its inverse.
            let mut by = over;
            if let (Expression::Constant(c), true) = (&mut right, over) {
                if c.is_zero() {
                    return Err(self.fault("division by 0".to_owned()));
                }
                c.recip_mut();
                by = false;
            }
            left = match (left, right, by) {
                (Expression::Constant(a), Expression::Constant(b), _) => self.exact(a * b)?,
                (a, b, false) => Expression::Times(a.into(), b.into()),
                (a, b, true) => Expression::Over(a.into(), b.into()),
            };
        }
    }

    fn factor(&mut self) -> Result<Expression> {
        if !self.take(b'-') {
            return self.power();
        }
        self.count()?;
        Ok(match self.power()? {
            Expression::Constant(c) => Expression::Constant(-c),
            a => Expression::Minus(Expression::Constant(Rational::new()).into(), a.into()),
        })
    }

    fn power(&mut self) -> Result<Expression> {
        let base = self.atom()?;
        if !self.take(b'^') {
            return Ok(base);
        }
        self.count()?;
        let negative = self.take(b'-');
        let size = self.integer(MAX_EXPONENT as u32, "an integer exponent")? as i32;
        let exponent = if negative { -size } else { size };
        match base {
            _ if exponent == 0 => Ok(Expression::Constant(Rational::from(1))),
            Expression::Constant(c) => {
                let bits = c
                    .numer()
                    .significant_bits()
                    .max(c.denom().significant_bits());
                if u64::from(bits) * size as u64 > u64::from(MAX_BITS) {
                    return Err(self.fault(format!("a constant of more than {MAX_BITS} bits")));
                }
                if c.is_zero() && negative {
                    return Err(self.fault("division by 0".to_owned()));
                }
                self.exact(c.pow(exponent))
            }
            base => Ok(Expression::Power(base.into(), exponent)),
        }
    }

    fn exact(&self, c: Rational) -> Result<Expression> {
        if c.numer().significant_bits() > MAX_BITS || c.denom().significant_bits() > MAX_BITS {
            return Err(self.fault(format!("a constant of more than {MAX_BITS} bits")));
        }
        Ok(Expression::Constant(c))
    }

    fn integer(&mut self, most: u32, what: &str) -> Result<u32> {
        self.peek();
        let digits = self.digits();
        let read = self.text[self.at..self.at + digits].parse::<u32>();
        match read {
            Ok(n) if n <= most => {
                self.at += digits;
                Ok(n)
            }
            _ => Err(self.expected(&format!("{what} up to {most}"))),
        }
    }

    fn digits(&self) -> usize {
        let rest = self.text.as_bytes()[self.at..].iter();
        rest.take_while(|c| c.is_ascii_digit()).count()
    }

    fn atom(&mut self) -> Result<Expression> {
        self.count()?;
        match self.peek() {
            Some(b'(') => self.bracket(),
            Some(c) if c.is_ascii_digit() => self.decimal(),
            Some(c) if c.is_ascii_alphabetic() => self.named(),
            _ => Err(self.expected("a number, x, a function or (")),
        }
    }

    fn bracket(&mut self) -> Result<Expression> {
        self.need(b'(')?;
        self.depth += 1;
        if self.depth > MAX_NESTING {
            let detail = format!("brackets nest deeper than {MAX_NESTING}");
            return Err(self.fault(detail));
        }
        let inner = self.sum()?;
        self.depth -= 1;
        self.need(b')')?;
        Ok(inner)
    }

    fn decimal(&mut self) -> Result<Expression> {
        let start = self.at;
        self.at += self.digits();
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            let digits = self.digits();
            if digits == 0 {
                return Err(self.expected("a digit behind the point"));
            }
            self.at += digits;
        }
        if matches!(bytes.get(self.at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(self.at + 1), Some(b'+' | b'-')));
            if bytes
                .get(self.at + 1 + sign)
                .is_some_and(u8::is_ascii_digit)
            {
                self.at += 1 + sign;
                self.at += self.digits();
            }
        }
        let text = &self.text[start..self.at];
        let exponent = text
            .split(['e', 'E'])
            .nth(1)
            .map(|e| e.trim_start_matches(['+', '-']));
        let (characters, most) = MAX_NUMBER;
        let far = exponent.is_some_and(|e| e.parse::<u32>().map_or(true, |e| e > most));
        if text.len() > characters || far {
            let detail = format!(
                "a number has at most {characters} characters, and its decimal exponent is at most {most} in size"
            );
            return Err(self.fault(detail));
        }
        let value = number::parse(text).map_err(|e| self.fault(e.to_string()))?;
        self.exact(value)
    }

    fn named(&mut self) -> Result<Expression> {
        let name = self.word().to_owned();
        let name = name.as_str();
        if let Some(i) = self.names.iter().position(|bound| bound == name) {
            self.at += name.len();
            return Ok(Expression::Bound(i, name.into()));
        }
        let known = Name::ALL.iter().find(|(_, spelling)| *spelling == name);
        match name {
            "x" | "pi" => {
                self.at += name.len();
                Ok(if name == "x" {
                    Expression::X
                } else {
                    Expression::Pi
                })
            }
            "p" if self.with_p => {
                self.at += 1;
                Ok(Expression::P)
            }
            "p" => Err(self.fault("p, the polynomial, is of a value; a function is of x".into())),
            "root" => {
                self.at += name.len();
                self.need(b'(')?;
                let n = self.integer(64, "the n of a root, an integer from 2")?;
                if n < 2 {
                    return Err(self.fault(format!("root({n}, ...): n is from 2 to 64")));
                }
                self.need(b',')?;
                // What follows is bracketed by what was taken already.
                self.depth += 1;
                if self.depth > MAX_NESTING {
                    return Err(self.fault(format!("brackets nest deeper than {MAX_NESTING}")));
                }
                let inner = self.sum()?;
                self.depth -= 1;
                self.need(b')')?;
                Ok(Expression::Root(n, inner.into()))
            }
            _ => {
                let Some((function, spelling)) = known else {
                    let names: Vec<&str> = Name::ALL.iter().map(|(_, n)| *n).collect();
                    let all = names.join(", ");
                    let (p, bound) = match self.with_p {
                        true => ("p, ", ", and names that are bound before"),
                        false => ("", ""),
                    };
                    return Err(self.fault(format!(
                        "unknown name {name:?}; known are x, {p}pi, root, {all}{bound}"
                    )));
                };
                self.at += spelling.len();
                Ok(Expression::Call(*function, self.bracket()?.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Expression {
        Expression::parse(text, true).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn precedence_and_exact_constants() {
        for (text, same) in [
            ("-x^2", "-(x^2)"),
            ("1 - 2 - 3", "-4"),
            ("8/2/2", "2"),
            ("x/4", "x*0.25"),
            ("2*x^3", "2*(x^3)"),
            ("1e-3 + 0.002", "3/1000"),
            ("x^0", "1"),
            ("(2/3)^-2", "9/4"),
            ("2*-x", "2*(-x)"),
        ] {
            assert_eq!(parse(text), parse(same), "{text}");
        }
        assert!(parse("x/2 + p").has_p() && !parse("gelu(x)").has_p());
        assert_eq!(parse("2exp".strip_suffix("exp").unwrap()), parse("2"));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let deep = "(".repeat(65) + "x" + &")".repeat(65);
        let long = "x+".repeat(999) + "x";
        let many = "x+".repeat(200) + "x";
        for (text, part) in [
            ("", "character 1: expected a number"),
            ("2x", "character 2: expected an operator"),
            ("exp x", "character 5: expected ("),
            ("x^1.5", "expected an operator"),
            (
                "x^2000",
                "character 3: expected an integer exponent up to 1024",
            ),
            ("foo(x)", "unknown name \"foo\""),
            ("x/0", "division by 0"),
            ("root(1, x)", "n is from 2 to 64"),
            ("1e9999", "decimal exponent is at most 300"),
            ("1e301", "decimal exponent"),
            ("(1e300)^1024", "bits"),
            ("5.", "a digit behind the point"),
            ("x^2^3", "expected an operator"),
            ("--x", "expected a number"),
            (&deep, "deeper than 64"),
            (&long, "more than 256"),
            (&many, "more than 256"),
            ("\u{3c0}", "ASCII"),
        ] {
            let e = Expression::parse(text, true).unwrap_err().to_string();
            assert!(e.contains(part), "{text}: {e}");
        }
        assert!(Expression::parse("x + p", false).is_err());
    }
}
