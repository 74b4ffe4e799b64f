//! Expressions as text that reads back as the same expression, and expressions put into each other.

use crate::function::expression::{Expression, Name};
use rug::Rational;
use std::fmt;

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(c) => write!(f, "{c}"),
            Self::Pi => f.write_str("pi"),
            Self::X => f.write_str("x"),
            Self::P => f.write_str("p"),
            Self::Bound(_, name) => f.write_str(name),
            Self::Plus(a, b) => write!(f, "{a} + {}", Held(b, Place::Term)),
            Self::Minus(a, b) => write!(f, "{a} - {}", Held(b, Place::Term)),
            Self::Times(a, b) => {
                write!(f, "{}*{}", Held(a, Place::First), Held(b, Place::Factor))
            }
            Self::Over(a, b) => {
                write!(f, "{}/{}", Held(a, Place::First), Held(b, Place::Factor))
            }
            Self::Power(a, n) => write!(f, "{}^{n}", Held(a, Place::Base)),
            Self::Root(n, a) => write!(f, "root({n}, {a})"),
            Self::Call(name, a) => {
                let found = Name::ALL.iter().find(|(n, _)| n == name);
                write!(f, "{}({a})", found.map_or("", |(_, spelling)| spelling))
            }
        }
    }
}

/// Where a part stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Behind + or -.
    Term,
    /// First of a product.
    First,
    /// Behind * or /.
    Factor,
    /// Under an exponent.
    Base,
}

/// In brackets where it would be read in another way without.
struct Held<'a>(&'a Expression, Place);

impl fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.1;
        let bare = match self.0 {
            Expression::Constant(c) => {
                place == Place::First || *c >= 0 && (c.is_integer() || place == Place::Term)
            }
            Expression::Pi | Expression::X | Expression::P | Expression::Bound(..) => true,
            Expression::Root(..) | Expression::Call(..) => true,
            Expression::Power(..) => place != Place::Base,
            Expression::Times(..) | Expression::Over(..) => {
                matches!(place, Place::Term | Place::First)
            }
            Expression::Plus(..) | Expression::Minus(..) => false,
        };
        if bare {
            write!(f, "{}", self.0)
        } else {
            write!(f, "({})", self.0)
        }
    }
}

impl Expression {
    /// An exact number.
    pub fn number(c: impl Into<Rational>) -> Self {
        Self::Constant(c.into())
    }

    /// a + b.
    #[must_use]
    pub fn plus(self, b: Self) -> Self {
        match (self, b) {
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(a + b),
            (Self::Constant(zero), e) | (e, Self::Constant(zero)) if zero.is_zero() => e,
            (a, b) => Self::Plus(a.into(), b.into()),
        }
    }

    /// a b: the exact factor first, then x where it is one, then the rest in the order of their texts; so that products of the same
    /// factors are the same expression. x sigmoid(x) is silu(x), as it is defined.
    #[must_use]
    pub fn times(self, b: Self) -> Self {
        let mut factor = Rational::from(1);
        let mut rest = Vec::new();
        factors(self, &mut factor, &mut rest);
        factors(b, &mut factor, &mut rest);
        if factor.is_zero() {
            return Self::Constant(factor);
        }
        let gate = Self::Call(Name::Sigmoid, Self::X.into());
        let place = |rest: &[Self], e: &Self| rest.iter().position(|r| r == e);
        if let (Some(_), Some(i)) = (place(&rest, &Self::X), place(&rest, &gate)) {
            rest[i] = Self::Call(Name::Silu, Self::X.into());
            rest.retain({
                let mut left = 1;
                move |e| *e != Self::X || std::mem::replace(&mut left, 0) == 0
            });
        }
        rest.sort_by_cached_key(|e| (*e != Self::X, e.to_string()));
        let first = (factor != 1).then_some(Self::Constant(factor));
        let mut all = first.into_iter().chain(rest);
        let first = all.next().unwrap_or_else(|| Self::number(1));
        all.fold(first, |a, b| Self::Times(a.into(), b.into()))
    }

    /// The expression with another one in place of x.
    #[must_use]
    pub fn of(&self, inner: &Self) -> Self {
        let of = |e: &Self| Box::new(e.of(inner));
        match self {
            Self::X => inner.clone(),
            Self::Constant(_) | Self::Pi | Self::P | Self::Bound(..) => self.clone(),
            Self::Plus(a, b) => Self::Plus(of(a), of(b)),
            Self::Minus(a, b) => Self::Minus(of(a), of(b)),
            Self::Times(a, b) => Self::Times(of(a), of(b)),
            Self::Over(a, b) => Self::Over(of(a), of(b)),
            Self::Power(a, n) => Self::Power(of(a), *n),
            Self::Root(n, a) => Self::Root(*n, of(a)),
            Self::Call(name, a) => Self::Call(*name, of(a)),
        }
    }

    /// Operations, names and numbers.
    pub fn size(&self) -> usize {
        1 + match self {
            Self::Constant(_) | Self::Pi | Self::X | Self::P | Self::Bound(..) => 0,
            Self::Plus(a, b) | Self::Minus(a, b) | Self::Times(a, b) | Self::Over(a, b) => {
                a.size() + b.size()
            }
            Self::Power(a, _) | Self::Root(_, a) | Self::Call(_, a) => a.size(),
        }
    }
}

/// The factors of a product.
fn factors(e: Expression, factor: &mut Rational, rest: &mut Vec<Expression>) {
    match e {
        Expression::Constant(c) => *factor *= c,
        Expression::Times(a, b) => {
            factors(*a, factor, rest);
            factors(*b, factor, rest);
        }
        e => rest.push(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Expression {
        Expression::parse(text, true).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            "-x^2",
            "1 - 2*x - 3*(x - 4)",
            "x/(1/3 + p)",
            "(-1/2)*x*(1 + erf(x*(8388608/11863283)))",
            "root(3, x + 4)^-2",
            "gelu_tanh(-x) - (x - (x + pi))",
            "(x+1)^2*exp(-(x^2)/2)",
            "x/2",
            "2^-23*x",
            "x - (1/2 - x*(x/2)) - (-1/2 + x)^2",
            "(x*x)/(x/x)*(x*x)^3",
            "((x^2)^3)^-1",
            "-3/2*x - (-x)",
            "(-2)^3*x + (0 - x)*x",
        ] {
            let read = parse(text);
            assert_eq!(parse(&read.to_string()), read, "{text}: {read}");
        }
    }

    #[test]
    fn products_of_the_same_factors_are_the_same() {
        let (half, gate) = (parse("1/2"), parse("1 + erf(x)"));
        let first = half.clone().times(Expression::X).times(gate.clone());
        let second = Expression::X.times(gate.clone().times(half.clone()));
        assert_eq!(first, second);
        assert_eq!(parse(&first.to_string()), first);
        assert_eq!(first, parse("1/2*x*(1 + erf(x))"));
        assert_eq!(parse("sigmoid(x)").times(Expression::X), parse("silu(x)"));
        let twice = parse("sigmoid(x)").times(parse("x*x*3"));
        assert_eq!(twice, parse("3*x*silu(x)"));
        assert_eq!(
            parse("x^2 + sin(x)").of(&parse("x+1")),
            parse("(x+1)^2 + sin(x+1)")
        );
        assert_eq!(parse("x^2 + sin(x)").size(), 5);
    }
}
