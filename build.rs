//! What `polycert --version` says: the version, and in builds with `--release` from a clone the commit. Other builds name none,
//! so that a commit does not have the library built again for the tests.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = env!("CARGO_PKG_VERSION");
    let release = std::env::var("PROFILE").is_ok_and(|p| p == "release");
    let commit = if release { commit() } else { None };
    let commit = commit.map_or(String::new(), |commit| format!(" ({commit})"));
    println!("cargo:rustc-env=POLYCERT_VERSION={version}{commit}");
}

/// Its first twelve digits, and whether what is built is something else.
fn commit() -> Option<String> {
    // A folder inside another project's clone is not that project.
    let top = std::fs::canonicalize(git(&["rev-parse", "--show-toplevel"])?).ok()?;
    if top != std::env::current_dir().ok()?.canonicalize().ok()? {
        return None;
    }
    // Each commit and checkout is a line of this log.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    let sources = ["src", "Cargo.toml", "Cargo.lock"];
    for path in sources.into_iter().chain([log.as_str()]) {
        println!("cargo:rerun-if-changed={path}");
    }
    let hash = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&[&["status", "--porcelain", "--"][..], &sources].concat())?;
    Some(if changed.is_empty() {
        hash
    } else {
        format!("{hash}, changed")
    })
}

fn git(words: &[&str]) -> Option<String> {
    let run = Command::new("git").args(words).output().ok()?;
    let text = String::from_utf8(run.stdout).ok()?;
    run.status.success().then(|| text.trim().to_owned())
}
