//! Composites `p = p_k o ... o p_1` of odd minimax polynomials that approximate sign on `[eps, 1]`.
//!
//! `p_1` is fitted on `[eps, 1 + eta]` with error `t_1`, and `p_i` on
//! `[1 - t_{i-1} - eta, 1 + t_{i-1} + eta]`; the margin `eta` leaves room for scheme errors between the
//! stages. Interval ends that do not fit are rounded outwards: to 256 bits for the first stage, to the
//! working precision of the stage before for the others.
//! Everything is an *estimate*: `t_i` is the levelled error of the computed fit.

pub mod balance;
pub mod design;
pub mod design_fit;
pub mod hump;
pub mod output;

use crate::approx::composite::design::Design;
use crate::approx::fit::error::ApproxError;
use crate::approx::fit::remez::{minimax_odd, minimax_odd_from, Minimax, Settings};
use rug::float::Round;
use rug::{Float, Rational};

/// Bits to which `eps` and `1 + eta` are rounded outwards where they are not dyadic.
const END_BITS: u32 = 256;

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
