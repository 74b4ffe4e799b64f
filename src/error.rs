//! The one error type of the library.
//!
//! "Could not prove" is not an error: it is a value that carries what was proved and what was
//! asked. Errors are for input that cannot be used, and for the outside world.

use std::fmt;
use std::path::{Path, PathBuf};

/// Result with the library's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, where, and which limit it broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The kind, to match on.
    pub kind: ErrorKind,
    /// The file it concerns, where there is one.
    pub path: Option<PathBuf>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Text that cannot be read: the field or line, and what is wrong with it.
    Parse {
        /// Field path (`components[1].coefficients[3]`) or `line N`.
        place: String,
        /// What is wrong, and the limit where one was broken.
        detail: String,
    },
    /// A domain, interval or parameter that makes no sense for what was asked.
    Domain(String),
    /// An iteration that did not reach its goal.
    NotConverged(String),
    /// Encryption parameters that cannot be used: which, and the limit.
    Parameters(String),
    /// Operands that do not fit together: which property, and its two values.
    Mismatch(String),
    /// A circuit that needs more levels than there are.
    DepthExceeded {
        /// Levels that are needed.
        need: usize,
        /// Levels that are left.
        have: usize,
        /// The operation or stage that runs out.
        place: String,
    },
    /// A feature or size beyond what is supported: the limit and the value.
    Unsupported(String),
    /// The digest of a table is not the one that was named.
    Digest {
        /// The digest that the caller or file states.
        stated: String,
        /// The digest of the table at hand.
        computed: String,
    },
    /// The certificate that was built did not pass the independent checker.
    SelfCheck(String),
    /// Two proved statements that cannot both be true: an error of this program, so neither is used.
    Contradiction(String),
    /// The operating system refused: reading, writing or renaming a file.
    Io(String),
}

impl Error {
    /// A parse error at a field or line.
    pub fn parse(place: impl Into<String>, detail: impl Into<String>) -> Self {
        ErrorKind::Parse {
            place: place.into(),
            detail: detail.into(),
        }
        .into()
    }

    /// It without the file that it concerns.
    pub fn apart(&self) -> Self {
        self.kind.clone().into()
    }

    /// A domain error.
    pub fn domain(detail: impl Into<String>) -> Self {
        ErrorKind::Domain(detail.into()).into()
    }

    /// Something beyond what is supported.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        ErrorKind::Unsupported(detail.into()).into()
    }

    /// An input or output failure.
    pub fn io(path: &Path, error: &std::io::Error) -> Self {
        Self {
            kind: ErrorKind::Io(error.to_string()),
            path: Some(path.to_owned()),
        }
    }

    /// The same error, naming the file it concerns.
    #[must_use]
    pub fn in_file(mut self, path: &Path) -> Self {
        self.path.get_or_insert_with(|| path.to_owned());
        self
    }

    /// The same error, its place prefixed by an enclosing field.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        if let ErrorKind::Parse { place, .. } = &mut self.kind {
            *place = if place.is_empty() {
                outer.to_owned()
            } else if place.starts_with('[') {
                format!("{outer}{place}")
            } else {
                format!("{outer}.{place}")
            };
        }
        self
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, path: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        match &self.kind {
            ErrorKind::Parse { place, detail } if place.is_empty() => write!(f, "{detail}"),
            ErrorKind::Parse { place, detail } => write!(f, "{place}: {detail}"),
            ErrorKind::Domain(detail)
            | ErrorKind::NotConverged(detail)
            | ErrorKind::Unsupported(detail)
            | ErrorKind::Parameters(detail)
            | ErrorKind::Mismatch(detail)
            | ErrorKind::Io(detail) => write!(f, "{detail}"),
            ErrorKind::DepthExceeded { need, have, place } => write!(
                f,
                "{place} needs {need} levels and {have} are left: use a longer modulus chain"
            ),
            ErrorKind::Digest { stated, computed } => {
                write!(
                    f,
                    "the table's SHA-256 is {computed}, not {stated} as stated"
                )
            }
            ErrorKind::Contradiction(detail) => {
                write!(
                    f,
                    "two bounds contradict each other, so nothing is proved: {detail}"
                )
            }
            ErrorKind::SelfCheck(detail) => {
                write!(
                    f,
                    "the certificate did not pass its own check and was not written: {detail}"
                )
            }
        }
    }
}

impl std::error::Error for Error {}
