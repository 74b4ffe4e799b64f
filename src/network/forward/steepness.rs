//! How steep a stage is: f64 bounds of its terms, its slope and its curvature over a ball of arguments.

use crate::arith::ball::{up, U};
use rug::Rational;

/// Coefficients of P, P' and P'' from the highest power, as f64; of an odd P those of P/y, P' and P''/y in powers of y^2,
/// which are half as many.
#[derive(Debug, Clone)]
pub struct Steepness {
    odd: bool,
    /// One more than the degree.
    terms: usize,
    value: Vec<f64>,
    slope: Vec<f64>,
    curve: Vec<f64>,
    /// Covers the rounding of sums of their terms' sizes: that of n sums and products, and of y^2 to the power n/2.
    cover: f64,
}

/// A square that is no less than this takes no underflow into sums of sizes, which it makes larger only.
const LEAST_SQUARE: f64 = 1e-300;

impl Steepness {
    /// Of a polynomial in powers, from degree 0.
    pub fn new(powers: &[Rational]) -> Self {
        let odd = powers.len() > 1 && powers.iter().step_by(2).all(Rational::is_zero);
        let weighted = |weight: &dyn Fn(f64) -> f64, drop: usize| -> Vec<f64> {
            let all = powers.iter().enumerate().skip(drop);
            let all = all.filter(|(j, _)| !odd || j % 2 == 1);
            let mut list: Vec<f64> = all.map(|(j, c)| c.to_f64() * weight(j as f64)).collect();
            list.reverse();
            list
        };
        Self {
            odd,
            terms: powers.len(),
            value: weighted(&|_| 1.0, 0),
            slope: weighted(&|j| j, 1),
            curve: weighted(&|j| j * (j - 1.0), 2),
            cover: 1.0 + (4.0 * powers.len() as f64 + 32.0) * U,
        }
    }

    /// A sum of sizes in powers of m, or of m^2.
    fn sum(&self, list: &[f64], m: f64) -> f64 {
        let t = if self.odd {
            (m * m).max(LEAST_SQUARE)
        } else {
            m
        };
        list.iter().fold(0.0f64, |s, c| s.mul_add(t, c.abs())) * self.cover
    }

    /// What an odd polynomial's sum is still to be multiplied by.
    fn rest(&self, m: f64) -> f64 {
        if self.odd {
            m
        } else {
            1.0
        }
    }

    /// Number of coefficients, one more than the degree.
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// Upper bound of sum |c_j| m^j, m >= 0.
    pub fn size(&self, m: f64) -> f64 {
        self.sum(&self.value, m) * self.rest(m)
    }

    /// Upper bound of sum j |c_j| m^(j-1).
    pub fn slopes(&self, m: f64) -> f64 {
        self.sum(&self.slope, m)
    }

    /// Upper bound of sum j (j-1) |c_j| m^(j-2).
    pub fn curves(&self, m: f64) -> f64 {
        self.sum(&self.curve, m) * self.rest(m)
    }

    /// P'(y) in f64.
    fn computed(&self, y: f64) -> f64 {
        let t = if self.odd { y * y } else { y };
        self.slope.iter().fold(0.0f64, |s, &c| s.mul_add(t, c))
    }

    /// Upper bound of |P'| wherever the argument is within `drift` of `near`; `slopes` and `curves` are those bounds for a
    /// greatest |argument|.
    ///
    /// The f64 Horner sum is off by at most (cover - 1) of the sum of its terms' sizes; from there the mean value theorem.
    #[inline(always)]
    pub fn over(&self, near: f64, drift: f64, (slopes, curves): (f64, f64)) -> f64 {
        let computed = self.computed(near);
        up(computed.abs() + (self.cover - 1.0) * slopes + drift * curves)
    }

    /// P'(y) in f64, and an upper bound of its distance to the exact slope.
    pub fn slope(&self, y: f64) -> (f64, f64) {
        let computed = self.computed(y);
        (computed, up((self.cover - 1.0) * self.slopes(y.abs())))
    }

    /// P in f64. *Estimate*.
    pub fn estimate(&self, y: f64) -> f64 {
        let t = if self.odd { y * y } else { y };
        self.value.iter().fold(0.0f64, |s, &c| s.mul_add(t, c)) * self.rest(y)
    }

    /// Upper bound of what underflow in products of pairs can move P by, |y| <= m and m >= 1, `tiny` for each (see
    /// [`crate::network::forward::twin`]).
    pub fn underflow(&self, m: f64, tiny: f64) -> f64 {
        let t = if self.odd { m * m } else { m };
        let power = self.slope.iter().fold(tiny, |s, _| s * t);
        (tiny * self.slopes(m) + self.terms as f64 * power) * self.cover
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of sizes are no less than the exact ones, and little more; slopes within what is said. Odd polynomials, and
    /// others, at sizes from where squares underflow up.
    #[test]
    fn sums_hold_the_exact_ones() {
        let c = |j: i64| Rational::from((if j % 4 < 2 { 7 - j } else { j + 3 }, 3 + j));
        for odd in [true, false] {
            let all = (0..10).map(|j| match odd && j % 2 == 0 {
                true => Rational::new(),
                false => c(j),
            });
            let powers: Vec<Rational> = all.collect();
            let steep = Steepness::new(&powers);
            assert_eq!(steep.terms(), 10);
            for y in [0.0, 1e-320, 1e-170, 1e-150, 0.3, 1.0, 1.75, 30.0] {
                let x = Rational::from_f64(y).unwrap();
                let sum = |weight: fn(u32) -> u32, drop: u32, signed: bool| {
                    let mut power = Rational::from(1);
                    let mut sum = Rational::new();
                    for (j, c) in (0..10u32).zip(&powers).skip(drop as usize) {
                        let c = if signed { c.clone() } else { c.clone().abs() };
                        sum += c * weight(j) * &power;
                        power *= &x;
                    }
                    sum
                };
                for (found, exact) in [
                    (steep.size(y), sum(|_| 1, 0, false)),
                    (steep.slopes(y), sum(|j| j, 1, false)),
                    (steep.curves(y), sum(|j| j * (j - 1), 2, false)),
                ] {
                    // Up to a subnormal number, which other terms of a bound cover.
                    assert!(found + 5e-324 >= exact, "{odd} {y}: {found}");
                    assert!(
                        found
                            <= exact * Rational::from((1_000_001, 1_000_000))
                                + Rational::from_f64(1e-290).unwrap()
                    );
                }
                let (slope, off) = steep.slope(y);
                let exact = sum(|j| j, 1, true);
                let miss = Rational::from_f64(slope).unwrap() - exact;
                assert!(miss.abs() <= Rational::from_f64(off).unwrap());
                assert!(steep.underflow(y.max(1.0), 1e-300) >= 10.0 * 1e-300 * y.max(1.0).powi(9));
            }
        }
    }
}
