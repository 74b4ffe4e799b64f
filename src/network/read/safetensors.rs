//! Reading safetensors: weights by name, and the text entries of the header.

use crate::arith::bytes::{bfloat16, binary16, words};
use crate::error::{Error, Result};
use crate::network::model::graph::MAX_PARAMETERS;
use ::safetensors::{Dtype, SafeTensors};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 512 << 20;

/// One array of exact numbers.
#[derive(Debug, Clone)]
pub struct Array {
    /// Its dimensions.
    pub dims: Vec<usize>,
    /// Its elements, row-major.
    pub values: Vec<f64>,
}

/// The content of a file.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    /// Arrays by name.
    pub arrays: BTreeMap<String, Array>,
    /// Names of integer arrays, which are not read.
    pub integers: BTreeSet<String>,
    /// `__metadata__` of the header.
    pub metadata: HashMap<String, String>,
    /// Names that were asked for.
    used: RefCell<BTreeSet<String>>,
}

/// Reads every array of float type F32, F64, F16 or BF16 exactly; of integer arrays (counters) the names are kept.
///
/// # Errors
/// A file that is not safetensors, too large, or an array of a float type that is not read.
pub fn read(bytes: &[u8]) -> Result<Weights> {
    let bad = |e: String| Error::parse("", format!("not a safetensors file: {e}"));
    if bytes.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", bytes.len());
        return Err(Error::parse("", detail));
    }
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| bad(e.to_string()))?;
    let file = SafeTensors::deserialize(bytes).map_err(|e| bad(e.to_string()))?;
    let mut weights = Weights {
        metadata: header.metadata().clone().unwrap_or_default(),
        ..Weights::default()
    };
    let mut total = 0usize;
    for (name, view) in file.tensors() {
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => words(data, |b: [u8; 4]| f64::from(f32::from_le_bytes(b))),
            Dtype::F64 => words(data, f64::from_le_bytes),
            Dtype::BF16 => words(data, |b| bfloat16(u16::from_le_bytes(b))),
            Dtype::F16 => words(data, |b| binary16(u16::from_le_bytes(b))),
            Dtype::I64 | Dtype::I32 | Dtype::I16 | Dtype::I8 | Dtype::U8 | Dtype::BOOL => {
                weights.integers.insert(name);
                continue;
            }
            other => {
                return Err(Error::parse(
                    format!("tensor {name:?}"),
                    format!("element type {other:?}; read are F64, F32, F16 and BF16"),
                ))
            }
        };
        total = total.saturating_add(values.len());
        if total > MAX_PARAMETERS {
            return Err(Error::unsupported(format!(
                "more than {MAX_PARAMETERS} parameters"
            )));
        }
        let dims = view.shape().to_vec();
        weights.arrays.insert(name, Array { dims, values });
    }
    Ok(weights)
}

impl Weights {
    /// The array of a name.
    ///
    /// # Errors
    /// There is none, naming those that are near.
    pub fn get(&self, name: &str) -> Result<&Array> {
        self.used.borrow_mut().insert(name.to_owned());
        self.arrays.get(name).ok_or_else(|| {
            let stem = name.split('.').next().unwrap_or("");
            let near: Vec<&str> = self
                .arrays
                .keys()
                .filter(|k| k.starts_with(stem))
                .take(8)
                .map(String::as_str)
                .collect();
            let detail = if near.is_empty() {
                let all: Vec<&str> = self.arrays.keys().take(8).map(String::as_str).collect();
                format!("no such tensor; the file has {}", all.join(", "))
            } else {
                format!("no such tensor; the file has {}", near.join(", "))
            };
            Error::parse(format!("tensor {name:?}"), detail)
        })
    }

    /// Nothing in the file is ignored: a network that leaves a tensor out is another network than the file's.
    ///
    /// `allowed` are names that somebody stated to be left out. Batch norm's counters (`num_batches_tracked`) take no
    /// part in inference.
    ///
    /// # Errors
    /// The tensors that were not asked for; a stated name that the file does not have, or that is used.
    pub fn all_used(&self, allowed: &[String]) -> Result<()> {
        let used = self.used.borrow();
        for name in allowed {
            let there = self.arrays.contains_key(name) || self.integers.contains(name);
            if !there || used.contains(name) {
                let why = if there {
                    "is used by a layer"
                } else {
                    "is not in the file"
                };
                return Err(Error::parse(format!("graph.unused, tensor {name:?}"), why));
            }
        }
        let counter = |name: &&String| name.ends_with("num_batches_tracked");
        let integers = self.integers.iter().filter(|n| !counter(n));
        let left: Vec<&String> = self
            .arrays
            .keys()
            .chain(integers)
            .filter(|n| !used.contains(*n) && !allowed.contains(n))
            .collect();
        let Some(first) = left.first() else {
            return Ok(());
        };
        let more = match left.len() - 1 {
            0 => String::new(),
            n => format!(
                " (and {n} more: {})",
                left.iter()
                    .skip(1)
                    .take(6)
                    .map(|s| s.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        Err(Error::parse(
            format!("tensor {first:?}"),
            format!("is not used by the network that was recognised{more}: its architecture is another one. Describe the graph with --graph (polycert-graph/1), and list in \"unused\" what it is to leave out"),
        ))
    }

    /// The elements of a vector.
    ///
    /// # Errors
    /// There is none of the name.
    pub fn vector(&self, name: &str) -> Result<Vec<f64>> {
        self.get(name).map(|a| a.values.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_is_no_file() {
        for junk in [&b""[..], b"12345678", &[255; 40], b"\x02\0\0\0\0\0\0\0{}x"] {
            let error = read(junk).unwrap_err().to_string();
            assert!(error.starts_with("not a safetensors file"), "{error}");
        }
    }
}
