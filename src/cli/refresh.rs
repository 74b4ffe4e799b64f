//! `polycert bootstrap --measure`: a bootstrapping of our own, on ciphertexts.

use crate::ckks::bootstrap::literal::Literal;
use crate::ckks::bootstrap::mod1::Value as Wanted;
use crate::ckks::bootstrap::refresh::Phase;
use crate::ckks::parameters::security::Waiver;
use crate::cli::params;
use crate::cli::terminal::{note, output};
use crate::error::{Error, Result};
use crate::jobs::bootstrap::measure::{measure, Answer, Progress, Request};
use crate::noise::measure::refresh::{Measured, Spent};
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-bootstrap-measurement/1";

/// Options of a measurement.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// The named set: R57.
    #[arg(long, default_value = "R57", requires = "own", value_name = "NAME")]
    preset: String,
    /// log2 of the number of real values in a ciphertext, 4 to log2(N) - 1.
    #[arg(long, default_value_t = 14, requires = "own", value_name = "V", value_parser = clap::value_parser!(u32).range(4..=16))]
    log_values: u32,
    /// The set's circuit in a ring of degree 2^N, without any security: for experiments, with --insecure.
    #[arg(long, requires = "insecure", value_name = "N", value_parser = clap::value_parser!(u32).range(10..=16))]
    log_n: Option<u32>,
    /// Go on without any claim of security.
    #[arg(long, requires = "own")]
    insecure: bool,
    /// Leave the sine: without the arcsine, for a composite that takes it.
    #[arg(long, requires = "measure")]
    pub(super) sine: bool,
    /// Number of bootstraps.
    #[arg(long, default_value_t = 1, requires = "measure", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(super) runs: u64,
    /// Values are drawn from [-M, M], in units of the largest message, 0 < M <= 1 (--relu: from what is certified).
    #[arg(long, default_value_t = 1.0, requires = "measure", value_name = "M")]
    limit: f64,
    /// The bound holds but for 2^-K a bootstrap, as long as no overflow is beyond what EvalMod admits; with --relu that is in it.
    #[arg(short, default_value_t = 40, requires = "own", value_name = "K", value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(super) k: u32,
    /// Do not count the overflows of the coefficients, which takes as long as a decryption at the top level.
    #[arg(long, requires = "measure")]
    pub(super) no_overflows: bool,
    /// A seed that makes keys and values repeat: for measurements, never for secrets.
    #[arg(long, requires = "measure")]
    pub(super) seed: Option<u64>,
}

impl Options {
    /// The bootstrapping.
    pub(super) fn literal(&self) -> Result<Literal> {
        let mut literal = Literal::preset(&self.preset, self.log_values).ok_or_else(|| {
            let name = &self.preset;
            Error::domain(format!("there is no bootstrapping set {name:?}: R57"))
        })?;
        if self.insecure {
            literal.encryption.waiver = Waiver::Insecure;
            literal.encryption.log_n = self.log_n.unwrap_or(literal.encryption.log_n);
        }
        Ok(literal)
    }
}

/// Measures and prints.
///
/// # Errors
/// What is refused.
pub fn run(a: &Options, as_json: bool) -> Result<ExitCode> {
    let request = Request {
        literal: a.literal()?,
        value: if a.sine {
            Wanted::Sine
        } else {
            Wanted::Message
        },
        runs: a.runs,
        limit: a.limit,
        k: a.k,
        count: !a.no_overflows,
        seed: a.seed,
    };
    let answer = measure(&request, &mut |progress| match progress {
        Progress::Keys => note("making keys"),
        Progress::Run(run) => note(&format!("bootstrap {run} of {}", a.runs)),
    })?;
    let text = match as_json {
        true => format!("{:#}\n", document(&request, &answer)),
        false => words(&request, &answer),
    };
    output(None, &text)?;
    Ok(ExitCode::from(u8::from(!answer.within_bounds())))
}

fn phase(p: Phase) -> &'static str {
    match p {
        Phase::SlotsToCoefficients => "slots to coefficients",
        Phase::Raise => "raise",
        Phase::Trace => "trace",
        Phase::CoefficientsToSlots => "coefficients to slots",
        Phase::Mod1 => "EvalMod",
    }
}

/// log2 of a bound, rounded up to what two decimals show.
pub(super) fn log2_up(bound: f64) -> f64 {
    (bound.log2().next_up() * 100.0).ceil() / 100.0
}

fn words(request: &Request, a: &Answer) -> String {
    let (literal, m) = (&request.literal, &a.measured);
    let mod1 = &literal.mod1;
    let mut out = String::new();
    let _ = write!(
        out,
        "{}\n\
         and          {}\n\
         packing      2^{} real values in a ciphertext\n\
         levels       inputs at {}, {} at {}, scale 2^{:.2}\n\
         EvalMod      K {}, message ratio 2^{}, degree {}, {} double angles{}\n\
         memory       keys {:.2} GB, maps {:.2} GB\n\
         measured     {} bootstraps of {} values in [-{}, {}], seed {}\n\
         noise        measured rms 2^{:.2}, largest 2^{:.2}, in units of the largest message; {} values lost\n",
        params::line(&a.parameters),
        literal.sparse_sentence(&a.parameters),
        literal.log_values,
        a.input_level,
        if request.value == Wanted::Sine { "sines" } else { "results" },
        a.output_level,
        a.estimate_scale_log2,
        mod1.overflow,
        mod1.ratio_log2,
        mod1.degree,
        mod1.doublings,
        match request.value {
            Wanted::Sine => String::new(),
            _ => format!(", arcsine of degree {}", mod1.arcsine),
        },
        a.key_bytes as f64 / 1e9,
        a.map_bytes as f64 / 1e9,
        m.runs,
        1u64 << literal.log_values,
        request.limit,
        request.limit,
        a.seed,
        m.noise.measure_rms().log2(),
        m.noise.measure_max.log2(),
        m.lost,
    );
    let _ = writeln!(
        out,
        "proved       noise <= 2^{:.2} of every value in [-{}, {}] but for 2^-{} a bootstrap, by this program alone (no certificate); \
         assumed: no overflow beyond K, A1, I, c_1 uniform modulo q_0",
        log2_up(a.budget.bound_noise),
        request.limit,
        request.limit,
        request.k,
    );
    let sources = a
        .budget
        .sources()
        .map(|(name, bound)| format!("{name} 2^{:.2}", log2_up(bound)));
    let _ = writeln!(out, "  of it      {}", sources.join(", "));
    if !a.within_bounds() {
        out += "             BEYOND THE BOUND\n";
    }
    out + &seen(m)
}

/// Times and overflows.
pub(super) fn seen(m: &Measured) -> String {
    let mut out = String::new();
    let seconds = m.measure_time().as_secs_f64() / m.runs as f64;
    let parts = m.phases.iter().map(|(p, spent)| {
        let each = spent.time.as_secs_f64() / m.runs as f64;
        format!("{} {each:.2}", phase(*p))
    });
    let parts: Vec<String> = parts.collect();
    let _ = writeln!(
        out,
        "time         {seconds:.2} s a bootstrap by the wall clock: {}",
        parts.join(", ")
    );
    if !m.overflows.is_empty() {
        let counts = m.overflows.iter().map(|(k, count)| format!("{k}: {count}"));
        let counts: Vec<String> = counts.collect();
        let _ = writeln!(out, "overflows    |I| seen, {}", counts.join(", "));
    }
    out
}

/// Seconds by phase.
pub(super) fn phases(m: &Measured) -> Value {
    let each = |(p, spent): &(Phase, Spent)| {
        let each = spent.time.as_secs_f64() / m.runs as f64;
        (phase(*p).to_owned(), json!(each))
    };
    Value::Object(m.phases.iter().map(each).collect())
}

/// How often each overflow was seen.
pub(super) fn overflows(m: &Measured) -> Value {
    let each = |(k, count): (&u64, &u64)| (k.to_string(), json!(count));
    Value::Object(m.overflows.iter().map(each).collect())
}

fn document(request: &Request, a: &Answer) -> Value {
    let (literal, m) = (&request.literal, &a.measured);
    let (phases, overflows) = (phases(m), overflows(m));
    let sources: Vec<Value> = (a.budget.sources().iter())
        .map(|(name, bound)| json!({ "source": name, "bound": bound }))
        .collect();
    json!({
        "schema": SCHEMA,
        "security_sentence": literal.sparse_sentence(&a.parameters),
        "parameters": params::line(&a.parameters),
        "log_values": literal.log_values,
        "input_level": a.input_level,
        "output_level": a.output_level,
        "estimate_output_scale_log2": a.estimate_scale_log2,
        "sparse_weight": literal.weight,
        "overflow_admitted": literal.mod1.overflow,
        "message_ratio_log2": literal.mod1.ratio_log2,
        "key_bytes": a.key_bytes,
        "map_bytes": a.map_bytes,
        "seed": a.seed,
        "limit": request.limit,
        "runs": m.runs,
        "values": m.noise.count,
        "lost": m.lost,
        "k": request.k,
        "bound_noise": a.budget.bound_noise,
        "bound_sources": sources,
        "within_bounds": a.within_bounds(),
        "measure_rms": m.noise.measure_rms(),
        "measure_max": m.noise.measure_max,
        "measure_seconds": m.measure_time().as_secs_f64() / m.runs as f64,
        "measure_phase_seconds": phases,
        "measure_overflows": overflows,
    })
}
