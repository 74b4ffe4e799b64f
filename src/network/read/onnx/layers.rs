//! Layers with weights, pooling, activations.

use crate::error::Result;
use crate::network::model::batch_norm::BatchNorm;
use crate::network::model::graph::Builder;
use crate::network::model::ops::{Conv, Dense, Op, TensorShape, Window};
use crate::network::read::onnx::value::{count, natural, Layer, Reader, Value};

/// Most weights of the dense layer that stands for a matrix product of several rows.
const MAX_ROWS: usize = 1 << 22;

/// A map: `[1, channels, length]` or `[1, channels, rows, columns]`; the answer is its number of spatial axes.
fn map(r: &Reader, x: &Layer) -> Result<usize> {
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
fn pair(r: &Reader, name: &str, spatial: usize) -> Result<[usize; 2]> {
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
fn window(r: &Reader, x: TensorShape, spatial: usize, kernel: [usize; 2]) -> Result<Window> {
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
fn on_map(r: &Reader, builder: &mut Builder, x: &Layer, spatial: usize, op: Op) -> Result<Layer> {
    let id = builder.push(r.label, op, &[x.id])?;
    let made = dims(spatial, builder.shape(id));
    r.made(builder, id, made)
}

const WINDOW: [&str; 5] = ["auto_pad", "dilations", "kernel_shape", "pads", "strides"];

/// Conv.
pub fn conv(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[WINDOW.as_slice(), &["group"]].concat())?;
    let x = r.layer(0)?;
    let spatial = map(r, x)?;
    let w = &r.constant(1)?.dims;
    let (outputs, kernel) = match w[..] {
        [o, _, k] if spatial == 1 => (o, [k, 1]),
        [o, _, h, w] if spatial == 2 => (o, [h, w]),
        _ => {
            return Err(r.fail(format!(
                "weights of dimensions {w:?} for {spatial} spatial axes"
            )))
        }
    };
    let stated = pair(r, "kernel_shape", spatial)?;
    if r.attribute("kernel_shape").is_some() && stated != kernel {
        return Err(r.fail(format!(
            "kernel_shape differs from the weights' dimensions {w:?}"
        )));
    }
    let groups = r.sizes("group", &[r.int("group", 1)])?[0];
    let shape = natural(&x.dims);
    if groups == 0 || w[1].checked_mul(groups) != Some(shape.channels) {
        return Err(r.fail(format!(
            "weights of dimensions {w:?} in {groups} groups on {} channels",
            shape.channels
        )));
    }
    let bias = if r.has(2) {
        vector(r, 2, outputs)?
    } else {
        vec![0.0; outputs]
    };
    let op = Op::Conv(Conv {
        weights: r.weights(1)?.to_vec(),
        bias,
        groups,
        window: window(r, shape, spatial, kernel)?,
    });
    on_map(r, builder, x, spatial, op)
}

/// Operand i: a list of n numbers.
fn vector(r: &Reader, i: usize, n: usize) -> Result<Vec<f64>> {
    let dims = &r.constant(i)?.dims;
    if *dims != [n] {
        return Err(r.fail(format!(
            "operand {i} of dimensions {dims:?} where [{n}] is needed"
        )));
    }
    Ok(r.weights(i)?.to_vec())
}

/// BatchNormalization in its form for inference.
pub fn batch_norm(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let known: &[&str] = match r.opset {
        14.. => &["epsilon", "momentum", "training_mode"],
        9..14 => &["epsilon", "momentum"],
        _ => &["epsilon", "momentum", "spatial", "is_test"],
    };
    r.allow(known)?;
    let more = r.node.outputs.iter().skip(1).any(|n| !n.is_empty());
    let training = r.int("training_mode", 0) != 0 || r.opset < 7 && r.int("is_test", 0) == 0;
    if more || training {
        return Err(r.fail("is in training form (its own mean and variance of every batch); export the model for inference"));
    }
    r.only("spatial", 1)?;
    let x = r.layer(0)?;
    if x.dims.len() < 2 || x.dims[0] != 1 {
        return Err(r.fail(format!("on dimensions {:?}; the batch must be 1", x.dims)));
    }
    let c = x.dims[1];
    let of_elements = natural(&x.dims).channels != c;
    if of_elements {
        return Err(r.fail(format!("on dimensions {:?}", x.dims)));
    }
    let op = Op::BatchNorm(BatchNorm {
        gamma: vector(r, 1, c)?,
        beta: vector(r, 2, c)?,
        mean: vector(r, 3, c)?,
        variance: vector(r, 4, c)?,
        epsilon: r.float("epsilon", 1e-5),
    });
    r.push(builder, op, x.id, x.dims.clone())
}

/// Relu and LeakyRelu.
pub fn relu(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let leaky = r.node.operator == "LeakyRelu";
    r.allow(if leaky { &["alpha"] } else { &[] })?;
    let x = r.layer(0)?;
    let slope = if leaky { r.float("alpha", 0.01) } else { 0.0 };
    r.push(builder, Op::Relu { slope }, x.id, x.dims.clone())
}

/// MaxPool and AveragePool.
pub fn pool(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let max = r.node.operator == "MaxPool";
    let own: &[&str] = if max {
        &["ceil_mode", "storage_order"]
    } else {
        &["ceil_mode", "count_include_pad"]
    };
    r.allow(&[WINDOW.as_slice(), own].concat())?;
    r.only("ceil_mode", 0)?;
    let x = r.layer(0)?;
    let spatial = map(r, x)?;
    if r.attribute("kernel_shape").is_none() {
        return Err(r.fail("has no kernel_shape"));
    }
    let kernel = pair(r, "kernel_shape", spatial)?;
    let window = window(r, natural(&x.dims), spatial, kernel)?;
    let count_padding = r.int("count_include_pad", 0) != 0;
    if !max && r.opset < 7 && window.padding != [0; 4] {
        return Err(r.fail("pads an average in an opset below 7; convert the model to opset 13"));
    }
    let op = if max {
        Op::MaxPool(window)
    } else {
        Op::AvgPool {
            window,
            count_padding,
        }
    };
    on_map(r, builder, x, spatial, op)
}

/// The mean over all spatial axes: GlobalAveragePool, and ReduceMean over these axes.
pub fn global_average(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let x = r.layer(0)?;
    let spatial = map(r, x)?;
    let rank = x.dims.len();
    let mut keep = true;
    if r.node.operator == "ReduceMean" {
        let old = r.opset < 18;
        r.allow(if old {
            &["axes", "keepdims"]
        } else {
            &["keepdims", "noop_with_empty_axes"]
        })?;
        keep = r.int("keepdims", 1) != 0;
        let given = match r.attribute("axes") {
            Some(a) => a.ints.as_slice(),
            None if r.has(1) => r.ints(1)?,
            None => &[],
        };
        let mut axes: Vec<usize> = given
            .iter()
            .map(|&a| r.axis(a, rank, 11))
            .collect::<Result<_>>()?;
        axes.sort_unstable();
        if axes != (2..rank).collect::<Vec<_>>() {
            return Err(r.fail(format!("over axes {given:?} of dimensions {:?}; the mean over all of a map's rows and columns is supported", x.dims)));
        }
    } else {
        r.allow(&[])?;
    }
    let shape = natural(&x.dims);
    let op = Op::AvgPool {
        window: Window::new([shape.height, shape.width], [1, 1]),
        count_padding: false,
    };
    let mean = on_map(r, builder, x, spatial, op)?;
    if keep {
        return Ok(mean);
    }
    r.reshape(builder, &mean, vec![1, shape.channels])
}

/// Gemm: alpha x W + beta c.
pub fn gemm(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&["alpha", "beta", "transA", "transB", "broadcast"])?;
    r.only("transA", 0)?;
    let x = r.layer(0)?;
    let [rows, inputs] = x.dims[..] else {
        return Err(r.fail(format!("on dimensions {:?}; a matrix is needed", x.dims)));
    };
    let [a, b] = matrix(r, 1)?;
    let (weights, k, n) = if r.int("transB", 0) == 0 {
        (transposed(r.weights(1)?, a, b), a, b)
    } else {
        (r.weights(1)?.to_vec(), b, a)
    };
    if k != inputs {
        return Err(r.fail(format!(
            "weights of dimensions [{a}, {b}] on dimensions {:?}",
            x.dims
        )));
    }
    let weights = scaled(r, weights, r.float("alpha", 1.0))?;
    let mut bias = vec![0.0; rows * n];
    if r.has(2) {
        // One-way broadcasting to [rows, n].
        let c = r.constant(2)?;
        let own = scaled(r, r.weights(2)?.to_vec(), r.float("beta", 1.0))?;
        let (cr, cn) = match c.dims[..] {
            [] => (1, 1),
            [n] => (1, n),
            [m, n] => (m, n),
            _ => (0, 0),
        };
        if !(cr == 1 || cr == rows) || !(cn == 1 || cn == n) {
            return Err(r.fail(format!(
                "bias of dimensions {:?} for a result of dimensions [{rows}, {n}]",
                c.dims
            )));
        }
        for (i, v) in bias.iter_mut().enumerate() {
            let (row, column) = (i / n, i % n);
            *v = own[(if cr == 1 { 0 } else { row }) * cn + if cn == 1 { 0 } else { column }];
        }
    }
    product(r, builder, x, rows, &weights, bias, vec![rows, n])
}

/// MatMul of a layer and a matrix, in either order.
pub fn matmul(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    if matches!(r.value(0)?, Value::Constant(_)) {
        // W x, with x a column.
        let [m, k] = matrix(r, 0)?;
        let x = r.layer(1)?;
        let to = match x.dims[..] {
            [n] if n == k => vec![m],
            [n, 1] if n == k => vec![m, 1],
            _ => {
                return Err(r.fail(format!(
                "a matrix of dimensions [{m}, {k}] times dimensions {:?}; a column is supported",
                x.dims
            )))
            }
        };
        return product(r, builder, x, 1, r.weights(0)?, vec![0.0; m], to);
    }
    let x = r.layer(0)?;
    let [k, n] = matrix(r, 1)?;
    let Some((&last, before)) = x.dims.split_last().filter(|(last, _)| **last == k) else {
        return Err(r.fail(format!(
            "weights of dimensions [{k}, {n}] on dimensions {:?}",
            x.dims
        )));
    };
    let rows = count(&x.dims)? / last.max(1);
    let to = [before, &[n]].concat();
    let weights = transposed(r.weights(1)?, k, n);
    product(r, builder, x, rows, &weights, vec![0.0; rows * n], to)
}

/// Every one of x's rows through the same weights (`[output][input]`): one dense layer, with the weights in blocks
/// where there are several rows.
fn product(
    r: &Reader,
    builder: &mut Builder,
    x: &Layer,
    rows: usize,
    weights: &[f64],
    bias: Vec<f64>,
    to: Vec<usize>,
) -> Result<Layer> {
    let total = count(&x.dims)?;
    let inputs = total / rows.max(1);
    let outputs = bias.len() / rows.max(1);
    let flat = r.reshape(builder, x, vec![total])?;
    let weights = if rows == 1 {
        weights.to_vec()
    } else {
        if bias.len().saturating_mul(total) > MAX_ROWS {
            return Err(r.fail(format!(
                "of dimensions {:?}: a product of so many rows is not supported",
                x.dims
            )));
        }
        let mut blocks = vec![0.0; bias.len() * total];
        for row in 0..rows {
            for o in 0..outputs {
                let at = (row * outputs + o) * total + row * inputs;
                blocks[at..at + inputs].copy_from_slice(&weights[o * inputs..(o + 1) * inputs]);
            }
        }
        blocks
    };
    let made = r.push(
        builder,
        Op::Dense(Dense { weights, bias }),
        flat.id,
        vec![rows * outputs],
    )?;
    r.reshape(builder, &made, to)
}

fn matrix(r: &Reader, i: usize) -> Result<[usize; 2]> {
    let dims = &r.constant(i)?.dims;
    dims.as_slice().try_into().map_err(|_| {
        r.fail(format!(
            "weights of dimensions {dims:?}; a matrix is expected"
        ))
    })
}

fn transposed(w: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns)
        .flat_map(|c| (0..rows).map(move |row| w[row * columns + c]))
        .collect()
}

/// The numbers times a factor, which must be exact.
fn scaled(r: &Reader, mut values: Vec<f64>, factor: f64) -> Result<Vec<f64>> {
    if factor != 1.0 {
        for v in &mut values {
            let p = *v * factor;
            // The error of a product is exact only far above underflow.
            let sure = p == 0.0 && (*v == 0.0 || factor == 0.0)
                || p.abs() > 1e-280 && v.mul_add(factor, -p) == 0.0;
            if !sure || !p.is_finite() {
                return Err(r.fail(format!(
                    "alpha or beta = {factor} makes weights that f64 cannot hold; fold it into the weights"
                )));
            }
            *v = p;
        }
    }
    Ok(values)
}
