//! One polynomial on balls: a stage of a composite, or an activation of the network's own.
//!
//! **Method.** Each stage P is evaluated at the ball's midpoint by Horner's scheme in pairs (in y^2 if P is
//! odd), and the radius is multiplied by a bound of |P'| over the ball (mean value form), so that a
//! narrow ball stays as narrow as the composite's true slope allows, however steep single stages are.
//! - Rounding: c_j y^j passes at most j multiplications (8 u^2 each), by a power y^2 that is itself off by
//!   8 u^2, and j + 1 additions (4 u^2); the coefficient is off by 2 u^2, an odd stage's last product by
//!   8 u^2. Together below 20 (m + 1) u^2 |c_j y^j| for m + 1 coefficients, and second-order terms.
//! - Slope: |P'(y)| over the ball is at most |P'(hi)| as computed, plus its rounding, plus
//!   (radius + u |hi|) times sum j (j-1) |c_j| |y|^(j-2) at the largest |y| of the ball.
//! - Underflow: each product of pairs loses at most delta = 3 eta/2, eta = 2^-1074 (see [`crate::arith::ball`]),
//!   and what follows multiplies it. With M = max(|y|, 1): a loss in y^2 moves c_j y^j by at most
//!   delta j |c_j| M^(j-1), a loss in Horner's scheme passes products by at most M^n, n the degree. In all at most
//!   delta (sum j |c_j| M^(j-1) + (n + 1) M^n), and relative errors on top of it; counted with [`TINY`] > 10^22 delta
//!   in delta's place. The f64 sums above lose n eta at |y| <= 1, below the last step's TINY; beyond 1 they cannot
//!   underflow, for coefficients are 0 or above 10^-200.

use crate::arith::ball::{pair_product, pair_sum, up, Ball, TINY, U};
use crate::error::{Error, Result};
use crate::network::forward::steepness::Steepness;
use crate::network::model::ops::{Polynomials, TensorShape};
use rug::Rational;

/// One stage with its coefficients in powers of y, or of y^2 times y where it is odd.
#[derive(Debug, Clone)]
pub struct PairStage {
    odd: bool,
    /// Coefficients from the highest, as pairs.
    coefficients: Vec<(f64, f64)>,
    steepness: Steepness,
    /// Bound of relative rounding.
    kappa: f64,
}

impl PairStage {
    /// Of coefficients from degree 0.
    ///
    /// # Errors
    /// A coefficient beyond 1e-200 .. 1e200 that is not 0.
    pub fn new(powers: &[Rational]) -> Result<Self> {
        let odd = powers.iter().step_by(2).all(Rational::is_zero) && powers.len() > 1;
        let mut coefficients = Vec::new();
        for (j, c) in powers.iter().enumerate() {
            if odd && j % 2 == 0 {
                continue;
            }
            let ball = Ball::rational(c);
            // Far from underflow, so that the bounds above hold without absolute terms.
            let size = ball.hi.abs();
            let usual = *c == 0 || (1e-200..1e200).contains(&size);
            if !usual || ball.radius > 2.0 * U * U * size {
                return Err(Error::unsupported(format!(
                    "the coefficient of y^{j} is too large or too small for this evaluation"
                )));
            }
            coefficients.push(ball.mid());
        }
        coefficients.reverse();
        Ok(Self {
            odd,
            kappa: 1.001 * 20.0 * (coefficients.len() as f64 + 1.0) * U * U,
            coefficients,
            steepness: Steepness::new(powers),
        })
    }

    /// How steep it is.
    pub fn steepness(&self) -> &Steepness {
        &self.steepness
    }

    /// P over a ball.
    ///
    /// **Guarantee** the result holds P of every number in `y`.
    #[inline(always)] // The composite's stages in one loop: 2 % of an evaluation.
    pub fn apply(&self, y: Ball) -> Ball {
        let t = if self.odd {
            pair_product(y.mid(), y.mid())
        } else {
            y.mid()
        };
        let mut terms = self.coefficients.iter();
        let first = terms.next().copied().unwrap_or_default();
        let mut v = terms.fold(first, |v, &c| pair_sum(pair_product(v, t), c));
        if self.odd {
            v = pair_product(v, y.mid());
        }
        let (m, steep) = (y.magnitude(), &self.steepness);
        let drift = up(y.radius + U * y.hi.abs());
        let slope = steep.over(y.hi, drift, (steep.slopes(m), steep.curves(m)));
        Ball::new(v, up(slope * y.radius + self.bound_rounding(m)))
    }

    /// Bound of rounding at arguments of size m.
    #[inline(always)]
    pub fn bound_rounding(&self, m: f64) -> f64 {
        self.kappa * self.steepness.size(m) + self.steepness.underflow(m.max(1.0), TINY)
    }
}

/// The polynomials of a layer: neighbours with one polynomial are a run, each with the place behind its last element.
#[derive(Debug, Clone)]
pub struct Runs(Vec<(usize, PairStage, Vec<Rational>)>);

impl Runs {
    /// For elements of a shape.
    ///
    /// # Errors
    /// What [`PairStage::new`] refuses, naming the channel.
    pub fn new(p: &Polynomials, shape: TensorShape) -> Result<Self> {
        let mut runs: Vec<(usize, PairStage, Vec<Rational>)> = Vec::new();
        for (c, powers) in p.channels.iter().enumerate() {
            match runs.last_mut() {
                Some((end, _, same)) if same == powers => *end += shape.pixels(),
                _ => {
                    let stage =
                        PairStage::new(powers).map_err(|e| e.within(&format!("channel {c}")))?;
                    runs.push(((c + 1) * shape.pixels(), stage, powers.clone()));
                }
            }
        }
        Ok(Self(runs))
    }

    /// The places of each run, its polynomial, and the exact coefficients.
    pub fn parts(&self) -> impl Iterator<Item = (std::ops::Range<usize>, &PairStage, &[Rational])> {
        let mut begin = 0;
        self.0.iter().map(move |(end, stage, powers)| {
            let part = begin..*end;
            begin = *end;
            (part, stage, powers.as_slice())
        })
    }

    /// How steep an element's polynomial is.
    pub fn steepness(&self, element: usize) -> Option<&Steepness> {
        let run = self.0.partition_point(|(end, ..)| *end <= element);
        self.0.get(run).map(|(_, stage, _)| &stage.steepness)
    }

    /// Every element's polynomial of its value in f64. *Estimate*.
    pub fn estimate(&self, x: &[f64]) -> Vec<f64> {
        self.parts()
            .flat_map(|(part, stage, _)| x[part].iter().map(|x| stage.steepness.estimate(*x)))
            .collect()
    }
}
