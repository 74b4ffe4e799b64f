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
    /// Lists and arrays of Python and numpy; read only.
    Python,
    /// A numpy array as a file; read only.
    Npy,
}

impl Format {
    /// Every format that is read and written, with its name.
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

    /// The formats that are read only.
    pub const READ_ONLY: [(Self, &'static str); 2] = [(Self::Python, "python"), (Self::Npy, "npy")];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.iter().chain(&Self::READ_ONLY);
        all.find(|(f, _)| *f == self).map_or("", |(_, n)| n)
    }
}

impl FromStr for Format {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let all = Self::ALL.iter().chain(&Self::READ_ONLY);
        let found = all.clone().find(|(_, name)| *name == text);
        found.map(|(f, _)| *f).ok_or_else(|| {
            let names: Vec<&str> = all.map(|(_, n)| *n).collect();
            Error::parse(
                "format",
                format!("unknown {text:?}; expected one of {}", names.join(", ")),
            )
        })
    }
}
