//! Keys and ciphertexts as bytes.
//!
//! ```text
//! "PLYCCKKS"  version u32  kind u32  parameters' digest [32]  key id [16]  body  SHA-256 [32]
//! ```
//! Integers are little-endian. A limb is N residues of 8 bytes. The version is 1, that of public
//! and of evaluation keys 2: those of version 1, which had no limbs mod the special primes and no levels, are refused. Bodies:
//!
//! | kind | body |
//! |---|---|
//! | 1 ciphertext | parts u32, level u32, log_slots u32, scale (numerator, denominator: length u32, bytes), limbs |
//! | 2 secret key | N signed bytes |
//! | 3 public key | seed \[32\], limbs of b, mod the special primes too (version 2) |
//! | 4 evaluation keys | relinearisation u32 (0 or 1), automorphisms u32, for each its exponent u64 (1: relinearisation), the level u32 that it serves up to, seed \[32\], limbs of all b_j |
//!
//! **Guarantee** What is read is what was written: the digest covers every byte, lengths must match
//! to the byte before anything large is allocated, residues are below their primes, the parameters'
//! digest is that of the ring. A damaged file is an error that says where, never a panic. The digest is
//! no signature: whoever can forge a file can make a new one.

use super::cipher::{hex, Ciphertext, KeyId, MAX_SCALE_BITS};
use super::encode::Encoder;
use super::keys::{EvaluationKeys, PublicKey, SecretKey, SwitchingKey, PUBLIC_DOMAIN};
use crate::ckks::parameters::Secret;
use crate::ckks::ring::{Poly, Ring};
use crate::error::{Error, Result};
use rug::integer::Order;
use rug::{Integer, Rational};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"PLYCCKKS";
const CIPHERTEXT: u32 = 1;
const SECRET: u32 = 2;
const PUBLIC: u32 = 3;
const EVALUATION: u32 = 4;

/// The version of a kind of file.
fn version_of(kind: u32) -> u32 {
    match kind {
        PUBLIC | EVALUATION => 2,
        _ => 1,
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn new(kind: u32, ring: &[u8; 32], key: &KeyId) -> Self {
        let mut out = Self(MAGIC.to_vec());
        out.number(version_of(kind));
        out.number(kind);
        out.0.extend(ring);
        out.0.extend(key);
        out
    }

    fn number(&mut self, x: u32) {
        self.0.extend(x.to_le_bytes());
    }

    fn integer(&mut self, x: &Integer) {
        let digits = x.to_digits::<u8>(Order::Lsf);
        self.number(digits.len() as u32);
        self.0.extend(digits);
    }

    fn poly(&mut self, x: &Poly) {
        self.0.reserve(x.0.iter().map(|limb| limb.len() * 8).sum());
        for residue in x.0.iter().flatten() {
            self.0.extend(residue.to_le_bytes());
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let digest = Sha256::digest(&self.0);
        self.0.extend(digest);
        self.0
    }
}

struct Reader<'a> {
    name: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Checks magic, version, digest, kind and parameters; gives the key's name.
    fn new(name: &'static str, kind: u32, ring: &Ring, bytes: &'a [u8]) -> Result<(Self, KeyId)> {
        let mut r = Reader { name, bytes, at: 0 };
        if r.take(8)? != MAGIC {
            return Err(r.fault("no file of keys or ciphertexts of polycert"));
        }
        let version = r.number()?;
        let found = r.number()?;
        if found != kind {
            let kinds = [
                "",
                "a ciphertext",
                "a secret key",
                "a public key",
                "evaluation keys",
            ];
            let found = kinds
                .get(found as usize)
                .copied()
                .unwrap_or("an unknown kind");
            return Err(r.fault(&format!("this is {found}")));
        }
        let known = version_of(kind);
        if version != known {
            return Err(r.fault(&format!("version {version}: this program reads {known}")));
        }
        let Some((body, digest)) = bytes.split_last_chunk::<32>() else {
            return Err(r.fault("the file ends too early"));
        };
        if *digest != <[u8; 32]>::from(Sha256::digest(body)) {
            return Err(r.fault("damaged: its SHA-256 is not the one at its end"));
        }
        r.bytes = body;
        let stated = r.array::<32>()?;
        let own = ring.params().digest();
        if stated != own {
            let (stated, own) = (hex(&stated), hex(&own));
            return Err(r.fault(&format!("made under the parameters {stated}, not {own}")));
        }
        let key = r.array::<16>()?;
        Ok((r, key))
    }

    fn fault(&self, detail: &str) -> Error {
        Error::parse(format!("{}, byte {}", self.name, self.at), detail)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let rest = self
            .bytes
            .get(self.at..)
            .and_then(|rest| rest.get(..length));
        let taken = rest.ok_or_else(|| {
            self.fault(&format!(
                "{length} bytes are needed and {} are left",
                self.bytes.len() - self.at
            ))
        })?;
        self.at += length;
        Ok(taken)
    }

    fn array<const K: usize>(&mut self) -> Result<[u8; K]> {
        let mut out = [0; K];
        out.copy_from_slice(self.take(K)?);
        Ok(out)
    }

    fn number(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number of at most `most`.
    fn at_most(&mut self, what: &str, most: usize) -> Result<usize> {
        let x = self.number()? as usize;
        if x > most {
            return Err(self.fault(&format!("{what} is {x}: it is at most {most}")));
        }
        Ok(x)
    }

    fn integer(&mut self) -> Result<Integer> {
        let length = self.at_most("the length of the scale", MAX_SCALE_BITS as usize / 8)?;
        let digits = self.take(length)?;
        Ok(Integer::from_digits(digits, Order::Lsf))
    }

    fn poly(&mut self, ring: &Ring, indices: &[usize]) -> Result<Poly> {
        let bytes = 8 * ring.n();
        // All of it must be there before memory is asked for.
        let rest = self.bytes.len() - self.at;
        if rest / bytes < indices.len() {
            return Err(self.fault(&format!(
                "{} limbs are needed and {rest} bytes are left",
                indices.len()
            )));
        }
        let mut limbs = Vec::with_capacity(indices.len());
        for &i in indices {
            let start = self.at;
            let limb: Vec<u64> = (self.take(bytes)?.chunks_exact(8))
                .map(|c| c.iter().rev().fold(0, |x, &byte| x << 8 | u64::from(byte)))
                .collect();
            let prime = ring.modulus(i).value();
            if let Some(place) = limb.iter().position(|&x| x >= prime) {
                self.at = start + 8 * place;
                return Err(
                    self.fault(&format!("the residue {} is not below {prime}", limb[place]))
                );
            }
            limbs.push(limb);
        }
        Ok(ring.poly(limbs))
    }

    fn finish(&self) -> Result<()> {
        if self.at == self.bytes.len() {
            return Ok(());
        }
        Err(self.fault(&format!("{} bytes too many", self.bytes.len() - self.at)))
    }
}

impl Ciphertext {
    /// The ciphertext as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new(CIPHERTEXT, &self.ring, &self.key);
        w.number(self.parts.len() as u32);
        w.number(self.level() as u32);
        w.number(self.log_slots);
        w.integer(self.scale.numer());
        w.integer(self.scale.denom());
        self.parts.iter().for_each(|part| w.poly(part));
        w.finish()
    }

    /// Reads a ciphertext.
    ///
    /// # Errors
    /// Bytes that are damaged or of other parameters: where, and what is wrong.
    pub fn from_bytes(ring: &Ring, bytes: &[u8]) -> Result<Self> {
        let (mut r, key) = Reader::new("ciphertext", CIPHERTEXT, ring, bytes)?;
        let parts = r.at_most("the number of parts", 3)?;
        if parts < 2 {
            return Err(r.fault("a ciphertext has 2 or 3 parts"));
        }
        let level = r.at_most("the level", ring.params().max_level())?;
        let log_slots = r.at_most("log_slots", ring.params().log_n() as usize - 1)? as u32;
        let (numerator, denominator) = (r.integer()?, r.integer()?);
        if numerator == 0 || denominator == 0 {
            return Err(r.fault("the scale is not a positive number"));
        }
        let indices: Vec<usize> = (0..ring.params().limbs(level)).collect();
        let parts = (0..parts)
            .map(|_| r.poly(ring, &indices))
            .collect::<Result<_>>()?;
        r.finish()?;
        Ok(Self {
            parts,
            level,
            scale: Rational::from((numerator, denominator)),
            log_slots,
            ring: ring.params().digest(),
            key,
        })
    }
}

impl SecretKey {
    /// The secret key as bytes. Keep them secret.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new(SECRET, &self.ring.params().digest(), &self.id);
        w.0.extend(self.coefficients.iter().map(|&c| c as u8));
        w.finish()
    }

    /// Reads a secret key.
    ///
    /// # Errors
    /// As [`Ciphertext::from_bytes`]; a coefficient that is not -1, 0 or 1, another weight than that of the
    /// parameters, a secret that key generation would have drawn again.
    pub fn from_bytes(ring: &Arc<Ring>, bytes: &[u8]) -> Result<Self> {
        let (mut r, id) = Reader::new("secret key", SECRET, ring, bytes)?;
        let coefficients: Vec<i64> = r
            .take(ring.n())?
            .iter()
            .map(|&c| i64::from(c as i8))
            .collect();
        r.finish()?;
        if coefficients.iter().any(|c| c.abs() > 1) {
            return Err(r.fault("a coefficient is not -1, 0 or 1"));
        }
        let weight = coefficients.iter().filter(|c| **c != 0).count();
        if matches!(ring.params().secret(), Secret::Weight(h) if h != weight) {
            return Err(r.fault("the secret has another weight than the parameters state"));
        }
        // What is proved of noise rests on it: no key may pass by key generation's check.
        if !Self::is_bounded(&Encoder::new(ring), ring, &coefficients) {
            return Err(r.fault("|s(zeta)|^2 exceeds 18 times the weight at a root of unity zeta"));
        }
        Ok(Self::from_coefficients(ring, id, coefficients))
    }
}

impl PublicKey {
    /// The public key as bytes: b, and the seed of a.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new(PUBLIC, &self.ring, &self.id);
        w.0.extend(self.seed);
        w.poly(&self.b);
        w.finish()
    }

    /// Reads a public key.
    ///
    /// # Errors
    /// As [`Ciphertext::from_bytes`].
    pub fn from_bytes(ring: &Ring, bytes: &[u8]) -> Result<Self> {
        let (mut r, id) = Reader::new("public key", PUBLIC, ring, bytes)?;
        let seed = r.array()?;
        let indices = ring.extended(ring.params().max_level());
        let b = r.poly(ring, &indices)?;
        r.finish()?;
        Ok(Self {
            id,
            ring: ring.params().digest(),
            seed,
            a: ring.uniform(&seed, PUBLIC_DOMAIN, &indices),
            b,
        })
    }
}

impl EvaluationKeys {
    /// The keys as bytes: half of their size in memory, as the other half is a seed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new(EVALUATION, &self.ring, &self.id);
        w.number(self.relinearization.is_some().into());
        w.number(self.automorphisms.len() as u32);
        let relinearization = self.relinearization.iter().map(|key| (&1, key));
        for (g, key) in relinearization.chain(&self.automorphisms) {
            w.0.extend(g.to_le_bytes());
            w.number(key.level as u32);
            w.0.extend(key.seed);
            key.b.iter().for_each(|b| w.poly(b));
        }
        w.finish()
    }

    /// Reads evaluation keys.
    ///
    /// # Errors
    /// As [`Ciphertext::from_bytes`]; an exponent that is no automorphism.
    pub fn from_bytes(ring: &Ring, bytes: &[u8]) -> Result<Self> {
        let (mut r, id) = Reader::new("evaluation keys", EVALUATION, ring, bytes)?;
        let relinearize = r.at_most("the number of relinearisation keys", 1)? == 1;
        let count = r.at_most("the number of automorphisms", ring.n())?;
        let key = |r: &mut Reader, relinearize: bool| -> Result<(u64, SwitchingKey)> {
            let g = r.array().map(u64::from_le_bytes)?;
            if relinearize != (g == 1) || g % 2 == 0 || g >= 2 * ring.n() as u64 {
                return Err(r.fault(&format!(
                    "{g} is not the exponent of the key that is due here"
                )));
            }
            let level = r.at_most("the level of a key", ring.params().max_level())?;
            let all = ring.extended(level);
            let digits = ring.params().digits(level).len();
            let seed = r.array()?;
            let b = (0..digits)
                .map(|_| r.poly(ring, &all))
                .collect::<Result<_>>()?;
            let a = (0..digits as u64)
                .map(|j| ring.uniform(&seed, j, &all))
                .collect();
            Ok((g, SwitchingKey { level, seed, b, a }))
        };
        let relinearization = if relinearize {
            Some(key(&mut r, true)?.1)
        } else {
            None
        };
        let mut automorphisms = BTreeMap::new();
        for _ in 0..count {
            let (g, switching) = key(&mut r, false)?;
            automorphisms.insert(g, switching);
        }
        r.finish()?;
        if automorphisms.len() != count {
            return Err(r.fault("an automorphism occurs twice"));
        }
        Ok(Self {
            id,
            ring: ring.params().digest(),
            relinearization,
            automorphisms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::Encoder;
    use super::*;
    use crate::ckks::parameters::rng::Rng;
    use crate::ckks::ring::tests::small_ring;

    /// Seals changed bytes again, so that what is behind the digest is tested.
    fn sealed(mut bytes: Vec<u8>, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        bytes.truncate(bytes.len() - 32);
        change(&mut bytes);
        Writer(bytes).finish()
    }

    #[test]
    fn everything_comes_back_and_damage_is_refused() {
        let ring = small_ring();
        let mut rng = Rng::numbered(4, 0);
        let secret = SecretKey::generate(&ring, &mut rng);
        let public = secret.public_key(&mut rng);
        let mut keys = secret.evaluation_keys(true, &[1, 2], true, &mut rng);
        secret.add_automorphism(&mut keys, ring.rotation(4), 1, &mut rng);
        let scale = ring.params().scale() / 3u32;
        let plain = Encoder::new(&ring)
            .encode_real(&[0.5; 4], 2, 2, &scale)
            .unwrap();
        let cipher = public.encrypt(&ring, &plain, &mut rng).unwrap();

        let bytes = cipher.to_bytes();
        assert_eq!(Ciphertext::from_bytes(&ring, &bytes).unwrap(), cipher);
        assert_eq!(
            PublicKey::from_bytes(&ring, &public.to_bytes()).unwrap(),
            public
        );
        assert_eq!(
            EvaluationKeys::from_bytes(&ring, &keys.to_bytes()).unwrap(),
            keys
        );
        assert!((keys.to_bytes().len() as u64) < keys.bytes() * 51 / 100);
        let again = SecretKey::from_bytes(&ring, &secret.to_bytes()).unwrap();
        assert_eq!(
            again.phase(&cipher).unwrap(),
            secret.phase(&cipher).unwrap()
        );

        // A secret whose values are far larger than those of drawn ones: all its coefficients are 1.
        let coherent = sealed(secret.to_bytes(), |b| {
            let end = b.len();
            b[end - ring.n()..].fill(1);
        });
        let e = SecretKey::from_bytes(&ring, &coherent).unwrap_err();
        assert!(e.to_string().contains("at a root of unity"), "{e}");

        // Every byte counts, every length but the right one is refused.
        let refused = |bytes: &[u8]| {
            Ciphertext::from_bytes(&ring, bytes)
                .unwrap_err()
                .to_string()
        };
        for at in (0..bytes.len()).step_by(997).chain(0..120) {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << (at % 8);
            refused(&bad);
        }
        for length in (0..bytes.len()).step_by(1009).chain(0..200) {
            refused(&bytes[..length]);
            refused(&sealed(bytes.clone(), |b| b.truncate(length)));
        }
        assert!(refused(&sealed(bytes.clone(), |b| b.push(0))).contains("1 bytes too many"));
        assert!(refused(&public.to_bytes()).contains("this is a public key"));
        let mut newer = bytes.clone();
        newer[8] = 2;
        assert!(refused(&newer).contains("version 2: this program reads 1"));
        let older = sealed(public.to_bytes(), |b| b[8] = 1);
        let text = PublicKey::from_bytes(&ring, &older)
            .unwrap_err()
            .to_string();
        assert!(text.contains("version 1: this program reads 2"), "{text}");
        assert!(
            refused(&sealed(bytes.clone(), |b| b[16] ^= 1)).contains("made under the parameters")
        );
        for (at, value, want) in [
            (64, 9, "the number of parts is 9"),
            (64, 1, "2 or 3 parts"),
            (68, 4, "the level is 4: it is at most 3"),
            (68, 3, "is not below"),
            (72, 10, "log_slots is 10"),
            (79, 255, "the length of the scale"),
        ] {
            let text = refused(&sealed(bytes.clone(), |b| b[at] = value));
            assert!(text.contains(want), "{at}: {text}");
        }
        let last = bytes.len() - 40;
        let text = refused(&sealed(bytes, |b| b[last..last + 8].fill(255)));
        assert!(text.contains("is not below"), "{text}");
        let bad = sealed(secret.to_bytes(), |b| b[70] = 2);
        assert!(SecretKey::from_bytes(&ring, &bad)
            .unwrap_err()
            .to_string()
            .contains("-1, 0 or 1"));
        let bad = sealed(keys.to_bytes(), |b| b[72] = 3);
        let text = EvaluationKeys::from_bytes(&ring, &bad)
            .unwrap_err()
            .to_string();
        assert!(text.contains("3 is not the exponent"), "{text}");
    }
}
