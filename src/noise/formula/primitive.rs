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
//! s2 = the error's variance; r a rounding to the nearest, v ternary, d_j a digit of at most Q_j/2, uniform for the
//! average alone. A product of
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
                (point(2.0) * tail::exponent(kappa) * self.n() / point(24.0)).sqrt()
            }
        }
    }

    /// A rounding that may be off by one in [`tail::STRAYS`] uniform coefficients, or of any to within 1/2 + 2^-40.
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
                (tail::exponent(kappa) * self.error_variance() * self.n()).sqrt()
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

    /// The moduli of the digits at a level.
    pub(crate) fn digits(&self, level: usize) -> Vec<Interval> {
        let p = self.parameters();
        let product = |digit: std::ops::Range<usize>| -> Integer {
            p.q()[digit].iter().map(|&q| Integer::from(q)).product()
        };
        p.digits(level)
            .into_iter()
            .map(|d| enclose_integer(&product(d)))
            .collect()
    }

    /// `bound` of what a key switch at a level adds (relinearisation, rotation, conjugation): see [`tail`], "Key
    /// switches".
    ///
    /// **Guarantee** for the tier, whatever is taken apart and rounded away, as long as the key's errors are independent
    /// of it (I).
    pub fn bound_key_switch(&self, level: usize, tier: Tier) -> f64 {
        let any = self.stray_rounding(Tier::WorstCase);
        let rounding = any * (point(1.0) + self.bound_secret());
        (self.switched(level, tier) + rounding).sup()
    }

    /// `bound` of (sum_j d_j e_j)/P alone: what a key switch adds before it is divided by P.
    ///
    /// **Guarantee** as [`Self::bound_key_switch`].
    pub fn bound_switched(&self, level: usize, tier: Tier) -> f64 {
        self.switched(level, tier).sup()
    }

    fn switched(&self, level: usize, tier: Tier) -> Interval {
        let digits = self.digits(level);
        let p = enclose_integer(&self.parameters().p_product());
        let any = self.stray_rounding(Tier::WorstCase);
        let widths = match tier {
            Tier::WorstCase => digits.iter().fold(point(0.0), |sum, q| sum + *q),
            Tier::HighProbability { .. } => {
                // Shares of P first: the square of a digit could leave the range of f64.
                let shares = digits.iter().map(|q| *q / p);
                shares.fold(point(0.0), |sum, q| sum + q * q).sqrt() * p
            }
        };
        any * self.error(tier) * widths / p
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::parameters::rng::Rng;
    use crate::ckks::parameters::security::Waiver;
    use crate::ckks::parameters::{Literal, Parameters};

    /// The table of EVALUATION.md, E3, which the checker computes in integers, in other words.
    #[test]
    fn a_key_switch_is_what_the_contract_says() {
        for literal in [Literal::set_a(), Literal::set_b()] {
            let parameters = Parameters::new(&literal).unwrap();
            let (n, v) = (parameters.n() as f64, f64::from(parameters.cbd()) / 2.0);
            let secret = f64::sqrt(18.0 * parameters.weight().to_f64());
            let r = 0.3184 * n * (1.0 + 2f64.powi(-28));
            let model = Model::new(&parameters);
            for level in [1, parameters.max_level() / 2, parameters.max_level()] {
                let share = |digit: std::ops::Range<usize>| -> f64 {
                    let primes = parameters.q()[digit].iter().map(|&q| (q as f64).log2());
                    let p = parameters.p().iter().map(|&p| (p as f64).log2());
                    (primes.sum::<f64>() - p.sum::<f64>()).exp2()
                };
                let shares: Vec<f64> = parameters.digits(level).into_iter().map(share).collect();
                let sum: f64 = shares.iter().sum();
                let squares: f64 = shares.iter().map(|q| q * q).sum();
                let worst = r * 2.0 * 2.0 * v * 0.3184 * n * sum + r * (1.0 + secret);
                let kappa = 60;
                // x = L + 1 + m ln 2 <= 2^m: 41.6 + 1 + 6 ln 2 < 2^6.
                let x = (f64::from(kappa) + 6.0) * tail::LN_2 + 1.0;
                let high = r * (x * v * n).sqrt() * squares.sqrt() + r * (1.0 + secret);
                let tiers = [
                    (Tier::WorstCase, worst),
                    (Tier::HighProbability { kappa }, high),
                ];
                for (tier, meant) in tiers {
                    let bound = model.bound_key_switch(level, tier);
                    assert!(
                        (bound / meant - 1.0).abs() < 1e-9,
                        "{tier:?}: {bound} {meant}"
                    );
                }
            }
        }
    }

    /// Digits that a square or an adversary makes point all one way at a slot: a bound that takes them as uniform is
    /// exceeded by errors of ordinary size.
    #[test]
    fn digits_need_not_be_uniform() {
        let mut literal = Literal::new(10, vec![50, 40], vec![50], 40);
        literal.waiver = Waiver::Insecure;
        let parameters = Parameters::new(&literal).unwrap();
        let n = parameters.n();
        let angle = |k: usize| std::f64::consts::PI * k as f64 / n as f64;
        // Coefficients Q/2 of the sign of the real part of zeta^k.
        let ratio = parameters.q()[0] as f64 / parameters.p()[0] as f64;
        let half = |k: usize| angle(k).cos().signum() * ratio / 2.0;
        let embed = |c: &dyn Fn(usize) -> f64| {
            let sum =
                |part: &dyn Fn(f64) -> f64| (0..n).map(|k| c(k) * part(angle(k))).sum::<f64>();
            sum(&f64::cos).hypot(sum(&f64::sin))
        };
        let d = embed(&half);
        assert!(d > 0.3 * n as f64 * ratio, "{d}");
        let model = Model::new(&parameters);
        let bound = model.bound_key_switch(0, Tier::HighProbability { kappa: 40 });
        // What the digit would give if it were uniform: the tail of a product of two sub-Gaussians, as `zero`.
        let uniform = ratio * n as f64 * (model.error_variance().sup() / 48.0).sqrt() / 0.931
            * (40.0 * tail::LN_2 + 2.773 + 2.33);
        let (mut rng, bits) = (Rng::from_seed([7; 32]), 2 * parameters.cbd());
        let mut largest: f64 = 0.0;
        for _ in 0..50 {
            let e: Vec<f64> = (0..n)
                .map(|_| {
                    let word = rng.word() & ((1 << bits) - 1);
                    f64::from(word.count_ones()) - f64::from(bits / 2)
                })
                .collect();
            largest = largest.max(d * embed(&|k| e[k]));
        }
        assert!(largest <= bound, "{largest} {bound}");
        assert!(largest > uniform, "{largest} {uniform}");
    }
}
