//! Elements as exact integers: the centred coefficients mod Q_l, for decoding and for measuring.

use super::{Poly, Ring};
use rayon::prelude::*;
use rug::Integer;

/// The coefficients in (-Q/2, Q/2] of an element, Q the product of its primes.
///
/// **Guarantee** exact.
pub(in crate::ckks) fn centred(ring: &Ring, poly: &Poly) -> Vec<Integer> {
    let primes = 0..poly.limbs();
    let q = ring.product(primes.clone());
    let half = Integer::from(&q >> 1u32);
    let hats: Vec<Integer> = (primes)
        .map(|i| &q / Integer::from(ring.modulus(i).value()))
        .collect();
    // y_i = [c (Q/q_i)^-1]_{q_i}, then c = sum y_i (Q/q_i) mod Q.
    let limbs: Vec<Vec<u64>> = (poly.0.par_iter().zip(&hats).enumerate())
        .map(|(i, (limb, hat))| {
            let m = ring.modulus(i);
            let mut y = ring.copy(limb);
            ring.inverse_times(i, &mut y, m.invert(m.of_integer(hat)));
            y
        })
        .collect();
    let out = (0..ring.n())
        .into_par_iter()
        .with_min_len(256)
        .map(|j| {
            let mut sum = Integer::new();
            for (limb, hat) in limbs.iter().zip(&hats) {
                sum += hat * limb[j];
            }
            sum %= &q;
            if sum > half {
                sum -= &q;
            }
            sum
        })
        .collect();
    ring.give(limbs);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::ring::tests::small_ring;

    #[test]
    fn coefficients_come_back() {
        let ring = small_ring();
        let x: Vec<i128> = (0..ring.n() as i128)
            .map(|i| (i - 500) * (1 << 60) - i * i)
            .collect();
        let poly = ring.wide(&x, &[0, 1, 2]);
        let back = centred(&ring, &poly);
        assert!(back.iter().zip(&x).all(|(a, b)| *a == *b));
    }
}
