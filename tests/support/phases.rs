//! Exact arithmetic on phases: polynomials of integers, compared mod Q_l. Products are GMP's (Kronecker
//! substitution).

use rug::{Integer, Rational};

/// The representative of x mod q nearest to 0.
pub fn centre(x: &Integer, q: &Integer) -> Integer {
    let mut r = Integer::from(x % q);
    if r < 0 {
        r += q;
    }
    if Integer::from(&r << 1u32) > *q {
        r -= q;
    }
    r
}

/// x = y mod q, in every coefficient.
#[track_caller]
pub fn same(x: &[Integer], y: &[Integer], q: &Integer) {
    assert_eq!(x.len(), y.len());
    for (i, (x, y)) in x.iter().zip(y).enumerate() {
        assert!(Integer::from(x - y).is_divisible(q), "coefficient {i}");
    }
}

/// x - y mod q: at most the bound in every coefficient, and not 0 where noise is expected.
#[track_caller]
pub fn close(x: &[Integer], y: &[Integer], q: &Integer, bound: &Rational) -> Vec<Integer> {
    let off = zip(x, y, |x, y| centre(&Integer::from(x - y), q));
    let largest = off.iter().map(|x| Integer::from(x.abs_ref())).max();
    let largest = largest.unwrap_or_default();
    assert!(
        largest <= *bound,
        "noise {largest} exceeds {}",
        bound.to_f64()
    );
    assert!(largest > 0, "no noise at all");
    off
}

/// f of every pair of coefficients.
pub fn zip(
    x: &[Integer],
    y: &[Integer],
    f: impl Fn(&Integer, &Integer) -> Integer,
) -> Vec<Integer> {
    x.iter().zip(y).map(|(x, y)| f(x, y)).collect()
}

/// x + y.
pub fn sum(x: &[Integer], y: &[Integer]) -> Vec<Integer> {
    zip(x, y, |x, y| Integer::from(x + y))
}

/// x - y.
pub fn difference(x: &[Integer], y: &[Integer]) -> Vec<Integer> {
    zip(x, y, |x, y| Integer::from(x - y))
}

/// c x.
pub fn times(x: &[Integer], c: &Integer) -> Vec<Integer> {
    x.iter().map(|x| Integer::from(x * c)).collect()
}

/// x y mod X^N + 1, by one product of long integers.
pub fn product(x: &[Integer], y: &[Integer]) -> Vec<Integer> {
    let n = x.len();
    let bits = |v: &[Integer]| v.iter().map(Integer::significant_bits).max().unwrap();
    let width = bits(x) + bits(y) + n.ilog2() + 3;
    let pack = |v: &[Integer]| {
        let mut parts: Vec<Integer> = v.to_vec();
        let mut width = width;
        while parts.len() > 1 {
            parts = parts
                .chunks(2)
                .map(|c| Integer::from(&c[1] << width) + &c[0])
                .collect();
            width *= 2;
        }
        parts.pop().unwrap()
    };
    let mut parts = vec![pack(x) * pack(y)];
    // Split into 2n signed digits of `width` bits.
    let mut count = 2 * n;
    while count > 1 {
        count /= 2;
        let at = width * count as u32;
        let half = Integer::from(1) << (at - 1);
        parts = parts
            .into_iter()
            .flat_map(|p| {
                let low = Integer::from(&p + &half).keep_bits(at) - &half;
                let high = Integer::from(&p - &low) >> at;
                [low, high]
            })
            .collect();
    }
    (0..n)
        .map(|i| Integer::from(&parts[i] - &parts[i + n]))
        .collect()
}

/// X -> X^g on coefficients.
pub fn automorphism(x: &[Integer], g: u64) -> Vec<Integer> {
    let n = x.len();
    let mut out = vec![Integer::new(); n];
    for (i, x) in x.iter().enumerate() {
        let e = (i as u64 * g % (2 * n as u64)) as usize;
        out[e % n] = if e >= n { Integer::from(-x) } else { x.clone() };
    }
    out
}

/// 1 + 2^-30: what the representatives near D/2 may exceed.
pub fn almost_one() -> Rational {
    Rational::from(1) + Rational::from((1, 1u32 << 30))
}
