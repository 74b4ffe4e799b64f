//! Rule P7: the interval of a share, by exact tails of the binomial distribution.
//!
//! Of M independent draws n have a property that each has with probability p. An interval [lo, hi] that is made from n holds p
//! but for a probability of `risk`, whatever p is, if for every n
//!
//! sum_{i >= n} C(M, i) lo^i (1 - lo)^(M - i) <= risk/2, or lo = 0, and sum_{i <= n} C(M, i) hi^i (1 - hi)^(M - i) <= risk/2, or hi = 1
//!
//! (Clopper and Pearson 1934): the first sum rises with lo, so p < lo happens only for n whose own tail at p is at most
//! risk/2, and these n together have no more than that; the same above. Where some draws are not decided, n is the least
//! number for lo and the greatest for hi, and both only widen.
//!
//! With p = a/2^16 all terms are integers over 2^(16 M), each from its neighbour by small factors, without rounding.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::plan::document::{Share, SHARE_BITS};
use num_bigint::BigInt;
use num_traits::{One, Zero};

const RULE: Rule = Rule::Own("P7 interval");

/// 2^(16 M) times the probability that at least n of M draws have what each has with probability a/2^16.
///
/// Exact. **Cost** M - n + 1 products of a number of 16 M bits by small ones.
fn upper_tail(n: u64, m: u64, a: &BigInt) -> BigInt {
    let b = (BigInt::one() << SHARE_BITS) - a;
    if n == 0 {
        return BigInt::one() << (SHARE_BITS * m);
    }
    if a.is_zero() {
        return BigInt::zero();
    }
    // C(M, i) a^i b^(M - i) from i = M down.
    let mut term = a.pow(u32::try_from(m).unwrap_or(u32::MAX));
    let mut sum = BigInt::zero();
    let mut i = m;
    while i >= n {
        sum += &term;
        term = term * BigInt::from(i) * &b / (BigInt::from(m - i + 1) * a);
        i -= 1;
    }
    sum
}

/// Whether at least n of M happen with probability at most risk/2.
fn rare(n: u64, m: u64, share: &Rational, risk: &Rational) -> bool {
    let a = share.floor_at(SHARE_BITS);
    // The shorter of the two tails.
    let tail = match n > m / 2 {
        true => upper_tail(n, m, &a),
        false => {
            let whole = BigInt::one() << SHARE_BITS;
            let below = upper_tail(m + 1 - n, m, &(whole - &a));
            (BigInt::one() << (SHARE_BITS * m)) - below
        }
    };
    tail * risk.denom() * 2 <= risk.numer() << (SHARE_BITS * m)
}

/// Proves that a share is one that this interval holds but for `risk`, where of M draws `has` have the property and `lacks` do not.
///
/// # Errors
/// A rejection that names the end.
pub(crate) fn prove(
    what: &str,
    (has, lacks, m): (u64, u64, u64),
    share: &Share,
    risk: &Rational,
) -> Checked<()> {
    let fail = |end: &str| {
        Err(Fault::rejected(
            RULE,
            format!("{what}: the {end} end is not proved by {has} of {m} and {lacks} against"),
        ))
    };
    if has.checked_add(lacks).is_none_or(|sum| sum > m) {
        return Err(Fault::rejected(
            RULE,
            format!("{what}: {has} and {lacks} are more than {m}"),
        ));
    }
    let one = Rational::integer(1);
    if !share.lo.is_zero() && !rare(has, m, &share.lo, risk) {
        return fail("lower");
    }
    // At most M - lacks have it: at least `lacks` have the contrary, of share 1 - hi.
    let contrary = one.plus(&share.hi.negated());
    if !contrary.is_zero() && !rare(lacks, m, &contrary, risk) {
        return fail("upper");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;

    fn share(lo: i64, hi: i64) -> Share {
        let end = |n: i64| Rational::dyadic(n.into(), SHARE_BITS);
        Share {
            lo: end(lo),
            hi: end(hi),
        }
    }

    /// Tails by summing all terms of a small case.
    #[test]
    fn tails_are_sums_of_binomials() {
        for m in 1..9_u64 {
            for a in [1_i64, 777, 32_768, 65_535, 65_536] {
                let (a, b) = (BigInt::from(a), BigInt::from(65_536 - a));
                for n in 0..=m {
                    let mut sum = BigInt::zero();
                    let mut choose = BigInt::one();
                    for i in 0..=m {
                        if i >= n {
                            sum += &choose * a.pow(i as u32) * b.pow((m - i) as u32);
                        }
                        choose = choose * (m - i) / (i + 1);
                    }
                    assert_eq!(upper_tail(n, m, &a), sum, "{n} of {m} at {a}");
                }
            }
        }
    }

    /// 50 of 50 at 95 %: (1/40)^(1/50) = 0.928878..., in units of 2^-16 60875.0...
    #[test]
    fn the_interval_of_the_literature_and_nothing_narrower() {
        let risk = Rational::parse("1/20", &Budget::new()).unwrap();
        let held = |lo, hi, counts| prove("x", counts, &share(lo, hi), &risk).is_ok();
        assert!(held(60_874, 65_536, (50, 0, 50)));
        assert!(!held(60_876, 65_536, (50, 0, 50)));
        assert!(!held(60_874, 65_535, (50, 0, 50)));
        assert!(held(0, 65_536, (0, 0, 50)));
        // 8 of 10: [0.44390, 0.97479].
        assert!(held(29_091, 63_884, (8, 2, 10)));
        assert!(!held(29_093, 63_884, (8, 2, 10)));
        assert!(!held(29_091, 63_882, (8, 2, 10)));
        // One undecided draw widens both ends.
        assert!(!held(29_091, 63_884, (8, 1, 10)) && !held(29_091, 63_884, (7, 2, 10)));
        assert!(prove("x", (8, 3, 10), &share(0, 65_536), &risk).is_err());
    }
}
