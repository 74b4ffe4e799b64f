//! Randomness: ChaCha20 seeded by the system, and the distributions of keys and errors.
//!
//! The error is centred binomial: e = sum_{i<=k} (b_i - b'_i) of 2k fair bits. So
//! - E e = 0, Var e = k/2, |e| <= k, all exact;
//! - E exp(t e) = cosh(t/2)^{2k} <= exp(t^2 k/4): b - 1/2 is -1/2 or 1/2, and cosh x <= exp(x^2/2). So
//!   e is sub-Gaussian with its own variance as proxy, and so is every linear combination of errors.

use super::modular::Modulus;
use super::Secret;
use crate::error::{ErrorKind, Result};
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use chacha20::ChaCha20Rng;

/// The seed of a generator.
pub type Seed = [u8; 32];

/// A generator of keys and encryptions.
#[derive(Debug)]
pub struct Rng(ChaCha20Rng);

impl Rng {
    /// A generator seeded by the operating system.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn from_system() -> Result<Self> {
        let mut seed = Seed::default();
        getrandom::fill(&mut seed)
            .map_err(|e| ErrorKind::Io(format!("the system's randomness: {e}")))?;
        Ok(Self::from_seed(seed))
    }

    /// A generator whose output repeats: for tests and reproducible measurements, never for secrets.
    #[must_use]
    pub fn from_seed(seed: Seed) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// The repeatable generator number `index` of a seed.
    #[must_use]
    pub fn numbered(seed: u64, index: u64) -> Self {
        let mut bytes = Seed::default();
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self::stream(&bytes, index)
    }

    /// Stream `index` of a seed: independent streams share one seed.
    pub(in crate::ckks) fn stream(seed: &Seed, index: u64) -> Self {
        let mut rng = ChaCha20Rng::from_seed(*seed);
        rng.set_stream(index);
        Self(rng)
    }

    /// A new seed.
    pub fn seed(&mut self) -> Seed {
        let mut seed = Seed::default();
        self.0.fill_bytes(&mut seed);
        seed
    }

    /// A uniform word.
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A uniform integer in [0, bound), by rejection. bound > 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let mask = u64::MAX >> (bound - 1).leading_zeros().min(63);
        loop {
            let draw = self.word() & mask;
            if draw < bound {
                return draw;
            }
        }
    }

    /// Uniform residues.
    pub(in crate::ckks) fn uniform(&mut self, n: usize, modulus: &Modulus) -> Vec<u64> {
        (0..n).map(|_| self.below(modulus.value())).collect()
    }

    /// n coefficients of a secret.
    pub fn secret(&mut self, n: usize, secret: Secret) -> Vec<i64> {
        match secret {
            Secret::Ternary => self.ternary(n),
            Secret::Weight(h) => {
                // The first h places of a random permutation.
                let mut places: Vec<usize> = (0..n).collect();
                let mut out = vec![0; n];
                for i in 0..h.min(n) {
                    let j = i + self.below((n - i) as u64) as usize;
                    places.swap(i, j);
                    out[places[i]] = if self.word() & 1 == 0 { 1 } else { -1 };
                }
                out
            }
        }
    }

    /// n coefficients -1, 0, 1, each with probability 1/3.
    pub fn ternary(&mut self, n: usize) -> Vec<i64> {
        let mut bits = 0u64;
        let mut left = 0;
        (0..n)
            .map(|_| loop {
                if left == 0 {
                    (bits, left) = (self.word(), 32);
                }
                let pair = (bits & 3) as i64;
                (bits, left) = (bits >> 2, left - 1);
                if pair < 3 {
                    break pair - 1;
                }
            })
            .collect()
    }

    /// n errors: differences of two sums of k <= 32 fair bits.
    pub fn errors(&mut self, n: usize, k: u32) -> Vec<i64> {
        let mask = u32::MAX >> (32 - k.clamp(1, 32));
        (0..n)
            .map(|_| {
                let word = self.word();
                let ones = |half: u32| i64::from((half & mask).count_ones());
                ones(word as u32) - ones((word >> 32) as u32)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_moments_and_bounds() {
        let mut rng = Rng::numbered(1, 0);
        let n = 1 << 16;
        let moments = |v: &[i64]| {
            let mean = v.iter().sum::<i64>() as f64 / v.len() as f64;
            (
                mean,
                v.iter().map(|x| (x * x) as f64).sum::<f64>() / v.len() as f64,
            )
        };
        // Six standard deviations of the mean and of the variance of n draws.
        for k in [1, 21, 32] {
            let e = rng.errors(n, k);
            let (mean, variance) = moments(&e);
            let sigma2 = f64::from(k) / 2.0;
            assert!(e.iter().all(|x| x.unsigned_abs() <= u64::from(k)));
            assert!(mean.abs() < 6.0 * (sigma2 / n as f64).sqrt(), "{k}: {mean}");
            assert!(
                (variance / sigma2 - 1.0).abs() < 6.0 * (2.0 / n as f64).sqrt(),
                "{k}: {variance}"
            );
        }
        let (mean, variance) = moments(&rng.ternary(n));
        assert!(mean.abs() < 0.02 && (variance - 2.0 / 3.0).abs() < 0.015);
        for h in [1, 192, n] {
            let s = rng.secret(n, Secret::Weight(h));
            assert_eq!(s.iter().filter(|x| x.abs() == 1).count(), h);
            assert_eq!(s.iter().filter(|&&x| x == 0).count(), n - h);
        }
        assert_eq!(rng.below(1), 0);
        let mut seen = [0; 5];
        (0..5000).for_each(|_| seen[rng.below(5) as usize] += 1);
        assert!(seen.iter().all(|&c| c > 850), "{seen:?}");
    }

    #[test]
    fn streams_of_a_seed_differ_and_repeat() {
        let draw = |seed, index| Rng::numbered(seed, index).word();
        assert_eq!(draw(5, 1), draw(5, 1));
        assert_ne!(draw(5, 1), draw(5, 2));
        assert_ne!(draw(5, 1), draw(6, 1));
        let mut system = Rng::from_system().unwrap();
        assert_ne!(system.seed(), Rng::from_system().unwrap().seed());
    }
}
