//! The `target` claim: the error of a function, and the verdict on a stated bound.

use crate::claims::shape;
use crate::claims::statement::{Function, Statement, Target, Verdict};
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;

const RULE: &str = "target";

fn fail<T>(detail: &str) -> Checked<T> {
    Err(Fault::rejected(RULE, detail))
}

/// Proves a `target` claim.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn prove(target: &Target, earlier: &[Statement]) -> Checked<()> {
    let Some(cited) = earlier.get(target.cites) else {
        return fail("`cites` is not the index of an earlier claim");
    };
    let one = Rational::integer(1);
    let scale = &target.scale;
    // The factor from the cited bounds to those of the function.
    let (factor, hi, lo) = match (target.function, cited) {
        (Function::Sign, Statement::Closeness { hi, witness, .. }) => (one, hi, &witness.lo),
        (Function::Step, Statement::Closeness { hi, witness, .. }) => {
            (Rational::raw(1.into(), 2.into()), hi, &witness.lo)
        }
        (Function::Relu, Statement::Deviation { hi, witness, .. }) => {
            (scale.clone(), hi, &witness.lo)
        }
        // |x p - |x|| is twice |r - ReLU|.
        (Function::Abs, Statement::Deviation { hi, witness, .. }) => {
            (Rational::integer(2).times(scale), hi, &witness.lo)
        }
        (Function::LeakyRelu, Statement::Deviation { hi, witness, .. }) => {
            let part = one.plus(&target.slope.negated()).abs();
            (scale.times(&part), hi, &witness.lo)
        }
        (Function::Max, Statement::Deviation { to, hi, witness }) => {
            // a - b takes the values from -B to B for a, b in [0, B], and no others.
            if *to < one {
                return fail("the range of the cited claim does not reach 1");
            }
            if witness.x.abs() > one {
                return fail(
                    "the witness of the cited claim is beyond 1, no difference of a, b in [0, B]",
                );
            }
            (scale.clone(), hi, &witness.lo)
        }
        (Function::MaxPool, Statement::Pool { hi, lo, .. }) => (one, hi, lo),
        (Function::Argmax, Statement::Argmax(argmax)) => (one, &argmax.hi, &argmax.lo),
        (Function::Clip, Statement::Clip(clip)) => (one, &clip.hi, &clip.witness.lo),
        (Function::Relu6, Statement::Clip(clip)) => {
            if !clip.lower.is_zero() || clip.upper != Rational::integer(6) {
                return fail("the cited clip does not end at 0 and 6");
            }
            (one, &clip.hi, &clip.witness.lo)
        }
        (Function::Direct(shape), Statement::Lines { parts, hi, witness }) => {
            let lines = shape::lines(shape, &target.slope, &target.ends);
            if let Some(i) = parts.iter().position(|part| !lines.hold(part)) {
                return fail(&format!(
                    "part {i} of the cited claim is not part of the function"
                ));
            }
            (one, hi, &witness.lo)
        }
        _ => return fail("the cited claim has another rule than the function needs"),
    };
    if target.hi < factor.times(hi) {
        return fail("hi is below the bound that follows from the cited claim");
    }
    if target.lo > factor.times(lo) {
        return fail("lo is above the bound that follows from the cited witness");
    }
    if target.lo > target.hi {
        return fail("lo is above hi");
    }
    let Some(claim) = &target.claim else {
        return Ok(());
    };
    match claim.verdict {
        Verdict::Proved if target.hi > claim.bound => fail("PROVED, but hi is above the bound"),
        Verdict::Refuted if target.lo <= claim.bound => {
            fail("REFUTED, but lo is not above the bound")
        }
        Verdict::Undecided if claim.bound < target.lo || claim.bound >= target.hi => {
            fail("UNDECIDED, but the bound is outside [lo, hi)")
        }
        _ => Ok(()),
    }
}
