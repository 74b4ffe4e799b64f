//! The search for the opposite: noise inside the error model that moves a result as far as it can.
//!
//! Where a class could not be certified, an attack that changes it shows that the network is to blame,
//! not the method. The gradient comes from the same backward rows; each step takes the noise of full
//! size in its direction, re-linearised on the trajectory that the last one led to. All results are
//! *estimates* in plain f64: they show what can happen, and prove nothing.

use crate::network::forward::Prepared;
use crate::network::rows::asked::Functional;
use crate::network::rows::plan::Plan;
use crate::network::rows::sensitivity::through;
use crate::network::rows::tile::Tile;

/// What stands at an activation (its number, its inputs), in f64.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    /// The values.
    pub value: &'a dyn Fn(usize, &[f64]) -> Vec<f64>,
    /// The slopes.
    pub slope: &'a dyn Fn(usize, &[f64]) -> Vec<f32>,
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
pub fn slopes(trajectory: &Trajectory, response: Response) -> Vec<Vec<f32>> {
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
    (start, start_slopes): (&Trajectory, &[Vec<f32>]),
    worst: &[f64],
    target: &Functional,
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
fn gradient(plan: &Plan, slopes: &[Vec<f32>], target: &Functional) -> Vec<Vec<f32>> {
    let tile = Tile::of(std::slice::from_ref(target), plan.nodes[plan.output].shape);
    let mut found: Vec<Vec<f32>> = slopes.iter().map(|s| vec![0.0; s.len()]).collect();
    through(plan, slopes, tile, |k, i, lane| found[k][i] = lane[0]);
    found
}
