//! Overflows of a raised modulus: how likely a coefficient of c_0 + c_1 s has a multiple I q_0 with |I| > K in it.
//!
//! # Derivation
//! Modulo q_0, c_0 + c_1 s = x, a message with its noise, |x| <= mu q_0. Over the integers c_0 + c_1 s = x + I q_0, where c_0, c_1
//! are centred: c_0 is determined by c_1 s - x, so I is the integer nearest to (c_1 s - x)/q_0 and |I| > K only where
//! |c_1 s/q_0| >= K + 1/2 - mu; and surely where it is above K + 1/2 + mu. A coefficient of c_1 s is a sum of h residues with signs,
//! at h different places of c_1: **h uniform summands, not h + 1**. A residue over q_0 is within 1/(2 q_0) of a uniform number
//! of [-1/2, 1/2] (the middle of its own part of 1/q_0 in width), the sum within h/(2 q_0) of S_h, and
//! P(|S_h| > x) = 2/h! sum_k (-1)^k C(h, k) (h/2 - x - k)_+^h, exactly.
//!
//! **Assumption** c_1 is uniform modulo q_0 and independent of s.

use rug::float::Round;
use rug::ops::{AddAssignRound, MulAssignRound, Pow};
use rug::{Float, Integer, Rational};

/// Largest weight whose probability is computed exactly; beyond it Chernoff's bound serves.
pub const MAX_EXACT_WEIGHT: u32 = 1_024;
/// Arguments of exact probabilities are rounded outward to multiples of 2^-48.
const GRID: u32 = 48;

/// The secret under which the modulus is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// Ternary, of fixed Hamming weight h >= 1.
    Weight(u32),
    /// N independent coefficients, uniform in {-1, 0, 1}.
    UniformTernary(u32),
}

impl Secret {
    /// Most summands.
    #[must_use]
    pub fn most(self) -> u32 {
        match self {
            Self::Weight(h) | Self::UniformTernary(h) => h,
        }
    }
}

/// A probability per coefficient, enclosed.
#[derive(Debug, Clone, PartialEq)]
pub struct Probability {
    /// It is at least this; none where only an upper bound is known.
    pub lower: Option<Rational>,
    /// It is at most this.
    pub upper: Rational,
}

/// P(|I| > k) of one coefficient.
///
/// **Inputs** `mu`: |message with noise| <= mu q_0; `q0`: q_0 or a lower bound of it.
///
/// **Guarantee** both ends are proved under the module's assumption; exact up to the width of mu and of the grid for fixed
/// weights up to [`MAX_EXACT_WEIGHT`].
#[must_use]
pub fn beyond(secret: Secret, k: u32, mu: &Rational, q0: &Integer) -> Probability {
    let discrete = Rational::from((secret.most(), Integer::from(q0 << 1u32)));
    let half = Rational::from((2 * k + 1, 2));
    let slack = mu + discrete;
    let near = Rational::from(&half - &slack);
    match secret {
        Secret::Weight(h) if h <= MAX_EXACT_WEIGHT => {
            let grid = |x: Rational, up: bool| {
                let x = x << GRID;
                let whole = if up { x.ceil() } else { x.floor() };
                whole >> GRID
            };
            Probability {
                lower: Some(two_sided(h, &grid(half + slack, true))),
                upper: two_sided(h, &grid(near, false)),
            }
        }
        _ => Probability {
            lower: None,
            upper: chernoff(secret, &near),
        },
    }
}

/// Largest weight for which [`some_beyond`] looks at pairs of coefficients.
const MAX_PAIRED_WEIGHT: u32 = 256;

/// A lower bound of the probability that some of `many` coefficients of one ciphertext has |I| > k.
///
/// **Method** With C_i the event that the sum S_i of coefficient i is surely beyond y, p = P(C_i) and X the number of events,
/// P(X > 0) >= (E X)^2/E X^2. Two coefficients that share r of their h summands are beyond together with probability at most
/// p f(r): the shared ones reach r/2, and the h - r others of the second, which are independent of the first, must be beyond
/// y - r/2. All pairs of summands at different places are h (h - 1), so over the coefficients j that share any with i
/// sum_j f(r_j) <= h (h - 1) max_r f(r)/r, whatever the secret; the rest is independent. So
/// ```text
/// P(X > 0) >= m p/(1 + h (h - 1) max_r f(r)/r + m p)        m = `many`
/// ```
///
/// **Guarantee** proved under the module's assumption, for fixed weights up to 256; above it is the probability of one coefficient.
#[must_use]
pub fn some_beyond(
    secret: Secret,
    k: u32,
    mu: &Rational,
    q0: &Integer,
    many: u64,
) -> Option<Rational> {
    let p = beyond(secret, k, mu, q0).lower?;
    let Secret::Weight(h) = secret else {
        return Some(p);
    };
    if h > MAX_PAIRED_WEIGHT || p == 0 {
        return Some(p);
    }
    // The y of `beyond`, or a little less: f falls with it.
    let y = Rational::from((2 * k + 1, 2)) + mu;
    let shared = |r: u32| {
        let rest = &y - Rational::from((r, 2));
        two_sided(h - r, &rest) / r
    };
    let most = (1..=h).map(shared).max().unwrap_or_default();
    let mean = p * many;
    let pairs = most * h * (h - 1) + 1u32;
    let sum = pairs + &mean;
    Some(mean / sum)
}

/// P(|S| > x) for S the sum of n uniform numbers of [-1/2, 1/2], exactly; 1 for x <= 0.
#[must_use]
pub fn two_sided(n: u32, x: &Rational) -> Rational {
    if *x <= 0 {
        return Rational::from(1);
    }
    let most = Rational::from((n, 2)) - x;
    let (mut sum, mut binomial, mut left) = (Integer::new(), Integer::from(1), most);
    // Over a common denominator d^n, integers alone.
    let d = left.denom().clone();
    let mut k = 0;
    while left > 0 {
        let term = Integer::from(left.numer().pow(n)) * &binomial;
        // The denominator may have cancelled.
        let term = term * Integer::from(&d / left.denom()).pow(n);
        if k % 2 == 0 {
            sum += term;
        } else {
            sum -= term;
        }
        k += 1;
        binomial = binomial * (n + 1 - k) / k;
        left -= 1;
    }
    let whole = d.pow(n) * Integer::from(Integer::factorial(n));
    Rational::from((sum << 1u32, whole))
}

/// P(|S| >= x) <= 2 e^(-l x) E e^(l S) for every l > 0: with u = sinh(l/2)/(l/2) that is u^h, or (1/3 + 2 u/3)^N for a secret
/// whose coefficients are drawn. l is chosen in f64; what it gives is rounded up.
fn chernoff(secret: Secret, x: &Rational) -> Rational {
    const PREC: u32 = 256;
    let one = Rational::from(1);
    if *x <= 0 {
        return one;
    }
    if *x > Rational::from((secret.most(), 2)) {
        return Rational::new();
    }
    let (n, far) = (f64::from(secret.most()), x.to_f64());
    let exponent = |l: f64| {
        let u = if l < 1e-3 {
            1.0 + l * l / 24.0
        } else {
            (l / 2.0).sinh() / (l / 2.0)
        };
        let factor = match secret {
            Secret::Weight(_) => u,
            Secret::UniformTernary(_) => (1.0 + 2.0 * u) / 3.0,
        };
        n * factor.ln() - l * far
    };
    // Convex in l.
    let (mut lo, mut hi) = (0.0, 64.0);
    for _ in 0..200 {
        let (a, b) = (lo + (hi - lo) / 3.0, hi - (hi - lo) / 3.0);
        if exponent(a) < exponent(b) {
            hi = b;
        } else {
            lo = a;
        }
    }
    let l = f64::midpoint(lo, hi);
    if l <= 0.0 {
        return one;
    }
    let half = Float::with_val(PREC, l / 2.0);
    let u = Float::with_val_round(PREC, half.sinh_ref(), Round::Up).0;
    let mut factor = Float::with_val_round(PREC, &u / &half, Round::Up).0;
    if let Secret::UniformTernary(_) = secret {
        factor.mul_assign_round(2u32, Round::Up);
        factor.add_assign_round(1u32, Round::Up);
        factor = Float::with_val_round(PREC, &factor / 3u32, Round::Up).0;
    }
    let mut sum = Float::with_val_round(PREC, factor.ln_ref(), Round::Up).0;
    sum.mul_assign_round(secret.most(), Round::Up);
    let away = Float::with_val_round(PREC, x, Round::Down).0;
    let away = Float::with_val_round(PREC, &away * l, Round::Down).0;
    sum.add_assign_round(-away, Round::Up);
    let value = Float::with_val_round(64, sum.exp_ref(), Round::Up).0;
    let twice = value.to_rational().unwrap_or_else(|| one.clone()) << 1u32;
    twice.min(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All sums of h residues modulo an odd q, by convolution: `counts[i]` of those that are i less than h (q - 1)/2.
    fn sums(h: u32, q: u32) -> Vec<Integer> {
        let mut counts = vec![Integer::from(1)];
        for _ in 0..h {
            let mut next = vec![Integer::new(); counts.len() + q as usize - 1];
            for (i, c) in counts.iter().enumerate() {
                for n in &mut next[i..i + q as usize] {
                    *n += c;
                }
            }
            counts = next;
        }
        counts
    }

    /// P(|I| > k) of residues themselves, at the worst and at the best message of |x| <= m, by counting.
    fn counted(h: u32, q: u32, k: u32, m: i64) -> [Rational; 2] {
        let counts = sums(h, q);
        let least = -i64::from(h) * i64::from((q - 1) / 2);
        let q = i64::from(q);
        let all = Integer::from(q).pow(h);
        let share = |x: i64| {
            let over = counts.iter().enumerate().filter(|(i, _)| {
                let difference = least + *i as i64 - x;
                let overflow = (2 * difference + q).div_euclid(2 * q);
                overflow.unsigned_abs() > u64::from(k)
            });
            let sum: Integer = over.map(|(_, c)| c).sum();
            Rational::from((sum, all.clone()))
        };
        let shares: Vec<Rational> = (-m..=m).map(share).collect();
        let least = shares.iter().min().unwrap().clone();
        [least, shares.iter().max().unwrap().clone()]
    }

    #[test]
    fn counted_residues_are_enclosed() {
        let mut tight = 0;
        for (h, q, m) in [
            (1, 101, 0),
            (2, 101, 6),
            (3, 257, 16),
            (5, 129, 4),
            (8, 1_025, 16),
            (12, 257, 1),
        ] {
            for k in 0..h / 2 + 1 {
                let mu = Rational::from((m, q));
                let found = beyond(Secret::Weight(h), k, &mu, &Integer::from(q));
                let [least, most] = counted(h, q, k, m);
                let lower = found.lower.unwrap();
                assert!(
                    lower <= least && most <= found.upper,
                    "{h} {q} {k}: {lower} {least} {most}"
                );
                // One k farther is another matter: an index that is off by one is seen.
                let next = beyond(Secret::Weight(h), k + 1, &mu, &Integer::from(q));
                if most > 0 && lower > 0 {
                    assert!(next.upper < most, "{h} {q} {k}");
                    tight += 1;
                }
                let mean = chernoff(
                    Secret::Weight(h),
                    &(Rational::from((2 * k + 1, 2)) - mu - Rational::from((h, 2 * q))),
                );
                assert!(mean >= most, "{h} {q} {k}");
            }
        }
        assert!(tight > 10, "{tight}");
    }

    /// One summand more, as for c_0 counted as independent, is beyond what is counted.
    #[test]
    fn one_summand_more_is_no_enclosure() {
        let (h, q, k, m) = (8, 1_025, 2, 4);
        let [_, most] = counted(h, q, k, m);
        let more = beyond(
            Secret::Weight(h + 1),
            k,
            &Rational::from((m, q)),
            &Integer::from(q),
        );
        assert!(more.lower.unwrap() > most);
    }

    #[test]
    fn known_probabilities() {
        // P(|u| > x) = 1 - 2 x; of two, (1 - x)^2; and nothing is beyond n/2.
        let x = Rational::from((3, 16));
        assert_eq!(two_sided(1, &x), Rational::from((5, 8)));
        assert_eq!(two_sided(2, &x), Rational::from((169, 256)));
        assert_eq!(two_sided(32, &Rational::from(16)), 0);
        assert_eq!(two_sided(7, &Rational::from(-1)), 1);
        let q0 = Integer::from(1) << 50u32;
        let sixteenth = Rational::from((1, 16));
        let at = |k| {
            crate::arith::number::estimate_log2(
                &beyond(Secret::Weight(32), k, &sixteenth, &q0).upper,
            )
        };
        for (k, want) in [(12, -58.0), (13, -73.2), (14, -96.1), (15, -143.2)] {
            assert!((at(k) - want).abs() < 0.06, "{k}: {}", at(k));
        }
        assert_eq!(beyond(Secret::Weight(32), 16, &sixteenth, &q0).upper, 0);
    }

    /// At least that often some coefficient is beyond: by drawing small rings, where it often is.
    #[test]
    fn some_coefficient_is_beyond_as_often_as_is_said() {
        let (n, h, k) = (64usize, 8usize, 2u32);
        let mut state = 1u64;
        let mut word = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state >> 11
        };
        let (runs, mut seen) = (2_000u32, 0u32);
        for _ in 0..runs {
            let u: Vec<f64> = (0..n)
                .map(|_| word() as f64 * 2f64.powi(-53) - 0.5)
                .collect();
            // A secret whose coefficients share as many summands as they can: a run.
            let sum = |i: usize| -> f64 {
                let term = |k: usize| if i >= k { u[i - k] } else { -u[n + i - k] };
                (0..h).map(term).sum()
            };
            seen += u32::from((0..n).any(|i| sum(i).abs() > f64::from(k) + 0.5));
        }
        let q0 = Integer::from(1) << 50u32;
        let secret = Secret::Weight(h as u32);
        let at = |many| {
            some_beyond(secret, k, &Rational::new(), &q0, many)
                .unwrap()
                .to_f64()
        };
        let share = f64::from(seen) / f64::from(runs);
        // Three deviations of the drawing.
        let low = share + 3.0 * (share / f64::from(runs)).sqrt();
        assert!(at(n as u64) <= low, "{} {share}", at(n as u64));
        // More than of one coefficient, and a probability however many there are.
        let one = beyond(secret, k, &Rational::new(), &q0)
            .lower
            .unwrap()
            .to_f64();
        assert!(
            at(1 << 20) > one && at(u64::MAX) <= 1.0,
            "{one} {}",
            at(1 << 20)
        );
        // The mean count is no lower bound: it is above the share that was seen.
        assert!(one * n as f64 > low, "{one} {share}");
    }

    /// The bound of drawn secrets holds for the mixture of weights, exactly.
    #[test]
    fn a_drawn_secret_is_a_mixture_of_weights() {
        let (n, q0) = (12u32, Integer::from(1) << 40u32);
        let mu = Rational::from((1, 64));
        for k in 0..6 {
            let x = Rational::from((2 * k + 1, 2)) - &mu;
            let mixed: Rational = (1..=n)
                .map(|h| {
                    let ways = Integer::from(Integer::binomial_u(n, h)) << h;
                    two_sided(h, &x) * Rational::from((ways, Integer::from(Integer::u_pow_u(3, n))))
                })
                .sum();
            let bound = beyond(Secret::UniformTernary(n), k, &mu, &q0).upper;
            assert!(bound >= mixed, "{k}");
            assert!(
                mixed == 0 || bound < Rational::from(&mixed * 400),
                "{k}: {}",
                (bound / mixed).to_f64()
            );
        }
    }
}
