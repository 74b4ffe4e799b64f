//! Noise flooding: what a decryption needs before it is shared.
//!
//! A decrypted value m + e reveals e, and with it the key (Li and Micciancio, ePrint 2020/1533). For s bits
//! of statistical security over tau decryptions, a Gaussian of standard deviation
//! `sigma = sqrt(12 tau) 2^(s/2) t` is added, t a bound of |e| (ePrint 2022/816). An estimate of t would
//! make it an estimate; a certified t makes it a bound.

use crate::noise::formula::tail::LN_2;

/// The flooding noise and what is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flooding {
    /// Standard deviation, in the units of t.
    pub sigma: f64,
    /// `bound` of |added noise| but for probability `2^-k` at one slot.
    pub bound_added: f64,
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
}
