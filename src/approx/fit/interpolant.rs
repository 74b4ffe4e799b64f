//! Chebyshev interpolants as OpenFHE's `EvalChebyshevFunction` computes them, in f64.
//!
//! With N = degree + 1 nodes x_i = cos(pi (i + 1/2)/N) (b-a)/2 + (b+a)/2 the coefficients are
//! c_j = (2/N) sum_i f(x_i) cos(pi j (i + 1/2)/N), and the series is c_0/2 + sum_{j>0} c_j T_j. The order of
//! operations is OpenFHE's; cos is correctly rounded here, where a C library may be off in the last bit.
//! At a kink or jump of f the interpolant converges slowly or not at all: how slowly is what the certifier says.
//! **Source**: OpenFHE `src/core/lib/math/chebyshev.cpp`.

use crate::error::{Error, Result};
use rug::{Float, Rational};

/// Largest degree: that of a component.
pub const MAX_DEGREE: usize = 255;

/// The coefficients c_0/2, c_1, ..., c_degree of T_j((2x - a - b)/(b - a)), each exactly as the f64 it is.
///
/// **Inputs**: 1 <= degree <= 255; finite a < b; f at the f64 nearest to each node.
///
/// # Errors
/// A degree or interval outside that, what f fails with, or values that are not finite.
///
/// ```
/// use polycert::approx::fit::interpolant::chebyshev;
/// // A line is met: x on [-2, 2] is 2 T_1.
/// let c = chebyshev(Ok, (-2.0, 2.0), 3)?;
/// assert!((c[1].to_f64() - 2.0).abs() < 1e-15 && c[0].to_f64().abs() < 1e-15);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn chebyshev(
    f: impl Fn(f64) -> Result<f64>,
    (a, b): (f64, f64),
    degree: usize,
) -> Result<Vec<Rational>> {
    if !(1..=MAX_DEGREE).contains(&degree) {
        return Err(Error::domain(format!(
            "degree {degree}; interpolants have degree 1 to {MAX_DEGREE}"
        )));
    }
    if !(a < b && a.is_finite() && b.is_finite()) {
        return Err(Error::domain(format!("[{a}, {b}] is no interval")));
    }
    let n = degree + 1;
    let total = n as f64;
    let (half, middle) = (0.5 * (b - a), 0.5 * (b + a));
    let step = std::f64::consts::PI / total;
    let values: Vec<f64> = (0..n)
        .map(|i| f(cos(step * (i as f64 + 0.5)) * half + middle))
        .collect::<Result<_>>()?;
    let factor = 2.0 / total;
    (0..n)
        .map(|j| {
            let terms = values.iter().enumerate();
            let sum = terms.fold(0.0, |sum, (i, value)| {
                sum + value * cos(step * j as f64 * (i as f64 + 0.5))
            });
            let c = sum * factor;
            // Exact: half of an f64.
            let held = if j == 0 { c / 2.0 } else { c };
            let detail = || Error::domain(format!("coefficient {j} is not finite"));
            Rational::from_f64(held).ok_or_else(detail)
        })
        .collect()
}

/// The f64 nearest to cos x.
fn cos(x: f64) -> f64 {
    Float::with_val(53, x).cos().to_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The series meets f at its nodes.
    #[test]
    fn interpolates_at_the_nodes() {
        let (a, b) = (-1.0, 5.0);
        for degree in [1, 5, 27, 59] {
            let c = chebyshev(|x| Ok(x.max(0.0)), (a, b), degree).unwrap();
            assert_eq!(c.len(), degree + 1);
            let n = degree as f64 + 1.0;
            for i in 0..=degree {
                let angle = std::f64::consts::PI * (i as f64 + 0.5) / n;
                let x = angle.cos() * 3.0 + 2.0;
                let terms = c.iter().enumerate();
                let p: f64 = terms
                    .map(|(j, c)| c.to_f64() * (j as f64 * angle).cos())
                    .sum();
                assert!((p - x.max(0.0)).abs() < 1e-13, "{degree} {i}");
            }
        }
    }

    #[test]
    fn limits() {
        assert!(chebyshev(Ok, (-1.0, 1.0), 0).is_err());
        assert!(chebyshev(Ok, (-1.0, 1.0), 256).is_err());
        assert!(chebyshev(Ok, (1.0, 1.0), 5).is_err());
        assert!(chebyshev(|x| Ok(1.0 / (x - x)), (-1.0, 1.0), 5).is_err());
    }
}
