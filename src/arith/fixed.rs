//! Fixed-point numbers of N 64-bit limbs: integers over 2^(64 (N-1)), in two's complement, least limb first.
//!
//! One limb stands above the point, the others behind it: |x| < 2^63, an ulp is 2^-FRACTION. Sums are exact as long
//! as their results are below 2^63 (a caller's matter: it knows bounds, see [`MOST`]). Everything else says by how many ulps
//! it may be off.
//!
//! **Product.** |a| |b| = sum of a_i b_j 2^(64 (i+j)), of which the limbs from i + j = N - 1 on are wanted. Products with
//! i + j < N - 2 are left out: each column k has k + 1 of them, each below 2^128, together below
//! (N - 2) 2^(64 (N-1)) (1 + 2^-60), that is N - 2 ulps and a little; the digit of column N - 2 is cut off, below one ulp.
//! So the magnitude is low by less than N ulps, whatever the signs: half of the limb products of a full one.

// Limbs of several numbers go by one index.
#![allow(clippy::needless_range_loop)]

use rug::integer::Order;
use rug::{Integer, Rational};

/// Operands that are at most this large can be added, subtracted and halved without care; 2^61.
pub const MOST: f64 = (1u64 << 61) as f64;

/// A number of N limbs, N >= 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed<const N: usize>(pub [u64; N]);

impl<const N: usize> Fixed<N> {
    /// Bits behind the point.
    pub const FRACTION: u32 = 64 * (N as u32 - 1);
    /// A product is off by less than this, in ulps.
    pub const PRODUCT_ULPS: f64 = N as f64;
    /// 0.
    pub const ZERO: Self = Self([0; N]);

    /// An integer.
    pub fn integer(n: i64) -> Self {
        let mut limbs = [0; N];
        limbs[N - 1] = n as u64;
        Self(limbs)
    }

    /// The greatest fixed-point number that is not above a rational (less than one ulp below it); none where that is not below
    /// [`MOST`] in size.
    pub fn floor(x: &Rational) -> Option<Self> {
        let scaled = Integer::from(x.numer() << Self::FRACTION);
        let (floor, _) = scaled.div_rem_floor(x.denom().clone());
        if floor.significant_bits() > Self::FRACTION + 61 {
            return None;
        }
        let mut limbs = [0; N];
        let digits = Integer::from(floor.abs_ref()).to_digits::<u64>(Order::Lsf);
        limbs[..digits.len()].copy_from_slice(&digits);
        let size = Self(limbs);
        Some(if floor < 0 { size.negated() } else { size })
    }

    /// Its value.
    pub fn exact(&self) -> Rational {
        let size = Integer::from_digits(&self.abs().0, Order::Lsf);
        let size = if self.is_negative() { -size } else { size };
        Rational::from(size) >> Self::FRACTION
    }

    /// Zero bits at its end: it is a multiple of so many powers of 2 in ulps; all its bits if it is 0.
    pub fn trailing_zeros(&self) -> u32 {
        let first = self.0.iter().position(|limb| *limb != 0);
        first.map_or(64 * N as u32, |l| {
            64 * l as u32 + self.0[l].trailing_zeros()
        })
    }

    /// Whether it is below 0.
    #[inline(always)]
    pub fn is_negative(&self) -> bool {
        (self.0[N - 1] as i64) < 0
    }

    /// Sum.
    #[inline(always)]
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut out = [0; N];
        let mut carry = false;
        for l in 0..N {
            let (s, first) = self.0[l].overflowing_add(other.0[l]);
            let (s, second) = s.overflowing_add(u64::from(carry));
            out[l] = s;
            carry = first | second;
        }
        Self(out)
    }

    /// Opposite.
    #[inline(always)]
    #[must_use]
    pub fn negated(&self) -> Self {
        let mut out = [0; N];
        let mut carry = true;
        for l in 0..N {
            (out[l], carry) = (!self.0[l]).overflowing_add(u64::from(carry));
        }
        Self(out)
    }

    /// Difference.
    #[inline(always)]
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut out = [0; N];
        let mut borrow = false;
        for l in 0..N {
            let (d, first) = self.0[l].overflowing_sub(other.0[l]);
            let (d, second) = d.overflowing_sub(u64::from(borrow));
            out[l] = d;
            borrow = first | second;
        }
        Self(out)
    }

    /// |x|.
    #[inline(always)]
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() {
            self.negated()
        } else {
            *self
        }
    }

    /// Half, rounded down: off by half an ulp at most.
    #[inline(always)]
    #[must_use]
    pub fn half(&self) -> Self {
        let mut out = self.0;
        for l in 0..N - 1 {
            out[l] = (self.0[l] >> 1) | (self.0[l + 1] << 63);
        }
        out[N - 1] = ((self.0[N - 1] as i64) >> 1) as u64;
        Self(out)
    }

    /// Product, off by less than [`Self::PRODUCT_ULPS`]; |a b| < 2^62.
    #[inline(always)]
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let size = Self(high(&self.abs().0, &other.abs().0));
        if self.is_negative() == other.is_negative() {
            size
        } else {
            size.negated()
        }
    }

    /// x / n for n >= 1, towards 0: off by less than one ulp.
    #[must_use]
    pub fn over(&self, n: u64) -> Self {
        let mut out = self.abs().0;
        let mut rest = 0u128;
        for limb in out.iter_mut().rev() {
            let digits = (rest << 64) | u128::from(*limb);
            *limb = (digits / u128::from(n)) as u64;
            rest = digits % u128::from(n);
        }
        if self.is_negative() {
            Self(out).negated()
        } else {
            Self(out)
        }
    }

    /// The value within 4 u of itself, u = 2^-53, and where it is below 2^-1000 also within 2^-1000.
    #[inline(always)]
    pub fn near(&self) -> f64 {
        let size = self.abs().0;
        let mut top = N - 1;
        while top > 1 && size[top] == 0 {
            top -= 1;
        }
        // Two limbs, the upper one not 0: what is below them is less than 2^-64 of it. Three roundings.
        let two = (size[top] as f64).mul_add(2.0f64.powi(64), size[top - 1] as f64);
        let e = 64 * (top as i32 - 1) - Self::FRACTION as i32;
        // Two factors, since 2^e alone may underflow where the product need not.
        let value = two * exp2(e / 2) * exp2(e - e / 2);
        if self.is_negative() {
            -value
        } else {
            value
        }
    }
}

/// 2^e, or 0 where f64 has none.
#[inline(always)]
pub fn exp2(e: i32) -> f64 {
    match e {
        -1022..=1023 => f64::from_bits(((e + 1023) as u64) << 52),
        1024.. => f64::INFINITY,
        _ => 0.0,
    }
}

/// x 2^e for e <= 0, rounded to nearest: in two factors, since 2^e alone may underflow where the product need not. What is
/// lost is below 2^-1020.
pub fn scaled_down(x: f64, e: i32) -> f64 {
    x * exp2(e / 2) * exp2(e - e / 2)
}

/// The limbs from N - 1 on of the product of two nonnegative numbers, low by less than N.
#[inline(always)]
fn high<const N: usize>(a: &[u64; N], b: &[u64; N]) -> [u64; N] {
    let mut w = [0u64; N];
    // The digit of column N - 2.
    let mut guard = 0u64;
    for i in 0..N {
        let x = u128::from(a[i]);
        let (mut carry, mut j) = (0u64, 0);
        if i + 1 < N {
            j = N - 2 - i;
            let t = u128::from(guard) + x * u128::from(b[j]);
            guard = t as u64;
            carry = (t >> 64) as u64;
            j += 1;
        }
        while j < N {
            let column = i + j + 1 - N;
            let t = u128::from(w[column]) + x * u128::from(b[j]) + u128::from(carry);
            w[column] = t as u64;
            carry = (t >> 64) as u64;
            j += 1;
        }
        // Rows before this one have not reached that far.
        if i + 1 < N {
            w[i + 1] = carry;
        }
    }
    w
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Corner-biased limbs: zeros, ones, all bits.
    fn draw<const N: usize>(seed: &mut u64, bits: u32) -> Fixed<N> {
        let mut next = || {
            *seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *seed >> 8 ^ *seed << 40
        };
        let mut limbs = [0; N];
        for limb in &mut limbs {
            *limb = match next() % 5 {
                0 => 0,
                1 => u64::MAX,
                2 => next() % 3,
                _ => next(),
            };
        }
        limbs[N - 1] &= (1 << bits) - 1;
        let x = Fixed(limbs);
        if next() % 2 == 0 {
            x.negated()
        } else {
            x
        }
    }

    fn operations<const N: usize>() {
        let mut seed = 5 + N as u64;
        let ulp = Rational::from(1) >> Fixed::<N>::FRACTION;
        for _ in 0..3_000 {
            let (a, b): (Fixed<N>, Fixed<N>) = (draw(&mut seed, 30), draw(&mut seed, 30));
            let (x, y) = (a.exact(), b.exact());
            assert_eq!(a.plus(&b).exact(), Rational::from(&x + &y));
            assert_eq!(a.minus(&b).exact(), Rational::from(&x - &y));
            assert_eq!(a.negated().exact(), Rational::from(-&x));
            let product = Rational::from(&x * &y);
            let off = product.clone().abs() - a.times(&b).exact().abs();
            assert!(
                off >= 0 && off < Rational::from(&ulp * N as u32),
                "{a:?} {b:?}"
            );
            assert!(a.times(&b) == Fixed::ZERO || (product < 0) == a.times(&b).is_negative());
            let off = Rational::from(&x / 2u32) - a.half().exact();
            assert!(off >= 0 && off < ulp);
            for n in [1, 3, 49, u64::MAX] {
                let off = (Rational::from(&x / n) - a.over(n).exact()).abs();
                assert!(off < ulp);
            }
            assert_eq!(Fixed::<N>::floor(&x), Some(a));
            let thin = &x + Rational::from(&ulp / 3u32);
            assert_eq!(Fixed::<N>::floor(&thin), Some(a));
            let near = Rational::from_f64(a.near()).unwrap();
            let slack = Rational::from(x.abs_ref()) >> 51u32;
            assert!((near - x).abs() <= slack + (Rational::from(1) >> 1000u32));
        }
        assert!(Fixed::<N>::floor(&(Rational::from(1) << 61u32)).is_none());
        assert!(Fixed::<N>::floor(&(Rational::from(-1) << 60u32)).is_some());
        assert_eq!(Fixed::<N>::integer(-7).exact(), -7);
    }

    #[test]
    fn operations_are_within_their_ulps() {
        operations::<2>();
        operations::<3>();
        operations::<4>();
        operations::<7>();
        operations::<17>();
    }

    /// What is left out is as large as it can be, and the bound close to it.
    #[test]
    fn the_bound_of_a_product_is_nearly_met() {
        let mut limbs = [u64::MAX; 9];
        limbs[8] = 0;
        let x = Fixed(limbs);
        let off = x.exact().square() - x.times(&x).exact();
        let ulps = off << Fixed::<9>::FRACTION;
        assert!(ulps > 7 && ulps < 9, "{}", ulps.to_f64());
    }

    #[test]
    fn powers_of_two() {
        for e in [-1022, -1, 0, 1, 1023] {
            assert_eq!(exp2(e), 2.0f64.powi(e));
        }
        assert_eq!((exp2(-1023), exp2(1024)), (0.0, f64::INFINITY));
        // 2^-1440 is no f64, 2^498 times it is one.
        assert_eq!(scaled_down(exp2(498), -1440), exp2(-942));
        assert_eq!(scaled_down(3.0, 0), 3.0);
        assert_eq!(scaled_down(f64::MAX, -2100), 0.0);
    }
}
