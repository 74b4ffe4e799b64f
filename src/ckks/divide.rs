//! Division of an element by some of its primes, rounded to nearest: rescale, and the last step of a
//! key switch.
//!
//! **Method** With D the product of the dropped primes and r the centred representative of c mod D
//! (exact, see [`super::convert`]), c - r is divisible by D and
//! ```text
//! (c - r)/D = c/D - r/D,    |r/D| <= 1/2 + 2^-40 in every coefficient.
//! ```
//! The result is an exact integer: nothing else is lost. r is distributed symmetrically about 0 when
//! c is uniform mod D, so the rounding has no bias beyond the half-open end of the interval (1/(2D)).

use super::convert::Converter;
use super::ring::Ring;
use rayon::prelude::*;

/// (c - r)/D mod the kept primes.
///
/// **Inputs** the transforms mod the kept primes q_0 .. q_{k-1}; the dropped primes' indices,
/// transforms and converter.
pub(super) fn divide(
    ring: &Ring,
    kept: &mut [Vec<u64>],
    dropped: &mut [(usize, Vec<u64>)],
    converter: &Converter,
) {
    dropped
        .par_iter_mut()
        .for_each(|(i, limb)| ring.inverse(*i, limb));
    let source: Vec<&[u64]> = dropped.iter().map(|(_, limb)| limb.as_slice()).collect();
    let indices: Vec<usize> = dropped.iter().map(|(i, _)| *i).collect();
    // A few targets at a time: what the conversion writes is still in the cache when it is used.
    (kept.par_chunks_mut(GROUP).enumerate()).for_each(|(group, kept)| {
        let first = group * GROUP;
        let mut rests: Vec<(usize, Vec<u64>)> =
            (0..kept.len()).map(|k| (first + k, ring.take())).collect();
        converter.convert(&source, &mut rests);
        for (limb, (index, rest)) in kept.iter_mut().zip(&mut rests) {
            let m = ring.modulus(*index);
            ring.forward(*index, rest);
            let product =
                (indices.iter()).fold(1, |d, &i| m.mul(d, ring.modulus(i).value() % m.value()));
            m.sub_mul_constant(limb, rest, m.invert(product));
        }
        ring.give(rests.into_iter().map(|(_, limb)| limb));
    });
}

/// Targets of a conversion that are worked on together.
pub(super) const GROUP: usize = 4;
