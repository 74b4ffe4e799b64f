//! The error curves kept on disk: fitting them takes 4 s up to degree 63, reading them some milliseconds.
//!
//! One file for all: `me-tables-1.txt` in the folder that is asked for, or that of `POLYCERT_CACHE`, of
//! `$XDG_CACHE_HOME/polycert` or of `~/.cache/polycert`. What is in it is never trusted with more than the
//! choice of degrees (every design is proved); still a file that is altered, cut off or of another version
//! is made again, and said so. Without a folder, or where it cannot be written, the curves are made each time.

use crate::approx::search::me_table;
use crate::approx::search::me_table::Curve;
use crate::approx::search::Search;
use crate::approx::ApproxError;
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::files::write_atomically;
use std::path::{Path, PathBuf};

/// File name; its number is that of the text's format.
const FILE: &str = "me-tables-1.txt";
/// Largest file that is read: the curves up to degree 63 take 190 kB.
const MAX_BYTES: usize = 1 << 20;

/// Where the curves are kept if nothing else is said: `POLYCERT_CACHE`, else the user's cache folder.
pub fn folder() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    // The XDG directory specification has relative paths ignored.
    let absolute = |name: &str| set(name).filter(|p| p.is_absolute());
    set("POLYCERT_CACHE")
        .or_else(|| absolute("XDG_CACHE_HOME").map(|p| p.join("polycert")))
        .or_else(|| absolute("HOME").map(|p| p.join(".cache/polycert")))
}

/// The file in such a folder that they are kept in.
pub fn cache_file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// A search up to a degree, from kept curves or from new ones, which are kept.
///
/// # Errors
/// A fit that fails. Trouble with the file is only noted.
pub(in crate::jobs) fn search(
    max_degree: usize,
    folder: Option<&Path>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Search> {
    Search::check_degree(max_degree).map_err(|e| domain(&e))?;
    let count = (max_degree - 1) / 2;
    let file = folder.map(cache_file);
    if let Some(mut curves) = file.as_deref().and_then(|f| load(f, progress)) {
        if curves.len() >= count {
            curves.truncate(count);
            return Ok(Search::from_curves(curves));
        }
    }
    let mut share = |share: f64| progress(Progress::Curves { share });
    let curves = me_table::curves(max_degree, &mut share).map_err(|e| domain(&e))?;
    if let Some(file) = &file {
        if let Err(e) = store(file, &curves) {
            let words = format!("the error curves are not kept: {e}");
            progress(Progress::Note(words));
        }
    }
    Ok(Search::from_curves(curves))
}

fn load(file: &Path, progress: &mut dyn FnMut(Progress)) -> Option<Vec<Curve>> {
    if !file.exists() {
        return None;
    }
    let curves = read_text(file, MAX_BYTES)
        .and_then(|text| me_table::from_text(&text).map_err(|e| Error::parse("", e).in_file(file)));
    match curves {
        Ok(curves) => Some(curves),
        Err(e) => {
            progress(Progress::Note(format!(
                "kept error curves are made again: {e}"
            )));
            None
        }
    }
}

fn store(file: &Path, curves: &[Curve]) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    }
    write_atomically(file, &me_table::to_text(curves))
}

/// What the work on a search is at.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Error curves are fitted: the share that is done.
    Curves {
        /// From 0 to 1.
        share: f64,
    },
    /// Designs are looked for. *Estimate*: the share.
    Designs {
        /// From 0 to 1.
        share: f64,
        /// The depth that is reached, in levels.
        depth: usize,
        /// Partial designs so far.
        partial: usize,
        /// Designs found so far.
        found: usize,
    },
    /// One front of designs is complete.
    Front,
    /// Something that a user should be told.
    Note(String),
}

/// The search's error as one of the library.
pub(in crate::jobs) fn domain(error: &ApproxError) -> Error {
    Error::domain(error.to_string())
}
