//! Evaluate: a table on real ciphertexts, beside its certified bound.

use crate::certificate::evaluation::{self, Certified, Outcomes, Wanted};
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::encrypt::Encryption;
use crate::error::{Error, Result};
use crate::function::algebra::Algebra;
use crate::function::point::Points;
use crate::function::target::Function;
use crate::jobs::certify::usual;
use crate::noise::composite::average::Estimator;
use crate::noise::composite::bound::{Input, Prepared, Task as Kind};
use crate::noise::measure::composite::{Domain, Experiment, Measured};
use crate::noise::measure::operations::Lab;
use crate::poly::table::Table;
use rug::Rational;

/// The function that is evaluated, and its inputs.
#[derive(Debug, Clone)]
pub struct Task {
    /// Sign, ReLU, max or max-pool; or what p itself stands for.
    pub target: Function,
    /// B: inputs are in [-B, B] (max: [0, B]); 1 for p itself, which has a domain of its own.
    pub scale: Rational,
    /// K of a K x K max-pool, 2 or 3.
    pub window: u32,
    /// The key that inputs are encrypted by, and how.
    pub key: Encryption,
    /// The level of the inputs; the top level if none.
    pub level: Option<usize>,
    /// Inputs are within this of 0, a part of the domain; all of it if none.
    pub within: Option<Rational>,
}

impl Task {
    /// A function on [-1, 1], inputs encrypted by the public key with least noise, at the top level.
    pub fn new(target: Function) -> Self {
        Self {
            target,
            scale: Rational::from(1),
            window: 2,
            key: Encryption::PublicExtended,
            level: None,
            within: None,
        }
    }

    /// What is to be certified of a table; but for 2^-k, or for every outcome.
    pub(in crate::jobs) fn wanted(&self, table: &Table, k: Option<u32>) -> Wanted {
        let mut target = usual(table, self.target);
        target.scale = self.scale.clone();
        target.inputs = (self.window as usize).saturating_mul(self.window as usize);
        Wanted {
            target,
            input: Input::Fresh(self.key),
            within: self.within.clone(),
            k,
            level: self.level,
            scale: None,
            margin: None,
        }
    }

    /// Where inputs are drawn from: the target's own domain; a pool's may be smaller than its input map allows.
    pub fn domain(&self, prepared: &Prepared) -> Domain {
        let mut domain = Domain::of(prepared);
        if matches!(prepared.request.task, Kind::Pool { .. }) {
            let b = self.scale.to_f64();
            (domain.lo, domain.hi) = (domain.lo.max(-b), domain.hi.min(b));
        }
        domain
    }

    /// *Estimates* the true function, where the certificate says something of it.
    pub(in crate::jobs) fn truth<'a>(&self, made: &'a Certified) -> Truth<'a> {
        let (target, proof) = (self.target, &made.proof);
        if let Some(lines) = &proof.lines {
            let part = |x: f64| {
                lines
                    .parts
                    .iter()
                    .find(|p| p.line.from <= x && p.line.to >= x)
            };
            return Box::new(move |x| {
                let line = &part(x[0])?.line;
                Some(line.slope.to_f64() * x[0] + line.intercept.to_f64())
            });
        }
        if let Some(series) = &proof.series {
            let function = series.difference.function.expression();
            let part = |x: f64| series.parts.iter().find(|p| p.from <= x && p.to >= x);
            let points = Points { prec: 64 };
            return Box::new(move |x| {
                part(x[0])?;
                let x = points.constant(&Rational::from_f64(x[0])?);
                // Not defined at the very end of a domain, perhaps.
                let value = function.value(&points, &x, &x).ok()?;
                Some(value.ball().0.to_f64())
            });
        }
        let from = match &proof.closeness {
            Some(c) if target == Function::Sign => Rational::from(&c.from * &self.scale).to_f64(),
            _ => 0.0,
        };
        Box::new(move |x| (x[0].abs() >= from).then(|| value(target, x)))
    }
}

/// A function of all inputs; none where nothing is said of it.
pub(in crate::jobs) type Truth<'a> = Box<dyn Fn(&[f64]) -> Option<f64> + 'a>;

/// The value of a function that is made of a sign.
fn value(function: Function, inputs: &[f64]) -> f64 {
    match function {
        Function::Sign => inputs[0].signum(),
        Function::Relu => inputs[0].max(0.0),
        _ => inputs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}

/// What is evaluated, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// Encryption parameters.
    pub parameters: Parameters,
    /// The function and its inputs.
    pub task: Task,
    /// The bound holds but for 2^-k for the whole circuit; 1 to 80.
    pub k: u32,
    /// What is encrypted.
    pub inputs: Inputs,
    /// Keys and inputs that repeat, for measurements and never for secrets; from the system if none.
    pub seed: Option<u64>,
}

/// Slots of the encrypted runs.
#[derive(Debug, Clone)]
pub enum Inputs {
    /// So many runs of numbers uniform in the domain.
    Uniform(u64),
    /// So many runs where noise is expected to be largest.
    Hardest(u64),
    /// One run: a list of at most N/2 slots for each input of the function; slots beyond are 0, or what is nearest to
    /// it in the domain.
    Given(Vec<Vec<f64>>),
}

/// Certifies what is decrypted: approximation and noise together.
///
/// **Guarantee** |decrypted - function| <= `bound_error` at every slot with inputs in the domain, but for
/// 2^-k; the independent checker has verified the certificate. `Err` in the answer: the margin that is missing.
///
/// # Errors
/// What [`evaluation::certify`] refuses.
///
/// ```
/// use polycert::ckks::parameters::{security::Waiver, Literal, Parameters};
/// use polycert::function::target::Function;
/// use polycert::jobs::evaluate::{certify, measure, Inputs, Request, Task};
/// use polycert::poly::Table;
///
/// let path = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu04.json");
/// let table = Table::read(path.as_ref())?;
/// let mut literal = Literal::new(10, [&[50][..], &[40; 8]].concat(), vec![50], 40);
/// literal.waiver = Waiver::Insecure; // a ring this small is for examples
/// let request = Request {
///     parameters: Parameters::new(&literal)?,
///     task: Task::new(Function::Relu),
///     k: 40,
///     inputs: Inputs::Uniform(1),
///     seed: Some(1),
/// };
/// let made = certify(&table, &request)?.expect("the table has the margin");
/// let answer = measure(&made, &request, &mut |_| ())?;
/// assert!(answer.within_bounds);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn certify(table: &Table, request: &Request) -> Result<Outcomes> {
    let wanted = request.task.wanted(table, Some(request.k));
    evaluation::certify(table, &request.parameters, &wanted)
}

/// What the work is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Keys are made.
    Keys,
    /// A run begins.
    Run {
        /// Which, from 1.
        run: u64,
        /// Of how many.
        of: u64,
    },
}

/// What was measured on ciphertexts, beside what is certified.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Encrypted runs.
    pub runs: u64,
    /// The seed that repeats them.
    pub seed: u64,
    /// Measured errors of all slots, with the estimate for these very inputs.
    pub measured: Measured,
    /// Certified bound of |decrypted - polynomial|.
    pub bound_noise: f64,
    /// Certified bound of |decrypted - function|.
    pub bound_error: f64,
    /// Whether no slot was seen beyond a bound.
    pub within_bounds: bool,
}

/// Evaluates on ciphertexts, with new keys, and measures against the certified bounds.
///
/// **Cost** keys, some seconds for N = 2^16; then seconds a run.
///
/// # Errors
/// Lists of other lengths than the function and the ring have, and what the scheme refuses.
pub fn measure(
    made: &Certified,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> Result<Answer> {
    let seed = match request.seed {
        Some(seed) => seed,
        None => Rng::from_system()?.word(),
    };
    let slots = request.parameters.n() / 2;
    let domain = request.task.domain(&made.prepared);
    let given = match &request.inputs {
        Inputs::Given(lists) => Some(padded(lists, domain, slots)?),
        _ => None,
    };
    progress(Progress::Keys);
    let lab = Lab::on(&Ring::new(&request.parameters)?, seed, 0)?;
    let mut experiment = Experiment::new(&made.prepared, lab, domain)?;
    let truth = request.task.truth(made);
    let runs = match request.inputs {
        Inputs::Uniform(runs) | Inputs::Hardest(runs) => runs,
        Inputs::Given(_) => 1,
    };
    let mut measured = Measured::default();
    for run in 1..=runs {
        progress(Progress::Run { run, of: runs });
        let inputs = match (&given, &request.inputs) {
            (Some(values), _) => values.clone(),
            (None, Inputs::Hardest(_)) => experiment.hardest(),
            (None, _) => experiment.uniform(),
        };
        experiment.run(&inputs, &truth, &mut measured)?;
    }
    let (bound_noise, bound_error) = (made.bound_noise.to_f64(), made.bound_error.to_f64());
    Ok(Answer {
        runs,
        seed,
        within_bounds: measured.noise.measure_max <= bound_noise
            && measured.error.measure_max <= bound_error,
        measured,
        bound_noise,
        bound_error,
    })
}

/// All slots of every input, those that are not given inside of the domain.
fn padded(lists: &[Vec<f64>], domain: Domain, slots: usize) -> Result<Vec<Vec<f64>>> {
    let inputs = domain.inputs;
    if lists.len() != inputs || lists.iter().any(|l| l.len() > slots) {
        return Err(Error::domain(format!(
            "{} lists of values; {inputs} of at most {slots} slots are needed",
            lists.len()
        )));
    }
    let mut lists = lists.to_vec();
    for list in &mut lists {
        list.resize(slots, 0f64.clamp(domain.lo, domain.hi));
    }
    Ok(lists)
}

/// *Estimate*: the root mean square of |noise| of the result, over inputs uniform in the domain.
pub(in crate::jobs) fn average(p: &Prepared) -> f64 {
    const DRAWS: u32 = 100_000;
    let mut estimator = Estimator::new(&p.circuit, p.model(), &p.request.input);
    let domain = Domain::of(p);
    let mut rng = Rng::numbered(0, 0);
    let mut sum = 0.0;
    for _ in 0..DRAWS {
        let x: Vec<f64> = (0..domain.inputs)
            .map(|_| domain.draw(rng.word()))
            .collect();
        sum += estimator.estimate(&x).1;
    }
    (sum / f64::from(DRAWS)).sqrt()
}
