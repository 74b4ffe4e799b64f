//! What the claims about a composite say; section 4 of the format has them in words.

use crate::core::number::Rational;

/// A point at which a quantity is proved to be at least `lo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The point; not 0.
    pub x: Rational,
    /// The proved lower bound.
    pub lo: Rational,
}

/// What a target claim says of a bound that somebody else stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The error is at most the bound.
    Proved,
    /// The error exceeds the bound somewhere.
    Refuted,
    /// The proved enclosure of the error holds the bound.
    Undecided,
}

impl Verdict {
    /// The name in the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "PROVED",
            Self::Refuted => "REFUTED",
            Self::Undecided => "UNDECIDED",
        }
    }
}

/// A bound that somebody stated, and what is proved of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedBound {
    /// The stated bound.
    pub bound: Rational,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// A claim about the composite p with r(x) = x (1 + p(x))/2.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CompositeClaim<'a> {
    /// For from <= |x| <= to, s the sign of x: s p_i(...p_1(x)...) lies in ranges\[i\].
    StageRanges {
        from: &'a Rational,
        to: &'a Rational,
        /// One range \[lo, hi\] for each stage.
        ranges: &'a [(Rational, Rational)],
    },
    /// |p(x) - sign(x)| <= hi for from <= |x| <= to; at the witness at least its `lo`.
    Closeness {
        from: &'a Rational,
        to: &'a Rational,
        hi: &'a Rational,
        witness: &'a Witness,
    },
    /// |r(x) - ReLU(x)| <= hi for |x| <= to; at the witness at least its `lo`.
    Deviation {
        to: &'a Rational,
        hi: &'a Rational,
        witness: &'a Witness,
    },
    /// |r'(x) - 1/2| <= hi for |x| <= to; at the witness at least its `lo`.
    Derivative {
        to: &'a Rational,
        hi: &'a Rational,
        witness: &'a Witness,
    },
    /// |r(x)| <= hi for |x| <= to; at the witness at least its `lo`.
    Magnitude {
        to: &'a Rational,
        hi: &'a Rational,
        witness: &'a Witness,
        /// A point beyond `to` where |r| exceeds `hi`.
        escape: Option<&'a Witness>,
    },
}
