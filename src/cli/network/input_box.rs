//! `polycert network box`: proved ranges and output difference over a box of inputs.

use crate::cli::network::setup::{notes, ModelArguments, PreparationArguments};
use crate::cli::progress::Line;
use crate::cli::terminal::{output, rational};
use crate::error::{Error, Result};
use crate::files::{refuse_overwriting, write_atomically};
use crate::jobs::network::box_bounds::{box_bounds, Answer, Near, Request, Run};
use crate::network::boxes::stages::Stage;
use crate::network::model::words::decimal;
use rug::Rational;
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Prove the range of every neuron over a box of inputs, and how far network and twin are apart.
///
/// For each of --degrees every neuron's ReLU is replaced by a polynomial of that degree, close to the
/// best one on the neuron's own proved range; with --table by r(x) = x (1 + p(x/b))/2, where b is the
/// neuron's own reach. Proved over the whole box: no polynomial leaves the range that it was made for,
/// and the outputs differ by at most the printed bound. For networks of linear layers, ReLU and max-pooling, whose
/// matches max(a, b) = b + relu(a - b) have their own polynomials; the time goes with the square of the neurons.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Degrees of the neurons' polynomials, separated by commas. A degree keeps the polynomials of a lower one in
    /// this list where those have the smaller bound.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=400))]
    degrees: Vec<u16>,
    /// Tables (polycert-table/1) of composites; may be repeated.
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// The box is [LO, HI] in every input, before the mean and standard deviation of the preparation, if there is one.
    #[arg(long, default_value = "0", value_parser = rational, allow_hyphen_values = true)]
    lo: Rational,
    /// Upper end of every side.
    #[arg(long, default_value = "1", value_parser = rational, allow_hyphen_values = true)]
    hi: Rational,
    /// With --input: the box is the part of [LO, HI] within this L-infinity distance of the sample.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, requires = "input")]
    radius: Option<Rational>,
    /// With --input: make the polynomials for the ranges over the whole [LO, HI], as a network that serves
    /// all inputs has them, and bound the difference within the radius. Without: for the ranges within it.
    #[arg(long, requires = "input")]
    whole: bool,
    /// Which sample of the input file, from 0.
    #[arg(long, default_value_t = 0)]
    sample: usize,
    /// A sample (.npy, PNG, JPEG); the radius is taken before mean and standard deviation.
    #[arg(long, short, value_name = "FILE")]
    input: Option<PathBuf>,
    #[command(flatten)]
    preparation: PreparationArguments,
    /// Starts of the search for inputs that reach the bounds (measured beside what is proved); 0: none.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    attack: u16,
    /// Also write the polynomials to DIR: for --degrees a table (target direct_relu) for each neuron on its own proved
    /// range, for --table each neuron's scale; DIR/index.json lists them. The bounds are about these tables.
    #[arg(long = "tables", value_name = "DIR")]
    tables_folder: Option<PathBuf>,
    /// Also write a certificate (polycert-network-box/1) to FILE and the exact network to FILE.network, verified by the
    /// independent checker; of one degree or table.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Print JSON instead of text, with the ranges of every neuron.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    if a.input.is_none() && a.preparation.is_given() {
        return Err(Error::domain(
            "a preparation (--layout, --channels, --value-scale, --mean, --std, --input-domain) goes with --input",
        ));
    }
    let near = a.input.as_ref().map(|file| -> Result<Near> {
        Ok(Near {
            file: a.preparation.request(file)?,
            sample: a.sample,
            radius: a.radius.clone(),
            whole: a.whole,
        })
    });
    let near = near.transpose()?;
    let beside = |file: &PathBuf| PathBuf::from(format!("{}.network", file.display()));
    if let Some(file) = &a.certificate {
        let model = a.model.files();
        let read = model.iter().chain(&a.input).chain(&a.tables);
        let read = read.map(PathBuf::as_path);
        let written = [file.clone(), beside(file)];
        refuse_overwriting(written.iter().map(PathBuf::as_path), read)?;
    }
    let request = Request {
        model: a.model.request(),
        degrees: a.degrees.iter().map(|&d| usize::from(d)).collect(),
        tables: a.tables.clone(),
        lo: a.lo.clone(),
        hi: a.hi.clone(),
        near,
        attack: usize::from(a.attack),
        tables_folder: a.tables_folder.clone(),
        certificate: a.certificate.is_some(),
    };
    let mut line = Line::new();
    let answer = box_bounds(&request, &mut |what, done, total| {
        line.show(&format!("{what}: {done} of {total}"), done == total);
    })?;
    let mut statement = String::new();
    if let (Some(file), Some(made)) = (&a.certificate, &answer.certificate) {
        statement = format!("\n{}\n", made.statement);
        write_atomically(&beside(file), &made.network)?;
        write_atomically(file, &made.certificate)?;
    }
    let text = if a.json {
        let runs: Vec<Value> = answer
            .runs
            .iter()
            .map(|r| json(r, &answer.stages))
            .collect();
        let value = json!({
            "format": "polycert-box/1",
            "network_sha256": answer.network_sha256,
            "network_said": answer.network_said,
            "input_said": answer.input_said,
            "box": answer.sides.iter().map(|s| [s.0, s.1]).collect::<Vec<_>>(),
            "runs": runs,
        });
        format!("{value:#}\n")
    } else {
        notes(&answer.network_said, &answer.input_said) + &words(a, &answer) + &statement
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn words(a: &Arguments, answer: &Answer) -> String {
    let (all, stages) = (&answer.runs, &answer.stages);
    let mut out = format!(
        "{:<28} {:>16} {:>10} {:>12}{}\n",
        "polynomials",
        "|difference| <=",
        "seconds",
        "replaced",
        if a.attack > 0 {
            "   reached (measured)   share of a range"
        } else {
            ""
        }
    );
    for d in all {
        let _ = write!(
            out,
            "{:<28} {:>16} {:>10.4} {:>12}",
            by_degree(d),
            decimal(d.bound_difference, true),
            d.seconds,
            d.polynomials
        );
        if let Some((difference, share)) = d.measure_reached {
            let _ = write!(out, "   {difference:>18.6}   {share:>16.4}");
        }
        out.push('\n');
    }
    if let Some(last) = all.last() {
        let _ = writeln!(
            out,
            "\nproved pre-activation ranges of the twin, {}:",
            last.name
        );
        for (k, s) in last.stages.iter().enumerate().skip(1) {
            let lo = s
                .bound_twin
                .iter()
                .map(|b| b.0)
                .fold(f64::INFINITY, f64::min);
            let hi = s
                .bound_twin
                .iter()
                .map(|b| b.1)
                .fold(f64::NEG_INFINITY, f64::max);
            let _ = writeln!(
                out,
                "  {:<26} [{}, {}]",
                stages[k].name.escape_debug().to_string(),
                decimal(lo, false),
                decimal(hi, true)
            );
        }
    }
    out
}

/// A run's name, with the degree of its twin where a lower one has the smaller bound.
fn by_degree(run: &Run) -> String {
    match run.degree {
        Some(d) if run.name != format!("degree {d}") => format!("{}, by degree {d}", run.name),
        _ => run.name.clone(),
    }
}

/// For programs.
fn json(run: &Run, stages: &[Stage]) -> Value {
    let layers: Vec<Value> = run
        .stages
        .iter()
        .zip(stages)
        .skip(1)
        .map(|(s, stage)| {
            json!({
                "layer": stage.name,
                "bound_relu": s.bound_relu,
                "bound_twin": s.bound_twin,
                "bound_difference": s.bound_difference,
                "bound_error": s.bound_error,
            })
        })
        .collect();
    json!({
        "polynomials": run.name,
        "degree": run.degree,
        "bound_greatest_difference": run.bound_difference,
        "seconds": run.seconds,
        "replaced": run.polynomials,
        "measure_greatest_difference": run.measure_reached.map(|r| r.0),
        "measure_share_of_range": run.measure_reached.map(|r| r.1),
        "layers": layers,
    })
}
