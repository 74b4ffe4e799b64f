//! `polycert evaluate`: a table on real ciphertexts, beside its certified bound.

use crate::certificate::evaluation::{certify, Certified, Wanted};
use crate::ckks::parameters::rng::Rng;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::encrypt::Encryption;
use crate::cli::{note, output, params, rational};
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::function::target::{Function as Named, Target};
use crate::noise::composite::average::Estimator;
use crate::noise::composite::bound::{Input, Prepared, Task as Kind};
use crate::noise::measure::composite::{Domain, Experiment, Measured};
use crate::noise::measure::operations::Lab;
use crate::poly::table::{Table, MAX_BYTES};
use rug::Rational;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Largest file of values, in bytes.
const MAX_VALUES: usize = 64 << 20;

/// Evaluates a table on ciphertexts and prints measured errors beside the certified bounds.
///
/// Keys are new, from the system's randomness unless there is a --seed. Exit code: 0 all slots within the
/// bound, 1 no bound or a slot beyond it, 2 usage.
#[derive(clap::Args)]
pub struct Arguments {
    /// The table.
    table: PathBuf,
    #[command(flatten)]
    parameters: params::Chosen,
    #[command(flatten)]
    task: Task,
    /// The bound holds but for 2^-K for the whole circuit.
    #[arg(short, default_value_t = 40, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=80))]
    k: u32,
    /// Encrypted runs, all slots full of numbers drawn from the domain; 0 only makes the certificate.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=100_000))]
    runs: u64,
    /// Draw the inputs from where noise is expected to be largest, not from the whole domain.
    #[arg(long)]
    hard: bool,
    /// A seed that makes keys and inputs repeat: for measurements, never for secrets.
    #[arg(long)]
    seed: Option<u64>,
    /// Inputs from a file, one decimal a line (max: input after input, separated by spaces); one run.
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// Go on where a slot is outside of the certified domain: the bound says nothing of that run.
    #[arg(long)]
    allow_out_of_domain: bool,
    /// Write the evaluation certificate, for polycert-check.
    #[arg(short = 'o', long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is evaluated.
#[derive(clap::Args, Debug, Clone)]
pub struct Task {
    /// sign, relu, max or max_pool.
    #[arg(long, default_value = "relu", value_name = "FUNCTION")]
    pub target: Named,
    /// B: inputs are in [-B, B] (max: [0, B]).
    #[arg(long, default_value = "1", value_name = "B", value_parser = rational)]
    scale: Rational,
    /// max_pool: K x K inputs.
    #[arg(long, default_value_t = 2, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=3))]
    window: u32,
    /// Encryption of the inputs, by the key: public, secret, or public-extended (zero is encrypted mod Q P and
    /// divided by P before the message is added: least noise).
    #[arg(long, default_value = "public-extended", value_name = "KEY", value_parser = encryption)]
    key: Encryption,
    /// The level of the inputs; the top level if none.
    #[arg(long, value_name = "LEVEL")]
    level: Option<usize>,
}

fn encryption(text: &str) -> std::result::Result<Encryption, String> {
    match text {
        "public" => Ok(Encryption::Public),
        "public-extended" => Ok(Encryption::PublicExtended),
        "secret" => Ok(Encryption::Secret),
        _ => Err("not one of public, public-extended, secret".to_owned()),
    }
}

/// A function's true values.
pub trait Function {
    /// Its value.
    fn value(self, inputs: &[f64]) -> f64;
}

impl Function for Named {
    fn value(self, inputs: &[f64]) -> f64 {
        match self {
            Self::Sign => inputs[0].signum(),
            Self::Relu => inputs[0].max(0.0),
            _ => inputs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl Task {
    /// The request, without a tier.
    ///
    /// # Errors
    /// None so far.
    pub fn wanted(&self) -> Result<Wanted> {
        let mut target = Target::new(self.target);
        target.scale = self.scale.clone();
        target.inputs = (self.window * self.window) as usize;
        Ok(Wanted {
            target,
            input: Input::Fresh(self.key),
            k: None,
            level: self.level,
        })
    }
}

/// *Estimate*: the root mean square of |noise| of the result, over inputs uniform in the domain.
pub fn average(p: &Prepared) -> f64 {
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

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let text = read_text(&a.table, MAX_BYTES)?;
    let table = Table::from_json(&text).map_err(|e| e.in_file(&a.table))?;
    let p = a.parameters.parameters()?;
    note(&params::line(&p));
    let wanted = Wanted {
        k: Some(a.k),
        ..a.task.wanted()?
    };
    let made = match certify(&table, &p, &wanted)? {
        Ok(made) => made,
        Err(margin) => {
            note(&format!("polycert: no bound is proved: {margin}"));
            return Ok(ExitCode::from(1));
        }
    };
    if let Some(path) = &a.certificate {
        output(Some(path), &made.text)?;
    }
    let domain = range(&made.prepared, &a.task);
    let given = match &a.values {
        Some(path) => {
            let values = read_values(path, domain.inputs, p.n() / 2)?;
            if let Some(refusal) = outside(&values, domain) {
                if !a.allow_out_of_domain {
                    return Err(Error::domain(format!(
                        "{refusal}; --allow-out-of-domain goes on without a bound"
                    ))
                    .in_file(path));
                }
                note(&format!(
                    "polycert: {refusal}: the bounds say nothing of this run"
                ));
            }
            Some(values)
        }
        None => None,
    };
    if a.runs == 0 && given.is_none() {
        output(None, &format!("{}\n", made.report))?;
        return Ok(ExitCode::SUCCESS);
    }
    measure(a, &p, &made, given, domain)
}

/// The target's own domain; a pool's may be smaller than what its input map allows.
pub fn range(prepared: &Prepared, task: &Task) -> Domain {
    let mut domain = Domain::of(prepared);
    if matches!(prepared.request.task, Kind::Pool { .. }) {
        let b = task.scale.to_f64();
        (domain.lo, domain.hi) = (domain.lo.max(-b), domain.hi.min(b));
    }
    domain
}

/// The true function, where the certificate says something of it.
pub fn truth<'a>(made: &Certified, task: &'a Task) -> impl Fn(&[f64]) -> Option<f64> + 'a {
    let from = match &made.proof.closeness {
        Some(c) if task.target == Named::Sign => Rational::from(&c.from * &task.scale).to_f64(),
        _ => 0.0,
    };
    move |x| (x[0].abs() >= from).then(|| task.target.value(x))
}

/// Lines of `count` decimals; missing slots are 0 (which every domain has).
fn read_values(path: &Path, count: usize, slots: usize) -> Result<Vec<Vec<f64>>> {
    let text = read_text(path, MAX_VALUES)?;
    let mut all = vec![Vec::new(); count];
    for (i, line) in text.lines().enumerate() {
        let fail = |detail: String| Error::parse(format!("line {}", i + 1), detail).in_file(path);
        let numbers: Vec<&str> = line.split_whitespace().collect();
        if numbers.len() != count {
            return Err(fail(format!("{} numbers, expected {count}", numbers.len())));
        }
        if i >= slots {
            return Err(fail(format!("more than {slots} slots")));
        }
        for (list, number) in all.iter_mut().zip(numbers) {
            match number.parse::<f64>() {
                Ok(x) if x.is_finite() => list.push(x),
                _ => return Err(fail(format!("{number:?} is not a finite decimal"))),
            }
        }
    }
    for list in &mut all {
        list.resize(slots, 0.0);
    }
    Ok(all)
}

/// The first slot outside of the domain.
fn outside(values: &[Vec<f64>], Domain { lo, hi, .. }: Domain) -> Option<String> {
    for (i, list) in values.iter().enumerate() {
        for (slot, x) in list.iter().enumerate() {
            if !(lo..=hi).contains(x) {
                return Some(format!(
                    "input {i}, slot {slot}: {x} is outside of the certified domain [{lo}, {hi}]"
                ));
            }
        }
    }
    None
}

fn measure(
    a: &Arguments,
    p: &crate::ckks::parameters::Parameters,
    made: &Certified,
    given: Option<Vec<Vec<f64>>>,
    domain: Domain,
) -> Result<ExitCode> {
    let seed = match a.seed {
        Some(seed) => seed,
        None => Rng::from_system()?.word(),
    };
    note("making keys");
    let lab = Lab::on(&Ring::new(p)?, seed, 0)?;
    let mut experiment = Experiment::new(&made.prepared, lab, domain)?;
    let truth = truth(made, &a.task);
    let runs = if given.is_some() { 1 } else { a.runs };
    let mut measured = Measured::default();
    for index in 0..runs {
        note(&format!("run {} of {runs}", index + 1));
        let inputs = match &given {
            Some(values) => values.clone(),
            None if a.hard => experiment.hardest(),
            None => experiment.uniform(),
        };
        experiment.run(&inputs, &truth, &mut measured)?;
    }
    let (noise, error) = (measured.noise, measured.error);
    let (bound_noise, bound_error) = (made.bound_noise.to_f64(), made.bound_error.to_f64());
    let within = noise.measure_max <= bound_noise && error.measure_max <= bound_error;
    let slots = noise.count;
    let estimate = measured.estimate_rms();
    let line = if a.json {
        let value = serde_json::json!({
            "statement": made.report.headline(),
            "runs": runs,
            "slots": slots,
            "seed": seed,
            "bound_error": bound_error,
            "measure_error_max": error.measure_max,
            "measure_error_rms": error.measure_rms(),
            "bound_noise": bound_noise,
            "measure_noise_max": noise.measure_max,
            "measure_noise_rms": noise.measure_rms(),
            "estimate_noise_rms": estimate,
            "within_bounds": within,
        });
        format!("{value:#}\n")
    } else {
        let l = |x: f64| format!("2^{:.2}", x.log2());
        format!(
            "certified: {}\n{runs} runs, {slots} slots, seed {seed}\n\
             error (against the true function)  bound {}  measure_max {}  measure_rms {}\n\
             noise (against the polynomial)     bound {}  measure_max {}  measure_rms {}  (average_case, an estimate: {})\n\
             {}\n",
            made.report.headline(),
            l(bound_error),
            l(error.measure_max),
            l(error.measure_rms()),
            l(bound_noise),
            l(noise.measure_max),
            l(noise.measure_rms()),
            l(estimate),
            if within { "every slot is within its bound" } else { "A SLOT IS BEYOND ITS BOUND" },
        )
    };
    output(None, &line)?;
    Ok(ExitCode::from(u8::from(!within && !a.allow_out_of_domain)))
}
