//! Inner products of digits with a switching key mod one prime, and the division that follows, in one
//! pass over memory.
//!
//! **Method** For both halves
//! ```text
//! u = P plus + sum_j d_j key_j        out = u                    where u is wanted itself
//!                                     out = (u - rest) / D       where it is divided.
//! ```
//! A block of places at a time, a page of every limb, whose sums stay in the first cache. The key is
//! the most there is to read, and it comes from memory: while one digit is worked on, the key of the next is
//! asked for, as the machine itself does not look beyond a page.

use super::sums::{Sum, Sums};
use crate::ckks::parameters::modular::{ask_for, to_f64, to_u64, wide, Modulus};
use std::array;

/// Places that are worked on between two requests.
const STEP: usize = 64;
/// Steps of a block; N is a multiple of their places.
const STEPS: usize = 8;

/// What the switches of some digits have in common mod one prime.
pub(in crate::ckks) struct Inner<'a> {
    m: &'a Modulus,
    /// The digits, as transforms.
    digits: Vec<&'a [u64]>,
    /// P mod the prime.
    p: f64,
    /// 1/D mod the prime.
    inverse: f64,
    /// As many products as are added up before a reduction, and how.
    terms: usize,
    sums: Sums,
}

/// What is added to half of a switch, times P: of elements, or mod one prime.
pub(in crate::ckks) enum Plus<T> {
    /// 0.
    Nothing,
    /// Itself.
    One(T),
    /// A sum of at most [`crate::ckks::parameters::modular::MAX_TERMS`] products.
    Products(Vec<[T; 2]>),
}

/// One switch mod one prime.
pub(in crate::ckks) struct Row<'a> {
    /// (b_j, a_j) for each digit.
    pub key: Vec<[&'a [u64]; 2]>,
    /// What is added to each half, times P.
    pub plus: [Plus<&'a [u64]>; 2],
    /// The rests of both halves, as transforms; `None` where nothing is divided.
    pub rests: Option<[Vec<u64>; 2]>,
}

/// Sums that are not reduced.
#[derive(Clone, Copy)]
struct Partial {
    high: [f64; STEP],
    low: [f64; STEP],
}

impl<'a> Inner<'a> {
    /// **Inputs** the digits as transforms, P and 1/D mod the prime.
    pub(in crate::ckks) fn new(
        m: &'a Modulus,
        digits: Vec<&'a [u64]>,
        p: u64,
        inverse: u64,
    ) -> Self {
        let (terms, sums) = Sums::longest(m, digits.len() + 1);
        Self {
            m,
            digits,
            p: to_f64(p),
            inverse: to_f64(inverse),
            terms,
            sums,
        }
    }

    /// Both halves of a switch; any content beforehand.
    pub(in crate::ckks) fn fill(&self, row: &Row, out: &mut [Vec<u64>; 2]) {
        let blocks = out[0].len() / (STEP * STEPS);
        debug_assert_eq!(out[0].len(), blocks * STEP * STEPS);
        wide(
            #[inline(always)]
            || (0..blocks).for_each(|index| self.block(index, row, out)),
        );
    }

    #[inline(always)]
    fn block(&self, index: usize, row: &Row, out: &mut [Vec<u64>; 2]) {
        let (m, sums) = (self.m, &self.sums);
        let mut partial = [[Partial::new(sums); STEPS]; 2];
        for (partial, plus) in partial.iter_mut().zip(&row.plus) {
            self.plus(index, plus, partial);
        }
        for (j, (d, key)) in self.digits.iter().zip(&row.key).enumerate() {
            // With P plus the sum has j + 1 terms; a residue stands for those before.
            if (j + 1) % self.terms == 0 {
                for partial in partial.iter_mut().flatten() {
                    let residues = partial.residues(sums);
                    *partial = Partial::new(sums);
                    partial.low = residues;
                }
            }
            let ahead = match row.key.get(j + 1) {
                Some(key) => key.map(|x| block(x, index)),
                None => row.key[0].map(|x| block(x, index + 1)),
            };
            let [left, right] = &mut partial;
            let (d, [b, a]) = (block(d, index), key.map(|x| block(x, index)));
            for (s, (d, (b, a))) in d.iter().zip(b.iter().zip(a)).enumerate() {
                ahead
                    .iter()
                    .filter_map(|x| x.get(s))
                    .for_each(|x| ask_for(x));
                let d = d.map(to_f64);
                left[s].add(&d, &b.map(to_f64));
                right[s].add(&d, &a.map(to_f64));
            }
        }
        for (half, partial) in partial.iter().enumerate() {
            let out = out[half].as_chunks_mut::<STEP>().0;
            let out = &mut out[index * STEPS..][..STEPS];
            let rests = row.rests.as_ref().map(|rests| block(&rests[half], index));
            for (s, (out, partial)) in out.iter_mut().zip(partial).enumerate() {
                let mut sums = partial.residues(sums);
                if let Some(rests) = rests {
                    for (sum, &rest) in sums.iter_mut().zip(&rests[s]) {
                        *sum = m.residue(m.product(*sum - to_f64(rest), self.inverse));
                    }
                }
                *out = sums.map(to_u64);
            }
        }
    }

    /// Adds P plus.
    #[inline(always)]
    fn plus(&self, index: usize, plus: &Plus<&[u64]>, partial: &mut [Partial; STEPS]) {
        let p = [self.p; STEP];
        match plus {
            Plus::Nothing => (),
            Plus::One(x) => {
                for (partial, x) in partial.iter_mut().zip(block(x, index)) {
                    partial.add(&x.map(to_f64), &p);
                }
            }
            Plus::Products(pairs) => {
                for (s, partial) in partial.iter_mut().enumerate() {
                    let mut sum = [0.0; STEP];
                    for pair in pairs {
                        let [x, y] = pair.map(|x| &block(x, index)[s]);
                        for (sum, (&x, &y)) in sum.iter_mut().zip(x.iter().zip(y)) {
                            *sum += self.m.product(to_f64(x), to_f64(y));
                        }
                    }
                    partial.add(&sum.map(|sum| self.m.residue(sum)), &p);
                }
            }
        }
    }
}

impl Partial {
    #[inline(always)]
    fn new(sums: &Sums) -> Self {
        let Sum { high, low } = sums.start(0.0);
        Self {
            high: [high; STEP],
            low: [low; STEP],
        }
    }

    #[inline(always)]
    fn add(&mut self, a: &[f64; STEP], b: &[f64; STEP]) {
        let partial = self.high.iter_mut().zip(&mut self.low);
        for ((high, low), (&a, &b)) in partial.zip(a.iter().zip(b)) {
            let sum = Sum {
                high: *high,
                low: *low,
            }
            .plus(a, b);
            (*high, *low) = (sum.high, sum.low);
        }
    }

    #[inline(always)]
    fn residues(&self, sums: &Sums) -> [f64; STEP] {
        array::from_fn(
            #[inline(always)]
            |i| {
                let (high, low) = (self.high[i], self.low[i]);
                sums.residue(Sum { high, low })
            },
        )
    }
}

/// A block of a limb; nothing beyond the limb's end.
#[inline(always)]
fn block(limb: &[u64], index: usize) -> &[[u64; STEP]] {
    let steps = limb.as_chunks().0;
    steps.get(index * STEPS..(index + 1) * STEPS).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 1024;

    /// Values that are as large as they get in the first half, and of any size in the second.
    fn limb(p: u64, seed: u64) -> Vec<u64> {
        let any = |i: u64| (i + 3).wrapping_mul(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1) >> 3;
        (0..N as u64)
            .map(|i| match i < N as u64 / 2 {
                true => p - 1 - (i * seed) % 3,
                false => any(i) % p,
            })
            .collect()
    }

    #[test]
    fn sums_and_quotients_agree_with_wide_integers() {
        for p in [
            1_125_899_906_826_241,
            562_949_953_216_513,
            35_184_372_744_193,
            65_537,
        ] {
            let m = Modulus::new(p);
            for digits in [1, 2, 3, 4, 6, 7, 8, 9, 30] {
                let limbs: Vec<Vec<u64>> = (0..3 * digits + 6).map(|k| limb(p, k)).collect();
                let [d, b, a] = [0, 1, 2].map(|k| &limbs[k * digits as usize..][..digits as usize]);
                let [x, y, z, w, r0, r1] =
                    [0, 1, 2, 3, 4, 5].map(|k| &*limbs[3 * digits as usize + k]);
                let (special, inverse) = (p - 2, p - 1);
                let inner = Inner::new(&m, d.iter().map(Vec::as_slice).collect(), special, inverse);
                for divided in [false, true] {
                    let rows = [
                        [Plus::Nothing, Plus::One(x)],
                        [
                            Plus::Products(vec![[x, y]]),
                            Plus::Products(vec![[x, w], [y, z]]),
                        ],
                    ];
                    for (case, plus) in rows.into_iter().enumerate() {
                        let row = Row {
                            key: b.iter().zip(a).map(|(b, a)| [&**b, &**a]).collect(),
                            plus,
                            rests: divided.then(|| [r0.to_vec(), r1.to_vec()]),
                        };
                        let mut out = [vec![u64::MAX; N], vec![u64::MAX; N]];
                        inner.fill(&row, &mut out);
                        for i in 0..N {
                            let at = |x: &[u64]| u128::from(x[i]);
                            let plus =
                                [[0, at(x)], [at(x) * at(y), at(x) * at(w) + at(y) * at(z)]][case];
                            for (half, key) in [b, a].into_iter().enumerate() {
                                let products = d
                                    .iter()
                                    .zip(key)
                                    .map(|(d, k)| at(d) * at(k) % u128::from(p));
                                let sum = products.sum::<u128>()
                                    + plus[half] % u128::from(p) * u128::from(special);
                                let wide = u128::from(p);
                                let rest = at([r0, r1][half]);
                                let want = match divided {
                                    false => sum % wide,
                                    true => {
                                        (sum % wide + wide - rest) % wide * u128::from(inverse)
                                            % wide
                                    }
                                };
                                let got = u128::from(out[half][i]);
                                assert_eq!(got, want, "{p} {digits} {divided} {case} {i}");
                            }
                        }
                    }
                }
            }
        }
    }
}
