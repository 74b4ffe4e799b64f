//! Changes of one text of a document.

use serde_json::Value;

/// Numbers below what is asked, the same in every run.
pub fn generator() -> impl FnMut(usize) -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    move |n| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The places of all texts of a document, as pointers.
pub fn walk(value: &Value, path: String, out: &mut Vec<String>) {
    match value {
        Value::Object(o) => o
            .iter()
            .for_each(|(k, v)| walk(v, format!("{path}/{}", escaped(k)), out)),
        Value::Array(a) => a
            .iter()
            .enumerate()
            .for_each(|(i, v)| walk(v, format!("{path}/{i}"), out)),
        _ => out.push(path),
    }
}

/// A digit, a sign, an exponent or a length is another.
pub fn changed(old: &str, random: &mut impl FnMut(usize) -> usize) -> String {
    let digits: Vec<usize> = old
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit())
        .map(|(i, _)| i)
        .collect();
    let Some(&last) = digits.last() else {
        return format!("{old}x");
    };
    let at = match random(3) {
        0 => last,
        1 => digits[0],
        _ => digits[random(digits.len())],
    };
    let digit = old.as_bytes()[at] - b'0';
    let other = (digit as usize + 1 + random(9)) % 10;
    match random(8) {
        0 => old.replacen(digits_of(old), &format!("{}0", digits_of(old)), 1),
        1 if old.starts_with('-') => old[1..].to_owned(),
        1 => format!("-{old}"),
        _ => format!("{}{other}{}", &old[..at], &old[at + 1..]),
    }
}

fn digits_of(text: &str) -> &str {
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let rest = &text[start..];
    &rest[..rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len())]
}
