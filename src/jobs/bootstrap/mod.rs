//! Bootstrapping: parameter sets of other libraries, judged; our own, measured.
//!
//! | file | what |
//! |---|---|
//! | `set` | a parameter set, whoever stated it |
//! | `lattigo`, `openfhe` | how these state it |
//! | [`judge`](mod@judge) | overflow, EvalMod's error, what is claimed |
//! | [`measure`](mod@measure) | a set of our own on ciphertexts |
//! | [`activation`] | a table's ReLU behind it, certified and on ciphertexts |

pub mod activation;
pub mod judge;
mod lattigo;
pub mod measure;
mod openfhe;
mod set;

pub use judge::{judge, Claim, Judgement, Request, Row, Verdict};
pub use set::{failure_bits, Claims, Kind, Part, Set};

use crate::error::{Error, Result};
use crate::files::read_text;
use std::path::Path;

/// Largest file of a parameter set, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Reads a parameter set: Lattigo's literals (Go or JSON), or OpenFHE's calls (JSON), by what the text holds.
///
/// **Inputs** `pick`: the name of the literal where a text of Go has several.
///
/// # Errors
/// A text of none of the forms; the field or line and the limit that is broken; fields that are not understood.
pub fn read(path: &Path, pick: Option<&str>) -> Result<Set> {
    let text = read_text(path, MAX_BYTES)?;
    of(&text, pick).map_err(|e| e.in_file(path))
}

fn of(text: &str, pick: Option<&str>) -> Result<Set> {
    let json = text.trim_start().starts_with('{');
    if pick.is_some() && json {
        return Err(Error::domain(
            "--pick names a literal of a text of Go, and this is JSON",
        ));
    }
    if json && text.contains("\"secretKeyDist\"") {
        openfhe::read(text)
    } else if json && text.contains("\"SchemeParams\"") {
        lattigo::read_json(text)
    } else if json && text.contains("\"main_primes\"") {
        Err(Error::unsupported(
            "Cheddar's parameters state neither K nor a degree of EvalMod: there is nothing to judge",
        ))
    } else if text.contains("ParametersLiteral") && !json {
        lattigo::read_go(text, pick)
    } else {
        Err(Error::parse(
            "",
            "no parameters of bootstrapping: Lattigo's literals in Go or as {\"SchemeParams\", \"BootstrappingParams\"}, or OpenFHE's calls as {\"library\": \"OpenFHE\", \"secretKeyDist\", ...}",
        ))
    }
}
