//! The search for the opposite over a box of inputs: inputs that drive a neuron, or the distance of the
//! outputs, as far as they can.
//!
//! Sign ascent: from a corner or a point inside, every input goes to the end of its side that the
//! gradient points to, a few times; from several starts. All results are *estimates* in plain f64: they
//! say how much of a proved bound is really reached.

use crate::network::boxes::bounds::Bounds;
use crate::network::boxes::stages::Stage;

/// What stands at a stage's ReLU: (stage, neuron, z) to value.
pub type Respond<'a> = &'a dyn Fn(usize, usize, f64) -> f64;

/// Pre-activations of every stage, in plain f64.
///
/// *Estimate*.
pub fn run(stages: &[Stage], x: &[f64], respond: Respond) -> Vec<Vec<f64>> {
    let mut before = vec![x.to_vec()];
    let mut after = vec![x.to_vec()];
    for (k, stage) in stages.iter().enumerate().skip(1) {
        let mut z = stage.bias.clone();
        for m in &stage.matrices {
            let a = &after[m.source];
            m.map.each_entry(a.len(), |o, i, w| z[o] += w * a[i]);
        }
        let value = |(i, &z): (usize, &f64)| if stage.relu { respond(k, i, z) } else { z };
        after.push(z.iter().enumerate().map(value).collect());
        before.push(z);
    }
    before
}

/// The gradient of one pre-activation by the input, with ReLU's slopes at given pre-activations.
fn gradient(stages: &[Stage], before: &[Vec<f64>], target: (usize, usize)) -> Vec<f64> {
    let mut rows: Vec<Option<Vec<f64>>> = vec![None; target.0 + 1];
    let mut start = vec![0.0; stages[target.0].size];
    start[target.1] = 1.0;
    rows[target.0] = Some(start);
    for k in (1..=target.0).rev() {
        let Some(mut row) = rows[k].take() else {
            continue;
        };
        if k < target.0 && stages[k].relu {
            for (q, z) in row.iter_mut().zip(&before[k]) {
                *q = if *z > 0.0 { *q } else { 0.0 };
            }
        }
        for m in &stages[k].matrices {
            let out = rows[m.source].get_or_insert_with(|| vec![0.0; m.columns()]);
            m.add_rows(&row, stages[k].size, out);
        }
    }
    rows[0].take().unwrap_or_default()
}

/// The greatest value of `sign` times a pre-activation that was found over the box.
///
/// **Inputs** the stages, the box, the response, (stage, neuron), the sign, number of starts.
/// *Estimate*: at most the true maximum, but for rounding.
pub fn greatest(
    stages: &[Stage],
    sides: &[Bounds],
    respond: Respond,
    target: (usize, usize),
    sign: f64,
    starts: usize,
) -> f64 {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut best = f64::NEG_INFINITY;
    for start in 0..starts.max(1) {
        let mut x: Vec<f64> = sides
            .iter()
            .map(|(lo, hi)| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let part = if start == 0 {
                    0.5
                } else {
                    (seed >> 11) as f64 / (1u64 << 53) as f64
                };
                lo + (hi - lo) * part
            })
            .collect();
        for _ in 0..8 {
            let before = run(&stages[..=target.0], &x, respond);
            let value = sign * before[target.0][target.1];
            let worse = value <= best;
            best = best.max(value);
            if worse && start > 0 {
                // Two points that do not improve: another start.
                break;
            }
            let slope = gradient(stages, &before, target);
            for ((x, g), (lo, hi)) in x.iter_mut().zip(&slope).zip(sides) {
                if *g != 0.0 {
                    *x = if g * sign > 0.0 { *hi } else { *lo };
                }
            }
        }
    }
    best
}

/// The greatest |twin - network| of an output that was found over the box.
///
/// *Estimate*: random corners and points, the best of them improved side by side.
pub fn difference(stages: &[Stage], sides: &[Bounds], twin: Respond, starts: usize) -> f64 {
    let relu = |_: usize, _: usize, z: f64| z.max(0.0);
    let last = stages.len() - 1;
    let apart = |x: &[f64]| {
        let (u, z) = (run(stages, x, twin), run(stages, x, &relu));
        u[last]
            .iter()
            .zip(&z[last])
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    };
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut best = (0.0, Vec::new());
    for start in 0..starts.max(1) {
        let x: Vec<f64> = sides
            .iter()
            .map(|(lo, hi)| {
                let part = random();
                lo + (hi - lo) * if start % 2 == 0 { part.round() } else { part }
            })
            .collect();
        let d = apart(&x);
        if d >= best.0 {
            best = (d, x);
        }
    }
    let (mut most, mut x) = best;
    for i in 0..x.len().min(4 * starts) {
        let kept = x[i];
        for side in [sides[i].0, sides[i].1] {
            x[i] = side;
            let d = apart(&x);
            if d > most {
                most = d;
                break;
            }
            x[i] = kept;
        }
    }
    most
}
