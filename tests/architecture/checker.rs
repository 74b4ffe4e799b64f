//! The trusted checker: what it is built from, its rooms, and who talks to it.

use super::graph::{circle, print, table, Room, Rules};
use super::source::{code, lines_of_code, paths, sources, split_tests, uses, Crate};
use super::{producer, room, root};
use std::collections::BTreeSet;
use std::process::Command;

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

/// The rooms in order. What proves a composite is `core`: it reads nothing, words nothing, and imports only
/// exact integers.
const ROOMS: Rules = Rules {
    rooms: &[
        room("core"),
        room("series"),
        room("claims"),
        room("format"),
        room("words"),
        room("certificate"),
        room("evaluation"),
        Room {
            name: "network",
            rooms: &[
                room("model"),
                room("balls"),
                room("digits"),
                room("normalise"),
                room("linear"),
                room("activation"),
                room("polynomial"),
                room("smooth"),
                room("rows"),
                room("document"),
                room("substitute"),
                room("boxes"),
                room("noise"),
                room("forward"),
                room("limits"),
                room("report"),
            ],
        },
        Room {
            name: "inference",
            rooms: &[
                room("layout"),
                room("rows"),
                room("layers"),
                room("sums"),
                room("reading"),
                room("place"),
                room("maps"),
                room("document"),
                room("activation"),
                room("prove"),
                room("statement"),
                room("report"),
            ],
        },
        room("check"),
        Room {
            name: "plan",
            rooms: &[
                room("document"),
                room("levels"),
                room("tables"),
                room("noise"),
                room("inputs"),
                room("interval"),
                room("report"),
            ],
        },
        room("answer"),
        room("folder"),
        room("request"),
        room("beside"),
        room("front"),
    ],
    closed: &[],
};

/// Most lines of code in `core`, and in any file of the checker.
const CORE_LINES: usize = 1_500;
const FILE_LINES: usize = 400;

pub(super) fn trusted() -> Crate {
    Crate::read("polycert_checker", &root().join("src/checker/src"), &[])
}

#[test]
fn the_checkers_rooms_are_in_order_and_small() {
    let all = trusted();
    let (wrong, edges) = ROOMS.judge(&all);
    print(&table(&all, &ROOMS, &edges));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut core = 0;
    for source in all.files.values() {
        let lines = lines_of_code(&source.shipped);
        assert!(
            lines <= FILE_LINES,
            "{}: {lines} lines of code",
            source.file.display()
        );
        if !source.file.starts_with("core") {
            continue;
        }
        core += lines;
        for (_, path) in uses(&source.shipped) {
            let known = [
                "std",
                "num_bigint",
                "num_integer",
                "num_traits",
                "crate",
                "super",
            ];
            let local = path[0].starts_with(char::is_uppercase);
            let fine =
                local || known.contains(&path[0].as_str()) || path.len() > 1 && is_module(&path[0]);
            assert!(fine, "{} uses {}", source.file.display(), path.join("::"));
        }
    }
    assert!(core <= CORE_LINES, "core: {core} lines of code");
}

fn is_module(name: &str) -> bool {
    root()
        .join("src/checker/src/core")
        .join(name)
        .with_extension("rs")
        .exists()
}

#[test]
fn no_circle_of_imports_between_the_checkers_files() {
    if let Some(files) = circle(&trusted()) {
        panic!(
            "each uses the next, the last the first: {}",
            files.join(" -> ")
        );
    }
}

/// The producer talks to the checker as any other program would: bytes in, an outcome out; and only where
/// certificates are made or checked.
#[test]
fn the_producer_uses_only_the_checkers_front_door() {
    const PUBLIC: [&str; 23] = [
        "check",
        "check_table",
        "check_network",
        "check_network_with",
        "check_paths",
        "Request",
        "Requirement",
        "Streams",
        "bound_network",
        "NoiseBounds",
        "Outcome",
        "NetworkOutcome",
        "Report",
        "MAX_BYTES",
        "MAX_FILE_BYTES",
        "check_box",
        "BoxOutcome",
        "check_plan",
        "PlanOutcome",
        "check_program",
        "ProgramOutcome",
        "check_inference",
        "InferenceOutcome",
    ];
    for source in producer().files.values() {
        let compact: String = [source.shipped.as_str(), &source.tests]
            .concat()
            .split_whitespace()
            .collect();
        for (i, _) in compact.match_indices("polycert_checker") {
            let may =
                source.file.starts_with("certificate") || source.file.ends_with("cli/check.rs");
            assert!(may, "{} uses the checker", source.file.display());
            let rest = &compact[i + "polycert_checker".len()..];
            let rest = rest
                .strip_prefix("::")
                .unwrap_or_else(|| panic!("{}", source.file.display()));
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
                    source.file.display()
                );
            }
        }
    }
}

#[test]
fn the_checker_is_exact_safe_and_alone() {
    let folder = root().join("src/checker");
    for file in sources(&folder.join("src")) {
        let text = code(&std::fs::read_to_string(&file).unwrap());
        let (shipped, _) = split_tests(&text, &file);
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
    // Its own lints, so that the folder stands alone.
    let rust = manifest
        .split("[lints.rust]")
        .nth(1)
        .unwrap_or("")
        .split("\n[")
        .next()
        .unwrap();
    assert!(
        rust.lines().any(|l| l.trim() == "unsafe_code = \"forbid\""),
        "{manifest}"
    );
    for name in ["polycert =", "polycert=", "rug", "inari", "clap", "build ="] {
        let named = manifest.lines().any(|l| l.starts_with(name));
        assert!(!named, "the checker depends on {name}");
    }
    assert!(!folder.join("build.rs").exists());
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
