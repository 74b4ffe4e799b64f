//! Orion's YAML: `margin`, below `orion`. Orion scales an activation's input by B = ceil(margin max |x|), the maximum
//! over the samples that it is fitted on, and by 1 where margin max |x| is not above 1.
//!
//! Events of the parser are read, and no tree is built: aliases of a hostile file are never expanded.

use crate::error::{Error, Result};
use crate::network::read::ranges::stated::{number, Form};
use rug::{Integer, Rational};
use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::Marker;

pub(super) fn is_one(text: &str) -> bool {
    let mut keys = text
        .split(['\n', '{', ','])
        .map(|l| l.split(':').next().map(str::trim));
    keys.any(|k| matches!(k, Some("orion" | "margin")))
}

/// B for the greatest |x| of the samples.
pub(super) fn scale(margin: &Rational, reach: &Rational) -> Rational {
    let most = Rational::from(margin * reach);
    if most > 1 {
        Rational::from(Integer::from(most.ceil_ref()))
    } else {
        Rational::from(1)
    }
}

/// The path of keys to where the parser is.
#[derive(Default)]
struct Keys {
    /// For each open mapping the key that is being given a value, none while a key is read; none of a sequence.
    open: Vec<Option<Option<String>>>,
    found: Vec<(String, usize)>,
}

impl Keys {
    /// A value begins: whether it is that of orion, margin.
    fn value(&mut self) -> bool {
        let keys = [&self.open[..]];
        matches!(keys, [[Some(Some(a)), Some(Some(b))]] if a == "orion" && b == "margin")
            || matches!(keys, [[Some(Some(a))]] if a == "margin")
    }

    /// A node has ended: in a mapping, keys and values alternate.
    fn ended(&mut self, text: Option<&str>) {
        if let Some(Some(key)) = self.open.last_mut() {
            *key = match key.take() {
                None => Some(text.unwrap_or("").to_owned()),
                Some(_) => None,
            };
        }
    }
}

impl MarkedEventReceiver for Keys {
    fn on_event(&mut self, event: Event, mark: Marker) {
        match event {
            Event::MappingStart(..) => self.open.push(Some(None)),
            Event::SequenceStart(..) => self.open.push(None),
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
                self.ended(None);
            }
            Event::Scalar(text, ..) => {
                if self.value() {
                    self.found.push((text.clone(), mark.line()));
                }
                self.ended(Some(&text));
            }
            Event::Alias(_) => self.ended(None),
            _ => {}
        }
    }
}

pub(super) fn read(text: &str) -> Result<(Form, Vec<String>)> {
    let mut keys = Keys::default();
    Parser::new_from_str(text)
        .load(&mut keys, true)
        .map_err(|e| Error::parse(format!("line {}", e.marker().line()), e.info().to_owned()))?;
    match keys.found.as_slice() {
        [(margin, line)] => {
            let margin = number(margin, || format!("line {line}"))?;
            if margin <= 0 {
                return Err(Error::parse(
                    format!("line {line}"),
                    format!("margin {margin} is not above 0"),
                ));
            }
            let said = "Orion's rule: B = ceil(margin max |x|) over the samples of --fit, 1 where that is not above 1";
            Ok((Form::Margin(margin), vec![said.to_owned()]))
        }
        [] => Err(Error::parse("", "no margin below orion")),
        [_, (_, line), ..] => Err(Error::parse(format!("line {line}"), "a second margin")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_of_a_configuration() {
        let q = |n: i64, d: i64| Rational::from((n, d));
        let text = "comment: \"ResNet\"\nckks_params:\n  LogN: 16\n  LogQ: [55, 40]\n\norion:\n  batch_size: 1\n  \
                    margin: 2.5 # >= 1\n  backend: lattigo\n";
        assert!(is_one(text));
        assert_eq!(read(text).unwrap().0, Form::Margin(q(5, 2)));
        assert_eq!(read("margin: 2").unwrap().0, Form::Margin(q(2, 1)));
        assert!(is_one("{orion: {margin: 2}}") && !is_one("conv.orion_margin,3"));
        assert_eq!(
            read("{orion: {margin: 2}}").unwrap().0,
            Form::Margin(q(2, 1))
        );
        assert_eq!(scale(&q(2, 1), &q(7, 3)), 5);
        assert_eq!(scale(&q(2, 1), &q(1, 2)), 1);
        assert_eq!(scale(&q(2, 1), &q(1, 1)), 2);
        for bad in [
            "orion:\n  batch_size: 1",
            "orion:\n  margin: x",
            "orion:\n  margin: 0",
            "orion:\n  margin: 1\nmargin: 2",
            "orion:\n  margin: 1\n---\norion:\n  margin: 2",
            "orion: [1, 2\nmargin: 3",
            "orion:\n  other:\n    margin: 2",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn aliases_are_not_expanded() {
        let mut text = "a0: &a0 [x, x]\n".to_owned();
        for i in 1..200 {
            text.push_str(&format!(
                "a{i}: &a{i} [*a{0}, *a{0}, *a{0}, *a{0}]\n",
                i - 1
            ));
        }
        text.push_str("orion:\n  margin: 3\n");
        assert_eq!(read(&text).unwrap().0, Form::Margin(Rational::from(3)));
    }
}
