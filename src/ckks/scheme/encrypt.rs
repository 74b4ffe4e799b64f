//! Encryption, decryption, and the exact phase that noise is measured from.
//!
//! - under the public key: (b v + e_0 + m, a v + e_1), v uniform ternary, e_0, e_1 errors;
//! - the same extended (ePrint 2020/1118): (b v + e_0, a v + e_1) mod Q_l P is divided by P with rounding,
//!   as a key switch is, and m is added then. What is left of the fresh noise is less than the rounding's;
//! - under the secret key: (-a s + e + m, a), a uniform.

use super::cipher::{hex, same_ring, Ciphertext, Plaintext};
use super::keys::{PublicKey, SecretKey};
use crate::ckks::parameters::rng::Rng;
use crate::ckks::ring::divide::by_special;
use crate::ckks::ring::lift::centred;
use crate::ckks::ring::{Poly, Ring};
use crate::error::{ErrorKind, Result};
use rayon::prelude::*;
use rug::Integer;

/// The stream domain of the uniform half of a ciphertext.
const CIPHER_DOMAIN: u64 = 0;

/// A way of encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// By the public key mod Q.
    Public,
    /// By the public key mod QP, divided by P.
    PublicExtended,
    /// By the secret key.
    Secret,
}

impl PublicKey {
    /// Encrypts a plaintext at its level.
    ///
    /// **Guarantee** the phase is m + e v + e_0 + e_1 s exactly, e the error of the public key.
    ///
    /// # Errors
    /// A plaintext of another ring.
    pub fn encrypt(&self, ring: &Ring, plain: &Plaintext, rng: &mut Rng) -> Result<Ciphertext> {
        self.holds(ring, plain)?;
        let indices: Vec<usize> = (0..ring.params().limbs(plain.level())).collect();
        let zero = self.zero(ring, &indices, rng);
        Ok(self.cipher(ring, plain, zero.into()))
    }

    /// Encrypts a plaintext at its level with little noise: zero mod Q_l P, divided by P, and the plaintext.
    ///
    /// **Guarantee** the phase is exactly
    /// ```text
    /// m + (e v + e_0 + e_1 s)/P + rho_0 + rho_1 s,    |rho_0|, |rho_1| <= 1/2 + 2^-40 in every coefficient.
    /// ```
    /// Proof: u_0 + u_1 s = e v + e_0 + e_1 s mod Q_l P, and each u_i is divided as in `divide`.
    /// **Cost** beyond [`Self::encrypt`], in transforms: 5 k + 2 (l + 1), k the number of special primes.
    ///
    /// # Errors
    /// A plaintext of another ring.
    pub fn encrypt_extended(
        &self,
        ring: &Ring,
        plain: &Plaintext,
        rng: &mut Rng,
    ) -> Result<Ciphertext> {
        self.holds(ring, plain)?;
        let zero = self.zero(ring, &ring.extended(plain.level()), rng);
        Ok(self.cipher(ring, plain, by_special(ring, &zero, plain.level())))
    }

    fn holds(&self, ring: &Ring, plain: &Plaintext) -> Result<()> {
        same_ring(&ring.params().digest(), &self.ring, "encrypt")?;
        same_ring(&self.ring, &plain.ring, "encrypt")
    }

    /// (b v + e_0, a v + e_1) mod the primes of the indices.
    fn zero(&self, ring: &Ring, indices: &[usize], rng: &mut Rng) -> [Poly; 2] {
        let (n, cbd) = (ring.n(), ring.params().cbd());
        let v = ring.small(&rng.ternary(n), indices);
        [&self.b, &self.a].map(|key| {
            let mut out = ring.small(&rng.errors(n, cbd), indices);
            (out.0.par_iter_mut().zip(&v.0).zip(indices)).for_each(|((out, v), &i)| {
                let m = ring.modulus(i);
                let mut product = ring.copy(v);
                m.mul_assign(&mut product, &key.0[i]);
                m.add_assign(out, &product);
                ring.give([product]);
            });
            out
        })
    }

    fn cipher(&self, ring: &Ring, plain: &Plaintext, mut zero: Vec<Poly>) -> Ciphertext {
        ring.update(&mut zero[0], &plain.poly, |m, x, y| m.add_assign(x, y));
        Ciphertext {
            parts: zero,
            level: plain.level,
            scale: plain.scale.clone(),
            log_slots: plain.log_slots,
            ring: self.ring,
            key: self.id,
        }
    }
}

impl SecretKey {
    /// Encrypts a plaintext at its level.
    ///
    /// **Guarantee** the phase is m + e exactly.
    ///
    /// # Errors
    /// A plaintext of another ring.
    pub fn encrypt(&self, plain: &Plaintext, rng: &mut Rng) -> Result<Ciphertext> {
        let ring = &self.ring;
        same_ring(&ring.params().digest(), &plain.ring, "encrypt")?;
        let indices: Vec<usize> = (0..ring.params().limbs(plain.level())).collect();
        let a = ring.uniform(&rng.seed(), CIPHER_DOMAIN, &indices);
        let errors = rng.errors(ring.n(), ring.params().cbd());
        let mut c0 = self.mask(&a, &errors, &indices);
        ring.update(&mut c0, &plain.poly, |m, x, y| m.add_assign(x, y));
        Ok(Ciphertext {
            parts: vec![c0, a],
            level: plain.level,
            scale: plain.scale.clone(),
            log_slots: plain.log_slots,
            ring: plain.ring,
            key: self.id,
        })
    }

    /// Decrypts: c_0 + c_1 s (+ c_2 s^2), noise included. Give the values to nobody without
    /// flooding (ePrint 2020/1533).
    ///
    /// # Errors
    /// A ciphertext of another ring or key.
    pub fn decrypt(&self, cipher: &Ciphertext) -> Result<Plaintext> {
        same_ring(&self.ring.params().digest(), &cipher.ring, "decrypt")?;
        if self.id != cipher.key {
            return Err(ErrorKind::Mismatch(format!(
                "decrypt: the ciphertext is under key {}, this is key {}",
                hex(&cipher.key),
                hex(&self.id)
            ))
            .into());
        }
        // Horner's rule from the highest power of s.
        let mut parts = cipher.parts.iter().rev();
        let mut sum = parts
            .next()
            .cloned()
            .unwrap_or_else(|| self.ring.poly(Vec::new()));
        for part in parts {
            self.ring
                .update(&mut sum, &self.s, |m, x, s| m.mul_assign(x, s));
            self.ring
                .update(&mut sum, part, |m, x, c| m.add_assign(x, c));
        }
        Ok(Plaintext {
            poly: sum,
            level: cipher.level,
            scale: cipher.scale.clone(),
            log_slots: cipher.log_slots,
            ring: cipher.ring,
        })
    }

    /// The phase of a ciphertext as exact centred integers mod Q_l: message plus noise.
    ///
    /// # Errors
    /// As [`Self::decrypt`].
    pub fn phase(&self, cipher: &Ciphertext) -> Result<Vec<Integer>> {
        Ok(centred(&self.ring, &self.decrypt(cipher)?.poly))
    }
}

impl Plaintext {
    /// The exact centred coefficients.
    ///
    /// # Errors
    /// A plaintext of another ring.
    pub fn coefficients(&self, ring: &Ring) -> Result<Vec<Integer>> {
        same_ring(&ring.params().digest(), &self.ring, "coefficients")?;
        Ok(centred(ring, &self.poly))
    }
}
