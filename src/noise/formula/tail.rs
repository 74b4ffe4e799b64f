//! Tail bounds, and how many events share the failure probability.
//!
//! # Sub-Gaussian coefficients
//! X is sub-Gaussian with proxy V if `E exp(l X) <= exp(l^2 V/2)` for all l. Each of these has its own
//! variance as proxy:
//! - uniform on [-1/2, 1/2]: `sinh(l/2)/(l/2) <= exp(l^2/24)`, term by term since (2k+1)! >= 6^k k!; and
//!   uniform on the odd number q of multiples of 1/q in it: `sinh(l/2)/(q sinh(l/2q))`, less still;
//! - uniform on {-1, 0, 1}: `(1 + 2 cosh l)/3 <= exp(l^2/3)`, term by term;
//! - the difference of two sums of eta fair bits: a sum of 2 eta signs of size 1/2, `cosh(l/2)^(2 eta)`.
//!
//! # One slot
//! Let the coefficients X_k be independent with proxy V, and `Z = w sum X_k zeta^k` for a fixed complex w.
//! Since zeta^2k sums to 0, each projection of Z has proxy `|w|^2 V N/2 =: U`. For projections of proxy U,
//! `E exp(c |Z|^2) <= 1/(1 - 2cU)` (write it as the mean of exp over a Gaussian vector, and exchange), and
//! for a sum of b independent such squares the b-th power of that. Markov with the best c gives
//! ```text
//! P(|Z_1|^2 + ... + |Z_b|^2 > 2 U x) <= (e x/b)^b e^-x
//! ```
//! which is at most 2^-kappa if `x >= kappa ln 2 + b (1 + m ln 2)` for an m with `x <= b 2^m`.
//!
//! # Products
//! No Gaussian is assumed where two random polynomials are multiplied: the tail of the product is
//! exponential, not that of a Gaussian of the same variance.
//!
//! # Fresh encryptions
//! `Z = e v + e0 + e1 s` with all of e, v, e0, e1 random and s fixed, s2 the error's variance. Given v, a
//! projection has proxy `(s2 N/2)(|v|^2 + 1 + |s|^2)`; v has proxy N/3, so `E exp(c |v|^2) <= 1/(1 - 2cN/3)`
//! and with `a = N sqrt(s2/6)`
//! ```text
//! E exp((mu/a) Re(w Z)) <= exp(mu^2 G)/(1 - mu^2),     |w| = 1,  G = 1.5 (1 + |s|^2)/N
//! ```
//! the moments of a Laplace variable: the tail is exponential, as is seen. 16 directions hold |Z| cos(pi/16)
//! of any Z; with mu = 0.95 (`-ln(1 - mu^2) < 2.33`, `mu cos(pi/16) > 0.931`, `ln 16 < 2.773`)
//! ```text
//! P(|Z| > t) <= 2^-kappa     for t = (a/0.931) (kappa ln 2 + 5.103 + 0.9025 G).
//! ```
//!
//! Divided by P (an extended encryption), Z is joined by two roundings, r0 and r1 s, bounded as a rescale's:
//! events of their own, and no independence of Z is used.
//!
//! # Key switches
//! `Z = sum_j d_j e_j` over b digits, d_j uniform of width Q_j <= Q given the key: the same with
//! `a = Q N sqrt(s2/48)`, one factor 1/(1 - mu^2) for each digit, and nothing fixed:
//! `t = (a/0.931) (kappa ln 2 + 2.773 + 2.33 b)`.
//!
//! # Union bound
//! An operation has at most [`EVENTS`] events at each of N/2 slots (the others are conjugates):
//! [`kappa`] bits for each make 2^-k for all of a circuit. Keys are used many times: an event about a key
//! is counted anew with every use, which only adds.
//!
//! # Roundings that are not quite to the nearest
//! A digit, or what a division rounds away, may stand for its neighbour beyond the end, where the exact one
//! is within 2^-40 of it (relative). A uniform coefficient is there with probability 2^-39 at most; more
//! than [`STRAYS`] of N <= 2^17 coefficients are with probability `(N 2^-39)^4/4! < 2^-92` at most. Each
//! one there shifts the polynomial at zeta by one unit (the digit's modulus) at most.

use crate::arith::Interval;

/// Most events of one operation at one slot.
pub const EVENTS: u32 = 8;
/// Most coefficients of a rounding that may be off by one unit.
pub const STRAYS: f64 = 3.0;
/// ln 2 < 0.6931472.
pub const LN_2: f64 = 6_931_472.0 / 10_000_000.0;
/// Largest kappa: beyond, the count of stray coefficients would need another look.
pub const MAX_KAPPA: u32 = 90;

/// Bits for each event, so that `operations` operations fail with probability at most 2^-k together.
pub fn kappa(k: u32, operations: usize, log_n: u32) -> u32 {
    let events = (operations.max(1) as u64) * u64::from(EVENTS);
    k + (u64::BITS - (events - 1).leading_zeros()) + log_n - 1
}

/// `bound` x of the module header: the sum of b squared slots exceeds 2 U x with probability at most
/// 2^-kappa.
pub fn exponent(kappa: u32, b: usize) -> Interval {
    let (b, ln2) = (super::point(b as f64), super::point(LN_2));
    let needed = |m: f64| {
        super::point(f64::from(kappa)) * ln2 + b * (super::point(1.0) + super::point(m) * ln2)
    };
    let mut m = 0;
    // x grows by b ln 2 with m, and 2^m by more.
    while needed(f64::from(m)).sup() > (b * super::point(2.0f64.powi(m))).inf() {
        m += 1;
    }
    needed(f64::from(m))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_satisfies_its_inequality_and_little_more() {
        for kappa in [20, 40, 66, 90] {
            for b in [1usize, 2, 5, 19] {
                let x = exponent(kappa, b);
                let tail = |x: f64| {
                    let b = b as f64;
                    b * (1.0 + (x / b).ln()) - x + f64::from(kappa) * std::f64::consts::LN_2
                };
                assert!(tail(x.inf()) <= 0.0);
                assert!(tail(0.85 * x.inf()) > 0.0, "{kappa} {b}");
            }
        }
        assert_eq!(kappa(40, 1, 13), 40 + 3 + 12);
        assert_eq!(kappa(40, 1000, 15), 40 + 13 + 14);
    }
}
