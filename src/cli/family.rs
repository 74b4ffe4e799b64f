//! `polycert family`: tables of the families that the field uses, other than searched composites.

use crate::approx::fit::general::{minimax, Basis as Fitted};
use crate::approx::fit::interpolant;
use crate::approx::fit::least_squares::{gaussian, histogram, Histogram};
use crate::approx::known::{cleaning, hermite, stage, Normalisation};
use crate::approx::DEFAULT_BITS;
use crate::arith::number::write;
use crate::arith::rounding::nearest_multiple;
use crate::cli::{note, output, rational};
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::function::shape;
use crate::function::shape::{Line, Shape};
use crate::function::target::Function;
use crate::poly::component::{Basis, Component};
use crate::poly::table::{Domain, Table};
use crate::poly::table::{MAX_BYTES, MAX_COMPONENTS};
use rug::{Float, Rational};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Generate a table of a known family: composites of f_n and g_n, minimax polynomials of ReLU and its
/// like, Chebyshev interpolants, least squares, Hermite, cleaning.
///
/// All but `composite` approximate the function itself, p(x) ~ f(x), not through sign; their target is
/// direct_relu and so on. A table is an estimate until `polycert certify` has proved it.
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
}

/// Name and output of every family.
#[derive(clap::Args)]
struct File {
    /// Name of the table.
    #[arg(long)]
    name: Option<String>,
    /// Table file to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// The function that is approximated, and where.
#[derive(clap::Args)]
struct Approximated {
    /// relu, leaky_relu, abs, clip, relu6, sign, step or bit.
    #[arg(long, default_value = "relu", value_parser = shape_of)]
    function: Shape,
    /// x in [-RANGE, RANGE].
    #[arg(long, value_parser = rational, default_value = "1", conflicts_with_all = ["from", "to"])]
    range: Rational,
    /// Least x, where the domain is not symmetric.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, requires = "to")]
    from: Option<Rational>,
    /// Greatest x.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, requires = "from")]
    to: Option<Rational>,
    /// sign, step and bit are meant EPS or more from the jump.
    #[arg(long, value_parser = rational)]
    eps: Option<Rational>,
    /// Slope of a leaky ReLU for x < 0.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "1/100")]
    slope: Rational,
    /// Lower end of a clip.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "-1")]
    lower: Rational,
    /// Upper end of a clip.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "1")]
    upper: Rational,
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
    #[arg(long, value_parser = rational)]
    eps: Option<Rational>,
    #[command(flatten)]
    file: File,
}

/// Minimax polynomial of a function itself (Remez on its lines).
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
    #[arg(long, value_parser = rational, default_value = "1")]
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
    #[arg(long, value_parser = rational, value_delimiter = ',', default_value = "1,1,1")]
    variances: Vec<Rational>,
    /// Added to each variance.
    #[arg(long, value_parser = rational, default_value = "0")]
    epsilon: Rational,
    /// Factor of the sum.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "1")]
    gain: Rational,
    /// Added at the end.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "0")]
    shift: Rational,
    /// x in [-RANGE, RANGE].
    #[arg(long, value_parser = rational, default_value = "1")]
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
    #[arg(long, value_name = "E", value_parser = rational, default_value = "1/4")]
    within: Rational,
    #[command(flatten)]
    file: File,
}

fn shape_of(text: &str) -> std::result::Result<Shape, String> {
    match format!("direct_{text}").parse() {
        Ok(Function::Direct(shape)) => Ok(shape),
        _ => Err("expected relu, leaky_relu, abs, clip, relu6, sign, step or bit".to_owned()),
    }
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let (table, file) = match &a.family {
        Family::Composite(a) => (a.table()?, &a.file),
        Family::Minimax(a) => (a.table()?, &a.file),
        Family::Chebyshev(a) => (a.table()?, &a.file),
        Family::LeastSquares(a) => (a.table()?, &a.file),
        Family::Hermite(a) => (a.table()?, &a.file),
        Family::Clean(a) => (a.table()?, &a.file),
    };
    table.validate()?;
    output(file.output.as_ref(), &table.to_json())?;
    Ok(ExitCode::SUCCESS)
}

/// A table with its provenance.
fn table(
    file: &File,
    name: String,
    target: Function,
    domain: Domain,
    components: Vec<Component>,
    about: &[(&str, String)],
) -> Table {
    let generator = format!("polycert {} family", env!("CARGO_PKG_VERSION"));
    let mut provenance = BTreeMap::from([("generator".to_owned(), generator)]);
    provenance.extend(about.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    Table {
        name: file.name.clone().unwrap_or(name),
        target,
        domain,
        components,
        provenance,
    }
}

impl Approximated {
    fn ends(&self) -> (Rational, Rational) {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => (from.clone(), to.clone()),
            _ => (Rational::from(-&self.range), self.range.clone()),
        }
    }

    fn shape(&self) -> Result<shape::Function> {
        self.function
            .function(&self.slope, &(self.lower.clone(), self.upper.clone()))
    }

    /// The lines of the function on [lo, hi], without the gap around a jump if `gap` is set.
    fn lines(&self, (lo, hi): (&Rational, &Rational), gap: bool) -> Result<Vec<Line>> {
        if lo >= hi || lo.clone().abs().max(hi.clone().abs()) > 1_000_000u32 {
            return Err(Error::domain(format!(
                "the domain [{lo}, {hi}] is empty, or beyond 10^6"
            )));
        }
        let eps = match (&self.eps, gap && self.function.jumps()) {
            (Some(eps), true) if *eps > 0u32 => eps.clone(),
            (_, true) => {
                let detail =
                    "a function that jumps is approximated away from the jump: give --eps above 0";
                return Err(Error::domain(detail));
            }
            _ => Rational::new(),
        };
        self.shape()?.on(lo, hi, &eps)
    }

    fn domain(&self, (lo, hi): (Rational, Rational)) -> Domain {
        Domain {
            lo,
            hi,
            eps: self.eps.clone().filter(|_| self.function.jumps()),
        }
    }

    /// What the function is, for the provenance.
    fn words(&self) -> String {
        let name = Function::Direct(self.function).name();
        let name = name.strip_prefix("direct_").unwrap_or(name);
        match self.function {
            Shape::LeakyRelu => format!("{name}, slope {}", write(&self.slope)),
            Shape::Clip => format!("{name} to [{}, {}]", write(&self.lower), write(&self.upper)),
            _ => name.to_owned(),
        }
    }

    /// sum c_j phi_j((2x - lo - hi)/(hi - lo)), coefficients rounded.
    fn component(&self, basis: Basis, c: &[Float], (lo, hi): (&Rational, &Rational)) -> Component {
        let exact = |c: &Float| c.to_rational().unwrap_or_default();
        let rounded = c
            .iter()
            .map(|c| nearest_multiple(&exact(c), -i64::from(self.bits)));
        mapped(Component::new(basis, rounded.collect()), (lo, hi))
    }

    fn rounding(&self) -> (&'static str, String) {
        ("coefficients", format!("multiples of 2^-{}", self.bits))
    }
}

/// The component on [lo, hi] in place of [-1, 1].
fn mapped(mut component: Component, (lo, hi): (&Rational, &Rational)) -> Component {
    let width = Rational::from(hi - lo);
    component.scale = Rational::from(2) / &width;
    component.offset = -Rational::from(hi + lo) / width;
    component
}

impl Composite {
    fn table(&self) -> Result<Table> {
        if matches!(self.target, Function::Direct(_)) {
            let detail = format!(
                "--target: a composite approximates sign, so not {}",
                self.target
            );
            return Err(Error::domain(detail));
        }
        let n = self.stages.len();
        if n > MAX_COMPONENTS {
            let detail = format!("--stages: {n} components, the limit is {MAX_COMPONENTS}");
            return Err(Error::domain(detail));
        }
        let stages: Result<Vec<Component>> = self
            .stages
            .iter()
            .map(|name| Ok(Component::new(Basis::Power, stage(name)?)))
            .collect();
        let words = self.stages.join(",");
        let domain = Domain {
            lo: Rational::from(-1),
            hi: Rational::from(1),
            eps: self.eps.clone(),
        };
        let about = [
            ("stages", words.clone()),
            ("source", "ePrint 2019/1234".to_owned()),
        ];
        let name = format!("{} {words}", self.target);
        Ok(table(
            &self.file,
            name,
            self.target,
            domain,
            stages?,
            &about,
        ))
    }
}

impl Minimax {
    fn table(&self) -> Result<Table> {
        let a = &self.approximated;
        let (lo, hi) = a.ends();
        let ends = (&lo, &hi);
        let lines = a.lines(ends, true)?;
        let mut fitted = Fitted::All;
        let mut wanted = lines;
        let mut odd = Rational::new();
        if self.even {
            let even = matches!(a.function, Shape::Relu | Shape::LeakyRelu | Shape::Abs);
            if !even || Rational::from(&lo + &hi) != 0u32 {
                let detail = "--even is for relu, leaky_relu and abs on a symmetric domain";
                return Err(Error::domain(detail));
            }
            // f = odd x + k |x|: k |x| is fitted.
            let (left, right) = (wanted[0].slope.clone(), wanted[1].slope.clone());
            odd = Rational::from(&left + &right) / 2u32;
            for line in &mut wanted {
                line.slope -= &odd;
            }
            fitted = if self.zero {
                Fitted::EvenAtZero
            } else {
                Fitted::Even
            };
        }
        let fit = minimax(&wanted, ends, self.degree, fitted)?;
        let mut component = a.component(Basis::Chebyshev, &fit.chebyshev, ends);
        if self.even {
            // odd x = odd hi T_1, exactly.
            component
                .coefficients
                .resize(component.coefficients.len().max(2), Rational::new());
            component.coefficients[1] += odd * &hi;
            if self.zero {
                pin(&mut component.coefficients);
            }
        }
        let error = format!("{:.12e}", fit.estimate_error);
        note(&format!(
            "estimate: error {:.6e}, levelled to 1 + {:.1e}",
            fit.estimate_error.to_f64(),
            fit.estimate_excess
        ));
        let about = [
            (
                "fit",
                format!("minimax of {}, degree {}", a.words(), self.degree),
            ),
            ("estimate: minimax error", error),
            a.rounding(),
        ];
        let name = format!("{} minimax {}", Function::Direct(a.function), self.degree);
        let target = Function::Direct(a.function);
        let domain = a.domain((lo, hi));
        Ok(table(
            &self.file,
            name,
            target,
            domain,
            vec![component],
            &about,
        ))
    }
}

/// Makes the rounded polynomial exactly 0 at 0 by its constant: T_j(0) = 0, or (-1)^(j/2).
fn pin(c: &mut [Rational]) {
    let mut sum = Rational::new();
    for (j, c) in c.iter().enumerate().skip(2).step_by(2) {
        if j % 4 == 0 {
            sum += c;
        } else {
            sum -= c;
        }
    }
    c[0] = -sum;
}

impl Chebyshev {
    fn table(&self) -> Result<Table> {
        let a = &self.approximated;
        // The interval is held in f64, as everything in OpenFHE.
        let near = |x: &Rational| Float::with_val(53, x).to_f64();
        let held = |x: Rational| Rational::from_f64(near(&x)).unwrap_or_default();
        let (lo, hi) = a.ends();
        let (lo, hi) = (held(lo), held(hi));
        // It samples the function wherever the nodes are, in a gap too.
        a.lines((&lo, &hi), false)?;
        let f = a.shape()?;
        let value = |x: f64| near(&f.value(&Rational::from_f64(x).unwrap_or_default()));
        let c = interpolant::chebyshev(value, (near(&lo), near(&hi)), self.degree)?;
        let component = mapped(Component::new(Basis::Chebyshev, c), (&lo, &hi));
        let about = [
            (
                "fit",
                format!(
                    "Chebyshev interpolant of {}, degree {}",
                    a.words(),
                    self.degree
                ),
            ),
            (
                "source",
                "the convention of OpenFHE's EvalChebyshevFunction, in f64".to_owned(),
            ),
        ];
        let target = Function::Direct(a.function);
        let name = format!("{target} Chebyshev {}", self.degree);
        let domain = a.domain((lo, hi));
        Ok(table(
            &self.file,
            name,
            target,
            domain,
            vec![component],
            &about,
        ))
    }
}

impl LeastSquares {
    fn table(&self) -> Result<Table> {
        let a = &self.approximated;
        let ends;
        let (component, density) = match &self.histogram {
            Some(path) => {
                let h =
                    Histogram::read(&read_text(path, MAX_BYTES)?).map_err(|e| e.in_file(path))?;
                ends = (h.edges[0].clone(), h.edges[h.edges.len() - 1].clone());
                let lines = a.lines((&ends.0, &ends.1), false)?;
                let c = histogram(&lines, &h, self.degree)?;
                let component = a.component(Basis::Power, &c, (&ends.0, &ends.1));
                (component, format!("histogram of {} bins", h.weights.len()))
            }
            None => {
                ends = a.ends();
                let lines = a.lines((&ends.0, &ends.1), false)?;
                let c = gaussian(&lines, &self.mean, &self.deviation, self.degree)?;
                // Powers of (x - mean)/deviation.
                let around = (
                    &Rational::from(&self.mean - &self.deviation),
                    &Rational::from(&self.mean + &self.deviation),
                );
                let component = a.component(Basis::Power, &c, around);
                let (mean, deviation) = (write(&self.mean), write(&self.deviation));
                (
                    component,
                    format!("Gaussian, mean {mean}, standard deviation {deviation}"),
                )
            }
        };
        let about = [
            (
                "fit",
                format!("least squares of {}, degree {}", a.words(), self.degree),
            ),
            ("density", density),
            a.rounding(),
        ];
        let target = Function::Direct(a.function);
        let name = format!("{target} least squares {}", self.degree);
        let domain = a.domain(ends);
        Ok(table(
            &self.file,
            name,
            target,
            domain,
            vec![component],
            &about,
        ))
    }
}

impl Hermite {
    fn table(&self) -> Result<Table> {
        let three = |name: &str, v: &[Rational]| match v {
            [a, b, c] => Ok([a.clone(), b.clone(), c.clone()]),
            _ => Err(Error::domain(format!(
                "--{name}: {} numbers, one for each of 3 bases is needed",
                v.len()
            ))),
        };
        let c = hermite(
            &Normalisation {
                mean: three("means", &self.means)?,
                variance: three("variances", &self.variances)?,
                epsilon: self.epsilon.clone(),
                gain: self.gain.clone(),
                shift: self.shift.clone(),
            },
            self.bits,
        )?;
        let list = |v: &[Rational]| v.iter().map(write).collect::<Vec<_>>().join(", ");
        let about = [
            (
                "fit",
                "quadratic Hermite expansion of relu, normalised by basis".to_owned(),
            ),
            ("means", list(&self.means)),
            ("variances", list(&self.variances)),
            (
                "epsilon, gain, shift",
                list(&[self.epsilon.clone(), self.gain.clone(), self.shift.clone()]),
            ),
            ("coefficients", format!("multiples of 2^-{}", self.bits)),
            ("source", "arXiv 2201.06699".to_owned()),
        ];
        let domain = Domain {
            lo: Rational::from(-&self.range),
            hi: self.range.clone(),
            eps: None,
        };
        let target = Function::Direct(Shape::Relu);
        let components = vec![Component::new(Basis::Power, c)];
        let name = format!("{target} Hermite 2");
        Ok(table(&self.file, name, target, domain, components, &about))
    }
}

impl Clean {
    fn table(&self) -> Result<Table> {
        let half = Rational::from((1, 2));
        if self.within <= 0u32 || self.within >= half {
            let detail = format!("--within is above 0 and below 1/2, not {}", self.within);
            return Err(Error::domain(detail));
        }
        let component = Component::new(Basis::Power, cleaning(self.order - 1)?);
        let about = [(
            "fit",
            format!("cleaning of order {}, {} times", self.order, self.times),
        )];
        let domain = Domain {
            lo: Rational::from(-&self.within),
            hi: Rational::from(&self.within + 1u32),
            eps: Some(half - &self.within),
        };
        let target = Function::Direct(Shape::Bit);
        let components = vec![component; self.times as usize];
        let name = format!("cleaning {} x{}", self.order, self.times);
        Ok(table(&self.file, name, target, domain, components, &about))
    }
}
