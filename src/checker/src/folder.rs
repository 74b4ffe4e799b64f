//! Files, read up to a limit, and the certificates of a folder.

use crate::check::{is_no_json, kind, names_a_certificate, Kind};
use crate::format::json::MAX_BYTES;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files of a folder at most.
const MAX_FILES: usize = 10_000;

/// At most one byte more than the checker accepts, so that it can refuse a longer file.
pub(crate) fn read_file(
    path: &Path,
    limit: usize,
    stdin: Option<&mut dyn Read>,
) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    match stdin.filter(|_| path == Path::new("-")) {
        Some(stdin) => stdin.take(limit).read_to_end(&mut bytes)?,
        None => File::open(path)?.take(limit).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

/// The files of a folder that are certificates, or are named as such, in the order of their names.
pub(crate) fn certificates(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut doubtful) = (Vec::new(), Vec::new());
    for (count, entry) in std::fs::read_dir(folder)?.enumerate() {
        if count >= MAX_FILES {
            let text = format!("more than {MAX_FILES} files in the folder");
            return Err(io::Error::other(text));
        }
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        // A pipe would be waited for.
        let other = std::fs::metadata(&path).is_ok_and(|m| !m.is_file());
        if !name.ends_with(".json") || other {
            continue;
        }
        // What is named a certificate must be one; of others, those that say so, damaged or not. What cannot be read is
        // reported; so is what is no JSON, where there are certificates for it to be one of.
        let named = name.ends_with(".cert.json");
        let Ok(bytes) = read_file(&path, MAX_BYTES, None) else {
            found.push(path);
            continue;
        };
        match kind(&bytes) {
            Kind::Manifest | Kind::Plan if !named => {}
            Kind::Other if !named && !names_a_certificate(&bytes) => {
                if is_no_json(&bytes) {
                    doubtful.push(path);
                }
            }
            _ => found.push(path),
        }
    }
    if !found.is_empty() {
        found.append(&mut doubtful);
    }
    found.sort();
    Ok(found)
}

/// Those of a folder and of the folders in it.
pub(crate) fn certificates_within(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = certificates(folder)?;
    let mut inner = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            inner.push(path);
        }
    }
    inner.sort();
    for folder in inner {
        found.append(&mut certificates(&folder)?);
    }
    Ok(found)
}
