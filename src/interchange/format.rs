//! The forms of other programs, by name.

use crate::error::{Error, Result};
use std::str::FromStr;

/// A form of another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lists of exact numbers.
    Json,
    /// Lines of exact numbers.
    Csv,
    /// Arrays of double.
    C,
    /// A vector of vectors of double.
    Cpp,
    /// A slice of slices of float64.
    Go,
    /// Decimal strings in the Chebyshev basis.
    Lattigo,
    /// Chebyshev series over [a, b], c_0 doubled.
    Openfhe,
    /// MLIR attributes.
    Heir,
}

impl Format {
    /// Every format with its name.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Json, "json"),
        (Self::Csv, "csv"),
        (Self::C, "c"),
        (Self::Cpp, "cpp"),
        (Self::Go, "go"),
        (Self::Lattigo, "lattigo"),
        (Self::Openfhe, "openfhe"),
        (Self::Heir, "heir"),
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(f, _)| *f == self)
            .map_or("", |(_, n)| n)
    }
}

impl FromStr for Format {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(f, _)| *f).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(_, n)| *n).collect();
            Error::parse(
                "format",
                format!("unknown {text:?}; expected one of {}", names.join(", ")),
            )
        })
    }
}
