//! The search for the opposite: noise inside the error model that moves a result as far as it can.
//!
//! Where a class could not be certified, an attack that changes it shows that the network is to blame,
//! not the method. The gradient comes from the same backward rows; each step takes the noise of full
//! size in its direction, re-linearised on the trajectory that the last one led to. All results are
//! *estimates* in plain f64: they show what can happen, and prove nothing.

use crate::network::deviation::plan::Plan;
use crate::network::deviation::rows::{descend, Tile, Visitor, LANES};
use crate::network::deviation::Target;
use crate::network::evaluate::Prepared;
use crate::network::graph::NodeId;

/// Value and slope of each neuron of an activation (the number of the activation, its inputs).
pub type Response<'a> = &'a dyn Fn(usize, &[f64]) -> Vec<(f64, f64)>;

/// What an attack, or a sample of noise, did to the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The disturbed result.
    pub estimate_result: Vec<f64>,
    /// target(disturbed) - target(undisturbed).
    pub estimate_change: f64,
}

/// Looks for noise, |e| <= worst at every activation's output, that makes a target as small as possible.
///
/// **Inputs** `input` to the network; the centre's response; the size of the noise at each activation; the target; steps.
/// *Estimate*. **Cost** a gradient and an inference for each step.
pub fn attack(
    prepared: &Prepared,
    plan: &Plan,
    input: &[f64],
    respond: Response,
    worst: &[f64],
    target: &Target,
    steps: usize,
) -> Moved {
    let mut signs: Vec<Vec<f32>> = Vec::new();
    let (start, mut slopes) = run(prepared, input, respond, &mut |_, _| 0.0);
    let value = |result: &[f64]| -> f64 {
        let parts = result.iter().zip(target);
        parts.map(|(r, t)| r * f64::from(*t)).sum()
    };
    let undisturbed = value(&start);
    let mut best = Moved {
        estimate_result: start,
        estimate_change: 0.0,
    };
    for _ in 0..steps {
        let gradient = gradient(plan, &slopes, target);
        signs.clear();
        signs.extend(gradient);
        let (result, next) = run(prepared, input, respond, &mut |k, i| {
            let g = signs[k].get(i).copied().unwrap_or(0.0);
            if g > 0.0 {
                -worst[k]
            } else if g < 0.0 {
                worst[k]
            } else {
                0.0
            }
        });
        slopes = next;
        let change = value(&result) - undisturbed;
        if change < best.estimate_change {
            best = Moved {
                estimate_result: result,
                estimate_change: change,
            };
        }
    }
    best
}

/// The result under given noise, and the slopes on the way.
///
/// *Estimate*.
pub fn run(
    prepared: &Prepared,
    input: &[f64],
    respond: Response,
    noise: &mut dyn FnMut(usize, usize) -> f64,
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut slopes = Vec::new();
    let result = prepared.estimate_with(input, &mut |k, _, z| {
        let (values, slope): (Vec<f64>, Vec<f64>) = respond(k, z).into_iter().unzip();
        slopes.push(slope);
        let disturbed = values.into_iter().enumerate();
        disturbed.map(|(i, v)| v + noise(k, i)).collect()
    });
    (result, slopes)
}

/// The gradient of a target by the noise of each neuron, in the order of the activations' elements.
fn gradient(plan: &Plan, slopes: &[Vec<f64>], target: &Target) -> Vec<Vec<f32>> {
    let shape = plan.nodes[plan.output].shape;
    let mut tile = Tile::zeros([0, 0], [shape.height, shape.width], shape.channels);
    for (i, c) in target.iter().enumerate() {
        let (channel, p) = (i / shape.pixels(), i % shape.pixels());
        tile.data[p * shape.channels + channel] = [*c; LANES];
    }
    let mut collect = Collect {
        plan,
        slopes,
        found: slopes.iter().map(|s| vec![0.0; s.len()]).collect(),
    };
    descend(plan, plan.output, tile, &mut collect);
    collect.found
}

struct Collect<'a> {
    plan: &'a Plan,
    slopes: &'a [Vec<f64>],
    found: Vec<Vec<f32>>,
}

impl Visitor for Collect<'_> {
    fn activation(&mut self, index: usize, tile: &mut Tile) {
        let shape = self.plan.nodes[self.plan.activations[index]].shape;
        for y in 0..tile.size[0] {
            for x in 0..tile.size[1] {
                for c in 0..shape.channels {
                    let place = (tile.origin[0] + y) * shape.width + tile.origin[1] + x;
                    let element = c * shape.pixels() + place;
                    let v = &mut tile.data[(y * tile.size[1] + x) * shape.channels + c];
                    self.found[index][element] = v[0];
                    let slope = self.slopes[index][element] as f32;
                    v.iter_mut().for_each(|v| *v *= slope);
                }
            }
        }
    }

    fn linear(&mut self, _: NodeId, _: &Tile, _: ([usize; 2], [usize; 2])) {}

    fn merged(&mut self, _: NodeId, _: &Tile, _: usize) {}

    fn matters(&self, _: NodeId) -> bool {
        true
    }
}
