//! What the owner of the secret key does: inputs into ciphertexts, ciphertexts into outputs.

use crate::ckks::parameters::rng::Rng;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::cipher::Ciphertext;
use crate::ckks::scheme::encode::Encoder;
use crate::ckks::scheme::keys::SecretKey;
use crate::encrypted::levels::Levels;
use crate::encrypted::program::Program;
use crate::encrypted::scheme::Scheme;
use crate::error::{Error, ErrorKind, Result};
use std::sync::Arc;

/// A program's packing, for who has the secret key.
#[derive(Debug)]
pub struct Client {
    program: Arc<Program>,
    encoder: Encoder,
    level: usize,
    log_slots: u32,
}

impl Client {
    /// The packing of a program.
    ///
    /// # Errors
    /// A program that a ciphertext does not hold.
    pub fn new(
        program: Arc<Program>,
        levels: &Levels,
        scheme: &Scheme,
        ring: &Arc<Ring>,
    ) -> Result<Self> {
        let own = program.period().trailing_zeros();
        let log_slots = scheme
            .bootstrapping()
            .map_or(own, |literal| literal.log_values);
        let log_n = ring.params().log_n();
        if program.period() > 1 << log_slots || log_slots >= log_n {
            return Err(Error::unsupported(format!(
                "the network takes {} slots; the parameters have {}",
                program.period(),
                1u64 << log_slots.min(log_n - 1)
            )));
        }
        Ok(Self {
            program,
            encoder: Encoder::new(ring),
            level: levels.values[0],
            log_slots,
        })
    }

    /// The encoder.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// log2 of the slots of every ciphertext.
    #[must_use]
    pub fn log_slots(&self) -> u32 {
        self.log_slots
    }

    /// Encrypts an input.
    ///
    /// # Errors
    /// Another number of elements, numbers that the scale has no room for.
    pub fn encrypt(&self, secret: &SecretKey, input: &[f64], rng: &mut Rng) -> Result<Ciphertext> {
        let slots = self.repeated(&self.program.input.pack(input)?);
        let scale = self.encoder.ring().params().scale();
        let plain = (self.encoder).encode_real(&slots, self.log_slots, self.level, &scale)?;
        secret.encrypt(&plain, rng)
    }

    /// Refuses what [`Self::encrypt`] did not make.
    ///
    /// # Errors
    /// Another level, scale or packing.
    pub fn takes(&self, input: &Ciphertext) -> Result<()> {
        let scale = self.encoder.ring().params().scale();
        let right = (self.level, self.log_slots) == (input.level(), input.log_slots());
        if right && *input.scale() == scale && input.degree() == 1 {
            return Ok(());
        }
        let detail = format!(
            "the input is at level {} in 2^{} slots, where level {} and 2^{} are due, or of another scale or degree",
            input.level(),
            input.log_slots(),
            self.level,
            self.log_slots
        );
        Err(ErrorKind::Mismatch(detail).into())
    }

    /// Decrypts an output. Give it to nobody without flooding (ePrint 2020/1533).
    ///
    /// # Errors
    /// A ciphertext of another key or packing.
    pub fn decrypt(&self, secret: &SecretKey, output: &Ciphertext) -> Result<Vec<f64>> {
        let slots = self.encoder.decode(&secret.decrypt(output)?)?;
        let real: Vec<f64> = slots.iter().map(|z| z.re).collect();
        self.program.layout(self.program.output).unpack(&real)
    }

    /// A period of slots, as often as it goes into a ciphertext.
    #[must_use]
    pub fn repeated(&self, period: &[f64]) -> Vec<f64> {
        period.repeat((1 << self.log_slots) / period.len())
    }
}
