//! Layers with weights: convolution, batch norm, matrix products.

use crate::error::Result;
use crate::network::model::batch_norm::BatchNorm;
use crate::network::model::graph::Builder;
use crate::network::model::ops::{Conv, Dense, Op};
use crate::network::read::onnx::fold::exact_product;
use crate::network::read::onnx::movement::{flat, layer, select};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::{count, natural, transposed as turned, Layer, Value};
use crate::network::read::onnx::windows::{map, on_map, pair, window, WINDOW};

/// Most weights of the dense layer that stands for a matrix product of several rows.
const MAX_ROWS: usize = 1 << 22;

/// Conv.
pub fn conv(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[WINDOW.as_slice(), &["group"]].concat())?;
    let x = &layer(r, builder, 0)?;
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
    let x = layer(r, builder, 0)?;
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

/// Gemm: alpha x W + beta c.
pub fn gemm(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&["alpha", "beta", "transA", "transB", "broadcast"])?;
    r.only("transA", 0)?;
    let x = r.carried(0)?;
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
        return from_left(r, builder);
    }
    let x = r.carried(0)?;
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

/// W x, of x's last two axes (of its only one): the transposed of x^T W^T.
fn from_left(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let [m, k] = matrix(r, 0)?;
    let x = r.carried(1)?;
    let rank = x.dims.len();
    let mut order: Vec<usize> = (0..rank).collect();
    if rank > 1 {
        if rank == 2 {
            r.not_batch(0)?;
        }
        order.swap(rank - 2, rank - 1);
    }
    let (dims, picks) = turned(&x.dims, &order);
    if dims.last() != Some(&k) {
        return Err(r.fail(format!(
            "a matrix of dimensions [{m}, {k}] times dimensions {:?}",
            x.dims
        )));
    }
    let x = select(r, builder, x, &picks, dims)?;
    let rows = count(&x.dims)? / k.max(1);
    let to = [&x.dims[..rank - 1], &[m]].concat();
    let bias = vec![0.0; rows * m];
    let made = product(r, builder, &x, rows, r.weights(0)?, bias, to)?;
    let (dims, picks) = turned(&made.dims, &order);
    select(r, builder, &made, &picks, dims)
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
    let flat = flat(r, builder, x)?;
    if rows != 1 && bias.len().saturating_mul(total) > MAX_ROWS {
        return Err(r.fail(format!(
            "of dimensions {:?}: a product of so many rows is not supported",
            x.dims
        )));
    }
    // Columns as the node has its elements.
    let weights = if rows == 1 && x.order.is_none() {
        weights.to_vec()
    } else {
        let mut blocks = vec![0.0; bias.len() * total];
        for row in 0..rows {
            for o in 0..outputs {
                let begin = (row * outputs + o) * total;
                for i in 0..inputs {
                    blocks[begin + x.place(row * inputs + i)] = weights[o * inputs + i];
                }
            }
        }
        blocks
    };
    let made = r.push(
        builder,
        Op::Dense(Dense { weights, bias }),
        flat,
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
            let p = exact_product(*v, factor).ok_or_else(|| {
                r.fail(format!(
                    "alpha or beta = {factor} makes weights that f64 cannot hold; fold it into the weights"
                ))
            })?;
            *v = p;
        }
    }
    Ok(values)
}
