//! A table's polynomial in plain f64, many numbers at once. *Estimate*: nothing is proved of its rounding.
//!
//! Chebyshev series by Clenshaw's recurrence, which does not cancel as powers of degree 30 and more do.

use crate::poly::component::Basis;
use crate::poly::role::Role;
use crate::poly::table::Table;
use rug::Rational;

/// Numbers that are evaluated side by side: enough that none waits for the one before (8 take twice as long, or four times where
/// the compiler unrolls them all).
const LANES: usize = 16;

/// What stands in place of ReLU on [-1, 1]; on [-B, B] it is B r(x/B).
#[derive(Debug, Clone)]
pub struct Response {
    stages: Vec<Stage>,
    /// x (1 + p)/2, else p itself.
    product: bool,
}

#[derive(Debug, Clone)]
struct Stage {
    chebyshev: bool,
    scale: f64,
    offset: f64,
    coefficients: Vec<f64>,
}

impl Stage {
    fn on(&self, x: [f64; LANES]) -> [f64; LANES] {
        let u = x.map(|x| self.scale * x + self.offset);
        let mut one = [0.0; LANES];
        let mut two = [0.0; LANES];
        let mut rest = self.coefficients.iter().rev();
        let first = self.coefficients.len().saturating_sub(1);
        if !self.chebyshev {
            for &c in rest {
                for l in 0..LANES {
                    one[l] = one[l] * u[l] + c;
                }
            }
            return one;
        }
        for &c in rest.by_ref().take(first) {
            for l in 0..LANES {
                let next = c + 2.0 * u[l] * one[l] - two[l];
                two[l] = one[l];
                one[l] = next;
            }
        }
        let c = rest.next().copied().unwrap_or(0.0);
        let mut out = [0.0; LANES];
        for l in 0..LANES {
            out[l] = c + u[l] * one[l] - two[l];
        }
        out
    }
}

impl Response {
    /// Of a table made of sign, or of one that is the function itself; both on [-1, 1].
    pub fn new(table: &Table) -> Self {
        let near = |x: &Rational| x.to_f64();
        let stages = table.components.iter().map(|c| Stage {
            chebyshev: c.basis == Basis::Chebyshev,
            scale: near(&c.scale),
            offset: near(&c.offset),
            coefficients: c.coefficients.iter().map(near).collect(),
        });
        Self {
            stages: stages.collect(),
            product: table.role() == Role::Sign,
        }
    }

    /// B r(x/B) for a leaky ReLU of a slope (0: ReLU) at all numbers.
    ///
    /// A composite stands for x (1 + s + (1 - s) p)/2, s the slope; a direct polynomial for the function of its own slope.
    pub fn on(&self, x: &[f64], b: f64, slope: f64) -> Vec<f64> {
        let mut out = Vec::with_capacity(x.len());
        for chunk in x.chunks(LANES) {
            let mut u = [0.0; LANES];
            for (u, x) in u.iter_mut().zip(chunk) {
                *u = x / b;
            }
            let p = self.stages.iter().fold(u, |y, stage| stage.on(y));
            for l in 0..chunk.len() {
                out.push(match self.product {
                    true => b * u[l] * ((1.0 + slope) + (1.0 - slope) * p[l]) / 2.0,
                    false => b * p[l],
                });
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::shape::Shape;
    use crate::jobs::families::{family, Approximated, Family, Minimax, Request};

    #[test]
    fn a_polynomial_of_degree_126_does_not_cancel() {
        let minimax = Minimax {
            approximated: Approximated::new(Shape::Relu, 1),
            degree: 126,
            even: true,
            zero: false,
        };
        let request = Request {
            name: None,
            family: Family::Minimax(minimax),
        };
        let made = family(&request).expect("a fit");
        let most = made.estimate_fit.expect("an exchange").estimate_error;
        let response = Response::new(&made.table);
        let x: Vec<f64> = (0..=2_001).map(|i| f64::from(i) * 0.008 - 8.0).collect();
        let x: Vec<f64> = x.into_iter().filter(|x| x.abs() <= 8.0).collect();
        let errors = response.on(&x, 8.0, 0.0);
        let error = x.iter().zip(&errors).map(|(x, y)| (y - x.max(0.0)).abs());
        let seen = error.fold(0.0, f64::max);
        assert!(seen <= 8.0 * most * (1.0 + 1e-9), "{seen} {most}");
        assert!(seen > 8.0 * most * 0.9, "{seen} {most}");
    }
}
