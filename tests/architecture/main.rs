//! Who may use whom, read from the source text; and what the checker is built from.
//!
//! `cargo test --test architecture` prints the rooms, their lines of code and the edges between them.

mod checker;
mod graph;
mod source;

use graph::{circle, print, table, Room, Rules};
use source::{code, uses, Crate, Source};
use std::path::Path;

const fn room(name: &'static str) -> Room {
    Room { name, rooms: &[] }
}

/// The crate's rooms in order: each uses only those before it. The same for the rooms inside them.
const PRODUCER: Rules = Rules {
    rooms: &[
        room("error"),
        room("files"),
        room("arith"),
        room("function"),
        room("poly"),
        room("interchange"),
        Room {
            name: "approx",
            rooms: &[
                room("fit"),
                room("composite"),
                room("known"),
                room("search"),
            ],
        },
        Room {
            name: "certify",
            rooms: &[
                room("request"),
                room("published"),
                room("narrowest"),
                room("stage"),
                room("composite"),
                room("series"),
                room("evalmod"),
                room("neuron"),
                room("claims"),
                room("proof"),
            ],
        },
        room("circuit"),
        Room {
            name: "ckks",
            rooms: &[
                room("parameters"),
                room("ring"),
                room("scheme"),
                room("evaluate"),
                room("bootstrap"),
            ],
        },
        Room {
            name: "noise",
            rooms: &[
                room("formula"),
                room("flooding"),
                room("linear"),
                room("composite"),
                room("bootstrap"),
                room("measure"),
                room("overflow"),
            ],
        },
        Room {
            name: "network",
            rooms: &[
                room("model"),
                room("read"),
                room("forward"),
                room("rows"),
                room("boxes"),
                room("audit"),
                room("ranges"),
            ],
        },
        Room {
            name: "plan",
            rooms: &[
                room("profile"),
                room("levels"),
                room("linear"),
                room("ways"),
                room("flow"),
            ],
        },
        Room {
            name: "encrypted",
            rooms: &[
                room("layout"),
                room("rows"),
                room("map"),
                room("program"),
                room("compile"),
                room("simulate"),
                room("levels"),
                room("activation"),
                room("cost"),
                room("schedule"),
                room("scheme"),
                room("client"),
                room("run"),
                room("resources"),
                room("state"),
                room("binding"),
                room("store"),
                room("checkpoint"),
                room("noise"),
            ],
        },
        room("certificate"),
        Room {
            name: "report",
            rooms: &[
                room("text"),
                room("page"),
                room("catalogue"),
                room("figures"),
                room("pages"),
                room("audit"),
                room("plan"),
                room("inference"),
            ],
        },
        room("jobs"),
        room("cli"),
        room("guide"),
    ],
    closed: &[
        // A proof must not rest on the search; a bound that needs its numbers takes them as an argument.
        ("approx", &["jobs"]),
        // Tables come in and go out by the verbs; what is inside knows one form.
        ("interchange", &["jobs", "cli"]),
        ("report", &["jobs", "cli"]),
    ],
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn producer() -> Crate {
    Crate::read("polycert", &root().join("src"), &["checker", "python"])
}

#[test]
fn modules_use_only_what_is_below_them() {
    let all = producer();
    let (wrong, edges) = PRODUCER.judge(&all);
    print(&table(&all, &PRODUCER, &edges));
    assert!(
        wrong.is_empty(),
        "{}\n{} edges",
        wrong.join("\n"),
        wrong.len()
    );
}

#[test]
fn no_circle_of_imports_between_files() {
    if let Some(files) = circle(&producer()) {
        panic!(
            "each uses the next, the last the first: {}",
            files.join(" -> ")
        );
    }
}

/// What the reader of source text does not follow is not written.
#[test]
fn no_edge_is_hidden() {
    const HIDDEN: [&str; 6] = [
        "use crate::*",
        "super::super as",
        "crate as",
        "crate::self",
        "#[path",
        "use crate::{",
    ];
    for (all, src) in [(producer(), "src"), (checker::trusted(), "src/checker/src")] {
        for source in all.files.values() {
            let text = [source.shipped.as_str(), &source.tests].concat();
            let compact: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for hidden in HIDDEN {
                assert!(
                    !compact.contains(hidden),
                    "{src}/{} has `{hidden}`",
                    source.file.display()
                );
            }
            for (public, path) in uses(&source.shipped) {
                let glob = path.last().is_some_and(|p| p == "*");
                let ours = ["crate", "super", "self"].contains(&path[0].as_str());
                assert!(
                    !(glob && (ours || public)),
                    "{src}/{} uses {}",
                    source.file.display(),
                    path.join("::")
                );
            }
        }
    }
}

#[test]
fn the_reader_sees_through_disguises() {
    let seen = |text: &str| {
        let all: Vec<String> = uses(&code(text))
            .iter()
            .map(|(_, p)| p.join("::"))
            .collect();
        all.join(" ")
    };
    assert_eq!(seen("use crate::approx::design;"), "crate::approx::design");
    assert_eq!(
        seen("use crate :: approx\n::{self, a::{b, c as d}};"),
        "crate::approx crate::approx::a::b crate::approx::a::c"
    );
    assert_eq!(
        seen("// use crate::approx;\n/* use crate::cli; */ let x = \"use crate::cli;\";"),
        ""
    );
    assert!(source::paths(&code("let x = crate :: approx\n::design();"))
        .contains(&"crate::approx::design".to_owned()));
    assert!(code("'\"' f32 '\\'' f64").contains("f32"));
    assert!(uses("pub(in crate::x) use a::b;")[0].0);
    assert!(!uses("fn f() { use a::b; }")[0].0);
}

/// What the Python package asks of the library: verbs, errors, and the numbers, names and tables that requests are made of.
#[test]
fn python_asks_the_jobs() {
    const OPEN: [&str; 6] = ["arith", "error", "function", "jobs", "poly", "rug"];
    let all = python();
    assert!(all.len() >= 7, "{} files", all.len());
    let mut asks = 0;
    for source in all {
        let named = uses(&source.shipped).into_iter().map(|(_, path)| path);
        let split = |path: String| path.split("::").map(str::to_owned).collect();
        let qualified = source::paths(&source.shipped).into_iter().map(split);
        let all = named
            .chain(qualified)
            .filter(|p: &Vec<String>| p[0] == "polycert");
        for path in all.filter(|path| path.len() > 1) {
            let file = source.file.display();
            assert!(
                OPEN.contains(&path[1].as_str()),
                "{file} uses {}",
                path.join("::")
            );
            asks += usize::from(path[1] == "jobs");
        }
    }
    assert!(asks > 9, "{asks}");
}

/// The files of both Python packages.
fn python() -> Vec<Source> {
    let all = ["src/python/src", "src/python/checker/src"];
    let all = all.map(|src| Crate::read("python", &root().join(src), &[]));
    all.into_iter()
        .flat_map(|c| c.files.into_values())
        .collect()
}

/// Most lines of code in a file.
const FILE_LINES: usize = 400;

#[test]
fn files_are_short() {
    for source in producer().files.into_values().chain(python()) {
        let lines = source::lines_of_code(&source.shipped);
        assert!(
            lines <= FILE_LINES,
            "{}: {lines} lines of code",
            source.file.display()
        );
    }
}
