//! Each primitive: what it adds to `(m + e)(zeta)`, for every zeta.
//!
//! | primitive | adds | average variance of its modulus |
//! |---|---|---|
//! | encode | r | N/12 |
//! | fresh, secret key | e | N s2 |
//! | fresh, public key | e v + e0 + e1 s | N s2 (2N/3 + 1 + h) |
//! | fresh, public key extended | (e v + e0 + e1 s)/P + r0 + r1 s | N s2 (2N/3 + 1 + h)/P^2 + N (1 + h)/12 |
//! | rescale | r0 + r1 s | N (1 + h)/12 |
//! | key switch (relinearise, rotate) | sum_j d_j e_j / P + r0 + r1 s | N^2 s2 sum_j Q_j^2/(12 P^2) + N (1 + h)/12 |
//! | add, product with a constant, level drop | nothing | 0 |
//!
//! s2 = the error's variance; r a rounding to the nearest, v ternary, d_j a digit below Q_j/2. A product of
//! ciphertexts adds nothing itself beyond its relinearisation: `(v1 + e1)(v2 + e2) = v1 v2 + v1 e2 + v2 e1
//! + e1 e2` is exact, and its message-dependent terms are kept by whoever follows the circuit.
//!
//! Both bounds cover a relinearisation that waits for the rescale and shares its division by P q_l: it adds
//! sum_j d_j e_j / (P q_l) + r0 + r1 s, where key switch / q_l + rescale has one rounding more. They also
//! cover one relinearisation of a whole sum (`ckks::run`).

use super::{enclose_integer, point, tail, Model, Tier};
use crate::arith::Interval;
use crate::ckks::scheme::encrypt::Encryption;
use rug::Integer;

/// 1/(2 sin(pi/2N)) < 0.3184 N for N >= 1024.
const ROUNDING: f64 = 0.3184;

impl Model {
    /// `bound` of |r(zeta)| for a rounding to the nearest, coefficients uniform (A1) or any.
    pub fn bound_rounding(&self, tier: Tier) -> f64 {
        self.rounding(tier).sup()
    }

    fn rounding(&self, tier: Tier) -> Interval {
        match tier {
            Tier::WorstCase => self.n() * point(ROUNDING),
            Tier::HighProbability { kappa } => {
                (point(2.0) * tail::exponent(kappa, 1) * self.n() / point(24.0)).sqrt()
            }
        }
    }

    /// A rounding that may be off by one in [`tail::STRAYS`] coefficients, or by 2^-40 in all.
    fn stray_rounding(&self, tier: Tier) -> Interval {
        match tier {
            Tier::WorstCase => self.rounding(tier) * point(1.0 + 2.0f64.powi(-28)),
            Tier::HighProbability { .. } => self.rounding(tier) + point(tail::STRAYS),
        }
    }

    /// `bound` of an error polynomial |e(zeta)|.
    fn error(&self, tier: Tier) -> Interval {
        match tier {
            // 2 B times the sum for 1/2.
            Tier::WorstCase => {
                point(2.0 * f64::from(self.parameters().cbd())) * self.rounding(tier)
            }
            Tier::HighProbability { kappa } => {
                (tail::exponent(kappa, 1) * self.error_variance() * self.n()).sqrt()
            }
        }
    }

    /// `bound` of what encoding rounds away, of every message: a message chooses what is rounded away, no sampler.
    pub fn bound_encode(&self) -> f64 {
        self.bound_rounding(Tier::WorstCase)
    }

    /// `bound` of the noise of a fresh encryption, encoding apart.
    pub fn bound_fresh(&self, encryption: Encryption, tier: Tier) -> f64 {
        match encryption {
            Encryption::Secret => self.error(tier).sup(),
            Encryption::Public => self.zero(tier).sup(),
            Encryption::PublicExtended => {
                // What P does not divide away, and the roundings of a division as in a rescale.
                let p = enclose_integer(&self.parameters().p_product());
                (self.zero(tier) / p + point(self.bound_rescale(tier))).sup()
            }
        }
    }

    /// e v + e0 + e1 s: an encryption of zero by the public key.
    fn zero(&self, tier: Tier) -> Interval {
        let s = self.bound_secret();
        let one = point(1.0);
        match tier {
            Tier::WorstCase => {
                let v = point(2.0) * self.rounding(tier);
                self.error(tier) * (v + one + s)
            }
            Tier::HighProbability { kappa } => {
                // The tail of a product of two sub-Gaussians: see `tail`, "Fresh encryptions".
                let n = self.n();
                let given_secret = point(1.5) * (one + s * s) / n;
                let bits = point(f64::from(kappa)) * point(tail::LN_2);
                let exponent = bits + point(5.103) + point(0.9025) * given_secret;
                let a = (self.error_variance() / point(6.0)).sqrt() * n;
                a * exponent / point(0.931)
            }
        }
    }

    /// `bound` of what a rescale adds.
    pub fn bound_rescale(&self, tier: Tier) -> f64 {
        (self.stray_rounding(tier) * (point(1.0) + self.bound_secret())).sup()
    }

    /// log2 P and the moduli of the digits at a level.
    fn digits(&self, level: usize) -> Vec<Interval> {
        let p = self.parameters();
        let product = |digit: std::ops::Range<usize>| -> Integer {
            p.q()[digit].iter().map(|&q| Integer::from(q)).product()
        };
        p.digits(level)
            .into_iter()
            .map(|d| enclose_integer(&product(d)))
            .collect()
    }

    /// `bound` of what a key switch at a level adds (relinearisation, rotation, conjugation).
    pub fn bound_key_switch(&self, level: usize, tier: Tier) -> f64 {
        let digits = self.digits(level);
        let p = enclose_integer(&self.parameters().p_product());
        let rounding = self.stray_rounding(tier) * (point(1.0) + self.bound_secret());
        let switched = match tier {
            Tier::WorstCase => {
                let each = self.stray_rounding(tier) * self.error(tier) / p;
                digits.iter().fold(point(0.0), |sum, q| sum + each * *q)
            }
            Tier::HighProbability { kappa } => {
                let b = digits.len();
                let widest = digits.iter().fold(point(0.0), |m, q| m.max(*q));
                // As for fresh encryptions: d_j given e_j, b factors 1/(1 - mu^2).
                let count = point(b as f64);
                let bits = point(f64::from(kappa)) * point(tail::LN_2);
                let a = self.n() * (self.error_variance() / point(48.0)).sqrt();
                let spread = a * (bits + point(2.773) + point(2.33) * count) / point(0.931);
                let key = tail::exponent(kappa, b) * self.error_variance() * self.n();
                let strays = point(tail::STRAYS) * (count * key).sqrt();
                (spread + strays) * widest / p
            }
        };
        (switched + rounding).sup()
    }

    /// *Estimate*: variance of |r(zeta)| of a rounding.
    pub fn estimate_rounding_variance(&self) -> f64 {
        self.parameters().n() as f64 / 12.0
    }

    /// *Estimate*: variance of the noise of a fresh encryption, encoding apart.
    pub fn estimate_fresh_variance(&self, encryption: Encryption) -> f64 {
        let n = self.parameters().n() as f64;
        let secret = n * self.error_variance().sup();
        let public = secret * (2.0 * n / 3.0 + 1.0 + self.parameters().weight().to_f64());
        match encryption {
            Encryption::Secret => secret,
            Encryption::Public => public,
            Encryption::PublicExtended => {
                let p = enclose_integer(&self.parameters().p_product()).sup();
                public / p / p + self.estimate_rescale_variance()
            }
        }
    }

    /// *Estimate*: variance of what a rescale adds.
    pub fn estimate_rescale_variance(&self) -> f64 {
        self.estimate_rounding_variance() * (1.0 + self.parameters().weight().to_f64())
    }

    /// *Estimate*: variance of what a key switch at a level adds.
    pub fn estimate_key_switch_variance(&self, level: usize) -> f64 {
        let n = self.parameters().n() as f64;
        let p = enclose_integer(&self.parameters().p_product()).sup();
        let digits: f64 = self
            .digits(level)
            .iter()
            .map(|q| (q.sup() / p).powi(2))
            .sum();
        n * n * self.error_variance().sup() * digits / 12.0 + self.estimate_rescale_variance()
    }
}
