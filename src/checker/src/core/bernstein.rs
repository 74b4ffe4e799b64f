//! Sign changes of Bernstein coefficients, in exact integers.

use crate::core::budget::{limbs, size, Budget};
use crate::core::fault::{Checked, Fault};
use crate::core::polynomial::longest;
use num_bigint::{BigInt, Sign};
use num_traits::Zero;

/// Number of sign changes, zeros skipped, of the Bernstein coefficients on
/// [lo/2^bits, hi/2^bits] of the polynomial sum_j a_j y^j; lo < hi.
///
/// Positive factors do not matter. With d the degree and y = (A + W z)/2^s, 0 <= z <= 1, the
/// polynomial 2^(s d) a(y) = sum_j a_j 2^(s(d-j)) (A + W z)^j =: sum_k b_k z^k is a Taylor shift by A
/// and a scaling by W^k. With z = x/(1+x), (1+x)^d times it is sum_k b_k x^k (1+x)^(d-k), whose
/// coefficient of x^k is binom(d, k) times the k-th Bernstein coefficient. Reversed (x -> 1/x) that is
/// sum_k b_k (1+x)^(d-k), the Taylor shift by 1 of the reversed b; a reversed sequence has the same
/// number of sign changes.
///
/// # Errors
/// A rejection beyond the limits.
pub(crate) fn sign_changes(
    a: &[BigInt],
    lo: &BigInt,
    hi: &BigInt,
    bits: u64,
    budget: &Budget,
) -> Checked<usize> {
    let degree = a.len().saturating_sub(1) as u64;
    let width = hi - lo;
    // Common trailing zeros of the end points are no part of the numbers' size.
    let zeros = [lo, hi].iter().filter_map(|x| x.trailing_zeros()).min();
    let strip = zeros.unwrap_or(0).min(bits);
    let (start, width, s) = (lo >> strip, width >> strip, bits - strip);

    let step = s.max(start.bits()).max(width.bits()) + 1;
    let total = longest(a)
        .saturating_mul(64)
        .saturating_add(step.saturating_mul(degree + 1));
    size(total)?;
    let multiplications = (limbs(&start) + limbs(&width)).saturating_add(1);
    budget.charge((degree + 1) * (degree + 1) * ((total / 64 + 1) * multiplications + 60))?;

    let mut b: Vec<BigInt> = (0..=degree)
        .zip(a)
        .map(|(j, a_j)| a_j << (s * (degree - j)))
        .collect();
    if !start.is_zero() {
        taylor_shift(&mut b, |above| above * &start)?;
    }
    let mut power = BigInt::from(1);
    for b_k in b.iter_mut().skip(1) {
        power *= &width;
        *b_k *= &power;
    }
    b.reverse();
    taylor_shift(&mut b, BigInt::clone)?;
    Ok(count(&b))
}

/// b(z) := b(z + shift), by repeated synthetic division; `times` multiplies by the shift.
fn taylor_shift(b: &mut [BigInt], times: impl Fn(&BigInt) -> BigInt) -> Checked<()> {
    for i in 0..b.len() {
        for k in (i + 1..b.len()).rev() {
            let halves = b.split_at_mut_checked(k);
            let Some((Some(below), Some(above))) =
                halves.map(|(low, high)| (low.last_mut(), high.first()))
            else {
                return Err(Fault::internal("Taylor shift"));
            };
            *below += times(above);
        }
    }
    Ok(())
}

/// Sign changes of a sequence, zeros skipped.
fn count(sequence: &[BigInt]) -> usize {
    let mut last = Sign::NoSign;
    let mut changes = 0;
    for sign in sequence.iter().map(BigInt::sign) {
        if sign != Sign::NoSign {
            if last != Sign::NoSign && sign != last {
                changes += 1;
            }
            last = sign;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::number::Rational;

    fn random(seed: &mut u64, n: u64) -> i64 {
        *seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        ((*seed >> 33) % n) as i64
    }

    /// prod (y - root/16)
    fn product(roots: &[i64]) -> Vec<BigInt> {
        let mut p = vec![BigInt::from(1)];
        for root in roots {
            let mut next = vec![BigInt::zero(); p.len() + 1];
            for (j, c) in p.iter().enumerate() {
                next[j + 1] += c * 16;
                next[j] -= c * root;
            }
            p = next;
        }
        p
    }

    fn changes(p: &[BigInt], lo: i64, hi: i64) -> usize {
        // 1/16 = 16/256: the common zeros are to be stripped.
        sign_changes(p, &(lo * 16).into(), &(hi * 16).into(), 8, &Budget::new()).unwrap()
    }

    /// Polynomials with real roots alone: the number of changes is the exact number of roots inside.
    #[test]
    fn products_of_linear_factors_are_counted_exactly() {
        let mut seed = 3;
        for _ in 0..500 {
            let n = random(&mut seed, 9);
            let roots: Vec<i64> = (0..n).map(|_| random(&mut seed, 65) - 32).collect();
            let lo = random(&mut seed, 65) - 32;
            let hi = lo + 1 + random(&mut seed, 32);
            let inside = roots.iter().filter(|r| lo < **r && **r < hi).count();
            assert_eq!(
                changes(&product(&roots), lo, hi),
                inside,
                "{roots:?} {lo} {hi}"
            );
        }
    }

    /// Against the textbook formula: beta_i = sum_k binom(i, k)/binom(d, k) b_k, in exact rationals.
    #[test]
    fn agrees_with_the_textbook_formula() {
        let binomial = |n: u64, k: u64| (0..k).fold(1_u64, |b, i| b * (n - i) / (i + 1));
        let mut seed = 11;
        for _ in 0..300 {
            let d = random(&mut seed, 8) as u64;
            let a: Vec<BigInt> = (0..=d)
                .map(|_| (random(&mut seed, 41) - 20).into())
                .collect();
            let (lo, width) = (random(&mut seed, 33) - 16, 1 + random(&mut seed, 40));
            // b(z) = a(lo + width z) by binomial expansion, end points in eighths.
            let mut b = vec![Rational::integer(0); d as usize + 1];
            for (j, a_j) in (0_u32..).zip(&a) {
                for k in 0..=j {
                    let term = a_j * binomial(j.into(), k.into()) * BigInt::from(lo).pow(j - k);
                    let term =
                        Rational::dyadic(term * BigInt::from(width).pow(k), 3 * u64::from(j));
                    b[k as usize] = b[k as usize].plus(&term);
                }
            }
            let betas = (0..=d).map(|i| {
                let zero = Rational::integer(0);
                let beta = (0..=i).fold(zero, |sum, k| {
                    let ratio = Rational::raw(binomial(i, k).into(), binomial(d, k).into());
                    sum.plus(&ratio.times(&b[k as usize]))
                });
                beta.numer().clone()
            });
            let expected = count(&betas.collect::<Vec<_>>());
            let found = sign_changes(&a, &lo.into(), &(lo + width).into(), 3, &Budget::new());
            assert_eq!(found.unwrap(), expected, "{a:?} {lo} {width}");
        }
    }

    #[test]
    fn degenerate_polynomials_and_limits() {
        assert_eq!(changes(&[], -3, 5), 0);
        assert_eq!(changes(&[BigInt::from(-7)], 0, 5), 0);
        // A double root is counted twice, and roots at the ends are not counted.
        assert_eq!(changes(&product(&[2, 2]), 0, 5), 2);
        assert_eq!(changes(&product(&[0, 5]), 0, 5), 0);
        let wild = vec![BigInt::from(1); 256];
        let far: BigInt = (BigInt::from(1) << 2000) + 1;
        assert!(sign_changes(&wild, &BigInt::from(1), &far, 2000, &Budget::new()).is_err());
    }
}
