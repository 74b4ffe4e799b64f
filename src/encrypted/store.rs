//! Files of a run in steps: keys, encrypted inputs and outputs, and what a checkpoint has.
//!
//! ```text
//! "PLYCRUN1"  header's length u32  header (JSON)  SHA-256 of all before [32]  body  SHA-256 of all before [32]
//! ```
//! | content | body |
//! |---|---|
//! | `secret-key`, `input`, `value`, `output` | as `ckks::scheme::serial` writes it |
//! | `evaluation-keys` | the keys of the header's list (`ckks::scheme::stream`), then those of the bootstrapping |
//! | `journal` | none |
//!
//! **Guarantee** A file that is read is whole, of the wanted content, parameters and program; all but the body is held to that
//! before the body is read. A file has its name when it is whole. The digests are no signature.

use crate::ckks::ring::Ring;
use crate::ckks::scheme::keys::SecretKey;
use crate::ckks::scheme::stream::KeyList;
use crate::encrypted::binding::Binding;
use crate::encrypted::program::ValueId;
use crate::encrypted::state::Spent;
use crate::error::{Error, ErrorKind, Result};
use crate::files::{hexadecimal, Prepared, Rights};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"PLYCRUN1";
const FORMAT: &str = "polycert-encrypted-run/1";
/// Most bytes of a header: journals have a line a step.
const MAX_HEADER: usize = 16 << 20;
/// Bytes of a digest.
const DIGEST: u64 = 32;

/// What a ciphertext of a run came of, by the SHA-256 at the end of each file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The encrypted input.
    pub input_sha256: String,
    /// The evaluation keys.
    pub keys_sha256: String,
}

/// What a file has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Content {
    /// A secret key.
    SecretKey,
    /// Keys of an evaluator.
    EvaluationKeys {
        /// Those of products and rotations.
        keys: KeyList,
        /// Whether those of the bootstrapping follow.
        bootstrapping: bool,
    },
    /// An encrypted input.
    Input {
        /// Its number in the file of samples.
        sample: usize,
    },
    /// A ciphertext between two steps.
    Value {
        /// Its number.
        value: ValueId,
        /// What it came of.
        made: Made,
    },
    /// An encrypted output.
    Output {
        /// The number of the sample.
        sample: usize,
        /// What it came of.
        made: Made,
    },
    /// How far a run is.
    Journal {
        /// What it came of.
        made: Made,
        /// The values that are kept, each with the SHA-256 of its file.
        values: Vec<(ValueId, String)>,
        /// What each finished step took.
        spent: Vec<Spent>,
    },
}

impl Content {
    /// A word for each, which stands for all of its kind.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::SecretKey => "a secret key",
            Self::EvaluationKeys { .. } => "a file of evaluation keys",
            Self::Input { .. } => "an encrypted input",
            Self::Value { .. } => "a value of a checkpoint",
            Self::Output { .. } => "an encrypted output",
            Self::Journal { .. } => "a checkpoint's journal",
        }
    }
}

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: String,
    parameters: String,
    program: String,
    /// The name of the secret key, in hexadecimal.
    pub key: String,
    body_bytes: u64,
    /// What the body has.
    pub content: Content,
}

impl Header {
    /// A header of a body of so many bytes.
    #[must_use]
    pub fn new(binding: &Binding, key: &str, content: Content, body_bytes: u64) -> Self {
        Self {
            format: FORMAT.to_owned(),
            parameters: binding.parameters.clone(),
            program: binding.program.clone(),
            key: key.to_owned(),
            body_bytes,
            content,
        }
    }

    /// Writes a file with a body, under a temporary name; its SHA-256 beside it.
    ///
    /// # Errors
    /// The operating system's refusal, a body of another length, what `body` refuses.
    pub fn prepare(
        &self,
        path: &Path,
        rights: Rights,
        body: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<(Prepared, String)> {
        let io = |e: io::Error| Error::io(path, &e);
        let text = serde_json::to_vec(self).map_err(|e| io(e.into()))?;
        let mut sha256 = String::new();
        let prepared = Prepared::new(path, rights, |file| {
            let mut out = Hashing::new(BufWriter::with_capacity(1 << 20, file));
            out.write_all(MAGIC).map_err(io)?;
            (out.write_all(&(text.len() as u32).to_le_bytes())).map_err(io)?;
            out.write_all(&text).map_err(io)?;
            let digest = out.digest();
            out.write_all(&digest).map_err(io)?;
            let before = out.bytes;
            body(&mut out)?;
            if out.bytes - before != self.body_bytes {
                let detail = format!(
                    "a body of {} bytes, where {} were announced",
                    out.bytes - before,
                    self.body_bytes
                );
                return Err(ErrorKind::SelfCheck(detail).into());
            }
            let digest = out.digest();
            sha256 = hexadecimal(&digest);
            out.write_all(&digest).map_err(io)?;
            out.flush().map_err(io)
        })?;
        Ok((prepared, sha256))
    }

    /// Writes a file whose body is these bytes; gives its SHA-256.
    ///
    /// # Errors
    /// The operating system's refusal.
    pub fn write(&self, path: &Path, body: &[u8]) -> Result<String> {
        let io = |e: io::Error| Error::io(path, &e);
        let (file, sha256) =
            self.prepare(path, Rights::Usual, |out| out.write_all(body).map_err(io))?;
        file.publish()?;
        Ok(sha256)
    }
}

/// A file of which the header is read.
#[derive(Debug)]
pub struct Opened {
    /// What it says.
    pub header: Header,
    /// The SHA-256 that stands at its end.
    stated: [u8; DIGEST as usize],
    path: PathBuf,
    input: Hashing<BufReader<File>>,
}

impl Opened {
    /// Opens a file: its header is whole, and its length the right one.
    ///
    /// # Errors
    /// A file that is none of a run, is damaged or cut, has something else than `wanted` ([`Content::words`]), or is of other
    /// parameters or another program.
    pub fn new(path: &Path, wanted: &str, binding: &Binding) -> Result<Self> {
        Self::open(path, wanted, binding).map_err(|e| e.in_file(path))
    }

    fn open(path: &Path, wanted: &str, binding: &Binding) -> Result<Self> {
        let refuse = |detail: String| Err(Error::parse("", detail));
        let cut = |e: io::Error| match e.kind() {
            io::ErrorKind::UnexpectedEof => Error::parse("", "cut: its header is not whole"),
            _ => Error::io(path, &e),
        };
        let file = File::open(path).map_err(|e| Error::io(path, &e))?;
        let length = file.metadata().map_err(cut)?.len();
        let mut input = Hashing::new(BufReader::with_capacity(1 << 20, file));
        let mut magic = [0; 8];
        if input.read_exact(&mut magic).is_err() || magic != *MAGIC {
            return refuse(format!(
                "no file of polycert's encrypted runs, where {wanted} is due"
            ));
        }
        let mut size = [0; 4];
        input.read_exact(&mut size).map_err(cut)?;
        let size = u32::from_le_bytes(size) as usize;
        if size > MAX_HEADER {
            return refuse(format!(
                "damaged: a header of {size} bytes, and it has at most {MAX_HEADER}"
            ));
        }
        let mut text = vec![0; size];
        input.read_exact(&mut text).map_err(cut)?;
        let (own, mut stated) = (input.digest(), [0; DIGEST as usize]);
        input.read_exact(&mut stated).map_err(cut)?;
        if own != stated {
            return refuse(
                "damaged: the SHA-256 of its header is not the one behind it".to_owned(),
            );
        }
        let header: Header = serde_json::from_slice(&text)
            .map_err(|e| Error::parse("", format!("a header that is not of {FORMAT}: {e}")))?;
        if header.format != FORMAT {
            return refuse(format!(
                "a file of {:?}: this program reads {FORMAT}",
                header.format
            ));
        }
        if header.content.words() != wanted {
            return refuse(format!(
                "this is {}, where {wanted} is due",
                header.content.words()
            ));
        }
        if header.parameters != binding.parameters {
            return refuse(format!(
                "made under the encryption parameters {}, not {}",
                short(&header.parameters),
                short(&binding.parameters)
            ));
        }
        if header.program != binding.program {
            return refuse(format!(
                "made for the program {}, not {}: the network, its tables, --bound or its preparation differ",
                short(&header.program),
                short(&binding.program)
            ));
        }
        let due = (input.bytes + DIGEST).checked_add(header.body_bytes);
        if due != Some(length) {
            let due = due.map_or("more".to_owned(), |due| due.to_string());
            return refuse(format!("cut or too long: {length} bytes, and it has {due}"));
        }
        let mut stated = [0; DIGEST as usize];
        let mut end = File::open(path).map_err(|e| Error::io(path, &e))?;
        end.seek(SeekFrom::End(-(DIGEST as i64))).map_err(cut)?;
        end.read_exact(&mut stated).map_err(cut)?;
        Ok(Self {
            header,
            stated,
            path: path.to_owned(),
            input,
        })
    }

    /// The SHA-256 that stands at the file's end, in hexadecimal: its own once the body is read.
    #[must_use]
    pub fn stated_sha256(&self) -> String {
        hexadecimal(&self.stated)
    }

    /// Reads the body; the file's SHA-256 beside it.
    ///
    /// # Errors
    /// A damaged file, and what `read` refuses.
    pub fn body<T>(mut self, read: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<(T, String)> {
        let io = |e: io::Error| Error::io(&self.path, &e);
        let mut body = (&mut self.input).take(self.header.body_bytes);
        let out = read(&mut body);
        let left = io::copy(&mut body, &mut io::sink()).map_err(io)?;
        let own = self.input.digest();
        if own != self.stated {
            let detail = "damaged: its SHA-256 is not the one at its end";
            return Err(Error::parse("", detail).in_file(&self.path));
        }
        let out = out.map_err(|e| e.in_file(&self.path))?;
        if left > 0 {
            let detail = format!("{left} bytes too many");
            return Err(Error::parse("", detail).in_file(&self.path));
        }
        Ok((out, hexadecimal(&own)))
    }

    /// Reads the body as bytes, and what is made of them; the file's SHA-256 beside it.
    ///
    /// # Errors
    /// As [`Self::body`].
    pub fn bytes<T>(self, make: impl FnOnce(&[u8]) -> Result<T>) -> Result<(T, String)> {
        let path = self.path.clone();
        self.body(|input| {
            let mut bytes = Vec::new();
            (input.read_to_end(&mut bytes)).map_err(|e| Error::io(&path, &e))?;
            make(&bytes)
        })
    }
}

/// Reads a secret key.
///
/// # Errors
/// A file that is damaged, or of other parameters or another program.
pub fn secret_key(path: &Path, binding: &Binding, ring: &Arc<Ring>) -> Result<SecretKey> {
    let opened = Opened::new(path, Content::SecretKey.words(), binding)?;
    let (secret, _) = opened.bytes(|b| SecretKey::from_bytes(ring, b))?;
    Ok(secret)
}

/// The first digits of a digest or name, for messages.
#[must_use]
pub fn short(hex: &str) -> &str {
    hex.get(..16).unwrap_or(hex)
}

/// A stream that is hashed and counted.
#[derive(Debug)]
struct Hashing<S> {
    stream: S,
    hasher: Sha256,
    bytes: u64,
}

impl<S> Hashing<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// Of all so far.
    fn digest(&self) -> [u8; DIGEST as usize] {
        self.hasher.clone().finalize().into()
    }
}

impl<S: Read> Read for Hashing<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.stream.read(into)?;
        self.take_in(&into[..n]);
        Ok(n)
    }
}

impl<S: Write> Write for Hashing<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.stream.write(bytes)?;
        self.take_in(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> Binding {
        Binding {
            parameters: "aa".repeat(32),
            program: "bb".repeat(32),
        }
    }

    /// Every byte counts, and every length but the right one is refused; what differs is said.
    #[test]
    fn what_is_damaged_or_of_another_run_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let content = Content::Input { sample: 7 };
        let words = content.words();
        let header = Header::new(&binding(), "cc", content, 5);
        let sha256 = header.write(&path, b"hello").unwrap();
        let read = |binding: &Binding, wanted: &str| {
            let opened = Opened::new(&path, wanted, binding)?;
            let header = opened.header.clone();
            Ok((header, opened.bytes(|b| Ok(b.to_vec()))?))
        };
        let (again, body) = read(&binding(), words).unwrap();
        assert_eq!((again, body), (header, (b"hello".to_vec(), sha256)));

        let good = std::fs::read(&path).unwrap();
        let refused = |binding: &Binding, wanted: &str| {
            let e: Error = read(binding, wanted).unwrap_err();
            e.to_string()
        };
        assert!(refused(&binding(), "a secret key")
            .contains("this is an encrypted input, where a secret key is due"));
        let mut other = binding();
        other.program = "bc".repeat(32);
        assert!(refused(&other, words).contains("made for the program bbbbbbbbbbbbbbbb, not bcbc"));
        other.parameters = "ab".repeat(32);
        assert!(refused(&other, words).contains("made under the encryption parameters aaaa"));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bad).unwrap();
            let said = refused(&binding(), words);
            let part = ["damaged", "no file of", "cut"];
            assert!(part.iter().any(|p| said.contains(p)), "{at}: {said}");
        }
        for length in 0..good.len() {
            std::fs::write(&path, &good[..length]).unwrap();
            let said = refused(&binding(), words);
            let part = ["cut", "no file of"];
            assert!(part.iter().any(|p| said.contains(p)), "{length}: {said}");
        }
        std::fs::write(&path, [&good[..], b"!"].concat()).unwrap();
        assert!(refused(&binding(), words).contains("too long"));
        let short = Header::new(&binding(), "cc", Content::SecretKey, 4);
        let made = short.prepare(&path, Rights::Private, |out| {
            out.write_all(b"hello")
                .map_err(|e| Error::io(Path::new("x"), &e))
        });
        assert!(made.is_err());
    }
}
