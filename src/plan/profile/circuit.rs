//! *Estimate*: what a circuit costs by a profile, operation by operation as the evaluator runs it.
//!
//! Relinearisations wait for the rescale ([`crate::ckks::evaluate::run`]): the first product of a sum with its rescale is
//! one `mul_rescale`, and each further product of that sum adds the products of limbs alone, four to a product's two with
//! a plaintext. Sums and products by constants of a ciphertext that waits are on three parts in place of two.

use crate::circuit::{Circuit, Op};
use crate::ckks::evaluate::run::waits;
use crate::error::{Error, Result};
use crate::plan::profile::cost::{Operation, Profile};

/// *Estimate*: milliseconds of a circuit of which level `reserve` is the profile's level 0.
///
/// # Errors
/// A circuit that goes below that level, and what the profile lacks.
pub fn estimate_ms(profile: &Profile, circuit: &Circuit, reserve: usize) -> Result<f64> {
    let waits = waits(circuit);
    // Products that a node which waits is the sum of.
    let mut products = vec![0usize; circuit.nodes.len()];
    let mut sum = 0.0;
    for (id, node) in circuit.nodes.iter().enumerate() {
        let operands = node.op.operands();
        let waiting: usize = operands.iter().map(|&a| products[a]).sum();
        let first = operands
            .first()
            .map_or(node.level, |&a| circuit.nodes[a].level);
        let level = first.checked_sub(reserve).ok_or_else(|| {
            Error::domain(format!(
                "node {id} is at level {first}, below the profile's level 0"
            ))
        })?;
        let ms = |operation| profile.estimate_ms(operation, level);
        let parts = if waiting > 0 { 1.5 } else { 1.0 };
        sum += match &node.op {
            Op::Input(_) => 0.0,
            Op::MulConstant(..) => parts * ms(Operation::MulPlain)?,
            Op::AddConstant(..) => ms(Operation::AddPlain)?,
            // Copies: two parts read and written.
            Op::Add(..) | Op::Sub(..) | Op::Drop(_) | Op::Units(..) => parts * ms(Operation::Add)?,
            Op::Mul(..) if waits[id] => 0.0,
            Op::Mul(..) => ms(Operation::Mul)?,
            Op::Rescale(_) if waiting > 0 => {
                let further = (waiting - 1) as f64;
                ms(Operation::MulRescale)? + 2.0 * further * ms(Operation::MulPlain)?
            }
            Op::Rescale(_) => ms(Operation::Rescale)?,
        };
        products[id] = match &node.op {
            Op::Mul(..) if waits[id] => 1,
            Op::MulConstant(..) | Op::AddConstant(..) | Op::Add(..) | Op::Sub(..) => waiting,
            _ => 0,
        };
    }
    Ok(sum)
}
