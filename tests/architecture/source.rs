//! Rust source as text: what is code, what a file names, which file that is.
//!
//! No parser: comments and literals are cut out, then `use` trees and qualified paths are read. What this reader does
//! not follow (globs, `use .. as` of modules, macros that name paths) is refused by `hidden_edges`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The text without comments, string and character literals, so that only code is left.
pub fn code(text: &str) -> String {
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
                // A line's end inside a text stays one, so that lines can be counted.
                if c[i] == '\n' || c[i] == '\\' && c.get(i + 1) == Some(&'\n') {
                    out.push_str("\"\"\n");
                }
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

/// Code before and after the place where the tests begin; they are the last item of a file.
pub fn split_tests<'a>(code: &'a str, file: &Path) -> (&'a str, &'a str) {
    let Some((shipped, rest)) = code.split_once("#[cfg(test)]\n") else {
        return (code, "");
    };
    let (attributes, tests) = rest
        .split_once("mod tests {")
        .unwrap_or_else(|| panic!("{}: cfg(test) that is no module `tests`", file.display()));
    let only_attributes = attributes
        .lines()
        .all(|l| l.trim().is_empty() || l.starts_with("#[allow(") || l.starts_with("pub"));
    assert!(only_attributes, "{}: {attributes}", file.display());
    let mut depth = 1i32;
    let end = tests.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    let after = tests[end.unwrap()..].trim_start_matches('}').trim();
    assert_eq!(after, "", "{} goes on after its tests", file.display());
    (shipped, rest)
}

/// Lines that hold code: no tests, comments or blanks.
pub fn lines_of_code(shipped: &str) -> usize {
    shipped.lines().filter(|l| !l.trim().is_empty()).count()
}

/// Identifiers and paths as words: `crate::poly::Table` gives `crate::poly::Table`. The stem of a `use` tree
/// (`crate::poly::{`) is none: its branches are read by [`uses`].
pub fn paths(code: &str) -> Vec<String> {
    let joined: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let joined = joined
        .replace(" :: ", "::")
        .replace(":: ", "::")
        .replace(" ::", "::");
    joined
        .split(|ch: char| !(ch.is_alphanumeric() || ch == '_' || ch == ':'))
        .filter(|w| !w.is_empty() && !w.ends_with("::"))
        .map(|w| w.trim_matches(':').to_owned())
        .collect()
}

/// The paths of all `use` declarations, braces written out, and whether each is public.
pub fn uses(code: &str) -> Vec<(bool, Vec<String>)> {
    let joined: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    let mut rest = joined.as_str();
    while let Some(i) = rest.find("use ") {
        let before = &rest[..i];
        let own_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let public = before.trim_end().ends_with("pub")
            || before
                .trim_end()
                .rsplit_once("pub(")
                .is_some_and(|(_, w)| w.find(')') == Some(w.len() - 1));
        rest = &rest[i + 4..];
        if own_word {
            if let Some((tree, after)) = rest.split_once(';') {
                let mut flat = Vec::new();
                flatten(&tree.replace(' ', "\u{1}"), &[], &mut flat);
                found.extend(flat.into_iter().map(|p| (public, p)));
                rest = after;
            }
        }
    }
    found
}

fn flatten(tree: &str, prefix: &[String], out: &mut Vec<Vec<String>>) {
    let tree = tree.trim_matches('\u{1}');
    let segments = |s: &str| -> Vec<String> {
        s.split("::")
            .map(|p| p.trim_matches('\u{1}').to_owned())
            .filter(|p| !p.is_empty())
            .collect()
    };
    let Some(open) = tree.find('{') else {
        let name = tree.split("\u{1}as\u{1}").next().unwrap_or(tree);
        let mut path = prefix.to_vec();
        path.extend(
            segments(name)
                .into_iter()
                .filter(|s| s != "self" || prefix.is_empty()),
        );
        return out.push(path);
    };
    let mut head = prefix.to_vec();
    head.extend(segments(&tree[..open]));
    let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let (mut depth, mut start) = (0, 0);
    for (i, ch) in inner.char_indices().chain([(inner.len(), ',')]) {
        depth += i32::from(ch == '{') - i32::from(ch == '}');
        if ch == ',' && depth == 0 {
            if !inner[start..i].trim_matches('\u{1}').is_empty() {
                flatten(&inner[start..i], &head, out);
            }
            start = i + 1;
        }
    }
}

/// One source file.
pub struct Source {
    /// Below the crate's `src`.
    pub file: PathBuf,
    /// Its module path; empty for `lib.rs`.
    pub module: Vec<String>,
    /// Code without tests.
    pub shipped: String,
    /// Code of the tests.
    pub tests: String,
}

/// A crate: its files, by module path.
pub struct Crate {
    pub name: &'static str,
    pub files: BTreeMap<Vec<String>, Source>,
    /// What a module hands on by `pub use`: (module, name) -> path.
    handed_on: BTreeMap<(Vec<String>, String), Vec<String>>,
}

impl Crate {
    /// Reads every file below `src`, but for the folders `skip`.
    pub fn read(name: &'static str, src: &Path, skip: &[&str]) -> Self {
        let mut files = BTreeMap::new();
        for path in sources(src) {
            let file = path.strip_prefix(src).unwrap().to_owned();
            if skip.iter().any(|s| file.starts_with(s)) || file.ends_with("main.rs") {
                continue;
            }
            let mut module: Vec<String> = file
                .with_extension("")
                .iter()
                .map(|p| p.to_string_lossy().into_owned())
                .collect();
            if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
                module.pop();
            }
            let text = code(&std::fs::read_to_string(&path).unwrap());
            let (shipped, tests) = split_tests(&text, &file);
            let source = Source {
                file,
                module: module.clone(),
                shipped: shipped.to_owned(),
                tests: tests.to_owned(),
            };
            files.insert(module, source);
        }
        let mut handed_on = BTreeMap::new();
        for (module, source) in &files {
            for (public, path) in uses(&source.shipped) {
                if public {
                    let name = path.last().unwrap().clone();
                    handed_on.insert((module.clone(), name), path);
                }
            }
        }
        Self {
            name,
            files,
            handed_on,
        }
    }

    /// The path from the crate's root of a path that a module names, if it leads into this crate.
    fn absolute(&self, path: &[String], module: &[String]) -> Option<Vec<String>> {
        let first = path.first()?.as_str();
        match first {
            "crate" => Some(path[1..].to_vec()),
            _ if first == self.name => Some(path[1..].to_vec()),
            "self" => Some([module, &path[1..]].concat()),
            "super" => {
                let ups = path.iter().take_while(|p| *p == "super").count();
                let kept = module.len().checked_sub(ups)?;
                Some([&module[..kept], &path[ups..]].concat())
            }
            // A child module, or an item that it hands on.
            _ => {
                let child = [module, &path[..1]].concat();
                (path.len() > 1 && self.files.contains_key(&child)).then(|| [module, path].concat())
            }
        }
    }

    /// The file that defines what a path from the root names; re-exports are followed.
    fn defining(&self, path: &[String], hops: usize) -> Vec<String> {
        let longest = (0..=path.len())
            .rev()
            .find(|n| self.files.contains_key(&path[..*n]))
            .unwrap_or(0);
        let module = path[..longest].to_vec();
        if let Some(item) = path.get(longest) {
            if let Some(target) = self.handed_on.get(&(module.clone(), item.clone())) {
                if let Some(next) = self.absolute(target, &module) {
                    if hops < 8 && next != path {
                        return self.defining(&next, hops + 1);
                    }
                }
            }
        }
        module
    }

    /// The paths from the root that a file names; with `tests` also those of its tests.
    fn named(&self, source: &Source, tests: bool) -> Vec<Vec<String>> {
        let in_tests = [source.module.as_slice(), &["tests".to_owned()]].concat();
        let mut parts = vec![(&source.shipped, &source.module)];
        if tests {
            parts.push((&source.tests, &in_tests));
        }
        let mut found = Vec::new();
        for (text, module) in parts {
            // `pub use` hands on; the user of what is handed on has the edge.
            let named = uses(text).into_iter().filter(|(public, _)| !public);
            let qualified = paths(text)
                .into_iter()
                .map(|p| p.split("::").map(str::to_owned).collect::<Vec<_>>())
                .filter(|p| p.len() > 1);
            let all = named.map(|(_, p)| p).chain(qualified);
            found.extend(all.filter_map(|path| self.absolute(&path, module)));
        }
        found
    }

    /// The modules whose items a file uses; with `tests` also those of its tests.
    pub fn used_by(&self, source: &Source, tests: bool) -> BTreeSet<Vec<String>> {
        let mut found: BTreeSet<Vec<String>> = self
            .named(source, tests)
            .iter()
            .map(|path| self.defining(path, 0))
            .collect();
        found.remove(&source.module);
        found
    }

    /// The rooms that a file names itself, whatever they hand on.
    pub fn rooms_named(&self, source: &Source) -> BTreeSet<String> {
        self.named(source, true)
            .into_iter()
            .filter_map(|path| path.into_iter().next())
            .collect()
    }
}

/// Every Rust file below a folder.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|n| n != "target") {
                found.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
