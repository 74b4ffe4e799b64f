//! What the programs do with paths: one certificate, a folder, a manifest; words or JSON, and the exit code.
//!
//! `polycert-check` and `polycert check` read their own arguments and are the same from here on.

use crate::answer::{on_one_line, quoted, shown, Answer, Found};
use crate::beside::check_beside;
use crate::check::{check_table, kind, sha256, Kind};
use crate::folder::{certificates, certificates_within, read_file};
use crate::format::json::MAX_BYTES;
use crate::format::manifest::{Entry, Manifest, Subject};
use crate::network::report::NetworkOutcome;
use crate::plan::check_plan;
use crate::plan::report::PlanOutcome;
use crate::request::{Request, Streams, PATIENCE};
use crate::words::report::Outcome;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The plan of a folder.
const PLAN: &str = "plan.json";

/// Checks all paths of a request and says what is found of each.
///
/// Returns the exit code: 0 every certificate is VERIFIED, every bound stated in it PROVED, and all that is required is
/// met; 1 one is rejected, its stated bound REFUTED or UNDECIDED, or not what is required; 2 one is unreadable or
/// missing. A stream that is closed does not change it.
pub fn check_paths(request: &Request, streams: &mut Streams<'_>) -> u8 {
    let codes = request
        .paths
        .iter()
        .map(|path| check_path(path, request, streams));
    codes.max().unwrap_or(2)
}

/// Prints an answer and returns its exit code. A closed pipe does not change it.
fn tell(
    path: &Path,
    answer: &Answer,
    request: &Request,
    several: bool,
    streams: &mut Streams<'_>,
) -> u8 {
    let code = answer.code(request.any_verdict);
    if !request.quiet {
        let _ = if request.json {
            let line = answer.json(&path.to_string_lossy(), code == 0);
            writeln!(streams.out, "{line}")
        } else if code == 2 {
            writeln!(streams.err, "{}: {}", shown(path), answer.words())
        } else if several {
            writeln!(streams.out, "{}: {}", shown(path), answer.words())
        } else {
            writeln!(streams.out, "{}", answer.words())
        };
    }
    code
}

/// Checks one certificate; `entry` is what a manifest says of it.
fn check(
    path: &Path,
    bytes: &[u8],
    entry: Option<&Entry>,
    request: &Request,
    streams: &mut Streams<'_>,
) -> Answer {
    let mut unmet = Vec::new();
    if let Some(entry) = entry {
        let digest = sha256(bytes);
        if digest != entry.sha256 {
            let detail = format!("the file's sha256 is {digest}, not {}", entry.sha256);
            return Answer::rejected(detail);
        }
    }
    let subject = entry.map(|entry| &entry.subject);
    let other = match (subject, kind(bytes)) {
        (Some(_), Kind::Program | Kind::Inference) => {
            "a document of an encrypted network, where a certificate of a table or a network is listed"
        }
        (Some(Subject::Network { .. }), Kind::Certificate) => {
            "a certificate of a table, where one of a network is listed"
        }
        (Some(Subject::Network { .. } | Subject::Table { .. }), Kind::NetworkBox) => {
            "a certificate of box bounds, where another is listed"
        }
        (Some(Subject::Table { .. }), Kind::Network) => {
            "a certificate of a network, where one of a table is listed"
        }
        _ => "",
    };
    if !other.is_empty() {
        return Answer::rejected(other.to_owned());
    }
    let of_network = matches!(
        kind(bytes),
        Kind::Network | Kind::NetworkBox | Kind::Program | Kind::Inference
    );
    if of_network || request.network.is_some() {
        let found = check_beside(path, bytes, request, streams);
        if found.is_verified() && (!request.required.is_empty() || request.table_sha256.is_some()) {
            unmet.push("a network certificate is about no table and no function".to_owned());
        }
        if let Found::Network(NetworkOutcome::Verified(report)) = &found {
            unmet.extend(subject.iter().flat_map(|subject| report.unmet(subject)));
        }
        return Answer { found, unmet };
    }
    let (table, listed) = match subject {
        Some(Subject::Table {
            table_sha256,
            required,
        }) => (Some(table_sha256), required.as_slice()),
        Some(Subject::Network { .. }) => {
            return Answer::unreadable("no network certificate, as is listed".to_owned())
        }
        None => (request.table_sha256.as_ref(), Default::default()),
    };
    let outcome = check_table(bytes, table.map(String::as_str));
    if let Outcome::Verified(report) = &outcome {
        for required in listed.iter().chain(&request.required) {
            if let Some(why) = report.shortfall(required) {
                unmet.push(format!("{}: {why}", on_one_line(required.text())));
            }
        }
    }
    let found = Found::Table(outcome);
    Answer { found, unmet }
}

/// Checks a plan against the files around it, tells, and names the certificates in its folder that a verified plan does not
/// list; returns the exit code.
fn tell_plan(
    path: &Path,
    bytes: &[u8],
    request: &Request,
    several: bool,
    streams: &mut Streams<'_>,
) -> u8 {
    if request.network.is_some() {
        let why = "a plan is a file in its folder, and names its network";
        let answer = Answer::unreadable(why.to_owned());
        return tell(path, &answer, request, several, streams);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut listed = BTreeSet::new();
    let mut read = |name: &str, limit: usize| {
        let file = here(folder).join(name);
        listed.insert(file.clone());
        // A pipe would be waited for.
        match std::fs::metadata(&file)?.is_file() {
            true => read_file(&file, limit, None),
            false => Err(io::Error::other("no regular file")),
        }
    };
    let begin = Instant::now();
    let outcome = check_plan(bytes, &mut read, &mut |step| {
        if !request.quiet && begin.elapsed() > PATIENCE {
            let seconds = begin.elapsed().as_secs();
            let _ = writeln!(streams.err, "{}: {step}, {seconds} s", request.program);
        }
    });
    let verified = matches!(outcome, PlanOutcome::Verified(_));
    let asked = !request.required.is_empty() || request.table_sha256.is_some();
    let unmet = match verified && asked {
        true => vec!["a plan is about no table and no function alone".to_owned()],
        false => Vec::new(),
    };
    let found = Found::Plan(outcome);
    let code = tell(path, &Answer { found, unmet }, request, several, streams);
    // Of another plan not all files were read.
    if !verified {
        return code;
    }
    match certificates_within(here(folder)) {
        Ok(files) => {
            let listed = |file: &&PathBuf| listed.contains(*file);
            let others = files.iter().filter(|file| !listed(file));
            not_listed("plan", others, request, streams);
            code
        }
        Err(_) => code.max(2),
    }
}

/// A folder as it is opened.
fn here(folder: &Path) -> &Path {
    match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    }
}

/// Names certificates that a document does not list.
fn not_listed<'a>(
    document: &str,
    files: impl Iterator<Item = &'a PathBuf>,
    request: &Request,
    streams: &mut Streams<'_>,
) {
    for file in files.filter(|_| !request.quiet) {
        let _ = if request.json {
            let file = quoted(&file.to_string_lossy());
            writeln!(
                streams.out,
                "{{\"file\":{file},\"outcome\":\"NOT LISTED\"}}"
            )
        } else {
            let file = shown(file);
            writeln!(
                streams.out,
                "{file}: NOT LISTED in the {document}, not checked"
            )
        };
    }
}

/// Checks what a manifest lists, and names the certificates beside it that it does not list.
fn check_manifest(
    path: &Path,
    manifest: &Manifest,
    request: &Request,
    streams: &mut Streams<'_>,
) -> u8 {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut code = 0;
    for entry in &manifest.entries {
        let file = folder.join(&entry.file);
        let answer = match read_file(&file, MAX_BYTES, None) {
            Ok(bytes) => check(&file, &bytes, Some(entry), request, streams),
            Err(error) => Answer::unreadable(format!("cannot read the file: {error}")),
        };
        code = code.max(tell(&file, &answer, request, true, streams));
    }
    let Ok(beside) = certificates(here(folder)) else {
        return code.max(2);
    };
    let listed = |file: &&PathBuf| {
        let name = file.file_name().map(|n| n.to_string_lossy());
        let entries = manifest.entries.iter();
        entries.map(|e| &e.file).any(|e| name.as_deref() == Some(e))
    };
    let others = beside.iter().filter(|file| !listed(file));
    not_listed("manifest", others, request, streams);
    code
}

/// Checks a file, a folder or a manifest; returns the exit code.
fn check_path(path: &Path, request: &Request, streams: &mut Streams<'_>) -> u8 {
    let one = |path: &Path, several: bool, streams: &mut Streams<'_>| {
        let bytes = match read_file(path, MAX_BYTES, Some(&mut *streams.input)) {
            Ok(bytes) => bytes,
            Err(error) => {
                let answer = Answer::unreadable(format!("cannot read the file: {error}"));
                return tell(path, &answer, request, several, streams);
            }
        };
        if kind(&bytes) == Kind::Plan {
            if path == Path::new("-") {
                let answer = Answer::unreadable("a plan is a file in its folder".to_owned());
                return tell(path, &answer, request, several, streams);
            }
            return tell_plan(path, &bytes, request, several, streams);
        }
        if kind(&bytes) != Kind::Manifest {
            let answer = check(path, &bytes, None, request, streams);
            return tell(path, &answer, request, several, streams);
        }
        let alone = request.network.is_none() && request.table_sha256.is_none();
        let why = match Manifest::parse(&bytes) {
            _ if !alone || path == Path::new("-") => {
                "a manifest is a file, and has its own digests and networks".to_owned()
            }
            Ok(manifest) => return check_manifest(path, &manifest, request, streams),
            Err(why) => why,
        };
        tell(path, &Answer::unreadable(why), request, several, streams)
    };
    if path == Path::new("-") || !path.is_dir() {
        return one(path, request.paths.len() > 1, streams);
    }
    // A plan is about all of its folder.
    let plan = path.join(PLAN);
    let is_plan = || read_file(&plan, MAX_BYTES, None).is_ok_and(|b| kind(&b) == Kind::Plan);
    if plan.is_file() && is_plan() {
        return one(&plan, request.paths.len() > 1, streams);
    }
    match certificates(path) {
        Ok(files) if !files.is_empty() => {
            let codes = files.iter().map(|file| one(file, true, streams));
            codes.max().unwrap_or(2)
        }
        Ok(_) => {
            let answer = Answer::unreadable("no certificate in the folder".to_owned());
            tell(path, &answer, request, true, streams)
        }
        Err(error) => {
            let answer = Answer::unreadable(format!("cannot read the folder: {error}"));
            tell(path, &answer, request, true, streams)
        }
    }
}
