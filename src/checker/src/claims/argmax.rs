//! The `argmax` claim: one-hot weights by the tournament of a pool.

use crate::claims::tournament::{map_input, tournament};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Interval;
use crate::core::ground::Ground;
use crate::core::number::Rational;
use crate::core::statement::CompositeClaim;
use num_bigint::Sign;

const RULE: Rule = Rule::Own("argmax");

fn fail<T>(detail: &str) -> Checked<T> {
    Err(Fault::rejected(RULE, detail))
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

/// Proves an `argmax` claim from the claims that it cites; the derivation is in the format's section 4.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn prove<'a>(
    a: &Argmax,
    earlier: impl Fn(usize) -> Option<CompositeClaim<'a>>,
    ground: &Ground,
) -> Checked<()> {
    let Some(CompositeClaim::Deviation {
        to, hi: deviation, ..
    }) = earlier(a.deviation)
    else {
        return fail("`deviation` is not the index of an earlier deviation claim");
    };
    let Some(CompositeClaim::Closeness {
        from: least,
        to: far,
        hi: closeness,
        ..
    }) = earlier(a.closeness)
    else {
        return fail("`closeness` is not the index of an earlier closeness claim");
    };
    let Some(CompositeClaim::StageRanges {
        from,
        to: range_to,
        ranges,
    }) = earlier(a.ranges)
    else {
        return fail("`ranges` is not the index of an earlier stage_ranges claim");
    };
    let Some((lowest, highest)) = ranges.last().filter(|_| from.is_zero()) else {
        return fail("the cited ranges do not begin at 0");
    };
    if a.gap > Rational::integer(2).times(&a.range) {
        return fail("the gap is larger than any difference of two inputs");
    }
    let mut deepest_match = 0;
    let depth = tournament(vec![0_u32; a.inputs], |i, j| {
        deepest_match = deepest_match.max(i + j);
        Ok(1 + i.max(j))
    })?;
    let drift = Rational::integer(deepest_match).times(deviation);
    let widest = Rational::integer(2)
        .times(&a.input_scale)
        .times(&a.range)
        .plus(&drift);
    if [to, far, range_to].iter().any(|end| widest > **end) {
        return fail("the differences of the matches may exceed the range of a cited claim");
    }
    if a.input_scale.times(&a.gap).plus(&drift.negated()) < *least {
        return fail(
            "the gap does not keep the winner's differences in the range of the closeness",
        );
    }
    let half = Rational::raw(1.into(), 2.into());
    let one = Rational::integer(1);
    let off = closeness.times(&half);
    let winner = one.plus(&off);
    // |1 +- p|/2 anywhere.
    let share = one.plus(&lowest.abs().max(highest.abs())).times(&half);
    let most = share.max(winner.clone());
    if a.hi.plus(&one) < power(&winner, depth, ground)? {
        return fail("hi is below the bound of the greatest input's weight");
    }
    if a.hi < off.times(&power(&most, depth.saturating_sub(1), ground)?) {
        return fail("hi is below the bound of the other weights");
    }
    check_witness(a, ground)
}

fn power(x: &Rational, exponent: u32, ground: &Ground) -> Checked<Rational> {
    let mut result = Rational::integer(1);
    for _ in 0..exponent {
        ground.fixed.budget.product(result.bits(), x.bits())?;
        result = result.times(x);
    }
    Ok(result)
}

/// A value of the tournament, and the weights of the inputs under it.
struct Entry {
    value: Interval,
    weights: Vec<(usize, Interval)>,
}

/// Proves that a weight at the named inputs is off by at least `lo`, by R4.
fn check_witness(a: &Argmax, ground: &Ground) -> Checked<()> {
    if a.witness.iter().any(|x| x.abs() > a.range) {
        return fail("an input of the witness is outside [-range, range]");
    }
    let numbered = a.witness.iter().enumerate();
    let Some((best, greatest)) = numbered.max_by_key(|(_, x)| *x) else {
        return Err(Fault::internal("no inputs"));
    };
    let others = a.witness.iter().enumerate().filter(|(i, _)| *i != best);
    for (_, x) in others {
        if greatest.plus(&x.negated()) < a.gap {
            return fail("the greatest input of the witness does not exceed the others by the gap");
        }
    }
    let fixed = &ground.fixed;
    let one = Interval::point(&fixed.one());
    let mut entries = Vec::with_capacity(a.inputs);
    for (i, x) in a.witness.iter().enumerate() {
        entries.push(Entry {
            value: map_input(x, &a.input_scale, ground)?,
            weights: vec![(i, one.clone())],
        });
    }
    let last = tournament(entries, |a, b| play(a, b, ground))?;
    for (i, weight) in &last.weights {
        let off = if *i == best {
            fixed.one_minus(weight)
        } else {
            weight.clone()
        };
        if ground.reaches(&off, &a.lo) {
            return Ok(());
        }
    }
    fail("no weight at the witness is proved to be off by at least lo")
}

/// A match: s = (1 + p(a - b))/2 weighs the first, 1 - s the second.
fn play(a: Entry, b: Entry, ground: &Ground) -> Checked<Entry> {
    let fixed = &ground.fixed;
    let d = a.value.minus(&b.value);
    let (distance, negative) = match d.sign() {
        Some(Sign::Minus) => (d.negated(), true),
        Some(_) => (d, false),
        None => return fail("the difference of a match of the witness has no proved sign"),
    };
    let q = ground.branch(negative)?.on(&distance, fixed)?;
    let (near, rest) = (fixed.one_plus(&q).half(), fixed.one_minus(&q).half());
    let (first, second) = if negative { (rest, near) } else { (near, rest) };
    let value = fixed
        .mul(&first, &a.value)?
        .plus(&fixed.mul(&second, &b.value)?);
    let mut weights = Vec::with_capacity(a.weights.len() + b.weights.len());
    for (list, factor) in [(a.weights, &first), (b.weights, &second)] {
        for (i, weight) in list {
            weights.push((i, fixed.mul(&weight, factor)?));
        }
    }
    Ok(Entry { value, weights })
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

    /// p = y + y^2, not odd: values and weights of both orders of a match against exact values; the weights
    /// of a tournament add up to 1.
    #[test]
    fn matches_hold_exact_values() {
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
        let entry = |i, n| Entry {
            value: Interval::point(&at(n)),
            weights: vec![(i, Interval::point(&at(64)))],
        };
        let holds = |x: &Interval, v: &Rational| x.lo <= v.ceil_at(64) && v.floor_at(64) <= x.hi;
        for (a, b) in [(10_i64, 50_i64), (50, 10), (-7, 9), (64, 1)] {
            let m = play(entry(0, a), entry(1, b), &ground).unwrap();
            let d = r(a - b, 64);
            let s = r(1, 1).plus(&d).plus(&d.times(&d)).times(&r(1, 2));
            let rest = r(1, 1).plus(&s.negated());
            let value = s.times(&r(a, 64)).plus(&rest.times(&r(b, 64)));
            assert!(holds(&m.value, &value), "{a} {b}");
            assert!(
                holds(&m.weights[0].1, &s) && holds(&m.weights[1].1, &rest),
                "{a} {b}"
            );
            assert!((&m.value.hi - &m.value.lo).bits() < 10);
        }
        let entries = [3, 40, 11, 25, 33].into_iter().enumerate();
        let entries: Vec<Entry> = entries.map(|(i, n)| entry(i, n)).collect();
        let last = tournament(entries, |a, b| play(a, b, &ground)).unwrap();
        let order: Vec<usize> = last.weights.iter().map(|(i, _)| *i).collect();
        assert_eq!(order, [0, 1, 2, 3, 4]);
        let zero = Interval::point(&BigInt::from(0));
        let sum = last.weights.iter().fold(zero, |sum, (_, w)| sum.plus(w));
        assert!(sum.lo <= at(64) && at(64) <= sum.hi);
        assert!(play(entry(0, 5), entry(1, 5), &ground).is_err());
    }
}
