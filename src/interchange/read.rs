//! Reading a file of another program: find its form out, take its lists, make a table of them.

use crate::arith::npy;
use crate::error::{Error, ErrorKind, Result};
use crate::files::{sha256, text_of};
use crate::interchange::arrays;
use crate::interchange::beside;
use crate::interchange::csv;
use crate::interchange::detect::{detect, is_json};
use crate::interchange::format::Format;
use crate::interchange::header::Header;
use crate::interchange::heir;
use crate::interchange::hints::{Hints, Imported};
use crate::interchange::lexer::Syntax;
use crate::interchange::meaning::{self, Lists};
use crate::interchange::object;
use crate::interchange::program;
use crate::interchange::published;
use crate::interchange::source::{Form, Group, Item, Source};
use crate::poly::component::{Basis, Component};
use crate::poly::table::MAX_BYTES;
use rug::Rational;
use serde_json::{Map, Value};

/// Lattigo's constants: (3x - x^3)/2 and (35x - 35x^3 + 21x^5 - 5x^7)/16 in the Chebyshev basis.
const LATTIGO_NAMED: [arrays::Named; 2] = [
    ("CoeffsSignX2Cheby", &["0", "1.125", "0", "-0.125"]),
    (
        "CoeffsSignX4Cheby",
        &[
            "0",
            "1.1962890625",
            "0",
            "-0.2392578125",
            "0",
            "0.0478515625",
            "0",
            "-0.0048828125",
        ],
    ),
];

/// What begins a .npy file.
const NPY: &[u8] = b"\x93NUMPY";

/// Reads a table from a file's bytes; see [`read`].
///
/// # Errors
/// Bytes that are neither text nor a numpy array, and what [`read`] refuses.
pub fn read_bytes(bytes: &[u8], format: Option<Format>, hints: &Hints) -> Result<Imported> {
    let digest = sha256(bytes);
    if is_npy(bytes, format) {
        let lists = Lists::plain(array(bytes)?, Some(Format::Npy));
        return meaning::table(lists, hints, &digest);
    }
    text(&text_of(bytes)?, format, hints, &digest)
}

/// What a file holds, a line for every array: its number, name, lengths, first and last values.
///
/// # Errors
/// A file that is none of the forms, or whose form has no arrays to choose from.
pub fn list_bytes(bytes: &[u8], format: Option<Format>, hints: &Hints) -> Result<Vec<String>> {
    if is_npy(bytes, format) {
        return Ok(array(bytes)?.listing());
    }
    match load(&text_of(bytes)?, format, hints)? {
        Content::Lists(lists) => Ok(lists.source.listing()),
        Content::Object(_) => {
            let table = read_bytes(bytes, format, &Hints::default())?.table;
            let parts = table.components.iter().enumerate();
            Ok(parts
                .map(|(i, c)| format!("components[{i}]: {} numbers", c.coefficients.len()))
                .collect())
        }
    }
}

fn is_npy(bytes: &[u8], format: Option<Format>) -> bool {
    format == Some(Format::Npy) || format.is_none() && bytes.starts_with(NPY)
}

/// Reads a table; `None` finds the format out where that is unambiguous (`c` and `openfhe` look alike).
///
/// **Guarantee** every number is read exactly as it is written.
/// **Cost** one pass over at most [`MAX_BYTES`].
///
/// # Errors
/// With line and column or field: what cannot be read, and the limit that was broken; several arrays of which
/// nobody says which are meant; a digest where the numbers are not those that were exported.
pub fn read(text: &str, format: Option<Format>, hints: &Hints) -> Result<Imported> {
    self::text(text, format, hints, &sha256(text.as_bytes()))
}

fn text(text: &str, format: Option<Format>, hints: &Hints, digest: &str) -> Result<Imported> {
    match load(text, format, hints)? {
        Content::Lists(lists) => meaning::table(*lists, hints, digest),
        Content::Object(text) => object::table(text, hints, digest),
    }
}

enum Content<'a> {
    Lists(Box<Lists>),
    /// A JSON object that says what its components are.
    Object(&'a str),
}

fn load<'a>(text: &'a str, format: Option<Format>, hints: &Hints) -> Result<Content<'a>> {
    if text.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", text.len());
        return Err(Error::parse("", detail));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let header = if text.trim_start().starts_with(['{', '[']) {
        None
    } else {
        Header::find(text)?
    };
    let said = header.as_ref().map(|h| h.format);
    let alike =
        |a, b| a == b || matches!((a, b), (Format::C | Format::Cpp, Format::C | Format::Cpp));
    if let (Some(asked), Some(said)) = (format, said) {
        if !alike(asked, said) {
            let detail = format!(
                "the file says that it is {}, not {}",
                said.name(),
                asked.name()
            );
            return Err(Error::domain(detail));
        }
    }
    let found = format.or(said).or_else(|| detect(text));
    let mut lists = match found {
        Some(Format::Json) if object::is_one(text) => return Ok(Content::Object(text)),
        Some(found) => listed(text, found, format.is_none(), hints)?,
        None => {
            let lists = published::lists(text).map_err(|e| unsure(e, text))?;
            Lists::plain(
                Source::one("", lists.into_iter().map(Item::new).collect()),
                None,
            )
        }
    };
    lists.header = header;
    Ok(Content::Lists(Box::new(lists)))
}

/// Names --from, where the text may be no plain text.
fn unsure(mut e: Error, text: &str) -> Error {
    if let (ErrorKind::Parse { detail, .. }, true) = (&mut e.kind, text.contains(['{', ',', '['])) {
        detail.push_str("; name the format by --from if this is no plain text");
    }
    e
}

/// Lists of numbers, or attributes.
fn listed(text: &str, format: Format, found_out: bool, hints: &Hints) -> Result<Lists> {
    let usual = hints.basis.unwrap_or(Basis::Power);
    let source = match format {
        // Python's lists look like JSON's, and may be more.
        Format::Json if found_out && !is_json(text) => match python(text, hints)? {
            Some(source) => return Ok(Lists::plain(source, Some(Format::Python))),
            None => arrays::read(text, Syntax::Json, &[])?,
        },
        Format::Json => arrays::read(text, Syntax::Json, &[])?,
        Format::C | Format::Cpp | Format::Openfhe => program(text, Syntax::C, &[], hints)?,
        Format::Go => program(text, Syntax::Go, &[], hints)?,
        Format::Lattigo => program(text, Syntax::Go, &LATTIGO_NAMED, hints)?,
        Format::Python => program(text, Syntax::Python, &[], hints)?,
        Format::Heir => heir::read(text)?,
        Format::Csv => {
            let (components, lines) = csv::read(text, usual)?;
            let item = |c: Component| Item {
                row: lines == csv::Lines::Components,
                ..item(c, lines == csv::Lines::Whole)
            };
            let source = Source::one("", components.into_iter().map(item).collect());
            let mut lists = Lists::plain(source, Some(Format::Csv));
            lists.has_degrees = lines != csv::Lines::Components;
            return Ok(lists);
        }
        Format::Npy => return Err(Error::parse("", "this is text, no .npy file")),
    };
    let mut lists = Lists::plain(source, Some(format));
    lists.has_degrees = format == Format::Heir;
    if format == Format::Json {
        lists.fields = fields(text)?;
        // A domain is no list of coefficients.
        let is_domain = |g: &Group| beside::is_domain(&g.name) && g.items.len() == 1;
        if lists.source.groups.iter().any(|g| !is_domain(g)) {
            lists.source.groups.retain(|g| !is_domain(g));
        }
    }
    Ok(lists)
}

/// What all objects of a JSON text say, those within arrays and objects too.
fn fields(text: &str) -> Result<Map<String, Value>> {
    let mut all = Map::new();
    if text.trim_start().starts_with('{') {
        let read = serde_json::from_str(text);
        // What is no JSON was refused at its list, or has none.
        let Ok(published::Fields(top)) = read else {
            return match read {
                Err(e) if e.is_data() => Err(Error::parse("", e.to_string())),
                _ => Ok(all),
            };
        };
        gather(Value::Object(top), &mut all)?;
    } else if let Ok(value) = serde_json::from_str(text) {
        gather(value, &mut all)?;
    }
    Ok(all)
}

fn gather(value: Value, all: &mut Map<String, Value>) -> Result<()> {
    match value {
        Value::Array(list) => list.into_iter().try_for_each(|v| gather(v, all)),
        Value::Object(fields) => fields.into_iter().try_for_each(|(key, value)| {
            let scalar = match &value {
                Value::Object(_) => beside::is_domain(&key) && beside::pair(&value).is_some(),
                Value::Array(_) => beside::is_domain(&key),
                _ => true,
            };
            if scalar {
                if beside::matters(&key) && all.get(&key).is_some_and(|known| *known != value) {
                    return Err(Error::parse(key, "the file says two things of it"));
                }
                all.insert(key, value);
                return Ok(());
            }
            gather(value, all)
        }),
        _ => Ok(()),
    }
}

/// The lists of a program, as far as they are what the program has.
fn program(text: &str, syntax: Syntax, named: &[arrays::Named], hints: &Hints) -> Result<Source> {
    let mut source = arrays::read(text, syntax, named)?;
    program::examine(text, syntax, &mut source, hints.interval.as_ref())?;
    Ok(source)
}

/// Lists of Python, if there is one that can be read.
fn python(text: &str, hints: &Hints) -> Result<Option<Source>> {
    let Ok(mut source) = arrays::read(text, Syntax::Python, &[]) else {
        return Ok(None);
    };
    if source.groups.iter().all(|g| g.bad.is_some()) {
        return Ok(None);
    }
    program::examine(text, Syntax::Python, &mut source, hints.interval.as_ref())?;
    Ok(Some(source))
}

fn item(c: Component, whole: bool) -> Item {
    let form = whole.then_some(Form {
        basis: c.basis,
        scale: c.scale,
        offset: c.offset,
        domain: None,
    });
    Item {
        form,
        ..Item::new(c.coefficients)
    }
}

/// The rows of a numpy array.
fn array(bytes: &[u8]) -> Result<Source> {
    if bytes.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", bytes.len());
        return Err(Error::parse("", detail));
    }
    let array = npy::read(bytes)?;
    let (rows, columns) = match array.dims.as_slice() {
        [n] => (1, *n),
        [m, n] => (*m, *n),
        dims => {
            let detail = format!(
                "an array of shape {dims:?}; lists of coefficients have one dimension or two"
            );
            return Err(Error::unsupported(detail));
        }
    };
    let mut items = Vec::new();
    if rows > arrays::MAX_ROWS || rows == 0 || columns == 0 {
        let most = arrays::MAX_ROWS;
        let detail = format!("{rows} rows of {columns} numbers; from 1 to {most} rows are read");
        return Err(Error::unsupported(detail));
    }
    for i in 0..rows {
        let mut item = Item::default();
        for j in 0..columns {
            let value = array.values.get(i * columns + j);
            let value = Rational::from_f64(value).ok_or_else(|| {
                Error::parse(
                    format!("row {i} column {j}"),
                    format!("{value} is not a finite number"),
                )
            })?;
            item.push(value);
        }
        items.push(item);
    }
    Ok(Source::one("", items))
}
