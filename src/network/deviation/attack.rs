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

/// What stands at an activation (its number, its inputs), in f64.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    /// The values.
    pub value: &'a dyn Fn(usize, &[f64]) -> Vec<f64>,
    /// The slopes.
    pub slope: &'a dyn Fn(usize, &[f64]) -> Vec<f64>,
}

/// A trajectory: the result, and what went into each activation.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// The network's result.
    pub estimate_result: Vec<f64>,
    /// The activations' inputs.
    pub inputs: Vec<Vec<f64>>,
}

/// The trajectory under given noise: (activation, element) to what is added to its value.
///
/// *Estimate*.
pub fn run(
    prepared: &Prepared,
    input: &[f64],
    response: Response,
    noise: &mut dyn FnMut(usize, usize) -> f64,
) -> Trajectory {
    let mut inputs = Vec::new();
    let estimate_result = prepared.estimate_with(input, &mut |k, _, z| {
        inputs.push(z.to_vec());
        let values = (response.value)(k, z).into_iter().enumerate();
        values.map(|(i, v)| v + noise(k, i)).collect()
    });
    Trajectory {
        estimate_result,
        inputs,
    }
}

/// Slopes along a trajectory.
pub fn slopes(trajectory: &Trajectory, response: Response) -> Vec<Vec<f64>> {
    let inputs = trajectory.inputs.iter().enumerate();
    inputs.map(|(k, z)| (response.slope)(k, z)).collect()
}

/// Looks for noise, |e| <= worst at every activation's output, that makes a target as small as possible: the least
/// change of the target that was found, at most 0.
///
/// **Inputs** `input` to the network; the response; the undisturbed trajectory and its slopes; the size of
/// the noise at each activation; the target; steps.
/// *Estimate*. **Cost** a gradient and an inference for each step, and slopes between steps.
pub fn attack(
    (prepared, plan): (&Prepared, &Plan),
    input: &[f64],
    response: Response,
    (start, start_slopes): (&Trajectory, &[Vec<f64>]),
    worst: &[f64],
    target: &Target,
    steps: usize,
) -> f64 {
    let value = |t: &Trajectory| -> f64 {
        let parts = t.estimate_result.iter().zip(target);
        parts.map(|(r, t)| r * f64::from(*t)).sum()
    };
    let undisturbed = value(start);
    let mut least = 0.0f64;
    let mut at = start_slopes.to_vec();
    for step in 0..steps {
        if step > 0 && at.is_empty() {
            break;
        }
        let gradient = gradient(plan, &at, target);
        let moved = run(prepared, input, response, &mut |k, i| {
            let g = gradient[k].get(i).copied().unwrap_or(0.0);
            if g > 0.0 {
                -worst[k]
            } else if g < 0.0 {
                worst[k]
            } else {
                0.0
            }
        });
        least = least.min(value(&moved) - undisturbed);
        at = if step + 1 < steps {
            slopes(&moved, response)
        } else {
            Vec::new()
        };
    }
    least
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

    fn merged(&mut self, _: NodeId, _: &Tile) {}

    fn matters(&self, _: NodeId) -> bool {
        true
    }
}
