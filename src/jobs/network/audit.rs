//! Audit: the verdict on every sample of a data set, with a journal that an interrupted run goes on from.

pub use crate::jobs::network::certificates::Certificates;

use crate::arith::npy;
use crate::certificate::limits::check_network_limits;
use crate::error::{Error, Result};
use crate::files::{read_bytes, refuse_overwriting, sha256, write_atomically};
use crate::jobs::network::certificates::{self, MAX_CERTIFICATES};
use crate::jobs::network::inputs::InputFile;
use crate::jobs::network::levels::NoiseLevels;
use crate::jobs::network::model::Model;
use crate::jobs::network::preparation;
use crate::jobs::network::reference;
use crate::jobs::network::twin::Polynomials;
use crate::network::audit::clopper_pearson::LEAST_RISK;
use crate::network::audit::level::Level;
use crate::network::audit::{self, Journal, Record, Summary, Under};
use crate::network::forward::compare::{Against, Both, Precision};
use crate::network::forward::twin::Twin;
use crate::network::forward::{Point, Prepared, SINGLE_BITS};
use crate::network::model::tournament;
use crate::network::read::description;
use crate::network::read::load::Loaded;
use crate::network::rows::subject::{Bends, Centre, Subject};
use crate::network::rows::NoiseLevel;
use crate::report::audit::write::{Told, FORMAT};
use std::path::PathBuf;

/// A network, its twin, a data set, and levels of noise.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials of the twin.
    pub twin: Polynomials,
    /// A network that the twin is held against, instead of its own with ReLU; on the same prepared input.
    pub reference: Option<Model>,
    /// The file of samples.
    pub input: InputFile,
    /// Levels of noise at the activations; each costs a backward row for every neuron and sample, once for all.
    pub noise: NoiseLevels,
    /// Estimate how sensitive the margins are to each layer.
    pub sensitivities: bool,
    /// Labels: .npy, one number for each sample.
    pub labels: Option<PathBuf>,
    /// First sample, from 0.
    pub from: usize,
    /// Number of samples; all that follow if none.
    pub count: Option<usize>,
    /// These samples, in this order, instead of those that `from` and `count` say.
    pub only: Option<Vec<usize>>,
    /// Threads; all cores if none.
    pub threads: Option<usize>,
    /// 1 - confidence of the Clopper-Pearson intervals.
    pub risk: f64,
    /// Most bits of the evaluations ([`crate::network::forward::compare::MOST_BITS`]).
    pub most_bits: u32,
    /// Result to write, JSON with every sample. Its journal is FILE.journal.
    pub output: PathBuf,
    /// One line for each sample as CSV.
    pub csv: Option<PathBuf>,
    /// Folder for one checked certificate a sample whose class is the same, without noise, and a manifest of them.
    pub certificates: Option<PathBuf>,
    /// What made it, to be named in the result.
    pub command: String,
}

/// What was proved of the data set; the result is written.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The network.
    pub loaded: Loaded,
    /// How the samples' numbers became inputs, what was assumed and what looks forgotten: to be said with every answer.
    pub input_said: Vec<String>,
    /// Its twin.
    pub twin: Twin,
    /// The levels of noise.
    pub levels: Vec<Level>,
    /// Every sample.
    pub records: Vec<Record>,
    /// The counts.
    pub summary: Summary,
    /// The certificates, if they were asked for.
    pub certificates: Option<Certificates>,
    /// The result as JSON, but for the samples.
    pub report: serde_json::Value,
    /// What the twin is held against.
    pub against: Against,
    risk: f64,
    command: String,
}

impl Answer {
    /// The audit as it is told.
    pub fn told(&self) -> Told<'_> {
        Told {
            loaded: &self.loaded,
            input_said: &self.input_said,
            twin: &self.twin,
            levels: &self.levels,
            summary: &self.summary,
            records: &self.records,
            against: self.against,
            risk: self.risk,
            command: &self.command,
        }
    }

    /// Whether the class is proved to stay on every sample, and at every level.
    pub fn stays(&self) -> bool {
        let all = self.summary.samples;
        let mut levels = self.summary.levels.iter();
        self.summary.same == all && levels.all(|l| l.certified == all)
    }
}

/// What the work is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Why there will be no sensitivities of layers.
    NoSensitivities(Error),
    /// Samples that the journal has already.
    Kept {
        /// So many.
        kept: usize,
        /// Of so many.
        of: usize,
    },
    /// Samples that are done.
    Done {
        /// So many in this run.
        done: usize,
        /// Of so many.
        of: usize,
    },
}

/// Audits a data set: every sample evaluated, and bounded under the levels of noise; the result written.
///
/// Results go to a journal sample by sample; an interrupted run goes on from it when the same is asked again.
///
/// **Guarantee** verdicts and fields named `bound_`; the intervals of shares suppose independent samples.
/// *Estimate*: how sensitive the margins are to each layer.
///
/// # Errors
/// Files that cannot be read or do not fit together, levels outside [0, 1], networks that rows cannot pass.
///
/// ```
/// use polycert::jobs::network::{audit, InputFile, Model, NoiseLevels, Polynomials};
///
/// let at = |file: &str| format!("{}/certificates/{file}", env!("CARGO_MANIFEST_DIR"));
/// let folder = tempfile::tempdir().unwrap();
/// let request = audit::Request {
///     model: Model::new(at("networks/fashion/network.safetensors")),
///     twin: Polynomials::new(at("relu13.json"), 20),
///     reference: None,
///     input: InputFile::new(at("networks/fashion/images.npy")),
///     noise: NoiseLevels::default(),
///     sensitivities: true,
///     labels: None,
///     from: 0,
///     count: Some(1),
///     only: None,
///     threads: Some(1),
///     risk: 0.05,
///     most_bits: 1_024,
///     output: folder.path().join("audit.json"),
///     csv: None,
///     certificates: None,
///     command: "an example".to_owned(),
/// };
/// assert!(audit::audit(&request, &|_| ())?.stays());
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn audit(request: &Request, progress: &(dyn Fn(Progress) + Sync)) -> Result<Answer> {
    if !(request.risk >= LEAST_RISK && request.risk < 1.0) {
        return Err(Error::domain(format!(
            "--risk is from {LEAST_RISK:e} to 1, not {}",
            request.risk
        )));
    }
    refuse_losses(request)?;
    let named = |e: Error| e.in_file(&request.model.network);
    let mut loaded = request.model.load()?;
    let twin = request.twin.load(&loaded.network)?;
    let reference = reference::load(request.reference.as_ref(), &mut loaded)?;
    if reference.is_some() && request.certificates.is_some() {
        return Err(Error::unsupported(
            "--certificates: a certificate is about one network and its own twin, not about a --reference",
        ));
    }
    let inputs = request.input.load(&loaded)?;
    let levels = request
        .noise
        .levels(&loaded.network, &twin, Centre::Polynomial)?;
    let samples = match &request.only {
        None => inputs.numbers(request.from, request.count)?,
        Some(only) => only.clone(),
    };
    if request.certificates.is_some() {
        check_network_limits(&loaded.network, twin.tables.len(), false).map_err(named)?;
    }
    if request.certificates.is_some() && samples.len() > MAX_CERTIFICATES {
        return Err(Error::unsupported(format!(
            "--certificates: {} samples; a manifest lists {MAX_CERTIFICATES} at most: audit parts of the data with --from and --count",
            samples.len()
        )));
    }
    refuse_larger(&request.output, samples.len())?;
    let labels = labels(request, inputs.samples.len())?;
    let labels_sha256 = labels.as_ref().map(|l| l.1.as_str());
    let settings = format!(
        "{FORMAT} {}\nnetwork {} {}\nreference {}\n{}{}labels {}\nnoise {levels:?}\nsensitivities {}\nbits {}\n",
        env!("CARGO_PKG_VERSION"),
        loaded.sha256,
        graph_digest(request)?,
        reference.as_ref().map_or("-", |r| r.sha256.as_str()),
        twin.settings,
        inputs.settings,
        labels_sha256.unwrap_or("-"),
        request.sensitivities,
        request.most_bits,
    );
    let prepared = Prepared::new(&loaded.network).map_err(named)?;
    let meant = reference.as_ref().map(|r| Prepared::new(&r.network));
    let meant = meant.transpose()?;
    let both = Both {
        prepared: &prepared,
        polynomials: &twin.activations,
        reference: meant.as_ref(),
    };
    let input = |sample: usize| inputs.point(sample);
    let label = |sample: usize| labels.as_ref().map(|l| l.0[sample]);
    let noise: Vec<NoiseLevel> = levels.iter().map(|l| l.noise.clone()).collect();
    // Networks that rows cannot pass are audited without sensitivities, but not under noise.
    let asked = request.sensitivities || !levels.is_empty();
    let made = asked.then(|| {
        (
            tournament::expand(&loaded.network),
            Bends::new(&loaded.network, &twin.composites, &twin.activations),
        )
    });
    let ready = made.as_ref().map(|made| match made {
        (Ok(e), Ok(b)) => Subject::new(e, &twin.activations, b, Centre::Polynomial),
        (Err(e), _) | (_, Err(e)) => Err(e.clone()),
    });
    let subject = match ready {
        None => None,
        Some(Ok(subject)) => Some(subject),
        Some(Err(e)) if levels.is_empty() => {
            progress(Progress::NoSensitivities(e));
            None
        }
        Some(Err(e)) => return Err(named(e)),
    };
    let under = subject.as_ref().map(|subject| Under {
        subject,
        noise: &noise,
        sensitivities: request.sensitivities,
    });
    let precision = precision(both, &samples, request.most_bits, input)?;
    let journal_path = PathBuf::from(format!("{}.journal", request.output.display()));
    let journal = Journal::open(&journal_path, &sha256(settings.as_bytes()))?;
    // The lock is on the open file, and held until the result is written.
    let held = journal.file.try_clone();
    let _held = held.map_err(|e| Error::io(&journal_path, &e))?;
    let kept = samples.iter().filter(|s| journal.done.contains_key(s));
    let (kept, of) = (kept.count(), samples.len());
    if kept > 0 {
        progress(Progress::Kept { kept, of });
    }
    let done = |done, of| progress(Progress::Done { done, of });
    let run = || {
        audit::run(
            both, precision, under, &samples, input, label, journal, done,
        )
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(request.threads.unwrap_or(0));
    let pool = pool.build().map_err(|e| Error::domain(e.to_string()))?;
    let records = pool.install(run)?;
    let certificates = match &request.certificates {
        Some(folder) => {
            let work = || {
                certificates::write(
                    folder,
                    &prepared,
                    &twin,
                    &inputs,
                    &records,
                    Precision::PAIRS.up_to(request.most_bits),
                )
            };
            Some(pool.install(work)?)
        }
        None => None,
    };
    let input_said = preparation::said(&inputs, &loaded.network, samples.iter().copied())?;
    let mut answer = Answer {
        input_said,
        summary: Summary::new(&records),
        records,
        levels,
        certificates,
        report: serde_json::Value::Null,
        against: both.against(),
        risk: request.risk,
        command: request.command.clone(),
        twin,
        loaded,
    };
    let told = answer.told();
    let mut report = told.json(request.from, &inputs.sha256, labels_sha256);
    if let Some(made) = &answer.certificates {
        report["certificates"] =
            serde_json::json!({"manifest_sha256": made.manifest_sha256, "count": made.count});
    }
    write_atomically(&request.output, &told.whole(&report))?;
    if let Some(path) = &request.csv {
        write_atomically(path, &told.csv())?;
    }
    std::fs::remove_file(&journal_path).map_err(|e| Error::io(&journal_path, &e))?;
    answer.report = report;
    Ok(answer)
}

/// The labels and the digest of their file.
fn labels(request: &Request, samples: usize) -> Result<Option<(Vec<u64>, String)>> {
    let Some(path) = &request.labels else {
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

/// What the network is besides its file: a graph, the output that is meant, inputs that stay the same.
fn graph_digest(request: &Request) -> Result<String> {
    let model = &request.model;
    let mut all = match &model.graph {
        Some(path) => sha256(&read_bytes(path, description::MAX_BYTES)?),
        None => "-".to_owned(),
    };
    if let Some(name) = &model.output {
        all.push_str(&format!(" output {name:?}"));
    }
    for (name, path) in &model.constants {
        let digest = sha256(&read_bytes(path, npy::MAX_BYTES)?);
        all.push_str(&format!(" constant {name:?} {digest}"));
    }
    Ok(all)
}

/// The first sample that can be evaluated tells whether f64 has any hope: the choice must not depend on the order
/// of work. Where there is none, the error of the first one.
fn precision(
    both: Both,
    samples: &[usize],
    most_bits: u32,
    input: impl Fn(usize) -> Result<Point>,
) -> Result<Precision> {
    let mut first = None;
    let (by_need, pairs) = (
        Precision::BY_NEED.up_to(most_bits),
        Precision::PAIRS.up_to(most_bits),
    );
    for &sample in samples {
        match input(sample).and_then(|x| both.compare(x.given(), by_need)) {
            Ok(found) if found.twin.as_ref().is_some_and(|t| t.bits == SINGLE_BITS) => {
                return Ok(by_need)
            }
            Ok(_) => return Ok(pairs),
            Err(e) => first = first.or(Some(e)),
        }
    }
    Err(first.unwrap_or_else(|| Error::domain("no samples")))
}

/// What is written is neither read by this audit nor the result of a larger one.
fn refuse_losses(request: &Request) -> Result<()> {
    let models: Vec<PathBuf> = std::iter::once(&request.model)
        .chain(&request.reference)
        .flat_map(Model::files)
        .collect();
    let mut inputs: Vec<&std::path::Path> = models.iter().map(PathBuf::as_path).collect();
    inputs.push(&request.input.file);
    inputs.extend(request.twin.tables.iter().map(PathBuf::as_path));
    inputs.extend(request.labels.as_deref());
    inputs.extend(request.noise.evaluations.iter().map(PathBuf::as_path));
    let journal = PathBuf::from(format!("{}.journal", request.output.display()));
    let mut outputs = vec![request.output.clone(), journal];
    outputs.extend(request.csv.clone());
    if let Some(folder) = &request.certificates {
        outputs.extend(certificates::replaced(folder));
    }
    refuse_overwriting(outputs.iter().map(PathBuf::as_path), inputs.iter().copied())
}

/// Refuses to write over an audit of more samples.
fn refuse_larger(output: &std::path::Path, samples: usize) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Earlier {
        format: String,
        summary: Counts,
    }
    #[derive(serde::Deserialize)]
    struct Counts {
        samples: usize,
    }
    let Ok(bytes) = std::fs::read(output) else {
        return Ok(());
    };
    match serde_json::from_slice::<Earlier>(&bytes) {
        Ok(earlier)
            if earlier.format.starts_with("polycert-audit/")
                && earlier.summary.samples > samples =>
        {
            Err(Error::domain(format!(
                "holds an audit of {} samples, this one has {samples}: remove it or name another output with -o",
                earlier.summary.samples
            ))
            .in_file(output))
        }
        _ => Ok(()),
    }
}
