//! Composite literals of Go, `pkg.Type{Key: value, ...}`: as much of the language as parameter literals need.

use crate::error::{Error, Result};

/// A token: text, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// A word, a number, a string with its quotes, or one sign (`<<` and `:=` are one).
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A literal of a named type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// What it is assigned to, where it is.
    pub name: Option<String>,
    /// The type as written, with its package.
    pub kind: String,
    /// Key and value, in canonical spacing.
    pub fields: Vec<(String, String)>,
    /// Its line.
    pub line: usize,
    /// Whether nothing but a comma stands between it and the literal before.
    pub follows: bool,
}

/// Most fields of a literal.
const MAX_FIELDS: usize = 64;
/// Longest value, in tokens.
const MAX_VALUE: usize = 2_048;

/// All literals of types whose name ends in `suffix`, in their order.
///
/// # Errors
/// The line of a literal that is not keyed, has no end, or repeats a key; a string or comment without an end.
pub fn literals(text: &str, suffix: &str) -> Result<Vec<Literal>> {
    let tokens = tokens(text)?;
    let mut out = Vec::new();
    let (mut i, mut end) = (0, 0);
    while i + 1 < tokens.len() {
        let word = &tokens[i].text;
        let is_type = word.ends_with(suffix) && !word.starts_with("default");
        // `func f(p ckks.ParametersLiteral) {` and `type ParametersLiteral struct {` are none.
        if !is_type || tokens[i + 1].text != "{" {
            i += 1;
            continue;
        }
        let package = i >= 2 && tokens[i - 1].text == ".";
        let start = if package { i - 2 } else { i };
        let kind: String = tokens[start..=i].iter().map(|t| t.text.as_str()).collect();
        let (fields, next) = fields(&tokens, i + 2)?;
        let between: Vec<&str> = tokens[end..start].iter().map(|t| t.text.as_str()).collect();
        out.push(Literal {
            name: name(&tokens[..start]),
            kind,
            fields,
            line: tokens[i].line,
            follows: !out.is_empty() && between == [","],
        });
        (i, end) = (next, next);
    }
    Ok(out)
}

/// What the tokens before a literal assign it to: the word before `=` or `:=`, or before `, _`.
fn name(before: &[Token]) -> Option<String> {
    const REACH: usize = 8;
    let assigned = |t: &&Token| ["=", ":="].contains(&t.text.as_str());
    let recent = &before[before.len().saturating_sub(REACH)..];
    let at = recent.iter().rposition(|t| assigned(&t))?;
    let between = &recent[at + 1..];
    let part = |t: &Token| {
        let sign = [".", "(", "{"].contains(&t.text.as_str());
        sign || t.text.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    if !between.iter().all(part) {
        return None;
    }
    let words: Vec<&str> = recent[..at].iter().map(|t| t.text.as_str()).collect();
    let word = match words.as_slice() {
        [.., name, ",", _] | [.., name] => *name,
        [] => return None,
    };
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        .then(|| word.to_owned())
}

/// Fields from the token after `{`, and the place after `}`.
fn fields(tokens: &[Token], mut i: usize) -> Result<(Vec<(String, String)>, usize)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let fault = |i: usize, detail: &str| {
        let line = tokens.get(i).or(tokens.last()).map_or(1, |t| t.line);
        Error::parse(format!("line {line}"), detail.to_owned())
    };
    loop {
        match tokens.get(i).map(|t| t.text.as_str()) {
            None => return Err(fault(i, "a literal has no end")),
            Some("}") => return Ok((out, i + 1)),
            Some(_) => {}
        }
        let key = tokens[i].text.clone();
        let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic());
        if !is_word || tokens.get(i + 1).map(|t| t.text.as_str()) != Some(":") {
            return Err(fault(i, "a field of a literal is Key: value"));
        }
        if out.len() == MAX_FIELDS || out.iter().any(|(k, _)| *k == key) {
            return Err(fault(
                i,
                &format!("{key} given twice, or more than {MAX_FIELDS} fields"),
            ));
        }
        let start = i + 2;
        let mut depth = 0usize;
        i = start;
        loop {
            match tokens.get(i).map(|t| t.text.as_str()) {
                None => return Err(fault(i, "a literal has no end")),
                Some("," | "}") if depth == 0 => break,
                Some("{" | "(" | "[") => depth += 1,
                Some("}" | ")" | "]") => {
                    depth = depth
                        .checked_sub(1)
                        .ok_or_else(|| fault(i, "an end without a start"))?;
                }
                Some(_) => {}
            }
            i += 1;
            if i - start > MAX_VALUE {
                return Err(fault(
                    start,
                    &format!("{key} is longer than {MAX_VALUE} words"),
                ));
            }
        }
        if i == start {
            return Err(fault(i, &format!("{key} has no value")));
        }
        out.push((key, spaced(&tokens[start..i])));
        if tokens[i].text == "," {
            i += 1;
        }
    }
}

/// Tokens with one space after commas and colons and around operators, and no comma before an end.
fn spaced(tokens: &[Token]) -> String {
    let mut out = String::new();
    for (i, token) in tokens.iter().enumerate() {
        let text = token.text.as_str();
        let next = tokens.get(i + 1).map_or("", |t| t.text.as_str());
        match text {
            "," if ["}", ")"].contains(&next) => {}
            "," | ":" => {
                out.push_str(text);
                out.push(' ');
            }
            "<<" | "+" | "-" | "*" | "/" => {
                out.push(' ');
                out.push_str(text);
                out.push(' ');
            }
            _ => out.push_str(text),
        }
    }
    out
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let bytes = text.as_bytes();
    let (mut out, mut i, mut line) = (Vec::new(), 0, 1);
    let fault = |line: usize, what: &str| Error::parse(format!("line {line}"), what.to_owned());
    while i < bytes.len() {
        let start = i;
        let rest = &text[i..];
        if rest.starts_with("//") {
            i += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if rest.starts_with("/*") {
            let length = rest
                .find("*/")
                .ok_or_else(|| fault(line, "a comment has no end"))?;
            line += rest[..length].matches('\n').count();
            i += length + 2;
            continue;
        }
        let c = rest.chars().next().unwrap_or(' ');
        let length = match c {
            '\n' => {
                line += 1;
                i += 1;
                continue;
            }
            _ if c.is_whitespace() => {
                i += c.len_utf8();
                continue;
            }
            '"' | '`' | '\'' => {
                string(rest, c).ok_or_else(|| fault(line, "a string has no end"))?
            }
            _ if c.is_alphanumeric() || c == '_' => {
                let word = |c: char| c.is_alphanumeric() || c == '_';
                rest.find(|c| !word(c)).unwrap_or(rest.len())
            }
            _ if rest.starts_with("<<") || rest.starts_with(":=") => 2,
            _ => c.len_utf8(),
        };
        i += length;
        out.push(Token {
            text: text[start..i].to_owned(),
            line,
        });
        line += text[start..i].matches('\n').count();
    }
    Ok(out)
}

/// Length of a string with its quotes.
fn string(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            '\n' if quote != '`' => return None,
            _ if c == quote => return Some(i + 1),
            _ => {}
        }
    }
    None
}
