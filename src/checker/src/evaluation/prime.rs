//! Which moduli are primes: the test of Miller and Rabin, with bases that decide every number below 2^64.

/// No composite number below 3 * 10^23 passes for all of these (Sorenson and Webster, 2015).
const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

/// Whether n is a prime.
pub(crate) fn is_prime(n: u64) -> bool {
    if n < 2 {
        return false;
    }
    if let Some(base) = BASES.iter().find(|base| n % **base == 0) {
        return n == *base;
    }
    // n - 1 = odd 2^twos, n odd and above 37.
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    BASES.iter().all(|base| {
        let mut x = power(*base, odd, n);
        if x == 1 || x == n - 1 {
            return true;
        }
        for _ in 1..twos {
            x = product(x, x, n);
            if x == n - 1 {
                return true;
            }
        }
        false
    })
}

/// a b mod n; below 2^64 since n is.
fn product(a: u64, b: u64, n: u64) -> u64 {
    let remainder = u128::from(a) * u128::from(b) % u128::from(n);
    u64::try_from(remainder).unwrap_or(0)
}

fn power(base: u64, mut exponent: u64, n: u64) -> u64 {
    let (mut result, mut square) = (1, base % n);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = product(result, square, n);
        }
        square = product(square, square, n);
        exponent /= 2;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_as_the_sieve_says() {
        let mut composite = vec![false; 200_000];
        for n in 2..composite.len() {
            assert_eq!(is_prime(n as u64), !composite[n], "{n}");
            if !composite[n] {
                (n * n..composite.len())
                    .step_by(n)
                    .for_each(|m| composite[m] = true);
            }
        }
        assert!(!is_prime(0) && !is_prime(1));
    }

    /// Carmichael numbers, the least numbers that the first k bases take for primes, and squares.
    #[test]
    fn numbers_that_deceive_fewer_bases() {
        for n in [
            561,
            1_729,
            2_047,
            1_373_653,
            25_326_001,
            3_215_031_751,
            2_152_302_898_747,
            3_474_749_660_383,
            341_550_071_728_321,
            3_825_123_056_546_413_051,
            (1 << 50) - 1,
            4_294_967_291 * 4_294_967_291,
            u64::MAX,
        ] {
            assert!(!is_prime(n), "{n}");
        }
        for n in [
            (1 << 61) - 1,
            1_125_899_904_679_937,
            18_446_744_073_709_551_557,
        ] {
            assert!(is_prime(n), "{n}");
        }
    }
}
