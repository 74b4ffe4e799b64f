//! Completions, manual pages, and the version.

use crate::support::program::{polycert, Folder};
use std::process::Command;

/// What bash completes after words, the last of them begun.
fn completed(folder: &Folder, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let script = format!(
        "source '{}'\nCOMP_WORDS=({}); COMP_CWORD={last}\n_polycert polycert '{}' ''\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        folder.at("polycert.bash"),
        words.iter().map(|w| format!("'{w}' ")).collect::<String>(),
        words[last]
    );
    let run = Command::new("bash").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let f = Folder::new();
    let script = polycert(&["completions", "bash"]).exits(0).out;
    std::fs::write(f.path("polycert.bash"), script).unwrap();
    assert_eq!(completed(&f, &["polycert", "cert"]), ["certify"]);
    let below = completed(&f, &["polycert", "network", "ra"]);
    assert_eq!(below, ["ranges"]);
    let options = completed(&f, &["polycert", "certify", "--ev"]);
    assert_eq!(options, ["--evaluation"]);
    let shells = completed(&f, &["polycert", "completions", ""]);
    for shell in ["bash", "zsh", "fish"] {
        assert!(shells.iter().any(|s| s == shell), "{shells:?}");
    }
}

#[test]
fn zsh_and_fish_have_scripts_of_their_own() {
    let zsh = polycert(&["completions", "zsh"]).exits(0).out;
    assert!(zsh.starts_with("#compdef polycert") && zsh.contains("--evaluation"));
    let fish = polycert(&["completions", "fish"]).exits(0).out;
    assert!(fish.contains("complete -c polycert") && fish.contains("-l evaluation"));
    assert!(polycert(&["completions", "csh"])
        .exits(2)
        .err
        .contains("zsh"));
}

/// As a page has it.
fn unescaped(page: &str) -> String {
    page.replace("\\-", "-")
        .replace("\\fB", "")
        .replace("\\fR", "")
        .replace("\\fI", "")
}

#[test]
fn every_command_has_a_page_with_its_options() {
    let f = Folder::new();
    polycert(&["man", "--output", &f.at("man")]).exits(0);
    let page = |name: &str| unescaped(&std::fs::read_to_string(f.path("man").join(name)).unwrap());
    let main = page("polycert.1");
    assert!(
        main.contains(".TH") && main.contains("polycert-certify(1)"),
        "{main}"
    );
    let mut options = 0;
    for (command, name) in [
        (&["certify"][..], "polycert-certify.1"),
        (&["plan"], "polycert-plan.1"),
        (&["network", "audit"], "polycert-network-audit.1"),
        (&["bootstrap"], "polycert-bootstrap.1"),
        (&["man"], "polycert-man.1"),
    ] {
        let text = page(name);
        let help = polycert(&[command, &["--help"]].concat()).exits(0).out;
        let lines = help.lines().map(str::trim_start);
        for line in lines.filter(|l| l.starts_with('-')) {
            // The long name, or else the short one.
            let mut names = line.split_whitespace().filter(|w| w.starts_with('-'));
            let name_of = names.next_back().unwrap_or_else(|| panic!("{line}"));
            assert!(text.contains(name_of), "{name} lacks {name_of}");
            options += 1;
        }
        assert!(text.contains(&command.join("-")), "{text}");
    }
    assert!(options > 60, "{options}");
    // Pages are made again; a file is no folder.
    polycert(&["man", "--output", &f.at("man")]).exits(0);
    std::fs::write(f.path("file"), "").unwrap();
    let refused = polycert(&["man", "--output", &f.at("file")]).exits(2);
    assert!(refused.err.contains("file"), "{}", refused.err);
}

#[test]
fn the_version_names_the_commit_of_releases_alone() {
    let said = polycert(&["--version"]).exits(0).out;
    assert_eq!(said, concat!("polycert ", env!("POLYCERT_VERSION"), "\n"));
    let names_one = said.contains('(');
    assert_eq!(names_one, !cfg!(debug_assertions), "{said}");
}
