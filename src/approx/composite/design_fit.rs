//! The usual ways to fix `eps` for a composite.

use super::balance::best_eps;
use super::{composite, Design};
use crate::approx::fit::error::ApproxError;
use rug::Rational;

/// How the lower end `eps` of the first interval is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fit {
    /// A given value, `0 < eps < 1 + eta`.
    Eps(Rational),
    /// `eps = zeta * 2^-alpha`, the convention of arXiv 2105.10879.
    Zeta {
        /// The factor zeta, such as 17.
        zeta: Rational,
        /// The precision alpha in bits, such as 14.
        alpha: u32,
    },
    /// The value that balances the ReLU error's two regions; see [`best_eps`].
    BestEps,
}

/// Fits the composite of given degrees by a convention.
///
/// **Inputs**: degrees and `eta` as for [`composite`]. *Estimate*. **Cost**: that of [`composite`] or
/// [`best_eps`]. **Source**: arXiv 2105.10879 (zeta).
///
/// # Errors
/// As [`composite`] and [`best_eps`].
///
/// # Examples
/// ```
/// use polycert::approx::{design, Fit};
/// use rug::Rational;
/// let fit = Fit::Zeta { zeta: Rational::from(11), alpha: 7 };
/// let design = design(&[7, 7], &fit, &Rational::new()).unwrap();
/// assert_eq!(design.eps, Rational::from((11, 128)));
/// assert!(design.estimate_relu_error_log2() < -7.0);
/// ```
pub fn design(degrees: &[usize], fit: &Fit, eta: &Rational) -> Result<Design, ApproxError> {
    match fit {
        Fit::Eps(eps) => composite(degrees, eps, eta),
        Fit::Zeta { zeta, alpha } => composite(degrees, &Rational::from(zeta >> *alpha), eta),
        Fit::BestEps => best_eps(degrees, eta),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions_agree_on_the_same_eps() {
        let none = Rational::new();
        let fit = Fit::Zeta {
            zeta: Rational::from(5),
            alpha: 4,
        };
        let by_zeta = design(&[5], &fit, &none).unwrap();
        let by_eps = design(&[5], &Fit::Eps(Rational::from((5, 16))), &none).unwrap();
        assert_eq!(by_zeta, by_eps);
        let best = design(&[5], &Fit::BestEps, &none).unwrap();
        assert!(best.estimate_relu_error() <= by_eps.estimate_relu_error());
    }
}
