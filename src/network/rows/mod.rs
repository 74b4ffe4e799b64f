//! How far noise moves the result of the polynomial twin, on a given input.
//!
//! # Method
//! The twin's own trajectory on the input is known (rigorous evaluation); noise e_k at every activation
//! moves it. With fixed slopes s_k close to r'(z_k), the deviation of a pre-activation is
//! d_j = sum_k J_jk (e_k + rho_k): J_jk is a backward row, rho_k the remainder of the linearisation,
//! |rho_k| <= max|r''| d_k^2 / 2 + (distance of s_k to the slope) |d_k| over where z_k can be. Layer by layer,
//! every neuron gets its row, and its bound of |d_j| gives the remainders of the next layers.
//! Slopes and rows do not depend on the noise, so one set of rows serves a whole curve of noise
//! levels ([`Noise`], the columns).
//!
//! # Noise
//! `worst`: |e| <= worst. `sigma`: independent, or each conditionally on those before, mean 0 and sub-Gaussian
//! with proxy sigma; then a linear function with coefficients c exceeds kappa sigma |c|_2 with probability
//! 2 exp(-kappa^2/2) at most, and kappa is chosen so that all events together (two-sided, every neuron's
//! deviation, every neuron's noise, every result) have probability 2^-32 at most. Rows do not depend on
//! the noise, so outside these events every bound here holds.
//!
//! # Rounding
//! Rows are f32 and taken as they are: what they are off from the exact rows multiplies the deviation
//! of the node that they reach, and that is bounded already ([`plan`], `Pass::residual`).
//!
//! | file | what |
//! |---|---|
//! | [`asked`] | the levels of noise and the targets; the bounds that answer |
//! | [`plan`] | the linear layers as rows see them |
//! | [`tile`], [`kernel`] | rows on their way back, and where the time goes |
//! | [`response`] | what stands at an activation: its slope and remainder |
//! | `state`, `pass` | what is proved of the nodes so far, and what one tile of rows adds up |
//! | [`subject`] | a network with its polynomials, made ready, and the margins of a sample |
//! | [`sensitivity`] | first-order estimates for each layer from the margins' rows alone |
//! | [`budget`] | the noise that each layer has to spare |
//! | [`attack`] | the search for the opposite |

pub mod asked;
pub mod attack;
pub mod budget;
pub mod kernel;
pub mod lanes;
mod pass;
pub mod plan;
pub mod response;

pub mod sensitivity;
mod state;
pub mod subject;
pub mod tile;

pub use asked::{
    Asked, Bound, Deviation, Functional, Noise, NoiseLevel, Tails, FAILURE_LOG2, VACUOUS,
};
pub use response::Response;

use crate::error::{Error, Result};
use crate::network::model::tensor::Tensor;
use lanes::LANES;
use plan::{Plan, RowStep};
use state::State;
use tile::Tile;

/// What is known of a neuron's pre-activation on the undisturbed trajectory: the f64 and the radius.
type Centre = Tensor;

/// Bounds the deviation of linear functions of the result.
///
/// **Inputs** `centres`: the input of each activation on the undisturbed trajectory, in balls; `responses`: what
/// stands there; the levels of noise, and targets with exact f32 coefficients; threads.
/// **Guarantee** every |deviation| is at most its `bound_deviation` (with probability 1 - 2^-32 where a sigma is not 0).
/// **Cost** a row for each neuron behind another activation.
///
/// # Errors
/// A trajectory or noise that makes no sense, or a trajectory outside a polynomial's domain.
pub fn bound(
    plan: &Plan,
    centres: &[Centre],
    responses: &[Response],
    asked: Asked,
    threads: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Deviation> {
    let (noise, targets) = (asked.noise, asked.targets);
    let count = plan.activations.len();
    if centres.len() != count || responses.len() != count {
        return Err(Error::domain(format!(
            "{} trajectories and {} responses for {count} activations",
            centres.len(),
            responses.len()
        )));
    }
    let listed = || noise.iter().flat_map(NoiseLevel::listed);
    if noise.is_empty()
        || listed().any(|n| !(n.worst >= 0.0 && n.sigma >= 0.0 && n.worst + n.sigma < VACUOUS))
        || listed()
            .filter_map(|n| n.envelope)
            .any(|(tau, zone)| !(tau >= 0.0 && zone >= 0.0 && tau + zone < VACUOUS))
    {
        return Err(Error::domain(format!(
            "noise levels are from 0 to {VACUOUS}, and there is at least one"
        )));
    }
    if let Some(NoiseLevel::Layers(list)) = noise
        .iter()
        .find(|n| matches!(n, NoiseLevel::Layers(list) if list.len() != count))
    {
        return Err(Error::domain(format!(
            "a level of noise lists {} activations of {count}",
            list.len()
        )));
    }
    let mut state = State::new(plan, centres, responses, asked);
    let mut result = Deviation {
        targets: Vec::new(),
        bound_layers: Vec::new(),
        rows: 0,
    };
    for id in 0..=plan.output {
        match &plan.nodes[id].step {
            RowStep::Activation(k) => {
                let from = plan.nodes[id].inputs[0];
                let known = if state.matters[from] {
                    result.rows += plan.nodes[from].shape.len();
                    state.neurons(from, threads)
                } else {
                    vec![0.0; plan.nodes[from].shape.len() * noise.len()]
                };
                let levels = noise.len();
                let most = (0..levels).map(|c| {
                    known
                        .iter()
                        .skip(c)
                        .step_by(levels)
                        .fold(0.0f64, |m, d| m.max(*d))
                });
                result.bound_layers.push(most.collect());
                state.activate(*k, id, &centres[*k], responses[*k], &known, threads)?;
                progress(*k + 1, count);
            }
            _ => state.forward(id),
        }
    }
    for chunk in targets.chunks(LANES) {
        let pass = state.pass(plan.output, Tile::of(chunk, plan.nodes[plan.output].shape));
        for l in 0..chunk.len() {
            result
                .targets
                .push((0..noise.len()).map(|c| pass.bound(l, c)).collect());
        }
    }
    Ok(result)
}
