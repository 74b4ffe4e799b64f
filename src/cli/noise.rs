//! `polycert noise`: what every operation adds, and a composite, in all tiers.

use crate::certificate::evaluation::{certify, Wanted};
use crate::ckks::noise::formula::{Model, Tier};
use crate::ckks::noise::measure::{Lab, Sample};
use crate::ckks::noise::primitive::Primitive;
use crate::ckks::ring::Ring;
use crate::cli::evaluate::{average, Task};
use crate::cli::{note, output, params, read_text};
use crate::error::Result;
use crate::evaluation::flooding::flooding;
use crate::poly::table::{Table, MAX_BYTES};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Also measure each operation on so many ciphertexts.
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

struct Row {
    name: String,
    bound_worst_case: Option<f64>,
    bound_high_probability: Option<f64>,
    estimate_average_case: Option<f64>,
    sample: Option<Sample>,
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
    let mut lab = match a.measure {
        0 => None,
        _ => Some(Lab::on(&Ring::new(&p)?, a.seed, 0)?),
    };
    for (primitive, name) in Primitive::ALL {
        let mut sample = None;
        if let Some(lab) = &mut lab {
            note(&format!("measuring {name}"));
            let mut taken = Sample::default();
            for _ in 0..a.measure {
                taken.add(lab.measure(primitive)?);
            }
            sample = Some(taken).filter(|s| s.count > 0);
        }
        rows.push(Row {
            name: name.to_owned(),
            bound_worst_case: Some(primitive.bound(&model, Tier::WorstCase)?),
            bound_high_probability: Some(
                primitive.bound(&model, primitive.high_probability(&model, a.k))?,
            ),
            estimate_average_case: primitive.estimate_deviation(&model),
            sample,
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
            bound_worst_case: None,
            bound_high_probability: None,
            estimate_average_case: None,
            sample: None,
        };
        match certify(&table, &p, &wanted(None)?)? {
            Ok(made) => row.bound_worst_case = Some(made.bounded.bound_noise),
            Err(margin) => notes.push(format!("worst_case: no bound: {margin}")),
        }
        match certify(&table, &p, &wanted(Some(a.k))?)? {
            Ok(made) => {
                row.bound_high_probability = Some(made.bounded.bound_noise);
                row.estimate_average_case = Some(average(&made.prepared));
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
        "{:<20} {:>12} {:>25} {:>22} {:>12} {:>12}",
        "operation", "worst_case", high, "average_case (est.)", "measure_max", "measure_rms"
    );
    for r in rows {
        let _ = writeln!(
            out,
            "{:<20} {:>12} {:>25} {:>22} {:>12} {:>12}",
            r.name,
            log2(r.bound_worst_case),
            log2(r.bound_high_probability),
            log2(r.estimate_average_case),
            log2(r.sample.map(|s| s.measure_max)),
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
            })
        })
        .collect();
    format!("{:#}\n", serde_json::json!({"rows": rows, "notes": notes}))
}
