//! Encryption, decryption, and the exact phase that noise is measured from.
//!
//! - under the public key: (b v + e_0 + m, a v + e_1), v uniform ternary, e_0, e_1 errors;
//! - under the secret key: (-a s + e + m, a), a uniform.

use super::cipher::{hex, same_ring, Ciphertext, Plaintext};
use super::keys::{PublicKey, SecretKey};
use super::lift::centred;
use super::ring::{Poly, Ring};
use super::rng::Rng;
use crate::error::{ErrorKind, Result};
use rayon::prelude::*;
use rug::Integer;

/// The stream domain of the uniform half of a ciphertext.
const CIPHER_DOMAIN: u64 = 0;

impl PublicKey {
    /// Encrypts a plaintext at its level.
    ///
    /// **Guarantee** the phase is m + e v + e_0 + e_1 s exactly, e the error of the public key.
    ///
    /// # Errors
    /// A plaintext of another ring.
    pub fn encrypt(&self, ring: &Ring, plain: &Plaintext, rng: &mut Rng) -> Result<Ciphertext> {
        same_ring(&ring.params().digest(), &self.ring, "encrypt")?;
        same_ring(&self.ring, &plain.ring, "encrypt")?;
        let indices: Vec<usize> = (0..=plain.level()).collect();
        let (n, cbd) = (ring.n(), ring.params().cbd());
        let v = ring.small(&rng.ternary(n), &indices);
        let mut half = |key: &Poly| {
            let mut out = ring.small(&rng.errors(n, cbd), &indices);
            (out.0.par_iter_mut().zip(&v.0).zip(&key.0).enumerate()).for_each(
                |(i, ((out, v), key))| {
                    let m = ring.modulus(i);
                    let mut product = ring.copy(v);
                    m.mul_assign(&mut product, key);
                    m.add_assign(out, &product);
                    ring.give([product]);
                },
            );
            out
        };
        let (mut c0, c1) = (half(&self.b), half(&self.a));
        ring.update(&mut c0, &plain.poly, |m, x, y| m.add_assign(x, y));
        Ok(Ciphertext {
            parts: vec![c0, c1],
            scale: plain.scale.clone(),
            log_slots: plain.log_slots,
            ring: self.ring,
            key: self.id,
        })
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
        let indices: Vec<usize> = (0..=plain.level()).collect();
        let a = ring.uniform(&rng.seed(), CIPHER_DOMAIN, &indices);
        let errors = rng.errors(ring.n(), ring.params().cbd());
        let mut c0 = self.mask(&a, &errors, &indices);
        ring.update(&mut c0, &plain.poly, |m, x, y| m.add_assign(x, y));
        Ok(Ciphertext {
            parts: vec![c0, a],
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
