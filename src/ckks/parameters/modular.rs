//! Arithmetic modulo primes below 2^50, by the machine's fused multiply-add.
//!
//! **Method** A residue is an integer below 2^50, so f64 holds it exactly. For |a| < 2^50, |b| <= p:
//! ```text
//! h = fl(a b)            l = fma(a, b, -h)      so that a b = h + l exactly, |l| <= 2^47
//! q = fma(h, fl(1/p), 3*2^51) - 3*2^51           the integer nearest to h fl(1/p)
//! r = fma(-q, p, h) + l                          = a b - q p
//! ```
//! h fl(1/p) is within |ab|/p (2^-52 + 2^-104) < 1/4 + 2^-50 of ab/p (|b|/p <= 1), and the rounding to an integer
//! adds 1/2: |r| <= (3/4 + 2^-50) p. Both steps of r are exact: h - q p and r are integers below
//! 2^53. So a [`Modulus::product`] is an exact representative of a b, |r| < 0.76 p, without a
//! branch, and ten of them add up exactly (10 * 0.76 * 2^50 < 2^53). The loops below are plain; the
//! compiler makes vector instructions of them, of the widest kind that the machine turns out to have
//! ([`wide`]). All steps are exact, so the results are the same with every kind.

use rug::integer::IntegerExt64 as _;
use rug::Integer;

/// Lazy products that may be added up before a reduction.
pub const MAX_TERMS: usize = 10;
/// Coefficients that are worked on at a time: their temporaries stay in the first cache.
pub const BLOCK: usize = 256;

const TWO_52: f64 = 4_503_599_627_370_496.0;
/// 3 * 2^51: adding it rounds |x| <= 2^51 to an integer.
pub(in crate::ckks) const ROUND: f64 = 6_755_399_441_055_744.0;

/// An integer below 2^52 as f64.
#[inline(always)]
pub fn to_f64(x: u64) -> f64 {
    f64::from_bits(x | TWO_52.to_bits()) - TWO_52
}

/// A non-negative integer below 2^52 as u64.
#[inline(always)]
pub fn to_u64(x: f64) -> u64 {
    (x + TWO_52).to_bits() & ((1 << 52) - 1)
}

/// The integer nearest to x, |x| <= 2^51; halves to even.
#[inline(always)]
pub fn round(x: f64) -> f64 {
    (x + ROUND) - ROUND
}

/// Does a loop with the widest vectors of the machine it runs on. The closure must be marked
/// `#[inline(always)]`: what is not inlined is compiled once, for the least machine.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Asks memory for values that are wanted soon: it changes how long reading them takes, nothing else.
#[inline(always)]
pub fn ask_for(values: &[u64]) {
    // A line of the cache holds eight.
    #[cfg(target_arch = "x86_64")]
    if let Some(sse) = pulp::core_arch::x86::Sse::try_new() {
        for line in values.chunks(8) {
            sse._mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// A prime below 2^50.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Modulus {
    p: u64,
    float: f64,
    inverse: f64,
}

impl Modulus {
    /// The arithmetic of a prime.
    #[must_use]
    pub fn new(p: u64) -> Self {
        debug_assert!(p > 4 && p < 1 << 50);
        Self {
            p,
            float: p as f64,
            inverse: 1.0 / p as f64,
        }
    }

    /// The prime.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.p
    }

    /// The prime as a float.
    #[must_use]
    pub fn float(&self) -> f64 {
        self.float
    }

    /// 1/p rounded to nearest.
    #[must_use]
    pub fn inverse_f64(&self) -> f64 {
        self.inverse
    }

    /// An exact representative r of a b with |r| < 0.76 p, for |a| < 2^50, |b| <= p.
    #[inline(always)]
    pub fn product(&self, a: f64, b: f64) -> f64 {
        let high = a * b;
        let low = a.mul_add(b, -high);
        let q = high.mul_add(self.inverse, ROUND) - ROUND;
        (-q).mul_add(self.float, high) + low
    }

    /// The residue in [0, p) of an integer |x| <= 2^53.
    #[inline(always)]
    pub fn residue(&self, x: f64) -> f64 {
        let q = x.mul_add(self.inverse, ROUND) - ROUND;
        let r = (-q).mul_add(self.float, x);
        r + if r < 0.0 { self.float } else { 0.0 }
    }

    /// a b mod p.
    #[must_use]
    pub fn mul(&self, a: u64, b: u64) -> u64 {
        (u128::from(a) * u128::from(b) % u128::from(self.p)) as u64
    }

    /// base^e mod p.
    #[must_use]
    pub fn pow(&self, mut base: u64, mut e: u64) -> u64 {
        let mut out = 1;
        while e > 0 {
            if e & 1 == 1 {
                out = self.mul(out, base);
            }
            base = self.mul(base, base);
            e >>= 1;
        }
        out
    }

    /// The inverse of a, which is not 0 mod p.
    #[must_use]
    pub fn invert(&self, a: u64) -> u64 {
        self.pow(a % self.p, self.p - 2)
    }

    /// The residue of an integer of machine size.
    #[must_use]
    pub fn of_i64(&self, x: i64) -> u64 {
        let r = x.unsigned_abs() % self.p;
        if x < 0 && r > 0 {
            self.p - r
        } else {
            r
        }
    }

    /// The residue of a wide integer.
    #[must_use]
    pub fn of_i128(&self, x: i128) -> u64 {
        x.rem_euclid(i128::from(self.p)) as u64
    }

    /// The residue of any integer.
    #[must_use]
    pub fn of_integer(&self, x: &Integer) -> u64 {
        x.mod_u64(self.p)
    }

    /// x += y.
    pub fn add_assign(&self, x: &mut [u64], y: &[u64]) {
        wide(
            #[inline(always)]
            || {
                for (x, y) in x.iter_mut().zip(y) {
                    let sum = *x + y;
                    *x = sum.min(sum.wrapping_sub(self.p));
                }
            },
        );
    }

    /// x -= y.
    pub fn sub_assign(&self, x: &mut [u64], y: &[u64]) {
        wide(
            #[inline(always)]
            || {
                for (x, y) in x.iter_mut().zip(y) {
                    let difference = x.wrapping_sub(*y);
                    *x = difference.min(difference.wrapping_add(self.p));
                }
            },
        );
    }

    /// out = x + y.
    pub fn add(&self, out: &mut [u64], x: &[u64], y: &[u64]) {
        wide(
            #[inline(always)]
            || {
                for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                    let sum = x + y;
                    *out = sum.min(sum.wrapping_sub(self.p));
                }
            },
        );
    }

    /// out = x - y.
    pub fn sub(&self, out: &mut [u64], x: &[u64], y: &[u64]) {
        wide(
            #[inline(always)]
            || {
                for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                    let difference = x.wrapping_sub(*y);
                    *out = difference.min(difference.wrapping_add(self.p));
                }
            },
        );
    }

    /// out = -x.
    pub fn negate(&self, out: &mut [u64], x: &[u64]) {
        wide(
            #[inline(always)]
            || {
                for (out, x) in out.iter_mut().zip(x) {
                    *out = if *x == 0 { 0 } else { self.p - x };
                }
            },
        );
    }

    /// out = x + c, the same constant everywhere.
    pub fn add_constant(&self, out: &mut [u64], x: &[u64], c: u64) {
        wide(
            #[inline(always)]
            || {
                for (out, x) in out.iter_mut().zip(x) {
                    let sum = x + c;
                    *out = sum.min(sum.wrapping_sub(self.p));
                }
            },
        );
    }

    /// x *= y.
    pub fn mul_assign(&self, x: &mut [u64], y: &[u64]) {
        wide(
            #[inline(always)]
            || {
                for (x, y) in x.iter_mut().zip(y) {
                    *x = to_u64(self.residue(self.product(to_f64(*x), to_f64(*y))));
                }
            },
        );
    }

    /// x *= c.
    pub fn mul_constant_assign(&self, x: &mut [u64], c: u64) {
        let c = to_f64(c);
        wide(
            #[inline(always)]
            || {
                for x in x {
                    *x = to_u64(self.residue(self.product(to_f64(*x), c)));
                }
            },
        );
    }

    /// out = x c.
    pub fn mul_constant(&self, out: &mut [u64], x: &[u64], c: u64) {
        let c = to_f64(c);
        wide(
            #[inline(always)]
            || {
                for (out, x) in out.iter_mut().zip(x) {
                    *out = to_u64(self.residue(self.product(to_f64(*x), c)));
                }
            },
        );
    }

    /// out = x y.
    pub fn mul_to(&self, out: &mut [u64], x: &[u64], y: &[u64]) {
        wide(
            #[inline(always)]
            || {
                for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                    *out = to_u64(self.residue(self.product(to_f64(*x), to_f64(*y))));
                }
            },
        );
    }

    /// (x_0 y_0, x_0 y_1 + x_1 y_0, x_1 y_1) in one pass.
    pub fn tensor(&self, out: [&mut [u64]; 3], x: [&[u64]; 2], y: [&[u64]; 2]) {
        let n = out[0].len();
        let out = out.map(|out| &mut out[..n]);
        let (x, y) = (x.map(|x| &x[..n]), y.map(|y| &y[..n]));
        wide(
            #[inline(always)]
            || {
                for i in 0..n {
                    let (x0, x1) = (to_f64(x[0][i]), to_f64(x[1][i]));
                    let (y0, y1) = (to_f64(y[0][i]), to_f64(y[1][i]));
                    let mixed = self.product(x0, y1) + self.product(x1, y0);
                    out[0][i] = to_u64(self.residue(self.product(x0, y0)));
                    out[1][i] = to_u64(self.residue(mixed));
                    out[2][i] = to_u64(self.residue(self.product(x1, y1)));
                }
            },
        );
    }

    /// y = (x - y) c.
    pub fn sub_from_mul_constant(&self, y: &mut [u64], x: &[u64], c: u64) {
        let c = to_f64(c);
        wide(
            #[inline(always)]
            || {
                for (y, x) in y.iter_mut().zip(x) {
                    *y = to_u64(self.residue(self.product(to_f64(*x) - to_f64(*y), c)));
                }
            },
        );
    }
}

#[cfg(test)]
pub(in crate::ckks) mod tests {
    use super::*;

    pub const PRIMES: [u64; 4] = [
        1_125_899_906_826_241,
        1_125_899_904_679_937,
        35_184_372_744_193,
        65_537,
    ];

    fn edges(p: u64) -> Vec<u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut v: Vec<u64> = (0..600)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 10) % p
            })
            .collect();
        v.extend([0, 1, 2, p - 1, p - 2, p / 2, p / 2 + 1]);
        v
    }

    #[test]
    #[allow(clippy::type_complexity)] // kernels of three slices as closures
    fn every_kernel_agrees_with_wide_integers() {
        for p in PRIMES {
            let m = Modulus::new(p);
            let x = edges(p);
            for shift in 0..20 {
                let mut y = x.clone();
                y.rotate_left(shift * 31);
                let both = || {
                    x.iter()
                        .zip(&y)
                        .map(|(&a, &b)| (u128::from(a), u128::from(b)))
                };
                let wide = u128::from(p);
                let plain = |f: &dyn Fn(u128, u128) -> u128| -> Vec<u64> {
                    both().map(|(a, b)| (f(a, b) % wide) as u64).collect()
                };
                // In place on x, and out of place from x and y.
                let run = |f: &dyn Fn(&mut [u64], &[u64])| {
                    let mut out = x.clone();
                    f(&mut out, &y);
                    out
                };
                let fill = |f: &dyn Fn(&mut [u64], &[u64], &[u64])| {
                    let mut out = vec![u64::MAX; x.len()];
                    f(&mut out, &x, &y);
                    out
                };
                let c = y[0];
                let wide_c = u128::from(c);
                let sum = plain(&|a, b| a + b);
                assert_eq!(
                    [
                        run(&|a, b| m.add_assign(a, b)),
                        fill(&|o, a, b| m.add(o, a, b))
                    ],
                    [sum.clone(), sum]
                );
                let difference = plain(&|a, b| a + wide - b);
                assert_eq!(run(&|a, b| m.sub_assign(a, b)), difference);
                assert_eq!(fill(&|o, a, b| m.sub(o, a, b)), difference);
                assert_eq!(run(&|a, b| m.mul_assign(a, b)), plain(&|a, b| a * b));
                assert_eq!(fill(&|o, a, b| m.mul_to(o, a, b)), plain(&|a, b| a * b));
                assert_eq!(fill(&|o, a, _| m.negate(o, a)), plain(&|a, _| wide - a));
                let times = plain(&|a, _| a * wide_c);
                assert_eq!(run(&|a, _| m.mul_constant_assign(a, c)), times);
                assert_eq!(fill(&|o, a, _| m.mul_constant(o, a, c)), times);
                assert_eq!(
                    fill(&|o, a, _| m.add_constant(o, a, c)),
                    plain(&|a, _| a + wide_c)
                );
                assert_eq!(
                    run(&|a, b| m.sub_from_mul_constant(a, b, c)),
                    plain(&|a, b| (b + wide - a) * wide_c)
                );
                let mut out = [(); 3].map(|()| vec![u64::MAX; x.len()]);
                m.tensor(out.each_mut().map(Vec::as_mut_slice), [&x, &y], [&y, &x]);
                assert_eq!(out[0], plain(&|a, b| a * b));
                assert_eq!(out[1], plain(&|a, b| a * a + b * b));
                assert_eq!(out[2], out[0]);
            }
        }
    }

    #[test]
    fn the_largest_sum_of_lazy_products_is_exact() {
        for p in PRIMES {
            let m = Modulus::new(p);
            for &a in &edges(p) {
                let r = m.product(to_f64(a), to_f64(p - 1));
                assert!(r.abs() < 0.76 * p as f64);
                let sum: f64 = (0..MAX_TERMS).map(|_| r).sum();
                let exact = m.of_i128(i128::from(r as i64) * MAX_TERMS as i128);
                assert_eq!(to_u64(m.residue(sum)), exact);
            }
        }
    }

    #[test]
    fn residues_of_signed_integers() {
        let m = Modulus::new(65_537);
        for x in [-65_538i64, -65_537, -1, 0, 1, 65_537, i64::MIN, i64::MAX] {
            let r = i128::from(x).rem_euclid(65_537) as u64;
            assert_eq!(
                [
                    m.of_i64(x),
                    m.of_i128(x.into()),
                    m.of_integer(&Integer::from(x))
                ],
                [r; 3]
            );
        }
        assert_eq!(m.mul(m.invert(1234), 1234), 1);
    }
}
