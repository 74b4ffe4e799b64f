//! A smooth function as a table or request states it, and how the error to it is measured.

use crate::error::{Error, Result};
use crate::function::expression::{Expression, Name};
use crate::function::program::Program;
use std::fmt;
use std::str::FromStr;

/// An expression with the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    text: String,
    expression: Expression,
}

impl Formula {
    /// A function f of x.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn function(text: &str) -> Result<Self> {
        if text.bytes().any(|c| c.is_ascii_control()) {
            return Err(Error::parse(
                "",
                "an expression is one line without tabs or control characters",
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            expression: Expression::parse(text, false)?,
        })
    }

    /// A function f of x; a name alone is the function of x by this name.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn named(text: &str) -> Result<Self> {
        match Name::ALL.iter().any(|(_, name)| *name == text) {
            true => Self::function(&format!("{text}(x)")),
            false => Self::function(text),
        }
    }

    /// The text, exactly as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The expression.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is meant by the error of a value against f.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Measure {
    /// value - f.
    #[default]
    Absolute,
    /// value/f - 1.
    Relative,
    /// w (value - f).
    Weight(Formula),
}

impl FromStr for Measure {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "absolute" => Ok(Self::Absolute),
            "relative" => Ok(Self::Relative),
            _ => match text.strip_prefix("weight:") {
                Some(w) => Ok(Self::Weight(Formula::function(w)?)),
                None => Err(Error::parse(
                    "",
                    format!("{text:?}; expected absolute, relative or weight:EXPR"),
                )),
            },
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute => f.write_str("absolute"),
            Self::Relative => f.write_str("relative"),
            Self::Weight(w) => write!(f, "weight:{w}"),
        }
    }
}

/// A value against a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// f(x).
    pub function: Formula,
    /// What the user computes from x and p; p itself if none.
    pub value: Option<Program>,
    /// How the error is measured.
    pub measure: Measure,
}
