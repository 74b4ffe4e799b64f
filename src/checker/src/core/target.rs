//! The `target` claim: the error of a function, and the verdict on a stated bound.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::core::statement::{CompositeClaim, StatedBound, Verdict};

/// The rule's name.
pub(crate) const RULE: Rule = Rule::Own("target");

/// A function that is made of the sign which the composite approximates.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SignFunction<'a> {
    Sign,
    Step,
    Relu,
    /// With its slope.
    LeakyRelu(&'a Rational),
    Abs,
    Max,
}

/// Bounds of a cited claim, and the factor from them to the bounds of the function's error.
#[derive(Debug)]
pub(crate) struct Factored<'a> {
    pub(crate) factor: Rational,
    pub(crate) hi: &'a Rational,
    pub(crate) lo: &'a Rational,
}

/// A condition of the rule that is not met.
pub(crate) fn fail<T>(detail: impl Into<String>) -> Checked<T> {
    Err(Fault::rejected(RULE, detail))
}

/// What a cited claim about the composite says of a function of x/B, B = `scale`.
///
/// # Errors
/// A rejection if the function does not follow from a claim of that rule.
pub(crate) fn of_composite<'a>(
    function: SignFunction,
    scale: &Rational,
    cited: CompositeClaim<'a>,
) -> Checked<Factored<'a>> {
    let one = Rational::integer(1);
    let (factor, hi, witness) = match (function, cited) {
        (SignFunction::Sign, CompositeClaim::Closeness { hi, witness, .. }) => (one, hi, witness),
        (SignFunction::Step, CompositeClaim::Closeness { hi, witness, .. }) => {
            (Rational::raw(1.into(), 2.into()), hi, witness)
        }
        (SignFunction::Relu, CompositeClaim::Deviation { hi, witness, .. }) => {
            (scale.clone(), hi, witness)
        }
        // |x p - |x|| is twice |r - ReLU|.
        (SignFunction::Abs, CompositeClaim::Deviation { hi, witness, .. }) => {
            (Rational::integer(2).times(scale), hi, witness)
        }
        (SignFunction::LeakyRelu(slope), CompositeClaim::Deviation { hi, witness, .. }) => {
            let part = one.plus(&slope.negated()).abs();
            (scale.times(&part), hi, witness)
        }
        (SignFunction::Max, CompositeClaim::Deviation { to, hi, witness }) => {
            // a - b takes the values from -B to B for a, b in [0, B], and no others.
            if *to < one {
                return fail("the range of the cited claim does not reach 1");
            }
            if witness.x.abs() > one {
                return fail(
                    "the witness of the cited claim is beyond 1, no difference of a, b in [0, B]",
                );
            }
            (scale.clone(), hi, witness)
        }
        _ => return fail("the cited claim has another rule than the function needs"),
    };
    let lo = &witness.lo;
    Ok(Factored { factor, hi, lo })
}

/// Proves that [lo, hi] encloses the maximum error, and the verdict on a stated bound.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn enclosed(
    lo: &Rational,
    hi: &Rational,
    stated: Option<&StatedBound>,
    cited: &Factored,
) -> Checked<()> {
    if *hi < cited.factor.times(cited.hi) {
        return fail("hi is below the bound that follows from the cited claim");
    }
    if *lo > cited.factor.times(cited.lo) {
        return fail("lo is above the bound that follows from the cited witness");
    }
    if lo > hi {
        return fail("lo is above hi");
    }
    let Some(StatedBound { bound, verdict }) = stated else {
        return Ok(());
    };
    match verdict {
        Verdict::Proved if hi > bound => fail("PROVED, but hi is above the bound"),
        Verdict::Refuted if lo <= bound => fail("REFUTED, but lo is not above the bound"),
        Verdict::Undecided if bound < lo || bound >= hi => {
            fail("UNDECIDED, but the bound is outside [lo, hi)")
        }
        _ => Ok(()),
    }
}
