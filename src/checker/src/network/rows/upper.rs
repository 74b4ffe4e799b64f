//! Nonnegative numbers that are only ever rounded up: m 2^e with m of 63 bits, or infinity.
//!
//! A bound that is infinite says nothing (it is vacuous); every operation keeps it infinite.

use crate::core::number::Rational;
use num_bigint::BigInt;
use num_traits::ToPrimitive;

/// Beyond 2^this a number is infinite, and below 2^-this it is rounded up to 2^-this.
const RANGE: i64 = 1 << 20;
const BITS: u32 = 63;

/// An upper bound. In order of size: exponent first (0 has the least, infinity the greatest), then mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Upper {
    exponent: i64,
    /// 0, or from 2^62 up to 2^63 - 1.
    mantissa: u64,
}

impl Upper {
    pub(crate) const ZERO: Self = Self {
        exponent: i64::MIN,
        mantissa: 0,
    };
    pub(crate) const ONE: Self = Self {
        exponent: 1 - BITS as i64,
        mantissa: 1 << (BITS - 1),
    };
    pub(crate) const INFINITE: Self = Self {
        exponent: i64::MAX,
        mantissa: 1 << (BITS - 1),
    };

    /// m 2^e, rounded up.
    pub(crate) fn new(m: u128, e: i64) -> Self {
        if m == 0 {
            return Self::ZERO;
        }
        let bits = u128::BITS - m.leading_zeros();
        let (mut m, mut e) = if bits <= BITS {
            let up = BITS - bits;
            (m << up, e.saturating_sub(i64::from(up)))
        } else {
            let down = bits - BITS;
            // Below 2^65, whatever is added.
            (((m - 1) >> down) + 1, e.saturating_add(i64::from(down)))
        };
        if m >> BITS != 0 {
            // Rounded up to 2^63 exactly.
            (m, e) = (m >> 1, e.saturating_add(1));
        }
        match u64::try_from(m) {
            Ok(mantissa) if e <= RANGE => Self {
                mantissa,
                exponent: e.max(-RANGE),
            },
            _ => Self::INFINITE,
        }
    }

    /// 2^e.
    pub(crate) fn power(e: i64) -> Self {
        Self::new(1, e)
    }

    /// |x| / 2^f, rounded up.
    pub(crate) fn fixed(x: &BigInt, f: u64) -> Self {
        let x = x.magnitude();
        let down = x.bits().saturating_sub(100);
        let kept = (x >> down).to_u128().unwrap_or(u128::MAX);
        let lost = u128::from(x.trailing_zeros().is_some_and(|zeros| zeros < down));
        let e = i64::try_from(down)
            .ok()
            .zip(i64::try_from(f).ok())
            .map(|(down, f)| down - f);
        e.map_or(Self::INFINITE, |e| Self::new(kept + lost, e))
    }

    /// A nonnegative rational, rounded up (|x| of others).
    pub(crate) fn rational(x: &Rational) -> Self {
        // As many bits as leave a quotient of 100.
        let bits = x.denom().bits() + 100;
        Self::fixed(&x.abs().ceil_at(bits), bits)
    }

    pub(crate) fn is_infinite(self) -> bool {
        self == Self::INFINITE
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let (large, small) = (self.max(other), self.min(other));
        if small.mantissa == 0 || large.is_infinite() {
            return large;
        }
        let apart = large.exponent.saturating_sub(small.exponent).min(64);
        // Farther apart than that, the smaller one is below 2^(large.exponent - 2), and one unit of
        // 2^(large.exponent - 64) makes the sum of 63 bits round up by a whole 2^large.exponent.
        let shifted = match large.exponent - small.exponent <= 64 {
            true => u128::from(small.mantissa),
            false => 1,
        };
        let m = (u128::from(large.mantissa) << apart) + shifted;
        Self::new(m, large.exponent - apart)
    }

    pub(crate) fn times(self, other: Self) -> Self {
        if self.mantissa == 0 || other.mantissa == 0 {
            return Self::ZERO;
        }
        if self.is_infinite() || other.is_infinite() {
            return Self::INFINITE;
        }
        let m = u128::from(self.mantissa) * u128::from(other.mantissa);
        Self::new(m, self.exponent + other.exponent)
    }

    /// The square root.
    pub(crate) fn root(self) -> Self {
        if self.mantissa == 0 || self.is_infinite() {
            return self;
        }
        // m 2^e = (m 2^k) 2^(e - k), e - k even.
        let k = if self.exponent % 2 == 0 { 60 } else { 61 };
        let m = u128::from(self.mantissa) << k;
        let root = m.isqrt();
        Self::new(root + u128::from(root * root < m), (self.exponent - k) / 2)
    }

    /// x 2^bits rounded up to an integer, if that is below 2^120.
    pub(crate) fn ceil_at(self, bits: u32) -> Option<i128> {
        if self.mantissa == 0 {
            return Some(0);
        }
        if self.is_infinite() {
            return None;
        }
        let e = self.exponent + i64::from(bits);
        let m = i128::from(self.mantissa);
        match u32::try_from(e) {
            Ok(up) if up <= 57 => Some(m << up),
            Ok(_) => None,
            Err(_) => Some(match u32::try_from(-e) {
                Ok(down) if down < 63 => ((m - 1) >> down) + 1,
                _ => 1,
            }),
        }
    }

    /// e such that it is at most 2^bits units of 2^e (0: any).
    pub(crate) fn unit(self, bits: u32) -> i64 {
        match self.mantissa {
            0 => 0,
            _ => self.exponent.saturating_add(i64::from(BITS - bits)),
        }
    }

    /// x in units of 2^e, rounded up, if that is below 2^62.
    pub(crate) fn units(self, e: i64) -> Option<i64> {
        if self.mantissa == 0 {
            return Some(0);
        }
        let m = self.mantissa;
        match u32::try_from(e.checked_sub(self.exponent)?) {
            Ok(down @ 1..=62) => i64::try_from(((m - 1) >> down) + 1).ok(),
            Ok(63..) => Some(1),
            _ => None,
        }
    }

    /// The exact value; none if it is infinite or out of a document's range.
    pub(crate) fn exact(self) -> Option<Rational> {
        if self.mantissa == 0 {
            return Some(Rational::integer(0));
        }
        let m = BigInt::from(self.mantissa);
        let size = self.exponent.unsigned_abs();
        match (size <= 8_192, self.exponent >= 0) {
            (false, _) => None,
            (true, true) => Some(Rational::integer(m << size)),
            (true, false) => Some(Rational::dyadic(m, size)),
        }
    }

    /// The exact value as a dyadic m*2^e, if a document may hold it.
    pub(crate) fn text(self) -> Option<String> {
        if self.mantissa == 0 {
            return Some("0".to_owned());
        }
        let zeros = self.mantissa.trailing_zeros();
        let e = self.exponent.checked_add(i64::from(zeros))?;
        match (self.mantissa, e) {
            (m, -4_096..=4_096) => Some(format!("{}*2^{e}", m >> zeros)),
            _ => None,
        }
    }

    /// Whether it is at most a stated number; a nonzero one below 2^-8000 is as good as 2^-8000.
    pub(crate) fn is_at_most(self, stated: &Rational) -> bool {
        let known = match self == Self::ZERO {
            true => self,
            false => self.max(Self::power(-8_000)),
        };
        known.exact().is_some_and(|x| x <= *stated)
    }

    /// A number not below it with 24 bits, for a certificate.
    pub(crate) fn short(self) -> Self {
        let m = u128::from(self.mantissa);
        if m == 0 || self.is_infinite() {
            return self;
        }
        let down = BITS - 24;
        Self::new((((m - 1) >> down) + 1) << down, self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(x: Upper) -> Rational {
        x.exact().unwrap()
    }

    #[test]
    fn operations_are_not_below_the_exact_result_and_close_to_it() {
        let mut seed = 7_u64;
        let mut random = move || {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            seed >> 20
        };
        let slack = Rational::raw((BigInt::from(1) << 60) + 1, BigInt::from(1) << 60);
        for _ in 0..3_000 {
            let mut draw = || {
                let e = (random() % 300) as i64 - 150;
                let m = random() >> (random() % 44);
                Upper::new(u128::from(m), e)
            };
            let (a, b) = (draw(), draw());
            let (x, y) = (exact(a), exact(b));
            for (got, want) in [(a.plus(b), x.plus(&y)), (a.times(b), x.times(&y))] {
                assert!(want <= exact(got) && exact(got) <= want.times(&slack));
            }
            let root = exact(a.root());
            assert!(x <= root.times(&root) && root.times(&root) <= x.times(&slack).times(&slack));
            assert_eq!(a <= b, x <= y);
            if let Some(n) = a.ceil_at(40) {
                assert_eq!(BigInt::from(n), x.ceil_at(40));
            } else {
                assert!(x.ceil_at(40).bits() > 119);
            }
            let read = Rational::parse(&a.text().unwrap(), &crate::core::budget::Budget::new());
            assert_eq!(read.unwrap(), x);
            assert!(a.is_at_most(&x) && a.is_at_most(&exact(a.short())));
            assert!(
                a == Upper::ZERO || !a.is_at_most(&x.times(&Rational::raw(9.into(), 10.into())))
            );
        }
    }

    #[test]
    fn ends_of_the_range() {
        let (zero, inf) = (Upper::ZERO, Upper::INFINITE);
        assert_eq!(inf.plus(zero), inf);
        assert_eq!(inf.times(Upper::power(-5)), inf);
        assert_eq!(
            Upper::power(1 << 19)
                .times(Upper::power(1 << 19))
                .times(Upper::power(99)),
            inf
        );
        assert_eq!(inf.ceil_at(3), None);
        assert!(!inf.is_at_most(&Rational::integer(BigInt::from(1) << 4096)));
        let tiny = Upper::power(-(1 << 20)).times(Upper::power(-(1 << 20)));
        assert!(tiny > zero && !tiny.is_at_most(&Rational::integer(0)));
        assert!(tiny.is_at_most(&Rational::dyadic(1.into(), 8_000)));
        assert_eq!(tiny.ceil_at(100), Some(1));
        assert_eq!(
            exact(Upper::fixed(&BigInt::from(-3), 1)),
            Rational::raw(3.into(), 2.into())
        );
        assert!(Upper::rational(&Rational::raw(1.into(), 3.into()))
            .is_at_most(&Rational::raw(1_000_001.into(), 3_000_000.into())));
        assert_eq!(
            exact(Upper::new(u128::MAX, 0)),
            Rational::integer(BigInt::from(1) << 128)
        );
    }
}
