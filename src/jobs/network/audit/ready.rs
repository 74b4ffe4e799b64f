//! An audit that is ready to run: all that its samples share, read and held together; and its answer, written.

use crate::arith::npy;
use crate::certificate::limits::check_network_limits;
use crate::error::{Error, Result};
use crate::files::{read_bytes, sha256, write_atomically};
use crate::jobs::network::audit::answer::{Answer, Progress};
use crate::jobs::network::audit::request::Request;
use crate::jobs::network::certificates::{self, Certificates, Made, MAX_CERTIFICATES};
use crate::jobs::network::inputs::Inputs;
use crate::jobs::network::preparation;
use crate::jobs::network::reference;
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
use crate::report::audit::write::FORMAT;
use std::fs::File;
use std::path::Path;

/// Samples that are done.
pub(super) struct Done {
    /// What was found, in order.
    pub records: Vec<Record>,
    /// The certificates that were asked for.
    pub made: Option<Made>,
    /// Keeps other audits from the journal until the result is written.
    _lock: File,
}

/// What is asked, read.
pub(super) struct Ready<'a> {
    request: &'a Request,
    loaded: Loaded,
    twin: Twin,
    reference: Option<Loaded>,
    inputs: Inputs,
    levels: Vec<Level>,
    labels: Option<(Vec<u64>, String)>,
    /// All that is asked for, in order.
    pub samples: Vec<usize>,
    /// Everything that the verdict on a sample depends on, a line each.
    pub settings: String,
}

impl<'a> Ready<'a> {
    /// Reads what a request names.
    ///
    /// # Errors
    /// Files that cannot be read or do not fit together, and a result of more samples that would be written over.
    pub fn new(request: &'a Request) -> Result<Self> {
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
        let noise = &request.noise;
        let levels = noise.levels(&loaded.network, &twin, Centre::Polynomial)?;
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
        // What a level rests on is words, with the path of a certificate: its numbers are what counts.
        let noise: Vec<_> = levels
            .iter()
            .map(|l| (&l.name, &l.noise, &l.exact))
            .collect();
        let settings = format!(
            "{FORMAT} {}\nnetwork {} {}\nreference {}\n{}{}labels {}\nnoise {noise:?}\nsensitivities {}\nbits {}\n",
            env!("CARGO_PKG_VERSION"),
            loaded.sha256,
            graph_digest(request)?,
            reference.as_ref().map_or("-", |r| r.sha256.as_str()),
            twin.settings,
            inputs.settings,
            labels.as_ref().map_or("-", |l| l.1.as_str()),
            request.sensitivities,
            request.most_bits,
        );
        Ok(Self {
            request,
            loaded,
            twin,
            reference,
            inputs,
            levels,
            labels,
            samples,
            settings,
        })
    }

    /// The label of a sample.
    pub fn label(&self, sample: usize) -> Option<u64> {
        self.labels.as_ref().map(|l| l.0[sample])
    }

    /// Does those of some samples that the journal of these settings does not have; and certificates, where they are asked for.
    ///
    /// # Errors
    /// A network that rows cannot pass under noise, a journal of other settings, and files that cannot be written.
    pub fn run(
        &self,
        own: &[usize],
        (journal, settings): (&Path, &str),
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Done> {
        let request = self.request;
        let named = |e: Error| e.in_file(&request.model.network);
        let (network, twin) = (&self.loaded.network, &self.twin);
        let prepared = Prepared::new(network).map_err(named)?;
        let meant = self.reference.as_ref().map(|r| Prepared::new(&r.network));
        let meant = meant.transpose()?;
        let both = Both {
            prepared: &prepared,
            polynomials: &twin.activations,
            reference: meant.as_ref(),
        };
        let input = |sample: usize| self.inputs.point(sample);
        let noise: Vec<NoiseLevel> = self.levels.iter().map(|l| l.noise.clone()).collect();
        // Networks that rows cannot pass are audited without sensitivities, but not under noise.
        let asked = request.sensitivities || !noise.is_empty();
        let made = asked.then(|| {
            (
                tournament::expand(network),
                Bends::new(network, &twin.composites, &twin.activations),
            )
        });
        let ready = made.as_ref().map(|made| match made {
            (Ok(e), Ok(b)) => Subject::new(e, &twin.activations, b, Centre::Polynomial),
            (Err(e), _) | (_, Err(e)) => Err(e.clone()),
        });
        let subject = match ready {
            None => None,
            Some(Ok(subject)) => Some(subject),
            Some(Err(e)) if noise.is_empty() => {
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
        // Of all samples, whichever are run here.
        let precision = precision(both, &self.samples, request.most_bits, input)?;
        let journal_path = journal;
        let journal = Journal::open(journal_path, &sha256(settings.as_bytes()))?;
        // The lock is on the open file, and held until the result is written.
        let lock = journal.file.try_clone();
        let lock = lock.map_err(|e| Error::io(journal_path, &e))?;
        let kept = own.iter().filter(|s| journal.done.contains_key(s));
        let (kept, of) = (kept.count(), own.len());
        if kept > 0 {
            progress(Progress::Kept { kept, of });
        }
        let done = |done, of| progress(Progress::Done { done, of });
        let label = |sample: usize| self.label(sample);
        let run = || audit::run(both, precision, under, own, input, label, journal, done);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(request.threads.unwrap_or(0));
        let pool = pool.build().map_err(|e| Error::domain(e.to_string()))?;
        let records = pool.install(run)?;
        let certify = |folder: &Path| {
            let precision = Precision::PAIRS.up_to(request.most_bits);
            certificates::make(folder, &prepared, twin, &self.inputs, &records, precision)
        };
        let folder = request.certificates.as_deref();
        let made = folder.map(|folder| pool.install(|| certify(folder)));
        let made = made.transpose()?;
        Ok(Done {
            records,
            made,
            _lock: lock,
        })
    }

    /// Writes the result: what was found of all samples, in order.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn publish(self, records: Vec<Record>, made: Option<Made>) -> Result<Answer> {
        let request = self.request;
        let certificates = match (&request.certificates, made) {
            (Some(folder), Some(made)) => Some(certificates::list(folder, made)?),
            _ => None,
        };
        let input_said = preparation::said(
            &self.inputs,
            &self.loaded.network,
            self.samples.iter().copied(),
        )?;
        let mut answer = Answer {
            input_said,
            summary: Summary::new(&records),
            records,
            levels: self.levels,
            certificates,
            report: serde_json::Value::Null,
            against: Against::of(&self.loaded.network, self.reference.is_some()),
            risk: request.risk,
            command: request.command.clone(),
            twin: self.twin,
            loaded: self.loaded,
        };
        let told = answer.told();
        let labels_sha256 = self.labels.as_ref().map(|l| l.1.as_str());
        let mut report = told.json(request.from, &self.inputs.sha256, labels_sha256);
        if let Some(Certificates {
            manifest_sha256,
            count,
            ..
        }) = &answer.certificates
        {
            report["certificates"] =
                serde_json::json!({"manifest_sha256": manifest_sha256, "count": count});
        }
        write_atomically(&request.output, &told.whole(&report))?;
        if let Some(path) = &request.csv {
            write_atomically(path, &told.csv())?;
        }
        answer.report = report;
        Ok(answer)
    }
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
