//! Numbers as rows of 32-bit digits, so that long sums of products carry once and allocate nothing.

use num_bigint::{BigInt, Sign};
use num_traits::Zero;

/// Weights below 2^62, digits below 2^32 and fewer than 2^28 terms: sums stay below 2^122.
const MAX_WEIGHT_BITS: u64 = 62;
const MAX_TERMS: usize = 1 << 28;

/// The weights as machine integers, if they all are.
pub(crate) fn machine(weights: &[BigInt]) -> Option<Vec<i64>> {
    if weights.len() >= MAX_TERMS || weights.iter().any(|w| w.bits() > MAX_WEIGHT_BITS) {
        return None;
    }
    weights.iter().map(|w| i64::try_from(w).ok()).collect()
}

/// Magnitudes in digits from the least, as many for each, and signs.
pub(crate) struct DigitRows {
    length: usize,
    digits: Vec<u32>,
    negative: Vec<bool>,
}

impl DigitRows {
    /// Of numbers; none is 0.
    pub(crate) fn new(numbers: &[Option<&BigInt>]) -> Self {
        let longest = numbers.iter().flatten().map(|x| x.bits()).max();
        let length = usize::try_from(longest.unwrap_or(0).div_ceil(32)).unwrap_or(0);
        let mut made = Self {
            length,
            digits: Vec::with_capacity(length.saturating_mul(numbers.len())),
            negative: Vec::with_capacity(numbers.len()),
        };
        for (i, x) in numbers.iter().enumerate() {
            if let Some(x) = x {
                made.digits.extend(x.iter_u32_digits());
            }
            made.digits.resize((i + 1) * length, 0);
            made.negative
                .push(x.is_some_and(|x| x.sign() == Sign::Minus));
        }
        made
    }

    /// sum_k w_k x_k, exactly.
    pub(crate) fn sum(&self, weights: &[i64]) -> BigInt {
        let mut sums = vec![0_i128; self.length];
        let rows = self.digits.chunks(self.length.max(1)).zip(&self.negative);
        for (&w, (digits, negative)) in weights.iter().zip(rows) {
            if w != 0 {
                let w = i128::from(if *negative { -w } else { w });
                for (s, d) in sums.iter_mut().zip(digits) {
                    *s += w * i128::from(*d);
                }
            }
        }
        let mut total = BigInt::zero();
        for s in sums.iter().rev() {
            total = (total << 32_u32) + s;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact() {
        let mut seed = 11_u64;
        let mut random = move || {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            seed >> 3
        };
        for round in 0..200_u64 {
            let n = usize::try_from(round % 7).unwrap();
            let numbers: Vec<Option<BigInt>> = (0..n)
                .map(|_| {
                    let size = (BigInt::from(random()) << (random() % 400)) + random();
                    match random() % 4 {
                        0 => None,
                        1 => Some(-size),
                        2 => Some(BigInt::from(1) - (BigInt::from(1) << 320_u32)),
                        _ => Some(size),
                    }
                })
                .collect();
            let top = (1_i64 << 62) - 1;
            let weights: Vec<BigInt> = (0..n)
                .map(|_| match random() % 3 {
                    0 => BigInt::from(-top),
                    1 => BigInt::from(top),
                    _ => BigInt::from(random() >> 5),
                })
                .collect();
            let none = BigInt::zero();
            let exact: BigInt = weights
                .iter()
                .zip(&numbers)
                .map(|(w, x)| w * x.as_ref().unwrap_or(&none))
                .sum();
            let borrowed: Vec<Option<&BigInt>> = numbers.iter().map(Option::as_ref).collect();
            let found = DigitRows::new(&borrowed).sum(&machine(&weights).unwrap());
            assert_eq!(found, exact);
        }
        assert!(machine(&[BigInt::from(1) << 62_u32]).is_none());
        assert!(machine(&[BigInt::from(-1) << 62_u32]).is_none());
    }
}
