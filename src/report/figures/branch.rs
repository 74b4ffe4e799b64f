//! One side of a composite, evaluated at single points in intervals.
//!
//! The certifier's own branch boxes all critical points first; a plot needs none, and must not take long
//! for a certificate that somebody else made. A stage's reach is found by running points through the stages
//! before it; a value that goes further is refused, so that the rounding bounds hold.

use crate::arith::mp::{max, Mp};
use crate::certify::stage::polynomial::Polynomial;
use crate::error::{Error, Result};
use crate::poly::composite::Branch as Exact;
use crate::poly::composite::Side;
use rug::float::Round;
use rug::Float;

/// Points run through the stages.
const SCOUTS: u32 = 256;
/// Stage values beyond this are refused.
const MAX_VALUE: f64 = 1e15;

/// q_s on one side, at one precision.
#[derive(Debug, Clone)]
pub struct Branch {
    /// The side it speaks about.
    pub side: Side,
    /// Working precision in bits.
    pub prec: u32,
    /// F, F', F'' of every stage.
    stages: Vec<[Polynomial; 3]>,
}

impl Branch {
    /// Prepares a branch for y in [0, end].
    ///
    /// **Cost** some 256 evaluations.
    ///
    /// # Errors
    /// A stage's values run beyond 1e15.
    pub fn new(exact: &Exact, end: &Float, prec: u32) -> Result<Self> {
        let mut points: Vec<Float> = (0..=SCOUTS)
            .map(|i| Float::with_val(prec, end * i) / SCOUTS)
            .collect();
        // Humps lie near 0.
        points.extend((1..40u32).map(|i| Float::with_val(prec, end >> i)));
        let mut stages: Vec<[Polynomial; 3]> = Vec::with_capacity(exact.stages.len());
        for (i, coefficients) in exact.stages.iter().enumerate() {
            let largest = points
                .iter()
                .fold(Float::new(prec), |m, y| max(m, y.clone().abs()));
            let reach = 1.25 * largest.to_f64_round(Round::Up);
            if reach.is_nan() || reach > MAX_VALUE {
                let detail = format!(
                    "the inputs of stage {} reach {reach:.3e}, the limit is {MAX_VALUE:e}",
                    i + 1
                );
                return Err(Error::unsupported(detail));
            }
            let f = Polynomial::new(coefficients.clone(), prec, reach.max(f64::MIN_POSITIVE));
            let slope = f.derivative();
            let curvature = slope.derivative();
            points = points.iter().map(|y| f.approximate(y)).collect();
            stages.push([f, slope, curvature]);
        }
        Ok(Self {
            side: exact.side,
            prec,
            stages,
        })
    }

    /// **Guarantee** an interval that holds q over a narrow interval.
    ///
    /// # Errors
    /// A stage's value goes beyond what was prepared, or its rounding cannot be bounded.
    pub fn at(&self, y: &Mp) -> Result<Mp> {
        let mut at = y.clone();
        for (i, [f, slope, curvature]) in self.stages.iter().enumerate() {
            let size = at.magnitude().to_f64_round(Round::Up);
            let known = size.is_finite()
                && f.bound_error(size).is_finite()
                && curvature.bound_magnitude(size).is_finite();
            if !known || size > f.reach() {
                let detail = format!("stage {} runs away at y = {:e}", i + 1, y.lo.to_f64());
                return Err(Error::unsupported(detail));
            }
            (at, _) = f.on_narrow(&at, slope, curvature);
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::Composite;
    use rug::Rational;

    #[test]
    fn values_are_enclosed() {
        let q = |v: &[i32]| {
            v.iter()
                .map(|&v| Rational::from((v, 8)))
                .collect::<Vec<_>>()
        };
        let odd = vec![q(&[0, 15, 0, -10, 0, 3]), q(&[0, 12, 0, -4])];
        let mixed = vec![q(&[1, 15, 0, -10, 0, 3]), q(&[0, 12, 1, -4])];
        for stages in [odd, mixed] {
            for exact in Composite::from_stages(stages).branches {
                let branch = Branch::new(&exact, &Float::with_val(128, 1), 128).unwrap();
                for i in 0..=50 {
                    let y = Float::with_val(128, f64::from(i) / 50.0);
                    let got = branch.at(&Mp::exact(&y)).unwrap();
                    let want = exact.eval_exact(&y.to_rational().unwrap());
                    assert!(got.lo <= want && want <= got.hi && got.ball().1 < 1e-30);
                }
                // Far outside no bound is known.
                assert!(branch.at(&Mp::int(128, 9)).is_err());
            }
        }
    }
}
