//! `polycert profile`: what operations cost.

use crate::cli::params::{line, Chosen};
use crate::cli::terminal::{guard, note, output};
use crate::error::{Error, Result};
use crate::jobs::profile::{convert, measure, Answer, Progress, Request};
use crate::plan::profile::forms::Form;
use crate::plan::profile::{Entry, Operation, Profile, OPERATIONS};
use crate::poly::table::Table;
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Cost profiles: measure this machine, show one, convert costs and parameters of other programs.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Measure(Box<MeasureArguments>),
    Show(ShowArguments),
    Convert(ConvertArguments),
}

/// Time every operation of the evaluator and write a profile (polycert-profile/1).
///
/// One thread, its CPU time where the system tells it. Sums, products, rotations and rescales are timed at four levels;
/// the cost model of a key switch, fitted to them by least squares, fills in the others, which are marked assumed.
#[derive(clap::Args)]
struct MeasureArguments {
    #[command(flatten)]
    chosen: Chosen,
    /// The profile's name.
    #[arg(long, default_value = "own")]
    name: String,
    /// N = 2^16: keep the two levels above the lowest for SlotsToCoeffs, and model the cost of a bootstrap that ends at the
    /// top of this chain (assumed: no such bootstrap is built yet).
    #[arg(long)]
    bootstrap: bool,
    /// Run this table's composite as ReLU too, and print what the profile estimates beside what was measured (repeat it).
    #[arg(long = "against", value_name = "TABLE")]
    against: Vec<PathBuf>,
    /// Print all times, the fit and the profile as JSON.
    #[arg(long)]
    json: bool,
    /// File for the profile (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Show a profile by level, in milliseconds, with what of it is assumed; without a name, list those that ship.
#[derive(clap::Args)]
struct ShowArguments {
    /// A profile that ships, or a polycert-profile/1 file (- is standard input).
    #[arg(value_name = "NAME|FILE")]
    profile: Option<String>,
    /// Print the profile itself.
    #[arg(long, requires = "profile")]
    json: bool,
}

/// Costs or encryption parameters of a file in the form of another program; what that form cannot say is named.
///
/// Costs: polycert (polycert-profile/1), orbit (latencyTable of HEIR's orbit-cost-model, index i for level i + 1), dacapo
/// (latencyTable of earth.*, index the level). Parameters: orion (YAML), lattigo (a ParametersLiteral, Go), cheddar (JSON),
/// heir (#ckks.scheme_param). The form that is read is told by what the file holds.
#[derive(clap::Args)]
struct ConvertArguments {
    /// The file to read, in any of the forms (- is standard input).
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The form to write: polycert, orbit, dacapo, orion, lattigo, cheddar or heir.
    #[arg(long = "as", value_name = "FORM")]
    form: Form,
    /// The literal to read where a file of Go has several.
    #[arg(long, value_name = "NAME")]
    pick: Option<String>,
    /// log2 of the ring degree, where a latencyTable does not state it.
    #[arg(long)]
    log_n: Option<u32>,
    /// File to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    match &a.command {
        Command::Measure(a) => run_measure(a),
        Command::Show(a) => run_show(a),
        Command::Convert(a) => run_convert(a),
    }
}

fn run_measure(a: &MeasureArguments) -> Result<ExitCode> {
    guard([a.output.as_ref()], a.against.iter().map(Some))?;
    let to_file = a.output.as_ref().is_some_and(|p| p != Path::new("-"));
    if a.json && a.output.is_some() && !to_file {
        return Err(Error::domain(
            "--json and the profile cannot both go to standard output",
        ));
    }
    let request = Request {
        name: a.name.clone(),
        parameters: a.chosen.parameters()?,
        bootstrap: a.bootstrap,
        against: a
            .against
            .iter()
            .map(|p| Table::read(p))
            .collect::<Result<_>>()?,
    };
    note(&line(&request.parameters));
    let answer = measure(&request, &mut |progress| {
        note(&match progress {
            Progress::Keys => "making keys".to_owned(),
            Progress::Level(level) => format!("timing operations at level {level}"),
            Progress::Composite(name) => format!("running {name}"),
        });
    })?;
    let text = answer.profile.to_json();
    // What is written must be read.
    Profile::from_json(&text)?;
    if to_file {
        output(a.output.as_ref(), &text)?;
    }
    match (a.json, to_file) {
        (true, _) => output(None, &format!("{:#}\n", document(&answer)))?,
        (false, true) => output(None, &words(&answer))?,
        (false, false) => {
            note(words(&answer).trim_end());
            output(None, &text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run_show(a: &ShowArguments) -> Result<ExitCode> {
    let text = match &a.profile {
        None => {
            let mut out = String::new();
            for name in Profile::built_in() {
                let p = Profile::named(name)?;
                let _ = writeln!(
                    out,
                    "{name:<14} {:>2} levels, N = 2^{}  {}",
                    p.usable_levels, p.log_n, p.source
                );
            }
            out
        }
        Some(name) if a.json => Profile::of(name)?.to_json(),
        Some(name) => table(&Profile::of(name)?),
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn run_convert(a: &ConvertArguments) -> Result<ExitCode> {
    guard([a.output.as_ref()], [Some(&a.input)])?;
    let made = convert(&a.input, a.form, a.pick.as_deref(), a.log_n)?;
    output(a.output.as_ref(), &made.text)?;
    note(&format!("form: {} to {}", made.from, a.form));
    for lost in &made.lost {
        note(&format!("not carried over: {lost}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// A profile by level.
fn table(p: &Profile) -> String {
    let mut out = String::new();
    let bits = p
        .level_bits
        .map_or(String::new(), |b| format!(" of {b} bits"));
    let _ = writeln!(
        out,
        "{}: N = 2^{}, {} slots, {} usable levels{bits}\nsource     {}",
        p.name,
        p.log_n,
        p.slots(),
        p.usable_levels,
        p.source
    );
    let _ = writeln!(out, "\nESTIMATE, ms; * assumed\nlevel {}", header(p));
    for level in 0..=p.usable_levels {
        let _ = write!(out, "{level:>5} ");
        for operation in OPERATIONS {
            let _ = write!(out, "{:>15}", cell(p, operation, level));
        }
        let boot = match p.estimate_bootstrap_ms(level) {
            Some(ms) => format!(
                "{}{}",
                digits(ms),
                mark(p.bootstrap.as_ref().map(|b| b.status.name()))
            ),
            None => "-".to_owned(),
        };
        let _ = writeln!(out, "{boot:>15}");
    }
    out.push('\n');
    if let Some(b) = &p.bootstrap {
        let note = b.note.as_ref().map_or(String::new(), |n| format!(": {n}"));
        let _ = writeln!(
            out,
            "bootstrap  to a level, {}, from level {}{note}",
            b.status.name(),
            b.from_level
        );
    }
    if let Some(n) = p.bootstrap_noise() {
        let word = |x: Option<f64>| x.map_or("unknown".to_owned(), |x| format!("2^{x}"));
        let _ = writeln!(
            out,
            "noise      of a bootstrap, {}: rms 2^{}, greatest {}, failure {} ({})",
            n.status.name(),
            n.rms_log2,
            word(n.max_log2),
            word(n.failure_log2),
            n.source
        );
    }
    if let (Some(m), Some(none)) = (&p.memory, p.estimate_key_mb(0)) {
        let _ = writeln!(
            out,
            "keys       {none} MB, and {} MB for each rotation, {}",
            m.key_mb,
            m.status.name()
        );
    }
    for assumed in p.assumed() {
        let _ = writeln!(out, "ASSUMED    {assumed}");
    }
    out
}

fn header(p: &Profile) -> String {
    let mut out = String::new();
    for operation in OPERATIONS {
        let status = p.operations.get(&operation).map(|e| e.status.name());
        let _ = write!(
            out,
            "{:>15}",
            format!("{}{}", operation.name(), mark(status))
        );
    }
    out + "   bootstrap to"
}

fn mark(status: Option<&str>) -> &'static str {
    if status == Some("assumed") {
        "*"
    } else {
        ""
    }
}

fn cell(p: &Profile, operation: Operation, level: usize) -> String {
    let Ok(ms) = p.estimate_ms(operation, level) else {
        return "-".to_owned();
    };
    let filled = |e: &Entry| e.assumed_levels.contains(&level);
    let assumed = p.operations.get(&operation).is_some_and(filled);
    format!("{}{}", digits(ms), if assumed { "*" } else { "" })
}

/// Four digits.
fn digits(ms: f64) -> String {
    match ms {
        x if x >= 1000.0 => format!("{x:.0}"),
        x if x >= 100.0 => format!("{x:.1}"),
        x if x >= 10.0 => format!("{x:.2}"),
        x => format!("{x:.3}"),
    }
}

fn words(answer: &Answer) -> String {
    let mut out = String::from("level       operation     measured ms     by the fit\n");
    for p in &answer.points {
        let _ = writeln!(
            out,
            "{:>5} {:>15} {:>15} {:>14}",
            p.level,
            p.operation.name(),
            digits(p.measure_ms),
            digits(answer.fit.estimate_ms(p.operation, p.shape))
        );
    }
    let _ = writeln!(
        out,
        "the fit misses what was measured by {:.1} % at most; transforms are {:.0} % of a product at most (estimate)",
        answer.fit.measure_worst * 100.0,
        answer.estimate_transform_share * 100.0
    );
    if let Some(first) = answer.compared.first() {
        let _ = writeln!(
            out,
            "\ncomposite        products  estimated ms   measured ms   estimated/measured, ratio to {}",
            first.name
        );
        for c in &answer.compared {
            let ratio = c.estimate_ms / c.measure_ms;
            let _ = writeln!(
                out,
                "{:<16} {:>8} {:>13} {:>13} {:>12.3} {:>14.3}",
                c.name,
                c.products,
                digits(c.estimate_ms),
                digits(c.measure_ms),
                ratio,
                ratio * first.measure_ms / first.estimate_ms
            );
        }
    }
    out
}

fn document(answer: &Answer) -> Value {
    let points = answer.points.iter().map(|p| {
        json!({
            "operation": p.operation.name(),
            "level": p.level,
            "measure_ms": p.measure_ms,
            "estimate_ms": answer.fit.estimate_ms(p.operation, p.shape),
        })
    });
    let compared = answer.compared.iter().map(|c| {
        json!({
            "name": c.name,
            "products": c.products,
            "estimate_ms": c.estimate_ms,
            "measure_ms": c.measure_ms,
        })
    });
    let profile: Value = serde_json::from_str(&answer.profile.to_json()).unwrap_or_default();
    json!({
        "points": points.collect::<Vec<_>>(),
        "measure_worst_relative": answer.fit.measure_worst,
        "estimate_transform_share": answer.estimate_transform_share,
        "composites": compared.collect::<Vec<_>>(),
        "profile": profile,
    })
}
