//! Every option of every command: one long name has one value and one meaning, but for those that are listed here.

use clap::{Arg, Command};
use std::collections::{BTreeMap, BTreeSet};

/// Names with one meaning in the words of each command: the meaning.
const ONE: &[(&str, &str)] = &[
    ("alpha", "a precision in bits"),
    ("basis", "the basis of the coefficients"),
    ("bits", "coefficients are multiples of 2^-BITS"),
    ("certificate", "the certificate to write"),
    ("certificates", "the folder of certificates to write"),
    ("coefficients", "coefficients as a program holds them"),
    ("degree", "the degree of the start"),
    ("degrees", "the degrees of components"),
    ("epsilon", "added to variances"),
    ("error", "how the error is measured"),
    ("function", "a smooth function of x"),
    ("hi", "the upper end of the inputs"),
    ("input", "samples, or the exact input"),
    ("insecure", "no claim of security"),
    ("json", "JSON instead of text"),
    ("last-stage", "what the last stage gives"),
    ("lo", "the lower end of the inputs"),
    ("log-n", "log2 of the ring degree"),
    ("lower", "the lower end of a clip"),
    ("name", "the name of what is written"),
    ("output", "what is written"),
    ("pick", "the literal in a file of Go"),
    ("preset", "a named set of parameters"),
    ("range", "the domain of x"),
    ("relative", "the relative error"),
    ("risk", "1 - confidence"),
    ("runs", "how many runs on ciphertexts"),
    ("sample", "which samples of the input file"),
    ("seed", "what makes a random choice repeat"),
    ("slope", "the slope of a leaky ReLU"),
    ("table", "tables of polynomials"),
    ("table-sha256", "the digest that a table must have"),
    ("target", "the function that a polynomial is for"),
    ("to", "the greatest x"),
    ("upper", "the upper end of a clip"),
    ("value", "what is computed from x and p"),
    ("window", "K of a K x K max-pool"),
];

/// A meaning, and the commands that mean it.
type Meaning = (&'static str, &'static [&'static str]);

/// Names with several meanings: those that there are, and the commands of each. To be fewer, never more.
const SEVERAL: &[(&str, &[Meaning])] = &[
    (
        "attack",
        &[
            ("steps of an attack", &["network deviate"]),
            ("starts of a search", &["network box"]),
        ],
    ),
    (
        "csv",
        &[("a file", &["network audit"]), ("a folder", &["report"])],
    ),
    (
        "eps",
        &[
            (
                "where a sign is meant",
                &["generate", "import", "certify", "family composite"],
            ),
            (
                "how far from a jump",
                &["family minimax", "family chebyshev", "family least-squares"],
            ),
            ("how eps follows from alpha", &["search"]),
        ],
    ),
    (
        "evaluation",
        &[
            ("scheme and format of a program", &["certify"]),
            (
                "an evaluation certificate",
                &["network certify", "network audit", "network deviate"],
            ),
        ],
    ),
    (
        "format",
        &[
            ("the form of another program", &["export"]),
            ("the form of a page", &["catalogue"]),
        ],
    ),
    (
        "from",
        &[
            ("the form of a file", &["import"]),
            (
                "the least x",
                &["family minimax", "family chebyshev", "family least-squares"],
            ),
            (
                "the first sample",
                &["network audit", "network deviate", "network ranges"],
            ),
        ],
    ),
    (
        "layout",
        &[
            ("what lists of numbers are", &["import"]),
            ("the order of axes", PREPARED),
        ],
    ),
    (
        "limit",
        &[
            ("of |r|, for the overflow margin", &["certify"]),
            ("of values that are drawn", &["bootstrap"]),
        ],
    ),
    (
        "margin",
        &[
            ("a factor of ranges", &["network ranges"]),
            ("a share of margins between classes", &["plan"]),
        ],
    ),
    (
        "mean",
        &[
            ("of the density of x", &["family least-squares"]),
            ("of the channels", PREPARED),
        ],
    ),
    (
        "measure",
        &[("runs", &["noise"]), ("a switch", &["bootstrap"])],
    ),
    (
        "order",
        &[
            ("of fixed points", &["family clean"]),
            ("which coefficient is first", &["import"]),
        ],
    ),
    (
        "within",
        &[
            ("so far from 0 or 1", &["family clean"]),
            (
                "so far from 0",
                &["noise", "evaluate", "bootstrap", "network inference"],
            ),
        ],
    ),
];

/// The commands that prepare samples.
const PREPARED: &[&str] = &[
    "network encrypt",
    "network inference",
    "network evaluate",
    "network certify",
    "network audit",
    "network deviate",
    "network box",
    "network ranges",
    "plan",
];

/// Short names with several long ones, in the same way.
const SHORT: &[(char, &[&str])] = &[('o', &["certificate", "output"])];

/// One option of one command.
struct Seen {
    command: String,
    /// The value's name, none of a switch; and the first sentence of the help.
    says: (Option<String>, String),
    described: bool,
    short: Option<char>,
}

fn long_name(arg: &Arg) -> Option<String> {
    arg.get_long().map(str::to_owned)
}

fn collect(command: &Command, name: &str, all: &mut BTreeMap<String, Vec<Seen>>) {
    for arg in command.get_arguments().filter(|a| !a.is_hide_set()) {
        let Some(long) = long_name(arg) else { continue };
        if ["help", "version"].contains(&long.as_str()) {
            continue;
        }
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let first = help.split(['.', ':', ';', '(']).next().unwrap_or_default();
        let value = arg.get_action().takes_values().then(|| {
            let names = arg.get_value_names().unwrap_or_default();
            names
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        });
        all.entry(long).or_default().push(Seen {
            command: name.to_owned(),
            says: (value, first.trim().to_owned()),
            described: !help.is_empty(),
            short: arg.get_short(),
        });
    }
    for below in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let name = format!("{name} {}", below.get_name());
        collect(below, name.trim(), all);
    }
}

fn options() -> BTreeMap<String, Vec<Seen>> {
    let mut all = BTreeMap::new();
    let mut command = polycert::cli::command();
    command.build();
    collect(&command, "", &mut all);
    all
}

#[test]
fn a_long_name_means_one_thing() {
    let all = options();
    assert!(all.len() > 150, "{} names", all.len());
    let mut wrong = Vec::new();
    for (name, seen) in &all {
        for option in seen.iter().filter(|option| !option.described) {
            wrong.push(format!("{}: --{name} has no meaning", option.command));
        }
        let distinct: BTreeSet<_> = seen.iter().map(|s| &s.says).collect();
        let listed = ONE.iter().any(|(one, _)| one == name);
        if let Some((_, meanings)) = SEVERAL.iter().find(|(several, _)| several == name) {
            let known: BTreeSet<&str> = meanings
                .iter()
                .flat_map(|(_, commands)| *commands)
                .copied()
                .collect();
            let found: BTreeSet<&str> = seen.iter().map(|s| s.command.as_str()).collect();
            if known != found {
                wrong.push(format!(
                    "--{name} is listed for {known:?} and there for {found:?}"
                ));
            }
        } else if listed && distinct.len() < 2 {
            wrong.push(format!(
                "--{name} is said in one way: it need not be listed"
            ));
        } else if !listed && distinct.len() > 1 {
            wrong.push(format!(
                "--{name} has several values or meanings: {distinct:?}"
            ));
        }
    }
    for (name, _) in SEVERAL {
        if !all.contains_key(*name) {
            wrong.push(format!("--{name} is listed, and is no option"));
        }
    }
    for (name, _) in ONE {
        if !all.contains_key(*name) || SEVERAL.iter().any(|(other, _)| other == name) {
            wrong.push(format!(
                "--{name} is listed, and is no option, or has several meanings"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_short_name_stands_for_one_long_name() {
    let mut by_short: BTreeMap<char, BTreeSet<String>> = BTreeMap::new();
    for (long, seen) in options() {
        for short in seen.iter().filter_map(|s| s.short) {
            by_short.entry(short).or_default().insert(long.clone());
        }
    }
    assert!(by_short.len() > 1, "{by_short:?}");
    for (short, longs) in &by_short {
        let known = SHORT.iter().find(|(s, _)| s == short);
        let known = known.map(|(_, longs)| longs.iter().map(ToString::to_string).collect());
        let right = known.map_or(longs.len() == 1, |known: BTreeSet<String>| known == *longs);
        assert!(right, "-{short}: {longs:?}");
    }
}

#[test]
fn the_old_name_of_bound_is_taken_hidden_and_warned_of() {
    use crate::support::program::{polycert, Folder};
    let f = Folder::new();
    let table = f.at("t.json");
    polycert(&["generate", "--degrees", "3,5", "-o", &table]).exits(0);
    let new = polycert(&["certify", &table, "--bound", "3", "--json"]).exits(0);
    assert_eq!(new.err, "");
    for old in [&["--scale", "3"][..], &["--scale=3"]] {
        let run = polycert(&[&["certify", &table, "--json"], old].concat()).exits(0);
        assert_eq!(run.out, new.out);
        assert_eq!(
            run.err.matches("--scale is --bound now").count(),
            1,
            "{}",
            run.err
        );
    }
    let help = polycert(&["certify", "--help"]).exits(0).out;
    assert!(
        help.contains("--bound <B>") && !help.contains("--scale"),
        "{help}"
    );
    assert!(!options().contains_key("scale"));
}
