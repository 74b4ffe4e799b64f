//! Constants made of constants and of dimensions: the chains of Shape, Gather, Concat, ... that exporters write.
//!
//! Exact, or refused: an integer that overflows or does not divide, a float result that f64 does not hold.

use crate::error::Result;
use crate::network::read::onnx::arithmetic::{broadcast, sources};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::tensor::{Constant, Elements};
use crate::network::read::onnx::value::{count, Value};

/// Shape, ConstantOfShape, Cast, and arithmetic of constants; none where the node is nothing of these.
///
/// # Errors
/// Results that are not exact, or forms that are not known.
pub fn fold(r: &Reader) -> Result<Option<Value>> {
    let constant = |i: usize| matches!(r.value(i), Ok(Value::Constant(_)));
    let made = match r.node.operator.as_str() {
        "Shape" => shape(r)?,
        "ConstantOfShape" => filled(r)?,
        "Cast" if constant(0) => cast(r, r.constant(0)?)?,
        "Neg" if constant(0) => {
            r.allow(&[])?;
            negative(r, r.constant(0)?)?
        }
        "Add" | "Sub" | "Mul" | "Div" if constant(0) && constant(1) => two(r)?,
        _ => return Ok(None),
    };
    Ok(Some(Value::Constant(made)))
}

/// The dimensions of operand 0, or a part of them.
fn shape(r: &Reader) -> Result<Constant> {
    r.allow(if r.opset < 15 { &[] } else { &["start", "end"] })?;
    let mut dims: Vec<i64> = match r.value(0)? {
        Value::Head(head) => head.logits.dims.iter().map(|&d| d as i64).collect(),
        _ => r.dims(0)?.iter().map(|&d| d as i64).collect(),
    };
    if let (Value::Layer(_), Some(first)) = (r.value(0)?, dims.first_mut()) {
        *first *= r.batch as i64;
    }
    let n = dims.len() as i64;
    let end = |name: &str, default: i64| {
        let at = r.int(name, default);
        (if at < 0 { at.saturating_add(n) } else { at }).clamp(0, n) as usize
    };
    let (start, end) = (end("start", 0), end("end", n));
    let part = dims.get(start..end).unwrap_or_default().to_vec();
    Ok(Constant::ints(vec![part.len()], part))
}

fn filled(r: &Reader) -> Result<Constant> {
    r.allow(&["value"])?;
    let dims = r.sizes("shape", r.ints(0)?)?;
    let n = count(&dims)?;
    let one = match r.attribute("value").map(|a| &a.t) {
        None => Constant::floats(vec![1], vec![0.0]),
        Some(Some(t)) => Constant::read(t, &mut Default::default())?,
        Some(None) => return Err(r.fail("value is no tensor")),
    };
    if count(&one.dims)? != 1 {
        return Err(r.fail("value has more than one number"));
    }
    Ok(one.picked(&vec![Some(0); n], dims))
}

/// Element types as floats: significant bits, least exponent of a normal number, greatest number.
fn float(kind: i64) -> Option<(i32, i32, f64)> {
    Some(match kind {
        1 => (24, -126, f64::from(f32::MAX)),
        10 => (11, -14, 65504.0),
        11 => (53, -1022, f64::MAX),
        // (2 - 2^-7) 2^127
        16 => (8, -126, f64::from(f32::from_bits(0x7f7f_0000))),
        _ => return None,
    })
}

/// Whether an element type is of floats.
pub fn is_float(kind: i64) -> bool {
    float(kind).is_some()
}

/// Whether a number is one of a float type.
fn holds((bits, least, most): (i32, i32, f64), v: f64) -> bool {
    if v == 0.0 || v.abs() > most {
        return v == 0.0;
    }
    let exponent = (v.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    let unit = exponent.max(least) - (bits - 1);
    // A power of two down to 2^-1074, exactly; the quotient is exact or, far below the type's own numbers, not whole.
    let power = if unit >= -1022 {
        f64::from_bits(((1023 + unit) as u64) << 52)
    } else {
        f64::from_bits(1 << (unit + 1074))
    };
    (v / power).fract() == 0.0
}

fn cast(r: &Reader, c: &Constant) -> Result<Constant> {
    r.allow(&["to", "saturate", "round_mode"])?;
    let to = r.int("to", 0);
    let lost = || r.fail(format!("to element type {to} changes a constant"));
    if let Some(kind) = float(to) {
        let values = c.numbers().ok_or_else(lost)?;
        if values.iter().any(|&v| !holds(kind, v)) {
            return Err(lost());
        }
        return Ok(Constant::floats(c.dims.clone(), values));
    }
    let (lo, hi) = match to {
        2 => (0, 0xff),
        3 => (-0x80, 0x7f),
        4 => (0, 0xffff),
        5 => (-0x8000, 0x7fff),
        6 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        7 => (i64::MIN, i64::MAX),
        12 => (0, 0xffff_ffff),
        13 => (0, i64::MAX),
        _ => return Err(r.fail(format!("to element type {to} is not supported"))),
    };
    let ints: Option<Vec<i64>> = match &c.elements {
        Elements::Ints(all) => Some(all.clone()),
        Elements::Floats(all) => {
            let whole = |v: &f64| (v.fract() == 0.0 && v.abs() <= 9e15).then_some(*v as i64);
            all.iter().map(whole).collect()
        }
    };
    let ints = ints
        .filter(|all| all.iter().all(|v| (lo..=hi).contains(v)))
        .ok_or_else(lost)?;
    Ok(Constant::ints(c.dims.clone(), ints))
}

fn negative(r: &Reader, c: &Constant) -> Result<Constant> {
    Ok(match &c.elements {
        Elements::Floats(all) => Constant::floats(c.dims.clone(), all.iter().map(|v| -v).collect()),
        Elements::Ints(all) => {
            let all: Option<Vec<i64>> = all.iter().map(|v| v.checked_neg()).collect();
            Constant::ints(c.dims.clone(), all.ok_or_else(|| r.fail("overflows"))?)
        }
    })
}

fn two(r: &Reader) -> Result<Constant> {
    r.allow(&[])?;
    let (a, b) = (r.constant(0)?, r.constant(1)?);
    let dims = broadcast(r, &a.dims, &b.dims, false)?;
    let (at, bt) = (sources(&dims, &a.dims), sources(&dims, &b.dims));
    let (a, b) = (a.picked(&at, dims.clone()), b.picked(&bt, dims.clone()));
    let operator = r.node.operator.as_str();
    match (&a.elements, &b.elements) {
        (Elements::Ints(a), Elements::Ints(b)) => {
            let each = |(&x, &y): (&i64, &i64)| match operator {
                "Add" => x.checked_add(y),
                "Sub" => x.checked_sub(y),
                "Mul" => x.checked_mul(y),
                // Which way a quotient is rounded is not the same everywhere.
                _ => x
                    .checked_rem(y)
                    .filter(|m| *m == 0 || (x > 0 && y > 0))
                    .and(x.checked_div(y)),
            };
            let all: Option<Vec<i64>> = a.iter().zip(b).map(each).collect();
            let all = all.ok_or_else(|| r.fail("of constants overflows, or does not divide"))?;
            Ok(Constant::ints(dims, all))
        }
        (Elements::Floats(a), Elements::Floats(b)) => {
            let each = |(&x, &y): (&f64, &f64)| match operator {
                "Add" => exact_sum(x, y),
                "Sub" => exact_sum(x, -y),
                "Mul" => exact_product(x, y),
                _ => exact_quotient(x, y),
            };
            let all: Option<Vec<f64>> = a.iter().zip(b).map(each).collect();
            let inexact = "of constants is no f64, and constants are not rounded here: fold them first (onnxsim)";
            Ok(Constant::floats(dims, all.ok_or_else(|| r.fail(inexact))?))
        }
        _ => Err(r.fail("of floats and integers")),
    }
}

/// The sum where f64 holds it: the error of a sum is an f64 (Knuth), found exactly in any order of sizes.
fn exact_sum(a: f64, b: f64) -> Option<f64> {
    let s = a + b;
    let t = s - a;
    let error = (a - (s - t)) + (b - t);
    (s.is_finite() && error == 0.0).then_some(s)
}

/// The product where f64 holds it. The error is an f64 far above underflow.
pub fn exact_product(a: f64, b: f64) -> Option<f64> {
    let p = a * b;
    let sure = p == 0.0 && (a == 0.0 || b == 0.0) || p.abs() > 1e-280 && a.mul_add(b, -p) == 0.0;
    (p.is_finite() && sure).then_some(p)
}

/// The quotient where f64 holds it.
fn exact_quotient(a: f64, b: f64) -> Option<f64> {
    let q = a / b;
    (q.is_finite() && b != 0.0 && exact_product(q, b) == Some(a)).then_some(q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_that_rounds_is_seen() {
        let all = |v: f64| [1, 10, 11, 16].map(|kind| holds(float(kind).unwrap(), v));
        for (v, held) in [
            (1.0, [true; 4]),
            (0.1, [false, false, true, false]),
            (f64::from(0.1f32), [true, false, true, false]),
            (65504.0, [true, true, true, false]),
            (65536.0, [true, false, true, true]),
            (5.960_464_477_539_063e-8, [true; 4]),
            (2.980_232_238_769_531_3e-8, [true, false, true, true]),
            (f64::from(f32::from_bits(1)), [true, false, true, false]),
            (f64::from_bits(1), [false, false, true, false]),
            (1e300, [false, false, true, false]),
        ] {
            assert_eq!(all(v), held, "{v:e}");
            assert_eq!(all(-v), held, "{v:e}");
        }
    }

    #[test]
    fn arithmetic_is_exact_or_none() {
        assert_eq!(exact_sum(0.5, 0.25), Some(0.75));
        assert_eq!(exact_sum(1.0, 1e-30), None);
        assert_eq!(exact_sum(1e-30, 1.0), None);
        assert_eq!(exact_product(3.0, 0.5), Some(1.5));
        assert_eq!(exact_product(0.1, 0.1), None);
        assert_eq!(exact_product(1e-200, 1e-200), None);
        assert_eq!(exact_quotient(1.5, 0.5), Some(3.0));
        assert_eq!(
            (exact_quotient(1.0, 3.0), exact_quotient(1.0, 0.0)),
            (None, None)
        );
    }
}
