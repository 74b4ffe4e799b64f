//! What every command reads and writes: numbers and digests, standard output, standard error.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::files::{refuse_overwriting, write_atomically};
use rug::Rational;
use std::path::{Path, PathBuf};

/// A number on the command line.
pub fn rational(text: &str) -> std::result::Result<Rational, String> {
    number::parse(text).map_err(|e| e.to_string())
}

/// What `--bound` was called before, which is still taken, and warned of; it goes with the next version.
pub const BOUND_BEFORE: &str = "scale";

/// Warns where an option is named as it was before.
pub fn warn_of_old_names(mut words: impl Iterator<Item = String>) {
    let old = format!("--{BOUND_BEFORE}");
    if words.any(|word| {
        word.strip_prefix(&old)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    }) {
        note(&format!("warning: {old} is --bound now: B, where inputs are in [-B, B]; the old name goes with the next version"));
    }
}

/// B on the command line: inputs are in [-B, B].
pub fn input_bound(text: &str) -> std::result::Result<Rational, String> {
    let b = rational(text)?;
    let bits = b.numer().significant_bits().saturating_sub(1);
    let power = *b.denom() == 1u32 && *b.numer() > 0u32 && b.numer().is_power_of_two();
    // Inputs of 2^20 to 2^100 are nowhere; scales of CKKS are just there.
    if power && (20..=100).contains(&bits) {
        return Err(format!(
            "2^{bits} looks like the scale of CKKS, which is --log-scale {bits} where there is encryption; --bound is B, where inputs are in [-B, B]"
        ));
    }
    Ok(b)
}

/// LO,HI on the command line.
pub fn interval(text: &str) -> std::result::Result<(Rational, Rational), String> {
    let Some((lo, hi)) = text.split_once(',') else {
        return Err("expected LO,HI".to_owned());
    };
    let (lo, hi) = (rational(lo)?, rational(hi)?);
    match lo < hi {
        true => Ok((lo, hi)),
        false => Err(format!("LO = {lo} is not below HI = {hi}")),
    }
}

/// RANGE, that is [-RANGE, RANGE], or LO,HI on the command line.
pub fn range(text: &str) -> std::result::Result<(Rational, Rational), String> {
    if text.contains(',') {
        return interval(text);
    }
    let hi = rational(text)?;
    Ok((Rational::from(-&hi), hi))
}

/// A digest on the command line, in lower case.
pub fn digest(text: &str) -> std::result::Result<String, String> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a digest is 64 hexadecimal digits".to_owned())
    }
}

/// Writes to a file, whole or not at all, or to standard output (no path, or `-`).
pub fn output(path: Option<&PathBuf>, text: &str) -> Result<()> {
    use std::io::Write as _;
    match path.filter(|p| p.as_path() != Path::new("-")) {
        Some(path) => write_atomically(path, text),
        None => match std::io::stdout().lock().write_all(text.as_bytes()) {
            // A reader that has seen enough (head, a pager) is no failure.
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|e| Error::io(Path::new("standard output"), &e)),
        },
    }
}

/// Refuses outputs that are inputs, or twice the same, before a command begins.
pub fn guard<'a>(
    outputs: impl IntoIterator<Item = Option<&'a PathBuf>>,
    inputs: impl IntoIterator<Item = Option<&'a PathBuf>>,
) -> Result<()> {
    fn paths<'a>(
        list: impl IntoIterator<Item = Option<&'a PathBuf>>,
    ) -> impl Iterator<Item = &'a Path> {
        list.into_iter().flatten().map(PathBuf::as_path)
    }
    refuse_overwriting(paths(outputs), paths(inputs))
}

/// A line on standard error; nobody need be listening.
pub fn note(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+,:=@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
