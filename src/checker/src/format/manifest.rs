//! The reader of a manifest: which certificates there must be, and what each must prove.

use crate::core::fault::{Checked, Fault};
use crate::format::json::{each, parse, Tree};
use crate::format::numbers::parse_count;
use crate::format::path::printable;
use crate::format::requirement::Requirement;
use crate::format::table::constant;

/// The format tag.
pub(crate) const FORMAT: &str = "polycert-manifest/1";
/// Certificates of a manifest, at most.
const MAX_ENTRIES: usize = 4096;
/// Requirements of one certificate, at most.
const MAX_REQUIRED: usize = 16;
/// Bytes of a file's name, at most.
pub(crate) const MAX_NAME: usize = 200;

/// A list of certificates.
#[derive(Debug)]
pub struct Manifest {
    /// One entry a file.
    pub entries: Vec<Entry>,
}

/// One certificate of a manifest.
#[derive(Debug)]
pub struct Entry {
    /// Its name in the manifest's folder.
    pub file: String,
    /// The SHA-256 of the file's bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// What it must be about.
    pub subject: Subject,
}

/// What a certificate of a manifest must be about.
#[derive(Debug)]
pub enum Subject {
    /// A table, and what must be proved of it.
    Table {
        /// The table's digest.
        table_sha256: String,
        /// At least one.
        required: Vec<Requirement>,
    },
    /// A network and an input, which stand beside the certificate, and the class of the answer.
    Network {
        /// The digest of the exact network.
        network_sha256: String,
        /// The digest of the exact input.
        input_sha256: String,
        /// The class.
        class: u64,
    },
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Which field is not as the format asks for.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        read(bytes).map_err(|fault| match fault {
            Fault::Unreadable { path, detail } if path.is_empty() => detail,
            Fault::Unreadable { path, detail } => format!("{path}: {detail}"),
            Fault::Rejected { detail, .. } => detail,
        })
    }
}

fn read(bytes: &[u8]) -> Checked<Manifest> {
    let mut fields = parse(bytes)?.object()?;
    fields.take("format", |t| constant(&t, FORMAT))?;
    let entries = fields.take("certificates", |t| each(t.list_of(1, MAX_ENTRIES)?, entry))?;
    fields.finish()?;
    let mut names: Vec<&str> = entries.iter().map(|e| e.file.as_str()).collect();
    names.sort_unstable();
    if let Some([name, _]) = names
        .windows(2)
        .find(|pair| matches!(pair, [a, b] if a == b))
    {
        let text = format!("the file {} occurs twice", printable(name));
        return Err(Fault::unreadable(text).at("certificates"));
    }
    Ok(Manifest { entries })
}

fn entry(tree: Tree) -> Checked<Entry> {
    let mut fields = tree.object()?;
    let file = fields.take("file", name)?;
    let sha256 = fields.take("sha256", digest)?;
    let subject = match fields.take_maybe("network_sha256", digest)? {
        Some(network_sha256) => Subject::Network {
            network_sha256,
            input_sha256: fields.take("input_sha256", digest)?,
            class: fields.take("class", |t| parse_count(t.text()?, 0, 4095))?,
        },
        None => Subject::Table {
            table_sha256: fields.take("table_sha256", digest)?,
            required: fields.take("require", |t| {
                each(t.list_of(1, MAX_REQUIRED)?, |t| {
                    Requirement::parse(t.text()?).map_err(Fault::unreadable)
                })
            })?,
        },
    };
    fields.finish()?;
    Ok(Entry {
        file,
        sha256,
        subject,
    })
}

/// Whether a text is the name of a file or a folder in the one at hand, on any system.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+=@ ".contains(c);
    !text.is_empty() && !text.starts_with('.') && text.chars().all(plain)
}

/// A name in the folder itself: no way out of it, and nothing that another system reads as one.
fn name(tree: Tree) -> Checked<String> {
    let text = tree.text()?;
    if text.len() > MAX_NAME || !is_plain(text) {
        return Err(Fault::unreadable(format!(
            "a name of at most {MAX_NAME} letters, digits and ._-+=@, none of them `/`, not beginning with a dot"
        )));
    }
    Ok(text.to_owned())
}

pub(crate) fn digest(tree: Tree) -> Checked<String> {
    let text = tree.text()?;
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    match text.len() == 64 && text.bytes().all(lower) {
        true => Ok(text.to_owned()),
        false => Err(Fault::unreadable("not 64 lower-case hexadecimal digits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_format_says() {
        let hex = "0".repeat(64);
        let good = format!(
            "{{\"format\":\"polycert-manifest/1\",\"certificates\":[{{\"file\":\"a.cert.json\",\"sha256\":\"{hex}\",\
             \"table_sha256\":\"{hex}\",\"require\":[\"relu<=1\"]}},{{\"file\":\"n.json\",\"sha256\":\"{hex}\",\
             \"network_sha256\":\"{hex}\",\"input_sha256\":\"{hex}\",\"class\":\"3\"}}]}}"
        );
        assert_eq!(Manifest::parse(good.as_bytes()).unwrap().entries.len(), 2);
        for (from, to, message) in [
            ("manifest/1", "manifest/2", "format: "),
            (
                "a.cert.json",
                "../a.cert.json",
                "certificates[0].file: a name",
            ),
            ("a.cert.json", "a/b.json", "certificates[0].file: a name"),
            ("a.cert.json", "a\\\\b", "certificates[0].file: a name"),
            ("a.cert.json", "", "certificates[0].file: a name"),
            ("a.cert.json", ".a", "certificates[0].file: a name"),
            ("a.cert.json", "n.json", "n.json occurs twice"),
            (
                "\"sha256\":\"0",
                "\"sha256\":\"A",
                "certificates[0].sha256: not 64",
            ),
            (
                "\"table_sha256\":\"0",
                "\"table_sha256\":\"",
                "certificates[0].table_sha256: not 64",
            ),
            ("[\"relu<=1\"]", "[]", "certificates[0].require: 0 entries"),
            ("relu<=1", "relu<1", "certificates[0].require[0]: `relu<1`"),
            (
                "\"class\":\"3\"",
                "\"class\":\"-3\"",
                "certificates[1].class: ",
            ),
            (
                "\"class\":\"3\"",
                "\"class\":\"3\",\"require\":[\"relu<=1\"]",
                "certificates[1].require: the field is unknown",
            ),
            (
                ",\"require\":[\"relu<=1\"]",
                "",
                "certificates[0].require: the field is missing",
            ),
            (
                ",\"class\":\"3\"",
                "",
                "certificates[1].class: the field is missing",
            ),
        ] {
            let changed = good.replacen(from, to, 1);
            assert_ne!(changed, good, "{from}");
            let error = Manifest::parse(changed.as_bytes()).unwrap_err();
            assert!(error.contains(message), "{message}: {error}");
        }
    }
}
