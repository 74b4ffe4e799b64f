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
use super::ring::{Poly, Ring};
use rayon::prelude::*;

/// (c - r)/D mod the kept primes.
///
/// **Inputs** the transforms mod the kept primes q_0 .. q_{k-1}; the dropped primes' indices,
/// transforms (used up) and converter.
pub(super) fn divide(
    ring: &Ring,
    kept: &[Vec<u64>],
    dropped: &mut [(usize, Vec<u64>)],
    converter: &Converter,
) -> Vec<Vec<u64>> {
    (dropped.par_iter_mut().enumerate())
        .for_each(|(k, (i, limb))| ring.inverse_times(*i, limb, converter.hat_inverse(k)));
    let source: Vec<&[u64]> = dropped.iter().map(|(_, limb)| limb.as_slice()).collect();
    let indices: Vec<usize> = dropped.iter().map(|(i, _)| *i).collect();
    // A few targets at a time: what the conversion writes is still in the cache when it is used.
    let groups: Vec<Vec<Vec<u64>>> = (kept.par_chunks(GROUP).enumerate())
        .map(|(group, kept)| {
            let first = group * GROUP;
            let mut rests: Vec<(usize, Vec<u64>)> =
                (0..kept.len()).map(|k| (first + k, ring.take())).collect();
            converter.convert(&source, &mut rests);
            (kept.iter().zip(rests))
                .map(|(limb, (index, mut rest))| {
                    let m = ring.modulus(index);
                    ring.forward(index, &mut rest);
                    let product = (indices.iter())
                        .fold(1, |d, &i| m.mul(d, ring.modulus(i).value() % m.value()));
                    m.sub_from_mul_constant(&mut rest, limb, m.invert(product));
                    rest
                })
                .collect()
        })
        .collect();
    groups.into_iter().flatten().collect()
}

/// (u - r)/P of an element mod q_0 .. q_l and the special primes.
pub(super) fn by_special(ring: &Ring, mut u: Poly) -> Poly {
    let all = ring.extended(ring.params().max_level());
    let special = &all[ring.params().q().len()..];
    let kept = u.limbs() - special.len();
    let limbs = u.0.split_off(kept);
    let mut dropped: Vec<(usize, Vec<u64>)> = special.iter().copied().zip(limbs).collect();
    let out = divide(ring, &u.0, &mut dropped, ring.special_converter());
    ring.give(dropped.into_iter().map(|(_, limb)| limb));
    ring.poly(out)
}

/// Targets of a conversion that are worked on together.
pub(super) const GROUP: usize = 4;
