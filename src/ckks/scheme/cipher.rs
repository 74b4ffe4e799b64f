//! Plaintexts and ciphertexts: elements with level, exact scale and packing.
//!
//! A message of slots z stands at scale s as the element m with m(zeta^(5^j)) = s z_j. The scale is
//! an exact rational: a product has the product of the scales, a rescale divides by the prime that is
//! dropped, and nothing else changes it.

use crate::ckks::ring::{Poly, Ring};
use crate::error::{Error, ErrorKind, Result};
use rug::{Float, Rational};

/// Names a secret key: random, public, carried by everything made under the key.
pub type KeyId = [u8; 16];

/// Longest scale in bits: no operation of a sensible circuit comes near.
pub const MAX_SCALE_BITS: u32 = 1 << 16;

/// An encoded message.
#[derive(Debug, Clone, PartialEq)]
pub struct Plaintext {
    pub(in crate::ckks) poly: Poly,
    pub(in crate::ckks) level: usize,
    pub(in crate::ckks) scale: Rational,
    pub(in crate::ckks) log_slots: u32,
    pub(in crate::ckks) ring: [u8; 32],
}

/// An encrypted message: c_0 + c_1 s (+ c_2 s^2) is the message plus noise mod Q_l.
#[derive(Debug, Clone, PartialEq)]
pub struct Ciphertext {
    pub(in crate::ckks) parts: Vec<Poly>,
    pub(in crate::ckks) level: usize,
    pub(in crate::ckks) scale: Rational,
    pub(in crate::ckks) log_slots: u32,
    pub(in crate::ckks) ring: [u8; 32],
    pub(in crate::ckks) key: KeyId,
}

impl Plaintext {
    /// The level: residues mod the primes up to it.
    #[must_use]
    pub fn level(&self) -> usize {
        self.level
    }

    /// The scale.
    #[must_use]
    pub fn scale(&self) -> &Rational {
        &self.scale
    }

    /// log2 of the number of slots.
    #[must_use]
    pub fn log_slots(&self) -> u32 {
        self.log_slots
    }
}

impl Ciphertext {
    /// The level: the number of rescales that are left.
    #[must_use]
    pub fn level(&self) -> usize {
        self.level
    }

    /// The scale.
    #[must_use]
    pub fn scale(&self) -> &Rational {
        &self.scale
    }

    /// log2 of the number of slots.
    #[must_use]
    pub fn log_slots(&self) -> u32 {
        self.log_slots
    }

    /// The degree in the secret: 1, or 2 after a product that is not relinearised.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.parts.len() - 1
    }

    /// Names the key that decrypts it.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// Refuses a level or an exact scale that is not the stated one.
    pub(in crate::ckks) fn stands_at(
        &self,
        level: usize,
        scale: &Rational,
        place: &str,
    ) -> Result<()> {
        same_level(self.level(), level, place)?;
        same_scale(&self.scale, scale, place)
    }

    /// Refuses operands of another ring, key, level, scale or packing, naming which.
    pub(in crate::ckks) fn fits(
        &self,
        other: &Self,
        operation: &str,
        same_scale: bool,
    ) -> Result<()> {
        same_ring(&self.ring, &other.ring, operation)?;
        if self.key != other.key {
            return Err(mismatch(
                operation,
                "secret keys",
                &hex(&self.key),
                &hex(&other.key),
            ));
        }
        same_packing(self.log_slots, other.log_slots, operation)?;
        same_level(self.level(), other.level(), operation)?;
        if same_scale {
            self::same_scale(&self.scale, &other.scale, operation)?;
        }
        Ok(())
    }

    /// The same against a plaintext.
    pub(in crate::ckks) fn fits_plain(
        &self,
        plain: &Plaintext,
        operation: &str,
        same_scale: bool,
    ) -> Result<()> {
        same_ring(&self.ring, &plain.ring, operation)?;
        same_packing(self.log_slots, plain.log_slots, operation)?;
        same_level(self.level(), plain.level(), operation)?;
        if same_scale {
            self::same_scale(&self.scale, &plain.scale, operation)?;
        }
        Ok(())
    }
}

fn mismatch(operation: &str, what: &str, left: &str, right: &str) -> Error {
    ErrorKind::Mismatch(format!(
        "{operation}: the {what} differ: {left} and {right}"
    ))
    .into()
}

/// The first bytes of a name, in hexadecimal.
pub(in crate::ckks) fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Refuses what was made under other parameters.
pub(in crate::ckks) fn same_ring(left: &[u8; 32], right: &[u8; 32], operation: &str) -> Result<()> {
    if left == right {
        return Ok(());
    }
    Err(mismatch(
        operation,
        "parameters (rings)",
        &hex(left),
        &hex(right),
    ))
}

fn same_level(left: usize, right: usize, operation: &str) -> Result<()> {
    if left == right {
        return Ok(());
    }
    let advice = "; drop the higher one first";
    Err(mismatch(
        operation,
        "levels",
        &left.to_string(),
        &format!("{right}{advice}"),
    ))
}

fn same_packing(left: u32, right: u32, operation: &str) -> Result<()> {
    if left == right {
        return Ok(());
    }
    Err(mismatch(
        operation,
        "numbers of slots",
        &format!("2^{left}"),
        &format!("2^{right}"),
    ))
}

fn same_scale(left: &Rational, right: &Rational, operation: &str) -> Result<()> {
    if left == right {
        return Ok(());
    }
    let show = |s: &Rational| format!("2^{}", scale_log2(s));
    let ratio = Rational::from(left / right);
    Err(mismatch(
        operation,
        "scales",
        &show(left),
        &format!(
            "{} (ratio 1 + {:.3e})",
            show(right),
            (ratio - 1u32).to_f64()
        ),
    ))
}

/// log2 of a scale, rounded for display.
#[must_use]
pub fn scale_log2(scale: &Rational) -> f64 {
    Float::with_val(64, scale).log2().to_f64()
}

/// Refuses scales that are not positive or whose size says that something ran away.
pub(in crate::ckks) fn check_scale(scale: &Rational, ring: &Ring) -> Result<()> {
    let bits = scale.numer().significant_bits() + scale.denom().significant_bits();
    if *scale <= 0 || bits > MAX_SCALE_BITS {
        return Err(ErrorKind::Parameters(format!(
            "a scale is positive and has at most {MAX_SCALE_BITS} bits (log_n {})",
            ring.params().log_n()
        ))
        .into());
    }
    Ok(())
}
