//! A polynomial around the middle of an interval, by its Taylor coefficients there: what is near without pieces of its slope.
//!
//! # Method
//! With P(m + h) = sum_k c_k h^k, |P(z) - c_0| <= sum_(k >= 1) |c_k| rho^k and |P'(z)| <= sum_k k |c_k| rho^(k-1) for every complex
//! z within rho of m.

use crate::arith::mp::Mp;
use crate::arith::upper::Upper;
use crate::arith::{interval, Interval};
use rug::float::Round;
use rug::{Float, Rational};

/// Precision of the coefficients beyond four bits a degree.
const PRECISION: u32 = 192;

/// Coefficients at the middle of an interval.
pub(in crate::noise) struct Taylor {
    c: Vec<Mp>,
    half: Upper,
}

impl Taylor {
    /// Of a polynomial in powers.
    pub fn new(powers: &[Rational], exact: Interval) -> Self {
        let (lo, hi) = (exact.inf(), exact.sup());
        let middle = (lo + hi) / 2.0;
        let half = Upper::of(hi - middle).max(Upper::of(middle - lo));
        let prec = PRECISION + 4 * powers.len() as u32;
        let middle = Mp::exact(&Float::with_val(prec, middle));
        let mut c: Vec<Mp> = powers.iter().map(|c| Mp::from_rational(prec, c)).collect();
        for k in 0..c.len() {
            for i in (k..c.len() - 1).rev() {
                let up = c[i + 1].times(&middle);
                c[i] = c[i].clone().plus(&up);
            }
        }
        // A difference of two f64s is off by half a unit in its last place.
        let half = half.scaled(1.0 + 2f64.powi(-50));
        Self { c, half }
    }

    /// `bound` of |P'| at all complex z within `aside` of the interval.
    pub fn slope(&self, aside: Upper) -> Upper {
        self.sum(self.half + aside, true)
    }

    /// Encloses P over the interval.
    pub fn image(&self) -> Interval {
        let Some(first) = self.c.first() else {
            return Interval::ENTIRE;
        };
        let away = (self.sum(self.half, false) * self.half).get();
        let away = interval!(0.0, away).unwrap_or(Interval::ENTIRE);
        let (lo, hi) = (
            first.lo.to_f64_round(Round::Down),
            first.hi.to_f64_round(Round::Up),
        );
        interval!(lo, hi).unwrap_or(Interval::ENTIRE) + away - away
    }

    /// sum_(k >= 1) |c_k| rho^k over rho, times k where it is the slope.
    fn sum(&self, rho: Upper, slope: bool) -> Upper {
        let mut total = Upper::ZERO;
        for (k, c) in self.c.iter().enumerate().skip(1).rev() {
            let size = Upper::of(c.magnitude().to_f64_round(Round::Up));
            total = total * rho + if slope { size.scaled(k as f64) } else { size };
        }
        total
    }
}
