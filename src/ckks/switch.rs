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

use super::divide::{by_special, GROUP};
use super::keys::SwitchingKey;
use super::modular::{to_f64, to_u64, Modulus, BLOCK, MAX_TERMS};
use super::ring::{Poly, Ring};
use rayon::prelude::*;

/// The digits of an element.
pub(super) struct Digits<'a> {
    ring: &'a Ring,
    c: &'a Poly,
    /// For each digit the transforms mod q_0 .. q_l and the special primes; `None` at the digit's own
    /// primes, where the residues are those of c.
    digits: Vec<Vec<Option<Vec<u64>>>>,
}

impl Drop for Digits<'_> {
    fn drop(&mut self) {
        self.ring.give(self.digits.drain(..).flatten().flatten());
    }
}

impl<'a> Digits<'a> {
    /// Cuts an element of level l into digits.
    pub(super) fn new(ring: &'a Ring, c: &'a Poly) -> Self {
        let level = c.limbs() - 1;
        let indices = ring.extended(level);
        let ranges = ring.params().digits(level);
        let coefficients: Vec<Vec<u64>> = (c.0.par_iter().enumerate())
            .map(|(i, limb)| {
                let mut limb = ring.copy(limb);
                let digit = &ranges[i / ring.params().digit_primes()];
                let converter = ring.digit_converter(digit.end - 1);
                ring.inverse_times(i, &mut limb, converter.hat_inverse(i - digit.start));
                limb
            })
            .collect();
        let digits = (ranges.iter())
            .map(|digit| {
                let source: Vec<&[u64]> = coefficients[digit.clone()]
                    .iter()
                    .map(Vec::as_slice)
                    .collect();
                let converter = ring.digit_converter(digit.end - 1);
                let groups: Vec<Vec<Option<Vec<u64>>>> = (indices.par_chunks(GROUP))
                    .map(|group| {
                        let others = group.iter().filter(|&i| !digit.contains(i));
                        let mut targets: Vec<_> = others.map(|&i| (i, ring.take())).collect();
                        converter.convert(&source, &mut targets);
                        targets
                            .iter_mut()
                            .for_each(|(i, limb)| ring.forward(*i, limb));
                        let mut targets = targets.into_iter().peekable();
                        let place =
                            |&i: &usize| targets.next_if(|&(t, _)| t == i).map(|(_, limb)| limb);
                        group.iter().map(place).collect()
                    })
                    .collect();
                groups.into_iter().flatten().collect()
            })
            .collect();
        ring.give(coefficients);
        Self { ring, c, digits }
    }

    /// (u_0, u_1) divided by P: encrypts c s' under s.
    pub(super) fn switch(&self, key: &SwitchingKey) -> [Poly; 2] {
        let ring = self.ring;
        let indices = ring.extended(self.c.limbs() - 1);
        let sums: Vec<[Vec<u64>; 2]> = (indices.par_iter().enumerate())
            .map(|(place, &i)| {
                let terms: Vec<[&[u64]; 3]> = (self.digits.iter().zip(&key.b).zip(&key.a))
                    .map(|((digit, b), a)| {
                        let digit = digit[place].as_ref().unwrap_or_else(|| &self.c.0[i]);
                        [digit.as_slice(), &b.0[i], &a.0[i]]
                    })
                    .collect();
                let mut out = [ring.take(), ring.take()];
                inner_products(ring.modulus(i), &mut out, &terms);
                out
            })
            .collect();
        let mut halves = [Vec::new(), Vec::new()];
        for [b, a] in sums {
            halves[0].push(b);
            halves[1].push(a);
        }
        halves.map(|limbs| by_special(ring, ring.poly(limbs)))
    }
}

/// Coefficients of a digit that are worked on before those of the next: keys are streamed from
/// memory, and two pages at a time are fetched ahead.
const RUN: usize = 4 * BLOCK;

/// out_0 = sum_j d_j b_j and out_1 = sum_j d_j a_j mod a prime, of terms (d_j, b_j, a_j).
fn inner_products(m: &Modulus, out: &mut [Vec<u64>; 2], terms: &[[&[u64]; 3]]) {
    let n = out[0].len();
    for start in (0..n).step_by(RUN) {
        let range = start..(start + RUN).min(n);
        let mut sums = [[0.0; RUN]; 2];
        for (j, term) in terms.iter().enumerate() {
            // A reduced sum is below one prime: with 8 products it stays exact.
            if j > 0 && j % (MAX_TERMS - 2) == 0 {
                sums.iter_mut().flatten().for_each(|s| *s = m.residue(*s));
            }
            let [d, b, a] = term.map(|x| &x[range.clone()]);
            let [left, right] = &mut sums;
            for ((((left, right), d), b), a) in left.iter_mut().zip(right).zip(d).zip(b).zip(a) {
                let d = to_f64(*d);
                *left += m.product(d, to_f64(*b));
                *right += m.product(d, to_f64(*a));
            }
        }
        for (out, sums) in out.iter_mut().zip(&sums) {
            for (out, sum) in out[range.clone()].iter_mut().zip(sums) {
                *out = to_u64(m.residue(*sum));
            }
        }
    }
}
