//! `polycert report`: certificates as a page for people.

use crate::approx::search::cost::MAX_DEGREE;
use crate::certificate::checked::Checked;
use crate::cli::{note, output, quoted};
use crate::error::{Error, ErrorKind, Result};
use crate::files::read_text;
use crate::poly::cost::{composite_depth, composite_mults};
use crate::report::audit::page;
use crate::report::audit::{self, Audit};
use crate::report::figures::error_figures::Detail;
use crate::report::pages::document::{document, Document, Origin};
use crate::report::pages::dossier::Dossier;
use crate::report::pages::front::Cost;
use polycert_checker::MAX_BYTES;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Most certificates of one page.
const MAX_CERTIFICATES: usize = 64;

/// Make a page from certificates, or from an audit: statement, plots, digests, and how to check it again.
///
/// Has the independent checker verify every certificate first; one that is rejected or cannot be read is
/// named with the reason, and no page is written. The page is one HTML file that needs no network and
/// no script. With several certificates it compares them: a table, and cost against proved error.
/// Of an audit (the JSON of `polycert network audit`, alone) it shows what the file states.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code: 0 the page is written (whatever the verdicts on its claims), 1 a certificate \
    is rejected, 2 usage, input or output error."
)]
pub struct Arguments {
    /// Certificate files (NAME.cert.json), at most 64; or one audit.
    #[arg(required = true, value_name = "CERTIFICATE")]
    certificates: Vec<PathBuf>,
    /// HTML file to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Also write the data of every plot to DIR/PLOT.csv (units are in the header).
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let n = a.certificates.len();
    if n > MAX_CERTIFICATES {
        let detail = format!("{n} certificates; a page holds {MAX_CERTIFICATES} at most");
        return Err(Error::unsupported(detail));
    }
    if let [path] = a.certificates.as_slice() {
        let text = read_text(path, audit::MAX_BYTES)?;
        if audit::is_meant(&text) {
            let read = Audit::read(&text).map_err(|e| e.in_file(path))?;
            let quoted = vec![quoted(&path.display().to_string())];
            let origin = Origin {
                command: command(a, &quoted),
                quoted,
            };
            return write(a, &page::document(&read, &origin));
        }
    }
    let mut verified = Vec::with_capacity(n);
    let mut worst = 0;
    for path in &a.certificates {
        // The other files are checked all the same, so that one run names all that fail.
        match verify(path) {
            Ok(checked) => verified.push((path, checked)),
            Err((code, error)) => {
                note(&format!("polycert: {error}"));
                worst = worst.max(code);
            }
        }
    }
    if worst > 0 {
        note("polycert: no page is made of certificates that do not verify");
        return Ok(ExitCode::from(worst));
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
    let words: Vec<String> = a
        .certificates
        .iter()
        .map(|p| quoted(&p.display().to_string()))
        .collect();
    let origin = Origin {
        command: command(a, &words),
        quoted: words,
    };
    write(a, &document(&dossiers, &origin))
}

fn write(a: &Arguments, made: &Document) -> Result<ExitCode> {
    if let Some(folder) = &a.csv {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
        for (name, content) in &made.data {
            output(Some(&folder.join(name)), content)?;
        }
    }
    output(a.output.as_ref(), &made.html)?;
    Ok(ExitCode::SUCCESS)
}

/// The certificate, or the exit code and the reason.
fn verify(path: &Path) -> std::result::Result<Checked, (u8, Error)> {
    let text = read_text(path, MAX_BYTES).map_err(|e| (2, e))?;
    Checked::alone(text).map_err(|e| match e.kind {
        ErrorKind::SelfCheck(words) => {
            let code = if words.starts_with("REJECTED") { 1 } else { 2 };
            (code, Error::parse("", words).in_file(path))
        }
        _ => (2, e.in_file(path)),
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

fn command(a: &Arguments, certificates: &[String]) -> String {
    let mut words = vec!["polycert report".to_owned()];
    words.extend(certificates.iter().cloned());
    for (option, path) in [("--csv", &a.csv), ("-o", &a.output)] {
        if let Some(path) = path {
            words.push(option.to_owned());
            words.push(quoted(&path.display().to_string()));
        }
    }
    words.join(" ")
}
