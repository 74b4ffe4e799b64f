//! Families that are given by formulas: exact coefficients, nothing to search.
//!
//! * f_n and g_n of ePrint 2019/1234: f_n flattens at -1 and 1, g_n has a steep slope at 0.
//! * Cleaning polynomials, f_n carried over to {0, 1}: h_n(x) = (1 + f_n(2x - 1))/2, of degree 2n + 1, with
//!   h_n(x) = x^(n+1) sum_k C(n+k, k) (1-x)^k, so that 0 and 1 are fixed points of order n + 1. h_1 = 3x^2 - 2x^3.
//! * The quadratic Hermite expansion of ReLU with basis-wise normalisation of arXiv 2201.06699.

pub mod kink;

use crate::arith::rounding::nearest_multiple;
use crate::error::{Error, Result};
use rug::{Complete, Float, Integer, Rational};

/// Largest n of f_n, and of cleaning polynomials.
pub const MAX_ORDER: u32 = 15;

/// Numerators of g_n over 2^10 (ePrint 2019/1234), from x upwards by odd powers.
const G: [&[i32]; 4] = [
    &[2126, -1359],
    &[3334, -6108, 3796],
    &[4589, -16577, 25614, -12860],
    &[5850, -34974, 97015, -113492, 46623],
];

/// The stage f_n or g_n named by `f1`..`f15` or `g1`..`g4`, in powers of x.
///
/// # Errors
/// Another name.
///
/// ```
/// use polycert::approx::known::stage;
/// use rug::Rational;
/// let f2: Vec<Rational> = [(0, 1), (15, 8), (0, 1), (-10, 8), (0, 1), (3, 8)].map(Rational::from).into();
/// assert_eq!(stage("f2")?, f2);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn stage(name: &str) -> Result<Vec<Rational>> {
    let number = |prefix: char| -> Option<u32> { name.strip_prefix(prefix)?.parse().ok() };
    if let Some(n @ 1..=MAX_ORDER) = number('f') {
        return Ok(flat(n));
    }
    if let Some(numerators) = number('g').and_then(|n| G.get((n as usize).checked_sub(1)?)) {
        return Ok(odd(numerators.iter().map(|c| Rational::from((*c, 1024)))));
    }
    Err(Error::parse(
        "stages",
        format!("{name:?}; a stage is f1 to f{MAX_ORDER} or g1 to g4"),
    ))
}

fn odd(coefficients: impl Iterator<Item = Rational>) -> Vec<Rational> {
    coefficients.flat_map(|c| [Rational::new(), c]).collect()
}

/// f_n(x) = sum_{i <= n} C(2i, i)/4^i x (1 - x^2)^i.
fn flat(n: u32) -> Vec<Rational> {
    let mut c = vec![Rational::new(); n as usize + 1];
    for i in 0..=n {
        let factor = Rational::from(Integer::binomial_u(2 * i, i).complete()) >> (2 * i);
        for (j, c) in c.iter_mut().enumerate().take(i as usize + 1) {
            let term = Rational::from(&factor * Integer::binomial_u(i, j as u32).complete());
            *c += if j % 2 == 0 { term } else { -term };
        }
    }
    odd(c.into_iter())
}

/// The cleaning polynomial of degree 2n + 1 with fixed points of order n + 1 at 0 and 1, 1 <= n <= 15.
///
/// # Errors
/// Another n.
///
/// ```
/// use polycert::approx::known::cleaning;
/// assert_eq!(cleaning(1)?, [0, 0, 3, -2]);
/// assert_eq!(cleaning(2)?, [0, 0, 0, 10, -15, 6]);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn cleaning(n: u32) -> Result<Vec<Rational>> {
    if !(1..=MAX_ORDER).contains(&n) {
        return Err(Error::domain(format!(
            "a cleaning polynomial has order 2 to {}, not {}",
            MAX_ORDER + 1,
            u64::from(n) + 1
        )));
    }
    // h = x^(n+1) sum_k C(n+k, k) (1-x)^k
    let mut h = vec![Rational::new(); 2 * n as usize + 2];
    for k in 0..=n {
        let factor = Integer::binomial_u(n + k, k).complete();
        for j in 0..=k {
            let term = Integer::binomial_u(k, j).complete() * &factor;
            h[(n + 1 + j) as usize] += if j % 2 == 0 { term } else { -term };
        }
    }
    Ok(h)
}

/// Statistics of the three Hermite bases 1, x, (x^2 - 1)/sqrt 2, and what follows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalisation {
    /// Mean of each basis.
    pub mean: [Rational; 3],
    /// Variance of each basis.
    pub variance: [Rational; 3],
    /// Added to each variance.
    pub epsilon: Rational,
    /// Factor of the sum.
    pub gain: Rational,
    /// Added at the end.
    pub shift: Rational,
}

/// ReLU ~ gain sum_i f_i (h_i(x) - mean_i)/sqrt(variance_i + epsilon) + shift as a quadratic, with the Hermite
/// coefficients f = 1/sqrt(2 pi), 1/2, 1/sqrt(4 pi); coefficients are multiples of 2^-bits.
///
/// **Source**: arXiv 2201.06699.
///
/// # Errors
/// A variance that is not positive together with epsilon.
pub fn hermite(n: &Normalisation, bits: u32) -> Result<Vec<Rational>> {
    let prec = bits + 128;
    let float = |x: &Rational| Float::with_val(prec, x);
    let pi = Float::with_val(prec, rug::float::Constant::Pi);
    let f = [
        (pi.clone() * 2u32).recip_sqrt(),
        Float::with_val(prec, 0.5),
        (pi * 4u32).recip_sqrt(),
    ];
    let root = Float::with_val(prec, 2).sqrt();
    // The bases in powers of x.
    let bases = [
        [
            float(&Rational::from(1)),
            Float::new(prec),
            Float::new(prec),
        ],
        [
            Float::new(prec),
            float(&Rational::from(1)),
            Float::new(prec),
        ],
        [-root.clone() / 2u32, Float::new(prec), root / 2u32],
    ];
    let mut sum = [Float::new(prec), Float::new(prec), float(&Rational::new())];
    for (i, (basis, f)) in bases.into_iter().zip(f).enumerate() {
        let variance = Rational::from(&n.variance[i] + &n.epsilon);
        if variance <= 0u32 {
            return Err(Error::domain(format!(
                "the variance of basis {i} with epsilon is {variance}: it must be above 0"
            )));
        }
        let factor = f * float(&variance).recip_sqrt() * float(&n.gain);
        for (s, b) in sum.iter_mut().zip(basis) {
            *s += b * &factor;
        }
        sum[0] -= float(&n.mean[i]) * factor;
    }
    sum[0] += float(&n.shift);
    let exact = |x: &Float| x.to_rational().unwrap_or_default();
    Ok(sum
        .iter()
        .map(|c| nearest_multiple(&exact(c), -i64::from(bits)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::horner;

    fn ratios(c: &[i32], d: i32) -> Vec<Rational> {
        odd(c.iter().map(|n| Rational::from((*n, d))))
    }

    #[test]
    fn the_published_stages() {
        assert_eq!(stage("f1").unwrap(), ratios(&[3, -1], 2));
        assert_eq!(stage("f3").unwrap(), ratios(&[35, -35, 21, -5], 16));
        assert_eq!(
            stage("f4").unwrap(),
            ratios(&[315, -420, 378, -180, 35], 128)
        );
        assert_eq!(stage("g1").unwrap(), ratios(&[2126, -1359], 1024));
        assert_eq!(
            stage("g4").unwrap(),
            ratios(&[5850, -34974, 97015, -113492, 46623], 1024)
        );
        for name in [
            "f0",
            "f16",
            "g0",
            "g5",
            "h1",
            "f",
            "",
            "f-1",
            "f99999999999",
        ] {
            assert!(stage(name).is_err(), "{name}");
        }
    }

    #[test]
    fn cleaning_is_f_carried_over() {
        for n in 1..=MAX_ORDER {
            let (h, f) = (cleaning(n).unwrap(), flat(n));
            for k in -7..9 {
                let x = Rational::from((k, 5));
                let want = (horner(&f, &(Rational::from(&x * 2u32) - 1u32)) + 1u32) / 2u32;
                assert_eq!(horner(&h, &x), want, "{n}");
            }
        }
        assert!(cleaning(0).is_err() && cleaning(16).is_err());
    }

    #[test]
    fn hermite_without_normalisation_is_the_projection_of_relu() {
        let one = Rational::from(1);
        let mut n = Normalisation {
            mean: [0; 3].map(Rational::from),
            variance: [1; 3].map(Rational::from),
            epsilon: Rational::new(),
            gain: one.clone(),
            shift: Rational::new(),
        };
        let c = hermite(&n, 60).unwrap();
        // 1/sqrt(2 pi) - 1/(2 sqrt(2 pi)), 1/2, 1/(2 sqrt(2 pi)).
        let half = 0.5 / (2.0 * std::f64::consts::PI).sqrt();
        assert!((c[0].to_f64() - half).abs() < 1e-15 && (c[2].to_f64() - half).abs() < 1e-15);
        assert_eq!(c[1], Rational::from((1, 2)));
        n.variance = [1, 4, 9].map(Rational::from);
        n.mean = [1, 2, 3].map(Rational::from);
        n.gain = Rational::from(2);
        n.shift = Rational::from(5);
        let c = hermite(&n, 60).unwrap();
        assert_eq!(c[1], Rational::from((1, 2)));
        let f2 = 1.0 / (4.0 * std::f64::consts::PI).sqrt();
        let want = 5.0 - 2.0 * 0.5 * 2.0 / 2.0 + 2.0 * f2 * (-0.5f64.sqrt() - 3.0) / 3.0;
        assert!((c[0].to_f64() - want).abs() < 1e-14);
        n.variance[0] = Rational::new();
        assert!(hermite(&n, 60).is_err());
    }
}
