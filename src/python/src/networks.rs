//! Verbs on networks: what the commands `network audit`, `network deviate` and `network ranges` call.

use crate::error::exception;
use crate::options::Options;
use crate::work::{run, run_telling};
use polycert::jobs::json;
use polycert::jobs::network::audit::{Progress, Share};
use polycert::jobs::network::ranges::{Choice, Source};
use polycert::jobs::network::{audit as audits, deviate as deviations, ranges as trials};
use polycert::jobs::network::{Centre, Model, MOST_BITS};
use polycert::rug::Rational;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;

/// Reads a network's file and says what it is: JSON.
#[pyfunction]
pub fn network(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<String> {
    let options = Options::new(options)?;
    let model = options.model()?;
    options.finish()?;
    run(py, move |_| {
        model
            .load()
            .map(|loaded| json::network(&loaded).to_string())
    })
}

/// JSON without the samples, words, whether every class is proved to stay, certificates written.
type Audited = (String, String, bool, usize);

/// Audits a data set; `progress` is told how many samples are done, and of how many.
#[pyfunction]
#[pyo3(signature = (options, progress=None))]
pub fn audit(
    py: Python<'_>,
    options: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Audited> {
    let request = audit_request(options)?;
    run_telling(py, progress, move |stop| {
        let told = |at: Progress| match at {
            Progress::NoSensitivities(_) => stop.check(),
            Progress::Kept { kept, of } => stop.kept(kept, of),
            Progress::Done { done, of } => stop.done(done, of),
        };
        audits::audit(&request, &told).map(audited)
    })
}

/// How many samples an audit has; refuses what it would refuse.
#[pyfunction]
pub fn audit_samples(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<usize> {
    let request = audit_request(options)?;
    run(py, move |_| audits::samples(&request))
}

/// Audits one part of a data set, `index` of `of` from 1: the file that it wrote.
#[pyfunction]
pub fn audit_shard(
    py: Python<'_>,
    options: &Bound<'_, PyDict>,
    index: usize,
    of: usize,
) -> PyResult<String> {
    let request = audit_request(options)?;
    let share = Share::new(index, of).map_err(|e| exception(py, &e))?;
    run(py, move |stop| {
        let made = audits::shard(&request, share, &|_| stop.check())?;
        Ok(made.file.display().to_string())
    })
}

/// Joins the parts of a data set: as [`audit`].
#[pyfunction]
pub fn audit_merge(py: Python<'_>, options: &Bound<'_, PyDict>, of: usize) -> PyResult<Audited> {
    let request = audit_request(options)?;
    run(py, move |_| audits::merge(&request, of).map(audited))
}

fn audited(answer: audits::Answer) -> Audited {
    let made = answer.certificates.as_ref().map_or(0, |c| c.count);
    let (words, stays) = (answer.told().words(), answer.stays());
    (answer.report.to_string(), words, stays, made)
}

fn audit_request(options: &Bound<'_, PyDict>) -> PyResult<audits::Request> {
    let options = Options::new(options)?;
    let request = audits::Request {
        model: options.model()?,
        twin: options.twin()?,
        reference: options.take::<PathBuf>("reference")?.map(Model::new),
        input: options.input()?,
        noise: options.noise()?,
        sensitivities: options.take("sensitivities")?.unwrap_or(true),
        labels: options.take("labels")?,
        from: options.take("from")?.unwrap_or_default(),
        count: options.take("count")?,
        only: None,
        threads: options.threads()?,
        risk: options.take("risk")?.unwrap_or(0.05),
        most_bits: options
            .whole("max_precision", 106..=4_096)?
            .unwrap_or(MOST_BITS),
        output: options.take("output")?.unwrap_or_default(),
        csv: options.take("csv")?,
        certificates: options.take("certificates")?,
        command: "polycert for Python: Network.audit".to_owned(),
    };
    options.finish()?;
    Ok(request)
}

/// Bounds what noise does to a result: (JSON, samples certified at every level).
#[pyfunction]
pub fn deviate(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<(String, usize)> {
    let options = Options::new(options)?;
    let centre = |text: &str| match text {
        "polynomial" => Ok(Centre::Polynomial),
        "relu" => Ok(Centre::Relu),
        _ => Err("polynomial or relu"),
    };
    let request = deviations::Request {
        model: options.model()?,
        twin: options.twin()?,
        input: options.input()?,
        from: options.take("from")?.unwrap_or_default(),
        count: options.take("count")?.unwrap_or(1),
        noise: options.noise()?,
        centre: options
            .read("centre", centre)?
            .unwrap_or(Centre::Polynomial),
        budget: options.take("budget")?.unwrap_or_default(),
        attack: options.take("attack")?.unwrap_or(2),
        threads: options.threads()?,
    };
    options.finish()?;
    run(py, move |stop| {
        let answer = deviations::deviate(&request, &mut |_| stop.check())?;
        let said = json::deviate(&answer, request.centre).to_string();
        Ok((said, answer.certified()))
    })
}

/// Puts ranges on trial, or chooses them: (JSON, whether every one holds wherever it was tried).
#[pyfunction]
pub fn ranges(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<(String, bool)> {
    let options = Options::new(options)?;
    let (file, fit) = (options.take("ranges")?, options.take("fit")?);
    let margin = options.number("margin")?;
    let choice = Choice {
        margin: margin.unwrap_or_else(|| Rational::from((5, 4))),
        samples: options.take("choose")?,
        channels: options.take("per_channel")?.unwrap_or_default(),
        output: options.take("suggest")?.unwrap_or_default(),
    };
    let source = match file {
        Some(file) => Source::File { file, fit },
        None => Source::Chosen(choice),
    };
    let twin = options.twin()?;
    let request = trials::Request {
        model: options.model()?,
        input: options.input()?,
        source,
        twin: (!twin.tables.is_empty()).then_some(twin),
        from: options.take("from")?.unwrap_or_default(),
        count: options.take("count")?,
        risk: options.take("risk")?.unwrap_or(0.05),
        most_bits: options
            .whole("max_precision", 106..=4_096)?
            .unwrap_or(MOST_BITS),
        boxed: options.ends("box")?,
    };
    options.finish()?;
    run(py, move |stop| {
        let answer = trials::ranges(&request, &|_, _| stop.check())?;
        let said = json::ranges(&answer, request.risk).to_string();
        Ok((said, answer.holds()))
    })
}
