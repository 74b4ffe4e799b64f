//! The families of chains on the command line: a polynomial to begin with, and steps.

use crate::cli::terminal::range;
use crate::error::{Error, Result};
use crate::function::formula::Formula;
use crate::jobs::families::{self as job, MAX_ITERATIONS};
use crate::jobs::generate::DEFAULT_BITS;
use crate::poly::table::MAX_COMPONENTS;
use rug::Rational;
use std::path::PathBuf;

/// Most steps of a composite with a beginning.
const MAX_STEPS: i64 = MAX_COMPONENTS as i64 - 1;

/// Name and output of every family.
#[derive(clap::Args)]
pub struct File {
    /// Name of the table.
    #[arg(long)]
    pub name: Option<String>,
    /// Table file to write (standard output if left out).
    #[arg(short, long)]
    pub output: Option<PathBuf>,
}

/// exp by squaring: y near exp(x/2^K), then y^2, K times.
///
/// Without --degree y is 1 + x/2^K, so that (1 + x/2^K)^(2^K) is computed. With --degree D it is the minimax polynomial of
/// exp(x/2^K) in the relative error, or with --taylor the Taylor polynomial. A relative error e at the start is about 2^K e
/// at the end. The table is a composite of K + 1 components.
#[derive(clap::Args)]
pub struct Squaring {
    /// exp, or exp(A) with an expression A of x.
    #[arg(long, value_name = "EXPR", default_value = "exp", value_parser = Formula::named)]
    function: Formula,
    /// K.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=MAX_STEPS))]
    steps: u32,
    /// Degree of the start, up to 127 (left out: 1 + x/2^K).
    #[arg(long)]
    degree: Option<usize>,
    /// The start is the Taylor polynomial.
    #[arg(long, requires = "degree")]
    taylor: bool,
    /// x in [-RANGE, RANGE], or in [LO, HI] for LO,HI.
    #[arg(long, value_parser = range, allow_hyphen_values = true)]
    range: (Rational, Rational),
    /// Coefficients of the start are multiples of 2^-BITS (1 + x/2^K is exact).
    #[arg(long, default_value_t = DEFAULT_BITS, value_parser = clap::value_parser!(u32).range(10..=1024))]
    bits: u32,
    #[command(flatten)]
    pub file: File,
}

/// cos or sin by doubling an angle: y near cos(x/2^K), then 2 y^2 - 1, K times.
///
/// sin(x) is cos(x - pi/2): y is then near cos((x - pi/2)/2^K). y is a minimax polynomial; an error e at the start is about
/// 4^K e at the end. The table is a composite of K + 1 components.
#[derive(clap::Args)]
pub struct DoubleAngle {
    /// cos or sin, or cos(A) or sin(A) with an expression A of x: "cos(2*pi*x)".
    #[arg(long, value_name = "EXPR", value_parser = Formula::named)]
    function: Formula,
    /// K.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=MAX_STEPS))]
    steps: u32,
    /// Degree of the start, up to 127.
    #[arg(long)]
    degree: usize,
    /// x in [-RANGE, RANGE], or in [LO, HI] for LO,HI.
    #[arg(long, value_parser = range, allow_hyphen_values = true)]
    range: (Rational, Rational),
    /// Coefficients of the start are multiples of 2^-BITS.
    #[arg(long, default_value_t = DEFAULT_BITS, value_parser = clap::value_parser!(u32).range(10..=1024))]
    bits: u32,
    #[command(flatten)]
    pub file: File,
}

/// 1/x or 1/sqrt(x) by iteration: y near the function, then steps that square its relative error, more or less.
///
/// The start is a minimax polynomial in the relative error. Newton's step is y (2 - x y) for 1/x and
/// 3/2 y - (x/2 y) y^2 for 1/sqrt(x), of 2 levels each. Goldschmidt's steps give the same values: for 1/x, e = 1 - x y is kept
/// and squared beside y (1 + e), of 1 level each and one before; for 1/sqrt(x), g = x/2 y is kept, r = 1/2 - g y, and both y
/// and g get r times themselves. The steps are the value of the table, each with its name.
#[derive(clap::Args)]
pub struct Iteration {
    /// 1/x or 1/sqrt(x).
    #[arg(long, value_name = "EXPR", value_parser = Formula::function)]
    function: Formula,
    /// Number of steps.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_ITERATIONS)))]
    iterations: u32,
    /// Degree of the start, 0 to 127.
    #[arg(long)]
    start_degree: usize,
    /// x in [LO, HI], LO above 0.
    #[arg(long, value_name = "LO,HI", value_parser = range, allow_hyphen_values = true)]
    range: (Rational, Rational),
    /// Coefficients of the start are multiples of 2^-BITS.
    #[arg(long, default_value_t = DEFAULT_BITS, value_parser = clap::value_parser!(u32).range(10..=1024))]
    bits: u32,
    #[command(flatten)]
    pub file: File,
}

fn start(function: &Formula, ends: &(Rational, Rational), degree: usize, bits: u32) -> job::Start {
    job::Start {
        function: function.clone(),
        lo: ends.0.clone(),
        hi: ends.1.clone(),
        degree,
        bits,
    }
}

impl Squaring {
    /// What is asked.
    ///
    /// # Errors
    /// 1 + x/2^K for another argument than x.
    pub fn request(&self) -> Result<job::Family> {
        if self.degree.is_none() && self.function.text() != "exp(x)" {
            let detail = format!(
                "--function {}: without --degree the start is 1 + x/2^K, of exp(x) alone",
                self.function
            );
            return Err(Error::domain(detail));
        }
        let degree = self.degree.unwrap_or(1);
        Ok(job::Family::Squaring(job::Squaring {
            start: start(&self.function, &self.range, degree, self.bits),
            steps: self.steps,
            taylor: self.taylor || self.degree.is_none(),
        }))
    }
}

impl DoubleAngle {
    /// What is asked.
    pub fn request(&self) -> job::Family {
        job::Family::DoubleAngle(job::DoubleAngle {
            start: start(&self.function, &self.range, self.degree, self.bits),
            steps: self.steps,
        })
    }
}

impl Iteration {
    /// What is asked.
    pub fn request(&self, goldschmidt: bool) -> job::Family {
        job::Family::Iteration(job::Iteration {
            start: start(&self.function, &self.range, self.start_degree, self.bits),
            iterations: self.iterations,
            goldschmidt,
        })
    }
}
