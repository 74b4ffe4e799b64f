//! Inner products of digits with a switching key mod one prime, and the division that follows, in one
//! pass over memory.
//!
//! **Method** For both halves
//! ```text
//! u = P plus + sum_j d_j key_j        out = u                    where u is wanted itself
//!                                     out = (u - rest) / D       where it is divided.
//! ```
//! A block of places at a time: its sums stay in the first cache.
//!
//! **Cost** at N = 2^16 that of reading the keys: two limbs for each digit.

use super::modular::{to_f64, to_u64, wide, Modulus, Sum, Sums};

/// Places that are worked on at a time: a page of every key, so that fetching ahead pays, and the sums
/// of both halves within the first cache. Divides every N.
const BLOCK: usize = 1024;

/// What the switches of some digits have in common mod one prime.
pub(super) struct Inner<'a> {
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
pub(super) enum Plus<T> {
    /// 0.
    Nothing,
    /// Itself.
    One(T),
    /// A sum of at most [`MAX_TERMS`] products.
    Products(Vec<[T; 2]>),
}

/// One switch mod one prime.
pub(super) struct Row<'a> {
    /// (b_j, a_j) for each digit.
    pub key: Vec<[&'a [u64]; 2]>,
    pub plus: [Plus<&'a [u64]>; 2],
    /// The rests of both halves, as transforms; `None` where nothing is divided.
    pub rests: Option<[Vec<u64>; 2]>,
}

impl<'a> Inner<'a> {
    /// **Inputs** the digits as transforms, P and 1/D mod the prime.
    pub(super) fn new(m: &'a Modulus, digits: Vec<&'a [u64]>, p: u64, inverse: u64) -> Self {
        let (terms, sums) = m.longest_sums(digits.len() + 1);
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
    pub(super) fn fill(&self, row: &Row, out: &mut [Vec<u64>; 2]) {
        let blocks = self.digits.first().map_or(0, |d| d.len() / BLOCK);
        wide(
            #[inline(always)]
            || (0..blocks).for_each(|index| self.block(index, row, out)),
        );
    }

    #[inline(always)]
    fn block(&self, index: usize, row: &Row, out: &mut [Vec<u64>; 2]) {
        let (m, sums) = (self.m, &self.sums);
        let mut high = [[sums.start(0.0).high; BLOCK]; 2];
        let mut low = [[0.0; BLOCK]; 2];
        for ((high, low), plus) in high.iter_mut().zip(&mut low).zip(&row.plus) {
            match plus {
                Plus::Nothing => (),
                Plus::One(x) => {
                    let x = at(x, index);
                    for i in 0..BLOCK {
                        add(&mut high[i], &mut low[i], to_f64(x[i]), self.p);
                    }
                }
                Plus::Products(pairs) => {
                    let mut sum = [0.0; BLOCK];
                    for [x, y] in pairs {
                        let (x, y) = (at(x, index), at(y, index));
                        for i in 0..BLOCK {
                            sum[i] += m.product(to_f64(x[i]), to_f64(y[i]));
                        }
                    }
                    for i in 0..BLOCK {
                        add(&mut high[i], &mut low[i], m.residue(sum[i]), self.p);
                    }
                }
            }
        }
        for (j, (d, [b, a])) in self.digits.iter().zip(&row.key).enumerate() {
            // With P plus the sum has j + 1 terms; a residue stands for those before.
            if (j + 1) % self.terms == 0 {
                for (high, low) in high.iter_mut().flatten().zip(low.iter_mut().flatten()) {
                    *low = m.reduce(
                        sums,
                        Sum {
                            high: *high,
                            low: *low,
                        },
                    );
                    *high = sums.start(0.0).high;
                }
            }
            let (d, b, a) = (at(d, index), at(b, index), at(a, index));
            let [left, right] = &mut high;
            let [left_low, right_low] = &mut low;
            for i in 0..BLOCK {
                let d = to_f64(d[i]);
                add(&mut left[i], &mut left_low[i], d, to_f64(b[i]));
                add(&mut right[i], &mut right_low[i], d, to_f64(a[i]));
            }
        }
        for (half, (high, low)) in high.iter().zip(&low).enumerate() {
            let out = &mut out[half].as_chunks_mut::<BLOCK>().0[index];
            let reduced = |i: usize| {
                m.reduce(
                    sums,
                    Sum {
                        high: high[i],
                        low: low[i],
                    },
                )
            };
            match &row.rests {
                None => {
                    for (i, out) in out.iter_mut().enumerate() {
                        *out = to_u64(reduced(i));
                    }
                }
                Some(rests) => {
                    let rest = at(&rests[half], index);
                    for (i, out) in out.iter_mut().enumerate() {
                        let divided = m.product(reduced(i) - to_f64(rest[i]), self.inverse);
                        *out = to_u64(m.residue(divided));
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn at(x: &[u64], index: usize) -> &[u64; BLOCK] {
    &x.as_chunks().0[index]
}

#[inline(always)]
fn add(high: &mut f64, low: &mut f64, a: f64, b: f64) {
    let sum = Sum {
        high: *high,
        low: *low,
    }
    .plus(a, b);
    (*high, *low) = (sum.high, sum.low);
}
