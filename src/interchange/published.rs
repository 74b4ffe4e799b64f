//! Reading tables that others published: JSON with lists of decimal strings, and plain text.
//!
//! - JSON: an object with `components` (a list of coefficient lists, from degree 0 upwards, first
//!   applied first) and `basis` (`power` or `chebyshev`); every other field is kept as provenance.
//! - Text: one coefficient a line, a blank line between components, `#` starts a comment.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::interchange::source::MAX_NUMBERS;
use crate::poly::component::{Basis, Component, MAX_COEFFICIENTS};
use crate::poly::smooth::Smooth;
use crate::poly::table::{json_error, Domain, Table, FORMAT, MAX_BYTES, MAX_COMPONENTS, MAX_TEXT};
use rug::Rational;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What the text itself may not say.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the table.
    pub name: String,
    /// Intended use.
    pub target: Function,
    /// Basis, where the text does not name one (`None`: power).
    pub basis: Option<Basis>,
    /// x is meant in [-hi, hi].
    pub hi: Rational,
    /// The sign is meant for eps <= |x|, where that is known.
    pub eps: Option<Rational>,
    /// Of target `smooth`: function, value and segments.
    pub smooth: Option<Smooth>,
}

/// Reads a published table; a `polycert-table/1` file is returned as it is.
///
/// # Errors
/// The field or line that cannot be read, and the limit it broke.
pub fn import(text: &str, settings: &Settings) -> Result<Table> {
    if text.len() > MAX_BYTES {
        return Err(Error::parse(
            "",
            format!("{} bytes are over the limit of {MAX_BYTES}", text.len()),
        ));
    }
    if !text.trim_start().starts_with('{') {
        let components = plain_text(text, settings.basis.unwrap_or(Basis::Power))?;
        return finish(components, settings, BTreeMap::new());
    }
    let Fields(fields) = serde_json::from_str(text).map_err(|e| json_error(&e))?;
    if fields.get("format").and_then(Value::as_str) == Some(FORMAT) {
        return Table::from_json(text);
    }
    published(&fields, settings)
}

/// A JSON object in which no field stands twice: which of the two was meant nobody knows.
pub(super) struct Fields(pub serde_json::Map<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        d.deserialize_map(Fields(serde_json::Map::new()))
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> std::result::Result<Self, A::Error> {
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if self.0.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate field `{key}`")));
            }
            self.0.insert(key, value);
        }
        Ok(self)
    }
}

fn published(fields: &serde_json::Map<String, Value>, settings: &Settings) -> Result<Table> {
    let basis = match fields.get("basis").and_then(Value::as_str) {
        Some("power") => Basis::Power,
        Some("chebyshev") => Basis::Chebyshev,
        Some(other) => {
            return Err(Error::parse(
                "basis",
                format!("{other:?}; expected power or chebyshev"),
            ))
        }
        None if fields.contains_key("basis") => {
            return Err(Error::parse(
                "basis",
                "expected power or chebyshev, as a string",
            ))
        }
        None => settings.basis.unwrap_or(Basis::Power),
    };
    let Some(Value::Array(lists)) = fields.get("components") else {
        return Err(Error::parse(
            "components",
            "expected a list of coefficient lists",
        ));
    };
    if lists.len() > MAX_COMPONENTS {
        let detail = format!("{} components, the limit is {MAX_COMPONENTS}", lists.len());
        return Err(Error::parse("components", detail));
    }
    let mut components = Vec::new();
    for (i, list) in lists.iter().enumerate() {
        let place = format!("components[{i}]");
        let Value::Array(items) = list else {
            return Err(Error::parse(place, "expected a list of decimal strings"));
        };
        if items.len() > MAX_COEFFICIENTS {
            return Err(Error::parse(
                place,
                format!(
                    "{} coefficients, the limit is {MAX_COEFFICIENTS}",
                    items.len()
                ),
            ));
        }
        let mut coefficients = Vec::with_capacity(items.len());
        for (j, item) in items.iter().enumerate() {
            let Value::String(text) = item else {
                let detail =
                    "expected a string: a JSON number has lost digits already in most readers";
                return Err(Error::parse(format!("{place}[{j}]"), detail));
            };
            coefficients.push(number::parse(text).map_err(|e| e.within(&format!("{place}[{j}]")))?);
        }
        components.push(Component::new(basis, coefficients));
    }
    let provenance = fields
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "components" | "basis"))
        .map(|(key, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (key.clone(), text.chars().take(MAX_TEXT).collect())
        })
        .collect();
    finish(components, settings, provenance)
}

fn plain_text(text: &str, basis: Basis) -> Result<Vec<Component>> {
    let lists = lists(text)?.into_iter();
    let components: Vec<Component> = lists.map(|l| Component::new(basis, l)).collect();
    match components
        .iter()
        .find(|c| c.coefficients.len() > MAX_COEFFICIENTS)
    {
        Some(c) => {
            let n = c.coefficients.len();
            let detail =
                format!("{n} numbers: more than {MAX_COEFFICIENTS} coefficients in one component");
            Err(Error::parse("", detail))
        }
        None => Ok(components),
    }
}

/// The lists of plain text: one number a line, a blank line between lists.
pub(super) fn lists(text: &str) -> Result<Vec<Vec<Rational>>> {
    let mut lists = Vec::new();
    let mut current: Vec<Rational> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let at = || format!("line {}", n + 1);
        let content = line
            .split('#')
            .next()
            .unwrap_or("")
            .trim()
            .trim_end_matches(',');
        if content.is_empty() {
            // A line with only a comment does not end a component.
            if line.trim().is_empty() && !current.is_empty() {
                lists.push(std::mem::take(&mut current));
            }
            if lists.len() > MAX_COMPONENTS {
                let detail = format!("more than {MAX_COMPONENTS} components");
                return Err(Error::parse(at(), detail));
            }
            continue;
        }
        if current.len() == MAX_NUMBERS {
            let detail = format!("more than {MAX_NUMBERS} numbers without a blank line; {MAX_COEFFICIENTS} coefficients are the most of a component");
            return Err(Error::parse(at(), detail));
        }
        current.push(number::parse(content).map_err(|e| e.within(&at()))?);
    }
    if !current.is_empty() {
        lists.push(current);
    }
    Ok(lists)
}

fn finish(
    components: Vec<Component>,
    settings: &Settings,
    provenance: BTreeMap<String, String>,
) -> Result<Table> {
    let table = Table {
        name: settings.name.clone(),
        target: settings.target,
        output: crate::poly::table::Output::default(),
        slope: None,
        ends: None,
        smooth: settings.smooth.clone(),
        domain: Domain {
            lo: Rational::from(-&settings.hi),
            hi: settings.hi.clone(),
            eps: settings.eps.clone(),
        },
        components,
        provenance,
    };
    table.validate()?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            name: "t".into(),
            target: Function::Relu,
            basis: None,
            hi: Rational::from(1),
            eps: None,
            smooth: None,
        }
    }

    #[test]
    fn both_forms_give_the_same_table() {
        let json =
            r#"{"source":"x","basis":"power","components":[["0","1.5","0","-0.5"],["0","2"]]}"#;
        let text = "# f1\n0\n1.5\n0\n-0.5\n\n# doubling\n0\n2\n";
        let (a, b) = (
            import(json, &settings()).unwrap(),
            import(text, &settings()).unwrap(),
        );
        assert_eq!(a.sha256(), b.sha256());
        assert_eq!(a.provenance["source"], "x");
        assert_eq!(import(&a.to_json(), &settings()).unwrap(), a);
    }

    #[test]
    fn errors_name_line_and_field() {
        for (text, place) in [
            ("1\n2\nx\n", "line 3"),
            (r#"{"components":[["1", 2]]}"#, "components[0][1]"),
            (r#"{"components":[["nan"]]}"#, "components[0][0]"),
            (r#"{"components":7}"#, "components"),
            (r#"{"basis":"b","components":[]}"#, "basis"),
            ("", "components"),
            ("{", "line 1"),
        ] {
            let error = import(text, &settings()).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
        let many = "1\n".repeat(1_000_000);
        assert!(import(&many, &settings())
            .unwrap_err()
            .to_string()
            .contains("256"));
    }
}
