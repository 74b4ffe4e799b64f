//! No command writes over what it reads, by whatever name the file is called.

use crate::support::program::{polycert, read, Folder};
use std::collections::BTreeSet;

/// Options that name what a command writes.
const OUTPUTS: [&str; 9] = [
    "--output",
    "--certificate",
    "--certificates",
    "--csv",
    "--tables",
    "--cache",
    "--suggest",
    "--new-secret",
    "--checkpoint",
];

/// A command line: `IN1` to `IN3` are files that it reads, `OUT` is where it writes to, `DIR` the folder of `OUT`. With
/// it the option that names OUT or DIR, and the name in DIR that it writes.
const LINES: [(&str, &str, &str); 33] = [
    (
        "plan IN1 --graph IN2 --input IN3 --labels IN2 -o DIR",
        "--output",
        "plan.json",
    ),
    ("certify IN1 -o OUT", "--output", ""),
    ("export IN1 --format csv -o OUT", "--output", ""),
    ("export IN1 --coq -o OUT", "--output", ""),
    ("import IN1 -o OUT", "--output", ""),
    ("profile convert IN1 --as dacapo -o OUT", "--output", ""),
    (
        "profile measure --preset A --against IN1 --against IN2 -o OUT",
        "--output",
        "",
    ),
    ("import IN1 --list -o OUT", "--output", ""),
    ("evaluate IN1 --values IN2 --preset A -o OUT", "--certificate", ""),
    (
        "search --alpha 4 --no-cache --objective cost --cost-table IN1 -o OUT",
        "--output",
        "",
    ),
    (
        "search --alpha 4 --no-cache --objective cost --cost-table IN1 --certificate OUT",
        "--certificate",
        "",
    ),
    (
        "search --alpha 4 --objective cost --cost-table IN1 --cache DIR",
        "--cache",
        "me-tables-1.txt",
    ),
    (
        "family least-squares --function relu --degree 2 --histogram IN1 -o OUT",
        "--output",
        "",
    ),
    ("report IN1 IN2 -o OUT", "--output", ""),
    ("report IN1 --csv DIR", "--csv", "plot.csv"),
    ("catalogue DIR --claims IN1 -o OUT", "--output", "x.json"),
    (
        "catalogue DIR --certificates DIR",
        "--certificates",
        "x.cert.json",
    ),
    ("bootstrap --relu IN3 --bound 4 -o OUT", "--certificate", ""),
    (
        "network certify IN1 --graph IN2 --table IN3 --input IN3 -o OUT",
        "--output",
        "",
    ),
    (
        "network audit IN1 --graph IN2 --table IN3 --input IN3 --labels IN2 --evaluation IN1 -o OUT",
        "--output",
        "",
    ),
    (
        "network audit IN1 --graph IN2 --table IN3 --input IN3 -o new --csv OUT",
        "--csv",
        "",
    ),
    (
        "network audit IN1 --graph IN2 --table IN3 --input IN3 -o new --certificates DIR",
        "--certificates",
        "sample000000.cert.json",
    ),
    (
        "network audit IN1 --graph IN2 --table IN3 --input IN3 --labels IN2 --evaluation IN1 -o OUT --shard 1/2",
        "--output",
        "",
    ),
    (
        "network audit IN1 --graph IN2 --table IN3 --input IN3 -o new --csv OUT --merge 2",
        "--csv",
        "",
    ),
    (
        "network box IN1 --graph IN2 --table IN3 --certificate OUT",
        "--certificate",
        "",
    ),
    (
        "network ranges IN1 --graph IN2 --table IN3 --input IN3 --suggest OUT",
        "--suggest",
        "",
    ),
    (
        "network box IN1 --graph IN2 --table IN3 --degrees 2 --tables DIR",
        "--tables",
        "index.json",
    ),
    (
        "network keys IN1 --graph IN2 --table IN3 --new-secret OUT -o new",
        "--new-secret",
        "",
    ),
    (
        "network keys IN1 --graph IN2 --table IN3 --new-secret new -o OUT",
        "--output",
        "",
    ),
    (
        "network encrypt IN1 --graph IN2 --table IN3 --input IN3 --secret IN2 -o DIR",
        "--output",
        "sample000000.input",
    ),
    (
        "network inference IN1 --graph IN2 --table IN3 --input IN3 -o DIR",
        "--output",
        "program.json",
    ),
    (
        "network run IN1 --graph IN2 --table IN3 --keys IN2 --encrypted IN3 -o DIR",
        "--output",
        "in3.output",
    ),
    (
        "network run IN1 --graph IN2 --table IN3 --keys IN2 --encrypted IN3 -o new --checkpoint DIR",
        "--checkpoint",
        "in3.steps",
    ),
];

/// Commands without inputs, or whose option names a folder of their own.
const FREE: [(&str, &str); 11] = [
    ("generate", "--output"),
    ("family composite", "--output"),
    ("family minimax", "--output"),
    ("family chebyshev", "--output"),
    ("family hermite", "--output"),
    ("family clean", "--output"),
    ("family squaring", "--output"),
    ("family double-angle", "--output"),
    ("family newton", "--output"),
    ("family goldschmidt", "--output"),
    ("man", "--output"),
];

/// Every command and its output options, as its help has them.
fn writers(prefix: &[&str]) -> BTreeSet<(String, String)> {
    let help = polycert(&[prefix, &["--help"]].concat()).exits(0).out;
    let mut all = BTreeSet::new();
    let commands = help.split("\nCommands:\n").nth(1).unwrap_or("");
    let names = commands.lines().take_while(|l| !l.is_empty());
    for name in names.filter_map(|l| l.strip_prefix("  ")?.split(' ').next()) {
        if !name.is_empty() && name != "help" {
            all.extend(writers(&[prefix, &[name]].concat()));
        }
    }
    for line in help.lines().map(str::trim_start) {
        let words = line.split([' ', ',']).filter(|w| w.starts_with("--"));
        if let Some(option) = words.take(1).find(|w| OUTPUTS.contains(w)) {
            if line.starts_with('-') {
                all.insert((prefix.join(" "), option.to_owned()));
            }
        }
    }
    all
}

/// The command of a line: its leading words in small letters.
fn command(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let two = ["family", "network", "profile"].contains(&words[0]);
    words[..if two { 2 } else { 1 }].join(" ")
}

#[test]
fn every_command_that_writes_is_walked() {
    let lines = LINES
        .iter()
        .map(|(line, option, _)| (command(line), *option));
    let free = FREE
        .iter()
        .map(|(line, option)| ((*line).to_owned(), *option));
    let known: BTreeSet<(String, String)> =
        lines.chain(free).map(|(c, o)| (c, o.to_owned())).collect();
    let found = writers(&[]);
    assert!(found.len() >= 17, "{found:?}");
    for writer in &found {
        assert!(known.contains(writer), "{writer:?} is not walked below");
    }
}

/// Each input in turn is the output: by its own name, by a detour, by a symbolic link and by a hard link.
#[test]
fn no_output_is_an_input_by_whatever_name() {
    for (line, _, written) in LINES {
        // A catalogue without claims reads its folder alone.
        let alone = !line.contains("IN");
        let named = |i: &usize| line.contains(&format!("IN{i}")) || alone && *i == 1;
        let inputs = (1..=3).filter(named);
        for victim in inputs {
            let f = Folder::new();
            std::fs::create_dir(f.path("dir")).unwrap();
            let text = |i: usize| format!("precious {i}");
            for i in 1..=3 {
                f.file(&format!("in{i}"), text(i));
            }
            // The catalogue's inputs are the files of its folder.
            let catalogue = line.starts_with("catalogue");
            let name = if catalogue {
                "dir/x.json".to_owned()
            } else {
                format!("in{victim}")
            };
            if catalogue {
                f.file("dir/x.json", text(victim));
            }
            let victim_path = f.path(&name);
            let folder = line.contains("DIR") && !line.contains("OUT");
            if folder {
                let place = f.path(&format!("dir/{written}"));
                for kind in ["soft", "hard"] {
                    let _ = std::fs::remove_file(&place);
                    if kind == "soft" {
                        std::os::unix::fs::symlink(&victim_path, &place).unwrap();
                    } else {
                        std::fs::hard_link(&victim_path, &place).unwrap();
                    }
                    refused(&f, line, "", &victim_path, &text(victim));
                }
                continue;
            }
            std::os::unix::fs::symlink(&victim_path, f.path("soft")).unwrap();
            std::fs::hard_link(&victim_path, f.path("hard")).unwrap();
            for out in [
                f.at(&name),
                f.at(&format!("dir/../{name}")),
                f.at("soft"),
                f.at("hard"),
            ] {
                refused(&f, line, &out, &victim_path, &text(victim));
            }
        }
    }
}

#[track_caller]
fn refused(f: &Folder, line: &str, out: &str, victim: &std::path::Path, text: &str) {
    let words: Vec<String> = line
        .split(' ')
        .map(|w| match w {
            "OUT" => out.to_owned(),
            "DIR" => f.at("dir"),
            "new" => f.at("new"),
            _ => w
                .strip_prefix("IN")
                .map_or(w.to_owned(), |i| f.at(&format!("in{i}"))),
        })
        .collect();
    let said = polycert(&words).exits(2).err;
    assert!(
        said.contains("is an input of this command"),
        "{words:?}: {said}"
    );
    assert_eq!(read(victim), text, "{words:?}");
}

#[test]
fn two_outputs_are_two_files() {
    let f = Folder::new();
    let (out, same) = (f.at("out"), f.at("./out"));
    let line = [
        "search",
        "--alpha",
        "4",
        "--no-cache",
        "-o",
        &out,
        "--certificate",
        &same,
    ];
    let said = polycert(&line).exits(2).err;
    assert!(said.contains("two outputs"), "{said}");
    assert!(!f.path("out").exists());
}
