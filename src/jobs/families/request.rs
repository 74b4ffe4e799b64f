//! What is asked of a family.

use crate::approx::fit::least_squares::Histogram;
use crate::approx::known::Normalisation;
use crate::function::formula::Formula;
use crate::function::target::Function;
use crate::jobs::families::approximated::Approximated;
use rug::Rational;

/// A table of a known family.
#[derive(Debug, Clone)]
pub struct Request {
    /// Name of the table; made of family and degree if none.
    pub name: Option<String>,
    /// The family.
    pub family: Family,
}

/// The families. All but [`Composite`] approximate a function itself, not through sign.
#[derive(Debug, Clone)]
pub enum Family {
    /// Composite of f_n and g_n.
    Composite(Composite),
    /// Minimax polynomial of a function itself.
    Minimax(Minimax),
    /// Minimax polynomial of a smooth function.
    Smooth(Smooth),
    /// exp by squaring.
    Squaring(Squaring),
    /// cos or sin by doubling an angle.
    DoubleAngle(DoubleAngle),
    /// 1/x or 1/sqrt(x) by iteration.
    Iteration(Iteration),
    /// Chebyshev interpolant in f64.
    Chebyshev(Chebyshev),
    /// Chebyshev interpolant of a smooth function, in f64.
    Interpolant(Interpolant),
    /// Least squares for a density of inputs.
    LeastSquares(LeastSquares),
    /// Quadratic Hermite expansion of ReLU.
    Hermite(Hermite),
    /// Cleaning polynomial.
    Clean(Clean),
}

/// Composite of f_n and g_n (ePrint 2019/1234) in any order, an approximation of sign.
#[derive(Debug, Clone)]
pub struct Composite {
    /// Stages, first applied first: `f1` to `f15`, `g1` to `g4`.
    pub stages: Vec<String>,
    /// Intended use through sign.
    pub target: Function,
    /// The sign is meant for eps <= |x|.
    pub eps: Option<Rational>,
}

/// Minimax polynomial of a function itself (Remez on its lines).
#[derive(Debug, Clone)]
pub struct Minimax {
    /// The function and where.
    pub approximated: Approximated,
    /// Degree, up to 127.
    pub degree: usize,
    /// ReLU, leaky ReLU, abs on a symmetric domain: the odd part is the function's own, only even powers are fitted.
    pub even: bool,
    /// With `even`: p(0) = 0.
    pub zero: bool,
}

/// Minimax polynomial of a smooth function on an interval.
#[derive(Debug, Clone)]
pub struct Smooth {
    /// f(x).
    pub function: Formula,
    /// Whether the relative error is levelled, else the absolute one.
    pub relative: bool,
    /// Least x.
    pub lo: Rational,
    /// Greatest x.
    pub hi: Rational,
    /// Degree, up to 127.
    pub degree: usize,
    /// Coefficients are multiples of 2^-bits.
    pub bits: u32,
}

/// The polynomial that a chain begins with.
#[derive(Debug, Clone)]
pub struct Start {
    /// f(x).
    pub function: Formula,
    /// Least x.
    pub lo: Rational,
    /// Greatest x.
    pub hi: Rational,
    /// Degree, up to 127.
    pub degree: usize,
    /// Coefficients are multiples of 2^-bits.
    pub bits: u32,
}

/// exp by squaring.
#[derive(Debug, Clone)]
pub struct Squaring {
    /// With function exp(A), A of x.
    pub start: Start,
    /// K.
    pub steps: u32,
    /// exp(x) alone: begin with the Taylor polynomial, of degree 1 that is 1 + x/2^K; else with the minimax polynomial.
    pub taylor: bool,
}

/// cos or sin by doubling an angle.
#[derive(Debug, Clone)]
pub struct DoubleAngle {
    /// With function cos(A) or sin(A), A of x.
    pub start: Start,
    /// K.
    pub steps: u32,
}

/// 1/x or 1/sqrt(x) by iteration.
#[derive(Debug, Clone)]
pub struct Iteration {
    /// With function 1/x or 1/sqrt(x).
    pub start: Start,
    /// Steps, 0 to 16.
    pub iterations: u32,
    /// Goldschmidt's form, else Newton's.
    pub goldschmidt: bool,
}

/// Chebyshev interpolant in f64, as OpenFHE's EvalChebyshevFunction computes it.
#[derive(Debug, Clone)]
pub struct Chebyshev {
    /// The function and where; the ends are rounded to f64.
    pub approximated: Approximated,
    /// Degree, up to 255.
    pub degree: usize,
}

/// Chebyshev interpolant of a smooth function in f64, as OpenFHE's EvalChebyshevFunction computes it.
#[derive(Debug, Clone)]
pub struct Interpolant {
    /// f(x).
    pub function: Formula,
    /// Least x, rounded to f64.
    pub lo: Rational,
    /// Greatest x, rounded to f64.
    pub hi: Rational,
    /// Degree, up to 255.
    pub degree: usize,
}

/// Least squares for a density of inputs.
#[derive(Debug, Clone)]
pub struct LeastSquares {
    /// The function and where.
    pub approximated: Approximated,
    /// Degree, up to 31.
    pub degree: usize,
    /// How inputs are distributed.
    pub density: Density,
}

/// A density of inputs.
#[derive(Debug, Clone)]
pub enum Density {
    /// Normal.
    Gaussian {
        /// Mean.
        mean: Rational,
        /// Standard deviation.
        deviation: Rational,
    },
    /// Bins with weights; its ends are the domain.
    Histogram(Histogram),
}

/// Quadratic Hermite expansion of ReLU with basis-wise normalisation (arXiv 2201.06699), folded.
#[derive(Debug, Clone)]
pub struct Hermite {
    /// Means and variances of the bases 1, x, (x^2 - 1)/sqrt 2, and what goes around the sum.
    pub normalisation: Normalisation,
    /// x in [-range, range].
    pub range: Rational,
    /// Coefficients are multiples of 2^-bits.
    pub bits: u32,
}

/// Cleaning polynomial: brings values near 0 and 1 nearer.
#[derive(Debug, Clone)]
pub struct Clean {
    /// 0 and 1 are fixed points of this order, 2 to 16; the degree is 2 order - 1.
    pub order: u32,
    /// Applied so many times.
    pub times: u32,
    /// Inputs are within this of 0 or 1, below 1/2.
    pub within: Rational,
}
