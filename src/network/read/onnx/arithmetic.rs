//! Sums and differences of layers, and of layers with constants, broadcast as ONNX does: axes are aligned at the
//! last, and an axis of size 1 is repeated.

use crate::error::Result;
use crate::network::model::batch_norm::BatchNorm;
use crate::network::model::graph::Builder;
use crate::network::model::ops::Op;
use crate::network::read::onnx::movement::{flat, plain, select};
use crate::network::read::onnx::polynomial;
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::smooth;
use crate::network::read::onnx::tensor::Constant;
use crate::network::read::onnx::value::{count, places, Layer, Value};

/// Dimensions of a result, from those of two operands; `layer` where one depends on the input.
///
/// # Errors
/// Sizes that differ where none is 1; different dimensions before opset 7, which broadcast in another way.
pub fn broadcast(r: &Reader, a: &[usize], b: &[usize], layer: bool) -> Result<Vec<usize>> {
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
    if layer && dims.first() != Some(&1) {
        r.not_batch(0)?;
    }
    Ok(dims)
}

/// For each place of `to` the place of `from` that is broadcast there.
pub fn sources(to: &[usize], from: &[usize]) -> Vec<Option<usize>> {
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
    if dims.len() != x.dims.len() {
        // The batch would be another axis.
        r.not_batch(0)?;
    }
    select(r, builder, x, &sources(dims, &x.dims), dims.to_vec())
}

/// x with a constant broadcast to one number for each element, in ONNX's order.
///
/// # Errors
/// What [`broadcast`] refuses; integers.
pub fn with_numbers(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    c: &Constant,
) -> Result<(Layer, Vec<f64>)> {
    let own = c.weights().map_err(|e| r.fail(e.to_string()))?;
    let dims = broadcast(r, &x.dims, &c.dims, true)?;
    let x = spread(r, builder, x, &dims)?;
    let from = sources(&dims, &c.dims);
    Ok((x, from.iter().map(|p| own[p.unwrap_or(0)]).collect()))
}

/// An operation with one number for each element (in ONNX's order): by channel where they are one number a channel of
/// the node, else by element. Where the layer is a polynomial that nobody else reads, it becomes part of that.
pub fn by_element(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    op: impl Fn(Vec<f64>) -> Op,
    values: Vec<f64>,
) -> Result<Layer> {
    let done = mapped(r, builder, x, op, values)?;
    let done = polynomial::folded(r, builder, x, done)?;
    smooth::folded(r, builder, x, done)
}

fn mapped(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    op: impl Fn(Vec<f64>) -> Op,
    values: Vec<f64>,
) -> Result<Layer> {
    let shape = builder.shape(x.id);
    let pixels = shape.pixels();
    let values = x.in_node(values);
    if values
        .chunks(pixels)
        .all(|c| c.iter().all(|v| v.to_bits() == c[0].to_bits()))
    {
        let values = values.chunks(pixels).map(|c| c[0]).collect();
        return r.each(builder, op(values), x);
    }
    let flat = flat(r, builder, x)?;
    let done = builder.push(r.label, op(values), &[flat])?;
    Ok(x.with(builder.push(r.label, Op::Reshape(shape), &[done])?))
}

/// The layer times one number for each element.
///
/// # Errors
/// What the builder refuses.
pub fn times(r: &Reader, builder: &mut Builder, x: &Layer, values: Vec<f64>) -> Result<Layer> {
    let scale = |values: Vec<f64>| Op::Affine {
        shift: vec![0.0; values.len()],
        scale: values,
    };
    by_element(r, builder, x, scale, values)
}

/// The sign times the layer, plus one number for each element.
///
/// # Errors
/// What the builder refuses.
pub fn plus(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    sign: f64,
    values: Vec<f64>,
) -> Result<Layer> {
    let shift = |values: Vec<f64>| Op::Affine {
        scale: vec![sign; values.len()],
        shift: values,
    };
    by_element(r, builder, x, shift, values)
}

/// The layer times -1.
///
/// # Errors
/// What the builder refuses.
pub fn negative(r: &Reader, builder: &mut Builder, x: &Layer) -> Result<Layer> {
    times(r, builder, x, vec![-1.0; count(&x.dims)?])
}

/// The sum of two layers: in the node's order where both have the same, else in ONNX's.
///
/// # Errors
/// What [`broadcast`] refuses.
pub fn sum(r: &Reader, builder: &mut Builder, a: &Layer, b: &Layer) -> Result<Layer> {
    let dims = broadcast(r, &a.dims, &b.dims, true)?;
    let (mut a, mut b) = (spread(r, builder, a, &dims)?, spread(r, builder, b, &dims)?);
    if let Some(one) = polynomial::sum(r, builder, &a, &b)? {
        return Ok(one);
    }
    if a.order != b.order {
        (a, b) = (plain(r, builder, &a)?, plain(r, builder, &b)?);
    }
    let shape = builder.shape(a.id);
    if builder.shape(b.id) != shape {
        b = b.with(builder.push(r.label, Op::Reshape(shape), &[b.id])?);
    }
    Ok(a.with(builder.push(r.label, Op::Add, &[a.id, b.id])?))
}

/// Neg.
pub fn neg(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    negative(r, builder, r.carried(0)?)
}

/// Sum of any number of operands, constants among them.
pub fn sum_of_all(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    let operands = 0..r.node.inputs.len();
    let is_constant = |i: usize| matches!(r.value(i), Ok(Value::Constant(_)));
    let mut total: Option<Layer> = None;
    for i in operands.clone() {
        if !is_constant(i) {
            let next = r.carried(i)?;
            total = Some(match total {
                Some(total) => sum(r, builder, &total, next)?,
                None => next.clone(),
            });
        }
    }
    let mut total = total.ok_or_else(|| r.fail("of constants only is not supported"))?;
    for i in operands {
        if is_constant(i) {
            let (x, values) = with_numbers(r, builder, &total, r.constant(i)?)?;
            total = plus(r, builder, &x, 1.0, values)?;
        }
    }
    Ok(total)
}

/// The product of two layers that are functions of one layer's value.
fn product(r: &Reader, builder: &mut Builder, a: &Layer, b: &Layer) -> Result<Layer> {
    if let Some(done) = polynomial::product(r, builder, a, b)? {
        return Ok(done);
    }
    let done = smooth::product(r, builder, a, b)?;
    done.ok_or_else(|| r.fail(polynomial::DIFFERENT))
}

/// Add, Sub, Mul, Div: of two layers (Add and Sub; Mul of polynomials of one layer), or of a layer and a constant.
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
                "Mul" => product(r, builder, a, b),
                _ => Err(r.fail("of two layers is not supported (Add, Sub and some Mul are, and Div at the end of a written-out layer normalisation)")),
            }
        }
        (Value::Head(h), _) => return Err(r.head(0, h)),
        (_, Value::Head(h)) => return Err(r.head(1, h)),
        (Value::Layer(a), Value::Constant(c)) => (a, c, false),
        (Value::Constant(c), Value::Layer(a)) => (a, c, true),
        _ => return Err(r.fail("of two constants is not supported")),
    };
    let negated = |values: Vec<f64>| values.iter().map(|v| -v).collect();
    let (x, values) = with_numbers(r, builder, x, c)?;
    match (operator, swapped) {
        ("Add", _) => biased(r, builder, &x, values),
        ("Sub", false) => biased(r, builder, &x, negated(values)),
        ("Sub", true) => plus(r, builder, &x, -1.0, values),
        ("Mul", _) => times(r, builder, &x, values),
        ("Div", false) => {
            if values.iter().any(|v| !square_is_exact(*v)) {
                return Err(r.fail("divides by a number whose square f64 cannot hold, or by 0"));
            }
            by_element(r, builder, &x, divided, values)
        }
        _ => Err(r.fail("divides by a layer, which is not supported")),
    }
}

/// The layer plus numbers: as the bias of the layer itself where that is a dense layer without one that nobody else
/// reads (MatMul, then Add, as many programs export a dense layer).
fn biased(r: &Reader, builder: &mut Builder, x: &Layer, values: Vec<f64>) -> Result<Layer> {
    let names = |v: &&Value| matches!(v, Value::Layer(l) if l.id == x.id);
    let read = |i: usize| r.node.inputs.get(i).and_then(|n| r.uses.get(n)).copied();
    let alone = matches!(builder.op(x.id), Op::Dense(_))
        && x.order.is_none()
        && r.values.values().filter(names).count() == 1
        && (0..2).all(|i| matches!(r.value(i), Ok(Value::Constant(_))) || read(i) == Some(1));
    if alone && builder.add_bias(x.id, &values) {
        return Ok(x.clone());
    }
    plus(r, builder, x, 1.0, values)
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
