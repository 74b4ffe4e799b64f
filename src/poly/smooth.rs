//! What a table of target `smooth` states besides its numbers: the function, what is computed from the polynomial, and the
//! pieces that its domain is made of. All three are in the digest.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::formula::Formula;
use crate::function::program::Program;
use crate::function::target::Function;
use rug::Rational;
use std::fmt::Write as _;

/// Most segments of a domain.
pub const MAX_SEGMENTS: usize = 4_096;

/// The fields of target `smooth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smooth {
    /// f(x).
    pub function: Formula,
    /// What the user computes from x and the polynomial p; p itself if none.
    pub value: Option<Program>,
    /// [lo, hi] in order, disjoint, from the domain's lower to its upper end; none where the domain is one interval.
    pub segments: Vec<(Rational, Rational)>,
}

/// The fields as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub function: Option<&'a str>,
    pub value: Option<&'a str>,
    pub segments: Option<&'a [[String; 2]]>,
}

fn missing() -> Error {
    let detail = "is missing: a table of target smooth states its function of x";
    Error::parse("function", detail)
}

impl Smooth {
    /// The fields as they stand in JSON, of a domain from `ends.0` to `ends.1`; none of another target.
    ///
    /// # Errors
    /// A field of this target at another one, a missing function, text that is no expression, segments out of order.
    pub(crate) fn read(
        raw: Fields,
        target: Function,
        ends: (&Rational, &Rational),
    ) -> Result<Option<Self>> {
        if target != Function::Smooth {
            for (there, field) in [
                (raw.function.is_some(), "function"),
                (raw.value.is_some(), "value"),
                (raw.segments.is_some(), "domain.segments"),
            ] {
                if there {
                    let detail = format!("is of target smooth, not of {target}");
                    return Err(Error::parse(field, detail));
                }
            }
            return Ok(None);
        }
        let function = raw.function.ok_or_else(missing)?;
        let value = raw.value.map(Program::parse).transpose();
        let mut segments = Vec::new();
        let all = raw.segments.unwrap_or_default();
        if all.len() > MAX_SEGMENTS {
            let detail = format!("{} segments, the limit is {MAX_SEGMENTS}", all.len());
            return Err(Error::parse("domain.segments", detail));
        }
        for (i, [lo, hi]) in all.iter().enumerate() {
            let number = |text: &str| {
                number::parse(text).map_err(|e| e.within(&format!("domain.segments[{i}]")))
            };
            segments.push((number(lo)?, number(hi)?));
        }
        let read = Self {
            function: Formula::function(function).map_err(|e| e.within("function"))?,
            value: value.map_err(|e| e.within("value"))?,
            segments,
        };
        if raw.segments.is_some() && read.segments.is_empty() {
            let detail = "none: leave the field out where the domain is one interval";
            return Err(Error::parse("domain.segments", detail));
        }
        read.validate(ends)?;
        Ok(Some(read))
    }

    /// Whether a target has the fields that it is to have, and they are in order.
    ///
    /// # Errors
    /// The first condition that is broken.
    pub(crate) fn suits(
        fields: Option<&Self>,
        target: Function,
        ends: (&Rational, &Rational),
    ) -> Result<()> {
        match (fields, target == Function::Smooth) {
            (Some(smooth), true) => smooth.validate(ends),
            (None, false) => Ok(()),
            (Some(_), false) => {
                let detail = format!("is of target smooth, not of {target}");
                Err(Error::parse("function", detail))
            }
            (None, true) => Err(missing()),
        }
    }

    /// The conditions on segments.
    ///
    /// # Errors
    /// The first that is broken, with its position.
    fn validate(&self, ends: (&Rational, &Rational)) -> Result<()> {
        for (i, (lo, hi)) in self.segments.iter().enumerate() {
            let place = || format!("domain.segments[{i}]");
            if lo >= hi {
                return Err(Error::parse(
                    place(),
                    format!("lo = {lo} is not below hi = {hi}"),
                ));
            }
            if i > 0 && self.segments[i - 1].1 >= *lo {
                let before = &self.segments[i - 1].1;
                let detail = format!("lo = {lo} is not above the end {before} of the one before");
                return Err(Error::parse(place(), detail));
            }
        }
        if let (Some(first), Some(last)) = (self.segments.first(), self.segments.last()) {
            if first.0 != *ends.0 || last.1 != *ends.1 {
                let detail = format!(
                    "they reach from {} to {}, the domain from {} to {}",
                    first.0, last.1, ends.0, ends.1
                );
                return Err(Error::parse("domain.segments", detail));
            }
        }
        Ok(())
    }

    /// The parts of a domain with these ends, in order.
    pub fn parts(&self, (lo, hi): (&Rational, &Rational)) -> Vec<(Rational, Rational)> {
        if self.segments.is_empty() {
            return vec![(lo.clone(), hi.clone())];
        }
        self.segments.clone()
    }

    /// The digest's lines of segments, after that of the domain.
    pub(crate) fn digest_segments(&self, text: &mut String) {
        let w = number::write_canonical;
        for (lo, hi) in &self.segments {
            let _ = writeln!(text, "segment {} {}", w(lo), w(hi));
        }
    }

    /// The digest's lines of texts, after those of ends.
    pub(crate) fn digest_texts(&self, text: &mut String) {
        let _ = writeln!(text, "function {}", self.function);
        if let Some(value) = &self.value {
            let _ = writeln!(text, "value {value}");
        }
    }

    /// The value as it stands in JSON.
    pub(crate) fn raw_value(&self) -> Option<String> {
        self.value.as_ref().map(ToString::to_string)
    }

    /// The segments as they stand in JSON.
    pub(crate) fn raw_segments(&self) -> Option<Vec<[String; 2]>> {
        let write = |(lo, hi): &(Rational, Rational)| [number::write(lo), number::write(hi)];
        (!self.segments.is_empty()).then(|| self.segments.iter().map(write).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::files::sha256;
    use crate::poly::table::Table;

    const PLAIN: &str = r#"{"format":"polycert-table/1","name":"t","target":"smooth","function":"cos( x)",
        "domain":{"lo":"-1","hi":"2"},
        "components":[{"basis":"power","coefficients":["1","0","-1/2"]}]}"#;

    #[test]
    fn function_value_and_segments_are_in_the_digest() {
        let t = Table::from_json(PLAIN).unwrap();
        assert_eq!(Table::from_json(&t.to_json()).unwrap(), t);
        let head = "polycert-table/1\ndomain -1 2\n";
        let tail = "component power 1 0 3\n1\n0\n-1/2\n";
        let lines = format!("{head}eps -\nfunction cos( x)\n{tail}");
        assert_eq!(sha256(lines.as_bytes()), t.sha256());
        let full = PLAIN
            .replace("\"domain\"", "\"value\":\"1 - p\",\"domain\"")
            .replace(
                "\"hi\":\"2\"",
                "\"hi\":\"2\",\"segments\":[[\"-1\",\"0.5\"],[\"1\",\"2\"]]",
            );
        let t = Table::from_json(&full).unwrap();
        assert_eq!(Table::from_json(&t.to_json()).unwrap(), t);
        let lines = format!(
            "{head}segment -1 1/2\nsegment 1 2\neps -\nfunction cos( x)\nvalue 1 - p\n{tail}"
        );
        assert_eq!(sha256(lines.as_bytes()), t.sha256());
        assert_eq!(t.smooth.unwrap().parts(t.domain.ends()).len(), 2);
    }

    #[test]
    fn bad_fields_are_named() {
        let segments =
            |s: &str| PLAIN.replace("\"hi\":\"2\"", &format!("\"hi\":\"2\",\"segments\":{s}"));
        for (text, part) in [
            (
                PLAIN.replace("\"function\":\"cos( x)\",", ""),
                "function: is missing",
            ),
            (
                PLAIN.replace("cos( x)", "cos(p)"),
                "function.character 5: p, the polynomial",
            ),
            (
                PLAIN.replace("cos( x)", "cos\\n(x)"),
                "function: an expression is one line",
            ),
            (
                PLAIN.replace("\"domain\"", "\"value\":\"x\",\"domain\""),
                "value: \"x\" has no p",
            ),
            (
                PLAIN.replace("smooth", "relu"),
                "function: is of target smooth, not of relu",
            ),
            (segments("[]"), "domain.segments: none"),
            (
                segments("[[\"-1\",\"1\"]]"),
                "domain.segments: they reach from -1 to 1",
            ),
            (
                segments("[[\"-1\",\"1\"],[\"1\",\"2\"]]"),
                "domain.segments[1]: lo = 1 is not above",
            ),
            (
                segments("[[\"-1\",\"-1\"],[\"1\",\"2\"]]"),
                "domain.segments[0]: lo = -1 is not below",
            ),
        ] {
            let e = Table::from_json(&text).unwrap_err().to_string();
            assert!(e.contains(part), "{e}");
        }
    }
}
