//! `polycert catalogue`: every table of a folder against what is claimed of it.

use crate::certificate::checked::Checked;
use crate::certificate::composite::document;
use crate::certificate::publish;
use crate::certify::proof::{prove, Request};
use crate::cli::{note, output, quoted};
use crate::error::{Error, ErrorKind, Result};
use crate::files::sha256;
use crate::files::{read_bytes, read_text};
use crate::function::target::{Function, Target};
use crate::interchange::published::{import, Settings};
use crate::poly::claims::{self, Stated};
use crate::poly::table::Table;
use crate::poly::table::{FORMAT, MAX_BYTES};
use crate::report::catalogue::{Catalogue, Entry, Origin, Row};
use crate::report::Exporter;
use rug::Rational;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Certify every table of a folder and compare what is proved with what is claimed.
///
/// Reads every *.json file of DIR that is a table: polycert-table/1, or the published form with
/// `components`. Other JSON objects are named and left out; a file that cannot be read becomes a row
/// with its error, and the run goes on.
///
/// The claim of NAME.json is the first of these: the entry NAME of --claims; a provenance entry
/// `claim` that is a number and nothing else; with --claim-from-alpha 2^-alpha for relu, where the
/// entry `claim` says "ReLU(x)| <= 2^-ALPHA" in these words; the claim in NAME.cert.json.
///
/// Where NAME.cert.json stands beside NAME.json it is verified and the row is read from it, unless
/// another function or claim is asked for; else a certificate is made. The independent checker
/// verifies the certificate of every row.
#[derive(clap::Args)]
#[command(
    after_help = "A file of claims: {\"NAME\": {\"target\": \"sign\", \"bound\": \"2^-20\", \
    \"eps\": \"2^-10\"}, ...}; each field may be left out.\n\
    Exit code: 0 all claims proved, 1 a claim refuted or undecided, 2 a file could not be read or certified."
)]
pub struct Arguments {
    /// Folder of tables.
    folder: PathBuf,
    /// A function, as for `polycert certify` (each table's own if left out; of published
    /// tables relu).
    #[arg(long)]
    target: Option<Function>,
    /// Take 2^-alpha as the claim of published tables that say so (see above).
    #[arg(long)]
    claim_from_alpha: bool,
    /// File of claims, by table.
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// Form of the catalogue.
    #[arg(long, value_enum, default_value = "markdown")]
    format: Exporter,
    /// Also write every certificate to DIR/NAME.cert.json.
    #[arg(long, value_name = "DIR")]
    certificates: Option<PathBuf>,
    /// File to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let files = files(&a.folder)?;
    let (stated, inputs) = stated(a, &files)?;
    if let Some(folder) = &a.certificates {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    }
    let mut catalogue = Catalogue {
        command: command(a),
        inputs,
        entries: Vec::new(),
        skipped: Vec::new(),
    };
    for file in files {
        // Errors inside the catalogue name the file alone: the same tables elsewhere give the same bytes.
        let stem = file.strip_suffix(".json").unwrap_or(&file);
        let stated = stated.get(stem).cloned().unwrap_or_default();
        let entry = match read(a, &file, stem, stated) {
            Ok(None) => {
                catalogue.skipped.push(file);
                continue;
            }
            Ok(Some((row, checked))) => {
                if let Some(folder) = &a.certificates {
                    let path = folder.join(certificate_name(stem));
                    crate::files::write_atomically(&path, checked.text())?;
                }
                Entry::Row(Box::new(row))
            }
            Err(error) => {
                note(&format!(
                    "polycert: {}",
                    error.clone().in_file(Path::new(&file))
                ));
                let error = error.to_string();
                Entry::Failed { file, error }
            }
        };
        catalogue.entries.push(entry);
    }
    if catalogue.entries.is_empty() {
        return Err(Error::domain("no table (*.json) in this folder").in_file(&a.folder));
    }
    output(a.output.as_ref(), &a.format.export(&catalogue))?;
    note(&catalogue.summary());
    Ok(ExitCode::from(catalogue.exit_code()))
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

/// The file of claims with its digest; a claim about no table is a slip that must not pass in silence.
#[allow(clippy::type_complexity)]
fn stated(
    a: &Arguments,
    files: &[String],
) -> Result<(BTreeMap<String, Stated>, Vec<(String, String)>)> {
    let Some(path) = &a.claims else {
        return Ok(Default::default());
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
struct Asked {
    function: Option<Function>,
    claim: Option<(Rational, &'static str)>,
    eps: Option<Rational>,
}

/// One file: `None` if it is JSON, but no table.
fn read(a: &Arguments, file: &str, stem: &str, stated: Stated) -> Result<Option<(Row, Checked)>> {
    let path = a.folder.join(file);
    if std::fs::metadata(&path).is_ok_and(|m| !m.is_file()) {
        return Err(Error::unsupported("not a regular file"));
    }
    let text = read_text(&path, MAX_BYTES).map_err(nameless)?;
    let Some(own) = function_of(&text) else {
        return Ok(None);
    };
    let wanted = stated.target.or(a.target);
    let settings = Settings {
        name: stem.to_owned(),
        target: wanted.unwrap_or(Function::Relu),
        basis: None,
        hi: Rational::from(1),
        eps: None,
    };
    let table = if own {
        Table::from_json(&text)?
    } else {
        import(&text, &settings)?
    };
    let function = wanted.unwrap_or(table.target);
    let provenance = || claims::from_provenance(&table).filter(|_| function == table.target);
    let alpha = || {
        let wanted = a.claim_from_alpha && function == Function::Relu;
        wanted.then(|| claims::from_alpha(&table)).flatten()
    };
    let asked = Asked {
        // A published table has no function of its own that a certificate could contradict.
        function: wanted.or(own.then_some(table.target)),
        claim: (stated.bound.map(|b| (b, "the file of claims")))
            .or_else(|| provenance().map(|b| (b, "the table's provenance")))
            .or_else(|| alpha().map(|b| (b, "the table's alpha"))),
        eps: stated.eps,
    };
    if let Some(found) = beside(a, file, stem, &table, &asked)? {
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
    a: &Arguments,
    file: &str,
    stem: &str,
    table: &Table,
    asked: &Asked,
) -> Result<Option<(Row, Checked)>> {
    let name = certificate_name(stem);
    let path = a.folder.join(&name);
    if !path.is_file() || asked.eps.is_some() {
        return Ok(None);
    }
    let bytes = read_bytes(&path, polycert_checker::MAX_BYTES).map_err(nameless)?;
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
fn made(file: &str, table: &Table, function: Function, asked: Asked) -> Result<(Row, Checked)> {
    let (claim, source) = asked.claim.unzip();
    let mut target = Target::new(function);
    if function.has_slope() {
        target.slope = Rational::from((1, 100)); // as `polycert certify` has it
    }
    let request = Request {
        claim,
        eps: asked.eps,
        ..Request::new(target)
    };
    let proof = prove(table, &request)?;
    let (text, _) = publish::checked(document(table, &proof))?;
    let checked = Checked::new(text, &table.sha256())?;
    let row = Row::new(file, &checked, Origin::Made, source.unwrap_or(""))?;
    Ok((row, checked))
}

/// The same error without its path, which the row names already.
fn nameless(mut e: Error) -> Error {
    e.path = None;
    e
}

/// The command with its arguments in one fixed order, to be named in the catalogue.
fn command(a: &Arguments) -> String {
    let path = |p: &PathBuf| p.display().to_string();
    let mut words = vec![
        "polycert".to_owned(),
        "catalogue".to_owned(),
        path(&a.folder),
    ];
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([name.to_owned(), value]);
        }
    };
    option("--target", a.target.map(|t| t.to_string()));
    option("--claims", a.claims.as_ref().map(path));
    let format = clap::ValueEnum::to_possible_value(&a.format);
    option("--format", format.map(|v| v.get_name().to_owned()));
    option("--certificates", a.certificates.as_ref().map(path));
    option("-o", a.output.as_ref().map(path));
    if a.claim_from_alpha {
        words.push("--claim-from-alpha".to_owned());
    }
    let words = words.iter().map(|w| quoted(w));
    words.collect::<Vec<_>>().join(" ")
}
