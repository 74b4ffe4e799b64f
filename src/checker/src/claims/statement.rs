//! The statements that a certificate proves.

use crate::claims::argmax::Argmax;
use crate::claims::clip::Clip;
use crate::claims::direct::Part;
use crate::claims::rounding::Rounding;
use crate::claims::target::{Cited, Target};
use crate::core::number::Rational;
use crate::core::statement::{CompositeClaim, Witness};
use crate::series::rule::Series;
use crate::series::stages::Stages;

/// A proved statement about the composite p with r(x) = x (1 + p(x))/2; see section 4 of the format.
///
/// `Display` gives it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statement {
    /// For from <= |x| <= to, s the sign of x: s p_i(...p_1(x)...) lies in ranges\[i\].
    StageRanges {
        /// Least |x|.
        from: Rational,
        /// Largest |x|.
        to: Rational,
        /// One range \[lo, hi\] for each stage.
        ranges: Vec<(Rational, Rational)>,
    },
    /// |p(x) - sign(x)| <= hi for from <= |x| <= to; at the witness at least its `lo`.
    Closeness {
        /// Least |x|.
        from: Rational,
        /// Largest |x|.
        to: Rational,
        /// The bound.
        hi: Rational,
        /// Where the error is large.
        witness: Witness,
    },
    /// |r(x) - ReLU(x)| <= hi for |x| <= to; at the witness at least its `lo`.
    Deviation {
        /// Largest |x|.
        to: Rational,
        /// The bound.
        hi: Rational,
        /// Where the error is large.
        witness: Witness,
    },
    /// |r'(x) - 1/2| <= hi for |x| <= to; at the witness at least its `lo`.
    Derivative {
        /// Largest |x|.
        to: Rational,
        /// The bound.
        hi: Rational,
        /// Where it is large.
        witness: Witness,
    },
    /// |r(x)| <= hi for |x| <= to; at the witness at least its `lo`.
    Magnitude {
        /// Largest |x|.
        to: Rational,
        /// The bound.
        hi: Rational,
        /// Where |r| is large.
        witness: Witness,
        /// A point beyond `to` where |r| exceeds `hi`.
        escape: Option<Witness>,
    },
    /// The tournament of m over the inputs in \[-range, range\] is within hi of their maximum.
    Pool {
        /// Index of the deviation claim it follows from.
        cites: usize,
        /// Number of inputs.
        inputs: usize,
        /// Largest absolute value of an input.
        range: Rational,
        /// c > 0: inputs are mapped by x -> c x + 1/2.
        input_scale: Rational,
        /// The bound.
        hi: Rational,
        /// Inputs for which the error is at least `lo`.
        witness: Vec<Rational>,
        /// The error at the witness is at least this.
        lo: Rational,
    },
    /// The clip by two ReLUs; the fields are documented there.
    Clip(Clip),
    /// The one-hot weights of a tournament; the fields are documented there.
    Argmax(Argmax),
    /// |p(x) - f(x)| <= hi on every part, f being the part's line; at the witness at least its `lo`.
    Lines {
        /// The parts of f, in order.
        parts: Vec<Part>,
        /// The bound.
        hi: Rational,
        /// Where the error is large.
        witness: Witness,
    },
    /// |p(x) - at| <= hi |x - at|^order for |x - at| <= radius, and hi radius^(order-1) < 1.
    Contraction {
        /// The fixed point.
        at: Rational,
        /// How far from it.
        radius: Rational,
        /// At least 1.
        order: usize,
        /// The factor.
        hi: Rational,
    },
    /// The error of what stands for a smooth function; the fields are documented there.
    Series(Series),
    /// What every stage of its value takes; the fields are documented there.
    Stages(Stages),
    /// What a program in floating point adds to p; the fields are documented there.
    Rounding(Rounding),
    /// The enclosure of the maximum error of a function.
    Target(Target),
}

impl Statement {
    /// The name of its rule in the format.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::StageRanges { .. } => "stage_ranges",
            Self::Closeness { .. } => "closeness",
            Self::Deviation { .. } => "deviation",
            Self::Derivative { .. } => "derivative",
            Self::Magnitude { .. } => "magnitude",
            Self::Pool { .. } => "pool",
            Self::Clip(_) => "clip",
            Self::Argmax(_) => "argmax",
            Self::Lines { .. } => "lines",
            Self::Contraction { .. } => "contraction",
            Self::Series(_) => "series",
            Self::Stages(_) => "stages",
            Self::Rounding(_) => "rounding",
            Self::Target(_) => "target",
        }
    }

    /// Whether its words are of p alone, not of r or m.
    pub(crate) fn is_of_p_alone(&self) -> bool {
        match self {
            Self::Target(target) => target.function.is_of_p_itself(),
            other => other.is_of_p_itself(),
        }
    }

    /// Whether its rule is about p as it is, not about a sign.
    pub(crate) fn is_of_p_itself(&self) -> bool {
        self.is_direct() || matches!(self, Self::Series(_) | Self::Stages(_) | Self::Rounding(_))
    }

    /// Whether its rule needs p as one polynomial.
    pub(crate) fn is_direct(&self) -> bool {
        matches!(self, Self::Lines { .. } | Self::Contraction { .. })
    }

    /// The claim about the composite that it is, if it is one.
    pub(crate) fn composite(&self) -> Option<CompositeClaim<'_>> {
        Some(match self {
            Self::StageRanges { from, to, ranges } => {
                CompositeClaim::StageRanges { from, to, ranges }
            }
            Self::Closeness {
                from,
                to,
                hi,
                witness,
            } => CompositeClaim::Closeness {
                from,
                to,
                hi,
                witness,
            },
            Self::Deviation { to, hi, witness } => CompositeClaim::Deviation { to, hi, witness },
            Self::Derivative { to, hi, witness } => CompositeClaim::Derivative { to, hi, witness },
            Self::Magnitude {
                to,
                hi,
                witness,
                escape,
            } => CompositeClaim::Magnitude {
                to,
                hi,
                witness,
                escape: escape.as_ref(),
            },
            _ => return None,
        })
    }

    /// What a target claim may cite of it.
    pub(crate) fn cited(&self) -> Cited<'_> {
        match self {
            Self::Pool { hi, lo, .. } => Cited::Pool { hi, lo },
            Self::Clip(clip) => Cited::Clip(clip),
            Self::Argmax(argmax) => Cited::Argmax(argmax),
            Self::Lines { parts, hi, witness } => Cited::Lines { parts, hi, witness },
            Self::Series(series) => Cited::Series(series),
            other => other.composite().map_or(Cited::Other, Cited::Composite),
        }
    }
}
