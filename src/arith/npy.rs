//! Reading NumPy's .npy: numeric arrays of version 1 to 3, row-major.
//!
//! The header is a Python dictionary of three keys; it is read as just that.

use crate::arith::bytes::words;
use crate::error::{Error, Result};

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 2 << 30;

/// An array of exact numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Dimensions; none for a single number.
    pub dims: Vec<usize>,
    /// Elements, row-major.
    pub values: Values,
}

/// Elements as they stand in the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Bytes (u1): pixels, labels.
    Bytes(Vec<u8>),
    /// Any other number, exactly as f64.
    Numbers(Vec<f64>),
}

impl Values {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(b) => b.len(),
            Self::Numbers(n) => n.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An element.
    pub fn get(&self, i: usize) -> f64 {
        match self {
            Self::Bytes(b) => f64::from(b[i]),
            Self::Numbers(n) => n[i],
        }
    }
}

/// Reads an array.
///
/// # Errors
/// What is not a .npy file of numbers in row-major order, or is cut short.
pub fn read(bytes: &[u8]) -> Result<Array> {
    let bad = |detail: &str| Error::parse("", format!("not a readable .npy file: {detail}"));
    let rest = bytes
        .strip_prefix(b"\x93NUMPY")
        .ok_or_else(|| bad("it does not begin with \\x93NUMPY"))?;
    let (length, start): (usize, usize) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 6),
        _ => return Err(bad("unknown version")),
    };
    let header = rest
        .get(start..start.saturating_add(length))
        .and_then(|h| std::str::from_utf8(h).ok())
        .ok_or_else(|| bad("its header is cut short"))?;
    let data = &rest[start + length..];
    let after = |key: &str| {
        header
            .split_once(&format!("'{key}':"))
            .map(|(_, v)| v.trim_start())
    };
    if !after("fortran_order").is_some_and(|v| v.starts_with("False")) {
        return Err(bad(
            "it is column-major (fortran_order); save it with numpy.ascontiguousarray",
        ));
    }
    let kind = after("descr")
        .and_then(|v| v.strip_prefix('\''))
        .and_then(|v| v.split('\'').next())
        .ok_or_else(|| bad("it has no plain element type (descr)"))?;
    let dims = after("shape")
        .and_then(|v| v.strip_prefix('('))
        .and_then(|v| v.split(')').next())
        .ok_or_else(|| bad("it has no shape"))?;
    let dims: Vec<usize> = dims
        .split(',')
        .map(str::trim)
        .filter(|d| !d.is_empty())
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| bad("its shape is no list of sizes"))?;
    let count = dims
        .iter()
        .try_fold(1usize, |n, &d| n.checked_mul(d))
        .ok_or_else(|| bad("its shape is too large"))?;
    let exact = |v: i64| v as f64; // every type below fits 53 bits, or is checked
    let values = match kind {
        "|u1" | "u1" => Values::Bytes(data.to_vec()),
        "|i1" => Values::Numbers(words(data, |b: [u8; 1]| f64::from(b[0] as i8))),
        "<f4" => Values::Numbers(words(data, |b| f64::from(f32::from_le_bytes(b)))),
        "<f8" => Values::Numbers(words(data, f64::from_le_bytes)),
        "<i4" => Values::Numbers(words(data, |b| f64::from(i32::from_le_bytes(b)))),
        "<u4" => Values::Numbers(words(data, |b| f64::from(u32::from_le_bytes(b)))),
        "<i2" => Values::Numbers(words(data, |b| f64::from(i16::from_le_bytes(b)))),
        "<u2" => Values::Numbers(words(data, |b| f64::from(u16::from_le_bytes(b)))),
        "<i8" => {
            let ints = words(data, i64::from_le_bytes);
            if ints.iter().any(|v| v.unsigned_abs() > 1 << 53) {
                return Err(bad("an integer is beyond 2^53"));
            }
            Values::Numbers(ints.into_iter().map(exact).collect())
        }
        other => {
            return Err(bad(&format!(
                "element type {other:?}; read are u1, i1, <i2, <u2, <i4, <u4, <i8, <f4, <f8"
            )))
        }
    };
    let size = kind
        .trim_start_matches(['|', '<'])
        .trim_start_matches(['u', 'i', 'f']);
    let size: usize = size.parse().unwrap_or(1);
    if values.len() != count || data.len() != count.saturating_mul(size) {
        return Err(bad(&format!(
            "{} bytes of data where shape {dims:?} of {kind} needs {}",
            data.len(),
            count.saturating_mul(size)
        )));
    }
    Ok(Array { dims, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut f = b"\x93NUMPY\x01\x00".to_vec();
        f.extend((header.len() as u16).to_le_bytes());
        f.extend(header.as_bytes());
        f.extend(data);
        f
    }

    const BYTES: &str = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n";

    #[test]
    fn arrays_are_read() {
        let a = read(&file(BYTES, &[1, 2, 3, 4, 5, 255])).unwrap();
        assert_eq!(a.dims, [2, 3]);
        assert_eq!(a.values, Values::Bytes(vec![1, 2, 3, 4, 5, 255]));
        let h = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}";
        let a = read(&file(h, &0.1f32.to_le_bytes())).unwrap();
        assert_eq!(a.values, Values::Numbers(vec![f64::from(0.1f32)]));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        let good = file(BYTES, &[0; 6]);
        for n in 0..good.len() {
            assert!(read(&good[..n]).is_err(), "{n}");
        }
        for (from, to) in [
            ("False", "True"),
            ("|u1", "|O"),
            ("(2, 3)", "(2, -3)"),
            ("(2, 3)", "(99999999999, 99999999999)"),
            ("(2, 3)", "(7,)"),
        ] {
            let error = read(&file(&BYTES.replace(from, to), &[0; 6])).unwrap_err();
            assert!(error.to_string().starts_with("not a readable .npy file"));
        }
    }
}
