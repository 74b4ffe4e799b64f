//! Noise flooding: what a decryption needs before it is shared.
//!
//! A decrypted value m + e reveals e, and with it the key (Li and Micciancio, ePrint 2020/1533). For s bits
//! of statistical security over tau decryptions, a Gaussian of standard deviation
//! `sigma = sqrt(12 tau) 2^(s/2) t` is added, t a bound of |e| (ePrint 2022/816). An estimate of t would
//! make it an estimate; a certified t makes it a bound.
//!
//! **What is per slot.** The theorem bounds the Kullback-Leibler divergence of one number, here of a slot, whose noise
//! is at most t. A ciphertext decrypts to many: the divergences of independent additions add up, so tau counts slots
//! (decryptions times the slots of each), see [`flooding_ciphertexts`]. Likewise the added noise exceeds its bound at
//! some slot with at most the sum of the slots' probabilities.

use crate::noise::formula::tail::LN_2;

/// The flooding noise and what is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flooding {
    /// Standard deviation, in the units of t.
    pub sigma: f64,
    /// `bound` of |added noise| but for probability `2^-k` at one slot.
    pub bound_added: f64,
}

/// Flooding for `s` bits and `tau` decrypted ciphertexts of `slots` slots each, noise at most `t` in every slot.
///
/// **Guarantee** as [`flooding`], with every slot of every ciphertext counted as a decryption of its own; the added
/// noise is within its bound at all slots of one ciphertext but for probability 2^-k.
pub fn flooding_ciphertexts(t: f64, s: u32, tau: u64, slots: u64, k: u32) -> Flooding {
    // ceil(log2 slots) more bits at each slot.
    let union = u64::BITS - slots.max(1).saturating_sub(1).leading_zeros();
    flooding(t, s, tau.saturating_mul(slots.max(1)), k + union)
}

/// Flooding for `s` bits and `tau` decryptions of values whose noise is at most `t`.
///
/// **Guarantee** rounded up by a share of 2^-40; `|X| > sigma sqrt(2 (k+1) ln 2)` has probability at most
/// 2^-k for a Gaussian.
pub fn flooding(t: f64, s: u32, tau: u64, k: u32) -> Flooding {
    let up = 1.0 + 2.0f64.powi(-40);
    let sigma = (12.0 * tau as f64).sqrt() * (f64::from(s) / 2.0).exp2() * t * up;
    let reach = (2.0 * f64::from(k + 1) * LN_2).sqrt();
    Flooding {
        sigma,
        bound_added: sigma * reach * up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_by_hand() {
        let f = flooding(1.0, 30, 1, 40);
        assert!((f.sigma / (12.0f64.sqrt() * 32_768.0) - 1.0).abs() < 1e-9);
        let four = flooding(1.0, 30, 4, 40);
        assert!((four.sigma / f.sigma - 2.0).abs() < 1e-9);
        assert!((f.bound_added / f.sigma - 7.539).abs() < 1e-2);
    }

    /// 1,024 slots: sigma is 32 times as much, and 2^-40 for all of them is 2^-50 for each.
    #[test]
    fn a_ciphertext_is_all_of_its_slots() {
        let (all, one) = (
            flooding_ciphertexts(1.0, 30, 1, 1 << 10, 40),
            flooding(1.0, 30, 1, 50),
        );
        assert!((all.sigma / one.sigma - 32.0).abs() < 1e-9);
        assert!((all.bound_added / all.sigma - one.bound_added / one.sigma).abs() < 1e-12);
        assert_eq!(
            flooding_ciphertexts(1.0, 30, 7, 1, 40),
            flooding(1.0, 30, 7, 40)
        );
        let odd = flooding_ciphertexts(1.0, 30, 1, 3, 40);
        assert!(
            (odd.bound_added / odd.sigma
                - flooding(1.0, 30, 1, 42).bound_added / flooding(1.0, 30, 1, 42).sigma)
                .abs()
                < 1e-12
        );
    }
}
