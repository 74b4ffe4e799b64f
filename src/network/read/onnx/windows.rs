//! Windows over maps: what convolutions and pooling share.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::model::ops::{Op, TensorShape, Window};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::Layer;

/// A map: `[1, channels, length]` or `[1, channels, rows, columns]`; the answer is its number of spatial axes.
pub fn map(r: &Reader, x: &Layer) -> Result<usize> {
    match x.dims[..] {
        [1, _, _] => Ok(1),
        [1, _, _, _] => Ok(2),
        _ => Err(r.fail(format!(
            "on dimensions {:?}; read are [1, channels, length] and [1, channels, rows, columns]",
            x.dims
        ))),
    }
}

/// The dimensions of a map, from its shape.
fn dims(spatial: usize, shape: TensorShape) -> Vec<usize> {
    let mut all = vec![1, shape.channels, shape.height];
    if spatial == 2 {
        all.push(shape.width);
    }
    all
}

/// A list with one number for each spatial axis, as two.
pub fn pair(r: &Reader, name: &str, spatial: usize) -> Result<[usize; 2]> {
    let Some(a) = r.attribute(name) else {
        return Ok([1, 1]);
    };
    match r.sizes(name, &a.ints)?[..] {
        [n] if spatial == 1 => Ok([n, 1]),
        [n, m] if spatial == 2 => Ok([n, m]),
        ref other => Err(r.fail(format!("{name} {other:?} for {spatial} spatial axes"))),
    }
}

/// Kernel, strides, dilations and padding of a window over a map of shape `x`.
pub fn window(r: &Reader, x: TensorShape, spatial: usize, kernel: [usize; 2]) -> Result<Window> {
    let stride = pair(r, "strides", spatial)?;
    let dilation = pair(r, "dilations", spatial)?;
    let mut padding = [0; 4];
    if let Some(a) = r.attribute("pads") {
        padding = match r.sizes("pads", &a.ints)?[..] {
            [top, bottom] if spatial == 1 => [top, 0, bottom, 0],
            [top, left, bottom, right] if spatial == 2 => [top, left, bottom, right],
            ref other => return Err(r.fail(format!("pads {other:?} for {spatial} spatial axes"))),
        };
    }
    let auto = r
        .attribute("auto_pad")
        .map(|a| a.s.as_slice())
        .unwrap_or_default();
    if !matches!(auto, b"" | b"NOTSET") && padding != [0; 4] {
        return Err(r.fail("has pads and an auto_pad that contradicts them"));
    }
    match auto {
        b"" | b"NOTSET" | b"VALID" => {}
        b"SAME_UPPER" | b"SAME_LOWER" => {
            for axis in 0..spatial {
                let size = [x.height, x.width][axis];
                let reach = kernel[axis]
                    .saturating_sub(1)
                    .saturating_mul(dilation[axis])
                    .saturating_add(1);
                let steps = size.div_ceil(stride[axis].max(1)) - 1;
                let total = steps
                    .saturating_mul(stride[axis])
                    .saturating_add(reach)
                    .saturating_sub(size);
                let small = total / 2;
                padding[axis] = if auto == b"SAME_LOWER" {
                    total - small
                } else {
                    small
                };
                padding[axis + 2] = total - padding[axis];
            }
        }
        _ => return Err(r.fail("auto_pad has an unknown value")),
    }
    Ok(Window {
        kernel,
        stride,
        dilation,
        padding,
    })
}

/// Pushes what makes a map of a map.
pub fn on_map(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    spatial: usize,
    op: Op,
) -> Result<Layer> {
    let id = builder.push(r.label, op, &[x.id])?;
    let made = dims(spatial, builder.shape(id));
    r.made(builder, id, made)
}

pub const WINDOW: [&str; 5] = ["auto_pad", "dilations", "kernel_shape", "pads", "strides"];
