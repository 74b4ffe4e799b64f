//! Sums of products at vector speed: panels of eight outputs, exact weights, f64 or about 106 bits.
//!
//! A panel holds, for each of K terms, the input of eight outputs side by side. All bounds hold for any
//! order of summation, so the compiler may arrange the loops as it likes.
//!
//! **Rounding.** A = sum |w| |hi|. A chain of K fused multiply-adds is off by at most gamma_K A (Higham,
//! Accuracy and Stability of Numerical Algorithms, section 3.1). The double kernel splits w hi = p + e and
//! s + p = s' + t exactly and sums q_k = t_k + (e_k + w lo_k) in f64: |e|, |w lo| <= u |w hi| and
//! |t_k| <= u |s_k| <= u (1 + gamma_K) A, so that the exact sum of all |t|, |e|, |w lo| is at most
//! u A (K (1 + gamma_K) + 2), and its computation is off by gamma_{K+2} of that: below
//! (K + 3)^2 u^2 A (1 + 2^-20) for K < 2^24 (Ogita, Rump, Oishi, Accurate sum and dot product, 2005).
//!
//! **Underflow.** Sums lose nothing; a product or fma loses at most eta/2, eta = 2^-1074, beside its relative error,
//! and no later factor multiplies it: a chain adds up K eta/2, the double kernel (p + e and w lo) 3 K eta/2. Below
//! 2^26 eta < 10^-315 for K < 2^24, which the radius's absolute term (`up`, 10^-300) covers.

use crate::arith::ball::{two_product, two_sum, U};

/// Outputs of a panel.
pub const LANES: usize = 8;
/// Most terms of a sum, so that the rounding bounds hold.
pub const MAX_TERMS: usize = 1 << 24;

/// Eight neighbours.
pub type Lanes = [f64; LANES];

/// kappa with |computed - exact| <= kappa sum |w| |hi|, for sums of `terms` products.
pub fn rounding(terms: usize, double: bool) -> f64 {
    let k = (terms + 3) as f64;
    if double {
        1.000_001 * k * k * U * U
    } else {
        1.000_001 * k * U
    }
}

/// sum_k w_k x_k for `R` rows of weights and eight inputs, in f64.
///
/// Not inlined: only where all sums leave side by side does the compiler keep eight of them in vectors, 5 times as fast.
#[inline(never)]
pub fn single<const R: usize, const ABS: bool>(w: [&[f64]; R], x: &[Lanes]) -> [Lanes; R] {
    let mut s = [[0.0; LANES]; R];
    let w = w.map(|row| &row[..x.len()]);
    for (k, x) in x.iter().enumerate() {
        for r in 0..R {
            let c = if ABS { w[r][k].abs() } else { w[r][k] };
            for l in 0..LANES {
                s[r][l] = c.mul_add(x[l], s[r][l]);
            }
        }
    }
    s
}

/// sum_k w_k (hi_k + lo_k) for `R` rows of weights and eight inputs, as normalised pairs.
#[inline(always)]
pub fn double<const R: usize>(
    w: [&[f64]; R],
    hi: &[Lanes],
    lo: &[Lanes],
) -> ([Lanes; R], [Lanes; R]) {
    let mut s = [[0.0; LANES]; R];
    let mut c = [[0.0; LANES]; R];
    let w = w.map(|row| &row[..hi.len()]);
    for (k, (hi, lo)) in hi.iter().zip(lo).enumerate() {
        for r in 0..R {
            let w = w[r][k];
            for l in 0..LANES {
                let (p, e) = two_product(w, hi[l]);
                let (sum, t) = two_sum(s[r][l], p);
                s[r][l] = sum;
                c[r][l] += t + w.mul_add(lo[l], e);
            }
        }
    }
    for r in 0..R {
        for l in 0..LANES {
            (s[r][l], c[r][l]) = two_sum(s[r][l], c[r][l]);
        }
    }
    (s, c)
}

/// The same with eight rows of weights side by side and one input: for dense layers.
#[inline(always)]
pub fn single_column<const ABS: bool>(w: &[Lanes], x: &[f64]) -> Lanes {
    let mut s = [0.0; LANES];
    for (w, &x) in w.iter().zip(x) {
        for l in 0..LANES {
            let c = if ABS { w[l].abs() } else { w[l] };
            s[l] = c.mul_add(x, s[l]);
        }
    }
    s
}

/// As [`double`], with eight rows of weights side by side and one input.
#[inline(always)]
pub fn double_column(w: &[Lanes], hi: &[f64], lo: &[f64]) -> (Lanes, Lanes) {
    let (mut s, mut c) = ([0.0; LANES], [0.0; LANES]);
    for ((w, &hi), &lo) in w.iter().zip(hi).zip(lo) {
        for l in 0..LANES {
            let (p, e) = two_product(w[l], hi);
            let (sum, t) = two_sum(s[l], p);
            s[l] = sum;
            c[l] += t + w[l].mul_add(lo, e);
        }
    }
    for l in 0..LANES {
        (s[l], c[l]) = two_sum(s[l], c[l]);
    }
    (s, c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Rational;

    fn q(x: f64) -> Rational {
        Rational::from_f64(x).unwrap()
    }

    /// Ill-conditioned sums: the exact result is far below the terms.
    #[test]
    fn sums_are_within_their_bounds_even_where_terms_cancel() {
        let mut state = 3u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            (state >> 11) as f64 * U - 0.5
        };
        for terms in [1, 2, 7, 100, 577] {
            let mut w: Vec<f64> = (0..terms)
                .map(|k| next() * 2f64.powi(k % 31 - 15))
                .collect();
            let mut hi: Vec<Lanes> = (0..terms).map(|_| [(); LANES].map(|()| next())).collect();
            for k in (1..terms as usize).step_by(2) {
                // Neighbours cancel to all but their last bits.
                w[k] = -w[k - 1] * (1.0 + 4.0 * U);
                hi[k] = hi[k - 1];
            }
            let lo: Vec<Lanes> = hi.iter().map(|h| h.map(|h| h * U * 0.9)).collect();
            let (s, c) = double([&w], &hi, &lo);
            let plain = single::<1, false>([&w], &hi)[0];
            let size = single::<1, true>(
                [&w],
                &hi.iter().map(|h| h.map(f64::abs)).collect::<Vec<_>>(),
            )[0];
            for l in 0..LANES {
                let sum = |part: &dyn Fn(usize) -> Rational| {
                    (0..terms as usize).fold(Rational::new(), |a, k| a + q(w[k]) * part(k))
                };
                let exact = sum(&|k| q(hi[k][l]) + q(lo[k][l]));
                let off = (exact - q(s[0][l]) - q(c[0][l])).abs();
                let bound = q(rounding(terms as usize, true)) * q(size[l]);
                assert!(off <= bound, "{terms} terms");
                let off = (sum(&|k| q(hi[k][l])) - q(plain[l])).abs();
                assert!(off <= q(rounding(terms as usize, false)) * q(size[l]));
                assert!(c[0][l].abs() <= U * s[0][l].abs());
            }
            // The same sums with weights side by side.
            let columns: Vec<Lanes> = w.iter().map(|&w| [w; LANES]).collect();
            let x: Vec<f64> = hi.iter().map(|h| h[0]).collect();
            let y: Vec<f64> = lo.iter().map(|h| h[0]).collect();
            assert_eq!(double_column(&columns, &x, &y).0[3], s[0][0]);
            assert_eq!(single_column::<false>(&columns, &x)[5], plain[0]);
        }
    }
}
