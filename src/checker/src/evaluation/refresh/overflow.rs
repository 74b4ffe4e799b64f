//! Rule B2: how likely a raised coefficient has a multiple of q_0 in it that EvalMod was not made for.

use crate::core::number::Rational;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

/// Arguments are rounded down to multiples of 2^-48.
const GRID: u64 = 48;

/// P(|I| > `most`) of one coefficient at most: h residues over q_0 with signs, |message with noise| <= mu q_0 (EVALUATION.md, B2).
///
/// 2/h! sum_k (-1)^k C(h, k) (h/2 - x - k)_+^h for x = most + 1/2 - mu - h/(2 q_0).
pub(crate) fn beyond(h: u64, most: u64, mu: &Rational, q0: u64) -> Rational {
    let x = Rational::raw((2 * most + 1).into(), 2.into())
        .plus(&mu.negated())
        .plus(&Rational::raw(h.into(), (BigInt::from(q0) * 2u32).clone()).negated());
    let x = x.floor_at(GRID);
    if !x.is_positive() {
        return Rational::integer(1);
    }
    // In units of 2^-48.
    let mut left: BigInt = (BigInt::from(h) << (GRID - 1)) - x;
    let (mut sum, mut binomial) = (BigInt::zero(), BigInt::one());
    let exponent = u32::try_from(h).unwrap_or(u32::MAX);
    let mut k = 0u64;
    while left.is_positive() {
        let term = left.pow(exponent) * &binomial;
        if k % 2 == 0 {
            sum += term;
        } else {
            sum -= term;
        }
        k += 1;
        binomial = binomial * (h + 1 - k) / k;
        left -= BigInt::one() << GRID;
    }
    let factorial = (1..=h).fold(BigInt::one(), |all, i| all * i);
    Rational::raw(sum << 1u32, factorial << (GRID * h))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether x is from 2^-(n + 1) to 2^-n.
    fn is_near(x: &Rational, n: u64) -> bool {
        let power = |n: u64| Rational::dyadic(BigInt::one(), n);
        *x <= power(n) && *x >= power(n + 1)
    }

    #[test]
    fn tails_of_a_weight_of_32() {
        let q0 = 1u64 << 50;
        let mu = Rational::raw(1.into(), 16.into());
        // 2^-58.0, 2^-73.2, 2^-96.1, 2^-143.2.
        for (most, n) in [(12, 58), (13, 73), (14, 96), (15, 143)] {
            let got = beyond(32, most, &mu, q0);
            assert!(
                is_near(&got, n),
                "{most}: {} bits",
                got.denom().bits() - got.numer().bits()
            );
        }
        assert!(beyond(32, 16, &mu, q0).is_zero());
        // Two summands: P(|S| > 1/2) = 1/4, and a little more.
        let two = beyond(2, 0, &Rational::integer(0), q0);
        assert!(two >= Rational::dyadic(BigInt::one(), 2) && !is_near(&two, 2));
        let one = Rational::integer(1);
        assert_eq!(beyond(2, 0, &one, q0), one);
    }
}
