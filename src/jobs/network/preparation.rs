//! What every answer says of its inputs: how a file's numbers become them, what was assumed, and what looks forgotten.

use crate::error::Result;
use crate::jobs::network::inputs::Inputs;
use crate::network::forward::first_norm::first_norm;
use crate::network::model::graph::Network;

/// So many samples are looked at.
const LOOKED_AT: usize = 8;
/// Inputs of networks that were trained on prepared numbers lie inside.
const USUAL: f64 = 10.0;

/// The preparation in words, a line each: the formula first, then what was assumed, then warnings of what was *measured* on the
/// first of the samples (their range, and what the first batch norm sees of them). Warnings change no answer.
///
/// # Errors
/// A layer that sums more products than the rounding bounds allow.
pub fn said(
    inputs: &Inputs,
    network: &Network,
    samples: impl IntoIterator<Item = usize>,
) -> Result<Vec<String>> {
    let mut said = inputs.said.clone();
    let readable = samples.into_iter().take(LOOKED_AT);
    let middle = |sample: usize| -> Option<Vec<f64>> {
        let x = inputs.sample(sample).ok()?;
        let middles = x.balls().map(|b| b.hi);
        Some(middles.collect())
    };
    let seen: Vec<Vec<f64>> = readable.filter_map(middle).collect();
    let all = || seen.iter().flatten().copied();
    let (lo, hi) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(f64::NEG_INFINITY, f64::max),
    );
    let of = match seen.len() {
        1 => "the sample".to_owned(),
        n => format!("the first {n} samples"),
    };
    if lo < -USUAL || hi > USUAL {
        said.push(format!(
            "WARNING: prepared numbers of {of} reach from {lo:.4} to {hi:.4} (measured), outside [-{USUAL}, {USUAL}]: is \
             --value-scale, --mean or --std forgotten?"
        ));
    }
    if let Some(found) = first_norm(network, &seen)?.filter(|found| found.is_strange()) {
        let variance = found.measure_log2_variance;
        let variance = variance.map_or(String::new(), |v| {
            format!(", and within a sample 2^{v:.1} of its own variance (mean of logarithms)")
        });
        said.push(format!(
            "WARNING: at the first batch norm, {:?}, the values of {of} have a root mean square of {:.3} of its own deviations \
             about its own means{variance} (measured; prepared as it was trained, they are near 1): is the preparation another one?",
            network.nodes[found.node].name, found.measure_root_mean_square
        ));
    }
    Ok(said)
}
