//! The reading of a network in fixed-point balls of as many 64-bit limbs as it needs, and the choice of how many.
//!
//! # Why forward
//! The other way out of exhausted f64 and pairs is to take an approximate trajectory, call what each layer misses its
//! noise, and bound what that does to the result by the backward rows of [`crate::network::rows`]. Rows must be taken for
//! every neuron, since remainders of second order need a bound of every neuron's deviation. Measured on a ResNet-32 for
//! CIFAR-10 (303,104 ReLUs, one image): the rows take 132 s of CPU, whatever the noise; the forward evaluation here, network
//! and twin, well below one second. Precision is cheap: a limb more costs one more product for each weight.
//!
//! # Numbers
//! Midpoints are [`Fixed`]: N limbs, N - 1 of them behind the point. Radii are f64, one for each element, in ulps with a
//! power of two for the whole tensor ([`radii`]), so that they neither under- nor overflow at any precision. What is
//! rounded: a linear layer once or twice an output (its sums are exact, [`linear`]), a polynomial once a product
//! ([`polynomial`]). The growth of a radius is the network's own, and does not depend on the precision: [`growth`]
//! follows it beside plain f64 numbers, and the precision is chosen from it.
//!
//! | file | what |
//! |---|---|
//! | [`radii`] | radii of a tensor, and what linear layers make of them |
//! | [`linear`] | sums of exact weights times limbs |
//! | [`polynomial`] | composites and what is made of them |
//! | [`smooth`] | smooth functions |
//! | [`normalise`] | variance and normalisation |
//! | [`balls`] | the reading |
//! | [`growth`] | the estimate of how radii grow |

pub mod balls;
pub mod growth;
pub mod linear;
pub mod normalise;
pub mod polynomial;
pub mod radii;
pub mod smooth;

use crate::arith::fixed::Fixed;
use crate::error::{Error, Result};
use crate::network::forward::balls::Model;
use crate::network::forward::evaluation::{Evaluation, Given, Outcome};
use crate::network::forward::fixed::balls::FixedBalls;
use crate::network::forward::walk::Walk;
use crate::network::model::graph::NodeId;
use crate::network::model::tensor::Tensor;

/// Bits behind the point that there are evaluations for: 64 (N - 1) for N limbs.
pub const BITS: [u32; 13] = [
    128, 192, 256, 320, 384, 512, 640, 768, 1_024, 1_536, 2_048, 3_072, 4_096,
];

/// The least of [`BITS`] that is not below so many; none above the last.
pub fn at_least(bits: u32) -> Option<u32> {
    BITS.into_iter().find(|b| *b >= bits)
}

/// Evaluates at one of [`BITS`].
pub(super) fn evaluate(
    walk: &Walk,
    given: Given,
    model: Model,
    bits: u32,
    seen: &mut dyn FnMut(NodeId, &Tensor),
) -> Result<Outcome> {
    match bits {
        128 => run::<3>(walk, given, model, seen),
        192 => run::<4>(walk, given, model, seen),
        256 => run::<5>(walk, given, model, seen),
        320 => run::<6>(walk, given, model, seen),
        384 => run::<7>(walk, given, model, seen),
        512 => run::<9>(walk, given, model, seen),
        640 => run::<11>(walk, given, model, seen),
        768 => run::<13>(walk, given, model, seen),
        1_024 => run::<17>(walk, given, model, seen),
        1_536 => run::<25>(walk, given, model, seen),
        2_048 => run::<33>(walk, given, model, seen),
        3_072 => run::<49>(walk, given, model, seen),
        4_096 => run::<65>(walk, given, model, seen),
        _ => Err(Error::unsupported(format!("{bits} bits of fixed point"))),
    }
}

fn run<const N: usize>(
    walk: &Walk,
    given: Given,
    model: Model,
    seen: &mut dyn FnMut(NodeId, &Tensor),
) -> Result<Outcome> {
    let mut balls = FixedBalls::<N>::new(given, model, seen);
    let result = walk.run(&mut balls)?;
    let ranges = balls.ranges;
    Ok(match (result, balls.lost) {
        (_, Some(lost)) => Outcome::Lost(lost, ranges),
        (None, _) => Outcome::Outside(ranges),
        (Some(result), _) => Outcome::Done(Evaluation {
            logits: result.balls(),
            ranges,
            bits: Fixed::<N>::FRACTION,
        }),
    })
}
