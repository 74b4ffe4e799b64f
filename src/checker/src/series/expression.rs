//! Formulas: what a certificate and a table write for a smooth function, for a weight and for a step of a program.

use crate::core::budget::Budget;
use crate::core::number::Rational;
use crate::series::names::{Name, NAMES};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

/// Longest text in characters, deepest nesting, most numbers, names and operations.
const MAX_LENGTH: usize = 2_000;
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 256;
/// Digits of a number, and its decimal exponent, at most.
const MAX_DIGITS: usize = 200;
const MAX_TEN: u32 = 300;
/// Largest power, and largest root.
const MAX_POWER: u32 = 1_024;
const MAX_ROOT: u32 = 64;
/// Bits of a constant that is folded.
const MAX_BITS: u64 = 4_096;

/// A formula as a tree, with operations on constants done exactly.
///
/// A factor that is a constant stands on the left, and division by a constant is multiplication: two texts that
/// differ in no more than that are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    Number(Rational),
    X,
    /// The polynomial of the table.
    P,
    /// What an earlier step of the program has bound, by its position.
    Bound(usize),
    Pi,
    Sum(Box<Expression>, Box<Expression>),
    Product(Box<Expression>, Box<Expression>),
    Quotient(Box<Expression>, Box<Expression>),
    /// The exponent is at least 2.
    Power(Box<Expression>, u32),
    /// The root is from 2 to 64.
    Root(u32, Box<Expression>),
    Call(Name, Box<Expression>),
}

/// A formula in x, or in x, p and names that are bound, with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    text: String,
    pub(crate) tree: Expression,
}

impl Formula {
    /// Reads a formula in x.
    ///
    /// # Errors
    /// What is wrong, and at which character.
    pub(crate) fn parse(text: &str, budget: &Budget) -> Result<Self, String> {
        let mut parser = Parser::new(text, false, budget)?;
        let tree = parser.sum(0)?;
        parser.end()?;
        Ok(Self::of(text, tree))
    }

    /// A formula that was read from this text.
    pub(super) fn of(text: &str, tree: Expression) -> Self {
        Self {
            text: text.to_owned(),
            tree,
        }
    }

    /// The formula as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it has a root, asin or acos of an argument that varies: it may be defined up to an end only.
    pub(crate) fn has_ends(&self) -> bool {
        self.tree.any(&|tree| match tree {
            Expression::Root(_, a) | Expression::Call(Name::Sqrt | Name::Asin | Name::Acos, a) => {
                let varies = |tree: &Expression| {
                    matches!(tree, Expression::X | Expression::P | Expression::Bound(_))
                };
                a.any(&varies)
            }
            _ => false,
        })
    }

    /// Whether it is 1/sqrt(x).
    pub(crate) fn is_inverse_root(&self) -> bool {
        match &self.tree {
            Expression::Quotient(one, root) => {
                **one == Expression::Number(Rational::integer(1))
                    && **root == Expression::Call(Name::Sqrt, Box::new(Expression::X))
            }
            _ => false,
        }
    }
}

impl Expression {
    /// Whether something holds of it or of a part of it.
    fn any(&self, holds: &dyn Fn(&Self) -> bool) -> bool {
        let inside = match self {
            Self::Number(_) | Self::X | Self::P | Self::Bound(_) | Self::Pi => false,
            Self::Sum(a, b) | Self::Product(a, b) | Self::Quotient(a, b) => {
                a.any(holds) || b.any(holds)
            }
            Self::Power(a, _) | Self::Root(_, a) | Self::Call(_, a) => a.any(holds),
        };
        inside || holds(self)
    }
}

pub(super) struct Parser<'a> {
    text: &'a [u8],
    pub(super) place: usize,
    nodes: usize,
    /// Whether it reads a program: p and the names that are bound may occur.
    is_program: bool,
    /// The names that are bound already.
    pub(super) names: Vec<String>,
    budget: &'a Budget,
}

type Parsed = Result<Expression, String>;

impl<'a> Parser<'a> {
    /// A reader at the beginning of a text that is not too long.
    pub(super) fn new(text: &'a str, is_program: bool, budget: &'a Budget) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("a formula has at most {MAX_LENGTH} characters"));
        }
        Ok(Self {
            text: text.as_bytes(),
            place: 0,
            nodes: 0,
            is_program,
            names: Vec::new(),
            budget,
        })
    }
}

impl Parser<'_> {
    pub(super) fn fail<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("at character {}: {what}", self.place + 1))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.place).copied()
    }

    pub(super) fn blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.place += 1;
        }
    }

    /// Takes a character, after blanks.
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(wanted);
        self.place += usize::from(found);
        found
    }

    /// Nothing but blanks may follow.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.blanks();
        match self.place < self.text.len() {
            true => self.fail("an operator or the end is expected"),
            false => Ok(()),
        }
    }

    /// A word of lower-case letters, digits and underscores; empty where none begins.
    pub(super) fn word(&mut self) -> &str {
        let start = self.place;
        if matches!(self.peek(), Some(b'a'..=b'z')) {
            while matches!(self.peek(), Some(b'a'..=b'z' | b'0'..=b'9' | b'_')) {
                self.place += 1;
            }
        }
        let word = self.text.get(start..self.place).unwrap_or_default();
        std::str::from_utf8(word).unwrap_or_default()
    }

    fn node(&mut self) -> Result<(), String> {
        self.nodes += 1;
        match self.nodes > MAX_NODES {
            true => self.fail(&format!(
                "more than {MAX_NODES} numbers, names and operations"
            )),
            false => Ok(()),
        }
    }

    /// expr = term {(+|-) term}
    pub(super) fn sum(&mut self, depth: usize) -> Parsed {
        if depth > MAX_DEPTH {
            return self.fail(&format!("nested deeper than {MAX_DEPTH}"));
        }
        let mut left = self.product(depth)?;
        loop {
            let minus = match () {
                () if self.take(b'+') => false,
                () if self.take(b'-') => true,
                () => return Ok(left),
            };
            self.node()?;
            let mut right = self.product(depth)?;
            if minus {
                right = self.negative(right)?;
            }
            left = match (left, right) {
                (Expression::Number(a), Expression::Number(b)) => self.number(a.plus(&b))?,
                (a, b) => Expression::Sum(Box::new(a), Box::new(b)),
            };
        }
    }

    /// term = factor {(*|/) factor}
    fn product(&mut self, depth: usize) -> Parsed {
        let mut left = self.factor(depth)?;
        loop {
            let over = match () {
                () if self.take(b'*') => false,
                () if self.take(b'/') => true,
                () => return Ok(left),
            };
            self.node()?;
            let right = self.factor(depth)?;
            left = match over {
                true => self.quotient(left, right)?,
                false => self.times(left, right)?,
            };
        }
    }

    fn times(&self, a: Expression, b: Expression) -> Parsed {
        Ok(match (a, b) {
            (Expression::Number(a), Expression::Number(b)) => self.number(a.times(&b))?,
            (one, a) | (a, one) if one == Expression::Number(Rational::integer(1)) => a,
            (a, b @ Expression::Number(_)) => Expression::Product(Box::new(b), Box::new(a)),
            (a, b) => Expression::Product(Box::new(a), Box::new(b)),
        })
    }

    fn quotient(&self, a: Expression, b: Expression) -> Parsed {
        match b {
            Expression::Number(b) if b.is_zero() => self.fail("division by 0"),
            Expression::Number(b) => {
                let sign = BigInt::from(if b.is_positive() { 1 } else { -1 });
                let inverse = Rational::raw(sign * b.denom(), b.numer().abs());
                self.times(a, Expression::Number(inverse))
            }
            b => Ok(Expression::Quotient(Box::new(a), Box::new(b))),
        }
    }

    fn negative(&self, a: Expression) -> Parsed {
        self.times(Expression::Number(Rational::integer(-1)), a)
    }

    /// factor = [-] power
    fn factor(&mut self, depth: usize) -> Parsed {
        if !self.take(b'-') {
            return self.power(depth);
        }
        self.node()?;
        let a = self.power(depth)?;
        self.negative(a)
    }

    /// power = atom [^ integer]
    fn power(&mut self, depth: usize) -> Parsed {
        let atom = self.atom(depth)?;
        if !self.take(b'^') {
            return Ok(atom);
        }
        self.node()?;
        let inverse = self.take(b'-');
        self.blanks();
        let exponent = self.integer("an integer exponent", MAX_POWER)?;
        let one = Expression::Number(Rational::integer(1));
        let raised = match (atom, exponent) {
            (_, 0) => one.clone(),
            (atom, 1) => atom,
            (Expression::Number(a), k) => {
                if a.bits() * u64::from(k) > MAX_BITS {
                    return self.fail(&format!("a constant of more than {MAX_BITS} bits"));
                }
                self.number(Rational::raw(a.numer().pow(k), a.denom().pow(k)))?
            }
            (atom, k) => Expression::Power(Box::new(atom), k),
        };
        match inverse {
            true => self.quotient(one, raised),
            false => Ok(raised),
        }
    }

    fn atom(&mut self, depth: usize) -> Parsed {
        self.node()?;
        self.blanks();
        match self.peek() {
            Some(b'0'..=b'9') => self.decimal(),
            Some(b'(') => self.bracketed(depth),
            Some(b'a'..=b'z') => self.named(depth),
            _ => self.fail("a number, a name or `(` is expected"),
        }
    }

    fn bracketed(&mut self, depth: usize) -> Parsed {
        if !self.take(b'(') {
            return self.fail("`(` is expected");
        }
        let inside = self.sum(depth + 1)?;
        self.closed(inside)
    }

    fn closed(&mut self, inside: Expression) -> Parsed {
        match self.take(b')') {
            true => Ok(inside),
            false => self.fail("an operator or `)` is expected"),
        }
    }

    fn named(&mut self, depth: usize) -> Parsed {
        let start = self.place;
        let word = self.word().to_owned();
        match word.as_str() {
            "x" => return Ok(Expression::X),
            "p" if self.is_program => return Ok(Expression::P),
            "pi" => return Ok(Expression::Pi),
            "root" => return self.root(depth),
            _ => {}
        }
        if let Some(i) = self.names.iter().position(|name| *name == word) {
            return Ok(Expression::Bound(i));
        }
        let Some((name, _)) = NAMES.iter().find(|(_, name)| *name == word) else {
            self.place = start;
            let (p, bound) = match self.is_program {
                true => ("p, ", ", or a name that is bound before"),
                false => ("", ""),
            };
            let names = NAMES.map(|(_, name)| name).join(", ");
            return self.fail(&format!("not one of x, {p}pi, root, {names}{bound}"));
        };
        let inside = self.bracketed(depth)?;
        Ok(Expression::Call(*name, Box::new(inside)))
    }

    /// root(n, expr)
    fn root(&mut self, depth: usize) -> Parsed {
        if !self.take(b'(') {
            return self.fail("`(` is expected");
        }
        self.blanks();
        let m = self.integer("the integer n of root(n, A)", MAX_ROOT)?;
        if m < 2 {
            return self.fail("root(n, A) needs an n of 2 or more");
        }
        if !self.take(b',') {
            return self.fail("`,` is expected");
        }
        let inside = self.sum(depth + 1)?;
        let inside = self.closed(inside)?;
        Ok(Expression::Root(m, Box::new(inside)))
    }

    fn digits(&mut self) -> &str {
        let start = self.place;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.place += 1;
        }
        let digits = self.text.get(start..self.place).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }

    /// An integer from 0 to `most`.
    fn integer(&mut self, what: &str, most: u32) -> Result<u32, String> {
        match self.digits().parse::<u32>() {
            Ok(n) if n <= most => Ok(n),
            _ => self.fail(&format!("{what} from 0 to {most} is expected")),
        }
    }

    /// Digits, perhaps a point and digits, perhaps e and an exponent: exactly that number.
    fn decimal(&mut self) -> Parsed {
        let mut digits = self.digits().to_owned();
        let mut places = 0;
        if self.peek() == Some(b'.') {
            self.place += 1;
            let fraction = self.digits();
            places = fraction.len();
            digits += fraction;
            if places == 0 {
                return self.fail("a digit is expected after the point");
            }
        }
        if digits.len() > MAX_DIGITS {
            return self.fail(&format!("a number has at most {MAX_DIGITS} digits"));
        }
        let mut value = Rational::integer(digits.parse::<BigInt>().unwrap_or_default());
        let ten = |k: u32| BigInt::from(10).pow(k);
        value = Rational::raw(
            value.numer().clone(),
            ten(u32::try_from(places).unwrap_or(0)),
        );
        if self.exponent_follows() {
            self.place += 1;
            let down = self.peek() == Some(b'-');
            self.place += usize::from(matches!(self.peek(), Some(b'-' | b'+')));
            let power = ten(self.integer("a decimal exponent", MAX_TEN)?);
            value = match down {
                true => Rational::raw(value.numer().clone(), value.denom() * power),
                false => Rational::raw(value.numer() * power, value.denom().clone()),
            };
        }
        self.number(value)
    }

    /// `e` and digits, perhaps with a sign between.
    fn exponent_follows(&self) -> bool {
        let rest = self.text.get(self.place..).unwrap_or_default();
        matches!(
            rest,
            [b'e' | b'E', b'0'..=b'9', ..] | [b'e' | b'E', b'-' | b'+', b'0'..=b'9', ..]
        )
    }

    /// A constant in lowest terms.
    fn number(&self, value: Rational) -> Parsed {
        let bits = value.bits();
        if bits > 2 * MAX_BITS {
            return self.fail(&format!("a constant of more than {MAX_BITS} bits"));
        }
        if self.budget.charge(2 * bits * (bits / 128 + 10)).is_err() {
            return self.fail("too much work");
        }
        let divisor = value.numer().gcd(value.denom());
        let (n, d) = (value.numer() / &divisor, value.denom() / &divisor);
        let d = if n.is_zero() { BigInt::one() } else { d };
        match n.bits() + d.bits() > MAX_BITS {
            true => self.fail(&format!("a constant of more than {MAX_BITS} bits")),
            false => Ok(Expression::Number(Rational::raw(n, d))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Expression {
        let budget = Budget::new();
        let mut parser = Parser::new(text, true, &budget).unwrap();
        let tree = parser.sum(0).unwrap();
        parser.end().unwrap();
        tree
    }

    #[test]
    fn constants_are_worked_out_as_written() {
        for (text, n, d) in [
            ("1-2-3", -4, 1),
            ("8/4/2", 1, 1),
            ("8/4*2", 4, 1),
            ("2 + 3*4", 14, 1),
            ("(2 + 3)*4", 20, 1),
            ("-2^2", -4, 1),
            ("(-2)^2", 4, 1),
            ("2*-3", -6, 1),
            ("1 - -3", 4, 1),
            ("2^-3", 1, 8),
            ("(-2)^-3", -1, 8),
            ("7^0", 1, 1),
            ("0^0", 1, 1),
            ("0*5", 0, 1),
            ("0.044715", 8_943, 200_000),
            ("12.50e-1", 5, 4),
            ("1e+3", 1_000, 1),
            ("5E2", 500, 1),
            ("1/-3", -1, 3),
            ("-1/3", -1, 3),
            ("007", 7, 1),
        ] {
            let expected = Expression::Number(Rational::raw(n.into(), d.into()));
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn trees_are_the_same_but_for_constants() {
        let x = || Box::new(Expression::X);
        let square = Expression::Power(x(), 2);
        let minus = Expression::Number(Rational::integer(-1));
        let expected = Expression::Product(Box::new(minus), Box::new(square));
        assert_eq!(tree("-x^2"), expected);
        for (one, other) in [
            ("x/2", "0.5*x"),
            ("x*2", "2*x"),
            ("x^1", "x"),
            ("1*x", "x/1"),
            ("x^-2", "1/x^2"),
            (" exp( x ) ", "exp(x)"),
            ("x - 1", "x + -1"),
        ] {
            assert_eq!(tree(one), tree(other), "{one} {other}");
        }
        for (one, other) in [
            ("x-1-x", "x-(1-x)"),
            ("x/x/x", "x/(x/x)"),
            ("sqrt(x)", "x"),
            ("gelu(x)", "gelu_tanh(x)"),
            ("root(3,x)", "root(4,x)"),
            ("x^2", "x^3"),
            ("x", "p"),
        ] {
            assert_ne!(tree(one), tree(other), "{one} {other}");
        }
        let ends = |text: &str| Formula::of(text, tree(text)).has_ends();
        assert!(ends("1 + sqrt(x)") && ends("exp(asin(p))") && ends("root(3, 1 + acos(x))"));
        assert!(!ends("x*sqrt(2/pi)") && !ends("gelu(x)") && !ends("atan(x)^3"));
    }
}
