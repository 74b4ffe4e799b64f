//! Text for people under a known key of a JSON file: whether it may say something that is not read.

use crate::arith::number;
use crate::interchange::hints::Order;

/// Words that say which coefficient is first.
const HIGHEST: [&str; 3] = ["highest", "descending", "decreasing"];
const LOWEST: [&str; 3] = ["lowest", "ascending", "increasing"];
/// Words that may stand beside them.
const BESIDE: [&str; 11] = [
    "first",
    "degree",
    "degrees",
    "power",
    "powers",
    "order",
    "coefficient",
    "coefficients",
    "of",
    "in",
    "the",
];

fn words(text: &str) -> Vec<&str> {
    let letters = text.split(|c: char| !c.is_alphanumeric());
    letters.filter(|w| !w.is_empty()).collect()
}

/// The order that a text says, if it says nothing else: `highest degree first`, `low to high`.
pub(super) fn order(text: &str) -> Option<Order> {
    let words = words(text);
    match words.as_slice() {
        ["high", "to", "low"] => return Some(Order::Highest),
        ["low", "to", "high"] => return Some(Order::Lowest),
        _ => {}
    }
    let plain = |own: &[&str]| words.iter().all(|w| own.contains(w) || BESIDE.contains(w));
    let named = |own: &[&str]| words.iter().any(|w| own.contains(w));
    if named(&HIGHEST) && plain(&HIGHEST) {
        Some(Order::Highest)
    } else if named(&LOWEST) && plain(&LOWEST) {
        Some(Order::Lowest)
    } else {
        None
    }
}

/// Whether a text has something of an order of coefficients in it.
pub(super) fn says_an_order(text: &str) -> bool {
    let says = |w: &&str| {
        HIGHEST.contains(w)
            || LOWEST.contains(w)
            || ["high", "low", "reversed", "backwards"].contains(w)
    };
    words(text).iter().any(says)
}

/// Whether a text has two numbers that begin another interval than [-1, 1], which is taken where nobody says one.
pub(super) fn says_an_interval(text: &str) -> bool {
    let mut numbers = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let signed = start - usize::from(rest[..start].ends_with(['-', '.']));
        let length = rest[start..].find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let end = length.map_or(rest.len(), |l| start + l);
        numbers.push(rest[signed..end].trim_end_matches('.'));
        rest = &rest[end..];
    }
    match numbers.as_slice() {
        [a, b, ..] => {
            let value = |t: &str| number::parse(t).ok();
            !(value(a).is_some_and(|x| x == -1i32) && value(b).is_some_and(|x| x == 1u32))
        }
        _ => false,
    }
}

/// Whether a key is of remarks on something rather than of it: `scale_conventions`, `scale notes`.
pub(super) fn is_remark(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let words = words(&lower.replace('_', " "))
        .last()
        .map(|w| (*w).to_owned());
    words.is_some_and(|w| {
        [
            "conventions",
            "notes",
            "note",
            "comment",
            "comments",
            "remark",
            "remarks",
        ]
        .contains(&w.as_str())
    })
}
