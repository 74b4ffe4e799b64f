//! Keys: secret, public, and switching keys for relinearisation, rotation and conjugation.
//!
//! The public key is (b, a) = (-a s + e, a) mod Q_L P; an encryption mod Q_l uses its residues there alone.
//! A switching key from s' to s has for each digit D_j of Q_L a pair mod Q_L P,
//! ```text
//! b_j = -a_j s + e_j + P g_j s'     g_j = 1 mod the primes of digit j, 0 mod all others
//! ```
//! so that sum_j \[c\]_{D_j} (b_j + a_j s) = P c s' + sum_j \[c\]_{D_j} e_j. All a are uniform and
//! made from a seed, which is all that a file keeps of them.
//!
//! The key of the automorphism g switches from s to s(X^{1/g}): the automorphism comes last and once,
//! after the division by P.

use super::cipher::KeyId;
use super::encode::Encoder;
use crate::ckks::parameters::rng::{Rng, Seed};
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::{Poly, Ring};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A secret key.
#[derive(Debug)]
pub struct SecretKey {
    pub(in crate::ckks) ring: Arc<Ring>,
    pub(in crate::ckks) id: KeyId,
    /// s mod all primes, the special ones included.
    pub(in crate::ckks) s: Poly,
    pub(in crate::ckks) coefficients: Vec<i64>,
}

/// A public key.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicKey {
    pub(in crate::ckks) id: KeyId,
    pub(in crate::ckks) ring: [u8; 32],
    pub(in crate::ckks) seed: Seed,
    pub(in crate::ckks) b: Poly,
    pub(in crate::ckks) a: Poly,
}

/// A switching key: for each digit (b_j, a_j) mod the primes of its level and the special ones.
#[derive(Debug, Clone, PartialEq)]
pub struct SwitchingKey {
    /// The highest level that it serves.
    pub(in crate::ckks) level: usize,
    pub(in crate::ckks) seed: Seed,
    pub(in crate::ckks) b: Vec<Poly>,
    pub(in crate::ckks) a: Vec<Poly>,
}

/// What an evaluator may know: a relinearisation key and keys of automorphisms.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationKeys {
    pub(in crate::ckks) id: KeyId,
    pub(in crate::ckks) ring: [u8; 32],
    pub(in crate::ckks) relinearization: Option<SwitchingKey>,
    /// By the automorphism's exponent g.
    pub(in crate::ckks) automorphisms: BTreeMap<u64, SwitchingKey>,
}

/// The stream domain of the public key; those of a switching key are its digits.
pub(in crate::ckks) const PUBLIC_DOMAIN: u64 = u16::MAX as u64;

impl SecretKey {
    /// Draws a secret of the distribution that the parameters state, until |s(zeta)|^2 <= 18 h at every
    /// primitive 2N-th root of unity zeta: the noise model rests on that, and no luck is involved.
    #[must_use]
    pub fn generate(ring: &Arc<Ring>, rng: &mut Rng) -> Self {
        let encoder = Encoder::new(ring);
        // One key in thousands is drawn again, unless its weight is so small that none can fail.
        let coefficients = loop {
            let drawn = rng.secret(ring.n(), ring.params().secret());
            if Self::is_bounded(&encoder, ring, &drawn) {
                break drawn;
            }
        };
        let mut id = KeyId::default();
        id.copy_from_slice(&rng.seed()[..16]);
        Self::from_coefficients(ring, id, coefficients)
    }

    /// Whether a secret keeps the bound that the noise model rests on.
    pub(in crate::ckks) fn is_bounded(
        encoder: &Encoder,
        ring: &Ring,
        coefficients: &[i64],
    ) -> bool {
        let limit = ring.params().bound_secret_squared().to_f64();
        encoder.largest_slot_squared(coefficients) <= limit * (1.0 - 2f64.powi(-40))
    }

    pub(in crate::ckks) fn from_coefficients(
        ring: &Arc<Ring>,
        id: KeyId,
        coefficients: Vec<i64>,
    ) -> Self {
        let all = ring.extended(ring.params().max_level());
        Self {
            s: ring.small(&coefficients, &all),
            ring: ring.clone(),
            id,
            coefficients,
        }
    }

    /// The coefficients of s: for exact noise measurements.
    #[must_use]
    pub fn coefficients(&self) -> &[i64] {
        &self.coefficients
    }

    /// Names the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The public key (-a s + e, a) mod Q_L P.
    #[must_use]
    pub fn public_key(&self, rng: &mut Rng) -> PublicKey {
        let ring = &self.ring;
        let indices = ring.extended(ring.params().max_level());
        let seed = rng.seed();
        let a = ring.uniform(&seed, PUBLIC_DOMAIN, &indices);
        let errors = rng.errors(ring.n(), ring.params().cbd());
        let b = self.mask(&a, &errors, &indices);
        PublicKey {
            id: self.id,
            ring: ring.params().digest(),
            seed,
            b,
            a,
        }
    }

    /// -a s + e mod the primes of the indices.
    pub(in crate::ckks) fn mask(&self, a: &Poly, errors: &[i64], indices: &[usize]) -> Poly {
        let ring = &self.ring;
        let mut out = ring.small(errors, indices);
        (out.0.par_iter_mut().zip(&a.0).zip(indices)).for_each(|((out, a), &i)| {
            let m = ring.modulus(i);
            let mut product = ring.copy(a);
            m.mul_assign(&mut product, &self.s.0[i]);
            m.sub_assign(out, &product);
            ring.give([product]);
        });
        out
    }

    /// The switching key from another secret (mod all primes) to this one, for levels up to one.
    fn switching_key(&self, from: &Poly, level: usize, rng: &mut Rng) -> SwitchingKey {
        let digits = self.ring.params().digits(level);
        self.gadget_key(from, level, &self.ring.special(), &digits, rng)
    }

    /// The key of one digit from another secret to this one for elements mod q_0, at a level: at level 0 with the first special
    /// prime alone, above with all of them. A lifted element is small, so that one digit is all of it mod every prime.
    pub(in crate::ckks) fn lifting_key(
        &self,
        from: &Poly,
        level: usize,
        rng: &mut Rng,
    ) -> SwitchingKey {
        let mut special = self.ring.special();
        if level == 0 {
            special.truncate(1);
        }
        let all = 0..self.ring.params().limbs(level);
        self.gadget_key(from, level, &special, &[all], rng)
    }

    /// b_j = -a_j s + e_j + P g_j s', g_j = 1 mod the primes of digit j; P the product of the given special primes.
    fn gadget_key(
        &self,
        from: &Poly,
        level: usize,
        special: &[usize],
        digits: &[std::ops::Range<usize>],
        rng: &mut Rng,
    ) -> SwitchingKey {
        let ring = &self.ring;
        let own = ring.params().limbs(level);
        let indices: Vec<usize> = (0..own).chain(special.iter().copied()).collect();
        let p = ring.product(special.iter().copied());
        let seed = rng.seed();
        let (mut b, mut a) = (Vec::new(), Vec::new());
        for (j, digit) in digits.iter().enumerate() {
            let uniform = ring.uniform(&seed, j as u64, &indices);
            let errors = rng.errors(ring.n(), ring.params().cbd());
            let mut masked = self.mask(&uniform, &errors, &indices);
            for i in digit.clone() {
                let m = ring.modulus(i);
                let mut message = ring.take();
                m.mul_constant(&mut message, &from.0[i], m.of_integer(&p));
                m.add_assign(&mut masked.0[i], &message);
                ring.give([message]);
            }
            b.push(masked);
            a.push(uniform);
        }
        SwitchingKey { level, seed, b, a }
    }

    /// Evaluation keys: relinearisation if wanted, rotations by the given steps, conjugation.
    ///
    /// **Inputs** steps count slots to the left, modulo N/2; a message of n < N/2 slots repeats, so
    /// steps modulo n do the same to it.
    /// **Cost** [`SwitchingKey::bytes`] each.
    #[must_use]
    pub fn evaluation_keys(
        &self,
        relinearize: bool,
        steps: &[i64],
        conjugate: bool,
        rng: &mut Rng,
    ) -> EvaluationKeys {
        let ring = &self.ring;
        let top = ring.params().max_level();
        let mut keys = if relinearize {
            self.relinearization_up_to(top, rng)
        } else {
            self.no_keys()
        };
        let rotations = steps.iter().map(|&k| ring.rotation(k));
        let exponents = rotations.chain(conjugate.then(|| ring.conjugation()));
        for g in exponents.collect::<Vec<_>>() {
            self.add_automorphism(&mut keys, g, top, rng);
        }
        keys
    }

    fn no_keys(&self) -> EvaluationKeys {
        EvaluationKeys {
            id: self.id,
            ring: self.ring.params().digest(),
            relinearization: None,
            automorphisms: BTreeMap::new(),
        }
    }

    /// The relinearisation key for levels up to one, and no other.
    pub(in crate::ckks) fn relinearization_up_to(
        &self,
        level: usize,
        rng: &mut Rng,
    ) -> EvaluationKeys {
        let ring = &self.ring;
        let mut square = self.s.clone();
        let all = ring.extended(ring.params().max_level());
        (square.0.par_iter_mut().zip(&self.s.0).zip(&all))
            .for_each(|((x, s), &i)| ring.modulus(i).mul_assign(x, s));
        EvaluationKeys {
            relinearization: Some(self.switching_key(&square, level, rng)),
            ..self.no_keys()
        }
    }

    /// Adds the keys of rotations, each up to the level that it is used at, unless there is one that serves as high.
    ///
    /// **Inputs** by the steps, in slots to the left, the level.
    pub fn add_rotations(
        &self,
        keys: &mut EvaluationKeys,
        levels: &BTreeMap<i64, usize>,
        rng: &mut Rng,
    ) {
        for (&steps, &level) in levels {
            self.add_automorphism(keys, self.ring.rotation(steps), level, rng);
        }
    }

    /// Adds the key of an automorphism up to a level, unless there is one that serves as high.
    pub(in crate::ckks) fn add_automorphism(
        &self,
        keys: &mut EvaluationKeys,
        g: u64,
        level: usize,
        rng: &mut Rng,
    ) {
        let there = keys.automorphisms.get(&g);
        if g == 1 || there.is_some_and(|key| key.level >= level) {
            return;
        }
        let key = self.automorphism_key(g, level, rng);
        keys.automorphisms.insert(g, key);
    }

    /// The key of an automorphism up to a level.
    pub(super) fn automorphism_key(&self, g: u64, level: usize, rng: &mut Rng) -> SwitchingKey {
        let ring = &self.ring;
        // Switch s to s(X^{1/g}): as seen from there, from s(X^g) to s, moved by 1/g.
        let target = ring.automorphism(&self.s, ring.inverse_automorphism(g));
        let moved = Self {
            ring: ring.clone(),
            id: self.id,
            s: target,
            coefficients: Vec::new(),
        };
        moved.switching_key(&self.s, level, rng)
    }
}

/// Bytes that keys and a ciphertext of a parameter set take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyBytes {
    /// A switching key (relinearisation, or one rotation) in memory.
    pub switching: u64,
    /// The same in a file, where a seed stands for half of it.
    pub switching_file: u64,
    /// The public key in memory.
    pub public: u64,
    /// A ciphertext of degree 1 at the top level.
    pub ciphertext: u64,
}

/// Bytes that keys of a parameter set take, from the shapes alone.
#[must_use]
pub fn key_bytes(params: &Parameters) -> KeyBytes {
    let limb = 8 * params.n() as u64;
    let (q, p) = (params.q().len() as u64, params.p().len() as u64);
    let digits = params.digits(params.max_level()).len() as u64;
    KeyBytes {
        switching: 2 * digits * (q + p) * limb,
        switching_file: digits * (q + p) * limb + 32,
        public: 2 * (q + p) * limb,
        ciphertext: 2 * q * limb,
    }
}

impl SwitchingKey {
    /// (b_j, a_j) of the first digits mod a prime.
    pub(in crate::ckks) fn row(
        &self,
        ring: &Ring,
        digits: usize,
        index: usize,
    ) -> Vec<[&[u64]; 2]> {
        let at = ring.place(index, ring.params().limbs(self.level));
        (self.b.iter().zip(&self.a))
            .take(digits)
            .map(|(b, a)| [&*b.0[at], &*a.0[at]])
            .collect()
    }

    /// Bytes that the key takes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let limbs = |polys: &[Poly]| -> u64 {
            polys
                .iter()
                .flat_map(|p| &p.0)
                .map(|limb| limb.len() as u64 * 8)
                .sum()
        };
        limbs(&self.a) + limbs(&self.b)
    }
}

impl EvaluationKeys {
    /// Bytes that the keys take in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let all = self
            .relinearization
            .iter()
            .chain(self.automorphisms.values());
        all.map(SwitchingKey::bytes).sum()
    }

    /// Adds the keys of another set made under the same secret.
    ///
    /// # Errors
    /// Keys of another secret or ring.
    pub fn merge(&mut self, other: Self) -> crate::error::Result<()> {
        super::cipher::same_ring(&self.ring, &other.ring, "merge keys")?;
        if self.id != other.id {
            let detail = "merge keys: they were made under different secrets";
            return Err(crate::error::ErrorKind::Mismatch(detail.into()).into());
        }
        self.relinearization = self.relinearization.take().or(other.relinearization);
        for (g, key) in other.automorphisms {
            self.automorphisms.entry(g).or_insert(key);
        }
        Ok(())
    }
}
