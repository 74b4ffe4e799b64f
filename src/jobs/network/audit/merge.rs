//! All shards of an audit, joined: the result as one run of all samples writes it.

use crate::error::{Error, Result};
use crate::files::refuse_overwriting;
use crate::jobs::network::audit::answer::Answer;
use crate::jobs::network::audit::ready::Ready;
use crate::jobs::network::audit::request::{journal, Request};
use crate::jobs::network::audit::shard::{read, Share};
use crate::jobs::network::certificates::Made;
use crate::network::audit::Record;
use std::path::PathBuf;

/// So many missing shards are named.
const NAMED: usize = 5;

/// Joins the `of` shards of a request, each written by [`super::shard`] beside its result.
///
/// **Guarantee** the files that [`super::audit`] writes for the same request, byte for byte: records come back as they were, and
/// are counted and written by the same code. (Under noise it takes machines of one kind: rows round otherwise where there is
/// AVX-512, and every result is sound.) Certificates must be in the request's folder as they were made.
///
/// # Errors
/// Shards that are missing, damaged, twice there under two names, or of another request: by name.
pub fn merge(request: &Request, of: usize) -> Result<Answer> {
    request.check_risk()?;
    let shares: Vec<Share> = (1..=of.max(1))
        .map(|index| Share::new(index, of))
        .collect::<Result<_>>()?;
    let files: Vec<PathBuf> = shares.iter().map(|s| s.file(&request.output)).collect();
    let (outputs, inputs) = (request.outputs(), [request.inputs(), files].concat());
    refuse_overwriting(
        outputs.iter().map(PathBuf::as_path),
        inputs.iter().map(PathBuf::as_path),
    )?;
    let ready = Ready::new(request)?;
    shares[0].check(ready.samples.len())?;
    refuse_missing(request, &shares)?;
    let mut records: Vec<Option<Record>> = vec![None; ready.samples.len()];
    let mut parts = Vec::new();
    for (first, share) in shares.iter().enumerate() {
        let found = read(&ready, *share, request)?;
        let places = records.iter_mut().skip(first).step_by(of);
        for (place, record) in places.zip(found.records) {
            *place = Some(record);
        }
        parts.extend(found.made);
    }
    let records: Vec<Record> = records.into_iter().flatten().collect();
    let made = match &request.certificates {
        Some(folder) => Some(Made::joined(folder, parts, &records)?),
        None => None,
    };
    ready.publish(records, made)
}

/// Names the shards that are not there.
fn refuse_missing(request: &Request, shares: &[Share]) -> Result<()> {
    let missing = shares.iter().filter(|s| !s.file(&request.output).exists());
    let missing: Vec<String> = missing
        .map(|share| {
            let file = share.file(&request.output);
            match journal(&file).exists() {
                true => format!("{} (begun, not finished)", file.display()),
                false => file.display().to_string(),
            }
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rest = match missing.len() > NAMED {
        true => ", ...",
        false => "",
    };
    Err(Error::domain(format!(
        "{} of {} shards are not there: {}{rest}",
        missing.len(),
        shares.len(),
        missing[..missing.len().min(NAMED)].join(", ")
    )))
}
