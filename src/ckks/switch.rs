//! Hybrid key switching, and the decomposition that several rotations share.
//!
//! **Method** c of level l is cut into digits: d_j = the centred representative of c mod D_j, carried
//! to all primes of Q_l P (exact, |d_j| <= (1/2 + 2^-40) D_j, see [`super::convert`]). With the
//! switching key (b_j, a_j) from s' to s,
//! ```text
//! u_0 = sum_j d_j b_j,  u_1 = sum_j d_j a_j     mod Q_l P
//! u_0 + u_1 s = P c s' + sum_j d_j e_j
//! ```
//! and both are divided by P with rounding ([`super::divide`]). So the result decrypts to c s' plus
//! ```text
//! (sum_j d_j e_j)/P + rho_0 + rho_1 s,    |rho_0|, |rho_1| <= 1/2 + 2^-40 in every coefficient.
//! ```
//! **Cost** in transforms, with L = l + 1 primes of Q, k of P, d digits: L + d (L + k) - L to
//! decompose (a digit's own residues are known), 2 (k + L) to divide.

use super::divide::{divide, GROUP};
use super::keys::SwitchingKey;
use super::modular::{to_u64, Modulus, BLOCK, MAX_TERMS};
use super::ring::{Poly, Ring};
use rayon::prelude::*;

/// The digits of an element: for each, transforms mod q_0 .. q_l and the special primes.
pub(super) struct Digits<'a> {
    ring: &'a Ring,
    level: usize,
    digits: Vec<Vec<Vec<u64>>>,
}

impl Drop for Digits<'_> {
    fn drop(&mut self) {
        self.ring.give(self.digits.drain(..).flatten());
    }
}

impl<'a> Digits<'a> {
    /// Cuts an element of level l into digits.
    pub(super) fn new(ring: &'a Ring, c: &Poly) -> Self {
        let level = c.limbs() - 1;
        let indices = ring.extended(level);
        let coefficients: Vec<Vec<u64>> = (c.0.par_iter().enumerate())
            .map(|(i, limb)| {
                let mut limb = ring.copy(limb);
                ring.inverse(i, &mut limb);
                limb
            })
            .collect();
        let digits = (ring.params().digits(level).into_iter())
            .map(|digit| {
                let source: Vec<&[u64]> = coefficients[digit.clone()]
                    .iter()
                    .map(Vec::as_slice)
                    .collect();
                let converter = ring.digit_converter(digit.end - 1);
                let groups: Vec<Vec<Vec<u64>>> = (indices.par_chunks(GROUP))
                    .map(|group| {
                        let others = group.iter().filter(|&i| !digit.contains(i));
                        let mut targets: Vec<_> = others.map(|&i| (i, ring.take())).collect();
                        converter.convert(&source, &mut targets);
                        targets
                            .iter_mut()
                            .for_each(|(i, limb)| ring.forward(*i, limb));
                        let mut targets = targets.into_iter().peekable();
                        (group.iter())
                            .map(|&i| match targets.next_if(|&(t, _)| t == i) {
                                Some((_, limb)) => limb,
                                None => ring.copy(&c.0[i]),
                            })
                            .collect()
                    })
                    .collect();
                groups.into_iter().flatten().collect()
            })
            .collect();
        ring.give(coefficients);
        Self {
            ring,
            level,
            digits,
        }
    }

    /// (u_0, u_1) divided by P: encrypts c s' under s.
    pub(super) fn switch(&self, key: &SwitchingKey) -> [Poly; 2] {
        let (ring, level) = (self.ring, self.level);
        let indices = ring.extended(level);
        let sums: Vec<[Vec<u64>; 2]> = (indices.par_iter().enumerate())
            .map(|(place, &i)| {
                let digits: Vec<&[u64]> = self.digits.iter().map(|d| d[place].as_slice()).collect();
                let half = |key: &[Poly]| {
                    let key: Vec<&[u64]> = key.iter().map(|k| k.0[i].as_slice()).collect();
                    let mut out = ring.take();
                    inner_product(ring.modulus(i), &mut out, &digits, &key);
                    out
                };
                [half(&key.b), half(&key.a)]
            })
            .collect();
        let mut halves = [Vec::new(), Vec::new()];
        for [b, a] in sums {
            halves[0].push(b);
            halves[1].push(a);
        }
        halves.map(|mut limbs| {
            let special = limbs.split_off(level + 1);
            let mut dropped: Vec<(usize, Vec<u64>)> =
                indices[level + 1..].iter().copied().zip(special).collect();
            divide(ring, &mut limbs, &mut dropped, ring.special_converter());
            ring.give(dropped.into_iter().map(|(_, limb)| limb));
            Poly(limbs)
        })
    }
}

/// out = sum_j x_j y_j mod a prime.
fn inner_product(m: &Modulus, out: &mut [u64], x: &[&[u64]], y: &[&[u64]]) {
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let range = block * BLOCK..block * BLOCK + out.len();
        let mut sums = [0.0; BLOCK];
        for (j, (x, y)) in x.iter().zip(y).enumerate() {
            // A reduced sum counts as one of the terms that add up exactly.
            if j > 0 && j % (MAX_TERMS - 2) == 0 {
                sums.iter_mut().for_each(|s| *s = m.residue(*s));
            }
            m.accumulate(&mut sums, &x[range.clone()], &y[range.clone()]);
        }
        for (out, sum) in out.iter_mut().zip(&sums) {
            *out = to_u64(m.residue(*sum));
        }
    }
}
