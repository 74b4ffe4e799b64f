//! Files: read up to a limit, written whole or not at all; digests of their bytes.

use crate::error::{Error, ErrorKind, Result};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Reads a text file of at most `limit` bytes; `-` is standard input.
///
/// # Errors
/// The operating system's refusal, a file that is larger, or bytes that are not UTF-8; naming the path.
pub fn read_text(path: &Path, limit: usize) -> Result<String> {
    text_of(&read_bytes(path, limit)?).map_err(|e| e.in_file(path))
}

/// Bytes as text; a byte order mark of UTF-8 is taken off.
///
/// # Errors
/// Bytes that are not UTF-8, with what they may be and what to do about it.
pub fn text_of(bytes: &[u8]) -> Result<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let what = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "not UTF-8 but UTF-16: save the text as UTF-8",
            [b'P', b'K', 3, 4, ..] => {
                "a zip or .npz archive: take the file out of it (numpy.save makes a .npy)"
            }
            [0x93, b'N', b'U', b'M', ..] => {
                "a numpy array, where text is wanted (polycert import reads it)"
            }
            [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => {
                "a picture, where text is wanted (network and plan take it as --input)"
            }
            [_, _, _, _, _, 0, 0, 0, b'{', ..] => {
                "weights (safetensors), where text is wanted (network and plan take them)"
            }
            _ => "not UTF-8 text",
        };
        Error::parse(format!("byte {}", e.valid_up_to()), what)
    })?;
    Ok(text.to_owned())
}

/// Reads a file of at most `limit` bytes; `-` is standard input.
///
/// # Errors
/// The operating system's refusal, or a file that is larger; naming the path.
pub fn read_bytes(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = limit as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|f| f.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|e| Error::io(path, &e))?;
    if bytes.len() > limit {
        return Err(
            Error::parse("", format!("larger than the limit of {limit} bytes")).in_file(path),
        );
    }
    Ok(bytes)
}

/// Writes a file whole or not at all: a temporary file in the same folder, then a rename.
///
/// A link is followed; a device or pipe is written to as it is, never replaced.
///
/// # Errors
/// The operating system's refusal, naming the path.
pub fn write_atomically(path: &Path, text: &str) -> Result<()> {
    let fail = |e: &std::io::Error| Error::io(path, e);
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if std::fs::metadata(&target).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return std::fs::write(&target, text).map_err(|e| fail(&e));
    }
    let fill = |file: &mut File| file.write_all(text.as_bytes()).map_err(|e| fail(&e));
    Prepared::new(path, Rights::Usual, fill)?.publish()
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Everybody may read it.
    Usual,
    /// Its owner alone.
    Private,
}

/// A file that is written, and not yet under its name.
#[derive(Debug)]
pub struct Prepared {
    file: tempfile::NamedTempFile,
    path: PathBuf,
    target: PathBuf,
}

impl Prepared {
    /// Writes a temporary file in the folder of a path; a link is followed.
    ///
    /// # Errors
    /// A folder that does not exist, the operating system's refusal, naming the path, and what `fill` refuses.
    pub fn new(
        path: &Path,
        rights: Rights,
        fill: impl FnOnce(&mut File) -> Result<()>,
    ) -> Result<Self> {
        let fail = |e: &std::io::Error| Error::io(path, e);
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        refuse_missing_folder(&target).map_err(|e| e.in_file(path))?;
        // It is private until it is whole.
        let mut file = tempfile::Builder::new()
            .prefix(".polycert-")
            .suffix(".tmp")
            .tempfile_in(folder_of(&target))
            .map_err(|e| fail(&plain(&e)))?;
        fill(file.as_file_mut()).map_err(|e| e.in_file(path))?;
        file.as_file().sync_all().map_err(|e| fail(&e))?;
        #[cfg(unix)]
        if rights == Rights::Usual {
            use std::os::unix::fs::PermissionsExt;
            let rights = std::fs::Permissions::from_mode(0o644);
            (file.as_file().set_permissions(rights)).map_err(|e| fail(&e))?;
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            target,
        })
    }

    /// Gives the file its name; what had it is replaced.
    ///
    /// # Errors
    /// The operating system's refusal, naming the path.
    pub fn publish(self) -> Result<()> {
        let renamed = self.file.persist(&self.target);
        renamed.map_err(|e| Error::io(&self.path, &e.error))?;
        Ok(())
    }

    /// The same, where nothing has the name.
    ///
    /// # Errors
    /// A name that something has; otherwise as [`Self::publish`].
    pub fn publish_new(self) -> Result<()> {
        let renamed = self.file.persist_noclobber(&self.target);
        renamed.map_err(|e| Error::io(&self.path, &e.error))?;
        Ok(())
    }
}

/// The folder that a path is in.
pub fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Refuses a file whose folder is not there.
///
/// # Errors
/// The folder's name.
pub fn refuse_missing_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    match folder.filter(|folder| !folder.exists()) {
        None => Ok(()),
        Some(folder) => Err(Error {
            path: Some(path.to_owned()),
            kind: ErrorKind::Io(format!(
                "the folder {} does not exist: make it first",
                folder.display()
            )),
        }),
    }
}

/// The system's own error, without the temporary file's name.
fn plain(e: &std::io::Error) -> std::io::Error {
    let inner = e.get_ref().and_then(|wrapper| wrapper.source());
    inner
        .and_then(|e| e.downcast_ref::<std::io::Error>())
        .and_then(std::io::Error::raw_os_error)
        .map_or_else(|| e.kind().into(), std::io::Error::from_raw_os_error)
}

/// Which file a path names, however it is spelled: links are followed, and hard links are one file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Device and number on it.
    Known(u64, u64),
    /// The path without links, of a file that is yet to be made or on a system without such numbers.
    Path(PathBuf),
}

impl Place {
    /// None for a device, a pipe or a folder: nothing is lost by writing to those.
    fn of(path: &Path) -> Option<Self> {
        if path == Path::new("-") {
            return None;
        }
        let Ok(found) = std::fs::metadata(path) else {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
            let folder = std::fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
            return Some(Self::Path(folder.join(path.file_name()?)));
        };
        if !found.is_file() {
            return None;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Some(Self::Known(found.dev(), found.ino()))
        }
        #[cfg(not(unix))]
        std::fs::canonicalize(path).ok().map(Self::Path)
    }
}

/// Refuses outputs that are inputs, or twice the same: what is read or written must not be lost.
///
/// Every command that writes calls it before it begins.
///
/// # Errors
/// The output that names the same file as an input or another output, as a link may.
pub fn refuse_overwriting<'a, 'b>(
    outputs: impl IntoIterator<Item = &'a Path>,
    inputs: impl IntoIterator<Item = &'b Path>,
) -> Result<()> {
    let inputs: BTreeSet<Place> = inputs.into_iter().filter_map(Place::of).collect();
    let mut seen = BTreeSet::new();
    for output in outputs {
        let Some(place) = Place::of(output) else {
            continue;
        };
        let detail = if inputs.contains(&place) {
            "is an input of this command and would be overwritten; name another output"
        } else if !seen.insert(place) {
            "is named for two outputs of this command, and the second would overwrite the first"
        } else {
            continue;
        };
        return Err(Error::domain(detail).in_file(output));
    }
    Ok(())
}

/// The files of a folder that a command would replace, for [`refuse_overwriting`]: those whose names it may write.
pub fn replaced_in(folder: &Path, written: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    names
        .filter(|name| name.to_str().is_some_and(&written))
        .map(|name| folder.join(name))
        .collect()
}

/// Whether two paths name one folder that exists.
pub fn same_folder(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    real(a).is_some_and(|a| real(b) == Some(a))
}

/// SHA-256 of bytes, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_the_limit_and_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write_atomically(&path, "four").unwrap();
        assert_eq!(read_text(&path, 4).unwrap(), "four");
        let words = read_text(&path, 3).unwrap_err().to_string();
        assert!(
            words.contains("larger than the limit of 3 bytes"),
            "{words}"
        );
        std::fs::write(&path, b"ab\xff").unwrap();
        assert!(read_text(&path, 4)
            .unwrap_err()
            .to_string()
            .contains("byte 2"));
        assert!(read_bytes(&folder.path().join("y"), 4).is_err());
        for (bytes, part) in [
            (&b"\xff\xfea\0"[..], "UTF-16"),
            (b"PK\x03\x04\xff", ".npz"),
            (b"\x93NUMPY", "numpy"),
        ] {
            assert!(text_of(bytes).unwrap_err().to_string().contains(part));
        }
        assert_eq!(text_of(b"\xef\xbb\xbf1").unwrap(), "1");
        let missing = folder.path().join("no/such/x");
        let words = write_atomically(&missing, "").unwrap_err().to_string();
        assert!(words.contains("does not exist: make it first"), "{words}");
    }

    #[cfg(unix)]
    #[test]
    fn one_file_has_one_place_however_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["in", "other"] {
            std::fs::write(at(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(at("in"), at("soft")).unwrap();
        std::os::unix::fs::symlink(folder.path(), at("self")).unwrap();
        std::fs::hard_link(at("in"), at("hard")).unwrap();
        let refused = |outputs: &[&str]| {
            let outputs: Vec<PathBuf> = outputs.iter().map(|name| at(name)).collect();
            let inputs = [at("in"), PathBuf::from("-"), at("missing")];
            let paths = outputs.iter().map(PathBuf::as_path);
            let result = refuse_overwriting(paths, inputs.iter().map(PathBuf::as_path));
            result.err().map(|e| e.to_string())
        };
        for name in ["in", "soft", "hard", "self/in", "self/./self/in", "missing"] {
            let words = refused(&["other", name]).unwrap();
            assert!(words.contains("is an input of this command"), "{words}");
        }
        for same in [["new", "self/new"], ["other", "self/other"]] {
            let words = refused(&same).unwrap();
            assert!(words.contains("two outputs"), "{words}");
        }
        assert_eq!(refused(&["other", "new", "no/folder", "self"]), None);
        let devices = ["/dev/null", "-"].map(Path::new);
        assert!(refuse_overwriting(devices, devices).is_ok());
        let mut found = replaced_in(folder.path(), |name| name.ends_with('t') || name == "in");
        found.sort();
        assert_eq!(found, [at("in"), at("soft")]);
    }

    #[test]
    fn digest_of_nothing() {
        assert!(sha256(b"").starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    }
}
