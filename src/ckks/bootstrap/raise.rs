//! The modulus raised, under a sparse secret, and the trace.
//!
//! **Method** A ciphertext mod q_0 under s is switched to a secret s' of few coefficients that are not 0, mod q_0 and one special
//! prime alone; its two parts are taken as the centred integers that they are, mod all primes; and it is switched back to s:
//! ```text
//! c_0 + c_1 s' = phase mod q_0   ->   c_0 + c_1 s' = phase + q_0 I exactly,
//! I = the integer nearest to (c_1 s' + c_0)/q_0:    |I| <= h/2 + 1 for h coefficients, and mostly far less
//! ```
//! Nothing but few bits is ever encrypted under s': the key from s to s' is mod q_0 and one special prime (ePrint 2022/024).
//!
//! **Guarantee** The lift is exact (`convert`: representatives within (1/2 + 2^-40) q_0). The switch to s' adds d e/p + rho_0 + rho_1 s',
//! d the centred c_1 and p the special prime; that to s adds d e/P + rho_0 + rho_1 s.

use crate::ckks::evaluate::switch::{switch, Switch};
use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Secret;
use crate::ckks::ring::divide::Divisor;
use crate::ckks::ring::inner::Plus;
use crate::ckks::ring::{Poly, Ring};
use crate::ckks::scheme::cipher::{Ciphertext, KeyId};
use crate::ckks::scheme::keys::{SecretKey, SwitchingKey};
use crate::error::{Error, ErrorKind, Result};
use rayon::prelude::*;
use std::io::{Read, Write};

/// The keys to the sparse secret and back.
#[derive(Debug)]
pub struct RaiseKeys {
    /// The key that they are of.
    id: KeyId,
    down: SwitchingKey,
    up: SwitchingKey,
}

impl RaiseKeys {
    /// Draws a sparse secret, of which nothing but the two keys is kept.
    ///
    /// **Inputs** the number of its coefficients that are not 0; the level that ciphertexts are raised to.
    pub fn generate(secret: &SecretKey, weight: usize, level: usize, rng: &mut Rng) -> Self {
        let ring = &secret.ring;
        let sparse = rng.secret(ring.n(), Secret::Weight(weight));
        let sparse = SecretKey::from_coefficients(ring, secret.id, sparse);
        Self {
            id: secret.id,
            down: sparse.lifting_key(&secret.s, 0, rng),
            up: secret.lifting_key(&sparse.s, level, rng),
        }
    }

    /// Bytes that the keys take in memory.
    pub fn bytes(&self) -> u64 {
        self.down.bytes() + self.up.bytes()
    }

    /// Writes both keys.
    ///
    /// # Errors
    /// The output's refusal.
    pub fn write(&self, out: &mut dyn Write) -> Result<()> {
        self.down.write(out)?;
        self.up.write(out)
    }

    /// Reads what [`Self::write`] wrote, of a secret's name and of the level that ciphertexts are raised to.
    ///
    /// # Errors
    /// A stream that ends too early, residues that are not below their primes.
    pub fn read(ring: &Ring, id: KeyId, level: usize, input: &mut dyn Read) -> Result<Self> {
        let narrow = [
            &(0..ring.params().limbs(0)).collect::<Vec<_>>()[..],
            &ring.special()[..1],
        ];
        let down = SwitchingKey::read(ring, 0, &narrow.concat(), 1, input)?;
        let up = SwitchingKey::read(ring, level, &ring.extended(level), 1, input)?;
        Ok(Self { id, down, up })
    }

    /// A ciphertext of level 0 as one of the keys' level: the message plus q_0 times small integers.
    ///
    /// # Errors
    /// A ciphertext of degree 2, of another key or of another level.
    pub fn raise(&self, ring: &Ring, a: &Ciphertext) -> Result<Ciphertext> {
        let refuse = |detail: String| Err(Error::from(ErrorKind::Mismatch(detail)));
        let [c0, c1] = &a.parts[..] else {
            return refuse("raise: relinearise it first".into());
        };
        if a.level() != 0 {
            return refuse(format!(
                "raise: level 0 is due, the ciphertext is at {}",
                a.level()
            ));
        }
        if a.key != self.id {
            return refuse("raise: the ciphertext is under another key".into());
        }
        let sparse = one(ring, c1, &self.down, c0, &Divisor::narrow(ring, 0));
        let level = self.up.level;
        let lifted = lift(ring, &sparse[0], level);
        let parts = one(
            ring,
            &sparse[1],
            &self.up,
            &lifted,
            &Divisor::special(ring, level),
        );
        Ok(Ciphertext {
            parts: parts.into(),
            level,
            ..a.shell()
        })
    }
}

/// The switch of c, of level 0, with c_0 added.
fn one(ring: &Ring, c: &Poly, key: &SwitchingKey, plus: &Poly, divisor: &Divisor) -> [Poly; 2] {
    let wanted = Switch {
        key,
        plus: [Plus::One(plus), Plus::Nothing],
        places: None,
    };
    let mut out = switch(ring, (c, 0), &[wanted], divisor);
    out.swap_remove(0)
}

/// An element mod q_0 as the centred integers that it is, mod the primes of a level.
fn lift(ring: &Ring, a: &Poly, level: usize) -> Poly {
    let converter = ring.digit_converter(0);
    let mut source = ring.copy(&a.0[0]);
    ring.inverse_times(0, &mut source, converter.hat_inverse(0));
    let mut targets: Vec<(usize, Vec<u64>)> = (1..ring.params().limbs(level))
        .map(|i| (i, ring.take()))
        .collect();
    let source = [source];
    targets.par_chunks_mut(8).for_each(|targets| {
        converter.convert(&source, targets);
        targets
            .iter_mut()
            .for_each(|(i, limb)| ring.forward(*i, limb));
    });
    ring.give(source);
    let own = std::iter::once(ring.copy(&a.0[0]));
    ring.poly(
        own.chain(targets.into_iter().map(|(_, limb)| limb))
            .collect(),
    )
}

/// The rotations of the trace to elements of n complex slots.
pub fn trace_steps(ring: &Ring, slots: usize) -> Vec<i64> {
    std::iter::successors(Some(slots), |k| Some(2 * k))
        .take_while(|&k| k < ring.n() / 2)
        .map(|k| k as i64)
        .collect()
}

/// The trace to elements of n complex slots: the coefficients at the multiples of N/(2n) times N/(2n), the others 0.
///
/// # Errors
/// A missing key.
pub fn trace(evaluator: &Evaluator, mut a: Ciphertext, slots: usize) -> Result<Ciphertext> {
    for k in trace_steps(evaluator.ring(), slots) {
        let turned = evaluator.rotate(&a, k)?;
        a = evaluator.add(&a, &turned)?;
    }
    Ok(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::parameters::security::Waiver;
    use crate::ckks::parameters::{Literal, Parameters};
    use crate::ckks::scheme::encode::Encoder;
    use rug::Integer;

    fn ring() -> std::sync::Arc<Ring> {
        let mut literal = Literal::new(10, vec![50, 40, 28, 29, 40], vec![48, 48, 48], 40);
        literal.levels = Some(vec![1, 1, 2, 1]);
        literal.waiver = Waiver::Insecure;
        Ring::new(&Parameters::new(&literal).unwrap()).unwrap()
    }

    /// The raised phase is the old one plus multiples of q_0, few of them, and little noise.
    #[test]
    fn what_is_raised_is_the_phase_and_multiples() {
        let ring = ring();
        let q0 = Integer::from(ring.params().q()[0]);
        for seed in 0..4 {
            let mut rng = Rng::numbered(13, seed);
            let secret = SecretKey::generate(&ring, &mut rng);
            let weight = 32;
            let keys = RaiseKeys::generate(&secret, weight, 3, &mut rng);
            let encoder = Encoder::new(&ring);
            let values = [0.5, -0.25, 1.0];
            let plain = encoder
                .encode_real(&values, 9, 0, &ring.params().scale())
                .unwrap();
            let a = secret.encrypt(&plain, &mut rng).unwrap();
            let raised = keys.raise(&ring, &a).unwrap();
            assert_eq!((raised.level(), raised.scale()), (3, a.scale()));
            let (before, after) = (secret.phase(&a).unwrap(), secret.phase(&raised).unwrap());
            let mut overflows = Vec::new();
            for (before, after) in before.iter().zip(&after) {
                let off = Integer::from(after - before);
                let (i, rest) = off.div_rem_round(q0.clone());
                // d e/p is below 2^5 of 2^-1 sqrt(N) sigma, the roundings below sqrt(N) as well.
                assert!(rest.clone().abs() < 2000, "{rest}");
                overflows.push(i.to_i64().unwrap());
            }
            // A sum of 32 uniform summands: variance 32/12.
            let mean_square =
                overflows.iter().map(|i| (i * i) as f64).sum::<f64>() / overflows.len() as f64;
            assert!((1.8..4.0).contains(&mean_square), "{mean_square}");
            assert!(overflows
                .iter()
                .all(|i| i.unsigned_abs() as usize <= weight / 2 + 1));
        }
    }

    #[test]
    fn what_cannot_be_raised_is_refused() {
        let ring = ring();
        let mut rng = Rng::numbered(14, 0);
        let [secret, other] = [0, 1].map(|_| SecretKey::generate(&ring, &mut rng));
        let keys = RaiseKeys::generate(&secret, 8, 3, &mut rng);
        let encoder = Encoder::new(&ring);
        let at = |level| {
            encoder
                .encode_real(&[0.5], 3, level, &ring.params().scale())
                .unwrap()
        };
        let a = secret.encrypt(&at(1), &mut rng).unwrap();
        assert!(keys
            .raise(&ring, &a)
            .unwrap_err()
            .to_string()
            .contains("level 0 is due"));
        let a = other.encrypt(&at(0), &mut rng).unwrap();
        assert!(keys
            .raise(&ring, &a)
            .unwrap_err()
            .to_string()
            .contains("another key"));
    }

    /// Coefficients at the multiples of the gap are multiplied, the others vanish: bit by bit on a plain ciphertext.
    #[test]
    fn the_trace_keeps_the_subring() {
        let ring = ring();
        let mut rng = Rng::numbered(15, 0);
        let secret = SecretKey::generate(&ring, &mut rng);
        let steps = trace_steps(&ring, 64);
        assert_eq!(steps, [64, 128, 256]);
        let keys = secret.evaluation_keys(false, &steps, false, &mut rng);
        let evaluator = Evaluator::new(&ring, keys).unwrap();
        let encoder = Encoder::new(&ring);
        let values: Vec<f64> = (0..512).map(|i| f64::from(i % 37) / 37.0).collect();
        let plain = encoder
            .encode_real(&values, 9, 3, &ring.params().scale())
            .unwrap();
        let a = secret.encrypt(&plain, &mut rng).unwrap();
        let before = secret.phase(&a).unwrap();
        let after = secret.phase(&trace(&evaluator, a, 64).unwrap()).unwrap();
        for (k, (before, after)) in before.iter().zip(&after).enumerate() {
            let want = if k % 8 == 0 {
                Integer::from(before * 8u32)
            } else {
                Integer::new()
            };
            assert!((after - want).abs() < 10_000, "{k}");
        }
    }
}
