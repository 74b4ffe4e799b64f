//! How much each layer's noise moves the margins, to first order: what precision a layer needs.
//!
//! One row for each margin goes back through the slopes of the sample's own trajectory. At an activation
//! with outputs i and coefficients c_i, noise |e_i| <= w B moves the margin by at most w B sum |c_i|, and
//! independent noise with proxy s B by kappa s B |c|_2 at most but for probability 2^-32, to first order:
//! slopes are taken as they stand on the undisturbed trajectory, so all results are *estimates*. They cost one
//! backward pass, where bounds need a row for every neuron.

use crate::network::model::graph::NodeId;
use crate::network::rows::asked::Functional;
use crate::network::rows::lanes::{Lane, LANES};
use crate::network::rows::plan::Plan;
use crate::network::rows::state::kappa;
use crate::network::rows::tile::{descend, Tile, Visitor};

/// What one function of the result meets at one activation, in units of the result.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sensitivity {
    /// B sum |c_i|: the change by noise of B at every neuron, in the worst direction.
    pub estimate_worst: f64,
    /// B |c|_2: the deviation by independent noise of proxy B.
    pub estimate_sigma: f64,
}

impl Sensitivity {
    /// Noise in several activations that are one layer: signs at worst, squares for independent noise.
    pub fn with(self, other: Self) -> Self {
        Self {
            estimate_worst: self.estimate_worst + other.estimate_worst,
            estimate_sigma: self.estimate_sigma.hypot(other.estimate_sigma),
        }
    }

    /// Bits below B of the noise that moves a margin by its share `margin`/`layers` at most: log2 of
    /// (layers/margin) times the sensitivity, worst case and independent (with kappa for two-sided 2^-32).
    pub fn estimate_bits(self, margin: f64, layers: usize) -> (f64, f64) {
        let bits = |s: f64| (s * layers as f64 / margin).log2();
        (
            bits(self.estimate_worst),
            bits(self.estimate_sigma * kappa(2.0)),
        )
    }
}

/// For each target and activation its sensitivity.
///
/// **Inputs** slopes of each activation's elements, channels first; B of each activation.
/// *Estimate*. **Cost** a backward pass for sixteen targets.
pub fn sensitivities(
    plan: &Plan,
    slopes: &[Vec<f32>],
    scales: &[f64],
    targets: &[Functional],
) -> Vec<Vec<Sensitivity>> {
    let mut all = Vec::with_capacity(targets.len());
    for chunk in targets.chunks(LANES) {
        let mut found = vec![vec![(0.0f64, 0.0f64); slopes.len()]; chunk.len()];
        let tile = Tile::of(chunk, plan.nodes[plan.output].shape);
        through(plan, slopes, tile, |activation, _, lane| {
            for (sums, v) in found.iter_mut().zip(lane) {
                let v = f64::from(*v);
                sums[activation].0 += v.abs();
                sums[activation].1 += v * v;
            }
        });
        all.extend(found.into_iter().map(|row| {
            let scaled = row.into_iter().zip(scales);
            scaled
                .map(|((size, squares), b)| Sensitivity {
                    estimate_worst: size * b,
                    estimate_sigma: squares.sqrt() * b,
                })
                .collect()
        }));
    }
    all
}

/// Takes rows at the result back to the input; `meet` sees (activation, element, coefficients) at each
/// activation's outputs, elements counted channels first.
pub fn through(
    plan: &Plan,
    slopes: &[Vec<f32>],
    tile: Tile,
    meet: impl FnMut(usize, usize, &Lane),
) {
    let mut visitor = Through { plan, slopes, meet };
    descend(plan, plan.output, tile, &mut visitor);
}

struct Through<'a, F> {
    plan: &'a Plan,
    slopes: &'a [Vec<f32>],
    meet: F,
}

impl<F: FnMut(usize, usize, &Lane)> Visitor for Through<'_, F> {
    fn activation(&mut self, index: usize, tile: &mut Tile) {
        let shape = self.plan.nodes[self.plan.activations[index]].shape;
        for y in 0..tile.size[0] {
            for x in 0..tile.size[1] {
                for c in 0..shape.channels {
                    let place = (tile.origin[0] + y) * shape.width + tile.origin[1] + x;
                    let element = c * shape.pixels() + place;
                    let v = &mut tile.data[(y * tile.size[1] + x) * shape.channels + c];
                    (self.meet)(index, element, v);
                    let slope = self.slopes[index][element];
                    v.iter_mut().for_each(|v| *v *= slope);
                }
            }
        }
    }

    fn linear(&mut self, _: NodeId, _: &Tile, _: ([usize; 2], [usize; 2])) {}

    fn merged(&mut self, _: NodeId, _: &Tile) {}

    fn matters(&self, _: NodeId) -> bool {
        true
    }
}
