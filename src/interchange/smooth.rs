//! What a table of target `smooth` states besides its numbers: the function, the value and the segments that a file or an
//! option says.

use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::interchange::facts::Facts;
use crate::interchange::hints::Hints;
use crate::poly::smooth::{Fields, Smooth, MAX_SEGMENTS};
use rug::Rational;
use serde_json::{json, Map, Value};

/// The fields of a table of this target; an option overrules the file's own.
///
/// # Errors
/// Target `smooth` where nothing says the function; options of this target at another one.
pub(super) fn fields(
    hints: &Hints,
    file: Option<Smooth>,
    target: Function,
    facts: &mut Facts,
) -> Result<Option<Smooth>> {
    if target != Function::Smooth {
        if hints.function.is_some() || hints.value.is_some() {
            return Err(Error::domain(format!(
                "--function and --value are for --target smooth, not for target {target}"
            )));
        }
        if let Some(own) = file {
            let what = format!("the file's own function {}", own.function);
            facts.say(true, format!("{what} is overruled with its target"), "");
        }
        return Ok(None);
    }
    let (own, value, segments) = match file {
        Some(own) => (Some(own.function), own.value, own.segments),
        None => (None, None, Vec::new()),
    };
    if let (Some(own), Some(asked)) = (&own, &hints.function) {
        if own.text() != asked.text() {
            let what = format!("the file's own function {own} is overruled");
            facts.say(true, what, "");
        }
    }
    let Some(function) = hints.function.clone().or(own) else {
        return Err(Error::domain(
            "--target smooth: the file does not state the function: say it by --function EXPR, such as \"exp(x)\"",
        ));
    };
    let value = hints.value.clone().or(value);
    // p alone is what a table without the field means, and has its digest.
    let value = value.filter(|v| v.to_string().trim() != "p");
    let computed = value
        .as_ref()
        .map_or_else(|| "p".to_owned(), ToString::to_string);
    facts.say(true, format!("function {function}"), "");
    let stated = value.is_some() || hints.value.is_some() || hints.function.is_none();
    facts.say(stated, format!("value {computed}"), "--value");
    if !segments.is_empty() {
        facts.say(true, format!("{} segments", segments.len()), "");
    }
    Ok(Some(Smooth {
        function,
        value,
        segments,
    }))
}

/// Writes the fields into an object of JSON.
pub(super) fn write(smooth: &Smooth, object: &mut Map<String, Value>) {
    object.insert("function".to_owned(), smooth.function.text().into());
    match smooth.raw_value() {
        Some(value) => object.insert("value".to_owned(), value.into()),
        // A key of the provenance would be read as the field.
        None => object.remove("value"),
    };
    if let Some(segments) = smooth.raw_segments() {
        object["domain"]["segments"] = json!(segments);
    }
}

/// Reads the fields of an object of JSON that `write` made, of a domain from `ends.0` to `ends.1`.
///
/// # Errors
/// A field that is missing or none.
pub(super) fn read<'a>(
    field: impl Fn(&str) -> Option<&'a Value>,
    ends: (&Rational, &Rational),
) -> Result<Smooth> {
    let text = |name: &str| match field(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Error::parse(name, "expected a string")),
    };
    let segments = match field("domain").and_then(|d| d.get("segments")) {
        None => None,
        Some(Value::Array(list)) if list.len() > MAX_SEGMENTS => {
            let detail = format!("{} segments, the limit is {MAX_SEGMENTS}", list.len());
            return Err(Error::parse("domain.segments", detail));
        }
        Some(list) => Some(
            serde_json::from_value::<Vec<[String; 2]>>(list.clone())
                .map_err(|e| Error::parse("domain.segments", e.to_string()))?,
        ),
    };
    let raw = Fields {
        function: text("function")?,
        value: text("value")?,
        segments: segments.as_deref(),
    };
    let read = Smooth::read(raw, Function::Smooth, ends)?;
    read.ok_or_else(|| Error::parse("function", "is missing"))
}
