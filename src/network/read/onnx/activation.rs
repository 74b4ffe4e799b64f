//! Activations: ReLU, leaky ReLU with one slope or many, and clips, which are differences of two ReLUs.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::model::ops::Op;
use crate::network::read::onnx::arithmetic::{negative, plus, sum, times, with_numbers};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::{count, Layer};

/// Relu and LeakyRelu.
pub fn relu(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let leaky = r.node.operator == "LeakyRelu";
    r.allow(if leaky { &["alpha"] } else { &[] })?;
    let slope = if leaky { r.float("alpha", 0.01) } else { 0.0 };
    r.each(builder, Op::Relu { slope }, r.carried(0)?)
}

/// PRelu: max(x, 0) + slope min(x, 0). With more than one slope min(x, 0) is x - max(x, 0), and so exact.
pub fn prelu(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    let x = r.carried(0)?;
    let (wide, slopes) = with_numbers(r, builder, x, r.constant(1)?)?;
    if wide.dims != x.dims {
        return Err(r.fail(format!(
            "slopes of dimensions {:?} for dimensions {:?}",
            r.constant(1)?.dims,
            x.dims
        )));
    }
    if let Some(slope) = slopes
        .first()
        .copied()
        .filter(|s| slopes.iter().all(|v| v == s))
    {
        return r.each(builder, Op::Relu { slope }, x);
    }
    let positive = r.each(builder, Op::Relu { slope: 0.0 }, x)?;
    let minus = negative(r, builder, &positive)?;
    let below = sum(r, builder, x, &minus)?;
    let below = times(r, builder, &below, slopes)?;
    sum(r, builder, &positive, &below)
}

/// Clip to [lo, hi]: lo + ReLU(x - lo) - ReLU(x - hi), as the certificates' `clip` and `relu6` have it.
///
/// # Errors
/// Ends that are not finite where they are given, or in the wrong order.
pub fn clip(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let old = r.opset < 11;
    r.allow(if old { &["min", "max"] } else { &[] })?;
    let end = |name: &str, i: usize| -> Result<Option<f64>> {
        let given = match r.attribute(name) {
            Some(_) => Some(r.float(name, 0.0)),
            None if !old && r.has(i) => match r.weights(i)? {
                [one] => Some(*one),
                other => return Err(r.fail(format!("{name} of {} numbers", other.len()))),
            },
            None => None,
        };
        // The greatest f32 stands for no end.
        Ok(given.filter(|v| v.is_nan() || v.abs() < f64::from(f32::MAX)))
    };
    let x = r.carried(0)?;
    let n = count(&x.dims)?;
    let relu = |builder: &mut Builder, at: f64| {
        let moved = if at == 0.0 {
            x.clone()
        } else {
            plus(r, builder, x, 1.0, vec![-at; n])?
        };
        r.each(builder, Op::Relu { slope: 0.0 }, &moved)
    };
    let add = |builder: &mut Builder, x: &Layer, by: f64| {
        if by == 0.0 {
            Ok(x.clone())
        } else {
            plus(r, builder, x, 1.0, vec![by; n])
        }
    };
    match (end("min", 1)?, end("max", 2)?) {
        (None, None) => Ok(x.clone()),
        (Some(lo), None) if lo.is_finite() => {
            let above = relu(builder, lo)?;
            add(builder, &above, lo)
        }
        // x - ReLU(x - hi)
        (None, Some(hi)) if hi.is_finite() => {
            let above = relu(builder, hi)?;
            let minus = negative(r, builder, &above)?;
            sum(r, builder, x, &minus)
        }
        (Some(lo), Some(hi)) if lo < hi && lo.is_finite() && hi.is_finite() => {
            let above = relu(builder, lo)?;
            let beyond = relu(builder, hi)?;
            let minus = negative(r, builder, &beyond)?;
            let both = sum(r, builder, &above, &minus)?;
            add(builder, &both, lo)
        }
        (lo, hi) => Err(r.fail(format!("to [{lo:?}, {hi:?}]"))),
    }
}
