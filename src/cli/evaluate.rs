//! `polycert evaluate`: a table on real ciphertexts, beside its certified bound.

use crate::certificate::evaluation::Certified;
use crate::ckks::scheme::encrypt::Encryption;
use crate::cli::params;
use crate::cli::terminal::{guard, input_bound, note, output, BOUND_BEFORE};
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::function::target::Function;
use crate::jobs::evaluate::{self as job, certify, measure, Answer, Inputs, Progress, Request};
use crate::noise::measure::composite::Domain;
use crate::poly::table::Table;
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
    #[arg(long, conflicts_with = "values")]
    hard: bool,
    /// A seed that makes keys and inputs repeat: for measurements, never for secrets.
    #[arg(long)]
    seed: Option<u64>,
    /// Inputs from a file, one decimal a line (max: input after input, separated by spaces); one run.
    #[arg(long, value_name = "FILE", conflicts_with = "runs")]
    values: Option<PathBuf>,
    /// Go on where a slot is outside of the certified domain: the bound says nothing of that run.
    #[arg(long, requires = "values", conflicts_with = "runs")]
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
    /// sign, relu, max or max_pool of a table p ~ sign; of another table its own, p itself (the table's own if left out).
    #[arg(long, value_name = "FUNCTION", requires = "table")]
    target: Option<Function>,
    /// B: inputs are in [-B, B] (max: [0, B]); not for p itself, whose inputs are in the table's domain.
    #[arg(long, alias = BOUND_BEFORE, default_value = "1", value_name = "B", value_parser = input_bound, allow_hyphen_values = true, requires = "table")]
    bound: Rational,
    /// max_pool: K x K inputs (2 if left out).
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=3), requires = "table")]
    window: Option<u32>,
    /// Encryption of the inputs, by the key: public, secret, or public-extended (zero is encrypted mod Q P and
    /// divided by P before the message is added: least noise).
    #[arg(long, default_value = "public-extended", value_name = "KEY", value_parser = encryption, requires = "table")]
    key: Encryption,
    /// The level of the inputs; the top level if none.
    #[arg(long, value_name = "LEVEL", requires = "table")]
    level: Option<usize>,
    /// Inputs are within W of 0, a part of the domain (input units): noise near its ends may be larger, and is left out.
    #[arg(long, value_name = "W", value_parser = input_bound, requires = "table")]
    within: Option<Rational>,
}

fn encryption(text: &str) -> std::result::Result<Encryption, String> {
    match text {
        "public" => Ok(Encryption::Public),
        "public-extended" => Ok(Encryption::PublicExtended),
        "secret" => Ok(Encryption::Secret),
        _ => Err("not one of public, public-extended, secret".to_owned()),
    }
}

impl Task {
    /// What the job is asked to do with a table.
    ///
    /// # Errors
    /// An option that the target cannot use.
    pub fn request(&self, table: &Table) -> Result<job::Task> {
        let target = self.function(table);
        if self.window.is_some() && target != Function::MaxPool {
            return Err(Error::domain(format!(
                "--window is for --target max_pool, not {target}"
            )));
        }
        Ok(job::Task {
            target,
            scale: self.bound.clone(),
            window: self.window.unwrap_or(2),
            key: self.key,
            level: self.level,
            within: self.within.clone(),
        })
    }

    /// The function: what is asked for, else the table's own.
    pub fn function(&self, table: &Table) -> Function {
        self.target.unwrap_or(table.target)
    }
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    guard(
        [a.certificate.as_ref()],
        [Some(&a.table), a.values.as_ref()],
    )?;
    let table = Table::read(&a.table)?;
    let parameters = a.parameters.parameters()?;
    note(&params::line(&parameters));
    let mut request = Request {
        parameters,
        task: a.task.request(&table)?,
        k: a.k,
        inputs: if a.hard {
            Inputs::Hardest(a.runs)
        } else {
            Inputs::Uniform(a.runs)
        },
        seed: a.seed,
    };
    let made = match certify(&table, &request).map_err(|e| e.in_file(&a.table))? {
        Ok(made) => made,
        Err(margin) => {
            note(&format!("polycert: no bound is proved: {margin}"));
            return Ok(ExitCode::from(1));
        }
    };
    if let Some(path) = &a.certificate {
        output(Some(path), &made.text)?;
    }
    if let Some(path) = &a.values {
        let domain = request.task.domain(&made.prepared);
        let values = read_values(path, domain.inputs, request.parameters.n() / 2)?;
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
        request.inputs = Inputs::Given(values);
    } else if a.runs == 0 {
        output(None, &format!("{}\n", made.report))?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = measure(&made, &request, &mut |at| match at {
        Progress::Keys => note("making keys"),
        Progress::Run { run, of } => note(&format!("run {run} of {of}")),
    })?;
    output(None, &said(a, &made, &answer))?;
    let beyond = !answer.within_bounds && !a.allow_out_of_domain;
    Ok(ExitCode::from(u8::from(beyond)))
}

/// Lines of `count` decimals.
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

/// The answer for people or programs.
fn said(a: &Arguments, made: &Certified, answer: &Answer) -> String {
    let measured = &answer.measured;
    let (noise, error) = (measured.noise, measured.error);
    let (bound_noise, bound_error) = (answer.bound_noise, answer.bound_error);
    let within = answer.within_bounds;
    let (runs, seed) = (answer.runs, answer.seed);
    let slots = noise.count;
    let estimate = measured.estimate_rms();
    if a.json {
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
        // Of no slot, perhaps: all lie where nothing is approximated.
        let l = |x: f64| match x > 0.0 {
            true => format!("2^{:.2}", x.log2()),
            false => "0".to_owned(),
        };
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
    }
}
