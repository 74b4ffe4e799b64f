//! `polycert noise`: what every operation adds, and a composite, in all tiers.

use crate::cli::evaluate::Task;
use crate::cli::params;
use crate::cli::terminal::{note, output};
use crate::error::Result;
use crate::jobs::noise::{noise, Answer, Composite, Progress, Request, Row, RUNS_PER_KEY};
use crate::poly::table::Table;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// The noise of every operation, and of a composite: worst case, high probability, average.
///
/// All figures are log2 of |error| in units of the slots; worst_case and high_probability are bounds,
/// average_case is an estimate. What encoding rounds away is no chance of a sampler: its bound is the worst case. Inputs are fresh encryptions by the public key of slots in [-1, 1].
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    parameters: params::Chosen,
    /// high_probability: but for 2^-K, each operation at all slots, or the whole composite.
    #[arg(short, default_value_t = 40, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=80))]
    k: u32,
    /// Also measure each operation, and the composite, in so many runs; exit code 1 if a slot is beyond a bound.
    #[arg(long, default_value_t = 0, value_name = "RUNS")]
    measure: u64,
    /// The seed of the measurement, which repeats.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also bound a composite: a table.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    #[command(flatten)]
    task: Task,
    /// Flooding before decryptions of the composite are shared: bits of statistical security.
    #[arg(long, default_value_t = 40, value_name = "BITS", value_parser = clap::value_parser!(u32).range(30..=128), requires = "table")]
    flood: u32,
    /// Flooding: number of decryptions that are shared.
    #[arg(long, default_value_t = 1024, value_name = "TAU", value_parser = clap::value_parser!(u64).range(1..), requires = "table")]
    queries: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let parameters = a.parameters.parameters()?;
    let line = params::line(&parameters);
    let composite = match &a.table {
        Some(path) => {
            let table = Table::read(path)?;
            let task = a.task.request(&table)?;
            Some((table, task))
        }
        None => None,
    };
    let function = composite.as_ref().map(|(table, task)| match &table.smooth {
        Some(smooth) => smooth.function.text().trim().to_owned(),
        None => task.target.name().to_owned(),
    });
    let request = Request {
        parameters,
        k: a.k,
        measure: a.measure,
        seed: a.seed,
        composite,
        flood: a.flood,
        queries: a.queries,
    };
    let answer = noise(&request, &mut |at| match at {
        Progress::Operations(keys) => note(&format!("operations, keys {keys}")),
        Progress::Composite(keys) => note(&format!("composite, keys {keys}")),
    })?;
    let mut notes = Vec::new();
    let mut code = 0;
    if let Some(composite) = &answer.composite {
        code = u8::from(composite.high_probability.is_err());
        notes = of_composite(a, &function.unwrap_or_default(), composite);
    }
    if a.measure > 0 {
        let (words, beyond) = of_measurement(a, &answer);
        code = code.max(u8::from(beyond));
        notes.push(words);
    }
    let rows: Vec<&Row> = answer.rows().collect();
    let text = if a.json {
        json(&rows, &notes)
    } else {
        text(&line, a, &rows, &notes)
    };
    output(None, &text)?;
    Ok(ExitCode::from(code))
}

/// What is said of a composite besides its rows.
fn of_composite(a: &Arguments, function: &str, composite: &Composite) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(margin) = &composite.no_worst_case {
        notes.push(format!("worst_case: no bound: {margin}"));
    }
    let high = match &composite.high_probability {
        Ok(high) => high,
        Err(margin) => {
            notes.push(format!("high_probability: no bound: {margin}"));
            return notes;
        }
    };
    let (f, bound_error) = (&high.flooding, high.bound_error.to_f64());
    notes.push(format!(
        "flooding for {} bits (Kullback-Leibler, summed over {} decrypted ciphertexts of {} slots each): sigma = 2^{:.2} \
         at every slot; a ciphertext's added noise <= 2^{:.2} at all its slots but for 2^-{}; then every slot of it is \
         within 2^{:.2} of the true value but for 2^-{}",
        a.flood,
        a.queries,
        high.slots,
        f.sigma.log2(),
        f.bound_added.log2(),
        a.k,
        (bound_error + f.bound_added).log2(),
        i64::from(a.k) - 1
    ));
    notes.push(format!(
        "approximation and noise: |decrypted - {}| <= 2^{:.4} but for 2^-{}",
        function,
        bound_error.log2(),
        a.k
    ));
    notes
}

/// What is said of a measurement, and whether a slot is beyond a bound.
fn of_measurement(a: &Arguments, answer: &Answer) -> (String, bool) {
    let beyond = answer.rows().filter(|r| r.is_beyond());
    let beyond: Vec<&str> = beyond.map(|r| r.name.as_str()).collect();
    let verdict = match beyond[..] {
        [] => "every slot is within its bounds".to_owned(),
        _ => format!("BEYOND A BOUND: {}", beyond.join(", ")),
    };
    let words = format!(
        "{} runs of each, new keys every {RUNS_PER_KEY}; {verdict}",
        a.measure
    );
    (words, !beyond.is_empty())
}

fn log2(x: Option<f64>) -> String {
    match x {
        Some(0.0) => "0 (exact)".to_owned(),
        Some(x) => format!("{:.2}", x.log2()),
        None => "-".to_owned(),
    }
}

fn text(parameters: &str, a: &Arguments, rows: &[&Row], notes: &[String]) -> String {
    let mut out = format!("{parameters}\nlog2 of |error| in units of the slots\n\n");
    let high = format!("high_probability (2^-{})", a.k);
    let _ = writeln!(
        out,
        "{:<28} {:>12} {:>25} {:>12} {:>22} {:>12}",
        "operation", "worst_case", high, "measure_max", "average_case (est.)", "measure_rms"
    );
    for r in rows {
        let _ = writeln!(
            out,
            "{:<28} {:>12} {:>25} {:>12} {:>22} {:>12}",
            r.name,
            log2(r.bound_worst_case),
            log2(r.bound_high_probability),
            log2(r.sample.map(|s| s.measure_max)),
            log2(r.estimate_average_case),
            log2(r.sample.map(|s| s.measure_rms())),
        );
    }
    out.push_str(
        "\nencode: the worst case in both columns, for what is rounded away depends on the message alone\n",
    );
    for n in notes {
        let _ = writeln!(out, "{n}");
    }
    out
}

fn json(rows: &[&Row], notes: &[String]) -> String {
    let number = |x: Option<f64>| x.filter(|x| *x > 0.0).map(f64::log2);
    let rows: Vec<serde_json::Value> = rows
        .iter()
        .map(|r| {
            serde_json::json!({
                "operation": r.name,
                "bound_worst_case_log2": number(r.bound_worst_case),
                "bound_high_probability_log2": number(r.bound_high_probability),
                "estimate_average_case_log2": number(r.estimate_average_case),
                "measure_max_log2": number(r.sample.map(|s| s.measure_max)),
                "measure_rms_log2": number(r.sample.map(|s| s.measure_rms())),
                "measured_slots": r.sample.map_or(0, |s| s.count),
            })
        })
        .collect();
    format!("{:#}\n", serde_json::json!({"rows": rows, "notes": notes}))
}
