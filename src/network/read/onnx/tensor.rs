//! Constants of an ONNX file as exact numbers.

use crate::error::{Error, Result};
use crate::network::model::graph::MAX_PARAMETERS;
use crate::network::read::onnx::messages::Tensor;

const FLOAT: i32 = 1;
const BOOL: i32 = 9;
const INT32: i32 = 6;
const INT64: i32 = 7;
const DOUBLE: i32 = 11;

/// A constant: floats as f64 (exactly), or integers.
#[derive(Debug, Clone)]
pub struct Constant {
    pub dims: Vec<usize>,
    pub floats: Vec<f64>,
    pub ints: Vec<i64>,
}

impl Constant {
    /// A constant of floats.
    pub fn floats(dims: Vec<usize>, floats: Vec<f64>) -> Self {
        Self {
            dims,
            floats,
            ints: vec![],
        }
    }

    /// A constant of integers.
    pub fn ints(dims: Vec<usize>, ints: Vec<i64>) -> Self {
        Self {
            dims,
            floats: vec![],
            ints,
        }
    }

    /// The elements as numbers, where f64 holds them.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        if self.ints.is_empty() {
            return Some(self.floats.clone());
        }
        let exact = |v: &i64| (v.unsigned_abs() <= 1 << 53).then_some(*v as f64);
        self.ints.iter().map(exact).collect()
    }

    /// The elements as floats.
    ///
    /// # Errors
    /// Integers where weights are expected.
    pub fn weights(&self) -> Result<&[f64]> {
        if self.floats.is_empty() && !self.ints.is_empty() {
            return Err(Error::unsupported(
                "integers where float weights are expected",
            ));
        }
        Ok(&self.floats)
    }

    /// Reads a tensor.
    ///
    /// # Errors
    /// An element type, size or storage that is not supported, or data that do not fit the dimensions.
    pub fn read(t: &Tensor) -> Result<Self> {
        let fail = |detail: String| Error::parse(format!("tensor {:?}", t.name), detail);
        if t.data_location != 0 {
            return Err(fail(
                "its data are in another file; save the model with its weights inside".into(),
            ));
        }
        let dims: Vec<usize> = t
            .dims
            .iter()
            .map(|&d| usize::try_from(d))
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| fail(format!("dimensions {:?}", t.dims)))?;
        let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        let count = count
            .filter(|&n| n <= MAX_PARAMETERS)
            .ok_or_else(|| fail(format!("more than {MAX_PARAMETERS} elements")))?;
        let raw = &t.raw_data;
        let (mut floats, mut ints) = (Vec::new(), Vec::new());
        match t.data_type {
            FLOAT if !raw.is_empty() => floats = words(raw, |b: [u8; 4]| f64::from(f32::from_le_bytes(b))),
            FLOAT => floats = t.float_data.iter().map(|&v| f64::from(v)).collect(),
            DOUBLE if !raw.is_empty() => floats = words(raw, f64::from_le_bytes),
            DOUBLE => floats.clone_from(&t.double_data),
            INT64 if !raw.is_empty() => ints = words(raw, i64::from_le_bytes),
            INT64 => ints.clone_from(&t.int64_data),
            BOOL if !raw.is_empty() => ints = words(raw, |b: [u8; 1]| i64::from(b[0] != 0)),
            INT32 if !raw.is_empty() => ints = words(raw, |b: [u8; 4]| i64::from(i32::from_le_bytes(b))),
            INT32 | BOOL => ints = t.int32_data.iter().map(|&v| i64::from(v)).collect(),
            other => {
                return Err(fail(format!(
                    "element type {other}; read are float (1), int32 (6), int64 (7) and double (11): convert the model to float32"
                )))
            }
        }
        let have = floats.len().max(ints.len());
        if have != count || (!raw.is_empty() && raw.len() % count.max(1) != 0) {
            return Err(fail(format!(
                "{have} elements where the dimensions {dims:?} need {count}"
            )));
        }
        Ok(Self { dims, floats, ints })
    }
}

fn words<const N: usize, T>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    raw.chunks_exact(N)
        .filter_map(|w| w.try_into().ok().map(&read))
        .collect()
}
