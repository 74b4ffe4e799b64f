//! Switching keys one after the other, to a stream and from one: of those of a large ring no two copies fit into memory.
//!
//! A key is its seed \[32\] and the limbs of all b_j, a limb N residues of 8 bytes, little-endian; how many follows from what the
//! key is for. The a_j are made from the seed.

use super::cipher::KeyId;
use super::keys::{EvaluationKeys, SecretKey, SwitchingKey};
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::{Poly, Ring};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// Which keys an evaluator has, or needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyList {
    /// The level that relinearisation serves up to.
    pub relinearization: Option<usize>,
    /// By the exponent of each automorphism, the level that its key serves up to.
    pub automorphisms: BTreeMap<u64, usize>,
}

impl KeyList {
    /// Adds the key of an automorphism, up to a level at least.
    pub fn add(&mut self, g: u64, level: usize) {
        if g != 1 {
            let highest = self.automorphisms.entry(g).or_insert(level);
            *highest = level.max(*highest);
        }
    }

    /// A key that is wanted and not there, or not up to its level, in words.
    #[must_use]
    pub fn lacks(&self, wanted: &Self) -> Option<String> {
        let short = |have: Option<usize>, level: usize| have.is_none_or(|have| have < level);
        if let Some(level) = wanted.relinearization {
            if short(self.relinearization, level) {
                return Some(format!("the relinearisation key up to level {level}"));
            }
        }
        let have = |g: &u64| self.automorphisms.get(g).copied();
        let mut all = wanted.automorphisms.iter();
        let missing = all.find(|(g, &level)| short(have(g), level));
        missing.map(|(g, level)| format!("the rotation key of X -> X^{g} up to level {level}"))
    }

    /// Bytes of the keys in a stream: half of what they take in memory, and the seeds.
    #[must_use]
    pub fn stream_bytes(&self, parameters: &Parameters) -> u64 {
        let levels = self
            .relinearization
            .iter()
            .chain(self.automorphisms.values());
        let one = |&level: &usize| {
            let limbs = parameters.limbs(level) + parameters.p().len();
            let digits = parameters.digits(level).len();
            32 + (8 * parameters.n() * digits * limbs) as u64
        };
        levels.map(one).sum()
    }

    /// Refuses levels and exponents that the ring does not have.
    fn check(&self, ring: &Ring) -> Result<()> {
        let top = ring.params().max_level();
        let mut levels = (self.relinearization.iter()).chain(self.automorphisms.values());
        if let Some(level) = levels.find(|&&level| level > top) {
            let detail = format!("the level of a key is {level}: it is at most {top}");
            return Err(Error::parse("the list of keys", detail));
        }
        let odd = |g: u64| g % 2 == 1 && g > 1 && g < 2 * ring.n() as u64;
        match self.automorphisms.keys().find(|&&g| !odd(g)) {
            Some(g) => Err(Error::parse(
                "the list of keys",
                format!("{g} is not the exponent of an automorphism"),
            )),
            None => Ok(()),
        }
    }
}

/// An input or output that failed; whose it is, its user knows.
fn failed(e: &io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => Error::parse("", "the keys end too early"),
        _ => ErrorKind::Io(e.to_string()).into(),
    }
}

impl SecretKey {
    /// Makes the keys of a list and writes each before the next is made: relinearisation, then by the exponents.
    ///
    /// # Errors
    /// What the list states and the ring does not have; the output's refusal.
    pub fn write_keys(&self, list: &KeyList, rng: &mut Rng, out: &mut dyn Write) -> Result<()> {
        list.check(&self.ring)?;
        if let Some(level) = list.relinearization {
            let keys = self.relinearization_up_to(level, rng);
            keys.relinearization.iter().try_for_each(|k| k.write(out))?;
        }
        for (&g, &level) in &list.automorphisms {
            self.automorphism_key(g, level, rng).write(out)?;
        }
        Ok(())
    }
}

impl EvaluationKeys {
    /// What there is.
    #[must_use]
    pub fn list(&self) -> KeyList {
        let level = |key: &SwitchingKey| key.level;
        KeyList {
            relinearization: self.relinearization.as_ref().map(level),
            automorphisms: (self.automorphisms.iter())
                .map(|(&g, key)| (g, key.level))
                .collect(),
        }
    }

    /// Reads what [`SecretKey::write_keys`] wrote for a list.
    ///
    /// # Errors
    /// A stream that ends too early, residues that are not below their primes, what the list states and the ring does not have.
    pub fn read(ring: &Ring, id: KeyId, list: &KeyList, input: &mut dyn Read) -> Result<Self> {
        list.check(ring)?;
        let mut key = |level: usize| {
            let digits = ring.params().digits(level).len();
            SwitchingKey::read(ring, level, &ring.extended(level), digits, input)
        };
        let relinearization = list.relinearization.map(&mut key).transpose()?;
        let mut automorphisms = BTreeMap::new();
        for (&g, &level) in &list.automorphisms {
            automorphisms.insert(g, key(level)?);
        }
        Ok(Self {
            id,
            ring: ring.params().digest(),
            relinearization,
            automorphisms,
        })
    }
}

impl SwitchingKey {
    pub(in crate::ckks) fn write(&self, out: &mut dyn Write) -> Result<()> {
        out.write_all(&self.seed).map_err(|e| failed(&e))?;
        let mut bytes = Vec::new();
        for limb in self.b.iter().flat_map(|b| &b.0) {
            bytes.clear();
            bytes.extend(limb.iter().flat_map(|x| x.to_le_bytes()));
            out.write_all(&bytes).map_err(|e| failed(&e))?;
        }
        Ok(())
    }

    /// Reads a key of so many digits mod the primes of the indices.
    pub(in crate::ckks) fn read(
        ring: &Ring,
        level: usize,
        indices: &[usize],
        digits: usize,
        input: &mut dyn Read,
    ) -> Result<Self> {
        let mut seed = [0; 32];
        input.read_exact(&mut seed).map_err(|e| failed(&e))?;
        let mut bytes = vec![0; 8 * ring.n()];
        let mut limb = |&i: &usize| -> Result<Vec<u64>> {
            input.read_exact(&mut bytes).map_err(|e| failed(&e))?;
            let (words, _) = bytes.as_chunks::<8>();
            let limb: Vec<u64> = words.iter().map(|w| u64::from_le_bytes(*w)).collect();
            let prime = ring.modulus(i).value();
            match limb.iter().find(|&&x| x >= prime) {
                Some(x) => Err(Error::parse(
                    "a key",
                    format!("damaged: the residue {x} is not below {prime}"),
                )),
                None => Ok(limb),
            }
        };
        let b: Vec<Poly> = (0..digits)
            .map(|_| Ok(ring.poly(indices.iter().map(&mut limb).collect::<Result<_>>()?)))
            .collect::<Result<_>>()?;
        let a = (0..digits as u64)
            .map(|j| ring.uniform(&seed, j, indices))
            .collect();
        Ok(Self { level, seed, b, a })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::ring::tests::small_ring;

    #[test]
    fn streamed_keys_come_back_and_what_is_missing_is_named() {
        let ring = small_ring();
        let mut rng = Rng::numbered(21, 0);
        let secret = SecretKey::generate(&ring, &mut rng);
        let mut list = KeyList {
            relinearization: Some(3),
            ..KeyList::default()
        };
        list.add(ring.rotation(1), 2);
        list.add(ring.rotation(1), 1);
        list.add(ring.rotation(0), 3);
        list.add(ring.conjugation(), 0);
        let mut bytes = Vec::new();
        secret.write_keys(&list, &mut rng, &mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, list.stream_bytes(ring.params()));
        let keys = EvaluationKeys::read(&ring, secret.id(), &list, &mut &bytes[..]).unwrap();
        assert_eq!((keys.list(), keys.id), (list.clone(), secret.id()));
        // The same keys as those that are made in memory: from the same draws.
        let mut rng = Rng::numbered(21, 0);
        let secret = SecretKey::generate(&ring, &mut rng);
        let mut want = secret.relinearization_up_to(3, &mut rng);
        for (&g, &level) in &list.automorphisms {
            secret.add_automorphism(&mut want, g, level, &mut rng);
        }
        assert_eq!(keys, want);

        let refused = |list: &KeyList, bytes: &[u8]| {
            let read = EvaluationKeys::read(&ring, secret.id(), list, &mut &bytes[..]);
            read.unwrap_err().to_string()
        };
        assert!(refused(&list, &bytes[..bytes.len() - 1]).contains("end too early"));
        let mut bad = bytes.clone();
        bad[32..40].fill(255);
        assert!(refused(&list, &bad).contains("is not below"));
        let mut bad = list.clone();
        bad.add(2, 0);
        assert!(refused(&bad, &bytes).contains("2 is not the exponent"));
        bad = list.clone();
        bad.add(3, 4);
        assert!(refused(&bad, &bytes).contains("it is at most 3"));

        let mut more = list.clone();
        assert_eq!(list.lacks(&more), None);
        more.add(ring.rotation(1), 3);
        assert_eq!(more.lacks(&list), None);
        assert!(list.lacks(&more).unwrap().contains("up to level 3"));
        assert!(KeyList::default()
            .lacks(&list)
            .unwrap()
            .contains("relinearisation"));
    }
}
