//! Weights that an ONNX file keeps in files beside it (external data).
//!
//! The model names them, so they are hostile: a name is a relative path inside the model's folder, links included; the
//! file is a regular one; offset and length lie inside it; and all files together are no larger than a model may be.
//! A file is read once and whole, so that the digest is of the very bytes that were used.

use crate::error::{Error, Result};
use crate::files::{read_bytes, sha256};
use crate::network::read::onnx::messages::Tensor;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Most bytes of all files together.
pub const MAX_BYTES: usize = 2 << 30;

/// Most files.
const MAX_FILES: usize = 1_024;

/// The files beside a model, as far as they were asked for.
#[derive(Debug, Default)]
pub struct Beside {
    folder: Option<PathBuf>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Beside {
    /// Of a model in this folder; none where the model is no file.
    pub fn new(folder: Option<&Path>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            files: BTreeMap::new(),
        }
    }

    /// The digest of every file that was read, by its name.
    pub fn digests(&self) -> Vec<(String, String)> {
        let digest = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), sha256(bytes));
        self.files.iter().map(digest).collect()
    }

    /// The bytes of a tensor.
    ///
    /// # Errors
    /// A place outside the model's folder or outside its file, or more than [`MAX_BYTES`] in all.
    pub fn bytes(&mut self, t: &Tensor) -> Result<&[u8]> {
        let fail = |detail: String| Error::parse(format!("tensor {:?}", t.name), detail);
        let (mut location, mut offset, mut length) = (None, 0, None);
        for entry in &t.external_data {
            let number = || {
                let number = entry.value.parse::<usize>();
                number.map_err(|_| fail(format!("{} {:?}", entry.key, entry.value)))
            };
            match entry.key.as_str() {
                "location" => location = Some(entry.value.as_str()),
                "offset" => offset = number()?,
                "length" => length = Some(number()?),
                // Its digest by another program, and how a program may map it into memory.
                "checksum" | "basepath" => {}
                other => {
                    return Err(fail(format!(
                        "external data have an unknown entry {other:?}"
                    )))
                }
            }
        }
        let location = location.ok_or_else(|| fail("external data without a location".into()))?;
        if !self.files.contains_key(location) {
            let bytes = self.open(location).map_err(|e| fail(e.to_string()))?;
            self.files.insert(location.to_owned(), bytes);
        }
        let all = &self.files[location];
        let end = match length {
            Some(n) => offset.checked_add(n),
            None => Some(all.len()),
        };
        end.and_then(|end| all.get(offset..end)).ok_or_else(|| {
            fail(format!(
                "offset {offset} and length {length:?} in {location:?} of {} bytes",
                all.len()
            ))
        })
    }

    fn open(&self, location: &str) -> Result<Vec<u8>> {
        let Some(folder) = &self.folder else {
            return Err(Error::unsupported(format!(
                "its data are in {location:?}, beside a model that is read from no folder"
            )));
        };
        let inside = Path::new(location)
            .components()
            .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if !inside || location.is_empty() {
            return Err(Error::domain(format!(
                "its data are in {location:?}: only files in the model's own folder are read"
            )));
        }
        if self.files.len() >= MAX_FILES {
            return Err(Error::unsupported(format!(
                "more than {MAX_FILES} files of weights"
            )));
        }
        let path = folder.join(location);
        let real = |p: &Path| std::fs::canonicalize(p).map_err(|e| Error::io(p, &e));
        let (path, folder) = (real(&path)?, real(folder)?);
        if !path.starts_with(&folder) {
            return Err(Error::domain(format!(
                "its data are in {location:?}, a link that leads out of the model's folder"
            )));
        }
        // A pipe or a device would be waited for without end.
        if !std::fs::metadata(&path)
            .map_err(|e| Error::io(&path, &e))?
            .is_file()
        {
            return Err(Error::domain(format!(
                "its data are in {location:?}, which is no file"
            )));
        }
        let used: usize = self.files.values().map(Vec::len).sum();
        read_bytes(&path, MAX_BYTES - used)
    }
}
