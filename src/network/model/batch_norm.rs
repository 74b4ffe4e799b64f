//! Batch normalisation with fixed statistics: exact numbers, and the enclosure of its scale and shift.

use crate::arith::ball::Enclosed;
use rug::float::Round;
use rug::Float;

/// out = gamma (x - mean) / sqrt(variance + epsilon) + beta, a channel at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Factor of each channel.
    pub gamma: Vec<f64>,
    /// Offset of each channel.
    pub beta: Vec<f64>,
    /// Running mean.
    pub mean: Vec<f64>,
    /// Running variance; variance + epsilon > 0.
    pub variance: Vec<f64>,
    /// The number added to the variance.
    pub epsilon: f64,
}

impl BatchNorm {
    /// Scale and shift of each channel, out = scale x + shift, as enclosures of the exact numbers.
    ///
    /// **Guarantee** the exact scale gamma / sqrt(variance + epsilon) and shift beta - mean scale are
    /// within `radius` of hi + lo (about 2^-106 relative).
    pub fn folded(&self) -> Vec<(Enclosed, Enclosed)> {
        let prec = 300;
        let exact = |x: f64| Float::with_val(prec, x);
        (0..self.gamma.len())
            .map(|c| {
                // 300 bits hold variance + epsilon exactly unless they differ by 2^200; directed
                // rounding covers that too.
                let ends = [Round::Down, Round::Up].map(|round| {
                    let opposite = match round {
                        Round::Down => Round::Up,
                        _ => Round::Down,
                    };
                    let sum = Float::with_val_round(
                        prec,
                        &exact(self.variance[c]) + self.epsilon,
                        opposite,
                    )
                    .0;
                    let root = Float::with_val_round(prec, sum.sqrt_ref(), opposite).0;
                    Float::with_val_round(prec, &exact(1.0) / &root, round).0
                });
                // scale = gamma * [1/root]; the product with an f64 is rounded outward.
                let scale = product(&ends, self.gamma[c]);
                let moved = product(&scale, -self.mean[c]);
                let shift = [
                    Float::with_val_round(prec, &moved[0] + &exact(self.beta[c]), Round::Down).0,
                    Float::with_val_round(prec, &moved[1] + &exact(self.beta[c]), Round::Up).0,
                ];
                (
                    Enclosed::between(&scale[0], &scale[1]),
                    Enclosed::between(&shift[0], &shift[1]),
                )
            })
            .collect()
    }
}

fn product(x: &[Float; 2], factor: f64) -> [Float; 2] {
    let prec = x[0].prec();
    let (lo, hi) = if factor < 0.0 { (1, 0) } else { (0, 1) };
    [
        Float::with_val_round(prec, &x[lo] * factor, Round::Down).0,
        Float::with_val_round(prec, &x[hi] * factor, Round::Up).0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Rational;

    #[test]
    fn folded_batch_norm_holds_the_exact_numbers() {
        let b = BatchNorm {
            gamma: vec![-0.3, 1.0, 0.0],
            beta: vec![0.7, 1e-30, -2.5],
            mean: vec![1e10, -0.125, 3.0],
            variance: vec![0.1, 0.0, 9.0],
            epsilon: 1e-5,
        };
        for (c, (scale, shift)) in b.folded().iter().enumerate() {
            let q = |x: f64| Rational::from_f64(x).unwrap();
            // |scale| = |gamma| / sqrt(v): compare squares, exactly.
            let v = q(b.variance[c]) + q(b.epsilon);
            let square = q(b.gamma[c]).square() / v;
            let mid = q(scale.hi) + q(scale.lo);
            let r = q(scale.radius);
            let far = Rational::from(mid.abs_ref()) + &r;
            let near = Rational::from(mid.abs_ref()) - &r;
            assert!(far.square() >= square);
            assert!(near < 0 || near.square() <= square);
            assert!(scale.radius <= 1e-30 * scale.hi.abs(), "{scale:?}");
            let other = q(b.beta[c]) - q(b.mean[c]) * mid;
            let off = (other - q(shift.hi) - q(shift.lo)).abs();
            assert!(off <= q(shift.radius) + q(b.mean[c]).abs() * r, "{shift:?}");
        }
    }
}
