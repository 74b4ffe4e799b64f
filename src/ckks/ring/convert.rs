//! Centred base conversion: the representative nearest to 0 of a residue, carried to other primes.
//!
//! **Method** Let D = d_1 .. d_k and c be given by its residues mod d_i. With
//! y_i = \[c (D/d_i)^-1\]_{d_i},
//! ```text
//! c = sum_i y_i (D/d_i) - v D     for an integer v, and   c/D = s - v,  s = sum_i y_i / d_i.
//! ```
//! The centred representative has v = the integer nearest to s. s is computed in f64.
//!
//! **Guarantee** The result is an exact representative of c mod D, the same at every target, and
//! lies in \[-(1/2 + 2^-40) D, (1/2 + 2^-40) D\]. Proof: y_i < d_i < 2^50 is exact; fl(1/d_i) is off
//! by 2^-53 relative, and the at most 9 partial sums below 9 by at most 2^-50 each, so the computed s
//! is within 9 (2^-52 + 2^-50) < 2^-46 of s. So v is nearest to s, or
//! |s - v| <= 1/2 + 2^-46. The sum that follows is exact mod each target. There is no overflow term
//! v D left in the result, hence no bias of the kind that uncentred conversions have (k/2 D on
//! average).

use super::sums::Sums;
use crate::ckks::parameters::chain::MAX_SOURCES;
use crate::ckks::parameters::modular::{round, to_f64, to_u64, wide, Modulus, BLOCK, MAX_TERMS};

/// Conversion from a run of primes to others.
#[derive(Debug)]
pub struct Converter {
    from: Vec<Modulus>,
    /// (D/d_i)^-1 mod d_i.
    hat_inverse: Vec<u64>,
    to: Vec<Residue>,
}

#[derive(Debug)]
struct Residue {
    m: Modulus,
    /// D/d_i mod the target.
    hats: Vec<f64>,
    /// -D mod the target.
    minus: f64,
    /// How to add up what one residue takes; `None` where only reduced products fit.
    sums: Option<Sums>,
}

impl Converter {
    /// Prepares the constants; at most [`MAX_SOURCES`] source primes.
    #[must_use]
    pub fn new(from: &[Modulus], to: &[Modulus]) -> Self {
        assert!(!from.is_empty() && from.len() <= MAX_SOURCES);
        // The product mod m of all source primes but the i-th.
        let hat = |m: &Modulus, skip: usize| {
            let others = from.iter().enumerate().filter(|&(i, _)| i != skip);
            others.fold(1, |product, (_, d)| m.mul(product, d.value() % m.value()))
        };
        let bits = |d: &Modulus| u64::BITS - d.value().leading_zeros();
        let bits = from.iter().map(bits).max().unwrap_or(0);
        Self {
            hat_inverse: (from.iter().enumerate())
                .map(|(i, d)| d.invert(hat(d, i)))
                .collect(),
            to: (to.iter())
                .map(|m| {
                    let product = hat(m, usize::MAX);
                    Residue {
                        m: *m,
                        hats: (0..from.len()).map(|i| to_f64(hat(m, i))).collect(),
                        minus: to_f64((m.value() - product) % m.value()),
                        sums: Sums::new(m, from.len() + 1, bits),
                    }
                })
                .collect(),
            from: from.to_vec(),
        }
    }

    /// (D/d_i)^-1 mod d_i: what the residues of the i-th source prime are multiplied by beforehand.
    #[must_use]
    pub fn hat_inverse(&self, i: usize) -> u64 {
        self.hat_inverse[i]
    }

    /// Carries the centred representative to some of the targets.
    ///
    /// **Inputs** y_i for each source prime: coefficients (not transforms), multiplied by
    /// [`Self::hat_inverse`]; a buffer for each wanted target, with its index.
    pub fn convert(&self, source: &[Vec<u64>], targets: &mut [(usize, Vec<u64>)]) {
        debug_assert_eq!(source.len(), self.from.len());
        // A loop of fixed length keeps the sum in registers.
        wide(
            #[inline(always)]
            || match self.from.len() {
                1 => self.blocks::<1>(source, targets),
                2 => self.blocks::<2>(source, targets),
                3 => self.blocks::<3>(source, targets),
                4 => self.blocks::<4>(source, targets),
                5 => self.blocks::<5>(source, targets),
                6 => self.blocks::<6>(source, targets),
                7 => self.blocks::<7>(source, targets),
                8 => self.blocks::<8>(source, targets),
                _ => self.blocks::<MAX_SOURCES>(source, targets),
            },
        );
    }

    #[inline(always)]
    fn blocks<const K: usize>(&self, source: &[Vec<u64>], targets: &mut [(usize, Vec<u64>)]) {
        const { assert!(K < MAX_TERMS) };
        let n = source[0].len();
        let mut y = [[0.0; BLOCK]; K];
        for start in (0..n).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(n);
            let mut v = [0.0; BLOCK];
            for ((y, x), d) in y.iter_mut().zip(source).zip(&self.from) {
                for ((y, v), &x) in y.iter_mut().zip(&mut v).zip(&x[block.clone()]) {
                    *y = to_f64(x);
                    *v = y.mul_add(d.inverse_f64(), *v);
                }
            }
            v.iter_mut().for_each(|v| *v = round(*v));
            for (index, out) in &mut *targets {
                self.to[*index].carry(&y, &v, &mut out[block.clone()]);
            }
        }
    }
}

impl Residue {
    /// out = sum_i y_i hat_i - v D. y may exceed the target prime: |y| < 2^50 is enough.
    #[inline(always)]
    fn carry<const K: usize>(&self, y: &[[f64; BLOCK]; K], v: &[f64; BLOCK], out: &mut [u64]) {
        let (m, minus) = (&self.m, self.minus);
        let hats: [f64; K] = std::array::from_fn(|k| self.hats[k]);
        let out = out.iter_mut().take(BLOCK).enumerate();
        if let Some(sums) = &self.sums {
            for (i, out) in out {
                let mut sum = sums.start(0.0).plus(v[i], minus);
                for k in 0..K {
                    sum = sum.plus(y[k][i], hats[k]);
                }
                *out = to_u64(sums.residue(sum));
            }
        } else {
            for (i, out) in out {
                let mut sum = m.product(v[i], minus);
                for k in 0..K {
                    sum += m.product(y[k][i], hats[k]);
                }
                *out = to_u64(m.residue(sum));
            }
        }
    }
}
