//! Which form a text has, where only one fits.

use crate::interchange::format::Format;
use serde::de::IgnoredAny;

/// Whether the text is JSON.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The format, where only one fits.
pub(super) fn detect(text: &str) -> Option<Format> {
    let start = text.trim_start();
    let json = start.starts_with('{') || start.starts_with('[') && !start.starts_with("[]");
    let first = start
        .lines()
        .find(|l| !l.trim_start().starts_with('#') && !l.trim().is_empty());
    let found = [
        (json, Format::Json),
        (start.starts_with("component,basis,"), Format::Csv),
        (
            text.contains("float_polynomial") || text.contains("chebyshev_polynomial"),
            Format::Heir,
        ),
        (text.contains("[]string{"), Format::Lattigo),
        (text.contains("[]float64{"), Format::Go),
        (is_python(text), Format::Python),
        (first.is_some_and(is_row), Format::Csv),
    ];
    found.iter().find(|(fits, _)| *fits).map(|(_, f)| *f)
}

/// A line that gives a name a list, a dictionary or an array; or an array alone.
fn is_python(text: &str) -> bool {
    let arrays = ["np.", "numpy.", "torch.", "array(", "tensor(", "[", "dict("];
    if text.contains(';') && !text.contains("import ") {
        return false;
    }
    text.lines().any(|line| {
        let line = line.trim_start();
        if [
            "np.array(",
            "numpy.array(",
            "array(",
            "tensor(",
            "torch.tensor(",
        ]
        .iter()
        .any(|call| line.starts_with(call))
        {
            return true;
        }
        let Some((name, value)) = line.split_once('=') else {
            return false;
        };
        let name = name.split(':').next().unwrap_or("").trim();
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let value = value.trim_start();
        !name.is_empty()
            && name.chars().all(word)
            && (arrays.iter().any(|a| value.starts_with(a))
                || value.starts_with('{')
                || value.contains("np.array("))
    })
}

/// A line of fields between commas: numbers, or words over them.
fn is_row(line: &str) -> bool {
    let fields: Vec<&str> = line
        .split(',')
        .map(|f| f.trim().trim_matches('"'))
        .collect();
    // A comma at the end of a line is a list of one number a line.
    fields.len() > 1
        && !(fields.len() == 2 && fields[1].is_empty())
        && fields.iter().all(|f| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "+-./_*^ ".contains(c);
            !f.is_empty() && f.chars().all(plain)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_found_out() {
        for (text, want) in [
            ("{\"a\": [1]}", Some(Format::Json)),
            ("a = [1, 2]", Some(Format::Python)),
            (
                "import numpy as np; a = 1\nself.a = np.array([1])",
                Some(Format::Python),
            ),
            ("a: list = {7: [1]}", Some(Format::Python)),
            ("a = 10 * np.array([1, 2])", Some(Format::Python)),
            ("np.array([1, 2])", Some(Format::Python)),
            ("# x\n0,1.5\n", Some(Format::Csv)),
            ("degree,coefficient\n0,1", Some(Format::Csv)),
            ("0\n1.5\n", None),
            ("0,\n1.5,\n", None),
            ("double a[] = {1, 2};", None),
            ("c = {1, 2};", None),
            ("static const double a[] = {\n1,\n2};", None),
        ] {
            assert_eq!(detect(text), want, "{text}");
        }
    }
}
