//! What a network's first batch norm sees, beside the statistics that it was trained with. *Measured*, in plain f64.
//!
//! A batch norm remembers mean and variance of its inputs over the training data, prepared as they were then. Inputs that are
//! prepared in another way (a factor or a deviation forgotten) show at the first of them: with z = (x - mean)/sqrt(variance +
//! epsilon), the root mean square of z is 1 over the training data, and so is the ratio of the variances.
//!
//! Calibration: on the published ResNet-20 (CIFAR-10) and the first 100 test images, one image each, the root mean square lies in
//! [0.47, 1.64], and the mean over channels of log2 of the ratio of an image's own variance in [-3.98, 0.14]; without the factor
//! 1/255 these are [50, 131] and [8.7, 12.2], without mean and deviation [0.27, 0.60] and [-7.3, -3.8]. The least mean of logarithms
//! that passes, -3 - 1.5/sqrt(n) of n samples, lets all of the right ones pass and stops 81 % of these single images, 99.8 % of
//! pairs, and all of 4,000 sets of four and of eight.

use crate::error::Result;
use crate::network::forward::Prepared;
use crate::network::model::batch_norm::BatchNorm;
use crate::network::model::graph::{Network, NodeId};
use crate::network::model::ops::Op;

/// A root mean square above this is not that of prepared inputs.
const MOST_ROOT_MEAN_SQUARE: f64 = 4.0;
/// Fewer pixels of a channel do not tell their variance.
const LEAST_PIXELS: usize = 16;
/// No channel counts for more octaves.
const MOST_OCTAVES: f64 = 20.0;

/// What a batch norm saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The batch norm.
    pub node: NodeId,
    /// Root mean square of (x - mean)/sqrt(variance + epsilon) over all elements and samples.
    pub measure_root_mean_square: f64,
    /// Mean over channels and samples of log2((variance within the sample + epsilon)/(variance + epsilon)); none of few pixels.
    pub measure_log2_variance: Option<f64>,
    /// So many samples.
    pub samples: usize,
}

impl Seen {
    /// Whether the samples are far from what the network was trained on.
    pub fn is_strange(&self) -> bool {
        let rms = self.measure_root_mean_square;
        // The mean of n samples spreads as 1/sqrt(n).
        let least = -3.0 - 1.5 / (self.samples as f64).sqrt();
        let flat = self.measure_log2_variance.is_some_and(|v| v < least);
        rms.is_nan() || rms > MOST_ROOT_MEAN_SQUARE || flat
    }
}

/// What the first batch norm sees of inputs; none where there is none, or an activation comes first.
///
/// **Inputs** prepared, channels first, rounded to f64.
///
/// # Errors
/// A layer that sums more products than the rounding bounds allow.
pub fn first_norm(network: &Network, inputs: &[Vec<f64>]) -> Result<Option<Seen>> {
    let is_norm = |id: &NodeId| matches!(network.nodes[*id].op, Op::BatchNorm(_));
    let Some(node) = (0..network.nodes.len()).find(is_norm) else {
        return Ok(None);
    };
    let before = &network.nodes[..node];
    let Op::BatchNorm(norm) = &network.nodes[node].op else {
        return Ok(None);
    };
    if inputs.is_empty() || before.iter().any(|n| n.op.is_activation()) {
        return Ok(None);
    }
    let part = Network {
        name: network.name.clone(),
        nodes: before.to_vec(),
        output: network.nodes[node].inputs[0],
        preprocessing: network.preprocessing.clone(),
    };
    let prepared = Prepared::new(&part)?;
    let outputs: Vec<Vec<f64>> = inputs.iter().map(|x| prepared.estimate_plain(x)).collect();
    let (rms, log2_variance) = judge(norm, part.output_shape().pixels(), &outputs);
    Ok(Some(Seen {
        node,
        measure_root_mean_square: rms,
        measure_log2_variance: log2_variance,
        samples: inputs.len(),
    }))
}

/// Root mean square and mean log2 of the variance, channels of `pixels` elements each.
fn judge(norm: &BatchNorm, pixels: usize, outputs: &[Vec<f64>]) -> (f64, Option<f64>) {
    let channels = norm.mean.len();
    let (mut squares, mut octaves) = (0.0, 0.0);
    for values in outputs.iter().flat_map(|o| o.chunks(pixels).enumerate()) {
        let (c, values) = values;
        let spread = norm.variance[c] + norm.epsilon;
        let about = |m: f64| values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / pixels as f64;
        squares += about(norm.mean[c]) / spread;
        let variance = about(values.iter().sum::<f64>() / pixels as f64);
        let ratio = ((variance + norm.epsilon) / spread).log2();
        octaves += ratio.clamp(-MOST_OCTAVES, MOST_OCTAVES);
    }
    let n = (outputs.len() * channels) as f64;
    let told = pixels >= LEAST_PIXELS;
    ((squares / n).sqrt(), told.then_some(octaves / n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn norm() -> BatchNorm {
        BatchNorm {
            gamma: vec![1.0; 2],
            beta: vec![0.0; 2],
            mean: vec![1.0, -1.0],
            variance: vec![4.0, 0.25],
            epsilon: 0.0,
        }
    }

    /// 16 values of each channel that have just the batch norm's mean and variance, moved and scaled.
    fn values(scale: f64, shift: f64) -> Vec<f64> {
        let at = |i: usize| if i % 2 == 0 { 1.0 } else { -1.0 };
        let first = (0..16).map(|i| (1.0 + 2.0 * at(i)) * scale + shift);
        let second = (0..16).map(|i| (-1.0 + 0.5 * at(i)) * scale + shift);
        first.chain(second).collect()
    }

    #[test]
    fn prepared_inputs_are_near_the_statistics_and_others_are_strange() {
        let seen = |scale, shift| {
            let (rms, variance) = judge(&norm(), 16, &[values(scale, shift)]);
            Seen {
                node: 0,
                measure_root_mean_square: rms,
                measure_log2_variance: variance,
                samples: 1,
            }
        };
        let right = seen(1.0, 0.0);
        assert_eq!(right.measure_root_mean_square, 1.0);
        assert_eq!(right.measure_log2_variance, Some(0.0));
        assert!(!right.is_strange());
        assert_eq!(seen(0.25, 0.0).measure_log2_variance, Some(-4.0));
        assert!(!seen(0.25, 0.0).is_strange());
        // Of many samples as many octaves are too many.
        let many = Seen {
            samples: 8,
            ..seen(0.25, 0.0)
        };
        assert!(many.is_strange());
        assert!(seen(255.0, 0.0).is_strange() && seen(1.0, 100.0).is_strange());
        assert!(seen(1.0 / 255.0, 0.0).is_strange());
        assert!(seen(f64::INFINITY, 0.0).is_strange());
        // Of few values only the root mean square is known.
        assert_eq!(judge(&norm(), 1, &[vec![3.0, -0.5]]), (1.0, None));
    }
}
