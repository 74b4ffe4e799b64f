//! The `eps` that balances the two regions of the ReLU error for given degrees.
//!
//! Growing `eps` raises the left hump and lowers the right region's `E_k / 2`; their maximum is least
//! where they meet. The search is a bracketed secant method in `l = log2 eps` on
//! `g = ln(log E_k / log(2 hump))`: with each stage the log of the error shrinks or grows by about a
//! constant factor, so `E_k` is doubly exponential in `l`, and this `g` is nearly linear where the plain
//! difference of logarithms is not. *Estimate*: `eps` to a relative `2^-54` before it is rounded.
//!
//! `eps` is rounded up. The hump grows about in proportion to `eps`, while `E_k` falls much faster
//! (some thousand times where many stages meet a large margin), so that rounding up keeps the ReLU error
//! within about `2^-39` of its optimum and rounding down need not.
//! With a large margin `E_k` may exceed the hump for all `eps < 1`; that is an error, not a design.

use super::{composite, composite_with, Design};
use crate::approx::fit::error::ApproxError;
use crate::approx::fit::remez::Settings;
use rug::float::Round;
use rug::{Float, Rational};

/// Significant bits kept of the balancing `eps`: short, exact, and the same on every machine.
pub const EPS_BITS: u32 = 40;

/// Bits of the unknown `log2 eps`; enough for a relative `1e-15` of eps many times over.
const LOG_BITS: u32 = 96;

/// Fits with the balancing `eps`, rounded up to [`EPS_BITS`] significant bits.
///
/// Solves `max_{0<=x<=eps} x (1 - p(x)) / 2 = E_k / 2` for `eps`, rounds it, and returns
/// [`composite`]`(degrees, eps, eta)`, so the result depends on the search only through `eps`.
///
/// **Inputs**: degrees as for [`composite`]; `eta >= 0`. *Estimate*. **Cost**: about 10 composites.
///
/// # Errors
/// As [`composite`]; [`ApproxError::NotBalanced`] if no `eps < 1` balances the regions.
///
/// # Examples
/// ```
/// use polycert::approx::best_eps;
/// use rug::Rational;
/// let design = best_eps(&[7, 7], &Rational::new()).unwrap();
/// assert!((design.estimate_relu_error_log2() + 7.0596).abs() < 1e-4);
/// ```
pub fn best_eps(degrees: &[usize], eta: &Rational) -> Result<Design, ApproxError> {
    best_eps_with(degrees, eta, EPS_BITS)
}

/// As [`best_eps`], with `eps` rounded up to `eps_bits` significant bits (4 to 50).
///
/// # Errors
/// As [`best_eps`]; [`ApproxError::Parameters`] for another number of bits.
pub fn best_eps_with(
    degrees: &[usize],
    eta: &Rational,
    eps_bits: u32,
) -> Result<Design, ApproxError> {
    if !(4..=50).contains(&eps_bits) {
        return Err(ApproxError::Parameters {
            what: format!("eps_bits {eps_bits} is not in 4..=50"),
        });
    }
    // The root may lie above the last iterate by the tolerance.
    let log2_eps = Search::new(degrees, eta).run()? + tolerance();
    let eps = Float::with_val_round(eps_bits, log2_eps.exp2(), Round::Up).0;
    let exact = eps.to_rational().ok_or_else(|| ApproxError::Domain {
        what: "balancing eps".into(),
        interval: (eps.to_f64(), 1.0),
    })?;
    composite(degrees, &exact, eta)
}

/// Step of `log2 eps` at which the search ends.
fn tolerance() -> Float {
    Float::with_val(LOG_BITS, 1) >> 56u32
}

/// What one composite says about its `eps`.
enum Side {
    /// `g`, positive where `eps` is too large.
    Value(Float),
    /// Too small: some stage has no positive interval left.
    TooSmall,
    /// Too large: errors far below any hump.
    TooLarge,
}

struct Search<'a> {
    degrees: &'a [usize],
    eta: &'a Rational,
    settings: Settings,
    neighbour: Option<Design>,
    evaluations: usize,
}

impl<'a> Search<'a> {
    fn new(degrees: &'a [usize], eta: &'a Rational) -> Self {
        // Enough for eps to 2^-54; a stage that needs more precision than this has an error far
        // below the hump.
        let settings = Settings {
            target_bits: 72,
            max_precision: 1536,
            max_iterations: 100,
        };
        Self {
            degrees,
            eta,
            settings,
            neighbour: None,
            evaluations: 0,
        }
    }

    /// `log2` of the balancing eps.
    fn run(mut self) -> Result<Float, ApproxError> {
        let mut here = Float::with_val(LOG_BITS, self.guess());
        let mut bracket: (Option<Float>, Option<Float>) = (None, None);
        let mut points: Vec<(Float, Float)> = Vec::new();
        let mut stride = 0.25;
        let tolerance = tolerance();
        while self.evaluations < 200 {
            let side = self.side(&here)?;
            let too_large = match &side {
                Side::Value(g) => g.is_sign_positive(),
                Side::TooSmall => false,
                Side::TooLarge => true,
            };
            if too_large {
                bracket.1 = Some(here.clone());
            } else {
                bracket.0 = Some(here.clone());
            }
            match side {
                Side::Value(g) if g.is_zero() => return Ok(here),
                Side::Value(g) => points.push((here.clone(), g)),
                Side::TooSmall | Side::TooLarge => {}
            }
            let secant = secant(&points);
            let next = match &bracket {
                (Some(lo), Some(hi)) => {
                    let inside = secant.filter(|s| s > lo && s < hi);
                    inside.unwrap_or_else(|| Float::with_val(LOG_BITS, lo + hi) / 2u32)
                }
                // Expand by growing strides, or as far as the secant wants within a stride.
                _ => {
                    stride *= 2.0;
                    let far = if too_large {
                        Float::with_val(LOG_BITS, &here - stride)
                    } else {
                        // eps stays below 1.
                        Float::with_val(LOG_BITS, &here + stride)
                            .min(&Float::with_val(LOG_BITS, &here / 2u32))
                    };
                    match secant {
                        Some(s) if too_large && s < here => s.max(&far),
                        Some(s) if !too_large && s > here => s.min(&far),
                        _ => far,
                    }
                }
            };
            let step = Float::with_val(LOG_BITS, &next - &here).abs();
            here = next;
            if step < tolerance {
                return Ok(here);
            }
            if Float::with_val(LOG_BITS, here.abs_ref()) < 1e-9 || here < -4096 {
                break;
            }
        }
        let end = |side: Option<Float>, open: f64| side.map_or(open, |l| l.to_f64());
        Err(ApproxError::NotBalanced {
            degrees: self.degrees.to_vec(),
            log2_eps: (end(bracket.0, f64::NEG_INFINITY), end(bracket.1, 0.0)),
            evaluations: self.evaluations,
        })
    }

    /// A line through known designs: a stage of degree d multiplies the slope at 0 by about d^0.8.
    fn guess(&self) -> f64 {
        let product: f64 = self.degrees.iter().map(|&d| d as f64).product();
        // Rounded, so that the path of the search hangs on no last bit of a logarithm.
        ((1.0 - 0.8 * product.log2()) * 16.0).round().min(-8.0) / 16.0
    }

    fn side(&mut self, log2_eps: &Float) -> Result<Side, ApproxError> {
        self.evaluations += 1;
        let eps = Float::with_val(LOG_BITS, log2_eps.exp2_ref());
        let exact = eps.to_rational().unwrap_or_default();
        let near = self.neighbour.as_ref();
        let design = match composite_with(self.degrees, &exact, self.eta, &self.settings, near) {
            Ok(design) => design,
            Err(ApproxError::Domain { .. }) => return Ok(Side::TooSmall),
            Err(ApproxError::Parameters { .. }) if self.plausible() => return Ok(Side::TooLarge),
            Err(error) => return Err(error),
        };
        let log = |x: &Float| -Float::with_val(LOG_BITS, x.ln_ref());
        let right = log(design.estimate_sign_error());
        let left = log(&(design.estimate_left_hump().value * 2u32));
        self.neighbour = Some(design);
        if left <= 0 || right <= 0 {
            // A hump of 1/2 or more (only with a large margin) or an error of 1: no use for a secant.
            let large = left <= 0 && right > 0;
            return Ok(if large {
                Side::TooLarge
            } else {
                Side::TooSmall
            });
        }
        Ok(Side::Value((right / left).ln()))
    }

    /// Whether the arguments themselves are in range, so that a refusal is one of precision.
    fn plausible(&self) -> bool {
        let degree = |&d: &usize| d % 2 == 1 && d <= crate::approx::MAX_DEGREE;
        !self.degrees.is_empty() && self.degrees.iter().all(degree) && *self.eta >= 0
    }
}

/// The secant's root through the last two points.
fn secant(points: &[(Float, Float)]) -> Option<Float> {
    let [.., (x0, g0), (x1, g1)] = points else {
        return None;
    };
    let slope = Float::with_val(LOG_BITS, g1 - g0) / Float::with_val(LOG_BITS, x1 - x0);
    let root = Float::with_val(LOG_BITS, x1 - g1 / slope);
    root.is_finite().then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_balance_to_the_rounding_of_eps() {
        for degrees in [&[5][..], &[3, 7], &[7, 7, 13]] {
            let design = best_eps(degrees, &Rational::new()).unwrap();
            let left = design.estimate_left_hump().value;
            let right = design.estimate_right_error();
            let off = (left / right - 1u32).abs();
            assert!(off < 1e-10, "{degrees:?}: {off}");
        }
    }

    #[test]
    fn a_margin_moves_the_balance_to_larger_errors() {
        let error = |eta: Rational| {
            let design = best_eps(&[7, 7], &eta).unwrap();
            design.estimate_relu_error().to_f64()
        };
        assert!(error(Rational::new()) < error(Rational::from((1, 4096))));
    }
}
