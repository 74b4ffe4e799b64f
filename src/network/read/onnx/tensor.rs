//! Constants of an ONNX file as exact numbers.

use crate::arith::bytes::{bfloat16, binary16, words};
use crate::error::{Error, Result};
use crate::network::model::graph::MAX_PARAMETERS;
use crate::network::read::onnx::external::Beside;
use crate::network::read::onnx::messages::Tensor;

/// Most axes of an array.
pub const MAX_RANK: usize = 16;

/// A constant: floats as f64 (exactly), or integers.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    /// Its dimensions.
    pub dims: Vec<usize>,
    /// The elements, row-major.
    pub elements: Elements,
}

/// The elements of a constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// Of any float type.
    Floats(Vec<f64>),
    /// Of any integer type, or truth values as 0 and 1.
    Ints(Vec<i64>),
}

impl Constant {
    /// A constant of floats.
    pub fn floats(dims: Vec<usize>, floats: Vec<f64>) -> Self {
        let elements = Elements::Floats(floats);
        Self { dims, elements }
    }

    /// A constant of integers.
    pub fn ints(dims: Vec<usize>, ints: Vec<i64>) -> Self {
        let elements = Elements::Ints(ints);
        Self { dims, elements }
    }

    /// The elements as numbers, where f64 holds them.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        let exact = |v: &i64| (v.unsigned_abs() <= 1 << 53).then_some(*v as f64);
        match &self.elements {
            Elements::Floats(all) => Some(all.clone()),
            Elements::Ints(all) => all.iter().map(exact).collect(),
        }
    }

    /// The elements as floats.
    ///
    /// # Errors
    /// Integers where weights are expected.
    pub fn weights(&self) -> Result<&[f64]> {
        match &self.elements {
            Elements::Floats(all) => Ok(all),
            Elements::Ints(_) => Err(Error::unsupported(
                "integers where float weights are expected",
            )),
        }
    }

    /// The elements at places of the row-major order, 0 where there is none.
    pub fn picked(&self, picks: &[Option<usize>], dims: Vec<usize>) -> Self {
        fn take<T: Copy + Default>(all: &[T], picks: &[Option<usize>]) -> Vec<T> {
            let at = |p: &Option<usize>| p.map_or(T::default(), |p| all[p]);
            picks.iter().map(at).collect()
        }
        let elements = match &self.elements {
            Elements::Floats(all) => Elements::Floats(take(all, picks)),
            Elements::Ints(all) => Elements::Ints(take(all, picks)),
        };
        Self { dims, elements }
    }

    /// Reads a tensor, from the file or from one beside it.
    ///
    /// # Errors
    /// An element type, size or storage that is not supported, or data that do not fit the dimensions.
    pub fn read(t: &Tensor, beside: &mut Beside) -> Result<Self> {
        let fail = |detail: String| Error::parse(format!("tensor {:?}", t.name), detail);
        let dims: Vec<usize> = t
            .dims
            .iter()
            .map(|&d| usize::try_from(d))
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| fail(format!("dimensions {:?}", t.dims)))?;
        let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        let count = count
            .filter(|&n| n <= MAX_PARAMETERS && dims.len() <= MAX_RANK)
            .ok_or_else(|| {
                fail(format!(
                    "more than {MAX_PARAMETERS} elements or {MAX_RANK} axes"
                ))
            })?;
        let raw = match t.data_location {
            0 => t.raw_data.as_slice(),
            1 => beside.bytes(t)?,
            other => return Err(fail(format!("data_location {other}"))),
        };
        let (size, elements) = elements(t, raw, t.data_location == 1).map_err(fail)?;
        let have = match &elements {
            Elements::Floats(all) => all.len(),
            Elements::Ints(all) => all.len(),
        };
        if have != count || (!raw.is_empty() && raw.len() != count * size) {
            return Err(fail(format!(
                "{have} elements where the dimensions {dims:?} need {count}"
            )));
        }
        Ok(Self { dims, elements })
    }
}

/// Bytes an element, and the elements: from raw bytes, or from the fields that the schema names for each type.
fn elements(
    t: &Tensor,
    raw: &[u8],
    outside: bool,
) -> std::result::Result<(usize, Elements), String> {
    use Elements::{Floats, Ints};
    let bytes = outside || !raw.is_empty();
    let small = |read: fn(i32) -> f64| t.int32_data.iter().map(|&v| read(v)).collect();
    let whole = || t.int32_data.iter().map(|&v| i64::from(v)).collect();
    let within = |lo: i32, hi: i32| {
        if t.int32_data.iter().all(|v| (lo..=hi).contains(v)) {
            Ok(())
        } else {
            Err(format!("an element is outside [{lo}, {hi}]"))
        }
    };
    let unsigned = |v: u64| i64::try_from(v).map_err(|_| format!("an element, {v}, is above 2^63"));
    Ok(match (t.data_type, bytes) {
        (1, true) => (4, Floats(words(raw, |b| f64::from(f32::from_le_bytes(b))))),
        (1, false) => (4, Floats(t.float_data.iter().map(|&v| f64::from(v)).collect())),
        (11, true) => (8, Floats(words(raw, f64::from_le_bytes))),
        (11, false) => (8, Floats(t.double_data.clone())),
        (10, true) => (2, Floats(words(raw, |b| binary16(u16::from_le_bytes(b))))),
        (16, true) => (2, Floats(words(raw, |b| bfloat16(u16::from_le_bytes(b))))),
        // Bit patterns, one in each int32.
        (10 | 16, false) => {
            within(0, 0xffff)?;
            let read: fn(i32) -> f64 = if t.data_type == 10 {
                |v| binary16(v as u16)
            } else {
                |v| bfloat16(v as u16)
            };
            (2, Floats(small(read)))
        }
        (2, true) => (1, Ints(words(raw, |b: [u8; 1]| i64::from(b[0])))),
        (3, true) => (1, Ints(words(raw, |b: [u8; 1]| i64::from(b[0] as i8)))),
        (9, true) => (1, Ints(words(raw, |b: [u8; 1]| i64::from(b[0] != 0)))),
        (4, true) => (2, Ints(words(raw, |b| i64::from(u16::from_le_bytes(b))))),
        (5, true) => (2, Ints(words(raw, |b| i64::from(i16::from_le_bytes(b))))),
        (6, true) => (4, Ints(words(raw, |b| i64::from(i32::from_le_bytes(b))))),
        (7, true) => (8, Ints(words(raw, i64::from_le_bytes))),
        (12, true) => (4, Ints(words(raw, |b| i64::from(u32::from_le_bytes(b))))),
        (13, true) => {
            let all = words(raw, u64::from_le_bytes);
            (8, Ints(all.into_iter().map(unsigned).collect::<std::result::Result<_, _>>()?))
        }
        (2 | 3 | 4 | 5 | 6 | 9, false) => {
            let (size, lo, hi) = match t.data_type {
                2 => (1, 0, 0xff),
                3 => (1, -0x80, 0x7f),
                4 => (2, 0, 0xffff),
                5 => (2, -0x8000, 0x7fff),
                9 => (1, 0, 1),
                _ => (4, i32::MIN, i32::MAX),
            };
            within(lo, hi)?;
            (size, Ints(whole()))
        }
        (7, false) => (8, Ints(t.int64_data.clone())),
        (12 | 13, false) => {
            let all = t.uint64_data.iter().map(|&v| unsigned(v));
            let size = if t.data_type == 12 { 4 } else { 8 };
            (size, Ints(all.collect::<std::result::Result<_, _>>()?))
        }
        (other, _) => {
            return Err(format!(
                "element type {other}; read are float (1), double (11), float16 (10), bfloat16 (16), bool (9) and the \
                 integers (2 to 7, 12, 13)"
            ))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_every_type() {
        let read = |data_type: i32, dims: &[i64], raw: &[u8], small: &[i32]| {
            let t = Tensor {
                dims: dims.to_vec(),
                data_type,
                raw_data: raw.to_vec(),
                int32_data: small.to_vec(),
                ..Tensor::default()
            };
            Constant::read(&t, &mut Beside::default())
        };
        for (data_type, raw, value) in [
            (2, vec![0xff], 255),
            (3, vec![0xff], -1),
            (4, vec![0xff, 0xff], 65535),
            (5, vec![0xff, 0xff], -1),
            (6, vec![0xff; 4], -1),
            (7, vec![0xff; 8], -1),
            (9, vec![2], 1),
            (12, vec![0xff; 4], 0xffff_ffff),
            (13, vec![1, 0, 0, 0, 0, 0, 0, 0], 1),
        ] {
            let read = read(data_type, &[1], &raw, &[]).unwrap();
            assert_eq!(read, Constant::ints(vec![1], vec![value]), "{data_type}");
        }
        let read_half = read(10, &[2], &[], &[0x3c00, 0xc000]).unwrap();
        assert_eq!(read_half, Constant::floats(vec![2], vec![1.0, -2.0]));
        for (data_type, dims, raw, small, said) in [
            (10, &[1i64][..], vec![], vec![70000], "outside [0, 65535]"),
            (3, &[1], vec![], vec![200], "outside [-128, 127]"),
            (13, &[1], vec![0xff; 8], vec![], "above 2^63"),
            (1, &[2], vec![0; 7], vec![], "1 elements where"),
            (1, &[2], vec![0; 9], vec![], "2 elements where"),
            (8, &[1], vec![], vec![], "element type 8"),
            (1, &[-1], vec![], vec![], "dimensions [-1]"),
            (1, &[1 << 40, 1 << 40], vec![], vec![], "more than"),
        ] {
            let error = read(data_type, dims, &raw, &small).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
