//! What an operation adds to one real number that depends on slots linearly.
//!
//! # Method
//! The number is the real part of sum_j a_j v_j, v the N/2 slots (no two of them conjugate); a [`Row`] is what is known of the
//! weights, |a|_1 and |a|_2. Noise is not bounded slot by slot and then added up:
//! - **Independent coefficients** X_k of proxy V. sum_j a_j X(zeta_j) = sum_k X_k w_k, w_k = sum_j a_j zeta_j^k. Both
//!   sum_k w_k^2 = 0 and sum_k |w_k|^2 = N |a|_2^2, since sum_k (zeta_i zeta_j)^k = 0 and sum_k (zeta_i/zeta_j)^k = 0 for i != j. So
//!   a projection has proxy V N |a|_2^2/2: that of one slot ([`tail`]) times |a|_2^2. Weights a_j s(zeta_j) have a norm of at most
//!   S |a|_2, and a_j d(zeta_j) one of at most R' Q |a|_2: with these the bounds of a rescale (A1) and of sum_j d_j e_j/P (I)
//!   for one slot hold times |a|_2.
//! - **Any coefficients** within 1/2 + 2^-40, as those of the division of a key switch: slot by slot R' |a|_1, and by
//!   Cauchy and Schwarz |a|_2 sqrt(sum_j |r(zeta_j)|^2) = |a|_2 sqrt(N/2 sum_k r_k^2) <= |a|_2 N/sqrt 8 (1 + 2^-39). The less.
//! - In the worst case all is slot by slot.

use crate::arith::upper::Upper;
use crate::noise::formula::{tail, Model, Tier};

/// 1/sqrt 8, and the 2^-39 of a division.
const ENERGY: f64 = 0.353_554;

/// What is assumed of what a division by P rounds away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residues {
    /// Nothing.
    Any,
    /// It is uniform given the keys, as a rescale's is by A1. One assumption more.
    Uniform,
}

/// Norms of the weights of slots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// |a|_1, at most.
    pub one: Upper,
    /// |a|_2, at most.
    pub two: Upper,
}

impl Row {
    /// `count` weights of one modulus.
    pub fn equal(count: f64, modulus: f64) -> Self {
        let modulus = Upper::of(modulus);
        Self {
            one: modulus * Upper::of(count),
            two: modulus * Upper::of(count).sqrt(),
        }
    }
}

/// What operations add, in units of the ciphertext.
pub(super) struct Added<'a> {
    pub model: &'a Model,
    pub tier: Tier,
    pub residues: Residues,
}

impl Added<'_> {
    fn n(&self) -> f64 {
        self.model.parameters().n() as f64
    }

    /// sum_j d_j e_j/P at a level.
    pub fn switched(&self, level: usize, row: Row) -> Upper {
        let own = Upper::of(self.model.bound_switched(level, self.tier));
        own * match self.tier {
            Tier::WorstCase => row.one,
            Tier::HighProbability { .. } => row.two,
        }
    }

    /// A rounding to the nearest, of coefficients that nothing is known of.
    fn any(&self, row: Row) -> Upper {
        let slot =
            Upper::of(self.model.bound_rounding(Tier::WorstCase)).scaled(1.0 + 2f64.powi(-27));
        (slot * row.one).min(Upper::of(ENERGY).scaled(self.n()) * row.two)
    }

    /// A rounding to the nearest of uniform coefficients (A1).
    fn uniform(&self, row: Row) -> Upper {
        match self.tier {
            Tier::WorstCase => self.any(row),
            Tier::HighProbability { .. } => {
                let one = Upper::of(self.model.bound_rounding(self.tier)) * row.two;
                (one + Upper::of(tail::STRAYS) * row.one).min(self.any(row))
            }
        }
    }

    fn secret(&self) -> Upper {
        Upper::of(self.model.bound_secret().sup())
    }

    /// rho_0 + rho_1 s of a rescale.
    pub fn rescaled(&self, row: Row) -> Upper {
        self.uniform(row) * (Upper::ONE + self.secret())
    }

    /// rho_0 + rho_1 s of a division by P.
    pub fn divided(&self, row: Row) -> Upper {
        let rounding = match self.residues {
            Residues::Any => self.any(row),
            Residues::Uniform => self.uniform(row),
        };
        rounding * (Upper::ONE + self.secret())
    }

    /// A whole key switch.
    pub fn key_switch(&self, level: usize, row: Row) -> Upper {
        self.switched(level, row) + self.divided(row)
    }

    /// A coefficient of d e/p: d within (1/2 + 2^-40) of `width` times p in every coefficient, e the errors of a key, independent
    /// of d: the coefficient is a sum of N errors with weights of a squared norm of at most N (width p (1/2 + 2^-40))^2, and
    /// P(|X| > sqrt(2 U x)) <= 2 e^-x for a proxy U.
    pub fn switched_coefficient(&self, width: Upper) -> Upper {
        let half = width.scaled(0.5 + 2f64.powi(-40));
        let cbd = f64::from(self.model.parameters().cbd());
        match self.tier {
            Tier::WorstCase => half.scaled(self.n()).scaled(cbd),
            Tier::HighProbability { kappa } => {
                // Proxy cbd/2 of an error.
                let x = Upper::of(f64::from(kappa) + 1.0).scaled(tail::LN_2);
                half * (x.scaled(cbd).scaled(self.n())).sqrt()
            }
        }
    }

    /// A coefficient of rho_0 + rho_1 s for a secret with coefficients in {-1, 0, 1}, `weight` of them not 0.
    pub fn divided_coefficient(&self, weight: f64) -> Upper {
        Upper::of(0.5 + 2f64.powi(-40)) * Upper::of(1.0 + weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::parameters::security::Waiver;
    use crate::ckks::parameters::{Literal, Parameters};

    /// Roundings that all point one way at the slots of a row: no more than the bound for any, close to it for one slot, and
    /// beyond what uniform ones reach.
    #[test]
    fn roundings_against_a_row_stay_within_the_bound_for_any() {
        let mut literal = Literal::new(10, vec![50, 40], vec![50], 40);
        literal.waiver = Waiver::Insecure;
        let model = Model::new(&Parameters::new(&literal).unwrap());
        let n = model.parameters().n();
        let tier = Tier::HighProbability { kappa: 60 };
        let added = Added {
            model: &model,
            tier,
            residues: Residues::Any,
        };
        for slots in [1usize, 4, 32, 512] {
            // Weights 1/slots at the first slots, of phases that differ; the slots' roots are zeta^(5^j).
            let roots: Vec<usize> = std::iter::successors(Some(1), |r| Some(r * 5 % (2 * n)))
                .take(slots)
                .collect();
            let weight = |k: usize| -> f64 {
                let angle = |(j, r): (usize, &usize)| {
                    std::f64::consts::PI * ((r * k) % (2 * n)) as f64 / n as f64 + (j * j) as f64
                };
                let sum: f64 = roots.iter().enumerate().map(|x| angle(x).cos()).sum();
                sum / slots as f64
            };
            // sum_k r_k Re w_k is largest for r_k of the sign of Re w_k.
            let reached: f64 = (0..n).map(|k| weight(k).abs() / 2.0).sum();
            let row = Row::equal(slots as f64, 1.0 / slots as f64);
            let (any, uniform) = (added.any(row).get(), added.uniform(row).get());
            assert!(reached <= any, "{slots}: {reached} {any}");
            assert!(reached >= 0.7 * any, "{slots}: {reached} {any}");
            assert!(uniform < reached, "{slots}: {reached} {uniform}");
        }
    }

    /// Products with digits of any kind: a row gains by its 2-norm, and in the worst case by its 1-norm.
    #[test]
    fn a_row_is_no_more_than_its_slots_one_by_one() {
        let mut literal = Literal::new(10, vec![50, 40], vec![50], 40);
        literal.waiver = Waiver::Insecure;
        let model = Model::new(&Parameters::new(&literal).unwrap());
        let (one, row) = (Row::equal(1.0, 1.0), Row::equal(16.0, 1.0 / 16.0));
        for tier in [Tier::WorstCase, Tier::HighProbability { kappa: 40 }] {
            let added = Added {
                model: &model,
                tier,
                residues: Residues::Any,
            };
            let share = added.switched(1, row).get() / added.switched(1, one).get();
            let want = if tier == Tier::WorstCase { 1.0 } else { 0.25 };
            assert!((share - want).abs() < 1e-12, "{tier:?}: {share}");
            // A whole key switch at one slot is what the circuits are bounded with.
            let whole = added.key_switch(1, one).get() / model.bound_key_switch(1, tier);
            assert!((0.999_999..1.000_001).contains(&whole), "{tier:?}: {whole}");
        }
    }
}
