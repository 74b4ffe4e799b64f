//! Ranges a line: `layer,B`, or `layer,lo,hi`; a first line of names may say which.

use crate::error::{Error, Result};
use crate::network::read::ranges::stated::{check_count, number, Extent, Form, Span};

pub(super) fn read(text: &str) -> Result<(Form, Vec<String>)> {
    let mut layers: Vec<(String, Extent)> = Vec::new();
    let mut columns = None;
    let lines = text.lines().enumerate();
    for (n, line) in lines.filter(|(_, l)| !l.trim().is_empty() && !l.trim().starts_with('#')) {
        let place = || format!("line {}", n + 1);
        let bad = |detail: String| Err(Error::parse(place(), detail));
        let fields: Vec<&str> = line.split(',').map(unquoted).collect();
        if !(2..=3).contains(&fields.len()) {
            return bad(format!(
                "{} fields; a line of ranges is layer,B or layer,lo,hi",
                fields.len()
            ));
        }
        let first = columns.is_none();
        if *columns.get_or_insert(fields.len()) != fields.len() {
            return bad(format!(
                "{} fields, the first line has others",
                fields.len()
            ));
        }
        if first && fields[0].eq_ignore_ascii_case("layer") {
            let names: Vec<String> = fields[1..].iter().map(|f| f.to_ascii_lowercase()).collect();
            if ![&["b"][..], &["bound"], &["lo", "hi"], &["min", "max"]].contains(
                &names
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .as_slice(),
            ) {
                return bad("the names are layer,B or layer,lo,hi".to_owned());
            }
            continue;
        }
        let span = match fields[1..] {
            [b] => Span::symmetric(number(b, place)?),
            [lo, hi] => Span::new(number(lo, place)?, number(hi, place)?),
            _ => return bad("no range".to_owned()),
        };
        let span = span.map_err(|e| Error::parse(place(), e.to_string()))?;
        layers.push((fields[0].to_owned(), Extent::All(span)));
        check_count(layers.len())?;
    }
    if layers.is_empty() {
        return Err(Error::parse("", "no ranges"));
    }
    Ok((Form::Named { layers, rest: None }, vec![]))
}

fn unquoted(field: &str) -> &str {
    let field = field.trim();
    field
        .strip_prefix('"')
        .and_then(|f| f.strip_suffix('"'))
        .unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Rational;

    #[test]
    fn lines_with_and_without_names() {
        let one = |text: &str| match read(text).unwrap().0 {
            Form::Named { layers, rest: None } => layers,
            other => panic!("{other:?}"),
        };
        let span = Span::new(Rational::from(-2), Rational::from((5, 2))).unwrap();
        let expected = vec![("act 1".to_owned(), Extent::All(span))];
        assert_eq!(one("layer,lo,hi\n\"act 1\",-2,2.5\n"), expected);
        assert_eq!(one("# measured\n\nact 1, -2, 5/2"), expected);
        assert_eq!(one("a,3\nb,4").len(), 2);
    }

    #[test]
    fn other_lines_are_refused_by_number() {
        for (bad, line) in [
            ("a,3\nb", "line 2"),
            ("a,3\nb,1,2", "line 2"),
            ("a,x", "line 1"),
            ("a,2,1", "line 1"),
            ("a,-3", "line 1"),
            ("layer,size\na,3", "line 1"),
            ("a,1,2,3", "line 1"),
        ] {
            let e = read(bad).unwrap_err().to_string();
            assert!(e.contains(line), "{bad}: {e}");
        }
        assert!(read("# nothing").is_err());
    }
}
