//! `polycert catalogue`: every table of a folder against what is claimed of it.

use crate::cli::terminal::{guard, note, output, quoted};
use crate::error::Result;
use crate::files::{replaced_in, same_folder};
use crate::function::target::Function;
use crate::jobs::catalogue::{catalogue, Request};
use crate::report::Exporter;
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
    format: Form,
    /// Also write every certificate to DIR/NAME.cert.json (DIR may be the folder of the tables: what is there already and
    /// answers the question stays as it is, another certificate is not replaced).
    #[arg(long, value_name = "DIR")]
    certificates: Option<PathBuf>,
    /// File to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// The form of a catalogue.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Form {
    /// Markdown tables.
    Markdown,
    /// One line a table, quoted as RFC 4180 has it.
    Csv,
    /// One object, every number as exact text.
    Json,
    /// One self-contained page without script.
    Html,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    // Where the certificates are kept beside the tables, the job replaces none by another.
    let beside = a
        .certificates
        .as_ref()
        .is_some_and(|c| same_folder(c, &a.folder));
    let read = |name: &str| name.ends_with(".json") && !(beside && name.ends_with(".cert.json"));
    let inputs = replaced_in(&a.folder, read);
    let folder = a.certificates.iter();
    let replaced: Vec<PathBuf> = folder
        .flat_map(|folder| replaced_in(folder, |name| name.ends_with(".cert.json")))
        .collect();
    guard(
        replaced.iter().map(Some).chain([a.output.as_ref()]),
        inputs.iter().map(Some).chain([a.claims.as_ref()]),
    )?;
    let request = Request {
        folder: a.folder.clone(),
        target: a.target,
        claim_from_alpha: a.claim_from_alpha,
        claims: a.claims.clone(),
        certificates: a.certificates.clone(),
        command: command(a),
    };
    let made = catalogue(&request, &mut |file, error| {
        let named = error.clone().in_file(Path::new(file));
        note(&format!("polycert: {named}"));
    })?;
    let exporter = match a.format {
        Form::Markdown => Exporter::Markdown,
        Form::Csv => Exporter::Csv,
        Form::Json => Exporter::Json,
        Form::Html => Exporter::Html,
    };
    output(a.output.as_ref(), &exporter.export(&made))?;
    note(&made.summary());
    Ok(ExitCode::from(made.exit_code()))
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
