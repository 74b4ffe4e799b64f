//! The `clip` claim: lower + r_B(x - lower) - r_B(x - upper), where r_B(x) = B r(x/B).

use crate::core::cells::g_at_interval;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Interval;
use crate::core::ground::Ground;
use crate::core::number::Rational;
use crate::core::statement::{CompositeClaim, Witness};
use num_bigint::Sign;

const RULE: Rule = Rule::Own("clip");

fn fail<T>(detail: &str) -> Checked<T> {
    Err(Fault::rejected(RULE, detail))
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

/// Proves a `clip` claim from the claim that it cites.
///
/// clip(x, l, u) = l + ReLU(x - l) - ReLU(x - u), and each r_B is within B E of its ReLU while the argument
/// is within B W of 0.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn prove(clip: &Clip, cited: Option<CompositeClaim>, ground: &Ground) -> Checked<()> {
    let Some(CompositeClaim::Deviation {
        to, hi: deviation, ..
    }) = cited
    else {
        return fail("`cites` is not the index of an earlier deviation claim");
    };
    // The arguments x - l and x - u lie between from - upper and to - lower.
    let reach = clip.scale.times(to);
    let least = clip.from.plus(&clip.upper.negated());
    let most = clip.to.plus(&clip.lower.negated());
    if least < reach.negated() || most > reach {
        return fail("x - lower or x - upper may exceed the range of the cited claim");
    }
    let two = Rational::integer(2);
    if clip.hi < two.times(&clip.scale).times(deviation) {
        return fail("hi is below 2 B times the cited bound");
    }
    let x = &clip.witness.x;
    if *x < clip.from || *x > clip.to {
        return fail("the witness is outside the range of the claim");
    }
    let error = error_at(clip, x, ground)?;
    if !ground.reaches(&error, &clip.witness.lo) {
        return fail("the quantity at the witness is not proved to be at least lo");
    }
    Ok(())
}

/// Encloses the error at x: B (g((x - u)/B) - g((x - l)/B)), where g(d) = ReLU(d) - r(d) on either side.
fn error_at(clip: &Clip, x: &Rational, ground: &Ground) -> Checked<Interval> {
    let fixed = &ground.fixed;
    let g = |end: &Rational| -> Checked<Interval> {
        let distance = x.plus(&end.negated());
        // |x - end|/B, exactly, and then rounded outward.
        fixed.budget.product(distance.bits(), clip.scale.bits())?;
        let numerator = distance.numer().magnitude() * clip.scale.denom().magnitude();
        let denominator = distance.denom() * clip.scale.numer();
        let words = (numerator.bits() + denominator.bits() + fixed.precision) / 64 + 1;
        fixed.budget.charge(words * words)?;
        let y = Rational::raw(numerator.into(), denominator);
        let over = Interval::new(y.floor_at(fixed.precision), y.ceil_at(fixed.precision));
        let negative = distance.numer().sign() == Sign::Minus;
        g_at_interval(ground.branch(negative)?, &over, fixed)
    };
    let difference = g(&clip.upper)?.minus(&g(&clip.lower)?);
    let scale = Interval::new(
        clip.scale.floor_at(fixed.precision),
        clip.scale.ceil_at(fixed.precision),
    );
    fixed.mul(&scale, &difference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::core::cascade::{Branch, Side, StageHint};
    use crate::core::fixed::Fixed;
    use crate::core::pieces::Segment;
    use crate::core::polynomial::Polynomial;
    use num_bigint::BigInt;

    /// p = y + y^2, not odd: the error at points on all sides of both ends, against exact values.
    #[test]
    fn errors_hold_exact_values() {
        let fixed = Fixed {
            precision: 64,
            budget: Budget::new(),
        };
        let r = |n: i64, d: i64| Rational::raw(n.into(), d.into());
        let c = [r(0, 1), r(1, 1), r(1, 1)];
        let p = Polynomial::from_basis(&c, false, &r(1, 1), &r(0, 1), &fixed.budget).unwrap();
        let at = |n: i64| BigInt::from(n) << 58; // n/64
        let branch = |side, boxes: Vec<(BigInt, BigInt)>| {
            let (lo, hi) = (at(0), at(128));
            let value = vec![Segment { lo, hi, boxes }];
            let hint = StageHint { value, slope: None };
            Branch::prove(side, std::slice::from_ref(&p), &[hint], &fixed).unwrap()
        };
        let branches = vec![
            branch(Side::Positive, Vec::new()),
            branch(Side::Negative, vec![(at(31), at(33))]),
        ];
        let ground = Ground::new(fixed, 1, branches);
        let clip = Clip {
            cites: 0,
            scale: r(5, 2),
            lower: r(-1, 3),
            upper: r(1, 1),
            from: r(-1, 1),
            to: r(2, 1),
            hi: r(9, 1),
            witness: Witness {
                x: r(1, 1),
                lo: r(0, 1),
            },
        };
        // r_B(x) = x (1 + p(x/B))/2.
        let relu = |x: &Rational| {
            let y = x.times(&r(2, 5));
            let p = y.plus(&y.times(&y));
            x.times(&r(1, 1).plus(&p)).times(&r(1, 2))
        };
        for n in -16..=32 {
            let x = r(n, 16);
            let parts = [&clip.lower, &clip.upper].map(|end| relu(&x.plus(&end.negated())));
            let value = clip.lower.plus(&parts[0]).plus(&parts[1].negated());
            let exact = value.plus(
                &x.clone()
                    .max(clip.lower.clone())
                    .min(clip.upper.clone())
                    .negated(),
            );
            let found = error_at(&clip, &x, &ground).unwrap();
            assert!(
                found.lo <= exact.ceil_at(64) && exact.floor_at(64) <= found.hi,
                "{n}"
            );
            assert!((&found.hi - &found.lo).bits() < 10, "{n}");
        }
    }
}
