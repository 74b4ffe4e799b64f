//! HEIR's polynomial attributes, as text.
//!
//! ```text
//! #p = #polynomial.typed_float_polynomial<0.5 + 1.0 x + -0.25 x**2> : !poly_ty
//! #q = #polynomial.typed_chebyshev_polynomial<[1.0, 2.0 : f64]> : !poly_ty
//! ```
//! A monomial is a float, a variable and `**` with an exponent, each of the first two optional; HEIR joins
//! monomials by `+` only (a minus between them is read here too), wants a point in every float, and holds
//! f64. `float_polynomial` and `chebyshev_polynomial` are the same without a type; HEIR prints
//! `#polynomial<typed_float_polynomial <3 + x> : ...>`. Integer polynomials (moduli of rings) are passed over.
//!
//! **Source** google/heir, lib/Dialect/Polynomial/IR/PolynomialAttributes.{td,cpp} (c7bca25),
//! tests/Dialect/Polynomial/IR/chebyshev.mlir (d958c83).

use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use crate::interchange::lexer::{Kind, Lexer, Syntax, Token};
use crate::interchange::literal;
use crate::interchange::source::{Form, Group, Item, Source};
use crate::interchange::spell::{spell, Spelling};
use crate::poly::component::{Basis, Component, MAX_COEFFICIENTS};
use crate::poly::table::MAX_COMPONENTS;
use rug::Rational;
use std::fmt::Write as _;

/// The attributes of a text, in its order; the text may also be one polynomial alone.
///
/// `domain_lower` and `domain_upper` of a `polynomial.eval` belong to the polynomial that it evaluates, by
/// alias or in place: a Chebyshev series is then over that interval, mapped to [-1, 1].
///
/// # Errors
/// With line and column: what is no polynomial of these forms; a domain of nothing, or two of one; a limit.
pub(super) fn read(text: &str) -> Result<Source> {
    let mut reader = Reader {
        lexer: Lexer::new(text, Syntax::Mlir),
    };
    let mut found: Vec<Found> = Vec::new();
    let mut attribute = false;
    // The alias that is being named; the polynomial that is being evaluated.
    let mut alias: Option<&str> = None;
    let mut current: Option<usize> = None;
    let mut hash = false;
    while let Some(token) = reader.lexer.next()? {
        let name = token.text.strip_prefix("typed_").unwrap_or(token.text);
        let after_hash = std::mem::replace(&mut hash, token.is('#'));
        if token.kind != Kind::Word {
            continue;
        }
        if matches!(token.text, "domain_lower" | "domain_upper") {
            let Some(polynomial) = current.and_then(|i| found.get_mut(i)) else {
                return Err(token.error("a domain without a polynomial that is evaluated"));
            };
            reader.mark('=')?;
            let end = reader.number()?;
            polynomial.end(&token, end)?;
            continue;
        }
        if !name.ends_with("_polynomial") {
            if after_hash && token.text != "polynomial" {
                current = found.iter().position(|f| f.alias == Some(token.text));
                alias = Some(token.text);
            }
            continue;
        }
        attribute = true;
        if !matches!(name, "float_polynomial" | "chebyshev_polynomial") {
            continue;
        }
        if found.len() == MAX_COMPONENTS {
            return Err(token.error(format!("more than {MAX_COMPONENTS} components")));
        }
        reader.mark('<')?;
        let component = if name == "float_polynomial" {
            reader.polynomial('>')?
        } else {
            reader.chebyshev()?
        };
        current = Some(found.len());
        found.push(Found {
            alias: alias.take(),
            line: token.line,
            component,
            ends: (None, None),
        });
    }
    if found.is_empty() && !attribute {
        let mut reader = Reader {
            lexer: Lexer::new(text, Syntax::Mlir),
        };
        found.push(Found {
            alias: None,
            line: 1,
            component: reader.polynomial('\n')?,
            ends: (None, None),
        });
    }
    if found.is_empty() {
        let detail = "no float_polynomial or chebyshev_polynomial";
        return Err(reader.lexer.ended(detail));
    }
    let groups = found.into_iter().map(Found::group).collect::<Result<_>>()?;
    Ok(Source {
        groups,
        ..Source::default()
    })
}

/// A polynomial with its alias, and the ends of its domain where they are stated.
struct Found<'a> {
    alias: Option<&'a str>,
    line: usize,
    component: Component,
    ends: (Option<Rational>, Option<Rational>),
}

impl Found<'_> {
    fn end(&mut self, token: &Token, value: Rational) -> Result<()> {
        let end = match token.text {
            "domain_lower" => &mut self.ends.0,
            _ => &mut self.ends.1,
        };
        if end.as_ref().is_some_and(|known| *known != value) {
            return Err(token.error("a polynomial that is evaluated on two domains"));
        }
        *end = Some(value);
        Ok(())
    }

    fn group(self) -> Result<Group> {
        let line = self.line;
        let bad = |detail: &str| Err(Error::parse(format!("line {line}"), detail));
        let mut c = self.component;
        let domain = match self.ends {
            (None, None) => None,
            (Some(lo), Some(hi)) if lo < hi => Some((lo, hi)),
            (Some(_), Some(_)) => return bad("domain_lower is not below domain_upper"),
            _ => return bad("one of domain_lower and domain_upper without the other"),
        };
        if let (Basis::Chebyshev, Some((lo, hi))) = (c.basis, &domain) {
            (c.scale, c.offset) = crate::poly::basis::interval_map(lo, hi);
        }
        let mut item = Item::new(c.coefficients);
        item.form = Some(Form {
            basis: c.basis,
            scale: c.scale,
            offset: c.offset,
            domain,
        });
        Ok(Group {
            name: self.alias.unwrap_or("").to_owned(),
            line,
            items: vec![item],
            ..Group::default()
        })
    }
}

struct Reader<'a> {
    lexer: Lexer<'a>,
}

impl<'a> Reader<'a> {
    fn next(&mut self, what: &str) -> Result<Token<'a>> {
        match self.lexer.next()? {
            Some(token) => Ok(token),
            None => Err(self.lexer.ended(&format!("expected {what}, found the end"))),
        }
    }

    fn mark(&mut self, mark: char) -> Result<Token<'a>> {
        let token = self.next(&format!("{mark:?}"))?;
        if token.is(mark) {
            Ok(token)
        } else {
            Err(token.expected(&format!("{mark:?}")))
        }
    }

    fn peek(&self) -> Result<Option<Token<'a>>> {
        self.lexer.clone().next()
    }

    /// A float with its sign.
    fn number(&mut self) -> Result<Rational> {
        let token = self.next("a float")?;
        let negative = token.is('-');
        let number = match negative {
            true => self.next("a float")?,
            false => token,
        };
        if number.kind != Kind::Number {
            return Err(number.expected("a float"));
        }
        let (value, _) = literal::read(&number, Syntax::Mlir)?;
        Ok(if negative { -value } else { value })
    }

    /// Monomials up to a mark, or up to the end of the text for a newline.
    fn polynomial(&mut self, end: char) -> Result<Component> {
        let mut coefficients: Vec<Option<Rational>> = Vec::new();
        let mut variable: Option<&str> = None;
        let mut negative = false;
        loop {
            let (at, value, exponent) = self.monomial(&mut variable)?;
            if exponent >= MAX_COEFFICIENTS {
                let detail = format!(
                    "degree {exponent}; up to {} is accepted",
                    MAX_COEFFICIENTS - 1
                );
                return Err(at.error(detail));
            }
            if coefficients.len() <= exponent {
                coefficients.resize(exponent + 1, None);
            }
            let value = if negative { -value } else { value };
            if coefficients[exponent].replace(value).is_some() {
                return Err(at.error(format!("a second monomial of exponent {exponent}")));
            }
            match self.lexer.next()? {
                Some(t) if t.is('+') || t.is('-') => negative = t.is('-'),
                Some(t) if t.is(end) => break,
                None if end == '\n' => break,
                Some(t) => return Err(t.expected("'+' and a monomial, or the end")),
                None => return Err(self.lexer.ended("the polynomial does not end")),
            }
        }
        let all = coefficients.into_iter().map(Option::unwrap_or_default);
        Ok(Component::new(Basis::Power, all.collect()))
    }

    fn monomial(&mut self, variable: &mut Option<&'a str>) -> Result<(Token<'a>, Rational, usize)> {
        let first = self.next("a monomial")?;
        let negative = first.is('-');
        let token = match first.kind {
            Kind::Mark('-' | '+') => self.next("a monomial")?,
            _ => first,
        };
        let (value, name) = match token.kind {
            Kind::Number => {
                let (value, _) = literal::read(&token, Syntax::Mlir)?;
                let name = self.peek()?.filter(|t| t.kind == Kind::Word);
                if name.is_some() {
                    self.lexer.next()?;
                }
                (value, name)
            }
            Kind::Word => (Rational::from(1), Some(token)),
            _ => return Err(token.expected("a monomial")),
        };
        let value = if negative { -value } else { value };
        let Some(name) = name else {
            return Ok((first, value, 0));
        };
        if *variable.get_or_insert(name.text) != name.text {
            let detail = format!("a second variable {:?}", name.text);
            return Err(name.error(detail));
        }
        if !self.peek()?.is_some_and(|t| t.is('*')) {
            return Ok((first, value, 1));
        }
        self.mark('*')?;
        self.mark('*')?;
        let exponent = self.next("an exponent")?;
        match exponent.text.parse::<usize>() {
            Ok(n) if exponent.kind == Kind::Number && n <= 1 << 20 => Ok((first, value, n)),
            _ => Err(exponent.expected("an exponent")),
        }
    }

    /// `[1.0, -2.0 : f32]>`.
    fn chebyshev(&mut self) -> Result<Component> {
        let open = self.mark('[')?;
        let mut coefficients = Vec::new();
        loop {
            if coefficients.len() == MAX_COEFFICIENTS {
                let detail = format!("more than {MAX_COEFFICIENTS} coefficients in one component");
                return Err(open.error(detail));
            }
            let token = self.next("a float")?;
            let negative = token.is('-');
            let number = if negative {
                self.next("a float")?
            } else {
                token
            };
            if number.kind != Kind::Number {
                return Err(number.expected("a float"));
            }
            let (value, _) = literal::read(&number, Syntax::Mlir)?;
            let mut after = self.next("',' or ']'")?;
            if after.is(':') {
                let held = self.next("a type")?;
                let mode = match held.text {
                    "f64" => CoefficientMode::F64,
                    "f32" if !number.text.starts_with("0x") => CoefficientMode::F32,
                    _ => return Err(held.expected("f64 or f32")),
                };
                mode.round(&value)
                    .map_err(|e| number.error(e.to_string()))?;
                after = self.next("',' or ']'")?;
            }
            coefficients.push(if negative { -value } else { value });
            if after.is(']') {
                break;
            }
            if !after.is(',') {
                return Err(after.expected("',' or ']'"));
            }
        }
        self.mark('>')?;
        Ok(Component::new(Basis::Chebyshev, coefficients))
    }
}

/// A module's aliases: one attribute a component, without input maps.
pub(super) fn write(components: &[Component], name: &str) -> Result<String> {
    let mut text = "!poly_ty = !polynomial.polynomial<ring=<coefficientType=f64>>\n".to_owned();
    for (i, c) in components.iter().enumerate() {
        let at = |j: usize| format!("components[{i}].coefficients[{j}]");
        let mut terms = Vec::new();
        for (j, x) in c.coefficients.iter().enumerate() {
            let last = j + 1 == c.coefficients.len();
            if c.basis == Basis::Power && x.is_zero() && !last {
                continue;
            }
            let value =
                spell(x, Spelling::Decimal).map_err(|e| Error::parse(at(j), e.to_string()))?;
            terms.push(match (c.basis, j) {
                (Basis::Chebyshev, _) | (_, 0) => value,
                (Basis::Power, 1) => format!("{value} x"),
                (Basis::Power, _) => format!("{value} x**{j}"),
            });
        }
        let _ = match c.basis {
            Basis::Power => writeln!(
                text,
                "#{name}_{} = #polynomial.typed_float_polynomial<{}> : !poly_ty",
                i + 1,
                terms.join(" + ")
            ),
            Basis::Chebyshev => writeln!(
                text,
                "#{name}_{} = #polynomial.typed_chebyshev_polynomial<[{}]> : !poly_ty",
                i + 1,
                terms.join(", ")
            ),
        };
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<Vec<f64>> {
        let found = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let list = |g: &Group| g.items[0].values.iter().map(Rational::to_f64).collect();
        found.groups.iter().map(list).collect()
    }

    #[test]
    fn domains_belong_to_what_is_evaluated() {
        let form = |text: &str, i: usize| {
            read(text).unwrap().groups.remove(i).items[0]
                .form
                .clone()
                .unwrap()
        };
        let text = "#a = #polynomial.typed_chebyshev_polynomial<[1.0, 2.0]> : !p\n\
                    #b = #polynomial.typed_float_polynomial<1.0 + 2.0 x> : !p\n\
                    %1 = polynomial.eval #a, %x {domain_lower = -4.0 : f64, domain_upper = 2.0 : f64} : f64\n\
                    %2 = polynomial.eval #b, %1 {domain_lower = -3.0 : f64, domain_upper = 3.0 : f64} : f64\n";
        let (a, b) = (form(text, 0), form(text, 1));
        assert_eq!(
            (a.scale, a.offset),
            (Rational::from((1, 3)), Rational::from((1, 3)))
        );
        assert_eq!(a.domain, Some((Rational::from(-4), Rational::from(2))));
        // Powers are of x itself.
        assert_eq!((b.scale, b.offset), (Rational::from(1), Rational::new()));
        assert_eq!(b.domain, Some((Rational::from(-3), Rational::from(3))));
        assert_eq!(read(text).unwrap().groups[1].name, "b");
        let inline = "%0 = polynomial.eval #polynomial.chebyshev_polynomial<[1.0]>, %x {domain_lower = 0.0 : f64, domain_upper = 4.0 : f64}";
        assert_eq!(
            form(inline, 0).domain,
            Some((Rational::new(), Rational::from(4)))
        );
        for (text, part) in [
            (inline.replace("4.0", "-4.0"), "not below"),
            (
                inline.replace("domain_lower = 0.0 : f64, ", ""),
                "without the other",
            ),
            (
                inline.replace("domain_lower = 0.0", "domain_upper = 1.0"),
                "two domains",
            ),
            (
                "#b = 1 {domain_lower = 0.0} float_polynomial<1.0>".to_owned(),
                "without a polynomial",
            ),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn forms_of_the_dialect() {
        for (text, want) in [
            ("0.5 + 1.0x**2", vec![vec![0.5, 0.0, 1.0]]),
            ("#polynomial.float_polynomial<0.5 + 1.3e06 x**2>", vec![vec![0.5, 0.0, 1.3e6]]),
            ("#polynomial<typed_float_polynomial <3 + x> : !p>", vec![vec![3.0, 1.0]]),
            ("#fpoly = #polynomial.float_polynomial<1.0t**3 + 1.25t + -2.0>", vec![vec![-2.0, 1.25, 0.0, 1.0]]),
            ("x - 0.5 x**3", vec![vec![0.0, 1.0, 0.0, -0.5]]),
            (
                "#r = #polynomial.int_polynomial<1 + x**1024>\n\
                 #a = #polynomial.typed_chebyshev_polynomial<[1.0, -2.5 : f64, 0x3FF8000000000000]> : !p\n\
                 #b = #polynomial.chebyshev_polynomial<[0.0]> // x\n",
                vec![vec![1.0, -2.5, 1.5], vec![0.0]],
            ),
        ] {
            assert_eq!(values(text), want, "{text}");
        }
    }

    #[test]
    fn malformed_attributes_name_line_and_column() {
        for (text, place, part) in [
            ("float_polynomial<1.0 + >", "line 1 column 24", "a monomial"),
            (
                "float_polynomial<1.0x + 2.0y**2>",
                "line 1 column 28",
                "second variable",
            ),
            ("float_polynomial<1.0x*2>", "line 1 column 23", "'*'"),
            (
                "float_polynomial<x + x>",
                "line 1 column 22",
                "second monomial",
            ),
            ("float_polynomial<x**256>", "line 1 column 18", "up to 255"),
            ("float_polynomial<x", "line 1 column 19", "end"),
            (
                "chebyshev_polynomial<[1.0,\n ]>",
                "line 2 column 2",
                "a float",
            ),
            (
                "chebyshev_polynomial<[1.0 : f16]>",
                "line 1 column 29",
                "f64 or f32",
            ),
            (
                "int_polynomial<1>",
                "line 1 column 18",
                "no float_polynomial",
            ),
            ("1.0 x 2.0", "line 1 column 7", "'+'"),
            ("x**99999999999999999999", "line 1 column 4", "exponent"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{place}: ")), "{text}: {error}");
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
