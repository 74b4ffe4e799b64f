//! The statements that a certificate proves.

use crate::number::Rational;

/// A point at which a quantity is proved to be at least `lo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The point; not 0.
    pub x: Rational,
    /// The proved lower bound.
    pub lo: Rational,
}

/// The function whose error a target claim bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// sign(x)
    Sign,
    /// 1 for x > 0, else 0
    Step,
    /// max(x, 0)
    Relu,
    /// max(x, 0) + slope min(x, 0)
    LeakyRelu,
    /// max(a, b)
    Max,
    /// The maximum of several inputs, by a tournament.
    MaxPool,
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

/// A bound that somebody stated, and what is proved of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedBound {
    /// The stated bound.
    pub bound: Rational,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// The proved enclosure of the maximum error of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The function.
    pub function: Function,
    /// Index of the claim it follows from.
    pub cites: usize,
    /// B > 0, inputs being divided by B; 1 for a max pool.
    pub scale: Rational,
    /// The slope of a leaky ReLU; 0 for the others.
    pub slope: Rational,
    /// The maximum error is at least this.
    pub lo: Rational,
    /// The maximum error is at most this.
    pub hi: Rational,
    /// The bound that somebody stated, if the certificate has one.
    pub claim: Option<StatedBound>,
}

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
            Self::Target(_) => "target",
        }
    }
}

impl Function {
    /// Reads the name in the format.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Sign,
            Self::Step,
            Self::Relu,
            Self::LeakyRelu,
            Self::Max,
            Self::MaxPool,
        ];
        all.into_iter().find(|function| function.name() == text)
    }

    /// The name in the format.
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
}

impl Verdict {
    /// Reads the name in the format.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Proved, Self::Refuted, Self::Undecided];
        all.into_iter().find(|verdict| verdict.name() == text)
    }

    /// The name in the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "PROVED",
            Self::Refuted => "REFUTED",
            Self::Undecided => "UNDECIDED",
        }
    }
}
