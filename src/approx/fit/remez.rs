//! Best odd approximation of 1 on `[a, b]` (hence of sign on `[-b,-a] u [a,b]`) by Remez exchange.
//!
//! Method: exchange on all extrema, started from Chebyshev points in `x^2` or from a neighbour's
//! reference; quadratic convergence. The working precision is chosen beforehand: the odd minimax
//! error decays like `rho^-k`, `rho = (b+a)/(b-a)` (the branch point of `t^(-1/2)` at 0 seen from
//! `[a^2, b^2]`), so `k log2 rho` bits are lost in the level and about `5k` in the power basis. Should
//! levelling stall all the same, the precision is raised by half and the exchange goes on.
//! Everything is an *estimate*.

use super::error::ApproxError;
use super::odd::OddPolynomial;
use super::reference::Reference;
use rug::ops::CompleteRound;
use rug::Float;

/// Largest degree accepted by the fits.
pub const MAX_DEGREE: usize = 127;

/// Limits and goal of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The error is levelled until `max|e_i| / min|e_i| - 1 < 2^-target_bits`; 16 to 4096.
    pub target_bits: u32,
    /// Most bits of working precision; a fit that needs more is refused.
    pub max_precision: u32,
    /// Most exchange steps for one fit.
    pub max_iterations: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            target_bits: 128,
            max_precision: 1 << 15,
            max_iterations: 100,
        }
    }
}

/// An odd polynomial whose error against 1 on `[lower, upper]` is levelled. *Estimate* throughout.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimax {
    /// Lower end `a` of the interval of the fit.
    pub lower: Float,
    /// Upper end `b` of the interval of the fit.
    pub upper: Float,
    /// The polynomial `p(x) = x P(x^2)`.
    pub polynomial: OddPolynomial,
    /// Levelled error `max |1 - p(x_i)| > 0` over `extrema`.
    pub levelled_error: Float,
    /// The `k + 1` extrema of `1 - p` on the interval, increasing, ends included; the error is positive
    /// at the first and alternates.
    pub extrema: Vec<Float>,
    /// Equioscillation ratio `max|e_i| / min|e_i| >= 1` over `extrema`.
    pub ratio: Float,
    /// Exchange steps spent.
    pub iterations: usize,
    /// Bits of working precision.
    pub precision: u32,
}

impl Minimax {
    /// Degree `2k - 1` of the polynomial.
    pub fn degree(&self) -> usize {
        self.polynomial.degree()
    }
}

/// Best odd polynomial of a given degree approximating 1 on `[a, b]`.
///
/// Minimises `max |1 - x P(x^2)|` over `a <= x <= b`, `deg P = (degree - 1) / 2`.
///
/// **Inputs**: `degree` odd, `1..=MAX_DEGREE`; `0 < a < b`, taken exactly.
/// *Estimate*: levelled to `2^-target_bits`, so by de la Vallee-Poussin's theorem the optimum is that
/// close, were the arithmetic exact. **Cost**: 4 to 10 exchanges of `O(k^2)` products.
/// **Source**: Remez; Cheney ch. 3.
///
/// # Errors
/// [`ApproxError::Parameters`] for a bad degree or setting, or where more than `max_precision` bits are
/// needed; [`ApproxError::Domain`] for a bad interval; [`ApproxError::NotConverged`] at the limits.
///
/// # Examples
/// ```
/// use polycert::approx::{minimax_odd, Settings};
/// use rug::Float;
/// let (a, b) = (Float::with_val(64, 0.5), Float::with_val(64, 1));
/// let fit = minimax_odd(1, &a, &b, &Settings::default()).unwrap();
/// assert!((fit.levelled_error.to_f64() - 1.0 / 3.0).abs() < 1e-15);
/// ```
pub fn minimax_odd(
    degree: usize,
    a: &Float,
    b: &Float,
    settings: &Settings,
) -> Result<Minimax, ApproxError> {
    exchange(degree, a, b, None, settings)
}

/// As [`minimax_odd`], started from the extrema of a neighbouring fit of the same degree.
///
/// The result is the same to the target accuracy, not to the last bit. Any increasing points serve,
/// good ones save exchanges; a start of another degree, or whose extrema do not increase, is ignored.
///
/// # Errors
/// As [`minimax_odd`].
pub fn minimax_odd_from(
    degree: usize,
    a: &Float,
    b: &Float,
    start: &Minimax,
    settings: &Settings,
) -> Result<Minimax, ApproxError> {
    let points = start.extrema.as_slice();
    let usable = points.len() == degree.div_ceil(2) + 1 && increasing(points);
    let start = usable.then_some(points);
    exchange(degree, a, b, start, settings)
}

fn exchange(
    degree: usize,
    a: &Float,
    b: &Float,
    start: Option<&[Float]>,
    settings: &Settings,
) -> Result<Minimax, ApproxError> {
    check(degree, a, b, settings)?;
    let k = degree.div_ceil(2);
    let mut prec = first_precision(k, a, b, settings)?;
    let fresh = |prec| match start {
        Some(points) => Reference::transplant(points, a, b, prec),
        None => Reference::chebyshev(k, a, b, prec),
    };
    let mut reference = fresh(prec);
    let goal = Float::with_val(64, 1) >> settings.target_bits;
    // Newton steps below this leave extrema whose errors are right to `target_bits + 32` bits.
    let step_bits = settings.target_bits / 4 + 8;
    let mut best_excess = f64::INFINITY;
    for iterations in 1..=settings.max_iterations {
        let (polynomial, level) = reference.levelled();
        let (next, errors) = reference.exchanged(&polynomial, step_bits);
        let excess = level
            .is_sign_positive()
            .then(|| spread(&errors))
            .flatten()
            .filter(|_| increasing(&next.t));
        match excess {
            Some((ratio, largest)) => {
                let excess = (&ratio - 1u32).complete(64);
                if excess < goal {
                    return Ok(Minimax {
                        lower: next.x[0].clone(),
                        upper: next.x[k].clone(),
                        polynomial,
                        levelled_error: largest,
                        extrema: next.x,
                        ratio,
                        iterations,
                        precision: prec,
                    });
                }
                let excess = excess.to_f64();
                // Converging exchanges square the excess; one that stays small is rounding noise.
                let stalled = excess < 1e-6 && excess > 0.5 * best_excess;
                best_excess = best_excess.min(excess);
                reference = next;
                if stalled {
                    prec = raised(prec, settings)?;
                    reference = Reference::transplant(&reference.x, a, b, prec);
                }
            }
            // Signs or order lost: the precision cannot resolve the level.
            None => {
                prec = raised(prec, settings)?;
                reference = fresh(prec);
            }
        }
    }
    Err(ApproxError::NotConverged {
        degree,
        interval: (a.to_f64(), b.to_f64()),
        reached_excess: best_excess,
        iterations: settings.max_iterations,
    })
}

/// `(max/min, max)` of the absolute errors, or nothing unless they alternate from positive.
fn spread(errors: &[Float]) -> Option<(Float, Float)> {
    let alternate = errors
        .iter()
        .enumerate()
        .all(|(i, e)| !e.is_zero() && e.is_finite() && e.is_sign_positive() == (i % 2 == 0));
    if !alternate {
        return None;
    }
    let mut smallest = errors[0].clone().abs();
    let mut largest = smallest.clone();
    for e in &errors[1..] {
        let e = e.clone().abs();
        if e < smallest {
            smallest = e;
        } else if e > largest {
            largest = e;
        }
    }
    Some((&largest / smallest, largest))
}

fn increasing(points: &[Float]) -> bool {
    points.windows(2).all(|pair| pair[0] < pair[1])
}

fn check(degree: usize, a: &Float, b: &Float, settings: &Settings) -> Result<(), ApproxError> {
    if degree % 2 == 0 || degree > MAX_DEGREE {
        return Err(ApproxError::Parameters {
            what: format!("degree {degree} is not odd and at most {MAX_DEGREE}"),
        });
    }
    if !(16..=4096).contains(&settings.target_bits) {
        return Err(ApproxError::Parameters {
            what: format!("target_bits {} is not in 16..=4096", settings.target_bits),
        });
    }
    if a.is_finite() && b.is_finite() && *a > 0 && a < b {
        return Ok(());
    }
    Err(ApproxError::Domain {
        what: format!("minimax of degree {degree}"),
        interval: (a.to_f64(), b.to_f64()),
    })
}

/// Target, 64 guard bits, `5k` for the power basis, `k log2 rho` for the level; whole limbs.
fn first_precision(
    k: usize,
    a: &Float,
    b: &Float,
    settings: &Settings,
) -> Result<u32, ApproxError> {
    let rho = (b + a).complete(64) / (b - a).complete(64);
    let lost = (rho.log2().to_f64() * k as f64).ceil();
    let need = f64::from(settings.target_bits) + 64.0 + 5.0 * k as f64 + lost;
    if need > f64::from(settings.max_precision) {
        return Err(too_precise(need, settings));
    }
    let need = (need as u32).max(a.prec()).max(b.prec());
    Ok(need.next_multiple_of(64))
}

fn raised(prec: u32, settings: &Settings) -> Result<u32, ApproxError> {
    let next = (prec + prec / 2).next_multiple_of(64);
    if next > settings.max_precision {
        return Err(too_precise(f64::from(next), settings));
    }
    Ok(next)
}

fn too_precise(need: f64, settings: &Settings) -> ApproxError {
    ApproxError::Parameters {
        what: format!(
            "the fit needs {need} bits of working precision, max_precision is {}",
            settings.max_precision
        ),
    }
}
