//! `polycert network audit`: the verdict on every sample of a data set.

use crate::cli::network::audit_told::{Told, FORMAT};
use crate::cli::network::noise_levels::NoiseArguments;
use crate::cli::network::setup::{InputArguments, ModelArguments, TwinArguments};
use crate::cli::{note, output};
use crate::error::{Error, Result};
use crate::files::read_bytes;
use crate::files::sha256;
use crate::files::write_atomically;
use crate::network::audit::clopper_pearson::LEAST_RISK;
use crate::network::audit::{self, Journal, Summary, Under};
use crate::network::forward::compare::{compare, Precision};
use crate::network::forward::twin::Activation;
use crate::network::forward::Prepared;
use crate::network::model::tensor::Tensor;
use crate::network::model::tournament;
use crate::network::read::npy;
use crate::network::rows::subject::{Bends, Centre, Subject};
use crate::network::rows::Noise;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Most samples of one audit.
const MAX_SAMPLES: usize = 1 << 20;

/// On how many samples of a data set the polynomial twin is proved to answer as the network does.
///
/// Every sample is evaluated as by `network evaluate`; with levels of noise (--worst, --sigma, --evaluation) also
/// bounded as by `network deviate`, which costs a backward row for every neuron. For every layer it estimates,
/// to first order, how much its noise moves the margins, and so the precision that the layer needs.
///
/// Results go to a journal sample by sample; an interrupted run goes on from it when started again with the
/// same settings. Exit code 0 only if the class is proved to stay on every sample, and at every level.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    noise: NoiseArguments,
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
    /// One line for each sample as CSV, with each layer's range and sensitivity.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Print the summary as JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    if !(a.risk >= LEAST_RISK && a.risk < 1.0) {
        return Err(Error::domain(format!(
            "--risk is from {LEAST_RISK:e} to 1, not {}",
            a.risk
        )));
    }
    let loaded = a.model.load()?;
    let twin = a.twin.load(&loaded.network)?;
    let inputs = a.input.load(&loaded)?;
    let levels = a.noise.levels(&twin, Centre::Polynomial)?;
    let samples = samples(a, inputs.samples.len())?;
    let labels = labels(a, inputs.samples.len())?;
    let settings = format!(
        "{FORMAT} {}\nnetwork {} {}\n{}{}labels {}\nnoise {:?}\n",
        env!("CARGO_PKG_VERSION"),
        loaded.sha256,
        graph_digest(a)?,
        twin.settings,
        inputs.settings,
        labels.as_ref().map_or("-", |l| l.1.as_str()),
        levels
    );
    let prepared = Prepared::new(&loaded.network).map_err(|e| e.in_file(&a.model.network))?;
    let input = |sample: usize| -> Result<(Tensor, Option<u64>)> {
        let x = inputs
            .samples
            .input(sample, &inputs.preprocessing, inputs.domain.as_ref())
            .map_err(|e| e.in_file(&a.input.input))?;
        Ok((x, labels.as_ref().map(|l| l.0[sample])))
    };
    let noise: Vec<Noise> = levels.iter().map(|l| l.noise).collect();
    // Networks that rows cannot pass are audited without sensitivities, but not under noise.
    let expanded = tournament::expand(&loaded.network);
    let bends = Bends::new(&twin.composites, &twin.activations);
    let ready = match (&expanded, &bends) {
        (Ok(e), Ok(b)) => Subject::new(e, &twin.activations, b, Centre::Polynomial),
        (Err(e), _) | (_, Err(e)) => Err(e.clone()),
    };
    let subject = match ready {
        Ok(subject) => Some(subject),
        Err(e) if levels.is_empty() => {
            note(&format!("no sensitivities: {e}"));
            None
        }
        Err(e) => return Err(e.in_file(&a.model.network)),
    };
    let under = subject.as_ref().map(|subject| Under {
        subject,
        noise: &noise,
    });
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
            under,
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
    let told = Told {
        loaded: &loaded,
        twin: &twin,
        levels: &levels,
        summary: &summary,
        records: &records,
        risk: a.risk,
    };
    let report = told.json(
        a.from,
        &inputs.sha256,
        labels.as_ref().map(|l| l.1.as_str()),
    );
    write_atomically(&a.output, &told.whole(&report))?;
    if let Some(path) = &a.csv {
        write_atomically(path, &told.csv())?;
    }
    std::fs::remove_file(&journal_path).map_err(|e| Error::io(&journal_path, &e))?;
    let text = if a.json {
        format!("{report:#}\n")
    } else {
        told.words()
    };
    output(None, &text)?;
    let stays = summary
        .levels
        .iter()
        .all(|l| l.certified == summary.samples);
    Ok(if summary.same == summary.samples && stays {
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
            crate::network::read::description::MAX_BYTES,
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
