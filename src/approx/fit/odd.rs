//! Odd polynomials `p(x) = x P(x^2)` with multiprecision coefficients.
//!
//! Method: Horner's rule in `t = x^2`. Accuracy: absolute error about
//! `2^-precision * sum |c_j| |x|^(2j+1)`; for minimax polynomials that sum exceeds `max |p|` by at most
//! some `2.6 k` bits (Chebyshev growth `(1 + sqrt 2)^(2k)`), which the fits add to their precision.

use rug::{Assign, Float};

/// An odd polynomial `p(x) = sum_j c_j x^(2j+1)`.
#[derive(Debug, Clone, PartialEq)]
pub struct OddPolynomial {
    coefficients: Vec<Float>,
}

impl OddPolynomial {
    /// The polynomial with the given `c_j`, `j = 0, 1, ...`; the precision is that of `c_0`.
    ///
    /// **Inputs**: at least one coefficient, all of one precision.
    ///
    /// # Panics
    /// If there is no coefficient.
    pub fn new(coefficients: Vec<Float>) -> Self {
        assert!(!coefficients.is_empty(), "an odd polynomial needs a term");
        Self { coefficients }
    }

    /// The coefficients `c_j` of `x^(2j+1)`.
    pub fn coefficients(&self) -> &[Float] {
        &self.coefficients
    }

    /// The formal degree `2k - 1` for `k` coefficients.
    pub fn degree(&self) -> usize {
        2 * self.coefficients.len() - 1
    }

    /// Bits of precision of the coefficients and of every evaluation.
    pub fn precision(&self) -> u32 {
        self.coefficients[0].prec()
    }

    /// The value `p(x)`. *Estimate*: rounded to nearest. **Cost**: `k` products.
    pub fn value(&self, x: &Float) -> Float {
        let t = Float::with_val(self.precision(), x.square_ref());
        self.cofactor(&t) * x
    }

    /// The value `P(t)` of the cofactor in `p(x) = x P(x^2)`. *Estimate*. **Cost**: `k` products.
    pub fn cofactor(&self, t: &Float) -> Float {
        let mut acc = Float::new(self.precision());
        for c in self.coefficients.iter().rev() {
            acc *= t;
            acc += c;
        }
        acc
    }

    /// Value, first and second derivative `(p, p', p'')` at `x`. *Estimate*. **Cost**: `3k` products.
    ///
    /// From `p = x P`, `p' = P + 2 t P'`, `p'' = x (6 P' + 4 t P'')` with derivatives of `P` in `t`.
    pub fn jet(&self, x: &Float) -> [Float; 3] {
        let prec = self.precision();
        let t = Float::with_val(prec, x.square_ref());
        let (mut p0, mut p1, mut p2) = (Float::new(prec), Float::new(prec), Float::new(prec));
        // Taylor-Horner: p2 collects P''/2.
        for c in self.coefficients.iter().rev() {
            p2 *= &t;
            p2 += &p1;
            p1 *= &t;
            p1 += &p0;
            p0 *= &t;
            p0 += c;
        }
        let value = Float::with_val(prec, &p0 * x);
        let mut second = Float::with_val(prec, &p2 * &t) * 8u32;
        let mut first = Float::with_val(prec, &p1 * &t) * 2u32;
        first += &p0;
        p1 *= 6u32;
        second += &p1;
        second *= x;
        [value, first, second]
    }

    /// The coefficients `q_j = (2j+1) c_j` of `Q`, where `p'(x) = Q(x^2)`.
    pub(crate) fn derivative_cofactor(&self) -> Vec<Float> {
        (1u32..)
            .step_by(2)
            .zip(&self.coefficients)
            .map(|(odd, c)| Float::with_val(c.prec(), c * odd))
            .collect()
    }
}

/// Value and derivative of a power series in `t`, written into `value` and `slope`.
pub(crate) fn horner_with_slope(
    coefficients: &[Float],
    t: &Float,
    value: &mut Float,
    slope: &mut Float,
) {
    value.assign(0);
    slope.assign(0);
    for c in coefficients.iter().rev() {
        *slope *= t;
        *slope += &*value;
        *value *= t;
        *value += c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// p = 2x - 3x^3 + x^5 at x = 3: 168, p' = 2 - 81 + 405, p'' = -54 + 540.
    #[test]
    fn jet_of_a_small_polynomial() {
        let f = |v: i32| Float::with_val(64, v);
        let p = OddPolynomial::new(vec![f(2), f(-3), f(1)]);
        assert_eq!(p.degree(), 5);
        assert_eq!(p.value(&f(3)), 168);
        assert_eq!(p.jet(&f(3)), [f(168), f(326), f(486)]);
        let (mut value, mut slope) = (f(0), f(0));
        horner_with_slope(&p.derivative_cofactor(), &f(9), &mut value, &mut slope);
        // Q(t) = 2 - 9 t + 5 t^2.
        assert_eq!((value, slope), (f(326), f(81)));
    }
}
