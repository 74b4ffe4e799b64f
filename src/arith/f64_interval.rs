//! f64 intervals with nothing but IEEE arithmetic and integers: the part of inari's API that is in use,
//! where inari is not to be had. The tightest intervals, bit for bit those of inari.
//!
//! # Why every operation encloses
//! For finite operands `+`, `-`, `*`, `/` and `sqrt` of f64 are the exact result rounded to the nearest, on
//! every target that Rust calls Tier 1 (not on i586, whose x87 rounds twice). So with r the rounded and z
//! the exact result, nothing between r and z is an f64, and rounding up gives
//! ```text
//! z <= r: r        z > r: the next f64 above r
//! ```
//! and rounding down mirrors that. Only whether z <= r has to be found out, exactly:
//! - **a + b**: with |a| >= |b| (Dekker) `e = b - (r - a)` is z - r without an error, subnormal numbers
//!   included, since sums of f64 have no underflow. `r - a` cannot overflow where r did not: it is at most
//!   max(|r|, |a|), as r has the sign of a or is 0.
//! - **a b**: |a| |b| against |r| in integers. An f64 is m 2^e with m < 2^53; a product of two m has at most
//!   106 bits. The places of the leading bits decide, and where they are equal, both are aligned to the
//!   lower exponent: the one with fewer bits is shifted until it has as many as the other, 106 at most.
//!   No exponent is left out: r = 0 and subnormal r, where an error-free product would fail, are compared
//!   like all others.
//! - **a / b**: z <= r is |a| <= |r| |b| for positive z; the same comparison.
//! - **sqrt a**: z <= r is a <= r r; the same comparison.
//!
//! An overflow to +inf stands for an exact result beyond the largest f64: rounded up it is +inf, rounded
//! down it is the largest f64 (-inf mirrors that). Infinite operands are ends of unbounded intervals, never
//! elements: a product of 0 with one is 0 (all elements give 0), a quotient by one is 0 (a limit).
//!
//! Over an interval, each operation is monotone in each operand between sign changes, so its extremes are at
//! ends; which ones follows from signs. An interval is `lo <= hi`, `lo < inf`, `hi > -inf`, or empty, which
//! is two NaN.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, MulAssign, Neg, Sub};

/// A closed interval of real numbers with f64 or infinite ends, or the empty one.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    lo: f64,
    hi: f64,
}

/// Ends that are no interval: out of order, NaN, or infinite on the wrong side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoInterval;

impl std::fmt::Display for NoInterval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the ends are no interval")
    }
}

impl std::error::Error for NoInterval {}

/// An interval, or an error where the ends are none.
macro_rules! interval {
    ($lo:expr, $hi:expr) => {
        $crate::arith::f64_interval::Interval::try_from(($lo, $hi))
    };
}

/// A constant, whose ends are checked at compile time.
macro_rules! const_interval {
    ($lo:expr, $hi:expr) => {
        const { $crate::arith::f64_interval::Interval::constant($lo, $hi) }
    };
}

// With inari only the tests below are compiled with them.
#[cfg_attr(test, allow(unused_imports))]
pub(crate) use {const_interval, interval};

/// Whether these ends are an interval's.
const fn ordered(lo: f64, hi: f64) -> bool {
    lo <= hi && lo != f64::INFINITY && hi != f64::NEG_INFINITY
}

impl TryFrom<(f64, f64)> for Interval {
    type Error = NoInterval;

    fn try_from((lo, hi): (f64, f64)) -> Result<Self, NoInterval> {
        if ordered(lo, hi) {
            Ok(Self { lo, hi })
        } else {
            Err(NoInterval)
        }
    }
}

/// m and e of |x| = m 2^e, m < 2^53, for a finite x.
fn parts(x: f64) -> (u64, i32) {
    let bits = x.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52) as i32 & 0x7ff {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << 52, exponent - 1075),
    }
}

/// |a| |b| against |c|, exactly, for finite numbers.
fn compare_product(a: f64, b: f64, c: f64) -> Ordering {
    let ((a, e), (b, f), (c, g)) = (parts(a), parts(b), parts(c));
    let (product, exponent) = (u128::from(a) * u128::from(b), e + f);
    let c = u128::from(c);
    if product == 0 || c == 0 {
        return product.cmp(&c);
    }
    // One above the place of the leading bit.
    let end = |m: u128, e: i32| 128 - m.leading_zeros() as i32 + e;
    end(product, exponent).cmp(&end(c, g)).then_with(|| {
        // Equal ends: after the shift both have equally many bits.
        if exponent >= g {
            (product << (exponent - g)).cmp(&c)
        } else {
            product.cmp(&(c << (g - exponent)))
        }
    })
}

/// The rounded result, or the one above if the exact one is above it.
fn up(rounded: f64, exact_is_above: impl FnOnce() -> bool) -> f64 {
    if rounded == f64::INFINITY {
        rounded
    } else if rounded == f64::NEG_INFINITY {
        f64::MIN
    } else if exact_is_above() {
        rounded.next_up()
    } else {
        rounded
    }
}

/// a + b rounded up; not inf - inf.
fn sum_up(a: f64, b: f64) -> f64 {
    let sum = a + b;
    if a.is_infinite() || b.is_infinite() {
        return sum;
    }
    up(sum, || {
        let (large, small) = if a.abs() >= b.abs() { (a, b) } else { (b, a) };
        small - (sum - large) > 0.0
    })
}

/// a b rounded up, 0 times an infinity is 0.
fn product_up(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 {
        return 0.0;
    }
    let product = a * b;
    if a.is_infinite() || b.is_infinite() {
        return product;
    }
    up(product, || {
        let larger = compare_product(a, b, product);
        larger
            == if (a < 0.0) == (b < 0.0) {
                Ordering::Greater
            } else {
                Ordering::Less
            }
    })
}

/// a / b rounded up, b not 0; a number by an infinity is 0; not an infinity by an infinity.
fn quotient_up(a: f64, b: f64) -> f64 {
    if a == 0.0 || b.is_infinite() {
        return 0.0;
    }
    let quotient = a / b;
    if a.is_infinite() {
        return quotient;
    }
    up(quotient, || {
        let larger = compare_product(quotient, b, a).reverse();
        larger
            == if (a < 0.0) == (b < 0.0) {
                Ordering::Greater
            } else {
                Ordering::Less
            }
    })
}

fn sum_down(a: f64, b: f64) -> f64 {
    -sum_up(-a, -b)
}

fn product_down(a: f64, b: f64) -> f64 {
    -product_up(-a, b)
}

fn quotient_down(a: f64, b: f64) -> f64 {
    -quotient_up(-a, b)
}

/// Both roundings of the root of a >= 0.
fn roots(a: f64) -> (f64, f64) {
    let root = a.sqrt();
    if root.is_infinite() {
        return (f64::MAX, root);
    }
    match compare_product(root, root, a) {
        Ordering::Less => (root, root.next_up()),
        Ordering::Equal => (root, root),
        Ordering::Greater => (root.next_down(), root),
    }
}

impl Interval {
    /// No number.
    pub const EMPTY: Self = Self {
        lo: f64::NAN,
        hi: f64::NAN,
    };
    /// All real numbers.
    pub const ENTIRE: Self = Self {
        lo: f64::NEG_INFINITY,
        hi: f64::INFINITY,
    };
    const ZERO: Self = Self { lo: 0.0, hi: 0.0 };

    /// Behind `const_interval!`.
    pub(crate) const fn constant(lo: f64, hi: f64) -> Self {
        assert!(ordered(lo, hi), "the ends are no interval");
        Self { lo, hi }
    }

    /// Whether it has no element.
    pub fn is_empty(self) -> bool {
        self.lo.is_nan()
    }

    /// The lower end, -0 for 0; +inf of the empty interval.
    pub fn inf(self) -> f64 {
        if self.is_empty() {
            f64::INFINITY
        } else if self.lo == 0.0 {
            -0.0
        } else {
            self.lo
        }
    }

    /// The upper end, +0 for 0; -inf of the empty interval.
    pub fn sup(self) -> f64 {
        if self.is_empty() {
            f64::NEG_INFINITY
        } else if self.hi == 0.0 {
            0.0
        } else {
            self.hi
        }
    }

    /// The largest absolute value; NaN of the empty interval.
    pub fn mag(self) -> f64 {
        self.lo.abs().max(self.hi.abs())
    }

    /// A number about the middle, no bound; NaN of the empty interval.
    pub fn mid(self) -> f64 {
        match (self.lo == f64::NEG_INFINITY, self.hi == f64::INFINITY) {
            (true, true) => 0.0,
            (true, false) => f64::MIN,
            (false, true) => f64::MAX,
            (false, false) => {
                let mid = 0.5 * (self.lo + self.hi);
                if mid.is_infinite() {
                    0.5 * self.lo + 0.5 * self.hi
                } else if mid == 0.0 {
                    0.0
                } else {
                    mid
                }
            }
        }
    }

    /// Whether no number is in both.
    pub fn disjoint(self, other: Self) -> bool {
        self.is_empty() || other.is_empty() || self.hi < other.lo || other.hi < self.lo
    }

    /// Whether every number of it is in the other.
    pub fn subset(self, other: Self) -> bool {
        self.is_empty() || other.lo <= self.lo && self.hi <= other.hi
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn convex_hull(self, other: Self) -> Self {
        // The minimum of a number and NaN is the number: the empty interval adds nothing.
        Self {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        if self.disjoint(other) {
            return Self::EMPTY;
        }
        Self {
            lo: self.lo.max(other.lo),
            hi: self.hi.min(other.hi),
        }
    }

    /// The larger of any two numbers of both.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::EMPTY;
        }
        Self {
            lo: self.lo.max(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    /// |x|.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.lo < 0.0 && self.hi > 0.0 {
            Self {
                lo: 0.0,
                hi: self.mag(),
            }
        } else if self.lo < 0.0 {
            -self
        } else {
            self
        }
    }

    /// x x.
    #[must_use]
    pub fn sqr(self) -> Self {
        if self.is_empty() {
            return self;
        }
        let x = self.abs();
        Self {
            lo: product_down(x.lo, x.lo),
            hi: product_up(x.hi, x.hi),
        }
    }

    /// The root of what is not negative.
    #[must_use]
    pub fn sqrt(self) -> Self {
        if self.is_empty() || self.hi < 0.0 {
            return Self::EMPTY;
        }
        Self {
            lo: if self.lo <= 0.0 {
                0.0
            } else {
                roots(self.lo).0
            },
            hi: roots(self.hi).1,
        }
    }
}

impl PartialEq for Interval {
    fn eq(&self, other: &Self) -> bool {
        self.is_empty() && other.is_empty() || self.lo == other.lo && self.hi == other.hi
    }
}

impl Neg for Interval {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            lo: -self.hi,
            hi: -self.lo,
        }
    }
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::EMPTY;
        }
        Self {
            lo: sum_down(self.lo, other.lo),
            hi: sum_up(self.hi, other.hi),
        }
    }
}

impl Sub for Interval {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (a, b) = (self, other);
        if a.is_empty() || b.is_empty() {
            return Self::EMPTY;
        }
        if a == Self::ZERO || b == Self::ZERO {
            return Self::ZERO;
        }
        if a.hi <= 0.0 {
            return -(-a * b);
        }
        if b.hi <= 0.0 {
            return -(a * -b);
        }
        // Both upper ends are above 0.
        let (lo, hi) = match (a.lo >= 0.0, b.lo >= 0.0) {
            (true, true) => (product_down(a.lo, b.lo), product_up(a.hi, b.hi)),
            (true, false) => (product_down(a.hi, b.lo), product_up(a.hi, b.hi)),
            (false, true) => (product_down(a.lo, b.hi), product_up(a.hi, b.hi)),
            (false, false) => (
                product_down(a.lo, b.hi).min(product_down(a.hi, b.lo)),
                product_up(a.lo, b.lo).max(product_up(a.hi, b.hi)),
            ),
        };
        Self { lo, hi }
    }
}

impl Div for Interval {
    type Output = Self;

    /// The quotients of all pairs whose divisor is not 0.
    fn div(self, other: Self) -> Self {
        let (a, b) = (self, other);
        if a.is_empty() || b.is_empty() || b == Self::ZERO {
            return Self::EMPTY;
        }
        if a == Self::ZERO {
            return Self::ZERO;
        }
        if b.hi <= 0.0 {
            return -a / -b;
        }
        if b.lo < 0.0 || b.lo == 0.0 && a.lo < 0.0 && a.hi > 0.0 {
            return Self::ENTIRE;
        }
        // b.hi > 0 and b.lo >= 0, where 0 is the limit from above.
        let lo = if a.lo >= 0.0 {
            quotient_down(a.lo, b.hi)
        } else if b.lo == 0.0 {
            f64::NEG_INFINITY
        } else {
            quotient_down(a.lo, b.lo)
        };
        let hi = if a.hi <= 0.0 {
            quotient_up(a.hi, b.hi)
        } else if b.lo == 0.0 {
            f64::INFINITY
        } else {
            quotient_up(a.hi, b.lo)
        };
        Self { lo, hi }
    }
}

impl MulAssign for Interval {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::float::Round;
    use rug::{Float, Rational};

    /// f64 numbers of a fixed seed, biased to the corners.
    struct Numbers(u64);

    impl Numbers {
        fn word(&mut self) -> u64 {
            // splitmix64
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }

        fn below(&mut self, n: u64) -> u64 {
            self.word() % n
        }

        fn number(&mut self) -> f64 {
            const CORNERS: [f64; 12] = [
                0.0,
                1.0,
                2.0,
                3.0,
                0.1,
                f64::MAX,
                f64::MIN_POSITIVE,
                5e-324,
                f64::EPSILON,
                1.5e-162,
                1.4e154,
                f64::INFINITY,
            ];
            let size = match self.below(8) {
                0 | 1 => CORNERS[self.below(12) as usize],
                // A few bits, so that results are exact or halfway; near a corner; subnormal.
                2 => self.below(64) as f64 * 2f64.powi(self.below(40) as i32 - 20),
                3 => {
                    let x = CORNERS[self.below(11) as usize].to_bits();
                    let off = self.below(7);
                    f64::from_bits((x + off).saturating_sub(3).min(f64::MAX.to_bits()))
                }
                4 => f64::from_bits(self.word() >> (12 + self.below(52))),
                // Any exponent; exponents near 1.
                5 => f64::from_bits((self.word() >> 1) % f64::INFINITY.to_bits()),
                _ => f64::from_bits((1008 + self.below(32)) << 52 | self.word() >> 12),
            };
            if self.below(2) == 0 {
                size
            } else {
                -size
            }
        }

        fn interval(&mut self) -> Interval {
            if self.below(40) == 0 {
                return Interval::EMPTY;
            }
            let a = self.number();
            let b = match self.below(4) {
                0 => a,
                1 => a.next_up(),
                _ => self.number(),
            };
            interval!(a.min(b), a.max(b)).unwrap_or(Interval::ENTIRE)
        }
    }

    /// A result must have these bits.
    fn same(got: Interval, ends: (f64, f64), what: &str) {
        let bits = |(lo, hi): (f64, f64)| (lo.to_bits(), hi.to_bits());
        let mine = (got.inf(), got.sup());
        assert_eq!(bits(mine), bits(ends), "{what}: {mine:?}, not {ends:?}");
    }

    /// Both roundings of an exact number.
    fn roundings(exact: &Rational) -> (f64, f64) {
        // MPFR's 53 bits know no subnormal numbers; conversion to f64 rounds once, from an exact value.
        let bits = exact
            .numer()
            .significant_bits()
            .max(exact.denom().significant_bits());
        let scaled = |round: Round| {
            let near = Float::with_val_round(bits.max(64) + 2_300, exact, round).0;
            near.to_f64_round(round)
        };
        (scaled(Round::Down), scaled(Round::Up))
    }

    fn rational(x: f64) -> Rational {
        Rational::from_f64(x).unwrap()
    }

    /// Every operation on single numbers against exact rationals.
    #[test]
    fn single_numbers_are_rounded_as_exact_results_are() {
        let mut numbers = Numbers(1);
        for _ in 0..40_000 {
            let (a, b) = (numbers.number(), numbers.number());
            if a.is_infinite() || b.is_infinite() {
                continue;
            }
            let (x, y) = (rational(a), rational(b));
            let what = format!("{a:e} {b:e}");
            let check = |down: f64, up: f64, exact: Rational| {
                let (lo, hi) = roundings(&exact);
                assert!(
                    down == lo && up == hi,
                    "{what}: {down:e} {up:e}, not {lo:e} {hi:e}"
                );
            };
            check(sum_down(a, b), sum_up(a, b), Rational::from(&x + &y));
            check(
                product_down(a, b),
                product_up(a, b),
                Rational::from(&x * &y),
            );
            if b != 0.0 {
                check(
                    quotient_down(a, b),
                    quotient_up(a, b),
                    Rational::from(&x / &y),
                );
            }
            let (down, up) = roots(a.abs());
            let x = x.abs();
            assert!(
                rational(down).square() <= x && (up.is_infinite() || rational(up).square() >= x)
            );
            assert!(down == up || down.next_up() == up, "{what}");
            assert!(down < up || rational(down).square() == x, "{what}");
        }
    }

    /// Every operation on intervals holds what it must, at their ends and inside.
    #[test]
    fn intervals_hold_the_results_of_their_elements() {
        let mut numbers = Numbers(2);
        for _ in 0..10_000 {
            let (a, b) = (numbers.interval(), numbers.interval());
            let elements = |i: Interval| {
                let inside = [i.lo, i.hi, i.mid(), 0.0, 1.0, -1.0];
                let held = move |x: &f64| x.is_finite() && i.lo <= *x && *x <= i.hi;
                inside.into_iter().filter(held).collect::<Vec<f64>>()
            };
            for x in elements(a) {
                let (u, at) = (rational(x), |i: Interval, v: &Rational| {
                    assert!(*v >= i.lo && *v <= i.hi, "{a:?} {b:?}: {i:?} lacks {v}");
                });
                at(-a, &Rational::from(-&u));
                at(a.abs(), &Rational::from(u.abs_ref()));
                at(a.sqr(), &Rational::from(u.square_ref()));
                let root = a.sqrt();
                if u >= 0 {
                    assert!(rational(root.lo.max(0.0)).square() <= u);
                    assert!(root.hi.is_infinite() || rational(root.hi).square() >= u);
                }
                for y in elements(b) {
                    let v = rational(y);
                    at(a + b, &Rational::from(&u + &v));
                    at(a - b, &Rational::from(&u - &v));
                    at(a * b, &Rational::from(&u * &v));
                    at(a.max(b), if x >= y { &u } else { &v });
                    at(a.convex_hull(b), &v);
                    if v != 0 {
                        at(a / b, &Rational::from(&u / &v));
                    }
                    if x == y {
                        at(a.intersection(b), &u);
                        assert!(!a.disjoint(b));
                    }
                }
                if a.subset(b) {
                    at(b, &u);
                }
            }
        }
    }

    #[test]
    fn ends_that_are_none_are_refused() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (lo, hi) in [
            (1.0, 0.0),
            (inf, inf),
            (-inf, -inf),
            (nan, 0.0),
            (0.0, nan),
            (nan, nan),
        ] {
            assert_eq!(interval!(lo, hi), Err(NoInterval));
        }
        assert_eq!(interval!(-inf, inf), Ok(Interval::ENTIRE));
        same(const_interval!(-1.0, 0.0), (-1.0, 0.0), "constant");
    }

    /// Every operation against inari's, bit for bit.
    #[cfg(all(target_arch = "x86_64", target_feature = "avx", target_feature = "fma"))]
    #[test]
    fn both_places_give_the_same_bits() {
        let theirs = |i: Interval| match i.is_empty() {
            true => inari::Interval::EMPTY,
            false => inari::interval!(i.lo, i.hi).unwrap(),
        };
        let mut numbers = Numbers(3);
        for _ in 0..300_000 {
            let (a, b) = (numbers.interval(), numbers.interval());
            let (x, y) = (theirs(a), theirs(b));
            let mut product = a;
            product *= b;
            for (name, mine, other) in [
                ("add", a + b, x + y),
                ("sub", a - b, x - y),
                ("mul", a * b, x * y),
                ("mul_assign", product, x * y),
                ("div", a / b, x / y),
                ("neg", -a, -x),
                ("sqr", a.sqr(), x.sqr()),
                ("sqrt", a.sqrt(), x.sqrt()),
                ("abs", a.abs(), x.abs()),
                ("max", a.max(b), x.max(y)),
                ("hull", a.convex_hull(b), x.convex_hull(y)),
                ("intersection", a.intersection(b), x.intersection(y)),
                ("entire", Interval::ENTIRE, inari::Interval::ENTIRE),
            ] {
                same(
                    mine,
                    (other.inf(), other.sup()),
                    &format!("{name} {a:?} {b:?}"),
                );
                assert_eq!(mine.is_empty(), other.is_empty());
            }
            let nan_is_nan =
                |u: f64, v: f64| u.to_bits() == v.to_bits() || u.is_nan() && v.is_nan();
            assert!(
                nan_is_nan(a.mag(), x.mag()) && nan_is_nan(a.mid(), x.mid()),
                "{a:?}"
            );
            assert_eq!(a.subset(b), x.subset(y), "{a:?} {b:?}");
            assert_eq!(a.disjoint(b), x.disjoint(y), "{a:?} {b:?}");
            assert_eq!(a == b, x == y, "{a:?} {b:?}");
        }
    }
}
