//! *Estimates* of what steps cost an evaluator, by the limbs that they touch.
//!
//! **Method** A key switch raises digits, multiplies them with a key and divides by the special primes; each is so much a limb,
//! whatever the level. The figures are those of the built-in profile `own` (N = 2^16, one thread with AVX-512), times 0.6: what a
//! bootstrap of R57 was measured to take on the same machine with nothing else to do. Other rings are taken as proportional to N.

use crate::circuit::{Circuit, Op};
use crate::ckks::parameters::Parameters;
use crate::encrypted::map::SlotMap;

/// Milliseconds of raising one digit to one limb.
const RAISE: f64 = 0.25;
/// Milliseconds of the product of one limb of a digit with one of a key's halves.
const INNER: f64 = 0.042;
/// Milliseconds of dividing one half by the special primes, a limb.
const DIVIDE: f64 = 0.31;
/// Milliseconds of the product of one limb with a plaintext's.
const PLAIN: f64 = 0.033;
/// Milliseconds of a transform of one limb.
const TRANSFORM: f64 = 0.1;
/// Milliseconds of embedding one slot of a diagonal, in double precision twice.
const EMBED: f64 = 0.0004;
/// log2 of the ring's degree that the figures are for.
const LOG_N: u32 = 16;

/// What linear maps take: what a schedule counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Values that digits are cut of.
    pub values: usize,
    /// Products with diagonals.
    pub diagonals: usize,
    /// Baby steps other than 0.
    pub babies: usize,
    /// Giant steps other than 0.
    pub giants: usize,
    /// Rotations that copies are summed up by.
    pub folds: usize,
}

impl Work {
    /// The work of a map.
    #[must_use]
    pub fn of(map: &SlotMap) -> Self {
        let (babies, giants) = map.steps(map.babies());
        let moved =
            |all: std::collections::BTreeSet<usize>| all.iter().filter(|&&k| k != 0).count();
        Self {
            values: 1,
            diagonals: map.diagonals.len(),
            babies: moved(babies),
            giants: moved(giants),
            folds: map.folds().len(),
        }
    }

    /// Both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            values: self.values + other.values,
            diagonals: self.diagonals + other.diagonals,
            babies: self.babies + other.babies,
            giants: self.giants + other.giants,
            folds: self.folds + other.folds,
        }
    }
}

/// What one parameter set makes of the figures.
#[derive(Debug, Clone)]
pub struct Costs<'a> {
    parameters: &'a Parameters,
}

impl<'a> Costs<'a> {
    /// For parameters.
    #[must_use]
    pub fn new(parameters: &'a Parameters) -> Self {
        Self { parameters }
    }

    /// Digits, and limbs with the special primes, at a level.
    fn shape(&self, level: usize) -> (f64, f64) {
        let limbs = self.parameters.limbs(level) + self.parameters.p().len();
        (self.parameters.digits(level).len() as f64, limbs as f64)
    }

    fn scaled(&self, ms: f64) -> f64 {
        ms * 2f64.powi(self.parameters.log_n() as i32 - LOG_N as i32)
    }

    /// *Estimate*: milliseconds of linear maps that are summed and divided once.
    #[must_use]
    pub fn estimate_linear_ms(&self, work: &Work, level: usize) -> f64 {
        let (digits, limbs) = self.shape(level);
        let n = |count: usize| count as f64;
        let (up, inner) = (RAISE * digits * limbs, 2.0 * INNER * digits * limbs);
        let turn = DIVIDE * limbs + up + inner;
        let ms = n(work.values) * up
            + n(work.babies) * inner
            + n(work.giants + work.folds) * turn
            + n(work.diagonals) * 2.0 * PLAIN * limbs
            + 2.0 * DIVIDE * limbs;
        self.scaled(ms)
    }

    /// *Estimate*: milliseconds of making so many diagonals of a period plaintexts, before they are used: transforms are of the
    /// subring.
    #[must_use]
    pub fn estimate_encode_ms(&self, diagonals: usize, period: usize, level: usize) -> f64 {
        let (_, limbs) = self.shape(level);
        let slots = period as f64;
        let share = 2.0 * slots / f64::from(1 << LOG_N);
        diagonals as f64 * (slots * EMBED + limbs * TRANSFORM * share)
    }

    /// *Estimate*: milliseconds of a rotation, alone.
    #[must_use]
    pub fn estimate_rotation_ms(&self, level: usize) -> f64 {
        let (digits, limbs) = self.shape(level);
        self.scaled((RAISE + 2.0 * INNER) * digits * limbs + 2.0 * DIVIDE * limbs)
    }

    /// *Estimate*: milliseconds of a circuit: its products.
    #[must_use]
    pub fn estimate_circuit_ms(&self, circuit: &Circuit) -> f64 {
        let products = circuit.nodes.iter().filter(|n| matches!(n.op, Op::Mul(..)));
        let own = |level: usize| self.scaled(4.0 * PLAIN * self.parameters.limbs(level) as f64);
        products
            .map(|n| self.estimate_rotation_ms(n.level) + own(n.level))
            .sum()
    }

    /// Bytes of a switching key that serves up to a level.
    #[must_use]
    pub fn key_bytes(&self, level: usize) -> u64 {
        let limbs = self.parameters.limbs(level) + self.parameters.p().len();
        let digits = self.parameters.digits(level).len();
        (2 * digits * limbs * 8 * self.parameters.n()) as u64
    }

    /// Bytes of a ciphertext at a level.
    #[must_use]
    pub fn ciphertext_bytes(&self, level: usize) -> u64 {
        (2 * self.parameters.limbs(level) * 8 * self.parameters.n()) as u64
    }

    /// Bytes of encoded diagonals of a period at a level.
    #[must_use]
    pub fn diagonal_bytes(&self, period: usize, level: usize) -> u64 {
        let limbs = self.parameters.limbs(level) + self.parameters.p().len();
        (2 * period * limbs * 8) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::bootstrap::literal::Literal;
    use crate::ckks::parameters::Literal as Encryption;
    use crate::ckks::scheme::keys::key_bytes;
    use crate::plan::profile::{Operation, Profile};

    /// In proportion the figures are the built-in profile's, to a tenth, for its own parameters.
    #[test]
    fn a_rotation_costs_what_the_profile_says() {
        let q = [&[50, 47, 47][..], &[49; 13]].concat();
        let parameters = Parameters::new(&Encryption::new(16, q, vec![49; 5], 49)).unwrap();
        let costs = Costs::new(&parameters);
        let own = Profile::named("own").unwrap();
        for level in [2, 12, 15] {
            let want = own.estimate_ms(Operation::Rotate, level).unwrap();
            let got = costs.estimate_rotation_ms(level);
            let part = got / want;
            assert!((part / 0.6 - 1.0).abs() < 0.12, "level {level}: {part}");
        }
        let parameters = Parameters::new(&Literal::r57(14).encryption).unwrap();
        let costs = Costs::new(&parameters);
        let top = parameters.max_level();
        assert_eq!(costs.key_bytes(top), key_bytes(&parameters).switching);
        assert_eq!(
            costs.ciphertext_bytes(top),
            key_bytes(&parameters).ciphertext
        );
        assert!(costs.key_bytes(3) < 10_000_000);
    }

    #[test]
    fn a_map_is_counted_step_by_step() {
        let map = SlotMap {
            from: 128,
            to: 64,
            diagonals: (0..64).map(|k| (k, vec![1.0; 128])).collect(),
        };
        assert_eq!(map.babies(), 16);
        let work = Work::of(&map);
        let want = Work {
            values: 1,
            diagonals: 64,
            babies: 15,
            giants: 3,
            folds: 1,
        };
        assert_eq!(work, want);
        assert_eq!(work.plus(work).giants, 6);
    }
}
