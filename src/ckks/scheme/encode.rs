//! Messages as ring elements: the canonical embedding, scaled and rounded.
//!
//! **Method** n = 2^log_slots slots z_0 .. z_{n-1}, gap g = N/(2n), zeta = exp(i pi/N). The element is
//! m(X) = m'(X^g), with real coefficients, such that m(zeta^(5^j)) = s z_j; it is
//! m'_k = (s/n) Re sum_j z_j zeta^(-g k 5^j) for k < 2n, computed by a fast transform over the group
//! of powers of 5 (Cheon et al., "Homomorphic Encryption for Arithmetic of Approximate Numbers",
//! 2017, and its library HEAAN). All in twice the precision of f64.
//!
//! **Accuracy** One butterfly is a product with a root and a sum; with u = 2^-53 both are within
//! 16 u^2 of the 2-norm of what they yield (double.rs; a complex product is four real ones and two
//! sums, the root is off by u^2). log2(n) <= 16 stages, a division and a scaling give at most
//! 2^9 u^2 = 2^-97 relative to the 2-norm of all coefficients, which is at most s max|z_j|. So every
//! integer coefficient is within 1/2 + 2^-53 + 2^-97 s max|z_j| of the exact one.

use super::cipher::{check_scale, same_ring, Plaintext};
use crate::ckks::parameters::double::{ComplexDouble, Double};
use crate::ckks::ring::lift::centred;
use crate::ckks::ring::Ring;
use crate::error::{Error, ErrorKind, Result};
use rug::float::Constant;
use rug::ops::CompleteRound as _;
use rug::{Complete as _, Float, Integer, Rational};
use std::sync::Arc;

/// A complex number: one slot.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl From<f64> for Complex {
    fn from(re: f64) -> Self {
        Self { re, im: 0.0 }
    }
}

/// Encodes and decodes for one ring.
#[derive(Debug)]
pub struct Encoder {
    ring: Arc<Ring>,
    /// zeta^k, k = 0 .. 2N - 1.
    roots: Vec<ComplexDouble>,
    /// 5^j mod 2N.
    fives: Vec<u32>,
}

impl Encoder {
    /// Makes the tables of roots.
    #[must_use]
    pub fn new(ring: &Arc<Ring>) -> Self {
        let m = 2 * ring.n();
        let mut fives = vec![1u32; ring.n() / 2];
        for j in 1..fives.len() {
            fives[j] = (u64::from(fives[j - 1]) * 5 % m as u64) as u32;
        }
        Self {
            roots: roots(m),
            fives,
            ring: ring.clone(),
        }
    }

    /// The ring.
    #[must_use]
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The most slots: N/2.
    #[must_use]
    pub fn max_log_slots(&self) -> u32 {
        self.ring.params().log_n() - 1
    }

    /// Encodes real values; see [`Self::encode`].
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_real(
        &self,
        values: &[f64],
        log_slots: u32,
        level: usize,
        scale: &Rational,
    ) -> Result<Plaintext> {
        let values: Vec<Complex> = values.iter().map(|&x| x.into()).collect();
        self.encode(&values, log_slots, level, scale)
    }

    /// Encodes at most 2^log_slots values, the rest 0.
    ///
    /// **Guarantee** every coefficient is within 1/2 + 2^-53 + 2^-97 scale max|z| of the exactly scaled
    /// embedding.
    ///
    /// # Errors
    /// Too many values, one that is not finite, a level that there is not, a message that the modulus
    /// of the level has no room for.
    pub fn encode(
        &self,
        values: &[Complex],
        log_slots: u32,
        level: usize,
        scale: &Rational,
    ) -> Result<Plaintext> {
        let params = self.ring.params();
        if level > params.max_level() {
            return Err(ErrorKind::Parameters(format!(
                "level {level}: the top level is {}",
                params.max_level()
            ))
            .into());
        }
        check_scale(scale, &self.ring)?;
        let coefficients = self.coefficients(values, log_slots, scale)?;
        let largest = coefficients
            .iter()
            .map(|c| c.unsigned_abs())
            .max()
            .unwrap_or(0);
        let half = params.q_product(level) >> 1u32;
        if half <= largest {
            return Err(ErrorKind::Parameters(format!(
                "the encoded message reaches 2^{:.2} and level {level} has room for 2^{:.2}: use a \
                 smaller scale or a higher level",
                (largest as f64).log2(),
                crate::ckks::parameters::log2(&half)
            ))
            .into());
        }
        let indices: Vec<usize> = (0..params.limbs(level)).collect();
        Ok(Plaintext {
            poly: self.ring.wide(&coefficients, &indices),
            level,
            scale: scale.clone(),
            log_slots,
            ring: params.digest(),
        })
    }

    /// The integer coefficients of an encoded message.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn coefficients(
        &self,
        values: &[Complex],
        log_slots: u32,
        scale: &Rational,
    ) -> Result<Vec<i128>> {
        let bad = |detail: String| Err(Error::from(ErrorKind::Parameters(detail)));
        if log_slots > self.max_log_slots() {
            return bad(format!(
                "2^{log_slots} slots: a ring of degree {} has {}",
                self.ring.n(),
                self.ring.n() / 2
            ));
        }
        let n = 1usize << log_slots;
        if values.len() > n {
            return bad(format!("{} values for {n} slots", values.len()));
        }
        if let Some(i) = values
            .iter()
            .position(|z| !z.re.is_finite() || !z.im.is_finite())
        {
            return bad(format!("slot {i} is not a finite number"));
        }
        let largest = values
            .iter()
            .fold(0.0f64, |m, z| m.max(z.re.abs()).max(z.im.abs()));
        if Rational::from_f64(largest).is_some_and(|x| x * scale > (Integer::from(1) << 110)) {
            return bad(format!(
                "a slot of size {largest:e} is too large for the scale"
            ));
        }
        let mut slots: Vec<ComplexDouble> = (values.iter())
            .map(|z| ComplexDouble {
                re: z.re.into(),
                im: z.im.into(),
            })
            .collect();
        slots.resize(n, ComplexDouble::default());
        self.inverse(&mut slots);
        let factor = Double::of_rational(&(scale / Integer::from(n)).complete());
        let gap = self.ring.n() / (2 * n);
        let mut out = vec![0; self.ring.n()];
        for (k, z) in slots.into_iter().enumerate() {
            let z = z.scale(factor);
            out[k * gap] = z.re.round();
            out[(k + n) * gap] = z.im.round();
        }
        Ok(out)
    }

    /// Decodes: the values of the element at the slots' roots, divided by the scale.
    ///
    /// With fewer than N/2 slots the coefficients between multiples of the gap are left out, which
    /// takes the mean over the copies of each slot.
    ///
    /// **Guarantee** each part is within 2^-52 of its exact value relative to the largest
    /// max(|z_j|, ||m||_2/scale).
    ///
    /// # Errors
    /// A plaintext of another ring.
    pub fn decode(&self, plain: &Plaintext) -> Result<Vec<Complex>> {
        same_ring(&plain.ring, &self.ring.params().digest(), "decode")?;
        let coefficients = centred(&self.ring, &plain.poly);
        Ok(self.slots(&coefficients, plain.log_slots, &plain.scale))
    }

    /// The slots of integer coefficients at a scale.
    #[must_use]
    pub fn slots(
        &self,
        coefficients: &[Integer],
        log_slots: u32,
        scale: &Rational,
    ) -> Vec<Complex> {
        let n = 1usize << log_slots;
        let gap = self.ring.n() / (2 * n);
        // Coefficients of more than 2^900 would leave the range of f64: both are shifted.
        let bits = coefficients
            .iter()
            .map(Integer::significant_bits)
            .max()
            .unwrap_or(0);
        let shift = bits.saturating_sub(900);
        let factor = Double::of_rational(&(Rational::from(Integer::from(1) << shift) / scale));
        let number = |c: &Integer| {
            let c = if shift == 0 {
                Double::of_integer(c)
            } else {
                Double::of_integer(&(c >> shift).complete())
            };
            c * factor
        };
        let mut slots: Vec<ComplexDouble> = (0..n)
            .map(|k| ComplexDouble {
                re: number(&coefficients[k * gap]),
                im: number(&coefficients[(k + n) * gap]),
            })
            .collect();
        self.forward(&mut slots);
        (slots.iter())
            .map(|z| Complex {
                re: z.re.to_f64(),
                im: z.im.to_f64(),
            })
            .collect()
    }

    /// The largest |a(zeta)|^2 of an element with small coefficients, over all primitive roots zeta.
    ///
    /// *Estimate* to about 2^-50 of itself.
    #[must_use]
    pub fn largest_slot_squared(&self, coefficients: &[i64]) -> f64 {
        let exact: Vec<Integer> = coefficients.iter().map(|&c| Integer::from(c)).collect();
        let slots = self.slots(&exact, self.max_log_slots(), &Rational::from(1));
        (slots.iter())
            .map(|z| z.re * z.re + z.im * z.im)
            .fold(0.0, f64::max)
    }

    /// The root that a stage of the transform of that length multiplies by at a place: exp(2 pi i 5^place/(4 length)).
    pub(in crate::ckks) fn stage_root(&self, length: usize, place: usize) -> ComplexDouble {
        let quarter = length * 4;
        self.roots[(self.fives[place] as usize % quarter) * (self.roots.len() / quarter)]
    }

    /// Coefficients (k and k + n paired as one complex number) to slots.
    fn forward(&self, x: &mut [ComplexDouble]) {
        reverse_bits(x);
        let mut length = 2;
        while length <= x.len() {
            let (half, quarter) = (length / 2, length * 4);
            let step = self.roots.len() / quarter;
            for run in x.chunks_exact_mut(length) {
                let (low, high) = run.split_at_mut(half);
                for ((a, b), five) in low.iter_mut().zip(high).zip(&self.fives) {
                    let root = self.roots[(*five as usize % quarter) * step];
                    let t = *b * root;
                    (*a, *b) = (*a + t, *a - t);
                }
            }
            length *= 2;
        }
    }

    /// Slots to coefficients, times the number of slots.
    fn inverse(&self, x: &mut [ComplexDouble]) {
        let mut length = x.len();
        while length >= 2 {
            let (half, quarter) = (length / 2, length * 4);
            let step = self.roots.len() / quarter;
            for run in x.chunks_exact_mut(length) {
                let (low, high) = run.split_at_mut(half);
                for ((a, b), five) in low.iter_mut().zip(high).zip(&self.fives) {
                    let root = self.roots[(*five as usize % quarter) * step].conj();
                    (*a, *b) = (*a + *b, (*a - *b) * root);
                }
            }
            length /= 2;
        }
        reverse_bits(x);
    }
}

fn reverse_bits(x: &mut [ComplexDouble]) {
    let bits = x.len().trailing_zeros();
    if bits == 0 {
        return;
    }
    for i in 0..x.len() {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if i < j {
            x.swap(i, j);
        }
    }
}

/// exp(2 pi i k/m) for k < m, each part off by at most 2^-105: products of two short tables in 160
/// bits.
fn roots(m: usize) -> Vec<ComplexDouble> {
    const PRECISION: u32 = 160;
    let width = 1usize << (m.trailing_zeros() / 2);
    let pi = Float::with_val(PRECISION, Constant::Pi);
    let root = |k: usize| {
        let angle = (&pi * Float::with_val(PRECISION, 2 * k)) / m as u64;
        Float::sin_cos(angle, Float::new(PRECISION))
    };
    let fine: Vec<(Float, Float)> = (0..width).map(root).collect();
    let coarse: Vec<(Float, Float)> = (0..m / width).map(|j| root(j * width)).collect();
    (0..m)
        .map(|k| {
            let ((s, c), (t, d)) = (&fine[k % width], &coarse[k / width]);
            let part = |x: Float| Double::of_float(&x);
            ComplexDouble {
                re: part((c * d).complete(PRECISION) - (s * t).complete(PRECISION)),
                im: part((s * d).complete(PRECISION) + (c * t).complete(PRECISION)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::parameters::rng::Rng;
    use crate::ckks::ring::tests::small_ring;

    /// The exact values at zeta^(5^j) in multiprecision, by Horner's rule.
    fn oracle(coefficients: &[Integer], n: usize, slot: u32) -> (Float, Float) {
        let prec = 250;
        let pi = Float::with_val(prec, Constant::Pi);
        let angle = pi * slot / n as u64;
        let (s, c) = Float::sin_cos(angle, Float::new(prec));
        let (mut re, mut im) = (Float::new(prec), Float::new(prec));
        for m in coefficients.iter().rev() {
            let next = Float::with_val(prec, &re * &c) - Float::with_val(prec, &im * &s) + m;
            im = Float::with_val(prec, &re * &s) + Float::with_val(prec, &im * &c);
            re = next;
        }
        (re, im)
    }

    #[test]
    fn encoding_is_the_rounded_embedding() {
        let ring = small_ring();
        let encoder = Encoder::new(&ring);
        let mut rng = Rng::numbered(9, 0);
        let mut unit = || rng.word() as i64 as f64 / 2f64.powi(63);
        for log_slots in [0, 1, 4, 9] {
            let slots = 1usize << log_slots;
            let values: Vec<Complex> = (0..slots)
                .map(|_| Complex {
                    re: unit(),
                    im: unit(),
                })
                .collect();
            let scale = Rational::from(Integer::from(1) << 80) / 3u32;
            let coefficients = encoder.coefficients(&values, log_slots, &scale).unwrap();
            let wide: Vec<Integer> = coefficients.iter().map(|&c| Integer::from(c)).collect();
            let decoded = encoder.slots(&wide, log_slots, &scale);
            for (j, (z, d)) in values.iter().zip(&decoded).enumerate() {
                let (re, im) = oracle(&wide, ring.n(), encoder.fives[j]);
                // 2n coefficients, each rounded by 1/2 or a little more.
                let allowed = (0.5 + 1e-3) * 2.0 * slots as f64;
                for (part, exact, decoded) in [(z.re, re, d.re), (z.im, im, d.im)] {
                    let want = Float::with_val(250, part) * &scale;
                    assert!(Float::with_val(250, &exact - want).abs() <= allowed);
                    let back = Float::with_val(250, decoded) * &scale;
                    assert!(Float::with_val(250, exact - back).abs() / &scale < 2f64.powi(-51));
                }
            }
        }
    }

    /// The inverse transform against the multiprecision sum that defines it.
    #[test]
    fn coefficients_are_rounded_to_nearest() {
        let ring = small_ring();
        let encoder = Encoder::new(&ring);
        let n = 64usize;
        let mut rng = Rng::numbered(10, 0);
        let mut unit = || rng.word() as i64 as f64 / 2f64.powi(63);
        let values: Vec<Complex> = (0..n)
            .map(|_| Complex {
                re: unit(),
                im: unit(),
            })
            .collect();
        let scale = Rational::from(Integer::from(1) << 60);
        let got = encoder.coefficients(&values, 6, &scale).unwrap();
        let gap = ring.n() / (2 * n);
        for k in 0..2 * n {
            let mut sum = Float::new(250);
            for (z, five) in values.iter().zip(&encoder.fives) {
                let turn = (gap * k) as u64 * u64::from(*five) % (2 * ring.n() as u64);
                let angle = Float::with_val(250, Constant::Pi) * turn / ring.n() as u64;
                let (s, c) = Float::sin_cos(angle, Float::new(250));
                sum += c * z.re + s * z.im;
            }
            let exact = sum * &scale / n as u64;
            let off = Float::with_val(250, got[k * gap]) - exact;
            assert!(off.abs() <= 0.500_001, "{k}");
        }
        assert_eq!(got.iter().filter(|&&c| c != 0).count(), 2 * n);
    }

    #[test]
    fn bad_messages_are_refused() {
        let ring = small_ring();
        let encoder = Encoder::new(&ring);
        let scale = ring.params().scale();
        let error = |values: &[f64], log_slots, level, scale: &Rational| {
            encoder
                .encode_real(values, log_slots, level, scale)
                .unwrap_err()
                .to_string()
        };
        assert!(error(&[f64::NAN], 3, 0, &scale).contains("slot 0 is not a finite"));
        assert!(error(&[0.0; 9], 3, 0, &scale).contains("9 values for 8 slots"));
        assert!(error(&[0.0], 10, 0, &scale).contains("2^10 slots"));
        assert!(error(&[1.0], 3, 4, &scale).contains("the top level is 3"));
        assert!(error(&[1e4], 0, 0, &scale).contains("level 0 has room for 2^49.00"));
        assert!(error(&[f64::MAX], 0, 3, &scale).contains("too large"));
        assert!(error(&[1.0], 0, 3, &Rational::new()).contains("positive"));
    }
}
