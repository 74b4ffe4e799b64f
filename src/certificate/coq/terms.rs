//! Numbers, lists and records as terms of Coq.

use crate::arith::number;
use crate::error::Result;
use rug::{Integer, Rational};

// Coq reads sixteen digits to a place faster than ten, and short numbers faster than long ones.
fn hexadecimal(n: &Integer) -> String {
    let digits = n.to_string_radix(16);
    match digits.strip_prefix('-') {
        Some(digits) => format!("-0x{digits}"),
        None => format!("0x{digits}"),
    }
}

pub(super) fn integer(n: &Integer) -> String {
    let zeros = if n.is_zero() {
        0
    } else {
        n.find_one(0).unwrap_or(0)
    };
    match zeros < 16 {
        true => format!("({})%Z", hexadecimal(n)),
        false => format!(
            "(shifted ({}) {zeros})",
            hexadecimal(&Integer::from(n >> zeros))
        ),
    }
}

pub(super) fn fraction(x: &Rational) -> String {
    let (n, d) = (hexadecimal(x.numer()), x.denom());
    match d.is_power_of_two() {
        true => format!("(dyadic ({n}) {})", d.significant_bits() - 1),
        false => format!("(({n}) # {})%Q", hexadecimal(d)),
    }
}

/// A number in a field.
pub(super) fn exact(text: &str) -> Result<String> {
    Ok(fraction(&number::parse(text)?))
}

/// An index or a small count.
pub(super) fn natural(text: &str) -> String {
    format!("{text}%nat")
}

pub(super) fn list<T>(items: &[T], one: impl Fn(&T) -> Result<String>) -> Result<String> {
    let items: Result<Vec<String>> = items.iter().map(one).collect();
    Ok(format!("[{}]", items?.join(";\n  ")))
}

pub(super) fn call(name: &str, arguments: &[String]) -> String {
    format!("({name} {})", arguments.join(" "))
}

pub(super) fn record(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name} := {value}"))
        .collect();
    format!("{{| {} |}}", fields.join("; "))
}

pub(super) fn optional(value: Option<String>) -> String {
    value.map_or("None".to_owned(), |value| call("Some", &[value]))
}
