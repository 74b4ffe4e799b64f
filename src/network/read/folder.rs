//! A network as a folder: `graph.json` (`polycert-graph/1`), and a file for each array.
//!
//! `NAME.txt` and `NAME.csv` hold numbers in text, in row-major order: separated by blanks or by commas, lines that are empty or
//! begin with `#` left out. `NAME.npy` holds an array of NumPy. Numbers are exact: one that is no f64 (or f32) is refused, unless
//! the graph says that such are meant as the nearest; then every answer says how many were rounded. Other files are not read.
//! Files are hostile: regular ones only, no links, and together no larger than a model may be.

use crate::arith::{npy, number};
use crate::error::{Error, Result};
use crate::files::{read_bytes, sha256};
use crate::network::model::graph::MAX_PARAMETERS;
use crate::network::read::description::{self, Files, Numbers};
use crate::network::read::load::{self, Loaded};
use crate::network::read::safetensors::{Array, Weights};
use rug::Rational;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The graph's file.
pub const GRAPH: &str = "graph.json";
/// Most entries of a folder.
const MAX_FILES: usize = 4_096;

/// Reads a network from a folder.
///
/// **Inputs** `graph`, the text of a description in place of the folder's own.
///
/// # Errors
/// What cannot be read or does not fit, naming file and line.
pub fn load(folder: &Path, graph: Option<&str>) -> Result<Loaded> {
    let mut listing = String::new();
    let own;
    let text = match graph {
        Some(text) => text,
        None => {
            let path = folder.join(GRAPH);
            regular(&path)?;
            let bytes = read_bytes(&path, description::MAX_BYTES)?;
            own = String::from_utf8(bytes)
                .map_err(|_| Error::parse("", "is not text in UTF-8").in_file(&path))?;
            &own
        }
    };
    let _ = writeln!(listing, "{GRAPH:?} {}", sha256(text.as_bytes()));
    let named = |e: Error| match graph {
        None => e.in_file(&folder.join(GRAPH)),
        Some(_) => e.in_file(folder),
    };
    let description = description::parse(text).map_err(named)?;
    let none = Files::default();
    let files = description.files().unwrap_or(&none);
    let known = |key: &&String| ["scale", "mean", "std", "channels"].contains(&key.as_str());
    if let Some(key) = files.preparation.keys().find(|key| !known(key)) {
        let detail = format!("{key:?} is not scale, mean, std or channels");
        return Err(named(Error::parse("files.preparation", detail)));
    }
    let mut weights = Weights::default();
    weights.metadata.clone_from(&files.preparation);
    let (mut bytes_left, mut numbers_left, mut rounded) = (load::MAX_BYTES, MAX_PARAMETERS, 0);
    for (name, path) in arrays(folder)? {
        if description.unused().contains(&name) {
            weights.integers.insert(name);
            continue;
        }
        regular(&path)?;
        let bytes = read_bytes(&path, bytes_left)?;
        bytes_left -= bytes.len();
        let _ = writeln!(
            listing,
            "{:?} {}",
            path.file_name().unwrap_or_default(),
            sha256(&bytes)
        );
        let read = match path.extension().is_some_and(|e| e == "npy") {
            true => npy::read(&bytes).map(of_npy),
            false => of_text(&bytes, files.numbers, numbers_left),
        };
        let stated = files.shapes.get(&name).map(Vec::as_slice);
        let read = read
            .and_then(|r| shaped(r, stated))
            .map_err(|e| e.in_file(&path))?;
        numbers_left = numbers_left
            .checked_sub(read.0.values.len())
            .ok_or_else(|| Error::unsupported(format!("more than {MAX_PARAMETERS} parameters")))?;
        rounded += read.1;
        weights.arrays.insert(name, read.0);
    }
    if let Some(name) = files
        .shapes
        .keys()
        .find(|n| !weights.arrays.contains_key(*n))
    {
        let detail = format!("files.shapes names {name:?}, of which there is no file");
        return Err(named(Error::parse("", detail)));
    }
    let (preprocessing, states_preprocessing) =
        load::preprocessing(&weights).map_err(|e| named(e.within("files.preparation")))?;
    let name = folder.canonicalize().ok();
    let name = name
        .as_deref()
        .and_then(Path::file_name)
        .unwrap_or_default();
    let network = description::build(
        &description,
        &weights,
        &name.to_string_lossy(),
        preprocessing,
    )
    .map_err(|e| e.in_file(folder))?;
    let total = MAX_PARAMETERS - numbers_left;
    let said = (rounded > 0).then(|| {
        let kind = files.numbers.word();
        format!("{rounded} of the {total} numbers of its arrays are no {kind}, and are read as the nearest one")
    });
    Ok(Loaded {
        network,
        sha256: sha256(listing.as_bytes()),
        said: said.into_iter().collect(),
        format: "folder",
        metadata: Vec::new(),
        states_preprocessing,
        channels_last: false,
    })
}

/// A pipe or a device would be waited for without end, and a link may lead anywhere.
fn regular(path: &Path) -> Result<()> {
    let kind = std::fs::symlink_metadata(path).map_err(|e| Error::io(path, &e))?;
    if kind.is_file() {
        return Ok(());
    }
    Err(Error::domain("is no regular file (links are not followed)").in_file(path))
}

/// The names of arrays and their files, sorted.
fn arrays(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let io = |e: std::io::Error| Error::io(folder, &e);
    let mut found = Vec::new();
    for (i, entry) in std::fs::read_dir(folder).map_err(io)?.enumerate() {
        if i >= MAX_FILES {
            let detail = format!("more than {MAX_FILES} files");
            return Err(Error::unsupported(detail).in_file(folder));
        }
        let path = entry.map_err(io)?.path();
        let end = path.extension().and_then(|e| e.to_str());
        if !matches!(end, Some("txt" | "csv" | "npy")) {
            continue;
        }
        let name = path.file_stem().and_then(|n| n.to_str()).map(str::to_owned);
        let name = name.ok_or_else(|| Error::parse("", "its name is no UTF-8").in_file(&path))?;
        found.push((name, path));
    }
    found.sort();
    if let Some(pair) = found.windows(2).find(|p| p[0].0 == p[1].0) {
        let (name, path) = &pair[1];
        let detail = format!("a second file of the array {name:?}");
        return Err(Error::parse("", detail).in_file(path));
    }
    Ok(found)
}

fn of_npy(array: npy::Array) -> (Array, usize) {
    let values = (0..array.values.len())
        .map(|i| array.values.get(i))
        .collect();
    let dims = array.dims;
    (Array { dims, values }, 0)
}

/// Numbers in text, and how many of them were rounded; a row or a column is a vector, several rows are a matrix, and other numbers
/// of them in each row are flat.
fn of_text(bytes: &[u8], numbers: Numbers, most: usize) -> Result<(Array, usize)> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::parse("", "is not text in UTF-8"))?;
    let (mut values, mut rounded) = (Vec::new(), 0);
    let (mut rows, mut wide, mut even) = (0, 0, true);
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let before = values.len();
        let mut take = |token: &str| -> Result<()> {
            let (v, near) = value(token, numbers).map_err(|e| {
                e.within(&format!(
                    "line {}, number {}",
                    i + 1,
                    values.len() - before + 1
                ))
            })?;
            rounded += usize::from(near);
            values.push(v);
            if values.len() > most {
                return Err(Error::unsupported(format!(
                    "more than {MAX_PARAMETERS} parameters"
                )));
            }
            Ok(())
        };
        match line.contains(',') {
            true => line.split(',').try_for_each(|t| take(t.trim()))?,
            false => line.split_whitespace().try_for_each(take)?,
        }
        let here = values.len() - before;
        even &= rows == 0 || here == wide;
        (rows, wide) = (rows + 1, here);
    }
    let dims = match even && rows > 1 && wide > 1 {
        true => vec![rows, wide],
        false => vec![values.len()],
    };
    Ok((Array { dims, values }, rounded))
}

/// A number, and whether it is only the nearest one.
fn value(token: &str, numbers: Numbers) -> Result<(f64, bool)> {
    let exact = number::parse(token)?;
    // Rounded toward 0, so itself where an f64 is.
    let own = exact.to_f64();
    let held = numbers != Numbers::F32 || f64::from(own as f32) == own;
    if held && Rational::from_f64(own).is_some_and(|v| v == exact) {
        return Ok((own, false));
    }
    let near = match numbers {
        Numbers::Exact => {
            return Err(Error::parse(
                "",
                format!(
                    "{token} is no f64; say how such numbers are meant, in the graph: \"files\": {{\"numbers\": \"f32\"}} or \
                     \"f64\", the nearest"
                ),
            ))
        }
        Numbers::F64 => token.parse::<f64>().ok(),
        Numbers::F32 => token.parse::<f32>().ok().map(f64::from),
    };
    match near {
        Some(v) if v.is_finite() => Ok((v, true)),
        Some(_) => Err(Error::parse(
            "",
            format!("{token} is beyond {}", numbers.word()),
        )),
        None => Err(Error::parse(
            "",
            format!(
                "{token} is no {}, and only decimals are rounded",
                numbers.word()
            ),
        )),
    }
}

/// The array with the dimensions that are stated.
fn shaped(
    (mut array, rounded): (Array, usize),
    stated: Option<&[usize]>,
) -> Result<(Array, usize)> {
    if let Some(dims) = stated {
        let n = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if n != Some(array.values.len()) {
            let have = array.values.len();
            return Err(Error::parse(
                "",
                format!("{have} numbers where files.shapes says {dims:?}"),
            ));
        }
        array.dims = dims.to_vec();
    }
    Ok((array, rounded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_refused_or_rounded_and_counted() {
        use Numbers::{Exact, F32, F64};
        for (token, numbers, found) in [
            ("0.5", Exact, Some((0.5, false))),
            ("-1e3", Exact, Some((-1000.0, false))),
            ("3/8", Exact, Some((0.375, false))),
            ("0x1.8p-3", F32, Some((0.1875, false))),
            ("0.1", Exact, None),
            ("0.1", F64, Some((0.1, true))),
            ("0.1", F32, Some((f64::from(0.1f32), true))),
            // The shortest decimals of the f64 that an f32 is.
            ("0.10000000149011612", F64, Some((f64::from(0.1f32), true))),
            ("0.10000000149011612", F32, Some((f64::from(0.1f32), true))),
            // An f64, but no f32.
            ("1*2^-30", F32, Some((2f64.powi(-30), false))),
            ("4294967297", F64, Some((4_294_967_297.0, false))),
            ("4294967297", F32, Some((4_294_967_296.0, true))),
            ("1/3", F64, None),
            ("1e39", F32, None),
            ("1e39", F64, Some((1e39, true))),
            ("1e400", F64, None),
            ("nan", F64, None),
            ("inf", F32, None),
            ("", F64, None),
            ("1 2", F64, None),
        ] {
            assert_eq!(value(token, numbers).ok(), found, "{token} {numbers:?}");
        }
    }

    #[test]
    fn text_has_rows() {
        let read = |text: &str| of_text(text.as_bytes(), Numbers::Exact, 100);
        let dims = |text: &str| read(text).unwrap().0.dims;
        assert_eq!(dims("# three\n1 2 3\n\n4 5 6\n"), [2, 3]);
        assert_eq!(dims("1,2, 3\n"), [3]);
        assert_eq!(dims("1\n2\n3"), [3]);
        assert_eq!(dims("1 2\n3"), [3]);
        assert_eq!(dims(""), [0]);
        for (text, said) in [
            ("1 2\n3 x", "line 2, number 2"),
            ("1,,2", "line 1, number 2"),
            ("1;2", "line 1, number 1"),
            ("0.1", "0.1 is no f64; say how"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
        assert!(of_text(b"1 2 3", Numbers::Exact, 2).is_err());
        assert!(of_text(b"\xff", Numbers::Exact, 2).is_err());
    }
}
