//! The journal that an interrupted audit goes on from.
//!
//! A text file: a first line with the digest of everything that the results depend on, then one JSON line for
//! each sample that is done, in any order. A last line that was cut short is dropped. Numbers are written in their
//! shortest form and read correctly rounded: they come back as they were. The file is locked while it is open, so
//! that two audits never write one result.

use crate::error::{Error, Result};
use crate::files::refuse_missing_folder;
use crate::network::audit::record::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

/// The format tag of a journal's first line.
pub const JOURNAL: &str = "polycert-audit-journal/3";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    settings_sha256: String,
}

/// A journal that is open for more lines, and what it has.
#[derive(Debug)]
pub struct Journal {
    /// The file, at its end.
    pub file: File,
    /// The samples that are done.
    pub done: BTreeMap<usize, Record>,
}

impl Journal {
    /// Opens a journal, or begins one.
    ///
    /// # Errors
    /// A file that is no journal, one of other settings, or one that another audit has open: it is left as it is.
    pub fn open(path: &Path, settings_sha256: &str) -> Result<Self> {
        Self::read(path, settings_sha256).map_err(|e| e.in_file(path))
    }

    fn read(path: &Path, settings_sha256: &str) -> Result<Self> {
        refuse_missing_folder(path)?;
        let io = |e: std::io::Error| Error::io(path, &e);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false);
        let mut file = file.open(path).map_err(io)?;
        let busy = || {
            Error::domain(
                "another audit is writing this result: wait for it, or name another output with -o",
            )
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy()),
            Err(TryLockError::Error(e)) => return Err(io(e)),
        }
        // The other one may have finished, and removed the journal, between opening and locking.
        if !path.exists() {
            return Err(busy());
        }
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

/// Appends one line.
pub fn write_line(file: &mut File, value: &impl Serialize) -> std::io::Result<()> {
    file.write_all(&json_line(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::audit::record::tests::record;

    #[test]
    fn numbers_come_back_as_they_were_and_one_audit_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut j = Journal::open(&path, "d").unwrap();
        let error = Journal::open(&path, "d").unwrap_err().to_string();
        assert!(error.contains("another audit"), "{error}");
        let mut state = 7u64;
        let mut written = Vec::new();
        for k in 0..2_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(9);
            let x = f64::from_bits(state);
            if x.is_finite() {
                let mut r = record(k, "same");
                r.bound_network_margin = Some(x);
                r.bound_network_reach = vec![x.abs(), 5e-324, f64::MAX];
                write_line(&mut j.file, &r).unwrap();
                written.push(r);
            }
        }
        drop(j);
        let j = Journal::open(&path, "d").unwrap();
        assert!(j.done.values().eq(&written));
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
}
