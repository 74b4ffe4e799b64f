//! A data set: the verdict on every sample, counted, with a journal that an interrupted run goes on from.
//!
//! The journal is a text file: a first line with the digest of everything that the results depend on, then
//! one JSON line for each sample that is done, in any order. A last line that was cut short is dropped.

use crate::error::{Error, Result};
use crate::network::compare::{compare, Comparison, Precision, Verdict};
use crate::network::evaluate::Prepared;
use crate::network::tensor::Tensor;
use crate::network::twin::Activation;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

/// The format tag of a journal's first line.
pub const JOURNAL: &str = "polycert-audit-journal/1";

/// What was proved of one sample; every number is rounded to the safe side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its place in the data set.
    pub sample: usize,
    /// Its label, where there are labels.
    pub label: Option<u64>,
    /// `same`, `different`, `undecided` or `outside`.
    pub verdict: String,
    /// The network's class, if it is decided.
    pub network_class: Option<usize>,
    /// The twin's class, if it is decided.
    pub twin_class: Option<usize>,
    /// Lower bound of the network's margin.
    pub bound_network_margin: Option<f64>,
    /// Lower bound of the twin's margin.
    pub bound_twin_margin: Option<f64>,
    /// Upper bound of the greatest change of a logit.
    pub bound_change: Option<f64>,
    /// Upper bound of |x| at each activation of the network.
    pub bound_network_reach: Vec<f64>,
    /// Upper bound of |x| at each activation of the twin, as far as it was evaluated.
    pub bound_twin_reach: Vec<f64>,
    /// The element with the greatest reach at the twin's last activation, where it is outside.
    pub outside_neuron: Option<usize>,
    /// Whether the twin was evaluated with about 106 bits.
    pub double: bool,
}

impl Record {
    fn new(sample: usize, label: Option<u64>, c: &Comparison) -> Self {
        let network_class = c.network.class();
        let twin_class = c.twin.as_ref().and_then(|t| t.class());
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let outside_neuron = match &c.verdict {
            Verdict::Outside(e) => Some(e.neuron),
            _ => None,
        };
        Self {
            sample,
            label,
            verdict: c.verdict.word().to_owned(),
            network_class,
            twin_class,
            bound_network_margin: network_class.and_then(|k| finite(c.network.margin(k))),
            bound_twin_margin: c
                .twin
                .as_ref()
                .zip(twin_class)
                .and_then(|(t, k)| finite(t.margin(k))),
            bound_change: c.bound_change().and_then(finite),
            bound_network_reach: c
                .network
                .ranges
                .iter()
                .map(|r| r.bound_reach.min(f64::MAX))
                .collect(),
            bound_twin_reach: c
                .twin_ranges
                .iter()
                .map(|r| r.bound_reach.min(f64::MAX))
                .collect(),
            outside_neuron,
            double: c.twin.as_ref().is_none_or(|t| t.double),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    settings_sha256: String,
}

/// A journal that is open for more lines, and what it has.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// The samples that are done.
    pub done: BTreeMap<usize, Record>,
}

impl Journal {
    /// Opens a journal, or begins one.
    ///
    /// # Errors
    /// A file that is no journal, or one of other settings: it is left as it is.
    pub fn open(path: &Path, settings_sha256: &str) -> Result<Self> {
        Self::read(path, settings_sha256).map_err(|e| e.in_file(path))
    }

    fn read(path: &Path, settings_sha256: &str) -> Result<Self> {
        let io = |e: std::io::Error| Error::io(path, &e);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false);
        let mut file = file.open(path).map_err(io)?;
        let head = json_line(&Head {
            format: JOURNAL.to_owned(),
            settings_sha256: settings_sha256.to_owned(),
        })
        .map_err(io)?;
        let mut done = BTreeMap::new();
        let mut good = 0u64;
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(io)?;
            if line.last() != Some(&b'\n') {
                break; // the end, or a line that was cut short
            }
            let bad = |e: String| Error::parse(format!("line {number}"), e);
            if number == 1 {
                let head: Head = serde_json::from_slice(&line)
                    .ok()
                    .filter(|h: &Head| h.format == JOURNAL)
                    .ok_or_else(|| {
                        bad(format!(
                            "not a journal of polycert ({JOURNAL}); name another file"
                        ))
                    })?;
                if head.settings_sha256 != settings_sha256 {
                    return Err(bad(
                        "a journal of other settings (network, data, tables, B or preprocessing): remove it to begin anew".into(),
                    ));
                }
            } else {
                let record: Record =
                    serde_json::from_slice(&line).map_err(|e| bad(e.to_string()))?;
                done.insert(record.sample, record);
            }
            good += line.len() as u64;
        }
        // A first line that was cut short is a beginning of the one that is to stand there.
        if good == 0 && !head.starts_with(&line) {
            let detail = format!("not a journal of polycert ({JOURNAL}); name another file");
            return Err(Error::parse("line 1", detail));
        }
        drop(reader);
        file.set_len(good).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        if good == 0 {
            file.write_all(&head).map_err(io)?;
        }
        Ok(Self { file, done })
    }
}

fn json_line(value: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value).map_err(std::io::Error::other)?;
    line.push(b'\n');
    Ok(line)
}

fn write_line(file: &mut File, value: &impl Serialize) -> std::io::Result<()> {
    file.write_all(&json_line(value)?)
}

/// Does the samples that the journal does not have, on all threads of the current pool.
///
/// **Inputs** `samples` and the function that gives a sample's input and label; `progress` is told how
/// many of this run are done.
///
/// # Errors
/// An input that cannot be prepared, a failed evaluation, or a journal that cannot be written.
pub fn run(
    prepared: &Prepared,
    polynomials: &[Activation],
    precision: Precision,
    samples: &[usize],
    input: impl Fn(usize) -> Result<(Tensor, Option<u64>)> + Sync,
    journal: Journal,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<Vec<Record>> {
    let pending: Vec<usize> = samples
        .iter()
        .copied()
        .filter(|s| !journal.done.contains_key(s))
        .collect();
    let total = pending.len();
    let state = Mutex::new((journal.file, journal.done, 0usize));
    pending.into_par_iter().try_for_each(|sample| {
        let (x, label) = input(sample)?;
        let comparison = compare(prepared, polynomials, &x, precision)
            .map_err(|e| Error::parse(format!("sample {sample}"), e.to_string()))?;
        let record = Record::new(sample, label, &comparison);
        let mut state = state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        write_line(&mut state.0, &record).map_err(|e| Error::io(Path::new("journal"), &e))?;
        state.1.insert(sample, record);
        state.2 += 1;
        progress(state.2, total);
        Ok::<(), Error>(())
    })?;
    let state = state
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut done = state.1;
    Ok(samples.iter().filter_map(|s| done.remove(s)).collect())
}

/// The records, counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Samples.
    pub samples: usize,
    /// Proved: the twin answers as the network does.
    pub same: usize,
    /// Proved: it answers another class.
    pub different: usize,
    /// Not decided.
    pub undecided: usize,
    /// A polynomial was asked beyond [-B, B].
    pub outside: usize,
    /// Samples with a label.
    pub labelled: usize,
    /// Proved: the network's class is the label.
    pub network_right: usize,
    /// Proved: the twin's class is the label.
    pub twin_right: usize,
    /// Least proved margin of the network, over samples with a class.
    pub bound_least_margin: Option<f64>,
    /// Upper bound of the change of any logit of any sample that was evaluated.
    pub bound_greatest_change: Option<f64>,
    /// Upper bound of |x| at each activation, over all samples of the network.
    pub bound_network_reach: Vec<f64>,
    /// The same of the twin.
    pub bound_twin_reach: Vec<f64>,
}

impl Summary {
    /// Counts records.
    pub fn new(records: &[Record]) -> Self {
        let count = |word: &str| records.iter().filter(|r| r.verdict == word).count();
        let right = |class: fn(&Record) -> Option<usize>| {
            let is = |r: &&Record| r.label.is_some() && class(r).map(|c| c as u64) == r.label;
            records.iter().filter(is).count()
        };
        let fold = |list: fn(&Record) -> &Vec<f64>| {
            let mut most: Vec<f64> = Vec::new();
            for r in records {
                for (i, &v) in list(r).iter().enumerate() {
                    match most.get_mut(i) {
                        Some(m) => *m = m.max(v),
                        None => most.push(v),
                    }
                }
            }
            most
        };
        Self {
            samples: records.len(),
            same: count("same"),
            different: count("different"),
            undecided: count("undecided"),
            outside: count("outside"),
            labelled: records.iter().filter(|r| r.label.is_some()).count(),
            network_right: right(|r| r.network_class),
            twin_right: right(|r| r.twin_class),
            bound_least_margin: records
                .iter()
                .filter_map(|r| r.bound_network_margin)
                .reduce(f64::min),
            bound_greatest_change: records
                .iter()
                .filter_map(|r| r.bound_change)
                .reduce(f64::max),
            bound_network_reach: fold(|r| &r.bound_network_reach),
            bound_twin_reach: fold(|r| &r.bound_twin_reach),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sample: usize, verdict: &str) -> Record {
        Record {
            sample,
            label: Some(3),
            verdict: verdict.to_owned(),
            network_class: Some(3),
            twin_class: None,
            bound_network_margin: Some(0.1 + sample as f64),
            bound_twin_margin: None,
            bound_change: None,
            bound_network_reach: vec![1.0, sample as f64],
            bound_twin_reach: vec![],
            outside_neuron: None,
            double: true,
        }
    }

    #[test]
    fn a_journal_goes_on_where_it_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut j = Journal::open(&path, "d").unwrap();
        for k in 0..3 {
            write_line(&mut j.file, &record(k, "same")).unwrap();
        }
        drop(j);
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let j = Journal::open(&path, "d").unwrap();
            let lines = whole[..cut].iter().filter(|&&b| b == b'\n').count();
            assert_eq!(j.done.len(), lines.saturating_sub(1));
            for (k, r) in &j.done {
                assert_eq!(*r, record(*k, "same"));
            }
        }
        let error = Journal::open(&path, "e").unwrap_err().to_string();
        assert!(error.contains("other settings"), "{error}");
        for foreign in ["precious\n", "precious", "{}\n"] {
            std::fs::write(&path, foreign).unwrap();
            assert!(Journal::open(&path, "d").is_err());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
        }
    }

    #[test]
    fn records_are_counted() {
        let s = Summary::new(&[
            record(0, "same"),
            record(1, "outside"),
            record(2, "undecided"),
        ]);
        assert_eq!(
            (s.samples, s.same, s.outside, s.undecided, s.different),
            (3, 1, 1, 1, 0)
        );
        assert_eq!((s.network_right, s.twin_right), (3, 0));
        assert_eq!(s.bound_least_margin, Some(0.1));
        assert_eq!(s.bound_network_reach, [1.0, 2.0]);
    }
}
