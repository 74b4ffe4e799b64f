//! How a program in floating point evaluates a polynomial.

use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use crate::poly::component::Basis;
use std::fmt;
use std::str::FromStr;

/// How a program evaluates p: `horner:f64` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    /// The basis that the scheme is of.
    pub basis: Basis,
    /// The format of coefficients and arithmetic: f64 or f32.
    pub format: CoefficientMode,
}

impl Evaluation {
    /// The scheme's name.
    pub fn scheme(self) -> &'static str {
        match self.basis {
            Basis::Power => "horner",
            Basis::Chebyshev => "clenshaw",
        }
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme(), self.format)
    }
}

impl FromStr for Evaluation {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let basis = match text.split(':').next() {
            Some("horner") => Some(Basis::Power),
            Some("clenshaw") => Some(Basis::Chebyshev),
            _ => None,
        };
        let format = match text.split(':').nth(1) {
            Some("f64") => Some(CoefficientMode::F64),
            Some("f32") => Some(CoefficientMode::F32),
            _ => None,
        };
        match (basis, format, text.matches(':').count()) {
            (Some(basis), Some(format), 1) => Ok(Self { basis, format }),
            _ => Err(Error::parse(
                "evaluation",
                "expected horner:f64, horner:f32, clenshaw:f64 or clenshaw:f32",
            )),
        }
    }
}
