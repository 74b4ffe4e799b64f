//! Ranges, and the forms in which files state them.

use crate::arith::number;
use crate::error::{Error, Result};
use rug::Rational;

/// Most layers of one file.
const MAX_LAYERS: usize = 1 << 16;

/// From lo to hi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Lower end.
    pub lo: Rational,
    /// Upper end, not below it.
    pub hi: Rational,
}

impl Span {
    /// [-b, b].
    ///
    /// # Errors
    /// b is not above 0.
    pub fn symmetric(b: Rational) -> Result<Self> {
        if b <= 0 {
            return Err(Error::domain(format!("B = {b} is not above 0")));
        }
        Ok(Self {
            lo: Rational::from(-&b),
            hi: b,
        })
    }

    /// [lo, hi].
    ///
    /// # Errors
    /// lo is above hi.
    pub fn new(lo: Rational, hi: Rational) -> Result<Self> {
        if lo > hi {
            return Err(Error::domain(format!("the range [{lo}, {hi}] is empty")));
        }
        Ok(Self { lo, hi })
    }

    /// The least B with the range inside [-B, B].
    pub fn reach(&self) -> Rational {
        Rational::from(-&self.lo).max(self.hi.clone())
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "[{}, {}]", short(&self.lo), short(&self.hi))
    }
}

/// A number exactly, as a decimal where that is short.
pub(super) fn short(x: &Rational) -> String {
    let decimal = number::decimal(x, 9, true);
    match number::parse(&decimal) {
        Ok(same) if same == *x => decimal,
        _ => number::write(x),
    }
}

/// The range of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Of all its neurons.
    All(Span),
    /// Of the neurons of each channel.
    Channels(Vec<Span>),
}

impl Extent {
    /// The range of a neuron of a channel.
    pub fn of(&self, channel: usize) -> &Span {
        match self {
            Self::All(span) => span,
            Self::Channels(all) => &all[channel],
        }
    }

    /// The least B with all of it inside [-B, B].
    pub fn reach(&self) -> Rational {
        match self {
            Self::All(span) => span.reach(),
            Self::Channels(all) => all.iter().map(Span::reach).max().unwrap_or_default(),
        }
    }
}

/// The forms of ranges.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Layers by name; the range of all others, where one is stated.
    Named {
        /// The layers.
        layers: Vec<(String, Extent)>,
        /// Of every other activation.
        rest: Option<Span>,
    },
    /// One for each activation, in order.
    Ordered(Vec<Span>),
    /// B is this margin times the greatest |input| over the samples that it is fitted on.
    Margin(Rational),
}

/// One number of a file.
pub(super) fn number(text: &str, place: impl Fn() -> String) -> Result<Rational> {
    number::parse(text.trim()).map_err(|e| Error::parse(place(), e.to_string()))
}

pub(super) fn check_count(n: usize) -> Result<()> {
    if n > MAX_LAYERS {
        return Err(Error::parse("", format!("more than {MAX_LAYERS} ranges")));
    }
    Ok(())
}
