//! What a composite is used for, and what its error then means.

use crate::error::{Error, Result};
use rug::Rational;
use std::fmt;
use std::str::FromStr;

/// The function that is approximated through p ~ sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// sign(x) ~ p(x/B), away from 0.
    Sign,
    /// 1 for x > 0, else 0 ~ (1 + p(x/B))/2, away from 0.
    Step,
    /// max(x, 0) ~ x (1 + p(x/B))/2.
    Relu,
    /// max(x, 0) + a min(x, 0) ~ a x + (1 - a) x (1 + p(x/B))/2.
    LeakyRelu,
    /// max(a, b) ~ ((a+b) + (a-b) p((a-b)/B))/2.
    Max,
    /// The maximum of n inputs by a tournament of max.
    MaxPool,
}

impl Function {
    /// Every function, with the name used in files and on the command line.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Sign, "sign"),
        (Self::Step, "step"),
        (Self::Relu, "relu"),
        (Self::LeakyRelu, "leaky_relu"),
        (Self::Max, "max"),
        (Self::MaxPool, "max_pool"),
    ];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Step => "step",
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky_relu",
            Self::Max => "max",
            Self::MaxPool => "max_pool",
        }
    }

    /// Whether the error is meant away from 0 only, so that a gap eps must be known.
    pub fn needs_eps(self) -> bool {
        matches!(self, Self::Sign | Self::Step)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Function {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(f, _)| *f)
            .ok_or_else(|| {
                let names: Vec<&str> = Self::ALL.iter().map(|(_, name)| *name).collect();
                Error::parse(
                    "target",
                    format!(
                        "unknown function {text:?}; expected one of {}",
                        names.join(", ")
                    ),
                )
            })
    }
}

/// A function with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The function.
    pub function: Function,
    /// B > 0: the inputs are in [-B, B] (max: [0, B]); the composite is applied to x/B.
    pub scale: Rational,
    /// a, the slope of a leaky ReLU for x < 0; 0 otherwise.
    pub slope: Rational,
    /// n, the number of inputs of a max-pool; 2 otherwise.
    pub inputs: usize,
    /// c, the input map x -> c x + 1/2 of a max-pool; `None` lets the certifier choose the largest
    /// that keeps every match inside the certified domain.
    pub input_scale: Option<Rational>,
}

impl Target {
    /// The function on [-1, 1] with default parameters (max-pool: 2x2).
    pub fn new(function: Function) -> Self {
        Self {
            function,
            scale: Rational::from(1),
            slope: Rational::new(),
            inputs: 4,
            input_scale: None,
        }
    }
}
