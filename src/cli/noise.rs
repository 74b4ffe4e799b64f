//! `polycert noise`: what every operation adds, and a composite, in all tiers.

use crate::certificate::evaluation::{certify, Certified, Wanted};
use crate::ckks::ring::Ring;
use crate::cli::evaluate::{average, range, truth, Task};
use crate::cli::{note, output, params};
use crate::error::Result;
use crate::files::read_text;
use crate::noise::flooding::flooding;
use crate::noise::formula::operations::Primitive;
use crate::noise::formula::{Model, Tier};
use crate::noise::measure::composite::{Experiment, Measured};
use crate::noise::measure::operations::{Lab, Sample};
use crate::poly::table::{Table, MAX_BYTES};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The noise of every operation, and of a composite: worst case, high probability, average.
///
/// All figures are log2 of |error| in units of the slots; worst_case and high_probability are bounds,
/// average_case is an estimate. Inputs are fresh encryptions by the public key of slots in [-1, 1].
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
    #[arg(long, default_value_t = 40, value_name = "BITS", value_parser = clap::value_parser!(u32).range(30..=128))]
    flood: u32,
    /// Flooding: number of decryptions that are shared.
    #[arg(long, default_value_t = 1024, value_name = "TAU", value_parser = clap::value_parser!(u64).range(1..))]
    queries: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Default)]
struct Row {
    name: String,
    bound_worst_case: Option<f64>,
    bound_high_probability: Option<f64>,
    estimate_average_case: Option<f64>,
    sample: Option<Sample>,
}

impl Row {
    /// Whether a slot was seen beyond a bound.
    fn is_beyond(&self) -> bool {
        let bounds = [self.bound_worst_case, self.bound_high_probability];
        let max = self.sample.map_or(0.0, |s| s.measure_max);
        bounds.into_iter().flatten().any(|bound| max > bound)
    }
}

/// Runs with the same keys.
const RUNS_PER_KEY: u64 = 10;

/// Keys number i for `runs` of the runs that are wanted.
fn keys(runs: u64) -> impl Iterator<Item = (u64, u64)> {
    let all = (0..runs.div_ceil(RUNS_PER_KEY)).map(|i| (i, i * RUNS_PER_KEY));
    all.map(move |(i, done)| (i, (runs - done).min(RUNS_PER_KEY)))
}

/// What every primitive adds on ciphertexts, in the order of [`Primitive::ALL`].
fn primitives(ring: &Arc<Ring>, a: &Arguments) -> Result<Vec<Sample>> {
    let mut samples = vec![Sample::default(); Primitive::ALL.len()];
    for (index, runs) in keys(a.measure) {
        note(&format!("operations, keys {index}"));
        let mut lab = Lab::on(ring, a.seed, index)?;
        for _ in 0..runs {
            for ((primitive, _), sample) in Primitive::ALL.iter().zip(&mut samples) {
                sample.add(lab.measure(*primitive)?);
            }
        }
    }
    Ok(samples)
}

/// A composite on ciphertexts: inputs uniform in the domain, and where noise is expected to be largest.
fn composite(ring: &Arc<Ring>, a: &Arguments, made: &Certified) -> Result<[Measured; 2]> {
    let truth = truth(made, &a.task);
    let mut measured = [Measured::default(); 2];
    for (index, runs) in keys(a.measure) {
        note(&format!("composite, keys {index}"));
        let lab = Lab::on(ring, a.seed, index)?;
        let domain = range(&made.prepared, &a.task);
        let mut experiment = Experiment::new(&made.prepared, lab, domain)?;
        for _ in 0..runs {
            let inputs = [experiment.uniform(), experiment.hardest()];
            for (inputs, measured) in inputs.iter().zip(&mut measured) {
                experiment.run(inputs, &truth, measured)?;
            }
        }
    }
    Ok(measured)
}

fn log2(x: Option<f64>) -> String {
    match x {
        Some(0.0) => "0 (exact)".to_owned(),
        Some(x) => format!("{:.2}", x.log2()),
        None => "-".to_owned(),
    }
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let p = a.parameters.parameters()?;
    let model = Model::new(&p);
    let mut rows = Vec::new();
    let ring = match a.measure {
        0 => None,
        _ => Some(Ring::new(&p)?),
    };
    let samples = match &ring {
        Some(ring) => primitives(ring, a)?,
        None => Vec::new(),
    };
    for (index, (primitive, name)) in Primitive::ALL.into_iter().enumerate() {
        rows.push(Row {
            name: name.to_owned(),
            bound_worst_case: Some(primitive.bound(&model, Tier::WorstCase)?),
            bound_high_probability: Some(
                primitive.bound(&model, primitive.high_probability(&model, a.k))?,
            ),
            estimate_average_case: primitive.estimate_deviation(&model),
            sample: samples.get(index).copied().filter(|s| s.count > 0),
        });
    }
    let mut notes = Vec::new();
    let mut code = 0;
    if let Some(path) = &a.table {
        let table = Table::from_json(&read_text(path, MAX_BYTES)?).map_err(|e| e.in_file(path))?;
        let wanted = |k| -> Result<Wanted> {
            Ok(Wanted {
                k,
                ..a.task.wanted()?
            })
        };
        let mut row = Row {
            name: format!("{} {}", table.name, a.task.target.name()),
            ..Row::default()
        };
        let mut hard = None;
        match certify(&table, &p, &wanted(None)?)? {
            Ok(made) => row.bound_worst_case = Some(made.bounded.bound_noise),
            Err(margin) => notes.push(format!("worst_case: no bound: {margin}")),
        }
        match certify(&table, &p, &wanted(Some(a.k))?)? {
            Ok(made) => {
                row.bound_high_probability = Some(made.bounded.bound_noise);
                row.estimate_average_case = Some(average(&made.prepared));
                if let Some(ring) = &ring {
                    let [uniform, hardest] = composite(ring, a, &made)?;
                    row.estimate_average_case = Some(uniform.estimate_rms());
                    row.sample = Some(uniform.noise);
                    hard = Some(Row {
                        name: format!("{}, hardest inputs", row.name),
                        estimate_average_case: Some(hardest.estimate_rms()),
                        sample: Some(hardest.noise),
                        ..row.clone()
                    });
                }
                let f = flooding(made.bounded.bound_noise, a.flood, a.queries, a.k);
                notes.push(format!(
                    "flooding for {} bits over {} decryptions: sigma = 2^{:.2}, added noise <= 2^{:.2} but for \
                     2^-{} a slot; then every slot is within 2^{:.2} of the true value",
                    a.flood,
                    a.queries,
                    f.sigma.log2(),
                    f.bound_added.log2(),
                    a.k,
                    (made.bound_error.to_f64() + f.bound_added).log2()
                ));
                notes.push(format!(
                    "approximation and noise: |decrypted - {}| <= 2^{:.4} but for 2^-{}",
                    a.task.target.name(),
                    made.bound_error.to_f64().log2(),
                    a.k
                ));
            }
            Err(margin) => {
                code = 1;
                notes.push(format!("high_probability: no bound: {margin}"));
            }
        }
        rows.push(row);
        rows.extend(hard);
    }
    if a.measure > 0 {
        let beyond: Vec<&str> = (rows.iter().filter(|r| r.is_beyond()))
            .map(|r| r.name.as_str())
            .collect();
        notes.push(format!(
            "{} runs of each, new keys every {RUNS_PER_KEY}; {}",
            a.measure,
            match beyond[..] {
                [] => "every slot is within its bounds".to_owned(),
                _ => {
                    code = 1;
                    format!("BEYOND A BOUND: {}", beyond.join(", "))
                }
            }
        ));
    }
    output(
        None,
        &if a.json {
            json(&rows, &notes)
        } else {
            text(&params::line(&p), a, &rows, &notes)
        },
    )?;
    Ok(ExitCode::from(code))
}

fn text(parameters: &str, a: &Arguments, rows: &[Row], notes: &[String]) -> String {
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
        "\nencode with high probability supposes that what is rounded away is uniform; certificates use its worst case\n",
    );
    for n in notes {
        let _ = writeln!(out, "{n}");
    }
    out
}

fn json(rows: &[Row], notes: &[String]) -> String {
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
