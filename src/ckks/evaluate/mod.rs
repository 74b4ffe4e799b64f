//! Operations on ciphertexts. Scales, levels, keys and rings are checked, never adjusted.
//!
//! | operation | level | scale | keys |
//! |---|---|---|---|
//! | add, subtract, negate | the same | the same, exactly | |
//! | tensor, times plaintext or constant | the same | product | |
//! | relinearize | the same | the same | relinearisation |
//! | rescale | one less | divided by the dropped primes | |
//! | relinearize and rescale at once | one less | divided by the dropped primes | relinearisation |
//! | drop | lower | the same | |
//! | rotate, conjugate | the same | the same | of that automorphism |
//!
//! What each adds to the phase, exactly: add, subtract, negate, tensor, constants and automorphisms
//! nothing; a key switch what `switch` states; a rescale rho_0 + rho_1 s (+ rho_2 s^2) with
//! |rho_i| <= 1/2 + 2^-40 in every coefficient (`divide`); both at once as `switch` states.

pub mod linear;
pub mod run;
pub(in crate::ckks) mod switch;

use super::evaluate::switch::{switch, Switch};
use super::parameters::modular::Modulus;
use super::ring::divide;
use super::ring::divide::Divisor;
use super::ring::inner::Plus;
use super::ring::{Poly, Ring};
use super::scheme::cipher::{check_scale, hex, same_ring, Ciphertext, Plaintext};
use super::scheme::keys::{EvaluationKeys, SwitchingKey};
use crate::error::{Error, ErrorKind, Result};
use rayon::prelude::*;
use rug::{Integer, Rational};
use std::sync::Arc;

/// Evaluates on ciphertexts with a set of keys.
#[derive(Debug)]
pub struct Evaluator {
    ring: Arc<Ring>,
    keys: EvaluationKeys,
}

fn refuse(detail: String) -> Error {
    ErrorKind::Mismatch(detail).into()
}

/// Refuses a key that was made for lower levels alone.
fn serves(key: &SwitchingKey, level: usize, operation: &str) -> Result<()> {
    if key.level >= level {
        return Ok(());
    }
    Err(refuse(format!(
        "{operation}: its key serves up to level {}, the ciphertext is at {level}",
        key.level
    )))
}

impl Evaluator {
    /// An evaluator with keys.
    ///
    /// # Errors
    /// Keys of another ring.
    pub fn new(ring: &Arc<Ring>, keys: EvaluationKeys) -> Result<Self> {
        same_ring(&ring.params().digest(), &keys.ring, "evaluation keys")?;
        Ok(Self {
            ring: ring.clone(),
            keys,
        })
    }

    /// The ring.
    #[must_use]
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &EvaluationKeys {
        &self.keys
    }

    fn own(&self, a: &Ciphertext, operation: &str) -> Result<()> {
        same_ring(&self.ring.params().digest(), &a.ring, operation)
    }

    fn own_key(&self, a: &Ciphertext, operation: &str) -> Result<()> {
        if a.key == self.keys.id {
            return Ok(());
        }
        Err(refuse(format!(
            "{operation}: the ciphertext is under key {}, the evaluation keys are of {}",
            hex(&a.key),
            hex(&self.keys.id)
        )))
    }

    fn linear(&self, a: &Ciphertext, operation: &str) -> Result<()> {
        if a.degree() == 1 {
            return Ok(());
        }
        Err(refuse(format!(
            "{operation}: the ciphertext has degree {}; relinearise it first",
            a.degree()
        )))
    }

    fn combine(
        &self,
        a: &Ciphertext,
        b: &Ciphertext,
        operation: &str,
        subtract: bool,
    ) -> Result<Ciphertext> {
        self.own(a, operation)?;
        a.fits(b, operation, true)?;
        let ring = &*self.ring;
        let part = |i: usize| match (a.parts.get(i), b.parts.get(i)) {
            (Some(x), Some(y)) if subtract => ring.map_two(x, y, Modulus::sub),
            (Some(x), Some(y)) => ring.map_two(x, y, Modulus::add),
            (None, Some(y)) if subtract => ring.map(y, Modulus::negate),
            (x, y) => x.or(y).map_or_else(
                || ring.poly(Vec::new()),
                |x| ring.map(x, |_, out, x| out.copy_from_slice(x)),
            ),
        };
        let parts = (0..a.parts.len().max(b.parts.len())).map(part).collect();
        Ok(Ciphertext { parts, ..a.shell() })
    }

    /// Each part of a, replaced.
    fn each(&self, a: &Ciphertext, f: impl Fn(&Modulus, &mut [u64], &[u64]) + Sync) -> Ciphertext {
        let parts = a.parts.iter().map(|part| self.ring.map(part, &f)).collect();
        Ciphertext { parts, ..a.shell() }
    }

    /// Part 0 of a, replaced; the rest copied.
    fn first(&self, a: &Ciphertext, f: impl FnOnce(&Poly) -> Poly) -> Ciphertext {
        let copy = |part: &Poly| self.ring.map(part, |_, out, x| out.copy_from_slice(x));
        let rest = a.parts[1..].iter().map(copy);
        Ciphertext {
            parts: std::iter::once(f(&a.parts[0])).chain(rest).collect(),
            ..a.shell()
        }
    }

    /// a + b.
    ///
    /// # Errors
    /// Operands of different ring, key, level, scale or packing.
    pub fn add(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        self.combine(a, b, "add", false)
    }

    /// a - b.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn sub(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        self.combine(a, b, "subtract", true)
    }

    /// -a.
    ///
    /// # Errors
    /// A ciphertext of another ring.
    pub fn negate(&self, a: &Ciphertext) -> Result<Ciphertext> {
        self.own(a, "negate")?;
        Ok(self.each(a, Modulus::negate))
    }

    /// a plus a plaintext.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_plain(&self, a: &Ciphertext, b: &Plaintext) -> Result<Ciphertext> {
        self.own(a, "add plaintext")?;
        a.fits_plain(b, "add plaintext", true)?;
        Ok(self.first(a, |part| self.ring.map_two(part, &b.poly, Modulus::add)))
    }

    /// a times a plaintext; the scales multiply.
    ///
    /// # Errors
    /// Operands of different ring, level or packing.
    pub fn mul_plain(&self, a: &Ciphertext, b: &Plaintext) -> Result<Ciphertext> {
        self.own(a, "multiply by plaintext")?;
        a.fits_plain(b, "multiply by plaintext", false)?;
        let scale = self.product_scale(&a.scale, &b.scale)?;
        let times = |part| self.ring.map_two(part, &b.poly, Modulus::mul_to);
        let parts = a.parts.iter().map(times).collect();
        Ok(Ciphertext {
            parts,
            scale,
            ..a.shell()
        })
    }

    fn product_scale(&self, a: &Rational, b: &Rational) -> Result<Rational> {
        let scale = Rational::from(a * b);
        check_scale(&scale, &self.ring)?;
        Ok(scale)
    }

    /// a plus the integer constant c in every slot: c stands for c/scale, of which the encoding is
    /// exact.
    ///
    /// # Errors
    /// A ciphertext of another ring.
    pub fn add_constant(&self, a: &Ciphertext, c: &Integer) -> Result<Ciphertext> {
        self.own(a, "add constant")?;
        let plus =
            |m: &Modulus, out: &mut [u64], x: &[u64]| m.add_constant(out, x, m.of_integer(c));
        Ok(self.first(a, |part| self.ring.map(part, plus)))
    }

    /// a times the integer constant c, which stands for c/scale; the scales multiply.
    ///
    /// # Errors
    /// A ciphertext of another ring, a scale that is not positive.
    pub fn mul_constant(
        &self,
        a: &Ciphertext,
        c: &Integer,
        scale: &Rational,
    ) -> Result<Ciphertext> {
        self.own(a, "multiply by constant")?;
        let scale = self.product_scale(&a.scale, scale)?;
        let out = self.each(a, |m, out, x| m.mul_constant(out, x, m.of_integer(c)));
        Ok(Ciphertext { scale, ..out })
    }

    /// The same ciphertext read in other units: the value is divided by `unit`, the scale multiplied.
    ///
    /// # Errors
    /// A ciphertext of another ring, a unit that is not positive.
    pub fn in_units(&self, a: &Ciphertext, unit: &Rational) -> Result<Ciphertext> {
        self.own(a, "read in other units")?;
        let scale = self.product_scale(&a.scale, unit)?;
        let out = self.each(a, |_, out, x| out.copy_from_slice(x));
        Ok(Ciphertext { scale, ..out })
    }

    fn factors(&self, a: &Ciphertext, b: &Ciphertext) -> Result<()> {
        self.own(a, "multiply")?;
        a.fits(b, "multiply", false)?;
        self.linear(a, "multiply")?;
        self.linear(b, "multiply")
    }

    /// The product as a ciphertext of degree 2: (a0 b0, a0 b1 + a1 b0, a1 b1).
    ///
    /// # Errors
    /// Operands of different ring, key, level or packing, or of degree 2.
    pub fn tensor(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        self.factors(a, b)?;
        let ring = &*self.ring;
        let limbs: Vec<[Vec<u64>; 3]> = (0..self.ring.params().limbs(a.level()))
            .into_par_iter()
            .map(|i| {
                let m = ring.modulus(i);
                let a = [&*a.parts[0].0[i], &*a.parts[1].0[i]];
                let b = [&*b.parts[0].0[i], &*b.parts[1].0[i]];
                let mut out = [ring.take(), ring.take(), ring.take()];
                m.tensor(out.each_mut().map(Vec::as_mut_slice), a, b);
                out
            })
            .collect();
        let mut parts: Vec<Poly> = (0..3)
            .map(|_| ring.poly(Vec::with_capacity(limbs.len())))
            .collect();
        for limbs in limbs {
            parts
                .iter_mut()
                .zip(limbs)
                .for_each(|(part, limb)| part.0.push(limb));
        }
        Ok(Ciphertext {
            parts,
            scale: self.product_scale(&a.scale, &b.scale)?,
            ..a.shell()
        })
    }

    /// Back to degree 1, by a key switch of c_2 from s^2 to s.
    ///
    /// # Errors
    /// No relinearisation key, or one of another secret.
    pub fn relinearize(&self, a: &Ciphertext) -> Result<Ciphertext> {
        self.relinearize_and_divide(a, |ring| Divisor::special(ring, a.level()))
    }

    /// Back to degree 1, divided by the special primes that the key switch needs and maybe one more.
    fn relinearize_and_divide<'a>(
        &'a self,
        a: &Ciphertext,
        by: impl FnOnce(&'a Ring) -> Divisor<'a>,
    ) -> Result<Ciphertext> {
        self.own(a, "relinearise")?;
        self.own_key(a, "relinearise")?;
        let [c0, c1, square] = &a.parts[..] else {
            return Ok(a.clone());
        };
        let plus = [Plus::One(c0), Plus::One(c1)];
        let parts = self.switch_square((square, a.level()), plus, &by(&self.ring))?;
        Ok(Ciphertext { parts, ..a.shell() })
    }

    /// plus + the switch of c_2 from s^2 to s, divided by the special primes and maybe one more.
    fn switch_square(
        &self,
        c2: (&Poly, usize),
        plus: [Plus<&Poly>; 2],
        by: &Divisor,
    ) -> Result<Vec<Poly>> {
        let missing = || refuse("relinearise: there is no relinearisation key".to_owned());
        let key = self.keys.relinearization.as_ref().ok_or_else(missing)?;
        serves(key, c2.1, "relinearise")?;
        let wanted = Switch {
            key,
            plus,
            places: None,
        };
        let parts = switch(&self.ring, c2, &[wanted], by);
        Ok(parts.into_iter().flatten().collect())
    }

    /// The product in one go: of (c_0, c_1, c_2) only c_2 is ever written out.
    fn multiply(&self, a: &Ciphertext, b: &Ciphertext, rescaled: bool) -> Result<Ciphertext> {
        self.factors(a, b)?;
        self.own_key(a, "relinearise")?;
        let level = a.level();
        let scale = self.product_scale(&a.scale, &b.scale)?;
        let (scale, by) = if rescaled {
            let scale = self.rescaled(level, &scale)?;
            (scale, Divisor::special_and_last(&self.ring, level))
        } else {
            (scale, Divisor::special(&self.ring, level))
        };
        let [[a0, a1], [b0, b1]] = [a, b].map(|x| [&x.parts[0], &x.parts[1]]);
        let c2 = self.ring.map_two(a1, b1, Modulus::mul_to);
        let plus = [
            Plus::Products(vec![[a0, b0]]),
            Plus::Products(vec![[a0, b1], [a1, b0]]),
        ];
        Ok(Ciphertext {
            parts: self.switch_square((&c2, level), plus, &by)?,
            level: level - usize::from(rescaled),
            scale,
            ..a.shell()
        })
    }

    /// a b, relinearised, not rescaled.
    ///
    /// # Errors
    /// As [`Self::tensor`] and [`Self::relinearize`].
    pub fn mul(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        self.multiply(a, b, false)
    }

    /// Divides by the primes that the level adds, rounded to nearest; one level less.
    ///
    /// # Errors
    /// Level 0: there is no prime to drop.
    pub fn rescale(&self, a: &Ciphertext) -> Result<Ciphertext> {
        self.own(a, "rescale")?;
        Ok(Ciphertext {
            scale: self.rescaled(a.level(), &a.scale)?,
            parts: divide::rescale(&self.ring, &a.parts, a.level()),
            level: a.level() - 1,
            ..a.shell()
        })
    }

    /// The scale after a rescale.
    fn rescaled(&self, level: usize, scale: &Rational) -> Result<Rational> {
        if level == 0 {
            return Err(ErrorKind::DepthExceeded {
                need: 1,
                have: 0,
                place: "rescale".into(),
            }
            .into());
        }
        let own = self.ring.params().level_primes(level);
        Ok(Rational::from(scale / self.ring.product(own)))
    }

    /// Relinearises and rescales in one division, where two would be made.
    ///
    /// **Guarantee** what `switch` states. The ciphertext is that of [`Self::relinearize`], then
    /// [`Self::rescale`], bit by bit, unless a conversion strays from the nearest (by 2^-40): for y an
    /// integer and |d| < 1/2 no tie lies between y/q and (y + d)/q, as q is odd.
    /// **Cost** in transforms that of a key switch alone.
    ///
    /// # Errors
    /// As those two.
    pub fn relinearize_rescale(&self, a: &Ciphertext) -> Result<Ciphertext> {
        if a.degree() < 2 {
            return self.rescale(a);
        }
        let scale = self.rescaled(a.level(), &a.scale)?;
        let by = |ring| Divisor::special_and_last(ring, a.level());
        let out = self.relinearize_and_divide(a, by)?;
        Ok(Ciphertext {
            scale,
            level: a.level() - 1,
            ..out
        })
    }

    /// a b, relinearised and rescaled in one division.
    ///
    /// # Errors
    /// As [`Self::tensor`] and [`Self::relinearize_rescale`].
    pub fn mul_rescale(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        self.multiply(a, b, true)
    }

    /// The same message at a lower level: primes are dropped, nothing is rounded.
    ///
    /// # Errors
    /// A level above the ciphertext's.
    pub fn drop_to(&self, a: &Ciphertext, level: usize) -> Result<Ciphertext> {
        self.own(a, "drop")?;
        if level > a.level() {
            let have = a.level();
            return Err(refuse(format!(
                "drop: the ciphertext is at level {have}, below {level}"
            )));
        }
        let lower = |part: &Poly| {
            let limbs = part.0[..self.ring.params().limbs(level)].par_iter();
            let copies = limbs.map(|limb| self.ring.copy(limb));
            self.ring.poly(copies.collect())
        };
        let parts = a.parts.iter().map(lower).collect();
        Ok(Ciphertext {
            parts,
            level,
            ..a.shell()
        })
    }

    /// Slots rotated to the left: slot j of the result is slot j + steps.
    ///
    /// # Errors
    /// No key for these steps, a ciphertext of degree 2.
    pub fn rotate(&self, a: &Ciphertext, steps: i64) -> Result<Ciphertext> {
        let mut out = self.rotate_many(a, &[steps])?;
        out.pop().ok_or_else(|| refuse("rotate: no result".into()))
    }

    /// Several rotations of one ciphertext: its digits are cut and transformed only once.
    ///
    /// **Guarantee** the same ciphertexts as single rotations, bit by bit.
    ///
    /// # Errors
    /// As [`Self::rotate`].
    pub fn rotate_many(&self, a: &Ciphertext, steps: &[i64]) -> Result<Vec<Ciphertext>> {
        let exponents: Vec<(u64, String)> = (steps.iter())
            .map(|&k| (self.ring.rotation(k), format!("rotate by {k}")))
            .collect();
        self.automorphisms(a, &exponents)
    }

    /// Slots conjugated.
    ///
    /// # Errors
    /// No conjugation key, a ciphertext of degree 2.
    pub fn conjugate(&self, a: &Ciphertext) -> Result<Ciphertext> {
        let mut out = self.automorphisms(a, &[(self.ring.conjugation(), "conjugate".into())])?;
        out.pop()
            .ok_or_else(|| refuse("conjugate: no result".into()))
    }

    /// The key of an automorphism that serves a level; `None` for the identity.
    fn key(&self, g: u64, level: usize, operation: &str) -> Result<Option<&SwitchingKey>> {
        if g == 1 {
            return Ok(None);
        }
        let missing = || refuse(format!("{operation}: there is no key for it"));
        let key = self.keys.automorphisms.get(&g).ok_or_else(missing)?;
        serves(key, level, operation)?;
        Ok(Some(key))
    }

    fn automorphisms(&self, a: &Ciphertext, wanted: &[(u64, String)]) -> Result<Vec<Ciphertext>> {
        self.own(a, "rotate")?;
        self.own_key(a, "rotate")?;
        self.linear(a, "rotate")?;
        let keys = (wanted.iter())
            .map(|(g, operation)| self.key(*g, a.level(), operation))
            .collect::<Result<Vec<_>>>()?;
        let ring = &*self.ring;
        let switches: Vec<Switch> = (wanted.iter().zip(&keys))
            .filter_map(|((g, _), key)| {
                Some(Switch {
                    key: (*key)?,
                    plus: [Plus::One(&a.parts[0]), Plus::Nothing],
                    places: Some(ring.automorphism_places(*g)),
                })
            })
            .collect();
        let divisor = Divisor::special(ring, a.level());
        let mut switched = if switches.is_empty() {
            Vec::new()
        } else {
            switch(ring, (&a.parts[1], a.level()), &switches, &divisor)
        }
        .into_iter();
        let result = |key: &Option<&SwitchingKey>| match key.and_then(|_| switched.next()) {
            Some(parts) => Ciphertext {
                parts: parts.into(),
                ..a.shell()
            },
            // Nothing is moved.
            None => a.clone(),
        };
        Ok(keys.iter().map(result).collect())
    }
}

impl Ciphertext {
    /// All but the parts.
    pub(in crate::ckks) fn shell(&self) -> Self {
        Self {
            parts: Vec::new(),
            level: self.level,
            scale: self.scale.clone(),
            log_slots: self.log_slots,
            ring: self.ring,
            key: self.key,
        }
    }
}
