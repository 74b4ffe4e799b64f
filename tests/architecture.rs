//! Who may use whom, read from the source text; and what the checker is built from.
//!
//! The checker is worth its name only while it shares nothing with the producer and computes with
//! exact integers alone: its crates are held to an explicit list.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of `src/` and the folders it may use; everybody may use `error`.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("arith", &[]),
    ("poly", &["arith"]),
    ("approx", &["poly", "arith"]),
    ("certify", &["poly", "arith"]),
    ("ckks", &["poly", "arith"]),
    ("evaluation", &["certify", "ckks", "poly", "arith"]),
    ("network", &["certify", "poly", "arith"]),
    (
        "certificate",
        &["network", "evaluation", "certify", "ckks", "poly", "arith"],
    ),
    (
        "report",
        &["certificate", "network", "certify", "poly", "arith"],
    ),
    (
        "cli",
        &[
            "report",
            "certificate",
            "evaluation",
            "network",
            "certify",
            "ckks",
            "approx",
            "poly",
            "arith",
        ],
    ),
];

/// Every crate behind the checker: integers, JSON text, SHA-256, and what these are made of.
const CHECKER_CRATES: [&str; 18] = [
    "polycert-checker",
    // Exact integers.
    "num-bigint",
    "num-integer",
    "num-traits",
    // JSON text. (zmij prints floats for serde_json; the checker's reader refuses every JSON number.)
    "serde",
    "serde_core",
    "serde_json",
    "itoa",
    "memchr",
    "zmij",
    // SHA-256.
    "sha2",
    "cfg-if",
    "cpufeatures",
    "digest",
    "block-buffer",
    "generic-array",
    "typenum",
    "crypto-common",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    assert!(!found.is_empty(), "{}", folder.display());
    found
}

/// The text without comments, string and character literals, so that only code is left.
fn code(text: &str) -> String {
    let c: Vec<char> = text.chars().collect();
    let at = |i: usize, s: &str| {
        s.chars()
            .enumerate()
            .all(|(k, ch)| c.get(i + k) == Some(&ch))
    };
    let (mut out, mut i) = (String::new(), 0);
    while i < c.len() {
        if at(i, "//") {
            while i < c.len() && c[i] != '\n' {
                i += 1;
            }
        } else if at(i, "/*") {
            while i < c.len() && !at(i, "*/") {
                i += 1;
            }
            i += 2;
        } else if at(i, "r\"")
            || at(i, "r#") && c[i + 1..].iter().find(|c| **c != '#') == Some(&'"')
        {
            let hashes = c[i + 1..].iter().take_while(|c| **c == '#').count();
            let end = format!("\"{}", "#".repeat(hashes));
            i += hashes + 2;
            while i < c.len() && !at(i, &end) {
                i += 1;
            }
            i += end.len();
            out.push_str("\"\"");
        } else if c[i] == '"' {
            i += 1;
            while i < c.len() && c[i] != '"' {
                i += if c[i] == '\\' { 2 } else { 1 };
            }
            i += 1;
            out.push_str("\"\"");
        } else if at(i, "'\\") {
            i += 3;
            while i < c.len() && c[i] != '\'' {
                i += 1;
            }
            i += 1;
        } else if c[i] == '\'' && c.get(i + 2) == Some(&'\'') {
            i += 3;
        } else {
            out.push(c[i]);
            i += 1;
        }
    }
    out
}

/// Identifiers and paths as words: `crate::poly::Table` gives `crate::poly::Table`.
fn paths(code: &str) -> Vec<String> {
    let joined: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let joined = joined
        .replace(" :: ", "::")
        .replace(":: ", "::")
        .replace(" ::", "::");
    joined
        .split(|ch: char| !(ch.is_alphanumeric() || ch == '_' || ch == ':'))
        .filter(|w| !w.is_empty())
        .map(|w| w.trim_matches(':').to_owned())
        .collect()
}

/// The top-level modules that a file of `folder` (depth 1 for `folder/x.rs`) names.
fn edges(code: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in paths(code) {
        let mut parts = path.split("::").peekable();
        let first = parts.next().unwrap_or("");
        if first == "crate" || first == "polycert" {
            found.extend(parts.next().map(str::to_owned));
        } else if first == "super" {
            // From a file at `depth`, that many `super` lead to the root of the crate, and one more
            // from its tests: a folder's name there is an edge.
            let mut ups = 1;
            while parts.peek() == Some(&"super") {
                parts.next();
                ups += 1;
            }
            let is_folder = |name: &&str| MAY_USE.iter().any(|(folder, _)| folder == name);
            if ups >= depth {
                found.extend(parts.next().filter(is_folder).map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn the_scanner_sees_through_disguises() {
    let seen = |text: &str, depth| {
        edges(&code(text), depth)
            .into_iter()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(seen("use crate::approx::design;", 2), "approx");
    assert_eq!(seen("let x = crate :: approx\n::design();", 2), "approx");
    assert_eq!(seen("fn f() -> polycert::cli::X {}", 2), "cli");
    assert_eq!(
        seen(
            "// use crate::approx;\n/* crate::cli */ \"crate::cli\" r#\"crate::cli\"# 'c' '\\n'",
            2
        ),
        ""
    );
    assert_eq!(seen("use super::super::approx::x;", 2), "approx");
    assert_eq!(seen("use super::super::super::approx::x;", 2), "approx");
    assert_eq!(seen("use super::approx::x;", 1), "approx");
    assert_eq!(seen("use super::approx::x;", 2), "");
    assert_eq!(seen("use super::super::composite::x;", 2), "");
    assert_eq!(seen("use super::sibling;", 2), "");
    assert!(code("'\"' f32 '\\'' f64").contains("f32"));
}

#[test]
fn modules_use_only_what_is_below_them() {
    let src = root().join("src");
    let top: BTreeSet<&str> = MAY_USE
        .iter()
        .map(|(name, _)| *name)
        .chain(["error"])
        .collect();
    for (folder, allowed) in MAY_USE {
        for file in sources(&src.join(folder)) {
            let depth = file.strip_prefix(&src).unwrap().components().count();
            let is_mod = file.ends_with("mod.rs");
            let text = code(&std::fs::read_to_string(&file).unwrap());
            for used in edges(&text, depth - usize::from(is_mod)) {
                let fine = used == folder || used == "error" || allowed.contains(&used.as_str());
                assert!(
                    fine,
                    "{} uses {used}; {folder} may use {allowed:?}",
                    file.display()
                );
            }
            // `use crate::{approx, ..}` and `use super::super as root` would hide an edge.
            for hidden in [
                "crate::{",
                "crate::*",
                "super::super as",
                "crate as",
                "crate::self",
                "#[path",
                "{super",
            ] {
                let compact: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(
                    !compact.contains(hidden),
                    "{} has `{hidden}`",
                    file.display()
                );
            }
        }
    }
    // A folder or file that the rule does not know is no way around it.
    for entry in std::fs::read_dir(&src).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let known = top.contains(name.trim_end_matches(".rs"))
            || ["lib.rs", "main.rs", "checker"].contains(&name.as_str());
        assert!(known, "src/{name} has no rule");
    }
    let main = code(&std::fs::read_to_string(src.join("main.rs")).unwrap());
    assert_eq!(edges(&main, 1).into_iter().collect::<Vec<_>>(), ["cli"]);
    let error = code(&std::fs::read_to_string(src.join("error.rs")).unwrap());
    assert!(edges(&error, 1).is_empty());
}

/// The producer talks to the checker as any other program would: bytes in, an outcome out.
#[test]
fn the_producer_uses_only_the_checkers_front_door() {
    const PUBLIC: [&str; 10] = [
        "check",
        "check_table",
        "check_network",
        "check_network_with",
        "bound_network",
        "NoiseBounds",
        "Outcome",
        "NetworkOutcome",
        "Report",
        "MAX_BYTES",
    ];
    let mut users = BTreeSet::new();
    for (folder, _) in MAY_USE {
        for file in sources(&root().join("src").join(folder)) {
            let text = code(&std::fs::read_to_string(&file).unwrap());
            let compact: String = text.split_whitespace().collect();
            for (i, _) in compact.match_indices("polycert_checker") {
                users.insert(folder);
                let rest = &compact[i + "polycert_checker".len()..];
                let rest = rest
                    .strip_prefix("::")
                    .unwrap_or_else(|| panic!("{}", file.display()));
                let names: Vec<&str> = match rest.strip_prefix('{') {
                    Some(list) => list.split('}').next().unwrap().split(',').collect(),
                    None => vec![rest
                        .split(|c: char| !c.is_alphanumeric() && c != '_')
                        .next()
                        .unwrap()],
                };
                for name in names.into_iter().filter(|n| !n.is_empty()) {
                    assert!(
                        PUBLIC.contains(&name),
                        "{} uses {name} of the checker",
                        file.display()
                    );
                }
            }
        }
    }
    assert_eq!(
        users.into_iter().collect::<Vec<_>>(),
        ["certificate", "cli", "report"]
    );
}

/// The code before the tests, which may compare with the machine's floats. They are the last item.
fn without_tests<'a>(code: &'a str, file: &Path) -> &'a str {
    let Some((shipped, rest)) = code.split_once("#[cfg(test)]\n") else {
        return code;
    };
    let (attributes, tests) = rest.split_once("mod tests {").unwrap();
    let only_attributes = attributes
        .lines()
        .all(|l| l.trim().is_empty() || l.starts_with("#[allow("));
    assert!(only_attributes, "{}: {attributes}", file.display());
    let mut depth = 1i32;
    let end = tests.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    let rest = tests[end.unwrap()..].trim_start_matches('}').trim();
    assert_eq!(rest, "", "{} goes on after its tests", file.display());
    shipped
}

#[test]
fn the_checker_is_exact_safe_and_alone() {
    let folder = root().join("src/checker");
    for file in sources(&folder.join("src")) {
        let text = code(&std::fs::read_to_string(&file).unwrap());
        let shipped = without_tests(&text, &file);
        for part in paths(&text).iter().flat_map(|p| p.split("::")) {
            let foreign = ["polycert", "rug", "inari", "clap", "unsafe"].contains(&part);
            assert!(!foreign, "{}: {part}", file.display());
        }
        for part in paths(shipped).iter().flat_map(|p| p.split("::")) {
            let float = part.ends_with("f32") || part.ends_with("f64");
            assert!(!float, "{}: {part}", file.display());
        }
        // Literals such as 1.5 are floats too.
        let literal = shipped
            .as_bytes()
            .windows(3)
            .any(|w| w[0].is_ascii_digit() && w[1] == b'.' && w[2].is_ascii_digit());
        assert!(!literal, "{} has a float literal", file.display());
    }
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let lints: String = manifest.split_whitespace().collect();
    assert!(lints.contains("[lints]workspace=true"), "{manifest}");
    for name in ["polycert =", "polycert=", "rug", "inari", "clap", "build ="] {
        let named = manifest.lines().any(|l| l.starts_with(name));
        assert!(!named, "the checker depends on {name}");
    }
    assert!(!folder.join("build.rs").exists());
    let workspace = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let rust = workspace.split("[workspace.lints.rust]").nth(1).unwrap();
    let rust = rust.split("\n[").next().unwrap();
    assert!(
        rust.lines().any(|l| l.trim() == "unsafe_code = \"forbid\""),
        "{rust}"
    );
}

#[test]
fn the_crates_behind_the_checker_are_the_listed_ones() {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(root()).args([
        "tree",
        "-p",
        "polycert-checker",
        "-e",
        "normal",
        "--prefix",
        "none",
        "--offline",
    ]);
    let output = match cargo.output() {
        Ok(output) => output,
        Err(e) => {
            return eprintln!(
                "SKIPPED: cargo cannot be run ({e}): the checker's crates were NOT checked"
            )
        }
    };
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: BTreeSet<&str> = words
        .lines()
        .filter_map(|l| l.split(' ').next())
        .filter(|n| !n.is_empty())
        .collect();
    assert!(found.contains("num-bigint"), "{words}");
    for name in &found {
        assert!(
            CHECKER_CRATES.contains(name),
            "{name} is behind the checker and not on the list"
        );
        assert!(!name.ends_with("-sys"), "{name} is C");
    }
}
