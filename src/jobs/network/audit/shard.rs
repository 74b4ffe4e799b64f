//! A part of an audit's samples, found by itself: one of many runs, on as many machines.
//!
//! Shard I of N has every N-th sample from the I-th on. Data sets are often sorted, by class or by where they come from, so
//! strides give every shard the same mixture and the same work; runs of samples would not.
//!
//! Its file is text, a line each: what it is, with all settings that the verdicts depend on; the samples' records, in order;
//! the certificates; and last the digest of all bytes before.

use crate::error::{Error, Result};
use crate::files::{read_bytes, refuse_overwriting, sha256, write_atomically};
use crate::jobs::network::audit::answer::Progress;
use crate::jobs::network::audit::ready::Ready;
use crate::jobs::network::audit::request::{journal, Request};
use crate::jobs::network::certificates::Made;
use crate::network::audit::{Record, Summary};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The format tag.
const FORMAT: &str = "polycert-audit-shard/1";
/// Most shards of one audit.
pub const MAX_SHARDS: usize = 4_096;
/// Largest file of a shard.
const MAX_BYTES: usize = 1 << 30;

/// Which part: `I/N`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    index: usize,
    of: usize,
}

impl Share {
    /// Part `index` of `of`, from 1.
    ///
    /// # Errors
    /// Parts that there are not, and more than 4,096.
    pub fn new(index: usize, of: usize) -> Result<Self> {
        if of == 0 || of > MAX_SHARDS {
            let detail = format!("{of} shards: an audit has from 1 to {MAX_SHARDS}");
            return Err(Error::domain(detail));
        }
        if index == 0 || index > of {
            return Err(Error::domain(format!(
                "shard {index} of {of}: the shards are 1 to {of} (Slurm: --array=1-{of})"
            )));
        }
        Ok(Self { index, of })
    }

    /// Which part, from 1.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Of how many.
    pub fn of(&self) -> usize {
        self.of
    }

    /// The file of this part of a result.
    pub fn file(&self, output: &Path) -> PathBuf {
        let (file, Self { index, of }) = (output.display(), self);
        PathBuf::from(format!("{file}.shard-{index}-of-{of}"))
    }

    /// Its samples.
    pub(super) fn own(&self, samples: &[usize]) -> Vec<usize> {
        let own = samples.iter().skip(self.index - 1).step_by(self.of);
        own.copied().collect()
    }

    /// Refuses parts without a sample.
    pub(super) fn check(&self, samples: usize) -> Result<()> {
        match self.of <= samples {
            true => Ok(()),
            false => Err(Error::domain(format!(
                "{} shards of {samples} samples: each needs one at least",
                self.of
            ))),
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts = text.split_once('/');
        let whole = |text: &str| text.parse::<usize>().ok();
        let parts = parts.and_then(|(i, n)| Some((whole(i)?, whole(n)?)));
        let (index, of) = parts.ok_or("expected I/N, as in 3/8: the third of eight shards")?;
        Self::new(index, of).map_err(|e| e.to_string())
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "shard {} of {}", self.index, self.of)
    }
}

/// A shard that is written.
#[derive(Debug, Clone)]
pub struct Shard {
    /// Its file.
    pub file: PathBuf,
    /// The counts of its own samples.
    pub summary: Summary,
    /// Whether it was there already.
    pub kept: bool,
    /// How many certificates were made, if they were asked for.
    pub certificates: Option<usize>,
}

/// Audits one part of a data set, and writes it to [`Share::file`] for [`super::merge`]; nothing else but certificates.
///
/// As [`super::audit`] it goes on from its journal. A shard of the same request that is there already is left as it is.
///
/// # Errors
/// Those of an audit, fewer samples than shards, and a file that is no shard of this request.
pub fn shard(
    request: &Request,
    share: Share,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Shard> {
    request.check_risk()?;
    let file = share.file(&request.output);
    let journal = journal(&file);
    // Those of the merge too: what it would refuse is refused before the work.
    let outputs = [vec![file.clone(), journal.clone()], request.outputs()].concat();
    let inputs = request.inputs();
    refuse_overwriting(
        outputs.iter().map(PathBuf::as_path),
        inputs.iter().map(PathBuf::as_path),
    )?;
    let ready = Ready::new(request)?;
    share.check(ready.samples.len())?;
    let told = |found: &Content, kept: bool| Shard {
        file: file.clone(),
        summary: Summary::new(&found.records),
        kept,
        certificates: found.made.as_ref().map(|made| made.entries.len()),
    };
    if file.exists() {
        return Ok(told(&read(&ready, share, request)?, true));
    }
    let settings = format!("{}{share}\n", whole_settings(&ready, request));
    let own = share.own(&ready.samples);
    let done = ready.run(&own, (&journal, &settings), progress)?;
    let content = Content {
        records: done.records.clone(),
        made: done.made.clone(),
    };
    write_atomically(&file, &written(&ready, share, request, &content)?)?;
    std::fs::remove_file(&journal).map_err(|e| Error::io(&journal, &e))?;
    Ok(told(&content, false))
}

/// The first line of a shard's file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    shard: usize,
    of: usize,
    settings: Vec<String>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    sha256: String,
}

/// What a shard found.
pub(super) struct Content {
    /// Of its samples, in order.
    pub records: Vec<Record>,
    /// Its certificates, where the request has some.
    pub made: Option<Made>,
}

/// Everything that makes shards fit together.
fn whole_settings(ready: &Ready, request: &Request) -> String {
    let samples: Vec<String> = ready.samples.iter().map(usize::to_string).collect();
    let digest = sha256(samples.join(" ").as_bytes());
    format!(
        "{}samples {} from {} (digest of their numbers {digest})\ncertificates {}\n",
        ready.settings,
        samples.len(),
        request.from,
        request.certificates.is_some()
    )
}

fn line(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value).map_err(|e| Error::parse("", e.to_string()))?;
    Ok(text + "\n")
}

fn written(ready: &Ready, share: Share, request: &Request, content: &Content) -> Result<String> {
    let mut text = line(&Head {
        format: FORMAT.to_owned(),
        shard: share.index,
        of: share.of,
        settings: whole_settings(ready, request)
            .lines()
            .map(str::to_owned)
            .collect(),
    })?;
    for record in &content.records {
        text.push_str(&line(record)?);
    }
    text.push_str(&line(&content.made)?);
    let sha256 = sha256(text.as_bytes());
    text.push_str(&line(&Seal { sha256 })?);
    Ok(text)
}

/// Reads the file of a shard, which must be that of this request.
///
/// # Errors
/// A file that is none, is damaged, holds another part, or is of another request: by name, and in what it differs.
pub(super) fn read(ready: &Ready, share: Share, request: &Request) -> Result<Content> {
    let path = share.file(&request.output);
    let bytes = read_bytes(&path, MAX_BYTES)?;
    content(&bytes, ready, share, request).map_err(|e| e.in_file(&path))
}

fn content(bytes: &[u8], ready: &Ready, share: Share, request: &Request) -> Result<Content> {
    let damaged = |what: &str| {
        Error::parse(
            "",
            format!("damaged: {what}; remove it, and make {share} again"),
        )
    };
    let end = bytes.iter().position(|&b| b == b'\n');
    let head: Option<Head> = end.and_then(|end| serde_json::from_slice(&bytes[..end]).ok());
    let Some(head) = head.filter(|h| h.format == FORMAT) else {
        return Err(Error::parse(
            "line 1",
            format!("not a shard of an audit ({FORMAT})"),
        ));
    };
    // The last line is the seal of all before it.
    let text = std::str::from_utf8(bytes).map_err(|_| damaged("not text"))?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let last = lines.last().copied().unwrap_or_default();
    let body = &text[..text.len() - last.len()];
    let seal: Seal = parsed(last).ok_or_else(|| damaged("it is cut short"))?;
    if seal.sha256 != sha256(body.as_bytes()) {
        return Err(damaged("its bytes are not those that its last line states"));
    }
    if (head.shard, head.of) != (share.index, share.of) {
        let (held, of) = (head.shard, head.of);
        return Err(Error::domain(format!(
            "holds shard {held} of {of} under the name of {share}: a copy?"
        )));
    }
    let settings = whole_settings(ready, request);
    let (theirs, ours) = (head.settings.iter().map(String::as_str), settings.lines());
    if !theirs.clone().eq(ours.clone()) {
        let differs = theirs.zip(ours).find(|(a, b)| a != b);
        let (theirs, ours) = differs.unwrap_or(("more or fewer settings", "these"));
        return Err(Error::domain(format!(
            "a shard of another request: it has {theirs:?} where this one has {ours:?}; remove it, or name another result with -o"
        )));
    }
    let own = share.own(&ready.samples);
    let [_, rows @ .., made, _] = lines.as_slice() else {
        return Err(damaged("lines are missing"));
    };
    let records: Option<Vec<Record>> = rows.iter().map(|row| parsed(row)).collect();
    let records = records.ok_or_else(|| damaged("a line is no record"))?;
    let found = records.iter().map(|r| (r.sample, r.label));
    if !found.eq(own.iter().map(|&s| (s, ready.label(s)))) {
        return Err(damaged("its samples are not those of the shard"));
    }
    let made: Option<Made> = parsed(made).ok_or_else(|| damaged("no list of certificates"))?;
    if made.is_some() != request.certificates.is_some() {
        return Err(damaged("certificates are missing"));
    }
    Ok(Content { records, made })
}

/// A whole line.
fn parsed<T: DeserializeOwned>(line: &str) -> Option<T> {
    serde_json::from_str(line.strip_suffix('\n')?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_part_the_samples() {
        for n in [1, 2, 7, 40] {
            let samples: Vec<usize> = (100..100 + n).collect();
            for of in 1..=n {
                let mut all: Vec<usize> = (1..=of)
                    .flat_map(|i| Share::new(i, of).unwrap().own(&samples))
                    .collect();
                all.sort_unstable();
                assert_eq!(all, samples);
            }
            assert!(Share::new(1, n + 1).unwrap().check(n).is_err());
        }
        for bad in [
            "", "3", "0/4", "5/4", "1/0", "1/5000", "-1/4", "1/4/2", "a/b",
        ] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
        let share: Share = "3/8".parse().unwrap();
        let file = share.file(Path::new("a/audit.json"));
        assert_eq!(file, Path::new("a/audit.json.shard-3-of-8"));
    }
}
