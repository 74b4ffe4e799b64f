//! Numbers as rows of machine digits, so that long sums of products carry once and allocate nothing.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::Signed;

/// Magnitudes of weights are below 2^62, so that with digits of 32 bits and fewer than 2^28 terms sums stay below 2^122.
const MAX_WEIGHT_BITS: u64 = 62;
const MAX_TERMS: usize = 1 << 28;

/// Weights as machine integers, and how wide the digits of their factors may be.
pub(crate) struct MachineWeights {
    weights: Vec<i64>,
    /// 64 where `terms` products of a weight and a digit stay below 2^126, else 32.
    width: u32,
}

impl MachineWeights {
    /// Of rows of so many terms; nothing if a weight is too long.
    pub(crate) fn new(weights: &[BigInt], terms: usize) -> Option<Self> {
        let longest = weights.iter().map(BigInt::bits).max().unwrap_or(0);
        if terms >= MAX_TERMS || longest > MAX_WEIGHT_BITS {
            return None;
        }
        let sums = longest + u64::from(usize::BITS - terms.leading_zeros());
        Some(Self {
            weights: weights
                .iter()
                .map(|w| i64::try_from(w).ok())
                .collect::<Option<_>>()?,
            width: if sums <= 62 { 64 } else { 32 },
        })
    }

    pub(crate) fn get(&self, row: std::ops::Range<usize>) -> Option<&[i64]> {
        self.weights.get(row)
    }

    /// Numbers as these weights need them.
    pub(crate) fn digits(&self, numbers: &[BigInt]) -> DigitRows {
        let longest = numbers.iter().map(BigInt::bits).max();
        let length = longest.unwrap_or(0).div_ceil(u64::from(self.width));
        let length = usize::try_from(length).unwrap_or(0);
        let mut made = DigitRows {
            width: self.width,
            length,
            digits: Vec::with_capacity(length.saturating_mul(numbers.len())),
            negative: numbers.iter().map(Signed::is_negative).collect(),
        };
        for (i, x) in numbers.iter().enumerate() {
            match self.width {
                64 => made.digits.extend(x.iter_u64_digits()),
                _ => made.digits.extend(x.iter_u32_digits().map(u64::from)),
            }
            made.digits.resize((i + 1) * length, 0);
        }
        made
    }
}

/// Magnitudes in digits from the least, as many for each, and signs.
pub(crate) struct DigitRows {
    width: u32,
    length: usize,
    digits: Vec<u64>,
    negative: Vec<bool>,
}

impl DigitRows {
    /// sum_k w_k x_at(k), exactly, of one row of the weights that the digits were made for; none is 0.
    /// `sums` is room for the work.
    pub(crate) fn sum(
        &self,
        weights: &[i64],
        at: &[Option<usize>],
        sums: &mut Vec<i128>,
    ) -> BigInt {
        sums.clear();
        sums.resize(self.length, 0);
        for (&w, at) in weights.iter().zip(at) {
            let Some(at) = at.filter(|_| w != 0) else {
                continue;
            };
            let digits = self.digits.get(at * self.length..(at + 1) * self.length);
            let terms = sums.iter_mut().zip(digits.unwrap_or(&[]));
            let negative = self.negative.get(at).is_some_and(|&negative| negative);
            let size = i128::from(w.unsigned_abs());
            // Both factors are below 2^64 and not negative: one multiplication of the machine.
            if negative == (w < 0) {
                terms.for_each(|(s, &d)| *s += size * i128::from(d));
            } else {
                terms.for_each(|(s, &d)| *s -= size * i128::from(d));
            }
        }
        number(sums, self.width)
    }
}

/// sum_i s_i 2^(width i): digits by carrying, where a negative last carry makes all the complement of the magnitude.
fn number(sums: &[i128], width: u32) -> BigInt {
    let words = (sums.len() + 4) * (width as usize / 32);
    let (mut digits, mut carry) = (Vec::with_capacity(words), 0_i128);
    let mask = (1_i128 << width) - 1;
    // |carry| stays below 2^127 / 2^32 + 1, and leaves at most four digits of 32 bits.
    for s in sums.iter().chain([&0; 4]) {
        carry += s;
        let digit = carry & mask;
        carry >>= width;
        // Halves of a digit that is below 2^width.
        digits.push((digit & 0xffff_ffff) as u32);
        if width == 64 {
            digits.push((digit >> 32_u32) as u32);
        }
    }
    let magnitude = BigUint::new(digits);
    if carry < 0 {
        // All of it counts from -2^(width (length + 4)).
        BigInt::from(magnitude) - (BigInt::from(1) << (32 * words))
    } else {
        BigInt::from_biguint(Sign::Plus, magnitude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::Zero;

    #[test]
    fn sums_are_exact() {
        let mut seed = 11_u64;
        let mut random = move || {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            seed >> 3
        };
        let mut widths = std::collections::BTreeSet::new();
        for round in 0..600_u64 {
            let n = usize::try_from(round % 7).unwrap();
            let numbers: Vec<BigInt> = (0..n + 2)
                .map(|_| {
                    let size = (BigInt::from(random()) << (random() % 400)) + random();
                    match random() % 4 {
                        0 => BigInt::zero(),
                        1 => -size,
                        2 => BigInt::from(1) - (BigInt::from(1) << 320_u32),
                        _ => size,
                    }
                })
                .collect();
            let top = (1_i64 << [62, 59, 30][usize::try_from(round % 3).unwrap()]) - 1;
            let weights: Vec<BigInt> = (0..n)
                .map(|_| match random() % 3 {
                    0 => BigInt::from(-top),
                    1 => BigInt::from(top),
                    _ => BigInt::from(random() % top.unsigned_abs()),
                })
                .collect();
            let at: Vec<Option<usize>> = (0..n)
                .map(|_| usize::try_from(random()).ok().map(|r| r % (n + 3)))
                .map(|at| at.filter(|at| *at < numbers.len()))
                .collect();
            let used = weights.iter().zip(&at);
            let exact: BigInt = used
                .filter_map(|(w, at)| at.map(|at| w * &numbers[at]))
                .sum();
            let machine = MachineWeights::new(&weights, n).unwrap();
            widths.insert(machine.width);
            let digits = machine.digits(&numbers);
            let found = digits.sum(machine.get(0..n).unwrap(), &at, &mut Vec::new());
            assert_eq!(found, exact);
        }
        assert_eq!(widths.len(), 2, "digits of both widths");
        assert!(MachineWeights::new(&[BigInt::from(1) << 62_u32], 1).is_none());
        assert!(MachineWeights::new(&[BigInt::from(-1) << 62_u32], 1).is_none());
    }
}
