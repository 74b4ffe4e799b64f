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
//! `E exp(c |Z|^2) <= 1/(1 - 2cU)` (write it as the mean of exp over a Gaussian vector, and exchange).
//! Markov with the best c gives
//! ```text
//! P(|Z|^2 > 2 U x) <= e x e^-x
//! ```
//! which is at most 2^-kappa if `x >= kappa ln 2 + 1 + m ln 2` for an m with `x <= 2^m`.
//!
//! # Products
//! No Gaussian is assumed where two random polynomials are multiplied: the tail of the product is
//! exponential, not that of a Gaussian of the same variance, unless one factor is bounded whatever it is.
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
//! `Z = sum_j d_j e_j`, the digits d_j of a polynomial of which the key's errors e_j are independent (assumption I of
//! the parent module). Given the digits, Z is a sum of the independent coefficients of the e_j. In the direction phi
//! the one of e_j at zeta^k has the weight `|d_j(zeta)| cos(arg d_j(zeta) + arg zeta^k - phi)`, and for each j the
//! squares of these cosines sum to N/2, since zeta^2k sums to 0. So a projection has proxy
//! `U = V (N/2) sum_j |d_j(zeta)|^2`, as in "One slot", and but for 2^-kappa
//! ```text
//! |Z| <= sqrt(x V N) sqrt(sum_j |d_j(zeta)|^2) <= sqrt(x V N) R' sqrt(sum_j Q_j^2)
//! ```
//! whatever the digits: their coefficients are within (1/2 + 2^-40) Q_j, so `|d_j(zeta)| <= R' Q_j`, R' the worst case
//! of a rounding. No digit need be uniform, which after products and squares nothing in RLWE says. The two roundings
//! of the division by P are taken at their worst case R' each, r0 and r1 s, for the same reason. Beside the noise that
//! a product carries at its scale, that is small.
//!
//! # Union bound
//! An operation has at most [`EVENTS`] events at each of N/2 slots (the others are conjugates):
//! [`kappa`] bits for each make 2^-k for all of a circuit. Keys are used many times: an event about a key
//! is counted anew with every use, which only adds.
//!
//! # Roundings that are not quite to the nearest
//! What a division rounds away may stand for its neighbour beyond the end, where the exact one is within
//! 2^-40 of it (relative). A uniform coefficient is there with probability 2^-39 at most; more
//! than [`STRAYS`] of N <= 2^17 coefficients are with probability `(N 2^-39)^4/4! < 2^-92` at most. Each
//! one there shifts the polynomial at zeta by one unit at most. Where nothing is uniform (key switches), every
//! coefficient is taken as beyond: R' = R (1 + 2^-28) covers 1/2 + 2^-40.

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

/// `bound` x of the module header: a squared slot exceeds 2 U x with probability at most 2^-kappa.
pub fn exponent(kappa: u32) -> Interval {
    let ln2 = super::point(LN_2);
    let needed = |m: f64| super::point(f64::from(kappa) + m) * ln2 + super::point(1.0);
    let mut m = 0;
    // x grows by ln 2 with m, and 2^m by more.
    while needed(f64::from(m)).sup() > 2.0f64.powi(m) {
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
            let x = exponent(kappa);
            let tail = |x: f64| 1.0 + x.ln() - x + f64::from(kappa) * std::f64::consts::LN_2;
            assert!(tail(x.inf()) <= 0.0);
            assert!(tail(0.85 * x.inf()) > 0.0, "{kappa}");
        }
        assert_eq!(kappa(40, 1, 13), 40 + 3 + 12);
        assert_eq!(kappa(40, 1000, 15), 40 + 13 + 14);
    }
}
