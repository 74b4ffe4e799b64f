//! `polycert-profile/1`: a profile as a file.
//!
//! ```json
//! {"format": "polycert-profile/1", "name": "mine", "source": "one thread of a Zen 4, commit 1234567",
//!  "log_n": 16, "level_bits": 45, "usable_levels": 3,
//!  "ops": {"mul": {"status": "measured", "ms": [5.0, 6.5, 8.0, 9.5], "assumed_levels": [1], "note": "least squares"},
//!          "rescale": {"status": "published", "ms": [null, 0.5, 0.7, 0.9]}},
//!  "bootstrap": {"status": "published", "from_level": 0, "ms": [null, null, null, 9000],
//!                "noise": {"status": "measured", "rms_log2": -27, "max_log2": -24.8, "failure_log2": -138.7, "source": "..."}},
//!  "memory": {"status": "measured", "key_mb": 157.3, "other_mb": 157.3}}
//! ```
//! **Units** milliseconds; MB of 10^6 bytes; noise relative to the bound of the message, in bits. Lists go by level, from
//! 0 to `usable_levels`, `null` where there is no figure; a bootstrap's by the level that it ends at. `ops` has any of
//! add, add_plain, mul_plain, mul, mul_rescale, rotate, rotate_hoisted, rescale. `level_bits`, `bootstrap`, `memory`,
//! `noise`, `max_log2`, `failure_log2`, `assumed_levels` and `note` may be left out; no other field is read.

use crate::error::{Error, Result};
use crate::files::read_text;
use crate::plan::profile::cost::{
    Bootstrap, BootstrapNoise, Entry, Memory, Operation, Profile, Status, MAX_LEVELS, OPERATIONS,
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The format tag.
pub const FORMAT: &str = "polycert-profile/1";
/// Largest file, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Longest name, in characters.
pub const MAX_NAME: usize = 200;
/// Longest source or note, in characters.
pub const MAX_TEXT: usize = 4_096;
/// Greatest time, in milliseconds: more than 30 years.
pub const MAX_MS: f64 = 1e12;
/// Smallest and largest log2 of a ring degree.
pub const LOG_N: std::ops::RangeInclusive<u32> = 4..=20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    format: String,
    name: String,
    source: String,
    log_n: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level_bits: Option<f64>,
    usable_levels: usize,
    ops: RawOps,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bootstrap: Option<RawBootstrap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory: Option<RawMemory>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawOps {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    add: Option<RawEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    add_plain: Option<RawEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mul_plain: Option<RawEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mul: Option<RawEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mul_rescale: Option<RawEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotate: Option<RawEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotate_hoisted: Option<RawEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rescale: Option<RawEntry>,
}

impl RawOps {
    fn of(&mut self, operation: Operation) -> &mut Option<RawEntry> {
        match operation {
            Operation::Add => &mut self.add,
            Operation::AddPlain => &mut self.add_plain,
            Operation::MulPlain => &mut self.mul_plain,
            Operation::Mul => &mut self.mul,
            Operation::MulRescale => &mut self.mul_rescale,
            Operation::Rotate => &mut self.rotate,
            Operation::RotateHoisted => &mut self.rotate_hoisted,
            Operation::Rescale => &mut self.rescale,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    status: RawStatus,
    ms: Vec<Option<f64>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    assumed_levels: Vec<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBootstrap {
    status: RawStatus,
    from_level: usize,
    ms: Vec<Option<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noise: Option<RawNoise>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNoise {
    status: RawStatus,
    rms_log2: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_log2: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure_log2: Option<f64>,
    source: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMemory {
    status: RawStatus,
    key_mb: f64,
    other_mb: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum RawStatus {
    Measured,
    Published,
    Assumed,
}

impl From<RawStatus> for Status {
    fn from(raw: RawStatus) -> Self {
        match raw {
            RawStatus::Measured => Self::Measured,
            RawStatus::Published => Self::Published,
            RawStatus::Assumed => Self::Assumed,
        }
    }
}

impl From<Status> for RawStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Measured => Self::Measured,
            Status::Published => Self::Published,
            Status::Assumed => Self::Assumed,
        }
    }
}

impl Profile {
    /// Reads a `polycert-profile/1` file; `-` is standard input.
    ///
    /// # Errors
    /// What cannot be read: the file and the field, line or level, and the limit that is broken.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path, MAX_BYTES)?;
        Self::from_json(&text).map_err(|e| e.in_file(path))
    }

    /// Reads the text of a `polycert-profile/1` file.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_json(text: &str) -> Result<Self> {
        let mut raw: Raw = serde_json::from_str(text).map_err(|e| json_fault(&e))?;
        if raw.format != FORMAT {
            let shown: String = raw.format.chars().take(60).collect();
            let detail = format!("is {shown:?}, not {FORMAT:?}");
            return Err(Error::parse("format", detail));
        }
        text_within("name", &raw.name, MAX_NAME)?;
        text_within("source", &raw.source, MAX_TEXT)?;
        if !LOG_N.contains(&raw.log_n) {
            let detail = format!(
                "is {}: it goes from {} to {}",
                raw.log_n,
                LOG_N.start(),
                LOG_N.end()
            );
            return Err(Error::parse("log_n", detail));
        }
        if !(1..=MAX_LEVELS).contains(&raw.usable_levels) {
            let detail = format!("is {}: it goes from 1 to {MAX_LEVELS}", raw.usable_levels);
            return Err(Error::parse("usable_levels", detail));
        }
        if let Some(bits) = raw.level_bits {
            number_within("level_bits", bits, 1.0, 200.0)?;
        }
        let levels = raw.usable_levels;
        let mut operations = std::collections::BTreeMap::new();
        for operation in OPERATIONS {
            if let Some(entry) = raw.ops.of(operation).take() {
                let entry = entry_of(entry, levels)
                    .map_err(|e| e.within(&format!("ops.{}", operation.name())))?;
                operations.insert(operation, entry);
            }
        }
        if operations.is_empty() {
            return Err(Error::parse("ops", "no operation has figures"));
        }
        let bootstrap = raw.bootstrap.map(|b| bootstrap_of(b, levels));
        let memory = raw.memory.map(memory_of);
        Ok(Self {
            name: raw.name,
            source: raw.source,
            log_n: raw.log_n,
            level_bits: raw.level_bits,
            usable_levels: levels,
            operations,
            bootstrap: bootstrap.transpose().map_err(|e| e.within("bootstrap"))?,
            memory: memory.transpose().map_err(|e| e.within("memory"))?,
        })
    }

    /// The text of a file that [`Self::from_json`] reads back equal.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut ops = RawOps::default();
        for (&operation, entry) in &self.operations {
            *ops.of(operation) = Some(RawEntry {
                status: entry.status.into(),
                ms: entry.ms.clone(),
                assumed_levels: entry.assumed_levels.clone(),
                note: entry.note.clone(),
            });
        }
        let raw = Raw {
            format: FORMAT.to_owned(),
            name: self.name.clone(),
            source: self.source.clone(),
            log_n: self.log_n,
            level_bits: self.level_bits,
            usable_levels: self.usable_levels,
            ops,
            bootstrap: self.bootstrap.as_ref().map(|b| RawBootstrap {
                status: b.status.into(),
                from_level: b.from_level,
                ms: b.ms.clone(),
                noise: b.noise.as_ref().map(|n| RawNoise {
                    status: n.status.into(),
                    rms_log2: n.rms_log2,
                    max_log2: n.max_log2,
                    failure_log2: n.failure_log2,
                    source: n.source.clone(),
                }),
                note: b.note.clone(),
            }),
            memory: self.memory.as_ref().map(|m| RawMemory {
                status: m.status.into(),
                key_mb: m.key_mb,
                other_mb: m.other_mb,
                note: m.note.clone(),
            }),
        };
        compact(&serde_json::to_string_pretty(&raw).unwrap_or_default())
    }
}

/// Pretty JSON with every list of numbers on one line, and whole numbers without a point.
pub(in crate::plan::profile) fn compact(pretty: &str) -> String {
    let mut out = String::with_capacity(pretty.len());
    let mut list = false;
    for line in pretty.lines() {
        let (word, opens) = (line.trim(), line.ends_with('['));
        let number = list && !word.starts_with(['"', '{', '[']);
        if number {
            let first = word.starts_with(']') || out.ends_with('[');
            out.push_str(if first { "" } else { " " });
            out.push_str(&whole(word));
        } else {
            match line.split_once("\": ") {
                Some((key, value))
                    if value.starts_with(|c: char| c.is_ascii_digit() || c == '-') =>
                {
                    out.extend([key, "\": ", whole(value).as_str()]);
                }
                _ => out.push_str(line),
            }
        }
        list = opens || number && !word.starts_with(']');
        if !list {
            out.push('\n');
        }
    }
    out
}

fn whole(number: &str) -> String {
    let (digits, comma) = match number.strip_suffix(',') {
        Some(digits) => (digits, ","),
        None => (number, ""),
    };
    format!("{}{comma}", digits.strip_suffix(".0").unwrap_or(digits))
}

/// What is wrong with a text of JSON, at its line, in no more words than a line: a file may quote itself at length.
pub(in crate::plan::profile) fn json_fault(e: &serde_json::Error) -> Error {
    let place = format!("line {} column {}", e.line(), e.column());
    let words = e.to_string();
    let mut shown: String = words
        .chars()
        .take(300)
        .filter(|c| !c.is_control())
        .collect();
    if shown.len() < words.len() {
        shown.push_str(" ...");
    }
    Error::parse(place, shown)
}

fn text_within(place: &str, text: &str, most: usize) -> Result<()> {
    match text.chars().count() {
        0 => Err(Error::parse(place, "is empty")),
        n if n > most => Err(Error::parse(
            place,
            format!("{n} characters: at most {most}"),
        )),
        _ if text.chars().any(char::is_control) => {
            Err(Error::parse(place, "has control characters"))
        }
        _ => Ok(()),
    }
}

fn number_within(place: &str, x: f64, lo: f64, hi: f64) -> Result<()> {
    if (lo..=hi).contains(&x) {
        return Ok(());
    }
    Err(Error::parse(
        place,
        format!("is {x}: it goes from {lo} to {hi}"),
    ))
}

fn note_within(note: &Option<String>) -> Result<()> {
    note.as_ref()
        .map_or(Ok(()), |n| text_within("note", n, MAX_TEXT))
}

/// A figure for each level from 0 to the highest, or none, but for some.
fn by_level(ms: &[Option<f64>], levels: usize) -> Result<()> {
    if ms.len() != levels + 1 {
        let detail = match ms.len() {
            n if n <= levels => format!("level {n} is missing: levels go from 0 to {levels}"),
            n => format!("{n} figures for levels 0 to {levels}"),
        };
        return Err(Error::parse("ms", detail));
    }
    for (level, x) in ms.iter().enumerate() {
        if let Some(x) = x {
            number_within(&format!("ms: level {level}"), *x, 0.0, MAX_MS)?;
        }
    }
    if ms.iter().all(Option::is_none) {
        return Err(Error::parse("ms", "no level has a figure"));
    }
    Ok(())
}

fn entry_of(raw: RawEntry, levels: usize) -> Result<Entry> {
    by_level(&raw.ms, levels)?;
    note_within(&raw.note)?;
    let known = |l: usize| raw.ms.get(l).copied().flatten().is_some();
    let ascending = raw.assumed_levels.windows(2).all(|w| w[0] < w[1]);
    if let Some(level) = raw.assumed_levels.iter().find(|&&l| !known(l)) {
        let detail = format!("level {level} has no figure");
        return Err(Error::parse("assumed_levels", detail));
    }
    if !ascending {
        return Err(Error::parse("assumed_levels", "levels are not ascending"));
    }
    Ok(Entry {
        status: raw.status.into(),
        ms: raw.ms,
        assumed_levels: raw.assumed_levels,
        note: raw.note,
    })
}

fn bootstrap_of(raw: RawBootstrap, levels: usize) -> Result<Bootstrap> {
    by_level(&raw.ms, levels)?;
    note_within(&raw.note)?;
    if raw.from_level > levels {
        let detail = format!("is {}: it goes from 0 to {levels}", raw.from_level);
        return Err(Error::parse("from_level", detail));
    }
    let noise = raw.noise.map(|n| -> Result<BootstrapNoise> {
        let bits = [Some(n.rms_log2), n.max_log2, n.failure_log2];
        for (name, x) in ["rms_log2", "max_log2", "failure_log2"].iter().zip(bits) {
            number_within(name, x.unwrap_or(0.0), -10_000.0, 0.0)?;
        }
        text_within("source", &n.source, MAX_TEXT)?;
        Ok(BootstrapNoise {
            status: n.status.into(),
            rms_log2: n.rms_log2,
            max_log2: n.max_log2,
            failure_log2: n.failure_log2,
            source: n.source,
        })
    });
    Ok(Bootstrap {
        status: raw.status.into(),
        from_level: raw.from_level,
        ms: raw.ms,
        noise: noise.transpose().map_err(|e| e.within("noise"))?,
        note: raw.note,
    })
}

fn memory_of(raw: RawMemory) -> Result<Memory> {
    number_within("key_mb", raw.key_mb, 0.0, 1e9)?;
    number_within("other_mb", raw.other_mb, 0.0, 1e9)?;
    note_within(&raw.note)?;
    Ok(Memory {
        status: raw.status.into(),
        key_mb: raw.key_mb,
        other_mb: raw.other_mb,
        note: raw.note,
    })
}
