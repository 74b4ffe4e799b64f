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
//! by 2^-53 relative, and the at most 8 partial sums below 8 by at most 2^-50 each, so the computed s
//! is within 8 (2^-52 + 2^-50) < 2^-46 of s. So v is nearest to s, or
//! |s - v| <= 1/2 + 2^-46. The sum that follows is exact mod each target. There is no overflow term
//! v D left in the result, hence no bias of the kind that uncentred conversions have (k/2 D on
//! average).

use super::modular::{round, to_f64, to_u64, Modulus, BLOCK};
use super::params::MAX_P_PRIMES;

/// Conversion from a run of primes to others.
#[derive(Debug)]
pub struct Converter {
    from: Vec<Modulus>,
    /// (D/d_i)^-1 mod d_i.
    hat_inverse: Vec<u64>,
    /// For each target: the target, D/d_i mod target, and -D mod target.
    to: Vec<(Modulus, Vec<f64>, f64)>,
}

impl Converter {
    /// Prepares the constants; at most [`MAX_P_PRIMES`] source primes.
    #[must_use]
    pub fn new(from: &[Modulus], to: &[Modulus]) -> Self {
        debug_assert!(!from.is_empty() && from.len() <= MAX_P_PRIMES);
        // The product mod m of all source primes but the i-th.
        let hat = |m: &Modulus, skip: usize| {
            let others = from.iter().enumerate().filter(|&(i, _)| i != skip);
            others.fold(1, |product, (_, d)| m.mul(product, d.value() % m.value()))
        };
        Self {
            hat_inverse: (from.iter().enumerate())
                .map(|(i, d)| d.invert(hat(d, i)))
                .collect(),
            to: (to.iter())
                .map(|m| {
                    let hats = (0..from.len()).map(|i| to_f64(hat(m, i))).collect();
                    let product = hat(m, usize::MAX);
                    (*m, hats, to_f64((m.value() - product) % m.value()))
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
    pub fn convert(&self, source: &[&[u64]], targets: &mut [(usize, Vec<u64>)]) {
        let Some(n) = source.first().map(|s| s.len()) else {
            return;
        };
        let mut y = [[0.0; BLOCK]; MAX_P_PRIMES];
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
                let (m, hats, minus) = &self.to[*index];
                let out = &mut out[block.clone()];
                // A loop of fixed length keeps the sum in registers.
                match hats[..] {
                    [a] => carry(m, [&y[0]], [a], &v, *minus, out),
                    [a, b] => carry(m, [&y[0], &y[1]], [a, b], &v, *minus, out),
                    [a, b, c] => carry(m, [&y[0], &y[1], &y[2]], [a, b, c], &v, *minus, out),
                    [a, b, c, d] => {
                        carry(
                            m,
                            [&y[0], &y[1], &y[2], &y[3]],
                            [a, b, c, d],
                            &v,
                            *minus,
                            out,
                        );
                    }
                    [a, b, c, d, e] => {
                        carry(
                            m,
                            [&y[0], &y[1], &y[2], &y[3], &y[4]],
                            [a, b, c, d, e],
                            &v,
                            *minus,
                            out,
                        );
                    }
                    _ => {
                        let mut sums = [0.0; BLOCK];
                        for (y, hat) in y.iter().zip(hats) {
                            for (sum, y) in sums.iter_mut().zip(y) {
                                *sum += m.product(*y, *hat);
                            }
                        }
                        for ((out, sum), v) in out.iter_mut().zip(&sums).zip(&v) {
                            *out = to_u64(m.residue(sum + m.product(*v, *minus)));
                        }
                    }
                }
            }
        }
    }
}

/// out = sum_i y_i hat_i - v D mod a target. y may exceed the target prime: |y| < 2^50 is enough.
#[inline(always)]
fn carry<const K: usize>(
    m: &Modulus,
    y: [&[f64; BLOCK]; K],
    hats: [f64; K],
    v: &[f64; BLOCK],
    minus: f64,
    out: &mut [u64],
) {
    for (i, out) in out.iter_mut().enumerate().take(BLOCK) {
        let mut sum = m.product(v[i], minus);
        for k in 0..K {
            sum += m.product(y[k][i], hats[k]);
        }
        *out = to_u64(m.residue(sum));
    }
}
