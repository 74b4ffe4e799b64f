//! Rooms, edges between them, circles of files.

use super::source::{lines_of_code, Crate, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A folder or file at the root of a crate, or below a folder.
pub struct Room {
    /// Its name; of a file without `.rs`.
    pub name: &'static str,
    /// Its own rooms, if their order is held.
    pub rooms: &'static [Room],
}

/// Rooms in order: each may use those before it.
pub struct Rules {
    pub rooms: &'static [Room],
    /// (room, rooms that may use it): for everybody else it is closed.
    pub closed: &'static [(&'static str, &'static [&'static str])],
}

impl Rules {
    /// What breaks the rules, sentence by sentence; and the edges between rooms, with the files that make them.
    pub fn judge(&self, all: &Crate) -> (Vec<String>, BTreeMap<(String, String), usize>) {
        let (mut wrong, mut edges) = (Vec::new(), BTreeMap::new());
        for source in all.files.values().filter(|s| !s.module.is_empty()) {
            let from = &source.module;
            if place(self.rooms, &from[0]).is_none() {
                wrong.push(format!("{} is in no room", source.file.display()));
                continue;
            }
            for named in all.rooms_named(source) {
                // What a room hands on is open to who may use that room.
                let closed = self.closed.iter().find(|(room, _)| *room == named);
                if named != from[0]
                    && closed.is_some_and(|(_, open)| !open.contains(&from[0].as_str()))
                {
                    wrong.push(format!(
                        "{} names {named}, which is closed to it",
                        source.file.display()
                    ));
                }
            }
            let shipped = all.used_by(source, false);
            for to in all.used_by(source, true) {
                let Some(first) = to.first() else {
                    wrong.push(format!("{} uses an item of lib.rs", source.file.display()));
                    continue;
                };
                let sentence = format!("{} uses {}", source.file.display(), to.join("::"));
                if from[0] != *first {
                    *edges.entry((from[0].clone(), first.clone())).or_insert(0) += 1;
                }
                // Within a room, tests may look ahead.
                if from[0] == *first && !shipped.contains(&to) {
                    continue;
                }
                if !ordered(self.rooms, from, &to) {
                    wrong.push(format!("{sentence}, which comes after it"));
                }
            }
        }
        (wrong, edges)
    }
}

fn place(rooms: &[Room], name: &str) -> Option<usize> {
    rooms.iter().position(|r| r.name == name)
}

/// Whether a module may name another by the order of their rooms.
fn ordered(rooms: &[Room], from: &[String], to: &[String]) -> bool {
    let (Some(f), Some(t)) = (from.first(), to.first()) else {
        // A folder's own file stands with its rooms: it may use them all, and they may use it.
        return true;
    };
    if f == t {
        let inner = place(rooms, f).map_or(&[][..], |i| rooms[i].rooms);
        return inner.is_empty() || ordered(inner, &from[1..], &to[1..]);
    }
    match (place(rooms, f), place(rooms, t)) {
        (Some(f), Some(t)) => t < f,
        // Files of a folder that are in none of its rooms.
        _ => false,
    }
}

/// The files that files use, tests left out.
pub fn imports(all: &Crate) -> BTreeMap<&[String], BTreeSet<Vec<String>>> {
    all.files
        .iter()
        .map(|(module, source)| (module.as_slice(), all.used_by(source, false)))
        .collect()
}

/// A circle of imports between files, if there is one: each uses the next, the last the first.
pub fn circle(all: &Crate) -> Option<Vec<String>> {
    let imports = imports(all);
    let (mut done, mut path) = (BTreeSet::new(), Vec::new());
    let name = |m: &[String]| all.files[m].file.display().to_string();
    imports.keys().find_map(|start| {
        walk(start, &imports, &mut done, &mut path)
            .map(|circle| circle.iter().map(|m| name(m)).collect())
    })
}

fn walk<'a>(
    at: &'a [String],
    imports: &'a BTreeMap<&'a [String], BTreeSet<Vec<String>>>,
    done: &mut BTreeSet<&'a [String]>,
    path: &mut Vec<&'a [String]>,
) -> Option<Vec<&'a [String]>> {
    if let Some(i) = path.iter().position(|m| *m == at) {
        return Some(path[i..].to_vec());
    }
    if !done.contains(at) {
        path.push(at);
        for next in &imports[at] {
            let found = walk(next, imports, done, path);
            if found.is_some() {
                return found;
            }
        }
        path.pop();
        done.insert(at);
    }
    None
}

/// The rooms, how many lines of code each has (no tests, comments, blanks) and which rooms it uses.
pub fn table(all: &Crate, rules: &Rules, edges: &BTreeMap<(String, String), usize>) -> String {
    let mut text = String::new();
    let lines = |named: &dyn Fn(&Source) -> bool| -> (usize, usize) {
        let own = all.files.values().filter(|s| named(s));
        own.fold((0, 0), |(n, l), s| (n + 1, l + lines_of_code(&s.shipped)))
    };
    let _ = writeln!(text, "{}: files, lines of code, uses", all.name);
    for room in rules.rooms {
        let (files, count) = lines(&|s| s.module.first().is_some_and(|m| m == room.name));
        let used: Vec<&str> = edges
            .keys()
            .filter(|(from, _)| from == room.name)
            .map(|(_, to)| to.as_str())
            .collect();
        let _ = writeln!(
            text,
            "  {:<12} {files:>3} {count:>6}  {}",
            room.name,
            used.join(" ")
        );
        for inner in room.rooms {
            let (files, count) = lines(&|s| {
                s.module.len() > 1 && s.module[0] == room.name && s.module[1] == inner.name
            });
            let _ = writeln!(text, "    {:<10} {files:>3} {count:>6}", inner.name);
        }
    }
    text
}

/// Past the test harness, which keeps what a passing test prints.
pub fn print(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
