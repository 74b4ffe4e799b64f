//! README and guide: pages are short and listed, and every link leads somewhere.

use crate::guide::{blocks, root, PAGES};
use crate::support::program::read;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Most bytes of the README, and of a page.
const README_BYTES: usize = 8_000;
const PAGE_BYTES: usize = 14_336;

#[test]
fn every_page_is_short_listed_and_tested() {
    let modules = read(root().join("src/guide/mod.rs"));
    let listed = modules.split("pages! {").nth(1).unwrap();
    let listed: BTreeSet<&str> = listed
        .split(['}', ' ', '\n'])
        .filter(|w| !w.is_empty())
        .collect();
    let readme = read(root().join("README.md"));
    assert!(
        readme.len() <= README_BYTES,
        "README.md: {} bytes",
        readme.len()
    );
    let mut found = 0;
    for entry in std::fs::read_dir(root().join("src/guide")).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.to_str().unwrap().strip_suffix(".md") else {
            continue;
        };
        let name = name.rsplit('/').next().unwrap();
        let file = format!("src/guide/{name}.md");
        let bytes = read(&path).len();
        assert!(bytes <= PAGE_BYTES, "{file}: {bytes} bytes");
        assert!(listed.contains(name), "{file} is not in src/guide/mod.rs");
        assert!(PAGES.contains(&file.as_str()), "{file} is not tested");
        assert!(
            readme.contains(&format!("]({file})")),
            "{file} is not in README.md"
        );
        found += 1;
    }
    assert_eq!(found, listed.len());
}

/// Headings of a page as a forge names them in addresses.
fn anchors(page: &str) -> BTreeSet<String> {
    let prose = blocks(page).1;
    let headings = prose.lines().filter_map(|l| {
        l.trim_start_matches('#')
            .strip_prefix(' ')
            .filter(|_| l.starts_with('#'))
    });
    let anchor = |heading: &str| {
        let kept = heading.trim().to_lowercase().replace(' ', "-");
        kept.chars()
            .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
            .collect()
    };
    headings.map(anchor).collect()
}

/// Where the links of a page lead.
fn links(page: &str) -> Vec<String> {
    let prose = blocks(page).1;
    // What is written as code is no link.
    let prose: String = prose.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let ends = prose.split("](").skip(1);
    ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let contracts = [
        "FORMAT",
        "EVALUATION",
        "NETWORK",
        "PLAN",
        "INFERENCE",
        "README",
    ];
    let contracts = contracts.map(|name| format!("certificates/{name}.md"));
    let others = ["CHANGELOG.md", "src/python/README.md"];
    let pages = PAGES
        .iter()
        .copied()
        .chain(contracts.iter().map(String::as_str))
        .chain(others);
    let mut count = 0;
    for path in pages {
        let page = read(root().join(path));
        for link in links(&page) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target: PathBuf = if file.is_empty() {
                root().join(path)
            } else {
                root().join(path).parent().unwrap().join(file)
            };
            assert!(target.exists(), "{path}: {link} leads nowhere");
            assert!(
                anchor.is_empty() || anchors(&read(&target)).contains(anchor),
                "{path}: {link}: no such heading among {:?}",
                anchors(&read(&target))
            );
            count += 1;
        }
    }
    assert!(count > 60, "{count} links");
}

#[test]
fn links_and_headings_are_found_outside_of_code() {
    assert_eq!(links("[a](b.md) `[c](d)` [e](f#g)"), ["b.md", "f#g"]);
    assert!(anchors("# A b, `c`!\n```sh\n# no\n```\n").contains("a-b-c"));
}
