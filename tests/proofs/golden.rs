//! The shipped tables and certificates: the checker verifies each certificate, each table has the
//! digest that its certificate states, and the commands of `certificates/README.md` give the same
//! bytes again.
//!
//! A command is a line of a code block there that starts with `polycert `; it is run by the binary
//! under test in a temporary folder, where inputs and outputs have the same names.

use polycert::poly::table::Table;
use polycert_checker::{check, check_table, Outcome};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// alpha = 4 to 14, and eleven smooth functions at three precisions, a table and a certificate each.
const LEAST_FILES: usize = 22 + 66;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates")
}

/// Files of the folder, and of its `smooth`, with this ending, sorted by name.
fn files(ending: &str) -> Vec<PathBuf> {
    let entries = [folder(), folder().join("smooth")];
    let entries = entries.iter().flat_map(|f| std::fs::read_dir(f).unwrap());
    let paths = entries.map(|e| e.unwrap().path());
    let mut found: Vec<PathBuf> = paths
        .filter(|p| p.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    found
}

fn certificates() -> Vec<PathBuf> {
    files(".cert.json")
}

fn tables() -> Vec<PathBuf> {
    let all = files(".json").into_iter();
    all.filter(|p| !p.to_string_lossy().ends_with(".cert.json"))
        .collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn there_are_enough_files() {
    let count = certificates().len() + tables().len();
    assert!(
        count >= LEAST_FILES,
        "{count} files in certificates/, at least {LEAST_FILES} are shipped"
    );
}

#[test]
fn every_certificate_is_verified() {
    for path in certificates() {
        let outcome = check(read(&path).as_bytes());
        assert!(
            matches!(outcome, Outcome::Verified(_)),
            "{}: {outcome}",
            path.display()
        );
    }
}

#[test]
fn every_table_has_its_digest_and_its_certificate_is_about_it() {
    for path in tables() {
        // Reading verifies the digest that the file states.
        let table =
            Table::from_json(&read(&path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(
            read(&path).contains(&format!("\"sha256\": \"{}\"", table.sha256())),
            "{} states no digest",
            path.display()
        );
        let certificate = path.with_extension("cert.json");
        assert!(certificate.exists(), "{} is missing", certificate.display());
        let outcome = check_table(read(&certificate).as_bytes(), Some(&table.sha256()));
        assert!(
            matches!(outcome, Outcome::Verified(_)),
            "{}: {outcome}",
            certificate.display()
        );
    }
}

/// The commands in the code blocks of a page, each as its words.
fn commands(page: &str) -> Vec<Vec<String>> {
    let mut inside = false;
    let mut found = Vec::new();
    let joined = page.replace("\\\n", " ");
    for line in joined.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
            continue;
        }
        let line = line.trim();
        let line = line.strip_prefix("$ ").unwrap_or(line);
        if inside && line.starts_with("polycert ") {
            let words = line.split('#').next().unwrap_or(line).split_whitespace();
            found.push(
                words
                    .map(|w| w.trim_matches(['\'', '"']).to_owned())
                    .collect(),
            );
        }
    }
    found
}

#[test]
fn commands_are_found_in_code_blocks_alone() {
    let page = "polycert no\n```sh\n$ polycert generate --name 'a' \\\n  -o certificates/a.json # why\nls\n```\npolycert no\n";
    let words = [
        "polycert",
        "generate",
        "--name",
        "a",
        "-o",
        "certificates/a.json",
    ];
    assert_eq!(commands(page), [words]);
}

/// The file that a command writes, if it writes one.
fn output(words: &[String]) -> Option<&String> {
    let at = words.iter().position(|w| w == "-o" || w == "--output")?;
    words.get(at + 1)
}

#[test]
fn the_documented_commands_give_the_same_bytes() {
    let page = folder().join("README.md");
    assert!(page.exists(), "{} is missing", page.display());
    let sandbox = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(sandbox.path().join("certificates/smooth")).unwrap();
    let mut written = BTreeSet::new();
    for words in commands(&read(&page)) {
        let line = words.join(" ");
        let Some(name) = output(&words) else { continue };
        // What the command reads is what earlier commands wrote, or else what is shipped.
        for input in words[1..].iter().filter(|w| *w != name) {
            let (here, shipped) = (
                sandbox.path().join(input),
                folder().parent().unwrap().join(input),
            );
            if input.starts_with("certificates/") && !here.exists() && shipped.exists() {
                std::fs::copy(&shipped, &here).unwrap();
            }
        }
        let run = Command::new(env!("CARGO_BIN_EXE_polycert"))
            .args(&words[1..])
            .current_dir(sandbox.path())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&run.stderr).into_owned();
        // 1 is a certificate that refutes or leaves open, which may well be shipped.
        assert!(
            matches!(run.status.code(), Some(0 | 1)),
            "{line}: {complaint}"
        );
        let path = sandbox.path().join(name);
        assert!(path.exists(), "{line} wrote no {name}: {complaint}");
        let shipped = folder().parent().unwrap().join(name);
        assert!(
            shipped.exists(),
            "{name} is not shipped, but {line} writes it"
        );
        assert!(
            read(&path) == read(&shipped),
            "{line}: the bytes differ from the shipped {name}"
        );
        written.insert(shipped);
    }
    let shipped: BTreeSet<PathBuf> = tables().into_iter().chain(certificates()).collect();
    let orphans: Vec<&PathBuf> = shipped.difference(&written).collect();
    assert!(orphans.is_empty(), "no command writes {orphans:?}");
    assert!(written.len() >= LEAST_FILES, "{} files", written.len());
}
