//! ACE's option string: `-SIHE:relu_vr_def=3:relu_vr=/relu/Relu=4;/layer1/layer1.0/relu_1/Relu=5`.
//!
//! The first range of a name is meant (ACE looks for it from the left), and `relu_vr_def` (1 if left out) for every
//! activation that has none. The text may be a whole command line, or a shell's list `RELU_VR="..."` is not read: give
//! the string that the compiler gets.

use crate::error::{Error, Result};
use crate::network::read::ranges::stated::{check_count, number, Extent, Form, Span};
use rug::Rational;

/// Whether a text holds such options.
pub(super) fn is_one(text: &str) -> bool {
    [
        "relu_vr=",
        "relu_vr_def=",
        "relu_value_range=",
        "relu_value_range_default=",
    ]
    .into_iter()
    .any(|key| text.contains(key))
}

/// Reads the options of every `-SIHE:` of a text, or of a text that is its options alone. What is stated twice is refused: which
/// of two commands is meant, nobody says.
pub(super) fn read(text: &str) -> Result<(Form, Vec<String>)> {
    let mut layers: Vec<(String, Extent)> = Vec::new();
    let (mut rest, mut listed) = (None, false);
    let options = options(text)?;
    for option in options.iter().flat_map(|word| word.split(':')) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match key {
            "relu_vr_def" | "relu_value_range_default" => {
                if rest.is_some() {
                    return Err(Error::parse(key, "is stated twice"));
                }
                rest = Some(range(key, value)?);
            }
            "relu_vr" | "relu_value_range" => {
                if listed {
                    return Err(Error::parse(key, "is stated twice"));
                }
                listed = true;
                for entry in value.split(';').filter(|e| !e.is_empty()) {
                    let Some((name, value)) = entry.rsplit_once('=') else {
                        return Err(Error::parse(key, format!("{entry:?} is not NAME=RANGE")));
                    };
                    layers.push((name.to_owned(), Extent::All(range(name, value)?)));
                    check_count(layers.len())?;
                }
            }
            _ => {}
        }
    }
    let mut said = Vec::new();
    let rest = match rest {
        Some(rest) => rest,
        None => {
            said.push("relu_vr_def is not stated: 1, as ACE has it".to_owned());
            Span::symmetric(Rational::from(1))?
        }
    };
    let rest = Some(rest);
    Ok((Form::Named { layers, rest }, said))
}

/// The options behind each `-SIHE:`, up to a space or quote (what follows on a command line is not ours); without any, the whole
/// text.
fn options(text: &str) -> Result<Vec<&str>> {
    let stops = |c: char| c.is_whitespace() || "\"'".contains(c);
    let found: Vec<&str> = text
        .match_indices("-SIHE:")
        .filter_map(|(i, tag)| text[i + tag.len()..].split(stops).next())
        .collect();
    if found.iter().any(|word| is_one(word)) {
        return Ok(found);
    }
    if text.contains(stops) {
        return Err(Error::parse(
            "",
            "options of ranges are one word without spaces or quotes, behind -SIHE: if other words follow",
        ));
    }
    Ok(vec![text])
}

fn range(name: &str, value: &str) -> Result<Span> {
    let b = number(value, || name.to_owned())?;
    Span::symmetric(b).map_err(|e| Error::parse(name, e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn b(n: i64) -> Span {
        Span::symmetric(Rational::from(n)).unwrap()
    }

    #[test]
    fn options_are_read_alone_and_on_a_command_line() {
        let list = "relu_vr_def=2:relu_vr=/relu/Relu=4;/layer1/layer1.0/relu_1/Relu=5.5";
        let half = Span::symmetric(Rational::from((11, 2))).unwrap();
        let expected = Form::Named {
            layers: vec![
                ("/relu/Relu".into(), Extent::All(b(4))),
                ("/layer1/layer1.0/relu_1/Relu".into(), Extent::All(half)),
            ],
            rest: Some(b(2)),
        };
        let line = format!("fhe_cmplr m.onnx -SIHE:relu_mul_depth=13 \"-SIHE:{list}\" -P2C:fp");
        for text in [list.to_owned(), format!("-SIHE:{list}"), line] {
            assert_eq!(read(&text).unwrap(), (expected.clone(), vec![]), "{text}");
        }
        // Two options, and two of one.
        let apart =
            "-SIHE:relu_vr_def=2 -SIHE:relu_vr=/relu/Relu=4;/layer1/layer1.0/relu_1/Relu=5.5";
        assert_eq!(read(apart).unwrap(), (expected.clone(), vec![]));
        assert!(read("# old: -SIHE:relu_vr=/a=3\n-SIHE:relu_vr=/a=4").is_err());
        let (form, said) = read("relu_vr=/a=3").unwrap();
        assert!(matches!(form, Form::Named { rest: Some(r), .. } if r == b(1)));
        assert_eq!(said.len(), 1);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for bad in [
            "relu_vr_def=0",
            "relu_vr_def=-1",
            "relu_vr_def=",
            "relu_vr_def=1:relu_vr_def=2",
            "relu_vr=/a",
            "relu_vr=/a=",
            "relu_vr=/a=x",
            "relu_vr=/a=3;/b",
            "relu_vr=/a=3 /b=4",
            "relu_vr=/a=3:relu_vr=/b=4",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
