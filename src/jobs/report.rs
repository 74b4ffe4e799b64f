//! Report: certificates, or an audit, as a page for people.

pub use crate::report::pages::document::{Document, Origin};

use crate::approx::search::cost::MAX_DEGREE;
use crate::certificate::checked::Checked;
use crate::certificate::kind::Kind;
use crate::certificate::MAX_BYTES;
use crate::certificate::{inference, plan};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{read_text, sha256};
use crate::poly::cost::{composite_depth, composite_mults};
use crate::report::audit::page;
use crate::report::audit::{self, Audit};
use crate::report::figures::error_figures::Detail;
use crate::report::inference::page as inference_page;
use crate::report::inference::Encrypted;
use crate::report::pages::document::document;
use crate::report::pages::dossier::Dossier;
use crate::report::pages::front::Cost;
use crate::report::plan::page as plan_page;
use crate::report::plan::Plan;
use std::path::{Path, PathBuf};

/// Most certificates of one page.
const MAX_CERTIFICATES: usize = 64;
/// The manifest in a plan's folder, and the program in that of an encrypted network.
const PLAN: &str = "plan.json";
const PROGRAM: &str = "program.json";
/// The schema of what a run tells.
const RUN: &str = "\"polycert-network-encrypted/";
/// Longest exact network or input.
const MAX_EXACT: usize = 1 << 28;

/// What a page is made of.
#[derive(Debug, Clone)]
pub struct Request {
    /// Certificates, at most 64; or one audit; or one plan or one encrypted network, its folder or its manifest or program.
    pub files: Vec<PathBuf>,
    /// The command, and the files as a shell takes them, to be named on the page.
    pub origin: Origin,
}

/// The page, or why there is none.
#[derive(Debug)]
pub enum Answer {
    /// The page with its data.
    Page(Document),
    /// Certificates that do not verify: every one of them, by the order of the files.
    Refused(Vec<Refusal>),
}

/// A certificate that does not verify.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What is wrong, naming the file.
    pub error: Error,
    /// Whether the checker rejected it; else it could not be read.
    pub rejected: bool,
}

/// Makes a page: statement, plots, digests, and how to check it again; several certificates are compared.
///
/// **Guarantee** the independent checker verified every certificate first. Of an audit the page shows what the
/// file states.
///
/// # Errors
/// Too many certificates, an audit that makes no sense, numbers that this program does not read.
///
/// ```
/// use polycert::jobs::report::{report, Answer, Origin, Request};
///
/// let path = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu04.cert.json");
/// let quoted = vec![path.to_owned()];
/// let origin = Origin { command: "an example".to_owned(), quoted };
/// let Answer::Page(page) = report(&Request { files: vec![path.into()], origin }, &mut |_| ())? else { panic!() };
/// assert!(page.html.contains("PROVED"));
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn report(request: &Request, progress: &mut dyn FnMut(&str)) -> Result<Answer> {
    let n = request.files.len();
    if n > MAX_CERTIFICATES {
        let detail = format!("{n} certificates; a page holds {MAX_CERTIFICATES} at most");
        return Err(Error::unsupported(detail));
    }
    if let [path] = request.files.as_slice() {
        if let Some(manifest) = plan_of(path) {
            return of_plan(&manifest, request, progress);
        }
        if let Some(program) = program_of(path) {
            return of_program(&program, request, progress);
        }
        let text = read_text(path, audit::MAX_BYTES)?;
        if audit::read::is_meant(&text) {
            let read = Audit::read(&text).map_err(|e| e.in_file(path))?;
            return Ok(Answer::Page(page::document(&read, &request.origin)));
        }
    }
    for path in &request.files {
        refuse_other(path)?;
    }
    let mut verified = Vec::with_capacity(n);
    let mut refused = Vec::new();
    for path in &request.files {
        // The other files are checked all the same, so that one run names all that fail.
        match verify(path) {
            Ok(checked) => verified.push((path, checked)),
            Err(refusal) => refused.push(refusal),
        }
    }
    if !refused.is_empty() {
        return Ok(Answer::Refused(refused));
    }
    let detail = if n == 1 { Detail::Full } else { Detail::Brief };
    let mut dossiers = Vec::with_capacity(n);
    for (i, (path, checked)) in verified.into_iter().enumerate() {
        let cost = cost(&checked);
        let prefix = format!("c{}", i + 1);
        let file = path.display().to_string();
        let dossier = Dossier::new(&file, checked, cost, &prefix, detail);
        dossiers.push(dossier.map_err(|e| e.in_file(path))?);
    }
    Ok(Answer::Page(document(&dossiers, &request.origin)))
}

/// The manifest of a plan, where the path is one or its folder.
fn plan_of(path: &Path) -> Option<PathBuf> {
    let manifest = match path.is_dir() {
        true => path.join(PLAN),
        false => path.to_owned(),
    };
    let text = read_text(&manifest, MAX_BYTES).ok()?;
    (Kind::of(text.as_bytes()) == Some(Kind::Plan)).then_some(manifest)
}

/// The program of an encrypted network, where the path is one or its folder.
fn program_of(path: &Path) -> Option<PathBuf> {
    let program = match path.is_dir() {
        true => path.join(PROGRAM),
        false => path.to_owned(),
    };
    let text = read_text(&program, MAX_BYTES).ok()?;
    (Kind::of(text.as_bytes()) == Some(Kind::Program)).then_some(program)
}

/// The page of an encrypted network, after the checker verified its program and every inference beside it.
fn of_program(path: &Path, request: &Request, progress: &mut dyn FnMut(&str)) -> Result<Answer> {
    let beside = |end: &str| PathBuf::from(format!("{}.{end}", path.display()));
    let refused = |path: &Path, e: Error| match e.kind {
        ErrorKind::SelfCheck(words) => Ok(Answer::Refused(vec![Refusal {
            error: Error::parse("", words).in_file(path),
            rejected: true,
        }])),
        _ => Err(e.in_file(path)),
    };
    let program = read_text(path, MAX_BYTES)?;
    let network = read_text(&beside("network"), MAX_EXACT)?;
    progress("the program");
    let mut read = match inference::program_said(&program, &network) {
        Ok(said) => Encrypted::read(&program, said, sha256(program.as_bytes()))
            .map_err(|e| e.in_file(path))?,
        Err(e) => return refused(path, e),
    };
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, &e))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "json"))
    {
        let Ok(text) = read_text(file, audit::MAX_BYTES) else {
            continue;
        };
        let name = file
            .file_name()
            .map_or(String::new(), |n| n.to_string_lossy().into_owned());
        if Kind::of(text.as_bytes()) == Some(Kind::Inference) {
            let input = PathBuf::from(format!("{}.input", file.display()));
            let input = read_text(&input, MAX_EXACT)?;
            let told = &mut |layer: usize, layers: usize| {
                progress(&format!("{name}: {layer} of {layers} activations"))
            };
            match inference::inference_said(&text, &program, (&network, &input), told) {
                Ok(said) => read.add(name, &text, said).map_err(|e| e.in_file(file))?,
                Err(e) => return refused(file, e),
            }
        } else if text.contains(RUN) && read.took.is_empty() {
            read.took(&text).map_err(|e| e.in_file(file))?;
        }
    }
    Ok(Answer::Page(inference_page::document(
        &read,
        &request.origin,
    )))
}

/// The page of a plan, after the checker verified it with its folder.
fn of_plan(manifest: &Path, request: &Request, progress: &mut dyn FnMut(&str)) -> Result<Answer> {
    let text = read_text(manifest, MAX_BYTES)?;
    let folder = manifest.parent().unwrap_or(Path::new(""));
    match plan::checked(&text, folder, progress) {
        Ok(said) => {
            let read = Plan::read(&text, said, sha256(text.as_bytes()));
            let read = read.map_err(|e| e.in_file(manifest))?;
            let document = plan_page::document(&read, &request.origin);
            Ok(Answer::Page(document))
        }
        Err(e) => match e.kind {
            ErrorKind::SelfCheck(words) => Ok(Answer::Refused(vec![Refusal {
                error: Error::parse("", words).in_file(manifest),
                rejected: true,
            }])),
            _ => Err(e.in_file(manifest)),
        },
    }
}

/// Refuses what a page is not made of, naming the command that takes it.
fn refuse_other(path: &Path) -> Result<()> {
    match read_text(path, audit::MAX_BYTES).map(|text| Kind::of(text.as_bytes())) {
        Ok(Some(Kind::Audit)) => {
            let detail = "is an audit: a page is made of it alone";
            Err(Error::domain(detail).in_file(path))
        }
        Ok(Some(kind)) if kind != Kind::Certificate => Err(Error::domain(format!(
            "{}; pages are made of certificates of tables, of one audit, of one plan or of one encrypted network",
            kind.words()
        ))
        .in_file(path)),
        // What cannot be read is named with the others below.
        _ => Ok(()),
    }
}

/// The certificate, or the reason.
fn verify(path: &Path) -> std::result::Result<Checked, Refusal> {
    let refusal = |error, rejected| Refusal { error, rejected };
    let text = read_text(path, MAX_BYTES).map_err(|e| refusal(e, false))?;
    Checked::alone(text).map_err(|e| match e.kind {
        ErrorKind::SelfCheck(words) => {
            let rejected = words.starts_with("REJECTED");
            refusal(Error::parse("", words).in_file(path), rejected)
        }
        _ => refusal(e.in_file(path), false),
    })
}

/// By the model of odd stages; none for other stages, and for a tournament.
fn cost(checked: &Checked) -> Option<Cost> {
    let product = match checked.document().target().ok()?.function.as_str() {
        "sign" | "step" => false,
        "relu" | "leaky_relu" | "max" | "abs" => true,
        _ => return None,
    };
    let components = checked.report().components();
    let degrees: Vec<usize> = components
        .iter()
        .map(|c| c.len().saturating_sub(1))
        .collect();
    let modelled = |d: &usize| d % 2 == 1 && (3..=MAX_DEGREE).contains(d);
    let odd = checked
        .document()
        .branches
        .first()
        .is_some_and(|b| b.side == "both");
    (odd && degrees.iter().all(modelled)).then(|| Cost {
        estimate_depth: composite_depth(&degrees, product),
        estimate_mults: composite_mults(&degrees, product),
    })
}
