//! Audit: the verdict on every sample of a data set, with a journal that an interrupted run goes on from; all at once, or by
//! shards on several machines.

mod answer;
mod merge;
mod ready;
mod request;
mod shard;

pub use crate::jobs::network::certificates::Certificates;
pub use answer::{Answer, Progress};
pub use merge::merge;
pub use request::Request;
pub use shard::{shard, Shard, Share};

use crate::error::{Error, Result};
use crate::files::refuse_overwriting;
use ready::Ready;
use std::path::PathBuf;

/// How many samples an audit is of; reads all that it is asked about, and evaluates nothing.
///
/// # Errors
/// What [`audit`] refuses before the first sample.
pub fn samples(request: &Request) -> Result<usize> {
    request.check_risk()?;
    Ok(Ready::new(request)?.samples.len())
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
    request.check_risk()?;
    let journal = request::journal(&request.output);
    let (mut outputs, inputs) = (request.outputs(), request.inputs());
    outputs.push(journal.clone());
    refuse_overwriting(
        outputs.iter().map(PathBuf::as_path),
        inputs.iter().map(PathBuf::as_path),
    )?;
    let ready = Ready::new(request)?;
    let settings = ready.settings.clone();
    let mut done = ready.run(&ready.samples, (&journal, &settings), progress)?;
    let records = std::mem::take(&mut done.records);
    let answer = ready.publish(records, done.made.take())?;
    std::fs::remove_file(&journal).map_err(|e| Error::io(&journal, &e))?;
    Ok(answer)
}
