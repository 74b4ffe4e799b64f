//! What was probably meant by a command line that is refused: a line behind clap's own words, and instead of its tip.

use crate::cli::terminal::note;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::Command;

/// Names that an option does not have, the option or the positional word (in capitals) that is meant where the command has
/// it, and how it is given.
const NAMES: &[(&[&str], &str, &str)] = &[
    (
        &["images", "image", "data", "dataset", "samples", "inputs"],
        "input",
        "samples are --input FILE (.npy, or one PNG or JPEG)",
    ),
    (
        &["model", "network", "net", "onnx"],
        "NETWORK",
        "the network's file is a word of its own, without an option",
    ),
    (
        &["tables", "polynomial", "polynomials", "composite"],
        "table",
        "a table of polynomials is --table FILE",
    ),
    (
        &["table", "polynomial", "file"],
        "TABLE",
        "the table's file is a word of its own, without an option",
    ),
    (
        &["sample", "index"],
        "from",
        "one sample is --from I --count 1, from 0",
    ),
    (
        &["from", "count", "samples"],
        "sample",
        "this command takes one sample, --sample I from 0; network audit takes many",
    ),
    (
        &["certificate", "out", "save", "result", "json-output"],
        "output",
        "what is written is -o FILE (--output)",
    ),
    (
        &["claim", "bound", "error"],
        "require",
        "what a certificate must prove is --require \"relu<=2^-13 on [-1,1]\"",
    ),
    (
        &["b", "B", "range", "interval", "max-input"],
        "bound",
        "inputs in [-B, B] are --bound B",
    ),
    (
        &["bits", "error", "claim", "precision"],
        "alpha",
        "an error of 2^-BITS is --alpha BITS",
    ),
    (
        &["noise", "error", "noise-level"],
        "worst",
        "noise in units of B is --worst 2^-20 (a bound) or --sigma 2^-20 (independent)",
    ),
    (
        &["jobs", "cores", "workers", "cpus"],
        "threads",
        "cores are --threads N",
    ),
];

/// Functions that are smooth, and no target of a table's composite.
const SMOOTH: [&str; 7] = [
    "gelu", "silu", "swish", "sigmoid", "tanh", "exp", "softplus",
];

/// Says what is wrong with the words of a command line, and what was probably meant; ends the program.
pub fn exit(mut error: Error, command: &Command, words: &[String]) -> ! {
    let hint = hint(&error, command, words);
    if hint.is_some() {
        // A name that is spelled alike, and means something else.
        for tip in [
            ContextKind::Suggested,
            ContextKind::SuggestedArg,
            ContextKind::Usage,
        ] {
            error.remove(tip);
        }
    }
    // Nobody need be listening.
    let _ = error.print();
    if let Some(hint) = hint {
        note(&format!("\nhint: {hint}"));
    }
    std::process::exit(error.exit_code())
}

fn hint(error: &Error, command: &Command, words: &[String]) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            unknown(text(ContextKind::InvalidArg)?, called(command, words))
        }
        ErrorKind::InvalidSubcommand => below(command, text(ContextKind::InvalidSubcommand)?),
        ErrorKind::ValueValidation => {
            let name = text(ContextKind::InvalidArg)?.split(' ').next()?;
            value(name, text(ContextKind::InvalidValue)?)
        }
        _ => None,
    }
}

/// The command that the words name.
fn called<'a>(command: &'a Command, words: &[String]) -> &'a Command {
    let below = words.iter().map_while({
        let mut at = command;
        move |word| {
            at = at.find_subcommand(word)?;
            Some(at)
        }
    });
    below.last().unwrap_or(command)
}

/// A word or option that the command does not have.
fn unknown(given: &str, command: &Command) -> Option<String> {
    let has = |name: &str| {
        command.get_arguments().any(|arg| {
            let value = arg.get_value_names().unwrap_or_default().first();
            match arg.is_positional() {
                true => value.is_some_and(|v| v.as_str() == name),
                false => arg.get_long() == Some(name),
            }
        })
    };
    if let Some(name) = given.strip_prefix("--") {
        let name = name.split('=').next()?;
        let known =
            |(wrong, right, _): &&(&[&str], &str, &str)| wrong.contains(&name) && has(right);
        return Some(NAMES.iter().find(known)?.2.to_owned());
    }
    let negative = given.strip_prefix('-').and_then(|rest| rest.chars().next());
    if negative.is_some_and(|first| first.is_ascii_digit()) {
        let said = "a negative number is joined to its option by =, as in --lo=-1; B is above 0";
        return Some(said.to_owned());
    }
    let ends = |ends: &[&str]| ends.iter().any(|end| given.ends_with(end));
    let said = if has("degrees") && given.parse::<u32>().is_ok() {
        "several numbers are one word, joined by commas: --degrees 15,27,29"
    } else if has("table") && ends(&[".json"]) {
        "a table of polynomials is named, --table FILE"
    } else if has("input") && ends(&[".npy", ".png", ".jpg", ".jpeg"]) {
        "samples are named, --input FILE"
    } else {
        return None;
    };
    Some(said.to_owned())
}

/// A command that stands below another one.
fn below(command: &Command, given: &str) -> Option<String> {
    let with = |c: &&Command| c.find_subcommand(given).is_some();
    let (over, name) = (command.get_subcommands().find(with)?, command.get_name());
    Some(format!("{name} {} {given}", over.get_name()))
}

/// A value that an option does not take.
fn value(option: &str, given: &str) -> Option<String> {
    if let Some(share) = given.strip_suffix('%') {
        return Some(format!(
            "numbers have no percent sign: {share}% is {share}/100"
        ));
    }
    let lower = given.to_lowercase();
    match option {
        "--alpha" if given.contains('^') || lower.contains("e-") => {
            Some("--alpha counts bits: 13 is an error of 2^-13".to_owned())
        }
        "--degrees" => Some("degrees are joined by commas: --degrees 15,27,29".to_owned()),
        "--target" if SMOOTH.contains(&lower.trim_end_matches("(x)")) => Some(format!(
            "a smooth function is --function \"{}(x)\": polycert search --function finds a polynomial for it, certify --target \
             smooth --function proves one",
            lower.trim_end_matches("(x)").replace("swish", "silu")
        )),
        "--target" if lower != given && lower.parse::<crate::function::target::Function>().is_ok() => {
            Some(format!("small letters: {option} {lower}"))
        }
        _ => None,
    }
}
