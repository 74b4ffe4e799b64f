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
//! lies in \[-(1/2 + 2^-40) D, (1/2 + 2^-40) D\]. Proof: y_i < d_i < 2^50 is exact; fl(1/d_i) and the
//! product are each off by 2^-53 relative, and the at most 8 partial sums below 8 by at most 2^-50
//! each, so the computed s is within 8 (2^-52 + 2^-50) < 2^-46 of s. So v is nearest to s, or
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
    hat_inverse: Vec<f64>,
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
                .map(|(i, d)| to_f64(d.invert(hat(d, i))))
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

    /// Carries the centred representative to some of the targets.
    ///
    /// **Inputs** the residues (coefficients, not transforms) mod each source prime, and a buffer for
    /// each wanted target with its index.
    pub fn convert(&self, source: &[&[u64]], targets: &mut [(usize, Vec<u64>)]) {
        let Some(n) = source.first().map(|s| s.len()) else {
            return;
        };
        let k = self.from.len();
        let mut y = [[0.0; BLOCK]; MAX_P_PRIMES];
        for start in (0..n).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(n);
            let mut v = [0.0; BLOCK];
            for (((y, x), d), hat) in (y.iter_mut().zip(source))
                .zip(&self.from)
                .zip(&self.hat_inverse)
            {
                for ((y, v), &x) in y.iter_mut().zip(&mut v).zip(&x[block.clone()]) {
                    *y = d.residue(d.product(to_f64(x), *hat));
                    *v += *y * d.inverse_f64();
                }
            }
            v.iter_mut().for_each(|v| *v = round(*v));
            for (index, out) in &mut *targets {
                let (m, hats, minus) = &self.to[*index];
                let mut sums = [0.0; BLOCK];
                for (y, hat) in y[..k].iter().zip(hats) {
                    for (sum, y) in sums.iter_mut().zip(y) {
                        // y may exceed the target prime: |y| < 2^50 is all that exactness needs.
                        *sum += m.product(*y, *hat);
                    }
                }
                for ((out, sum), v) in out[block.clone()].iter_mut().zip(&sums).zip(&v) {
                    *out = to_u64(m.residue(sum + m.product(*v, *minus)));
                }
            }
        }
    }
}
