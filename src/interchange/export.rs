//! Writing tables for other programs.
//!
//! First the table is brought to the format's own form, which is exact (bases, input maps, intervals); then
//! each number is rounded to what the program holds, which is told; then what is left is written with all
//! its digits. So the file reads back as exactly the table of the second step.

use crate::arith::number::{self, MAX_CHARS};
use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use crate::interchange::format::Format;
use crate::interchange::header::Header;
use crate::interchange::spell::{has_decimal, nearest_decimal, spell, Spelling};
use crate::interchange::{csv, heir, smooth};
use crate::poly::basis::{interval_map, over_interval, plain, without_maps};
use crate::poly::component::{Basis, Component};
use crate::poly::table::{Output, Table};
use rug::Rational;
use serde_json::{json, Value};
use std::fmt::Write as _;

/// The format tag of exported JSON.
pub(super) const JSON_FORMAT: &str = "polycert-export/1";

/// A number that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where: `components[0].coefficients[3]`, or an end of an interval.
    pub place: String,
    /// The number in the table.
    pub before: Rational,
    /// The number in the file.
    pub after: Rational,
}

impl Change {
    /// |after - before| / |before|, exactly.
    pub fn relative(&self) -> Rational {
        (Rational::from(&self.after - &self.before) / &self.before).abs()
    }
}

/// A written table.
#[derive(Debug, Clone)]
pub struct Export {
    /// The file.
    pub text: String,
    /// The table that the file reads back as.
    pub table: Table,
    /// Every number that lost digits.
    pub changes: Vec<Change>,
    /// Exact changes of form, in words.
    pub forms: Vec<String>,
}

impl Format {
    /// What a program holds of a coefficient in this format, unless asked otherwise.
    pub fn usual_mode(self) -> CoefficientMode {
        match self {
            Self::Json | Self::Csv | Self::Lattigo => CoefficientMode::Exact,
            Self::C
            | Self::Cpp
            | Self::Go
            | Self::Openfhe
            | Self::Heir
            | Self::Python
            | Self::Npy => CoefficientMode::F64,
        }
    }

    /// How numbers are written, unless asked otherwise.
    pub fn usual_spelling(self) -> Spelling {
        match self {
            Self::C | Self::Cpp | Self::Go | Self::Openfhe => Spelling::Hex,
            Self::Json | Self::Csv | Self::Lattigo | Self::Heir | Self::Python | Self::Npy => {
                Spelling::Decimal
            }
        }
    }
}

/// Writes a table.
///
/// **Guarantee** reading the text gives `table` of the result, which differs from the given one by `changes`
/// (its numbers) and `forms` (its form, not its polynomials) alone.
///
/// # Errors
/// A number that overflows `mode` or needs more characters than a reader accepts; an interval that
/// collapses when it is rounded.
pub fn export(
    table: &Table,
    format: Format,
    mode: CoefficientMode,
    spelling: Spelling,
) -> Result<Export> {
    if Format::READ_ONLY.iter().any(|(f, _)| *f == format) {
        let detail = format!("{} is read only: export json, csv or c", format.name());
        return Err(Error::unsupported(detail));
    }
    let mut changes = Vec::new();
    let mut forms = Vec::new();
    let same = table
        .components
        .windows(2)
        .all(|w| w[0].basis == w[1].basis);
    let keeps_maps = matches!(format, Format::Csv | Format::Openfhe);
    let formed = if keeps_maps {
        table.components.clone()
    } else {
        for (i, _) in table
            .components
            .iter()
            .enumerate()
            .filter(|(_, c)| is_mapped(c))
        {
            let how = if i == 0 {
                "is multiplied out"
            } else {
                "is made by the stage before it"
            };
            forms.push(format!("components[{i}]: the input map {how}"));
        }
        without_maps(&table.components)?
    };
    let mut components = Vec::new();
    for (i, c) in formed.iter().enumerate() {
        let at = format!("components[{i}]");
        let holder = Holder {
            exact: matches!(format, Format::Json | Format::Csv),
            mode,
        };
        let mut round = |place: String, x: &mut Rational| -> Result<()> {
            let after = holder
                .held(x)
                .map_err(|e| Error::parse(&place, e.to_string()))?;
            if after != *x {
                let before = std::mem::replace(x, after.clone());
                changes.push(Change {
                    place,
                    before,
                    after,
                });
            }
            Ok(())
        };
        let formed = match format {
            Format::Json if !same => plain(c, Basis::Power).map(|c| (c, None)),
            Format::Lattigo => plain(c, Basis::Chebyshev).map(|c| (c, None)),
            Format::Openfhe => over_interval(c).map(|(c, ends)| (c, Some(ends))),
            _ => Ok((c.clone(), None)),
        };
        let (mut new, ends) = formed.map_err(|e| e.within(&at))?;
        if let Some((mut a, mut b)) = ends {
            round(format!("{at}.a"), &mut a)?;
            round(format!("{at}.b"), &mut b)?;
            if a >= b {
                return Err(Error::domain(format!(
                    "{at}: the interval [a, b] is empty when rounded"
                )));
            }
            (new.scale, new.offset) = interval_map(&a, &b);
        }
        if new.basis != c.basis {
            forms.push(format!(
                "{at}: {} to {} basis",
                c.basis.name(),
                new.basis.name()
            ));
        }
        for (j, x) in new.coefficients.iter_mut().enumerate() {
            round(format!("{at}.coefficients[{j}]"), x)?;
        }
        components.push(new);
    }
    let returned = Table {
        components,
        ..table.clone()
    };
    returned.validate()?;
    let text = write(&returned, format, spelling)?;
    Ok(Export {
        text,
        table: returned,
        changes,
        forms,
    })
}

fn is_mapped(c: &Component) -> bool {
    c.scale != 1u32 || !c.offset.is_zero()
}

/// What becomes of a number.
struct Holder {
    /// Fractions can be written.
    exact: bool,
    mode: CoefficientMode,
}

impl Holder {
    fn held(&self, x: &Rational) -> Result<Rational> {
        let held = self.mode.round(x)?;
        Ok(if self.exact || has_decimal(&held) {
            held
        } else {
            nearest_decimal(&held)
        })
    }
}

fn write(table: &Table, format: Format, spelling: Spelling) -> Result<String> {
    let name = identifier(&table.name);
    let comment = if format == Format::Csv { "#" } else { "//" };
    let mut text = match format {
        Format::Json => String::new(),
        _ => format!("{comment} {}\n", Header::write(table, format)),
    };
    match format {
        Format::Json => text = json(table)?,
        Format::Csv => {
            for_all(&table.components, |x| fits(number::write(x)))?;
            text.push_str(&csv::write(&table.components));
        }
        Format::Heir => text.push_str(&heir::write(&table.components, &name)?),
        Format::C => {
            for (i, c) in table.components.iter().enumerate() {
                let numbers = spelled(c, i, |x| spell(x, spelling))?;
                let _ = writeln!(
                    text,
                    "// {}\nstatic const double {name}_p{}[{}] = {{\n{}}};",
                    meaning(c, i),
                    i + 1,
                    numbers.len(),
                    rows("    ", &numbers)
                );
            }
        }
        Format::Cpp | Format::Go | Format::Lattigo => {
            nested(&mut text, table, &name, format, spelling)?
        }
        Format::Openfhe => openfhe(&mut text, table, &name, spelling)?,
        Format::Python | Format::Npy => {}
    }
    Ok(text)
}

/// One literal for all components.
fn nested(
    text: &mut String,
    table: &Table,
    name: &str,
    format: Format,
    spelling: Spelling,
) -> Result<()> {
    let (start, indent, end) = match format {
        Format::Go => (format!("var {name}_p = [][]float64{{\n"), "\t", "}\n"),
        Format::Lattigo => (
            format!("// minimax.NewPolynomial({name}_p)\nvar {name}_p = [][]string{{\n"),
            "\t",
            "}\n",
        ),
        _ => (
            format!("#include <vector>\n\nconst std::vector<std::vector<double>> {name}_p = {{\n"),
            "    ",
            "};\n",
        ),
    };
    text.push_str(&start);
    for (i, c) in table.components.iter().enumerate() {
        let numbers = spelled(c, i, |x| match format {
            Format::Lattigo => spell(x, Spelling::Decimal).map(|t| format!("\"{t}\"")),
            _ => spell(x, spelling),
        })?;
        let inner = rows(&indent.repeat(2), &numbers);
        let _ = write!(
            text,
            "{indent}// {}\n{indent}{{\n{inner}{indent}}},\n",
            meaning(c, i)
        );
    }
    text.push_str(end);
    Ok(())
}

fn openfhe(text: &mut String, table: &Table, name: &str, spelling: Spelling) -> Result<()> {
    text.push_str(
        "// The first number of a list is twice the coefficient of T_0: EvalChebyshevSeries halves it.\n\
         #include <vector>\n",
    );
    for (i, c) in table.components.iter().enumerate() {
        let (_, (a, b)) = over_interval(c)?;
        let mut doubled = c.clone();
        doubled.coefficients[0] *= 2u32;
        let numbers = spelled(&doubled, i, |x| spell(x, spelling))?;
        let end = |x: &Rational| spell(x, spelling);
        let _ = writeln!(
            text,
            "\n// ct = cc->EvalChebyshevSeries(ct, {name}_p{n}, {}, {});\nconst std::vector<double> {name}_p{n} = {{\n{}}};",
            end(&a)?,
            end(&b)?,
            rows("    ", &numbers),
            n = i + 1,
        );
    }
    Ok(())
}

fn json(table: &Table) -> Result<String> {
    let mut object = serde_json::Map::new();
    for (key, value) in &table.provenance {
        object.insert(key.clone(), value.clone().into());
    }
    let write = |x: &Rational| fits(number::write(x)).map(Value::from);
    let mut lists = Vec::new();
    for (i, c) in table.components.iter().enumerate() {
        lists.push(spelled(c, i, |x| fits(number::write(x)))?);
    }
    let mut domain = json!({"lo": write(&table.domain.lo)?, "hi": write(&table.domain.hi)?});
    if let Some(eps) = &table.domain.eps {
        domain["eps"] = write(eps)?;
    }
    let basis = table.components.first().map_or(Basis::Power, |c| c.basis);
    for (key, value) in [
        ("format", JSON_FORMAT.into()),
        ("name", table.name.clone().into()),
        ("target", table.target.name().into()),
        ("domain", domain),
        ("basis", basis.name().into()),
        ("components", lists.into()),
        ("sha256", table.sha256().into()),
    ] {
        object.insert(key.to_owned(), value);
    }
    if table.output == Output::Step {
        object.insert("output".to_owned(), "step".into());
    }
    if let Some(slope) = &table.slope {
        object.insert("slope".to_owned(), write(slope)?);
    }
    if let Some((lower, upper)) = &table.ends {
        object.insert("lower".to_owned(), write(lower)?);
        object.insert("upper".to_owned(), write(upper)?);
    }
    if let Some(stated) = &table.smooth {
        smooth::write(stated, &mut object);
    }
    Ok(serde_json::to_string_pretty(&object).unwrap_or_default() + "\n")
}

fn for_all(components: &[Component], write: impl Fn(&Rational) -> Result<String>) -> Result<()> {
    for (i, c) in components.iter().enumerate() {
        spelled(c, i, &write)?;
    }
    Ok(())
}

/// Every coefficient as text, an error naming the one that has none.
fn spelled(
    c: &Component,
    i: usize,
    write: impl Fn(&Rational) -> Result<String>,
) -> Result<Vec<String>> {
    let one = |(j, x): (usize, &Rational)| {
        let place = || format!("components[{i}].coefficients[{j}]");
        write(x).map_err(|e| Error::parse(place(), e.to_string()))
    };
    c.coefficients.iter().enumerate().map(one).collect()
}

fn fits(text: String) -> Result<String> {
    if text.len() <= MAX_CHARS {
        return Ok(text);
    }
    let n = text.len();
    Err(Error::unsupported(format!(
        "the exact number takes {n} characters, the limit is {MAX_CHARS}: round by --coefficients"
    )))
}

/// A comment on a component.
fn meaning(c: &Component, i: usize) -> String {
    let basis = match c.basis {
        Basis::Power => "c[0] + c[1] x + c[2] x^2 + ...",
        Basis::Chebyshev => "c[0] T_0(x) + c[1] T_1(x) + ..., Chebyshev polynomials on [-1, 1]",
    };
    let order = if i == 0 { ", applied first" } else { "" };
    format!("p{} of degree {}{order}: {basis}", i + 1, c.degree())
}

/// Lines of a few numbers.
fn rows(indent: &str, numbers: &[String]) -> String {
    let mut text = String::new();
    for row in numbers.chunks(4) {
        let _ = writeln!(text, "{indent}{},", row.join(", "));
    }
    text
}

/// A name that is an identifier in every language here (with what is put behind it, no keyword either).
fn identifier(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let plain: String = name.chars().take(60).map(allowed).collect();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) {
        plain
    } else {
        format!("table_{plain}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::{read, Hints};

    const TABLE: &str = r#"{"format":"polycert-table/1","name":"f1\n*/\\","target":"sign",
        "domain":{"lo":"-2","hi":"1","eps":"1/8"},
        "components":[{"basis":"power","coefficients":["0","0.1","0","-1/3"]},
        {"basis":"chebyshev","input_map":{"scale":"-1/2","offset":"1/4"},"coefficients":["3","2^-70","0"]}]}"#;

    #[test]
    fn every_format_comes_back_as_it_says() {
        let table = Table::from_json(TABLE).unwrap();
        for (format, name) in Format::ALL {
            for mode in ["exact", "f64", "f32", "fixed:80"] {
                let mode: CoefficientMode = mode.parse().unwrap();
                for spelling in [Spelling::Hex, Spelling::Decimal] {
                    let out = export(&table, format, mode, spelling).unwrap();
                    let back = read(&out.text, None, &Hints::default());
                    let back = back
                        .unwrap_or_else(|e| panic!("{name}: {e}\n{}", out.text))
                        .table;
                    assert_eq!(
                        back.sha256(),
                        out.table.sha256(),
                        "{name} {mode}\n{}",
                        out.text
                    );
                    assert_eq!((back.name, back.target), (table.name.clone(), table.target));
                    let lossless = matches!(format, Format::Csv | Format::Json);
                    if lossless && mode == CoefficientMode::Exact {
                        assert!(out.changes.is_empty());
                    } else {
                        assert!(
                            out.changes.iter().all(|c| c.relative() < 0.1),
                            "{name} {mode}"
                        );
                        assert!(!out.changes.is_empty());
                    }
                    if format == Format::Csv && mode == CoefficientMode::Exact {
                        assert_eq!(out.table.sha256(), table.sha256());
                    }
                }
            }
        }
    }

    #[test]
    fn an_altered_file_is_refused() {
        let table = Table::from_json(TABLE).unwrap();
        let out = export(&table, Format::C, CoefficientMode::F64, Spelling::Hex).unwrap();
        let altered = out.text.replacen("0x1.8p+1", "0x1.8p+2", 1);
        assert_ne!(altered, out.text);
        let error = read(&altered, None, &Hints::default()).unwrap_err();
        assert!(error.to_string().contains("SHA-256"), "{error}");
        let error = read(&out.text, Some(Format::Openfhe), &Hints::default()).unwrap_err();
        assert!(error.to_string().contains("says that it is c"), "{error}");
    }

    #[test]
    fn openfhe_halves_the_first_coefficient() {
        let text = "const std::vector<double> c = {1.0, 2.0, 3.0};";
        let hints = Hints {
            interval: Some((Rational::from(-5), Rational::from(3))),
            ..Hints::default()
        };
        let table = read(text, Some(Format::Openfhe), &hints).unwrap().table;
        let c = &table.components[0];
        assert_eq!(c.coefficients[0], Rational::from((1, 2)));
        assert_eq!(
            (c.scale.clone(), c.offset.clone()),
            (Rational::from((1, 4)), Rational::from((1, 4)))
        );
        // T_k of -1 and 1 at the ends.
        let p = c.powers(CoefficientMode::Exact).unwrap();
        let at = |x: i32| crate::poly::composite::horner(&p, &Rational::from(x));
        assert_eq!(
            (at(-5), at(3)),
            (Rational::from((3, 2)), Rational::from((11, 2)))
        );
    }
}
