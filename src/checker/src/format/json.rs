//! Strict JSON: strings, lists and objects only, read into a tree.
//!
//! The reader is stricter than derived serde structs, which accept lists in place of objects and
//! `null` in place of an optional field. Numbers, booleans and `null` are errors, as are duplicate
//! fields; nesting, and the number of fields of one object, are limited while reading.

use crate::core::fault::{Checked, Fault};
use crate::format::path::printable;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Longest document in bytes.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Deepest nesting.
const MAX_DEPTH: usize = 16;
/// Most fields of one object (the provenance of a table has the most).
const MAX_FIELDS: usize = 64;

/// A JSON value.
#[derive(Debug)]
pub(crate) enum Tree<'a> {
    Text(Cow<'a, str>),
    List(Vec<Tree<'a>>),
    Object(Vec<(Cow<'a, str>, Tree<'a>)>),
}

/// Reads a document.
///
/// # Errors
/// Unreadable, with the line and the column.
pub(crate) fn parse(bytes: &[u8]) -> Checked<Tree<'_>> {
    if bytes.len() > MAX_BYTES {
        return Err(Fault::unreadable(format!(
            "the document is longer than {MAX_BYTES} bytes"
        )));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Fault::unreadable(
            "the document begins with a byte order mark (EF BB BF): save it as UTF-8 without one",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Seed(0).deserialize(&mut reader);
    let tree = read.and_then(|tree| reader.end().map(|()| tree));
    tree.map_err(|error| Fault::unreadable(printable(&error.to_string())))
}

impl<'a> Tree<'a> {
    /// The text of a string.
    pub(crate) fn text(&self) -> Checked<&str> {
        match self {
            Tree::Text(text) => Ok(text),
            _ => Err(Fault::unreadable("a string is expected")),
        }
    }

    /// The items of a list.
    pub(crate) fn list(self) -> Checked<Vec<Tree<'a>>> {
        match self {
            Tree::List(items) => Ok(items),
            _ => Err(Fault::unreadable("a list is expected")),
        }
    }

    /// The items of a list that has `min` to `max` of them.
    pub(crate) fn list_of(self, min: usize, max: usize) -> Checked<Vec<Tree<'a>>> {
        let items = self.list()?;
        if items.len() < min || items.len() > max {
            return Err(Fault::unreadable(format!(
                "{} entries, where {min} to {max} are allowed",
                items.len()
            )));
        }
        Ok(items)
    }

    /// The two items of a pair.
    pub(crate) fn pair(self) -> Checked<(Tree<'a>, Tree<'a>)> {
        let mut items = self.list()?.into_iter();
        match (items.next(), items.next(), items.next()) {
            (Some(first), Some(second), None) => Ok((first, second)),
            _ => Err(Fault::unreadable("a list of two entries is expected")),
        }
    }

    /// The fields of an object.
    pub(crate) fn object(self) -> Checked<Fields<'a>> {
        match self {
            Tree::Object(fields) => Ok(Fields(fields)),
            _ => Err(Fault::unreadable("an object is expected")),
        }
    }
}

/// The fields of an object that were not taken yet.
#[derive(Debug)]
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, Tree<'a>)>);

impl<'a> Fields<'a> {
    /// Takes a field that may be left out.
    pub(crate) fn maybe(&mut self, name: &str) -> Option<Tree<'a>> {
        let place = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// Takes a field and reads it; the field's name goes into the path of an error.
    pub(crate) fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Tree<'a>) -> Checked<T>,
    ) -> Checked<T> {
        match self.maybe(name) {
            Some(tree) => read(tree).map_err(|fault| fault.at(name)),
            None => Err(Fault::unreadable("the field is missing").at(name)),
        }
    }

    /// `take` for a field that may be left out.
    pub(crate) fn take_maybe<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Tree<'a>) -> Checked<T>,
    ) -> Checked<Option<T>> {
        match self.maybe(name) {
            Some(tree) => read(tree).map(Some).map_err(|fault| fault.at(name)),
            None => Ok(None),
        }
    }

    /// All fields, whatever their names.
    pub(crate) fn all(self) -> Vec<(Cow<'a, str>, Tree<'a>)> {
        self.0
    }

    /// Refuses the fields that nobody asked for.
    pub(crate) fn finish(self) -> Checked<()> {
        match self.0.first() {
            Some((name, _)) => Err(Fault::unreadable("the field is unknown here").at(name)),
            None => Ok(()),
        }
    }
}

/// Reads every item of a list; the index goes into the path of an error.
pub(crate) fn each<'a, T>(
    items: Vec<Tree<'a>>,
    mut read: impl FnMut(Tree<'a>) -> Checked<T>,
) -> Checked<Vec<T>> {
    let read_at = |(i, item)| read(item).map_err(|fault: Fault| fault.item(i));
    items.into_iter().enumerate().map(read_at).collect()
}

/// Reads a value inside so many lists and objects.
struct Seed(usize);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Tree<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Tree<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl Seed {
    fn inner<E: Error>(&self) -> Result<usize, E> {
        if self.0 >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(self.0 + 1)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a list or an object (numbers are written as strings)")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree<'de>, A::Error> {
        let depth = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Seed(depth))? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree<'de>, A::Error> {
        let depth = self.inner()?;
        let mut fields: Vec<(Cow<'de, str>, Tree<'de>)> = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            if fields.iter().any(|(other, _)| *other == key) {
                let name = printable(&key);
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            if fields.len() == MAX_FIELDS {
                return Err(A::Error::custom(format_args!(
                    "more than {MAX_FIELDS} fields in one object"
                )));
            }
            fields.push((key, map.next_value_seed(Seed(depth))?));
        }
        Ok(Tree::Object(fields))
    }
}

/// Reads the name of a field.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        match parse(text.as_bytes()) {
            Err(Fault::Unreadable { detail, .. }) => detail,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_strings_lists_and_objects() {
        for text in ["1", "1.5e3", "true", "null", "[\"a\", null]", "{\"a\": 0}"] {
            assert!(
                error(text).contains("numbers are written as strings"),
                "{text}"
            );
        }
        assert!(parse(b" [\"\\u0031\", {\"a\": []}] ").is_ok());
    }

    #[test]
    fn duplicates_depth_fields_and_trailing_text() {
        assert!(error(r#"{"a":"","a":""}"#).contains("duplicate field `a`"));
        assert!(error(r#"{"a":"","\u0061":""}"#).contains("duplicate field `a`"));
        assert!(error("[] []").contains("trailing"));
        let nest = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(nest(16).as_bytes()).is_ok());
        assert!(error(&nest(17)).contains("deeper than 16"));
        let fields: Vec<String> = (0..65).map(|i| format!("\"{i}\":\"\"")).collect();
        assert!(error(&format!("{{{}}}", fields.join(","))).contains("more than 64 fields"));
    }

    #[test]
    fn unknown_and_missing_fields_are_named() {
        let mut fields = parse(br#"{"a":"","b":[]}"#).unwrap().object().unwrap();
        let missing = fields.take("c", |tree| tree.list()).unwrap_err();
        assert_eq!(missing, Fault::unreadable("the field is missing").at("c"));
        fields.take("b", |tree| tree.list()).unwrap();
        assert_eq!(
            fields.finish().unwrap_err(),
            Fault::unreadable("the field is unknown here").at("a")
        );
    }
}
