//! What a linear layer is as rows: of each of its inputs, and its constant.

use crate::arith::ball::Ball;
use crate::encrypted::rows::{Pair, Rows};
use crate::error::{Error, Result};
use crate::network::forward::layers::moved;
use crate::network::model::ops::Conv;
use crate::network::{Op, TensorShape, Window};
use rug::Rational;

/// A linear layer.
#[derive(Debug)]
pub struct Layer {
    /// For each input its map; none for the identity.
    pub maps: Vec<Option<Rows>>,
    /// The constant; none for zeros.
    pub bias: Option<Vec<Pair>>,
}

/// A linear layer of these inputs.
///
/// # Errors
/// A layer that is not linear: what it is and what there is.
pub fn layer(op: &Op, from: &[TensorShape], out: TensorShape) -> Result<Layer> {
    let x = from.first().copied().unwrap_or(out);
    let one = |rows: Rows| vec![Some(rows)];
    let exact = |v: &f64| (*v, 0.0);
    let each = |values: &[Pair]| -> Vec<Pair> {
        (0..out.len()).map(|i| values[i / out.pixels()]).collect()
    };
    let scaled = |factors: &[Pair]| {
        Rows::build(out.len(), out.len(), |i, row| {
            row.push((i, factors[i / out.pixels()]));
        })
    };
    let (maps, bias) = match op {
        Op::Conv(c) => {
            let bias: Vec<Pair> = c.bias.iter().map(exact).collect();
            (one(conv(c, x, out)), Some(each(&bias)))
        }
        Op::Dense(d) => {
            let rows = Rows::build(out.len(), x.len(), |i, row| {
                let weights = &d.weights[i * x.len()..(i + 1) * x.len()];
                row.extend(weights.iter().map(exact).enumerate());
            });
            (one(rows), Some(d.bias.iter().map(exact).collect()))
        }
        Op::BatchNorm(b) => {
            let folded = b.folded();
            let factors: Vec<Pair> = folded.iter().map(|(s, _)| (s.hi, s.lo)).collect();
            let shifts: Vec<Pair> = folded.iter().map(|(_, t)| (t.hi, t.lo)).collect();
            (one(scaled(&factors)), Some(each(&shifts)))
        }
        Op::Affine { scale, shift } => {
            let [factors, shifts] =
                [scale, shift].map(|all| all.iter().map(exact).collect::<Vec<Pair>>());
            (one(scaled(&factors)), Some(each(&shifts)))
        }
        Op::AvgPool {
            window,
            count_padding,
        } => (one(average(window, *count_padding, x, out)), None),
        Op::Reshape(_) => (vec![None], None),
        Op::Subsample { .. } | Op::Pad { .. } | Op::Gather { .. } => {
            let places = moved(op, x, out);
            let rows = Rows::build(out.len(), x.len(), |i, row| {
                row.extend(places[i].map(|j| (j, (1.0, 0.0))));
            });
            (one(rows), None)
        }
        Op::Add => (vec![None, None], None),
        Op::Concat => {
            let mut first = 0;
            let part = |shape: &TensorShape| {
                let own = first..first + shape.len();
                first = own.end;
                Some(Rows::build(out.len(), shape.len(), |i, row| {
                    if own.contains(&i) {
                        row.push((i - own.start, (1.0, 0.0)));
                    }
                }))
            };
            (from.iter().map(part).collect(), None)
        }
        other => {
            return Err(Error::unsupported(format!(
            "a layer of kind {} is not run on ciphertexts: linear layers, ReLU and max-pooling are",
            other.name()
        )))
        }
    };
    Ok(Layer { maps, bias })
}

/// Row and column of the input that a window's element is at, if it is inside.
fn inside(
    w: &Window,
    x: TensorShape,
    at: (usize, usize),
    tap: (usize, usize),
) -> Option<(usize, usize)> {
    let place = |axis: usize, at: usize, tap: usize, size: usize| {
        let padded = at * w.stride[axis] + tap * w.dilation[axis];
        let inside = padded.checked_sub(w.padding[axis]);
        inside.filter(|&i| i < size)
    };
    Some((
        place(0, at.0, tap.0, x.height)?,
        place(1, at.1, tap.1, x.width)?,
    ))
}

fn conv(c: &Conv, x: TensorShape, out: TensorShape) -> Rows {
    let [height, width] = c.window.kernel;
    let (inputs, outputs) = (x.channels / c.groups, out.channels / c.groups);
    Rows::build(out.len(), x.len(), |i, row| {
        let (channel, place) = (i / out.pixels(), i % out.pixels());
        let at = (place / out.width, place % out.width);
        let first = channel / outputs * inputs;
        for input in 0..inputs {
            let weights = &c.weights[(channel * inputs + input) * c.window.len()..];
            for tap in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                if let Some((y, w)) = inside(&c.window, x, at, tap) {
                    let column = ((first + input) * x.height + y) * x.width + w;
                    row.push((column, (weights[tap.0 * width + tap.1], 0.0)));
                }
            }
        }
    })
}

fn average(window: &Window, count_padding: bool, x: TensorShape, out: TensorShape) -> Rows {
    // As many as elements that a window may have inside.
    let mut inverses: Vec<Option<Pair>> = vec![None; window.len() + 1];
    Rows::build(out.len(), x.len(), |i, row| {
        let (channel, place) = (i / out.pixels(), i % out.pixels());
        let at = (place / out.width, place % out.width);
        let all: Vec<_> = window.positions(x, at.0, at.1).collect();
        let n = if count_padding {
            window.len()
        } else {
            all.len()
        };
        let inverse =
            inverses[n].get_or_insert_with(|| Ball::rational(&Rational::from((1, n.max(1)))).mid());
        let column = |(y, w): (usize, usize)| (channel * x.height + y) * x.width + w;
        row.extend(all.into_iter().map(|at| (column(at), *inverse)));
    })
}
