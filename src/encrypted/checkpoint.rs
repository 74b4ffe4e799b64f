//! What an interrupted run goes on from: a folder with the ciphertexts that are still read, and a journal.
//!
//! **Method** Behind a step its value is written, then the journal, which names the values and their digests, then what nothing
//! reads any more is removed. Each file has its name when it is whole, so that the journal is always true: of a run that is
//! killed anywhere at most one step is lost. The input is no part of it: it is there as it was given.

use crate::ckks::ring::Ring;
use crate::ckks::scheme::cipher::Ciphertext;
use crate::encrypted::binding::Binding;
use crate::encrypted::program::{Program, ValueId};
use crate::encrypted::state::State;
use crate::encrypted::store::{Content, Header, Made, Opened};
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

const JOURNAL: &str = "journal";
const LOCK: &str = "lock";
/// What remedies a folder of another run.
const REMEDY: &str = "name another --checkpoint, or remove the folder to begin anew";

/// A folder that a run leaves its ciphertexts in.
#[derive(Debug)]
pub struct Checkpoint {
    folder: PathBuf,
    binding: Binding,
    /// The secret key's name.
    key: String,
    made: Made,
    /// The digests of the values' files.
    digests: BTreeMap<ValueId, String>,
    /// Locked while the run is at work.
    lock: Option<File>,
}

impl Checkpoint {
    /// A folder, which need not be there, for a run of a key with an input.
    #[must_use]
    pub fn new(folder: PathBuf, binding: Binding, key: String, made: Made) -> Self {
        Self {
            folder,
            binding,
            key,
            made,
            digests: BTreeMap::new(),
            lock: None,
        }
    }

    /// Makes the folder, if it is not there, and locks it until this is dropped.
    ///
    /// # Errors
    /// A folder that another run is at work on; the operating system's refusal.
    pub fn lock(&mut self) -> Result<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        let io = |e: std::io::Error| Error::io(&self.folder, &e);
        std::fs::create_dir_all(&self.folder).map_err(io)?;
        let file = File::create(self.folder.join(LOCK)).map_err(io)?;
        match file.try_lock() {
            Ok(()) => self.lock = Some(file),
            Err(TryLockError::WouldBlock) => {
                let detail = "another run is at work on it: wait for that, or name another --checkpoint and --output";
                return Err(Error::domain(detail).in_file(&self.folder));
            }
            Err(TryLockError::Error(e)) => return Err(io(e)),
        }
        Ok(())
    }

    fn value_path(&self, value: ValueId) -> PathBuf {
        self.folder.join(format!("value{value:04}"))
    }

    /// What a run goes on from; nothing where no step was finished.
    ///
    /// **Inputs** the program and the ring; the encrypted input.
    ///
    /// # Errors
    /// A checkpoint of another program, other parameters, another key or input; damaged files.
    pub fn resume(&mut self, program: &Program, ring: &Ring, input: Ciphertext) -> Result<State> {
        let journal = self.folder.join(JOURNAL);
        let mut state = State::new(input);
        if !journal.exists() {
            return Ok(state);
        }
        self.lock()?;
        let refuse = |detail: &str| {
            let detail = format!("{detail}: {REMEDY}");
            Err(Error::from(ErrorKind::Mismatch(detail)).in_file(&journal))
        };
        let opened = Opened::new(&journal, "a checkpoint's journal", &self.binding)?;
        let (header, _) = (opened.header.clone(), opened.bytes(|_| Ok(()))?);
        let Content::Journal {
            made,
            values,
            spent,
        } = header.content
        else {
            return refuse("no journal");
        };
        if header.key != self.key {
            return refuse("the checkpoint of a run under another key");
        }
        if made.input_sha256 != self.made.input_sha256 {
            return refuse("the checkpoint of a run on another input");
        }
        if made.keys_sha256 != self.made.keys_sha256 {
            return refuse("the checkpoint of a run with other evaluation keys");
        }
        let live: Vec<ValueId> = program.live(spent.len());
        let live: Vec<ValueId> = live.into_iter().filter(|&v| v > 0).collect();
        let stated: Vec<ValueId> = values.iter().map(|(v, _)| *v).collect();
        if spent.len() > program.steps.len() || live != stated {
            return refuse("a journal that does not fit the program");
        }
        state.values.resize_with(spent.len() + 1, || None);
        if !program.live(spent.len()).contains(&0) {
            state.values[0] = None;
        }
        for (value, sha256) in values {
            state.values[value] = Some(self.value(value, &sha256, ring)?);
            self.digests.insert(value, sha256);
        }
        state.spent = spent;
        Ok(state)
    }

    fn value(&self, value: ValueId, sha256: &str, ring: &Ring) -> Result<Ciphertext> {
        let path = self.value_path(value);
        let opened = Opened::new(&path, "a value of a checkpoint", &self.binding)?;
        let (cipher, found) = opened.bytes(|b| Ciphertext::from_bytes(ring, b))?;
        match found == sha256 {
            true => Ok(cipher),
            false => Err(Error::from(ErrorKind::Mismatch(format!(
                "not the value that the journal names: {REMEDY}"
            )))
            .in_file(&path)),
        }
    }

    /// Writes what the last step made, into a folder that is locked.
    ///
    /// # Errors
    /// The operating system's refusal, naming the file.
    pub fn store(&mut self, state: &State) -> Result<()> {
        let made = state.done();
        if let Some(Some(cipher)) = state.values.get(made) {
            let body = cipher.to_bytes();
            let content = Content::Value {
                value: made,
                made: self.made.clone(),
            };
            let header = Header::new(&self.binding, &self.key, content, body.len() as u64);
            let sha256 = header.write(&self.value_path(made), &body)?;
            self.digests.insert(made, sha256);
        }
        // The value's name must be on the disk before the journal's.
        synchronise(&self.folder).map_err(|e| Error::io(&self.folder, &e))?;
        let live = |v: ValueId| state.values.get(v).is_some_and(Option::is_some);
        let (kept, gone) = std::mem::take(&mut self.digests)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(v, _)| live(*v));
        let content = Content::Journal {
            made: self.made.clone(),
            values: kept.iter().map(|(v, s)| (*v, s.clone())).collect(),
            spent: state.spent.clone(),
        };
        Header::new(&self.binding, &self.key, content, 0).write(&self.folder.join(JOURNAL), &[])?;
        self.digests = kept;
        gone.keys().for_each(|&v| remove(&self.value_path(v)));
        Ok(())
    }

    /// Removes the folder's files, and the folder if nothing else is in it.
    pub fn remove(&self) {
        remove(&self.folder.join(JOURNAL));
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let digits = name.strip_prefix("value").unwrap_or("");
            let value = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            // What a killed run was writing.
            let cut = name.starts_with(".polycert-") && name.ends_with(".tmp");
            if value || cut || name == LOCK {
                remove(&entry.path());
            }
        }
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// Removes a file that nothing reads; one that stays does no harm.
fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

/// Waits until the names in a folder are on the disk.
fn synchronise(folder: &Path) -> std::io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}
