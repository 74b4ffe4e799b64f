//! Sums of exact weights times limbs.
//!
//! A weight is an f64, and means that number: mantissa times a power of two. The weights of a layer are written as
//! integers over common powers of two, in digits of D bits ([`Digits`]): sum w x is then sum over digit planes of
//! 2^e sum d x, d an integer below 2^D, x an integer of N limbs. Almost all weights of an f32 layer lie in one plane.
//!
//! **Sums.** Each limb has an accumulator of 128 bits of its own for the positive weights and one for the negative ones: K
//! products of a limb below 2^64 and a digit below 2^D, D + log2 K <= 63, stay below 2^127. Carries are taken once a row. x
//! enters as x + 2^63 (its top bit flipped), which is not negative, and 2^63 sum d is taken off again. So every sum is
//! exact, and its shift by 2^e rounds down once: the midpoint is low by less than one ulp a plane, and by less than one for
//! the bias.
//!
//! **Cost.** The floor is one 64 x 64 bit product with two additions for each weight, output and limb. (Vectors do not
//! lower it much: 32-bit digits take two products of half the size, in twice as many lanes, and weights whose exponents
//! differ take more digits.)

use crate::arith::fixed::{Fixed, MOST};
use crate::network::forward::layers::Frame;
use crate::network::model::ops::{Conv, TensorShape};
use rug::Rational;

/// The top bit of the upper limb.
const TOP: u64 = 1 << 63;

/// One output's weights in one plane.
#[derive(Debug, Default)]
struct Row {
    /// Terms and digits, the positive weights first.
    terms: Vec<(u32, u64)>,
    positive: usize,
    /// Sum of all digits with their signs.
    sum: i128,
}

/// Digits over one power of two.
#[derive(Debug)]
struct Plane {
    exponent: i32,
    /// Its part of every weight is a multiple of 2^unit.
    unit: i32,
    rows: Vec<Row>,
}

/// A matrix of exact weights in digits, with the bias.
#[derive(Debug)]
pub struct Digits<const N: usize> {
    planes: Vec<Plane>,
    bias: Vec<Fixed<N>>,
    /// Whether they are the exact ones.
    held: bool,
    /// Upper bound of the sum of |weights| of a row, and of |bias|.
    bound_norm: f64,
    bound_bias: f64,
}

/// Sign, mantissa and exponent of a finite number.
fn parts(x: f64) -> (bool, u64, i32) {
    let bits = x.to_bits();
    let (field, fraction) = (((bits >> 52) & 0x7ff) as i32, bits & ((1 << 52) - 1));
    let mantissa = if field == 0 {
        fraction
    } else {
        fraction | 1 << 52
    };
    let zeros = mantissa.trailing_zeros().min(63);
    (
        x < 0.0,
        mantissa >> zeros,
        field.max(1) - 1075 + zeros as i32,
    )
}

impl<const N: usize> Digits<N> {
    /// Rows of `weights`, one for each of `bias`; none where a bias is beyond what the numbers hold.
    pub fn new(weights: &[f64], bias: &[f64]) -> Option<Self> {
        let terms = weights.len() / bias.len().max(1);
        // Terms below 2^24: digits of 39 bits or more.
        let digit = 62 - (terms.max(1) as u64).ilog2();
        let used = || weights.iter().filter(|w| **w != 0.0).map(|&w| parts(w));
        let top = used().map(|(_, m, e)| e + 64 - m.leading_zeros() as i32);
        let top = top.max().unwrap_or(0);
        let low = used().map(|(_, _, e)| e).min().unwrap_or(0);
        let count = (top - low).div_euclid(digit as i32) + 1;
        let mut planes: Vec<Plane> = Vec::new();
        for p in 0..count {
            let exponent = top - digit as i32 * (p + 1);
            let row = |row: &[f64]| plane_row(row, exponent, digit);
            let rows: Vec<Row> = weights.chunks(terms.max(1)).map(row).collect();
            if rows.iter().any(|r| !r.terms.is_empty()) {
                planes.push(Plane {
                    exponent,
                    unit: exponent.max(low),
                    rows,
                });
            }
        }
        let norm = |row: &[f64]| row.iter().map(|w| w.abs()).sum::<f64>();
        let norms = weights.chunks(terms.max(1)).map(norm);
        let mut held = true;
        let bias_of = |b: &f64| {
            let exact = Rational::from_f64(*b)?;
            let floor = Fixed::floor(&exact)?;
            held &= floor.exact() == exact;
            Some(floor)
        };
        let fixed = bias.iter().map(bias_of).collect::<Option<_>>()?;
        Some(Self {
            planes,
            bias: fixed,
            held,
            // Sums of K roundings: K u < 2^-29.
            bound_norm: norms.fold(0.0, f64::max) * 1.000_001,
            bound_bias: bias.iter().fold(0.0, |m, b| m.max(b.abs())),
        })
    }

    /// A midpoint made of these numbers is off by at most so many ulps.
    ///
    /// One for each plane whose shift may drop bits: all x are multiples of 2^z ulps, the plane's part of a weight one of
    /// 2^unit, so that products are whole ulps where z + unit >= 0. And one for the bias, where it is no whole ulps.
    pub fn ulps(&self, x: &[Fixed<N>]) -> f64 {
        let zeros = x.iter().map(Fixed::trailing_zeros).min().unwrap_or(0) as i32;
        let dropped = self.planes.iter().filter(|p| zeros + p.unit < 0).count();
        dropped as f64 + f64::from(u8::from(!self.held))
    }

    /// Whether all results are within [`MOST`] for inputs of at most this size.
    pub fn holds(&self, size: f64) -> bool {
        self.bound_norm * size * 1.000_001 + self.bound_bias < MOST
    }

    /// One output from its terms (their top bits flipped), where [`Self::holds`] is true of them.
    fn output(&self, m: usize, x: &[[u64; N]]) -> Fixed<N> {
        let mut total = self.bias[m];
        for plane in &self.planes {
            let row = &plane.rows[m];
            let (plus, minus) = row.terms.split_at(row.positive);
            let (plus, plus_top) = carried(&sum(plus, x));
            let (minus, minus_top) = carried(&sum(minus, x));
            let mut low = [0; N];
            let mut borrow = false;
            for l in 0..N {
                let (d, first) = plus[l].overflowing_sub(minus[l]);
                let (d, second) = d.overflowing_sub(u64::from(borrow));
                (low[l], borrow) = (d, first | second);
            }
            let mut high = plus_top - minus_top - i128::from(borrow);
            // 2^63 of every digit, at the upper limb.
            let offset = row.sum << 63;
            let (d, borrow) = low[N - 1].overflowing_sub(offset as u64);
            low[N - 1] = d;
            high -= (offset >> 64) + i128::from(borrow);
            total = total.plus(&shifted(&low, high, plane.exponent));
        }
        total
    }

    /// The layer on a flat vector.
    pub fn dense(&self, x: &[Fixed<N>]) -> Vec<Fixed<N>> {
        let x: Vec<[u64; N]> = x.iter().map(flipped).collect();
        (0..self.bias.len()).map(|m| self.output(m, &x)).collect()
    }

    /// The layer as a convolution.
    pub fn conv(
        &self,
        c: &Conv,
        x: &[Fixed<N>],
        from: TensorShape,
        out: TensorShape,
    ) -> Vec<Fixed<N>> {
        let frame = Frame::new(&c.window, from.channels / c.groups, from, out);
        let zero = flipped(&Fixed::ZERO);
        let plane = frame.pad(x.iter().map(flipped), (&c.window, zero), from);
        let mut y = vec![Fixed::ZERO; out.len()];
        let (pixels, rows) = (out.pixels(), out.channels / c.groups);
        let mut window = vec![[0; N]; frame.terms.len()];
        for group in 0..c.groups {
            for (p, start) in frame.starts.iter().enumerate() {
                let at = start + group * frame.group;
                for (w, t) in window.iter_mut().zip(&frame.terms) {
                    *w = plane[at + t];
                }
                for m in group * rows..(group + 1) * rows {
                    y[m * pixels + p] = self.output(m, &window);
                }
            }
        }
        y
    }
}

/// The digits of a row's weights from 2^exponent on.
fn plane_row(row: &[f64], exponent: i32, digit: u32) -> Row {
    let mut signs = [Vec::new(), Vec::new()];
    let mut sum = 0i128;
    for (k, &w) in row.iter().enumerate() {
        let (negative, mantissa, e) = parts(w);
        let wide = u128::from(mantissa);
        let moved = match e - exponent {
            up @ 0..=63 => wide << up,
            down @ -63..=-1 => wide >> -down,
            // Wholly above or below: other planes have it. (A plane is at most 62 bits, a mantissa 53.)
            _ => 0,
        };
        let d = (moved & ((1 << digit) - 1)) as u64;
        if d != 0 {
            signs[usize::from(negative)].push((k as u32, d));
            sum += if negative {
                -i128::from(d)
            } else {
                i128::from(d)
            };
        }
    }
    let positive = signs[0].len();
    let terms = signs.concat();
    Row {
        terms,
        positive,
        sum,
    }
}

/// x with its top bit flipped: x + 2^63.
fn flipped<const N: usize>(x: &Fixed<N>) -> [u64; N] {
    let mut limbs = x.0;
    limbs[N - 1] ^= TOP;
    limbs
}

/// Sums of digits times limbs, limb by limb.
#[inline(always)]
fn sum<const N: usize>(terms: &[(u32, u64)], x: &[[u64; N]]) -> [u128; N] {
    let mut sums = [0u128; N];
    for &(k, d) in terms {
        let x = &x[k as usize];
        for l in 0..N {
            sums[l] += u128::from(x[l]) * u128::from(d);
        }
    }
    sums
}

/// Limbs of sums below 2^127, and what is above them.
#[inline(always)]
fn carried<const N: usize>(sums: &[u128; N]) -> ([u64; N], i128) {
    let mut limbs = [0; N];
    let mut carry = 0u128;
    for l in 0..N {
        let t = sums[l] + carry;
        limbs[l] = t as u64;
        carry = t >> 64;
    }
    (limbs, carry as i128)
}

/// (low + high 2^(64 N)) 2^e, rounded down, where that fits.
fn shifted<const N: usize>(low: &[u64; N], high: i128, e: i32) -> Fixed<N> {
    let fill = (high >> 127) as u64;
    let limb = |i: i32| match usize::try_from(i) {
        Err(_) => 0,
        Ok(i) if i < N => low[i],
        Ok(i) if i == N => high as u64,
        Ok(i) if i == N + 1 => (high >> 64) as u64,
        Ok(_) => fill,
    };
    let (limbs, bits) = ((-e).div_euclid(64), (-e).rem_euclid(64) as u32);
    let mut out = [0; N];
    for (l, out) in out.iter_mut().enumerate() {
        let at = l as i32 + limbs;
        *out = if bits == 0 {
            limb(at)
        } else {
            limb(at) >> bits | limb(at + 1) << (64 - bits)
        };
    }
    Fixed(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize>(weights: &[f64], bias: f64, x: &[Rational]) {
        let digits = Digits::<N>::new(weights, &[bias]).unwrap();
        let fixed: Vec<Fixed<N>> = x.iter().map(|x| Fixed::floor(x).unwrap()).collect();
        let q = |x: f64| Rational::from_f64(x).unwrap();
        let products = weights.iter().zip(&fixed).map(|(w, x)| q(*w) * x.exact());
        let exact = products.fold(q(bias), |a, b| a + b);
        let y = digits.dense(&fixed)[0].exact();
        let off = Rational::from(&exact - &y) << Fixed::<N>::FRACTION;
        assert!(
            off >= 0 && off <= q(digits.ulps(&fixed)),
            "{weights:?} {bias} {x:?}: {} ulps",
            off.to_f64()
        );
    }

    #[test]
    fn products_of_whole_ulps_are_exact() {
        let q = |n: i32, d: i32| Fixed::<3>::floor(&Rational::from((n, d))).unwrap();
        let whole = Digits::<3>::new(&[4.0, -2.0], &[0.5]).unwrap();
        assert_eq!(whole.ulps(&[q(1, 4), q(0, 1)]), 0.0);
        assert_eq!(whole.ulps(&[q(1, 3), q(1, 3)]), 0.0);
        let third = Digits::<3>::new(&[1.0 / 3.0], &[0.0]).unwrap();
        assert_eq!(third.ulps(&[q(1, 4)]), 0.0);
        assert_eq!(third.ulps(&[q(1, 3)]), 1.0);
        // 2^-129 is no whole ulp.
        let thin = Digits::<3>::new(&[1.0], &[2.0f64.powi(-129)]).unwrap();
        assert_eq!(thin.ulps(&[q(1, 3)]), 1.0);
    }

    #[test]
    fn sums_are_exact_but_for_one_rounding_a_plane() {
        let mut seed = 77u64;
        let mut next = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            seed >> 16
        };
        for terms in [1, 2, 9, 100] {
            for round in 0..300 {
                let mut weight = || {
                    let m = next() as f64 / (1u64 << 47) as f64 - 1.0;
                    match round % 4 {
                        // f32 weights of usual sizes; f64 weights; wildly different sizes; signs alone.
                        0 => f64::from(m as f32),
                        1 => m,
                        2 => m * 2.0f64.powi((next() % 400) as i32 - 380),
                        _ => [1.0, -1.0, 0.0, -0.5][next() as usize % 4],
                    }
                };
                let weights: Vec<f64> = (0..terms).map(|_| weight()).collect();
                let bias = weight();
                let x: Vec<Rational> = (0..terms)
                    .map(|_| {
                        let x = Rational::from((next() as i64 - (1 << 47), 3));
                        match next() % 4 {
                            0 => x >> (next() % 300) as u32,
                            1 => Rational::from(-1) >> 200u32,
                            2 => Rational::new(),
                            _ => x >> 40u32,
                        }
                    })
                    .collect();
                check::<3>(&weights, bias, &x);
                check::<4>(&weights, bias, &x);
                check::<9>(&weights, bias, &x);
            }
        }
        // Corners: most of a digit, of a limb, of an accumulator; weights of all exponents; rows of one sign.
        let all = f64::from_bits(0x3fff_ffff_ffff_ffff);
        let sizes = [0.0, 1.0, 2.0f64.powi(-140), f64::from(f32::MAX), all];
        let sizes = [&sizes[..], &[f64::from_bits(1), 1e-310, 1e30]].concat();
        for terms in [1, 2, 3, 64, 65, 1_000, 4_095, 4_096] {
            for round in 0..12 {
                let sign = [1.0, -1.0];
                let weight = |k: usize, n: usize| match round % 4 {
                    0 => all * sign[round / 4 % 2],
                    1 => sizes[n % 8] * sign[n / 8 % 2],
                    2 => [f64::from(f32::MAX), 2.0f64.powi(-140)][k % 2] * sign[k / 2 % 2],
                    _ => sizes[n % 8] * sign[round / 4 % 2],
                };
                let weights: Vec<f64> = (0..terms).map(|k| weight(k, next() as usize)).collect();
                let norm: f64 = weights.iter().map(|w| w.abs()).sum();
                // As large as the sums may be, all bits behind it, of both signs.
                let most = Rational::from_f64(2.0f64.powi(60) / norm.max(1.0)).unwrap();
                let ulp = Rational::from(1) >> 500u32;
                let x: Vec<Rational> = (0..terms)
                    .map(|_| match next() % 4 + if round < 4 { 0 } else { 2 } {
                        0 => Rational::from(&most - &ulp),
                        1 => most.clone(),
                        2 => Rational::from(&ulp - &most),
                        3 => Rational::from(-&ulp),
                        4 => ulp.clone(),
                        _ => Rational::from(-&most),
                    })
                    .collect();
                check::<3>(&weights, sizes[round % 8].min(1e18), &x);
                check::<9>(&weights, -1.0, &x);
                if terms < 1_000 {
                    check::<4>(&weights, -1e-310, &x);
                    check::<65>(&weights, 0.0, &x);
                }
            }
        }
        // The smallest and the largest f64, and the largest sums that are allowed.
        check::<17>(
            &[f64::from_bits(1), 1.0],
            0.0,
            &[Rational::from(3), Rational::from(1)],
        );
        check::<3>(
            &[1e300, -1e300],
            0.0,
            &[Rational::from((1, 3)) >> 1000u32, Rational::new()],
        );
        let most = Rational::from((1u64 << 61) - 1);
        check::<3>(&[0.5; 2], 0.0, &[most.clone(), most]);
        assert!(Digits::<3>::new(&[1.0], &[1e300]).is_none());
        let digits = Digits::<3>::new(&[3.0, -1.0], &[1.0]).unwrap();
        assert!(digits.holds(1e18 / 2.0) && !digits.holds(1e18));
    }
}
