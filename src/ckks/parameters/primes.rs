//! The primes of a chain: p = 1 mod 2N, so that X^N + 1 splits mod p, and p < 2^50, so that residues
//! are exact in f64 with three bits to spare.
//!
//! **Choice** by bit sizes is deterministic: for size b the candidates nearest to 2^b, taken
//! alternately from below and from above. A scale s becomes s^2/q at a rescale, so its deviation
//! from 2^b doubles at each level and loses log(q/2^b); alternation lets deviations cancel rather
//! than add up. Special primes, and those of the largest size, are taken from below.

use crate::error::{Error, ErrorKind, Result};

/// Primes lie below 2^50.
pub const MAX_PRIME_BITS: u32 = 50;
/// A prime chosen for size b lies within 2^b/8 of 2^b.
const REACH_LOG2: u32 = 3;

fn mul_mod(a: u64, b: u64, p: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(p)) as u64
}

fn pow_mod(mut base: u64, mut e: u64, p: u64) -> u64 {
    let mut out = 1;
    while e > 0 {
        if e & 1 == 1 {
            out = mul_mod(out, base, p);
        }
        base = mul_mod(base, base, p);
        e >>= 1;
    }
    out
}

/// Whether n is prime.
///
/// **Guarantee** exact for every u64: Miller-Rabin to the first twelve prime bases has no false
/// prime below 2^64 (Sorenson and Webster, Math. Comp. 86, 2017).
#[must_use]
pub fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if let Some(&small) = BASES.iter().find(|&&b| n % b == 0) {
        return n == small;
    }
    if n < 2 {
        return false;
    }
    let twos = (n - 1).trailing_zeros();
    BASES.iter().all(|&b| {
        let mut x = pow_mod(b, (n - 1) >> twos, n);
        for _ in 0..twos {
            if x == 1 || x == n - 1 {
                return true;
            }
            x = mul_mod(x, x, n);
            if x == 1 {
                return false;
            }
        }
        false
    })
}

/// The candidates of one size on one side of 2^b, nearest first.
struct Side {
    next: Option<u64>,
    step: u64,
    up: bool,
    end: u64,
}

impl Iterator for Side {
    type Item = u64;
    fn next(&mut self) -> Option<u64> {
        loop {
            let c = self.next?;
            let within = if self.up {
                c <= self.end
            } else {
                c >= self.end
            };
            if !within {
                self.next = None;
                return None;
            }
            self.next = if self.up {
                c.checked_add(self.step)
            } else {
                c.checked_sub(self.step)
            };
            if is_prime(c) {
                return Some(c);
            }
        }
    }
}

fn sides(log_n: u32, bits: u32) -> (Side, Side) {
    let (step, centre) = (2u64 << log_n, 1u64 << bits);
    let reach = centre >> REACH_LOG2;
    // For centre < step no candidate lies within reach, as the least prime 1 mod 2N exceeds 2N.
    let first_above = centre / step * step + 1;
    let above = Side {
        next: (bits < MAX_PRIME_BITS && first_above > centre).then_some(first_above),
        step,
        up: true,
        end: centre + reach,
    };
    let below = Side {
        next: first_above.checked_sub(step).filter(|&c| c > 1),
        step,
        up: false,
        end: centre - reach,
    };
    (below, above)
}

/// How many primes of a size a ring has, counted up to `most`.
fn available(log_n: u32, bits: u32, most: usize) -> usize {
    let (below, above) = sides(log_n, bits);
    below.chain(above).take(most).count()
}

/// The error of a size that has too few primes; names the nearest size that has enough.
fn too_few(log_n: u32, bits: u32, need: usize) -> Error {
    let have = available(log_n, bits, need);
    let nearest = (1..=MAX_PRIME_BITS)
        .filter(|&b| available(log_n, b, need + 1) > need)
        .min_by_key(|&b| (b.abs_diff(bits), MAX_PRIME_BITS - b));
    let advice = nearest.map_or_else(
        || "no size has that many".to_owned(),
        |b| format!("the nearest size that has enough is {b} bits"),
    );
    ErrorKind::Parameters(format!(
        "log_n {log_n} needs primes 1 mod {}: {need} of {bits} bits are asked for and {have} \
         exist near 2^{bits} and below 2^{MAX_PRIME_BITS}; {advice}",
        2u64 << log_n
    ))
    .into()
}

/// Chooses the primes of Q and of P by their bit sizes.
///
/// **Inputs** sizes in bits, the first of `q_bits` for level 0.
/// **Guarantee** distinct primes, 1 mod 2N, each within an eighth of 2^bits; the same for the same
/// sizes on every machine.
///
/// # Errors
/// A size without enough primes; the nearest that has enough is named.
pub fn choose(log_n: u32, q_bits: &[u32], p_bits: &[u32]) -> Result<(Vec<u64>, Vec<u64>)> {
    let mut used: Vec<u64> = Vec::new();
    let count = |bits| q_bits.iter().chain(p_bits).filter(|&&b| b == bits).count();
    let mut take = |bits: u32, alternate: Option<usize>| -> Result<u64> {
        if !(1..=MAX_PRIME_BITS).contains(&bits) {
            return Err(ErrorKind::Parameters(format!(
                "a prime of {bits} bits: sizes go from {} to {MAX_PRIME_BITS} bits",
                log_n + 2
            ))
            .into());
        }
        let (mut below, mut above) = sides(log_n, bits);
        let free = |side: &mut Side| side.find(|c| !used.contains(c));
        let (low, high) = (free(&mut below), free(&mut above));
        let chosen = match alternate {
            Some(i) if i % 2 == 1 => high.or(low),
            _ => low.or(high),
        };
        let prime = chosen.ok_or_else(|| too_few(log_n, bits, count(bits)))?;
        used.push(prime);
        Ok(prime)
    };
    let q = (q_bits.iter().enumerate())
        .map(|(i, &bits)| {
            take(
                bits,
                Some(q_bits[..i].iter().filter(|&&b| b == bits).count()),
            )
        })
        .collect::<Result<Vec<_>>>()?;
    let p = (p_bits.iter().map(|&bits| take(bits, None))).collect::<Result<Vec<_>>>()?;
    Ok((q, p))
}

/// Checks one prime that was given explicitly.
///
/// # Errors
/// Too large, not prime, or not 1 mod 2N; the nearest prime that fits is named.
pub fn check(log_n: u32, prime: u64) -> Result<()> {
    let step = 2u64 << log_n;
    let fault = if prime >= 1 << MAX_PRIME_BITS {
        format!("is not below 2^{MAX_PRIME_BITS}")
    } else if prime % step != 1 {
        format!("is not 1 mod {step}, as log_n {log_n} needs")
    } else if !is_prime(prime) {
        "is not prime".to_owned()
    } else {
        return Ok(());
    };
    let from = prime.min((1 << MAX_PRIME_BITS) - 1) / step * step + 1;
    let down = (0..)
        .map_while(|k| from.checked_sub(k * step))
        .find(|&c| c > 1 && is_prime(c));
    let up = (1..)
        .map(|k| from + k * step)
        .take_while(|&c| c < 1 << MAX_PRIME_BITS)
        .find(|&c| is_prime(c));
    let nearest = down.into_iter().chain(up).min_by_key(|c| c.abs_diff(prime));
    let advice = nearest.map_or_else(String::new, |c| format!("; the nearest that fits is {c}"));
    Err(ErrorKind::Parameters(format!("the modulus {prime} {fault}{advice}")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primality_agrees_with_trial_division() {
        for n in 0..20_000u64 {
            let plain = n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0);
            assert_eq!(is_prime(n), plain, "{n}");
        }
        // Strong pseudoprimes to many small bases, and the largest u64 prime.
        for n in [
            3_215_031_751,
            3_474_749_660_383,
            341_550_071_728_321,
            3_825_123_056_546_413_051,
        ] {
            assert!(!is_prime(n));
        }
        assert!(is_prime(18_446_744_073_709_551_557));
    }

    #[test]
    fn a_chain_alternates_around_its_size() {
        let (q, p) = choose(13, &[50, 40, 40, 40, 40], &[40, 49]).unwrap();
        assert!(q[0] < 1 << 50);
        for (i, &prime) in q[1..].iter().enumerate() {
            assert_eq!(prime > 1 << 40, i % 2 == 1, "{prime}");
        }
        assert!(p[0] < 1 << 40 && p[1] < 1 << 49);
        let mut all = [q, p].concat();
        assert!(all.iter().all(|&x| is_prime(x) && x % (1 << 14) == 1));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 7);
    }

    #[test]
    fn missing_primes_are_said_with_the_nearest() {
        let e = choose(16, &[50, 20, 20, 20], &[50])
            .unwrap_err()
            .to_string();
        assert!(e.contains("the nearest size that has enough is"), "{e}");
        let e = choose(16, &[50, 60], &[50]).unwrap_err().to_string();
        assert!(e.contains("60 bits"), "{e}");
        let e = check(10, 1_000_000).unwrap_err().to_string();
        assert!(e.contains("the nearest that fits is"), "{e}");
        let prime: u64 = e.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(check(10, prime).is_ok());
        assert!(check(10, u64::MAX).is_err() && check(10, 0).is_err() && check(10, 1).is_err());
    }
}
