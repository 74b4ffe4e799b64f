//! Sums of products modulo a prime that share one reduction.
//!
//! **Method** For at most T < 2^t terms, |a| < 2^c and |b| <= p, 2^(n-1) < p < 2^n, and one residue r_0
//! to start from, let e = c + n + t + 1 and
//! ```text
//! H_0 = B = 3*2^(e-1)   H_k = fma(a_k, b_k, H_(k-1))   l_k = fma(a_k, b_k, H_(k-1) - H_k)   L = r_0 + sum_k l_k
//! ```
//! The terms add up to at most T 2^c p < (1 - 2^-t) 2^(e-1), which leaves room for T roundings, so
//! every H_k lies in \[2^e, 2^(e+1)\], where floats are 2^(e-52) apart. So differences of H are exact,
//! l_k is the error of its rounding, an integer of at most 2^(e-53), and exact as well:
//! r_0 + sum_k a_k b_k = (H_T - B) + L. With s = max(0, c + t - 50) and R = 3*2^(51+s),
//! ```text
//! q = fma(H_T - B, fl(1/p), R) - R     a multiple of 2^s, |q| <= 2^(51+s)
//! r = fma(-q, p, H_T - B) + L          = r_0 + sum_k a_k b_k - q p
//! ```
//! |H_T - B| fl(1/p) is at most 2^(51+s), so q is within 2^(s-1) + 2^(s-2) of (H_T - B)/p, and
//! |r| <= 2^s p + |L|, |L| <= p + T 2^(e-53). All of it is exact where (2^s + 1) 2^n + T 2^(e-53) <= 2^53, which is
//! what [`Sums::new`] asks for.
//!
//! **Cost** four operations a term, where a [`Modulus::product`] and its addition take seven.

use crate::ckks::parameters::modular::{Modulus, ROUND};

/// The constants of a kind of sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sums {
    m: Modulus,
    /// B.
    bias: f64,
    /// R.
    round: f64,
}

/// A sum that is not reduced.
#[derive(Debug, Clone, Copy)]
pub struct Sum {
    /// H.
    pub high: f64,
    /// L.
    pub low: f64,
}

impl Sums {
    /// Sums of up to `terms` products a b with |a| < 2^bits, |b| <= p; `None` where these are too many.
    #[must_use]
    pub fn new(m: &Modulus, terms: usize, bits: u32) -> Option<Self> {
        let (c, n) = (bits, bit_length(m));
        let t = usize::BITS - terms.leading_zeros();
        if t > 8 || c > 50 {
            return None;
        }
        let (e, s) = (c + n + t + 1, (c + t).saturating_sub(50));
        // Times 2^53, so that 2^(e-53) is an integer.
        let reach = (((1u128 << s) + 1) << (n + 53)) + ((terms as u128) << e);
        (reach <= 1 << 106).then(|| Self {
            m: *m,
            bias: 1.5 * 2f64.powi(e as i32),
            round: ROUND * 2f64.powi(s as i32),
        })
    }

    /// The most products of two residues, up to a number, that add up, and how; at least one does.
    #[must_use]
    pub fn longest(m: &Modulus, terms: usize) -> (usize, Self) {
        let fits = |terms| Some((terms, Self::new(m, terms, bit_length(m))?));
        let one = || (1, fits(1).expect("one product, as 2^53 > 3*2^50 + 2^49").1);
        (2..=terms.min(255))
            .rev()
            .find_map(fits)
            .unwrap_or_else(one)
    }

    /// A sum that starts from a residue.
    #[inline(always)]
    pub fn start(&self, residue: f64) -> Sum {
        Sum {
            high: self.bias,
            low: residue,
        }
    }

    /// The residue in [0, p) of a sum.
    #[inline(always)]
    pub fn residue(&self, sum: Sum) -> f64 {
        let high = sum.high - self.bias;
        let q = high.mul_add(self.m.inverse_f64(), self.round) - self.round;
        self.m.residue((-q).mul_add(self.m.float(), high) + sum.low)
    }
}

impl Sum {
    /// The sum and a b.
    #[inline(always)]
    pub fn plus(self, a: f64, b: f64) -> Self {
        let high = a.mul_add(b, self.high);
        Self {
            high,
            low: self.low + a.mul_add(b, self.high - high),
        }
    }
}

fn bit_length(m: &Modulus) -> u32 {
    u64::BITS - m.value().leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::parameters::modular::tests::PRIMES;
    use crate::ckks::parameters::modular::to_u64;

    #[test]
    fn sums_are_exact_at_their_limits() {
        for p in PRIMES {
            let m = Modulus::new(p);
            for bits in [1, 17, 45, 49, 50] {
                let kinds =
                    (1..=255).filter_map(|terms| Some((terms, Sums::new(&m, terms, bits)?)));
                let kinds: Vec<_> = kinds.collect();
                assert!(!kinds.is_empty());
                for &(terms, sums) in kinds.iter().rev().take(3).chain(&kinds[..1]) {
                    let top = (1i64 << bits) - 1;
                    let signs: [fn(usize) -> i64; 4] = [
                        |_| 1,
                        |_| -1,
                        |k| if k % 2 == 0 { 1 } else { -1 },
                        |k| (k as i64 * 3 % 5) - 2,
                    ];
                    for (sign, shift) in signs.iter().flat_map(|s| [0, 1, 2, 12345].map(|d| (s, d)))
                    {
                        let term = |k: usize| {
                            let a = (top - (shift * k as i64) % top) * sign(k)
                                / 2i64.pow((sign(k).abs() > 1).into());
                            (a, p as i64 - (shift * 7 * k as i64) % p as i64)
                        };
                        let first = p - 1;
                        let (mut sum, mut exact) = (sums.start(first as f64), i128::from(first));
                        for k in 0..terms {
                            let (a, b) = term(k);
                            sum = sum.plus(a as f64, b as f64);
                            exact += i128::from(a) * i128::from(b);
                            let both = (sum.high - sums.bias) as i128 + sum.low as i128;
                            assert_eq!(both, exact, "{p} {bits} {terms} {k}");
                        }
                        assert_eq!(to_u64(sums.residue(sum)), m.of_i128(exact));
                    }
                }
            }
        }
        // What the conversions and inner products of real parameters need.
        let m = |i: usize| Modulus::new(PRIMES[i]);
        assert!(Sums::new(&m(2), 7, 50).is_some());
        assert!(Sums::new(&m(0), 3, 50).is_some());
        assert!(Sums::new(&m(0), 4, 50).is_none());
    }
}
