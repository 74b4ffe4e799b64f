//! The error curves kept on disk: fitting them takes 4 s up to degree 63, reading them some milliseconds.
//!
//! One file for all: `me-tables-1.txt` in the folder of `--cache`, of `POLYCERT_CACHE`, of
//! `$XDG_CACHE_HOME/polycert` or of `~/.cache/polycert`. What is in it is never trusted with more than the
//! choice of degrees (every design is proved); still a file that is altered, cut off or of another version
//! is made again, and said so. Without a folder, or where it cannot be written, the curves are made each time.

use crate::approx::search::me_table;
use crate::approx::search::me_table::Curve;
use crate::approx::search::Search;
use crate::cli::note;
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::files::write_atomically;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// File name; its number is that of the text's format.
const FILE: &str = "me-tables-1.txt";
/// Largest file that is read: the curves up to degree 63 take 190 kB.
const MAX_BYTES: usize = 1 << 20;

/// Where the curves are kept; none to keep them nowhere.
pub(super) fn folder(option: Option<&PathBuf>, none: bool) -> Option<PathBuf> {
    if none {
        return None;
    }
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    // The XDG directory specification has relative paths ignored.
    let absolute = |name: &str| set(name).filter(|p| p.is_absolute());
    option
        .cloned()
        .or_else(|| set("POLYCERT_CACHE"))
        .or_else(|| absolute("XDG_CACHE_HOME").map(|p| p.join("polycert")))
        .or_else(|| absolute("HOME").map(|p| p.join(".cache/polycert")))
}

/// A search up to a degree, from kept curves or from new ones, which are kept.
///
/// # Errors
/// A fit that fails. Trouble with the file is only noted.
pub(super) fn search(max_degree: usize, folder: Option<&Path>) -> Result<Search> {
    Search::check_degree(max_degree).map_err(|e| crate::cli::search::domain(&e))?;
    let count = (max_degree - 1) / 2;
    let file = folder.map(|f| f.join(FILE));
    if let Some(mut curves) = file.as_deref().and_then(load) {
        if curves.len() >= count {
            curves.truncate(count);
            return Ok(Search::from_curves(curves));
        }
    }
    let curves = fit(max_degree)?;
    if let Some(file) = &file {
        if let Err(e) = store(file, &curves) {
            note(&format!("note: the error curves are not kept: {e}"));
        }
    }
    Ok(Search::from_curves(curves))
}

fn load(file: &Path) -> Option<Vec<Curve>> {
    if !file.exists() {
        return None;
    }
    let curves = read_text(file, MAX_BYTES)
        .and_then(|text| me_table::from_text(&text).map_err(|e| Error::parse("", e).in_file(file)));
    match curves {
        Ok(curves) => Some(curves),
        Err(e) => {
            note(&format!("note: kept error curves are made again: {e}"));
            None
        }
    }
}

fn fit(max_degree: usize) -> Result<Vec<Curve>> {
    let mut line = Line::new();
    let mut progress = |share: f64| {
        line.show(
            &format!("progress: error curves {:3.0} %", 100.0 * share),
            share >= 1.0,
        );
    };
    me_table::curves(max_degree, &mut progress).map_err(|e| crate::cli::search::domain(&e))
}

fn store(file: &Path, curves: &[Curve]) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    }
    write_atomically(file, &me_table::to_text(curves))
}

/// A line of progress on standard error: one that moves on a terminal, else one every two seconds.
pub(super) struct Line {
    moving: bool,
    last: std::time::Instant,
    shown: bool,
}

impl Line {
    pub fn new() -> Self {
        Self {
            moving: std::io::stderr().is_terminal(),
            last: std::time::Instant::now(),
            shown: false,
        }
    }

    /// Shows a text, if the last one is some time ago; the last of all ends the line.
    pub fn show(&mut self, text: &str, end: bool) {
        use std::io::Write as _;
        let wait = if self.moving { 200 } else { 2000 };
        let due = self.last.elapsed().as_millis() >= wait;
        if !(due || end && self.shown) {
            return;
        }
        self.last = std::time::Instant::now();
        self.shown = true;
        let (start, stop) = match (self.moving, end) {
            (true, false) => ("\r", ""),
            (true, true) => ("\r", "\n"),
            (false, _) => ("", "\n"),
        };
        let _ = write!(std::io::stderr(), "{start}{text}{stop}");
    }
}
