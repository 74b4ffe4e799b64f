//! What operations really add, measured on ciphertexts with the secret key at hand.
//!
//! Where an operation adds something of its own, the phases before and after it are compared as exact
//! integers, so nothing else is in the figure. Every `measure_` is a sample, never a bound.

use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::cipher::Ciphertext;
use crate::ckks::scheme::encode::{Complex, Encoder};
use crate::ckks::scheme::encrypt::Encryption;
use crate::ckks::scheme::keys::{PublicKey, SecretKey};
use crate::error::Result;
use crate::noise::formula::operations::Primitive;
use rug::{Integer, Rational};
use std::sync::Arc;

/// The largest and the root mean square of |error|, over slots and runs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// Slots seen.
    pub count: u64,
    /// The largest |error|.
    pub measure_max: f64,
    sum_of_squares: f64,
}

impl Sample {
    /// Takes in more slots.
    pub fn add(&mut self, errors: impl IntoIterator<Item = f64>) {
        for e in errors {
            self.count += 1;
            self.measure_max = self.measure_max.max(e);
            self.sum_of_squares += e * e;
        }
    }

    /// Takes in another sample.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.measure_max = self.measure_max.max(other.measure_max);
        self.sum_of_squares += other.sum_of_squares;
    }

    /// The root mean square of |error|.
    pub fn measure_rms(&self) -> f64 {
        (self.sum_of_squares / self.count.max(1) as f64).sqrt()
    }
}

/// Keys, and randomness that repeats.
pub struct Lab {
    /// The ring.
    pub ring: Arc<Ring>,
    /// The encoder.
    pub encoder: Encoder,
    /// The secret key.
    pub secret: SecretKey,
    /// The public key.
    pub public: PublicKey,
    /// The evaluator, with keys for relinearisation and a rotation by 1.
    pub evaluator: Evaluator,
    /// Randomness.
    pub rng: Rng,
}

impl Lab {
    /// New keys from number `index` of a seed.
    ///
    /// # Errors
    /// None for checked parameters.
    pub fn new(parameters: &Parameters, seed: u64, index: u64) -> Result<Self> {
        let ring = Ring::new(parameters)?;
        Self::on(&ring, seed, index)
    }

    /// New keys on a ring.
    ///
    /// # Errors
    /// None for checked parameters.
    pub fn on(ring: &Arc<Ring>, seed: u64, index: u64) -> Result<Self> {
        Self::with_keys(ring, seed, index, &[1], false)
    }

    /// New keys on a ring, for these rotations too, and conjugation.
    ///
    /// # Errors
    /// None for checked parameters.
    pub fn with_keys(
        ring: &Arc<Ring>,
        seed: u64,
        index: u64,
        steps: &[i64],
        conjugate: bool,
    ) -> Result<Self> {
        let mut rng = Rng::numbered(seed, index);
        let secret = SecretKey::generate(ring, &mut rng);
        let public = secret.public_key(&mut rng);
        let keys = secret.evaluation_keys(true, steps, conjugate, &mut rng);
        Ok(Self {
            encoder: Encoder::new(ring),
            evaluator: Evaluator::new(ring, keys)?,
            ring: ring.clone(),
            secret,
            public,
            rng,
        })
    }

    fn parameters(&self) -> &Parameters {
        self.ring.params()
    }

    /// A number in [-1, 1).
    pub fn unit(&mut self) -> f64 {
        (self.rng.word() as i64) as f64 * 2f64.powi(-63)
    }

    /// N/2 slots in [-1, 1).
    pub fn slots(&mut self) -> Vec<f64> {
        (0..self.ring.n() / 2).map(|_| self.unit()).collect()
    }

    /// Encrypts N/2 real slots by the public key at a scale, top level.
    ///
    /// # Errors
    /// Values that do not fit.
    pub fn encrypt(&mut self, values: &[f64], scale: &Rational) -> Result<Ciphertext> {
        let level = self.parameters().max_level();
        self.encrypt_at(values, level, scale, Encryption::Public)
    }

    /// Encrypts N/2 real slots at a level and scale.
    ///
    /// # Errors
    /// Values that do not fit.
    pub fn encrypt_at(
        &mut self,
        values: &[f64],
        level: usize,
        scale: &Rational,
        encryption: Encryption,
    ) -> Result<Ciphertext> {
        let log_slots = self.encoder.max_log_slots();
        let plain = self.encoder.encode_real(values, log_slots, level, scale)?;
        let rng = &mut self.rng;
        match encryption {
            Encryption::Secret => self.secret.encrypt(&plain, rng),
            Encryption::Public => self.public.encrypt(&self.ring, &plain, rng),
            Encryption::PublicExtended => self.public.encrypt_extended(&self.ring, &plain, rng),
        }
    }

    /// |error| of every slot of a phase difference at a scale.
    fn errors(&self, difference: &[Integer], scale: &Rational) -> Vec<f64> {
        self.encoder
            .slots(difference, self.encoder.max_log_slots(), scale)
            .iter()
            .map(modulus)
            .collect()
    }

    fn minus(a: &[Integer], b: &[Integer]) -> Vec<Integer> {
        a.iter().zip(b).map(|(a, b)| Integer::from(a - b)).collect()
    }

    /// |error| of a ciphertext's slots against what is meant.
    ///
    /// # Errors
    /// Another key.
    pub fn against(&self, cipher: &Ciphertext, meant: &[f64]) -> Result<Vec<f64>> {
        let slots = self.encoder.decode(&self.secret.decrypt(cipher)?)?;
        let off = |(z, x): (&Complex, &f64)| {
            modulus(&Complex {
                re: z.re - x,
                im: z.im,
            })
        };
        Ok(slots.iter().zip(meant).map(off).collect())
    }

    /// |error| of every slot of one run of a primitive, in units of the slots.
    ///
    /// **Inputs** fresh, as [`Primitive`] says. A level drop and decoding have no measurement of their
    /// own: the list is empty.
    ///
    /// # Errors
    /// None for checked parameters with a level to rescale.
    pub fn measure(&mut self, primitive: Primitive) -> Result<Vec<f64>> {
        let scale = self.parameters().scale();
        let level = self.parameters().max_level();
        let log_slots = self.encoder.max_log_slots();
        let v = self.slots();
        match primitive {
            Primitive::Encode => {
                // The same message with 30 bits more.
                let values: Vec<Complex> = v.iter().map(|&x| x.into()).collect();
                let fine = Rational::from(&scale << 30);
                let low = self.encoder.coefficients(&values, log_slots, &scale)?;
                let high = self.encoder.coefficients(&values, log_slots, &fine)?;
                let off = |(a, b): (&i128, &i128)| (Integer::from(*a) << 30) - *b;
                let difference: Vec<Integer> = low.iter().zip(&high).map(off).collect();
                Ok(self.errors(&difference, &fine))
            }
            Primitive::FreshSecret | Primitive::FreshPublicExtended => {
                let by_secret = primitive == Primitive::FreshSecret;
                let encryption = match by_secret {
                    true => Encryption::Secret,
                    false => Encryption::PublicExtended,
                };
                let cipher = self.encrypt_at(&v, level, &scale, encryption)?;
                self.against(&cipher, &v)
            }
            Primitive::FreshPublic | Primitive::ConstantProduct => {
                let cipher = self.encrypt(&v, &scale)?;
                self.against(&cipher, &v)
            }
            Primitive::Add => {
                let w = self.slots();
                let (a, b) = (self.encrypt(&v, &scale)?, self.encrypt(&w, &scale)?);
                let sum: Vec<f64> = v.iter().zip(&w).map(|(v, w)| v + w).collect();
                self.against(&self.evaluator.add(&a, &b)?, &sum)
            }
            Primitive::PlainProduct => {
                let w = self.slots();
                let a = self.encrypt(&v, &scale)?;
                let b = self.encoder.encode_real(&w, log_slots, level, &scale)?;
                let product: Vec<f64> = v.iter().zip(&w).map(|(v, w)| v * w).collect();
                self.against(&self.evaluator.mul_plain(&a, &b)?, &product)
            }
            Primitive::Product => {
                let w = self.slots();
                let (a, b) = (self.encrypt(&v, &scale)?, self.encrypt(&w, &scale)?);
                let product: Vec<f64> = v.iter().zip(&w).map(|(v, w)| v * w).collect();
                self.against(&self.evaluator.mul(&a, &b)?, &product)
            }
            Primitive::Relinearise => {
                let (a, b) = (self.encrypt(&v, &scale)?, self.encrypt(&v, &scale)?);
                let before = self.evaluator.tensor(&a, &b)?;
                let after = self.evaluator.relinearize(&before)?;
                let (p, q) = (self.secret.phase(&before)?, self.secret.phase(&after)?);
                Ok(self.errors(&Self::minus(&q, &p), before.scale()))
            }
            Primitive::Rotate => {
                let a = self.encrypt(&v, &scale)?;
                let b = self.evaluator.rotate(&a, 1)?;
                let slots = |c: &Ciphertext| -> Result<Vec<Complex>> {
                    Ok(self
                        .encoder
                        .slots(&self.secret.phase(c)?, log_slots, &scale))
                };
                let (mut before, after) = (slots(&a)?, slots(&b)?);
                before.rotate_left(1);
                let off = |(x, y): (&Complex, &Complex)| {
                    modulus(&Complex {
                        re: x.re - y.re,
                        im: x.im - y.im,
                    })
                };
                Ok(after.iter().zip(&before).map(off).collect())
            }
            Primitive::Rescale => {
                let q = self.parameters().moduli().swap_remove(level);
                let a = self.encrypt(&v, &(scale * &q))?;
                let b = self.evaluator.rescale(&a)?;
                let after: Vec<Integer> = (self.secret.phase(&b)?.into_iter())
                    .map(|c| c * &q)
                    .collect();
                let before = self.secret.phase(&a)?;
                Ok(self.errors(&Self::minus(&after, &before), a.scale()))
            }
            Primitive::Drop | Primitive::Decode => Ok(Vec::new()),
        }
    }
}

fn modulus(z: &Complex) -> f64 {
    z.re.hypot(z.im)
}
