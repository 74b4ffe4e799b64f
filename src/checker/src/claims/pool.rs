//! The `pool` claim: a tournament of pairwise maxima.

use crate::claims::tournament::{map_input, tournament};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Interval;
use crate::core::ground::Ground;
use crate::core::number::Rational;
use crate::core::statement::CompositeClaim;
use num_bigint::Sign;
use num_traits::Zero;

const RULE: Rule = Rule::Own("pool");

fn fail<T>(detail: &str) -> Checked<T> {
    Err(Fault::rejected(RULE, detail))
}

/// The tournament of m over inputs in [-range, range], mapped by x -> c x + 1/2, is within hi of their maximum.
#[derive(Debug)]
pub(crate) struct Pool<'a> {
    pub(crate) inputs: usize,
    pub(crate) range: &'a Rational,
    /// c > 0.
    pub(crate) input_scale: &'a Rational,
    pub(crate) hi: &'a Rational,
    /// Inputs for which the error is at least `lo`.
    pub(crate) witness: &'a [Rational],
    pub(crate) lo: &'a Rational,
}

/// Proves a `pool` claim from the claim that it cites.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn prove(pool: &Pool, cited: Option<CompositeClaim>, ground: &Ground) -> Checked<()> {
    let Pool {
        inputs,
        range,
        input_scale,
        hi,
        witness,
        lo,
    } = *pool;
    let Some(CompositeClaim::Deviation {
        to, hi: deviation, ..
    }) = cited
    else {
        return fail("`cites` is not the index of an earlier deviation claim");
    };
    let mut deepest_match = 0;
    let depth = tournament(vec![0_u32; inputs], |i, j| {
        deepest_match = deepest_match.max(i + j);
        Ok(1 + i.max(j))
    })?;
    // A proved deviation bound is not negative, so the match with the largest i + j is the worst one.
    let spread = Rational::integer(2).times(input_scale).times(range);
    let widest = spread.plus(&Rational::integer(deepest_match).times(deviation));
    if widest > *to {
        return fail("the differences of the matches may exceed the range of the cited claim");
    }
    if hi.times(input_scale) < Rational::integer(depth).times(deviation) {
        return fail("hi is below the depth times the cited bound over input_scale");
    }
    check_witness(witness, lo, range, input_scale, ground)
}

/// Proves that the error for the named inputs is at least `lo`, by R4.
fn check_witness(
    inputs: &[Rational],
    lo: &Rational,
    range: &Rational,
    scale: &Rational,
    ground: &Ground,
) -> Checked<()> {
    if inputs.iter().any(|x| x.abs() > *range) {
        return fail("an input of the witness is outside [-range, range]");
    }
    let Some(largest) = inputs.iter().max() else {
        return Err(Fault::internal("no inputs"));
    };
    let map = |x: &Rational| map_input(x, scale, ground);
    let mapped: Checked<Vec<Interval>> = inputs.iter().map(map).collect();
    let result = tournament(mapped?, |a, b| play(&a, &b, ground))?;
    let error = result.minus(&map(largest)?);
    // The error before mapping back is c times the error meant.
    if !ground.reaches(&error, &lo.times(scale)) {
        return fail("the error at the witness is not proved to be at least lo");
    }
    Ok(())
}

/// Encloses m(a, b) = ((a + b) + d p(d))/2 at d = a - b, where d p(d) = |d| q_s(|d|), s the sign of d.
fn play(a: &Interval, b: &Interval, ground: &Ground) -> Checked<Interval> {
    let fixed = &ground.fixed;
    let d = a.minus(b);
    if d.lo.is_zero() && d.hi.is_zero() {
        return Ok(a.clone());
    }
    let (distance, negative) = match d.sign() {
        Some(Sign::Minus) => (d.negated(), true),
        Some(_) => (d, false),
        None => return fail("the difference of a match of the witness has no proved sign"),
    };
    let q = ground.branch(negative)?.on(&distance, fixed)?;
    Ok(a.plus(b).plus(&fixed.mul(&distance, &q)?).half())
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

    /// p = y + y^2, which is not odd: m(a, b) for both signs of a - b, against exact values.
    #[test]
    fn matches_hold_exact_values() {
        let fixed = Fixed {
            precision: 64,
            budget: Budget::new(),
        };
        let (zero, one) = (Rational::integer(0), Rational::integer(1));
        let c = [&zero, &one, &one].map(Rational::clone);
        let p = Polynomial::from_basis(&c, false, &one, &zero, &fixed.budget).unwrap();
        let at = |n: i64| BigInt::from(n) << 58; // n/64
        let branch = |side, boxes: Vec<(BigInt, BigInt)>| {
            let (lo, hi) = (at(0), at(64));
            let value = vec![Segment { lo, hi, boxes }];
            let hint = StageHint { value, slope: None };
            Branch::prove(side, std::slice::from_ref(&p), &[hint], &fixed).unwrap()
        };
        // On the negative side q = y - y^2, which turns at 1/2.
        let branches = vec![
            branch(Side::Positive, Vec::new()),
            branch(Side::Negative, vec![(at(31), at(33))]),
        ];
        let ground = Ground::new(fixed, 1, branches);
        for (a, b) in [
            (10_i64, 50_i64),
            (50, 10),
            (-7, 9),
            (64, 1),
            (0, 0),
            (20, 20),
        ] {
            let point = |n| Interval::point(&at(n));
            let m = play(&point(a), &point(b), &ground).unwrap();
            // (a + b + d (d + d^2))/2, in units of 1/64^3.
            let d = a - b;
            let exact = Rational::dyadic(((a + b) * 4096 + d * (d * 64 + d * d)).into(), 19);
            assert!(
                m.inside(&(exact.floor_at(64) - 9), &(exact.ceil_at(64) + 9)),
                "{a} {b}"
            );
            assert!(
                m.lo <= exact.ceil_at(64) && exact.floor_at(64) <= m.hi,
                "{a} {b}"
            );
        }
        let wide = Interval::new(at(1), at(2));
        assert!(play(&wide, &wide, &ground).is_err());
        // A quantity reaches a bound only with all of its enclosure.
        let reaches = |lo, hi| ground.reaches(&Interval::new(at(lo), at(hi)), &one);
        assert!(reaches(64, 70) && reaches(-70, -64) && !reaches(63, 70) && !reaches(-70, 70));
    }
}
