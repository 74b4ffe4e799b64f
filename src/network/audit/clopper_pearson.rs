//! The Clopper-Pearson interval of a binomial proportion.

use rug::{Float, Integer};

/// Bits of the computation.
const BITS: u32 = 256;
/// Far above its rounding: at most 2^20 terms, each off by some 2^20 units of 2^-256 relative.
const SLACK: i32 = -60;

/// Below this risk the tails, sums of up to 2^20 terms near 1, have too few bits left.
pub const LEAST_RISK: f64 = 1e-15;

/// The interval [lo, hi] that holds the probability p of success with confidence 1 - `risk` at least,
/// given `k` successes in `n` samples drawn independently from one distribution.
///
/// lo solves P(X >= k) = risk/2, hi solves P(X <= k) = risk/2.
///
/// **Guarantee** under that sampling assumption; both ends are rounded outward.
///
/// **Source** Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 26, 1934.
///
/// # Panics
/// If k > n, n > 2^20 or `risk` is not from [`LEAST_RISK`] to 1.
///
/// ```
/// let (lo, hi) = polycert::network::audit::clopper_pearson::clopper_pearson(100, 100, 0.05);
/// assert!(0.9637 < lo && lo < 0.9638 && hi == 1.0);
/// ```
pub fn clopper_pearson(k: usize, n: usize, risk: f64) -> (f64, f64) {
    assert!(k <= n && n <= 1 << 20 && (LEAST_RISK..1.0).contains(&risk));
    let half = Float::with_val(BITS, risk) / 2u32;
    let lo = if k == 0 {
        0.0
    } else {
        bisect(&half, |p| upper_tail(k, n, p)).0
    };
    let hi = if k == n {
        1.0
    } else {
        // P(X <= k; p) = P(Y >= n - k; 1 - p) for the failures Y.
        1.0 - bisect(&half, |p| upper_tail(n - k, n, p)).0
    };
    let slack = f64::exp2(f64::from(SLACK)) + f64::EPSILON;
    ((lo - slack).max(0.0), (hi + slack).min(1.0))
}

/// The p in [0, 1] where an increasing tail reaches a value, to 53 bits: a lower and an upper bound.
fn bisect(value: &Float, tail: impl Fn(&Float) -> Float) -> (f64, f64) {
    let (mut lo, mut hi) = (Float::new(BITS), Float::with_val(BITS, 1));
    for _ in 0..60 {
        let mid = Float::with_val(BITS, &lo + &hi) / 2u32;
        if tail(&mid) < *value {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    (lo.to_f64(), hi.to_f64())
}

/// P(X >= k) for X binomial (n, p): the shorter of the two sums.
fn upper_tail(k: usize, n: usize, p: &Float) -> Float {
    let q = Float::with_val(BITS, 1u32 - p);
    let from = |first: usize, count: usize, p: &Float, q: &Float| {
        // Terms C(n, j) p^j q^(n-j) from j = first; each from the last one.
        let binomial = Integer::from(n).binomial(first as u32);
        let powers = power(p, first) * power(q, n - first);
        let mut term = Float::with_val(BITS, &binomial) * powers;
        let mut sum = Float::new(BITS);
        for j in first..first + count {
            sum += &term;
            term = term * p * (n - j) as u32 / q / (j + 1) as u32;
        }
        sum
    };
    if *p == 0 || q == 0 {
        return Float::with_val(BITS, u32::from(q == 0 || k == 0));
    }
    if n - k < k {
        from(k, n - k + 1, p, &q)
    } else {
        1u32 - from(0, k, p, &q)
    }
}

fn power(x: &Float, n: usize) -> Float {
    Float::with_val(BITS, rug::ops::Pow::pow(x, n as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_intervals() {
        // Closed forms: k = n gives lo = (risk/2)^(1/n); k = 0 gives hi = 1 - (risk/2)^(1/n).
        for n in [1usize, 10, 100, 1000] {
            let end = (0.025f64).powf(1.0 / n as f64);
            let (lo, hi) = clopper_pearson(n, n, 0.05);
            assert!((lo - end).abs() < 1e-12 && hi == 1.0, "{n}: {lo} {end}");
            let (lo, hi) = clopper_pearson(0, n, 0.05);
            assert!((hi - (1.0 - end)).abs() < 1e-12 && lo == 0.0);
        }
        // By bisection on exactly summed tails, in another language.
        for (k, n, lo, hi) in [
            (94, 100, 0.873_970_0, 0.977_665_1),
            (5, 10, 0.187_086_0, 0.812_914_0),
        ] {
            let (a, b) = clopper_pearson(k, n, 0.05);
            assert!(
                (a - lo).abs() < 1e-6 && (b - hi).abs() < 1e-6,
                "{k}/{n}: [{a}, {b}]"
            );
        }
    }
}
