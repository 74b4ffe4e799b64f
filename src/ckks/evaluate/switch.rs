//! Hybrid key switching; several switches of one element share its decomposition.
//!
//! **Method** c of level l is cut into digits: d_j = the centred representative of c mod D_j, carried
//! to all primes of Q_l P (exact, |d_j| <= (1/2 + 2^-40) D_j, see [`crate::ckks::ring::convert`]). With the
//! switching key (b_j, a_j) from s' to s,
//! ```text
//! u_0 = sum_j d_j b_j,  u_1 = sum_j d_j a_j     mod Q_l P
//! u_0 + u_1 s = P c s' + sum_j d_j e_j
//! ```
//! and both are divided by P with rounding ([`crate::ckks::ring::divide`]). So the result decrypts to c s' plus
//! ```text
//! (sum_j d_j e_j)/P + rho_0 + rho_1 s,    |rho_0|, |rho_1| <= 1/2 + 2^-40 in every coefficient.
//! ```
//! A ciphertext that is rescaled right after its relinearisation is divided by P and q_l at once: the
//! numerator is u + P (c_0, c_1), and what it decrypts to is off by (sum_j d_j e_j)/(P q_l) + rho_0 +
//! rho_1 s: the rounding of the key switch alone has no share of its own.
//!
//! **Cost** in transforms, with L = l + 1 primes of Q, k of P, d digits: L + d (L + k) - L to
//! decompose (a digit's own residues are known), 2 (k + L) to divide.

use crate::ckks::ring::divide::{runs, transpose, Divisor};
use crate::ckks::ring::inner::{Inner, Plus, Row};
use crate::ckks::ring::{Poly, Ring};
use crate::ckks::scheme::keys::SwitchingKey;
use rayon::prelude::*;
use rug::Integer;
use std::ops::Range;

/// One of the switches of an element.
pub(in crate::ckks) struct Switch<'a> {
    /// The key from s' to s.
    pub key: &'a SwitchingKey,
    /// What is added to each half of the result.
    pub plus: [Plus<&'a Poly>; 2],
    /// The automorphism that comes last, as the places that values are taken from.
    pub places: Option<Vec<u32>>,
}

impl<'a> Plus<&'a Poly> {
    /// The residues mod a prime. Special primes have none: P is 0 there.
    fn limb(&self, i: usize) -> Plus<&'a [u64]> {
        let limb = |x: &&'a Poly| Some(x.0.get(i)?.as_slice());
        let pair = |[x, y]: &[&'a Poly; 2]| Some([limb(x)?, limb(y)?]);
        match self {
            Self::Nothing => None,
            Self::One(x) => limb(x).map(Plus::One),
            Self::Products(pairs) => (pairs.iter().map(pair))
                .collect::<Option<Vec<_>>>()
                .map(Plus::Products),
        }
        .unwrap_or(Plus::Nothing)
    }
}

/// For every wanted switch of c, an element of a level, (u_0, u_1) + P plus, divided by P, or by P and the primes that the
/// level adds, and so rescaled as well. The divisor's level may be higher: c is lifted then, as the centred integers that it is.
///
/// **Cost** of memory: the digits mod a few primes at a time.
pub(in crate::ckks) fn switch(
    ring: &Ring,
    (c, level): (&Poly, usize),
    wanted: &[Switch],
    divisor: &Divisor,
) -> Vec<[Poly; 2]> {
    let digits = Digits::new(ring, c, level);
    let p = divisor.special_product();
    let halves = 2 * wanted.len();
    // The dropped primes first: their coefficients are what the division rounds away.
    let dropped = (runs(divisor.primes().len()).into_par_iter())
        .flat_map_iter(|run| {
            let residues = digits.residues(&divisor.primes()[run.clone()]);
            let sources = run.zip(residues).map(|(k, residues)| {
                let mut halves = residues.halves(wanted, &p, 0, || None);
                halves.iter_mut().for_each(|half| divisor.source(k, half));
                halves
            });
            sources.collect::<Vec<_>>()
        })
        .collect();
    let sources = transpose(halves, dropped);
    let kept = (runs(divisor.kept()).into_par_iter())
        .flat_map_iter(|run| {
            let residues = digits.residues(&run.clone().collect::<Vec<_>>());
            let mut rests: Vec<_> = (sources.iter())
                .map(|source| divisor.rests(source, run.clone()).into_iter())
                .collect();
            let limbs = residues.into_iter().map(|residues| {
                let mut rests = rests
                    .iter_mut()
                    .flat_map(Iterator::next)
                    .map(|(i, mut rest)| {
                        ring.forward(i, &mut rest);
                        rest
                    });
                let inverse = divisor.inverse(residues.i);
                residues.halves(wanted, &p, inverse, || Some([rests.next()?, rests.next()?]))
            });
            limbs.collect::<Vec<_>>()
        })
        .collect();
    ring.give(sources.into_iter().flatten());
    digits.done();
    let mut halves = transpose(halves, kept).into_iter();
    let mut half = || ring.poly(halves.next().unwrap_or_default());
    wanted.iter().map(|_| [half(), half()]).collect()
}

/// An element cut into digits.
pub(super) struct Digits<'a> {
    ring: &'a Ring,
    c: &'a Poly,
    ranges: Vec<Range<usize>>,
    /// For every prime the coefficients, as the converter of their digit wants them.
    coefficients: Vec<Vec<u64>>,
}

/// All digits mod one prime, as transforms.
pub(super) struct Residues<'a> {
    digits: &'a Digits<'a>,
    /// The prime.
    pub(super) i: usize,
    /// `None` where the prime is one of the digit's own, so that the residues are those of c.
    limbs: Vec<Option<Vec<u64>>>,
}

impl Drop for Residues<'_> {
    fn drop(&mut self) {
        self.digits.ring.give(self.limbs.drain(..).flatten());
    }
}

impl<'a> Digits<'a> {
    pub(super) fn new(ring: &'a Ring, c: &'a Poly, level: usize) -> Self {
        let ranges = ring.params().digits(level);
        let coefficients = (c.0.par_iter().enumerate())
            .map(|(i, limb)| {
                let mut limb = ring.copy(limb);
                for digit in ranges.iter().filter(|digit| digit.contains(&i)) {
                    let converter = ring.digit_converter(digit.end - 1);
                    ring.inverse_times(i, &mut limb, converter.hat_inverse(i - digit.start));
                }
                limb
            })
            .collect();
        Self {
            ring,
            c,
            ranges,
            coefficients,
        }
    }

    /// Gives the memory back.
    pub(super) fn done(self) {
        self.ring.give(self.coefficients);
    }

    /// The digits mod some primes.
    pub(super) fn residues(&self, primes: &[usize]) -> Vec<Residues<'_>> {
        let ring = self.ring;
        let none = |&i: &usize| Residues {
            digits: self,
            i,
            limbs: Vec::with_capacity(self.ranges.len()),
        };
        let mut out: Vec<Residues> = primes.iter().map(none).collect();
        for digit in &self.ranges {
            let others = primes.iter().filter(|&i| !digit.contains(i));
            let mut targets: Vec<_> = others.map(|&i| (i, ring.take())).collect();
            ring.digit_converter(digit.end - 1)
                .convert(&self.coefficients[digit.clone()], &mut targets);
            let mut targets = targets.into_iter().peekable();
            for residues in &mut out {
                let limb = targets.next_if(|&(i, _)| i == residues.i);
                residues.limbs.push(limb.map(|(_, limb)| limb));
            }
        }
        // All digits at one prime: the constants of its transform stay in the cache.
        for residues in &mut out {
            for limb in residues.limbs.iter_mut().flatten() {
                ring.forward(residues.i, limb);
            }
        }
        out
    }
}

impl Residues<'_> {
    /// The number of digits.
    pub(super) fn count(&self) -> usize {
        self.limbs.len()
    }

    /// The digits mod the prime.
    pub(super) fn limbs(&self) -> Vec<&[u64]> {
        let own = &self.digits.c.0;
        let limb =
            |digit| Option::as_ref(digit).map_or_else(|| own[self.i].as_slice(), Vec::as_slice);
        self.limbs.iter().map(limb).collect()
    }

    /// (u_0, u_1) + P plus of every switch, each less its rests and over D where it has any.
    fn halves(
        &self,
        wanted: &[Switch],
        p: &Integer,
        inverse: u64,
        mut rests: impl FnMut() -> Option<[Vec<u64>; 2]>,
    ) -> Vec<Vec<u64>> {
        let (ring, i) = (self.digits.ring, self.i);
        let m = ring.modulus(i);
        let inner = Inner::new(m, self.limbs(), m.of_integer(p), inverse);
        let mut sums = [ring.take(), ring.take()];
        let mut out = Vec::with_capacity(2 * wanted.len());
        for switch in wanted {
            let row = Row {
                key: switch.key.row(ring, self.limbs.len(), i),
                plus: switch.plus.each_ref().map(|x| x.limb(i)),
                rests: rests(),
            };
            // What is moved is written to the same two limbs every time, which stay in the cache.
            match switch.places.as_ref().filter(|_| row.rests.is_some()) {
                Some(places) => {
                    inner.fill(&row, &mut sums);
                    out.extend(sums.each_ref().map(|half| ring.moved(half, places)));
                }
                None => {
                    let mut halves = [ring.take(), ring.take()];
                    inner.fill(&row, &mut halves);
                    out.extend(halves);
                }
            }
            ring.give(row.rests.into_iter().flatten());
        }
        ring.give(sums);
        out
    }
}
