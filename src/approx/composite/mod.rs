//! Composites `p = p_k o ... o p_1` of odd minimax polynomials that approximate sign on `[eps, 1]`.
//!
//! `p_1` is fitted on `[eps, 1 + eta]` with error `t_1`, and `p_i` on
//! `[1 - t_{i-1} - eta, 1 + t_{i-1} + eta]`; the margin `eta` leaves room for scheme errors between the
//! stages. Interval ends that do not fit are rounded outwards: to 256 bits for the first stage, to the
//! working precision of the stage before for the others.
//! Everything is an *estimate*: `t_i` is the levelled error of the computed fit.

pub mod balance;
pub mod design_fit;
pub mod hump;
pub mod output;

use super::composite::hump::Hump;
use super::fit::error::ApproxError;
use super::fit::remez::{minimax_odd, minimax_odd_from, Minimax, Settings};
use rug::float::Round;
use rug::{Float, Rational};

/// Bits to which `eps` and `1 + eta` are rounded outwards where they are not dyadic.
const END_BITS: u32 = 256;

/// A fitted composite: what was asked for, and its stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// Degree of each stage; the first is applied first.
    pub degrees: Vec<usize>,
    /// Lower end of the first interval, exact.
    pub eps: Rational,
    /// Margin added to both ends of every interval (only to the upper end of the first), exact.
    pub eta: Rational,
    /// The fits, each with its interval and levelled error.
    pub stages: Vec<Minimax>,
}

impl Design {
    /// The composite's value `p_k(...p_1(x))`. *Estimate*. **Cost**: `sum k_i` products.
    pub fn value(&self, x: &Float) -> Float {
        self.stages
            .iter()
            .fold(x.clone(), |y, stage| stage.polynomial.value(&y))
    }

    /// Error of sign on `[eps, 1]`: the levelled error of the last stage. *Estimate*.
    pub fn estimate_sign_error(&self) -> &Float {
        &self.stages[self.stages.len() - 1].levelled_error
    }

    /// ReLU error on `[eps, 1]`: `max |x| |1 - p| / 2 = E_k / 2`, reached at 1. *Estimate*.
    ///
    /// With `eta > 0` the value at 1 may be a little smaller.
    pub fn estimate_right_error(&self) -> Float {
        self.estimate_sign_error().clone() / 2u32
    }

    /// The ReLU error's hump `max x (1 - p(x)) / 2` over `[0, eps]`. *Estimate*; see [`hump`].
    pub fn estimate_left_hump(&self) -> Hump {
        hump::left_hump(self)
    }

    /// ReLU error on `[-1, 1]`: the larger of the hump and the right region's error. *Estimate*.
    pub fn estimate_relu_error(&self) -> Float {
        self.estimate_right_error()
            .max(&self.estimate_left_hump().value)
    }

    /// `log2` of [`Self::estimate_relu_error`]; its negative is the precision alpha. *Estimate*.
    pub fn estimate_relu_error_log2(&self) -> f64 {
        self.estimate_relu_error().log2().to_f64()
    }

    /// `log2 eps`, rounded to a double.
    pub fn eps_log2(&self) -> f64 {
        Float::with_val(64, &self.eps).log2().to_f64()
    }

    /// Largest working precision of the stages, in bits.
    pub fn precision(&self) -> u32 {
        self.stages.iter().map(|s| s.precision).max().unwrap_or(64)
    }
}

/// Fits the composite of given degrees on `[eps, 1 + eta]`.
///
/// **Inputs**: at least one degree, odd, at most [`super::MAX_DEGREE`], first applied first;
/// `0 < eps < 1 + eta`; `eta >= 0`. *Estimate*: every stage levelled to a relative `2^-128`.
/// **Cost**: one [`minimax_odd`] a stage. **Source**: arXiv 2105.10879, definition of the composite.
///
/// # Errors
/// As [`minimax_odd`]; [`ApproxError::Domain`] also where a stage's error and the margin leave no
/// positive interval to the next.
///
/// # Examples
/// ```
/// use polycert::approx::composite;
/// use rug::Rational;
/// let design = composite(&[7, 7], &Rational::from((1, 12)), &Rational::new()).unwrap();
/// assert!(*design.estimate_sign_error() < 0.02);
/// ```
pub fn composite(degrees: &[usize], eps: &Rational, eta: &Rational) -> Result<Design, ApproxError> {
    composite_with(degrees, eps, eta, &Settings::default(), None)
}

/// As [`composite`], with settings and, for speed, the references of a neighbouring design.
///
/// With a neighbour the result is the same to the target accuracy, not to the last bit.
///
/// # Errors
/// As [`composite`].
pub fn composite_with(
    degrees: &[usize],
    eps: &Rational,
    eta: &Rational,
    settings: &Settings,
    neighbour: Option<&Design>,
) -> Result<Design, ApproxError> {
    if degrees.is_empty() || *eta < 0 {
        return Err(ApproxError::Parameters {
            what: format!("a composite needs a degree and eta >= 0, got {degrees:?}, {eta}"),
        });
    }
    let end = |value: &Rational, round| Float::with_val_round(END_BITS, value, round).0;
    let mut lower = end(eps, Round::Down);
    let mut upper = end(&Rational::from(eta + 1u32), Round::Up);
    let mut stages: Vec<Minimax> = Vec::with_capacity(degrees.len());
    for (i, &degree) in degrees.iter().enumerate() {
        let near = neighbour.and_then(|design| design.stages.get(i));
        let stage = match near {
            Some(near) => minimax_odd_from(degree, &lower, &upper, near, settings)?,
            None => minimax_odd(degree, &lower, &upper, settings)?,
        };
        (lower, upper) = image(&stage, eta);
        stages.push(stage);
    }
    Ok(Design {
        degrees: degrees.to_vec(),
        eps: eps.clone(),
        eta: eta.clone(),
        stages,
    })
}

/// The interval `[1 - t - eta, 1 + t + eta]` that the next stage is fitted on.
fn image(stage: &Minimax, eta: &Rational) -> (Float, Float) {
    // The precision of the fit exceeds log2(1/t) by the target and more, so the half-width t keeps
    // its relative accuracy here.
    let prec = stage.precision.max(END_BITS);
    let half = Float::with_val_round(prec, eta + &stage.levelled_error, Round::Up).0;
    let lower = Float::with_val_round(prec, 1u32 - &half, Round::Down).0;
    let upper = Float::with_val_round(prec, 1u32 + &half, Round::Up).0;
    (lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_chain_with_the_margin() {
        let eta = Rational::from((1, 1 << 20));
        let design = composite(&[3, 5, 7], &Rational::from((1, 8)), &eta).unwrap();
        assert_eq!(design.stages[0].lower, 0.125);
        assert_eq!(design.stages[0].upper, Rational::from(&eta + 1u32));
        for pair in design.stages.windows(2) {
            let half = Float::with_val(400, &pair[1].upper - 1u32);
            let expected = Float::with_val(400, &pair[0].levelled_error + &eta);
            assert!((half - expected).abs() < 1e-60);
            let centre = Float::with_val(400, &pair[1].upper + &pair[1].lower);
            assert!((centre - 2u32).abs() < 1e-60);
        }
    }

    #[test]
    fn refuses_what_it_cannot_fit() {
        let half = Rational::from((1, 2));
        let kinds = [
            composite(&[], &half, &Rational::new()),
            composite(&[4], &half, &Rational::new()),
            composite(&[3], &half, &Rational::from(-1)),
        ];
        for kind in kinds {
            assert!(matches!(kind, Err(ApproxError::Parameters { .. })));
        }
        let empty = [
            composite(&[3], &Rational::from(2), &Rational::new()),
            composite(&[3], &Rational::new(), &Rational::new()),
            // t_1 is about 0.97: with the margin nothing positive is left to the second stage.
            composite(&[3, 3], &Rational::from((1, 100)), &Rational::from((1, 16))),
        ];
        for kind in empty {
            assert!(matches!(kind, Err(ApproxError::Domain { .. })));
        }
    }
}
