//! README and guide: every command runs as it is written and prints what is shown.
//!
//! A block of commands is fenced as `sh`. Its commands run in the page's scratch folder, one block after the other; `sh exits-1`
//! says what the block exits with, `sh not-run: WHY` that it is not run. A `text` block right below it shows what it
//! prints, errors too: `...` on a line of its own is any lines, within a line any text.
//!
//! What a page shows must be the same on every machine; times are shown as `...`.

use crate::support::program::read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Blocks that are not run, in all pages. `cargo test --test program guide -- --nocapture` lists them.
const NOT_RUN: usize = 10;

/// No block may take longer than this, on a slow machine where all pages run side by side.
const LIMIT: Duration = Duration::from_secs(300);

/// What may be written at a fence.
const LANGUAGES: [&str; 7] = ["json", "python", "rust", "sh", "text", "toml", "yaml"];

/// A test for each page, so that they run side by side.
macro_rules! pages {
    ($($name:ident: $path:literal)*) => {
        pub const PAGES: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $name() {
                commands_run($path);
            }
        )*
    };
}

pages! {
    readme: "README.md"
    contributing: ".github/CONTRIBUTING.md"
    first_table: "src/guide/first_table.md"
    other_tables: "src/guide/other_tables.md"
    designs: "src/guide/designs.md"
    smooth_functions: "src/guide/smooth_functions.md"
    first_network: "src/guide/first_network.md"
    network_kinds: "src/guide/network_kinds.md"
    network_noise: "src/guide/network_noise.md"
    plan: "src/guide/plan.md"
    noise: "src/guide/noise.md"
    evaluator: "src/guide/evaluator.md"
    bootstrapping: "src/guide/bootstrapping.md"
    encrypted_networks: "src/guide/encrypted_networks.md"
    reports: "src/guide/reports.md"
    certificates: "src/guide/certificates.md"
    proved_checker: "src/guide/proved_checker.md"
    auditing: "src/guide/auditing.md"
    ci: "src/guide/ci.md"
    library: "src/guide/library.md"
    python: "src/guide/python.md"
    extending: "src/guide/extending.md"
    speed: "src/guide/speed.md"
    glossary: "src/guide/glossary.md"
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A fenced block: the line of its fence, what stands there, and what is inside.
pub struct Block {
    line: usize,
    info: String,
    body: String,
    /// Whether nothing but blank lines is between the block before and this one.
    follows: bool,
}

/// The fenced blocks of a page, and the page without them.
pub fn blocks(page: &str) -> (Vec<Block>, String) {
    let (mut all, mut prose, mut follows) = (Vec::new(), String::new(), false);
    let mut open: Option<Block> = None;
    for (i, line) in page.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block {
                    line: i + 1,
                    info: info.trim().to_owned(),
                    body: String::new(),
                    follows,
                });
            }
            (Some(_), Some(_)) => {
                all.extend(open.take());
                follows = true;
            }
            (Some(block), None) => block.body += &format!("{line}\n"),
            (None, None) => {
                follows &= line.trim().is_empty();
                prose += &format!("{line}\n");
            }
        }
    }
    assert!(open.is_none(), "a fence stays open");
    (all, prose)
}

/// What a fence says of commands.
enum Fence<'a> {
    Exits(i32),
    NotRun(&'a str),
}

/// The fence of a block of commands; none of another block.
fn fence(block: &Block) -> Result<Option<Fence<'_>>, String> {
    let (language, rest) = block.info.split_once(' ').unwrap_or((&block.info, ""));
    if !LANGUAGES.contains(&language) {
        return Err(format!("{:?} names none of {LANGUAGES:?}", block.info));
    }
    if language != "sh" {
        return Ok(None);
    }
    Ok(Some(if rest.is_empty() {
        Fence::Exits(0)
    } else if let Some(reason) = rest.strip_prefix("not-run: ") {
        Fence::NotRun(reason)
    } else {
        let code = rest.strip_prefix("exits-").and_then(|c| c.parse().ok());
        Fence::Exits(
            code.ok_or_else(|| format!("{rest:?} is neither not-run: WHY nor exits-CODE"))?,
        )
    }))
}

/// Whether lines are what a pattern shows.
fn fits(pattern: &[&str], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((&"...", rest)) => (0..=lines.len()).any(|n| fits(rest, &lines[n..])),
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, others)| line_fits(first, line) && fits(rest, others)),
    }
}

fn line_fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.trim_end().split("...");
    let Some(mut left) = line.trim_end().strip_prefix(parts.next().unwrap_or("")) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return left.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    true
}

fn lines(text: &str) -> Vec<&str> {
    text.trim_end().lines().map(str::trim_end).collect()
}

/// A folder as a reader has it who works in the repository's root: certificates and reports, and the two programs on the path.
fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["certificates", "reports"] {
        copy(&root().join(name), &folder.path().join(name));
    }
    let bin = folder.path().join(".bin");
    std::fs::create_dir(&bin).unwrap();
    let program = env!("CARGO_BIN_EXE_polycert");
    // Of the same library: `polycert check` is `polycert-check`.
    for (name, command) in [("polycert", ""), ("polycert-check", "check")] {
        let path = bin.join(name);
        std::fs::write(
            &path,
            format!("#!/bin/sh\nexec '{program}' {command} \"$@\"\n"),
        )
        .unwrap();
        let made = Command::new("chmod").arg("+x").arg(&path).status();
        assert!(made.unwrap().success());
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Runs commands in a folder: what they print, and the exit code (none: they took too long).
fn run(folder: &Path, commands: &str) -> (String, Option<i32>) {
    let path = std::env::var("PATH").unwrap_or_default();
    let printed = folder.join(".printed");
    let file = std::fs::File::create(&printed).unwrap();
    let mut child = Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", folder.join(".bin").display()))
        .env("POLYCERT_CACHE", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let code = wait(&mut child);
    (read(&printed), code)
}

/// The exit code, or none after the time limit; the commands are then ended.
fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

fn commands_run(path: &str) {
    let (all, _) = blocks(&read(root().join(path)));
    let folder = scratch();
    let mut wrong = Vec::new();
    for (i, block) in all.iter().enumerate() {
        let code = match fence(block) {
            Err(e) => {
                wrong.push(format!("{path}:{}: {e}", block.line));
                continue;
            }
            Ok(Some(Fence::Exits(code))) => code,
            Ok(_) => continue,
        };
        let (printed, exit) = run(folder.path(), &block.body);
        let place = format!("{path}:{}", block.line);
        if exit != Some(code) {
            wrong.push(format!(
                "{place}: exit {exit:?} for {code} (limit {LIMIT:?}):\n{printed}"
            ));
        }
        let shown = all.get(i + 1).filter(|b| b.follows && b.info == "text");
        if let Some(shown) = shown.filter(|b| !fits(&lines(&b.body), &lines(&printed))) {
            wrong.push(format!(
                "{place}: printed\n{printed}\nand not what line {} shows",
                shown.line
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_run_is_counted() {
    let mut count = 0;
    for path in PAGES {
        for block in blocks(&read(root().join(path))).0 {
            if let Ok(Some(Fence::NotRun(reason))) = fence(&block) {
                assert!(reason.len() > 8, "{path}:{}: {reason:?}", block.line);
                println!("{path}:{}: not run: {reason}", block.line);
                count += 1;
            }
        }
    }
    assert_eq!(count, NOT_RUN, "blocks that are not run");
}

#[test]
fn patterns_fit_what_they_show_alone() {
    let fit = |pattern: &str, text: &str| fits(&lines(pattern), &lines(text));
    assert!(fit("a\n...\nb", "a\nb") && fit("a\n...\nb", "a\nx\ny\nb"));
    assert!(!fit("a\n...\nb", "a\nx") && !fit("a", "a\nb") && !fit("a\nb", "a"));
    assert!(fit("took ... ms", "took 3.1 ms") && !fit("took ... ms", "took 3.1 s"));
    assert!(!fit("x ... y", "x y") && fit("a...b...c", "a1b2c") && !fit("a...b...c", "a1c2b"));
    assert!(fit("...", "") && !fit("a", ""));
}

#[test]
fn commands_that_fail_or_print_something_else_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".bin")).unwrap();
    let all = |commands: &str| run(folder.path(), commands);
    assert_eq!(all("false; echo on"), (String::new(), Some(1)));
    assert_eq!(all("echo a; echo b >&2"), ("a\nb\n".to_owned(), Some(0)));
    let page = "```sh not-run: far away\nx\n```\n\n```text\ny\n```\nz\n```text\n```\n";
    let (found, prose) = blocks(page);
    assert_eq!(prose, "\nz\n");
    assert!(matches!(
        fence(&found[0]),
        Ok(Some(Fence::NotRun("far away")))
    ));
    assert!(found[1].follows && !found[2].follows && matches!(fence(&found[1]), Ok(None)));
    for bad in ["", "bash", "sh norun", "sh exits-x"] {
        let block = Block {
            line: 1,
            info: bad.to_owned(),
            body: String::new(),
            follows: false,
        };
        assert!(fence(&block).is_err(), "{bad:?}");
    }
}
