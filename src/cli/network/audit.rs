//! `polycert network audit`: the verdict on every sample of a data set.

use crate::certificate::publish::write_atomically;
use crate::cli::network::setup::{
    decimal, layer_name, InputArguments, Inputs, ModelArguments, TwinArguments,
};
use crate::cli::{note, output, read_bytes};
use crate::error::{Error, Result};
use crate::network::audit::{self, Journal, Record, Summary};
use crate::network::compare::{compare, Precision};
use crate::network::evaluate::Prepared;
use crate::network::interval::clopper_pearson;
use crate::network::load::Loaded;
use crate::network::npy;
use crate::network::tensor::Tensor;
use crate::network::twin::Activation;
use crate::poly::table::sha256;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Most samples of one audit.
const MAX_SAMPLES: usize = 1 << 20;

/// On how many samples of a data set the polynomial twin is proved to answer as the network does.
///
/// Every sample is evaluated as by `network evaluate`. Results go to a journal sample by sample; an
/// interrupted run goes on from it when started again with the same settings. Exit code 0 only if the
/// class is proved to stay on every sample.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    input: InputArguments,
    /// Labels: .npy, one number for each sample.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// First sample, from 0.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// Number of samples (all that follow, if left out).
    #[arg(long)]
    count: Option<usize>,
    /// Threads (all cores if left out).
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// 1 - confidence of the Clopper-Pearson interval.
    #[arg(long, default_value_t = 0.05)]
    risk: f64,
    /// Result to write, JSON with every sample. Its journal is FILE.journal.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// One line for each sample as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Print the summary as JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    if !(a.risk > 0.0 && a.risk < 1.0) {
        return Err(Error::domain("--risk must be between 0 and 1"));
    }
    let loaded = a.model.load()?;
    let twin = a.twin.load(&loaded.network)?;
    let inputs = a.input.load(&loaded)?;
    let samples = samples(a, inputs.samples.len())?;
    let labels = labels(a, inputs.samples.len())?;
    let settings = format!(
        "polycert-audit/1\nnetwork {} {}\n{}{}labels {}\n",
        loaded.sha256,
        graph_digest(a)?,
        twin.settings,
        inputs.settings,
        labels.as_ref().map_or("-", |l| l.1.as_str())
    );
    let prepared = Prepared::new(&loaded.network).map_err(|e| e.in_file(&a.model.network))?;
    let input = |sample: usize| -> Result<(Tensor, Option<u64>)> {
        let x = inputs
            .samples
            .input(sample, &inputs.preprocessing, inputs.domain.as_ref())
            .map_err(|e| e.in_file(&a.input.input))?;
        Ok((x, labels.as_ref().map(|l| l.0[sample])))
    };
    let precision = precision(&prepared, &twin.activations, &input(samples[0])?.0)?;
    let journal_path = PathBuf::from(format!("{}.journal", a.output.display()));
    let journal = Journal::open(&journal_path, &sha256(settings.as_bytes()))?;
    let kept = samples
        .iter()
        .filter(|s| journal.done.contains_key(s))
        .count();
    if kept > 0 {
        note(&format!(
            "{kept} of {} samples are in the journal already",
            samples.len()
        ));
    }
    let run = || {
        audit::run(
            &prepared,
            &twin.activations,
            precision,
            &samples,
            input,
            journal,
            progress(),
        )
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(a.threads.map_or(0, usize::from));
    let pool = pool.build().map_err(|e| Error::domain(e.to_string()))?;
    let records = pool.install(run)?;
    let summary = Summary::new(&records);
    let report = report(
        a,
        &loaded,
        &inputs,
        &twin.digests,
        &twin.activations,
        &summary,
    );
    let mut whole = report.clone();
    whole["samples"] = json!(records);
    write_atomically(&a.output, &format!("{whole:#}\n"))?;
    if let Some(path) = &a.csv {
        write_atomically(path, &csv(&records))?;
    }
    std::fs::remove_file(&journal_path).map_err(|e| Error::io(&journal_path, &e))?;
    let text = if a.json {
        format!("{report:#}\n")
    } else {
        words(a, &loaded, &twin.activations, &summary, &records)
    };
    output(None, &text)?;
    Ok(if summary.same == summary.samples {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn samples(a: &Arguments, have: usize) -> Result<Vec<usize>> {
    let end = a.count.map_or(Some(have), |n| a.from.checked_add(n));
    match end.filter(|&end| end <= have && a.from < end) {
        Some(end) if end - a.from <= MAX_SAMPLES => Ok((a.from..end).collect()),
        Some(_) => Err(Error::unsupported(format!(
            "more than {MAX_SAMPLES} samples"
        ))),
        None => Err(Error::domain(format!(
            "--from {} and --count {}: the file has {have} samples, from 0",
            a.from,
            a.count.map_or("all".to_owned(), |n| n.to_string())
        ))
        .in_file(&a.input.input)),
    }
}

/// The labels and the digest of their file.
fn labels(a: &Arguments, samples: usize) -> Result<Option<(Vec<u64>, String)>> {
    let Some(path) = &a.labels else {
        return Ok(None);
    };
    let bytes = read_bytes(path, npy::MAX_BYTES)?;
    let array = npy::read(&bytes).map_err(|e| e.in_file(path))?;
    if array.values.len() != samples {
        let n = array.values.len();
        return Err(Error::domain(format!("{n} labels for {samples} samples")).in_file(path));
    }
    let label = |i: usize| {
        let v = array.values.get(i);
        let whole = (0.0..=1e15).contains(&v) && v.fract() == 0.0;
        whole.then_some(v as u64).ok_or_else(|| {
            Error::parse(format!("label {i}"), format!("{v} is no class number")).in_file(path)
        })
    };
    let all: Vec<u64> = (0..samples).map(label).collect::<Result<_>>()?;
    Ok(Some((all, sha256(&bytes))))
}

fn graph_digest(a: &Arguments) -> Result<String> {
    match &a.model.graph {
        Some(path) => Ok(sha256(&read_bytes(
            path,
            crate::network::description::MAX_BYTES,
        )?)),
        None => Ok("-".to_owned()),
    }
}

/// The first sample tells whether f64 has any hope: the choice must not depend on the order of work.
fn precision(prepared: &Prepared, twin: &[Activation], x: &Tensor) -> Result<Precision> {
    let first = compare(prepared, twin, x, Precision::ByNeed)?;
    let single = first.twin.is_some_and(|t| !t.double);
    Ok(if single {
        Precision::ByNeed
    } else {
        Precision::Double
    })
}

/// A line at most every two seconds, with the remaining time.
fn progress() -> impl Fn(usize, usize) + Sync {
    let start = Instant::now();
    let last = AtomicU64::new(0);
    move |done, total| {
        let now = start.elapsed();
        let seconds = now.as_secs();
        if done < total && last.load(Ordering::Relaxed) + 2 <= seconds {
            last.store(seconds, Ordering::Relaxed);
            let left = now.as_secs_f64() / done as f64 * (total - done) as f64;
            note(&format!(
                "{done} of {total} samples, about {left:.0} s left"
            ));
        }
    }
}

fn report(
    a: &Arguments,
    loaded: &Loaded,
    inputs: &Inputs,
    digests: &[String],
    twin: &[Activation],
    s: &Summary,
) -> serde_json::Value {
    let (lo, hi) = clopper_pearson(s.same, s.samples, a.risk);
    let network = &loaded.network;
    let layers: Vec<_> = network
        .activations()
        .iter()
        .enumerate()
        .map(|(i, &id)| {
            json!({
                "layer": network.nodes[id].name,
                "operation": network.nodes[id].op.name(),
                "scale": twin[i].scale().to_string(),
                "bound_network_reach": s.bound_network_reach.get(i),
                "bound_twin_reach": s.bound_twin_reach.get(i),
            })
        })
        .collect();
    json!({
        "format": "polycert-audit/1",
        "network": network.name,
        "network_sha256": loaded.sha256,
        "input_sha256": inputs.sha256,
        "table_sha256": digests,
        "error_model": "exact centre: the polynomials in exact arithmetic, no noise",
        "from": a.from,
        "summary": s,
        "same_class_interval": {
            "confidence": 1.0 - a.risk,
            "bound_lo": lo,
            "bound_hi": hi,
            "assumes": "samples drawn independently from one distribution",
        },
        "activations": layers,
    })
}

fn words(
    a: &Arguments,
    loaded: &Loaded,
    twin: &[Activation],
    s: &Summary,
    records: &[Record],
) -> String {
    let (lo, hi) = clopper_pearson(s.same, s.samples, a.risk);
    let network = &loaded.network;
    let mut out = format!(
        "SAME CLASS on {} of {} samples: proved of the exact networks, no noise\n\
         different {} (proved), undecided {}, outside [-B, B] {}\n\
         share of inputs with the same class in [{lo:.4}, {hi:.4}] with confidence {} (Clopper-Pearson; for samples drawn independently)\n",
        s.same, s.samples, s.different, s.undecided, s.outside, 1.0 - a.risk
    );
    if s.labelled > 0 {
        let _ = writeln!(
            out,
            "right answers of {}: network {}, twin {} (proved classes)",
            s.labelled, s.network_right, s.twin_right
        );
    }
    let show = |x: Option<f64>, up: bool| x.map_or("-".to_owned(), |x| decimal(x, up));
    let _ = writeln!(
        out,
        "least margin of the network {}; greatest change of a logit {}\n",
        show(s.bound_least_margin, false),
        show(s.bound_greatest_change, true)
    );
    let _ = writeln!(
        out,
        "{:<32} {:>14} {:>14} {:>8}",
        "greatest |input| of activation", "network", "twin", "B"
    );
    for (i, &id) in network.activations().iter().enumerate() {
        let _ = writeln!(
            out,
            "{:<32} {:>14} {:>14} {:>8}",
            layer_name(network, id),
            show(s.bound_network_reach.get(i).copied(), true),
            show(s.bound_twin_reach.get(i).copied(), true),
            twin[i].scale().to_string()
        );
    }
    for r in records.iter().filter(|r| r.verdict == "outside").take(5) {
        let i = r.bound_twin_reach.len().saturating_sub(1);
        let _ = writeln!(
            out,
            "sample {}: layer {} needs B >= {} (neuron {})",
            r.sample,
            layer_name(network, network.activations()[i]),
            show(r.bound_twin_reach.get(i).copied(), true),
            r.outside_neuron.unwrap_or(0)
        );
    }
    out
}

fn csv(records: &[Record]) -> String {
    let mut out = String::from(
        "sample,label,verdict,network_class,twin_class,bound_network_margin,bound_twin_margin,bound_change,outside_neuron\r\n",
    );
    let opt = |x: Option<String>| x.unwrap_or_default();
    for r in records {
        let _ = write!(
            out,
            "{},{},{},{},{},{},{},{},{}\r\n",
            r.sample,
            opt(r.label.map(|l| l.to_string())),
            r.verdict,
            opt(r.network_class.map(|c| c.to_string())),
            opt(r.twin_class.map(|c| c.to_string())),
            opt(r.bound_network_margin.map(|x| x.to_string())),
            opt(r.bound_twin_margin.map(|x| x.to_string())),
            opt(r.bound_change.map(|x| x.to_string())),
            opt(r.outside_neuron.map(|n| n.to_string())),
        );
    }
    out
}
