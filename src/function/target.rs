//! What a composite is used for, and what its error then means.

use crate::error::{Error, Result};
use crate::function::formula::Difference;
use crate::function::shape::Shape;
use rug::Rational;
use std::fmt;
use std::str::FromStr;

/// The function that is approximated: through p ~ sign, but for [`Function::Direct`].
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
    /// |x| ~ x p(x/B).
    Abs,
    /// min(max(x, l), u) ~ l + r_B(x - l) - r_B(x - u), where r_B(x) = x (1 + p(x/B))/2.
    Clip,
    /// The clip with l = 0, u = 6.
    Relu6,
    /// max(a, b) ~ ((a+b) + (a-b) p((a-b)/B))/2.
    Max,
    /// The maximum of n inputs by a tournament of max.
    MaxPool,
    /// One-hot weights of the greatest of n inputs by the same tournament.
    Argmax,
    /// f(x) ~ p(x): the function itself, not through sign.
    Direct(Shape),
    /// f(x) ~ p(x) for a smooth f, or what is computed from p: the table or the request states both.
    Smooth,
}

impl Function {
    /// Every function, with the name used in files and on the command line.
    pub const ALL: [(Self, &'static str); 19] = [
        (Self::Sign, "sign"),
        (Self::Step, "step"),
        (Self::Relu, "relu"),
        (Self::LeakyRelu, "leaky_relu"),
        (Self::Abs, "abs"),
        (Self::Clip, "clip"),
        (Self::Relu6, "relu6"),
        (Self::Max, "max"),
        (Self::MaxPool, "max_pool"),
        (Self::Argmax, "argmax"),
        (Self::Direct(Shape::Sign), "direct_sign"),
        (Self::Direct(Shape::Step), "direct_step"),
        (Self::Direct(Shape::Bit), "direct_bit"),
        (Self::Direct(Shape::Relu), "direct_relu"),
        (Self::Direct(Shape::LeakyRelu), "direct_leaky_relu"),
        (Self::Direct(Shape::Abs), "direct_abs"),
        (Self::Direct(Shape::Clip), "direct_clip"),
        (Self::Direct(Shape::Relu6), "direct_relu6"),
        (Self::Smooth, "smooth"),
    ];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(function, _)| *function == self);
        found.map_or("", |(_, name)| name)
    }

    /// Whether it is the maximum error of the cited claim as it is: B has no place in it.
    pub fn is_unscaled(self) -> bool {
        matches!(
            self,
            Self::MaxPool
                | Self::Clip
                | Self::Relu6
                | Self::Argmax
                | Self::Direct(_)
                | Self::Smooth
        )
    }

    /// Whether the polynomial is meant as it is, on a domain of its own: nothing is made of sign.
    pub fn is_itself(self) -> bool {
        matches!(self, Self::Direct(_) | Self::Smooth)
    }

    /// Whether it has a slope for x < 0.
    pub fn has_slope(self) -> bool {
        matches!(self, Self::LeakyRelu | Self::Direct(Shape::LeakyRelu))
    }

    /// Whether it has ends of its own.
    pub fn has_ends(self) -> bool {
        matches!(self, Self::Clip | Self::Direct(Shape::Clip))
    }

    /// Whether the error is meant away from 0 only, so that a gap eps must be known.
    pub fn needs_eps(self) -> bool {
        match self {
            Self::Sign | Self::Step => true,
            Self::Direct(shape) => shape.jumps(),
            _ => false,
        }
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
    /// l and u of a clip; 0 and 6 for ReLU6.
    pub ends: (Rational, Rational),
    /// n, the number of inputs of a max-pool or argmax.
    pub inputs: usize,
    /// argmax: by how much the greatest input exceeds all others; `None` lets the certifier find the
    /// least that proves the claim.
    pub gap: Option<Rational>,
    /// c, the input map x -> c x + 1/2 of a max-pool or argmax; `None` lets the certifier choose the largest
    /// that keeps every match inside the certified domain.
    pub input_scale: Option<Rational>,
    /// `smooth`: the value against the function; of no other one.
    pub smooth: Option<Difference>,
}

impl Target {
    /// The function with default parameters: on [-1, 1]; max-pool 2x2, argmax of 10, clip to [-1, 1].
    pub fn new(function: Function) -> Self {
        Self {
            function,
            scale: Rational::from(1),
            slope: Rational::new(),
            ends: match function {
                Function::Clip | Function::Direct(Shape::Clip) => {
                    (Rational::from(-1), Rational::from(1))
                }
                _ => (Rational::new(), Rational::from(6)),
            },
            inputs: if function == Function::Argmax { 10 } else { 4 },
            gap: None,
            input_scale: None,
            smooth: None,
        }
    }

    /// How many times the composite's error the function's is, where it is that of p or of r = x (1 + p)/2 alone.
    pub fn factor(&self) -> Rational {
        match self.function {
            Function::Sign => Rational::from(1),
            Function::Step => Rational::from((1, 2)),
            Function::LeakyRelu => Rational::from(1u32 - &self.slope).abs() * &self.scale,
            Function::Abs => Rational::from(&self.scale * 2u32),
            _ => self.scale.clone(),
        }
    }
}
