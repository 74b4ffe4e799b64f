//! `polycert family`: tables of the families that the field uses, other than searched composites.

use crate::cli::chains::{self, File};
use crate::cli::terminal::{guard, note, output, range, rational};
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::function::expression::Name;
use crate::function::formula::Formula;
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::jobs::families::{self as job, Density, Histogram, Normalisation, Request};
use crate::jobs::generate::DEFAULT_BITS;
use crate::poly::table::{MAX_BYTES, MAX_COMPONENTS};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Generate a table of a known family: composites of f_n and g_n, minimax polynomials of ReLU and its
/// like, Chebyshev interpolants, least squares, Hermite, cleaning; chains of exp, cos, 1/x and 1/sqrt(x).
///
/// All but `composite` approximate the function itself, p(x) ~ f(x), not through sign; their target is
/// direct_relu and so on, or smooth. A table is an estimate until `polycert certify` has proved it.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    family: Family,
}

#[derive(clap::Subcommand)]
enum Family {
    Composite(Composite),
    Minimax(Minimax),
    Chebyshev(Chebyshev),
    LeastSquares(LeastSquares),
    Hermite(Hermite),
    Clean(Clean),
    Squaring(chains::Squaring),
    DoubleAngle(chains::DoubleAngle),
    Newton(chains::Iteration),
    Goldschmidt(chains::Iteration),
}

/// The function that is approximated, and where.
#[derive(clap::Args)]
struct Approximated {
    /// relu, leaky_relu, abs, clip, relu6, sign, step or bit; of minimax and chebyshev also a smooth function, by its name
    /// (gelu) or as an expression of x ("exp(-x^2/2)").
    #[arg(long, default_value = "relu", value_parser = named)]
    function: Named,
    /// x in [-RANGE, RANGE], or in [LO, HI] for LO,HI.
    #[arg(long, value_parser = range, allow_hyphen_values = true, default_value = "1", conflicts_with_all = ["from", "to"])]
    range: (Rational, Rational),
    /// Least x, where the domain is not symmetric.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, requires = "to")]
    from: Option<Rational>,
    /// Greatest x.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, requires = "from")]
    to: Option<Rational>,
    /// sign, step and bit are meant EPS or more from the jump.
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    eps: Option<Rational>,
    /// Slope of a leaky ReLU for x < 0 (1/100 if left out).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    slope: Option<Rational>,
    /// Lower end of a clip (-1 if left out).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    lower: Option<Rational>,
    /// Upper end of a clip (1 if left out).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    upper: Option<Rational>,
    /// Coefficients are multiples of 2^-BITS.
    #[arg(long, default_value_t = DEFAULT_BITS, value_parser = clap::value_parser!(u32).range(10..=1024))]
    bits: u32,
}

/// Composite of f_n and g_n (ePrint 2019/1234) in any order, an approximation of sign.
#[derive(clap::Args)]
struct Composite {
    /// Stages, first applied first: f1 to f15, g1 to g4, such as g3,g3,f2.
    #[arg(long, value_delimiter = ',', required = true)]
    stages: Vec<String>,
    /// Intended use through sign: sign, step, relu, leaky_relu, abs, clip, relu6, max, max_pool, argmax.
    #[arg(long, default_value = "relu")]
    target: Function,
    /// The sign is meant for EPS <= |x|.
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    eps: Option<Rational>,
    #[command(flatten)]
    file: File,
}

/// Minimax polynomial of a function itself (Remez on its lines, or on a smooth function).
#[derive(clap::Args)]
struct Minimax {
    #[command(flatten)]
    approximated: Approximated,
    /// Degree, up to 127.
    #[arg(long)]
    degree: usize,
    /// relu, leaky_relu, abs on a symmetric domain: the odd part is the function's own, exactly
    /// (x/2 for ReLU), and only even powers are fitted.
    #[arg(long)]
    even: bool,
    /// With --even: p(0) = 0.
    #[arg(long, requires = "even")]
    zero: bool,
    /// A smooth function: the relative error is levelled, not the absolute one.
    #[arg(long)]
    relative: bool,
    #[command(flatten)]
    file: File,
}

/// Chebyshev interpolant in f64, as OpenFHE's EvalChebyshevFunction computes it.
#[derive(clap::Args)]
struct Chebyshev {
    #[command(flatten)]
    approximated: Approximated,
    /// Degree, up to 255 (OpenFHE: 5, 13, 27, 59, 119, 247 fill a depth).
    #[arg(long)]
    degree: usize,
    #[command(flatten)]
    file: File,
}

/// Least squares for a density of inputs: Gaussian, or a histogram.
#[derive(clap::Args)]
struct LeastSquares {
    #[command(flatten)]
    approximated: Approximated,
    /// Degree, up to 31.
    #[arg(long)]
    degree: usize,
    /// Mean of the inputs.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "0")]
    mean: Rational,
    /// Standard deviation of the inputs.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "1")]
    deviation: Rational,
    /// JSON {"edges": ["-4", ...], "weights": ["1", ...]} in place of a Gaussian; its ends are the domain.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mean", "deviation", "range", "from", "to"])]
    histogram: Option<PathBuf>,
    #[command(flatten)]
    file: File,
}

/// Quadratic Hermite expansion of ReLU with basis-wise normalisation (arXiv 2201.06699), folded.
#[derive(clap::Args)]
struct Hermite {
    /// Means of the bases 1, x, (x^2 - 1)/sqrt 2.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, value_delimiter = ',', default_value = "0,0,0")]
    means: Vec<Rational>,
    /// Variances of the bases.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, value_delimiter = ',', default_value = "1,1,1")]
    variances: Vec<Rational>,
    /// Added to each variance.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "0")]
    epsilon: Rational,
    /// Factor of the sum.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "1")]
    gain: Rational,
    /// Added at the end.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "0")]
    shift: Rational,
    /// x in [-RANGE, RANGE].
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "1")]
    range: Rational,
    /// Coefficients are multiples of 2^-BITS.
    #[arg(long, default_value_t = DEFAULT_BITS, value_parser = clap::value_parser!(u32).range(10..=1024))]
    bits: u32,
    #[command(flatten)]
    file: File,
}

/// Cleaning polynomial: brings values near 0 and 1 nearer (order 2: 3x^2 - 2x^3).
#[derive(clap::Args)]
struct Clean {
    /// 0 and 1 are fixed points of this order; the degree is 2 ORDER - 1.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=16))]
    order: u32,
    /// Applied so many times.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=MAX_COMPONENTS as i64))]
    times: u32,
    /// Inputs are within E < 1/2 of 0 or 1.
    #[arg(long, value_name = "E", value_parser = rational, allow_hyphen_values = true, default_value = "1/4")]
    within: Rational,
    #[command(flatten)]
    file: File,
}

/// A function as an option names it.
#[derive(Debug, Clone)]
enum Named {
    Lines(Shape),
    Smooth(Formula),
}

fn named(text: &str) -> std::result::Result<Named, String> {
    if let Ok(Function::Direct(shape)) = format!("direct_{text}").parse() {
        return Ok(Named::Lines(shape));
    }
    let is_name = Name::ALL.iter().any(|(_, name)| *name == text);
    let whole = if is_name {
        format!("{text}(x)")
    } else {
        text.to_owned()
    };
    let read = Formula::function(&whole).map_err(|e| {
        format!("expected relu, leaky_relu, abs, clip, relu6, sign, step, bit or an expression of x: {e}")
    });
    read.map(Named::Smooth)
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let (family, file) = match &a.family {
        Family::Composite(a) => (job::Family::Composite(a.request()), &a.file),
        Family::Minimax(a) => (a.request()?, &a.file),
        Family::Chebyshev(a) => (a.request()?, &a.file),
        Family::LeastSquares(a) => {
            guard([a.file.output.as_ref()], [a.histogram.as_ref()])?;
            (job::Family::LeastSquares(a.request()?), &a.file)
        }
        Family::Hermite(a) => (job::Family::Hermite(a.request()?), &a.file),
        Family::Clean(a) => (job::Family::Clean(a.request()), &a.file),
        Family::Squaring(a) => (a.request()?, &a.file),
        Family::DoubleAngle(a) => (a.request(), &a.file),
        Family::Newton(a) => (a.request(false), &a.file),
        Family::Goldschmidt(a) => (a.request(true), &a.file),
    };
    let answer = job::family(&Request {
        name: file.name.clone(),
        family,
    })?;
    if let Some(fit) = answer.estimate_fit {
        let of = match &a.family {
            Family::Squaring(_)
            | Family::DoubleAngle(_)
            | Family::Newton(_)
            | Family::Goldschmidt(_) => " at the start",
            _ => "",
        };
        note(&format!(
            "estimate: error{of} {:.6e}, levelled to 1 + {:.1e}",
            fit.estimate_error, fit.estimate_excess
        ));
    }
    if let Some(cost) = answer.cost {
        note(&format!(
            "cost: depth {}, {} products of ciphertexts (a product with a number takes a level and is none of these, with an \
             integer it takes none)",
            cost.depth, cost.mults
        ));
    }
    output(file.output.as_ref(), &answer.table.to_json())?;
    Ok(ExitCode::SUCCESS)
}

impl Approximated {
    /// The domain.
    fn ends(&self) -> (Rational, Rational) {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => (from.clone(), to.clone()),
            _ => self.range.clone(),
        }
    }

    /// Refuses what is of functions of lines, where the function is smooth.
    ///
    /// # Errors
    /// The first such option.
    fn no_lines(&self, function: &Formula, even: bool) -> Result<()> {
        let given = [
            (self.eps.is_some(), "eps"),
            (self.slope.is_some(), "slope"),
            (self.lower.is_some(), "lower"),
            (self.upper.is_some(), "upper"),
            (even, "even"),
        ];
        match given.iter().find(|(given, _)| *given) {
            Some((_, name)) => Err(Error::domain(format!(
                "--{name} is of no use for --function {function}"
            ))),
            None => Ok(()),
        }
    }

    /// What is asked.
    ///
    /// # Errors
    /// An option that the function cannot use.
    fn request(&self) -> Result<job::Approximated> {
        let shape = match &self.function {
            Named::Lines(shape) => *shape,
            Named::Smooth(function) => {
                let detail = format!(
                    "--function {function}: smooth functions are fitted by minimax and chebyshev alone"
                );
                return Err(Error::domain(detail));
            }
        };
        let clip = shape == Shape::Clip;
        for (given, name, used) in [
            (&self.eps, "eps", shape.jumps()),
            (&self.slope, "slope", shape == Shape::LeakyRelu),
            (&self.lower, "lower", clip),
            (&self.upper, "upper", clip),
        ] {
            if given.is_some() && !used {
                let function = Function::Direct(shape).name();
                let function = function.trim_start_matches("direct_");
                return Err(Error::domain(format!(
                    "--{name} is of no use for --function {function}"
                )));
            }
        }
        let (lo, hi) = self.ends();
        let usual = job::Approximated::new(shape, &hi);
        Ok(job::Approximated {
            function: shape,
            lo,
            hi,
            eps: self.eps.clone(),
            slope: self.slope.clone().unwrap_or(usual.slope),
            lower: self.lower.clone().unwrap_or(usual.lower),
            upper: self.upper.clone().unwrap_or(usual.upper),
            bits: self.bits,
        })
    }
}

impl Composite {
    fn request(&self) -> job::Composite {
        job::Composite {
            stages: self.stages.clone(),
            target: self.target,
            eps: self.eps.clone(),
        }
    }
}

impl Minimax {
    fn request(&self) -> Result<job::Family> {
        let Named::Smooth(function) = &self.approximated.function else {
            if self.relative {
                return Err(Error::domain("--relative is for smooth functions"));
            }
            return Ok(job::Family::Minimax(job::Minimax {
                approximated: self.approximated.request()?,
                degree: self.degree,
                even: self.even,
                zero: self.zero,
            }));
        };
        let a = &self.approximated;
        a.no_lines(function, self.even)?;
        let (lo, hi) = a.ends();
        Ok(job::Family::Smooth(job::Smooth {
            function: function.clone(),
            relative: self.relative,
            lo,
            hi,
            degree: self.degree,
            bits: a.bits,
        }))
    }
}

impl Chebyshev {
    fn request(&self) -> Result<job::Family> {
        let a = &self.approximated;
        let degree = self.degree;
        if let Named::Smooth(function) = &a.function {
            a.no_lines(function, false)?;
            let (function, (lo, hi)) = (function.clone(), a.ends());
            return Ok(job::Family::Interpolant(job::Interpolant {
                function,
                lo,
                hi,
                degree,
            }));
        }
        let approximated = a.request()?;
        Ok(job::Family::Chebyshev(job::Chebyshev {
            approximated,
            degree,
        }))
    }
}

impl LeastSquares {
    fn request(&self) -> Result<job::LeastSquares> {
        let density = match &self.histogram {
            Some(path) => {
                let text = read_text(path, MAX_BYTES)?;
                Density::Histogram(Histogram::read(&text).map_err(|e| e.in_file(path))?)
            }
            None => Density::Gaussian {
                mean: self.mean.clone(),
                deviation: self.deviation.clone(),
            },
        };
        Ok(job::LeastSquares {
            approximated: self.approximated.request()?,
            degree: self.degree,
            density,
        })
    }
}

impl Hermite {
    fn request(&self) -> Result<job::Hermite> {
        let three = |name: &str, v: &[Rational]| match v {
            [a, b, c] => Ok([a.clone(), b.clone(), c.clone()]),
            _ => Err(Error::domain(format!(
                "--{name}: {} numbers, one for each of 3 bases is needed",
                v.len()
            ))),
        };
        Ok(job::Hermite {
            normalisation: Normalisation {
                mean: three("means", &self.means)?,
                variance: three("variances", &self.variances)?,
                epsilon: self.epsilon.clone(),
                gain: self.gain.clone(),
                shift: self.shift.clone(),
            },
            range: self.range.clone(),
            bits: self.bits,
        })
    }
}

impl Clean {
    fn request(&self) -> job::Clean {
        job::Clean {
            order: self.order,
            times: self.times,
            within: self.within.clone(),
        }
    }
}
