//! What a file holds before anybody says what it means: arrays of numbers, and numbers beside them.
//!
//! Several arrays are not a composite until the user names them, in the order of their application.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::poly::component::{Basis, MAX_COEFFICIENTS};
use crate::poly::table::MAX_COMPONENTS;
use rug::Rational;
use std::fmt::Write as _;

/// Most numbers that are kept of one list: all components one after the other.
pub(super) const MAX_NUMBERS: usize = MAX_COEFFICIENTS * MAX_COMPONENTS;
/// Most arrays of a file.
pub(super) const MAX_ARRAYS: usize = 4_096;
/// Most numbers beside the arrays that are kept.
pub(super) const MAX_SCALARS: usize = 256;

/// What a form says of a list by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub basis: Basis,
    pub scale: Rational,
    pub offset: Rational,
    /// Where its variable is meant.
    pub domain: Option<(Rational, Rational)>,
}

/// An innermost list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Item {
    /// Its numbers, up to [`MAX_NUMBERS`] of them.
    pub values: Vec<Rational>,
    /// How many there are.
    pub count: usize,
    pub form: Option<Form>,
    /// Whether it is a list of a list, or a line of a file.
    pub row: bool,
}

impl Item {
    pub fn new(values: Vec<Rational>) -> Self {
        Self {
            count: values.len(),
            values,
            form: None,
            row: false,
        }
    }

    pub fn push(&mut self, value: Rational) {
        self.count += 1;
        if self.values.len() < MAX_NUMBERS {
            self.values.push(value);
        }
    }
}

/// One array, or one array of arrays.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// What the file calls it; may be empty.
    pub name: String,
    /// Where it begins.
    pub line: usize,
    pub column: usize,
    /// Its innermost lists.
    pub items: Vec<Item>,
    /// Why it is no array of numbers.
    pub bad: Option<Error>,
    /// Where the program gives it another value, and that in words.
    pub changed: Option<(String, String)>,
    /// What is taken for granted of the program around it.
    pub assumed: Option<String>,
    /// Whether that names lines that mention it.
    pub mentioned: bool,
    /// Whether the text computes with it (`[...] * 10`).
    pub operated: bool,
    /// What the text says that it is, in words.
    pub told: Option<String>,
}

/// A named number beside the arrays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    pub name: String,
    pub value: Rational,
    pub line: usize,
}

impl Scalar {
    /// Whether its name says that coefficients or inputs are multiplied by it.
    pub fn scales(&self) -> bool {
        scales(&self.name)
    }
}

/// Whether a name says that coefficients or inputs are multiplied by its number.
pub(super) fn scales(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if ["scale", "scaling", "mult", "divis"]
        .iter()
        .any(|part| lower.contains(part))
    {
        return true;
    }
    // `norm`, `input_factor`, but neither `batch_norm_eps` nor `lr_factor`.
    const OWN: [&str; 5] = ["factor", "factors", "gain", "norm", "normalization"];
    const OF: [&str; 12] = [
        "input",
        "output",
        "coeff",
        "coeffs",
        "coef",
        "coefficient",
        "coefficients",
        "poly",
        "common",
        "global",
        "x",
        "y",
    ];
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().any(|w| OWN.contains(w)) && words.iter().all(|w| OWN.contains(w) || OF.contains(w))
}

/// A file's content.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    pub groups: Vec<Group>,
    pub scalars: Vec<Scalar>,
    /// Words under names, such as a basis.
    pub texts: Vec<(String, String)>,
    /// How many numbers a program holds as binary32.
    pub singles: usize,
    /// Calls that say how coefficients are taken, and not certainly of which list.
    pub unmatched: Vec<String>,
}

impl Source {
    /// Items of one array alone.
    pub fn one(name: &str, items: Vec<Item>) -> Self {
        let group = Group {
            name: name.to_owned(),
            line: 1,
            items,
            ..Group::default()
        };
        Self {
            groups: vec![group],
            ..Self::default()
        }
    }

    /// A line for every array: its number, name, lengths, first and last values; then the numbers beside.
    pub fn listing(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .groups
            .iter()
            .enumerate()
            .map(|(i, group)| format!("{} {}", i + 1, group.words()))
            .collect();
        for s in &self.scalars {
            let value = number::decimal(&s.value, 10, false);
            lines.push(format!("- {} = {value} (line {})", s.name, s.line));
        }
        lines
    }

    /// The lists that are meant, in order: the only array's, or those of the named arrays.
    ///
    /// # Errors
    /// Several arrays and no choice; a name that no array has, or several; an array that is not of numbers.
    pub fn choose(&self, names: Option<&[String]>) -> Result<(Vec<Item>, Vec<&Group>)> {
        let groups: Vec<&Group> = match (names, self.groups.as_slice()) {
            (None, [only]) => vec![only],
            (None, []) => return Err(Error::parse("", "no list of numbers")),
            (None, _) => return Err(self.unchosen()),
            (Some(names), _) => names
                .iter()
                .map(|name| self.named(name))
                .collect::<Result<_>>()?,
        };
        for group in &groups {
            if let Some(bad) = &group.bad {
                return Err(bad.clone());
            }
            if let (Some((_, detail)), None) = (&group.changed, names) {
                let unique = self.groups.iter().filter(|g| g.name == group.name).count() == 1;
                let name = match group.name.as_str() {
                    name if unique && !name.is_empty() => name,
                    _ => "1",
                };
                let how = "if the list as written is meant, say so with --arrays";
                return Err(Error::parse("", format!("{detail}; {how} {name}")));
            }
        }
        let items: Vec<Item> = groups.iter().flat_map(|g| g.items.clone()).collect();
        if items.len() > MAX_COMPONENTS {
            let detail = format!("more than {MAX_COMPONENTS} components");
            return Err(Error::parse(groups[0].place(), detail));
        }
        Ok((items, groups))
    }

    fn unchosen(&self) -> Error {
        // One array that cannot be read among others: its error first, if there is nothing to choose from.
        if self.groups.iter().all(|g| g.bad.is_some()) {
            if let Some(bad) = self.groups.first().and_then(|g| g.bad.clone()) {
                return bad;
            }
        }
        let mut words = String::new();
        for (i, group) in self.groups.iter().take(8).enumerate() {
            let _ = write!(words, "\n  {} {}", i + 1, group.words());
        }
        if self.groups.len() > 8 {
            let _ = write!(words, "\n  and {} more (--list)", self.groups.len() - 8);
        }
        let detail = format!(
            "{} arrays, and nothing says which are meant: choose by --arrays, by name or number, first applied first{words}",
            self.groups.len()
        );
        Error::parse("", detail)
    }

    /// The array of a name; of a number where no array has that name.
    fn named(&self, name: &str) -> Result<&Group> {
        let name = name.trim();
        let mut same = self
            .groups
            .iter()
            .enumerate()
            .filter(|(_, g)| g.name == name);
        match (same.next(), same.next()) {
            (Some((_, group)), None) => return Ok(group),
            (Some((i, _)), Some((j, _))) => {
                let detail = format!(
                    "several arrays are called {name:?}: choose by number, such as {} or {}",
                    i + 1,
                    j + 1
                );
                return Err(Error::parse("--arrays", detail));
            }
            _ => {}
        }
        let index = name.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        index.and_then(|i| self.groups.get(i)).ok_or_else(|| {
            let detail = format!(
                "no array is called {name:?}, nor is that a number from 1 to {}: --list shows them",
                self.groups.len()
            );
            Error::parse("--arrays", detail)
        })
    }
}

impl Group {
    /// Its place, for an error.
    pub fn place(&self) -> String {
        format!("line {}", self.line)
    }

    /// What to call it.
    pub fn title(&self) -> String {
        if self.name.is_empty() {
            format!("the array of line {}", self.line)
        } else {
            self.name.clone()
        }
    }

    fn words(&self) -> String {
        let title = self.title();
        if let Some(bad) = &self.bad {
            return format!("{title}: no array of numbers ({bad})");
        }
        let title = match &self.changed {
            Some((at, _)) => format!("{title} (as written; changed on {at})"),
            None => title,
        };
        let show = |x: &Rational| number::decimal(x, 6, false);
        let list = |item: &Item| match (item.values.first(), item.values.last()) {
            (Some(a), Some(b)) if item.count > 1 => {
                format!("{} numbers, {} ... {}", item.count, show(a), show(b))
            }
            (Some(a), _) => format!("1 number, {}", show(a)),
            _ => "empty".to_owned(),
        };
        match self.items.as_slice() {
            [only] => format!("{title}: {}", list(only)),
            items => {
                let mut text = format!("{title}: {} lists", items.len());
                for item in items.iter().take(MAX_COMPONENTS) {
                    let _ = write!(text, "; {}", list(item));
                }
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        let item = |n: i32| Item::new(vec![Rational::from(n), Rational::from((1, 3))]);
        let mut source = Source::default();
        for (name, n) in [("a", 1), ("b", 2), ("b", 3), ("1", 4)] {
            source
                .groups
                .extend(Source::one(name, vec![item(n)]).groups);
        }
        source
    }

    #[test]
    fn nothing_is_chosen_for_the_user() {
        let source = source();
        let first = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            source
                .choose(Some(&names))
                .map(|(items, _)| items[0].values[0].clone())
        };
        let error = source.choose(None).unwrap_err().to_string();
        assert!(
            error.contains("4 arrays") && error.contains("--arrays"),
            "{error}"
        );
        assert!(error.contains("2 numbers, 1 ... 0.333333"), "{error}");
        assert_eq!(first(&["a"]).unwrap(), 1);
        assert_eq!(first(&["3", "a"]).unwrap(), 3);
        // A name goes before a number.
        assert_eq!(first(&["1"]).unwrap(), 4);
        assert!(first(&["b"]).unwrap_err().to_string().contains("2 or 3"));
        for name in ["c", "0", "5", "-1", ""] {
            assert!(first(&[name]).unwrap_err().to_string().contains("--list"));
        }
    }
}
