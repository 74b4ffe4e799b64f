//! Sums and differences of layers, and of layers with constants, broadcast as ONNX does: axes are aligned at the
//! last, and an axis of size 1 is repeated.

use crate::error::Result;
use crate::network::model::batch_norm::BatchNorm;
use crate::network::model::graph::Builder;
use crate::network::model::ops::Op;
use crate::network::read::onnx::movement::{places, select};
use crate::network::read::onnx::tensor::Constant;
use crate::network::read::onnx::value::{count, natural, Layer, Reader, Value};

/// Dimensions of a result, from those of two operands.
///
/// # Errors
/// Sizes that differ where none is 1; different dimensions before opset 7, which broadcast in another way.
pub fn broadcast(r: &Reader, a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    if r.opset < 7 && a != b {
        return Err(r.fail(format!(
            "dimensions {a:?} and {b:?} in opset {}, which broadcasts in another way; convert the model to opset 13",
            r.opset
        )));
    }
    let rank = a.len().max(b.len());
    let at =
        |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |i| dims[i]);
    let dims: Option<Vec<usize>> = (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect();
    let dims =
        dims.ok_or_else(|| r.fail(format!("dimensions {a:?} and {b:?} do not broadcast")))?;
    count(&dims)?;
    Ok(dims)
}

/// For each place of `to` the place of `from` that is broadcast there.
fn sources(to: &[usize], from: &[usize]) -> Vec<Option<usize>> {
    let skipped = to.len() - from.len();
    places(to, from, |here, there| {
        for (axis, i) in there.iter_mut().enumerate() {
            *i = if from[axis] == 1 {
                0
            } else {
                here[axis + skipped]
            };
        }
        true
    })
}

/// A layer repeated to the dimensions.
fn spread(r: &Reader, builder: &mut Builder, x: &Layer, dims: &[usize]) -> Result<Layer> {
    if x.dims == dims {
        return Ok(x.clone());
    }
    select(r, builder, x, &sources(dims, &x.dims), dims.to_vec())
}

/// x times factor plus offset, each a constant of the same dimensions as x: by channel where they are one number a
/// channel, else by element.
fn affine(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    op: impl Fn(Vec<f64>) -> Op,
    values: Vec<f64>,
) -> Result<Layer> {
    let shape = natural(&x.dims);
    let pixels = shape.pixels();
    if values
        .chunks(pixels)
        .all(|c| c.iter().all(|v| v.to_bits() == c[0].to_bits()))
    {
        let values = values.chunks(pixels).map(|c| c[0]).collect();
        return r.push(builder, op(values), x.id, x.dims.clone());
    }
    let flat = r.reshape(builder, x, vec![values.len()])?;
    let done = r.push(builder, op(values), flat.id, flat.dims.clone())?;
    r.reshape(builder, &done, x.dims.clone())
}

/// The layer times -1.
fn negative(r: &Reader, builder: &mut Builder, x: &Layer) -> Result<Layer> {
    let n = natural(&x.dims).channels;
    let op = Op::Affine {
        scale: vec![-1.0; n],
        shift: vec![0.0; n],
    };
    r.push(builder, op, x.id, x.dims.clone())
}

/// The sum of two layers.
fn sum(r: &Reader, builder: &mut Builder, a: &Layer, b: &Layer) -> Result<Layer> {
    let dims = broadcast(r, &a.dims, &b.dims)?;
    let (a, b) = (spread(r, builder, a, &dims)?, spread(r, builder, b, &dims)?);
    let id = builder.push(r.label, Op::Add, &[a.id, b.id])?;
    r.made(builder, id, dims)
}

/// Neg.
pub fn neg(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    negative(r, builder, r.layer(0)?)
}

/// Sum of any number of operands.
pub fn sum_of_all(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    let mut total = r.layer(0)?.clone();
    for i in 1..r.node.inputs.len() {
        let next = r.layer(i)?;
        total = sum(r, builder, &total, next)?;
    }
    Ok(total)
}

/// Add, Sub, Mul, Div: of two layers (Add and Sub), or of a layer and a constant.
pub fn arithmetic(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    let operator = r.node.operator.as_str();
    let (x, c, swapped) = match (r.value(0)?, r.value(1)?) {
        (Value::Layer(a), Value::Layer(b)) => {
            return match operator {
                "Add" => sum(r, builder, a, b),
                "Sub" => {
                    let b = negative(r, builder, b)?;
                    sum(r, builder, a, &b)
                }
                _ => Err(r.fail("of two layers is not supported (Add and Sub are)")),
            }
        }
        (Value::Layer(a), Value::Constant(c)) => (a, c, false),
        (Value::Constant(c), Value::Layer(a)) => (a, c, true),
        _ => {
            return Err(r.fail(
                "of two constants is not supported; fold constants (onnxsim) and export again",
            ))
        }
    };
    with_constant(r, builder, x, c, swapped)
}

fn with_constant(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    c: &Constant,
    swapped: bool,
) -> Result<Layer> {
    let own = c.weights().map_err(|e| r.fail(e.to_string()))?;
    let dims = broadcast(r, &x.dims, &c.dims)?;
    let x = spread(r, builder, x, &dims)?;
    let from = sources(&dims, &c.dims);
    let values: Vec<f64> = from.iter().map(|p| own[p.unwrap_or(0)]).collect();
    let shift = |sign: f64| {
        move |values: Vec<f64>| Op::Affine {
            scale: vec![sign; values.len()],
            shift: values,
        }
    };
    match (r.node.operator.as_str(), swapped) {
        ("Add", _) => affine(r, builder, &x, shift(1.0), values),
        ("Sub", false) => affine(
            r,
            builder,
            &x,
            shift(1.0),
            values.iter().map(|v| -v).collect(),
        ),
        ("Sub", true) => affine(r, builder, &x, shift(-1.0), values),
        ("Mul", _) => {
            let scale = |values: Vec<f64>| Op::Affine {
                shift: vec![0.0; values.len()],
                scale: values,
            };
            affine(r, builder, &x, scale, values)
        }
        ("Div", false) => {
            if values.iter().any(|v| !square_is_exact(*v)) {
                return Err(r.fail("divides by a number whose square f64 cannot hold, or by 0"));
            }
            affine(r, builder, &x, divided, values)
        }
        _ => Err(r.fail("divides by a layer, which is not supported")),
    }
}

/// x / c exactly, though 1/c is no f64: batch norm with factor sign(c) and variance c^2.
fn divided(values: Vec<f64>) -> Op {
    let n = values.len();
    Op::BatchNorm(BatchNorm {
        gamma: values.iter().map(|v| v.signum()).collect(),
        beta: vec![0.0; n],
        mean: vec![0.0; n],
        variance: values.iter().map(|v| v * v).collect(),
        epsilon: 0.0,
    })
}

fn square_is_exact(v: f64) -> bool {
    let square = v * v;
    square.is_normal() && square > 1e-200 && v.mul_add(v, -square) == 0.0
}
