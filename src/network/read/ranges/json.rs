//! `polycert-ranges/1`: what `polycert network ranges --suggest` writes and --ranges reads.
//!
//! ```json
//! {"format": "polycert-ranges/1",
//!  "layers": [{"layer": "conv1.act", "bound": "20"},
//!             {"layer": "fc.act", "lo": "-3", "hi": "7/2"},
//!             {"layer": "conv2.act", "channels": [["-1", "2"], ["-5", "4"]]}],
//!  "rest": "40"}
//! ```
//! Numbers are exact, as text; `rest`, B of every other activation, may be left out, and so may `made`, which says how
//! they were chosen and is not read.

use crate::error::{Error, Result};
use crate::network::read::ranges::stated::{check_count, number, short, Extent, Form, Span};
use serde::{Deserialize, Serialize};

/// The format tag.
pub const FORMAT: &str = "polycert-ranges/1";
/// Most channels of one layer.
const MAX_CHANNELS: usize = 1 << 16;

/// A file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// [`FORMAT`].
    pub format: String,
    /// The layers.
    pub layers: Vec<Layer>,
    /// B of every other activation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<String>,
    /// How the ranges were chosen, for people and other programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<serde_json::Value>,
}

/// One layer.
#[derive(Debug, Clone, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    layer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lo: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hi: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channels: Option<Vec<[String; 2]>>,
}

/// The text of ranges by layer, with how they were made.
pub fn write(layers: &[(String, Extent)], made: serde_json::Value) -> String {
    let text = short;
    let layer = |(name, extent): &(String, Extent)| {
        let mut layer = Layer {
            layer: name.clone(),
            ..Layer::default()
        };
        match extent {
            Extent::All(s) if s.reach() == s.hi && s.hi == rug::Rational::from(-&s.lo) => {
                layer.bound = Some(text(&s.hi));
            }
            Extent::All(s) => (layer.lo, layer.hi) = (Some(text(&s.lo)), Some(text(&s.hi))),
            Extent::Channels(all) => {
                layer.channels = Some(all.iter().map(|s| [text(&s.lo), text(&s.hi)]).collect());
            }
        }
        layer
    };
    let written = Written {
        format: FORMAT.to_owned(),
        layers: layers.iter().map(layer).collect(),
        rest: None,
        made: Some(made),
    };
    serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
}

pub(super) fn read(text: &str) -> Result<(Form, Vec<String>)> {
    let file: Written = serde_json::from_str(text)
        .map_err(|e| Error::parse(format!("line {}", e.line()), e.to_string()))?;
    if file.format != FORMAT {
        return Err(Error::parse(
            "format",
            format!("is {:?}, not {FORMAT:?}", file.format),
        ));
    }
    check_count(file.layers.len())?;
    let mut layers = Vec::with_capacity(file.layers.len());
    for (i, layer) in file.layers.into_iter().enumerate() {
        let place = || format!("layers[{i}]");
        let named = |e: Error| Error::parse(place(), e.to_string());
        let span =
            |lo: &str, hi: &str| Span::new(number(lo, place)?, number(hi, place)?).map_err(named);
        let extent = match (&layer.bound, &layer.lo, &layer.hi, &layer.channels) {
            (Some(b), None, None, None) => {
                Extent::All(Span::symmetric(number(b, place)?).map_err(named)?)
            }
            (None, Some(lo), Some(hi), None) => Extent::All(span(lo, hi)?),
            (None, None, None, Some(all)) if all.len() <= MAX_CHANNELS => {
                let all = all.iter().map(|[lo, hi]| span(lo, hi));
                Extent::Channels(all.collect::<Result<_>>()?)
            }
            (None, None, None, Some(_)) => {
                return Err(Error::parse(
                    place(),
                    format!("more than {MAX_CHANNELS} channels"),
                ));
            }
            _ => {
                return Err(Error::parse(
                    place(),
                    "a layer has bound, or lo and hi, or channels",
                ))
            }
        };
        layers.push((layer.layer, extent));
    }
    let rest = match &file.rest {
        Some(b) => Some(Span::symmetric(number(b, || "rest".to_owned())?)?),
        None => None,
    };
    Ok((Form::Named { layers, rest }, vec![]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Rational;

    #[test]
    fn what_is_written_is_read_back() {
        let span =
            |lo: i64, hi: i64| Span::new(Rational::from(lo), Rational::from((hi, 2))).unwrap();
        let layers = vec![
            (
                "a".to_owned(),
                Extent::All(Span::symmetric(Rational::from((1, 3))).unwrap()),
            ),
            ("b".to_owned(), Extent::All(span(-1, 7))),
            (
                "c".to_owned(),
                Extent::Channels(vec![span(-1, 7), span(0, 0)]),
            ),
        ];
        let text = write(&layers, serde_json::json!({"samples": 3}));
        assert_eq!(read(&text).unwrap().0, Form::Named { layers, rest: None });
    }

    #[test]
    fn other_files_are_refused() {
        let file =
            |layers: &str| format!(r#"{{"format":"polycert-ranges/1","layers":[{layers}]}}"#);
        for bad in [
            file(r#"{"layer":"a"}"#),
            file(r#"{"layer":"a","lo":"1"}"#),
            file(r#"{"layer":"a","bound":"1","lo":"0","hi":"1"}"#),
            file(r#"{"layer":"a","bound":"-1"}"#),
            file(r#"{"layer":"a","bound":1}"#),
            file(r#"{"layer":"a","lo":"2","hi":"1"}"#),
            file(r#"{"layer":"a","bound":"1","unit":"x"}"#),
            r#"{"format":"polycert-ranges/2","layers":[]}"#.to_owned(),
            r#"{"layers":[]}"#.to_owned(),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
