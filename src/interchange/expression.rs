//! Constant expressions of source text as exact rationals: `35.0/16.0`, `-(1 + 2**-3)`, `complex(0.5, 0)`.
//!
//! Sums, products, quotients, powers with an integer exponent, parentheses; casts between number types;
//! complex numbers whose imaginary part is zero. Nothing is rounded. What a language would not compute
//! exactly (35/16 of integers in C and Go is 2) is refused rather than improved.

use crate::arith::number;
use crate::error::Result;
use crate::interchange::lexer::{Kind, Lexer, Syntax, Token};
use crate::interchange::literal;
use rug::{ops::Pow, Rational};

/// Deepest nesting of parentheses, signs and calls.
pub const MAX_DEPTH: usize = 32;
/// Most operations of one expression.
pub const MAX_STEPS: usize = 1_000;
/// Most bits of any value on the way.
pub const MAX_BITS: u32 = 8_192;

/// What reading an expression found.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// The number.
    pub real: Rational,
    /// Its imaginary part.
    imaginary: Rational,
    /// Whether the language holds it as an integer.
    integer: bool,
}

/// Casts that keep a number, by the last part of their name in lower case.
const CASTS: [&str; 27] = [
    "float64",
    "float32",
    "float16",
    "float128",
    "double",
    "float",
    "longdouble",
    "f64",
    "f32",
    "real",
    "realnumber",
    "decimal",
    "fraction",
    "mpf",
    "mpq",
    "rr",
    "to_rr",
    "newfloat",
    "complex",
    "complex128",
    "complex64",
    "complex_t",
    "cdouble",
    "cfloat",
    "static_cast",
    "scalar",
    "fromhex",
];
/// Types that may stand in parentheses before a number.
const TYPES: [&str; 5] = ["double", "float", "long", "float64_t", "const"];

/// Reads expressions off a lexer, and counts those that a program holds as binary32.
pub(super) struct Reader<'l, 'a> {
    pub lexer: &'l mut Lexer<'a>,
    pub syntax: Syntax,
    pub singles: &'l mut usize,
    steps: usize,
}

/// Reads one real number, which may be an expression, from the lexer's place on.
///
/// # Errors
/// At its token: what is no constant expression, an imaginary part, a limit.
pub(super) fn real<'a>(
    lexer: &mut Lexer<'a>,
    syntax: Syntax,
    singles: &mut usize,
    start: &Token<'a>,
) -> Result<Rational> {
    let mut reader = Reader {
        lexer,
        syntax,
        singles,
        steps: 0,
    };
    let value = reader.sum(0)?;
    if !value.imaginary.is_zero() {
        return Err(start.error("a coefficient with an imaginary part: polynomials here are real"));
    }
    Ok(value.real)
}

impl<'a> Reader<'_, 'a> {
    fn peek(&self) -> Result<Option<Token<'a>>> {
        self.lexer.clone().next()
    }

    fn next(&mut self, what: &str) -> Result<Token<'a>> {
        match self.lexer.next()? {
            Some(token) => Ok(token),
            None => Err(self.lexer.ended(&format!("expected {what}, found the end"))),
        }
    }

    fn mark(&mut self, mark: char) -> Result<()> {
        let token = self.next(&format!("{mark:?}"))?;
        if token.is(mark) {
            return Ok(());
        }
        Err(token.expected(&format!("{mark:?}")))
    }

    /// The next token if it is one of these marks.
    fn operator(&mut self, marks: [char; 2]) -> Result<Option<Token<'a>>> {
        let found = self.peek()?.filter(|t| marks.iter().any(|m| t.is(*m)));
        if found.is_some() {
            self.lexer.next()?;
        }
        Ok(found)
    }

    fn step(&mut self, at: &Token, value: Value) -> Result<Value> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(at.error(format!("an expression of more than {MAX_STEPS} operations")));
        }
        let bits = |x: &Rational| {
            x.numer()
                .significant_bits()
                .max(x.denom().significant_bits())
        };
        if bits(&value.real).max(bits(&value.imaginary)) > MAX_BITS {
            return Err(at.error(format!("the value takes more than {MAX_BITS} bits")));
        }
        Ok(value)
    }

    fn sum(&mut self, depth: usize) -> Result<Value> {
        let mut left = self.product(depth)?;
        while let Some(at) = self.operator(['+', '-'])? {
            let right = self.product(depth)?;
            let add = |a: &Rational, b: &Rational| match at.is('+') {
                true => Rational::from(a + b),
                false => Rational::from(a - b),
            };
            left = Value {
                real: add(&left.real, &right.real),
                imaginary: add(&left.imaginary, &right.imaginary),
                integer: left.integer && right.integer,
            };
            left = self.step(&at, left)?;
        }
        Ok(left)
    }

    fn product(&mut self, depth: usize) -> Result<Value> {
        let mut left = self.factor(depth)?;
        while let Some(at) = self.operator(['*', '/'])? {
            let doubled = self.peek()?.filter(|t| t.kind == at.kind);
            if doubled.is_some() && at.is('/') {
                return Err(at.error("a quotient that is rounded down (//) is not read"));
            }
            let right = self.factor(depth)?;
            left = self.combine(&at, left, right)?;
        }
        Ok(left)
    }

    fn combine(&mut self, at: &Token, a: Value, b: Value) -> Result<Value> {
        let integer = a.integer && b.integer;
        if at.is('*') {
            let mixed =
                Rational::from(&a.real * &b.imaginary) + Rational::from(&a.imaginary * &b.real);
            let real = Rational::from(&a.real * &b.real) - a.imaginary * b.imaginary;
            let product = Value {
                real,
                imaginary: mixed,
                integer,
            };
            return self.step(at, product);
        }
        if b.real.is_zero() || !b.imaginary.is_zero() {
            return Err(at.error("a division by zero or by an imaginary number"));
        }
        let real = a.real / &b.real;
        let truncates = matches!(self.syntax, Syntax::C | Syntax::Go);
        if integer && truncates && *real.denom() != 1u32 {
            let detail = "a quotient of integers, which this language rounds: write 35.0/16.0";
            return Err(at.error(detail));
        }
        let quotient = Value {
            real,
            imaginary: a.imaginary / b.real,
            integer: integer && truncates,
        };
        self.step(at, quotient)
    }

    fn factor(&mut self, depth: usize) -> Result<Value> {
        let Some(first) = self.peek()? else {
            return Err(self.lexer.ended("expected a number, found the end"));
        };
        if depth >= MAX_DEPTH {
            return Err(first.error(format!("nested deeper than {MAX_DEPTH}")));
        }
        if first.is('-') || first.is('+') {
            self.lexer.next()?;
            // A sign before a sign is more often a slip (or `--x`) than meant.
            if self.peek()?.is_some_and(|t| t.is('-') || t.is('+')) {
                let second = self.next("a number")?;
                return Err(second.expected("a number"));
            }
            let mut value = self.factor(depth + 1)?;
            if first.is('-') {
                value.real = -value.real;
                value.imaginary = -value.imaginary;
            }
            return Ok(value);
        }
        let base = self.atom(depth)?;
        self.power(depth, base)
    }

    /// `** exponent` of Python, if it follows.
    fn power(&mut self, depth: usize, base: Value) -> Result<Value> {
        let mut ahead = self.lexer.clone();
        let (Some(one), Some(two)) = (ahead.next()?, ahead.next()?) else {
            return Ok(base);
        };
        let adjacent = one.line == two.line && one.column + 1 == two.column;
        if self.syntax != Syntax::Python || !one.is('*') || !two.is('*') || !adjacent {
            return Ok(base);
        }
        *self.lexer = ahead;
        let exponent = self.factor(depth + 1)?;
        self.raised(&one, base, &exponent)
    }

    fn raised(&mut self, at: &Token, base: Value, exponent: &Value) -> Result<Value> {
        let e = exponent.real.numer().to_i32();
        let whole = *exponent.real.denom() == 1u32 && exponent.imaginary.is_zero();
        let Some(e) = e.filter(|e| whole && e.unsigned_abs() <= MAX_BITS) else {
            return Err(at.error(format!("an exponent is an integer of at most {MAX_BITS}")));
        };
        if !base.imaginary.is_zero() || base.real.is_zero() && e < 0 {
            return Err(at.error("a power of an imaginary number, or of zero to below zero"));
        }
        let bits = base
            .real
            .numer()
            .significant_bits()
            .max(base.real.denom().significant_bits());
        if u64::from(bits - 1) * u64::from(e.unsigned_abs()) > u64::from(MAX_BITS) {
            return Err(at.error(format!("the value takes more than {MAX_BITS} bits")));
        }
        let power = Value {
            real: base.real.pow(e),
            imaginary: Rational::new(),
            integer: base.integer && e >= 0,
        };
        self.step(at, power)
    }

    fn atom(&mut self, depth: usize) -> Result<Value> {
        let token = self.next("a number")?;
        match token.kind {
            Kind::Number => self.literal(&token),
            Kind::Text => {
                let real = number::parse(token.text).map_err(|e| token.error(e.to_string()))?;
                Ok(Value {
                    real,
                    imaginary: Rational::new(),
                    integer: false,
                })
            }
            Kind::Mark('(') => {
                if let Some(cast) = self.cast()? {
                    let mut value = self.factor(depth + 1)?;
                    *self.singles += usize::from(cast == "float");
                    value.integer = false;
                    return Ok(value);
                }
                let value = self.sum(depth + 1)?;
                self.mark(')')?;
                Ok(value)
            }
            Kind::Word if self.syntax != Syntax::Json => self.call(depth, token),
            _ => Err(token.expected("a number or a list")),
        }
    }

    fn literal(&mut self, token: &Token<'a>) -> Result<Value> {
        let suffix = match self.syntax {
            Syntax::Python => ['j', 'J'],
            Syntax::Go => ['i', 'i'],
            _ => ['\0', '\0'],
        };
        let digits = token.text.strip_suffix(suffix);
        let bare = Token {
            text: digits.unwrap_or(token.text),
            ..*token
        };
        let (value, single) = literal::read(&bare, self.syntax)?;
        *self.singles += usize::from(single);
        let plain = |c: char| {
            c.is_ascii_hexdigit() || matches!(c, 'x' | 'X' | 'u' | 'U' | 'l' | 'L' | '\'' | '_')
        };
        let hex = bare.text.starts_with("0x") || bare.text.starts_with("0X");
        let integer =
            bare.text.chars().all(plain) && (hex || !bare.text.contains(['e', 'E', 'f', 'F']));
        let zero = Rational::new();
        let (real, imaginary) = match digits {
            Some(_) => (zero, value),
            None => (value, zero),
        };
        Ok(Value {
            real,
            imaginary,
            integer: integer && digits.is_none(),
        })
    }

    /// The types of a cast `(double)` after its first parenthesis: the last of them.
    fn cast(&mut self) -> Result<Option<&'a str>> {
        if self.syntax != Syntax::C {
            return Ok(None);
        }
        let mut ahead = self.lexer.clone();
        let mut last = None;
        while let Some(token) = ahead.next()? {
            if token.is(')') && last.is_some() {
                *self.lexer = ahead;
                return Ok(last);
            }
            if token.kind != Kind::Word || !TYPES.contains(&token.text) {
                return Ok(None);
            }
            last = Some(token.text);
        }
        Ok(None)
    }

    /// A call after its first word: a cast, a complex number, a power.
    fn call(&mut self, depth: usize, first: Token<'a>) -> Result<Value> {
        let Some((name, open)) = callee(self.lexer, first)? else {
            return Err(first.expected("a number or a list"));
        };
        let close = match open {
            '(' => ')',
            _ => '}',
        };
        self.mark(open)?;
        let mut arguments = vec![self.sum(depth + 1)?];
        while self.operator([',', ','])?.is_some() {
            if arguments.len() == 2 {
                return Err(first.error(format!("{name}: more than two arguments")));
            }
            arguments.push(self.sum(depth + 1)?);
        }
        self.mark(close)?;
        let lower = name.to_ascii_lowercase();
        let one = arguments.len() == 1;
        let second = arguments.pop();
        let (Some(second), first_value) = (second, arguments.pop()) else {
            return Err(first.error(format!("{name} without arguments")));
        };
        let value = match (lower.as_str(), first_value) {
            ("pow", Some(base)) => return self.raised(&first, base, &second),
            ("fraction" | "mpq", Some(a)) => {
                let (a, b) = (
                    Value {
                        integer: false,
                        ..a
                    },
                    second,
                );
                let slash = Token {
                    kind: Kind::Mark('/'),
                    ..first
                };
                return self.combine(&slash, a, b);
            }
            (name, Some(a))
                if name.contains("complex") || name.starts_with('c') && CASTS.contains(&name) =>
            {
                if !a.imaginary.is_zero() {
                    return Err(first.error("a complex number of complex parts"));
                }
                Value {
                    imaginary: second.real,
                    ..a
                }
            }
            (name, None) if one && (CASTS.contains(&name) || name.contains("complex")) => second,
            _ => {
                let detail = format!(
                    "{name}(...) is not read: expected a number, a cast (double, float64, complex128, ...) or pow"
                );
                return Err(first.error(detail));
            }
        };
        let single = matches!(lower.as_str(), "float32" | "f32" | "complex64")
            || self.syntax == Syntax::C && lower == "float";
        *self.singles += usize::from(single);
        Ok(Value {
            integer: false,
            ..value
        })
    }
}

/// After a first word: the rest of a name (`std::complex<double>`, `np.float64`), up to the mark after it.
/// Its last word and that mark, `(` or `{`; the lexer is moved only where there is one.
pub(super) fn callee<'a>(
    lexer: &mut Lexer<'a>,
    first: Token<'a>,
) -> Result<Option<(&'a str, char)>> {
    let mut ahead = lexer.clone();
    let mut name = first.text;
    let mut inside = 0usize;
    for _ in 0..64 {
        let before = ahead.clone();
        let Some(token) = ahead.next()? else {
            return Ok(None);
        };
        match token.kind {
            Kind::Mark(open @ ('(' | '{')) if inside == 0 => {
                *lexer = before;
                return Ok(Some((name, open)));
            }
            Kind::Mark('<') => inside += 1,
            Kind::Mark('>') if inside > 0 => inside -= 1,
            Kind::Mark('.' | ':') => {}
            Kind::Mark(',') if inside > 0 => {}
            Kind::Number if inside > 0 => {}
            Kind::Word => {
                if inside == 0 {
                    name = token.text;
                }
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, syntax: Syntax) -> Result<(Rational, usize)> {
        let mut lexer = Lexer::new(text, syntax);
        let start = lexer.clone().next()?.unwrap();
        let mut singles = 0;
        let value = real(&mut lexer, syntax, &mut singles, &start)?;
        match lexer.next()? {
            Some(rest) => Err(rest.expected("the end")),
            None => Ok((value, singles)),
        }
    }

    #[test]
    fn expressions_are_exact() {
        for (text, syntax, want) in [
            ("35.0/16.0", Syntax::C, "35/16"),
            ("-(1 + 2) * 3.5e0", Syntax::C, "-21/2"),
            ("6/3", Syntax::Go, "2"),
            ("35/16", Syntax::Python, "35/16"),
            ("2**-3 - 1", Syntax::Python, "-7/8"),
            ("-2**2", Syntax::Python, "-4"),
            ("2 ** 3 ** 2", Syntax::Python, "512"),
            ("(double)1 / 4", Syntax::C, "1/4"),
            ("std::complex<double>(0.5, 0)", Syntax::C, "1/2"),
            ("std::complex<double>{0.5, 0.0}", Syntax::C, "1/2"),
            ("static_cast<double>(3) / 2", Syntax::C, "3/2"),
            ("complex128(-0.5)", Syntax::Go, "-1/2"),
            ("complex(0.25, 0)", Syntax::Go, "1/4"),
            ("0.5 + 0i", Syntax::Go, "1/2"),
            ("(0.5+0j)", Syntax::Python, "1/2"),
            ("np.float64(0.5)", Syntax::Python, "1/2"),
            ("Fraction(35, 16)", Syntax::Python, "35/16"),
            ("Decimal('0.1')", Syntax::Python, "1/10"),
            ("Fraction('1/3')", Syntax::Python, "1/3"),
            ("float.fromhex('0x1.8p-3')", Syntax::Python, "3/16"),
            ("std::pow(2.0, -3)", Syntax::C, "1/8"),
        ] {
            let (x, _) = value(text, syntax).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(x, number::parse(want).unwrap(), "{text}");
        }
        assert_eq!(value("(float)0.5 + 1.5f", Syntax::C).unwrap().1, 2);
        assert_eq!(value("np.float32(0.5)", Syntax::Python).unwrap().1, 1);
    }

    #[test]
    fn what_is_not_certain_or_too_much_is_refused() {
        let deep = "(".repeat(100_000);
        let long = "1+".repeat(100_000) + "1";
        let minus = "-(".repeat(100);
        for (text, syntax, part) in [
            ("35/16", Syntax::C, "35.0/16.0"),
            ("1/3", Syntax::Go, "35.0/16.0"),
            ("7//2", Syntax::Python, "rounded down"),
            ("1/0", Syntax::Python, "zero"),
            ("0.5+1j", Syntax::Python, "imaginary"),
            ("complex(0.5, 1)", Syntax::Go, "imaginary"),
            (
                "std::complex<double>(0.5, 0, 1)",
                Syntax::C,
                "two arguments",
            ),
            ("sin(1)", Syntax::C, "sin(...) is not read"),
            ("(int)1.5", Syntax::C, "expected a number"),
            ("2^3", Syntax::C, "found \"^\""),
            ("2**0.5", Syntax::Python, "exponent is an integer"),
            ("9**9**9", Syntax::Python, "exponent"),
            ("10**8000", Syntax::Python, "bits"),
            ("0**-1", Syntax::Python, "zero"),
            ("--1", Syntax::C, "expected a number"),
            (&deep, Syntax::C, "deeper"),
            (&minus, Syntax::Python, "deeper"),
            (&long, Syntax::C, "operations"),
            ("1 +", Syntax::C, "found the end"),
            ("pow(2", Syntax::C, "')'"),
        ] {
            let error = value(text, syntax).unwrap_err().to_string();
            assert!(
                error.contains(part),
                "{}: {error}",
                &text[..text.len().min(40)]
            );
        }
    }
}
