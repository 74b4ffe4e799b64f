//! One polynomial at a working precision, evaluated with an a-priori rounding bound.
//!
//! # Method
//! Horner's scheme in rounded-to-nearest floats of `prec` bits, in t = y^2 for even and odd
//! polynomials. With u = 2^-prec every intermediate operation and every coefficient has relative
//! error at most u (MPFR has no underflow here), so each monomial's contribution carries at most
//! 2n+4 factors (1 + d), |d| <= u: coefficient 1, multiplications and additions 2n, the square of y
//! at most n/2 times, the last product 1. Hence |computed - exact| <= (2n + 8) u sum |c_i| |y|^i,
//! with room to spare for (2n+4) u < 1/100. The sum is bounded beforehand, for |y| up to the reach,
//! its half, its quarter and so on.
//!
//! # Accuracy
//! About prec - log2(sum |c_i| |y|^i) correct fractional bits: a power basis of degree 29 loses
//! some 33 bits, which is why f64 does not suffice.

use crate::arith::mp::Mp;
use rug::ops::MulAssignRound;
use rug::{float::Round, Float, Integer, Rational};

/// Which powers occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parity {
    Even,
    Odd,
    Mixed,
}

/// sum c_i y^i with exact coefficients, for |y| <= `reach`.
#[derive(Debug, Clone)]
pub struct Polynomial {
    /// Exact coefficients from degree 0 upwards; at least one.
    pub exact: Vec<Rational>,
    /// Nearest f64 coefficients, for searches that prove nothing.
    estimate: Vec<f64>,
    parity: Parity,
    /// Rounded coefficients; only every second one when a parity holds.
    rounded: Vec<Float>,
    prec: u32,
    /// Bounds for |y| <= reach, reach/2, reach/4, ...: a stage may be asked for on a wide interval,
    /// and yet its critical points lie near 0.
    levels: [Reached; LEVELS],
}

/// How many times the reach is halved.
const LEVELS: usize = 48;

/// What holds for |y| <= reach.
#[derive(Debug, Clone, Copy)]
struct Reached {
    reach: f64,
    /// Bound of |F|: sum |c_i| reach^i.
    bound_magnitude: f64,
    /// Bound of |computed - exact|.
    bound_error: f64,
}

impl Polynomial {
    /// Prepares evaluation for |y| <= `reach` at `prec` bits.
    pub fn new(exact: Vec<Rational>, prec: u32, reach: f64) -> Self {
        let zero_at = |first: usize| exact.iter().skip(first).step_by(2).all(Rational::is_zero);
        let parity = match (zero_at(0), zero_at(1)) {
            (_, true) => Parity::Even,
            (true, false) => Parity::Odd,
            _ => Parity::Mixed,
        };
        let (skip, step) = match parity {
            Parity::Even => (0, 2),
            Parity::Odd => (1, 2),
            Parity::Mixed => (0, 1),
        };
        let rounded = exact
            .iter()
            .skip(skip)
            .step_by(step)
            .map(|c| Float::with_val(prec, c))
            .collect();
        let estimate: Vec<f64> = exact
            .iter()
            .map(|c| Float::with_val(53, c).to_f64())
            .collect();
        let mut level = reach;
        let levels = [(); LEVELS].map(|()| {
            let here = Reached::new(&estimate, prec, level);
            level /= 2.0;
            here
        });
        Self {
            exact,
            estimate,
            parity,
            rounded,
            prec,
            levels,
        }
    }

    /// The derivative, prepared in the same way.
    pub fn derivative(&self) -> Self {
        Self::new(differentiate(&self.exact), self.prec, self.reach())
    }

    /// Working precision in bits.
    pub fn prec(&self) -> u32 {
        self.prec
    }

    /// Largest |y| that evaluation is prepared for.
    pub fn reach(&self) -> f64 {
        self.levels[0].reach
    }

    /// The tightest level that holds |y|.
    fn level(&self, y: f64) -> &Reached {
        let y = y.abs();
        // The exponent of reach/|y| is the index, but for rounding.
        let exponent = ((self.reach() / y).to_bits() >> 52) as usize;
        let index = exponent.saturating_sub(1_023).min(LEVELS - 1);
        let holds = y <= self.levels[index].reach;
        &self.levels[if holds {
            index
        } else {
            index.saturating_sub(1)
        }]
    }

    /// Upper bound of |F| over |x| <= |y| (coarse: no cancellation); |y| <= reach, rounded upward.
    pub fn bound_magnitude(&self, y: f64) -> f64 {
        self.level(y).bound_magnitude
    }

    /// Upper bound of |approximate(x) - F(x)| over |x| <= |y|; |y| <= reach, rounded upward.
    pub fn bound_error(&self, y: f64) -> f64 {
        self.level(y).bound_error
    }

    /// F(y) in f64, an estimate.
    pub fn estimate(&self, y: f64) -> f64 {
        match self.parity {
            Parity::Mixed => self
                .estimate
                .iter()
                .rev()
                .fold(0.0, |s, c| s.mul_add(y, *c)),
            parity => {
                let (t, first) = (y * y, usize::from(parity == Parity::Odd));
                let s = self
                    .estimate
                    .iter()
                    .skip(first)
                    .step_by(2)
                    .rev()
                    .fold(0.0, |s: f64, c| s.mul_add(t, *c));
                if first == 1 {
                    s * y
                } else {
                    s
                }
            }
        }
    }

    /// F(y) at working precision, rounded to nearest in every step: an estimate.
    pub fn approximate(&self, y: &Float) -> Float {
        let mut acc = Float::new(self.prec);
        let mut steps = self.rounded.iter().rev();
        if let Some(first) = steps.next() {
            acc.clone_from(first);
        }
        if self.parity == Parity::Mixed {
            for c in steps {
                acc *= y;
                acc += c;
            }
        } else {
            let t = Float::with_val(self.prec, y.square_ref());
            for c in steps {
                acc *= &t;
                acc += c;
            }
            if self.parity == Parity::Odd {
                acc *= y;
            }
        }
        acc
    }

    /// **Guarantee** an interval that holds F(y), for one exact y with |y| <= reach.
    pub fn at(&self, y: &Float) -> Mp {
        let size = y.to_f64_round(Round::AwayZero).abs();
        debug_assert!(size <= self.reach());
        if y.is_zero() && self.exact[0].is_zero() {
            return Mp::exact(&Float::new(self.prec));
        }
        Mp::around(self.approximate(y), self.bound_error(size))
    }

    /// F and F' over a narrow interval; `slope` is F', `curvature` F''.
    ///
    /// **Guarantee** intervals that hold F(y) and F'(y) for every y in it: values at the midpoint m,
    /// widened by |F'(y) - F'(m)| <= r B and |F(y) - F(m)| <= r (|F'(m)| + r B), where B bounds |F''|
    /// coarsely. Tight to r^2.
    pub fn on_narrow(&self, y: &Mp, slope: &Self, curvature: &Self) -> (Mp, Mp) {
        let (m, r) = y.ball();
        let (mut value, mut steepness) = (self.at(&m), slope.at(&m));
        if r > 0.0 {
            let up = |x: &mut Float, f: f64| x.mul_assign_round(f, Round::Up);
            let size = y.magnitude().to_f64_round(Round::Up);
            let mut bend = Float::with_val(self.prec, r);
            up(&mut bend, curvature.bound_magnitude(size));
            steepness = steepness.widened(&bend);
            let mut spread = steepness.magnitude();
            up(&mut spread, r);
            value = value.widened(&spread);
        }
        (value, steepness)
    }

    /// Coefficients as integers over a common denominator (which is dropped: signs and roots stay).
    pub fn integers(&self) -> Vec<Integer> {
        let mut common = Integer::from(1);
        for c in &self.exact {
            common.lcm_mut(c.denom());
        }
        let over = |c: &Rational| Integer::from(&common / c.denom()) * c.numer();
        self.exact.iter().map(over).collect()
    }
}

impl Reached {
    fn new(estimate: &[f64], prec: u32, reach: f64) -> Self {
        // |c| <= |estimate| (1 + 2^-52) plus the least positive f64, and 2n roundings of at most
        // 2^-53 each: the factor and the summand below are far larger.
        let sum = estimate
            .iter()
            .rev()
            .fold(0.0f64, |s, c| s.mul_add(reach, c.abs() + f64::MIN_POSITIVE));
        let bound_magnitude = sum * (1.0 + 1e-12) + f64::MIN_POSITIVE;
        let unit = 2.0f64.powi(-(prec.min(1_000) as i32));
        let steps = 2.0 * estimate.len() as f64 + 8.0;
        let bound_error = (steps * unit * bound_magnitude * (1.0 + 1e-12)).max(f64::MIN_POSITIVE);
        Self {
            reach,
            bound_magnitude,
            bound_error,
        }
    }
}

/// Exact coefficients of the derivative; at least one.
pub fn differentiate(p: &[Rational]) -> Vec<Rational> {
    if p.len() < 2 {
        return vec![Rational::new()];
    }
    p.iter()
        .enumerate()
        .skip(1)
        .map(|(i, c)| Rational::from(c * (i as u32)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::horner;

    #[test]
    fn enclosures_hold_exact_values() {
        // Alternating large coefficients, so that Horner cancels; even, odd and mixed.
        for skip in [0usize, 1, 2] {
            let exact: Vec<Rational> = (0..24i64)
                .map(|i| {
                    let zero = skip < 2 && i as usize % 2 == skip;
                    if zero {
                        Rational::new()
                    } else {
                        Rational::from(((i * i * 7919 - 2_000_003) * (1 - i % 2 * 2), 3 + i))
                    }
                })
                .collect();
            for prec in [64, 128] {
                let p = Polynomial::new(exact.clone(), prec, 1.5);
                let (d, dd) = (p.derivative(), p.derivative().derivative());
                for n in -30..=30 {
                    let y = Rational::from((n, 20));
                    let f = Float::with_val(prec, &y);
                    let y = f.to_rational().unwrap();
                    let want = horner(&exact, &y);
                    let got = p.at(&f);
                    assert!(got.lo <= want && got.hi >= want);
                    let wide = Mp::around(f, 1e-12);
                    let (got, _) = p.on_narrow(&wide, &d, &dd);
                    for end in [&wide.lo, &wide.hi] {
                        let want = horner(&exact, &end.to_rational().unwrap());
                        assert!(got.lo <= want && got.hi >= want);
                    }
                }
            }
        }
    }
}
