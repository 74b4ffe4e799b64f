//! Errors of the approximation search.

use std::fmt;

/// Why a search for polynomials stopped without a result.
///
/// The search is untrusted: an error means "nothing found", never "nothing exists".
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ApproxError {
    /// The exchange algorithm did not level the error within its limits.
    NotConverged {
        /// Degree of the odd polynomial.
        degree: usize,
        /// Interval of the fit, rounded to doubles.
        interval: (f64, f64),
        /// Smallest `max|e_i| / min|e_i| - 1` reached over the reference (0 is perfect levelling).
        reached_excess: f64,
        /// Exchange steps spent.
        iterations: usize,
    },
    /// The search for the balancing `eps` found no sign change or did not shrink its bracket.
    NotBalanced {
        /// Degrees of the composite, first applied first.
        degrees: Vec<usize>,
        /// Range of `log2 eps` that was left.
        log2_eps: (f64, f64),
        /// Composites fitted.
        evaluations: usize,
    },
    /// A fit interval is empty, not positive, or not finite.
    Domain {
        /// What was asked for.
        what: String,
        /// The offending interval, rounded to doubles.
        interval: (f64, f64),
    },
    /// An argument is outside its documented range.
    Parameters {
        /// What is wrong with it.
        what: String,
    },
}

impl fmt::Display for ApproxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConverged {
                degree,
                interval: (a, b),
                reached_excess,
                iterations,
            } => write!(
                f,
                "minimax of degree {degree} on [{a:e}, {b:e}] not converged: \
                 equioscillation ratio 1 + {reached_excess:e} after {iterations} exchanges"
            ),
            Self::NotBalanced {
                degrees,
                log2_eps: (lo, hi),
                evaluations,
            } => write!(
                f,
                "no balancing eps for degrees {degrees:?}: \
                 log2 eps left in [{lo}, {hi}] after {evaluations} composites"
            ),
            Self::Domain {
                what,
                interval: (a, b),
            } => write!(f, "{what}: interval [{a:e}, {b:e}] must satisfy 0 < a < b"),
            Self::Parameters { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for ApproxError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_carry_the_numbers() {
        let error = ApproxError::NotConverged {
            degree: 7,
            interval: (0.5, 1.0),
            reached_excess: 1e-9,
            iterations: 12,
        };
        let text = error.to_string();
        assert!(text.contains("degree 7") && text.contains("1e-9") && text.contains("12"));
    }
}
