//! The `target` claim of any function: which claim it follows from, and with which factor.

use crate::claims::argmax::Argmax;
use crate::claims::clip::Clip;
use crate::claims::direct::Part;
use crate::claims::shape::{lines, Shape};
use crate::core::fault::Checked;
use crate::core::number::Rational;
use crate::core::statement::{CompositeClaim, StatedBound, Witness};
use crate::core::target::{enclosed, fail, of_composite, Factored, SignFunction};
use crate::series::rule::Series;

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
    /// A smooth function, which the cited claim names.
    Smooth,
}

impl Function {
    /// Every function, with its name in the format.
    const ALL: [(Self, &'static str); 19] = [
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

    /// Whether p itself stands for it, not a sign.
    pub(crate) fn is_of_p_itself(self) -> bool {
        matches!(self, Self::Direct(_) | Self::Smooth)
    }

    /// Whether a target has its slope.
    pub(crate) fn has_slope(self) -> bool {
        matches!(self, Self::LeakyRelu | Self::Direct(Shape::LeakyRelu))
    }

    /// Whether a target has lower and upper.
    pub(crate) fn has_ends(self) -> bool {
        self == Self::Direct(Shape::Clip)
    }

    /// All names.
    pub(crate) fn names(separator: &str) -> String {
        Self::ALL.map(|(_, name)| name).join(separator)
    }
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

/// An earlier claim, as far as a target may follow from it.
#[derive(Debug)]
pub(crate) enum Cited<'a> {
    Composite(CompositeClaim<'a>),
    Pool {
        hi: &'a Rational,
        lo: &'a Rational,
    },
    Clip(&'a Clip),
    Argmax(&'a Argmax),
    Lines {
        parts: &'a [Part],
        hi: &'a Rational,
        witness: &'a Witness,
    },
    Series(&'a Series),
    Other,
}

/// Proves a `target` claim from the claim that it cites.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn prove(target: &Target, cited: Option<Cited>) -> Checked<()> {
    let Some(cited) = cited else {
        return fail("`cites` is not the index of an earlier claim");
    };
    let cited = follows(target, cited)?;
    enclosed(&target.lo, &target.hi, target.claim.as_ref(), &cited)
}

/// The cited bounds, and the factor from them to those of the function.
///
/// # Errors
/// A rejection if the function does not follow from a claim of that rule.
pub(crate) fn follows<'a>(target: &Target, cited: Cited<'a>) -> Checked<Factored<'a>> {
    let same = |hi, lo| {
        let factor = Rational::integer(1);
        Ok(Factored { factor, hi, lo })
    };
    let sign = match target.function {
        Function::Sign => Some(SignFunction::Sign),
        Function::Step => Some(SignFunction::Step),
        Function::Relu => Some(SignFunction::Relu),
        Function::LeakyRelu => Some(SignFunction::LeakyRelu(&target.slope)),
        Function::Abs => Some(SignFunction::Abs),
        Function::Max => Some(SignFunction::Max),
        _ => None,
    };
    match (target.function, cited) {
        (Function::MaxPool, Cited::Pool { hi, lo }) => same(hi, lo),
        (Function::Argmax, Cited::Argmax(argmax)) => same(&argmax.hi, &argmax.lo),
        (Function::Clip, Cited::Clip(clip)) => same(&clip.hi, &clip.witness.lo),
        (Function::Relu6, Cited::Clip(clip)) => {
            if !clip.lower.is_zero() || clip.upper != Rational::integer(6) {
                return fail("the cited clip does not end at 0 and 6");
            }
            same(&clip.hi, &clip.witness.lo)
        }
        (Function::Direct(shape), Cited::Lines { parts, hi, witness }) => {
            let lines = lines(shape, &target.slope, &target.ends);
            if let Some(i) = parts.iter().position(|part| !lines.hold(part)) {
                return fail(format!(
                    "part {i} of the cited claim is not part of the function"
                ));
            }
            same(hi, &witness.lo)
        }
        (Function::Smooth, Cited::Series(series)) => same(&series.hi, &series.witness.lo),
        (_, Cited::Composite(claim)) => match sign {
            Some(function) => of_composite(function, &target.scale, claim),
            None => fail("the cited claim has another rule than the function needs"),
        },
        _ => fail("the cited claim has another rule than the function needs"),
    }
}
