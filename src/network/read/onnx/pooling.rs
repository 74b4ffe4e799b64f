//! Pooling and means.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::model::ops::{Op, Window};
use crate::network::read::onnx::movement::{layer, restored, stored};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::{count, natural, Layer};
use crate::network::read::onnx::windows::{map, on_map, pair, window, WINDOW};

/// MaxPool and AveragePool.
pub fn pool(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let max = r.node.operator == "MaxPool";
    let own: &[&str] = if max {
        &["ceil_mode", "storage_order"]
    } else {
        &["ceil_mode", "count_include_pad"]
    };
    r.allow(&[WINDOW.as_slice(), own].concat())?;
    let x = &layer(r, builder, 0)?;
    let spatial = map(r, x)?;
    if r.attribute("kernel_shape").is_none() {
        return Err(r.fail("has no kernel_shape"));
    }
    let kernel = pair(r, "kernel_shape", spatial)?;
    let mut window = window(r, natural(&x.dims), spatial, kernel)?;
    let count_padding = r.int("count_include_pad", 0) != 0;
    if !max && r.opset < 7 && window.padding != [0; 4] {
        return Err(r.fail("pads an average in an opset below 7; convert the model to opset 13"));
    }
    if r.int("ceil_mode", 0) != 0 {
        let widened = ceil(r, &window, &x.dims[2..])?;
        if widened != window && !max && count_padding {
            return Err(r.fail("counts the padding in ceil_mode, where runtimes differ"));
        }
        window = widened;
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

/// The window whose last positions, which ceil_mode adds, lie partly in more padding behind the map.
///
/// Padding takes no part in a maximum, nor in a mean that does not count it.
fn ceil(r: &Reader, window: &Window, sizes: &[usize]) -> Result<Window> {
    let mut wide = *window;
    for (axis, &size) in sizes.iter().enumerate() {
        let stride = window.stride[axis].max(1);
        let reach = window.kernel[axis]
            .saturating_sub(1)
            .saturating_mul(window.dilation[axis])
            .saturating_add(1);
        let padded = size
            .saturating_add(window.padding[axis])
            .saturating_add(window.padding[axis + 2]);
        let Some(rest) = padded.checked_sub(reach) else {
            continue;
        };
        let last = rest.div_ceil(stride).saturating_mul(stride);
        if last == rest / stride * stride {
            continue;
        }
        if last >= size.saturating_add(window.padding[axis]) {
            return Err(
                r.fail("a last window of ceil_mode begins behind the map, where runtimes differ")
            );
        }
        wide.padding[axis + 2] = wide.padding[axis + 2].saturating_add(last - rest);
    }
    Ok(wide)
}

/// GlobalAveragePool: the mean over all rows and columns.
pub fn global_average(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    let x = layer(r, builder, 0)?;
    let spatial = map(r, &x)?;
    let shape = natural(&x.dims);
    on_map(
        r,
        builder,
        &x,
        spatial,
        average([shape.height, shape.width]),
    )
}

fn average(kernel: [usize; 2]) -> Op {
    Op::AvgPool {
        window: Window::new(kernel, kernel),
        count_padding: false,
    }
}

/// ReduceMean over axes that follow each other, as the mean over a map's rows.
pub fn reduce_mean(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(if r.opset < 18 {
        &["axes", "keepdims"]
    } else {
        &["keepdims", "noop_with_empty_axes"]
    })?;
    let keep = r.int("keepdims", 1) != 0;
    let original = r.carried(0)?;
    let rank = original.dims.len();
    let mut axes: Vec<usize> = match r.axes()?.filter(|list| !list.is_empty()) {
        Some(list) => list
            .iter()
            .map(|&a| r.axis(a, rank, 11))
            .collect::<Result<_>>()?,
        None if r.int("noop_with_empty_axes", 0) != 0 => return Ok(original.clone()),
        None => (0..rank).collect(),
    };
    axes.sort_unstable();
    if axes.windows(2).any(|p| p[0] == p[1]) {
        return Err(r.fail("names an axis twice"));
    }
    for &axis in &axes {
        r.not_batch(axis)?;
    }
    let (x, at) = stored(r, builder, original)?;
    let mut there: Vec<usize> = axes
        .iter()
        .map(|&a| at[a])
        .filter(|&a| x.dims[a] > 1)
        .collect();
    there.sort_unstable();
    let mut dims = x.dims.clone();
    for &axis in &axes {
        dims[at[axis]] = 1;
    }
    let mean = match (there.first(), there.last()) {
        (Some(&first), Some(&last)) => {
            if (first..=last).any(|a| x.dims[a] > 1 && !there.contains(&a)) {
                return Err(r.fail(format!(
                    "over axes {axes:?} of dimensions {:?}, which do not follow each other",
                    original.dims
                )));
            }
            let whole = rank == 4 && x.dims[0] == 1 && there == [2, 3];
            if whole {
                let shape = natural(&x.dims);
                on_map(r, builder, &x, 2, average([shape.height, shape.width]))?
            } else {
                let n = count(&x.dims[first..=last])?;
                let rows = vec![1, count(&x.dims[..first])?, n, count(&x.dims[last + 1..])?];
                let rows = r.reshape(builder, &x, rows)?;
                let mean = on_map(r, builder, &rows, 2, average([n, 1]))?;
                r.reshape(builder, &mean, dims)?
            }
        }
        _ => x,
    };
    let mean = restored(r, builder, &mean, &at)?;
    if keep {
        return Ok(mean);
    }
    let kept = (0..rank).filter(|a| !axes.contains(a));
    let dims = kept.map(|a| mean.dims[a]).collect();
    r.reshape(builder, &mean, dims)
}
