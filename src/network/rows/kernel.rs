//! Rows through a transposed layer at one place: the kernel where the time goes.
//!
//! sum_i += w_i v over all outputs that read the place, for [`BLOCK`] input channels i and sixteen rows. Compiled
//! twice: once for every machine, eight vector registers of sums; and for AVX-512, chosen at run time, where
//! sixteen rows are one register and two chains of four sums hide the latency of the products. (Of the
//! plain loop the compiler makes 256-bit code there too: 73 GFLOP/s where this has 130, and 7 with two chains.) The
//! two round differently; the bounds cover any order of a sum.

use crate::network::rows::lanes::{Lane, LANES};
use crate::network::rows::plan::BLOCK;
use pulp::{Simd, WithSimd};

/// The outputs that read a place: tap, and the rows at all channels there.
pub type Reader<'a> = (usize, &'a [Lane]);

/// The sums of one place: weights `[tap][output]` of a block of input channels, and the readers.
pub trait Kernel {
    /// For each input channel of the block the rows there.
    fn sums(&self, weights: &[[f32; BLOCK]], readers: &[Reader]) -> [Lane; BLOCK];
}

/// Work that is compiled for each kernel.
pub trait Work {
    /// Does it; to be inlined.
    fn run(self, kernel: impl Kernel);
}

/// Does work with the fastest kernel of the machine.
pub fn dispatch(work: impl Work) {
    pulp::Arch::new().dispatch(Choose(work));
}

struct Choose<W>(W);

impl<W: Work> WithSimd for Choose<W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::F32_LANES == LANES {
            self.0.run(Registers(simd));
        } else {
            self.0.run(Plain);
        }
    }
}

/// Arrays, as the compiler vectorises them.
struct Plain;

impl Kernel for Plain {
    #[inline(always)]
    fn sums(&self, weights: &[[f32; BLOCK]], readers: &[Reader]) -> [Lane; BLOCK] {
        let mut s = [[0.0; LANES]; BLOCK];
        for (tap, v) in readers {
            let weights = &weights[tap * v.len()..(tap + 1) * v.len()];
            for (v, w) in v.iter().zip(weights) {
                for i in 0..BLOCK {
                    for l in 0..LANES {
                        s[i][l] = w[i].mul_add(v[l], s[i][l]);
                    }
                }
            }
        }
        s
    }
}

/// A lane in one register.
struct Registers<S>(S);

impl<S: Simd> Kernel for Registers<S> {
    #[inline(always)]
    fn sums(&self, weights: &[[f32; BLOCK]], readers: &[Reader]) -> [Lane; BLOCK] {
        let simd = self.0;
        let zero = simd.splat_f32s(0.0);
        let (mut a, mut b) = ([zero; BLOCK], [zero; BLOCK]);
        for (tap, v) in readers {
            let weights = &weights[tap * v.len()..(tap + 1) * v.len()];
            let (pairs, last) = S::as_simd_f32s(v.as_flattened()).0.as_chunks::<2>();
            let (weights, last_weights) = weights.as_chunks::<2>();
            for (v, w) in pairs.iter().zip(weights) {
                for i in 0..BLOCK {
                    a[i] = simd.mul_add_f32s(simd.splat_f32s(w[0][i]), v[0], a[i]);
                    b[i] = simd.mul_add_f32s(simd.splat_f32s(w[1][i]), v[1], b[i]);
                }
            }
            for (v, w) in last.iter().zip(last_weights) {
                for i in 0..BLOCK {
                    a[i] = simd.mul_add_f32s(simd.splat_f32s(w[i]), *v, a[i]);
                }
            }
        }
        let mut out = [[0.0; LANES]; BLOCK];
        for (out, (a, b)) in out.iter_mut().zip(a.into_iter().zip(b)) {
            for to in S::as_mut_simd_f32s(out).0 {
                *to = simd.add_f32s(a, b);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both kernels sum exactly where nothing is rounded, for odd and even numbers of outputs.
    #[test]
    fn kernels_agree_on_small_integers() {
        struct Compare(usize);
        impl Work for Compare {
            #[inline(always)]
            fn run(self, kernel: impl Kernel) {
                let n = self.0;
                let number = |i: usize| ((i * 37 + 11) % 17) as f32 - 8.0;
                let v: Vec<Lane> = (0..2 * n)
                    .map(|i| std::array::from_fn(|l| number(i * LANES + l)))
                    .collect();
                let w: Vec<[f32; BLOCK]> = (0..3 * n)
                    .map(|i| std::array::from_fn(|k| number(i * BLOCK + k + 5)))
                    .collect();
                let readers = [(2, &v[..n]), (0, &v[n..])];
                let found = kernel.sums(&w, &readers);
                for (i, lane) in found.iter().enumerate() {
                    for (l, sum) in lane.iter().enumerate() {
                        let part = |tap: usize, v: &[Lane]| -> f32 {
                            (0..n).map(|o| w[tap * n + o][i] * v[o][l]).sum()
                        };
                        assert_eq!(*sum, part(2, &v[..n]) + part(0, &v[n..]), "{n} {i} {l}");
                    }
                }
            }
        }
        for n in [1, 2, 3, 8, 31] {
            dispatch(Compare(n));
            Compare(n).run(Plain);
        }
    }
}
