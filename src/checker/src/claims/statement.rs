//! The statements that a certificate proves.

use crate::core::number::Rational;

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
    /// |x|, as x p(x/B)
    Abs,
    /// min(max(x, lower), upper), as lower + r_B(x - lower) - r_B(x - upper)
    Clip,
    /// clip with lower = 0, upper = 6
    Relu6,
    /// max(a, b)
    Max,
    /// The maximum of several inputs, by a tournament.
    MaxPool,
    /// One-hot weights of the greatest of several inputs, by a tournament.
    Argmax,
    /// A function that p itself approximates, not through sign.
    Direct(Shape),
}

/// A piecewise linear function that p itself may approximate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// sign(x)
    Sign,
    /// 1 for x > 0, else 0
    Step,
    /// 1 for x > 1/2, else 0: what cleaning polynomials restore
    Bit,
    /// max(x, 0)
    Relu,
    /// max(x, 0) + slope min(x, 0)
    LeakyRelu,
    /// |x|
    Abs,
    /// min(max(x, lower), upper)
    Clip,
    /// clip with lower = 0, upper = 6
    Relu6,
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
    /// B > 0, inputs being divided by B; 1 where the cited claim has its own, or p is used as it is.
    pub scale: Rational,
    /// The slope of a leaky ReLU; 0 for the others.
    pub slope: Rational,
    /// lower and upper of a direct clip; 0 and 6 for the others.
    pub ends: (Rational, Rational),
    /// The maximum error is at least this.
    pub lo: Rational,
    /// The maximum error is at most this.
    pub hi: Rational,
    /// The bound that somebody stated, if the certificate has one.
    pub claim: Option<StatedBound>,
}

/// A line on an interval: one part of a piecewise linear function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Left end.
    pub from: Rational,
    /// Right end.
    pub to: Rational,
    /// The line is slope x + intercept.
    pub slope: Rational,
    /// The line is slope x + intercept.
    pub intercept: Rational,
}

impl Part {
    /// slope x + intercept.
    pub(crate) fn value(&self, x: &Rational) -> Rational {
        self.slope.times(x).plus(&self.intercept)
    }
}

/// |lower + r_B(x - lower) - r_B(x - upper) - clip(x, lower, upper)| <= hi for from <= x <= to, where
/// r_B(x) = B r(x/B).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Index of the deviation claim it follows from.
    pub cites: usize,
    /// B > 0.
    pub scale: Rational,
    /// The lower end of the clip.
    pub lower: Rational,
    /// The upper end of the clip.
    pub upper: Rational,
    /// Least x.
    pub from: Rational,
    /// Largest x.
    pub to: Rational,
    /// The bound.
    pub hi: Rational,
    /// Where the error is large.
    pub witness: Witness,
}

/// If the greatest of the inputs in \[-range, range\] exceeds all others by at least `gap`, then its weight is
/// within hi of 1, and every other weight within hi of 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argmax {
    /// Index of the deviation claim it follows from.
    pub deviation: usize,
    /// Index of the closeness claim it follows from.
    pub closeness: usize,
    /// Index of the stage_ranges claim it follows from.
    pub ranges: usize,
    /// Number of inputs.
    pub inputs: usize,
    /// Largest absolute value of an input.
    pub range: Rational,
    /// c > 0: inputs are mapped by x -> c x + 1/2.
    pub input_scale: Rational,
    /// Least difference of the greatest input to the others.
    pub gap: Rational,
    /// The bound.
    pub hi: Rational,
    /// Inputs with that gap, for which a weight is off by at least `lo`.
    pub witness: Vec<Rational>,
    /// A weight at the witness is off by at least this.
    pub lo: Rational,
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
            Self::Target(_) => "target",
        }
    }

    /// Whether its words are of p alone, not of r or m.
    pub(crate) fn is_of_p_alone(&self) -> bool {
        match self {
            Self::Target(target) => matches!(target.function, Function::Direct(_)),
            other => other.is_direct(),
        }
    }

    /// Whether its rule needs p as one polynomial.
    pub(crate) fn is_direct(&self) -> bool {
        matches!(self, Self::Lines { .. } | Self::Contraction { .. })
    }
}

impl Function {
    /// Every function, with its name in the format.
    const ALL: [(Self, &'static str); 18] = [
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
    ];

    /// Reads the name in the format.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(function, _)| *function)
    }

    /// The name in the format.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(function, _)| *function == self);
        found.map_or("", |(_, name)| name)
    }

    /// All names.
    pub(crate) fn names(separator: &str) -> String {
        Self::ALL.map(|(_, name)| name).join(separator)
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
