//! Tables as CSV: one coefficient a line, with its component's basis and input map; on reading also
//! `degree,coefficient` lines, or one component a line.
//!
//! ```text
//! component,basis,scale,offset,degree,coefficient
//! 1,chebyshev,1,0,0,0
//! 1,chebyshev,1,0,1,5*2^-2
//! ```

use crate::arith::number;
use crate::error::{Error, Result};
use crate::poly::component::{Basis, Component, MAX_COEFFICIENTS};
use crate::poly::table::MAX_COMPONENTS;
use rug::Rational;
use std::fmt::Write as _;

const HEADER: [&str; 6] = [
    "component",
    "basis",
    "scale",
    "offset",
    "degree",
    "coefficient",
];

pub(super) fn write(components: &[Component]) -> String {
    let mut text = HEADER.join(",") + "\n";
    for (i, c) in components.iter().enumerate() {
        let (scale, offset) = (number::write(&c.scale), number::write(&c.offset));
        for (j, x) in c.coefficients.iter().enumerate() {
            let _ = writeln!(
                text,
                "{},{},{scale},{offset},{j},{}",
                i + 1,
                c.basis.name(),
                number::write(x)
            );
        }
    }
    text
}

/// What the lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// A coefficient with all that belongs to it.
    Whole,
    /// A degree and a coefficient.
    Degrees,
    /// A component.
    Components,
}

/// Reads the components, and says what the lines are.
///
/// # Errors
/// With line and column (of the field, in characters): a number, basis or order that cannot be read.
pub(super) fn read(text: &str, basis: Basis) -> Result<(Vec<Component>, Lines)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty() && !l.trim_start().starts_with('#'))
        .peekable();
    let long = lines.peek().is_some_and(|(_, l)| {
        let names = l.split(',').map(|f| f.trim().trim_matches('"'));
        names.eq(HEADER)
    });
    if long {
        lines.next();
    }
    if !long {
        if let Some(coefficients) = by_degree(lines.clone())? {
            return Ok((vec![Component::new(basis, coefficients)], Lines::Degrees));
        }
    }
    let mut found: Vec<Component> = Vec::new();
    for (n, line) in lines {
        let fields = fields(line, n + 1)?;
        let limit =
            |what: &str| Error::parse(format!("line {}", n + 1), format!("more than {what}"));
        if !long {
            if found.len() == MAX_COMPONENTS {
                return Err(limit(&format!("{MAX_COMPONENTS} components")));
            }
            if fields.len() > MAX_COEFFICIENTS {
                return Err(limit(&format!(
                    "{MAX_COEFFICIENTS} coefficients in one component"
                )));
            }
            let coefficients = fields.iter().map(Field::number).collect::<Result<_>>()?;
            found.push(Component::new(basis, coefficients));
            continue;
        }
        let [component, basis, scale, offset, degree, coefficient] = fields.as_slice() else {
            let detail = format!("{} fields, not {}", fields.len(), HEADER.len());
            return Err(Error::parse(format!("line {}", n + 1), detail));
        };
        let basis_of = match basis.text {
            "power" => Basis::Power,
            "chebyshev" => Basis::Chebyshev,
            _ => return Err(basis.error("expected power or chebyshev")),
        };
        if component.text == (found.len() + 1).to_string() && degree.text == "0" {
            if found.len() == MAX_COMPONENTS {
                return Err(limit(&format!("{MAX_COMPONENTS} components")));
            }
            let mut new = Component::new(basis_of, Vec::new());
            (new.scale, new.offset) = (scale.number()?, offset.number()?);
            found.push(new);
        }
        let count = found.len();
        let Some(current) = found
            .last_mut()
            .filter(|_| component.text == count.to_string())
        else {
            return Err(component.error("components are in order, from 1, each from degree 0"));
        };
        if degree.text != current.coefficients.len().to_string() {
            return Err(degree.error(&format!("expected degree {}", current.coefficients.len())));
        }
        if current.coefficients.len() == MAX_COEFFICIENTS {
            return Err(limit(&format!(
                "{MAX_COEFFICIENTS} coefficients in one component"
            )));
        }
        if (basis_of, scale.number()?, offset.number()?)
            != (current.basis, current.scale.clone(), current.offset.clone())
        {
            return Err(basis.error("basis, scale and offset are the same within a component"));
        }
        current.coefficients.push(coefficient.number()?);
    }
    Ok((
        found,
        if long {
            Lines::Whole
        } else {
            Lines::Components
        },
    ))
}

/// What a column of degrees is called.
const DEGREES: [&str; 9] = [
    "degree", "deg", "power", "exponent", "i", "j", "k", "n", "index",
];

/// Lines of two fields, under a heading that says `degree` (of either column) or with degrees 0, 1, 2, ... before them.
fn by_degree<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Result<Option<Vec<Rational>>> {
    let mut coefficients = Vec::new();
    let (mut heading, mut turned) = (false, false);
    for (i, (n, line)) in lines.enumerate() {
        let mut fields = fields(line, n + 1)?;
        if turned {
            fields.reverse();
        }
        let [degree, coefficient] = fields.as_slice() else {
            return Ok(None);
        };
        let names = |f: &Field| DEGREES.contains(&f.text.to_ascii_lowercase().as_str());
        if i == 0 && (names(degree) || names(coefficient)) {
            (heading, turned) = (true, !names(degree));
            continue;
        }
        if degree.text != coefficients.len().to_string() {
            let detail = format!("expected degree {}", coefficients.len());
            return if heading {
                Err(degree.error(&detail))
            } else {
                Ok(None)
            };
        }
        if coefficients.len() == MAX_COEFFICIENTS {
            let detail = format!("more than {MAX_COEFFICIENTS} coefficients in one component");
            return Err(Error::parse(format!("line {}", n + 1), detail));
        }
        coefficients.push(coefficient.number()?);
    }
    // One line `0,1.5` is as well a component of two coefficients.
    Ok((heading && !coefficients.is_empty() || coefficients.len() > 1).then_some(coefficients))
}

struct Field<'a> {
    text: &'a str,
    line: usize,
    column: usize,
}

impl Field<'_> {
    fn error(&self, detail: &str) -> Error {
        Error::parse(format!("line {} column {}", self.line, self.column), detail)
    }

    fn number(&self) -> Result<Rational> {
        number::parse(self.text).map_err(|e| self.error(&e.to_string()))
    }
}

/// Fields between commas; quotes around a field are taken off (no field of ours holds a comma).
fn fields(line: &str, number: usize) -> Result<Vec<Field<'_>>> {
    let mut column = 1;
    let mut all = Vec::new();
    if line.matches(',').count() > 2 * MAX_COEFFICIENTS {
        let detail = format!("more than {MAX_COEFFICIENTS} coefficients in one component");
        return Err(Error::parse(format!("line {number}"), detail));
    }
    for part in line.split(',') {
        let text = part.trim();
        let field = Field {
            text: text
                .strip_prefix('"')
                .and_then(|t| t.strip_suffix('"'))
                .unwrap_or(text),
            line: number,
            column,
        };
        if field.text.contains('"') {
            return Err(field.error("a quote that is not closed"));
        }
        all.push(field);
        column += part.chars().count() + 1;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let (short, lines) = read("# f1\r\n0,1.5,\"0\",-0.5\r\n0,2\r\n", Basis::Power).unwrap();
        assert_eq!(lines, Lines::Components);
        assert_eq!(short.len(), 2);
        let mut long = short.clone();
        long[1].basis = Basis::Chebyshev;
        long[1].scale = Rational::from((1, 3));
        assert_eq!(
            read(&write(&long), Basis::Power).unwrap(),
            (long, Lines::Whole)
        );
        let want: Vec<Rational> = [1, 2, 3].map(Rational::from).to_vec();
        for text in ["degree,coefficient\n0,1\n1,2\n2,3\n", "0, 1\n1, 2\n2, 3"] {
            let (found, lines) = read(text, Basis::Chebyshev).unwrap();
            assert_eq!(lines, Lines::Degrees);
            assert_eq!(found, [Component::new(Basis::Chebyshev, want.clone())]);
        }
        let (pairs, lines) = read("0,1\n1,2\n3,3", Basis::Power).unwrap();
        assert_eq!((pairs.len(), lines), (3, Lines::Components));
    }

    #[test]
    fn errors_name_line_and_column() {
        let head = HEADER.join(",");
        for (text, place) in [
            ("0,1\n1, x".to_owned(), "line 2 column 3: "),
            ("0,,1".to_owned(), "line 1 column 3: "),
            ("0,\"1".to_owned(), "line 1 column 3: "),
            (format!("{head}\n1,fourier,1,0,0,1"), "line 2 column 3: "),
            (format!("{head}\n2,power,1,0,0,1"), "line 2 column 1: "),
            (
                format!("{head}\n1,power,1,0,0,1\n1,power,1,0,2,1"),
                "line 3 column 13: ",
            ),
            (
                format!("{head}\n1,power,1,0,0,1\n1,power,2,0,1,1"),
                "line 3 column 3: ",
            ),
            (format!("{head}\n1,power,1,0,0"), "line 2: "),
            (
                "degree,coefficient\n0,1\n2,1".to_owned(),
                "line 3 column 1: ",
            ),
            ("1\n".repeat(40), "line 33: "),
            ("1,".repeat(300), "line 1: "),
        ] {
            let error = read(&text, Basis::Power).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
    }
}
