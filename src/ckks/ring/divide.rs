//! Division of an element by some of its primes, rounded to nearest: rescale, and the last step of a
//! key switch and of an encryption mod Q_l P.
//!
//! **Method** With D the product of the dropped primes and r the centred representative of c mod D
//! (exact, see [`super::convert`]), c - r is divisible by D and
//! ```text
//! (c - r)/D = c/D - r/D,    |r/D| <= 1/2 + 2^-40 in every coefficient.
//! ```
//! The result is an exact integer: nothing else is lost. r is distributed symmetrically about 0 when
//! c is uniform mod D, so the rounding has no bias beyond the half-open end of the interval (1/(2D)).

use super::convert::Converter;
use super::{Poly, Ring};
use rayon::prelude::*;
use rug::Integer;
use std::ops::Range;

/// D, the primes that are dropped.
pub(in crate::ckks) struct Divisor<'a> {
    ring: &'a Ring,
    /// The indices of its primes, in the converter's order.
    primes: Vec<usize>,
    converter: &'a Converter,
    /// How many primes are left.
    kept: usize,
}

impl<'a> Divisor<'a> {
    /// The primes that a level adds.
    pub(in crate::ckks) fn last(ring: &'a Ring, level: usize) -> Self {
        let own = ring.params().level_primes(level);
        Self {
            ring,
            kept: own.start,
            primes: own.collect(),
            converter: ring.own_converter(level),
        }
    }

    /// P, the special primes.
    pub(in crate::ckks) fn special(ring: &'a Ring, level: usize) -> Self {
        Self {
            ring,
            primes: ring.special(),
            converter: ring.special_converter(false),
            kept: ring.params().limbs(level),
        }
    }

    /// The first special prime.
    pub(in crate::ckks) fn narrow(ring: &'a Ring, level: usize) -> Self {
        Self {
            ring,
            primes: ring.special()[..1].to_vec(),
            converter: ring.special_converter(true),
            kept: ring.params().limbs(level),
        }
    }

    /// P and the primes that a level adds.
    pub(in crate::ckks) fn special_and_last(ring: &'a Ring, level: usize) -> Self {
        let own = ring.params().level_primes(level);
        Self {
            ring,
            kept: own.start,
            primes: ring.special().into_iter().chain(own).collect(),
            converter: ring.special_and_own_converter(level),
        }
    }

    /// The product of the special primes among the dropped ones.
    pub(in crate::ckks) fn special_product(&self) -> Integer {
        let q_len = self.ring.params().q().len();
        let primes = self.primes.iter().copied();
        self.ring.product(primes.filter(|&i| i >= q_len))
    }

    /// How many primes are left: q_0 and so on.
    pub(in crate::ckks) fn kept(&self) -> usize {
        self.kept
    }

    /// The indices of the dropped primes.
    pub(in crate::ckks) fn primes(&self) -> &[usize] {
        &self.primes
    }

    /// Prepares the transform mod the k-th dropped prime for [`Self::rests`].
    pub(in crate::ckks) fn source(&self, k: usize, limb: &mut [u64]) {
        self.ring
            .inverse_times(self.primes[k], limb, self.converter.hat_inverse(k));
    }

    /// r mod some of the kept primes, as coefficients.
    pub(in crate::ckks) fn rests(
        &self,
        sources: &[Vec<u64>],
        primes: Range<usize>,
    ) -> Vec<(usize, Vec<u64>)> {
        let mut rests: Vec<(usize, Vec<u64>)> = primes.map(|i| (i, self.ring.take())).collect();
        self.converter.convert(sources, &mut rests);
        rests
    }

    /// (c - r)/D mod q_i in place of r, from the transform of c and the coefficients of r.
    fn quotient(&self, i: usize, c: &[u64], rest: &mut [u64]) {
        self.ring.forward(i, rest);
        let m = self.ring.modulus(i);
        m.sub_from_mul_constant(rest, c, self.inverse(i));
    }

    /// 1/D mod a kept prime.
    pub(in crate::ckks) fn inverse(&self, i: usize) -> u64 {
        let m = self.ring.modulus(i);
        let residue = |&d: &usize| self.ring.modulus(d).value() % m.value();
        let product = (self.primes.iter().map(residue)).fold(1, |d, r| m.mul(d, r));
        m.invert(product)
    }
}

/// The parts of a ciphertext divided by the primes that its level adds.
pub(in crate::ckks) fn rescale(ring: &Ring, parts: &[Poly], level: usize) -> Vec<Poly> {
    quotients(ring, parts, &Divisor::last(ring, level))
}

/// Elements mod the primes of a level and the special ones, divided by P.
pub(in crate::ckks) fn by_special(ring: &Ring, parts: &[Poly], level: usize) -> Vec<Poly> {
    quotients(ring, parts, &Divisor::special(ring, level))
}

/// Elements mod the primes of a level and the special ones, divided by P and the primes that the level adds.
pub(in crate::ckks) fn by_special_and_last(ring: &Ring, parts: &[Poly], level: usize) -> Vec<Poly> {
    quotients(ring, parts, &Divisor::special_and_last(ring, level))
}

/// Elements mod the kept and the dropped primes, in the ring's order.
fn quotients(ring: &Ring, parts: &[Poly], divisor: &Divisor) -> Vec<Poly> {
    let kept = divisor.kept();
    // The primes of Q that the elements have; where they have no special ones, none is asked for.
    let own = parts[0].limbs().saturating_sub(ring.special().len());
    let sources: Vec<Vec<Vec<u64>>> = (parts.par_iter())
        .map(|part| {
            let dropped = divisor.primes.par_iter().enumerate();
            let source = |(k, &i): (usize, &usize)| {
                let mut limb = ring.copy(&part.0[ring.place(i, own)]);
                divisor.source(k, &mut limb);
                limb
            };
            dropped.map(source).collect()
        })
        .collect();
    let limbs = (runs(kept).into_par_iter())
        .flat_map_iter(|run| {
            let mut rests: Vec<_> = (sources.iter())
                .map(|source| divisor.rests(source, run.clone()).into_iter())
                .collect();
            // All parts at one prime: the constants of its transform stay in the cache.
            let limbs = run.map(|i| {
                (rests.iter_mut().flat_map(Iterator::next).zip(parts))
                    .map(|((_, mut rest), part)| {
                        divisor.quotient(i, &part.0[i], &mut rest);
                        rest
                    })
                    .collect()
            });
            limbs.collect::<Vec<_>>()
        })
        .collect();
    ring.give(sources.into_iter().flatten());
    (transpose(parts.len(), limbs).into_iter())
        .map(|limbs| ring.poly(limbs))
        .collect()
}

/// The limbs of each element, from lists prime by prime of one limb of every element.
pub(in crate::ckks) fn transpose(
    elements: usize,
    primes: Vec<Vec<Vec<u64>>>,
) -> Vec<Vec<Vec<u64>>> {
    let mut out = vec![Vec::with_capacity(primes.len()); elements];
    for limbs in primes {
        (out.iter_mut().zip(limbs)).for_each(|(out, limb)| out.push(limb));
    }
    out
}

/// Primes that are worked on together at most: what a conversion reads is read once for all of them,
/// and what it writes is still in the cache when it is used.
const RUN: usize = 8;

/// Runs of the indices 0 .. count, of nearly equal lengths, as many for each thread.
pub(in crate::ckks) fn runs(count: usize) -> Vec<Range<usize>> {
    let threads = rayon::current_num_threads().max(1);
    let runs = count.div_ceil(RUN).next_multiple_of(threads).min(count);
    (0..runs)
        .map(|k| k * count / runs..(k + 1) * count / runs)
        .collect()
}
