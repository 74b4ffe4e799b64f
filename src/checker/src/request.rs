//! What a command line asks for, and where it is answered.

use crate::format::requirement::Requirement;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

/// After this long the program tells how far it is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// What a command line asks for.
#[derive(Debug, Default)]
pub struct Request {
    /// The program's name, before lines that tell how far it is.
    pub program: String,
    /// Certificates, folders and manifests; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// Only accept certificates about the table with this digest, 64 hexadecimal digits.
    pub table_sha256: Option<String>,
    /// Every certificate must prove these.
    pub required: Vec<Requirement>,
    /// Exact network of network certificates (PATH.network if none).
    pub network: Option<PathBuf>,
    /// Exact input of network certificates (PATH.input if none).
    pub input: Option<PathBuf>,
    /// Program of inferences (PATH.program if none).
    pub encrypted_program: Option<PathBuf>,
    /// A stated bound that is REFUTED or UNDECIDED does not change the exit code.
    pub any_verdict: bool,
    /// Print nothing.
    pub quiet: bool,
    /// Print one JSON object a line for each file.
    pub json: bool,
}

impl Request {
    /// Why the options do not go together, if they do not.
    pub fn misuse(&self) -> Option<&'static str> {
        if self.input.is_some() && self.network.is_none() {
            return Some("--input goes with --network");
        }
        if self.encrypted_program.is_some() && self.network.is_none() {
            return Some("--program goes with --network");
        }
        if self.network.is_some() && self.table_sha256.is_some() {
            return Some("--table-sha256 is not for network certificates");
        }
        self.paths.is_empty().then_some("no file given")
    }
}

/// Where `-` is read from, and where answers and notes are written to.
pub struct Streams<'a> {
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Answers: verdicts.
    pub out: &'a mut dyn Write,
    /// Notes: what cannot be read, and how far a long check is.
    pub err: &'a mut dyn Write,
}
