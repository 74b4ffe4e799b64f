//! Catalogue: every table of a folder against what is claimed of it.

pub use crate::report::catalogue::Catalogue;

use crate::certificate::checked::Checked;
use crate::certify::proof::Request as Asked;
use crate::error::{Error, ErrorKind, Result};
use crate::files::{read_bytes, read_text, same_folder, sha256, write_atomically};
use crate::function::target::Function;
use crate::interchange::claims::{self, Stated};
use crate::interchange::published::{import, Settings};
use crate::jobs::certify::{certified, own_domain, usual};
use crate::poly::table::Table;
use crate::poly::table::{FORMAT, MAX_BYTES};
use crate::report::catalogue::{Entry, Origin, Row};
use rug::Rational;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A folder of tables, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Request {
    /// Every *.json file in it that is a table.
    pub folder: PathBuf,
    /// A function; each table's own if none, of published tables ReLU.
    pub target: Option<Function>,
    /// Take 2^-alpha as the claim of published tables that say so.
    pub claim_from_alpha: bool,
    /// File of claims by table.
    pub claims: Option<PathBuf>,
    /// Also write every certificate to this folder as NAME.cert.json.
    pub certificates: Option<PathBuf>,
    /// What made it, to be named in the catalogue.
    pub command: String,
}

impl Request {
    /// The folder's tables with their own functions and claims; nothing is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            target: None,
            claim_from_alpha: false,
            claims: None,
            certificates: None,
            command: String::new(),
        }
    }
}

/// Certifies every table of a folder and compares what is proved with what is claimed.
///
/// Where NAME.cert.json stands beside NAME.json it is verified and the row is read from it, unless another
/// function or claim is asked for; else a certificate is made. `failed` is told of files that fail, by name;
/// they become rows with their error.
///
/// **Guarantee** the independent checker verified the certificate of every row.
///
/// # Errors
/// A folder without tables, or that cannot be read; a claim about no table; certificates that cannot be written.
///
/// ```
/// use polycert::jobs::catalogue::{catalogue, Request};
///
/// let folder = tempfile::tempdir().unwrap();
/// let from = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu04.json");
/// std::fs::copy(from, folder.path().join("relu04.json")).unwrap();
/// let made = catalogue(&Request::new(folder.path()), &mut |_, _| ())?;
/// assert_eq!((made.rows().count(), made.failures().count()), (1, 0));
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn catalogue(request: &Request, failed: &mut dyn FnMut(&str, &Error)) -> Result<Catalogue> {
    let files = files(&request.folder)?;
    let (stated, inputs) = stated(request, &files)?;
    if let Some(folder) = &request.certificates {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    }
    let mut catalogue = Catalogue {
        command: request.command.clone(),
        inputs,
        entries: Vec::new(),
        skipped: Vec::new(),
    };
    for file in files {
        // Errors inside the catalogue name the file alone: the same tables elsewhere give the same bytes.
        let stem = file.strip_suffix(".json").unwrap_or(&file);
        let stated = stated.get(stem).cloned().unwrap_or_default();
        let entry = match read(request, &file, stem, stated) {
            Ok(None) => {
                catalogue.skipped.push(file);
                continue;
            }
            Ok(Some((row, checked))) => {
                if let Some(folder) = &request.certificates {
                    keep(
                        request,
                        &folder.join(certificate_name(stem)),
                        checked.text(),
                    )?;
                }
                Entry::Row(Box::new(row))
            }
            Err(error) => {
                failed(&file, &error);
                let error = error.to_string();
                Entry::Failed { file, error }
            }
        };
        catalogue.entries.push(entry);
    }
    if catalogue.entries.is_empty() {
        return Err(Error::domain("no table (*.json) in this folder").in_file(&request.folder));
    }
    Ok(catalogue)
}

/// Writes a certificate; beside the tables only where that replaces no other one.
fn keep(request: &Request, path: &Path, text: &str) -> Result<()> {
    let there = std::fs::read(path).ok();
    if there.as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    if there.is_some()
        && path
            .parent()
            .is_some_and(|folder| same_folder(folder, &request.folder))
    {
        return Err(Error::domain(
            "stands beside its table and would be replaced by a certificate of another function or claim: name another \
             folder with --certificates, or move it away",
        )
        .in_file(path));
    }
    write_atomically(path, text)
}

fn certificate_name(stem: &str) -> String {
    format!("{stem}.cert.json")
}

/// The JSON files of the folder but for certificates, by name.
fn files(folder: &Path) -> Result<Vec<String>> {
    let fail = |e: std::io::Error| Error::io(folder, &e);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.ends_with(".json") && !name.ends_with(".cert.json") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Claims by table, and the file that they are in with its digest.
type Claims = (BTreeMap<String, Stated>, Vec<(String, String)>);

/// The file of claims with its digest; a claim about no table is a slip that must not pass in silence.
fn stated(request: &Request, files: &[String]) -> Result<Claims> {
    let Some(path) = &request.claims else {
        return Ok(Claims::default());
    };
    let text = read_text(path, MAX_BYTES)?;
    let stated = claims::read(&text).map_err(|e| e.in_file(path))?;
    let known = |name: &&String| !files.iter().any(|f| f.strip_suffix(".json") == Some(name));
    if let Some(name) = stated.keys().find(known) {
        let detail = format!("a claim about {name:?}, but the folder has no {name}.json");
        return Err(Error::domain(detail).in_file(path));
    }
    let digest = sha256(text.as_bytes());
    Ok((stated, vec![(path.display().to_string(), digest)]))
}

/// What is asked about a table, and where that is stated.
struct Question {
    function: Option<Function>,
    claim: Option<(Rational, &'static str)>,
    eps: Option<Rational>,
}

/// One file: `None` if it is JSON, but no table.
fn read(
    request: &Request,
    file: &str,
    stem: &str,
    stated: Stated,
) -> Result<Option<(Row, Checked)>> {
    let path = request.folder.join(file);
    if std::fs::metadata(&path).is_ok_and(|m| !m.is_file()) {
        return Err(Error::unsupported("not a regular file"));
    }
    let text = read_text(&path, MAX_BYTES).map_err(nameless)?;
    let Some(own) = function_of(&text) else {
        return Ok(None);
    };
    let wanted = stated.target.or(request.target);
    let settings = Settings {
        name: stem.to_owned(),
        target: wanted.unwrap_or(Function::Relu),
        basis: None,
        hi: Rational::from(1),
        eps: None,
        smooth: None,
    };
    let table = if own {
        Table::from_json(&text)?
    } else {
        import(&text, &settings)?
    };
    let function = wanted.unwrap_or(table.target);
    let provenance = || claims::from_provenance(&table).filter(|_| function == table.target);
    let alpha = || {
        let wanted = request.claim_from_alpha && function == Function::Relu;
        wanted.then(|| claims::from_alpha(&table)).flatten()
    };
    let asked = Question {
        // A published table has no function of its own that a certificate could contradict.
        function: wanted.or(own.then_some(table.target)),
        claim: (stated.bound.map(|b| (b, "the file of claims")))
            .or_else(|| provenance().map(|b| (b, "the table's provenance")))
            .or_else(|| alpha().map(|b| (b, "the table's alpha"))),
        eps: stated.eps,
    };
    if let Some(found) = beside(request, file, stem, &table, &asked)? {
        return Ok(Some(found));
    }
    made(file, &table, function, asked).map(Some)
}

/// Whether the text is a table: `Some(true)` in our own format, `Some(false)` a published one. What
/// cannot be told is left to the reader of tables, which says what is wrong with it.
fn function_of(text: &str) -> Option<bool> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Some(false);
    };
    let family = FORMAT.split('/').next().unwrap_or(FORMAT);
    match value["format"].as_str().and_then(|f| f.split('/').next()) {
        Some(tag) if tag == family => Some(true),
        Some("polycert-certificate") => None,
        _ => value.get("components").map(|_| false),
    }
}

/// The row from the certificate beside the table, if that answers what is asked.
fn beside(
    request: &Request,
    file: &str,
    stem: &str,
    table: &Table,
    asked: &Question,
) -> Result<Option<(Row, Checked)>> {
    let name = certificate_name(stem);
    let path = request.folder.join(&name);
    if !path.is_file() || asked.eps.is_some() {
        return Ok(None);
    }
    let bytes = read_bytes(&path, crate::certificate::MAX_BYTES).map_err(nameless)?;
    let text =
        String::from_utf8(bytes).map_err(|_| Error::parse(name.clone(), "not UTF-8 text"))?;
    let checked = Checked::new(text, &table.sha256()).map_err(|e| match e.kind {
        ErrorKind::SelfCheck(words) => Error::parse(name.clone(), words),
        _ => e.within(&name),
    })?;
    let source = asked.claim.as_ref().map_or("its certificate", |(_, s)| *s);
    let row = Row::new(file, &checked, Origin::Beside, source).map_err(|e| e.within(&name))?;
    let same_function = asked.function.is_none_or(|f| f.name() == row.target);
    let same_claim = match (&asked.claim, &row.claim) {
        (None, _) => true,
        // A claim stated without further words is about [-1, 1] and the table's own coefficients.
        (Some((bound, _)), Some(c)) => c.bound == *bound && row.is_plain(),
        (Some(_), None) => false,
    };
    Ok((same_function && same_claim).then_some((row, checked)))
}

/// The row from a certificate made now.
fn made(file: &str, table: &Table, function: Function, asked: Question) -> Result<(Row, Checked)> {
    let (claim, source) = asked.claim.unzip();
    let request = Asked {
        claim,
        eps: asked.eps,
        to: own_domain(table, function, &Rational::from(1))?,
        ..Asked::new(usual(table, function))
    };
    let text = certified(table, &request)?.certificate;
    let checked = Checked::new(text, &table.sha256())?;
    let row = Row::new(file, &checked, Origin::Made, source.unwrap_or(""))?;
    Ok((row, checked))
}

/// The same error without its path, which the row names already.
fn nameless(mut e: Error) -> Error {
    e.path = None;
    e
}
