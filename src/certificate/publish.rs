//! Publishing: the independent checker first, then an atomic write.

use crate::certificate::rule::Rule;
use crate::certificate::schema::Document;
use crate::error::{Error, ErrorKind, Result};
use polycert_checker::{check, Outcome, Report};
use std::io::Write as _;
use std::path::Path;

/// The document as it is published: compact JSON, one claim or stage a line, a final newline.
pub fn text(document: &Document) -> String {
    json(document)
}

/// Any document as JSON with a final newline.
pub(in crate::certificate) fn json<T: serde::Serialize>(document: &T) -> String {
    let mut json = serde_json::to_string_pretty(document).unwrap_or_default();
    json.push('\n');
    json
}

/// Has the independent checker verify a document; a certificate is worth nothing otherwise.
///
/// Returns the verified text. The checker computes in fixed point, the producer in floats: where
/// stages are badly scaled it needs more fractional bits, so a rejected document is tried again
/// with twice as many, up to the format's limit.
///
/// # Errors
/// [`ErrorKind::SelfCheck`] with the checker's words.
pub fn checked(mut document: Document) -> Result<(String, Report)> {
    loop {
        let text = text(&document);
        match check(text.as_bytes()) {
            Outcome::Verified(report) => return Ok((text, report)),
            other if more_bits_may_help(&other) && document.raise_precision() => {}
            other => return Err(ErrorKind::SelfCheck(other.to_string()).into()),
        }
    }
}

/// Whether a refused draft is worth another check with more fractional bits.
pub(in crate::certificate) fn more_bits_may_help(outcome: &Outcome) -> bool {
    Rule::of(outcome).is_some_and(|rule| rule != Rule::Limit)
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
    let folder = target
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".polycert-")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(|e| fail(&plain(&e)))?;
    file.write_all(text.as_bytes()).map_err(|e| fail(&e))?;
    file.as_file().sync_all().map_err(|e| fail(&e))?;
    // A temporary file is private; a published one has the usual rights.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let rights = std::fs::Permissions::from_mode(0o644);
        file.as_file()
            .set_permissions(rights)
            .map_err(|e| fail(&e))?;
    }
    file.persist(&target).map_err(|e| fail(&e.error))?;
    Ok(())
}

/// The system's own error, without the temporary file's name.
fn plain(e: &std::io::Error) -> std::io::Error {
    let inner = e.get_ref().and_then(|wrapper| wrapper.source());
    inner
        .and_then(|e| e.downcast_ref::<std::io::Error>())
        .and_then(std::io::Error::raw_os_error)
        .map_or_else(|| e.kind().into(), std::io::Error::from_raw_os_error)
}
